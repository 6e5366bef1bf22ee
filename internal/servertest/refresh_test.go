package servertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// storm makes n calls at once, spread over the servers, and gives how many answered which status (0: Lanyard's error).
func storm(t *testing.T, n int, connection string, servers ...*servertest.Lanyard) map[int]int {
	t.Helper()
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		l := servers[i%len(servers)]
		wg.Go(func() {
			<-start
			status := 0
			if got := l.API(t, "POST /v1/invoke", object("connection", connection, "url", "/api/whoami")); got.Status == 200 {
				status = int(got.Field(t, "status").(float64))
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	close(start)
	wg.Wait()
	return statuses
}

// connectedOIDC is a connection "acme" to oidc-provider with rotating refresh tokens, connected by alice.
func connectedOIDC(t *testing.T, l *servertest.Lanyard, c providertest.OIDCConfig) *providertest.OIDCPeer {
	t.Helper()
	c.Callbacks, c.Rotate = []string{callbackOf(l, "acme")}, true
	if c.AccessTTL == 0 {
		c.AccessTTL = 10 * time.Minute
	}
	peer := providertest.OIDC(t, c)
	l.Connect(t, oauth2Service(l, "acme", peer, providertest.WebBasicID, providertest.WebBasicSecret), nil)
	back := consent(t, l, l.Browser(t), "acme", nil, func(u string) string { return peer.Consent(t, servertest.Stranger(t), u, "alice") })
	if back.Status != 303 {
		t.Fatalf("callback: %d %s", back.Status, back.Body)
	}
	return peer
}

// alive asks the provider whether the grant still stands, by one more refresh.
func alive(t *testing.T, l *servertest.Lanyard, peer *providertest.OIDCPeer) {
	t.Helper()
	if revoked := peer.Events("grant.revoked"); len(revoked) > 0 {
		t.Errorf("the provider revoked the grant: %+v", revoked)
	}
	if c := l.Must(t, 200, "GET /v1/connections/acme", nil); c.Field(t, "status") != "connected" {
		t.Errorf("connection: %s", c.Body)
	}
}

func TestB01_StormInOneProcess(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.ShutdownGrace = time.Minute })
	peer := connectedOIDC(t, l, providertest.OIDCConfig{TokenDelay: 300 * time.Millisecond})
	l.Expire(t)
	if got := storm(t, 500, "acme", l); got[200] != 500 {
		t.Errorf("statuses %v, want 500 times 200", got)
	}
	if n := len(peer.TokenRequests("refresh_token")); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1", n)
	}
	alive(t, l, peer)
}

// process is a `lanyard serve` of its own.
func process(t *testing.T, binary string, l *servertest.Lanyard, first bool) *servertest.Lanyard {
	t.Helper()
	r := *l
	if !first {
		r.Config.Listen = servertest.FreeAddr(t)
	}
	r.URL = "http://" + r.Config.Listen
	cmd := exec.Command(binary, "serve", "--data", filepath.Join(t.TempDir(), "data"), "--key-file", filepath.Join(l.Config.DataDir, "key"),
		"--database", l.Config.Database, "--listen", r.Config.Listen, "--public-url", l.URL, "--allow-network", "127.0.0.0/8", "--log-level", "warn")
	cmd.Stdout, cmd.Stderr = l.Log, l.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("lanyard serve: %v\n%s", err, l.Log)
		}
	})
	for range 600 {
		if resp, err := http.Get(r.URL + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == 200 {
				return &r
			}
		}
		time.Sleep(50 * time.Millisecond) // until it answers
	}
	t.Fatalf("lanyard serve does not answer\n%s", l.Log)
	return nil
}

func TestB02_StormOverThreeProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	binary := filepath.Join(t.TempDir(), "lanyard")
	if out, err := exec.Command("go", "build", "-o", binary, "lanyard/cmd/lanyard").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	l := servertest.New(t, func(c *server.Config) { c.Database = storetest.Postgres(t) })
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	l.Key, l.OrganizationID, l.UserID = made.APIKey.Reveal(), made.OrganizationID, made.UserID
	one := process(t, binary, l, true)
	two, three := process(t, binary, l, false), process(t, binary, l, false)
	peer := connectedOIDC(t, one, providertest.OIDCConfig{TokenDelay: 200 * time.Millisecond})
	for round := 1; round <= 3; round++ {
		one.Expire(t)
		if got := storm(t, 500, "acme", one, two, three); got[200] != 500 {
			t.Fatalf("round %d: statuses %v, want 500 times 200\n%s", round, got, l.Log)
		}
		if n := len(peer.TokenRequests("refresh_token")); n != round {
			t.Fatalf("round %d: the provider saw %d refreshes, want one a round", round, n)
		}
	}
	alive(t, one, peer)
}

func TestB03_StormBesideTheSweep(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.Database, c.SweepEvery = storetest.Postgres(t), 20*time.Millisecond })
	replica := l.Replica(t)
	peer := connectedOIDC(t, l, providertest.OIDCConfig{TokenDelay: 100 * time.Millisecond})
	for round := 1; round <= 3; round++ {
		l.SQL(t, `UPDATE authorizations SET expires_at = 1000, refresh_due_at = 1000`)
		if got := storm(t, 60, "acme", l, replica); got[200] != 60 {
			t.Errorf("statuses %v, want 60 times 200", got)
		}
		if n := len(peer.TokenRequests("refresh_token")); n != round {
			t.Errorf("round %d: the provider saw %d refreshes, want one a round", round, n)
		}
	}
	alive(t, l, peer)
}

func TestSweepRefreshesAheadOfTimeAndSurvivesARestart(t *testing.T) {
	l := servertest.Start(t)
	peer := connectedOIDC(t, l, providertest.OIDCConfig{})
	l.Stop(t)
	l.SQL(t, `UPDATE authorizations SET refresh_due_at = 1000`)
	l.Config.SweepEvery = 20 * time.Millisecond
	l.Serve(t)
	await(t, "the sweep refreshes", func() bool { return len(peer.TokenRequests("refresh_token")) == 1 })
	l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/api/whoami"))
	alive(t, l, peer)
}

// await asks again and again until it is so, for half a minute.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !so(); {
		if time.Now().After(until) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond) // between two looks
	}
}

// --- with a provider that can be told to misbehave

func rotatingService(evil *providertest.EvilProvider, more ...any) map[string]any {
	auth := object("type", "oauth2", "grant_type", "authorization_code", "client_id", providertest.EvilClientID, "client_secret", providertest.EvilClientSecret,
		"authorize_url", evil.Authorize.URL, "access_token_url", evil.Token.URL, "revoke_token_url", evil.Revoke.URL)
	for i := 0; i < len(more); i += 2 {
		auth[more[i].(string)] = more[i+1]
	}
	return object("link_name", "evil", "base_url", evil.URL, "hosts", []string{strings.TrimPrefix(evil.URL, "http://")}, "auth", auth)
}

// evilConnected is a connection "evil" to an Evil provider.
func evilConnected(t *testing.T, l *servertest.Lanyard, more ...any) *providertest.EvilProvider {
	t.Helper()
	evil := providertest.Evil(t)
	l.Connect(t, rotatingService(evil, more...), nil)
	reconnect(t, l)
	return evil
}

func reconnect(t *testing.T, l *servertest.Lanyard) {
	t.Helper()
	browser := l.Browser(t)
	back := consent(t, l, browser, "evil", nil, func(u string) string {
		return servertest.Get(t, servertest.Stranger(t), u).Header.Get("Location")
	})
	if back.Status != 303 || !strings.HasPrefix(back.Header.Get("Location"), "/connect/result/") {
		t.Fatalf("callback: %d %s", back.Status, back.Body)
	}
	if c := l.Must(t, 200, "GET /v1/connections/evil", nil); c.Field(t, "status") != "connected" {
		page := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
		t.Fatalf("not connected: %s", page.Body)
	}
}

func call(t *testing.T, l *servertest.Lanyard, evil *providertest.EvilProvider) *servertest.Answer {
	t.Helper()
	return l.API(t, "POST /v1/invoke", object("connection", "evil", "url", evil.Bearer.URL))
}

func refreshes(evil *providertest.EvilProvider) int { return len(evil.Token.Grants("refresh_token")) }

func TestB04_SlowProviderIsAskedOnce(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.Database, c.ExchangeTimeout = storetest.Postgres(t), 20*time.Second })
	replica := l.Replica(t)
	evil := evilConnected(t, l)
	l.Expire(t)
	evil.Token.After(func(_ providertest.Request, a *providertest.Answer) { a.Delay = 3 * time.Second })
	var wg sync.WaitGroup
	for _, server := range []*servertest.Lanyard{l, replica, l, replica, l, replica} {
		wg.Go(func() {
			if got := call(t, server, evil); got.Status != 200 {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		})
	}
	wg.Wait()
	if n := refreshes(evil); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1", n)
	}
}

func TestB04_CallerThatHangsUpHarmsNobody(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	l.Expire(t)
	arrived, answer := make(chan struct{}), make(chan struct{})
	evil.Token.After(func(providertest.Request, *providertest.Answer) { close(arrived); <-answer })
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		body := strings.NewReader(`{"connection":"evil","url":"` + evil.Bearer.URL + `"}`)
		req, err := http.NewRequestWithContext(ctx, "POST", l.URL+"/v1/invoke", body)
		if err != nil {
			gone <- err
			return
		}
		req.Header.Set("Authorization", "Bearer "+l.Key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		gone <- err
	}()
	<-arrived
	hangUp()
	if err := <-gone; err == nil {
		t.Fatal("the caller got an answer although it hung up")
	}
	evil.Token.Honest()
	close(answer)
	if got := call(t, l, evil); got.Status != 200 || got.Field(t, "status") != 200.0 {
		t.Errorf("the next call: %d %s", got.Status, got.Body)
	}
	if n := refreshes(evil); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1", n)
	}
}

func TestB07_KilledBeforeTheRequestLeft(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	l.Stop(t)
	// What a process leaves that was killed between its lease and its request: both noted, the lease run out.
	l.SQL(t, `UPDATE authorizations SET expires_at = 1000, lease = 7, lease_until = 2000, attempt_at = 1500`)
	l.Serve(t)
	if got := call(t, l, evil); got.Status != 200 || got.Field(t, "status") != 200.0 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if n := refreshes(evil); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1", n)
	}
}

func TestB08_AnswerBeyondTheTimeOut(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.ExchangeTimeout = 300 * time.Millisecond })
	evil := evilConnected(t, l)
	l.Expire(t)
	evil.Token.After(func(_ providertest.Request, a *providertest.Answer) { a.Delay = 2 * time.Second }) // it did its work
	if got := call(t, l, evil); got.Status != 503 || got.Code() != "refresh_unavailable" {
		t.Fatalf("while the provider is slow: %d %s", got.Status, got.Body)
	}
	evil.Token.Honest()
	l.Stop(t)
	l.SQL(t, `UPDATE authorizations SET retry_at = 0`)
	l.Serve(t)
	// The provider has used the refresh token up, so asking with it again ends the grant: the person is told what happened.
	got := call(t, l, evil)
	if got.Status != 409 || got.Code() != "reconnect_required" || !strings.Contains(string(got.Body), "was lost at") {
		t.Errorf("afterwards: %d %s, want reconnect_required that speaks of the lost answer", got.Status, got.Body)
	}
	call(t, l, evil)
	if n := refreshes(evil); n != 2 {
		t.Errorf("the provider saw %d refreshes, want 2: the lost one and one retry", n)
	}
}

func TestB10_RefusedBecauseSomebodyElseWasFaster(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.Database = storetest.Postgres(t) })
	evil := evilConnected(t, l)
	l.Expire(t)
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Database: l.Config.Database, KeyFile: filepath.Join(l.Config.DataDir, "key")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	con, err := s.Connection(t.Context(), l.OrganizationID, "evil")
	if err != nil {
		t.Fatal(err)
	}
	evil.Token.Before(func(r providertest.Request) *providertest.Answer {
		a, c, err := s.OpenAuthorization(context.Background(), l.OrganizationID, con.ID, l.UserID)
		if err != nil {
			t.Error(err)
			return nil
		}
		c.AccessToken = lanyard.NewSecret("the-winners-token")
		lease := store.Lease{Organization: l.OrganizationID, Authorization: a.ID, Generation: a.Generation}
		if ok, err := s.StoreRefreshed(context.Background(), lease, store.Refreshed{Credential: c, Known: true, Lifetime: time.Hour}, lanyard.AuditEntry{Action: "test"}); !ok || err != nil {
			t.Error("the other replica could not store its result:", ok, err)
		}
		return &providertest.Answer{Status: 400, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"error":"invalid_grant"}`}
	})
	evil.Bearer.Before(func(r providertest.Request) *providertest.Answer {
		return &providertest.Answer{Body: r.Header.Get("Authorization")}
	})
	got := call(t, l, evil)
	seen := evil.Bearer.Requests()
	if got.Status != 200 || len(seen) == 0 || seen[len(seen)-1].Header.Get("Authorization") != "Bearer the-winners-token" {
		t.Errorf("got %d %s; the winner's token was not used", got.Status, got.Body)
	}
	if c := l.Must(t, 200, "GET /v1/connections/evil", nil); c.Field(t, "status") != "connected" {
		t.Errorf("connection: %s", c.Body)
	}
}

func TestB11_B25_RefusedRefreshToken(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	evil.RevokeGrants() // the person ended it in the provider's settings
	l.Expire(t)
	for range 3 {
		got := call(t, l, evil)
		if got.Status != 409 || got.Code() != "reconnect_required" || got.Field(t, "connect_url") == nil {
			t.Errorf("got %d %s, want reconnect_required with a connect URL", got.Status, got.Body)
		}
	}
	if n := refreshes(evil); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1: later calls fail fast", n)
	}
	c := l.Must(t, 200, "GET /v1/connections/evil", nil)
	if reason, _ := c.Field(t, "status_reason").(string); c.Field(t, "status") != "reconnect_required" || !strings.Contains(reason, "invalid_grant") {
		t.Errorf("connection: %s", c.Body)
	}
	var notices int
	for _, e := range l.Must(t, 200, "GET /v1/audit?action=authorization.reconnect_required", nil).Field(t, "items").([]any) {
		_ = e
		notices++
	}
	if notices != 1 {
		t.Errorf("%d audit entries, want 1", notices)
	}
	reconnect(t, l)
	if got := call(t, l, evil); got.Status != 200 {
		t.Errorf("reconnected: %d %s", got.Status, got.Body)
	}
}

// again lets a refresh be tried at once, although the provider asked for a pause.
func again(t *testing.T, l *servertest.Lanyard) {
	t.Helper()
	l.Stop(t)
	l.SQL(t, `UPDATE authorizations SET retry_at = 0, expires_at = 1000, lifetime = 3600000`)
	l.Serve(t)
}

func TestB12_RefusalsDoNotLoop(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	for _, c := range []struct {
		name   string
		answer providertest.Answer
		code   string // what a call says
		says   string
	}{
		{"unauthorized_client", jsonError(400, "unauthorized_client"), "reconnect_required", "unauthorized_client"},
		{"a code that no RFC lists", jsonError(400, "bad_refresh_token"), "reconnect_required", "bad_refresh_token"},
		{"invalid_client", jsonError(401, "invalid_client"), "refresh_unavailable", "client id and secret"},
		{"invalid_scope", jsonError(400, "invalid_scope"), "reconnect_required", "invalid_scope"},
		{"HTML", providertest.Answer{Status: 400, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>Bad request</html>"}, "refresh_unavailable", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			again(t, l)
			before := refreshes(evil)
			evil.Token.Always(c.answer)
			for range 3 {
				got := call(t, l, evil)
				if got.Code() != c.code || !strings.Contains(string(got.Body), c.says) {
					t.Errorf("got %d %s, want %s that says %q", got.Status, got.Body, c.code, c.says)
				}
			}
			// With automatic client authentication invalid_client is answered by one more try in the body.
			if n := refreshes(evil) - before; n > 2 || n == 0 || n == 2 && c.name != "invalid_client" {
				t.Errorf("the provider was asked %d times", n)
			}
			evil.Token.Honest()
			if c.code == "reconnect_required" {
				reconnect(t, l)
			}
		})
	}
}

func jsonError(status int, code string) providertest.Answer {
	return providertest.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"error":"` + code + `"}`}
}

func TestB13_ProviderThatIsDownIsNotARefusal(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	unreachable := providertest.Answer{Reset: true}
	for _, c := range []struct {
		name   string
		answer providertest.Answer
		wait   int // seconds at least, in Retry-After
	}{
		{"500", providertest.Answer{Status: 500}, 1},
		{"502", providertest.Answer{Status: 502, Body: "<html>Bad gateway</html>"}, 1},
		{"503 with Retry-After", providertest.Answer{Status: 503, Header: http.Header{"Retry-After": {"120"}}}, 119},
		{"503 with a date", providertest.Answer{Status: 503, Header: http.Header{"Retry-After": {time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat)}}}, 300},
		{"429", jsonError(429, "slow_down"), 1},
		{"reset", unreachable, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			again(t, l)
			evil.Token.Always(c.answer)
			before := refreshes(evil)
			var after string
			for range 3 {
				got := call(t, l, evil)
				if got.Status != 503 || got.Code() != "refresh_unavailable" {
					t.Errorf("got %d %s, want refresh_unavailable", got.Status, got.Body)
				}
				after = got.Header.Get("Retry-After")
			}
			if n := refreshes(evil) - before; n != 1 {
				t.Errorf("asked %d times, want once until the pause is over", n)
			}
			var seconds int
			if _, err := fmt.Sscan(after, &seconds); err != nil || seconds < c.wait || seconds > 3700 {
				t.Errorf("Retry-After %q, want at least %d", after, c.wait)
			}
			if got := l.Must(t, 200, "GET /v1/connections/evil", nil); got.Field(t, "status") != "connected" {
				t.Errorf("connection: %s", got.Body)
			}
		})
	}
	t.Run("the old token serves while it lives", func(t *testing.T) {
		l.Stop(t)
		// In the margin before expiry, but not expired.
		l.SQL(t, `UPDATE authorizations SET retry_at = 0, lifetime = 3600000, expires_at = $1`, time.Now().Add(15*time.Second).UnixMilli())
		l.Serve(t)
		evil.Token.Always(providertest.Answer{Status: 500})
		before := refreshes(evil)
		for range 3 {
			if got := call(t, l, evil); got.Status != 200 || got.Field(t, "status") != 200.0 {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		}
		if n := refreshes(evil) - before; n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
	})
	t.Run("it recovers by itself", func(t *testing.T) {
		evil.Token.Honest()
		again(t, l)
		if got := call(t, l, evil); got.Status != 200 {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
}

func TestB15_ExpiresIn(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	for _, c := range []struct {
		value string
		known bool
		life  time.Duration
	}{
		{``, false, 0}, {`null`, false, 0}, {`"3600"`, true, time.Hour}, {`3600.7`, true, time.Hour}, {`"abc"`, false, 0}, {`true`, false, 0},
		{`1e20`, true, 10 * 365 * 24 * time.Hour}, {`2147483648`, true, 10 * 365 * 24 * time.Hour}, {`9223372036854775808`, true, 10 * 365 * 24 * time.Hour},
	} {
		t.Run("expires_in "+c.value, func(t *testing.T) {
			again(t, l)
			evil.Token.After(func(_ providertest.Request, a *providertest.Answer) { a.Body = withExpiresIn(t, a.Body, c.value) })
			if got := call(t, l, evil); got.Status != 200 || got.Field(t, "status") != 200.0 {
				t.Fatalf("got %d %s", got.Status, got.Body)
			}
			at := l.Must(t, 200, "GET /v1/connections/evil", nil).Field(t, "expires_at")
			if (at != nil) != c.known {
				t.Fatalf("expires_at %v, want known %v", at, c.known)
			}
			if c.known {
				when, err := time.Parse(time.RFC3339, at.(string))
				if err != nil || time.Until(when) > c.life || time.Until(when) < c.life-time.Minute {
					t.Errorf("expires_at %v, want in %s (%v)", at, c.life, err)
				}
			}
		})
	}
	for _, value := range []string{`0`, `-1`} {
		t.Run("expires_in "+value+" is used, and refreshed at most every ten seconds", func(t *testing.T) {
			again(t, l)
			l.Stop(t)
			l.SQL(t, `UPDATE authorizations SET refreshed_at = 0, lifetime = 3600000`)
			l.Serve(t)
			evil.Token.After(func(_ providertest.Request, a *providertest.Answer) { a.Body = withExpiresIn(t, a.Body, value) })
			before := refreshes(evil)
			for range 20 {
				if got := call(t, l, evil); got.Status != 200 || got.Field(t, "status") != 200.0 {
					t.Fatalf("got %d %s", got.Status, got.Body)
				}
			}
			if n := refreshes(evil) - before; n != 1 {
				t.Errorf("%d refreshes for twenty calls, want 1", n)
			}
		})
	}
}

func withExpiresIn(t *testing.T, body, value string) string {
	t.Helper()
	var answer map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Error(err)
		return body
	}
	delete(answer, "expires_in")
	if value != "" {
		answer["expires_in"] = json.RawMessage(value)
	}
	changed, err := json.Marshal(answer)
	if err != nil {
		t.Error(err)
	}
	return string(changed)
}

func TestB19_RefreshTokenInTheAnswer(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	evil.SetRotate(false)
	old := func() string {
		all := evil.Token.Grants("refresh_token")
		return all[len(all)-1].Form.Get("refresh_token")
	}
	again(t, l)
	call(t, l, evil)
	first := old()
	for _, c := range []struct{ name, member, next string }{
		{"missing", ``, first}, {"empty", `,"refresh_token":""`, first}, {"the same", `,"refresh_token":"` + first + `"`, first}, {"a new one", `,"refresh_token":"brand-new"`, "brand-new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			evil.Token.Always(providertest.Answer{Header: http.Header{"Content-Type": {"application/json"}},
				Body: `{"access_token":"x","token_type":"Bearer","expires_in":3600` + c.member + `}`})
			again(t, l)
			call(t, l, evil)
			again(t, l)
			call(t, l, evil)
			if got := old(); got != c.next {
				t.Errorf("the next refresh used %q, want %q", got, c.next)
			}
		})
	}
}

func TestB21_B23_UpstreamAnswers401(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	t.Run("B21 the token was ended early: one refresh, one replay", func(t *testing.T) {
		evil.ExpireAccessTokens()
		body := `{"hello":"world"}`
		got := l.Must(t, 200, "POST /v1/proxy/evil"+strings.TrimPrefix(evil.Bearer.URL, evil.URL), body)
		if got.Field(t, "body") != body {
			t.Errorf("the replayed body: %s", got.Body)
		}
		if n := refreshes(evil); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
	})
	t.Run("B23 an upstream that always says 401", func(t *testing.T) {
		l.Stop(t)
		l.SQL(t, `UPDATE authorizations SET forced_at = 0`)
		l.Serve(t)
		evil.Bearer.Always(providertest.Answer{Status: 401, Body: "no"})
		before, asked := refreshes(evil), len(evil.Bearer.Requests())
		var wg sync.WaitGroup
		var passed atomic.Int64
		for range 8 {
			wg.Go(func() {
				for range 25 {
					if got := call(t, l, evil); got.Status == 200 && got.Field(t, "status") == 401.0 {
						passed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if passed.Load() != 200 {
			t.Errorf("%d of 200 calls got the upstream's 401", passed.Load())
		}
		if n := refreshes(evil) - before; n != 1 {
			t.Errorf("%d refreshes for 200 calls, want 1", n)
		}
		if n := len(evil.Bearer.Requests()) - asked; n > 200+8 {
			t.Errorf("the upstream was asked %d times for 200 calls", n)
		}
	})
}

func TestB22_401ToAStreamedBody(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	evil.ExpireAccessTokens()
	path := "/v1/proxy/evil" + strings.TrimPrefix(evil.Bearer.URL, evil.URL)
	got := l.API(t, "POST "+path, strings.Repeat("x", 300<<10), "Content-Type", "application/octet-stream")
	if got.Status != 401 || got.Header.Get("Lanyard-Error") != "" {
		t.Fatalf("got %d %.200s, want the upstream's 401", got.Status, got.Body)
	}
	await(t, "the token is refreshed for the next call", func() bool {
		return l.API(t, "POST "+path, strings.Repeat("x", 300<<10), "Content-Type", "application/octet-stream").Status == 200
	})
	if n := refreshes(evil); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1", n)
	}
}

func TestB26_EndedDuringARefresh(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, l *servertest.Lanyard)
	}{
		{"revoked", func(t *testing.T, l *servertest.Lanyard) { l.Must(t, 200, "POST /v1/connections/evil/revoke", nil) }},
		{"connection deleted", func(t *testing.T, l *servertest.Lanyard) { l.Must(t, 204, "DELETE /v1/connections/evil", nil) }},
		{"service deleted", func(t *testing.T, l *servertest.Lanyard) { l.Must(t, 200, "DELETE /v1/services/evil", nil) }},
		{"service edited", func(t *testing.T, l *servertest.Lanyard) {
			l.Must(t, 200, "PATCH /v1/services/evil", object("auth", object("authorize_params", object("a", "b"))))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := servertest.Start(t, func(c *server.Config) { c.SweepEvery = 20 * time.Millisecond })
			evil := evilConnected(t, l)
			l.Expire(t)
			arrived, answer := make(chan struct{}), make(chan struct{})
			var granted atomic.Value
			evil.Token.After(func(_ providertest.Request, a *providertest.Answer) {
				var token struct {
					RefreshToken string `json:"refresh_token"`
				}
				if err := json.Unmarshal([]byte(a.Body), &token); err != nil {
					t.Error(err)
				}
				granted.Store(token.RefreshToken)
				close(arrived)
				<-answer
			})
			var wg sync.WaitGroup
			wg.Go(func() {
				if got := call(t, l, evil); got.Status == 200 {
					t.Errorf("the call that waited got %s", got.Body)
				}
			})
			<-arrived
			c.end(t, l)
			close(answer)
			wg.Wait()
			await(t, "the new refresh token is revoked at the provider", func() bool {
				for _, r := range evil.Revoke.Requests() {
					if r.Form.Get("token") == granted.Load() {
						return true
					}
				}
				return false
			})
			if got := call(t, l, evil); got.Status == 200 {
				t.Errorf("afterwards: %s", got.Body)
			}
		})
	}
}

func TestB28_ClientCredentialsInParallel(t *testing.T) {
	l := servertest.Start(t)
	evil := providertest.Evil(t)
	evil.Token.Before(func(r providertest.Request) *providertest.Answer {
		if r.Form.Get("grant_type") != "client_credentials" {
			return nil
		}
		return &providertest.Answer{Delay: 100 * time.Millisecond, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"access_token":"machine","token_type":"bearer","expires_in":3600}`}
	})
	evil.Bearer.Always(providertest.Answer{Body: `{"sub":"machine"}`})
	definition := rotatingService(evil)
	definition["auth"] = object("type", "oauth2", "grant_type", "client_credentials", "client_id", "m", "client_secret", "s", "access_token_url", evil.Token.URL)
	l.Connect(t, definition, object())
	l.Expire(t)
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if got := call(t, l, evil); got.Status != 200 {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		})
	}
	wg.Wait()
	if n := len(evil.Token.Grants("client_credentials")); n != 2 {
		t.Errorf("%d token calls, want 2: one to connect and one refresh", n)
	}
}

func TestB34_StopDuringARefresh(t *testing.T) {
	l := servertest.Start(t)
	evil := evilConnected(t, l)
	l.Expire(t)
	arrived := make(chan struct{})
	evil.Token.After(func(_ providertest.Request, a *providertest.Answer) {
		close(arrived)
		a.Delay = 500 * time.Millisecond
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := call(t, l, evil); got.Status != 200 {
			t.Errorf("the call in flight: %d %s", got.Status, got.Body)
		}
	})
	<-arrived
	l.Stop(t)
	wg.Wait()
	evil.Token.Honest()
	l.Serve(t)
	if got := call(t, l, evil); got.Status != 200 || got.Field(t, "status") != 200.0 {
		t.Errorf("after the restart: %d %s", got.Status, got.Body)
	}
	if n := refreshes(evil); n != 1 {
		t.Errorf("%d refreshes, want 1: the answer was stored", n)
	}
}

func TestB30_TwoConnectionsWithTheSameRefreshToken(t *testing.T) {
	l := servertest.Start(t)
	evil := providertest.Evil(t)
	// A provider that gives one refresh token per user and client.
	evil.Token.After(func(_ providertest.Request, a *providertest.Answer) {
		a.Header, a.Body = http.Header{"Content-Type": {"application/json"}}, `{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"the-one-and-only"}`
	})
	browser := l.Browser(t)
	for _, name := range []string{"first", "second"} {
		definition := rotatingService(evil)
		definition["link_name"], definition["name"] = name, name
		l.Connect(t, definition, nil)
		back := consent(t, l, browser, name, nil, func(u string) string { return servertest.Get(t, servertest.Stranger(t), u).Header.Get("Location") })
		page := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
		if page.Status != 200 || strings.Contains(string(page.Body), "same account") != (name == "second") {
			t.Errorf("%s: the result page says so: %v\n%s", name, strings.Contains(string(page.Body), "same account"), page.Body)
		}
	}
}
