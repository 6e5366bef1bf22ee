package servertest_test

import (
	"testing"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// A person pastes a command, creates what it becomes, and sends its call.
func TestBrowserImportsCommand(t *testing.T) {
	l := servertest.Start(t)
	httpbin := providertest.HTTPBin(t)
	for _, way := range []struct {
		name  string
		start func(testing.TB) *browsertest.Tab
	}{
		{"scripted", func(t testing.TB) *browsertest.Tab { return browsertest.Start(t) }},
		{"unscripted", browsertest.WithoutScripts},
	} {
		t.Run(way.name, func(t *testing.T) {
			tab := way.start(t)
			tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
			tab.Open(l.URL + "/services/import")
			tab.Fill("What to import", "curl '"+httpbin.URL+"/anything?a=1' -H 'X-Api-Key: pasted-secret-1234'")
			press(tab, `main form button`)
			tab.Shows("What it becomes")
			press(tab, `main form div.actions button`)
			tab.Shows("was created and connected")
			answered(tab, "200 OK")
		})
	}
}
