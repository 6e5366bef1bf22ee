package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/store"
)

// inventedActivity is the last day of an organization, with a bad hour in the afternoon.
func inventedActivity() *invoke.Activity {
	a := &invoke.Activity{Now: inventedNow(), Width: 30 * time.Minute, Compared: true, Total: invoke.Figures{By: map[lanyard.Outcome]int64{}},
		Before: invoke.Figures{Calls: 7301, By: map[lanyard.Outcome]int64{lanyard.OutcomeOK: 7264, lanyard.OutcomeFailed: 37}, Median: 131 * time.Millisecond, P95: 402 * time.Millisecond}}
	for i := range 48 {
		wave := 1 + math.Sin(float64(i)/48*2*math.Pi-math.Pi/2)
		p := invoke.Point{At: inventedNow().Add(time.Duration(i-47) * 30 * time.Minute), Figures: invoke.Figures{By: map[lanyard.Outcome]int64{
			lanyard.OutcomeOK: int64(160 * wave), lanyard.OutcomeClientError: int64(4 * wave),
		}}}
		if i == 30 || i == 31 {
			p.By[lanyard.OutcomeServerError], p.By[lanyard.OutcomeFailed] = 64, 21
		}
		if i > 2 { // at night nobody called
			p.Median, p.P95 = time.Duration(120+40*wave)*time.Millisecond, time.Duration(330+180*wave)*time.Millisecond
		} else {
			p.By = map[lanyard.Outcome]int64{}
		}
		for outcome, n := range p.By {
			p.Calls += n
			a.Total.By[outcome] += n
		}
		a.Total.Calls += p.Calls
		a.Points = append(a.Points, p)
	}
	a.Total.Median, a.Total.P95 = 148*time.Millisecond, 471*time.Millisecond
	return a
}

// inventedQuiet is a day on which nothing was called.
func inventedQuiet() *invoke.Activity {
	a := &invoke.Activity{Now: inventedNow(), Width: 30 * time.Minute, Compared: true}
	for i := range 48 {
		a.Points = append(a.Points, invoke.Point{At: inventedNow().Add(time.Duration(i-47) * 30 * time.Minute)})
	}
	return a
}

func inventedNames() store.Names {
	return store.Names{Users: map[lanyard.UserID]string{visiting().user.ID: "Your name", dana: "A colleague"}, Keys: map[lanyard.APIKeyID]string{"key_nightly": "Nightly export"}}
}

func inventedPeople() []lanyard.User {
	return []lanyard.User{{ID: dana, Name: "A colleague"}, {ID: visiting().user.ID, Name: "Your name"}}
}

func inventedCalls() []lanyard.Invocation {
	call := func(ago time.Duration, connection, method, path string, status int, took time.Duration, code lanyard.Code, user lanyard.UserID, key lanyard.APIKeyID) lanyard.Invocation {
		at := inventedNow().Add(-ago)
		return lanyard.Invocation{ID: lanyard.InvocationID(fmt.Sprintf("%013xinventedinvented", at.UnixMilli())), At: at, Connection: lanyard.LinkName(connection), Method: method, Host: "api.acme.example", Path: path, Status: status,
			BytesSent: 312, BytesReceived: 18 << 10, Duration: took, Code: code, User: user, Key: key}
	}
	you := visiting().user.ID
	return []lanyard.Invocation{
		call(20*time.Second, "acme_crm", "GET", "/v2/contacts", 200, 134*time.Millisecond, "", you, ""),
		call(3*time.Minute, "acme_crm", "POST", "/v2/deals", 422, 211*time.Millisecond, "", dana, "key_nightly"),
		call(9*time.Minute, "invoices", "GET", "/invoices/2026-11/lines/"+strings.Repeat("a-very-long-part-of-a-path/", 6), 503, 1840*time.Millisecond, "", dana, "key_nightly"),
		call(31*time.Minute, "reports_s3", "PUT", "/umbra-reports/2026-11-24.csv", 0, 40*time.Second, lanyard.CodeUpstreamTimeout, dana, "key_deleted"),
		call(2*time.Hour, "support_desk", "", "", 0, 800*time.Microsecond, lanyard.CodeReconnectRequired, "usr_gone", "key_nightly"),
		call(3*time.Hour, "", "GET", "/status", 200, 88*time.Millisecond, "", "", "key_nightly"),
		call(26*time.Hour, strings.Repeat("a_very_long_link_name_", 2)+"of_fifty", "DELETE", "/v2/<script>", 204, 95*time.Millisecond, "", you, ""),
		call(27*time.Hour, "acme_crm", "GET", "/v2/contacts", 0, 12*time.Millisecond, "code_of_a_later_version", you, ""),
	}
}

// inventedCallsOf is the activity on a connection's page.
func inventedCallsOf(c *lanyard.Connection) activityPart {
	p := newActivityPart(activityQuery{Path: connectionPath(c.LinkName), Connection: string(c.LinkName), OfConnection: true, Since: c.CreatedAt}, nil, false)
	p.count(inventedActivity())
	p.list(inventedCalls()[:2], "", inventedNames())
	return p
}

func activityStates() []state {
	organization := activityQuery{Path: "/activity"}
	page := func(q activityQuery, a *invoke.Activity, calls []lanyard.Invocation, next string) activityPage {
		part := newActivityPart(q, inventedPeople(), false)
		part.Known = activityNames{Connections: []string{"acme_crm", "invoices"}, Services: []string{"acme"}}
		part.count(a)
		part.list(calls, next, inventedNames())
		return newActivityPage(visiting(), part)
	}
	with := func(change func(*activityQuery)) activityQuery { q := organization; change(&q); return q }
	cut := inventedActivity()
	cut.Compared, cut.Since = false, inventedNow().Add(-9*time.Hour)
	own := newActivityPart(activityQuery{Path: "/activity"}, nil, true)
	own.count(inventedActivity())
	own.list(inventedCalls()[:1], "", inventedNames())
	fault := newActivityPart(with(func(q *activityQuery) { q.Connection, q.Service = "Acme CRM", "acme-2" }), inventedPeople(), false)
	return []state{
		{"activity", 200, page(organization, inventedActivity(), inventedCalls(), "next")},
		{"activity-quiet", 200, page(organization, inventedQuiet(), nil, "")},
		{"activity-filtered", 200, page(with(func(q *activityQuery) {
			q.Connection, q.User, q.Range, q.Cursor = "acme_crm", string(dana), "week", "cursor"
		}), cut, inventedCalls()[:2], "")},
		{"activity-nothing-found", 200, page(with(func(q *activityQuery) { q.Outcome, q.User = "failed", "usr_gone" }), inventedQuiet(), nil, "")},
		{"activity-search-goes-on", 200, page(with(func(q *activityQuery) { q.Service = "acme" }), inventedActivity(), nil, "next")},
		{"activity-own", 200, newActivityPage(visiting(), own)},
		{"activity-faults", 400, newActivityPage(visiting(), fault)},
	}
}

func auditStates() []state {
	you := visiting().user.ID
	entry := func(ago time.Duration, actor lanyard.UserID, action lanyard.Action, object, name string, detail ...string) lanyard.AuditEntry {
		e := lanyard.AuditEntry{At: inventedNow().Add(-ago), Actor: actor, Action: action, Object: object, ObjectName: name}
		if len(detail) > 0 {
			e.Detail = map[string]string{detail[0]: detail[1]}
		}
		return e
	}
	forSomebody := entry(26*time.Hour, you, lanyard.ActionConnect, "con_1", "acme_crm")
	forSomebody.Key, forSomebody.OnBehalfOf = "key_nightly", dana
	entries := []lanyard.AuditEntry{
		entry(time.Minute, you, lanyard.ActionRevoke, "con_1", "acme_crm"),
		entry(2*time.Minute, "", lanyard.ActionProviderRevocation, "", "acme_crm", "confirmed", "true"),
		entry(20*time.Minute, dana, lanyard.ActionServiceEdit, "svc_1", "ledgerly", "changed", "/hosts /auth/access_token_url"),
		entry(time.Hour, "", lanyard.ActionReconnectRequired, "con_2", "invoices", "reason", "The provider refused the refresh token: invalid_grant."),
		entry(5*time.Hour, "usr_gone", lanyard.ActionConnectFailed, "con_2", "invoices", "reason", "The provider said access_denied: <b>no</b>."),
		forSomebody,
		entry(27*time.Hour, you, lanyard.ActionKeyDelete, "key_2", ""),
		entry(28*time.Hour, you, "thing.of_a_later_version", "thg_1", "A thing", "some_detail", "value"),
		entry(49*time.Hour, you, lanyard.ActionSignIn, string(you), "you@zylker.example"),
		entry(50*time.Hour, you, lanyard.ActionOrganizationCreate, "org_zylker", "Zylker Instruments"),
	}
	page := func(group, person, object string, list []lanyard.AuditEntry, cursor, next string) *auditPage {
		p := newAuditPage(visiting(), group, person, object)
		p.fill(list, cursor, next, inventedPeople(), inventedNames())
		return p
	}
	return []state{
		{"audit", 200, page("", "", "", entries, "", "next")},
		{"audit-of-one-thing", 200, page("everything", "", "con_1", []lanyard.AuditEntry{entries[0], forSomebody}, "cursor", "")},
		{"audit-nothing-found", 200, page("services", "usr_gone", "", nil, "", "")},
		{"audit-past-the-end", 200, page("", "", "", nil, "cursor", "")},
		{"audit-empty", 200, page("", "", "", nil, "", "")},
	}
}
