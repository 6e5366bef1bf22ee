package extension

import (
	"context"
	"time"

	"lanyard"
)

const (
	lookEvery = 3 * time.Minute
	lookBatch = 200 // copies
)

// Run looks after installed copies until ctx ends: those whose publisher does not offer them any more are kept or
// uninstalled, as their organizations chose. What is to be done follows from what is stored, so what one look left undone
// the next one does, and any number of replicas may run it.
func (x *Extensions) Run(ctx context.Context) {
	for {
		x.LookAfterCopies(ctx)
		select {
		case <-ctx.Done():
			return
		case <-x.look:
		case <-time.After(lookEvery):
		}
	}
}

// LookAfterCopies is one look of [Extensions.Run].
func (x *Extensions) LookAfterCopies(ctx context.Context) {
	strays, err := x.Store.StrayCopies(ctx, lookBatch)
	if err != nil && ctx.Err() == nil {
		x.Logger.ErrorContext(ctx, "look for extensions whose publisher is gone", "error", err)
	}
	for i := range strays {
		e := &strays[i]
		err := x.lookAfter(ctx, e)
		switch lanyard.CodeOf(err) {
		case "", lanyard.CodeConflict, lanyard.CodeNotFound: // somebody else changed it, or uninstalled it: the next look tells
		default:
			if ctx.Err() == nil {
				x.Logger.ErrorContext(ctx, "look after an extension whose publisher is gone", "organization", e.OrganizationID, "extension", e.Name, "error", err)
			}
		}
	}
	if len(strays) == lookBatch {
		x.lookSoon()
	}
}

// lookAfter does with a copy what was chosen for it.
func (x *Extensions) lookAfter(ctx context.Context, e *lanyard.Extension) error {
	entry := byLanyard(lanyard.ActionExtensionGone, string(e.ID), string(e.Name))
	switch {
	case !e.GoneAt.IsZero():
		e.GoneAt, entry.Detail = time.Time{}, map[string]string{"offered_again": "true"}
	case e.WhenGone == lanyard.WhenGoneEnd:
		p, err := x.ending(ctx, e, byLanyard)
		if err != nil {
			return err
		}
		p.ifGone = true
		if _, err := p.ends(ctx); err != nil {
			return err
		}
		return p.carryOut(ctx, lanyard.ActionExtensionUninstall)
	default:
		e.GoneAt = x.Store.Now()
	}
	return x.Store.UpdateExtension(ctx, e.Revision, e, entry)
}

// byLanyard begins an audit entry of something that nobody did.
func byLanyard(action lanyard.Action, object, name string) lanyard.AuditEntry {
	return lanyard.AuditEntry{Action: action, Object: object, ObjectName: name}
}
