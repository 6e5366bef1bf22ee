package access

import (
	"testing"

	"lanyard"
)

func TestRightsGrowWithTheRole(t *testing.T) {
	for _, r := range Rights {
		member, admin, owner := Has(lanyard.RoleMember, r.Right), Has(lanyard.RoleAdmin, r.Right), Has(lanyard.RoleOwner, r.Right)
		if !owner || member && !admin {
			t.Errorf("%s: member %v, admin %v, owner %v", r.Right, member, admin, owner)
		}
		if Has("", r.Right) || Has("root", r.Right) {
			t.Errorf("%s: a role that there is not has it", r.Right)
		}
	}
	if Has(lanyard.RoleOwner, "unheard of") {
		t.Error("an owner has a right that there is not")
	}
}

func TestWhoManagesWhom(t *testing.T) {
	roles := []lanyard.Role{lanyard.RoleMember, lanyard.RoleAdmin, lanyard.RoleOwner}
	// Rows: who acts. Columns: on whom, or which role is given.
	want := map[lanyard.Role][3]bool{
		lanyard.RoleMember: {false, false, false},
		lanyard.RoleAdmin:  {true, true, false},
		lanyard.RoleOwner:  {true, true, true},
	}
	for _, actor := range roles {
		c := &lanyard.Caller{Organization: "o", User: "u", KeyOwner: "u", Role: actor, Session: "s"}
		for i, target := range roles {
			if got := ManagePerson(c, &lanyard.User{Role: target}) == nil; got != want[actor][i] {
				t.Errorf("a caller with the role %s manages one with the role %s: %v", actor, target, got)
			}
			if got := GrantRole(c, target) == nil; got != want[actor][i] {
				t.Errorf("a caller with the role %s gives the role %s: %v", actor, target, got)
			}
		}
	}
}

func TestPeopleAreNotManagedInAnothersName(t *testing.T) {
	for name, c := range map[string]*lanyard.Caller{
		"a key that acts for the owner":     {User: "owner", KeyOwner: "other", Role: lanyard.RoleOwner, Key: "k", ForUser: true, Rights: lanyard.KeyRights{Manage: true, ActForUsers: true}},
		"a key that may not manage":         {User: "owner", KeyOwner: "owner", Role: lanyard.RoleOwner, Key: "k"},
		"a key limited to some connections": {User: "owner", KeyOwner: "owner", Role: lanyard.RoleOwner, Key: "k", Rights: lanyard.KeyRights{Manage: true, Connections: []lanyard.LinkName{"a"}}},
	} {
		for rule, err := range map[string]error{"ManagePeople": ManagePeople(c), "EditOrganization": EditOrganization(c), "OwnOrganization": OwnOrganization(c)} {
			if lanyard.CodeOf(err) != lanyard.CodeForbidden {
				t.Errorf("%s, %s: %v", name, rule, err)
			}
		}
	}
}
