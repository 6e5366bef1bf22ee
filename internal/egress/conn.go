package egress

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// conn is one connection. It belongs to one exchange at a time, or to the pool.
type conn struct {
	origin  origin
	raw     net.Conn             // the socket
	wire    net.Conn             // what HTTP is spoken on: the socket, or TLS over it
	tls     *tls.ConnectionState // nil for plain http
	in      inbox
	alive   func() bool // open, and nothing has arrived since the last answer
	stop    func()      // interrupt, made once
	expires time.Time   // while in the pool

	// Deadlines are set by the caller's goroutine, by the one that sends a body, and by the end of a context.
	mu          sync.Mutex
	interrupted bool // for good
	answered    bool // the head of the current answer is complete
}

// longAgo as a deadline breaks off whatever waits.
var longAgo = time.Unix(1, 0)

func newConn(o origin, raw, wire net.Conn) *conn {
	c := &conn{origin: o, raw: raw, wire: wire, in: inbox{src: wire}, alive: aliveProbe(raw)}
	c.stop = c.interrupt
	return c
}

// interrupt makes all reading and writing fail, now and later. The connection is of no further use.
func (c *conn) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupted = true
	_ = c.raw.SetDeadline(longAgo)
}

// begin makes ready for the next answer's head.
func (c *conn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = false
}

// expectHead starts the time-out of the answer's head, unless that is there already.
func (c *conn) expectHead(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.interrupted && !c.answered {
		_ = c.raw.SetReadDeadline(time.Now().Add(d))
	}
}

// headArrived stops the time-out of expectHead, and those to come in this exchange.
func (c *conn) headArrived() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = true
	if !c.interrupted {
		_ = c.raw.SetReadDeadline(time.Time{})
	}
}

// abort closes the connection in the middle of something. It does not wait, as saying goodbye over TLS could.
func (c *conn) abort() { _ = c.raw.Close() }

// retire closes an idle connection in good order.
func (c *conn) retire() { _ = c.wire.Close() }
