package main

import (
	"bytes"
	"os"
	"testing"
)

// TestGenerated reads and judges every file of the catalogue.
func TestGenerated(t *testing.T) {
	made, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range made {
		got, err := os.ReadFile("../" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the files of the catalogue give: run go generate ./internal/catalog", file)
		}
	}
}
