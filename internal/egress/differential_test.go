package egress_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"lanyard/internal/egress"
)

// TestAgainstNetHTTP sends the same requests through net/http's transport and ours and compares what both ends saw.
func TestAgainstNetHTTP(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"/echo": func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s %d %v %v\n", r.Method, r.RequestURI, r.Proto, r.ContentLength, r.TransferEncoding, err)
			names := make([]string, 0, len(r.Header))
			for name := range r.Header {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
			}
			w.Write(body)
		},
		"/empty":     func(http.ResponseWriter, *http.Request) {},
		"/teapot":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) },
		"/nocontent": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"/unchanged": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"x"`); w.WriteHeader(304) },
		"/redirect":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/echo?x", 307) },
		"/length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "200000")
			io.WriteString(w, strings.Repeat("0123456789", 20_000))
		},
		"/chunks": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 50 {
				io.WriteString(w, strings.Repeat(fmt.Sprint(i), i*37))
				w.(http.Flusher).Flush()
			}
		},
		"/trailers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Never")
			io.WriteString(w, "hello")
			w.(http.Flusher).Flush()
			w.Header().Set("X-Sum", "7")
			w.Header().Set(http.TrailerPrefix+"X-Late", "8")
		},
		"/hints": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
			w.WriteHeader(202)
			io.WriteString(w, "hello")
		},
		"/close": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "hello")
		},
		"/headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["x-lower"] = []string{"a", "b"}
			w.Header().Set("X-Long", strings.Repeat("y", 50_000))
			w.Header().Set("X-Empty", "")
			w.Header().Set("X-Text", "ÄÖÜ \t x")
			for i := range 200 {
				w.Header().Add("X-Many", fmt.Sprint(i))
			}
		},
		"/gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, strings.Repeat("hello", 1000))
			z.Close()
		},
		"/short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "hello")
		},
		"/abort": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	}
	mux := http.NewServeMux()
	for path, handler := range handlers {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			handler(w, r)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	theirs := &http.Transport{DisableCompression: true}
	t.Cleanup(theirs.CloseIdleConnections)
	ours := newEgress(t).Transport()

	requests := map[string]func() (method string, body io.Reader, header http.Header){
		"GET":     func() (string, io.Reader, http.Header) { return "GET", nil, nil },
		"HEAD":    func() (string, io.Reader, http.Header) { return "HEAD", nil, nil },
		"DELETE":  func() (string, io.Reader, http.Header) { return "DELETE", nil, nil },
		"OPTIONS": func() (string, io.Reader, http.Header) { return "OPTIONS", nil, nil },
		"POST":    func() (string, io.Reader, http.Header) { return "POST", nil, nil },
		"POST small": func() (string, io.Reader, http.Header) {
			return "POST", strings.NewReader("a=b"), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		},
		"PUT large": func() (string, io.Reader, http.Header) {
			return "PUT", strings.NewReader(strings.Repeat("x", 200_000)), nil
		},
		"PATCH chunk": func() (string, io.Reader, http.Header) {
			return "PATCH", io.MultiReader(strings.NewReader("hello")), nil
		},
		"fields": func() (string, io.Reader, http.Header) {
			return "GET", nil, http.Header{"Authorization": {"Bearer x"}, "X-Two": {"a", "b"}, "Accept": {"*/*"}, "X-Empty": {""}, "Cookie": {"a=b"}}
		},
		"expect": func() (string, io.Reader, http.Header) {
			return "POST", strings.NewReader("hello"), http.Header{"Expect": {"100-continue"}}
		},
	}
	for name, make := range requests {
		for path := range handlers {
			if name == "expect" && path != "/echo" {
				continue // net/http's server and client can wait for each other when nobody reads the body
			}
			t.Run(name+" "+path, func(t *testing.T) {
				see := func(rt http.RoundTripper) string {
					method, body, header := make()
					req := newRequest(t, method, server.URL+path+"?q=%20+&a=b", body)
					for k, v := range header {
						req.Header[k] = v
					}
					req.Header.Set("User-Agent", "test")
					resp, text, err := fetch(t, rt, req)
					if resp == nil {
						return fmt.Sprint("no answer: ", err)
					}
					return fmt.Sprintf("%s %s\nlength %d %v close %v\n%q\n%q\nbody %q\nfailed %v", resp.Proto, resp.Status, resp.ContentLength,
						resp.TransferEncoding, resp.Close, resp.Header, resp.Trailer, text, err != nil)
				}
				if got, want := see(ours), see(theirs); got != want {
					t.Errorf("got\n%.2000s\nnet/http got\n%.2000s", got, want)
				}
			})
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Query().Get("flush") != "" {
			w.(http.Flusher).Flush()
		}
		io.WriteString(w, r.URL.Query().Get("id")+string(body))
	}))
	t.Cleanup(server.Close)
	rt := newEgress(t, func(c *egress.Config) { c.MaxIdlePerOrigin = 8 }).Transport()
	var workers sync.WaitGroup
	for worker := range 32 {
		workers.Go(func() {
			for i := range 100 {
				id := fmt.Sprintf("%d-%d", worker, i)
				var body io.Reader
				want := id
				switch i % 4 {
				case 1:
					body, want = strings.NewReader(id), id+id
				case 2:
					body, want = io.MultiReader(strings.NewReader(id)), id+id
				}
				flush := []string{"", "1"}[i/4%2]
				resp, err := rt.RoundTrip(newRequest(t, "POST", server.URL+"/?id="+id+"&flush="+flush, body))
				if err != nil {
					t.Error(err)
					return
				}
				if i%10 == 9 {
					resp.Body.Close() // unread
					continue
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(got) != want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, want)
					return
				}
			}
		})
	}
	workers.Wait()
}

func TestClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		w.Header().Set("Location", "http://169.254.169.254/latest")
		w.WriteHeader(302)
		fmt.Fprintf(w, "%q %q %q", r.Header["Cookie"], r.Header["Referer"], r.Header["User-Agent"])
	}))
	t.Cleanup(server.Close)
	client := newEgress(t).Client()
	for range 2 {
		resp, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		// E14: handed back, not followed; F07: no cookie.
		if resp.StatusCode != 302 || string(body) != `[] [] ["Lanyard"]` {
			t.Errorf("got %d, %s", resp.StatusCode, body)
		}
	}
	client.CloseIdleConnections()
}

func TestConnectionsAreReleased(t *testing.T) {
	server := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false)
	e := newEgress(t)
	for _, release := range []func(){e.Client().CloseIdleConnections, e.Close} {
		before := server.accepted.Load()
		for range 2 {
			mustFetch(t, e.Transport(), newRequest(t, "GET", server.url, nil))
		}
		release()
		mustFetch(t, e.Transport(), newRequest(t, "GET", server.url, nil))
		if n := server.accepted.Load() - before; n != 2 && before == 0 || n == 0 {
			t.Errorf("%d connections", n)
		}
	}
	before := server.accepted.Load()
	mustFetch(t, e.Transport(), newRequest(t, "GET", server.url, nil))
	if n := server.accepted.Load() - before; n != 1 {
		t.Error("a connection was kept after Close")
	}
}
