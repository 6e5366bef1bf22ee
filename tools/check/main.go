// Command check runs everything that must hold before a change is kept: formatting, vet, lint, a build without cgo, and
// all tests, with the race detector where goroutines of ours meet. It is the one command of the README,
//
//	go run ./tools/check
//
// and the one that .ci/run calls. Every step runs, whatever became of the ones before; the exit status is 1 if any
// failed. The last line counts the tests: "N passed, N failed, N skipped".
//
// Start reading at steps.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"lanyard/internal/providertest/peer"
)

func main() {
	quick := flag.Bool("quick", false, "without the race detector, without lint")
	timeout := flag.Duration("timeout", 30*time.Minute, "how long the tests of one package may take")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./tools/check [-quick] [-timeout 30m] [package ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	packages := flag.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	c := &check{out: os.Stdout, packages: packages, quick: *quick, timeout: *timeout}
	ok := c.all(ctx)
	stop()
	if !ok {
		os.Exit(1)
	}
}

// check is one run.
type check struct {
	out      io.Writer
	packages []string
	quick    bool
	timeout  time.Duration
	tests    counts
}

type step struct {
	name string
	skip bool
	run  func(context.Context) error
}

func (c *check) steps() []step {
	return []step{
		{"gofmt", false, c.gofmt},
		{"vet", false, func(ctx context.Context) error { return c.goTool(ctx, append([]string{"vet"}, c.packages...)...) }},
		{"build", false, func(ctx context.Context) error { return c.goTool(ctx, append([]string{"build"}, c.packages...)...) }},
		{"lint", c.quick, func(ctx context.Context) error {
			lint := []string{"tool", "-modfile=tools/lint/go.mod", "golangci-lint", "run"}
			return c.goTool(ctx, append(lint, c.packages...)...)
		}},
		{"peers", false, c.peers},
		{"test", false, c.test},
	}
}

func (c *check) all(ctx context.Context) bool {
	began := time.Now()
	root, err := peer.Root()
	if err == nil {
		err = os.Chdir(root)
	}
	if err != nil {
		c.printf("check: %v\n", err)
		return false
	}
	var failed []string
	for _, s := range c.steps() {
		if s.skip {
			continue
		}
		c.printf("== %s\n", s.name)
		stepBegan := time.Now()
		err := s.run(ctx)
		verdict := "ok"
		if err != nil {
			verdict = "FAIL: " + err.Error()
			failed = append(failed, s.name)
		}
		c.printf("== %s %s (%.1f s)\n", s.name, verdict, time.Since(stepBegan).Seconds())
	}
	c.tests.report(c.out)
	c.printf("total %.1f s\n", time.Since(began).Seconds())
	if len(failed) > 0 {
		c.printf("failed steps: %s\n", strings.Join(failed, ", "))
	}
	c.printf("%d passed, %d failed, %d skipped\n", c.tests.passed, c.tests.failed, len(c.tests.skipped))
	return len(failed) == 0
}

func (c *check) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format, args...) // nobody is left to tell
}

// gofmt lists the files that are not formatted. The one from the toolchain in use is taken: they differ.
func (c *check) gofmt(ctx context.Context) error {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	program := filepath.Join(strings.TrimSpace(string(goroot)), "bin", "gofmt")
	out, err := exec.CommandContext(ctx, program, "-l", ".").CombinedOutput()
	c.printf("%s", out)
	if err == nil && len(out) > 0 {
		err = errors.New("not formatted; gofmt -w . does it")
	}
	return err
}

// peers builds and installs what tests talk to, so that no test's time goes into it. A test whose peer is missing says
// so itself, so here it is only reported.
func (c *check) peers(ctx context.Context) error {
	for _, p := range []struct {
		dir     string
		install func(context.Context, string) (string, error)
	}{
		{"testpeers/oidc", peer.NodeModules},
		{"tools/peers", peer.GoTools},
	} {
		if _, err := p.install(ctx, p.dir); err != nil {
			c.printf("%s: %v\n", p.dir, err)
		}
	}
	return ctx.Err()
}

// goTool runs the go command without cgo: the released binary has none.
func (c *check) goTool(ctx context.Context, args ...string) error {
	cmd := command(ctx, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = c.out, c.out
	return cmd.Run()
}

const browserTests = "^TestBrowser"

// The race detector slows a program down several times over, so it runs where goroutines of ours meet: in every package
// but those of inOrder, and in the large ones of meetings for the tests about what happens at the same moment.

// meetings are packages of which the race detector watches some tests: those about refreshing, leases, replicas, and
// several who come at once.
var meetings = []struct{ path, tests string }{
	{"lanyard/internal/servertest", "^Test(B[0-9]|H09|H10|H11|H16|A02|A03|L11|I05|I13|J01|Sweep|Handing|ConnectSession)"},
	{"lanyard/internal/store", "^Test(B[0-9]|H10|J07|L0[0-9]|Listener|Close|SignInLink|ConsentRequest|Delivery|ADueRun|InternalConnection|AnOwner)"},
}

// inOrder are the packages whose tests do one thing after the other: they draw a page, make an answer of the API, run a
// command or a page of the documentation, read the catalogue and walk over it, run a script, drive a browser, whose
// driver has races of its own. What they meet with in a server is watched in its packages, and in the meetings; many runs
// of one script in package function.
var inOrder = []string{"lanyard/docs", "lanyard/examples/host-application", "lanyard/internal/api", "lanyard/internal/catalog", "lanyard/internal/catalog/generate", "lanyard/internal/catalogtest", "lanyard/internal/cli", "lanyard/internal/script", "lanyard/internal/script/generate", "lanyard/internal/web"}

// notWatched are packages of others whose every access to memory the race detector need not see: SQLite, translated from
// C, has nothing of ours in it, and a password hash is one goroutine's arithmetic. Watched, they take half the time.
var notWatched = []string{"modernc.org/...", "golang.org/x/crypto/..."}

// job is a call of go test. Every test is in one of them.
type job struct {
	race   bool
	args   []string
	counts counts
	err    error
}

// test does the jobs two at a time, those first that take long, so that both ends are near each other.
func (c *check) test(ctx context.Context) error {
	if c.quick {
		return c.goTest(ctx, c.out, &c.tests, false, c.packages...)
	}
	jobs, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	out := &lines{to: c.out}
	waiting := make(chan *job, len(jobs))
	for _, j := range jobs {
		waiting <- j
	}
	close(waiting)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for j := range waiting {
				j.err = c.goTest(ctx, out, &j.counts, j.race, j.args...)
			}
		})
	}
	workers.Wait()
	var errs []error
	for _, j := range jobs {
		c.tests.passed += j.counts.passed
		c.tests.failed += j.counts.failed
		c.tests.skipped = append(c.tests.skipped, j.counts.skipped...)
		errs = append(errs, j.err)
	}
	return errors.Join(errs...)
}

func (c *check) jobs(ctx context.Context) ([]*job, error) {
	listed, err := command(ctx, append([]string{"list"}, c.packages...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	others := strings.Fields(string(listed))
	var ordered []string
	divided := meetings[:0:0]
	others = slices.DeleteFunc(others, func(p string) bool {
		for _, m := range meetings {
			if m.path == p {
				divided = append(divided, m)
				return true
			}
		}
		if slices.Contains(inOrder, p) {
			ordered = append(ordered, p)
			return true
		}
		return false
	})
	withBrowser, err := c.withBrowserTests(ctx, others)
	if err != nil {
		return nil, err
	}
	var jobs []*job
	add := func(race bool, option string, packages ...string) {
		if len(packages) > 0 {
			jobs = append(jobs, &job{race: race, args: append([]string{option}, packages...)})
		}
	}
	for _, m := range divided {
		add(false, "-skip="+m.tests, m.path)
	}
	add(true, "-skip="+browserTests, others...)
	add(false, "-skip=^$", ordered...)
	for _, m := range divided {
		add(true, "-run="+m.tests, m.path)
	}
	add(false, "-run="+browserTests, withBrowser...)
	return jobs, nil
}

// lines keeps what is written by several from running into each other.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

func (c *check) goTest(ctx context.Context, out io.Writer, n *counts, race bool, args ...string) error {
	given := []string{"test", "-json", "-vet=off", "-timeout=" + c.timeout.String()} // vet is a step of its own
	cgo := "CGO_ENABLED=0"
	if race {
		given = append(given, "-race")
		for _, packages := range notWatched {
			given = append(given, "-gcflags="+packages+"=-race=false")
		}
		cgo = "CGO_ENABLED=1" // the race detector needs it
	}
	cmd := command(ctx, append(given, args...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), cgo), out
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = n.read(stdout, out)
	return errors.Join(err, cmd.Wait())
}

// withBrowserTests gives those of the packages that have tests of browserTests.
func (c *check) withBrowserTests(ctx context.Context, packages []string) ([]string, error) {
	if len(packages) == 0 {
		return nil, nil
	}
	listed, err := command(ctx, append([]string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}, packages...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	var with []string
	for line := range strings.Lines(string(listed)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(files, func(file string) bool {
			source, err := os.ReadFile(file)
			return err == nil && bytes.Contains(source, []byte("\nfunc "+strings.TrimPrefix(browserTests, "^")))
		}) {
			with = append(with, path)
		}
	}
	return with, nil
}

// command is a go command that is interrupted, not killed, when the check is: it then ends what it has started.
func command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}
