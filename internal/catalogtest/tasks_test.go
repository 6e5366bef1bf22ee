package catalogtest

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/function"
)

// carryOut is the provider's end of a task.
func (p *provider) carryOut(w http.ResponseWriter, r *http.Request, body []byte) {
	var credential []string
	if k := p.on.Auth.APIKey; k != nil {
		for _, parameter := range k.Parameters {
			if parameter.ParamType == lanyard.ParamQuery {
				credential = append(credential, parameter.Name)
			}
		}
	}
	if o := p.on.Auth.OAuth2; o != nil && o.ParamType == lanyard.ParamQuery {
		credential = append(credential, orElse(o.TokenName, "access_token"))
	}
	r.URL.Host = r.Host
	for _, difference := range p.task.compare(r, body, credential...) {
		p.fault("%s", difference)
	}
	if strings.HasPrefix(p.task.Answer, "{") || strings.HasPrefix(p.task.Answer, "[") {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(p.task.Status)
	_, _ = io.WriteString(w, p.task.Answer)
}

// TestTasks runs each case of each integration task through an internal connection: first it asks for an account, then,
// connected, the provider gets what its documentation says, and the script what the provider answers.
func TestTasks(t *testing.T) {
	cases, err := taskCases("testdata/tasks")
	if err != nil {
		t.Fatal(err)
	}
	st := newStage(t)
	functions := function.New(function.Config{Invoker: st.invoker, Registry: st.registry, Services: st.services, Store: st.keeper.Store, Logger: slog.New(slog.DiscardHandler)})
	used, entries := map[string]bool{}, map[string]bool{}
	for _, c := range cases {
		entries[c.Entry] = true
		for _, task := range catalog.Default().Tasks() {
			if strings.Contains(strings.ToLower(c.Script), strings.ToLower(task.Name)+"(") {
				used[task.Name] = true
			}
		}
	}
	for _, task := range catalog.Default().Tasks() {
		if !used[task.Name] {
			t.Errorf("%s of %s has no case in testdata/tasks/%s.txt", task.Name, task.Entry.Name, task.Entry.LinkName())
		}
	}
	for _, e := range catalog.Default().Entries() {
		if len(e.Tasks) == 0 {
			continue
		}
		t.Run(string(e.LinkName()), func(t *testing.T) {
			st.t = t
			st.tasks(functions, e, slices.DeleteFunc(slices.Clone(cases), func(c taskCase) bool { return c.Entry != string(e.LinkName()) }))
		})
	}
	st.t = t
	t.Logf("%d cases of %d tasks of %d services", len(cases), len(used), len(entries))
}

func (st *stage) tasks(functions *function.Functions, e *catalog.Entry, cases []taskCase) {
	t, s := st.t, e.Ways[0].Service()
	if len(cases) == 0 {
		return // TestTasks has said so
	}
	values := valuesOf(t, s)
	st.begin(s, values)
	st.callback = publicURL + "/oauth/callback/" + string(st.owner.Organization) + "/" + string(s.LinkName)
	if s.NeedsClient() {
		st.setClient(s, values)
	}
	// All tasks once, so that the connection has all scopes before anybody consents to them.
	var name string
	for _, c := range cases {
		o, err := functions.RunScript(t.Context(), st.owner, function.RunInput{Script: c.Script})
		st.must(err)
		if c.Runtime != "" {
			continue
		}
		if o.Error == nil || o.Error.Code != lanyard.CodeNotConnected && o.Error.Code != lanyard.CodeAuthorizationRequired || o.Error.ConnectURL == "" {
			t.Fatalf("%s: before anybody connected: %+v", c.File, o.Error)
		}
		name = string(o.Calls[0].Connection)
	}
	con, err := st.registry.Connection(t.Context(), st.owner, name)
	st.must(err)
	if a := s.Auth.OAuth2; a != nil {
		st.scopes = strings.Join(con.Scopes, a.ScopeDelimiter)
	}
	input := credential.ConnectInput{Parameters: map[string]string{}, Credentials: map[string]lanyard.Secret{}}
	for _, p := range s.Asked() {
		input.Parameters[p.Key] = values[p.Key]
	}
	for _, f := range s.CredentialFields() {
		input.Credentials[f.Name] = lanyard.NewSecret("typed-" + strings.ToLower(strings.Trim(f.Name, "_-.")))
	}
	if len(input.Credentials) == 0 {
		input.Credentials = nil
	}
	st.given = input.Credentials
	got, err := st.keeper.Connect(t.Context(), st.owner, name, input)
	st.must(err)
	if got.Status == "consent_required" {
		st.consentTo(s, con.Scopes, got.ConnectURL)
	}
	for _, c := range cases {
		st.mu.Lock()
		st.task, st.faults = &c, nil
		st.mu.Unlock()
		o, err := functions.RunScript(t.Context(), st.owner, function.RunInput{Script: c.Script})
		st.must(err)
		faults, _ := st.end()
		for _, f := range faults {
			t.Errorf("%s: %s", c.File, f)
		}
		switch {
		case o.Error != nil && (c.Runtime == "" || !strings.Contains(o.Error.Message, c.Runtime)):
			t.Errorf("%s: %s", c.File, o.Error.Message)
		case o.Error == nil && c.Runtime != "":
			t.Errorf("%s: there is no error", c.File)
		case strings.Join(o.Output, "\n") != strings.Join(c.Prints, "\n"):
			t.Errorf("%s: printed\n%s\nwant\n%s", c.File, strings.Join(o.Output, "\n"), strings.Join(c.Prints, "\n"))
		}
	}
	st.mu.Lock()
	st.task = nil
	st.mu.Unlock()
}
