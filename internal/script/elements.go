package script

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// elements are those of a list or collection, the keys of a map, the parts of a text between commas, the rows of a CSV
// file. They are not to be written to.
func (r *run) elements(at Pos, v Value) ([]Value, error) {
	if v.isEmptyBraces() {
		return nil, nil
	}
	switch v.Kind() {
	case KindList:
		return v.list().items, nil
	case KindMap:
		return v.keyed().keys(), nil
	case KindCollection:
		return v.collection().values(), nil
	case KindText:
		return r.parts(at, v.text())
	case KindFile:
		return r.rows(at, v.file())
	case KindNull:
		return nil, failure(at, "Null value occurred while performing for each operation")
	}
	return nil, failure(at, "A %s has no elements to go through", v.Kind())
}

// parts are what stands between the commas of a text.
func (r *run) parts(at Pos, s string) ([]Value, error) {
	if s == "" {
		return nil, nil
	}
	most := strings.Count(s, ",") + 1
	if err := r.grow(at, int64(most)*valueSize); err != nil {
		return nil, err
	}
	items := make([]Value, 0, most)
	for part := range strings.SplitSeq(s, ",") {
		items = append(items, Text(strings.TrimSpace(part)))
	}
	return items, nil
}

const maxCSV = 2 << 20 // bytes of a file that a loop goes through

// rows are those of a CSV file, each a list of texts.
func (r *run) rows(at Pos, f *File) ([]Value, error) {
	if len(f.Content) > maxCSV {
		return nil, failure(at, "A CSV file that a loop goes through has at most %d MB", maxCSV>>20)
	}
	if err := r.grow(at, int64(len(f.Content))); err != nil {
		return nil, err
	}
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(f.Content, []byte("\ufeff"))))
	reader.FieldsPerRecord, reader.LazyQuotes = -1, true
	var rows []Value
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, failure(at, "The file %s is no CSV file", cut(f.Name, 60))
		}
		if err := r.grow(at, int64(len(record)+2)*valueSize); err != nil {
			return nil, err
		}
		row := make([]Value, len(record))
		for i, field := range record {
			row[i] = Text(strings.ToValidUTF8(field, "\ufffd"))
		}
		rows = append(rows, NewList(row...))
	}
}
