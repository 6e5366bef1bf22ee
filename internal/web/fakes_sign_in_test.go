package web

import (
	"context"
	"net/url"

	"lanyard"
	"lanyard/internal/account"
)

// signInRoom is the part of rooms that stands in for resetting passwords and for single sign-on.
type signInRoom struct {
	noMail   bool
	resetErr error // of every method about resetting
	revoke   bool  // what was chosen last
	signOn   *account.SignOnSettings
	set      lanyard.SingleSignOn // what was saved last
	setErr   error
	came     url.Values     // with which the browser came back
	kept     lanyard.Secret // the cookie it came back with
}

func (f *rooms) CanMail() bool { return !f.noMail }

func (f *rooms) RequestReset(_ context.Context, email string, b account.Browser) error {
	f.browser = b
	f.changed("RequestReset:" + email)
	return f.resetErr
}

func (f *rooms) Reset(_ context.Context, token string) (*account.Reset, error) {
	if token != goodToken {
		return nil, linkUsed()
	}
	return inventedReset(), nil
}

func (f *rooms) ResetPassword(_ context.Context, token string, _ lanyard.Secret, revoke bool, b account.Browser) (*account.PasswordChange, error) {
	if token != goodToken {
		return nil, linkUsed()
	}
	if f.revoke = revoke; f.resetErr != nil {
		return nil, f.resetErr
	}
	in, err := f.signedIn("ResetPassword", b)
	return &account.PasswordChange{SignedIn: *in, Connected: 4}, err
}

func (f *rooms) PersonToReset(_ context.Context, _ *lanyard.Caller, id lanyard.UserID) (*lanyard.User, error) {
	person := inventedCandidate()
	return &person, f.resetErr
}

func (f *rooms) CreateResetLink(_ context.Context, _ *lanyard.Caller, id lanyard.UserID, revoke bool) (*account.ResetLink, error) {
	f.revoke = revoke
	f.changed("CreateResetLink:" + string(id))
	return inventedResetLink(), f.resetErr
}

func (f *rooms) SignOnOf(_ context.Context, email string) (lanyard.OrganizationID, error) {
	return "org_zylker", f.startErr
}

func (f *rooms) SignOnOrganization(_ context.Context, org lanyard.OrganizationID) (*lanyard.Organization, error) {
	return &lanyard.Organization{ID: org, Name: "Zylker Instruments"}, f.startErr
}

func (f *rooms) StartSignOn(_ context.Context, org lanyard.OrganizationID) (*account.SignOnStart, error) {
	f.changed("StartSignOn:" + string(org))
	return &account.SignOnStart{URL: "https://login.zylker.example/authorize?state=S", Browser: lanyard.NewSecret("begun-here")}, f.startErr
}

func (f *rooms) FinishSignOn(_ context.Context, org lanyard.OrganizationID, query url.Values, cookie lanyard.Secret, b account.Browser) (*account.SignedIn, error) {
	f.came, f.kept = query, cookie
	if f.startErr != nil {
		return nil, f.startErr
	}
	return f.signedIn("FinishSignOn:"+string(org), b)
}

func (f *rooms) SingleSignOn(context.Context, *lanyard.Caller) (*account.SignOnSettings, error) {
	if f.signOn == nil {
		f.signOn = inventedSignOn()
	}
	return f.signOn, f.err
}

func (f *rooms) SetSingleSignOn(_ context.Context, _ *lanyard.Caller, in lanyard.SingleSignOn) (*account.SignOnSettings, error) {
	f.set = in
	f.changed("SetSingleSignOn")
	return inventedSignOn(), f.setErr
}

func (f *rooms) DeleteSingleSignOn(context.Context, *lanyard.Caller) error {
	f.changed("DeleteSingleSignOn")
	return f.err
}
