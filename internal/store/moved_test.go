package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// changesStanding finds the statements that change how somebody stands on a connection.
var changesStanding = regexp.MustCompile(`UPDATE authorizations SET status = |(INSERT INTO|DELETE FROM) authorizations`)

// tellsOtherwise are the functions whose change of a standing is told by another one, or by nobody.
var tellsOtherwise = map[string]string{
	"AddAuthorization":    "nobody's standing ends or begins: somebody was asked to connect",
	"RequireReconnect":    "moveOn tells it",
	"RemoveAuthorization": "endOne tells it before the row goes",
}

// TestEveryChangeOfAStandingIsTold reads the source: whatever changes a standing calls authorizationsMoved, so that
// webhooks and people hear of it.
func TestEveryChangeOfAStandingIsTold(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	changing := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			text := string(source[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset])
			if !changesStanding.MatchString(text) {
				continue
			}
			changing++
			if _, known := tellsOtherwise[f.Name.Name]; !known && !strings.Contains(text, "authorizationsMoved(") {
				t.Errorf("%s in %s changes how somebody stands on a connection and calls no authorizationsMoved", f.Name.Name, file)
			}
		}
	}
	if changing < 4 {
		t.Errorf("only %d functions that change a standing were found", changing)
	}
}
