package web

import (
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

// personPage is one person of the organization.
type personPage struct {
	frame
	form
	Person *account.Person
	Name   string // as it is, whatever was typed
	Role   string
	Has    []holding // what they have; nil: not for this visitor to know
	Fields []field   // of the form; nil: not this visitor's to change
	Save   string    // where the form goes

	// What can be done, by address; empty: not by this visitor, or there is nothing to do.
	Deactivate, Reactivate, HandOver, Remove string
	Reset                                    string // address of the page that makes a link to set a new password; empty: there is none
}

func (personPage) template() string { return "person" }

// holding is a number with what it counts.
type holding struct{ Name, Value string }

// personForm is what was typed into the form of a person.
type personForm struct{ Name, Email, Role, ExternalID string }

func personFormOf(u *lanyard.User) personForm {
	return personForm{Name: u.Name, Email: u.Email, Role: string(u.Role), ExternalID: u.ExternalID}
}

func newPersonPage(v visitor, p *account.Person, typed personForm, d *problem.Document) personPage {
	page := personPage{
		frame: newShellFrame(v, p.Name, "/organization"), form: newForm(d, "Nothing was changed"),
		Person: p, Name: p.Name, Role: roleName(p.Role), Save: personPath(p.ID),
	}
	if page.Failed {
		page.Title = "Error: " + page.Title
	}
	if len(p.Roles) == 0 {
		page.rest()
		return page
	}
	h := p.Holdings
	page.Has = []holding{
		{"Connections", number(h.Connections)}, {"Custom services", number(h.Services)}, {"Connected accounts", number(h.Connected)},
		{"API keys", number(h.Keys)}, {"Browser sessions", number(h.Sessions)},
	}
	var roles []lanyard.Choice
	for _, r := range p.Roles {
		roles = append(roles, lanyard.Choice{Value: string(r), Name: roleName(r)})
	}
	page.Fields = []field{
		page.field(field{ID: "name", Name: "name", Label: "Name", Value: typed.Name, Help: "1 to 50 characters. Everybody in the organization sees it."}, "/name"),
		page.field(field{ID: "email", Name: "email", Type: "email", Label: "E-mail address", Value: typed.Email, Optional: p.ExternalID != "", Help: "What this person signs in with. Another address ends the sign-in links that were sent to the old one."}, "/email"),
		page.field(field{ID: "role", Name: "role", Label: "Role", Value: typed.Role, Choices: roles, Chosen: true, Help: "Another role ends this person’s browser sessions: they sign in again."}, "/role"),
		page.field(field{ID: "external_id", Name: "external_id", Label: "External id", Value: typed.ExternalID, Optional: true, Mono: true, Help: "The host application’s own id for this person, if there is one."}, "/external_id"),
	}
	page.rest()
	if h.Connections > 0 || h.Services > 0 {
		page.HandOver = personPath(p.ID, "hand-over")
	}
	switch {
	case p.Self:
	case p.Disabled:
		page.Reactivate, page.Remove = personPath(p.ID, "reactivate"), personPath(p.ID, "remove")
	default:
		page.Deactivate, page.Remove = personPath(p.ID, "deactivate"), personPath(p.ID, "remove")
		if p.Email != "" {
			page.Reset = personPath(p.ID, "reset")
		}
	}
	return page
}

// personOf reads the person whom the address names.
func (s *site) personOf(r *http.Request, v visitor) (*account.Person, error) {
	return s.accounts.Person(r.Context(), v.caller, lanyard.UserID(r.PathValue("user")))
}

func (s *site) person(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.personOf(r, v)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newPersonPage(v, p, personFormOf(&p.User), nil))
}

func (s *site) editPerson(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	typed := personForm{
		Name: strings.TrimSpace(r.PostForm.Get("name")), Email: strings.TrimSpace(r.PostForm.Get("email")),
		Role: r.PostForm.Get("role"), ExternalID: strings.TrimSpace(r.PostForm.Get("external_id")),
	}
	role := lanyard.Role(typed.Role)
	edit := account.UserEdit{Name: &typed.Name, Email: &typed.Email, Role: &role, ExternalID: &typed.ExternalID}
	u, err := s.accounts.EditUser(r.Context(), v.caller, lanyard.UserID(r.PathValue("user")), edit)
	if d := s.onForm(r, err); d != nil {
		p, err := s.personOf(r, v)
		if err != nil {
			return err
		}
		return s.write(w, d.Status, newPersonPage(v, p, typed, d))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", said(u.Name)+" is saved", ""))
	http.Redirect(w, r, personPath(u.ID), http.StatusSeeOther)
	return nil
}

func (s *site) reactivatePerson(w http.ResponseWriter, r *http.Request, v visitor) error {
	active := false
	u, err := s.accounts.EditUser(r.Context(), v.caller, lanyard.UserID(r.PathValue("user")), account.UserEdit{Disabled: &active})
	if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", said(u.Name)+" is active again", "Their API keys and connections work as before, and they can sign in."))
	http.Redirect(w, r, personPath(u.ID), http.StatusSeeOther)
	return nil
}
