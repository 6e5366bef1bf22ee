package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// connectionsPage is one of the four lists of connections.
type connectionsPage struct {
	frame

	Heading     string
	Lead        string
	Path        string // of the list
	List        string // that the address names beside the path; empty for most
	Lists       []listChoice
	Query       string
	Statuses    []lanyard.Choice
	Status      string
	Services    []lanyard.Choice
	Service     string
	Total       string // in words, of the whole list; empty for none
	Attention   int
	ToAttention string // where these are
	Rows        []connectionRow
	First, Next string // addresses of other pages of the list; empty for none
	Narrowed    bool   // not the whole list was asked for
	Empty       emptyList
}

func (connectionsPage) template() string { return "connections" }

// listChoice is an entry of the drop-down of My connections.
type listChoice struct {
	Name, Path string
	Here       bool
}

// emptyList says what belongs in a list that has nothing.
type emptyList struct {
	Icon, Heading, Text string
	Begin               bool // the ways to make the first connection
}

// connectionRow is one connection in a list.
type connectionRow struct {
	ID        string // of elements of this row
	Name      string
	LinkName  string
	Path      string // of its page
	Service   string // display name; empty: it was deleted
	ServiceIs lanyard.LinkName
	State     standingWords
	LastUsed  time.Time
	Expiry    string // what happens to the access token, and when; empty where nothing is known to
	ExpiryAt  time.Time
	Action    string // where the button's form goes
	Button    string
	Primary   bool // connecting is what there is to do
	Actions   []menuItem
	Menu      menu
}

// connectionsList is what the lists differ in.
type connectionsList struct {
	view          string
	place         string // of the left side
	heading, lead string
	empty         emptyList
}

var (
	myConnections = connectionsList{"my", "/connections", "My connections", "The connections you made. Scripts and applications call them by link name.",
		emptyList{"plug", "No connections yet", "A connection is a named use of a service, such as your CRM or your cloud storage. You connect it once with your account; from then on scripts and applications call the service by the connection’s link name, and never see a password, key or token.", true}}
	extensionConnections = connectionsList{"extensions", "/connections", "Connections from extensions", "Connections that came with an extension of your organization, and that you connect with your own account.",
		emptyList{"blocks", "No connections from extensions", "An extension brings its own connections, and each person connects them with an account of their own. None of your organization’s extensions has brought one for you.", false}}
	sharedConnections = connectionsList{"shared", "/connections/shared", "Shared connections", "Connections of others that run with your own account when you are the one who calls.",
		emptyList{"users", "No shared connections", "When somebody in your organization makes a connection with “Use credentials of login user” switched on, and a script first calls it for you, it is listed here for you to connect with your own account. Only you can take that account back.", false}}
	internalConnections = connectionsList{"internal", "/connections/internal", "Internal connections", "Connections that Lanyard made for you when an integration task ran without naming one.",
		emptyList{"cog", "No internal connections", "An integration task in a script can leave out which connection it uses. Lanyard then makes one for the service, and it is listed here for you to connect or to revoke.", false}}
)

// connectionPath is the address of a connection's page, or of what stands below it.
func connectionPath(link lanyard.LinkName, below ...string) string {
	path := strings.Join(append([]string{"/connections", string(link)}, below...), "/")
	switch link {
	case "new", "shared", "internal": // these are pages of ours, too: see servicePath
		if len(below) == 0 {
			return path + "/"
		}
	}
	return path
}

const connectionsLimit = 50 // on one page

func newConnectionsPage(v visitor, list connectionsList, f registry.ConnectionFilter, cursor string, found *registry.ConnectionList) connectionsPage {
	p := connectionsPage{frame: newShellFrame(v, list.heading, list.place), Heading: list.heading, Lead: list.lead, Path: list.place,
		Query: f.Query, Status: f.Status, Service: f.Service, Attention: found.Attention, Empty: list.empty,
		Narrowed: f.Query != "" || f.Status != "" || f.Service != ""}
	if list.place == "/connections" {
		p.Lists = []listChoice{{"My connections", "/connections", list.view == "my"}, {"Extensions", "/connections?list=extensions", list.view == "extensions"}}
	}
	if list.view == "extensions" {
		p.List = list.view
	}
	switch {
	case found.Total > 0:
		p.Total = capital(counted(found.Total, "connection"))
	}
	p.Statuses = []lanyard.Choice{{Value: "", Name: "Any status"}, {Value: string(lanyard.StatusConnected), Name: "Connected"},
		{Value: string(lanyard.StatusReconnectRequired), Name: "Needs attention"}, {Value: string(lanyard.StatusNotConnected), Name: "Not connected"},
		{Value: string(lanyard.StatusRevoked), Name: "Revoked"}}
	p.Services = []lanyard.Choice{{Value: "", Name: "Any service"}}
	for _, s := range found.Services {
		name := s.Name
		if name == "" {
			name = string(s.LinkName) + " (deleted)"
		}
		p.Services = append(p.Services, lanyard.Choice{Value: string(s.ID), Name: name})
	}
	for i := range found.Connections {
		p.Rows = append(p.Rows, newConnectionRow(&found.Connections[i], list.view == "my"))
	}
	if cursor != "" {
		p.First = p.address(f, "")
	}
	if found.Next != "" {
		p.Next = p.address(f, found.Next)
	}
	p.ToAttention = p.address(registry.ConnectionFilter{Status: string(lanyard.StatusReconnectRequired)}, "")
	return p
}

// address is that of a page of the list.
func (p *connectionsPage) address(f registry.ConnectionFilter, cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"list": p.List, "q": f.Query, "status": f.Status, "service": f.Service, "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return p.Path
	}
	return p.Path + "?" + q.Encode()
}

// newConnectionRow draws a connection. Own: the visitor made it, and so may edit and delete it.
func newConnectionRow(c *registry.ConnectionView, own bool) connectionRow {
	row := connectionRow{
		ID: "link-" + string(c.LinkName), Name: c.Name, LinkName: string(c.LinkName), Path: connectionPath(c.LinkName), Service: c.ServiceName, ServiceIs: c.Service,
		State: statusOf(c), Action: connectionPath(c.LinkName, "connect"), Button: "Connect",
	}
	if own {
		row.Actions = append(row.Actions, menuItem{Icon: "pencil", Name: "Edit", Path: connectionPath(c.LinkName, "edit")})
	}
	switch c.Status() {
	case lanyard.StatusConnected:
		row.Button = "Reconnect"
		row.Actions = append(row.Actions, menuItem{Icon: "unplug", Name: "Revoke", Path: connectionPath(c.LinkName, "revoke")})
	case lanyard.StatusReconnectRequired:
		row.Button, row.Primary = "Reconnect", true
		row.Actions = append(row.Actions, menuItem{Icon: "unplug", Name: "Revoke", Path: connectionPath(c.LinkName, "revoke")})
	case lanyard.StatusRevoked:
		row.Button = "Reconnect"
	case lanyard.StatusNotConnected:
		row.Primary = true
	}
	if own {
		row.Actions = append(row.Actions, menuItem{Icon: "trash-2", Name: "Delete", Path: connectionPath(c.LinkName, "delete"), Destructive: true})
	}
	if row.Service == "" {
		row.Action = "" // it can never be connected again
	}
	row.Menu = newMenu("More for "+c.Name, row.Actions...)
	if a := c.Authorization; a != nil {
		row.LastUsed = a.LastUsedAt
		switch {
		case a.Status != lanyard.StatusConnected || a.ExpiresAt.IsZero():
		case a.RefreshDue.IsZero():
			row.Expiry, row.ExpiryAt = "Token expires", a.ExpiresAt
		default:
			row.Expiry, row.ExpiryAt = "Renewed by itself", a.RefreshDue
		}
	}
	return row
}

// standingWords is a status in words, with the tone of the colour beside them and the reason for it.
type standingWords struct{ Words, Tone, Reason string }

// statusOf is the visitor's own standing on a connection.
func statusOf(c *registry.ConnectionView) standingWords {
	var s standingWords
	if c.Authorization != nil {
		s.Reason = said(c.Authorization.StatusReason)
	}
	s.Words, s.Tone = standingOf(c.Status())
	if c.ServiceName == "" && s.Reason == "" {
		s.Reason = "Its service was deleted, so it cannot be connected."
	}
	return s
}

// connections lists the visitor's own, or those from extensions.
func (s *site) connections(w http.ResponseWriter, r *http.Request, v visitor) error {
	switch r.URL.Query().Get("list") {
	case "":
		return s.listConnections(w, r, v, myConnections)
	case "extensions":
		return s.listConnections(w, r, v, extensionConnections)
	}
	return noPage()
}

func (s *site) sharedConnections(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.listConnections(w, r, v, sharedConnections)
}

func (s *site) internalConnections(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.listConnections(w, r, v, internalConnections)
}

func (s *site) listConnections(w http.ResponseWriter, r *http.Request, v visitor, list connectionsList) error {
	q := r.URL.Query()
	f := registry.ConnectionFilter{View: list.view, Status: q.Get("status"), Service: q.Get("service"), Query: strings.TrimSpace(q.Get("q"))}
	found, err := s.registry.ConnectionList(r.Context(), v.caller, f, store.Page{Cursor: q.Get("cursor"), Limit: connectionsLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newConnectionsPage(v, list, f, q.Get("cursor"), found))
}
