package account

import (
	"context"
	"maps"
	"strconv"
	"sync"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

const (
	failedEvery = 20 * time.Minute // one entry about an account in the audit log
	maxFailed   = 10_000           // accounts to remember
)

// failed gathers failed sign-ins for the audit log: at most three entries in an hour about one account, however often
// it is tried, and written later, so that the time of an answer does not tell whether there is such an account.
type failed struct {
	mu     sync.Mutex
	byUser map[lanyard.UserID]*failedSignIns
}

type failedSignIns struct {
	entry  lanyard.AuditEntry // about the last of them
	tries  int                // that are not in the log
	toldAt time.Time          // zero: never
}

func newFailed() *failed { return &failed{byUser: map[lanyard.UserID]*failedSignIns{}} }

// add notes a failed try at every account that may have been meant.
func (f *failed) add(candidates []store.SignInCandidate, b Browser) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range candidates {
		s := f.byUser[c.ID]
		if s == nil {
			if len(f.byUser) >= maxFailed {
				continue
			}
			s = &failedSignIns{}
			f.byUser[c.ID] = s
		}
		s.tries++
		s.entry = lanyard.AuditEntry{
			OrganizationID: c.OrganizationID, Action: lanyard.ActionSignInFailed, Object: string(c.ID), ObjectName: c.Email, Detail: where(b),
		}
	}
}

// take gives the entries that are due, and forgets accounts that were left alone.
func (f *failed) take(now time.Time) []lanyard.AuditEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	var due []lanyard.AuditEntry
	maps.DeleteFunc(f.byUser, func(_ lanyard.UserID, s *failedSignIns) bool {
		if now.Sub(s.toldAt) < failedEvery {
			return false
		}
		if s.tries == 0 {
			return true
		}
		s.entry.Detail["tries"] = strconv.Itoa(s.tries)
		due = append(due, s.entry)
		s.tries, s.toldAt = 0, now
		return false
	})
	return due
}

func (a *Accounts) saveFailed(ctx context.Context) error {
	for _, entry := range a.failed.take(a.store.Now()) {
		if err := a.store.AppendAudit(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}
