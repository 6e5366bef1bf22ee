package invoke

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/credential"
	"lanyard/internal/scheme"
)

// call is one request on its way: who asks, with which opened authorization, and what will be recorded.
type call struct {
	caller *lanyard.Caller
	way    http.RoundTripper
	live   *credential.Live // nil: a request without a connection
	fence  *lanyard.Fence   // nil: the call stands in no extension's script
	began  time.Time
	record lanyard.Invocation
	watch  *watch // nil: nobody looks at what is sent
}

func newCall(c *lanyard.Caller, way http.RoundTripper) *call {
	return &call{caller: c, way: way, began: time.Now(), record: lanyard.Invocation{OrganizationID: c.Organization, User: c.User, Key: c.Key}}
}

// open finds the connection, asks whether the caller may use it, chooses whose authorization it runs with, and opens
// that, refreshed when due. Warm, it asks the database nothing.
func (i *Invoker) open(ctx context.Context, call *call, name string) error {
	if name == "" {
		if len(call.caller.Rights.Connections) > 0 {
			return lanyard.Errorf(lanyard.CodeForbidden, "This API key may only use some connections: name one.")
		}
		return nil
	}
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return access.NoConnection(name)
	}
	con, err := i.Find(ctx, call.caller, link, call.fence)
	if err != nil {
		return err
	}
	if err := access.Invoke(call.caller, &con.Connection); err != nil {
		return err
	}
	call.record.ConnectionID, call.record.Connection, call.record.Service = con.ID, con.LinkName, con.Connection.Service
	user, err := con.AuthorizationUser(call.caller.LoginUser())
	if err != nil {
		return err
	}
	live, err := i.Keeper.Live(ctx, con, user)
	if err != nil {
		return forApplication(call.caller, err)
	}
	call.record.Authorization = live.Authorization.ID
	call.live, err = i.Keeper.Fresh(ctx, live)
	return err
}

// Find finds a connection for a call. Outside its fence, a call learns of none that there is.
func (i *Invoker) Find(ctx context.Context, c *lanyard.Caller, link lanyard.LinkName, fence *lanyard.Fence) (*credential.Connection, error) {
	con, err := i.Keeper.Find(ctx, c.Organization, link)
	if fence == nil {
		return con, err
	}
	if err == nil {
		return con, fence.Admit(link, &con.Connection)
	}
	if code := lanyard.CodeOf(err); code == lanyard.CodeNotFound || code == lanyard.CodeNotConnected {
		return nil, fence.Admit(link, nil)
	}
	return nil, err
}

// forApplication says to an application that acts for its own users what to do about one who has not connected: the
// connect URL of the error is for people who sign in here.
func forApplication(c *lanyard.Caller, err error) error {
	var e *lanyard.Error
	if !c.ForUser || lanyard.CodeOf(err) != lanyard.CodeAuthorizationRequired || !errors.As(err, &e) {
		return err
	}
	told := *e // which others may hold too
	told.Message += " A user who never signs in to Lanyard connects by a connect session: POST /v1/connect_sessions."
	return &told
}

// send checks the host, places the credential and sends the request. A token that the upstream refuses is refreshed
// and tried once more, if the body can be sent again.
func (i *Invoker) send(call *call, req *http.Request) (*http.Response, error) {
	call.record.Method, call.record.Host, call.record.Path = req.Method, req.URL.Host, recordedPath(req.URL, call.live)
	if call.live == nil {
		return i.roundTrip(call, req, nil)
	}
	if err := checkHost(call.live, req.URL); err != nil {
		return nil, err
	}
	if call.live.Placer.NeedsBody(req) {
		if err := hold(req, scheme.MaxSignedBody); err != nil {
			return nil, err
		}
	}
	resp, err := i.placeAndSend(call, call.live, req)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	if !repeatable(req) {
		// The next request should not meet the same refusal.
		i.Keeper.RefusedLater(call.live, resp.StatusCode)
		return resp, nil
	}
	fresh := i.Keeper.Refused(req.Context(), call.live, resp.StatusCode)
	if fresh == nil {
		return resp, nil
	}
	drain(resp)
	call.live = fresh
	if err := rewind(req); err != nil {
		return nil, err
	}
	return i.placeAndSend(call, fresh, req)
}

// placeAndSend puts the credential on the request. Placing another one later replaces it, so a request can be sent
// again as it is.
func (i *Invoker) placeAndSend(call *call, live *credential.Live, req *http.Request) (*http.Response, error) {
	if err := live.Placer.Place(req); err != nil {
		return nil, err
	}
	return i.roundTrip(call, req, live)
}

// roundTrip sends a request that carries the credential of placed, if that is not nil.
func (i *Invoker) roundTrip(call *call, req *http.Request, placed *credential.Live) (*http.Response, error) {
	if placed == nil && call.fence != nil {
		if err := call.fence.AdmitURL(req.URL); err != nil {
			return nil, err
		}
	}
	if call.watch != nil {
		call.watch.leaving(req, placed)
	}
	resp, err := call.way.RoundTrip(req)
	if err != nil {
		return nil, upstreamError(req.Context(), err)
	}
	if req.ContentLength > 0 {
		call.record.BytesSent += req.ContentLength
	}
	call.record.Status = resp.StatusCode
	return resp, nil
}

// checkHost is the host rule: the credential goes nowhere that its service does not list.
func checkHost(live *credential.Live, u *url.URL) error {
	if live.BaseURL != nil && u.Scheme == live.BaseURL.Scheme && u.Host == live.BaseURL.Host && live.BaseAllowed {
		return nil // the base URL was checked when the authorization was opened
	}
	_, target, err := lanyard.ParseURL(u.String())
	if err != nil {
		return badURL(err)
	}
	if !live.Hosts.Allow(target) {
		return lanyard.Errorf(lanyard.CodeHostNotAllowed, "The service %s does not list the host %s, so its credential is not sent there. It lists: %s.",
			live.On.Service.LinkName, target, live.Hosts)
	}
	return nil
}

func badURL(err error) error {
	var f lanyard.FieldErrors
	f.Check("/url", err)
	return f.Err()
}

// hold reads the body into memory, so that a credential that covers it can be placed.
func hold(req *http.Request, limit int64) error {
	if req.GetBody != nil || req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	tooLarge := lanyard.Errorf(lanyard.CodeRequestTooLarge, "This connection's credential covers the whole body, which has to fit into memory for that: at most %d MiB.", limit>>20)
	if req.ContentLength > limit {
		return tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, limit+1))
	if err != nil {
		return brokenBody(err)
	}
	if int64(len(body)) > limit {
		return tooLarge
	}
	setBody(req, body)
	return nil
}

func brokenBody(err error) error {
	return lanyard.Errorf(lanyard.CodeInvalidRequest, "The body of the request broke off.").With(err)
}

func setBody(req *http.Request, body []byte) {
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, _ = req.GetBody() // it has no error to give
}

// repeatable: can the request be sent once more? It has no body, or still holds it.
func repeatable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// rewind puts the body of a repeatable request back to its beginning.
func rewind(req *http.Request) error {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return fmt.Errorf("send a body again: %w", err)
	}
	req.Body = body
	return nil
}

func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 16<<10) // a short rest lets the connection be used again
	_ = resp.Body.Close()
}

const maxRedirects = 5

// keptAcross are the headers that go along to another origin.
var keptAcross = []string{"Accept", "Accept-Language", "User-Agent"}

// follow goes after redirects, at most five. Each hop is judged anew: the credential is placed only for a host that
// the service lists, and a signed request is never led elsewhere. What cannot be followed safely goes to the caller.
func (i *Invoker) follow(call *call, req *http.Request, resp *http.Response) (*http.Response, error) {
	for hops := 0; ; hops++ {
		location := resp.Header.Get("Location")
		if !slices.Contains([]int{301, 302, 303, 307, 308}, resp.StatusCode) || location == "" {
			return resp, nil
		}
		if call.live != nil && call.live.Placer.Signed() {
			return resp, nil
		}
		next, err := nextHop(req, resp, location)
		if err != nil {
			drain(resp)
			return nil, err
		}
		if next == nil {
			return resp, nil
		}
		if hops == maxRedirects {
			drain(resp)
			return nil, lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "The service redirected more than %d times.", maxRedirects)
		}
		drain(resp)
		listed := call.live != nil && checkHost(call.live, next.URL) == nil
		if !listed && call.live != nil {
			call.live.Placer.Strip(next.Header, next.URL)
		}
		if listed {
			resp, err = i.placeAndSend(call, call.live, next)
		} else {
			resp, err = i.roundTrip(call, next, nil)
		}
		if err != nil {
			return nil, err
		}
		req = next
	}
}

// nextHop is the request that a redirect asks for; nil when only the caller can decide: a body that would go to
// another origin.
func nextHop(req *http.Request, resp *http.Response, location string) (*http.Request, error) {
	ref, err := req.URL.Parse(location)
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "The service redirected to something that is not a URL.")
	}
	u, _, err := lanyard.ParseURL(ref.String())
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "The service redirected to a URL that cannot be followed: %s.", err)
	}
	sameOrigin := u.Scheme == req.URL.Scheme && u.Host == req.URL.Host
	next := (&http.Request{Method: req.Method, URL: u, Host: u.Host, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(req.Context())
	if sameOrigin {
		next.Header = req.Header.Clone()
	} else {
		for _, name := range keptAcross {
			if v := req.Header[name]; v != nil {
				next.Header[name] = v
			}
		}
	}
	// RFC 9110 §15.4: 307 and 308 keep method and body; 303 turns into GET, and so do 301 and 302 after a POST.
	if resp.StatusCode == 307 || resp.StatusCode == 308 {
		if req.Body == nil || req.Body == http.NoBody {
			return next, nil
		}
		return withBodyOf(next, req, sameOrigin)
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead && (resp.StatusCode == 303 || req.Method == http.MethodPost) {
		next.Method = http.MethodGet
		for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding"} {
			next.Header.Del(name)
		}
		return next, nil
	}
	if req.Body != nil && req.Body != http.NoBody {
		return withBodyOf(next, req, sameOrigin)
	}
	return next, nil
}

// withBodyOf sends the same body to the same origin, if it can be sent again; otherwise there is no next hop.
func withBodyOf(next, req *http.Request, sameOrigin bool) (*http.Request, error) {
	if !sameOrigin || !repeatable(req) {
		return nil, nil //nolint:nilnil // there is no next hop
	}
	next.GetBody, next.ContentLength = req.GetBody, req.ContentLength
	return next, rewind(next)
}
