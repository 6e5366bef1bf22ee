package account

import (
	"context"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// Organization is what its people see of their organization.
type Organization struct {
	lanyard.Organization
	Counts   store.OrganizationCounts
	People   []lanyard.User // by e-mail address
	Next     string         // cursor; empty: there are no more
	Editable bool           // by the caller
}

// Organization gives the caller's organization, with a part of the list of its people.
func (a *Accounts) Organization(ctx context.Context, c *lanyard.Caller, people store.Page) (*Organization, error) {
	if err := access.SeeOrganization(c); err != nil {
		return nil, err
	}
	org, err := a.store.Organization(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	o := &Organization{Organization: *org, Editable: access.EditOrganization(c) == nil}
	if o.Counts, err = a.store.CountOrganization(ctx, c.Organization); err != nil {
		return nil, err
	}
	o.People, o.Next, err = a.store.Users(ctx, c.Organization, store.UserFilter{}, people)
	return o, err
}

// RenameOrganization gives the caller's organization another name. The same name changes nothing.
func (a *Accounts) RenameOrganization(ctx context.Context, c *lanyard.Caller, name string) error {
	if err := access.EditOrganization(c); err != nil {
		return err
	}
	var f lanyard.FieldErrors
	f.Check("/name", lanyard.CheckName(name))
	if err := f.Err(); err != nil {
		return err
	}
	before, err := a.store.Organization(ctx, c.Organization)
	if err != nil || before.Name == name {
		return err
	}
	audit := c.Audit(lanyard.ActionOrganizationRename, string(c.Organization), name)
	audit.Detail = map[string]string{"before": before.Name}
	return a.store.RenameOrganization(ctx, c.Organization, name, audit)
}
