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

func BenchmarkInsertInvocations500(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		list := make([]lanyard.Invocation, 500)
		for i := range list {
			list[i] = lanyard.Invocation{
				OrganizationID: w.org, At: start.Add(time.Duration(i) * time.Millisecond), ConnectionID: "con_x", Connection: "acme_connection",
				Authorization: "azn_x", User: w.owner.ID, Method: "GET", Host: "api.example.com", Path: fmt.Sprintf("/items/%d", i),
				Status: 200, BytesReceived: 1234, Duration: 12 * time.Millisecond,
			}
		}
		for b.Loop() {
			if err := w.InsertInvocations(b.Context(), list); err != nil {
				b.Fatal(err)
			}
		}
	})
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
