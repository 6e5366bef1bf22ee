package store_test

import (
	"fmt"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

func benchEach(b *testing.B, run func(b *testing.B, w *world)) {
	b.Run("sqlite", func(b *testing.B) {
		dir := b.TempDir()
		run(b, newWorld(b, func(change ...func(*store.Config)) *store.Store {
			return storetest.Open(b, append([]func(*store.Config){func(c *store.Config) { c.Dir = dir }}, change...)...)
		}))
	})
	b.Run("postgres", func(b *testing.B) {
		dir, url := b.TempDir(), storetest.Postgres(b)
		run(b, newWorld(b, func(change ...func(*store.Config)) *store.Store {
			return storetest.Open(b, append([]func(*store.Config){func(c *store.Config) { c.Dir, c.Database = dir, url }}, change...)...)
		}))
	})
}

func BenchmarkOpenAuthorization(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		w.connect(c, s, w.owner.ID)
		for b.Loop() {
			if _, opened, err := w.OpenAuthorization(b.Context(), w.org, c.ID, w.owner.ID); err != nil || opened == nil {
				b.Fatal(opened, err)
			}
		}
	})
}

// BenchmarkInsertInvocations500 writes calls through one connection, and through 500, each of which is counted apart.
func BenchmarkInsertInvocations500(b *testing.B) {
	for _, connections := range []int{1, 500} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			benchEach(b, func(b *testing.B, w *world) {
				list := make([]lanyard.Invocation, 500)
				for i := range list {
					list[i] = lanyard.Invocation{
						OrganizationID: w.org, At: start.Add(time.Duration(i) * time.Millisecond), ConnectionID: "con_x", Connection: lanyard.LinkName(fmt.Sprint("acme_connection_", i%connections)),
						Service: "acme", Authorization: "azn_x", User: w.owner.ID, Method: "GET", Host: "api.example.com", Path: fmt.Sprintf("/items/%d", i),
						Status: 200, BytesReceived: 1234, Duration: 12 * time.Millisecond,
					}
				}
				for b.Loop() {
					if err := w.InsertInvocations(b.Context(), list); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		for b.Loop() {
			lease, ok, err := w.TakeLease(b.Context(), w.org, a.ID, a.Generation, time.Minute, false)
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
			r := store.Refreshed{Credential: credential("new"), Known: true, Lifetime: time.Hour, Renewable: true}
			if ok, err := w.StoreRefreshed(b.Context(), lease, r, entry(lanyard.ActionRefresh)); err != nil || !ok {
				b.Fatal(ok, err)
			}
			a.Generation++
		}
	})
}

// BenchmarkConnectionList10000 is a page of the list of somebody with ten thousand connections, most of them connected,
// for each way to narrow it down; and the counts at its head.
func BenchmarkConnectionList10000(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		services := []*lanyard.Service{w.service("acme"), w.service("globex")}
		db := raw(b, w.config)
		tx, err := db.BeginTx(b.Context(), nil)
		w.must(err)
		for i := range 10_000 {
			name, s, status := fmt.Sprintf("c%05d", i), services[i%100/99], lanyard.StatusConnected
			if i%500 == 0 {
				status = lanyard.StatusReconnectRequired
			}
			_, err := tx.ExecContext(b.Context(), `INSERT INTO connections (organization_id, id, link_name, name, service_id, service_link_name, scopes, use_login_user,
				origin, owner_id, usable_by, version, created_at, updated_at, search) VALUES ($1, $2, $2, $2, $3, $4, '[]', FALSE, 'user', $5, 'organization', 1, 0, 0, $2)`,
				w.org, name, s.ID, s.LinkName, w.owner.ID)
			w.must(err)
			if i%200 == 1 {
				continue // never connected
			}
			_, err = tx.ExecContext(b.Context(), `INSERT INTO authorizations (organization_id, id, connection_id, user_id, status, created_at, updated_at, link_name)
				VALUES ($1, $2, $2, $3, $4, 0, 0, $2)`, w.org, name, w.owner.ID, status)
			w.must(err)
		}
		w.must(tx.Commit())
		if w.Dialect() == "postgres" {
			_, err := db.ExecContext(b.Context(), `ANALYZE`)
			w.must(err)
		}
		for name, f := range map[string]store.ConnectionFilter{
			"all": {}, "connected": {Status: lanyard.StatusConnected}, "not connected": {Status: lanyard.StatusNotConnected}, "revoked": {Status: lanyard.StatusRevoked},
			"attention": {Status: lanyard.StatusReconnectRequired}, "service": {Service: services[1].ID}, "text": {Query: "nothing"},
		} {
			f.View, f.User = store.ViewMy, w.owner.ID
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if _, _, err := w.Connections(b.Context(), w.org, f, store.Page{}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("count "+name, func(b *testing.B) {
				for b.Loop() {
					if _, err := w.CountConnections(b.Context(), w.org, f, 10_001); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("services", func(b *testing.B) {
			for b.Loop() {
				if _, err := w.ConnectionServices(b.Context(), w.org, store.ConnectionFilter{View: store.ViewMy, User: w.owner.ID}, 200); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
