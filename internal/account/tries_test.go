package account

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// from is the i-th of many addresses.
func from(i int) netip.Prefix {
	return addressOf(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
}

// TestJ01 tries 10,000 wrong passwords as fast as it can for a while, in the ways there are to spread them.
func TestJ01_TriesAreSlowed(t *testing.T) {
	const many = 10_000
	for _, c := range []struct {
		name  string
		over  time.Duration // in which the tries are made, evenly
		try   func(i int) try
		least int
		most  int
	}{
		{"one account, one address, at once", 0, func(int) try { return try{account: "a", address: from(1)} }, freeByAccount, freeByAccount},
		{"one account, one address, over a day", 24 * time.Hour, func(int) try { return try{account: "a", address: from(1)} }, 1000, 1445},
		{"one account, many addresses, at once", 0, func(i int) try { return try{account: "a", address: from(i)} }, freeByAccount, freeByAccount},
		{"one account, many addresses, over a day", 24 * time.Hour, func(i int) try { return try{account: "a", address: from(i)} }, 1000, 1445},
		{"many accounts, one address, at once", 0, func(i int) try { return try{account: fmt.Sprint(i), address: from(1)} }, freeByAddress, freeByAddress},
		{"many accounts, one address, over a day", 24 * time.Hour, func(i int) try { return try{account: fmt.Sprint(i), address: from(1)} }, 1000, 1460},
		{"many accounts, many addresses, at once", 0, func(i int) try { return try{account: fmt.Sprint(i), address: from(i)} }, allBurst, allBurst},
		{"one account in a browser that it knows, over a day", 24 * time.Hour, func(i int) try { return try{account: "a", address: from(i), browser: "b"} }, 1000, 1445},
	} {
		t.Run(c.name, func(t *testing.T) {
			tries, made := newTries(noon), 0
			for i := range many {
				if tries.begin(c.try(i), noon.Add(c.over*time.Duration(i)/many)) == 0 {
					made++
				}
			}
			if made < c.least || made > c.most {
				t.Errorf("%d tries were made, want %d to %d", made, c.least, c.most)
			}
		})
	}
}

func TestJ01_NobodyIsLockedOut(t *testing.T) {
	stranger := try{account: "a", address: from(1)}
	attacked := func() *tries {
		tries := newTries(noon)
		for i := range 10_000 {
			tries.begin(try{account: "a", address: from(i)}, noon)
		}
		return tries
	}
	t.Run("the wait has an end", func(t *testing.T) {
		tries := attacked()
		wait := tries.begin(stranger, noon)
		if wait <= 0 || wait > longestWait {
			t.Fatalf("the wait is %v, want at most %v", wait, longestWait)
		}
		if again := tries.begin(stranger, noon.Add(wait-time.Millisecond)); again == 0 {
			t.Error("it was let in before")
		}
		if again := tries.begin(stranger, noon.Add(wait)); again != 0 {
			t.Errorf("after the wait there are %v more", again)
		}
	})
	t.Run("a known browser does not wait", func(t *testing.T) {
		if wait := attacked().begin(try{account: "a", address: from(1), browser: "b"}, noon); wait != 0 {
			t.Errorf("it waits %v", wait)
		}
	})
	t.Run("another account does not wait", func(t *testing.T) {
		if wait := attacked().begin(try{account: "b", address: from(20_000)}, noon.Add(time.Second)); wait != 0 {
			t.Errorf("it waits %v", wait)
		}
	})
	t.Run("after the right password it begins anew", func(t *testing.T) {
		tries := attacked()
		at := noon.Add(longestWait)
		if wait := tries.begin(stranger, at); wait != 0 {
			t.Fatalf("it waits %v", wait)
		}
		tries.right(stranger)
		for i := range freeByAccount {
			if wait := tries.begin(try{account: "a", address: from(30_000 + i)}, at); wait != 0 {
				t.Errorf("try %d waits %v", i, wait)
			}
		}
	})
	t.Run("tries that were not made do not count", func(t *testing.T) {
		tries := newTries(noon)
		for i := range 200 {
			now := noon.Add(time.Duration(i) * time.Second)
			if wait := tries.begin(stranger, now); wait != 0 {
				t.Fatalf("try %d waits %v", i, wait)
			}
			tries.undo(stranger)
		}
	})
	t.Run("an hour later all is forgiven", func(t *testing.T) {
		tries := attacked()
		if wait := tries.begin(stranger, noon.Add(triesForgiven)); wait != 0 {
			t.Errorf("it waits %v", wait)
		}
	})
	t.Run("an own account does not clear an address", func(t *testing.T) {
		tries, made := newTries(noon), 0
		for i := range 1000 {
			own := try{account: "own", address: from(1)}
			if tries.begin(own, noon) == 0 {
				tries.right(own)
			}
			if tries.begin(try{account: fmt.Sprint(i), address: from(1)}, noon) == 0 {
				made++
			}
		}
		if made > freeByAddress {
			t.Errorf("%d accounts were tried, want at most %d", made, freeByAddress)
		}
	})
}

func TestJ01_MemoryIsBounded(t *testing.T) {
	tries := newTries(noon)
	for i := range 2 * maxTries {
		now := noon.Add(time.Duration(i) * time.Millisecond)
		tries.begin(try{account: fmt.Sprint(i), address: from(i)}, now)
		tries.begin(try{account: fmt.Sprint(i), browser: "b"}, now)
	}
	if a, b, c := len(tries.byAccount), len(tries.byAddress), len(tries.byBrowser); max(a, b, c) > maxTries {
		t.Errorf("%d, %d and %d are counted, want at most %d each", a, b, c, maxTries)
	}
}

func TestAddressOf(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := addressOf(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := addressOf(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: got %s", got)
	}
}
