package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAssets(t *testing.T) {
	d := newDoor(t, "")
	page := d.get("/").body
	paths := regexp.MustCompile(`/assets/[^"]+`).FindAllString(page, -1)
	if len(paths) != 6 {
		t.Errorf("the page names %d assets: %q", len(paths), paths)
	}
	css := ""
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			a := d.get(path, "Accept-Encoding", "identity")
			if a.status != 200 || a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
				t.Errorf("got %d, %v", a.status, a.header)
			}
			sum := sha256.Sum256([]byte(a.body))
			if !strings.Contains(path, "."+hex.EncodeToString(sum[:6])+".") {
				t.Errorf("the hash in the address is not that of the content")
			}
			if strings.Contains(path, "/app.") && strings.HasSuffix(path, ".css") {
				css = a.body
			}
			if head := d.send("HEAD", path, ""); head.status != 200 || head.body != "" {
				t.Errorf("HEAD: %d, %d bytes", head.status, len(head.body))
			}
			zipped := d.get(path, "Accept-Encoding", "br, gzip;q=0.8")
			if strings.HasSuffix(path, ".woff2") {
				if zipped.header.Get("Content-Encoding") != "" || zipped.body != a.body {
					t.Error("the font was compressed again")
				}
				return
			}
			if zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("Vary") != "Accept-Encoding" {
				t.Fatalf("headers: %v", zipped.header)
			}
			r, err := gzip.NewReader(strings.NewReader(zipped.body))
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if string(content) != a.body {
				t.Error("compressed, it is something else")
			}
			if d.get(path, "Accept-Encoding", "gzip;q=0").header.Get("Content-Encoding") != "" {
				t.Error("it was compressed for somebody who does not want it")
			}
		})
	}
	if font := regexp.MustCompile(`url\((/assets/inter\.[0-9a-f]{12}\.woff2)\)`).FindStringSubmatch(css); font == nil || !slices.Contains(paths, font[1]) {
		t.Errorf("the style sheet names another font than the page: %q", font)
	}
	for _, path := range []string{"/assets/", "/assets/app.css", "/assets/app.000000000000.css", "/assets/../web.go", "/assets/vendored/inter.woff2"} {
		if a := d.get(path); a.status != 404 && a.status != 301 && a.status != 307 {
			t.Errorf("%s: got %d", path, a.status)
		}
	}
}

// TestVendored compares the files of others with assets/vendor.json, and that with what npm was told to install.
func TestVendored(t *testing.T) {
	read := func(path string, into any) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatal(err)
		}
	}
	var vendor []struct {
		Name, Version, Licence string
		Files                  map[string]string
	}
	var manifest struct{ Dependencies, DevDependencies map[string]string }
	var lock struct {
		Packages map[string]struct{ Version, License, Integrity string }
	}
	read("assets/vendor.json", &vendor)
	read("assets/package.json", &manifest)
	read("assets/package-lock.json", &lock)

	wanted := map[string]string{}
	for _, set := range []map[string]string{manifest.Dependencies, manifest.DevDependencies} {
		for name, version := range set {
			wanted[name] = version
		}
	}
	listed := map[string]bool{}
	for _, m := range vendor {
		locked := lock.Packages["node_modules/"+m.Name]
		if m.Version != wanted[m.Name] || m.Version != locked.Version || m.Licence != locked.License || m.Licence == "" || locked.Integrity == "" {
			t.Errorf("%s: vendor.json says %s (%s), package.json %s, package-lock.json %s (%s)", m.Name, m.Version, m.Licence, wanted[m.Name], locked.Version, locked.License)
		}
		delete(wanted, m.Name)
		licence := false
		for path, want := range m.Files {
			listed[path] = true
			licence = licence || strings.HasSuffix(path, ".LICENSE.txt")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
				continue
			}
			sum := sha256.Sum256(content)
			if got := hex.EncodeToString(sum[:]); got != want {
				t.Errorf("%s: SHA-256 is %s, vendor.json says %s", path, got, want)
			}
		}
		if !licence {
			t.Errorf("%s: its licence is not among the files", m.Name)
		}
	}
	for name := range wanted {
		t.Errorf("%s is in package.json and not in vendor.json: go generate ./internal/web", name)
	}
	err := filepath.WalkDir("assets/vendored", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !listed[filepath.ToSlash(path)] {
			t.Errorf("%s is not in vendor.json", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Only icons that a page draws are in the tree.
func TestIconsAreUsed(t *testing.T) {
	var text bytes.Buffer
	files, err := filepath.Glob("*.go") // menus, notices and the left side name theirs there
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("templates", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	set, err := loadIcons()
	if err != nil {
		t.Fatal(err)
	}
	for name := range set {
		if !bytes.Contains(text.Bytes(), []byte(`"`+name+`"`)) {
			t.Errorf("no page draws the icon %s", name)
		}
	}
	if _, err := set.icon("no-such-icon"); err == nil {
		t.Error("an icon that there is not was drawn")
	}
}
