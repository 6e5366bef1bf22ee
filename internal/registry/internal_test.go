package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// world is an organization with an owner and a member, and two replicas over its store that hear of every change.
type world struct {
	*store.Store
	t             *testing.T
	org           lanyard.OrganizationID
	owner, member lanyard.UserID
	here, there   *registry.Registry
	told          told
}

// told are the connections whose providers were to be told of an end.
type told struct {
	mu    sync.Mutex
	names []lanyard.LinkName
}

func (t *told) Erased(_ context.Context, _ *lanyard.Service, erased []store.RevokedAuthorization) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range erased {
		t.names = append(t.names, e.Connection.LinkName)
	}
}

const longLink = "a_service_with_a_link_name_as_long_as_one_may_be_x"

// acme is a default service with OAuth 2; box and long take a key.
var services = fstest.MapFS{
	"tools/acme.yaml": {Data: []byte(`name: Acme
description: A service of this test.
docs_url: https://docs.example.com
ways:
  - register_url: https://acme.example/apps
    register: In Acme, open Settings, Apps.
    definition:
      link_name: acme
      base_url: https://api.acme.example
      hosts: [api.acme.example]
      auth:
        type: oauth2
        grant_type: authorization_code
        authorize_url: https://acme.example/authorize
        access_token_url: https://acme.example/token
        scopes: [{name: Read, value: read}, {name: Write, value: write}, {name: Stay connected, value: offline, always: true}]
`)},
	"tools/box.yaml":              keyed("Box", "box"),
	"tools/" + longLink + ".yaml": keyed("A service with a name as long as a name may be....", longLink),
}

func keyed(name, link string) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, `name: %s
description: A service of this test.
docs_url: https://docs.example.com
ways:
  - definition:
      link_name: %s
      base_url: https://api.box.example
      hosts: [api.box.example]
      auth:
        type: api_key
        parameters: [{name: X-Api-Key, display_name: API key, param_type: header}]
`, name, link)}
}

func eachWorld(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		run(t, newWorld(t, open))
	})
}

func newWorld(t *testing.T, open storetest.Opener) *world {
	t.Helper()
	w := &world{t: t, org: lanyard.NewOrganizationID(), owner: lanyard.NewUserID(), member: lanyard.NewUserID()}
	c, err := catalog.Load(services)
	w.must(err)
	var ready atomic.Bool
	w.Store = open(func(config *store.Config) {
		config.OnChange = func(ch store.Change) {
			if ready.Load() {
				w.here.Changed(ch)
				w.there.Changed(ch)
			}
		}
	})
	config := registry.Config{Store: w.Store, Services: registry.NewDirectory(w.Store, c), Revoker: &w.told}
	w.here, w.there = registry.New(config), registry.New(config)
	ready.Store(true)
	w.must(w.CreateAccount(t.Context(), store.NewAccount{Organization: lanyard.Organization{ID: w.org, Name: "Zylker"},
		Owner: lanyard.User{ID: w.owner, Email: "owner@example.com", Name: "The owner", Role: lanyard.RoleOwner}}, nil))
	w.must(w.CreateUser(t.Context(), lanyard.User{ID: w.member, OrganizationID: w.org, Email: "member@example.com", Name: "The member", Role: lanyard.RoleMember}, lanyard.AuditEntry{Action: lanyard.ActionUserCreate}))
	w.setClient("id", 0)
	return w
}

// setClient sets the organization's client for acme over a version.
func (w *world) setClient(id string, version int64) {
	w.t.Helper()
	_, err := w.SetOAuthClient(w.t.Context(), &lanyard.OAuthClient{Organization: w.org, Service: "acme", ClientID: id, ClientSecret: lanyard.NewSecret("secret"), Version: version}, false, "", lanyard.AuditEntry{Action: lanyard.ActionClientSet})
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// by is a browser session of a user.
func (w *world) by(user lanyard.UserID) *lanyard.Caller {
	return &lanyard.Caller{Organization: w.org, User: user, KeyOwner: user, Role: lanyard.RoleMember, Session: "session"}
}

func (w *world) internal(c *lanyard.Caller, service lanyard.LinkName, scopes ...string) *lanyard.Connection {
	w.t.Helper()
	con, err := w.here.InternalConnection(w.t.Context(), c, service, scopes)
	w.must(err)
	return con
}

// audited are the actions on a connection, oldest first.
func (w *world) audited(con *lanyard.Connection) (lines []string) {
	w.t.Helper()
	entries, _, err := w.Audit(w.t.Context(), w.org, store.AuditFilter{Object: string(con.ID)}, store.Page{})
	w.must(err)
	for _, e := range slices.Backward(entries) {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", e.Actor, e.Action, e.Detail["origin"], e.Detail["scopes"]))
	}
	return lines
}

func TestInternalConnectionIsMadeForTheActingUser(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		con := w.internal(w.by(w.member), "acme", "write", "read", "write")
		if con.LinkName != "internal_acme" || con.Name != "Acme (internal)" || con.Service != "acme" || con.ServiceID != "acme" || con.Origin != lanyard.OriginInternal ||
			con.Owner != w.member || con.UsableBy != lanyard.UsableByOwner || con.UseLoginUserCredentials || !slices.Equal(con.Scopes, []string{"write", "read"}) {
			t.Errorf("made: %+v", con)
		}
		if got := w.audited(con); !slices.Equal(got, []string{string(w.member) + " connection.create internal: write read"}) {
			t.Errorf("audited: %q", got)
		}
		if again := w.internal(w.by(w.member), "acme"); again.ID != con.ID {
			t.Errorf("asked again: %s and %s", con.ID, again.ID)
		}
		if other := w.internal(w.by(w.owner), "acme"); other.ID == con.ID || other.LinkName != "internal_acme_2" {
			t.Errorf("for somebody else: %+v", other)
		}
		long := w.internal(w.by(w.member), longLink)
		if err := lanyard.CheckName(long.Name); err != nil || !strings.HasSuffix(long.Name, " (internal)") {
			t.Errorf("a long name: %q (%v)", long.Name, err)
		}
		// A key that acts for somebody makes it for them, and without the right to manage.
		key := &lanyard.Caller{Organization: w.org, User: w.member, KeyOwner: w.owner, Key: "key", ForUser: true, Rights: lanyard.KeyRights{ActForUsers: true}}
		if box := w.internal(key, "box"); box.Owner != w.member {
			t.Errorf("made with a key: %+v", box)
		}
	})
}

func TestInternalConnectionIsMadeOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var (
			all  sync.WaitGroup
			mu   sync.Mutex
			made = map[lanyard.ConnectionID]lanyard.UserID{}
		)
		for i := range 40 {
			user := []lanyard.UserID{w.owner, w.member}[i%2]
			replica := []*registry.Registry{w.here, w.there}[i/2%2]
			all.Go(func() {
				con, err := replica.InternalConnection(t.Context(), w.by(user), "acme", []string{[]string{"read", "write"}[i/4%2]})
				if err != nil {
					t.Errorf("call %d: %v", i, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				made[con.ID] = user
			})
		}
		all.Wait()
		if len(made) != 2 {
			t.Errorf("two users have the connections %v", made)
		}
		for id, user := range made {
			con, err := w.ConnectionByID(t.Context(), w.org, id)
			w.must(err)
			if con.Owner != user || len(con.Scopes) != 2 {
				t.Errorf("%s has %+v", user, con)
			}
		}
	})
}

// connect stores a credential for the owner of a connection with acme.
func (w *world) connect(con *lanyard.Connection) {
	w.t.Helper()
	a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: con.ID, UserID: con.Owner, Scopes: con.Scopes, ServiceVersion: 1}
	ok, _, err := w.SaveAuthorization(w.t.Context(), a, &lanyard.Credential{AccessToken: lanyard.NewSecret("access")}, lanyard.AuditEntry{Action: lanyard.ActionConnect})
	w.must(err)
	if !ok {
		w.t.Fatal("the authorization was not stored")
	}
}

func TestInternalConnectionGetsMoreScopes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		caller := w.by(w.member)
		standing := func(con *lanyard.Connection) string {
			a, err := w.Authorization(t.Context(), w.org, con.ID, w.member)
			w.must(err)
			return string(a.Status) + " " + a.StatusReason
		}
		con := w.internal(caller, "acme", "read")
		w.connect(con)
		for _, scopes := range [][]string{nil, {"read"}, {"read", "offline"}} { // every connection asks for offline
			if w.internal(caller, "acme", scopes...); standing(con) != "connected " {
				t.Fatalf("scopes %q: %s", scopes, standing(con))
			}
		}
		wide := w.internal(caller, "acme", "write")
		if wide.ID != con.ID || !slices.Equal(wide.Scopes, []string{"read", "offline", "write"}) {
			t.Errorf("with another scope: %+v", wide)
		}
		if got := standing(con); got != "reconnect_required An integration task needs more scopes than were asked for: consent is needed again." {
			t.Errorf("then it is %s", got)
		}
		if !slices.Equal(w.told.names, []lanyard.LinkName{"internal_acme"}) {
			t.Errorf("providers were told of %q", w.told.names)
		}
		// They never shrink: what was asked for once stays, on every replica.
		con, err := w.there.InternalConnection(t.Context(), caller, "acme", []string{"read"})
		w.must(err)
		if len(con.Scopes) != 3 {
			t.Errorf("then a task asks for less: %q", con.Scopes)
		}
		member := string(w.member)
		if got := w.audited(con); !slices.Equal(got, []string{member + " connection.create internal: read", member + " connection.edit internal: offline", member + " connection.edit internal: write"}) {
			t.Errorf("audited: %q", got)
		}
	})
}

// A scope that left the catalogue does not stay in the way of others.
func TestInternalConnectionForgetsScopesThatAreGone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		con := w.internal(w.by(w.member), "acme", "read")
		stale := *con
		stale.Scopes = []string{"gone", "read"}
		_, err := w.UpdateConnection(t.Context(), con.Version, &stale, false, "", lanyard.AuditEntry{Action: lanyard.ActionConnectionEdit})
		w.must(err)
		if got := w.internal(w.by(w.member), "acme", "write"); !slices.Equal(got.Scopes, []string{"read", "write"}) {
			t.Errorf("the scopes are %q", got.Scopes)
		}
	})
}

func TestWhoMayUseAnInternalConnection(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		con := w.internal(w.by(w.member), "acme", "read")
		key := func(rights lanyard.KeyRights) *lanyard.Caller {
			return &lanyard.Caller{Organization: w.org, User: w.member, KeyOwner: w.member, Key: "key", Rights: rights}
		}
		only := func(names ...lanyard.LinkName) lanyard.KeyRights { return lanyard.KeyRights{Connections: names} }
		for name, c := range map[string]struct {
			caller  *lanyard.Caller
			service lanyard.LinkName
			scope   string
			want    lanyard.Code
		}{
			"a key that only invokes":            {key(lanyard.KeyRights{}), "acme", "read", ""},
			"a key limited to it":                {key(only("other", con.LinkName)), "acme", "read", ""},
			"a key limited to others":            {key(only("other")), "acme", "read", lanyard.CodeForbidden},
			"the same, with another scope":       {key(only("other")), "acme", "write", lanyard.CodeForbidden},
			"a key limited to one to be made":    {key(only("internal_box")), "box", "", lanyard.CodeForbidden},
			"a key that could act for users":     {key(lanyard.KeyRights{ActForUsers: true}), "acme", "read", lanyard.CodeLoginUserRequired},
			"a caller without a user":            {&lanyard.Caller{Organization: w.org, Key: "key"}, "acme", "read", lanyard.CodeLoginUserRequired},
			"an end user who connects":           {&lanyard.Caller{Organization: w.org, User: w.member, ConnectSession: "cse"}, "acme", "read", lanyard.CodeForbidden},
			"a service that there is not":        {w.by(w.member), "absent", "", lanyard.CodeNotFound},
			"a name that is none":                {w.by(w.member), "No name", "", lanyard.CodeNotFound},
			"the same user id elsewhere":         {&lanyard.Caller{Organization: "org_other", User: w.member, Session: "s"}, "acme", "read", lanyard.CodeConflict}, // where there is no client
			"a scope that the service lacks":     {w.by(w.member), "acme", "unheard of", lanyard.CodeInvalidRequest},
			"the same, for the first time":       {w.by(w.owner), "acme", "unheard of", lanyard.CodeInvalidRequest},
			"a scope of a service with no scope": {w.by(w.member), "box", "read", lanyard.CodeInvalidRequest},
		} {
			t.Run(name, func(t *testing.T) {
				var scopes []string
				if c.scope != "" {
					scopes = []string{c.scope}
				}
				got, err := w.here.InternalConnection(t.Context(), c.caller, c.service, scopes)
				switch {
				case c.want == "" && (err != nil || got.ID != con.ID):
					t.Errorf("got %+v, %v", got, err)
				case c.want != "" && (lanyard.CodeOf(err) != c.want || got != nil):
					t.Errorf("got %+v, %v, want %s", got, err, c.want)
				}
			})
		}
		left, _, err := w.Connections(t.Context(), w.org, store.ConnectionFilter{View: store.ViewInternal, User: w.owner}, store.Page{})
		w.must(err)
		if len(left) != 0 {
			t.Errorf("what was refused left %+v", left)
		}
	})
}

func TestServicesThatGetNoInternalConnection(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.must(w.CreateService(t.Context(), &lanyard.Service{ID: lanyard.NewServiceID(), OrganizationID: w.org, Author: w.owner, Kind: lanyard.KindCustom, LinkName: "box", Name: "Not the real Box", Version: 1,
			Hosts: []string{"evil.example"}, Auth: lanyard.Auth{Type: lanyard.AuthBasic}}, lanyard.AuditEntry{Action: lanyard.ActionServiceCreate}))
		_, err := w.here.InternalConnection(t.Context(), w.by(w.member), "box", nil)
		if lanyard.CodeOf(err) != lanyard.CodeConflict || !strings.Contains(err.Error(), "box is a custom service") {
			t.Errorf("a custom service that has the name: %v", err)
		}
		w.setClient("", 1)
		_, err = w.here.InternalConnection(t.Context(), w.by(w.member), "acme", nil)
		if lanyard.CodeOf(err) != lanyard.CodeConflict || !strings.Contains(err.Error(), "an owner or admin of the organization registers an application with Acme") || !strings.Contains(err.Error(), "lanyard services client acme") {
			t.Errorf("without a client: %v", err)
		}
	})
}

func TestLinkNamesOfInternalConnectionsAreNobodyElses(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for link, want := range map[lanyard.LinkName]lanyard.Code{
			"internal_acme": lanyard.CodeInvalidRequest, "internal_acme_2": lanyard.CodeInvalidRequest, "internal_box_team": lanyard.CodeInvalidRequest,
			"internal_wiki": "", "internal_": "", "acme_internal": "", "acme": "",
		} {
			_, err := w.here.CreateConnection(t.Context(), w.by(w.member), registry.ConnectionInput{Name: "Mine", LinkName: string(link), Service: "box"})
			var e *lanyard.Error
			if want == "" && err != nil || want != "" && (!errors.As(err, &e) || e.Code != want || e.Fields[0].Pointer != "/link_name") {
				t.Errorf("%s: %v, want %q", link, err, want)
			}
		}
		free, err := w.here.FreeLinkName(t.Context(), w.by(w.member), "Internal Acme", "acme")
		if err != nil || free != "my_internal_acme" {
			t.Errorf("proposed: %s, %v", free, err)
		}
	})
}

// Warm, nothing is asked of the database: it works with none.
func TestWarmInternalConnectionAsksNothing(t *testing.T) {
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		w := newWorld(t, open)
		caller := w.by(w.owner)
		w.internal(caller, "box")
		con := w.internal(caller, "box")
		w.must(w.Close())
		if warm := w.internal(caller, "box"); warm.ID != con.ID {
			t.Errorf("warm: %+v", warm)
		}
		for name, ch := range map[string]store.Change{
			"another one changed": {Kind: store.ChangeConnection, Organization: w.org, LinkName: "mine"},
			"a service changed":   {Kind: store.ChangeService, Organization: w.org, LinkName: "box"},
		} {
			w.here.Changed(ch)
			if warm := w.internal(caller, "box"); warm.ID != con.ID {
				t.Errorf("%s: %+v", name, warm)
			}
		}
		w.here.Changed(store.Change{Kind: store.ChangeConnection, Organization: w.org, LinkName: con.LinkName})
		if got, err := w.here.InternalConnection(t.Context(), caller, "box", nil); err == nil {
			t.Errorf("after a change it was not read again: %+v", got)
		}
	})
}
