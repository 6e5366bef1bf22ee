package definitions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
)

// MaxSize is how many bytes a document has at most, in all of its files.
const MaxSize = 8 << 20

// File is one file of a document, YAML or JSON.
type File struct {
	Name string
	Text []byte
}

// Source is a document and where each part of it stands.
type Source struct {
	*Document
	files []*catalog.Document
	items map[string]place // by the pointer of the item: /services/0
}

type place struct {
	file    *catalog.Document
	pointer string
}

// Read reads files as one document. All faults are reported at once: they are [catalog.Faults].
func Read(files ...File) (*Source, error) {
	s := &Source{Document: &Document{Format: Format}, items: map[string]place{}}
	var faults []error
	size := 0
	for _, f := range files {
		if size += len(f.Text); size > MaxSize {
			return nil, &catalog.Fault{File: f.Name, Line: 1, Detail: fmt.Sprintf("a document has at most %d MiB", MaxSize>>20)}
		}
		y, err := catalog.ReadYAML(f.Name, f.Text)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		part, err := Decode(y.JSON)
		if err != nil {
			faults = append(faults, y.Located("", err))
			continue
		}
		s.take(y, part)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	f := s.check(s.where)
	s.eachSecret(func(at string, ref *SecretRef) {
		if !ref.Value.IsZero() {
			f.Add(at, "a secret does not stand in a file: say where it is, by env or by file")
		} else if (ref.Env == "") == (ref.File == "") {
			f.Add(at, "this names a variable of the environment (env), or a file (file)")
		}
	})
	return s, s.Explain(f.Err())
}

// take appends the lists of a file to those of the document.
func (s *Source) take(y *catalog.Document, part *Document) {
	s.files = append(s.files, y)
	s.Services = appended(s, y, "services", s.Services, part.Services)
	s.OAuthClients = appended(s, y, "oauth_clients", s.OAuthClients, part.OAuthClients)
	s.Connections = appended(s, y, "connections", s.Connections, part.Connections)
	s.Functions = appended(s, y, "functions", s.Functions, part.Functions)
	s.Extensions = appended(s, y, "extensions", s.Extensions, part.Extensions)
	s.APIKeys = appended(s, y, "api_keys", s.APIKeys, part.APIKeys)
	s.Roles = appended(s, y, "roles", s.Roles, part.Roles)
}

func appended[T any](s *Source, y *catalog.Document, kind string, all, more []T) []T {
	if all == nil && more != nil {
		all = []T{}
	}
	for i := range more {
		s.items[fmt.Sprintf("/%s/%d", kind, len(all)+i)] = place{y, fmt.Sprintf("/%s/%d", kind, i)}
	}
	return append(all, more...)
}

// find gives the file of a pointer into the document, and the pointer there.
func (s *Source) find(pointer string) place {
	parts := strings.SplitN(pointer, "/", 4) // "", kind, index, rest
	if len(parts) >= 3 {
		if p, ok := s.items["/"+parts[1]+"/"+parts[2]]; ok {
			if len(parts) == 4 {
				p.pointer += "/" + parts[3]
			}
			return p
		}
	}
	if len(s.files) == 0 {
		return place{}
	}
	return place{s.files[0], pointer}
}

func (s *Source) where(pointer string) string {
	p := s.find(pointer)
	var f *catalog.Fault
	if p.file == nil || !errors.As(p.file.Fault(p.pointer, ""), &f) {
		return pointer
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Explain turns faults at pointers of the document into faults of its files; it gives any other error back.
func (s *Source) Explain(err error) error {
	var e *lanyard.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	faults := make([]error, len(e.Fields))
	for i, field := range e.Fields {
		p := s.find(field.Pointer)
		if p.file == nil {
			return err
		}
		faults[i] = p.file.Fault(p.pointer, field.Detail)
	}
	return errors.Join(faults...)
}

// Decode reads one document from JSON. Its faults are at JSON pointers.
func Decode(data []byte) (*Document, error) {
	var head struct {
		Format json.RawMessage `json:"lanyard"`
	}
	var f lanyard.FieldErrors
	if json.Unmarshal(data, &head) != nil {
		f.Add("", "a document is an object with lists such as services and connections")
		return nil, f.Err()
	}
	var format int
	switch err := json.Unmarshal(head.Format, &format); {
	case err != nil || format < 1:
		f.Add("/lanyard", "a document says which format it has: lanyard: %d", Format)
	case format > Format:
		f.Add("/lanyard", "this document has format %d, and this Lanyard reads up to format %d: use a newer one", format, Format)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	d := &Document{}
	return d, lanyard.DecodeKnown(data, d)
}

// check finds what stands twice in a document. Where gives the words for a place.
func (d *Document) check(where func(pointer string) string) lanyard.FieldErrors {
	var f lanyard.FieldErrors
	seen := map[string]string{}
	note := func(kind string, i int, field, key string) {
		at := fmt.Sprintf("/%s/%d", kind, i)
		if key == "" {
			f.Add(at+field, "this is required")
			return
		}
		if first, twice := seen[kind+" "+key]; twice {
			f.Add(at+field, "%s stands twice: %s has it too", strings.ReplaceAll(key, "\n", " of "), where(first))
			return
		}
		seen[kind+" "+key] = at + field
	}
	for i := range d.Services {
		note("services", i, "/definition/link_name", string(d.Services[i].linkName()))
	}
	for i := range d.OAuthClients {
		note("oauth_clients", i, "/service", string(d.OAuthClients[i].Service))
	}
	for i := range d.Connections {
		note("connections", i, "/link_name", string(d.Connections[i].LinkName))
	}
	for i := range d.Functions {
		note("functions", i, "/link_name", string(d.Functions[i].LinkName))
	}
	for i := range d.Extensions {
		note("extensions", i, "/name", string(d.Extensions[i].Name))
	}
	for i := range d.APIKeys {
		if k := &d.APIKeys[i]; k.Name == "" || k.Owner == "" {
			note("api_keys", i, "/name", k.Name)
		} else {
			note("api_keys", i, "/name", k.Name+"\n"+strings.ToLower(k.Owner))
		}
	}
	for i := range d.Roles {
		note("roles", i, "/email", strings.ToLower(d.Roles[i].Email))
	}
	return f
}

// linkName is the one in the definition; empty when there is none that can be read.
func (s *Service) linkName() lanyard.LinkName {
	var d struct {
		LinkName lanyard.LinkName `json:"link_name"`
	}
	_ = json.Unmarshal(s.Definition, &d) // what is wrong with it is said when it is judged
	return d.LinkName
}

// eachSecret visits the places where a document says where a secret comes from.
func (d *Document) eachSecret(visit func(at string, ref *SecretRef)) {
	for i := range d.Services {
		if ref := d.Services[i].ClientSecret; ref != nil {
			visit(fmt.Sprintf("/services/%d/client_secret", i), ref)
		}
	}
	for i := range d.OAuthClients {
		if ref := d.OAuthClients[i].ClientSecret; ref != nil {
			visit(fmt.Sprintf("/oauth_clients/%d/client_secret", i), ref)
		}
	}
}

// Missing is a secret that could not be read where a document says it is.
type Missing struct {
	At, Source string // pointer of the reference; "the variable X", "the file y"
}

// Resolve reads the secrets of a document from where it says they are. One whose variable is not set, or whose file is
// not there, is missing: the server then keeps the one that it has.
func (d *Document) Resolve(env func(string) string, readFile func(string) (lanyard.Secret, error)) (missing []Missing, err error) {
	d.eachSecret(func(at string, ref *SecretRef) {
		source := "the variable " + ref.Env
		if ref.Env != "" {
			ref.Value = lanyard.NewSecret(env(ref.Env))
		} else {
			source = "the file " + ref.File
			value, readErr := readFile(ref.File)
			if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
				err = errors.Join(err, readErr)
			}
			ref.Value = value
		}
		if ref.Value.IsZero() {
			missing = append(missing, Missing{at, source})
		}
		ref.Env, ref.File = "", ""
	})
	return missing, err
}

// Wire is the document as JSON on its way to the server, with the secrets that were resolved. It is never kept.
func (d *Document) Wire() ([]byte, error) {
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	secrets := map[string]string{}
	d.eachSecret(func(at string, ref *SecretRef) {
		if !ref.Value.IsZero() {
			secrets[at] = ref.Value.Reveal()
		}
	})
	if len(secrets) == 0 {
		return plain, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(plain, &all); err != nil {
		return nil, err
	}
	for _, kind := range []string{"services", "oauth_clients"} {
		var items []map[string]json.RawMessage
		if all[kind] == nil {
			continue
		}
		if err := json.Unmarshal(all[kind], &items); err != nil {
			return nil, err
		}
		for i := range items {
			if value, ok := secrets[fmt.Sprintf("/%s/%d/client_secret", kind, i)]; ok {
				if items[i]["client_secret"], err = json.Marshal(map[string]string{"value": value}); err != nil {
					return nil, err
				}
			}
		}
		if all[kind], err = json.Marshal(items); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}
