package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lanyard/internal/vault"
)

// Config says where a store lives and whom it tells about changes.
type Config struct {
	// Dir is the data directory, made with mode 0700 when it is absent: the SQLite file, its lock, the key file.
	Dir string
	// Database is the URL of a PostgreSQL database (postgres://…). Empty: SQLite, in Dir.
	Database string
	// KeyFile holds the master key; master.key in Dir when empty. It is made, with mode 0600, only for an empty store.
	KeyFile string
	// OnChange is called after every commit of this process that changed something which others may have kept, and on
	// PostgreSQL after those of other processes too (a change of this process may then be told twice). It may be called
	// from several goroutines at once and has to return soon; nil: nobody is told.
	OnChange func(Change)
	Logger   *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // for tests; nil: see [Store.Now]
}

// Store is an opened database. It is safe for concurrent use.
type Store struct {
	dialect  dialect
	reads    *pool
	writes   *pool         // on SQLite a pool of one, since there is one writer; else the same as reads
	pool     *pgxpool.Pool // nil on SQLite
	lock     *dirLock      // nil on PostgreSQL
	vault    *vault.Vault
	clock    clock
	listener *listener // nil on SQLite
	onChange func(Change)
	log      *slog.Logger
	paused   atomic.Bool // see [Store.Paused]

	stop       context.CancelFunc
	background sync.WaitGroup
	close      func() error // once
}

// Open opens a store, brings its schema up to date and unlocks its secrets. Everything that can be refused is refused
// before anything is written: a directory that another process uses (*[InUseError]), a store that a newer Lanyard
// migrated (*[NewerError]), and a key file that is missing, exposed, malformed or another store's (*[vault.KeyError]).
func Open(ctx context.Context, c Config) (_ *Store, err error) {
	if c.Dir == "" {
		return nil, errors.New("the store needs a data directory")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the data directory %s: %w", c.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	s := newStore(c)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()

	if c.Database == "" {
		if s.lock, err = lockDir(dir); err != nil {
			return nil, err
		}
	}
	keyFile := cmp.Or(c.KeyFile, filepath.Join(dir, "master.key"))
	key, keyErr := vault.ReadKey(keyFile)
	if keyErr != nil && !isKeyFault(keyErr, vault.KeyMissing) {
		return nil, keyErr
	}
	if err := s.connect(ctx, dir, c.Database); err != nil {
		return nil, err
	}
	schema, err := s.inspect(ctx)
	if err != nil {
		return nil, err
	}
	if schema.keyset != nil {
		if keyErr != nil {
			// Another replica that shares the file may just have made both, the key first: it is looked for once more.
			if key, keyErr = vault.ReadKey(keyFile); isKeyFault(keyErr, vault.KeyMissing) {
				return nil, missingKey(keyFile, keyErr)
			}
			if keyErr != nil {
				return nil, keyErr
			}
		}
		if s.vault, err = openKeyset(keyFile, key, schema.keyset); err != nil {
			return nil, err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	if err := s.buildWall(ctx); err != nil {
		return nil, err
	}
	if s.vault == nil {
		if s.vault, err = s.makeKeyset(ctx, keyFile, key, keyErr == nil); err != nil {
			return nil, err
		}
	}
	if err := s.Ping(ctx); err != nil {
		return nil, err
	}
	if err := s.startInstance(ctx); err != nil {
		return nil, err
	}
	if s.pool != nil {
		if err := s.startListening(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// newStore is a store that is not connected yet.
func newStore(c Config) *Store {
	s := &Store{dialect: sqliteDialect, log: cmp.Or(c.Logger, slog.New(slog.DiscardHandler)), onChange: c.OnChange, stop: func() {}}
	if c.Database != "" {
		s.dialect = postgresDialect
	}
	if s.onChange == nil {
		s.onChange = func(Change) {}
	}
	s.clock.override, s.clock.opened = c.Now, readLocal()
	s.close = sync.OnceValue(s.shut)
	return s
}

// databaseFile is the name of SQLite's file in the data directory.
const databaseFile = "lanyard.db"

// connect opens the pools. On SQLite it makes the file, readable by its owner alone, when there is none.
func (s *Store) connect(ctx context.Context, dir, database string) (err error) {
	var writes, reads *sql.DB
	if database != "" {
		s.pool, writes, err = openPostgres(ctx, database)
		reads = writes
	} else {
		writes, reads, err = openSQLite(ctx, filepath.Join(dir, databaseFile))
	}
	if writes != nil {
		s.writes = &pool{DB: writes, walled: database != ""}
	}
	switch {
	case reads == nil:
	case reads == writes:
		s.reads = s.writes
	default:
		s.reads = &pool{DB: reads}
	}
	return err
}

// Close ends the background work, waits for it, and closes the database. Calling it again does nothing more.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	s.stop()
	s.background.Wait()
	var errs []error
	if s.reads != nil && s.reads != s.writes {
		errs = append(errs, s.reads.Close())
	}
	if s.writes != nil {
		errs = append(errs, s.writes.Close())
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

// Ping says whether the store can do its work: the database answers, and a sealed value of it opens.
func (s *Store) Ping(ctx context.Context) error {
	var sealed []byte
	err := s.reads.QueryRowContext(ctx, `SELECT check_sealed FROM keysets WHERE id = 'main'`).Scan(&sealed)
	if err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	_, err = s.vault.Open(sealed, checkCell)
	return err
}

// Now is the database's clock, in UTC and whole milliseconds, as every stored time is. On PostgreSQL it follows the
// server's clock within about a millisecond, so that replicas agree whatever their own clocks say. On SQLite it is this
// machine's clock, except that it does not follow one that steps back: what has expired stays expired.
func (s *Store) Now() time.Time { return s.clock.now() }

// Listening says whether changes of other processes are heard. While it is false, nothing kept in memory can be
// trusted. It is always true on SQLite, where there are no other processes.
func (s *Store) Listening() bool { return s.listener == nil || s.listener.up.Load() }

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name }
