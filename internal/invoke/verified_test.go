package invoke

import (
	"testing"
	"time"

	"lanyard"
)

// Of a service's many calls a day one is written; another day, or another definition, is news, and another
// organization's client of the same definition is not.
func TestVerifiedNotesNewsAlone(t *testing.T) {
	morning := time.Date(2026, 11, 26, 6, 0, 0, 0, time.UTC)
	v := newVerified()
	for _, c := range []struct {
		what    string
		service *lanyard.Service
		at      time.Time
		news    bool
	}{
		{"no service", nil, morning, false},
		{"the first call", &lanyard.Service{LinkName: "acme", Version: 7 << 32}, morning, true},
		{"another on the same day", &lanyard.Service{LinkName: "acme", Version: 7 << 32}, morning.Add(time.Hour), false},
		{"with another organization's client", &lanyard.Service{LinkName: "acme", Version: 7<<32 + 3}, morning, false},
		{"another service", &lanyard.Service{LinkName: "other", Version: 7 << 32}, morning, true},
		{"another definition", &lanyard.Service{LinkName: "acme", Version: 8 << 32}, morning, true},
		{"another day", &lanyard.Service{LinkName: "acme", Version: 8 << 32}, morning.Add(20 * time.Hour), true},
	} {
		v.note(c.service, c.at)
		if news := len(v.due) > 0; news != c.news {
			t.Errorf("%s: %v", c.what, v.due)
		}
		for name, d := range v.due {
			v.known[name] = d
		}
		clear(v.due)
	}
}
