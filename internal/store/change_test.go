package store_test

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// ear hears the changes that a store tells.
type ear struct {
	mu    sync.Mutex
	heard []store.Change
	more  chan struct{}
}

func newEar() *ear { return &ear{more: make(chan struct{}, 1)} }

func (e *ear) hear(c store.Change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, c)
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// take gives what was heard and forgets it.
func (e *ear) take() []store.Change {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.heard
	e.heard = nil
	return heard
}

// waitFor waits until a change was heard.
func (e *ear) waitFor(t *testing.T, c store.Change, within time.Duration) {
	t.Helper()
	end := time.After(within)
	for {
		e.mu.Lock()
		there := slices.Contains(e.heard, c)
		e.mu.Unlock()
		if there {
			return
		}
		select {
		case <-e.more:
		case <-end:
			t.Fatalf("%+v was not heard within %v, but %+v", c, within, e.take())
		}
	}
}

// TestChanges lists what every change of the store tells.
func TestChanges(t *testing.T) {
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
		e := newEar()
		w := newWorld(t, open, func(c *store.Config) { c.OnChange = e.hear })
		keys := store.Change{Kind: store.ChangeKeys, Organization: w.org}
		if got := e.take(); !cmp.Equal(got, []store.Change{keys, keys}) {
			t.Errorf("making an account and a user told %+v", got)
		}
		ctx := t.Context()
		var (
			s    *lanyard.Service
			c, d *lanyard.Connection
			a    *lanyard.Authorization
			l    store.Lease
		)
		service := func(name lanyard.LinkName) store.Change {
			return store.Change{Kind: store.ChangeService, Organization: w.org, LinkName: name}
		}
		connection := func(c *lanyard.Connection) store.Change {
			return store.Change{Kind: store.ChangeConnection, Organization: w.org, Connection: c.ID, LinkName: c.LinkName}
		}
		authorization := func(c *lanyard.Connection, user lanyard.UserID) store.Change {
			return store.Change{Kind: store.ChangeAuthorization, Organization: w.org, Connection: c.ID, LinkName: c.LinkName, User: user}
		}
		for _, step := range []struct {
			name string
			do   func() error
			want func() []store.Change
		}{
			{"CreateAPIKey", func() error {
				return w.CreateAPIKey(ctx, lanyard.APIKey{ID: "key_x", OrganizationID: w.org, UserID: w.owner.ID}, hash("x"), entry("x"))
			}, func() []store.Change { return []store.Change{keys} }},
			{"TouchAPIKeys", func() error {
				return w.TouchAPIKeys(ctx, map[store.KeyRef]time.Time{{Organization: w.org, ID: "key_x"}: start})
			}, nil},
			{"DeleteAPIKey", func() error { return w.DeleteAPIKey(ctx, w.org, "key_x", "", entry("x")) }, func() []store.Change { return []store.Change{keys} }},
			{"DeleteAPIKey again", func() error {
				wantCode(t, w.DeleteAPIKey(ctx, w.org, "key_x", "", entry("x")), lanyard.CodeNotFound)
				return nil
			}, nil},
			{"CreateSession", func() error {
				return w.CreateSession(ctx, w.org, w.owner.ID, store.Session{Hash: "s", ExpiresAt: start.Add(time.Hour)}, entry("x"))
			}, func() []store.Change { return []store.Change{keys} }},
			{"DeleteSession", func() error { return w.DeleteSession(ctx, w.org, "s") }, func() []store.Change { return []store.Change{keys} }},
			{"CreateService", func() error { s = w.service("acme"); return nil }, func() []store.Change { return []store.Change{service("acme")} }},
			{"SetOAuthClient", func() error {
				_, err := w.SetOAuthClient(ctx, &lanyard.OAuthClient{Organization: w.org, Service: "slack"}, true, "", entry("x"))
				return err
			},
				func() []store.Change { return []store.Change{service("slack")} }},
			{"CreateConnection", func() error { c = w.connection("c", s, ofEachUser); return nil }, func() []store.Change { return []store.Change{connection(c)} }},
			{"AddAuthorization", func() error { return w.AddAuthorization(ctx, w.org, c.ID, w.member.ID) },
				func() []store.Change { return []store.Change{authorization(c, w.member.ID)} }},
			{"AddAuthorization again", func() error { return w.AddAuthorization(ctx, w.org, c.ID, w.member.ID) }, nil},
			{"SaveAuthorization", func() error { a = w.connect(c, s, w.member.ID); return nil }, func() []store.Change { return []store.Change{authorization(c, w.member.ID)} }},
			{"SaveAuthorization too late", func() error {
				_, _, err := w.SaveAuthorization(ctx, &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 9}, credential("x"), entry("x"))
				return err
			}, nil},
			{"TakeLease", func() error { l, _ = w.lease(a, time.Minute, false); return nil }, nil},
			{"StoreRefreshed", func() error { _, err := w.StoreRefreshed(ctx, l, hour, entry("x")); return err },
				func() []store.Change { return []store.Change{authorization(c, w.member.ID)} }},
			{"StoreRefreshed too late", func() error { _, err := w.StoreRefreshed(ctx, l, hour, entry("x")); return err }, nil},
			{"RequireReconnect", func() error { _, err := w.RequireReconnect(ctx, w.org, a.ID, 2, "x", entry("x")); return err },
				func() []store.Change { return []store.Change{authorization(c, w.member.ID)} }},
			{"RevokeAuthorization", func() error {
				_, err := w.RevokeAuthorization(ctx, w.org, c.ID, w.member.ID, "x", entry("x"))
				return err
			},
				func() []store.Change { return []store.Change{authorization(c, w.member.ID)} }},
			{"UpdateConnection", func() error { _, err := w.UpdateConnection(ctx, 1, c, false, "", entry("x")); return err },
				func() []store.Change { return []store.Change{connection(c)} }},
			{"UpdateService", func() error {
				w.connect(c, s, w.member.ID)
				e.take()
				_, err := w.UpdateService(ctx, 1, s, false, "x", entry("x"))
				return err
			}, func() []store.Change { return []store.Change{authorization(c, w.member.ID), service("acme")} }},
			{"DeleteService", func() error {
				d = w.connection("d", s)
				w.connect(d, s, w.owner.ID)
				e.take()
				_, err := w.DeleteService(ctx, w.org, s.ID, entry("x"))
				return err
			}, func() []store.Change { return []store.Change{authorization(d, w.owner.ID), service("acme")} }},
			{"DeleteConnection", func() error { _, err := w.DeleteConnection(ctx, w.org, d.ID, entry("x")); return err },
				func() []store.Change { return []store.Change{connection(d)} }},
		} {
			check(t, step.do())
			var want []store.Change
			if step.want != nil {
				want = step.want()
			}
			if diff := cmp.Diff(want, e.take()); diff != "" {
				t.Errorf("%s told (-want +got):\n%s", step.name, diff)
			}
		}
	})
}

func TestReplicasHearEachOther(t *testing.T) {
	storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
		here, there := newEar(), newEar()
		w := newWorld(t, open, func(c *store.Config) { c.OnChange = here.hear })
		replica := open(func(c *store.Config) { c.OnChange = there.hear })
		s := w.service("acme")
		c := w.connection("c", s)
		w.connect(c, s, w.owner.ID)
		changes := []store.Change{
			{Kind: store.ChangeService, Organization: w.org, LinkName: "acme"},
			{Kind: store.ChangeConnection, Organization: w.org, Connection: c.ID, LinkName: "c"},
			{Kind: store.ChangeAuthorization, Organization: w.org, Connection: c.ID, LinkName: "c", User: w.owner.ID},
		}
		for _, change := range changes {
			here.waitFor(t, change, 0) // it was told before the call returned
			there.waitFor(t, change, time.Second)
		}
		// And the other way round; what is not committed is not told.
		there.take()
		wantCode(t, replica.CreateConnection(t.Context(), &lanyard.Connection{OrganizationID: w.org, LinkName: "c", Owner: w.owner.ID}, entry("x")), lanyard.CodeConflict)
		_, err := replica.DeleteConnection(t.Context(), w.org, c.ID, entry("x"))
		check(t, err)
		here.waitFor(t, changes[1], time.Second)
		if got := here.take(); slices.ContainsFunc(got, func(h store.Change) bool { return h.Kind == store.ChangeConnection && h.Connection != c.ID }) {
			t.Errorf("a change that was undone was told: %+v", got)
		}
	})
}

func TestUnknownNotificationsForgetEverything(t *testing.T) {
	storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
		e := newEar()
		w := newWorld(t, open, func(c *store.Config) { c.OnChange = e.hear })
		db := raw(t, w.config)
		for _, payload := range []string{`{"kind":"something new","organization":"org_x"}`, `not JSON`, ``, `{"kind":"all"}`} {
			e.take()
			_, err := db.ExecContext(t.Context(), `SELECT pg_notify('lanyard', $1)`, payload)
			check(t, err)
			e.waitFor(t, store.Change{Kind: store.ChangeAll}, time.Second)
		}
	})
}

const listenerOf = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lanyard listener'`

func TestL02_LostListenerComesBack(t *testing.T) {
	storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
		e := newEar()
		w := newWorld(t, open, func(c *store.Config) { c.OnChange = e.hear })
		db := raw(t, w.config)
		for range 3 {
			e.take()
			if n := len(dump(t, db, "SELECT pg_terminate_backend(pid) "+listenerOf)); n != 1 {
				t.Fatalf("%d listeners were ended, want 1", n)
			}
			e.waitFor(t, store.Change{Kind: store.ChangeAll}, 10*time.Second)
			eventually(t, "it does not listen again", 5*time.Second, w.Listening)
			w.service("acme_" + lanyard.LinkName(strings.ToLower(string(lanyard.NewServiceID()[4:]))))
		}
		// What another replica does is heard again.
		e.take()
		other := open()
		s := oauth2Service(w.org, w.owner.ID, "of_another")
		check(t, other.CreateService(t.Context(), s, entry("x")))
		e.waitFor(t, store.Change{Kind: store.ChangeService, Organization: w.org, LinkName: "of_another"}, time.Second)
	})
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, otherwise string, within time.Duration, ask func() bool) {
	t.Helper()
	end := time.After(within)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("after %v: %s", within, otherwise)
		}
	}
}

func TestListenerIsTriedWhileNothingHappens(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a heartbeat")
	}
	storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
		e := newEar()
		w := newWorld(t, open, func(c *store.Config) { c.OnChange = e.hear })
		db := raw(t, w.config)
		last := func() string { return fmt.Sprint(dump(t, db, "SELECT pid, query_start "+listenerOf)) }
		pid := func() string { return fmt.Sprint(dump(t, db, "SELECT pid "+listenerOf)) }
		first, process := last(), pid()
		eventually(t, "no heartbeat", 20*time.Second, func() bool { return last() != first })
		if got := pid(); got != process || !w.Listening() {
			t.Errorf("the listener was another connection (%s, %s) or is down after a heartbeat", process, got)
		}
		e.take()
		w.service("acme")
		e.waitFor(t, store.Change{Kind: store.ChangeService, Organization: w.org, LinkName: "acme"}, time.Second)
	})
}

// TestL02_SilentConnectionIsNoticed puts a network between that swallows everything, without closing anything.
func TestL02_SilentConnectionIsNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a heartbeat")
	}
	storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
		e := newEar()
		n := &network{}
		w := newWorld(t, open, func(c *store.Config) {
			c.OnChange = e.hear
			u, err := url.Parse(c.Database)
			check(t, err)
			u.Host = n.listen(t, u.Host)
			c.Database = u.String()
		})
		n.silent.Store(true)
		eventually(t, "the silent connection is taken for alive", 30*time.Second, func() bool { return !w.Listening() })
		n.silent.Store(false)
		e.waitFor(t, store.Change{Kind: store.ChangeAll}, 30*time.Second)
		eventually(t, "it does not listen again", 5*time.Second, w.Listening)
	})
}

// network passes bytes on while it is not silent.
type network struct{ silent atomic.Bool }

func (n *network) listen(t *testing.T, to string) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	var all sync.WaitGroup
	var open sync.Map
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(c, _ any) bool {
			_ = c.(net.Conn).Close()
			return true
		})
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := (&net.Dialer{}).Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			open.Store(client, nil)
			open.Store(server, nil)
			all.Go(func() { n.pass(server, client) })
			all.Go(func() { n.pass(client, server) })
		}
	})
	return l.Addr().String()
}

func (n *network) pass(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		read, err := from.Read(buffer)
		if n.silent.Load() {
			// Swallowed. So is the end of the connection, as when a cable is cut.
			if err != nil {
				return
			}
			continue
		}
		if _, writeErr := to.Write(buffer[:read]); err != nil || writeErr != nil {
			_ = to.Close()
			return
		}
	}
}

func TestCloseEndsTheListener(t *testing.T) {
	storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		db := raw(t, w.config)
		check(t, w.Close())
		if err := w.Ping(t.Context()); err == nil {
			t.Error("a closed store answers")
		}
		eventually(t, "connections are left behind", 5*time.Second, func() bool {
			return len(dump(t, db, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")) == 0
		})
	})
}
