package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/internal/providertest/peer"
)

// The clients that an [OIDCPeer] knows. Those for the web may use authorization_code and refresh_token.
const (
	WebBasicID, WebBasicSecret = "web-basic", "web-basic-secret" // client_secret_basic
	// Reserved characters: both halves must be form-encoded before base64 (RFC 6749 §2.3.1).
	WebOddID, WebOddSecret   = "web basic+odd", "p@ss:w/rd %+&=" // client_secret_basic
	WebPostID, WebPostSecret = "web-post", "web-post-secret"     // client_secret_post
	PublicID                 = "public-pkce"                     // no secret, PKCE demanded
	MachineID, MachineSecret = "machine", "machine-secret"       // client_secret_basic, client_credentials only
)

// OIDCConfig says how the provider behaves. All durations are whole seconds except TokenDelay.
type OIDCConfig struct {
	Callbacks  []string      // redirect URIs of the web clients, compared as whole strings
	AccessTTL  time.Duration // life of an access token; zero is a minute
	RefreshTTL time.Duration // life of a refresh token; zero is an hour
	// Rotate gives a new refresh token at every refresh; an old one shown again revokes the whole grant.
	Rotate bool
	// TokenDelay is how long the token endpoint keeps an answer after it has done its work.
	TokenDelay time.Duration
}

// OIDCPeer is a running oidc-provider, a certified OpenID provider. Scopes: openid, offline_access, read, write, email,
// profile, groups.
type OIDCPeer struct {
	Issuer        string // http://127.0.0.1:PORT, also the iss of its redirects (RFC 9207)
	AuthorizeURL  string
	TokenURL      string
	RevokeURL     string
	IntrospectURL string
	WhoAmIURL     string // a resource: {"sub","client","scope","exp"} for a live bearer token, else 401

	t   testing.TB
	log string
}

// Event is a line of the provider's own log.
type Event struct {
	At time.Time `json:"at"`
	// Name is grant.success, grant.error, grant.revoked, refresh_token.consumed, access_token.issued,
	// refresh_token.saved, server_error, or, with Status, token_request or revocation_request.
	Name      string `json:"ev"`
	GrantType string `json:"grant_type"`
	Client    string `json:"client"`
	GrantID   string `json:"grantId"`
	Status    int    `json:"status"` // of the answer, which is logged before it leaves
	Error     string `json:"error"`
	Detail    string `json:"detail"`
}

// OIDC starts a provider for the duration of the test.
func OIDC(t testing.TB, c OIDCConfig) *OIDCPeer {
	t.Helper()
	const remedy = "apt-get install -y nodejs npm (Node.js 22; where Debian's is older: npm install -g node@22)"
	node := peer.Require(t, "node", remedy)
	peer.Require(t, "npm", remedy)
	if !nodeIsRecent() {
		peer.Missing(t, "node is too old for oidc-provider", remedy)
	}
	files := files(t, "testpeers/oidc")
	modules, err := peer.NodeModules(t.Context(), files)
	if err != nil {
		peer.Missing(t, "oidc-provider is not installed: "+err.Error(), "npm ci in testpeers/oidc, to see why")
	}
	// Node looks for modules beside the script.
	dir := t.TempDir()
	copyFile(t, filepath.Join(files, "peer.mjs"), filepath.Join(dir, "peer.mjs"))
	if err := os.Symlink(filepath.Join(modules, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}

	port := peer.Port(t)
	issuer := fmt.Sprintf("http://127.0.0.1:%d", port)
	p := &OIDCPeer{
		Issuer:        issuer,
		AuthorizeURL:  issuer + "/auth",
		TokenURL:      issuer + "/token",
		RevokeURL:     issuer + "/token/revocation",
		IntrospectURL: issuer + "/token/introspection",
		WhoAmIURL:     issuer + "/api/whoami",
		t:             t,
		log:           filepath.Join(dir, "events.jsonl"),
	}
	env := []string{
		"PORT=" + strconv.Itoa(port), "LOG=" + p.log, "ROTATE=0",
		"TOKEN_DELAY=" + strconv.FormatInt(c.TokenDelay.Milliseconds(), 10),
	}
	if c.Rotate {
		env = append(env, "ROTATE=1")
	}
	if c.AccessTTL != 0 {
		env = append(env, fmt.Sprintf("ACCESS_TTL=%d", c.AccessTTL/time.Second))
	}
	if c.RefreshTTL != 0 {
		env = append(env, fmt.Sprintf("REFRESH_TTL=%d", c.RefreshTTL/time.Second))
	}
	if len(c.Callbacks) > 0 {
		env = append(env, "CALLBACKS="+strings.Join(c.Callbacks, ","))
	}
	peer.Start(t, peer.Program{
		Name: "oidc-provider", Path: node, Args: []string{"peer.mjs"}, Dir: dir, Env: env,
		Ready: peer.Answers(issuer + "/.well-known/openid-configuration"),
	})
	return p
}

// nodeIsRecent asks for what oidc-provider uses first, since Node 20 got it in the middle of its life.
var nodeIsRecent = sync.OnceValue(func() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return exec.CommandContext(ctx, "node", "-e", "process.exit(URL.parse && globalThis.crypto ? 0 : 1)").Run() == nil
})

// Events returns the logged events of that name, oldest first; all of them if name is empty.
func (p *OIDCPeer) Events(name string) []Event {
	p.t.Helper()
	var found []Event
	for _, e := range readLines[Event](p.t, p.log) {
		if name == "" || e.Name == name {
			found = append(found, e)
		}
	}
	return found
}

// TokenRequests returns every request that reached the token endpoint with that grant type, answered or refused.
func (p *OIDCPeer) TokenRequests(grantType string) []Event {
	p.t.Helper()
	var found []Event
	for _, e := range p.Events("token_request") {
		if e.GrantType == grantType {
			found = append(found, e)
		}
	}
	return found
}

// SetTokenDelay changes [OIDCConfig.TokenDelay] for the requests that come from now on.
func (p *OIDCPeer) SetTokenDelay(t testing.TB, d time.Duration) {
	t.Helper()
	resp := send(t, http.DefaultClient, http.MethodPost,
		fmt.Sprintf("%s/control/token-delay?ms=%d", p.Issuer, d.Milliseconds()), nil)
	if resp.Status != http.StatusNoContent {
		t.Fatalf("set token delay: %d %s", resp.Status, resp.Body)
	}
}

// SetClaims says what the provider tells of an account from now on, beside its sub, as far as scopes ask for it: email,
// email_verified, name, groups. Until then, whoever signs in with an e-mail address has that address, verified.
func (p *OIDCPeer) SetClaims(t testing.TB, sub string, claims map[string]any) {
	t.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	resp := send(t, http.DefaultClient, http.MethodPost, p.Issuer+"/control/claims?"+url.Values{"sub": {sub}, "claims": {string(text)}}.Encode(), nil)
	if resp.Status != http.StatusNoContent {
		t.Fatalf("set claims: %d %s", resp.Status, resp.Body)
	}
}

// Consent walks the browser's way from authorizeURL through sign-in and consent, and returns the callback URL that the
// provider sends the browser to, without fetching it. URL and client may begin at Lanyard: redirects are followed until
// the way has led into the provider and out again. The client's cookies are used and kept; where it has no jar, or is
// nil, a jar of its own serves for this call. An error that the provider reports by redirect is such a callback too.
func (p *OIDCPeer) Consent(t testing.TB, client *http.Client, authorizeURL, login string) string {
	t.Helper()
	return p.browse(t, client, authorizeURL, func(page, prompt string) (method, to string, form url.Values) {
		if prompt == "login" {
			return http.MethodPost, page, url.Values{"prompt": {"login"}, "login": {login}, "password": {"any will do"}}
		}
		return http.MethodPost, page, url.Values{"prompt": {"consent"}}
	})
}

// Deny walks like [OIDCPeer.Consent], but the person cancels: the callback carries error=access_denied.
func (p *OIDCPeer) Deny(t testing.TB, client *http.Client, authorizeURL string) string {
	t.Helper()
	return p.browse(t, client, authorizeURL, func(page, _ string) (method, to string, form url.Values) {
		return http.MethodGet, page + "/abort", nil
	})
}

var promptField = regexp.MustCompile(`name="prompt" value="(login|consent)"`)

// browse follows redirects, and answers each page of the provider that asks something, until it is sent elsewhere.
func (p *OIDCPeer) browse(t testing.TB, client *http.Client, start string,
	answer func(page, prompt string) (method, to string, form url.Values),
) string {
	t.Helper()
	browser := withoutRedirects(client)
	if browser.Jar == nil {
		browser.Jar, _ = cookiejar.New(nil) // it reports no errors
	}
	method, at, form := http.MethodGet, start, url.Values(nil)
	for range 20 {
		resp := send(t, browser, method, at, form)
		inside := strings.HasPrefix(at, p.Issuer+"/")
		if resp.Location != "" {
			if inside && !strings.HasPrefix(resp.Location, p.Issuer+"/") {
				return resp.Location
			}
			method, at, form = http.MethodGet, resp.Location, nil
			continue
		}
		prompt := promptField.FindStringSubmatch(resp.Body)
		if !inside || resp.Status != http.StatusOK || prompt == nil {
			t.Fatalf("consent: %s answered %d and asks nothing: %s", at, resp.Status, resp.Body)
		}
		method, at, form = answer(at, prompt[1])
	}
	t.Fatalf("consent: still at %s after 20 steps from %s", at, start)
	return ""
}

// answer is an HTTP answer read to its end.
type answer struct {
	Status   int
	Location string // absolute; empty if it is no redirect
	Body     string
	Header   http.Header
}

// send makes a request, with form as its body if there is one.
func send(t testing.TB, client *http.Client, method, to string, form url.Values) answer {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, to, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return do(t, client, req)
}

func do(t testing.TB, client *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read the answer: %v", req.Method, req.URL, err)
	}
	a := answer{Status: resp.StatusCode, Body: string(b), Header: resp.Header}
	if to, err := resp.Location(); err == nil {
		a.Location = to.String()
	}
	return a
}

// withoutRedirects is the same client, handing redirects back.
func withoutRedirects(client *http.Client) *http.Client {
	var c http.Client
	if client != nil {
		c = *client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
