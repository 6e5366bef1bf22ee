package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"lanyard"
)

// YAML writes the entry as a file, for people: fields in the order in which the documentation has them, what is the
// usual left out, quotes where they are needed. No client id or secret is in it.
func (e *Entry) YAML() ([]byte, error) {
	f := file{
		Name: e.Name, Description: e.Description, DocsURL: e.DocsURL, Logo: e.Logo, Color: e.Color,
		Aliases: e.Aliases, Evidence: e.Evidence, Ways: make([]fileWay, len(e.Ways)), Tasks: e.Tasks,
	}
	for i := range e.Ways {
		w := &e.Ways[i]
		definition, err := json.Marshal(w.Service())
		if err != nil {
			return nil, err
		}
		f.Ways[i] = fileWay{Name: w.Name, RegisterURL: w.RegisterURL, Register: w.Register, Definition: definition}
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Load(text, &root); err != nil { // JSON is YAML, and its fields have the order of ours
		return nil, fmt.Errorf("write %s as YAML: %w", e.Name, err)
	}
	for _, way := range each(root.Content[0], "ways") {
		_, definition := field(way, "definition")
		leaveOut(definition, e.Description)
	}
	return DumpYAML(&root)
}

// DumpYAML lays a YAML tree out for people and writes it.
func DumpYAML(root *yaml.Node) ([]byte, error) {
	layOut(root, "")
	return yaml.Dump(root, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
}

// leaveOut takes out of a definition what its file says, what is so by default, and the client.
func leaveOut(definition *yaml.Node, description string) {
	drop(definition, "kind")
	drop(definition, "name")
	drop(definition, "category")
	drop(definition, "docs_url")
	drop(definition, "description", description)
	_, auth := field(definition, "auth")
	drop(auth, "client_id")
	drop(auth, "consumer_key")
	LeaveOutUsual(definition)
}

// LeaveOutUsual takes out of the definition of a service what is so by default.
func LeaveOutUsual(definition *yaml.Node) {
	for _, p := range each(definition, "dynamic_parameters") {
		drop(p, "name", text(p, "key"))
		for _, choice := range each(p, "choices") {
			toFront(choice, "value")
		}
	}
	_, auth := field(definition, "auth")
	switch lanyard.AuthType(text(auth, "type")) {
	case lanyard.AuthAPIKey:
		for _, p := range each(auth, "parameters") {
			drop(p, "display_name", text(p, "name"))
		}
	case lanyard.AuthOAuth1:
		drop(auth, "param_type", string(lanyard.ParamHeader))
		drop(auth, "signature_method", string(lanyard.HMACSHA1))
	case lanyard.AuthOAuth2:
		drop(auth, "pkce", "true")
		drop(auth, "param_type", string(lanyard.ParamHeader))
		drop(auth, "scope_delimiter", " ")
		for _, scope := range each(auth, "scopes") {
			if value := text(scope, "value"); value == text(scope, "name") && len(scope.Content) == 4 {
				*scope = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
				continue
			}
			toFront(scope, "value") // by which one finds it in the provider's documentation
		}
	}
}

// field finds a field of a mapping; -1 and nil when it is not there.
func field(n *yaml.Node, name string) (int, *yaml.Node) {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return i, n.Content[i+1]
		}
	}
	return -1, nil
}

// text is a field that is a text; empty when it is not there.
func text(n *yaml.Node, name string) string {
	if _, of := field(n, name); of != nil {
		return of.Value
	}
	return ""
}

// each gives the items of a field that is a list.
func each(n *yaml.Node, name string) []*yaml.Node {
	if _, of := field(n, name); of != nil {
		return of.Content
	}
	return nil
}

// drop leaves a field out: in any case, or only where it has one of the values.
func drop(n *yaml.Node, name string, values ...string) {
	if i, of := field(n, name); of != nil && (len(values) == 0 || slices.Contains(values, of.Value)) {
		n.Content = slices.Delete(n.Content, i, i+2)
	}
}

// toFront makes a field the first.
func toFront(n *yaml.Node, name string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	if i, of := field(n, name); of != nil {
		key := n.Content[i]
		n.Content = slices.Insert(slices.Delete(n.Content, i, i+2), 0, key, of)
	}
}

// oneLine is how long a list or mapping may be to stand on one line.
const oneLine = 110

// layOut chooses what stands on one line: short lists of texts, and short mappings of texts where there are many.
func layOut(n *yaml.Node, name string) {
	n.Style = 0
	for i, of := range n.Content {
		key := name
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			key = n.Content[i-1].Value
		}
		layOut(of, key)
		if len(of.Content) == 0 || width(of) > oneLine || slices.ContainsFunc(of.Content, func(in *yaml.Node) bool { return len(in.Content) > 0 }) {
			continue
		}
		if of.Kind == yaml.SequenceNode || slices.Contains([]string{"scopes", "choices", "learn", "values", "map", "headers"}, key) {
			of.Style = yaml.FlowStyle
		}
	}
}

func width(n *yaml.Node) int {
	sum := len(n.Value) + 2
	for _, of := range n.Content {
		sum += width(of)
	}
	return sum
}

// OfCustom is the entry that a custom service would be: with its definition, and without its client. A default service
// says in one line what one does with it, so that is made up where the custom one says nothing.
func OfCustom(s *lanyard.Service) *Entry {
	own := *s
	line := strings.Join(strings.Fields(s.Description), " ")
	if line == "" {
		line = "The API of " + s.Name + "."
		own.Description = line
	}
	if runes := []rune(line); len(runes) > 160 {
		line = strings.TrimSpace(string(runes[:159])) + "…"
	}
	own.DynamicParameters = append([]lanyard.DynamicParameter(nil), s.DynamicParameters...)
	for _, key := range s.TokenHostParameters() {
		for i := range own.DynamicParameters {
			if own.DynamicParameters[i].Key == key {
				own.DynamicParameters[i].WithClient = true // the author of a custom service knows its server; nobody else is to choose it
			}
		}
	}
	e, _ := Only(&own)
	e.Description = line
	return e
}

// Definition is one way of a file as the definition of a custom service: JSON, as the API takes it. name is the file's,
// for faults. way is a link name; empty is the first.
func Definition(name string, text []byte, way lanyard.LinkName) (*lanyard.Service, error) {
	e, err := ParseFile(name, "other", text)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(e.Ways))
	for i := range e.Ways {
		w := &e.Ways[i]
		names[i] = string(w.LinkName)
		if way == "" || way == w.LinkName {
			s := *w.Service()
			s.Kind, s.Category = lanyard.KindCustom, ""
			for i := range s.DynamicParameters {
				s.DynamicParameters[i].WithClient = false // a custom service holds its own client
			}
			return &s, nil
		}
	}
	return nil, fmt.Errorf("%s has no way with the link name %s; there are: %s", name, way, strings.Join(names, ", "))
}
