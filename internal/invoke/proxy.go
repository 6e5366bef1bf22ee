package invoke

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"sync"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/credential"
)

// heldBody is the size up to which a proxied body is held in memory, so that it can be sent again after a refresh.
const heldBody = 64 << 10

// hopByHop headers belong to one connection (RFC 9110 §7.6.1), and so do those that Connection names.
var hopByHop = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// notForwarded are the caller's own: what authenticates it to Lanyard, and what says where it came from.
var notForwarded = map[string]bool{
	"Authorization": true, "Cookie": true, "Expect": true, "X-Forwarded-For": true, "X-Forwarded-Host": true, "X-Forwarded-Proto": true,
	"Forwarded": true, "Via": true, "X-Real-Ip": true,
}

// ServeProxy answers with the upstream's own answer, streamed both ways. The target is the service's base URL with
// pathAndQuery, which is the raw text after the connection's name and is not decoded on the way. An error is returned
// only while nothing was written.
func (i *Invoker) ServeProxy(w http.ResponseWriter, r *http.Request, c *lanyard.Caller, connection, pathAndQuery string) error {
	call := newCall(c, i.ProxyTransport)
	resp, err := i.proxy(r.Context(), call, r, connection, pathAndQuery)
	if err != nil {
		i.finish(call, err)
		return err
	}
	defer resp.Body.Close()
	call.record.BytesReceived, err = writeAnswer(w, r, resp)
	i.finish(call, err)
	if err != nil {
		// The answer has begun, so the only way left to say that it is not whole is to break the connection.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (i *Invoker) proxy(ctx context.Context, call *call, r *http.Request, connection, pathAndQuery string) (*http.Response, error) {
	if connection == "" {
		return nil, access.NoConnection(connection)
	}
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		return nil, lanyard.Errorf(lanyard.CodeMethodNotAllowed, "The method %s is not passed on.", r.Method)
	}
	if r.Header["Upgrade"] != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "An upgrade of the protocol (WebSocket) is not passed on.")
	}
	if err := i.open(ctx, call, connection); err != nil {
		return nil, err
	}
	req, err := proxied(ctx, call.live, r, pathAndQuery)
	if err != nil {
		return nil, err
	}
	return i.send(call, req)
}

// proxied is the caller's request as it goes on: same method, body and headers, but for what belongs to the caller's
// connection with Lanyard.
func proxied(ctx context.Context, live *credential.Live, r *http.Request, pathAndQuery string) (*http.Request, error) {
	if live.BaseURL == nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The service %s has no base URL, so there is nothing to proxy to: use /v1/invoke with a whole URL.", live.On.Service.LinkName)
	}
	u, err := below(live.BaseURL, pathAndQuery)
	if err != nil {
		return nil, badURL(err)
	}
	header := make(http.Header, len(r.Header)+2)
	copyHeader(header, r.Header, notForwarded)
	if _, set := header["User-Agent"]; !set {
		header["User-Agent"] = nil // none, rather than one of ours
	}
	req := (&http.Request{
		Method: r.Method, URL: u, Host: u.Host, Header: header, Body: r.Body, ContentLength: r.ContentLength,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	switch {
	case r.ContentLength == 0:
		req.Body = nil
	case r.ContentLength > 0 && r.ContentLength <= heldBody:
		return req, hold(req, heldBody)
	default:
		req.Body = streamed{r.Body}
	}
	return req, nil
}

// streamed is a caller's body on its way. That it broke off, or was badly chunked, is not the service's fault.
type streamed struct{ io.ReadCloser }

func (s streamed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = brokenBody(err)
	}
	return n, err
}

// copyHeader copies what may go on: no hop-by-hop header, none that Connection names, none of Lanyard's own but
// the one that keeps scripts from calling each other without end, and none of those left out besides.
func copyHeader(to, from http.Header, leaveOut map[string]bool) {
	var named map[string]bool
	for _, v := range from["Connection"] {
		for name := range strings.SplitSeq(v, ",") {
			if named == nil {
				named = map[string]bool{}
			}
			named[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	for name, values := range from {
		if hopByHop[name] || leaveOut[name] || named[name] || strings.HasPrefix(name, "Lanyard-") && name != DepthHeader {
			continue
		}
		to[name] = values
	}
}

// notReturned: a cookie of the upstream would become one of Lanyard's own origin in a browser.
var notReturned = map[string]bool{"Set-Cookie": true}

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// writeAnswer streams the answer to the caller and counts its bytes.
func writeAnswer(w http.ResponseWriter, r *http.Request, resp *http.Response) (int64, error) {
	copyHeader(w.Header(), resp.Header, notReturned)
	w.WriteHeader(resp.StatusCode)
	if r.Method == http.MethodHead {
		return 0, nil
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	// What has no known length may be a stream of events, of which each is wanted at once.
	var flusher *http.ResponseController
	if resp.ContentLength < 0 {
		flusher = http.NewResponseController(w)
	}
	var total int64
	for {
		n, err := resp.Body.Read(*buf)
		if n > 0 {
			total += int64(n)
			if _, err := w.Write((*buf)[:n]); err != nil {
				return total, err
			}
			if flusher != nil {
				if err := flusher.Flush(); err != nil {
					return total, err
				}
			}
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
