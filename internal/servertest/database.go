package servertest

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"lanyard/internal/storetest"
)

// SQL runs a statement on the store behind the server's back, as a thief of the database or the passing of time would,
// and on PostgreSQL tells the replicas to forget what they know. On the embedded store the server has to be stopped or
// started anew for it to notice.
func (l *Lanyard) SQL(t testing.TB, statement string, args ...any) {
	t.Helper()
	driver, source := "sqlite", "file:"+filepath.Join(l.Config.DataDir, "lanyard.db")+"?_pragma=busy_timeout(5000)"
	if l.Config.Database != "" {
		driver, source = "pgx", storetest.Outside(l.Config.Database)
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if l.Config.Database != "" {
		if _, err := db.ExecContext(context.Background(), `SELECT pg_notify('lanyard', '')`); err != nil {
			t.Fatal(err)
		}
	}
}

// Expire makes every access token look expired to this server, as if the time had passed.
func (l *Lanyard) Expire(t testing.TB) {
	t.Helper()
	restart := l.Config.Database == "" && l.stopped != nil
	if restart {
		l.Stop(t)
	}
	l.SQL(t, `UPDATE authorizations SET expires_at = 1000, lifetime = 3600000 WHERE status = 'connected'`)
	if restart {
		l.Serve(t)
	}
}
