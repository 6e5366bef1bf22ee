package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lanyard"
)

// The grains of the counts: how long the slots are that calls are counted in.
const (
	minuteGrain = time.Minute
	hourGrain   = time.Hour
)

// Dimension is by what calls are counted. A count by anything else has to be made from the records.
type Dimension string

const (
	ByTotal      Dimension = "total"
	ByConnection Dimension = "connection"
	ByService    Dimension = "service"
	ByUser       Dimension = "user"
	// ByConnectionUser is what a member sees of a connection; its subject is [ConnectionUser].
	ByConnectionUser Dimension = "connection_user"
)

// ConnectionUser is the subject of the calls of a user through a connection; empty when there is not both.
func ConnectionUser(c lanyard.LinkName, u lanyard.UserID) string {
	if c == "" || u == "" {
		return ""
	}
	return string(c) + " " + string(u)
}

// TookBounds are the upper ends of the steps that the durations of calls are counted in; what took longer than the last
// is in one step more.
var TookBounds = []time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 15 * time.Second, 60 * time.Second,
}

const tookSteps = 13 // len(TookBounds)+1

// Counts is what is known of a number of calls.
type Counts struct {
	Calls         int64
	BytesSent     int64
	BytesReceived int64
	Duration      time.Duration // of all together
	Took          [tookSteps]int64
}

// Add adds other calls.
func (c *Counts) Add(o *Counts) {
	c.Calls += o.Calls
	c.BytesSent += o.BytesSent
	c.BytesReceived += o.BytesReceived
	c.Duration += o.Duration
	for i := range c.Took {
		c.Took[i] += o.Took[i]
	}
}

func (c *Counts) count(v *lanyard.Invocation) {
	c.Calls++
	c.BytesSent += v.BytesSent
	c.BytesReceived += v.BytesReceived
	c.Duration += v.Duration.Truncate(time.Microsecond) // as the record keeps it
	step, _ := slices.BinarySearch(TookBounds, v.Duration.Truncate(time.Microsecond))
	c.Took[step]++
}

// countKey is a row of invocation_counts.
type countKey struct {
	organization lanyard.OrganizationID
	dimension    Dimension
	subject      string
	grain        time.Duration
	at           int64
	outcome      lanyard.Outcome
}

func compareCountKeys(a, b countKey) int {
	return cmp.Or(cmp.Compare(a.organization, b.organization), cmp.Compare(a.dimension, b.dimension), cmp.Compare(a.subject, b.subject),
		cmp.Compare(a.grain, b.grain), cmp.Compare(a.at, b.at), cmp.Compare(a.outcome, b.outcome))
}

const countKeyColumns = `organization_id, dimension, subject, grain, at, outcome`

// countColumns are the figures of a row, in the order of [Counts].
var countColumns = func() []string {
	columns := []string{"calls", "bytes_sent", "bytes_received", "duration"}
	for _, bound := range TookBounds {
		columns = append(columns, fmt.Sprintf("took_%d", bound.Milliseconds()))
	}
	return append(columns, "took_longer")
}()

// countWidth is the number of columns of a row.
var countWidth = 6 + len(countColumns)

// addCounts is what a row that is there does with another one of its key.
var addCounts = func() string {
	sums := make([]string, len(countColumns))
	for i, c := range countColumns {
		sums[i] = c + ` = invocation_counts.` + c + ` + excluded.` + c
	}
	return ` ON CONFLICT (` + countKeyColumns + `) DO UPDATE SET ` + strings.Join(sums, `, `)
}()

// countInvocations adds a batch to the counts. It is added up here first, so that a batch touches each row once; in one
// order, so that two replicas never wait for each other in a circle.
func (t *tx) countInvocations(ctx context.Context, list []lanyard.Invocation) error {
	counts := map[countKey]*Counts{}
	now := t.store.Now()
	for i := range list {
		v := &list[i]
		key := countKey{organization: v.OrganizationID, outcome: v.Outcome()}
		at := millis(v.At)
		if v.At.IsZero() {
			at = millis(now)
		}
		for _, of := range [...]struct {
			dimension Dimension
			subject   string
		}{{ByTotal, ""}, {ByConnection, string(v.Connection)}, {ByService, string(v.Service)}, {ByUser, string(v.User)}, {ByConnectionUser, ConnectionUser(v.Connection, v.User)}} {
			if of.dimension != ByTotal && of.subject == "" {
				continue
			}
			key.dimension, key.subject = of.dimension, of.subject
			for _, key.grain = range [...]time.Duration{minuteGrain, hourGrain} {
				key.at = at - at%key.grain.Milliseconds()
				c := counts[key]
				if c == nil {
					c = &Counts{}
					counts[key] = c
				}
				c.count(v)
			}
		}
	}
	keys := make([]countKey, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareCountKeys)
	// Powers of two, as for the records.
	for rows := maxInvocationRows; rows > 0; rows /= 2 {
		n := len(keys) / rows * rows
		if err := t.upsertCounts(ctx, keys[:n], counts, rows); err != nil {
			return fmt.Errorf("count invocations: %w", err)
		}
		keys = keys[n:]
	}
	return nil
}

// upsertCounts adds rows whose number is a multiple of rows with one statement.
func (t *tx) upsertCounts(ctx context.Context, keys []countKey, counts map[countKey]*Counts, rows int) (err error) {
	if len(keys) == 0 {
		return nil
	}
	query := `INSERT INTO invocation_counts (` + countKeyColumns + `, ` + strings.Join(countColumns, `, `) + `) VALUES ` +
		tuples(t.store.dialect, rows, countWidth) + addCounts
	upsert, err := t.sql.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upsert.Close()) }()
	for part := range slices.Chunk(keys, rows) {
		args := make([]any, 0, rows*countWidth)
		for _, key := range part {
			c := counts[key]
			args = append(args, key.organization, key.dimension, key.subject, key.grain.Milliseconds(), key.at, key.outcome,
				c.Calls, c.BytesSent, c.BytesReceived, c.Duration.Microseconds())
			for _, n := range c.Took {
				args = append(args, n)
			}
		}
		if err := checkText(args); err != nil {
			return err
		}
		if _, err := upsert.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// scanCounts gives the targets of the columns of countColumns.
func scanCounts(c *Counts) []any {
	targets := []any{&c.Calls, &c.BytesSent, &c.BytesReceived, duration{&c.Duration, time.Microsecond}}
	for i := range c.Took {
		targets = append(targets, &c.Took[i])
	}
	return targets
}

// Slot is the calls of one outcome in one slot of a series.
type Slot struct {
	Index   int // from 0
	Outcome lanyard.Outcome
	Counts
}

// Span is a stretch of time in slots of one length, that begins at a whole minute.
type Span struct {
	From  time.Time
	Width time.Duration // of a slot, in whole minutes
	Slots int
	Since time.Time // what is earlier is left out; by the counts, which do not know better, what is a slot of theirs earlier
}

func (s Span) end() time.Time { return s.From.Add(s.Width * time.Duration(s.Slots)) }

// grain is the coarsest that the span is made of.
func (s Span) grain() time.Duration {
	if s.Width%hourGrain == 0 && s.From.Equal(s.From.Truncate(hourGrain)) {
		return hourGrain
	}
	return minuteGrain
}

// first is the first moment that counts.
func (s Span) first() time.Time {
	if s.Since.After(s.From) {
		return s.Since
	}
	return s.From
}

// sumsOf gives the sum over each column, as whole numbers on both databases: PostgreSQL adds up to a NUMERIC.
var sumsOf = func() string {
	sums := make([]string, len(countColumns))
	for i, c := range countColumns {
		sums[i] = `CAST(sum(` + c + `) AS BIGINT)`
	}
	return strings.Join(sums, `, `)
}()

// CountSeries counts the calls of one subject (of everything: [ByTotal] and "") by slot and outcome. Minutes are kept
// for two days, hours for as long as [Store.DeleteExpired] says. Slots in which nothing was called are left out.
func (s *Store) CountSeries(ctx context.Context, org lanyard.OrganizationID, d Dimension, subject string, span Span) ([]Slot, error) {
	query := `SELECT (at - $5) / $7 AS slot, outcome, ` + sumsOf + ` FROM invocation_counts
		WHERE organization_id = $1 AND dimension = $2 AND subject = $3 AND grain = $4 AND at >= $8 AND at < $6 GROUP BY slot, outcome ORDER BY slot, outcome`
	slots, err := all(ctx, s.reads, scanSlot, query, org, d, subject, span.grain().Milliseconds(), millis(span.From), millis(span.end()), span.Width.Milliseconds(),
		millis(span.first().Truncate(span.grain())))
	if err != nil {
		return nil, fmt.Errorf("count invocations: %w", err)
	}
	return slots, nil
}

func scanSlot(row scanner) (v Slot, err error) {
	err = row.Scan(append([]any{&v.Index, &v.Outcome}, scanCounts(&v.Counts)...)...)
	return v, err
}

// recordOutcome is [lanyard.Invocation.Outcome] in the database.
const recordOutcome = `CASE WHEN code <> '' OR status = 0 THEN 'failed' WHEN status < 400 THEN 'ok' WHEN status < 500 THEN 'client_error' ELSE 'server_error' END`

// recordCounts are the columns of countColumns made from records.
var recordCounts = func() string {
	columns := []string{`count(*)`, `CAST(sum(bytes_sent) AS BIGINT)`, `CAST(sum(bytes_received) AS BIGINT)`, `CAST(sum(duration) AS BIGINT)`}
	lower := ``
	for _, bound := range TookBounds {
		columns = append(columns, fmt.Sprintf(`sum(CASE WHEN %sduration <= %d THEN 1 ELSE 0 END)`, lower, bound.Microseconds()))
		lower = fmt.Sprintf(`duration > %d AND `, bound.Microseconds())
	}
	columns = append(columns, fmt.Sprintf(`sum(CASE WHEN duration > %d THEN 1 ELSE 0 END)`, TookBounds[len(TookBounds)-1].Microseconds()))
	return strings.Join(columns, `, `)
}()

// RecordSeries counts like [Store.CountSeries] by any filter but an outcome, from the newest of the records themselves:
// no more of them are read than most. Since is zero when those were all; otherwise the series begins there.
func (s *Store) RecordSeries(ctx context.Context, org lanyard.OrganizationID, f InvocationFilter, span Span, most int) (slots []Slot, since time.Time, err error) {
	f.From, f.Until, f.Outcome = span.first(), span.end(), ""
	w := f.where(org, "")
	newest := `FROM (SELECT at, status, code, bytes_sent, bytes_received, duration FROM invocations WHERE ` + w.limit(`id DESC`, most) + `) newest`
	from, width := len(w.args)+1, len(w.args)+2
	query := fmt.Sprintf(`SELECT (at - $%d) / $%d AS slot, %s AS outcome, %s, min(at) %s GROUP BY slot, outcome ORDER BY slot, outcome`,
		from, width, recordOutcome, recordCounts, newest)
	var read int64
	scan := func(row scanner) (v Slot, err error) {
		var oldest time.Time
		err = row.Scan(append(append([]any{&v.Index, &v.Outcome}, scanCounts(&v.Counts)...), instant{&oldest})...)
		if read += v.Calls; since.IsZero() || oldest.Before(since) {
			since = oldest
		}
		return v, err
	}
	slots, err = all(ctx, s.reads, scan, query, append(w.args, millis(span.From), span.Width.Milliseconds())...)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("count invocations from their records: %w", err)
	}
	if read < int64(most) {
		since = time.Time{}
	}
	return slots, since, nil
}

// lastHour gives the newest hour, begun before a time, that holds a call of the subject with the outcome ("" for any).
// The zero time says that there is none.
func (s *Store) lastHour(ctx context.Context, org lanyard.OrganizationID, d Dimension, subject string, outcome lanyard.Outcome, before time.Time) (time.Time, error) {
	w := where{`organization_id = $1`, []any{org}}
	w.and(`dimension = `, d)
	w.and(`subject = `, subject)
	w.and(`grain = `, hourGrain.Milliseconds())
	w.and(`at < `, millis(before))
	if outcome != "" {
		w.and(`outcome = `, outcome)
	}
	scan := func(row scanner) (at time.Time, err error) { err = row.Scan(instant{&at}); return at, err }
	hours, err := all(ctx, s.reads, scan, `SELECT at FROM invocation_counts WHERE `+w.limit(`at DESC`, 1), w.args...)
	if err != nil || len(hours) == 0 {
		return time.Time{}, err
	}
	return hours[0], nil
}
