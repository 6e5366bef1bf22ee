package registry

import (
	"context"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/store"
)

// ServiceFilter narrows a list of services. An empty field narrows nothing.
type ServiceFilter struct {
	Kind     lanyard.ServiceKind
	Category string
	Query    string // part of a name or link name; of a default service also another word that people look for
}

// Services lists default and custom services together, by link name.
func (r *Registry) Services(ctx context.Context, c *lanyard.Caller, f ServiceFilter, p store.Page) ([]ServiceView, string, error) {
	if f.Kind != "" && f.Kind != lanyard.KindDefault && f.Kind != lanyard.KindCustom {
		return nil, "", &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid.",
			Fields: []lanyard.FieldError{{Pointer: "kind", Detail: "the kind is default or custom"}}}
	}
	after, rows, err := p.Open(store.ServiceList, c.Organization)
	if err != nil {
		return nil, "", err
	}
	var views []ServiceView
	if f.Kind != lanyard.KindDefault {
		if views, err = r.custom(ctx, c, f, p.Cursor, rows); err != nil {
			return nil, "", err
		}
	}
	if f.Kind != lanyard.KindCustom {
		defaults, err := r.defaults(ctx, c, f, after, rows)
		if err != nil {
			return nil, "", err
		}
		views = append(views, defaults...)
		slices.SortFunc(views, func(a, b ServiceView) int { return strings.Compare(string(a.LinkName), string(b.LinkName)) })
	}
	views, next := store.Cut(store.ServiceList, c.Organization, views, rows, func(v *ServiceView) string { return string(v.LinkName) })
	return views, next, nil
}

// custom gives the first custom services after a cursor that the filter lets pass, as many as are wanted. The store
// knows no categories, which few custom services have, so it may have to be asked several times.
func (r *Registry) custom(ctx context.Context, c *lanyard.Caller, f ServiceFilter, cursor string, want int) ([]ServiceView, error) {
	views := make([]ServiceView, 0, want)
	for {
		found, next, err := r.store.Services(ctx, c.Organization, f.Query, store.Page{Cursor: cursor, Limit: store.MaxLimit})
		if err != nil {
			return nil, err
		}
		for i := range found {
			if f.Category == "" || found[i].Category == f.Category {
				v := r.listed(c, &found[i].Service)
				v.ServiceUse = found[i].ServiceUse
				if views = append(views, *v); len(views) == want {
					return views, nil
				}
			}
		}
		if next == "" {
			return views, nil
		}
		cursor = next
	}
}

// defaults gives the first default services after a link name that the filter lets pass, as many as are wanted.
func (r *Registry) defaults(ctx context.Context, c *lanyard.Caller, f ServiceFilter, after string, want int) ([]ServiceView, error) {
	own, err := r.ownClients(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	var views []ServiceView
	services := r.services.Catalog()
	for _, w := range services.Ways() {
		if string(w.LinkName) <= after || own.shadowed(w.LinkName) {
			continue
		}
		if entry, _ := services.Find(w.LinkName); f.Category != "" && entry.Category != f.Category || !entry.Matches(f.Query) {
			continue
		}
		if views = append(views, *r.listed(c, own.service(w.Service()))); len(views) == want {
			break
		}
	}
	return views, nil
}

// clients is what one organization made of the default services.
type clients struct {
	organization lanyard.OrganizationID
	set          []store.ClientSet
	taken        []lanyard.LinkName // by custom services that had the name first
}

func (r *Registry) ownClients(ctx context.Context, org lanyard.OrganizationID) (*clients, error) {
	set, err := r.store.OAuthClients(ctx, org)
	if err != nil {
		return nil, err
	}
	all := r.services.Catalog().Ways()
	names := make([]lanyard.LinkName, len(all))
	for i, w := range all {
		names[i] = w.LinkName
	}
	taken, err := r.store.TakenLinkNames(ctx, org, names)
	return &clients{org, set, taken}, err
}

func (o *clients) shadowed(name lanyard.LinkName) bool { return slices.Contains(o.taken, name) }

// has reports whether the organization has an OAuth client for the service.
func (o *clients) has(name lanyard.LinkName) bool {
	return slices.ContainsFunc(o.set, func(c store.ClientSet) bool { return c.Service == name && c.ClientID != "" })
}

// service is the default service as the organization uses it, without the secret.
func (o *clients) service(s *lanyard.Service) *lanyard.Service {
	i := slices.IndexFunc(o.set, func(c store.ClientSet) bool { return c.Service == s.LinkName })
	if i < 0 || !s.NeedsClient() {
		return s.For(o.organization, nil)
	}
	own := s.For(o.organization, &lanyard.OAuthClient{ClientID: o.set[i].ClientID})
	own.SecretSet = o.set[i].SecretSet
	return own
}

// Card is a default service in the list that people choose from.
type Card struct {
	*catalog.Entry
	// LinkName is that of the way to begin with: the first one that nothing of the organization's own stands in the way of.
	LinkName lanyard.LinkName
	// Ready: there is a way to connect now, without an owner or admin having to set up an OAuth client first.
	Ready bool
}

// Cards is the catalogue as one organization sees it.
type Cards struct {
	Categories []string // all that there are, whatever was asked for
	Cards      []Card   // what was asked for, by name
}

// Cards lists the default services as people know them: one card each, however many ways there are to connect.
func (r *Registry) Cards(ctx context.Context, c *lanyard.Caller, category, query string) (*Cards, error) {
	own, err := r.ownClients(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	services := r.services.Catalog()
	cards := &Cards{Categories: services.Categories()}
	for _, e := range services.Entries() {
		if category != "" && e.Category != category || !e.Matches(query) {
			continue
		}
		card := Card{Entry: e}
		for i := range e.Ways {
			w := &e.Ways[i]
			if own.shadowed(w.LinkName) {
				continue
			}
			if card.LinkName == "" {
				card.LinkName = w.LinkName
			}
			card.Ready = card.Ready || !w.NeedsClient() || own.has(w.LinkName)
		}
		if card.LinkName != "" {
			cards.Cards = append(cards.Cards, card)
		}
	}
	return cards, nil
}
