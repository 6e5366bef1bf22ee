package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"lanyard"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"
)

// appendScope writes the credential scope: day, region, service. date is in timeFormat.
func appendScope(b []byte, s Scope, date string) []byte {
	b = append(b, date[:8]...)
	b = append(b, '/')
	b = append(b, s.Region...)
	b = append(b, '/')
	b = append(b, s.Service...)
	return append(b, "/"+terminator...)
}

// stringToSign holds no part of the canonical request but its hash.
func stringToSign(s Scope, date string, canonicalRequest []byte) []byte {
	b := make([]byte, 0, 256)
	b = append(b, algorithm+"\n"...)
	b = append(b, date...)
	b = append(b, '\n')
	b = appendScope(b, s, date)
	b = append(b, '\n')
	sum := sha256.Sum256(canonicalRequest)
	return hex.AppendEncode(b, sum[:])
}

// dayKey is the signing key of one day. It is as secret as the access key it comes from, and lives where that does.
type dayKey struct {
	day string
	key [sha256.Size]byte
}

// key derives the signing key, or takes the one of the same day.
func (s *Signer) key(date string) *[sha256.Size]byte {
	day := date[:8]
	if k := s.day.Load(); k != nil && k.day == day {
		return &k.key
	}
	k := &dayKey{day: day, key: signingKey(s.credential.SecretAccessKey, s.scope, day)}
	s.day.Store(k)
	return &k.key
}

func signingKey(secret lanyard.Secret, s Scope, day string) (key [sha256.Size]byte) {
	step := []byte("AWS4" + secret.Reveal())
	for _, text := range []string{day, s.Region, s.Service, terminator} {
		h := hmac.New(sha256.New, step)
		h.Write([]byte(text))
		step = h.Sum(nil)
	}
	copy(key[:], step)
	return key
}

// signature is in hex.
func signature(key *[sha256.Size]byte, stringToSign []byte) string {
	h := hmac.New(sha256.New, key[:])
	h.Write(stringToSign)
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0]))
}

// authorization is the header's value.
func authorization(keyID string, s Scope, date, signedNames, signature string) string {
	b := make([]byte, 0, 320)
	b = append(b, algorithm+" Credential="...)
	b = append(b, keyID...)
	b = append(b, '/')
	b = appendScope(b, s, date)
	b = append(b, ", SignedHeaders="...)
	b = append(b, signedNames...)
	b = append(b, ", Signature="...)
	b = append(b, signature...)
	return string(b)
}
