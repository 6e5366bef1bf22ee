package providertest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The client that an [Imitation] knows.
const ImitationClientID, ImitationClientSecret = "imitated-client", "imitated-secret"

// Manners are the ways of one real OAuth 2 provider, where they are not those of RFC 6749. An [Imitation] insists on
// them: what it is not sent as it wants it, it refuses, and a parameter that it does not know as well.
type Manners struct {
	// JSON: the token and revoke endpoints take a JSON object and nothing else; a form otherwise.
	JSON bool
	// Basic: the client proves itself by Basic alone; in the body otherwise.
	Basic bool
	// IDName and SecretName are what the client id and secret are called; client_id and client_secret when empty.
	IDName, SecretName string
	// NoPKCE: a code_challenge is refused.
	NoPKCE bool
	// Authorize, Token and Refresh are demanded on that leg beside what the RFC says. The token is then that of a code or
	// of client credentials.
	Authorize, Token, Refresh map[string]string
	// Callback comes back with the code.
	Callback map[string]string
	// TokenHost and APIHost are where these are, without the port: a request to another name of this machine is refused. Any when empty.
	TokenHost, APIHost string
	// Answer is the token answer; that of the RFC with an hour to live when nil. refresh is empty for client credentials.
	Answer func(access, refresh string) (contentType, body string)
	// Header and Prefix stand around the access token on a call: Authorization and "Bearer " when Header is empty.
	Header, Prefix string
	// Expired is the status of a call with a token that is over; 401 when zero.
	Expired int
	// API are the answers of some paths, such as "GET /api/me", to whoever is let in. Others echo the request.
	API map[string]string
}

// Imitation is a provider with [Manners]. Consent is given at once. It shares no code with Lanyard.
type Imitation struct {
	URL, Host, Port string // http://127.0.0.1:PORT, 127.0.0.1:PORT, and PORT; localhost leads here too

	m          Manners
	mu         sync.Mutex
	codes      map[string]string // and their redirect URIs
	refresh    map[string]bool
	access     map[string]bool // true while it lives
	faults     []string        // what it refused, in words
	tokens     []map[string]string
	authorized []url.Values
	revoked    []string
	calls      []string
}

// Imitate starts a provider for the duration of the test.
func Imitate(t testing.TB, m Manners) *Imitation {
	t.Helper()
	p := &Imitation{m: m, codes: map[string]string{}, refresh: map[string]bool{}, access: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /revoke", p.revoke)
	mux.HandleFunc("/api/", p.api)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.URL = server.URL
	p.Host = strings.TrimPrefix(server.URL, "http://")
	_, p.Port, _ = strings.Cut(p.Host, ":")
	return p
}

// Change gives the provider other manners from now on.
func (p *Imitation) Change(change func(*Manners)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.m)
}

// Expire ends every access token; refresh tokens stay good.
func (p *Imitation) Expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token := range p.access {
		p.access[token] = false
	}
}

// Faults are the requests that it refused, in words.
func (p *Imitation) Faults() []string { return locked(p, &p.faults) }

// Authorized are the queries of the authorize URL.
func (p *Imitation) Authorized() []url.Values { return locked(p, &p.authorized) }

// Tokens are the parameters of the requests to the token endpoint.
func (p *Imitation) Tokens() []map[string]string { return locked(p, &p.tokens) }

// Revoked are the tokens that it was told to revoke.
func (p *Imitation) Revoked() []string { return locked(p, &p.revoked) }

// Calls are the calls of its API that it let in: "GET 127.0.0.1/api/me".
func (p *Imitation) Calls() []string { return locked(p, &p.calls) }

func locked[T any](p *Imitation, list *[]T) []T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*list)
}

func nameOf(r *http.Request) string {
	name, _, _ := strings.Cut(r.Host, ":")
	return name
}

// refuse answers an error. The lock is held.
func (p *Imitation) refuse(w http.ResponseWriter, status int, code, format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	p.faults = append(p.faults, code+": "+why)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, oauthError(status, code, why).Body)
}

// unlike says in what the parameters are not exactly those: names that may have any value are given as "*".
func unlike(got, want map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[name]; !ok || want[name] != "*" && v != want[name] {
			return fmt.Sprintf("%s is %q, want %q", name, v, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			return fmt.Sprintf("%s is not known", name)
		}
	}
	return ""
}

func (p *Imitation) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	p.authorized = append(p.authorized, q)
	got := map[string]string{}
	for name := range q {
		got[name] = strings.Join(q[name], "\n") // twice is no value that is wanted
	}
	want := map[string]string{"response_type": "code", cmp.Or(p.m.IDName, "client_id"): ImitationClientID, "redirect_uri": "*", "state": "*"}
	if !p.m.NoPKCE {
		want["code_challenge"], want["code_challenge_method"] = "*", "S256"
	}
	maps.Copy(want, p.m.Authorize)
	if why := unlike(got, want); why != "" {
		p.refuse(w, http.StatusBadRequest, "invalid_request", "authorize: %s", why)
		return
	}
	code := rand.Text()
	p.codes[code] = q.Get("redirect_uri")
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	for name, value := range p.m.Callback {
		back.Set(name, value)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// parameters reads a request in the one form that it may have, and takes out of it what proves the client.
func (p *Imitation) parameters(r *http.Request) (map[string]string, string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, "the body is cut off"
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	got := map[string]string{}
	if p.m.JSON {
		if kind != "application/json" || json.Unmarshal(body, &got) != nil {
			return nil, fmt.Sprintf("a JSON object of texts is wanted, not %s", kind)
		}
	} else {
		form, err := url.ParseQuery(string(body))
		if kind != "application/x-www-form-urlencoded" || err != nil {
			return nil, fmt.Sprintf("a form is wanted, not %s", kind)
		}
		for name := range form {
			got[name] = strings.Join(form[name], "\n")
		}
	}
	id, secret, basic := r.BasicAuth()
	if !p.m.Basic {
		idName, secretName := cmp.Or(p.m.IDName, "client_id"), cmp.Or(p.m.SecretName, "client_secret")
		id, secret = got[idName], got[secretName]
		delete(got, idName)
		delete(got, secretName)
	}
	if basic != p.m.Basic || id != ImitationClientID || secret != ImitationClientSecret {
		return got, "client: it does not prove itself"
	}
	return got, ""
}

func (p *Imitation) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, why := p.parameters(r)
	switch {
	case p.m.TokenHost != "" && nameOf(r) != p.m.TokenHost:
		p.refuse(w, http.StatusBadRequest, "invalid_request", "token: this is %s", r.Host)
		return
	case strings.HasPrefix(why, "client:"):
		p.refuse(w, http.StatusUnauthorized, "invalid_client", "%s", why)
		return
	case why != "":
		p.refuse(w, http.StatusUnsupportedMediaType, "invalid_request", "%s", why)
		return
	}
	p.tokens = append(p.tokens, got)
	var want map[string]string
	withRefresh := true
	switch got["grant_type"] {
	case "authorization_code":
		redirect, known := p.codes[got["code"]]
		if delete(p.codes, got["code"]); !known {
			p.refuse(w, http.StatusBadRequest, "invalid_grant", "token: the code is not known")
			return
		}
		want = map[string]string{"grant_type": "*", "code": "*", "redirect_uri": redirect}
		if !p.m.NoPKCE {
			want["code_verifier"] = "*"
		}
		maps.Copy(want, p.m.Token)
	case "refresh_token":
		if live := p.refresh[got["refresh_token"]]; !live {
			p.refuse(w, http.StatusBadRequest, "invalid_grant", "token: the refresh token is not known")
			return
		}
		delete(p.refresh, got["refresh_token"])
		want = map[string]string{"grant_type": "*", "refresh_token": "*"}
		maps.Copy(want, p.m.Refresh)
	case "client_credentials":
		want = map[string]string{"grant_type": "*"}
		maps.Copy(want, p.m.Token)
		withRefresh = false
	}
	if why := unlike(got, want); why != "" {
		p.refuse(w, http.StatusBadRequest, "invalid_request", "token: %s", why)
		return
	}
	access, refresh := "at."+rand.Text(), ""
	p.access[access] = true
	if withRefresh {
		refresh = "rt." + rand.Text()
		p.refresh[refresh] = true
	}
	answer := p.m.Answer
	if answer == nil {
		answer = UsualAnswer
	}
	contentType, body := answer(access, refresh)
	w.Header().Set("Content-Type", contentType)
	_, _ = io.WriteString(w, body)
}

// UsualAnswer is the token answer of RFC 6749 §5.1.
func UsualAnswer(access, refresh string) (contentType, body string) {
	return JSONAnswer("access_token", access, "refresh_token", refresh, "token_type", "bearer", "expires_in", 3600)
}

// JSONAnswer is an object of the pairs. A name with dots stands within others; an empty text is left out.
func JSONAnswer(pairs ...any) (contentType, body string) {
	object := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		into, path := object, strings.Split(pairs[i].(string), ".")
		for _, name := range path[:len(path)-1] {
			if into[name] == nil {
				into[name] = map[string]any{}
			}
			into = into[name].(map[string]any)
		}
		into[path[len(path)-1]] = pairs[i+1]
	}
	b, err := json.Marshal(object)
	if err != nil {
		panic(err) // the test's own values
	}
	return "application/json", string(b)
}

func (p *Imitation) revoke(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, why := p.parameters(r)
	if why == "" {
		why = unlike(got, map[string]string{"token": "*", "token_type_hint": "*"})
	}
	if why != "" {
		p.refuse(w, http.StatusBadRequest, "invalid_request", "revoke: %s", why)
		return
	}
	p.revoked = append(p.revoked, got["token"])
	delete(p.refresh, got["token"])
}

func (p *Imitation) api(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	header, prefix := p.m.Header, p.m.Prefix
	if header == "" {
		header, prefix = "Authorization", "Bearer "
	}
	token, ok := strings.CutPrefix(r.Header.Get(header), prefix)
	live, known := p.access[token]
	switch {
	case !ok || !known:
		p.refuse(w, http.StatusUnauthorized, "invalid_token", "api: the %s header is of no use", header)
		return
	case !live:
		// Not among the faults: that a token is over is what a client has to find out.
		w.WriteHeader(max(p.m.Expired, http.StatusUnauthorized))
		return
	case p.m.APIHost != "" && nameOf(r) != p.m.APIHost:
		p.refuse(w, http.StatusNotFound, "not_found", "api: this is %s", r.Host)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.calls = append(p.calls, r.Method+" "+nameOf(r)+r.RequestURI)
	w.Header().Set("Content-Type", "application/json")
	if answer, ok := p.m.API[r.Method+" "+r.URL.Path]; ok {
		_, _ = io.WriteString(w, answer)
		return
	}
	_, _ = io.WriteString(w, jsonAnswer(http.StatusOK, map[string]any{"host": r.Host, "path": r.URL.Path, "header": r.Header, "body": string(body)}).Body)
}
