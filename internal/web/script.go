package web

import (
	"net/http"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/function"
	"lanyard/internal/problem"
)

// scriptPage is the editor: a function that is saved, or a new one.
type scriptPage struct {
	frame
	form
	scriptHead
	LinkField, NameField field // of a new one
	Action               string
	Saves                bool // the visitor may save it
	Run                  string
	Source               string
	Saved                string // the source as it is saved, where another one stands in the editor
	Version              int64
	SavedBy              string
	Problems             []lanyard.ScriptProblem
	Warnings             []lanyard.ScriptProblem
	Listing              []listedLine // the source with its lines, where something is wrong with them
	Arguments            argumentsPart
	Outcome              *outcomePart // nil: nothing was run
}

func (scriptPage) template() string { return "script" }

// scriptHead stands above each page of a function.
type scriptHead struct {
	Function *lanyard.Function // nil: it is not made yet
	Tabs     []listChoice
	Runs     string // how scripts call it
	Schedule string // in words; empty: none
}

func newScriptHead(f *lanyard.Function, here string) scriptHead {
	h := scriptHead{Function: f, Runs: "thisapp." + string(f.LinkName)}
	if f.Schedule.Cron != "" {
		h.Schedule = scheduleWords(f.Schedule)
	}
	for _, tab := range [][2]string{{"Editor", ""}, {"Versions", "versions"}, {"Runs", "runs"}, {"Settings", "settings"}} {
		path := scriptPath(f.LinkName)
		if tab[1] != "" {
			path = scriptPath(f.LinkName, tab[1])
		}
		h.Tabs = append(h.Tabs, listChoice{Name: tab[0], Path: path, Here: tab[0] == here})
	}
	return h
}

// scriptScripts are what a page with the editor loads.
var scriptScripts = []string{"script.js"}

// mayEditFunction reports whether to offer what changes a function.
func mayEditFunction(v visitor, f *lanyard.Function) bool {
	return access.EditFunction(v.caller, f) == nil
}

// mayScheduleFunction reports whether to offer a schedule and an address.
func mayScheduleFunction(v visitor, f *lanyard.Function) bool {
	return access.ScheduleFunction(v.caller, f) == nil
}

// scriptInput is what stands in the form.
type scriptInput struct {
	Name, LinkName string
	Source         string
	Version        int64
	Arguments      map[string]string // by the names of the parameters
	Rows           []argumentRow     // of a script without a header
}

func readScript(r *http.Request) scriptInput {
	f := r.PostForm
	in := scriptInput{Name: strings.TrimSpace(f.Get("name")), LinkName: strings.TrimSpace(f.Get("link_name")), Source: strings.ReplaceAll(f.Get("script"), "\r\n", "\n"), Arguments: map[string]string{}}
	if n, err := strconv.ParseInt(f.Get("version"), 10, 64); err == nil && n > 0 {
		in.Version = n
	} else {
		in.Version = -1 // which none has, so that it is a conflict
	}
	for name, values := range f {
		if parameter, ok := strings.CutPrefix(name, "argument."); ok {
			in.Arguments[parameter] = strings.ReplaceAll(values[0], "\r\n", "\n")
		}
	}
	names, values := f["argument_name"], f["argument_value"]
	for i := range min(len(names), len(values)) {
		if name := strings.TrimSpace(names[i]); name != "" || values[i] != "" {
			in.Rows = append(in.Rows, argumentRow{Name: name, Value: strings.ReplaceAll(values[i], "\r\n", "\n")})
		}
	}
	return in
}

// newScriptPage is the editor with a text in it. f is nil for a new function; d is what went wrong.
func newScriptPage(v visitor, f *lanyard.Function, in scriptInput, checked *function.Checked, d *problem.Document) scriptPage {
	if len(checked.Problems) > 0 && f != nil { // what it takes is not known: most likely what it took before
		known := *checked
		known.Signature, known.Declared = f.Signature, f.Signature.Returns != ""
		checked = &known
	}
	p := scriptPage{frame: newShellFrame(v, "New script", "/scripts"), form: newForm(withoutProblems(d, checked), "It was not saved"), Action: "/scripts", Saves: true, Run: "/scripts/run",
		Source: in.Source, Version: in.Version, Problems: checked.Problems, Warnings: checked.Warnings, Arguments: newArgumentsPart(checked, in)}
	if f != nil {
		p.frame, p.scriptHead = newShellFrame(v, f.Name, "/scripts"), newScriptHead(f, "Editor")
		p.Action, p.Run, p.Saves = scriptPath(f.LinkName, "edit"), scriptPath(f.LinkName, "run"), mayEditFunction(v, f)
		if in.Source != f.Script {
			p.Saved = f.Script
		}
	} else {
		p.NameField = p.field(field{ID: "name", Name: "name", Label: "Name", Value: in.Name, Help: "For people, such as Daily report."}, "/name")
		p.LinkField = p.field(field{ID: "link-name", Name: "link_name", Label: "Link name", Value: in.LinkName, Mono: true, Optional: true, Help: "For scripts and addresses; left empty, it is made from the name. It never changes."}, "/link_name")
	}
	if d != nil {
		p.Title = "Error: " + p.Title
	}
	if len(p.Problems)+len(p.Warnings) > 0 {
		p.Listing = newListing(p.Source, p.Problems, p.Warnings)
	}
	p.frame.Scripts = scriptScripts
	p.rest()
	return p
}

// withoutProblems takes what is wrong with the script out of an error: the editor lists that by line.
func withoutProblems(d *problem.Document, checked *function.Checked) *problem.Document {
	if d == nil || len(checked.Problems) == 0 {
		return d
	}
	rest := *d
	rest.Errors = nil
	for _, e := range d.Errors {
		if e.Pointer != "/script" {
			rest.Errors = append(rest.Errors, e)
		}
	}
	if len(rest.Errors) == 0 {
		rest.Detail = "Correct the script, and save it again."
	}
	return &rest
}

const newSource = `void my_function()
{
	info "Hello";
}
`

// newScript is the editor with a script to begin with.
func (s *site) newScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	in := scriptInput{Source: newSource}
	if e := exampleOf(r.URL.Query().Get("example")); e.Key != "" {
		in.Name, in.Source = e.Name, e.Source
	}
	checked, err := s.functions.Check(r.Context(), v.caller, in.Source)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newScriptPage(v, nil, in, checked, nil))
}

func (s *site) script(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	checked, err := s.functions.Check(r.Context(), v.caller, f.Script)
	if err != nil {
		return err
	}
	p := newScriptPage(v, f, scriptInput{Source: f.Script, Version: f.Version}, checked, nil)
	names, err := s.accounts.Names(r.Context(), v.caller, []lanyard.UserID{f.SavedBy}, nil)
	if err != nil {
		return err
	}
	p.SavedBy = nameOf(names.Users, f.SavedBy, "a former user")
	return s.write(w, http.StatusOK, p)
}

// maxScriptForm is how many bytes a posted script may have: each of them percent-encoded, and arguments.
const maxScriptForm = 3*lanyard.MaxScript + maxForm

// scriptForms are the routes whose forms hold a script.
var scriptForms = []string{"POST /scripts", "POST /scripts/check", "POST /scripts/run", "POST /scripts/{function}/edit", "POST /scripts/{function}/run"}

func (s *site) createScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readScript(r)
	f, err := s.functions.Create(r.Context(), v.caller, function.Input{Name: in.Name, LinkName: in.LinkName, Script: in.Source})
	if err != nil {
		return s.scriptNotSaved(w, r, v, nil, in, err)
	}
	s.tell(w, newNotice("ok", f.Name+" was saved", ""))
	http.Redirect(w, r, scriptPath(f.LinkName), http.StatusSeeOther)
	return nil
}

func (s *site) editScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	in := readScript(r)
	saved, err := s.functions.Edit(r.Context(), v.caller, string(f.LinkName), function.Edit{Script: &in.Source, Version: in.Version})
	if err != nil {
		return s.scriptNotSaved(w, r, v, f, in, err)
	}
	if saved.Version == f.Version {
		s.tell(w, newNotice("info", "Nothing was changed", "The script is as it was."))
	} else {
		s.tell(w, newNotice("ok", "Version "+strconv.FormatInt(saved.Version, 10)+" was saved", ""))
	}
	http.Redirect(w, r, scriptPath(f.LinkName), http.StatusSeeOther)
	return nil
}

// scriptNotSaved shows the editor again, with what was typed and what is wrong with it.
func (s *site) scriptNotSaved(w http.ResponseWriter, r *http.Request, v visitor, f *lanyard.Function, in scriptInput, err error) error {
	d := s.onForm(r, err)
	if d == nil {
		return err
	}
	checked, err := s.functions.Check(r.Context(), v.caller, in.Source)
	if err != nil { // it is too large to be read
		checked = &function.Checked{}
	}
	return s.write(w, d.Status, newScriptPage(v, f, in, checked, d))
}
