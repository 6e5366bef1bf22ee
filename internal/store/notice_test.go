package store_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

// notices are what waits for a person, in short.
func (w *world) notices(user lanyard.UserID, webhooks bool) (short []string) {
	w.t.Helper()
	list, err := w.Notices(w.t.Context(), w.org, user, webhooks, 100)
	w.must(err)
	for _, n := range list {
		short = append(short, fmt.Sprintf("%s %s%s: %s", n.Kind, n.LinkName, n.URL, n.Reason))
	}
	n, err := w.CountNotices(w.t.Context(), w.org, user, webhooks, 100)
	if err != nil || n != len(list) {
		w.t.Errorf("%d notices are counted and %d listed, %v", n, len(list), err)
	}
	return short
}

func TestNoticesFollowWhatTheyAreAbout(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		own := w.connection("own", s)
		shared := w.connection("shared", s, ofEachUser)
		w.connection("never_connected", s)
		want := func(user lanyard.User, lines ...string) {
			t.Helper()
			if diff := gocmp.Diff(lines, w.notices(user.ID, user.Role == lanyard.RoleOwner)); diff != "" {
				t.Errorf("what waits for the %s (-want +got):\n%s", user.Role, diff)
			}
		}
		a := w.connect(own, s, w.owner.ID)
		want(w.owner)
		_, err := w.RequireReconnect(t.Context(), w.org, a.ID, 1, "It was refused.", entry("x"))
		check(t, err)
		check(t, w.AddAuthorization(t.Context(), w.org, shared.ID, w.member.ID))
		hook := w.webhook()
		check(t, w.SwitchOffWebhook(t.Context(), w.org, hook.ID, "It answered 410.", entry("x")))
		want(w.owner, "reconnect own: It was refused.", "webhook https://host.example.com/hook: It answered 410.")
		want(w.member, "connect shared: ")

		w.connect(own, s, w.owner.ID)
		w.connect(shared, s, w.member.ID)
		check(t, w.DeleteWebhook(t.Context(), w.org, hook.ID, entry("x")))
		want(w.owner)
		want(w.member)

		// A connection that one can no longer use asks nothing of one.
		shared.UsableBy = lanyard.UsableByOwner
		_, err = w.UpdateConnection(t.Context(), shared.Version, shared, true, "It was switched off.", entry("x"))
		check(t, err)
		want(w.member)
	})
}

func TestNoticesAreTheOrganizations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		hook := w.webhook()
		check(t, w.SwitchOffWebhook(t.Context(), w.org, hook.ID, "It answered 410.", entry("x")))
		foreign, owner, _ := w.account("foreign")
		n, err := w.CountNotices(t.Context(), foreign, owner.ID, true, 100)
		if err != nil || n != 0 {
			t.Errorf("the other organization counts %d, %v", n, err)
		}
	})
}

// mail gives what one person is told, and says what became of it.
func (w *world) mail(sent bool, next time.Time) *store.DueMail {
	w.t.Helper()
	m, ok, err := w.DueMail(w.t.Context())
	w.must(err)
	if !ok {
		return nil
	}
	w.must(w.FinishMail(w.t.Context(), m, sent, next))
	return m
}

func TestMailOncePerOutageAndDay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("own", s)
		fail := func() {
			t.Helper()
			a := w.connect(c, s, w.owner.ID)
			_, err := w.RequireReconnect(t.Context(), w.org, a.ID, a.Generation, "It was refused.", entry("x"))
			check(t, err)
		}
		fail()
		m := w.mail(true, time.Time{})
		if m == nil || m.User.ID != w.owner.ID || len(m.Notices) != 1 || m.Notices[0].LinkName != "own" || m.Notices[0].Reason != "It was refused." {
			t.Fatalf("the mail is %+v", m)
		}
		for range 3 {
			w.now.add(time.Hour)
			fail()
			if m := w.mail(true, time.Time{}); m != nil {
				t.Errorf("within a day another mail is due: %+v", m)
			}
		}
		w.now.add(21 * time.Hour)
		fail()
		if m := w.mail(true, time.Time{}); m == nil {
			t.Error("after a day none is due")
		}
	})
}

func TestMailIsSentToWhoWantsIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(w *world) // the connection breaks
		after  func(w *world) // it broke
		want   int            // notices in the mail; -1: no mail
	}{
		{"who wants it", func(*world) {}, func(*world) {}, 1},
		{"mails switched off before", func(w *world) { w.must(w.SetNoticesByMail(w.t.Context(), w.org, w.owner.ID, false)) }, func(*world) {}, -1},
		{"mails switched off after", func(*world) {}, func(w *world) { w.must(w.SetNoticesByMail(w.t.Context(), w.org, w.owner.ID, false)) }, 0},
		{"no address", func(w *world) { w.exec(`UPDATE users SET email = id`) }, func(*world) {}, -1},
		{"deactivated before", func(w *world) { w.exec(`UPDATE users SET disabled = TRUE`) }, func(*world) {}, -1},
		{"deactivated after", func(*world) {}, func(w *world) { w.exec(`UPDATE users SET disabled = TRUE`) }, 0},
		{"connected again meanwhile", func(*world) {}, func(w *world) { w.exec(`UPDATE authorizations SET status = 'connected'`) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				s := w.service("acme")
				a := w.connect(w.connection("own", s), s, w.owner.ID)
				c.before(w)
				_, err := w.RequireReconnect(t.Context(), w.org, a.ID, 1, "It was refused.", entry("x"))
				check(t, err)
				c.after(w)
				got := -1
				if m := w.mail(false, time.Time{}); m != nil {
					got = len(m.Notices)
				}
				if got != c.want {
					t.Errorf("got %d notices, want %d", got, c.want)
				}
				if m := w.mail(false, time.Time{}); m != nil {
					t.Errorf("once it is finished, another mail is due: %+v", m)
				}
			})
		})
	}
}

func TestMailIsTriedAgain(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		for _, name := range []lanyard.LinkName{"one", "two"} {
			w.connect(w.connection(name, s), s, w.owner.ID)
		}
		_, err := w.UpdateService(t.Context(), s.Version, s, false, "The service was edited.", entry("x"))
		check(t, err)
		if m, _, err := w.DueMail(t.Context()); err != nil || len(m.Notices) != 2 {
			t.Fatalf("what happens at once is told in one mail: %+v, %v", m, err)
		}
		if m := w.mail(true, time.Time{}); m != nil {
			t.Error("a mail that somebody is at was handed out")
		}
		w.now.add(2 * time.Minute) // and died with it
		if m := w.mail(false, w.Now().Add(time.Minute)); m == nil || m.Attempts != 2 {
			t.Fatalf("after the lease the mail is %+v", m)
		}
		if m := w.mail(true, time.Time{}); m != nil {
			t.Error("it is due before its time")
		}
		w.now.add(time.Minute)
		if m := w.mail(true, time.Time{}); m == nil || m.Attempts != 3 {
			t.Errorf("then it is %+v", m)
		}
	})
}

func TestAdministratorsAreMailedAboutAWebhook(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		hook := w.webhook()
		check(t, w.SwitchOffWebhook(t.Context(), w.org, hook.ID, "It answered 410.", entry("x")))
		m := w.mail(true, time.Time{})
		if m == nil || m.User.ID != w.owner.ID || len(m.Notices) != 1 || m.Notices[0].Kind != store.NoticeWebhook || m.Notices[0].Reason != "It answered 410." {
			t.Errorf("the mail is %+v", m)
		}
		if m := w.mail(true, time.Time{}); m != nil {
			t.Errorf("a member gets one too: %+v", m)
		}
	})
}

// exec changes the database beside the store.
func (w *world) exec(query string) {
	w.t.Helper()
	_, err := raw(w.t, w.config).ExecContext(w.t.Context(), query)
	w.must(err)
}
