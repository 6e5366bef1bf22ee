package script

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestEncryption(t *testing.T) {
	const z = "zoho.encryption."
	for _, c := range []struct{ source, want string }{
		{`info ` + z + `sha256("abc", "binary").left(16);`, "1011101001111000"},
		{`info ` + z + `hmacsha256("key", "body", "binary").length();`, "256"},
		{`info ` + z + `hmacsha1("key", "The quick brown fox jumps over the lazy dog", "hex");`, "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"}, // RFC 2104's usual check
		{`info ` + z + `hmacsha512("key", "", "hex").left(8);`, "84fa5aa0"},
		{`info ` + z + `urlDecode("a%20b%26c+d");`, "a b&c d"},
		{`info ` + z + `base64Decode("dXNlcjpwYXNz") + ` + z + `base64Decode("dXNlcjpwYXM");`, "user:passuser:pas"},
		{`info ` + z + `aesDecode("key", ` + z + `aesEncode("key", "Zürich 😀"));`, "Zürich 😀"},
		{`info ` + z + `aesDecode("key", ` + z + `aesEncode("key", "", "iv"), "iv").length();`, "0"},
		{`info ` + z + `aesDecode128("key", ` + z + `aesEncode128("key", "text", "iv", 30000), "iv", 30000);`, "text"},
		{`info ` + z + `aesDecode128("key", ` + z + `aesEncode128("key", "text", "iv", 5), "iv");`, "text"}, // fewer than the fewest are the fewest
		{`info ` + z + `aesEncode("key", "text") == ` + z + `aesEncode("key", "text");`, "false"},
	} {
		if got, err := ran(t, c.source, Limits{}); err != nil || got != c.want {
			t.Errorf("%s: printed %q, %v, want %q", c.source, got, err, c.want)
		}
	}
}

// What was changed on the way, or is opened with anything else than it was made with, is an error.
func TestEncryptionThatWasChanged(t *testing.T) {
	sealed, err := ran(t, `info zoho.encryption.aesEncode("key", "a text", "iv");`, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(raw); i += 7 { // in each part of it
		changed := append([]byte(nil), raw...)
		changed[i] ^= 0x10
		if got, err := ranWith(t, `info zoho.encryption.aesDecode("key", s, "iv");`, Limits{}, Text(base64.StdEncoding.EncodeToString(changed))); err == nil {
			t.Errorf("byte %d was changed: printed %q", i, got)
		}
	}
	for name, call := range map[string]string{
		"another key": `aesDecode("kez", s, "iv")`, "another vector": `aesDecode("key", s, "vi")`, "no vector": `aesDecode("key", s)`, "other bits": `aesDecode128("key", s, "iv")`, "half": `aesDecode("key", s.left(20), "iv")`, "no key": `aesDecode("", s, "iv")`,
		"no base64": `aesDecode("key", "!", "iv")`, "too many iterations": `aesEncode128("key", "a", "iv", 200001)`, "no iterations": `aesEncode128("key", "a", "iv", 0)`, "an empty key": `aesEncode("", "a")`,
	} {
		if got, err := ranWith(t, `info zoho.encryption.`+call+`;`, Limits{}, Text(sealed)); err == nil {
			t.Errorf("%s: printed %q", name, got)
		}
	}
}

// The format is what its description says: another program can read it.
func TestFormatOfEncryption(t *testing.T) {
	sealed, err := ran(t, `info zoho.encryption.aesEncode128("key", "a text", "iv", 25000);`, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || raw[0] != 1 {
		t.Fatalf("%x, %v", raw, err)
	}
	salt, nonce, body := raw[1:17], raw[17:29], raw[29:]
	// PBKDF2 by hand: one block of HMAC-SHA-256 is enough for 128 bits.
	h := hmac.New(sha256.New, []byte("key"))
	u := append(append([]byte(nil), salt...), 0, 0, 0, 1)
	key := make([]byte, 32)
	for range 25000 {
		h.Reset()
		h.Write(u)
		u = h.Sum(nil)
		for i := range key {
			key[i] ^= u[i]
		}
	}
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := gcm.Open(nil, nonce, body, []byte("\x01iv")); err != nil || string(text) != "a text" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestUnreadableText(t *testing.T) {
	for _, source := range []string{`x = zoho.encryption.base64Decode("a b!");`, `x = zoho.encryption.urlDecode("%zz");`, `x = zoho.encryption.base64DecodeToFile("!", "a");`, `x = zoho.encryption.sha256("a", "octal");`} {
		if _, err := ran(t, source, Limits{}); err == nil || !strings.HasPrefix(err.Error(), "Error at line : 1, ") {
			t.Errorf("%s: %v", source, err)
		}
	}
}
