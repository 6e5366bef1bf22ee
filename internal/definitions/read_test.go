package definitions_test

import (
	"errors"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/definitions"
)

const acme = `  - definition:
      link_name: acme
      name: Acme
      hosts: [api.acme.example]
      auth: {type: basic}
`

// N04: what cannot be taken is refused precisely, with file, line and field.
func TestN04RefusesPrecisely(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"no format":            {[]string{"services: []\n"}, []string{"a.yaml:1: /lanyard: a document says which format it has: lanyard: 1"}},
		"a newer format":       {[]string{"lanyard: 2\nthings: []\n"}, []string{"a.yaml:1: /lanyard: this document has format 2, and this Lanyard reads up to format 1: use a newer one"}},
		"an unknown field":     {[]string{"lanyard: 1\nconnections:\n  - link_name: a\n    id: con_1\n"}, []string{"a.yaml:4: /connections/0/id: there is no such field"}},
		"a secret":             {[]string{"lanyard: 1\nservices:\n" + acme + "    client_secret: {value: canary}\n"}, []string{"a.yaml:8: /services/0/client_secret: a secret does not stand in a file: say where it is, by env or by file"}},
		"both env and file":    {[]string{"lanyard: 1\nservices:\n" + acme + "    client_secret: {env: A, file: b}\n"}, []string{"a.yaml:8: /services/0/client_secret: this names a variable of the environment (env), or a file (file)"}},
		"the same thing twice": {[]string{"lanyard: 1\nservices:\n" + acme, "lanyard: 1\nservices:\n" + acme}, []string{"b.yaml:4: /services/0/definition/link_name: acme stands twice: a.yaml:4 has it too"}},
		"two keys of a name":   {[]string{"lanyard: 1\napi_keys:\n  - {name: ci, owner: ann@acme.example}\n  - {name: ci, owner: Ann@acme.example}\n"}, []string{"a.yaml:4: /api_keys/1/name: ci of ann@acme.example stands twice: a.yaml:3 has it too"}},
		"an alias":             {[]string{"lanyard: 1\nroles: &a []\napi_keys: *a\n"}, []string{"a.yaml:2: /roles: anchors and aliases are not read here: write the value itself"}},
		"faults of both files": {[]string{"lanyard: 1\nnone: 1\n", "lanyard: 3\n"}, []string{"a.yaml:2: /none: there is no such field", "b.yaml:1: /lanyard: this document has format 3, and this Lanyard reads up to format 1: use a newer one"}},
	} {
		t.Run(name, func(t *testing.T) {
			var files []definitions.File
			for i, text := range c.files {
				files = append(files, definitions.File{Name: string(rune('a'+i)) + ".yaml", Text: []byte(text)})
			}
			_, err := definitions.Read(files...)
			var got []string
			for _, f := range catalog.Faults(err) {
				got = append(got, f.Error())
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Error("the error repeats the secret")
			}
		})
	}
}

func TestSecretsAreReadWhereADocumentIsApplied(t *testing.T) {
	s, err := definitions.Read(definitions.File{Name: "a.yaml", Text: []byte(`lanyard: 1
oauth_clients:
  - {service: a, client_id: "1", client_secret: {env: SET}}
  - {service: b, client_id: "2", client_secret: {env: UNSET}}
  - {service: c, client_id: "3", client_secret: {file: key}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	missing, err := s.Resolve(func(name string) string {
		if name == "SET" {
			return "canary-1"
		}
		return ""
	}, func(string) (lanyard.Secret, error) { return lanyard.NewSecret("canary-2"), nil })
	if err != nil || len(missing) != 1 || missing[0] != (definitions.Missing{At: "/oauth_clients/1/client_secret", Source: "the variable UNSET"}) {
		t.Fatal(missing, err)
	}
	wire, err := s.Wire()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"client_secret":{"value":"canary-1"}`, `"client_secret":{}`, `"client_secret":{"value":"canary-2"}`} {
		if !strings.Contains(string(wire), want) {
			t.Errorf("%s has no %s", wire, want)
		}
	}
	if _, err := s.Resolve(func(string) string { return "" }, func(string) (lanyard.Secret, error) { return lanyard.Secret{}, errors.New("unreadable") }); err == nil {
		t.Error("a file that cannot be read is passed over")
	}
	text, err := s.YAML()
	if err != nil || strings.Contains(string(text), "canary") {
		t.Errorf("what is written holds a secret: %v", err)
	}
}
