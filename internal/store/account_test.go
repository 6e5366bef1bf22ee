package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

func TestCreateAccount(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		got, err := w.User(t.Context(), w.org, w.owner.ID)
		check(t, err)
		if diff := cmp.Diff(&w.owner, got); diff != "" {
			t.Errorf("the owner (-want +got):\n%s", diff)
		}
		if empty, err := w.Empty(t.Context()); err != nil || empty {
			t.Errorf("Empty gives %v, %v", empty, err)
		}
		org, err := w.Organization(t.Context(), w.org)
		check(t, err)
		if want := (lanyard.Organization{ID: w.org, Name: "acme", CreatedAt: start}); *org != want {
			t.Errorf("the organization is %+v, want %+v", org, want)
		}
		_, err = w.Organization(t.Context(), "org_nowhere")
		wantCode(t, err, lanyard.CodeNotFound)
		key := lanyard.APIKey{ID: lanyard.NewAPIKeyID(), Name: "first", Hint: "abcd", Rights: lanyard.KeyRights{Manage: true, ActForUsers: true}}
		second := store.NewAccount{
			Organization: lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: "second"},
			Owner:        lanyard.User{ID: lanyard.NewUserID(), Email: "Owner@Second.Example", Name: "O", Role: lanyard.RoleOwner},
			Key:          &key, KeyHash: hash("first key"), Audit: entry(lanyard.ActionOrganizationCreate),
		}
		key.UserID = second.Owner.ID
		check(t, w.CreateAccount(t.Context(), second, nil))
		gotKey, user, err := w.APIKeyByHash(t.Context(), hash("first key"))
		check(t, err)
		key.OrganizationID, key.CreatedAt = second.Organization.ID, start
		if diff := cmp.Diff(&key, gotKey); diff != "" {
			t.Errorf("the key (-want +got):\n%s", diff)
		}
		if user.Email != "owner@second.example" || user.OrganizationID != second.Organization.ID {
			t.Errorf("the key's user is %+v", user)
		}
	})
}

func TestJ07_OneSetupLinkMakesOneOrganization(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		s := open()
		setup := func(token string, life time.Duration) {
			t.Helper()
			check(t, s.CreateLink(t.Context(), store.Link{Purpose: store.PurposeSetup, ExpiresAt: s.Now().Add(life)}, hash(token), nil))
		}
		account := func() store.NewAccount {
			return store.NewAccount{
				Organization: lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: "first"},
				Owner:        lanyard.User{ID: lanyard.NewUserID(), Email: "o@example.com", Name: "O", Role: lanyard.RoleOwner},
			}
		}
		wantCode(t, s.CreateAccount(t.Context(), account(), hash("unknown")), lanyard.CodeNotFound)
		setup("expired", -time.Second)
		wantCode(t, s.CreateAccount(t.Context(), account(), hash("expired")), lanyard.CodeNotFound)
		setup("older", time.Hour)
		setup("newer", time.Hour)
		wantCode(t, s.CreateAccount(t.Context(), account(), hash("older")), lanyard.CodeNotFound)
		if empty, err := s.Empty(t.Context()); err != nil || !empty {
			t.Fatalf("a refused set-up left something: %v, %v", empty, err)
		}

		errs := make([]error, 8)
		var browsers sync.WaitGroup
		for i := range errs {
			browsers.Go(func() { errs[i] = s.CreateAccount(t.Context(), account(), hash("newer")) })
		}
		browsers.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantCode(t, err, lanyard.CodeNotFound)
			}
		}
		if won != 1 {
			t.Errorf("%d browsers made an organization, want one", won)
		}
		setup("late", time.Hour)
		wantCode(t, s.CreateAccount(t.Context(), account(), hash("late")), lanyard.CodeConflict)
	})
}

func TestUsers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		got, err := w.UserByExternalID(t.Context(), w.org, "ext-member")
		check(t, err)
		if diff := cmp.Diff(&w.member, got); diff != "" {
			t.Errorf("by external id (-want +got):\n%s", diff)
		}
		_, err = w.User(t.Context(), w.org, "usr_nobody")
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.UserByExternalID(t.Context(), w.org, "")
		wantCode(t, err, lanyard.CodeNotFound)

		user := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Email: "MEMBER@acme.example", Name: "N", Role: lanyard.RoleMember}
		wantField(t, w.CreateUser(t.Context(), user, entry("user.create")), lanyard.CodeConflict, "/email")
		user.Email, user.ExternalID = "new@acme.example", "ext-member"
		wantField(t, w.CreateUser(t.Context(), user, entry("user.create")), lanyard.CodeConflict, "/external_id")
		user.ExternalID = "" // many have none
		check(t, w.CreateUser(t.Context(), user, entry("user.create")))
		user.ID, user.Email, user.Disabled = lanyard.NewUserID(), "other@acme.example", true
		check(t, w.CreateUser(t.Context(), user, entry("user.create")))
		if got, err := w.User(t.Context(), w.org, user.ID); err != nil || !got.Disabled {
			t.Errorf("a disabled user: %+v, %v", got, err)
		}
		if n := w.audited("user.create"); n != 3 {
			t.Errorf("%d users are in the audit log, want the 3 that were made", n)
		}
		user.ID, user.OrganizationID = lanyard.NewUserID(), "org_nowhere"
		wantCode(t, w.CreateUser(t.Context(), user, entry("user.create")), lanyard.CodeNotFound)
	})
}

func TestAPIKeys(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		made := map[lanyard.APIKeyID]lanyard.APIKey{}
		for i := range 7 {
			k := lanyard.APIKey{
				ID: lanyard.NewAPIKeyID(), OrganizationID: w.org, UserID: w.owner.ID, Name: fmt.Sprintf("key %d", i), Hint: "wxyz",
				Rights: lanyard.KeyRights{Connections: []lanyard.LinkName{"a", "b"}}, ExpiresAt: start.Add(time.Duration(i) * time.Hour),
			}
			if i == 0 {
				k.ExpiresAt, k.UserID = time.Time{}, w.member.ID
			}
			check(t, w.CreateAPIKey(t.Context(), k, hash(k.Name), entry(lanyard.ActionKeyCreate)))
			k.CreatedAt = w.Now()
			made[k.ID] = k
			if i%2 == 1 { // some at the same moment
				w.now.add(time.Second)
			}
		}
		got := collect(t, func(p store.Page) ([]lanyard.APIKey, string, error) { return w.APIKeys(t.Context(), w.org, "", p) }, 2)
		if len(got) != len(made) || !slices.IsSortedFunc(got, func(a, b lanyard.APIKey) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
			t.Errorf("the list has %d keys, want %d, newest first: %+v", len(got), len(made), got)
		}
		for _, k := range got {
			if diff := cmp.Diff(made[k.ID], k); diff != "" {
				t.Errorf("a key (-want +got):\n%s", diff)
			}
		}
		own := collect(t, func(p store.Page) ([]lanyard.APIKey, string, error) {
			return w.APIKeys(t.Context(), w.org, w.member.ID, p)
		}, 2)
		if len(own) != 1 || own[0].Name != "key 0" {
			t.Errorf("the member's keys are %+v", own)
		}

		works := func(name string) bool {
			t.Helper()
			k, u, err := w.APIKeyByHash(t.Context(), hash(name))
			if err != nil {
				wantCode(t, err, lanyard.CodeNotFound)
				return false
			}
			return k.Name == name && u.ID == k.UserID
		}
		if !works("key 0") || !works("key 2") || works("unknown") {
			t.Error("keys 0 and 2 should work, an unknown one not")
		}
		w.now.add(2*time.Hour - 3*time.Second) // the third key expires at this very moment
		if !works("key 0") || works("key 2") || !works("key 3") {
			t.Error("key 2 has expired and should not work; 0 and 3 should")
		}

		refs := map[store.KeyRef]time.Time{}
		for id := range made {
			refs[store.KeyRef{Organization: w.org, ID: id}] = start.Add(time.Hour)
		}
		check(t, w.TouchAPIKeys(t.Context(), refs))
		maps.DeleteFunc(refs, func(r store.KeyRef, _ time.Time) bool { return made[r.ID].Name != "key 0" })
		for ref := range refs {
			check(t, w.TouchAPIKeys(t.Context(), map[store.KeyRef]time.Time{ref: start.Add(time.Minute), {Organization: "org_x", ID: ref.ID}: start}))
		}
		if k, _, err := w.APIKeyByHash(t.Context(), hash("key 0")); err != nil || !k.LastUsedAt.Equal(start.Add(time.Hour)) {
			t.Errorf("last used is %v (%v); it should not have gone back", k.LastUsedAt, err)
		}
		check(t, w.TouchAPIKeys(t.Context(), nil))

		for id, k := range made {
			if k.Name != "key 0" {
				continue
			}
			wantCode(t, w.DeleteAPIKey(t.Context(), w.org, id, w.owner.ID, entry(lanyard.ActionKeyDelete)), lanyard.CodeNotFound)
			check(t, w.DeleteAPIKey(t.Context(), w.org, id, w.member.ID, entry(lanyard.ActionKeyDelete)))
			wantCode(t, w.DeleteAPIKey(t.Context(), w.org, id, "", entry(lanyard.ActionKeyDelete)), lanyard.CodeNotFound)
		}
		if works("key 0") || w.audited(lanyard.ActionKeyDelete) != 1 || w.audited(lanyard.ActionKeyCreate) != 7 {
			t.Error("the deleted key works, or the audit log is wrong")
		}
	})
}

func TestKeysAndSessionsOfADisabledUser(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		user := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Email: "d@acme.example", Name: "D", Role: lanyard.RoleMember, Disabled: true}
		check(t, w.CreateUser(t.Context(), user, entry("user.create")))
		check(t, w.CreateAPIKey(t.Context(), lanyard.APIKey{ID: "key_d", OrganizationID: w.org, UserID: user.ID}, hash("key"), entry("x")))
		check(t, w.CreateSession(t.Context(), w.org, user.ID, store.Session{Hash: "session", ExpiresAt: start.Add(time.Hour)}, entry("x")))
		link := store.Link{Purpose: store.PurposeSignIn, Organization: w.org, User: user.ID, ExpiresAt: start.Add(time.Hour)}
		check(t, w.CreateLink(t.Context(), link, hash("link"), nil))

		_, _, err := w.APIKeyByHash(t.Context(), hash("key"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, _, err = w.UserBySession(t.Context(), "session", 0)
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.UseSignInLink(t.Context(), hash("link"), store.Session{Hash: "other"}, func(store.Link) lanyard.AuditEntry { return entry("x") })
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

func TestSignInLink(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		audit := entry(lanyard.ActionSignInLinkCreate)
		link := store.Link{Purpose: store.PurposeSignIn, Organization: w.org, User: w.owner.ID, ExpiresAt: start.Add(time.Hour)}
		check(t, w.CreateLink(t.Context(), link, hash("link"), &audit))
		check(t, w.CreateLink(t.Context(), link, hash("late"), &audit))
		if n := w.audited(lanyard.ActionSignInLinkCreate); n != 2 {
			t.Errorf("%d links are in the audit log", n)
		}
		look := func(purpose store.LinkPurpose, token string) bool {
			t.Helper()
			got, err := w.Link(t.Context(), purpose, hash(token))
			if err != nil {
				wantCode(t, err, lanyard.CodeNotFound)
				return false
			}
			if *got != link {
				t.Errorf("the link is %+v, want %+v", got, link)
			}
			return true
		}
		if !look(store.PurposeSignIn, "link") || look(store.PurposeSetup, "link") || look(store.PurposeSignIn, "unknown") {
			t.Error("the link should be found by its purpose and token only")
		}
		signIn := func(token, session string) (*lanyard.User, error) {
			return w.UseSignInLink(t.Context(), hash(token), store.Session{Hash: session, ExpiresAt: w.Now().Add(time.Hour)}, func(l store.Link) lanyard.AuditEntry {
				if l != link {
					t.Errorf("the audit entry is asked for %+v, want %+v", l, link)
				}
				e := entry(lanyard.ActionSignIn)
				e.Actor = l.User
				return e
			})
		}
		_, err := signIn("unknown", "s")
		wantCode(t, err, lanyard.CodeNotFound)
		wantCode(t, w.CreateAccount(t.Context(), store.NewAccount{}, hash("link")), lanyard.CodeNotFound) // not a set-up link

		errs := make([]error, 6)
		var browsers sync.WaitGroup
		for i := range errs {
			browsers.Go(func() { _, errs[i] = signIn("link", fmt.Sprintf("session %d", i)) })
		}
		browsers.Wait()
		won := slices.Index(errs, nil)
		for i, err := range errs {
			if i != won {
				wantCode(t, err, lanyard.CodeNotFound)
			}
		}
		if won < 0 {
			t.Fatalf("nobody signed in: %v", errors.Join(errs...))
		}
		user, session, err := w.UserBySession(t.Context(), fmt.Sprintf("session %d", won), time.Minute)
		if err != nil || user.ID != w.owner.ID || !session.CreatedAt.Equal(start) {
			t.Errorf("the session gives %+v, %+v, %v", user, session, err)
		}
		if n := w.audited(lanyard.ActionSignIn); n != 1 {
			t.Errorf("%d sign-ins are in the audit log", n)
		}
		if look(store.PurposeSignIn, "link") || !look(store.PurposeSignIn, "late") {
			t.Error("the used link should be gone, and the other one still there")
		}
		w.now.add(time.Hour)
		if look(store.PurposeSignIn, "late") {
			t.Error("an expired link is still found")
		}
		_, err = signIn("late", "s")
		wantCode(t, err, lanyard.CodeNotFound)

		link.User = "usr_nobody"
		wantCode(t, w.CreateLink(t.Context(), link, hash("nobody"), nil), lanyard.CodeNotFound)
	})
}

func TestI13_SessionLimits(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const idle = 10 * time.Minute
		check(t, w.CreateSession(t.Context(), w.org, w.owner.ID, store.Session{Hash: "s", ExpiresAt: start.Add(time.Hour)}, entry(lanyard.ActionSignIn)))
		seen := func() time.Time {
			t.Helper()
			_, s, err := w.UserBySession(t.Context(), "s", idle)
			check(t, err)
			return s.SeenAt
		}
		w.now.add(59 * time.Second)
		if got := seen(); !got.Equal(start) {
			t.Errorf("seen at %v: noted although less than a minute had passed", got)
		}
		w.now.add(time.Second)
		if got := seen(); !got.Equal(start.Add(time.Minute)) {
			t.Errorf("seen at %v, want a minute after the start", got)
		}
		for range 6 { // used every nine minutes it holds
			w.now.add(9 * time.Minute)
			seen()
		}
		w.now.add(5 * time.Minute) // an hour after its start
		_, _, err := w.UserBySession(t.Context(), "s", idle)
		wantCode(t, err, lanyard.CodeNotFound)

		check(t, w.CreateSession(t.Context(), w.org, w.owner.ID, store.Session{Hash: "t", ExpiresAt: w.Now().Add(time.Hour)}, entry(lanyard.ActionSignIn)))
		w.now.add(idle)
		_, _, err = w.UserBySession(t.Context(), "t", idle)
		wantCode(t, err, lanyard.CodeNotFound)
		if _, _, err = w.UserBySession(t.Context(), "t", 0); err != nil {
			t.Errorf("without an idle limit: %v", err)
		}
		check(t, w.DeleteSession(t.Context(), w.org, "t"))
		_, _, err = w.UserBySession(t.Context(), "t", 0)
		wantCode(t, err, lanyard.CodeNotFound)
		wantCode(t, w.DeleteSession(t.Context(), w.org, "t"), lanyard.CodeNotFound)
		wantCode(t, w.CreateSession(t.Context(), w.org, "usr_nobody", store.Session{Hash: "u"}, entry("x")), lanyard.CodeNotFound)
	})
}

// collect reads all pages of a list.
func collect[T any](t *testing.T, list func(store.Page) ([]T, string, error), limit int) (all []T) {
	t.Helper()
	page := store.Page{Limit: limit}
	for {
		items, next, err := list(page)
		check(t, err)
		if len(items) > limit {
			t.Fatalf("a page has %d items, more than %d", len(items), limit)
		}
		all = append(all, items...)
		if next == "" {
			return all
		}
		if len(items) != limit {
			t.Fatalf("a page that is not the last has %d items, want %d", len(items), limit)
		}
		page.Cursor = next
	}
}
