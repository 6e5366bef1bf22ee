package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"

	"lanyard/internal/providertest/peer"
)

// files is a folder of the repository.
func files(t testing.TB, path string) string {
	t.Helper()
	dir, err := peer.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, b)
}

func writeFile(t testing.TB, to string, content []byte) {
	t.Helper()
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// readLines reads a file of JSON lines that its owner may be writing to: a last line without its end is left out.
// A file that does not exist has no lines.
func readLines[T any](t testing.TB, path string) []T {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var all []T
	for line := range bytes.Lines(b) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("%s: %v in line %q", path, err, line)
		}
		all = append(all, one)
	}
	return all
}
