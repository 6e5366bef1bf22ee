package web

import (
	"cmp"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/account"
)

// A browser can be signed in to several organizations. Each has a session of its own, and one of them is the current
// one: what a page shows and a form does is done with it alone. Switching exchanges cookies and nothing else.

const (
	maxOthers       = 9 // sessions beside the current one
	maxOthersLength = 3000
	lastSeconds     = 180 * 24 * 60 * 60

	// formOrganization is the field by which a form says which organization's page it stands on.
	formOrganization = "_organization"
)

// sessions are the cookies of all sessions of this browser, the current one first.
func (s *site) sessions(r *http.Request) []string {
	all := []string{s.cookie(r, sessionCookie)}
	if others := s.cookie(r, othersCookie); len(others) <= maxOthersLength {
		all = append(all, strings.SplitN(others, ".", maxOthers+2)...)
	}
	var found []string
	for _, session := range all {
		if session != "" && !slices.Contains(found, session) && len(found) <= maxOthers {
			found = append(found, session)
		}
	}
	return found
}

// setSessions gives the browser its sessions, of which others can be none.
func (s *site) setSessions(w http.ResponseWriter, r *http.Request, current lanyard.Secret, organization lanyard.OrganizationID, others []lanyard.Secret) {
	s.setCookie(w, sessionCookie, current.Reveal(), sessionSeconds)
	if len(others) > 0 {
		values := make([]string, len(others))
		for i, session := range others {
			values[i] = session.Reveal()
		}
		s.setCookie(w, othersCookie, strings.Join(values, "."), sessionSeconds)
	} else if s.cookie(r, othersCookie) != "" {
		s.setCookie(w, othersCookie, "", -1)
	}
	s.setCookie(w, lastCookie, string(organization), lastSeconds)
}

// join adds sessions that began just now to those of this browser; the ones before in the same organizations end. The
// current one is that of an organization which the browser was not signed in to yet, else of the one it used last.
func (s *site) join(w http.ResponseWriter, r *http.Request, in *account.SignedIn) error {
	held, err := s.accounts.Memberships(r.Context(), s.sessions(r))
	if err != nil {
		return err
	}
	began := append([]account.SignedIn{*in}, in.Others...)
	had := func(org lanyard.OrganizationID) bool {
		return slices.ContainsFunc(held, func(m account.Membership) bool { return m.Organization.ID == org })
	}
	last := lanyard.OrganizationID(s.cookie(r, lastCookie))
	slices.SortStableFunc(began, func(a, b account.SignedIn) int { // what sorts first is the current one
		rank := func(i account.SignedIn) int {
			switch {
			case !had(i.User.OrganizationID) && len(held) > 0:
				return 0
			case i.User.OrganizationID == last:
				return 1
			}
			return 2
		}
		return cmp.Compare(rank(a), rank(b))
	})
	var others []lanyard.Secret
	for _, i := range began[1:] {
		others = append(others, i.Session)
	}
	for _, m := range held {
		again := slices.ContainsFunc(began, func(i account.SignedIn) bool { return i.User.OrganizationID == m.Organization.ID })
		if !again && len(others) < maxOthers {
			others = append(others, m.Session)
			continue
		}
		if err := s.accounts.SignOut(r.Context(), m.Session.Reveal()); err != nil {
			return err
		}
	}
	s.setSessions(w, r, began[0].Session, began[0].User.OrganizationID, others)
	s.setCookie(w, browserCookie, in.Known.Reveal(), browserSeconds)
	return nil
}

// within is the visitor as they are signed in to the organization; false when this browser is not.
func (s *site) within(r *http.Request, v visitor, organization lanyard.OrganizationID) (visitor, bool, error) {
	if v.organization != nil && v.organization.ID == organization {
		return v, true, nil
	}
	for _, m := range v.memberships {
		if m.Organization.ID == organization {
			in, err := s.visitorBy(r, m.Session.Reveal())
			in.memberships = v.memberships
			return in, err == nil, err
		}
	}
	return v, false, nil
}

// whoFinds gives the visitor as the one of their organizations in which look does not answer not_found; the current one
// where it is found in none.
func (s *site) whoFinds(r *http.Request, v visitor, look func(visitor) error) (visitor, error) {
	if len(v.memberships) == 0 || lanyard.CodeOf(look(v)) != lanyard.CodeNotFound {
		return v, nil
	}
	for _, m := range v.memberships {
		in, ok, err := s.within(r, v, m.Organization.ID)
		if err != nil {
			return v, err
		}
		if ok && lanyard.CodeOf(look(in)) != lanyard.CodeNotFound {
			return in, nil
		}
	}
	return v, nil
}

// whereKnown has a page about a link to connect opened as the one of the visitor's organizations that the link is of, so
// that switching in another tab does not break what was begun in this one.
func (s *site) whereKnown(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, v visitor) error {
		v, err := s.whoFinds(r, v, func(v visitor) error {
			_, err := s.keeper.ConnectPage(r.Context(), v.caller, r.PathValue("token"))
			return err
		})
		if err != nil {
			return err
		}
		return h(w, r, v)
	}
}

// ofForm has a form act in the organization on whose page it stands: the person may have switched in another tab since,
// and the same names can be in both. That organization is then the current one again. Where this browser is not signed
// in to it any more, the visitor is nobody.
func (s *site) ofForm(w http.ResponseWriter, r *http.Request, v visitor) (visitor, error) {
	if r.Method != http.MethodPost || v.caller == nil {
		return v, nil
	}
	if err := readForm(w, r); err != nil {
		return v, err
	}
	organization := lanyard.OrganizationID(r.PostForm.Get(formOrganization))
	if organization == "" || organization == v.organization.ID {
		return v, nil
	}
	in, ok, err := s.within(r, v, organization)
	if err != nil || !ok {
		return visitor{}, err
	}
	s.makeCurrent(w, r, in)
	return in, nil
}

// makeCurrent has the pages of the visitor's organization be those that the browser opens.
func (s *site) makeCurrent(w http.ResponseWriter, r *http.Request, v visitor) {
	var current lanyard.Secret
	var others []lanyard.Secret
	for _, m := range v.memberships {
		if m.Organization.ID == v.organization.ID {
			current = m.Session
		} else {
			others = append(others, m.Session)
		}
	}
	s.setSessions(w, r, current, v.organization.ID, others)
}

var postForm = regexp.MustCompile(`<form\b[^>]*\bmethod="post"[^>]*>`) // in an attribute's value, html/template writes &gt;

// nameInForms writes the organization of a page into its forms.
func nameInForms(page []byte, organization lanyard.OrganizationID) []byte {
	field := `<input type="hidden" name="` + formOrganization + `" value="` + html.EscapeString(string(organization)) + `">`
	return postForm.ReplaceAllFunc(page, func(form []byte) []byte { return append(slices.Clip(form), field...) })
}

// choice is an organization to switch to.
type choice struct {
	Name    string
	As      string // e-mail address of whom the browser is signed in as
	Role    lanyard.Role
	Current bool
	Action  string // where the form goes
}

// newSwitch lists the organizations that this browser is signed in to, where there are several.
func newSwitch(v visitor) []choice {
	var list []choice
	for _, m := range v.memberships {
		list = append(list, newChoice(&m.User, &m.Organization, m.Organization.ID == v.organization.ID))
	}
	return list
}

func newChoice(user *lanyard.User, o *lanyard.Organization, current bool) choice {
	return choice{Name: o.Name, As: user.Email, Role: user.Role, Current: current, Action: "/organizations/" + url.PathEscape(string(o.ID)) + "/switch"}
}

// switchOrganization makes another of the browser's sessions the current one. Those that ended meanwhile are dropped.
func (s *site) switchOrganization(w http.ResponseWriter, r *http.Request, v visitor) error {
	in, ok, err := s.within(r, v, lanyard.OrganizationID(r.PathValue("organization")))
	if err != nil {
		return err
	}
	if !ok {
		return lanyard.Errorf(lanyard.CodeNotFound, "This browser is not signed in to such an organization. Sign in to it to see it here.")
	}
	if len(in.memberships) > 0 {
		s.makeCurrent(w, r, in)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
