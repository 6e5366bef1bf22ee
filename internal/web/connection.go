package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/store"
)

// connectionPage is a connection's own page: what it is, how it stands, and how it is called.
type connectionPage struct {
	frame
	Connection *lanyard.Connection
	Service    *lanyard.Service // nil: it was deleted
	List       place            // the list that the connection stands in
	Status     string           // in words
	Tone       string           // the colour beside the words
	Warning    notice           // what is wrong with it, and the way out; without a title: nothing
	Connect    string           // where the form goes that connects it; empty where it cannot be
	Button     string
	Primary    bool // connecting is what there is to do
	Menu       menu

	AuthType   string // of the service, in words
	Author     string // who made the service; empty for one that comes with Lanyard
	Owner      string // who owns the connection; empty for the visitor
	UsedFor    audience
	Internal   bool // Lanyard made it, so it is neither edited nor deleted
	Hosts      []string
	AnyHost    bool
	Scopes     []credential.ScopeStanding
	Authorized *authorizedPart // nil: nobody's credential is stored for the visitor
	Others     *othersPart     // nil: not for the visitor to know
	UsedBy     []lanyard.Function

	Try      tryPart
	Snippets []snippet
	Activity activityPart
}

func (connectionPage) template() string { return "connection" }

// authorizedPart is how the visitor's own authorization stands.
type authorizedPart struct {
	*lanyard.Authorization
	By        string // whose account it is
	Tokens    bool   // it has tokens, which can end
	Renewable bool
}

// othersPart is who connected a connection that everybody uses with an account of their own.
type othersPart struct {
	List  []otherRow
	First string // address of the first page; empty on it
	Next  string // address of the next page; empty on the last
}

type otherRow struct {
	store.UserAuthorization
	StatusWords string
	Tone        string
	You         bool
	Remove      string // address of the page that takes this person off; empty where there is nothing to take
}

// listOf is the list of connections that a connection stands in for a visitor.
func listOf(c *lanyard.Connection, user lanyard.UserID) place {
	mine, shared, internal := places[0].Places[0], places[0].Places[1], places[0].Places[2]
	switch {
	case c.Origin == lanyard.OriginExtension:
		return place{Path: "/connections?list=extensions", Name: extensionConnections.heading}
	case c.Owner != user:
		return shared
	case c.Origin == lanyard.OriginInternal:
		return internal
	}
	return mine
}

// standingOf is a status in words, with the colour beside them.
func standingOf(status lanyard.Status) (words, tone string) {
	switch status {
	case lanyard.StatusConnected:
		return "Connected", "ok"
	case lanyard.StatusReconnectRequired:
		return "Reconnect required", "warn"
	case lanyard.StatusRevoked:
		return "Revoked", "quiet"
	}
	return "Not connected", "quiet"
}

func newConnectionPage(v visitor, d *credential.Detail, publicURL string) connectionPage {
	c := d.Connection
	list, own := listOf(c, v.user.ID), c.Owner == v.user.ID
	here, _, _ := strings.Cut(list.Path, "?")
	p := connectionPage{
		frame: newShellFrame(v, c.Name, here), Connection: c, Service: d.Service, List: list, Author: d.ServiceAuthor, UsedFor: usedFor(c), Internal: c.Origin == lanyard.OriginInternal,
		Hosts: d.Hosts, AnyHost: d.AnyHost, Scopes: d.Scopes, Connect: connectionPath(c.LinkName, "connect"), Button: "Connect", Primary: true,
	}
	if !own {
		p.Owner = d.Owner
	}
	status, reason := lanyard.StatusNotConnected, ""
	if a := d.Authorization; a != nil {
		status, reason = a.Status, said(a.StatusReason)
	}
	p.Status, p.Tone = standingOf(status)
	switch status {
	case lanyard.StatusConnected:
		p.Button, p.Primary = "Reconnect", false
	case lanyard.StatusReconnectRequired:
		p.Button = "Reconnect"
		p.Warning = newNotice("warning", "It has to be connected again", joinSentences(reason, "Reconnect keeps the link name "+string(c.LinkName)+", so scripts go on working."))
	case lanyard.StatusRevoked:
		p.Button = "Reconnect"
		p.Warning = newNotice("info", "It was revoked", joinSentences(reason, "Calls through it are refused until it is connected again."))
	default:
		p.Warning = newNotice("info", "It is not connected yet", "Calls through it are refused until "+whoConnects(c)+" connects it.")
	}
	p.Scripts, p.Menu = activityScripts, connectionMenu(c, own, status)
	if d.Service == nil {
		p.Connect = ""
		p.Warning = newNotice("destructive", "Its service was deleted", "Nothing can be called through this connection any more. Delete it, and make another one.")
		if p.Internal {
			p.Warning = newNotice("destructive", "Its service is gone", "The service does not come with Lanyard any more, so nothing can be called through this connection.")
		}
		return p
	}
	p.AuthType = typeName(d.Service.Auth.Type)
	if a := d.Authorization; a != nil && a.Status == lanyard.StatusConnected {
		auth := d.Service.Auth
		p.Authorized = &authorizedPart{Authorization: a, By: v.user.Name, Tokens: auth.Type == lanyard.AuthOAuth2, Renewable: d.Renewable}
	}
	p.Try = newTryPart(d, proposedCall(d.Service), nil)
	p.Snippets = snippets(c, d.Service, publicURL)
	return p
}

func whoConnects(c *lanyard.Connection) string {
	if c.UseLoginUserCredentials {
		return "each user"
	}
	return "its owner"
}

func joinSentences(first, second string) string {
	if first == "" {
		return second
	}
	return first + " " + second
}

// connectionMenu is what may be done with a connection: all of it by who made it by hand, revoking by anybody who
// connected it.
func connectionMenu(c *lanyard.Connection, own bool, status lanyard.Status) menu {
	var items []menuItem
	edits := own && c.Origin == lanyard.OriginUser
	if edits {
		items = append(items, menuItem{Icon: "pencil", Name: "Edit", Path: connectionPath(c.LinkName, "edit")})
	}
	if status == lanyard.StatusConnected || status == lanyard.StatusReconnectRequired {
		items = append(items, menuItem{Icon: "unplug", Name: "Revoke", Path: connectionPath(c.LinkName, "revoke"), Destructive: true})
	}
	if edits {
		items = append(items, menuItem{Icon: "trash-2", Name: "Delete", Path: connectionPath(c.LinkName, "delete"), Destructive: true})
	}
	return newMenu("More for "+c.Name, items...)
}

// connection shows the page.
func (s *site) connection(w http.ResponseWriter, r *http.Request, v visitor) error {
	d, err := s.keeper.Detail(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	p, err := s.connectionPage(r, v, d)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, p)
}

// connectionPage draws the page with the form for a call as it stands at first.
func (s *site) connectionPage(r *http.Request, v visitor, d *credential.Detail) (connectionPage, error) {
	p := newConnectionPage(v, d, s.publicURL)
	var err error
	if p.Activity, err = s.activityPart(r.Context(), v.caller, ofConnection(r, d.Connection)); err != nil {
		return p, err
	}
	if p.UsedBy, err = s.functions.UsedBy(r.Context(), v.caller, d.Connection.LinkName); err != nil {
		return p, err
	}
	if !d.Connection.UseLoginUserCredentials || d.Connection.Owner != v.user.ID {
		return p, nil
	}
	cursor := r.URL.Query().Get("others")
	list, next, err := s.keeper.Authorizations(r.Context(), v.caller, string(d.Connection.LinkName), store.Page{Cursor: cursor})
	p.Others = newOthersPart(d.Connection.LinkName, v.user.ID, list, cursor, next)
	return p, err
}

func newOthersPart(name lanyard.LinkName, visitor lanyard.UserID, list []store.UserAuthorization, cursor, next string) *othersPart {
	p := &othersPart{}
	for _, a := range list {
		row := otherRow{UserAuthorization: a, You: a.User == visitor}
		row.StatusWords, row.Tone = standingOf(a.Status)
		if !row.You {
			row.Remove = removeUserPath(name, a.User)
		}
		p.List = append(p.List, row)
	}
	if cursor != "" {
		p.First = connectionPath(name) + "#others"
	}
	if next != "" {
		p.Next = connectionPath(name) + "?others=" + url.QueryEscape(next) + "#others"
	}
	return p
}
