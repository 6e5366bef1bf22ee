package lanyard_test

import (
	"strings"
	"testing"

	"lanyard"
)

// TestA31_ClientSecretGoesWhereItsAuthorSaid: whoever connects must not choose to whose host a client secret goes.
func TestA31_ClientSecretGoesWhereItsAuthorSaid(t *testing.T) {
	for _, c := range []struct {
		name, tokenURL, parameter, secret string
		free                              bool // only the author may make connections
	}{
		{"fixed host", "https://acme.com/token", `{"key":"d"}`, "s", false},
		{"a label below the author's domain", "https://{d}.acme.com/token", `{"key":"d"}`, "s", false},
		{"a label below a platform's domain", "https://{d}.myshopify.com/token", `{"key":"d"}`, "s", false},
		{"in the path", "https://acme.com/{d}/token", `{"key":"d"}`, "s", false},
		{"a whole host", "https://{d}/token", `{"key":"d","format":"host"}`, "s", true},
		{"the registered part", "https://{d}.com/token", `{"key":"d"}`, "s", true},
		{"the registered part under a country", "https://{d}.co.uk/token", `{"key":"d"}`, "s", true},
		{"the top level", "https://acme.{d}/token", `{"key":"d"}`, "s", true},
		{"the top level, chosen from a list", "https://acme.{d}/token", `{"key":"d","choices":["com","eu"]}`, "s", false},
		{"a whole host, chosen from a list", "https://{d}/token", `{"key":"d","format":"host","choices":["a.acme.com"]}`, "s", false},
		{"no secret to lose", "https://{d}/token", `{"key":"d","format":"host"}`, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := lanyard.ParseService([]byte(`{"link_name":"acme","name":"Acme","hosts":["api.acme.com"],"dynamic_parameters":[` + c.parameter + `],
				"auth":{"type":"oauth2","grant_type":"client_credentials","client_id":"id","client_secret":"` + c.secret + `","access_token_url":"` + c.tokenURL + `"}}`))
			if err != nil {
				t.Fatal(err)
			}
			s.Kind, s.Author = lanyard.KindCustom, "usr_author"
			con := lanyard.Connection{LinkName: "c", Name: "C", Service: "acme", UsableBy: lanyard.UsableByOrganization, Owner: "usr_other"}
			err = con.Validate(s)
			if got := err != nil && strings.Contains(err.Error(), "only its author"); got != c.free {
				t.Errorf("somebody else's connection: refused %v, want %v (%v)", got, c.free, err)
			}
			con.Owner = s.Author
			if err := con.Validate(s); err != nil {
				t.Errorf("the author's own: %v", err)
			}
			con.UseLoginUserCredentials = true
			if err := con.Validate(s); (err != nil) != c.free {
				t.Errorf("with each user's own credentials: %v, want refused %v", err, c.free)
			}
		})
	}
}
