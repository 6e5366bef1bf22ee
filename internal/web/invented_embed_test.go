package web

import (
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
)

// inventedChoices are connections of visiting's, to choose from.
func inventedChoices() []registry.ConnectionView {
	var all []registry.ConnectionView
	for _, c := range []*lanyard.Connection{inventedConnection("Acme CRM", "acme_crm"), inventedConnection("Invoices", "invoices"), inventedConnection(longName, "long")} {
		all = append(all, registry.ConnectionView{Connection: *c})
	}
	return all
}

func rotateKeyStates() []state {
	keys := inventedOwn().Keys
	rotated := keys[1]
	rotated.Rights.ReturnToOrigins = []string{"https://app.zylker.example", "http://localhost:3000"}
	rotated.Previous = lanyard.PreviousKey{Hint: "9QLC", ExpiresAt: inventedNow().Add(20 * time.Hour), LastUsedAt: inventedNow().Add(-3 * time.Minute)}
	own := inventedOwn()
	own.Keys[1] = rotated
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/overlap_seconds", Detail: "choose one of these"}}}
	made := newMadeKeyPage(here(), "nightly report", lanyard.NewSecret("lanyard_INVENTEDINVENTEDINVENTEDINVENTEDINVENTEDINVENTEDINVENT"), inventedURL)
	made.Until = rotated.Previous.ExpiresAt
	wrongOrigins := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/return_to_origins/1", Detail: "an origin begins with https://; http:// is for localhost and 127.0.0.1 only"},
		{Pointer: "/connections/1", Detail: "there is no connection crn here"},
	}}
	return []state{
		{"account-rotated", 200, newAccountPage(here(), own, nil, inventedNow())},
		{"key-rotate", 200, newRotateKeyPage(here(), &keys[0], "24", nil, inventedNow())},
		{"key-rotate-again", 200, newRotateKeyPage(here(), &rotated, "24", nil, inventedNow())},
		{"key-rotate-faults", 400, newRotateKeyPage(here(), &keys[0], "never", problem.Of(faults, ""), inventedNow())},
		{"key-rotated", 200, made},
		{"key-end-previous", 200, newEndPreviousKeyPage(here(), &rotated, inventedNow())},
		{"key-new-wrong-origins", 400, newNewKeyPage(here(), newKeyForm{Name: "shop", ActForUsers: true, Life: "0", Checked: []string{"acme_crm"}, Only: "crn",
			Origins: "https://app.zylker.example\nhttp://app.zylker.example"}, inventedChoices(), problem.Of(wrongOrigins, ""))},
	}
}

// inventedOpened is a connect session in the browser of its end user.
func inventedOpened(popup bool) *credential.Opened {
	return &credential.Opened{
		Caller: &lanyard.Caller{Organization: "org_zylker", User: "usr_customer", KeyOwner: "usr_customer", ConnectSession: "cse_INVENTED"},
		Popup:  popup, Cancel: "https://app.zylker.example/settings?session=cse_INVENTED&error=access_denied", Flow: lanyard.NewSecret("INVENTEDFLOW"),
	}
}

func inventedEnd(popup bool) *credential.SessionEnd {
	return &credential.SessionEnd{
		Session: "cse_INVENTED", Connection: inventedConnection("Acme CRM", "acme_crm"), Service: inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthBasic}),
		Popup: popup, Origin: "https://app.zylker.example", ReturnTo: "https://app.zylker.example/settings?tab=apps&session=cse_INVENTED&code=INVENTEDCODE",
		Code: lanyard.NewSecret("INVENTEDCODE"),
	}
}

func connectSessionStates() []state {
	v := visitor{caller: inventedOpened(false).Caller, session: inventedOpened(false)}
	base := func() *credential.ConnectPage {
		return &credential.ConnectPage{
			Connection: inventedConnection("Acme CRM", "acme_crm"), Service: inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthBasic}),
			ServiceAuthor: "the platform team", Owner: "Your name", ForUser: "A customer", Asker: "Zylker Instruments", Application: "app.zylker.example",
			Hosts: []string{"api.acme.example"}, Status: lanyard.StatusNotConnected,
		}
	}
	consent, typed, long := base(), base(), base()
	consent.Consent, consent.ProviderHost = true, "accounts.acme.example"
	consent.Scopes = []lanyard.Scope{{Name: "Read contacts", Value: "contacts.read"}}
	typed.Fields = []lanyard.CredentialField{{Name: "username", Label: "User name"}, {Name: "password", Label: "Password", Secret: true, Optional: true}}
	long.ForUser, long.Asker, long.ServiceAuthor, long.Status = longName, longName, "", lanyard.StatusConnected
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/credentials/username", Detail: "User name is required"}}}
	denied := inventedEnd(false)
	denied.Code, denied.Error, denied.Outcome, denied.Remedy = lanyard.Secret{}, "access_denied", "Acme did not give access: access_denied.", "Go back and start again."
	denied.ReturnTo = "https://app.zylker.example/settings?tab=apps&session=cse_INVENTED&error=access_denied"
	deniedPopup := *denied
	deniedPopup.Popup = true
	told := newConnectEndedPage(inventedEnd(true))
	told.Scripts = nil // which would lead to the application
	page := func(p *credential.ConnectPage, err error) connectPage {
		var d *problem.Document
		if err != nil {
			d = problem.Of(err, "")
		}
		return newConnectPage(v, "INVENTEDTOKEN", p, credential.ConnectInput{}, d)
	}
	elsewhere := problem.Of(lanyard.Errorf(lanyard.CodeForbidden, "This link was opened in another browser, and works only there. "+
		"If somebody sent it to you, it is not meant for you. To connect an account of your own, go to the application and start there."), "req_INVENTED")
	return []state{
		{"connect-session-consent", 200, page(consent, nil)},
		{"connect-session-typed", 200, page(typed, nil)},
		{"connect-session-long", 200, page(long, nil)},
		{"connect-session-faults", 400, page(typed, faults)},
		{"connect-session-other-browser", 403, newErrorPage(visitor{}, elsewhere, "req_INVENTED")},
		{"connect-ended-denied", 200, newConnectEndedPage(denied)},
		{"connect-ended-popup", 200, told},
		{"connect-ended-popup-denied", 200, newConnectEndedPage(&deniedPopup)},
	}
}
