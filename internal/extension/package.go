package extension

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"slices"

	"lanyard"
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

// MaxPacked is the length of the longest packed file, in bytes.
const MaxPacked = 4 << 20

// maxFiles is how many files a package has: a manifest, a README, and what the manifest lists.
const maxFiles = 2 + maxServices + maxScripts

// Read reads a folder, and judges it as it would be installed beside the default services. The error joins all faults of
// all files, as [catalog.Faults] tells them apart.
func Read(folder fs.FS, defaults *catalog.Catalog) (*Package, error) {
	r := &reading{folder: folder, defaults: defaults}
	return r.all()
}

// Open reads a packed file, which may come from anybody, and judges it as [Read] does: what is published or installed goes
// through it. The error is invalid_request and names all faults, those of files with the line.
func Open(packed []byte, defaults *catalog.Catalog) (*Package, error) {
	folder, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	p, err := Read(folder, defaults)
	if err != nil {
		return nil, invalid(err)
	}
	// What packing the same files gives is the only form: so nothing stands twice, between or behind the files, and the
	// digest is that of the contents.
	if !bytes.Equal(p.Packed, packed) {
		return nil, notPacked(errors.New("the file is another one than packing its contents gives"))
	}
	return p, nil
}

// Stored reads a packed file that [Open] once let pass: what it says of itself, its services, its scripts. It is not judged
// again, for rules and default services may have changed since, and what is installed has to be shown and compared all
// the same.
func Stored(packed []byte) (*Package, error) {
	folder, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	r := &reading{folder: folder}
	p, err := r.stored()
	if err != nil {
		return nil, fmt.Errorf("read a stored extension: %w", err)
	}
	sum := sha256.Sum256(packed)
	p.Packed, p.Digest = packed, hex.EncodeToString(sum[:])
	return p, nil
}

// File is the name of the packed file: acme-1.2.0.lanyard.
func (p *Package) File() string { return string(p.Name) + "-" + p.Version + ".lanyard" }

// CustomServices are the ways of its services as the custom services that they become: of kind custom, without id,
// organization, author and client. They are the caller's to change.
func (p *Package) CustomServices() []*lanyard.Service {
	var all []*lanyard.Service
	for _, e := range p.Entries {
		for i := range e.Ways {
			s := *e.Ways[i].Service()
			s.ID, s.Version, s.Kind, s.Category = "", 0, lanyard.KindCustom, ""
			a := s.Auth
			if a.OAuth1 != nil {
				own := *a.OAuth1
				s.Auth.OAuth1 = &own
			}
			if a.OAuth2 != nil {
				own := *a.OAuth2
				s.Auth.OAuth2 = &own
			}
			all = append(all, &s)
		}
	}
	return all
}

// Tasks are the integration tasks of its services, in their order.
func (p *Package) Tasks() []catalog.Task {
	var all []catalog.Task
	for _, e := range p.Entries {
		for i := range e.Tasks {
			all = append(all, catalog.Task{Task: &e.Tasks[i], Entry: e})
		}
	}
	return all
}

// Connection gives the one of a link name; nil when there is none.
func (p *Package) Connection(name lanyard.LinkName) *Connection {
	if i := slices.IndexFunc(p.Connections, func(c Connection) bool { return c.LinkName == name }); i >= 0 {
		return &p.Connections[i]
	}
	return nil
}

// pack writes files as one. They are stored as they are, sorted and without a time: the same files give the same bytes,
// with every version of every compressor, and nothing can swell while it is read.
func pack(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		size := uint64(len(text))
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(text), CompressedSize64: size, UncompressedSize64: size,
		})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unpack gives the files of a packed file. Nothing is read of them yet.
func unpack(packed []byte) (fs.FS, error) {
	if len(packed) > MaxPacked {
		return nil, notPacked(fmt.Errorf("%d bytes", len(packed)))
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, notPacked(err)
	}
	if len(r.File) > maxFiles {
		return nil, notPacked(fmt.Errorf("%d files", len(r.File)))
	}
	var sum uint64
	for _, f := range r.File {
		sum += min(f.UncompressedSize64, MaxPacked+1)
		if !plainPath.MatchString(f.Name) || f.Method != zip.Store || f.Flags&1 != 0 || !f.Mode().IsRegular() || sum > MaxPacked {
			return nil, notPacked(fmt.Errorf("%q", f.Name))
		}
	}
	return r, nil
}

func notPacked(why error) error {
	return lanyard.Errorf(lanyard.CodeInvalidRequest, "This is not the package of an extension of at most %d MiB, as lanyard extension pack writes it.", MaxPacked>>20).With(why)
}

// invalid tells faults of files to whoever sent them packed.
func invalid(err error) error {
	faults := catalog.Faults(err)
	if len(faults) == 0 {
		return err
	}
	var f lanyard.FieldErrors
	for _, fault := range faults[:min(len(faults), maxFaults)] {
		f.Add("/package", "%s", fault.Error())
	}
	return &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The package is not valid; nothing was changed.", Fields: f, Cause: err}
}
