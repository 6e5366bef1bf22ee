package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/servertest"
)

// signedIn is a browser of the owner's.
func signedIn(t *testing.T, l *servertest.Lanyard) *browser {
	t.Helper()
	b := newBrowser(t, l)
	b.says("GET", signInLink(t, l), nil, 200)
	return b
}

// hidden finds the value of a hidden input.
func hidden(t *testing.T, body, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<input type="hidden" name="` + name + `" value="([^"]*)">`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page has no hidden %s: %s", name, body)
	}
	return m[1]
}

// eachType is the form of a service of each type, as a person fills it in, with a member of its definition.
var eachType = []struct {
	name   string
	member string // of the definition, as the API shows it
	form   url.Values
}{
	{"api_key", `"prefix":"Token "`, url.Values{"api_key.0.param_type": {"header"}, "api_key.0.name": {"X-Api-Key"}, "api_key.0.display_name": {"API key"}, "api_key.0.prefix": {"Token "}}},
	{"basic", `"type":"basic"`, url.Values{}},
	{"oauth1", `"signature_method":"HMAC-SHA256"`, url.Values{"oauth1.consumer_key": {"ck"}, "oauth1.consumer_secret": {"s3cr3t-consumer"}, "oauth1.request_token_url": {"https://acme.example/r"},
		"oauth1.authorize_url": {"https://acme.example/a"}, "oauth1.access_token_url": {"https://acme.example/t"}, "oauth1.param_type": {"header"}, "oauth1.signature_method": {"HMAC-SHA256"}}},
	{"oauth2", `"scopes":[{"name":"Read","value":"read"}]`, url.Values{"oauth2.grant_type": {"authorization_code"}, "oauth2.pkce": {"on"}, "oauth2.client_id": {"id"}, "oauth2.client_secret": {"s3cr3t-client"},
		"oauth2.authorize_url": {"https://acme.example/a"}, "oauth2.access_token_url": {"https://acme.example/t"}, "oauth2.param_type": {"header"}, "oauth2.scope_delimiter": {","}, "oauth2.token_prefix": {"Bearer "},
		"scope.0.name": {"Read"}, "scope.0.value": {"read"}, "extra.0.leg": {"authorize"}, "extra.0.name": {"access_type"}, "extra.0.value": {"offline"}}},
	{"aws_sigv4", `"aws_region":"eu-west-1"`, url.Values{"aws_sigv4.aws_service": {"sqs"}, "aws_sigv4.aws_region": {"eu-west-1"}}},
}

// filled is the form of a service of a type, with what each has.
func filled(name string, more url.Values) url.Values {
	form := url.Values{"name": {"Acme " + name}, "link_name": {name}, "type": {name}, "base_url": {"https://{site}.acme.example/api"}, "hosts": {"{site}.acme.example"},
		"parameter.0.key": {"site"}, "parameter.0.name": {"Your site"}, "do": {"save"}}
	for k, v := range more {
		form[k] = v
	}
	return form
}

// TestServicesOfEachType creates, tries, edits and deletes one of each, by forms alone, without a script.
func TestServicesOfEachType(t *testing.T) {
	l := servertest.Start(t)
	b := signedIn(t, l)
	b.says("GET", "/services/custom", nil, 200, "No custom services yet", `href="/services/new"`)
	b.says("GET", "/services/new", nil, 200, "Continue with this type")
	for _, c := range eachType {
		t.Run(c.name, func(t *testing.T) {
			b := &browser{t, b.server, b.client}
			form := filled(c.name, c.form)

			// The type first: its fields come, and what was typed is still there.
			form.Set("do", "continue")
			b.says("POST", "/services", form, 200, `value="Acme `+c.name+`"`, `<section class="block" data-type="`+c.name+`">`)
			form.Set("do", "save")

			form.Set("try.url", "/me")
			form.Set("try.method", "POST")
			b.says("POST", "/services/preview", form, 200, "It would be sent to sample.acme.example", "POST https://sample.acme.example/api/me", "‹")

			wrong := filled(c.name, c.form)
			wrong.Set("name", "")
			wrong.Set("hosts", "https://acme.example/path")
			status, _, body := b.open("POST", "/services", wrong)
			if status != 400 || !strings.Contains(body, `id="name-error"`) || !strings.Contains(body, "Line 1: write the host alone") || !strings.Contains(body, "https://acme.example/path</textarea>") {
				t.Errorf("wrong input: %d: %s", status, body)
			}
			if strings.Contains(body, "s3cr3t") {
				t.Error("the page has the secret that was typed")
			}

			b.says("POST", "/services", form, 200, "Acme "+c.name+" is created", "Create connection", `/connections/new?service=`+c.name)
			if made := l.Must(t, 200, "GET /v1/services/"+c.name, nil); !strings.Contains(string(made.Body), c.member) {
				t.Errorf("the service lacks %s: %s", c.member, made.Body)
			}
			b.says("POST", "/services", form, 409, "This link name is taken.", `id="link-name-error"`)

			_, _, edit := b.open("GET", "/services/"+c.name+"/edit", nil)
			form.Set("version", hidden(t, edit, "version"))
			form.Set("name", "Acme, other name")
			form.Del("scope.0.name") // stored scopes are not in the form
			form.Del("scope.0.value")
			b.says("POST", "/services/"+c.name+"/edit", form, 200, "Acme, other name is saved")
			form.Set("version", "0")
			b.says("POST", "/services/"+c.name+"/edit", form, 200, "Nothing was changed")

			b.says("GET", "/services/"+c.name+"/delete", nil, 200, "Delete <bdi>Acme, other name</bdi>?", "Nobody is connected")
			b.says("POST", "/services/"+c.name+"/delete", nil, 200, "Acme, other name is deleted")
			b.says("GET", "/services/"+c.name, nil, 404, "There is no service")
		})
	}
	if log := l.Log.String(); strings.Contains(log, "s3cr3t") {
		t.Error("a secret is in the log")
	}
}

// TestServiceFormWithoutScript adds and removes rows by buttons that send the form; everything stays.
func TestServiceFormWithoutScript(t *testing.T) {
	l := servertest.Start(t)
	b := signedIn(t, l)
	form := filled("oauth2", eachType[3].form)
	form.Set("do", "add scope")
	b.says("POST", "/services", form, 200, `name="scope.0.value" value="read"`, `name="scope.1.value" value=""`, `value="Acme oauth2"`, "Enter it once more")
	form.Set("do", "remove scope 0")
	_, _, body := b.open("POST", "/services", form)
	if strings.Contains(body, `value="read"`) {
		t.Errorf("the scope is still there: %s", body)
	}
	// The hosts of the URLs are proposed, not taken.
	form = filled("basic", url.Values{"hosts": {""}, "base_url": {"https://api.acme.example/v2"}})
	b.says("POST", "/services", form, 400, "List the hosts that the credential may be sent to", "Proposed from the URLs", "api.acme.example</textarea>")
	b.says("POST", "/services", url.Values{"do": {"save"}}, 400, "Choose one, as the service's API documentation says.")
}

// TestServiceEditRevokes: a change that matters asks first, and then does what it said.
func TestServiceEditRevokes(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(upstream.Close)
	l := servertest.Start(t)
	host := strings.TrimPrefix(upstream.URL, "http://")
	form := url.Values{"name": {"Acme"}, "link_name": {"acme"}, "type": {"api_key"}, "base_url": {upstream.URL}, "hosts": {host}, "do": {"save"},
		"api_key.0.param_type": {"header"}, "api_key.0.name": {"X-Api-Key"}, "api_key.0.display_name": {"API key"}}
	b := signedIn(t, l)
	b.says("POST", "/services", form, 200, "Acme is created")
	connect := func() {
		t.Helper()
		l.Must(t, 200, "POST /v1/connections/acme_live/connect", map[string]any{"credentials": map[string]any{"X-Api-Key": "k"}})
	}
	status := func() any {
		t.Helper()
		return l.Must(t, 200, "GET /v1/connections/acme_live", nil).Field(t, "status")
	}
	l.Must(t, 201, "POST /v1/connections", map[string]any{"name": "Acme, live", "link_name": "acme_live", "service": "acme"})
	connect()
	b.says("GET", "/services/acme", nil, 200, "Acme, live", `href="/connections/acme_live"`, "1 connection")

	_, _, edit := b.open("GET", "/services/acme/edit", nil)
	form.Set("version", hidden(t, edit, "version"))
	form.Set("api_key.0.param_type", "query")
	b.says("POST", "/services/acme/edit", form, 200, "Save this change?", "This revokes 1 authorization of 1 connection, with the accounts of 1 person.", "The owner", `value="revoke"`, "Save and revoke 1 authorization")
	if got := status(); got != "connected" {
		t.Errorf("asking alone left the connection %v", got)
	}
	form.Set("do", "keep")
	b.says("POST", "/services/acme/edit", form, 400, "could lead credentials elsewhere", `value="query" selected`)
	form.Set("do", "revoke")
	b.says("POST", "/services/acme/edit", form, 200, "Acme is saved", "1 authorization had to be revoked")
	if got := status(); got != "reconnect_required" {
		t.Errorf("after the change the connection is %v", got)
	}

	// The form was opened before that change: it is refused, nothing is lost, and both are shown.
	form.Set("name", "Acme, late")
	form.Set("api_key.0.param_type", "header")
	b.says("POST", "/services/acme/edit", form, 409, "was changed while you were editing it", `value="Acme, late"`, "What is stored now", "<code>query</code>", `name="version" value="2"`)

	// Names are harmless: the connections can be kept.
	connect()
	form.Set("version", "2")
	form.Set("api_key.0.param_type", "query")
	form.Set("do", "keep")
	b.says("POST", "/services/acme/edit", form, 200, "Acme, late is saved", "Its connections stay connected.")
	if got := status(); got != "connected" {
		t.Errorf("a harmless change left the connection %v", got)
	}

	// A stored parameter cannot go.
	form.Set("version", "3")
	form.Set("api_key.0.name", "")
	form.Set("api_key.0.display_name", "")
	b.says("POST", "/services/acme/edit", form, 400, `id="api-key-0-name-error"`)

	b.says("GET", "/services/acme/delete", nil, 200, "This revokes 1 authorization", "The owner")
	b.says("POST", "/services/acme/delete", nil, 200, "Acme, late is deleted", "1 authorization ended with it.")
	if got := status(); got != "revoked" {
		t.Errorf("after the service was deleted the connection is %v", got)
	}
}

// TestServicesListed: searching, pages, and addresses that are link names as well.
func TestServicesListed(t *testing.T) {
	l := servertest.Start(t)
	b := signedIn(t, l)
	for _, name := range []string{"new", "custom", "preview", "acme"} {
		l.Must(t, 201, "POST /v1/services", map[string]any{"name": "Service " + name, "link_name": name, "hosts": []string{"api.acme.example"}, "auth": map[string]any{"type": "basic"}})
	}
	for _, name := range []string{"new", "custom", "preview"} {
		b.says("GET", "/services/custom", nil, 200, `href="/services/`+name+`/"`, `href="/services/`+name+`/edit"`)
		b.says("GET", "/services/"+name+"/", nil, 200, "<bdi>Service "+name+"</bdi>")
		b.says("GET", "/services/"+name+"/edit", nil, 200, "Edit <bdi>Service "+name+"</bdi>")
	}
	_, _, found := b.open("GET", "/services/custom?q=ACME", nil)
	if !strings.Contains(found, "Service acme") || strings.Contains(found, "Service new") {
		t.Errorf("searching finds: %s", found)
	}
	b.says("GET", "/services/custom?q=%3Cx%3E", nil, 200, "Nothing found", "&lt;x&gt;")
	b.says("GET", "/services/custom?cursor=evil", nil, 400, "not the next_cursor")
}

// TestServicesOfOthers: everybody sees a service, only its author edits it, and no other organization knows of it.
func TestServicesOfOthers(t *testing.T) {
	l := servertest.Start(t)
	l.Must(t, 201, "POST /v1/services", map[string]any{"name": "Acme", "link_name": "acme", "hosts": []string{"*"}, "docs_url": "https://acme.example/docs", "auth": map[string]any{"type": "basic"}})
	_, key := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	link, _ := l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	member := newBrowser(t, l)
	member.says("GET", link, nil, 200)
	member.says("GET", "/services/acme", nil, 200, "made by <bdi>The owner</bdi>", "Its credential may be sent to any host", `rel="noopener"`)
	status, _, body := member.open("GET", "/services/custom", nil)
	if status != 200 || !strings.Contains(body, "Acme") || strings.Contains(body, "/services/acme/edit") {
		t.Errorf("the list of a member: %d %s", status, body)
	}
	for _, path := range []string{"/services/acme/edit", "/services/acme/delete"} {
		member.says("GET", path, nil, 403, "Only the member who created the service")
		member.says("POST", path, url.Values{"name": {"Evil"}}, 403)
	}
	member.says("POST", "/services/preview", url.Values{"service": {"acme"}, "version": {"1"}}, 403)

	other := l.Organization(t, "other")
	link, _ = other.As(t, other.Key, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	stranger := newBrowser(t, l)
	stranger.says("GET", link, nil, 200)
	stranger.says("GET", "/services/custom", nil, 200, "No custom services yet")
	for _, path := range []string{"/services/acme", "/services/acme/edit", "/services/acme/delete"} {
		stranger.says("GET", path, nil, 404)
	}
	stranger.says("POST", "/services/acme/delete", nil, 404)
	stranger.says("POST", "/services/preview", url.Values{"service": {"acme"}, "version": {"1"}}, 404)
	l.Must(t, 200, "GET /v1/services/acme", nil)
}
