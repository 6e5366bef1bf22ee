package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// attemptDelay is how long one address is waited for before the next is tried beside it (RFC 8305 §5).
const attemptDelay = 250 * time.Millisecond

// dialer makes connections to addresses that the policy allows. A name is resolved once per connection, and only what
// was checked is dialled, so an answer that changes in between (DNS rebinding) changes nothing.
type dialer struct {
	policy      *policy
	lookup      func(ctx context.Context, network, host string) ([]netip.Addr, error)
	connect     func(ctx context.Context, o origin, to netip.AddrPort) (net.Conn, error)
	tls         *tls.Config // without a server name
	logger      *slog.Logger
	dialTimeout time.Duration
	tlsTimeout  time.Duration
}

// dial connects to the origin and shakes hands. Errors are for the caller as they are.
func (d *dialer) dial(ctx context.Context, o origin) (*conn, error) {
	dialing, cancel := context.WithTimeout(ctx, d.dialTimeout)
	defer cancel()
	addrs, err := d.addresses(dialing, o)
	if err != nil {
		return nil, err
	}
	raw, err := d.race(dialing, o, addrs)
	if err != nil {
		return nil, dialFailure(ctx, o.host, err)
	}
	if !o.secure {
		return newConn(o, raw, raw), nil
	}

	shaking, cancel := context.WithTimeout(ctx, d.tlsTimeout)
	defer cancel()
	config := d.tls.Clone()
	config.ServerName = o.host
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(shaking); err != nil {
		_ = raw.Close()
		return nil, dialFailure(ctx, o.host, fmt.Errorf("TLS handshake: %w", err))
	}
	c := newConn(o, raw, secure)
	state := secure.ConnectionState()
	c.tls = &state
	return c, nil
}

// addresses resolves the origin's host and checks all of it: one refused address refuses the name, for who controls
// the name chooses which address is tried.
func (d *dialer) addresses(ctx context.Context, o origin) ([]netip.Addr, error) {
	addrs, local, err := d.resolve(ctx, o)
	if err != nil {
		return nil, err
	}
	for i, addr := range addrs {
		addr = addr.Unmap() // Go's resolver may give an IPv4 address in its IPv6 form
		if err := d.policy.check(addr); err != nil {
			return nil, refused(o.host, err)
		}
		if !d.policy.opened(addr) {
			switch {
			case local:
				return nil, refused(o.host, errors.New("a local name with an address outside the opened networks"))
			case !o.secure:
				return nil, refusedPlain(o.host)
			}
		}
		addrs[i] = addr
	}
	return addrs, nil
}

// resolve gives the addresses of the origin's host, unchecked, and whether the host is a name of the local network.
func (d *dialer) resolve(ctx context.Context, o origin) (addrs []netip.Addr, local bool, err error) {
	if addr, err := netip.ParseAddr(o.host); err == nil {
		return []netip.Addr{addr}, false, nil
	}
	local = o.local()
	switch {
	case o.numeric():
		return nil, local, refused(o.host, errors.New("a name that ends in a number"))
	case slices.Contains(metadataNames, o.host):
		return nil, local, refused(o.host, errors.New("the name of a metadata service"))
	case local && len(d.policy.allow) == 0:
		return nil, local, refused(o.host, errors.New("a local name, and no network is opened"))
	}
	addrs, err = d.lookup(ctx, "ip", o.host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("the name has no address")
	}
	switch {
	case err == nil:
		return slices.Clone(addrs), local, nil
	case local && !errors.Is(ctx.Err(), context.Canceled):
		// Told apart, this would say which names exist inside.
		return nil, local, refused(o.host, fmt.Errorf("local name: %w", err))
	default:
		return nil, local, dialFailure(ctx, o.host, err)
	}
}

// race connects to the first of the addresses that answers, beginning with the first and adding one whenever the
// last failed or took longer than attemptDelay.
func (d *dialer) race(ctx context.Context, o origin, addrs []netip.Addr) (net.Conn, error) {
	if len(addrs) == 1 {
		return d.connect(ctx, o, netip.AddrPortFrom(addrs[0], o.port))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the attempts that lost
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result)
	attempt := func(to netip.AddrPort) {
		c, err := d.connect(ctx, o, to)
		select {
		case results <- result{c, err}:
		case <-ctx.Done():
			if c != nil {
				_ = c.Close()
			}
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var failures []error
	for next := 0; len(failures) < len(addrs); {
		select {
		case <-timer.C:
			go attempt(netip.AddrPortFrom(addrs[next], o.port))
			if next++; next < len(addrs) {
				timer.Reset(attemptDelay)
			}
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			failures = append(failures, r.err)
			if next < len(addrs) {
				timer.Reset(0)
			}
		case <-ctx.Done():
			return nil, errors.Join(append(failures, ctx.Err())...)
		}
	}
	return nil, errors.Join(failures...)
}

// socket connects to one checked address. Control runs for each socket just before it connects: the last wall, should
// anything above be wrong.
func (d *dialer) socket(ctx context.Context, o origin, to netip.AddrPort) (net.Conn, error) {
	nd := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		actual, err := netip.ParseAddrPort(address)
		if err == nil {
			err = d.policy.check(actual.Addr())
		}
		if err == nil && (actual != to || !o.secure && !d.policy.opened(actual.Addr())) {
			err = errors.New("not the address that was checked")
		}
		if err != nil {
			d.logger.Error("unchecked address reached the socket", "host", o.host, "address", address, "error", err)
		}
		return err
	}}
	return nd.DialContext(ctx, "tcp", to.String())
}
