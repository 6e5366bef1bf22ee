package function

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard"
)

// hook gives a function an address and returns its token.
func (w *world) hook(c *lanyard.Caller, name string) string {
	w.t.Helper()
	address, err := w.NewHook(w.t.Context(), c, name)
	w.must(err)
	token, ok := strings.CutPrefix(address.Reveal(), "https://lanyard.example/hooks/")
	if !ok || len(token) < 26 {
		w.t.Fatalf("the address is %s", address.Reveal())
	}
	return token
}

func TestAHookIsAnsweredByTheFunction(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "greet", greet)
	first := w.hook(w.member, "greet")
	call := func(token string) (*lanyard.FunctionRun, error) {
		return w.RunHook(t.Context(), token, Message{Method: "POST", Header: http.Header{}, Body: []byte(`{"name": "Ada", "times": 2, "more": 1}`)})
	}
	r, err := call(first)
	w.must(err)
	if r.Status != lanyard.RunOK || r.Cause != lanyard.CauseHook || r.User != w.member.User || string(r.Report.Result) != `{"greeting":"Hello Ada","times":2}` {
		t.Errorf("the run is %+v", r)
	}
	second := w.hook(w.member, "greet")
	_, err = call(first)
	wantCode(t, err, lanyard.CodeNotFound)
	_, err = call(second)
	w.must(err)
	w.must(w.RemoveHook(t.Context(), w.member, "greet"))
	w.must(w.RemoveHook(t.Context(), w.member, "greet"))
	for _, token := range []string{first, second, "", "\x00"} {
		_, err := call(token)
		wantCode(t, err, lanyard.CodeNotFound)
	}
}

// What the function says when it fails is in its record, and is not told to whoever called the address.
func TestAHookTellsNothingOfAFailure(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "fails", `info "inside"; x = 1 / 0;`)
	r, err := w.RunHook(t.Context(), w.hook(w.member, "fails"), Message{Method: "POST"})
	wantCode(t, err, lanyard.CodeFunctionFailed)
	if text := err.Error(); !strings.Contains(text, string(r.ID)) || strings.Contains(text, "inside") || strings.Contains(strings.ToLower(text), "zero") {
		t.Errorf("it is told: %s", text)
	}
	kept, err := w.RunOf(t.Context(), w.member, r.ID)
	w.must(err)
	if kept.Status != lanyard.RunFailed || kept.Report.Error == nil || kept.Report.Error.Line != 1 {
		t.Errorf("the record is %+v", kept.Report)
	}
}

func TestArgumentsOfAMessage(t *testing.T) {
	parameters := []lanyard.ScriptParameter{{Name: "name", Type: "string"}, {Name: "times", Type: "int"}}
	const form, js = "application/x-www-form-urlencoded", "application/json"
	for what, c := range map[string]struct{ query, mediaType, body, name, times string }{
		"JSON":                      {"", js, `{"name":"Ada","times":2,"other":{}}`, `"Ada"`, `2`},
		"JSON that says otherwise":  {"", "text/plain", `{"name":"Ada"}`, `"Ada"`, `null`},
		"a form":                    {"", form + "; charset=utf-8", "name=Ada&times=2&name=Eve", `"Ada"`, `"2"`},
		"the query":                 {"name=Ada&times=2", "", "", `"Ada"`, `"2"`},
		"the body before the query": {"name=Eve&times=2", js, `{"name":"Ada"}`, `"Ada"`, `"2"`},
		"a list has no fields":      {"name=Ada", js, `[1,2]`, `"Ada"`, `null`},
		"a broken body":             {"", js, `{"name":`, `null`, `null`},
		"nothing":                   {"", "", "", `null`, `null`},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		m := Message{Method: "POST", Header: http.Header{"Content-Type": {c.mediaType}}, Query: query, Body: []byte(c.body)}
		got := m.arguments(parameters)
		if len(got) != 2 || string(got["name"]) != c.name || string(got["times"]) != c.times {
			t.Errorf("%s: %s", what, got)
		}
	}
}

func TestTheRequestOfAMessage(t *testing.T) {
	m := Message{
		Method: "POST", Query: url.Values{"a": {"1", "2"}}, Body: []byte(`{"deep":[1,{"x":null}]}`),
		Header: http.Header{"X-Signature": {"sha256=ab"}, "Accept": {"a", "b"}, "Cookie": {"lanyard=SECRET"}},
	}
	ask := func(typ string) string {
		return string(m.arguments([]lanyard.ScriptParameter{{Name: "request", Type: typ}})["request"])
	}
	const want = `{"method":"POST","headers":{"accept":"a, b","x-signature":"sha256=ab"},"params":{"a":"1"},"body":"{\"deep\":[1,{\"x\":null}]}","json":{"deep":[1,{"x":null}]}}`
	if got := ask("map"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := ask("string"); got != "null" {
		t.Errorf("of another type it is %s", got)
	}
	m.Body = []byte("not JSON \xff")
	var r struct {
		Body string
		JSON any
	}
	if err := json.Unmarshal([]byte(ask("map")), &r); err != nil || r.JSON != nil || r.Body != "not JSON \uFFFD" {
		t.Errorf("of a text it is %+v, %v", r, err)
	}
}

func TestAnAddressIsNotCalledTooOften(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "sync", "info 1;")
	w.function(w.member, "other", "info 1;")
	token, other := w.hook(w.member, "sync"), w.hook(w.member, "other")
	call := func(token string) error {
		_, err := w.RunHook(t.Context(), token, Message{Method: "POST"})
		return err
	}
	for range hookBurst {
		w.must(call(token))
	}
	wantCode(t, call(token), lanyard.CodeRateLimited)
	w.must(call(other))
	w.pass(time.Second)
	w.must(call(token))
	if n := len(w.runs("sync")); n != 50 { // a page
		t.Errorf("there are %d runs on the first page", n)
	}
}

func TestMessagesGoRoundInNoCircle(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "sync", "info 1;")
	_, err := w.RunHook(t.Context(), w.hook(w.member, "sync"), Message{Method: "POST", Depth: MaxDepth + 1})
	wantCode(t, err, lanyard.CodeInvalidRequest)
	_, err = w.Run(t.Context(), w.member, "sync", RunRequest{Depth: MaxDepth + 1})
	wantCode(t, err, lanyard.CodeInvalidRequest)
}
