package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
	"lanyard/internal/vault"
)

func TestOpenMakesAStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		var config store.Config
		s := open(func(c *store.Config) { config = *c })
		if empty, err := s.Empty(t.Context()); err != nil || !empty {
			t.Errorf("Empty gives %v, %v; want true", empty, err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if !s.Listening() {
			t.Error("the store does not listen")
		}
		want := "sqlite"
		if config.Database != "" {
			want = "postgres"
		}
		if got := s.Dialect(); got != want {
			t.Errorf("the dialect is %q, want %q", got, want)
		}
		if d := time.Since(s.Now()).Abs(); d > 2*time.Second {
			t.Errorf("the store's clock is %v away", d)
		}
		if now := s.Now(); now != now.Truncate(time.Millisecond).UTC() {
			t.Errorf("the store's time %v is not in whole milliseconds of UTC", now)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
		if err := open().Ping(t.Context()); err != nil {
			t.Errorf("opened again: %v", err)
		}
	})
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := storetest.Open(t, func(c *store.Config) { c.Dir = dir })
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		".": fs.ModeDir | 0o700, "lanyard.db": 0o600, "lanyard.db-wal": 0o600, "lanyard.db-shm": 0o600, "master.key": 0o600, "lock": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
}

// TestPathsWithOddCharacters has a directory whose name means something in a URL.
func TestPathsWithOddCharacters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20e&_pragma=x")
	s := storetest.Open(t, func(c *store.Config) { c.Dir = dir })
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "lanyard.db")); err != nil {
		t.Error(err)
	}
}

// openError opens a store that must be refused.
func openError(t *testing.T, c store.Config) error {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err == nil {
		t.Fatal(errors.Join(errors.New("the store was opened"), s.Close()))
	}
	if s != nil {
		t.Error("there is a store beside the error")
	}
	return err
}

func TestK04_KeyFile(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.key") // the key of another instance
	writeKey(t, other)

	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		check(t, w.Close())
		key, saved := w.config.KeyFile, filepath.Join(t.TempDir(), "saved.key")
		copyFile(t, key, saved)
		before := contents(t, w.config, "")
		for _, test := range []struct {
			name  string
			spoil func() error
			fault vault.KeyFault
			says  string
		}{
			{"missing", func() error { return os.Remove(key) }, vault.KeyMissing, "is missing"},
			{"of another instance", func() error { copyFile(t, other, key); return nil }, vault.KeyWrong, "not the key of this store"},
			{"readable by others", func() error { return os.Chmod(key, 0o644) }, vault.KeyExposed, "chmod 600"},
			{"short", func() error { return os.Truncate(key, 40) }, vault.KeyMalformed, "cut off"},
			{"empty", func() error { return os.Truncate(key, 0) }, vault.KeyMalformed, "no key file"},
			{"another file", func() error { return os.WriteFile(key, []byte("hello"), 0o600) }, vault.KeyMalformed, "no key file"},
		} {
			check(t, test.spoil())
			spoiled := files(t, w.config.Dir)
			err := openError(t, w.config)
			var k *vault.KeyError
			if !errors.As(err, &k) || k.Fault != test.fault || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: got %v, want the fault %q that says %q", test.name, err, test.fault, test.says)
			}
			if got := files(t, w.config.Dir); !maps.Equal(got, spoiled) {
				t.Errorf("%s: files were changed: %v, before %v", test.name, names(got), names(spoiled))
			}
			if got := contents(t, w.config, ""); got != before {
				t.Errorf("%s: the database was changed", test.name)
			}
			check(t, os.RemoveAll(key))
			copyFile(t, saved, key)
		}
		if _, err := open().User(t.Context(), w.org, w.owner.ID); err != nil {
			t.Errorf("with its key the store does not open again: %v", err)
		}
	})
}

func TestK04_MalformedKeyBesideNothing(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "master.key"), []byte("junk"), 0o600))
	err := openError(t, store.Config{Dir: dir})
	var k *vault.KeyError
	if !errors.As(err, &k) || k.Fault != vault.KeyMalformed {
		t.Errorf("got %v, want a malformed key file", err)
	}
	if got := names(files(t, dir)); !slices.Equal(got, []string{"lock", "master.key"}) {
		t.Errorf("the directory holds %v; no database should be there", got)
	}
}

func TestKeyFileBesideAnEmptyStoreIsUsed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		path := filepath.Join(t.TempDir(), "given.key")
		writeKey(t, path)
		before, err := os.ReadFile(path)
		check(t, err)
		s := open(func(c *store.Config) { c.KeyFile = path })
		check(t, s.Close())
		after, err := os.ReadFile(path)
		check(t, err)
		if !bytes.Equal(before, after) {
			t.Error("the key file was changed")
		}
		if err := open(func(c *store.Config) { c.KeyFile = path }).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestK06_KeyWithoutItsDatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		s := w.service("acme")
		w.connect(w.connection("acme", s), s, w.owner.ID)
		check(t, w.Close())
		// The key file holds one random key and nothing of the store; a new store with it knows nothing of the old.
		var config store.Config
		fresh := storetest.Open(t, func(c *store.Config) { c.KeyFile = w.config.KeyFile; config = *c })
		if empty, err := fresh.Empty(t.Context()); err != nil || !empty {
			t.Errorf("Empty gives %v, %v", empty, err)
		}
		// And its keyset is another one: what the old store sealed does not open in it.
		keysets := `SELECT sealed FROM keysets`
		old, young := dump(t, raw(t, w.config), keysets), dump(t, raw(t, config), keysets)
		if bytes.Equal(old[0][0].([]byte), young[0][0].([]byte)) {
			t.Error("two stores have the same keyset")
		}
	})
}

func TestPingNoticesAForeignDatabase(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, err := raw(t, w.config).ExecContext(t.Context(), `UPDATE keysets SET check_sealed = $1`, []byte("from elsewhere"))
		check(t, err)
		if err := w.Ping(t.Context()); !errors.Is(err, vault.ErrSealed) || !strings.Contains(err.Error(), "keysets.check_sealed") {
			t.Errorf("got %v, want an error that names the check value", err)
		}
	})
}

func TestL07_NewerStoreIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		check(t, w.Close())
		_, err := raw(t, w.config).ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, TRUE)`)
		check(t, err)
		before := contents(t, w.config, "")
		err = openError(t, w.config)
		var newer *store.NewerError
		if !errors.As(err, &newer) || newer.Store != 999 || newer.Binary < 1 || !strings.Contains(err.Error(), "version 999") {
			t.Errorf("got %v, want a newer store", err)
		}
		if contents(t, w.config, "") != before {
			t.Error("the database was changed")
		}
	})
}

func TestL05_DirectoryCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	for name, dir := range map[string]string{"below a file": filepath.Join(file, "data"), "a file": file, "none": ""} {
		if err := openError(t, store.Config{Dir: dir}); dir != "" && !strings.Contains(err.Error(), file) {
			t.Errorf("%s: the error does not name the path: %v", name, err)
		}
	}
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "lanyard.db"), []byte(strings.Repeat("this is no database ", 100)), 0o600))
	if err := openError(t, store.Config{Dir: dir}); !strings.Contains(err.Error(), "not a database") {
		t.Errorf("a file that is no database: %v", err)
	}
}

func TestDatabaseURLErrorsHoldNoPassword(t *testing.T) {
	for _, database := range []string{
		"postgres://lanyard:opensesame@127.0.0.1:1/lanyard?connect_timeout=1",
		"postgres://lanyard:opensesame@127.0.0.1:99999999/lanyard",
		"postgres://lanyard:opensesame@127.0.0.1:1/lanyard?sslmode=nonsense",
		"host=127.0.0.1 port=x password=opensesame",
	} {
		if err := openError(t, store.Config{Dir: t.TempDir(), Database: database}); strings.Contains(err.Error(), "opensesame") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}

// TestL06_SecondProcess runs this test's own binary once more on the same directory.
func TestL06_SecondProcess(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_SECOND_PROCESS"); dir != "" {
		s, err := store.Open(context.Background(), store.Config{Dir: dir})
		var used *store.InUseError
		if !errors.As(err, &used) || used.Dir != dir || !strings.Contains(err.Error(), "in use by another lanyard process") {
			t.Fatal("want an error that says the directory is in use, got", s, err)
		}
		return
	}
	dir := t.TempDir()
	s := storetest.Open(t, func(c *store.Config) { c.Dir = dir })
	second := func() ([]byte, error) {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestL06_SecondProcess$", "-test.v")
		c.Env = append(os.Environ(), "STORE_TEST_SECOND_PROCESS="+dir)
		return c.CombinedOutput()
	}
	if out, err := second(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Errorf("the second process: %v\n%s", err, out)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the first process: %v", err)
	}
	check(t, s.Close())
	if out, err := second(); err == nil {
		t.Errorf("the second process was refused after the first had ended:\n%s", out)
	}
}

func TestL07_ReplicasStartAtOnce(t *testing.T) {
	const replicas = 5
	start := func(t *testing.T, config func(i int) store.Config) (errs []error) {
		t.Helper()
		errs = make([]error, replicas)
		var all sync.WaitGroup
		for i := range replicas {
			all.Go(func() {
				s, err := store.Open(t.Context(), config(i))
				if err == nil {
					err = errors.Join(s.Ping(t.Context()), s.Close())
				}
				errs[i] = err
			})
		}
		all.Wait()
		return errs
	}
	t.Run("with one key file", func(t *testing.T) {
		c := store.Config{Dir: t.TempDir(), Database: storetest.Postgres(t)}
		if err := errors.Join(start(t, func(int) store.Config { return c })...); err != nil {
			t.Error(err)
		}
	})
	t.Run("with key files of their own", func(t *testing.T) {
		database, parent := storetest.Postgres(t), t.TempDir()
		dir := func(i int) string { return filepath.Join(parent, string(rune('a'+i))) }
		errs := start(t, func(i int) store.Config { return store.Config{Dir: dir(i), Database: database} })
		winner := slices.Index(errs, nil)
		if winner < 0 {
			t.Fatalf("no replica started: %v", errs)
		}
		for i, err := range errs {
			if i == winner {
				continue
			}
			var k *vault.KeyError
			if !errors.As(err, &k) && (err == nil || !strings.Contains(err.Error(), "copy its key file")) {
				t.Errorf("replica %d: got %v, want to be told about the key file", i, err)
			}
			if _, err := os.Stat(filepath.Join(dir(i), "master.key")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("replica %d left a key file that opens nothing (%v)", i, err)
			}
			copyFile(t, filepath.Join(dir(winner), "master.key"), filepath.Join(dir(i), "master.key"))
			s, err := store.Open(t.Context(), store.Config{Dir: dir(i), Database: database})
			if err != nil {
				t.Errorf("replica %d with the winner's key: %v", i, err)
				continue
			}
			check(t, s.Close())
		}
	})
}

func TestSQLiteIsSetUp(t *testing.T) {
	w := newWorld(t, func(change ...func(*store.Config)) *store.Store { return storetest.Open(t, change...) })
	var mode string
	check(t, raw(t, w.config).QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode))
	if mode != "wal" {
		t.Errorf("the journal mode is %s", mode)
	}
	// Foreign keys hold: a key of nobody is refused.
	err := w.CreateAPIKey(t.Context(), lanyard.APIKey{OrganizationID: w.org, ID: "key_x", UserID: "usr_nobody"}, hash("x"), entry("x"))
	wantCode(t, err, lanyard.CodeNotFound)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeKey(t *testing.T, path string) {
	t.Helper()
	key, err := vault.GenerateKey()
	check(t, err)
	check(t, key.Write(path))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, content, 0o600))
}

// files is the content and mode of all files in a directory but those that SQLite makes while it is open.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	found := map[string]string{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "-wal") || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		check(t, err)
		info, err := e.Info()
		check(t, err)
		found[e.Name()] = info.Mode().String() + string(content)
	}
	return found
}

func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }
