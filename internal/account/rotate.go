package account

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

const (
	// StandardOverlap is how long the secret before goes on working when nobody says otherwise.
	StandardOverlap = 24 * time.Hour
	maxOverlap      = 30 * 24 * time.Hour
)

// Rotate says how long the present secret of a key goes on working beside the new one: for a time, or until one. Without
// either it is a day; at most it is thirty.
type Rotate struct {
	Overlap *time.Duration // zero: it ends at once
	Until   time.Time
}

func (in Rotate) until(now time.Time) (time.Time, error) {
	var f lanyard.FieldErrors
	until := now.Add(StandardOverlap)
	at := "/old_key_expires_at"
	switch {
	case in.Overlap != nil && !in.Until.IsZero():
		f.Add("/overlap_seconds", "give either this or old_key_expires_at")
	case in.Overlap != nil:
		at, until = "/overlap_seconds", now.Add(*in.Overlap)
	case !in.Until.IsZero():
		until = in.Until
	}
	switch {
	case until.Before(now):
		f.Add(at, "this lies in the past: the earliest is now")
	case until.After(now.Add(maxOverlap)):
		f.Add(at, "the secret before works for 30 days at most")
	case until.Equal(now):
		until = time.Time{}
	}
	return until, f.Err()
}

// RotateKey gives one of the caller's own keys a new secret, which is returned this once. The present one goes on
// working for a while, so that whatever uses it can be changed without a gap; the one before that ends at once.
func (a *Accounts) RotateKey(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID, in Rotate) (*lanyard.APIKey, lanyard.Secret, error) {
	if err := access.ManageAlone(c); err != nil {
		return nil, lanyard.Secret{}, err
	}
	key, err := a.store.APIKey(ctx, c.Organization, c.User, id)
	if err != nil {
		return nil, lanyard.Secret{}, err
	}
	// Whoever learns the new secret can do what the key can, so this is as good as making such a key.
	if key.Rights.ActForUsers && !mayGrantActForUsers(c) {
		return nil, lanyard.Secret{}, lanyard.Errorf(lanyard.CodeForbidden, "A key that acts for users is rotated by an owner or admin, with a session or key that may do so itself.")
	}
	now := a.store.Now()
	if !key.ExpiresAt.IsZero() && !now.Before(key.ExpiresAt) {
		return nil, lanyard.Secret{}, lanyard.Errorf(lanyard.CodeConflict, "This key has ended, so there is nothing to rotate: make a new one.")
	}
	until, err := in.until(now)
	if err != nil {
		return nil, lanyard.Secret{}, err
	}
	value, hash := token("key")
	audit := c.Audit(lanyard.ActionKeyRotate, string(id), "")
	rotated, err := a.store.RotateAPIKey(ctx, c.Organization, c.User, id, store.Rotation{Hash: hash, Hint: value[len(value)-4:], PreviousUntil: until}, audit)
	if err != nil {
		return nil, lanyard.Secret{}, err
	}
	return rotated, lanyard.NewSecret(keyPrefix + value), nil
}

// EndPreviousKey ends the secret that one of the caller's own keys had before it was rotated.
func (a *Accounts) EndPreviousKey(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID) error {
	if err := access.ManageAlone(c); err != nil {
		return err
	}
	return a.store.EndPreviousKey(ctx, c.Organization, c.User, id, c.Audit(lanyard.ActionKeyEndPrevious, string(id), ""))
}
