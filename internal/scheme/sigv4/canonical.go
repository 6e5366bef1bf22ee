package sigv4

import (
	"net/http"
	"slices"
	"strings"
)

// message is what a signature covers, each part in its canonical spelling.
type message struct {
	method      string
	path        string
	query       string
	headers     []header
	payloadHash string
}

// header has its name in lower case and its values joined.
type header struct{ name, value string }

// canonicalRequest is the text whose hash is signed; names is what signedNames gives.
func (m *message) canonicalRequest(names string) []byte {
	n := len(m.method) + len(m.path) + len(m.query) + len(names) + len(m.payloadHash) + 6
	for _, h := range m.headers {
		n += len(h.name) + len(h.value) + 2
	}
	b := make([]byte, 0, n)
	b = append(b, m.method...)
	b = append(b, '\n')
	b = append(b, m.path...)
	b = append(b, '\n')
	b = append(b, m.query...)
	b = append(b, '\n')
	for _, h := range m.headers {
		b = append(b, h.name...)
		b = append(b, ':')
		b = append(b, h.value...)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, names...)
	b = append(b, '\n')
	return append(b, m.payloadHash...)
}

// signedNames lists the headers, as SignedHeaders does.
func (m *message) signedNames() string {
	n := 0
	for _, h := range m.headers {
		n += len(h.name) + 1
	}
	var b strings.Builder
	b.Grow(n)
	for i, h := range m.headers {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(h.name)
	}
	return b.String()
}

// signedHeaders chooses what is signed, in the order of names: the host, Content-Type, and what begins with x-amz-.
// ("x-amzn-trace-id", which load balancers rewrite, does not.)
func signedHeaders(host string, h http.Header) []header {
	all := make([]header, 1, 8)
	all[0] = header{"host", host}
	for name, values := range h {
		if len(values) == 0 || !isSigned(name) {
			continue // a name without values is not sent
		}
		all = append(all, header{lowerName(name), canonicalValue(values)})
	}
	slices.SortFunc(all, func(a, b header) int { return strings.Compare(a.name, b.name) })
	return all
}

// lowerName spares the allocation for the names that stand on every request.
func lowerName(name string) string {
	switch name {
	case "X-Amz-Content-Sha256":
		return "x-amz-content-sha256"
	case "X-Amz-Date":
		return "x-amz-date"
	case "Content-Type":
		return "content-type"
	}
	return strings.ToLower(name)
}

func isSigned(name string) bool {
	const prefix = "x-amz-"
	return len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) || strings.EqualFold(name, "Content-Type")
}

// canonicalValue joins several values with a comma; in each, blanks at the ends go and a run of blanks is one.
func canonicalValue(values []string) string {
	if len(values) == 1 {
		return trimAll(values[0])
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = trimAll(v)
	}
	return strings.Join(trimmed, ",")
}

// trimAll also treats line breaks as blanks, for the continued header lines of old; net/http sends none.
func trimAll(s string) string {
	s = strings.Trim(s, " \t\r\n")
	clean := true
	for i := 0; i+1 < len(s); i++ {
		if isBlank(s[i]) && (s[i] != ' ' || isBlank(s[i+1])) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if !isBlank(s[i]) {
			b = append(b, s[i])
		} else if !isBlank(s[i-1]) { // s begins with no blank
			b = append(b, ' ')
		}
	}
	return string(b)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// cleanPath resolves "." and ".." and makes a run of slashes one (RFC 3986 §5.2.4 and more), in a path as it is sent. A
// slash at the end stays; a dot segment there leaves none, which is AWS's reading, not the RFC's.
func cleanPath(path string) string {
	if path == "" || path == "/" {
		return "/"
	}
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") && path[0] == '/' {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
		}
	}
	clean := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && path[len(path)-1] == '/' {
		clean += "/"
	}
	return clean
}

// encodePath escapes a path once more than it is when sent: the second of the two encodings.
func encodePath(path string) string {
	if len(path) == 0 {
		return "/"
	}
	if plain(path, '/') {
		return path
	}
	return string(appendEncoded(make([]byte, 0, len(path)+16), path, '/'))
}

// respellPath gives a path as it is sent the spelling that S3 makes of the key: %2b, + and %2B are all %2B. Servers decode
// the path and encode it anew, so no other spelling could be verified.
func respellPath(path string) string {
	if path == "" {
		return "/"
	}
	if plain(path, '/') {
		return path
	}
	b := make([]byte, 0, len(path)+16)
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '/' {
			b = append(b, c)
			continue
		}
		if c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2]) {
			c = unhex(path[i+1])<<4 | unhex(path[i+2])
			i += 2
		}
		b = appendByte(b, c)
	}
	return string(b)
}

// pair is a query parameter, its name and value encoded by AWS's rules.
type pair struct {
	name, value string
	bare        bool // no = in the query
}

// parseQuery divides a query at &; a + is a blank, and a % that begins no escape stands for itself. Empty parameters
// are left out: no server sees them. same reports whether the query is already spelled the way it is signed.
func parseQuery(query string) (pairs []pair, same bool) {
	if query == "" {
		return nil, true
	}
	same = true
	pairs = make([]pair, 0, strings.Count(query, "&")+1)
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			same = false
			continue
		}
		name, value, found := strings.Cut(part, "=")
		p := pair{respellParameter(name), respellParameter(value), !found}
		same = same && p.name == name && p.value == value
		pairs = append(pairs, p)
	}
	return pairs, same
}

// canonicalQuery orders by encoded name, then by encoded value. It sorts pairs.
func canonicalQuery(pairs []pair) string {
	if len(pairs) == 0 {
		return ""
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	return joinQuery(pairs, false)
}

// joinQuery writes the parameters in their order; one without a = stays so, if asked.
func joinQuery(pairs []pair, keepBare bool) string {
	n := 0
	for _, p := range pairs {
		n += len(p.name) + len(p.value) + 2
	}
	var b strings.Builder
	b.Grow(n)
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		if !p.bare || !keepBare {
			b.WriteByte('=')
			b.WriteString(p.value)
		}
	}
	return b.String()
}

func respellParameter(s string) string {
	if plain(s) {
		return s
	}
	b := make([]byte, 0, len(s)+16)
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

const upperHex = "0123456789ABCDEF"

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// plain reports whether s holds nothing to escape but for the characters named.
func plain(s string, besides ...byte) bool {
	for i := 0; i < len(s); i++ {
		if !unreserved(s[i]) && !slices.Contains(besides, s[i]) {
			return false
		}
	}
	return true
}

func appendEncoded(to []byte, s string, keep byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == keep {
			to = append(to, keep)
		} else {
			to = appendByte(to, s[i])
		}
	}
	return to
}

func appendByte(to []byte, c byte) []byte {
	if unreserved(c) {
		return append(to, c)
	}
	return append(to, '%', upperHex[c>>4], upperHex[c&15])
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
