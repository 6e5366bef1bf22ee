package account

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

func TestSignInWithPassword(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		email, password string
		want            lanyard.Code
	}{
		"right":                   {w.owner.Email, ownersPassword, ""},
		"address in capitals":     {" OWNER@Example.com ", ownersPassword, ""},
		"wrong password":          {w.owner.Email, "wrong", lanyard.CodeInvalidRequest},
		"password with a blank":   {w.owner.Email, ownersPassword + " ", lanyard.CodeInvalidRequest},
		"nobody":                  {"nobody@example.com", ownersPassword, lanyard.CodeInvalidRequest},
		"user without a password": {w.member.Email, ownersPassword, lanyard.CodeInvalidRequest},
		"no password":             {w.member.Email, "", lanyard.CodeInvalidRequest},
		"no address":              {"", ownersPassword, lanyard.CodeInvalidRequest},
		"very long":               {strings.Repeat("x", 10_000), strings.Repeat("x", 100_000), lanyard.CodeInvalidRequest},
		"no text":                 {"\xff\x00", "\xff\x00", lanyard.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			signedIn, code := w.signIn(c.email, c.password, Browser{Address: netip.MustParseAddr("198.51.100.1")})
			if code != c.want {
				t.Fatalf("got %q, want %q", code, c.want)
			}
			if signedIn != nil && w.caller(signedIn).User != w.owner.ID {
				t.Error("the session is somebody else's")
			}
			w.pass(time.Hour) // so that the cases do not count together
		})
	}
}

// TestJ01_NothingTellsWhoIsThere: an unknown address, a user without a password and a wrong password are answered
// alike, after the same work: one comparison with a hash of the same cost, and nothing written before the answer.
func TestJ01_NothingTellsWhoIsThere(t *testing.T) {
	w := newWorld(t)
	const cost = "$argon2id$v=19$m=19456,t=2,p=1$"
	compared, compare := 0, w.hasher.compare
	w.hasher.compare = func(password, hash string) (bool, error) {
		compared++
		if !strings.HasPrefix(hash, cost) {
			t.Errorf("it is compared with %.40s, want %s", hash, cost)
		}
		return compare(password, hash)
	}
	var answers []string
	for _, email := range []string{w.owner.Email, w.member.Email, "nobody@example.com", strings.Repeat("x", 10_000)} {
		compared = 0
		_, err := w.SignInWithPassword(t.Context(), email, lanyard.NewSecret("wrong password"), someone)
		if err == nil || compared != 1 {
			t.Errorf("%.30s: %v after %d comparisons, want a refusal after one", email, err, compared)
			continue
		}
		answers = append(answers, err.Error())
	}
	if len(slices.Compact(answers)) != 1 {
		t.Errorf("the answers differ: %q", answers)
	}
	entries, _, err := w.store.Audit(t.Context(), w.owner.OrganizationID, store.AuditFilter{Actions: []lanyard.Action{lanyard.ActionSignInFailed}}, store.Page{})
	if err != nil || len(entries) != 0 {
		t.Errorf("%d entries were written before the answer, %v", len(entries), err)
	}
}

// TestJ01_GuessingAtThePassword makes 10,000 tries at the owner's account, and then the owner comes.
func TestJ01_GuessingAtThePassword(t *testing.T) {
	w := newWorld(t)
	home := someone
	home.Known = w.in(someone).Known
	codes := map[lanyard.Code]int{}
	for i := range 10_000 {
		_, code := w.signIn(w.owner.Email, fmt.Sprint("guess ", i), Browser{Address: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})})
		codes[code]++
	}
	if want := map[lanyard.Code]int{lanyard.CodeInvalidRequest: freeByAccount, lanyard.CodeRateLimited: 10_000 - freeByAccount}; !cmp.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
	if signedIn, code := w.signIn(w.owner.Email, ownersPassword, home); code != "" {
		t.Errorf("the owner in a known browser: %q", code)
	} else if signedIn.Known.Equal(home.Known) {
		t.Error("the browser keeps the same cookie for ever")
	}
	// With a right password nothing is learned from the refusal either.
	_, err := w.SignInWithPassword(t.Context(), w.owner.Email, lanyard.NewSecret(ownersPassword), someone)
	e, _ := err.(*lanyard.Error)
	if e == nil || e.Code != lanyard.CodeRateLimited || e.RetryAfter <= 0 || !strings.Contains(e.Message, "Try again in") {
		t.Fatalf("the owner elsewhere: %v, want rate_limited", err)
	}
	w.pass(e.RetryAfter)
	if _, code := w.signIn(w.owner.Email, ownersPassword, someone); code != "" {
		t.Errorf("the owner elsewhere, after %v: %q", e.RetryAfter, code)
	}
	// Somebody else's cookie is no help with this account, nor one that was made up.
	for name, known := range map[string]lanyard.Secret{"made up": lanyard.NewSecret("KNOWN"), "too long": lanyard.NewSecret(strings.Repeat("x", 5000))} {
		for i := range freeByAccount + 1 {
			_, code := w.signIn("nobody@example.com", "guess", Browser{Address: netip.MustParseAddr("10.9.9.9"), Known: known})
			if i == freeByAccount && code != lanyard.CodeRateLimited {
				t.Errorf("%s: try %d gives %q", name, i, code)
			}
		}
		w.pass(triesForgiven)
	}
}

// A flood leaves a few entries in the audit log, which say how many tries there were.
func TestFailedSignInsInTheAuditLog(t *testing.T) {
	w := newWorld(t)
	made := 0
	for range 60 { // over an hour
		for range 20 {
			if _, code := w.signIn(w.owner.Email, "guess", someone); code == lanyard.CodeInvalidRequest {
				made++
			}
			w.signIn("nobody@example.com", "guess", someone)
		}
		w.audit(lanyard.ActionSignInFailed)
		w.pass(time.Minute)
	}
	w.pass(failedEvery)
	entries := w.audit(lanyard.ActionSignInFailed)
	if len(entries) == 0 || len(entries) > 4 {
		t.Fatalf("the audit log has %d entries", len(entries))
	}
	told := 0
	for _, e := range entries {
		n, err := strconv.Atoi(e.Detail["tries"])
		w.must(err)
		told += n
		if e.Object != string(w.owner.ID) || e.Actor != "" || e.Detail["address"] != "192.0.2.7" || e.Detail["browser"] != "Firefox on Linux" {
			t.Errorf("got %+v", e)
		}
	}
	if told != made {
		t.Errorf("the entries tell of %d tries, want %d", told, made)
	}
	w.pass(failedEvery)
	w.audit(lanyard.ActionSignInFailed)
	if n := len(w.failed.byUser); n != 0 {
		t.Errorf("%d accounts are remembered after it was quiet", n)
	}
}

// One address can be of users of several organizations: the password says who it is.
func TestSignInWithOneAddressInTwoOrganizations(t *testing.T) {
	w := newWorld(t)
	hash, err := w.hasher.hash(t.Context(), lanyard.NewSecret(nextPassword))
	w.must(err)
	other := store.NewAccount{
		Organization: lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: "Other"},
		Owner:        lanyard.User{ID: lanyard.NewUserID(), Email: w.owner.Email, Name: "The other owner", Role: lanyard.RoleOwner}, PasswordHash: hash,
	}
	w.must(w.store.CreateAccount(t.Context(), other, nil))
	for password, want := range map[string]lanyard.UserID{ownersPassword: w.owner.ID, nextPassword: other.Owner.ID} {
		if signedIn, code := w.signIn(w.owner.Email, password, someone); code != "" || signedIn.User.ID != want {
			t.Errorf("%s: %+v, %q, want %s", password, signedIn, code, want)
		}
	}
}

// TestJ01_AnAccountOfTheSameAddress in another organization does not open the way to this one: neither does signing in
// there give new tries, nor a browser that is known there.
func TestJ01_AnAccountOfTheSameAddress(t *testing.T) {
	w := newWorld(t)
	hash, err := w.hasher.hash(t.Context(), lanyard.NewSecret(nextPassword))
	w.must(err)
	attacker := store.NewAccount{
		Organization: lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: "Other"},
		Owner:        lanyard.User{ID: lanyard.NewUserID(), Email: w.owner.Email, Name: "The attacker", Role: lanyard.RoleOwner}, PasswordHash: hash,
	}
	w.must(w.store.CreateAccount(t.Context(), attacker, nil))
	for name, known := range map[string]bool{"a stranger": false, "a known browser": true} {
		t.Run(name, func(t *testing.T) {
			w.pass(triesForgiven)
			from, guesses := Browser{}, 0
			for i := range 10 * freeByAccount {
				from.Address = netip.AddrFrom4([4]byte{10, 2, 0, byte(i)})
				if signedIn, code := w.signIn(w.owner.Email, nextPassword, from); code == "" && known {
					from.Known = signedIn.Known
				}
				if _, code := w.signIn(w.owner.Email, fmt.Sprint("guess ", i), from); code == lanyard.CodeInvalidRequest {
					guesses++
				}
			}
			if guesses > freeByAccount {
				t.Errorf("%d guesses were let in", guesses)
			}
		})
	}
}

func TestI05_EverySignInHasANewSession(t *testing.T) {
	w := newWorld(t)
	a, b := w.in(someone), w.in(someone)
	if a.Session.Equal(b.Session) || !w.holds(a) || !w.holds(b) {
		t.Error("two sign-ins have one session")
	}
	if !w.holds(a) || w.holds(&SignedIn{Session: lanyard.NewSecret("planted")}) {
		t.Error("a session that was planted holds")
	}
	w.must(w.SignOut(t.Context(), a.Session.Reveal()))
	if w.holds(a) || !w.holds(b) {
		t.Error("I11: after signing out the one session should be over, and the other one not")
	}
}

func TestI13_SessionsEndByThemselves(t *testing.T) {
	w := newWorld(t)
	replica := New(Config{Store: w.store, PublicURL: w.publicURL})
	holds := func(s *SignedIn) bool {
		_, _, err := replica.CallerBySession(t.Context(), s.Session.Reveal())
		return err == nil
	}
	unused, used := w.in(someone), w.in(someone)
	for day := 1; day <= 30; day++ {
		w.pass(24 * time.Hour)
		if got, want := holds(used), day < 30; got != want {
			t.Errorf("used every day, after %d days it holds: %t, want %t", day, got, want)
		}
	}
	if holds(unused) {
		t.Error("one that was not used holds after 30 days")
	}
	idle := w.in(someone)
	w.pass(7*24*time.Hour - time.Second)
	if !holds(idle) {
		t.Error("it does not hold just before seven days")
	}
	w.pass(7 * 24 * time.Hour)
	if holds(idle) {
		t.Error("unused for seven days it holds")
	}
}

func TestOwnSessions(t *testing.T) {
	w := newWorld(t)
	here, there := w.in(someone), w.in(Browser{Agent: "curl/8.0"})
	own, err := w.Own(t.Context(), w.caller(here), store.Page{}, store.Page{})
	w.must(err)
	if len(own.Sessions) != 3 || own.Access.Sessions != 3 || !own.HasPassword || own.User.ID != w.owner.ID {
		t.Fatalf("got %+v", own)
	}
	if !slices.ContainsFunc(own.Sessions, func(s store.Session) bool { return s.Browser == "curl" }) {
		t.Errorf("the sessions are %+v", own.Sessions)
	}
	w.must(w.EndSession(t.Context(), w.caller(here), w.caller(there).Session))
	if w.holds(there) || !w.holds(here) {
		t.Error("the wrong session ended")
	}
	if n, err := w.EndOtherSessions(t.Context(), w.caller(here)); err != nil || n != 1 || !w.holds(here) {
		t.Errorf("%d others ended, %v", n, err)
	}
	if n := len(w.audit(lanyard.ActionSessionsEnd)); n != 2 {
		t.Errorf("the audit log has %d entries, want 2", n)
	}
}

// TestJ04: everything that can be presented has 256 bits, and nothing of it is in the database.
func TestJ04_TokensAreLongAndKeptAsHashes(t *testing.T) {
	w := newWorld(t)
	setup := func(url, before string) string {
		_, value, _ := strings.Cut(url, before)
		return value
	}
	here := w.in(someone)
	_, key, err := w.CreateKey(t.Context(), w.caller(here), NewKey{Name: "key"})
	w.must(err)
	link, _, err := w.CreateSignInLink(t.Context(), w.caller(here))
	w.must(err)
	if !strings.HasPrefix(key.Reveal(), "lanyard_") {
		t.Errorf("a key that leaks cannot be found by its beginning")
	}
	values := map[string]string{
		"session": here.Session.Reveal(), "known browser": here.Known.Reveal(), "API key": strings.TrimPrefix(key.Reveal(), keyPrefix), "sign-in link": setup(link, "/sign-in/"),
	}
	files, err := filepath.Glob(filepath.Join(w.config.Dir, "lanyard.db*"))
	w.must(err)
	var stored []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		w.must(err)
		stored = append(stored, data...)
	}
	if !bytes.Contains(stored, []byte(w.owner.Email)) {
		t.Fatal("the database was not read")
	}
	for name, value := range values {
		if len(value) < 52 || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Errorf("%s: %d characters of base 32, want 52", name, len(value))
		}
		if bytes.Contains(stored, []byte(value)) {
			t.Errorf("%s: the value is in the database", name)
		}
	}
	if bytes.Contains(stored, []byte(ownersPassword)) {
		t.Error("the password is in the database")
	}
}

func TestBrowserLabel(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                            "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":        "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                             "Chrome on ChromeOS",
		"curl/8.0":                            "curl",
		"":                                    "",
		"<script>alert(1)</script>":           "",
		"Linux " + strings.Repeat("x", 1_000): "",
	} {
		if got := browserLabel(agent); got != want {
			t.Errorf("%s: got %q, want %q", agent, got, want)
		}
	}
}

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Millisecond: "a second", time.Second: "a second", 1001 * time.Millisecond: "2 seconds", 90 * time.Second: "90 seconds", 91 * time.Second: "2 minutes", time.Hour: "60 minutes",
	} {
		if got := inWords(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
