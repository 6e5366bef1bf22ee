package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/registry"
)

// defaultServicesPage is the catalogue. At first sight it shows what the organization uses and what is known best; a
// category or a search shows cards, some at a time.
type defaultServicesPage struct {
	frame
	Query      string
	Category   string
	Name       string // of the category
	Categories []categoryLink
	Everything categoryLink
	Groups     []cardGroup
	Found      string // how many there are, in words
	More       string // address of the same with more cards; empty where there are none
	MoreText   string
	Elsewhere  string // address of the same search in all categories; empty where that finds nothing more
}

func (defaultServicesPage) template() string { return "default_services" }

// categoryLink leads to what a search finds in a category.
type categoryLink struct {
	Value, Name string
	Services    string // how many it has
	Found       string // how many of them the search finds; empty for none
	Path        string
	Here        bool
}

// cardGroup is cards under one heading; without a heading the page's own stands for it.
type cardGroup struct {
	ID, Name string
	Cards    []serviceCard
}

type serviceCard struct {
	ID          string // of the first of those that "show more" brought
	Path        string
	LinkName    lanyard.LinkName
	Name        string
	Description string
	Connections string // how many the organization has, in words; empty for none
	Notes       []string
}

const (
	cardsAtATime = 60
	cardsAtMost  = 3000 // that one page shows, whatever its address asks for
	usedAtFirst  = 36
	popularAt    = 24
	popularBrand = 2                // of them whose names begin with the same word: some companies have dozens of services
	popularFrom  = 4 * cardsAtATime // cards that those are chosen from
)

// shown is how many cards an address asks for.
func shown(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < cardsAtATime {
		return cardsAtATime
	}
	return min(n, cardsAtMost)
}

func servicesAddress(category, query string, show int) string {
	q := url.Values{}
	for name, value := range map[string]string{"category": category, "q": query} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if show > cardsAtATime {
		q.Set("show", strconv.Itoa(show))
	}
	if len(q) == 0 {
		return "/services"
	}
	return "/services?" + q.Encode()
}

func newDefaultServicesPage(v visitor, category, query string, c *registry.Cards) defaultServicesPage {
	p := defaultServicesPage{frame: newShellFrame(v, "Default services", "/services"), Query: query, Category: category, Found: counted(c.Found, "service")}
	p.Everything = categoryLink{Name: "All", Found: thousands(c.All), Path: servicesAddress("", query, 0), Here: category == ""}
	for _, known := range c.Categories {
		link := categoryLink{Value: known.Category, Name: catalog.CategoryName(known.Category), Services: thousands(known.Services),
			Path: servicesAddress(known.Category, query, 0), Here: known.Category == category}
		if known.Found > 0 {
			link.Found = thousands(known.Found)
		}
		if link.Here {
			p.Name = link.Name
		}
		p.Categories = append(p.Categories, link)
	}
	if category == "" && query == "" {
		p.Groups = firstSight(c.Cards)
		return p
	}
	if category != "" && c.All > c.Found {
		p.Elsewhere = servicesAddress("", query, 0)
	}
	if len(c.Cards) == 0 {
		return p
	}
	g := cardGroup{}
	for i := range c.Cards {
		card := newServiceCard(&c.Cards[i])
		if i > 0 && i%cardsAtATime == 0 {
			card.ID = "card-" + strconv.Itoa(i+1)
		}
		g.Cards = append(g.Cards, card)
	}
	p.Groups = []cardGroup{g}
	if more := min(c.Found-len(c.Cards), cardsAtATime); more > 0 && len(c.Cards) < cardsAtMost {
		p.More = servicesAddress(category, query, len(c.Cards)+cardsAtATime) + "#card-" + strconv.Itoa(len(c.Cards)+1)
		p.MoreText = "Show " + strconv.Itoa(more) + " more"
	}
	return p
}

// firstSight is what the organization uses, and of the others those that most people look for.
func firstSight(cards []registry.Card) []cardGroup {
	used, popular := cardGroup{ID: "in-use", Name: "In use here"}, cardGroup{ID: "popular", Name: "Popular"}
	brands := map[string]int{}
	for i := range cards {
		c := &cards[i]
		brand, _, _ := strings.Cut(c.Name, " ")
		switch {
		case c.Connections > 0 && len(used.Cards) < usedAtFirst:
			used.Cards = append(used.Cards, newServiceCard(c))
		case c.Connections == 0 && len(popular.Cards) < popularAt && brands[brand] < popularBrand:
			popular.Cards = append(popular.Cards, newServiceCard(c))
			brands[brand]++
		}
	}
	var groups []cardGroup
	for _, g := range []cardGroup{used, popular} {
		if len(g.Cards) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

func newServiceCard(c *registry.Card) serviceCard {
	card := serviceCard{Path: servicePath(c.LinkName()), LinkName: c.LinkName(), Name: c.Name, Description: c.Description}
	if !c.Ready {
		card.Notes = append(card.Notes, "Needs set-up")
	}
	card.Notes = append(card.Notes, proof(&c.Evidence, c.Standing)...)
	if c.Connections > 0 {
		card.Connections = counted(c.Connections, "connection")
	}
	return card
}

func (s *site) defaultServices(w http.ResponseWriter, r *http.Request, v visitor) error {
	q := r.URL.Query()
	f := registry.CardFilter{Category: q.Get("category"), Query: strings.TrimSpace(q.Get("q")), Limit: shown(q.Get("show"))}
	if f.Category == "" && f.Query == "" {
		f.Limit = popularFrom
	}
	cards, err := s.registry.Cards(r.Context(), v.caller, f)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newDefaultServicesPage(v, f.Category, f.Query, cards))
}
