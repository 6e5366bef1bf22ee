package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// InUseError says that another process has the data directory open.
type InUseError struct{ Dir string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("the data directory %s is in use by another lanyard process: stop that one first, or give this one a directory of its own (--data)", e.Dir)
}

// dirLock keeps a second process out of a data directory. The operating system drops it when the process ends, however
// it ends; the file itself stays and means nothing.
type dirLock struct{ f *os.File }

func lockDir(dir string) (*dirLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	held, err := tryLock(f)
	if err == nil && held {
		return &dirLock{f}, nil
	}
	if err == nil {
		return nil, errors.Join(&InUseError{dir}, f.Close())
	}
	return nil, errors.Join(fmt.Errorf("lock the data directory %s: %w", dir, err), f.Close())
}

func (l *dirLock) release() error { return l.f.Close() }
