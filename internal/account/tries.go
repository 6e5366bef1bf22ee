package account

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often a password may be tried. Each try that is wrong counts for the account and for the client's address; after
// some that are free each one doubles the wait for the next, up to a minute. So an account can be tried some 1,440 times
// in a day, from however many addresses, and nobody is ever locked out for longer than that minute.
//
// Whoever keeps trying keeps that minute running for strangers. A browser in which the person signed in before is
// counted by itself instead, and a one-time link is not counted at all: these are the ways in meanwhile.
const (
	freeByAccount = 5
	freeByAddress = 20 // people behind one address share it
	firstWait     = time.Second
	longestWait   = time.Minute
	triesForgiven = time.Hour // after the last one

	// All strangers together: as much as a large organization needs on a Monday morning.
	allBurst, allPerSecond = 100, 10

	// maxTries bounds each map. It is more than allPerSecond lets in within triesForgiven, so nobody can push others out.
	maxTries = 50_000
)

// try is one try at a password.
type try struct {
	account string // the e-mail address that was given, whether there is such a user or not
	address netip.Prefix
	browser string // the hash of a browser known to this user; empty: a stranger
}

// key names an account in a browser.
func (t *try) key() string { return t.account + "\x00" + t.browser }

// addressOf is what one client is likely to have of an address: in IPv6 a network of 64 bits.
func addressOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // none known: all such clients are one
	}
	return p
}

// tries counts the tries of the last hour in memory. Each replica counts by itself. It is safe for concurrent use.
type tries struct {
	mu        sync.Mutex
	byAccount map[string]*count
	byAddress map[netip.Prefix]*count
	byBrowser map[string]*count // by account and browser
	all       *rate.Limiter
	swept     time.Time
}

type count struct {
	wrong int
	last  time.Time
	until time.Time // no try before
}

func newTries(now time.Time) *tries {
	return &tries{
		byAccount: map[string]*count{}, byAddress: map[netip.Prefix]*count{}, byBrowser: map[string]*count{},
		all: rate.NewLimiter(allPerSecond, allBurst), swept: now,
	}
}

// begin counts a try as wrong until it turns out to be right, so that many at once are counted too. When it may not be made, it
// gives how long to wait, and counts nothing.
func (t *tries) begin(try try, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	if try.browser != "" {
		if wait = left(t.byBrowser[try.key()], now); wait == 0 {
			add(t.byBrowser, try.key(), freeByAccount, now)
		}
		return wait
	}
	if wait = max(left(t.byAccount[try.account], now), left(t.byAddress[try.address], now)); wait > 0 {
		return wait
	}
	if r := t.all.ReserveN(now, 1); r.DelayFrom(now) > 0 {
		wait = r.DelayFrom(now)
		r.CancelAt(now)
		return wait
	}
	add(t.byAccount, try.account, freeByAccount, now)
	add(t.byAddress, try.address, freeByAddress, now)
	return 0
}

// right says that the try was: the account, or the browser, begins anew. An address does not, for who guesses can have
// an account too.
func (t *tries) right(try try) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if try.browser != "" {
		delete(t.byBrowser, try.key())
		return
	}
	delete(t.byAccount, try.account)
	takeBack(t.byAddress[try.address], freeByAddress)
}

// undo takes back what begin counted, for a try that was not made after all.
func (t *tries) undo(try try) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if try.browser != "" {
		takeBack(t.byBrowser[try.key()], freeByAccount)
		return
	}
	takeBack(t.byAccount[try.account], freeByAccount)
	takeBack(t.byAddress[try.address], freeByAddress)
}

func takeBack(c *count, free int) {
	if c == nil {
		return
	}
	c.wrong = max(0, c.wrong-1)
	c.until = c.last.Add(waitAfter(c.wrong, free))
}

// sweep forgets what is forgiven, now and then.
func (t *tries) sweep(now time.Time) {
	if now.Sub(t.swept) < time.Minute {
		return
	}
	t.swept = now
	sweep(t.byAccount, now)
	sweep(t.byAddress, now)
	sweep(t.byBrowser, now)
}

func sweep[K comparable](counts map[K]*count, now time.Time) {
	maps.DeleteFunc(counts, func(_ K, c *count) bool { return now.Sub(c.last) >= triesForgiven })
}

func left(c *count, now time.Time) time.Duration {
	if c == nil || now.Sub(c.last) >= triesForgiven {
		return 0
	}
	return max(0, c.until.Sub(now))
}

func add[K comparable](counts map[K]*count, key K, free int, now time.Time) {
	c := counts[key]
	if c == nil || now.Sub(c.last) >= triesForgiven {
		if len(counts) >= maxTries {
			for any := range counts {
				delete(counts, any)
				break
			}
		}
		c = &count{}
		counts[key] = c
	}
	c.wrong++
	c.last = now
	c.until = now.Add(waitAfter(c.wrong, free))
}

// waitAfter is how long to wait after so many wrong tries, of which some are free.
func waitAfter(wrong, free int) time.Duration {
	if wrong < free {
		return 0
	}
	return min(longestWait, firstWait<<min(wrong-free, 10))
}
