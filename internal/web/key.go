package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// newKeyPage asks what an API key to make shall be.
type newKeyPage struct {
	frame
	form
	Name        field
	Manage      field
	ActForUsers *field // nil: not this person's to give
	Origins     *field // nil: not this person's to give
	Listed      []keyConnection
	Only        field
	Life        field
}

func (newKeyPage) template() string { return "new_key" }

// newKeyForm is what was typed for a key.
type newKeyForm struct {
	Name, Only, Life    string
	Manage, ActForUsers bool
	Origins             string   // one in a line
	Checked             []string // link names of the list
}

// keyConnection is a connection to choose for a key.
type keyConnection struct {
	lanyard.Connection
	Checked bool
}

// listedForKey is how many connections can be chosen from a list; others are typed.
const listedForKey = 50

// lives are how long a key can be made for on the page, in days. 0 is for ever.
var lives = []lanyard.Choice{{Value: "30", Name: "30 days"}, {Value: "90", Name: "90 days"}, {Value: "365", Name: "One year"}, {Value: "0", Name: "No end"}}

func newNewKeyPage(v visitor, in newKeyForm, listed []registry.ConnectionView, d *problem.Document) newKeyPage {
	p := newKeyPage{frame: newShellFrame(v, "Make an API key", "/account"), form: newForm(d, "The key was not made")}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	on := map[bool]string{true: "on"}
	p.Name = p.field(field{ID: "name", Name: "name", Label: "Name", Value: in.Name, Placeholder: "nightly report",
		Help: "Where it is used, so that you know later which one to delete."}, "/name")
	p.Manage = p.field(field{ID: "manage", Name: "manage", Label: "May change things", Type: "switch", Value: on[in.Manage],
		Help: "Create, edit and delete services, connections and keys. Without it a key calls and reads."}, "/manage")
	if v.user.Role != lanyard.RoleMember {
		f := p.field(field{ID: "act", Name: "act_for_users", Label: "May act for other users", Type: "switch", Value: on[in.ActForUsers],
			Help: "For an application that serves many people: each of its calls says for whom it is, in the header Lanyard-User."}, "/act_for_users")
		p.ActForUsers = &f
		p.wholeList("/return_to_origins")
		origins := p.field(field{ID: "origins", Name: "return_to_origins", Label: "Origins of the application", Value: in.Origins, Optional: true, Mono: true, Rows: 2, Placeholder: "https://app.example.com",
			Help: "One in a line. Where people are sent back to who connect an account in your application without signing in to Lanyard."}, "/return_to_origins")
		p.Origins = &origins
	}
	for _, c := range listed {
		p.Listed = append(p.Listed, keyConnection{c.Connection, slices.Contains(in.Checked, string(c.LinkName))})
	}
	p.wholeList("/connections")
	only := field{ID: "only", Name: "only", Label: "Only these connections", Value: in.Only, Optional: true, Mono: true, Rows: 2,
		Help: "Link names, separated by blanks or line breaks. Left empty, the key is good for all connections."}
	if len(listed) > 0 {
		only.Label, only.Help = "Others, by link name", "Separated by blanks or line breaks. With none chosen or named, the key is good for all connections."
	}
	p.Only = p.field(only, "/connections")
	p.Life = p.field(field{ID: "life", Name: "life", Label: "Ends after", Value: in.Life, Choices: lives, Chosen: true}, "/expires_at")
	p.rest()
	return p
}

// wholeList makes the first error of an entry of a list one of the field that holds all of them.
func (p *newKeyPage) wholeList(pointer string) {
	for i, e := range p.fields {
		if strings.HasPrefix(e.Pointer, pointer+"/") {
			p.fields = slices.Clone(p.fields)
			p.fields[i].Pointer = pointer
			return
		}
	}
}

func (s *site) newKeyForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.writeNewKey(w, r, v, http.StatusOK, newKeyForm{Life: "90"}, nil)
}

func (s *site) writeNewKey(w http.ResponseWriter, r *http.Request, v visitor, status int, in newKeyForm, d *problem.Document) error {
	listed, _, err := s.registry.Connections(r.Context(), v.caller, registry.ConnectionFilter{View: "my"}, store.Page{Limit: listedForKey})
	if err != nil {
		return err
	}
	return s.write(w, status, newNewKeyPage(v, in, listed, d))
}

// keyPage shows a new API key, this once.
type keyPage struct {
	frame
	Name    string
	Command command
	Until   time.Time // how long the one before works; zero where there is none
}

func (keyPage) template() string { return "key" }

func newMadeKeyPage(v visitor, name string, key lanyard.Secret, publicURL string) keyPage {
	return keyPage{frame: newShellFrame(v, "Your API key", "/account"), Name: name,
		Command: newCommand("command-key", "For your shell", "export LANYARD_URL="+shellWord(publicURL)+"\nexport LANYARD_API_KEY="+shellWord(key.Reveal()))}
}

// makeKey makes an API key and shows it. Sending the form again makes another one: the first is shown to nobody any
// more.
func (s *site) makeKey(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := newKeyForm{
		Name: strings.TrimSpace(r.PostForm.Get("name")), Only: r.PostForm.Get("only"), Life: r.PostForm.Get("life"),
		Manage: r.PostForm.Get("manage") != "", ActForUsers: r.PostForm.Get("act_for_users") != "",
		Origins: r.PostForm.Get("return_to_origins"), Checked: r.PostForm["connection"],
	}
	wanted, err := in.key(time.Now())
	if err == nil {
		var key *lanyard.APIKey
		var value lanyard.Secret
		if key, value, err = s.accounts.CreateKey(r.Context(), v.caller, wanted); err == nil {
			return s.write(w, http.StatusOK, newMadeKeyPage(v, key.Name, value, s.publicURL))
		}
	}
	if d := s.onForm(r, err); d != nil {
		return s.writeNewKey(w, r, v, d.Status, in, d)
	}
	return err
}

// key is the key that was asked for.
func (in *newKeyForm) key(now time.Time) (account.NewKey, error) {
	k := account.NewKey{
		Name: in.Name, ActForUsers: in.ActForUsers, Manage: &in.Manage,
		Connections: slices.Concat(in.Checked, texts(in.Only)), ReturnToOrigins: slices.Concat(texts(in.Origins)),
	}
	var f lanyard.FieldErrors
	if !slices.ContainsFunc(lives, func(c lanyard.Choice) bool { return c.Value == in.Life }) {
		f.Add("/expires_at", "choose one of these")
		return k, f.Err()
	}
	if days, err := strconv.Atoi(in.Life); err == nil && days > 0 {
		k.ExpiresAt = now.AddDate(0, 0, days)
	}
	return k, nil
}

// texts takes apart what was typed into a field for several.
func texts(typed string) []string {
	return strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) })
}

// deleteKeyPage asks before an API key ends.
type deleteKeyPage struct {
	frame
	Key keyRow
}

func (deleteKeyPage) template() string { return "delete_key" }

func newDeleteKeyPage(v visitor, k *lanyard.APIKey, now time.Time) deleteKeyPage {
	return deleteKeyPage{newShellFrame(v, "Delete an API key", "/account"), newKeyRow(k, now)}
}

func (s *site) deleteKeyForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	key, err := s.accounts.Key(r.Context(), v.caller, lanyard.APIKeyID(r.PathValue("key")))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newDeleteKeyPage(v, key, time.Now()))
}

func (s *site) deleteKey(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := s.accounts.DeleteKey(r.Context(), v.caller, lanyard.APIKeyID(r.PathValue("key"))); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The API key is deleted", "Whatever still uses it is refused from now on."))
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}
