package store

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write schema.sql anew")

// TestSchema compares schema.sql, today's schema in one page, with what the migrations make on SQLite.
func TestSchema(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	const query = `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'goose_%' AND name NOT LIKE 'sqlite_%'
		ORDER BY tbl_name, type DESC, name`
	statements, err := all(t.Context(), s.reads, column[string], query)
	if err != nil {
		t.Fatal(err)
	}
	got := "-- Today's schema, as the migrations leave it. Made by: go test ./internal/store -run TestSchema -update\n\n" + strings.Join(statements, ";\n\n") + ";\n"
	if *update {
		if err := os.WriteFile("schema.sql", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("schema.sql is not today's (-file +migrations); run this test with -update:\n%s", diff)
	}
}

// TestH10_EveryKeyBeginsWithTheOrganization reads the schema's primary keys and foreign keys.
func TestH10_EveryKeyBeginsWithTheOrganization(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	statements, err := all(t.Context(), &pool{DB: db}, column[string], `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`)
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`(PRIMARY|FOREIGN) KEY \((\w+)`)
	for _, statement := range statements {
		name := strings.Fields(statement)[2]
		switch name {
		case "keysets", "instances", "organizations", "one_time_links", "verified_services": // of the store as a whole, the organizations themselves, before there is one
			continue
		}
		found := key.FindAllStringSubmatch(statement, -1)
		if len(found) == 0 {
			t.Errorf("%s has no key of several columns", name)
		}
		for _, k := range found {
			if k[2] != "organization_id" {
				t.Errorf("a key of %s begins with %s", name, k[2])
			}
		}
	}
}
