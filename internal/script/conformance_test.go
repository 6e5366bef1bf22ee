package script

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// TestConformance runs the example scripts of testdata/conformance.txt: a heading, the script, and "=> " before each
// line that it prints.
func TestConformance(t *testing.T) {
	f, err := os.Open("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var name, source string
	var want []string
	run := func() {
		if source == "" {
			return
		}
		script, wanted := source, want
		t.Run(name, func(t *testing.T) {
			s, err := Parse(script)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Run(t.Context(), Settings{})
			if err != nil {
				t.Error(err)
			}
			if a, b := strings.Join(got.Output, "\n"), strings.Join(wanted, "\n"); a != b {
				t.Errorf("printed\n%s\nwant\n%s", a, b)
			}
		})
		source, want = "", nil
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "# "):
			run()
			name = line[2:]
		case strings.HasPrefix(line, "=> "):
			want = append(want, line[3:])
		default:
			source += line + "\n"
		}
	}
	run()
}

// Every function has an example, and it prints what the documentation says.
func TestExamplesOfFunctions(t *testing.T) {
	for _, g := range groups() {
		for _, b := range g.functions {
			s, err := Parse(b.example)
			if err != nil {
				t.Errorf("%s: %s: %v", b.names[0], b.example, err)
				continue
			}
			got, err := s.Run(t.Context(), Settings{})
			if err != nil || strings.Join(got.Output, "\n") != b.prints {
				t.Errorf("%s: %s prints %q, %v; the documentation says %q", b.names[0], b.example, got.Output, err, b.prints)
			}
		}
	}
}

// No function hides another one: where both have a name, they differ in what they are called on or with how much.
func TestNoFunctionHidesAnother(t *testing.T) {
	for name, named := range builtins() {
		for i, a := range named {
			for _, b := range named[i+1:] {
				if a.on&b.on != 0 && (a.max < 0 || a.max >= b.min) && (b.max < 0 || b.max >= a.min) {
					t.Errorf("%s: %s and %s", name, a.usage(), b.usage())
				}
			}
		}
	}
}
