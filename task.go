package lanyard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Task is an integration task: a named operation of a default service, which a script calls like a function,
// zoho.crm.getRecords("Leads", 1, 200, "my_crm"). Its connection is the last argument, and may be left out.
//
// What it sends is a template: {name} stands for a parameter. In query, headers and bodies a text that is nothing but
// "{name}" becomes the value itself, whatever its type, and is left out with its name where an optional parameter was
// not given. The name "..." takes all members of the map behind it; "...text" does so for a map, and is the name text
// for anything else. In the URL a value is one segment of the path or a part of one.
type Task struct {
	Name       string          `json:"name"`  // with its dots; scripts may write it in any case
	About      string          `json:"about"` // a sentence
	DocsURL    string          `json:"docs_url,omitempty"`
	Parameters []TaskParameter `json:"parameters,omitempty"`
	// Scopes are those that a connection needs for it, where the service has scopes.
	Scopes []string `json:"scopes,omitempty"`
	Method string   `json:"method,omitempty"` // GET when empty
	// URL begins with a slash, below the base URL of the connection's service, or is whole. The service's dynamic
	// parameters are filled in it too.
	URL       string            `json:"url"`
	Query     json.RawMessage   `json:"query,omitempty"` // an object
	Headers   map[string]string `json:"headers,omitempty"`
	Body      json.RawMessage   `json:"body,omitempty"`      // sent as JSON
	Form      json.RawMessage   `json:"form,omitempty"`      // an object, sent form-encoded
	Multipart json.RawMessage   `json:"multipart,omitempty"` // an object, sent in parts; a file is a part with its name
	Raw       string            `json:"raw,omitempty"`       // a text or file, "{file}", sent as it is
	// Answer is where in the JSON answer the result stands, names and numbers divided by dots; the whole answer where it
	// is empty, or nothing stands there, as with an error.
	Answer string `json:"answer,omitempty"`
	// AnswerIf is another place, at which something stands in every answer that tells of success: without it the whole
	// answer is given, so that an error that looks like a result is not taken for one.
	AnswerIf string `json:"answer_if,omitempty"`
}

// TaskParameter is one argument of a task, in their order.
type TaskParameter struct {
	Name string        `json:"name"`
	Type ParameterType `json:"type"`
	// Optional: it may be left out at the end; an empty text or map in its place counts as left out. All behind an
	// optional one are optional.
	Optional bool `json:"optional,omitempty"`
	// Default is the value of an optional one that was not given.
	Default json.RawMessage `json:"default,omitempty"`
	// Choices are the texts that a text can be. Scripts write them in any case; they are sent as they stand here.
	Choices []string `json:"choices,omitempty"`
	About   string   `json:"about,omitempty"`
}

// ParameterType says what a task takes.
type ParameterType string

const (
	TypeText   ParameterType = "text" // numbers are taken for texts
	TypeNumber ParameterType = "number"
	TypeBool   ParameterType = "boolean"
	TypeMap    ParameterType = "map"
	TypeList   ParameterType = "list"
	TypeFile   ParameterType = "file"
	TypeAny    ParameterType = "any"
)

var parameterTypes = []ParameterType{TypeText, TypeNumber, TypeBool, TypeMap, TypeList, TypeFile, TypeAny}

var (
	taskName      = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*(\.[a-z][A-Za-z0-9_]*)+$`)
	parameterName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	taskHole      = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)
	wholeHole     = regexp.MustCompile(`"\{([a-z][a-z0-9_]*)\}"`) // in a template, which is JSON
)

// reservedTasks begin names that the language itself has.
var reservedTasks = []string{"zoho.encryption.", "thisapp.", "standalone."}

// Required is how many arguments there are at least.
func (t *Task) Required() int {
	n := 0
	for _, p := range t.Parameters {
		if !p.Optional {
			n++
		}
	}
	return n
}

// Usage is the call as documentation writes it: zoho.crm.getRecords(module, [page], [connection]).
func (t *Task) Usage() string {
	var b strings.Builder
	b.WriteString(t.Name + "(")
	for _, p := range t.Parameters {
		if p.Optional {
			b.WriteString("[" + p.Name + "], ")
		} else {
			b.WriteString(p.Name + ", ")
		}
	}
	return b.String() + "[connection])"
}

// Parameter gives the one of a name; nil when there is none.
func (t *Task) Parameter(name string) *TaskParameter {
	if i := slices.IndexFunc(t.Parameters, func(p TaskParameter) bool { return p.Name == name }); i >= 0 {
		return &t.Parameters[i]
	}
	return nil
}

// Validate checks a task against the service that a connection without a name would be made with. All faults are
// reported at once.
func (t *Task) Validate(s *Service) error {
	var f FieldErrors
	if !taskName.MatchString(t.Name) || len(t.Name) > 80 || slices.ContainsFunc(reservedTasks, func(r string) bool { return strings.HasPrefix(strings.ToLower(t.Name), r) }) {
		f.Add("/name", "a task is called service.operation: letters, digits and _, each part beginning with a small letter")
	}
	if t.About == "" || len(t.About) > 200 || strings.ContainsAny(t.About, "\n\t") {
		f.Add("/about", "say in one line of at most 200 bytes what it does")
	}
	if t.Method != "" && !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, t.Method) {
		f.Add("/method", "the method is GET, HEAD, POST, PUT, PATCH or DELETE")
	}
	t.validateParameters(&f)
	for i, scope := range t.Scopes {
		if s.Auth.OAuth2 == nil || !slices.ContainsFunc(s.Auth.OAuth2.Scopes, func(k Scope) bool { return k.Value == scope }) {
			f.Add(pointer("/scopes", i), "the service %s has no scope %q", s.LinkName, scope)
		}
	}
	t.validateTemplates(s, &f)
	if t.Answer != "" {
		f.Check("/answer", CheckAnswerPath(t.Answer))
	}
	if t.AnswerIf != "" {
		f.Check("/answer_if", CheckAnswerPath(t.AnswerIf))
	}
	return f.Err()
}

func (t *Task) validateParameters(f *FieldErrors) {
	optional := false
	for i, p := range t.Parameters {
		at := pointer("/parameters", i)
		switch {
		case !parameterName.MatchString(p.Name) || p.Name == "connection":
			f.Add(at+"/name", "a parameter has a name of small letters, digits and _, other than connection")
		case t.Parameter(p.Name) != &t.Parameters[i]:
			f.Add(at+"/name", "this name stands twice")
		}
		if !slices.Contains(parameterTypes, p.Type) {
			f.Add(at+"/type", "the type is text, number, boolean, map, list, file or any")
		}
		if optional && !p.Optional {
			f.Add(at+"/optional", "what follows an optional parameter is optional too")
		}
		optional = p.Optional
		if len(p.Default) > 0 && !p.Optional {
			f.Add(at+"/default", "only an optional parameter has a default")
		}
		if len(p.Choices) > 0 && p.Type != TypeText {
			f.Add(at+"/choices", "only a text has choices")
		}
	}
}

// validateTemplates checks that every text that is nothing but a placeholder names a parameter, and that every parameter
// is used. Within other texts braces may mean something else, as in GraphQL.
func (t *Task) validateTemplates(s *Service, f *FieldErrors) {
	used := map[string]bool{}
	note := func(template string) {
		for _, m := range taskHole.FindAllStringSubmatch(template, -1) {
			used[m[1]] = true
		}
	}
	bodies := 0
	for _, part := range []struct {
		at       string
		template json.RawMessage
		object   bool
	}{{"/query", t.Query, true}, {"/body", t.Body, false}, {"/form", t.Form, true}, {"/multipart", t.Multipart, true}} {
		if len(part.template) == 0 {
			continue
		}
		if part.at != "/query" {
			bodies++
		}
		if part.object && !isObject(part.template) {
			f.Add(part.at, "this is an object")
		}
		note(string(part.template))
		for _, m := range wholeHole.FindAllStringSubmatch(string(part.template), -1) {
			if t.Parameter(m[1]) == nil {
				f.Add(part.at, "the task has no parameter %s", m[1])
			}
		}
	}
	if t.Raw != "" {
		bodies++
		note(t.Raw)
	}
	if bodies > 1 {
		f.Add("/body", "there is one body: body, form, multipart or raw")
	}
	for name, value := range t.Headers {
		f.Check("/headers/"+pointerToken(name), CheckToken(name))
		note(value)
	}
	note(t.URL)
	for i, p := range t.Parameters {
		if !used[p.Name] {
			f.Add(pointer("/parameters", i), "nothing in the task uses {%s}", p.Name)
		}
	}
	f.Check("/url", t.checkURL(s))
}

// checkURL fills the URL with something and judges it as a service's own.
func (t *Task) checkURL(s *Service) error {
	filled, err := t.FillURL(func(string) (string, bool) { return "x", true })
	if err != nil {
		return err
	}
	values := s.SampleValues()
	if strings.HasPrefix(filled, "/") {
		if s.BaseURL == "" {
			return fmt.Errorf("the service %s has no base URL, so write the whole URL", s.LinkName)
		}
		template, err := ParseRelativeTemplate(filled, s.DynamicParameters)
		if err != nil {
			return err
		}
		_, err = template.Fill(values)
		return err
	}
	_, err = s.FillURL(filled, values)
	return err
}

// FillURL puts arguments into the URL. value gives the text of a parameter, and false for one that was not given; a
// value is escaped, and none can be a dot segment.
func (t *Task) FillURL(value func(name string) (string, bool)) (string, error) {
	var err error
	filled := taskHole.ReplaceAllStringFunc(t.URL, func(hole string) string {
		name := hole[1 : len(hole)-1]
		if t.Parameter(name) == nil {
			return hole // of the service
		}
		v, ok := value(name)
		switch {
		case !ok || v == "":
			err = fmt.Errorf("%s stands in the address that is called, so it cannot be empty", name)
		case v == "." || v == "..":
			err = fmt.Errorf("%s stands in the address that is called, so it cannot be %s", name, v)
		}
		return escapeSegment(v)
	})
	return filled, err
}

// escapeSegment is a text as one segment of a path, or as a value in a query: everything but unreserved characters
// (RFC 3986 §2.3) is percent-encoded, braces too.
func escapeSegment(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~@!$'()*,:", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// FillText puts arguments into a text; what was not given is empty there.
func (t *Task) FillText(text string, value func(name string) (string, bool)) string {
	return taskHole.ReplaceAllStringFunc(text, func(hole string) string {
		name := hole[1 : len(hole)-1]
		if t.Parameter(name) == nil {
			return hole
		}
		v, _ := value(name)
		return v
	})
}

// Hole is the parameter that a text of a template is nothing but; nil for any other text.
func (t *Task) Hole(text string) *TaskParameter {
	if m := taskHole.FindStringSubmatch(text); m != nil && m[0] == text {
		return t.Parameter(m[1])
	}
	return nil
}
