package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

func TestConnectLink(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		for _, l := range []store.ConnectLink{
			{Direct: true, ReturnTo: "/here", Parameters: map[string]string{"domain": "zylker"}},
			{},
		} {
			l.Organization, l.Connection, l.User, l.ExpiresAt = w.org, c.ID, w.member.ID, w.Now().Add(time.Hour)
			token := hash("token of " + l.ReturnTo)
			check(t, w.CreateConnectLink(t.Context(), l, token))
			l.CreatedAt = w.Now()
			got, err := w.ConnectLink(t.Context(), token)
			check(t, err)
			if diff := cmp.Diff(&l, got); diff != "" {
				t.Errorf("the link (-want +got):\n%s", diff)
			}
		}
		_, err := w.ConnectLink(t.Context(), hash("unknown"))
		wantCode(t, err, lanyard.CodeNotFound)
		check(t, w.DeleteConnectLink(t.Context(), w.org, hash("token of ")))
		wantCode(t, w.DeleteConnectLink(t.Context(), w.org, hash("token of ")), lanyard.CodeNotFound)
		w.now.add(time.Hour)
		_, err = w.ConnectLink(t.Context(), hash("token of /here"))
		wantCode(t, err, lanyard.CodeNotFound)
		l := store.ConnectLink{Organization: w.org, Connection: "con_absent", User: w.owner.ID}
		wantCode(t, w.CreateConnectLink(t.Context(), l, hash("x")), lanyard.CodeNotFound)
		l.Connection, l.User = c.ID, "usr_nobody"
		wantCode(t, w.CreateConnectLink(t.Context(), l, hash("x")), lanyard.CodeNotFound)
	})
}

func TestA30_AtMostFiftyOpenPerUser(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		other := store.ConnectLink{Organization: w.org, Connection: c.ID, User: w.member.ID, ExpiresAt: start.Add(time.Hour)}
		check(t, w.CreateConnectLink(t.Context(), other, hash("other")))
		for i := range 53 {
			w.now.add(time.Millisecond)
			l := store.ConnectLink{Organization: w.org, Connection: c.ID, User: w.owner.ID, ExpiresAt: start.Add(time.Hour)}
			check(t, w.CreateConnectLink(t.Context(), l, hash(fmt.Sprint("link ", i))))
			w.consent(s, c, fmt.Sprint("state ", i))
		}
		for i, there := range map[int]bool{0: false, 1: false, 2: false, 3: true, 52: true} {
			_, linkErr := w.ConnectLink(t.Context(), hash(fmt.Sprint("link ", i)))
			_, consentErr := w.ConsentRequest(t.Context(), w.org, hash(fmt.Sprint("state ", i)))
			for _, err := range []error{linkErr, consentErr} {
				if (err == nil) != there {
					t.Errorf("number %d of 53: %v", i, err)
				}
			}
		}
		if _, err := w.ConnectLink(t.Context(), hash("other")); err != nil {
			t.Errorf("somebody else's link: %v", err)
		}
	})
}

func TestConsentRequest(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		r := &lanyard.ConsentRequest{
			OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, Session: "session hash", ServiceID: s.ID, Service: s.LinkName, ServiceVersion: 1,
			ReturnTo: "/there", ExpiresAt: start.Add(10 * time.Minute),
			Secrets: lanyard.ConsentSecrets{
				CodeVerifier: lanyard.NewSecret("verifier"), RequestToken: lanyard.NewSecret("token"), RequestTokenSecret: lanyard.NewSecret("token secret"),
				Parameters: map[string]string{"domain": "zylker"},
			},
		}
		check(t, w.CreateConsentRequest(t.Context(), r, hash("state")))
		if r.ID == "" || !r.CreatedAt.Equal(start) {
			t.Errorf("the request is %+v", r)
		}
		got, err := w.ConsentRequest(t.Context(), w.org, hash("state"))
		check(t, err)
		if diff := cmp.Diff(r, got, secrets); diff != "" {
			t.Errorf("the request (-want +got):\n%s", diff)
		}
		bare := *r
		bare.Secrets = lanyard.ConsentSecrets{}
		got, err = w.ConsentRequestByID(t.Context(), w.org, r.ID)
		check(t, err)
		if diff := cmp.Diff(&bare, got, secrets); diff != "" {
			t.Errorf("by id, without secrets (-want +got):\n%s", diff)
		}
		_, err = w.ConsentRequest(t.Context(), w.org, hash("unknown"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConsentRequestByID(t.Context(), w.org, "cns_absent")
		wantCode(t, err, lanyard.CodeNotFound)

		w.now.add(time.Minute)
		var used atomic.Int32
		var callbacks sync.WaitGroup
		for range 8 {
			callbacks.Go(func() {
				ok, err := w.UseConsentRequest(t.Context(), w.org, r.ID)
				if err != nil {
					t.Error(err)
				}
				if ok {
					used.Add(1)
				}
			})
		}
		callbacks.Wait()
		if used.Load() != 1 {
			t.Errorf("A03: the request was used by %d callbacks", used.Load())
		}
		bare.UsedAt = w.Now()
		got, err = w.ConsentRequest(t.Context(), w.org, hash("state"))
		check(t, err)
		if diff := cmp.Diff(&bare, got, secrets); diff != "" {
			t.Errorf("C12: after its use, without secrets (-want +got):\n%s", diff)
		}
		check(t, w.FinishConsentRequest(t.Context(), w.org, r.ID, true, "The provider said no\x00."))
		bare.Failed, bare.Outcome = true, "The provider said no\uFFFD."
		if got, err = w.ConsentRequestByID(t.Context(), w.org, r.ID); err != nil || !cmp.Equal(&bare, got, secrets) {
			t.Errorf("after its end: %+v, %v", got, err)
		}
		wantCode(t, w.FinishConsentRequest(t.Context(), w.org, "cns_absent", true, ""), lanyard.CodeNotFound)

		late := w.consent(s, c, "late")
		w.now.add(10 * time.Minute)
		if ok, err := w.UseConsentRequest(t.Context(), w.org, late.ID); err != nil || ok {
			t.Errorf("A04: an expired request was used: %v, %v", ok, err)
		}
		check(t, w.FinishConsentRequest(t.Context(), w.org, late.ID, false, ""))
		if got, err = w.ConsentRequest(t.Context(), w.org, hash("late")); err != nil || !got.UsedAt.Equal(w.Now()) || got.Failed || !got.Secrets.CodeVerifier.IsZero() {
			t.Errorf("finished without use: %+v, %v", got, err)
		}

		orphan := *r
		orphan.ID, orphan.ConnectionID = "", "con_absent"
		wantCode(t, w.CreateConsentRequest(t.Context(), &orphan, hash("orphan")), lanyard.CodeNotFound)
	})
}

func TestDeleteExpired(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		in := func(d time.Duration) time.Time { return start.Add(d) }
		r := w.consent(s, c, "state") // ten minutes
		check(t, w.CreateLink(t.Context(), store.Link{Purpose: store.PurposeSignIn, Organization: w.org, User: w.owner.ID, ExpiresAt: in(time.Minute)}, hash("sign in"), nil))
		check(t, w.CreateConnectLink(t.Context(), store.ConnectLink{Organization: w.org, Connection: c.ID, User: w.owner.ID, ExpiresAt: in(time.Minute)}, hash("connect")))
		check(t, w.CreateSession(t.Context(), w.org, w.owner.ID, store.Session{Hash: "session", ExpiresAt: in(time.Minute)}, entry("x")))
		check(t, w.CreateInvitation(t.Context(), lanyard.Invitation{ID: "inv", OrganizationID: w.org, CreatedBy: w.owner.ID, ExpiresAt: in(time.Minute)}, hash("invitation"), entry("x")))
		check(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: w.org, Request: []byte("x"), GiveUpAt: in(time.Minute)}))
		db := raw(t, w.config)
		rows := func() string {
			t.Helper()
			var all string
			for _, table := range []string{"one_time_links", "connect_links", "invitations", "sessions", "consent_requests", "provider_revocations"} {
				all += fmt.Sprint(dump(t, db, "SELECT count(*) FROM "+table)[0][0])
			}
			return all
		}
		for _, step := range []struct {
			at   time.Duration
			want string
		}{
			{0, "111111"},
			{time.Minute - time.Millisecond, "111111"},
			{time.Minute, "000011"},
			{24*time.Hour + time.Minute, "000010"},
			{24*time.Hour + 10*time.Minute - time.Millisecond, "000010"},
			{24*time.Hour + 10*time.Minute, "000000"},
		} {
			w.now.add(in(step.at).Sub(w.Now()))
			check(t, w.DeleteExpired(t.Context()))
			if got := rows(); got != step.want {
				t.Errorf("after %v the numbers of rows are %s, want %s", step.at, got, step.want)
			}
		}
		_, err := w.ConsentRequestByID(t.Context(), w.org, r.ID)
		wantCode(t, err, lanyard.CodeNotFound)
	})
}
