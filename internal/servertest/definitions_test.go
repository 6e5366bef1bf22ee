package servertest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/definitions"
	"lanyard/internal/servertest"
)

// plan is what the API answers to a document.
type plan struct {
	Steps []struct {
		Kind, Name, Action string
		Words              []string
		Ends               int
	}
	Drift  []struct{ Kind, Name string }
	Notes  []string
	Digest string
	Keys   []struct{ Name, Key string }
}

func (p *plan) words() string {
	var lines []string
	for _, s := range p.Steps {
		lines = append(lines, s.Action+" "+s.Kind+" "+s.Name+": "+strings.Join(s.Words, " "))
	}
	return strings.Join(lines, "\n")
}

// document is JSON that a test writes with its own words.
func document(parts ...string) json.RawMessage {
	return json.RawMessage(`{"lanyard": 1, ` + strings.Join(parts, ", ") + `}`)
}

const (
	shop     = `{"definition": {"link_name": "shop", "name": "Shop", "hosts": ["api.shop.example"], "auth": {"type": "oauth2", "grant_type": "authorization_code", "client_id": "shop-client", "authorize_url": "https://shop.example/authorize", "access_token_url": "https://shop.example/token", "scopes": ["read", "write"]}}, "client_secret": {"value": "canary-shop-secret"}}`
	shopLive = `{"link_name": "shop_live", "name": "Shop live", "service": "shop", "scopes": ["read"]}`
	report   = `{"link_name": "report", "name": "Report", "script": "info \"one\";\ninfo 'two';\n", "schedule": {"cron": "0 9 * * MON-FRI", "zone": "Europe/Berlin"}}`
)

func TestDefinitionsAreAppliedAndComeBack(t *testing.T) {
	l := servertest.Start(t)
	doc := document(`"services": [`+shop+`]`, `"connections": [`+shopLive+`]`, `"functions": [`+report+`]`,
		`"api_keys": [{"name": "ci", "owner": "", "connections": ["shop_live"]}]`)

	var planned, applied, again plan
	l.Must(t, 200, "POST /v1/definitions/plan", doc).JSON(t, &planned)
	want := `create service shop: Its name is Shop, it is connected by OAuth 2, and credentials may go to api.shop.example.
create connection shop_live: Its name is Shop live, and it is one with Shop. Nobody is connected yet.
create function report: Its name is Report, and it has 2 lines. It runs by itself, as you: 0 9 * * MON-FRI Europe/Berlin.
create api_key ci: It may call. It is limited to 1 connection.`
	if planned.words() != want {
		t.Errorf("the plan is\n%s\nwant\n%s", planned.words(), want)
	}
	if a := l.API(t, "GET /v1/services/shop", nil); a.Status != 404 {
		t.Fatal("planning made something")
	}
	l.Must(t, 200, "POST /v1/definitions/apply?digest="+planned.Digest, doc).JSON(t, &applied)
	if len(applied.Keys) != 1 || l.As(t, applied.Keys[0].Key, "GET /v1/connections/shop_live", nil).Status != 200 {
		t.Errorf("the key that was made does not work: %d keys", len(applied.Keys))
	}
	l.Must(t, 200, "POST /v1/definitions/apply", doc).JSON(t, &again)
	if len(again.Steps) != 0 || len(again.Keys) != 0 {
		t.Errorf("applying twice does something: %s", again.words())
	}

	// The same people and an empty deployment: what is exported there afterwards is the same, byte by byte.
	first := l.Must(t, 200, "GET /v1/definitions", nil, "Accept", "application/yaml")
	for _, secret := range []string{"canary-shop-secret", applied.Keys[0].Key} {
		if strings.Contains(string(first.Body), secret) {
			t.Error("the export holds a secret")
		}
	}
	source, err := definitions.Read(definitions.File{Name: "lanyard.yaml", Text: first.Body})
	if err != nil {
		t.Fatalf("%v in\n%s", err, first.Body)
	}
	if missing, err := source.Resolve(func(name string) string {
		if name != "LANYARD_SHOP_CLIENT_SECRET" {
			t.Errorf("the export names the variable %s", name)
		}
		return "canary-shop-secret"
	}, nil); err != nil || len(missing) > 0 {
		t.Fatal(missing, err)
	}
	other := servertest.Start(t)
	wire, err := source.Wire()
	if err != nil {
		t.Fatal(err)
	}
	// There the test's own key is made too, with the others.
	other.Must(t, 200, "POST /v1/definitions/apply", json.RawMessage(wire))
	second := other.Must(t, 200, "GET /v1/definitions", nil, "Accept", "application/yaml")
	if string(first.Body) != string(second.Body) {
		t.Errorf("first\n%s\nsecond\n%s", first.Body, second.Body)
	}
}

func TestDefinitionsChangeByTheRulesForHands(t *testing.T) {
	l := servertest.Start(t)
	l.Must(t, 200, "POST /v1/definitions/apply", document(`"services": [`+shop+`]`, `"connections": [`+shopLive+`]`))
	for name, c := range map[string]struct{ doc, pointer string }{
		"another type":       {`"services": [{"definition": {"link_name": "shop", "name": "Shop", "hosts": ["api.shop.example"], "auth": {"type": "basic"}}}]`, "/services/0/definition/auth/type"},
		"a scope less":       {`"services": [` + strings.Replace(shop, `["read", "write"]`, `["read"]`, 1) + `]`, "/services/0/definition/auth/scopes/1"},
		"another service":    {`"connections": [{"link_name": "shop_live", "name": "Shop live", "service": "github"}]`, "/connections/0/service"},
		"an unknown service": {`"connections": [{"link_name": "new", "name": "New", "service": "nothing"}]`, "/connections/0/service"},
		"env for a server":   {`"services": [` + strings.Replace(shop, `{"value": "canary-shop-secret"}`, `{"env": "HOME"}`, 1) + `]`, "/services/0/client_secret"},
		"file for a server":  {`"services": [` + strings.Replace(shop, `{"value": "canary-shop-secret"}`, `{"file": "/etc/passwd"}`, 1) + `]`, "/services/0/client_secret"},
		"a secret inside":    {`"services": [` + strings.Replace(shop, `"client_id"`, `"client_secret": "canary", "client_id"`, 1) + `]`, "/services/0/definition/auth/client_secret"},
		"nobody's role":      {`"roles": [{"email": "nobody@acme.example", "role": "admin"}]`, "/roles/0/email"},
		"a missing secret":   {`"services": [` + strings.NewReplacer(`{"value": "canary-shop-secret"}`, `{}`, `"shop"`, `"shop2"`).Replace(shop) + `]`, "/services/0/client_secret"},
		"no owner left":      {`"roles": [{"email": "` + ownerEmail(t, l) + `", "role": "member"}]`, "/roles"},
	} {
		t.Run(name, func(t *testing.T) {
			a := l.API(t, "POST /v1/definitions/apply", document(c.doc))
			if a.Status != 400 || !strings.Contains(string(a.Body), `"pointer":"`+c.pointer+`"`) || strings.Contains(string(a.Body), "canary") {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}

	moved := document(`"services": [`+strings.Replace(shop, `"api.shop.example"`, `"api.shop.example", "files.shop.example"`, 1)+`]`, `"connections": []`)
	var p plan
	l.Must(t, 200, "POST /v1/definitions/plan", moved).JSON(t, &p)
	if want := "change service shop: Credentials may also go to files.shop.example."; p.words() != want {
		t.Errorf("the plan is %s", p.words())
	}
	if len(p.Drift) != 1 || p.Drift[0].Name != "shop_live" {
		t.Errorf("the connection that is not named is not reported: %v", p.Drift)
	}
	l.Must(t, 200, "PATCH /v1/services/shop", map[string]string{"name": "Shop again"})
	if a := l.API(t, "POST /v1/definitions/apply?digest="+p.Digest, moved); a.Code() != string(lanyard.CodeConflict) {
		t.Errorf("something else than what was planned is done: %d %s", a.Status, a.Body)
	}
}

func ownerEmail(t *testing.T, l *servertest.Lanyard) string {
	t.Helper()
	return l.Must(t, 200, "GET /v1/users/"+string(l.UserID), nil).Field(t, "email").(string)
}

// N03: of a document that is half valid nothing is done, and every fault is reported.
func TestN03HalfValidDoesNothing(t *testing.T) {
	l := servertest.Start(t)
	a := l.API(t, "POST /v1/definitions/apply", document(`"services": [`+shop+`, {"definition": {"link_name": "B", "name": "", "hosts": [], "auth": {"type": "basic"}}}]`,
		`"connections": [`+shopLive+`, {"link_name": "x", "name": "X", "service": "nothing"}]`))
	for _, pointer := range []string{"/services/1/definition/link_name", "/services/1/definition/name", "/connections/1/service"} {
		if a.Status != 400 || !strings.Contains(string(a.Body), `"pointer":"`+pointer+`"`) {
			t.Errorf("%s is not reported: %d %s", pointer, a.Status, a.Body)
		}
	}
	if l.API(t, "GET /v1/services/shop", nil).Status != 404 {
		t.Error("the half that is valid was applied")
	}
}

// An export of another organization brings its words and none of its things.
func TestN04AnotherTenantsExport(t *testing.T) {
	l := servertest.Start(t)
	other := l.Organization(t, "Other")
	other.Must(t, 200, "POST /v1/definitions/apply", document(`"services": [`+shop+`]`, `"connections": [`+shopLive+`]`))
	doc := other.Must(t, 200, "GET /v1/definitions", nil).Body
	for _, id := range []string{string(other.UserID), string(other.OrganizationID), "svc_", "con_", "key_"} {
		if strings.Contains(string(doc), id) {
			t.Errorf("the export holds the id %s", id)
		}
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(doc, &all); err != nil {
		t.Fatal(err)
	}
	a := l.API(t, "POST /v1/definitions/plan", document(`"services": `+strings.Replace(string(all["services"]), `{"env":"LANYARD_SHOP_CLIENT_SECRET"}`, `{}`, 1)))
	if a.Status != 400 || !strings.Contains(string(a.Body), "none is given or stored") {
		t.Errorf("the secret of another organization is taken: %d %s", a.Status, a.Body)
	}
}

func TestDefinitionsAreForOwnersAndAdmins(t *testing.T) {
	l := servertest.Start(t)
	_, member := l.Member(t, "member@acme.example", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	_, admin := l.Member(t, "admin@acme.example", lanyard.RoleAdmin, lanyard.KeyRights{Manage: true})
	for _, call := range []string{"GET /v1/definitions", "POST /v1/definitions/plan", "POST /v1/definitions/apply"} {
		var body any
		if strings.HasPrefix(call, "POST") {
			body = document(`"services": []`)
		}
		if a := l.As(t, member, call, body); a.Status != 403 {
			t.Errorf("a member: %s: %d", call, a.Status)
		}
		if a := l.As(t, admin, call, body); a.Status != 200 {
			t.Errorf("an admin: %s: %d %s", call, a.Status, a.Body)
		}
	}
	if a := l.As(t, admin, "POST /v1/definitions/apply", document(`"roles": [{"email": "admin@acme.example", "role": "owner"}]`)); a.Status != 400 {
		t.Errorf("an admin makes an owner: %d", a.Status)
	}
	l.Must(t, 200, "POST /v1/definitions/apply", document(`"services": [`+shop+`]`))
	renamed := document(`"services": [` + strings.Replace(shop, `"Shop"`, `"Mine"`, 1) + `]`)
	if a := l.As(t, admin, "POST /v1/definitions/apply", renamed); a.Status != 400 || !strings.Contains(string(a.Body), "only the member who made the service shop may change it") {
		t.Errorf("an admin changes somebody else's service: %d %s", a.Status, a.Body)
	}
}
