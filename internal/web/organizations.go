package web

import (
	"net/http"
	"strings"

	"lanyard/internal/problem"
)

// organizationsPage lists the organizations that the browser is signed in to.
type organizationsPage struct {
	frame
	List []choice
	New  bool // the visitor may make another one
}

func (organizationsPage) template() string { return "organizations" }

func newOrganizationsPage(v visitor) organizationsPage {
	p := organizationsPage{frame: newShellFrame(v, "Your organizations", "/organization"), List: newSwitch(v), New: v.founds}
	if len(p.List) == 0 {
		p.List = []choice{newChoice(v.user, v.organization, true)}
	}
	return p
}

func (s *site) organizations(w http.ResponseWriter, _ *http.Request, v visitor) error {
	return s.write(w, http.StatusOK, newOrganizationsPage(v))
}

// organizationFormPage asks for the name of another organization.
type organizationFormPage struct {
	frame
	form
	Email string
	Name  field
}

func (organizationFormPage) template() string { return "organization_form" }

func newOrganizationFormPage(v visitor, name string, d *problem.Document) organizationFormPage {
	p := organizationFormPage{frame: newShellFrame(v, "New organization", "/organization"), form: newForm(d, "The organization was not made"), Email: v.user.Email}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Name = p.field(field{ID: "name", Name: "name", Label: "Name", Value: name, Autocomplete: "organization", Help: "1 to 50 characters. Everybody in the organization sees it."}, "/organization")
	p.rest()
	return p
}

func (s *site) newOrganizationForm(w http.ResponseWriter, _ *http.Request, v visitor) error {
	if err := s.accounts.MayMakeOrganizations(v.caller); err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newOrganizationFormPage(v, "", nil))
}

// makeOrganization makes an organization and switches to it. Sending the form again makes another one.
func (s *site) makeOrganization(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	made, err := s.accounts.NewOrganization(r.Context(), v.caller, name, s.browser(r))
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newOrganizationFormPage(v, name, d))
	} else if err != nil {
		return err
	}
	if err := s.join(w, r, made); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "You are in your new organization", "Switch between your organizations on the left, by the name at the top."))
	http.Redirect(w, r, "/organization", http.StatusSeeOther)
	return nil
}
