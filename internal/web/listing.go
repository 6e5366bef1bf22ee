package web

import (
	"strings"

	"lanyard"
	"lanyard/internal/script"
)

// listedLine is a line of a script where it is only shown.
type listedLine struct {
	Number int
	Parts  []listedPart
	Bad    bool // something is wrong with it
	Warned bool
}

// listedPart is a stretch of a line in one colour.
type listedPart struct {
	Class script.Class // empty: it has none
	Text  string
}

// newListing is a script with numbers and colours.
func newListing(source string, problems, warnings []lanyard.ScriptProblem) []listedLine {
	lines := []listedLine{{Number: 1}}
	put := func(class script.Class, text string) {
		for i, part := range strings.Split(text, "\n") {
			if i > 0 {
				lines = append(lines, listedLine{Number: len(lines) + 1})
			}
			if part != "" {
				last := &lines[len(lines)-1]
				last.Parts = append(last.Parts, listedPart{class, part})
			}
		}
	}
	source = strings.TrimSuffix(source, "\n")
	at := 0
	for _, span := range script.Highlight(source) {
		put("", source[at:span.Start])
		put(span.Class, source[span.Start:span.End])
		at = span.End
	}
	put("", source[at:])
	for _, p := range problems {
		if p.Line >= 1 && p.Line <= len(lines) {
			lines[p.Line-1].Bad = true
		}
	}
	for _, p := range warnings {
		if p.Line >= 1 && p.Line <= len(lines) {
			lines[p.Line-1].Warned = true
		}
	}
	return lines
}
