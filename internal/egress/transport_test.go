package egress_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/egress"
)

func TestRequestOnTheWire(t *testing.T) {
	heads := make(chan string, 1)
	server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		head, err := readHead(r)
		if err != nil {
			return
		}
		heads <- head
		io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	})
	address := strings.TrimPrefix(server.url, "http://")
	rt := newEgress(t).Transport()
	tests := []struct {
		name string
		make func() *http.Request
		want string // the head, without its last line end; fields after Host in any order
	}{
		{"GET", func() *http.Request { return newRequest(t, "GET", server.url, nil) },
			"GET / HTTP/1.1\nHost: " + address + "\nUser-Agent: Lanyard"},
		{"path and query stay as they are", func() *http.Request {
			return newRequest(t, "DELETE", server.url+"/a%2Fb/c%20d/?q=%2B+x&&y", nil)
		}, "DELETE /a%2Fb/c%20d/?q=%2B+x&&y HTTP/1.1\nHost: " + address + "\nUser-Agent: Lanyard"},
		{"empty query", func() *http.Request { return newRequest(t, "GET", server.url+"/?", nil) },
			"GET /? HTTP/1.1\nHost: " + address + "\nUser-Agent: Lanyard"},
		{"no method is GET", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Method = ""
			return req
		}, "GET / HTTP/1.1\nHost: " + address + "\nUser-Agent: Lanyard"},
		{"fragment is not sent", func() *http.Request { return newRequest(t, "GET", server.url+"/x#y", nil) },
			"GET /x HTTP/1.1\nHost: " + address + "\nUser-Agent: Lanyard"},
		{"own user agent", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Header.Set("User-Agent", "curl/8")
			return req
		}, "GET / HTTP/1.1\nHost: " + address + "\nUser-Agent: curl/8"},
		{"no user agent", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Header["User-Agent"] = []string{""}
			return req
		}, "GET / HTTP/1.1\nHost: " + address},
		{"no user agent, no value", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Header["User-Agent"] = nil
			return req
		}, "GET / HTTP/1.1\nHost: " + address},
		{"E24 Host of the request", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Host = "api.example.com"
			return req
		}, "GET / HTTP/1.1\nHost: api.example.com\nUser-Agent: Lanyard"},
		{"values byte for byte", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Header = http.Header{"User-Agent": {""}, "X-A": {" two ", "\tb\t", "é"}, "x-lower": {""}}
			return req
		}, "GET / HTTP/1.1\nHost: " + address + "\nX-A:  two \nX-A: \tb\t\nX-A: é\nx-lower: "},
		{"fields of the connection are not the caller's", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Header = http.Header{"Host": {"evil.com"}, "host": {"evil.com"}, "Content-Length": {"5"}, "content-length": {"7"},
				"Transfer-Encoding": {"chunked"}, "transfer-encoding": {"chunked"}, "Trailer": {"X"}, "Keep-Alive": {"x"},
				"Proxy-Connection": {"x"}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Te": {"trailers"}}
			return req
		}, "GET / HTTP/1.1\nHost: " + address + "\nTe: trailers\nUser-Agent: Lanyard"},
		{"Connection: close is obeyed", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Header.Set("Connection", "x, Close")
			return req
		}, "GET / HTTP/1.1\nHost: " + address + "\nConnection: close\nUser-Agent: Lanyard"},
		{"Close of the request", func() *http.Request {
			req := newRequest(t, "GET", server.url, nil)
			req.Close = true
			return req
		}, "GET / HTTP/1.1\nHost: " + address + "\nConnection: close\nUser-Agent: Lanyard"},
		{"POST without a body", func() *http.Request { return newRequest(t, "POST", server.url, nil) },
			"POST / HTTP/1.1\nHost: " + address + "\nContent-Length: 0\nUser-Agent: Lanyard"},
		{"PUT with an empty body", func() *http.Request { return newRequest(t, "PUT", server.url, http.NoBody) },
			"PUT / HTTP/1.1\nHost: " + address + "\nContent-Length: 0\nUser-Agent: Lanyard"},
		{"a body of known length", func() *http.Request { return newRequest(t, "POST", server.url, strings.NewReader("12345")) },
			"POST / HTTP/1.1\nHost: " + address + "\nContent-Length: 5\nUser-Agent: Lanyard"},
		{"a body of unknown length", func() *http.Request {
			return newRequest(t, "POST", server.url, io.MultiReader(strings.NewReader("12345")))
		}, "POST / HTTP/1.1\nHost: " + address + "\nTransfer-Encoding: chunked\nUser-Agent: Lanyard"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mustFetch(t, rt, test.make())
			lines := strings.Split(strings.TrimSuffix(<-heads, "\r\n\r\n"), "\r\n")
			counted := map[string]int{}
			for _, line := range lines[2:] {
				counted[line]++
			}
			want := strings.Split(test.want, "\n")
			for _, line := range want[2:] {
				counted[line]--
			}
			for line, n := range counted {
				if n != 0 {
					t.Errorf("%q occurs %+d times more than it should", line, n)
				}
			}
			if lines[0] != want[0] || lines[1] != want[1] {
				t.Errorf("got %q, want %q", lines[:2], want[:2])
			}
		})
	}
}

func TestInvalidRequestsAreNotSent(t *testing.T) {
	server := newEvil(t, func(int, net.Conn, *bufio.Reader) {})
	rt := newEgress(t).Transport()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = []string{value} }
	}
	for name, change := range map[string]func(*http.Request){
		"E27 CONNECT":                        func(r *http.Request) { r.Method = "CONNECT" },
		"E27 TRACE":                          func(r *http.Request) { r.Method = "TRACE" },
		"E27 trace in lower case":            func(r *http.Request) { r.Method = "trace" },
		"method with a blank":                func(r *http.Request) { r.Method = "GET / HTTP/1.1" },
		"method with a line end":             func(r *http.Request) { r.Method = "GET\r\nX: y" },
		"G01 value with CR LF":               header("X-Key", "a\r\nX-Evil: 1"),
		"G01 value with LF":                  header("X-Key", "a\nb"),
		"G01 value with CR":                  header("X-Key", "a\rb"),
		"G01 value with NUL":                 header("X-Key", "a\x00b"),
		"G01 value with DEL":                 header("X-Key", "a\x7fb"),
		"value of the user agent with CR LF": header("User-Agent", "a\r\nb"),
		"G02 name with a blank":              header("X Key", "a"),
		"G02 name with a colon":              header("X-Key:", "a"),
		"G02 name with CR LF":                header("X-Key\r\nX-Evil", "a"),
		"empty name":                         header("", "a"),
		"name beyond ASCII":                  header("X-Kéy", "a"),
		"query with CR LF":                   func(r *http.Request) { r.URL.RawQuery = "a HTTP/1.1\r\nX-Evil: 1" },
		"query with a blank":                 func(r *http.Request) { r.URL.RawQuery = "a b" },
		"query with NUL":                     func(r *http.Request) { r.URL.RawQuery = "a\x00" },
		"query with a fragment":              func(r *http.Request) { r.URL.RawQuery = "a#b" },
		"opaque URL":                         func(r *http.Request) { r.URL.Opaque = "//evil.com/x" },
		"path without a slash":               func(r *http.Request) { r.URL.Path = "x" },
		"Host with CR LF":                    func(r *http.Request) { r.Host = "a\r\nX-Evil: 1" },
		"Host with a path":                   func(r *http.Request) { r.Host = "a/b" },
		"Host with user info":                func(r *http.Request) { r.Host = "a@b" },
		"a length and no body":               func(r *http.Request) { r.ContentLength, r.Body = 5, nil },
	} {
		t.Run(name, func(t *testing.T) {
			body := &bodyFunc{read: func([]byte) (int, error) { return 0, io.EOF }}
			req := newRequest(t, "POST", server.url, body)
			change(req)
			_, _, err := fetch(t, rt, req)
			wantCode(t, err, lanyard.CodeInvalidRequest)
			if req.Body != nil && !body.closed.Load() {
				t.Error("the body was not closed")
			}
			if err != nil && strings.Contains(err.Error(), "X-Evil") {
				t.Errorf("the error repeats the value: %v", err)
			}
		})
	}
	t.Run("no URL", func(t *testing.T) {
		_, err := rt.RoundTrip(&http.Request{})
		wantCode(t, err, lanyard.CodeInvalidRequest)
	})
	if n := server.accepted.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, method, answer string
		closes               bool // the server closes after the answer
		status               string
		body                 string
		kept                 bool // the connection serves the next request
	}{
		{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", true},
		{"length 0", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200 OK", "", true},
		{"same length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", true},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false, "200 OK", "hello", true},
		{"chunk extensions", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n005;a=\"b\"\r\nhello\r\n0;x\r\n\r\n", false, "200 OK", "hello", true},
		{"chunk size padded with blanks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n", false, "200 OK", "hello", true},
		{"no chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, "200 OK", "", true},
		{"until closed", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", true, "200 OK", "hello", false},
		{"until closed, empty", "GET", "HTTP/1.1 200 OK\r\n\r\n", true, "200 OK", "", false},
		{"Connection: close", "GET", "HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", false},
		{"HTTP/1.0 until closed", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", true, "200 OK", "hello", false},
		{"HTTP/1.0 keep-alive", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", true},
		{"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", false, "200", "hello", true},
		{"unknown status", "GET", "HTTP/1.1 799 Hm\r\nContent-Length: 5\r\n\r\nhello", false, "799 Hm", "hello", true},
		{"M09 HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, "200 OK", "", true},
		{"M09 HEAD of chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, "200 OK", "", true},
		{"M09 HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", false, "200 OK", "", true},
		{"M09 204", "DELETE", "HTTP/1.1 204 No Content\r\n\r\n", false, "204 No Content", "", true},
		{"M09 304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, "304 Not Modified", "", true},
		{"M09 range", "GET", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello", false, "206 Partial Content", "hello", true},
		{"M09 100-continue", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", false, "201 Created", "hello", true},
		{"103 and 102", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", true},
		{"204 with a body that nobody may send", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", false, "204 No Content", "", false},
		{"M08 longer than its length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world", false, "200 OK", "hello", false},
		{"a second answer unasked", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false, "200 OK", "hello", false},
		{"Keep-Alive: timeout=1", "GET", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=100\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", false},
		{"Keep-Alive: timeout=5", "GET", "HTTP/1.1 200 OK\r\nKeep-Alive: max=100, Timeout=5\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", true},
		{"Keep-Alive without sense", "GET", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=x\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK", "hello", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := answering(t, test.answer, test.closes)
			rt := newEgress(t).Transport()
			for range 2 {
				resp, body := mustFetch(t, rt, newRequest(t, test.method, server.url, nil))
				if resp.Status != test.status || body != test.body {
					t.Errorf("got %q, %q, want %q, %q", resp.Status, body, test.status, test.body)
				}
			}
			if kept := server.accepted.Load() == 1; kept != test.kept {
				t.Errorf("connection kept: %v, want %v", kept, test.kept)
			}
		})
	}
}

func TestM14_RepeatedFieldsStayApart(t *testing.T) {
	server := answering(t, "HTTP/1.1 200 OK\r\nAuthorization: a\r\nX-One:1\r\nAUTHORIZATION: \t b \r\nSet-Cookie: c=1\r\nContent-Length: 0\r\n"+
		"authorization: \r\n\r\n", false)
	e := newEgress(t)
	for range 2 { // F07: the cookie is not sent back
		resp, err := e.Client().Do(newRequest(t, "GET", server.url, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := fmt.Sprintf("%q", resp.Header["Authorization"]); got != `["a" "b" ""]` {
			t.Errorf("got %s", got)
		}
		if got := fmt.Sprintf("%q", resp.Header["X-One"]); got != `["1"]` {
			t.Errorf("got %s", got)
		}
		if resp.Request.Header.Get("Cookie") != "" {
			t.Error("a cookie was kept")
		}
	}
}

func TestTrailers(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	server := answering(t, head+"Trailer: x-sum, X-Other\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nX-More: 8\r\n\r\n", false)
	rt := newEgress(t).Transport()
	for range 2 {
		resp, err := rt.RoundTrip(newRequest(t, "GET", server.url, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, announced := resp.Trailer["X-Sum"]; !announced || len(resp.Trailer) != 2 || resp.Header.Get("Trailer") != "" {
			t.Errorf("before the body: trailer %v, header %v", resp.Trailer, resp.Header)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "hi" || err != nil {
			t.Errorf("got %q, %v", body, err)
		}
		resp.Body.Close()
		if resp.Trailer.Get("X-Sum") != "7" || resp.Trailer.Get("X-More") != "8" {
			t.Errorf("after the body: %v", resp.Trailer)
		}
	}
	if n := server.accepted.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	t.Run("unannounced", func(t *testing.T) {
		server := answering(t, head+"\r\n0\r\nX-Sum: 7\r\n\r\n", false)
		if resp, _ := mustFetch(t, rt, newRequest(t, "GET", server.url, nil)); resp.Trailer.Get("X-Sum") != "7" {
			t.Errorf("got %v", resp.Trailer)
		}
	})
	for _, trailer := range []string{"Content-Length: 5", "Transfer-Encoding: chunked", "no colon", "X: a\x00"} {
		t.Run(trailer, func(t *testing.T) {
			server := answering(t, head+"\r\n0\r\n"+trailer+"\r\n\r\n", false)
			_, _, err := fetch(t, rt, newRequest(t, "GET", server.url, nil))
			wantCode(t, err, lanyard.CodeUpstreamUnreachable)
		})
	}
}

func TestM05_BrokenHeads(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	tests := map[string]string{
		"garbage":                          "\x16\x03\x01\x02\x00\x01\x00",
		"HTTP/0.9":                         "<html>hello</html>",
		"HTTP/2 answer":                    "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.2":                         "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"lower-case protocol":              "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"SSH":                              "SSH-2.0-OpenSSH_9.2\r\n",
		"line end first":                   "\r\n" + ok + "\r\nhi",
		"status of two digits":             "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi",
		"status of four digits":            "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nhi",
		"status 099":                       "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nhi",
		"signed status":                    "HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nhi",
		"two blanks before the status":     "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"NUL in the reason":                "HTTP/1.1 200 O\x00K\r\nContent-Length: 2\r\n\r\nhi",
		"CR in the reason":                 "HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nhi",
		"no colon":                         ok + "X-Field\r\n\r\nhi",
		"empty name":                       ok + ": x\r\n\r\nhi",
		"blank before the colon":           ok + "X-Field : x\r\n\r\nhi",
		"blank in the name":                ok + "X Field: x\r\n\r\nhi",
		"continuation line":                ok + "X-Field: x\r\n y\r\n\r\nhi",
		"continuation line with a tab":     ok + "X-Field: x\r\n\ty\r\n\r\nhi",
		"continuation line first":          "HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\nhi",
		"NUL in a value":                   ok + "X-Field: a\x00b\r\n\r\nhi",
		"CR in a value":                    ok + "X-Field: a\rb\r\n\r\nhi",
		"CR at the end of a value":         ok + "X-Field: a\r\r\n\r\nhi",
		"bare LF":                          "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
		"one bare LF":                      ok + "X-Field: x\n\r\nhi",
		"bare LF as the end":               ok + "\nhi",
		"length and chunks":                ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		"two lengths":                      ok + "Content-Length: 3\r\n\r\nhi!",
		"two lengths in one field":         "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi",
		"the same length written twice":    ok + "Content-Length: 02\r\n\r\nhi",
		"signed length":                    "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi",
		"negative length":                  "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
		"hexadecimal length":               "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nhi",
		"empty length":                     "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhi",
		"length beyond 63 bits":            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhi",
		"chunked twice":                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunked, identity":                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"identity":                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhi",
		"gzip, chunked":                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"xchunked":                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"chunks in HTTP/1.0":               "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"announced length in the trailer":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n",
		"announced trailer without a name": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: a b\r\n\r\n0\r\n\r\n",
		"E27 switching protocols":          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
		"1,000 interim answers":            strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000) + ok + "\r\nhi",
		"broken interim answer":            "HTTP/1.1 103 Early Hints\r\nno colon\r\n\r\n" + ok + "\r\nhi",
		"10,000 fields":                    ok + strings.Repeat("X: y\r\n", 10000) + "\r\nhi",
		"1,001 fields":                     ok + strings.Repeat("X: y\r\n", 1000) + "\r\nhi",
		"a field of 1 MiB":                 ok + "X: " + strings.Repeat("y", 1<<20) + "\r\n\r\nhi",
		"interim answers of 1 MiB":         strings.Repeat("HTTP/1.1 103 Hi\r\nX: "+strings.Repeat("y", 1<<18)+"\r\n\r\n", 5) + ok + "\r\nhi",
		"head cut short":                   "HTTP/1.1 200 OK\r\nContent-Le",
		"nothing":                          "",
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			// The server waits after its answer: the fault must be seen in what was sent, unless that is incomplete.
			server := answering(t, answer, name == "head cut short" || name == "nothing")
			rt := newEgress(t).Transport()
			_, _, err := fetch(t, rt, newRequest(t, "POST", server.url, nil))
			wantCode(t, err, lanyard.CodeUpstreamUnreachable)
			var e *lanyard.Error
			if errors.As(err, &e) && (e.Cause == nil || strings.Contains(e.Message, e.Cause.Error())) {
				t.Errorf("the cause belongs in the log: %v", err)
			}
		})
	}
}

func TestLargestHead(t *testing.T) {
	value := strings.Repeat("y", 100_000)
	fields := strings.Repeat("X-Long: "+value+"\r\n", 10)
	server := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"+fields+strings.Repeat("X: y\r\n", 980)+"\r\nhello", false)
	rt := newEgress(t).Transport()
	for range 2 {
		resp, body := mustFetch(t, rt, newRequest(t, "GET", server.url, nil))
		if body != "hello" || len(resp.Header["X-Long"]) != 10 || resp.Header["X-Long"][9] != value || len(resp.Header["X"]) != 980 {
			t.Errorf("got %q and %d fields", body, len(resp.Header["X"]))
		}
	}
	if n := server.accepted.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestM08_BodiesThatEndWrong(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, answer, body string
		short              bool // io.ErrUnexpectedEOF
	}{
		{"shorter than its length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "hello", true},
		{"no body at all", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "", true},
		{"no chunk", chunked, "", true},
		{"chunk cut short", chunked + "a\r\nhello", "hello", true},
		{"no line end after the chunk", chunked + "5\r\nhello", "hello", true},
		{"no last chunk", chunked + "5\r\nhello\r\n", "hello", true},
		{"no end of the trailer", chunked + "5\r\nhello\r\n0\r\n", "hello", true},
		{"chunk longer than its size", chunked + "4\r\nhello\r\n0\r\n\r\n", "hell", false},
		{"size without digits", chunked + "\r\nhello\r\n0\r\n\r\n", "", false},
		{"size with a prefix", chunked + "0x5\r\nhello\r\n0\r\n\r\n", "", false},
		{"signed size", chunked + "+5\r\nhello\r\n0\r\n\r\n", "", false},
		{"negative size", chunked + "-5\r\nhello\r\n0\r\n\r\n", "", false},
		{"size that overflows", chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n", "", false},
		{"size of 63 bits", chunked + "fffffffffffffff0\r\nhello", "", false},
		{"size with text", chunked + "5 hello\r\nhello\r\n0\r\n\r\n", "", false},
		{"bare LF after the size", chunked + "5\nhello\r\n0\r\n\r\n", "", false},
		{"bare LF after the chunk", chunked + "5\r\nhello\n0\r\n\r\n", "hello", false},
		{"control character in an extension", chunked + "5;a\x00\r\nhello\r\n0\r\n\r\n", "", false},
		{"endless extension", chunked + "5;" + strings.Repeat("x", 5000) + "\r\nhello\r\n0\r\n\r\n", "", false},
		{"nothing but extensions", chunked + strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\nh\r\n", 100) + "0\r\n\r\n", strings.Repeat("h", 16), false},
		{"bare LF in the trailer", chunked + "5\r\nhello\r\n0\r\nX: y\n\r\n", "hello", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := answering(t, test.answer, true)
			_, body, err := fetch(t, newEgress(t).Transport(), newRequest(t, "GET", server.url, nil))
			wantCode(t, err, lanyard.CodeUpstreamUnreachable)
			if body != test.body || errors.Is(err, io.ErrUnexpectedEOF) != test.short {
				t.Errorf("got %q, %v, want %q, cut short: %v", body, err, test.body, test.short)
			}
		})
	}
}

// reset closes a connection so that the other side gets a reset.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func TestM06_ResetsAndSecondTries(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	// What becomes of the second request when the first connection, kept from the first, ends like this.
	endings := []struct {
		name   string
		end    func(c net.Conn)
		answer bool // a byte of an answer was sent
	}{
		{"closed", func(c net.Conn) { c.Close() }, false},
		{"reset", reset, false},
		{"closed in the head", func(c net.Conn) { io.WriteString(c, "H"); c.Close() }, true},
		{"closed after an interim answer", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); c.Close() }, true},
	}
	methods := []struct {
		method, body string
		safe         bool
	}{
		{"GET", "", true}, {"HEAD", "", true}, {"OPTIONS", "", true}, {"GET", "query", true},
		{"POST", "", false}, {"POST", "payment", false}, {"PUT", "x", false}, {"PATCH", "x", false}, {"DELETE", "", false},
	}
	for _, ending := range endings {
		for _, m := range methods {
			t.Run(fmt.Sprintf("%s %s %s", ending.name, m.method, m.body), func(t *testing.T) {
				var mu sync.Mutex
				var seen []string // requests after the first
				server := newEvil(t, func(n int, c net.Conn, r *bufio.Reader) {
					for i := 1; ; i++ {
						req, err := http.ReadRequest(r)
						if err != nil {
							return
						}
						body, _ := io.ReadAll(req.Body)
						if n == 1 && i == 1 {
							io.WriteString(c, good)
							continue
						}
						mu.Lock()
						seen = append(seen, fmt.Sprintf("%d %s %s", n, req.Method, body))
						mu.Unlock()
						if n == 1 {
							ending.end(c)
							return
						}
						if req.Method == "HEAD" {
							io.WriteString(c, good[:len(good)-2])
						} else {
							io.WriteString(c, good)
						}
					}
				})
				rt := newEgress(t).Transport()
				mustFetch(t, rt, newRequest(t, "GET", server.url, nil))

				var body io.Reader
				if m.body != "" {
					body = strings.NewReader(m.body)
				}
				_, _, err := fetch(t, rt, newRequest(t, m.method, server.url, body))
				want := []string{fmt.Sprintf("1 %s %s", m.method, m.body)}
				if m.safe && !ending.answer {
					want = append(want, fmt.Sprintf("2 %s %s", m.method, m.body))
					if err != nil {
						t.Error(err)
					}
				} else {
					wantCode(t, err, lanyard.CodeUpstreamUnreachable) // M07: and the request was seen once
				}
				mu.Lock()
				defer mu.Unlock()
				if fmt.Sprint(seen) != fmt.Sprint(want) {
					t.Errorf("the server saw %q, want %q", seen, want)
				}
			})
		}
	}
	t.Run("a new connection is not tried twice", func(t *testing.T) {
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) { readHead(r); reset(c) })
		_, _, err := fetch(t, newEgress(t).Transport(), newRequest(t, "GET", server.url, nil))
		wantCode(t, err, lanyard.CodeUpstreamUnreachable)
		if n := server.accepted.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("reset in the body", func(t *testing.T) {
		goOn := make(chan struct{})
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
			<-goOn
			reset(c)
		})
		resp, err := newEgress(t).Transport().RoundTrip(newRequest(t, "GET", server.url, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var five [5]byte
		if _, err := io.ReadFull(resp.Body, five[:]); err != nil {
			t.Fatal(err)
		}
		close(goOn)
		_, err = io.ReadAll(resp.Body)
		wantCode(t, err, lanyard.CodeUpstreamUnreachable)
	})
}

func TestM07_StaleConnections(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, spoil := range map[string]func(net.Conn){
		"closed by the server":   func(c net.Conn) { c.Close() },
		"reset by the server":    reset,
		"half closed":            func(c net.Conn) { c.(*net.TCPConn).CloseWrite() },
		"stray bytes":            func(c net.Conn) { io.WriteString(c, "x") },
		"an answer nobody asked": func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil") },
		"408 on an idle connection": func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			first := make(chan net.Conn, 1)
			server := newEvil(t, func(n int, c net.Conn, r *bufio.Reader) {
				for {
					if _, err := readHead(r); err != nil {
						return
					}
					requests.Add(1)
					io.WriteString(c, good)
					if n == 1 {
						first <- c
					}
				}
			})
			rt := newEgress(t).Transport()
			mustFetch(t, rt, newRequest(t, "GET", server.url, nil))
			spoil(<-first)
			for range 3 {
				if _, body := mustFetch(t, rt, newRequest(t, "POST", server.url, nil)); body != "ok" {
					t.Errorf("got %q", body)
				}
			}
			if r, c := requests.Load(), server.accepted.Load(); r != 4 || c != 2 {
				t.Errorf("%d requests on %d connections, want 4 on 2", r, c)
			}
		})
	}
}

func TestCloseBeforeTheEnd(t *testing.T) {
	tests := []struct {
		name, answer string
		kept         bool
	}{
		{"the rest is there", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + strings.Repeat("x", 500), true},
		{"the rest is there, in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\nhey\r\n0\r\n\r\n", true},
		{"the rest is not there", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + strings.Repeat("x", 100), false},
		{"the last chunk is not there", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", false},
		{"the trailer is not there", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", false},
		{"the rest is broken", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nx\r\n", false},
		{"a large rest", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000000), false},
		{"until closed", "HTTP/1.1 200 OK\r\n\r\nhello", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := answering(t, test.answer, false)
			rt := newEgress(t).Transport()
			for range 2 {
				resp, err := rt.RoundTrip(newRequest(t, "GET", server.url, nil))
				if err != nil {
					t.Fatal(err)
				}
				var one [1]byte
				if n, err := resp.Body.Read(one[:]); n != 1 || err != nil {
					t.Errorf("read %d, %v", n, err)
				}
				for range 2 {
					if err := resp.Body.Close(); err != nil {
						t.Error(err)
					}
				}
				if _, err := resp.Body.Read(one[:]); err != http.ErrBodyReadAfterClose {
					t.Errorf("read after close: %v", err)
				}
			}
			if kept := server.accepted.Load() == 1; kept != test.kept {
				t.Errorf("connection kept: %v, want %v", kept, test.kept)
			}
		})
	}
}

func TestCloseDuringRead(t *testing.T) {
	server := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh", false)
	resp, err := newEgress(t).Transport().RoundTrip(newRequest(t, "GET", server.url, nil))
	if err != nil {
		t.Fatal(err)
	}
	one := make([]byte, 1)
	if _, err := resp.Body.Read(one); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	started := make(chan struct{})
	go func() {
		close(started)
		_, err := resp.Body.Read(one)
		result <- err
	}()
	<-started
	resp.Body.Close()
	if err := <-result; err != http.ErrBodyReadAfterClose {
		t.Errorf("got %v", err)
	}
}

func TestEndOfBodyIsStable(t *testing.T) {
	server := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false)
	resp, err := newEgress(t).Transport().RoundTrip(newRequest(t, "GET", server.url, nil))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := resp.Body.Read(nil); n != 0 || err != nil {
		t.Errorf("empty read: %d, %v", n, err)
	}
	var buf [10]byte
	if n, err := resp.Body.Read(buf[:]); n != 5 || err != io.EOF {
		t.Errorf("got %d, %v, want the end together with the last bytes", n, err)
	}
	for range 2 {
		if n, err := resp.Body.Read(buf[:]); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d, %v", n, err)
		}
	}
	resp.Body.Close()
}

func TestM10_Cancel(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	silent := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		<-release
	})
	slow := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		<-release
	})
	deaf := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) { <-release })
	rt := newEgress(t).Transport()
	endless := &bodyFunc{read: func(p []byte) (int, error) { return len(p), nil }}
	blocked := &bodyFunc{read: func(p []byte) (int, error) { <-release; return 0, io.EOF }}

	tests := []struct {
		name string
		call func(ctx context.Context) error
	}{
		{"before the head", func(ctx context.Context) error {
			_, _, err := fetch(t, rt, newRequest(t, "GET", silent.url, nil).WithContext(ctx))
			return err
		}},
		{"in the body", func(ctx context.Context) error {
			_, _, err := fetch(t, rt, newRequest(t, "GET", slow.url, nil).WithContext(ctx))
			return err
		}},
		{"while sending", func(ctx context.Context) error {
			_, _, err := fetch(t, rt, newRequest(t, "POST", deaf.url, endless).WithContext(ctx))
			eventually(t, "the body is closed", endless.closed.Load)
			return err
		}},
		{"while waiting for a small body", func(ctx context.Context) error {
			req := newRequest(t, "POST", silent.url, blocked).WithContext(ctx)
			req.ContentLength = 5
			_, _, err := fetch(t, rt, req)
			return err
		}},
		{"while resolving", func(ctx context.Context) error {
			e := newEgress(t, func(c *egress.Config) { c.LookupNetIP = blockingLookup })
			_, _, err := fetch(t, e.Transport(), newRequest(t, "GET", "https://api.example.com", nil).WithContext(ctx))
			return err
		}},
		{"while shaking hands", func(ctx context.Context) error {
			url := strings.Replace(deaf.url, "http", "https", 1)
			_, _, err := fetch(t, rt, newRequest(t, "GET", url, nil).WithContext(ctx))
			return err
		}},
	}
	for _, test := range tests {
		t.Run(test.name+", cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var when time.Time
			time.AfterFunc(50*time.Millisecond, func() { when = time.Now(); cancel() })
			err := test.call(ctx)
			<-ctx.Done()
			if took := time.Since(when); !errors.Is(err, context.Canceled) || took > time.Second {
				t.Errorf("%v after cancelling: %v", took, err)
			}
		})
		t.Run(test.name+", deadline", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := test.call(ctx)
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
			if test.name == "while resolving" || test.name == "while shaking hands" {
				wantCode(t, err, lanyard.CodeUpstreamUnreachable) // E28
			} else {
				wantCode(t, err, lanyard.CodeUpstreamTimeout)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	t.Run("before the call", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := silent.accepted.Load()
		_, _, err := fetch(t, rt, newRequest(t, "GET", silent.url, nil).WithContext(ctx))
		if !errors.Is(err, context.Canceled) || silent.accepted.Load() != before {
			t.Errorf("got %v", err)
		}
	})
	t.Run("with bytes still buffered", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := rt.RoundTrip(newRequest(t, "GET", slow.url, nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		cancel()
		var one [1]byte
		if n, err := resp.Body.Read(one[:]); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("got %d, %v", n, err)
		}
	})
	t.Run("after the answer, the connection stays", func(t *testing.T) {
		server := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false)
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			mustFetch(t, rt, newRequest(t, "GET", server.url, nil).WithContext(ctx))
			cancel()
		}
		if n := server.accepted.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestHeaderTimeout(t *testing.T) {
	const limit = 300 * time.Millisecond
	rt := newEgress(t, func(c *egress.Config) { c.HeaderTimeout = limit }).Transport()
	t.Run("no head", func(t *testing.T) {
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) { readHead(r); io.Copy(io.Discard, r) })
		_, _, err := fetch(t, rt, newRequest(t, "GET", server.url, nil))
		wantCode(t, err, lanyard.CodeUpstreamTimeout)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("M01 head byte by byte", func(t *testing.T) {
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 ")
			for {
				<-time.After(20 * time.Millisecond)
				if _, err := io.WriteString(c, "O"); err != nil {
					return
				}
			}
		})
		_, _, err := fetch(t, rt, newRequest(t, "GET", server.url, nil))
		wantCode(t, err, lanyard.CodeUpstreamTimeout)
	})
	t.Run("a kept connection is not tried again", func(t *testing.T) {
		server := newEvil(t, func(n int, c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
			io.Copy(io.Discard, r)
		})
		mustFetch(t, rt, newRequest(t, "GET", server.url, nil))
		_, _, err := fetch(t, rt, newRequest(t, "GET", server.url, nil))
		wantCode(t, err, lanyard.CodeUpstreamTimeout)
		if n := server.accepted.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("a long body is not a late head", func(t *testing.T) {
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
			for {
				if _, err := readHead(r); err != nil {
					return
				}
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
				<-time.After(2 * limit)
				io.WriteString(c, "lo")
			}
		})
		for range 2 {
			if _, body := mustFetch(t, rt, newRequest(t, "GET", server.url, nil)); body != "hello" {
				t.Errorf("got %q", body)
			}
		}
		if n := server.accepted.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("a long upload is not a late head", func(t *testing.T) {
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
			for {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				n, _ := io.Copy(io.Discard, req.Body)
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", n)
			}
		})
		for range 2 {
			left := 2
			slow := &bodyFunc{read: func(p []byte) (int, error) {
				if left == 0 {
					return 0, io.EOF
				}
				left--
				<-time.After(limit)
				return 1, nil
			}}
			if _, body := mustFetch(t, rt, newRequest(t, "POST", server.url, slow)); body != "2" {
				t.Errorf("got %q", body)
			}
		}
	})
	t.Run("after an upload", func(t *testing.T) {
		server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) })
		_, _, err := fetch(t, rt, newRequest(t, "POST", server.url, io.MultiReader(strings.NewReader("hello"))))
		wantCode(t, err, lanyard.CodeUpstreamTimeout)
	})
}

func blockingLookup(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestM03_FlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 512 MiB")
	}
	const size = 256 << 20
	piece := bytes.Repeat([]byte("x"), 64<<10)
	for name, head := range map[string]string{
		"length":       fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size),
		"chunks":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"until closed": "HTTP/1.1 200 OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			server := newEvil(t, func(_ int, c net.Conn, r *bufio.Reader) {
				readHead(r)
				io.WriteString(c, head)
				w := bufio.NewWriterSize(c, 128<<10)
				for range size / len(piece) {
					if name == "chunks" {
						w.WriteString("10000\r\n")
					}
					w.Write(piece)
					if name == "chunks" {
						w.WriteString("\r\n")
					}
				}
				if name == "chunks" {
					w.WriteString("0\r\n\r\n")
				}
				w.Flush()
			})
			resp, err := newEgress(t).Transport().RoundTrip(newRequest(t, "GET", server.url, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			buf := make([]byte, 32<<10)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			total := 0
			for err == nil {
				var n int
				n, err = resp.Body.Read(buf)
				total += n
			}
			runtime.ReadMemStats(&after)
			if total != size || err != io.EOF {
				t.Errorf("read %d bytes, %v", total, err)
			}
			// Everything ever allocated meanwhile, by the test's server too, not only what is left.
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 2<<20 {
				t.Errorf("%d bytes were allocated for a body of %d", grown, size)
			}
		})
	}
}
