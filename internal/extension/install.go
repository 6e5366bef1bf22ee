package extension

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// mostExtensions is how many an organization installs.
const mostExtensions = 100

// Source says which package is meant: one that an organization offers, or a packed one that is given.
type Source struct {
	Publisher lanyard.OrganizationID
	Name      lanyard.LinkName
	Packed    []byte
}

// Review is what somebody reads before installing or updating.
type Review struct {
	Package   *Package
	Contents  *Contents
	Publisher string // name of the organization that offers it; empty: it comes from a file
	// Installed is what is there now under its name; nil: nothing, and it is to be installed.
	Installed *lanyard.Extension
	Changes   []Change // against the installed one
	// Obstacles are sentences about what has to be changed first, such as a link name that is taken. With any, nothing
	// can be installed.
	Obstacles []string
	// Ends is what accepting it ends; nothing for who may not accept it.
	Ends Ends
}

// Ends is what installing, updating or uninstalling ends.
type Ends struct {
	Authorizations int // credentials that are erased
	People         int // whose
	Connections    int // that are deleted, or have to be connected anew
	Functions      []lanyard.LinkName
	Services       []lanyard.LinkName
	// Others are connections that people made with its services; they stay, and say that the service was deleted.
	Others []lanyard.LinkName
}

// found is a package that is meant, and where it comes from.
type found struct {
	*Package
	publisher lanyard.OrganizationID
	name      string // of the publisher
}

// find gets and reads the package that is meant. Not_found for one that is not offered to the caller's organization.
func (x *Extensions) find(ctx context.Context, c *lanyard.Caller, from Source) (*found, error) {
	if len(from.Packed) > 0 {
		if from.Publisher != "" {
			var f lanyard.FieldErrors
			f.Add("/package", "give the package itself or name its publisher, not both")
			return nil, f.Err()
		}
		pkg, err := Open(from.Packed, x.Services.Catalog())
		return &found{Package: pkg}, err
	}
	offer, err := x.Store.Offer(ctx, c.Organization, from.Publisher, from.Name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, noExtension(string(from.Name))
	}
	if err != nil {
		return nil, err
	}
	pkg, err := Open(offer.Package, x.Services.Catalog())
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The package of %s was published for another version of Lanyard, or beside other default services, and cannot be used here: %v", from.Name, err)
	}
	return &found{pkg, offer.OrganizationID, offer.OrganizationName}, nil
}

// Review reads a package for the caller's organization and changes nothing.
func (x *Extensions) Review(ctx context.Context, c *lanyard.Caller, from Source) (*Review, error) {
	if err := access.ReadExtensions(c); err != nil {
		return nil, err
	}
	pkg, err := x.find(ctx, c, from)
	if err != nil {
		return nil, err
	}
	p, err := x.plan(ctx, c, pkg)
	if err != nil {
		return nil, err
	}
	r := &Review{
		Package: pkg.Package, Contents: pkg.Contents(x.Services.Catalog().Service), Publisher: pkg.name, Installed: p.installed, Obstacles: p.obstacles,
	}
	if p.before != nil {
		r.Changes = append(downgrade(p.before, pkg.Package), Compare(p.before, pkg.Package)...)
	}
	if access.Install(c) != nil {
		return r, nil //nolint:nilerr // what it ends names connections of others, and is for who decides about it
	}
	r.Ends, err = p.ends(ctx)
	return r, err
}

// downgrade says plainly that what is offered is older.
func downgrade(before, after *Package) []Change {
	if CompareVersions(after.Version, before.Version) >= 0 {
		return nil
	}
	words := fmt.Sprintf("This is an older version: %s is installed, and accepting goes back to %s, with whatever was put right since.", before.Version, after.Version)
	return []Change{{What: "Version", Words: words, Reach: true}}
}

// InstallInput is what somebody accepts.
type InstallInput struct {
	Source
	// Digest is that of the package that was reviewed: conflict when another one is offered by now.
	Digest   string
	WhenGone lanyard.WhenGone // keep when empty
}

// accepted gets the package that is accepted, which has to be the one that was reviewed.
func (x *Extensions) accepted(ctx context.Context, c *lanyard.Caller, in InstallInput) (*found, error) {
	var f lanyard.FieldErrors
	if in.Digest == "" {
		f.Add("/digest", "give the digest of the package that was reviewed: nothing else is installed")
	}
	if in.WhenGone != "" {
		f.Check("/when_publisher_gone", checkWhenGone(in.WhenGone))
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	pkg, err := x.find(ctx, c, in.Source)
	if err != nil {
		return nil, err
	}
	if pkg.Digest != in.Digest {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "This is not the package that was reviewed: %s is at version %s now. Review it again. Nothing was changed.", pkg.Name, pkg.Version)
	}
	return pkg, nil
}

func checkWhenGone(when lanyard.WhenGone) error {
	if when != lanyard.WhenGoneKeep && when != lanyard.WhenGoneEnd {
		return fmt.Errorf("this is keep or end")
	}
	return nil
}

// Install makes an extension's services, connections and functions: all, or none. The caller owns them.
//
// Errors: invalid_request without the digest, not_found for what is not offered, conflict when another package is offered
// than was reviewed, and for every obstacle of a review.
func (x *Extensions) Install(ctx context.Context, c *lanyard.Caller, in InstallInput) (*lanyard.Extension, error) {
	if err := access.Install(c); err != nil {
		return nil, err
	}
	pkg, err := x.accepted(ctx, c, in)
	if err != nil {
		return nil, err
	}
	p, err := x.plan(ctx, c, pkg)
	if err != nil {
		return nil, err
	}
	if p.installed != nil {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The extension %s is installed already: update it instead. Nothing was changed.", pkg.Name)
	}
	if in.WhenGone == "" {
		in.WhenGone = lanyard.WhenGoneKeep
	}
	p.extension.WhenGone = in.WhenGone
	return p.extension, p.carryOut(ctx, lanyard.ActionExtensionInstall)
}

// Update puts the reviewed package in the place of the installed one: all of it, or nothing. It says what ended. With the
// package that is installed already nothing changes. Errors are those of Install.
func (x *Extensions) Update(ctx context.Context, c *lanyard.Caller, name string, in InstallInput) (*lanyard.Extension, *Ends, error) {
	if err := access.Install(c); err != nil {
		return nil, nil, err
	}
	installed, err := x.installed(ctx, c, name)
	if err != nil {
		return nil, nil, err
	}
	pkg, err := x.accepted(ctx, c, in)
	if err != nil {
		return nil, nil, err
	}
	if pkg.Name != installed.Name {
		return nil, nil, lanyard.Errorf(lanyard.CodeConflict, "This is a package of %s, which cannot take the place of %s. Nothing was changed.", pkg.Name, installed.Name)
	}
	p, err := x.plan(ctx, c, pkg)
	if err != nil {
		return nil, nil, err
	}
	if p.installed == nil {
		return nil, nil, noExtension(name)
	}
	same := p.installed.Digest == pkg.Digest && p.installed.Publisher == pkg.publisher
	if in.WhenGone != "" {
		p.extension.WhenGone, same = in.WhenGone, same && in.WhenGone == p.installed.WhenGone
	}
	if same {
		p.installed.Package = nil
		return p.installed, &Ends{}, nil
	}
	ends, err := p.ends(ctx)
	if err != nil {
		return nil, nil, err
	}
	return p.extension, &ends, p.carryOut(ctx, lanyard.ActionExtensionUpdate)
}

// installed reads an extension of the caller's organization, with its package.
func (x *Extensions) installed(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Extension, error) {
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return nil, noExtension(name)
	}
	e, err := x.Store.Extension(ctx, c.Organization, link)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, noExtension(name)
	}
	return e, err
}

// SetWhenGone says what becomes of the installed copy when its publisher is gone. Conflict for ending with a publisher who
// is gone already.
func (x *Extensions) SetWhenGone(ctx context.Context, c *lanyard.Caller, name string, when lanyard.WhenGone) (*lanyard.Extension, error) {
	if err := access.Install(c); err != nil {
		return nil, err
	}
	var f lanyard.FieldErrors
	if f.Check("/when_publisher_gone", checkWhenGone(when)); len(f) > 0 {
		return nil, f.Err()
	}
	e, err := x.installed(ctx, c, name)
	if err != nil {
		return nil, err
	}
	e.Package = nil
	if e.WhenGone == when {
		return e, nil
	}
	if !e.GoneAt.IsZero() {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The publisher of %s is gone already, and it was kept: uninstall it if it is not to stay. Nothing was changed.", e.Name)
	}
	e.WhenGone = when
	entry := c.Audit(lanyard.ActionExtensionEdit, string(e.ID), string(e.Name))
	entry.Detail = map[string]string{"when_publisher_gone": string(when)}
	return e, x.Store.UpdateExtension(ctx, e.Revision, e, entry)
}

// Uninstall deletes an extension's functions, connections and services, revokes what was authorized, and says what ended.
func (x *Extensions) Uninstall(ctx context.Context, c *lanyard.Caller, name string) (*Ends, error) {
	if err := access.Install(c); err != nil {
		return nil, err
	}
	e, err := x.installed(ctx, c, name)
	if err != nil {
		return nil, err
	}
	p, err := x.ending(ctx, e, c.Audit)
	if err != nil {
		return nil, err
	}
	ends, err := p.ends(ctx)
	if err != nil {
		return nil, err
	}
	return &ends, p.carryOut(ctx, lanyard.ActionExtensionUninstall)
}

// Installed is an extension of the caller's organization.
type Installed struct {
	lanyard.Extension
	Organization string // name of the organization that published it; empty: it comes from a file, or that is gone
	// Newer is what is offered in its place now; nil: nothing.
	Newer *Offer
	// Waiting are its connections that the caller still has to authenticate.
	Waiting []lanyard.LinkName
}

// List lists the installed extensions by name; there are at most 100.
func (x *Extensions) List(ctx context.Context, c *lanyard.Caller) ([]Installed, error) {
	if err := access.ReadExtensions(c); err != nil {
		return nil, err
	}
	list, err := x.Store.Extensions(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	return x.standing(ctx, c, list)
}

// standing says of extensions what is offered now, and what waits for the caller.
func (x *Extensions) standing(ctx context.Context, c *lanyard.Caller, list []lanyard.Extension) ([]Installed, error) {
	offers, err := x.Store.OffersOfInstalled(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	var waiting []store.WaitingConnection
	if c.User != "" {
		if waiting, err = x.Store.WaitingConnections(ctx, c.Organization, c.User); err != nil {
			return nil, err
		}
	}
	installed := make([]Installed, len(list))
	for i := range list {
		in := &installed[i]
		in.Extension = list[i]
		for _, o := range offers {
			if o.OrganizationID != in.Publisher || o.Name != in.Name {
				continue
			}
			in.Organization = o.OrganizationName
			if o.Digest != in.Digest {
				in.Newer = &Offer{Publication: o.Publication, OrganizationName: o.OrganizationName, Installed: in.Version}
			}
		}
		for _, w := range waiting {
			if w.Extension == in.ID {
				in.Waiting = append(in.Waiting, w.LinkName)
			}
		}
	}
	return installed, nil
}

// Extension gives one, with what it brought and, for whoever may uninstall it, what that would end.
func (x *Extensions) Extension(ctx context.Context, c *lanyard.Caller, name string) (*Installed, *Contents, *Ends, error) {
	if err := access.ReadExtensions(c); err != nil {
		return nil, nil, nil, err
	}
	e, err := x.installed(ctx, c, name)
	if err != nil {
		return nil, nil, nil, err
	}
	pkg, err := Stored(e.Package)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the package of extension %s: %w", e.ID, err)
	}
	contents := pkg.Contents(x.Services.Catalog().Service)
	standing, err := x.standing(ctx, c, []lanyard.Extension{*e})
	if err != nil {
		return nil, nil, nil, err
	}
	if access.Install(c) != nil {
		return &standing[0], contents, nil, nil //nolint:nilerr // who may not end it may read it
	}
	p, err := x.ending(ctx, e, c.Audit)
	if err != nil {
		return nil, nil, nil, err
	}
	ends, err := p.ends(ctx)
	return &standing[0], contents, &ends, err
}

// entryOf is the audit entry of an installed extension.
func (p *plan) entryOf(action lanyard.Action) lanyard.AuditEntry {
	entry := p.audit(action, string(p.extension.ID), string(p.extension.Name))
	entry.Detail = map[string]string{"version": p.extension.Version, "digest": p.extension.Digest}
	if p.extension.Publisher != "" {
		entry.Detail["publisher"] = string(p.extension.Publisher)
	}
	if p.installed != nil && p.installed.Version != p.extension.Version {
		entry.Detail["before_version"] = p.installed.Version
	}
	if p.reach > 0 {
		entry.Detail["revoked_authorizations"] = strconv.Itoa(p.reach)
	}
	return entry
}

// names are the link names of what there is.
func names[T any](of []T, name func(*T) lanyard.LinkName) []lanyard.LinkName {
	list := make([]lanyard.LinkName, len(of))
	for i := range of {
		list[i] = name(&of[i])
	}
	slices.Sort(list)
	return list
}
