package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

func TestConnectionLists(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.found.Next = "next+page/="
	for path, want := range map[string]registry.ConnectionFilter{
		"/connections":                 {View: "my"},
		"/connections?list=extensions": {View: "extensions"},
		"/connections/shared":          {View: "shared"},
		"/connections/internal":        {View: "internal"},
		"/connections?q=+a+b&status=revoked&service=svc_1&list=": {View: "my", Query: "a b", Status: "revoked", Service: "svc_1"},
	} {
		t.Run(path, func(t *testing.T) {
			d.get(path).want(t, 200, "Acme CRM", "Reconnect required")
			if diff := cmp.Diff(want, d.filter); diff != "" {
				t.Errorf("the registry was asked for (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the pages of a list keep what narrows it down", func(t *testing.T) {
		a := d.get("/connections?list=extensions&q=a+%26&status=connected&service=svc_1&cursor=here")
		a.want(t, 200, `href="/connections?cursor=next%2Bpage%2F%3D&amp;list=extensions&amp;q=a&#43;%26&amp;service=svc_1&amp;status=connected"`,
			`href="/connections?list=extensions&amp;q=a&#43;%26&amp;service=svc_1&amp;status=connected"`)
		if diff := cmp.Diff(store.Page{Cursor: "here", Limit: connectionsLimit}, d.asked); diff != "" {
			t.Errorf("the page asked for (-want +got):\n%s", diff)
		}
	})
	t.Run("a list that there is not", func(t *testing.T) {
		d.get("/connections?list=other").want(t, 404, "There is no page at this address.")
	})
	t.Run("only what one made can be edited and deleted", func(t *testing.T) {
		edit, revoke, del := `href="/connections/acme_crm/edit"`, `href="/connections/acme_crm/revoke"`, `href="/connections/acme_crm/delete"`
		d.get("/connections").want(t, 200, edit, revoke, del)
		for _, path := range []string{"/connections/shared", "/connections/internal", "/connections?list=extensions"} {
			a := d.get(path)
			a.want(t, 200, revoke)
			a.lacks(t, edit, del)
		}
	})
	t.Run("a cursor that is none", func(t *testing.T) {
		d.err = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid.", Fields: []lanyard.FieldError{{Pointer: "cursor", Detail: "this is not a cursor of this list"}}}
		d.get("/connections?cursor=x").want(t, 400, "The request is not valid", "this is not a cursor of this list")
	})
}

func TestConnectionRow(t *testing.T) {
	type facts struct {
		State   standingWords
		Action  string
		Button  string
		Primary bool
		Actions string
		Expiry  string
	}
	of := func(row connectionRow) facts {
		var names []string
		for _, a := range row.Menu.Items {
			names = append(names, a.Name)
		}
		return facts{row.State, row.Action, row.Button, row.Primary, strings.Join(names, " "), row.Expiry}
	}
	const connect = "/connections/n/connect"
	view := func(status lanyard.Status, service string) registry.ConnectionView {
		return inventedView("N", "n", service, status)
	}
	expiring := view(lanyard.StatusConnected, "S")
	expiring.Authorization.ExpiresAt = inventedNow()
	renewing := view(lanyard.StatusConnected, "S")
	renewing.Authorization.ExpiresAt, renewing.Authorization.RefreshDue = inventedNow(), inventedNow()
	asked := view(lanyard.StatusNotConnected, "S")
	asked.Authorization = &lanyard.Authorization{Status: lanyard.StatusNotConnected}
	reason := view(lanyard.StatusReconnectRequired, "S")
	reason.Authorization.StatusReason = "why\u202e"
	for name, c := range map[string]struct {
		view registry.ConnectionView
		own  bool
		want facts
	}{
		"never connected":    {view(lanyard.StatusNotConnected, "S"), true, facts{standingWords{"Not connected", "quiet", ""}, connect, "Connect", true, "Edit Delete", ""}},
		"asked to connect":   {asked, false, facts{standingWords{"Not connected", "quiet", ""}, connect, "Connect", true, "", ""}},
		"connected":          {view(lanyard.StatusConnected, "S"), true, facts{standingWords{"Connected", "ok", ""}, connect, "Reconnect", false, "Edit Revoke Delete", ""}},
		"shared":             {view(lanyard.StatusConnected, "S"), false, facts{standingWords{"Connected", "ok", ""}, connect, "Reconnect", false, "Revoke", ""}},
		"expiring":           {expiring, false, facts{standingWords{"Connected", "ok", ""}, connect, "Reconnect", false, "Revoke", "Token expires"}},
		"renewing":           {renewing, false, facts{standingWords{"Connected", "ok", ""}, connect, "Reconnect", false, "Revoke", "Renewed by itself"}},
		"reconnect required": {reason, true, facts{standingWords{"Reconnect required", "warn", "why"}, connect, "Reconnect", true, "Edit Revoke Delete", ""}},
		"revoked":            {view(lanyard.StatusRevoked, "S"), true, facts{standingWords{"Revoked", "quiet", ""}, connect, "Reconnect", false, "Edit Delete", ""}},
		"service deleted":    {view(lanyard.StatusNotConnected, ""), true, facts{standingWords{"Not connected", "quiet", "Its service was deleted, so it cannot be connected."}, "", "Connect", true, "Edit Delete", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, of(newConnectionRow(&c.view, c.own))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 10_000: "10,000", 1_234_056: "1,234,056"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestCreateConnection(t *testing.T) {
	typed := url.Values{"service": {"acme"}, "name": {" Acme CRM "}, "link_name": {" acme_crm "}, "scope": {"contacts.read", "offline"}, "login_user": {"on"}, "owner_only": {"on"}, "then": {"connect"}}
	with := func(name, value string) url.Values {
		form := url.Values{}
		for k, v := range typed {
			form[k] = v
		}
		form.Set(name, value)
		return form
	}
	t.Run("and connect", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post("/connections?name=evil", typed).goesTo(t, "/connect/NEW")
		want := registry.ConnectionInput{Name: "Acme CRM", LinkName: "acme_crm", Service: "acme", Scopes: []string{"contacts.read", "offline"}, UseLoginUserCredentials: true, UsableBy: "owner"}
		if diff := cmp.Diff(want, d.created); diff != "" {
			t.Errorf("the registry got (-want +got):\n%s", diff)
		}
		if got, want := d.changes(), "CreateConnection:acme_crm ConnectLink:acme_crm"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("only", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post("/connections", with("then", "create")).goesTo(t, "/connections/acme_crm")
		if got, want := d.changes(), "CreateConnection:acme_crm"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		d.get("/connections").want(t, 200, "Acme CRM was created", "It is not connected yet")
	})
	t.Run("a link name of ours where none was given", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.free = "acme_3"
		d.post("/connections", with("link_name", " ")).goesTo(t, "/connect/NEW")
		if d.created.LinkName != "acme_3" {
			t.Errorf("got %q", d.created.LinkName)
		}
	})
	t.Run("a link name that is taken", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.free = "acme_crm_2"
		d.createErr = &lanyard.Error{Code: lanyard.CodeConflict, Message: "There is one.", Fields: []lanyard.FieldError{{Pointer: "/link_name", Detail: "this link name is taken"}}}
		a := d.post("/connections", typed)
		a.want(t, 409, "Another connection has this link name; acme_crm_2 is free.", `<a href="#link-name">`, `value="acme_crm"`, `value="Acme CRM"`,
			`value="contacts.read" checked`, `value="offline" checked`, `name="login_user" value="on" checked`, `name="owner_only" value="on" checked`, "<title>Error: Create connection")
		a.lacks(t, `value="contacts.write" checked`)
	})
	t.Run("faults without a field are in the summary", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.createErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/scopes/0", Detail: "the service acme has no scope \"<x>\""}}}
		d.post("/connections", typed).want(t, 400, "<li>The service acme has no scope &#34;&lt;x&gt;&#34;.</li>", `value="Acme CRM"`)
	})
	t.Run("a service that there is not", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.service = nil
		d.post("/connections", typed).want(t, 404, "There is no service here.")
		d.get("/connections/new?service=nothing").want(t, 404, "There is no service here.")
	})
	t.Run("the form proposes names", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.free = "acme_2"
		d.get("/connections/new?service=acme").want(t, 200, `name="name" value="Acme"`, `name="link_name" value="acme_2"`, `<input type="hidden" name="service" value="acme">`)
	})
}

func TestPickService(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.services = []registry.ServiceView{{Service: inventedOAuth2(true)}}
	d.get("/connections/new?q=ac").want(t, 200, `href="/connections/new?service=acme"`, "Your consent (OAuth 2)", `value="ac"`)
	d.services = nil
	d.get("/connections/new?q=%3Czzqq%3E").want(t, 200, "No service is called “<bdi>&lt;zzqq&gt;</bdi>”", `href="/services/new"`)
}

func TestEditConnection(t *testing.T) {
	as := func(pairs ...string) url.Values {
		form := url.Values{"name": {"New name"}, "scope": {"contacts.read"}}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return form
	}
	patch := func(name string, login bool, usable string, scopes ...any) map[string]any {
		return map[string]any{"name": name, "scopes": append([]any{}, scopes...), "use_login_user_credentials": login, "usable_by": usable}
	}
	const path = "/connections/acme_crm/edit"
	t.Run("the form shows what is frozen and why", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		a := d.get(path)
		a.want(t, 200, `value="Acme CRM"`, `value="contacts.read" checked`, "it never changes", "stays with its service", `action="/connections/acme_crm/edit"`)
		a.lacks(t, `name="link_name"`, `name="service"`)
	})
	t.Run("what ends nothing is saved at once", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post(path, as("owner_only", "on")).goesTo(t, "/connections/acme_crm")
		if diff := cmp.Diff(patch("New name", false, "owner", "contacts.read"), d.patch); diff != "" {
			t.Errorf("the patch (-want +got):\n%s", diff)
		}
		d.get("/connections").want(t, 200, "New name was saved")
	})
	t.Run("what ends authorizations is asked first", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		ofEverybody(d.detail)
		// The switch is off in the form.
		a := d.post(path, as())
		a.want(t, 200, "Nothing is saved yet", "from then on everybody’s calls run with your account", "so do those of The owner, An admin, A member and 9 more", `value="New name"`, "Save and end them")
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
		ends := strings.Join(whatEnds(d.detail, connectionInput{Scopes: []string{"contacts.read"}}), " ")
		d.detail.Connected.Others++
		d.post(path, as("ends", ends)).want(t, 200, "Nothing is saved yet", "10 more") // more people than were agreed to
		d.detail.Connected.Others--
		d.post(path, as("ends", ends)).goesTo(t, "/connections/acme_crm")
		if diff := cmp.Diff(patch("New name", false, "organization", "contacts.read"), d.patch); diff != "" {
			t.Errorf("the patch (-want +got):\n%s", diff)
		}
		d.get("/connections").want(t, 200, "New name was saved", "Connect it again")
	})
	t.Run("faults keep what was typed", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.editErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/name", Detail: "a name has at most 50 characters"}}}
		d.post(path, as()).want(t, 400, "A name has at most 50 characters.", `value="New name"`, `aria-invalid="true"`, "<title>Error: Edit Acme CRM")
		d.editErr = lanyard.Errorf(lanyard.CodeConflict, "It was changed meanwhile.")
		d.post(path, as()).want(t, 409, "It was changed meanwhile.", `value="New name"`)
		d.editErr = lanyard.Errorf(lanyard.CodeForbidden, "Only the owner may.")
		d.post(path, as()).want(t, 403, "Only the owner may.")
	})
	t.Run("without its service there is nothing to edit", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.detail.Definition = nil
		a := d.get(path)
		a.want(t, 200, "Its service was deleted", `href="/connections/acme_crm/delete"`)
		a.lacks(t, "<form class=\"card\"")
	})
}

func TestWhatEnds(t *testing.T) {
	own := store.Connected{Own: true}
	for name, c := range map[string]struct {
		connected store.Connected
		login     bool // as it is
		in        connectionInput
		want      string
	}{
		"nothing changes":              {own, false, connectionInput{Scopes: []string{"contacts.read"}}, ""},
		"a scope is taken away":        {own, false, connectionInput{}, ""},
		"a scope is added":             {own, false, connectionInput{Scopes: []string{"contacts.read", "offline"}}, "Scopes are added, and only a new consent grants them. Your authorization ends. Calls fail until it is connected again."},
		"nobody is connected":          {store.Connected{}, false, connectionInput{Scopes: []string{"offline"}}, ""},
		"switched on":                  {own, false, connectionInput{LoginUser: true}, ""},
		"switched off for others":      {store.Connected{Others: 2, Names: []string{"A", "B"}}, true, connectionInput{}, "“Use credentials of login user” is switched off: from then on everybody’s calls run with your account. The authorizations of A and B end. Calls fail until it is connected again."},
		"kept for oneself":             {store.Connected{Own: true, Others: 1, Names: []string{"A"}}, true, connectionInput{LoginUser: true, OwnerOnly: true}, "Nobody but you can call through it any more, so the accounts that others connected are let go. Your authorization ends, and so do those of A. Calls fail until it is connected again."},
		"kept for oneself, not shared": {own, false, connectionInput{OwnerOnly: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := inventedDetail(func(d *registry.ConnectionDetail) { d.Connected, d.UseLoginUserCredentials = c.connected, c.login })
			if got := strings.Join(whatEnds(d, c.in), " "); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestRevoke(t *testing.T) {
	const path = "/connections/acme_crm/revoke"
	for name, c := range map[string]struct {
		revocable, confirmed bool
		want                 string
	}{
		"confirmed": {true, true, "The provider confirmed"},
		"not yet":   {true, false, "did not confirm"},
		"not told":  {false, false, "The provider was not told."},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			d.detail.Definition, d.confirmed = inventedOAuth2(c.revocable), c.confirmed
			d.get(path).want(t, 200, "Revoke <bdi>Acme CRM</bdi>?", `<form method="post" action="/connections/acme_crm/revoke">`)
			if d.changes() != "" {
				t.Errorf("looking did %s", d.changes())
			}
			d.post(path, nil).goesTo(t, "/connections/acme_crm")
			if got, want := d.changes(), "Revoke:acme_crm"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			d.get("/connections").want(t, 200, "Acme CRM was revoked", c.want)
		})
	}
	t.Run("nothing to revoke", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.detail.Authorization = nil
		d.get(path).goesTo(t, "/connections/acme_crm")
		d.post(path, nil).goesTo(t, "/connections/acme_crm")
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
}

func TestDelete(t *testing.T) {
	const path = "/connections/acme_crm/delete"
	d := newDoor(t, "").invented().signIn()
	ofEverybody(d.detail)
	d.get(path).want(t, 200, "Delete <bdi>Acme CRM</bdi>?", "Your authorization ends, and so do those of The owner, An admin, A member and 9 more.", "acme_crm fail")
	d.post(path, nil).goesTo(t, "/connections")
	if got, want := d.changes(), "DeleteConnection:acme_crm"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.get("/connections").want(t, 200, "Acme CRM was deleted")
	d.detail = nil
	d.get(path).want(t, 404, "There is no connection")
	d.post(path, nil).want(t, 404, "There is no connection")
}
