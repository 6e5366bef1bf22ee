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
	Ways     []wayLink // to choose between, where there are several
}

// wayLink leads on with one of the ways to connect with a default service.
type wayLink struct{ Name, Path string }

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

func newCustomGroup(services []registry.ServiceView, next string) serviceGroup {
	g := serviceGroup{Heading: "Custom services of your organization", More: next != ""}
	for i := range services {
		s := services[i].Service
		g.Tiles = append(g.Tiles, serviceTile{Name: s.Name, LinkName: s.LinkName, Path: newConnectionPath(s.LinkName), Detail: authWords(&s.Auth)})
	}
	return g
}

func newDefaultGroup(c *registry.Cards) serviceGroup {
	g := serviceGroup{Heading: "Default services", More: c.Found > len(c.Cards)}
	for i := range c.Cards {
		card := &c.Cards[i]
		tile := serviceTile{Name: card.Name, LinkName: card.LinkName(), Path: newConnectionPath(card.LinkName()), Detail: card.Description}
		if len(card.Ways) > 1 {
			for _, w := range card.Ways {
				tile.Ways = append(tile.Ways, wayLink{w.Name, newConnectionPath(w.LinkName)})
			}
		}
		g.Tiles = append(g.Tiles, tile)
	}
	return g
}

// newConnectionPath leads to the form for a connection with a service.
func newConnectionPath(service lanyard.LinkName) string {
	return "/connections/new?service=" + url.QueryEscape(string(service))
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
	custom, next, err := s.registry.Services(r.Context(), v.caller, registry.ServiceFilter{Kind: lanyard.KindCustom, Query: query}, store.Page{Limit: pickLimit})
	if err != nil {
		return err
	}
	cards, err := s.registry.Cards(r.Context(), v.caller, registry.CardFilter{Query: query, Limit: pickLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newPickServicePage(v, query, newCustomGroup(custom, next), newDefaultGroup(cards)))
}
