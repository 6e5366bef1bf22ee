package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"lanyard/internal/script"
)

func TestThePageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile("../../../docs/script-language.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, want) {
		t.Error("docs/script-language.md is not what the functions say of themselves: run go generate ./internal/script")
	}
	for _, f := range script.Functions() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if !strings.Contains(string(page), name) {
				t.Errorf("the page does not speak of %s", name)
			}
		}
	}
}

// What stands in a cell neither ends it nor the line.
func TestCells(t *testing.T) {
	for _, f := range script.Functions() {
		if strings.ContainsAny(f.About+f.Example+f.Prints+f.Takes, "\n`") {
			t.Errorf("%s cannot stand in a table: %+v", f.Name, f)
		}
	}
	f := &script.FunctionInfo{Name: "left", On: []string{"TEXT"}, Takes: "number", Aliases: []string{"a", "b"}}
	if got := usage(f); got != "`.left(number)`<br>also `a`, `b`" {
		t.Errorf("usage: %s", got)
	}
	if got := code("a|b"); got != "`a\\|b`" {
		t.Errorf("code: %s", got)
	}
}
