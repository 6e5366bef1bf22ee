package catalog

import (
	"bytes"
	_ "embed" // the template
	"regexp"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v4"

	"lanyard"
)

// Draft is what somebody says about a service to begin a file with.
type Draft struct {
	Schema      string // address of the schema, for editors
	Name        string
	LinkName    lanyard.LinkName
	Description string
	DocsURL     string
	BaseURL     string
	Hosts       []string
	Auth        lanyard.AuthType
	GrantType   lanyard.GrantType // of OAuth 2

	Header, Prefix                          string // of an API key
	RequestTokenURL, AuthorizeURL, TokenURL string // of OAuth
	Service, Region                         string // of AWS
}

var placeholder = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9_]{0,49})\}`)

// Parameters are the keys of the placeholders that stand in the draft.
func (d *Draft) Parameters() []string {
	var keys []string
	for _, text := range append([]string{d.BaseURL, d.RequestTokenURL, d.AuthorizeURL, d.TokenURL, d.Region}, d.Hosts...) {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(keys, m[1]) {
				keys = append(keys, m[1])
			}
		}
	}
	return keys
}

//go:embed draft.yaml.tmpl
var draftText string

var draft = template.Must(template.New("draft").Funcs(template.FuncMap{"text": scalar, "list": scalars}).Parse(draftText))

// YAML writes the draft as a file, with comments that say what else there is.
func (d *Draft) YAML() ([]byte, error) {
	var b bytes.Buffer
	err := draft.Execute(&b, d)
	return b.Bytes(), err
}

// scalar is a text as it stands in YAML, in quotes where it needs them.
func scalar(s string) (string, error) {
	text, err := yaml.Dump(s, yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
	return strings.TrimSuffix(string(text), "\n"), err
}

// scalars are texts as they stand in a list on one line.
func scalars(all []string) (string, error) {
	list := yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, s := range all {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s})
	}
	text, err := yaml.Dump(&list, yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
	return strings.TrimSuffix(string(text), "\n"), err
}
