package web

import (
	"net/url"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

func signInStates() []state {
	wrong := lanyard.Errorf(lanyard.CodeInvalidRequest, "The e-mail address or the password is not right. Check both and try again.")
	slow := &lanyard.Error{Code: lanyard.CodeRateLimited, Message: "There were too many tries to sign in. Try again in 32 seconds.", RetryAfter: 32 * time.Second}
	nothing := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/email", Detail: "enter your e-mail address"}, {Pointer: "/password", Detail: "enter your password"}}}
	return []state{
		{"sign-in", 200, newSignInPage("", false, "", nil)},
		{"sign-in-to-go-on", 401, newSignInPage("/connect/INVENTEDTOKEN", true, "", nil)},
		{"sign-in-for-a-form", 401, newSignInPage("", true, "", nil)},
		{"sign-in-wrong", 400, newSignInPage("", false, "you@zylker.example", problem.Of(wrong, ""))},
		{"sign-in-slowed", 429, newSignInPage("", false, "you@zylker.example", problem.Of(slow, ""))},
		{"sign-in-nothing", 400, newSignInPage("", false, "", problem.Of(nothing, ""))},
		{"sign-in-confirm", 200, newConfirmSignInPage(visitor{}, "INVENTEDTOKEN")},
		{"sign-in-confirm-other", 200, newConfirmSignInPage(visiting(), "INVENTEDTOKEN")},
	}
}

func setupStates() []state {
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: []lanyard.FieldError{
		{Pointer: "/name", Detail: "a name is required"}, {Pointer: "/email", Detail: "this is not an e-mail address"},
		{Pointer: "/password", Detail: "a password has at least 12 characters, and this one has 8: several words are easy to remember"},
	}}
	return []state{
		{"setup", 200, newSetupPage("INVENTEDTOKEN", account.Setup{}, nil)},
		{"setup-faults", 400, newSetupPage("INVENTEDTOKEN", account.Setup{Organization: "Zylker Instruments", Email: "visiting"}, problem.Of(faults, ""))},
	}
}

// inventedOwn is the account of visiting, who is signed in in three browsers and has four keys.
func inventedOwn() *account.Own {
	v, now := visiting(), inventedNow()
	day := 24 * time.Hour
	session := func(hash, browser string, begun, seen time.Duration) store.Session {
		return store.Session{Hash: hash, Browser: browser, CreatedAt: now.Add(-begun), SeenAt: now.Add(-seen), ExpiresAt: now.Add(30*day - begun)}
	}
	key := func(id, name, hint string, rights lanyard.KeyRights, made, used, ends time.Duration) lanyard.APIKey {
		k := lanyard.APIKey{ID: lanyard.APIKeyID(id), Name: name, Hint: hint, Rights: rights, CreatedAt: now.Add(-made)}
		if used > 0 {
			k.LastUsedAt = now.Add(-used)
		}
		if ends != 0 {
			k.ExpiresAt = now.Add(ends)
		}
		return k
	}
	return &account.Own{
		User: v.user, Organization: v.organization, HasPassword: true, NeedsCurrent: true, PasswordChanged: now.Add(-40 * day),
		Access: store.Access{Sessions: 3, Keys: 3, Connected: 4},
		Sessions: []store.Session{
			session("here", "Firefox on Linux", 3*time.Hour, 0), session("phone", "Safari on iPhone", 2*day, 5*time.Hour), session("unknown", "", 12*day, 6*day),
		},
		Keys: []lanyard.APIKey{
			key("key_A", "nightly report", "K5QT", lanyard.KeyRights{Connections: []lanyard.LinkName{"acme_crm", "invoices"}}, 20*day, 9*time.Hour, 70*day),
			key("key_B", longName, "7ZPX", lanyard.KeyRights{Manage: true, ActForUsers: true}, 90*day, 2*time.Minute, 0),
			key("key_C", "a try", "22QA", lanyard.KeyRights{Manage: true}, time.Minute, 0, 30*day),
			key("key_D", "last year", "4MTW", lanyard.KeyRights{}, 400*day, 36*day, -35*day),
		},
	}
}

// here is visiting in the first of the invented sessions.
func here() visitor {
	v := visiting()
	v.caller.Session = "here"
	return v
}

func accountStates() []state {
	alone, more := inventedOwn(), inventedOwn()
	alone.HasPassword, alone.PasswordChanged, alone.Access = false, time.Time{}, store.Access{Sessions: 1}
	alone.Sessions, alone.Keys = alone.Sessions[:1], nil
	more.NextSessions, more.NextKeys = "bcde", "cdef"
	forgotten := inventedOwn()
	forgotten.NeedsCurrent = false
	told := newAccountPage(here(), inventedOwn(), nil, inventedNow())
	told.Notice = passwordChanged(&account.PasswordChange{Ended: store.EndedAccess{Sessions: 2, Keys: 1}, Connected: 4})
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/current_password", Detail: "this is not the password that you have now"}, {Pointer: "/new_password", Detail: "this password is little more than your name, so it is easily guessed: choose another one"},
	}}
	member := here()
	member.user.Role = lanyard.RoleMember
	keyFaults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/name", Detail: "a name is required"}, {Pointer: "/connections/1", Detail: "a link name begins with a letter"},
	}}
	return []state{
		{"account", 200, newAccountPage(here(), inventedOwn(), nil, inventedNow())},
		{"account-new", 200, newAccountPage(here(), alone, nil, inventedNow())},
		{"account-more", 200, newAccountPage(here(), more, url.Values{"keys": {"abcd"}}, inventedNow())},
		{"account-told", 200, told},
		{"password", 200, newPasswordPage(here(), inventedOwn(), false, nil)},
		{"password-first", 200, newPasswordPage(here(), alone, false, nil)},
		{"password-forgotten", 200, newPasswordPage(here(), forgotten, false, nil)},
		{"password-faults", 400, newPasswordPage(here(), inventedOwn(), false, problem.Of(faults, ""))},
		{"key-new", 200, newNewKeyPage(here(), newKeyForm{Life: "90", Checked: []string{"invoices"}}, inventedChoices(), nil)},
		{"key-new-member", 200, newNewKeyPage(member, newKeyForm{Life: "90"}, nil, nil)},
		{"key-new-faults", 400, newNewKeyPage(here(), newKeyForm{Only: "acme_crm 1nvoices", Life: "0", Manage: true}, nil, problem.Of(keyFaults, ""))},
		{"key", 200, newMadeKeyPage(here(), "nightly report", lanyard.NewSecret("lanyard_INVENTEDINVENTEDINVENTEDINVENTEDINVENTEDINVENTEDINVENT"), inventedURL)},
		{"key-delete", 200, newDeleteKeyPage(here(), &inventedOwn().Keys[0], inventedNow())},
		{"key-delete-never-used", 200, newDeleteKeyPage(here(), &inventedOwn().Keys[2], inventedNow())},
	}
}

func inventedOrganization() *account.Organization {
	v := visiting()
	v.organization.ID = "org_INVENTEDINVENTEDINVENTED"
	return &account.Organization{
		Organization: *v.organization, Counts: store.OrganizationCounts{Users: 3, Connections: 12, Services: 4}, Editable: true,
	}
}

func organizationStates() []state {
	page := func(o *account.Organization, typed string, err error) organizationPage {
		var d *problem.Document
		if err != nil {
			d = problem.Of(err, "")
		}
		return newOrganizationPage(here(), o, typed, inventedURL, d)
	}
	member, large := inventedOrganization(), inventedOrganization()
	member.Editable = false
	large.Counts = store.OrganizationCounts{Users: store.CountedUpTo + 1, Connections: store.CountedUpTo + 1, Services: 900}
	return []state{
		{"organization", 200, page(inventedOrganization(), "Zylker Instruments", nil)},
		{"organization-member", 200, page(member, "", nil)},
		{"organization-large", 200, page(large, "Zylker Instruments", nil)},
		{"organization-faults", 400, page(inventedOrganization(), "", &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/name", Detail: "a name is required"}}})},
	}
}
