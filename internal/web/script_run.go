package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/function"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// argumentsPart is what a script is given: a field for each parameter, or rows of names and values.
type argumentsPart struct {
	Declared bool // the script names its parameters
	Fields   []field
	Rows     []argumentRow // hidden where the script names its parameters, which it may stop doing while somebody types
}

// argumentRow is an argument of a script that does not name its parameters.
type argumentRow struct {
	N           int
	Name, Value string
}

// parameterHelp says how a value of each type is written.
var parameterHelp = map[string]string{
	"string": "Text", "int": "A number", "float": "A number", "bool": "true or false", "date": "A date, such as 31-Dec-2026 or 31-Dec-2026 18:30:00",
	"map": `JSON, such as {"name": "value"}`, "list": "JSON, such as [1, 2]", "file": "A file cannot be given here: it is null.", "": "Text, or JSON such as 42, true or [1, 2]",
}

const spareRows = 2 // empty ones below those that are filled in

func newArgumentsPart(checked *function.Checked, in scriptInput) argumentsPart {
	p := argumentsPart{Declared: checked.Declared}
	for _, q := range checked.Parameters {
		f := field{ID: "argument-" + q.Name, Name: "argument." + q.Name, Label: q.Name, Help: parameterHelp[q.Type], Value: in.Arguments[q.Name], Optional: true, Mono: true}
		if q.Type == "map" || q.Type == "list" {
			f.Rows = 2
		}
		if _, err := argument(q.Type, f.Value); err != nil && f.Value != "" {
			f.Error = sentence(err.Error())
		}
		p.Fields = append(p.Fields, f)
	}
	p.Rows = append(append(p.Rows, in.Rows...), make([]argumentRow, spareRows)...)
	for i := range p.Rows {
		p.Rows[i].N = i + 1
	}
	return p
}

// argument is what was typed, as a value of a type.
func argument(typ, text string) (json.RawMessage, error) {
	trimmed := []byte(strings.TrimSpace(text))
	switch typ {
	case "string", "date":
		if typ == "date" && len(trimmed) == 0 {
			return json.RawMessage("null"), nil
		}
		return json.RawMessage(jsonText(text)), nil
	case "file":
		return json.RawMessage("null"), nil
	}
	switch {
	case len(trimmed) == 0:
		return json.RawMessage("null"), nil
	case json.Valid(trimmed) && fits(typ, trimmed[0]):
		return bytes.Clone(trimmed), nil
	case typ == "":
		return json.RawMessage(jsonText(text)), nil
	}
	return nil, fmt.Errorf("this is not of the type %s", typ)
}

// fits reports whether a JSON value that begins so is of a type.
func fits(typ string, first byte) bool {
	switch typ {
	case "int", "float":
		return first == '-' || first >= '0' && first <= '9'
	case "bool":
		return first == 't' || first == 'f'
	case "map":
		return first == '{'
	case "list":
		return first == '['
	}
	return true
}

// values reads the arguments for a run. What cannot be read is an error of its field.
func (in scriptInput) values(checked *function.Checked) (map[string]json.RawMessage, error) {
	var faults lanyard.FieldErrors
	values := map[string]json.RawMessage{}
	add := func(typ, name, text string) {
		v, err := argument(typ, text)
		if err != nil {
			faults.Add("/arguments/"+name, "the argument %s: %s", name, err.Error())
			return
		}
		values[name] = v
	}
	if checked.Declared {
		for _, q := range checked.Parameters {
			add(q.Type, q.Name, in.Arguments[q.Name])
		}
	} else {
		for _, row := range in.Rows {
			if row.Name == "" {
				faults.Add("/arguments", "an argument has no name: its value is %s", said(row.Value))
				continue
			}
			add("", row.Name, row.Value)
		}
	}
	return values, faults.Err()
}

// outcomePart is what a run came to.
type outcomePart struct {
	form
	Note       string // about what was run
	Words      string // how it ended
	Tone       string
	Took       string
	Statements string
	Error      *shownRunError
	Result     *shownBody // nil: none
	Output     string
	Lines      string // of output, in words
	Cut        bool
	Calls      []scriptCallRow
	Path       string // of the recorded run; empty: it is not recorded
	Source     string // of the page that has the lines; empty: this one
}

// shownRunError is what ended a run, and what to do.
type shownRunError struct {
	Message  string
	Line     int // 0: of no line
	Column   int
	Problems []lanyard.ScriptProblem
	Remedy   string
	Connect  string // where a person connects what is missing
}

// scriptCallRow is a call that a script made. The bar stands in a drawing 1000 wide, which is the duration of the run.
type scriptCallRow struct {
	Line       int
	Name       string
	Connection string
	Path       string // of the connection's page
	Method     string
	Where      string
	Result     string
	Tone       string
	Took       string
	Begin      int64
	Width      int64
}

func newOutcomePart(report *lanyard.RunReport, status lanyard.RunStatus, statements int, d time.Duration, publicURL string) *outcomePart {
	p := &outcomePart{Took: took(d), Cut: report.Cut, Output: strings.Join(report.Output, "\n")}
	p.Words, p.Tone = runStanding(status)
	if len(report.Output) > 0 {
		p.Lines = counted(len(report.Output), "line")
	}
	if statements > 0 {
		p.Statements = counted(statements, "statement")
	}
	if len(report.Result) > 0 && !bytes.Equal(report.Result, []byte("null")) {
		html, whole := prettyJSON(string(report.Result), maxShown)
		p.Result = &shownBody{JSON: html}
		if !whole {
			p.Result.Note = fmt.Sprintf("This is the beginning of %s.", size(int64(len(report.Result))))
		}
	} else if report.ResultCut {
		p.Result = &shownBody{Note: "There was a result, too large to be kept."}
	}
	if e := report.Error; e != nil {
		shown := &shownRunError{Message: e.Message, Line: e.Line, Column: e.Column, Problems: e.Problems, Remedy: remedies[e.Code]}
		if path, ok := strings.CutPrefix(e.ConnectURL, publicURL); ok && credential.SafePath(path) {
			shown.Connect = path
		}
		p.Error = shown
	}
	whole := max(d.Milliseconds(), 1)
	for _, c := range report.Calls {
		p.Calls = append(p.Calls, newScriptCallRow(c, whole))
	}
	return p
}

func newScriptCallRow(c lanyard.RunCall, whole int64) scriptCallRow {
	row := scriptCallRow{Line: c.Line, Name: c.Name, Connection: string(c.Connection), Method: said(c.Method), Where: said(c.Host + c.Path), Took: took(time.Duration(c.DurationMS) * time.Millisecond)}
	if c.DurationMS == 0 {
		row.Took = "<1 ms"
	}
	if c.Connection != "" {
		row.Path = connectionPath(c.Connection)
	}
	switch {
	case c.Code != "":
		row.Result, row.Tone = problem.KindOf(c.Code).Title, "bad"
	case c.Status == 0:
		row.Result, row.Tone = "No answer", "bad"
	default:
		row.Result, row.Tone = strings.TrimSpace(fmt.Sprintf("%d %s", c.Status, http.StatusText(c.Status))), toneOf(c.Status)
	}
	row.Begin = min(max(c.StartedMS, 0)*1000/whole, 995)
	row.Width = min(max(c.DurationMS*1000/whole, 5), 1000-row.Begin)
	return row
}

func runStanding(status lanyard.RunStatus) (words, tone string) {
	switch status {
	case lanyard.RunOK:
		return "Succeeded", "ok"
	case lanyard.RunFailed:
		return "Failed", "bad"
	case lanyard.RunCut:
		return "Cut off", "bad"
	}
	return "Running", "warn"
}

// runNewScript runs what stands in the editor of a new function.
func (s *site) runNewScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.execute(w, r, v, nil)
}

// runScript runs what stands in the editor: the saved version, and then it is recorded, or another text.
func (s *site) runScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	return s.execute(w, r, v, f)
}

func (s *site) execute(w http.ResponseWriter, r *http.Request, v visitor, f *lanyard.Function) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readScript(r)
	checked, err := s.functions.Check(r.Context(), v.caller, in.Source)
	if err != nil {
		return err
	}
	outcome, err := s.outcome(r, v, f, in, checked)
	status := http.StatusOK
	if err != nil {
		d := s.onForm(r, err)
		if d == nil {
			return err
		}
		retryAfter(w, d)
		status, outcome = d.Status, &outcomePart{form: newForm(d, "It was not run")}
		outcome.rest()
	}
	p := newScriptPage(v, f, in, checked, nil)
	p.Outcome = outcome
	return s.write(w, status, p)
}

// outcome runs the script. The request's context ends the run when nobody waits for it any more.
func (s *site) outcome(r *http.Request, v visitor, f *lanyard.Function, in scriptInput, checked *function.Checked) (*outcomePart, error) {
	values, err := in.values(checked)
	if err != nil {
		return nil, err
	}
	// What came with an extension runs as such: what a browser made of its text would run as the visitor's own.
	if f != nil && (in.Source == f.Script || f.Extension != "") {
		run, err := s.functions.Run(r.Context(), v.caller, string(f.LinkName), function.RunRequest{Arguments: values, Cause: lanyard.CausePage})
		if err != nil {
			return nil, err
		}
		p := newOutcomePart(&run.Report, run.Status, run.Statements, run.Duration, s.publicURL)
		p.Path = scriptPath(f.LinkName, "runs", string(run.ID))
		if in.Source != f.Script {
			p.Note = "This ran the script as it was installed, and not what stands in the editor: to try something else, copy it into a new script."
		}
		return p, nil
	}
	out, err := s.functions.RunScript(r.Context(), v.caller, function.RunInput{Script: in.Source, Arguments: values})
	if err != nil {
		return nil, err
	}
	status := lanyard.RunOK
	if out.Error != nil {
		status = lanyard.RunFailed
	}
	p := newOutcomePart(&out.RunReport, status, out.Statements, out.Duration, s.publicURL)
	p.Note = "This ran what stands in the editor, which is not saved. Only runs of the saved version are kept."
	return p, nil
}

// runsPage lists the runs of a function.
type runsPage struct {
	frame
	scriptHead
	Rows        []runRow
	First, Next string
	Own         bool // only the visitor's own are listed
}

func (runsPage) template() string { return "script_runs" }

// runRow is one run in a list.
type runRow struct {
	ID      string
	Path    string
	At      time.Time
	Exact   string
	Cause   string
	Words   string
	Tone    string
	Took    string
	Version int64
	Who     string
}

var causeWords = map[lanyard.RunCause]string{
	lanyard.CauseAPI: "API", lanyard.CausePage: "Page", lanyard.CauseSchedule: "Schedule", lanyard.CauseHook: "Hook",
}

func newRunRow(run *lanyard.FunctionRun, names store.Names) runRow {
	row := runRow{ID: string(run.ID), Path: scriptPath(run.Function, "runs", string(run.ID)), At: run.StartedAt, Exact: run.StartedAt.UTC().Format("2 January 2006, 15:04:05 UTC"),
		Cause: causeWords[run.Cause], Took: took(run.Duration), Version: run.Version, Who: nameOf(names.Users, run.User, "a former user")}
	row.Words, row.Tone = runStanding(run.Status)
	return row
}

const runsLimit = 50

func newRunsPage(v visitor, f *lanyard.Function, runs []lanyard.FunctionRun, names store.Names, cursor, next string) runsPage {
	p := runsPage{frame: newShellFrame(v, "Runs of "+f.Name, "/scripts"), scriptHead: newScriptHead(f, "Runs"), Own: !mayEditFunction(v, f) && f.SavedBy != v.user.ID}
	for i := range runs {
		p.Rows = append(p.Rows, newRunRow(&runs[i], names))
	}
	if cursor != "" {
		p.First = scriptPath(f.LinkName, "runs")
	}
	if next != "" {
		p.Next = scriptPath(f.LinkName, "runs") + "?cursor=" + url.QueryEscape(next)
	}
	return p
}

func (s *site) scriptRuns(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	runs, next, err := s.functions.Runs(r.Context(), v.caller, string(f.LinkName), store.Page{Cursor: cursor, Limit: runsLimit})
	if err != nil {
		return err
	}
	users := make([]lanyard.UserID, len(runs))
	for i := range runs {
		users[i] = runs[i].User
	}
	names, err := s.accounts.Names(r.Context(), v.caller, distinct(users), nil)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newRunsPage(v, f, runs, names, cursor, next))
}

// runPage is one run with all that is kept of it.
type runPage struct {
	frame
	scriptHead
	Run     runRow
	Key     string
	Outcome *outcomePart
}

func (runPage) template() string { return "script_run" }

func newRunPage(v visitor, f *lanyard.Function, run *lanyard.FunctionRun, names store.Names, publicURL string) runPage {
	p := runPage{frame: newShellFrame(v, "A run of "+f.Name, "/scripts"), scriptHead: newScriptHead(f, "Runs"), Run: newRunRow(run, names), Key: nameOf(names.Keys, run.Key, "a deleted key"),
		Outcome: newOutcomePart(&run.Report, run.Status, run.Statements, run.Duration, publicURL)}
	p.Outcome.Source = scriptPath(f.LinkName, "versions", strconv.FormatInt(run.Version, 10))
	return p
}

func (s *site) scriptRun(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	run, err := s.functions.RunOf(r.Context(), v.caller, lanyard.RunID(r.PathValue("run")))
	if err != nil {
		return err
	}
	if run.FunctionID != f.ID {
		return noPage()
	}
	keys := []lanyard.APIKeyID{run.Key}
	names, err := s.accounts.Names(r.Context(), v.caller, distinct([]lanyard.UserID{run.User}), distinct(keys))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newRunPage(v, f, run, names, s.publicURL))
}
