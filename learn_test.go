package lanyard_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

// learning is a service whose parameters have their values from everywhere.
func learning(t *testing.T, grant, parameters string) *lanyard.Service {
	t.Helper()
	return parse(t, `{"link_name": "acme", "name": "Acme", "base_url": "https://{host}/{company}", "hosts": ["{host}"], "headers": {"X-Tag": "{tag}"},
		"dynamic_parameters": [`+parameters+`],
		"auth": {"type": "oauth2", "grant_type": "`+grant+`", "client_id": "id", "authorize_url": "https://login.{domain}/authorize",
			"access_token_url": "https://login.{domain}/token", "token_params": {"audience": "{audience}"}}}`)
}

const everySource = `{"key": "dc", "name": "Data centre", "default": "eu", "choices": ["eu", "com"], "learn": {"from": "callback", "at": "location", "map": {"us": "com"}}},
	{"key": "domain", "name": "Domain", "format": "host", "follows": "dc", "values": {"eu": "acme.eu", "com": "acme.com"}},
	{"key": "audience", "name": "Audience", "learn": {"from": "token", "at": "audience"}},
	{"key": "host", "name": "Host", "format": "host", "pattern": "[a-z]+\\.acme\\.(eu|com)", "learn": {"from": "token", "at": "api_url", "take": "host"}},
	{"key": "company", "name": "Company", "learn": {"from": "lookup", "url": "https://{host}/companies", "at": "0.id"}},
	{"key": "tag", "name": "Tag", "optional": true}`

func keys(all []lanyard.DynamicParameter) []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Key
	}
	return names
}

func TestAsked(t *testing.T) {
	for _, c := range []struct {
		name, definition string
		want             []string
	}{
		// The data centre decides where the browser goes, and the audience stands in the request for the token.
		{"consent", `"auth": {"type": "oauth2", "grant_type": "authorization_code", "authorize_url": "https://login.{domain}/", "access_token_url": "https://login.{domain}/", "token_params": {"a": "{audience}"}}`, []string{"dc", "audience", "tag"}},
		{"consent at one place", `"auth": {"type": "oauth2", "grant_type": "authorization_code", "authorize_url": "https://acme.eu/", "access_token_url": "https://login.{domain}/"}`, []string{"tag"}},
		{"parameter of the authorize URL", `"auth": {"type": "oauth2", "grant_type": "authorization_code", "authorize_url": "https://acme.eu/", "access_token_url": "https://acme.eu/", "authorize_params": {"c": "{company}"}}`, []string{"company", "tag"}},
		{"client credentials", `"auth": {"type": "oauth2", "grant_type": "client_credentials", "access_token_url": "https://login.{domain}/"}`, []string{"dc", "tag"}},
		{"key", `"auth": {"type": "api_key", "parameters": []}`, []string{"dc", "audience", "host", "tag"}},
		{"oauth1", `"auth": {"type": "oauth1", "request_token_url": "https://acme.eu/", "authorize_url": "https://acme.eu/", "access_token_url": "https://{host}/"}`, []string{"host", "tag"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, `{"dynamic_parameters": [`+everySource+`], `+c.definition+`}`)
			if got := keys(s.Asked()); !slices.Equal(got, c.want) {
				t.Errorf("asked for %q, want %q", got, c.want)
			}
		})
	}
	ofClient := parse(t, `{"dynamic_parameters": [{"key": "host", "with_client": true}], "auth": {"type": "basic"}}`)
	if got := keys(ofClient.Asked()); len(got) > 0 {
		t.Errorf("asked for %q, which comes with the OAuth client", got)
	}
}

func TestValuesOfAllSources(t *testing.T) {
	s := learning(t, "authorization_code", everySource)
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		given, want map[string]string
		at          []string
	}{
		{"what is asked", map[string]string{"dc": "com", "audience": "a", "tag": ""}, map[string]string{"dc": "com", "audience": "a"}, nil},
		{"defaults", map[string]string{"audience": "a", "tag": "t"}, map[string]string{"dc": "eu", "audience": "a", "tag": "t"}, nil},
		{"a learnt one beforehand", map[string]string{"audience": "a", "host": "api.acme.eu"}, map[string]string{"dc": "eu", "audience": "a", "host": "api.acme.eu"}, nil},
		{"needed too early to be learnt", nil, nil, []string{"/parameters/audience"}},
		{"a follower", map[string]string{"audience": "a", "domain": "acme.com"}, nil, []string{"/parameters/domain"}},
		{"a learnt one that does not fit", map[string]string{"audience": "a", "host": "api.evil.com"}, nil, []string{"/parameters/host"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.ValueOf(c.given)
			if diff := cmp.Diff(got, c.want); diff != "" || !slices.Equal(pointers(err), c.at) {
				t.Errorf("(-got +want):\n%s%v", diff, err)
			}
		})
	}
	ofClient := parse(t, `{"dynamic_parameters": [{"key": "host", "with_client": true, "default": "acme.com"}], "auth": {"type": "basic"}}`)
	if _, err := ofClient.ValueOf(map[string]string{"host": "evil.com"}); !slices.Equal(pointers(err), []string{"/parameters/host"}) {
		t.Errorf("who connects changes a value of the OAuth client: %v", err)
	}
}

func TestComplete(t *testing.T) {
	s := learning(t, "authorization_code", everySource)
	kept := map[string]string{"audience": "a", "domain": "stored by mistake"}
	if diff := cmp.Diff(s.Complete(kept), map[string]string{"dc": "eu", "domain": "acme.eu", "audience": "a"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if len(kept) != 2 {
		t.Errorf("what is kept became %v", kept)
	}
	values := s.Complete(map[string]string{"dc": "com"})
	for text, want := range map[string]bool{"https://login.{domain}/": false, "https://{host}/": true, "{tag}": false, "{company}": true, "{unknown}": false} {
		if got := s.Waits(text, values); got != want {
			t.Errorf("%s waits: %v", text, got)
		}
	}
	if _, err := s.HostRules(values); err == nil {
		t.Error("there are host rules without the host")
	}
	if rules, err := s.HostsSoFar(values); err != nil || rules.Allow(target(t, "https://api.acme.com/")) {
		t.Errorf("before the host is known: %v, %v", rules, err)
	}
}

func TestLearnt(t *testing.T) {
	for _, c := range []struct{ name, learn, said, want string }{
		{"as it is", `{"key": "p", "learn": {"from": "token", "at": "x"}}`, "a b", "a b"},
		{"host of a URL", `{"key": "p", "format": "host", "learn": {"from": "token", "at": "x", "take": "host"}}`, "https://EU1.Acme.com:8443/a?b=c", "eu1.acme.com"},
		{"host alone", `{"key": "p", "format": "host", "learn": {"from": "token", "at": "x", "take": "host"}}`, "eu1.acme.com", "eu1.acme.com"},
		{"an address", `{"key": "p", "format": "host", "learn": {"from": "token", "at": "x", "take": "host"}}`, "https://[::1]/", "[::1]"},
		{"a host with a user", `{"key": "p", "format": "host", "learn": {"from": "token", "at": "x", "take": "host"}}`, "https://acme.com@evil.com/", ""},
		{"a path for a host", `{"key": "p", "format": "host", "learn": {"from": "token", "at": "x", "take": "host"}}`, "file:///etc/passwd", ""},
		{"translated", `{"key": "p", "choices": ["com"], "learn": {"from": "token", "at": "x", "map": {"us": "com"}}}`, "us", "com"},
		{"the host translated", `{"key": "p", "choices": ["com"], "learn": {"from": "token", "at": "x", "take": "host", "map": {"accounts.acme.com": "com"}}}`, "https://accounts.acme.com", "com"},
		{"no choice", `{"key": "p", "choices": ["com"], "learn": {"from": "token", "at": "x", "map": {"us": "com"}}}`, "eu", ""},
		{"against the pattern", `{"key": "p", "pattern": "[0-9]+", "learn": {"from": "token", "at": "x"}}`, "1x", ""},
		{"line breaks", `{"key": "p", "learn": {"from": "token", "at": "x"}}`, "a\r\nb", ""},
		{"too long", `{"key": "p", "learn": {"from": "token", "at": "x", "map": {"us": "com"}}}`, strings.Repeat("x", 3000), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, `{"dynamic_parameters": [`+c.learn+`], "auth": {"type": "basic"}}`)
			got, err := s.DynamicParameters[0].Learnt(c.said)
			if c.want == "" && (err == nil || strings.Contains(err.Error(), c.said)) || c.want != "" && (err != nil || got != c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestCheckLearnt(t *testing.T) {
	s := parse(t, `{"base_url": "https://{host}/", "hosts": ["*.acme.com"], "dynamic_parameters": [{"key": "host", "format": "host", "learn": {"from": "token", "at": "x"}}], "auth": {"type": "basic"}}`)
	for host, ok := range map[string]bool{"": true, "eu.acme.com": true, "acme.com": false, "eu.acme.com.evil.com": false, "127.0.0.1": false} {
		if err := s.CheckLearnt(s.Complete(map[string]string{"host": host})); (err == nil) != ok {
			t.Errorf("%q: %v", host, err)
		}
	}
	// Where secrets travel, a provider cannot lead them over plain http to another machine either.
	s = parse(t, `{"hosts": ["acme.com"], "dynamic_parameters": [{"key": "host", "format": "host", "learn": {"from": "token", "at": "x"}}],
		"auth": {"type": "oauth2", "grant_type": "client_credentials", "access_token_url": "https://acme.com/", "refresh_token_url": "http://{host}/"}}`)
	if err := s.CheckLearnt(map[string]string{"host": "evil.com"}); err == nil {
		t.Error("tokens are refreshed over plain http")
	}
}

func TestLearningThatCannotBe(t *testing.T) {
	const base = `{"link_name": "acme", "name": "Acme", "hosts": ["acme.com"], "dynamic_parameters": [{"key": "p", "learn": `
	for _, c := range []struct{ name, learn, auth, at string }{
		{"a callback without a consent", `{"from": "callback", "at": "x"}`, `{"type": "basic"}`, "/dynamic_parameters/0/learn/from"},
		{"a callback of client credentials", `{"from": "callback", "at": "x"}`, `{"type": "oauth2", "grant_type": "client_credentials", "client_id": "i", "access_token_url": "https://acme.com/"}`, "/dynamic_parameters/0/learn/from"},
		{"the code", `{"from": "callback", "at": "code"}`, `{"type": "oauth2", "grant_type": "authorization_code", "client_id": "i", "authorize_url": "https://acme.com/", "access_token_url": "https://acme.com/"}`, "/dynamic_parameters/0/learn/at"},
		{"a token answer of a key", `{"from": "token", "at": "x"}`, `{"type": "basic"}`, "/dynamic_parameters/0/learn/from"},
		{"a lookup at another host", `{"from": "lookup", "at": "x", "url": "https://evil.com/"}`, `{"type": "basic"}`, "/dynamic_parameters/0/learn/url"},
		{"a lookup with the secret in the clear", `{"from": "lookup", "at": "x", "url": "http://acme.com/"}`, `{"type": "basic"}`, "/dynamic_parameters/0/learn/url"},
		{"fine", `{"from": "lookup", "at": "x", "url": "https://acme.com/"}`, `{"type": "basic"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := pointers(parse(t, base+c.learn+`}], "auth": `+c.auth+`}`).Validate())
			if c.at == "" && len(got) > 0 || c.at != "" && !slices.Equal(got, []string{c.at}) {
				t.Errorf("the faults are at %q, want %q", got, c.at)
			}
		})
	}
}

func TestPlaceholdersInParameters(t *testing.T) {
	s := parse(t, `{"link_name": "acme", "name": "Acme", "hosts": ["acme.com"], "dynamic_parameters": [{"key": "p", "secret": true}],
		"auth": {"type": "oauth2", "grant_type": "authorization_code", "client_id": "i", "authorize_url": "https://acme.com/", "access_token_url": "https://acme.com/",
			"authorize_params": {"a": "{p}", "json": "{\"a\": 1}"}, "token_params": {"a": "{p}"}, "refresh_params": {"a": "{q}"}}}`)
	if got, want := pointers(s.Validate()), []string{"/auth/authorize_params/a", "/auth/refresh_params/a"}; !slices.Equal(got, want) {
		t.Errorf("the faults are at %q, want %q", got, want)
	}
}

func TestAsks(t *testing.T) {
	var a lanyard.OAuth2Auth
	if err := json.Unmarshal([]byte(`{"scopes": ["a", "b", {"value": "offline", "name": "Stay connected", "always": true}]}`), &a); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ chosen, want []string }{
		{nil, []string{"offline"}}, {[]string{"b"}, []string{"b", "offline"}}, {[]string{"offline", "a"}, []string{"offline", "a"}}, {[]string{"gone"}, []string{"gone", "offline"}},
	} {
		if got := lanyard.ScopeValues(a.Asks(c.chosen)); !slices.Equal(got, c.want) {
			t.Errorf("%q asks for %q, want %q", c.chosen, got, c.want)
		}
	}
}

// No host hides behind a name that the definition chose.
func TestShownHosts(t *testing.T) {
	for _, c := range []struct {
		name, hosts, parameters string
		want                    []string
	}{
		{"as they stand", `["acme.com", "{domain}.acme.com"]`, `{"key": "domain"}`, []string{"acme.com", "{domain}.acme.com"}},
		{"choices", `["acme.{dc}", "acme.com"]`, `{"key": "dc", "format": "host", "choices": ["com", {"value": "eu", "name": "Europe"}]}`, []string{"acme.com", "acme.eu"}},
		{"followers", `["{a}.{b}"]`, `{"key": "dc", "choices": ["us", "eu"]}, {"key": "a", "follows": "dc", "values": {"us": "www", "eu": "evil"}}, {"key": "b", "follows": "dc", "values": {"us": "acme.com", "eu": "example"}}`,
			[]string{"www.acme.com", "evil.example"}},
		{"translated words", `["{h}"]`, `{"key": "h", "format": "host", "learn": {"from": "token", "at": "token_type", "map": {"bearer": "evil.example"}}}`, []string{"evil.example", "{h}"}},
		{"far too many", `["{a}{b}.acme.com"]`, `{"key": "a", "choices": ["0","1","2","3","4","5","6","7","8","9","x"]}, {"key": "b", "choices": ["0","1","2","3","4","5","6","7","8","9"]}`,
			[]string{"0{b}.acme.com", "1{b}.acme.com", "2{b}.acme.com", "3{b}.acme.com", "4{b}.acme.com", "5{b}.acme.com", "6{b}.acme.com", "7{b}.acme.com", "8{b}.acme.com", "9{b}.acme.com", "x{b}.acme.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, `{"hosts": `+c.hosts+`, "dynamic_parameters": [`+c.parameters+`], "auth": {"type": "basic"}}`)
			if got := s.ShownHosts(); !slices.Equal(got, c.want) {
				t.Errorf("shown as %q, want %q", got, c.want)
			}
		})
	}
}
