package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lanyard/internal/providertest/peer"
)

// Postgres returns the URL of a fresh, empty PostgreSQL database, dropped when the test ends. Its role owns the
// database, may create others, and is no superuser, as in production.
//
// The server is the one that LANYARD_TEST_POSTGRES names, a postgres:// URL of a role that may create databases, or
// else a throw-away cluster made from Debian's package: one per test process, ended with it, listening on a loopback
// port and a socket in its folder. It does not flush to disk (fsync=off, for speed) unless LANYARD_TEST_POSTGRES_FSYNC
// is "on"; only a power cut could tell the difference. Without the package the test is skipped, or fails when
// LANYARD_TEST_PEERS is "required".
func Postgres(t testing.TB) (url string) {
	t.Helper()
	return createDatabase(t, server(t), "")
}

// Outside is the URL of a database whose connections pass the store's row-level security, as an operator's own do who
// sets the organization to "*".
func Outside(database string) string {
	u, err := url.Parse(database)
	if err != nil || database == "" {
		return database
	}
	q := u.Query()
	q.Set("lanyard.organization", "*")
	u.RawQuery = q.Encode()
	return u.String()
}

// PostgresFrom is like [Postgres], but the database is a copy of a template, which fill has made. It is filled once and
// kept under that name, on an external server also for later runs: the name must tell what is in it (a hash of the
// migrations, say), in lower-case letters, digits and underscores.
func PostgresFrom(t testing.TB, template string, fill func(ctx context.Context, url string) error) (url string) {
	t.Helper()
	at := server(t)
	if err := ensureTemplate(t.Context(), at, template, fill); err != nil {
		t.Fatalf("template %s: %v", template, err)
	}
	return createDatabase(t, at, template)
}

// server is the URL of the maintenance database.
func server(t testing.TB) string {
	t.Helper()
	if at := os.Getenv("LANYARD_TEST_POSTGRES"); at != "" {
		return at
	}
	bin, err := binaries()
	if err != nil {
		peer.Missing(t, err.Error(), "apt-get install -y --no-install-recommends postgresql")
	}
	c, err := theCluster(bin)
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	return c.url
}

func createDatabase(t testing.TB, at, template string) string {
	t.Helper()
	name := "lanyard_test_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name
	if template != "" {
		create += " TEMPLATE " + pgx.Identifier{template}.Sanitize()
	}
	if err := execute(t.Context(), at, create); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended. FORCE, for a test that crashed something leaves its connections behind.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := execute(ctx, at, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	return withDatabase(at, name)
}

// ensureTemplate fills a database under another name and then renames it, so that a template that exists is complete.
// An advisory lock makes other tests and test processes wait.
func ensureTemplate(ctx context.Context, at, template string, fill func(context.Context, string) error) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // its session ends, and with it the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", "lanyard template "+template); err != nil {
		return err
	}
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return nil
	}
	unfinished := "lanyard_test_" + strings.ToLower(rand.Text())
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+unfinished); err != nil {
		return err
	}
	if err := fill(ctx, withDatabase(at, unfinished)); err != nil {
		_, dropErr := conn.Exec(context.WithoutCancel(ctx), "DROP DATABASE "+unfinished+" WITH (FORCE)")
		return errors.Join(err, dropErr)
	}
	final := pgx.Identifier{template}.Sanitize()
	for _, statement := range []string{
		// A template with a connection to it cannot be copied.
		"ALTER DATABASE " + unfinished + " WITH ALLOW_CONNECTIONS false",
		"ALTER DATABASE " + unfinished + " RENAME TO " + final,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func execute(ctx context.Context, at, statement string) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

func withDatabase(at, name string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at // pgx has parsed it before, so this does not happen
	}
	u.Path = "/" + name
	return u.String()
}

// binaries finds the folder of Debian's newest PostgreSQL; its programs are not in PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// cluster is a running server. It ends when the leash is closed, which the kernel does when this process ends, however
// it ends. Leash and port stay reachable for that long, or the garbage collector would close them.
type cluster struct {
	url     string
	leash   *os.File
	release func() // gives the port back
}

var once struct {
	sync.Once
	*cluster
	err error
}

// theCluster is this process's server, started when first asked for.
func theCluster(bin string) (*cluster, error) {
	once.Do(func() { once.cluster, once.err = startCluster(bin) })
	return once.cluster, once.err
}

// guard runs a server ("$@") until its standard input ends, and then removes the server's folder ($dir).
const guard = `dir=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{ read -r _ <&3; kill -INT "$server"; } &
wait "$server"
rm -rf "$dir"`

func startCluster(bin string) (_ *cluster, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lanyard-postgres-")
	if err != nil {
		return nil, err
	}
	started := false
	defer func() {
		if !started {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	password := rand.Text()
	passwordFile := filepath.Join(dir, "password")
	if err := os.WriteFile(passwordFile, []byte(password), 0o600); err != nil {
		return nil, err
	}
	for _, path := range []string{dir, passwordFile} {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	data, log := filepath.Join(dir, "data"), filepath.Join(dir, "log")

	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "admin",
		"--pwfile", passwordFile, "--auth", "password", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}

	port, release, err := peer.ReservePort() // until this process ends
	if err != nil {
		return nil, err
	}
	end, leash, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	fsync := "off"
	if os.Getenv("LANYARD_TEST_POSTGRES_FSYNC") == "on" {
		fsync = "on"
	}
	args := []string{"-c", guard, "guard", dir, filepath.Join(bin, "postgres"), "-D", data}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=" + dir,
		"fsync=" + fsync, "full_page_writes=" + fsync, "max_connections=300", "timezone=UTC",
		"autovacuum=off", // its workers cannot be ended by whoever drops a database
	} {
		args = append(args, "-c", setting)
	}
	postgres := exec.Command("/bin/sh", args...) //nolint:noctx // it ends by its leash
	postgres.Dir, postgres.Stdin, postgres.Stdout, postgres.Stderr = dir, end, out, out
	// A session of its own: an interrupt typed at the terminal must not end the guard before its work.
	postgres.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setsid: true}
	if err := postgres.Start(); err != nil {
		return nil, err
	}
	started = true // from here on the guard removes the folder
	_, _ = end.Close(), out.Close()
	ended := make(chan struct{})
	go func() {
		_ = postgres.Wait()
		close(ended)
	}()

	at := func(role string) string {
		u := url.URL{
			Scheme: "postgres", User: url.UserPassword(role, password), Host: fmt.Sprintf("127.0.0.1:%d", port),
			Path: "/postgres", RawQuery: "sslmode=disable",
		}
		return u.String()
	}
	err = peer.UntilReady(ctx, ended, func(ctx context.Context) error { return execute(ctx, at("admin"), "SELECT 1") })
	if err == nil {
		err = execute(ctx, at("admin"), "CREATE ROLE lanyard LOGIN CREATEDB PASSWORD '"+password+"'")
	}
	if err != nil {
		said, _ := os.ReadFile(log) // as much as there is
		_ = leash.Close()
		release()
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return &cluster{url: at("lanyard"), leash: leash, release: release}, nil
}

// unprivileged is whom the server runs as: this user, or, since initdb and postgres refuse root, the user postgres or
// nobody.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		// Only root may set the supplementary groups, so they stay.
		return &syscall.Credential{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid()), NoSetGroups: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}
