package script

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // scripts sign for services that ask for it
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
		hashed("md5", `info zoho.encryption.md5("lanyard");`, "8dd33ab69185d665f2ed8a5c1d77dcb2", md5.New),
		hashed("sha1", `info zoho.encryption.sha1("abc").left(8);`, "a9993e36", sha1.New),
		hashed("sha256", `info zoho.encryption.sha256("abc").left(8);`, "ba7816bf", sha256.New),
		hashed("sha512", `info zoho.encryption.sha512("abc").left(8);`, "ddaf35a1", sha512.New),
		keyed("hmacsha1", `info zoho.encryption.hmacsha1("key", "body", "hex").length();`, "40", sha1.New),
		keyed("hmacsha256", `info zoho.encryption.hmacsha256("key", "body");`, "UVquEztDXUAAlWcx9orlz164XU8NxqVG0r/NNZXsGuE=", sha256.New),
		keyed("hmacsha512", `info zoho.encryption.hmacsha512("key", "body", "hex").length();`, "128", sha512.New),
		one("base64Encode", "In base64.", `info zoho.encryption.base64Encode("user:pass");`, "dXNlcjpwYXNz", func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		one("base64Decode", "The text that this is in base64.", `info zoho.encryption.base64Decode("dXNlcjpwYXNz");`, "user:pass", func(s string) (string, error) {
			b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
			return string(b), err
		}),
		one("urlEncode", "As it stands in a URL; a blank becomes %20.", `info zoho.encryption.urlEncode("a b&c");`, "a%20b%26c", func(s string) (string, error) {
			return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil
		}),
		one("urlDecode", "The text that this is in a URL.", `info zoho.encryption.urlDecode("a%20b");`, "a b", url.QueryUnescape),
	}
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
