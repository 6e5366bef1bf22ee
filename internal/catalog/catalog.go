// Package catalog is the default services: what comes with Lanyard, the same for every organization. One file per
// service as people know it, services/<category>/<link_name>.yaml, holds what its card says and one or several ways to
// connect, say OAuth 2 and a personal access token. Each way is a service of its own, defined in the very form that the
// API takes for a custom one and judged by the same rules.
//
//	catalog.go   what a catalogue is
//	search.go    how it is searched
//	file.go      one file: read, checked, every fault with its line
//	yaml.go      YAML as JSON, with the line of every value
//
// The package knows nothing of organizations: a client id and secret come from package registry.
package catalog

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"lanyard"
)

// Catalog is a set of default services. It is made by [Load] and never changes; what it gives is shared, not to be
// written to.
type Catalog struct {
	entries  []*Entry
	services []*lanyard.Service
	byName   map[lanyard.LinkName]place
	indexed  sync.Once // the index is made when something is first searched
	index    []*searched
}

// place is where a link name stands.
type place struct {
	entry *Entry
	way   *Way
}

// Entry is one file: a service as people know it.
type Entry struct {
	Name        string
	Category    string // as the directory is called: "developer_tools"
	Description string // one line
	DocsURL     string
	Logo        string   // name of the brand's mark in simple-icons; empty where that has none
	Color       string   // of the brand, "#24292f"; empty: none in particular
	Aliases     []string // other words that people look for
	Ways        []Way    // the usual one first
	Evidence    Evidence
}

// Evidence says how the definitions of an entry were established.
type Evidence struct {
	// Checked is the day, or the month, in which somebody last compared them with their sources: "2026-11-26".
	Checked string `json:"checked"`
	// Reviewed: every field was read by a person; otherwise the addresses were collected and compared by a program.
	Reviewed bool `json:"reviewed,omitempty"`
	// Sources have the same service, each by itself: published software, and "vendor" for the provider's documentation.
	Sources []string `json:"sources,omitempty"`
	// Agree is how many of them give the same addresses: the fewest over all addresses.
	Agree int `json:"agree,omitempty"`
}

// Way is one way to connect: a service that one can make connections with.
type Way struct {
	Name        string // "OAuth app", "Personal access token"; empty where there is only one
	RegisterURL string // where the provider registers OAuth applications; empty where that is not known or not needed
	Register    string // the same in words
	Service     *lanyard.Service
}

// LinkName is the entry's own: that of its first way.
func (e *Entry) LinkName() lanyard.LinkName { return e.Ways[0].Service.LinkName }

//go:embed services
var files embed.FS

// Default is the catalogue that comes with Lanyard. It is read once, when it is first asked for.
var Default = sync.OnceValue(func() *Catalog {
	services, err := fs.Sub(files, "services")
	if err == nil {
		var c *Catalog
		if c, err = Load(services); err == nil {
			return c
		}
	}
	panic("the catalogue that comes with Lanyard cannot be read: " + err.Error()) // a fault of the program
})

// Load reads every <category>/<link_name>.yaml. All faults of all files are reported at once, one a line:
// "ai/acme.yaml:12: /ways/0/definition/hosts: …".
func Load(fsys fs.FS) (*Catalog, error) {
	names, err := fs.Glob(fsys, "*/*.yaml")
	if err != nil {
		return nil, err
	}
	c := &Catalog{byName: map[lanyard.LinkName]place{}}
	var faults []error
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		entry, err := parse(name, data)
		if err == nil {
			err = c.add(name, entry)
		}
		faults = append(faults, err)
	}
	slices.SortFunc(c.entries, func(a, b *Entry) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(string(a.LinkName()), string(b.LinkName())))
	})
	slices.SortFunc(c.services, func(a, b *lanyard.Service) int { return strings.Compare(string(a.LinkName), string(b.LinkName)) })
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Catalog) add(file string, e *Entry) error {
	if want := string(e.LinkName()) + ".yaml"; path.Base(file) != want {
		return fmt.Errorf("%s: the file of this service is called %s", file, want)
	}
	for i := range e.Ways {
		w := &e.Ways[i]
		if taken, ok := c.byName[w.Service.LinkName]; ok {
			return fmt.Errorf("%s: the link name %s is that of %s already", file, w.Service.LinkName, taken.entry.Name)
		}
		c.byName[w.Service.LinkName] = place{e, w}
		c.services = append(c.services, w.Service)
	}
	c.entries = append(c.entries, e)
	return nil
}

// Service gives the default service of a link name; nil when there is none.
func (c *Catalog) Service(name lanyard.LinkName) *lanyard.Service {
	if p, ok := c.byName[name]; ok {
		return p.way.Service
	}
	return nil
}

// Find gives the entry that a link name belongs to, and the way that it is; both nil when there is none.
func (c *Catalog) Find(name lanyard.LinkName) (*Entry, *Way) {
	p := c.byName[name]
	return p.entry, p.way
}

// Services lists every way of every entry, by link name.
func (c *Catalog) Services() []*lanyard.Service { return c.services }

// Entries lists what there is, by name.
func (c *Catalog) Entries() []*Entry { return c.entries }

// Categories lists those that have entries, by the name that people read.
func (c *Catalog) Categories() []string {
	var all []string
	for _, e := range c.entries {
		if !slices.Contains(all, e.Category) {
			all = append(all, e.Category)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return strings.Compare(strings.ToLower(CategoryName(a)), strings.ToLower(CategoryName(b)))
	})
	return all
}

// CategoryName is a category as people read it: "developer_tools" is "Developer tools".
func CategoryName(category string) string {
	name := strings.ReplaceAll(category, "_", " ")
	if spelled, ok := spelledCategories[category]; ok {
		return spelled
	}
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// spelledCategories are those that are not written as plain words.
var spelledCategories = map[string]string{
	"ai": "AI", "cms_website": "Websites", "crm": "CRM", "ecommerce": "Shops", "email_delivery": "E-mail delivery", "health_fitness": "Health and fitness",
	"telephony_sms": "Telephone and SMS", "maps_weather_data": "Maps, weather and data", "ads": "Advertising", "erp": "ERP", "forms_surveys": "Forms and surveys",
	"hr_recruiting": "HR and recruiting", "identity_security": "Identity and security", "iot": "Internet of things", "legal_esign": "Legal and signatures",
	"travel_mobility": "Travel and mobility",
}
