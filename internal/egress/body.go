package egress

import (
	"io"
	"net/http"
	"sync"
)

// exchange is one request with its answer on one connection. Allocated once, it is also the response's body.
type exchange struct {
	resp    http.Response
	req     *http.Request // as it was given; what resp holds may be changed by whoever has it
	dec     decoder
	t       *transport
	c       *conn
	up      *upload     // nil: the request went out whole
	unwatch func() bool // ends the watch over the context; false if that has struck already. Nil: no watch

	mu      sync.Mutex
	reading bool  // a Read is under way
	over    bool  // the connection is no longer ours
	err     error // what Read answers from now on
}

// finish gives up the connection: back to the pool if the body was read to its end and nothing speaks against it.
func (x *exchange) finish(complete bool) {
	undisturbed := x.unwatch == nil || x.unwatch()
	sent := true
	if x.up != nil {
		sent, _ = x.up.state()
	}
	if complete && undisturbed && sent && x.dec.keep && x.c.in.clean() {
		x.t.pool.put(x.c, x.dec.idle)
	} else {
		x.c.abort()
	}
	x.c = nil
}

// Read implements io.Reader over the answer's body. Its errors are like those of RoundTrip; a body cut short is
// io.ErrUnexpectedEOF inside.
func (x *exchange) Read(p []byte) (int, error) {
	x.mu.Lock()
	if x.over || len(p) == 0 {
		defer x.mu.Unlock()
		return 0, x.err
	}
	if err := x.req.Context().Err(); err != nil {
		defer x.mu.Unlock()
		x.end(false, x.failure(err))
		return 0, x.err
	}
	x.reading = true
	x.mu.Unlock()

	n, err := x.dec.read(p)

	x.mu.Lock()
	defer x.mu.Unlock()
	x.reading = false
	switch {
	case x.over: // closed in the meantime
		x.c = nil
		return n, x.err
	case err == io.EOF:
		if len(x.dec.trailer) > 0 && x.resp.Trailer == nil {
			x.resp.Trailer = make(http.Header, len(x.dec.trailer))
		}
		for name, values := range x.dec.trailer {
			x.resp.Trailer[name] = values
		}
		x.end(true, io.EOF)
	case err != nil:
		x.end(false, x.failure(err))
	}
	return n, x.err
}

// Close implements io.Closer. Closing before the end costs the connection, unless the rest has already arrived. It
// may be called while a Read is under way, which then fails.
func (x *exchange) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		x.err = http.ErrBodyReadAfterClose
		return nil
	}
	if x.reading {
		x.over, x.err = true, http.ErrBodyReadAfterClose
		if x.unwatch != nil {
			x.unwatch()
		}
		x.c.abort()
		return nil
	}
	x.end(x.dec.drain(), http.ErrBodyReadAfterClose)
	return nil
}

// end settles what Read answers from now on. The caller holds the lock.
func (x *exchange) end(complete bool, err error) {
	x.over, x.err = true, err
	x.finish(complete)
}

func (x *exchange) failure(err error) error {
	if x.up != nil {
		if _, upErr := x.up.state(); isSourceError(upErr) {
			return upErr
		}
	}
	return failure(x.req.Context(), x.c.origin.host, err)
}
