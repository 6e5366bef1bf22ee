package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/store"
)

// Brought is what is in an extension's package, and in no row of the store.
type Brought struct {
	Connections []lanyard.LinkName // that it declares
	Hosts       []string           // that its scripts may call without a connection
	Entries     []*catalog.Entry   // its services, with their tasks
}

// Task is an integration task as the scripts of an organization call it.
type Task struct {
	catalog.Task
	Extension lanyard.ExtensionID // that brought it; empty: it is one of the catalogue
}

// Tasks are the integration tasks of an organization: those of the catalogue, and those that its extensions brought. Where
// both have one of the same name, it is the catalogue's. They never change.
type Tasks struct {
	catalog *catalog.Catalog
	brought map[string]Task // by their names in lower case
}

// Task finds one by its name, in any case; false when there is none.
func (t *Tasks) Task(name string) (Task, bool) {
	if found, ok := t.catalog.Task(name); ok {
		return Task{Task: found}, true
	}
	found, ok := t.brought[strings.ToLower(name)]
	return found, ok
}

// All lists them by name.
func (t *Tasks) All() []Task {
	var all []Task
	for _, task := range t.catalog.Tasks() {
		all = append(all, Task{Task: task})
	}
	for name, task := range t.brought {
		if _, ok := t.catalog.Task(name); !ok {
			all = append(all, task)
		}
	}
	slices.SortFunc(all, func(a, b Task) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// With are the tasks as they are when these entries are what an extension brings; an empty id is of one that is to be
// installed.
func (t *Tasks) With(extension lanyard.ExtensionID, entries []*catalog.Entry) *Tasks {
	other := &Tasks{catalog: t.catalog, brought: map[string]Task{}}
	for name, task := range t.brought {
		if task.Extension != extension {
			other.brought[name] = task
		}
	}
	other.add(extension, entries)
	return other
}

// add adds those of an extension, as far as their names are free.
func (t *Tasks) add(extension lanyard.ExtensionID, entries []*catalog.Entry) {
	for _, e := range entries {
		for i := range e.Tasks {
			name := strings.ToLower(e.Tasks[i].Name)
			if _, taken := t.brought[name]; !taken {
				t.brought[name] = Task{catalog.Task{Task: &e.Tasks[i], Entry: e}, extension}
			}
		}
	}
}

// Taken are sentences about the tasks of a package that the organization has already: of the catalogue, or of another
// extension. id is that of the installed extension that the package is for; empty: it is to be installed.
func (t *Tasks) Taken(id lanyard.ExtensionID, entries []*catalog.Entry) []string {
	var taken []string
	for _, e := range entries {
		for i := range e.Tasks {
			switch other, ok := t.Task(e.Tasks[i].Name); {
			case ok && other.Extension == "":
				taken = append(taken, fmt.Sprintf("There is an integration task %s already: it comes with Lanyard and calls %s.", other.Name, other.Entry.Name))
			case ok && other.Extension != id:
				taken = append(taken, fmt.Sprintf("There is an integration task %s already: another extension has it, for %s.", other.Name, other.Entry.Name))
			}
		}
	}
	return taken
}

// Unpack says how a stored package is read, once, before anything is asked for.
func (d *Directory) Unpack(read func(packed []byte) (*Brought, error)) { d.brought.unpack = read }

// Tasks gives the integration tasks of an organization. Warm, it asks the database nothing.
func (d *Directory) Tasks(ctx context.Context, org lanyard.OrganizationID) (*Tasks, error) {
	b, err := d.extensions(ctx, org)
	if err != nil {
		return nil, err
	}
	return &Tasks{d.Catalog(), b.tasks}, nil
}

// Fence gives what the scripts of an extension may reach; not_found when it is not installed. Warm, it asks the database
// nothing.
func (d *Directory) Fence(ctx context.Context, org lanyard.OrganizationID, id lanyard.ExtensionID) (*lanyard.Fence, error) {
	b, err := d.extensions(ctx, org)
	if err != nil {
		return nil, err
	}
	fence, ok := b.fences[id]
	if !ok {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "The extension that this function came with is not installed any more.")
	}
	return fence, nil
}

// Changed forgets what a change in the store made stale, on this replica or another.
func (d *Directory) Changed(ch store.Change) {
	if ch.Kind == store.ChangeAll || ch.Kind == store.ChangeExtension {
		d.brought.epoch.Add(1)
	}
}

// mostPackages bounds the packages, and the organizations, whose extensions are kept in memory.
const mostPackages = 1000

// broughtCache keeps what extensions brought. They change so seldom that a change of any forgets which ones organizations
// have; a package itself never changes.
type broughtCache struct {
	unpack        func(packed []byte) (*Brought, error)
	packages      *otter.Cache[string, *Brought] // by their digests
	organizations *otter.Cache[lanyard.OrganizationID, *broughtTo]
	epoch         atomic.Uint64 // moves with each change; entries of an earlier one count for nothing
}

// broughtTo is what the extensions of one organization brought.
type broughtTo struct {
	tasks  map[string]Task
	fences map[lanyard.ExtensionID]*lanyard.Fence
	epoch  uint64
}

func newBroughtCache() broughtCache {
	return broughtCache{
		packages:      otter.Must(&otter.Options[string, *Brought]{MaximumSize: mostPackages}),
		organizations: otter.Must(&otter.Options[lanyard.OrganizationID, *broughtTo]{MaximumSize: mostPackages}),
	}
}

func (d *Directory) extensions(ctx context.Context, org lanyard.OrganizationID) (*broughtTo, error) {
	cache := &d.brought
	began := cache.epoch.Load()
	if b, ok := cache.organizations.GetIfPresent(org); ok && b.epoch == began && d.store.Listening() {
		return b, nil
	}
	list, err := d.store.InstalledDigests(ctx, org)
	if err != nil {
		return nil, err
	}
	b := &broughtTo{fences: map[lanyard.ExtensionID]*lanyard.Fence{}, epoch: began}
	tasks := &Tasks{brought: map[string]Task{}}
	for i := range list {
		x := &list[i]
		brought, err := d.unpacked(ctx, x)
		if err != nil {
			return nil, err
		}
		hosts, err := lanyard.ParseHosts(brought.Hosts)
		if err != nil {
			return nil, fmt.Errorf("hosts of the extension %s: %w", x.ID, err)
		}
		b.fences[x.ID] = &lanyard.Fence{Extension: x.ID, Title: x.Title, Connections: brought.Connections, Hosts: hosts}
		tasks.add(x.ID, brought.Entries)
	}
	b.tasks = tasks.brought
	cache.organizations.Set(org, b)
	return b, nil
}

// unpacked gives what an installed package brought, read once for all who installed it.
func (d *Directory) unpacked(ctx context.Context, x *lanyard.Extension) (*Brought, error) {
	if b, ok := d.brought.packages.GetIfPresent(x.Digest); ok {
		return b, nil
	}
	packed, err := d.store.InstalledPackage(ctx, x.OrganizationID, x.ID, x.Digest)
	if err != nil {
		return nil, err
	}
	b, err := d.brought.unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("read the package of the extension %s: %w", x.ID, err)
	}
	d.brought.packages.Set(x.Digest, b)
	return b, nil
}
