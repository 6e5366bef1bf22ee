package web

import (
	"context"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/store"
)

// organizationRooms is the part of rooms that stands in for invitations and several organizations.
type organizationRooms struct {
	inviteErr error
	acceptErr error
	madeErr   error // of making an organization
	accepted  account.Acceptance
	open      *account.OpenInvitation
	invites   []lanyard.Invitation
	alsoIn    []account.SignedIn     // what signing in with a password begins besides
	renamedBy lanyard.OrganizationID // organization of who renamed last
	linksOf   lanyard.OrganizationID // whose the links to connect and the results are; empty: anybody's
}

// otherSession is the cookie of visiting in a second organization.
const otherSession = "othersession"

// abroad is visiting in the second organization.
func abroad() visitor {
	user := &lanyard.User{ID: "usr_abroad", OrganizationID: "org_other", Email: "you@zylker.example", Name: "Your name", Role: lanyard.RoleMember}
	return visitor{
		caller: &lanyard.Caller{Organization: user.OrganizationID, User: user.ID, KeyOwner: user.ID, Role: user.Role}, user: user,
		organization: &lanyard.Organization{ID: user.OrganizationID, Name: "Another organization"},
	}
}

// knows answers not_found to whoever is in another organization than the links are of.
func (f *organizationRooms) knows(c *lanyard.Caller) error {
	if f.linksOf != "" && c.Organization != f.linksOf {
		return lanyard.Errorf(lanyard.CodeNotFound, "There is no such thing here.")
	}
	return nil
}

func (f *rooms) Memberships(_ context.Context, cookies []string) ([]account.Membership, error) {
	var list []account.Membership
	for _, cookie := range cookies {
		switch cookie {
		case goodSession:
			list = append(list, account.Membership{Session: lanyard.NewSecret(cookie), User: *visiting().user, Organization: *visiting().organization})
		case otherSession:
			list = append(list, account.Membership{Session: lanyard.NewSecret(cookie), User: *abroad().user, Organization: *abroad().organization})
		}
	}
	return list, nil
}

func (f *rooms) MayMakeOrganizations(*lanyard.Caller) error { return f.madeErr }

func (f *rooms) NewOrganization(_ context.Context, _ *lanyard.Caller, name string, b account.Browser) (*account.SignedIn, error) {
	if f.madeErr != nil {
		return nil, f.madeErr
	}
	in, err := f.signedIn("NewOrganization:"+name, b)
	in.User, in.Session = abroad().user, lanyard.NewSecret(otherSession)
	return in, err
}

func (f *rooms) Invite(_ context.Context, _ *lanyard.Caller, in account.NewInvitation) (*account.Invited, error) {
	f.changed("Invite:" + in.Email + ":" + string(in.Role))
	if f.inviteErr != nil {
		return nil, f.inviteErr
	}
	return inventedInvited(in.Email), nil
}

func (f *rooms) Invitations(_ context.Context, _ *lanyard.Caller, p store.Page) ([]lanyard.Invitation, string, error) {
	f.asked = p
	return f.invites, f.next, f.err
}

func (f *rooms) Invitation(_ context.Context, _ *lanyard.Caller, id lanyard.InvitationID) (*lanyard.Invitation, error) {
	return &inventedInvitations()[0], f.err
}

func (f *rooms) RevokeInvitation(_ context.Context, _ *lanyard.Caller, id lanyard.InvitationID) error {
	f.changed("RevokeInvitation:" + string(id))
	return f.err
}

func (f *rooms) InvitationOpen(_ context.Context, token string) (*account.OpenInvitation, error) {
	if token != goodToken {
		return nil, linkUsed()
	}
	if f.open == nil {
		return inventedOpenInvitation(), nil
	}
	return f.open, nil
}

func (f *rooms) AcceptInvitation(_ context.Context, token string, in account.Acceptance, b account.Browser) (*account.SignedIn, error) {
	f.accepted = in
	if f.acceptErr != nil {
		return nil, f.acceptErr
	}
	return f.signedIn("AcceptInvitation:"+token, b)
}
