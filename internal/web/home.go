package web

import (
	"net/http"
	"net/url"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// homePage is the first page of somebody who is signed in: their connections.
type homePage struct {
	frame
	Connections []connectionRow
	Next        string // address of the next page of the list; empty on the last
	First       bool   // the list begins here
	Commands    []command
}

func (homePage) template() string { return "home" }

// connectionRow is one connection in the list.
type connectionRow struct {
	Name     string
	LinkName lanyard.LinkName
	Service  lanyard.LinkName
	Status   string // in words
	Tone     string // ok, warn or quiet: the colour beside the words
	Reason   string
	Action   string // where the button's form goes
	Button   string
	Primary  bool // connecting is what there is to do
}

// welcomePage is the first page of a stranger.
type welcomePage struct{ frame }

func (welcomePage) template() string { return "welcome" }

func newWelcomePage() welcomePage { return welcomePage{newFrame(visitor{}, "Lanyard")} }

func newHomePage(v visitor, list []registry.ConnectionView, cursor, next, publicURL string) homePage {
	p := homePage{frame: newShellFrame(v, "My connections", "/connections"), First: cursor == "", Commands: firstCommands(publicURL)}
	for _, c := range list {
		p.Connections = append(p.Connections, newConnectionRow(&c))
	}
	if next != "" {
		p.Next = "/?cursor=" + url.QueryEscape(next)
	}
	return p
}

func newConnectionRow(c *registry.ConnectionView) connectionRow {
	row := connectionRow{
		Name: c.Name, LinkName: c.LinkName, Service: c.Service, Status: "Not connected", Tone: "quiet",
		Action: "/connections/" + string(c.LinkName) + "/connect", Button: "Connect", Primary: true,
	}
	if c.Authorization == nil {
		return row
	}
	row.Reason = said(c.Authorization.StatusReason)
	switch c.Authorization.Status {
	case lanyard.StatusConnected:
		row.Status, row.Tone, row.Button, row.Primary = "Connected", "ok", "Reconnect", false
	case lanyard.StatusReconnectRequired:
		row.Status, row.Tone, row.Button = "Reconnect required", "warn", "Reconnect"
	case lanyard.StatusRevoked:
		row.Status, row.Primary = "Revoked", false
	}
	return row
}

// firstCommands make a service and a connection through the API.
func firstCommands(publicURL string) []command {
	post := func(path, body string) string {
		return "curl " + shellWord(publicURL+path) + " \\\n" +
			"  -H \"Authorization: Bearer $LANYARD_API_KEY\" \\\n" +
			"  -H \"Content-Type: application/json\" \\\n" +
			"  -d " + shellWord(body)
	}
	return []command{
		newCommand("command-service", "Define a service", post("/v1/services", `{
    "name": "Acme", "link_name": "acme",
    "base_url": "https://api.acme.com", "hosts": ["api.acme.com"],
    "auth": {"type": "api_key", "parameters": [
      {"name": "X-Api-Key", "display_name": "API key", "param_type": "header"}
    ]}
  }`)),
		newCommand("command-connection", "Make a connection with it", post("/v1/connections",
			`{"name": "Acme, live", "link_name": "acme_live", "service": "acme"}`)),
	}
}

const homeLimit = 50 // connections on one page

func (s *site) home(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.caller == nil {
		return s.write(w, http.StatusOK, newWelcomePage())
	}
	cursor := r.URL.Query().Get("cursor")
	list, next, err := s.registry.Connections(r.Context(), v.caller, registry.ConnectionFilter{}, store.Page{Cursor: cursor, Limit: homeLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newHomePage(v, list, cursor, next, s.publicURL))
}
