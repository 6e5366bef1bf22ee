package providertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dghubble/oauth1"

	"lanyard/internal/providertest"
)

func evilAuth(r *http.Request) {
	encodedBasic(providertest.EvilClientID, providertest.EvilClientSecret)(r)
}

// evilGrant walks the code flow and returns the token answer.
func evilGrant(t *testing.T, p *providertest.EvilProvider) (reply, url.Values) {
	t.Helper()
	sent := get(t, authorizeURL(p.Authorize.URL, providertest.EvilClientID))
	back := query(t, sent.Location)
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
	r := post(t, p.Token.URL, form, evilAuth)
	if r.Status != http.StatusOK {
		t.Fatalf("code exchange: %d %s", r.Status, r.Body)
	}
	return r, form
}

func evilRefresh(t *testing.T, p *providertest.EvilProvider, token string) reply {
	t.Helper()
	return post(t, p.Token.URL, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, evilAuth)
}

func wantError(t *testing.T, what string, r reply, status int, code string) {
	t.Helper()
	if r.Status != status || r.text("error") != code {
		t.Errorf("%s: got %d %s, want %d with error %s", what, r.Status, r.Body, status, code)
	}
}

func TestEvilHonestOAuth2(t *testing.T) {
	t.Run("a replayed refresh token kills its family", func(t *testing.T) {
		p := providertest.Evil(t)
		first, _ := evilGrant(t, p)
		second := evilRefresh(t, p, first.text("refresh_token"))
		if r := get(t, p.Bearer.URL+"/x?a=1", bearer(second.text("access_token"))); r.text("path") != "/api/bearer/x" || r.text("query") != "a=1" {
			t.Errorf("bearer: %d %s", r.Status, r.Body)
		}
		wantError(t, "replay", evilRefresh(t, p, first.text("refresh_token")), 400, "invalid_grant")
		wantError(t, "successor", evilRefresh(t, p, second.text("refresh_token")), 400, "invalid_grant")
		wantError(t, "its access token", get(t, p.Bearer.URL, bearer(second.text("access_token"))), 401, "unauthorized")
		if n := len(p.Token.Grants("refresh_token")); n != 3 {
			t.Errorf("recorded %d refreshes, want 3", n)
		}
		if got := p.Token.Grants("authorization_code"); len(got) != 1 || got[0].Form.Get("code_verifier") != verifier || got[0].Status != 200 {
			t.Errorf("recorded exchanges %+v", got)
		}
	})
	t.Run("a code is used once", func(t *testing.T) {
		p := providertest.Evil(t)
		first, form := evilGrant(t, p)
		wantError(t, "second use", post(t, p.Token.URL, form, evilAuth), 400, "invalid_grant")
		wantError(t, "what it gave", evilRefresh(t, p, first.text("refresh_token")), 400, "invalid_grant")
	})
	for _, c := range []struct{ name, field, value string }{
		{"another verifier", "code_verifier", "x"},
		{"no verifier", "code_verifier", ""},
		{"another redirect_uri", "redirect_uri", "https://example.com/"},
		{"another code", "code", "x"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			p := providertest.Evil(t)
			back := query(t, get(t, authorizeURL(p.Authorize.URL, providertest.EvilClientID)).Location)
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
			}
			form.Set(c.field, c.value)
			wantError(t, c.name, post(t, p.Token.URL, form, evilAuth), 400, "invalid_grant")
		})
	}
	t.Run("without rotation the answer has no refresh token", func(t *testing.T) {
		p := providertest.Evil(t)
		first, _ := evilGrant(t, p)
		p.SetRotate(false)
		for range 2 {
			if r := evilRefresh(t, p, first.text("refresh_token")); r.Status != http.StatusOK || r.text("refresh_token") != "" {
				t.Errorf("refresh: %d %s", r.Status, r.Body)
			}
		}
	})
	t.Run("lives, revocations and settings", func(t *testing.T) {
		p := providertest.Evil(t)
		p.SetLife(90 * time.Second)
		p.SetIssuer("https://issuer.example")
		back := query(t, get(t, authorizeURL(p.Authorize.URL, providertest.EvilClientID)).Location)
		if back.Get("iss") != "https://issuer.example" || back.Get("state") != "state-1" {
			t.Errorf("callback is %v", back)
		}
		first, _ := evilGrant(t, p)
		if first.Fields["expires_in"] != 90.0 {
			t.Errorf("expires_in is %v", first.Fields["expires_in"])
		}
		p.ExpireAccessTokens()
		wantError(t, "expired", get(t, p.Bearer.URL, bearer(first.text("access_token"))), 401, "unauthorized")
		second := evilRefresh(t, p, first.text("refresh_token"))
		if r := post(t, p.Revoke.URL, url.Values{"token": {second.text("refresh_token")}}, evilAuth); r.Status != http.StatusOK {
			t.Errorf("revoke: %d %s", r.Status, r.Body)
		}
		if got := p.Revoke.Requests(); len(got) != 1 || got[0].Form.Get("token") != second.text("refresh_token") {
			t.Errorf("recorded revocations %+v", got)
		}
		wantError(t, "revoked by the client", evilRefresh(t, p, second.text("refresh_token")), 400, "invalid_grant")
		third, _ := evilGrant(t, p)
		p.RevokeGrants()
		wantError(t, "revoked by the person", evilRefresh(t, p, third.text("refresh_token")), 400, "invalid_grant")
		p.SetPKCERequired(true)
		plain := p.Authorize.URL + "?response_type=code&client_id=" + providertest.EvilClientID + "&redirect_uri=" + url.QueryEscape(callback)
		if got := query(t, get(t, plain).Location).Get("error"); got != "invalid_request" {
			t.Errorf("without PKCE: error %q", got)
		}
	})
}

func TestEvilClientAuthentication(t *testing.T) {
	const id, secret = providertest.EvilClientID, providertest.EvilClientSecret
	nothing := func(*http.Request) {}
	raw := func(r *http.Request) { r.SetBasicAuth(id, secret) }
	machine := func(more ...string) url.Values {
		form := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	for _, c := range []struct {
		name string
		want providertest.ClientAuth
		form url.Values
		auth func(*http.Request)
		ok   bool
	}{
		{"any: encoded basic", providertest.ClientAuthAny, machine(), evilAuth, true},
		{"any: raw basic", providertest.ClientAuthAny, machine(), raw, false},
		{"any: post", providertest.ClientAuthAny, machine("client_id", id, "client_secret", secret), nothing, true},
		{"any: none", providertest.ClientAuthAny, machine("client_id", id), nothing, false},
		{"any: both", providertest.ClientAuthAny, machine("client_id", id, "client_secret", secret), evilAuth, false},
		{"any: wrong secret", providertest.ClientAuthAny, machine("client_id", id, "client_secret", "x"), nothing, false},
		{"any: wrong id", providertest.ClientAuthAny, machine(), encodedBasic("x", secret), false},
		{"basic: post", providertest.ClientAuthBasic, machine("client_id", id, "client_secret", secret), nothing, false},
		{"post: basic", providertest.ClientAuthPost, machine(), evilAuth, false},
		{"raw basic: raw", providertest.ClientAuthRawBasic, machine(), raw, true},
		{"raw basic: encoded", providertest.ClientAuthRawBasic, machine(), evilAuth, false},
		{"none: id alone", providertest.ClientAuthNone, machine("client_id", id), nothing, true},
		{"none: basic", providertest.ClientAuthNone, machine(), evilAuth, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := providertest.Evil(t)
			p.SetClientAuth(c.want)
			r := post(t, p.Token.URL, c.form, c.auth)
			if c.ok != (r.Status == http.StatusOK) || !c.ok && r.text("error") != "invalid_client" {
				t.Errorf("got %d %s", r.Status, r.Body)
			}
			if c.ok && r.text("refresh_token") != "" {
				t.Errorf("client credentials gave a refresh token: %s", r.Body)
			}
		})
	}
	t.Run("JSON token request", func(t *testing.T) {
		p := providertest.Evil(t)
		body, err := json.Marshal(map[string]string{"grant_type": "client_credentials", "client_id": id, "client_secret": secret})
		if err != nil {
			t.Fatal(err)
		}
		req := request(t, http.MethodPost, p.Token.URL, string(body), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") })
		if r := do(t, req); r.Status != http.StatusOK {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
	t.Run("repeated parameter", func(t *testing.T) {
		p := providertest.Evil(t)
		form := machine()
		form.Add("scope", "a")
		form.Add("scope", "b")
		wantError(t, "scope twice", post(t, p.Token.URL, form, evilAuth), 400, "invalid_request")
	})
}

func TestEvilKnobs(t *testing.T) {
	machine := url.Values{"grant_type": {"client_credentials"}}

	t.Run("Always answers without doing the work", func(t *testing.T) {
		p := providertest.Evil(t)
		first, _ := evilGrant(t, p)
		p.Token.Always(providertest.Answer{Status: 503, Header: http.Header{"Retry-After": {"120"}}, Body: "<html>"})
		if r := evilRefresh(t, p, first.text("refresh_token")); r.Status != 503 || r.Header.Get("Retry-After") != "120" || r.Body != "<html>" {
			t.Errorf("got %d %v %s", r.Status, r.Header, r.Body)
		}
		p.Token.Honest()
		if r := evilRefresh(t, p, first.text("refresh_token")); r.Status != http.StatusOK {
			t.Errorf("the refresh token is gone: %d %s", r.Status, r.Body)
		}
		if got := p.Token.Grants("refresh_token"); len(got) != 2 || got[0].Status != 503 || got[1].Status != 200 {
			t.Errorf("recorded %+v", got)
		}
	})
	t.Run("After loses an answer whose work is done", func(t *testing.T) {
		p := providertest.Evil(t)
		first, _ := evilGrant(t, p)
		p.Token.After(func(_ providertest.Request, a *providertest.Answer) { a.Reset = true })
		req := request(t, http.MethodPost, p.Token.URL, url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")},
		}.Encode(), evilAuth)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("got error %v, want a reset connection", err)
		}
		p.Token.Honest()
		wantError(t, "retry", evilRefresh(t, p, first.text("refresh_token")), 400, "invalid_grant")
	})
	t.Run("Before chooses by request", func(t *testing.T) {
		p := providertest.Evil(t)
		p.Open.Before(func(r providertest.Request) *providertest.Answer {
			if r.Method == http.MethodPost {
				return &providertest.Answer{Status: 401}
			}
			return nil
		})
		if r := get(t, p.Open.URL); r.Status != http.StatusOK {
			t.Errorf("GET: %d", r.Status)
		}
		if r := post(t, p.Open.URL, nil); r.Status != http.StatusUnauthorized {
			t.Errorf("POST: %d", r.Status)
		}
	})
	t.Run("Hang answers nothing", func(t *testing.T) {
		p := providertest.Evil(t)
		p.Token.Always(providertest.Answer{Hang: true})
		req := request(t, http.MethodPost, p.Token.URL, machine.Encode(), evilAuth)
		resp, err := (&http.Client{Timeout: 100 * time.Millisecond}).Do(req)
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want a time-out", err)
		}
	})
	t.Run("Delay and Drip are slow", func(t *testing.T) {
		p := providertest.Evil(t)
		p.Open.Always(providertest.Answer{Body: "hello", Delay: 20 * time.Millisecond, Drip: 10 * time.Millisecond})
		began := time.Now()
		r := get(t, p.Open.URL)
		if took := time.Since(began); r.Body != "hello" || took < 70*time.Millisecond {
			t.Errorf("got %q after %v", r.Body, took)
		}
	})
	t.Run("a test that ends lets go of what hangs", func(t *testing.T) {
		result := make(chan error, 1)
		t.Run("inner", func(t *testing.T) {
			p := providertest.Evil(t)
			arrived := make(chan struct{})
			p.Open.Before(func(providertest.Request) *providertest.Answer {
				close(arrived)
				return &providertest.Answer{Hang: true}
			})
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.Open.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
				if err == nil {
					resp.Body.Close()
				}
				result <- err
			}()
			<-arrived
		})
		<-result
	})
	t.Run("Write has the last word", func(t *testing.T) {
		p := providertest.Evil(t)
		p.Open.Always(providertest.Answer{Write: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
		}})
		resp, err := http.Get(p.Open.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %q, %v; want a body that is cut", b, err)
		}
	})
}

func TestEvilResources(t *testing.T) {
	p := providertest.Evil(t)
	userPassword := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	key := func(v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("X-Api-Key", v) } }
	none := func(*http.Request) {}
	inQuery := p.APIKey.URL + "?api_key=" + url.QueryEscape(providertest.EvilAPIKey)
	for _, c := range []struct {
		name, url string
		with      func(*http.Request)
		want      int
	}{
		{"basic", p.Basic.URL, userPassword(providertest.EvilUser, providertest.EvilPassword), 200},
		{"basic, wrong", p.Basic.URL, userPassword(providertest.EvilUser, "x"), 401},
		{"basic, none", p.Basic.URL, none, 401},
		{"key in header", p.APIKey.URL, key(providertest.EvilAPIKey), 200},
		{"key in query", inQuery, none, 200},
		{"key in both", inQuery, key(providertest.EvilAPIKey), 401},
		{"key, wrong", p.APIKey.URL, key("x"), 401},
		{"bearer, none", p.Bearer.URL, none, 401},
		{"open", p.Open.URL, none, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := get(t, c.url, c.with); r.Status != c.want {
				t.Errorf("got %d %s, want %d", r.Status, r.Body, c.want)
			}
		})
	}
	t.Run("key in form", func(t *testing.T) {
		if r := post(t, p.APIKey.URL, url.Values{"api_key": {providertest.EvilAPIKey}}); r.Status != http.StatusOK {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
	t.Run("access token in query", func(t *testing.T) {
		granted, _ := evilGrant(t, p)
		if r := get(t, p.Bearer.URL+"?access_token="+granted.text("access_token")); r.Status != http.StatusOK {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
}

func TestEvilOAuth1(t *testing.T) {
	p := providertest.Evil(t)
	c := consumer(providertest.EvilConsumerKey, providertest.EvilConsumerSecret)
	token := threeLegged(t, p.RequestToken.URL, p.AccessToken.URL, c, func(requestToken string) string {
		return get(t, p.AuthorizeRequestToken.URL+"?oauth_token="+requestToken).Location
	})
	for _, s := range []oauth1.Signer{
		nil, // HMAC-SHA1
		&oauth1.HMAC256Signer{ConsumerSecret: providertest.EvilConsumerSecret},
		&oauth1.RSASigner{PrivateKey: rsaKey(t, p.RSAKey(t))},
		plaintext{providertest.EvilConsumerSecret},
	} {
		c := *c
		c.Signer = s
		name := "HMAC-SHA1"
		if s != nil {
			name = s.Name()
		}
		t.Run(name, func(t *testing.T) {
			req := request(t, http.MethodPost, p.Signed.URL+"/a%20b?c=%2F&d=+&é=", "f=1+2&g=%C3%A9",
				func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") })
			if r := do(t, sign(t, &c, token, req)); r.Status != http.StatusOK || r.text("body") != "f=1+2&g=%C3%A9" {
				t.Errorf("good signature: %d %s", r.Status, r.Body)
			}
			changed := sign(t, &c, token, request(t, http.MethodGet, p.Signed.URL, ""))
			changed.Header.Set("Authorization", strings.Replace(changed.Header.Get("Authorization"), "oauth_signature=\"", "oauth_signature=\"x", 1))
			if r := do(t, changed); r.Status != http.StatusUnauthorized {
				t.Errorf("changed signature: %d %s", r.Status, r.Body)
			}
		})
	}
	t.Run("the same nonce twice", func(t *testing.T) {
		signed := sign(t, c, token, request(t, http.MethodGet, p.Signed.URL, ""))
		if r := do(t, signed); r.Status != http.StatusOK {
			t.Errorf("first: %d %s", r.Status, r.Body)
		}
		if r := do(t, signed); r.Status != http.StatusUnauthorized || r.Body != "nonce_used" {
			t.Errorf("second: %d %s", r.Status, r.Body)
		}
	})
	t.Run("a parameter that was added on the way", func(t *testing.T) {
		signed := sign(t, c, token, request(t, http.MethodGet, p.Signed.URL, ""))
		signed.URL.RawQuery = "admin=1"
		if r := do(t, signed); r.Status != http.StatusUnauthorized {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
	t.Run("another token", func(t *testing.T) {
		if r := do(t, sign(t, c, oauth1.NewToken("x", "y"), request(t, http.MethodGet, p.Signed.URL, ""))); r.Body != "unknown token" {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
	t.Run("no signature", func(t *testing.T) {
		if r := get(t, p.Signed.URL); r.Status != http.StatusUnauthorized {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
}
