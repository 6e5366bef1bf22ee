package lanyard_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

// verdict is what the edit table says about a field.
type verdict int

const (
	frozen   verdict = iota // never changes
	editable                // changes, and every connection is revoked
	keepable                // changes, and connections may be kept
)

// TestEditTable is the table of the reference document, for every field of every type, with what the design adds: which
// edits cannot move a credential anywhere new.
func TestEditTable(t *testing.T) {
	scopes := []any{map[string]any{"name": "Read", "value": "read"}, map[string]any{"name": "Write", "value": "acme.write:all"}}
	key := map[string]any{"name": "X-Api-Key", "display_name": "API key", "param_type": "header", "prefix": "Key "}
	account := map[string]any{"name": "account", "display_name": "Account", "param_type": "query"}
	changed := func(m map[string]any, key string, v any) map[string]any {
		c := map[string]any{}
		for k, v := range m {
			c[k] = v
		}
		c[key] = v
		return c
	}
	domain := map[string]any{"key": "domain", "name": "Your Acme domain", "help": "as in the address bar", "pattern": "[a-z]+", "default": "www"}
	dc := map[string]any{"key": "dc", "name": "Data centre", "format": "host", "choices": []any{"com", map[string]any{"value": "com.au", "name": "Australia"}}}

	type row struct {
		field string // with what is done to it after a blank; the part before is the pointer
		value any
		want  verdict
	}
	common := []row{
		{"link_name", "acme2", frozen},
		{"kind", "default", frozen},
		{"name", "Acme 2", keepable},
		{"description", "New.", keepable},
		{"category", "New", keepable},
		{"docs_url", "https://docs.acme.com/2", keepable},
		{"base_url", "https://api.acme.com/v9", editable},
		{"hosts added", []any{"api.acme.com", "*.acme.com", "x.example"}, editable},
		{"hosts removed", []any{}, editable},
		{"headers", map[string]any{"X-Version": "2"}, editable},
		{"verify_url", "https://api.acme.com/you", editable},
		{"verify_method", "POST", editable},
		{"verify_body", "{}", editable},
		{"verify_member", "ok", editable},
		{"verify_accepts", []any{403}, editable},
		{"verify_aws_service", "sts", editable},
		{"dynamic_parameters added", []any{domain, dc, map[string]any{"key": "x", "name": "X"}}, editable},
	}
	tables := map[lanyard.AuthType][]row{
		lanyard.AuthBasic: {
			{"auth/username", map[string]any{"fixed": "api"}, editable},
			{"auth/password", map[string]any{"suffix": "x"}, editable},
		},
		lanyard.AuthAPIKey: {
			{"auth/parameters added", []any{key, account, map[string]any{"name": "z", "display_name": "Z", "param_type": "form"}}, editable},
			{"auth/parameters deleted", []any{key}, frozen},
			{"auth/parameters all deleted", []any{}, frozen},
			{"auth/parameters name", []any{changed(key, "name", "X-Other"), account}, editable},
			{"auth/parameters param type", []any{changed(key, "param_type", "query"), account}, editable},
			{"auth/parameters prefix", []any{changed(key, "prefix", ""), account}, editable},
			{"auth/parameters display name", []any{changed(key, "display_name", "Your key"), account}, keepable},
			{"auth/parameters other order", []any{account, key}, editable},
		},
		lanyard.AuthOAuth1: {
			{"auth/consumer_key", "ck2", editable},
			{"auth/consumer_secret", "new", keepable},
			{"auth/request_token_url", "https://acme.com/request2", editable},
			{"auth/authorize_url", "https://acme.com/authorize2", editable},
			{"auth/access_token_url", "https://acme.com/access2", editable},
			{"auth/param_type", "form", editable},
			{"auth/signature_method", "PLAINTEXT", editable},
			{"auth/realm", "acme", editable},
		},
		lanyard.AuthOAuth2: {
			{"dynamic_parameters name", []any{changed(domain, "name", "Domain"), dc}, keepable},
			{"dynamic_parameters help", []any{changed(domain, "help", ""), dc}, keepable},
			{"dynamic_parameters example", []any{changed(domain, "example", "acme"), dc}, keepable},
			{"dynamic_parameters secret", []any{changed(domain, "secret", true), dc}, editable},
			{"dynamic_parameters learn", []any{changed(domain, "learn", map[string]any{"from": "token", "at": "domain"}), dc}, editable},
			{"dynamic_parameters pattern", []any{changed(domain, "pattern", ""), dc}, editable},
			{"dynamic_parameters default", []any{changed(domain, "default", "api"), dc}, editable},
			{"dynamic_parameters key", []any{changed(domain, "key", "d"), dc}, editable},
			{"dynamic_parameters format", []any{changed(domain, "format", "host"), dc}, editable},
			{"dynamic_parameters choices", []any{domain, changed(dc, "choices", []any{"com"})}, editable},
			{"dynamic_parameters deleted", []any{domain}, editable},
			{"auth/grant_type", "client_credentials", frozen},
			{"auth/pkce", true, editable},
			{"auth/client_id", "id2", editable},
			{"auth/client_secret", "new", keepable},
			{"auth/authorize_url", "https://{domain}.acme.com/authorize", editable},
			{"auth/access_token_url", "https://accounts.acme.{dc}/token2", editable},
			{"auth/refresh_token_url", "https://accounts.acme.{dc}/refresh2", editable},
			{"auth/refresh_token_url removed", nil, editable},
			{"auth/revoke_token_url on the same host", "https://accounts.acme.{dc}/revoke2?x=1", keepable},
			{"auth/revoke_token_url removed", nil, keepable},
			{"auth/revoke_token_url on another host", "https://evil.com/revoke", editable},
			{"auth/revoke_token_url on a host with another placeholder", "https://accounts.acme.{domain}/revoke", editable},
			{"auth/revoke_token_url on another port", "https://accounts.acme.{dc}:8443/revoke", editable},
			{"auth/revoke_token_url with user info", "https://accounts.acme.{dc}@evil.com/revoke", editable},
			{"auth/revoke_token_url with the host in its path", "https://evil.com/https://accounts.acme.{dc}/", editable},
			{"auth/revoke_token_url on the authorize host", "https://{domain}.acme.com/revoke", editable},
			{"auth/param_type", "query", editable},
			{"auth/token_name", "X-Other", editable},
			{"auth/token_prefix", "Bearer ", editable},
			{"auth/scopes added", append(slices.Clone(scopes), map[string]any{"name": "Admin", "value": "admin"}), keepable},
			{"auth/scopes deleted", scopes[:1], frozen},
			{"auth/scopes all deleted", nil, frozen},
			{"auth/scopes name", []any{map[string]any{"name": "Reads", "value": "read"}, scopes[1]}, frozen},
			{"auth/scopes value", []any{scopes[0], map[string]any{"name": "Write", "value": "w"}}, frozen},
			{"auth/scopes other order", []any{scopes[1], scopes[0]}, frozen},
			{"auth/scopes added in front", append([]any{map[string]any{"name": "Admin", "value": "admin"}}, scopes...), frozen},
			{"auth/scope_delimiter", " ", editable},
			{"auth/authorize_params", map[string]any{"prompt": "none"}, editable},
			{"auth/token_params", map[string]any{"audience": "b"}, editable},
			{"auth/refresh_params", nil, editable},
			{"auth/client_authentication", "none", editable},
			{"auth/grant_type_name", "account_credentials", editable},
			{"auth/code_name", "auth_code", editable},
			{"auth/token_code_name", "auth_code", editable},
			{"auth/redirect_uri", "a-name", editable},
			{"auth/client_id_name", "client_key", editable},
			{"auth/client_secret_name", "secret", editable},
			{"auth/token_body", "json", editable},
			{"auth/token_answer", map[string]any{"access_token": "data.token"}, editable},
			{"auth/issuer", "https://evil.com", editable},
			{"auth/default_expires_in", 60, editable},
			{"auth/refresh_statuses", []int{401}, editable},
		},
		lanyard.AuthAWSSigV4: {
			{"auth/aws_service", "sqs", editable},
			{"auth/aws_region", "eu-west-1", editable},
		},
	}
	for typ, table := range tables {
		covered := map[string]bool{}
		for _, r := range append(slices.Clone(common), table...) {
			at, _, _ := strings.Cut(r.field, " ")
			covered[at] = true
			t.Run(string(typ)+"/"+r.field, func(t *testing.T) {
				definition := with(t, definitions[typ], map[string]any{"kind": "custom"})
				old, edited := parse(t, definition), parse(t, with(t, definition, map[string]any{at: r.value}))
				before, _ := json.Marshal(old)
				got, err := lanyard.CheckEdit(old, edited)
				if after, _ := json.Marshal(old); string(after) != string(before) {
					t.Errorf("judging changed the old definition to %s", after)
				}
				if r.want == frozen {
					if lanyard.CodeOf(err) != lanyard.CodeNotEditable || got.Changed {
						t.Fatalf("got %+v, %v; want not_editable", got, err)
					}
					for _, p := range pointers(err) {
						if !strings.HasPrefix(p, "/"+at) {
							t.Errorf("the fault is at %s", p)
						}
					}
					return
				}
				if err != nil || !got.Changed {
					t.Fatalf("got %+v, %v; want a change", got, err)
				}
				var want []string
				if r.want == editable {
					want = []string{"/" + at}
				}
				if diff := cmp.Diff(got.Moves, want); diff != "" {
					t.Errorf("moves (-got +want):\n%s", diff)
				}
			})
		}
		// A field that somebody adds has to be judged here.
		fields := jsonNames(reflect.TypeFor[lanyard.Service](), "")
		for part, v := range map[lanyard.AuthType]reflect.Type{
			lanyard.AuthAPIKey: reflect.TypeFor[lanyard.APIKeyAuth](), lanyard.AuthBasic: reflect.TypeFor[lanyard.BasicAuth](), lanyard.AuthOAuth1: reflect.TypeFor[lanyard.OAuth1Auth](),
			lanyard.AuthOAuth2: reflect.TypeFor[lanyard.OAuth2Auth](), lanyard.AuthAWSSigV4: reflect.TypeFor[lanyard.AWSSigV4Auth](),
		} {
			if part == typ {
				fields = append(fields, jsonNames(v, "auth/")...)
			}
		}
		for _, name := range fields {
			if !covered[name] && name != "auth" {
				t.Errorf("the table of %s says nothing about %s", typ, name)
			}
		}
	}
}

func jsonNames(t reflect.Type, prefix string) []string {
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, prefix+name)
		}
	}
	return names
}

func TestEditOfTheType(t *testing.T) {
	for from, a := range definitions {
		for to, b := range definitions {
			got, err := lanyard.CheckEdit(parse(t, with(t, a, map[string]any{"kind": nil})), parse(t, with(t, b, map[string]any{"kind": nil})))
			if from == to {
				if err != nil || got.Changed || got.Moves != nil {
					t.Errorf("%s saved with nothing changed: %+v, %v", from, got, err)
				}
				continue
			}
			if lanyard.CodeOf(err) != lanyard.CodeNotEditable || !slices.Contains(pointers(err), "/auth/type") {
				t.Errorf("%s to %s: %+v, %v", from, to, got, err)
			}
		}
	}
}

func TestEditNamesAllFrozenFieldsAndMoves(t *testing.T) {
	old := parse(t, definitions[lanyard.AuthOAuth2])
	_, err := lanyard.CheckEdit(old, parse(t, with(t, definitions[lanyard.AuthOAuth2], map[string]any{"link_name": "b", "kind": "default", "auth/grant_type": "client_credentials", "auth/scopes": nil})))
	want := []string{"/link_name", "/kind", "/auth/grant_type", "/auth/scopes/0", "/auth/scopes/1"}
	if diff := cmp.Diff(pointers(err), want); diff != "" {
		t.Errorf("frozen (-got +want):\n%s", diff)
	}
	got, err := lanyard.CheckEdit(old, parse(t, with(t, definitions[lanyard.AuthOAuth2], map[string]any{
		"name": "B", "hosts": []string{"x.example"}, "auth/client_secret": "s", "auth/authorize_url": "https://evil.com/", "auth/issuer": nil,
		"auth/scopes": []any{map[string]any{"name": "Read", "value": "read"}, map[string]any{"name": "Write", "value": "acme.write:all"}, map[string]any{"name": "X", "value": "x"}},
	})))
	if diff := cmp.Diff(got, lanyard.Edit{Changed: true, Moves: []string{"/hosts", "/auth/authorize_url", "/auth/issuer"}}); diff != "" || err != nil {
		t.Errorf("edit (-got +want):\n%s%v", diff, err)
	}
	// The revoke URL cannot walk away in two steps either: each is judged against what was saved before.
	first := parse(t, with(t, definitions[lanyard.AuthOAuth2], map[string]any{"auth/revoke_token_url": nil}))
	if got, err := lanyard.CheckEdit(first, parse(t, with(t, definitions[lanyard.AuthOAuth2], map[string]any{"auth/revoke_token_url": "https://evil.com/"}))); err != nil || len(got.Moves) != 1 {
		t.Errorf("adding a revoke URL elsewhere moves nothing: %+v, %v", got, err)
	}
	if got, err := lanyard.CheckEdit(first, old); err != nil || len(got.Moves) != 0 {
		t.Errorf("adding a revoke URL on the token host moves something: %+v, %v", got, err)
	}
	// The same secret is no change, another one is, and so is none.
	a, b := parse(t, definitions[lanyard.AuthOAuth2]), parse(t, definitions[lanyard.AuthOAuth2])
	a.Auth.SetSecret(lanyard.NewSecret("x"))
	b.Auth.SetSecret(lanyard.NewSecret("x"))
	if got, _ := lanyard.CheckEdit(a, b); got.Changed {
		t.Error("the same secret is a change")
	}
	b.Auth.SetSecret(lanyard.Secret{})
	if got, _ := lanyard.CheckEdit(a, b); !got.Changed || got.Moves != nil {
		t.Errorf("removing the secret is %+v", got)
	}
}
