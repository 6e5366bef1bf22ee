package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"lanyard"
)

// A directory of files can be an operator's, so what is read of it has bounds. Ours is far within them.
const (
	maxFile  = 256 << 10 // bytes
	maxFiles = 5000
	maxBytes = 32 << 20 // of all files
)

// Load reads every <category>/<link_name>.yaml. Names that begin with a dot are passed over: editors and volume mounts
// put things of their own there. All faults of all files are reported at once; [Faults] gives them one by one.
func Load(fsys fs.FS) (*Catalog, error) {
	files, err := list(fsys)
	if err != nil {
		return nil, err
	}
	c := &Catalog{byName: map[lanyard.LinkName]place{}}
	var faults []error
	for _, f := range files {
		data, err := read(fsys, f.name)
		if err != nil {
			return nil, err
		}
		entry, err := ParseFile(f.name, path.Dir(f.name), data)
		if err == nil {
			err = c.add(entry)
		}
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return c.sort(), nil
}

// listed is a file of a directory.
type listed struct {
	name string
	info fs.FileInfo
}

// list names the files of a catalogue, by name.
func list(fsys fs.FS) ([]listed, error) {
	names, err := fs.Glob(fsys, "*/*.yaml")
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(fsys, "."); err != nil { // Glob passes over what it cannot read
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	var files []listed
	var sum int64
	for _, name := range names {
		if strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
			continue
		}
		info, err := fs.Stat(fsys, name) // of what a symbolic link leads to
		switch {
		case err != nil:
			return nil, fmt.Errorf("read the catalogue: %w", err)
		case !info.Mode().IsRegular():
			return nil, &Fault{File: name, Line: 1, Detail: "this is not a file"}
		case info.Size() > maxFile:
			return nil, &Fault{File: name, Line: 1, Detail: fmt.Sprintf("a file has at most %d KiB", maxFile>>10)}
		}
		sum += info.Size()
		if files = append(files, listed{name, info}); len(files) > maxFiles || sum > maxBytes {
			return nil, fmt.Errorf("a catalogue has at most %d files with %d MiB", maxFiles, maxBytes>>20)
		}
	}
	return files, nil
}

// read reads a file of a catalogue, which may have grown since it was listed.
func read(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, &Fault{File: name, Line: 1, Detail: fmt.Sprintf("a file has at most %d KiB", maxFile>>10)}
	}
	return data, err
}

// Own is an operator's directory of files beside the catalogue that comes with Lanyard. It is looked at by asking for
// names, sizes and times again and again rather than by having the system tell of changes: that works on network shares
// and for mounted volumes, where whole directories are swapped by a symbolic link, and misses nothing.
type Own struct {
	base          *Catalog
	fsys          fs.FS
	loaded, newer string // what the directory looked like when it was last read, and when it was last looked at
}

// OpenOwn reads the directory for the first time. Whatever is wrong with a file is an error then.
func OpenOwn(base *Catalog, fsys fs.FS) (*Own, *Catalog, error) {
	o := &Own{base: base, fsys: fsys}
	o.loaded, _ = o.look()
	c, err := o.load()
	return o, c, err
}

// Look gives the catalogue anew when the directory has changed and no longer changes; nil when there is nothing new.
// An error says, once for each change, why what there is now cannot be used. It is not safe for concurrent use.
func (o *Own) Look() (*Catalog, error) {
	now, err := o.look()
	if now == o.loaded || now != o.newer { // as it was, or a file is still being written: the next look tells
		o.newer = now
		return nil, nil //nolint:nilnil // nothing new, and no fault
	}
	o.loaded = now
	if err != nil {
		return nil, err
	}
	return o.load()
}

// look says what the directory looks like, in a text that is another one after a change.
func (o *Own) look() (string, error) {
	files, err := list(o.fsys)
	if err != nil {
		return err.Error(), err
	}
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s %d %d\n", f.name, f.info.Size(), f.info.ModTime().UnixNano())
	}
	return b.String(), nil
}

func (o *Own) load() (*Catalog, error) {
	own, err := Load(o.fsys)
	if err != nil {
		return nil, err
	}
	return o.base.With(own)
}
