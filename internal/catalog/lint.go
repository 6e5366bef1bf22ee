package catalog

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"lanyard"
)

// Source is a file to be judged: Name is how it is called in what is said about it.
type Source struct {
	Name     string
	Category string // of the directory that it stands in
	Text     []byte
}

// Report is what there is to say about files.
type Report struct {
	Files   int      // that were judged
	Fine    int      // that have no fault
	Faults  []*Fault // what would keep a server from using them
	Remarks []*Fault // what is not wrong, but worth mending or knowing
}

// Lint judges files as a server does that has them beside the catalogue c.
func Lint(c *Catalog, files []Source) *Report {
	r := &Report{Files: len(files)}
	own := &Catalog{byName: map[lanyard.LinkName]place{}}
	faulty := map[string]bool{}
	note := func(err error) {
		for _, f := range Faults(err) {
			faulty[f.File] = true
			r.Faults = append(r.Faults, f)
		}
	}
	for _, f := range files {
		category := f.Category
		if !directory.MatchString(category) {
			r.Remarks = append(r.Remarks, &Fault{File: f.Name, Line: 1, Detail: "a server takes the directory for the category, so its name has lower-case letters and underscores"})
			category = "other"
		}
		e, err := ParseFile(f.Name, category, f.Text)
		if err == nil {
			err = own.add(e)
		}
		if note(err); err != nil {
			continue
		}
		r.Remarks = append(r.Remarks, e.Remarks()...)
		if ours, _ := c.Find(e.LinkName()); ours != nil && ours.LinkName() == e.LinkName() && !sameWays(e, ours) {
			r.Remarks = append(r.Remarks, &Fault{File: f.Name, Line: 1, Detail: fmt.Sprintf("this stands in for %s, which comes with Lanyard, with all its ways", ours.Name)})
		}
	}
	_, err := c.With(own)
	note(err)
	r.Fine = r.Files - len(faulty)
	return r
}

// sameWays reports whether two entries have the same definitions.
func sameWays(a, b *Entry) bool {
	if len(a.Ways) != len(b.Ways) {
		return false
	}
	for i := range a.Ways {
		if a.Ways[i].Service().Version != b.Ways[i].Service().Version {
			return false
		}
	}
	return true
}

// Remarks are what one would be glad to know of an entry without a fault.
func (e *Entry) Remarks() []*Fault {
	var all []*Fault
	add := func(pointer, detail string) {
		var f *Fault
		if errors.As(e.document.Fault(pointer, detail), &f) {
			all = append(all, f)
		}
	}
	if e.Description == "TODO" || !strings.HasSuffix(e.Description, ".") {
		add("/description", "this is a sentence that says what one does with the API and ends with a full stop")
	}
	if e.DocsURL == "" {
		add("/docs_url", "there is no link to the vendor's documentation")
	}
	if e.Evidence.Checked == "" {
		add("/evidence", "nothing says when this was compared with the vendor's documentation, and with what else")
	}
	for i := range e.Ways {
		w, at := &e.Ways[i], fmt.Sprintf("/ways/%d", i)
		s := w.Service()
		if s.VerifyURL == "" && (w.Type == lanyard.AuthAPIKey || w.Type == lanyard.AuthBasic) {
			add(at+"/definition/verify_url", "without a verification request a mistyped credential is noticed only by the first call")
		}
		if w.NeedsClient() && w.Register+w.RegisterURL == "" {
			add(at+"/register", "nothing says where an application is registered")
		}
		if s.BaseURL == "" {
			add(at+"/definition/base_url", "without a base URL every call names the whole address")
		}
	}
	return all
}

// checkFile judges the name of the file.
func (e *Entry) checkFile() error {
	d := e.document
	if d == nil {
		return nil
	}
	if want := string(e.LinkName()) + ".yaml"; path.Base(d.file) != want {
		return d.Fault("/ways/0/definition/link_name", "the file of this service is called "+want)
	}
	return nil
}
