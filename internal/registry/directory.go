package registry

import (
	"context"
	"sync/atomic"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/store"
)

// Directory is where the services of an organization are found: its own custom ones in the store, the default ones in
// the catalogue, each of these with the organization's OAuth client.
//
// A custom service may not take a default service's link name. Where it had the name before the catalogue did, the
// custom one stays what that name means in its organization, and the default one is not there.
type Directory struct {
	store   *store.Store
	catalog atomic.Pointer[catalog.Catalog]
	brought broughtCache
}

// NewDirectory makes a directory over a store and a catalogue.
func NewDirectory(s *store.Store, c *catalog.Catalog) *Directory {
	d := &Directory{store: s, brought: newBroughtCache()}
	d.Use(c)
	return d
}

// Use puts another catalogue in the place of the one there is, at once and as a whole. What was made ready of the
// earlier one is not called back: whoever keeps services warm has to be told.
func (d *Directory) Use(c *catalog.Catalog) { d.catalog.Store(c) }

// Catalog is the catalogue as it is now. Who looks into it twice for one answer asks for it once.
func (d *Directory) Catalog() *catalog.Catalog { return d.catalog.Load() }

// Service gives the service that a link name means in the organization, with its secret; not_found otherwise.
func (d *Directory) Service(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName) (*lanyard.Service, error) {
	s, err := d.store.Service(ctx, org, name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound && d.Catalog().Has(name) {
		return d.defaultService(ctx, org, name)
	}
	return s, err
}

// Of gives the service that a connection was made with; not_found when that is gone. Another service that was given the
// same link name since is not it, and must not get this connection's credentials.
func (d *Directory) Of(ctx context.Context, con *lanyard.Connection) (*lanyard.Service, error) {
	if con.WithDefault() {
		return d.defaultService(ctx, con.OrganizationID, con.Service)
	}
	return d.store.ServiceByID(ctx, con.OrganizationID, con.ServiceID)
}

func (d *Directory) defaultService(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName) (*lanyard.Service, error) {
	s := d.Catalog().Service(name)
	if s == nil { // it was in an earlier catalogue
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no default service %s.", name)
	}
	if !s.NeedsClient() {
		return s.For(org, nil), nil
	}
	client, err := d.store.OAuthClient(ctx, org, name)
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return nil, err
	}
	return s.For(org, client), nil
}
