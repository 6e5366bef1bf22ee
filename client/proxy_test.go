package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/problem"
)

// proxyServer stands for /v1/proxy/acme of a server: it says what arrived, and answers as the path tells it to.
func proxyServer(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer "+key {
			t.Errorf("Authorization is %q", got)
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/moved"):
			w.Header().Set("Location", "https://api.acme.com/v2/there?a=b")
			w.WriteHeader(http.StatusFound)
		case strings.HasSuffix(r.URL.Path, "/elsewhere"):
			w.Header().Set("Location", "https://files.example/download")
			w.WriteHeader(http.StatusFound)
		case strings.HasSuffix(r.URL.Path, "/broken"):
			problem.Write(w, r, &lanyard.Error{Code: lanyard.CodeReconnectRequired, Message: "Reconnect.", ConnectURL: "https://l.example/connect/9r"})
		case strings.HasSuffix(r.URL.Path, "/missing"):
			w.WriteHeader(http.StatusNotFound)
		default:
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("read the request: %v", err)
			}
			w.Header().Set("X-Encoding", r.Header.Get("Accept-Encoding"))
			w.Header().Set("X-Agent", r.Header.Get("User-Agent"))
			w.Header().Set("X-User", r.Header.Get("Lanyard-User"))
			_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+string(body))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestProxyURL(t *testing.T) {
	c := dial(t, "https://lanyard.example.com/tools/")
	for path, want := range map[string]string{
		"":               "https://lanyard.example.com/tools/v1/proxy/acme/",
		"/":              "https://lanyard.example.com/tools/v1/proxy/acme/",
		"v2/tickets":     "https://lanyard.example.com/tools/v1/proxy/acme/v2/tickets",
		"/v2/a%2Fb?c=d":  "https://lanyard.example.com/tools/v1/proxy/acme/v2/a%2Fb?c=d",
		"/a%2Fb ü?q=x y": "https://lanyard.example.com/tools/v1/proxy/acme/a%2Fb%20%C3%BC?q=x%20y",
		"/{id}#part":     "https://lanyard.example.com/tools/v1/proxy/acme/%7Bid%7D#part",
		"//evil.example": "https://lanyard.example.com/tools/v1/proxy/acme//evil.example",
	} {
		if got := c.ProxyURL("acme", path); got != want {
			t.Errorf("%q gives %s, want %s", path, got, want)
		}
	}
}

func TestProxy(t *testing.T) {
	c := dial(t, proxyServer(t).URL, client.WithUserAgent("tests/1")).ForUser("ada-7")
	header := http.Header{"Authorization": {"Bearer of the caller's own"}, "Lanyard-User": {"eve"}}
	res, err := c.Proxy(t.Context(), "acme", "PUT", "/v2/a%2Fb c?x=%2B", header, strings.NewReader("data"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, res), "PUT /v1/proxy/acme/v2/a%2Fb%20c?x=%2B data"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := []string{res.Header.Get("X-Encoding"), res.Header.Get("X-Agent"), res.Header.Get("X-User")}
	if diff := cmp.Diff(got, []string{"", "tests/1", "ada-7"}); diff != "" {
		t.Errorf("encoding, agent and user (-got +want):\n%s", diff)
	}
	if header.Get("Lanyard-User") != "eve" || len(header) != 2 {
		t.Errorf("the caller's headers became %v", header)
	}
}

func TestProxyGivesTheServicesAnswer(t *testing.T) {
	c := dial(t, proxyServer(t).URL)
	for path, status := range map[string]int{"/missing": 404, "/moved": 302, "/elsewhere": 302} {
		res, err := c.Proxy(t.Context(), "acme", "GET", path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = read(t, res)
		if res.StatusCode != status {
			t.Errorf("%s gives %d, want %d", path, res.StatusCode, status)
		}
	}
}

// TestProxyStreams: the first part of an answer is there before the service has written the second.
func TestProxyStreams(t *testing.T) {
	seen := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		select {
		case <-seen:
			_, _ = io.WriteString(w, "two")
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	res, err := dial(t, s.URL).Proxy(t.Context(), "acme", "GET", "/", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 3)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "one" {
		t.Fatalf("got %q, %v", first, err)
	}
	close(seen)
	if rest := read(t, res); rest != "two" {
		t.Errorf("got %q", rest)
	}
}

func TestHTTPClient(t *testing.T) {
	c := dial(t, proxyServer(t).URL)
	sdk, err := c.HTTPClient("acme", "https://api.acme.com/v2/")
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]struct {
		url, want string
		status    int
	}{
		"below the base URL":        {"https://api.acme.com/v2/tickets?open=1", "POST /v1/proxy/acme/tickets?open=1 data", 200},
		"the base URL itself":       {"https://api.acme.com/v2", "POST /v1/proxy/acme/ data", 200},
		"bytes are kept":            {"https://API.acme.com/v2/a%2Fb%20c", "POST /v1/proxy/acme/a%2Fb%20c data", 200},
		"an empty query":            {"https://api.acme.com/v2/a?", "POST /v1/proxy/acme/a? data", 200},
		"a redirect below it":       {"https://api.acme.com/v2/moved", "GET /v1/proxy/acme/there?a=b ", 200},
		"a redirect elsewhere":      {"https://api.acme.com/v2/elsewhere", "", 302},
		"what the service answered": {"https://api.acme.com/v2/missing", "", 404},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, call.url, strings.NewReader("data"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer placeholder")
			res, err := sdk.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, res); got != call.want || res.StatusCode != call.status {
				t.Errorf("got %d %q, want %d %q", res.StatusCode, got, call.status, call.want)
			}
			if req.Header.Get("Authorization") != "Bearer placeholder" {
				t.Error("the request was changed")
			}
			if strings.Contains(res.Request.URL.Host, "127.0.0.1") {
				t.Errorf("the answer is of %s", res.Request.URL)
			}
		})
	}
	for name, url := range map[string]string{
		"another host":           "https://evil.example/v2/tickets",
		"another scheme":         "http://api.acme.com/v2/tickets",
		"another port":           "https://api.acme.com:8443/v2/tickets",
		"above the base path":    "https://api.acme.com/v1/tickets",
		"beside the base path":   "https://api.acme.com/v2evil",
		"a name that begins so":  "https://api.acme.com.evil.example/v2/",
		"the server's own proxy": c.ProxyURL("other", "/x"),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := sdk.Get(url)
			var e *lanyard.Error
			if !errors.As(err, &e) || e.Code != lanyard.CodeHostNotAllowed {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("an error of Lanyard's own", func(t *testing.T) {
		_, err := sdk.Get("https://api.acme.com/v2/broken")
		var e *lanyard.Error
		if !errors.As(err, &e) || e.ConnectURL != "https://l.example/connect/9r" {
			t.Errorf("got %v", err)
		}
	})
	if _, err := c.HTTPClient("acme", "api.acme.com"); err == nil {
		t.Error("a base URL without a scheme was taken")
	}
}

// FuzzProxyURL: whatever the path is, the request goes to the server and to the proxy of this connection, and what
// could stand in a URL is sent as it is.
func FuzzProxyURL(f *testing.F) {
	for _, path := range []string{"", "/v2/a%2Fb c?x=ü#y", "//evil.example/", "/../../v1/me", "\\\\evil", "@evil.example", "%zz", "/\r\nX: 1", "{id}"} {
		f.Add(path)
	}
	c, err := client.New("https://lanyard.example.com", key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse(c.ProxyURL("acme", path))
		if err != nil {
			return // then nothing is sent
		}
		uri := u.RequestURI()
		if u.Scheme != "https" || u.Host != "lanyard.example.com" || !strings.HasPrefix(uri, "/v1/proxy/acme/") {
			t.Fatalf("%q goes to %s", path, u)
		}
		if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Fatalf("%q is sent as %q", path, uri)
		}
		want, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "#")
		if !strings.ContainsFunc(want, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) }) && uri != "/v1/proxy/acme/"+want {
			t.Fatalf("%q is sent as %q", path, uri)
		}
	})
}
