package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"lanyard"
)

// querier is what a query runs on: a pool or a transaction.
type querier interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	// query gives rows, and what is to be called when they are closed.
	query(ctx context.Context, query string, args ...any) (rows *sql.Rows, done func(), err error)
}

// scanner is a row to read: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// tx is a transaction and the changes it will tell about.
type tx struct {
	store   *Store
	sql     *transaction
	changes []Change
}

// tx runs do in one transaction. Whatever do returns but nil undoes it all. After the commit the changes are told.
func (s *Store) tx(ctx context.Context, do func(*tx) error) error {
	begun, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = begun.Rollback() }() // after a commit this does nothing
	t := &tx{store: s, sql: &transaction{Tx: begun, walled: s.writes.walled}}
	if err := do(t); err != nil {
		return err
	}
	if err := t.notify(ctx); err != nil {
		return err
	}
	if err := begun.Commit(); err != nil {
		// The answer was lost, perhaps not the commit: nothing that is kept can be trusted.
		s.onChange(Change{Kind: ChangeAll})
		return fmt.Errorf("commit: %w", err)
	}
	for _, c := range t.changes {
		s.onChange(c)
	}
	return nil
}

// tell notes a change, to be told after the commit.
func (t *tx) tell(c Change) { t.changes = append(t.changes, c) }

// exec runs a statement in the transaction and gives the number of rows it touched.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return exec(ctx, t.sql, query, args...)
}

func exec(ctx context.Context, on querier, query string, args ...any) (int64, error) {
	if err := checkText(args); err != nil {
		return 0, err
	}
	result, err := on.exec(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	return result.RowsAffected()
}

// all collects every row of a query.
func all[T any](ctx context.Context, on querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	if err := checkText(args); err != nil {
		return nil, err
	}
	rows, done, err := on.query(ctx, query, args...)
	if err != nil {
		return nil, translate(err)
	}
	defer done()
	defer func() { _ = rows.Close() }() // its error is in rows.Err
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, translate(err)
	}
	return list, nil
}

// one gives the only row of a query. Without one the error is [sql.ErrNoRows]; the caller knows what was not found.
func one[T any](ctx context.Context, on querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	list, err := all(ctx, on, scan, query, args...)
	if err == nil && len(list) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return list[0], nil
}

// find is [one], answering not_found with a sentence such as "There is no such connection."
func find[T any](ctx context.Context, on querier, what string, scan func(scanner) (T, error), query string, args ...any) (*T, error) {
	v, err := one(ctx, on, scan, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound(what)
	}
	if err != nil {
		return nil, fmt.Errorf("find the %s: %w", what, err)
	}
	return &v, nil
}

func notFound(what string) error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no such %s.", what)
}

// column is a scan function for one column.
func column[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

// errTaken is the cause of a unique violation; callers turn it into a conflict that names the field.
var errTaken = errors.New("a row with this key exists")

// translate gives the two constraint errors that callers can act on the same face on both databases.
func translate(err error) error {
	switch {
	case isUniqueViolation(err):
		return fmt.Errorf("%w: %w", errTaken, err)
	case isForeignKeyViolation(err):
		return lanyard.Errorf(lanyard.CodeNotFound, "What this would belong to does not exist.").With(err)
	}
	return err
}

func conflict(pointer, message, detail string) error {
	return &lanyard.Error{Code: lanyard.CodeConflict, Message: message, Fields: []lanyard.FieldError{{Pointer: pointer, Detail: detail}}}
}

// checkText refuses what PostgreSQL cannot keep as text, alike on both databases: bytes that are not UTF-8, and NUL.
func checkText(args []any) error {
	for _, a := range args {
		text, ok := a.(string)
		if !ok {
			v := reflect.ValueOf(a)
			if v.Kind() != reflect.String {
				continue
			}
			text = v.String()
		}
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return lanyard.Errorf(lanyard.CodeInvalidRequest, "Text is valid UTF-8 without NUL characters; nothing was changed.")
		}
	}
	return nil
}

// clean makes text of a stranger storable, for records that must not be lost over a bad byte in it.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
