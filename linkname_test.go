package lanyard_test

import (
	"strings"
	"testing"

	"lanyard"
)

func TestN05_LinkNames(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"one letter", "a", true},
		{"digits and underscores", "a1_b2__", true},
		{"50 characters", strings.Repeat("a", 50), true},
		{"a word Go or SQL knows", "select", true},
		{"a word of ours", "default", true},
		{"empty", "", false},
		{"upper case", "A", false},
		{"upper case inside", "aB", false},
		{"digit first", "1a", false},
		{"underscore first", "_a", false},
		{"hyphen", "a-b", false},
		{"blank", "a b", false},
		{"blank at the end", "a ", false},
		{"newline at the end", "a\n", false},
		{"51 characters", strings.Repeat("a", 51), false},
		{"Cyrillic a", "а", false},
		{"Cyrillic a inside", "pаypal", false},
		{"full width", "ａ", false},
		{"slash", "a/b", false},
		{"dots", "a..b", false},
		{"percent", "a%41", false},
		{"NUL", "a\x00", false},
		{"quote", "a'b", false},
		{"invalid UTF-8", "a\xff", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := lanyard.ParseLinkName(c.in)
			if (err == nil) != c.ok {
				t.Fatalf("ParseLinkName(%q): error %v, want ok %v", c.in, err, c.ok)
			}
			if want := lanyard.LinkName(c.in); c.ok && got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if !c.ok && got != "" {
				t.Errorf("got %q beside an error", got)
			}
		})
	}
}

func TestN06_DisplayNames(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"plain", "Salesforce (EU)", true},
		{"50 characters", strings.Repeat("x", 50), true},
		{"50 characters of three bytes", strings.Repeat("あ", 50), true},
		{"50 emoji", strings.Repeat("🦊", 50), true},
		{"joined emoji", "👩‍👩‍👧 family", true},
		{"accents put on by marks", "e\u0301", true},
		{"Hebrew", "שלום", true},
		{"markup is text", "<b>x</b>", true},
		{"empty", "", false},
		{"51 characters", strings.Repeat("x", 51), false},
		{"51 characters of three bytes", strings.Repeat("あ", 51), false},
		{"blanks only", "   ", false},
		{"no-break spaces only", "\u00a0\u2003", false},
		{"zero-width spaces only", "\u200b\u200b", false},
		{"joiners only", "\u200d\ufeff\u2060", false},
		{"Hangul filler only", "\u3164", false},
		{"variation selector only", "\ufe0f", false},
		{"blank in front", " x", false},
		{"blank behind", "x\u00a0", false},
		{"right-to-left override", "abc\u202egpj.exe", false},
		{"right-to-left mark", "abc\u200f", false},
		{"isolate", "a\u2066b", false},
		{"newline", "a\nb", false},
		{"tab", "a\tb", false},
		{"NUL", "a\x00b", false},
		{"escape", "a\x1b[31mb", false},
		{"C1 control", "a\u0085b", false},
		{"line separator", "a\u2028b", false},
		{"invalid UTF-8", "a\xffb", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := lanyard.CheckName(c.in); (err == nil) != c.ok {
				t.Errorf("CheckName(%q): error %v, want ok %v", c.in, err, c.ok)
			}
		})
	}
}

func TestProposeLinkName(t *testing.T) {
	for name, want := range map[string]lanyard.LinkName{
		"Acme CRM": "acme_crm", "  Acme -- CRM!  ": "acme_crm", "Größe Øre Łódź": "grosse_ore_lodz", "2024 reports": "reports", "Room 101": "room_101",
		"_private": "private", "报告": "", "42": "", "": "", "Ünï 报告 x": "uni_x", strings.Repeat("ab ", 30): "ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab_ab",
	} {
		got := lanyard.ProposeLinkName(name)
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
		if got != "" {
			if _, err := lanyard.ParseLinkName(string(got)); err != nil {
				t.Errorf("%q: %q is no link name: %v", name, got, err)
			}
		}
	}
}
