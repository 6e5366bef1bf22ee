package definitions

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/function"
	"lanyard/internal/store"
)

// Export gives everything of the caller's organization that is not a secret. What a document cannot hold is named in its
// remarks.
func (d *Definitions) Export(ctx context.Context, c *lanyard.Caller) (*Document, error) {
	if err := access.Definitions(c); err != nil {
		return nil, err
	}
	e := &exporter{Definitions: d, c: c, doc: &Document{Format: Format}}
	for _, part := range []func(context.Context) error{
		e.people, e.services, e.clients, e.connections, e.functions, e.extensions, e.keys, e.roles,
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return e.doc, nil
}

type exporter struct {
	*Definitions
	c     *lanyard.Caller
	doc   *Document
	users []lanyard.User
	email map[lanyard.UserID]string
	own   map[lanyard.LinkName]lanyard.ServiceID // custom services
}

func (e *exporter) remark(format string, args ...any) {
	e.doc.Remarks = append(e.doc.Remarks, "Left out: "+fmt.Sprintf(format, args...))
}

// every collects all pages of a list.
func every[T any](list func(store.Page) ([]T, string, error)) ([]T, error) {
	var items []T
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		more, next, err := list(page)
		if err != nil {
			return nil, err
		}
		if items = append(items, more...); next == "" {
			return items, nil
		}
		page.Cursor = next
	}
}

func (e *exporter) people(ctx context.Context) (err error) {
	e.users, e.email, err = e.Definitions.people(ctx, e.c)
	return err
}

// people are those of the caller's organization, and their e-mail addresses.
func (d *Definitions) people(ctx context.Context, c *lanyard.Caller) ([]lanyard.User, map[lanyard.UserID]string, error) {
	users, err := every(func(p store.Page) ([]lanyard.User, string, error) {
		return d.Store.Users(ctx, c.Organization, store.UserFilter{}, p)
	})
	email := make(map[lanyard.UserID]string, len(users))
	for i := range users {
		email[users[i].ID] = users[i].Email
	}
	return users, email, err
}

// customServices are those of the organization by link name, without their secrets; SecretSet says whether there is one.
func (d *Definitions) customServices(ctx context.Context, c *lanyard.Caller) ([]store.ListedService, error) {
	return every(func(p store.Page) ([]store.ListedService, string, error) {
		return d.Store.Services(ctx, c.Organization, "", p)
	})
}

func (e *exporter) services(ctx context.Context) error {
	list, err := e.customServices(ctx, e.c)
	if err != nil {
		return err
	}
	e.own = map[lanyard.LinkName]lanyard.ServiceID{}
	for i := range list {
		s := &list[i].Service
		e.own[s.LinkName] = s.ID
		if s.Extension != "" {
			if id := s.Auth.ClientID(); id != "" {
				e.doc.OAuthClients = append(e.doc.OAuthClients, OAuthClient{Service: s.LinkName, ClientID: id, ClientSecret: secretOf(s.LinkName, s.SecretSet)})
			}
			continue
		}
		written := *s
		written.Kind = ""
		definition, err := json.Marshal(&written)
		if err != nil {
			return err
		}
		e.doc.Services = append(e.doc.Services, Service{Definition: definition, ClientSecret: secretOf(s.LinkName, s.SecretSet), Author: e.email[s.Author]})
	}
	return nil
}

// secretOf proposes a variable for the secret of a service.
func secretOf(name lanyard.LinkName, set bool) *SecretRef {
	if !set {
		return nil
	}
	return &SecretRef{Env: "LANYARD_" + strings.ToUpper(string(name)) + "_CLIENT_SECRET"}
}

func (e *exporter) clients(ctx context.Context) error {
	list, err := e.Store.OAuthClients(ctx, e.c.Organization)
	if err != nil {
		return err
	}
	for _, set := range list {
		if _, custom := e.own[set.Service]; custom || e.Services.Catalog().Service(set.Service) == nil {
			e.remark("the OAuth client of %s, which is no default service any more.", set.Service)
			continue
		}
		if len(set.Parameters) == 0 {
			set.Parameters = nil
		}
		e.doc.OAuthClients = append(e.doc.OAuthClients, OAuthClient{set.Service, set.ClientID, secretOf(set.Service, set.SecretSet), set.Parameters})
	}
	slices.SortFunc(e.doc.OAuthClients, func(a, b OAuthClient) int { return cmp.Compare(a.Service, b.Service) })
	return nil
}

func (e *exporter) connections(ctx context.Context) error {
	list, err := e.Store.ConnectionsByHand(ctx, e.c.Organization)
	if err != nil {
		return err
	}
	for i := range list {
		con := &list[i]
		if id, custom := e.own[con.Service]; !con.WithDefault() && (!custom || id != con.ServiceID) ||
			con.WithDefault() && (custom || e.Services.Catalog().Service(con.Service) == nil) {
			e.remark("the connection %s, whose service %s was deleted.", con.LinkName, con.Service)
			continue
		}
		made := Connection{
			LinkName: con.LinkName, Name: con.Name, Service: con.Service, Scopes: con.Scopes,
			UseLoginUserCredentials: con.UseLoginUserCredentials, UsableBy: con.UsableBy, Owner: e.email[con.Owner],
		}
		if made.UsableBy == lanyard.UsableByOrganization {
			made.UsableBy = ""
		}
		e.doc.Connections = append(e.doc.Connections, made)
	}
	return nil
}

func (d *Definitions) savedFunctions(ctx context.Context, c *lanyard.Caller) ([]lanyard.Function, error) {
	return every(func(p store.Page) ([]lanyard.Function, string, error) {
		return d.Store.Functions(ctx, c.Organization, "", p)
	})
}

func (e *exporter) functions(ctx context.Context) error {
	list, err := e.savedFunctions(ctx, e.c)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].Extension != "" {
			continue
		}
		f, err := e.Store.Function(ctx, e.c.Organization, list[i].LinkName)
		if err != nil {
			return err
		}
		saved := Function{LinkName: f.LinkName, Name: f.Name, Script: f.Script}
		if f.Schedule.Cron != "" {
			saved.Schedule = &f.Schedule
		}
		e.doc.Functions = append(e.doc.Functions, saved)
		for _, w := range function.Warnings(f.Script) {
			e.doc.Remarks = append(e.doc.Remarks, fmt.Sprintf("Look at line %d of the function %s before you share this: %s", w.Line, f.LinkName, w.Message))
		}
	}
	return nil
}

func (e *exporter) extensions(ctx context.Context) error {
	list, err := e.Extensions.List(ctx, e.c)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		installed := Extension{Name: x.Name, Publisher: x.Publisher, Version: x.Version, Digest: x.Digest, WhenGone: x.WhenGone}
		if installed.WhenGone == lanyard.WhenGoneKeep {
			installed.WhenGone = ""
		}
		e.doc.Extensions = append(e.doc.Extensions, installed)
	}
	return nil
}

// liveKeys are the API keys of the organization that have not expired, by owner and name.
func (d *Definitions) liveKeys(ctx context.Context, c *lanyard.Caller, email map[lanyard.UserID]string) ([]lanyard.APIKey, error) {
	keys, err := every(func(p store.Page) ([]lanyard.APIKey, string, error) {
		return d.Store.APIKeys(ctx, c.Organization, "", p)
	})
	now := d.Store.Now()
	keys = slices.DeleteFunc(keys, func(k lanyard.APIKey) bool { return !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now) })
	slices.SortStableFunc(keys, func(a, b lanyard.APIKey) int {
		return cmp.Or(cmp.Compare(email[a.UserID], email[b.UserID]), cmp.Compare(a.Name, b.Name))
	})
	return keys, err
}

func (e *exporter) keys(ctx context.Context) error {
	keys, err := e.liveKeys(ctx, e.c, e.email)
	if err != nil {
		return err
	}
	for i := range keys {
		k := &keys[i]
		owner := e.email[k.UserID]
		twin := func(o lanyard.APIKey) bool { return o.UserID == k.UserID && o.Name == k.Name && o.ID != k.ID }
		switch {
		case owner == "":
			e.remark("the API key %s, whose owner has no e-mail address.", k.Name)
		case !k.ExpiresAt.IsZero():
			e.remark("the API key %s of %s, which expires: such keys are made by hand.", k.Name, owner)
		case slices.ContainsFunc(keys, twin):
			e.remark("an API key %s of %s: there are several of this name.", k.Name, owner)
		default:
			e.doc.APIKeys = append(e.doc.APIKeys, keyOf(k, owner))
		}
	}
	return nil
}

func keyOf(k *lanyard.APIKey, owner string) APIKey {
	return APIKey{
		Name: k.Name, Owner: owner, Manage: k.Rights.Manage, ActForUsers: k.Rights.ActForUsers,
		Connections: k.Rights.Connections, ReturnToOrigins: k.Rights.ReturnToOrigins,
	}
}

func (e *exporter) roles(context.Context) error {
	for i := range e.users {
		if u := &e.users[i]; u.Email != "" && !u.Disabled {
			e.doc.Roles = append(e.doc.Roles, Role{u.Email, u.Role})
		}
	}
	return nil
}
