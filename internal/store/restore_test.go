package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// place is an empty place for a store.
func place(t *testing.T, database string) store.Config {
	t.Helper()
	dir := t.TempDir()
	return store.Config{Dir: dir, Database: database, KeyFile: filepath.Join(dir, "master.key")}
}

func eachPlace(t *testing.T, run func(t *testing.T, c store.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { run(t, place(t, "")) })
	t.Run("postgres", func(t *testing.T) { run(t, place(t, storetest.Postgres(t))) })
}

// oldRows fills a schema of before instances with the rows that every store has, from another store.
func oldRows(from *world) func(context.Context, *store.Filling) error {
	return func(ctx context.Context, f *store.Filling) error {
		snapshot, err := store.OpenSnapshot(ctx, from.config)
		if err != nil {
			return err
		}
		defer snapshot.Close()
		for _, t := range f.Tables {
			if t.Name != "keysets" && t.Name != "organizations" {
				continue
			}
			insert, done, err := f.Insert(ctx, t)
			if err != nil {
				return err
			}
			if err := errors.Join(snapshot.Rows(ctx, t, insert)); err != nil {
				return err
			}
			done()
		}
		return nil
	}
}

func TestK10_AnOlderBackupIsBroughtUpToDate(t *testing.T) {
	var from *world
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) { from = newWorld(t, open) })
	eachPlace(t, func(t *testing.T, c store.Config) {
		key, err := os.ReadFile(from.config.KeyFile)
		check(t, err)
		check(t, os.WriteFile(c.KeyFile, key, 0o600))
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		check(t, store.Restore(t.Context(), c, 14, store.Origin{BackupAt: at}, oldRows(from)))
		s, err := store.Open(t.Context(), c)
		check(t, err)
		defer s.Close()
		if _, err := s.Organization(t.Context(), from.org); err != nil {
			t.Error(err)
		}
		if i, err := s.Instance(t.Context()); err != nil || !i.Paused() || !i.Origin.BackupAt.Equal(at) || !s.Paused() {
			t.Errorf("%+v, %v", i, err)
		}
	})
}

func TestK10_ANewerBackupIsRefused(t *testing.T) {
	eachPlace(t, func(t *testing.T, c store.Config) {
		var newer *store.NewerError
		err := store.Restore(t.Context(), c, 9999, store.Origin{}, func(context.Context, *store.Filling) error { t.Error("filled"); return nil })
		if !errors.As(err, &newer) || newer.Store != 9999 {
			t.Errorf("%v", err)
		}
		s, err := store.Open(t.Context(), c)
		check(t, err)
		check(t, s.Close())
	})
}

// TestK10_ARestoreThatDidNotEndIsNoStore: what a kill leaves is the same as what an error leaves, since neither cleans up
// the database.
func TestK10_ARestoreThatDidNotEndIsNoStore(t *testing.T) {
	var from *world
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) { from = newWorld(t, open) })
	eachPlace(t, func(t *testing.T, c store.Config) {
		key, err := os.ReadFile(from.config.KeyFile)
		check(t, err)
		check(t, os.WriteFile(c.KeyFile, key, 0o600))
		killed := errors.New("killed")
		fill := oldRows(from)
		err = store.Restore(t.Context(), c, 14, store.Origin{}, func(ctx context.Context, f *store.Filling) error {
			return errors.Join(fill(ctx, f), killed)
		})
		if !errors.Is(err, killed) {
			t.Fatal(err)
		}
		if c.Database == "" { // a kill would leave the unfinished file too
			check(t, os.Mkdir(filepath.Join(c.Dir, "restoring"), 0o700))
			check(t, os.WriteFile(filepath.Join(c.Dir, "restoring", "lanyard.db"), []byte("half"), 0o600))
		} else if _, err := store.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "did not end") {
			t.Errorf("opened: %v", err)
		}
		check(t, store.Restore(t.Context(), c, 14, store.Origin{}, fill))
		s, err := store.Open(t.Context(), c)
		check(t, err)
		check(t, s.Close())
	})
}

// TestEveryTableIsInASnapshot: a table is dumped because the schema has it, and every sealed column is opened by Seals.
func TestEveryTableIsInASnapshot(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		snapshot, err := store.OpenSnapshot(t.Context(), w.config)
		check(t, err)
		defer snapshot.Close()
		inside := map[string]bool{}
		for _, table := range snapshot.Tables {
			inside[table.Name] = true
		}
		for _, name := range tables(t, raw(t, w.config), w.config) {
			if !inside[name] && name != "goose_db_version" {
				t.Errorf("table %s is in no backup", name)
			}
		}
		for _, column := range store.UnlistedSeals(snapshot.Tables) {
			t.Errorf("nothing opens the sealed column %s of a backup", column)
		}
		if snapshot.Tables[0].Name != "keysets" {
			t.Errorf("the first table is %s", snapshot.Tables[0].Name)
		}
	})
}

func TestK10_ARestoredStoreHandsOutNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		check(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: w.org, Request: []byte("x")}))
		check(t, w.CreateExtension(t.Context(), &lanyard.Extension{OrganizationID: w.org, Name: "stray", Publisher: "org_gone", WhenGone: lanyard.WhenGoneEnd, InstalledBy: w.owner.ID, Package: []byte("x")}, 10, entry("x")))
		check(t, w.Close())
		if _, err := raw(t, w.config).ExecContext(t.Context(), `UPDATE instances SET restored_at = 1`); err != nil {
			t.Fatal(err)
		}
		w.now.add(2 * time.Hour)
		config := w.config
		paused, err := store.Open(t.Context(), config)
		check(t, err)
		defer paused.Close()
		due, err := paused.DueAuthorizations(t.Context(), 10)
		if len(due) > 0 || err != nil {
			t.Errorf("due: %v, %v", due, err)
		}
		if revocations, err := paused.DueRevocations(t.Context(), 10); len(revocations) > 0 || err != nil {
			t.Errorf("revocations: %v, %v", revocations, err)
		}
		if strays, err := paused.StrayCopies(t.Context(), 10); len(strays) > 0 || err != nil {
			t.Errorf("copies to look after: %+v, %v", strays, err)
		}
		if _, ok, err := paused.TakeLease(t.Context(), w.org, a.ID, a.Generation, time.Minute, false); ok || err == nil {
			t.Errorf("a lease was given: %v", err)
		}
		if found, err := paused.Doubtful(t.Context(), w.org, 10); len(found) != 1 || err != nil {
			t.Errorf("doubtful: %+v, %v", found, err)
		}
		if found, err := paused.Doubtful(t.Context(), "org_other", 10); len(found) != 0 || err != nil {
			t.Errorf("doubtful of another organization: %+v, %v", found, err)
		}
		beside, err := store.OpenBeside(t.Context(), config)
		check(t, err)
		defer beside.Close()
		if went, err := beside.GoOn(t.Context()); !went || err != nil {
			t.Fatalf("%v, %v", went, err)
		}
		for deadline := time.Now().Add(10 * time.Second); paused.Paused(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it does not notice that it may go on")
			}
		}
		if strays, err := paused.StrayCopies(t.Context(), 10); len(strays) != 1 || err != nil {
			t.Errorf("copies to look after once it goes on: %+v, %v", strays, err)
		}
		if due, err = paused.DueAuthorizations(t.Context(), 10); len(due) != 1 || err != nil {
			t.Errorf("due after going on: %v, %v", due, err)
		}
	})
}

// TestH12_ADeletedOrganizationLeavesNoRow looks into every table that the schema has.
func TestH12_ADeletedOrganizationLeavesNoRow(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		w.connect(c, s, w.owner.ID)
		other, _, _ := w.account("other")
		check(t, w.DeleteOrganization(t.Context(), w.org))
		db := raw(t, w.config)
		left := 0
		for _, name := range tables(t, db, w.config) {
			for _, row := range dump(t, db, `SELECT * FROM `+name) {
				for _, v := range row {
					switch v {
					case string(w.org):
						t.Errorf("%s still has a row of it", name)
					case string(other):
						left++
					}
				}
			}
		}
		if left < 4 {
			t.Errorf("of the other organization %d rows are left", left)
		}
		if err := w.DeleteOrganization(t.Context(), w.org); err == nil {
			t.Error("deleted twice")
		}
	})
}
