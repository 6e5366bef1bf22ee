package providertest

import (
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// EvilProvider is a provider whose every endpoint can be told to misbehave. Left alone it is honest and strict: OAuth 2
// (evil_oauth2.go) with single-use codes, PKCE and refresh tokens whose reuse kills the grant, OAuth 1.0a with every
// signature checked (evil_oauth1.go), and resources for each kind of credential (evil_api.go). Consent is given at once,
// by redirect. It is safe for concurrent use.
type EvilProvider struct {
	URL string // http://127.0.0.1:PORT

	// OAuth 2. The client is [EvilClientID] with [EvilClientSecret].
	Authorize, Token, Revoke *Endpoint
	// OAuth 1.0a. The consumer is [EvilConsumerKey] with [EvilConsumerSecret].
	RequestToken, AuthorizeRequestToken, AccessToken *Endpoint
	// Resources, which answer {"method","path","query","header","body"} to whoever is let in and 401 to others; every
	// path below them is one too. Bearer wants a live access token in the header or as access_token in the query, Basic
	// [EvilUser] with [EvilPassword], APIKey [EvilAPIKey] as X-Api-Key in the header or api_key in query or form,
	// Signed a good OAuth 1.0a signature; Open wants nothing.
	Bearer, Basic, APIKey, Signed, Open *Endpoint

	oauth2 oauth2State
	oauth1 oauth1State
	ended  chan struct{} // closed when the test ends
}

// Endpoint is one address of an [EvilProvider].
type Endpoint struct {
	URL string

	before atomic.Pointer[func(Request) *Answer]
	after  atomic.Pointer[func(Request, *Answer)]

	mu       sync.Mutex
	requests []*Request
}

// Request is what arrived at an endpoint.
type Request struct {
	At     time.Time
	Method string
	URI    string // path and query as sent
	Host   string
	Header http.Header
	Body   []byte
	// Form holds the parameters of a form-encoded or JSON body.
	Form url.Values
	// Status is that of the answer; zero as long as there is none.
	Status int
}

// Answer is what an endpoint answers.
type Answer struct {
	Status int // zero is 200
	Header http.Header
	Body   string
	Delay  time.Duration // before the first byte of the answer
	Drip   time.Duration // before each byte of the body
	Hang   bool          // no answer, until the client gives up or the test ends
	Reset  bool          // the connection is reset instead
	// Write, if set, writes the answer in place of all of the above but Delay.
	Write func(http.ResponseWriter)
}

// Before sets what the endpoint answers without doing its work: the provider's state stays as it was. A nil result
// leaves the request to the provider; a nil function ends it. The function may block, and is called concurrently.
func (e *Endpoint) Before(f func(Request) *Answer) { e.before.Store(&f) }

// After sets a function that may change the provider's honest answer when the work has been done, as when it gets lost
// on the way. A nil function ends it. The function may block, and is called concurrently.
func (e *Endpoint) After(f func(Request, *Answer)) { e.after.Store(&f) }

// Always makes the endpoint give that answer, without doing its work.
func (e *Endpoint) Always(a Answer) { e.Before(func(Request) *Answer { return new(a.clone()) }) }

// Honest ends what Before, After and Always have set.
func (e *Endpoint) Honest() {
	e.Before(nil)
	e.After(nil)
}

// Requests returns what has arrived, oldest first.
func (e *Endpoint) Requests() []Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Request, len(e.requests))
	for i, r := range e.requests {
		all[i] = *r
	}
	return all
}

// Grants returns the token requests of that grant type, oldest first.
func (e *Endpoint) Grants(grantType string) []Request {
	return slices.DeleteFunc(e.Requests(), func(r Request) bool { return r.Form.Get("grant_type") != grantType })
}

func (a Answer) clone() Answer {
	a.Header = maps.Clone(a.Header)
	return a
}

// Evil starts a provider for the duration of the test.
func Evil(t testing.TB) *EvilProvider {
	t.Helper()
	p := &EvilProvider{ended: make(chan struct{})}
	p.oauth2.init()
	p.oauth1.init()
	mux := http.NewServeMux()
	endpoint := func(path string, honest func(Request) Answer) *Endpoint {
		e := &Endpoint{}
		h := p.handler(e, honest)
		mux.Handle(path, h)
		mux.Handle(path+"/", h)
		return e
	}
	p.Authorize = endpoint("/oauth2/authorize", p.oauth2.authorize)
	p.Token = endpoint("/oauth2/token", p.oauth2.token)
	p.Revoke = endpoint("/oauth2/revoke", p.oauth2.revoke)
	p.RequestToken = endpoint("/oauth1/request_token", p.oauth1.requestToken)
	p.AuthorizeRequestToken = endpoint("/oauth1/authorize", p.oauth1.authorize)
	p.AccessToken = endpoint("/oauth1/access_token", p.oauth1.accessToken)
	p.Bearer = endpoint("/api/bearer", p.bearer)
	p.Basic = endpoint("/api/basic", basic)
	p.APIKey = endpoint("/api/key", apiKey)
	p.Signed = endpoint("/api/signed", p.signed)
	p.Open = endpoint("/api/open", echo)

	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		close(p.ended) // lets go of the requests that hang, which Close waits for
		server.CloseClientConnections()
		server.Close()
	})
	p.URL = server.URL
	p.oauth1.origin = server.URL
	for path, e := range map[string]*Endpoint{
		"/oauth2/authorize": p.Authorize, "/oauth2/token": p.Token, "/oauth2/revoke": p.Revoke,
		"/oauth1/request_token": p.RequestToken, "/oauth1/authorize": p.AuthorizeRequestToken, "/oauth1/access_token": p.AccessToken,
		"/api/bearer": p.Bearer, "/api/basic": p.Basic, "/api/key": p.APIKey, "/api/signed": p.Signed, "/api/open": p.Open,
	} {
		e.URL = p.URL + path
	}
	return p
}

// handler records the request, asks the endpoint's functions and the provider in turn, and writes the answer.
func (p *EvilProvider) handler(e *Endpoint, honest func(Request) Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client went away
		}
		req := &Request{
			At: time.Now(), Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header.Clone(), Body: body,
			Form: parseForm(r.Header.Get("Content-Type"), body),
		}
		e.mu.Lock()
		e.requests = append(e.requests, req)
		e.mu.Unlock()

		var a *Answer
		if before := e.before.Load(); before != nil && *before != nil {
			a = (*before)(*req)
		}
		if a == nil {
			a = new(honest(*req))
			if after := e.after.Load(); after != nil && *after != nil {
				(*after)(*req, a)
			}
		}
		if a.Status == 0 {
			a.Status = http.StatusOK
		}
		e.mu.Lock()
		req.Status = a.Status
		e.mu.Unlock()
		p.write(w, r, a)
	})
}

func (p *EvilProvider) write(w http.ResponseWriter, r *http.Request, a *Answer) {
	wait := func(d time.Duration) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-r.Context().Done():
		case <-p.ended:
		}
		return false
	}
	if a.Delay > 0 && !wait(a.Delay) {
		return
	}
	switch {
	case a.Write != nil:
		a.Write(w)
		return
	case a.Hang:
		select {
		case <-r.Context().Done():
		case <-p.ended:
		}
		return
	case a.Reset:
		reset(w)
		return
	}
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	if a.Drip == 0 {
		_, _ = io.WriteString(w, a.Body) // a client that went away is no fault
		return
	}
	for i := range len(a.Body) {
		if !wait(a.Drip) {
			return
		}
		if _, err := io.WriteString(w, a.Body[i:i+1]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}

// reset ends the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
