package egress

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// origin is where a connection leads, and the key under which it is kept.
type origin struct {
	secure bool   // https
	host   string // a name in lower case without a final dot, or an address without brackets
	port   uint16
}

// originOf reads the one part of a URL that decides where bytes go. It takes ASCII only: folding other scripts is done
// before the host rule, and a host that still needs it here was not seen by that rule.
func originOf(u *url.URL) (origin, error) {
	var o origin
	if u == nil {
		return o, invalid("The request has no URL.")
	}
	switch u.Scheme {
	case "https":
		o.secure, o.port = true, 443
	case "http":
		o.port = 80
	default:
		return o, invalid("Only https URLs can be called, and http ones in networks that the operator opened.")
	}
	if u.User != nil {
		return o, invalid("A URL to call holds no user name or password.")
	}
	if u.Opaque != "" || u.Path != "" && u.Path[0] != '/' {
		return o, invalid("A URL to call is https://host/path.")
	}

	host, port := u.Host, ""
	if end := strings.IndexByte(host, ']'); end >= 0 {
		addr, err := netip.ParseAddr(strings.TrimPrefix(host[:end], "["))
		if host[0] != '[' || err != nil || !addr.Is6() || addr.Zone() != "" {
			return o, invalid("The URL's host is not a valid address.")
		}
		o.host, port = addr.String(), host[end+1:]
		if port != "" && port[0] != ':' {
			return o, invalid("The URL's host is not a valid address.")
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(host, ":")
		host = strings.TrimSuffix(host, ".")
		if !validName(host) {
			return o, invalid("The URL's host is not a valid host name.")
		}
		o.host = strings.ToLower(host) // after the check: lower-casing turns the Kelvin sign into a k
	}
	if port != "" {
		for i := range len(port) {
			if port[i] < '0' || port[i] > '9' {
				return o, invalid("The URL's port is not a number from 1 to 65535.")
			}
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return o, invalid("The URL's port is not a number from 1 to 65535.")
		}
		o.port = uint16(n)
	}
	return o, nil
}

// validName reports whether s is made of labels as DNS has them (RFC 1035 §2.3.4 for the lengths); underscores occur.
func validName(s string) bool {
	if len(s) > 253 {
		return false
	}
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			label++
		case c == '.' && label > 0:
			label = 0
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return label > 0
}

// numeric reports whether the name ends in a number, in a form that some resolvers take for an IPv4 address: 127.1,
// 2130706433, 0x7f.1. No top-level domain is one (RFC 3696 §2).
func (o origin) numeric() bool {
	last := o.host[strings.LastIndexByte(o.host, '.')+1:]
	digits := "0123456789"
	if strings.HasPrefix(last, "0x") {
		last, digits = last[2:], "0123456789abcdef"
	}
	return strings.Trim(last, digits) == ""
}

// metadataNames lead to a metadata service whatever they resolve to.
var metadataNames = []string{"metadata.google.internal", "metadata.goog"}

// localSuffixes end names that belong to the local network or the machine (RFC 6761, 6762, 8375, and what container
// platforms use).
var localSuffixes = []string{".local", ".internal", ".localhost", ".home.arpa", ".svc", ".cluster.local"}

// local reports whether the name is one that only the local network can answer.
func (o origin) local() bool {
	if !strings.Contains(o.host, ".") {
		return true
	}
	for _, suffix := range localSuffixes {
		if strings.HasSuffix(o.host, suffix) || o.host == suffix[1:] {
			return true
		}
	}
	return false
}
