package store

import (
	"testing"
	"time"

	"lanyard"
)

func TestTimes(t *testing.T) {
	for _, want := range []time.Time{{}, time.UnixMilli(1).UTC(), time.UnixMilli(-1).UTC(), time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)} {
		got := time.Now()
		if err := (instant{&got}).Scan(millis(want)); err != nil || !got.Equal(want) || got.Location() != time.UTC && !want.IsZero() {
			t.Errorf("%v comes back as %v (%v)", want, got, err)
		}
	}
	var got time.Time
	if err := (instant{&got}).Scan("2026-01-02"); err == nil {
		t.Error("a text was taken for a time")
	}
}

func TestUnlessNull(t *testing.T) {
	var (
		name    lanyard.LinkName
		number  int
		at      time.Time
		boolean bool
	)
	for _, test := range []struct {
		to    any
		value any
		fails bool
	}{
		{&name, nil, false}, {&number, nil, false}, {instant{&at}, nil, false},
		{&name, "acme", false}, {&number, int64(7), false}, {instant{&at}, int64(1000), false},
		{&name, int64(1), true}, {&number, "x", true}, {instant{&at}, "x", true}, {&boolean, "x", true}, {&name, 1.5, true},
	} {
		if err := (unlessNull{test.to}).Scan(test.value); (err != nil) != test.fails {
			t.Errorf("%T into %T: %v", test.value, test.to, err)
		}
	}
	if name != "acme" || number != 7 || at.Unix() != 1 {
		t.Errorf("read %q, %d, %v", name, number, at)
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", "ünïcödé 🦫": "ünïcödé 🦫", "a\x00b": "a\uFFFDb", "\xff\xfe": "\uFFFD", "a\xc3(": "a\uFFFD(",
	} {
		if got := clean(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func FuzzCursor(f *testing.F) {
	const list, org = "connections my", lanyard.OrganizationID("org_a")
	f.Add("acme", "")
	f.Add("", cursor(list, org, "acme"))
	f.Add("a", cursor(list, "org_b", "acme"))
	f.Fuzz(func(t *testing.T, key, stranger string) {
		if key != "" {
			got, _, err := Page{Cursor: cursor(list, org, key)}.Open(list, org)
			if err != nil || got != key {
				t.Errorf("%q comes back as %q, %v", key, got, err)
			}
			if _, _, err := (Page{Cursor: cursor(list, org, key)}).Open(list, "org_b"); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Errorf("%q is a place in another organization: %v", key, err)
			}
		}
		// What is accepted is what was made here.
		if after, _, err := (Page{Cursor: stranger}).Open(list, org); err == nil && stranger != "" && cursor(list, org, after) != stranger {
			t.Errorf("%q is taken for the place %q", stranger, after)
		}
	})
}
