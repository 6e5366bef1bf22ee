package store

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"lanyard"
)

const (
	defaultLimit = 50
	MaxLimit     = 200 // items of one page
	cursorSum    = 8   // bytes

	// ServiceList names the list of services in its cursors.
	ServiceList = "services"
)

// Page asks for a part of a list.
//
// A list that is put together from more than the store, as services are, is paged by the same two functions.
type Page struct {
	Cursor string // from the page before; empty: the first page
	Limit  int    // 1 to 200; 0: 50
}

// A cursor holds the key of the last row of a page, and so stays right however many rows come and go. Before the key
// stands a checksum over it, the list and the organization: a cursor of another list, or of another organization, is
// not taken for a place in this one. It is no secret.
func cursor(list string, org lanyard.OrganizationID, key string) string {
	return base64.RawURLEncoding.EncodeToString(append(cursorChecksum(list, org, key), key...))
}

func cursorChecksum(list string, org lanyard.OrganizationID, key string) []byte {
	sum := sha256.Sum256([]byte("lanyard cursor\x00" + list + "\x00" + string(org) + "\x00" + key))
	return sum[:cursorSum]
}

// Open gives the key to go on after, and how many rows to ask for: one more than the page holds, to see whether there
// is a next page.
func (p Page) Open(list string, org lanyard.OrganizationID) (after string, rows int, err error) {
	var faults lanyard.FieldErrors
	limit := p.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 1 || limit > MaxLimit {
		faults.Add("limit", "this is a number from 1 to %d", MaxLimit)
	}
	if p.Cursor != "" {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
		if err != nil || len(raw) <= cursorSum || string(raw[:cursorSum]) != string(cursorChecksum(list, org, string(raw[cursorSum:]))) {
			faults.Add("cursor", "this is not the next_cursor of a page of this list: begin again without it")
		} else {
			after = string(raw[cursorSum:])
		}
	}
	return after, limit + 1, faults.Err()
}

// Cut takes the extra row off again and makes the cursor of the next page; empty when this is the last one.
func Cut[T any](list string, org lanyard.OrganizationID, items []T, rows int, key func(*T) string) ([]T, string) {
	if len(items) < rows {
		return items, ""
	}
	items = items[:rows-1]
	return items, cursor(list, org, key(&items[len(items)-1]))
}

// where builds the condition of a list: each part is a text of this package, each value a parameter.
type where struct {
	text string
	args []any
}

// and adds a condition that ends before its value.
func (w *where) and(condition string, value any) {
	w.args = append(w.args, value)
	w.text += fmt.Sprintf(` AND %s$%d`, condition, len(w.args))
}

// in adds a condition that the column has one of the values.
func in[T any](w *where, column string, values []T) {
	marks := make([]string, len(values))
	for i, v := range values {
		w.args = append(w.args, v)
		marks[i] = fmt.Sprintf("$%d", len(w.args))
	}
	w.text += ` AND ` + column + ` IN (` + strings.Join(marks, ", ") + `)`
}

// limit ends the query. The order begins with what the cursor holds.
func (w *where) limit(order string, rows int) string {
	w.args = append(w.args, rows)
	return fmt.Sprintf(`%s ORDER BY %s LIMIT $%d`, w.text, order, len(w.args))
}
