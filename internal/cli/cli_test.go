package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/cli"
	"lanyard/internal/problem"
)

const key = "lanyard_marked_secret_key"

// typed is what became of a command.
type typed struct {
	status         int
	stdout, stderr string
}

// typing runs a command line as a shell would, with the variables of env alone.
func typing(t *testing.T, env map[string]string, stdin string, args ...string) typed {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := cli.Main(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr, func(name string) string { return env[name] })
	return typed{status, stdout.String(), stderr.String()}
}

// answering gives the environment of a server that answers each call by its method and path with a status and a JSON
// body, and what it was sent.
func answering(t *testing.T, answers map[string]string) (env map[string]string, bodies map[string]string) {
	t.Helper()
	bodies = map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.RequestURI
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		bodies[call] = string(body)
		answer, ok := answers[call]
		if !ok {
			problem.Write(w, r, lanyard.Errorf(lanyard.CodeNotFound, "There is nothing at %s.", call))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}, bodies
}

func TestExitStatus(t *testing.T) {
	env, _ := answering(t, map[string]string{
		"GET /v1/connections?limit=200&view=my": `{"items":[],"next_cursor":""}`,
		"GET /v1/proxy/acme/x":                  `{}`,
	})
	stopped := httptest.NewServer(http.NotFoundHandler())
	stopped.Close()
	for name, give := range map[string]struct {
		args   string
		change map[string]string
		status int
		stderr []string // in this order
	}{
		"done":                     {"connections list", nil, 0, nil},
		"help":                     {"connections list --help", nil, 0, nil},
		"help of a command":        {"help connections list", nil, 0, nil},
		"help of none":             {"help conections", nil, 2, []string{`lanyard: there is no command "lanyard conections"`}},
		"no command":               {"", nil, 2, []string{"Usage:", "lanyard: say which command", "hint: lanyard --help"}},
		"no subcommand":            {"keys", nil, 2, []string{"Commands:", "lanyard: say which command", "hint: lanyard keys --help"}},
		"unknown command":          {"conections", nil, 2, []string{`lanyard: there is no command "lanyard conections"`, "hint: did you mean lanyard connections?"}},
		"unknown subcommand":       {"keys make", nil, 2, []string{`lanyard: there is no command "lanyard keys make"`}},
		"unknown flag":             {"connections list --vew my", nil, 2, []string{"lanyard: unknown flag: --vew", "hint: lanyard connections list --help"}},
		"argument missing":         {"connections get", nil, 2, []string{"lanyard: LINK_NAME is missing"}},
		"argument too many":        {"connections get a b", nil, 2, []string{`lanyard: there is no place for the argument "b"`}},
		"required flag missing":    {"connections create acme", nil, 2, []string{"lanyard: --service is missing"}},
		"no file":                  {"services create", nil, 2, []string{"lanyard: -f FILE is missing"}},
		"nothing to edit":          {"connections edit acme", nil, 2, []string{"lanyard: say what to change"}},
		"nobody to ask":            {"services delete acme", nil, 2, []string{"lanyard: the service acme was not deleted", "hint: --yes"}},
		"a header without a colon": {"invoke acme /x -H hunter2", nil, 2, []string{"lanyard: -H takes a name, a colon and a value"}},
		"no data for init":         {"init", nil, 2, []string{"lanyard: --email is missing"}},
		"not a network":            {"serve --allow-network 10.0.0.0", nil, 2, []string{`lanyard: --allow-network takes a network such as 10.0.0.0/8, not "10.0.0.0"`}},
		"not a level":              {"serve --log-level loud", nil, 2, []string{`lanyard: --log-level is debug, info, warn or error, not "loud"`}},
		"both databases":           {"serve --database postgres://a --database-file b", nil, 2, []string{"lanyard: --database and --database-file exclude each other"}},
		"a shell that is none":     {"completion tcsh", nil, 2, []string{`lanyard: there is no completion for "tcsh"`}},
		"no key":                   {"connections list", map[string]string{"LANYARD_API_KEY": ""}, 2, []string{"lanyard: no API key was given", "hint: set LANYARD_API_KEY"}},
		"no URL":                   {"connections list", map[string]string{"LANYARD_URL": "lanyard.example.com"}, 2, []string{"lanyard: the URL of the server is http://… or https://…"}},
		"not found":                {"connections get acme", nil, 1, []string{"lanyard: there is nothing at GET /v1/connections/acme (not_found)\n"}},
		"a key file that is none":  {"connections list --api-key-file /nowhere", nil, 1, []string{"lanyard: open /nowhere: "}},
		"unreachable": {"invoke acme /x?secret=hunter2", map[string]string{"LANYARD_URL": stopped.URL}, 1,
			[]string{"lanyard: cannot reach " + stopped.URL + ": ", "connection refused", "hint: is the server running there?"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := map[string]string{}
			for _, m := range []map[string]string{env, give.change} {
				for k, v := range m {
					all[k] = v
				}
			}
			got := typing(t, all, "", strings.Fields(give.args)...)
			if got.status != give.status {
				t.Errorf("exit status %d, want %d", got.status, give.status)
			}
			rest := got.stderr
			for _, want := range give.stderr {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("stderr is %q, without %q", got.stderr, want)
				}
				rest = after
			}
			if give.status == 0 && got.stderr != "" {
				t.Errorf("stderr is %q", got.stderr)
			}
			if give.status != 0 && got.stdout != "" {
				t.Errorf("stdout is %q", got.stdout)
			}
			if strings.Contains(got.stderr, "hunter2") || strings.Contains(got.stderr, key) {
				t.Errorf("a secret is told: %q", got.stderr)
			}
		})
	}
}

// TestEveryCodeIsExplained: whatever the server reports comes out as a message, with what to do where that is known.
func TestEveryCodeIsExplained(t *testing.T) {
	for _, kind := range problem.Kinds() {
		t.Run(string(kind.Code), func(t *testing.T) {
			e := &lanyard.Error{Code: kind.Code, Message: "The connection acme is not as it should be.",
				Fields:        []lanyard.FieldError{{Pointer: "/link_name", Detail: "This is taken."}},
				ProviderError: "invalid_grant", ProviderDescription: "Token\x1b[31m expired", Cause: io.ErrUnexpectedEOF}
			if kind.Code == lanyard.CodeRateLimited {
				e.RetryAfter = 30 * time.Second
			}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, e) }))
			defer s.Close()
			got := typing(t, map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}, "", "connections", "get", "acme")
			want := "lanyard: the connection acme is not as it should be (" + string(kind.Code) + ")\n" +
				"  /link_name: this is taken\n  the provider said invalid_grant: Token\ufffd[31m expired\n"
			if kind.Code == lanyard.CodeInternal { // of which nothing is told
				want = "lanyard: something went wrong on our side (internal)\n"
			}
			want += map[lanyard.Code]string{
				lanyard.CodeUnauthenticated:   "hint: LANYARD_API_KEY or --api-key-file gives the key; lanyard keys create makes one\n",
				lanyard.CodeLoginUserRequired: "hint: name the user by --user or LANYARD_USER\n",
				lanyard.CodeNotConnected:      "hint: lanyard connections connect connects it\n",
				lanyard.CodeHostNotAllowed:    "hint: lanyard services get shows the hosts that a service lists\n",
				lanyard.CodeAddressNotAllowed: "hint: whoever runs the server allows a network with lanyard serve --allow-network\n",
				lanyard.CodeRateLimited:       "hint: try again in 30s\n",
			}[kind.Code]
			if got.status != 1 || got.stdout != "" || got.stderr != want {
				t.Errorf("got %d, %q, %q, want %q", got.status, got.stdout, got.stderr, want)
			}
		})
	}
}

func TestConnectURLIsTheHint(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, &lanyard.Error{Code: lanyard.CodeReconnectRequired, Message: "Reconnect acme.", ConnectURL: "https://l.example/connect/9r"})
	}))
	defer s.Close()
	got := typing(t, map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}, "", "invoke", "acme", "/x")
	want := "lanyard: reconnect acme (reconnect_required)\n" +
		"hint: a person has to connect it: open https://l.example/connect/9r in a browser that is signed in (lanyard sign-in)\n"
	if got.stderr != want || got.status != 1 {
		t.Errorf("got %d, %q", got.status, got.stderr)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	var stderr bytes.Buffer
	env := map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}
	status := cli.Main(ctx, []string{"invoke", "acme", "/x"}, strings.NewReader(""), io.Discard, &stderr, func(name string) string { return env[name] })
	if status != 1 || stderr.String() != "lanyard: interrupted\n" {
		t.Errorf("got %d, %q", status, stderr.String())
	}
}

const twoConnections = `{"items":[` +
	`{"link_name":"acme_live","name":"Acme, live","service":"acme","status":"connected","status_reason":"","expires_at":null,"created_at":"2026-01-31T12:00:00Z"},` +
	`{"link_name":"crm","name":"Evil\u001b[2J\u202e","service":"salesforce","status":"reconnect_required","status_reason":"The token ended.","expires_at":"2001-01-01T00:00:00Z"}` +
	`],"next_cursor":"more"}`

func TestListForPeople(t *testing.T) {
	env, _ := answering(t, map[string]string{"GET /v1/connections?limit=2&view=my": twoConnections})
	got := typing(t, env, "", "connections", "list", "--limit", "2")
	years := strings.Fields(got.stdout[strings.LastIndex(got.stdout, "required")+len("required"):])[0]
	want := "LINK NAME   NAME         SERVICE      STATUS               EXPIRES\n" +
		"acme_live   Acme, live   acme         connected            -\n" +
		"crm         Evil\ufffd[2J\ufffd    salesforce   reconnect required   " + years + " days ago\n"
	if got.stdout != want {
		t.Errorf("got\n%swant\n%s", got.stdout, want)
	}
	if want := "there are more: go on with --cursor more, or show all with --limit 0\n"; got.stderr != want || got.status != 0 {
		t.Errorf("got %d, %q", got.status, got.stderr)
	}
}

func TestListForPrograms(t *testing.T) {
	env, _ := answering(t, map[string]string{"GET /v1/connections?limit=2&view=my": twoConnections})
	got := typing(t, env, "", "connections", "list", "--limit", "2", "--json")
	var page, want any
	if err := json.Unmarshal([]byte(got.stdout), &page); err != nil {
		t.Fatalf("%v in %q", err, got.stdout)
	}
	if err := json.Unmarshal([]byte(twoConnections), &want); err != nil {
		t.Fatal(err)
	}
	if a, b := encode(t, page), encode(t, want); a != b {
		t.Errorf("got %s, want %s", a, b)
	}
	if !strings.HasPrefix(got.stdout, "{\n  \"items\": [\n    {\n      \"link_name\": \"acme_live\",\n      \"name\": ") || got.stderr != "" {
		t.Errorf("got %q, %q", got.stdout, got.stderr)
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestLimitAcrossPages: a limit above the largest page is read in several, and the cursor after the last one is exact.
func TestLimitAcrossPages(t *testing.T) {
	page := `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"id":"k"},`, 200), ",") + `],"next_cursor":"two"}`
	env, _ := answering(t, map[string]string{
		"GET /v1/api_keys?cursor=one&limit=200": page,
		"GET /v1/api_keys?cursor=two&limit=1":   `{"items":[{"id":"last"}],"next_cursor":"three"}`,
	})
	got := typing(t, env, "", "keys", "list", "--limit", "201", "--cursor", "one", "--json")
	var list struct {
		Items      []struct{ ID string } `json:"items"`
		NextCursor string                `json:"next_cursor"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &list); err != nil {
		t.Fatalf("%v in %q, %q", err, got.stdout, got.stderr)
	}
	if len(list.Items) != 201 || list.Items[200].ID != "last" || list.NextCursor != "three" {
		t.Errorf("got %d items and the cursor %q", len(list.Items), list.NextCursor)
	}
}

func TestEmptyListsSayWhatBelongsThere(t *testing.T) {
	none := `{"items":[],"next_cursor":""}`
	env, _ := answering(t, map[string]string{
		"GET /v1/connections?limit=200&view=my":     none,
		"GET /v1/connections?limit=200&view=shared": none,
		"GET /v1/services?limit=200":                none,
		"GET /v1/services?limit=200&q=mail":         none,
		"GET /v1/api_keys?limit=200":                none,
		"GET /v1/invocations?limit=50":              none,
		"GET /v1/audit?limit=50":                    none,
	})
	for args, want := range map[string]string{
		"connections list":               "No connections yet. Make one with: lanyard connections create LINK_NAME --service SERVICE\n",
		"connections list --view shared": "No shared connections.\n",
		"services list":                  "No services yet. Define one with: lanyard services create -f acme.json\n",
		"services list --query mail":     "No such services.\n",
		"keys list":                      "No API keys yet. Make one with: lanyard keys create --name NAME\n",
		"invocations":                    "No calls yet. Make one with: lanyard invoke CONNECTION /path\n",
		"audit":                          "Nothing was changed yet.\n",
	} {
		if got := typing(t, env, "", strings.Fields(args)...); got.status != 0 || got.stdout != want || got.stderr != "" {
			t.Errorf("%s: got %d, %q, %q, want %q", args, got.status, got.stdout, got.stderr, want)
		}
		if got := typing(t, env, "", append(strings.Fields(args), "--json")...); !strings.Contains(got.stdout, `"items": []`) {
			t.Errorf("%s --json: got %q, %q", args, got.stdout, got.stderr)
		}
	}
}

// TestSecretsStayOut gives a secret in every way there is and looks for it in what comes out.
func TestSecretsStayOut(t *testing.T) {
	const secret = "hunter2"
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const call = "POST /v1/connections/acme/connect"
	const want = `{"credentials":{"password":"hunter2"}}`
	for name, give := range map[string]struct {
		stdin  string
		args   []string
		answer string
		status int
	}{
		"stdin":                   {secret + "\n", []string{"-c", "password=-"}, `{"status":"connected"}`, 0},
		"a file":                  {"", []string{"-c", "password=@" + file}, `{"status":"connected"}`, 0},
		"an argument":             {"", []string{"-c", "password=" + secret}, `{"status":"connected"}`, 0},
		"and the server fails":    {secret, []string{"-c", "password=-"}, "", 1},
		"and its answer is wrong": {secret, []string{"-c", "password=-"}, `{"status":`, 1},
		"as JSON":                 {secret, []string{"-c", "password=-", "--json"}, `{"status":"connected"}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{}
			if give.answer != "" {
				answers[call] = give.answer
			}
			env, bodies := answering(t, answers)
			got := typing(t, env, give.stdin, append([]string{"connections", "connect", "acme"}, give.args...)...)
			if bodies[call] != want || got.status != give.status {
				t.Errorf("sent %q, got %d, %q", bodies[call], got.status, got.stderr)
			}
			for _, s := range []string{secret, key} {
				if strings.Contains(got.stdout+got.stderr, s) {
					t.Errorf("the secret %s is told: %q, %q", s, got.stdout, got.stderr)
				}
			}
		})
	}
	t.Run("stdin is for one", func(t *testing.T) {
		env, bodies := answering(t, nil)
		got := typing(t, env, secret, "connections", "connect", "acme", "-c", "username=-", "-c", "password=-")
		if got.status != 2 || len(bodies) > 0 || !strings.Contains(got.stderr, "stdin gives one credential, and username has it already") {
			t.Errorf("got %d, %q", got.status, got.stderr)
		}
	})
	t.Run("nobody to ask", func(t *testing.T) {
		env, bodies := answering(t, nil)
		got := typing(t, env, "", "connections", "connect", "acme", "-c", "password")
		if got.status != 2 || len(bodies) > 0 || !strings.Contains(got.stderr, "hint: -c password=- reads it from stdin") {
			t.Errorf("got %d, %q", got.status, got.stderr)
		}
	})
	t.Run("a key of two lines", func(t *testing.T) {
		got := typing(t, map[string]string{"LANYARD_API_KEY": secret + "\nX-Evil: 1"}, "", "keys", "list")
		if got.status != 2 || strings.Contains(got.stderr, secret) {
			t.Errorf("got %d, %q", got.status, got.stderr)
		}
	})
	t.Run("a definition that is not JSON", func(t *testing.T) {
		env, _ := answering(t, nil)
		got := typing(t, env, "{\n\"client_secret\": \"hunter2\",\n}", "services", "create", "-f", "-")
		if got.status != 1 || strings.Contains(got.stderr, secret) || !strings.Contains(got.stderr, "line 3") {
			t.Errorf("got %d, %q", got.status, got.stderr)
		}
	})
	t.Run("the key of a new key is for stdout", func(t *testing.T) {
		env, _ := answering(t, map[string]string{"POST /v1/api_keys": `{"id":"key_1","name":"n","key":"lanyard_new"}`})
		got := typing(t, env, "", "keys", "create", "--name", "n")
		if got.stdout != "lanyard_new\n" || got.stderr != "The key key_1 was made. It is shown this once.\n" {
			t.Errorf("got %q, %q", got.stdout, got.stderr)
		}
	})
}

func TestAPIKeyFromFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization")+" for "+r.Header.Get("Lanyard-User"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[],"next_cursor":""}`)
	}))
	defer s.Close()
	for _, give := range []struct {
		env  map[string]string
		args []string
	}{
		{map[string]string{"LANYARD_API_KEY": "another"}, []string{"--api-key-file", file, "--user", "ada-7"}},
		{map[string]string{"LANYARD_API_KEY_FILE": file, "LANYARD_USER": "ada-7"}, nil},
	} {
		if got := typing(t, give.env, "", append([]string{"keys", "list", "--url", s.URL}, give.args...)...); got.status != 0 {
			t.Fatalf("got %d, %q", got.status, got.stderr)
		}
	}
	for _, got := range seen {
		if want := "Bearer " + key + " for ada-7"; got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
	if len(seen) != 2 {
		t.Errorf("%d calls", len(seen))
	}
}

func TestCompletion(t *testing.T) {
	env, _ := answering(t, map[string]string{
		"GET /v1/connections?limit=200&view=my": `{"items":[{"link_name":"acme_live","name":"Acme, live"},{"link_name":"crm","name":"CRM"}],"next_cursor":""}`,
		"GET /v1/services?limit=200":            `{"items":[{"link_name":"acme","name":"Acme"}],"next_cursor":""}`,
	})
	const connections, none = "acme_live\tAcme, live\ncrm\tCRM\n:4\n", ":4\n"
	for args, want := range map[string]string{
		"invoke":              connections,
		"connections get":     connections,
		"connections connect": connections,
		"connections edit":    connections,
		"connections revoke":  connections,
		"connections delete":  connections,
		"services get":        "acme\tAcme\n:4\n",
		"services edit":       "acme\tAcme\n:4\n",
		"services delete":     "acme\tAcme\n:4\n",
		"invoke acme_live":    none,
	} {
		got := typing(t, env, "", append(append([]string{"__complete"}, strings.Fields(args)...), "")...)
		if got.stdout != want {
			t.Errorf("%s: got %q, want %q", args, got.stdout, want)
		}
	}
	t.Run("without a server nothing is offered", func(t *testing.T) {
		got := typing(t, map[string]string{"LANYARD_URL": "http://127.0.0.1:1", "LANYARD_API_KEY": key}, "", "__complete", "invoke", "")
		if got.stdout != none {
			t.Errorf("got %q, %q", got.stdout, got.stderr)
		}
	})
	t.Run("without a key neither", func(t *testing.T) {
		if got := typing(t, nil, "", "__complete", "invoke", ""); got.stdout != none {
			t.Errorf("got %q, %q", got.stdout, got.stderr)
		}
	})
	for shell, mark := range map[string]string{"bash": "complete -o default -F __start_lanyard lanyard", "zsh": "#compdef lanyard",
		"fish": "complete -c lanyard", "powershell": "Register-ArgumentCompleter -CommandName 'lanyard'"} {
		if got := typing(t, nil, "", "completion", shell); got.status != 0 || !strings.Contains(got.stdout, mark) {
			t.Errorf("%s: got %d, %q", shell, got.status, got.stderr)
		}
	}
}

func TestInvokeStreams(t *testing.T) {
	seen := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one ")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		select {
		case <-seen:
			_, _ = io.WriteString(w, "two")
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	env := map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}
	out := &watched{mark: "one ", seen: seen}
	status := cli.Main(t.Context(), []string{"invoke", "acme", "/x"}, strings.NewReader(""), out, io.Discard, func(name string) string { return env[name] })
	if status != 0 || out.text.String() != "one two" {
		t.Errorf("got %d, %q", status, out.text.String())
	}
}

// watched closes seen when mark was written: before that the server of the test writes nothing more.
type watched struct {
	text strings.Builder
	mark string
	seen chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if w.text.String() == w.mark {
		close(w.seen)
	}
	return n, err
}

// TestInvokeBrokenOff: an answer that ends before its end is a failure, and what came of it is printed.
func TestInvokeBrokenOff(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	got := typing(t, map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}, "", "invoke", "acme", "/x")
	if got.status != 1 || got.stdout != "half" || !strings.HasPrefix(got.stderr, "lanyard: the answer broke off: ") {
		t.Errorf("got %d, %q, %q", got.status, got.stdout, got.stderr)
	}
}

// TestWhatInvokeSends: how what is typed becomes a request.
func TestWhatInvokeSends(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "binary")
	if err := os.WriteFile(binary, []byte("\x00\xff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, give := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"a path":               {"", []string{"/x?a=b"}, `GET /v1/proxy/acme/x?a=b "" ""`},
		"a method":             {"", []string{"delete", "/x"}, `DELETE /v1/proxy/acme/x "" ""`},
		"data":                 {"", []string{"/x", "-d", "a=1", "-d", "b=2"}, `POST /v1/proxy/acme/x "application/x-www-form-urlencoded" "a=1&b=2"`},
		"a JSON object":        {"", []string{"PUT", "/x", "-d", ` {"a": 1}`}, `PUT /v1/proxy/acme/x "application/json" " {\"a\": 1}"`},
		"a JSON array":         {"", []string{"/x", "-d", `[1]`}, `POST /v1/proxy/acme/x "application/json" "[1]"`},
		"a JSON string":        {"", []string{"/x", "-d", `"a"`}, `POST /v1/proxy/acme/x "application/x-www-form-urlencoded" "\"a\""`},
		"no JSON":              {"", []string{"/x", "-d", `{a}`}, `POST /v1/proxy/acme/x "application/x-www-form-urlencoded" "{a}"`},
		"no data but a body":   {"", []string{"/x", "-d", ""}, `POST /v1/proxy/acme/x "application/x-www-form-urlencoded" ""`},
		"a type of one's own":  {"", []string{"/x", "-d", "{}", "-H", "content-type: text/plain"}, `POST /v1/proxy/acme/x "text/plain" "{}"`},
		"stdin":                {"line\n", []string{"/x", "-d", "@-"}, `POST /v1/proxy/acme/x "application/x-www-form-urlencoded" "line\n"`},
		"a file byte for byte": {"", []string{"/x", "-d", "@" + binary}, `POST /v1/proxy/acme/x "application/x-www-form-urlencoded" "\x00\xff\n"`},
		"a whole URL":          {"", []string{"https://a.example/x"}, `POST /v1/invoke "application/json" "{\"connection\":\"acme\",\"url\":\"https://a.example/x\",\"type\":\"GET\"}"`},
		"data for a whole URL": {"", []string{"https://a.example/x", "-d", "a=1", "-H", "X-A: 1", "-H", "X-A: 2"}, `POST /v1/invoke "application/json" ` +
			`"{\"connection\":\"acme\",\"url\":\"https://a.example/x\",\"type\":\"POST\",\"headers\":{\"X-A\":\"1, 2\"},\"body\":\"a=1\",\"content_type\":\"application/x-www-form-urlencoded\"}"`},
		"a path as JSON": {"", []string{"/x", "--json"}, `POST /v1/invoke "application/json" "{\"connection\":\"acme\",\"url\":\"/x\",\"type\":\"GET\"}"`},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Errorf("read the request: %v", err)
				}
				got = r.Method + " " + r.RequestURI + " " + strconv.Quote(r.Header.Get("Content-Type")) + " " + strconv.Quote(string(body))
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"status":200}`)
			}))
			defer s.Close()
			env := map[string]string{"LANYARD_URL": s.URL, "LANYARD_API_KEY": key}
			if r := typing(t, env, give.stdin, append([]string{"invoke", "acme"}, give.args...)...); r.status != 0 {
				t.Fatalf("got %d, %q", r.status, r.stderr)
			}
			if got != give.want {
				t.Errorf("sent %s\nwant %s", got, give.want)
			}
		})
	}
	t.Run("binary data for a whole URL is refused", func(t *testing.T) {
		env, bodies := answering(t, nil)
		got := typing(t, env, "", "invoke", "acme", "https://a.example/x", "-d", "@"+binary)
		if got.status != 1 || len(bodies) > 0 || !strings.Contains(got.stderr, "hint: binary data can be sent to a path") {
			t.Errorf("got %d, %q", got.status, got.stderr)
		}
	})
}
