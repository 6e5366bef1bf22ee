package extension

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/semver"

	"lanyard"
	"lanyard/internal/catalog"
)

// ManifestFile is the file that a package begins with.
const ManifestFile = "extension.yaml"

// Manifest is extension.yaml, the file that a package begins with.
type Manifest struct {
	Name        lanyard.LinkName `json:"name"` // what organizations know it by; with its publisher it never changes
	Title       string           `json:"title"`
	Version     string           `json:"version"` // semantic: 1.2.0
	Publisher   string           `json:"publisher"`
	Description string           `json:"description"`
	DocsURL     string           `json:"docs_url,omitempty"`
	// Services are files of the package in the catalogue's form, such as services/acme.yaml. Their ways become custom services.
	Services []string `json:"services,omitempty"`
	// Connections are made when it is installed.
	Connections []Connection `json:"connections,omitempty"`
	// Scripts become functions.
	Scripts []Script `json:"scripts,omitempty"`
	// Hosts are those that its scripts may call without a connection; none are allowed besides.
	Hosts []string `json:"hosts,omitempty"`
}

// Connection is one that an extension declares.
type Connection struct {
	LinkName                lanyard.LinkName `json:"link_name"`
	Name                    string           `json:"name"`
	Service                 lanyard.LinkName `json:"service"` // one of the package, or a default one
	Scopes                  []string         `json:"scopes,omitempty"`
	UseLoginUserCredentials bool             `json:"use_login_user_credentials,omitempty"`
}

// Script is a script that an extension brings.
type Script struct {
	LinkName lanyard.LinkName `json:"link_name"` // scripts call it by thisapp.<link name>
	Name     string           `json:"name"`
	File     string           `json:"file"` // of the package, such as scripts/sync.dg
	Source   string           `json:"-"`    // what is in the file
}

// What an extension has at most.
const (
	maxServices    = 100
	maxConnections = 100
	maxScripts     = 200
	maxHosts       = 100
	maxVersion     = 50
	maxURL         = 2048
)

// readManifest reads extension.yaml and judges nothing of what it says.
func readManifest(data []byte) (*Manifest, *catalog.Document, error) {
	d, err := catalog.ReadYAML(ManifestFile, data)
	if err != nil {
		return nil, nil, err
	}
	m := &Manifest{}
	if err := lanyard.DecodeKnown(d.JSON, m); err != nil {
		return nil, nil, d.Located("", err)
	}
	return m, d, nil
}

// check judges what the manifest says by itself.
func (m *Manifest) check() error {
	var f lanyard.FieldErrors
	_, err := lanyard.ParseLinkName(string(m.Name))
	f.Check("/name", err)
	f.Check("/title", lanyard.CheckName(m.Title))
	f.Check("/version", checkVersion(m.Version))
	f.Check("/publisher", lanyard.CheckName(m.Publisher))
	if n := utf8.RuneCountInString(m.Description); n == 0 || n > 160 || !utf8.ValidString(m.Description) || strings.ContainsFunc(m.Description, hidden) {
		f.Add("/description", "a description is one line of at most 160 characters")
	}
	if m.DocsURL != "" {
		if u, _, err := lanyard.ParseURL(m.DocsURL); err != nil || u.Scheme != "https" || len(m.DocsURL) > maxURL {
			f.Add("/docs_url", "this is a URL that begins with https://")
		}
	}
	if len(m.Services)+len(m.Connections)+len(m.Scripts) == 0 {
		f.Add("", "an extension brings a service, a connection or a script")
	}
	for _, limit := range []struct {
		at       string
		has, max int
	}{
		{"/services", len(m.Services), maxServices}, {"/connections", len(m.Connections), maxConnections},
		{"/scripts", len(m.Scripts), maxScripts}, {"/hosts", len(m.Hosts), maxHosts},
	} {
		if limit.has > limit.max {
			f.Add(limit.at, "these are at most %d", limit.max)
		}
	}
	for i, path := range m.Services {
		at := fmt.Sprintf("/services/%d", i)
		f.Check(at, checkPath(path, ".yaml"))
		if slices.Index(m.Services, path) != i || path == ManifestFile {
			f.Add(at, "the file %q stands twice", path)
		}
	}
	for i := range m.Scripts {
		f.Check(fmt.Sprintf("/scripts/%d/file", i), checkPath(m.Scripts[i].File, ".dg"))
	}
	m.checkNames(&f)
	m.checkHosts(&f)
	return f.Err()
}

// checkNames judges the names of connections and scripts: each stands once.
func (m *Manifest) checkNames(f *lanyard.FieldErrors) {
	seen := map[lanyard.LinkName]bool{}
	check := func(at string, link lanyard.LinkName, name string) {
		_, err := lanyard.ParseLinkName(string(link))
		if f.Check(at+"/link_name", err); err == nil && seen[link] {
			f.Add(at+"/link_name", "the link name %s stands twice", link)
		}
		seen[link] = true
		f.Check(at+"/name", lanyard.CheckName(name))
	}
	for i := range m.Connections {
		check(fmt.Sprintf("/connections/%d", i), m.Connections[i].LinkName, m.Connections[i].Name)
	}
	clear(seen)
	for i := range m.Scripts {
		check(fmt.Sprintf("/scripts/%d", i), m.Scripts[i].LinkName, m.Scripts[i].Name)
	}
}

func (m *Manifest) checkHosts(f *lanyard.FieldErrors) {
	for i, host := range m.Hosts {
		at := fmt.Sprintf("/hosts/%d", i)
		p, err := lanyard.ParseHostPattern(host)
		f.Check(at, err)
		if err == nil && p.Any() {
			f.Add(at, "name the hosts that the scripts call: a * alone would be all of them")
		}
		if slices.Index(m.Hosts, host) != i {
			f.Add(at, "the host %q stands twice", host)
		}
	}
}

// checkVersion takes what https://semver.org defines, without build metadata: that does not count when two are compared.
func checkVersion(v string) error {
	if len(v) > maxVersion || semver.Canonical("v"+v) != "v"+v {
		return fmt.Errorf("a version is three numbers, such as 1.2.0; 1.2.0-beta.1 comes before 1.2.0")
	}
	return nil
}

// CompareVersions orders versions as https://semver.org does: below 0 when a comes before b.
func CompareVersions(a, b string) int { return semver.Compare("v"+a, "v"+b) }

// plainPath is a path that means the same on every system.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,5}$`)

func checkPath(path, ending string) error {
	switch {
	case !plainPath.MatchString(path):
		return fmt.Errorf("this is the path of a file of the extension, below %s: letters, digits, _, -, . and / between directories", ManifestFile)
	case !strings.HasSuffix(path, ending):
		return fmt.Errorf("the name of this file ends in %s", ending)
	}
	return nil
}

// hidden reports whether a character does not show what it does: controls, line breaks, changes of direction.
func hidden(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }
