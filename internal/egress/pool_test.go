package egress

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lanyard"
)

// pooled makes a connection that is alive until closed, and can say whether it is.
func pooled(t *testing.T, o origin) (c *conn, open func() bool) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	c = newConn(o, ours, ours)
	open = func() bool { return ours.SetDeadline(time.Time{}) == nil }
	c.alive = open
	return c, open
}

func TestPool(t *testing.T) {
	a, b := origin{true, "a.example.com", 443}, origin{true, "b.example.com", 443}
	t.Run("last in, first out, per origin", func(t *testing.T) {
		p := newPool(10, time.Minute)
		defer p.shut()
		first, _ := pooled(t, a)
		second, _ := pooled(t, a)
		other, _ := pooled(t, b)
		for _, c := range []*conn{first, second, other} {
			p.put(c, -1)
		}
		for _, o := range []origin{{false, "a.example.com", 443}, {true, "a.example.com", 444}} {
			if p.take(o) != nil {
				t.Errorf("%v got a connection of %v", o, a)
			}
		}
		if p.take(a) != second || p.take(a) != first || p.take(a) != nil || p.take(b) != other || p.take(b) != nil {
			t.Error("wrong order")
		}
	})
	t.Run("limit per origin", func(t *testing.T) {
		p := newPool(2, time.Minute)
		defer p.shut()
		open := 0
		for range 5 {
			c, isOpen := pooled(t, a)
			if p.put(c, -1); isOpen() {
				open++
			}
		}
		if c, isOpen := pooled(t, b); true {
			if p.put(c, -1); !isOpen() {
				t.Error("the limit of one origin counts for another")
			}
		}
		if open != 2 {
			t.Errorf("%d are kept, want 2", open)
		}
	})
	t.Run("dead ones are skipped and closed", func(t *testing.T) {
		p := newPool(10, time.Minute)
		defer p.shut()
		good, _ := pooled(t, a)
		bad, isOpen := pooled(t, a)
		bad.alive = func() bool { return false }
		p.put(good, -1)
		p.put(bad, -1)
		if p.take(a) != good || isOpen() {
			t.Error("a dead connection was given out or left open")
		}
	})
	t.Run("idle time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(10, 90*time.Second)
			defer p.shut()
			old, oldOpen := pooled(t, a)
			p.put(old, -1)
			time.Sleep(60 * time.Second)
			young, youngOpen := pooled(t, a)
			p.put(young, time.Hour) // the server's word does not lengthen ours
			hasty, hastyOpen := pooled(t, b)
			p.put(hasty, 4*time.Second)
			time.Sleep(5 * time.Second)
			if p.take(b) != nil || hastyOpen() {
				t.Error("kept longer than the server said")
			}
			time.Sleep(30 * time.Second) // 95 s after the start
			if synctest.Wait(); oldOpen() || !youngOpen() {
				t.Error("after 90 s the old one is gone and the young one stays")
			}
			time.Sleep(90 * time.Second)
			if synctest.Wait(); youngOpen() {
				t.Error("the young one outlived its time")
			}
			if len(p.kept) != 0 || p.timer != nil {
				t.Errorf("an empty pool keeps %v", p.kept)
			}
			p.put(young, 0) // timeout=1 said the server: not worth keeping
			if len(p.kept) != 0 {
				t.Error("kept for no time at all")
			}
		})
	})
	t.Run("flush and shut", func(t *testing.T) {
		p := newPool(10, time.Minute)
		c, isOpen := pooled(t, a)
		p.put(c, -1)
		if p.flush(); isOpen() {
			t.Error("open after flush")
		}
		c, isOpen = pooled(t, a)
		if p.put(c, -1); !isOpen() {
			t.Error("nothing is kept after flush")
		}
		if p.shut(); isOpen() {
			t.Error("open after shut")
		}
		c, isOpen = pooled(t, a)
		if p.put(c, -1); isOpen() {
			t.Error("kept after shut")
		}
	})
}

// scripted is a connection that takes only so many bytes, and then has this to say.
type scripted struct {
	net.Conn
	takes int
	says  io.Reader
}

func (s scripted) Write(p []byte) (int, error) {
	return min(s.takes, len(p)), errors.New("broken pipe")
}
func (s scripted) Read(p []byte) (int, error) { return s.says.Read(p) }

// once is a server for one request, whose body it passes on.
func once(t *testing.T) (url string, bodies chan string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	bodies = make(chan string, 1)
	go func() {
		defer close(bodies)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			body, _ := io.ReadAll(req.Body)
			bodies <- string(body)
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	}()
	return "http://" + ln.Addr().String(), bodies
}

func TestM07_WritesThatFail(t *testing.T) {
	tests := []struct {
		name   string
		takes  int
		says   string
		status int // of the answer; 0 for upstream_unreachable
	}{
		{"nothing was sent: another connection is tried", 0, "", 204},
		{"something was sent: it is not", 1, "", 0},
		{"something was sent, and answered", 1, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", 413},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url, bodies := once(t)
			e := New(Config{AllowNetworks: prefixes(t, "127.0.0.0/8")})
			defer e.Close()
			// A body that can be read only once: it must not have been touched for the connection that took nothing.
			req, err := http.NewRequestWithContext(t.Context(), "POST", url, io.MultiReader(strings.NewReader("once")))
			if err != nil {
				t.Fatal(err)
			}
			o, err := originOf(req.URL)
			if err != nil {
				t.Fatal(err)
			}
			c, isOpen := pooled(t, o)
			c.in.src = scripted{says: strings.NewReader(test.says)}
			c.wire = scripted{Conn: c.raw, takes: test.takes}
			e.transport.pool.put(c, -1)
			resp, err := e.Transport().RoundTrip(req)
			switch {
			case test.status == 0:
				if lanyard.CodeOf(err) != lanyard.CodeUpstreamUnreachable || !strings.Contains(err.Error(), "broken pipe") {
					t.Errorf("got %v", err)
				}
			case err != nil:
				t.Error(err)
			default:
				resp.Body.Close()
				if resp.StatusCode != test.status {
					t.Errorf("got %d", resp.StatusCode)
				}
			}
			if isOpen() {
				t.Error("the broken connection was left open")
			}
			if test.takes == 0 {
				if got := <-bodies; got != "once" {
					t.Errorf("the other server got %q", got)
				}
			}
		})
	}
}

func TestLookupGo(t *testing.T) {
	addrs, err := lookupGo(t.Context(), "ip", "localhost")
	if err != nil || len(addrs) == 0 || !addrs[0].IsLoopback() {
		t.Errorf("localhost: %v, %v", addrs, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for host, want := range map[string]string{"intranet": "intranet", "api.example.com": "api.example.com."} {
		_, err := lookupGo(cancelled, "ip", host)
		var e *net.DNSError
		if !errors.As(err, &e) || e.Name != want {
			t.Errorf("%s: got %v, want a question for %s", host, err, want)
		}
	}
}
