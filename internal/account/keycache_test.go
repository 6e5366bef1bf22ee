package account

import (
	"context"
	"strconv"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

func entryOf(org lanyard.OrganizationID, expires time.Time) *keyEntry {
	return &keyEntry{ref: store.KeyRef{Organization: org, ID: lanyard.NewAPIKeyID()}, caller: lanyard.Caller{Organization: org}, expiresAt: expires}
}

func TestKeyCacheForgetsWhatChanged(t *testing.T) {
	now := time.Now()
	a, b := [32]byte{1}, [32]byte{2}
	for _, c := range []struct {
		name         string
		forget       lanyard.OrganizationID
		keepA, keepB bool
	}{
		{"one organization", "org_a", false, true},
		{"another", "org_c", true, true},
		{"all", "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKeyCache()
			k.keep(a, entryOf("org_a", time.Time{}), k.begin())
			k.keep(b, entryOf("org_b", time.Time{}), k.begin())
			k.forget(c.forget)
			if got := k.find(a, now) != nil; got != c.keepA {
				t.Errorf("the key of org_a is warm: %t, want %t", got, c.keepA)
			}
			if got := k.find(b, now) != nil; got != c.keepB {
				t.Errorf("the key of org_b is warm: %t, want %t", got, c.keepB)
			}
		})
	}
}

// TestKeyCacheKeepsNoLookupFromBeforeAChange: a query that began before a key was deleted must not bring it back.
func TestKeyCacheKeepsNoLookupFromBeforeAChange(t *testing.T) {
	k := newKeyCache()
	began := k.begin()
	k.forget("org_a")
	k.keep([32]byte{1}, entryOf("org_a", time.Time{}), began)
	if k.find([32]byte{1}, time.Now()) != nil {
		t.Error("a caller that was looked up before the change is warm after it")
	}
}

func TestKeyCacheEndsAKeyAtItsTime(t *testing.T) {
	k, ends := newKeyCache(), time.Now()
	k.keep([32]byte{1}, entryOf("org_a", ends), k.begin())
	if k.find([32]byte{1}, ends.Add(-time.Millisecond)) == nil {
		t.Error("it is not warm before its end")
	}
	if k.find([32]byte{1}, ends) != nil {
		t.Error("it is warm at its end")
	}
}

func TestKeyCacheIsBounded(t *testing.T) {
	k := newKeyCache()
	for i := range maxWarmKeys + 10 {
		k.keep([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}, entryOf("org_a", time.Time{}), k.begin())
	}
	if n := len(k.entries); n > maxWarmKeys {
		t.Errorf("%d keys are warm, want at most %d", n, maxWarmKeys)
	}
}

func TestKeyCacheTellsEachUseOnce(t *testing.T) {
	k, e, at := newKeyCache(), entryOf("org_a", time.Time{}), time.UnixMilli(1_700_000_000_000)
	k.keep([32]byte{1}, e, k.begin())
	k.used(e, at)
	k.used(e, at.Add(999*time.Millisecond)) // within the second of the first
	if got := k.takeUsed(); len(got) != 1 || !got[e.ref].Equal(at) {
		t.Errorf("got %v, want %v at %v", got, e.ref, at)
	}
	if got := k.takeUsed(); len(got) != 0 {
		t.Errorf("told again: %v", got)
	}
}

// TestA27_HashesOfOneKindAreNotOfAnother: the same text is another token as a key, a session, or a link.
func TestA27_HashesOfOneKindAreNotOfAnother(t *testing.T) {
	seen := map[string]string{}
	for _, kind := range []string{"key", "session", "sign_in", "setup"} {
		hash := string(hashToken(kind, "the same text"))
		if other, ok := seen[hash]; ok {
			t.Errorf("%s and %s have the same hash", kind, other)
		}
		seen[hash] = kind
	}
}

// TestAWarmKeyActsWithoutAsking: once a key has acted for a user, the next call for them asks the database nothing, until
// somebody changes.
func TestAWarmKeyActsWithoutAsking(t *testing.T) {
	w := newWorld(t)
	owner := &lanyard.Caller{Organization: w.owner.OrganizationID, User: w.owner.ID, KeyOwner: w.owner.ID, Role: lanyard.RoleOwner, Session: "s"}
	_, key, err := w.CreateKey(t.Context(), owner, NewKey{Name: "backend", ActForUsers: true})
	w.must(err)
	unreachable, cancel := context.WithCancel(t.Context())
	cancel()
	name := []string{string(w.member.ID)}
	if _, err := w.CallerByKey(unreachable, key.Reveal(), name); err == nil {
		t.Fatal("a key that nobody used yet is known without asking, so this test sees nothing")
	}
	_, err = w.CallerByKey(t.Context(), key.Reveal(), nil)
	w.must(err)
	if _, err := w.CallerByKey(unreachable, key.Reveal(), name); err == nil {
		t.Fatal("a user whom nobody named yet is known without asking, so this test sees nothing")
	}
	_, err = w.CallerByKey(t.Context(), key.Reveal(), name)
	w.must(err)
	if c, err := w.CallerByKey(unreachable, key.Reveal(), name); err != nil || c.User != w.member.ID || !c.ForUser || c.KeyOwner != w.owner.ID {
		t.Errorf("warm: %+v, %v", c, err)
	}
	admin, disabled := lanyard.RoleAdmin, true
	_, err = w.EditUser(t.Context(), owner, w.member.ID, UserEdit{Role: &admin})
	w.must(err)
	if c, err := w.CallerByKey(t.Context(), key.Reveal(), name); err != nil || c.Role != lanyard.RoleAdmin {
		t.Errorf("with another role: %+v, %v", c, err)
	}
	_, err = w.EditUser(t.Context(), owner, w.member.ID, UserEdit{Disabled: &disabled})
	w.must(err)
	if _, err := w.CallerByKey(t.Context(), key.Reveal(), name); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("deactivated: %v", err)
	}
}

func TestWarmUsersOfAKeyAreBounded(t *testing.T) {
	e := entryOf("org_a", time.Time{})
	for i := range maxWarmUsers + 10 {
		e.keepActing(strconv.Itoa(i), &e.caller)
	}
	if n := len(e.acting); n > maxWarmUsers {
		t.Errorf("%d users are warm, want at most %d", n, maxWarmUsers)
	}
}
