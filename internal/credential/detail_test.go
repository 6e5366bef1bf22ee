package credential_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// desk is a store with an owner and a member, and a keeper over it.
type desk struct {
	*credential.Keeper
	t             *testing.T
	owner, member *lanyard.Caller
	service       *lanyard.Service
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s := storetest.Open(t)
	d := &desk{t: t, Keeper: credential.New(credential.Config{Store: s, Services: registry.NewDirectory(s, catalog.Default()), Client: http.DefaultClient, PublicURL: "https://lanyard.example", Logger: slog.New(slog.DiscardHandler)})}
	org := lanyard.NewOrganizationID()
	owner := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org, Email: "owner@example.com", Name: "The owner", Role: lanyard.RoleOwner}
	member := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org, Email: "member@example.com", Name: "The member", Role: lanyard.RoleMember}
	must(t, s.CreateAccount(t.Context(), store.NewAccount{Organization: lanyard.Organization{ID: org, Name: "acme"}, Owner: owner, Audit: audit()}, nil))
	must(t, s.CreateUser(t.Context(), member, audit()))
	d.owner = &lanyard.Caller{Organization: org, User: owner.ID, KeyOwner: owner.ID, Role: owner.Role}
	d.member = &lanyard.Caller{Organization: org, User: member.ID, KeyOwner: member.ID, Role: member.Role}
	d.service = &lanyard.Service{
		OrganizationID: org, Author: member.ID, Kind: lanyard.KindCustom, LinkName: "acme", Name: "Acme", Hosts: []string{"{domain}.acme.example", "files.acme.example:8443"},
		BaseURL: "https://{domain}.acme.example/v2", DynamicParameters: []lanyard.DynamicParameter{{Key: "domain", Name: "Domain"}},
		Auth: lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{
			GrantType: lanyard.AuthorizationCode, ClientID: "client", AuthorizeURL: "https://acme.example/a", AccessTokenURL: "https://acme.example/t",
			ParamType: lanyard.ParamHeader, ScopeDelimiter: " ", Scopes: []lanyard.Scope{{Name: "Read", Value: "read"}, {Name: "Write", Value: "write"}},
		}},
	}
	must(t, s.CreateService(t.Context(), d.service, audit()))
	return d
}

func audit() lanyard.AuditEntry { return lanyard.AuditEntry{Action: "test", Object: "object"} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connection makes a connection of the owner.
func (d *desk) connection(name lanyard.LinkName, change func(*lanyard.Connection)) *lanyard.Connection {
	d.t.Helper()
	c := &lanyard.Connection{OrganizationID: d.owner.Organization, LinkName: name, Name: string(name), Service: d.service.LinkName, ServiceID: d.service.ID,
		Scopes: []string{"read", "write"}, Origin: lanyard.OriginUser, Owner: d.owner.User, UsableBy: lanyard.UsableByOrganization}
	change(c)
	must(d.t, d.Store.CreateConnection(d.t.Context(), c, audit()))
	return c
}

func (d *desk) connect(c *lanyard.Connection, user lanyard.UserID, granted, refreshToken string) {
	d.t.Helper()
	a := &lanyard.Authorization{OrganizationID: c.OrganizationID, ConnectionID: c.ID, UserID: user, Scopes: c.Scopes, GrantedScope: granted, ServiceVersion: d.service.Version,
		ExpiresAt: time.Now().Add(time.Hour), Lifetime: time.Hour}
	cred := &lanyard.Credential{AccessToken: lanyard.NewSecret("access"), RefreshToken: lanyard.NewSecret(refreshToken), Parameters: map[string]string{"domain": "zylker"}}
	ok, _, err := d.Store.SaveAuthorization(d.t.Context(), a, cred, audit())
	must(d.t, err)
	if !ok {
		d.t.Fatal("the authorization was not saved")
	}
}

func (d *desk) detail(c *lanyard.Caller, name string) *credential.Detail {
	d.t.Helper()
	detail, err := d.Detail(d.t.Context(), c, name)
	must(d.t, err)
	return detail
}

func TestDetailOfAConnection(t *testing.T) {
	d := newDesk(t)
	c := d.connection("sales", func(*lanyard.Connection) {})
	standing := func(name, value string, asked, granted bool) credential.ScopeStanding {
		return credential.ScopeStanding{Scope: lanyard.Scope{Name: name, Value: value}, Asked: asked, Granted: granted}
	}

	before := d.detail(d.owner, "sales")
	if before.Authorization != nil || before.Renewable || before.Owner != "The owner" || before.ServiceAuthor != "The member" {
		t.Errorf("before connecting: %+v", before)
	}
	if diff := cmp.Diff([]string{"{domain}.acme.example", "files.acme.example:8443"}, before.Hosts); diff != "" {
		t.Errorf("hosts before connecting (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]credential.ScopeStanding{standing("Read", "read", true, false), standing("Write", "write", true, false)}, before.Scopes); diff != "" {
		t.Errorf("scopes before connecting (-want +got):\n%s", diff)
	}

	d.connect(c, d.owner.User, "read,admin", "refresh")
	after := d.detail(d.owner, "sales")
	if after.Authorization == nil || after.Authorization.Status != lanyard.StatusConnected || !after.Renewable {
		t.Errorf("connected: %+v", after)
	}
	if diff := cmp.Diff([]string{"zylker.acme.example", "files.acme.example:8443"}, after.Hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	want := []credential.ScopeStanding{standing("Read", "read", true, true), standing("Write", "write", true, false), standing("admin", "admin", false, true)}
	if diff := cmp.Diff(want, after.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}

	// A provider that says nothing of scopes granted what was asked; without a refresh token it ends.
	d.connect(c, d.owner.User, "", "")
	silent := d.detail(d.owner, "sales")
	if diff := cmp.Diff([]credential.ScopeStanding{standing("Read", "read", true, true), standing("Write", "write", true, true)}, silent.Scopes); diff != "" || silent.Renewable {
		t.Errorf("a provider that is silent, renewable %t (-want +got):\n%s", silent.Renewable, diff)
	}
}

// Who may not see a connection learns nothing of it, not even that it is there.
func TestDetailIsForThoseWhoSeeTheConnection(t *testing.T) {
	d := newDesk(t)
	d.connection("sales", func(*lanyard.Connection) {})
	shared := d.connection("shared", func(c *lanyard.Connection) { c.UseLoginUserCredentials = true })
	d.connection("own", func(c *lanyard.Connection) { c.UseLoginUserCredentials, c.UsableBy = true, lanyard.UsableByOwner })
	d.connect(shared, d.owner.User, "", "refresh")
	stranger := &lanyard.Caller{Organization: "org_other", User: d.owner.User, KeyOwner: d.owner.User, Role: lanyard.RoleOwner}
	for name, caller := range map[string]*lanyard.Caller{"sales": d.member, "own": d.member, "shared": stranger, "nothing": d.owner, "No Name": d.owner} {
		if _, err := d.Detail(t.Context(), caller, name); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("%s: got %v, want not_found", name, err)
		}
		if _, _, err := d.Authorizations(t.Context(), caller, name, store.Page{}); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("who connected %s: got %v, want not_found", name, err)
		}
	}

	// A member sees their own standing, which reading it does not change, and not who else connected.
	if seen := d.detail(d.member, "shared"); seen.Authorization != nil || seen.Hosts[0] != "{domain}.acme.example" {
		t.Errorf("the member sees %+v", seen)
	}
	if _, _, err := d.Authorizations(t.Context(), d.member, "shared", store.Page{}); lanyard.CodeOf(err) != lanyard.CodeForbidden {
		t.Errorf("a member asks who connected: got %v, want forbidden", err)
	}
	list, _, err := d.Authorizations(t.Context(), d.owner, "shared", store.Page{})
	if err != nil || len(list) != 1 || list[0].Name != "The owner" {
		t.Errorf("the owner reads %+v, %v", list, err)
	}
}

func TestDetailOfAConnectionWhoseServiceWasDeleted(t *testing.T) {
	d := newDesk(t)
	d.connection("sales", func(*lanyard.Connection) {})
	_, err := d.Store.DeleteService(t.Context(), d.owner.Organization, d.service.ID, audit())
	must(t, err)
	if got := d.detail(d.owner, "sales"); got.Service != nil || got.Hosts != nil {
		t.Errorf("got %+v", got)
	}
}

// The services that come with Lanyard are not in the store, and no less there.
func TestDetailOfAConnectionWithADefaultService(t *testing.T) {
	d := newDesk(t)
	d.connection("mine", func(c *lanyard.Connection) { c.Service, c.ServiceID, c.Scopes = "github", "github", nil })
	got := d.detail(d.owner, "mine")
	if got.Service == nil || got.Service.LinkName != "github" || got.ServiceAuthor != "" || len(got.Hosts) == 0 {
		t.Errorf("got %+v", got)
	}
}
