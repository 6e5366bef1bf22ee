package providertest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest"
)

const callback = "http://127.0.0.1:8080/oauth/callback/org_1/acme"

// reply is an answer read to its end.
type reply struct {
	Status   int
	Location string
	Header   http.Header
	Body     string
	Fields   map[string]any // of a JSON body
}

func (r reply) text(field string) string { s, _ := r.Fields[field].(string); return s }

func do(t *testing.T, req *http.Request) reply {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{Status: resp.StatusCode, Header: resp.Header, Location: resp.Header.Get("Location"), Body: string(b)}
	_ = json.Unmarshal(b, &r.Fields) // not every body is JSON
	return r
}

func request(t *testing.T, method, to, body string, change ...func(*http.Request)) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(req)
	}
	return req
}

func get(t *testing.T, to string, change ...func(*http.Request)) reply {
	t.Helper()
	return do(t, request(t, http.MethodGet, to, "", change...))
}

func post(t *testing.T, to string, form url.Values, change ...func(*http.Request)) reply {
	t.Helper()
	asForm := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	return do(t, request(t, http.MethodPost, to, form.Encode(), append(change, asForm)...))
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// encodedBasic is client_secret_basic with both halves form-encoded (RFC 6749 §2.3.1).
func encodedBasic(id, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const verifier = "a-verifier-of-at-least-forty-three-characters"

// authorizeURL asks for a code with PKCE. The provider wants prompt=consent before it grants offline access.
func authorizeURL(endpoint, clientID string) string {
	return endpoint + "?" + url.Values{
		"client_id": {clientID}, "response_type": {"code"}, "redirect_uri": {callback}, "state": {"state-1"},
		"scope": {"openid offline_access read"}, "prompt": {"consent"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}.Encode()
}

func query(t *testing.T, location string) url.Values {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != callback {
		t.Fatalf("the browser is sent to %s, want %s", got, callback)
	}
	return u.Query()
}

func TestOIDCRefreshRotation(t *testing.T) {
	t.Parallel()
	p := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callback}, Rotate: true, AccessTTL: 30 * time.Second})
	jar, _ := cookiejar.New(nil)
	back := query(t, p.Consent(t, &http.Client{Jar: jar}, authorizeURL(p.AuthorizeURL, providertest.PublicID), "alice"))
	if back.Get("state") != "state-1" || back.Get("iss") != p.Issuer {
		t.Errorf("callback carries state %q, iss %q", back.Get("state"), back.Get("iss"))
	}
	token := func(form url.Values) reply {
		form.Set("client_id", providertest.PublicID)
		return post(t, p.TokenURL, form)
	}
	refresh := func(with string) reply {
		return token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {with}})
	}
	first := token(url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
	})
	if first.Status != http.StatusOK || first.Fields["expires_in"] != 30.0 {
		t.Fatalf("code exchange: %d %s", first.Status, first.Body)
	}
	if who := get(t, p.WhoAmIURL, bearer(first.text("access_token"))); who.text("sub") != "alice" {
		t.Errorf("who am I: %d %s", who.Status, who.Body)
	}
	second := refresh(first.text("refresh_token"))
	if second.Status != http.StatusOK || second.text("refresh_token") == first.text("refresh_token") {
		t.Fatalf("refresh: %d %s", second.Status, second.Body)
	}
	// A replay kills the family: the newer refresh token and the newer access token with it.
	if r := refresh(first.text("refresh_token")); r.Status != http.StatusBadRequest || r.text("error") != "invalid_grant" {
		t.Errorf("replay: %d %s", r.Status, r.Body)
	}
	if r := refresh(second.text("refresh_token")); r.Status != http.StatusBadRequest || r.text("error") != "invalid_grant" {
		t.Errorf("successor of the replayed: %d %s", r.Status, r.Body)
	}
	if who := get(t, p.WhoAmIURL, bearer(second.text("access_token"))); who.Status != http.StatusUnauthorized {
		t.Errorf("access token of the dead family: %d %s", who.Status, who.Body)
	}

	var statuses []int
	for _, e := range p.TokenRequests("refresh_token") {
		statuses = append(statuses, e.Status)
	}
	if len(statuses) != 3 || statuses[0] != 200 || statuses[1] != 400 || statuses[2] != 400 {
		t.Errorf("the provider logged refreshes %v, want [200 400 400]", statuses)
	}
	if n := len(p.TokenRequests("authorization_code")); n != 1 {
		t.Errorf("the provider logged %d code exchanges, want 1", n)
	}
	if len(p.Events("grant.revoked")) == 0 {
		t.Error("the provider did not log that the grant was revoked")
	}
}

func TestOIDCWithoutRotation(t *testing.T) {
	t.Parallel()
	p := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callback}})
	back := query(t, p.Consent(t, nil, authorizeURL(p.AuthorizeURL, providertest.WebOddID), "bob"))
	auth := encodedBasic(providertest.WebOddID, providertest.WebOddSecret)
	first := post(t, p.TokenURL, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, auth)
	if first.Status != http.StatusOK {
		t.Fatalf("code exchange: %d %s", first.Status, first.Body)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}}
	for range 2 {
		if r := post(t, p.TokenURL, refresh, auth); r.Status != http.StatusOK {
			t.Errorf("refresh: %d %s", r.Status, r.Body)
		}
	}
	if r := post(t, p.RevokeURL, url.Values{"token": {first.text("refresh_token")}}, auth); r.Status != http.StatusOK {
		t.Errorf("revoke: %d %s", r.Status, r.Body)
	}
	if e := p.Events("revocation_request"); len(e) != 1 || e[0].Status != http.StatusOK {
		t.Errorf("the provider logged revocations %+v", e)
	}
	if r := post(t, p.TokenURL, refresh, auth); r.text("error") != "invalid_grant" {
		t.Errorf("refresh after revocation: %d %s", r.Status, r.Body)
	}
}

func TestOIDCDeny(t *testing.T) {
	t.Parallel()
	p := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callback}})
	back := query(t, p.Deny(t, nil, authorizeURL(p.AuthorizeURL, providertest.PublicID)))
	if back.Get("error") != "access_denied" || back.Get("state") != "state-1" {
		t.Errorf("callback is %v", back)
	}
}

// TestOIDCTokenDelay gives up on an answer, and finds the request among what the provider did.
func TestOIDCTokenDelay(t *testing.T) {
	t.Parallel()
	p := providertest.OIDC(t, providertest.OIDCConfig{})
	auth := encodedBasic(providertest.MachineID, providertest.MachineSecret)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}
	if r := post(t, p.TokenURL, form, auth); r.Status != http.StatusOK {
		t.Fatalf("client credentials: %d %s", r.Status, r.Body)
	}
	p.SetTokenDelay(t, time.Hour)
	req := request(t, http.MethodPost, p.TokenURL, form.Encode(), auth)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	impatient := &http.Client{Timeout: time.Second}
	if resp, err := impatient.Do(req); err == nil {
		resp.Body.Close()
		t.Fatalf("the answer came at once: %s", resp.Status)
	}
	if n := len(p.TokenRequests("client_credentials")); n != 2 {
		t.Errorf("the provider logged %d token requests, want 2", n)
	}
	p.SetTokenDelay(t, 0)
	if r := post(t, p.TokenURL, form, auth); r.Status != http.StatusOK {
		t.Errorf("after the delay was taken back: %d %s", r.Status, r.Body)
	}
}

func TestOAuth1Peer(t *testing.T) {
	t.Parallel()
	p := providertest.OAuth1(t)
	c := consumer(providertest.OddConsumerKey, providertest.OddConsumerSecret)
	token := threeLegged(t, p.RequestTokenURL, p.AccessTokenURL, c,
		func(requestToken string) string { return p.Approve(t, p.AuthorizeURL+"?oauth_token="+requestToken) })
	if r := do(t, sign(t, c, token, request(t, http.MethodGet, p.APIURL+"/echo?a=1", ""))); r.Fields["ok"] != true {
		t.Errorf("signed call: %d %s", r.Status, r.Body)
	}
	token.TokenSecret = "wrong"
	if r := do(t, sign(t, c, token, request(t, http.MethodGet, p.APIURL, ""))); r.Status != http.StatusUnauthorized {
		t.Errorf("call signed with another secret: %d %s", r.Status, r.Body)
	}
	var paths []string
	for _, r := range p.Requests() {
		path, _, _ := strings.Cut(r.Path, "?")
		paths = append(paths, path)
	}
	if got, want := strings.Join(paths, " "), "/request_token /authorize /access_token /access_token /access_token /api/echo /api"; got != want {
		t.Errorf("the provider logged %s, want %s", got, want)
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	p := providertest.Nginx(t)
	userPassword := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	key := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Api-Key", value) }
	}
	none := func(*http.Request) {}
	for _, c := range []struct {
		name, path string
		with       func(*http.Request)
		want       int
	}{
		{"basic", "/basic", userPassword(providertest.NginxUser, providertest.NginxPassword), 200},
		{"basic, bcrypt, colon and é", "/basic", userPassword(providertest.NginxOddUser, providertest.NginxOddPassword), 200},
		{"basic, wrong", "/basic", userPassword(providertest.NginxUser, "wrong"), 401},
		{"header key", "/apikey/header", key(providertest.NginxHeaderKey), 200},
		{"header key, odd", "/apikey/header", key(providertest.NginxOddHeaderKey), 200},
		{"header key, wrong", "/apikey/header", key("wrong"), 401},
		{"query key", "/apikey/query?api_key=" + providertest.NginxQueryKey, none, 200},
		{"query key, odd", "/apikey/query?api_key=" + strings.ReplaceAll(url.QueryEscape(providertest.NginxOddQueryKey), "+", "%20"), none, 200},
		{"query key, wrong", "/apikey/query?api_key=wrong", none, 401},
		{"redirect", "/redirect/other", none, 302},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := get(t, p.URL+c.path, c.with); r.Status != c.want {
				t.Errorf("got %d %s, want %d", r.Status, r.Body, c.want)
			}
		})
	}
	if wire := p.Wire(); len(wire) != 10 || wire[0].User != providertest.NginxUser || wire[3].APIKey != providertest.NginxHeaderKey {
		t.Errorf("wire log is %+v", wire)
	}
	if sink := p.Sink(); len(sink) != 0 {
		t.Errorf("sink log is %+v before anything went there", sink)
	}
	// A client that follows carries its key over: this is what the sink is there to see.
	req := request(t, http.MethodGet, p.URL+"/redirect/other", "", key("key-1"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if sink := p.Sink(); len(sink) != 1 || sink[0].APIKey != "key-1" || sink[0].URI != "/sink" {
		t.Errorf("sink log is %+v", sink)
	}
}

func TestVersitygw(t *testing.T) {
	t.Parallel()
	p := providertest.Versitygw(t)
	if r := do(t, request(t, http.MethodPut, p.URL+"/bucket", "")); r.Status != http.StatusForbidden || !strings.Contains(r.Body, "<Code>AccessDenied</Code>") {
		t.Errorf("unsigned: %d %s", r.Status, r.Body)
	}
}

func TestHTTPBin(t *testing.T) {
	t.Parallel()
	p := providertest.HTTPBin(t)
	r := do(t, request(t, http.MethodPost, p.URL+"/anything?a=1", "hello"))
	if r.Status != http.StatusOK || r.text("method") != "POST" || !strings.HasSuffix(r.text("url"), "/anything?a=1") {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
}
