//go:build unix

package egress_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"testing"

	"lanyard/internal/egress"
)

// The benchmarks compare the transport with net/http's at 64 connections and answers of 1 KiB, over loopback. The
// server is as cheap as can be, so that the difference is not hidden behind it.

const benchConnections = 64

var benchAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n" +
	"Cache-Control: no-store\r\nX-Request-Id: 0123456789abcdef\r\nContent-Length: 1024\r\n\r\n" +
	string(bytes.Repeat([]byte("x"), 1024))

// reportCPU adds the processor's time per operation, which other work on the machine disturbs less than the clock's. The
// test's own client and server are in it.
func reportCPU(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}

// answerAll answers each request head on ln with the same bytes.
func answerAll(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			r := bufio.NewReader(c)
			for {
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) == 2 {
						break
					}
				}
				if _, err := io.WriteString(c, benchAnswer); err != nil {
					return
				}
			}
		}()
	}
}

func benchServer(b *testing.B) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go answerAll(ln)
	return "http://" + ln.Addr().String() + "/v1/things?limit=10"
}

func benchEgress(b *testing.B) *egress.Egress {
	e := egress.New(egress.Config{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	b.Cleanup(e.Close)
	return e
}

func benchTransport(b *testing.B) *http.Transport {
	t := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	b.Cleanup(t.CloseIdleConnections)
	return t
}

func roundTrips(b *testing.B, rt http.RoundTripper) {
	target := benchServer(b)
	b.SetParallelism(benchConnections / 2)
	b.ReportAllocs()
	defer reportCPU(b)()
	b.RunParallel(func(pb *testing.PB) {
		buf := make([]byte, 4096)
		for pb.Next() {
			req, _ := http.NewRequestWithContext(b.Context(), "GET", target, nil)
			req.Header["Authorization"] = []string{"Bearer 0123456789"}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				b.Error(err)
				return
			}
			total := 0
			for err == nil {
				var n int
				n, err = resp.Body.Read(buf)
				total += n
			}
			resp.Body.Close()
			if total != 1024 || err != io.EOF {
				b.Error(total, err)
				return
			}
		}
	})
}

func BenchmarkTransport(b *testing.B) { roundTrips(b, benchEgress(b).Transport()) }

func BenchmarkNetHTTP(b *testing.B) { roundTrips(b, benchTransport(b)) }

// proxyCalls drives a proxy, under a net/http server, from 64 keep-alive connections.
func proxyCalls(b *testing.B, proxy func(target *url.URL) http.Handler) {
	target, _ := url.Parse(benchServer(b))
	server := httptest.NewServer(proxy(target))
	b.Cleanup(server.Close)
	b.SetParallelism(benchConnections / 2)
	b.ReportAllocs()
	defer reportCPU(b)()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for pb.Next() {
			if _, err := io.WriteString(c, "GET /v1/things?limit=10 HTTP/1.1\r\nHost: proxy\r\nAccept: */*\r\n\r\n"); err != nil {
				b.Error(err)
				return
			}
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				b.Error(err)
				return
			}
			if n, err := io.Copy(io.Discard, resp.Body); n != 1024 || err != nil {
				b.Error(n, err)
				return
			}
		}
	})
}

func BenchmarkProxy(b *testing.B) {
	buffers := sync.Pool{New: func() any { return new([32 << 10]byte) }}
	rt := benchEgress(b).Transport()
	proxyCalls(b, func(target *url.URL) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
			out := (&http.Request{
				Method: in.Method, URL: &url.URL{Scheme: target.Scheme, Host: target.Host, Path: in.URL.Path, RawQuery: in.URL.RawQuery},
				Header: in.Header.Clone(), Body: in.Body, ContentLength: in.ContentLength,
			}).WithContext(in.Context())
			out.Header["Authorization"] = []string{"Bearer 0123456789"}
			resp, err := rt.RoundTrip(out)
			if err != nil {
				w.WriteHeader(502)
				return
			}
			defer resp.Body.Close()
			header := w.Header()
			for k, v := range resp.Header {
				header[k] = v
			}
			w.WriteHeader(resp.StatusCode)
			buf := buffers.Get().(*[32 << 10]byte)
			defer buffers.Put(buf)
			for {
				n, err := resp.Body.Read(buf[:])
				if n > 0 {
					w.Write(buf[:n])
				}
				if err != nil {
					return
				}
			}
		})
	})
}

func BenchmarkReverseProxy(b *testing.B) {
	rt := benchTransport(b)
	proxyCalls(b, func(target *url.URL) http.Handler {
		return &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
				r.Out.Host = ""
				r.Out.Header["Authorization"] = []string{"Bearer 0123456789"}
			},
			Transport: rt,
		}
	})
}
