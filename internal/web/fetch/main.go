// Command fetch brings what the pages take from others into the tree: it installs the exact versions that
// assets/package-lock.json pins into a throw-away directory, copies the files that are used, and writes
// assets/vendor.json, which says where each file comes from and what it hashes to. It runs no script of any package.
//
// Run it by `go generate ./internal/web`, after changing a version in package.json and renewing the lock file with
// `npm install --package-lock-only --ignore-scripts`. A build needs neither it nor npm.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// module is a package of npm and what is taken from it: paths inside the package, and where they go in internal/web.
type module struct {
	name  string
	files [][2]string
	made  func(from string) (map[string][]byte, error) // files that are made of what is in the package
}

// icons are the lucide icons that the templates name.
var icons = []string{
	"activity", "arrow-right", "blocks", "book-open", "building-2", "calendar", "check", "chevron-down", "chevron-right", "circle", "circle-alert",
	"circle-check", "clock", "cog", "copy", "ellipsis", "external-link", "eye", "file-text", "globe", "history", "info", "key-round", "library", "link", "list",
	"lock", "log-in", "log-out", "menu", "moon", "pencil", "play", "plug", "plus", "refresh-cw", "search", "send", "server", "square", "square-terminal", "sun", "trash-2",
	"triangle-alert", "unplug", "user", "user-minus", "users", "wrench", "x",
}

func modules() []module {
	lucide := module{name: "lucide-static", files: [][2]string{{"LICENSE", "assets/vendored/lucide-static.LICENSE.txt"}}}
	for _, icon := range icons {
		lucide.files = append(lucide.files, [2]string{"icons/" + icon + ".svg", "assets/vendored/icons/" + icon + ".svg"})
	}
	return []module{
		{name: "@fontsource-variable/inter", files: [][2]string{
			{"LICENSE", "assets/vendored/inter.LICENSE.txt"},
			{"files/inter-latin-wght-normal.woff2", "assets/vendored/inter.woff2"},
		}},
		{name: "axe-core", files: [][2]string{
			{"LICENSE", "testdata/axe.LICENSE.txt"},
			{"axe.min.js", "testdata/axe.min.js"},
		}},
		{name: "basecoat-css", files: [][2]string{
			{"LICENSE.md", "assets/vendored/basecoat-css.LICENSE.txt"},
			{"dist/basecoat-nova.cdn.min.css", "assets/vendored/basecoat-nova.css"},
		}},
		{name: "htmx.org", files: [][2]string{
			{"LICENSE", "assets/vendored/htmx.LICENSE.txt"},
			{"dist/htmx.min.js", "assets/vendored/htmx.js"},
		}},
		lucide,
		{name: "simple-icons", files: [][2]string{{"LICENSE.md", "assets/vendored/simple-icons.LICENSE.txt"}}, made: logos},
		{name: "uplot", files: [][2]string{
			{"LICENSE", "assets/vendored/uplot.LICENSE.txt"},
			{"dist/uPlot.iife.min.js", "assets/vendored/uplot.js"},
			{"dist/uPlot.min.css", "assets/vendored/uplot.css"},
		}},
	}
}

// entry is one package in vendor.json.
type entry struct {
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Licence string            `json:"licence"`
	Files   map[string]string `json:"files"` // path in internal/web, SHA-256 in hexadecimal
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

// run works in internal/web, where go generate starts it.
func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "lanyard-fetch")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := copyFile(filepath.Join("assets", name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir, npm.Stdout, npm.Stderr = dir, os.Stderr, os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	// What is no longer listed goes away.
	if err := os.RemoveAll("assets/vendored"); err != nil {
		return err
	}
	if err := os.MkdirAll("assets/vendored/icons", 0o755); err != nil {
		return err
	}
	var list []entry
	for _, m := range modules() {
		e, err := take(m, filepath.Join(dir, "node_modules", m.name))
		if err != nil {
			return err
		}
		list = append(list, e)
	}
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile("assets/vendor.json", append(data, '\n'), 0o644) //nolint:gosec // for everybody to read
}

func take(m module, from string) (entry, error) {
	data, err := os.ReadFile(filepath.Join(from, "package.json"))
	if err != nil {
		return entry{}, err
	}
	var manifest struct{ Version, License string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return entry{}, fmt.Errorf("read the manifest of %s: %w", m.name, err)
	}
	e := entry{Name: m.name, Version: manifest.Version, Licence: manifest.License, Files: map[string]string{}}
	for _, f := range m.files {
		if err := copyFile(filepath.Join(from, f[0]), f[1]); err != nil {
			return entry{}, err
		}
		content, err := os.ReadFile(f[1])
		if err != nil {
			return entry{}, err
		}
		e.Files[f[1]] = hash(content)
	}
	if m.made == nil {
		return e, nil
	}
	made, err := m.made(from)
	for name, content := range made {
		if err := os.WriteFile(name, content, 0o644); err != nil { //nolint:gosec // for everybody to read
			return entry{}, err
		}
		e.Files[name] = hash(content)
	}
	return e, err
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644) //nolint:gosec // for everybody to read
}
