package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"lanyard"
)

// Fault is one thing that is wrong with a file.
type Fault struct {
	File   string
	Line   int    // from 1
	Field  string // JSON pointer of the value; empty for the file as a whole
	Detail string // for the person who wrote it
}

func (f *Fault) Error() string {
	if f.Field == "" {
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Detail)
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Field, f.Detail)
}

// Faults are the faults that an error of this package joins, in order; empty when it is another error.
func Faults(err error) []*Fault {
	switch e := err.(type) { //nolint:errorlint // the error of Load as it is: its parts are looked at one by one
	case *Fault:
		return []*Fault{e}
	case interface{ Unwrap() []error }:
		var all []*Fault
		for _, part := range e.Unwrap() {
			all = append(all, Faults(part)...)
		}
		return all
	}
	return nil
}

// Fault is one that stands at a pointer of the file.
func (d *Document) Fault(pointer, detail string) error {
	return &Fault{File: d.file, Line: d.line(pointer), Field: pointer, Detail: detail}
}

// Located gives the faults of a lanyard.Error with their places in the file. Their pointers are below the given one.
func (d *Document) Located(below string, err error) error {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		return err
	}
	faults := make([]error, len(e.Fields))
	for i, f := range e.Fields {
		faults[i] = d.Fault(below+f.Pointer, f.Detail)
	}
	return errors.Join(faults...)
}

var yamlLine = regexp.MustCompile(`(?s)^.*?line (\d+)(?:[.:]\d+|, column \d+)?: (.*)$`)

// unreadable is what the YAML reader says, as a fault.
func unreadable(file string, err error) error {
	f := &Fault{File: file, Line: 1, Detail: err.Error()}
	if m := yamlLine.FindStringSubmatch(f.Detail); m != nil {
		if line, err := strconv.Atoi(m[1]); err == nil {
			f.Line, f.Detail = line, m[2]
		}
	}
	return f
}
