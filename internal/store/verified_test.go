package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

func TestVerified(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		day := start.Truncate(24 * time.Hour)
		verified := func(definitions map[lanyard.LinkName]int64, want ...store.Verified) {
			t.Helper()
			check(t, w.MarkVerified(t.Context(), definitions))
			got, err := w.Verified(t.Context())
			check(t, err)
			all := map[lanyard.LinkName]store.Verified{}
			for _, v := range want {
				all[v.Service] = v
			}
			if diff := cmp.Diff(all, got); diff != "" {
				t.Errorf("verified (-want +got):\n%s", diff)
			}
		}
		verified(nil)
		verified(map[lanyard.LinkName]int64{"slack": 1 << 32}, store.Verified{Service: "slack", Version: 1 << 32, First: day, Last: day})
		w.now.add(30 * time.Hour)
		next := day.Add(24 * time.Hour)
		verified(map[lanyard.LinkName]int64{"slack": 1 << 32, "github": 2 << 32},
			store.Verified{Service: "slack", Version: 1 << 32, First: day, Last: next}, store.Verified{Service: "github", Version: 2 << 32, First: next, Last: next})
		// Another definition begins anew, also where it is an older one.
		w.now.add(24 * time.Hour)
		last := next.Add(24 * time.Hour)
		verified(map[lanyard.LinkName]int64{"slack": 3 << 32, "github": 1 << 32},
			store.Verified{Service: "slack", Version: 3 << 32, First: last, Last: last}, store.Verified{Service: "github", Version: 1 << 32, First: last, Last: last})
	})
}
