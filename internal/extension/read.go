package extension

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/function"
	"lanyard/internal/script"
)

const (
	maxYAML   = 256 << 10 // bytes of a YAML file, and of the README
	maxInside = 1000      // files in a folder
	maxFaults = 100       // that are told of one package
	readme    = "README.md"
)

// reading is a folder while it is read.
type reading struct {
	folder   fs.FS
	defaults *catalog.Catalog

	pack     Package
	document *catalog.Document // the manifest
	present  map[string]bool   // files of the folder
	files    map[string][]byte // of the package
	services map[lanyard.LinkName]*lanyard.Service
	tasks    map[string]catalog.Task // by their names in lower case
	faults   []error
	remarks  []*catalog.Fault
}

// all reads everything and judges it.
func (r *reading) all() (*Package, error) {
	r.list()
	if err := r.manifest(); err != nil {
		return nil, errors.Join(append(r.faults, err)...)
	}
	r.fault(r.document.Located("", r.pack.check()))
	if r.readServices(catalog.ParseFile) {
		r.checkServices()
		r.checkConnections()
	}
	r.readScripts()
	r.checkScripts()
	r.strays()
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	packed, err := pack(r.files)
	if err != nil {
		return nil, err
	}
	if len(packed) > MaxPacked {
		return nil, &catalog.Fault{File: ManifestFile, Line: 1, Detail: fmt.Sprintf("packed, an extension has at most %d MiB", MaxPacked>>20)}
	}
	sum := sha256.Sum256(packed)
	r.pack.Packed, r.pack.Digest = packed, hex.EncodeToString(sum[:])
	return &r.pack, nil
}

// stored reads what all let pass, and judges nothing.
func (r *reading) stored() (*Package, error) {
	r.list()
	if err := r.manifest(); err != nil {
		return nil, errors.Join(append(r.faults, err)...)
	}
	r.readServices(catalog.ReadFile)
	r.readScripts()
	return &r.pack, errors.Join(r.faults...)
}

func (r *reading) fault(err error) { r.faults = append(r.faults, err) }

// at notes a fault of the manifest.
func (r *reading) at(pointer, format string, args ...any) {
	r.fault(r.document.Fault(pointer, fmt.Sprintf(format, args...)))
}

// list notes which files there are. What begins with a dot is passed over: editors and version control put things there.
func (r *reading) list() {
	r.present, r.files = map[string]bool{}, map[string][]byte{}
	err := fs.WalkDir(r.folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			r.fault(&catalog.Fault{File: name, Line: 1, Detail: "this is not a regular file: put the file itself here"})
			return nil
		}
		if r.present[name] = true; len(r.present) > maxInside {
			return &catalog.Fault{File: name, Line: 1, Detail: fmt.Sprintf("the folder of an extension has at most %d files", maxInside)}
		}
		return nil
	})
	if err != nil && len(catalog.Faults(err)) == 0 {
		err = &catalog.Fault{File: ManifestFile, Line: 1, Detail: "the folder cannot be read: " + err.Error()}
	}
	if err != nil {
		r.fault(err)
	}
}

// read reads a file of the package.
func (r *reading) read(name string, most int) ([]byte, error) {
	wrong := func(format string, args ...any) error {
		return &catalog.Fault{File: name, Line: 1, Detail: fmt.Sprintf(format, args...)}
	}
	if !r.present[name] {
		return nil, wrong("there is no such file")
	}
	f, err := r.folder.Open(name)
	if err != nil {
		return nil, wrong("this cannot be read")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	switch {
	case err != nil:
		return nil, wrong("this cannot be read")
	case len(text) > most:
		return nil, wrong("this file has at most %d KiB", most>>10)
	case !utf8.Valid(text):
		return nil, wrong("this is text in UTF-8")
	}
	r.files[name] = text
	return text, nil
}

func (r *reading) manifest() error {
	text, err := r.read(ManifestFile, maxYAML)
	if err != nil {
		return err
	}
	m, d, err := readManifest(text)
	if err != nil {
		return err
	}
	r.pack.Manifest, r.document = *m, d
	return nil
}

// readServices reads the services' files; false when there is a fault in one, so that nothing can be said of what is made
// with them.
func (r *reading) readServices(parse func(name, category string, data []byte) (*catalog.Entry, error)) bool {
	fine := true
	for i, name := range r.pack.Services[:min(len(r.pack.Services), maxServices)] {
		if checkPath(name, ".yaml") != nil {
			fine = false
			continue // told already
		}
		text, err := r.read(name, maxYAML)
		if err != nil && !r.present[name] {
			err = r.document.Fault(fmt.Sprintf("/services/%d", i), fmt.Sprintf("there is no file %s", name))
		}
		var e *catalog.Entry
		if err == nil {
			e, err = parse(name, "other", text)
		}
		if err == nil && len(e.Ways) == 0 {
			err = e.Document().Fault("/ways", "list at least one way to connect")
		}
		if err != nil {
			r.fault(err)
			fine = false
			continue
		}
		r.pack.Entries = append(r.pack.Entries, e)
	}
	return fine
}

// checkServices judges the services beside each other and beside the default ones.
func (r *reading) checkServices() {
	r.services, r.tasks = map[lanyard.LinkName]*lanyard.Service{}, map[string]catalog.Task{}
	for _, e := range r.pack.Entries {
		d := e.Document()
		for i := range e.Ways {
			at, s := fmt.Sprintf("/ways/%d/definition", i), e.Ways[i].Service()
			switch {
			case r.services[s.LinkName] != nil:
				r.fault(d.Fault(at+"/link_name", fmt.Sprintf("the link name %s stands twice in this extension", s.LinkName)))
			case r.defaults.Has(s.LinkName):
				r.fault(d.Fault(at+"/link_name", fmt.Sprintf("%s is a service that comes with Lanyard: name this one differently", s.LinkName)))
			}
			r.services[s.LinkName] = s
			for j, host := range s.Hosts {
				if p, err := lanyard.ParseHostPattern(host); err == nil && p.Any() {
					r.fault(d.Fault(fmt.Sprintf("%s/hosts/%d", at, j), "name the hosts: with a * alone the credentials of others could go anywhere"))
				}
			}
			for j := range s.DynamicParameters {
				if s.DynamicParameters[j].WithClient {
					r.fault(d.Fault(fmt.Sprintf("%s/dynamic_parameters/%d/with_client", at, j), "the services of an extension ask whoever connects: leave this out"))
				}
			}
		}
		for i := range e.Tasks {
			name := strings.ToLower(e.Tasks[i].Name)
			_, twice := r.tasks[name]
			if _, taken := r.defaults.Task(name); taken || twice {
				r.fault(d.Fault(fmt.Sprintf("/tasks/%d/name", i), fmt.Sprintf("there is a task %s already", e.Tasks[i].Name)))
			}
			r.tasks[name] = catalog.Task{Task: &e.Tasks[i], Entry: e}
		}
	}
}

func (r *reading) checkConnections() {
	for i, c := range r.pack.Connections {
		at := fmt.Sprintf("/connections/%d", i)
		s := r.services[c.Service]
		if s == nil {
			s = r.defaults.Service(c.Service)
		}
		if s == nil {
			r.at(at+"/service", "there is no service %s, neither in this extension nor among those that come with Lanyard", said(string(c.Service)))
			continue
		}
		con := lanyard.Connection{
			LinkName: "fine", Name: "Fine", // judged already
			Scopes: c.Scopes, UseLoginUserCredentials: c.UseLoginUserCredentials, UsableBy: lanyard.UsableByOrganization,
		}
		r.fault(r.document.Located(at, con.Validate(s)))
		if c.UseLoginUserCredentials && len(s.TokenHostParameters()) > 0 {
			r.at(at+"/use_login_user_credentials", "who connects with the service %s chooses the host that its client secret is sent to, so each user's own credentials cannot be used with it", s.LinkName)
		}
	}
}

func (r *reading) readScripts() {
	for i := range r.pack.Scripts[:min(len(r.pack.Scripts), maxScripts)] {
		s := &r.pack.Scripts[i]
		if checkPath(s.File, ".dg") != nil {
			continue // told already
		}
		text, err := r.read(s.File, lanyard.MaxScript)
		if err != nil && !r.present[s.File] {
			err = r.document.Fault(fmt.Sprintf("/scripts/%d/file", i), fmt.Sprintf("there is no file %s", s.File))
		}
		if err != nil {
			r.fault(err)
			continue
		}
		s.Source = string(text)
	}
}

// checkScripts judges what scripts use: nothing that the extension does not bring or name.
func (r *reading) checkScripts() {
	functions := map[string]bool{}
	for _, s := range r.pack.Scripts {
		functions[string(s.LinkName)] = true
	}
	for _, s := range r.pack.Scripts {
		wrong := func(line int, format string, args ...any) {
			r.fault(&catalog.Fault{File: s.File, Line: line, Detail: fmt.Sprintf(format, args...)})
		}
		if r.files[s.File] == nil {
			continue // told already
		}
		if strings.TrimSpace(s.Source) == "" {
			wrong(1, "a script is required")
			continue
		}
		parsed, err := script.Parse(s.Source)
		var problems script.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				wrong(p.Line, "column %d: %s", p.Column, p.Message)
			}
			continue
		}
		for _, w := range function.Warnings(s.Source) {
			r.remarks = append(r.remarks, &catalog.Fault{File: s.File, Line: w.Line, Detail: w.Message})
		}
		for _, name := range parsed.Connections {
			if r.pack.Connection(lanyard.LinkName(name)) == nil {
				wrong(lineOf(s.Source, name), "the extension has no connection %s", said(name))
			}
		}
		for _, name := range parsed.Functions {
			if !functions[strings.ToLower(name)] {
				wrong(lineOf(s.Source, name), "the extension has no script %s", said(name))
			}
		}
		if r.tasks != nil { // else there are faults in the services, and their tasks are not known
			for _, use := range parsed.Tasks {
				if why := r.checkTask(use); why != "" {
					wrong(use.Pos.Line, "%s", why)
				}
			}
		}
	}
}

// checkTask says what is wrong with a call of a task; empty: nothing. A connection that is not a text as it stands is
// looked at when the script runs.
func (r *reading) checkTask(use script.TaskUse) string {
	name := strings.ToLower(use.Name)
	if use.Arguments == 0 && (name == "zoho.loginuser" || name == "zoho.loginuserid") {
		return "" // of the language itself
	}
	t, own := r.tasks[name]
	known := own
	if !own {
		t, known = r.defaults.Task(name)
	}
	if !known {
		return fmt.Sprintf("there is no task %s", use.Name)
	}
	switch n := len(t.Parameters); {
	case use.Arguments > n+1 || use.Arguments < t.Required():
		return fmt.Sprintf("the arguments are others: %s", t.Usage())
	case use.Arguments <= n:
		return fmt.Sprintf("the script of an extension names a connection as the last argument: %s", t.Usage())
	case use.Last == "":
		return ""
	}
	c := r.pack.Connection(lanyard.LinkName(use.Last))
	if c == nil {
		return fmt.Sprintf("the extension has no connection %s", said(use.Last))
	}
	for i := range t.Entry.Ways {
		if t.Entry.Ways[i].LinkName == c.Service {
			return ""
		}
	}
	if r.services[c.Service] != nil && !own {
		return "" // a default task through a service of the extension's own: who wrote both knows whether it fits
	}
	return fmt.Sprintf("%s needs a connection of %s, and %s is one of %s", t.Name, t.Entry.Name, c.LinkName, c.Service)
}

// strays refuses what would not be part of the package: it may have been forgotten in the manifest.
func (r *reading) strays() {
	if r.present[readme] {
		if _, err := r.read(readme, maxYAML); err != nil {
			r.fault(err)
		}
	}
	listed := map[string]bool{ManifestFile: true, readme: true}
	for _, name := range r.pack.Services {
		listed[name] = true
	}
	for _, s := range r.pack.Scripts {
		listed[s.File] = true
	}
	for _, name := range slices.Sorted(maps.Keys(r.present)) {
		if listed[name] {
			continue
		}
		detail := "this is no part of an extension: take it away"
		switch path.Ext(name) {
		case ".yaml":
			detail = "this is not among the services in " + ManifestFile
		case ".dg":
			detail = "this is not among the scripts in " + ManifestFile
		}
		r.fault(&catalog.Fault{File: name, Line: 1, Detail: detail})
	}
}

// lineOf is the first line with a text in quotes or behind a dot, where a script names it; 1 when it is nowhere as it is.
func lineOf(source, name string) int {
	line := 0
	for text := range strings.Lines(source) {
		if line++; strings.Contains(text, `"`+name+`"`) || strings.Contains(text, "."+name) {
			return line
		}
	}
	return 1
}
