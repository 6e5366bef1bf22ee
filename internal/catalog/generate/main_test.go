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

func TestTasksAreLinkedTo(t *testing.T) {
	for heading, want := range map[string]string{"Bigin by Zoho CRM": "bigin-by-zoho-crm", "monday.com": "mondaycom", "Line-up (new)": "line-up-new"} {
		if got := anchor(heading); got != want {
			t.Errorf("%s is linked to by #%s, want #%s", heading, got, want)
		}
	}
}
