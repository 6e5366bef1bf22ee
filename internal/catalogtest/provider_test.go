package catalogtest

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
)

const (
	clientID     = "client/id+of=the&organization"
	clientSecret = "secret/of+the:client"
)

// provider is the server behind every host name. It imitates the service that is on at the moment: its token endpoint,
// what it is asked to look up, and its API, which takes nothing but the credential where the definition puts it.
type provider struct {
	server *httptest.Server

	mu        sync.Mutex
	on        *lanyard.Service
	values    map[string]string // of all dynamic parameters
	given     map[string]lanyard.Secret
	redirect  string // as the browser brought it
	callback  string // of the service
	challenge string
	granted   int  // tokens so far
	stale     bool // the API refuses the token once, as a sign to refresh
	faults    []string
	calls     []string
	scopes    string
	task      *taskCase // that a call belongs to; nil: any call will do
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.server = httptest.NewTLSServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	return p
}

// transport leads every connection to the provider, whatever host it is for, and takes the certificate it has for one.
func (p *provider) transport() *http.Transport {
	trusted := x509.NewCertPool()
	trusted.AddCert(p.server.Certificate())
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, p.server.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "example.com", MinVersion: tls.VersionTLS12},
	}
}

// begin puts a service on.
func (p *provider) begin(s *lanyard.Service, values map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on, p.values, p.given, p.redirect, p.challenge = s, values, nil, "", ""
	p.granted, p.stale, p.faults, p.calls, p.scopes = 0, false, nil, nil, ""
}

func (p *provider) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// end gives what was wrong with what arrived.
func (p *provider) end() (faults, calls []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults, p.calls
}

// fill puts the values in as text: written apart from the code that is looked at.
func (p *provider) fill(text string) string {
	for key, value := range p.values {
		text = strings.ReplaceAll(text, "{"+key+"}", value)
	}
	return strings.ReplaceAll(text, "{client_id}", clientID)
}

func (p *provider) is(r *http.Request, address string) bool {
	u, err := url.Parse(p.fill(address))
	path := "/"
	if err == nil && u.Path != "" {
		path = u.Path
	}
	if err != nil || address == "" || !strings.EqualFold(u.Host, r.Host) || path != r.URL.Path {
		return false
	}
	for name, values := range u.Query() { // some have several endpoints at one path
		if !slices.Equal(r.URL.Query()[name], values) {
			return false
		}
	}
	return true
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.fault("the body broke off: %v", err)
	}
	if a := p.on.Auth.OAuth2; a != nil && r.Method == http.MethodPost {
		refresh := a.RefreshTokenURL
		if refresh == "" {
			refresh = a.AccessTokenURL
		}
		form := p.form(r, body)
		switch {
		case p.is(r, refresh) && form.Get("grant_type") == "refresh_token":
			p.token(w, r, form, "refresh")
			return
		case p.is(r, a.AccessTokenURL) && form.Get("grant_type") != "":
			p.token(w, r, form, string(a.GrantType))
			return
		}
	}
	if a := p.on.Auth.OAuth1; a != nil {
		switch {
		case p.is(r, a.RequestTokenURL) && p.oauth1Params(r, body)["oauth_verifier"] == "":
			p.oauth1Token(w, r, body, "oauth_callback")
			return
		case p.is(r, a.AccessTokenURL):
			p.oauth1Token(w, r, body, "oauth_verifier")
			return
		}
	}
	p.api(w, r, body)
}

// form reads a token request: a form, or JSON where the definition says so.
func (p *provider) form(r *http.Request, body []byte) url.Values {
	if p.on.Auth.OAuth2.TokenBody != "json" {
		form, err := url.ParseQuery(string(body))
		if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			return url.Values{}
		}
		return form
	}
	var members map[string]string
	if json.Unmarshal(body, &members) != nil || r.Header.Get("Content-Type") != "application/json" {
		return url.Values{}
	}
	form := url.Values{}
	for name, value := range members {
		form.Set(name, value)
	}
	return form
}

func (p *provider) token(w http.ResponseWriter, r *http.Request, form url.Values, leg string) {
	a := p.on.Auth.OAuth2
	p.calls = append(p.calls, leg)
	p.clientAuthentication(r, form)
	params := a.TokenParams
	switch leg {
	case "refresh":
		params = a.RefreshParams
		if want := fmt.Sprintf("refresh-%d", p.granted); form.Get("refresh_token") != want {
			p.fault("refresh: the refresh token is %q, not %q", form.Get("refresh_token"), want)
		}
	case string(lanyard.ClientCredentials):
		if form.Get("grant_type") != orElse(a.GrantTypeName, "client_credentials") {
			p.fault("the grant type is %q", form.Get("grant_type"))
		}
		if got := form.Get("scope"); got != p.scopes {
			p.fault("the scope is %q, not %q", got, p.scopes)
		}
	default:
		if form.Get("grant_type") != orElse(a.GrantTypeName, "authorization_code") || form.Get(orElse(a.TokenCodeName, "code")) != "the code" || form.Get("redirect_uri") != p.redirect {
			p.fault("token request: %v", form)
		}
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if got := base64.RawURLEncoding.EncodeToString(sum[:]); a.PKCE && got != p.challenge || !a.PKCE && form.Has("code_verifier") {
			p.fault("the verifier %q does not belong to the challenge %q", form.Get("code_verifier"), p.challenge)
		}
	}
	for name, value := range params {
		if p.leftOut(value) {
			continue
		}
		if form.Get(name) != strings.ReplaceAll(p.fill(value), "{callback_url}", p.callback) {
			p.fault("%s: the parameter %s is %q, not %q", leg, name, form.Get(name), p.fill(value))
		}
	}
	p.granted++
	answer(w, p.tokenAnswer())
}

// leftOut: the text stands for an optional parameter that was not given.
func (p *provider) leftOut(text string) bool {
	return slices.ContainsFunc(p.on.DynamicParameters, func(d lanyard.DynamicParameter) bool {
		return d.Optional && p.values[d.Key] == "" && strings.Contains(text, "{"+d.Key+"}")
	})
}

// waits: the text stands for what is only being looked up.
func (p *provider) waits(text string) bool {
	return slices.ContainsFunc(p.on.DynamicParameters, func(d lanyard.DynamicParameter) bool {
		return d.Learn != nil && d.Learn.From == lanyard.LearnLookup && strings.Contains(text, "{"+d.Key+"}")
	})
}

func (p *provider) clientAuthentication(r *http.Request, form url.Values) {
	a := p.on.Auth.OAuth2
	id, secret := form.Get(orElse(a.ClientIDName, "client_id")), form.Get(orElse(a.ClientSecretName, "client_secret"))
	style := a.ClientAuthentication
	user, password, basic := r.BasicAuth()
	if style == lanyard.ClientAuthAutomatic && basic {
		style = lanyard.ClientSecretBasic
	}
	switch style {
	case lanyard.ClientSecretBasic:
		u, errU := url.QueryUnescape(user)
		s, errS := url.QueryUnescape(password)
		if !basic || errU != nil || errS != nil || u != clientID || s != clientSecret || secret != "" {
			p.fault("client_secret_basic: %q, %q beside %q", user, password, secret)
		}
	case lanyard.ClientSecretBasicRaw:
		// A colon in the id would end it; the definition is for ids without one.
		if r.Header.Get("Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(clientID+":"+clientSecret)) {
			p.fault("client_secret_basic_raw: %q", r.Header.Get("Authorization"))
		}
	case lanyard.ClientSecretPost:
		if basic || id != clientID || secret != clientSecret {
			p.fault("client_secret_post: %t, %q, %q", basic, id, secret)
		}
	case lanyard.ClientAuthNone:
		if basic || id != clientID || secret != "" {
			p.fault("a public client sent %t, %q, %q", basic, id, secret)
		}
	default:
		p.fault("the client did not say who it is")
	}
}

// tokenAnswer is what the definition says that the provider answers.
func (p *provider) tokenAnswer() any {
	a := p.on.Auth.OAuth2
	shape := a.TokenAnswer
	if shape == nil {
		shape = &lanyard.TokenAnswer{}
	}
	var root any = map[string]any{}
	put(&root, orElse(shape.AccessToken, "access_token"), p.accessToken())
	if a.GrantType == lanyard.AuthorizationCode {
		put(&root, orElse(shape.RefreshToken, "refresh_token"), fmt.Sprintf("refresh-%d", p.granted))
	}
	if len(shape.TokenTypes) > 0 {
		put(&root, "token_type", shape.TokenTypes[0])
	}
	at := orElse(shape.ExpiresIn, "expires_in")
	switch hour := time.Now().Add(time.Hour); {
	case shape.ExpiresIn == "" && a.DefaultExpiresIn > 0: // it does not say
	case shape.ExpiresUnit == "milliseconds":
		put(&root, at, 3600_000)
	case shape.ExpiresUnit == "unix":
		put(&root, at, hour.Unix())
	case shape.ExpiresUnit == "unix_milliseconds":
		put(&root, at, hour.UnixMilli())
	case shape.ExpiresUnit == "rfc3339":
		put(&root, at, hour.UTC().Format(time.RFC3339))
	default:
		put(&root, at, 3600)
	}
	p.say(&root, lanyard.LearnToken, "")
	return root
}

func (p *provider) accessToken() string { return fmt.Sprintf("access-%d", p.granted) }

// say puts what is learnt from a source into an answer.
func (p *provider) say(root *any, from lanyard.LearnSource, address string) {
	for _, d := range p.on.DynamicParameters {
		if d.Learn != nil && d.Learn.From == from && d.Learn.URL == address {
			put(root, d.Learn.At, p.said(d))
		}
	}
}

// said is what the provider says when it means the value of a parameter.
func (p *provider) said(d lanyard.DynamicParameter) string {
	value := p.values[d.Key]
	for says, means := range d.Learn.Map {
		if means == value {
			value = says
		}
	}
	if d.Learn.Take == "host" {
		value = "https://" + value + "/some/path"
	}
	return value
}

// put sets a value in an answer, by a path of names and numbers.
func put(root *any, path string, value any) {
	name, rest, more := strings.Cut(path, ".")
	if n, err := strconv.Atoi(name); err == nil {
		list, _ := (*root).([]any)
		for len(list) <= n {
			list = append(list, map[string]any{})
		}
		if more {
			put(&list[n], rest, value)
		} else {
			list[n] = value
		}
		*root = list
		return
	}
	object, ok := (*root).(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	if more {
		inner := object[name]
		put(&inner, rest, value)
		value = inner
	}
	object[name] = value
	*root = object
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// oauth1Token answers a request for a token of OAuth 1, which carries the one parameter that tells the two apart.
func (p *provider) oauth1Token(w http.ResponseWriter, r *http.Request, body []byte, needs string) {
	p.calls = append(p.calls, needs)
	got := p.oauth1Params(r, body)
	a := p.on.Auth.OAuth1
	if got["oauth_consumer_key"] != clientID || got["oauth_signature_method"] != string(a.SignatureMethod) || got["oauth_signature"] == "" || got[needs] == "" {
		p.fault("%s: %v", needs, got)
	}
	p.granted++
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	said := url.Values{"oauth_token": {p.oauth1Named(p.granted)}, "oauth_token_secret": {"s"}, "oauth_callback_confirmed": {"true"}}
	for _, d := range p.on.DynamicParameters {
		if d.Learn != nil && d.Learn.From == lanyard.LearnToken {
			said.Set(d.Learn.At, p.said(d))
		}
	}
	_, _ = io.WriteString(w, said.Encode())
}

// oauth1Named is the nth token of the service: the request token comes back in the callback, so no two may be the same.
func (p *provider) oauth1Named(n int) string { return fmt.Sprintf("%s-%d", p.on.LinkName, n) }

func (p *provider) oauth1Params(r *http.Request, body []byte) map[string]string {
	params := map[string]string{}
	add := func(query string) {
		values, _ := url.ParseQuery(query)
		for name := range values {
			params[name] = values.Get(name)
		}
	}
	add(r.URL.RawQuery)
	add(string(body))
	for piece := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(piece), "=")
		decoded, err := url.PathUnescape(strings.Trim(value, `"`))
		if err == nil && name != "" {
			params[name] = decoded
		}
	}
	return params
}

// api answers everything else: lookups, the verification request and calls, if the credential is where it belongs.
func (p *provider) api(w http.ResponseWriter, r *http.Request, body []byte) {
	p.calls = append(p.calls, r.Method+" "+r.Host+r.URL.Path)
	if !p.allowed(r.Host) {
		p.fault("the credential was sent to %s, which is none of %q", r.Host, p.on.Hosts)
	}
	if p.stale && strings.HasSuffix(r.URL.Path, "/probe") {
		p.stale = false
		status := http.StatusUnauthorized
		if s := p.on.Auth.OAuth2.RefreshStatuses; len(s) > 0 {
			status = s[len(s)-1]
		}
		w.WriteHeader(status)
		return
	}
	p.credential(r, body)
	if p.task != nil {
		p.carryOut(w, r, body)
		return
	}
	lookup := slices.ContainsFunc(p.on.DynamicParameters, func(d lanyard.DynamicParameter) bool {
		return d.Learn != nil && d.Learn.From == lanyard.LearnLookup && p.is(r, d.Learn.URL)
	})
	for name, text := range p.on.Headers {
		want := p.fill(text)
		if p.leftOut(text) {
			want = ""
		}
		if lookup && p.waits(text) && r.Header.Get(name) == "" {
			continue
		}
		if got := r.Header.Get(name); got != want {
			p.fault("the header %s is %q, not %q", name, got, want)
		}
	}
	var root any = map[string]any{"ok": true}
	for _, d := range p.on.DynamicParameters {
		if d.Learn != nil && d.Learn.From == lanyard.LearnLookup && p.is(r, d.Learn.URL) {
			put(&root, d.Learn.At, p.said(d))
		}
	}
	if p.on.VerifyMember != "" && p.is(r, p.on.VerifyURL) {
		put(&root, p.on.VerifyMember, "yes")
	}
	answer(w, root)
}

func (p *provider) allowed(host string) bool {
	return slices.ContainsFunc(p.on.Hosts, func(pattern string) bool {
		pattern = strings.ToLower(p.fill(pattern))
		below, any := strings.CutPrefix(pattern, "*")
		return host == pattern || any && strings.HasSuffix(host, below)
	})
}

// credential checks that what belongs to the type is where the definition puts it.
func (p *provider) credential(r *http.Request, body []byte) {
	query, form := r.URL.Query(), url.Values{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ = url.ParseQuery(string(body))
	}
	want := func(where, got, want string) {
		if got != want {
			p.fault("%s %s: %s is %q, not %q", r.Method, r.URL.Path, where, got, want)
		}
	}
	switch a := p.on.Auth; a.Type {
	case lanyard.AuthAPIKey:
		for _, k := range a.APIKey.Parameters {
			value := p.fill(k.Prefix) + p.given[k.Name].Reveal()
			switch k.ParamType {
			case lanyard.ParamHeader:
				want("the header "+k.Name, r.Header.Get(k.Name), value)
			case lanyard.ParamQuery:
				want("the query parameter "+k.Name, query.Get(k.Name), value)
			case lanyard.ParamForm:
				if r.Method == http.MethodPost {
					want("the field "+k.Name, form.Get(k.Name), value)
				}
			case lanyard.ParamPath:
				if !strings.HasPrefix(r.URL.Path, "/"+value+"/") {
					p.fault("the path %s does not begin with the key", r.URL.Path)
				}
			}
		}
	case lanyard.AuthBasic:
		user, password, _ := r.BasicAuth()
		want("the user name", user, p.basicPart(a.Basic.Username, "username"))
		want("the password", password, p.basicPart(a.Basic.Password, "password"))
	case lanyard.AuthOAuth1:
		got := p.oauth1Params(r, body)
		want("oauth_token", got["oauth_token"], p.oauth1Named(2))
		want("the signature method", got["oauth_signature_method"], string(a.OAuth1.SignatureMethod))
		want("the realm", got["realm"], p.fill(a.OAuth1.Realm))
	case lanyard.AuthOAuth2:
		if a.OAuth2.ParamType == lanyard.ParamQuery {
			name := orElse(a.OAuth2.TokenName, "access_token")
			want("the query parameter "+name, query.Get(name), p.accessToken())
			return
		}
		name, prefix := orElse(a.OAuth2.TokenName, "Authorization"), "Bearer "
		if a.OAuth2.TokenPrefix != nil {
			prefix = *a.OAuth2.TokenPrefix
		}
		want("the header "+name, r.Header.Get(name), prefix+p.accessToken())
	case lanyard.AuthAWSSigV4:
		service := a.AWSSigV4.AWSService
		if p.on.VerifyAWSService != "" && p.is(r, p.on.VerifyURL) {
			service = p.on.VerifyAWSService
		}
		scope := "/" + p.fill(a.AWSSigV4.AWSRegion) + "/" + service + "/aws4_request"
		if got := r.Header.Get("Authorization"); !strings.Contains(got, "Credential=AKIDEXAMPLE/") || !strings.Contains(got, scope) {
			p.fault("the signature is %q, and not for %s", got, scope)
		}
	}
}

func (p *provider) basicPart(part *lanyard.BasicPart, name string) string {
	switch {
	case part == nil:
		return p.given[name].Reveal()
	case part.Fixed != nil:
		return *part.Fixed
	}
	return p.fill(part.Prefix) + p.given[name].Reveal() + p.fill(part.Suffix)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
