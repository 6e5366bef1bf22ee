package providertest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The OAuth 2 client that an [EvilProvider] knows. The secret holds reserved characters, so that a client that does not
// form-encode it for Basic (RFC 6749 §2.3.1) is refused.
const EvilClientID, EvilClientSecret = "evil-client", "s:ecret %+&="

// ClientAuth is how an [EvilProvider] wants its OAuth 2 client to authenticate.
type ClientAuth string

const (
	ClientAuthAny      ClientAuth = ""          // basic or post, the default
	ClientAuthBasic    ClientAuth = "basic"     // form-encoded, as the RFC says
	ClientAuthRawBasic ClientAuth = "raw_basic" // not encoded, as some providers want it
	ClientAuthPost     ClientAuth = "post"
	ClientAuthNone     ClientAuth = "none" // a public client: client_id alone
)

type oauth2State struct {
	mu         sync.Mutex
	auth       ClientAuth
	life       time.Duration
	keep       bool // refresh tokens are not rotated
	issuer     string
	challenges bool // PKCE is demanded
	codes      map[string]*code
	refresh    map[string]*refreshToken
	access     map[string]*accessToken
}

type grant struct {
	dead  bool
	scope string
}

type code struct {
	grant       *grant
	redirectURI string
	challenge   string
	used        bool
}

type refreshToken struct {
	grant *grant
	used  bool
}

type accessToken struct {
	grant   *grant
	expires time.Time
}

func (s *oauth2State) init() {
	s.life = time.Hour
	s.codes, s.refresh, s.access = map[string]*code{}, map[string]*refreshToken{}, map[string]*accessToken{}
}

// SetClientAuth says how the client authenticates from now on.
func (p *EvilProvider) SetClientAuth(a ClientAuth) {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	p.oauth2.auth = a
}

// SetLife is how long access tokens issued from now on live, an hour at first. It becomes expires_in, in whole seconds.
func (p *EvilProvider) SetLife(d time.Duration) {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	p.oauth2.life = d
}

// SetRotate says whether a refresh gives a new refresh token (at first it does). If it does not, the answer has none.
func (p *EvilProvider) SetRotate(on bool) {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	p.oauth2.keep = !on
}

// SetIssuer sets the iss of redirects from the authorize endpoint (RFC 9207); empty, as at first, sends none.
func (p *EvilProvider) SetIssuer(iss string) {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	p.oauth2.issuer = iss
}

// SetPKCERequired says whether an authorize request without an S256 challenge is refused; at first it is not.
func (p *EvilProvider) SetPKCERequired(on bool) {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	p.oauth2.challenges = on
}

// ExpireAccessTokens ends every access token issued so far; refresh tokens stay good.
func (p *EvilProvider) ExpireAccessTokens() {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	clear(p.oauth2.access)
}

// RevokeGrants ends every grant made so far, as a person does in the provider's settings.
func (p *EvilProvider) RevokeGrants() {
	p.oauth2.mu.Lock()
	defer p.oauth2.mu.Unlock()
	for _, t := range p.oauth2.refresh {
		t.grant.dead = true
	}
	for _, c := range p.oauth2.codes {
		c.grant.dead = true
	}
	clear(p.oauth2.access)
}

// authorize consents at once (RFC 6749 §4.1.2).
func (s *oauth2State) authorize(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != EvilClientID:
		return text(http.StatusBadRequest, "unknown client_id %q", q.Get("client_id"))
	case err != nil || !back.IsAbs() || back.Fragment != "":
		return text(http.StatusBadRequest, "redirect_uri %q is not an absolute URL", q.Get("redirect_uri"))
	}
	answer := back.Query()
	if q.Has("state") {
		answer.Set("state", q.Get("state"))
	}
	if s.issuer != "" {
		answer.Set("iss", s.issuer)
	}
	challenge := q.Get("code_challenge")
	switch {
	case q.Get("response_type") != "code":
		answer.Set("error", "unsupported_response_type")
	case challenge != "" && q.Get("code_challenge_method") != "S256", challenge == "" && s.challenges:
		answer.Set("error", "invalid_request")
		answer.Set("error_description", "an S256 code_challenge is required")
	default:
		c := rand.Text()
		s.codes[c] = &code{grant: &grant{scope: q.Get("scope")}, redirectURI: q.Get("redirect_uri"), challenge: challenge}
		answer.Set("code", c)
	}
	back.RawQuery = answer.Encode()
	return Answer{Status: http.StatusFound, Header: http.Header{"Location": {back.String()}}}
}

// token is RFC 6749 §4.1.3, §4.4 and §6.
func (s *oauth2State) token(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodPost {
		return text(http.StatusMethodNotAllowed, "POST only")
	}
	if why := s.authenticate(r); why != "" {
		a := oauthError(http.StatusUnauthorized, "invalid_client", why)
		a.Header.Set("WWW-Authenticate", `Basic realm="evil"`)
		return a
	}
	for name, values := range r.Form {
		if len(values) > 1 { // RFC 6749 §3.2: not more than once
			return oauthError(http.StatusBadRequest, "invalid_request", name+" is repeated")
		}
	}
	switch r.Form.Get("grant_type") {
	case "authorization_code":
		return s.exchange(r.Form)
	case "refresh_token":
		return s.renew(r.Form)
	case "client_credentials":
		return s.issue(&grant{scope: r.Form.Get("scope")}, false)
	default:
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

func (s *oauth2State) exchange(form url.Values) Answer {
	c := s.codes[form.Get("code")]
	switch {
	case c == nil:
		return oauthError(http.StatusBadRequest, "invalid_grant", "unknown code")
	case c.used: // RFC 6749 §4.1.2: deny, and revoke what it gave
		c.grant.dead = true
		return oauthError(http.StatusBadRequest, "invalid_grant", "the code was used before")
	}
	c.used = true
	verified := form.Get("code_verifier") == ""
	if c.challenge != "" {
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		verified = base64.RawURLEncoding.EncodeToString(sum[:]) == c.challenge
	}
	switch {
	case c.grant.dead:
		return oauthError(http.StatusBadRequest, "invalid_grant", "the grant was revoked")
	case form.Get("redirect_uri") != c.redirectURI:
		return oauthError(http.StatusBadRequest, "invalid_grant", "another redirect_uri")
	case !verified:
		return oauthError(http.StatusBadRequest, "invalid_grant", "code_verifier does not match")
	}
	return s.issue(c.grant, true)
}

func (s *oauth2State) renew(form url.Values) Answer {
	t := s.refresh[form.Get("refresh_token")]
	switch {
	case t == nil:
		return oauthError(http.StatusBadRequest, "invalid_grant", "unknown refresh_token")
	case t.used: // RFC 9700 §4.14.2: one of two holders is a thief
		t.grant.dead = true
		return oauthError(http.StatusBadRequest, "invalid_grant", "the refresh_token was used before; the grant is revoked")
	case t.grant.dead:
		return oauthError(http.StatusBadRequest, "invalid_grant", "the grant was revoked")
	}
	t.used = !s.keep
	return s.issue(t.grant, !s.keep)
}

func (s *oauth2State) issue(g *grant, withRefresh bool) Answer {
	answer := map[string]any{"token_type": "Bearer", "expires_in": int(s.life / time.Second)}
	token := "at." + rand.Text()
	s.access[token] = &accessToken{grant: g, expires: time.Now().Add(s.life)}
	answer["access_token"] = token
	if withRefresh {
		token := "rt." + rand.Text()
		s.refresh[token] = &refreshToken{grant: g}
		answer["refresh_token"] = token
	}
	if g.scope != "" {
		answer["scope"] = g.scope
	}
	a := jsonAnswer(http.StatusOK, answer)
	a.Header.Set("Cache-Control", "no-store") // RFC 6749 §5.1
	return a
}

// revoke is RFC 7009: an unknown token is no error, and a refresh token takes its grant along.
func (s *oauth2State) revoke(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := s.authenticate(r); why != "" {
		return oauthError(http.StatusUnauthorized, "invalid_client", why)
	}
	token := r.Form.Get("token")
	if token == "" {
		return oauthError(http.StatusBadRequest, "invalid_request", "token is missing")
	}
	if t := s.refresh[token]; t != nil {
		t.grant.dead = true
	}
	delete(s.access, token)
	return Answer{Status: http.StatusOK}
}

func (s *oauth2State) live(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[token]
	return t != nil && !t.grant.dead && time.Now().Before(t.expires)
}

// authenticate checks the client and says what is wrong.
func (s *oauth2State) authenticate(r Request) string {
	id, secret, isBasic := (&http.Request{Header: r.Header}).BasicAuth()
	used := ClientAuthBasic
	switch {
	case isBasic && r.Form.Has("client_secret"): // RFC 6749 §2.3: one method per request
		return "two ways of client authentication at once"
	case isBasic && s.auth == ClientAuthRawBasic:
		used = ClientAuthRawBasic
	case isBasic:
		var errs [2]error
		id, errs[0] = url.QueryUnescape(id)
		secret, errs[1] = url.QueryUnescape(secret)
		if errs[0] != nil || errs[1] != nil {
			return "the halves of Basic are not form-encoded"
		}
	case r.Form.Has("client_secret"):
		used, id, secret = ClientAuthPost, r.Form.Get("client_id"), r.Form.Get("client_secret")
	default:
		used, id = ClientAuthNone, r.Form.Get("client_id")
	}
	switch {
	case used != s.auth && (s.auth != ClientAuthAny || used == ClientAuthNone):
		return fmt.Sprintf("client authentication is %s", used)
	case id != EvilClientID:
		return fmt.Sprintf("unknown client %q", id)
	case used != ClientAuthNone && secret != EvilClientSecret:
		return "wrong client_secret"
	}
	return ""
}

// Query returns the parameters of the request's URL.
func (r Request) Query() url.Values {
	_, query, _ := strings.Cut(r.URI, "?")
	values, _ := url.ParseQuery(query) // what can be read of it
	return values
}

// parseForm reads a form-encoded body, or the members of a JSON object, as some token endpoints take them.
func parseForm(contentType string, body []byte) url.Values {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch kind {
	case "application/x-www-form-urlencoded":
		values, _ := url.ParseQuery(string(body)) // what can be read of it
		return values
	case "application/json":
		var object map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if d.Decode(&object) != nil {
			return nil
		}
		values := url.Values{}
		for name, value := range object {
			values.Set(name, fmt.Sprint(value))
		}
		return values
	}
	return nil
}

func oauthError(status int, code, description string) Answer {
	object := map[string]any{"error": code}
	if description != "" {
		object["error_description"] = description
	}
	return jsonAnswer(status, object)
}

func jsonAnswer(status int, value any) Answer {
	b, err := json.Marshal(value)
	if err != nil {
		return text(http.StatusInternalServerError, "%v", err)
	}
	return Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: string(b)}
}

func text(status int, format string, args ...any) Answer {
	return Answer{
		Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: fmt.Sprintf(format, args...),
	}
}
