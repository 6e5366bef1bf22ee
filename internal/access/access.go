// Package access says who may do what. Each rule is one function that a workroom's method calls first; the rules read
// nothing and keep nothing. What a caller must not even know of is answered with not_found, exactly as if it were absent.
//
// What a role may do stands in one table, in rights.go.
//
// The organization is not a rule here: every store function takes it from the caller, so another organization's things
// are never found in the first place.
package access

import "lanyard"

func forbidden(format string, args ...any) error {
	return lanyard.Errorf(lanyard.CodeForbidden, format, args...)
}

// Manage: may the caller create or change things at all? A key without the right only reads and invokes.
func Manage(c *lanyard.Caller) error {
	if c.ConnectSession != "" {
		return forbidden("This browser connects an account and does nothing else.")
	}
	if c.Key != "" && !c.Rights.Manage {
		return forbidden("This API key may not change anything: use one with the right to manage.")
	}
	if c.User == "" {
		return forbidden("This call acts for nobody, so it cannot change anything.")
	}
	return nil
}

// ManageAlone: like Manage, for keys and sign-in links, which a key that acts for somebody else must not make in that
// person's name, nor a key that is limited to some connections for itself.
func ManageAlone(c *lanyard.Caller) error {
	if err := Manage(c); err != nil {
		return err
	}
	if c.User != c.KeyOwner {
		return forbidden("This is done in one's own name only: leave out Lanyard-User.")
	}
	if len(c.Rights.Connections) > 0 {
		return forbidden("This API key is limited to some connections and may not do this.")
	}
	return nil
}

// OwnAccount: a password and sessions are a person's own, so they are seen and changed in a browser that is signed in as
// that person, never by a program.
func OwnAccount(c *lanyard.Caller) error {
	if c.Session == "" {
		return forbidden("This is done in a browser that is signed in.")
	}
	return nil
}

// SeeOrganization: everybody in the organization sees its name and its people, except with a key that is limited to some
// connections.
func SeeOrganization(c *lanyard.Caller) error {
	if len(c.Rights.Connections) > 0 {
		return forbidden("This API key is limited to some connections and may not read this.")
	}
	return nil
}

// ManageAll: may the caller create or change things beyond a list of connections? Every member may define a custom
// service and make connections.
func ManageAll(c *lanyard.Caller) error {
	if err := Manage(c); err != nil {
		return err
	}
	if len(c.Rights.Connections) > 0 {
		return forbidden("This API key is limited to some connections and may not change others or services.")
	}
	return nil
}

// EditService: only the member who created a custom service edits or deletes it. What came with an extension changes with
// that alone.
func EditService(c *lanyard.Caller, s *lanyard.Service) error {
	if err := ManageAll(c); err != nil {
		return err
	}
	if s.Kind != lanyard.KindCustom {
		return forbidden("The service %s comes with Lanyard and cannot be edited or deleted.", s.LinkName)
	}
	if s.Extension != "" {
		return notEditable("service", s.LinkName, s.ExtensionName)
	}
	if s.Author != c.User {
		return forbidden("Only the member who created the service %s may edit or delete it.", s.LinkName)
	}
	return nil
}

// SetOAuthClient: owners and admins set the organization's own clients of default services and of those of extensions. Their secrets stand behind
// everybody's connections, so a key that acts for somebody else does not reach them.
func SetOAuthClient(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightOAuthClients) {
		return forbidden("Only owners and admins of the organization set the OAuth client of a service.")
	}
	return nil
}

// SeeConnection: the owner sees a connection, and with "Use credentials of login user" everybody who may authenticate
// it does. Anybody else sees nothing of it.
func SeeConnection(c *lanyard.Caller, con *lanyard.Connection) error {
	if !c.MayUse(con.LinkName) || con.Owner != c.User && !(con.UseLoginUserCredentials && con.UsableBy == lanyard.UsableByOrganization && c.User != "") {
		return NoConnection(string(con.LinkName))
	}
	return nil
}

// notEditable is the answer for what came with an extension.
func notEditable(what string, name, extension lanyard.LinkName) error {
	return lanyard.Errorf(lanyard.CodeNotEditable, "The %s %s came with the extension %s: it changes when an owner or admin updates that, and goes when it is uninstalled.", what, name, extension)
}

// EditConnection: who created a connection edits and deletes it, if it was made by hand.
func EditConnection(c *lanyard.Caller, con *lanyard.Connection) error {
	if err := SeeConnection(c, con); err != nil {
		return err
	}
	if err := Manage(c); err != nil {
		return err
	}
	if con.Extension != "" {
		return notEditable("connection", con.LinkName, con.ExtensionName)
	}
	if con.Owner != c.User {
		return forbidden("Only the owner of the connection %s may edit or delete it.", con.LinkName)
	}
	if con.Origin != lanyard.OriginUser {
		return forbidden("The connection %s was not made by hand: it can be revoked, but neither edited nor deleted.", con.LinkName)
	}
	return nil
}

// Connect: may the caller's user give credentials for this connection, or take them back?
func Connect(c *lanyard.Caller, con *lanyard.Connection) error {
	if err := SeeConnection(c, con); err != nil || c.ConnectSession != "" {
		return err
	}
	return Manage(c)
}

// SeeUsers: who connected a connection, and taking a copy of somebody else's away, is for the connection's owner alone.
func SeeUsers(c *lanyard.Caller, con *lanyard.Connection) error {
	if err := SeeConnection(c, con); err != nil {
		return err
	}
	if con.Owner != c.User {
		return forbidden("Only the owner of the connection %s sees who connected it.", con.LinkName)
	}
	return nil
}

// ConnectEndUsers: a program connects users of an application with an API key that acts for users. The right to manage
// is not asked for: such a key says itself, by its origins, what it is for.
func ConnectEndUsers(c *lanyard.Caller) error {
	if c.Key == "" || !c.Rights.ActForUsers {
		return forbidden("Connect sessions are for an API key that acts for users: make one with act_for_users and return_to_origins.")
	}
	return nil
}

// Invoke: everybody in the organization may call through a connection, unless its owner keeps it to himself or the key
// is limited to others.
func Invoke(c *lanyard.Caller, con *lanyard.Connection) error {
	if !c.MayUse(con.LinkName) {
		return forbidden("This API key may not use the connection %s.", con.LinkName)
	}
	if con.UsableBy == lanyard.UsableByOwner && con.Owner != c.User {
		return NoConnection(string(con.LinkName))
	}
	return nil
}

// Internal: may integration tasks that name no connection use the acting user's own one, and have it made? Whoever may run
// a script may, without the right to manage: it holds nothing until that user connects it. A key that is limited to some
// connections uses one that it lists (see [Invoke]) and has none made.
func Internal(c *lanyard.Caller) error {
	if c.ConnectSession != "" {
		return forbidden("This browser connects an account and does nothing else.")
	}
	// Not LoginUser, which is nobody in a run that nobody asked for: here such a run acts for who saved the function.
	if c.User == "" || c.Rights.ActForUsers && !c.ForUser {
		return lanyard.Errorf(lanyard.CodeLoginUserRequired, "An integration task that names no connection uses an account of the user whom the call is for: say which user that is (Lanyard-User), or name a connection in the task.")
	}
	return nil
}

// MakeInternal: like Internal, for a connection that is not there yet.
func MakeInternal(c *lanyard.Caller) error {
	if err := Internal(c); err != nil {
		return err
	}
	if len(c.Rights.Connections) > 0 {
		return forbidden("This API key is limited to some connections: name one of them in the integration task.")
	}
	return nil
}

// NoConnection is the one answer for a connection that does not exist and for one that is not the caller's to know.
func NoConnection(name string) error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no connection %q here.", clip(name))
}

// NoService is the one answer for a service that is not there.
func NoService(name string) error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no service %q here.", clip(name))
}

// clip keeps a stranger's text short in a sentence.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// SeeAllRecords: owners and admins read the whole log; a member reads what he did himself.
func SeeAllRecords(c *lanyard.Caller) bool {
	return Has(c.Role, RightRecords) && len(c.Rights.Connections) == 0
}

// ReadAudit: the audit log is for owners and admins.
func ReadAudit(c *lanyard.Caller) error {
	if !SeeAllRecords(c) || c.Key != "" && !c.Rights.Manage {
		return forbidden("The audit log is for owners and admins of the organization.")
	}
	return nil
}
