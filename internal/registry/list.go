package registry

import (
	"context"
	"slices"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/store"
)

// ServiceFilter narrows a list of services. An empty field narrows nothing.
type ServiceFilter struct {
	Kind     lanyard.ServiceKind
	Category string
	Query    string // part of a name or link name; default services are found as [catalog.Catalog.Search] does
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
	own, err := r.ownDefaults(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	found := map[*catalog.Entry]bool{}
	services := r.services.Catalog()
	for _, hit := range services.Search(f.Query) {
		if hit.Forgiven() && f.Kind != lanyard.KindDefault {
			continue // beside custom services, which are named as they are
		}
		found[hit.Entry] = f.Category == "" || hit.Category == f.Category
	}
	var views []ServiceView
	for _, w := range services.Ways() {
		entry, _ := services.Find(w.LinkName)
		if string(w.LinkName) <= after || own.shadowed[w.LinkName] || !found[entry] {
			continue
		}
		s := w.Service()
		v := r.listed(c, own.service(s))
		v.Standing = own.standing(s)
		if views = append(views, *v); len(views) == want {
			break
		}
	}
	return views, nil
}

// defaults is what one organization made of the default services, and what is known of them in this deployment.
type defaults struct {
	organization lanyard.OrganizationID
	clients      map[lanyard.LinkName]store.ClientSet
	shadowed     map[lanyard.LinkName]bool // by custom services, some of which had the name first
	verified     map[lanyard.LinkName]store.Verified
}

func (r *Registry) ownDefaults(ctx context.Context, org lanyard.OrganizationID) (*defaults, error) {
	own := &defaults{organization: org, clients: map[lanyard.LinkName]store.ClientSet{}, shadowed: map[lanyard.LinkName]bool{}}
	clients, err := r.store.OAuthClients(ctx, org)
	if err != nil {
		return nil, err
	}
	for _, c := range clients {
		own.clients[c.Service] = c
	}
	custom, err := r.store.CustomLinkNames(ctx, org)
	if err != nil {
		return nil, err
	}
	for _, name := range custom {
		own.shadowed[name] = true
	}
	own.verified, err = r.store.Verified(ctx)
	return own, err
}

// service is the default service as the organization uses it, without the secret.
func (o *defaults) service(s *lanyard.Service) *lanyard.Service {
	set, ok := o.clients[s.LinkName]
	if !ok || !s.NeedsClient() {
		return s.For(o.organization, nil)
	}
	own := s.For(o.organization, &lanyard.OAuthClient{ClientID: set.ClientID, Parameters: set.Parameters})
	own.SecretSet = set.SecretSet
	return own
}

func (o *defaults) standing(s *lanyard.Service) Standing { return newStanding(o.verified, s) }

// Standing says whether a default service worked in this deployment, for whomever.
type Standing struct {
	Verified time.Time // the last day, in UTC, on which it did; zero: never
	Earlier  bool      // what worked then was another definition of it
}

func newStanding(verified map[lanyard.LinkName]store.Verified, s *lanyard.Service) Standing {
	v, ok := verified[s.LinkName]
	if !ok {
		return Standing{}
	}
	return Standing{v.Last, v.Version != lanyard.DefinitionVersion(s.Version)}
}

// or is the better one of two: that of the definition as it is, and the later.
func (s Standing) or(other Standing) Standing {
	if s.Verified.IsZero() || !other.Verified.IsZero() && (s.Earlier && !other.Earlier || s.Earlier == other.Earlier && other.Verified.After(s.Verified)) {
		return other
	}
	return s
}
