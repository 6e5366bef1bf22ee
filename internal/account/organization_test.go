package account

import (
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// second is another organization in which the owner's address has the same password, or another one.
func (w *world) second(name, password string) *lanyard.User {
	w.t.Helper()
	hash, err := w.hasher.hash(w.t.Context(), lanyard.NewSecret(password))
	w.must(err)
	a := store.NewAccount{
		Organization: lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: name},
		Owner:        lanyard.User{ID: lanyard.NewUserID(), Email: w.owner.Email, Name: "The owner", Role: lanyard.RoleOwner}, PasswordHash: hash,
	}
	a.Owner.OrganizationID = a.Organization.ID
	w.pass(time.Second) // the one that is known longest comes first
	w.must(w.store.CreateAccount(w.t.Context(), a, nil))
	return &a.Owner
}

// The password opens every organization in which it is this address's, and no other one.
func TestOnePasswordInSeveralOrganizations(t *testing.T) {
	w := newWorld(t)
	same, other := w.second("Same", ownersPassword), w.second("Other", nextPassword)
	signedIn := w.in(someone)
	if signedIn.User.ID != w.owner.ID || len(signedIn.Others) != 1 || signedIn.Others[0].User.ID != same.ID {
		t.Fatalf("signed in as %v and %d others", signedIn.User.ID, len(signedIn.Others))
	}
	if signedIn.Session.Equal(signedIn.Others[0].Session) || !signedIn.Known.Equal(signedIn.Others[0].Known) {
		t.Error("the sessions are one, or the browser is not known alike")
	}
	cookies := []string{signedIn.Session.Reveal(), signedIn.Others[0].Session.Reveal(), "made up", "", strings.Repeat("x", 5000)}
	memberships, err := w.Memberships(t.Context(), cookies)
	w.must(err)
	if len(memberships) != 2 || memberships[0].Organization.Name != "Same" || memberships[1].Organization.Name != "Zylker" || memberships[1].User.ID != w.owner.ID || !memberships[1].Session.Equal(signedIn.Session) {
		t.Errorf("the browser is signed in to %+v", memberships)
	}
	w.must(w.SignOut(t.Context(), signedIn.Session.Reveal()))
	if memberships, err = w.Memberships(t.Context(), cookies); err != nil || len(memberships) != 1 || memberships[0].User.ID != same.ID {
		t.Errorf("after one ended: %+v, %v", memberships, err)
	}
	if c := w.caller(&signedIn.Others[0]); c.Organization != same.OrganizationID || c.Organization == other.OrganizationID {
		t.Errorf("the other session is of %s", c.Organization)
	}
}

// TestJ01_EveryCandidateIsCompared: a right password takes as long as a wrong one, whichever of the candidates has it.
func TestJ01_EveryCandidateIsCompared(t *testing.T) {
	w := newWorld(t)
	w.second("Same", ownersPassword)
	w.second("Other", nextPassword)
	compared, compare := 0, w.hasher.compare
	w.hasher.compare = func(password, hash string) (bool, error) {
		compared++
		return compare(password, hash)
	}
	for _, password := range []string{ownersPassword, nextPassword, "wrong password"} {
		compared = 0
		w.signIn(w.owner.Email, password, someone)
		if compared != 3 {
			t.Errorf("%q is compared %d times, want 3", password, compared)
		}
	}
}

func TestNewOrganization(t *testing.T) {
	w := newWorld(t)
	admin := w.person("admin@example.com", lanyard.RoleAdmin)
	for name, c := range map[string]struct {
		by   *lanyard.Caller
		name string
		want lanyard.Code
	}{
		"admin":                {as(admin), "Next", lanyard.CodeForbidden},
		"member":               {as(w.member), "Next", lanyard.CodeForbidden},
		"a key of the owner's": {&lanyard.Caller{Organization: w.owner.OrganizationID, User: w.owner.ID, KeyOwner: w.owner.ID, Role: lanyard.RoleOwner, Key: "k", Rights: lanyard.KeyRights{Manage: true}}, "Next", lanyard.CodeForbidden},
		"without a name":       {as(w.owner), "", lanyard.CodeInvalidRequest},
	} {
		if _, err := w.NewOrganization(t.Context(), c.by, c.name, someone); lanyard.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	w.pass(time.Second)
	made, err := w.NewOrganization(t.Context(), as(w.owner), "Next", someone)
	w.must(err)
	c := w.caller(made)
	if c.Organization == w.owner.OrganizationID || c.Role != lanyard.RoleOwner || made.User.Email != w.owner.Email || made.User.Name != w.owner.Name {
		t.Errorf("made %+v", made.User)
	}
	if signedIn := w.in(someone); len(signedIn.Others) != 1 || signedIn.Others[0].User.ID != made.User.ID {
		t.Error("the password does not open it")
	}
	// From then on they are apart.
	if _, err := w.ChangePassword(t.Context(), c, lanyard.NewSecret(ownersPassword), lanyard.NewSecret(nextPassword), false, someone); err != nil {
		t.Fatal(err)
	}
	if signedIn := w.in(someone); len(signedIn.Others) != 0 || signedIn.User.ID != w.owner.ID {
		t.Error("changing the password in one changed it in the other")
	}
	for range 8 {
		_, err = w.NewOrganization(t.Context(), as(w.owner), "More", someone)
		w.must(err)
	}
	if _, err := w.NewOrganization(t.Context(), as(w.owner), "One too many", someone); lanyard.CodeOf(err) != lanyard.CodeConflict {
		t.Errorf("the eleventh: %v", err)
	}
	w.noNewOrganizations = true
	if _, err := w.NewOrganization(t.Context(), as(w.owner), "Next", someone); lanyard.CodeOf(err) != lanyard.CodeForbidden {
		t.Errorf("where the operator does it: %v", err)
	}
}

// TestH16_AnInvitationGivesNothingOfAnotherOrganization: whoever invites and accepts under somebody else's address has
// an account of their own organization, and no way into that person's.
func TestH16_AnInvitationGivesNothingOfAnotherOrganization(t *testing.T) {
	w := newWorld(t)
	hostile := w.second("Hostile", nextPassword) // has an owner of the same address, with a password of their own
	made, err := w.Invite(t.Context(), as(hostile), NewInvitation{Email: w.member.Email, Role: lanyard.RoleOwner})
	w.must(err)
	_, token, _ := strings.Cut(made.URL.Reveal(), "/invitation/")
	signedIn, err := w.accept(token, "")
	w.must(err)
	if u := signedIn.User; u.ID == w.member.ID || u.OrganizationID != hostile.OrganizationID {
		t.Errorf("joined as %+v", u)
	}
	again, code := w.signIn(w.member.Email, newPassword, someone)
	if code != "" || len(again.Others) != 0 || again.User.OrganizationID != hostile.OrganizationID {
		t.Errorf("the password opens %+v, %q", again, code)
	}
	for what, err := range map[string]error{
		"reads":       func() error { _, err := w.Invitation(t.Context(), as(w.owner), made.ID); return err }(),
		"takes back":  w.RevokeInvitation(t.Context(), as(w.owner), made.ID),
		"never there": w.RevokeInvitation(t.Context(), as(w.owner), lanyard.NewInvitationID()),
	} {
		if lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("another organization %s it: %v", what, err)
		}
	}
}
