package lanyard

import "slices"

// Caller is who asks, and for whom. It travels as a parameter, never in a context.
type Caller struct {
	Organization OrganizationID
	// User is the acting user: whose view of the organization it is, and whose credentials are used where a connection
	// says so. Empty when a key acts for nobody.
	User UserID
	Role Role
	// KeyOwner is the user whose key or session it is; different from User when a key acts for somebody else.
	KeyOwner UserID
	Key      APIKeyID // empty for a browser session
	Rights   KeyRights
	// ForUser: the call named the user it acts for (Lanyard-User).
	ForUser bool
	// Unattended: nobody asked for this now. A schedule or an address runs a function as whoever saved it.
	Unattended bool
	// Session is the hash of the browser session; empty for a key. A consent begun in a session ends in the same one.
	Session string
	// ConnectSession is set for an end user of a host application, who connects and does nothing else here: the browser
	// holds the cookie that the connect session is bound to.
	ConnectSession ConnectSessionID
}

// MayUse reports whether a key's list of connections, if it has one, names this one.
func (c *Caller) MayUse(connection LinkName) bool {
	return len(c.Rights.Connections) == 0 || slices.Contains(c.Rights.Connections, connection)
}

// LoginUser is the user whose own credentials a connection with *Use credentials of login user* takes. A key made to
// act for users stands for nobody until a call says for whom, so that its owner's account is never used by oversight; and
// where nobody asks, nobody is signed in.
func (c *Caller) LoginUser() UserID {
	if c.Unattended || c.Rights.ActForUsers && !c.ForUser {
		return ""
	}
	return c.User
}
