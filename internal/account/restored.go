package account

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// shownDoubtful is how many connections a page names that are probably dead.
const shownDoubtful = 20

// Restored is what an owner or admin has to know of a Lanyard that was restored from a backup and waits.
type Restored struct {
	BackupAt time.Time
	Doubtful []store.Doubtful // of the caller's organization, at most 20
	More     bool             // there are further ones
}

// Restored says whether this Lanyard was restored from a backup and has not gone on yet: nil when it is as ever, and for
// callers who do not administer the organization.
func (a *Accounts) Restored(ctx context.Context, c *lanyard.Caller) (*Restored, error) {
	if !a.store.Paused() || access.EditOrganization(c) != nil {
		return nil, nil //nolint:nilnil,nilerr // there is nothing to say, or nobody to say it to
	}
	i, err := a.store.Instance(ctx)
	if err != nil {
		return nil, err
	}
	r := &Restored{BackupAt: i.Origin.BackupAt}
	if r.Doubtful, err = a.store.Doubtful(ctx, c.Organization, shownDoubtful+1); err != nil {
		return nil, err
	}
	if len(r.Doubtful) > shownDoubtful {
		r.Doubtful, r.More = r.Doubtful[:shownDoubtful], true
	}
	return r, nil
}
