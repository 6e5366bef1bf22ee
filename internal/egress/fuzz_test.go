package egress

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzResponse: whatever is accepted here, net/http accepts too, and reads the same out of it.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello rest",
		"HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nX: \t y \r\nx: z\r\n\r\nhello",
		"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 204\r\nContent-Length: 7\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\nhello\r\n00\r\nX-Sum: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3  \r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nKeep-Alive: timeout=5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		for _, piece := range []int{len(data) + 1, 1, 3} {
			var resp http.Response
			var d decoder
			if readResponse(&inbox{src: pieces{bytes.NewReader(data), piece}}, method, &resp, &d) != nil {
				continue
			}
			body, err := io.ReadAll(readerFunc(d.read))
			if err != nil {
				continue
			}

			r := bufio.NewReader(bytes.NewReader(data))
			var want *http.Response
			for want == nil || want.StatusCode < 200 {
				var err error
				if want, err = http.ReadResponse(r, &http.Request{Method: method}); err != nil {
					t.Fatalf("net/http refuses: %v", err)
				}
			}
			wantBody, err := io.ReadAll(want.Body)
			if err != nil {
				t.Fatalf("net/http refuses the body: %v", err)
			}
			if !bytes.Equal(body, wantBody) {
				t.Errorf("body %q, net/http: %q", body, wantBody)
			}
			if resp.Status != want.Status || resp.StatusCode != want.StatusCode || resp.Proto != want.Proto ||
				resp.ProtoMajor != want.ProtoMajor || resp.ProtoMinor != want.ProtoMinor {
				t.Errorf("status %q %q, net/http: %q %q", resp.Proto, resp.Status, want.Proto, want.Status)
			}
			if resp.ContentLength != want.ContentLength || resp.Close != want.Close || !slices.Equal(resp.TransferEncoding, want.TransferEncoding) {
				t.Errorf("length %d, close %v, %q, net/http: %d, %v, %q", resp.ContentLength, resp.Close, resp.TransferEncoding,
					want.ContentLength, want.Close, want.TransferEncoding)
			}
			if !equalHeaders(resp.Header, want.Header) {
				t.Errorf("header %q, net/http: %q", resp.Header, want.Header)
			}
			if trailer := d.trailer; len(trailer) > 0 && !containsHeaders(want.Trailer, trailer) {
				t.Errorf("trailer %q, net/http: %q", trailer, want.Trailer)
			}
		}
	})
}

func equalHeaders(a, b http.Header) bool { return len(a) == len(b) && containsHeaders(a, b) }

func containsHeaders(a, b http.Header) bool {
	for name, values := range b {
		if !slices.Equal(a[name], values) {
			return false
		}
	}
	return true
}

// pieces gives at most n bytes at once, as a network might.
type pieces struct {
	r io.Reader
	n int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// FuzzE34_Dial: whatever text is called, what is dialled is an allowed address, the port of the URL, and one of the
// addresses that the URL's host has.
func FuzzE34_Dial(f *testing.F) {
	for _, seed := range []string{
		"https://good.com/x", "http://good.com", "https://GOOD.com.:8443/", "https://93.184.216.34", "http://10.1.2.3:80",
		"https://127.0.0.1", "https://127.1", "https://0x7f.1", "https://2130706433/", "http://localhost:6379", "https://[::1]/",
		"https://[::ffff:10.1.2.3]:443/", "https://[::1%25lo]/", "https://[64:ff9b::a9fe:a9fe]/", "https://①②⑦.0.0.1/",
		"https://good.com@evil.com/", `https://evil.com\@good.com`, "https://good.com#@evil.com", "https://good.com%2f@evil.com",
		"https://good.com:0/", "https://good.com:80:80/", "//good.com", "file:///etc/passwd", "http+unix://x", "https:good.com",
		"https://x.internal", "https://169.254.169.254/latest/meta-data", "https://[2002:a9fe:a9fe::]", "https://e.com:65536",
	} {
		f.Add(seed)
	}
	answers := [][]string{
		{"93.184.216.34"}, {"2606:2800:220:1::1", "93.184.216.34"}, {"10.1.2.3"}, {"10.1.2.3", "10.1.9.9"}, {"10.2.2.3"},
		{"93.184.216.34", "10.2.2.3"}, {"127.0.0.1"}, {"::1"}, {"169.254.169.254"}, {"::ffff:93.184.216.34"}, {"::ffff:127.0.0.1"},
		{"64:ff9b::8.8.8.8"}, {"64:ff9b::10.1.2.3"}, {"10.1.2.3", "93.184.216.34"}, {}, {"fe80::1%eth0"},
	}
	resolve := func(host string) (addrs []netip.Addr) {
		h := fnv.New32()
		h.Write([]byte(host))
		for _, s := range answers[h.Sum32()%uint32(len(answers))] {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		return addrs
	}
	opened := prefixes(f, "10.1.0.0/16")
	f.Fuzz(func(t *testing.T, text string) {
		req, err := http.NewRequest("GET", text, nil)
		if err != nil {
			return
		}
		var asked []string
		e := New(Config{AllowNetworks: opened, LookupNetIP: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			asked = append(asked, host)
			return resolve(host), nil
		}})
		var dialled []netip.AddrPort
		e.transport.dialer.connect = func(ctx context.Context, o origin, to netip.AddrPort) (net.Conn, error) {
			dialled = append(dialled, to) // one after the other: each fails at once
			return nil, errors.New("recorded")
		}
		if _, err := e.Transport().RoundTrip(req); err == nil {
			t.Fatal("a call succeeded without a connection")
		}
		if len(asked) > 1 {
			t.Errorf("resolved %q", asked)
		}
		// The host once more, by other means.
		u, _ := url.Parse(text)
		host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		candidates := resolve(host)
		if literal, err := netip.ParseAddr(host); err == nil {
			candidates = []netip.Addr{literal}
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		for _, to := range dialled {
			addr := to.Addr()
			inside := strings.HasPrefix(addr.String(), "10.1.")
			public := addr == netip.MustParseAddr("93.184.216.34") || newPolicy(nil).check(addr) == nil
			if !inside && !public || u.Scheme == "http" && !inside {
				t.Errorf("%q dialled %s", text, to)
			}
			if !slices.ContainsFunc(candidates, func(c netip.Addr) bool { return c.Unmap() == addr }) {
				t.Errorf("%q dialled %s, which is not of %s: %v", text, to, host, candidates)
			}
			if want, err := netip.ParseAddrPort("0.0.0.0:" + strings.TrimLeft(port, "0")); err != nil || want.Port() != to.Port() {
				t.Errorf("%q dialled port %d, want %s", text, to.Port(), port)
			}
		}
	})
}
