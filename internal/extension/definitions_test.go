package extension_test

import (
	"testing"

	"lanyard"
	"lanyard/internal/definitions"
)

// TestDefinitionsKeepTheClientOfAnExtension: a document that has the client of an extension's service and does not say
// where its secret is leaves the secret that is stored.
func TestDefinitionsKeepTheClientOfAnExtension(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, buyer := w.installed(lanyard.WhenGoneKeep)
		d := definitions.New(definitions.Config{Store: w.store, Services: w.Services, Registry: w.registry, Functions: w.Functions, Extensions: w.Extensions})
		doc, err := definitions.Decode([]byte(`{"lanyard": 1, "oauth_clients": [{"service": "acme", "client_id": "client"}]}`))
		w.must(err)
		p, err := d.Apply(t.Context(), buyer.owner, doc, "")
		w.must(err)
		s, err := w.store.Service(t.Context(), buyer.org, "acme")
		w.must(err)
		if len(p.Steps) > 0 || s.Auth.Secret().Reveal() != "client secret" {
			t.Errorf("%+v was done, and the secret has %d bytes", p.Steps, len(s.Auth.Secret().Reveal()))
		}
	})
}
