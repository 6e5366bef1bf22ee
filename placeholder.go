package lanyard

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"
)

// DynamicParameter is a {key} in a service's URLs, filled with a value that the user gives when connecting.
type DynamicParameter struct {
	Key     string          `json:"key"`
	Name    string          `json:"name"` // shown to people
	Format  ParameterFormat `json:"format,omitempty"`
	Choices []Choice        `json:"choices,omitempty"`
	Pattern string          `json:"pattern,omitempty"` // RE2, matched against the whole value
	Help    string          `json:"help,omitempty"`
	Default string          `json:"default,omitempty"`
	Example string          `json:"example,omitempty"` // shown where the value is typed
	// Secret values are typed like a password and never shown again. They stand in headers and prefixes alone: a URL is
	// logged by whoever passes it on.
	Secret bool `json:"secret,omitempty"`
	// Optional: where no value is given, the header that it stands in is left out.
	Optional bool `json:"optional,omitempty"`
	// Follows names a parameter with choices that decides this one, by Values: nobody is asked for it. So one choice, a
	// data centre say, can decide several hosts.
	Follows string            `json:"follows,omitempty"`
	Values  map[string]string `json:"values,omitempty"`
	// WithClient: the value belongs to a default service's OAuth client, say the host of an organization's own server.
	// Whoever registers the client gives it, and nobody else is asked.
	WithClient bool `json:"with_client,omitempty"`
	// Learn: the provider says the value while connecting. A person is asked only for what the authorize URL needs.
	Learn *Learn `json:"learn,omitempty"`
}

// Learn says where a provider tells the value of a dynamic parameter. What it says is held to the rules of the
// parameter, and to the hosts of the service, like what a person types.
type Learn struct {
	From LearnSource `json:"from"`
	// At names it: a query parameter of the callback; or a path into the JSON answer, names and numbers divided by dots.
	At string `json:"at"`
	// URL is asked with GET and the new credential, where From is lookup.
	URL string `json:"url,omitempty"`
	// Take is "host" where the provider says a URL and its host is wanted.
	Take string `json:"take,omitempty"`
	// Map turns what the provider says into the value; what it does not list is taken as it is.
	Map map[string]string `json:"map,omitempty"`
}

// LearnSource is where a value is learnt.
type LearnSource string

const (
	LearnCallback LearnSource = "callback" // from the query that the browser brings back
	LearnToken    LearnSource = "token"    // from the answer of the token endpoint
	LearnLookup   LearnSource = "lookup"   // from an answer of the API, asked once after connecting
)

// ParameterFormat says what a dynamic parameter may stand for in the host of a URL.
type ParameterFormat string

const (
	// FormatLabel, the default: one DNS label when it stands in a host.
	FormatLabel ParameterFormat = ""
	// FormatHost: a whole host name, for services that people run themselves.
	FormatHost ParameterFormat = "host"
)

// Choice is one of the values a parameter may have.
type Choice struct {
	Value string
	Name  string // shown to people; the value itself when empty
}

const (
	maxParameterValue = 1024
	maxPattern        = 500
)

var parameterKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,49}$`)

// CheckValue judges a value that a person gave for the parameter. The error is a sentence for that person.
func (p *DynamicParameter) CheckValue(value string) error {
	if value == "" {
		return fmt.Errorf("%s is required", p.Name)
	}
	if len(value) > maxParameterValue || !utf8.ValidString(value) {
		return fmt.Errorf("%s is valid text of at most %d bytes", p.Name, maxParameterValue)
	}
	for i := 0; i < len(value); i++ {
		if value[i] < ' ' || value[i] == 0x7f {
			return fmt.Errorf("%s holds no line breaks or control characters", p.Name)
		}
	}
	if len(p.Choices) > 0 {
		names := make([]string, len(p.Choices))
		for i, c := range p.Choices {
			if c.Value == value {
				return nil
			}
			names[i] = c.Value
		}
		return fmt.Errorf("%s is one of: %s", p.Name, strings.Join(names, ", "))
	}
	if p.Pattern != "" {
		re, err := compilePattern(p.Pattern)
		if err != nil || !re.MatchString(value) {
			return fmt.Errorf("%s does not have the form that the service asks for (%s)", p.Name, p.Pattern)
		}
	}
	if p.Format == FormatHost {
		if _, err := hostValue(value); err != nil {
			return fmt.Errorf("%s is a host name such as git.example.com: %w", p.Name, err)
		}
	}
	return nil
}

func compilePattern(pattern string) (*regexp.Regexp, error) {
	// By itself first: in the group, "a)|(b" would be two halves that are each open at one end.
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// hostValue is a whole host name that a person gave, in canonical form.
func hostValue(value string) (string, error) {
	host, err := canonicalHost(value)
	if err != nil {
		return "", err
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		return "[" + host + "]", nil
	}
	return host, nil
}

// Template is a URL with {key} placeholders. Only declared keys are placeholders; any other brace is text.
// Filling happens once, from left to right, on the text of the template: a value is encoded for the part of the URL
// that its placeholder stands in, so it cannot begin another part, and braces inside a value are never looked at.
type Template struct {
	text   string
	pieces []piece
}

type piece struct {
	text string
	key  *DynamicParameter // nil: text as it stands
	part urlPart
}

type urlPart int

const (
	inHost urlPart = iota
	inPort
	inPath
	inQuery
	inFragment
)

// ParseTemplate divides text at the placeholders of the declared parameters. A placeholder may stand in the host, the
// path and the query of an absolute URL, never in the scheme or port, nor for the whole URL.
func ParseTemplate(text string, declared []DynamicParameter) (Template, error) {
	return parseTemplate(text, declared, false)
}

// ParseRelativeTemplate is [ParseTemplate] for what follows a base URL: a path that begins with a slash, and a query.
func ParseRelativeTemplate(text string, declared []DynamicParameter) (Template, error) {
	return parseTemplate(text, declared, true)
}

func parseTemplate(text string, declared []DynamicParameter, relative bool) (Template, error) {
	t := Template{text: text}
	part, start := inPath, 0
	if !relative {
		i := strings.Index(text, "://")
		if i < 0 || strings.IndexByte(text[:i], '{') >= 0 {
			return t, fmt.Errorf("a URL begins with https:// or http://; a placeholder stands after it")
		}
		part, start = inHost, i+3
	}
	last := 0
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{':
			key := placeholderAt(text[i:], declared)
			if key == nil {
				continue
			}
			if part == inPort {
				return t, fmt.Errorf("a placeholder cannot stand in the port of a URL")
			}
			t.pieces = append(t.pieces, piece{text: text[last:i]}, piece{key: key, part: part})
			last = i + len(key.Key) + 2
			i = last - 1
		case c == ':' && part == inHost:
			part = inPort
		case c == '[' && part == inHost:
			// The colons of an IPv6 address are not the one before a port.
			if j := strings.IndexByte(text[i:], ']'); j > 0 {
				i += j
			}
		case (c == '/' || c == '\\') && (part == inHost || part == inPort):
			part = inPath
		case c == '?' && part < inQuery:
			part = inQuery
		case c == '#':
			part = inFragment
		}
	}
	t.pieces = append(t.pieces, piece{text: text[last:]})
	return t, nil
}

// placeholderAt gives the declared parameter whose placeholder text begins with, or nil.
func placeholderAt(text string, declared []DynamicParameter) *DynamicParameter {
	for i := range declared {
		k := declared[i].Key
		if len(text) > len(k)+1 && text[1:1+len(k)] == k && text[1+len(k)] == '}' {
			return &declared[i]
		}
	}
	return nil
}

// HasPlaceholders reports whether filling needs values.
func (t Template) HasPlaceholders() bool { return len(t.pieces) > 1 }

// Fill puts values in. It refuses a value that does not fit the place, and a placeholder without a value, with a
// sentence that names the parameter but not the value.
func (t Template) Fill(values map[string]string) (string, error) {
	if !t.HasPlaceholders() {
		return t.text, nil
	}
	var b strings.Builder
	for _, p := range t.pieces {
		if p.key == nil {
			b.WriteString(p.text)
			continue
		}
		value := values[p.key.Key]
		if value == "" {
			return "", fmt.Errorf("the parameter %q (%s) has no value: reconnect and give one", p.key.Key, p.key.Name)
		}
		filled, err := p.fill(value)
		if err != nil {
			return "", fmt.Errorf("the value of the parameter %q (%s) %w", p.key.Key, p.key.Name, err)
		}
		b.WriteString(filled)
	}
	return b.String(), nil
}

func (p piece) fill(value string) (string, error) {
	switch p.part {
	case inHost:
		if p.key.Format == FormatHost {
			host, err := hostValue(value)
			if err != nil {
				return "", fmt.Errorf("is not a host name: %w", err)
			}
			return host, nil
		}
		label := strings.ToLower(value)
		if !isLabel(label) {
			return "", fmt.Errorf("cannot stand in a host name: it is one part of a name, with letters, digits and hyphens")
		}
		return label, nil
	case inPath:
		if value == "." || value == ".." {
			return "", fmt.Errorf("cannot stand in a path")
		}
		return url.PathEscape(value), nil
	default:
		return url.QueryEscape(value), nil
	}
}

// FillText puts the values of declared parameters into a text that is no URL, such as a header's value or a prefix. Any
// other brace is text. It refuses a placeholder without a value, with a sentence that names the parameter.
func FillText(text string, declared []DynamicParameter, values map[string]string) (string, error) {
	if strings.IndexByte(text, '{') < 0 {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		key := placeholderAt(text[i:], declared)
		if text[i] != '{' || key == nil {
			b.WriteByte(text[i])
			continue
		}
		value := values[key.Key]
		if value == "" {
			return "", fmt.Errorf("the parameter %q (%s) has no value: reconnect and give one", key.Key, key.Name)
		}
		b.WriteString(value)
		i += len(key.Key) + 1
	}
	return b.String(), nil
}

// UnmarshalJSON takes a choice as a text, or as an object with value and name.
func (c *Choice) UnmarshalJSON(data []byte) error {
	var f FieldErrors
	c.decodeAt(data, "/choices", &f)
	return f.Err()
}

func (c *Choice) decodeAt(data []byte, at string, f *FieldErrors) {
	*c = Choice{}
	if json.Unmarshal(data, &c.Value) == nil {
		return
	}
	var o struct {
		Value string `json:"value"`
		Name  string `json:"name"`
	}
	if !isObject(data) {
		f.Add(at, "a choice is a text, or an object with value and name")
		return
	}
	decodeMembers(objectMembers(data, at, f), reflect.ValueOf(&o).Elem(), at, f)
	*c = Choice(o)
}

// MarshalJSON writes a choice as it can be read.
func (c Choice) MarshalJSON() ([]byte, error) {
	if c.Name == "" || c.Name == c.Value {
		return json.Marshal(c.Value)
	}
	return json.Marshal(map[string]string{"value": c.Value, "name": c.Name})
}
