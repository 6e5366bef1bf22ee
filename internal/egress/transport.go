package egress

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"
)

// transport implements http.RoundTripper over HTTP/1.1. See [Egress.Transport] for what it promises.
type transport struct {
	dialer        *dialer
	pool          *pool
	headerTimeout time.Duration // zero: none
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	o, err := originOf(req.URL)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	out, err := encode(req, o)
	if err != nil {
		return nil, err
	}
	defer out.free()
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, failure(ctx, o.host, err)
	}

	if c := t.pool.take(o); c != nil {
		resp, again, err := t.exchange(c, req, out)
		if !again || ctx.Err() != nil {
			return resp, err
		}
	}
	c, err := t.dialer.dial(ctx, o)
	if err != nil {
		return nil, err
	}
	resp, _, err := t.exchange(c, req, out)
	return resp, err
}

// exchange sends the request on c and waits for the head of the answer. When it fails, again says whether a new
// connection may be tried if this one was kept from earlier: either not a byte of the request was sent, or sending it
// twice does no harm and not a byte of an answer came. Anything else might make the server act twice.
func (t *transport) exchange(c *conn, req *http.Request, out *outgoing) (resp *http.Response, again bool, err error) {
	x := &exchange{t: t, c: c, req: req}
	x.resp.Request = req
	x.resp.TLS = c.tls
	ctx := req.Context()
	if ctx.Done() != nil {
		x.unwatch = context.AfterFunc(ctx, c.stop)
	}
	c.in.got = false
	if t.headerTimeout > 0 {
		c.begin()
	}

	n, writeErr := c.wire.Write(out.bytes)
	switch {
	case writeErr != nil && n == 0:
		err = x.failure(writeErr)
		x.finish(false)
		return nil, true, err
	case writeErr == nil && out.body != nil:
		x.up = startUpload(c, out.body, out.size, func() { t.expectHead(c) })
		out.body = nil
	default:
		// After a failed write too: the server may have answered before it closed.
		t.expectHead(c)
	}
	err = readResponse(&c.in, req.Method, &x.resp, &x.dec)
	if t.headerTimeout > 0 {
		c.headArrived()
	}
	if err != nil {
		again = x.up == nil && out.safe && !c.in.got && !errors.Is(err, os.ErrDeadlineExceeded)
		if writeErr != nil {
			err = writeErr
		}
		err = x.failure(err)
		x.finish(false)
		return nil, again, err
	}
	x.dec.keep = x.dec.keep && out.keep && writeErr == nil
	if x.dec.kind == noBody {
		x.resp.Body = http.NoBody
		x.finish(true)
	} else {
		x.resp.Body = x
	}
	return &x.resp, false, nil
}

func (t *transport) expectHead(c *conn) {
	if t.headerTimeout > 0 {
		c.expectHead(t.headerTimeout)
	}
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *transport) CloseIdleConnections() { t.pool.flush() }
