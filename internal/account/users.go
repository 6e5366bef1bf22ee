package account

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// Revoker tells providers that credentials are erased here; package credential does.
type Revoker interface {
	// AccessRevocation prepares the end of everything that a user has connected.
	AccessRevocation(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) (*store.AccessRevocation, error)
	// ErasedOf takes over what was erased with a person; gone are the custom services that were deleted with them.
	ErasedOf(ctx context.Context, erased []store.RevokedAuthorization, gone []lanyard.Service)
}

// Users lists the people of the caller's organization by e-mail address.
func (a *Accounts) Users(ctx context.Context, c *lanyard.Caller, f store.UserFilter, p store.Page) ([]lanyard.User, string, error) {
	if err := access.SeeOrganization(c); err != nil {
		return nil, "", err
	}
	return a.store.Users(ctx, c.Organization, f, p)
}

// User gives one person of the caller's organization.
func (a *Accounts) User(ctx context.Context, c *lanyard.Caller, id lanyard.UserID) (*lanyard.User, error) {
	if err := access.SeeOrganization(c); err != nil {
		return nil, err
	}
	return a.store.User(ctx, c.Organization, id)
}

// Person is somebody as another one of the organization sees them.
type Person struct {
	lanyard.User
	Self bool // the caller
	// Holdings is what they have, for those who may change them; nil for others.
	Holdings *store.Holdings
	Roles    []lanyard.Role // that the caller may give them; none: the caller may not change this person
}

// Person gives one person with what the caller may know of them and do to them.
func (a *Accounts) Person(ctx context.Context, c *lanyard.Caller, id lanyard.UserID) (*Person, error) {
	user, err := a.User(ctx, c, id)
	if err != nil {
		return nil, err
	}
	p := &Person{User: *user, Self: user.ID == c.User}
	if access.ManagePerson(c, user) != nil {
		return p, nil //nolint:nilerr // who may not change them may see them
	}
	p.Roles = GrantableRoles(c)
	holdings, err := a.store.Holdings(ctx, c.Organization, id, sessionIdle)
	p.Holdings = &holdings
	return p, err
}

// GrantableRoles are the roles that the caller may give to people, the least first.
func GrantableRoles(c *lanyard.Caller) []lanyard.Role {
	var roles []lanyard.Role
	for _, role := range []lanyard.Role{lanyard.RoleMember, lanyard.RoleAdmin, lanyard.RoleOwner} {
		if access.GrantRole(c, role) == nil {
			roles = append(roles, role)
		}
	}
	return roles
}

// Successors lists who could get what somebody owns, by name, the first 500.
func (a *Accounts) Successors(ctx context.Context, c *lanyard.Caller, of lanyard.UserID) ([]lanyard.User, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, err
	}
	return a.store.Successors(ctx, c.Organization, of, maxPeople)
}

// NewUser describes a person to add. A host application that has no address of its own user gives an external id alone;
// such a user never signs in, and calls are made for them.
type NewUser struct {
	Email      string
	Name       string
	Role       lanyard.Role // member when empty
	ExternalID string
}

// CreateUser adds a person to the caller's organization. They have no password: they get in by an invitation or a link.
func (a *Accounts) CreateUser(ctx context.Context, c *lanyard.Caller, in NewUser) (*lanyard.User, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, err
	}
	user := &lanyard.User{
		ID: lanyard.NewUserID(), OrganizationID: c.Organization, Email: strings.ToLower(in.Email), Name: in.Name,
		Role: cmp.Or(in.Role, lanyard.RoleMember), ExternalID: in.ExternalID, CreatedAt: a.store.Now(),
	}
	if err := checkUser(user); err != nil {
		return nil, err
	}
	if err := access.GrantRole(c, user.Role); err != nil {
		return nil, err
	}
	entry := c.Audit(lanyard.ActionUserCreate, string(user.ID), called(user))
	entry.Detail = map[string]string{"role": string(user.Role)}
	if err := a.store.CreateUser(ctx, *user, entry); err != nil {
		return nil, err
	}
	return user, nil
}

func checkUser(u *lanyard.User) error {
	var f lanyard.FieldErrors
	f.Check("/name", lanyard.CheckName(u.Name))
	switch {
	case u.Email != "":
		f.Check("/email", checkEmail(u.Email))
	case u.ExternalID == "":
		f.Add("/email", "an e-mail address is needed where there is no external id")
	}
	if u.ExternalID != "" {
		f.Check("/external_id", lanyard.CheckExternalID(u.ExternalID))
	}
	switch u.Role {
	case lanyard.RoleOwner, lanyard.RoleAdmin, lanyard.RoleMember:
	default:
		f.Add("/role", "this is one of: owner, admin, member")
	}
	return f.Err()
}

// called is how records name a person.
func called(u *lanyard.User) string { return cmp.Or(u.Email, u.ExternalID) }

// UserEdit is a change to a person; nil leaves a field as it is.
type UserEdit struct {
	Name, Email, ExternalID *string // an empty e-mail address or external id takes it away
	Role                    *lanyard.Role
	Disabled                *bool
}

func (e UserEdit) of(u lanyard.User) *lanyard.User {
	set(&u.Name, e.Name)
	set(&u.Email, e.Email)
	u.Email = strings.ToLower(u.Email)
	set(&u.ExternalID, e.ExternalID)
	set(&u.Role, e.Role)
	set(&u.Disabled, e.Disabled)
	return &u
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// EditUser changes a person. Another role ends their sessions. Disabling ends their sessions and all that they began,
// and their keys do not work, at once and on every replica, until they are enabled again; the last owner who can sign in
// is neither demoted nor disabled (conflict), and nobody disables themselves. Changing nothing does nothing.
func (a *Accounts) EditUser(ctx context.Context, c *lanyard.Caller, id lanyard.UserID, in UserEdit) (*lanyard.User, error) {
	before, err := a.managed(ctx, c, id)
	if err != nil {
		return nil, err
	}
	after := in.of(*before)
	if err := checkUser(after); err != nil {
		return nil, err
	}
	if *after == *before {
		return before, nil
	}
	if after.Role != before.Role {
		if err := access.GrantRole(c, after.Role); err != nil {
			return nil, err
		}
	}
	if after.Disabled && id == c.User {
		return nil, ownAccount("deactivate")
	}
	err = a.store.UpdateUser(ctx, before, after, func(sessions int64) lanyard.AuditEntry {
		return editEntry(c, before, after, sessions)
	})
	if err != nil {
		return nil, err
	}
	return after, nil
}

// RoleChange is another role of a person.
type RoleChange struct {
	Before, After *lanyard.User

	by *lanyard.Caller
}

// DraftRole judges another role of a person who was read, as EditUser does. That an owner remains is judged when it is made.
func (a *Accounts) DraftRole(c *lanyard.Caller, before *lanyard.User, role lanyard.Role) (*RoleChange, error) {
	if err := access.ManagePerson(c, before); err != nil {
		return nil, err
	}
	after := UserEdit{Role: &role}.of(*before)
	if err := checkUser(after); err != nil {
		return nil, err
	}
	return &RoleChange{Before: before, After: after, by: c}, access.GrantRole(c, role)
}

// Make stores it; conflict when the person was changed in the meantime, or no owner would be left.
func (ch *RoleChange) Make(ctx context.Context, changes *store.Changes) error {
	return changes.UpdateUser(ctx, ch.Before, ch.After, func(sessions int64) lanyard.AuditEntry {
		return editEntry(ch.by, ch.Before, ch.After, sessions)
	})
}

// managed reads somebody whom the caller may change.
func (a *Accounts) managed(ctx context.Context, c *lanyard.Caller, id lanyard.UserID) (*lanyard.User, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, err
	}
	user, err := a.store.User(ctx, c.Organization, id)
	if err != nil {
		return nil, err
	}
	return user, access.ManagePerson(c, user)
}

func ownAccount(what string) error {
	return lanyard.Errorf(lanyard.CodeConflict, "Nobody can %s their own account: another owner or admin does it. Nothing was changed.", what)
}

// editEntry is what the audit log says of an edit: one entry, named for the weightiest change in it.
func editEntry(c *lanyard.Caller, before, after *lanyard.User, sessions int64) lanyard.AuditEntry {
	action := lanyard.ActionUserEdit
	switch {
	case after.Disabled && !before.Disabled:
		action = lanyard.ActionUserDisable
	case before.Disabled && !after.Disabled:
		action = lanyard.ActionUserEnable
	}
	entry := c.Audit(action, string(after.ID), called(after))
	entry.Detail = map[string]string{}
	for _, f := range []struct{ name, before, after string }{
		{"name", before.Name, after.Name}, {"email", before.Email, after.Email},
		{"role", string(before.Role), string(after.Role)}, {"external_id", before.ExternalID, after.ExternalID},
	} {
		if f.before != f.after {
			entry.Detail[f.name], entry.Detail["before_"+f.name] = f.after, f.before
		}
	}
	if sessions > 0 {
		entry.Detail["sessions_ended"] = strconv.FormatInt(sessions, 10)
	}
	return entry
}

// HandOver gives every connection and custom service of one person to another one. Connections that ran with the
// account of the former owner have to be connected by the new one; where each user has an own account, nothing else
// changes.
func (a *Accounts) HandOver(ctx context.Context, c *lanyard.Caller, id, to lanyard.UserID) (store.Owned, error) {
	from, err := a.managed(ctx, c, id)
	if err != nil {
		return store.Owned{}, err
	}
	handed, err := a.store.HandOver(ctx, from, to, func(o store.Owned) lanyard.AuditEntry {
		return ownedEntry(c, lanyard.ActionUserHandOver, from, o, to)
	})
	if err != nil {
		return store.Owned{}, err
	}
	a.revoker.ErasedOf(ctx, handed.Erased, nil)
	return handed, nil
}

// RemovePerson removes somebody from the organization, with everything that is theirs alone. What they own, with says what
// becomes of; without that whoever owns something is not removed (conflict, which says how much). Their credentials are
// erased and their providers told.
func (a *Accounts) RemovePerson(ctx context.Context, c *lanyard.Caller, id lanyard.UserID, with store.Removal) error {
	user, err := a.managed(ctx, c, id)
	if err != nil {
		return err
	}
	if id == c.User {
		return ownAccount("remove")
	}
	if with.HandOverTo != "" && with.Delete {
		var f lanyard.FieldErrors
		f.Add("hand_over_to", "what is handed over is not deleted: choose one of the two")
		return f.Err()
	}
	removed, err := a.store.RemoveUser(ctx, user, with, func(o store.Owned) lanyard.AuditEntry {
		return ownedEntry(c, lanyard.ActionUserRemove, user, o, with.HandOverTo)
	})
	if err != nil {
		return err
	}
	a.revoker.ErasedOf(ctx, removed.Erased, removed.Deleted)
	return nil
}

// ownedEntry is what the audit log says about what somebody owned: one entry, however much it was.
func ownedEntry(c *lanyard.Caller, action lanyard.Action, user *lanyard.User, o store.Owned, to lanyard.UserID) lanyard.AuditEntry {
	entry := c.Audit(action, string(user.ID), called(user))
	entry.Detail = map[string]string{
		"connections": strconv.Itoa(o.Connections), "services": strconv.Itoa(o.Services), "revoked_authorizations": strconv.Itoa(len(o.Erased)),
	}
	if to != "" {
		entry.Detail["to"] = string(to)
	}
	if len(o.Names) > 0 {
		names := make([]string, len(o.Names))
		for i, n := range o.Names {
			names[i] = string(n)
		}
		entry.Detail["names"] = strings.Join(names, " ")
	}
	return entry
}
