package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/server"
)

// lanyardServer runs a whole server with an organization in it, and gives its URL and the key of its owner.
func lanyardServer(t *testing.T) (url, key string) {
	t.Helper()
	addr := make(chan string, 1)
	config := server.Config{
		DataDir: t.TempDir(), Listen: "127.0.0.1:0", PublicURL: "http://lanyard.test", Stdout: io.Discard, Stderr: io.Discard,
		AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ready: func(a string) { addr <- a },
	}
	made, err := server.Init(t.Context(), config, "ada@example.com", "Ada")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, config) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	select {
	case a := <-addr:
		return "http://" + a, made.APIKey.Reveal()
	case err := <-done:
		done <- nil
		t.Fatalf("the server did not start: %v", err)
		return "", ""
	}
}

// noting notes each call that is sent.
type noting struct {
	mu    sync.Mutex
	calls []string
}

func (n *noting) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.calls = append(n.calls, r.Method+" "+r.URL.EscapedPath())
	n.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// TestEveryOperationOfTheServer uses a real server by every method there is, and then asks its OpenAPI document
// whether that was all.
func TestEveryOperationOfTheServer(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.Header.Get("X-Api-Key")[:6]+" "+r.Method+" "+r.URL.Path)
	}))
	defer upstream.Close()
	url, key := lanyardServer(t)
	sent := &noting{}
	c, err := client.New(url, key, client.WithHTTPClient(&http.Client{Transport: sent}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	me, err := c.Me(ctx)
	must(err)
	if me.User.Email != "ada@example.com" || me.User.Role != lanyard.RoleOwner || !me.Key.Manage {
		t.Errorf("I am %+v", me)
	}

	definition := &client.Definition{
		LinkName: "acme", Name: "Acme", BaseURL: upstream.URL + "/api", Hosts: []string{strings.TrimPrefix(upstream.URL, "http://")},
		DynamicParameters: []lanyard.DynamicParameter{{Key: "region", Default: "eu", Choices: []lanyard.Choice{{Value: "eu", Name: "Europe"}, {Value: "us"}}}},
		Auth:              client.Auth{Type: "api_key", Parameters: []lanyard.APIKeyParameter{{Name: "X-Api-Key", ParamType: lanyard.ParamHeader}}},
	}
	s, err := c.CreateService(ctx, definition)
	must(err)
	if s.Kind != lanyard.KindCustom || s.Author != me.User.ID || s.CreatedAt.IsZero() || !strings.HasSuffix(s.CallbackURL, "/acme") {
		t.Errorf("made %+v", s)
	}
	s, err = c.Service(ctx, "acme")
	must(err)
	if len(s.DynamicParameters) != 1 || s.DynamicParameters[0].Choices[0].Name != "Europe" {
		t.Errorf("read %+v", s.Definition)
	}
	if file, err := c.CatalogFile(ctx, "acme"); err != nil || !strings.HasPrefix(string(file), "name: Acme\n") {
		t.Errorf("as a file: %s, %v", file, err)
	}
	if file, err := c.Definitions(ctx); err != nil || !strings.Contains(string(file), "link_name: acme\n") {
		t.Errorf("the definitions as a file: %s, %v", file, err)
	}
	all, err := c.DefinitionsJSON(ctx)
	must(err)
	if plan, err := c.PlanDefinitions(ctx, all); err != nil || len(plan.Steps) != 0 || plan.Digest == "" {
		t.Errorf("what was exported is not what is there: %+v, %v", plan, err)
	}
	if done, err := c.ApplyDefinitions(ctx, json.RawMessage(`{"lanyard": 1, "api_keys": [{"name": "made", "owner": ""}]}`), ""); err != nil || len(done.Keys) != 1 || done.Keys[0].Key.IsZero() {
		t.Errorf("applied: %v", err)
	}
	// What was read can be sent again as it is.
	if _, err := c.EditService(ctx, "acme", s.Definition, true); err != nil {
		t.Errorf("edit without a change: %v", err)
	}
	s, err = c.EditService(ctx, "acme", map[string]any{"name": "Acme Europe"}, true)
	must(err)
	if s.Name != "Acme Europe" || s.RevokedAuthorizations != 0 {
		t.Errorf("edited to %+v", s)
	}
	secret := &client.Definition{LinkName: "crm", Name: "CRM", Hosts: []string{"crm.example"}, Auth: client.Auth{Type: "oauth2", GrantType: "authorization_code",
		ClientID: "id", ClientSecret: "secret", AuthorizeURL: "https://crm.example/authorize", AccessTokenURL: "https://crm.example/token"}}
	s, err = c.CreateService(ctx, secret)
	must(err)
	if !s.Auth.ClientSecretSet || s.Auth.ClientSecretFingerprint == "" || s.Auth.ClientSecret != "" {
		t.Errorf("of the secret the server says %+v", s.Auth)
	}
	var services []string
	for s, err := range c.Services(client.ServiceFilter{Kind: lanyard.KindCustom}).All(ctx) {
		must(err)
		services = append(services, s.LinkName)
	}
	if !slices.Equal(services, []string{"acme", "crm"}) {
		t.Errorf("the services are %v", services)
	}

	github, err := c.SetOAuthClient(ctx, "github", client.OAuthClient{ClientID: "id", ClientSecret: &secret.Auth.ClientSecret})
	must(err)
	if github.Kind != lanyard.KindDefault || github.ClientSet == nil || !*github.ClientSet || github.Auth.ClientID != "id" || !github.CreatedAt.IsZero() {
		t.Errorf("with a client it is %+v", github)
	}

	hook, err := c.CreateWebhook(ctx, client.NewWebhook{URL: upstream.URL + "/hook", Events: []lanyard.EventType{lanyard.EventRevoked}})
	must(err)
	if !hook.Enabled || !strings.HasPrefix(hook.Secret.Reveal(), "whsec_") || strings.Contains(string(hook.JSON()), "[redacted]") {
		t.Errorf("made %+v", hook)
	}
	renewed, err := c.RotateWebhookSecret(ctx, hook.ID)
	must(err)
	if renewed.Secret.Equal(hook.Secret) || renewed.PreviousUntil.IsZero() {
		t.Errorf("the new secret is %+v", renewed)
	}
	hook, err = c.EditWebhook(ctx, hook.ID, map[string]any{"events": []string{}, "url": "https://127.0.0.1:1/hook"})
	must(err)
	tested, err := c.TestWebhook(ctx, hook.ID)
	must(err)
	if tested.Type != lanyard.EventTest || tested.Status != lanyard.DeliveryFailed || len(tested.Attempts) != 1 || tested.Attempts[0].Error == "" {
		t.Errorf("the test is %+v", tested)
	}
	tested, err = c.RetryDelivery(ctx, hook.ID, tested.ID)
	must(err)
	if tested.Status != lanyard.DeliveryPending {
		t.Errorf("sent again it is %+v", tested)
	}
	for d, err := range c.Deliveries(hook.ID).All(ctx) {
		must(err)
		if d.ID != tested.ID {
			t.Errorf("listed %+v", d)
		}
	}
	for w, err := range c.Webhooks().All(ctx) {
		must(err)
		if w.ID != hook.ID || len(w.Events) != 0 || !w.Secret.IsZero() {
			t.Errorf("listed %+v", w)
		}
	}
	hook, err = c.Webhook(ctx, hook.ID)
	must(err)
	must(c.DeleteWebhook(ctx, hook.ID))

	con, err := c.CreateConnection(ctx, client.NewConnection{LinkName: "live", Name: "Live", Service: "acme"})
	must(err)
	if con.Status != lanyard.StatusNotConnected || con.Origin != lanyard.OriginUser || con.UsableBy != lanyard.UsableByOrganization {
		t.Errorf("made %+v", con)
	}
	_, err = c.EditConnection(ctx, "live", map[string]any{"usable_by": lanyard.UsableByOwner})
	must(err)
	result, err := c.Connect(ctx, "live", client.ConnectInput{})
	must(err)
	if result.Status != client.ConnectConsentRequired || !strings.HasPrefix(result.ConnectURL, "http://lanyard.test/connect/") {
		t.Errorf("connecting without credentials gives %+v", result)
	}
	result, err = c.Connect(ctx, "live", client.ConnectInput{Credentials: map[string]string{"X-Api-Key": "secret-value"}, Parameters: map[string]string{"region": "us"}})
	must(err)
	if result.Status != client.ConnectConnected {
		t.Errorf("connecting gives %+v", result)
	}
	con, err = c.Connection(ctx, "live")
	must(err)
	if con.Status != lanyard.StatusConnected || con.UsableBy != lanyard.UsableByOwner {
		t.Errorf("read %+v", con)
	}
	connections, _, err := c.Connections(client.ViewMy).Page(ctx, "", 0)
	must(err)
	if len(connections) != 1 || connections[0].LinkName != "live" {
		t.Errorf("the connections are %v", connections)
	}

	answer, err := c.Invoke(ctx, &client.Request{Connection: "live", URL: "/x", Type: "POST", Body: map[string]int{"a": 1}})
	must(err)
	if body, err := answer.Bytes(); err != nil || string(body) != "secret POST /api/x" || answer.Status != 200 {
		t.Errorf("the answer is %q, %v, %v", body, answer, err)
	}
	outcome, err := c.RunScript(ctx, "info \"hello \" + name; return invokeurl [ url: \"/x\" type: GET connection: \"live\" ];", map[string]any{"name": "Ada"})
	must(err)
	if outcome.Error != nil || !slices.Equal(outcome.Output, []string{"hello Ada"}) || string(outcome.Result) != `"secret GET /api/x"` || len(outcome.Calls) != 1 || outcome.Calls[0].Status != 200 || outcome.Calls[0].Connection != "live" {
		t.Errorf("the script came to %s", outcome.JSON())
	}
	checked, err := c.CheckScript(ctx, "info ;")
	must(err)
	if len(checked.Problems) != 1 || checked.Problems[0].Column != 6 {
		t.Errorf("the script is %s", checked.JSON())
	}
	f, err := c.CreateFunction(ctx, client.NewFunction{Name: "Greet", Script: `string greet(string name) { return "Hello " + name; }`})
	must(err)
	if f.LinkName != "greet" || f.Version != 1 || f.Author != me.User.ID || len(f.Parameters) != 1 || f.Parameters[0].Type != "string" || f.Schedule != nil || len(f.Warnings) != 0 {
		t.Errorf("made %+v", f)
	}
	f, err = c.EditFunction(ctx, "greet", map[string]any{"script": `info "on time"; key = "AKIA` + `IOSFODNN7EXAMPLE";`, "schedule": lanyard.Schedule{Cron: "0 9 * * *", Zone: "Europe/Berlin"}})
	must(err)
	if f.Version != 2 || f.Schedule == nil || f.NextRunAt.IsZero() || len(f.Warnings) != 1 || f.Warnings[0].Column != 24 {
		t.Errorf("edited to %s", f.JSON())
	}
	for f, err := range c.Functions("greet").All(ctx) {
		must(err)
		if f.LinkName != "greet" || f.Script != "" {
			t.Errorf("listed %+v", f)
		}
	}
	for v, err := range c.FunctionVersions("greet").All(ctx) {
		must(err)
		if v, err = c.FunctionVersion(ctx, "greet", v.Version); err != nil || v.Script == "" || v.SavedBy != me.User.ID {
			t.Errorf("the version is %+v, %v", v, err)
		}
	}
	ran, err := c.RunFunction(ctx, "greet", nil)
	must(err)
	if ran.Error != nil || ran.RunID == "" || !slices.Equal(ran.Output, []string{"on time"}) {
		t.Errorf("the run came to %s", ran.JSON())
	}
	for r, err := range c.FunctionRuns("greet").All(ctx) {
		must(err)
		if r.ID != ran.RunID || r.Status != lanyard.RunOK || r.Cause != lanyard.CauseAPI {
			t.Errorf("listed %+v", r)
		}
	}
	kept, err := c.FunctionRun(ctx, ran.RunID)
	must(err)
	if !slices.Equal(kept.Output, []string{"on time"}) || string(kept.Result) != "null" {
		t.Errorf("kept %s", kept.JSON())
	}
	address, err := c.CreateFunctionHook(ctx, "greet")
	must(err)
	if !strings.HasPrefix(address.URL.Reveal(), "http://lanyard.test/hooks/") {
		t.Errorf("the address is %s", address.JSON())
	}
	must(c.DeleteFunctionHook(ctx, "greet"))
	f, err = c.Function(ctx, "greet")
	must(err)
	if f.HookSet || f.Script == "" {
		t.Errorf("read %+v", f)
	}
	must(c.DeleteFunction(ctx, "greet"))
	res, err := c.Proxy(ctx, "live", "PUT", "/y", nil, strings.NewReader("data"))
	must(err)
	if got := read(t, res); got != "secret PUT /api/y" {
		t.Errorf("the proxy gives %q", got)
	}
	sdk, err := c.HTTPClient("live", "https://api.acme.com/")
	must(err)
	res, err = sdk.Get("https://api.acme.com/z")
	must(err)
	if got := read(t, res); got != "secret GET /api/z" {
		t.Errorf("the SDK gets %q", got)
	}

	link, err := c.CreateSignInLink(ctx)
	must(err)
	if !strings.HasPrefix(link.URL.Reveal(), "http://lanyard.test/sign-in/") || link.ExpiresAt.IsZero() {
		t.Errorf("the link is for %s", link.ExpiresAt)
	}
	reset, err := c.ResetPassword(ctx, me.User.ID, true)
	must(err)
	if !strings.HasPrefix(reset.URL.Reveal(), "http://lanyard.test/reset/") || reset.Mailed {
		t.Errorf("the reset link was mailed: %t, until %s", reset.Mailed, reset.ExpiresAt)
	}
	var issuer string
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%[1]q,"token_endpoint":%[1]q,"jwks_uri":%[1]q}`, issuer)
	}))
	defer provider.Close()
	issuer = provider.URL
	set, err := c.SetSingleSignOn(ctx, client.SignOnProvider{Issuer: issuer, ClientID: "c", ClientSecret: "s", Domains: []string{"example.com"}, MayJoin: true})
	must(err)
	if !set.ClientSecretSet || set.ClientSecret != "" || !strings.HasPrefix(set.CallbackURL, "http://lanyard.test/sign-in/callback/") {
		t.Errorf("set up %+v", set)
	}
	if got, err := c.SingleSignOn(ctx); err != nil || !got.MayJoin || got.Issuer != issuer {
		t.Errorf("read %+v, %v", got, err)
	}
	must(c.DeleteSingleSignOn(ctx))
	narrow := false
	created, err := c.CreateKey(ctx, client.NewKey{Name: "report", Manage: &narrow, Connections: []string{"live"}})
	must(err)
	if created.Manage || created.Secret.IsZero() || !slices.Equal(created.Connections, []string{"live"}) {
		t.Errorf("made %+v", created)
	}
	keys, _, err := c.Keys().Page(ctx, "", 1)
	must(err)
	if len(keys) != 1 {
		t.Errorf("the first page has %d keys", len(keys))
	}
	rotated, err := c.RotateKey(ctx, created.ID, time.Hour)
	must(err)
	if rotated.ID != created.ID || rotated.PreviousHint != created.Hint || rotated.PreviousExpiresAt.IsZero() {
		t.Errorf("rotated: %+v", rotated)
	}
	must(c.EndPreviousKey(ctx, created.ID))
	must(c.DeleteKey(ctx, created.ID))

	invited, err := c.Invite(ctx, client.NewInvitation{Email: "new@example.com", Role: lanyard.RoleAdmin})
	must(err)
	if !strings.HasPrefix(invited.URL.Reveal(), "http://lanyard.test/invitation/") || invited.Mailed || invited.Role != lanyard.RoleAdmin {
		t.Errorf("invited %+v", invited)
	}
	invitations, _, err := c.Invitations().Page(ctx, "", 0)
	must(err)
	if len(invitations) != 1 || invitations[0].ID != invited.ID {
		t.Errorf("the invitations are %v", invitations)
	}
	must(c.RevokeInvitation(ctx, invited.ID))

	if _, err := c.CreateConnectSession(ctx, client.NewConnectSession{Connection: "live", User: me.User.ID, ReturnTo: "https://app.example.com/"}); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
		t.Errorf("a connect session that leads to an origin which no key names: %v", err)
	}
	if _, err := c.ConnectSession(ctx, "cse_none"); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("reading no connect session: %v", err)
	}
	if _, err := c.ConfirmConnectSession(ctx, "cse_none", "code", ""); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("confirming no connect session: %v", err)
	}

	users, _, err := c.ConnectionUsers("live").Page(ctx, "", 0)
	must(err)
	if len(users) != 1 || users[0].User != me.User.ID || users[0].Status != lanyard.StatusConnected {
		t.Errorf("who connected it: %v", users)
	}
	if _, err := c.RemoveConnectionUser(ctx, "live", "usr_nobody"); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("removing nobody: %v", err)
	}
	customer, err := c.CreateUser(ctx, client.NewUser{Name: "Customer", ExternalID: "customer-1"})
	must(err)
	customer, err = c.EditUser(ctx, customer.ID, map[string]any{"name": "Renamed", "disabled": true})
	must(err)
	if customer, err = c.User(ctx, customer.ID); err != nil || customer.Name != "Renamed" || !customer.Disabled || customer.Role != lanyard.RoleMember {
		t.Errorf("read %+v, %v", customer, err)
	}
	customers, _, err := c.Users(client.UserFilter{ExternalID: "customer-1"}).Page(ctx, "", 0)
	must(err)
	if len(customers) != 1 || customers[0].ID != customer.ID {
		t.Errorf("the customers of the external id are %v", customers)
	}
	handed, err := c.HandOver(ctx, customer.ID, me.User.ID)
	must(err)
	if handed.Connections+handed.Services != 0 {
		t.Errorf("handed over %+v", handed)
	}
	must(c.RemoveUser(ctx, customer.ID, client.Removal{HandOverTo: me.User.ID}))

	useExtensions(ctx, t, c, me.Organization.ID)

	revoked, err := c.Revoke(ctx, "live")
	must(err)
	if revoked.Status != lanyard.StatusRevoked || revoked.ProviderConfirmed {
		t.Errorf("revoking gives %+v", revoked)
	}
	must(c.DeleteConnection(ctx, "live"))
	n, err := c.DeleteService(ctx, "crm")
	must(err)
	if n != 0 {
		t.Errorf("deleting revoked %d", n)
	}
	audit, _, err := c.Audit(client.AuditFilter{Action: lanyard.ActionConnectionDelete}).Page(ctx, "", 0)
	must(err)
	if len(audit) != 1 || audit[0].ObjectName != "live" || audit[0].Actor != me.User.ID {
		t.Errorf("the audit log says %v", audit)
	}
	_, _, err = c.Invocations(client.InvocationFilter{Connection: "live"}).Page(ctx, "", 0)
	must(err)

	for _, operation := range documented(t, url) {
		if !slices.ContainsFunc(sent.calls, operation.MatchString) {
			t.Errorf("no method of the client calls %s", operation)
		}
	}
}

// documented gives a pattern of each operation of the API that the server documents.
func documented(t *testing.T, url string) []*regexp.Regexp {
	t.Helper()
	res, err := http.Get(url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(read(t, res)), &document); err != nil {
		t.Fatal(err)
	}
	var operations []*regexp.Regexp
	parameter := regexp.MustCompile(`\{[^/]*\}`)
	for path, item := range document.Paths {
		if !strings.HasPrefix(path, "/v1/") {
			continue
		}
		for method := range item {
			if method = strings.ToUpper(method); !slices.Contains([]string{"GET", "PUT", "POST", "PATCH", "DELETE"}, method) {
				continue
			}
			if strings.HasPrefix(path, "/v1/proxy/") {
				method = "[A-Z]+" // the proxy takes any
			}
			operations = append(operations, regexp.MustCompile("^"+method+" "+parameter.ReplaceAllString(path, ".+")+"$"))
		}
	}
	if len(operations) < 20 {
		t.Fatalf("only %d operations are documented", len(operations))
	}
	return operations
}
