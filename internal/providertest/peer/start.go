package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// readyWithin is how long a program may take until it answers. It is generous: the first start on a busy machine reads
// everything from a cold disk.
const readyWithin = 60 * time.Second

// Program says how a peer is run.
type Program struct {
	Name string   // in messages
	Path string   // the executable, looked up in PATH
	Args []string // without the program's name
	Dir  string   // its run folder, which outlives it: take it from t.TempDir() before calling Start
	Env  []string // "KEY=value", added to the test's own environment
	// Ready reports nil once the peer serves. It is asked again until then; see [Answers].
	Ready func(context.Context) error
}

// Process is a running program. Its methods are safe for concurrent use.
type Process struct {
	pid    int
	ended  chan struct{} // closed when the program has ended
	output string        // the file that standard output and error go to
}

// Start runs a program and returns when it is ready. The test fails if that does not happen. When the test ends, the
// program's whole process group is killed, and its output is shown if the test failed. When the test's process dies
// first, by a signal or a time-out, the kernel kills the program (not its children, so it should have none).
func Start(t testing.TB, p Program) *Process {
	t.Helper()
	out, err := os.Create(filepath.Join(p.Dir, "output.log"))
	if err != nil {
		t.Fatalf("start %s: %v", p.Name, err)
	}
	cmd := exec.Command(p.Path, p.Args...) //nolint:noctx // it ends with the test, by the group, in Cleanup
	cmd.Dir, cmd.Env = p.Dir, append(os.Environ(), p.Env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

	proc := &Process{ended: make(chan struct{}), output: out.Name()}
	started := make(chan error)
	go func() {
		// Pdeathsig fires when the thread that forked ends, not only the process: this goroutine keeps its thread for
		// as long as the program runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = out.Close() // the program holds its own copy
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is of no interest: it is killed
			close(proc.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", p.Name, err)
	}
	proc.pid = cmd.Process.Pid
	t.Cleanup(func() {
		proc.Kill()
		if t.Failed() {
			t.Logf("output of %s:\n%s", p.Name, proc.Output())
		}
	})
	if err := proc.wait(t.Context(), p.Ready); err != nil {
		t.Fatalf("%s is not ready: %v", p.Name, err)
	}
	return proc
}

// Kill ends the program and everything in its process group at once, as kill -9 does, and returns when it has ended.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // ESRCH: already gone
	<-p.ended
}

// Output returns the end of what the program wrote, at most 16 KiB.
func (p *Process) Output() string {
	const most = 16 << 10
	f, err := os.Open(p.output)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (p *Process) wait(ctx context.Context, ready func(context.Context) error) error {
	return UntilReady(ctx, p.ended, ready)
}

// UntilReady asks ready again and again until it reports nil. It gives up when ended is closed, and after a minute.
func UntilReady(ctx context.Context, ended <-chan struct{}, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.New("it ended by itself")
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Answers is a [Program.Ready] for HTTP servers: any answer at url will do.
func Answers(url string) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}

// Require finds a program in PATH. If it is not there, see [Missing].
func Require(t testing.TB, program, remedy string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, fmt.Sprintf("%s is not installed", program), remedy)
	}
	return path
}

// Missing ends a test whose peer cannot run here: what is wrong, and the command that mends it. The test is skipped, or
// fails when LANYARD_TEST_PEERS is "required".
func Missing(t testing.TB, what, remedy string) {
	t.Helper()
	if os.Getenv("LANYARD_TEST_PEERS") == "required" {
		t.Fatalf("%s; run: %s", what, remedy)
	} else {
		t.Skipf("%s; run: %s", what, remedy)
	}
}
