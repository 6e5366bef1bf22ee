package function

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// fenced is an organization with the extension Acme beside connections and functions of its own. Every service answers
// with the credential that came to it.
type fenced struct {
	*world
	extension lanyard.ExtensionID
	brought   registry.Brought
	reached   []string // hosts and paths that were called, with the key that came
}

func newFenced(t *testing.T) *fenced {
	t.Helper()
	f := &fenced{world: newWorld(t), extension: lanyard.NewExtensionID()}
	f.Services = registry.NewDirectory(f.Store, catalog.Default())
	task := func(name, path string) lanyard.Task { return lanyard.Task{Name: name, About: "A task.", URL: path} }
	acme, _ := catalog.Only(&lanyard.Service{LinkName: "acme", Name: "Acme"})
	acme.Tasks = []lanyard.Task{task("acme.getOrders", "/orders"), task("slack.postMessage", "/stolen")}
	f.brought = registry.Brought{Connections: []lanyard.LinkName{"acme_orders"}, Hosts: []string{"rates.example", "*.files.example"}, Entries: []*catalog.Entry{acme}}
	f.Services.Unpack(func([]byte) (*registry.Brought, error) { return &f.brought, nil })
	keeper := credential.New(credential.Config{Store: f.Store, Services: f.Services, Client: http.DefaultClient, PublicURL: f.PublicURL, Logger: f.Logger})
	f.Invoker = invoke.New(invoke.Config{Keeper: keeper, Store: f.Store, Logger: f.Logger, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		user, _, _ := r.BasicAuth()
		f.reached = append(f.reached, strings.TrimSpace(r.URL.Host+r.URL.Path+" "+user))
		answer := httptest.NewRecorder()
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteString(`{"ok": true}`)
		return answer.Result(), nil
	})})
	f.Registry = registry.New(registry.Config{Store: f.Store, Services: f.Services, PublicURL: f.PublicURL})
	f.install(f.extension, "one")
	f.connected("acme", "acme_orders", f.extension)
	f.connected("payroll", "payroll", "")
	return f
}

// install puts an extension in.
func (f *fenced) install(id lanyard.ExtensionID, digest string) {
	f.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.dir, "lanyard.db")+"?_pragma=busy_timeout(5000)")
	f.must(err)
	defer db.Close()
	const insert = `INSERT INTO extensions (organization_id, id, name, title, version, publisher_id, publisher_name, digest, package, when_gone, installed_by, revision, created_at, updated_at)
		VALUES ($1, $2, $2, 'Acme', '1.0.0', '', 'Zylker', $3, 'x', 'keep', $4, 1, 1, 1)`
	_, err = db.ExecContext(f.t.Context(), insert, f.org, id, digest, f.owner.User)
	f.must(err)
}

// connected makes a service and a connection with it, of an extension where there is one.
func (f *fenced) connected(service, name lanyard.LinkName, extension lanyard.ExtensionID) {
	f.t.Helper()
	entry := lanyard.AuditEntry{Action: "test", Object: "object"}
	s := &lanyard.Service{OrganizationID: f.org, Author: f.owner.User, Kind: lanyard.KindCustom, LinkName: service, Name: string(service), Extension: extension,
		Hosts: []string{string(service) + ".example"}, BaseURL: "https://" + string(service) + ".example", Auth: lanyard.Auth{Type: lanyard.AuthBasic}}
	f.must(f.Store.CreateService(f.t.Context(), s, entry))
	con := &lanyard.Connection{OrganizationID: f.org, LinkName: name, Name: string(name), Service: service, ServiceID: s.ID, Extension: extension,
		Origin: lanyard.OriginUser, Owner: f.owner.User, UsableBy: lanyard.UsableByOrganization}
	f.must(f.Store.CreateConnection(f.t.Context(), con, entry))
	a := &lanyard.Authorization{OrganizationID: f.org, ConnectionID: con.ID, UserID: f.owner.User, ServiceVersion: s.Version}
	if ok, _, err := f.Store.SaveAuthorization(f.t.Context(), a, &lanyard.Credential{Username: lanyard.NewSecret("key-of-" + string(name)), Password: lanyard.NewSecret("secret")}, entry); err != nil || !ok {
		f.t.Fatalf("connect %s: %t, %v", name, ok, err)
	}
}

// bring makes a function of the extension.
func (f *fenced) bring(name lanyard.LinkName, source string) *lanyard.Function {
	f.t.Helper()
	fn := &lanyard.Function{OrganizationID: f.org, LinkName: name, Name: string(name), Author: f.owner.User, SavedBy: f.owner.User, Extension: f.extension}
	said, err := f.Bring(f.t.Context(), fn, source, f.brought.Entries)
	f.must(err)
	if len(said) > 0 {
		f.t.Fatal(said)
	}
	f.must(f.Store.CreateFunction(f.t.Context(), fn, Most, lanyard.AuditEntry{Action: "test"}))
	return fn
}

const (
	ownConnections = "Scripts of the extension Acme use its own connections only: acme_orders. "
	ownHosts       = "Without a connection, scripts of the extension Acme call only the hosts that it lists: rates.example, *.files.example. "
	ownFunctions   = "Scripts of the extension Acme call its own functions only, and "
)

// The owner may use everything in the organization; what the owner runs of an extension may not.
func TestH06_ScriptsOfExtensionsAreFencedIn(t *testing.T) {
	for name, c := range map[string]struct{ source, reached, refused string }{
		"its own connection":                 {`x = invokeurl [ url: "/orders" connection: "acme_orders" ];`, "acme.example/orders key-of-acme_orders", ""},
		"the organization's connection":      {`x = invokeurl [ url: "/" connection: "payroll" ];`, "", ownConnections + "payroll is none of them."},
		"by a computed name":                 {`n = "pay" + "roll"; x = invokeurl [ url: "/" connection: n ];`, "", ownConnections + "payroll is none of them."},
		"by a name out of a map":             {`m = {"a": "payroll"}; for each k in m.keys() { x = invokeurl [ url: "/" connection: m.get(k) ]; }`, "", ownConnections + "payroll is none of them."},
		"one that there is not":              {`x = invokeurl [ url: "/" connection: "absent" ];`, "", ownConnections + "absent is none of them."},
		"its own task":                       {`x = acme.getOrders("acme_orders");`, "acme.example/orders key-of-acme_orders", ""},
		"its task with another connection":   {`x = acme.getOrders("payroll");`, "", ownConnections + "payroll is none of them."},
		"its task with none":                 {`x = acme.getOrders();`, "", ownConnections + "Name one in the call of acme.getOrders."},
		"a default task with a foreign one":  {`x = slack.postMessage("#a", "b", Map(), "payroll");`, "", ownConnections + "payroll is none of them."},
		"a default task with none":           {`x = slack.postMessage("#a", "b");`, "", ownConnections + "Name one in the call of slack.postMessage."},
		"a host that it lists":               {`x = invokeurl [ url: "https://rates.example/today" ];`, "rates.example/today", ""},
		"below a host that it lists":         {`x = invokeurl [ url: "https://a.files.example/" ];`, "a.files.example/", ""},
		"a host that it does not list":       {`x = invokeurl [ url: "https://evil.example/?stolen" ];`, "", ownHosts + "evil.example is not among them."},
		"the same host in the clear":         {`x = invokeurl [ url: "http://rates.example/" ];`, "", ownHosts + "http://rates.example is not among them."},
		"Lanyard itself":                     {`x = invokeurl [ url: "https://lanyard.example/v1/connections" ];`, "", ownHosts + "lanyard.example is not among them."},
		"its own function":                   {`thisapp.helper();`, "acme.example/help key-of-acme_orders", ""},
		"a function of the organization":     {`thisapp.pay();`, "", ownFunctions + "pay is none of them."},
		"one of it by its other name":        {`standalone.Pay();`, "", ownFunctions + "Pay is none of them."},
		"a function that there is not":       {`thisapp.absent();`, "", ownFunctions + "absent is none of them."},
		"a name from whoever calls":          {`x = invokeurl [ url: "/" connection: given ];`, "", ownConnections + "payroll is none of them."},
		"what its own function does for it":  {`thisapp.reaches("payroll");`, "", ownConnections + "payroll is none of them."},
		"who is asking, and nothing besides": {`info zoho.loginuser;`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFenced(t)
			f.function(f.owner, "pay", `void pay() { x = invokeurl [ url: "/" connection: "payroll" ]; }`)
			f.bring("helper", `void helper() { x = invokeurl [ url: "/help" connection: "acme_orders" ]; }`)
			f.bring("reaches", `void reaches(string n) { x = invokeurl [ url: "/" connection: n ]; }`)
			header, argument := "void sync()", ""
			if strings.Contains(c.source, "given") {
				header, argument = "void sync(string given)", `"payroll"`
			}
			f.bring("sync", header+" { "+c.source+" }")
			check := func(way string, e *lanyard.RunError) {
				t.Helper()
				message := ""
				if e != nil {
					message = e.Message
				}
				if got := strings.Join(f.reached, ", "); got != c.reached || message != c.refused {
					t.Errorf("%s: it reached %q, and was told %q", way, got, message)
				}
				f.reached = nil
			}
			named := map[string]json.RawMessage{}
			if argument != "" {
				named["given"] = json.RawMessage(argument)
			}
			for _, cause := range []lanyard.RunCause{lanyard.CauseAPI, lanyard.CausePage} {
				r, err := f.Run(t.Context(), f.owner, "sync", RunRequest{Cause: cause, Arguments: named})
				f.must(err)
				check(string(cause), r.Report.Error)
			}
			f.function(f.owner, "calls", "thisapp.sync("+argument+");")
			check("called by a function of the organization", f.run(f.owner, "calls").Report.Error)
			o, err := f.RunScript(t.Context(), f.owner, RunInput{Script: "thisapp.Sync(" + argument + ");"})
			f.must(err)
			check("called by a draft", o.Error)
			if argument != "" {
				return // nobody gives it any
			}
			address, err := f.NewHook(t.Context(), f.owner, "sync")
			f.must(err)
			r, err := f.RunHook(t.Context(), strings.TrimPrefix(address.Reveal(), f.PublicURL+HookPath), Message{})
			if (err != nil) != (c.refused != "") {
				t.Error(err)
			}
			check("by its address", r.Report.Error)
			f.scheduled(f.owner, "sync", "* * * * *", "")
			due, err := f.Store.Function(t.Context(), f.org, "sync")
			f.must(err)
			f.must(f.beginScheduled(t.Context(), due))
			runs := f.runs("sync")
			scheduled := slices.IndexFunc(runs, func(r lanyard.FunctionRun) bool { return r.Cause == lanyard.CauseSchedule })
			if scheduled < 0 {
				t.Fatalf("of the runs %+v none is by the schedule", runs)
			}
			r, err = f.RunOf(t.Context(), f.owner, runs[scheduled].ID)
			f.must(err)
			check("on a schedule", r.Report.Error)
		})
	}
}

// The fence is around the extension's own text: before and behind a call of it the organization's may do what it may.
func TestTheFenceEndsWhereTheExtensionDoes(t *testing.T) {
	f := newFenced(t)
	f.bring("sync", `string sync() { try { x = invokeurl [ url: "/" connection: "payroll" ]; } catch (e) { return "payroll"; } return ""; }`)
	f.function(f.owner, "pay", `n = thisapp.sync(); x = invokeurl [ url: "/a" connection: n ]; y = acme.getOrders("acme_orders"); z = invokeurl [ url: "https://other.example/" ];`)
	if r := f.run(f.owner, "pay"); r.Report.Error != nil {
		t.Error(r.Report.Error.Message)
	}
	if got, want := strings.Join(f.reached, ", "), "payroll.example/a key-of-payroll, acme.example/orders key-of-acme_orders, other.example/"; got != want {
		t.Errorf("it reached %s, want %s", got, want)
	}
}

// A run takes each function as it was when it first called it, and the fence with it.
func TestAFunctionIsTheSameForAWholeRun(t *testing.T) {
	f := newFenced(t)
	f.bring("sync", `void sync() { x = invokeurl [ url: "/" connection: "payroll" ]; }`)
	h := &host{Functions: f.Functions, caller: f.owner, turn: f.newTurn(t.Context())}
	_, err := h.function(t.Context(), "", "sync")
	f.must(err)
	fn, err := f.Store.Function(t.Context(), f.org, "sync")
	f.must(err)
	f.must(f.Store.DeleteFunction(t.Context(), f.org, fn.ID, lanyard.AuditEntry{Action: "test"}))
	f.function(f.owner, "sync", `void sync() { }`)
	if _, err := h.function(t.Context(), "", "Sync"); err != nil {
		t.Error(err)
	}
	if fence, err := h.fence(t.Context(), "sync"); err != nil || fence == nil {
		t.Errorf("the fence is %v, %v", fence, err)
	}
	if _, err := h.fence(t.Context(), "absent"); err == nil {
		t.Error("a function that was never called has no fence")
	}
}

func TestTasksOfExtensions(t *testing.T) {
	f := newFenced(t)
	if got, err := f.Check(t.Context(), f.owner, `acme.getOrders("acme_orders");`); err != nil || len(got.Problems) > 0 || !slices.Equal(got.Connections, []lanyard.LinkName{"acme_orders"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for source, want := range map[string]string{
		`acme.getOrders("payroll");`:    "acme.getOrders needs a connection of Acme, and payroll is one of payroll.",
		`acme.getOrders();`:             "acme.getOrders comes with an extension: name a connection of Acme as its last argument.",
		`acme.getOrders("absent");`:     "There is no connection \"absent\" here.",
		`acme.getOrders(1, 2, 3);`:      "No. of arguments mismatches for the function acme.getOrders: acme.getOrders([connection])",
		`acme.nothing("acme_orders");`:  "Not able to find 'acme.nothing' function: acme has getOrders",
		`slack.postMessage("payroll");`: "No. of arguments mismatches for the function slack.postMessage: ", // the one that comes with Lanyard
	} {
		o, err := f.RunScript(t.Context(), f.owner, RunInput{Script: source})
		f.must(err)
		if o.Error == nil || !strings.HasPrefix(o.Error.Message, want) {
			t.Errorf("%s: %+v", source, o.Error)
		}
	}
	tasks, err := f.Services.Tasks(t.Context(), f.org)
	f.must(err)
	const taken = "There is an integration task slack.postMessage already: it comes with Lanyard and calls Slack."
	if got := tasks.Taken(f.extension, f.brought.Entries); !slices.Equal(got, []string{taken}) {
		t.Errorf("taken by others: %q", got)
	}
	if got := tasks.Taken("", f.brought.Entries); len(got) != 2 {
		t.Errorf("taken for somebody else: %q", got)
	}
	if _, err := f.RunScript(t.Context(), &lanyard.Caller{Organization: lanyard.NewOrganizationID()}, RunInput{Script: "acme.getOrders();"}); err != nil {
		t.Error(err)
	}
	if other, err := f.Services.Tasks(t.Context(), lanyard.NewOrganizationID()); err != nil || len(other.All()) != len(catalog.Default().Tasks()) {
		t.Errorf("another organization has %d, %v", len(other.All()), err)
	}
}

// What was installed is known from the change on, and read once.
func TestWhatExtensionsBroughtIsForgotten(t *testing.T) {
	f := newFenced(t)
	if _, err := f.Services.Fence(t.Context(), f.org, f.extension); err != nil {
		t.Fatal(err)
	}
	other := lanyard.NewExtensionID()
	f.install(other, "two")
	if _, err := f.Services.Fence(t.Context(), f.org, other); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("without a change the database was asked: %v", err)
	}
	f.Services.Changed(store.Change{Kind: store.ChangeExtension, Organization: f.org})
	if fence, err := f.Services.Fence(t.Context(), f.org, other); err != nil || fence.Extension != other {
		t.Errorf("%+v, %v", fence, err)
	}
}

// What came with an extension is read-only; owners and admins have it run by itself, and answer for that.
func TestFunctionsOfExtensionsAreAsInstalled(t *testing.T) {
	f := newFenced(t)
	f.bring("sync", "void sync() { info 1; }")
	text := "x"
	for _, c := range []*lanyard.Caller{f.owner, f.member} {
		_, err := f.Edit(t.Context(), c, "sync", Edit{Name: &text})
		refused := lanyard.CodeNotEditable
		if c == f.member {
			refused = lanyard.CodeForbidden
		}
		wantCode(t, err, refused)
		_, err = f.Edit(t.Context(), c, "sync", Edit{Script: &text})
		wantCode(t, err, refused)
		wantCode(t, f.Delete(t.Context(), c, "sync"), lanyard.CodeNotEditable)
	}
	_, err := f.NewHook(t.Context(), f.member, "sync")
	wantCode(t, err, lanyard.CodeForbidden)
	_, err = f.Edit(t.Context(), f.member, "sync", Edit{Schedule: &lanyard.Schedule{Cron: "* * * * *"}})
	wantCode(t, err, lanyard.CodeForbidden)
	admin := f.caller(f.another.User, lanyard.RoleAdmin)
	fn := f.scheduled(admin, "sync", "* * * * *", "")
	kept, err := f.Store.Function(t.Context(), f.org, "sync")
	f.must(err)
	if fn.SavedBy != admin.User || fn.Version != 1 || kept.SavedBy != admin.User || kept.Version != 1 {
		t.Errorf("it is version %d of %s, stored as %d of %s", fn.Version, fn.SavedBy, kept.Version, kept.SavedBy)
	}
	_, err = f.NewHook(t.Context(), f.owner, "sync")
	f.must(err)
	kept, err = f.Store.Function(t.Context(), f.org, "sync")
	f.must(err)
	if kept.SavedBy != f.owner.User || kept.Version != 1 || !kept.HookSet || kept.Schedule.Cron == "" {
		t.Errorf("with an address it is %+v", kept)
	}
	// A later version of it keeps both, and cannot take what nobody would give it.
	said, err := f.Bring(t.Context(), kept, "void sync(int n) { }", nil)
	if want := "The script sync: it takes parameters now, and sync runs on a schedule, where nobody gives it any; end the schedule first."; err != nil || !slices.Equal(said, []string{want}) || kept.Script == "void sync(int n) { }" {
		t.Errorf("%q, %v", said, err)
	}
	for source, want := range map[string]string{
		"":       "The script sync: it is empty.",
		"x = ;":  "The script sync: line 1, column ",
		"a.b();": "The script sync: line 1, column 1: Not able to find 'a.b' function.",
		"void sync() { acme.getOrders(1, 2, 3); }": "The script sync: line 1, column 15: No. of arguments",
	} {
		if said, err := f.Bring(t.Context(), kept, source, f.brought.Entries); err != nil || len(said) != 1 || !strings.HasPrefix(said[0], want) {
			t.Errorf("%q: %q, %v", source, said, err)
		}
	}
}
