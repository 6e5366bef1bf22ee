package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// MaxPage is the largest number of items that the server gives at once.
const MaxPage = 200

// List is a list of the API. Nothing is read before it is walked over; it can be walked over more than once.
type List[T any] struct {
	client *Client
	path   string
	query  url.Values
}

// Page reads up to limit items from where cursor points, the first ones when it is empty. At limit zero the server
// decides how many. The returned cursor is empty after the last page.
func (l *List[T]) Page(ctx context.Context, cursor string, limit int) (items []*T, next string, err error) {
	query := url.Values{}
	maps.Copy(query, l.query)
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	page, err := call[struct {
		Items      []json.RawMessage `json:"items"`
		NextCursor string            `json:"next_cursor"`
	}](ctx, l.client, http.MethodGet, l.path, query, nil)
	if err != nil {
		return nil, "", err
	}
	items = make([]*T, len(page.Items))
	for i, raw := range page.Items {
		if items[i], err = decode[T](raw); err != nil {
			return nil, "", err
		}
	}
	return items, page.NextCursor, nil
}

// All walks over the whole list, reading page after page as it is needed. An error ends it.
func (l *List[T]) All(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for cursor := ""; ; {
			items, next, err := l.Page(ctx, cursor, MaxPage)
			if err == nil && next != "" && next == cursor {
				err = errors.New("the server gives the same page again and again")
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}

// filter makes a query of those names and values that have a value.
func filter(namesAndValues ...string) url.Values {
	query := url.Values{}
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			query.Set(namesAndValues[i], namesAndValues[i+1])
		}
	}
	return query
}
