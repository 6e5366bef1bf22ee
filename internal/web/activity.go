package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// activityPage is what the organization calls; or, for a member, what they call.
type activityPage struct {
	frame
	Audit    bool // the reader may see the audit log
	Activity activityPart
}

func (activityPage) template() string { return "activity" }

// activityQuery is what a page's address asks of the activity on it. The names are those of the query's parameters.
type activityQuery struct {
	Path                      string // of the page
	Connection, Service, User string
	Outcome, Range            string
	Cursor                    string
	// OfConnection: the page is that of the connection, which cannot be chosen then; Since is when it was made.
	OfConnection bool
	Since        time.Time
}

// ofOrganization reads the query of the organization's activity.
func ofOrganization(r *http.Request) activityQuery {
	q := r.URL.Query()
	return activityQuery{
		Path: r.URL.Path, Connection: strings.TrimSpace(q.Get("connection")), Service: strings.TrimSpace(q.Get("service")), User: q.Get("user"),
		Outcome: q.Get("outcome"), Range: q.Get("range"), Cursor: q.Get("cursor"),
	}
}

// ofConnection reads the query of the activity on a connection's own page.
func ofConnection(r *http.Request, c *lanyard.Connection) activityQuery {
	q := ofOrganization(r)
	q.Path, q.Connection, q.Service, q.OfConnection, q.Since = connectionPath(c.LinkName), string(c.LinkName), "", true, c.CreatedAt
	return q
}

// at is the address of the page with this query, and the cursor in place of its own.
func (q activityQuery) at(cursor string) string {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	if !q.OfConnection {
		set("connection", q.Connection)
		set("service", q.Service)
	}
	set("user", q.User)
	set("outcome", q.Outcome)
	set("range", q.Range)
	set("cursor", cursor)
	if len(values) == 0 {
		return q.Path
	}
	return q.Path + "?" + values.Encode()
}

// Narrowed reports whether some calls are left out.
func (q activityQuery) Narrowed() bool {
	return q.Connection != "" && !q.OfConnection || q.Service != "" || q.User != "" || q.Outcome != ""
}

// activityPart is the activity as it stands on a page, drawn by parts/activity.html.
type activityPart struct {
	Query    activityQuery
	Ranges   []option
	Outcomes []option
	People   []option // empty: there is no choice
	Known    activityNames
	Faults   map[string]string // of the filter, by the field's name
	Own      bool              // only the reader's own calls

	Period  string // in words: "the last 24 hours"
	None    bool   // nothing was called, so there is nothing to draw
	Tiles   []tile
	Figures figures
	Counted string // from when on calls were counted, where it was not all
	Calls   []callRow
	More    string // address of the older calls; empty: there are none
	Short   bool   // more was not found yet, but may be
	Newest  string // address of the first page, when this is another
	All     string // address without a filter
}

// option is one of a choice.
type option struct {
	Value, Name string
	Chosen      bool
}

// activityNames are what the fields of the filter propose.
type activityNames struct{ Connections, Services []string }

// callRow is one call in the list.
type callRow struct {
	At         time.Time
	Exact      string
	Connection string
	Method     string
	Where      string // host and path
	Result     string // in words
	Tone       string
	Status     string // of the service, with its name
	Code       string // Lanyard's own
	Help       string // what the code means
	Took       string
	Who        string
	Key        string // name of the API key; empty: by the page
	Sent       string
	Received   string
	ID         string
}

const activityLimit = 50 // calls on one page

// activityRange is how far back one can look.
type activityRange struct {
	value  invoke.Range
	name   string
	period string
}

var activityRanges = []activityRange{
	{invoke.LastHour, "1 hour", "the last hour"}, {invoke.LastDay, "24 hours", "the last 24 hours"},
	{invoke.LastWeek, "7 days", "the last 7 days"}, {invoke.LastMonth, "30 days", "the last 30 days"},
}

// outcomeNames say how a call ended.
var outcomeNames = map[lanyard.Outcome]string{
	lanyard.OutcomeOK: "Succeeded", lanyard.OutcomeClientError: "Refused by the service (4xx)",
	lanyard.OutcomeServerError: "Error of the service (5xx)", lanyard.OutcomeFailed: "Not answered",
}

// newActivityPart has the choices of the filter, and nothing counted yet.
func newActivityPart(q activityQuery, people []lanyard.User, own bool) activityPart {
	if !slices.ContainsFunc(activityRanges, func(r activityRange) bool { return string(r.value) == q.Range }) {
		q.Range = string(invoke.LastDay)
	}
	if !slices.Contains(lanyard.Outcomes, lanyard.Outcome(q.Outcome)) {
		q.Outcome = ""
	}
	p := activityPart{Query: q, Own: own, Faults: map[string]string{}, All: activityQuery{Path: q.Path, OfConnection: q.OfConnection}.at("")}
	for _, r := range activityRanges {
		chosen := string(r.value) == q.Range
		p.Ranges = append(p.Ranges, option{string(r.value), r.name, chosen})
		if chosen {
			p.Period = r.period
		}
	}
	p.Outcomes = []option{{"", "Every result", q.Outcome == ""}}
	for _, o := range lanyard.Outcomes {
		p.Outcomes = append(p.Outcomes, option{string(o), outcomeNames[o], string(o) == q.Outcome})
	}
	if len(people) > 0 {
		p.People = peopleOptions(people, q.User)
	}
	for name, value := range map[string]string{"connection": q.Connection, "service": q.Service} {
		if value == "" {
			continue
		}
		if _, err := lanyard.ParseLinkName(value); err != nil {
			p.Faults[name] = "This is not a link name: those begin with a letter and have lower-case letters, digits and underscores."
		}
	}
	return p
}

func (p *activityPart) filter() invoke.ActivityFilter {
	q := &p.Query
	return invoke.ActivityFilter{
		Connection: lanyard.LinkName(q.Connection), Service: lanyard.LinkName(q.Service), User: lanyard.UserID(q.User),
		Outcome: lanyard.Outcome(q.Outcome), Range: invoke.Range(q.Range), Since: q.Since,
	}
}

// count puts what was counted into the part.
func (p *activityPart) count(a *invoke.Activity) {
	p.None, p.Tiles, p.Figures = a.Total.Calls == 0, newTiles(a), newFigures(a)
	if !a.Since.IsZero() {
		p.Counted = a.Since.UTC().Format("2 January, 15:04 UTC")
	}
}

// list puts a page of calls into the part.
func (p *activityPart) list(calls []lanyard.Invocation, next string, names store.Names) {
	for i := range calls {
		p.Calls = append(p.Calls, newCallRow(&calls[i], names))
	}
	if next != "" {
		p.More, p.Short = p.Query.at(next), len(calls) < activityLimit
	}
	if p.Query.Cursor != "" {
		p.Newest = p.Query.at("")
	}
}

func newCallRow(v *lanyard.Invocation, names store.Names) callRow {
	row := callRow{
		At: v.At, Exact: v.At.UTC().Format("2 January 2006, 15:04:05.000 UTC"), Connection: string(v.Connection), Method: said(v.Method), Where: said(v.Host + v.Path),
		Code: string(v.Code), Took: took(v.Duration), Who: nameOf(names.Users, v.User, "a former user"), Key: nameOf(names.Keys, v.Key, "a deleted key"),
		Sent: size(v.BytesSent), Received: size(v.BytesReceived), ID: string(v.ID),
	}
	if v.Status > 0 {
		row.Status = strings.TrimSpace(strconv.Itoa(v.Status) + " " + http.StatusText(v.Status))
	}
	switch v.Outcome() {
	case lanyard.OutcomeFailed:
		kind := problem.KindOf(v.Code)
		row.Result, row.Tone, row.Help = kind.Title, "bad", strings.ReplaceAll(kind.Help, "`", "")
		if v.Code == "" {
			row.Result, row.Help = "The service did not answer", ""
		} else if kind.Code != v.Code {
			row.Result, row.Help = said(string(v.Code)), ""
		}
	case lanyard.OutcomeServerError:
		row.Result, row.Tone = row.Status, "bad"
	case lanyard.OutcomeClientError:
		row.Result, row.Tone = row.Status, "warn"
	case lanyard.OutcomeOK:
		row.Result, row.Tone = row.Status, "ok"
	}
	return row
}

// nameOf is the name of somebody or something, or what to say of one that is gone; of nobody, nothing.
func nameOf[T ~string](names map[T]string, id T, gone string) string {
	if id == "" {
		return ""
	}
	if name, ok := names[id]; ok {
		return name
	}
	return gone
}

func (s *site) activity(w http.ResponseWriter, r *http.Request, v visitor) error {
	part, err := s.activityPart(r.Context(), v.caller, ofOrganization(r))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(part.Faults) > 0 {
		status = http.StatusBadRequest
	}
	return s.write(w, status, newActivityPage(v, part))
}

func newActivityPage(v visitor, part activityPart) activityPage {
	p := activityPage{frame: newShellFrame(v, "Activity", "/activity"), Audit: !part.Own, Activity: part}
	p.Scripts = activityScripts
	return p
}

// activityScripts are what a page with an activity on it loads.
var activityScripts = []string{"uplot.js", "plots.js"}

// activityPart counts and lists the calls that a page's address asks for. A page that includes it loads activityScripts.
func (s *site) activityPart(ctx context.Context, c *lanyard.Caller, q activityQuery) (activityPart, error) {
	people, err := s.accounts.People(ctx, c)
	if err != nil {
		return activityPart{}, err
	}
	p := newActivityPart(q, people, people == nil)
	if !q.OfConnection {
		if p.Known, err = s.activityNames(ctx, c); err != nil {
			return activityPart{}, err
		}
	}
	if len(p.Faults) > 0 {
		return p, nil
	}
	counted, err := s.invoker.Activity(ctx, c, p.filter())
	if err != nil {
		return activityPart{}, err
	}
	p.count(counted)
	calls, next, err := s.invoker.Invocations(ctx, c, p.filter().Invocations(counted.Now), store.Page{Cursor: q.Cursor, Limit: activityLimit})
	if err != nil {
		return activityPart{}, err
	}
	names, err := s.namesIn(ctx, c, calls)
	if err != nil {
		return activityPart{}, err
	}
	p.list(calls, next, names)
	return p, nil
}

// activityNames proposes the reader's own connections, the first of them, and their services.
func (s *site) activityNames(ctx context.Context, c *lanyard.Caller) (activityNames, error) {
	list, _, err := s.registry.Connections(ctx, c, registry.ConnectionFilter{}, store.Page{Limit: 100})
	if err != nil {
		return activityNames{}, err
	}
	var n activityNames
	for i := range list {
		n.Connections = append(n.Connections, string(list[i].LinkName))
		n.Services = append(n.Services, string(list[i].Service))
	}
	slices.Sort(n.Services)
	n.Services = slices.Compact(n.Services)
	return n, nil
}

func (s *site) namesIn(ctx context.Context, c *lanyard.Caller, calls []lanyard.Invocation) (store.Names, error) {
	var users []lanyard.UserID
	var keys []lanyard.APIKeyID
	for i := range calls {
		users, keys = append(users, calls[i].User), append(keys, calls[i].Key)
	}
	return s.accounts.Names(ctx, c, distinct(users), distinct(keys))
}
