package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// NewerError says that a newer Lanyard migrated this store.
type NewerError struct{ Store, Binary int64 }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the store has schema version %d, and this lanyard knows versions up to %d: run the newer lanyard that made it; nothing was changed", e.Store, e.Binary)
}

// schema is what a store looks like before anything is done to it.
type schema struct {
	version int64  // 0: nothing was migrated yet
	keyset  []byte // sealed; nil: there is none, so nothing can have been sealed
}

// schemaVersion is the version that the last migration left.
const schemaVersion = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`

// inspect looks without writing. It refuses a store that is newer than this program.
func (s *Store) inspect(ctx context.Context) (found schema, err error) {
	migrated, err := s.hasTable(ctx, goose.DefaultTablename)
	if err != nil {
		return schema{}, err
	}
	if migrated {
		newest, err := s.provider(s.writes.DB)
		if err != nil {
			return schema{}, err
		}
		sources := newest.ListSources()
		if err := s.writes.QueryRowContext(ctx, schemaVersion).Scan(&found.version); err != nil {
			return schema{}, fmt.Errorf("read the schema version: %w", err)
		}
		if binary := sources[len(sources)-1].Version; found.version > binary {
			return schema{}, &NewerError{Store: found.version, Binary: binary}
		}
	}
	if unfinished, err := s.hasTable(ctx, unfinishedTable); err != nil || unfinished {
		return schema{}, cmp.Or(err, errors.New("a restore into this store was begun and did not end: run lanyard restore again"))
	}
	hasKeys, err := s.hasTable(ctx, "keysets")
	if err != nil || !hasKeys {
		return found, err
	}
	err = s.writes.QueryRowContext(ctx, `SELECT sealed FROM keysets WHERE id = 'main'`).Scan(&found.keyset)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return schema{}, fmt.Errorf("read the sealed data keys: %w", err)
	}
	return found, nil
}

func (s *Store) hasTable(ctx context.Context, name string) (has bool, err error) {
	if err := s.writes.QueryRowContext(ctx, s.dialect.hasTable, name).Scan(&has); err != nil {
		return false, fmt.Errorf("look at the schema: %w", err)
	}
	return has, nil
}

// migrate applies what is missing, each migration in a transaction of its own. Replicas may do it at once.
func (s *Store) migrate(ctx context.Context) (err error) {
	db := s.writes.DB
	if s.writes.walled {
		db = s.outside()
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	p, err := s.provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}

func (s *Store) provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.pool != nil {
		// Asks every second for five minutes, the longest that another replica's migration may take.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, fmt.Errorf("prepare the migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(s.dialect.goose, db, files, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare the migrations: %w", err)
	}
	return p, nil
}
