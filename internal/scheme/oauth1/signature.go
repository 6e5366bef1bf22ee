package oauth1

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1" // RFC 5849 names it; HMAC and RSA signatures by it are what servers verify
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
)

// ErrKey: the consumer secret is not a private key that RSA-SHA1 can sign with.
var ErrKey = errors.New("the consumer secret for RSA-SHA1 is an RSA private key in PEM form, PKCS #1 or PKCS #8, not encrypted")

// sign makes the signature. The base string is made only where the method signs one.
func (c *Consumer) sign(t Token, base func() []byte) (string, error) {
	switch c.method() {
	case HMACSHA1:
		return c.hmac(t, sha1.New, base()), nil
	case HMACSHA256:
		return c.hmac(t, sha256.New, base()), nil
	case RSASHA1:
		key, err := parseKey(c.Secret.Reveal())
		if err != nil {
			return "", err
		}
		digest := sha1.Sum(base())
		// RSASSA-PKCS1-v1_5 (RFC 5849 §3.4.3) needs no randomness.
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest[:])
		if err != nil {
			return "", ErrKey // a key that is too small, or whose parts do not belong together
		}
		return base64.StdEncoding.EncodeToString(signature), nil
	case PLAINTEXT:
		return c.key(t), nil
	}
	return "", fmt.Errorf("unknown signature method %q", c.Method)
}

// key is both secrets, encoded and joined, the second one possibly empty (RFC 5849 §3.4.2, §3.4.4).
func (c *Consumer) key(t Token) string {
	return encode(c.Secret.Reveal()) + "&" + encode(t.Secret.Reveal())
}

func (c *Consumer) hmac(t Token, h func() hash.Hash, base []byte) string {
	mac := hmac.New(h, []byte(c.key(t)))
	mac.Write(base)
	var sum [sha256.Size]byte
	return base64.StdEncoding.EncodeToString(mac.Sum(sum[:0]))
}

// parseKey never says why: the error of a parser could quote what it read.
func parseKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, ErrKey
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
	}
	return nil, ErrKey
}
