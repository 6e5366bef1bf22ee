package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lanyard"
	"lanyard/internal/vault"
)

const (
	// KeepRuns is how long the record of a run is kept.
	KeepRuns = 30 * 24 * time.Hour
	// MaxRuns is how many records of runs of one function are kept.
	MaxRuns = 1000
)

// runColumns are those of runs r of functions f.
const runColumns = `r.organization_id, r.id, r.function_id, f.link_name, r.version, r.cause, r.user_id, r.api_key_id, r.status, r.started_at, r.deadline,
	r.duration, r.statements`

const fromRuns = ` FROM function_runs r JOIN functions f ON f.organization_id = r.organization_id AND f.id = r.function_id `

// scanRun reads runColumns and what a query selects beyond them. A run that should have ended by now was cut.
func (s *Store) scanRun(row scanner, more ...any) (r lanyard.FunctionRun, err error) {
	err = row.Scan(append([]any{
		&r.OrganizationID, &r.ID, &r.FunctionID, &r.Function, &r.Version, &r.Cause, &r.User, &r.Key, &r.Status, instant{&r.StartedAt}, instant{&r.Deadline},
		duration{&r.Duration, time.Microsecond}, &r.Statements,
	}, more...)...)
	if r.Status == lanyard.RunRunning && s.Now().After(r.Deadline) {
		r.Status = lanyard.RunCut
	}
	return r, err
}

func runCell(org lanyard.OrganizationID, id lanyard.RunID) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "function_runs", Row: string(id), Column: "report_sealed", Version: 1}
}

// BeginRun stores that a function runs, before it does: a run that nobody ends was cut. It sets id, status and the time
// of the beginning. Not_found when the function is gone.
func (s *Store) BeginRun(ctx context.Context, r *lanyard.FunctionRun) error {
	return s.tx(ctx, func(t *tx) error { return t.beginRun(ctx, r) })
}

func (t *tx) beginRun(ctx context.Context, r *lanyard.FunctionRun) error {
	r.StartedAt, r.Status = t.store.Now(), lanyard.RunRunning
	r.ID = lanyard.RunID("run_" + recordID(r.StartedAt))
	const insert = `INSERT INTO function_runs (organization_id, id, function_id, version, cause, user_id, api_key_id, status, started_at, deadline)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	if _, err := t.exec(ctx, insert, r.OrganizationID, r.ID, r.FunctionID, r.Version, r.Cause, r.User, r.Key, r.Status, millis(r.StartedAt), millis(r.Deadline)); err != nil {
		return fmt.Errorf("begin a run of function %s: %w", r.FunctionID, err)
	}
	const forget = `DELETE FROM function_runs WHERE organization_id = $1 AND function_id = $2 AND id <=
		(SELECT id FROM function_runs WHERE organization_id = $1 AND function_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)`
	if _, err := t.exec(ctx, forget, r.OrganizationID, r.FunctionID, MaxRuns); err != nil {
		return fmt.Errorf("forget old runs of function %s: %w", r.FunctionID, err)
	}
	return nil
}

// FinishRun stores what a run came to: status, duration, statements and report. It does nothing when the function was
// deleted meanwhile.
func (s *Store) FinishRun(ctx context.Context, r *lanyard.FunctionRun) error {
	plaintext, err := json.Marshal(r.Report)
	if err != nil {
		return errors.New("the report of a run cannot be encoded") // err could quote it
	}
	sealed, err := s.seal(plaintext, runCell(r.OrganizationID, r.ID))
	if err != nil {
		return err
	}
	const update = `UPDATE function_runs SET status = $3, duration = $4, statements = $5, report_sealed = $6 WHERE organization_id = $1 AND id = $2`
	if _, err := exec(ctx, s.writes, update, r.OrganizationID, r.ID, r.Status, r.Duration.Microseconds(), r.Statements, sealed); err != nil {
		return fmt.Errorf("end run %s: %w", r.ID, err)
	}
	return nil
}

// Run gives a run with its report; not_found otherwise.
func (s *Store) Run(ctx context.Context, org lanyard.OrganizationID, id lanyard.RunID) (*lanyard.FunctionRun, error) {
	scan := func(row scanner) (lanyard.FunctionRun, error) {
		var sealed []byte
		r, err := s.scanRun(row, &sealed)
		if err != nil || sealed == nil {
			return r, err
		}
		plaintext, err := s.vault.Open(sealed, runCell(r.OrganizationID, r.ID))
		if err != nil {
			return r, err
		}
		defer clear(plaintext)
		if json.Unmarshal(plaintext, &r.Report) != nil {
			return r, errors.New("the opened report of a run cannot be read") // the cause could quote it
		}
		return r, nil
	}
	return find(ctx, s.reads, "run", scan, `SELECT `+runColumns+`, r.report_sealed`+fromRuns+`WHERE r.organization_id = $1 AND r.id = $2`, org, id)
}

// RunFilter narrows the list of runs; empty fields do not.
type RunFilter struct {
	User lanyard.UserID   // whom it acted for
	Key  lanyard.APIKeyID // with which it was asked for
}

// Runs lists the runs of a function, newest first, without their reports.
func (s *Store) Runs(ctx context.Context, org lanyard.OrganizationID, id lanyard.FunctionID, f RunFilter, page Page) ([]lanyard.FunctionRun, string, error) {
	const list = "function_runs"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`r.organization_id = $1`, []any{org}}
	w.and(`r.function_id = `, id)
	if f.User != "" {
		w.and(`r.user_id = `, f.User)
	}
	if f.Key != "" {
		w.and(`r.api_key_id = `, f.Key)
	}
	if after != "" {
		w.and(`r.id < `, after)
	}
	scan := func(row scanner) (lanyard.FunctionRun, error) { return s.scanRun(row) }
	runs, err := all(ctx, s.reads, scan, `SELECT `+runColumns+fromRuns+`WHERE `+w.limit(`r.id DESC`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list the runs of function %s: %w", id, err)
	}
	runs, next := Cut(list, org, runs, rows, func(r *lanyard.FunctionRun) string { return string(r.ID) })
	return runs, next, nil
}
