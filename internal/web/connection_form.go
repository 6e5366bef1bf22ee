package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
)

// connectionInput is what a person gave about a connection.
type connectionInput struct {
	Name, LinkName string
	Service        string // link name
	Scopes         []string
	LoginUser      bool // Use credentials of login user
	OwnerOnly      bool
}

// usableBy is OwnerOnly in the words of the API.
func (in *connectionInput) usableBy() lanyard.UsableBy {
	if in.OwnerOnly {
		return lanyard.UsableByOwner
	}
	return lanyard.UsableByOrganization
}

// readConnection reads the form.
func readConnection(form url.Values) connectionInput {
	return connectionInput{
		Name: strings.TrimSpace(form.Get("name")), LinkName: strings.TrimSpace(form.Get("link_name")), Service: form.Get("service"),
		Scopes: form["scope"], LoginUser: form.Get("login_user") != "", OwnerOnly: form.Get("owner_only") != "",
	}
}

// connectionFormPage makes a connection, or edits one.
type connectionFormPage struct {
	frame
	form
	Edit       bool
	Connection string // name of the one that is edited
	Action     string
	Back       string // where Cancel leads
	Service    field
	ServiceIs  lanyard.LinkName
	Name       field
	LinkName   field
	Scopes     []scopeChoice
	Consent    bool // a person's consent is asked for, so more scopes mean more consent
	LoginUser  field
	OwnerOnly  field
	// Ends says what saving would end, once it is known; the button then says so, too.
	Ends []string
	// Gone: the service was deleted, so nothing can be edited.
	Gone   bool
	Delete string // where the connection is deleted instead
}

func (connectionFormPage) template() string { return "connection_form" }

// scopeChoice is one scope to tick.
type scopeChoice struct {
	ID, Name, Value string
	Chosen          bool
	Always          bool // every connection asks for it
}

// newConnectionForm draws what a new connection and one that is edited have in common.
func newConnectionForm(v visitor, title string, service *lanyard.Service, in connectionInput, d *problem.Document, heading string) connectionFormPage {
	p := connectionFormPage{frame: newShellFrame(v, title, "/connections"), ServiceIs: service.LinkName}
	p.form = newForm(d, heading)
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Service = field{ID: "service", Label: "Service", Value: service.Name}
	p.Name = p.field(field{ID: "name", Name: "name", Label: "Connection name", Value: in.Name,
		Help: "What people see, in up to 50 characters."}, "/name")
	p.LinkName = p.field(field{ID: "link-name", Name: "link_name", Label: "Link name", Value: in.LinkName, Mono: true, Optional: true,
		Help: "What scripts and programs call it. It begins with a lower-case letter, holds lower-case letters, digits and underscores, and never changes. Left empty, it is made from the name."}, "/link_name")
	p.LoginUser = p.field(field{ID: "login-user", Name: "login_user", Type: "switch", Label: "Use credentials of login user", Value: on(in.LoginUser),
		Help: "On: every call runs with the account of the person it is made for. Off: every call runs with yours."}, "/use_login_user_credentials")
	p.OwnerOnly = p.field(field{ID: "owner-only", Name: "owner_only", Type: "switch", Label: "Only I may call through it", Value: on(in.OwnerOnly),
		Help: "Off: everybody in your organization may, by its link name."}, "/usable_by")
	if a := service.Auth.OAuth2; a != nil {
		p.Consent = a.GrantType == lanyard.AuthorizationCode
		for i, scope := range a.Scopes {
			p.Scopes = append(p.Scopes, scopeChoice{fmt.Sprintf("scope-%d", i), scope.Name, scope.Value, scope.Always || slices.Contains(in.Scopes, scope.Value), scope.Always})
		}
	}
	return p
}

func on(is bool) string {
	if is {
		return "on"
	}
	return ""
}

func newCreateConnectionPage(v visitor, service *lanyard.Service, in connectionInput, d *problem.Document) connectionFormPage {
	p := newConnectionForm(v, "Create connection", service, in, d, "The connection was not created")
	p.Action, p.Back, p.Scripts = "/connections", "/connections/new", []string{"connection_form.js"}
	p.rest()
	return p
}

// connectionDetails is the second step of making a connection, with the service of the link name.
func (s *site) connectionDetails(w http.ResponseWriter, r *http.Request, v visitor, service string) error {
	found, err := s.registry.Service(r.Context(), v.caller, service)
	if err != nil {
		return err
	}
	link, err := s.registry.FreeLinkName(r.Context(), v.caller, found.Name, string(found.LinkName))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newCreateConnectionPage(v, found.Service, connectionInput{Name: found.Name, LinkName: string(link)}, nil))
}

// createConnection makes a connection and, unless that was not wanted, goes on to connect it.
func (s *site) createConnection(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readConnection(r.PostForm)
	service, err := s.registry.Service(r.Context(), v.caller, in.Service)
	if err != nil {
		return err
	}
	made, err := s.makeConnection(r, v, in)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newCreateConnectionPage(v, service.Service, in, d))
	} else if err != nil {
		return err
	}
	if r.PostForm.Get("then") == "create" {
		s.tell(w, newNotice("ok", made.Name+" was created", "It is not connected yet: connect it when you are ready."))
		http.Redirect(w, r, connectionPath(made.LinkName), http.StatusSeeOther)
		return nil
	}
	to, err := s.keeper.ConnectLink(r.Context(), v.caller, string(made.LinkName))
	if d := s.onForm(r, err); d != nil {
		// The connection is there, so the form is not the place to say it.
		s.tell(w, newNotice("warning", made.Name+" was created, but cannot be connected yet", d.Detail))
		to = connectionPath(made.LinkName)
	} else if err != nil {
		return err
	}
	return s.leave(w, r, v, to)
}

// makeConnection creates it, with a link name of ours where none was given. One that is taken comes back with another
// that is free.
func (s *site) makeConnection(r *http.Request, v visitor, in connectionInput) (*registry.ConnectionView, error) {
	ctx := r.Context()
	if in.LinkName == "" {
		link, err := s.registry.FreeLinkName(ctx, v.caller, in.Name, in.Service)
		if err != nil {
			return nil, err
		}
		in.LinkName = string(link)
	}
	made, err := s.registry.CreateConnection(ctx, v.caller, registry.ConnectionInput{
		Name: in.Name, LinkName: in.LinkName, Service: in.Service, Scopes: in.Scopes, UseLoginUserCredentials: in.LoginUser, UsableBy: string(in.usableBy())})
	if lanyard.CodeOf(err) != lanyard.CodeConflict {
		return made, err
	}
	free, freeErr := s.registry.FreeLinkName(ctx, v.caller, in.LinkName, in.Service)
	if freeErr != nil {
		return nil, freeErr
	}
	var f lanyard.FieldErrors
	f.Add("/link_name", "another connection has this link name; %s is free", free)
	return nil, &lanyard.Error{Code: lanyard.CodeConflict, Message: "The link name is taken.", Fields: f, Cause: err}
}

// newEditConnectionPage draws the form for a connection. Ends is what saving would end, when that was asked.
func newEditConnectionPage(v visitor, c *registry.ConnectionDetail, in connectionInput, ends []string, d *problem.Document) connectionFormPage {
	service := c.Definition
	if service == nil {
		service = &lanyard.Service{Name: string(c.Service), LinkName: c.Service}
	}
	p := newConnectionForm(v, "Edit "+c.Name, service, in, d, "Nothing was saved")
	p.Edit, p.Connection, p.Ends, p.Gone = true, c.Name, ends, c.Definition == nil
	p.Action, p.Back, p.Delete = connectionPath(c.LinkName, "edit"), connectionPath(c.LinkName), connectionPath(c.LinkName, "delete")
	p.Service.Frozen = "A connection stays with its service. For another one, make another connection."
	p.LinkName.Value, p.LinkName.Optional, p.LinkName.Frozen = string(c.LinkName), false, "Scripts call it by this name, so it never changes."
	p.rest()
	return p
}

// asIs is a connection as its form shows it.
func asIs(c *registry.ConnectionDetail) connectionInput {
	return connectionInput{Name: c.Name, LinkName: string(c.LinkName), Service: string(c.Service), Scopes: c.Scopes,
		LoginUser: c.UseLoginUserCredentials, OwnerOnly: c.UsableBy == lanyard.UsableByOwner}
}

// whatEnds says in sentences what saving would end; it is empty when that is nothing.
func whatEnds(c *registry.ConnectionDetail, in connectionInput) []string {
	before := asIs(c)
	var ends []string
	switch {
	case before.LoginUser && !in.LoginUser:
		ends = append(ends, "“Use credentials of login user” is switched off: from then on everybody’s calls run with your account.")
	case in.LoginUser && in.OwnerOnly && !before.OwnerOnly:
		ends = append(ends, "Nobody but you can call through it any more, so the accounts that others connected are let go.")
	case slices.ContainsFunc(in.Scopes, func(scope string) bool { return !slices.Contains(before.Scopes, scope) }):
		ends = append(ends, "Scopes are added, and only a new consent grants them.")
	}
	if len(ends) == 0 || !c.Connected.Own && c.Connected.Others == 0 {
		return nil
	}
	return append(ends, connectedWords(c)+" Calls fail until it is connected again.")
}

// connectedWords names the accounts that are lost when all authorizations of a connection end.
func connectedWords(c *registry.ConnectionDetail) string {
	others := names(c.Connected.Names, c.Connected.Others)
	switch {
	case c.Connected.Own && others != "":
		return "Your authorization ends, and so do those of " + others + "."
	case c.Connected.Own:
		return "Your authorization ends."
	}
	return "The authorizations of " + others + " end."
}

// names joins names as a sentence has them; count is how many there are in all.
func names(some []string, count int) string {
	list := slices.Clone(some)
	if more := count - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%s more", thousands(more)))
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func (s *site) editConnectionForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	c, err := s.registry.ConnectionToEdit(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newEditConnectionPage(v, c, asIs(c), nil, nil))
}

// editConnection saves the form. What would end somebody's authorization is said first, and saved when it is confirmed.
func (s *site) editConnection(w http.ResponseWriter, r *http.Request, v visitor) error {
	c, err := s.registry.ConnectionToEdit(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readConnection(r.PostForm)
	ends := whatEnds(c, in)
	if len(ends) > 0 && r.PostForm.Get("ends") != strings.Join(ends, " ") {
		return s.write(w, http.StatusOK, newEditConnectionPage(v, c, in, ends, nil))
	}
	patch, err := json.Marshal(map[string]any{"name": in.Name, "scopes": append([]string{}, in.Scopes...), "use_login_user_credentials": in.LoginUser, "usable_by": in.usableBy()})
	if err != nil {
		return err
	}
	saved, err := s.registry.EditConnection(r.Context(), v.caller, string(c.LinkName), patch)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newEditConnectionPage(v, c, in, nil, d))
	} else if err != nil {
		return err
	}
	switch {
	case saved.Version == c.Version:
		s.tell(w, newNotice("info", "Nothing was changed", ""))
	case len(ends) > 0 && saved.Authorization != nil:
		s.tell(w, newNotice("warning", saved.Name+" was saved", "Connect it again: calls fail until then."))
	default:
		s.tell(w, newNotice("ok", saved.Name+" was saved", ""))
	}
	http.Redirect(w, r, connectionPath(saved.LinkName), http.StatusSeeOther)
	return nil
}
