package registry

import (
	"encoding/json"
	"testing"

	"lanyard"
)

// TestMergePatch is the table of RFC 7396, appendix A.
func TestMergePatch(t *testing.T) {
	for _, c := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		document, err := decode([]byte(c.document))
		if err != nil {
			t.Fatal(err)
		}
		patch, err := decode([]byte(c.patch))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(mergePatch(document, patch))
		if err != nil || string(got) != c.want {
			t.Errorf("%s with %s: got %s (%v), want %s", c.document, c.patch, got, err, c.want)
		}
	}
}

func TestPatchedKeepsNumbersAsTheyAreWritten(t *testing.T) {
	got, err := patched(map[string]any{"a": 1}, []byte(`{"n":12345678901234567890.10}`))
	if err != nil || string(got) != `{"a":1,"n":12345678901234567890.10}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestPatchIsAnObject(t *testing.T) {
	for _, patch := range []string{`[]`, `null`, `"a"`, `1`, `{`, ``} {
		if got, err := patched(map[string]any{}, []byte(patch)); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
			t.Errorf("%q: got %s, %v, want invalid_request", patch, got, err)
		}
	}
}

func TestKeepsType(t *testing.T) {
	old := &lanyard.Service{Auth: lanyard.Auth{Type: lanyard.AuthBasic}}
	for patch, want := range map[string]lanyard.Code{
		`{"auth":{"type":"oauth2"}}`: lanyard.CodeNotEditable,
		`{"auth":{"type":"none"}}`:   lanyard.CodeNotEditable,
		`{"auth":{"type":"basic"}}`:  "",
		`{"auth":{"type":null}}`:     "",
		`{"auth":null}`:              "",
		`{"auth":7}`:                 "", // for others to complain of
		`{"name":"x"}`:               "",
	} {
		err := keepsType(old, []byte(patch))
		if want == "" && err != nil || want != "" && lanyard.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %q", patch, err, want)
		}
	}
}

func TestCallbackURL(t *testing.T) {
	if got, want := CallbackURL("https://lanyard.example.com", "org_A", "acme"), "https://lanyard.example.com/oauth/callback/org_A/acme"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
