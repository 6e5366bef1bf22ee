package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lanyard"
)

const invocationColumns = `organization_id, id, at, connection_id, connection, authorization_id, user_id, api_key_id,
	method, host, path, status, bytes_sent, bytes_received, duration, code, service`

const invocationWidth = 17 // columns

// maxInvocationRows in one statement: more of them save nothing.
const maxInvocationRows = 32

// InsertInvocations writes records of use and adds them to the counts, all or none. Ids are made here, from each
// record's time (now, when zero).
func (s *Store) InsertInvocations(ctx context.Context, list []lanyard.Invocation) error {
	if len(list) == 0 {
		return nil
	}
	return s.tx(ctx, func(t *tx) error {
		// Powers of two, so that there are few statements to prepare, whatever the length.
		rest := list
		for rows := maxInvocationRows; rows > 0; rows /= 2 {
			n := len(rest) / rows * rows
			if err := t.insertInvocations(ctx, rest[:n], rows); err != nil {
				return fmt.Errorf("write invocations: %w", err)
			}
			rest = rest[n:]
		}
		return t.countInvocations(ctx, list)
	})
}

// insertInvocations writes a list whose length is a multiple of rows with one statement.
func (t *tx) insertInvocations(ctx context.Context, list []lanyard.Invocation, rows int) (err error) {
	if len(list) == 0 {
		return nil
	}
	query := `INSERT INTO invocations (` + invocationColumns + `) VALUES ` + tuples(t.store.dialect, rows, invocationWidth)
	insert, err := t.sql.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	now := t.store.Now()
	for part := range slices.Chunk(list, rows) {
		args := make([]any, 0, rows*invocationWidth)
		for i := range part {
			args = appendInvocation(args, &part[i], now)
		}
		if err := checkText(args); err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func appendInvocation(args []any, v *lanyard.Invocation, now time.Time) []any {
	at := v.At
	if at.IsZero() {
		at = now
	}
	// Method, host and path are a stranger's text.
	return append(args, v.OrganizationID, recordID(at), millis(at), v.ConnectionID, v.Connection, v.Authorization, v.User, v.Key,
		clean(v.Method), clean(v.Host), clean(v.Path), v.Status, v.BytesSent, v.BytesReceived, v.Duration.Microseconds(), v.Code, v.Service)
}

// tuples writes ($1, $2), ($3, $4) and so on; for SQLite (?, ?), (?, ?), because it looks each numbered parameter up in a
// list of all of them, which took a third of the time.
func tuples(d dialect, rows, width int) string {
	var b strings.Builder
	for i := range rows * width {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%width == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		if d.name == "sqlite" {
			b.WriteByte('?')
			continue
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	return b.String()
}

// InvocationFilter narrows the list of invocations; empty fields do not.
type InvocationFilter struct {
	Connection lanyard.LinkName
	Service    lanyard.LinkName
	User       lanyard.UserID
	Outcome    lanyard.Outcome
	From       time.Time // the first moment
	Until      time.Time // the moment after the last
}

// where is the filter as a condition on what lies below the id before, if there is one. A record's id begins with its
// time, so a stretch of time is one of the key. It has one upper end: for two, SQLite does not take the index it should.
func (f *InvocationFilter) where(org lanyard.OrganizationID, before string) where {
	w := where{`organization_id = $1`, []any{org}}
	f.narrow(&w)
	if !f.Until.IsZero() && (before == "" || recordIDsFrom(f.Until) < before) {
		before = recordIDsFrom(f.Until)
	}
	if before != "" {
		w.and(`id < `, before)
	}
	return w
}

// narrow adds all of the filter but its end.
func (f *InvocationFilter) narrow(w *where) {
	if f.Connection != "" {
		w.and(`connection = `, f.Connection)
	}
	if f.Service != "" {
		w.and(`service = `, f.Service)
	}
	switch {
	case f.User == "":
	case f.Connection != "":
		// Not by the index of users: a connection has fewer calls than a person may have.
		w.and(`user_id || '' = `, f.User)
	default:
		w.and(`user_id = `, f.User)
	}
	switch f.Outcome {
	case "":
	case lanyard.OutcomeFailed:
		w.text += ` AND (code <> '' OR status = 0)`
	case lanyard.OutcomeClientError:
		w.text += ` AND code = '' AND status >= 400 AND status < 500`
	case lanyard.OutcomeServerError:
		w.text += ` AND code = '' AND status >= 500`
	default:
		w.text += ` AND code = '' AND status > 0 AND status < 400`
	}
	if !f.From.IsZero() {
		w.and(`id >= `, recordIDsFrom(f.From))
	}
}

// Invocations lists what was called, newest first. An index leads to the calls of a connection or of a user; what else
// is asked for is searched for among these, and the search of one page ends after a while: the page then holds fewer
// than were asked for, perhaps none, and the next one goes on.
func (s *Store) Invocations(ctx context.Context, org lanyard.OrganizationID, f InvocationFilter, page Page) ([]lanyard.Invocation, string, error) {
	const list = "invocations"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	indexed := InvocationFilter{Connection: f.Connection, User: f.User, From: f.From, Until: f.Until}
	if f.Connection != "" {
		indexed.User = ""
	}
	if indexed != f {
		search := invocationSearch{store: s, org: org, filter: f, indexed: indexed, before: after}
		if err := search.run(ctx, rows); err != nil {
			return nil, "", fmt.Errorf("search the invocations: %w", err)
		}
		if len(search.found) < rows && search.more {
			return search.found, cursor(list, org, search.before), nil
		}
		found, next := Cut(list, org, search.found, rows, invocationKey)
		return found, next, nil
	}
	w := f.where(org, after)
	found, err := all(ctx, s.reads, scanInvocation, `SELECT `+invocationColumns+` FROM invocations WHERE `+w.limit(`id DESC`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list invocations: %w", err)
	}
	found, next := Cut(list, org, found, rows, invocationKey)
	return found, next, nil
}

func scanInvocation(row scanner) (v lanyard.Invocation, err error) {
	err = row.Scan(&v.OrganizationID, &v.ID, instant{&v.At}, &v.ConnectionID, &v.Connection, &v.Authorization, &v.User, &v.Key,
		&v.Method, &v.Host, &v.Path, &v.Status, &v.BytesSent, &v.BytesReceived, duration{&v.Duration, time.Microsecond}, &v.Code, &v.Service)
	return v, err
}

func invocationKey(v *lanyard.Invocation) string { return string(v.ID) }
