// Package catalog is the default services: what comes with Lanyard, the same for every organization, and what an
// operator adds. One file per service as people know it, services/<category>/<link_name>.yaml, holds what its card says
// and one or several ways to connect, say OAuth 2 and a personal access token. Each way is a service of its own, defined
// in the very form that the API takes for a custom one and judged by the same rules.
//
//	catalog.go   what a catalogue is
//	search.go    how it is searched
//	file.go      one file: read, checked
//	fault.go     what is wrong with a file, and on which line
//	yaml.go      YAML as JSON, with the line of every value
//	index.go     all files of ours as one text, from which a start is quick
//	own.go       an operator's directory, looked at again and again
//	format.go    a service as a file, for people
//	schema.go    what editors know about a file
//	lint.go      what there is to say about files
//	draft.go     a file to begin with
//	stats.go     numbers
//
// The package knows nothing of organizations: a client id and secret come from package registry.
package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"lanyard"
)

// Catalog is a set of default services. It never changes; what it gives is shared, not to be written to.
type Catalog struct {
	entries []*Entry
	ways    []*Way
	byName  map[lanyard.LinkName]place
	tasks   map[string]Task // by their names in lower case
	indexed sync.Once       // the index for searching is made when something is first searched
	index   []*searched
}

// place is where a link name stands.
type place struct {
	entry *Entry
	way   *Way
}

// Entry is one file: a service as people know it.
type Entry struct {
	Name        string   `json:"name"`
	Category    string   `json:"category"`    // as the directory is called: "developer_tools"
	Description string   `json:"description"` // one line
	DocsURL     string   `json:"docs_url,omitempty"`
	Logo        string   `json:"logo,omitempty"`    // name of the brand's mark in simple-icons; empty where that has none
	Color       string   `json:"color,omitempty"`   // of the brand, "#24292f"; empty: none in particular
	Aliases     []string `json:"aliases,omitempty"` // other words that people look for
	Evidence    Evidence `json:"evidence,omitzero"`
	Ways        []Way    `json:"ways"` // the usual one first
	// Tasks are the operations that scripts call by name, through a connection of any of the ways.
	Tasks []lanyard.Task `json:"tasks,omitempty"`

	document *Document // the file it was read from; nil for one that was not
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

// Task is an integration task and the entry that it belongs to.
type Task struct {
	*lanyard.Task
	Entry *Entry
}

// Way is one way to connect: a service that one can make connections with.
type Way struct {
	LinkName    lanyard.LinkName `json:"link_name"`
	Name        string           `json:"name,omitempty"`         // "OAuth app", "Personal access token"; empty where there is only one
	RegisterURL string           `json:"register_url,omitempty"` // where the provider registers OAuth applications; empty where that is not known or not needed
	Register    string           `json:"register,omitempty"`     // the same in words
	Type        lanyard.AuthType `json:"type"`

	service    func() *lanyard.Service
	definition string // JSON, as it was written
}

// Service is the definition. It is read when it is first asked for.
func (w *Way) Service() *lanyard.Service { return w.service() }

// NeedsClient reports whether it is used with an OAuth client that each organization registers with the provider.
func (w *Way) NeedsClient() bool {
	return w.Type == lanyard.AuthOAuth1 || w.Type == lanyard.AuthOAuth2
}

// LinkName is the entry's own: that of its first way.
func (e *Entry) LinkName() lanyard.LinkName { return e.Ways[0].LinkName }

// Only is the entry of a service that stands in no catalogue, by itself.
func Only(s *lanyard.Service) (*Entry, *Way) {
	e := &Entry{Name: s.Name, Category: s.Category, Description: s.Description, DocsURL: s.DocsURL}
	e.Ways = []Way{{LinkName: s.LinkName, Type: s.Auth.Type, service: func() *lanyard.Service { return s }}}
	return e, &e.Ways[0]
}

func (c *Catalog) add(e *Entry) error {
	if err := e.checkFile(); err != nil {
		return err
	}
	for i := range e.Ways {
		w := &e.Ways[i]
		if taken, ok := c.byName[w.LinkName]; ok {
			return e.document.Fault(fmt.Sprintf("/ways/%d/definition/link_name", i), fmt.Sprintf("the link name %s is that of %s already", w.LinkName, taken.entry.Name))
		}
		c.byName[w.LinkName] = place{e, w}
		c.ways = append(c.ways, w)
	}
	for i := range e.Tasks {
		t := &e.Tasks[i]
		name := strings.ToLower(t.Name)
		if taken, ok := c.tasks[name]; ok {
			return e.document.Fault(fmt.Sprintf("/tasks/%d/name", i), fmt.Sprintf("the task %s is one of %s already", t.Name, taken.Entry.Name))
		}
		if c.tasks == nil {
			c.tasks = map[string]Task{}
		}
		c.tasks[name] = Task{t, e}
	}
	c.entries = append(c.entries, e)
	return nil
}

// sort puts entries and ways in their order.
func (c *Catalog) sort() *Catalog {
	lower := make(map[*Entry]string, len(c.entries))
	for _, e := range c.entries {
		lower[e] = strings.ToLower(e.Name)
	}
	slices.SortFunc(c.entries, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(lower[a], lower[b]), cmp.Compare(a.LinkName(), b.LinkName()))
	})
	slices.SortFunc(c.ways, func(a, b *Way) int { return cmp.Compare(a.LinkName, b.LinkName) })
	return c
}

// With is the catalogue with the entries of another one added. One that has the link name of an entry here stands in
// for it, with all ways of both.
func (c *Catalog) With(own *Catalog) (*Catalog, error) {
	both := &Catalog{byName: map[lanyard.LinkName]place{}}
	for _, e := range c.entries {
		if standsIn := own.byName[e.LinkName()].entry; standsIn == nil || standsIn.LinkName() != e.LinkName() {
			if err := both.add(e); err != nil {
				return nil, err
			}
		}
	}
	var faults []error
	for _, e := range own.entries {
		faults = append(faults, both.add(e))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return both.sort(), nil
}

// Service gives the default service of a link name; nil when there is none.
func (c *Catalog) Service(name lanyard.LinkName) *lanyard.Service {
	if p, ok := c.byName[name]; ok {
		return p.way.Service()
	}
	return nil
}

// Has reports whether there is a default service of a link name.
func (c *Catalog) Has(name lanyard.LinkName) bool { return c.byName[name].way != nil }

// Find gives the entry that a link name belongs to, and the way that it is; both nil when there is none.
func (c *Catalog) Find(name lanyard.LinkName) (*Entry, *Way) {
	p := c.byName[name]
	return p.entry, p.way
}

// Task finds an integration task by its name, in any case; false when there is none.
func (c *Catalog) Task(name string) (Task, bool) {
	t, ok := c.tasks[strings.ToLower(name)]
	return t, ok
}

// Tasks lists all integration tasks, by name.
func (c *Catalog) Tasks() []Task {
	return slices.SortedFunc(maps.Values(c.tasks), func(a, b Task) int { return cmp.Compare(a.Name, b.Name) })
}

// Ways lists every way of every entry, by link name.
func (c *Catalog) Ways() []*Way { return c.ways }

// Services lists the definitions of all of them. It reads every one: what needs a few asks [Catalog.Ways].
func (c *Catalog) Services() []*lanyard.Service {
	all := make([]*lanyard.Service, len(c.ways))
	for i, w := range c.ways {
		all[i] = w.Service()
	}
	return all
}

// Entries lists what there is, by name.
func (c *Catalog) Entries() []*Entry { return c.entries }

// Categories lists those that have entries, by the name that people read.
func (c *Catalog) Categories() []string {
	var all []string
	seen := map[string]bool{}
	for _, e := range c.entries {
		if !seen[e.Category] {
			seen[e.Category] = true
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
