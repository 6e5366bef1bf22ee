package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lanyard/internal/catalog"
)

// free are the licences under which a mark may be drawn in another colour, for whatever purpose, beside code of any
// licence. The set as a whole is CC0; some marks in it have a licence of their own, which then counts.
var free = []string{"", "Apache-2.0", "BSD-3-Clause", "CC0-1.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-2.0", "CC-BY-SA-2.5", "CC-BY-SA-3.0",
	"CC-BY-SA-4.0", "MIT", "MPL-2.0", "Unlicense"}

// mark is an icon as simple-icons describes it.
type mark struct {
	Title, Slug, Source string
	License             struct{ Type, URL string }
}

// logos makes two files of what is in simple-icons: logos.txt has the marks that the catalogue names, a line each, name
// and path; the path is missing where the mark's licence does not let it be here. logos.LICENSE.txt says which those
// are, and whose licence the others have.
func logos(from string) (map[string][]byte, error) {
	data, err := os.ReadFile(filepath.Join(from, "data", "simple-icons.json"))
	if err != nil {
		return nil, err
	}
	var all []mark
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("read the list of simple-icons: %w", err)
	}
	named := map[string]bool{}
	for _, e := range catalog.Default().Entries() {
		named[e.Logo] = e.Logo != ""
	}
	all = slices.DeleteFunc(all, func(m mark) bool { return !named[m.Slug] })
	slices.SortFunc(all, func(a, b mark) int { return cmp.Compare(a.Slug, b.Slug) })
	var paths, own, without strings.Builder
	for _, m := range all {
		delete(named, m.Slug)
		if !slices.Contains(free, m.License.Type) {
			fmt.Fprintln(&paths, m.Slug)
			fmt.Fprintf(&without, "%s: %s\n", m.Title, cmp.Or(m.License.URL, m.License.Type))
			continue
		}
		svg, err := os.ReadFile(filepath.Join(from, "icons", m.Slug+".svg"))
		if err != nil {
			return nil, err
		}
		_, d, _ := strings.Cut(string(svg), `<path d="`)
		d, _, ok := strings.Cut(d, `"/></svg>`)
		if !ok {
			return nil, fmt.Errorf("the mark %s is more than one path", m.Slug)
		}
		fmt.Fprintf(&paths, "%s %s\n", m.Slug, d)
		if m.License.Type != "" {
			fmt.Fprintf(&own, "%s: %s, from %s\n", m.Title, m.License.Type, m.Source)
		}
	}
	delete(named, "")
	for slug := range named {
		return nil, fmt.Errorf("there is no mark %s in simple-icons", slug)
	}
	licences := "The marks of services are their owners' trademarks. Those that have a licence of their own in simple-icons:\n\n" + own.String() +
		"\nThese are left out, for their licence does not say that they may be here:\n\n" + without.String()
	return map[string][]byte{"assets/vendored/logos.txt": []byte(paths.String()), "assets/vendored/logos.LICENSE.txt": []byte(licences)}, nil
}
