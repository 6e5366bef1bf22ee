package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v4"
)

const maxDepth = 100

// readJSON gives a text of JSON, or of the plain part of YAML, as JSON. Anchors, aliases, merge keys and tags are refused:
// an alias can stand for a text of any length.
func readJSON(data []byte) ([]byte, error) {
	if begins := bytes.TrimSpace(data); len(begins) == 0 {
		return nil, errors.New("there is nothing in it")
	} else if json.Valid(begins) {
		return begins, checkNesting(begins)
	} else if begins[0] == '{' || begins[0] == '[' {
		// YAML would read it, too, but whoever wrote a brace meant JSON, and should learn what is wrong with that.
		var any any
		err := json.Unmarshal(begins, &any)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("this is not JSON that can be read: the error is in line %d", 1+bytes.Count(begins[:min(int(syntax.Offset), len(begins))], []byte("\n")))
		}
		return nil, errors.New("this is not JSON that can be read")
	}
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil || root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return nil, errors.New("this is neither JSON nor one document of YAML that can be read")
	}
	var b bytes.Buffer
	if err := writeJSON(&b, root.Content[0], 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// checkNesting bounds how deep a JSON text is nested, so that nobody who walks it has to.
func checkNesting(data []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errors.New("this is nested too deep")
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

func writeJSON(b *bytes.Buffer, n *yaml.Node, depth int) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("line %d: %s", n.Line, fmt.Sprintf(format, args...))
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
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Value == "<<" {
				return refuse("a name here is a plain text")
			}
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, key.Value)
			b.WriteByte(':')
			if err := writeJSON(b, n.Content[i+1], depth+1); err != nil {
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
			if err := writeJSON(b, item, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case yaml.ScalarNode:
		switch value := strings.ToLower(n.Value); {
		case n.ShortTag() == "!!null":
			b.WriteString("null")
		case (n.ShortTag() == "!!bool" || n.ShortTag() == "!!int" || n.ShortTag() == "!!float") && json.Valid([]byte(value)):
			b.WriteString(value)
		default:
			writeText(b, n.Value)
		}
	default:
		return refuse("this is neither a mapping, nor a list, nor a scalar")
	}
	return nil
}

func writeText(b *bytes.Buffer, s string) {
	text, _ := json.Marshal(strings.ToValidUTF8(s, "\ufffd")) //nolint:errchkjson // a text always encodes
	b.Write(text)
}

// decode reads JSON into a value that names what is of interest. A member that stands twice is refused: two programs
// would read two things.
func decode(data []byte, into any) error {
	err := jsonv2.Unmarshal(data, into)
	var semantic *jsonv2.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &semantic):
		return fmt.Errorf("at %s there is something else than is expected", strconv.Quote(string(semantic.JSONPointer)))
	}
	return errors.New("a name stands twice in the same object, or the text is not valid UTF-8")
}
