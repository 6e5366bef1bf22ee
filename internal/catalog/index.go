package catalog

import (
	"bytes"
	"cmp"
	_ "embed" // the index
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lanyard"
)

// Reading and judging a thousand files of YAML at every start would take longer than all the rest of it. So
// go generate does that once and leaves the index: a line for each entry, by link name. It is what the card says, in
// JSON, then the definition of each way, in JSON, with tabs between; JSON has none. What the card says is read at the
// start, a definition when it is asked for.
//
// The files themselves are not part of the program.

//go:generate go run ./generate

//go:embed index.txt
var index string

// Default is the catalogue that comes with Lanyard. It is read once, when it is first asked for.
var Default = sync.OnceValue(func() *Catalog {
	c, err := readIndex(index)
	if err != nil {
		panic("the catalogue that comes with Lanyard cannot be read: " + err.Error()) // a fault of the program
	}
	return c
})

// Index writes the index of a catalogue that was read by [Load].
func (c *Catalog) Index() ([]byte, error) {
	byLinkName := slices.SortedFunc(slices.Values(c.entries), func(a, b *Entry) int { return cmp.Compare(a.LinkName(), b.LinkName()) })
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, e := range byLinkName {
		if err := encoder.Encode(e); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the line break
		for _, w := range e.Ways {
			b.WriteString("\t" + w.definition)
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

func readIndex(text string) (*Catalog, error) {
	c := &Catalog{byName: map[lanyard.LinkName]place{}}
	for line := range strings.Lines(text) {
		card, definitions, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		e := &Entry{}
		if err := json.Unmarshal([]byte(card), e); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(c.entries)+1, err)
		}
		for i := range e.Ways {
			w := &e.Ways[i]
			w.definition, definitions, _ = strings.Cut(definitions, "\t")
			w.service = sync.OnceValue(func() *lanyard.Service {
				s, err := e.service(i)
				if err != nil {
					panic("a default service cannot be read: " + err.Error()) // go generate judged it
				}
				return s
			})
		}
		if err := c.add(e); err != nil {
			return nil, err
		}
	}
	return c.sort(), nil
}
