package web

import (
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

func inventedUsers() []lanyard.User {
	v, day := visiting(), 24*time.Hour
	return []lanyard.User{
		{ID: "usr_ci", Email: "ci@zylker.example", Name: longName, Role: lanyard.RoleAdmin, CreatedAt: inventedNow().Add(-300 * day)},
		{ID: "usr_gone", Email: "former@zylker.example", Name: "A former member", Role: lanyard.RoleMember, Disabled: true, CreatedAt: inventedNow().Add(-90 * day)},
		{ID: "usr_4711", Name: "Customer 4711", ExternalID: "customer-4711", Role: lanyard.RoleMember, CreatedAt: inventedNow().Add(-2 * day)},
		{ID: v.user.ID, Email: v.user.Email, Name: v.user.Name, Role: v.user.Role, CreatedAt: inventedNow().Add(-400 * day)},
	}
}

// inventedPerson is a member as the owner sees them.
func inventedPerson() *account.Person {
	return &account.Person{
		User:  lanyard.User{ID: "usr_member", Email: "member@zylker.example", Name: "A member", Role: lanyard.RoleMember, CreatedAt: inventedNow().Add(-90 * 24 * time.Hour)},
		Roles: []lanyard.Role{lanyard.RoleMember, lanyard.RoleAdmin, lanyard.RoleOwner},
		Holdings: &store.Holdings{
			Access: store.Access{Sessions: 2, Keys: 1, Connected: 9}, Connections: 14, ForOthers: 12,
			Names:    []string{"Acme CRM", "Backups", "Calendar of the team", "Deploys", "Error reports", "Files", "Geodata", "Help desk", "Invoices", longName},
			Services: 1, Dependent: 3, Flows: 1, SeenAt: inventedNow().Add(-20 * time.Minute),
		},
	}
}

func peopleStates() []state {
	member := here()
	member.user.Role, member.caller.Role = lanyard.RoleMember, lanyard.RoleMember
	everybody, narrow := store.UserFilter{}, store.UserFilter{Query: "nobody", Role: lanyard.RoleAdmin}

	seen, gone, self, poor := *inventedPerson(), *inventedPerson(), *inventedPerson(), *inventedPerson()
	seen.Roles, seen.Holdings = nil, nil
	customer := seen
	customer.User = inventedUsers()[2]
	gone.Disabled, gone.Holdings = true, &store.Holdings{}
	self.Self = true
	poor.Holdings = &store.Holdings{Access: store.Access{Sessions: 1}}
	page := func(p account.Person) personPage { return newPersonPage(here(), &p, personFormOf(&p.User), nil) }
	faults := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/name", Detail: "a name is required"}, {Pointer: "/email", Detail: "this is not an e-mail address"}, {Pointer: "/external_id", Detail: "this external id is taken"},
	}}, "")
	last := problem.Of(lanyard.Errorf(lanyard.CodeConflict, "This is the last owner of the organization who can sign in: make somebody else an owner first. Nothing was changed."), "")
	nobody := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/to", Detail: "choose somebody else in the organization, who is not deactivated"}}}, "")
	undecided := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "hand_over_to", Detail: "choose whether they are deleted, or who gets them"}}}, "")
	successors := inventedUsers()[:1]
	return []state{
		{"people", 200, newPeoplePage(here(), everybody, "", inventedUsers(), "")},
		{"people-member", 200, newPeoplePage(member, everybody, "abcd", inventedUsers(), "bcde")},
		{"people-nobody", 200, newPeoplePage(here(), narrow, "", nil, "")},
		{"people-end", 200, newPeoplePage(here(), everybody, "abcd", nil, "")},
		{"person", 200, page(*inventedPerson())},
		{"person-self", 200, page(self)},
		{"person-deactivated", 200, page(gone)},
		{"person-seen-by-member", 200, newPersonPage(member, &seen, personForm{}, nil)},
		{"person-customer", 200, newPersonPage(member, &customer, personForm{}, nil)},
		{"person-faults", 400, newPersonPage(here(), inventedPerson(), personForm{Email: "nowhere", Role: "admin", ExternalID: "customer-4711"}, faults)},
		{"person-deactivate", 200, newDeactivatePage(here(), inventedPerson(), nil)},
		{"person-deactivate-poor", 200, newDeactivatePage(here(), &poor, nil)},
		{"person-deactivate-refused", 409, newDeactivatePage(here(), inventedPerson(), last)},
		{"person-hand-over", 200, newHandOverPage(here(), inventedPerson(), successors, "", nil)},
		{"person-hand-over-faults", 400, newHandOverPage(here(), inventedPerson(), successors, "usr_gone", nobody)},
		{"person-remove", 200, newRemovePage(here(), inventedPerson(), successors, "", nil)},
		{"person-remove-poor", 200, newRemovePage(here(), &poor, successors, "", nil)},
		{"person-remove-faults", 400, newRemovePage(here(), inventedPerson(), successors, "", undecided)},
	}
}
