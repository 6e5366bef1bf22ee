// Package storetest gives tests something real to store in: stores on SQLite and on PostgreSQL, each for one test
// alone, and empty PostgreSQL databases. It is for tests only. Start with [Open] for a test that needs some store, and
// with [Each] for one that has to hold on both databases.
package storetest

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/internal/store"
)

// Open opens an empty store on SQLite, which is closed and gone when the test ends.
func Open(t testing.TB, change ...func(*store.Config)) *store.Store {
	t.Helper()
	return open(t, store.Config{Dir: t.TempDir()}, change)
}

// Opener opens a store on the test's database. Every call gives another store on the same one, as replicas are; on
// SQLite, where there are no replicas, the one before has to be closed first.
type Opener func(change ...func(*store.Config)) *store.Store

// Each runs a test twice, as subtests "sqlite" and "postgres", each with an empty database of its own.
func Each(t *testing.T, run func(t *testing.T, open Opener)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { SQLite(t, run) })
	t.Run("postgres", func(t *testing.T) { OnPostgres(t, run) })
}

// SQLite runs a test with an empty database on SQLite.
func SQLite(t *testing.T, run func(t *testing.T, open Opener)) {
	t.Helper()
	run(t, opener(t, store.Config{Dir: t.TempDir()}))
}

// OnPostgres runs a test with an empty database on PostgreSQL. The stores have one key file.
func OnPostgres(t *testing.T, run func(t *testing.T, open Opener)) {
	t.Helper()
	run(t, opener(t, store.Config{Dir: t.TempDir(), Database: migrated(t)}))
}

// migratedTemplate is the name of this process's own template.
var migratedTemplate = "lanyard_template_" + strings.ToLower(rand.Text())

// migrated is a database without any row in it, whose schema need not be made again for each test. On a server that
// outlives the process nothing is left behind, so there it is made.
func migrated(t testing.TB) (url string) {
	t.Helper()
	if os.Getenv("LANYARD_TEST_POSTGRES") != "" {
		return Postgres(t)
	}
	dir := t.TempDir()
	return PostgresFrom(t, migratedTemplate, func(ctx context.Context, url string) error {
		s, err := store.Open(ctx, store.Config{Dir: dir, Database: url})
		if err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
		return execute(ctx, url, "DELETE FROM keysets") // each test has a key of its own
	})
}

func opener(t testing.TB, c store.Config) Opener {
	c.KeyFile = filepath.Join(c.Dir, "master.key")
	return func(change ...func(*store.Config)) *store.Store {
		t.Helper()
		return open(t, c, change)
	}
}

func open(t testing.TB, c store.Config, change []func(*store.Config)) *store.Store {
	t.Helper()
	for _, f := range change {
		f(&c)
	}
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("open a store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}
