package server

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/egress"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// tellWithin is how long deleting an organization takes at most to tell its providers.
const tellWithin = time.Minute

// Ending is what ends with an organization.
type Ending struct {
	Name                         string
	Users, Connections, Accounts int
	Untold                       int // providers that could not be told, afterwards
}

// DeleteOrganization deletes an organization in a store, without serving. Confirm is asked first, with what ends; what it
// returns but nil leaves everything as it is.
func DeleteOrganization(ctx context.Context, c Config, id string, confirm func(*Ending) error) (*Ending, error) {
	var ending *Ending
	err := c.withStore(ctx, func(st *store.Store) (err error) {
		org := lanyard.OrganizationID(id)
		o, err := st.Organization(ctx, org)
		if err != nil {
			return err
		}
		counts, err := st.CountOrganization(ctx, org)
		if err != nil {
			return err
		}
		ending = &Ending{Name: o.Name, Users: counts.Users, Connections: counts.Connections}
		if ending.Accounts, err = st.CountConnected(ctx, org); err != nil {
			return err
		}
		if err := confirm(ending); err != nil {
			return err
		}
		roots, err := c.roots()
		if err != nil {
			return err
		}
		out := egress.New(egress.Config{AllowNetworks: c.AllowNetworks, RootCAs: roots, Logger: c.logger()})
		defer out.Close()
		_, catalogue, err := c.openCatalog()
		if err != nil {
			return err
		}
		keeper := credential.New(credential.Config{Store: st, Services: registry.NewDirectory(st, catalogue), Client: out.Client(), PublicURL: c.PublicURL, Logger: c.logger()})
		ctx, cancel := context.WithTimeout(ctx, tellWithin)
		defer cancel()
		ending.Untold, err = keeper.DeleteOrganization(ctx, org)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ending, nil
}
