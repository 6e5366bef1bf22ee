package invoke_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// bench is an organization with an owner whose connections lead to one server.
type bench struct {
	*invoke.Invoker
	t        *testing.T
	store    *store.Store
	owner    *lanyard.Caller
	upstream *httptest.Server
}

func newBench(t *testing.T, upstream http.HandlerFunc) *bench {
	t.Helper()
	b := &bench{t: t, store: storetest.Open(t), upstream: httptest.NewServer(upstream)}
	t.Cleanup(b.upstream.Close)
	logger := slog.New(slog.DiscardHandler)
	keeper := credential.New(credential.Config{Store: b.store, Services: registry.NewDirectory(b.store, catalog.Default()), Client: http.DefaultClient, PublicURL: "https://lanyard.example", Logger: logger})
	b.Invoker = invoke.New(invoke.Config{Keeper: keeper, Store: b.store, Transport: http.DefaultTransport, ProxyTransport: http.DefaultTransport, Logger: logger, MaxResponse: 4 << 20})
	org := lanyard.NewOrganizationID()
	owner := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org, Email: "owner@example.com", Name: "The owner", Role: lanyard.RoleOwner}
	must(t, b.store.CreateAccount(t.Context(), store.NewAccount{Organization: lanyard.Organization{ID: org, Name: "acme"}, Owner: owner, Audit: audit()}, nil))
	b.owner = &lanyard.Caller{Organization: org, User: owner.ID, KeyOwner: owner.ID, Role: owner.Role}
	return b
}

func audit() lanyard.AuditEntry { return lanyard.AuditEntry{Action: "test", Object: "object"} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connect makes a service and a connection of the same name, connected with the credential, if that is not nil.
func (b *bench) connect(name lanyard.LinkName, auth lanyard.Auth, cred *lanyard.Credential, parameters ...lanyard.DynamicParameter) {
	b.t.Helper()
	s := &lanyard.Service{OrganizationID: b.owner.Organization, Author: b.owner.User, Kind: lanyard.KindCustom, LinkName: name, Name: string(name),
		Hosts: []string{strings.TrimPrefix(b.upstream.URL, "http://")}, BaseURL: b.upstream.URL, DynamicParameters: parameters, Auth: auth}
	must(b.t, b.store.CreateService(b.t.Context(), s, audit()))
	con := &lanyard.Connection{OrganizationID: b.owner.Organization, LinkName: name, Name: string(name), Service: name, ServiceID: s.ID,
		Origin: lanyard.OriginUser, Owner: b.owner.User, UsableBy: lanyard.UsableByOrganization}
	must(b.t, b.store.CreateConnection(b.t.Context(), con, audit()))
	if cred == nil {
		return
	}
	a := &lanyard.Authorization{OrganizationID: con.OrganizationID, ConnectionID: con.ID, UserID: b.owner.User, ServiceVersion: s.Version}
	if ok, _, err := b.store.SaveAuthorization(b.t.Context(), a, cred, audit()); err != nil || !ok {
		b.t.Fatalf("connect %s: %t, %v", name, ok, err)
	}
}

// echo answers with all that it was sent, in ways that servers have: as it came, decoded, in base64, in headers.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	dump, _ := httputil.DumpRequest(r, true)
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	form, _ := url.QueryUnescape(string(body))
	user, password, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", strings.NewReplacer("\r", " ", "\n", " ").Replace(r.Header.Get("Authorization")))
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "cookie-canary", HttpOnly: true})
	_ = json.NewEncoder(w).Encode(map[string]any{"dump": string(dump), "query": query, "form": form, "user": user, "password": password,
		"headers": r.Header, "twice": base64.StdEncoding.EncodeToString([]byte(r.Header.Get("X-Api-Key")))})
}

// everyAuth is a connection of each kind of credential, with a secret of its own in every field.
func everyAuth() map[string]struct {
	auth lanyard.Auth
	cred *lanyard.Credential
} {
	secret := func(what string) lanyard.Secret { return lanyard.NewSecret("CANARY/" + what + "+x=") }
	apiKey := func(name string, in lanyard.ParamType) lanyard.Auth {
		return lanyard.Auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{{Name: name, DisplayName: "Key", ParamType: in, Prefix: "Key "}}}}
	}
	token := func(in lanyard.ParamType) lanyard.Auth {
		return lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{GrantType: lanyard.AuthorizationCode, ClientID: "client", ClientSecret: secret("client"),
			AuthorizeURL: "https://acme.example/a", AccessTokenURL: "https://acme.example/t", ParamType: in, ScopeDelimiter: " "}}
	}
	signed := func(in lanyard.ParamType, method string) lanyard.Auth {
		return lanyard.Auth{Type: lanyard.AuthOAuth1, OAuth1: &lanyard.OAuth1Auth{ConsumerKey: "consumer", ConsumerSecret: secret("consumer"), RequestTokenURL: "https://acme.example/r",
			AuthorizeURL: "https://acme.example/a", AccessTokenURL: "https://acme.example/t", ParamType: in, SignatureMethod: lanyard.SignatureMethod(method)}}
	}
	aws := lanyard.Auth{Type: lanyard.AuthAWSSigV4, AWSSigV4: &lanyard.AWSSigV4Auth{AWSService: "s3", AWSRegion: "us-east-1"}}
	values := func(name string) *lanyard.Credential {
		return &lanyard.Credential{Values: map[string]lanyard.Secret{name: secret(name)}}
	}
	tokens := &lanyard.Credential{AccessToken: secret("access"), RefreshToken: secret("refresh")}
	pair := &lanyard.Credential{Token: secret("token"), TokenSecret: secret("token-secret")}
	return map[string]struct {
		auth lanyard.Auth
		cred *lanyard.Credential
	}{
		"key_header": {apiKey("X-Api-Key", lanyard.ParamHeader), values("X-Api-Key")}, "key_query": {apiKey("api_key", lanyard.ParamQuery), values("api_key")},
		"key_form": {apiKey("api_key", lanyard.ParamForm), values("api_key")},
		"basic":    {lanyard.Auth{Type: lanyard.AuthBasic}, &lanyard.Credential{Username: lanyard.NewSecret("somebody"), Password: secret("password")}},
		"token":    {token(lanyard.ParamHeader), tokens}, "token_query": {token(lanyard.ParamQuery), tokens},
		"oauth1": {signed(lanyard.ParamHeader, "HMAC-SHA1"), pair}, "oauth1_query": {signed(lanyard.ParamQuery, "PLAINTEXT"), pair}, "oauth1_form": {signed(lanyard.ParamForm, "HMAC-SHA256"), pair},
		"aws": {aws, &lanyard.Credential{AccessKeyID: "AKIDEXAMPLEAKID", SecretAccessKey: lanyard.NewSecret("CANARY-aws"), SessionToken: lanyard.NewSecret("CANARY-session")}},
	}
}

// Whatever the type, neither the request that is shown nor an answer that repeats it holds a credential or a signature.
func TestTryShowsNoCredential(t *testing.T) {
	var arrived *http.Request
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		arrived = r.Clone(context.Background())
		echo(w, r)
	})
	for name, c := range everyAuth() {
		t.Run(name, func(t *testing.T) {
			b.t = t
			b.connect(lanyard.LinkName(name), c.auth, c.cred)
			tried, err := b.Try(t.Context(), b.owner, &invoke.Request{Connection: name, URL: "/things?a=1", Type: "POST", Parameters: content(t, `{"colour": "red"}`)})
			must(t, err)
			if tried.Answer.Status != 200 || len(tried.Sent.Placed) == 0 || tried.Sent.Times != 1 {
				t.Fatalf("got %+v of %+v", tried.Answer, tried.Sent)
			}
			shown := fmt.Sprintf("%+v %+v", *tried.Sent, *tried.Answer)
			for _, secret := range []string{"CANARY", "cookie-canary", base64.StdEncoding.EncodeToString([]byte("CANARY"))[:8], "AKIDEXAMPLEAKID"} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s is to be seen in %s", secret, shown)
				}
			}
			if authorization := arrived.Header.Get("Authorization"); authorization != "" {
				_, signature, _ := strings.Cut(authorization, `ignature=`)
				signature, _, _ = strings.Cut(strings.TrimPrefix(signature, `"`), `"`)
				if decoded, _ := url.QueryUnescape(signature); signature != "" && (strings.Contains(shown, signature) || strings.Contains(shown, decoded)) {
					t.Errorf("the signature %s is to be seen in %s", signature, shown)
				}
			}
			if !strings.Contains(shown, "[redacted]") || !strings.Contains(shown, "colour") || !strings.Contains(shown, "things?a=1") {
				t.Errorf("this is not what was sent: %s", shown)
			}
			if !slices.Contains(tried.Answer.Headers, invoke.Header{Name: "Set-Cookie", Value: "session=[redacted]"}) {
				t.Errorf("the cookie stands in %v", tried.Answer.Headers)
			}
		})
	}
}

func content(t *testing.T, text string) *invoke.Content {
	t.Helper()
	c := &invoke.Content{}
	must(t, json.Unmarshal([]byte(text), c))
	return c
}

// What a person typed in for a placeholder is sealed like a credential; a path can be made of it.
func TestTryShowsPlaceholdersForTheirValues(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	b.connect("bot", lanyard.Auth{Type: lanyard.AuthBasic}, &lanyard.Credential{Username: lanyard.NewSecret("somebody"), Parameters: map[string]string{"token": "12345:secret word", "team": "Zylker-Team", "region": "europe"}},
		lanyard.DynamicParameter{Key: "token", Name: "Token"}, lanyard.DynamicParameter{Key: "team", Name: "Team"},
		lanyard.DynamicParameter{Key: "region", Name: "Region", Choices: []lanyard.Choice{{Value: "europe"}}})
	tried, err := b.Try(t.Context(), b.owner, &invoke.Request{Connection: "bot", URL: "/bot{token}/{region}?t={token}&team={team}", Headers: map[string]string{"X-Team": "zylker-team"}})
	must(t, err)
	if want := b.upstream.URL + "/bot{token}/europe?t={token}&team={team}"; tried.Sent.URL != want {
		t.Errorf("got %s, want %s", tried.Sent.URL, want)
	}
	if !slices.Contains(tried.Sent.Headers, invoke.Header{Name: "X-Team", Value: "{team}"}) {
		t.Errorf("headers %v", tried.Sent.Headers)
	}
}

// An error comes with what is known of the call: nothing where nothing was sent.
func TestTryThatFails(t *testing.T) {
	silent := make(chan struct{})
	b := newBench(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	})
	defer close(silent)
	basic := lanyard.Auth{Type: lanyard.AuthBasic}
	b.connect("basic", basic, &lanyard.Credential{Username: lanyard.NewSecret("somebody"), Password: lanyard.NewSecret("CANARY-password")})
	b.connect("empty", basic, nil)
	for _, c := range []struct {
		name    string
		request invoke.Request
		code    lanyard.Code
		sent    bool
	}{
		{"a host that is not listed", invoke.Request{Connection: "basic", URL: "https://evil.example/"}, lanyard.CodeHostNotAllowed, false},
		{"not connected", invoke.Request{Connection: "empty", URL: "/"}, lanyard.CodeNotConnected, false},
		{"no such connection", invoke.Request{Connection: "nothing", URL: "/"}, lanyard.CodeNotFound, false},
		{"a line break in a header", invoke.Request{Connection: "basic", URL: "/", Headers: map[string]string{"X-A": "b\r\nHost: evil.example"}}, lanyard.CodeInvalidRequest, false},
		{"another Host", invoke.Request{Connection: "basic", URL: "/", Headers: map[string]string{"host": "evil.example"}}, lanyard.CodeInvalidRequest, false},
		{"too late", invoke.Request{Connection: "basic", URL: "/slow", TimeoutMS: 50}, lanyard.CodeUpstreamTimeout, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tried, err := b.Try(t.Context(), b.owner, &c.request)
			if lanyard.CodeOf(err) != c.code || tried.Answer != nil || (tried.Sent != nil) != c.sent {
				t.Errorf("got %v, sent %v, answer %v; want %s, sent %t", err, tried.Sent, tried.Answer, c.code, c.sent)
			}
			if c.sent && !strings.Contains(fmt.Sprint(*tried.Sent), "Basic [redacted]") {
				t.Errorf("sent %+v", *tried.Sent)
			}
		})
	}
}

// A call that is tried is on record like any other.
func TestTryIsRecorded(t *testing.T) {
	b := newBench(t, echo)
	b.connect("basic", lanyard.Auth{Type: lanyard.AuthBasic}, &lanyard.Credential{Username: lanyard.NewSecret("somebody")})
	_, err := b.Try(t.Context(), b.owner, &invoke.Request{Connection: "basic", URL: "/things"})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	b.Run(ctx) // writes what is left
	list, _, err := b.Invocations(t.Context(), b.owner, store.InvocationFilter{}, store.Page{})
	if err != nil || len(list) != 1 || list[0].User != b.owner.User || list[0].Key != "" || list[0].Path != "/things" || list[0].Status != 200 || list[0].Duration > time.Minute {
		t.Errorf("on record: %+v, %v", list, err)
	}
}

// A large answer is masked whole: a person sees its beginning, and what is cut must not leave half a secret.
func TestTryMasksLargeAnswers(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 2<<20)+r.Header.Get("Authorization")+strings.Repeat("y", 1<<20))
	})
	b.connect("token", everyAuth()["token"].auth, everyAuth()["token"].cred)
	tried, err := b.Try(t.Context(), b.owner, &invoke.Request{Connection: "token", URL: "/"})
	must(t, err)
	if strings.Contains(tried.Answer.Body.Text, "CANARY") || !strings.Contains(tried.Answer.Body.Text, "Bearer [redacted]") {
		t.Error("the answer is not masked")
	}
	b.upstream.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 5<<20)) })
	if _, err := b.Try(t.Context(), b.owner, &invoke.Request{Connection: "token", URL: "/"}); lanyard.CodeOf(err) != lanyard.CodeResponseTooLarge {
		t.Errorf("an answer beyond the limit: %v", err)
	}
}

// Whoever asks says from which charset the answer is decoded, and in another one the credential would not be found.
func TestTryMasksBeforeItDecodes(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	})
	b.connect("token", everyAuth()["token"].auth, everyAuth()["token"].cred)
	tried, err := b.Try(t.Context(), b.owner, &invoke.Request{Connection: "token", URL: "/", ResponseDecoding: "utf-16le"})
	must(t, err)
	var sent []byte // what the characters on the page are in bytes
	for _, unit := range utf16.Encode([]rune(tried.Answer.Body.Text)) {
		sent = append(sent, byte(unit), byte(unit>>8))
	}
	if len(sent) == 0 || bytes.Contains(sent, []byte("CANARY")) {
		t.Errorf("the answer is %q", sent)
	}
}
