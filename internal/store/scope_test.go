package store

import (
	"context"
	"testing"

	"lanyard"
)

// What the tests outside of the package need to forget a condition on purpose.

func Texts(ctx context.Context, s *Store, query string, args ...any) ([]string, error) {
	return all(ctx, s.reads, column[string], query, args...)
}

func TextsInTransaction(ctx context.Context, s *Store, query string, args ...any) (texts []string, err error) {
	err = s.tx(ctx, func(t *tx) error {
		texts, err = all(ctx, t.sql, column[string], query, args...)
		return err
	})
	return texts, err
}

func ExecInTransaction(ctx context.Context, s *Store, query string, args ...any) (n int64, err error) {
	err = s.tx(ctx, func(t *tx) error {
		n, err = t.exec(ctx, query, args...)
		return err
	})
	return n, err
}

func TestScopeOf(t *testing.T) {
	const a, b lanyard.OrganizationID = "org_a", "org_b"
	for _, c := range []struct {
		args []any
		want string
	}{
		{nil, everybody},
		{[]any{"org_a", 1}, everybody},
		{[]any{a, "x"}, "org_a"},
		{[]any{1, a, a}, "org_a"},
		{[]any{a, b}, everybody},
		{[]any{lanyard.OrganizationID("")}, everybody},
		{[]any{a, lanyard.OrganizationID("")}, everybody},
	} {
		if got := scopeOf(c.args); got != c.want {
			t.Errorf("%v are for %q, want %q", c.args, got, c.want)
		}
	}
}
