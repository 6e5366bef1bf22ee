package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/problem"
)

const key = "lanyard_marked_secret_key"

// recorded is one request as the server got it.
type recorded struct {
	Method, URI, Body, ContentType, User string
}

// recording answers every request with one status and body, and records what it was asked.
func recording(t *testing.T, status int, body string) (*client.Client, *[]recorded) {
	t.Helper()
	var asked []recorded
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer "+key {
			t.Errorf("Authorization is %q", got)
		}
		asked = append(asked, recorded{r.Method, r.RequestURI, string(data), r.Header.Get("Content-Type"), r.Header.Get("Lanyard-User")})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return dial(t, s.URL), &asked
}

func dial(t *testing.T, url string, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(url, key, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNewRefuses(t *testing.T) {
	for name, give := range map[string]struct{ url, key string }{
		"no URL":             {"", key},
		"no scheme":          {"127.0.0.1:8080", key},
		"another scheme":     {"ftp://lanyard.example.com", key},
		"a password":         {"https://u:hunter2@lanyard.example.com", key},
		"a query":            {"https://lanyard.example.com/?a=b", key},
		"no key":             {"https://lanyard.example.com", ""},
		"a key of two lines": {"https://lanyard.example.com", "hunter2\nX-Evil: 1"},
		"a key with a blank": {"https://lanyard.example.com", "hunter2 "},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := client.New(give.url, give.key)
			if err == nil || c != nil {
				t.Fatalf("got a client for %q", give.url)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

const (
	serviceJSON = `{"kind":"custom","link_name":"acme","name":"Acme","base_url":"https://{domain}.acme.com/api","hosts":["*.acme.com"],` +
		`"dynamic_parameters":[{"key":"domain","name":"Your Acme domain","choices":["eu",{"value":"us","name":"America"}]}],` +
		`"auth":{"type":"oauth2","grant_type":"authorization_code","pkce":true,"client_id":"0a1b","client_secret_set":true,` +
		`"client_secret_fingerprint":"3f9a01c2","authorize_url":"https://acme.com/a","access_token_url":"https://acme.com/t",` +
		`"scopes":[{"name":"Read","value":"read"}]},"callback_url":"https://l.example/oauth/callback/org_1/acme","author":"usr_1",` +
		`"created_at":"2026-01-31T12:00:00Z","updated_at":"2026-01-31T12:00:01Z","revoked_authorizations":3,"later":true}`
	connectionJSON = `{"link_name":"acme_live","name":"Acme, live","service":"acme","scopes":["read"],"use_login_user_credentials":true,` +
		`"origin":"user","owner":"usr_1","usable_by":"organization","status":"reconnect_required","status_reason":"The password was reset.",` +
		`"expires_at":null,"created_at":"2026-01-31T12:00:00Z"}`
	keyJSON = `{"id":"key_1","name":"nightly","hint":"K5QT","act_for_users":false,"manage":false,"connections":["acme_live"],` +
		`"created_at":"2026-01-31T12:00:00Z","expires_at":null,"last_used_at":null,"key":"lanyard_new"}`
	userJSON = `{"id":"usr_7","email":"","name":"Customer 4711","role":"member","external_id":"customer-4711","disabled":true,"created_at":"2026-01-31T12:00:00Z"}`
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// ignoreDocument compares values without the JSON they were read from.
var ignoreDocument = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Document" }, cmp.Ignore())

// TestOperations calls every operation once: what is sent, and what is made of the answer.
func TestOperations(t *testing.T) {
	on, no := true, false
	customer := &client.User{ID: "usr_7", Name: "Customer 4711", Role: lanyard.RoleMember, ExternalID: "customer-4711", Disabled: true, CreatedAt: noon}
	connection := &client.Connection{LinkName: "acme_live", Name: "Acme, live", Service: "acme", Scopes: []string{"read"},
		UseLoginUserCredentials: true, Origin: lanyard.OriginUser, Owner: "usr_1", UsableBy: lanyard.UsableByOrganization,
		Status: lanyard.StatusReconnectRequired, StatusReason: "The password was reset.", CreatedAt: noon}
	service := &client.Service{
		Definition: client.Definition{LinkName: "acme", Name: "Acme", BaseURL: "https://{domain}.acme.com/api", Hosts: []string{"*.acme.com"},
			DynamicParameters: []lanyard.DynamicParameter{{Key: "domain", Name: "Your Acme domain", Choices: []lanyard.Choice{{Value: "eu"}, {Value: "us", Name: "America"}}}},
			Auth: client.Auth{Type: "oauth2", GrantType: "authorization_code", PKCE: &on, ClientID: "0a1b", ClientSecretSet: true, ClientSecretFingerprint: "3f9a01c2",
				AuthorizeURL: "https://acme.com/a", AccessTokenURL: "https://acme.com/t", Scopes: []lanyard.Scope{{Name: "Read", Value: "read"}}}},
		Kind: lanyard.KindCustom, CallbackURL: "https://l.example/oauth/callback/org_1/acme", Author: "usr_1",
		CreatedAt: noon, UpdatedAt: noon.Add(time.Second), RevokedAuthorizations: 3}
	const jsonType = "application/json"

	for name, op := range map[string]struct {
		status int
		answer string
		call   func(context.Context, *client.Client) (any, error)
		asked  recorded
		want   any
	}{
		"create service from a definition": {201, serviceJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateService(ctx, &client.Definition{LinkName: "acme", Name: "Acme", Hosts: []string{"a.com"}, Auth: client.Auth{Type: "oauth2", PKCE: &no, ClientSecret: "s"}})
		}, recorded{"POST", "/v1/services", `{"link_name":"acme","name":"Acme","hosts":["a.com"],"auth":{"type":"oauth2","pkce":false,"client_secret":"s"}}`, jsonType, ""}, service},
		"create service from JSON": {201, serviceJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateService(ctx, json.RawMessage(`{ "link_name": "acme" }`))
		}, recorded{"POST", "/v1/services", `{ "link_name": "acme" }`, jsonType, ""}, service},
		"read service": {200, serviceJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Service(ctx, "acme")
		}, recorded{Method: "GET", URI: "/v1/services/acme"}, service},
		"edit service": {200, serviceJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.EditService(ctx, "acme", map[string]any{"name": "Acme"}, true)
		}, recorded{"PATCH", "/v1/services/acme?keep_connections=true", `{"name":"Acme"}`, jsonType, ""}, service},
		"set the OAuth client": {200, serviceJSON, func(ctx context.Context, c *client.Client) (any, error) {
			secret := "s"
			return c.SetOAuthClient(ctx, "acme", client.OAuthClient{ClientID: "id", ClientSecret: &secret, Parameters: map[string]string{"domain": "acme.example.org"}})
		}, recorded{"PUT", "/v1/services/acme/client", `{"client_id":"id","client_secret":"s","parameters":{"domain":"acme.example.org"}}`, jsonType, ""}, service},
		"set the OAuth client, keep the secret": {200, serviceJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.SetOAuthClient(ctx, "acme", client.OAuthClient{ClientID: "id"})
		}, recorded{"PUT", "/v1/services/acme/client", `{"client_id":"id"}`, jsonType, ""}, service},
		"delete service": {200, `{"revoked_authorizations":3}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.DeleteService(ctx, "acme")
		}, recorded{Method: "DELETE", URI: "/v1/services/acme"}, 3},
		"create connection": {201, connectionJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateConnection(ctx, client.NewConnection{LinkName: "acme_live", Name: "Acme, live", Service: "acme"})
		}, recorded{"POST", "/v1/connections", `{"link_name":"acme_live","name":"Acme, live","service":"acme","use_login_user_credentials":false}`, jsonType, ""}, connection},
		"read connection": {200, connectionJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Connection(ctx, "acme_live")
		}, recorded{Method: "GET", URI: "/v1/connections/acme_live"}, connection},
		"a name that is no link name stays one segment": {200, connectionJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Connection(ctx, "../x?y")
		}, recorded{Method: "GET", URI: "/v1/connections/..%2Fx%3Fy"}, connection},
		"edit connection": {200, connectionJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.EditConnection(ctx, "acme_live", map[string]any{"scopes": []string{"read"}})
		}, recorded{"PATCH", "/v1/connections/acme_live", `{"scopes":["read"]}`, jsonType, ""}, connection},
		"delete connection": {204, "", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteConnection(ctx, "acme_live")
		}, recorded{Method: "DELETE", URI: "/v1/connections/acme_live"}, nil},
		"connect": {200, `{"status":"consent_required","connect_url":"https://l.example/connect/9r"}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Connect(ctx, "acme_live", client.ConnectInput{Parameters: map[string]string{"domain": "eu"}})
		}, recorded{"POST", "/v1/connections/acme_live/connect", `{"parameters":{"domain":"eu"}}`, jsonType, ""},
			&client.ConnectResult{Status: client.ConnectConsentRequired, ConnectURL: "https://l.example/connect/9r"}},
		"connect with credentials": {200, `{"status":"connected"}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Connect(ctx, "acme_live", client.ConnectInput{Credentials: map[string]string{"password": "p"}})
		}, recorded{"POST", "/v1/connections/acme_live/connect", `{"credentials":{"password":"p"}}`, jsonType, ""},
			&client.ConnectResult{Status: client.ConnectConnected}},
		"revoke": {200, `{"status":"revoked","provider_confirmed":true}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Revoke(ctx, "acme_live")
		}, recorded{Method: "POST", URI: "/v1/connections/acme_live/revoke"}, &client.RevokeResult{Status: lanyard.StatusRevoked, ProviderConfirmed: true}},
		"connection users": {200, `{"items":[{"user":"usr_1","name":"Warehouse","external_id":"w1","status":"connected","status_reason":"","connected_at":"2026-01-31T12:00:00Z","last_used_at":null}],"next_cursor":""}`, func(ctx context.Context, c *client.Client) (any, error) {
			users, _, err := c.ConnectionUsers("acme_live").Page(ctx, "", 10)
			return users, err
		}, recorded{Method: "GET", URI: "/v1/connections/acme_live/users?limit=10"}, []*client.ConnectionUser{{User: "usr_1", Name: "Warehouse", ExternalID: "w1", Status: lanyard.StatusConnected, ConnectedAt: noon}}},
		"remove a connection's user": {200, `{"status":"revoked","provider_confirmed":false}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.RemoveConnectionUser(ctx, "acme_live", "usr_1")
		}, recorded{Method: "DELETE", URI: "/v1/connections/acme_live/users/usr_1"}, &client.RevokeResult{Status: lanyard.StatusRevoked}},
		"invoke": {200, `{"status":404,"headers":{"content-type":"text/plain"},"body":"gone","duration_ms":12}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Invoke(ctx, &client.Request{Connection: "acme_live", URL: "/x", Files: []client.File{{Name: "f", Content: []byte("hi")}}})
		}, recorded{"POST", "/v1/invoke", `{"connection":"acme_live","url":"/x","files":[{"name":"f","content_base64":"aGk="}]}`, jsonType, ""},
			&client.Answer{Status: 404, Headers: map[string]string{"content-type": "text/plain"}, Body: json.RawMessage(`"gone"`), DurationMS: 12}},
		"create key": {201, keyJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateKey(ctx, client.NewKey{Name: "nightly", Manage: &no, ExpiresAt: &noon})
		}, recorded{"POST", "/v1/api_keys", `{"name":"nightly","act_for_users":false,"manage":false,"expires_at":"2026-01-31T12:00:00Z"}`, jsonType, ""},
			&client.CreatedKey{Key: client.Key{ID: "key_1", Name: "nightly", Hint: "K5QT", Connections: []string{"acme_live"}, CreatedAt: noon}, Secret: lanyard.NewSecret("lanyard_new")}},
		"invite": {201, `{"id":"inv_1","email":"new@example.com","role":"member","created_by":"usr_1","created_at":"2026-01-31T12:00:00Z","expires_at":"2026-01-31T12:00:00Z","url":"https://lanyard.example/invitation/T","mailed":true}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Invite(ctx, client.NewInvitation{Email: "new@example.com", Role: lanyard.RoleMember})
		}, recorded{"POST", "/v1/invitations", `{"email":"new@example.com","role":"member"}`, jsonType, ""},
			&client.CreatedInvitation{Invitation: client.Invitation{ID: "inv_1", Email: "new@example.com", Role: lanyard.RoleMember, CreatedBy: "usr_1", CreatedAt: noon, ExpiresAt: noon}, URL: lanyard.NewSecret("https://lanyard.example/invitation/T"), Mailed: true}},
		"revoke invitation": {204, "", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RevokeInvitation(ctx, "inv_1")
		}, recorded{Method: "DELETE", URI: "/v1/invitations/inv_1"}, nil},
		"rotate key": {200, keyJSON, func(ctx context.Context, c *client.Client) (any, error) {
			k, err := c.RotateKey(ctx, "key_1", time.Hour)
			return k.Secret.Reveal(), err
		}, recorded{Method: "POST", URI: "/v1/api_keys/key_1/rotate", ContentType: "application/json", Body: `{"overlap_seconds":3600}`}, "lanyard_new"},
		"end previous key": {204, "", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.EndPreviousKey(ctx, "key_1")
		}, recorded{Method: "DELETE", URI: "/v1/api_keys/key_1/previous"}, nil},
		"create connect session": {201, `{"id":"cse_1","connect_url":"https://x/connect/session/t","expires_at":"2026-01-31T12:00:00Z"}`, func(ctx context.Context, c *client.Client) (any, error) {
			s, err := c.CreateConnectSession(ctx, client.NewConnectSession{Connection: "acme", User: "u", ReturnTo: "https://a.example/"})
			return s.ID + " " + s.ConnectURL, err
		}, recorded{Method: "POST", URI: "/v1/connect_sessions", ContentType: "application/json", Body: `{"connection":"acme","user":"u","return_to":"https://a.example/"}`}, "cse_1 https://x/connect/session/t"},
		"read connect session": {200, `{"id":"cse_1","status":"pending"}`, func(ctx context.Context, c *client.Client) (any, error) {
			s, err := c.ConnectSession(ctx, "cse_1")
			return s.Status, err
		}, recorded{Method: "GET", URI: "/v1/connect_sessions/cse_1"}, "pending"},
		"confirm connect session": {200, `{"status":"connected","connection":"acme","user":"usr_1"}`, func(ctx context.Context, c *client.Client) (any, error) {
			s, err := c.ConfirmConnectSession(ctx, "cse_1", "code", "u")
			return s.User, err
		}, recorded{Method: "POST", URI: "/v1/connect_sessions/cse_1/confirm", ContentType: "application/json", Body: `{"code":"code","user":"u"}`}, "usr_1"},
		"delete key": {204, "", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteKey(ctx, "key_1")
		}, recorded{Method: "DELETE", URI: "/v1/api_keys/key_1"}, nil},
		"users": {200, `{"items":[` + userJSON + `],"next_cursor":""}`, func(ctx context.Context, c *client.Client) (any, error) {
			items, _, err := c.Users(client.UserFilter{Query: "4711", Role: lanyard.RoleMember, ExternalID: "customer-4711"}).Page(ctx, "", 0)
			return items, err
		}, recorded{Method: "GET", URI: "/v1/users?external_id=customer-4711&q=4711&role=member"}, []*client.User{customer}},
		"create user": {201, userJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateUser(ctx, client.NewUser{Name: "Customer 4711", ExternalID: "customer-4711"})
		}, recorded{"POST", "/v1/users", `{"name":"Customer 4711","external_id":"customer-4711"}`, jsonType, ""}, customer},
		"read user": {200, userJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.User(ctx, "usr_7")
		}, recorded{Method: "GET", URI: "/v1/users/usr_7"}, customer},
		"edit user": {200, userJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.EditUser(ctx, "usr_7", map[string]any{"disabled": true})
		}, recorded{"PATCH", "/v1/users/usr_7", `{"disabled":true}`, jsonType, ""}, customer},
		"remove user": {204, "", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RemoveUser(ctx, "usr_7", client.Removal{HandOverTo: "usr_1"})
		}, recorded{Method: "DELETE", URI: "/v1/users/usr_7?hand_over_to=usr_1"}, nil},
		"remove user with connections": {204, "", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RemoveUser(ctx, "usr_7", client.Removal{DeleteConnections: true})
		}, recorded{Method: "DELETE", URI: "/v1/users/usr_7?delete_connections=true"}, nil},
		"hand over": {200, `{"connections":3,"services":1,"revoked_authorizations":2}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.HandOver(ctx, "usr_7", "usr_1")
		}, recorded{"POST", "/v1/users/usr_7/hand_over", `{"to":"usr_1"}`, jsonType, ""}, &client.HandedOver{Connections: 3, Services: 1, RevokedAuthorizations: 2}},
		"me": {200, `{"organization":{"id":"org_1","name":"Zylker"},"user":{"id":"usr_1","email":"ada@zylker.example","name":"Ada","role":"owner","external_id":""},` +
			`"key":{"id":"key_1","owner":"usr_1","act_for_users":true,"manage":true,"connections":[]}}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Me(ctx)
		}, recorded{Method: "GET", URI: "/v1/me"}, &client.Me{Organization: client.Organization{ID: "org_1", Name: "Zylker"},
			User: client.User{ID: "usr_1", Email: "ada@zylker.example", Name: "Ada", Role: lanyard.RoleOwner},
			Key:  client.KeyRights{ID: "key_1", Owner: "usr_1", ActForUsers: true, Manage: true, Connections: []string{}}}},
		"sign-in link": {201, `{"url":"https://l.example/sign-in/5k","expires_at":"2026-01-31T12:00:00Z"}`, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateSignInLink(ctx)
		}, recorded{Method: "POST", URI: "/v1/sign_in_links"}, &client.SignInLink{URL: lanyard.NewSecret("https://l.example/sign-in/5k"), ExpiresAt: noon}},
		"for another user": {200, connectionJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.ForUser("ada-7").Connection(ctx, "acme_live")
		}, recorded{Method: "GET", URI: "/v1/connections/acme_live", User: "ada-7"}, connection},
		"invocations": {200, `{"items":[{"id":"018d","at":"2026-01-31T12:00:00Z","connection":"acme_live","user":"usr_1","key":"key_1","method":"POST",` +
			`"host":"acme.com","path":"/api","status":201,"code":"","bytes_sent":29,"bytes_received":512,"duration_ms":182}],"next_cursor":"c"}`, func(ctx context.Context, c *client.Client) (any, error) {
			items, next, err := c.Invocations(client.InvocationFilter{Connection: "acme_live", User: "usr_1"}).Page(ctx, "b", 10)
			if next != "c" {
				t.Errorf("the next cursor is %q", next)
			}
			return items, err
		}, recorded{Method: "GET", URI: "/v1/invocations?connection=acme_live&cursor=b&limit=10&user=usr_1"}, []*client.Invocation{{ID: "018d", At: noon, Connection: "acme_live",
			User: "usr_1", Key: "key_1", Method: "POST", Host: "acme.com", Path: "/api", Status: 201, BytesSent: 29, BytesReceived: 512, DurationMS: 182}}},
		"audit": {200, `{"items":[{"id":"018d","at":"2026-01-31T12:00:00Z","actor":"usr_1","on_behalf_of":"usr_2","key":"key_1","action":"connection.create",` +
			`"object":"con_1","object_name":"acme_live","detail":{"a":"b"}}],"next_cursor":""}`, func(ctx context.Context, c *client.Client) (any, error) {
			items, _, err := c.Audit(client.AuditFilter{Action: lanyard.ActionConnectionCreate, Object: "con_1"}).Page(ctx, "", 0)
			return items, err
		}, recorded{Method: "GET", URI: "/v1/audit?action=connection.create&object=con_1"}, []*client.AuditEntry{{ID: "018d", At: noon, Actor: "usr_1", OnBehalfOf: "usr_2",
			Key: "key_1", Action: lanyard.ActionConnectionCreate, Object: "con_1", ObjectName: "acme_live", Detail: map[string]string{"a": "b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, asked := recording(t, op.status, op.answer)
			got, err := op.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(*asked, []recorded{op.asked}); diff != "" {
				t.Errorf("asked (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(got, op.want, ignoreDocument, cmp.Comparer(lanyard.Secret.Equal)); diff != "" {
				t.Errorf("got (-got +want):\n%s", diff)
			}
		})
	}
}

func TestDocumentKeepsUnknownMembers(t *testing.T) {
	c, _ := recording(t, 200, serviceJSON)
	s, err := c.Service(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.JSON()); got != serviceJSON {
		t.Errorf("got %s", got)
	}
	if (client.Document{}).JSON() != nil {
		t.Error("the zero document has JSON")
	}
}

// What comes back with a secret in it can be printed without telling it.
func TestSecretsDoNotPrint(t *testing.T) {
	c, _ := recording(t, 201, keyJSON)
	k, err := c.CreateKey(t.Context(), client.NewKey{Name: "nightly"})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{c, *c, k, *k} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			text := fmt.Sprintf(verb, v)
			for _, secret := range []string{key, "lanyard_new", fmt.Sprintf("%x", "lanyard_new"), fmt.Sprintf("%x", key)} {
				if strings.Contains(text, secret) {
					t.Errorf("%s of a %T tells the secret: %s", verb, v, text)
				}
			}
		}
	}
}

// pagesOf serves three pages of keys.
func pagesOf(t *testing.T, asked *[]string) *client.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RawQuery)
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Query().Get("cursor") {
		case "":
			_, _ = io.WriteString(w, `{"items":[{"id":"1"},{"id":"2"}],"next_cursor":"two"}`)
		case "two":
			_, _ = io.WriteString(w, `{"items":[{"id":"3"}],"next_cursor":"three"}`)
		case "three":
			problem.Write(w, r, lanyard.Errorf(lanyard.CodeUnavailable, "The server is stopping."))
		default:
			_, _ = io.WriteString(w, `{"items":[],"next_cursor":"again"}`)
		}
	}))
	t.Cleanup(s.Close)
	return dial(t, s.URL)
}

func TestListWalksPages(t *testing.T) {
	var asked []string
	c := pagesOf(t, &asked)
	var ids []string
	var failed error
	for k, err := range c.Keys().All(t.Context()) {
		if err != nil {
			failed = err
			continue
		}
		ids = append(ids, k.ID)
	}
	if !slices.Equal(ids, []string{"1", "2", "3"}) {
		t.Errorf("got %v", ids)
	}
	if lanyard.CodeOf(failed) != lanyard.CodeUnavailable {
		t.Errorf("the error of the third page is %v", failed)
	}
	if want := []string{"limit=200", "cursor=two&limit=200", "cursor=three&limit=200"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

func TestListStopsWhenToldTo(t *testing.T) {
	var asked []string
	c := pagesOf(t, &asked)
	for k, err := range c.Keys().All(t.Context()) {
		if err != nil || k.ID != "1" {
			t.Fatalf("got %v, %v", k, err)
		}
		break
	}
	if len(asked) != 1 {
		t.Errorf("asked %v", asked)
	}
}

func TestListDoesNotTurnInCircles(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[],"next_cursor":"again"}`)
	}))
	defer s.Close()
	var failed error
	for _, err := range dial(t, s.URL).Keys().All(t.Context()) {
		failed = err
	}
	if failed == nil {
		t.Error("a list without an end came to one")
	}
}

// TestEveryCodeComesBack: what package problem writes is the same error here.
func TestEveryCodeComesBack(t *testing.T) {
	for _, kind := range problem.Kinds() {
		t.Run(string(kind.Code), func(t *testing.T) {
			sent := &lanyard.Error{Code: kind.Code, Message: "What happened.", Fields: []lanyard.FieldError{{Pointer: "/name", Detail: "too long"}},
				ConnectURL: "https://l.example/connect/9r", ProviderError: "invalid_grant", ProviderDescription: "expired",
				RetryAfter: 3 * time.Second, Cause: errors.New("not for strangers")}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, sent) }))
			defer s.Close()
			for way, call := range map[string]func(*client.Client) error{
				"api":   func(c *client.Client) error { _, err := c.Me(t.Context()); return err },
				"proxy": func(c *client.Client) error { _, err := c.Proxy(t.Context(), "acme", "GET", "/", nil, nil); return err },
			} {
				var got *lanyard.Error
				if err := call(dial(t, s.URL)); !errors.As(err, &got) {
					t.Fatalf("%s: %v is not a *lanyard.Error", way, err)
				}
				want := *sent
				want.Cause = nil
				if kind.Code == lanyard.CodeInternal { // of which nothing is told
					want = lanyard.Error{Code: lanyard.CodeInternal, Message: got.Message}
				}
				if diff := cmp.Diff(*got, want); diff != "" {
					t.Errorf("%s (-got +want):\n%s", way, diff)
				}
			}
			if _, err := dial(t, s.URL).Proxy(t.Context(), "acme", "HEAD", "/", nil, nil); lanyard.CodeOf(err) != kind.Code {
				t.Errorf("the answer to a HEAD gives %v", err)
			}
		})
	}
}

func TestAnswersThatAreNotLanyards(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		header map[string]string
		body   string
		code   lanyard.Code
		text   string
		retry  time.Duration
	}{
		"a web page":             {200, map[string]string{"Content-Type": "text/html"}, "<h1>Hello</h1>", lanyard.CodeInternal, "does not answer like a Lanyard server", 0},
		"broken JSON":            {200, map[string]string{"Content-Type": "application/json"}, `{"organization":`, lanyard.CodeInternal, "cannot be read", 0},
		"a redirect":             {302, map[string]string{"Location": "https://elsewhere.example/"}, "", lanyard.CodeInternal, "302", 0},
		"a gateway's 502":        {502, nil, "bad gateway", lanyard.CodeUnavailable, "502", 0},
		"a gateway's 429":        {429, map[string]string{"Retry-After": "7"}, "slow down", lanyard.CodeRateLimited, "429", 7 * time.Second},
		"a date in Retry-After":  {503, map[string]string{"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", lanyard.CodeUnavailable, "503", 0},
		"a negative Retry-After": {503, map[string]string{"Retry-After": "-1"}, "", lanyard.CodeUnavailable, "503", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range answer.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(answer.status)
				_, _ = io.WriteString(w, answer.body)
			}))
			defer s.Close()
			_, err := dial(t, s.URL).Me(t.Context())
			if err == nil || lanyard.CodeOf(err) != answer.code || !strings.Contains(err.Error(), answer.text) {
				t.Fatalf("got %v, want %s with %q", err, answer.code, answer.text)
			}
			var e *lanyard.Error
			if errors.As(err, &e) && e.RetryAfter != answer.retry {
				t.Errorf("retry after %v, want %v", e.RetryAfter, answer.retry)
			}
		})
	}
}

func TestBaseURLMayHaveAPath(t *testing.T) {
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.RequestURI
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	if _, err := dial(t, s.URL+"/tools/lanyard/").Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got != "/tools/lanyard/v1/me" {
		t.Errorf("asked for %s", got)
	}
}

func TestContextEndsACall(t *testing.T) {
	arrived := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := dial(t, s.URL).Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAnswerBytes(t *testing.T) {
	for name, a := range map[string]struct {
		answer, want string
	}{
		"object":                       {`{"headers":{"content-type":"application/json"},"body":{"a":1}}`, `{"a":1}`},
		"object without a type":        {`{"body":[1,2]}`, `[1,2]`},
		"text":                         {`{"headers":{"content-type":"text/plain; charset=utf-8"},"body":"caf\u00e9\n"}`, "café\n"},
		"text that is JSON's":          {`{"headers":{"content-type":"application/vnd.acme+json"},"body":"yes"}`, `"yes"`},
		"null that is JSON's":          {`{"headers":{"content-type":"application/json"},"body":null}`, `null`},
		"binary":                       {`{"headers":{"content-type":"image/png"},"body_base64":"iVBO/w=="}`, "\x89PN\xff"},
		"none":                         {`{"status":204}`, ""},
		"empty, whatever the type was": {`{"headers":{"content-type":"application/json"},"body":""}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := recording(t, 200, a.answer)
			answer, err := c.Invoke(t.Context(), &client.Request{URL: "/"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := answer.Bytes()
			if err != nil || string(got) != a.want {
				t.Errorf("got %q, %v, want %q", got, err, a.want)
			}
		})
	}
}

// A definition here has every field that a service has, and no other: what is read can be sent again.
func TestDefinitionHasEveryField(t *testing.T) {
	fields := func(types ...reflect.Type) map[string]bool {
		names := map[string]bool{}
		for _, typ := range types {
			for i := range typ.NumField() {
				if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
					names[name] = true
				}
			}
		}
		return names
	}
	service := fields(reflect.TypeFor[lanyard.Service]())
	delete(service, "kind") // of the service, see [client.Service]
	if diff := cmp.Diff(fields(reflect.TypeFor[client.Definition]()), service); diff != "" {
		t.Errorf("definition (-client +service):\n%s", diff)
	}
	auth := fields(reflect.TypeFor[lanyard.APIKeyAuth](), reflect.TypeFor[lanyard.BasicAuth](), reflect.TypeFor[lanyard.OAuth1Auth](), reflect.TypeFor[lanyard.OAuth2Auth](), reflect.TypeFor[lanyard.AWSSigV4Auth]())
	for _, name := range []string{"type", "client_secret", "client_secret_set", "client_secret_fingerprint", "consumer_secret", "consumer_secret_set", "consumer_secret_fingerprint"} {
		auth[name] = true
	}
	if diff := cmp.Diff(fields(reflect.TypeFor[client.Auth]()), auth); diff != "" {
		t.Errorf("auth (-client +service):\n%s", diff)
	}
}
