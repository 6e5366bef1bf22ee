package lanyard_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

func TestDecodeKnown(t *testing.T) {
	type inner struct {
		A string `json:"a"`
		N *int   `json:"n,omitempty"`
	}
	type outer struct {
		Text    string                    `json:"text"`
		Flag    bool                      `json:"flag"`
		Count   int64                     `json:"count"`
		List    []inner                   `json:"list"`
		Map     map[lanyard.LinkName]bool `json:"map"`
		Any     any                       `json:"any"`
		Raw     json.RawMessage           `json:"raw"`
		Secret  lanyard.Secret            `json:"secret"`
		Pointer *inner                    `json:"pointer"`
		Hidden  string                    `json:"-"`
		Bare    string
	}
	seven := 7
	for _, c := range []struct {
		name, in string
		want     outer
		at       []string
	}{
		{"nothing", ` {} `, outer{}, nil},
		{"everything", `{"text": "é\n", "flag": true, "count": -9007199254740993, "list": [{"a": "x", "n": 7}, {}], "map": {"k": true}, "any": {"x": [1]}, "raw": {"y": 1}, "secret": "s", "pointer": {"a": "z"}}`,
			outer{Text: "é\n", Flag: true, Count: -9007199254740993, List: []inner{{A: "x", N: &seven}, {}}, Map: map[lanyard.LinkName]bool{"k": true}, Any: map[string]any{"x": []any{1.0}},
				Raw: json.RawMessage(`{"y": 1}`), Secret: lanyard.NewSecret("s"), Pointer: &inner{A: "z"}}, nil},
		{"null is left out", `{"text": null, "flag": null, "count": null, "list": null, "map": null, "any": null, "raw": null, "secret": null, "pointer": null}`, outer{}, nil},
		{"wrong types", `{"text": 1, "flag": "true", "count": 1.5, "list": {}, "map": [], "secret": 1, "pointer": "x"}`, outer{Pointer: &inner{}}, []string{"/text", "/flag", "/count", "/list", "/map", "/secret", "/pointer"}},
		{"inside", `{"list": [{}, {"a": 1, "b": 2}], "map": {"x/y": 1}, "pointer": {"n": "1"}}`, outer{List: []inner{{}, {}}, Map: map[lanyard.LinkName]bool{"x/y": false}, Pointer: &inner{N: new(int)}}, []string{"/list/1/a", "/list/1/b", "/map/x~1y", "/pointer/n"}},
		{"no field", `{"Hidden": "x", "-": "x", "Bare": "x", "": "x", "TEXT": "x"}`, outer{}, []string{"/Hidden", "/-", "/Bare", "/", "/TEXT"}},
		{"twice", `{"text": "a", "text": "b"}`, outer{Text: "a"}, []string{"/text"}},
		{"twice by an escape", `{"text": "a", "te\u0078t": "b"}`, outer{Text: "a"}, []string{"/text"}},
		{"integer out of range", `{"count": 9223372036854775808}`, outer{}, []string{"/count"}},
		{"not an object", `"x"`, outer{}, []string{""}},
		{"not JSON", `{"text": 'x'}`, outer{}, []string{""}},
		{"byte order mark", "\ufeff{}", outer{}, []string{""}},
		{"two documents", `{} {}`, outer{}, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got outer
			err := lanyard.DecodeKnown([]byte(c.in), &got)
			if diff := cmp.Diff(pointers(err), c.at); diff != "" {
				t.Errorf("pointers (-got +want):\n%s%v", diff, err)
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("decoded (-got +want):\n%s", diff)
			}
		})
	}
}
