// Command generate writes what is made of the files of the catalogue: the index, from which a start is quick, and two
// pages of the documentation, the one that counts the services and the one that lists their integration tasks. It is run
// by go generate ./internal/catalog, in that directory.
package main

import (
	"bytes"
	"fmt"
	"os"

	"lanyard/internal/catalog"
)

func main() {
	made, err := generate(".")
	for file, text := range made {
		if err == nil {
			err = write(file, text)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generate gives each file that is made, by its name seen from dir, the directory of the catalogue.
func generate(dir string) (map[string][]byte, error) {
	c, err := catalog.Load(os.DirFS(dir + "/services"))
	if err != nil {
		return nil, err
	}
	index, err := c.Index()
	if err != nil {
		return nil, err
	}
	leftOut, err := os.ReadFile(dir + "/left-out.md")
	if err != nil {
		return nil, err
	}
	page, err := os.ReadFile(dir + "/../../docs/tasks.md")
	if err != nil {
		return nil, err
	}
	page, err = tasks(c, page)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"index.txt": index, "../../docs/catalogue.md": c.Page(leftOut), "../../docs/tasks.md": page}, nil
}

// write leaves a file alone that says the same already, so that nothing is built anew because of it.
func write(file string, text []byte) error {
	if now, err := os.ReadFile(file); err == nil && bytes.Equal(now, text) {
		return nil
	}
	return os.WriteFile(file, text, 0o644) //nolint:gosec // part of the sources
}
