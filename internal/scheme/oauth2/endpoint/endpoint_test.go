package endpoint_test

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/scheme/oauth2/endpoint"
)

func post(t *testing.T, ctx context.Context, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("client_secret=s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestF05_RedirectIsAnAnswer(t *testing.T) {
	var reached atomic.Int32
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(sink.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "kept", Value: "1"})
			http.Redirect(w, r, sink.URL, status)
		}))
		t.Cleanup(server.Close)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := server.Client() // follows redirects by itself
		client.Jar = jar
		a, err := endpoint.Call(client, post(t, t.Context(), server.URL), time.Now)
		if err != nil || a.Status != status || a.Header.Get("Location") != sink.URL {
			t.Errorf("%d: got %+v, %v", status, a, err)
		}
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if got := jar.Cookies(u); len(got) != 0 {
			t.Errorf("%d: kept the cookie %v", status, got)
		}
		if client.Jar == nil || client.CheckRedirect != nil {
			t.Error("the client handed in was changed")
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the redirect's target got %d requests", n)
	}
}

func TestM03_M04_AnswerIsBounded(t *testing.T) {
	for name, write := range map[string]func(w http.ResponseWriter){
		"plain": func(w http.ResponseWriter) { _, _ = io.Copy(w, io.LimitReader(zeros{}, 3<<20)) },
		"M04 gzip bomb": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.Copy(z, io.LimitReader(zeros{}, 8<<20))
			_ = z.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w) }))
			t.Cleanup(server.Close)
			a, err := endpoint.Call(server.Client(), post(t, t.Context(), server.URL), time.Now)
			if err == nil || a == nil || a.Status != 200 || a.Body != nil {
				t.Errorf("got %v, %v", a, err)
			}
		})
	}
	t.Run("exactly the limit", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, io.LimitReader(zeros{}, endpoint.MaxAnswer))
		}))
		t.Cleanup(server.Close)
		if a, err := endpoint.Call(server.Client(), post(t, t.Context(), server.URL), time.Now); err != nil || len(a.Body) != endpoint.MaxAnswer {
			t.Errorf("err = %v", err)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestErrorsHoldNoURL(t *testing.T) {
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
		case "/hang":
			<-hung
		case "/reset":
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hung) })
	closed := httptest.NewServer(nil)
	closed.Close()
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	for name, c := range map[string]struct {
		ctx       context.Context
		address   string
		is        error
		status    int
		neverSent bool
	}{
		"cut off":          {t.Context(), server.URL + "/cut?api_key=hidden", io.ErrUnexpectedEOF, 200, false},
		"time-out":         {soon, server.URL + "/hang?api_key=hidden", context.DeadlineExceeded, 0, false},
		"reset":            {t.Context(), server.URL + "/reset?api_key=hidden", io.EOF, 0, false},
		"nobody listening": {t.Context(), closed.URL + "/?api_key=hidden", nil, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := endpoint.Call(&http.Client{Transport: &http.Transport{}}, post(t, c.ctx, c.address), time.Now)
			if err == nil || strings.Contains(err.Error(), "hidden") || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("err = %v", err)
			}
			if (a != nil) != (c.status != 0) || a != nil && a.Status != c.status {
				t.Errorf("answer %+v", a)
			}
			if got := endpoint.NeverSent(err); got != c.neverSent {
				t.Errorf("NeverSent = %v", got)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "0": 0, "-5": 0, "soon": 0, "1.5": 0,
		"7200": time.Hour, "18446744073709551615": time.Hour, "99999999999999999999": 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(48 * time.Hour).Format(http.TimeFormat):   time.Hour,
	} {
		a := endpoint.Answer{Header: http.Header{"Retry-After": {text}}, Received: now}
		if got := a.RetryAfter(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestClockSkew(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "yesterday": 0,
		now.Add(5 * time.Minute).Format(http.TimeFormat):  0,
		now.Add(6 * time.Minute).Format(http.TimeFormat):  6 * time.Minute,
		now.Add(-6 * time.Minute).Format(http.TimeFormat): -6 * time.Minute,
	} {
		a := endpoint.Answer{Header: http.Header{"Date": {text}}, Received: now}
		if got := a.ClockSkew(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	const secret = `p@ss:w/rd %+&="é<`
	for name, c := range map[string]struct{ words, want string }{
		"nothing":         {"", ""},
		"one line":        {" a\r\nb\tc\u2028d ", "a  b c d"},
		"controls":        {"a\x00b\x1b[1mc\u202ed\ufeff\x7f", "ab[1mcd"},
		"not UTF-8":       {"a\xffb", "a\ufffdb"},
		"plain":           {"no " + secret + " here", "no [redacted] here"},
		"query encoding":  {"x=" + url.QueryEscape(secret) + ".", "x=[redacted]."},
		"percent":         {"x=p%40ss%3Aw%2Frd%20%25%2B%26%3D%22%C3%A9%3C.", "x=[redacted]."},
		"percent, lower":  {"x=p%40ss%3aw%2frd%20%25%2b%26%3d%22%c3%a9%3c.", "x=[redacted]."},
		"encoded twice":   {"x=p%2540ss%253Aw%252Frd%2520%2525%252B%2526%253D%2522%25C3%25A9%253C.", "x=[redacted]."},
		"base64":          {"x=" + base64.StdEncoding.EncodeToString([]byte(secret)) + ".", "x=[redacted]."},
		"base64, no pad":  {"x=" + base64.RawURLEncoding.EncodeToString([]byte(secret)) + ".", "x=[redacted]."},
		"JSON":            {`x=p@ss:w/rd %+\u0026=\"é\u003c.`, "x=[redacted]."},
		"HTML":            {"x=p@ss:w/rd %+&amp;=&#34;é&lt;.", "x=[redacted]."},
		"split by a line": {"p@ss:w/rd\n%+&=\"é<.", "[redacted]."},
		"the longer one":  {"abcd1234 abcd", "[redacted] [redacted]"},
		"too short":       {"the xyz remains", "the xyz remains"},
		"cut":             {strings.Repeat("é", 299) + "abcd1234", strings.Repeat("é", 299) + "["},
	} {
		t.Run(name, func(t *testing.T) {
			got := endpoint.Quote(c.words, lanyard.NewSecret(secret), lanyard.NewSecret("abcd"), lanyard.NewSecret("abcd1234"), lanyard.NewSecret("xyz"), lanyard.Secret{})
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("the code abc\x00def was wrong", "abcdef")
	f.Add("\xff%41%42", "%41%4")
	f.Fuzz(func(t *testing.T, words, secret string) {
		got := endpoint.Quote(words, lanyard.NewSecret(secret))
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 300 || strings.ContainsAny(got, "\r\n\x00\x1b") {
			t.Fatalf("%q", got)
		}
		if len(secret) >= 4 && strings.Contains(got, secret) && !strings.Contains("[redacted]", secret) {
			t.Fatalf("%q still holds %q", got, secret)
		}
	})
}
