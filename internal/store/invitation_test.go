package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

func (w *world) invitation(org lanyard.OrganizationID, by lanyard.UserID, email, token string) lanyard.Invitation {
	w.t.Helper()
	v := lanyard.Invitation{ID: lanyard.NewInvitationID(), OrganizationID: org, Email: email, Role: lanyard.RoleMember, CreatedBy: by, ExpiresAt: w.Now().Add(time.Hour)}
	w.must(w.CreateInvitation(w.t.Context(), v, hash(token), entry(lanyard.ActionInvitationCreate)))
	v.CreatedAt = w.Now()
	return v
}

// acceptance is one by a person with a browser of their own.
func acceptance(token, email string) store.Acceptance {
	return store.Acceptance{
		Hash: hash(token), User: lanyard.NewUserID(), Name: "New", Email: email, PasswordHash: lanyard.NewSecret("hash"),
		Session: store.Session{Hash: "session of " + email, ExpiresAt: start.Add(time.Hour)},
		Check:   func(*store.OpenInvitation) error { return nil },
		Audit: func(*store.OpenInvitation, *lanyard.User) lanyard.AuditEntry {
			return entry(lanyard.ActionInvitationAccept)
		},
	}
}

func TestInvitations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		other, otherOwner, _ := w.account("other")
		w.invitation(other, otherOwner.ID, "", "theirs")
		made := map[lanyard.InvitationID]lanyard.Invitation{}
		for i := range 5 {
			v := w.invitation(w.org, w.owner.ID, fmt.Sprintf("new%d@acme.example", i), fmt.Sprint("token", i))
			made[v.ID] = v
			if i%2 == 1 { // some at the same moment
				w.now.add(time.Second)
			}
		}
		got := collect(t, func(p store.Page) ([]lanyard.Invitation, string, error) { return w.Invitations(t.Context(), w.org, p) }, 2)
		if len(got) != len(made) {
			t.Errorf("the list has %d invitations, want %d", len(got), len(made))
		}
		for i, v := range got {
			if diff := cmp.Diff(made[v.ID], v); diff != "" {
				t.Errorf("an invitation in the list (-made +got):\n%s", diff)
			}
			if i > 0 && v.CreatedAt.After(got[i-1].CreatedAt) {
				t.Error("the newest is not the first")
			}
		}

		open, err := w.InvitationByHash(t.Context(), hash("token0"))
		check(t, err)
		if open.Organization.Name != "acme" || open.Inviter.ID != w.owner.ID || open.Invitee != nil {
			t.Errorf("found %+v", open)
		}
		user, err := w.AcceptInvitation(t.Context(), acceptance("token0", "ignored@acme.example"))
		check(t, err)
		if user.Email != "new0@acme.example" || user.Role != lanyard.RoleMember || user.OrganizationID != w.org {
			t.Errorf("joined as %+v", user)
		}
		if by, _, err := w.UserBySession(t.Context(), "session of ignored@acme.example", 0); err != nil || by.ID != user.ID {
			t.Errorf("the session is of %v, %v", by, err)
		}
		if _, err = w.InvitationByHash(t.Context(), hash("token0")); !errors.Is(err, store.ErrUsed) {
			t.Errorf("a used one: %v", err)
		}
		_, err = w.InvitationByHash(t.Context(), hash("nothing"))
		wantCode(t, err, lanyard.CodeNotFound)

		// What is refused leaves nothing.
		refused := acceptance("token1", "")
		refused.Check = func(*store.OpenInvitation) error { return lanyard.Errorf(lanyard.CodeNotFound, "No.") }
		_, err = w.AcceptInvitation(t.Context(), refused)
		wantCode(t, err, lanyard.CodeNotFound)
		w.invitation(w.org, w.owner.ID, "", "anybody")
		_, err = w.AcceptInvitation(t.Context(), acceptance("anybody", "MEMBER@acme.example"))
		wantField(t, err, lanyard.CodeConflict, "/email")
		if n := w.audited(lanyard.ActionInvitationAccept); n != 1 {
			t.Errorf("%d were accepted by the audit log", n)
		}
		_, err = w.AcceptInvitation(t.Context(), acceptance("anybody", "new@acme.example"))
		check(t, err)

		// Somebody who is there without a password gets this one; not instead of another.
		w.invitation(w.org, w.owner.ID, w.member.Email, "for the member")
		w.invitation(w.org, w.owner.ID, w.member.Email, "again")
		user, err = w.AcceptInvitation(t.Context(), acceptance("for the member", ""))
		check(t, err)
		if user.ID != w.member.ID || user.ExternalID != "ext-member" {
			t.Errorf("joined as %+v, want the member", user)
		}
		_, err = w.AcceptInvitation(t.Context(), acceptance("again", ""))
		wantCode(t, err, lanyard.CodeConflict)

		for id, v := range made {
			if v.Email != "new2@acme.example" {
				continue
			}
			wantCode(t, w.DeleteInvitation(t.Context(), other, id, entry("x")), lanyard.CodeNotFound)
			check(t, w.DeleteInvitation(t.Context(), w.org, id, entry(lanyard.ActionInvitationRevoke)))
			wantCode(t, w.DeleteInvitation(t.Context(), w.org, id, entry("x")), lanyard.CodeNotFound)
		}
		w.now.add(2 * time.Hour)
		if left, _, err := w.Invitations(t.Context(), w.org, store.Page{}); err != nil || len(left) != 0 {
			t.Errorf("after their time: %v, %v", left, err)
		}
		_, err = w.AcceptInvitation(t.Context(), acceptance("token4", ""))
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

func TestJ07_OneInvitationIsUsedOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.invitation(w.org, w.owner.ID, "", "token")
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = w.AcceptInvitation(t.Context(), acceptance("token", fmt.Sprintf("new%d@acme.example", i)))
			})
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantCode(t, err, lanyard.CodeNotFound)
			}
		}
		if won != 1 {
			t.Errorf("%d joined with one invitation", won)
		}
	})
}

func TestMemberships(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		other, otherOwner, _ := w.account("another")
		check(t, w.CreateSession(t.Context(), w.org, w.owner.ID, store.Session{Hash: "here", ExpiresAt: start.Add(48 * time.Hour)}, entry("x")))
		check(t, w.CreateSession(t.Context(), other, otherOwner.ID, store.Session{Hash: "there", ExpiresAt: start.Add(time.Hour)}, entry("x")))
		names := func() (got []string) {
			t.Helper()
			list, err := w.Memberships(t.Context(), []string{"there", "here", "nowhere"}, 24*time.Hour)
			check(t, err)
			for _, m := range list {
				got = append(got, m.Organization.Name+" "+m.Session+" "+m.User.Email)
			}
			return got
		}
		if diff := cmp.Diff([]string{"acme here owner@acme.example", "another there owner@another.example"}, names()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		w.now.add(2 * time.Hour)
		if diff := cmp.Diff([]string{"acme here owner@acme.example"}, names()); diff != "" {
			t.Errorf("after one ended (-want +got):\n%s", diff)
		}
		w.now.add(23 * time.Hour)
		if got := names(); len(got) != 0 {
			t.Errorf("unused for a day: %v", got)
		}
		if all, err := w.Organizations(t.Context()); err != nil || len(all) != 2 || all[0].Users != 2 {
			t.Errorf("all organizations: %v, %v", all, err)
		}
	})
}
