package lanyard_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

func TestValidateConnection(t *testing.T) {
	service := func(change func(s *lanyard.Service)) *lanyard.Service {
		s := parse(t, definitions[lanyard.AuthOAuth2])
		s.Kind, s.Author = lanyard.KindCustom, "usr_author"
		if change != nil {
			change(s)
		}
		return s
	}
	anyHost := func(s *lanyard.Service) { s.Hosts = []string{"api.acme.com", "*"} }
	for _, c := range []struct {
		name    string
		service *lanyard.Service
		change  func(c *lanyard.Connection)
		want    []string
	}{
		{"valid", service(nil), func(c *lanyard.Connection) {}, nil},
		{"scopes", service(nil), func(c *lanyard.Connection) { c.Scopes = []string{"acme.write:all", "read"} }, nil},
		{"names", service(nil), func(c *lanyard.Connection) { c.LinkName, c.Name = "My", " " }, []string{"/link_name", "/name"}},
		{"usable by", service(nil), func(c *lanyard.Connection) { c.UsableBy = "everybody" }, []string{"/usable_by"}},
		{"usable by nobody said", service(nil), func(c *lanyard.Connection) { c.UsableBy = "" }, []string{"/usable_by"}},
		{"unknown scope", service(nil), func(c *lanyard.Connection) { c.Scopes = []string{"read", "admin"} }, []string{"/scopes/1"}},
		{"a scope's name is not its value", service(nil), func(c *lanyard.Connection) { c.Scopes = []string{"Read"} }, []string{"/scopes/0"}},
		{"scope twice", service(nil), func(c *lanyard.Connection) { c.Scopes = []string{"read", "read"} }, []string{"/scopes/1"}},
		{"scope of a service that has none", parse(t, definitions[lanyard.AuthBasic]), func(c *lanyard.Connection) { c.Scopes = []string{"read"} }, []string{"/scopes/0"}},
		{"the switch", service(nil), func(c *lanyard.Connection) { c.UseLoginUserCredentials = true }, nil},
		{"somebody else's custom service", service(nil), func(c *lanyard.Connection) { c.Owner = "usr_other" }, nil},
		{"any host, own service", service(anyHost), func(c *lanyard.Connection) {}, nil},
		{"any host, somebody else's service", service(anyHost), func(c *lanyard.Connection) { c.Owner = "usr_other" }, []string{"/service"}},
		{"any host with the switch", service(anyHost), func(c *lanyard.Connection) { c.UseLoginUserCredentials = true }, []string{"/use_login_user_credentials"}},
		{"any host on a port, with the switch", service(func(s *lanyard.Service) { s.Hosts = []string{"*:8443"} }), func(c *lanyard.Connection) { c.UseLoginUserCredentials = true }, []string{"/use_login_user_credentials"}},
		{"any host of a default service", service(func(s *lanyard.Service) { anyHost(s); s.Kind, s.Author = lanyard.KindDefault, "" }), func(c *lanyard.Connection) {}, nil},
		{"any host of a default service with the switch", service(func(s *lanyard.Service) { anyHost(s); s.Kind = lanyard.KindDefault }), func(c *lanyard.Connection) { c.UseLoginUserCredentials = true }, []string{"/use_login_user_credentials"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := &lanyard.Connection{LinkName: "my_acme", Name: "My Acme", Owner: "usr_author", UsableBy: lanyard.UsableByOrganization}
			c.change(con)
			if diff := cmp.Diff(pointers(con.Validate(c.service)), c.want); diff != "" {
				t.Errorf("pointers (-got +want):\n%s%v", diff, con.Validate(c.service))
			}
		})
	}
}

func TestAuthorizationUser(t *testing.T) {
	con := &lanyard.Connection{LinkName: "x", Owner: "usr_owner"}
	for _, acting := range []lanyard.UserID{"", "usr_other", "usr_owner"} {
		if got, err := con.AuthorizationUser(acting); got != "usr_owner" || err != nil {
			t.Errorf("with the switch off, for %q: %q, %v", acting, got, err)
		}
	}
	con.UseLoginUserCredentials = true
	if got, err := con.AuthorizationUser("usr_other"); got != "usr_other" || err != nil {
		t.Errorf("H07 with the switch on: %q, %v", got, err)
	}
	if got, err := con.AuthorizationUser(""); got != "" || lanyard.CodeOf(err) != lanyard.CodeLoginUserRequired {
		t.Errorf("with the switch on, for nobody: %q, %v", got, err)
	}
}

func TestRefreshMargins(t *testing.T) {
	for _, c := range []struct{ lifetime, refresh, sweep time.Duration }{
		{0, 0, 0},
		{time.Second, 100 * time.Millisecond, 250 * time.Millisecond},
		{time.Minute, 6 * time.Second, 15 * time.Second},
		{5 * time.Minute, 30 * time.Second, 75 * time.Second},
		{time.Hour, 30 * time.Second, 5 * time.Minute},
		{365 * 24 * time.Hour, 30 * time.Second, 5 * time.Minute},
	} {
		if got := lanyard.RefreshMargin(c.lifetime); got != c.refresh {
			t.Errorf("a token of %s is refreshed %s ahead, want %s", c.lifetime, got, c.refresh)
		}
		if got := lanyard.SweepMargin(c.lifetime); got != c.sweep {
			t.Errorf("a token of %s is swept %s ahead, want %s", c.lifetime, got, c.sweep)
		}
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name     string
		a        lanyard.Authorization
		now      time.Time
		want     bool
		expires  time.Time
		lifetime time.Duration
	}{
		{name: "unknown expiry is never due", now: at, want: false},
		{name: "before the margin", expires: at, lifetime: time.Hour, now: at.Add(-30*time.Second - 1), want: false},
		{name: "at the margin", expires: at, lifetime: time.Hour, now: at.Add(-30 * time.Second), want: true},
		{name: "after expiry", expires: at, lifetime: time.Hour, now: at.Add(time.Hour), want: true},
		{name: "unknown lifetime, before expiry", expires: at, now: at.Add(-1), want: false},
		{name: "unknown lifetime, at expiry", expires: at, now: at, want: true},
		{name: "short life", expires: at, lifetime: time.Second, now: at.Add(-101 * time.Millisecond), want: false},
	} {
		c.a.ExpiresAt, c.a.Lifetime = c.expires, c.lifetime
		if got := c.a.Due(c.now); got != c.want {
			t.Errorf("%s: due %v, want %v", c.name, got, c.want)
		}
	}
}
