package web

import (
	"context"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/store"
)

// accountRooms is the part of rooms that stands in for the accounts.
type accountRooms struct {
	browser      account.Browser // that signed in last
	signInErr    error           // of signing in with a password
	passwordErr  error
	keyErr       error
	renameErr    error
	own          *account.Own
	key          account.NewKey
	organization *account.Organization
}

func (f *rooms) signedIn(what string, b account.Browser) (*account.SignedIn, error) {
	f.browser = b
	f.changed(what)
	return &account.SignedIn{User: visiting().user, Session: lanyard.NewSecret(goodSession), Known: lanyard.NewSecret("known")}, nil
}

func (f *rooms) Setup(_ context.Context, token string, in account.Setup, b account.Browser) (*account.SignedIn, error) {
	f.setup = in
	if f.setupErr != nil {
		return nil, f.setupErr
	}
	return f.signedIn("Setup", b)
}

func (f *rooms) SignIn(_ context.Context, token string, b account.Browser) (*account.SignedIn, error) {
	if token != goodToken {
		return nil, linkUsed()
	}
	return f.signedIn("SignIn", b)
}

func (f *rooms) SignInWithPassword(_ context.Context, email string, password lanyard.Secret, b account.Browser) (*account.SignedIn, error) {
	if f.signInErr != nil {
		return nil, f.signInErr
	}
	in, err := f.signedIn("SignInWithPassword:"+email, b)
	in.Others = f.alsoIn
	return in, err
}

func (f *rooms) Own(context.Context, *lanyard.Caller, store.Page, store.Page) (*account.Own, error) {
	if f.own == nil {
		f.own = inventedOwn()
	}
	return f.own, f.err
}

func (f *rooms) ChangePassword(_ context.Context, _ *lanyard.Caller, current, next lanyard.Secret, revoke bool, b account.Browser) (*account.PasswordChange, error) {
	f.revoke = revoke
	f.changed("ChangePassword")
	if f.passwordErr != nil {
		return nil, f.passwordErr
	}
	in, err := f.signedIn("", b)
	return &account.PasswordChange{SignedIn: *in, Ended: store.EndedAccess{Sessions: 2, Keys: 1}, Connected: 3}, err
}

func (f *rooms) EndSession(_ context.Context, _ *lanyard.Caller, id string) error {
	f.changed("EndSession:" + id)
	return f.err
}

func (f *rooms) EndOtherSessions(context.Context, *lanyard.Caller) (int, error) {
	f.changed("EndOtherSessions")
	return 2, f.err
}

func (f *rooms) CreateKey(_ context.Context, _ *lanyard.Caller, in account.NewKey) (*lanyard.APIKey, lanyard.Secret, error) {
	f.key = in
	if f.keyErr != nil {
		return nil, lanyard.Secret{}, f.keyErr
	}
	f.changed("CreateKey:" + in.Name)
	return &lanyard.APIKey{Name: in.Name}, lanyard.NewSecret("lanyard_INVENTED"), nil
}

func (f *rooms) Key(_ context.Context, _ *lanyard.Caller, id lanyard.APIKeyID) (*lanyard.APIKey, error) {
	if !strings.HasPrefix(string(id), "key_") {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such API key.")
	}
	return &inventedOwn().Keys[0], f.err
}

func (f *rooms) DeleteKey(_ context.Context, _ *lanyard.Caller, id lanyard.APIKeyID) error {
	f.changed("DeleteKey:" + string(id))
	return f.err
}

func (f *rooms) Organization(context.Context, *lanyard.Caller) (*account.Organization, error) {
	if f.organization == nil {
		f.organization = inventedOrganization()
	}
	return f.organization, f.err
}

func (f *rooms) RenameOrganization(_ context.Context, c *lanyard.Caller, name string) error {
	f.renamedBy = c.Organization
	f.changed("RenameOrganization:" + name)
	return f.renameErr
}
