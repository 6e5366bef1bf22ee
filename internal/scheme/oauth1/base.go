package oauth1

import (
	"net/url"
	"slices"
	"strings"
)

// pair is a parameter whose name and value are percent-encoded by RFC 5849 §3.6.
type pair struct{ name, value string }

// baseString is the text that is signed (RFC 5849 §3.4.1.1). It sorts pairs.
func baseString(method, uri string, pairs []pair) []byte {
	sortPairs(pairs)
	n := len(method) + len(uri)*2 + 2
	for _, p := range pairs {
		n += len(p.name) + len(p.value) + 6
	}
	b := make([]byte, 0, n+n/4)
	b = append(b, strings.ToUpper(method)...)
	b = append(b, '&')
	b = appendEncoded(b, uri)
	b = append(b, '&')
	for i, p := range pairs {
		if i > 0 {
			b = append(b, "%26"...)
		}
		b = appendEncoded(b, p.name)
		b = append(b, "%3D"...)
		b = appendEncoded(b, p.value)
	}
	return b
}

// sortPairs orders by encoded name, then by encoded value, as bytes (RFC 5849 §3.4.1.3.2). Encoded first, then
// sorted: some libraries do it the other way round, which differs for names that hold reserved characters.
func sortPairs(pairs []pair) {
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
}

// baseURI is the base string URI (RFC 5849 §3.4.1.2): scheme and host in lower case, no default port, the path as it
// is sent, no query.
func baseURI(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path
}

// appendPairs reads a query or a form-encoded body the way a server does: divided at &, a missing = is an empty value,
// + is a blank (RFC 5849 §3.4.1.3.1). A semicolon divides nothing, and a % that begins no escape stands for itself.
func appendPairs(to []pair, encoded string) []pair {
	for encoded != "" {
		var part string
		part, encoded, _ = strings.Cut(encoded, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		to = append(to, pair{recode(name), recode(value)})
	}
	return to
}

// withoutOAuth leaves out the protocol's parameters and keeps all others byte for byte.
func withoutOAuth(encoded string) (kept string, changed bool) {
	var parts []string
	rest := encoded
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "&")
		name, _, _ := strings.Cut(part, "=")
		if isOAuth(recode(name)) {
			changed = true
		} else {
			parts = append(parts, part)
		}
	}
	if !changed {
		return encoded, false
	}
	return strings.Join(parts, "&"), true
}

// join appends parameters to a query or a form-encoded body.
func join(encoded string, pairs []pair) string {
	var b strings.Builder
	b.WriteString(encoded)
	for _, p := range pairs {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

const upperHex = "0123456789ABCDEF"

// unreserved are the characters that RFC 5849 §3.6 leaves as they are.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func allUnreserved(s string) bool {
	for i := 0; i < len(s); i++ {
		if !unreserved(s[i]) {
			return false
		}
	}
	return true
}

// encode is RFC 5849 §3.6; neither url.QueryEscape (blank becomes +) nor url.PathEscape (keeps $ & + = : @).
func encode(s string) string {
	if allUnreserved(s) {
		return s
	}
	return string(appendEncoded(make([]byte, 0, len(s)+len(s)/2+8), s))
}

func appendEncoded(to []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		to = appendByte(to, s[i])
	}
	return to
}

func appendByte(to []byte, c byte) []byte {
	if unreserved(c) {
		return append(to, c)
	}
	return append(to, '%', upperHex[c>>4], upperHex[c&15])
}

// recode turns form encoding into the encoding of RFC 5849 §3.6.
func recode(s string) string {
	if allUnreserved(s) {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		b = appendByte(b, c)
	}
	return string(b)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
