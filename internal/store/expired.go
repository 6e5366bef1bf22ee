package store

import (
	"context"
	"fmt"
	"time"

	"lanyard"
)

// How long what was called is remembered. The audit log is kept for ever.
const (
	KeepInvocations  = 90 * 24 * time.Hour  // each call's record
	KeepMinuteCounts = 3 * 24 * time.Hour   // a day, the day before to compare it with, and some more
	KeepHourCounts   = 400 * 24 * time.Hour // a year, and some more
)

// deleteBatch is how many rows are deleted at once, so that nobody who writes waits for long.
const deleteBatch = 1000

// DeleteExpired deletes what has ended by itself in all organizations: links, invitations, sessions, remembered browsers, consent
// requests a day after they expired, revocations that nobody finished, and old records of calls, runs, webhooks and mails. Each kind is a
// transaction of its own, since none needs another.
func (s *Store) DeleteExpired(ctx context.Context) error {
	if s.Paused() {
		return nil // what was backed up is all there until it goes on
	}
	now := s.Now()
	for _, d := range []struct {
		query  string
		before int64
	}{
		{`DELETE FROM one_time_links WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM connect_links WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM invitations WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM connect_sessions WHERE expires_at <= $1`, millis(now.Add(-keepConsent))},
		{`DELETE FROM sessions WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM known_browsers WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM sign_in_requests WHERE expires_at <= $1`, millis(now)},
		{`DELETE FROM consent_requests WHERE expires_at <= $1`, millis(now.Add(-keepConsent))},
		{`DELETE FROM provider_revocations WHERE give_up_at <= $1`, millis(now.Add(-keepRevocation))},
		{`DELETE FROM notice_mails WHERE noted_at <= $1`, millis(now.Add(-keepNoticeMail))},
	} {
		if _, err := exec(ctx, s.writes, d.query, d.before); err != nil {
			return fmt.Errorf("delete what has expired: %w", err)
		}
	}
	const events = `DELETE FROM webhook_events WHERE (organization_id, id) IN (SELECT organization_id, id FROM webhook_events WHERE at <= $1 LIMIT $2)`
	if err := s.deleteInBatches(ctx, events, millis(now.Add(-KeepDeliveries))); err != nil {
		return fmt.Errorf("delete old events: %w", err)
	}
	const runs = `DELETE FROM function_runs WHERE (organization_id, id) IN (SELECT organization_id, id FROM function_runs WHERE started_at <= $1 LIMIT $2)`
	if err := s.deleteInBatches(ctx, runs, millis(now.Add(-KeepRuns))); err != nil {
		return fmt.Errorf("delete old runs of functions: %w", err)
	}
	if err := s.deleteOldInvocations(ctx, now); err != nil {
		return fmt.Errorf("delete old records of calls: %w", err)
	}
	return nil
}

func (s *Store) deleteOldInvocations(ctx context.Context, now time.Time) error {
	const counts = `DELETE FROM invocation_counts WHERE (` + countKeyColumns + `) IN
		(SELECT ` + countKeyColumns + ` FROM invocation_counts WHERE grain = $1 AND at < $2 LIMIT $3)`
	for grain, keep := range map[time.Duration]time.Duration{minuteGrain: KeepMinuteCounts, hourGrain: KeepHourCounts} {
		if err := s.deleteInBatches(ctx, counts, grain.Milliseconds(), millis(now.Add(-keep))); err != nil {
			return err
		}
	}
	organizations, err := all(ctx, s.reads, column[lanyard.OrganizationID], `SELECT id FROM organizations`)
	if err != nil {
		return err
	}
	const records = `DELETE FROM invocations WHERE organization_id = $1 AND id IN
		(SELECT id FROM invocations WHERE organization_id = $1 AND id < $2 ORDER BY id LIMIT $3)`
	for _, org := range organizations {
		if err := s.deleteInBatches(ctx, records, org, recordIDsFrom(now.Add(-KeepInvocations))); err != nil {
			return err
		}
	}
	return nil
}

// deleteInBatches runs a query whose last parameter is the most that it deletes, until it finds less.
func (s *Store) deleteInBatches(ctx context.Context, query string, args ...any) error {
	for {
		n, err := exec(ctx, s.writes, query, append(args, deleteBatch)...)
		if err != nil || n < deleteBatch {
			return err
		}
	}
}
