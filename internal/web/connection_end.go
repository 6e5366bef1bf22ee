package web

import (
	"fmt"
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// endConnectionPage asks before a connection or a script ends, in part or as a whole, and says what will be lost.
type endConnectionPage struct {
	frame
	Icon    string
	Heading string
	Name    string
	Lost    []string // in sentences
	Button  string
	Action  string
	Back    string
}

func (endConnectionPage) template() string { return "connection_end" }

func newRevokePage(v visitor, c *registry.ConnectionDetail) endConnectionPage {
	p := endConnectionPage{frame: newShellFrame(v, "Revoke "+c.Name, "/connections"), Icon: "unplug", Heading: "Revoke", Name: c.Name,
		Button: "Revoke", Action: connectionPath(c.LinkName, "revoke"), Back: connectionPath(c.LinkName)}
	p.Lost = append(p.Lost, "Lanyard erases the credential of your account. The connection stays, with its link name, and you can connect it again.")
	switch {
	case c.UseLoginUserCredentials:
		p.Lost = append(p.Lost, "Calls that are made for you fail until then. The accounts of others are not touched.")
	case c.UsableBy == lanyard.UsableByOwner:
		p.Lost = append(p.Lost, "Your calls through it fail until then.")
	default:
		p.Lost = append(p.Lost, "Everybody’s calls through it fail until then, for all of them run with your account.")
	}
	switch {
	case c.Definition == nil:
		p.Lost = append(p.Lost, "Its service was deleted, so nobody can be told. To be safe, end the access at the provider, too.")
	case tellsProvider(c.Definition):
		p.Lost = append(p.Lost, "The provider is asked to end the access, too. If it cannot be reached, Lanyard goes on trying for a day.")
	case c.Definition.Auth.OAuth2 != nil || c.Definition.Auth.OAuth1 != nil:
		p.Lost = append(p.Lost, "The provider is not told, because the service names no address for it. To be safe, end the access in your account there, too.")
	default:
		p.Lost = append(p.Lost, "The provider is not told: a key or password stays good there until you change it.")
	}
	return p
}

// tellsProvider reports whether a provider hears of a revocation (RFC 7009).
func tellsProvider(s *lanyard.Service) bool {
	return s != nil && s.Auth.OAuth2 != nil && s.Auth.OAuth2.RevokeTokenURL != ""
}

func newDeletePage(v visitor, c *registry.ConnectionDetail, usedBy []lanyard.Function) endConnectionPage {
	p := endConnectionPage{frame: newShellFrame(v, "Delete "+c.Name, "/connections"), Icon: "trash-2", Heading: "Delete", Name: c.Name,
		Button: "Delete", Action: connectionPath(c.LinkName, "delete"), Back: connectionPath(c.LinkName)}
	p.Lost = append(p.Lost, "The connection is gone for good. Scripts and programs that call "+string(c.LinkName)+" fail, and the link name is free for another connection.")
	if len(usedBy) > 0 {
		p.Lost = append(p.Lost, usedByWords(usedBy))
	}
	if c.Connected.Own || c.Connected.Others > 0 {
		p.Lost = append(p.Lost, connectedWords(c))
	} else {
		p.Lost = append(p.Lost, "Nobody’s account is connected with it, so no authorization is lost.")
	}
	if tellsProvider(c.Definition) && (c.Connected.Own || c.Connected.Others > 0) {
		p.Lost = append(p.Lost, "The provider is asked to end the access, too.")
	}
	p.Lost = append(p.Lost, "What was called through it stays on record.")
	return p
}

const shownUsers = 5 // of a connection, by name

// usedByWords names the scripts that a connection stands in.
func usedByWords(usedBy []lanyard.Function) string {
	var names []string
	for i := range usedBy[:min(len(usedBy), shownUsers)] {
		names = append(names, usedBy[i].Name)
	}
	words := "It is used by " + counted(len(usedBy), "saved script") + ": " + strings.Join(names, ", ")
	if more := len(usedBy) - len(names); more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	return words + "."
}

func (s *site) revokeForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	c, err := s.registry.ConnectionToRevoke(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	if !revocable(c) {
		return s.nothingToRevoke(w, r, c)
	}
	return s.write(w, http.StatusOK, newRevokePage(v, c))
}

// revocable reports whether there is anything that a revocation would end.
func revocable(c *registry.ConnectionDetail) bool {
	return c.Status() == lanyard.StatusConnected || c.Status() == lanyard.StatusReconnectRequired
}

func (s *site) nothingToRevoke(w http.ResponseWriter, r *http.Request, c *registry.ConnectionDetail) error {
	s.tell(w, newNotice("info", c.Name+" is not connected", "There is nothing to revoke."))
	http.Redirect(w, r, connectionPath(c.LinkName), http.StatusSeeOther)
	return nil
}

// revoke takes the visitor's account back, and tells what the provider said to it.
func (s *site) revoke(w http.ResponseWriter, r *http.Request, v visitor) error {
	c, err := s.registry.ConnectionToRevoke(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	if !revocable(c) {
		return s.nothingToRevoke(w, r, c)
	}
	confirmed, err := s.keeper.Revoke(r.Context(), v.caller, string(c.LinkName))
	if err != nil {
		return err
	}
	switch {
	case confirmed:
		s.tell(w, newNotice("ok", c.Name+" was revoked", "The provider confirmed that the access has ended there, too."))
	case tellsProvider(c.Definition) && c.Status() == lanyard.StatusConnected:
		s.tell(w, newNotice("warning", c.Name+" was revoked", "Lanyard erased the credential. The provider did not confirm that the access ended there; Lanyard tries again for a day."))
	default:
		s.tell(w, newNotice("ok", c.Name+" was revoked", "Lanyard erased the credential. The provider was not told."))
	}
	http.Redirect(w, r, connectionPath(c.LinkName), http.StatusSeeOther)
	return nil
}

func (s *site) deleteConnectionForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	c, err := s.registry.ConnectionToEdit(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	usedBy, err := s.functions.UsedBy(r.Context(), v.caller, c.LinkName)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newDeletePage(v, c, usedBy))
}

func (s *site) deleteConnection(w http.ResponseWriter, r *http.Request, v visitor) error {
	c, err := s.registry.ConnectionToEdit(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	if err := s.registry.DeleteConnection(r.Context(), v.caller, string(c.LinkName)); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", c.Name+" was deleted", ""))
	http.Redirect(w, r, "/connections", http.StatusSeeOther)
	return nil
}

func removeUserPath(connection lanyard.LinkName, user lanyard.UserID) string {
	return connectionPath(connection, "users", string(user), "remove")
}

func newRemoveUserPage(v visitor, d *credential.Detail, of *store.UserAuthorization) endConnectionPage {
	c := d.Connection
	p := endConnectionPage{frame: newShellFrame(v, "Remove "+of.Name, "/connections"), Icon: "unplug", Heading: "Remove", Name: of.Name,
		Button: "Remove", Action: removeUserPath(c.LinkName, of.User), Back: connectionPath(c.LinkName) + "#others"}
	switch of.Status {
	case lanyard.StatusConnected:
		p.Lost = append(p.Lost, "Lanyard erases the credential that "+of.Name+" connected "+c.Name+" with. Nobody else’s is touched.")
		if tellsProvider(d.Service) {
			p.Lost = append(p.Lost, "The provider is asked to end the access, too. If it cannot be reached, Lanyard goes on trying for a day.")
		}
	case lanyard.StatusNotConnected, lanyard.StatusReconnectRequired, lanyard.StatusRevoked:
		p.Lost = append(p.Lost, "Lanyard holds no credential of "+of.Name+" for "+c.Name+", so none is lost.")
	}
	p.Lost = append(p.Lost, "The connection leaves the shared list of "+of.Name+". The next call that is made for them asks them to connect again; to keep them out, let the connection be used by nobody but you.")
	return p
}

func (s *site) removeUserForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	d, err := s.keeper.Detail(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	user := lanyard.UserID(r.PathValue("user"))
	if user == v.user.ID {
		http.Redirect(w, r, connectionPath(d.Connection.LinkName, "revoke"), http.StatusSeeOther)
		return nil
	}
	of, err := s.keeper.UserOf(r.Context(), v.caller, string(d.Connection.LinkName), user)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newRemoveUserPage(v, d, of))
}

func (s *site) removeUser(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("connection")
	of, confirmed, err := s.keeper.RemoveUser(r.Context(), v.caller, name, lanyard.UserID(r.PathValue("user")))
	if err != nil {
		return err
	}
	switch {
	case of.Status != lanyard.StatusConnected:
		s.tell(w, newNotice("ok", of.Name+" was removed", ""))
	case confirmed:
		s.tell(w, newNotice("ok", of.Name+" was removed", "The credential is erased, and the provider confirmed that the access has ended there, too."))
	default:
		s.tell(w, newNotice("ok", of.Name+" was removed", "The credential is erased. The provider did not confirm that the access ended there."))
	}
	http.Redirect(w, r, connectionPath(lanyard.LinkName(name))+"#others", http.StatusSeeOther)
	return nil
}
