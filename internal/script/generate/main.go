// Command generate writes the second half of docs/script-language.md: every function of the language, from what the
// functions say of themselves. What stands above the mark is written by hand. It is run by go generate ./internal/script,
// in that directory.
package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"lanyard/internal/script"
)

// mark begins what is generated.
const mark = "<!-- From here on the page is made by go generate ./internal/script. -->\n"

func main() {
	if err := run("../../docs/script-language.md"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	made, err := generate(page)
	if err != nil {
		return err
	}
	return os.WriteFile(file, made, 0o644) //nolint:gosec // part of the sources
}

// generate gives the page anew, with the half that is written by hand as it is.
func generate(page []byte) ([]byte, error) {
	byHand, _, ok := bytes.Cut(page, []byte(mark))
	if !ok {
		return nil, fmt.Errorf("the page has no line %q", strings.TrimSpace(mark))
	}
	all := script.Functions()
	var b bytes.Buffer
	b.Write(byHand)
	b.WriteString(mark)
	fmt.Fprintf(&b, `
## All functions

There are %d. A function without *on* is called as it stands, any other one on a value of that type, or with the value as its first
argument: `+"`\"a\".length()` and `length(\"a\")`"+` are the same. Names are taken in any case. What stands in [brackets] may be left out.
*A statement* gives nothing back. Where several functions have a name, the type that they are called on decides.
`, len(all))
	group := ""
	for _, f := range all {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n### %s\n\n| function | on | | example | prints |\n| --- | --- | --- | --- | --- |\n", group)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", usage(&f), on(&f), about(&f), code(f.Example), code(f.Prints))
	}
	return b.Bytes(), nil
}

// usage is how a function is called, and its other names.
func usage(f *script.FunctionInfo) string {
	call := f.Name
	if _, free := receiver(f); free {
		if f.Takes != "" || f.Name[0] >= 'A' && f.Name[0] <= 'Z' { // now and today stand without brackets
			call += "(" + f.Takes + ")"
		}
	} else {
		call = "." + call + "(" + f.Takes + ")"
	}
	said := code(call)
	for i, alias := range f.Aliases {
		if i == 0 {
			said += "<br>also "
		} else {
			said += ", "
		}
		said += code(alias)
	}
	return said
}

// receiver is what a function is called on. Free ones are called by their names: List(…), zoho.encryption.md5(…), now.
func receiver(f *script.FunctionInfo) (types []string, free bool) {
	free = len(f.On) == 0 || strings.Contains(f.Name, ".") || f.Name[0] >= 'A' && f.Name[0] <= 'Z'
	return f.On, free
}

func on(f *script.FunctionInfo) string {
	types, free := receiver(f)
	switch {
	case free:
		return ""
	case slices.Contains(types, "ANY"):
		return "anything"
	}
	return strings.ToLower(strings.Join(types, ", "))
}

func about(f *script.FunctionInfo) string {
	if !f.Result {
		return cell(f.About) + " *A statement.*"
	}
	return cell(f.About)
}

// code is a text as code in the cell of a table.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
