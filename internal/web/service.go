package web

import (
	"net/http"
	"net/url"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// servicePage is a service, custom or default, as everybody in the organization sees it.
type servicePage struct {
	frame
	Service    *lanyard.Service
	Custom     bool
	Type       string
	TypeText   string
	Author     string
	Yours      bool
	Used       string // how many connections, in words
	AnyHost    bool
	Placements []lanyard.Placement
	Scopes     []lanyard.Scope
	URLs       []serviceURL
	Callback   string // empty where connecting needs no consent
	Client     string // id of the OAuth client or consumer
	Secret     string // what is known of its secret
	Docs       string // a link that may be followed
	Create     string // address of the form for a connection
	Editable   bool
	Menu       menu
	// Ways are the ways to connect with a default service that has several, and SetUp its OAuth client, where it has one.
	Ways  []serviceWay
	SetUp *oauthClientPart
	// Asked is what whoever connects is asked for besides the credential.
	Asked []lanyard.DynamicParameter
	// Established says how the definition of a default service came to be, from Sources, and Verified whether it worked
	// here; all empty for a custom one.
	Established, Sources, Verified string

	Mine   []connectionRow
	Shared []connectionRow
	More   bool // there are more of them than are shown
}

func (servicePage) template() string { return "service" }

// SetUpFirst: nobody can connect before the OAuth client is set.
func (p servicePage) SetUpFirst() bool { return p.SetUp != nil && !p.SetUp.Set }

// serviceWay is a link to one of the ways to connect with a default service.
type serviceWay struct {
	Path, Name string
	Here       bool
}

// serviceURL is one of the addresses of a definition.
type serviceURL struct{ Name, URL string }

// serviceConnections are the visitor's connections with a service, as many as its page shows.
type serviceConnections struct {
	mine, shared []registry.ConnectionView
	more         bool
}

func newServicePage(v visitor, s *registry.ServiceView, list serviceConnections) servicePage {
	custom := s.Kind == lanyard.KindCustom
	p := servicePage{
		Service: s.Service, Custom: custom, Type: typeName(s.Auth.Type), TypeText: typeText(&s.Auth), Author: s.AuthorName, Yours: custom && s.Author == v.caller.User,
		Used: connectionCount(s.Connections), AnyHost: anyHost(s.Service), Placements: s.Placements(), Create: "/connections/new?" + url.Values{"service": {string(s.LinkName)}}.Encode(),
		Editable: s.Editable, Menu: serviceMenu(s), More: list.more, Asked: s.Asked(),
	}
	here := "/services"
	if custom {
		here = "/services/custom"
	}
	p.frame = newShellFrame(v, s.Name, here)
	if httpURL(s.DocsURL) {
		p.Docs = s.DocsURL
	}
	add := func(name, text string) {
		if text != "" {
			p.URLs = append(p.URLs, serviceURL{name, text})
		}
	}
	add("Base URL", s.BaseURL)
	add("Verification URL", s.VerifyURL)
	if a := s.Auth.OAuth1; a != nil {
		add("Request token URL", a.RequestTokenURL)
		add("Authorize URL", a.AuthorizeURL)
		add("Access token URL", a.AccessTokenURL)
		p.Client, p.Callback = a.ConsumerKey, s.CallbackURL
	}
	if a := s.Auth.OAuth2; a != nil {
		add("Authorize URL", a.AuthorizeURL)
		add("Access token URL", a.AccessTokenURL)
		add("Refresh token URL", a.RefreshTokenURL)
		add("Revoke token URL", a.RevokeTokenURL)
		p.Scopes, p.Client = a.Scopes, a.ClientID
		if a.GrantType == lanyard.AuthorizationCode {
			p.Callback = s.CallbackURL
		}
	}
	if p.Client != "" {
		p.Secret = "No secret is set"
		if s.SecretSet {
			p.Secret = "A secret is set (fingerprint " + s.SecretFingerprint + ")"
		}
	}
	if s.Entry != nil {
		p.Established, p.Sources, p.Verified = established(&s.Entry.Evidence), sourcesOf(&s.Entry.Evidence), verifiedHere(s.Standing)
	}
	if s.Entry != nil && len(s.Entry.Ways) > 1 {
		for _, w := range s.Entry.Ways {
			p.Ways = append(p.Ways, serviceWay{servicePath(w.LinkName), w.Name, w.LinkName == s.LinkName})
		}
	}
	for i := range list.mine {
		p.Mine = append(p.Mine, newConnectionRow(&list.mine[i], true))
	}
	for i := range list.shared {
		p.Shared = append(p.Shared, newConnectionRow(&list.shared[i], false))
	}
	return p
}

// typeText says in a sentence how a service authenticates.
func typeText(a *lanyard.Auth) string {
	switch {
	case a.APIKey != nil:
		return "Whoever connects gives " + counted(len(a.APIKey.Parameters), "value") + "."
	case a.OAuth1 != nil:
		return "Whoever connects agrees in the browser. Each request is signed with " + string(a.OAuth1.SignatureMethod) + "."
	case a.OAuth2 != nil && a.OAuth2.GrantType == lanyard.ClientCredentials:
		return "Client credentials: the client acts for itself, and nobody has to agree."
	case a.OAuth2 != nil && a.OAuth2.PKCE:
		return "Authorization code with PKCE: whoever connects agrees in the browser."
	case a.OAuth2 != nil:
		return "Authorization code, without PKCE: whoever connects agrees in the browser."
	case a.AWSSigV4 != nil:
		return "Whoever connects gives access keys. Requests are signed for " + a.AWSSigV4.AWSService + " in " + a.AWSSigV4.AWSRegion + "."
	}
	return "Whoever connects gives a user name and a password."
}

// serviceID is what connections know a service by: the link name of a default one is its id.
func serviceID(s *lanyard.Service) string {
	if s.Kind == lanyard.KindDefault {
		return string(s.LinkName)
	}
	return string(s.ID)
}

const serviceConnectionsLimit = 20 // of each kind, on a service's page

func (s *site) service(w http.ResponseWriter, r *http.Request, v visitor) error {
	view, err := s.registry.Service(r.Context(), v.caller, r.PathValue("service"))
	if err != nil {
		return err
	}
	var list serviceConnections
	for _, part := range []struct {
		view string
		into *[]registry.ConnectionView
	}{{"my", &list.mine}, {"shared", &list.shared}} {
		f := registry.ConnectionFilter{View: part.view, Service: serviceID(view.Service)}
		connections, next, err := s.registry.Connections(r.Context(), v.caller, f, store.Page{Limit: serviceConnectionsLimit})
		if err != nil {
			return err
		}
		*part.into, list.more = connections, list.more || next != ""
	}
	page := newServicePage(v, view, list)
	if view.NeedsClient() {
		client, err := s.registry.OAuthClientPage(r.Context(), v.caller, string(view.LinkName))
		if err != nil {
			return err
		}
		part := newOAuthClientPart(client, nil, nil)
		page.SetUp = &part
	}
	return s.write(w, http.StatusOK, page)
}

// deleteServicePage asks before a service is deleted.
type deleteServicePage struct {
	frame
	Name     string
	Back     string
	Action   string
	Used     int // connections that will stay without a service
	UsedText string
	Affected *affectedPart
}

func (deleteServicePage) template() string { return "service_delete" }

func newDeleteServicePage(v visitor, s *registry.ServiceView) deleteServicePage {
	return deleteServicePage{frame: newShellFrame(v, "Delete "+s.Name, "/services/custom"), Name: s.Name, Back: servicePath(s.LinkName), Action: serviceAction(s.LinkName, "delete"),
		Used: s.Connections, UsedText: connectionCount(s.Connections), Affected: newAffectedPart(s.Affected)}
}

func (s *site) deleteServiceForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	view, err := s.editable(r, v)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newDeleteServicePage(v, view))
}

func (s *site) deleteService(w http.ResponseWriter, r *http.Request, v visitor) error {
	view, err := s.editable(r, v)
	if err != nil {
		return err
	}
	revoked, err := s.registry.DeleteService(r.Context(), v.caller, string(view.LinkName))
	if err != nil {
		return err
	}
	text := ""
	if revoked > 0 {
		text = capital(counted(revoked, "authorization")) + " ended with it."
	}
	s.tell(w, newNotice("ok", view.Name+" is deleted", text))
	http.Redirect(w, r, "/services/custom", http.StatusSeeOther)
	return nil
}
