package web

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden pages")

// TestPagesGolden compares every page in every state with testdata/pages. Read the difference as you read code.
func TestPagesGolden(t *testing.T) {
	dir := t.TempDir()
	if err := Pages(dir); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "pages")
	var names []string
	for _, st := range states() {
		if name := st.name + ".html"; slices.Contains(names, name) {
			t.Errorf("two states are called %s", st.name)
		} else {
			names = append(names, name)
		}
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(name, ".html"), func(t *testing.T) {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(filepath.Join(golden, name), got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(filepath.Join(golden, name))
			if err != nil {
				t.Fatalf("%v (go test ./internal/web -update makes it)", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the page changed (-golden +now):\n%s", diff)
			}
		})
	}
	files, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("testdata/pages/%s belongs to no state", f.Name())
		}
	}
}
