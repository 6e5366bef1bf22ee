package registry

import (
	"cmp"
	"context"
	"slices"

	"lanyard"
	"lanyard/internal/catalog"
)

// CardFilter says which default services to list. An empty field narrows nothing.
type CardFilter struct {
	Category string
	Query    string // as people type it; see [catalog.Catalog.Search]
	Limit    int    // how many cards there are at most; 0: none, only the numbers
}

// Cards is the catalogue as one organization sees it.
type Cards struct {
	Categories []CategoryCount // all that there are, by name
	All        int             // found in all of them
	Found      int             // in the category that was asked for
	// Cards are the first of these: the best match first, among equals what the organization has most connections with,
	// and then what most sources know.
	Cards []Card
}

// CategoryCount is a category, how many default services it has, and how many of these a search finds.
type CategoryCount struct {
	Category        string
	Services, Found int
}

// Card is a default service in the list that people choose from.
type Card struct {
	*catalog.Entry
	// Ways are those to connect, without what a custom service of the organization has the link name of. The first is the
	// one to begin with.
	Ways []*catalog.Way
	// Ready: there is a way to connect now, without an owner or admin having to set up an OAuth client first.
	Ready       bool
	Connections int // of the organization, made with any of the ways
	Standing    Standing
}

// LinkName is that of the way to begin with.
func (c *Card) LinkName() lanyard.LinkName { return c.Ways[0].LinkName }

// Cards lists the default services as people know them: one card each, however many ways there are to connect. Its time
// hardly depends on how many there are: no definition is read but those of the cards that it gives.
func (r *Registry) Cards(ctx context.Context, c *lanyard.Caller, f CardFilter) (*Cards, error) {
	own, err := r.ownDefaults(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	connections, err := r.store.ConnectionsPerService(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	type found struct {
		Card
		rank int
	}
	var all []found
	cards, counts := &Cards{}, map[string]int{}
	services := r.services.Catalog()
	for _, hit := range services.Search(f.Query) {
		card := Card{Entry: hit.Entry}
		for i := range hit.Ways {
			if w := &hit.Ways[i]; !own.shadowed[w.LinkName] {
				card.Ways, card.Connections = append(card.Ways, w), card.Connections+connections[lanyard.ServiceID(w.LinkName)]
			}
		}
		if len(card.Ways) == 0 {
			continue
		}
		counts[hit.Category]++
		cards.All++
		if f.Category == "" || hit.Category == f.Category {
			all = append(all, found{card, hit.Rank})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.Connections, a.Connections))
	})
	cards.Found = len(all)
	for i := range all[:min(len(all), f.Limit)] {
		card := &all[i].Card
		for _, w := range card.Ways {
			card.Ready = card.Ready || own.service(w.Service()).CheckClient() == nil
			card.Standing = card.Standing.or(own.standing(w.Service()))
		}
		cards.Cards = append(cards.Cards, *card)
	}
	totals := map[string]int{}
	for _, e := range services.Entries() {
		totals[e.Category]++
	}
	for _, category := range services.Categories() {
		cards.Categories = append(cards.Categories, CategoryCount{category, totals[category], counts[category]})
	}
	return cards, nil
}
