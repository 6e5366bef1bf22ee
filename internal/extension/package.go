package extension

import (
	"errors"
	"io/fs"

	"lanyard"
	"lanyard/internal/catalog"
)

// Package is an extension that was read and found valid.
type Package struct {
	Manifest
	Entries []*catalog.Entry // its services, in the order of the manifest
	Digest   string           // SHA-256 of the packed file, in hex; the same for the same contents
	Packed   []byte           // the packed file
}

var errNotYet = errors.New("not built yet")

// Read reads a folder, and judges it as it would be installed beside the default services. The error joins all faults of
// all files, as [catalog.Faults] tells them apart.
func Read(folder fs.FS, defaults *catalog.Catalog) (*Package, error) { return nil, errNotYet }

// Open reads a packed file, which may come from anybody, and judges it as [Read] does. It is for publishing and installing.
func Open(packed []byte, defaults *catalog.Catalog) (*Package, error) { return nil, errNotYet }

// Stored reads a packed file that [Open] once let pass. It is not judged again: rules and default services may have
// changed since.
func Stored(packed []byte) (*Package, error) { return nil, errNotYet }

// CustomServices are the ways of its services as the custom services that they become: of kind custom, without id,
// organization, author and client.
func (p *Package) CustomServices() []*lanyard.Service { return nil }

// File is the name of the packed file: acme-1.2.0.lanyard.
func (p *Package) File() string { return string(p.Name) + "-" + p.Version + ".lanyard" }
