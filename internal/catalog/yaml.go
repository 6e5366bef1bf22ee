package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Document is a YAML text as JSON, and where each of its values stands.
type Document struct {
	JSON  []byte
	file  string
	lines map[string]int // by JSON pointer
}

const maxDepth = 12

// ReadYAML takes the plain part of YAML: mappings, lists and scalars. Anchors, aliases, merge keys and tags are refused:
// nothing in a definition needs them, and an alias can stand for a text of any length. How long data is, the caller bounds. The error is a [Fault].
func ReadYAML(file string, data []byte) (*Document, error) {
	d := &Document{file: file, lines: map[string]int{}}
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil {
		return nil, unreadable(file, err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return nil, &Fault{File: file, Line: 1, Detail: "this is one YAML document"}
	}
	var b bytes.Buffer
	if err := d.write(&b, root.Content[0], "", 0); err != nil {
		return nil, err
	}
	d.JSON = b.Bytes()
	return d, nil
}

func (d *Document) write(b *bytes.Buffer, n *yaml.Node, at string, depth int) error {
	d.lines[at] = n.Line
	refuse := func(format string, args ...any) error {
		return &Fault{File: d.file, Line: n.Line, Field: at, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case depth > maxDepth:
		return refuse("this is nested too deep")
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return refuse("anchors and aliases are not read here: write the value itself")
	case n.Style&yaml.TaggedStyle != 0:
		return refuse("tags are not read here")
	}
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Value == "<<" {
				return refuse("a name here is a plain text")
			}
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, key.Value)
			b.WriteByte(':')
			if err := d.write(b, n.Content[i+1], at+"/"+escapePointer(key.Value), depth+1); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := d.write(b, item, at+"/"+strconv.Itoa(i), depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case yaml.ScalarNode:
		return d.writeScalar(b, n, refuse)
	default:
		return refuse("this is neither a mapping, nor a list, nor a scalar")
	}
	return nil
}

// writeScalar takes true, false, null and whole numbers for what they are, and a day as text. What YAML would read as
// anything else, a fraction say, has to stand in quotes.
func (*Document) writeScalar(b *bytes.Buffer, n *yaml.Node, refuse func(string, ...any) error) error {
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!timestamp": // a day is the text that it is written as
		writeText(b, n.Value)
	case "!!bool", "!!null", "!!int":
		value := strings.ToLower(n.Value)
		if value == "" || value == "~" {
			value = "null"
		}
		if !json.Valid([]byte(value)) {
			return refuse("%q could be read in two ways: put it in quotes", n.Value)
		}
		b.WriteString(value)
	default:
		return refuse("%q could be read in two ways: put it in quotes", n.Value)
	}
	return nil
}

func writeText(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)         //nolint:errchkjson // a text always encodes
	b.Truncate(b.Len() - 1) // the line break after it
}

// line finds where a pointer stands; what is missing stands where it is missed.
func (d *Document) line(pointer string) int {
	for {
		if n, ok := d.lines[pointer]; ok {
			return n
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return 1
		}
		pointer = pointer[:i]
	}
}

// escapePointer escapes a name for a JSON pointer (RFC 6901 §3).
func escapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
