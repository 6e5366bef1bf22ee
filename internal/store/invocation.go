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
	method, host, path, status, bytes_sent, bytes_received, duration, code`

const invocationWidth = 16 // columns

// maxInvocationRows in one statement: more of them save nothing.
const maxInvocationRows = 32

// InsertInvocations writes records of use, all or none. Ids are made here, from each record's time (now, when zero).
func (s *Store) InsertInvocations(ctx context.Context, list []lanyard.Invocation) error {
	if len(list) == 0 {
		return nil
	}
	return s.tx(ctx, func(t *tx) error {
		// Powers of two, so that there are few statements to prepare, whatever the length.
		for rows := maxInvocationRows; rows > 0; rows /= 2 {
			n := len(list) / rows * rows
			if err := t.insertInvocations(ctx, list[:n], rows); err != nil {
				return fmt.Errorf("write invocations: %w", err)
			}
			list = list[n:]
		}
		return nil
	})
}

// insertInvocations writes a list whose length is a multiple of rows with one statement.
func (t *tx) insertInvocations(ctx context.Context, list []lanyard.Invocation, rows int) (err error) {
	if len(list) == 0 {
		return nil
	}
	query := `INSERT INTO invocations (` + invocationColumns + `) VALUES ` + tuples(t.store.dialect, rows, invocationWidth) //nolint:gosec // only the number of parameters varies
	insert, err := t.sql.PrepareContext(ctx, query)
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
		clean(v.Method), clean(v.Host), clean(v.Path), v.Status, v.BytesSent, v.BytesReceived, v.Duration.Microseconds(), v.Code)
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
	User       lanyard.UserID
}

// Invocations lists what was called, newest first.
func (s *Store) Invocations(ctx context.Context, org lanyard.OrganizationID, f InvocationFilter, page Page) ([]lanyard.Invocation, string, error) {
	const list = "invocations"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	scan := func(row scanner) (v lanyard.Invocation, err error) {
		err = row.Scan(&v.OrganizationID, &v.ID, instant{&v.At}, &v.ConnectionID, &v.Connection, &v.Authorization, &v.User, &v.Key,
			&v.Method, &v.Host, &v.Path, &v.Status, &v.BytesSent, &v.BytesReceived, duration{&v.Duration, time.Microsecond}, &v.Code)
		return v, err
	}
	w := where{`organization_id = $1`, []any{org}}
	if f.Connection != "" {
		w.and(`connection = `, f.Connection)
	}
	if f.User != "" {
		w.and(`user_id = `, f.User)
	}
	if after != "" {
		w.and(`id < `, after)
	}
	query := `SELECT ` + invocationColumns + ` FROM invocations WHERE ` + w.limit(`id DESC`, rows)
	found, err := all(ctx, s.reads, scan, query, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list invocations: %w", err)
	}
	found, next := Cut(list, org, found, rows, func(v *lanyard.Invocation) string { return string(v.ID) })
	return found, next, nil
}
