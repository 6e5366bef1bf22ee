package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/registry"
)

// defaultServicesPage is the catalogue: a card for each default service, by category.
type defaultServicesPage struct {
	frame
	Query      string
	Category   string
	Categories []lanyard.Choice
	Groups     []cardGroup
	Found      string // how many there are, in words
}

func (defaultServicesPage) template() string { return "default_services" }

// cardGroup is a category with its cards, or the first of them.
type cardGroup struct {
	ID, Name string
	Cards    []serviceCard
	All      string // address of the whole category; empty where this is all
	AllText  string
}

type serviceCard struct {
	Path        string
	LinkName    lanyard.LinkName
	Name        string
	Description string
	Ready       bool
}

// groupLimit is how many cards a category shows as long as nothing narrower is asked for.
const groupLimit = 12

func newDefaultServicesPage(v visitor, category, query string, c *registry.Cards) defaultServicesPage {
	p := defaultServicesPage{frame: newShellFrame(v, "Default services", "/services"), Query: query, Category: category, Found: counted(len(c.Cards), "service")}
	for _, known := range c.Categories {
		p.Categories = append(p.Categories, lanyard.Choice{Value: known, Name: catalog.CategoryName(known)})
		g := cardGroup{ID: "category-" + known, Name: catalog.CategoryName(known)}
		n := 0
		for _, card := range c.Cards {
			if card.Category != known {
				continue
			}
			if n++; n > groupLimit && category == "" && query == "" {
				g.All = "/services?" + url.Values{"category": {known}}.Encode()
				continue
			}
			g.Cards = append(g.Cards, serviceCard{servicePath(card.LinkName), card.LinkName, card.Name, card.Description, card.Ready})
		}
		g.AllText = "All " + counted(n, "service") + " of " + g.Name
		if len(g.Cards) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return p
}

func (s *site) defaultServices(w http.ResponseWriter, r *http.Request, v visitor) error {
	category, query := r.URL.Query().Get("category"), strings.TrimSpace(r.URL.Query().Get("q"))
	cards, err := s.registry.Cards(r.Context(), v.caller, category, query)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newDefaultServicesPage(v, category, query, cards))
}
