package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lanyard"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("catalog.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid says what the schema has against a file.
func valid(t *testing.T, s *jsonschema.Schema, name string, text []byte) error {
	t.Helper()
	d, err := ReadYAML(name, text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.JSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemaFits: whatever the rules let pass, the schema lets pass. An editor that complains of a right file teaches
// people not to listen.
func TestSchemaFits(t *testing.T) {
	s := schema(t)
	files, err := list(os.DirFS("services"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile("services/" + f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseFile(f.name, path.Dir(f.name), text); err != nil {
			continue // TestGenerated says so
		}
		if err := valid(t, s, f.name, text); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}

func TestSchemaRefusesMistakes(t *testing.T) {
	s := schema(t)
	const file = `name: Acme
description: Orders of a shop.
ways:
  - definition:
      link_name: acme
      base_url: https://{domain}.acme.com
      hosts: ["{domain}.acme.com"]
      dynamic_parameters:
        - key: domain
          name: Account
      auth:
        type: oauth2
        grant_type: authorization_code
        authorize_url: https://acme.com/a
        access_token_url: https://acme.com/t
        scopes: [read]
`
	if err := valid(t, s, "acme.yaml", []byte(file)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown field":                {"name: Acme", "title: Acme\nname: Acme"},
		"an unknown field of a way":       {"  - definition:", "  - logo: acme\n    definition:"},
		"an unknown field of auth":        {"type: oauth2", "type: oauth2\n        token_url: https://acme.com"},
		"an unknown field of a parameter": {"name: Account", "label: Account"},
		"no name":                         {"name: Acme\n", ""},
		"no description":                  {"description: Orders of a shop.\n", ""},
		"no hosts":                        {`      hosts: ["{domain}.acme.com"]` + "\n", ""},
		"a URL as host":                   {`["{domain}.acme.com"]`, `["https://acme.com"]`},
		"one host, not a list":            {`["{domain}.acme.com"]`, `acme.com`},
		"a link name with a hyphen":       {"link_name: acme", "link_name: acme-shop"},
		"a colour by name":                {"name: Acme", "name: Acme\ncolor: red"},
		"a logo as a file":                {"name: Acme", "name: Acme\nlogo: acme.svg"},
		"a type that there is not":        {"type: oauth2", "type: oauth3"},
		"a field of another type":         {"type: oauth2", "type: basic"},
		"a grant that there is not":       {"authorization_code", "password"},
		"no token URL":                    {"        access_token_url: https://acme.com/t\n", ""},
		"a scope with blanks":             {"[read]", `["read write"]`},
		"a number for a text":             {"name: Account", "name: 7"},
		"values that follow nothing":      {"name: Account", "name: Account\n          values: {a: b}"},
		"a client id":                     {"type: oauth2", "type: oauth2\n        client_id: x"},
		"the Authorization header":        {"      auth:", "      headers: {Authorization: x}\n      auth:"},
		"a http link to documentation":    {"name: Acme", "name: Acme\ndocs_url: http://acme.com"},
		"a day in words":                  {"name: Acme", "name: Acme\nevidence: {checked: yesterday}"},
	} {
		text := strings.Replace(file, change[0], change[1], 1)
		if text == file {
			t.Fatalf("%s changes nothing", name)
		}
		if valid(t, s, "acme.yaml", []byte(text)) == nil {
			t.Errorf("%s is let pass", name)
		}
	}
}

// node is a part of the schema as it is written.
type node struct {
	Ref                  string           `json:"$ref"`
	Description          string           `json:"description"`
	Properties           map[string]*node `json:"properties"`
	Items                *node            `json:"items"`
	OneOf                []*node          `json:"oneOf"`
	AdditionalProperties json.RawMessage  `json:"additionalProperties"`
	Defs                 map[string]*node `json:"$defs"`
}

// TestSchemaHasEveryField holds the properties of the schema against the fields that are read.
func TestSchemaHasEveryField(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema, &root); err != nil {
		t.Fatal(err)
	}
	defs := root.Defs
	ways := root.Properties["ways"].Items
	for _, c := range []struct {
		what    string
		schema  *node
		value   any
		without []string // fields that a file does not have
		with    []string // and one beside those of the type
	}{
		{"a file", &root, file{}, nil, nil},
		{"evidence", root.Properties["evidence"], Evidence{}, nil, nil},
		{"a way", ways, fileWay{}, nil, nil},
		{"a definition", defs["definition"], lanyard.Service{}, []string{"kind", "name", "category", "docs_url"}, nil},
		{"a parameter", defs["parameter"], lanyard.DynamicParameter{}, nil, nil},
		{"learn", defs["parameter"].Properties["learn"], lanyard.Learn{}, nil, nil},
		{"api_key", defs["api_key"], lanyard.APIKeyAuth{}, nil, []string{"type"}},
		{"a parameter of api_key", defs["api_key"].Properties["parameters"].Items, lanyard.APIKeyParameter{}, nil, nil},
		{"basic", defs["basic"], lanyard.BasicAuth{}, nil, []string{"type"}},
		{"a part of basic", defs["basicPart"], lanyard.BasicPart{}, nil, nil},
		{"oauth1", defs["oauth1"], lanyard.OAuth1Auth{}, []string{"consumer_key"}, []string{"type"}},
		{"oauth2", defs["oauth2"], lanyard.OAuth2Auth{}, []string{"client_id"}, []string{"type"}},
		{"a scope", defs["oauth2"].Properties["scopes"].Items.OneOf[1], lanyard.Scope{}, nil, nil},
		{"a token answer", defs["oauth2"].Properties["token_answer"], lanyard.TokenAnswer{}, nil, nil},
		{"aws_sigv4", defs["aws_sigv4"], lanyard.AWSSigV4Auth{}, nil, []string{"type"}},
	} {
		fields := c.with
		typ := reflect.TypeOf(c.value)
		for i := range typ.NumField() {
			if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); name != "" && name != "-" && !slices.Contains(c.without, name) {
				fields = append(fields, name)
			}
		}
		slices.Sort(fields)
		if got := slices.Sorted(maps.Keys(c.schema.Properties)); !slices.Equal(got, fields) {
			t.Errorf("%s has the fields %q, and the schema says %q", c.what, fields, got)
		}
		if string(c.schema.AdditionalProperties) != "false" {
			t.Errorf("the schema lets %s have other fields", c.what)
		}
		for name, p := range c.schema.Properties {
			if p.Description == "" && (p.Ref == "" || defs[strings.TrimPrefix(p.Ref, "#/$defs/")].Description == "") {
				t.Errorf("the schema does not say what %s of %s is for", name, c.what)
			}
		}
	}
}
