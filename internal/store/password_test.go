package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// set is a new password of the world's owner, set in the session.
func (w *world) set(session, before, hash, next string) store.NewPassword {
	return store.NewPassword{
		Organization: w.org, User: w.owner.ID, Before: lanyard.NewSecret(before), Hash: lanyard.NewSecret(hash), Session: session, EndAccess: before != "",
		Next:  store.Session{Hash: next, ExpiresAt: w.Now().Add(time.Hour), Known: store.KnownBrowser{Hash: "browser of " + next, ExpiresAt: w.Now().Add(time.Hour)}},
		Audit: func(store.EndedAccess) lanyard.AuditEntry { return entry(lanyard.ActionPasswordChange) },
	}
}

func (w *world) begin(user lanyard.UserID, session string) {
	w.t.Helper()
	w.must(w.CreateSession(w.t.Context(), w.org, user, store.Session{
		Hash: session, Browser: "Firefox on Linux", ExpiresAt: w.Now().Add(time.Hour),
		Known: store.KnownBrowser{Hash: "browser of " + session, ExpiresAt: w.Now().Add(2 * time.Hour)},
	}, entry(lanyard.ActionSignIn)))
}

func (w *world) sessions(user lanyard.UserID) (hashes []string) {
	w.t.Helper()
	list, _, err := w.Sessions(w.t.Context(), w.org, user, time.Hour, store.Page{})
	w.must(err)
	for _, s := range list {
		hashes = append(hashes, s.Hash)
	}
	return hashes
}

func TestI12_SetPasswordEndsWhatTheOldOneMade(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		key := func(id lanyard.APIKeyID, user lanyard.UserID) {
			t.Helper()
			check(t, w.CreateAPIKey(t.Context(), lanyard.APIKey{ID: id, OrganizationID: w.org, UserID: user}, hash(string(id)), entry(lanyard.ActionKeyCreate)))
		}
		w.begin(w.owner.ID, "one")
		w.begin(w.owner.ID, "two")
		w.begin(w.member.ID, "member's")
		key("key_owner", w.owner.ID)
		key("key_member", w.member.ID)
		link := store.Link{Purpose: store.PurposeSignIn, Organization: w.org, User: w.owner.ID, ExpiresAt: w.Now().Add(time.Hour)}
		check(t, w.CreateLink(t.Context(), link, hash("link"), nil))

		ended, err := w.SetPassword(t.Context(), w.set("one", "", "first", "three"))
		if err != nil || ended != (store.EndedAccess{}) {
			t.Fatalf("the first password: %+v, %v", ended, err)
		}
		if got := w.sessions(w.owner.ID); len(got) != 2 || slices.Contains(got, "one") {
			t.Errorf("after the first password the sessions are %q, want two and three", got)
		}
		hashed, changed, err := w.Password(t.Context(), w.org, w.owner.ID)
		if err != nil || hashed.Reveal() != "first" || !changed.Equal(start) {
			t.Errorf("the password is %q of %v, %v", hashed.Reveal(), changed, err)
		}

		access, err := w.CountAccess(t.Context(), w.org, w.owner.ID, time.Hour)
		if want := (store.Access{Sessions: 2, Keys: 1}); err != nil || access != want {
			t.Errorf("before the change there is %+v, %v, want %+v", access, err, want)
		}
		ended, err = w.SetPassword(t.Context(), w.set("three", "first", "second", "four"))
		if want := (store.EndedAccess{Sessions: 1, Keys: 1}); err != nil || ended != want {
			t.Fatalf("the second password ended %+v, %v, want %+v", ended, err, want)
		}
		if got := w.sessions(w.owner.ID); !slices.Equal(got, []string{"four"}) {
			t.Errorf("the sessions are %q, want four alone", got)
		}
		_, _, err = w.APIKeyByHash(t.Context(), hash("key_owner"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.Link(t.Context(), store.PurposeSignIn, hash("link"))
		wantCode(t, err, lanyard.CodeNotFound)
		if _, _, err := w.APIKeyByHash(t.Context(), hash("key_member")); err != nil {
			t.Errorf("the key of somebody else ended: %v", err)
		}
		if got := w.sessions(w.member.ID); len(got) != 1 {
			t.Errorf("the sessions of somebody else are %q", got)
		}
		for browser, known := range map[string]bool{"browser of two": false, "browser of four": true} {
			if got := w.candidates(w.owner.Email, browser); len(got) != 1 || got[0].Known != known {
				t.Errorf("%s: %+v, want known %t", browser, got, known)
			}
		}
	})
}

// Of two changes at once the second was made by somebody who knew the old password, and is refused.
func TestSetPasswordRefusesWhatMovedOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.begin(w.owner.ID, "one")
		_, err := w.SetPassword(t.Context(), w.set("one", "not this", "x", "two"))
		wantCode(t, err, lanyard.CodeConflict)
		_, err = w.SetPassword(t.Context(), w.set("ended", "", "x", "two"))
		wantCode(t, err, lanyard.CodeUnauthenticated)
		nobody := w.set("one", "", "x", "two")
		nobody.User = "usr_nobody"
		_, err = w.SetPassword(t.Context(), nobody)
		wantCode(t, err, lanyard.CodeNotFound)
		if hashed, _, err := w.Password(t.Context(), w.org, w.owner.ID); err != nil || !hashed.IsZero() {
			t.Errorf("a refused change set %q, %v", hashed.Reveal(), err)
		}
		if got := w.sessions(w.owner.ID); !slices.Equal(got, []string{"one"}) {
			t.Errorf("a refused change left the sessions %q", got)
		}
	})
}

func (w *world) candidates(email, browser string) []store.SignInCandidate {
	w.t.Helper()
	list, err := w.SignInCandidates(w.t.Context(), email, browser)
	w.must(err)
	return list
}

func TestSignInCandidates(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		other, _, _ := w.account("other")
		w.now.add(time.Minute)
		same := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: other, Email: w.member.Email, Name: "N", Role: lanyard.RoleMember}
		check(t, w.CreateUser(t.Context(), same, entry("user.create")))
		gone := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: other, Email: "gone@acme.example", Name: "N", Role: lanyard.RoleMember, Disabled: true}
		check(t, w.CreateUser(t.Context(), gone, entry("user.create")))
		w.begin(w.member.ID, "s")

		got := w.candidates("MEMBER@acme.example", "browser of s")
		if len(got) != 2 || got[0].ID != w.member.ID || !got[0].Known || got[1].ID != same.ID || got[1].Known {
			t.Errorf("got %+v, want the member, known, and then the one of the other organization", got)
		}
		if got := w.candidates(w.member.Email, ""); len(got) != 2 || got[0].Known {
			t.Errorf("without a browser: %+v", got)
		}
		for _, email := range []string{"nobody@acme.example", "", gone.Email, "%", "member_acme.example"} {
			if got := w.candidates(email, "browser of s"); len(got) != 0 {
				t.Errorf("%q means %+v", email, got)
			}
		}
		// It is forgotten at its end, and when the browser gets another cookie.
		check(t, w.CreateSession(t.Context(), w.org, w.member.ID, store.Session{Hash: "t", ExpiresAt: w.Now().Add(time.Hour),
			Known: store.KnownBrowser{Hash: "next", Replaces: "browser of s", ExpiresAt: w.Now().Add(time.Hour)}}, entry("x")))
		if got := w.candidates(w.member.Email, "browser of s"); got[0].Known {
			t.Error("the cookie before is still known")
		}
		if got := w.candidates(w.member.Email, "next"); !got[0].Known {
			t.Error("the new cookie is not known")
		}
		w.now.add(time.Hour)
		if got := w.candidates(w.member.Email, "next"); got[0].Known {
			t.Error("it is known past its end")
		}
		check(t, w.DeleteExpired(t.Context()))
	})
}

func TestSessionsOfAUser(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for i := range 5 {
			w.begin(w.owner.ID, fmt.Sprint("s", i))
			w.now.add(time.Second)
		}
		w.begin(w.member.ID, "m")
		list := collect(t, func(p store.Page) ([]store.Session, string, error) {
			return w.Sessions(t.Context(), w.org, w.owner.ID, time.Hour, p)
		}, 2)
		var hashes []string
		for _, s := range list {
			hashes = append(hashes, s.Hash)
		}
		if want := []string{"s4", "s3", "s2", "s1", "s0"}; !slices.Equal(hashes, want) {
			t.Errorf("got %q, want %q", hashes, want)
		}
		if want := (store.Session{Hash: "s4", Browser: "Firefox on Linux", CreatedAt: start.Add(4 * time.Second), SeenAt: start.Add(4 * time.Second),
			ExpiresAt: start.Add(4*time.Second + time.Hour)}); list[0] != want {
			t.Errorf("got %+v, want %+v", list[0], want)
		}

		wantCode(t, w.EndSession(t.Context(), w.org, w.owner.ID, "m", entry("x")), lanyard.CodeNotFound)
		check(t, w.EndSession(t.Context(), w.org, w.owner.ID, "s2", entry("x")))
		wantCode(t, w.EndSession(t.Context(), w.org, w.owner.ID, "s2", entry("x")), lanyard.CodeNotFound)
		end := func() int64 {
			t.Helper()
			n, err := w.EndOtherSessions(t.Context(), w.org, w.owner.ID, "s1", func(n int64) lanyard.AuditEntry { return entry(lanyard.ActionSessionsEnd) })
			check(t, err)
			return n
		}
		if n := end(); n != 3 {
			t.Errorf("%d sessions ended, want 3", n)
		}
		if n := end(); n != 0 || w.audited(lanyard.ActionSessionsEnd) != 1 {
			t.Errorf("%d more ended; %d entries are in the audit log, want one", n, w.audited(lanyard.ActionSessionsEnd))
		}
		if got := w.sessions(w.owner.ID); !slices.Equal(got, []string{"s1"}) {
			t.Errorf("the sessions are %q, want s1", got)
		}
		if got := w.sessions(w.member.ID); !slices.Equal(got, []string{"m"}) {
			t.Errorf("the sessions of somebody else are %q", got)
		}
		w.now.add(time.Hour)
		if got := w.sessions(w.owner.ID); len(got) != 0 {
			t.Errorf("past their end the sessions are %q", got)
		}
	})
}

func TestPeopleOfAnOrganization(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.account("other")
		for i := range 3 {
			user := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Email: fmt.Sprintf("a%d@acme.example", i), Name: "N", Role: lanyard.RoleMember}
			check(t, w.CreateUser(t.Context(), user, entry("user.create")))
		}
		var emails []string
		for _, u := range collect(t, func(p store.Page) ([]lanyard.User, string, error) {
			return w.Users(t.Context(), w.org, store.UserFilter{}, p)
		}, 2) {
			emails = append(emails, u.Email)
		}
		if want := []string{"a0@acme.example", "a1@acme.example", "a2@acme.example", w.member.Email, w.owner.Email}; !slices.Equal(emails, want) {
			t.Errorf("got %q, want %q", emails, want)
		}
		w.connection("acme", w.service("acme"))
		got, err := w.CountOrganization(t.Context(), w.org)
		if want := (store.OrganizationCounts{Users: 5, Connections: 1, Services: 1}); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		check(t, w.RenameOrganization(t.Context(), w.org, "Another name", entry(lanyard.ActionOrganizationRename)))
		if o, err := w.Organization(t.Context(), w.org); err != nil || o.Name != "Another name" || w.audited(lanyard.ActionOrganizationRename) != 1 {
			t.Errorf("the organization is %+v, %v", o, err)
		}
	})
}
