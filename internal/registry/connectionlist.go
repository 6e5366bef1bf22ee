package registry

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// ConnectionFilter says which list of connections, and what of it. Empty fields do not narrow it down.
type ConnectionFilter struct {
	View    string // my, shared, internal or extensions; empty: my
	Status  string // of the caller's user's own authorization
	Service string // the id of a service; of a default one that is its link name
	Query   string // a part of the name, the link name or the service's link name
}

var (
	views    = []string{"my", "shared", "internal", "extensions"}
	statuses = []string{"", string(lanyard.StatusNotConnected), string(lanyard.StatusConnected), string(lanyard.StatusReconnectRequired), string(lanyard.StatusRevoked)}
)

// stored checks the filter, and limits it to what the caller's key may see.
func (f ConnectionFilter) stored(c *lanyard.Caller) (store.ConnectionFilter, error) {
	if f.View == "" {
		f.View = "my"
	}
	var faults lanyard.FieldErrors
	if !slices.Contains(views, f.View) {
		faults.Add("view", "the view is my, shared, internal or extensions")
	}
	if !slices.Contains(statuses, f.Status) {
		faults.Add("status", "the status is not_connected, connected, reconnect_required or revoked")
	}
	return store.ConnectionFilter{View: store.View(f.View), User: c.User, LinkNames: c.Rights.Connections,
		Status: lanyard.Status(f.Status), Service: lanyard.ServiceID(f.Service), Query: strings.TrimSpace(f.Query)}, faults.Err()
}

// Connections lists what the caller's user sees, by link name.
func (r *Registry) Connections(ctx context.Context, c *lanyard.Caller, f ConnectionFilter, p store.Page) ([]ConnectionView, string, error) {
	filter, err := f.stored(c)
	if err != nil {
		return nil, "", err
	}
	return r.connections(ctx, c, filter, p)
}

func (r *Registry) connections(ctx context.Context, c *lanyard.Caller, f store.ConnectionFilter, p store.Page) ([]ConnectionView, string, error) {
	list, next, err := r.store.Connections(ctx, c.Organization, f, p)
	for i := range list {
		v := &list[i]
		v.ServiceName = r.serviceName(v.ServiceID, v.Service, v.ServiceName)
	}
	return list, next, err
}

// serviceName is the display name of a connection's service, where the store knows the one of a custom service. Empty:
// the service was deleted.
func (r *Registry) serviceName(id lanyard.ServiceID, link lanyard.LinkName, custom string) string {
	if custom != "" || string(id) != string(link) {
		return custom
	}
	if s := r.services.Catalog().Service(link); s != nil {
		return s.Name
	}
	return string(link) // it was in an earlier catalogue
}

const maxServices = 200 // to narrow a list down by

// ConnectionList is a page of a list with what stands at its head.
type ConnectionList struct {
	Connections []ConnectionView
	Next        string // cursor of the next page; empty on the last
	Total       int    // connections of the whole list, not narrowed down; [store.CountedUpTo]+1: more than that
	Attention   int    // of these have to be connected again
	Services    []store.ServiceOf
}

// ConnectionList is [Registry.Connections] with its head.
func (r *Registry) ConnectionList(ctx context.Context, c *lanyard.Caller, f ConnectionFilter, p store.Page) (*ConnectionList, error) {
	filter, err := f.stored(c)
	if err != nil {
		return nil, err
	}
	l := &ConnectionList{}
	if l.Connections, l.Next, err = r.connections(ctx, c, filter, p); err != nil {
		return nil, err
	}
	whole := store.ConnectionFilter{View: filter.View, User: filter.User, LinkNames: filter.LinkNames}
	if l.Total, err = r.store.CountConnections(ctx, c.Organization, whole, store.CountedUpTo+1); err != nil {
		return nil, err
	}
	if l.Services, err = r.store.ConnectionServices(ctx, c.Organization, whole, maxServices); err != nil {
		return nil, err
	}
	for i := range l.Services {
		s := &l.Services[i]
		s.Name = r.serviceName(s.ID, s.LinkName, s.Name)
	}
	whole.Status = lanyard.StatusReconnectRequired
	l.Attention, err = r.store.CountConnections(ctx, c.Organization, whole, store.CountedUpTo+1)
	return l, err
}

// FreeLinkName proposes a link name for a new connection: one made of the name, else of the service's link name, with a
// number where it is taken. Somebody else may take it before it is used.
func (r *Registry) FreeLinkName(ctx context.Context, c *lanyard.Caller, name, service string) (lanyard.LinkName, error) {
	if err := access.ManageAll(c); err != nil {
		return "", err
	}
	base := lanyard.ProposeLinkName(name)
	if base == "" {
		base = lanyard.ProposeLinkName(service)
	}
	if base == "" {
		base = "connection"
	}
	if r.services.KeptForInternal(base) {
		base = "my_" + base
	}
	return r.freeLinkName(ctx, c.Organization, base)
}

// freeLinkName is a link name that begins with base, or with most of it, and is nobody's yet.
func (r *Registry) freeLinkName(ctx context.Context, org lanyard.OrganizationID, base lanyard.LinkName) (lanyard.LinkName, error) {
	base = base[:min(len(base), 45)] // room for what follows
	for n := 1; ; n++ {
		link := base
		switch {
		case n > 9:
			return apart(base), nil
		case n > 1:
			link += lanyard.LinkName(fmt.Sprintf("_%d", n))
		}
		_, err := r.store.Connection(ctx, org, link)
		if lanyard.CodeOf(err) == lanyard.CodeNotFound {
			return link, nil
		} else if err != nil {
			return "", err
		}
	}
}

// apart makes a link name that is hardly anybody's, without a look.
func apart(base lanyard.LinkName) lanyard.LinkName {
	return base[:min(len(base), 45)] + lanyard.LinkName("_"+strings.ToLower(rand.Text()[:4]))
}
