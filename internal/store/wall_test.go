package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// TestH17_TheWall: on PostgreSQL, a query whose condition on the organization was forgotten still gives no foreign row.
func TestH17_TheWall(t *testing.T) {
	url := storetest.Postgres(t)
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), KeyFile: filepath.Join(t.TempDir(), "key"), Database: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	mine, theirs := lanyard.NewOrganizationID(), lanyard.NewOrganizationID()
	for _, org := range []lanyard.OrganizationID{mine, theirs} {
		for _, insert := range []string{
			`INSERT INTO organizations (id, name, created_at) VALUES ($1, 'One', 1)`,
			`INSERT INTO users (organization_id, id, email, name, role, created_at) VALUES ($1, 'usr_a', 'owner@example.com', 'Owner', 'owner', 1)`,
		} {
			if _, err := store.ExecInTransaction(t.Context(), s, insert, org); err != nil {
				t.Fatal(err)
			}
		}
	}
	const forgotten = `SELECT organization_id FROM users WHERE $1 <> ''`
	for range 2 { // on connections that were just the other's
		for name, read := range map[string]func(context.Context, *store.Store, string, ...any) ([]string, error){"the pool": store.Texts, "a transaction": store.TextsInTransaction} {
			for _, org := range []lanyard.OrganizationID{mine, theirs} {
				if rows, err := read(t.Context(), s, forgotten, org); err != nil || !slices.Equal(rows, []string{string(org)}) {
					t.Errorf("%s reads %v, %v, want rows of %s alone", name, rows, err, org)
				}
			}
		}
	}
	if n, err := store.ExecInTransaction(t.Context(), s, `UPDATE users SET name = 'Taken' WHERE $1 <> ''`, mine); err != nil || n != 1 {
		t.Errorf("a transaction changes %d rows, %v, want 1", n, err)
	}
	if _, err := store.ExecInTransaction(t.Context(), s, `UPDATE users SET organization_id = 'org_x' WHERE organization_id = $1`, mine); err == nil {
		t.Error("a row was moved to another organization")
	}
	if both, err := store.Texts(t.Context(), s, `SELECT organization_id FROM users`); err != nil || len(both) != 2 {
		t.Errorf("a statement for nobody in particular reads %v, %v", both, err)
	}
	// Who connects with the same role and says nothing sees nothing.
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, table := range []string{"organizations", "users"} {
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("a connection that says nothing sees %d rows of %s, %v", n, table, err)
		}
	}
	bare, err := store.Texts(t.Context(), s, `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`)
	if err != nil || len(bare) > 0 {
		t.Errorf("tables without the wall: %v, %v", bare, err)
	}
}
