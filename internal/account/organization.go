package account

import (
	"context"
	"strings"

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

// maxOrganizations is how many organizations one address is found in when it signs in.
const maxOrganizations = 10

// NewOrganization makes an organization beside the caller's, whose owner is the same person: with their name, address
// and password, where they have one. It is done in a browser, by that person alone, and by an owner; forbidden where
// whoever runs this Lanyard keeps it to themselves.
func (a *Accounts) NewOrganization(ctx context.Context, c *lanyard.Caller, name string, b Browser) (*SignedIn, error) {
	if err := a.MayMakeOrganizations(c); err != nil {
		return nil, err
	}
	user, err := a.store.User(ctx, c.Organization, c.User)
	if err != nil {
		return nil, err
	}
	made, err := a.newAccount(Setup{Organization: name, Name: user.Name, Email: user.Email}, nil)
	if err != nil {
		return nil, err
	}
	if made.PasswordHash, _, err = a.store.Password(ctx, c.Organization, c.User); err != nil {
		return nil, err
	}
	there, err := a.store.SignInCandidates(ctx, user.Email, "")
	if err != nil {
		return nil, err
	}
	if len(there) >= maxOrganizations {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "Your e-mail address belongs to %d organizations already, and one can sign in to no more.", maxOrganizations)
	}
	if err := a.store.CreateAccount(ctx, made, nil); err != nil {
		return nil, err
	}
	return a.beginSessions(ctx, []lanyard.User{made.Owner}, b)
}

// MayMakeOrganizations says, as an error, why the caller may not make another organization.
func (a *Accounts) MayMakeOrganizations(c *lanyard.Caller) error {
	if err := access.NewOrganization(c); err != nil {
		return err
	}
	if a.noNewOrganizations {
		return lanyard.Errorf(lanyard.CodeForbidden, "On this Lanyard, organizations are made by whoever runs it: ask them for one.")
	}
	return nil
}

// CreateOrganization makes an organization and its owner for whoever runs this Lanyard, and a one-time link that signs a
// browser in as the owner.
func (a *Accounts) CreateOrganization(ctx context.Context, name, email, person string) (*Initialized, error) {
	if person == "" {
		person, _, _ = strings.Cut(email, "@")
	}
	made, err := a.newAccount(Setup{Organization: name, Name: person, Email: email}, nil)
	if err != nil {
		return nil, err
	}
	if err := a.store.CreateAccount(ctx, made, nil); err != nil {
		return nil, err
	}
	url, _, err := a.signInLink(ctx, &made.Owner, lanyard.AuditEntry{Actor: made.Owner.ID})
	if err != nil {
		return nil, err
	}
	return &Initialized{OrganizationID: made.Organization.ID, UserID: made.Owner.ID, SignInURL: url}, nil
}
