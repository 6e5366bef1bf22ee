package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrSealed is the cause whenever a sealed value does not open. It says no more, since nothing more can be known.
var ErrSealed = errors.New("the sealed value does not open: it was changed, moved or put back, or sealed with another key")

// Vault seals and opens values with the data keys of one store. It is safe for concurrent use.
type Vault struct{ aead tink.AEAD }

// Cell is the one place where a sealed value opens.
type Cell struct {
	Organization string
	Table        string
	Row          string // the row's id within the organization
	Column       string
	Version      int64 // grows whenever the value is replaced, so that an old one does not open in its place
}

// The labels keep artefacts of one kind from opening as another; the number is the version of the layout.
const (
	cellLabel   = "lanyard cell 1"
	keysetLabel = "lanyard keyset 1"
)

// associatedData writes each part with its length, so that no two cells have the same bytes.
func (c Cell) associatedData() []byte {
	parts := [...]string{cellLabel, c.Organization, c.Table, c.Row, c.Column}
	size := 8
	for _, p := range parts {
		size += 4 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return binary.BigEndian.AppendUint64(b, uint64(c.Version))
}

// String names the cell for errors and logs. It holds no secret.
func (c Cell) String() string {
	return fmt.Sprintf("%s.%s of row %s in organization %s", c.Table, c.Column, c.Row, c.Organization)
}

// Seal encrypts plaintext for one cell. The result is 45 bytes longer than the plaintext.
func (v *Vault) Seal(plaintext []byte, at Cell) ([]byte, error) {
	sealed, err := v.aead.Encrypt(plaintext, at.associatedData())
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at, err)
	}
	return sealed, nil
}

// Open decrypts what [Vault.Seal] made for the same cell. The error names the cell and wraps [ErrSealed].
func (v *Vault) Open(sealed []byte, at Cell) ([]byte, error) {
	plaintext, err := v.aead.Decrypt(sealed, at.associatedData())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at, ErrSealed)
	}
	return plaintext, nil
}

// NewKeyset makes data keys and seals them with the master key.
func (k Key) NewKeyset() ([]byte, error) {
	h, err := keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make the data keys: %w", err)
	}
	var b bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), k.aead, []byte(keysetLabel)); err != nil {
		return nil, fmt.Errorf("seal the data keys: %w", err)
	}
	return b.Bytes(), nil
}

// OpenKeyset opens what [Key.NewKeyset] made. With another key the error wraps [ErrSealed].
func (k Key) OpenKeyset(sealed []byte) (*Vault, error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(sealed)), k.aead, []byte(keysetLabel))
	if err != nil {
		return nil, fmt.Errorf("open the data keys: %w", ErrSealed)
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("use the data keys: %w", err)
	}
	return &Vault{a}, nil
}
