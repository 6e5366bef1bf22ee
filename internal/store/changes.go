package store

import "context"

// Changes are several changes that are made in one transaction: all of them, or none. Each is the method of [Store] of
// the same name. What they read was read before; versions tell when that moved on. What they erased is handed to whoever
// tells the providers after [Store.Together] came back without an error, and not before.
type Changes struct{ tx *tx }

// Together makes the changes that do makes. Whatever do returns but nil undoes them all; it must not use the Store, which
// waits for this transaction to end.
func (s *Store) Together(ctx context.Context, do func(*Changes) error) error {
	return s.tx(ctx, func(t *tx) error { return do(&Changes{t}) })
}
