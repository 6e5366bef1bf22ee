package egress_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"lanyard"
)

// received is a server that answers with the number of bytes in the request's body, as it came over the wire, and
// its framing.
func received(t *testing.T) *evil {
	return newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			n, err := io.Copy(io.Discard, req.Body)
			if err != nil {
				return
			}
			answer := fmt.Sprintf("%d %d %v", n, req.ContentLength, req.TransferEncoding)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
		}
	})
}

// opaque hides what kind of reader a body is.
type opaque struct{ io.Reader }

func TestRequestBodies(t *testing.T) {
	server := received(t)
	rt := newEgress(t).Transport()
	zeros := func(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }
	tests := []struct {
		name   string
		body   io.Reader
		length int64
		want   string
	}{
		{"small, in memory", bytes.NewReader(make([]byte, 1000)), 1000, "1000 1000 []"},
		{"small, from somewhere", opaque{zeros(1000)}, 1000, "1000 1000 []"},
		{"as large as is buffered", opaque{zeros(64 << 10)}, 64 << 10, "65536 65536 []"},
		{"one more", opaque{zeros(64<<10 + 1)}, 64<<10 + 1, "65537 65537 []"},
		{"large, in memory", bytes.NewReader(make([]byte, 5<<20)), 5 << 20, "5242880 5242880 []"},
		{"large, from somewhere", opaque{zeros(5 << 20)}, 5 << 20, "5242880 5242880 []"},
		{"unknown length", opaque{zeros(5 << 20)}, -1, "5242880 -1 [chunked]"},
		{"unknown length, empty", opaque{zeros(0)}, -1, "0 -1 [chunked]"},
		{"byte by byte", opaque{&trickle{r: zeros(300)}}, -1, "300 -1 [chunked]"},
		{"byte by byte, known length", opaque{&trickle{r: zeros(70_000)}}, 70_000, "70000 70000 []"},
		{"end together with the last bytes", opaque{&eager{zeros(100)}}, -1, "100 -1 [chunked]"},
		{"end together with the last bytes, known length", opaque{&eager{zeros(70_000)}}, 70_000, "70000 70000 []"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			req := newRequest(t, "POST", server.url, test.body)
			body := &closeWatch{Reader: req.Body}
			req.Body, req.ContentLength = body, test.length
			if _, got := mustFetch(t, rt, req); got != test.want {
				t.Errorf("the server got %q, want %q", got, test.want)
			}
			eventually(t, "the body is closed", body.closed.Load)
		})
	}
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type trickle struct{ r io.Reader }

func (t *trickle) Read(p []byte) (int, error) { return t.r.Read(p[:min(1, len(p))]) }

type eager struct{ r io.Reader }

func (e *eager) Read(p []byte) (int, error) {
	n, err := io.ReadFull(e.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

type closeWatch struct {
	io.Reader
	closed atomic.Bool
}

func (c *closeWatch) Close() error { c.closed.Store(true); return nil }

func TestRequestBodiesThatFail(t *testing.T) {
	rt := newEgress(t).Transport()
	failing := func() io.Reader {
		return io.MultiReader(strings.NewReader("hello"), &bodyFunc{read: func([]byte) (int, error) { return 0, errBody }})
	}
	zeros := func(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }
	tests := []struct {
		name   string
		body   io.Reader
		length int64
		cause  error // inside the error, if a certain one
		sent   bool  // something of the request was
	}{
		{"fails, small", failing(), 10, errBody, false},
		{"fails, large", failing(), 1 << 20, errBody, true},
		{"fails, unknown length", failing(), -1, errBody, true},
		{"too short, small", zeros(5), 10, io.ErrUnexpectedEOF, false},
		{"too short, large", zeros(70_000), 80_000, io.ErrUnexpectedEOF, true},
		{"too long, small", zeros(11), 10, nil, false},
		{"too long, large", zeros(80_000), 70_000, nil, true},
		{"fails at its end, small", io.MultiReader(zeros(10), &bodyFunc{read: func([]byte) (int, error) { return 0, errBody }}), 10, errBody, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			finished := make(chan error, 1)
			server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
				req, err := http.ReadRequest(r)
				if err == nil {
					_, err = io.Copy(io.Discard, req.Body)
				}
				finished <- err
				io.Copy(io.Discard, r) // a server that never answers
			})
			body := &closeWatch{Reader: test.body}
			req := newRequest(t, "POST", server.url, body)
			req.ContentLength = test.length
			_, _, err := fetch(t, rt, req)
			if err == nil || !strings.HasPrefix(err.Error(), "read the request's body: ") {
				t.Errorf("got %v", err)
			}
			var e *lanyard.Error
			if errors.As(err, &e) {
				t.Errorf("the server is blamed: %v", err)
			}
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("got %v, want %v inside", err, test.cause)
			}
			eventually(t, "the body is closed", body.closed.Load)
			if !test.sent {
				if n := server.accepted.Load(); n > 0 {
					t.Errorf("%d connections", n)
				}
			} else if err := <-finished; err == nil && test.name != "too long, large" {
				t.Error("the server saw a complete request")
			}
		})
	}
}

func TestStreamingBothWays(t *testing.T) {
	// The server sends back what it gets, at once; the client sends the next line after it has got the last.
	for name, length := range map[string]int64{"chunks": -1, "length": 1000 * 100} {
		t.Run(name, func(t *testing.T) {
			server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
					buf := make([]byte, 4096)
					for err == nil {
						var n int
						if n, err = req.Body.Read(buf); n > 0 {
							fmt.Fprintf(c, "%x\r\n%s\r\n", n, buf[:n])
						}
					}
					io.WriteString(c, "0\r\n\r\n")
				}
			})
			rt := newEgress(t).Transport()
			source, sink := io.Pipe()
			req := newRequest(t, "POST", server.url, source)
			req.ContentLength = length
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			line := strings.Repeat("x", 99) + "\n"
			for i := range 1000 {
				if _, err := io.WriteString(sink, line); err != nil {
					t.Fatal(err)
				}
				if got, err := lines.ReadString('\n'); got != line || err != nil {
					t.Fatalf("line %d: got %q, %v", i, got, err)
				}
			}
			sink.Close()
			if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
				t.Errorf("at the end: %q, %v", rest, err)
			}
		})
	}
}

func TestEchoOfALargeBody(t *testing.T) {
	// Both sides' buffers are full long before the body is through: who only writes, or only reads, waits for ever.
	const size = 16 << 20
	server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		io.Copy(c, req.Body)
	})
	req := newRequest(t, "POST", server.url, bytes.NewReader(make([]byte, size)))
	if _, body := mustFetch(t, newEgress(t).Transport(), req); len(body) != size {
		t.Errorf("got %d bytes", len(body))
	}
}

func TestEarlyAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"without a body": "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
		"with a body":    "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nhello",
		"and closes":     "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			broken := make(chan error, 2)
			server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
				if _, err := readHead(r); err != nil {
					return
				}
				io.WriteString(c, answer)
				_, err := io.Copy(io.Discard, r)
				broken <- err
			})
			rt := newEgress(t).Transport()
			for range 2 {
				endless := &bodyFunc{read: zeroReader{}.Read}
				resp, body := mustFetch(t, rt, newRequest(t, "POST", server.url, endless))
				if resp.StatusCode != 413 || resp.ContentLength != int64(len(body)) {
					t.Errorf("got %d, %q", resp.StatusCode, body)
				}
				eventually(t, "the body is closed", endless.closed.Load)
				<-broken // the server sees the end of the connection
			}
			if n := server.accepted.Load(); n != 2 {
				t.Errorf("%d connections, want one for each", n)
			}
		})
	}
}

func TestAnswerClosedDuringUpload(t *testing.T) {
	server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
		io.Copy(io.Discard, r)
	})
	endless := &bodyFunc{read: zeroReader{}.Read}
	resp, err := newEgress(t).Transport().RoundTrip(newRequest(t, "POST", server.url, endless))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	eventually(t, "the body is closed", endless.closed.Load)
}

func TestBodyFailsDuringAnswer(t *testing.T) {
	server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
		io.Copy(io.Discard, r)
	})
	fail := make(chan struct{})
	body := &bodyFunc{read: func([]byte) (int, error) { <-fail; return 0, errBody }}
	resp, err := newEgress(t).Transport().RoundTrip(newRequest(t, "POST", server.url, body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	close(fail)
	if got, err := io.ReadAll(resp.Body); string(got) != "hello" || !errors.Is(err, errBody) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestUploadsLeaveTheConnectionUsable(t *testing.T) {
	server := received(t)
	rt := newEgress(t).Transport()
	for range 20 {
		mustFetch(t, rt, newRequest(t, "POST", server.url, opaque{strings.NewReader("hello")}))
	}
	// The answer may overtake the upload's own notice that it is done, in which case a new connection is made.
	if n := server.accepted.Load(); n > 10 {
		t.Errorf("%d connections for 20 uploads", n)
	}
}
