package web

import (
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

func inventedReset() *account.Reset {
	v := visiting()
	return &account.Reset{User: *v.user, Organization: *v.organization, Access: store.Access{Sessions: 2, Keys: 3, Connected: 4}}
}

func inventedResetLink() *account.ResetLink {
	return &account.ResetLink{User: inventedCandidate(), URL: lanyard.NewSecret(inventedURL + "/reset/INVENTEDINVENTEDINVENTEDINVENTEDINVENTEDINVENTEDINVE"), ExpiresAt: inventedNow().Add(time.Hour)}
}

func inventedSignOn() *account.SignOnSettings {
	return &account.SignOnSettings{
		SingleSignOn: lanyard.SingleSignOn{
			OrganizationID: "org_zylker", Issuer: "https://login.zylker.example", ClientID: "lanyard", ClientSecret: lanyard.NewSecret("never shown"),
			Domains: []string{"zylker.example", "zylker.example.net"}, RoleClaim: "groups", AdminValues: []string{"lanyard-admins"}, MayJoin: true, Version: 3,
		},
		CallbackURL: inventedURL + "/sign-in/callback/org_INVENTEDINVENTEDINVENTED", SignInURL: inventedURL + "/sign-in/organization/org_INVENTEDINVENTEDINVENTED",
		MaySwitchOff: true,
	}
}

func resetStates() []state {
	short := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/new_password", Detail: "a password has at least 12 characters, and this one has 5: several words are easy to remember"}}}
	noAddress := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/email", Detail: "enter your e-mail address"}}}
	slow := &lanyard.Error{Code: lanyard.CodeRateLimited, Message: "There were too many requests for a link. Try again in 32 seconds.", RetryAfter: 32 * time.Second}
	sent := newForgotPage("you@zylker.example", true, nil)
	sent.Sent = true
	forced, nothing := inventedReset(), inventedReset()
	forced.RevokeAccess = true
	nothing.Access = store.Access{}
	mailed := inventedResetLink()
	mailed.Mailed = true
	person := inventedCandidate()
	return []state{
		{"forgot", 200, newForgotPage("", true, nil)},
		{"forgot-no-mail", 200, newForgotPage("", false, nil)},
		{"forgot-nothing", 400, newForgotPage("", true, problem.Of(noAddress, ""))},
		{"forgot-slowed", 429, newForgotPage("you@zylker.example", true, problem.Of(slow, ""))},
		{"forgot-sent", 200, sent},
		{"reset", 200, newResetPage("INVENTEDTOKEN", inventedReset(), false, nil)},
		{"reset-revokes", 200, newResetPage("INVENTEDTOKEN", forced, false, nil)},
		{"reset-nothing-connected", 200, newResetPage("INVENTEDTOKEN", nothing, false, nil)},
		{"reset-faults", 400, newResetPage("INVENTEDTOKEN", inventedReset(), true, problem.Of(short, ""))},
		{"reset-link", 200, newResetLinkPage(here(), &person, true)},
		{"reset-link-made", 200, newMadeResetLinkPage(here(), inventedResetLink(), false)},
		{"reset-link-mailed", 200, newMadeResetLinkPage(here(), mailed, true)},
		{"reset-link-not-mailed", 200, newMadeResetLinkPage(here(), inventedResetLink(), true)},
	}
}

func signOnStates() []state {
	unknown := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/email", Detail: "no organization here has single sign-on for this address: check it, or sign in with a password"}}}
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/issuer", Detail: "there is no OpenID provider at this address: /.well-known/openid-configuration below it cannot be read"},
		{Pointer: "/domains/1", Detail: "the domain zylker.example.org belongs to another organization of this Lanyard"},
	}}
	none := &account.SignOnSettings{CallbackURL: inventedSignOn().CallbackURL, SignInURL: inventedSignOn().SignInURL}
	off := inventedSignOn()
	off.PasswordOff = true
	typed := typedSignOn(inventedSignOn())
	typed.domains, typed.secret = "zylker.example\nzylker.example.org", "typed"
	return []state{
		{"sign-on", 200, newSignOnPage("", nil)},
		{"sign-on-unknown", 400, newSignOnPage("you@elsewhere.example", problem.Of(unknown, ""))},
		{"sign-on-confirm", 200, newConfirmSignOnPage(visitor{}, visiting().organization)},
		{"sign-on-confirm-other", 200, newConfirmSignOnPage(visiting(), visiting().organization)},
		{"single-sign-on", 200, newSingleSignOnPage(here(), inventedSignOn(), typedSignOn(inventedSignOn()), nil)},
		{"single-sign-on-none", 200, newSingleSignOnPage(here(), none, typedSignOn(none), nil)},
		{"single-sign-on-faults", 400, newSingleSignOnPage(here(), inventedSignOn(), typed, problem.Of(faults, ""))},
		{"single-sign-on-only", 200, newSingleSignOnPage(here(), off, typedSignOn(off), nil)},
		{"single-sign-on-delete", 200, newDeleteSingleSignOnPage(here(), off)},
	}
}

func inventedCandidate() lanyard.User {
	return lanyard.User{ID: "usr_ci", Email: "ci@zylker.example", Name: longName, Role: lanyard.RoleAdmin}
}
