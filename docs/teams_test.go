package docs_test

import (
	"os"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/access"
)

// The table of rights on the page is the one that the code decides by, line for line.
func TestTheTableOfRights(t *testing.T) {
	text, err := os.ReadFile("teams.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "| | member | admin | owner |\n| --- | --- | --- | --- |\n"
	for _, r := range access.Rights {
		want += "| " + r.Words + " |"
		for _, role := range []lanyard.Role{lanyard.RoleMember, lanyard.RoleAdmin, lanyard.RoleOwner} {
			if access.Has(role, r.Right) {
				want += " yes"
			}
			want += " |"
		}
		want += "\n"
	}
	if !strings.Contains(string(text), want) {
		t.Errorf("docs/teams.md does not have the table\n%s", want)
	}
}
