package servertest_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
	"lanyard/internal/servertest"
)

// packedOrders is a version of an extension with one service, one connection of each person's own, and one script that
// calls a host.
func packedOrders(t *testing.T, version, base string, hosts ...string) []byte {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"extension.yaml": "name: orders\ntitle: Orders\nversion: " + version + "\npublisher: Acme Inc.\ndescription: Reads orders.\nservices: [services/acme_api.yaml]\n" +
			"connections:\n  - {link_name: acme_orders, name: Acme orders, service: acme_api, use_login_user_credentials: true}\n" +
			"scripts:\n  - {link_name: read_orders, name: Read orders, file: scripts/read.dg}\n",
		"services/acme_api.yaml": "name: Acme API\ndescription: Orders of Acme.\ndocs_url: https://docs.acme.example/\nevidence: {checked: 2026-11-26, sources: [vendor]}\nways:\n  - definition:\n      link_name: acme_api\n      base_url: " + base +
			"\n      hosts: [" + strings.Join(hosts, ", ") + "]\n      auth:\n        type: api_key\n        parameters:\n          - {name: X-Api-Key, display_name: Key, param_type: header}\n",
		"scripts/read.dg": "string read_orders(string at)\n{\n\tanswer = invokeurl\n\t[\n\t\turl: at\n\t\ttype: GET\n\t\tconnection: \"acme_orders\"\n\t];\n\treturn answer.toString();\n}\n",
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := extension.Read(files, catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return p.Packed
}

// upload posts a form with a file, as a browser does.
func upload(t *testing.T, l *servertest.Lanyard, browser *http.Client, path string, packed []byte, fields url.Values) *servertest.Answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range fields {
		for _, value := range values {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile("package", "orders.lanyard")
	if err == nil {
		_, err = part.Write(packed)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return &servertest.Answer{Status: res.StatusCode, Header: res.Header, Body: got.Bytes()}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)">`)

// hiddenFields are what a form carries along.
func hiddenFields(page string) url.Values {
	fields := url.Values{}
	for _, found := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields.Set(found[1], found[2])
	}
	return fields
}

// TestExtensionOverThePages: one organization publishes, another reads, installs, authenticates and runs; a version with
// another host changes nothing before it is accepted; a member decides nothing; uninstalling ends it. All by plain forms.
func TestExtensionOverThePages(t *testing.T) {
	l := tenancyPrepare(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	publisher := l.Organization(t, "Acme GmbH")
	l.Serve(t)
	up, elsewhere := newTenancyUpstream(t), newTenancyUpstream(t)
	sells, owner := publisher.Browser(t), l.Browser(t)
	member := servertest.SignIn(t, l.As(t, memberKey, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	see := func(browser *http.Client, path string, status int, texts ...string) string {
		t.Helper()
		a := servertest.Get(t, browser, l.URL+path)
		if a.Status != status {
			t.Fatalf("%s: %d %s", path, a.Status, mainOf(a))
		}
		for _, text := range texts {
			if !strings.Contains(mainOf(a), text) {
				t.Errorf("%s does not say %q: %s", path, text, mainOf(a))
			}
		}
		return mainOf(a)
	}
	send := func(browser *http.Client, path string, form url.Values, status int) *servertest.Answer {
		t.Helper()
		a := servertest.Post(t, browser, l.URL+path, form)
		if a.Status != status {
			t.Fatalf("%s: %d, want %d: %s", path, a.Status, status, mainOf(a))
		}
		return a
	}
	first := packedOrders(t, "1.0.0", up.URL, hostOf(t, up.URL))
	if a := upload(t, l, sells, "/publications", first, url.Values{"whom": {"nobody"}}); a.Status != 303 {
		t.Fatalf("publish: %d %s", a.Status, mainOf(a))
	}
	if list := see(owner, "/extension-offers", 200); strings.Contains(list, "Orders") || strings.Contains(list, "Acme GmbH") {
		t.Errorf("what is offered to nobody is seen: %s", list)
	}
	offer := "/extension-offers/" + string(publisher.OrganizationID) + "/orders"
	see(owner, offer, 404)
	send(sells, "/publications/orders", url.Values{"whom": {"organizations"}, "organizations": {string(l.OrganizationID)}}, 303)
	see(owner, "/extension-offers", 200, "Orders", "Acme GmbH")

	// A member reads it, and may not install it.
	if page := see(member, offer, 200, "Who can install it", hostOf(t, up.URL)); strings.Contains(page, `id="accept"`) {
		t.Error("a member is offered to install it")
	}
	review := see(owner, offer, 200, "Acme GmbH", "Acme Inc.", "nobody has checked it", hostOf(t, up.URL), "Each person’s own account", "Read orders")
	accept := hiddenFields(review)
	accept.Set("when_gone", "keep")
	send(member, "/extensions", accept, 403)
	see(owner, "/extensions/orders", 404)
	send(owner, "/extensions", accept, 303)
	see(owner, "/extensions/orders", 200, "Waits for you to connect 1 account", "Not connected", "Uninstall")
	see(member, "/extensions", 200, "Waits for you to connect 1 account")
	see(member, "/connections?list=extensions", 200, "Acme orders")
	if page := see(owner, "/connections/acme_orders", 200, `href="/extensions/orders"`); strings.Contains(page, "/connections/acme_orders/edit") {
		t.Error("a connection of an extension is offered for editing")
	}
	see(owner, "/scripts", 200, "Extension orders")
	see(owner, "/services/acme_api", 200, "came with the extension")

	// Each connects an account of their own, and the script runs with it.
	connect := func(browser *http.Client, key string) {
		t.Helper()
		to := send(browser, "/connections/acme_orders/connect", nil, 303).Header.Get("Location")
		send(browser, to, url.Values{"credential.X-Api-Key": {key}}, 303)
	}
	runs := func(at string) bool {
		t.Helper()
		a := l.Must(t, 200, "POST /v1/functions/read_orders/run", object("arguments", object("at", at)), "Lanyard-User", string(l.UserID))
		return !strings.Contains(string(a.Body), `"error":{`)
	}
	connect(owner, "key-of-the-owner")
	connect(member, "key-of-the-member")
	if !runs(up.URL + "/orders") {
		t.Fatal("its script does not run")
	}

	// A new version with another host: until it is accepted nothing goes there, and the old one keeps working.
	second := packedOrders(t, "1.1.0", up.URL, hostOf(t, up.URL), hostOf(t, elsewhere.URL))
	if a := upload(t, l, sells, "/publications", second, url.Values{"whom": {"organizations"}, "organizations": {string(l.OrganizationID)}}); a.Status != 303 {
		t.Fatalf("publish again: %d %s", a.Status, mainOf(a))
	}
	if runs(elsewhere.URL + "/orders") {
		t.Fatal("the new host is called before anybody accepted it")
	}
	if !runs(up.URL + "/orders") {
		t.Fatal("the old version does not work any more")
	}
	see(owner, "/extensions", 200, "Version 1.1.0 is available")
	stale := url.Values{"publisher": accept["publisher"], "extension": accept["extension"], "digest": accept["digest"]}
	send(owner, "/extensions/orders/update", stale, 409)
	see(member, "/extensions/orders/update", 200, "Who can accept it", "What goes further than before")
	accept = hiddenFields(see(owner, "/extensions/orders/update", 200, "What goes further than before", hostOf(t, elsewhere.URL), "2 authorizations of 2 people"))
	send(member, "/extensions/orders/update", accept, 403)
	send(owner, "/extensions/orders/update", accept, 303)
	if runs(elsewhere.URL + "/orders") {
		t.Error("a credential went to the new host before it was connected again")
	}
	connect(owner, "key-of-the-owner-again")
	if !runs(elsewhere.URL + "/orders") {
		t.Error("it does not run after it was connected again")
	}

	see(owner, "/extensions/orders/uninstall", 200, "1 authorization of 1 person", "acme_api", "read_orders")
	see(member, "/extensions/orders/uninstall", 403)
	send(member, "/extensions/orders/uninstall", nil, 403)
	send(owner, "/extensions/orders/uninstall", nil, 303)
	see(owner, "/extensions/orders", 404)
	see(owner, "/connections/acme_orders", 404)
	see(owner, "/services/acme_api", 404)
}

// TestExtensionFromAFile: the package travels from the upload to the installation on the page itself, and what was
// changed on the way is not what was read.
func TestExtensionFromAFile(t *testing.T) {
	l := tenancyPrepare(t)
	l.Serve(t)
	up := newTenancyUpstream(t)
	owner := l.Browser(t)
	if a := upload(t, l, owner, "/extension-offers", []byte("PK not a package"), nil); a.Status != 400 || !strings.Contains(mainOf(a), "cannot be installed") {
		t.Errorf("what is no package: %d %s", a.Status, mainOf(a))
	}
	if a := upload(t, l, owner, "/extension-offers", bytes.Repeat([]byte("x"), 5<<20), nil); a.Status != 400 && a.Status != 413 {
		t.Errorf("what is too large: %d", a.Status)
	}
	a := upload(t, l, owner, "/extension-offers", packedOrders(t, "1.0.0", up.URL, hostOf(t, up.URL)), nil)
	if a.Status != 200 || !strings.Contains(mainOf(a), "cannot tell who made it") {
		t.Fatalf("review: %d %s", a.Status, mainOf(a))
	}
	accept := hiddenFields(mainOf(a))
	forged := url.Values{"digest": {strings.Repeat("0", 64)}, "package": accept["package"]}
	if a := servertest.Post(t, owner, l.URL+"/extensions", forged); a.Status != 409 {
		t.Errorf("another digest: %d %s", a.Status, mainOf(a))
	}
	if a := servertest.Post(t, owner, l.URL+"/extensions", accept); a.Status != 303 {
		t.Fatalf("install: %d %s", a.Status, mainOf(a))
	}
	if a := servertest.Get(t, owner, l.URL+"/extensions/orders"); a.Status != 200 || !strings.Contains(mainOf(a), "Installed from a file") {
		t.Errorf("its page: %d %s", a.Status, mainOf(a))
	}
}
