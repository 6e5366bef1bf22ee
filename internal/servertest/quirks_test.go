package servertest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// The ways of real providers, each before an imitation that insists on it: a definition says them, and connecting,
// calling, refreshing and revoking work, with a default service as with a custom one. What goes wrong with them is in
// learn_test.go.

// quirk is a provider with its ways, and the definition that says them.
type quirk struct {
	name    string
	manners providertest.Manners
	// auth and service are put into the usual definition, in which PORT stands for the provider's port.
	auth, service map[string]any
	given         map[string]string // parameters that the person gives
	scopes        []string          // that the connection chooses
	path          string            // that is called; /thing when empty
	want          string            // the call as it arrives; "GET 127.0.0.1/api/thing" when empty
	check         func(t *testing.T, l *servertest.Lanyard, connection string, p *providertest.Imitation)
}

var quirks = []quirk{
	{
		name: "as_the_rfc_says", manners: providertest.Manners{},
	}, {
		name: "json_token_requests", manners: providertest.Manners{JSON: true, Basic: true},
		auth: object("token_body", "json", "client_authentication", "client_secret_basic"),
	}, {
		name: "token_below_data",
		manners: providertest.Manners{Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("code", 0, "data.access_token", access, "data.refresh_token", refresh, "data.expires", 7200)
		}},
		auth:  object("token_answer", object("access_token", "data.access_token", "refresh_token", "data.refresh_token", "expires_in", "data.expires")),
		check: livesFor(2 * time.Hour),
	}, {
		name: "user_token_beside_a_bot", // Slack
		manners: providertest.Manners{
			Authorize: map[string]string{"scope": "chat:write", "user_scope": "search:read,users:read"},
			Answer: func(access, refresh string) (string, string) {
				return providertest.JSONAnswer("ok", true, "access_token", "xoxb-a-bot's", "token_type", "bot", "scope", "chat:write",
					"authed_user.access_token", access, "authed_user.refresh_token", refresh, "authed_user.token_type", "user")
			},
		},
		auth: object("scope_delimiter", ",", "token_answer", object("access_token", "authed_user.access_token", "refresh_token", "authed_user.refresh_token", "token_types", []string{"bot", "user"}),
			"scopes", []any{"chat:write", object("value", "search:read", "name", "Search", "param", "user_scope"), object("value", "users:read", "name", "Users", "param", "user_scope")}),
		scopes: []string{"search:read", "chat:write", "users:read"},
	}, {
		name: "no_expires_in",
		manners: providertest.Manners{Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "refresh_token", refresh)
		}},
		auth:  object("default_expires_in", 1800),
		check: livesFor(30 * time.Minute),
	}, {
		name: "milliseconds",
		manners: providertest.Manners{Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "refresh_token", refresh, "expires_in", 5400_000)
		}},
		auth:  object("token_answer", object("expires_unit", "milliseconds")),
		check: livesFor(90 * time.Minute),
	}, {
		name: "a_date", // Square
		manners: providertest.Manners{Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "refresh_token", refresh, "expires_at", time.Now().Add(3*time.Hour).UTC().Format(time.RFC3339))
		}},
		auth:  object("token_answer", object("expires_in", "expires_at", "expires_unit", "rfc3339")),
		check: livesFor(3 * time.Hour),
	}, {
		name: "unix_seconds",
		manners: providertest.Manners{Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "refresh_token", refresh, "expires_at", time.Now().Add(4*time.Hour).Unix())
		}},
		auth:  object("token_answer", object("expires_in", "expires_at", "expires_unit", "unix")),
		check: livesFor(4 * time.Hour),
	}, {
		name: "a_form_for_an_answer",
		manners: providertest.Manners{Answer: func(access, refresh string) (string, string) {
			return "application/x-www-form-urlencoded", "access_token=" + access + "&refresh_token=" + refresh + "&token_type=bearer&expires_in=3600"
		}},
	}, {
		name:    "client_by_other_names", // TikTok
		manners: providertest.Manners{IDName: "client_key", SecretName: "app_secret", Authorize: map[string]string{"scope": "user.info,video.list"}},
		auth:    object("client_id_name", "client_key", "client_secret_name", "app_secret", "client_authentication", nil, "scope_delimiter", ",", "scopes", []any{"user.info", "video.list"}),
		scopes:  []string{"user.info", "video.list"},
	}, {
		name:    "semicolons_and_a_scope_for_all",
		manners: providertest.Manners{Authorize: map[string]string{"scope": "read;offline"}},
		auth:    object("scope_delimiter", ";", "scopes", []any{"read", object("value", "offline", "name", "Stay connected", "always", true), "write"}),
		scopes:  []string{"read"},
		check: func(t *testing.T, l *servertest.Lanyard, connection string, _ *providertest.Imitation) {
			if got := l.Must(t, 200, "GET /v1/connections/"+connection, nil).Field(t, "scopes"); len(got.([]any)) != 1 {
				t.Errorf("the connection has the scopes %v", got)
			}
		},
	}, {
		name: "more_on_each_leg", // Auth0, and Google's access_type
		manners: providertest.Manners{
			Authorize: map[string]string{"access_type": "offline", "audience": "https://acme & co.example/"},
			Token:     map[string]string{"audience": "https://acme & co.example/"},
			Refresh:   map[string]string{"resource": "acme & co", "version": "2"},
		},
		service: object("dynamic_parameters", []any{object("key", "tenant", "name", "Tenant"), object("key", "tag", "name", "Tag", "optional", true)}),
		auth: object("authorize_params", object("access_type", "offline", "audience", "https://{tenant}.example/", "tag", "{tag}"),
			"token_params", object("audience", "https://{tenant}.example/"), "refresh_params", object("resource", "{tenant}", "version", "2")),
		given: map[string]string{"tenant": "acme & co"},
	}, {
		name: "without_pkce", manners: providertest.Manners{NoPKCE: true}, auth: object("pkce", false),
	}, {
		name: "own_header", manners: providertest.Manners{Header: "X-Auth-Token"}, auth: object("token_name", "X-Auth-Token", "token_prefix", ""),
	}, {
		name: "forbidden_means_refresh", manners: providertest.Manners{Expired: 403, Header: "Authorization", Prefix: "Zoho-oauthtoken "},
		auth: object("refresh_statuses", []int{401, 403}, "token_prefix", "Zoho-oauthtoken "),
	}, {
		name: "instance_in_the_token_answer", // Salesforce
		manners: providertest.Manners{APIHost: "localhost", Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "refresh_token", refresh, "instance_url", "https://LocalHost/")
		}},
		service: object("base_url", "http://{instance}:PORT/api", "hosts", []string{"{instance}:PORT"}, "dynamic_parameters", []any{
			object("key", "instance", "name", "Instance", "format", "host", "pattern", "localhost|127\\.0\\.0\\.1", "learn", object("from", "token", "at", "instance_url", "take", "host"))}),
		want: "GET localhost/api/thing",
	}, {
		name: "host_alone_and_below", // Wrike, Teamwork
		manners: providertest.Manners{APIHost: "localhost", Answer: func(access, refresh string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "refresh_token", refresh, "installation.apiEndPoint", "localhost", "installation.id", 12345678901234567)
		}},
		service: object("base_url", "http://{instance}:PORT/api/{number}", "hosts", []string{"{instance}:PORT"}, "dynamic_parameters", []any{
			object("key", "instance", "name", "Instance", "format", "host", "learn", object("from", "token", "at", "installation.apiEndPoint", "take", "host")),
			object("key", "number", "name", "Number", "learn", object("from", "token", "at", "installation.id"))}),
		want: "GET localhost/api/12345678901234567/thing",
	}, {
		name:    "company_in_the_callback", // QuickBooks
		manners: providertest.Manners{Callback: map[string]string{"realmId": "12 / 3"}},
		service: object("base_url", "http://127.0.0.1:PORT/api/company/{company}", "dynamic_parameters", []any{
			object("key", "company", "name", "Company", "learn", object("from", "callback", "at", "realmId"))}),
		want: "GET 127.0.0.1/api/company/12%20%2F%203/thing",
	}, {
		name:    "data_centre_in_the_callback", // Zoho
		manners: providertest.Manners{Callback: map[string]string{"location": "us"}, TokenHost: "localhost", APIHost: "localhost"},
		service: object("base_url", "http://{host}:PORT/api", "hosts", []string{"{host}:PORT"}, "dynamic_parameters", []any{
			object("key", "dc", "name", "Data centre", "default", "eu", "choices", []string{"eu", "com"}, "learn", object("from", "callback", "at", "location", "map", object("us", "com"))),
			object("key", "host", "name", "Host", "format", "host", "follows", "dc", "values", object("eu", "127.0.0.1", "com", "localhost"))}),
		auth: object("authorize_url", "http://{host}:PORT/authorize", "access_token_url", "http://{host}:PORT/token"),
		want: "GET localhost/api/thing",
	}, {
		name:    "server_in_the_callback", // Zoho says this too
		manners: providertest.Manners{Callback: map[string]string{"accounts-server": "https://localhost"}, TokenHost: "localhost"},
		service: object("dynamic_parameters", []any{
			object("key", "dc", "name", "Data centre", "choices", []string{"eu", "com"}, "learn", object("from", "callback", "at", "accounts-server", "take", "host", "map", object("localhost", "com", "127.0.0.1", "eu"))),
			object("key", "host", "name", "Host", "format", "host", "follows", "dc", "values", object("eu", "127.0.0.1", "com", "localhost"))}),
		auth: object("access_token_url", "http://{host}:PORT/token"),
	}, {
		name: "site_by_lookup", // Jira, Xero
		manners: providertest.Manners{API: map[string]string{
			"GET /api/sites": `[{"id": "site-1", "name": "One", "open": true}, {"id": "site-2"}]`, "GET /api/of/site-1": `{"region": {"number": 7}}`}},
		service: object("base_url", "http://127.0.0.1:PORT/api/{site}/{region}", "headers", object("X-Site", "{site}"), "dynamic_parameters", []any{
			object("key", "region", "name", "Region", "learn", object("from", "lookup", "url", "http://127.0.0.1:PORT/api/of/{site}", "at", "region.number")),
			object("key", "name", "name", "Name", "learn", object("from", "lookup", "url", "http://127.0.0.1:PORT/api/sites", "at", "0.name")),
			object("key", "site", "name", "Site", "learn", object("from", "lookup", "url", "http://127.0.0.1:PORT/api/sites", "at", "0.id"))},
			"verify_url", "http://127.0.0.1:PORT/api/verify/{name}"),
		want: "GET 127.0.0.1/api/site-1/7/thing",
		check: func(t *testing.T, _ *servertest.Lanyard, _ string, p *providertest.Imitation) {
			calls := p.Calls()
			first := slices.Index(calls, "GET 127.0.0.1/api/sites")
			if want := []string{"GET 127.0.0.1/api/sites", "GET 127.0.0.1/api/of/site-1", "GET 127.0.0.1/api/verify/One"}; first < 0 || !slices.Equal(calls[first:first+3], want) {
				t.Errorf("after connecting it was asked %q, want %q", calls, want)
			}
		},
	},
}

// livesFor checks when the access token ends, as the connection shows it.
func livesFor(life time.Duration) func(*testing.T, *servertest.Lanyard, string, *providertest.Imitation) {
	return func(t *testing.T, l *servertest.Lanyard, connection string, _ *providertest.Imitation) {
		t.Helper()
		text, _ := l.Must(t, 200, "GET /v1/connections/"+connection, nil).Field(t, "expires_at").(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || time.Until(at) > life || time.Until(at) < life-time.Minute {
			t.Errorf("it expires at %q, want %s from now", text, life)
		}
	}
}

// imitated is the definition of a service at an imitation, without its client.
func imitated(t testing.TB, p *providertest.Imitation, name string, service, auth map[string]any) map[string]any {
	t.Helper()
	all := object("type", "oauth2", "grant_type", "authorization_code", "client_authentication", "client_secret_post",
		"authorize_url", "http://127.0.0.1:PORT/authorize", "access_token_url", "http://127.0.0.1:PORT/token", "revoke_token_url", "http://127.0.0.1:PORT/revoke")
	for field, value := range auth {
		if all[field] = value; value == nil {
			delete(all, field)
		}
	}
	definition := object("link_name", name, "base_url", "http://127.0.0.1:PORT/api", "hosts", []string{"127.0.0.1:PORT"}, "auth", all)
	maps.Copy(definition, service)
	data, err := json.Marshal(definition)
	if err != nil {
		t.Fatal(err)
	}
	definition = nil
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), "PORT", p.Port)), &definition); err != nil {
		t.Fatal(err)
	}
	return definition
}

// custom is a definition as the API takes it for a custom service.
func custom(definition map[string]any, name string) map[string]any {
	own, auth := maps.Clone(definition), maps.Clone(definition["auth"].(map[string]any))
	auth["client_id"], auth["client_secret"] = providertest.ImitationClientID, providertest.ImitationClientSecret
	own["link_name"], own["name"], own["auth"] = name, name, auth
	return own
}

// catalogueFile is the definition as a file of the catalogue.
func catalogueFile(t testing.TB, name string, definition map[string]any) string {
	t.Helper()
	file, err := json.Marshal(object("name", name, "description", "A service of this test.", "ways", []any{object("definition", definition)}))
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

// goes walks through a consent in the browser and gives the page that it ends on.
func goes(t testing.TB, l *servertest.Lanyard, browser *http.Client, connection string, given map[string]string) string {
	t.Helper()
	body := object()
	if given != nil {
		body["parameters"] = given
	}
	a := l.Must(t, 200, "POST /v1/connections/"+connection+"/connect", body)
	address := a.Field(t, "connect_url").(string)
	page := servertest.Get(t, browser, address)
	if page.Status == 200 { // it asks for what has a default
		address += "/go"
	}
	return resultOf(t, l, browser, servertest.Get(t, browser, allow(t, l.Leave(t, browser, address))))
}

func TestQuirksOfProviders(t *testing.T) {
	files, peers, definitions := map[string]string{}, map[string]*providertest.Imitation{}, map[string]map[string]any{}
	for _, q := range quirks {
		peers[q.name] = providertest.Imitate(t, q.manners)
		definitions[q.name] = imitated(t, peers[q.name], q.name, q.service, q.auth)
		files["tools/"+q.name] = catalogueFile(t, q.name, definitions[q.name])
	}
	l := servertest.Start(t, withCatalog(t, files), func(c *server.Config) { c.SweepEvery = time.Hour })
	browser := l.Browser(t)
	for _, q := range quirks {
		for _, kind := range []string{"default", "custom"} {
			t.Run(q.name+"/"+kind, func(t *testing.T) {
				service := q.name
				if kind == "custom" {
					service += "_own"
					l.Must(t, 201, "POST /v1/services", custom(definitions[q.name], service))
				} else {
					l.Must(t, 200, "PUT /v1/services/"+q.name+"/client", object("client_id", providertest.ImitationClientID, "client_secret", providertest.ImitationClientSecret))
				}
				l.Must(t, 201, "POST /v1/connections", object("link_name", service, "name", service, "service", service, "scopes", append([]string{}, q.scopes...)))
				q.walk(t, l, browser, service, peers[q.name])
			})
		}
	}
}

// walk connects, calls, refreshes, calls again, and revokes.
func (q *quirk) walk(t *testing.T, l *servertest.Lanyard, browser *http.Client, connection string, p *providertest.Imitation) {
	t.Helper()
	calls := func() {
		t.Helper()
		path, want := "/thing", "GET 127.0.0.1/api/thing"
		if q.path != "" {
			path = q.path
		}
		if q.want != "" {
			want = q.want
		}
		a := l.Must(t, 200, "POST /v1/invoke", object("connection", connection, "url", path))
		if all := p.Calls(); a.Field(t, "status") != 200.0 || len(all) == 0 || all[len(all)-1] != want {
			t.Fatalf("called %q, want %q: %s", all, want, a.Body)
		}
	}
	page := goes(t, l, browser, connection, q.given)
	says(t, page, "is connected")
	if strings.Contains(page, "not granted") || strings.Contains(page, "no refresh token") {
		t.Errorf("it is connected, but: %s", content(page))
	}
	if q.check != nil {
		q.check(t, l, connection, p)
	}
	calls()
	before := len(p.Tokens())
	p.Expire()
	calls()
	if got := p.Tokens()[before:]; len(got) != 1 || got[0]["grant_type"] != "refresh_token" {
		t.Errorf("it was refreshed with %v", got)
	}
	if got := l.Must(t, 200, "POST /v1/connections/"+connection+"/revoke", nil).Field(t, "provider_confirmed"); got != true {
		t.Errorf("the provider confirmed: %v", got)
	}
	if faults := p.Faults(); len(faults) > 0 {
		t.Errorf("the provider refused: %q", faults)
	}
}
