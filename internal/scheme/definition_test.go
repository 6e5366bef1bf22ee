package scheme_test

import (
	"net/http"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/scheme"
)

// acme is a service whose definition says more than its type: further members beside a dynamic parameter of each kind.
func acme(t testing.TB, members, auth string) *lanyard.Service {
	t.Helper()
	s, err := lanyard.ParseService([]byte(`{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.com"], "dynamic_parameters": [
		{"key": "tenant", "pattern": "[a-z]+"}, {"key": "developer", "secret": true}, {"key": "login", "optional": true}],` + members + `"auth": ` + auth + `}`))
	if err == nil {
		err = s.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var acmeValues = map[string]string{"tenant": "zylker", "developer": canary + "-developer"}

func TestPlacedAsTheDefinitionSays(t *testing.T) {
	secret := lanyard.NewSecret
	get := call{method: "GET", url: "https://api.acme.com/v1/me?a=b"}
	for _, c := range []struct {
		name, members, auth string
		cred                lanyard.Credential
		call                call
		want                string
	}{
		{"a prefix with a value of the connection", "", `{"type": "api_key", "parameters": [{"name": "Authorization", "param_type": "header", "prefix": "sso-key {tenant}:"}]}`,
			lanyard.Credential{Values: map[string]lanyard.Secret{"Authorization": secret("k1")}}, get, "Authorization: sso-key zylker:k1"},
		{"braces that are no parameter", "", `{"type": "api_key", "parameters": [{"name": "X-Key", "param_type": "header", "prefix": "{x} {"}]}`,
			lanyard.Credential{Values: map[string]lanyard.Secret{"X-Key": secret("k1")}}, get, "X-Key: {x} {k1"},
		{"a key in the path", "", `{"type": "api_key", "parameters": [{"name": "bot", "param_type": "path", "prefix": "bot"}]}`,
			lanyard.Credential{Values: map[string]lanyard.Secret{"bot": secret("123:a b")}}, get, "GET /bot123:a%20b/v1/me?a=b HTTP/1.1"},
		{"an escaped path stays as it was", "", `{"type": "api_key", "parameters": [{"name": "bot", "param_type": "path", "prefix": "bot"}]}`,
			lanyard.Credential{Values: map[string]lanyard.Secret{"bot": secret("1")}}, call{method: "GET", url: "https://api.acme.com/a%2Fb"}, "GET /bot1/a%2Fb HTTP/1.1"},
		{"a key in the path of nothing", "", `{"type": "api_key", "parameters": [{"name": "bot", "param_type": "path"}]}`,
			lanyard.Credential{Values: map[string]lanyard.Secret{"bot": secret("1")}}, call{method: "GET", url: "https://api.acme.com"}, "GET /1/ HTTP/1.1"},
		// base64 of the pairs: "k:", "api:k", "me/token:t", "zylker+k:p"
		{"a key as the user name", "", `{"type": "basic", "username": {"display_name": "API key", "secret": true}, "password": {"fixed": ""}}`, lanyard.Credential{Username: secret("k")}, get, "Authorization: Basic azo="},
		{"a fixed user name", "", `{"type": "basic", "username": {"fixed": "api"}, "password": {"display_name": "API key"}}`, lanyard.Credential{Password: secret("k")}, get, "Authorization: Basic YXBpOms="},
		{"no user name", "", `{"type": "basic", "username": {"fixed": ""}}`, lanyard.Credential{Password: secret("k")}, get, "Authorization: Basic Oms="},
		{"a suffix of the user name", "", `{"type": "basic", "username": {"suffix": "/token"}}`, lanyard.Credential{Username: secret("me"), Password: secret("t")}, get, "Authorization: Basic bWUvdG9rZW46dA=="},
		{"a prefix of the user name", "", `{"type": "basic", "username": {"prefix": "{tenant}+"}}`, lanyard.Credential{Username: secret("k"), Password: secret("p")}, get, "Authorization: Basic enlsa2VyK2s6cA=="},
		{"headers of the service", `"headers": {"acme-version": "2024-01-01", "X-Tenant": "t:{tenant}", "X-Login": "{login}"},`, basic, lanyard.Credential{Username: secret("u")}, get,
			"Acme-Version: 2024-01-01\n|Authorization: Basic dTo=\n|X-Tenant: t:zylker"},
		{"the caller's own header stays", `"headers": {"Acme-Version": "2024-01-01"},`, basic, lanyard.Credential{Username: secret("u")},
			call{method: "GET", url: get.url, headers: []string{"Acme-Version: 2025-02-02"}}, "Acme-Version: 2025-02-02"},
		{"an optional one", `"headers": {"X-Login": "{login}"},`, basic, lanyard.Credential{Username: secret("u"), Parameters: map[string]string{"login": "me"}}, get, "X-Login: me"},
		{"the client id", `"headers": {"Client-Id": "{client_id}"},`, oauth2, lanyard.Credential{AccessToken: secret("at")}, get, "Client-Id: id"},
		{"a realm", "", in(oauth1, "realm", "{tenant}_SB1"), lanyard.Credential{Token: secret("t")}, get, `Authorization: OAuth realm="zylker_SB1", oauth_consumer_key=`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.cred.Parameters == nil {
				c.cred.Parameters = acmeValues
			}
			p, err := scheme.Bind(acme(t, c.members, c.auth), &c.cred, clock)
			if err != nil {
				t.Fatal(err)
			}
			req := c.call.request(t, p)
			for range 2 { // the second time as after a refused token
				if err := p.Place(req); err != nil {
					t.Fatal(err)
				}
			}
			got := wire(t, req)
			for line := range strings.SplitSeq(c.want, "\n|") {
				if !strings.Contains(got, line) {
					t.Errorf("%q is missing in\n%s", line, got)
				}
			}
			if strings.Contains(got, "X-Login: \n") || strings.Contains(got, "{login}") {
				t.Errorf("an optional header without a value was sent:\n%s", got)
			}
		})
	}
}

// A signature covers the headers of the service, which S3 and others insist on.
func TestServiceHeadersAreSigned(t *testing.T) {
	p, err := scheme.Bind(acme(t, `"headers": {"X-Amz-Acl": "private"},`, sqs), credential(), clock)
	if err != nil {
		t.Fatal(err)
	}
	req := call{method: "GET", url: "https://api.acme.com/"}.request(t, p)
	if err := p.Place(req); err != nil {
		t.Fatal(err)
	}
	if got := req.Header.Get("Authorization"); !strings.Contains(got, "x-amz-acl") {
		t.Errorf("signed were %s", got)
	}
}

// What comes from the connection goes where its credential goes, and is not shown where it is secret.
func TestServiceHeadersOnOtherHops(t *testing.T) {
	s := acme(t, `"headers": {"Acme-Version": "1", "X-Tenant": "{tenant}", "X-Developer": "{developer}"},`, basic)
	p, err := scheme.Bind(s, &lanyard.Credential{Username: lanyard.NewSecret("u"), Parameters: acmeValues}, clock)
	if err != nil {
		t.Fatal(err)
	}
	place := func() *http.Request {
		req := call{method: "GET", url: "https://api.acme.com/"}.request(t, p)
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		return req
	}
	req := place()
	p.Strip(req.Header, req.URL)
	if got := wire(t, req); strings.Contains(got, "zylker") || strings.Contains(got, canary) || strings.Contains(got, "Basic") || !strings.Contains(got, "Acme-Version: 1") {
		t.Errorf("another host gets\n%s", got)
	}
	req = place()
	p.Hide(req)
	if got := wire(t, req); strings.Contains(got, canary) || !strings.Contains(got, "X-Tenant: zylker") || !strings.Contains(got, "X-Developer: [redacted]") {
		t.Errorf("people see\n%s", got)
	}
	if masked := lanyard.NewMasker(lanyard.MaskAnswers, s.SecretsOf(&lanyard.Credential{Parameters: acmeValues})...).Mask("echo " + acmeValues["developer"]); strings.Contains(masked, canary) {
		t.Errorf("an echo says %s", masked)
	}
}

func TestPathKeysOnOtherHopsAndScreens(t *testing.T) {
	s := acme(t, "", `{"type": "api_key", "parameters": [{"name": "bot", "param_type": "path", "prefix": "bot"}]}`)
	p, err := scheme.Bind(s, &lanyard.Credential{Values: map[string]lanyard.Secret{"bot": lanyard.NewSecret(canary)}}, clock)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Signed() {
		t.Error("a redirect would be followed")
	}
	for _, url := range []string{"https://api.acme.com/a%2Fb?x=1", "https://api.acme.com/"} {
		req := call{method: "GET", url: url}.request(t, p)
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		hidden := req.Clone(t.Context())
		if placed, _ := p.Hide(hidden); len(placed) != 1 || placed[0] != (scheme.Part{In: lanyard.ParamPath, Name: "bot"}) {
			t.Errorf("placed %v", placed)
		}
		if got := hidden.URL.String(); strings.Contains(got, canary) || !strings.Contains(got, "/[redacted]/") {
			t.Errorf("people see %s", got)
		}
		p.Strip(req.Header, req.URL)
		if got := req.URL.String(); strings.Contains(got, canary) {
			t.Errorf("another host gets %s", got)
		}
	}
}

// A value that a person or a provider gave cannot make another address, or another line, of what it stands in.
func TestValuesThatCannotBePlaced(t *testing.T) {
	path := `{"type": "api_key", "parameters": [{"name": "bot", "param_type": "path"}]}`
	prefix := `{"type": "api_key", "parameters": [{"name": "X-Key", "param_type": "header", "prefix": "{tenant} "}]}`
	for _, c := range []struct {
		name, members, auth, value string
		parameters                 map[string]string
	}{
		{"a slash in a path key", "", path, "a/b", acmeValues},
		{"a backslash in a path key", "", path, `a\b`, acmeValues},
		{"dots as a path key", "", path, "..", acmeValues},
		{"a line break in a path key", "", path, "a\r\nb", acmeValues},
		{"a prefix without its value", "", prefix, "k", nil},
		{"a line break in a prefix", "", prefix, "k", map[string]string{"tenant": "a\r\nX: y"}},
		{"a header without its value", `"headers": {"X-Tenant": "{tenant}"},`, prefix, "k", nil},
		{"a line break in a header", `"headers": {"X-Tenant": "{tenant}"},`, path, "k", map[string]string{"tenant": "a\r\nX: y"}},
		{"a colon in a user name", "", `{"type": "basic", "username": {"prefix": "{tenant}"}}`, "k", map[string]string{"tenant": "a:b"}},
	} {
		cred := &lanyard.Credential{Values: map[string]lanyard.Secret{"bot": lanyard.NewSecret(c.value), "X-Key": lanyard.NewSecret(c.value)}, Username: lanyard.NewSecret(c.value), Parameters: c.parameters}
		if _, err := scheme.Bind(acme(t, c.members, c.auth), cred, clock); lanyard.CodeOf(err) != lanyard.CodeReconnectRequired {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
