package lanyard

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that cannot be printed by accident. Every way Go has of turning a value into text — fmt,
// slog, JSON, gob, text encodings — writes "[redacted]"; only [Secret.Reveal] gives the value, so that a search
// for that word lists every place that touches one. The zero Secret is the empty one.
//
// The value sits inside a function because fmt does not ask unexported fields for their own formatting, and dumpers
// built on reflection follow every pointer: neither can look into a function. So two Secrets are compared by
// [Secret.Equal], never by == or reflect.DeepEqual.
type Secret struct{ reveal func() string }

// NewSecret takes a value into custody. An empty value gives the zero Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{func() string { return value }}
}

// Reveal returns the value itself. Callers must not store, log or encode it outside a sealed column.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Equal compares two secrets in constant time.
func (s Secret) Equal(t Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(t.Reveal())) == 1
}

// Fingerprint is a short name for the value, so that a person can tell whether two fields hold the same secret.
// It is empty for the empty secret; salt keeps equal secrets of two organizations apart.
func (s Secret) Fingerprint(salt string) string {
	if s.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte("lanyard fingerprint\x00" + salt + "\x00" + s.Reveal()))
	return hex.EncodeToString(sum[:4])
}

// Format implements [fmt.Formatter], so that every verb is covered.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements [fmt.Stringer].
func (Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements [json.Marshaler]. What is encoded can never be decoded back into the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements [encoding.TextMarshaler], which YAML and XML encoders use too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// GobEncode implements gob.GobEncoder.
func (Secret) GobEncode() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalJSON takes a secret in, for the write-only fields of the API.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var v string
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*s = NewSecret(v)
	return nil
}
