package definitions

import (
	"context"

	"lanyard"
	"lanyard/internal/store"
)

// Apply does what a plan of the document says, all of it or nothing. Digest is that of the plan that was read: conflict
// when the document or what it was compared with is another one by now. Empty: whatever the plan is by now.
func (d *Definitions) Apply(ctx context.Context, c *lanyard.Caller, doc *Document, digest string) (*Plan, error) {
	p, err := d.plan(ctx, c, doc)
	if err != nil {
		return nil, err
	}
	if digest != "" && digest != p.Digest {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "This is not what was planned: the document is another one, or something was changed in the meantime. Plan again. Nothing was changed.")
	}
	if len(p.changes) == 0 {
		return &p.Plan, nil
	}
	err = d.Store.Together(ctx, func(changes *store.Changes) error {
		if len(p.locked) > 0 { // in one go, so that of two who do this none waits for the other for ever
			if err := changes.LockPeople(ctx, c.Organization, p.locked...); err != nil {
				return err
			}
		}
		for _, ch := range p.changes {
			if err := ch.Make(ctx, changes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, ch := range p.changes {
		if t, ok := ch.(told); ok {
			t.Made(ctx)
		}
	}
	for _, draft := range p.drafts {
		p.Keys = append(p.Keys, NewKey{draft.Key.Name, draft.Secret})
	}
	return &p.Plan, nil
}
