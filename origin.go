package lanyard

import (
	"errors"
	"net/netip"
	"strings"
)

// MaxReturnToOrigins is how many origins an API key can name.
const MaxReturnToOrigins = 20

// CheckOrigin accepts an origin exactly as a browser writes it (RFC 6454 §6.2), so that comparing it with another is
// comparing texts: scheme, host in lower case, a port only where it is not the usual one. Over plain http it is a
// loopback host, for trying things out. The error is a sentence for the person who wrote it.
func CheckOrigin(text string) error {
	_, t, err := ParseURL(text)
	if err != nil {
		return err
	}
	if t.Scheme == "http" && !t.loopback() {
		return errors.New("an origin begins with https://; http:// is for localhost and 127.0.0.1 only")
	}
	if origin := t.Origin(); text != origin {
		return errors.New("an origin is https:// and a host, with a port if it has an unusual one, and nothing after it: " + origin)
	}
	return nil
}

// Origin is the origin of a target as a browser writes it.
func (t Target) Origin() string { return t.Scheme + "://" + t.authority() }

func (t Target) loopback() bool {
	if t.Host == "localhost" || strings.HasSuffix(t.Host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(t.Host)
	return err == nil && addr.IsLoopback()
}
