package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// peoplePage is the people of the organization.
type peoplePage struct {
	frame
	Query       string
	Role        string
	Roles       []lanyard.Choice
	Rows        []personRow
	First, Next string // addresses of other pages of the list; empty for none
	Invites     bool   // the visitor may invite somebody
}

func (peoplePage) template() string { return "people" }

// personRow is one person in the list.
type personRow struct {
	Path       string
	Name       string
	Email      string
	ExternalID string
	Role       string
	Self       bool
	Disabled   bool
	Added      time.Time
}

const peopleLimit = 50 // on one page

var roleChoices = []lanyard.Choice{{Value: "", Name: "Any role"}, {Value: "owner", Name: "Owners"}, {Value: "admin", Name: "Admins"}, {Value: "member", Name: "Members"}}

func newPeoplePage(v visitor, f store.UserFilter, cursor string, users []lanyard.User, next string) peoplePage {
	p := peoplePage{
		frame: newShellFrame(v, "People", "/organization"), Query: f.Query, Role: string(f.Role), Roles: roleChoices,
		Invites: access.ManagePeople(v.caller) == nil,
	}
	for i := range users {
		u := &users[i]
		p.Rows = append(p.Rows, personRow{
			Path: personPath(u.ID), Name: u.Name, Email: u.Email, ExternalID: u.ExternalID, Role: roleName(u.Role),
			Self: u.ID == v.user.ID, Disabled: u.Disabled, Added: u.CreatedAt,
		})
	}
	if cursor != "" {
		p.First = peopleAddress(f, "")
	}
	if next != "" {
		p.Next = peopleAddress(f, next)
	}
	return p
}

// peopleAddress is that of a page of the list.
func peopleAddress(f store.UserFilter, cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Query, "role": string(f.Role), "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return "/organization/people"
	}
	return "/organization/people?" + q.Encode()
}

// personPath is the address of a person's page, or of what stands below it.
func personPath(id lanyard.UserID, below ...string) string {
	return strings.Join(append([]string{"/organization/people", url.PathEscape(string(id))}, below...), "/")
}

// roleName is a role as a word that begins a sentence.
func roleName(r lanyard.Role) string { return capital(string(r)) }

func (s *site) people(w http.ResponseWriter, r *http.Request, v visitor) error {
	q := r.URL.Query()
	f := store.UserFilter{Query: strings.TrimSpace(q.Get("q")), Role: lanyard.Role(q.Get("role"))}
	users, next, err := s.accounts.Users(r.Context(), v.caller, f, store.Page{Cursor: q.Get("cursor"), Limit: peopleLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newPeoplePage(v, f, q.Get("cursor"), users, next))
}
