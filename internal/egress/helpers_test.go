package egress_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/egress"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// newEgress makes a way out to loopback, where every name leads to 127.0.0.1.
func newEgress(t testing.TB, set ...func(*egress.Config)) *egress.Egress {
	t.Helper()
	c := egress.Config{
		AllowNetworks: []netip.Prefix{loopback},
		LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
	}
	for _, f := range set {
		f(&c)
	}
	e := egress.New(c)
	t.Cleanup(e.Close)
	return e
}

// evil is a server that speaks through handle, which gets each connection with its number, from 1, and a reader over
// it. The connection is closed when handle returns.
type evil struct {
	url      string
	accepted atomic.Int32
}

func newEvil(t testing.TB, handle func(n int, c net.Conn, r *bufio.Reader)) *evil {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &evil{url: "http://" + ln.Addr().String()}
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			n := int(e.accepted.Add(1))
			running.Go(func() {
				defer c.Close()
				handle(n, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return e
}

// readHead reads a request's head and gives it whole.
func readHead(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String(), err
		}
	}
}

// answering is a server that gives the same answer to each request, and then closes if told so.
func answering(t testing.TB, answer string, closes bool) *evil {
	return newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for {
			if _, err := readHead(r); err != nil {
				return
			}
			if _, err := io.WriteString(c, answer); err != nil || closes {
				return
			}
		}
	})
}

func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// fetch makes a request and reads the whole answer.
func fetch(t testing.TB, rt http.RoundTripper, req *http.Request) (*http.Response, string, error) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// mustFetch is fetch where nothing should go wrong.
func mustFetch(t testing.TB, rt http.RoundTripper, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, body, err := fetch(t, rt, req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return resp, body
}

// wantCode checks that err is Lanyard's own with this code.
func wantCode(t testing.TB, err error, code lanyard.Code) {
	t.Helper()
	if got := lanyard.CodeOf(err); err == nil || got != code {
		t.Errorf("got error %v, want code %s", err, code)
	}
}

// eventually waits for something that another goroutine is about to do.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("did not happen: " + what)
		}
	}
}

// bodyFunc is a request body whose reads are a function.
type bodyFunc struct {
	read   func([]byte) (int, error)
	closed atomic.Bool
}

func (b *bodyFunc) Read(p []byte) (int, error) { return b.read(p) }
func (b *bodyFunc) Close() error               { b.closed.Store(true); return nil }

var errBody = errors.New("the client went away")
