package servertest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/store"
	"lanyard/internal/vault"
)

// What an operator meets: starting and refusing to start, the first set-up, stopping, the records, the metrics, and the
// headers of every answer.

// operationsRun starts a server, stops it as soon as it listens, and gives what it said.
func operationsRun(t testing.TB, c server.Config) error {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c.Ready = func(string) { stop() }
	return server.Run(ctx, c)
}

// operationsRace reports whether the race detector is on: then times say nothing.
func operationsRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func TestStartsWithin300Milliseconds(t *testing.T) {
	l := servertest.Start(t)
	l.Stop(t)
	quickest := time.Hour
	for range 5 {
		config := l.Config
		ctx, stop := context.WithCancel(t.Context())
		began := time.Now()
		config.Ready = func(string) {
			quickest = min(quickest, time.Since(began))
			stop()
		}
		if err := server.Run(ctx, config); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	t.Logf("the quickest of five starts took %s", quickest)
	if quickest > 300*time.Millisecond && !operationsRace() {
		t.Errorf("the quickest of five starts took %s, want at most 300ms", quickest)
	}
}

func TestL06_ASecondProcessOnTheSameDirectoryIsRefused(t *testing.T) {
	l := servertest.Start(t)
	second := l.Config
	second.Listen = servertest.FreeAddr(t)
	// The lock belongs to an opened file and not to a process, so a second server in this one meets it all the same.
	err := operationsRun(t, second)
	if _, ok := errors.AsType[*store.InUseError](err); !ok || !strings.Contains(err.Error(), l.Config.DataDir) || !strings.Contains(err.Error(), "stop that one first") {
		t.Errorf("got %v, want the directory and what to do", err)
	}
	if _, err := server.Init(t.Context(), second, "other@example.com", ""); err == nil || !strings.Contains(err.Error(), "in use by another lanyard process") {
		t.Errorf("init: got %v", err)
	}
	l.Must(t, 200, "GET /readyz", nil)
	l.Stop(t)
	if err := operationsRun(t, second); err != nil {
		t.Errorf("when the first has ended: %v", err)
	}
	l.Serve(t)
	if err := operationsRun(t, server.Config{DataDir: filepath.Join(t.TempDir(), "data"), Listen: l.Config.Listen, Stderr: l.Log, Stdout: l.Log}); err == nil || !strings.Contains(err.Error(), "listen on "+l.Config.Listen) {
		t.Errorf("another directory on the same address: got %v", err)
	}
}

// operationsTree is every file below a directory, with its mode and its content.
func operationsTree(t testing.TB, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		tree[path] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestK04_K06_TheKeyFile(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), tenancyKey("KEY-of-acme-in-the-store"))
	l.Stop(t)
	key := filepath.Join(l.Config.DataDir, "key")
	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	put := func(content []byte, mode os.FileMode) {
		t.Helper()
		if err := os.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if content == nil {
			return
		}
		if err := os.WriteFile(key, content, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(key, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	stranger := servertest.New(t)
	if err := operationsRun(t, stranger.Config); err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(stranger.Config.DataDir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		content []byte
		mode    os.FileMode
		fault   vault.KeyFault
		says    string
	}{
		{"missing", nil, 0, vault.KeyMissing, "is missing"},
		{"of another instance", other, 0o600, vault.KeyWrong, ""},
		{"readable by the world", good, 0o644, vault.KeyExposed, "chmod 600"},
		{"readable by the group", good, 0o640, vault.KeyExposed, "chmod 600"},
		{"cut off", good[:len(good)-9], 0o600, vault.KeyMalformed, "put back a copy"},
		{"empty", []byte{}, 0o600, vault.KeyMalformed, "no key file"},
		{"another file", []byte("-----BEGIN PRIVATE KEY-----\n"), 0o600, vault.KeyMalformed, "no key file"},
	} {
		t.Run("K04 "+c.name, func(t *testing.T) {
			put(c.content, c.mode)
			before := operationsTree(t, l.Config.DataDir)
			err := operationsRun(t, l.Config)
			fault, ok := errors.AsType[*vault.KeyError](err)
			if !ok || fault.Fault != c.fault || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s, the file's name and %q", err, c.fault, c.says)
			}
			if secret := strings.TrimSpace(strings.TrimPrefix(string(good), "lanyard-key-1:")); strings.Contains(fmt.Sprint(err), secret) || strings.Contains(l.Log.String(), secret) {
				t.Error("the key is in the error or the log")
			}
			if after := operationsTree(t, l.Config.DataDir); !maps.Equal(before, after) {
				t.Errorf("the data directory was changed:\nbefore %v\nafter %v", before, after)
			}
		})
	}
	put(nil, 0)
	t.Run("K06 the database without the key", func(t *testing.T) {
		for path := range operationsTree(t, l.Config.DataDir) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "KEY-of-acme-in-the-store") || strings.Contains(string(data), strings.TrimPrefix(l.Key, "lanyard_")) {
				t.Errorf("a secret is in %s", path)
			}
		}
	})
	t.Run("K06 the key without the database", func(t *testing.T) {
		bare := servertest.New(t, func(c *server.Config) { c.KeyFile = filepath.Join(t.TempDir(), "key") })
		if err := os.WriteFile(bare.Config.KeyFile, good, 0o600); err != nil {
			t.Fatal(err)
		}
		bare.Serve(t)
		if a := bare.As(t, l.Key, "GET /v1/me", nil); a.Status != 401 {
			t.Errorf("the key of the other store: %d %s", a.Status, a.Body)
		}
	})
	put(good, 0o600)
	l.Serve(t)
	if a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x")); up.header().Get("X-Api-Key") != "KEY-of-acme-in-the-store" {
		t.Errorf("with the key put back: %s", a.Body)
	}
}

func TestL11_StopFinishesACallInFlight(t *testing.T) {
	l := servertest.Start(t)
	evil := providertest.Evil(t)
	arrived, answer := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release)
	evil.Open.Before(func(providertest.Request) *providertest.Answer {
		close(arrived)
		<-answer
		return &providertest.Answer{Body: "late but whole"}
	})
	l.Connect(t, object("link_name", "evil", "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)}, "auth", object("type", "basic")),
		object("credentials", object("username", "u", "password", "p")))
	var inFlight sync.WaitGroup
	inFlight.Go(func() {
		if a := l.API(t, "POST /v1/invoke", object("connection", "evil", "url", evil.Open.URL)); a.Status != 200 || a.Field(t, "body") != "late but whole" {
			t.Errorf("the call in flight: %d %s", a.Status, a.Body)
		}
	})
	<-arrived
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		l.Stop(t)
	}()
	defer func() {
		release()
		<-stopped
	}()
	// Whether by 503 or by taking no connection any more: from now on nobody is told that this server is ready.
	ready := func() bool {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get(l.URL + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == 200
	}
	await(t, "the server is not ready any more", func() bool { return !ready() })
	if ready() {
		t.Error("it is ready again while it stops")
	}
	select {
	case <-stopped:
		t.Error("it stopped before the call in flight was answered")
	default:
	}
	release()
	inFlight.Wait()
	<-stopped
	l.Serve(t)
	records := tenancyItems(t, l, l.Key, "/v1/invocations")
	if len(records) != 1 || records[0]["status"] != 200.0 || records[0]["path"] != "/api/open" {
		t.Errorf("the record of the call in flight: %v", records)
	}
}

// operationsSetupLink reads the one-time link that a new server prints.
func operationsSetupLink(printed *servertest.Buffer) string {
	return regexp.MustCompile(`http://\S+/setup/\S+`).FindString(printed.String())
}

func TestJ07_TheSetupLinkWorksOnce(t *testing.T) {
	printed := &servertest.Buffer{}
	l := servertest.New(t, func(c *server.Config) { c.Stdout = printed })
	l.Serve(t)
	first := operationsSetupLink(printed)
	if first == "" || strings.Contains(l.Log.String(), "/setup/") {
		t.Fatalf("printed %q; it belongs on standard output and not into the log", printed)
	}
	l.Stop(t)
	*printed = servertest.Buffer{}
	l.Serve(t) // a fresh link ends the one before
	link := operationsSetupLink(printed)
	form := func(name string) url.Values {
		return url.Values{"organization": {"Organization of " + name}, "name": {name}, "email": {name + "@example.com"}, "password": {"four plain words here"}}
	}
	stranger := servertest.Stranger(t)
	if a := servertest.Get(t, stranger, first); a.Status != 404 {
		t.Errorf("the first link after the second was printed: %d", a.Status)
	}
	if a := servertest.Post(t, stranger, first, form("mallory")); a.Status != 404 {
		t.Errorf("posting to it: %d", a.Status)
	}
	if a := servertest.Get(t, stranger, l.URL+"/setup/"+strings.Repeat("A", 52)); a.Status != 404 {
		t.Errorf("a made-up link: %d", a.Status)
	}
	for range 2 { // opening uses nothing up
		if a := servertest.Get(t, stranger, link); a.Status != 200 {
			t.Fatalf("the link: %d %s", a.Status, a.Body)
		}
	}
	if a := servertest.Post(t, stranger, link, url.Values{"organization": {""}, "name": {" "}, "email": {"nobody"}}); a.Status != 400 {
		t.Errorf("an incomplete form: %d", a.Status)
	}

	browsers := make([]*http.Client, 6)
	answers := make([]*servertest.Answer, len(browsers))
	for i := range browsers {
		browsers[i] = servertest.Stranger(t)
		servertest.Get(t, browsers[i], link)
	}
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range browsers {
		wg.Go(func() {
			<-start
			answers[i] = servertest.Post(t, browsers[i], link, form(fmt.Sprintf("person%d", i)))
		})
	}
	close(start)
	wg.Wait()
	here, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	won := 0
	for i, a := range answers {
		switch {
		case a.Status == 303:
			won++
			if home := servertest.Get(t, browsers[i], l.URL+"/connections"); home.Status != 200 || !strings.Contains(string(home.Body), fmt.Sprintf("person%d", i)) {
				t.Errorf("the winner's page: %d %s", home.Status, home.Body)
			}
		case a.Status != 404 && a.Status != 409:
			t.Errorf("a loser got %d %s", a.Status, a.Body)
		case len(browsers[i].Jar.Cookies(here)) != 0:
			t.Error("a loser is signed in")
		}
	}
	if won != 1 {
		t.Fatalf("%d browsers won, want one", won)
	}
	if a := servertest.Get(t, stranger, link); a.Status != 404 {
		t.Errorf("the link afterwards: %d", a.Status)
	}

	l.Stop(t)
	*printed = servertest.Buffer{}
	l.Serve(t)
	if again := operationsSetupLink(printed); again != "" {
		t.Errorf("a link is printed although there is an organization: %s", again)
	}
	l.Stop(t)
	if _, err := server.Init(t.Context(), l.Config, "late@example.com", ""); lanyard.CodeOf(err) != lanyard.CodeConflict {
		t.Errorf("init on a store with an organization: got %v, want conflict", err)
	}
	l.Serve(t)
	if a := servertest.Get(t, browsers[slices.IndexFunc(answers, func(a *servertest.Answer) bool { return a.Status == 303 })], l.URL+"/connections"); a.Status != 200 {
		t.Errorf("the winner after all that: %d", a.Status)
	}
}

func TestRecordsOfCalls(t *testing.T) {
	l := tenancyPrepare(t)
	annaID, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, admin := l.Member(t, "admin@example.com", lanyard.RoleAdmin, lanyard.KeyRights{})
	l.Serve(t)
	evil := providertest.Evil(t)
	evil.Open.Always(providertest.Answer{Status: 418, Body: "short and stout", Delay: 30 * time.Millisecond})
	for _, name := range []string{"one", "two"} {
		l.Connect(t, object("link_name", name, "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)}, "auth", object("type", "basic")),
			object("credentials", object("username", "u", "password", "p")))
	}
	keyOf := func(key string, headers ...string) string {
		return l.As(t, key, "GET /v1/me", nil, headers...).Field(t, "key.id").(string)
	}
	began := time.Now()
	l.Must(t, 200, "POST /v1/invoke", object("connection", "one", "type", "POST", "url", evil.Open.URL+"/a?secret=QUERY#f", "body", "BODY!"))
	l.Must(t, 418, "GET /v1/proxy/two/api/open/b?secret=QUERY", nil)
	l.Must(t, 200, "POST /v1/invoke", object("connection", "two", "url", "/api/open/c"), "Lanyard-User", string(annaID))
	if a := l.As(t, anna, "POST /v1/invoke", object("connection", "one", "url", "https://elsewhere.example/d?secret=QUERY")); a.Status != 403 || a.Code() != "host_not_allowed" {
		t.Fatalf("another host: %d %s", a.Status, a.Body)
	}
	l.As(t, anna, "POST /v1/invoke", object("connection", "nothing", "url", "/"))

	want := map[string]map[string]any{
		"/api/open/a": {"connection": "one", "user": string(l.UserID), "key": keyOf(l.Key), "method": "POST", "host": hostOf(t, evil.URL), "status": 418.0, "code": "", "bytes_sent": 5.0, "bytes_received": 15.0},
		"/api/open/b": {"connection": "two", "user": string(l.UserID), "key": keyOf(l.Key), "method": "GET", "host": hostOf(t, evil.URL), "status": 418.0, "code": "", "bytes_sent": 0.0, "bytes_received": 15.0},
		"/api/open/c": {"connection": "two", "user": string(annaID), "key": keyOf(l.Key), "method": "GET", "host": hostOf(t, evil.URL), "status": 418.0, "code": "", "bytes_sent": 0.0, "bytes_received": 15.0},
		"/d":          {"connection": "one", "user": string(annaID), "key": keyOf(anna), "method": "GET", "host": "elsewhere.example", "status": 0.0, "code": "host_not_allowed", "bytes_sent": 0.0, "bytes_received": 0.0},
	}
	check := func() {
		t.Helper()
		all := tenancyItems(t, l, l.Key, "/v1/invocations?limit=2")
		found := map[string]bool{}
		for _, r := range all {
			path := r["path"].(string)
			for field, value := range want[path] {
				if r[field] != value {
					t.Errorf("%s: %s is %v, want %v", path, field, r[field], value)
				}
			}
			found[path] = true
			at, err := time.Parse(time.RFC3339Nano, r["at"].(string))
			if err != nil || at.Before(began.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
				t.Errorf("%s: at %v", path, r["at"])
			}
			if took := r["duration_ms"].(float64); r["status"] == 418.0 && took < 30 || took > float64(time.Since(began).Milliseconds()) {
				t.Errorf("%s: it took %v ms", path, took)
			}
			if text := fmt.Sprint(r); strings.Contains(text, "QUERY") || strings.Contains(text, "BODY") || strings.Contains(text, "stout") {
				t.Errorf("a query or a body is in a record: %s", text)
			}
		}
		for path := range want {
			if !found[path] {
				t.Errorf("%s is not in the records: %v", path, all)
			}
		}
		if len(all) != 5 { // the fifth found no connection
			t.Errorf("there are %d records, want 5: %v", len(all), all)
		}
		if !slices.IsSortedFunc(all, func(a, b map[string]any) int { return recordedAt(t, b).Compare(recordedAt(t, a)) }) {
			t.Errorf("not the newest first: %v", all)
		}
	}
	check() // at once: whoever lists the calls finds those that ended before

	paths := func(key, query string, headers ...string) []string {
		var p []string
		for _, r := range tenancyItems(t, l, key, "/v1/invocations"+query, headers...) {
			p = append(p, r["path"].(string))
		}
		slices.Sort(p)
		return p
	}
	for _, c := range []struct {
		name, key, query string
		headers          []string
		want             []string
	}{
		{"of a connection", l.Key, "?connection=two", nil, []string{"/api/open/b", "/api/open/c"}},
		{"of a user", l.Key, "?user=" + string(annaID), nil, []string{"", "/api/open/c", "/d"}},
		{"of both", l.Key, "?connection=two&user=" + string(annaID), nil, []string{"/api/open/c"}},
		{"of nobody", l.Key, "?user=usr_A", nil, nil},
		{"an admin sees all", admin, "", nil, []string{"", "/api/open/a", "/api/open/b", "/api/open/c", "/d"}},
		{"a member sees her own", anna, "", nil, []string{"", "/api/open/c", "/d"}},
		{"a member who asks for another's", anna, "?user=" + string(l.UserID), nil, []string{"", "/api/open/c", "/d"}},
		{"a key acting for a member", l.Key, "?connection=two", []string{"Lanyard-User", string(annaID)}, []string{"/api/open/c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := paths(c.key, c.query, c.headers...); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	l.Stop(t)
	l.Serve(t)
	check()
}

// TestAuditOfEveryChange: each call that changes something leaves exactly one entry, which can be read as soon as the
// call is answered; any other call leaves none.
func TestAuditOfEveryChange(t *testing.T) {
	l := tenancyPrepare(t)
	annaID, anna := l.Member(t, "anna@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, reader := l.Member(t, "admin@example.com", lanyard.RoleAdmin, lanyard.KeyRights{})
	l.Serve(t)
	up := newTenancyUpstream(t)
	key := l.Must(t, 200, "GET /v1/me", nil).Field(t, "key.id").(string)
	annasKey := l.As(t, anna, "GET /v1/me", nil).Field(t, "key.id").(string)

	seen := map[string]bool{}
	fresh := func() []map[string]any {
		t.Helper()
		var left []map[string]any
		for _, e := range tenancyItems(t, l, l.Key, "/v1/audit?limit=200") {
			if id := e["id"].(string); !seen[id] {
				seen[id] = true
				left = append(left, e)
			}
		}
		return left
	}
	fresh()
	ids := map[string]string{} // of what was made, by action and name
	one := func(what string, action lanyard.Action, name string, want map[string]any) {
		t.Helper()
		entries := fresh()
		if len(entries) != 1 {
			t.Errorf("%s left %d entries, want one: %v", what, len(entries), entries)
			return
		}
		e := entries[0]
		maps.Copy(want, map[string]any{"action": string(action), "object_name": name})
		for field, value := range want {
			if e[field] != value {
				t.Errorf("%s: %s is %v, want %v", what, field, e[field], value)
			}
		}
		if e["object"] == "" {
			t.Errorf("%s: no object: %v", what, e)
		}
		// All that is done to one thing names the same object.
		kind, _, _ := strings.Cut(string(action), ".")
		if kind == "authorization" {
			kind = "connection"
		}
		thing := kind + " " + name
		if name != "" && ids[thing] != "" && ids[thing] != e["object"] {
			t.Errorf("%s: object %v, and before it was %s", what, e["object"], ids[thing])
		}
		ids[thing] = e["object"].(string)
	}
	none := func(what string) {
		t.Helper()
		if entries := fresh(); len(entries) != 0 {
			t.Errorf("%s left %v", what, entries)
		}
	}
	owner := func() map[string]any {
		return map[string]any{"actor": string(l.UserID), "key": key, "on_behalf_of": ""}
	}

	var madeKey, madeUser string
	provider := discovery(t)
	for _, c := range []struct {
		call   string
		body   any
		status int
		action lanyard.Action // "": no entry
		name   string
	}{
		{"POST /v1/services", tenancyService(t, up, "acme"), 201, lanyard.ActionServiceCreate, "acme"},
		{"POST /v1/services", tenancyService(t, up, "acme"), 409, "", ""},
		{"POST /v1/services", object("link_name", "x"), 400, "", ""},
		{"GET /v1/services/acme", nil, 200, "", ""},
		{"PATCH /v1/services/acme", object("name", "Acme"), 200, lanyard.ActionServiceEdit, "acme"},
		{"PATCH /v1/services/acme", object("name", "Acme"), 200, "", ""},
		{"PATCH /v1/services/acme", object("link_name", "x"), 409, "", ""},
		{"POST /v1/connections", object("link_name", "con", "name", "Con", "service", "acme"), 201, lanyard.ActionConnectionCreate, "con"},
		{"POST /v1/connections/con/connect", object("credentials", object("wrong", "k")), 400, "", ""},
		{"POST /v1/connections/con/connect", object(), 200, "", ""}, // a link, which a person has to open
		{"POST /v1/connections/con/connect", tenancyKey("SECRET"), 200, lanyard.ActionConnect, "con"},
		{"POST /v1/invoke", object("connection", "con", "url", "/x"), 200, "", ""},
		{"GET /v1/proxy/con/x", nil, 200, "", ""},
		{"PATCH /v1/connections/con", object("name", "Connection"), 200, lanyard.ActionConnectionEdit, "con"},
		{"PATCH /v1/connections/con", object("name", "Connection"), 200, "", ""},
		{"PATCH /v1/connections/con", object("scopes", nil), 200, "", ""},
		{"DELETE /v1/connections/con/users/" + string(l.UserID), nil, 409, "", ""},
		{"POST /v1/connections/con/revoke", nil, 200, lanyard.ActionRevoke, "con"},
		{"DELETE /v1/connections/con", nil, 204, lanyard.ActionConnectionDelete, "con"},
		{"DELETE /v1/connections/con", nil, 404, "", ""},
		{"PATCH /v1/services/acme?keep_connections=true", object("description", "new"), 200, lanyard.ActionServiceEdit, "acme"},
		{"DELETE /v1/services/acme", nil, 200, lanyard.ActionServiceDelete, "acme"},
		{"POST /v1/api_keys", object("name", "nightly"), 201, lanyard.ActionKeyCreate, "nightly"},
		{"POST /v1/definitions/apply", object("lanyard", 1, "api_keys", []any{object("name", "nightly", "owner", "")}), 200, lanyard.ActionKeyEdit, "nightly"},
		{"POST /v1/definitions/apply", object("lanyard", 1, "api_keys", []any{object("name", "nightly", "owner", "")}), 200, "", ""},
		{"POST /v1/api_keys/MADE/rotate", nil, 200, lanyard.ActionKeyRotate, "nightly"},
		{"DELETE /v1/api_keys/MADE/previous", nil, 204, lanyard.ActionKeyEndPrevious, "nightly"},
		{"DELETE /v1/api_keys/MADE", nil, 204, lanyard.ActionKeyDelete, ""},
		{"DELETE /v1/api_keys/MADE", nil, 404, "", ""},
		{"POST /v1/users", object("name", "Customer", "external_id", "customer-1"), 201, lanyard.ActionUserCreate, "customer-1"},
		{"POST /v1/users", object("name", "Customer", "external_id", "customer-1"), 409, "", ""},
		{"PATCH /v1/users/USER", object("name", "Renamed", "role", "admin"), 200, lanyard.ActionUserEdit, "customer-1"},
		{"PATCH /v1/users/USER", object("name", "Renamed"), 200, "", ""},
		{"PATCH /v1/users/USER", object("disabled", true, "role", "member"), 200, lanyard.ActionUserDisable, "customer-1"},
		{"PATCH /v1/users/USER", object("disabled", false), 200, lanyard.ActionUserEnable, "customer-1"},
		{"POST /v1/users/USER/hand_over", object("to", string(l.UserID)), 200, lanyard.ActionUserHandOver, "customer-1"},
		{"DELETE /v1/users/USER", nil, 204, lanyard.ActionUserRemove, "customer-1"},
		{"DELETE /v1/users/USER", nil, 404, "", ""},
		{"POST /v1/webhooks", object("url", "https://app.example/hook?token=SECRET", "enabled", false), 201, lanyard.ActionWebhookCreate, "app.example"},
		{"POST /v1/webhooks", object("url", "app.example"), 400, "", ""},
		{"PATCH /v1/webhooks/MADE", object("description", "Ours"), 200, lanyard.ActionWebhookEdit, "app.example"},
		{"PATCH /v1/webhooks/MADE", object("description", "Ours"), 200, "", ""},
		{"POST /v1/webhooks/MADE/rotate_secret", nil, 200, lanyard.ActionWebhookSecret, "app.example"},
		{"POST /v1/webhooks/MADE/test", nil, 200, "", ""},
		{"DELETE /v1/webhooks/MADE", nil, 204, lanyard.ActionWebhookDelete, "app.example"},
		{"POST /v1/functions", object("link_name", "sync", "name", "Sync", "script", "key = \"SECRET\";"), 201, lanyard.ActionFunctionCreate, "sync"},
		{"POST /v1/functions", object("link_name", "other", "name", "Other", "script", "info ;"), 400, "", ""},
		{"PATCH /v1/functions/sync", object("name", "Sync all"), 200, lanyard.ActionFunctionEdit, "sync"},
		{"PATCH /v1/functions/sync", object("name", "Sync all"), 200, "", ""},
		{"POST /v1/functions/sync/run", object(), 200, "", ""},
		{"POST /v1/functions/sync/hook", nil, 200, lanyard.ActionFunctionHook, "sync"},
		{"DELETE /v1/functions/sync/hook", nil, 204, lanyard.ActionFunctionHookEnd, "sync"},
		{"DELETE /v1/functions/sync/hook", nil, 204, "", ""},
		{"DELETE /v1/functions/sync", nil, 204, lanyard.ActionFunctionDelete, "sync"},
		{"POST /v1/sign_in_links", nil, 201, lanyard.ActionSignInLinkCreate, "owner@example.com"},
		{"POST /v1/invitations", object("email", "new@example.com", "role", "member"), 201, lanyard.ActionInvitationCreate, "new@example.com"},
		{"DELETE /v1/invitations/MADE", nil, 204, lanyard.ActionInvitationRevoke, "new@example.com"},
		{"DELETE /v1/invitations/MADE", nil, 404, "", ""},
		{"POST /v1/users/" + string(l.UserID) + "/reset_password", object(), 201, lanyard.ActionResetLinkCreate, "owner@example.com"},
		{"PUT /v1/organization/single_sign_on", object("issuer", provider, "client_id", "c", "domains", []string{"example.com"}), 200, lanyard.ActionSingleSignOnSet, provider},
		{"PUT /v1/organization/single_sign_on", object("issuer", provider, "client_id", "", "domains", []string{"example.com"}), 400, "", ""},
		{"DELETE /v1/organization/single_sign_on", nil, 204, lanyard.ActionSingleSignOnDelete, provider},
		{"DELETE /v1/organization/single_sign_on", nil, 404, "", ""},
		{"GET /v1/audit", nil, 200, "", ""},
	} {
		call := strings.NewReplacer("MADE", madeKey, "USER", madeUser).Replace(c.call)
		a := l.Must(t, c.status, call, c.body)
		if c.action == "" {
			none(fmt.Sprintf("%s (%d)", call, c.status))
			continue
		}
		one(call, c.action, c.name, owner())
		if c.action == lanyard.ActionKeyCreate || c.action == lanyard.ActionInvitationCreate || c.action == lanyard.ActionWebhookCreate {
			madeKey = a.Field(t, "id").(string)
		}
		if c.action == lanyard.ActionUserCreate {
			madeUser = a.Field(t, "id").(string)
		}
	}
	t.Run("somebody else", func(t *testing.T) {
		if a := l.As(t, anna, "POST /v1/services", tenancyService(t, up, "annas")); a.Status != 201 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		one("anna's service", lanyard.ActionServiceCreate, "annas", map[string]any{"actor": string(annaID), "key": annasKey, "on_behalf_of": ""})
		if a := l.API(t, "PATCH /v1/services/annas", object("name", "Mine")); a.Status != 403 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		none("a refusal")
	})
	t.Run("in somebody's name", func(t *testing.T) {
		l.Must(t, 201, "POST /v1/connections", object("link_name", "hers", "name", "Hers", "service", "annas"), "Lanyard-User", string(annaID))
		one("a connection", lanyard.ActionConnectionCreate, "hers", map[string]any{"actor": string(l.UserID), "key": key, "on_behalf_of": string(annaID)})
		l.Must(t, 200, "POST /v1/connections/hers/connect", tenancyKey("SECRET"), "Lanyard-User", string(annaID))
		one("connecting it", lanyard.ActionConnect, "hers", map[string]any{"actor": string(l.UserID), "key": key, "on_behalf_of": string(annaID)})
	})
	t.Run("in the browser", func(t *testing.T) {
		link := l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
		fresh()
		browser := servertest.SignIn(t, link)
		entries := fresh()
		if len(entries) != 1 || entries[0]["action"] != string(lanyard.ActionSignIn) || entries[0]["actor"] != string(l.UserID) || entries[0]["key"] != "" {
			t.Errorf("signing in left %v", entries)
		}
		evil := providertest.Evil(t)
		l.Connect(t, rotatingService(evil), nil)
		fresh()
		back := consent(t, l, browser, "evil", nil, func(u string) string {
			return servertest.Get(t, servertest.Stranger(t), u).Header.Get("Location")
		})
		if back.Status != 303 {
			t.Fatalf("callback: %d %s", back.Status, back.Body)
		}
		one("a consent", lanyard.ActionConnect, "evil", map[string]any{"actor": string(l.UserID), "key": "", "on_behalf_of": ""})
	})
	t.Run("filters", func(t *testing.T) {
		for _, e := range tenancyItems(t, l, l.Key, "/v1/audit?action=connection.create") {
			if e["action"] != "connection.create" {
				t.Errorf("another action: %v", e)
			}
		}
		if got := tenancyItems(t, l, l.Key, "/v1/audit?limit=1&object="+ids["service acme"]); len(got) != 4 {
			t.Errorf("the service has %d entries, want 4: create, edit, edit, delete", len(got))
		}
		if got := tenancyItems(t, l, l.Key, "/v1/audit?action=service.edit&object="+ids["service acme"]); len(got) != 2 {
			t.Errorf("the service has %d edits, want 2", len(got))
		} else {
			for _, e := range got {
				if d := e["detail"].(map[string]any); d["keep_connections"] != "true" && d["keep_connections"] != "false" {
					t.Errorf("detail: %v", d)
				}
			}
		}
		if got := tenancyItems(t, l, l.Key, "/v1/audit?action=nothing"); len(got) != 0 {
			t.Errorf("an action that there is not: %v", got)
		}
	})
	t.Run("who may read it", func(t *testing.T) {
		rulesRefused(t, l.As(t, anna, "GET /v1/audit", nil), 403, lanyard.CodeForbidden)
		rulesRefused(t, l.API(t, "GET /v1/audit", nil, "Lanyard-User", string(annaID)), 403, lanyard.CodeForbidden)
		rulesRefused(t, l.As(t, reader, "GET /v1/audit", nil), 403, lanyard.CodeForbidden) // an admin's key that only invokes
	})
	all := l.Must(t, 200, "GET /v1/audit?limit=200", nil)
	for _, secret := range []string{"SECRET", l.Key, strings.TrimPrefix(l.Key, "lanyard_"), "/sign-in/"} {
		if strings.Contains(string(all.Body), secret) {
			t.Errorf("a secret is in the audit log: %s", all.Body)
		}
	}
}

func TestMetricsCountAndNameNobody(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	l.Expire(t)
	if a := call(t, l, evil); a.Status != 200 || a.Field(t, "status") != 200.0 {
		t.Fatalf("invoke: %d %s", a.Status, a.Body)
	}
	l.Must(t, 200, "GET /v1/proxy/evil/api/open/some/path", nil)
	l.API(t, "GET /v1/proxy/no_such_connection/x", nil)
	l.API(t, "GET /no/such/path", nil)
	l.API(t, "GET /v1/services/no_such_service", nil)
	metrics := string(l.As(t, "", "GET /metrics", nil).Body)
	for _, line := range []string{
		`lanyard_http_requests_total{route="POST /v1/invoke",status="2xx"} 1`,
		`lanyard_http_requests_total{route="/v1/proxy/{link_name}/{path...}",status="2xx"} 1`,
		`lanyard_http_requests_total{route="/v1/proxy/{link_name}/{path...}",status="4xx"} 1`,
		`lanyard_http_requests_total{route="GET /v1/services/{link_name}",status="4xx"} 1`,
		`lanyard_http_request_duration_seconds_count{route="POST /v1/invoke"} 1`,
		`lanyard_refreshes_total{result="ok"} 1`, `lanyard_refreshes_total{result="failed"} 0`,
		`lanyard_invocation_records_dropped_total 0`, "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("%s is not in the metrics:\n%s", line, metrics)
		}
	}
	for _, name := range []string{"evil", "no_such", "/no/such", "api/open", "127.0.0.1", string(l.OrganizationID), string(l.UserID), "usr_", "key_", "owner@"} {
		if strings.Contains(metrics, name) {
			t.Errorf("%q is in the metrics", name)
		}
	}
}

func TestHeadersOfTheWholeServer(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), tenancyKey("k"))
	browser := l.Browser(t)
	every := func(t *testing.T, h http.Header, want map[string]string) {
		t.Helper()
		for name, value := range want {
			if got := strings.Join(h.Values(name), ", "); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		for name := range h {
			if strings.HasPrefix(name, "Access-Control-") || name == "Server" || name == "X-Powered-By" {
				t.Errorf("I15: %s: %s", name, h.Get(name))
			}
		}
	}
	page := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":  "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		"Content-Type": "text/html; charset=utf-8",
	}
	for _, path := range []string{"/", "/nothing", "/setup/x", "/sign-in/x", "/connect/x", "/connect/result/x", "/oauth/callback/org/acme?code=1&state=2", "/v10"} {
		t.Run("page "+path, func(t *testing.T) {
			for _, b := range []*http.Client{browser, servertest.Stranger(t)} {
				a := servertest.Get(t, b, l.URL+path)
				every(t, a.Header, page)
				if r := a.Header.Get("Referrer-Policy"); r != "no-referrer" && r != "same-origin" {
					t.Errorf("I09: Referrer-Policy is %q", r)
				}
			}
		})
	}
	answer := map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
	for _, call := range []string{
		"GET /v1/me", "GET /v1/services/acme", "GET /v1/services/nothing", "GET /v1/nothing", "PUT /v1/services", "POST /v1/services", "GET /v1/proxy/acme/x", "GET /v1/proxy/nothing/x", "OPTIONS /v1/me",
	} {
		t.Run(call, func(t *testing.T) {
			for _, key := range []string{l.Key, ""} {
				a := l.As(t, key, call, nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
				every(t, a.Header, answer)
				if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Authorization") {
					t.Errorf("Vary is %q", a.Header.Values("Vary"))
				}
			}
		})
	}
}

// recordedAt is the time of a record. As texts times do not sort: the zeros at the end of a fraction are left out.
func recordedAt(t *testing.T, record map[string]any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, record["at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}
