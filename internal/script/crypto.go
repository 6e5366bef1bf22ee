package script

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // scripts sign for services that ask for it
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"strings"
)

// encryptionFunctions are zoho.encryption.…: hashes, keyed hashes and encodings.
func encryptionFunctions() []builtin {
	const space = "zoho.encryption."
	text := on(KindText)
	hashed := func(name, example, prints string, make func() hash.Hash) builtin {
		return builtin{names: []string{space + name}, on: text, min: 1, max: 2, takes: `text, ["binary"]`, about: "The hash of a text, in hexadecimal or as zeros and ones.", example: example, prints: prints, do: func(c *calling, args []Value) (Value, error) {
			h := make()
			h.Write([]byte(args[0].text()))
			return c.encoded(h.Sum(nil), args, 1, "hex")
		}}
	}
	keyed := func(name, example, prints string, make func() hash.Hash) builtin {
		return builtin{names: []string{space + name}, on: text, min: 2, max: 3, takes: `key, text, ["hex" or "binary"]`, about: "The hash of a text with a key, in base64, in hexadecimal or as zeros and ones.", example: example, prints: prints, do: func(c *calling, args []Value) (Value, error) {
			data, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			h := hmac.New(make, []byte(args[0].text()))
			h.Write([]byte(data))
			return c.encoded(h.Sum(nil), args, 2, "base64")
		}}
	}
	one := func(name, about, example, prints string, do func(s string) (string, error)) builtin {
		return builtin{names: []string{space + name}, on: text, min: 1, max: 1, takes: "text", about: about, example: example, prints: prints, do: func(c *calling, args []Value) (Value, error) {
			s, err := do(args[0].text())
			if err != nil {
				return c.fail("%s: this cannot be read", c.name)
			}
			return c.newText(strings.ToValidUTF8(s, "\ufffd"))
		}}
	}
	return []builtin{
		aesEncode("aesEncode", 256, 3), aesDecode("aesDecode", 256, 3),
		aesEncode("aesEncode128", 128, 4), aesDecode("aesDecode128", 128, 4),
		{names: []string{space + "base64DecodeToFile"}, on: text, min: 2, max: 2, takes: "text, name", about: "A file of the bytes that this is in base64.", example: `info zoho.encryption.base64DecodeToFile("aGk=", "a.txt").getFileSize();`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			name, err := c.fileNameArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			content, err := decodeBase64(args[0].text())
			if err != nil {
				return c.fail("%s: this cannot be read", c.name)
			}
			return c.newFile(name, contentTypeOf(name), content)
		}},
		hashed("md5", `info zoho.encryption.md5("lanyard");`, "8dd33ab69185d665f2ed8a5c1d77dcb2", md5.New),
		hashed("sha1", `info zoho.encryption.sha1("abc").left(8);`, "a9993e36", sha1.New),
		hashed("sha256", `info zoho.encryption.sha256("abc").left(8);`, "ba7816bf", sha256.New),
		hashed("sha512", `info zoho.encryption.sha512("abc").left(8);`, "ddaf35a1", sha512.New),
		keyed("hmacsha1", `info zoho.encryption.hmacsha1("key", "body", "hex").length();`, "40", sha1.New),
		keyed("hmacsha256", `info zoho.encryption.hmacsha256("key", "body");`, "UVquEztDXUAAlWcx9orlz164XU8NxqVG0r/NNZXsGuE=", sha256.New),
		keyed("hmacsha512", `info zoho.encryption.hmacsha512("key", "body", "hex").length();`, "128", sha512.New),
		one("base64Encode", "In base64.", `info zoho.encryption.base64Encode("user:pass");`, "dXNlcjpwYXNz", func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		one("base64Decode", "The text that this is in base64.", `info zoho.encryption.base64Decode("dXNlcjpwYXNz");`, "user:pass", func(s string) (string, error) {
			b, err := decodeBase64(s)
			return string(b), err
		}),
		one("urlEncode", "As it stands in a URL; a blank becomes %20.", `info zoho.encryption.urlEncode("a b&c");`, "a%20b%26c", func(s string) (string, error) {
			return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil
		}),
		one("urlDecode", "The text that this is in a URL.", `info zoho.encryption.urlDecode("a%20b");`, "a b", url.QueryUnescape),
	}
}

// decodeBase64 reads base64 with the signs of either alphabet, and with or without the padding (RFC 4648 §4, §5).
func decodeBase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/", " ", "", "\t", "").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	return base64.RawStdEncoding.DecodeString(s)
}

// What aesEncode gives is base64 of the version, the salt, the nonce and what AES-GCM makes of the text (NIST SP
// 800-38D), its tag at the end. The key is derived from the one that the script gives by PBKDF2 with SHA-256 (RFC 8018
// §5.2). The version and the initialization vector of the script are authenticated with it: a nonce that a script
// chose, and chose twice, would give both texts away, so it is always a fresh one.
const (
	aesVersion       = 1
	aesSaltSize      = 16
	aesNonceSize     = 12
	aesIterations    = 20_000 // the fewest there are
	maxAESIterations = 200_000
)

func aesEncode(name string, bits, most int) builtin {
	name = "zoho.encryption." + name
	return builtin{names: []string{name}, on: on(KindText), min: 2, max: most, takes: aesTakes(most), about: fmt.Sprintf("A text that nobody reads or changes without the key (AES-GCM, %d bits), in base64; another one each time.", bits),
		example: `info ` + name + `("key", "text").length();`, prints: "68", do: func(c *calling, args []Value) (Value, error) {
			text, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			out := make([]byte, 1+aesSaltSize+aesNonceSize, 1+aesSaltSize+aesNonceSize+len(text)+16)
			out[0] = aesVersion
			_, _ = rand.Read(out[1:]) // it never fails
			seal, known, err := c.aes(args, bits, out[1:1+aesSaltSize])
			if err == nil {
				err = c.grow(c.Pos, int64(len(text)))
			}
			if err != nil {
				return Value{}, err
			}
			return c.newText(base64.StdEncoding.EncodeToString(seal.Seal(out, out[1+aesSaltSize:], []byte(text), known)))
		}}
}

func aesDecode(name string, bits, most int) builtin {
	encode := strings.Replace(name, "Decode", "Encode", 1)
	name = "zoho.encryption." + name
	return builtin{names: []string{name}, on: on(KindText), min: 2, max: most, takes: aesTakes(most), about: "The text that " + encode + " made unreadable; an error when the key is another one, or when anything was changed.",
		example: `info ` + name + `("key", zoho.encryption.` + encode + `("key", "text"));`, prints: "text", do: func(c *calling, args []Value) (Value, error) {
			text, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			in, err := base64.StdEncoding.DecodeString(text)
			if err != nil || len(in) < 1+aesSaltSize+aesNonceSize || in[0] != aesVersion {
				return c.fail("%s: this was not made by %s", c.name, encode)
			}
			seal, known, err := c.aes(args, bits, in[1:1+aesSaltSize])
			if err != nil {
				return Value{}, err
			}
			nonce, sealed := in[1+aesSaltSize:1+aesSaltSize+aesNonceSize], in[1+aesSaltSize+aesNonceSize:]
			plain, err := seal.Open(nil, nonce, sealed, known)
			if err != nil {
				return c.fail("%s: the key is another one, or the text was changed", c.name)
			}
			return c.newText(strings.ToValidUTF8(string(plain), "\ufffd"))
		}}
}

func aesTakes(most int) string {
	if most == 4 {
		return "key, text, [iv], [iterations]"
	}
	return "key, text, [iv]"
}

// aes is the cipher for the key that the script gives, and what is authenticated with the text.
func (c *calling) aes(args []Value, bits int, salt []byte) (seal cipher.AEAD, known []byte, err error) {
	known, iterations := []byte{aesVersion}, aesIterations
	if len(args) > 2 && !args[2].isNull() {
		iv, err := c.textArg(args, 2)
		if err != nil {
			return nil, nil, err
		}
		known = append(known, iv...)
	}
	if len(args) > 3 {
		asked, err := c.numberArg(args, 3)
		if err != nil {
			return nil, nil, err
		}
		if asked < 1 || asked > maxAESIterations {
			return nil, nil, failure(c.Pos, "The iterations of a key are 1 to %d; at least %d are done", maxAESIterations, aesIterations)
		}
		iterations = max(asked, aesIterations)
	}
	if args[0].text() == "" {
		return nil, nil, failure(c.Pos, "%s: the key is empty", c.name)
	}
	key, err := pbkdf2.Key(sha256.New, args[0].text(), salt, iterations, bits/8)
	var block cipher.Block
	if err == nil {
		block, err = aes.NewCipher(key)
	}
	if err == nil {
		seal, err = cipher.NewGCM(block)
	}
	if err != nil {
		return nil, nil, failure(c.Pos, "%s: this key cannot be used", c.name)
	}
	return seal, known, nil
}

// encoded is bytes as a text, in the form that an argument asks for.
func (c *calling) encoded(sum []byte, args []Value, i int, form string) (Value, error) {
	if len(args) > i {
		asked, err := c.textArg(args, i)
		if err != nil {
			return Value{}, err
		}
		form = strings.ToLower(asked)
	}
	switch form {
	case "hex":
		return c.newText(hex.EncodeToString(sum))
	case "base64":
		return c.newText(base64.StdEncoding.EncodeToString(sum))
	case "binary":
		var b strings.Builder
		for _, x := range sum {
			fmt.Fprintf(&b, "%08b", x)
		}
		return c.newText(b.String())
	}
	return c.fail("The result is given as hex or binary")
}
