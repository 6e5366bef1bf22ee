package servertest_test

import (
	"context"
	"database/sql"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/storetest"
)

// The way back from a provider, attacked. The tests carry the numbers of the cases that they stand for; what counts is
// what the provider saw, what the browser was told, and what is stored. This file has what they share, and the state;
// callback_person_test.go who may finish a consent, callback_provider_test.go providers mixed up,
// callback_answer_test.go what a provider answers, callback_service_test.go what a definition may say, and
// callback_oauth1_test.go OAuth 1.

// evilOAuth2 is a service at an evil provider. Pairs are put into its auth, where nil removes.
func evilOAuth2(t testing.TB, evil *providertest.EvilProvider, name string, pairs ...any) map[string]any {
	auth := object("type", "oauth2", "grant_type", "authorization_code", "client_id", providertest.EvilClientID, "client_secret", providertest.EvilClientSecret,
		"authorize_url", evil.Authorize.URL, "access_token_url", evil.Token.URL, "revoke_token_url", evil.Revoke.URL,
		"scopes", []map[string]any{{"name": "Read", "value": "read"}, {"name": "Write", "value": "write"}})
	for name, value := range object(pairs...) {
		if auth[name] = value; value == nil {
			delete(auth, name)
		}
	}
	return object("link_name", name, "name", name, "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)}, "auth", auth)
}

// consentWorld is a server with one service at an evil provider, one connection of the same name that is not connected,
// and the owner's browser.
func consentWorld(t testing.TB, name string, changes ...func(*server.Config)) (*servertest.Lanyard, *providertest.EvilProvider, *http.Client) {
	t.Helper()
	evil, l := providertest.Evil(t), servertest.Start(t, changes...)
	l.Connect(t, evilOAuth2(t, evil, name), nil)
	return l, evil, l.Browser(t)
}

// newConnection makes a connection for the key's user.
func newConnection(t testing.TB, l *servertest.Lanyard, key, name, service string, more ...any) {
	t.Helper()
	body := object(more...)
	body["link_name"], body["name"], body["service"] = name, name, service
	if a := l.As(t, key, "POST /v1/connections", body); a.Status != 201 {
		t.Fatalf("make connection %s: %d %s", name, a.Status, a.Body)
	}
}

// signIn is a browser of the key's user.
func signIn(t testing.TB, l *servertest.Lanyard, key string) *http.Client {
	t.Helper()
	a := l.As(t, key, "POST /v1/sign_in_links", nil)
	if a.Status != 201 {
		t.Fatalf("make a sign-in link: %d %s", a.Status, a.Body)
	}
	return servertest.SignIn(t, a.Field(t, "url").(string))
}

// member is another user of the organization, with the means to make connections.
func member(t testing.TB, l *servertest.Lanyard, name string) (lanyard.UserID, string) {
	t.Helper()
	return l.Member(t, name+"@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
}

// connectURL asks, with the key of its user, for the link that leads to the provider.
func connectURL(t testing.TB, l *servertest.Lanyard, key, connection string) string {
	t.Helper()
	a := l.As(t, key, "POST /v1/connections/"+connection+"/connect", object())
	if a.Status != 200 || a.Field(t, "status") != "consent_required" {
		t.Fatalf("connect %s: %d %s", connection, a.Status, a.Body)
	}
	return a.Field(t, "connect_url").(string)
}

// begin starts a consent in the browser of the owner, and gives the provider's URL that it was sent to.
func begin(t testing.TB, l *servertest.Lanyard, browser *http.Client, connection string) string {
	t.Helper()
	return l.Leave(t, browser, connectURL(t, l, l.Key, connection))
}

// allow consents at an evil provider, and gives the callback URL that the browser is sent to.
func allow(t testing.TB, authorizeURL string) string {
	t.Helper()
	a := servertest.Get(t, servertest.Stranger(t), authorizeURL)
	if a.Status != http.StatusFound {
		t.Fatalf("consent at %s: %d %s", authorizeURL, a.Status, a.Body)
	}
	return a.Header.Get("Location")
}

// connected goes the whole way once.
func connected(t testing.TB, l *servertest.Lanyard, browser *http.Client, connection string) {
	t.Helper()
	back := servertest.Get(t, browser, allow(t, begin(t, l, browser, connection)))
	if got := standing(t, l, l.Key, connection); got != "connected" {
		t.Fatalf("%s is %s after the callback: %d to %q %s", connection, got, back.Status, back.Header.Get("Location"), back.Body)
	}
}

// edited is a URL with its query changed.
func edited(t testing.TB, raw string, edit func(url.Values)) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	edit(q)
	u.RawQuery = q.Encode()
	return u.String()
}

// queryOf reads one parameter of a URL.
func queryOf(t testing.TB, raw, name string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// standing is the status of a connection, as the key's user sees it.
func standing(t testing.TB, l *servertest.Lanyard, key, connection string) string {
	t.Helper()
	a := l.As(t, key, "GET /v1/connections/"+connection, nil)
	if a.Status != 200 {
		t.Fatalf("read connection %s: %d %s", connection, a.Status, a.Body)
	}
	return a.Field(t, "status").(string)
}

// refused checks that an answer is an error page of that status which says so.
func refused(t testing.TB, a *servertest.Answer, status int, says string) {
	t.Helper()
	if a.Status != status || !strings.Contains(string(a.Body), says) || a.Header.Get("Location") != "" {
		t.Errorf("got %d to %q, want %d and %q: %s", a.Status, a.Header.Get("Location"), status, says, content(string(a.Body)))
	}
}

// resultOf opens the page that a callback led to, and checks that it leads nowhere else.
func resultOf(t testing.TB, l *servertest.Lanyard, browser *http.Client, back *servertest.Answer) string {
	t.Helper()
	to := back.Header.Get("Location")
	if back.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/connect/result/") {
		t.Fatalf("callback: got %d to %q, want a redirect to the result:\n%s", back.Status, to, back.Body)
	}
	page := servertest.Get(t, browser, l.URL+to)
	if page.Status != 200 {
		t.Fatalf("result page: %d %s", page.Status, content(string(page.Body)))
	}
	return string(page.Body)
}

var markup = regexp.MustCompile(`(?s)<[^>]*>`)

// content is the text of a page, without what stands around it on every page.
func content(page string) string {
	if _, rest, found := strings.Cut(page, "<main"); found {
		page, _, _ = strings.Cut("<main"+rest, "</main>")
	}
	return strings.Join(strings.Fields(markup.ReplaceAllString(page, "")), " ")
}

// says checks that a page says each text, or holds it as markup.
func says(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(content(page), text) && !strings.Contains(page, text) {
			t.Errorf("the page does not say %q: %s", text, content(page))
		}
	}
}

// exchanged checks how many codes the token endpoint was ever given.
func exchanged(t testing.TB, evil *providertest.EvilProvider, want int) {
	t.Helper()
	if all := evil.Token.Requests(); len(all) != want {
		t.Errorf("the token endpoint got %d requests, want %d", len(all), want)
		for _, r := range all {
			t.Logf("%s %s: %s", r.Method, r.URI, r.Body)
		}
	}
}

// bearerOf calls through a connection and gives the Authorization header that the provider's API got.
func bearerOf(t testing.TB, l *servertest.Lanyard, evil *providertest.EvilProvider, connection string) string {
	t.Helper()
	a := l.Must(t, 200, "POST /v1/invoke", object("connection", connection, "url", evil.Bearer.URL))
	if a.Field(t, "status") != 200.0 {
		t.Fatalf("invoke %s: %s", connection, a.Body)
	}
	all := evil.Bearer.Requests()
	return all[len(all)-1].Header.Get("Authorization")
}

// arrival is what a browser got in the background.
type arrival struct {
	status   int
	location string
	body     string
	err      error
}

// arrive opens an address in the background.
func arrive(browser *http.Client, address string) <-chan arrival {
	done := make(chan arrival, 1)
	go func() {
		resp, err := browser.Get(address)
		if err != nil {
			done <- arrival{err: err}
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		done <- arrival{resp.StatusCode, resp.Header.Get("Location"), string(body), err}
	}()
	return done
}

// inDatabase stops the server for as long as do has the embedded database for itself.
func inDatabase(t testing.TB, l *servertest.Lanyard, do func(*sql.DB)) {
	t.Helper()
	l.Stop(t)
	defer l.Serve(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(l.Config.DataDir, "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	do(db)
}

func execute(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func count(t testing.TB, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// absentOnDisk checks that no file of the data directory holds any of the texts. The server has to be stopped.
func absentOnDisk(t testing.TB, l *servertest.Lanyard, texts map[string]string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(l.Config.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for what, text := range texts {
			if text == "" {
				t.Fatalf("%s is empty, so looking for it means nothing", what)
			}
			if strings.Contains(string(data), text) {
				t.Errorf("%s is in %s", what, d.Name())
			}
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("looked into %d files: %v", files, err)
	}
}

const (
	unknownAnswer = "belongs to no consent that was started here"
	someoneElse   = "started by somebody else or in another browser"
	otherService  = "arrived at the callback of another service"
)

func TestA01_CallbackWithoutAUsableState(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	good := allow(t, begin(t, l, browser, "acme"))
	for name, edit := range map[string]func(url.Values){
		"absent":           func(q url.Values) { q.Del("state") },
		"empty":            func(q url.Values) { q.Set("state", "") },
		"10 kB":            func(q url.Values) { q.Set("state", strings.Repeat("A", 10<<10)) },
		"10 kB after it":   func(q url.Values) { q.Set("state", q.Get("state")+strings.Repeat("A", 10<<10)) },
		"NUL":              func(q url.Values) { q.Set("state", "\x00") },
		"NUL after it":     func(q url.Values) { q.Set("state", q.Get("state")+"\x00") },
		"a blank after it": func(q url.Values) { q.Set("state", q.Get("state")+" ") },
		"twice":            func(q url.Values) { q.Add("state", q.Get("state")) },
		"lower case":       func(q url.Values) { q.Set("state", strings.ToLower(q.Get("state"))) },
		"another":          func(q url.Values) { q.Set("state", strings.Repeat("A", 52)) },
		"nothing at all":   func(q url.Values) { clear(q) },
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, servertest.Get(t, browser, edited(t, good, edit)), 400, unknownAnswer)
		})
	}
	exchanged(t, evil, 0)
	if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
		t.Errorf("the connection is %s", got)
	}
	// The flow itself was not touched by all this.
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, good)), "is connected")
	exchanged(t, evil, 1)
}

func TestA03_TwoCallbacksAtOnceOnTwoReplicas(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme", func(c *server.Config) { c.Database = storetest.Postgres(t) })
	replica := l.Replica(t)
	onReplica := func(u string) string { return replica.URL + strings.TrimPrefix(u, l.URL) }

	const rounds = 20
	for round := range rounds {
		callback := allow(t, begin(t, l, browser, "acme"))
		var both sync.WaitGroup
		var answers [2]arrival
		for i, address := range []string{callback, onReplica(callback)} {
			both.Go(func() { answers[i] = <-arrive(browser, address) })
		}
		both.Wait()
		for _, a := range answers {
			if a.err != nil || a.status != 303 || a.location != answers[0].location || !strings.HasPrefix(a.location, "/connect/result/") {
				t.Fatalf("round %d: %+v", round, a)
			}
		}
		exchanged(t, evil, round+1)
		if t.Failed() {
			return
		}
		says(t, string(servertest.Get(t, browser, onReplica(answers[0].location)).Body), "is connected")
	}
	// None of the exchanges was followed by another with the same code, for which the provider would have ended the grant.
	if got := bearerOf(t, l, evil, "acme"); !strings.HasPrefix(got, "Bearer at.") {
		t.Errorf("the API got %q", got)
	}

	// The second comes while the first still waits for the provider: it does not wait, and claims nothing.
	newConnection(t, l, l.Key, "slow", "acme", "scopes", []string{"read"})
	asked, answer := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	defer release()
	evil.Token.After(func(providertest.Request, *providertest.Answer) { close(asked); <-answer })
	callback := allow(t, begin(t, l, browser, "slow"))
	first := arrive(browser, callback)
	<-asked
	second := servertest.Get(t, browser, onReplica(callback))
	page := resultOf(t, replica, browser, second)
	says(t, page, "slow is not connected", "acme has not answered yet")
	if strings.Contains(content(page), "slow is connected") {
		t.Errorf("the page says that it is connected, which it is not yet: %s", content(page))
	}
	release()
	if a := <-first; a.err != nil || a.status != 303 || a.location != second.Header.Get("Location") {
		t.Errorf("the first callback: %+v", a)
	}
	exchanged(t, evil, rounds+1)
	says(t, resultOf(t, replica, browser, second), "is connected")
}

func TestA02_BrowserThatHangsUp(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	asked, answer := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	defer release()
	evil.Token.After(func(providertest.Request, *providertest.Answer) { close(asked); <-answer })
	callback := allow(t, begin(t, l, browser, "acme"))
	ctx, hangUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, callback, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() {
		resp, err := browser.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		gone <- err
	}()
	<-asked
	hangUp()
	if err := <-gone; err == nil {
		t.Fatal("the callback was answered before the provider answered")
	}
	page := resultOf(t, l, browser, servertest.Get(t, browser, callback))
	says(t, page, "acme has not answered yet")
	release()
	// The exchange goes on without the browser, which finds its end by "back".
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(page, "is connected"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the page still says: %s", content(page))
		}
		page = resultOf(t, l, browser, servertest.Get(t, browser, callback))
	}
	exchanged(t, evil, 1)
	if got := bearerOf(t, l, evil, "acme"); !strings.HasPrefix(got, "Bearer at.") {
		t.Errorf("the API got %q", got)
	}
	// What the page says is true later on too.
	l.Must(t, 200, "POST /v1/connections/acme/revoke", nil)
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "acme is not connected", "is not any more")
}

func TestA04_StateOlderThanTenMinutes(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	late, inTime := allow(t, begin(t, l, browser, "acme")), allow(t, begin(t, l, browser, "acme"))
	age := func(callback string, d time.Duration) {
		inDatabase(t, l, func(db *sql.DB) {
			execute(t, db, `UPDATE consent_requests SET created_at = created_at - $1, expires_at = expires_at - $1
				WHERE id = (SELECT id FROM consent_requests ORDER BY created_at LIMIT 1 OFFSET $2)`, d.Milliseconds(), map[string]int{late: 0, inTime: 1}[callback])
		})
	}
	age(late, 10*time.Minute)
	age(inTime, 9*time.Minute)
	a := servertest.Get(t, browser, late)
	refused(t, a, 400, "took longer than ten minutes")
	says(t, string(a.Body), "Start again")
	exchanged(t, evil, 0)
	if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
		t.Errorf("the connection is %s", got)
	}
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, inTime)), "is connected")
}

func TestA05_StatesAreRandomAndStoredHashed(t *testing.T) {
	l, _, browser := consentWorld(t, "acme")
	link := connectURL(t, l, l.Key, "acme")
	const (
		states   = 1000
		alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	)
	form := regexp.MustCompile(`^[A-Z2-7]{52}$`) // 260 bits
	seen, challenges := map[string]bool{}, map[string]bool{}
	var counts [52][256]int
	var last string
	for range states {
		authorize := l.Leave(t, browser, link)
		last = queryOf(t, authorize, "state")
		if !form.MatchString(last) || seen[last] {
			t.Fatalf("state %q: of another form, or it was there before", last)
		}
		seen[last] = true
		challenge := queryOf(t, authorize, "code_challenge")
		if challenge == "" || challenges[challenge] {
			t.Fatalf("challenge %q: absent, or it was there before", challenge)
		}
		challenges[challenge] = true
		for i := range last {
			counts[i][last[i]]++
		}
	}
	// Chi-square with 31 degrees of freedom at every place: above 110 about once in 10^10 tests.
	expected := float64(states) / float64(len(alphabet))
	for place := range counts {
		sum := 0.0
		for _, c := range alphabet {
			sum += math.Pow(float64(counts[place][c])-expected, 2) / expected
		}
		if sum > 110 {
			t.Errorf("the characters at place %d are not evenly spread: chi-square %.1f", place, sum)
		}
	}
	var hash []byte
	inDatabase(t, l, func(db *sql.DB) {
		// A30: one user keeps at most fifty open.
		if n := count(t, db, "SELECT count(*) FROM consent_requests"); n != 50 {
			t.Errorf("%d consents are kept, want 50", n)
		}
		if err := db.QueryRowContext(t.Context(), "SELECT state_hash FROM consent_requests ORDER BY created_at DESC LIMIT 1").Scan(&hash); err != nil {
			t.Fatal(err)
		}
		absentOnDisk(t, l, map[string]string{"the state": last, "the first half of the state": last[:26], "the second half": last[26:]})
	})
	if len(hash) != 32 {
		t.Errorf("what is stored in the state's place has %d bytes, want a SHA-256", len(hash))
	}
}
