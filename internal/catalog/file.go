package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"lanyard"
)

// file is how an entry is written. What its definitions have in common with it is not repeated in them.
type file struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	DocsURL     string         `json:"docs_url,omitempty"`
	Logo        string         `json:"logo,omitempty"`
	Color       string         `json:"color,omitempty"`
	Aliases     []string       `json:"aliases,omitempty"`
	Evidence    Evidence       `json:"evidence,omitzero"`
	Ways        []fileWay      `json:"ways"`
	Tasks       []lanyard.Task `json:"tasks,omitempty"`
}

type fileWay struct {
	Name        string          `json:"name,omitempty"`
	RegisterURL string          `json:"register_url,omitempty"`
	Register    string          `json:"register,omitempty"`
	Definition  json.RawMessage `json:"definition"` // of a service, as the API takes it
}

var (
	color     = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	day       = regexp.MustCompile(`^20[0-9]{2}-[01][0-9](-[0-3][0-9])?$`)
	logo      = regexp.MustCompile(`^[a-z0-9]+$`)
	directory = regexp.MustCompile(`^[a-z][a-z_]*$`)
)

// ParseFile reads one file and judges it. The error joins all its faults.
func ParseFile(name, category string, data []byte) (*Entry, error) {
	e, err := decode(name, category, data)
	if err != nil {
		return nil, err
	}
	d := e.document
	faults := []error{d.Located("", e.check())}
	for i := range e.Ways {
		at := fmt.Sprintf("/ways/%d", i)
		s, err := e.judged(i)
		faults = append(faults, d.Located(at+"/definition", err))
		if err != nil {
			continue
		}
		e.Ways[i].is(s)
		faults = append(faults, d.Located(at, e.Ways[i].check(len(e.Ways))))
	}
	for i := range e.Tasks {
		if len(e.Ways) > 0 && e.Ways[0].service != nil {
			faults = append(faults, d.Located(fmt.Sprintf("/tasks/%d", i), e.Tasks[i].Validate(e.Ways[0].Service())))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return e, nil
}

// ReadFile reads a file that [ParseFile] once let pass. It is not judged again: the rules may have become stricter.
func ReadFile(name, category string, data []byte) (*Entry, error) {
	e, err := decode(name, category, data)
	if err != nil {
		return nil, err
	}
	for i := range e.Ways {
		s, err := e.service(i)
		if err != nil {
			return nil, e.document.Located(fmt.Sprintf("/ways/%d/definition", i), err)
		}
		e.Ways[i].is(s)
	}
	return e, nil
}

// decode reads a file up to the definitions of its ways.
func decode(name, category string, data []byte) (*Entry, error) {
	d, err := ReadYAML(name, data)
	if err != nil {
		return nil, err
	}
	var f file
	if err := lanyard.DecodeKnown(d.JSON, &f); err != nil {
		return nil, d.Located("", err)
	}
	e := &Entry{
		Name: f.Name, Category: category, Description: f.Description, DocsURL: f.DocsURL,
		Logo: f.Logo, Color: f.Color, Aliases: f.Aliases, Evidence: f.Evidence, Ways: make([]Way, len(f.Ways)), Tasks: f.Tasks, document: d,
	}
	for i, w := range f.Ways {
		e.Ways[i] = Way{Name: w.Name, RegisterURL: w.RegisterURL, Register: w.Register, definition: string(w.Definition)}
	}
	return e, nil
}

// is takes the service that was read from the definition.
func (w *Way) is(s *lanyard.Service) {
	w.LinkName, w.Type, w.service = s.LinkName, s.Auth.Type, func() *lanyard.Service { return s }
}

// Document is the file that the entry was read from; nil for one that was not.
func (e *Entry) Document() *Document { return e.document }

// check judges what stands on the card.
func (e *Entry) check() error {
	var f lanyard.FieldErrors
	f.Check("/name", lanyard.CheckName(e.Name))
	if n := utf8.RuneCountInString(e.Description); n == 0 || n > 160 || strings.ContainsAny(e.Description, "\n\t") {
		f.Add("/description", "a description is one line of at most 160 characters")
	}
	if e.Evidence.Checked != "" && !day.MatchString(e.Evidence.Checked) {
		f.Add("/evidence/checked", "a day is written 2026-11-26, a month 2026-11")
	}
	if n := len(e.Evidence.Sources); e.Evidence.Agree < 0 || e.Evidence.Agree > n {
		f.Add("/evidence/agree", "of %d sources, 0 to %d can agree", n, n)
	}
	if e.Color != "" && !color.MatchString(e.Color) {
		f.Add("/color", "a colour is written #24292f")
	}
	if e.Logo != "" && !logo.MatchString(e.Logo) {
		f.Add("/logo", "this is the name of a mark in simple-icons")
	}
	if !directory.MatchString(e.Category) {
		f.Add("", "the directory is the category: lower-case letters and underscores")
	}
	for i, alias := range e.Aliases {
		f.Check(fmt.Sprintf("/aliases/%d", i), lanyard.CheckName(alias))
	}
	if len(e.Ways) == 0 {
		f.Add("/ways", "list at least one way to connect")
	}
	return f.Err()
}

// check judges a way; there are of them in its entry.
func (w *Way) check(there int) error {
	var f lanyard.FieldErrors
	if there > 1 || w.Name != "" {
		f.Check("/name", lanyard.CheckName(w.Name))
	}
	switch needs := w.NeedsClient(); {
	case !needs && w.Register+w.RegisterURL != "":
		f.Add("/register", "there is nothing to register for this way")
	case len(w.Register) > 500:
		f.Add("/register", "this is at most 500 bytes")
	}
	if w.RegisterURL != "" {
		if u, _, err := lanyard.ParseURL(w.RegisterURL); err != nil || u.Scheme != "https" {
			f.Add("/register_url", "this is a URL that begins with https://")
		}
	}
	return f.Err()
}

// judged reads the definition of a way for the first time.
func (e *Entry) judged(index int) (*lanyard.Service, error) {
	definition := e.Ways[index].definition
	var f lanyard.FieldErrors
	if definition == "" || definition == "null" {
		f.Add("", "this is required")
		return nil, f.Err()
	}
	written, err := lanyard.ParseService([]byte(definition))
	if err != nil {
		return nil, err
	}
	for _, once := range []struct{ name, value string }{{"/name", written.Name}, {"/category", written.Category}, {"/docs_url", written.DocsURL}} {
		if once.value != "" {
			f.Add(once.name, "this stands once, outside the definition")
		}
	}
	if written.Kind != "" {
		f.Add("/kind", "leave this out")
	}
	if written.Auth.ClientID() != "" || !written.Auth.Secret().IsZero() {
		f.Add("/auth", "a client id and secret are each organization's own")
	}
	s, err := e.service(index)
	if err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, f.Err()
}

// service reads the definition of a way and fills in what the entry says for all of its ways.
func (e *Entry) service(index int) (*lanyard.Service, error) {
	w := &e.Ways[index]
	s, err := lanyard.ParseService([]byte(w.definition))
	if err != nil {
		return nil, err
	}
	s.Name, s.Category, s.DocsURL = e.Name, e.Category, e.DocsURL
	if index > 0 {
		s.Name += " (" + w.Name + ")" // where it stands alone, in a list of connections say
	}
	if s.Description == "" { // a way may have one of its own, which says what to enter
		s.Description = e.Description
	}
	s.ID, s.Kind = lanyard.ServiceID(s.LinkName), lanyard.KindDefault
	s.Version, err = version(s)
	return s, err
}

// version is a sum over the definition, so that the same one has the same version in every process and a changed one
// another. The lower bits stay free for the version of an OAuth client, see [lanyard.ClientVersion].
func version(s *lanyard.Service) (int64, error) {
	definition, err := json.Marshal(s)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(definition)
	return int64(binary.BigEndian.Uint32(sum[:4])>>1) << 32, nil
}
