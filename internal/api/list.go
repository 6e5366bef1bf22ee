package api

import (
	"time"

	"lanyard/internal/store"
)

// Page is what every list takes. Like other structs of parameters that stand inside others, it is exported because huma
// finds no fields in one that is not.
type Page struct {
	Cursor string `query:"cursor" doc:"Where to go on: next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items a page has at most"`
}

func (p Page) store() store.Page { return store.Page{Cursor: p.Cursor, Limit: p.Limit} }

// list is a page of items, as every list answers.
type list[T any] struct {
	Items      []T    `json:"items" doc:"The items of this page"`
	NextCursor string `json:"next_cursor" doc:"The cursor of the next page; empty on the last one"`
}

// answer is a body with the status that the operation says.
type answer[T any] struct{ Body T }

// created is the answer to a POST that made something which has a path of its own.
type created[T any] struct {
	Location string `header:"Location" doc:"The path of what was made"`
	Body     T
}

// listAnswer encodes the items of a page.
func listAnswer[T, V any](items []V, next string, encode func(*V) T) *answer[list[T]] {
	out := &answer[list[T]]{Body: list[T]{Items: make([]T, len(items)), NextCursor: next}}
	for i := range items {
		out.Body.Items[i] = encode(&items[i])
	}
	return out
}

// when is a time as JSON has it: UTC, and null for none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// texts is a list of names as JSON has it: never null.
func texts[T ~string](names []T) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return out
}
