package lanyard

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Target is where a URL leads, in the one form that everything compares: host in lower-case ASCII without a final dot
// (an IP address in its canonical text), and the port as a number.
type Target struct {
	Scheme string
	Host   string
	Port   int
}

// ParseURL reads an outbound URL the only way Lanyard reads one: absolute, http or https, no user info, a host that
// is a DNS name or an IP address, a plain port. The returned URL has the canonical host, and no fragment, so that what
// was checked is what is dialled. The error is a sentence for the person who wrote the URL.
func ParseURL(raw string) (*url.URL, Target, error) {
	for i := 0; i < len(raw); i++ {
		// Browsers and servers disagree on what a backslash, blank or control character means; none of them is legal
		// (RFC 3986 §2), so there is nothing to guess.
		if c := raw[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return nil, Target{}, fmt.Errorf("a URL holds no blanks, backslashes or control characters")
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, Target{}, fmt.Errorf("this is not a URL that can be read")
	}
	// url.Parse lower-cases the scheme.
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, Target{}, fmt.Errorf("a URL begins with https:// or http://")
	}
	if u.Opaque != "" || u.Host == "" {
		return nil, Target{}, fmt.Errorf("a URL names a host after https://")
	}
	if u.User != nil || strings.Contains(u.Host, "@") {
		return nil, Target{}, fmt.Errorf("a URL holds no user name or password before the host")
	}
	t := Target{Scheme: u.Scheme}
	name, port := splitPort(u.Host)
	if t.Host, err = canonicalHost(name); err != nil {
		return nil, Target{}, err
	}
	switch {
	case port != "":
		if t.Port, err = parsePort(port); err != nil {
			return nil, Target{}, err
		}
	case strings.HasSuffix(u.Host, ":"):
		return nil, Target{}, fmt.Errorf("a port is missing after the colon")
	default:
		t.Port = defaultPort(u.Scheme)
	}
	u.Host = t.authority()
	if u.RawPath != "" {
		u.RawPath = EscapePath(u.RawPath)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, t, nil
}

// EscapePath percent-encodes what may not stand in a path (RFC 3986 §3.3) and leaves everything else as it is written.
// What becomes the RawPath of a URL goes through it: one that holds an illegal character is ignored by net/url, which
// then encodes the decoded path anew, where %2F has become a slash and a value has left its segment.
func EscapePath(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=:@/[]%", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// authority is host and port as they stand in a URL.
func (t Target) authority() string {
	host := t.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if t.Port == defaultPort(t.Scheme) {
		return host
	}
	return host + ":" + strconv.Itoa(t.Port)
}

func (t Target) String() string { return t.authority() }

func defaultPort(scheme string) int {
	if scheme == "http" {
		return 80
	}
	return 443
}

// splitPort divides host and port of an authority without judging either. A port is what follows the last colon
// outside brackets.
func splitPort(authority string) (host, port string) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.IndexByte(authority[i:], ']') >= 0 {
		return authority, ""
	}
	return authority[:i], authority[i+1:]
}

func parsePort(s string) (int, error) {
	n := 0
	for i := 0; i < len(s); i++ {
		// Digits only: strconv would take "+80".
		if s[i] < '0' || s[i] > '9' || i > 4 {
			return 0, fmt.Errorf("a port is a number from 1 to 65535")
		}
		n = n*10 + int(s[i]-'0')
	}
	if n < 1 || n > 65535 {
		return 0, fmt.Errorf("a port is a number from 1 to 65535")
	}
	return n, nil
}

// canonicalHost folds a host to the form of [Target.Host].
func canonicalHost(host string) (string, error) {
	if strings.HasPrefix(host, "[") {
		inner, ok := strings.CutSuffix(host[1:], "]")
		if !ok {
			return "", fmt.Errorf("the bracket of the IPv6 address is not closed")
		}
		addr, err := netip.ParseAddr(inner)
		if err != nil || addr.Zone() != "" || !addr.Is6() {
			return "", fmt.Errorf("what stands in brackets is not an IPv6 address")
		}
		return addr.Unmap().String(), nil
	}
	ascii := strings.ToLower(host)
	if !isASCII(host) {
		var err error
		// UTS #46 folds full-width and circled characters to the ones they look like, so they are judged as those.
		if ascii, err = idna.Lookup.ToASCII(host); err != nil {
			return "", fmt.Errorf("the host is not a valid international domain name")
		}
		ascii = strings.ToLower(ascii)
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if addr, err := netip.ParseAddr(ascii); err == nil {
		if !addr.Is4() {
			return "", fmt.Errorf("an IPv6 address stands in brackets")
		}
		return addr.String(), nil
	}
	if err := checkHostName(ascii); err != nil {
		return "", err
	}
	return ascii, nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func checkHostName(host string) error {
	if host == "" {
		return fmt.Errorf("the host is empty")
	}
	if len(host) > 253 {
		return fmt.Errorf("a host name has at most 253 characters")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !isLabel(label) {
			// The host is not repeated: a part of it may be a parameter value, which is sealed like a credential.
			return fmt.Errorf("each part of a host name has 1 to 63 letters, digits and hyphens")
		}
	}
	// WHATWG URL §3.5: a host that ends in a number is an IPv4 address or nothing. Resolvers read "127.1" and
	// "0x7f000001" as addresses, so a name of that form is refused instead of looked up.
	last := labels[len(labels)-1]
	if allDigits(last) || isHexNumber(last) {
		return fmt.Errorf("a host that ends in a number is an IPv4 address in its usual form, such as 192.0.2.1")
	}
	return nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isHexNumber(s string) bool {
	return strings.HasPrefix(s, "0x") && strings.Trim(s[2:], "0123456789abcdef") == ""
}

// isLabel reports whether s is one DNS label in lower case (RFC 1123 §2.1). Underscores are let through inside
// because a few real API hosts have them.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// HostPattern is one entry of a service's host list: a host name ("api.example.com"), every host below one
// ("*.example.com"), or any host ("*"), each with an optional port. Without a port only https on 443 is meant, and for an address or "*" http on 80 too.
// "{domain}.example.com" is filled from the authorization before it is compared.
type HostPattern struct {
	text string
	host string // canonical; "" for "*"
	any  bool
	sub  bool // "*." in front of host
	port int  // 0: the default one
}

// ParseHostPattern reads a pattern without placeholders.
func ParseHostPattern(s string) (HostPattern, error) {
	p := HostPattern{text: s}
	if strings.ContainsAny(s, "/?#@ ") {
		return p, fmt.Errorf("write the host alone, such as api.example.com: no https://, no path")
	}
	host, port := splitPort(s)
	if port != "" || strings.HasSuffix(s, ":") {
		var err error
		if p.port, err = parsePort(port); err != nil {
			return p, err
		}
	}
	if host == "*" {
		p.any = true
		return p, nil
	}
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		p.sub, host = true, rest
	}
	if strings.Contains(host, "*") {
		return p, fmt.Errorf("a * stands for the first parts of a host: *.example.com")
	}
	var err error
	if p.host, err = canonicalHost(host); err != nil {
		return p, err
	}
	if p.sub {
		if _, err := netip.ParseAddr(p.host); err == nil {
			return p, fmt.Errorf("there is nothing below an IP address")
		}
		if !strings.Contains(p.host, ".") {
			return p, fmt.Errorf("*.%s would be every site below a top-level domain: name at least two parts", p.host)
		}
		if suffix, registry := publicsuffix.PublicSuffix(p.host); registry && suffix == p.host {
			return p, fmt.Errorf("*.%s would be every site that somebody registers there: name one part more", p.host)
		}
	}
	return p, nil
}

// Any reports whether the pattern lets every host pass.
func (p HostPattern) Any() bool { return p.any }

func (p HostPattern) matches(t Target) bool {
	if p.port != 0 && p.port != t.Port {
		return false
	}
	switch {
	case p.any:
		return true
	case p.sub:
		// Label by label: the character before the suffix is a dot, so evilgood.com is not below good.com.
		n := len(t.Host) - len(p.host)
		return n > 1 && t.Host[n-1] == '.' && t.Host[n:] == p.host
	default:
		return t.Host == p.host
	}
}

// HostRules is a service's host list, made ready for one authorization's parameter values. The zero value lets
// nothing pass. It is immutable.
type HostRules struct {
	patterns []HostPattern
	base     Target // the base URL; its port is one that the service names, so it goes with a pattern without a port
}

// Allow reports whether a credential may be sent to t.
func (r HostRules) Allow(t Target) bool {
	for _, p := range r.patterns {
		if p.matches(t) && (p.namesPort(t) || t == r.base) {
			return true
		}
	}
	return false
}

// namesPort reports whether the pattern means the port and scheme of a target whose host it matches. Without a port a
// name means https on 443: a credential crosses the network in the clear only where the service says so, by a port of
// its own or by its base URL. An address or "*" means http on 80 as well; package egress speaks that only where the
// operator opened the network.
func (p HostPattern) namesPort(t Target) bool {
	switch {
	case p.port != 0:
		return t.Scheme == "https" || p.port != 443
	case t.Scheme == "https":
		return t.Port == 443
	default:
		_, err := netip.ParseAddr(t.Host)
		return t.Port == 80 && (p.any || err == nil || loopback(t.Host))
	}
}

// ParseHosts makes rules of patterns without placeholders.
func ParseHosts(patterns []string) (HostRules, error) {
	var r HostRules
	for _, text := range patterns {
		p, err := ParseHostPattern(text)
		if err != nil {
			return HostRules{}, fmt.Errorf("the host %q cannot be used: %w", text, err)
		}
		r.patterns = append(r.patterns, p)
	}
	return r, nil
}

// Any reports whether the list lets every host pass.
func (r HostRules) Any() bool {
	for _, p := range r.patterns {
		if p.any {
			return true
		}
	}
	return false
}

// Patterns lists the patterns as texts, filled.
func (r HostRules) Patterns() []string {
	texts := make([]string, len(r.patterns))
	for i, p := range r.patterns {
		texts[i] = p.text
	}
	return texts
}

// String lists the patterns for a sentence.
func (r HostRules) String() string { return strings.Join(r.Patterns(), ", ") }
