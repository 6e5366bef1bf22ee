package store_test

import (
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

func TestRotateAPIKey(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		key := lanyard.APIKey{ID: "key_1", OrganizationID: w.org, UserID: w.owner.ID, Name: "report", Hint: "1111"}
		check(t, w.CreateAPIKey(t.Context(), key, hash("first"), entry("x")))
		check(t, w.TouchAPIKeys(t.Context(), map[store.KeyRef]time.Time{{Organization: w.org, ID: "key_1"}: start}))
		rotate := func(secret string, until time.Time) {
			t.Helper()
			k, err := w.RotateAPIKey(t.Context(), w.org, w.owner.ID, "key_1", store.Rotation{Hash: hash(secret), Hint: "hint", PreviousUntil: until}, entry(lanyard.ActionKeyRotate))
			check(t, err)
			if k.Hint != "hint" || !k.LastUsedAt.IsZero() || !k.Previous.ExpiresAt.Equal(until) {
				t.Errorf("rotated: %+v", k)
			}
		}
		works := func(secret string) bool {
			_, _, err := w.APIKeyByHash(t.Context(), hash(secret))
			return err == nil
		}
		rotate("second", start.Add(time.Hour))
		k, _, err := w.APIKeyByHash(t.Context(), hash("first"))
		check(t, err)
		if !k.Previous.Presented || k.Previous.Hint != "1111" || !k.Previous.LastUsedAt.Equal(start) || !k.EndsAt().Equal(start.Add(time.Hour)) {
			t.Errorf("found by the previous secret: %+v", k)
		}
		if k, _, err = w.APIKeyByHash(t.Context(), hash("second")); err != nil || k.Previous.Presented || !k.EndsAt().IsZero() {
			t.Errorf("found by the new secret: %+v, %v", k, err)
		}
		used := start.Add(time.Minute)
		check(t, w.TouchAPIKeys(t.Context(), map[store.KeyRef]time.Time{{Organization: w.org, ID: "key_1", Previous: true}: used}))
		if k, err = w.APIKey(t.Context(), w.org, w.owner.ID, "key_1"); err != nil || !k.Previous.LastUsedAt.Equal(used) || !k.LastUsedAt.IsZero() {
			t.Errorf("after a use of the previous secret: %+v, %v", k, err)
		}
		w.now.add(time.Hour)
		if works("first") || !works("second") {
			t.Error("the previous secret outlived its end")
		}
		if k, err = w.APIKey(t.Context(), w.org, w.owner.ID, "key_1"); err != nil || k.Previous != (lanyard.PreviousKey{}) {
			t.Errorf("an ended previous secret is shown: %+v, %v", k, err)
		}
		rotate("third", w.Now().Add(time.Hour))
		rotate("fourth", w.Now().Add(time.Hour))
		if works("second") || !works("third") || !works("fourth") {
			t.Error("a third secret works")
		}
		check(t, w.EndPreviousKey(t.Context(), w.org, w.owner.ID, "key_1", entry(lanyard.ActionKeyEndPrevious)))
		if works("third") || !works("fourth") {
			t.Error("ended early, it still works")
		}
		rotate("fifth", time.Time{})
		if works("fourth") || !works("fifth") {
			t.Error("without an overlap the secret before still works")
		}
		wantCode(t, w.EndPreviousKey(t.Context(), w.org, w.owner.ID, "key_1", entry("x")), lanyard.CodeNotFound)
		_, err = w.RotateAPIKey(t.Context(), w.org, w.member.ID, "key_1", store.Rotation{Hash: hash("sixth")}, entry("x"))
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

func TestConnectSession(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		v := store.ConnectSession{ID: "cse_1", Organization: w.org, Connection: c.ID, User: w.member.ID, ReturnTo: "https://a.example/", Display: "page", ExpiresAt: start.Add(30 * time.Minute)}
		check(t, w.CreateConnectSession(t.Context(), v, hash("token"), entry("x")))
		check(t, w.SetSessionParameters(t.Context(), w.org, v.ID, map[string]string{"domain": "zylker"}))
		got, err := w.ConnectSessionByHash(t.Context(), hash("token"))
		check(t, err)
		if got.Status != store.SessionOpen || got.Parameters["domain"] != "zylker" || got.Display != "page" || !got.ExpiresAt.Equal(v.ExpiresAt) {
			t.Errorf("the session is %+v", got)
		}
		for i, want := range []bool{true, false} {
			if bound, err := w.BindConnectSession(t.Context(), w.org, v.ID, "flow"); err != nil || bound != want {
				t.Errorf("binding number %d: %v, %v", i, bound, err)
			}
		}
		pending := store.Pending{
			Authorization: lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.member.ID, ServiceVersion: s.Version, Scopes: []string{"read"}, Lifetime: time.Hour, ExpiresAt: start.Add(time.Hour)},
			Credential:    &lanyard.Credential{AccessToken: lanyard.NewSecret("access")},
		}
		hold := func(want bool) {
			t.Helper()
			got, err := w.ConnectSession(t.Context(), w.org, v.ID)
			check(t, err)
			if held, err := w.HoldPending(t.Context(), got, pending, w.Now().Add(10*time.Minute)); err != nil || held != want {
				t.Errorf("hold: %v, %v", held, err)
			}
		}
		has := func(want bool) {
			t.Helper()
			if has, err := w.HasPending(t.Context(), w.org, c.ID, w.member.ID); err != nil || has != want {
				t.Errorf("pending: %v, %v", has, err)
			}
		}
		if failed, err := w.FailConnectSession(t.Context(), w.org, v.ID, "access_denied", "Denied."); err != nil || !failed {
			t.Errorf("fail: %v, %v", failed, err)
		}
		has(false)
		hold(true)
		hold(false) // it has something already
		has(true)
		if set, err := w.SetSessionCode(t.Context(), w.org, v.ID, hash("code"), w.Now().Add(time.Minute)); err != nil || !set {
			t.Errorf("code: %v, %v", set, err)
		}
		if p, _, err := w.ConfirmPending(t.Context(), &v, hash("other"), entry("x")); err != nil || p != nil {
			t.Errorf("another code confirms: %+v, %v", p, err)
		}
		p, saved, err := w.ConfirmPending(t.Context(), &v, hash("code"), entry("connected"))
		if err != nil || p == nil || !saved {
			t.Fatalf("confirm: %v, %v, %v", p, saved, err)
		}
		a, cred, err := w.OpenAuthorization(t.Context(), w.org, c.ID, w.member.ID)
		check(t, err)
		if a.Status != lanyard.StatusConnected || a.Lifetime != time.Hour || a.Scopes[0] != "read" || cred.AccessToken.Reveal() != "access" {
			t.Errorf("the authorization is %+v", a)
		}
		has(false)
		if p, _, err := w.ConfirmPending(t.Context(), &v, hash("code"), entry("x")); err != nil || p != nil {
			t.Errorf("the code works twice: %+v, %v", p, err)
		}

		// Another one is ended without being confirmed, and its rows hold nothing any more.
		v.ID = "cse_2"
		check(t, w.CreateConnectSession(t.Context(), v, hash("token 2"), entry("x")))
		hold(true)
		for want := 1; want <= 2; want++ {
			if n, err := w.CountWrongCode(t.Context(), w.org, v.ID); err != nil || n != want {
				t.Errorf("wrong codes: %d, %v", n, err)
			}
		}
		w.now.add(time.Hour)
		overdue, err := w.OverduePending(t.Context(), 10)
		if err != nil || len(overdue) != 1 || overdue[0].ID != "cse_2" {
			t.Fatalf("overdue: %+v, %v", overdue, err)
		}
		ended, err := w.EndPending(t.Context(), &overdue[0], "", "It was not confirmed in time.", nil)
		if err != nil || ended == nil || ended.Credential.AccessToken.Reveal() != "access" {
			t.Errorf("ended: %+v, %v", ended, err)
		}
		if again, err := w.EndPending(t.Context(), &overdue[0], "", "", nil); err != nil || again != nil {
			t.Errorf("ended twice: %+v, %v", again, err)
		}
		if rows := dump(t, raw(t, w.config), "SELECT count(*) FROM connect_sessions WHERE credential_sealed IS NOT NULL OR code_hash IS NOT NULL"); rows[0][0] != "0" && rows[0][0] != int64(0) {
			t.Errorf("something is left: %v", rows)
		}
		w.now.add(25 * time.Hour)
		check(t, w.DeleteExpired(t.Context()))
		_, err = w.ConnectSession(t.Context(), w.org, "cse_2")
		wantCode(t, err, lanyard.CodeNotFound)
	})
}
