package egress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lanyard"
)

// record makes an Egress whose names resolve as told and whose connections all fail, and which remembers where they
// would have led.
func record(c Config, names map[string][]string) (*Egress, *recorder) {
	r := &recorder{}
	c.LookupNetIP = func(_ context.Context, _, host string) ([]netip.Addr, error) {
		r.lookups = append(r.lookups, host)
		texts, ok := names[host]
		if !ok {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		var addrs []netip.Addr
		for _, s := range texts {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		return addrs, nil
	}
	e := New(c)
	e.transport.dialer.connect = func(_ context.Context, _ origin, to netip.AddrPort) (net.Conn, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.dialled = append(r.dialled, to)
		return nil, errors.New("recorded")
	}
	return e, r
}

type recorder struct {
	lookups []string
	mu      sync.Mutex
	dialled []netip.AddrPort
}

// call makes a GET and gives its error, as Lanyard's where it is one.
func call(t testing.TB, rt http.RoundTripper, url string) *lanyard.Error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
		return nil
	}
	var e *lanyard.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: error is not Lanyard's: %v", url, err)
	}
	return e
}

func TestRefusedHosts(t *testing.T) {
	everything := prefixes(t, "0.0.0.0/0", "::/0")
	loopback := prefixes(t, "127.0.0.0/8")
	names := map[string][]string{
		"good.example.com":         {"93.184.216.34"},
		"both.example.com":         {"93.184.216.34", "2606:2800:220:1::1"},
		"mixed.example.com":        {"93.184.216.34", "10.0.0.1"},
		"six.example.com":          {"93.184.216.34", "fd00::1"},
		"cname.example.com":        {"192.168.1.1"},
		"mapped.example.com":       {"::ffff:127.0.0.1"},
		"meta.example.com":         {"169.254.169.254"},
		"metadata.google.internal": {"127.0.0.1"},
		"db.internal":              {"127.0.0.1"},
		"half.internal":            {"127.0.0.1", "93.184.216.34"},
		"public.internal":          {"93.184.216.34"},
		"localhost":                {"127.0.0.1"},
		"opened.example.com":       {"127.0.0.1"},
		"halfopen.example.com":     {"127.0.0.1", "93.184.216.34"},
		"empty.example.com":        {},
	}
	forty := slices.Repeat([]string{"93.184.216.34"}, 39)
	names["forty.example.com"] = append(forty, "172.16.0.1")

	tests := []struct {
		name  string
		url   string
		allow []netip.Prefix
		code  lanyard.Code // of the refusal; upstream_unreachable where dialling was tried
	}{
		{"public name", "https://good.example.com", nil, lanyard.CodeUpstreamUnreachable},
		{"public name, two families", "https://both.example.com", nil, lanyard.CodeUpstreamUnreachable},
		{"E16 one private address of two", "https://mixed.example.com", nil, lanyard.CodeAddressNotAllowed},
		{"E17 private AAAA", "https://six.example.com", nil, lanyard.CodeAddressNotAllowed},
		{"E17 alias to private", "https://cname.example.com", nil, lanyard.CodeAddressNotAllowed},
		{"E17 the last of 40 records", "https://forty.example.com", nil, lanyard.CodeAddressNotAllowed},
		{"E05 mapped answer", "https://mapped.example.com", nil, lanyard.CodeAddressNotAllowed},
		{"E08 metadata answer, everything opened", "https://meta.example.com", everything, lanyard.CodeAddressNotAllowed},
		{"E08 metadata name, everything opened", "https://metadata.google.internal", everything, lanyard.CodeAddressNotAllowed},
		{"E08 metadata literal, everything opened", "http://169.254.169.254/latest", everything, lanyard.CodeAddressNotAllowed},
		{"E08 mapped metadata literal", "http://[::ffff:169.254.169.254]/", everything, lanyard.CodeAddressNotAllowed},
		{"E08 NAT64 metadata literal", "http://[64:ff9b::a9fe:a9fe]/", everything, lanyard.CodeAddressNotAllowed},
		{"E08 Amazon's IPv6 literal", "http://[fd00:ec2::254]/", everything, lanyard.CodeAddressNotAllowed},
		{"E09 local name", "https://db.internal", nil, lanyard.CodeAddressNotAllowed},
		{"E09 local name, opened", "https://db.internal", loopback, lanyard.CodeUpstreamUnreachable},
		{"E09 local name, opened in part", "https://half.internal", loopback, lanyard.CodeAddressNotAllowed},
		{"E09 local name with a public address", "https://public.internal", loopback, lanyard.CodeAddressNotAllowed},
		{"E09 local name that does not exist", "https://none.internal", loopback, lanyard.CodeAddressNotAllowed},
		{"E09 single label that does not exist", "https://none", loopback, lanyard.CodeAddressNotAllowed},
		{"E01 localhost, opened", "http://localhost", loopback, lanyard.CodeUpstreamUnreachable},
		{"plain http to a public address", "http://good.example.com", nil, lanyard.CodeAddressNotAllowed},
		{"plain http to a public literal", "http://93.184.216.34", loopback, lanyard.CodeAddressNotAllowed},
		{"plain http, opened", "http://opened.example.com", loopback, lanyard.CodeUpstreamUnreachable},
		{"plain http, opened in part", "http://halfopen.example.com", loopback, lanyard.CodeAddressNotAllowed},
		{"plain http to a public address, everything opened", "http://good.example.com", everything, lanyard.CodeUpstreamUnreachable},
		{"https, opened in part", "https://halfopen.example.com", loopback, lanyard.CodeUpstreamUnreachable},
		{"no such name", "https://none.example.com", nil, lanyard.CodeUpstreamUnreachable},
		{"a name without addresses", "https://empty.example.com", nil, lanyard.CodeUpstreamUnreachable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, r := record(Config{AllowNetworks: test.allow}, names)
			err := call(t, e.Transport(), test.url)
			if err == nil || err.Code != test.code {
				t.Fatalf("got %v, want %s", err, test.code)
			}
			if test.code == lanyard.CodeAddressNotAllowed {
				if len(r.dialled) > 0 {
					t.Errorf("dialled %v", r.dialled)
				}
				if !strings.Contains(err.Message, "--allow-network") {
					t.Errorf("no remedy in %q", err.Message)
				}
				for _, addrs := range names {
					for _, addr := range addrs {
						if strings.Contains(err.Message, addr) && !strings.Contains(test.url, addr) {
							t.Errorf("the sentence gives an address away: %q", err.Message)
						}
					}
				}
			}
			if len(r.lookups) > 1 {
				t.Errorf("resolved %d times", len(r.lookups))
			}
		})
	}
}

func TestE02_NumbersAreNoHosts(t *testing.T) {
	// What the C library's resolver would answer; it must not even be asked.
	libc := map[string][]string{}
	hosts := []string{"127.1", "0", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
		"0X7F.1", "1.2.3.4.5", "example.0x7f", "0x"}
	for _, host := range hosts {
		libc[strings.ToLower(host)] = []string{"127.0.0.1"}
	}
	for _, allow := range [][]netip.Prefix{nil, prefixes(t, "10.0.0.0/8")} {
		e, r := record(Config{AllowNetworks: allow}, libc)
		system := New(Config{AllowNetworks: allow}) // with Go's resolver
		for _, host := range hosts {
			for _, scheme := range []string{"http", "https"} {
				for name, rt := range map[string]http.RoundTripper{"C library": e.Transport(), "Go": system.Transport()} {
					t.Run(fmt.Sprintf("%s %s://%s", name, scheme, host), func(t *testing.T) {
						if err := call(t, rt, scheme+"://"+host+"/"); err == nil || err.Code != lanyard.CodeAddressNotAllowed {
							t.Errorf("got %v", err)
						}
					})
				}
			}
		}
		if len(r.dialled) > 0 || len(r.lookups) > 0 {
			t.Errorf("dialled %v, resolved %v", r.dialled, r.lookups)
		}
	}
}

func TestE20_TheCheckedAddressIsDialled(t *testing.T) {
	// The second answer is another one; there must not be a second question.
	answers := []string{"93.184.216.34", "127.0.0.1"}
	lookups := 0
	e := New(Config{LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) {
		lookups++
		return []netip.Addr{netip.MustParseAddr(answers[lookups-1])}, nil
	}})
	var dialled []netip.AddrPort
	e.transport.dialer.connect = func(_ context.Context, _ origin, to netip.AddrPort) (net.Conn, error) {
		dialled = append(dialled, to)
		return nil, errors.New("recorded")
	}
	if err := call(t, e.Transport(), "https://rebind.example.com:8443/"); err == nil || err.Code != lanyard.CodeUpstreamUnreachable {
		t.Fatalf("first call: %v", err)
	}
	if want := []netip.AddrPort{netip.MustParseAddrPort("93.184.216.34:8443")}; lookups != 1 || !slices.Equal(dialled, want) {
		t.Errorf("resolved %d times, dialled %v, want %v", lookups, dialled, want)
	}
	// E21: the next connection is checked anew.
	if err := call(t, e.Transport(), "https://rebind.example.com:8443/"); err == nil || err.Code != lanyard.CodeAddressNotAllowed {
		t.Errorf("second call: %v", err)
	}
	if len(dialled) != 1 {
		t.Errorf("dialled %v", dialled)
	}
}

// silent is a listener that can tell whether anybody connected to it.
func silent(t *testing.T, address string) (netip.AddrPort, func()) {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { ln.Close() })
	return netip.MustParseAddrPort(ln.Addr().String()), func() {
		t.Helper()
		// Connections are accepted in their order: if ours is the first, there was no other.
		own, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer own.Close()
		first, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		if first.RemoteAddr().String() != own.LocalAddr().String() {
			t.Errorf("somebody connected to %s", ln.Addr())
		}
	}
}

func TestE01_LoopbackIsNotReached(t *testing.T) {
	probe, check := silent(t, "0.0.0.0:0")
	e := New(Config{})
	for _, host := range []string{"127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "localhost.", "x.localhost",
		"0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"} {
		for _, scheme := range []string{"http", "https"} {
			if err := call(t, e.Transport(), fmt.Sprintf("%s://%s:%d/", scheme, host, probe.Port())); err == nil || err.Code != lanyard.CodeAddressNotAllowed {
				t.Errorf("%s://%s: %v", scheme, host, err)
			}
		}
	}
	check()
}

func TestE03_IPv6LoopbackIsNotReached(t *testing.T) {
	probe, check := silent(t, "[::]:0")
	e := New(Config{AllowNetworks: prefixes(t, "10.0.0.0/8")})
	for _, host := range []string{"[::]", "[::1]", "[0:0:0:0:0:0:0:1]"} {
		for _, scheme := range []string{"http", "https"} {
			if err := call(t, e.Transport(), fmt.Sprintf("%s://%s:%d/", scheme, host, probe.Port())); err == nil || err.Code != lanyard.CodeAddressNotAllowed {
				t.Errorf("%s://%s: %v", scheme, host, err)
			}
		}
	}
	if err := call(t, e.Transport(), fmt.Sprintf("https://[::1%%25lo]:%d/", probe.Port())); err == nil || err.Code != lanyard.CodeInvalidRequest {
		t.Errorf("zone: %v", err)
	}
	check()
}

func TestE22_TheSocketIsTheLastWall(t *testing.T) {
	probe, check := silent(t, "127.0.0.1:0")
	var log strings.Builder
	e := New(Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	// As if everything before had failed to see it.
	if c, err := e.transport.dialer.socket(t.Context(), origin{secure: true, host: "x.example.com"}, probe); err == nil {
		c.Close()
		t.Error("a refused address was connected to")
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "x.example.com") {
		t.Errorf("the operator was not told: %q", log.String())
	}
	public := New(Config{AllowNetworks: prefixes(t, "10.0.0.0/8")})
	if _, err := public.transport.dialer.socket(t.Context(), origin{}, netip.MustParseAddrPort("93.184.216.34:80")); err == nil {
		t.Error("plain http to a public address passed")
	}
	check()
}

func TestRace(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}
	hang := func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	fail := func(context.Context) (net.Conn, error) { return nil, errors.New("connection refused") }
	var mu sync.Mutex
	var opened []net.Conn
	tried := 0
	open := func(context.Context) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		c, _ := net.Pipe()
		opened = append(opened, c)
		return c, nil
	}
	late := func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return open(ctx) }
	tests := []struct {
		name     string
		attempts [3]func(context.Context) (net.Conn, error)
		after    time.Duration
		ok       bool
		tried    int
	}{
		{"first", [3]func(context.Context) (net.Conn, error){open, open, open}, 0, true, 1},
		{"second after a failure, at once", [3]func(context.Context) (net.Conn, error){fail, open, open}, 0, true, 2},
		{"second beside a silent first", [3]func(context.Context) (net.Conn, error){hang, open, open}, attemptDelay, true, 2},
		{"third beside silent ones", [3]func(context.Context) (net.Conn, error){hang, hang, open}, 2 * attemptDelay, true, 3},
		{"a loser that connects is closed", [3]func(context.Context) (net.Conn, error){late, open, open}, attemptDelay, true, 2},
		{"all fail", [3]func(context.Context) (net.Conn, error){fail, fail, fail}, 0, false, 3},
		{"all silent", [3]func(context.Context) (net.Conn, error){hang, hang, hang}, 10 * time.Second, false, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opened, tried = nil, 0
				d := &dialer{connect: func(ctx context.Context, _ origin, to netip.AddrPort) (net.Conn, error) {
					mu.Lock()
					tried++
					mu.Unlock()
					return test.attempts[slices.Index(addrs, to.Addr())](ctx)
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				c, err := d.race(ctx, origin{port: 1}, addrs)
				took := time.Since(start)
				synctest.Wait() // for the losers
				mu.Lock()
				defer mu.Unlock()
				if took != test.after || (err == nil) != test.ok || tried != test.tried {
					t.Errorf("after %v: %v, %d tried; want %v, ok %v, %d", took, err, tried, test.after, test.ok, test.tried)
				}
				for _, other := range opened {
					if other != c {
						if _, err := other.Write(nil); err == nil {
							t.Error("a connection was left open")
						}
					}
				}
			})
		})
	}
}

func TestE18_SilentResolver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Config{LookupNetIP: func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		start := time.Now()
		err := call(t, e.Transport(), "https://api.example.com/")
		if err == nil || err.Code != lanyard.CodeUpstreamUnreachable || time.Since(start) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestE28_AllFailuresToConnectReadTheSame(t *testing.T) {
	const url = "https://api.example.com/"
	addr := map[string][]string{"api.example.com": {"93.184.216.34"}}
	failing := func(connect func(ctx context.Context) (net.Conn, error)) *lanyard.Error {
		e, _ := record(Config{DialTimeout: 20 * time.Millisecond, TLSTimeout: 20 * time.Millisecond}, addr)
		e.transport.dialer.connect = func(ctx context.Context, _ origin, _ netip.AddrPort) (net.Conn, error) { return connect(ctx) }
		return call(t, e.Transport(), url)
	}
	pipe := func(server func(net.Conn)) func(context.Context) (net.Conn, error) {
		return func(context.Context) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go server(theirs)
			return ours, nil
		}
	}
	noHost, _ := record(Config{}, nil)
	results := map[string]*lanyard.Error{
		"no such host": call(t, noHost.Transport(), url),
		"closed port": failing(func(context.Context) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}),
		"filtered":        failing(func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }),
		"closes at once":  failing(pipe(func(c net.Conn) { c.Close() })),
		"silent over TLS": failing(pipe(func(c net.Conn) { var b [4096]byte; c.Read(b[:]) })),
		"speaks no TLS": failing(pipe(func(c net.Conn) {
			var b [4096]byte
			c.Read(b[:])
			c.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
		})),
	}
	want := "api.example.com could not be reached, or did not answer as a web server does."
	for name, err := range results {
		if err == nil || err.Code != lanyard.CodeUpstreamUnreachable || err.Message != want || err.Cause == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
