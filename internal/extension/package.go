package extension

import (
	"errors"
	"io/fs"

	"lanyard/internal/catalog"
)

// Package is an extension that was read and found valid.
type Package struct {
	Manifest
	Entries []*catalog.Entry // its services, in the order of the manifest
	Digest  string           // SHA-256 of the packed file, in hex; the same for the same contents
	Packed  []byte           // the packed file
}

var errNotYet = errors.New("not built yet")

// Read reads a folder. The error joins all faults of all files, as [catalog.Faults] tells them apart.
func Read(folder fs.FS) (*Package, error) { return nil, errNotYet }

// Open reads a packed file, which may come from anybody.
func Open(packed []byte) (*Package, error) { return nil, errNotYet }
