package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"
)

// dialect is what differs between the two databases once they are open.
type dialect struct {
	name  string
	goose goose.Dialect
	// hasTable gives one row with true when there is a table of that name.
	hasTable string
	// columns gives table, column and type of every column, a table's in their order; foreignKeys child and parent table.
	columns, foreignKeys string
	// tableNames gives the names of all tables.
	tableNames string
}

var (
	sqliteDialect = dialect{
		name:     "sqlite",
		goose:    goose.DialectSQLite3,
		hasTable: `SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = $1`,
		columns: `SELECT s.name, c.name, c.type FROM sqlite_schema s, pragma_table_info(s.name) c
			WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY s.name, c.cid`,
		foreignKeys: `SELECT s.name, f."table" FROM sqlite_schema s, pragma_foreign_key_list(s.name) f WHERE s.type = 'table'`,
		tableNames:  `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`,
	}
	postgresDialect = dialect{
		name:     "postgres",
		goose:    goose.DialectPostgres,
		hasTable: `SELECT to_regclass($1) IS NOT NULL`,
		columns: `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
			ORDER BY c.relname, a.attnum`,
		tableNames: `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')`,
		foreignKeys: `SELECT c.relname, p.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
			WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace`,
	}
)

// lock ends a SELECT of a transaction whose rows of one table, named by its alias, nobody else may change before the
// transaction ends; new rows may still refer to them. SQLite needs none: its one writer is alone from BEGIN IMMEDIATE to
// the commit. Whoever locks several tables takes connections before services before authorizations.
func (d dialect) lock(alias string) string {
	if d.name == "sqlite" {
		return ""
	}
	return ` FOR NO KEY UPDATE OF ` + alias
}

// keep ends a SELECT of a transaction whose rows of one table nobody may delete before the transaction ends.
func (d dialect) keep(alias string) string {
	if d.name == "sqlite" {
		return ""
	}
	return ` FOR KEY SHARE OF ` + alias
}

// openSQLite opens the one writer and a pool of readers on the same file. The driver has to be modernc's: it binds $2
// to the second argument, where others for SQLite bind by order of appearance.
func openSQLite(ctx context.Context, path string) (writes, reads *sql.DB, err error) {
	// Made here for its mode; the write-ahead log and the shared memory beside it inherit it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the database: %w", err)
	}
	// synchronous=FULL: what was acknowledged survives a power cut. secure_delete: what was erased is overwritten.
	common := []string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}
	open := func(size int, query url.Values) (*sql.DB, error) {
		u := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
		db, err := sql.Open("sqlite", u.String())
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(size)
		db.SetMaxIdleConns(size)
		return db, nil
	}
	// Without IMMEDIATE, a transaction that reads before it writes fails at once when another one is writing.
	writes, err = open(1, url.Values{"_pragma": append(common, "secure_delete(1)"), "_txlock": {"immediate"}})
	if err != nil {
		return nil, nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	reads, err = open(max(4, runtime.NumCPU()), url.Values{"_pragma": append(common, "query_only(1)")})
	if err == nil {
		err = writes.PingContext(ctx)
	}
	if err != nil {
		return writes, reads, fmt.Errorf("open the database %s: %w", path, err)
	}
	return writes, reads, nil
}

// openPostgres opens a pool and a view of it for database/sql. The URL may carry pgx's own settings
// (pool_max_conns, connect_timeout) and PostgreSQL's (lock_timeout).
func openPostgres(ctx context.Context, database string) (*pgxpool.Pool, *sql.DB, error) {
	c, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, nil, fmt.Errorf("read the database's URL: %w", err) // pgx leaves the password out
	}
	if !strings.Contains(database, "pool_max_conns") {
		c.MaxConns = max(16, int32(runtime.NumCPU()))
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	// Waiting has an end, and a process that hangs in the middle of a transaction does not stop the others.
	for name, value := range map[string]string{
		"application_name": "lanyard", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s",
	} {
		if c.ConnConfig.RuntimeParams[name] == "" {
			c.ConnConfig.RuntimeParams[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, nil, fmt.Errorf("open the database: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	if err := db.PingContext(ctx); err != nil {
		return pool, db, fmt.Errorf("open the database: %w", err)
	}
	return pool, db, nil
}

// PostgreSQL's SQLSTATE codes, appendix A of its manual.
const (
	pgForeignKeyViolation = "23503"
	pgUniqueViolation     = "23505"
)

// isUniqueViolation reports whether a row with the same key was there already.
func isUniqueViolation(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlitecode.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlitecode.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == pgUniqueViolation
}

// isForeignKeyViolation reports whether the row that a new one belongs to is absent, or still has others.
func isForeignKeyViolation(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlitecode.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == pgForeignKeyViolation
}
