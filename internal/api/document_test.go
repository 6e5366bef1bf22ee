package api_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lanyard/internal/api"
	"lanyard/internal/problem"
)

type object = map[string]any

// document reads the document as it is served.
func document(t *testing.T, w *world) object {
	t.Helper()
	a := w.call("GET", "/openapi.json", "", "Authorization", "")
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, %v", a.status, a.header)
	}
	var d object
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenAPIDocument(t *testing.T) {
	w := newWorld(t)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(w.call("GET", "/openapi.json", "").body), "", " "); err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", pretty.String()+"\n")
}

// operations walks over all operations of the document.
func operations(d object, visit func(name string, op object)) {
	for path, item := range d["paths"].(object) {
		for method, op := range item.(object) {
			visit(strings.ToUpper(method)+" "+path, op.(object))
		}
	}
}

func TestDocumentSaysEverything(t *testing.T) {
	d := document(t, newWorld(t))
	schemas := d["components"].(object)["schemas"].(object)
	operations(d, func(name string, op object) {
		for _, member := range []string{"operationId", "summary", "tags"} {
			if op[member] == nil {
				t.Errorf("%s has no %s", name, member)
			}
		}
		params, _ := op["parameters"].([]any)
		for _, p := range params {
			if p.(object)["description"] == nil {
				t.Errorf("%s: the parameter %s is not described", name, p.(object)["name"])
			}
		}
		if body, ok := op["requestBody"].(object); ok {
			for mediaType, media := range body["content"].(object) {
				check(t, schemas, name+" request "+mediaType, media.(object)["schema"], media.(object)["example"])
			}
		}
		for status, r := range op["responses"].(object) {
			if r.(object)["description"] == nil {
				t.Errorf("%s: the answer %s is not described", name, status)
			}
			content, _ := r.(object)["content"].(object)
			if media, ok := content["application/json"].(object); ok && media["schema"] != nil {
				check(t, schemas, name+" answer "+status, media["schema"], media["example"])
			}
		}
	})
	for name, s := range schemas {
		properties, _ := s.(object)["properties"].(object)
		for property, p := range properties {
			if p.(object)["description"] == nil && p.(object)["$ref"] == nil {
				t.Errorf("%s.%s is not described", name, property)
			}
		}
	}
}

// check compares an example with its schema, in a few lines of its own so that a mistake cannot agree with itself.
func check(t *testing.T, schemas object, at string, schema, v any) {
	t.Helper()
	if v == nil {
		t.Errorf("%s: there is no example", at)
		return
	}
	s := schema.(object)
	for s["$ref"] != nil {
		s = schemas[strings.TrimPrefix(s["$ref"].(string), "#/components/schemas/")].(object)
	}
	if d, ok := s["discriminator"].(object); ok {
		name := v.(object)[d["propertyName"].(string)].(string)
		check(t, schemas, at, object{"$ref": d["mapping"].(object)[name]}, v)
		return
	}
	if s["type"] == nil {
		return // a text, an object or a list; or anything
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, v) {
		t.Errorf("%s: %v is not one of %v", at, v, enum)
	}
	switch v := v.(type) {
	case object:
		properties, _ := s["properties"].(object)
		for name, member := range v {
			switch rest := s["additionalProperties"].(type) {
			case object:
				check(t, schemas, at+"/"+name, rest, member)
			default:
				if properties[name] == nil {
					t.Errorf("%s: the example has a field %s that the schema has not", at, name)
				} else if member != nil {
					check(t, schemas, at+"/"+name, properties[name], member)
				}
			}
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				t.Errorf("%s: the example lacks %s", at, name)
			}
		}
	case []any:
		for _, item := range v {
			check(t, schemas, at+"/-", s["items"], item)
		}
	case string:
		if s["type"] != "string" && !strings.Contains(strings.Join(types(s), " "), "string") {
			t.Errorf("%s: a text where the schema has %v", at, s["type"])
		}
	case float64:
		if s["type"] != "integer" && s["type"] != "number" {
			t.Errorf("%s: a number where the schema has %v", at, s["type"])
		}
	}
}

func types(s object) []string {
	list, _ := s["type"].([]any)
	var names []string
	for _, t := range list {
		names = append(names, t.(string))
	}
	return names
}

// TestAnswersAreAsDocumented compares what is really answered with the schemas.
func TestAnswersAreAsDocumented(t *testing.T) {
	w := newWorld(t)
	w.simple("acme", "http://127.0.0.1:9")
	d := document(t, w)
	schemas := d["components"].(object)["schemas"].(object)
	for _, auth := range []string{
		`{"type":"basic"}`,
		`{"type":"oauth1","consumer_key":"k","consumer_secret":"s","request_token_url":"https://a.example/r","authorize_url":"https://a.example/a","access_token_url":"https://a.example/t"}`,
		`{"type":"oauth2","grant_type":"client_credentials","client_id":"c","client_secret":"s","access_token_url":"https://a.example/t","token_prefix":"","authorize_params":{"a":"b"},"refresh_statuses":[403],"default_expires_in":60}`,
		`{"type":"aws_sigv4","aws_service":"s3","aws_region":"eu-west-1"}`,
	} {
		w.must("POST", "/v1/services", `{"link_name":"s`+string(regexp.MustCompile(`[a-z0-9_]+`).FindAll([]byte(auth), 2)[1])+`","name":"S","hosts":["a.example"],"docs_url":"https://a.example","dynamic_parameters":[{"key":"d","choices":["eu",{"value":"us","name":"USA"}]}],"auth":`+auth+`}`)
	}
	for _, c := range []struct{ method, path, body, operation, status string }{
		{"GET", "/v1/me", "", "GET /v1/me", "200"},
		{"GET", "/v1/services", "", "GET /v1/services", "200"},
		{"GET", "/v1/services/soauth2", "", "GET /v1/services/{link_name}", "200"},
		{"PATCH", "/v1/services/soauth1", `{"name":"T"}`, "PATCH /v1/services/{link_name}", "200"},
		{"GET", "/v1/services?kind=default", "", "GET /v1/services", "200"},
		{"PUT", "/v1/services/trello/client", `{"client_id":"c","client_secret":"s"}`, "PUT /v1/services/{link_name}/client", "200"},
		{"GET", "/v1/connections", "", "GET /v1/connections", "200"},
		{"POST", "/v1/connections/acme_live/connect", "{}", "POST /v1/connections/{link_name}/connect", "200"},
		{"POST", "/v1/connections/acme_live/revoke", "", "POST /v1/connections/{link_name}/revoke", "200"},
		{"DELETE", "/v1/services/acme", "", "DELETE /v1/services/{link_name}", "200"},
		{"POST", "/v1/api_keys", `{"name":"k"}`, "POST /v1/api_keys", "201"},
		{"GET", "/v1/api_keys", "", "GET /v1/api_keys", "200"},
		{"POST", "/v1/invitations", `{"role":"admin"}`, "POST /v1/invitations", "201"},
		{"GET", "/v1/invitations", "", "GET /v1/invitations", "200"},
		{"POST", "/v1/sign_in_links", "", "POST /v1/sign_in_links", "201"},
		{"GET", "/v1/audit", "", "GET /v1/audit", "200"},
	} {
		t.Run(c.operation, func(t *testing.T) {
			method, path, _ := strings.Cut(c.operation, " ")
			op := d["paths"].(object)[path].(object)[strings.ToLower(method)].(object)
			schema := op["responses"].(object)[c.status].(object)["content"].(object)["application/json"].(object)["schema"]
			check(t, schemas, c.operation, schema, w.must(c.method, c.path, c.body))
		})
	}
	a := w.call("GET", "/v1/connections/none", "")
	var v object
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatal(err)
	}
	check(t, schemas, "problem", object{"$ref": "#/components/schemas/Problem"}, v)
}

// TestWhatWasReadCanBeSentAgain: the definition inside what GET gives makes another service.
func TestWhatWasReadCanBeSentAgain(t *testing.T) {
	w := newWorld(t)
	w.must("POST", "/v1/services", `{"link_name":"one","name":"One","hosts":["a.example"],"auth":{"type":"oauth2","grant_type":"client_credentials","client_id":"c","client_secret":"s","access_token_url":"https://a.example/t"}}`)
	v := w.must("GET", "/v1/services/one", "")
	for _, name := range []string{"callback_url", "author", "created_at", "updated_at", "affected"} {
		delete(v, name)
	}
	v["link_name"] = "two"
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	w.must("POST", "/v1/services", string(body))
	auth := w.must("GET", "/v1/services/two", "")["auth"].(object)
	if auth["client_secret_set"] != false || auth["client_secret_fingerprint"] != "" {
		t.Errorf("a secret came along: %v", auth)
	}
}

func TestDocsPage(t *testing.T) {
	w := newWorld(t)
	a := w.call("GET", "/docs", "", "Authorization", "")
	h := a.header
	if a.status != 200 || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("status %d, %v", a.status, h)
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("I02: the policy lacks %s: %s", want, policy)
		}
	}
	if bad := regexp.MustCompile(`<script|<style| style=| on[a-z]+=|javascript:|https?://[^"< ]*\.(?:js|css)\b`).FindString(a.body); bad != "" {
		t.Errorf("I02: the page holds %q", bad)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s stands twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(` href="#([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to #%s, which is not there", m[1])
		}
	}
	for _, k := range problem.Kinds() {
		if !ids["code-"+string(k.Code)] {
			t.Errorf("the code %s is not on the page, although problem documents point there", k.Code)
		}
	}
	operations(document(t, w), func(name string, op object) {
		id := op["operationId"].(string)
		if strings.HasPrefix(id, "proxy_") {
			id = "proxy"
		}
		if !ids[id] {
			t.Errorf("%s is not on the page", name)
		}
	})
	css := regexp.MustCompile(`href="(/docs/[^"]*\.css)"`).FindStringSubmatch(a.body)
	if css == nil {
		t.Fatal("the page has no style sheet")
	}
	sheet := w.call("GET", css[1], "", "Authorization", "")
	if sheet.status != 200 || sheet.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(sheet.header.Get("Cache-Control"), "immutable") {
		t.Errorf("style sheet: %d %v", sheet.status, sheet.header)
	}
	if strings.Contains(sheet.body, "url(") || strings.Contains(sheet.body, "@import") {
		t.Error("the style sheet loads something else")
	}
}

// TestDocsOfAnOddURL: what the operator typed in stands on the page as text.
func TestDocsOfAnOddURL(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.PublicURL = `https://a.example/"><script>alert(1)</script>` })
	if a := w.call("GET", "/docs", ""); strings.Contains(a.body, "<script") {
		t.Error("the public URL is markup on the page")
	}
}
