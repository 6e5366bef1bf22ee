package lanyard_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

// definitions are valid services of every type, as JSON. The secret is in none of them.
var definitions = map[lanyard.AuthType]string{
	lanyard.AuthAPIKey: `{"link_name": "acme", "name": "Acme", "kind": "custom", "description": "Acme's API.", "category": "CRM", "docs_url": "https://docs.acme.com/",
		"base_url": "https://api.acme.com/v1", "hosts": ["api.acme.com"], "verify_url": "https://api.acme.com/me",
		"auth": {"type": "api_key", "parameters": [{"name": "X-Api-Key", "display_name": "API key", "param_type": "header", "prefix": "Key "}, {"name": "account", "display_name": "Account", "param_type": "query"}]}}`,
	lanyard.AuthBasic: `{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.com"], "auth": {"type": "basic"}}`,
	lanyard.AuthOAuth1: `{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.com"], "auth": {"type": "oauth1", "consumer_key": "ck", "request_token_url": "https://acme.com/request",
		"authorize_url": "https://acme.com/authorize", "access_token_url": "https://acme.com/access", "param_type": "query", "signature_method": "HMAC-SHA256"}}`,
	lanyard.AuthOAuth2: `{"link_name": "acme", "name": "Acme", "base_url": "https://{domain}.acme.com/api", "hosts": ["*.acme.com", "{domain}.acme.com"],
		"dynamic_parameters": [{"key": "domain", "name": "Your Acme domain", "help": "as in the address bar", "pattern": "[a-z]+", "default": "www"},
			{"key": "dc", "name": "Data centre", "format": "host", "choices": ["com", {"value": "com.au", "name": "Australia"}]}],
		"auth": {"type": "oauth2", "grant_type": "authorization_code", "pkce": false, "client_id": "id", "authorize_url": "https://{domain}.acme.com/authorize?access_type=offline",
			"access_token_url": "https://accounts.acme.{dc}/token", "refresh_token_url": "https://accounts.acme.{dc}/refresh", "revoke_token_url": "https://accounts.acme.{dc}/revoke",
			"param_type": "header", "token_name": "X-Token", "token_prefix": "", "scope_delimiter": ",", "scopes": [{"name": "Read", "value": "read"}, {"name": "Write", "value": "acme.write:all"}],
			"authorize_params": {"prompt": "consent"}, "token_params": {"audience": "a"}, "refresh_params": {"x/y~z": "1"}, "client_authentication": "client_secret_post", "issuer": "https://acme.com",
			"default_expires_in": 3600, "refresh_statuses": [401, 419]}}`,
	lanyard.AuthAWSSigV4: `{"link_name": "acme", "name": "Acme", "hosts": ["*.amazonaws.com"], "auth": {"type": "aws_sigv4", "aws_service": "s3", "aws_region": "us-east-1"}}`,
}

// parse reads a definition that has to be fine.
func parse(t *testing.T, definition string) *lanyard.Service {
	t.Helper()
	s, err := lanyard.ParseService([]byte(definition))
	if err != nil {
		t.Fatalf("%v in %s", err, definition)
	}
	return s
}

// with is a definition with members replaced, by JSON pointer without its first slash; a nil removes one.
func with(t *testing.T, definition string, changes map[string]any) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(definition), &doc); err != nil {
		t.Fatal(err)
	}
	for at, v := range changes {
		into := doc
		keys := strings.Split(at, "/")
		for _, k := range keys[:len(keys)-1] {
			into = into[k].(map[string]any)
		}
		if last := keys[len(keys)-1]; v == nil {
			delete(into, last)
		} else {
			into[last] = v
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pointers lists where the faults of an error are.
func pointers(err error) []string {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		return nil
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Pointer)
	}
	return all
}

func TestParseServiceFillsDefaults(t *testing.T) {
	s := parse(t, `{"link_name": "a", "name": "A", "hosts": ["a.example"], "dynamic_parameters": [{"key": "k"}],
		"auth": {"type": "oauth2", "grant_type": "authorization_code", "client_id": "id", "client_secret": "`+canary+`", "authorize_url": "https://a.example/a", "access_token_url": "https://a.example/t"}}`)
	if a := s.Auth.OAuth2; !a.PKCE || a.ParamType != lanyard.ParamHeader || a.ScopeDelimiter != " " || a.TokenPrefix != nil || a.ClientSecret.Reveal() != canary {
		t.Errorf("OAuth 2 defaults are %+v", a)
	}
	if s.DynamicParameters[0].Name != "k" || s.Auth.Secret().Reveal() != canary || s.Auth.SecretPointer() != "/auth/client_secret" {
		t.Errorf("got %+v with secret at %s", s, s.Auth.SecretPointer())
	}
	s = parse(t, `{"auth": {"type": "oauth1", "consumer_secret": "`+canary+`"}}`)
	if a := s.Auth.OAuth1; a.ParamType != lanyard.ParamHeader || a.SignatureMethod != lanyard.HMACSHA1 || s.Auth.Secret().Reveal() != canary || s.Auth.SecretPointer() != "/auth/consumer_secret" {
		t.Errorf("OAuth 1 defaults are %+v", a)
	}
	s = parse(t, `{"auth": {"type": "api_key", "parameters": [{"name": "k", "param_type": "query"}]}}`)
	if s.Auth.APIKey.Parameters[0].DisplayName != "k" || s.Auth.SecretPointer() != "" {
		t.Errorf("API key defaults are %+v", s.Auth.APIKey)
	}
	s.Auth.SetSecret(lanyard.NewSecret("x"))
	if !s.Auth.Secret().IsZero() {
		t.Error("a type without a secret holds one")
	}
}

func TestParseServiceNamesEveryFault(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"not JSON", `{`, []string{""}},
		{"text behind", `{"name": "A"} x`, []string{""}},
		{"empty", ``, []string{""}},
		{"a list", `[]`, []string{""}},
		{"null", `null`, nil},
		{"unknown field", `{"nme": "A"}`, []string{"/nme"}},
		{"field of ours that is not theirs", `{"id": "svc_1", "organization_id": "org_1", "author": "usr_1", "version": 3}`, []string{"/id", "/organization_id", "/author", "/version"}},
		{"Go's name", `{"LinkName": "a", "ID": "x"}`, []string{"/LinkName", "/ID"}},
		{"other case", `{"NAME": "A"}`, []string{"/NAME"}},
		{"wrong types", `{"name": 1, "hosts": "a", "base_url": {}, "dynamic_parameters": {}}`, []string{"/name", "/hosts", "/base_url", "/dynamic_parameters"}},
		{"wrong type in a list", `{"hosts": ["a", 1, true]}`, []string{"/hosts/1", "/hosts/2"}},
		{"parameters", `{"dynamic_parameters": [{"key": "a"}, {"key": 1, "nme": "x"}, 7]}`, []string{"/dynamic_parameters/1/key", "/dynamic_parameters/1/nme", "/dynamic_parameters/2"}},
		{"choices", `{"dynamic_parameters": [{"choices": ["a", 1, {"value": 2, "x": 1}, []]}]}`, []string{"/dynamic_parameters/0/choices/1", "/dynamic_parameters/0/choices/2/value", "/dynamic_parameters/0/choices/2/x", "/dynamic_parameters/0/choices/3"}},
		{"auth is a text", `{"auth": "basic"}`, []string{"/auth"}},
		{"no type", `{"auth": {}}`, []string{"/auth/type"}},
		{"type null", `{"auth": {"type": null}}`, []string{"/auth/type"}},
		{"unknown type", `{"auth": {"type": "oauth3", "x": 1}}`, []string{"/auth/type"}},
		{"type in other case", `{"auth": {"type": "Basic"}}`, []string{"/auth/type"}},
		{"field of another type", `{"auth": {"type": "basic", "grant_type": "x", "client_secret": "x"}}`, []string{"/auth/grant_type", "/auth/client_secret"}},
		{"oauth2", `{"auth": {"type": "oauth2", "pkce": "yes", "scopes": [{"name": "R", "value": "r"}, {"nam": "W", "value": 1}], "default_expires_in": 3600.7, "refresh_statuses": ["401"], "authorize_params": {"a/b~c": 1}}}`,
			[]string{"/auth/pkce", "/auth/scopes/1/nam", "/auth/scopes/1/value", "/auth/default_expires_in", "/auth/refresh_statuses/0", "/auth/authorize_params/a~1b~0c"}},
		{"secret that is no text", `{"auth": {"type": "oauth2", "client_secret": {"x": 1}}}`, []string{"/auth/client_secret"}},
		{"too large a number", `{"auth": {"type": "oauth2", "default_expires_in": 1e400}}`, []string{"/auth/default_expires_in"}},
		{"N01 names that stand twice", `{"name": "A", "name": "B", "auth": {"type": "basic", "type": "oauth2"}}`, []string{"/name", "/auth/type"}},
		{"N01 a parameter that stands twice", `{"auth": {"type": "oauth2", "token_params": {"a": "1", "a": "2"}}}`, []string{"/auth/token_params/a"}},
		{"N01 deep", `{"hosts": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, []string{""}},
		{"N01 nested where a text belongs", `{"hosts": [` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `]}`, []string{"/hosts/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := lanyard.ParseService([]byte(c.in))
			if diff := cmp.Diff(pointers(err), c.want); diff != "" {
				t.Errorf("pointers (-got +want):\n%s%v", diff, err)
			}
			if c.want != nil && lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Errorf("the code is %s", lanyard.CodeOf(err))
			}
		})
	}
	_, err := lanyard.ParseService([]byte(`{"name": "` + canary + `", "link_name": ["` + canary + `"], "auth": {"type": "oauth2", "client_secret": ["` + canary + `"], "pkce": "` + canary + `"}}`))
	if err == nil || shows(err.Error()) {
		t.Errorf("what was given is repeated: %v", err)
	}
}

func TestF16_SecretIsWriteOnly(t *testing.T) {
	for typ, field := range map[lanyard.AuthType]string{lanyard.AuthOAuth1: "consumer_secret", lanyard.AuthOAuth2: "client_secret"} {
		s := parse(t, with(t, definitions[typ], map[string]any{"auth/" + field: canary}))
		b, err := json.Marshal(s)
		if err != nil || shows(string(b)) || strings.Contains(string(b), `"`+field+`"`) {
			t.Errorf("%s marshals to %s, %v", typ, b, err)
		}
		// What the API shows in its place comes back when a definition is read and sent again.
		s = parse(t, with(t, definitions[typ], map[string]any{"auth/" + field + "_set": true, "auth/" + field + "_fingerprint": "abcd"}))
		if !s.Auth.Secret().IsZero() {
			t.Errorf("%s has a secret that nobody gave", typ)
		}
	}
	_, err := lanyard.ParseService([]byte(`{"auth": {"type": "basic", "client_secret_set": true}}`))
	if got := pointers(err); !slices.Equal(got, []string{"/auth/client_secret_set"}) {
		t.Errorf("a type without a secret takes %v", got)
	}
}

func TestServiceRoundTrip(t *testing.T) {
	for typ, definition := range definitions {
		t.Run(string(typ), func(t *testing.T) {
			s := parse(t, definition)
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse(t, string(b)), s); diff != "" {
				t.Errorf("marshalled and parsed (-got +want):\n%s", diff)
			}
			var given, written map[string]any
			if err := errors.Join(json.Unmarshal([]byte(definition), &given), json.Unmarshal(b, &written)); err != nil {
				t.Fatal(err)
			}
			if _, ok := given["kind"]; !ok {
				delete(written, "kind")
			}
			if diff := cmp.Diff(written, given); diff != "" {
				t.Errorf("marshalled (-got +want):\n%s", diff)
			}
		})
	}
	// Plain json.Unmarshal reads the same, with the same pointers.
	var a lanyard.Auth
	if err := json.Unmarshal([]byte(`{"type": "aws_sigv4", "aws_service": "s3", "aws_region": "x"}`), &a); err != nil || a.AWSSigV4.AWSService != "s3" {
		t.Errorf("got %+v, %v", a, err)
	}
	if err := json.Unmarshal([]byte(`{"type": "basic", "x": 1}`), &a); !slices.Equal(pointers(err), []string{"/auth/x"}) {
		t.Errorf("got %v", err)
	}
	var c lanyard.Choice
	if err := json.Unmarshal([]byte(`{"value": "a", "x": 1}`), &c); !slices.Equal(pointers(err), []string{"/choices/x"}) {
		t.Errorf("got %v", err)
	}
	if _, err := json.Marshal(lanyard.Auth{Type: lanyard.AuthOAuth2}); err != nil {
		t.Errorf("an empty definition does not marshal: %v", err)
	}
}

func TestValidateService(t *testing.T) {
	type changes map[string]any
	long := strings.Repeat("x", 501)
	parameter := func(change map[string]any) []any {
		p := map[string]any{"key": "domain", "name": "Domain"}
		for k, v := range change {
			p[k] = v
		}
		return []any{p}
	}
	key := func(change map[string]any) []any {
		p := map[string]any{"name": "X-Api-Key", "display_name": "API key", "param_type": "header"}
		for k, v := range change {
			p[k] = v
		}
		return []any{p}
	}
	for _, c := range []struct {
		name    string
		typ     lanyard.AuthType
		changes changes
		want    []string // pointers; none: valid
	}{
		{"link name", lanyard.AuthBasic, changes{"link_name": "Acme"}, []string{"/link_name"}},
		{"name", lanyard.AuthBasic, changes{"name": strings.Repeat("x", 51)}, []string{"/name"}},
		{"everything at once", lanyard.AuthBasic, changes{"link_name": nil, "name": nil, "hosts": nil}, []string{"/link_name", "/name", "/hosts"}},
		{"description", lanyard.AuthBasic, changes{"description": long}, []string{"/description"}},
		{"description with a control character", lanyard.AuthBasic, changes{"description": "a\x1bb"}, []string{"/description"}},
		{"description with lines", lanyard.AuthBasic, changes{"description": "a\n\tb"}, nil},
		{"category", lanyard.AuthBasic, changes{"category": long}, []string{"/category"}},
		{"docs link to a script", lanyard.AuthBasic, changes{"docs_url": "javascript:alert(1)"}, []string{"/docs_url"}},
		{"docs link too long", lanyard.AuthBasic, changes{"docs_url": "https://docs.acme.com/" + strings.Repeat("x", 2048)}, []string{"/docs_url"}},
		{"docs link by plain http", lanyard.AuthBasic, changes{"docs_url": "http://docs.acme.com/"}, []string{"/docs_url"}},
		{"docs link with a fragment", lanyard.AuthBasic, changes{"docs_url": "https://docs.acme.com/#x"}, nil},
		{"no auth", lanyard.AuthBasic, changes{"auth": nil}, []string{"/auth/type"}},

		{"no hosts", lanyard.AuthBasic, changes{"hosts": nil}, []string{"/hosts"}},
		{"empty hosts", lanyard.AuthBasic, changes{"hosts": []string{}}, []string{"/hosts"}},
		{"a URL among the hosts", lanyard.AuthBasic, changes{"hosts": []string{"a.example", "https://a.example"}}, []string{"/hosts/1"}},
		{"an undeclared placeholder among the hosts", lanyard.AuthBasic, changes{"hosts": []string{"{x}.example.com"}}, []string{"/hosts/0"}},
		{"a declared one", lanyard.AuthBasic, changes{"hosts": []string{"{domain}.example.com"}, "dynamic_parameters": parameter(nil)}, nil},
		{"any host", lanyard.AuthBasic, changes{"hosts": []string{"*"}}, nil},
		{"too many hosts", lanyard.AuthBasic, changes{"hosts": slices.Repeat([]string{"a.example"}, 201)}, []string{"/hosts"}},

		{"base URL", lanyard.AuthBasic, changes{"base_url": "https://api.acme.com/v1/"}, nil},
		{"base URL on another host", lanyard.AuthBasic, changes{"base_url": "https://api.acme.org/"}, []string{"/base_url"}},
		{"base URL on another port is one the service names", lanyard.AuthBasic, changes{"base_url": "https://api.acme.com:8443/"}, nil},
		{"base URL by plain http is the service's word", lanyard.AuthBasic, changes{"base_url": "http://api.acme.com/"}, nil},
		{"verification URL by plain http is not", lanyard.AuthBasic, changes{"verify_url": "http://api.acme.com/"}, []string{"/verify_url"}},
		{"base URL with a fragment", lanyard.AuthBasic, changes{"base_url": "https://api.acme.com/#x"}, []string{"/base_url"}},
		{"base URL with user info", lanyard.AuthBasic, changes{"base_url": "https://u:p@api.acme.com/"}, []string{"/base_url"}},
		{"base URL too long", lanyard.AuthBasic, changes{"base_url": "https://api.acme.com/" + strings.Repeat("x", 2048)}, []string{"/base_url"}},
		{"verification URL on another host", lanyard.AuthBasic, changes{"verify_url": "https://evil.com/"}, []string{"/verify_url"}},
		{"G06 placeholder for the URL", lanyard.AuthBasic, changes{"base_url": "{domain}", "dynamic_parameters": parameter(nil)}, []string{"/base_url"}},
		{"G06 placeholder for the scheme", lanyard.AuthBasic, changes{"base_url": "{domain}://api.acme.com", "dynamic_parameters": parameter(nil)}, []string{"/base_url"}},
		{"G06 placeholder for the port", lanyard.AuthBasic, changes{"base_url": "https://api.acme.com:{domain}/", "dynamic_parameters": parameter(nil)}, []string{"/base_url"}},
		{"G06 placeholder for the host, which no list covers", lanyard.AuthBasic, changes{"base_url": "https://{domain}/", "dynamic_parameters": parameter(map[string]any{"format": "host"})}, []string{"/base_url"}},
		{"G08 placeholder for a credential in the host", lanyard.AuthOAuth2, changes{"auth/access_token_url": "https://{client_secret}.acme.com/token"}, []string{"/auth/access_token_url"}},
		{"G08 placeholder for a credential in the path stays text", lanyard.AuthOAuth2, changes{"auth/access_token_url": "https://acme.com/{client_secret}"}, nil},

		{"parameter without a key", lanyard.AuthBasic, changes{"dynamic_parameters": []any{map[string]any{"name": "x"}}}, []string{"/dynamic_parameters/0/key"}},
		{"parameter key with a hyphen", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"key": "a-b"})}, []string{"/dynamic_parameters/0/key"}},
		{"same key twice", lanyard.AuthBasic, changes{"dynamic_parameters": append(parameter(nil), parameter(nil)...)}, []string{"/dynamic_parameters/1/key"}},
		{"too many parameters", lanyard.AuthBasic, changes{"dynamic_parameters": slices.Repeat(parameter(nil), 21)}, []string{"/dynamic_parameters"}},
		{"parameter format", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"format": "url"})}, []string{"/dynamic_parameters/0/format"}},
		{"parameter pattern", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"pattern": "("})}, []string{"/dynamic_parameters/0/pattern"}},
		{"parameter pattern that opens the ends", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"pattern": "a)|(?:b"})}, []string{"/dynamic_parameters/0/pattern"}},
		{"parameter pattern too long", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"pattern": long})}, []string{"/dynamic_parameters/0/pattern"}},
		{"parameter help", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"help": long})}, []string{"/dynamic_parameters/0/help"}},
		{"empty choice", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"choices": []string{"a", ""}})}, []string{"/dynamic_parameters/0/choices/1"}},
		{"too many choices", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"choices": slices.Repeat([]string{"a"}, 201)})}, []string{"/dynamic_parameters/0/choices"}},
		{"default that is no choice", lanyard.AuthBasic, changes{"dynamic_parameters": parameter(map[string]any{"choices": []string{"a"}, "default": "b"})}, []string{"/dynamic_parameters/0/default"}},

		{"no API-key parameter", lanyard.AuthAPIKey, changes{"auth/parameters": nil}, []string{"/auth/parameters"}},
		{"too many", lanyard.AuthAPIKey, changes{"auth/parameters": slices.Repeat(key(nil), 21)}, []string{"/auth/parameters"}},
		{"param type", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"param_type": "cookie"})}, []string{"/auth/parameters/0/param_type"}},
		{"no param type", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"param_type": ""})}, []string{"/auth/parameters/0/param_type"}},
		{"same header in another case", lanyard.AuthAPIKey, changes{"auth/parameters": append(key(nil), key(map[string]any{"name": "x-api-key"})...)}, []string{"/auth/parameters/1/name"}},
		{"query name that no header could have", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"name": "api key/ü", "param_type": "query"})}, nil},
		{"query name with a line break", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"name": "a\nb", "param_type": "query"})}, []string{"/auth/parameters/0/name"}},
		{"form name that is empty", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"name": "", "param_type": "form"})}, []string{"/auth/parameters/0/name", "/auth/parameters/0/display_name"}[:1]},
		{"prefix with a line break", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"prefix": "Bearer\r\n"})}, []string{"/auth/parameters/0/prefix"}},
		{"prefix too long", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"prefix": strings.Repeat("x", 101)})}, []string{"/auth/parameters/0/prefix"}},
		{"display name", lanyard.AuthAPIKey, changes{"auth/parameters": key(map[string]any{"display_name": "a\u202eb"})}, []string{"/auth/parameters/0/display_name"}},

		{"OAuth 1 without anything", lanyard.AuthOAuth1, changes{"auth": map[string]any{"type": "oauth1"}}, []string{"/auth/consumer_key", "/auth/request_token_url", "/auth/authorize_url", "/auth/access_token_url"}},
		{"OAuth 1 param type", lanyard.AuthOAuth1, changes{"auth/param_type": "body"}, []string{"/auth/param_type"}},
		{"OAuth 1 signature method", lanyard.AuthOAuth1, changes{"auth/signature_method": "MD5"}, []string{"/auth/signature_method"}},

		{"OAuth 2 without anything", lanyard.AuthOAuth2, changes{"auth": map[string]any{"type": "oauth2"}}, []string{"/auth/grant_type", "/auth/client_id", "/auth/access_token_url"}},
		{"client id may be the organization's for a default service", lanyard.AuthOAuth2, changes{"kind": "default", "auth/client_id": nil}, nil},
		{"client credentials need no authorize URL", lanyard.AuthOAuth2, changes{"auth/grant_type": "client_credentials", "auth/authorize_url": nil}, nil},
		{"authorization code does", lanyard.AuthOAuth2, changes{"auth/authorize_url": nil}, []string{"/auth/authorize_url"}},
		{"implicit grant", lanyard.AuthOAuth2, changes{"auth/grant_type": "implicit"}, []string{"/auth/grant_type"}},
		{"OAuth 2 in a form", lanyard.AuthOAuth2, changes{"auth/param_type": "form"}, []string{"/auth/param_type"}},
		{"token name", lanyard.AuthOAuth2, changes{"auth/token_name": "Content-Length"}, []string{"/auth/token_name"}},
		{"token name in the query", lanyard.AuthOAuth2, changes{"auth/param_type": "query", "auth/token_name": "access token"}, nil},
		{"token prefix", lanyard.AuthOAuth2, changes{"auth/token_prefix": "Bearer\n"}, []string{"/auth/token_prefix"}},
		{"scope delimiter", lanyard.AuthOAuth2, changes{"auth/scope_delimiter": "|"}, []string{"/auth/scope_delimiter"}},
		{"scope with a blank", lanyard.AuthOAuth2, changes{"auth/scopes": []any{map[string]any{"name": "x", "value": "a b"}}}, []string{"/auth/scopes/0/value"}},
		{"scope without a name", lanyard.AuthOAuth2, changes{"auth/scopes": []any{map[string]any{"value": "a"}}}, []string{"/auth/scopes/0/name"}},
		{"scope twice", lanyard.AuthOAuth2, changes{"auth/scopes": slices.Repeat([]any{map[string]any{"name": "x", "value": "a"}}, 2)}, []string{"/auth/scopes/1/value"}},
		{"authorize parameter of ours", lanyard.AuthOAuth2, changes{"auth/authorize_params": map[string]any{"redirect_uri": "https://evil.com/", "state": "x", "prompt": "none"}}, []string{"/auth/authorize_params/redirect_uri", "/auth/authorize_params/state"}},
		{"token parameter of ours", lanyard.AuthOAuth2, changes{"auth/token_params": map[string]any{"client_secret": "x", "code": "x"}}, []string{"/auth/token_params/client_secret", "/auth/token_params/code"}},
		{"refresh parameter with a control character", lanyard.AuthOAuth2, changes{"auth/refresh_params": map[string]any{"a/b": "x\x00"}}, []string{"/auth/refresh_params/a~1b"}},
		{"client authentication", lanyard.AuthOAuth2, changes{"auth/client_authentication": "private_key_jwt"}, []string{"/auth/client_authentication"}},
		{"lifetime", lanyard.AuthOAuth2, changes{"auth/default_expires_in": -1}, []string{"/auth/default_expires_in"}},
		{"refresh status", lanyard.AuthOAuth2, changes{"auth/refresh_statuses": []int{401, 200, 500}}, []string{"/auth/refresh_statuses/1", "/auth/refresh_statuses/2"}},
		{"client secret too long", lanyard.AuthOAuth2, changes{"auth/client_secret": strings.Repeat("x", 16<<10+1)}, []string{"/auth/client_secret"}},

		{"D08 AWS service with a slash", lanyard.AuthAWSSigV4, changes{"auth/aws_service": "s3/x"}, []string{"/auth/aws_service"}},
		{"D08 AWS region with a line break", lanyard.AuthAWSSigV4, changes{"auth/aws_region": "us-east-1\n"}, []string{"/auth/aws_region"}},
		{"D08 AWS region as a placeholder", lanyard.AuthAWSSigV4, changes{"auth/aws_region": "{region}", "dynamic_parameters": parameter(map[string]any{"key": "region"})}, nil},
		{"D08 AWS region as a placeholder that there is not", lanyard.AuthAWSSigV4, changes{"auth/aws_region": "{region}"}, []string{"/auth/aws_region"}},
		{"D08 AWS region with a placeholder in it", lanyard.AuthAWSSigV4, changes{"auth/aws_region": "{region}-1", "dynamic_parameters": parameter(map[string]any{"key": "region"})}, []string{"/auth/aws_region"}},
		{"D08 AWS region whose default is none", lanyard.AuthAWSSigV4, changes{"auth/aws_region": "{region}", "dynamic_parameters": parameter(map[string]any{"key": "region", "default": "a/b"})}, []string{"/auth/aws_region"}},
		{"AWS without anything", lanyard.AuthAWSSigV4, changes{"auth": map[string]any{"type": "aws_sigv4"}}, []string{"/auth/aws_service", "/auth/aws_region"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, with(t, definitions[c.typ], c.changes))
			if diff := cmp.Diff(pointers(s.Validate()), c.want); diff != "" {
				t.Errorf("pointers (-got +want):\n%s%v", diff, s.Validate())
			}
		})
	}
	s := parse(t, with(t, definitions[lanyard.AuthBasic], changes{"base_url": "https://{domian}.acme.com/"}))
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "not among the dynamic parameters") {
		t.Errorf("a misspelt placeholder in a host gives %v", err)
	}
}

func TestA24_URLsOfTheAuthentication(t *testing.T) {
	fields := map[lanyard.AuthType][]string{
		lanyard.AuthOAuth1: {"request_token_url", "authorize_url", "access_token_url"},
		lanyard.AuthOAuth2: {"authorize_url", "access_token_url", "refresh_token_url", "revoke_token_url"},
	}
	for typ, names := range fields {
		for _, name := range names {
			for _, bad := range []string{
				"javascript:alert(1)", "javascript://acme.com/%0aalert(1)", "data:text/html,x", "http://acme.com/x", "HTTP://acme.com/x", "https://u:p@acme.com/", "https://acme.com@evil.com/", "https://acme.com/x#y", "https://acme.com/#",
				"https://acme.com/x?client_id=1", "https://acme.com/x?a=b&state=1", "https://acme.com/x?redirect_uri=https://evil.com", "https://acme.com/x?client%5fid=1", "https://acme.com/?client_secret=x", "https://acme.com/?code_challenge=x",
				"//acme.com/x", "/x", "acme.com/x", "ftp://acme.com/x", "https://", "https://acme.com:0/", "http://localhost.evil.com/", "http://127.0.0.1.evil.com/", "http://10.0.0.1/", `https:\\acme.com`, " https://acme.com/",
			} {
				s := parse(t, with(t, definitions[typ], map[string]any{"auth/" + name: bad}))
				if got := pointers(s.Validate()); !slices.Contains(got, "/auth/"+name) {
					t.Errorf("%s %s %q: the faults are at %q", typ, name, bad, got)
				}
			}
			for _, good := range []string{"https://acme.com/x?access_type=offline&a=%2F", "http://127.0.0.1:9040/x", "http://localhost:9040/x", "http://[::1]/x", "https://acme.com:8443/", "https://acme.com"} {
				s := parse(t, with(t, definitions[typ], map[string]any{"auth/" + name: good}))
				if err := s.Validate(); err != nil {
					t.Errorf("%s %s %q: %v", typ, name, good, err)
				}
			}
		}
	}
	// Plain http is for this machine alone, whatever a placeholder makes of the host later.
	s := parse(t, with(t, definitions[lanyard.AuthOAuth2], map[string]any{
		"auth/access_token_url": "http://{h}:9040/token", "dynamic_parameters": []any{map[string]any{"key": "h", "format": "host", "default": "localhost"}, map[string]any{"key": "domain"}, map[string]any{"key": "dc", "default": "com"}},
	}))
	if err := s.Validate(); err != nil {
		t.Errorf("a default on this machine: %v", err)
	}
	if _, err := s.ValueOf(map[string]string{"domain": "a", "h": "evil.com"}); !slices.Equal(pointers(err), []string{"/parameters"}) {
		t.Errorf("a value that leads secrets away in the clear gives %v", err)
	}
	if _, err := s.ValueOf(map[string]string{"domain": "a", "h": "127.0.0.1"}); err != nil {
		t.Errorf("a value on this machine gives %v", err)
	}
}

func TestG02_HeaderNames(t *testing.T) {
	for _, name := range []string{
		"", "X Key", "X-Key:", ":x", "X-Key\r\n", "X-Key\x00", "X-Kéy", "X(Key)", `X"Key`, "X/Key", "X[Key]", "X@Key", "X,Key", "X;Key", "X=Key", strings.Repeat("x", 101),
		"Host", "host", "HOST", "Content-Length", "content-length", "Content-Type", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "Proxy-Authorization", "proxy-connection", "Proxy-X",
		"Cookie", "Set-Cookie", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "Lanyard-User", "lanyard-error",
	} {
		if lanyard.CheckHeaderName(name) == nil {
			t.Errorf("%q is a header for a credential", name)
		}
		s := parse(t, with(t, definitions[lanyard.AuthAPIKey], map[string]any{"auth/parameters": []any{map[string]any{"name": name, "display_name": "Key", "param_type": "header"}}}))
		if got := pointers(s.Validate()); !slices.Equal(got, []string{"/auth/parameters/0/name"}) {
			t.Errorf("%q is saved with faults at %q", name, got)
		}
	}
	for _, name := range []string{"Authorization", "X-Api-Key", "x_api_key", "apikey", "X.Key", "1", "Private-Token", "Ocp-Apim-Subscription-Key", strings.Repeat("x", 100)} {
		if err := lanyard.CheckHeaderName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for value, ok := range map[string]bool{"": true, "Bearer x": true, "é\u2603": true, "a\tb": true, "a\rb": false, "a\nb": false, "a\x00b": false, "a\x7fb": false, "a\x1bb": false} {
		if (lanyard.CheckHeaderValue(value) == nil) != ok {
			t.Errorf("CheckHeaderValue(%q) is not %v", value, ok)
		}
	}
}

func TestValueOf(t *testing.T) {
	s := parse(t, definitions[lanyard.AuthOAuth2])
	for _, c := range []struct {
		name  string
		given map[string]string
		want  map[string]string
		at    []string
	}{
		{"given", map[string]string{"domain": "zylker", "dc": "com.au"}, map[string]string{"domain": "zylker", "dc": "com.au"}, nil},
		{"default", map[string]string{"dc": "com"}, map[string]string{"domain": "www", "dc": "com"}, nil},
		{"missing", map[string]string{}, nil, []string{"/parameters/dc"}},
		{"no choice", map[string]string{"dc": "evil"}, nil, []string{"/parameters/dc"}},
		{"against the pattern", map[string]string{"dc": "com", "domain": "A1"}, nil, []string{"/parameters/domain"}},
		{"undeclared", map[string]string{"dc": "com", "client/secret": "x"}, nil, []string{"/parameters/client~1secret"}},
		{"several faults", map[string]string{"domain": "", "dc": ""}, nil, []string{"/parameters/domain", "/parameters/dc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.ValueOf(c.given)
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("values (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(pointers(err), c.at); diff != "" {
				t.Errorf("pointers (-got +want):\n%s%v", diff, err)
			}
		})
	}
	// Fine by itself, but not where it stands.
	s = parse(t, with(t, definitions[lanyard.AuthBasic], map[string]any{"base_url": "https://{domain}.acme.com/", "hosts": []string{"{domain}.acme.com"}, "dynamic_parameters": []any{map[string]any{"key": "domain"}}}))
	if _, err := s.ValueOf(map[string]string{"domain": canary + ".x"}); !slices.Equal(pointers(err), []string{"/parameters"}) || shows(err.Error()) {
		t.Errorf("a value that does not fit the host gives %v", err)
	}
	s = parse(t, with(t, definitions[lanyard.AuthBasic], map[string]any{"hosts": []string{"*.{h}"}, "dynamic_parameters": []any{map[string]any{"key": "h", "format": "host"}}}))
	if _, err := s.ValueOf(map[string]string{"h": "com"}); !slices.Equal(pointers(err), []string{"/parameters"}) {
		t.Errorf("a value that opens a top-level domain gives %v", err)
	}
	if _, err := s.HostRules(nil); err == nil {
		t.Error("host rules are made without the values they need")
	}
}

func TestHostRulesOfParameters(t *testing.T) {
	s := parse(t, definitions[lanyard.AuthOAuth2])
	s.Hosts = []string{"{domain}.acme.com"}
	r, err := s.HostRules(map[string]string{"domain": "zylker", "dc": "com"})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Allow(target(t, "https://zylker.acme.com/")) || r.Allow(target(t, "https://other.acme.com/")) || r.Allow(target(t, "https://x.zylker.acme.com/")) {
		t.Errorf("the rules %s are not for one domain", r)
	}
	if got := fmt.Sprint(r); got != "zylker.acme.com" {
		t.Errorf("the rules read %s", got)
	}
	u, err := s.FillURL(s.BaseURL, map[string]string{"domain": "zylker", "dc": "com"})
	if err != nil || u.String() != "https://zylker.acme.com/api" {
		t.Errorf("the base URL is %v, %v", u, err)
	}
	for _, values := range []map[string]string{nil, {"domain": "a.b"}, {"domain": ""}} {
		if _, err := s.HostRules(values); err == nil {
			t.Errorf("%v makes host rules", values)
		}
		if u, err := s.FillURL(s.BaseURL, values); err == nil {
			t.Errorf("%v makes %s", values, u)
		}
	}
}

func FuzzParseService(f *testing.F) {
	for _, definition := range definitions {
		f.Add([]byte(definition))
	}
	f.Add([]byte(`{"auth": {"type": "oauth2", "client_secret": "x", "client_secret_set": true, "token_prefix": null}}`))
	f.Add([]byte(`{"dynamic_parameters": [{"key": "a", "choices": [null, {"value": "a", "name": "a"}, {"value": "\ufffd"}]}], "hosts": [null], "auth": {"type": "api_key"}}`))
	f.Add([]byte(`{"name": "\ud800", "hosts": ["{a}.b.c"], "base_url": "https://{a}.b.c/{a}?{a}", "dynamic_parameters": [{"key": "a", "format": "host", "default": "[::1]"}], "auth": {"type": "basic"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := lanyard.ParseService(data)
		if err != nil {
			if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if s.Auth.Type == "" {
			return // valid JSON, but no service; there is nothing to write down
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("an accepted service does not marshal: %v", err)
		}
		again, err := lanyard.ParseService(b)
		if err != nil {
			t.Fatalf("%s does not parse again: %v", b, err)
		}
		if c, err := json.Marshal(again); err != nil || string(c) != string(b) {
			t.Fatalf("marshalled %s, and after parsing again %s, %v", b, c, err)
		}
		if e, err := lanyard.CheckEdit(s, again); err != nil || e.Changed && s.Auth.Secret().IsZero() {
			t.Fatalf("a service read again is edited: %+v, %v", e, err)
		}
		if s.Validate() != nil {
			return
		}
		// What is valid cannot lead secrets over plain http to another machine, for any of its choices.
		values := map[string]string{}
		for _, p := range s.DynamicParameters {
			values[p.Key] = "other"
			if p.Format == lanyard.FormatHost {
				values[p.Key] = "evil.example"
			}
			if len(p.Choices) > 0 {
				values[p.Key] = p.Choices[len(p.Choices)-1].Value
			}
			if p.Follows != "" || p.WithClient {
				delete(values, p.Key)
			}
		}
		if values, err = s.ValueOf(values); err != nil {
			return
		}
		values = s.Complete(values)
		var texts []string
		if a := s.Auth.OAuth1; a != nil {
			texts = []string{a.RequestTokenURL, a.AuthorizeURL, a.AccessTokenURL}
		}
		if a := s.Auth.OAuth2; a != nil {
			texts = []string{a.AuthorizeURL, a.AccessTokenURL, a.RefreshTokenURL, a.RevokeTokenURL}
		}
		for _, text := range texts {
			if text == "" {
				continue
			}
			u, err := s.FillURL(text, values)
			if err != nil {
				t.Fatalf("%q passed the check of the values and cannot be filled: %v", text, err)
			}
			if again, err := url.Parse(u.String()); err != nil || again.Scheme != "https" && again.Hostname() != "localhost" && !strings.HasPrefix(again.Hostname(), "127.") && again.Hostname() != "::1" {
				t.Fatalf("%q leads to %v, %v", text, again, err)
			}
		}
	})
}
