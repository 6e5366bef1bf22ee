package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/problem"
)

// ProxyURL is the URL by which path of the service behind a connection is reached through Lanyard: what curl, or an
// SDK that can be given a base URL and a bearer token, is pointed at. The path is relative to the service's base URL
// and may have a query.
func (c *Client) ProxyURL(connection, path string) string {
	return c.base.String() + "/v1/proxy/" + link(connection) + "/" + escapeIllegal(strings.TrimPrefix(path, "/"))
}

// escapeIllegal percent-encodes what may not stand in a URL (RFC 3986 §2) and nothing else. Left to net/url, one blank
// has the whole path encoded anew, and then a/b stands where a%2Fb was.
func escapeIllegal(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Proxy sends one request through a connection and gives the service's own answer, whatever its status; both bodies
// stream. The path is relative to the service's base URL. The caller closes the answer's body.
func (c *Client) Proxy(ctx context.Context, connection, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.ProxyURL(connection, path), body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	c.authenticate(req.Header)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	return ownErrors(res)
}

// ownErrors tells a failure of Lanyard's own from an answer of the service.
func ownErrors(res *http.Response) (*http.Response, error) {
	if res.Header.Get(problem.CodeHeader) == "" {
		return res, nil
	}
	defer res.Body.Close()
	return nil, readError(res)
}

// HTTPClient is for an SDK of the service behind a connection. Requests to URLs below baseURL, the one that the SDK
// is set to, go through Lanyard, which puts the credential on; whatever the SDK itself has put into Authorization is
// dropped on the way. A request to any other URL is refused and not sent, and a redirect there is handed back. A
// failure of Lanyard's own comes as an error, in which errors.As finds the *lanyard.Error.
func (c *Client) HTTPClient(connection, baseURL string) (*http.Client, error) {
	base, err := url.Parse(baseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("the base URL of the service is http://… or https://…, not %q", baseURL)
	}
	t := &transport{client: c, connection: connection, base: base}
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if _, ok := t.below(req.URL); !ok || len(via) > 5 {
			return http.ErrUseLastResponse
		}
		return nil
	}}, nil
}

// transport sends requests for one service through the proxy.
type transport struct {
	client     *Client
	connection string
	base       *url.URL
}

// below is the path and query of u as seen from the base URL. Bytes are kept as they are: %2F stays %2F.
func (t *transport) below(u *url.URL) (path string, ok bool) {
	if u.Scheme != t.base.Scheme || !strings.EqualFold(u.Host, t.base.Host) {
		return "", false
	}
	path, ok = strings.CutPrefix(u.EscapedPath(), strings.TrimRight(t.base.EscapedPath(), "/"))
	if !ok || path != "" && path[0] != '/' {
		return "", false
	}
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + u.RawQuery
	}
	return path, true
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	path, ok := t.below(req.URL)
	if !ok {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes the body whatever happens
		}
		return nil, lanyard.Errorf(lanyard.CodeHostNotAllowed, "The request to %s is not below %s, so it was not sent.", req.URL.Host, t.base)
	}
	target, err := url.Parse(t.client.ProxyURL(t.connection, path))
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	own := req.Clone(req.Context()) // a RoundTripper leaves the request as it was
	own.URL, own.Host = target, ""
	t.client.authenticate(own.Header)
	through := t.client.http.Transport
	if through == nil {
		through = http.DefaultTransport
	}
	res, err := through.RoundTrip(own)
	if err != nil {
		return nil, err
	}
	if res, err = ownErrors(res); err != nil {
		return nil, err
	}
	res.Request = req
	return res, nil
}
