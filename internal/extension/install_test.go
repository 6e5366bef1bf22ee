package extension_test

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
	"lanyard/internal/function"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// world is extensions over a store, and who was told of what was erased.
type world struct {
	*extension.Extensions
	t        *testing.T
	store    *store.Store
	registry *registry.Registry
	told     []string // access tokens and the URL where each was to be revoked, in the order of the erasures
}

// Erased implements [registry.Revoker].
func (w *world) Erased(_ context.Context, s *lanyard.Service, erased []store.RevokedAuthorization) {
	for _, e := range erased {
		w.told = append(w.told, e.Credential.AccessToken.Reveal()+" "+s.Auth.OAuth2.AccessTokenURL+" as "+s.Auth.ClientID())
	}
}

func eachWorld(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		w := &world{t: t}
		var services *registry.Directory
		w.store = open(func(c *store.Config) {
			c.OnChange = func(ch store.Change) {
				if services != nil {
					services.Changed(ch)
				}
			}
		})
		services = registry.NewDirectory(w.store, catalog.Default())
		services.Unpack(extension.Brought)
		logger := slog.New(slog.DiscardHandler)
		w.registry = registry.New(registry.Config{Store: w.store, Services: services, Revoker: w, PublicURL: "https://lanyard.example"})
		functions := function.New(function.Config{Store: w.store, Services: services, Registry: w.registry, Logger: logger})
		w.Extensions = extension.New(extension.Config{Store: w.store, Services: services, Functions: functions, Revoker: w, Logger: logger})
		run(t, w)
	})
}

// people are an organization with an owner and a member, in browsers.
type people struct {
	org           lanyard.OrganizationID
	owner, member *lanyard.Caller
}

func (w *world) organization(name string) people {
	w.t.Helper()
	p := people{org: lanyard.NewOrganizationID()}
	owner := lanyard.User{ID: lanyard.NewUserID(), Email: "owner@" + name + ".example", Name: "The owner", Role: lanyard.RoleOwner}
	w.must(w.store.CreateAccount(w.t.Context(), store.NewAccount{Organization: lanyard.Organization{ID: p.org, Name: name}, Owner: owner,
		Audit: lanyard.AuditEntry{Action: lanyard.ActionOrganizationCreate}}, nil))
	member := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: p.org, Email: "member@" + name + ".example", Name: "The member", Role: lanyard.RoleMember}
	w.must(w.store.CreateUser(w.t.Context(), member, lanyard.AuditEntry{Action: lanyard.ActionUserCreate}))
	p.owner = &lanyard.Caller{Organization: p.org, User: owner.ID, KeyOwner: owner.ID, Role: owner.Role, Session: "session"}
	p.member = &lanyard.Caller{Organization: p.org, User: member.ID, KeyOwner: member.ID, Role: member.Role, Session: "session"}
	return p
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(what string, err error, code lanyard.Code) {
	w.t.Helper()
	if err == nil || lanyard.CodeOf(err) != code {
		w.t.Errorf("%s: got the error %v, want %s", what, err, code)
	}
}

// version is acme of a version, with texts replaced in its files.
func (w *world) version(version string, replace ...string) *extension.Package {
	w.t.Helper()
	files := acme()
	files["extension.yaml"] = strings.Replace(files["extension.yaml"], "1.2.0", version, 1)
	for name, text := range files {
		files[name] = strings.NewReplacer(replace...).Replace(text)
	}
	return read(w.t, files)
}

// offer publishes a package to organizations, or to everybody where none is named.
func (w *world) offer(by people, pkg *extension.Package, to ...people) {
	w.t.Helper()
	in := extension.PublishInput{Package: pkg.Packed, Everybody: len(to) == 0}
	for _, p := range to {
		in.Organizations = append(in.Organizations, string(p.org))
	}
	_, err := w.Publish(w.t.Context(), by.owner, in)
	w.must(err)
}

func accepting(from people, pkg *extension.Package) extension.InstallInput {
	return extension.InstallInput{Source: extension.Source{Publisher: from.org, Name: pkg.Name}, Digest: pkg.Digest}
}

// installed is a world in which one organization publishes acme 1.2.0 to another one, which installed it, set the OAuth
// client and connected both connections.
func (w *world) installed(when lanyard.WhenGone) (publisher, buyer people) {
	w.t.Helper()
	publisher, buyer = w.organization("publisher"), w.organization("buyer")
	pkg := w.version("1.2.0")
	w.offer(publisher, pkg, buyer)
	in := accepting(publisher, pkg)
	in.WhenGone = when
	_, err := w.Install(w.t.Context(), buyer.owner, in)
	w.must(err)
	secret := lanyard.NewSecret("client secret")
	_, _, err = w.registry.SetOAuthClient(w.t.Context(), buyer.owner, "acme", registry.OAuthClientInput{ClientID: "client", ClientSecret: &secret})
	w.must(err)
	w.connect(buyer, "acme_orders", buyer.owner.User)
	w.connect(buyer, "acme_github", buyer.member.User)
	return publisher, buyer
}

func (w *world) connection(of people, name lanyard.LinkName) *lanyard.Connection {
	w.t.Helper()
	con, err := w.store.Connection(w.t.Context(), of.org, name)
	w.must(err)
	return con
}

func (w *world) connect(of people, name lanyard.LinkName, user lanyard.UserID) {
	w.t.Helper()
	con := w.connection(of, name)
	a := &lanyard.Authorization{OrganizationID: of.org, ConnectionID: con.ID, UserID: user, ServiceVersion: w.serviceVersion(of, con), ExpiresAt: w.store.Now().Add(time.Hour)}
	ok, _, err := w.store.SaveAuthorization(w.t.Context(), a, &lanyard.Credential{AccessToken: lanyard.NewSecret("token of " + string(name))}, lanyard.AuditEntry{Action: lanyard.ActionConnect})
	w.must(err)
	if !ok {
		w.t.Fatalf("%s was not connected", name)
	}
}

func (w *world) serviceVersion(of people, con *lanyard.Connection) int64 {
	w.t.Helper()
	if con.WithDefault() {
		return catalog.Default().Service(con.Service).Version
	}
	s, err := w.store.ServiceByID(w.t.Context(), of.org, con.ServiceID)
	w.must(err)
	return s.Version
}

// token is what is stored for a user; empty when nothing is.
func (w *world) token(of people, name lanyard.LinkName, user lanyard.UserID) string {
	w.t.Helper()
	_, c, err := w.store.OpenAuthorization(w.t.Context(), of.org, w.connection(of, name).ID, user)
	w.must(err)
	if c == nil {
		return ""
	}
	return c.AccessToken.Reveal()
}

// state is all that an organization has of the extension.
func (w *world) state(of people) (lanyard.Extension, store.Brought) {
	w.t.Helper()
	e, err := w.store.Extension(w.t.Context(), of.org, "acme_tools")
	w.must(err)
	b, err := w.store.Brought(w.t.Context(), of.org, e.ID)
	w.must(err)
	return *e, b
}

// nothingLeft checks that an organization has nothing of the extension any more.
func (w *world) nothingLeft(of people) {
	w.t.Helper()
	_, err := w.store.Extension(w.t.Context(), of.org, "acme_tools")
	w.want("the extension", err, lanyard.CodeNotFound)
	for _, name := range []lanyard.LinkName{"acme_orders", "acme_github"} {
		_, err := w.store.Connection(w.t.Context(), of.org, name)
		w.want(string(name), err, lanyard.CodeNotFound)
	}
	_, err = w.store.Service(w.t.Context(), of.org, "acme")
	w.want("the service", err, lanyard.CodeNotFound)
	_, err = w.store.Function(w.t.Context(), of.org, "acme_sync")
	w.want("the function", err, lanyard.CodeNotFound)
}

func TestInstalled(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, buyer := w.installed("")
		e, b := w.state(buyer)
		if e.Version != "1.2.0" || e.WhenGone != lanyard.WhenGoneKeep || e.InstalledBy != buyer.owner.User || len(b.Services) != 1 || len(b.Connections) != 2 || len(b.Functions) != 2 {
			t.Fatalf("installed %+v with %+v", e, b)
		}
		for _, con := range b.Connections {
			if con.Origin != lanyard.OriginExtension || con.ExtensionName != "acme_tools" || con.Owner != buyer.owner.User {
				t.Errorf("a connection is %+v", con)
			}
		}
		if s := b.Services[0]; s.ExtensionName != "acme_tools" || s.Kind != lanyard.KindCustom || s.Auth.ClientID() != "client" {
			t.Errorf("the service is %+v", s)
		}
		if !slices.Equal(b.Functions[1].Connections, []lanyard.LinkName{"acme_orders"}) {
			t.Errorf("the script names %v", b.Functions[1].Connections)
		}

		ctx := t.Context()
		_, _, err := w.registry.EditService(ctx, buyer.owner, "acme", registry.ServiceEdit{Patch: []byte(`{"name":"Mine"}`)})
		w.want("editing the service", err, lanyard.CodeNotEditable)
		_, err = w.registry.DeleteService(ctx, buyer.owner, "acme")
		w.want("deleting the service", err, lanyard.CodeNotEditable)
		_, err = w.registry.EditConnection(ctx, buyer.owner, "acme_orders", []byte(`{"name":"Mine"}`))
		w.want("editing a connection", err, lanyard.CodeNotEditable)
		w.want("deleting a connection", w.registry.DeleteConnection(ctx, buyer.owner, "acme_orders"), lanyard.CodeNotEditable)

		// Without the switch a connection is its owner's; with it, it is there for everybody, under Extensions and nowhere else.
		for _, c := range []struct {
			who  *lanyard.Caller
			view string
			want []lanyard.LinkName
		}{
			{buyer.owner, "extensions", []lanyard.LinkName{"acme_github", "acme_orders"}}, {buyer.member, "extensions", []lanyard.LinkName{"acme_github"}},
			{buyer.owner, "my", nil}, {buyer.member, "shared", nil},
		} {
			list, _, err := w.registry.Connections(ctx, c.who, registry.ConnectionFilter{View: c.view}, store.Page{})
			w.must(err)
			var got []lanyard.LinkName
			for _, v := range list {
				got = append(got, v.LinkName)
				_, err := w.registry.Connection(ctx, c.who, string(v.LinkName))
				w.must(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s of %s: %v, want %v", c.view, c.who.Role, got, c.want)
			}
		}
		_, err = w.registry.Connection(ctx, buyer.member, "acme_orders")
		w.want("another's connection", err, lanyard.CodeNotFound)

		list, err := w.List(ctx, buyer.member)
		w.must(err)
		if len(list) != 1 || list[0].Organization != "publisher" || list[0].Newer != nil || len(list[0].Waiting) != 0 {
			t.Errorf("the member's list: %+v", list)
		}
		list, err = w.List(ctx, buyer.owner)
		w.must(err)
		if !slices.Equal(list[0].Waiting, []lanyard.LinkName{"acme_github"}) {
			t.Errorf("for the owner there wait %v", list[0].Waiting)
		}
	})
}

func TestOffersAreForThoseWhomTheyAreFor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		publisher, buyer := w.installed("")
		stranger := w.organization("stranger")
		pkg := w.version("1.2.0")
		offers := func(of people) int {
			list, _, err := w.Offers(ctx, of.member, store.Page{})
			w.must(err)
			for _, o := range list {
				if o.OrganizationName != "publisher" || len(o.Organizations) > 0 || len(o.Package) > 0 {
					t.Errorf("an offer says too much: %+v", o)
				}
			}
			return len(list)
		}
		if publishers, buyers, strangers := offers(publisher), offers(buyer), offers(stranger); publishers != 1 || buyers != 1 || strangers != 0 {
			t.Errorf("it is offered %d, %d and %d times", publishers, buyers, strangers)
		}
		_, err := w.Review(ctx, stranger.owner, accepting(publisher, pkg).Source)
		w.want("a stranger's review", err, lanyard.CodeNotFound)
		_, err = w.Install(ctx, stranger.owner, accepting(publisher, pkg))
		w.want("a stranger installs", err, lanyard.CodeNotFound)
		for _, call := range []error{
			w.Withdraw(ctx, stranger.owner, "acme_tools"),
			second(w.SetAudience(ctx, stranger.owner, "acme_tools", extension.Audience{Everybody: true})),
			second(w.Uninstall(ctx, stranger.owner, "acme_tools")),
			second(w.SetWhenGone(ctx, stranger.owner, "acme_tools", lanyard.WhenGoneEnd)),
		} {
			w.want("a stranger", call, lanyard.CodeNotFound)
		}
		// A member reads and decides nothing.
		for _, call := range []error{
			w.Withdraw(ctx, publisher.member, "acme_tools"), second(w.Publications(ctx, publisher.member)),
			second(w.Install(ctx, buyer.member, accepting(publisher, pkg))), second(w.Uninstall(ctx, buyer.member, "acme_tools")),
		} {
			w.want("a member", call, lanyard.CodeForbidden)
		}
		_, err = w.SetAudience(ctx, publisher.owner, "acme_tools", extension.Audience{Everybody: true})
		w.must(err)
		if n := offers(stranger); n != 1 {
			t.Errorf("to everybody it is offered %d times", n)
		}

		_, err = w.Publish(ctx, publisher.owner, extension.PublishInput{Package: w.version("1.2.0", "Acme orders", "Other orders").Packed})
		w.want("the same version with other contents", err, lanyard.CodeConflict)
		_, err = w.Publish(ctx, publisher.owner, extension.PublishInput{Package: w.version("1.1.9").Packed})
		w.want("a lower version", err, lanyard.CodeConflict)
		_, err = w.Publish(ctx, publisher.owner, extension.PublishInput{Package: []byte("no package")})
		w.want("no package", err, lanyard.CodeInvalidRequest)
	})
}

func second[T any](_ T, err error) error { return err }

func TestObstacles(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		publisher, buyer := w.organization("publisher"), w.organization("buyer")
		pkg := w.version("1.2.0")
		w.offer(publisher, pkg)
		_, err := w.registry.CreateService(ctx, buyer.member, []byte(`{"link_name":"acme","name":"Acme","hosts":["api.acme.example"],"auth":{"type":"api_key","parameters":[{"name":"key","param_type":"query"}]}}`))
		w.must(err)
		_, err = w.registry.CreateConnection(ctx, buyer.member, registry.ConnectionInput{Name: "Orders", LinkName: "acme_orders", Service: "acme"})
		w.must(err)
		w.must(w.store.CreateFunction(ctx, &lanyard.Function{OrganizationID: buyer.org, LinkName: "acme_greet", Name: "Greet", Author: buyer.member.User, SavedBy: buyer.member.User, Script: "info 1;"}, 10, lanyard.AuditEntry{}))

		r, err := w.Review(ctx, buyer.member, accepting(publisher, pkg).Source)
		w.must(err)
		for _, obstacle := range []string{"a custom service with the link name acme", "a connection with the link name acme_orders", "a function with the link name acme_greet"} {
			if !strings.Contains(strings.Join(r.Obstacles, "\n"), obstacle) {
				t.Errorf("nothing of %s in %q", obstacle, r.Obstacles)
			}
		}
		_, err = w.Install(ctx, buyer.owner, accepting(publisher, pkg))
		w.want("installing in spite of obstacles", err, lanyard.CodeConflict)
		list, err := w.List(ctx, buyer.owner)
		w.must(err)
		if _, err := w.store.Function(ctx, buyer.org, "acme_sync"); len(list) != 0 || lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("half of it was installed: %v, %v", list, err)
		}

		// What another publisher, or a file, has under the name of an installed one does not take its place.
		other, third := w.organization("other"), w.organization("third")
		_, err = w.Install(ctx, third.owner, accepting(publisher, pkg))
		w.must(err)
		w.offer(other, w.version("9.0.0"))
		for _, in := range []extension.InstallInput{accepting(other, w.version("9.0.0")), {Source: extension.Source{Packed: w.version("9.0.0").Packed}, Digest: w.version("9.0.0").Digest}} {
			_, _, err = w.Update(ctx, third.owner, "acme_tools", in)
			w.want("an update from elsewhere", err, lanyard.CodeConflict)
		}
	})
}

// TestH22: what a publisher changes reaches nothing that is installed before an owner or admin accepted exactly that, and
// no credential by itself after.
func TestH22(t *testing.T) {
	for name, c := range map[string]struct {
		replace []string
		// orders: acme_orders has to be connected again; client: the OAuth client stays.
		orders, client bool
	}{
		"a text":                  {replace: []string{"Orders of a shop.", "All orders of a shop."}, client: true},
		"a host":                  {replace: []string{"hosts: [api.acme.example]", "hosts: [api.acme.example, evil.example]"}, orders: true, client: true},
		"the base URL":            {replace: []string{"https://api.acme.example/v1\n", "https://api.acme.example/v2\n"}, orders: true, client: true},
		"the access token URL":    {replace: []string{"https://acme.example/token", "https://evil.example/token"}, orders: true},
		"the authorize URL":       {replace: []string{"https://acme.example/authorize", "https://evil.example/authorize"}, orders: true, client: true},
		"scopes of a connection":  {replace: []string{`scopes: ["orders:read"]}`, `scopes: ["orders:read", "orders:write"]}`}, orders: true, client: true},
		"the switch":              {replace: []string{`scopes: ["orders:read"]}`, `scopes: ["orders:read"], use_login_user_credentials: true}`}, orders: true, client: true},
		"a script":                {replace: []string{`return "Hello "`, `return "Good day "`}, client: true},
		"hosts of the scripts":    {replace: []string{"hosts: [status.acme.example]", "hosts: [status.acme.example, evil.example]"}, client: true},
		"where it is verified at": {replace: []string{"https://api.acme.example/v1/me", "https://api.acme.example/v1/you"}, orders: true, client: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				ctx := t.Context()
				publisher, buyer := w.installed("")
				before, brought := w.state(buyer)
				pkg := w.version("1.3.0", c.replace...)
				w.offer(publisher, pkg, buyer)
				w.LookAfterCopies(ctx)

				untouched := func(when string) {
					t.Helper()
					e, b := w.state(buyer)
					if diff := gocmp.Diff(before, e) + gocmp.Diff(brought, b); diff != "" {
						t.Fatalf("%s it changed (-before +now):\n%s", when, diff)
					}
					if orders := w.token(buyer, "acme_orders", buyer.owner.User); orders == "" || len(w.told) > 0 {
						t.Fatalf("%s the credential is %q, and providers were told %v", when, orders, w.told)
					}
				}
				untouched("before anybody accepted it,")
				list, err := w.List(ctx, buyer.member)
				w.must(err)
				if n := list[0].Newer; n == nil || n.Version != "1.3.0" || n.Digest != pkg.Digest {
					t.Errorf("of the new version the list says %+v", n)
				}
				_, _, err = w.Update(ctx, buyer.member, "acme_tools", accepting(publisher, pkg))
				w.want("a member accepts", err, lanyard.CodeForbidden)
				_, _, err = w.Update(ctx, buyer.owner, "acme_tools", accepting(publisher, w.version("1.2.9")))
				w.want("accepting what is not offered", err, lanyard.CodeConflict)
				_, _, err = w.Update(ctx, buyer.owner, "acme_tools", extension.InstallInput{Source: accepting(publisher, pkg).Source})
				w.want("accepting whatever is offered", err, lanyard.CodeInvalidRequest)
				untouched("after refusals")

				review, err := w.Review(ctx, buyer.owner, accepting(publisher, pkg).Source)
				w.must(err)
				if r, err := w.Review(ctx, buyer.member, accepting(publisher, pkg).Source); err != nil || len(r.Changes) != len(review.Changes) || !reflect.DeepEqual(r.Ends, extension.Ends{}) {
					t.Errorf("a member is told of %+v, and that it ends %+v: %v", r.Changes, r.Ends, err)
				}
				if len(review.Changes) == 0 || len(review.Obstacles) > 0 {
					t.Errorf("the review says %+v, and obstacles %q", review.Changes, review.Obstacles)
				}
				e, ends, err := w.Update(ctx, buyer.owner, "acme_tools", accepting(publisher, pkg))
				w.must(err)
				if e.Version != "1.3.0" || !reflect.DeepEqual(*ends, review.Ends) {
					t.Errorf("version %s is there; it ended %+v and was said to end %+v", e.Version, *ends, review.Ends)
				}
				// The other connection, with a default service, has nothing to do with any of it.
				if w.token(buyer, "acme_github", buyer.member.User) == "" {
					t.Error("the member's account was erased")
				}
				var told []string
				if c.orders {
					told = []string{"token of acme_orders https://acme.example/token as client"}
				}
				if erased := w.token(buyer, "acme_orders", buyer.owner.User) == ""; erased != c.orders || !slices.Equal(w.told, told) || (ends.Authorizations == 1) != c.orders {
					t.Errorf("erased: %t, want %t; told: %v; ended: %+v", erased, c.orders, w.told, *ends)
				}
				if s, err := w.store.Service(ctx, buyer.org, "acme"); err != nil || (s.Auth.ClientID() == "client") != c.client || s.Auth.Secret().IsZero() == c.client {
					t.Errorf("the client is %+v, %v; to stay: %t", s, err, c.client)
				}
				if _, again, err := w.Update(ctx, buyer.owner, "acme_tools", accepting(publisher, pkg)); err != nil || !reflect.DeepEqual(*again, extension.Ends{}) {
					t.Errorf("accepting it twice: %+v, %v", again, err)
				}
			})
		})
	}
}

func TestUpdateAddsAndDrops(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		publisher, buyer := w.installed("")
		_, err := w.registry.CreateConnection(ctx, buyer.member, registry.ConnectionInput{Name: "By hand", LinkName: "by_hand", Service: "acme"})
		w.must(err)
		w.connect(buyer, "by_hand", buyer.member.User)
		// Everything of acme goes but a script, and another service comes.
		files := acme()
		files["extension.yaml"] = `name: acme_tools
title: Acme tools
version: 2.0.0
publisher: Example Software
description: Nothing but greetings.
services: [services/other.yaml]
connections:
  - {link_name: other_one, name: Another, service: other_acme}
scripts:
  - {link_name: acme_greet, name: Greet well, file: scripts/greet.dg}
`
		files["services/other.yaml"] = strings.NewReplacer("link_name: acme", "link_name: other_acme", "acme.getOrders", "other.getOrders").Replace(files["services/acme.yaml"])
		delete(files, "services/acme.yaml")
		delete(files, "scripts/sync.dg")
		pkg := read(t, files)
		w.offer(publisher, pkg, buyer)
		_, ends, err := w.Update(ctx, buyer.owner, "acme_tools", accepting(publisher, pkg))
		w.must(err)
		want := extension.Ends{Authorizations: 3, People: 2, Connections: 3, Functions: []lanyard.LinkName{"acme_sync"}, Services: []lanyard.LinkName{"acme"}, Others: []lanyard.LinkName{"by_hand"}}
		if !reflect.DeepEqual(*ends, want) {
			t.Errorf("it ended %+v, want %+v", *ends, want)
		}
		_, b := w.state(buyer)
		if len(b.Services) != 1 || b.Services[0].LinkName != "other_acme" || len(b.Connections) != 1 || b.Connections[0].ServiceID != b.Services[0].ID || len(b.Functions) != 1 || b.Functions[0].Name != "Greet well" || b.Functions[0].Version != 1 {
			t.Errorf("there is %+v", b)
		}
		if w.token(buyer, "by_hand", buyer.member.User) != "" {
			t.Error("the credential of a service that was dropped is there")
		}
		// Going back says so.
		w.must(w.Withdraw(ctx, publisher.owner, "acme_tools"))
		older := w.version("1.2.0")
		w.offer(publisher, older, buyer)
		r, err := w.Review(ctx, buyer.owner, accepting(publisher, older).Source)
		w.must(err)
		if len(r.Changes) == 0 || !strings.Contains(r.Changes[0].Words, "an older version") {
			t.Errorf("of an older version the review says first %+v", r.Changes)
		}
	})
}

// TestH23: what was uninstalled, by whoever may or because its publisher is gone, leaves no credential.
func TestH23(t *testing.T) {
	want := []string{"token of acme_github https://github.com/login/oauth/access_token as ", "token of acme_orders https://acme.example/token as client"}
	for name, c := range map[string]struct {
		when lanyard.WhenGone
		do   func(w *world, publisher, buyer people)
		ends bool
	}{
		"uninstalled":      {lanyard.WhenGoneKeep, func(w *world, _, buyer people) { w.must(second(w.Uninstall(w.t.Context(), buyer.owner, "acme_tools"))) }, true},
		"withdrawn, ends":  {lanyard.WhenGoneEnd, func(w *world, publisher, _ people) { w.must(w.Withdraw(w.t.Context(), publisher.owner, "acme_tools")) }, true},
		"withdrawn, stays": {lanyard.WhenGoneKeep, func(w *world, publisher, _ people) { w.must(w.Withdraw(w.t.Context(), publisher.owner, "acme_tools")) }, false},
		"offered to others, ends": {lanyard.WhenGoneEnd, func(w *world, publisher, _ people) {
			w.must(second(w.SetAudience(w.t.Context(), publisher.owner, "acme_tools", extension.Audience{Organizations: []string{"org_OTHER"}})))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				ctx := t.Context()
				publisher, buyer := w.installed(c.when)
				w.LookAfterCopies(ctx) // nobody is gone yet
				if _, _, ends, err := w.Extension(ctx, buyer.owner, "acme_tools"); err != nil || ends.Authorizations != 2 || ends.People != 2 || ends.Connections != 2 {
					t.Errorf("it is said to end %+v, %v", ends, err)
				}
				c.do(w, publisher, buyer)
				w.LookAfterCopies(ctx)
				if c.ends {
					w.nothingLeft(buyer)
					slices.Sort(w.told)
					if !slices.Equal(w.told, want) {
						t.Errorf("providers were told %q, want %q", w.told, want)
					}
					return
				}
				e, _ := w.state(buyer)
				if e.GoneAt.IsZero() || w.token(buyer, "acme_orders", buyer.owner.User) == "" || len(w.told) > 0 {
					t.Errorf("a copy that stays is %+v, and providers were told %q", e, w.told)
				}
				_, err := w.SetWhenGone(ctx, buyer.owner, "acme_tools", lanyard.WhenGoneEnd)
				w.want("ending with who is gone", err, lanyard.CodeConflict)
				list, err := w.List(ctx, buyer.owner)
				w.must(err)
				if list[0].Organization != "" {
					t.Errorf("a publisher who is gone is called %s", list[0].Organization)
				}
				w.offer(publisher, w.version("1.2.0"), buyer)
				w.LookAfterCopies(ctx)
				if e, _ := w.state(buyer); !e.GoneAt.IsZero() {
					t.Error("what is offered again counts as gone")
				}
			})
		})
	}
}

func TestWhoInstalledItLeaves(t *testing.T) {
	for _, with := range []string{"handed over", "deleted"} {
		t.Run(with, func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				ctx := t.Context()
				_, buyer := w.installed("")
				heir := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: buyer.org, Email: "heir@example.com", Name: "The heir", Role: lanyard.RoleOwner}
				w.must(w.store.CreateUser(ctx, heir, lanyard.AuditEntry{}))
				leaver, err := w.store.User(ctx, buyer.org, buyer.owner.User)
				w.must(err)
				removal := store.Removal{HandOverTo: heir.ID}
				if with == "deleted" {
					removal = store.Removal{Delete: true, ExtensionsTo: heir.ID}
				}
				o, err := w.store.RemoveUser(ctx, leaver, removal, func(store.Owned) lanyard.AuditEntry { return lanyard.AuditEntry{} })
				w.must(err)
				e, b := w.state(buyer)
				if e.InstalledBy != heir.ID || len(b.Services) != 1 || b.Services[0].Author != heir.ID || len(b.Connections) != 2 || len(b.Functions) != 2 {
					t.Fatalf("there is %+v with %+v", e, b)
				}
				for _, con := range b.Connections {
					if con.Owner != heir.ID {
						t.Errorf("%s is %s's", con.LinkName, con.Owner)
					}
				}
				if len(o.Erased) != 1 || o.Erased[0].Credential.AccessToken.Reveal() != "token of acme_orders" || w.token(buyer, "acme_github", buyer.member.User) == "" {
					t.Errorf("erased: %+v", o.Erased)
				}
			})
		})
	}
}

func TestTwoAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		publisher, buyer := w.organization("publisher"), w.organization("buyer")
		pkg := w.version("1.2.0")
		w.offer(publisher, pkg)
		const both = 4
		results := make(chan error, both)
		for range both {
			go func() { results <- second(w.Install(t.Context(), buyer.owner, accepting(publisher, pkg))) }()
		}
		installed := 0
		for range both {
			if err := <-results; err == nil {
				installed++
			} else {
				w.want("whoever was slower", err, lanyard.CodeConflict)
			}
		}
		if installed != 1 {
			t.Errorf("%d installed it at the same moment", installed)
		}
		if _, b := w.state(buyer); len(b.Services) != 1 || len(b.Connections) != 2 || len(b.Functions) != 2 {
			t.Errorf("there is %+v", b)
		}
	})
}
