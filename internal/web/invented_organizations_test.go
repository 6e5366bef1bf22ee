package web

import (
	"errors"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// inventedInvitations are for somebody, for anybody, and for somebody with a long address, by somebody who is gone.
func inventedInvitations() []lanyard.Invitation {
	now, day := inventedNow(), 24*time.Hour
	return []lanyard.Invitation{
		{ID: "inv_1", Email: "new@zylker.example", Role: lanyard.RoleMember, CreatedBy: visiting().user.ID, CreatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(7*day - time.Hour)},
		{ID: "inv_2", Role: lanyard.RoleAdmin, CreatedBy: dana, CreatedAt: now.Add(-3 * day), ExpiresAt: now.Add(4 * day)},
		{ID: "inv_3", Email: "a.very.long.address.of.somebody.who.is.to.join@department.of.accounts.zylker.example", Role: lanyard.RoleOwner, CreatedBy: "usr_gone", CreatedAt: now.Add(-6 * day), ExpiresAt: now.Add(day)},
	}
}

func inventedInvited(email string) *account.Invited {
	i := inventedInvitations()[0]
	i.Email, i.ExpiresAt = email, inventedNow().Add(7*24*time.Hour)
	return &account.Invited{Invitation: i, URL: lanyard.NewSecret(inventedURL + "/invitation/INVENTEDTOKENINVENTEDTOKENINVENTEDTOKENINVENTEDTOKEN")}
}

func inventedOpenInvitation() *account.OpenInvitation {
	return &account.OpenInvitation{Organization: "Zylker Instruments", InvitedBy: "The owner", Email: "new@zylker.example", Role: lanyard.RoleMember}
}

// traveller is visiting in a browser that is signed in to several organizations.
func traveller() visitor {
	v, other, long := visiting(), abroad(), abroad()
	v.founds = true
	long.organization.ID, long.organization.Name, long.user.Role = "org_long", longName, lanyard.RoleAdmin
	for _, m := range []visitor{other, long, v} {
		v.memberships = append(v.memberships, account.Membership{User: *m.user, Organization: *m.organization})
	}
	return v
}

func organizationsStates() []state {
	names := store.Names{Users: map[lanyard.UserID]string{visiting().user.ID: "Your name", dana: "The admin"}}
	open, anybody, there := inventedOpenInvitation(), inventedOpenInvitation(), inventedOpenInvitation()
	anybody.Email, anybody.Role = "", lanyard.RoleAdmin
	there.HasAccount = true
	faults := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/name", Detail: "a name is required"}, {Pointer: "/email", Detail: "this is not an e-mail address"},
		{Pointer: "/password", Detail: "a password has at least 12 characters, and this one has 8: several words are easy to remember"},
	}}, "")
	taken := problem.Of(&lanyard.Error{Code: lanyard.CodeConflict, Fields: []lanyard.FieldError{{Pointer: "/email", Detail: "somebody of this organization has this address already"}}}, "")
	nameless := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/organization", Detail: "a name is required"}}}, "")
	founder := visiting()
	founder.founds = true
	mailed, failed := inventedInvited("new@zylker.example"), inventedInvited("new@zylker.example")
	mailed.Mailed, failed.MailErr = true, errors.New("the mail server is down")
	member := account.NewInvitation{Role: lanyard.RoleMember}
	return []state{
		{"organizations-one", 200, newOrganizationsPage(founder)},
		{"organizations", 200, newOrganizationsPage(traveller())},
		{"organization-new", 200, newOrganizationFormPage(visiting(), "", nil)},
		{"organization-new-faults", 400, newOrganizationFormPage(traveller(), "", nameless)},
		{"invitations", 200, newInvitationsPage(visiting(), inventedInvitations(), names, "", "NEXT")},
		{"invitations-none", 200, newInvitationsPage(visiting(), nil, names, "", "")},
		{"invitations-past-the-end", 200, newInvitationsPage(visiting(), nil, names, "CURSOR", "")},
		{"invite", 200, newInvitePage(visiting(), member, nil)},
		{"invite-taken", 409, newInvitePage(visiting(), account.NewInvitation{Email: "member@zylker.example", Role: lanyard.RoleAdmin}, taken)},
		{"invited", 200, newInvitedPage(visiting(), inventedInvited("new@zylker.example"))},
		{"invited-mailed", 200, newInvitedPage(visiting(), mailed)},
		{"invited-mail-failed", 200, newInvitedPage(visiting(), failed)},
		{"invited-anybody", 200, newInvitedPage(visiting(), inventedInvited(""))},
		{"invitation-revoke", 200, newRevokeInvitationPage(visiting(), &inventedInvitations()[0])},
		{"invitation", 200, newInvitationPage(visitor{}, "INVENTEDTOKEN", open, account.Acceptance{}, nil)},
		{"invitation-anybody", 200, newInvitationPage(visitor{}, "INVENTEDTOKEN", anybody, account.Acceptance{}, nil)},
		{"invitation-signed-in", 200, newInvitationPage(traveller(), "INVENTEDTOKEN", open, account.Acceptance{}, nil)},
		{"invitation-faults", 400, newInvitationPage(visitor{}, "INVENTEDTOKEN", anybody, account.Acceptance{Email: "new"}, faults)},
		{"invitation-has-account", 200, newInvitationPage(visitor{}, "INVENTEDTOKEN", there, account.Acceptance{}, nil)},
	}
}
