package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"lanyard/internal/store"
	"lanyard/internal/vault"
)

// Contents is what a backup has.
type Contents struct {
	Header // without the key
	// WithKey says whether the master key is in it.
	WithKey bool
	Tables  []TableRows // in the order of the file
	Rows    int64
	// Opened is how many sealed values were opened to see that they do; 0 where no key was at hand.
	Opened int
}

// TableRows is how many rows a table has.
type TableRows struct {
	Name string
	Rows int64
}

func (c *Contents) note(name string, s sum) {
	c.Tables = append(c.Tables, TableRows{name, s.rows})
	c.Rows += s.rows
}

func contentsOf(h Header) *Contents {
	c := &Contents{Header: h, WithKey: h.Key != ""}
	c.Key = ""
	return c
}

// Options say how a backup is made.
type Options struct {
	Encryption *Encryption
	// Program is the version of this Lanyard.
	Program string
	// Key is the text of the key file, to be put into the backup; empty: it is left out.
	Key string
	// Unchecked leaves out to read again what was written.
	Unchecked bool
}

// Write makes a backup of a store, which a server may be serving, and writes it to a stream.
func Write(ctx context.Context, from store.Config, to io.Writer, o Options) (_ *Contents, err error) {
	snapshot, err := store.OpenSnapshot(ctx, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	encrypted, err := age.Encrypt(to, o.Encryption.recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	h := Header{
		Program: o.Program, Schema: snapshot.Version, At: snapshot.At, Instance: snapshot.Instance.ID, Store: snapshot.Dialect,
		PublicURL: snapshot.Instance.PublicURL, Key: o.Key,
	}
	w, err := newWriter(encrypted, h)
	if err != nil {
		return nil, fmt.Errorf("write the backup: %w", err)
	}
	made := contentsOf(h)
	for _, t := range snapshot.Tables {
		s, err := w.table(t, func(each func([]any) error) error { return snapshot.Rows(ctx, t, each) })
		if err != nil {
			return nil, fmt.Errorf("write the backup: %w", err)
		}
		made.note(t.Name, s)
	}
	if err := errors.Join(w.close(), encrypted.Close()); err != nil {
		return nil, fmt.Errorf("write the backup: %w", err)
	}
	return made, nil
}

// File makes a backup as a file that its owner alone can read. The file gets its name when it is complete and was read
// again and found sound. A file that is there already is left alone, with an error that is [fs.ErrExist].
func File(ctx context.Context, from store.Config, path string, o Options) (_ *Contents, err error) {
	exists := fmt.Errorf("%s is there already, and a backup replaces nothing: choose another name (%w)", path, fs.ErrExist)
	if _, err := os.Lstat(path); err == nil {
		return nil, exists
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".lanyard-backup-*") // made with mode 0600
	if err != nil {
		return nil, fmt.Errorf("make the file: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	defer f.Close() // closed before its error counts
	made, err := Write(ctx, from, f, o)
	if err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("write the backup: %w", err)
	}
	if !o.Unchecked {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read the backup again: %w", err)
		}
		read, err := Verify(ctx, f, &Decryption{o.Encryption.own}, nil)
		if err != nil {
			return nil, fmt.Errorf("what was written does not read as it should, and was removed: %w", err)
		}
		made.Opened = read.Opened
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("write the backup: %w", err)
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) { // unlike a rename, a link never replaces a file
		return nil, exists
	} else if err != nil {
		return nil, fmt.Errorf("give the backup its name: %w", err)
	}
	return made, vault.SyncDir(filepath.Dir(path))
}

// Verify reads a backup to its end: every count, sum and hash of it. With seals, or with the key in the backup, it opens
// every sealed value too.
func Verify(ctx context.Context, file io.Reader, d *Decryption, seals *store.Seals) (*Contents, error) {
	plain, err := d.open(file)
	if err != nil {
		return nil, err
	}
	r, err := newReader(plain)
	if err != nil {
		return nil, err
	}
	if seals == nil && r.header.Key != "" {
		if seals, err = store.SealsOf(r.header.Key, "in the backup"); err != nil {
			return nil, err
		}
	}
	found := contentsOf(r.header)
	err = r.each(func(t store.Table, rows func(func([]any) error) (sum, error)) error {
		s, err := rows(func(row []any) error {
			if seals == nil {
				return ctx.Err()
			}
			return errors.Join(ctx.Err(), seals.Check(t, row))
		})
		found.note(t.Name, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if seals != nil {
		found.Opened = seals.Opened
	}
	return found, nil
}
