package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lanyard/internal/cli"
)

// TestMain lets the scripts run this very test binary as lanyard.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lanyard": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
	}})
}

// TestScripts runs what people type, in testdata, against a server that a script starts itself. Each script has a data
// directory and a port of its own, and a service to connect to at $UPSTREAM.
func TestScripts(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(acme))
	t.Cleanup(service.Close)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			address, err := freeAddress()
			if err != nil {
				return err
			}
			env.Setenv("LANYARD_DATA", env.Getenv("WORK")+"/data")
			env.Setenv("LANYARD_LISTEN", address)
			env.Setenv("LANYARD_URL", "http://"+address)
			env.Setenv("LANYARD_ALLOW_NETWORK", "127.0.0.0/8")
			env.Setenv("UPSTREAM", strings.TrimPrefix(service.URL, "http://"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready, "fromjson": fromJSON, "expand": expand, "get": get, "exits": exits,
		},
	})
}

// freeAddress finds a port that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// acme is the service that the scripts connect to: an API key in X-Api-Key or a user name and password.
func acme(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if r.Header.Get("X-Api-Key") != "marked-key" && (user != "alice" || password != "marked-password") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/api"); path {
	case "/text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "a café\n")
	case "/bytes":
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte("\x00\xff\n"))
	case "/teapot":
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	default:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]string{"method": r.Method, "path": r.URL.EscapedPath(), "query": r.URL.RawQuery,
			"type": r.Header.Get("Content-Type"), "body": string(body)}); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// ready waits until the server answers.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := http.Get(ts.Getenv("LANYARD_URL") + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the server is not ready: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fromjson VARIABLE FILE MEMBER: as VARIABLE=$(jq -r .MEMBER FILE).
func fromJSON(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &object))
	value, ok := object[args[2]].(string)
	if !ok {
		ts.Fatalf("%s has no text %s", args[1], args[2])
	}
	ts.Setenv(args[0], value)
}

// expand FILE…: as envsubst in place.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// get STATUS URL: as curl, without following redirects.
func get(ts *testscript.TestScript, _ bool, args []string) {
	h := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := h.Get(strings.TrimSpace(args[1]))
	ts.Check(err)
	_ = res.Body.Close()
	if got := strconv.Itoa(res.StatusCode); got != args[0] {
		ts.Fatalf("%s answers %s", args[1], got)
	}
}

// exits STATUS lanyard …: runs a command that ends with this status.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		status, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = status.ExitCode()
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d", got)
	}
}
