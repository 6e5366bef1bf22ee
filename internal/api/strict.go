package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"lanyard"
)

const (
	maxDepth  = 64 // of arrays and objects inside each other
	maxFaults = 50 // that one answer lists
	maxToken  = 100
)

// checkBody reads a JSON body once, before anything decodes it, and refuses what encoding/json would pass over in
// silence: a key that stands twice, text after the value, a byte order mark, bytes that are not UTF-8, half a surrogate
// pair, a number too large to hold, nesting without end. At the same time it compares the body with the schema that the
// OpenAPI document shows, so that an unknown field, a missing one and a wrong type are each named by a JSON pointer. All
// faults against the schema are reported at once.
//
// It understands the part of JSON Schema that this package's schemas use. Where a schema says nothing, everything is
// allowed, but the rules of the first kind still hold.
func checkBody(data []byte, schema *huma.Schema, schemas huma.Registry) error {
	c := &bodyCheck{data: data, dec: json.NewDecoder(bytes.NewReader(data)), schemas: schemas}
	c.dec.UseNumber()
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return notJSON("", "it begins with a byte order mark: leave that out")
	}
	if err := c.value(schema); err != nil {
		return err
	}
	if _, err := c.dec.Token(); err != io.EOF {
		return notJSON("", "something follows the JSON value")
	}
	return c.faults.Err()
}

func notJSON(pointer, detail string) error {
	return &lanyard.Error{
		Code: lanyard.CodeInvalidRequest, Message: "The body is not JSON that can be read; nothing was changed.",
		Fields: []lanyard.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

type bodyCheck struct {
	data    []byte
	dec     *json.Decoder
	schemas huma.Registry
	path    []string // where the decoder stands
	faults  lanyard.FieldErrors
}

// pointer names a place as RFC 6901 writes it; under gives a member of the place where the decoder stands. A long key
// is cut: a pointer helps to find a fault and is not there to send a body back.
func (c *bodyCheck) pointer(under ...string) string {
	var b strings.Builder
	for _, token := range append(slices.Clone(c.path), under...) {
		if len(token) > maxToken {
			token = strings.ToValidUTF8(token[:maxToken], "") + "…"
		}
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

func (c *bodyCheck) fault(format string, args ...any) { c.faultAt(c.pointer(), format, args...) }

func (c *bodyCheck) faultAt(pointer, format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults.Add(pointer, format, args...)
	}
}

func (c *bodyCheck) notJSON(detail string) error { return notJSON(c.pointer(), detail) }

// token reads the next token and gives its bytes too.
func (c *bodyCheck) token() (json.Token, []byte, error) {
	start := c.dec.InputOffset()
	t, err := c.dec.Token()
	if err != nil {
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, nil, c.notJSON("it ends too early")
		case errors.As(err, &syntax):
			return nil, nil, c.notJSON(fmt.Sprintf("it cannot be read from byte %d on", syntax.Offset))
		}
		return nil, nil, c.notJSON("it cannot be read")
	}
	return t, c.data[start:c.dec.InputOffset()], nil
}

// value reads one value. The error is a fault of the JSON itself, after which nothing more can be read.
func (c *bodyCheck) value(s *huma.Schema) error {
	t, raw, err := c.token()
	if err != nil {
		return err
	}
	s = c.resolve(s)
	switch t := t.(type) {
	case json.Delim:
		if len(c.path) >= maxDepth {
			return c.notJSON(fmt.Sprintf("values are nested more than %d deep", maxDepth))
		}
		if t == '{' {
			return c.object(c.is(s, huma.TypeObject))
		}
		return c.array(c.is(s, huma.TypeArray))
	case string:
		if err := c.text(raw); err != nil {
			return err
		}
		c.checkString(c.is(s, huma.TypeString), t)
	case json.Number:
		if f, err := strconv.ParseFloat(string(t), 64); err != nil || math.IsInf(f, 0) {
			return c.notJSON("the number is too large")
		}
		c.checkNumber(s, t)
	case bool:
		c.is(s, huma.TypeBoolean)
	case nil:
		if s != nil && !s.Nullable {
			c.fault("this is null: leave it out instead, or give %s", typeName(s))
		}
	}
	return nil
}

// resolve follows a reference. It gives nil where the schema allows everything.
func (c *bodyCheck) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = c.schemas.SchemaFromRef(s.Ref)
	}
	if s == nil || s.Type == "" && len(s.OneOf) == 0 {
		return nil
	}
	return s
}

// is gives the schema that a value of this type is to be compared with. A value of the wrong type is a fault, and what
// is inside it is then only read.
func (c *bodyCheck) is(s *huma.Schema, typ string) *huma.Schema {
	if s == nil {
		return nil
	}
	if s.Discriminator != nil {
		if typ == huma.TypeObject {
			return s
		}
		c.fault("this is an object")
		return nil
	}
	for _, alternative := range s.OneOf {
		if a := c.resolve(alternative); a != nil && a.Type == typ {
			return a
		}
	}
	if s.Type != typ {
		c.fault("this is %s", typeName(s))
		return nil
	}
	return s
}

func typeName(s *huma.Schema) string {
	names := map[string]string{
		huma.TypeObject: "an object", huma.TypeArray: "a list", huma.TypeString: "a text", huma.TypeInteger: "a whole number",
		huma.TypeNumber: "a number", huma.TypeBoolean: "true or false",
	}
	if s.Discriminator == nil && len(s.OneOf) > 0 {
		var each []string
		for _, a := range s.OneOf {
			each = append(each, names[a.Type])
		}
		return strings.Join(each, " or ")
	}
	if s.Discriminator != nil {
		return names[huma.TypeObject]
	}
	return names[s.Type]
}

// text refuses what decoding would replace by U+FFFD without a word (RFC 8259 §8.2).
func (c *bodyCheck) text(raw []byte) error {
	if !utf8.Valid(raw) {
		return c.notJSON("the text is not UTF-8")
	}
	for i := bytes.IndexByte(raw, '\\'); i >= 0 && i+1 < len(raw); {
		width := 2
		if unit, ok := surrogate(raw[i:]); ok {
			low, paired := surrogate(raw[i+6:])
			if unit >= 0xdc00 || !paired || low < 0xdc00 {
				return c.notJSON("the text holds half of a surrogate pair")
			}
			width = 12
		}
		next := bytes.IndexByte(raw[i+width:], '\\')
		if next < 0 {
			return nil
		}
		i += width + next
	}
	return nil
}

// surrogate reads \uD800 to \uDFFF at the beginning of raw.
func surrogate(raw []byte) (uint64, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return unit, err == nil && unit >= 0xd800 && unit <= 0xdfff
}

func (c *bodyCheck) checkString(s *huma.Schema, v string) {
	switch {
	case s == nil:
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)):
		c.fault("this is one of: %s", listed(s.Enum))
	case strings.ContainsRune(v, 0):
		c.fault("this holds a NUL character")
	case s.Format == "date-time":
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			c.fault("this is a time such as 2026-01-31T12:00:00Z (RFC 3339)")
		}
	}
}

func (c *bodyCheck) checkNumber(s *huma.Schema, v json.Number) {
	if s != nil && s.Type == huma.TypeInteger {
		n, err := v.Int64()
		switch {
		case err != nil:
			c.fault("this is a whole number")
		case s.Minimum != nil && float64(n) < *s.Minimum:
			c.fault("this is at least %v", *s.Minimum)
		}
		return
	}
	c.is(s, huma.TypeNumber)
}

func (c *bodyCheck) array(s *huma.Schema) error {
	var items *huma.Schema
	if s != nil {
		items = s.Items
	}
	for i := 0; c.dec.More(); i++ {
		c.path = append(c.path, strconv.Itoa(i))
		if err := c.value(items); err != nil {
			return err
		}
		c.path = c.path[:len(c.path)-1]
	}
	_, _, err := c.token() // the closing bracket
	return err
}

func (c *bodyCheck) object(s *huma.Schema) error {
	if s != nil && s.Discriminator != nil {
		s = c.discriminate(s)
	}
	seen := map[string]bool{}
	for c.dec.More() {
		t, raw, err := c.token()
		if err != nil {
			return err
		}
		key := t.(string) // the decoder refuses any other key
		if err := c.text(raw); err != nil {
			return err
		}
		if seen[key] {
			return notJSON(c.pointer(key), "this key stands twice")
		}
		seen[key] = true
		c.path = append(c.path, key)
		if err := c.value(c.member(s, key)); err != nil {
			return err
		}
		c.path = c.path[:len(c.path)-1]
	}
	if s != nil {
		for _, name := range s.Required {
			if !seen[name] {
				c.faultAt(c.pointer(name), "this is required")
			}
		}
	}
	_, _, err := c.token() // the closing brace
	return err
}

// member gives the schema of a member; one that the schema does not know is a fault. Names are compared as they are:
// encoding/json would take NAME for name.
func (c *bodyCheck) member(s *huma.Schema, key string) *huma.Schema {
	if s == nil {
		return nil
	}
	if m, ok := s.Properties[key]; ok {
		return m
	}
	switch rest := s.AdditionalProperties.(type) {
	case *huma.Schema:
		return rest
	case bool:
		if !rest {
			c.fault("there is no such field")
		}
	}
	return nil
}

// discriminate finds the alternative that the object at the decoder's place names. The member that names it may stand
// anywhere, so the object is looked through once before it is read.
func (c *bodyCheck) discriminate(s *huma.Schema) *huma.Schema {
	name := s.Discriminator.PropertyName
	at := c.pointer(name)
	switch value, found := findMember(c.data[c.dec.InputOffset()-1:], name); {
	case !found:
		c.faultAt(at, "this is required, and one of: %s", listed(slices.Sorted(maps.Keys(s.Discriminator.Mapping))))
	case s.Discriminator.Mapping[value] == "":
		c.faultAt(at, "this is one of: %s", listed(slices.Sorted(maps.Keys(s.Discriminator.Mapping))))
	default:
		return c.resolve(&huma.Schema{Ref: s.Discriminator.Mapping[value]})
	}
	return nil
}

// findMember looks for a member of the object that data begins with. The value is empty when it is not a text.
func findMember(data []byte, name string) (value string, found bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return "", false
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return "", false
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return "", false // whoever reads on will say what is wrong
		}
		if key == name {
			_ = json.Unmarshal(raw, &value) // anything but a text leaves it empty
			return value, true
		}
	}
	return "", false
}

func listed[T any](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}
