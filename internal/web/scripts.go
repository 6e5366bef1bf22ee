package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// scriptsPage lists the organization's functions.
type scriptsPage struct {
	frame
	Query       string
	Rows        []scriptRow
	First, Next string // addresses of other pages of the list; empty for none
	Examples    []exampleScript
}

func (scriptsPage) template() string { return "scripts" }

// scriptRow is one function in the list.
type scriptRow struct {
	ID          string // of elements of this row
	Name        string
	LinkName    string
	Path        string
	Schedule    string // in words; empty: it does not run by itself
	NextAt      time.Time
	Hook        bool
	Connections []lanyard.LinkName
	More        int // connections that are not listed
	LastRun     *runRow
	Extension   lanyard.LinkName // that it came with; empty: none
}

const (
	scriptsLimit     = 50
	shownConnections = 4
)

// scriptPath is the address of a function's page, or of what stands below it.
func scriptPath(name lanyard.LinkName, below ...string) string {
	path := strings.Join(append([]string{"/scripts", string(name)}, below...), "/")
	if len(below) == 0 && (name == "new" || name == "words") { // these are pages of ours, too: see servicePath
		return path + "/"
	}
	return path
}

func newScriptsPage(v visitor, query, cursor string, list []lanyard.Function, last map[lanyard.FunctionID]lanyard.FunctionRun, next string) scriptsPage {
	p := scriptsPage{frame: newShellFrame(v, "Scripts", "/scripts"), Query: query, Examples: exampleScripts}
	for i := range list {
		p.Rows = append(p.Rows, newScriptRow(&list[i], last))
	}
	at := func(cursor string) string {
		q := url.Values{}
		if query != "" {
			q.Set("q", query)
		}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if len(q) == 0 {
			return "/scripts"
		}
		return "/scripts?" + q.Encode()
	}
	if cursor != "" {
		p.First = at("")
	}
	if next != "" {
		p.Next = at(next)
	}
	return p
}

func newScriptRow(f *lanyard.Function, last map[lanyard.FunctionID]lanyard.FunctionRun) scriptRow {
	row := scriptRow{ID: "script-" + string(f.LinkName), Name: f.Name, LinkName: string(f.LinkName), Path: scriptPath(f.LinkName), NextAt: f.NextRunAt, Hook: f.HookSet, Connections: f.Connections, Extension: f.ExtensionName}
	if f.Schedule.Cron != "" {
		row.Schedule = scheduleWords(f.Schedule)
	}
	if n := len(f.Connections); n > shownConnections {
		row.Connections, row.More = f.Connections[:shownConnections], n-shownConnections
	}
	if run, ok := last[f.ID]; ok {
		drawn := newRunRow(&run, store.Names{})
		row.LastRun = &drawn
	}
	return row
}

// exampleScript is one to begin with, where there is none yet.
type exampleScript struct{ Key, Name, About, Source string }

var exampleScripts = []exampleScript{
	{"invokeurl", "Call an API", "By invokeurl, through a connection", `void list_updated()
{
	// {domain} is what was filled in when the connection was connected.
	response = invokeurl
	[
		url: "https://{domain}.my.salesforce.com/services/data/v56.0/sobjects/Merchandise__c/updated/v2/read"
		type: GET
		connection: "salesforce_connection"
	];
	info response;
}
`},
	{"task", "Use an integration task", "A ready-made call of a service", `map find_user(string email)
{
	user = slack.lookupUserByEmail(email, "slack_connection");
	info "Looked for " + email;
	return user;
}
`},
}

// exampleOf finds an example by its key; the empty one otherwise.
func exampleOf(key string) exampleScript {
	for _, e := range exampleScripts {
		if e.Key == key {
			return e
		}
	}
	return exampleScript{}
}

func (s *site) scripts(w http.ResponseWriter, r *http.Request, v visitor) error {
	q := r.URL.Query()
	query, cursor := strings.TrimSpace(q.Get("q")), q.Get("cursor")
	list, next, err := s.functions.List(r.Context(), v.caller, query, store.Page{Cursor: cursor, Limit: scriptsLimit})
	if err != nil {
		return err
	}
	last, err := s.lastRuns(r.Context(), v.caller, list)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newScriptsPage(v, query, cursor, list, last, next))
}

// lastRuns are the latest runs of functions that the visitor may see.
func (s *site) lastRuns(ctx context.Context, c *lanyard.Caller, list []lanyard.Function) (map[lanyard.FunctionID]lanyard.FunctionRun, error) {
	last := map[lanyard.FunctionID]lanyard.FunctionRun{}
	for i := range list {
		runs, _, err := s.functions.Runs(ctx, c, string(list[i].LinkName), store.Page{Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			last[list[i].ID] = runs[0]
		}
	}
	return last, nil
}
