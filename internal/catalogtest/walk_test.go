package catalogtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

const publicURL = "https://lanyard.example"

// stage is an organization whose owner connects one service after the other.
type stage struct {
	*provider
	t        *testing.T
	registry *registry.Registry
	keeper   *credential.Keeper
	invoker  *invoke.Invoker
	services *registry.Directory
	owner    *lanyard.Caller
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := storetest.Open(t)
	st := &stage{provider: newProvider(t), t: t}
	transport := st.transport()
	t.Cleanup(transport.CloseIdleConnections)
	services, logger := registry.NewDirectory(s, catalog.Default()), slog.New(slog.DiscardHandler)
	st.services = services
	st.keeper = credential.New(credential.Config{Store: s, Services: services, Client: &http.Client{Transport: transport}, PublicURL: publicURL, Logger: logger})
	st.registry = registry.New(registry.Config{Store: s, Services: services, Revoker: st.keeper, PublicURL: publicURL})
	st.invoker = invoke.New(invoke.Config{Keeper: st.keeper, Store: s, Transport: transport, ProxyTransport: transport, Logger: logger})
	org := lanyard.NewOrganizationID()
	owner := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org, Email: "owner@example.com", Name: "The owner", Role: lanyard.RoleOwner}
	st.must(s.CreateAccount(t.Context(), store.NewAccount{Organization: lanyard.Organization{ID: org, Name: "acme"}, Owner: owner, Audit: lanyard.AuditEntry{Action: "test", Object: "o"}}, nil))
	st.owner = &lanyard.Caller{Organization: org, User: owner.ID, KeyOwner: owner.ID, Role: owner.Role, Session: "session"}
	return st
}

func (st *stage) must(err error) {
	st.t.Helper()
	if err != nil {
		st.t.Fatal(err)
	}
}

// valuesOf are values for all parameters of a service, as somebody could give or a provider say them.
func valuesOf(t *testing.T, s *lanyard.Service) map[string]string {
	t.Helper()
	values := s.SampleValues()
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		if err := p.CheckValue(values[p.Key]); err != nil && !(p.Optional && values[p.Key] == "") {
			t.Errorf("no value for {%s}: %v: give an example", p.Key, err)
		}
	}
	return values
}

// TestEveryServiceConnectsAndCalls walks each default service from nothing to a call: the OAuth client, a connection
// with every scope, the parameters, the way to the provider and back, tokens, what is looked up, the verification request,
// a call, and a refresh.
func TestEveryServiceConnectsAndCalls(t *testing.T) {
	st := newStage(t)
	walked := map[lanyard.AuthType]int{}
	for _, s := range catalog.Default().Services() {
		t.Run(string(s.LinkName), func(t *testing.T) {
			st.t = t
			st.walk(s)
		})
		walked[s.Auth.Type]++
	}
	st.t = t
	t.Logf("walked %v", walked)
}

func (st *stage) walk(s *lanyard.Service) {
	t, ctx := st.t, st.t.Context()
	values := valuesOf(t, s)
	st.begin(s, values)
	name := string(s.LinkName)
	st.callback = fmt.Sprintf("%s/oauth/callback/%s/%s", publicURL, st.owner.Organization, s.LinkName)
	if s.NeedsClient() {
		st.setClient(s, values)
	}
	in := registry.ConnectionInput{LinkName: name, Name: "Walked", Service: name}
	if a := s.Auth.OAuth2; a != nil {
		for _, scope := range a.Scopes {
			in.Scopes = append(in.Scopes, scope.Value)
		}
		st.scopes = joined(a, in.Scopes, "")
	}
	_, err := st.registry.CreateConnection(ctx, st.owner, in)
	st.must(err)

	input := credential.ConnectInput{Parameters: map[string]string{}, Credentials: map[string]lanyard.Secret{}}
	for _, p := range s.Asked() {
		input.Parameters[p.Key] = values[p.Key]
	}
	for _, f := range s.CredentialFields() {
		input.Credentials[f.Name] = lanyard.NewSecret("typed-" + strings.ToLower(strings.Trim(f.Name, "_-.")))
		if f.Name == "access_key_id" {
			input.Credentials[f.Name] = lanyard.NewSecret("AKIDEXAMPLE")
		}
	}
	if len(input.Credentials) == 0 {
		input.Credentials = nil
	}
	st.given = input.Credentials
	got, err := st.keeper.Connect(ctx, st.owner, name, input)
	st.must(err)
	if got.Status == "consent_required" {
		var all []string
		if a := s.Auth.OAuth2; a != nil {
			all = in.Scopes
		}
		st.consentTo(s, all, got.ConnectURL)
	}
	st.call(s)
	if a := s.Auth.OAuth2; a != nil {
		st.lifetime(s)
		st.stale = true
		st.call(s)
		if st.stale {
			t.Error("the second call did not get there")
		}
	}
	faults, calls := st.end()
	for _, f := range faults {
		t.Error(f)
	}
	if t.Failed() {
		t.Logf("asked: %s", strings.Join(calls, ", "))
	}
}

// joined are the scopes that go into one parameter of the authorize URL; "" is scope itself.
func joined(a *lanyard.OAuth2Auth, asked []string, param string) string {
	asked = slices.Clone(asked)
	for _, s := range a.Scopes {
		if s.Always && !slices.Contains(asked, s.Value) {
			asked = append(asked, s.Value)
		}
	}
	asked = slices.DeleteFunc(asked, func(value string) bool {
		i := slices.IndexFunc(a.Scopes, func(s lanyard.Scope) bool { return s.Value == value })
		return i < 0 || a.Scopes[i].Param != param
	})
	return strings.Join(asked, a.ScopeDelimiter)
}

func (st *stage) setClient(s *lanyard.Service, values map[string]string) {
	secret := lanyard.NewSecret(clientSecret)
	if a := s.Auth.OAuth1; a != nil && a.SignatureMethod == lanyard.RSASHA1 {
		secret = privateKey() // its requests are signed with a key
	}
	in := registry.OAuthClientInput{ClientID: clientID, ClientSecret: &secret, Parameters: map[string]string{}}
	for _, p := range s.ClientParameters() {
		in.Parameters[p.Key] = values[p.Key]
	}
	_, _, err := st.registry.SetOAuthClient(st.t.Context(), st.owner, string(s.LinkName), in)
	st.must(err)
}

// privateKey is a key in PEM that belongs to nobody.
var privateKey = sync.OnceValue(func() lanyard.Secret {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // rand.Reader never fails
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return lanyard.NewSecret(strings.TrimSpace(string(text)))
})

// consentTo goes to the provider, which is asked for these scopes, and comes back, as a browser would.
func (st *stage) consentTo(s *lanyard.Service, scopes []string, connectURL string) {
	t, ctx := st.t, st.t.Context()
	token := connectURL[strings.LastIndexByte(connectURL, '/')+1:]
	target, err := st.keeper.StartConsent(ctx, st.owner, token)
	st.must(err)
	u, err := url.Parse(target)
	st.must(err)
	q := u.Query()
	back := url.Values{}
	if a := s.Auth.OAuth1; a != nil {
		st.at(u, a.AuthorizeURL)
		if q.Get("oauth_token") != st.oauth1Named(1) {
			t.Errorf("the browser goes to %s", target)
		}
		back.Set("oauth_token", st.oauth1Named(1))
		back.Set("oauth_verifier", "verifier")
	} else {
		st.authorize(s, scopes, u)
		back.Set(orElse(s.Auth.OAuth2.CodeName, "code"), "the code")
		back.Set("state", q.Get("state"))
	}
	for _, d := range s.DynamicParameters {
		if d.Learn != nil && d.Learn.From == lanyard.LearnCallback {
			back.Set(d.Learn.At, st.said(d))
		}
	}
	if iss := s.Auth.OAuth2; iss != nil && iss.Issuer != "" {
		back.Set("iss", iss.Issuer)
	}
	outcome, err := st.keeper.Callback(ctx, st.owner, lanyard.Secret{}, st.owner.Organization, string(s.LinkName), back)
	st.must(err)
	result, err := st.keeper.ConsentResult(ctx, st.owner, outcome.Result[strings.LastIndexByte(outcome.Result, '/')+1:])
	st.must(err)
	if !result.OK {
		t.Fatalf("%s %s", result.Outcome, result.Remedy)
	}
}

func (st *stage) at(u *url.URL, want string) {
	w, err := url.Parse(st.fill(want))
	if err != nil || u.Scheme != "https" || !strings.EqualFold(u.Host, w.Host) || u.Path != w.Path {
		st.t.Errorf("the browser goes to %s, not %s", u, st.fill(want))
	}
	for name, values := range w.Query() {
		if !slices.Equal(u.Query()[name], values) {
			st.t.Errorf("%s is lost from the authorize URL: %s", name, u)
		}
	}
}

func (st *stage) authorize(s *lanyard.Service, scopes []string, u *url.URL) {
	t, a, q := st.t, s.Auth.OAuth2, u.Query()
	st.at(u, a.AuthorizeURL)
	want := map[string]string{
		"response_type": "code", orElse(a.ClientIDName, "client_id"): clientID, "scope": joined(a, scopes, ""),
		"redirect_uri": orElse(st.fill(a.RedirectURI), st.callback),
	}
	for _, scope := range a.Scopes {
		if scope.Param != "" {
			want[scope.Param] = joined(a, scopes, scope.Param)
		}
	}
	for name, value := range a.AuthorizeParams {
		if !st.leftOut(value) {
			want[name] = st.fill(value)
		}
	}
	if a.ScopeDelimiter == "+" {
		want["scope"] = strings.ReplaceAll(want["scope"], "+", " ") // as it is on the wire
	}
	for name, value := range want {
		if got := q.Get(name); got != value {
			t.Errorf("authorize: %s is %q, not %q", name, got, value)
		}
	}
	if q.Get("state") == "" || q.Has("code_challenge") != a.PKCE {
		t.Errorf("authorize: %s", u)
	}
	st.redirect, st.challenge = q.Get("redirect_uri"), q.Get("code_challenge")
}

// call calls a path below the base URL, with a method that a credential in a form goes with.
func (st *stage) call(s *lanyard.Service) {
	t := st.t
	r := &invoke.Request{Connection: string(s.LinkName), URL: "/probe", Type: http.MethodGet}
	if k := s.Auth.APIKey; k != nil && slices.ContainsFunc(k.Parameters, func(p lanyard.APIKeyParameter) bool { return p.ParamType == lanyard.ParamForm }) {
		r.Type = http.MethodPost
	}
	got, err := st.invoker.Invoke(t.Context(), st.owner, r)
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("call: %+v, %v", got, err)
	}
	base, err := url.Parse(st.fill(s.BaseURL))
	st.must(err)
	_, calls := st.end()
	last := calls[len(calls)-1]
	path := base.Path + "/probe"
	if !strings.HasSuffix(last, path) || !strings.Contains(last, " "+strings.ToLower(base.Host)+"/") {
		t.Errorf("the call went to %s, not %s%s", last, base.Host, path)
	}
}

// lifetime: a token lives as the answer says, or as the definition does where the answer is silent.
func (st *stage) lifetime(s *lanyard.Service) {
	t := st.t
	con, err := st.registry.Connection(t.Context(), st.owner, string(s.LinkName))
	st.must(err)
	a, err := st.keeper.Store.Authorization(t.Context(), st.owner.Organization, con.ID, st.owner.User)
	st.must(err)
	want := time.Hour
	if o := s.Auth.OAuth2; o.DefaultExpiresIn > 0 && (o.TokenAnswer == nil || o.TokenAnswer.ExpiresIn == "") {
		want = time.Duration(o.DefaultExpiresIn) * time.Second
	}
	if (a.Lifetime - want).Abs() > 5*time.Second {
		t.Errorf("the token lives %s, not %s", a.Lifetime, want)
	}
}
