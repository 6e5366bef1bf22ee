package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// beside connects to a store that another process may be serving, whatever its schema, without the lock and the keys: to
// look at it, and for single changes that need neither. It refuses a store that is not there, or that a newer Lanyard
// migrated.
func beside(ctx context.Context, c Config) (_ *Store, version int64, err error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, 0, fmt.Errorf("find the data directory %s: %w", c.Dir, err)
	}
	s := newStore(c)
	if c.Database == "" {
		if _, err := os.Stat(filepath.Join(dir, databaseFile)); errors.Is(err, fs.ErrNotExist) {
			return nil, 0, fmt.Errorf("there is no store in the directory %s: name another one with --data, or a database with --database", dir)
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.connect(ctx, dir, c.Database); err != nil {
		return nil, 0, err
	}
	schema, err := s.inspect(ctx)
	if err != nil {
		return nil, 0, err
	}
	if schema.keyset == nil {
		return nil, 0, errors.New("the database holds no store of Lanyard yet")
	}
	return s, schema.version, nil
}

// Snapshot is a store as it was at one moment, while others go on writing.
type Snapshot struct {
	Version  int64     // of the schema
	At       time.Time // by the database's clock
	Dialect  string    // "sqlite" or "postgres"
	Instance Instance  // zero where the schema is older than instances
	Tables   []Table   // all of them, each after those that its foreign keys name, keysets first

	store *Store
	tx    *sql.Tx
}

// OpenSnapshot takes a snapshot of a store, which a server may be serving. Neither the master key nor the lock is
// needed, and nothing is written. Close it soon: while it is open the database keeps what it would clear away.
func OpenSnapshot(ctx context.Context, c Config) (_ *Snapshot, err error) {
	s, version, err := beside(ctx, c)
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{Version: version, Dialect: s.dialect.name, store: s}
	defer func() {
		if err != nil {
			err = errors.Join(err, snap.Close())
		}
	}()
	options := &sql.TxOptions{}
	if s.reads.walled {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	if snap.tx, err = s.reads.BeginTx(ctx, options); err != nil {
		return nil, fmt.Errorf("begin to read: %w", err)
	}
	snap.At = s.Now()
	if s.reads.walled {
		if _, err := snap.tx.ExecContext(ctx, `SELECT set_config('lanyard.organization', $1, true)`, everybody); err != nil {
			return nil, fmt.Errorf("pass row-level security: %w", err)
		}
		var ms int64
		if err := snap.tx.QueryRowContext(ctx, `SELECT CAST(extract(epoch FROM now()) * 1000 AS BIGINT)`).Scan(&ms); err != nil {
			return nil, fmt.Errorf("read the server's clock: %w", err)
		}
		snap.At = time.UnixMilli(ms).UTC()
	}
	// SQLite's snapshot is of the moment of the first reading, so the version is read once more within it.
	if err := snap.tx.QueryRowContext(ctx, schemaVersion).Scan(&snap.Version); err != nil {
		return nil, fmt.Errorf("read the schema version: %w", err)
	}
	if snap.Tables, err = s.dialect.tables(ctx, snap.tx); err != nil {
		return nil, err
	}
	for _, t := range snap.Tables {
		if t.Name != "instances" {
			continue
		}
		if snap.Instance, err = readInstance(ctx, &transaction{Tx: snap.tx}); err != nil {
			return nil, err
		}
	}
	return snap, nil
}

// Rows gives every row of a table, in no order. The slice is used again; nil is NULL.
func (s *Snapshot) Rows(ctx context.Context, t Table, each func(row []any) error) error {
	return t.read(ctx, s.tx, each)
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	if s.tx != nil {
		_ = s.tx.Rollback() // nothing was written
	}
	return s.store.Close()
}
