package egress

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Config says what an [Egress] may reach and how long it waits. The zero Config reaches the public internet over https.
type Config struct {
	// AllowNetworks are the networks that the operator opened (--allow-network). Addresses in them may be dialled
	// although they are not public, and may be spoken to over plain http. A metadata address stays refused.
	AllowNetworks []netip.Prefix
	// RootCAs are the authorities that a server's certificate may come from. Nil: those of the system.
	RootCAs *x509.CertPool
	// LookupNetIP resolves a host name, given in lower case without a final dot; network is always "ip".
	// Nil: Go's own resolver, never the C library's, which reads 127.1 and 0x7f000001 as addresses.
	LookupNetIP func(ctx context.Context, network, host string) ([]netip.Addr, error)
	// Logger hears of what should never happen. Nil: nobody does. Failed calls are returned, not logged.
	Logger *slog.Logger

	DialTimeout   time.Duration // to resolve the name and to connect; zero: 10 seconds
	TLSTimeout    time.Duration // for the handshake; zero: 10 seconds
	HeaderTimeout time.Duration // from the end of the request to the end of the answer's head; zero: as long as the context lives
	IdleTimeout   time.Duration // how long an unused connection is kept; zero: 90 seconds
	// MaxIdlePerOrigin is how many unused connections are kept for one scheme, host and port; zero: 256. Connections
	// in use are not limited.
	MaxIdlePerOrigin int
}

// Egress is the way out. It is safe for concurrent use; one is made per process.
type Egress struct {
	transport *transport
	client    *http.Client
}

// New makes the way out that c describes. It dials nothing yet.
func New(c Config) *Egress {
	logger := c.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	lookup := c.LookupNetIP
	if lookup == nil {
		lookup = lookupGo
	}
	d := &dialer{
		policy:      newPolicy(c.AllowNetworks),
		lookup:      lookup,
		logger:      logger,
		dialTimeout: cmp.Or(c.DialTimeout, 10*time.Second),
		tlsTimeout:  cmp.Or(c.TLSTimeout, 10*time.Second),
		tls: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			NextProtos:         []string{"http/1.1"},
			RootCAs:            c.RootCAs,
			ClientSessionCache: tls.NewLRUClientSessionCache(1024),
		},
	}
	d.connect = d.socket
	t := &transport{
		dialer:        d,
		pool:          newPool(cmp.Or(c.MaxIdlePerOrigin, 256), cmp.Or(c.IdleTimeout, 90*time.Second)),
		headerTimeout: c.HeaderTimeout,
	}
	return &Egress{
		transport: t,
		client: &http.Client{
			Transport: t,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// lookupGo asks Go's resolver. A name of several labels is looked up as it stands: the machine's search list, which
// could turn it into a name of the local network, is only tried for a single label.
func lookupGo(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if strings.Contains(host, ".") {
		host += "."
	}
	return (&net.Resolver{PreferGo: true}).LookupNetIP(ctx, network, host)
}

// Client is the client for everybody who asks for a document or posts a form. It follows no redirect and keeps no
// cookie. Its errors are *url.Error, whose text holds the whole URL with its query: take the *lanyard.Error inside
// (errors.As), and never log or show the outer one where a query may carry a credential.
func (e *Egress) Client() *http.Client { return e.client }

// Transport is what stands under [Egress.Client], for callers that stream. It differs from net/http's in this:
//
//   - errors are *lanyard.Error with a sentence that fits the caller and a Cause that fits the log; a cancelled context
//     is context.Canceled, and a request body that cannot be read is that body's own error, wrapped;
//   - the connection belongs to the transport: Connection, Keep-Alive, Proxy-Connection, Upgrade, Transfer-Encoding,
//     Content-Length, Trailer and Host in the header map are not sent (Connection: close is obeyed); trailers of a
//     request are not sent either;
//   - CONNECT, TRACE, user info in the URL, header values with control characters and the like are invalid_request,
//     and nothing has been sent;
//   - User-Agent is "Lanyard" unless the map has that key; an empty value sends none. No other header is added.
//
// When an answer ends before the request's body was sent, the connection is closed and the rest is not sent. A
// goroutine may then still wait inside the body's Read; it ends, and closes the body, when that Read returns.
func (e *Egress) Transport() http.RoundTripper { return e.transport }

// TransportWithin is [Egress.Transport] with another time-out for the answer's head, over the same connections; zero
// is none.
func (e *Egress) TransportWithin(header time.Duration) http.RoundTripper {
	t := *e.transport
	t.headerTimeout = header
	return &t
}

// Close closes the connections that are not in use, and from now on each other one after its answer.
func (e *Egress) Close() { e.transport.pool.shut() }
