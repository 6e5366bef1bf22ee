package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"lanyard"
)

// testSchemas are those of the real document.
func testSchemas() huma.Registry {
	r := huma.NewMapRegistry(schemaPrefix, schemaName)
	defineSchemas(r)
	r.Map()["Free"] = &huma.Schema{}
	return r
}

func TestN01_BodyOfWrongForm(t *testing.T) {
	schemas := testSchemas()
	service := func(auth string) string {
		return `{"link_name":"acme","name":"Acme","hosts":["a.example"],"auth":` + auth + `}`
	}
	basic := `{"type":"basic"}`
	for _, c := range []struct {
		name, schema, body string
		pointer, detail    string // of the first fault; no detail: there is none
	}{
		{"a right one", "NewService", service(basic), "", ""},
		{"blanks around", "NewService", " \r\n\t" + service(basic) + "\n", "", ""},

		{"empty text", "NewService", ``, "", "ends too early"},
		{"cut off", "NewService", `{"name":"Acme"`, "", "ends too early"},
		{"cut off in a text", "NewService", `{"name":"Ac`, "/name", "ends too early"},
		{"not JSON", "NewService", `name=Acme`, "", "cannot be read from byte"},
		{"single quotes", "NewService", `{'name':'Acme'}`, "", "cannot be read from byte"},
		{"comma at the end", "NewService", `{"name":"Acme",}`, "", "cannot be read from byte"},
		{"comment", "NewService", `{/* a */"name":"Acme"}`, "", "cannot be read from byte"},
		{"NaN", "InvokeRequest", `{"url":"/","timeout_ms":NaN}`, "/timeout_ms", "cannot be read from byte"},
		{"Infinity", "InvokeRequest", `{"url":"/","timeout_ms":-Infinity}`, "/timeout_ms", "cannot be read from byte"},
		{"1e400", "InvokeRequest", `{"url":"/","body":{"a":[1e400]}}`, "/body/a/0", "too large"},
		{"byte order mark", "NewService", "\xef\xbb\xbf" + service(basic), "", "byte order mark"},
		{"text after it", "NewService", service(basic) + ` x`, "", "follows the JSON value"},
		{"second value after it", "NewService", service(basic) + service(basic), "", "follows the JSON value"},
		{"NUL after it", "NewService", service(basic) + "\x00", "", "follows the JSON value"},
		{"key twice", "NewService", `{"name":"Acme","name":"Emca"}`, "/name", "stands twice"},
		{"key twice, escaped", "NewService", `{"name":"Acme","n\u0061me":"Emca"}`, "/name", "stands twice"},
		{"key twice, deep and free", "InvokeRequest", `{"url":"/","body":{"a":[{"x":1,"x":2}]}}`, "/body/a/0/x", "stands twice"},
		{"key in capitals", "NewService", `{"NAME":"Acme"}`, "/NAME", "no such field"},
		{"lone high surrogate", "NewService", `{"name":"a\ud83d"}`, "/name", "surrogate"},
		{"lone low surrogate", "NewService", `{"name":"\ude00a"}`, "/name", "surrogate"},
		{"high surrogate before another escape", "NewService", `{"name":"\ud83d\n"}`, "/name", "surrogate"},
		{"two high surrogates", "NewService", `{"name":"\ud83d\ud83d\ude00"}`, "/name", "surrogate"},
		{"lone surrogate in a key", "InvokeRequest", `{"url":"/","body":{"\ud83d":1}}`, "/body", "surrogate"},
		{"a pair", "InvokeRequest", `{"url":"/","body":"\\\ud83d\ude00\\ud83d"}`, "", ""},
		{"not UTF-8", "NewService", "{\"name\":\"a\xff\"}", "/name", "not UTF-8"},
		{"not UTF-8 in a key", "InvokeRequest", "{\"url\":\"/\",\"body\":{\"a\xff\":1}}", "/body", "not UTF-8"},
		{"NUL in a text", "NewService", `{"link_name":"a","hosts":[],"auth":{"type":"basic"},"name":"a\u0000b"}`, "/name", "NUL"},
		{"NUL in free JSON", "InvokeRequest", `{"url":"/","body":{"a":"\u0000"}}`, "", ""},
		{"64 deep", "Free", strings.Repeat("[", 64) + strings.Repeat("]", 64), "", ""},
		{"65 deep", "Free", strings.Repeat("[", 65) + strings.Repeat("]", 65), strings.Repeat("/0", 64), "nested"},
		{"a hundred thousand deep", "InvokeRequest", `{"url":"/","body":` + strings.Repeat(`{"a":`, 100_000), "/body" + strings.Repeat("/a", 63), "nested"},
		{"a hundred thousand deep before the type", "NewService", service(`{"x":` + strings.Repeat("[", 100_000)), "/auth/x" + strings.Repeat("/0", 62), "nested"},

		{"unknown field", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"owner_id":"x"}`, "/owner_id", "no such field"},
		{"unknown field with a slash and a tilde", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"a/b~c.d":1}`, "/a~1b~0c.d", "no such field"},
		{"unknown field, long", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"` + strings.Repeat("x", 5000) + `":1}`, "/" + strings.Repeat("x", 100) + "…", "no such field"},
		{"unknown field in a list", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"dynamic_parameters":[{"key":"d"},{"key":"e","kye":"f"}]}`, "/dynamic_parameters/1/kye", "no such field"},
		{"field of another type", "NewService", service(`{"type":"basic","client_id":"x"}`), "/auth/client_id", "no such field"},
		{"the type at the end", "NewService", service(`{"aws_service":"s3","aws_region":"eu-west-1","type":"aws_sigv4"}`), "", ""},
		{"no type", "NewService", service(`{}`), "/auth/type", "required, and one of: api_key, aws_sigv4, basic, oauth1, oauth2"},
		{"unknown type", "NewService", service(`{"type":"magic"}`), "/auth/type", "one of: api_key"},
		{"type of the wrong type", "NewService", service(`{"type":{"a":1}}`), "/auth/type", "one of: api_key"},
		{"auth is a text", "NewService", service(`"basic"`), "/auth", "an object"},
		{"missing field", "NewService", `{"name":"A","hosts":[],"auth":{"type":"basic"}}`, "/link_name", "required"},
		{"missing field of the type", "NewService", service(`{"type":"aws_sigv4","aws_service":"s3"}`), "/auth/aws_region", "required"},
		{"number for a text", "NewService", `{"link_name":1,"name":"A","hosts":[],"auth":{"type":"basic"}}`, "/link_name", "a text"},
		{"text for a list", "NewService", `{"link_name":"a","name":"A","hosts":"h","auth":{"type":"basic"}}`, "/hosts", "a list"},
		{"number in a list of texts", "NewService", `{"link_name":"a","name":"A","hosts":["h",7],"auth":{"type":"basic"}}`, "/hosts/1", "a text"},
		{"text for true", "InvokeRequest", `{"url":"/","follow_redirects":"true"}`, "/follow_redirects", "true or false"},
		{"fraction for a whole number", "InvokeRequest", `{"url":"/","timeout_ms":1.5}`, "/timeout_ms", "whole number"},
		{"2^63", "InvokeRequest", `{"url":"/","timeout_ms":9223372036854775808}`, "/timeout_ms", "whole number"},
		{"too small", "InvokeRequest", `{"url":"/","timeout_ms":-1}`, "/timeout_ms", "at least 0"},
		{"number for a text or object", "InvokeRequest", `{"url":"/","body":7}`, "/body", "a text or an object"},
		{"list for a body", "InvokeRequest", `{"url":"/","body":[1,{"a":null}]}`, "", ""},
		{"list for parameters", "InvokeRequest", `{"url":"/","parameters":[1]}`, "/parameters", "a text or an object"},
		{"list for the whole", "NewService", `[]`, "", "an object"},
		{"null for the whole", "NewService", `null`, "", "null"},
		{"null for a required text", "NewService", `{"link_name":null,"name":"A","hosts":[],"auth":{"type":"basic"}}`, "/link_name", "null"},
		{"null for an optional text", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"base_url":null}`, "/base_url", "leave it out instead, or give a text"},
		{"null for the auth", "NewService", service(`null`), "/auth", "null"},
		{"null in a map", "InvokeRequest", `{"url":"/","headers":{"A":null}}`, "/headers/A", "null"},
		{"null for a body", "InvokeRequest", `{"url":"/","body":null}`, "/body", "null"},
		{"null in a patch", "ServicePatch", `{"base_url":null,"auth":{"client_secret":null,"authorize_params":{"a":null}}}`, "", ""},
		{"patch of an unknown field", "ServicePatch", `{"auth":{"client_sceret":"x"}}`, "/auth/client_sceret", "no such field"},
		{"patch of the wrong type", "ServicePatch", `{"hosts":{}}`, "/hosts", "a list"},
		{"value out of the list", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"kind":"default"}`, "/kind", "one of: custom"},
		{"choice of both forms", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"dynamic_parameters":[{"key":"d","choices":["eu",{"value":"us","name":"USA"}]}]}`, "", ""},
		{"choice of neither form", "NewService", `{"link_name":"a","name":"A","hosts":[],"auth":{"type":"basic"},"dynamic_parameters":[{"key":"d","choices":[7]}]}`, "/dynamic_parameters/0/choices/0", "a text or an object"},
	} {
		t.Run("N01 "+c.name, func(t *testing.T) {
			err := checkBody([]byte(c.body), ref(c.schema), schemas)
			if c.detail == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var e *lanyard.Error
			if !errors.As(err, &e) || e.Code != lanyard.CodeInvalidRequest || len(e.Fields) == 0 {
				t.Fatalf("got %v", err)
			}
			if f := e.Fields[0]; f.Pointer != c.pointer || !strings.Contains(f.Detail, c.detail) {
				t.Errorf("got %+v, want %q with %q", e.Fields, c.pointer, c.detail)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	err := checkBody([]byte(`{"name":7,"hosts":[1,"b",2],"extra":true,"auth":{"type":"oauth1","pkce":1}}`), ref("NewService"), testSchemas())
	var e *lanyard.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Pointer)
	}
	want := "/name /hosts/0 /hosts/2 /extra /auth/pkce /auth/consumer_key /auth/request_token_url /auth/authorize_url /auth/access_token_url /link_name"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q\nwant %q", strings.Join(got, " "), want)
	}
}

func TestFaultsAreNotEndless(t *testing.T) {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, `,"x%d":1`, i)
	}
	err := checkBody([]byte(`{"url":"/"`+b.String()+`}`), ref("InvokeRequest"), testSchemas())
	var e *lanyard.Error
	if !errors.As(err, &e) || len(e.Fields) != maxFaults {
		t.Errorf("%d faults", len(e.Fields))
	}
}

func FuzzCheckBody(f *testing.F) {
	for _, body := range []string{
		`{"link_name":"a","name":"A","hosts":["h"],"auth":{"scopes":[{"name":"a","value":"b"}],"type":"oauth2"}}`,
		`{"a":"\ud83d\ude00","b":[1e5,null,true]}`, `{"a":1,"a":2}`, "\"\\ud800\"", "[[[[", `{"auth":{"type":`,
	} {
		f.Add([]byte(body))
	}
	schemas := testSchemas()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, s := range []*huma.Schema{ref("Free"), ref("NewService"), ref("ServicePatch"), ref("InvokeRequest")} {
			if checkBody(body, s, schemas) != nil {
				continue
			}
			// What is let through decodes, says one thing only, and loses nothing on the way.
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				t.Fatalf("let %q through, which does not decode: %v", body, err)
			}
			if !utf8.Valid(body) {
				t.Fatalf("let %q through, which is not UTF-8", body)
			}
			if again, err := json.Marshal(v); err == nil && strings.Contains(string(again), "\ufffd") &&
				!strings.Contains(string(body), "\ufffd") && !strings.Contains(strings.ToLower(string(body)), `\ufffd`) {
				t.Fatalf("let %q through, which decodes to something else: %q", body, again)
			}
		}
	})
}
