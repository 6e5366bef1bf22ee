package oauth2

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"lanyard"
)

// NewVerifier makes a PKCE verifier of 256 random bits: 43 characters, the shortest that RFC 7636 §4.1 allows.
func NewVerifier() lanyard.Secret {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return lanyard.NewSecret(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Challenge is the S256 challenge of a verifier (RFC 7636 §4.2). "plain" is not supported.
func Challenge(verifier lanyard.Secret) string {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
