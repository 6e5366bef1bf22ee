package egress

import (
	"math/big"
	"net/netip"
	"testing"
)

func prefixes(t testing.TB, texts ...string) []netip.Prefix {
	t.Helper()
	var list []netip.Prefix
	for _, s := range texts {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// walk gives the first, the middle and the last address of a prefix.
func walk(p netip.Prefix) []netip.Addr {
	first := p.Masked().Addr()
	size := new(big.Int).Lsh(big.NewInt(1), uint(first.BitLen()-p.Bits()))
	at := func(offset *big.Int) netip.Addr {
		n := new(big.Int).Add(new(big.Int).SetBytes(first.AsSlice()), offset)
		a, _ := netip.AddrFromSlice(n.FillBytes(make([]byte, first.BitLen()/8)))
		return a
	}
	return []netip.Addr{first, at(new(big.Int).Rsh(size, 1)), at(new(big.Int).Sub(size, big.NewInt(1)))}
}

func TestE07_SpecialNetworksRefused(t *testing.T) {
	p := newPolicy(nil)
	for _, prefix := range prefixes(t, "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32", "::/96", "::ffff:0:0:0/96", "100::/64",
		"64:ff9b:1::/48", "2001::/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7",
		"fe80::/10", "fec0::/10", "ff00::/8") {
		for _, addr := range walk(prefix) {
			if p.check(addr) == nil {
				t.Errorf("%s, in %s, may be dialled", addr, prefix)
			}
		}
	}
	for _, s := range []string{"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"172.15.255.255", "172.32.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e"} {
		if err := p.check(netip.MustParseAddr(s)); err != nil {
			t.Errorf("public address refused: %v", err)
		}
	}
}

func TestE07_EveryBlockAgainstARangeList(t *testing.T) {
	// The table of the library, read a second time from RFC 6890 and its successors: which /8 are refused as a whole.
	p := newPolicy(nil)
	whole := map[int]bool{0: true, 10: true, 127: true}
	for first := range 256 {
		want := !whole[first] && first < 224
		addr := netip.AddrFrom4([4]byte{byte(first), 200, 77, 77})
		if got := p.check(addr) == nil; got != want {
			t.Errorf("%s may be dialled: %v, want %v", addr, got, want)
		}
	}
}

func TestPolicy_EmbeddedAddresses(t *testing.T) {
	p := newPolicy(nil)
	tests := []struct {
		name, addr string
		allowed    bool
	}{
		{"E03 unspecified", "::", false},
		{"E03 loopback", "::1", false},
		{"E03 unspecified IPv4", "0.0.0.0", false},
		{"E03 zone", "fe80::1%lo", false},
		{"E03 zone on loopback", "::1%lo", false},
		{"E03 zone on a public address", "2606:4700::1111%eth0", false},
		{"E05 mapped loopback", "::ffff:127.0.0.1", false},
		{"E05 mapped loopback in hexadecimal", "::ffff:7f00:1", false},
		{"E05 mapped metadata", "::ffff:a9fe:a9fe", false},
		{"E05 mapped private", "::ffff:10.1.2.3", false},
		{"E05 mapped public", "::ffff:8.8.8.8", true},
		{"E05 compatible loopback", "::127.0.0.1", false},
		{"E05 compatible public", "::8.8.8.8", false},
		{"E06 NAT64 of metadata", "64:ff9b::a9fe:a9fe", false},
		{"E06 NAT64 of private", "64:ff9b::10.0.0.1", false},
		{"E06 NAT64 of loopback", "64:ff9b::127.0.0.1", false},
		{"E06 NAT64 of public", "64:ff9b::8.8.8.8", true},
		{"E06 local-use NAT64", "64:ff9b:1::8.8.8.8", false},
		{"E06 6to4 of metadata", "2002:a9fe:a9fe::", false},
		{"E06 6to4 of loopback", "2002:7f00:1::1", false},
		{"E06 6to4 of public", "2002:808:808::1", false},
		{"E06 Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2", false},
		{"E06 ISATAP of private", "2606:4700::5efe:10.0.0.1", false},
		{"E06 ISATAP of private, universal", "2606:4700::200:5efe:10.0.0.1", false},
		{"E06 ISATAP of metadata", "2606:4700::200:5efe:169.254.169.254", false},
		{"E06 ISATAP of public", "2606:4700::200:5efe:8.8.8.8", true},
		{"E06 translated loopback", "::ffff:0:127.0.0.1", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := p.check(netip.MustParseAddr(test.addr)); (err == nil) != test.allowed {
				t.Errorf("check(%s) = %v, want allowed: %v", test.addr, err, test.allowed)
			}
		})
	}
	if p.check(netip.Addr{}) == nil {
		t.Error("the zero address may be dialled")
	}
}

func TestE08_MetadataStaysRefused(t *testing.T) {
	p := newPolicy(prefixes(t, "0.0.0.0/0", "::/0", "169.254.169.254/32", "::ffff:0:0/96"))
	forms := []netip.Addr{}
	for _, m := range metadata {
		forms = append(forms, m)
		if !m.Is4() {
			continue
		}
		b := m.As4()
		for _, front := range []string{"::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "2001::", "2606:4700::5efe:0:0",
			"fd00::200:5efe:0:0"} {
			a := netip.MustParseAddr(front).As16()
			copy(a[12:], b[:])
			forms = append(forms, netip.AddrFrom16(a))
		}
		a := netip.MustParseAddr("2002::1").As16()
		copy(a[2:], b[:])
		forms = append(forms, netip.AddrFrom16(a))
	}
	for _, want := range []string{"169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16",
		"fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"} {
		forms = append(forms, netip.MustParseAddr(want))
	}
	for _, addr := range forms {
		if p.check(addr) == nil {
			t.Errorf("%s may be dialled although it leads to a metadata service", addr)
		}
	}
}

func TestPolicy_OpenedNetworks(t *testing.T) {
	p := newPolicy(prefixes(t, "127.0.0.0/8", "10.20.30.40/16", "fd00:1::/32", "::ffff:192.168.7.0/120"))
	tests := []struct {
		name, addr      string
		opened, allowed bool
	}{
		{"inside", "127.0.0.1", true, true},
		{"inside, mapped", "::ffff:127.0.0.1", true, true},
		{"prefix with host bits", "10.20.99.1", true, true},
		{"outside", "10.21.0.1", false, false},
		{"inside, IPv6", "fd00:1::5", true, true},
		{"outside, IPv6", "fd00:2::5", false, false},
		{"prefix in mapped form", "192.168.7.9", true, true},
		{"public", "8.8.8.8", false, true},
		{"the same network behind NAT64 is another one", "64:ff9b::127.0.0.1", false, false},
		{"loopback of IPv6 was not opened", "::1", false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr := netip.MustParseAddr(test.addr)
			if got := p.opened(addr); got != test.opened {
				t.Errorf("opened(%s) = %v", addr, got)
			}
			if err := p.check(addr); (err == nil) != test.allowed {
				t.Errorf("check(%s) = %v, want allowed: %v", addr, err, test.allowed)
			}
		})
	}
	if newPolicy([]netip.Prefix{{}}).check(netip.MustParseAddr("127.0.0.1")) == nil {
		t.Error("an invalid prefix opened something")
	}
}
