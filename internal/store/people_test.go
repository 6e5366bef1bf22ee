package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

// update changes a user as they stand now.
func (w *world) update(id lanyard.UserID, change func(*lanyard.User)) error {
	w.t.Helper()
	before, err := w.User(w.t.Context(), w.org, id)
	w.must(err)
	after := *before
	change(&after)
	return w.UpdateUser(w.t.Context(), before, &after, func(int64) lanyard.AuditEntry { return entry(lanyard.ActionUserEdit) })
}

func owned(store.Owned) lanyard.AuditEntry { return entry(lanyard.ActionUserRemove) }

func (w *world) user(u lanyard.User) lanyard.User {
	w.t.Helper()
	u.ID, u.OrganizationID = lanyard.NewUserID(), w.org
	w.must(w.CreateUser(w.t.Context(), u, entry(lanyard.ActionUserCreate)))
	return u
}

func TestUsersWithoutAnAddress(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		first := w.user(lanyard.User{Name: "Ünal", ExternalID: "customer-1", Role: lanyard.RoleMember})
		w.user(lanyard.User{Name: "Second", ExternalID: "customer-2", Role: lanyard.RoleMember})
		got, err := w.User(t.Context(), w.org, first.ID)
		check(t, err)
		if got.Email != "" || got.ExternalID != "customer-1" {
			t.Errorf("got %+v, want no address", got)
		}
		twice := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Name: "Third", ExternalID: "customer-2", Role: lanyard.RoleMember}
		wantField(t, w.CreateUser(t.Context(), twice, entry(lanyard.ActionUserCreate)), lanyard.CodeConflict, "/external_id")
		wantField(t, w.update(first.ID, func(u *lanyard.User) { u.Email = "OWNER@acme.example" }), lanyard.CodeConflict, "/email")
		wantField(t, w.update(first.ID, func(u *lanyard.User) { u.ExternalID = "customer-2" }), lanyard.CodeConflict, "/external_id")

		for _, c := range []struct {
			name   string
			filter store.UserFilter
			want   []string
		}{
			{"everybody", store.UserFilter{}, []string{"Max Member", "Olive Owner", "Second", "Ünal"}},
			{"a name in another case", store.UserFilter{Query: "üNA"}, []string{"Ünal"}},
			{"an address", store.UserFilter{Query: "owner@"}, []string{"Olive Owner"}},
			{"an external id", store.UserFilter{Query: "customer-"}, []string{"Second", "Ünal"}},
			{"no pattern", store.UserFilter{Query: "%"}, nil},
			{"a role", store.UserFilter{Role: lanyard.RoleOwner}, []string{"Olive Owner"}},
			{"exactly an external id", store.UserFilter{ExternalID: "customer-1"}, []string{"Ünal"}},
			{"a part of one", store.UserFilter{ExternalID: "customer"}, nil},
		} {
			var names []string
			for _, u := range collect(t, func(p store.Page) ([]lanyard.User, string, error) { return w.Users(t.Context(), w.org, c.filter, p) }, 1) {
				names = append(names, u.Name)
			}
			slices.Sort(names)
			if diff := cmp.Diff(c.want, names); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
	})
}

func TestAnOwnerIsLeft(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		demote := func(u *lanyard.User) { u.Role = lanyard.RoleMember }
		disable := func(u *lanyard.User) { u.Disabled = true }
		last := map[string]func(id lanyard.UserID) error{
			"demoted":  func(id lanyard.UserID) error { return w.update(id, demote) },
			"disabled": func(id lanyard.UserID) error { return w.update(id, disable) },
			"removed": func(id lanyard.UserID) error {
				u, err := w.User(t.Context(), w.org, id)
				check(t, err)
				_, err = w.RemoveUser(t.Context(), u, store.Removal{}, owned)
				return err
			},
		}
		disabled := w.user(lanyard.User{Name: "Away", Email: "away@acme.example", Role: lanyard.RoleOwner, Disabled: true})
		for what, act := range last {
			if err := act(w.owner.ID); lanyard.CodeOf(err) != lanyard.CodeConflict || !strings.Contains(err.Error(), "last owner") {
				t.Errorf("the last owner who can sign in is %s: %v", what, err)
			}
		}
		check(t, last["removed"](disabled.ID)) // nobody needs that one
		check(t, w.update(w.owner.ID, func(u *lanyard.User) { u.Name = "Renamed" }))

		// Two owners who end each other at the same moment: one of them stays.
		for round := range 10 {
			second := w.user(lanyard.User{Name: "Second", Email: fmt.Sprintf("second%d@acme.example", round), Role: lanyard.RoleOwner})
			var both sync.WaitGroup
			errs := make([]error, 2)
			for i, id := range []lanyard.UserID{w.owner.ID, second.ID} {
				both.Go(func() { errs[i] = last[[]string{"demoted", "disabled", "removed"}[(round+i)%3]](id) })
			}
			both.Wait()
			owners, _, err := w.Users(t.Context(), w.org, store.UserFilter{Role: lanyard.RoleOwner}, store.Page{})
			check(t, err)
			left := slices.DeleteFunc(owners, func(u lanyard.User) bool { return u.Disabled })
			if len(left) != 1 {
				t.Fatalf("round %d: %d owners are left: %v", round, len(left), errs)
			}
			w.owner = left[0]
		}
	})
}

// H11: what ends when somebody is disabled, and what comes back.
func TestH11_DisabledInTheStore(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		con := w.connection("shared", s)
		w.connect(con, s, w.owner.ID)
		w.user(lanyard.User{Name: "Other owner", Email: "other@acme.example", Role: lanyard.RoleOwner})
		session := store.Session{Hash: "cookie", ExpiresAt: w.Now().Add(time.Hour)}
		key := lanyard.APIKey{ID: lanyard.NewAPIKeyID(), OrganizationID: w.org, UserID: w.owner.ID, Name: "key", Hint: "abcd"}
		flows := func() {
			check(t, w.CreateSession(t.Context(), w.org, w.owner.ID, session, entry(lanyard.ActionSignIn)))
			check(t, w.CreateConnectLink(t.Context(), store.ConnectLink{Organization: w.org, Connection: con.ID, User: w.owner.ID, ExpiresAt: w.Now().Add(time.Hour)}, hash("link")))
			check(t, w.CreateLink(t.Context(), store.Link{Purpose: store.PurposeSignIn, Organization: w.org, User: w.owner.ID, ExpiresAt: w.Now().Add(time.Hour)}, hash("sign in"), nil))
			w.consent(s, con, "state")
		}
		flows()
		check(t, w.CreateAPIKey(t.Context(), key, hash("key"), entry(lanyard.ActionKeyCreate)))

		check(t, w.update(w.owner.ID, func(u *lanyard.User) { u.Disabled = true }))
		_, _, err := w.UserBySession(t.Context(), "cookie", 0)
		wantCode(t, err, lanyard.CodeNotFound)
		_, _, err = w.APIKeyByHash(t.Context(), hash("key"))
		wantCode(t, err, lanyard.CodeNotFound)
		w.now.add(2 * time.Hour)
		due, err := w.DueAuthorizations(t.Context(), 10)
		check(t, err)
		if len(due) != 0 {
			t.Errorf("a disabled user's tokens are refreshed: %v", due)
		}

		check(t, w.update(w.owner.ID, func(u *lanyard.User) { u.Disabled = false }))
		_, _, err = w.UserBySession(t.Context(), "cookie", 0)
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConnectLink(t.Context(), hash("link"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.Link(t.Context(), store.PurposeSignIn, hash("sign in"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConsentRequest(t.Context(), w.org, hash("state"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, _, err = w.APIKeyByHash(t.Context(), hash("key"))
		check(t, err)
		if w.token(con, w.owner.ID) == "" {
			t.Error("the credential did not come back")
		}
		if due, err = w.DueAuthorizations(t.Context(), 10); err != nil || len(due) != 1 {
			t.Errorf("afterwards the sweep finds %v, %v", due, err)
		}
	})
}

func TestHandOver(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		off, each := w.connection("off", s), w.connection("each", s, ofEachUser)
		own := w.connection("own", s, ofEachUser, func(c *lanyard.Connection) { c.UsableBy = lanyard.UsableByOwner })
		w.connect(off, s, w.owner.ID)
		w.connect(own, s, w.owner.ID)
		w.connect(each, s, w.owner.ID)
		w.connect(each, s, w.member.ID)
		away := w.user(lanyard.User{Name: "Away", Email: "away@acme.example", Role: lanyard.RoleMember, Disabled: true})
		_, foreign, _ := w.account("other")
		for name, to := range map[string]lanyard.UserID{"oneself": w.owner.ID, "a disabled user": away.ID, "nobody": "usr_nobody", "no id": "", "another organization's": foreign.ID} {
			_, err := w.HandOver(t.Context(), &w.owner, to, owned)
			if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Errorf("to %s: %v", name, err)
			}
		}

		got, err := w.HandOver(t.Context(), &w.owner, w.member.ID, owned)
		check(t, err)
		var erased []string
		for _, e := range got.Erased {
			erased = append(erased, e.Credential.AccessToken.Reveal())
		}
		slices.Sort(erased)
		if diff := cmp.Diff([]string{"access off of " + string(w.owner.ID), "access own of " + string(w.owner.ID)}, erased); diff != "" {
			t.Errorf("erased (-want +got):\n%s", diff)
		}
		if got.Connections != 3 || got.Services != 1 || !slices.Equal(got.Names, []lanyard.LinkName{"each", "off", "own"}) {
			t.Errorf("got %+v", got)
		}
		for _, c := range []*lanyard.Connection{off, own, each} {
			now, err := w.ConnectionByID(t.Context(), w.org, c.ID)
			check(t, err)
			if now.Owner != w.member.ID || now.Version != c.Version+1 {
				t.Errorf("%s is owned by %s, version %d", c.LinkName, now.Owner, now.Version)
			}
		}
		if author, err := w.Service(t.Context(), w.org, "acme"); err != nil || author.Author != w.member.ID {
			t.Errorf("the service is %+v, %v", author, err)
		}
		if w.token(each, w.owner.ID) == "" || w.token(each, w.member.ID) == "" {
			t.Error("an account of each user's own was let go")
		}
		lists := func(user lanyard.UserID, view store.View) (names []string) {
			found, _, err := w.Connections(t.Context(), w.org, store.ConnectionFilter{User: user, View: view}, store.Page{})
			check(t, err)
			for _, c := range found {
				names = append(names, string(c.LinkName)+" "+string(c.Status()))
			}
			return names
		}
		if diff := cmp.Diff([]string{"each connected", "off not_connected", "own not_connected"}, lists(w.member.ID, store.ViewMy)); diff != "" {
			t.Errorf("the new owner's list (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"each connected"}, lists(w.owner.ID, store.ViewShared)); diff != "" {
			t.Errorf("the former owner's shared list (-want +got):\n%s", diff)
		}
		if mine, shared := lists(w.owner.ID, store.ViewMy), lists(w.member.ID, store.ViewShared); len(mine)+len(shared) != 0 {
			t.Errorf("left: %v, %v", mine, shared)
		}
	})
}

func TestRemoveUser(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		theirs := oauth2Service(w.org, w.member.ID, "theirs")
		check(t, w.CreateService(t.Context(), theirs, entry(lanyard.ActionServiceCreate)))
		ours := w.service("ours")
		byMember := func(c *lanyard.Connection) { c.Owner = w.member.ID }
		gone, goes := w.connection("gone", ours, byMember, ofEachUser), w.connection("goes", theirs, byMember)
		stays, copied := w.connection("stays", theirs), w.connection("copied", ours, ofEachUser)
		for _, c := range []struct {
			con     *lanyard.Connection
			service *lanyard.Service
			user    lanyard.UserID
		}{{gone, ours, w.member.ID}, {gone, ours, w.owner.ID}, {goes, theirs, w.member.ID}, {stays, theirs, w.owner.ID}, {copied, ours, w.member.ID}, {copied, ours, w.owner.ID}} {
			w.connect(c.con, c.service, c.user)
		}
		check(t, w.CreateLink(t.Context(), store.Link{Purpose: store.PurposeSignIn, Organization: w.org, User: w.member.ID, ExpiresAt: w.Now().Add(time.Hour)}, hash("sign in"), nil))

		_, err := w.RemoveUser(t.Context(), &w.member, store.Removal{}, owned)
		if lanyard.CodeOf(err) != lanyard.CodeConflict || !strings.Contains(err.Error(), "2 connections and 1 custom service") {
			t.Fatalf("got %v, want a conflict that says how much", err)
		}
		h, err := w.Holdings(t.Context(), w.org, w.member.ID, time.Hour)
		check(t, err)
		if h.Connections != 2 || h.ForOthers != 1 || h.Services != 1 || h.Dependent != 1 || h.Connected != 3 || !slices.Equal(h.Names, []string{"Connection goes"}) {
			t.Errorf("holdings: %+v", h)
		}

		got, err := w.RemoveUser(t.Context(), &w.member, store.Removal{Delete: true}, owned)
		check(t, err)
		var erased []string
		for _, e := range got.Erased {
			erased = append(erased, fmt.Sprint(e.Connection.LinkName, " ", e.Authorization.UserID == w.member.ID))
		}
		slices.Sort(erased)
		if diff := cmp.Diff([]string{"copied true", "goes true", "gone false", "gone true", "stays false"}, erased); diff != "" {
			t.Errorf("erased (-want +got):\n%s", diff)
		}
		if got.Connections != 2 || got.Services != 1 || !got.Deleted[0].Auth.Secret().Equal(theirs.Auth.Secret()) {
			t.Errorf("got %+v", got)
		}
		_, err = w.User(t.Context(), w.org, w.member.ID)
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.Link(t.Context(), store.PurposeSignIn, hash("sign in"))
		wantCode(t, err, lanyard.CodeNotFound)
		for _, c := range []*lanyard.Connection{gone, goes} {
			_, err = w.ConnectionByID(t.Context(), w.org, c.ID)
			wantCode(t, err, lanyard.CodeNotFound)
		}
		if a := w.authorization(stays, w.owner.ID); a.Status != lanyard.StatusRevoked {
			t.Errorf("a connection with the deleted service is %s", a.Status)
		}
		if w.token(copied, w.owner.ID) == "" {
			t.Error("somebody else's account was let go")
		}
		_, err = w.RemoveUser(t.Context(), &w.member, store.Removal{}, owned)
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

// What was judged by an older reading is not done.
func TestPeopleMoveOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		before := w.member
		check(t, w.update(w.member.ID, func(u *lanyard.User) { u.Role = lanyard.RoleOwner }))
		after := before
		after.Name = "Taken"
		wantCode(t, w.UpdateUser(t.Context(), &before, &after, func(int64) lanyard.AuditEntry { return entry(lanyard.ActionUserEdit) }), lanyard.CodeConflict)
		_, err := w.HandOver(t.Context(), &before, w.owner.ID, owned)
		wantCode(t, err, lanyard.CodeConflict)
		_, err = w.RemoveUser(t.Context(), &before, store.Removal{}, owned)
		wantCode(t, err, lanyard.CodeConflict)
	})
}
