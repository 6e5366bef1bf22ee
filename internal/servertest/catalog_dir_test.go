package servertest_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// own writes a file of an operator's directory, as editors do: beside it first.
func own(t *testing.T, dir, file, text string) {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// becomes asks again until something is so.
func becomes(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

// TestOwnCatalogIsReloaded: a connection through a service of the operator's own, while its file changes, is broken, is
// mended and goes away.
func TestOwnCatalogIsReloaded(t *testing.T) {
	first, second := newTenancyUpstream(t), newTenancyUpstream(t)
	dir := t.TempDir()
	own(t, dir, "tools/acme.yaml", defaultKey("Acme", "acme", first.URL))
	l := servertest.Start(t, func(c *server.Config) { c.CatalogDir, c.CatalogEvery = dir, 10*time.Millisecond })
	if got := l.Must(t, 200, "GET /v1/services/github", nil).Field(t, "name"); got != "GitHub" {
		t.Errorf("beside the operator's, ours: %v", got)
	}
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme"))
	l.Must(t, 200, "POST /v1/connections/mine/connect", tenancyKey("the key"))
	call := object("connection", "mine", "url", "/x")
	l.Must(t, 200, "POST /v1/invoke", call) // from now on it is warm
	if first.header().Get("X-Api-Key") != "the key" {
		t.Error("the first upstream was not called")
	}

	own(t, dir, "tools/acme.yaml", defaultKey("Acme", "acme", second.URL))
	becomes(t, "a changed definition", func() bool {
		l.Must(t, 200, "POST /v1/invoke", call)
		return second.header().Get("X-Api-Key") == "the key"
	})

	own(t, dir, "tools/acme.yaml", "name: Acme\ndescription: X.\ncolour: red\n")
	becomes(t, "a fault", func() bool { return strings.Contains(l.Log.String(), "/colour") })
	log := l.Log.String()
	if !strings.Contains(log, `msg="catalogue file not used" file=tools/acme.yaml line=3 field=/colour detail="there is no such field"`) {
		t.Errorf("the log does not say what is wrong: %s", log[strings.Index(log, "catalogue file"):])
	}
	l.Must(t, 200, "POST /v1/invoke", call)

	own(t, dir, "tools/acme.yaml", strings.Replace(defaultKey("Acme", "acme", second.URL), "name: Acme", "name: Acme anew", 1))
	becomes(t, "mended", func() bool {
		return l.Must(t, 200, "GET /v1/services/acme", nil).Field(t, "name") == "Acme anew"
	})
	if n := strings.Count(l.Log.String(), "catalogue file not used"); n != 1 {
		t.Errorf("the fault was logged %d times", n)
	}
	l.Must(t, 200, "POST /v1/invoke", call)

	if err := os.RemoveAll(filepath.Join(dir, "tools")); err != nil {
		t.Fatal(err)
	}
	becomes(t, "removed", func() bool { return l.API(t, "GET /v1/services/acme", nil).Status == 404 })
	if a := l.API(t, "POST /v1/invoke", call); a.Status != 409 || !strings.Contains(string(a.Body), "The service acme of the connection mine was deleted") {
		t.Errorf("a call through a service that went away: %d %s", a.Status, a.Body)
	}
	if got := l.Must(t, 200, "GET /v1/connections/mine", nil).Field(t, "service"); got != "acme" {
		t.Errorf("the connection: %v", got)
	}
}

func TestOwnCatalogIsJudgedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	own(t, dir, "tools/acme.yaml", strings.Replace(defaultKey("Acme", "acme", "https://api.acme.example"), "hosts:", "host:", 1))
	l := servertest.New(t, func(c *server.Config) { c.CatalogDir, c.Stderr = dir, io.Discard })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	config := l.Config
	config.Ready = func(string) { stop() }
	if err := server.Run(ctx, config); err == nil || !strings.Contains(err.Error(), "tools/acme.yaml:9: /ways/0/definition/host: there is no such field") {
		t.Errorf("it started: %v", err)
	}
}
