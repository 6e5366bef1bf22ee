package servertest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
	"lanyard/internal/servertest"
)

// extensionFiles is a small extension that can be installed anywhere under its name: a service, a connection with it, and a
// script that says hello. Hosts are those of the service, the first one with its API; example.com when there are none.
func extensionFiles(name, version string, hosts ...string) map[string]string {
	base := "https://api.example.com"
	if len(hosts) == 0 {
		hosts = []string{"api.example.com"}
	} else {
		base = "http://" + hosts[0]
	}
	return map[string]string{
		"extension.yaml": fmt.Sprintf(`name: %s
title: Orders of %[1]s
version: %s
publisher: Acme
description: Reads orders.
services: [services/%[1]s_api.yaml]
connections:
  - {link_name: %[1]s_orders, name: Orders, service: %[1]s_api, use_login_user_credentials: true}
scripts:
  - {link_name: %[1]s_hello, name: Hello, file: scripts/hello.dg}
`, name, version),
		"services/" + name + "_api.yaml": fmt.Sprintf(`name: Acme API
description: Orders and invoices.
docs_url: https://example.com/docs
ways:
  - definition:
      link_name: %s_api
      base_url: %s
      hosts: ["%s"]
      auth:
        type: api_key
        parameters:
          - {name: X-Api-Key, display_name: API key, param_type: header}
`, name, base, strings.Join(hosts, `", "`)),
		"scripts/hello.dg": fmt.Sprintf(`map hello(string who) {
	answer = invokeurl [url: "/hello/" + who type: GET connection: "%s_orders"];
	return answer;
}
`, name),
	}
}

// packExtension reads and packs an extension.
func packExtension(t testing.TB, files map[string]string) *extension.Package {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := extension.Read(folder, catalog.Default())
	if err != nil {
		t.Fatalf("read the extension: %v", err)
	}
	return p
}

// publishExtension offers an extension to everybody, to nobody, or to one organization.
func publishExtension(t testing.TB, l *servertest.Lanyard, to string, files map[string]string) *extension.Package {
	t.Helper()
	p := packExtension(t, files)
	body := object("package", base64.StdEncoding.EncodeToString(p.Packed), "audience", "organizations")
	switch to {
	case "everybody":
		body["audience"] = to
	case "nobody":
	default:
		body["organizations"] = []string{to}
	}
	l.Must(t, 201, "POST /v1/publications", body)
	return p
}

// installExtension accepts what an organization offers.
func installExtension(t testing.TB, l *servertest.Lanyard, publisher lanyard.OrganizationID, name string) *servertest.Answer {
	t.Helper()
	offer := object("publisher", string(publisher), "name", name)
	offer["digest"] = l.Must(t, 200, "POST /v1/extensions/review", offer).Field(t, "digest")
	return l.Must(t, 201, "POST /v1/extensions", offer)
}

// TestExtensionFromPublishingToUninstalling is what two organizations do, by the client of the API: one publishes, the other
// reviews, installs, connects, runs, is offered a version with another host, keeps the old one until that is accepted,
// connects anew, and uninstalls.
func TestExtensionFromPublishingToUninstalling(t *testing.T) {
	var elsewhere atomic.Int64 // calls that reach the new host
	api := func(count *atomic.Int64) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if count != nil {
				count.Add(1)
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"path":%q,"known":%t}`, r.URL.Path, r.Header.Get("X-Api-Key") == "marked-key")
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	old, moved := api(nil), api(&elsewhere)

	l := tenancyPrepare(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	publisher := l.Organization(t, "acme")
	stranger := l.Organization(t, "dritte")
	l.Serve(t)
	as := func(key string) *client.Client {
		c, err := client.New(l.URL, key)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ctx := t.Context()
	installer, member, author, other := as(l.Key), as(memberKey), as(publisher.Key), as(stranger.Key)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	refused := func(what string, err error, code lanyard.Code) {
		t.Helper()
		if lanyard.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	from := client.ExtensionSource{Publisher: string(publisher.OrganizationID), Name: "shop"}

	// Offered to one organization; another learns nothing.
	first := packExtension(t, extensionFiles("shop", "1.0.0", old))
	_, err := author.PublishExtension(ctx, first.Packed, client.Audience{Audience: client.AudienceOrganizations, Organizations: []string{string(l.OrganizationID)}})
	must("publish", err)
	offers, _, err := installer.ExtensionOffers().Page(ctx, "", 0)
	must("offers", err)
	if len(offers) != 1 || offers[0].Publisher.Name != "acme" || offers[0].Version != "1.0.0" || offers[0].Installed != "" {
		t.Errorf("the offers are %+v", offers)
	}
	if offers, _, err := other.ExtensionOffers().Page(ctx, "", 0); err != nil || len(offers) != 0 {
		t.Errorf("another organization is offered %+v, %v", offers, err)
	}
	_, err = other.ReviewExtension(ctx, from)
	refused("another organization's review", err, lanyard.CodeNotFound)

	// Reviewed, and installed by who may, as it was reviewed.
	review, err := installer.ReviewExtension(ctx, from)
	must("review", err)
	if len(review.Obstacles) > 0 || review.Digest != first.Digest || review.Installed != nil || len(review.Contents.Services) != 1 || !slices.Equal(review.Contents.Services[0].Hosts, []string{old}) ||
		len(review.Contents.Connections) != 1 || len(review.Contents.Scripts) != 1 || !strings.Contains(review.Contents.Scripts[0].Script, "invokeurl") {
		t.Errorf("the review is %s", review.JSON())
	}
	_, err = member.InstallExtension(ctx, from, review.Digest, "")
	refused("a member installs", err, lanyard.CodeForbidden)
	_, err = installer.InstallExtension(ctx, from, strings.Repeat("0", 64), "")
	refused("another package", err, lanyard.CodeConflict)
	x, err := installer.InstallExtension(ctx, from, review.Digest, lanyard.WhenGoneKeep)
	must("install", err)
	if x.Version != "1.0.0" || x.Publisher == nil || x.Publisher.Name != "acme" || !slices.Equal(x.Waiting, []string{"shop_orders"}) || x.Ends == nil {
		t.Errorf("installed %s", x.JSON())
	}
	_, err = installer.InstallExtension(ctx, from, review.Digest, "")
	refused("once more", err, lanyard.CodeConflict)

	// Each member finds its connection among those of extensions, and connects it for themselves.
	connect := func() {
		t.Helper()
		found, _, err := member.Connections(client.ViewExtensions).Page(ctx, "", 0)
		must("list the connections of extensions", err)
		if len(found) != 1 || found[0].LinkName != "shop_orders" {
			t.Fatalf("the member finds %+v", found)
		}
		_, err = member.Connect(ctx, "shop_orders", client.ConnectInput{Credentials: map[string]string{"X-Api-Key": "marked-key"}})
		must("connect", err)
	}
	connect()
	_, err = member.EditConnection(ctx, "shop_orders", map[string]string{"name": "Mine"})
	if err == nil {
		t.Error("a connection of an extension was edited")
	}
	if err := installer.DeleteConnection(ctx, "shop_orders"); err == nil {
		t.Error("a connection of an extension was deleted")
	}
	run := func(want string) {
		t.Helper()
		o, err := member.RunFunction(ctx, "shop_hello", map[string]any{"who": "world"})
		must("run", err)
		if o.Error != nil || string(o.Result) != want {
			t.Fatalf("the script came to %s", o.JSON())
		}
	}
	const hello = `{"path":"/hello/world","known":true}`
	run(hello)

	// Another version, with another host: until it is accepted everything is as it was.
	second := packExtension(t, extensionFiles("shop", "1.1.0", moved))
	_, err = author.PublishExtension(ctx, second.Packed, client.Audience{Audience: client.AudienceEverybody})
	must("publish a version", err)
	_, err = author.PublishExtension(ctx, first.Packed, client.Audience{Audience: client.AudienceEverybody})
	refused("publish the version before", err, lanyard.CodeConflict)
	run(hello)
	x, err = installer.Extension(ctx, "shop")
	must("read", err)
	if x.Version != "1.0.0" || x.Newer == nil || x.Newer.Version != "1.1.0" {
		t.Errorf("installed %s", x.JSON())
	}
	_, err = installer.UpdateExtension(ctx, "shop", from, first.Digest)
	refused("accept what is not offered any more", err, lanyard.CodeConflict)
	_, err = member.UpdateExtension(ctx, "shop", from, second.Digest)
	refused("a member accepts", err, lanyard.CodeForbidden)
	review, err = installer.ReviewExtension(ctx, from)
	must("review the version", err)
	if !slices.ContainsFunc(review.Changes, func(c client.ExtensionChange) bool { return c.Reach && strings.Contains(c.Words, moved) }) || review.Ends.Authorizations != 1 {
		t.Errorf("the difference is %s", review.JSON())
	}
	if n := elsewhere.Load(); n != 0 {
		t.Fatalf("%d calls reached the new host before it was accepted", n)
	}

	// Accepted: the credential does not come along.
	x, err = installer.UpdateExtension(ctx, "shop", from, review.Digest)
	must("update", err)
	if x.Version != "1.1.0" || x.Newer != nil || x.Ended == nil || x.Ended.Authorizations != 1 {
		t.Errorf("updated to %s", x.JSON())
	}
	o, err := member.RunFunction(ctx, "shop_hello", map[string]any{"who": "world"})
	must("run before connecting anew", err)
	if o.Error == nil || elsewhere.Load() != 0 {
		t.Errorf("before it is connected anew the script comes to %s, and %d calls reached the new host", o.JSON(), elsewhere.Load())
	}
	connect()
	run(hello)
	if elsewhere.Load() == 0 {
		t.Error("the new host was not called")
	}

	// Withdrawn, it goes on working here, as was chosen.
	must("withdraw", author.WithdrawExtension(ctx, "shop"))
	await(t, "the publisher is known to be gone", func() bool {
		x, err := installer.Extension(ctx, "shop")
		return err == nil && !x.GoneAt.IsZero() && x.Newer == nil
	})
	run(hello)

	// Uninstalled, after it said what ends.
	x, err = installer.Extension(ctx, "shop")
	must("read before uninstalling", err)
	if x.Ends == nil || x.Ends.Authorizations != 1 || !slices.Equal(x.Ends.Functions, []string{"shop_hello"}) || !slices.Equal(x.Ends.Services, []string{"shop_api"}) {
		t.Errorf("uninstalling would end %s", x.JSON())
	}
	_, err = member.UninstallExtension(ctx, "shop")
	refused("a member uninstalls", err, lanyard.CodeForbidden)
	ended, err := installer.UninstallExtension(ctx, "shop")
	must("uninstall", err)
	if ended.Authorizations != 1 {
		t.Errorf("it ended %s", ended.JSON())
	}
	_, err = member.Connection(ctx, "shop_orders")
	refused("its connection", err, lanyard.CodeNotFound)
	_, err = member.Function(ctx, "shop_hello")
	refused("its function", err, lanyard.CodeNotFound)
	_, err = member.Service(ctx, "shop_api")
	refused("its service", err, lanyard.CodeNotFound)
}

// TestClientOfAnExtensionsService: an extension brings no OAuth client; an owner of the installing organization sets it, as
// for a default service.
func TestClientOfAnExtensionsService(t *testing.T) {
	l := servertest.Start(t)
	files := extensionFiles("shop", "1.0.0")
	files["services/shop_api.yaml"] = `name: Acme API
description: Orders and invoices.
docs_url: https://example.com/docs
ways:
  - definition:
      link_name: shop_api
      base_url: https://api.example.com
      hosts: [api.example.com]
      auth:
        type: oauth2
        grant_type: authorization_code
        authorize_url: https://api.example.com/authorize
        access_token_url: https://api.example.com/token
`
	publishExtension(t, l, "nobody", files)
	x := installExtension(t, l, l.OrganizationID, "shop")
	if x.Field(t, "contents.services").([]any)[0].(map[string]any)["needs_client"] != true {
		t.Errorf("nobody is told that a client is needed: %s", x.Body)
	}
	s := l.Must(t, 200, "GET /v1/services/shop_api", nil)
	if s.Field(t, "client_set") != false || s.Field(t, "extension") != "shop" {
		t.Errorf("the service is %s", s.Body)
	}
	if a := l.API(t, "POST /v1/connections/shop_orders/connect", object()); a.Status != 409 || a.Code() != "conflict" {
		t.Errorf("connecting without a client: %d %s", a.Status, a.Body)
	}
	if a := l.API(t, "PATCH /v1/services/shop_api", object("name", "Mine")); a.Status < 400 {
		t.Errorf("the service of an extension was edited: %s", a.Body)
	}
	s = l.Must(t, 200, "PUT /v1/services/shop_api/client", object("client_id", "id", "client_secret", "marked-secret"))
	if s.Field(t, "client_set") != true || strings.Contains(string(s.Body), "marked-secret") {
		t.Errorf("with a client the service is %s", s.Body)
	}
	l.Must(t, 200, "POST /v1/connections/shop_orders/connect", object())
	for call, want := range map[string]string{"GET /v1/connections/shop_orders": "shop", "GET /v1/functions/shop_hello": "shop"} {
		if a := l.Must(t, 200, call, nil); a.Field(t, "extension") != want {
			t.Errorf("%s says %s", call, a.Body)
		}
	}
}
