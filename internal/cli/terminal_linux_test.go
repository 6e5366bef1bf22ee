package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lanyard/internal/cli"
)

// terminal opens a pseudo-terminal: what a person sees and types at, and what a command reads from.
func terminal(t *testing.T) (person, command *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	command, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Close() })
	return person, command
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// awaitHidden waits until a command asks for what is not to be shown.
func awaitHidden(t *testing.T, f *os.File) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); echoes(t, f); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is asked for in secret")
		}
	}
}

// TestSecretIsNotShown types a secret at a terminal that must not show it.
func TestSecretIsNotShown(t *testing.T) {
	person, command := terminal(t)
	env, bodies := answering(t, map[string]string{
		"GET /v1/connections/acme":          `{"link_name":"acme","service":"login"}`,
		"GET /v1/services/login":            `{"link_name":"login","auth":{"type":"basic"},"dynamic_parameters":[{"key":"domain","name":"Your domain"}]}`,
		"POST /v1/connections/acme/connect": `{"status":"connected"}`,
	})
	var stderr bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- cli.Main(t.Context(), []string{"connections", "connect", "acme"}, command, io.Discard, &stderr, func(name string) string { return env[name] })
	}()
	if _, err := io.WriteString(person, "zylker\nalice\n"); err != nil {
		t.Fatal(err)
	}
	awaitHidden(t, command)
	if _, err := io.WriteString(person, "hunter2\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-status; got != 0 {
		t.Fatalf("exit status %d, %q", got, stderr.String())
	}
	if got, want := bodies["POST /v1/connections/acme/connect"], `{"credentials":{"password":"hunter2","username":"alice"},"parameters":{"domain":"zylker"}}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if want := "Your domain: User name: Password: \n"; stderr.String() != want {
		t.Errorf("asked %q, want %q", stderr.String(), want)
	}
	if !echoes(t, command) {
		t.Error("afterwards the terminal does not show what is typed")
	}
	// All that was shown is in the terminal's buffer by now; the mark shows where it ends.
	if _, err := io.WriteString(command, "END"); err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for buf := make([]byte, 256); !strings.Contains(shown.String(), "END"); {
		n, err := person.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(buf[:n])
	}
	if !strings.Contains(shown.String(), "alice") || strings.Contains(shown.String(), "hunter2") {
		t.Errorf("the terminal shows %q", shown.String())
	}
}

// TestInterruptedQuestion: a command that is told to end while it asks ends, and leaves the terminal as it was.
func TestInterruptedQuestion(t *testing.T) {
	person, command := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- cli.Main(ctx, []string{"connections", "connect", "acme", "-c", "password"}, command, io.Discard, &stderr,
			func(name string) string { return map[string]string{"LANYARD_API_KEY": key}[name] })
	}()
	awaitHidden(t, command)
	cancel()
	if got := <-status; got != 1 || stderr.String() != "password: \nlanyard: interrupted\n" {
		t.Errorf("got %d, %q", got, stderr.String())
	}
	if !echoes(t, command) {
		t.Error("the terminal does not show what is typed")
	}
	if _, err := io.WriteString(person, "\n"); err != nil { // lets the read that nobody waits for any more end
		t.Fatal(err)
	}
}
