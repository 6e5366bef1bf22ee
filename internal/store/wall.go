package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"lanyard"
)

// The wall is PostgreSQL's row-level security behind the condition that every query has: a statement for one
// organization sees and writes the rows of that organization alone, also if somebody forgets the condition. SQLite has
// none.
//
// What a statement is for is read from its arguments: with exactly one organization among them it is for that one. Those
// that have none, such as finding whose session a cookie is or what is due anywhere, are for everybody. A connection
// that was told nothing sees no row at all.

// everybody is the scope of statements for no organization in particular.
const everybody = "*"

// scopeKey is where a connection of the pool keeps the scope that it was given last.
const scopeKey = "lanyard.organization"

// scopeOf says which organization a statement with these arguments is for.
func scopeOf(args []any) string {
	scope := ""
	for _, a := range args {
		switch org, ok := a.(lanyard.OrganizationID); {
		case !ok || string(org) == scope:
		case scope == "" && org != "":
			scope = string(org)
		default:
			return everybody
		}
	}
	if scope == "" {
		return everybody
	}
	return scope
}

// pool is a database as queries use it.
type pool struct {
	*sql.DB
	walled bool
}

func (p *pool) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if !p.walled {
		return p.ExecContext(ctx, query, args...)
	}
	conn, err := p.scoped(ctx, scopeOf(args))
	if err != nil {
		return nil, err
	}
	result, err := conn.ExecContext(ctx, query, args...)
	return result, errors.Join(err, conn.Close())
}

func (p *pool) query(ctx context.Context, query string, args ...any) (*sql.Rows, func(), error) {
	if !p.walled {
		rows, err := p.QueryContext(ctx, query, args...)
		return rows, func() {}, err
	}
	conn, err := p.scoped(ctx, scopeOf(args))
	if err != nil {
		return nil, nil, err
	}
	giveBack := func() { _ = conn.Close() } // to the pool, which drops it if it broke
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		giveBack()
		return nil, nil, err
	}
	return rows, giveBack, nil
}

// scoped gives a connection of the pool that is set to a scope. It is told only when it had another one.
func (p *pool) scoped(ctx context.Context, scope string) (*sql.Conn, error) {
	conn, err := p.Conn(ctx)
	if err != nil {
		return nil, err
	}
	err = conn.Raw(func(driver any) error {
		c := driver.(*stdlib.Conn).Conn()
		told := c.PgConn().CustomData()
		if told[scopeKey] == scope {
			return nil
		}
		if _, err := c.Exec(ctx, `SELECT set_config('lanyard.organization', $1, false)`, scope); err != nil {
			return fmt.Errorf("set the organization of a connection: %w", err)
		}
		told[scopeKey] = scope
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// transaction is a transaction as queries use it. Its scope ends with it.
type transaction struct {
	*sql.Tx
	walled bool
	scope  string
}

func (t *transaction) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.scopeTo(ctx, scopeOf(args)); err != nil {
		return nil, err
	}
	return t.ExecContext(ctx, query, args...)
}

func (t *transaction) query(ctx context.Context, query string, args ...any) (*sql.Rows, func(), error) {
	if err := t.scopeTo(ctx, scopeOf(args)); err != nil {
		return nil, nil, err
	}
	rows, err := t.QueryContext(ctx, query, args...)
	return rows, func() {}, err
}

// prepare is for statements that run many times over, on rows of several organizations.
func (t *transaction) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := t.scopeTo(ctx, everybody); err != nil {
		return nil, err
	}
	return t.PrepareContext(ctx, query)
}

func (t *transaction) scopeTo(ctx context.Context, scope string) error {
	if !t.walled || t.scope == scope {
		return nil
	}
	if _, err := t.ExecContext(ctx, `SELECT set_config('lanyard.organization', $1, true)`, scope); err != nil {
		return fmt.Errorf("set the organization of a transaction: %w", err)
	}
	t.scope = scope
	return nil
}

// outside gives a view of the database that passes the wall, for migrations, which see every row. Whoever asks closes it.
func (s *Store) outside() *sql.DB {
	return stdlib.OpenDB(*s.pool.Config().ConnConfig, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SELECT set_config('lanyard.organization', $1, false)`, everybody)
		return err
	}))
}

// buildWall puts the policy on every table that has an organization and does not have it yet. FORCE, for Lanyard owns
// the tables, and an owner would otherwise pass.
func (s *Store) buildWall(ctx context.Context) error {
	if !s.writes.walled {
		return nil
	}
	const query = `SELECT c.relname, a.attname FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = CASE c.relname WHEN 'organizations' THEN 'id' ELSE 'organization_id' END
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
		ORDER BY c.relname`
	type table struct{ name, column string }
	scan := func(row scanner) (v table, err error) {
		err = row.Scan(&v.name, &v.column)
		return v, err
	}
	return s.tx(ctx, func(t *tx) error {
		// Other replicas that start at this moment wait, and then find nothing left to do.
		if _, err := t.exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('lanyard wall'))`); err != nil {
			return fmt.Errorf("lock the schema: %w", err)
		}
		bare, err := all(ctx, t.sql, scan, query)
		if err != nil {
			return fmt.Errorf("find the tables: %w", err)
		}
		for _, b := range bare {
			name, column := pgx.Identifier{b.name}.Sanitize(), pgx.Identifier{b.column}.Sanitize()
			for _, statement := range []string{
				`DROP POLICY IF EXISTS one_organization ON ` + name,
				`CREATE POLICY one_organization ON ` + name + ` USING (current_setting('lanyard.organization', true) IN (` + column + `, '*'))`,
				`ALTER TABLE ` + name + ` ENABLE ROW LEVEL SECURITY`,
				`ALTER TABLE ` + name + ` FORCE ROW LEVEL SECURITY`,
			} {
				if _, err := t.exec(ctx, statement); err != nil {
					return fmt.Errorf("set up row-level security on %s: %w", b.name, err)
				}
			}
		}
		return nil
	})
}
