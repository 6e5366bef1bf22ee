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
	Editable bool // by the caller
}

// Organization gives the caller's organization.
func (a *Accounts) Organization(ctx context.Context, c *lanyard.Caller) (*Organization, error) {
	if err := access.SeeOrganization(c); err != nil {
		return nil, err
	}
	org, err := a.store.Organization(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	o := &Organization{Organization: *org, Editable: access.EditOrganization(c) == nil}
	o.Counts, err = a.store.CountOrganization(ctx, c.Organization)
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
