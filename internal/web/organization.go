package web

import (
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

// organizationTab is one of the pages about the organization.
type organizationTab struct {
	Path, Name string
	Right      access.Right // what one needs to open it; empty: everybody
	Current    bool
}

var organizationTabs = []organizationTab{
	{Path: "/organization", Name: "General"},
	{Path: "/organization/people", Name: "People"},
	{Path: "/organization/invitations", Name: "Invitations", Right: access.RightPeople},
	{Path: "/organization/single-sign-on", Name: "Single sign-on", Right: access.RightSignIn},
	{Path: webhooksPath, Name: "Webhooks", Right: access.RightOrganization},
}

// tabsOf gives the tabs that a person may open, with the one that is open now.
func tabsOf(user *lanyard.User, here string) []organizationTab {
	var tabs []organizationTab
	for _, t := range organizationTabs {
		if t.Right == "" || access.Has(user.Role, t.Right) {
			t.Current = t.Path == here
			tabs = append(tabs, t)
		}
	}
	return tabs
}

// organizationPage is what holds for the organization as a whole.
type organizationPage struct {
	frame
	form
	Name        string
	ID          string
	Users       string
	Connections string
	Services    string
	PublicURL   string
	Callbacks   string // what the callback URLs of all services begin with
	Rename      *field // nil: not this person's to do
}

func (organizationPage) template() string { return "organization" }

func newOrganizationPage(v visitor, o *account.Organization, typed, publicURL string, d *problem.Document) organizationPage {
	p := organizationPage{
		frame: newShellFrame(v, "Organization", "/organization"), form: newForm(d, "The name is as it was"),
		Name: o.Name, ID: string(o.ID), Users: number(o.Counts.Users), Connections: number(o.Counts.Connections), Services: number(o.Counts.Services),
		PublicURL: publicURL, Callbacks: publicURL + "/oauth/callback/" + string(o.ID) + "/",
	}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	if o.Editable {
		f := p.field(field{ID: "name", Name: "name", Label: "Name", Value: typed, Autocomplete: "organization", Help: "1 to 50 characters. Everybody in the organization sees it."}, "/name")
		p.Rename = &f
	}
	p.rest()
	return p
}

func (s *site) organization(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.writeOrganization(w, r, v, http.StatusOK, v.organization.Name, nil)
}

func (s *site) writeOrganization(w http.ResponseWriter, r *http.Request, v visitor, status int, typed string, d *problem.Document) error {
	o, err := s.accounts.Organization(r.Context(), v.caller)
	if err != nil {
		return err
	}
	return s.write(w, status, newOrganizationPage(v, o, typed, s.publicURL, d))
}

func (s *site) renameOrganization(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	err := s.accounts.RenameOrganization(r.Context(), v.caller, name)
	if d := s.onForm(r, err); d != nil {
		return s.writeOrganization(w, r, v, d.Status, name, d)
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The name is saved", ""))
	http.Redirect(w, r, "/organization", http.StatusSeeOther)
	return nil
}
