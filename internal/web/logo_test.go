package web

import (
	"regexp"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
)

// Every default service has a tile in its brand's colour, with the mark that its file names, and no mark is in the tree
// that no file names.
func TestLogosOfDefaultServices(t *testing.T) {
	used := map[string]bool{}
	for _, e := range catalog.Default().Entries() {
		if e.Color == "" {
			t.Errorf("%s has no colour", e.Name)
		}
		if e.Logo != "" && marks()[e.Logo] == "" {
			t.Errorf("%s: the mark %s is not in the tree: go generate ./internal/web", e.Name, e.Logo)
		}
		used[e.Logo] = true
		for _, w := range e.Ways {
			tile := string(logo(w.LinkName, w.Service().Name))
			if !strings.Contains(tile, `fill="`+e.Color+`"`) || strings.Contains(tile, "<path") != (e.Logo != "") {
				t.Errorf("%s: the tile is %s", w.LinkName, tile)
			}
		}
	}
	for name, d := range marks() {
		if !used[name] {
			t.Errorf("no service has the mark %s", name)
		}
		if !regexp.MustCompile(`^[MmLlHhVvCcSsQqTtAaZz0-9 ,.\-e]+$`).MatchString(d) {
			t.Errorf("I01: the mark %s holds more than a path", name)
		}
	}
}

func TestLogoOfACustomService(t *testing.T) {
	for _, c := range []struct{ link, name, letter string }{
		{"acme", "Acme", "A"}, {"own", "<script>alert(1)</script>", "S"}, {"sign", "&", "•"}, {"empty", "", "•"},
	} {
		tile := string(logo(lanyard.LinkName(c.link), c.name))
		if !regexp.MustCompile(`^<span class="tile" data-hue="[0-7]" aria-hidden="true">` + c.letter + `</span>$`).MatchString(tile) {
			t.Errorf("%s: %s", c.name, tile)
		}
		if tile != string(logo(lanyard.LinkName(c.link), c.name)) {
			t.Errorf("%s has a colour that changes", c.name)
		}
	}
}

func TestInk(t *testing.T) {
	for color, want := range map[string]string{"#000000": "#fff", "#4285f4": "#fff", "#fc6d26": "#fff", "#ffd21e": "#18181b", "#ffffff": "#18181b"} {
		if got := inkOn(color); got != want {
			t.Errorf("on %s: %s, want %s", color, got, want)
		}
	}
}
