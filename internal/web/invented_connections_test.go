package web

import (
	"fmt"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// inventedView is a connection of a list, in a status.
func inventedView(name, link, service string, status lanyard.Status, change ...func(*registry.ConnectionView)) registry.ConnectionView {
	v := registry.ConnectionView{ServiceName: service, Connection: lanyard.Connection{Name: name, LinkName: lanyard.LinkName(link), Owner: visiting().user.ID,
		Service: lanyard.ProposeLinkName(service), ServiceID: lanyard.ServiceID("svc_" + service), UsableBy: lanyard.UsableByOrganization, Origin: lanyard.OriginUser, Version: 1}}
	if status != lanyard.StatusNotConnected {
		v.Authorization = &lanyard.Authorization{ID: "azn_x", Status: status, LastUsedAt: inventedNow().Add(-3 * time.Minute)}
	}
	for _, f := range change {
		f(&v)
	}
	return v
}

func because(reason string) func(*registry.ConnectionView) {
	return func(v *registry.ConnectionView) { v.Authorization.StatusReason = reason }
}

// inventedList has a connection in every status, with names of every kind.
func inventedList() *registry.ConnectionList {
	l := &registry.ConnectionList{Total: 8, Attention: 2, Connections: []registry.ConnectionView{
		inventedView("Acme CRM", "acme_crm", "Acme", lanyard.StatusConnected, func(v *registry.ConnectionView) {
			v.Authorization.ExpiresAt, v.Authorization.RefreshDue = inventedNow().Add(41*time.Minute), inventedNow().Add(36*time.Minute)
		}),
		inventedView("Billing", "billing", "Ledgerly", lanyard.StatusConnected, func(v *registry.ConnectionView) {
			v.Authorization.ExpiresAt, v.Authorization.LastUsedAt = inventedNow().Add(26*time.Hour), inventedNow().Add(-70*24*time.Hour)
		}),
		inventedView("Invoices", "invoices", "Ledgerly", lanyard.StatusReconnectRequired, because("The provider refused the refresh token: invalid_grant. The grant was revoked or has expired.")),
		inventedView("Reports bucket", "reports_s3", "Umbra Storage", lanyard.StatusNotConnected),
		inventedView("Support desk", "support_desk", "Helpline", lanyard.StatusRevoked, because("It was revoked.")),
		inventedView("إدارة العملاء", "customers_ar", "خدمة التقارير", lanyard.StatusConnected, func(v *registry.ConnectionView) { v.Authorization.LastUsedAt = time.Time{} }),
		inventedView("Old intranet", "old_intranet", "", lanyard.StatusRevoked, because("The service was deleted.")),
		inventedView(longName, strings.Repeat("a_very_long_link_name_", 2)+"of_fifty", strings.Repeat("Langzeitarchivierungs", 2)+"dienst", lanyard.StatusReconnectRequired,
			because("The service was edited, and the new definition could send the credential to hosts that it was not given for, so the stored credential was erased.")),
	}}
	for _, name := range []string{"Acme", "Helpline", "Ledgerly", "Umbra Storage"} {
		l.Services = append(l.Services, store.ServiceOf{ID: lanyard.ServiceID("svc_" + name), LinkName: lanyard.ProposeLinkName(name), Name: name})
	}
	l.Services = append(l.Services, store.ServiceOf{ID: "svc_gone", LinkName: "intranet"})
	return l
}

func connectionsStates() []state {
	all := inventedList()
	many := &registry.ConnectionList{Total: 10_001, Attention: 1, Services: all.Services, Next: "cdef"}
	for i := range 12 {
		many.Connections = append(many.Connections, inventedView(fmt.Sprintf("Branch office %d", i), fmt.Sprintf("branch_office_%d", i), "Acme", lanyard.StatusConnected))
	}
	one := &registry.ConnectionList{Total: 1, Connections: all.Connections[:1], Services: all.Services[:1]}
	none := &registry.ConnectionList{}
	filter := registry.ConnectionFilter{Query: "zz", Status: "revoked", Service: "svc_Acme"}
	shared := &registry.ConnectionList{Total: 2, Services: all.Services[:2], Connections: []registry.ConnectionView{
		inventedView("Files of each person", "each_files", "Umbra Storage", lanyard.StatusNotConnected), inventedView("Calendar", "calendar", "Acme", lanyard.StatusConnected)}}
	made := func(v *registry.ConnectionView) { v.Origin, v.UsableBy = lanyard.OriginInternal, lanyard.UsableByOwner }
	internal := &registry.ConnectionList{Total: 3, Attention: 1, Services: all.Services[:3], Connections: []registry.ConnectionView{
		inventedView("Acme (internal)", "internal_acme", "Acme", lanyard.StatusConnected, made), inventedView("Helpline (internal)", "internal_helpline_2", "Helpline", lanyard.StatusNotConnected, made),
		inventedView("Ledgerly (internal)", "internal_ledgerly", "Ledgerly", lanyard.StatusReconnectRequired, made, because("An integration task needs more scopes than were asked for: consent is needed again."))}}
	told := newConnectionsPage(visiting(), myConnections, registry.ConnectionFilter{}, "", one)
	told.Notice = newNotice("ok", "Support desk was deleted", "")
	page := func(list connectionsList, f registry.ConnectionFilter, cursor string, found *registry.ConnectionList) connectionsPage {
		return newConnectionsPage(visiting(), list, f, cursor, found)
	}
	return []state{
		{"connections", 200, page(myConnections, registry.ConnectionFilter{}, "", all)},
		{"connections-many", 200, page(myConnections, registry.ConnectionFilter{}, "bcde", many)},
		{"connections-one", 200, page(myConnections, registry.ConnectionFilter{}, "", one)},
		{"connections-empty", 200, page(myConnections, registry.ConnectionFilter{}, "", none)},
		{"connections-nothing-matches", 200, page(myConnections, filter, "", &registry.ConnectionList{Total: 8, Services: all.Services})},
		{"connections-past-the-end", 200, page(myConnections, registry.ConnectionFilter{Query: "a"}, "zzzz", &registry.ConnectionList{Total: 8})},
		{"connections-told", 200, told},
		{"connections-extensions", 200, page(extensionConnections, registry.ConnectionFilter{}, "", none)},
		{"connections-shared", 200, page(sharedConnections, registry.ConnectionFilter{}, "", shared)},
		{"connections-shared-empty", 200, page(sharedConnections, registry.ConnectionFilter{}, "", none)},
		{"connections-internal", 200, page(internalConnections, registry.ConnectionFilter{}, "", internal)},
		{"connections-internal-empty", 200, page(internalConnections, registry.ConnectionFilter{}, "", none)},
	}
}

// inventedOAuth2 is a service with scopes; revocable when the provider hears of a revocation.
func inventedOAuth2(revocable bool) *lanyard.Service {
	a := &lanyard.OAuth2Auth{GrantType: lanyard.AuthorizationCode, Scopes: []lanyard.Scope{{Name: "Read contacts", Value: "contacts.read"}, {Name: "Write contacts", Value: "contacts.write"}, {Name: "offline", Value: "offline"}, {Name: "Stay connected", Value: "offline_access", Always: true}}}
	if revocable {
		a.RevokeTokenURL = "https://accounts.acme.example/revoke"
	}
	return inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: a})
}

// inventedDetail is a connection that is connected by its owner.
func inventedDetail(change ...func(*registry.ConnectionDetail)) *registry.ConnectionDetail {
	d := &registry.ConnectionDetail{ConnectionView: inventedView("Acme CRM", "acme_crm", "Acme", lanyard.StatusConnected), Definition: inventedOAuth2(true), OwnerName: "Your name",
		Connected: store.Connected{Own: true}}
	d.Scopes = []string{"contacts.read"}
	for _, f := range change {
		f(d)
	}
	return d
}

func ofEverybody(d *registry.ConnectionDetail) {
	d.UseLoginUserCredentials = true
	d.Connected.Others, d.Connected.Names = 12, []string{"The owner", "An admin", "A member"}
}

func connectionFormStates() []state {
	services := []registry.ServiceView{{Service: inventedOAuth2(true)}, {Service: inventedService("Ledgerly", "ledgerly", lanyard.Auth{Type: lanyard.AuthAPIKey})},
		{Service: inventedService("خدمة التقارير", "reports_ar", lanyard.Auth{Type: lanyard.AuthBasic})},
		{Service: inventedService(longName, "long", lanyard.Auth{Type: lanyard.AuthAWSSigV4})}, {Service: inventedService("Tumbler", "tumbler", lanyard.Auth{Type: lanyard.AuthOAuth1})}}
	taken := problem.Of(&lanyard.Error{Code: lanyard.CodeConflict, Fields: []lanyard.FieldError{{Pointer: "/link_name", Detail: "another connection has this link name; acme_2 is free"}}}, "")
	faults := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/name", Detail: "a name is required"},
		{Pointer: "/link_name", Detail: "a link name begins with a lower-case letter"}, {Pointer: "/use_login_user_credentials", Detail: "the service acme lets its credential go to any host, so each user's own credentials cannot be used with it"},
		{Pointer: "/service", Detail: "the service acme lets its credential go to any host, so only its author can make connections with it"}}}, "")
	each := inventedDetail(ofEverybody)
	off := asIs(each)
	off.LoginUser = false
	more := asIs(inventedDetail())
	more.Scopes = []string{"contacts.read", "contacts.write"}
	gone := inventedDetail(func(d *registry.ConnectionDetail) { d.Definition, d.ServiceName = nil, "" })
	key := inventedDetail(func(d *registry.ConnectionDetail) {
		d.Definition = inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthAPIKey})
		d.UsableBy = lanyard.UsableByOwner
	})
	untold := inventedDetail(func(d *registry.ConnectionDetail) { d.Definition = inventedOAuth2(false) })
	idle := inventedDetail(func(d *registry.ConnectionDetail) { d.Authorization, d.Connected = nil, store.Connected{} })
	v := visiting()
	return []state{
		{"pick-service", 200, newPickServicePage(v, "", newCustomGroup(services, "next"), newDefaultGroup(inventedCards(registry.CardFilter{Limit: 6})))},
		{"pick-service-empty", 200, newPickServicePage(v, "")},
		{"pick-service-nothing-found", 200, newPickServicePage(v, "zzz")},
		{"connection-create", 200, newCreateConnectionPage(v, inventedOAuth2(true), connectionInput{Name: "Acme", LinkName: "acme"}, nil)},
		{"connection-create-no-scopes", 200, newCreateConnectionPage(v, services[1].Service, connectionInput{Name: "Ledgerly", LinkName: "ledgerly"}, nil)},
		{"connection-create-taken", 409, newCreateConnectionPage(v, inventedOAuth2(true), connectionInput{Name: "Acme", LinkName: "acme", Scopes: []string{"offline"}, LoginUser: true}, taken)},
		{"connection-create-faults", 400, newCreateConnectionPage(v, inventedOAuth2(true), connectionInput{LinkName: "Acme", OwnerOnly: true}, faults)},
		{"connection-edit", 200, newEditConnectionPage(v, inventedDetail(), asIs(inventedDetail()), nil, nil)},
		{"connection-edit-adds-scopes", 200, newEditConnectionPage(v, inventedDetail(), more, whatEnds(inventedDetail(), more), nil)},
		{"connection-edit-switches-off", 200, newEditConnectionPage(v, each, off, whatEnds(each, off), nil)},
		{"connection-edit-gone", 200, newEditConnectionPage(v, gone, asIs(gone), nil, nil)},
		{"connection-revoke", 200, newRevokePage(v, inventedDetail())},
		{"connection-revoke-own-account", 200, newRevokePage(v, each)},
		{"connection-revoke-key", 200, newRevokePage(v, key)},
		{"connection-revoke-not-told", 200, newRevokePage(v, untold)},
		{"connection-revoke-gone", 200, newRevokePage(v, gone)},
		{"connection-delete", 200, newDeletePage(v, each, []lanyard.Function{*inventedFunction()})},
		{"connection-delete-not-connected", 200, newDeletePage(v, idle, nil)},
	}
}
