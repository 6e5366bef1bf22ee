package servertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lanyard"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/storetest"
)

// Who may do what, asked of every page and every form, as tenancy_test.go asks it of every route of the API.

var pageVisitors = []string{"nobody", "owner of another organization", "member", "admin", "owner"}

// pageRule is what an address answers to each of the visitors. The service "acme", the connection "mine" and all else
// that it names belong to the owner, who comes last.
type pageRule struct {
	route string // as routes.go has it
	at    string // the route with its names filled in; a # stands for a number that no other request has
	form  string // of a POST
	want  [5]int
}

// page is the row of something that is everybody's who is signed in.
func page(status int) [5]int { return [5]int{401, status, status, status, status} }

// importStep is the second step of importing a curl command, as the page holds it.
const importStep = `[{"words":"w","definition":{"link_name":"x","name":"x","hosts":["a.example"],"base_url":"https://a.example","auth":{"type":"basic"}},"call":{"Method":"GET","URL":"/x"}}]`

var pageAccess = []pageRule{
	//                                                                   nobody other member admin owner
	{"GET /{$}", "/", "", [5]int{200, 303, 303, 303, 303}},
	{"GET /search", "/search?q=acme", "", page(200)},
	{"GET /extensions", "/extensions", "", page(200)},
	{"POST /extensions", "/extensions", "publisher=org_nobody&extension=none&digest=x", [5]int{401, 404, 403, 404, 404}},
	{"GET /extensions/{extension}", "/extensions/none", "", page(404)},
	{"POST /extensions/{extension}/when-gone", "/extensions/none/when-gone", "when_gone=keep", [5]int{401, 404, 403, 404, 404}},
	{"GET /extensions/{extension}/update", "/extensions/none/update", "", page(404)},
	{"POST /extensions/{extension}/update", "/extensions/none/update", "publisher=org_nobody&extension=none&digest=x", [5]int{401, 404, 403, 404, 404}},
	{"GET /extensions/{extension}/uninstall", "/extensions/none/uninstall", "", page(404)},
	{"POST /extensions/{extension}/uninstall", "/extensions/none/uninstall", "", page(404)},
	{"GET /extension-offers", "/extension-offers", "", page(200)},
	{"POST /extension-offers", "/extension-offers", "", page(400)},
	{"GET /extension-offers/{publisher}/{extension}", "/extension-offers/org_nobody/none", "", page(404)},
	{"GET /publications", "/publications", "", [5]int{401, 200, 403, 200, 200}},
	{"POST /publications", "/publications", "", page(400)},
	{"GET /publish", "/publish", "", [5]int{401, 200, 403, 200, 200}},
	{"GET /publications/{extension}", "/publications/none", "", [5]int{401, 404, 403, 404, 404}},
	{"POST /publications/{extension}", "/publications/none", "whom=nobody", [5]int{401, 404, 403, 404, 404}},
	{"GET /publications/{extension}/withdraw", "/publications/none/withdraw", "", [5]int{401, 404, 403, 404, 404}},
	{"POST /publications/{extension}/withdraw", "/publications/none/withdraw", "", [5]int{401, 404, 403, 404, 404}},
	{"GET /scripts", "/scripts", "", page(200)},
	{"POST /scripts", "/scripts", "name=New+#&script=info+1%3B", page(303)},
	{"GET /scripts/new", "/scripts/new", "", page(200)},
	{"GET /scripts/words", "/scripts/words", "", page(200)},
	{"POST /scripts/check", "/scripts/check", "script=info+1%3B", page(200)},
	{"POST /scripts/run", "/scripts/run", "script=info+1%3B", page(200)},
	{"GET /scripts/{function}", "/scripts/report", "", [5]int{401, 404, 200, 200, 200}},
	{"GET /scripts/{function}/{$}", "/scripts/report/", "", [5]int{401, 404, 200, 200, 200}},
	{"POST /scripts/{function}/edit", "/scripts/report/edit", "script=info+1%3B&version=1", [5]int{401, 404, 403, 303, 303}},
	{"POST /scripts/{function}/edit", "/scripts/report/edit", "script=info+1%3B", [5]int{401, 404, 403, 409, 409}},
	{"POST /scripts/{function}/run", "/scripts/report/run", "script=info+1%3B", [5]int{401, 404, 200, 200, 200}},
	{"GET /scripts/{function}/versions", "/scripts/report/versions", "", [5]int{401, 404, 200, 200, 200}},
	{"GET /scripts/{function}/versions/{version}", "/scripts/report/versions/1", "", [5]int{401, 404, 200, 200, 200}},
	{"POST /scripts/{function}/versions/{version}/restore", "/scripts/report/versions/1/restore", "", [5]int{401, 404, 403, 303, 303}},
	{"GET /scripts/{function}/runs", "/scripts/report/runs", "", [5]int{401, 404, 200, 200, 200}},
	{"GET /scripts/{function}/runs/{run}", "/scripts/report/runs/RUN", "", [5]int{401, 404, 404, 200, 200}},
	{"GET /scripts/{function}/settings", "/scripts/report/settings", "", [5]int{401, 404, 200, 200, 200}},
	{"POST /scripts/{function}/settings", "/scripts/report/settings", "name=Report", [5]int{401, 404, 403, 303, 303}},
	{"GET /scripts/{function}/hook", "/scripts/report/hook", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /scripts/{function}/hook", "/scripts/report/hook", "", [5]int{401, 404, 403, 200, 200}},
	{"GET /scripts/{function}/hook/remove", "/scripts/report/hook/remove", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /scripts/{function}/hook/remove", "/scripts/report/hook/remove", "", [5]int{401, 404, 403, 303, 303}},
	{"GET /scripts/{function}/delete", "/scripts/report/delete", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /scripts/{function}/delete", "/scripts/report/delete", "", [5]int{401, 404, 403, 303, 404}}, // gone with the admin's
	{"GET /tour", "/tour", "", page(200)},
	{"GET /activity", "/activity", "", page(200)},
	{"GET /activity/audit", "/activity/audit", "", [5]int{401, 200, 403, 200, 200}},
	{"GET /setup/{token}", "/setup/made-up", "", [5]int{404, 404, 404, 404, 404}},
	{"POST /setup/{token}", "/setup/made-up", "name=New&email=new@example.com", [5]int{404, 404, 404, 404, 404}},
	{"GET /sign-in", "/sign-in", "", [5]int{200, 303, 303, 303, 303}},
	{"POST /sign-in", "/sign-in", "email=owner@example.com&password=guessed", [5]int{400, 400, 400, 400, 400}},
	{"GET /sign-in/{token}", "/sign-in/made-up", "", [5]int{404, 404, 404, 404, 404}},
	{"POST /sign-in/{token}", "/sign-in/made-up", "", [5]int{404, 404, 404, 404, 404}},
	{"GET /sign-in/forgot", "/sign-in/forgot", "", [5]int{200, 200, 200, 200, 200}},
	{"POST /sign-in/forgot", "/sign-in/forgot", "email=owner@example.com", [5]int{409, 409, 409, 409, 409}}, // there is no mail
	{"GET /reset/{token}", "/reset/made-up", "", [5]int{404, 404, 404, 404, 404}},
	{"POST /reset/{token}", "/reset/made-up", "new=other+plain+words+there", [5]int{404, 404, 404, 404, 404}},
	{"GET /sign-in/single-sign-on", "/sign-in/single-sign-on", "", [5]int{200, 303, 303, 303, 303}},
	{"POST /sign-in/single-sign-on", "/sign-in/single-sign-on", "email=owner@example.com", [5]int{400, 400, 400, 400, 400}},
	{"GET /sign-in/organization/{organization}", "/sign-in/organization/ORG", "", [5]int{404, 404, 404, 404, 404}},
	{"POST /sign-in/organization/{organization}", "/sign-in/organization/ORG", "", [5]int{404, 404, 404, 404, 404}},
	{"GET /sign-in/callback/{organization}", "/sign-in/callback/ORG?code=c&state=s", "", [5]int{400, 400, 400, 400, 400}},

	{"GET /services", "/services", "", page(200)},
	{"GET /services/custom", "/services/custom", "", page(200)},
	{"GET /services/new", "/services/new", "", page(200)},
	{"POST /services", "/services", "name=New&link_name=new_#&type=basic&hosts=a.example", page(303)},
	{"POST /services/preview", "/services/preview", "name=New&link_name=new_#&type=basic&hosts=a.example&base_url=https://a.example&try.url=/x&try.method=GET", page(200)},
	{"POST /services/preview", "/services/preview", "service=acme&name=New&base_url=https://a.example&hosts=a.example&api_key.0.param_type=header&api_key.0.name=X-Api-Key&try.url=/x&try.method=GET", [5]int{401, 404, 403, 403, 200}},
	{"GET /services/import", "/services/import", "", page(200)},
	{"POST /services/import", "/services/import", "text=curl+-u+a:b+https://a.example/x", page(200)},
	{"POST /services/import/create", "/services/import/create", "kind=curl&name=New&link_name=imported_#&candidate=0&notes=[]&steps=" + importStep, page(200)},
	{"GET /services/{service}", "/services/acme", "", [5]int{401, 404, 200, 200, 200}},
	{"GET /services/{service}/{$}", "/services/acme/", "", [5]int{401, 404, 200, 200, 200}},
	{"GET /services/{service}/client", "/services/github/client", "", page(200)},
	{"GET /services/{service}/client", "/services/acme/client", "", page(404)},
	{"POST /services/{service}/client", "/services/github/client", "client_id=id&client_secret=s", [5]int{401, 303, 403, 303, 303}},
	{"GET /services/{service}/catalog_file", "/services/acme/catalog_file", "", [5]int{401, 404, 200, 200, 200}},
	{"GET /services/{service}/edit", "/services/acme/edit", "", [5]int{401, 404, 403, 403, 200}},
	{"GET /services/{service}/delete", "/services/acme/delete", "", [5]int{401, 404, 403, 403, 200}},

	{"GET /connections", "/connections", "", page(200)},
	{"GET /connections/shared", "/connections/shared", "", page(200)},
	{"GET /connections/internal", "/connections/internal", "", page(200)},
	{"GET /connections/new", "/connections/new?service=acme", "", [5]int{401, 404, 200, 200, 200}},
	{"POST /connections", "/connections", "service=acme&name=New+#&then=create", [5]int{401, 404, 303, 303, 303}},
	{"GET /connections/{connection}", "/connections/mine", "", [5]int{401, 404, 404, 404, 200}},
	{"GET /connections/{connection}/{$}", "/connections/mine/", "", [5]int{401, 404, 404, 404, 200}},
	{"POST /connections/{connection}/try", "/connections/mine/try", "method=GET&url=/x", [5]int{401, 404, 404, 404, 200}},
	{"GET /connections/{connection}/edit", "/connections/mine/edit", "", [5]int{401, 404, 404, 404, 200}},
	{"POST /connections/{connection}/edit", "/connections/mine/edit", "name=New+#", [5]int{401, 404, 404, 404, 303}},
	{"POST /connections/{connection}/connect", "/connections/mine/connect", "", [5]int{401, 404, 404, 404, 303}},
	{"GET /connect/{token}", "LINK", "", [5]int{401, 404, 403, 403, 200}},
	{"POST /connect/{token}", "LINK", "credential.X-Api-Key=k", [5]int{401, 404, 403, 403, 303}},
	{"GET /connect/{token}/{go}", "LINK/go", "", [5]int{401, 404, 404, 404, 404}},
	{"GET /connect/session/{token}", "/connect/session/made-up", "", [5]int{404, 404, 404, 404, 404}},
	{"POST /connect/session/{token}", "/connect/session/made-up", "credential.X-Api-Key=k", [5]int{404, 404, 404, 404, 404}},
	{"GET /connect/session/{token}/{go}", "/connect/session/made-up/go", "", [5]int{404, 404, 404, 404, 404}},
	{"GET /connect/ended/{organization}/{id}", "/connect/ended/ORG/cse_A", "", [5]int{404, 404, 404, 404, 404}},
	{"GET /connect/result/{id}", "/connect/result/cns_A", "", page(404)},
	{"GET /oauth/callback/{organization}/{service}", "/oauth/callback/ORG/acme?code=c&state=s", "", page(400)},
	{"GET /connections/{connection}/revoke", "/connections/mine/revoke", "", [5]int{401, 404, 404, 404, 200}},
	{"GET /connections/{connection}/delete", "/connections/mine/delete", "", [5]int{401, 404, 404, 404, 200}},

	{"GET /connections/{connection}/users/{user}/remove", "/connections/mine/users/usr_A/remove", "", [5]int{401, 404, 404, 404, 404}},
	{"POST /connections/{connection}/users/{user}/remove", "/connections/mine/users/usr_A/remove", "", [5]int{401, 404, 404, 404, 404}},

	{"GET /account", "/account", "", page(200)},
	{"GET /account/password", "/account/password", "", page(200)},
	{"POST /account/password", "/account/password", "new=short", page(400)},
	{"POST /account/sessions/{session}/end", "/account/sessions/SESSION/end", "", [5]int{401, 404, 404, 404, 303}},
	{"POST /account/sessions/end", "/account/sessions/end", "", page(303)},
	{"GET /account/keys/new", "/account/keys/new", "", page(200)},
	{"POST /account/keys", "/account/keys", "name=New&life=30", page(200)},
	{"POST /account/keys", "/account/keys", "name=New&life=30&act_for_users=on", [5]int{401, 200, 403, 200, 200}},
	{"GET /account/keys/{key}/rotate", "/account/keys/KEY/rotate", "", [5]int{401, 404, 404, 404, 200}},
	{"POST /account/keys/{key}/rotate", "/account/keys/KEY/rotate", "overlap=24", [5]int{401, 404, 404, 404, 200}},
	{"GET /account/keys/{key}/end-previous", "/account/keys/KEY/end-previous", "", [5]int{401, 404, 404, 404, 200}},
	{"POST /account/keys/{key}/end-previous", "/account/keys/KEY/end-previous", "", [5]int{401, 404, 404, 404, 303}},
	{"GET /account/keys/{key}/delete", "/account/keys/KEY/delete", "", [5]int{401, 404, 404, 404, 200}},
	{"POST /account/keys/{key}/delete", "/account/keys/KEY/delete", "", [5]int{401, 404, 404, 404, 303}},
	{"GET /organization", "/organization", "", page(200)},
	{"GET /organization/people/invite", "/organization/people/invite", "", [5]int{401, 200, 403, 200, 200}},
	{"GET /organization/invitations", "/organization/invitations", "", [5]int{401, 200, 403, 200, 200}},
	{"POST /organization/invitations", "/organization/invitations", "email=new#@example.com&role=member", [5]int{401, 200, 403, 200, 200}},
	{"POST /organization/invitations", "/organization/invitations", "role=owner", [5]int{401, 200, 403, 403, 200}},
	{"GET /organization/invitations/{invitation}/revoke", "/organization/invitations/INVITATION/revoke", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/invitations/{invitation}/revoke", "/organization/invitations/INVITATION/revoke", "", [5]int{401, 404, 403, 303, 404}},
	{"GET /organizations", "/organizations", "", page(200)},
	{"GET /organizations/new", "/organizations/new", "", [5]int{401, 200, 403, 403, 200}},
	{"POST /organizations", "/organizations", "name=", [5]int{401, 400, 403, 403, 400}},
	{"POST /organizations/{organization}/switch", "/organizations/ORG/switch", "", [5]int{401, 404, 303, 303, 303}},
	{"GET /invitation/{token}", "/invitation/made-up", "", [5]int{404, 404, 404, 404, 404}},
	{"POST /invitation/{token}", "/invitation/made-up", "name=New&email=new@example.com", [5]int{404, 404, 404, 404, 404}},
	{"POST /organization", "/organization", "name=New+#", [5]int{401, 303, 403, 303, 303}},
	{"GET /organization/single-sign-on", "/organization/single-sign-on", "", [5]int{401, 200, 403, 403, 200}},
	{"POST /organization/single-sign-on", "/organization/single-sign-on", "client_id=c", [5]int{401, 400, 403, 403, 400}},
	{"GET /organization/single-sign-on/delete", "/organization/single-sign-on/delete", "", [5]int{401, 404, 403, 403, 404}},
	{"POST /organization/single-sign-on/delete", "/organization/single-sign-on/delete", "", [5]int{401, 404, 403, 403, 404}},
	{"GET /organization/people/{user}/reset", "/organization/people/OWNER/reset", "", [5]int{401, 404, 403, 403, 200}},
	{"POST /organization/people/{user}/reset", "/organization/people/OWNER/reset", "", [5]int{401, 404, 403, 403, 200}},
	{"GET /organization/people", "/organization/people?q=a&role=member", "", page(200)},
	{"GET /organization/people/{user}", "/organization/people/PERSON", "", [5]int{401, 404, 200, 200, 200}},
	{"POST /organization/people/{user}", "/organization/people/PERSON", "name=New+#&email=person@example.com&role=member", [5]int{401, 404, 403, 303, 303}},
	{"POST /organization/people/{user}", "/organization/people/OWNER", "name=New+#&email=owner@example.com&role=owner", [5]int{401, 404, 403, 403, 303}},
	{"GET /organization/people/{user}/deactivate", "/organization/people/PERSON/deactivate", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/people/{user}/deactivate", "/organization/people/PERSON/deactivate", "", [5]int{401, 404, 403, 303, 303}},
	{"POST /organization/people/{user}/deactivate", "/organization/people/OWNER/deactivate", "", [5]int{401, 404, 403, 403, 409}},
	{"POST /organization/people/{user}/reactivate", "/organization/people/PERSON/reactivate", "", [5]int{401, 404, 403, 303, 303}},
	{"GET /organization/people/{user}/hand-over", "/organization/people/PERSON/hand-over", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/people/{user}/hand-over", "/organization/people/PERSON/hand-over", "to=OWNER", [5]int{401, 404, 403, 303, 303}},
	{"GET /organization/people/{user}/remove", "/organization/people/PERSON/remove", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/people/{user}/remove", "/organization/people/OWNER/remove", "then=delete", [5]int{401, 404, 403, 403, 409}},
	{"POST /organization/people/{user}/remove", "/organization/people/PERSON/remove", "", [5]int{401, 404, 403, 303, 404}}, // gone with the admin's
	{"GET /organization/webhooks", "/organization/webhooks", "", [5]int{401, 200, 403, 200, 200}},
	{"POST /organization/webhooks", "/organization/webhooks", "url=https://app.example/#", [5]int{401, 200, 403, 200, 200}},
	{"GET /organization/webhooks/new", "/organization/webhooks/new", "", [5]int{401, 200, 403, 200, 200}},
	{"GET /organization/webhooks/{webhook}", "/organization/webhooks/WEBHOOK", "", [5]int{401, 404, 403, 200, 200}},
	{"GET /organization/webhooks/{webhook}/edit", "/organization/webhooks/WEBHOOK/edit", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/webhooks/{webhook}/edit", "/organization/webhooks/WEBHOOK/edit", "url=https://app.example/#", [5]int{401, 404, 403, 303, 303}},
	{"POST /organization/webhooks/{webhook}/test", "/organization/webhooks/WEBHOOK/test", "", [5]int{401, 404, 403, 303, 303}},
	{"GET /organization/webhooks/{webhook}/rotate", "/organization/webhooks/WEBHOOK/rotate", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/webhooks/{webhook}/rotate", "/organization/webhooks/WEBHOOK/rotate", "", [5]int{401, 404, 403, 200, 200}},
	{"GET /organization/webhooks/{webhook}/delete", "/organization/webhooks/WEBHOOK/delete", "", [5]int{401, 404, 403, 200, 200}},
	{"POST /organization/webhooks/{webhook}/deliveries/{delivery}/retry", "/organization/webhooks/WEBHOOK/deliveries/evt_A/retry", "", [5]int{401, 404, 403, 409, 409}},
	{"POST /organization/webhooks/{webhook}/delete", "/organization/webhooks/whk_A/delete", "", [5]int{401, 404, 403, 404, 404}},
	{"GET /notices", "/notices", "", page(200)},
	{"POST /account/notices", "/account/notices", "by_mail=on", page(303)},

	// What ends the things above.
	{"POST /connections/{connection}/revoke", "/connections/mine/revoke", "", [5]int{401, 404, 404, 404, 303}},
	{"POST /connections/{connection}/delete", "/connections/mine/delete", "", [5]int{401, 404, 404, 404, 303}},
	{"POST /services/{service}/edit", "/services/acme/edit", "name=New+#&base_url=https://a.example&hosts=a.example&api_key.0.param_type=header&api_key.0.name=X-Api-Key&do=revoke", [5]int{401, 404, 403, 403, 303}},
	{"POST /services/{service}/delete", "/services/acme/delete", "", [5]int{401, 404, 403, 403, 303}},
	{"POST /sign-out", "/sign-out", "", [5]int{303, 303, 303, 303, 303}},
}

// pageRoutes is the index of the pages.
func pageRoutes(t testing.TB) []string {
	t.Helper()
	source, err := os.ReadFile("../web/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, found := range regexp.MustCompile(`mux\.Handle(?:Func)?\("([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		routes = append(routes, found[1])
	}
	if len(routes) == 0 {
		t.Fatal("no route was read")
	}
	return routes
}

// pageWorld is a server with everybody of pageVisitors, each in a browser.
func pageWorld(t *testing.T) (l *servertest.Lanyard, browsers []*http.Client) {
	t.Helper()
	l = tenancyPrepare(t)
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, admin := l.Member(t, "admin@example.com", lanyard.RoleAdmin, lanyard.KeyRights{Manage: true})
	other := l.Organization(t, "zweite")
	l.Serve(t)
	browsers = []*http.Client{servertest.Stranger(t)}
	for _, key := range []string{other.Key, member, admin, l.Key} {
		browsers = append(browsers, servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string)))
	}
	return l, browsers
}

func TestH03_EveryPageForEveryVisitor(t *testing.T) {
	l, browsers := pageWorld(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil)
	l.Must(t, 201, "POST /v1/connections", object("link_name", "kept", "name", "Kept", "service", "acme"))
	if a := l.API(t, "GET /v1/connections/mine", nil); a.Status == 404 {
		l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme"))
	}
	l.Must(t, 200, "POST /v1/connections/mine/connect", tenancyKey("k"))
	key := l.Must(t, 201, "POST /v1/api_keys", object("name", "victim")).Field(t, "id").(string)
	invitation := l.Must(t, 201, "POST /v1/invitations", object("role", "member")).Field(t, "id").(string)
	l.Browser(t) // another session of the owner
	owner := browsers[4]
	servertest.Post(t, owner, l.URL+"/scripts", url.Values{"name": {"Report"}, "script": {"info 1;"}})
	servertest.Post(t, owner, l.URL+"/scripts/report/run", url.Values{"script": {"info 1;"}})
	run := regexp.MustCompile(`/scripts/report/runs/(run_[0-9A-Za-z]+)`).FindStringSubmatch(string(servertest.Get(t, owner, l.URL+"/scripts/report/runs").Body))
	if run == nil {
		t.Fatal("the script has no run")
	}
	session := regexp.MustCompile(`/account/sessions/([0-9a-f]{64})/end`).FindStringSubmatch(string(servertest.Get(t, owner, l.URL+"/account").Body))
	if session == nil {
		t.Fatal("the account shows no other session")
	}
	link := strings.TrimPrefix(l.Must(t, 200, "POST /v1/connections/mine/connect", object()).Field(t, "connect_url").(string), l.URL)
	fill := strings.NewReplacer("RUN", run[1], "INVITATION", invitation, "LINK", link, "KEY", key, "SESSION", session[1], "ORG", string(l.OrganizationID),
		"PERSON", l.Must(t, 201, "POST /v1/users", object("name", "Person", "email", "person@example.com")).Field(t, "id").(string), "OWNER", string(l.UserID),
		"WEBHOOK", l.Must(t, 201, "POST /v1/webhooks", object("url", "https://app.example/", "enabled", false)).Field(t, "id").(string))

	seen := map[string]bool{}
	number := 0
	for _, rule := range pageAccess {
		seen[rule.route] = true
		for i, visitor := range pageVisitors {
			number++
			with := func(text string) string { return fill.Replace(strings.ReplaceAll(text, "#", fmt.Sprint(number))) }
			var a *servertest.Answer
			if strings.HasPrefix(rule.route, "POST ") {
				form, err := url.ParseQuery(with(rule.form))
				if err != nil {
					t.Fatal(err)
				}
				a = servertest.Post(t, browsers[i], l.URL+with(rule.at), form)
			} else {
				a = servertest.Get(t, browsers[i], l.URL+with(rule.at))
			}
			if a.Status != rule.want[i] {
				t.Errorf("H03 %s %s as %s: got %d, want %d: %s", rule.route, rule.form, visitor, a.Status, rule.want[i], mainOf(a))
			}
		}
	}
	routes := pageRoutes(t)
	for _, route := range routes {
		if !seen[route] {
			t.Errorf("%s has no row in pageAccess: add one that says what each of the visitors gets (%s)", route, strings.Join(pageVisitors, ", "))
		}
	}
	for route := range seen {
		if !slices.Contains(routes, route) {
			t.Errorf("pageAccess has a row for %s, which is no route", route)
		}
	}
}

// mainOf is what a page is about, for messages.
func mainOf(a *servertest.Answer) string {
	_, text, found := strings.Cut(string(a.Body), "<main")
	if !found {
		return string(a.Body)
	}
	text, _, _ = strings.Cut(text, "</main>")
	return strings.Join(strings.Fields(text), " ")
}

// TestI01_WhatOthersWriteStaysText: whatever people, providers and services name and answer stands on the pages as text.
func TestI01_WhatOthersWriteStaysText(t *testing.T) {
	const evil = `"'><x-evil onfocus=a>{{.}}`
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Evil", evil)
		w.Header().Set("Content-Type", map[bool]string{true: "application/json", false: "text/html"}[r.URL.Path == "/json"]+`; x="<x-evil>"`)
		_, _ = fmt.Fprintf(w, `{"<x-evil onfocus=a>": ["\u003cx-evil>", "<x-evil>", 1e5, true]}`)
	}))
	t.Cleanup(upstream.Close)
	l, browsers := pageWorld(t)
	member, owner := browsers[2], browsers[4]
	evilScope := object("name", evil, "value", "read<x-evil>")
	definition := object("link_name", "acme", "name", evil, "description", evil, "docs_url", "https://acme.example/?x="+url.QueryEscape(evil), "base_url", upstream.URL, "hosts", []string{hostOf(t, upstream.URL)},
		"dynamic_parameters", []any{object("key", "p", "name", evil, "help", evil, "default", "x")},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "display_name", evil, "param_type", "header", "prefix", "<x-evil> ")}))
	l.Must(t, 201, "POST /v1/services", definition)
	l.Must(t, 201, "POST /v1/services", object("link_name", "agreed", "name", evil, "hosts", []string{"a.example"}, "auth", object("type", "oauth2", "grant_type", "authorization_code",
		"client_id", evil, "authorize_url", "https://a.example/a", "access_token_url", "https://a.example/t", "scopes", []any{evilScope})))
	for link, service := range map[string]string{"mine": "acme", "agreed": "agreed"} {
		l.Must(t, 201, "POST /v1/connections", object("link_name", link, "name", evil, "service", service, "use_login_user_credentials", true))
	}
	l.Must(t, 200, "POST /v1/connections/mine/connect", tenancyKey("k"))
	l.Must(t, 201, "POST /v1/api_keys", object("name", evil))
	l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/x%3Cx-evil%3E"), "Lanyard-User", string(l.UserID))

	pages := map[string]*servertest.Answer{}
	get := func(path string) { pages["GET "+path] = servertest.Get(t, owner, l.URL+path) }
	post := func(path string, form url.Values) *servertest.Answer {
		a := servertest.Post(t, owner, l.URL+path, form)
		pages[fmt.Sprintf("POST %s %v", path, form)] = a
		return a
	}
	if a := post("/organization", url.Values{"name": {evil}}); a.Status != 303 {
		t.Fatalf("rename the organization: %d", a.Status)
	}
	q := url.QueryEscape(evil)
	for _, path := range []string{
		"/organization", "/account", "/connections", "/connections?q=" + q, "/connections?status=" + q, "/connections?service=" + q, "/connections?cursor=" + q, "/connections/new", "/connections/new?q=" + q,
		"/connections/new?service=acme", "/connections/new?service=agreed", "/connections/new?service=" + q, "/connections/mine", "/connections/agreed", "/connections/agreed/edit", "/connections/mine/delete",
		"/connections/mine/revoke", "/connections/" + url.PathEscape(evil), "/services?q=" + q, "/services?category=" + q, "/services/custom", "/services/custom?q=" + q, "/services/acme",
		"/services/agreed", "/services/acme/edit", "/services/agreed/edit", "/services/acme/delete", "/services/" + url.PathEscape(evil), "/search?q=" + q, "/search?q=mine", "/activity", "/activity?connection=" + q,
		"/activity?user=" + q, "/activity?outcome=" + q + "&range=" + q, "/activity/audit", "/activity/audit?object=" + q, "/activity/audit?person=" + q + "&group=everything", "/account?sessions=" + q,
		"/sign-in/" + url.PathEscape(evil), "/organizations", "/organizations/new", "/organization/invitations", "/invitation/" + url.PathEscape(evil), "/setup/" + url.PathEscape(evil), "/connect/" + url.PathEscape(evil), "/oauth/callback/o/s?error=" + q + "&error_description=" + q + "&state=" + q,
	} {
		get(path)
	}
	hook := l.Must(t, 201, "POST /v1/webhooks", object("url", "https://app.example/?x="+q, "description", evil, "enabled", false)).Field(t, "id").(string)
	l.Must(t, 200, "POST /v1/webhooks/"+hook+"/test", nil)
	get("/organization/webhooks")
	get("/organization/webhooks/" + hook)
	get("/organization/webhooks/" + hook + "/edit")
	get("/organization/webhooks/" + hook + "/delete")
	get("/organization/webhooks/" + url.PathEscape(evil))
	get("/organization/webhooks?cursor=" + q)
	for _, path := range []string{"", "?q=" + q, "?cursor=" + q, "/new?example=" + q, "/evil", "/evil/versions/1", "/evil/versions/1?against=" + q, "/evil/runs", "/evil/runs/" + q, "/evil/settings?cron=" + q + "&zone=" + q, "/evil/delete", "/" + q} {
		if path == "" {
			post("/scripts", url.Values{"name": {"evil"}, "script": {`x = "` + strings.ReplaceAll(evil, `"`, `\"`) + `"; info x; m = {x: x}; info m;`}})
			post("/scripts/evil/settings", url.Values{"name": {evil}})
		}
		get("/scripts" + path)
	}
	post("/scripts", url.Values{"name": {evil + evil}, "link_name": {evil}, "script": {evil}, "argument." + evil: {evil}})
	post("/scripts/run", url.Values{"script": {`x = "` + strings.ReplaceAll(evil, `"`, `\"`) + `"; info x; m = {x: x}; info m; info x.nothing();`}})
	post("/scripts/run", url.Values{"script": {`x = "` + strings.ReplaceAll(evil, `"`, `\"`) + `"; info x; m = {x: x}; info m; info x.toMap();`}, "argument_name": {evil}, "argument_value": {evil}})
	post("/scripts/evil/edit", url.Values{"script": {evil}, "version": {"1"}})
	post("/scripts/evil/settings", url.Values{"name": {evil}, "cron": {evil}, "zone": {evil}})
	get("/notices") // a connection of an evil name waits
	post("/organization/webhooks", url.Values{"url": {evil}, "description": {evil + evil}, "events": {evil}})
	post("/organization/webhooks/"+hook+"/edit", url.Values{"url": {evil}, "description": {evil}, "events": {evil}})
	post("/organization/webhooks/"+hook+"/deliveries/"+url.PathEscape(evil)+"/retry", nil)
	post("/connections", url.Values{"service": {"agreed"}, "name": {evil}, "link_name": {evil}, "scope": {evil}})
	post("/connections/agreed/edit", url.Values{"name": {evil + evil}, "scope": {evil}})
	post("/account/keys", url.Values{"name": {evil + evil + evil}, "only": {evil}, "life": {evil}})
	post("/services/github/client", url.Values{"client_id": {evil + " "}, "client_secret": {evil}})
	service := url.Values{"type": {"oauth2"}, "do": {"continue"}}
	for _, name := range []string{"name", "link_name", "description", "docs_url", "base_url", "hosts", "verify_url", "oauth2.client_id", "oauth2.grant_type", "oauth2.param_type", "scope.0.name", "scope.0.value", "extra.0.leg", "extra.0.name",
		"extra.0.value", "parameter.0.key", "parameter.0.name", "parameter.0.choices", "api_key.0.name", "try.url", "try.method", "try.value.0", "version", "scope." + evil + ".name"} {
		service.Set(name, evil)
	}
	post("/services", service)
	service.Del("do")
	post("/services", service)
	post("/services/preview", service)
	post("/services/preview", url.Values{"type": {"basic"}, "name": {evil}, "link_name": {"x"}, "hosts": {"a.example"}, "base_url": {"https://a.example"}, "try.url": {"/" + q}, "try.method": {"GET"}})
	post("/services/acme/edit", service)
	for _, path := range []string{"/json", "/text"} {
		a := post("/connections/mine/try", url.Values{"method": {"POST"}, "url": {path}, "headers": {"X-Mine: " + evil}, "parameters": {evil + "=" + evil}, "body": {evil}})
		if !strings.Contains(string(a.Body), "200 OK") {
			t.Errorf("try %s: %d %s", path, a.Status, mainOf(a))
		}
	}
	post("/connections/mine/try", url.Values{"method": {evil}, "url": {evil}, "headers": {evil}})
	pages["as a member"] = servertest.Get(t, member, l.URL+"/connections/mine")
	for name, a := range pages {
		if a.Status >= 500 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		if alive := evilIn(string(a.Body)); alive != "" {
			t.Errorf("%s: this is alive: %s", name, alive)
		}
		if got := a.Header.Get("X-Evil"); got != "" {
			t.Errorf("%s: a header of the service went on to the browser", name)
		}
	}
	// The positive control: it was shown.
	if page := pages["GET /services/acme"]; !strings.Contains(string(page.Body), "&lt;x-evil") {
		t.Error("nothing was shown")
	}
}

// evilIn gives the first tag of a page that was made of what others wrote.
func evilIn(page string) string {
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		if token.Data == "x-evil" || slices.ContainsFunc(token.Attr, func(a html.Attribute) bool {
			return strings.HasPrefix(a.Key, "on") || strings.Contains(a.Key, "x-evil")
		}) {
			return token.String()
		}
	}
	return ""
}

// TestTextThatIsNoText in addresses and forms is refused or found nowhere; it makes no page fail. PostgreSQL takes neither
// NUL nor what is not UTF-8, and a list that is searched for something endless ends.
func TestTextThatIsNoText(t *testing.T) {
	database := storetest.Postgres(t)
	for name, change := range map[string]func(*server.Config){"SQLite": func(*server.Config) {}, "PostgreSQL": func(c *server.Config) { c.Database = database }} {
		t.Run(name, func(t *testing.T) {
			l := servertest.Start(t, change)
			l.Connect(t, object("link_name", "acme", "hosts", []string{"a.example"}, "auth", object("type", "basic")), nil)
			browser := l.Browser(t)
			for what, text := range map[string]string{"NUL": "a\x00b", "not UTF-8": "a\xffb", "long": strings.Repeat("_", 30_000)} {
				query, segment := url.QueryEscape(text), url.PathEscape(text)
				for _, path := range []string{
					"/search?q=", "/services?q=", "/services?category=", "/services/custom?q=", "/services/custom?cursor=", "/connections?q=", "/connections?status=", "/connections?service=",
					"/connections?cursor=", "/connections?list=", "/connections/shared?q=", "/connections/new?q=", "/connections/new?service=", "/activity?connection=", "/activity?service=",
					"/activity?user=", "/activity?outcome=", "/activity?range=", "/activity?cursor=", "/activity/audit?object=", "/activity/audit?person=", "/activity/audit?group=",
					"/activity/audit?cursor=", "/account?sessions=", "/account?keys=", "/organization?cursor=", "/organization/invitations?cursor=", "/organization/webhooks?cursor=", "/oauth/callback/o/s?code=c&state=",
				} {
					if a := servertest.Get(t, browser, l.URL+path+query); a.Status >= 500 || a.Status == 401 {
						t.Errorf("GET %s with %s: got %d %s", path, what, a.Status, mainOf(a))
					}
				}
				for _, path := range []string{"/account/keys/TEXT/delete", "/organization/webhooks/TEXT", "/services/TEXT", "/connections/TEXT", "/connect/TEXT", "/connect/result/TEXT", "/invitation/TEXT", "/organization/invitations/TEXT/revoke", "/oauth/callback/TEXT/TEXT", "/sign-in/TEXT", "/setup/TEXT"} {
					if a := servertest.Get(t, browser, l.URL+strings.ReplaceAll(path, "TEXT", segment)); a.Status >= 500 || a.Status == 401 {
						t.Errorf("GET %s with %s: got %d %s", path, what, a.Status, mainOf(a))
					}
				}
				for path, form := range map[string]url.Values{
					"/account/sessions/" + segment + "/end": nil,
					"/account/keys/" + segment + "/delete":  nil,
					"/sign-in":                              {"email": {text}, "password": {text}},
					"/organization":                         {"name": {text}},
					"/organizations":                        {"name": {text}},
					"/organizations/" + segment + "/switch": nil,
					"/organization/invitations":             {"email": {text}, "role": {text}},
					"/invitation/" + segment:                {"name": {text}, "email": {text}, "password": {text}},
					"/account/keys":                         {"name": {"x"}, "only": {text}, "life": {"30"}},
					"/account/password":                     {"new": {text}, "current": {text}},
					"/connections":                          {"name": {text}, "service": {"acme"}},
					"/services":                             {"name": {"x"}, "link_name": {"x"}, "type": {"basic"}, "base_url": {text}},
					"/services/github/client":               {"client_id": {text}, "client_secret": {text}},
				} {
					if a := servertest.Post(t, browser, l.URL+path, form); a.Status < 400 || a.Status >= 500 || a.Status == 401 {
						t.Errorf("POST %.30s with %s: got %d %s", path, what, a.Status, mainOf(a))
					}
				}
			}
		})
	}
}

// TestI14_TypesAreSaid: nothing is left for a browser to guess, and what holds markup of others is no page of ours.
func TestI14_TypesAreSaid(t *testing.T) {
	l := servertest.Start(t)
	const evil = "<script>alert(1)</script>"
	l.Connect(t, object("link_name", "acme", "name", evil, "hosts", []string{"a.example"}, "auth", object("type", "basic")), nil)
	browser := l.Browser(t)
	page := string(servertest.Get(t, browser, l.URL+"/connections").Body)
	for path, want := range map[string]string{
		"/connections": "text/html; charset=utf-8", "/connections/acme": "text/html; charset=utf-8", "/connections/none.html": "text/html; charset=utf-8", "/none.json": "text/html; charset=utf-8",
		"/v1/services/acme": "application/json", "/v1/services/none.html": "application/problem+json", "/openapi.json": "application/json", "/docs": "text/html; charset=utf-8",
		regexp.MustCompile(`/assets/app\.[^"]+\.css`).FindString(page): "text/css; charset=utf-8", regexp.MustCompile(`/assets/app\.[^"]+\.js`).FindString(page): "text/javascript; charset=utf-8",
		regexp.MustCompile(`/assets/icon\.[^"]+\.svg`).FindString(page): "image/svg+xml", "/assets/none.css": "",
	} {
		a := servertest.Get(t, browser, l.URL+path)
		if strings.HasPrefix(path, "/v1/") {
			a = l.API(t, "GET "+path, nil)
		}
		got := a.Header.Get("Content-Type")
		if want != "" && got != want || got == "" {
			t.Errorf("%q: the type is %q, want %q", path, got, want)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: its type can be guessed at", path)
		}
		if strings.HasPrefix(got, "text/html") && strings.Contains(string(a.Body), evil) {
			t.Errorf("%q: what others wrote is markup: %s", path, a.Body)
		}
	}
}
