package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"code.dny.dev/ssrf"
)

// policy says which addresses may be dialled: public ones, and those in networks that the operator opened. It does not
// know names; see origin.go for those.
type policy struct {
	allow  []netip.Prefix
	public *ssrf.Guardian // what is globally routable, from IANA's registries
}

// metadata are the addresses at which clouds give a machine its credentials, and their like. No setting opens them,
// so they are looked for before anything else.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), // AWS, Google, Azure, and most others
	netip.MustParseAddr("169.254.170.2"),   // AWS ECS task roles
	netip.MustParseAddr("169.254.170.23"),  // AWS EKS pod identity
	netip.MustParseAddr("169.254.42.42"),   // Scaleway
	netip.MustParseAddr("168.63.129.16"),   // Azure's host, although in public space
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd00:ec2::23"),    // AWS EKS pod identity
	netip.MustParseAddr("fd20:ce::254"),    // Google
	netip.MustParseAddr("fd00:42::42"),     // Scaleway
	netip.MustParseAddr("fe80::a9fe:a9fe"), // OpenStack
}

// opaque networks lead to an IPv4 address that cannot be read from the IPv6 one, so a metadata address could hide there.
var opaque = []netip.Prefix{
	netip.MustParsePrefix("2001::/32"),      // Teredo, RFC 4380: the address is obscured
	netip.MustParsePrefix("64:ff9b:1::/48"), // local-use NAT64, RFC 8215: its place is the network's own choice
}

// carriers are the networks whose addresses lead to the IPv4 address that stands in them, offset bytes from the front.
var carriers = []struct {
	prefix netip.Prefix
	offset int
}{
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible, RFC 4291 §2.5.5.1
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // IPv4-translated, RFC 2765 §2.1
	{ssrf.IPv6NAT64Prefix, 12},                     // 64:ff9b::/96, RFC 6052
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4, RFC 3056
}

func newPolicy(allow []netip.Prefix) *policy {
	p := &policy{
		// NAT64 is how a machine without IPv4 reaches the public part of it; check looks at the address inside first.
		public: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV6Prefixes(ssrf.IPv6NAT64Prefix)),
	}
	for _, prefix := range allow {
		if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
		}
		p.allow = append(p.allow, prefix.Masked())
	}
	return p
}

// check is nil when addr may be dialled. Its error names the address, so it is for the log alone.
func (p *policy) check(addr netip.Addr) error {
	if !addr.IsValid() || addr.Zone() != "" {
		return errors.New("no address, or one with a zone")
	}
	addr = addr.Unmap()
	inside := embedded(addr)
	for _, a := range append(inside, addr) {
		if slices.Contains(metadata, a) {
			return fmt.Errorf("%s leads to a metadata service", addr)
		}
	}
	for _, prefix := range opaque {
		if prefix.Contains(addr) {
			return fmt.Errorf("%s is in %s, which hides an IPv4 address", addr, prefix)
		}
	}
	if p.opened(addr) {
		return nil
	}
	for _, a := range inside {
		if err := p.public.SafeAddr(a); err != nil {
			return fmt.Errorf("%s carries an IPv4 address: %w", addr, err)
		}
	}
	return p.public.SafeAddr(addr)
}

// opened reports whether addr is in a network that the operator opened. It is no substitute for check.
func (p *policy) opened(addr netip.Addr) bool {
	addr = addr.Unmap()
	return slices.ContainsFunc(p.allow, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// embedded gives the IPv4 addresses that an IPv6 address leads to. More than one is possible: a 6to4 address may end
// like an ISATAP one.
func embedded(addr netip.Addr) []netip.Addr {
	if !addr.Is6() {
		return nil
	}
	b := addr.As16()
	var inside []netip.Addr
	for _, c := range carriers {
		if c.prefix.Contains(addr) {
			inside = append(inside, netip.AddrFrom4([4]byte(b[c.offset:])))
		}
	}
	// ISATAP, RFC 5214 §6.1: an interface identifier of 00-00-5E-FE or 02-00-5E-FE and the IPv4 address, in any network.
	if b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		inside = append(inside, netip.AddrFrom4([4]byte(b[12:])))
	}
	return inside
}
