package peer_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lanyard/internal/providertest/peer"
)

// recorder is a test that remembers how it would have ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Skipf(format string, args ...any)  { r.skipped = fmt.Sprintf(format, args...) }
func (r *recorder) Fatalf(format string, args ...any) { r.failed = fmt.Sprintf(format, args...) }

func TestMissing(t *testing.T) {
	const said = "nginx is not installed; run: apt-get install nginx"
	for _, c := range []struct {
		name, env       string
		skipped, failed string
	}{
		{"skips on a developer's machine", "", said, ""},
		{"fails where peers are required", "required", "", said},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("LANYARD_TEST_PEERS", c.env)
			r := &recorder{TB: t}
			peer.Missing(r, "nginx is not installed", "apt-get install nginx")
			if r.skipped != c.skipped || r.failed != c.failed {
				t.Errorf("got skipped %q, failed %q; want %q, %q", r.skipped, r.failed, c.skipped, c.failed)
			}
		})
	}
}

func TestPortIsReserved(t *testing.T) {
	port := peer.Port(t)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the port cannot be listened on: %v", err)
	}
	defer l.Close()
	seen := map[int]bool{port: true}
	for range 50 {
		p := peer.Port(t)
		if seen[p] {
			t.Fatalf("port %d was given twice", p)
		}
		seen[p] = true
	}
}

// readyFile is ready once the program has written its file.
func readyFile(path string) func(context.Context) error {
	return func(context.Context) error {
		b, err := os.ReadFile(path)
		if err == nil && !strings.HasSuffix(string(b), "\n") {
			err = fmt.Errorf("%s is not complete", path)
		}
		return err
	}
}

// family is a shell that starts a child, writes both their process ids to the file "ready", and never ends.
const family = `sleep 1000 & echo $$ $! >ready; wait`

// pids reads what a family wrote.
func pids(t *testing.T, dir string) (parent, child int) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "ready"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(b), &parent, &child); err != nil {
		t.Fatal(err)
	}
	return parent, child
}

// waitGone waits until a process has ended. One that nobody has waited for yet has ended too.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}

func TestProcessEndsWithItsTest(t *testing.T) {
	var parent, child int
	t.Run("inner", func(t *testing.T) {
		dir := t.TempDir()
		p := peer.Start(t, peer.Program{
			Name: "family", Path: "sh", Args: []string{"-c", "echo hello; " + family}, Dir: dir,
			Ready: readyFile(filepath.Join(dir, "ready")),
		})
		parent, child = pids(t, dir)
		if got := p.Output(); got != "hello\n" {
			t.Errorf("output is %q", got)
		}
	})
	waitGone(t, parent)
	waitGone(t, child)
}

func TestProcessThatEndsEarlyIsNoticed(t *testing.T) {
	ended := make(chan struct{})
	close(ended)
	err := peer.UntilReady(t.Context(), ended, func(context.Context) error { return syscall.ECONNREFUSED })
	if err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("got %v", err)
	}
}

// TestProcessDiesWithTheTestProcess kills a test process, which then cannot clean up.
func TestProcessDiesWithTheTestProcess(t *testing.T) {
	if dir := os.Getenv("PEER_TEST_VICTIM"); dir != "" {
		peer.Start(t, peer.Program{
			Name: "family", Path: "sh", Args: []string{"-c", family}, Dir: dir, Ready: readyFile(filepath.Join(dir, "ready")),
		})
		fmt.Println("started")
		select {}
	}
	dir := t.TempDir()
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcessDiesWithTheTestProcess$")
	victim.Env = append(os.Environ(), "PEER_TEST_VICTIM="+dir)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "started\n" {
		t.Fatalf("the victim said %q (%v)", line, err)
	}
	parent, child := pids(t, dir)
	_ = victim.Process.Kill()
	_ = victim.Wait() // it was killed
	waitGone(t, parent)
	_ = syscall.Kill(child, syscall.SIGKILL) // the kernel's signal reaches the program, not its children
}
