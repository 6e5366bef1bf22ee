// Package client talks to a Lanyard server: it calls services through connections, and manages services, connections
// and keys.
//
//	lanyard, err := client.New("https://lanyard.example.com", os.Getenv("LANYARD_API_KEY"))
//	answer, err := lanyard.Invoke(ctx, &client.Request{Connection: "crm", URL: "/contacts"})
//
// There are two ways to call a service. [Client.Invoke] sends one request and gives its whole answer. [Client.Proxy]
// streams, and [Client.HTTPClient] puts that below an existing SDK, which then needs no credential of its own.
//
// A failure that Lanyard reports is a *lanyard.Error with a code to decide by; an upstream's 404 is not one of them.
// Where a person has to connect first, its ConnectURL says where:
//
//	var e *lanyard.Error
//	if errors.As(err, &e) && e.ConnectURL != "" { … }
//
// Nothing is tried again by itself, and nothing has a time-out but the one of the context that the caller gives.
//
// It is not a second set of rules: what is valid, and who may do what, the server says. Start reading at [Client].
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/problem"
)

// Client calls one server with one API key. It is safe for concurrent use.
type Client struct {
	base  *url.URL // without a slash at its end
	key   lanyard.Secret
	user  string
	http  *http.Client
	agent string
}

// Option changes how a [Client] works.
type Option func(*Client)

// WithHTTPClient sends by h instead of a client of this package's own: for proxies, certificates, tests. Redirects
// are never followed, whatever h says: the API has none, and an upstream's belong to the caller.
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) {
		own := *h
		own.CheckRedirect = handBack
		c.http = &own
	}
}

// WithUserAgent names the calling program.
func WithUserAgent(name string) Option { return func(c *Client) { c.agent = name } }

// New makes a client of the server at baseURL, such as "http://127.0.0.1:8080", that presents apiKey.
func New(baseURL, apiKey string, options ...Option) (*Client, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("the URL of the server cannot be read: %w", err)
	}
	switch {
	case base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, fmt.Errorf("the URL of the server is http://… or https://…, not %q", base.Redacted())
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("the URL of the server has no user, query or fragment: %s", base.Redacted())
	case apiKey == "":
		return nil, errors.New("an API key is required")
	case lanyard.CheckHeaderValue(apiKey) != nil || strings.ContainsAny(apiKey, " \t"):
		return nil, errors.New("the API key holds blanks, line breaks or control characters")
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	c := &Client{base: base, key: lanyard.NewSecret(apiKey), agent: "lanyard-go"}
	through := http.DefaultTransport.(*http.Transport).Clone()
	through.DisableCompression = true // what a service answers to the proxy is passed on byte for byte
	c.http = &http.Client{Transport: through, CheckRedirect: handBack}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

func handBack(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// ForUser returns a client that acts for another user, by id or external id. Its key must have been made with the
// right to act for users.
func (c *Client) ForUser(user string) *Client {
	own := *c
	own.user = user
	return &own
}

// Document is the JSON that a value was read from.
type Document struct {
	raw *json.RawMessage // behind a pointer, so that printing the value that embeds it does not print this
}

// JSON is the value as the server wrote it, with members that this version of the package does not know.
func (d Document) JSON() json.RawMessage {
	if d.raw == nil {
		return nil
	}
	return *d.raw
}

func (d *Document) setJSON(raw json.RawMessage) { d.raw = &raw }

// decode reads a value, and keeps its JSON where the value embeds a Document.
func decode[T any](raw json.RawMessage) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	if d, ok := any(v).(interface{ setJSON(json.RawMessage) }); ok {
		d.setJSON(raw)
	}
	return v, nil
}

// call performs one operation of the API whose answer is a T.
func call[T any](ctx context.Context, c *Client, method, path string, query url.Values, body any) (*T, error) {
	raw, err := c.exchange(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	return decode[T](raw)
}

// exchange sends body as JSON, a json.RawMessage as it is and nil not at all, and returns the answer's body.
func (c *Client) exchange(ctx context.Context, method, path string, query url.Values, body any) (json.RawMessage, error) {
	return c.exchangeAs(ctx, "application/json", method, path, query, body)
}

// exchangeAs is exchange for an answer of a media type.
func (c *Client) exchangeAs(ctx context.Context, media, method, path string, query url.Values, body any) ([]byte, error) {
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	if body != nil {
		data, ok := body.(json.RawMessage)
		if !ok {
			if data, err = json.Marshal(body); err != nil {
				return nil, fmt.Errorf("encode the request: %w", err)
			}
		}
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", media)
	c.authenticate(req.Header)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, readError(res)
	}
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	if len(data) == 0 {
		return nil, nil
	}
	if t, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); t != media {
		return nil, fmt.Errorf("%s does not answer like a Lanyard server: its answer is not %s", c.base, media)
	}
	return data, nil
}

// authenticate says who asks, in place of whatever the headers said before.
func (c *Client) authenticate(h http.Header) {
	h.Set("Authorization", "Bearer "+c.key.Reveal())
	h.Del("Lanyard-User")
	if c.user != "" {
		h.Set("Lanyard-User", c.user)
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", c.agent)
	}
}

// maxProblem bounds what is read of an error: a problem document is small, and the server at the URL may not be ours.
const maxProblem = 1 << 20

// readError turns an answer that is not a success into a *lanyard.Error.
func readError(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if code := lanyard.Code(res.Header.Get(problem.CodeHeader)); code != "" && len(body) == 0 { // the answer to a HEAD
		return lanyard.Errorf(code, "%s.", problem.KindOf(code).Title)
	}
	e := problem.Parse(body, res.StatusCode)
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 && e.RetryAfter == 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// link puts a link name or an id into a path as one segment.
func link(name string) string { return url.PathEscape(name) }
