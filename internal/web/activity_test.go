package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/store"
)

func TestActivityAsksForWhatTheAddressSays(t *testing.T) {
	day := invoke.LastDay
	for address, want := range map[string]invoke.ActivityFilter{
		"/activity": {Range: day},
		"/activity?connection=+acme_crm+&service=acme&user=usr_x&outcome=failed&range=week": {Connection: "acme_crm", Service: "acme", User: "usr_x", Outcome: lanyard.OutcomeFailed, Range: invoke.LastWeek},
		"/activity?outcome=nonsense&range=century":                                          {Range: day},
	} {
		d := newDoor(t, "").signIn()
		d.activity, d.people = inventedActivity(), inventedPeople()
		d.get(address).want(t, 200, "7,992", "4.3%")
		if diff := cmp.Diff(want, d.counted); diff != "" {
			t.Errorf("%s counts (-want +got):\n%s", address, diff)
		}
		if diff := cmp.Diff(want.Invocations(inventedNow()), d.listed); diff != "" {
			t.Errorf("%s lists (-want +got):\n%s", address, diff)
		}
	}
}

func TestActivityPages(t *testing.T) {
	t.Run("a link name that is none", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		a := d.get("/activity?connection=Acme+CRM&user=usr_x")
		a.want(t, 400, `value="Acme CRM"`, `aria-invalid="true" aria-describedby="connection-fault"`, `id="connection-fault"`, `role="alert"`)
		if d.counted != (invoke.ActivityFilter{}) {
			t.Errorf("it was counted: %+v", d.counted)
		}
	})
	t.Run("on to earlier calls with the same filter", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.activity, d.called, d.next = inventedActivity(), inventedCalls(), "on+/="
		d.get("/activity?connection=acme_crm&range=hour&cursor=here").want(t, 200, `href="/activity?connection=acme_crm&amp;cursor=on%2B%2F%3D&amp;range=hour#calls"`, `href="/activity?connection=acme_crm&amp;range=hour"`)
		if diff := cmp.Diff(store.Page{Cursor: "here", Limit: activityLimit}, d.asked); diff != "" {
			t.Errorf("the page asked for (-want +got):\n%s", diff)
		}
	})
	t.Run("an upstream's text is text", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.activity, d.called = inventedActivity(), inventedCalls()
		d.get("/activity").lacks(t, "<script>")
	})
	t.Run("a member has no choice of people and no audit log", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.activity = inventedActivity()
		a := d.get("/activity")
		a.want(t, 200, "The calls that were made for you")
		a.lacks(t, `name="user"`, "/activity/audit\"")
	})
	t.Run("on a connection's page", func(t *testing.T) {
		made := inventedNow().Add(-time.Hour)
		r := httptest.NewRequest("GET", "/connections/acme_crm?connection=other&service=other&outcome=failed&range=hour", nil)
		q := ofConnection(r, &lanyard.Connection{LinkName: "acme_crm", CreatedAt: made})
		if got, want := q.at("c"), "/connections/acme_crm?cursor=c&outcome=failed&range=hour"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		part := newActivityPart(q, nil, true)
		if f := part.filter(); f.Connection != "acme_crm" || !f.Since.Equal(made) {
			t.Errorf("it counts %+v", f)
		}
	})
}

func TestAuditPages(t *testing.T) {
	d := newDoor(t, "").signIn()
	d.people = inventedPeople()
	d.get("/activity/audit?group=connections&person=usr_x&object=con_1&cursor=c").want(t, 200, "No more entries")
	want := store.AuditFilter{Person: "usr_x", Object: "con_1", Actions: []lanyard.Action{
		lanyard.ActionConnect, lanyard.ActionConnectFailed, lanyard.ActionProviderRevocation, lanyard.ActionReconnectRequired, lanyard.ActionRemoveUser, lanyard.ActionRevoke,
		lanyard.ActionConnectSession, lanyard.ActionConnectRefused, lanyard.ActionConnectionCreate, lanyard.ActionConnectionDelete, lanyard.ActionConnectionEdit,
	}}
	if diff := cmp.Diff(want, d.audited); diff != "" {
		t.Errorf("the page asks for (-want +got):\n%s", diff)
	}
	d.get("/activity/audit?group=everything")
	if d.audited.Actions != nil {
		t.Errorf("everything is %v", d.audited.Actions)
	}
	d.err = lanyard.Errorf(lanyard.CodeForbidden, "The audit log is for owners and admins of the organization.")
	d.get("/activity/audit").want(t, 403, "for owners and admins")
}

// TestEveryActionHasWords reads the constants of the root package.
func TestEveryActionHasWords(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok {
			for _, v := range spec.Values {
				literal, ok := v.(*ast.BasicLit)
				if !ok {
					continue
				}
				action, err := strconv.Unquote(literal.Value)
				if n++; err != nil || auditActions[lanyard.Action(action)].Before == "" {
					t.Errorf("%s has no words in auditActions", literal.Value)
				}
			}
		}
		return true
	})
	if n < 15 {
		t.Errorf("only %d actions were found", n)
	}
}

func TestFiguresInWords(t *testing.T) {
	for got, want := range map[string]string{
		thousands(0): "0", thousands(999): "999", thousands(1000): "1,000", thousands(1234567): "1,234,567",
		percent(0): "0%", percent(0.0001): "<0.1%", percent(0.0123): "1.2%", percent(0.5): "50%", percent(0.996): "99.6%", percent(0.99999): ">99.9%", percent(1): "100%",
		took(0): "–", took(300 * time.Microsecond): "<1 ms", took(12 * time.Millisecond): "12 ms", took(1500 * time.Millisecond): "1.5 s", took(90 * time.Second): "1.5 min",
		size(1): "1 byte", size(1023): "1023 bytes", size(1536): "1.5 KiB", size(5 << 30): "5 GiB",
		compared(112, 100, "more", "fewer"): "12% more than before", compared(88, 100, "more", "fewer"): "12% fewer than before",
		compared(100, 100, "more", "fewer"): "as before", compared(1500, 100, "more", "fewer"): "15 times as before", compared(1, 0, "more", "fewer"): "",
		lasting(time.Minute): "minute", lasting(30 * time.Minute): "30 minutes", lasting(12 * time.Hour): "12 hours",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSparkline(t *testing.T) {
	if got := string(sparkline([]float64{0, 5, 10})); !strings.Contains(got, `<path d="M0.0 23.0L50.0 12.0L100.0 1.0"/>`) {
		t.Errorf("the course is %s", got)
	}
	for _, nothing := range [][]float64{nil, {1}, {0, 0, 0}} {
		if got := sparkline(nothing); got != "" {
			t.Errorf("%v is drawn: %s", nothing, got)
		}
	}
}
