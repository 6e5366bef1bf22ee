package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// counts reads what go test -json says, prints what a person wants to see of it, and counts tests, sub-tests included.
type counts struct {
	passed, failed int
	skipped        []skip
}

type skip struct{ test, reason string }

// event is a line of go test -json; see go doc test2json. Lines of the build have ImportPath in place of Package.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

type testID struct{ pkg, test string }

// read prints to out a line for each package that passed, and everything that a failed test or package said.
func (c *counts) read(in io.Reader, out io.Writer) error {
	said := map[testID]*strings.Builder{} // by tests that run; a package's own words are under the empty name
	failedIn := map[string]bool{}         // packages with a failed test
	lines := bufio.NewReader(in)
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			printf("%s", line) // the go command itself
			continue
		}
		id := testID{e.Package, e.Test}
		words := said[id]
		if words == nil {
			words = &strings.Builder{}
		}
		switch e.Action {
		case "start", "run":
			said[id] = words
		case "build-output":
			printf("%s", e.Output)
		case "output":
			words.WriteString(e.Output)
			said[id] = words
		case "pass", "fail", "skip":
			delete(said, id)
			if e.Test == "" {
				c.endPackage(e, words.String(), said, failedIn, printf)
			} else {
				c.endTest(e, words.String(), failedIn, printf)
			}
		}
	}
}

func (c *counts) endTest(e event, words string, failedIn map[string]bool, printf func(string, ...any)) {
	switch e.Action {
	case "pass":
		c.passed++
	case "skip":
		c.skipped = append(c.skipped, skip{e.Package + " " + e.Test, reason(words)})
	case "fail":
		c.failed++
		failedIn[e.Package] = true
		printf("%s", withoutMarks(words))
	}
}

// endPackage prints the package's line. What has not ended by then was cut off: by a panic, a time-out, os.Exit.
func (c *counts) endPackage(e event, words string, said map[testID]*strings.Builder, failedIn map[string]bool,
	printf func(string, ...any),
) {
	var unfinished []string
	for id := range said {
		if id.pkg == e.Package {
			unfinished = append(unfinished, id.test)
		}
	}
	slices.Sort(unfinished)
	for _, test := range unfinished {
		id := testID{e.Package, test}
		if e.Action == "fail" {
			c.failed++
			failedIn[e.Package] = true
			printf("--- FAIL: %s (not finished)\n%s", test, withoutMarks(said[id].String()))
		}
		delete(said, id)
	}
	if e.Action == "fail" {
		if !failedIn[e.Package] { // it did not build, or failed outside its tests
			c.failed++
		}
		printf("%s", words)
		return
	}
	for line := range strings.Lines(words) {
		if line != "PASS\n" && !strings.HasPrefix(line, "testing: warning:") {
			printf("%s", line)
		}
	}
}

// withoutMarks drops the lines that tell whose turn it was.
func withoutMarks(words string) string {
	var b strings.Builder
	for line := range strings.Lines(words) {
		if mark, _, _ := strings.Cut(strings.TrimPrefix(line, "=== "), " "); !strings.HasPrefix(line, "=== ") ||
			!slices.Contains([]string{"RUN", "PAUSE", "CONT", "NAME"}, mark) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// reason is what a skipped test gave as one, without the marks of the testing package around it.
func reason(words string) string {
	var said []string
	for line := range strings.Lines(words) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}

// report lists the skipped tests.
func (c *counts) report(out io.Writer) {
	for _, s := range c.skipped {
		_, _ = fmt.Fprintf(out, "skipped: %s: %s\n", s.test, s.reason)
	}
}
