package extension_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

// valid says what the schema has against a manifest.
func valid(t *testing.T, manifest string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(extension.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("extension.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("extension.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := catalog.ReadYAML("extension.yaml", []byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.JSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemaAgreesWithReader: what the reader lets pass the schema does too, and a plain mistake is refused by both.
func TestSchemaAgreesWithReader(t *testing.T) {
	if err := valid(t, acme()["extension.yaml"]); err != nil {
		t.Error(err)
	}
	d := extension.Draft{Schema: "x", Name: "acme_orders"}
	files, err := d.Files()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, string(files[extension.ManifestFile])); err != nil {
		t.Error(err)
	}
	for name, change := range map[string][2]string{
		"an unknown field":                 {"title:", "homepage: x\ntitle:"},
		"an unknown field of a connection": {"name: Acme orders", "name: Acme orders, label: x"},
		"an unknown field of a script":     {"name: Greet", "name: Greet, label: x"},
		"no title":                         {"title: Acme tools\n", ""},
		"no publisher":                     {"publisher: Example Software\n", ""},
		"no description":                   {"description: Orders of Acme in your scripts.\n", ""},
		"a version of two numbers":         {"version: 1.2.0", "version: \"1.2\""},
		"build metadata":                   {"version: 1.2.0", "version: 1.2.0+7"},
		"a name with a hyphen":             {"acme_tools", "acme-tools"},
		"http":                             {"https://acme.example", "http://acme.example"},
		"a path that leads out":            {"services/acme.yaml", "../acme.yaml"},
		"a service that is no YAML":        {"services/acme.yaml", "services/acme.json"},
		"a script of another kind":         {"scripts/greet.dg", "scripts/greet.js"},
		"a connection without service":     {", service: github", ""},
		"a text for a switch":              {"credentials: true", "credentials: yes"},
		"every host":                       {"[status.acme.example]", `["*"]`},
		"a URL as host":                    {"[status.acme.example]", `["https://a.example/"]`},
	} {
		manifest := strings.Replace(acme()["extension.yaml"], change[0], change[1], 1)
		if manifest == acme()["extension.yaml"] {
			t.Fatalf("%s changes nothing", name)
		}
		files := acme()
		files["extension.yaml"] = manifest
		if _, err := extension.Read(folder(files), catalog.Default()); err == nil {
			t.Errorf("the reader lets %s pass", name)
		}
		if valid(t, manifest) == nil && name != "a URL as host" {
			t.Errorf("the schema lets %s pass", name)
		}
	}
}

type node struct {
	Ref                  string           `json:"$ref"`
	Description          string           `json:"description"`
	Properties           map[string]*node `json:"properties"`
	Items                *node            `json:"items"`
	AdditionalProperties json.RawMessage  `json:"additionalProperties"`
}

// TestSchemaHasEveryField holds the properties of the schema against the fields that are read.
func TestSchemaHasEveryField(t *testing.T) {
	var root node
	if err := json.Unmarshal(extension.Schema, &root); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		schema *node
		value  any
	}{
		"a manifest": {&root, extension.Manifest{}}, "a connection": {root.Properties["connections"].Items, extension.Connection{}},
		"a script": {root.Properties["scripts"].Items, extension.Script{}},
	} {
		var fields []string
		typ := reflect.TypeOf(c.value)
		for i := range typ.NumField() {
			if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); name != "-" {
				fields = append(fields, name)
			}
		}
		slices.Sort(fields)
		if got := slices.Sorted(maps.Keys(c.schema.Properties)); !slices.Equal(got, fields) {
			t.Errorf("%s has the fields %q, and the schema says %q", what, fields, got)
		}
		if string(c.schema.AdditionalProperties) != "false" {
			t.Errorf("the schema lets %s have other fields", what)
		}
		for name, p := range c.schema.Properties {
			if p.Description == "" {
				t.Errorf("the schema does not say what %s of %s is for", name, what)
			}
		}
	}
}

// TestDraft: what an author begins with has neither faults nor warnings.
func TestDraft(t *testing.T) {
	for _, name := range []lanyard.LinkName{"acme_orders", "a", "github", lanyard.LinkName(strings.Repeat("x", extension.MaxDraftName))} {
		d := extension.Draft{Schema: "https://lanyard.example/schemas/extension.json", Name: name}
		files, err := d.Files()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for path, text := range files {
			all[path] = string(text)
		}
		if r := extension.Lint(folder(all), catalog.Default()); len(r.Faults)+len(r.Remarks) > 0 || r.Fine != 4 {
			t.Errorf("%s: %v %v", d.Name, r.Faults, r.Remarks)
		}
	}
}
