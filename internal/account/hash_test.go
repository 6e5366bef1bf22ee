package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"lanyard"
)

func TestHashes(t *testing.T) {
	h := newHasher()
	password := lanyard.NewSecret("four plain words here")
	first, err := h.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.hash(t.Context(), password)
	if err != nil || first.Equal(second) {
		t.Errorf("two hashes of one password are alike: %v", err)
	}
	params, salt, _, err := argon2id.DecodeHash(first.Reveal())
	if err != nil || params.Memory != 19*1024 || params.Iterations != 2 || params.Parallelism != 1 || len(salt) != 16 || !strings.HasPrefix(first.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the parameters are %+v, %v", params, err)
	}
	for text, want := range map[string]bool{
		"four plain words here": true, "four plain words here ": false, "Four plain words here": false, "": false,
		strings.Repeat("x", 5000): false,
	} {
		if got, err := h.matches(t.Context(), lanyard.NewSecret(text), first); err != nil || got != want {
			t.Errorf("%.30q: got %t, %v", text, got, err)
		}
	}
	if _, err := h.matches(t.Context(), password, lanyard.NewSecret("$broken$hash")); err == nil || strings.Contains(err.Error(), "broken") {
		t.Errorf("a broken hash: %v", err)
	}
}

// TestJ03: a flood of sign-ins keeps at most half of the processors busy, stands in a line of bounded length, and what
// is refused is told when to come back. Nothing else waits in that line: API keys are looked up meanwhile.
func TestJ03_FloodOfSignInsHasAPoolOfItsOwn(t *testing.T) {
	w := newWorld(t)
	c := w.caller(w.in(someone))
	_, key, err := w.CreateKey(t.Context(), c, NewKey{Name: "key"})
	w.must(err)

	h := w.hasher
	release := make(chan struct{})
	var atOnce, most, done int
	var mu sync.Mutex
	var flood sync.WaitGroup
	started := make(chan struct{}, cap(h.line))
	for range cap(h.line) {
		flood.Go(func() {
			started <- struct{}{}
			err := h.turn(context.WithoutCancel(t.Context()), func() error {
				mu.Lock()
				atOnce++
				most = max(most, atOnce)
				mu.Unlock()
				<-release
				mu.Lock()
				atOnce--
				done++
				mu.Unlock()
				return nil
			})
			if err != nil {
				t.Errorf("one that stood in line: %v", err)
			}
		})
	}
	for range cap(h.line) {
		<-started
	}
	for len(h.line) < cap(h.line) { // until all of them stand in line
		if t.Context().Err() != nil {
			t.Fatal("the line does not fill")
		}
	}
	_, err = w.SignInWithPassword(t.Context(), w.owner.Email, lanyard.NewSecret(ownersPassword), someone)
	var e *lanyard.Error
	if !errors.As(err, &e) || e.Code != lanyard.CodeRateLimited || e.RetryAfter == 0 {
		t.Errorf("past the end of the line: %v, want rate_limited with a time to come back", err)
	}
	if _, err := w.CallerByKey(t.Context(), key.Reveal(), nil); err != nil {
		t.Errorf("a call of the API meanwhile: %v", err)
	}
	close(release)
	flood.Wait()
	if most > cap(h.working) || done != cap(h.line) {
		t.Errorf("%d at once, %d done; want at most %d, and all %d", most, done, cap(h.working), cap(h.line))
	}
	w.in(someone) // what was refused for want of room was not counted as wrong, and now there is room
}

// Who hangs up leaves the line.
func TestWhoHangsUpLeavesTheLine(t *testing.T) {
	h := newHasher()
	for range cap(h.working) {
		h.working <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.turn(ctx, func() error { return nil }); !errors.Is(err, context.Canceled) || len(h.line) != 0 {
		t.Errorf("got %v with %d in line", err, len(h.line))
	}
}
