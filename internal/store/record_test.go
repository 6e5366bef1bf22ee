package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

func TestInvocations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		check(t, w.InsertInvocations(t.Context(), nil))
		want := make([]lanyard.Invocation, 205) // several statements, of several sizes
		for i := range want {
			want[i] = lanyard.Invocation{
				OrganizationID: w.org, At: start.Add(time.Duration(i/2) * time.Millisecond), ConnectionID: "con_x", Connection: lanyard.LinkName(fmt.Sprint("c", i%3)),
				Authorization: "azn_x", User: lanyard.UserID(fmt.Sprint("usr_", i%2)), Key: "key_x", Method: "GET", Host: "api.example.com:8443", Path: fmt.Sprint("/", i),
				Status: 200 + i, BytesSent: int64(i), BytesReceived: 1 << 40, Duration: time.Duration(i) * 1500 * time.Microsecond, Code: lanyard.CodeUpstreamTimeout,
			}
		}
		check(t, w.InsertInvocations(t.Context(), want))
		list := func(f store.InvocationFilter, limit int) []lanyard.Invocation {
			t.Helper()
			return collect(t, func(p store.Page) ([]lanyard.Invocation, string, error) {
				return w.Invocations(t.Context(), w.org, f, p)
			}, limit)
		}
		got := list(store.InvocationFilter{}, 50)
		id := regexp.MustCompile(`^[0-9a-f]{13}[a-z2-7]{16}$`)
		for i, v := range got {
			if !id.MatchString(string(v.ID)) || !strings.HasPrefix(string(v.ID), fmt.Sprintf("%013x", v.At.UnixMilli())) {
				t.Errorf("the id %s does not begin with the time %v", v.ID, v.At)
			}
			if i > 0 && v.ID >= got[i-1].ID {
				t.Errorf("%s stands after %s", v.ID, got[i-1].ID)
			}
		}
		byPath := cmpopts.SortSlices(func(a, b lanyard.Invocation) bool { return a.Path < b.Path })
		if diff := cmp.Diff(want, got, byPath, cmpopts.IgnoreFields(lanyard.Invocation{}, "ID")); diff != "" {
			t.Errorf("the invocations (-want +got):\n%s", diff)
		}
		for _, test := range []struct {
			filter store.InvocationFilter
			want   int
		}{
			{store.InvocationFilter{Connection: "c1"}, 68},
			{store.InvocationFilter{User: "usr_0"}, 103},
			{store.InvocationFilter{Connection: "c1", User: "usr_0"}, 34},
			{store.InvocationFilter{Connection: "absent"}, 0},
		} {
			got := list(test.filter, 20)
			if len(got) != test.want {
				t.Errorf("%+v gives %d, want %d", test.filter, len(got), test.want)
			}
			for _, v := range got {
				if test.filter.Connection != "" && v.Connection != test.filter.Connection || test.filter.User != "" && v.User != test.filter.User {
					t.Errorf("%+v gives %+v", test.filter, v)
				}
			}
		}

		// A stranger's bytes do not lose a batch, and a record without a time is of now.
		check(t, w.InsertInvocations(t.Context(), []lanyard.Invocation{{OrganizationID: w.org, Connection: "odd", Method: "G\x00T", Host: "\xff", Path: "/\xc3\x28"}}))
		odd := list(store.InvocationFilter{Connection: "odd"}, 5)
		if len(odd) != 1 || odd[0].Method != "G\uFFFDT" || odd[0].Host != "\uFFFD" || odd[0].Path != "/\uFFFD(" || !odd[0].At.Equal(start) {
			t.Errorf("the odd record is %+v", odd)
		}
		// One that cannot be stored loses all of its batch, not a part.
		bad := []lanyard.Invocation{{OrganizationID: w.org, Connection: "batch"}, {OrganizationID: w.org, Connection: "batch\x00"}}
		wantCode(t, w.InsertInvocations(t.Context(), bad), lanyard.CodeInvalidRequest)
		if got := list(store.InvocationFilter{Connection: "batch"}, 5); len(got) != 0 {
			t.Errorf("a part of a batch was stored: %+v", got)
		}
	})
}

func TestAudit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		var want []lanyard.AuditEntry
		for i := range 7 {
			w.now.add(time.Millisecond)
			e := lanyard.AuditEntry{
				ID: "made elsewhere", At: start.Add(-time.Hour), // the store sets these
				OrganizationID: w.org, Actor: w.owner.ID, OnBehalfOf: w.member.ID, Key: "key_x", Action: lanyard.ActionConnectFailed,
				Object: fmt.Sprint("object ", i%2), ObjectName: "name", Detail: map[string]string{"error": "access_denied\x00", "line\n": `"quoted"`},
			}
			if i == 3 {
				e.Detail = nil
			}
			check(t, w.AppendAudit(t.Context(), e))
			e.At = w.Now()
			if e.Detail == nil {
				e.Detail = map[string]string{}
			}
			want = append(want, e)
		}
		slices.Reverse(want)
		list := func(f store.AuditFilter) []lanyard.AuditEntry {
			t.Helper()
			return collect(t, func(p store.Page) ([]lanyard.AuditEntry, string, error) { return w.Audit(t.Context(), w.org, f, p) }, 3)
		}
		got := list(store.AuditFilter{Actions: []lanyard.Action{lanyard.ActionConnectFailed}})
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(lanyard.AuditEntry{}, "ID")); diff != "" {
			t.Errorf("the entries, newest first (-want +got):\n%s", diff)
		}
		for _, e := range got {
			if !strings.HasPrefix(string(e.ID), fmt.Sprintf("%013x", e.At.UnixMilli())) {
				t.Errorf("the id %s does not begin with the time", e.ID)
			}
		}
		if got := list(store.AuditFilter{Object: "object 1"}); len(got) != 3 {
			t.Errorf("one object has %d entries, want 3", len(got))
		}
		if got := list(store.AuditFilter{Actions: []lanyard.Action{lanyard.ActionConnect}, Object: "object 1"}); len(got) != 0 {
			t.Errorf("another action has %d entries", len(got))
		}
		if got := list(store.AuditFilter{}); len(got) != 9 { // and those of the organization and its member
			t.Errorf("there are %d entries, want 9", len(got))
		}
	})
}

// TestI8_ChangeAndAuditAreOne makes the audit log refuse, and nothing may change then.
func TestI8_ChangeAndAuditAreOne(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		l, _ := w.lease(a, time.Minute, false)
		before := contents(t, w.config, "")
		bad := lanyard.AuditEntry{Action: "x", Object: "not text \xff"}
		edited, editedConnection := *s, *c
		for name, change := range map[string]func() error{
			"CreateUser": func() error {
				return w.CreateUser(t.Context(), lanyard.User{ID: "usr_new", OrganizationID: w.org, Email: "new"}, bad)
			},
			"CreateService": func() error { return w.CreateService(t.Context(), oauth2Service(w.org, w.owner.ID, "new"), bad) },
			"UpdateService": func() error { _, err := w.UpdateService(t.Context(), 1, &edited, false, "x", bad); return err },
			"DeleteService": func() error { _, err := w.DeleteService(t.Context(), w.org, s.ID, bad); return err },
			"SetOAuthClient": func() error {
				_, err := w.SetOAuthClient(t.Context(), &lanyard.OAuthClient{Organization: w.org, Service: "slack"}, true, "", bad)
				return err
			},
			"UpdateConnection": func() error {
				_, err := w.UpdateConnection(t.Context(), 1, &editedConnection, true, "x", bad)
				return err
			},
			"DeleteConnection": func() error { _, err := w.DeleteConnection(t.Context(), w.org, c.ID, bad); return err },
			"SaveAuthorization": func() error {
				_, _, err := w.SaveAuthorization(t.Context(), &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 1}, credential("x"), bad)
				return err
			},
			"RevokeAuthorization": func() error {
				_, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", bad)
				return err
			},
			"StoreRefreshed": func() error { _, err := w.StoreRefreshed(t.Context(), l, hour, bad); return err },
			"RequireReconnect": func() error {
				_, err := w.RequireReconnect(t.Context(), w.org, a.ID, a.Generation, "x", bad)
				return err
			},
		} {
			if err := change(); err == nil {
				t.Errorf("%s went on without its audit entry", name)
			}
		}
		if edited.Version != 1 || editedConnection.Version != 1 {
			t.Error("what was given was changed although nothing was stored")
		}
		if after := contents(t, w.config, ""); after != before {
			t.Errorf("something was changed (-before +after):\n%s", cmp.Diff(before, after))
		}
	})
}

func TestProviderRevocations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		replica := w.Store
		if w.config.Database != "" {
			replica = open(func(c *store.Config) { c.Now = w.now.now })
		}
		request := []byte(`{"token":"secret"}`)
		check(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: w.org, Connection: "acme", Request: request}))
		check(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: w.org, ID: "given", Connection: "later", Request: request, NextAt: start.Add(time.Hour)}))
		due := func(s *store.Store) []store.ProviderRevocation {
			t.Helper()
			list, err := s.DueRevocations(t.Context(), 10)
			check(t, err)
			return list
		}
		got := due(w.Store)
		want := store.ProviderRevocation{
			Organization: w.org, Connection: "acme", Request: request, Attempts: 1, NextAt: start.Add(2 * time.Minute), GiveUpAt: start.Add(24 * time.Hour),
		}
		if len(got) != 1 {
			t.Fatalf("due are %+v", got)
		}
		want.ID = got[0].ID
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("the revocation (-want +got):\n%s", diff)
		}
		if again := due(replica); len(again) != 0 {
			t.Errorf("handed out twice: %+v", again)
		}
		w.now.add(2 * time.Minute)
		if again := due(replica); len(again) != 1 || again[0].Attempts != 2 {
			t.Errorf("after the claim ran out: %+v", again)
		}
		check(t, w.RetryRevocation(t.Context(), w.org, want.ID, w.Now().Add(time.Second)))
		if again := due(w.Store); len(again) != 0 {
			t.Errorf("due before its time: %+v", again)
		}
		w.now.add(time.Second)
		if again := due(w.Store); len(again) != 1 || again[0].Attempts != 3 {
			t.Errorf("tried again: %+v", again)
		}
		check(t, w.FinishRevocation(t.Context(), w.org, want.ID, entry(lanyard.ActionProviderRevocation)))
		wantCode(t, w.FinishRevocation(t.Context(), w.org, want.ID, entry(lanyard.ActionProviderRevocation)), lanyard.CodeNotFound)
		wantCode(t, w.RetryRevocation(t.Context(), w.org, want.ID, start), lanyard.CodeNotFound)
		if n := w.audited(lanyard.ActionProviderRevocation); n != 1 {
			t.Errorf("%d are in the audit log, want 1", n)
		}
		w.now.add(time.Hour)
		if later := due(w.Store); len(later) != 1 || later[0].ID != "given" {
			t.Errorf("the later one: %+v", later)
		}
		wantCode(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: "org_nowhere", Request: request}), lanyard.CodeNotFound)
	})
}

func TestAuditFilters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		add := func(actor, behalf lanyard.UserID, action lanyard.Action, object string) {
			t.Helper()
			w.now.add(time.Millisecond)
			check(t, w.AppendAudit(t.Context(), lanyard.AuditEntry{OrganizationID: w.org, Actor: actor, OnBehalfOf: behalf, Action: action, Object: object, ObjectName: fmt.Sprint(action)}))
		}
		for range 3 { // several pages of two
			add("usr_1", "", "a", "x")
			add("usr_2", "usr_1", "b", "y")
			add("usr_1", "usr_2", "c", "x")
			add("", "", "a", "y")
		}
		for _, test := range []struct {
			filter store.AuditFilter
			want   string // the actions of one round, newest first
		}{
			{store.AuditFilter{Actions: []lanyard.Action{"a", "c"}}, "a c a "},
			{store.AuditFilter{Person: "usr_1"}, "c b a "},
			{store.AuditFilter{Person: "usr_1", Actions: []lanyard.Action{"b", "a"}}, "b a "},
			{store.AuditFilter{Person: "usr_2", Object: "x"}, "c "},
			{store.AuditFilter{Object: "y", Actions: []lanyard.Action{"a", "b", "absent"}}, "a b "},
			{store.AuditFilter{Actions: []lanyard.Action{"absent"}}, ""},
		} {
			got := ""
			for _, e := range collect(t, func(p store.Page) ([]lanyard.AuditEntry, string, error) {
				return w.Audit(t.Context(), w.org, test.filter, p)
			}, 2) {
				got += string(e.Action) + " "
			}
			if want := strings.Repeat(test.want, 3); got != want {
				t.Errorf("%+v gives %q, want %q", test.filter, got, want)
			}
		}
	})
}

func TestNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		check(t, w.CreateAPIKey(t.Context(), lanyard.APIKey{ID: "key_1", OrganizationID: w.org, UserID: w.owner.ID, Name: "Deployment"}, hash("k"), entry("x")))
		names, err := w.Names(t.Context(), w.org, []lanyard.UserID{w.owner.ID, "usr_gone", w.member.ID}, []lanyard.APIKeyID{"key_1", "key_gone"})
		check(t, err)
		want := store.Names{Users: map[lanyard.UserID]string{w.owner.ID: w.owner.Name, w.member.ID: w.member.Name}, Keys: map[lanyard.APIKeyID]string{"key_1": "Deployment"}}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("the names (-want +got):\n%s", diff)
		}
		people, err := w.People(t.Context(), w.org, 1)
		check(t, err)
		if len(people) != 1 || people[0].Name != min(w.owner.Name, w.member.Name) {
			t.Errorf("the first by name is %+v", people)
		}
	})
}
