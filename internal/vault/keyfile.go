package vault

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	keySize = 32
	// keyPrefix begins the one line of a key file: what the file is, and in which version.
	keyPrefix = "lanyard-key-1:"
	// maxKeyFile is more than a key file ever has; whatever is longer is another file.
	maxKeyFile = 1 << 10
)

// Key is a master key. It cannot be printed, and it is used for nothing but sealing the keyset.
type Key struct {
	aead tink.AEAD
	raw  *[keySize]byte
}

// KeyFault says what is wrong with a key file.
type KeyFault string

const (
	KeyMissing    KeyFault = "missing"
	KeyExposed    KeyFault = "exposed"    // others than its owner may read or change the file
	KeyMalformed  KeyFault = "malformed"  // short, cut off, or another file altogether
	KeyUnreadable KeyFault = "unreadable" // the operating system refuses it
	KeyWrong      KeyFault = "wrong"      // a sound key, but not this store's
)

// KeyError is a refusal to start because of the key file. Its text is for the operator: what is wrong and what to do.
type KeyError struct {
	Fault   KeyFault
	Path    string
	Message string
	Cause   error
}

func (e *KeyError) Error() string { return e.Message }
func (e *KeyError) Unwrap() error { return e.Cause }

func keyErrorf(fault KeyFault, path string, cause error, format string, args ...any) *KeyError {
	return &KeyError{Fault: fault, Path: path, Cause: cause, Message: fmt.Sprintf("the key file %s ", path) + fmt.Sprintf(format, args...)}
}

// GenerateKey makes a master key from crypto/rand, which stops the program when the system has no randomness.
func GenerateKey() (Key, error) {
	var raw [keySize]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return Key{}, fmt.Errorf("make a master key: %w", err)
	}
	return newKey(raw)
}

func newKey(raw [keySize]byte) (Key, error) {
	a, err := subtle.NewXChaCha20Poly1305(raw[:])
	if err != nil {
		return Key{}, fmt.Errorf("use the master key: %w", err)
	}
	return Key{a, &raw}, nil
}

// Format implements [fmt.Formatter], so that no verb prints the key.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// ReadKey reads a key file and judges it. Every error is a *[KeyError]; nothing of the file's content is in it.
func ReadKey(path string) (Key, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, keyErrorf(KeyMissing, path, err, "is missing")
	}
	if err != nil {
		return Key{}, keyErrorf(KeyUnreadable, path, err, "cannot be read: %v", err)
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		return Key{}, keyErrorf(KeyUnreadable, path, err, "cannot be read: %v", err)
	}
	if !info.Mode().IsRegular() {
		return Key{}, keyErrorf(KeyMalformed, path, nil, "is not a regular file")
	}
	// Windows has no such mode bits; there the directory's access list decides.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return Key{}, keyErrorf(KeyExposed, path, nil, "is open to other users of this machine (mode %04o): run  chmod 600 %s", mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return Key{}, keyErrorf(KeyUnreadable, path, err, "cannot be read: %v", err)
	}
	defer clear(text)
	return parseKey(path, text)
}

// ParseKey reads the text of a key file. Where is how errors call it.
func ParseKey(where string, text []byte) (Key, error) { return parseKey(where, text) }

func parseKey(path string, text []byte) (Key, error) {
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	encoded, ok := strings.CutPrefix(line, keyPrefix)
	if !ok || len(text) > maxKeyFile {
		return Key{}, keyErrorf(KeyMalformed, path, nil, "does not begin with %s: it is no key file of this version of Lanyard", keyPrefix)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Key{}, keyErrorf(KeyMalformed, path, nil, "does not hold base64 after %s: it was cut off or changed; put back a copy of it", keyPrefix)
	}
	if len(raw) != keySize {
		return Key{}, keyErrorf(KeyMalformed, path, nil, "holds a key of %d bytes instead of %d: it was cut off or changed; put back a copy of it", len(raw), keySize)
	}
	defer clear(raw)
	return newKey([keySize]byte(raw))
}

// Write makes a key file with mode 0600 and does not return before it is on disk. An existing file is left alone and
// gives an error that is [fs.ErrExist]. Another process never sees half a file: it gets its name when it is complete.
func (k Key) Write(path string) error {
	if err := k.write(path); err != nil {
		return fmt.Errorf("make the key file %s: %w", path, err)
	}
	return nil
}

func (k Key) write(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".lanyard-key-*") // opened with O_EXCL and mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = io.WriteString(f, keyPrefix+base64.StdEncoding.EncodeToString(k.raw[:])+"\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil { // unlike a rename, a link never replaces a file
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there, and their entries are journalled
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
