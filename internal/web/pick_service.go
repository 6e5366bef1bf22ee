package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// pickServicePage is the first step of making a connection: with which service?
type pickServicePage struct {
	frame
	Query  string
	Groups []serviceGroup
}

func (pickServicePage) template() string { return "pick_service" }

// serviceGroup is the services of one kind.
type serviceGroup struct {
	Heading string
	Tiles   []serviceTile
	More    bool // there are others, which a search finds
}

type serviceTile struct {
	Name     string
	LinkName lanyard.LinkName
	Path     string
	Detail   string
}

const pickLimit = 60 // services of each kind

func newPickServicePage(v visitor, query string, groups ...serviceGroup) pickServicePage {
	p := pickServicePage{frame: newShellFrame(v, "Create connection", "/connections"), Query: query}
	for _, g := range groups {
		if len(g.Tiles) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return p
}

func newServiceGroup(heading string, services []registry.ServiceView, next string) serviceGroup {
	g := serviceGroup{Heading: heading, More: next != ""}
	for i := range services {
		s := services[i].Service
		g.Tiles = append(g.Tiles, serviceTile{Name: s.Name, LinkName: s.LinkName, Path: "/connections/new?service=" + url.QueryEscape(string(s.LinkName)), Detail: authWords(&s.Auth)})
	}
	return g
}

// authWords is what a service asks for, in a few words.
func authWords(a *lanyard.Auth) string {
	switch a.Type {
	case lanyard.AuthAPIKey:
		return "API key"
	case lanyard.AuthBasic:
		return "User name and password"
	case lanyard.AuthOAuth1:
		return "Your consent (OAuth 1)"
	case lanyard.AuthOAuth2:
		if a.OAuth2 != nil && a.OAuth2.GrantType == lanyard.ClientCredentials {
			return "Nothing: it has its own (OAuth 2)"
		}
		return "Your consent (OAuth 2)"
	case lanyard.AuthAWSSigV4:
		return "AWS keys"
	}
	return string(a.Type)
}

// newConnection is both steps of making a connection: the address names the service in the second.
func (s *site) newConnection(w http.ResponseWriter, r *http.Request, v visitor) error {
	if name := r.URL.Query().Get("service"); name != "" {
		return s.connectionDetails(w, r, v, name)
	}
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	var groups []serviceGroup
	for _, kind := range []struct {
		kind    lanyard.ServiceKind
		heading string
	}{{lanyard.KindCustom, "Custom services of your organization"}, {lanyard.KindDefault, "Default services"}} {
		services, next, err := s.registry.Services(r.Context(), v.caller, registry.ServiceFilter{Kind: kind.kind, Query: query}, store.Page{Limit: pickLimit})
		if err != nil {
			return err
		}
		groups = append(groups, newServiceGroup(kind.heading, services, next))
	}
	return s.write(w, http.StatusOK, newPickServicePage(v, query, groups...))
}
