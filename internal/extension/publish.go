package extension

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/function"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

const (
	mostPublications = 100
	mostReaders      = 100
)

// Config is what [New] needs.
type Config struct {
	Store     *store.Store
	Services  *registry.Directory
	Functions *function.Functions
	Revoker   registry.Revoker
	PublicURL string // of this deployment, without a final slash
	Logger    *slog.Logger
}

// Extensions is safe for concurrent use.
type Extensions struct {
	Config
	look chan struct{} // holds one when the copies of others have to be looked at soon
}

// New makes an Extensions.
func New(c Config) *Extensions { return &Extensions{c, make(chan struct{}, 1)} }

// PublishInput is a version to offer.
type PublishInput struct {
	Package       []byte // packed
	Everybody     bool
	Organizations []string // ids; one that does not exist is no error, for nobody is to learn that
}

// Publish offers a version of an extension, the first one or a higher one than is offered now. Those who installed an
// earlier one keep it until they accept the new one. The very package that is offered already changes the audience alone.
//
// Errors: invalid_request for a package that cannot be installed and for an audience that is none, conflict for a version
// that is not higher.
func (x *Extensions) Publish(ctx context.Context, c *lanyard.Caller, in PublishInput) (*lanyard.Publication, error) {
	if err := access.Publish(c); err != nil {
		return nil, err
	}
	readers, err := Audience{in.Everybody, in.Organizations}.readers()
	if err != nil {
		return nil, err
	}
	pkg, err := Open(in.Package, x.Services.Catalog())
	if err != nil {
		return nil, err
	}
	now, err := x.Store.Publication(ctx, c.Organization, pkg.Name)
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return nil, err
	}
	if now != nil && now.Digest != pkg.Digest && CompareVersions(pkg.Version, now.Version) <= 0 {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "Version %s of %s is published, and versions only grow: give the changed package a higher version than that. It has %s.", now.Version, pkg.Name, pkg.Version)
	}
	p := &lanyard.Publication{
		OrganizationID: c.Organization, Name: pkg.Name, Title: pkg.Title, Description: pkg.Description, Version: pkg.Version, PublisherName: pkg.Publisher,
		Digest: pkg.Digest, Package: pkg.Packed, Everybody: in.Everybody, Organizations: readers, PublishedBy: c.User,
	}
	if now == nil {
		err = x.Store.CreatePublication(ctx, p, mostPublications, published(c, p))
	} else {
		p.CreatedAt = now.CreatedAt
		err = x.Store.UpdatePublication(ctx, now.Revision, p, published(c, p))
	}
	if err != nil {
		return nil, err
	}
	x.lookSoon()
	return p, nil
}

// published is the audit entry for what is offered from now on, and to whom.
func published(c *lanyard.Caller, p *lanyard.Publication) lanyard.AuditEntry {
	e := c.Audit(lanyard.ActionExtensionPublish, string(p.Name), string(p.Name))
	readers := make([]string, len(p.Organizations))
	for i, id := range p.Organizations {
		readers[i] = string(id)
	}
	e.Detail = map[string]string{"version": p.Version, "digest": p.Digest, "everybody": strconv.FormatBool(p.Everybody), "organizations": strings.Join(readers, " ")}
	return e
}

// Audience is to whom an extension is offered.
type Audience struct {
	Everybody     bool
	Organizations []string
}

// readers checks the audience and gives the organizations, each once.
func (a Audience) readers() ([]lanyard.OrganizationID, error) {
	var f lanyard.FieldErrors
	if a.Everybody && len(a.Organizations) > 0 {
		f.Add("/organizations", "it is offered to everybody, so there is nobody to name")
	}
	if len(a.Organizations) > mostReaders {
		f.Add("/organizations", "name at most %d organizations", mostReaders)
		return nil, f.Err()
	}
	var readers []lanyard.OrganizationID
	for i, id := range a.Organizations {
		if rest, ok := strings.CutPrefix(id, "org_"); !ok || rest == "" || len(id) > 60 || strings.ContainsFunc(rest, notOfAnID) {
			f.Add("/organizations/"+strconv.Itoa(i), "this is the id of an organization, which begins with org_: its owners find it on the page of their organization")
			continue
		}
		readers = append(readers, lanyard.OrganizationID(id))
	}
	slices.Sort(readers)
	return slices.Compact(readers), f.Err()
}

func notOfAnID(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
}

// SetAudience changes to whom an extension is offered. To whom it is not offered any more it is as if it were withdrawn.
func (x *Extensions) SetAudience(ctx context.Context, c *lanyard.Caller, name string, to Audience) (*lanyard.Publication, error) {
	if err := access.Publish(c); err != nil {
		return nil, err
	}
	readers, err := to.readers()
	if err != nil {
		return nil, err
	}
	p, err := x.publication(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if p.Everybody == to.Everybody && slices.Equal(p.Organizations, readers) {
		return p, nil
	}
	p.Everybody, p.Organizations = to.Everybody, readers
	if err := x.Store.UpdatePublication(ctx, p.Revision, p, published(c, p)); err != nil {
		return nil, err
	}
	x.lookSoon()
	return p, nil
}

// Withdraw ends an offer. What becomes of copies is for those who installed them: they chose it.
func (x *Extensions) Withdraw(ctx context.Context, c *lanyard.Caller, name string) error {
	if err := access.Publish(c); err != nil {
		return err
	}
	p, err := x.publication(ctx, c, name)
	if err != nil {
		return err
	}
	e := c.Audit(lanyard.ActionExtensionWithdraw, string(p.Name), string(p.Name))
	e.Detail = map[string]string{"version": p.Version}
	if err := x.Store.DeletePublication(ctx, c.Organization, p.Name, e); err != nil {
		return err
	}
	x.lookSoon() // not now: how long that takes would tell how many installed it
	return nil
}

// Publications lists what the caller's organization offers, by name; it has at most 100.
func (x *Extensions) Publications(ctx context.Context, c *lanyard.Caller) ([]lanyard.Publication, error) {
	if err := access.Publish(c); err != nil {
		return nil, err
	}
	return x.Store.Publications(ctx, c.Organization)
}

// Publication gives one of them, with its package read.
func (x *Extensions) Publication(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Publication, *Package, error) {
	if err := access.Publish(c); err != nil {
		return nil, nil, err
	}
	p, err := x.publication(ctx, c, name)
	if err != nil {
		return nil, nil, err
	}
	pkg, err := Stored(p.Package)
	return p, pkg, err
}

func (x *Extensions) publication(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Publication, error) {
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return nil, noExtension(name)
	}
	p, err := x.Store.Publication(ctx, c.Organization, link)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, noExtension(name)
	}
	return p, err
}

// noExtension is the one answer for what is not there and for what is not the caller's to know.
func noExtension(name string) error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no extension %q here.", name[:min(len(name), 60)])
}

// Offer is an extension that the caller's organization may install.
type Offer struct {
	lanyard.Publication        // without package and readers
	OrganizationName    string // of the publisher
	Installed           string // the version that is installed here from this publisher; empty: none
}

// Offers lists what other organizations, and the caller's own, offer to it, by name.
func (x *Extensions) Offers(ctx context.Context, c *lanyard.Caller, p store.Page) ([]Offer, string, error) {
	if err := access.ReadExtensions(c); err != nil {
		return nil, "", err
	}
	found, next, err := x.Store.Offers(ctx, c.Organization, p)
	if err != nil {
		return nil, "", err
	}
	installed, err := x.Store.Extensions(ctx, c.Organization)
	if err != nil {
		return nil, "", err
	}
	offers := make([]Offer, len(found))
	for i, o := range found {
		offers[i] = Offer{Publication: o.Publication, OrganizationName: o.OrganizationName}
		for _, e := range installed {
			if e.Name == o.Name && e.Publisher == o.OrganizationID {
				offers[i].Installed = e.Version
			}
		}
	}
	return offers, next, nil
}

// lookSoon has the copies that others installed looked at, soon and by somebody else.
func (x *Extensions) lookSoon() {
	select {
	case x.look <- struct{}{}:
	default: // it is going to be anyway
	}
}
