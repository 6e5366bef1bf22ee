package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"lanyard/internal/backup"
	"lanyard/internal/store"
)

// storeConfig says where the store is.
func (c *Config) storeConfig() (store.Config, error) {
	err := c.prepare()
	return store.Config{Dir: c.DataDir, Database: c.Database, KeyFile: c.KeyFile, Logger: c.logger()}, err
}

// Backup makes a backup of the store, which a server may be using: as a file, or, where path is empty, on a stream. WithKey
// puts the key file into it.
func Backup(ctx context.Context, c Config, path string, stream io.Writer, withKey bool, o backup.Options) (*backup.Contents, error) {
	from, err := c.storeConfig()
	if err != nil {
		return nil, err
	}
	o.Program = c.Version
	if withKey {
		if _, err := store.ReadSeals(from.KeyFile); err != nil {
			return nil, err
		}
		text, err := os.ReadFile(from.KeyFile)
		if err != nil {
			return nil, err
		}
		o.Key = string(text)
	}
	if path == "" {
		return backup.Write(ctx, from, stream, o)
	}
	return backup.File(ctx, from, path, o)
}

// Restore makes a store of a backup, in an empty place.
func Restore(ctx context.Context, c Config, file io.Reader, d *backup.Decryption) (*backup.Contents, error) {
	to, err := c.storeConfig()
	if err != nil {
		return nil, err
	}
	return backup.Restore(ctx, to, file, d)
}

// Restored is a store that was restored from a backup.
type Restored struct {
	store.Instance
	// Doubtful are the connections that are probably dead.
	Doubtful []store.Doubtful
}

// RestoredStatus says whether the store was restored and waits, and what is probably dead in it. A server may be using it.
func RestoredStatus(ctx context.Context, c Config, limit int) (status *Restored, err error) {
	err = c.beside(ctx, func(b store.Beside) error {
		status, err = restoredStatus(ctx, b, limit)
		return err
	})
	return status, err
}

func restoredStatus(ctx context.Context, b store.Beside, limit int) (*Restored, error) {
	i, err := b.Instance(ctx)
	if err != nil {
		return nil, err
	}
	r := &Restored{Instance: i}
	if i.Paused() {
		r.Doubtful, err = b.Doubtful(ctx, limit)
	}
	return r, err
}

// OriginRunsError says that the instance that a backup was made of still answers.
type OriginRunsError struct{ URL string }

func (e *OriginRunsError) Error() string {
	return "the original still answers at " + e.URL + ": two that refresh the same tokens end them for both; stop it first"
}

// GoOn lets a restored store go on; false when it does already. Unless force is set, *[OriginRunsError] says that the
// original still answers.
func GoOn(ctx context.Context, c Config, force bool) (went bool, err error) {
	err = c.beside(ctx, func(b store.Beside) error {
		i, err := b.Instance(ctx)
		if err != nil {
			return err
		}
		// Whoever runs the command has the machine, so any address may be asked; nothing of the answer is shown.
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		if at := backup.OriginAnswers(ctx, client, i); at != "" && i.Paused() && !force {
			return &OriginRunsError{at}
		}
		went, err = b.GoOn(ctx)
		return err
	})
	return went, err
}

func (c *Config) beside(ctx context.Context, do func(store.Beside) error) error {
	at, err := c.storeConfig()
	if err != nil {
		return err
	}
	b, err := store.OpenBeside(ctx, at)
	if err != nil {
		return err
	}
	return errors.Join(do(b), b.Close())
}

// sayRestored tells the operator of a store that waits, and whether its original still answers.
func (s *Server) sayRestored(ctx context.Context) {
	if !s.store.Paused() {
		return
	}
	i, err := s.store.Instance(ctx)
	if err != nil {
		s.logger.ErrorContext(ctx, "read which instance this is", "error", err)
		return
	}
	s.logger.WarnContext(ctx, "restored from a backup: nothing happens by itself until lanyard restore go-on", "backup", i.Origin.BackupAt, "origin", i.Origin.ID)
	if at := backup.OriginAnswers(ctx, s.egress.Client(), i); at != "" {
		s.logger.WarnContext(ctx, "the original of the backup still answers: stop it before lanyard restore go-on", "url", at)
	}
}
