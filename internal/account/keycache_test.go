package account

import (
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
