package extension

import (
	"context"

	"lanyard"
)

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
	// Ends is what accepting it ends.
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

// Review reads a package for the caller's organization and changes nothing.
func (x *Extensions) Review(ctx context.Context, c *lanyard.Caller, from Source) (*Review, error) {
	return nil, errNotYet
}

// InstallInput is what somebody accepts.
type InstallInput struct {
	Source
	// Digest is that of the package that was reviewed: conflict when another one is offered by now.
	Digest   string
	WhenGone lanyard.WhenGone // keep when empty
}

// Install makes an extension's services, connections and functions: all, or none.
func (x *Extensions) Install(ctx context.Context, c *lanyard.Caller, in InstallInput) (*lanyard.Extension, error) {
	return nil, errNotYet
}

// Update puts the reviewed package in the place of the installed one: all of it, or nothing. It says what ended.
func (x *Extensions) Update(ctx context.Context, c *lanyard.Caller, name string, in InstallInput) (*lanyard.Extension, *Ends, error) {
	return nil, nil, errNotYet
}

// SetWhenGone says what becomes of the installed copy when its publisher is gone.
func (x *Extensions) SetWhenGone(ctx context.Context, c *lanyard.Caller, name string, when lanyard.WhenGone) (*lanyard.Extension, error) {
	return nil, errNotYet
}

// Uninstall deletes an extension's functions, connections and services, revokes what was authorized, and says what ended.
func (x *Extensions) Uninstall(ctx context.Context, c *lanyard.Caller, name string) (*Ends, error) {
	return nil, errNotYet
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
	return nil, errNotYet
}

// Extension gives one, with what it brought and what uninstalling it would end.
func (x *Extensions) Extension(ctx context.Context, c *lanyard.Caller, name string) (*Installed, *Contents, *Ends, error) {
	return nil, nil, nil, errNotYet
}
