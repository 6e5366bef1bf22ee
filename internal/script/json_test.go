package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// toMap, toJSONList and getJSON read JSON, and what people write for it.
func TestLenientJSON(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"JSON", `{"a": [1, 2.50, "x", true, null, {}]}`, `{"a":[1,2.50,"x",true,null,{}]}`},
		{"keys keep their order", `{"b": 1, "a": 2}`, `{"b":1,"a":2}`},
		{"no quotes", `{company:Zoho}`, `{"company":"Zoho"}`},
		{"words with blanks", `{ full name : Zoho Corporation , n: 5 }`, `{"full name":"Zoho Corporation","n":5}`},
		{"an address", `{url:https://example.com/a?b=c}`, `{"url":"https://example.com/a?b=c"}`},
		{"single quotes", `{'a': 'say "x"', 'it\'s': 'b'}`, `{"a":"say \"x\"","it's":"b"}`},
		{"a comma too much", `{"a": [1, 2,],}`, `{"a":[1,2]}`},
		{"digits that are no number", `{zip: 00501, phone: +1 23}`, `{"zip":"00501","phone":"+1 23"}`},
		{"a key twice", `{"a": 1, "b": 2, "a": 3}`, `{"a":3,"b":2}`},
		{"escapes", `{"a": "\u00fc\ud83d\ude00\n"}`, `{"a":"ü😀\n"}`},
		{"a whole number that is too large", `{"a": 9223372036854775808}`, `{"a":9223372036854775808}`},
		{"an exponent", `{"a": 1.5e3}`, `{"a":1500}`},
		{"nothing", ``, ""}, {"a text", `"a"`, ""}, {"a list", `[1]`, ""}, {"not closed", `{"a": 1`, ""}, {"no value", `{a:}`, ""}, {"no colon", `{a}`, ""}, {"no key", `{:1}`, ""},
		{"a text that is not closed", `{"a": "b}`, ""}, {"more behind it", `{} {}`, ""}, {"the wrong bracket", `{"a": [1}]`, ""}, {"an exponent beyond reason", `{"a": 1e9999999}`, ""}, {"no escape", `{"a": "\x"}`, ""},
		{"nested too deep", strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300), ""},
		{"5 MB and more", `{"a": "` + strings.Repeat("a", maxJSON) + `"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ranWith(t, `info s.toMap().toString();`, Limits{}, Text(c.text))
			if c.want == "" {
				if err == nil || err.Error() != "Error at line : 1, Invalid JSON Format String" {
					t.Errorf("printed %s, %v", got, err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("printed %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

// ranWith is ran for a body with the parameter s.
func ranWith(t testing.TB, body string, limits Limits, s Value) (string, error) {
	t.Helper()
	parsed, err := Parse("void f(" + map[Kind]string{KindText: "string", KindFile: "file", KindMap: "map", KindList: "list"}[s.Kind()] + " s) { " + body + " }")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsed.Run(t.Context(), Settings{Limits: limits}, s)
	return strings.Join(got.Output, "\n"), err
}

// O02: a few bytes of JSON are many of values. What they take is counted while they are made.
func TestO02_JSONThatGrows(t *testing.T) {
	for name, text := range map[string]string{"lists": "[],", "maps": `{"":1},`, "numbers": "0,"} {
		text = "[" + strings.Repeat(text, 100_000) + "1]"
		if got, err := ranWith(t, `info s.toJSONList().size();`, Limits{Memory: 6 << 20}, Text(text)); err == nil || !strings.Contains(err.Error(), "its values take more than 6 MiB") {
			t.Errorf("%s: printed %s, %v", name, got, err)
		}
	}
	if _, err := FromJSON([]byte("[" + strings.Repeat("[],", 600_000) + "1]")); !errors.Is(err, errTooLarge) {
		t.Errorf("FromJSON: %v", err)
	}
}

// FromJSON and the standard library agree on what is JSON, and on what it says.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5, "x\u00fc\ud800", true, null, {}]}`, `[1 2]`, `{"a" 1}`, `"\/"`, `1e5`, `-0`, `[]]`, ` {} `, "[\"\t\"]", `{"a":1,"a":2}`, `{a:1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := FromJSON(data)
		if err != nil {
			if json.Valid(data) && bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) < maxDepth && bytes.Count(data, []byte("e"))+bytes.Count(data, []byte("E")) == 0 && len(data) < maxDigits {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		if a, b := decodedJSON(t, data), decodedJSON(t, []byte(v.JSON())); !reflect.DeepEqual(a, b) {
			t.Errorf("%q was written %q", data, v.JSON())
		}
		// What is JSON reads the same where more than JSON is read.
		if l, err := (&jsonReader{src: string(data), left: maxRead}).all(); err != nil || l.JSON() != v.JSON() {
			t.Errorf("%q: %v", data, err)
		}
	})
}

// decodedJSON is JSON as the standard library reads it, with each number as what it is worth.
func decodedJSON(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return worth(v)
}

func worth(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = worth(v[key])
		}
	case []any:
		for i := range v {
			v[i] = worth(v[i])
		}
	case json.Number:
		f, _ := v.Float64()
		return f + 0 // -0 is 0
	}
	return v
}
