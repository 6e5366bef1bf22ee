package peer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Ports come from below the range that Linux gives to outgoing connections and to listeners that ask for port 0
// (32768 and up), so that none is taken between choosing it and the peer's own bind.
const firstPort, lastPort = 20000, 32000

// Port reserves a loopback port for the duration of the test.
func Port(t testing.TB) int {
	t.Helper()
	port, release, err := ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// ReservePort finds a port that nothing listens on, neither on 127.0.0.1 nor on ::1, and keeps it from every other test
// process of this user until release is called or the process ends.
func ReservePort() (port int, release func(), err error) {
	dir, err := cacheDir("ports")
	if err != nil {
		return 0, nil, err
	}
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // not a secret
		lock, err := tryLock(filepath.Join(dir, strconv.Itoa(port)))
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return 0, nil, fmt.Errorf("reserve a port: %w", err)
		}
		if unused(port) {
			return port, func() { _ = lock.Close() }, nil // closing drops the lock
		}
		_ = lock.Close()
	}
	return 0, nil, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

// HasIPv6 reports whether this machine can listen on ::1.
func HasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func unused(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			return false
		}
		if err == nil {
			_ = l.Close()
		}
	}
	return true
}

func tryLock(path string) (*os.File, error) { return lockFile(path, syscall.LOCK_EX|syscall.LOCK_NB) }

// lockFile takes a lock that ends when the file is closed or the process dies. Children do not inherit it: Go opens
// files close-on-exec.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
