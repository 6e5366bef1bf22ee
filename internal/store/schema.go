package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// Table is a table as the database's own catalogue describes it.
type Table struct {
	Name    string
	Columns []Column
}

// Column is a column of a [Table].
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Kind is what a column holds. A value of it is nil or of the Go type that is named here.
type Kind string

const (
	KindText    Kind = "text"    // string
	KindInteger Kind = "integer" // int64
	KindBoolean Kind = "boolean" // bool
	KindBytes   Kind = "bytes"   // []byte
)

// has says whether there is a column of that name.
func (t Table) has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// kinds are the types of the migrations, as the two catalogues call them.
var kinds = map[string]Kind{"text": KindText, "bigint": KindInteger, "boolean": KindBoolean, "bytea": KindBytes}

// rowQuerier is *sql.DB, *sql.Conn or *sql.Tx.
type rowQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tables lists all tables but that of the migrations, each after those that its foreign keys name, keysets first.
func (d dialect) tables(ctx context.Context, on rowQuerier) ([]Table, error) {
	byName, names := map[string]*Table{}, []string{}
	err := eachRow(ctx, on, func(rows *sql.Rows) error {
		var table, column, kind string
		if err := rows.Scan(&table, &column, &kind); err != nil {
			return err
		}
		if table == goose.DefaultTablename {
			return nil
		}
		known, ok := kinds[strings.ToLower(kind)]
		if !ok {
			return fmt.Errorf("column %s of table %s has the type %s, which this lanyard does not know", column, table, kind)
		}
		if byName[table] == nil {
			byName[table] = &Table{Name: table}
			names = append(names, table)
		}
		byName[table].Columns = append(byName[table].Columns, Column{column, known})
		return nil
	}, d.columns)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	parents := map[string][]string{}
	err = eachRow(ctx, on, func(rows *sql.Rows) error {
		var child, parent string
		if err := rows.Scan(&child, &parent); err != nil {
			return err
		}
		if child != parent {
			parents[child] = append(parents[child], parent)
		}
		return nil
	}, d.foreignKeys)
	if err != nil {
		return nil, fmt.Errorf("read the foreign keys: %w", err)
	}
	slices.Sort(names)
	names = append([]string{"keysets"}, names...) // what the sealed values of the others open with
	var ordered []Table
	placed := map[string]bool{}
	var place func(string)
	place = func(name string) {
		if placed[name] || byName[name] == nil {
			return
		}
		placed[name] = true
		for _, parent := range parents[name] {
			place(parent)
		}
		ordered = append(ordered, *byName[name])
	}
	for _, name := range names {
		place(name)
	}
	return ordered, nil
}

func eachRow(ctx context.Context, on rowQuerier, do func(*sql.Rows) error, query string, args ...any) error {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is in rows.Err
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// read gives every row of a table, in no order.
func (t Table) read(ctx context.Context, on rowQuerier, each func(row []any) error) error {
	row, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range row {
		into[i] = &row[i]
	}
	err := eachRow(ctx, on, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, c := range t.Columns {
			v, err := c.Kind.value(row[i])
			if err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
			row[i] = v
		}
		return each(row)
	}, `SELECT `+t.columnList()+` FROM `+quote(t.Name))
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.Name, err)
	}
	return nil
}

func (t Table) columnList() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quote(c.Name)
	}
	return strings.Join(names, ", ")
}

// insert is the statement that adds a row.
func (t Table) insert() string {
	places := make([]string, len(t.Columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	return `INSERT INTO ` + quote(t.Name) + ` (` + t.columnList() + `) VALUES (` + strings.Join(places, ", ") + `)`
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// value is what a driver gave for a column, as the type of its kind.
func (k Kind) value(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil //nolint:nilnil // NULL
	case string:
		if k == KindText {
			return v, nil
		}
	case int64:
		switch k {
		case KindInteger:
			return v, nil
		case KindBoolean: // SQLite has none of its own
			return v != 0, nil
		}
	case bool:
		if k == KindBoolean {
			return v, nil
		}
	case []byte:
		switch k {
		case KindBytes:
			if v == nil { // SQLite's driver gives an empty value so; NULL is nil itself
				v = []byte{}
			}
			return v, nil
		case KindText:
			return string(v), nil
		}
	}
	return nil, fmt.Errorf("a value of the type %T stands where %s belongs", v, k)
}
