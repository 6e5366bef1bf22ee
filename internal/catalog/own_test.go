package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lanyard/internal/catalog"
)

// directory is an operator's, with a clock: each write is at another time.
type directory struct {
	t    *testing.T
	path string
	at   time.Time
}

func (d *directory) write(file, text string) {
	d.t.Helper()
	path := filepath.Join(d.path, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
	d.at = d.at.Add(time.Second)
	if err := os.Chtimes(path, d.at, d.at); err != nil {
		d.t.Fatal(err)
	}
}

func (d *directory) remove(file string) {
	d.t.Helper()
	if err := os.RemoveAll(filepath.Join(d.path, file)); err != nil {
		d.t.Fatal(err)
	}
}

func TestOwnDirectory(t *testing.T) {
	base, err := load(map[string]string{"tools/acme.yaml": acme, "tools/other.yaml": strings.ReplaceAll(strings.ReplaceAll(acme, "Acme", "Other"), "link_name: acme", "link_name: other")})
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{t, t.TempDir(), time.Unix(1_800_000_000, 0)}
	d.write("mine/ours.yaml", strings.ReplaceAll(strings.ReplaceAll(acme, "Acme", "Ours"), "link_name: acme", "link_name: ours"))
	d.write(".git/acme.yaml", "no catalogue file")
	d.write("mine/.acme.yaml", "nor this")
	d.write("mine/README.md", "nor this")
	own, c, err := catalog.OpenOwn(base, os.DirFS(d.path))
	if err != nil {
		t.Fatal(err)
	}
	names := func(c *catalog.Catalog) string {
		var all []string
		for _, e := range c.Entries() {
			all = append(all, e.Category+"/"+e.Name)
		}
		return strings.Join(all, " ")
	}
	if got := names(c); got != "tools/Acme tools/Other mine/Ours" {
		t.Errorf("at first: %s", got)
	}
	// settled looks twice: the first look sees a change, the second that it is over.
	settled := func() (*catalog.Catalog, error) {
		t.Helper()
		if c, err := own.Look(); c != nil || err != nil {
			t.Errorf("a change was used at the first look: %v", err)
		}
		return own.Look()
	}
	nothing := func(when string) {
		t.Helper()
		for range 2 {
			if c, err := own.Look(); c != nil || err != nil {
				t.Errorf("%s: something new: %v", when, err)
			}
		}
	}
	nothing("at first")

	d.write("mine/acme.yaml", strings.Replace(acme, "name: Acme", "name: Acme of ours", 1))
	if c, err = settled(); err != nil || names(c) != "mine/Acme of ours tools/Other mine/Ours" {
		t.Errorf("one stands in: %s, %v", names(c), err)
	}
	nothing("after one stands in")

	// Still being written: each look sees another file, so none is used.
	for range 3 {
		d.write("mine/acme.yaml", acme+"# more\n")
		if c, err := own.Look(); c != nil || err != nil {
			t.Errorf("a file that changes was used: %v", err)
		}
	}
	if c, err = own.Look(); err != nil || names(c) != "mine/Acme tools/Other mine/Ours" {
		t.Errorf("written to the end: %v", err)
	}

	d.write("mine/ours.yaml", "name: [")
	if c, err = settled(); c != nil || len(catalog.Faults(err)) != 1 || catalog.Faults(err)[0].File != "mine/ours.yaml" {
		t.Errorf("a bad file: %v", err)
	}
	nothing("after a bad file") // it was said once

	d.remove("mine")
	if c, err = settled(); err != nil || names(c) != "tools/Acme tools/Other" {
		t.Errorf("without: %v", err)
	}
	d.remove("")
	if c, err = settled(); c != nil || err == nil {
		t.Errorf("without the directory: %v", err)
	}
	nothing("without the directory")
}

// TestOwnFilesAreFollowed: volumes are swapped by a symbolic link.
func TestOwnFilesAreFollowed(t *testing.T) {
	d := &directory{t, t.TempDir(), time.Unix(1_800_000_000, 0)}
	d.write("..one/acme.yaml", acme)
	d.write("..two/acme.yaml", strings.Replace(acme, "name: Acme", "name: Acme anew", 1))
	link := filepath.Join(d.path, "mine")
	if err := os.Symlink("..one", link); err != nil {
		t.Fatal(err)
	}
	empty, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	own, c, err := catalog.OpenOwn(empty, os.DirFS(d.path))
	if err != nil || len(c.Entries()) != 1 {
		t.Fatalf("got %v", err)
	}
	d.remove("mine")
	if err := os.Symlink("..two", link); err != nil {
		t.Fatal(err)
	}
	_, _ = own.Look()
	if c, err = own.Look(); err != nil || c == nil || c.Entries()[0].Name != "Acme anew" {
		t.Errorf("got %v", err)
	}
}

func TestOwnFilesDoNotTakeNames(t *testing.T) {
	two := acme + "  - name: Token\n    definition: {link_name: acme_token, hosts: [api.acme.example], auth: {type: basic}}\n"
	two = strings.Replace(two, "  - definition:", "  - name: First\n    definition:", 1)
	base, err := load(map[string]string{"tools/acme.yaml": two})
	if err != nil {
		t.Fatal(err)
	}
	with := func(files map[string]string) (*catalog.Catalog, error) {
		own, err := load(files)
		if err != nil {
			t.Fatal(err)
		}
		return base.With(own)
	}
	_, err = with(map[string]string{"mine/acme_token.yaml": strings.Replace(acme, "link_name: acme", "link_name: acme_token", 1)})
	if err == nil || err.Error() != "mine/acme_token.yaml:6: /ways/0/definition/link_name: the link name acme_token is that of Acme already" {
		t.Errorf("a way of another entry: %v", err)
	}
	c, err := with(map[string]string{"mine/acme.yaml": acme})
	if err != nil || c.Has("acme_token") || c.Service("acme").Category != "mine" {
		t.Errorf("one that stands in: %v", err)
	}
	if !base.Has("acme_token") || base.Service("acme").Category != "tools" {
		t.Error("the catalogue before was changed")
	}
}

func TestDirectoriesHaveBounds(t *testing.T) {
	_, err := load(map[string]string{"tools/acme.yaml": acme + "#" + strings.Repeat("x", 256<<10)})
	if faults := catalog.Faults(err); len(faults) != 1 || faults[0].Detail != "a file has at most 256 KiB" {
		t.Errorf("a long file: %v", err)
	}
	many := fstest.MapFS{}
	for i := range 5001 {
		many["tools/a"+strings.Repeat("b", i%40)+string(rune('a'+i%26))+time.Duration(i).String()+".yaml"] = &fstest.MapFile{}
	}
	if _, err := catalog.Load(many); err == nil || !strings.Contains(err.Error(), "at most 5000 files") {
		t.Errorf("many files: %v", err)
	}
	if _, err := catalog.Load(fstest.MapFS{"tools/acme.yaml": {Mode: os.ModeNamedPipe}}); err == nil || !strings.Contains(err.Error(), "this is not a file") {
		t.Errorf("a pipe: %v", err)
	}
	if _, err := catalog.Load(os.DirFS(t.TempDir() + "/nothing")); err == nil {
		t.Error("a directory that is not there has a catalogue")
	}
}
