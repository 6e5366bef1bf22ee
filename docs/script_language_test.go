package docs_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"lanyard/internal/servertest"
)

var (
	// example is a script, with its arguments on the line above it, and what it prints.
	example = regexp.MustCompile("(?s)```dg([^\n]*)\n(.*?)```\n\n```text\n(.*?)```")
	scripts = regexp.MustCompile("(?s)```dg[^\n]*\n(.*?)```")
	named   = regexp.MustCompile(`^[a-z]+ ([a-z]+)\(`)
)

// TestExamplesOfTheLanguage runs every example of the page on a server, and compares what it prints. Functions with a
// header are saved, for the examples behind them to call.
func TestExamplesOfTheLanguage(t *testing.T) {
	acme := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"sent": string(sent)})
	}))
	t.Cleanup(acme.Close)
	l := servertest.Start(t)
	s := newShell(t, l)
	s.file(t, "acme.json", `{"link_name": "acme", "name": "Acme", "base_url": "`+acme.URL+`", "hosts": ["`+strings.TrimPrefix(acme.URL, "http://")+`"], "auth": {"type": "basic"}}`)
	s.run(t, `lanyard services create -f acme.json
		lanyard connections create acme_support --service acme
		echo builder | lanyard connections connect acme_support -c username=bob -c password=-`)
	text, err := os.ReadFile("script-language.md")
	if err != nil {
		t.Fatal(err)
	}
	found := example.FindAllSubmatch(text, -1)
	if n := len(scripts.FindAll(text, -1)); n != len(found) || n < 10 {
		t.Errorf("the page has %d scripts, and says of %d what they print", n, len(found))
	}
	for _, m := range found {
		arguments := map[string]any{}
		for _, argument := range strings.Fields(string(m[1])) {
			name, value, _ := strings.Cut(argument, "=")
			arguments[name] = value
		}
		if header := named.FindSubmatch(m[2]); header != nil {
			l.Must(t, 201, "POST /v1/functions", map[string]any{"link_name": string(header[1]), "name": string(header[1]), "script": string(m[2])})
		}
		if got, want := printed(t, l, string(m[2]), arguments), string(m[3]); got != want {
			t.Errorf("the script\n%s\nprints\n%s\nand the page says\n%s", m[2], got, want)
		}
	}
}

// TestExamplesOfTasks: each task on the page is one that there is, and takes these arguments. Nothing is connected, so
// that is as far as the scripts get.
func TestExamplesOfTasks(t *testing.T) {
	l := servertest.Start(t)
	text, err := os.ReadFile("tasks.md")
	if err != nil {
		t.Fatal(err)
	}
	found := scripts.FindAllSubmatch(text, -1)
	if len(found) < 3 {
		t.Errorf("only %d scripts on the page", len(found))
	}
	for _, m := range found {
		if o := run(t, l, string(m[1]), map[string]any{}); o.Error == nil || len(o.Error.Problems) > 0 || o.Error.Code == "" {
			t.Errorf("the script\n%s\ncomes to %+v", m[1], o.Error)
		}
	}
}

// outcome is what the API answers to a run.
type outcome struct {
	Output []string
	Result any
	Error  *struct {
		Line          int
		Message, Code string
		Problems      []struct {
			Line, Column int
			Message      string
		}
	}
}

func run(t *testing.T, l *servertest.Lanyard, script string, arguments map[string]any) *outcome {
	t.Helper()
	var o outcome
	l.Must(t, 200, "POST /v1/scripts/run", map[string]any{"script": script, "arguments": arguments}).JSON(t, &o)
	return &o
}

// printed is what a script prints, returns and complains of, as lanyard run script.dg shows it.
func printed(t *testing.T, l *servertest.Lanyard, script string, arguments map[string]any) string {
	t.Helper()
	run := run(t, l, script, arguments)
	var b strings.Builder
	for _, line := range run.Output {
		fmt.Fprintln(&b, line)
	}
	if run.Result != nil {
		fmt.Fprintln(&b, run.Result)
	}
	switch {
	case run.Error == nil:
	case len(run.Error.Problems) > 0:
		for _, p := range run.Error.Problems {
			fmt.Fprintf(&b, "script.dg:%d:%d: %s\n", p.Line, p.Column, p.Message)
		}
	default:
		fmt.Fprintf(&b, "script.dg:%d: %s\n", run.Error.Line, run.Error.Message)
	}
	return b.String()
}
