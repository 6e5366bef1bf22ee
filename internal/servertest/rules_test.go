package servertest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/storetest"
)

// The rules for services and connections (design sections 2 and 3), as a program meets them: through the API of a whole
// server, with the exact codes and pointers.

// rulesTypes is one definition of each authentication type, without a name. They need no provider.
func rulesTypes() map[string]map[string]any {
	oauth2 := object("type", "oauth2", "grant_type", "authorization_code", "client_id", "id", "client_secret", "SECRET-oauth2",
		"authorize_url", "https://acme.example/authorize", "access_token_url", "https://acme.example/token", "refresh_token_url", "https://acme.example/refresh",
		"revoke_token_url", "https://acme.example/revoke", "scopes", []any{object("name", "Read", "value", "read"), object("name", "Write", "value", "write")})
	return map[string]map[string]any{
		"api_key": object("type", "api_key", "parameters", []any{
			object("name", "X-Api-Key", "display_name", "Key", "param_type", "header", "prefix", "Token "), object("name", "app", "display_name", "App", "param_type", "query"),
		}),
		"basic": object("type", "basic"),
		"oauth1": object("type", "oauth1", "consumer_key", "key", "consumer_secret", "SECRET-oauth1", "request_token_url", "https://acme.example/request",
			"authorize_url", "https://acme.example/authorize", "access_token_url", "https://acme.example/access", "param_type", "header", "signature_method", "HMAC-SHA1"),
		"oauth2":    oauth2,
		"aws_sigv4": object("type", "aws_sigv4", "aws_service", "s3", "aws_region", "us-east-1"),
	}
}

func rulesDefinition(name, authType string) map[string]any {
	return object("link_name", name, "name", name, "description", "what it is", "category", "things", "docs_url", "https://acme.example/docs",
		"base_url", "https://api.acme.example/v1", "hosts", []string{"api.acme.example"}, "verify_url", "https://api.acme.example/me", "auth", rulesTypes()[authType])
}

// rulesPointers gives the pointers of a problem document, sorted.
func rulesPointers(t testing.TB, a *servertest.Answer) []string {
	t.Helper()
	var p struct {
		Errors []lanyard.FieldError `json:"errors"`
	}
	a.JSON(t, &p)
	var pointers []string
	for _, e := range p.Errors {
		if e.Detail == "" {
			t.Errorf("%s has no detail: %s", e.Pointer, a.Body)
		}
		pointers = append(pointers, e.Pointer)
	}
	slices.Sort(pointers)
	return slices.Compact(pointers)
}

// rulesRefused checks a refusal: its status, its code, and exactly the pointers that it names.
func rulesRefused(t testing.TB, a *servertest.Answer, status int, code lanyard.Code, pointers ...string) {
	t.Helper()
	if a.Status != status || a.Code() != string(code) {
		t.Errorf("got %d %s, want %d %s", a.Status, a.Body, status, code)
		return
	}
	if got := rulesPointers(t, a); !slices.Equal(got, pointers) {
		t.Errorf("got the pointers %q, want %q: %s", got, pointers, a.Body)
	}
}

// rulesHas checks that an answer, read as JSON, holds everything that was sent; lists are compared whole.
func rulesHas(t testing.TB, a *servertest.Answer, sent map[string]any) {
	t.Helper()
	var got map[string]any
	a.JSON(t, &got)
	var compare func(at string, want, got any)
	compare = func(at string, want, got any) {
		if w, ok := want.(map[string]any); ok {
			g, _ := got.(map[string]any)
			for name := range w {
				if name != "client_secret" && name != "consumer_secret" {
					compare(at+"/"+name, w[name], g[name])
				}
			}
			return
		}
		w, errW := json.Marshal(want)
		g, errG := json.Marshal(got)
		if errW != nil || errG != nil || string(w) != string(g) {
			t.Errorf("%s: got %s, want %s", at, g, w)
		}
	}
	compare("", sent, got)
}

func TestServices_EachTypeThroughItsLife(t *testing.T) {
	l := servertest.Start(t)
	for authType := range rulesTypes() {
		t.Run(authType, func(t *testing.T) {
			name := "my_" + authType
			definition := rulesDefinition(name, authType)
			path := "/v1/services/" + name
			made := l.Must(t, 201, "POST /v1/services", definition)
			if got := made.Header.Get("Location"); got != path {
				t.Errorf("Location %q, want %q", got, path)
			}
			rulesHas(t, made, definition)
			rulesHas(t, made, object("kind", "custom", "author", string(l.UserID), "callback_url", callbackOf(l, name)))
			read := l.Must(t, 200, "GET "+path, nil)
			if string(read.Body) != string(made.Body) {
				t.Errorf("read %s, made %s", read.Body, made.Body)
			}
			listed := tenancyItems(t, l, l.Key, "/v1/services?q="+strings.ToUpper(name))
			if len(listed) != 1 || listed[0]["link_name"] != name {
				t.Errorf("listed: %v", listed)
			}

			// The secret: written, never read; its fingerprint tells two apart.
			field := map[string]string{"oauth1": "consumer_secret", "oauth2": "client_secret"}[authType]
			if field != "" {
				first := read.Field(t, "auth."+field+"_fingerprint")
				if read.Field(t, "auth."+field+"_set") != true || first == "" || first == nil {
					t.Errorf("the secret's place: %s", read.Body)
				}
				if listed[0]["auth"].(map[string]any)[field+"_set"] != true {
					t.Errorf("the secret's place in the list: %v", listed)
				}
				edit := func(secret any) *servertest.Answer {
					return l.Must(t, 200, "PATCH "+path, object("auth", object(field, secret)))
				}
				second := edit("SECRET-other").Field(t, "auth."+field+"_fingerprint")
				if second == first || second == nil {
					t.Errorf("another secret has the fingerprint %v, the first had %v", second, first)
				}
				if again := edit("SECRET-"+authType).Field(t, "auth."+field+"_fingerprint"); again != first {
					t.Errorf("the first secret has the fingerprint %v now, and had %v", again, first)
				}
				if kept := l.Must(t, 200, "PATCH "+path, object("description", "other")); kept.Field(t, "auth."+field+"_fingerprint") != first {
					t.Errorf("an edit that does not name the secret changed it: %s", kept.Body)
				}
				for _, removed := range []any{nil, ""} {
					edit("SECRET-" + authType)
					if gone := edit(removed); gone.Field(t, "auth."+field+"_set") != false || gone.Field(t, "auth."+field+"_fingerprint") != "" {
						t.Errorf("%s set to %v: %s", field, removed, gone.Body)
					}
				}
			}
			edited := l.Must(t, 200, "PATCH "+path, object("name", "Renamed", "base_url", nil))
			if edited.Field(t, "name") != "Renamed" || edited.Field(t, "base_url") != nil || edited.Field(t, "revoked_authorizations") != 0.0 {
				t.Errorf("edited: %s", edited.Body)
			}
			if gone := l.Must(t, 200, "DELETE "+path, nil); gone.Field(t, "revoked_authorizations") != 0.0 {
				t.Errorf("deleted: %s", gone.Body)
			}
			for _, call := range []string{"GET ", "DELETE "} {
				rulesRefused(t, l.API(t, call+path, nil), 404, lanyard.CodeNotFound)
			}
			rulesRefused(t, l.API(t, "PATCH "+path, object("name", "X")), 404, lanyard.CodeNotFound)
			l.Must(t, 201, "POST /v1/services", definition) // the name is free again
			for _, answer := range []*servertest.Answer{made, read, edited, l.Must(t, 200, "GET /v1/services", nil), l.Must(t, 200, "GET /v1/audit", nil)} {
				if strings.Contains(string(answer.Body), "SECRET") {
					t.Errorf("a secret is in the answer: %s", answer.Body)
				}
			}
		})
	}
}

// rulesEdit is a patch of a service with what comes of it. Status 200 is an edit that is saved.
type rulesEdit struct {
	name     string
	authType string
	patch    string
	status   int
	code     lanyard.Code
	pointers []string
	// keeps: with keep_connections=true it is saved too; otherwise that is refused, with these pointers.
	keeps bool
	moves []string
}

var rulesEdits = []rulesEdit{
	// What never changes.
	{"link name", "basic", `{"link_name":"other"}`, 409, "not_editable", []string{"/link_name"}, false, nil},
	{"kind", "basic", `{"kind":"default"}`, 409, "not_editable", []string{"/kind"}, false, nil},
	{"type", "basic", `{"auth":{"type":"aws_sigv4","aws_service":"s3","aws_region":"us-east-1"}}`, 409, "not_editable", []string{"/auth/type"}, false, nil},
	{"type, and nothing else named", "api_key", `{"auth":{"type":"basic"}}`, 409, "not_editable", []string{"/auth/type"}, false, nil},
	{"type, the rest removed", "api_key", `{"auth":{"type":"basic","parameters":null}}`, 409, "not_editable", []string{"/auth/type"}, false, nil},
	{"grant type", "oauth2", `{"auth":{"grant_type":"client_credentials"}}`, 409, "not_editable", []string{"/auth/grant_type"}, false, nil},
	{"all at once", "oauth2", `{"link_name":"other","auth":{"grant_type":"client_credentials","scopes":[{"name":"Read","value":"read"}]}}`, 409, "not_editable",
		[]string{"/auth/grant_type", "/auth/scopes/1", "/link_name"}, false, nil},

	// API-key parameters: edited and added, not deleted.
	{"parameter deleted", "api_key", `{"auth":{"parameters":[{"name":"X-Api-Key","display_name":"Key","param_type":"header","prefix":"Token "}]}}`, 409, "not_editable", []string{"/auth/parameters"}, false, nil},
	{"parameters null", "api_key", `{"auth":{"parameters":null}}`, 409, "not_editable", []string{"/auth/parameters"}, false, nil},
	{"parameter's display name", "api_key", `{"auth":{"parameters":[{"name":"X-Api-Key","display_name":"Your key","param_type":"header","prefix":"Token "},{"name":"app","display_name":"App","param_type":"query"}]}}`, 200, "", nil, true, nil},
	{"parameter's name", "api_key", `{"auth":{"parameters":[{"name":"X-Key","display_name":"Key","param_type":"header","prefix":"Token "},{"name":"app","display_name":"App","param_type":"query"}]}}`, 200, "", nil, false, []string{"/auth/parameters"}},
	{"parameter's place", "api_key", `{"auth":{"parameters":[{"name":"X-Api-Key","display_name":"Key","param_type":"query","prefix":"Token "},{"name":"app","display_name":"App","param_type":"query"}]}}`, 200, "", nil, false, []string{"/auth/parameters"}},
	{"parameter's prefix", "api_key", `{"auth":{"parameters":[{"name":"X-Api-Key","display_name":"Key","param_type":"header"},{"name":"app","display_name":"App","param_type":"query"}]}}`, 200, "", nil, false, []string{"/auth/parameters"}},
	{"parameter added", "api_key", `{"auth":{"parameters":[{"name":"X-Api-Key","display_name":"Key","param_type":"header","prefix":"Token "},{"name":"app","display_name":"App","param_type":"query"},{"name":"more","param_type":"form"}]}}`, 200, "", nil, false, []string{"/auth/parameters"}},

	// OAuth 2 scopes: added, neither edited nor deleted.
	{"scope deleted", "oauth2", `{"auth":{"scopes":[{"name":"Read","value":"read"}]}}`, 409, "not_editable", []string{"/auth/scopes/1"}, false, nil},
	{"scopes null", "oauth2", `{"auth":{"scopes":null}}`, 409, "not_editable", []string{"/auth/scopes/0", "/auth/scopes/1"}, false, nil},
	{"scope's name", "oauth2", `{"auth":{"scopes":[{"name":"Look","value":"read"},{"name":"Write","value":"write"}]}}`, 409, "not_editable", []string{"/auth/scopes/0"}, false, nil},
	{"scope's value", "oauth2", `{"auth":{"scopes":[{"name":"Read","value":"read"},{"name":"Write","value":"admin"}]}}`, 409, "not_editable", []string{"/auth/scopes/1"}, false, nil},
	{"scopes in another order", "oauth2", `{"auth":{"scopes":[{"name":"Write","value":"write"},{"name":"Read","value":"read"}]}}`, 409, "not_editable", []string{"/auth/scopes/0", "/auth/scopes/1"}, false, nil},
	{"scope added", "oauth2", `{"auth":{"scopes":[{"name":"Read","value":"read"},{"name":"Write","value":"write"},{"name":"Admin","value":"admin"}]}}`, 200, "", nil, true, nil},

	// Everything else.
	{"name", "basic", `{"name":"Acme 2"}`, 200, "", nil, true, nil},
	{"description", "basic", `{"description":"other"}`, 200, "", nil, true, nil},
	{"category", "basic", `{"category":null}`, 200, "", nil, true, nil},
	{"docs link", "basic", `{"docs_url":"https://acme.example/other"}`, 200, "", nil, true, nil},
	{"base URL", "basic", `{"base_url":"https://api.acme.example/v2"}`, 200, "", nil, false, []string{"/base_url"}},
	{"hosts", "basic", `{"hosts":["api.acme.example","other.acme.example"]}`, 200, "", nil, false, []string{"/hosts"}},
	{"verification URL", "basic", `{"verify_url":null}`, 200, "", nil, false, []string{"/verify_url"}},
	{"dynamic parameter", "basic", `{"dynamic_parameters":[{"key":"area"}]}`, 200, "", nil, false, []string{"/dynamic_parameters"}},
	{"name and base URL", "basic", `{"name":"Acme 2","base_url":null}`, 200, "", nil, false, []string{"/base_url"}},
	{"client secret", "oauth2", `{"auth":{"client_secret":"SECRET-new"}}`, 200, "", nil, true, nil},
	{"client id", "oauth2", `{"auth":{"client_id":"other"}}`, 200, "", nil, false, []string{"/auth/client_id"}},
	{"authorize URL", "oauth2", `{"auth":{"authorize_url":"https://acme.example/other"}}`, 200, "", nil, false, []string{"/auth/authorize_url"}},
	{"token URL", "oauth2", `{"auth":{"access_token_url":"https://acme.example/other"}}`, 200, "", nil, false, []string{"/auth/access_token_url"}},
	{"refresh URL", "oauth2", `{"auth":{"refresh_token_url":null}}`, 200, "", nil, false, []string{"/auth/refresh_token_url"}},
	{"revoke URL on a known host", "oauth2", `{"auth":{"revoke_token_url":"https://acme.example/end"}}`, 200, "", nil, true, nil},
	{"revoke URL elsewhere", "oauth2", `{"auth":{"revoke_token_url":"https://elsewhere.example/end"}}`, 200, "", nil, false, []string{"/auth/revoke_token_url"}},
	{"PKCE", "oauth2", `{"auth":{"pkce":false}}`, 200, "", nil, false, []string{"/auth/pkce"}},
	{"where the token goes", "oauth2", `{"auth":{"param_type":"query"}}`, 200, "", nil, false, []string{"/auth/param_type"}},
	{"authorize parameters", "oauth2", `{"auth":{"authorize_params":{"access_type":"offline"}}}`, 200, "", nil, false, []string{"/auth/authorize_params"}},
	{"consumer secret", "oauth1", `{"auth":{"consumer_secret":"SECRET-new"}}`, 200, "", nil, true, nil},
	{"consumer key", "oauth1", `{"auth":{"consumer_key":"other"}}`, 200, "", nil, false, []string{"/auth/consumer_key"}},
	{"signature method", "oauth1", `{"auth":{"signature_method":"HMAC-SHA256"}}`, 200, "", nil, false, []string{"/auth/signature_method"}},
	{"AWS region", "aws_sigv4", `{"auth":{"aws_region":"eu-central-1"}}`, 200, "", nil, false, []string{"/auth/aws_region"}},
	{"AWS service", "aws_sigv4", `{"auth":{"aws_service":"sqs"}}`, 200, "", nil, false, []string{"/auth/aws_service"}},

	// What is not valid, with the place.
	{"no name", "basic", `{"name":null}`, 400, "invalid_request", []string{"/name"}, false, nil},
	{"no hosts", "basic", `{"hosts":[]}`, 400, "invalid_request", []string{"/hosts"}, false, nil},
	{"hosts null", "basic", `{"hosts":null}`, 400, "invalid_request", []string{"/hosts"}, false, nil},
	{"base URL beside the hosts", "basic", `{"base_url":"https://evil.example"}`, 400, "invalid_request", []string{"/base_url"}, false, nil},
	{"unknown field", "basic", `{"naem":"X"}`, 400, "invalid_request", []string{"/naem"}, false, nil},
	{"unknown field of the auth", "basic", `{"auth":{"clientid":"X"}}`, 400, "invalid_request", []string{"/auth/clientid"}, false, nil},
	{"another type's field", "basic", `{"auth":{"client_id":"X"}}`, 400, "invalid_request", []string{"/auth/client_id"}, false, nil},
	{"no auth", "basic", `{"auth":null}`, 400, "invalid_request", []string{"/auth"}, false, nil},
	{"wrong type deep inside", "oauth2", `{"auth":{"scopes":[{"name":"Read","value":7}]}}`, 400, "invalid_request", []string{"/auth/scopes/0/value"}, false, nil},
	{"no client id", "oauth2", `{"auth":{"client_id":""}}`, 400, "invalid_request", []string{"/auth/client_id"}, false, nil},
	{"plain http", "oauth2", `{"auth":{"access_token_url":"http://acme.example/token"}}`, 400, "invalid_request", []string{"/auth/access_token_url"}, false, nil},
	{"two faults", "oauth2", `{"name":"","auth":{"authorize_url":""}}`, 400, "invalid_request", []string{"/auth/authorize_url", "/name"}, false, nil},
	{"not an object", "basic", `[]`, 400, "invalid_request", []string{""}, false, nil},
}

func TestServices_WhatCanBeEdited(t *testing.T) {
	l := servertest.Start(t)
	for i, e := range rulesEdits {
		t.Run(e.authType+" "+e.name, func(t *testing.T) {
			name := fmt.Sprintf("s%d", i)
			path := "/v1/services/" + name
			l.Must(t, 201, "POST /v1/services", rulesDefinition(name, e.authType))
			before := string(l.Must(t, 200, "GET "+path, nil).Body)
			unchanged := func() {
				t.Helper()
				if after := string(l.Must(t, 200, "GET "+path, nil).Body); after != before {
					t.Errorf("it was changed: before\n%s\nafter\n%s", before, after)
				}
			}
			if e.status != 200 {
				for _, query := range []string{"", "?keep_connections=true"} {
					rulesRefused(t, l.API(t, "PATCH "+path+query, e.patch), e.status, e.code, e.pointers...)
				}
				unchanged()
				return
			}
			kept := l.API(t, "PATCH "+path+"?keep_connections=true", e.patch)
			if !e.keeps {
				rulesRefused(t, kept, 400, lanyard.CodeInvalidRequest, e.moves...)
				unchanged()
				kept = l.API(t, "PATCH "+path, e.patch)
			}
			if kept.Status != 200 || kept.Field(t, "revoked_authorizations") != 0.0 {
				t.Fatalf("got %d %s", kept.Status, kept.Body)
			}
			if after := string(l.Must(t, 200, "GET "+path, nil).Body); after == before {
				t.Error("nothing was changed")
			}
		})
	}
}

// rulesStatuses checks how connections stand for a user.
func rulesStatuses(t testing.TB, l *servertest.Lanyard, key string, want map[string]string) {
	t.Helper()
	for name, status := range want {
		a := l.As(t, key, "GET /v1/connections/"+name, nil)
		reason, _ := a.Field(t, "status_reason").(string)
		if a.Status != 200 || a.Field(t, "status") != status {
			t.Errorf("%s: got %d %s, want %s", name, a.Status, a.Body, status)
		}
		if wants := status == "reconnect_required" || status == "revoked"; wants != (reason != "") {
			t.Errorf("%s is %s with the reason %q", name, status, reason)
		}
	}
}

func rulesInvoke(t testing.TB, l *servertest.Lanyard, key, connection string, headers ...string) *servertest.Answer {
	t.Helper()
	return l.As(t, key, "POST /v1/invoke", object("connection", connection, "url", "/x"), headers...)
}

func TestServices_EditsAndDeletionRevoke(t *testing.T) {
	l := tenancyPrepare(t)
	_, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "acme", "name", "Acme & Co"))
	l.Connect(t, tenancyService(t, up, "beside"), tenancyKey("k"))
	create := func(key, name string, pairs ...any) {
		t.Helper()
		body := object("link_name", name, "name", name, "service", "acme")
		maps.Copy(body, object(pairs...))
		if a := l.As(t, key, "POST /v1/connections", body); a.Status != 201 {
			t.Fatalf("make %s: %d %s", name, a.Status, a.Body)
		}
	}
	connect := func(key, name string) {
		t.Helper()
		if a := l.As(t, key, "POST /v1/connections/"+name+"/connect", tenancyKey("key-of-acme")); a.Status != 200 || a.Field(t, "status") != "connected" {
			t.Fatalf("connect %s: %d %s", name, a.Status, a.Body)
		}
	}
	create(l.Key, "one")
	create(l.Key, "each", "use_login_user_credentials", true)
	create(l.Key, "never")
	create(l.Key, "ended")
	create(anna, "annas")
	for _, name := range []string{"one", "each", "ended"} {
		connect(l.Key, name)
	}
	connect(anna, "annas")
	connect(anna, "each")
	l.Must(t, 200, "POST /v1/connections/ended/revoke", nil)
	all := func(status string) {
		t.Helper()
		rulesStatuses(t, l, l.Key, map[string]string{"one": status, "each": status, "never": "not_connected", "ended": "revoked", "beside": "connected"})
		rulesStatuses(t, l, anna, map[string]string{"annas": status, "each": status})
	}
	all("connected")

	t.Run("nothing changed", func(t *testing.T) {
		var whole map[string]any
		l.Must(t, 200, "GET /v1/services/acme", nil).JSON(t, &whole)
		definition := rulesDefinition("acme", "api_key")
		maps.DeleteFunc(whole, func(name string, _ any) bool { return name != "kind" && definition[name] == nil }) // what is told beside it
		for name, patch := range map[string]any{"empty": object(), "the same name": object("name", "Acme & Co"), "all of it": whole} {
			if a := l.Must(t, 200, "PATCH /v1/services/acme", patch); a.Field(t, "revoked_authorizations") != 0.0 {
				t.Errorf("%s: %s", name, a.Body)
			}
		}
		all("connected")
	})
	t.Run("keep_connections", func(t *testing.T) {
		if a := l.Must(t, 200, "PATCH /v1/services/acme?keep_connections=true", object("name", "Acme")); a.Field(t, "revoked_authorizations") != 0.0 {
			t.Errorf("got %s", a.Body)
		}
		all("connected")
		if a := rulesInvoke(t, l, l.Key, "one"); a.Status != 200 || up.header().Get("X-Api-Key") != "key-of-acme" {
			t.Errorf("invoke: %d %s", a.Status, a.Body)
		}
		rulesRefused(t, l.API(t, "PATCH /v1/services/acme?keep_connections=true", object("base_url", up.URL+"/v2")), 400, lanyard.CodeInvalidRequest, "/base_url")
		all("connected")
	})
	t.Run("a refused edit revokes nothing", func(t *testing.T) {
		rulesRefused(t, l.API(t, "PATCH /v1/services/acme", object("link_name", "other")), 409, lanyard.CodeNotEditable, "/link_name")
		rulesRefused(t, l.As(t, anna, "PATCH /v1/services/acme", object("base_url", up.URL+"/v2")), 403, lanyard.CodeForbidden)
		rulesRefused(t, l.As(t, anna, "DELETE /v1/services/acme", nil), 403, lanyard.CodeForbidden)
		all("connected")
	})
	t.Run("an edit", func(t *testing.T) {
		before := up.calls.Load()
		if a := l.Must(t, 200, "PATCH /v1/services/acme", object("base_url", up.URL+"/v2")); a.Field(t, "revoked_authorizations") != 4.0 {
			t.Errorf("got %s, want 4: one, annas, and each of two people", a.Body)
		}
		all("reconnect_required")
		for key, name := range map[string]string{l.Key: "one", anna: "each"} {
			a := rulesInvoke(t, l, key, name)
			rulesRefused(t, a, 409, lanyard.CodeReconnectRequired)
			if link, _ := a.Field(t, "connect_url").(string); !strings.HasPrefix(link, l.URL+"/connect/") || !strings.Contains(string(a.Body), "Acme was edited") {
				t.Errorf("%s: %s, want a link and what happened", name, a.Body)
			}
		}
		if n := up.calls.Load() - before; n != 0 {
			t.Errorf("%d calls left the building", n)
		}
		if a := l.Must(t, 200, "PATCH /v1/services/acme", object("base_url", up.URL+"/v3")); a.Field(t, "revoked_authorizations") != 0.0 {
			t.Errorf("a second edit: %s, want 0: nothing was connected", a.Body)
		}
	})
	t.Run("reconnected in place", func(t *testing.T) {
		for key, names := range map[string][]string{l.Key: {"one", "each"}, anna: {"annas", "each"}} {
			for _, name := range names {
				connect(key, name)
			}
		}
		all("connected")
		if a := rulesInvoke(t, l, anna, "each"); a.Status != 200 {
			t.Errorf("invoke: %d %s", a.Status, a.Body)
		}
	})
	t.Run("deletion", func(t *testing.T) {
		before := up.calls.Load()
		if a := l.Must(t, 200, "DELETE /v1/services/acme", nil); a.Field(t, "revoked_authorizations") != 4.0 {
			t.Errorf("got %s, want 4", a.Body)
		}
		all("revoked")
		if a := l.Must(t, 200, "GET /v1/connections/one", nil); !strings.Contains(string(a.Body), "The service acme was deleted") {
			t.Errorf("the reason: %s", a.Body)
		}
		// A service of the same name is another one: it must not get what was meant for the first.
		for range 2 {
			rulesRefused(t, rulesInvoke(t, l, l.Key, "one"), 409, lanyard.CodeNotConnected)
			rulesRefused(t, l.API(t, "POST /v1/connections/one/connect", tenancyKey("k")), 409, lanyard.CodeNotConnected)
			rulesRefused(t, l.API(t, "PATCH /v1/connections/one", object("name", "Other")), 409, lanyard.CodeConflict)
			l.API(t, "POST /v1/services", tenancyService(t, up, "acme"))
		}
		if n := up.calls.Load() - before; n != 0 {
			t.Errorf("%d calls left the building", n)
		}
		l.Must(t, 204, "DELETE /v1/connections/one", nil)
		rulesRefused(t, l.API(t, "GET /v1/connections/one", nil), 404, lanyard.CodeNotFound)
	})
}

func TestServices_OnlyTheAuthorEdits(t *testing.T) {
	l := tenancyPrepare(t)
	_, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, admin := l.Member(t, "admin@example.com", lanyard.RoleAdmin, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	if a := l.As(t, anna, "POST /v1/services", rulesDefinition("annas", "basic")); a.Status != 201 {
		t.Fatalf("create: %d %s", a.Status, a.Body)
	}
	for who, key := range map[string]string{"owner": l.Key, "admin": admin} {
		rulesRefused(t, l.As(t, key, "PATCH /v1/services/annas", object("name", "Mine")), 403, lanyard.CodeForbidden)
		rulesRefused(t, l.As(t, key, "DELETE /v1/services/annas", nil), 403, lanyard.CodeForbidden)
		if a := l.As(t, key, "GET /v1/services/annas", nil); a.Status != 200 {
			t.Errorf("%s cannot see it: %d", who, a.Status)
		}
		if a := l.As(t, key, "POST /v1/connections", object("link_name", "of_"+who, "name", "Mine", "service", "annas")); a.Status != 201 {
			t.Errorf("%s cannot use it: %d %s", who, a.Status, a.Body)
		}
	}
	if a := l.As(t, anna, "PATCH /v1/services/annas", object("name", "Anna's")); a.Status != 200 {
		t.Errorf("the author: %d %s", a.Status, a.Body)
	}
}

func TestLinkNamesAreTakenOnce(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil) // service and connection have a space each
	rulesRefused(t, l.API(t, "POST /v1/services", tenancyService(t, up, "acme")), 409, lanyard.CodeConflict, "/link_name")
	rulesRefused(t, l.API(t, "POST /v1/connections", object("link_name", "acme", "name", "Acme", "service", "acme")), 409, lanyard.CodeConflict, "/link_name")
	if services, connections := tenancyItems(t, l, l.Key, "/v1/services?kind=custom"), tenancyItems(t, l, l.Key, "/v1/connections"); len(services) != 1 || len(connections) != 1 {
		t.Errorf("there are %d services and %d connections", len(services), len(connections))
	}
	l.Must(t, 200, "POST /v1/connections/acme/connect", tenancyKey("k"))
	l.Must(t, 204, "DELETE /v1/connections/acme", nil)
	l.Must(t, 201, "POST /v1/connections", object("link_name", "acme", "name", "Acme", "service", "acme"))
	rulesStatuses(t, l, l.Key, map[string]string{"acme": "not_connected"})
}

func TestN05_LinkNames(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "base"))
	for name, good := range map[string]bool{
		"A": false, "1a": false, "_a": false, "a-b": false, "a b": false, "aB": false, "": false, strings.Repeat("a", 51): false, "аcme" /* Cyrillic */ : false,
		"ａ" /* full width */ : false, "é": false, "a\u200b": false, "a\n": false, "a.b": false, "a/b": false, "../a": false,
		"a": true, "a1_": true, strings.Repeat("a", 50): true, "null": true, "new": true, "connect": true, "go": true, "a__b": true,
	} {
		t.Run(fmt.Sprintf("N05 %q", name), func(t *testing.T) {
			service := tenancyService(t, up, name, "name", "Some name")
			connection := object("link_name", name, "name", "Some name", "service", "base")
			for call, body := range map[string]any{"POST /v1/services": service, "POST /v1/connections": connection} {
				a := l.API(t, call, body)
				if !good {
					rulesRefused(t, a, 400, lanyard.CodeInvalidRequest, "/link_name")
				} else if a.Status != 201 {
					t.Errorf("%s: got %d %s", call, a.Status, a.Body)
				}
			}
			if good {
				l.Must(t, 200, "GET /v1/services/"+name, nil)
				l.Must(t, 200, "GET /v1/connections/"+name, nil)
			}
		})
	}
}

// TestN06_NamesShownToPeople: 1 to 50 characters, counted as Unicode code points; something that can be seen; no blanks
// around it; no control or text-direction characters.
func TestN06_NamesShownToPeople(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "base"))
	for i, c := range []struct {
		name string
		good bool
	}{
		{strings.Repeat("ü", 50), true}, {strings.Repeat("ü", 51), false}, {strings.Repeat("🙂", 50), true}, {strings.Repeat("🙂", 51), false},
		{"", false}, {" ", false}, {"\u00a0\u2003", false}, {" Acme", false}, {"Acme ", false}, {"\u200b", false}, {"Ac\u202eme", false}, {"Ac\u2066me", false},
		{"Ac\nme", false}, {"Ac\tme", false}, {"Ac\u0007me", false}, {"Ac\u0085me", false}, {"Acme, live", true}, {"עברית", true}, {"<b>Acme</b>", true}, {"日本", true},
	} {
		t.Run(fmt.Sprintf("N06 %q", c.name), func(t *testing.T) {
			link := fmt.Sprintf("n%d", i)
			for call, body := range map[string]any{
				"POST /v1/services":    tenancyService(t, up, link, "name", c.name),
				"POST /v1/connections": object("link_name", link, "name", c.name, "service", "base"),
				"POST /v1/api_keys":    object("name", c.name),
			} {
				a := l.API(t, call, body)
				if !c.good {
					rulesRefused(t, a, 400, lanyard.CodeInvalidRequest, "/name")
				} else if a.Status != 201 || a.Field(t, "name") != c.name {
					t.Errorf("%s: got %d %s", call, a.Status, a.Body)
				}
			}
		})
	}
}

// rulesReplicas is two servers on one PostgreSQL, and a service's API.
func rulesReplicas(t testing.TB) (one, two *servertest.Lanyard, up *tenancyUpstream) {
	t.Helper()
	one = servertest.Start(t, func(c *server.Config) { c.Database = storetest.Postgres(t) })
	two = one.Replica(t)
	return one, two, newTenancyUpstream(t)
}

func TestH09_EditsAndDeletionsHoldOnAllReplicasAtOnce(t *testing.T) {
	one, two, up := rulesReplicas(t)
	for _, c := range []struct {
		name string
		at   *servertest.Lanyard // where it is done
		do   func(name string) *servertest.Answer
		code lanyard.Code
	}{
		{"service edited", one, func(n string) *servertest.Answer {
			return one.API(t, "PATCH /v1/services/"+n, object("base_url", up.URL+"/v2"))
		}, lanyard.CodeReconnectRequired},
		{"service edited on the other", two, func(n string) *servertest.Answer {
			return two.API(t, "PATCH /v1/services/"+n, object("base_url", up.URL+"/v2"))
		}, lanyard.CodeReconnectRequired},
		{"service deleted", one, func(n string) *servertest.Answer { return one.API(t, "DELETE /v1/services/"+n, nil) }, lanyard.CodeNotConnected},
		{"connection revoked", two, func(n string) *servertest.Answer { return two.API(t, "POST /v1/connections/"+n+"/revoke", nil) }, lanyard.CodeNotConnected},
		{"connection deleted", one, func(n string) *servertest.Answer { return one.API(t, "DELETE /v1/connections/"+n, nil) }, lanyard.CodeNotFound},
	} {
		t.Run("H09 "+c.name, func(t *testing.T) {
			name := "s" + strings.ReplaceAll(strings.ToLower(c.name), " ", "_")
			one.Connect(t, tenancyService(t, up, name), tenancyKey("k"))
			for range 3 { // warm on both
				for _, l := range []*servertest.Lanyard{one, two} {
					if a := rulesInvoke(t, l, l.Key, name); a.Status != 200 {
						t.Fatalf("before: %d %s", a.Status, a.Body)
					}
				}
			}
			if a := c.do(name); a.Status >= 300 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			done := time.Now()
			// Where it was done the very next call fails; elsewhere as soon as it is heard.
			if a := rulesInvoke(t, c.at, c.at.Key, name); a.Code() != string(c.code) {
				t.Errorf("the next call: got %d %s, want %s", a.Status, a.Body, c.code)
			}
			for _, l := range []*servertest.Lanyard{one, two} {
				await(t, "the replica forgets", func() bool { return rulesInvoke(t, l, l.Key, name).Code() == string(c.code) })
			}
			if took := time.Since(done); took > time.Second {
				t.Errorf("the replicas used it for %s more", took)
			}
			calls := up.calls.Load()
			for _, l := range []*servertest.Lanyard{one, two} {
				if a := l.API(t, "GET /v1/proxy/"+name+"/x", nil); a.Code() != string(c.code) {
					t.Errorf("the proxy: %d %s", a.Status, a.Body)
				}
			}
			if n := up.calls.Load() - calls; n != 0 {
				t.Errorf("%d calls left the building", n)
			}
		})
	}
	t.Run("H11 a deleted key", func(t *testing.T) {
		made := one.Must(t, 201, "POST /v1/api_keys", object("name", "short"))
		id, key := made.Field(t, "id").(string), made.Field(t, "key").(string)
		for _, l := range []*servertest.Lanyard{one, two} {
			if a := l.As(t, key, "GET /v1/me", nil); a.Status != 200 {
				t.Fatalf("before: %d %s", a.Status, a.Body)
			}
		}
		one.Must(t, 204, "DELETE /v1/api_keys/"+id, nil)
		done := time.Now()
		if a := one.As(t, key, "GET /v1/me", nil); a.Status != 401 {
			t.Errorf("the next call: %d", a.Status)
		}
		await(t, "the replica forgets the key", func() bool { return two.As(t, key, "GET /v1/me", nil).Status == 401 })
		if took := time.Since(done); took > time.Second {
			t.Errorf("the replica took it for %s more", took)
		}
	})
}

func TestH10_OneOfTwoCreatesWins(t *testing.T) {
	one, two, up := rulesReplicas(t)
	one.Must(t, 201, "POST /v1/services", tenancyService(t, up, "base"))
	for round := range 8 {
		for _, what := range []string{"services", "connections"} {
			name := fmt.Sprintf("race_%d", round)
			body := tenancyService(t, up, name)
			if what == "connections" {
				body = object("link_name", name, "name", name, "service", "base")
			}
			answers := make([]*servertest.Answer, 6)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i := range answers {
				l := []*servertest.Lanyard{one, two}[i%2]
				wg.Go(func() {
					<-start
					answers[i] = l.API(t, "POST /v1/"+what, body)
				})
			}
			close(start)
			wg.Wait()
			won := 0
			for _, a := range answers {
				switch {
				case a.Status == 201:
					won++
				case a.Status != 409 || a.Code() != "conflict":
					t.Errorf("H10 %s %s: got %d %s", what, name, a.Status, a.Body)
				}
			}
			if won != 1 {
				t.Errorf("H10 %s %s: %d creates won, want one", what, name, won)
			}
			for _, l := range []*servertest.Lanyard{one, two} {
				l.Must(t, 200, "GET /v1/"+what+"/"+name, nil)
			}
		}
	}
}

func TestConnections_EditRevokeDelete(t *testing.T) {
	l := tenancyPrepare(t)
	_, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil)
	patch := func(body any) *servertest.Answer {
		t.Helper()
		return l.Must(t, 200, "PATCH /v1/connections/acme", body)
	}
	connect := func(key string) {
		t.Helper()
		if a := l.As(t, key, "POST /v1/connections/acme/connect", tenancyKey("key-of-acme")); a.Status != 200 {
			t.Fatalf("connect: %d %s", a.Status, a.Body)
		}
	}
	status := func(key, want string) {
		t.Helper()
		rulesStatuses(t, l, key, map[string]string{"acme": want})
	}
	rulesHas(t, l.Must(t, 200, "GET /v1/connections/acme", nil), object("link_name", "acme", "name", "acme", "service", "acme", "scopes", []string{},
		"use_login_user_credentials", false, "origin", "user", "owner", string(l.UserID), "usable_by", "organization", "status", "not_connected", "status_reason", "", "expires_at", nil))
	rulesRefused(t, rulesInvoke(t, l, l.Key, "acme"), 409, lanyard.CodeNotConnected)
	rulesRefused(t, l.API(t, "POST /v1/connections/acme/revoke", nil), 409, lanyard.CodeNotConnected)
	connect(l.Key)

	t.Run("renaming keeps", func(t *testing.T) {
		if a := patch(object("name", "Acme, live")); a.Field(t, "name") != "Acme, live" || a.Field(t, "status") != "connected" {
			t.Errorf("got %s", a.Body)
		}
		if a := rulesInvoke(t, l, l.Key, "acme"); a.Status != 200 {
			t.Errorf("invoke: %d %s", a.Status, a.Body)
		}
	})
	t.Run("what is refused", func(t *testing.T) {
		for body, want := range map[string]struct {
			status   int
			code     lanyard.Code
			pointers []string
		}{
			`{"link_name":"other"}`:                     {409, lanyard.CodeNotEditable, []string{"/link_name"}},
			`{"service":"other"}`:                       {409, lanyard.CodeNotEditable, []string{"/service"}},
			`{"service":"other","link_name":"other"}`:   {409, lanyard.CodeNotEditable, []string{"/link_name", "/service"}},
			`{"scopes":["read"]}`:                       {400, lanyard.CodeInvalidRequest, []string{"/scopes/0"}},
			`{"usable_by":"everybody"}`:                 {400, lanyard.CodeInvalidRequest, []string{"/usable_by"}},
			`{"name":null}`:                             {400, lanyard.CodeInvalidRequest, []string{"/name"}},
			`{"name":7}`:                                {400, lanyard.CodeInvalidRequest, []string{"/name"}},
			`{"owner":"usr_A"}`:                         {400, lanyard.CodeInvalidRequest, []string{"/owner"}},
			`{"use_login_user_credentials":"yes"}`:      {400, lanyard.CodeInvalidRequest, []string{"/use_login_user_credentials"}},
			`{"name":"","usable_by":"","scopes":["x"]}`: {400, lanyard.CodeInvalidRequest, []string{"/name", "/scopes/0", "/usable_by"}},
		} {
			rulesRefused(t, l.API(t, "PATCH /v1/connections/acme", body), want.status, want.code, want.pointers...)
		}
		status(l.Key, "connected")
	})
	t.Run("usable by its owner", func(t *testing.T) {
		if a := rulesInvoke(t, l, anna, "acme"); a.Status != 200 || up.header().Get("X-Api-Key") != "key-of-acme" {
			t.Errorf("H06 a member's call runs with the owner's account: %d %s", a.Status, a.Body)
		}
		if a := patch(object("usable_by", "owner")); a.Field(t, "status") != "connected" {
			t.Errorf("got %s", a.Body)
		}
		before := up.calls.Load()
		rulesRefused(t, rulesInvoke(t, l, anna, "acme"), 404, lanyard.CodeNotFound)
		rulesRefused(t, l.As(t, anna, "GET /v1/proxy/acme/x", nil), 404, lanyard.CodeNotFound)
		if n := up.calls.Load() - before; n != 0 {
			t.Errorf("%d calls left the building", n)
		}
		if a := rulesInvoke(t, l, l.Key, "acme"); a.Status != 200 {
			t.Errorf("the owner: %d %s", a.Status, a.Body)
		}
		patch(object("usable_by", nil)) // a merge patch that removes it
		if a := rulesInvoke(t, l, anna, "acme"); a.Status != 200 {
			t.Errorf("usable by all again: %d %s", a.Status, a.Body)
		}
	})
	t.Run("the switch", func(t *testing.T) {
		patch(object("use_login_user_credentials", true))
		status(l.Key, "connected")
		before := up.calls.Load()
		a := rulesInvoke(t, l, anna, "acme")
		rulesRefused(t, a, 409, lanyard.CodeAuthorizationRequired)
		if n := up.calls.Load() - before; n != 0 {
			t.Errorf("H07: %d calls left the building", n)
		}
		connect(anna)
		patch(object("use_login_user_credentials", false))
		status(l.Key, "reconnect_required")
		rulesRefused(t, rulesInvoke(t, l, l.Key, "acme"), 409, lanyard.CodeReconnectRequired)
		rulesRefused(t, l.As(t, anna, "GET /v1/connections/acme", nil), 404, lanyard.CodeNotFound)
		connect(l.Key)
		status(l.Key, "connected")
	})
	t.Run("revoking, and connecting again in place", func(t *testing.T) {
		a := l.Must(t, 200, "POST /v1/connections/acme/revoke", nil)
		if a.Field(t, "status") != "revoked" || a.Field(t, "provider_confirmed") != false {
			t.Errorf("got %s", a.Body)
		}
		status(l.Key, "revoked")
		for range 2 {
			rulesRefused(t, rulesInvoke(t, l, l.Key, "acme"), 409, lanyard.CodeNotConnected)
			if a := l.Must(t, 200, "POST /v1/connections/acme/revoke", nil); a.Field(t, "status") != "revoked" {
				t.Errorf("revoking once more: %s", a.Body)
			}
		}
		connect(l.Key)
		if a := rulesInvoke(t, l, l.Key, "acme"); a.Status != 200 {
			t.Errorf("invoke: %d %s", a.Status, a.Body)
		}
	})
	t.Run("deletion", func(t *testing.T) {
		if a := l.Must(t, 204, "DELETE /v1/connections/acme", nil); len(a.Body) != 0 {
			t.Errorf("a body: %s", a.Body)
		}
		for _, call := range []string{"DELETE /v1/connections/acme", "GET /v1/connections/acme", "GET /v1/proxy/acme/x", "POST /v1/connections/acme/revoke"} {
			rulesRefused(t, l.API(t, call, nil), 404, lanyard.CodeNotFound)
		}
		rulesRefused(t, rulesInvoke(t, l, l.Key, "acme"), 404, lanyard.CodeNotFound)
	})
}

// TestConnections_NewScopesAskForConsentAgain does it with a provider: the tokens of before are given back to it.
func TestConnections_NewScopesAskForConsentAgain(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.SweepEvery = 20 * time.Millisecond })
	evil := providertest.Evil(t)
	l.Must(t, 201, "POST /v1/services", func() map[string]any {
		d := rulesDefinition("evil", "oauth2")
		maps.Copy(d, rotatingService(evil, "scopes", []any{object("name", "Read", "value", "read"), object("name", "Write", "value", "write")}))
		delete(d, "verify_url")
		return d
	}())
	l.Must(t, 201, "POST /v1/connections", object("link_name", "evil", "name", "Evil", "service", "evil", "scopes", []string{"read"}))
	reconnect(t, l)
	asked := func() string { all := evil.Authorize.Requests(); q := all[len(all)-1].Query(); return q.Get("scope") }
	if got := asked(); got != "read" {
		t.Errorf("asked for %q, want read", got)
	}
	for scopes, pointer := range map[string]string{`["read","delete"]`: "/scopes/1", `["read","read"]`: "/scopes/1", `"read"`: "/scopes"} {
		rulesRefused(t, l.API(t, "PATCH /v1/connections/evil", `{"scopes":`+scopes+`}`), 400, lanyard.CodeInvalidRequest, pointer)
	}
	if a := l.Must(t, 200, "PATCH /v1/connections/evil", object("scopes", []string{"read", "write"})); a.Field(t, "status") != "reconnect_required" || a.Field(t, "status_reason") == "" {
		t.Errorf("got %s", a.Body)
	}
	rulesRefused(t, call(t, l, evil), 409, lanyard.CodeReconnectRequired)
	if n := len(evil.Bearer.Requests()); n != 0 {
		t.Errorf("%d calls left the building", n)
	}
	await(t, "the tokens of before are revoked at the provider", func() bool { return len(evil.Revoke.Requests()) == 1 })
	reconnect(t, l)
	if got := asked(); got != "read write" {
		t.Errorf("asked for %q, want read write", got)
	}
	// Fewer scopes need no consent: the token that there is may do more than is asked for.
	if a := l.Must(t, 200, "PATCH /v1/connections/evil", object("scopes", []string{"write"})); a.Field(t, "status") != "connected" {
		t.Errorf("got %s", a.Body)
	}
	if a := call(t, l, evil); a.Status != 200 || a.Field(t, "status") != 200.0 {
		t.Errorf("invoke: %d %s", a.Status, a.Body)
	}
	if a := l.Must(t, 200, "POST /v1/connections/evil/revoke", nil); a.Field(t, "provider_confirmed") != true {
		t.Errorf("revoke: %s", a.Body)
	}
	evil.Revoke.Always(providertest.Answer{Status: http.StatusInternalServerError})
	reconnect(t, l)
	if a := l.Must(t, 200, "POST /v1/connections/evil/revoke", nil); a.Field(t, "provider_confirmed") != false {
		t.Errorf("revoke while the provider is down: %s", a.Body)
	}
}

func TestConnections_PagesOfTwo(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "acme"))
	add := func(name string) {
		l.Must(t, 201, "POST /v1/connections", object("link_name", name, "name", name, "service", "acme"))
	}
	for _, name := range []string{"g", "c", "a", "e", "b", "f", "d"} {
		add(name)
	}
	var got []string
	var sizes []int
	for cursor := ""; ; {
		a := l.Must(t, 200, "GET /v1/connections?limit=2&cursor="+cursor, nil)
		var page struct {
			Items []struct {
				LinkName string `json:"link_name"`
			} `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		a.JSON(t, &page)
		for _, item := range page.Items {
			got = append(got, item.LinkName)
		}
		sizes = append(sizes, len(page.Items))
		if len(sizes) == 2 {
			// What comes and goes before the cursor moves nothing behind it.
			add("aa")
			l.Must(t, 204, "DELETE /v1/connections/b", nil)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if want := []string{"a", "b", "c", "d", "e", "f", "g"}; !slices.Equal(got, want) || !slices.Equal(sizes, []int{2, 2, 2, 1}) {
		t.Errorf("got %v in pages of %v, want %v", got, sizes, want)
	}
	cursor := l.Must(t, 200, "GET /v1/connections?limit=2", nil).Field(t, "next_cursor").(string)
	other := "A"
	if cursor[0] == 'A' {
		other = "B"
	}
	for name, path := range map[string]string{
		"another list":    "/v1/services?cursor=" + cursor,
		"another view":    "/v1/connections?view=shared&cursor=" + cursor,
		"cut":             "/v1/connections?cursor=" + cursor[:len(cursor)-1],
		"changed":         "/v1/connections?cursor=" + other + cursor[1:],
		"of nobody":       "/v1/connections?cursor=AAAA",
		"not even base64": "/v1/connections?cursor=!",
	} {
		t.Run("cursor of "+name, func(t *testing.T) {
			rulesRefused(t, l.API(t, "GET "+path, nil), 400, lanyard.CodeInvalidRequest, "cursor")
		})
	}
}

// TestServices_AnyHost: a credential that may go anywhere is its author's own business only.
func TestServices_AnyHost(t *testing.T) {
	l := tenancyPrepare(t)
	_, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	up := newTenancyUpstream(t)
	port := hostOf(t, up.URL)[strings.LastIndex(hostOf(t, up.URL), ":"):]
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "anywhere", "hosts", []string{"*" + port}))
	choosing := func(name string, parameter map[string]any) {
		d := rulesDefinition(name, "oauth2")
		delete(d, "verify_url")
		d["base_url"], d["hosts"], d["dynamic_parameters"] = "https://{site}/api", []string{"{site}"}, []any{parameter}
		d["auth"].(map[string]any)["access_token_url"] = "https://{site}/token"
		l.Must(t, 201, "POST /v1/services", d)
	}
	choosing("chosen", object("key", "site", "format", "host"))
	choosing("limited", object("key", "site", "format", "host", "choices", []any{"one.example.com", "two.example.com"}))
	create := func(key, name, service string, each bool) *servertest.Answer {
		return l.As(t, key, "POST /v1/connections", object("link_name", name, "name", name, "service", service, "use_login_user_credentials", each))
	}
	for _, service := range []string{"anywhere", "chosen"} {
		t.Run(service, func(t *testing.T) {
			rulesRefused(t, create(anna, "annas_"+service, service, false), 400, lanyard.CodeInvalidRequest, "/service")
			rulesRefused(t, create(l.Key, "each_"+service, service, true), 400, lanyard.CodeInvalidRequest, "/use_login_user_credentials")
			rulesRefused(t, create(anna, "both_"+service, service, true), 400, lanyard.CodeInvalidRequest, "/service", "/use_login_user_credentials")
			if a := create(l.Key, "own_"+service, service, false); a.Status != 201 {
				t.Errorf("its author: %d %s", a.Status, a.Body)
			}
			rulesRefused(t, l.API(t, "PATCH /v1/connections/own_"+service, object("use_login_user_credentials", true)), 400, lanyard.CodeInvalidRequest, "/use_login_user_credentials")
		})
	}
	for _, a := range []*servertest.Answer{create(anna, "annas_limited", "limited", false), create(l.Key, "each_limited", "limited", true)} {
		if a.Status != 201 {
			t.Errorf("with choices: %d %s", a.Status, a.Body)
		}
	}
	// A service that many use cannot be opened to any host over their heads: they connect again, and cannot.
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "shared"))
	if a := create(anna, "annas", "shared", false); a.Status != 201 {
		t.Fatalf("create: %d %s", a.Status, a.Body)
	}
	if a := l.As(t, anna, "POST /v1/connections/annas/connect", tenancyKey("annas-key")); a.Status != 200 {
		t.Fatalf("connect: %d %s", a.Status, a.Body)
	}
	if a := l.Must(t, 200, "PATCH /v1/services/shared", object("hosts", []string{"*" + port})); a.Field(t, "revoked_authorizations") != 1.0 {
		t.Errorf("the edit: %s", a.Body)
	}
	rulesRefused(t, rulesInvoke(t, l, anna, "annas"), 409, lanyard.CodeReconnectRequired)
	if a := l.As(t, anna, "POST /v1/connections/annas/connect", tenancyKey("annas-key")); a.Status == 200 {
		t.Errorf("a member's credential was taken for a service that may send it anywhere: %s", a.Body)
	}
}

func TestUseCredentialsOfLoginUser(t *testing.T) {
	l := tenancyPrepare(t)
	annaID, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, bert := l.Member(t, "bert@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil)
	l.Must(t, 200, "PATCH /v1/connections/acme", object("use_login_user_credentials", true))
	l.Must(t, 200, "POST /v1/connections/acme/connect", tenancyKey("of-the-owner"))
	asAnna := []string{"Lanyard-User", string(annaID)}

	t.Run("nobody was asked yet", func(t *testing.T) {
		if shared := tenancyItems(t, l, anna, "/v1/connections?view=shared"); len(shared) != 0 {
			t.Errorf("shared: %v", shared)
		}
	})
	t.Run("H07 a user without an account of her own", func(t *testing.T) {
		for name, a := range map[string]*servertest.Answer{
			"her own key": rulesInvoke(t, l, anna, "acme"), "in her name": rulesInvoke(t, l, l.Key, "acme", asAnna...),
			"proxy": l.As(t, anna, "GET /v1/proxy/acme/x", nil),
		} {
			rulesRefused(t, a, 409, lanyard.CodeAuthorizationRequired)
			if a.Header.Get("Lanyard-Error") != "authorization_required" {
				t.Errorf("%s: Lanyard-Error is %q", name, a.Header.Get("Lanyard-Error"))
			}
			link, _ := a.Field(t, "connect_url").(string)
			if !strings.HasPrefix(link, l.URL+"/connect/") {
				t.Fatalf("%s: connect_url %q", name, link)
			}
			// The link is hers: it opens for her, and for nobody else.
			sign := func(key string) *http.Client {
				return servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
			}
			if page := servertest.Get(t, sign(anna), link); page.Status != 200 {
				t.Errorf("%s: the link opens with %d for her", name, page.Status)
			}
			if page := servertest.Get(t, sign(bert), link); page.Status != 403 {
				t.Errorf("%s: the link opens with %d for somebody else", name, page.Status)
			}
		}
		if up.calls.Load() != 0 {
			t.Errorf("%d calls left the building", up.calls.Load())
		}
		// She was asked to connect it, so she finds it there.
		if shared := tenancyItems(t, l, anna, "/v1/connections?view=shared"); len(shared) != 1 || shared[0]["link_name"] != "acme" || shared[0]["status"] != "not_connected" {
			t.Errorf("shared after being asked: %v", shared)
		}
	})
	t.Run("a key that acts for nobody", func(t *testing.T) {
		for _, a := range []*servertest.Answer{rulesInvoke(t, l, l.Key, "acme"), l.API(t, "GET /v1/proxy/acme/x", nil)} {
			rulesRefused(t, a, 400, lanyard.CodeLoginUserRequired)
		}
		if up.calls.Load() != 0 {
			t.Errorf("%d calls left the building", up.calls.Load())
		}
	})
	t.Run("after connecting", func(t *testing.T) {
		if a := l.As(t, anna, "POST /v1/connections/acme/connect", tenancyKey("of-anna")); a.Status != 200 {
			t.Fatalf("connect: %d %s", a.Status, a.Body)
		}
		for _, c := range []struct {
			key     string
			headers []string
			want    string
		}{{anna, nil, "of-anna"}, {l.Key, asAnna, "of-anna"}, {l.Key, []string{"Lanyard-User", string(l.UserID)}, "of-the-owner"}} {
			if a := rulesInvoke(t, l, c.key, "acme", c.headers...); a.Status != 200 || up.header().Get("X-Api-Key") != c.want {
				t.Errorf("got %d with %q, want %q", a.Status, up.header().Get("X-Api-Key"), c.want)
			}
		}
		shared := tenancyItems(t, l, anna, "/v1/connections?view=shared")
		if len(shared) != 1 || shared[0]["link_name"] != "acme" || shared[0]["status"] != "connected" || shared[0]["owner"] != string(l.UserID) {
			t.Errorf("shared: %v", shared)
		}
		if mine := tenancyItems(t, l, anna, "/v1/connections"); len(mine) != 0 {
			t.Errorf("her own: %v", mine)
		}
		if others := tenancyItems(t, l, bert, "/v1/connections?view=shared"); len(others) != 0 {
			t.Errorf("bert's: %v", others)
		}
	})
	t.Run("the owner sees who connected it, and nothing of their accounts", func(t *testing.T) {
		users := tenancyItems(t, l, l.Key, "/v1/connections/acme/users")
		if len(users) != 2 {
			t.Fatalf("users: %v", users)
		}
		for _, u := range users {
			if len(u) != 7 || u["status"] != "connected" || u["connected_at"] == nil {
				t.Errorf("a user as the owner sees them: %v", u)
			}
		}
		for name, a := range map[string]*servertest.Answer{"one of them": l.As(t, anna, "GET /v1/connections/acme/users", nil), "another": l.As(t, bert, "DELETE /v1/connections/acme/users/"+string(annaID), nil)} {
			if a.Status != 403 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	})
	t.Run("the owner takes a copy away", func(t *testing.T) {
		rulesRefused(t, l.API(t, "DELETE /v1/connections/acme/users/"+string(l.UserID), nil), 409, lanyard.CodeConflict)
		rulesRefused(t, l.API(t, "DELETE /v1/connections/acme/users/usr_A", nil), 404, lanyard.CodeNotFound)
		l.Must(t, 200, "DELETE /v1/connections/acme/users/"+string(annaID), nil)
		if shared := tenancyItems(t, l, anna, "/v1/connections?view=shared"); len(shared) != 0 {
			t.Errorf("shared: %v", shared)
		}
		before := up.calls.Load()
		rulesRefused(t, rulesInvoke(t, l, anna, "acme"), 409, lanyard.CodeAuthorizationRequired)
		if up.calls.Load() != before {
			t.Error("a call left the building with a credential that was taken away")
		}
		if a := rulesInvoke(t, l, l.Key, "acme", "Lanyard-User", string(l.UserID)); a.Status != 200 {
			t.Errorf("the owner's own: %d %s", a.Status, a.Body)
		}
		entries := tenancyItems(t, l, l.Key, "/v1/audit?action="+string(lanyard.ActionRemoveUser))
		if len(entries) != 1 || entries[0]["detail"].(map[string]any)["user"] != string(annaID) {
			t.Errorf("the audit log: %v", entries)
		}
		l.As(t, anna, "POST /v1/connections/acme/connect", tenancyKey("of-anna"))
	})
	t.Run("H08 revoke only", func(t *testing.T) {
		rulesRefused(t, l.As(t, anna, "PATCH /v1/connections/acme", object("name", "Hers")), 403, lanyard.CodeForbidden)
		rulesRefused(t, l.As(t, anna, "DELETE /v1/connections/acme", nil), 403, lanyard.CodeForbidden)
		l.Must(t, 200, "POST /v1/connections/acme/revoke", nil) // the owner's own, not hers
		rulesStatuses(t, l, l.Key, map[string]string{"acme": "revoked"})
		if a := rulesInvoke(t, l, anna, "acme"); a.Status != 200 || up.header().Get("X-Api-Key") != "of-anna" {
			t.Errorf("hers: %d %s", a.Status, a.Body)
		}
		if a := l.As(t, anna, "POST /v1/connections/acme/revoke", nil); a.Status != 200 {
			t.Errorf("revoke: %d %s", a.Status, a.Body)
		}
		rulesRefused(t, rulesInvoke(t, l, anna, "acme"), 409, lanyard.CodeAuthorizationRequired)
	})
}

func TestN01_JSONThroughTheAPI(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	const service, invoke = "POST /v1/services", "POST /v1/invoke"
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, c := range []struct {
		name, call, body string
		status           int
		pointers         []string
	}{
		{"2 MiB", service, `{"link_name":"` + strings.Repeat("a", 2<<20) + `"}`, 413, nil},
		{"64 MiB", invoke, `{"url":"/","body":"` + strings.Repeat("a", 64<<20) + `"}`, 413, nil},
		{"depth", service, `{"auth":` + strings.Repeat("[", 100_000), 400, []string{"/auth" + strings.Repeat("/0", 63)}},
		{"depth", invoke, `{"url":"/","body":` + deep(100_000) + `}`, 400, []string{"/body" + strings.Repeat("/a", 63)}},
		{"duplicate key", service, `{"link_name":"a","link_name":"b"}`, 400, []string{"/link_name"}},
		{"duplicate key, escaped", service, `{"name":"a","n\u0061me":"b"}`, 400, []string{"/name"}},
		{"duplicate key deep inside", service, `{"auth":{"type":"basic","type":"oauth2"}}`, 400, []string{"/auth/type"}},
		{"duplicate key", invoke, `{"url":"/","url":"//evil.example"}`, 400, []string{"/url"}},
		{"duplicate key in what is passed on", invoke, `{"url":"/","body":{"a":{"b":1,"b":2}}}`, 400, []string{"/body/a/b"}},
		{"duplicate header", invoke, `{"url":"/","headers":{"A":"1","A":"2"}}`, 400, []string{"/headers/A"}},
		{"NaN", service, `{"name":NaN}`, 400, []string{"/name"}},
		{"NaN", invoke, `{"url":"/","timeout_ms":NaN}`, 400, []string{"/timeout_ms"}},
		{"Infinity", invoke, `{"url":"/","body":{"n":-Infinity}}`, 400, []string{"/body/n"}},
		{"1e400", service, `{"auth":{"type":"oauth2","default_expires_in":1e400}}`, 400, []string{"/auth/default_expires_in"}},
		{"1e400", invoke, `{"url":"/","body":{"n":1e400}}`, 400, []string{"/body/n"}},
		{"fraction", invoke, `{"url":"/","timeout_ms":1.5}`, 400, []string{"/timeout_ms"}},
		{"beyond 64 bits", invoke, `{"url":"/","timeout_ms":99999999999999999999}`, 400, []string{"/timeout_ms"}},
		{"lone surrogate", service, `{"name":"\ud800"}`, 400, []string{"/name"}},
		{"lone surrogate in a key", service, `{"\udfff":1}`, 400, []string{""}},
		{"lone surrogate", invoke, `{"url":"/","body":"a\udc00\ud800"}`, 400, []string{"/body"}},
		{"not UTF-8", service, "{\"name\":\"\xff\"}", 400, []string{"/name"}},
		{"not UTF-8", invoke, "{\"url\":\"/\xc3\"}", 400, []string{"/url"}},
		{"NUL", service, `{"name":"a\u0000b","link_name":"a","hosts":["a.example"],"auth":{"type":"basic"}}`, 400, []string{"/name"}},
		{"BOM", service, "\ufeff{}", 400, []string{""}},
		{"BOM", invoke, "\ufeff{\"url\":\"/\"}", 400, []string{""}},
		{"trailing text", service, `{"link_name":"a","name":"A","hosts":["a.example"],"auth":{"type":"basic"}} {}`, 400, []string{""}},
		{"trailing text", invoke, `{"url":"/"}x`, 400, []string{""}},
		{"cut off", service, `{"link_name":"a`, 400, []string{"/link_name"}},
		{"wrong types", service, `{"link_name":1,"name":["A"],"hosts":"a.example","auth":[],"dynamic_parameters":{}}`, 400, []string{"/auth", "/dynamic_parameters", "/hosts", "/link_name", "/name"}},
		{"wrong types", invoke, `{"url":{},"headers":[],"files":{},"follow_redirects":"yes","body":7,"parameters":true}`, 400,
			[]string{"/body", "/files", "/follow_redirects", "/headers", "/parameters", "/url"}},
		{"null everywhere", service, `{"link_name":null,"name":null,"hosts":null,"auth":null}`, 400, []string{"/auth", "/hosts", "/link_name", "/name"}},
		{"null inside", service, `{"link_name":"a","name":"A","hosts":[null],"auth":{"type":null}}`, 400, []string{"/auth/type", "/hosts/0"}},
		{"null everywhere", invoke, `{"url":null,"headers":{"a":null},"type":null}`, 400, []string{"/headers/a", "/type", "/url"}},
		{"null", service, `null`, 400, []string{""}},
		{"null", invoke, `null`, 400, []string{""}},
		{"a text", service, `"{}"`, 400, []string{""}},
		{"a list", invoke, `[{"url":"/"}]`, 400, []string{""}},
		{"nothing", service, ``, 400, nil},
		{"comment", service, `{/* */}`, 400, []string{""}},
		{"name in another case", service, `{"Name":"A","link_name":"a","name":"A","hosts":["a.example"],"auth":{"type":"basic"}}`, 400, []string{"/Name"}},
		{"name in another case", invoke, `{"URL":"/","url":"/"}`, 400, []string{"/URL"}},
	} {
		t.Run("N01 "+c.name+" "+c.call, func(t *testing.T) {
			began := time.Now()
			a := l.API(t, c.call, c.body)
			want := "invalid_request"
			if c.status == 413 {
				want = "request_too_large"
			}
			if a.Status != c.status || a.Code() != want {
				t.Fatalf("got %d %.300s, want %d %s", a.Status, a.Body, c.status, want)
			}
			if got := rulesPointers(t, a); c.pointers != nil && !slices.Equal(got, c.pointers) {
				t.Errorf("got the pointers %q, want %q: %.300s", got, c.pointers, a.Body)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	if services := tenancyItems(t, l, l.Key, "/v1/services?kind=custom"); len(services) != 0 || up.calls.Load() != 0 {
		t.Errorf("there are %d services and %d calls", len(services), up.calls.Load())
	}
}
