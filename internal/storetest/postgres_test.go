package storetest_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lanyard/internal/storetest"
)

func connect(t *testing.T, at string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec1(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func count(t *testing.T, conn *pgx.Conn, query string, args ...any) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestPostgresDatabasesAreApart(t *testing.T) {
	one, two := connect(t, storetest.Postgres(t)), connect(t, storetest.Postgres(t))
	exec1(t, one, "CREATE TABLE only_here (id BIGINT)")
	const tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'only_here'"
	if a, b := count(t, one, tables), count(t, two, tables); a != 1 || b != 0 {
		t.Errorf("the table is there %d and %d times, want 1 and 0", a, b)
	}
}

func TestPostgresRoleIsNoSuperuser(t *testing.T) {
	if os.Getenv("LANYARD_TEST_POSTGRES") != "" {
		t.Skip("the role is the one of LANYARD_TEST_POSTGRES")
	}
	conn := connect(t, storetest.Postgres(t))
	if n := count(t, conn, "SELECT count(*) FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"); n != 0 {
		t.Error("the role is a superuser, so row-level security does not hold for it")
	}
}

func TestPostgresDatabaseIsDropped(t *testing.T) {
	var name string
	t.Run("inner", func(t *testing.T) {
		at := storetest.Postgres(t)
		name = databaseName(t, at)
		// A connection that is still open must not keep it.
		conn, err := pgx.Connect(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		exec1(t, conn, "SELECT 1")
	})
	conn := connect(t, storetest.Postgres(t))
	if n := count(t, conn, "SELECT count(*) FROM pg_database WHERE datname = $1", name); n != 0 {
		t.Errorf("database %s is still there", name)
	}
}

func databaseName(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func TestPostgresFromTemplate(t *testing.T) {
	// A server that outlives the test keeps the template, so it has a name of its own.
	template := fmt.Sprintf("lanyard_template_test_%d", time.Now().UnixNano())
	at := maintenance(t)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), "DROP DATABASE "+template); err != nil {
			t.Error(err)
		}
	})
	var filled atomic.Int32
	fill := func(ctx context.Context, at string) error {
		filled.Add(1)
		conn, err := pgx.Connect(ctx, at)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "CREATE TABLE kept (id BIGINT); INSERT INTO kept VALUES (1)")
		return err
	}
	t.Run("group", func(t *testing.T) {
		for i := range 4 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				conn := connect(t, storetest.PostgresFrom(t, template, fill))
				exec1(t, conn, "INSERT INTO kept VALUES (2)")
				if n := count(t, conn, "SELECT count(*) FROM kept"); n != 2 {
					t.Errorf("the copy holds %d rows, want 2", n)
				}
			})
		}
	})
	if n := filled.Load(); n != 1 {
		t.Errorf("the template was filled %d times, want once", n)
	}
}

// maintenance is the URL of the server's own database.
func maintenance(t *testing.T) string {
	t.Helper()
	if at := os.Getenv("LANYARD_TEST_POSTGRES"); at != "" {
		return at
	}
	u, err := url.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/postgres"
	return u.String()
}

// TestPostgresEndsWithTheTestProcess kills a test process, which then cannot clean up.
func TestPostgresEndsWithTheTestProcess(t *testing.T) {
	if os.Getenv("STORETEST_VICTIM") != "" {
		u, err := url.Parse(storetest.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("started", u.Host)
		select {}
	}
	if os.Getenv("LANYARD_TEST_POSTGRES") != "" {
		t.Skip("the server of LANYARD_TEST_POSTGRES is not ours to end")
	}
	storetest.Postgres(t) // skips where there is none
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPostgresEndsWithTheTestProcess$")
	victim.Env = append(os.Environ(), "STORETEST_VICTIM=1")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var host string
	if _, scanErr := fmt.Sscanf(line, "started %s\n", &host); scanErr != nil {
		t.Fatalf("the victim said %q (%v, %v)", line, err, scanErr)
	}
	dir := folder(t, host)
	_ = victim.Process.Kill()
	_ = victim.Wait() // it was killed
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, dialErr := net.DialTimeout("tcp", host, time.Second)
		if dialErr == nil {
			conn.Close()
		}
		_, statErr := os.Stat(dir)
		if dialErr != nil && os.IsNotExist(statErr) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the test process was killed: dial: %v, stat of its folder: %v", dialErr, statErr)
		}
	}
}

// folder finds the folder of the server that listens there.
func folder(t *testing.T, host string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	pidFiles, err := filepath.Glob(filepath.Join(os.TempDir(), "lanyard-postgres-*", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pidFiles {
		b, err := os.ReadFile(path)
		if lines := strings.Split(string(b), "\n"); err == nil && len(lines) > 3 && lines[3] == port {
			return filepath.Dir(filepath.Dir(path))
		}
	}
	t.Fatalf("no folder of a server on port %s among %v", port, pidFiles)
	return ""
}
