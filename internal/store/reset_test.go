package store_test

import (
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// H18: what is told to providers stands in the same transaction as what was erased, so a crash loses none of it.
func TestH18_RevokedAccessIsQueuedWithTheReset(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		first, second := w.connection("first", s), w.connection("second", s)
		shared := w.connection("shared", s, ofEachUser)
		w.connect(first, s, w.owner.ID)
		w.connect(second, s, w.owner.ID)
		w.connect(shared, s, w.owner.ID)
		w.connect(shared, s, w.member.ID)
		waiting := store.ConnectSession{ID: lanyard.NewConnectSessionID(), Organization: w.org, Connection: shared.ID, User: w.owner.ID, ExpiresAt: w.Now().Add(time.Hour)}
		w.must(w.CreateConnectSession(t.Context(), waiting, hash("waiting"), entry("x")))
		granted := store.Pending{Authorization: lanyard.Authorization{OrganizationID: w.org, ConnectionID: shared.ID, UserID: w.owner.ID}, Credential: &lanyard.Credential{AccessToken: lanyard.NewSecret("x")}}
		if held, err := w.HoldPending(t.Context(), &waiting, granted, w.Now().Add(time.Hour)); err != nil || !held {
			t.Fatal(held, err)
		}
		connected, err := w.ConnectedBy(t.Context(), w.org, w.owner.ID)
		w.must(err)
		if len(connected) != 1 || connected[0].ServiceID != s.ID {
			t.Errorf("the services are found by %v", connected)
		}

		link := store.Link{Purpose: store.PurposeReset, Organization: w.org, User: w.owner.ID, ExpiresAt: w.Now().Add(time.Hour), RevokeAccess: true}
		w.must(w.CreateLink(t.Context(), link, []byte("link"), nil))
		if got, err := w.Link(t.Context(), store.PurposeReset, []byte("link")); err != nil || !got.RevokeAccess {
			t.Errorf("the link is %+v, %v", got, err)
		}
		reset := store.PasswordReset{
			Link: []byte("link"), Hash: lanyard.NewSecret("hash"), Next: store.Session{Hash: "next", ExpiresAt: w.Now().Add(time.Hour), Known: store.KnownBrowser{Hash: "b", ExpiresAt: w.Now().Add(time.Hour)}},
			Revoke: &store.AccessRevocation{Reason: "It ended.", Request: func(r store.RevokedAuthorization) []byte {
				if r.Connection.LinkName == "second" {
					return nil // a service without a revoke URL
				}
				return []byte(r.Credential.AccessToken.Reveal())
			}},
			Audit: func(store.Link, store.EndedAccess) lanyard.AuditEntry { return entry(lanyard.ActionPasswordReset) },
		}
		user, ended, err := w.ResetPassword(t.Context(), reset)
		w.must(err)
		if user.ID != w.owner.ID || ended.Connected != 3 {
			t.Errorf("reset for %s, ended %+v", user.ID, ended)
		}
		for _, c := range []*lanyard.Connection{first, second, shared} {
			a, credential, err := w.OpenAuthorization(t.Context(), w.org, c.ID, w.owner.ID)
			w.must(err)
			if a.Status != lanyard.StatusReconnectRequired || a.StatusReason != "It ended." || credential != nil {
				t.Errorf("%s is %s (%s), with a credential: %t", c.LinkName, a.Status, a.StatusReason, credential != nil)
			}
		}
		if a, err := w.Authorization(t.Context(), w.org, shared.ID, w.member.ID); err != nil || a.Status != lanyard.StatusConnected {
			t.Errorf("the member's own is %+v, %v", a, err)
		}
		due, err := w.DueRevocations(t.Context(), 10)
		w.must(err)
		if len(due) != 2 {
			t.Errorf("%d revocations wait, want 2", len(due))
		}
		// What was granted before and waits to be confirmed is given back like anything that nobody confirmed.
		if overdue, err := w.OverduePending(t.Context(), 10); err != nil || len(overdue) != 1 || overdue[0].ID != waiting.ID {
			t.Errorf("the connect sessions that are over: %v, %v", overdue, err)
		}
		if _, _, err := w.ResetPassword(t.Context(), reset); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("the link again: %v", err)
		}
	})
}

func TestSingleSignOnIsOneVersionAfterTheOther(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := &lanyard.SingleSignOn{OrganizationID: w.org, Issuer: "https://login.example.com", ClientID: "c", ClientSecret: lanyard.NewSecret("secret"), Domains: []string{"b.example", "a.example"}, AdminValues: []string{"x"}}
		stale := *s
		w.must(w.SetSingleSignOn(t.Context(), s, entry(lanyard.ActionSingleSignOnSet)))
		if err := w.SetSingleSignOn(t.Context(), &stale, entry(lanyard.ActionSingleSignOnSet)); lanyard.CodeOf(err) != lanyard.CodeConflict {
			t.Errorf("over a version that was not read: %v", err)
		}
		s.Domains, s.PasswordOff = []string{"a.example"}, true
		w.must(w.SetSingleSignOn(t.Context(), s, entry(lanyard.ActionSingleSignOnSet)))
		got, err := w.SingleSignOn(t.Context(), w.org)
		w.must(err)
		if got.ClientSecret.Reveal() != "secret" || len(got.Domains) != 1 || got.Version != 2 || !got.PasswordOff || len(got.AdminValues) != 1 {
			t.Errorf("stored %+v", got)
		}
		if org, err := w.SignInDomain(t.Context(), "a.example"); err != nil || org != w.org {
			t.Errorf("a.example is of %s, %v", org, err)
		}
		if _, err := w.SignInDomain(t.Context(), "b.example"); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("b.example: %v", err)
		}
		request := store.SignInRequest{Organization: w.org, State: "state", Browser: "browser", Nonce: lanyard.NewSecret("n"), Verifier: lanyard.NewSecret("v"), Version: 2, ExpiresAt: w.Now().Add(time.Minute)}
		w.must(w.CreateSignInRequest(t.Context(), request))
		if _, err := w.UseSignInRequest(t.Context(), w.org, "state", "other"); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("in another browser: %v", err)
		}
		used, err := w.UseSignInRequest(t.Context(), w.org, "state", "browser")
		w.must(err)
		if used.Nonce.Reveal() != "n" || used.Verifier.Reveal() != "v" || used.Version != 2 {
			t.Errorf("used %+v", used)
		}
		w.must(w.DeleteSingleSignOn(t.Context(), w.org, entry(lanyard.ActionSingleSignOnDelete)))
		if _, err := w.SignInDomain(t.Context(), "a.example"); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("a.example after the end: %v", err)
		}
	})
}
