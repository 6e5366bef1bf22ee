package web

import (
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// searchPage is what a search over everything finds; the palette shows the same.
type searchPage struct {
	frame
	Query       string
	Connections []finding
	Services    []finding
	Extensions  []finding
	Pages       []finding
}

func (searchPage) template() string { return "search" }

// finding is one line of a search's answer.
type finding struct {
	Path, Name string
	Detail     string // what tells it from others of its name
	Icon       string // empty: the logo of the service
	Service    lanyard.LinkName
}

const searchLimit = 8 // of each kind

func newSearchPage(v visitor, query string) searchPage {
	p := searchPage{frame: newShellFrame(v, "Search", ""), Query: query}
	for _, f := range actions {
		if matches(f.Name+" "+f.Words, query) {
			p.Pages = append(p.Pages, finding{Path: f.Path, Name: f.Name, Detail: "Action", Icon: f.Icon})
		}
	}
	for _, g := range places {
		for _, f := range g.Places {
			if matches(f.Name+" "+f.Words+" "+g.Name, query) {
				p.Pages = append(p.Pages, finding{Path: f.Path, Name: f.Name, Detail: g.Name, Icon: f.Icon})
			}
		}
	}
	return p
}

// actions are the pages that a search finds besides the places of the left side.
var actions = []place{
	{"/connections/new", "plus", "Create connection", "new connect add"},
	{"/services/new", "plus", "Create service", "new custom define add"},
	{"/scripts/new", "plus", "New script", "create deluge function add"},
	{"/account", "user", "Your account", "password sessions api keys profile settings"},
	{"/activity/audit", "history", "Audit log", "who changed what history"},
	{"/tour", "book-open", "Tour", "help start first steps getting started"},
	{"/docs", "file-text", "API reference", "openapi http documentation"},
}

// matches reports whether every word of the query begins a word of the text. An empty query matches everything.
func matches(text, query string) bool {
	words := strings.Fields(strings.ToLower(text))
query:
	for _, q := range strings.Fields(strings.ToLower(query)) {
		for _, w := range words {
			if strings.HasPrefix(w, q) {
				continue query
			}
		}
		return false
	}
	return true
}

func (s *site) search(w http.ResponseWriter, r *http.Request, v visitor) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	p := newSearchPage(v, query)
	if query == "" {
		return s.write(w, http.StatusOK, p)
	}
	connections, _, err := s.registry.Connections(r.Context(), v.caller, registry.ConnectionFilter{Query: query}, store.Page{Limit: searchLimit})
	if err != nil {
		return err
	}
	for _, f := range connections {
		p.Connections = append(p.Connections, finding{Path: connectionPath(f.LinkName), Name: f.Name, Detail: string(f.LinkName), Service: f.Service})
	}
	custom, _, err := s.registry.Services(r.Context(), v.caller, registry.ServiceFilter{Kind: lanyard.KindCustom, Query: query}, store.Page{Limit: searchLimit})
	if err != nil {
		return err
	}
	for _, f := range custom {
		p.Services = append(p.Services, finding{Path: servicePath(f.LinkName), Name: f.Name, Detail: "Custom service", Service: f.LinkName})
	}
	cards, err := s.registry.Cards(r.Context(), v.caller, registry.CardFilter{Query: query, Limit: searchLimit})
	if err != nil {
		return err
	}
	for i := range cards.Cards {
		f := &cards.Cards[i]
		p.Services = append(p.Services, finding{Path: servicePath(f.LinkName()), Name: f.Name, Detail: "Default service", Service: f.LinkName()})
	}
	installed, err := s.extensions.List(r.Context(), v.caller)
	if err != nil {
		return err
	}
	p.Extensions = extensionsFound(installed, query)
	return s.write(w, http.StatusOK, p)
}

// extensionsFound are the installed extensions that a search finds, at most searchLimit.
func extensionsFound(installed []extension.Installed, query string) []finding {
	var found []finding
	for i := range installed {
		f := &installed[i]
		if title := said(f.Title); len(found) < searchLimit && matches(title+" "+string(f.Name)+" extension", query) {
			found = append(found, finding{Path: extensionPath(f.Name), Name: title, Detail: string(f.Name), Icon: "blocks"})
		}
	}
	return found
}
