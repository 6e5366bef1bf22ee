package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/api"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/egress"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

var update = flag.Bool("update", false, "write the golden files again")

const publicURL = "https://lanyard.example.com"

// world is an API over real workrooms and a store of its own, with one organization.
type world struct {
	t       testing.TB
	api     *api.API
	server  *httptest.Server
	store   *store.Store
	key     string // of the owner, with every right
	log     *logBuffer
	unready error
}

// newWorld serves an API. Each change may alter its configuration before.
func newWorld(t testing.TB, changes ...func(*api.Config)) *world {
	t.Helper()
	w := &world{t: t, log: &logBuffer{}, store: storetest.Open(t)}
	logger := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	out := egress.New(egress.Config{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Logger: logger})
	accounts := account.New(account.Config{Store: w.store, PublicURL: publicURL})
	services := registry.NewDirectory(w.store, catalog.Default())
	keeper := credential.New(credential.Config{Store: w.store, Services: services, Client: out.Client(), PublicURL: publicURL, Logger: logger})
	invoker := invoke.New(invoke.Config{
		Keeper: keeper, Store: w.store, Transport: out.Transport(), ProxyTransport: out.TransportWithin(40 * time.Second), Logger: logger,
	})
	running, stop := context.WithCancel(context.Background())
	var recorder sync.WaitGroup
	recorder.Go(func() { invoker.Run(running) })
	t.Cleanup(func() {
		keeper.Close(context.Background())
		stop()
		recorder.Wait()
	})
	made, err := accounts.Init(t.Context(), "ada@zylker.example", "Ada")
	if err != nil {
		t.Fatalf("init: %v", err)
	}
	w.key = made.APIKey.Reveal()
	c := api.Config{
		Accounts: accounts, Registry: registry.New(registry.Config{Store: w.store, Services: services, Revoker: keeper, PublicURL: publicURL}),
		Keeper: keeper, Invoker: invoker, Ready: func(context.Context) error { return w.unready },
		Metrics: api.NewMetrics(prometheus.NewRegistry()), Logger: logger, PublicURL: publicURL, Version: "1.2.3",
	}
	for _, change := range changes {
		change(&c)
	}
	w.api = api.New(c)
	w.server = httptest.NewServer(w.api)
	t.Cleanup(w.server.Close)
	return w
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// answered is an answer, read to its end.
type answered struct {
	status int
	header http.Header
	body   string
}

// request makes a request with the owner's key. Headers replace the usual ones; an empty value leaves one out.
func (w *world) request(method, path, body string, headers ...string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body == "" {
		r.Body = http.NoBody
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+w.key)
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

func (w *world) do(r *http.Request) *answered {
	w.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return &answered{res.StatusCode, res.Header, string(body)}
}

func (w *world) call(method, path, body string, headers ...string) *answered {
	w.t.Helper()
	return w.do(w.request(method, path, body, headers...))
}

// must makes a call that has to work and reads its answer.
func (w *world) must(method, path, body string, headers ...string) map[string]any {
	w.t.Helper()
	a := w.call(method, path, body, headers...)
	if a.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	var v map[string]any
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &v); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return v
}

// problem reads the answer as a problem document, and checks that it is a whole one.
func (a *answered) problem(t testing.TB) (code lanyard.Code, pointers []string) {
	t.Helper()
	var d struct {
		Type, Title, Detail string
		Status              int
		Code                lanyard.Code
		Errors              []lanyard.FieldError
	}
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatalf("status %d with a body that is no document: %q", a.status, a.body)
	}
	h := a.header
	if d.Status != a.status || d.Title == "" || d.Detail == "" || d.Type != "/docs#code-"+string(d.Code) ||
		h.Get("Content-Type") != "application/problem+json" || h.Get("Lanyard-Error") != string(d.Code) {
		t.Errorf("not a whole problem document: status %d, %v, %s", a.status, h, a.body)
	}
	for _, f := range d.Errors {
		pointers = append(pointers, f.Pointer)
	}
	return d.Code, pointers
}

// golden compares text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./internal/api -update)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; write it again with -update if it is right):\n%s", file, d)
	}
}

// simple defines a service with an API key whose API is at url, and a connection with it that is connected.
func (w *world) simple(name, url string) {
	w.t.Helper()
	host := strings.TrimPrefix(url, "http://")
	host, _, _ = strings.Cut(host, "/")
	w.must("POST", "/v1/services", fmt.Sprintf(`{"link_name":%q,"name":"Acme","base_url":%q,"hosts":[%q],
		"auth":{"type":"api_key","parameters":[{"name":"X-Api-Key","param_type":"header"}]}}`, name, url, host))
	w.must("POST", "/v1/connections", fmt.Sprintf(`{"link_name":"%s_live","name":"Acme, live","service":%q}`, name, name))
	w.must("POST", "/v1/connections/"+name+"_live/connect", `{"credentials":{"X-Api-Key":"s3cr3t-canary"}}`)
}
