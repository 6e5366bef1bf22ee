package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"lanyard/internal/store"
	"lanyard/internal/vault"
)

// Restore makes a store of a backup, in an empty place: all of it, or nothing. The key is the one in c.KeyFile, or, where
// that file is missing, the one in the backup, which is then written there. What was written is read again before it counts:
// all rows, and every sealed value opens. The store is paused: see [store.Store.Paused].
func Restore(ctx context.Context, c store.Config, file io.Reader, d *Decryption) (*Contents, error) {
	plain, err := d.open(file)
	if err != nil {
		return nil, err
	}
	r, err := newReader(plain)
	if err != nil {
		return nil, err
	}
	seals, err := store.ReadSeals(c.KeyFile)
	var fault *vault.KeyError
	missing := errors.As(err, &fault) && fault.Fault == vault.KeyMissing
	switch {
	case missing && r.header.Key != "":
		seals, err = store.SealsOf(r.header.Key, "in the backup")
	case missing:
		err = fmt.Errorf("the backup does not hold the key that its credentials are sealed with, and there is none at %s: put the key file of the original there, or name it with --key-file; nothing was changed", c.KeyFile)
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	restored := contentsOf(r.header)
	origin := store.Origin{ID: r.header.Instance, PublicURL: r.header.PublicURL, BackupAt: r.header.At}
	wroteKey := false
	err = store.Restore(ctx, c, r.header.Schema, origin, func(ctx context.Context, f *store.Filling) error {
		if err := fill(ctx, f, r, seals, restored); err != nil {
			return err
		}
		if !missing {
			return nil
		}
		err := seals.WriteKey(c.KeyFile) // before the store that needs it
		wroteKey = err == nil
		return err
	})
	if err != nil {
		if wroteKey {
			err = errors.Join(err, os.Remove(c.KeyFile))
		}
		return nil, err
	}
	restored.Opened = seals.Opened
	return restored, nil
}

// fill puts the rows of a backup into a store of the same schema, and compares what stands there then.
func fill(ctx context.Context, f *store.Filling, r *reader, seals *store.Seals, restored *Contents) error {
	type filled struct {
		store.Table
		sum
	}
	var all []filled
	err := r.each(func(t store.Table, rows func(func([]any) error) (sum, error)) error {
		if err := fits(f.Tables, t); err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(a filled) bool { return a.Name == t.Name }) {
			return fmt.Errorf("%w: table %s stands in it twice", errDamaged, t.Name)
		}
		insert, done, err := f.Insert(ctx, t)
		if err != nil {
			return err
		}
		defer done()
		s, err := rows(func(row []any) error { return cmp.Or(seals.Check(t, row), insert(row)) })
		all = append(all, filled{t, s})
		restored.note(t.Name, s)
		return err
	})
	if err != nil {
		return err
	}
	if len(all) != len(f.Tables) {
		return fmt.Errorf("%w: it has %d tables, and schema version %d has %d", errDamaged, len(all), restored.Schema, len(f.Tables))
	}
	for _, written := range all {
		var s sum
		err := f.Rows(ctx, written.Table, func(row []any) error {
			line, err := encodeRow(row)
			s.add(line)
			return err
		})
		if err != nil {
			return err
		}
		if s != written.sum {
			return fmt.Errorf("table %s reads other than it was written, so the restore was undone", written.Name)
		}
	}
	return nil
}

// fits says whether a table of a backup is one of the schema.
func fits(schema []store.Table, t store.Table) error {
	for _, s := range schema {
		if s.Name == t.Name && len(s.Columns) == len(t.Columns) && !slices.ContainsFunc(t.Columns, func(c store.Column) bool { return !slices.Contains(s.Columns, c) }) {
			return nil
		}
	}
	return fmt.Errorf("%w: table %s is not as its schema version has it", errDamaged, t.Name)
}
