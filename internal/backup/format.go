package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"lanyard/internal/store"
)

// A backup is a gzip stream of lines, encrypted with age. The first line is magic. The others are JSON: the header; for
// each table its name and columns, its rows as lists, and how many there were, with a sum over them; at the end how many
// tables there were, and SHA-256 of all lines before.

const (
	magic = "lanyard backup 1\n"
	// longestLine is more than any row has: the largest is a package of an extension.
	longestLine = 256 << 20
)

// Header is what a backup says about itself.
type Header struct {
	Program   string    `json:"program"` // version of the Lanyard that made it
	Schema    int64     `json:"schema"`  // version of the store's schema
	At        time.Time `json:"at"`      // the moment that it shows
	Instance  string    `json:"instance,omitempty"`
	Store     string    `json:"store"` // sqlite, postgres
	PublicURL string    `json:"public_url,omitempty"`
	// Key is the text of the key file; empty: the key is not in the backup.
	Key string `json:"key,omitempty"`
}

type tableLine struct {
	Table   string         `json:"table"`
	Columns []store.Column `json:"columns"`
}

type countLine struct {
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"`
}

type endLine struct {
	Tables int    `json:"tables"`
	SHA256 string `json:"sha256"`
}

// sum adds up the hashes of rows, so that it is the same in whatever order they come.
type sum struct {
	rows  int64
	total [sha256.Size]byte
}

func (s *sum) add(row []byte) {
	s.rows++
	h, carry := sha256.Sum256(row), 0
	for i := range s.total {
		carry += int(s.total[i]) + int(h[i])
		s.total[i], carry = byte(carry), carry>>8
	}
}

func (s *sum) line() countLine { return countLine{s.rows, hex.EncodeToString(s.total[:])} }

// encodeRow writes a row as it stands in the file: bytes in base64, the rest as JSON has it.
func encodeRow(row []any) ([]byte, error) {
	for _, v := range row {
		if text, ok := v.(string); ok && !utf8.ValidString(text) {
			return nil, errors.New("a text is not valid UTF-8")
		}
	}
	return json.Marshal(row)
}

func decodeRow(line []byte, columns []store.Column) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var row []any
	if err := d.Decode(&row); err != nil || len(row) != len(columns) {
		return nil, errors.New("a row cannot be read")
	}
	for i, c := range columns {
		ok := row[i] == nil
		switch v := row[i].(type) {
		case bool:
			ok = c.Kind == store.KindBoolean
		case json.Number:
			n, err := v.Int64()
			row[i], ok = n, err == nil && c.Kind == store.KindInteger
		case string:
			switch c.Kind {
			case store.KindText:
				ok = true
			case store.KindBytes:
				b, err := base64.StdEncoding.DecodeString(v)
				row[i], ok = b, err == nil
			}
		}
		if !ok {
			return nil, fmt.Errorf("a row has a value of another kind in column %s", c.Name)
		}
	}
	return row, nil
}

// writer writes the lines of a backup.
type writer struct {
	zip    *gzip.Writer
	buffer *bufio.Writer
	hash   hash.Hash
	tables int
}

func newWriter(to io.Writer, h Header) (*writer, error) {
	w := &writer{zip: gzip.NewWriter(to), hash: sha256.New()}
	w.buffer = bufio.NewWriterSize(io.MultiWriter(w.zip, w.hash), 64<<10)
	if _, err := w.buffer.WriteString(magic); err != nil {
		return nil, err
	}
	return w, w.json(h)
}

func (w *writer) json(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.line(line)
}

func (w *writer) line(line []byte) error {
	if len(line) >= longestLine {
		return fmt.Errorf("a row has %d bytes, and a backup keeps rows below %d", len(line), longestLine)
	}
	if _, err := w.buffer.Write(line); err != nil {
		return err
	}
	return w.buffer.WriteByte('\n')
}

// table writes a table and gives the sum of its rows.
func (w *writer) table(t store.Table, rows func(each func(row []any) error) error) (sum, error) {
	w.tables++
	var s sum
	err := w.json(tableLine{t.Name, t.Columns})
	if err == nil {
		err = rows(func(row []any) error {
			line, err := encodeRow(row)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
			s.add(line)
			return w.line(line)
		})
	}
	if err != nil {
		return s, err
	}
	return s, w.json(s.line())
}

func (w *writer) close() error {
	if err := w.buffer.Flush(); err != nil {
		return err
	}
	end := endLine{w.tables, hex.EncodeToString(w.hash.Sum(nil))}
	return errors.Join(w.json(end), w.buffer.Flush(), w.zip.Close())
}

// reader reads them again. It believes nothing that the end of the file has not confirmed.
type reader struct {
	header Header
	from   io.Reader
	lines  *bufio.Scanner
	hash   hash.Hash
	tables int
}

var errDamaged = errors.New("the backup is damaged or cut off")

func newReader(from io.Reader) (*reader, error) {
	zip, err := gzip.NewReader(from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	r := &reader{from: io.MultiReader(zip, from), lines: bufio.NewScanner(zip), hash: sha256.New()}
	r.lines.Buffer(nil, longestLine)
	first, err := r.next()
	if err != nil {
		return nil, err
	}
	if string(first)+"\n" != magic {
		return nil, errors.New("this is no backup of Lanyard, or one that a newer Lanyard made")
	}
	r.cover(first)
	return r, r.json(&r.header)
}

// next gives the next line, which is good until the one after it.
func (r *reader) next() ([]byte, error) {
	if !r.lines.Scan() {
		return nil, fmt.Errorf("%w: %w", errDamaged, errors.Join(r.lines.Err(), io.ErrUnexpectedEOF))
	}
	return r.lines.Bytes(), nil
}

func (r *reader) cover(line []byte) {
	_, _ = r.hash.Write(line) // a hash takes everything
	_, _ = r.hash.Write([]byte{'\n'})
}

func (r *reader) json(into any) error {
	line, err := r.next()
	if err != nil {
		return err
	}
	r.cover(line)
	if json.Unmarshal(line, into) != nil {
		return fmt.Errorf("%w: a line of it cannot be read", errDamaged)
	}
	return nil
}

// each calls do with every table in turn; do reads all rows of it by the function that it is given, which returns
// after it has checked their number and sum. At the end everything that was read is confirmed.
func (r *reader) each(do func(t store.Table, rows func(each func(row []any) error) (sum, error)) error) error {
	for {
		line, err := r.next()
		if err != nil {
			return err
		}
		var head struct {
			tableLine
			endLine
		}
		if json.Unmarshal(line, &head) != nil {
			return fmt.Errorf("%w: a line of it cannot be read", errDamaged)
		}
		if head.Table == "" {
			return r.end(head.endLine)
		}
		r.cover(line)
		r.tables++
		t := store.Table{Name: head.Table, Columns: slices.Clone(head.Columns)}
		read := false
		err = do(t, func(each func(row []any) error) (sum, error) {
			read = true
			return r.rows(t, each)
		})
		if err == nil && !read {
			_, err = r.rows(t, func([]any) error { return nil })
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) rows(t store.Table, each func(row []any) error) (sum, error) {
	var s sum
	for {
		line, err := r.next()
		if err != nil {
			return s, err
		}
		r.cover(line)
		if bytes.HasPrefix(line, []byte("{")) {
			var said countLine
			if json.Unmarshal(line, &said) != nil || said != s.line() {
				return s, fmt.Errorf("%w: table %s has other rows than it says", errDamaged, t.Name)
			}
			return s, nil
		}
		row, err := decodeRow(line, t.Columns)
		if err != nil {
			return s, fmt.Errorf("%w: table %s: %w", errDamaged, t.Name, err)
		}
		s.add(line)
		if err := each(row); err != nil {
			return s, err
		}
	}
}

func (r *reader) end(said endLine) error {
	if said.Tables != r.tables || said.SHA256 != hex.EncodeToString(r.hash.Sum(nil)) {
		return fmt.Errorf("%w: its end does not fit the rest", errDamaged)
	}
	if r.lines.Scan() {
		return fmt.Errorf("%w: something stands behind its end", errDamaged)
	}
	// The last piece of an encrypted file is the one that says that it is the last.
	n, err := io.Copy(io.Discard, r.from)
	if err = errors.Join(r.lines.Err(), err); err != nil || n > 0 {
		return errors.Join(fmt.Errorf("%w: something stands behind its end", errDamaged), err)
	}
	return nil
}
