package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lanyard/internal/vault"
)

// NotEmptyError says that a store is not restored into, since something is there.
type NotEmptyError struct{ Where string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s is not empty, and a backup is restored into an empty store only: name another one, or move away what is there; nothing was changed", e.Where)
}

const (
	// unfinishedTable stands in a database for as long as a restore is under way. With it nobody serves the database.
	unfinishedTable = "lanyard_restore_unfinished"
	// unfinishedDir is where SQLite's file is made before it gets its place in the data directory.
	unfinishedDir = "restoring"
)

// Filling is an empty store, at the schema version of a backup, while its rows are put in.
type Filling struct {
	Tables []Table // each after those that its foreign keys name
	tx     *tx
}

// Insert makes a function that adds rows to a table. It serves until the next one is made.
func (f *Filling) Insert(ctx context.Context, t Table) (insert func(row []any) error, done func(), err error) {
	statement, err := f.tx.sql.prepare(ctx, t.insert())
	if err != nil {
		return nil, nil, fmt.Errorf("prepare to fill table %s: %w", t.Name, err)
	}
	insert = func(row []any) error {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return fmt.Errorf("fill table %s: %w", t.Name, err)
		}
		return nil
	}
	return insert, func() { _ = statement.Close() }, nil // it ends with the transaction too
}

// Rows gives every row of a table, in no order, as it stands in the database now.
func (f *Filling) Rows(ctx context.Context, t Table, each func(row []any) error) error {
	return t.read(ctx, f.tx.sql, each)
}

// Restore makes a store of what was backed up: the schema at the version of the backup, the rows that fill puts in, in one
// transaction, then the migrations since. The store is another instance than origin, and paused. It needs an empty place
// (*[NotEmptyError]) and a schema version that this Lanyard knows (*[NewerError]). If it does not come to its end, however
// it ends, there is nothing on SQLite, and on PostgreSQL what nobody serves and the next restore clears away.
func Restore(ctx context.Context, c Config, version int64, origin Origin, fill func(context.Context, *Filling) error) (err error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("find the data directory %s: %w", c.Dir, err)
	}
	s, at := newStore(c), dir
	defer func() { err = errors.Join(err, s.Close()) }()
	if c.Database == "" {
		if s.lock, err = lockDir(dir); err != nil {
			return err
		}
		if at, err = clearPlace(dir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(at)) }()
	}
	if err := s.connect(ctx, at, c.Database); err != nil {
		return err
	}
	if err := s.restore(ctx, version, origin, fill); err != nil || c.Database != "" {
		return err
	}
	// Closing writes the log into the file; then it is complete, and gets its name.
	if err := errors.Join(s.reads.Close(), s.writes.Close()); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(at, databaseFile), filepath.Join(dir, databaseFile)); err != nil {
		return fmt.Errorf("put the restored database in its place: %w", err)
	}
	return vault.SyncDir(dir)
}

// clearPlace makes the directory for SQLite's unfinished file, empty of what a restore left that was killed.
func clearPlace(dir string) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); !errors.Is(err, fs.ErrNotExist) {
		return "", errors.Join(&NotEmptyError{"the data directory " + dir}, err)
	}
	at := filepath.Join(dir, unfinishedDir)
	if err := os.RemoveAll(at); err != nil {
		return "", fmt.Errorf("clear away a restore that did not end: %w", err)
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		return "", fmt.Errorf("make a directory for the database: %w", err)
	}
	return at, nil
}

func (s *Store) restore(ctx context.Context, version int64, origin Origin, fill func(context.Context, *Filling) error) error {
	p, err := s.provider(s.writes.DB)
	if err != nil {
		return err
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; version > newest {
		return &NewerError{Store: version, Binary: newest}
	}
	if err := s.emptied(ctx); err != nil {
		return err
	}
	if _, err := s.writes.ExecContext(ctx, `CREATE TABLE `+unfinishedTable+` (since BIGINT NOT NULL)`); err != nil {
		return fmt.Errorf("begin to restore: %w", err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("make the schema of version %d: %w", version, err)
	}
	err = s.tx(ctx, func(t *tx) error {
		f := &Filling{tx: t}
		tables, err := s.dialect.tables(ctx, t.sql)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if table.Name != unfinishedTable {
				f.Tables = append(f.Tables, table)
			}
		}
		return fill(ctx, f)
	})
	if err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.tx(ctx, func(t *tx) error {
		now := millis(s.Now())
		const insert = `INSERT INTO instances (id, instance_id, created_at, origin_id, origin_url, backup_at, restored_at) VALUES ('main', $1, $2, $3, $4, $5, $2)`
		if _, err := t.exec(ctx, `DELETE FROM instances`); err != nil {
			return fmt.Errorf("name the instance: %w", err)
		}
		if _, err := t.exec(ctx, insert, newInstanceID(), now, clean(origin.ID), clean(origin.PublicURL), millis(origin.BackupAt)); err != nil {
			return fmt.Errorf("name the instance: %w", err)
		}
		if _, err := t.exec(ctx, `DROP TABLE `+unfinishedTable); err != nil {
			return fmt.Errorf("end the restore: %w", err)
		}
		return nil
	})
}

// emptied sees to it that the database has no tables: those of a restore that was killed are dropped, others refused.
func (s *Store) emptied(ctx context.Context) error {
	unfinished, err := s.hasTable(ctx, unfinishedTable)
	if err != nil {
		return err
	}
	found, err := all(ctx, s.writes, column[string], s.dialect.tableNames)
	if err != nil {
		return fmt.Errorf("look at the schema: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	if !unfinished {
		return &NotEmptyError{fmt.Sprintf("the database, which has %d tables,", len(found))}
	}
	return s.tx(ctx, func(t *tx) error {
		for _, name := range found {
			if _, err := t.exec(ctx, `DROP TABLE `+quote(name)+` CASCADE`); err != nil {
				return fmt.Errorf("clear away a restore that did not end: %w", err)
			}
		}
		return nil
	})
}
