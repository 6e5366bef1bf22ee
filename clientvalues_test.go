package lanyard_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"lanyard"
)

// ownServer is a service that an organization runs itself: where it is comes with the OAuth client.
const ownServer = `{"link_name": "acme", "name": "Acme", "base_url": "https://{domain}/{tenant}/api", "hosts": ["{domain}", "*.{domain}", "{api_host}"],
	"verify_url": "https://{domain}/me?tenant={tenant}&team={team}",
	"headers": {"X-Tenant": "{tenant}", "X-Team": "{team}", "X-Note": "{note}", "Acme-Version": "1"},
	"dynamic_parameters": [
		{"key": "domain", "name": "Server", "format": "host", "with_client": true},
		{"key": "tenant", "name": "Tenant", "pattern": "[^!]+", "with_client": true, "default": "main"},
		{"key": "note", "name": "Note", "with_client": true, "optional": true},
		{"key": "region", "name": "Region", "choices": ["eu", "us"], "default": "us", "with_client": true},
		{"key": "api_host", "name": "API host", "format": "host", "follows": "region", "values": {"eu": "api.acme.eu", "us": "api.acme.com"}},
		{"key": "team", "name": "Team"},
		{"key": "site", "name": "Site", "learn": {"from": "lookup", "at": "0.id", "url": "https://{domain}/sites"}}],
	"auth": {"type": "oauth2", "grant_type": "authorization_code", "authorize_url": "https://{domain}/authorize", "access_token_url": "https://{domain}/{tenant}/token",
		"revoke_token_url": "https://{domain}/revoke", "token_prefix": "{tenant} ", "authorize_params": {"audience": "https://{domain}/", "team": "{team}"},
		"token_params": {"tenant": "{tenant}"}, "refresh_params": {"region": "{region}"}}}`

func TestClientValuesBecomeConstantsOfTheService(t *testing.T) {
	shared := defaultService(t, ownServer)
	if err := shared.Validate(); err != nil {
		t.Fatal(err)
	}
	values, err := shared.CheckClientValues(map[string]string{"domain": "Acme.Example.ORG", "tenant": "a/b&c", "region": "eu"})
	if err != nil {
		t.Fatal(err)
	}
	own := shared.For("org_a", &lanyard.OAuthClient{ClientID: "id", ClientSecret: lanyard.NewSecret("secret"), Parameters: values, Version: 3})
	if err := own.CheckClient(); err != nil {
		t.Error(err)
	}
	a := own.Auth.OAuth2
	for what, got := range map[string][2]string{
		"the base URL":         {own.BaseURL, "https://acme.example.org/a%2Fb&c/api"},
		"the hosts":            {strings.Join(own.Hosts, " "), "acme.example.org *.acme.example.org api.acme.eu"},
		"the verification URL": {own.VerifyURL, "https://acme.example.org/me?tenant=a%2Fb%26c&team={team}"},
		"a header":             {own.Headers["X-Tenant"], "a/b&c"},
		"another's header":     {own.Headers["X-Team"], "{team}"},
		"authorize":            {a.AuthorizeURL, "https://acme.example.org/authorize"},
		"token":                {a.AccessTokenURL, "https://acme.example.org/a%2Fb&c/token"},
		"revoke":               {a.RevokeTokenURL, "https://acme.example.org/revoke"},
		"the token prefix":     {*a.TokenPrefix, "a/b&c "},
		"a parameter, a text":  {a.AuthorizeParams["audience"], "https://Acme.Example.ORG/"},
		"another's parameter":  {a.AuthorizeParams["team"], "{team}"},
		"a token parameter":    {a.TokenParams["tenant"], "a/b&c"},
		"a refresh parameter":  {a.RefreshParams["region"], "eu"},
		"the client":           {a.ClientID + " " + a.ClientSecret.Reveal(), "id secret"},
		"a lookup":             {own.DynamicParameters[1].Learn.URL, "https://acme.example.org/sites"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %q, want %q", what, got[0], got[1])
		}
	}
	if _, there := own.Headers["X-Note"]; there || len(own.Headers) != 3 {
		t.Errorf("the header of an optional value that was not given: %v", own.Headers)
	}
	if len(own.DynamicParameters) != 2 || own.DynamicParameters[0].Key != "team" || own.DynamicParameters[1].Key != "site" {
		t.Errorf("whoever connects is asked for %v", own.DynamicParameters)
	}
	if again := defaultService(t, ownServer); shared.BaseURL != again.BaseURL || !slices.Equal(shared.Hosts, again.Hosts) || !maps.Equal(shared.Headers, again.Headers) ||
		shared.Auth.OAuth2.AccessTokenURL != again.Auth.OAuth2.AccessTokenURL || len(shared.DynamicParameters) != len(again.DynamicParameters) || shared.DynamicParameters[6].Learn.URL != again.DynamicParameters[6].Learn.URL {
		t.Error("one organization's values are in the service that all share")
	}
}

// The organization's client secret goes to the host that came with it: whoever connects can give no other.
func TestWhoeverConnectsCannotMoveTheClientSecret(t *testing.T) {
	shared := defaultService(t, ownServer)
	own := shared.For("org_a", &lanyard.OAuthClient{ClientID: "id", ClientSecret: lanyard.NewSecret("secret"), Parameters: map[string]string{"domain": "acme.example.org", "tenant": "main", "region": "eu"}, Version: 1})
	for key := range map[string]string{"domain": "", "tenant": "", "region": "", "api_host": ""} {
		if _, err := own.ValueOf(map[string]string{"team": "x", "site": "y", key: "evil.example"}); !slices.Contains(pointers(err), "/parameters/"+key) {
			t.Errorf("%s is taken from whoever connects: %v", key, err)
		}
	}
	// Nor does a value move it that was given when the definition still asked for it.
	u, err := own.FillURL(own.Auth.OAuth2.AccessTokenURL, map[string]string{"domain": "evil.example", "tenant": "x"})
	if err != nil || u.String() != "https://acme.example.org/main/token" {
		t.Errorf("with a value of former times: %v, %v", u, err)
	}
}

func TestAClientWithoutItsValuesIsNone(t *testing.T) {
	shared := defaultService(t, ownServer)
	for name, values := range map[string]map[string]string{
		"none": nil, "one is missing": {"domain": "acme.example.org", "tenant": "main"}, "one does not fit any more": {"domain": "acme.example.org", "tenant": "!", "region": "eu"},
		"no host": {"domain": "acme example", "tenant": "main", "region": "eu"}, "a placeholder": {"domain": "acme.example.org", "tenant": "{team}", "region": "eu"},
	} {
		own := shared.For("org_a", &lanyard.OAuthClient{ClientID: "id", ClientSecret: lanyard.NewSecret("secret"), Parameters: values, Version: 1})
		if err := own.CheckClient(); err == nil || own.Auth.ClientID() != "" || !own.Auth.Secret().IsZero() {
			t.Errorf("%s: the client is used: %v", name, err)
		}
	}
	if err := shared.For("org_a", nil).CheckClient(); err == nil || !strings.Contains(err.Error(), "client id and secret, Server, Tenant") {
		t.Errorf("what is missing is not said: %v", err)
	}
}

func TestCheckClientValues(t *testing.T) {
	shared := defaultService(t, ownServer)
	for _, c := range []struct {
		name  string
		given map[string]string
		want  string // pointer of the only fault
	}{
		{"all that is needed", map[string]string{"domain": "acme.example.org"}, ""},
		{"nothing", nil, "/parameters/domain"},
		{"a URL for a host", map[string]string{"domain": "https://acme.example.org"}, "/parameters/domain"},
		{"not a choice", map[string]string{"domain": "acme.example.org", "region": "cn"}, "/parameters/region"},
		{"not of the form", map[string]string{"domain": "acme.example.org", "tenant": "a!"}, "/parameters/tenant"},
		{"braces", map[string]string{"domain": "acme.example.org", "tenant": "{team}"}, "/parameters/tenant"},
		{"a line break", map[string]string{"domain": "acme.example.org", "note": "a\r\nX: y"}, "/parameters/note"},
		{"one that whoever connects gives", map[string]string{"domain": "acme.example.org", "team": "x"}, "/parameters/team"},
		{"one that follows", map[string]string{"domain": "acme.example.org", "api_host": "evil.example"}, "/parameters/api_host"},
		{"an unknown one", map[string]string{"domain": "acme.example.org", "x/y": "z"}, "/parameters/x~1y"},
		{"a path that leads upwards", map[string]string{"domain": "acme.example.org", "tenant": ".."}, "/parameters"},
		{"everybody's hosts", map[string]string{"domain": "com"}, "/parameters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, err := shared.CheckClientValues(c.given)
			got := pointers(err)
			if c.want == "" && (err != nil || values["tenant"] != "main" || values["region"] != "us") || c.want != "" && (len(got) != 1 || got[0] != c.want) {
				t.Errorf("got %v, %v, want %q", values, err, c.want)
			}
		})
	}
}
