package store

import (
	"context"
	"fmt"
)

// DeleteExpired deletes what has ended by itself in all organizations: links, sessions, remembered browsers, consent
// requests a day after they expired, and revocations that nobody finished. Each kind is a transaction of its own, since none needs another.
func (s *Store) DeleteExpired(ctx context.Context) error {
	now := s.Now()
	for _, d := range []struct {
		query  string
		before int64
	}{
		{`DELETE FROM one_time_links WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM connect_links WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM sessions WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM known_browsers WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM consent_requests WHERE expires_at <= $1`, millis(now.Add(-keepConsent))},
		{`DELETE FROM provider_revocations WHERE give_up_at <= $1`, millis(now.Add(-keepRevocation))},
	} {
		if _, err := exec(ctx, s.writes, d.query, d.before); err != nil {
			return fmt.Errorf("delete what has expired: %w", err)
		}
	}
	return nil
}
