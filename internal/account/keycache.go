package account

import (
	"sync"
	"sync/atomic"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// keyCache keeps the callers of keys that were used lately, so that a warm call asks the database nothing. Entries
// leave when the organization's keys or users change, on whichever replica that happens.
type keyCache struct {
	mu      sync.RWMutex
	entries map[[32]byte]*keyEntry
	changes uint64 // grows with each forget: a lookup that began before one must not be kept after it
}

type keyEntry struct {
	ref       store.KeyRef
	caller    lanyard.Caller
	expiresAt time.Time
	usedAt    atomic.Int64 // Unix milliseconds; 0: written already

	// acting is the callers for whom the key acts, by the name that the calls gave. They go with the entry, so a lookup
	// that began before a change of users is kept where nobody finds it.
	mu     sync.RWMutex
	acting map[string]*lanyard.Caller
}

// actingFor is the caller that acts for a user of this name; nil when that is not known.
func (e *keyEntry) actingFor(name string) *lanyard.Caller {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.acting[name]
}

func (e *keyEntry) keepActing(name string, c *lanyard.Caller) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.acting == nil || len(e.acting) >= maxWarmUsers {
		e.acting = map[string]*lanyard.Caller{}
	}
	e.acting[name] = c
}

func newKeyCache() *keyCache { return &keyCache{entries: map[[32]byte]*keyEntry{}} }

func (k *keyCache) find(hash [32]byte, now time.Time) *keyEntry {
	k.mu.RLock()
	e := k.entries[hash]
	k.mu.RUnlock()
	if e == nil || !e.expiresAt.IsZero() && !now.Before(e.expiresAt) {
		return nil
	}
	return e
}

func (k *keyCache) begin() uint64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.changes
}

func (k *keyCache) keep(hash [32]byte, e *keyEntry, began uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changes != began {
		return
	}
	if len(k.entries) >= maxWarmKeys {
		clear(k.entries) // rare, and the next calls fill it again
	}
	k.entries[hash] = e
}

// forget drops an organization's keys; all of them when it is empty.
func (k *keyCache) forget(org lanyard.OrganizationID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	for hash, e := range k.entries {
		if org == "" || e.ref.Organization == org {
			delete(k.entries, hash)
		}
	}
}

// used notes the time. It writes at most once a second, so that many cores do not fight over one key's entry.
func (k *keyCache) used(e *keyEntry, now time.Time) {
	if ms := now.UnixMilli(); ms-e.usedAt.Load() >= 1000 {
		e.usedAt.Store(ms)
	}
}

func (k *keyCache) takeUsed() map[store.KeyRef]time.Time {
	k.mu.RLock()
	defer k.mu.RUnlock()
	used := map[store.KeyRef]time.Time{}
	for _, e := range k.entries {
		if ms := e.usedAt.Swap(0); ms > 0 {
			used[e.ref] = time.UnixMilli(ms)
		}
	}
	return used
}
