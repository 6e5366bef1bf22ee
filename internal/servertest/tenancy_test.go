package servertest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/api"
	"lanyard/internal/problem"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// Who may do what, asked of every route there is. The tables here are made against [api.Routes]: a route that stands
// in the router and in no table fails the test, so nobody can add one without saying whom it answers.
//
// That an unknown thing and another organization's thing are answered alike is compared byte for byte. The time that the
// two take is not measured: both end in the same query by organization and name, which finds no row.

// tenancyUpstream is a service's API that answers everything with the key that arrived, and counts its calls.
type tenancyUpstream struct {
	URL string

	calls atomic.Int64
	mu    sync.Mutex
	last  http.Header
}

func newTenancyUpstream(t testing.TB) *tenancyUpstream {
	t.Helper()
	u := &tenancyUpstream{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.calls.Add(1)
		u.mu.Lock()
		u.last = r.Header.Clone()
		u.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"key": r.Header.Get("X-Api-Key")})
	}))
	t.Cleanup(s.Close)
	u.URL = s.URL
	return u
}

func (u *tenancyUpstream) header() http.Header {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last
}

// tenancyService is a service of that API, authenticated by one API key. Pairs replace or add members.
func tenancyService(t testing.TB, u *tenancyUpstream, name string, pairs ...any) map[string]any {
	t.Helper()
	s := object("link_name", name, "name", name, "base_url", u.URL, "hosts", []string{hostOf(t, u.URL)},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "display_name", "Key", "param_type", "header")}))
	maps.Copy(s, object(pairs...))
	return s
}

func tenancyKey(value string) map[string]any {
	return object("credentials", object("X-Api-Key", value))
}

// tenancyPrepare is a server with its owner that does not serve yet, so that people can be added to its store first.
func tenancyPrepare(t testing.TB, changes ...func(*server.Config)) *servertest.Lanyard {
	t.Helper()
	l := servertest.New(t, changes...)
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatalf("init: %v", err)
	}
	l.Key, l.OrganizationID, l.UserID = made.APIKey.Reveal(), made.OrganizationID, made.UserID
	return l
}

// tenancyObject gives the id of what was made last under that action, from the audit log.
func tenancyObject(t testing.TB, l *servertest.Lanyard, action lanyard.Action) string {
	t.Helper()
	items := tenancyItems(t, l, l.Key, "/v1/audit?action="+string(action))
	if len(items) == 0 {
		t.Fatalf("the audit log knows no %s", action)
	}
	return items[0]["object"].(string)
}

// tenancyItems walks a list to its end.
func tenancyItems(t testing.TB, l *servertest.Lanyard, key, path string, headers ...string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for cursor := ""; ; {
		next := path
		if cursor != "" {
			joint := "?"
			if strings.Contains(path, "?") {
				joint = "&"
			}
			next += joint + "cursor=" + cursor
		}
		a := l.As(t, key, "GET "+next, nil, headers...)
		if a.Status != 200 {
			t.Fatalf("GET %s: %d %s", next, a.Status, a.Body)
		}
		var page struct {
			Items      []map[string]any `json:"items"`
			NextCursor string           `json:"next_cursor"`
		}
		a.JSON(t, &page)
		if all = append(all, page.Items...); page.NextCursor == "" {
			return all
		}
		cursor = page.NextCursor
	}
}

// tenancyRoutes is the router's own index, each route as "METHOD pattern"; the proxy, which takes any method, as "ANY".
func tenancyRoutes() []string {
	var routes []string
	for _, r := range api.Routes() {
		method := r.Method
		if method == "" {
			method = "ANY"
		}
		routes = append(routes, method+" "+r.Pattern)
	}
	return routes
}

var tenancyProxyMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// tenancyEach gives the calls that a call stands for: itself, or one for each method of the proxy.
func tenancyEach(call string) []string {
	rest, isAny := strings.CutPrefix(call, "ANY ")
	if !isAny {
		return []string{call}
	}
	var calls []string
	for _, m := range tenancyProxyMethods {
		calls = append(calls, m+" "+rest)
	}
	return calls
}

// tenancyNames name one set of things: those of the other organization, or none at all.
type tenancyNames struct {
	link, service, connection, key, user, organization, invitation, webhook, run string
	extension                                                                    string // which it installed and publishes
}

// tenancyCall is one request that names something.
type tenancyCall struct {
	call   string
	body   any
	status int // for a thing of another organization and for one that there is not
}

// tenancyCalls lists, for every route that needs a key, the requests by which it could be led to something of another
// organization; none for a route that takes no name at all.
func tenancyCalls(n tenancyNames, upstream string) map[string][]tenancyCall {
	key := tenancyKey("attack")
	calls := map[string][]tenancyCall{
		"POST /v1/invoke": {
			{"POST /v1/invoke", object("connection", n.link, "url", "/x"), 404},
			{"POST /v1/invoke", object("connection", n.link, "url", upstream+"/x"), 404},
			{"POST /v1/invoke", object("connection", n.connection, "url", upstream+"/x"), 404},
			{"POST /v1/invoke", object("connection", n.service, "url", upstream+"/x"), 404},
			{"POST /v1/invoke", object("connection", n.organization+"/"+n.link, "url", upstream+"/x"), 404},
		},
		"ANY /v1/proxy/{link_name}/{path...}": {
			{"ANY /v1/proxy/" + n.link + "/x", nil, 404}, {"ANY /v1/proxy/" + n.connection + "/x", nil, 404}, {"ANY /v1/proxy/" + n.service + "/x", nil, 404},
		},
		"GET /v1/connections": {{"GET /v1/connections", nil, 200}},
		"POST /v1/connections": {
			{"POST /v1/connections", object("link_name", "stolen", "name", "Stolen", "service", n.link), 400},
			{"POST /v1/connections", object("link_name", "stolen", "name", "Stolen", "service", n.service), 400},
		},
		"GET /v1/services": {
			{"GET /v1/services?q=" + n.link, nil, 200},
			{"GET /v1/services?category=" + n.link, nil, 200},
		},
		"POST /v1/services": nil,
		"GET /v1/invocations": {
			{"GET /v1/invocations?connection=" + n.link, nil, 200},
			{"GET /v1/invocations?user=" + n.user, nil, 200},
		},
		"GET /v1/audit": {
			{"GET /v1/audit?object=" + n.service, nil, 200}, {"GET /v1/audit?object=" + n.connection, nil, 200},
			{"GET /v1/audit?object=" + n.key, nil, 200}, {"GET /v1/audit?object=" + n.user, nil, 200}, {"GET /v1/audit?object=" + n.organization, nil, 200},
		},
		"DELETE /v1/connections/{link_name}/users/{user}": {
			{"DELETE /v1/connections/" + n.link + "/users/" + n.user, nil, 404}, {"DELETE /v1/connections/mine/users/" + n.user, nil, 404},
		},
		"GET /v1/users":                     {{"GET /v1/users?q=" + n.user, nil, 200}, {"GET /v1/users?external_id=" + n.user, nil, 200}},
		"POST /v1/users":                    nil,
		"GET /v1/users/{id}":                {{"GET /v1/users/" + n.user, nil, 404}},
		"PATCH /v1/users/{id}":              {{"PATCH /v1/users/" + n.user, object("name", "Stolen"), 404}, {"PATCH /v1/users/" + n.user, object("disabled", true), 404}},
		"DELETE /v1/users/{id}":             {{"DELETE /v1/users/" + n.user, nil, 404}, {"DELETE /v1/users/" + n.user + "?delete_connections=true", nil, 404}},
		"POST /v1/users/{id}/hand_over":     {{"POST /v1/users/" + n.user + "/hand_over", object("to", n.user), 404}},
		"GET /v1/me":                        nil,
		"POST /v1/sign_in_links":            nil,
		"GET /v1/api_keys":                  nil,
		"POST /v1/api_keys":                 {{"POST /v1/api_keys", object("name", "k", "connections", []string{n.link}), 400}},
		"POST /v1/api_keys/{id}/rotate":     {{"POST /v1/api_keys/" + n.key + "/rotate", nil, 404}},
		"DELETE /v1/api_keys/{id}/previous": {{"DELETE /v1/api_keys/" + n.key + "/previous", nil, 404}},
		"POST /v1/connect_sessions": {
			{"POST /v1/connect_sessions", object("connection", n.link, "user", n.user, "return_to", "https://a.example/"), 404},
		},
		"GET /v1/connect_sessions/{id}":          {{"GET /v1/connect_sessions/" + n.connection, nil, 404}},
		"POST /v1/connect_sessions/{id}/confirm": {{"POST /v1/connect_sessions/" + n.connection + "/confirm", object("code", "c"), 404}},

		"DELETE /v1/api_keys/{id}":               {{"DELETE /v1/api_keys/" + n.key, nil, 404}},
		"GET /v1/invitations":                    nil,
		"POST /v1/invitations":                   nil,
		"DELETE /v1/invitations/{id}":            {{"DELETE /v1/invitations/" + n.invitation, nil, 404}},
		"POST /v1/users/{id}/reset_password":     {{"POST /v1/users/" + n.user + "/reset_password", object(), 404}},
		"GET /v1/organization/single_sign_on":    nil,
		"PUT /v1/organization/single_sign_on":    nil,
		"DELETE /v1/organization/single_sign_on": nil,
	}
	for _, route := range []string{"GET /v1/functions", "POST /v1/functions", "POST /v1/scripts/run", "POST /v1/scripts/check"} {
		calls[route] = nil
	}
	for route, body := range map[string]any{
		"GET /v1/functions/{link_name}":                    nil,
		"PATCH /v1/functions/{link_name}":                  object("name", "Stolen"),
		"DELETE /v1/functions/{link_name}":                 nil,
		"GET /v1/functions/{link_name}/versions":           nil,
		"GET /v1/functions/{link_name}/versions/{version}": nil,
		"POST /v1/functions/{link_name}/run":               object(),
		"GET /v1/functions/{link_name}/runs":               nil,
		"POST /v1/functions/{link_name}/hook":              nil,
		"DELETE /v1/functions/{link_name}/hook":            nil,
		"GET /v1/function_runs/{id}":                       nil,
	} {
		calls[route] = []tenancyCall{{strings.NewReplacer("{link_name}", n.link, "{version}", "1", "{id}", n.run).Replace(route), body, 404}}
	}
	for _, route := range []string{"GET /v1/extensions", "GET /v1/extension_offers", "GET /v1/publications", "POST /v1/publications"} {
		calls[route] = nil
	}
	calls["GET /v1/definitions"] = nil
	// Another organization's things are not there: what would be an edit of them has nothing to edit.
	for _, route := range []string{"POST /v1/definitions/plan", "POST /v1/definitions/apply"} {
		calls[route] = []tenancyCall{
			{route, object("lanyard", 1, "connections", []any{object("link_name", "stolen", "name", "Stolen", "service", n.service)}), 400},
			{route, object("lanyard", 1, "api_keys", []any{object("name", "stolen", "owner", "", "connections", []string{n.link})}), 400},
		}
	}
	offer := object("publisher", n.organization, "name", n.extension)
	accepted := object("publisher", n.organization, "name", n.extension, "digest", strings.Repeat("0", 64))
	calls["POST /v1/extensions/review"] = []tenancyCall{{"POST /v1/extensions/review", offer, 404}}
	calls["POST /v1/extensions"] = []tenancyCall{{"POST /v1/extensions", accepted, 404}}
	for route, body := range map[string]any{
		"GET /v1/extensions/{name}":         nil,
		"PATCH /v1/extensions/{name}":       object("when_publisher_gone", "end"),
		"DELETE /v1/extensions/{name}":      nil,
		"POST /v1/extensions/{name}/update": accepted,
		"GET /v1/publications/{name}":       nil,
		"PATCH /v1/publications/{name}":     object("audience", "everybody"),
		"DELETE /v1/publications/{name}":    nil,
	} {
		calls[route] = []tenancyCall{{strings.ReplaceAll(route, "{name}", n.extension), body, 404}}
	}
	calls["GET /v1/webhooks"], calls["POST /v1/webhooks"] = nil, nil
	for route, body := range map[string]any{
		"GET /v1/webhooks/{id}":                              nil,
		"PATCH /v1/webhooks/{id}":                            object("enabled", false),
		"DELETE /v1/webhooks/{id}":                           nil,
		"POST /v1/webhooks/{id}/rotate_secret":               nil,
		"POST /v1/webhooks/{id}/test":                        nil,
		"GET /v1/webhooks/{id}/deliveries":                   nil,
		"POST /v1/webhooks/{id}/deliveries/{delivery}/retry": nil,
	} {
		calls[route] = []tenancyCall{{strings.NewReplacer("{id}", n.webhook, "{delivery}", "evt_A").Replace(route), body, 404}}
	}
	for _, name := range []string{n.link, n.connection, n.service} {
		for route, body := range map[string]any{
			"GET /v1/connections/{link_name}":           nil,
			"PATCH /v1/connections/{link_name}":         object("name", "Stolen"),
			"DELETE /v1/connections/{link_name}":        nil,
			"POST /v1/connections/{link_name}/connect":  key,
			"POST /v1/connections/{link_name}/revoke":   nil,
			"GET /v1/connections/{link_name}/users":     nil,
			"GET /v1/services/{link_name}":              nil,
			"PATCH /v1/services/{link_name}":            object("name", "Stolen"),
			"DELETE /v1/services/{link_name}":           nil,
			"GET /v1/services/{link_name}/catalog_file": nil,
			"PUT /v1/services/{link_name}/client":       object("client_id", "stolen", "client_secret", "s"),
		} {
			calls[route] = append(calls[route], tenancyCall{strings.ReplaceAll(route, "{link_name}", name), body, 404})
		}
	}
	return calls
}

// tenancyTwo is a server with two organizations. The other one has a service and a connection "theirs", connected.
func tenancyTwo(t testing.TB) (l, other *servertest.Lanyard, up *tenancyUpstream, theirs tenancyNames) {
	t.Helper()
	l = tenancyPrepare(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	other = l.Organization(t, "zweite")
	l.Serve(t)
	if a := l.As(t, memberKey, "GET /v1/me", nil); a.Status != 200 {
		t.Fatalf("the member: %d %s", a.Status, a.Body)
	}
	up = newTenancyUpstream(t)
	other.Connect(t, tenancyService(t, up, "theirs", "category", "theirs"), tenancyKey("zweite-key"))
	other.Must(t, 201, "POST /v1/webhooks", object("url", "https://theirs.example/too", "enabled", false))
	other.Must(t, 201, "POST /v1/functions", object("link_name", "theirs", "name", "Theirs", "script", "info 1;"))
	for _, name := range []string{"theirs", "theirs_too"} {
		publishExtension(t, other, "nobody", extensionFiles(name, "1.0.0"))
	}
	installExtension(t, other, other.OrganizationID, "theirs")
	installExtension(t, other, other.OrganizationID, "theirs_too")
	theirs = tenancyNames{
		extension: "theirs",
		run:       other.Must(t, 200, "POST /v1/functions/theirs/run", object()).Field(t, "run_id").(string),
		link:      "theirs", service: tenancyObject(t, other, lanyard.ActionServiceCreate), connection: tenancyObject(t, other, lanyard.ActionConnectionCreate),
		user: string(other.UserID), organization: string(other.OrganizationID),
		key:        other.Must(t, 200, "GET /v1/api_keys", nil).Field(t, "items").([]any)[0].(map[string]any)["id"].(string),
		invitation: other.Must(t, 201, "POST /v1/invitations", object("role", "member")).Field(t, "id").(string),
		webhook:    other.Must(t, 201, "POST /v1/webhooks", object("url", "https://theirs.example/hook", "enabled", false)).Field(t, "id").(string),
	}
	return l, other, up, theirs
}

var (
	tenancyRandom = regexp.MustCompile(`\b(key|inv|org|usr|svc|con|whk)_[A-Z2-7]{26}|lanyard_[A-Z2-7]+|"hint":"[A-Z2-7]{4}"|"[a-z_]+_at":"[^"]*"`)
	// tenancyOwnHeaders differ from one answer to the next.
	tenancyOwnHeaders = []string{"Date", problem.RequestIDHeader}
)

// tenancyAlike is an answer with everything removed that may differ between two answers that tell the same.
func tenancyAlike(a *servertest.Answer, n tenancyNames) string {
	h := a.Header.Clone()
	if strings.Contains(string(a.Body), `_at":"`) {
		h.Del("Content-Length") // a time is written without its last zeros
	}
	for _, name := range tenancyOwnHeaders {
		h.Del(name)
	}
	body := strings.ReplaceAll(string(a.Body), n.link, "NAME")
	for _, name := range slices.Sorted(maps.Keys(h)) {
		body = name + ": " + strings.Join(h[name], ", ") + "\n" + body
	}
	return fmt.Sprintf("%d\n%s", a.Status, tenancyRandom.ReplaceAllString(body, "ID"))
}

func TestH01_AnotherOrganizationsThingsAreAsIfAbsent(t *testing.T) {
	l, other, up, theirs := tenancyTwo(t)
	// As long as theirs, so that the length of an answer must be equal too.
	nobody := tenancyNames{
		link: "nobody", service: string(lanyard.NewServiceID()), connection: string(lanyard.NewConnectionID()),
		key: string(lanyard.NewAPIKeyID()), user: string(lanyard.NewUserID()), organization: string(lanyard.NewOrganizationID()),
		invitation: string(lanyard.NewInvitationID()),
		extension:  "nobody",
		webhook:    string(lanyard.NewWebhookID()),
		run:        strings.Repeat("x", len(theirs.run)),
	}
	unchanged := func() string {
		return string(other.Must(t, 200, "GET /v1/services/theirs", nil).Body) + string(other.Must(t, 200, "GET /v1/connections/theirs", nil).Body) +
			string(other.Must(t, 200, "GET /v1/audit", nil).Body)
	}
	before := unchanged()
	known, unknown := tenancyCalls(theirs, up.URL), tenancyCalls(nobody, up.URL)
	for _, route := range tenancyRoutes() {
		calls, there := known[route]
		if !there && strings.Contains(route, " /v1/") {
			t.Errorf("%s has no row in tenancyCalls: list there the requests by which it names something, or nil when it names nothing", route)
		}
		for i, c := range calls {
			for j, call := range tenancyEach(c.call) {
				unknownCall := unknown[route][i]
				for who, headers := range map[string][]string{"owner": nil, "acting for a member": {"Lanyard-User", "ext-member@example.com"}} {
					if who != "owner" && strings.Contains(route, " /v1/users") && !strings.HasPrefix(route, "GET ") {
						continue // people are managed in one's own name
					}
					if who != "owner" && (strings.Contains(route, "/api_keys") || strings.Contains(route, "/invitations") || strings.Contains(route, "/webhooks")) || who != "owner" && strings.Contains(route, "/audit") || who != "owner" && strings.Contains(route, "/client") {
						continue // forbidden whatever is named
					}
					if who != "owner" && strings.Contains(route, " /v1/functions/") && !strings.HasPrefix(route, "GET ") && !strings.HasSuffix(route, "/run") {
						continue // functions are saved in one's own name
					}
					if who != "owner" && strings.HasSuffix(route, "/reset_password") {
						continue
					}
					if who != "owner" && (strings.Contains(route, "/publications") || strings.Contains(route, "/extensions") && !strings.HasPrefix(route, "GET ") && !strings.HasSuffix(route, "/review")) {
						continue // extensions are published and installed in one's own name
					}
					if who != "owner" && strings.Contains(route, "/v1/definitions/") {
						continue // and so are definitions applied
					}
					name := fmt.Sprintf("H01 %s %d as %s", route, i, who)
					got := l.API(t, call, c.body, headers...)
					want := l.API(t, tenancyEach(unknownCall.call)[j], unknownCall.body, headers...)
					if got.Status != c.status {
						t.Errorf("%s: %s: got %d, want %d: %s", name, call, got.Status, c.status, got.Body)
					}
					if a, b := tenancyAlike(got, theirs), tenancyAlike(want, nobody); a != b {
						t.Errorf("%s: %s: another organization's thing is answered\n%s\nand an unknown one\n%s", name, call, a, b)
					}
				}
			}
		}
	}
	for route := range known {
		if !slices.Contains(tenancyRoutes(), route) {
			t.Errorf("tenancyCalls has a row for %s, which is no route", route)
		}
	}
	if after := unchanged(); after != before {
		t.Errorf("the other organization was changed: before\n%s\nafter\n%s", before, after)
	}
	if n := up.calls.Load(); n != 0 {
		t.Errorf("H04: the other organization's service was called %d times", n)
	}
}

// tenancyLists are the lists with every filter that they have. USER and SERVICE stand for ids of the other organization.
var tenancyLists = map[string][]string{
	"GET /v1/connections": {"", "?view=my", "?view=shared", "?view=internal", "?view=extensions"},
	"GET /v1/services":    {"", "?kind=custom", "?kind=default", "?q=theirs", "?q=e", "?q=%25", "?q=_", "?category=theirs"},
	"GET /v1/invocations": {"", "?connection=theirs", "?connection=same", "?user=USER"},
	"GET /v1/audit":       {"", "?action=service.create", "?action=connection.create", "?object=SERVICE"},
	"GET /v1/api_keys":    {""},
	"GET /v1/users":       {"", "?q=zweite", "?q=e", "?role=owner", "?external_id=ext-alone", "?external_id=USER"},
	"GET /v1/invitations": {""},
	"GET /v1/webhooks":    {""},
	"GET /v1/functions":   {"", "?q=theirs", "?q=e", "?q=%25"},

	"GET /v1/extensions":       {""},
	"GET /v1/extension_offers": {""},
	"GET /v1/publications":     {""},
}

func TestH02_ListsHoldNothingOfAnotherOrganization(t *testing.T) {
	l, other, up, theirs := tenancyTwo(t)
	other.Connect(t, tenancyService(t, up, "theirs_too"), tenancyKey("zweite-key"))
	for _, each := range []*servertest.Lanyard{l, other} {
		key := "key of " + string(each.OrganizationID)
		each.Connect(t, tenancyService(t, up, "same"), tenancyKey(key))
		each.Must(t, 200, "POST /v1/invoke", object("connection", "same", "url", "/x"))
	}
	other.Must(t, 200, "POST /v1/invoke", object("connection", "theirs", "url", "/x"))
	await(t, "the calls are in the records of the other organization", func() bool {
		return len(tenancyItems(t, other, other.Key, "/v1/invocations")) == 2
	})
	await(t, "the call is in the records", func() bool { return len(tenancyItems(t, l, l.Key, "/v1/invocations")) == 1 })

	marks := []string{"theirs", theirs.service, theirs.connection, theirs.key, theirs.user, theirs.organization, theirs.invitation, "zweite"}
	for _, route := range tenancyRoutes() {
		path, isGet := strings.CutPrefix(route, "GET /v1/")
		if !isGet || strings.Contains(path, "{") || path == "me" || path == "organization/single_sign_on" || path == "definitions" { // none is a list
			continue
		}
		queries, ok := tenancyLists[route]
		if !ok {
			t.Errorf("%s has no row in tenancyLists: list there every filter of it", route)
			continue
		}
		for _, q := range queries {
			q = strings.NewReplacer("USER", theirs.user, "SERVICE", theirs.service).Replace(q)
			t.Run("H02 "+route+q, func(t *testing.T) {
				got, err := json.Marshal(tenancyItems(t, l, l.Key, "/v1/"+path+q))
				if err != nil {
					t.Fatal(err)
				}
				for _, mark := range marks {
					if strings.Contains(string(got), mark) {
						t.Errorf("%q of the other organization is in the list: %s", mark, got)
					}
				}
			})
		}
		if route == "GET /v1/api_keys" {
			other.Must(t, 201, "POST /v1/api_keys", object("name", "second"))
		}
		if route == "GET /v1/functions" {
			other.Must(t, 201, "POST /v1/functions", object("name", "Theirs too", "script", "info 1;"))
		}
		if route == "GET /v1/users" {
			other.Must(t, 201, "POST /v1/users", object("name", "Alone", "external_id", "ext-alone"))
		}
		if route == "GET /v1/invitations" {
			other.Must(t, 201, "POST /v1/invitations", object("role", "member"))
		}
		t.Run("H02 "+route+" cursor", func(t *testing.T) {
			cursor, _ := other.Must(t, 200, "GET /v1/"+path+"?limit=1", nil).Field(t, "next_cursor").(string)
			if cursor == "" {
				t.Fatal("the other organization's list has one page only")
			}
			if a := other.API(t, "GET /v1/"+path+"?limit=1&cursor="+cursor, nil); a.Status != 200 {
				t.Errorf("in its own organization: %d %s", a.Status, a.Body)
			}
			a := l.API(t, "GET /v1/"+path+"?limit=1&cursor="+cursor, nil)
			if a.Status != 400 || a.Code() != "invalid_request" || !strings.Contains(string(a.Body), `"pointer":"cursor"`) {
				t.Errorf("in another organization: got %d %s, want invalid_request that names the cursor", a.Status, a.Body)
			}
		})
	}
	t.Run("H02 not even that there are more", func(t *testing.T) {
		// One service here, three there: a page of one is the last one.
		if a := l.Must(t, 200, "GET /v1/services?kind=custom&limit=1", nil); a.Field(t, "next_cursor") != "" {
			t.Errorf("got %s", a.Body)
		}
	})
	t.Run("H16 equal link names keep their own credentials", func(t *testing.T) {
		for range 20 {
			for _, each := range []*servertest.Lanyard{l, other} {
				if a := each.Must(t, 200, "POST /v1/invoke", object("connection", "same", "url", "/x")); a.Field(t, "body.key") != "[redacted]" {
					t.Fatalf("the upstream's answer: %s", a.Body)
				}
				if got, want := up.header().Get("X-Api-Key"), "key of "+string(each.OrganizationID); got != want {
					t.Fatalf("the call of %s carried %q", each.OrganizationID, got)
				}
			}
		}
	})
}

// tenancySilence is a listener that nobody has any reason to call.
func tenancySilence(t testing.TB) (address string, calls func() int64) {
	t.Helper()
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := n.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = n.Close()
		<-done
	})
	return "http://" + n.Addr().String(), accepted.Load
}

func TestH04_ForeignConnectionsCallNobody(t *testing.T) {
	l, other, up, theirs := tenancyTwo(t)
	silent, accepted := tenancySilence(t)
	other.Connect(t, tenancyService(t, up, "quiet", "base_url", silent, "hosts", []string{hostOf(t, silent)}), tenancyKey("zweite-key"))
	l.Connect(t, tenancyService(t, up, "mine", "base_url", silent, "hosts", []string{hostOf(t, silent)}), nil)
	for _, c := range []struct {
		name    string
		call    string
		body    any
		status  int
		code    string
		headers []string
	}{
		{"link name", "POST /v1/invoke", object("connection", "quiet", "url", "/x"), 404, "not_found", nil},
		{"connection id", "POST /v1/invoke", object("connection", theirs.connection, "url", silent), 404, "not_found", nil},
		{"service id", "POST /v1/invoke", object("connection", theirs.service, "url", silent), 404, "not_found", nil},
		{"service id beside one's own", "POST /v1/invoke", object("connection", "mine", "service", theirs.service, "url", "/x"), 400, "invalid_request", nil},
		{"organization beside it", "POST /v1/invoke", object("connection", "quiet", "organization", theirs.organization, "url", "/x"), 400, "invalid_request", nil},
		{"organization in a header", "POST /v1/invoke", object("connection", "quiet", "url", "/x"), 404, "not_found",
			[]string{"Lanyard-Organization", theirs.organization, "X-Organization-Id", theirs.organization}},
		{"connection in a header", "POST /v1/invoke", object("connection", "mine", "url", "/x"), 409, "not_connected",
			[]string{"Lanyard-Connection", "quiet", "Lanyard-Service", theirs.service}},
		{"another organization's user", "POST /v1/invoke", object("connection", "quiet", "url", "/x"), 404, "not_found", []string{"Lanyard-User", theirs.user}},
		{"proxy", "GET /v1/proxy/quiet/x", nil, 404, "not_found", nil},
		{"proxy, organization in a header", "GET /v1/proxy/quiet/x", nil, 404, "not_found", []string{"Lanyard-Organization", theirs.organization}},
		{"proxy, climbing", "GET /v1/proxy/mine/../quiet/x", nil, 409, "not_connected", nil},
		{"connect", "POST /v1/connections/quiet/connect", tenancyKey("k"), 404, "not_found", nil},
	} {
		t.Run("H04 "+c.name, func(t *testing.T) {
			a := l.API(t, c.call, c.body, c.headers...)
			if a.Status != c.status || a.Code() != c.code {
				t.Errorf("got %d %s, want %d %s", a.Status, a.Body, c.status, c.code)
			}
		})
	}
	if n := accepted() + up.calls.Load(); n != 0 {
		t.Errorf("%d calls left the building", n)
	}
	// The listener does hear: the right organization's call arrives.
	if a := other.API(t, "POST /v1/invoke", object("connection", "quiet", "url", "/x")); a.Status != 502 || accepted() == 0 {
		t.Errorf("the rightful call: %d %s, %d arrived", a.Status, a.Body, accepted())
	}
}

// The columns of tenancyAccess, in this order.
var tenancyCallers = []string{
	"anonymous", "made-up key", "deleted key", "expired key", // nobody
	"member who may not manage", "member", "admin", "owner", "owner of another organization",
	"owner's key limited to one connection", "owner's key acting for a member",
}

// tenancyRule is what a route answers to each of the callers. The thing that it names, "mine", was made by the owner.
// A # stands for a number that no other call has.
type tenancyRule struct {
	route   string
	call    string // the route with its names filled in
	body    string
	changes bool // a success leaves things otherwise than they were
	want    [11]int
}

// nobody is the answer to the first four columns.
func nobody(rest ...int) (row [11]int) {
	copy(row[:], []int{401, 401, 401, 401})
	copy(row[4:], rest)
	return row
}

// everybody is the row of what is open.
func everybody() (row [11]int) {
	for i := range row {
		row[i] = 200
	}
	return row
}

var tenancyAccess = []tenancyRule{
	//                                                                    reader member admin owner other limited acting
	{"POST /v1/invoke", "POST /v1/invoke", `{"connection":"mine","url":"/x"}`, false, nobody(200, 200, 200, 200, 404, 200, 200)},
	{"ANY /v1/proxy/{link_name}/{path...}", "ANY /v1/proxy/mine/x", ``, false, nobody(200, 200, 200, 200, 404, 200, 200)},

	{"GET /v1/connections", "GET /v1/connections", ``, false, nobody(200, 200, 200, 200, 200, 200, 200)},
	{"POST /v1/connections", "POST /v1/connections", `{"link_name":"new_#","name":"New","service":"acme"}`, true, nobody(403, 201, 201, 201, 400, 403, 201)},
	{"GET /v1/connections/{link_name}", "GET /v1/connections/mine", ``, false, nobody(404, 404, 404, 200, 404, 200, 404)},
	{"PATCH /v1/connections/{link_name}", "PATCH /v1/connections/mine", `{"name":"New #"}`, true, nobody(404, 404, 404, 200, 404, 200, 404)},
	{"DELETE /v1/connections/{link_name}", "DELETE /v1/connections/mine", ``, true, nobody(404, 404, 404, 204, 404, 204, 404)},
	{"POST /v1/connections/{link_name}/connect", "POST /v1/connections/mine/connect", `{"credentials":{"X-Api-Key":"k"}}`, true, nobody(404, 404, 404, 200, 404, 200, 404)},
	{"POST /v1/connections/{link_name}/revoke", "POST /v1/connections/mine/revoke", ``, true, nobody(404, 404, 404, 200, 404, 200, 404)},
	{"GET /v1/connections/{link_name}/users", "GET /v1/connections/mine/users", ``, false, nobody(404, 404, 404, 200, 404, 200, 404)},
	{"DELETE /v1/connections/{link_name}/users/{user}", "DELETE /v1/connections/mine/users/usr_A", ``, false, nobody(404, 404, 404, 404, 404, 404, 404)},

	{"POST /v1/connect_sessions", "POST /v1/connect_sessions", `{"connection":"mine","user":"ext-reader@example.com","return_to":"https://a.example/"}`, false, nobody(403, 403, 403, 400, 404, 403, 400)},
	{"GET /v1/connect_sessions/{id}", "GET /v1/connect_sessions/cse_A", ``, false, nobody(403, 403, 403, 404, 404, 403, 404)},
	{"POST /v1/connect_sessions/{id}/confirm", "POST /v1/connect_sessions/cse_A/confirm", `{"code":"c"}`, false, nobody(403, 403, 403, 404, 404, 403, 404)},
	{"POST /v1/scripts/run", "POST /v1/scripts/run", `{"script":"info 1;"}`, false, nobody(200, 200, 200, 200, 200, 200, 200)},
	{"POST /v1/scripts/check", "POST /v1/scripts/check", `{"script":"info 1;"}`, false, nobody(200, 200, 200, 200, 200, 200, 200)},
	{"GET /v1/functions", "GET /v1/functions", ``, false, nobody(200, 200, 200, 200, 200, 403, 200)},
	{"POST /v1/functions", "POST /v1/functions", `{"link_name":"new_#","name":"New","script":"info 1;"}`, true, nobody(403, 201, 201, 201, 201, 403, 403)},
	{"GET /v1/functions/{link_name}", "GET /v1/functions/absent", ``, false, nobody(404, 404, 404, 404, 404, 403, 404)},
	{"PATCH /v1/functions/{link_name}", "PATCH /v1/functions/absent", `{"name":"New"}`, false, nobody(403, 404, 404, 404, 404, 403, 403)},
	{"DELETE /v1/functions/{link_name}", "DELETE /v1/functions/absent", ``, false, nobody(403, 404, 404, 404, 404, 403, 403)},
	{"GET /v1/functions/{link_name}/versions", "GET /v1/functions/absent/versions", ``, false, nobody(404, 404, 404, 404, 404, 403, 404)},
	{"GET /v1/functions/{link_name}/versions/{version}", "GET /v1/functions/absent/versions/1", ``, false, nobody(404, 404, 404, 404, 404, 403, 404)},
	{"POST /v1/functions/{link_name}/run", "POST /v1/functions/absent/run", `{}`, false, nobody(404, 404, 404, 404, 404, 404, 404)},
	{"GET /v1/functions/{link_name}/runs", "GET /v1/functions/absent/runs", ``, false, nobody(404, 404, 404, 404, 404, 404, 404)},
	{"POST /v1/functions/{link_name}/hook", "POST /v1/functions/absent/hook", ``, false, nobody(403, 404, 404, 404, 404, 403, 403)},
	{"DELETE /v1/functions/{link_name}/hook", "DELETE /v1/functions/absent/hook", ``, false, nobody(403, 404, 404, 404, 404, 403, 403)},
	{"GET /v1/function_runs/{id}", "GET /v1/function_runs/run_A", ``, false, nobody(404, 404, 404, 404, 404, 404, 404)},
	{"POST /hooks/{token}", "POST /hooks/ABCDEFGHIJKLMNOPQRSTUVWXYZ", `{}`, false, [11]int{404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404}}, // no key is looked at
	{"GET /v1/webhooks", "GET /v1/webhooks", ``, false, nobody(403, 403, 200, 200, 200, 403, 403)},
	{"POST /v1/webhooks", "POST /v1/webhooks", `{"url":"https://app.example/#","enabled":false}`, false, nobody(403, 403, 201, 201, 201, 403, 403)},
	{"GET /v1/webhooks/{id}", "GET /v1/webhooks/whk_A", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"PATCH /v1/webhooks/{id}", "PATCH /v1/webhooks/whk_A", `{"enabled":true}`, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"DELETE /v1/webhooks/{id}", "DELETE /v1/webhooks/whk_A", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"POST /v1/webhooks/{id}/rotate_secret", "POST /v1/webhooks/whk_A/rotate_secret", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"POST /v1/webhooks/{id}/test", "POST /v1/webhooks/whk_A/test", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"GET /v1/webhooks/{id}/deliveries", "GET /v1/webhooks/whk_A/deliveries", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"POST /v1/webhooks/{id}/deliveries/{delivery}/retry", "POST /v1/webhooks/whk_A/deliveries/evt_A/retry", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},

	{"GET /v1/definitions", "GET /v1/definitions", ``, false, nobody(403, 403, 200, 200, 200, 403, 403)},
	{"POST /v1/definitions/plan", "POST /v1/definitions/plan", `{"lanyard":1}`, false, nobody(403, 403, 200, 200, 200, 403, 403)},
	{"POST /v1/definitions/apply", "POST /v1/definitions/apply", `{"lanyard":1}`, false, nobody(403, 403, 200, 200, 200, 403, 403)},
	{"GET /v1/extensions", "GET /v1/extensions", ``, false, nobody(200, 200, 200, 200, 200, 403, 200)},
	{"POST /v1/extensions/review", "POST /v1/extensions/review", `{"publisher":"org_A","name":"absent"}`, false, nobody(404, 404, 404, 404, 404, 403, 404)},
	{"POST /v1/extensions", "POST /v1/extensions", `{"publisher":"org_A","name":"absent","digest":"0"}`, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"GET /v1/extensions/{name}", "GET /v1/extensions/absent", ``, false, nobody(404, 404, 404, 404, 404, 403, 404)},
	{"PATCH /v1/extensions/{name}", "PATCH /v1/extensions/absent", `{"when_publisher_gone":"end"}`, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"POST /v1/extensions/{name}/update", "POST /v1/extensions/absent/update", `{"publisher":"org_A","name":"absent","digest":"0"}`, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"DELETE /v1/extensions/{name}", "DELETE /v1/extensions/absent", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"GET /v1/extension_offers", "GET /v1/extension_offers", ``, false, nobody(200, 200, 200, 200, 200, 403, 200)},
	{"GET /v1/publications", "GET /v1/publications", ``, false, nobody(403, 403, 200, 200, 200, 403, 403)},
	{"POST /v1/publications", "POST /v1/publications", `{"package":"AAAA","audience":"everybody"}`, false, nobody(403, 403, 400, 400, 400, 403, 403)},
	{"GET /v1/publications/{name}", "GET /v1/publications/absent", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"PATCH /v1/publications/{name}", "PATCH /v1/publications/absent", `{"audience":"everybody"}`, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"DELETE /v1/publications/{name}", "DELETE /v1/publications/absent", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},

	{"GET /v1/services", "GET /v1/services", ``, false, nobody(200, 200, 200, 200, 200, 200, 200)},
	{"POST /v1/services", "POST /v1/services", `{"link_name":"new_#","name":"New","hosts":["a.example"],"auth":{"type":"basic"}}`, true, nobody(403, 201, 201, 201, 201, 403, 201)},
	{"GET /v1/services/{link_name}", "GET /v1/services/acme", ``, false, nobody(200, 200, 200, 200, 404, 200, 200)},
	{"PATCH /v1/services/{link_name}", "PATCH /v1/services/acme", `{"name":"New #"}`, true, nobody(403, 403, 403, 200, 404, 403, 403)},
	{"DELETE /v1/services/{link_name}", "DELETE /v1/services/acme", ``, true, nobody(403, 403, 403, 200, 404, 403, 403)},

	{"GET /v1/services/{link_name}/catalog_file", "GET /v1/services/acme/catalog_file", ``, false, nobody(200, 200, 200, 200, 404, 200, 200)},
	{"PUT /v1/services/{link_name}/client", "PUT /v1/services/github/client", `{"client_id":"id-#","client_secret":"s"}`, false, nobody(403, 403, 200, 200, 200, 403, 403)},

	{"GET /v1/invocations", "GET /v1/invocations", ``, false, nobody(200, 200, 200, 200, 200, 200, 200)},
	{"GET /v1/audit", "GET /v1/audit", ``, false, nobody(403, 403, 200, 200, 200, 403, 403)},

	{"GET /v1/users", "GET /v1/users", ``, false, nobody(200, 200, 200, 200, 200, 403, 200)},
	{"POST /v1/users", "POST /v1/users", `{"name":"New","external_id":"new-#"}`, false, nobody(403, 403, 201, 201, 201, 403, 403)},
	{"POST /v1/users", "POST /v1/users", `{"name":"New","external_id":"new-#","role":"owner"}`, false, nobody(403, 403, 403, 201, 201, 403, 403)},
	{"GET /v1/users/{id}", "GET /v1/users/PERSON", ``, false, nobody(200, 200, 200, 200, 404, 403, 200)},
	{"PATCH /v1/users/{id}", "PATCH /v1/users/PERSON", `{"name":"New #"}`, false, nobody(403, 403, 200, 200, 404, 403, 403)},
	{"PATCH /v1/users/{id}", "PATCH /v1/users/OWNER", `{"name":"New #"}`, false, nobody(403, 403, 403, 200, 404, 403, 403)},
	{"POST /v1/users/{id}/hand_over", "POST /v1/users/PERSON/hand_over", `{"to":"OWNER"}`, false, nobody(403, 403, 200, 200, 404, 403, 403)},
	{"DELETE /v1/users/{id}", "DELETE /v1/users/PERSON", ``, true, nobody(403, 403, 204, 204, 404, 403, 403)},
	{"DELETE /v1/users/{id}", "DELETE /v1/users/OWNER", ``, false, nobody(403, 403, 403, 409, 404, 403, 403)},
	{"GET /v1/invitations", "GET /v1/invitations", ``, false, nobody(403, 403, 200, 200, 200, 403, 403)},
	{"POST /v1/invitations", "POST /v1/invitations", `{"email":"new#@example.com","role":"admin"}`, false, nobody(403, 403, 201, 201, 201, 403, 403)},
	{"POST /v1/invitations", "POST /v1/invitations", `{"role":"owner"}`, false, nobody(403, 403, 403, 201, 201, 403, 403)},
	{"DELETE /v1/invitations/{id}", "DELETE /v1/invitations/inv_A", ``, false, nobody(403, 403, 404, 404, 404, 403, 403)},

	{"GET /v1/me", "GET /v1/me", ``, false, nobody(200, 200, 200, 200, 200, 200, 200)},
	{"POST /v1/sign_in_links", "POST /v1/sign_in_links", ``, false, nobody(403, 201, 201, 201, 201, 403, 403)},
	{"POST /v1/users/{id}/reset_password", "POST /v1/users/usr_A/reset_password", `{}`, false, nobody(403, 403, 404, 404, 404, 403, 403)},
	{"GET /v1/organization/single_sign_on", "GET /v1/organization/single_sign_on", ``, false, nobody(403, 403, 403, 404, 404, 403, 403)},
	{"PUT /v1/organization/single_sign_on", "PUT /v1/organization/single_sign_on", `{"issuer":"","client_id":"c","domains":["example.com"]}`, false, nobody(403, 403, 403, 400, 400, 403, 403)},
	{"DELETE /v1/organization/single_sign_on", "DELETE /v1/organization/single_sign_on", ``, false, nobody(403, 403, 403, 404, 404, 403, 403)},
	{"GET /v1/api_keys", "GET /v1/api_keys", ``, false, nobody(403, 200, 200, 200, 200, 403, 403)},
	{"POST /v1/api_keys", "POST /v1/api_keys", `{"name":"New #"}`, false, nobody(403, 201, 201, 201, 201, 403, 403)},
	{"POST /v1/api_keys/{id}/rotate", "POST /v1/api_keys/KEY/rotate", ``, true, nobody(403, 404, 404, 200, 404, 403, 403)},
	{"DELETE /v1/api_keys/{id}/previous", "DELETE /v1/api_keys/KEY/previous", ``, false, nobody(403, 404, 404, 404, 404, 403, 403)},
	{"DELETE /v1/api_keys/{id}", "DELETE /v1/api_keys/KEY", ``, true, nobody(403, 404, 404, 204, 404, 403, 403)},

	{"GET /healthz", "GET /healthz", ``, false, everybody()},
	{"GET /readyz", "GET /readyz", ``, false, everybody()},
	{"GET /metrics", "GET /metrics", ``, false, everybody()},
	{"GET /openapi.json", "GET /openapi.json", ``, false, everybody()},
	{"GET /schemas/catalog.json", "GET /schemas/catalog.json", ``, false, everybody()},
	{"GET /schemas/extension.json", "GET /schemas/extension.json", ``, false, everybody()},
	{"GET /docs", "GET /docs", ``, false, everybody()},
	{"GET /docs/{file}", "GET DOCS", ``, false, everybody()},
}

var tenancyCodes = map[int]string{400: "invalid_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found"}

func TestH03_EveryRouteForEveryCaller(t *testing.T) {
	l := tenancyPrepare(t)
	_, reader := l.Member(t, "reader@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, admin := l.Member(t, "admin@example.com", lanyard.RoleAdmin, lanyard.KeyRights{Manage: true})
	expiredUser, expired := l.Member(t, "expired@example.com", lanyard.RoleOwner, lanyard.KeyRights{Manage: true})
	l.SQL(t, `UPDATE api_keys SET expires_at = 1000 WHERE user_id = $1`, string(expiredUser))
	other := l.Organization(t, "zweite")
	l.Serve(t)
	up := newTenancyUpstream(t)

	newKey := func(body any) (id, key string) {
		a := l.Must(t, 201, "POST /v1/api_keys", body)
		return a.Field(t, "id").(string), a.Field(t, "key").(string)
	}
	deletedID, deleted := newKey(object("name", "deleted"))
	if a := l.As(t, deleted, "GET /v1/me", nil); a.Status != 200 { // warm
		t.Fatalf("the key before it is deleted: %d %s", a.Status, a.Body)
	}
	l.Must(t, 204, "DELETE /v1/api_keys/"+deletedID, nil)
	docs := regexp.MustCompile(`/docs/[^"]+\.css`).FindString(string(l.Must(t, 200, "GET /docs", nil).Body))

	// As they stand before each call that can tell the difference.
	person := ""
	restore := func() (key string) {
		if person == "" || l.API(t, "GET /v1/users/"+person, nil).Status == 404 {
			person = l.Must(t, 201, "POST /v1/users", object("name", "Person", "email", "person@example.com")).Field(t, "id").(string)
		}
		if a := l.API(t, "POST /v1/services", tenancyService(t, up, "acme")); a.Status != 201 && a.Status != 409 {
			t.Fatalf("make the service: %d %s", a.Status, a.Body)
		}
		if a := l.API(t, "POST /v1/connections/mine/connect", tenancyKey("k")); a.Status != 200 {
			l.API(t, "DELETE /v1/connections/mine", nil) // of a service that was deleted
			l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme"))
			l.Must(t, 200, "POST /v1/connections/mine/connect", tenancyKey("k"))
		}
		key, _ = newKey(object("name", "victim"))
		return key
	}
	victim := restore()
	_, limited := newKey(object("name", "limited", "connections", []string{"mine"}))

	keys := []string{"", "lanyard_" + strings.Repeat("A", 52), deleted, expired, reader, memberKey, admin, l.Key, other.Key, limited, l.Key}
	seen := map[string]bool{}
	number := 0
	for _, rule := range tenancyAccess {
		seen[rule.route] = true
		for i, caller := range tenancyCallers {
			var headers []string
			if caller == "owner's key acting for a member" {
				headers = []string{"Lanyard-User", "ext-member@example.com"}
			}
			for _, call := range tenancyEach(rule.call) {
				number++
				call = strings.NewReplacer("KEY", victim, "DOCS", docs, "PERSON", person, "OWNER", string(l.UserID)).Replace(call)
				var body any
				if rule.body != "" {
					body = strings.NewReplacer("#", fmt.Sprint(number), "OWNER", string(l.UserID)).Replace(rule.body)
				}
				a := l.As(t, keys[i], call, body, headers...)
				if a.Status != rule.want[i] {
					t.Errorf("H03 %s as %s: got %d, want %d: %s", call, caller, a.Status, rule.want[i], a.Body)
				}
				if want := tenancyCodes[a.Status]; want != "" && a.Code() != want && !strings.HasPrefix(call, "HEAD") {
					t.Errorf("H03 %s as %s: %d with the code %q, want %q", call, caller, a.Status, a.Code(), want)
				}
				if rule.changes && a.Status < 300 {
					victim = restore()
				}
			}
		}
	}
	for _, route := range tenancyRoutes() {
		if !seen[route] {
			t.Errorf("%s has no row in tenancyAccess: add one that says what each of the callers gets (%s)", route, strings.Join(tenancyCallers, ", "))
		}
		delete(seen, route)
	}
	for route := range seen {
		t.Errorf("tenancyAccess has a row for %s, which is no route", route)
	}
}

// tenancyForeignFields are fields that would be dangerous if a write took them.
var tenancyForeignFields = map[string]any{
	"org_id": "ORG", "organization": "ORG", "organization_id": "ORG", "owner": "USER", "owner_id": "USER", "user": "USER", "user_id": "USER", "author": "USER",
	"author_id": "USER", "created_by": "USER", "role": "owner", "id": "svc_AAAAAAAAAAAAAAAAAAAAAAAAAA", "is_default": true, "version": 99, "status": "connected",
	"origin": "internal", "created_at": "2001-01-01T00:00:00Z", "hash": "x", "hint": "AAAA", "key": "lanyard_" + strings.Repeat("A", 52), "service_id": "svc_A", "callback_url": "https://evil.example",
}

func TestH13_ExtraFieldsAreNeverApplied(t *testing.T) {
	l, _, up, theirs := tenancyTwo(t)
	l.Connect(t, tenancyService(t, up, "mine"), tenancyKey("k"))
	bodies := map[string]map[string]any{
		"POST /v1/services":                        tenancyService(t, up, "extra"),
		"PATCH /v1/services/{link_name}":           object("description", "extra"),
		"POST /v1/connections":                     object("link_name", "extra", "name", "Extra", "service", "mine"),
		"PATCH /v1/connections/{link_name}":        object("name", "Extra"),
		"POST /v1/connections/{link_name}/connect": tenancyKey("other"),
		"POST /v1/connections/{link_name}/revoke":  object(),
		"PUT /v1/services/{link_name}/client":      object("client_id", "id", "client_secret", "s"),
		"POST /v1/invoke":                          object("connection", "mine", "url", "/x"),
		"POST /v1/api_keys":                        object("name", "extra"),
		"POST /v1/sign_in_links":                   object(),
		"POST /v1/users":                           object("name", "Extra", "external_id", "extra"),
		"PATCH /v1/users/{id}":                     object("name", "Extra"),
		"POST /v1/users/{id}/hand_over":            object("to", string(l.UserID)),
		"POST /v1/invitations":                     object("role", "member"),
		"POST /v1/api_keys/{id}/rotate":            object("overlap_seconds", 60),
		"POST /v1/connect_sessions":                object("connection", "mine", "user", string(l.UserID), "return_to", "https://app.example.com/"),
		"POST /v1/connect_sessions/{id}/confirm":   object("code", "c", "user", string(l.UserID)),
		"POST /v1/users/{id}/reset_password":       object("revoke_access", false),
		"POST /v1/webhooks":                        object("url", "https://app.example.com/hook", "enabled", false),
		"PATCH /v1/webhooks/{id}":                  object("enabled", false),
		"POST /v1/webhooks/{id}/rotate_secret":     object(),
		"POST /v1/webhooks/{id}/test":              object(),
		"POST /v1/scripts/run":                     object("script", "info 1;"),
		"POST /v1/scripts/check":                   object("script", "info 1;"),
		"POST /v1/functions":                       object("link_name", "extra", "name", "Extra", "script", "info 1;"),
		"PATCH /v1/functions/{link_name}":          object("name", "Extra", "version", 1),
		"POST /v1/functions/{link_name}/run":       object("arguments", object()),
		"POST /v1/functions/{link_name}/hook":      object(),
		"POST /v1/definitions/plan":                object("lanyard", 1),
		"POST /v1/definitions/apply":               object("lanyard", 1),
		"POST /v1/extensions/review":               object("publisher", theirs.organization, "name", "theirs"),
		"POST /v1/extensions":                      object("publisher", theirs.organization, "name", "theirs", "digest", "0"),
		"PATCH /v1/extensions/{name}":              object("when_publisher_gone", "end"),
		"POST /v1/extensions/{name}/update":        object("publisher", theirs.organization, "name", "theirs", "digest", "0"),
		"POST /v1/publications":                    object("package", "AAAA", "audience", "everybody"),
		"PATCH /v1/publications/{name}":            object("audience", "everybody"),

		"POST /v1/webhooks/{id}/deliveries/{delivery}/retry": object(),
		"PUT /v1/organization/single_sign_on":                object("issuer", "https://login.example.com", "client_id", "c", "domains", []string{"example.com"}),
	}
	member := tenancyItems(t, l, l.Key, "/v1/users?q=member@")[0]["id"].(string)
	state := func() string {
		var all []string
		for _, path := range []string{"/v1/services", "/v1/connections", "/v1/api_keys", "/v1/users", "/v1/audit"} {
			items, err := json.Marshal(tenancyItems(t, l, l.Key, path))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, regexp.MustCompile(`"last_used_at":"[^"]*"`).ReplaceAllString(string(items), ""))
		}
		return strings.Join(all, "\n")
	}
	before := state()
	for _, route := range tenancyRoutes() {
		if !strings.HasPrefix(route, "POST ") && !strings.HasPrefix(route, "PATCH ") && !strings.HasPrefix(route, "PUT ") {
			continue
		}
		body, ok := bodies[route]
		if !ok && strings.HasPrefix(route, "POST /hooks/") {
			continue // whatever is posted there is the function's business
		}
		if !ok {
			t.Errorf("%s has no row in this test: add a body that it accepts, to which the foreign fields are added", route)
			continue
		}
		for field, value := range tenancyForeignFields {
			if field == "role" && strings.HasSuffix(route, " /v1/users") || field == "role" && route == "PATCH /v1/users/{id}" {
				continue // theirs, within the rights of who asks: TestH03 has these
			}
			sent := maps.Clone(body)
			if _, own := sent[field]; own {
				continue
			}
			switch value {
			case "ORG":
				value = theirs.organization
			case "USER":
				value = theirs.user
			}
			sent[field] = value
			a := l.API(t, strings.NewReplacer("{link_name}", "mine", "{name}", "mine", "{id}", member, "{delivery}", "evt_A").Replace(route), sent)
			if a.Status != 400 || a.Code() != "invalid_request" || !strings.Contains(string(a.Body), `"pointer":"/`+field+`"`) {
				t.Errorf("H13 %s with %s: got %d %s, want invalid_request that names it", route, field, a.Status, a.Body)
			}
		}
	}
	for _, call := range []struct {
		call string
		body map[string]any
	}{
		{"POST /v1/services", tenancyService(t, up, "extra", "kind", "default")},
		{"POST /v1/services", tenancyService(t, up, "extra", "auth", object("type", "basic", "organization_id", theirs.organization))},
	} {
		if a := l.API(t, call.call, call.body); a.Status != 400 || a.Code() != "invalid_request" {
			t.Errorf("H13 %s %v: got %d %s", call.call, call.body, a.Status, a.Body)
		}
	}
	if after := state(); after != before {
		t.Errorf("something was changed: before\n%s\nafter\n%s", before, after)
	}
	if n := up.calls.Load(); n != 0 {
		t.Errorf("%d calls left the building", n)
	}
}

func TestH14_WhatAKeyIsLimitedTo(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	for _, name := range []string{"one", "two"} {
		l.Connect(t, tenancyService(t, up, name), tenancyKey("key-of-"+name))
	}
	key := func(body map[string]any) string {
		return l.Must(t, 201, "POST /v1/api_keys", body).Field(t, "key").(string)
	}

	t.Run("H14 one connection", func(t *testing.T) {
		one := key(object("name", "one", "connections", []string{"one"}))
		before := up.calls.Load()
		for call, want := range map[string]int{
			"GET /v1/connections/two": 404, "PATCH /v1/connections/two": 404, "DELETE /v1/connections/two": 404, "POST /v1/connections/two/connect": 404,
			"POST /v1/connections/two/revoke": 404, "GET /v1/proxy/two/x": 403, "GET /v1/connections/one": 200, "POST /v1/api_keys": 403, "GET /v1/audit": 403,
		} {
			var body any
			switch {
			case strings.HasPrefix(call, "PATCH"):
				body = object("name", "Taken")
			case strings.HasSuffix(call, "/connect"):
				body = tenancyKey("taken")
			case strings.HasSuffix(call, "/api_keys"):
				body = object("name", "wider")
			}
			if a := l.As(t, one, call, body); a.Status != want {
				t.Errorf("%s: got %d %s, want %d", call, a.Status, a.Body, want)
			}
		}
		if a := l.As(t, one, "POST /v1/invoke", object("connection", "two", "url", "/x")); a.Status != 403 || a.Code() != "forbidden" {
			t.Errorf("invoke of another: %d %s", a.Status, a.Body)
		}
		if a := l.As(t, one, "POST /v1/invoke", object("url", up.URL)); a.Status != 403 || a.Code() != "forbidden" {
			t.Errorf("invoke without a connection: %d %s", a.Status, a.Body)
		}
		if n := up.calls.Load() - before; n != 0 {
			t.Errorf("%d calls left the building", n)
		}
		if a := l.As(t, one, "POST /v1/invoke", object("connection", "one", "url", "/x")); a.Status != 200 || up.header().Get("X-Api-Key") != "key-of-one" {
			t.Errorf("invoke of its own: %d %s", a.Status, a.Body)
		}
		list := tenancyItems(t, l, one, "/v1/connections")
		if len(list) != 1 || list[0]["link_name"] != "one" {
			t.Errorf("it sees %v, want one", list)
		}
	})
	t.Run("H14 invoke only", func(t *testing.T) {
		caller := key(object("name", "invoke", "manage", false))
		if a := l.As(t, caller, "POST /v1/invoke", object("connection", "two", "url", "/x")); a.Status != 200 {
			t.Errorf("invoke: %d %s", a.Status, a.Body)
		}
		if a := l.As(t, caller, "POST /v1/connections/two/revoke", nil); a.Status != 403 {
			t.Errorf("revoke: %d %s", a.Status, a.Body)
		}
		if a := l.As(t, caller, "POST /v1/api_keys", object("name", "wider", "manage", true)); a.Status != 403 {
			t.Errorf("a key that may more: %d %s", a.Status, a.Body)
		}
		if a := l.As(t, caller, "GET /v1/audit", nil); a.Status != 403 {
			t.Errorf("audit: %d %s", a.Status, a.Body)
		}
	})
	t.Run("H14 a key gives no right that it has not", func(t *testing.T) {
		plain := key(object("name", "plain"))
		if a := l.As(t, plain, "POST /v1/api_keys", object("name", "wider", "act_for_users", true)); a.Status != 403 || a.Code() != "forbidden" {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
	t.Run("H14 it ends at its time, also when it is warm", func(t *testing.T) {
		ends := time.Now().Add(400 * time.Millisecond)
		short := key(object("name", "short", "expires_at", ends.UTC().Format(time.RFC3339Nano)))
		if a := l.As(t, short, "GET /v1/me", nil); a.Status != 200 && time.Now().Before(ends) {
			t.Fatalf("before: %d %s", a.Status, a.Body)
		}
		await(t, "the key ends", func() bool {
			asked := time.Now()
			a := l.As(t, short, "GET /v1/me", nil)
			if a.Status == 401 && time.Now().Before(ends.Add(-5*time.Millisecond)) {
				t.Error("it ended too early")
			}
			if a.Status == 200 && asked.After(ends.Add(5*time.Millisecond)) {
				t.Error("it was good after its time")
			}
			return a.Status == 401
		})
	})
	t.Run("H14 an end in the past", func(t *testing.T) {
		a := l.API(t, "POST /v1/api_keys", object("name", "old", "expires_at", "2001-01-01T00:00:00Z"))
		if a.Status != 400 || !strings.Contains(string(a.Body), `"pointer":"/expires_at"`) {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
}

// tenancySend makes a request whose headers may stand more than once.
func tenancySend(t testing.TB, l *servertest.Lanyard, key, call, body string, header http.Header) *servertest.Answer {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, l.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: data}
}

func TestH21_ForWhomACallIs(t *testing.T) {
	l := tenancyPrepare(t)
	anna, _ := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	gone, _ := l.Member(t, "gone@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	_, plain := l.Member(t, "plain@example.com", lanyard.RoleOwner, lanyard.KeyRights{Manage: true})
	other := l.Organization(t, "zweite")
	foreign, _ := other.Member(t, "anna@example.com", lanyard.RoleOwner, lanyard.KeyRights{}) // the same external id
	alone, _ := other.Member(t, "alone@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	l.SQL(t, `UPDATE users SET disabled = TRUE WHERE id = $1`, string(gone))
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "each"), nil)
	l.Must(t, 200, "PATCH /v1/connections/each", object("use_login_user_credentials", true))
	// Owner and anna have an account each, told apart by its key.
	l.Must(t, 200, "POST /v1/connections/each/connect", tenancyKey("of-the-owner"))
	l.Must(t, 200, "POST /v1/connections/each/connect", tenancyKey("of-anna"), "Lanyard-User", string(anna))

	for _, c := range []struct {
		name   string
		key    string
		users  []string
		status int
		code   string
		as     lanyard.UserID // when it works
	}{
		{"by id", l.Key, []string{string(anna)}, 200, "", anna},
		{"by external id, which another organization has too", l.Key, []string{"ext-anna@example.com"}, 200, "", anna},
		{"oneself", l.Key, []string{string(l.UserID)}, 200, "", l.UserID},
		{"a key that may not", plain, []string{string(anna)}, 403, "forbidden", ""},
		{"a key that may not, its own user", plain, []string{"ext-plain@example.com"}, 403, "forbidden", ""},
		{"another organization's user by id", l.Key, []string{string(foreign)}, 404, "not_found", ""},
		{"another organization's user by external id", l.Key, []string{"ext-alone@example.com"}, 404, "not_found", ""},
		{"another organization's other user by id", l.Key, []string{string(alone)}, 404, "not_found", ""},
		{"a disabled user", l.Key, []string{string(gone)}, 404, "not_found", ""},
		{"a disabled user by external id", l.Key, []string{"ext-gone@example.com"}, 404, "not_found", ""},
		{"nobody", l.Key, []string{"nobody"}, 404, "not_found", ""},
		{"by e-mail address", l.Key, []string{"anna@example.com"}, 404, "not_found", ""},
		{"empty", l.Key, []string{""}, 404, "not_found", ""},
		{"twice", l.Key, []string{string(anna), string(l.UserID)}, 400, "invalid_request", ""},
		{"twice the same", l.Key, []string{string(anna), string(anna)}, 400, "invalid_request", ""},
		{"two in one", l.Key, []string{string(anna) + ", " + string(l.UserID)}, 404, "not_found", ""},
		{"too long", l.Key, []string{strings.Repeat("a", 3000)}, 404, "not_found", ""},
	} {
		t.Run("H21 "+c.name, func(t *testing.T) {
			before := up.calls.Load()
			header := http.Header{"Lanyard-User": c.users}
			for _, call := range []struct{ call, body string }{
				{"GET /v1/me", ""}, {"POST /v1/invoke", `{"connection":"each","url":"/x"}`}, {"GET /v1/proxy/each/x", ""}, {"GET /v1/connections", ""},
			} {
				a := tenancySend(t, l, c.key, call.call, call.body, header)
				if a.Status != c.status || a.Code() != c.code {
					t.Errorf("%s: got %d %s, want %d %s", call.call, a.Status, a.Body, c.status, c.code)
				}
				if call.call == "GET /v1/me" && c.as != "" && a.Field(t, "user.id") != string(c.as) {
					t.Errorf("it acts as %v, want %s", a.Field(t, "user.id"), c.as)
				}
			}
			if c.as == "" {
				if n := up.calls.Load() - before; n != 0 {
					t.Errorf("%d calls left the building", n)
				}
				return
			}
			want := "of-anna"
			if c.as == l.UserID {
				want = "of-the-owner"
			}
			h := up.header()
			if h.Get("X-Api-Key") != want {
				t.Errorf("the call ran with %q, want %q", h.Get("X-Api-Key"), want)
			}
			if v := h.Values("Lanyard-User"); len(v) > 0 || strings.Contains(fmt.Sprint(h), l.Key) {
				t.Errorf("passed on: %v", h)
			}
		})
	}
	t.Run("H21 a header in the body of an invoke", func(t *testing.T) {
		a := l.API(t, "POST /v1/invoke", object("connection", "each", "url", "/x", "headers", object("lanyard-user", string(anna))), "Lanyard-User", string(anna))
		if a.Status != 400 || !strings.Contains(string(a.Body), `"/headers/lanyard-user"`) {
			t.Errorf("got %d %s, want a refusal that names it", a.Status, a.Body)
		}
	})
	t.Run("H21 nobody named", func(t *testing.T) {
		a := l.API(t, "POST /v1/invoke", object("connection", "each", "url", "/x"))
		if a.Status != 400 || a.Code() != "login_user_required" {
			t.Errorf("got %d %s, want login_user_required", a.Status, a.Body)
		}
	})
}

// TestH15_TheOrganizationIsTheKeysAlone: nothing else in a request says whose it is, and without exactly one key it is
// nobody's.
func TestH15_TheOrganizationIsTheKeysAlone(t *testing.T) {
	l, other, _, theirs := tenancyTwo(t)
	for _, name := range []string{"Organization", "X-Organization", "X-Organization-Id", "X-Tenant-Id", "Lanyard-Organization"} {
		if a := l.Must(t, 200, "GET /v1/me", nil, name, theirs.organization); a.Field(t, "organization.id") != string(l.OrganizationID) {
			t.Errorf("%s changes whose call it is: %s", name, a.Body)
		}
	}
	if a := l.API(t, "GET /v1/connections?organization_id="+theirs.organization, nil); a.Status != 400 {
		t.Errorf("an organization in the query: %d %s", a.Status, a.Body)
	}
	for name, keys := range map[string][]string{
		"no key":                        nil,
		"the keys of two organizations": {l.Key, other.Key},
		"one key twice":                 {l.Key, l.Key},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			r.Header.Add("Authorization", "Bearer "+key)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 401 {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
	}
}
