package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
)

// Every default service has a tile in its brand's colour, where it has one, with the mark that its file names, if that may
// be here; and no mark is in the tree that no file names.
func TestLogosOfDefaultServices(t *testing.T) {
	files := loadAssets()
	used, drawn := map[string]bool{}, 0
	for _, e := range catalog.Default().Entries() {
		if _, there := marks()[e.Logo]; e.Logo != "" && !there {
			t.Errorf("%s: the mark %s is not in the tree: go generate ./internal/web", e.Name, e.Logo)
		}
		if e.Logo != "" && e.Color == "" {
			t.Errorf("%s has a mark and no colour", e.Name)
		}
		used[e.Logo] = true
		tile := string(logo(files.url, e, e.LinkName(), e.Name))
		src := regexp.MustCompile(`^<span class="tile" data-brand aria-hidden="true"><img src="/assets/([^"]+)" alt="" width="40" height="40" loading="lazy"></span>$`).FindStringSubmatch(tile)
		switch {
		case marks()[e.Logo] != "" && src == nil:
			t.Errorf("%s: the tile is %s", e.Name, tile)
		case src != nil:
			if svg := string(logoFile(src[1])); !strings.Contains(svg, `fill="`+e.Color+`"`) || !strings.Contains(svg, `d="`+marks()[e.Logo]+`"`) {
				t.Errorf("%s: the mark is %s", e.Name, svg)
			}
			drawn++
		case e.Color != "" && !strings.Contains(tile, `fill="`+e.Color+`"`):
			t.Errorf("%s: the tile is %s", e.Name, tile)
		}
	}
	if drawn < 250 {
		t.Errorf("%d services have a mark", drawn)
	}
	for name, d := range marks() {
		if !used[name] {
			t.Errorf("no service has the mark %s", name)
		}
		if d != "" && !regexp.MustCompile(`^[MmLlHhVvCcSsQqTtAaZz0-9 ,.\-e]+$`).MatchString(d) {
			t.Errorf("I01: the mark %s holds more than a path", name)
		}
	}
}

// A mark is kept by browsers for ever, and is drawn in no colour but one of six digits.
func TestLogoFiles(t *testing.T) {
	d := newDoor(t, "")
	address := "/assets/logos/" + logoVersion() + "/"
	a := d.get(address + "github-181717.svg")
	if a.status != 200 || a.header.Get("Content-Type") != "image/svg+xml" || a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.Contains(a.body, `fill="#181717"`) {
		t.Errorf("got %d %v %s", a.status, a.header, a.body)
	}
	if head := d.send("HEAD", address+"github-181717.svg", ""); head.status != 200 || head.body != "" {
		t.Errorf("HEAD: %d %q", head.status, head.body)
	}
	for _, path := range []string{"github.svg", "github-red.svg", "github-18171.svg", "nobody-181717.svg", "keycloak-181717.svg", "github-181717.svg/x", "GitHub-181717.svg"} {
		if a := d.get(address + path); a.status != 404 {
			t.Errorf("%s: got %d", path, a.status)
		}
	}
	if a := d.get("/assets/logos/000000000000/github-181717.svg"); a.status != 404 {
		t.Errorf("another version: got %d", a.status)
	}
}

// writeLogos writes the marks where pages that open without a server look for them.
func writeLogos(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "logos"), 0o755); err != nil {
		return err
	}
	for _, e := range catalog.Default().Entries() {
		if marks()[e.Logo] == "" {
			continue
		}
		name := logoAsset(e.Logo, e.Color)
		svg := logoFile("logos/" + logoVersion() + strings.TrimPrefix(name, "logos"))
		if err := os.WriteFile(filepath.Join(dir, name), svg, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func TestLogoOfACustomService(t *testing.T) {
	for _, c := range []struct{ link, name, letter string }{
		{"acme", "Acme", "A"}, {"own", "<script>alert(1)</script>", "S"}, {"sign", "&", "•"}, {"empty", "", "•"},
	} {
		tile := string(logo(nil, nil, lanyard.LinkName(c.link), c.name))
		if !regexp.MustCompile(`^<span class="tile" data-hue="[0-7]" aria-hidden="true">` + c.letter + `</span>$`).MatchString(tile) {
			t.Errorf("%s: %s", c.name, tile)
		}
		if tile != string(logo(nil, nil, lanyard.LinkName(c.link), c.name)) {
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
