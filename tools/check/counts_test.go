package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// modules are tested by the real go command; want is what read prints, without the times.
func TestCounts(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH")
	}
	for _, c := range []struct {
		name           string
		body           string
		passed, failed int
		skipped        []skip
		want, wantNot  []string
	}{
		{
			name:   "a package that passes is one line",
			body:   `func TestA(t *testing.T) { t.Log("chatter"); t.Run("sub", func(t *testing.T) {}) }`,
			passed: 2, want: []string{"ok  \texample/p"}, wantNot: []string{"chatter", "PASS"},
		},
		{
			name:   "a failing test is shown in full",
			body:   `func TestA(t *testing.T) { t.Log("one"); t.Error("two") }; func TestB(t *testing.T) { t.Log("chatter") }`,
			passed: 1, failed: 1, want: []string{"one", "two", "--- FAIL: TestA", "FAIL\texample/p"}, wantNot: []string{"chatter", "=== RUN"},
		},
		{
			name:    "a skipped test has its reason",
			body:    `func TestA(t *testing.T) { t.Skip("nginx is not installed") }; func TestB(t *testing.T) { t.SkipNow() }`,
			skipped: []skip{{"example/p TestA", "p_test.go:4: nginx is not installed"}, {"example/p TestB", "no reason given"}},
			want:    []string{"ok  \texample/p"},
		},
		{
			name:   "a panic fails the test that ran",
			body:   `func TestA(t *testing.T) {}; func TestB(t *testing.T) { panic("oh no") }`,
			passed: 1, failed: 1, want: []string{"oh no", "FAIL\texample/p"},
		},
		{
			name:   "an exit fails the test that ran",
			body:   `func TestA(t *testing.T) { os.Exit(3) }`,
			failed: 1, want: []string{"FAIL\texample/p"},
		},
		{
			name:   "what does not build fails once",
			body:   `func TestA(t *testing.T) { missing() }`,
			failed: 1, want: []string{"undefined: missing", "FAIL\texample/p [build failed]"},
		},
		{
			name: "no tests to run",
			body: `var _ testing.TB`,
			want: []string{"ok  \texample/p"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{
				"go.mod":    "module example/p\n\ngo 1.26\n",
				"p.go":      "package p\n",
				"p_test.go": "package p\n\nimport (\"os\"; \"testing\"); var _ = os.Exit\n" + c.body + "\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-vet=off", "./...")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=")
			events, err := cmd.Output()
			if (err != nil) != (c.failed > 0) {
				t.Fatalf("go test: %v\n%s", err, events)
			}
			var got counts
			var out strings.Builder
			if err := got.read(strings.NewReader(string(events)), &out); err != nil {
				t.Fatal(err)
			}
			if got.passed != c.passed || got.failed != c.failed || len(got.skipped) != len(c.skipped) {
				t.Errorf("got %d passed, %d failed, %d skipped; want %d, %d, %d",
					got.passed, got.failed, len(got.skipped), c.passed, c.failed, len(c.skipped))
			}
			for i := range min(len(got.skipped), len(c.skipped)) {
				if got.skipped[i] != c.skipped[i] {
					t.Errorf("skipped %q, want %q", got.skipped[i], c.skipped[i])
				}
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in\n%s", want, out.String())
				}
			}
			for _, not := range c.wantNot {
				if strings.Contains(out.String(), not) {
					t.Errorf("%q is not wanted in\n%s", not, out.String())
				}
			}
		})
	}
}

// TestCountsCutOff has a test that began and did not end, as when the test process is killed.
func TestCountsCutOff(t *testing.T) {
	var in strings.Builder
	for _, e := range []event{
		{Action: "start", Package: "p"},
		{Action: "run", Package: "p", Test: "TestA"},
		{Action: "output", Package: "p", Test: "TestA", Output: "last words\n"},
		{Action: "output", Package: "p", Output: "signal: killed\n"},
		{Action: "fail", Package: "p"},
	} {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(b, '\n'))
	}
	var got counts
	var out strings.Builder
	if err := got.read(strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	if got.failed != 1 || got.passed != 0 {
		t.Errorf("got %d failed, %d passed; want 1, 0", got.failed, got.passed)
	}
	if want := "--- FAIL: TestA (not finished)\nlast words\nsignal: killed\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
