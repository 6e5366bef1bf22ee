package account

import (
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// A warm key is not asked about again, so the cache itself has to know when a previous secret ends.
func TestAWarmPreviousSecretEnds(t *testing.T) {
	w := newWorld(t)
	c := w.caller(w.in(someone))
	key, first, err := w.CreateKey(t.Context(), c, NewKey{Name: "key"})
	w.must(err)
	hour := time.Hour
	_, second, err := w.RotateKey(t.Context(), c, key.ID, Rotate{Overlap: &hour})
	w.must(err)
	works := func(secret lanyard.Secret) bool {
		_, err := w.CallerByKey(t.Context(), secret.Reveal(), nil)
		return err == nil
	}
	if !works(first) || !works(second) {
		t.Error("not both secrets work")
	}
	w.must(w.SaveUse(t.Context()))
	keys, _, err := w.Keys(t.Context(), c, store.Page{})
	w.must(err)
	if k := keys[0]; k.Previous.LastUsedAt.IsZero() || k.LastUsedAt.IsZero() {
		t.Errorf("the list does not say when each was used: %+v", k)
	}
	w.pass(hour)
	if works(first) || !works(second) {
		t.Error("the previous secret outlived its end in the cache")
	}
	rotated, _, err := w.RotateKey(t.Context(), c, key.ID, Rotate{})
	w.must(err)
	if got := rotated.Previous.ExpiresAt.Sub(w.now()); got != StandardOverlap {
		t.Errorf("without a word about it the overlap is %v", got)
	}
}
