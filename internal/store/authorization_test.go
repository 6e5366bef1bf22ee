package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

func TestSaveAuthorization(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		_, err := w.Authorization(t.Context(), w.org, c.ID, w.owner.ID)
		wantCode(t, err, lanyard.CodeNotFound)
		_, _, err = w.OpenAuthorization(t.Context(), w.org, c.ID, w.owner.ID)
		wantCode(t, err, lanyard.CodeNotFound)

		given := &lanyard.Credential{
			Values: map[string]lanyard.Secret{"X-Api-Key": lanyard.NewSecret("value")}, Username: lanyard.NewSecret("user"), Password: lanyard.NewSecret("password"),
			AccessToken: lanyard.NewSecret("access"), RefreshToken: lanyard.NewSecret("refresh"), ClientAuthentication: lanyard.ClientSecretPost,
			Token: lanyard.NewSecret("token"), TokenSecret: lanyard.NewSecret("token secret"),
			AccessKeyID: "key id", SecretAccessKey: lanyard.NewSecret("secret key"), SessionToken: lanyard.NewSecret("session"),
			Parameters: map[string]string{"domain": "zylker"},
		}
		a := &lanyard.Authorization{
			OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, Scopes: []string{"read", "write"}, GrantedScope: "read", Account: "olive",
			ServiceVersion: 1, ExpiresAt: start.Add(time.Hour), Lifetime: time.Hour, RefreshDue: start.Add(50 * time.Minute),
			// What the caller does not decide:
			Status: lanyard.StatusRevoked, StatusReason: "x", Generation: 77, AttemptAt: start, RetryAt: start, RefreshFailure: 3, LastError: "x", ForcedAt: start,
		}
		audit := lanyard.AuditEntry{Action: lanyard.ActionConnect, ObjectName: "acme_connection"}
		ok, previous, err := w.SaveAuthorization(t.Context(), a, given, audit)
		if err != nil || !ok || previous != nil {
			t.Fatalf("got %v, %v, %v", ok, previous, err)
		}
		want := &lanyard.Authorization{
			ID: a.ID, OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, Status: lanyard.StatusConnected,
			Scopes: []string{"read", "write"}, GrantedScope: "read", Account: "olive", ServiceVersion: 1, Generation: 1,
			ExpiresAt: start.Add(time.Hour), Lifetime: time.Hour, RefreshDue: start.Add(50 * time.Minute), RefreshedAt: start, CreatedAt: start, UpdatedAt: start,
		}
		if diff := cmp.Diff(want, a); diff != "" || a.ID == "" {
			t.Errorf("what was saved (-want +got):\n%s", diff)
		}
		got, opened, err := w.OpenAuthorization(t.Context(), w.org, c.ID, w.owner.ID)
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what is read (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(given, opened, secrets); diff != "" {
			t.Errorf("the credential (-want +got):\n%s", diff)
		}
		got, opened, err = w.OpenAuthorizationByID(t.Context(), w.org, a.ID)
		if err != nil || !cmp.Equal(want, got) || !cmp.Equal(given, opened, secrets) {
			t.Errorf("by id: %+v, %v", got, err)
		}
		list, err := w.Authorizations(t.Context(), w.org, c.ID)
		if err != nil || len(list) != 1 || !cmp.Equal(*want, list[0]) {
			t.Errorf("the list is %+v, %v", list, err)
		}
		entries, _, err := w.Audit(t.Context(), w.org, store.AuditFilter{Object: string(a.ID)}, store.Page{})
		if err != nil || len(entries) != 1 || entries[0].Action != lanyard.ActionConnect {
			t.Errorf("the audit log has %+v, %v; an entry without an object gets the authorization", entries, err)
		}

		w.now.add(time.Minute)
		again := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 1}
		ok, previous, err = w.SaveAuthorization(t.Context(), again, credential("second"), entry(lanyard.ActionConnect))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if diff := cmp.Diff(given, previous, secrets); diff != "" {
			t.Errorf("the credential before (-want +got):\n%s", diff)
		}
		want = &lanyard.Authorization{
			ID: a.ID, OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, Status: lanyard.StatusConnected,
			ServiceVersion: 1, Generation: 2, RefreshedAt: w.Now(), CreatedAt: start, UpdatedAt: w.Now(),
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Errorf("what was saved again (-want +got):\n%s", diff)
		}
		if w.token(c, w.owner.ID) != "access second" {
			t.Error("the second credential is not the stored one")
		}
	})
}

func TestA29_SaveAuthorizationNeedsWhatWasConsentedTo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		default_ := w.connection("default_connection", &lanyard.Service{LinkName: "slack", ID: "slack"})
		save := func(connection lanyard.ConnectionID, user lanyard.UserID, version int64) (bool, error) {
			a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: connection, UserID: user, ServiceVersion: version}
			ok, previous, err := w.SaveAuthorization(t.Context(), a, credential("x"), entry(lanyard.ActionConnect))
			if previous != nil {
				t.Error("there is a credential before")
			}
			if !ok && (a.ID != "" || a.Status != "") {
				t.Errorf("an authorization that was not saved is %+v", a)
			}
			return ok, err
		}
		for name, version := range map[string]int64{"older": 0, "newer": 2} {
			if ok, err := save(c.ID, w.owner.ID, version); ok || err != nil {
				t.Errorf("%s service version: %v, %v", name, ok, err)
			}
		}
		if ok, err := save("con_absent", w.owner.ID, 1); ok || err != nil {
			t.Errorf("connection that is gone: %v, %v", ok, err)
		}
		_, err := save(c.ID, "usr_nobody", 1)
		wantCode(t, err, lanyard.CodeNotFound)
		if n := w.audited(lanyard.ActionConnect); n != 0 {
			t.Errorf("%d connects are in the audit log", n)
		}
		if ok, err := save(default_.ID, w.owner.ID, 12<<32); !ok || err != nil {
			t.Errorf("a default service, whose definition the store does not know: %v, %v", ok, err)
		}
	})
}

// TestB26_SavingAgainstEditing lets people connect while the service is being edited: whatever the order, nobody ends
// up connected with a version of the service that is no more.
func TestB26_SavingAgainstEditing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		other := w.Store
		if w.config.Database != "" {
			other = open(func(c *store.Config) { c.Now = w.now.now })
		}
		for range 15 {
			s := w.service(lanyard.LinkName("svc_" + string(lanyard.NewServiceID()[4:9])))
			c := w.connection("con_"+s.LinkName, s, ofEachUser)
			var saved sync.WaitGroup
			kept := make([]bool, 2)
			for i, user := range []lanyard.UserID{w.owner.ID, w.member.ID} {
				saved.Go(func() {
					a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: user, ServiceVersion: 1}
					ok, _, err := other.SaveAuthorization(t.Context(), a, credential("x"), entry(lanyard.ActionConnect))
					if err != nil {
						t.Error(err)
					}
					kept[i] = ok
				})
			}
			revoked, err := w.UpdateService(t.Context(), 1, s, false, "Edited.", entry(lanyard.ActionServiceEdit))
			check(t, err)
			saved.Wait()
			count := 0
			for _, ok := range kept {
				if ok {
					count++
				}
			}
			list, err := w.Authorizations(t.Context(), w.org, c.ID)
			check(t, err)
			for _, a := range list {
				if a.Status == lanyard.StatusConnected {
					t.Errorf("still connected with version %d", a.ServiceVersion)
				}
			}
			if count != len(revoked) {
				t.Errorf("%d credentials were saved and %d erased: one is lost to its provider", count, len(revoked))
			}
		}
	})
}

func TestB30_SameRefreshToken(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		save := func(name lanyard.LinkName, refreshToken string) *lanyard.Authorization {
			t.Helper()
			a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: w.connection(name, s).ID, UserID: w.owner.ID, ServiceVersion: 1}
			c := &lanyard.Credential{AccessToken: lanyard.NewSecret("access " + string(name)), RefreshToken: lanyard.NewSecret(refreshToken)}
			if ok, _, err := w.SaveAuthorization(t.Context(), a, c, entry(lanyard.ActionConnect)); err != nil || !ok {
				t.Fatal(ok, err)
			}
			return a
		}
		same := func(a *lanyard.Authorization, want ...lanyard.LinkName) {
			t.Helper()
			got, err := w.SameRefreshToken(t.Context(), w.org, a.ID)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("the connections with the same refresh token are %v, %v; want %v", got, err, want)
			}
		}
		a, b, other, none := save("a", "one"), save("b", "one"), save("other", "two"), save("none", "")
		save("none_either", "")
		same(a, "b")
		same(b, "a")
		same(other)
		same(none)
		l, _ := w.lease(b, time.Minute, false)
		r := store.Refreshed{Credential: &lanyard.Credential{AccessToken: lanyard.NewSecret("x"), RefreshToken: lanyard.NewSecret("two")}}
		if ok, err := w.StoreRefreshed(t.Context(), l, r, entry(lanyard.ActionRefresh)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		same(a)
		same(b, "other")
		_, err := w.RevokeAuthorization(t.Context(), w.org, other.ConnectionID, w.owner.ID, "x", entry(lanyard.ActionRevoke))
		check(t, err)
		same(b)
	})
}

func TestRevokeAuthorization(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		_, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", entry(lanyard.ActionRevoke))
		wantCode(t, err, lanyard.CodeNotFound)
		w.connect(c, s, w.owner.ID)
		w.now.add(time.Minute)
		revoked, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "Olive revoked it.", entry(lanyard.ActionRevoke))
		check(t, err)
		got, opened, err := w.OpenAuthorization(t.Context(), w.org, c.ID, w.owner.ID)
		check(t, err)
		if opened != nil || got.Status != lanyard.StatusRevoked || got.StatusReason != "Olive revoked it." || got.Generation != 2 {
			t.Errorf("the authorization is %+v", got)
		}
		if diff := cmp.Diff(got, &revoked.Authorization); diff != "" {
			t.Errorf("what is returned is not what is stored (-stored +returned):\n%s", diff)
		}
		if diff := cmp.Diff(c, &revoked.Connection); diff != "" {
			t.Errorf("the connection (-want +got):\n%s", diff)
		}
		if revoked.Credential.RefreshToken.Reveal() != "refresh acme_connection of "+string(w.owner.ID) {
			t.Error("the credential is not the one that was stored")
		}
		revoked, err = w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "Again.", entry(lanyard.ActionRevoke))
		if err != nil || revoked.Credential != nil {
			t.Errorf("revoked again: %+v, %v", revoked, err)
		}
		if w.connect(c, s, w.owner.ID).Generation != 4 {
			t.Error("the generation did not grow on reconnecting")
		}
	})
}

func TestRemoveAuthorization(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s, ofEachUser)
		_, err := w.RemoveAuthorization(t.Context(), w.org, c.ID, w.member.ID, entry(lanyard.ActionRemoveUser))
		wantCode(t, err, lanyard.CodeNotFound)
		w.connect(c, s, w.owner.ID)
		before := w.connect(c, s, w.member.ID)
		_, err = w.RemoveAuthorization(t.Context(), "org_other", c.ID, w.member.ID, entry(lanyard.ActionRemoveUser))
		wantCode(t, err, lanyard.CodeNotFound)
		removed, err := w.RemoveAuthorization(t.Context(), w.org, c.ID, w.member.ID, entry(lanyard.ActionRemoveUser))
		if err != nil || removed.Credential == nil || removed.Authorization.ID != before.ID {
			t.Fatalf("removed %+v, %v", removed, err)
		}
		_, err = w.Authorization(t.Context(), w.org, c.ID, w.member.ID)
		wantCode(t, err, lanyard.CodeNotFound)
		if w.token(c, w.owner.ID) == "" {
			t.Error("the owner's own went along")
		}
		// A refresh that was under way for the removed one must not bring it back, nor reach the next.
		if again := w.connect(c, s, w.member.ID); again.ID == before.ID {
			t.Error("the next authorization has the id of the removed one")
		}
	})
}

func TestAddAuthorization(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s, ofEachUser)
		check(t, w.AddAuthorization(t.Context(), w.org, c.ID, w.member.ID))
		a, opened, err := w.OpenAuthorization(t.Context(), w.org, c.ID, w.member.ID)
		if err != nil || opened != nil || a.Status != lanyard.StatusNotConnected || a.Generation != 0 {
			t.Errorf("the authorization is %+v, %v", a, err)
		}
		if saved := w.connect(c, s, w.member.ID); saved.ID != a.ID || saved.Generation != 1 {
			t.Errorf("after connecting the authorization is %+v", saved)
		}
		check(t, w.AddAuthorization(t.Context(), w.org, c.ID, w.member.ID))
		if w.token(c, w.member.ID) == "" {
			t.Error("asking again disconnected the user")
		}
		wantCode(t, w.AddAuthorization(t.Context(), w.org, "con_absent", w.member.ID), lanyard.CodeNotFound)
		wantCode(t, w.AddAuthorization(t.Context(), w.org, c.ID, "usr_nobody"), lanyard.CodeNotFound)
	})
}

// The owner of a connection reads who connected it, page by page, and nothing of another connection or organization.
func TestAuthorizationsOf(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c, other := w.connection("acme_connection", s, ofEachUser), w.connection("other", s, ofEachUser)
		w.connect(c, s, w.owner.ID)
		w.connect(other, s, w.member.ID)
		check(t, w.AddAuthorization(t.Context(), w.org, c.ID, w.member.ID))
		var all []store.UserAuthorization
		var page store.Page
		for range 3 {
			page.Limit = 1
			list, next, err := w.AuthorizationsOf(t.Context(), w.org, c.ID, page)
			check(t, err)
			all = append(all, list...)
			if page.Cursor = next; next == "" {
				break
			}
		}
		want := []store.UserAuthorization{
			{User: w.owner.ID, Name: w.owner.Name, Status: lanyard.StatusConnected, ConnectedAt: w.Now()},
			{User: w.member.ID, Name: w.member.Name, ExternalID: w.member.ExternalID, Status: lanyard.StatusNotConnected},
		}
		slices.SortFunc(want, func(a, b store.UserAuthorization) int { return strings.Compare(string(a.User), string(b.User)) })
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if list, _, err := w.AuthorizationsOf(t.Context(), "org_other", c.ID, store.Page{}); err != nil || len(list) > 0 {
			t.Errorf("another organization sees %v, %v", list, err)
		}
		if _, _, err := w.AuthorizationsOf(t.Context(), w.org, other.ID, page); page.Cursor != "" && err == nil {
			t.Error("a cursor of another connection was taken")
		}
	})
}

func (w *world) lease(a *lanyard.Authorization, length time.Duration, forced bool) (store.Lease, bool) {
	w.t.Helper()
	l, ok, err := w.TakeLease(w.t.Context(), a.OrganizationID, a.ID, a.Generation, length, forced)
	w.must(err)
	return l, ok
}

var hour = store.Refreshed{Credential: credential("new"), Known: true, Lifetime: time.Hour, Elapsed: 2 * time.Second, Renewable: true}

func TestB01_OneLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		stores := []*store.Store{w.Store, w.Store}
		if w.config.Database != "" {
			stores[1] = open(func(c *store.Config) { c.Now = w.now.now })
		}
		s := w.service("acme")
		a := w.connect(w.connection("acme_connection", s), s, w.owner.ID)
		for round := range 20 {
			taken := make([]bool, 10)
			leases := make([]store.Lease, len(taken))
			var all sync.WaitGroup
			for i := range taken {
				all.Go(func() {
					var err error
					leases[i], taken[i], err = stores[i%2].TakeLease(t.Context(), w.org, a.ID, a.Generation, time.Minute, false)
					if err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			won := slices.Index(taken, true)
			if won < 0 || slices.Contains(taken[won+1:], true) {
				t.Fatalf("round %d: the lease was taken %v", round, taken)
			}
			if l := leases[won]; l.Number != int64(round+1) || !l.LostAttempt.IsZero() || l.Generation != a.Generation {
				t.Errorf("round %d: the lease is %+v", round, l)
			}
			ok, err := stores[round%2].StoreRefreshed(t.Context(), leases[won], hour, entry(lanyard.ActionRefresh))
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			a.Generation++
		}
		if n := w.audited(lanyard.ActionRefresh); n != 20 {
			t.Errorf("%d refreshes are in the audit log, want 20", n)
		}
	})
}

func TestRefresh(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		w.now.add(time.Minute)
		l, ok := w.lease(a, time.Minute, true)
		if !ok {
			t.Fatal("the lease was not taken")
		}
		if got := w.authorization(c, w.owner.ID); !got.AttemptAt.Equal(w.Now()) || !got.ForcedAt.Equal(w.Now()) {
			t.Errorf("during the refresh the authorization is %+v", got)
		}
		if _, ok := w.lease(a, time.Minute, false); ok {
			t.Error("the lease was taken twice")
		}
		w.now.add(time.Minute)
		r := hour
		r.GrantedScope = "read\x00write \xff"
		if ok, err := w.StoreRefreshed(t.Context(), l, r, entry(lanyard.ActionRefresh)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		want := *a
		want.Generation, want.GrantedScope, want.Lifetime = 2, "read\uFFFDwrite \uFFFD", time.Hour
		want.ExpiresAt = w.Now().Add(time.Hour - 2*time.Second)
		want.RefreshDue = want.ExpiresAt.Add(-lanyard.SweepMargin(time.Hour))
		want.RefreshedAt, want.UpdatedAt, want.ForcedAt = w.Now(), w.Now(), start.Add(time.Minute)
		if diff := cmp.Diff(&want, w.authorization(c, w.owner.ID)); diff != "" {
			t.Errorf("after the refresh (-want +got):\n%s", diff)
		}
		if w.token(c, w.owner.ID) != "access new" {
			t.Error("the new credential is not the stored one")
		}
		// The same answer again, or one that was on the way for the older generation.
		if ok, err := w.StoreRefreshed(t.Context(), l, r, entry(lanyard.ActionRefresh)); err != nil || ok {
			t.Errorf("a result for an older generation was stored: %v, %v", ok, err)
		}
		if _, ok := w.lease(a, time.Minute, false); ok {
			t.Error("a lease was taken for an older generation")
		}

		for _, test := range []struct {
			name    string
			r       store.Refreshed
			expires time.Duration // from now; 0: unknown
			due     time.Duration
			scope   string
		}{
			{"life unknown", store.Refreshed{Credential: credential("x"), Renewable: true}, 0, 0, want.GrantedScope},
			{"cannot renew", store.Refreshed{Credential: credential("x"), Known: true, Lifetime: time.Hour, GrantedScope: "all"}, time.Hour, 0, "all"},
			{"short", store.Refreshed{Credential: credential("x"), Known: true, Lifetime: 40 * time.Second, Renewable: true}, 40 * time.Second, 0, "all"},
			{"expired at once", store.Refreshed{Credential: credential("x"), Known: true, Elapsed: time.Second, Renewable: true}, -time.Second, 0, "all"},
		} {
			a := w.authorization(c, w.owner.ID)
			l, ok := w.lease(a, time.Minute, false)
			if !ok {
				t.Fatalf("%s: the lease was not taken", test.name)
			}
			if ok, err := w.StoreRefreshed(t.Context(), l, test.r, entry(lanyard.ActionRefresh)); err != nil || !ok {
				t.Fatal(ok, err)
			}
			fromNow := func(d time.Duration) time.Time {
				if d == 0 {
					return time.Time{}
				}
				return w.Now().Add(d)
			}
			got := w.authorization(c, w.owner.ID)
			if !got.ExpiresAt.Equal(fromNow(test.expires)) || !got.RefreshDue.Equal(fromNow(test.due)) || got.GrantedScope != test.scope || got.Lifetime != test.r.Lifetime {
				t.Errorf("%s: the authorization is %+v", test.name, got)
			}
		}
	})
}

func TestB05_LeaseRunsOut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		first, ok := w.lease(a, time.Minute, false)
		if !ok {
			t.Fatal("the lease was not taken")
		}
		w.now.add(time.Minute - time.Millisecond)
		if _, ok := w.lease(a, time.Minute, false); ok {
			t.Error("the lease was taken before its end")
		}
		w.now.add(time.Millisecond)
		second, ok := w.lease(a, time.Minute, false)
		if !ok || second.Number != first.Number+1 || !second.LostAttempt.Equal(start) {
			t.Errorf("B06: the lease is %+v, %v; want the next one, with the attempt that was lost", second, ok)
		}
		if got := w.authorization(c, w.owner.ID); !got.AttemptAt.Equal(start) {
			t.Errorf("the note of the lost attempt is %v, want %v", got.AttemptAt, start)
		}
		// The first one was only slow: it gives nothing back that is not its own …
		check(t, w.ReleaseLease(t.Context(), first, w.Now().Add(time.Hour), "slow", false))
		if got := w.authorization(c, w.owner.ID); got.RefreshFailure != 0 || got.AttemptAt.IsZero() {
			t.Errorf("a lease that had been taken over was released: %+v", got)
		}
		// … but its answer is not thrown away as long as nobody else's is stored.
		w.now.add(time.Hour)
		if ok, err := w.StoreRefreshed(t.Context(), first, hour, entry(lanyard.ActionRefresh)); err != nil || !ok {
			t.Errorf("the result was not stored although the generation is the same: %v, %v", ok, err)
		}
		if ok, err := w.StoreRefreshed(t.Context(), second, hour, entry(lanyard.ActionRefresh)); err != nil || ok {
			t.Errorf("a second result for one generation was stored: %v, %v", ok, err)
		}
		if got := w.authorization(c, w.owner.ID); !got.AttemptAt.IsZero() || got.Generation != 2 {
			t.Errorf("afterwards the authorization is %+v", got)
		}
	})
}

func TestB13_ReleaseLease(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		for i, keep := range []bool{false, true} {
			l, ok := w.lease(a, time.Minute, false)
			if !ok {
				t.Fatal("the lease was not taken")
			}
			retry := w.Now().Add(10 * time.Second)
			check(t, w.ReleaseLease(t.Context(), l, retry, "503 from the provider", keep))
			got := w.authorization(c, w.owner.ID)
			if !got.RetryAt.Equal(retry) || !got.RefreshDue.Equal(retry) || got.RefreshFailure != i+1 || got.LastError != "503 from the provider" || got.AttemptAt.IsZero() == keep {
				t.Errorf("after failure %d the authorization is %+v", i+1, got)
			}
			if w.token(c, w.owner.ID) == "" {
				t.Error("the old credential is gone")
			}
			w.now.add(time.Second)
		}
		l, ok := w.lease(a, time.Minute, false)
		if !ok || !l.LostAttempt.Equal(start.Add(time.Second)) {
			t.Errorf("the lease is %+v, %v; want the kept attempt", l, ok)
		}
		check(t, w.ReleaseLease(t.Context(), l, time.Time{}, "cancelled", false))
		if got := w.authorization(c, w.owner.ID); !got.RetryAt.IsZero() || got.RefreshDue.IsZero() {
			t.Errorf("without a time to retry the authorization is %+v", got)
		}
		l, _ = w.lease(a, time.Minute, false)
		if ok, err := w.StoreRefreshed(t.Context(), l, hour, entry(lanyard.ActionRefresh)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if got := w.authorization(c, w.owner.ID); got.RefreshFailure != 0 || got.LastError != "" || !got.RetryAt.IsZero() {
			t.Errorf("after success the authorization is %+v", got)
		}
		// Reconnected meanwhile: the number of the lease is the same, the credential is not.
		a.Generation++
		l, _ = w.lease(a, time.Minute, false)
		w.connect(c, s, w.owner.ID)
		check(t, w.ReleaseLease(t.Context(), l, start, "late", true))
		if got := w.authorization(c, w.owner.ID); got.RefreshFailure != 0 {
			t.Errorf("a lease on the older credential was released on the newer: %+v", got)
		}
	})
}

func TestB11_RequireReconnect(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		if ok, err := w.RequireReconnect(t.Context(), w.org, a.ID, a.Generation+1, "x", entry(lanyard.ActionReconnectRequired)); err != nil || ok {
			t.Errorf("B10: another generation: %v, %v", ok, err)
		}
		if ok, err := w.RequireReconnect(t.Context(), w.org, a.ID, a.Generation, "The provider refused.", entry(lanyard.ActionReconnectRequired)); err != nil || !ok {
			t.Errorf("got %v, %v", ok, err)
		}
		got, opened, err := w.OpenAuthorizationByID(t.Context(), w.org, a.ID)
		if err != nil || opened != nil || got.Status != lanyard.StatusReconnectRequired || got.StatusReason != "The provider refused." ||
			!got.RefreshDue.IsZero() || got.Generation != 2 {
			t.Errorf("the authorization is %+v, %v", got, err)
		}
		if ok, err := w.RequireReconnect(t.Context(), w.org, a.ID, 2, "x", entry(lanyard.ActionReconnectRequired)); err != nil || ok {
			t.Errorf("one that is not connected: %v, %v", ok, err)
		}
		if _, ok := w.lease(got, time.Minute, false); ok {
			t.Error("a lease was taken on one that is not connected")
		}
		if n := w.audited(lanyard.ActionReconnectRequired); n != 1 {
			t.Errorf("%d are in the audit log, want 1", n)
		}
	})
}

func TestB26_RefreshDuringRevocation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for name, end := range map[string]func(*lanyard.Service, *lanyard.Connection) error{
			"revoke": func(_ *lanyard.Service, c *lanyard.Connection) error {
				_, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", entry("x"))
				return err
			},
			"reconnect": func(s *lanyard.Service, c *lanyard.Connection) error {
				w.connect(c, s, w.owner.ID)
				return nil
			},
			"edit connection": func(_ *lanyard.Service, c *lanyard.Connection) error {
				_, err := w.UpdateConnection(t.Context(), c.Version, c, true, "x", entry("x"))
				return err
			},
			"edit service": func(s *lanyard.Service, _ *lanyard.Connection) error {
				_, err := w.UpdateService(t.Context(), s.Version, s, false, "x", entry("x"))
				return err
			},
			"delete service": func(s *lanyard.Service, _ *lanyard.Connection) error {
				_, err := w.DeleteService(t.Context(), w.org, s.ID, entry("x"))
				return err
			},
			"delete connection": func(_ *lanyard.Service, c *lanyard.Connection) error {
				_, err := w.DeleteConnection(t.Context(), w.org, c.ID, entry("x"))
				return err
			},
		} {
			linkName := lanyard.LinkName("s_" + name)
			s := w.service(linkName)
			c := w.connection(linkName, s)
			l, ok := w.lease(w.connect(c, s, w.owner.ID), time.Minute, false)
			if !ok {
				t.Fatal("the lease was not taken")
			}
			check(t, end(s, c))
			if ok, err := w.StoreRefreshed(t.Context(), l, hour, entry(lanyard.ActionRefresh)); err != nil || ok {
				t.Errorf("%s: the result of the refresh was stored: %v, %v", name, ok, err)
			}
			check(t, w.ReleaseLease(t.Context(), l, start, "late", false))
		}
		if n := w.audited(lanyard.ActionRefresh); n != 0 {
			t.Errorf("%d refreshes are in the audit log", n)
		}
	})
}

func TestDueAuthorizations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		due := func() (names []string) {
			t.Helper()
			list, err := w.DueAuthorizations(t.Context(), 10)
			check(t, err)
			for _, d := range list {
				c, err := w.ConnectionByID(t.Context(), d.Organization, d.Connection)
				check(t, err)
				a, err := w.Authorization(t.Context(), d.Organization, d.Connection, d.User)
				if err != nil || a.ID != d.ID {
					t.Errorf("the due %+v is %+v, %v", d, a, err)
				}
				names = append(names, string(c.LinkName))
			}
			return names
		}
		want := func(names ...string) {
			t.Helper()
			if got := due(); !slices.Equal(got, names) {
				t.Errorf("due are %v, want %v", got, names)
			}
		}
		s := w.service("acme")
		made := map[lanyard.LinkName]*lanyard.Authorization{}
		for i, name := range []lanyard.LinkName{"third", "second", "first", "never"} {
			c := w.connection(name, s)
			a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 1, RefreshDue: start.Add(time.Duration(10-i) * time.Minute)}
			if name == "never" {
				a.RefreshDue = time.Time{}
			}
			if ok, _, err := w.SaveAuthorization(t.Context(), a, credential("x"), entry(lanyard.ActionConnect)); err != nil || !ok {
				t.Fatal(ok, err)
			}
			made[name] = a
		}
		want()
		w.now.add(8*time.Minute - time.Millisecond)
		want()
		w.now.add(time.Millisecond)
		want("first")
		w.now.add(time.Hour)
		want("first", "second", "third")
		if list, err := w.DueAuthorizations(t.Context(), 2); err != nil || len(list) != 2 {
			t.Errorf("with a limit of 2: %v, %v", list, err)
		}
		l, _ := w.lease(made["first"], time.Minute, false)
		want("second", "third")
		check(t, w.ReleaseLease(t.Context(), l, w.Now().Add(time.Minute), "later", false))
		want("second", "third")
		w.now.add(time.Minute)
		want("second", "third", "first")
		_, err := w.RevokeAuthorization(t.Context(), w.org, made["second"].ConnectionID, w.owner.ID, "x", entry("x"))
		check(t, err)
		want("third", "first")
	})
}

func TestCancelledContext(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.Connection(ctx, w.org, c.LinkName)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("reading: got %v", err)
		}
		_, err = w.DeleteConnection(ctx, w.org, c.ID, entry("x"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("writing: got %v", err)
		}
		if _, err := w.Connection(t.Context(), w.org, c.LinkName); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
