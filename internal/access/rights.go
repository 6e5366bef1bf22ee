package access

import (
	"slices"

	"lanyard"
)

// Right is something that people may do because of their role in the organization.
type Right string

const (
	RightConnect      Right = "connect"
	RightDefine       Right = "define"
	RightScripts      Right = "scripts"
	RightKeys         Right = "keys"
	RightSeePeople    Right = "see_people"
	RightRecords      Right = "records"
	RightFunctions    Right = "functions"
	RightOAuthClients Right = "oauth_clients"
	RightActForUsers  Right = "act_for_users"
	RightPeople       Right = "people"
	RightOrganization Right = "organization"
	RightSignIn       Right = "sign_in"
	RightExtensions   Right = "extensions"
	RightPublish      Right = "publish"
	RightDefinitions  Right = "definitions"

	RightNewOrganization Right = "new_organization"
)

// Rights is the table of rights, in the order in which people read it: each with the least role that has it.
var Rights = []struct {
	Right Right
	Least lanyard.Role
	Words string
}{
	{RightConnect, lanyard.RoleMember, "Create connections, connect own accounts, call through connections"},
	{RightDefine, lanyard.RoleMember, "Create custom services, edit and delete one's own"},
	{RightScripts, lanyard.RoleMember, "Read and run everybody's functions, save functions, edit and delete one's own"},
	{RightKeys, lanyard.RoleMember, "Make API keys that act as oneself"},
	{RightSeePeople, lanyard.RoleMember, "See who is in the organization"},
	{RightRecords, lanyard.RoleAdmin, "Read everybody's activity and the audit log"},
	{RightFunctions, lanyard.RoleAdmin, "Edit and delete everybody's functions, read all their runs"},
	{RightOAuthClients, lanyard.RoleAdmin, "Set the organization's OAuth clients of default services"},
	{RightActForUsers, lanyard.RoleAdmin, "Make API keys that act for other users"},
	{RightPeople, lanyard.RoleAdmin, "Invite, edit, deactivate and remove people up to one's own role, and hand their connections over"},
	{RightOrganization, lanyard.RoleAdmin, "Rename the organization, manage its webhooks"},
	{RightExtensions, lanyard.RoleAdmin, "Install, update and uninstall extensions"},
	{RightPublish, lanyard.RoleAdmin, "Publish extensions to other organizations"},
	{RightDefinitions, lanyard.RoleAdmin, "Export and apply the organization's definitions as files, import from elsewhere"},
	{RightSignIn, lanyard.RoleOwner, "Set up single sign-on, switch sign-in by password off"},
	{RightNewOrganization, lanyard.RoleOwner, "Make another organization"},
}

// ranks puts the roles in order. A role that is not here has no rank and no right.
var ranks = []lanyard.Role{lanyard.RoleMember, lanyard.RoleAdmin, lanyard.RoleOwner}

// Has reports whether a role has a right.
func Has(role lanyard.Role, right Right) bool {
	rank := slices.Index(ranks, role)
	for _, r := range Rights {
		if r.Right == right {
			return rank >= slices.Index(ranks, r.Least) && rank >= 0
		}
	}
	return false
}

// EditOrganization: owners and admins.
func EditOrganization(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightOrganization) {
		return forbidden("Only owners and admins may change the organization.")
	}
	return nil
}

// OwnOrganization: what decides who gets in at all is for owners.
func OwnOrganization(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightSignIn) {
		return forbidden("Only owners may change how people sign in.")
	}
	return nil
}

// NewOrganization: an owner makes another organization for themselves, which takes their password along, so it is done in
// a browser that is signed in as them.
func NewOrganization(c *lanyard.Caller) error {
	if err := OwnAccount(c); err != nil {
		return err
	}
	if !Has(c.Role, RightNewOrganization) {
		return forbidden("Only owners may make another organization.")
	}
	return nil
}

// ManagePeople: owners and admins, in their own name.
func ManagePeople(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightPeople) {
		return forbidden("Only owners and admins may add, change or remove people.")
	}
	return nil
}

// ManagePerson: like ManagePeople, and nobody acts on somebody whose role is above their own.
func ManagePerson(c *lanyard.Caller, target *lanyard.User) error {
	if err := ManagePeople(c); err != nil {
		return err
	}
	if slices.Index(ranks, target.Role) > slices.Index(ranks, c.Role) {
		return forbidden("Only an owner may change or remove an owner.")
	}
	return nil
}

// GrantRole: like ManagePeople, and nobody gives a role that is above their own.
func GrantRole(c *lanyard.Caller, role lanyard.Role) error {
	if err := ManagePeople(c); err != nil {
		return err
	}
	if slices.Index(ranks, role) > slices.Index(ranks, c.Role) {
		return forbidden("Only an owner may make somebody an owner.")
	}
	return nil
}
