package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"lanyard/internal/vault"
)

// checkCell holds a known text, sealed with the data keys: readiness opens it.
var checkCell = vault.Cell{Table: "keysets", Row: "main", Column: "check_sealed", Version: 1}

func isKeyFault(err error, fault vault.KeyFault) bool {
	var k *vault.KeyError
	return errors.As(err, &k) && k.Fault == fault
}

func missingKey(path string, cause error) error {
	return &vault.KeyError{Fault: vault.KeyMissing, Path: path, Cause: cause, Message: fmt.Sprintf(
		"the key file %s is missing, and without it the secrets in this store cannot be read: put the file back, or say where it is; nothing was changed", path)}
}

// openKeyset unlocks the data keys of a store, or says that the key is another store's.
func openKeyset(path string, key vault.Key, sealed []byte) (*vault.Vault, error) {
	v, err := key.OpenKeyset(sealed)
	if errors.Is(err, vault.ErrSealed) {
		return nil, &vault.KeyError{Fault: vault.KeyWrong, Path: path, Cause: err, Message: fmt.Sprintf(
			"the key file %s is not the key of this store: put the right file in its place, or give the right database; nothing was changed", path)}
	}
	return v, err
}

// makeKeyset gives an empty store its data keys, and first a master key when there is no key file yet. Of replicas that
// start at once one wins; the others take what it made.
func (s *Store) makeKeyset(ctx context.Context, path string, key vault.Key, haveKey bool) (_ *vault.Vault, err error) {
	made := false
	if !haveKey {
		if key, err = vault.GenerateKey(); err != nil {
			return nil, err
		}
		// The key is on disk before anything is sealed with it.
		err = key.Write(path)
		made = err == nil
		if errors.Is(err, fs.ErrExist) { // another replica with the same directory was quicker
			key, err = vault.ReadKey(path)
		}
		if err != nil {
			return nil, err
		}
	}
	v, err := s.insertKeyset(ctx, path, key)
	if made && isKeyFault(err, vault.KeyWrong) {
		// Another replica, with a directory of its own, made the data keys with its own master key.
		err = errors.Join(fmt.Errorf("another replica made the keys of this store at the same moment: copy its key file to %s", path), os.Remove(path))
	}
	return v, err
}

func (s *Store) insertKeyset(ctx context.Context, path string, key vault.Key) (*vault.Vault, error) {
	sealed, err := key.NewKeyset()
	if err != nil {
		return nil, err
	}
	v, err := key.OpenKeyset(sealed)
	if err != nil {
		return nil, err
	}
	check, err := v.Seal([]byte("lanyard"), checkCell)
	if err != nil {
		return nil, err
	}
	const insert = `INSERT INTO keysets (id, sealed, check_sealed, created_at) VALUES ('main', $1, $2, $3) ON CONFLICT DO NOTHING`
	if _, err := s.writes.ExecContext(ctx, insert, sealed, check, millis(s.Now())); err != nil {
		return nil, fmt.Errorf("store the sealed data keys: %w", err)
	}
	if err := s.writes.QueryRowContext(ctx, `SELECT sealed FROM keysets WHERE id = 'main'`).Scan(&sealed); err != nil {
		return nil, fmt.Errorf("read the sealed data keys: %w", err)
	}
	return openKeyset(path, key, sealed)
}
