package account

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/mail"
	"lanyard/internal/providertest"
	"lanyard/internal/store"
)

const newPassword = "another four plain words"

// as is somebody of the owner's organization in a browser.
func as(u *lanyard.User) *lanyard.Caller {
	return &lanyard.Caller{Organization: u.OrganizationID, User: u.ID, KeyOwner: u.ID, Role: u.Role, Session: "s"}
}

// person adds somebody to the owner's organization.
func (w *world) person(email string, role lanyard.Role) *lanyard.User {
	w.t.Helper()
	u := &lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.owner.OrganizationID, Email: email, Name: "Somebody", Role: role}
	w.must(w.store.CreateUser(w.t.Context(), *u, lanyard.AuditEntry{Action: "user.create"}))
	return u
}

// invite gives the token of a new invitation.
func (w *world) invite(by *lanyard.User, email string, role lanyard.Role) (*Invited, string) {
	w.t.Helper()
	made, err := w.Invite(w.t.Context(), as(by), NewInvitation{Email: email, Role: role})
	w.must(err)
	_, token, _ := strings.Cut(made.URL.Reveal(), "/invitation/")
	return made, token
}

func (w *world) accept(token, email string) (*SignedIn, error) {
	return w.AcceptInvitation(w.t.Context(), token, Acceptance{Name: "The new one", Email: email, Password: lanyard.NewSecret(newPassword)}, someone)
}

// sql changes what only other parts of the program change.
func (w *world) sql(query string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.config.Dir, "lanyard.db")+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	w.must(err)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhoInvitesWhom(t *testing.T) {
	w := newWorld(t)
	admin := w.person("admin@example.com", lanyard.RoleAdmin)
	ownerWithout := w.person("second-owner@example.com", lanyard.RoleOwner)
	for name, c := range map[string]struct {
		by    *lanyard.Caller
		email string
		role  lanyard.Role
		want  lanyard.Code
	}{
		"owner, an owner":                          {as(w.owner), "new@example.com", lanyard.RoleOwner, ""},
		"owner, anybody":                           {as(w.owner), "", lanyard.RoleMember, ""},
		"admin, an admin":                          {as(admin), "new@example.com", lanyard.RoleAdmin, ""},
		"admin, an owner":                          {as(admin), "new@example.com", lanyard.RoleOwner, lanyard.CodeForbidden},
		"member":                                   {as(w.member), "new@example.com", lanyard.RoleMember, lanyard.CodeForbidden},
		"a role that there is not":                 {as(w.owner), "new@example.com", "root", lanyard.CodeInvalidRequest},
		"no address":                               {as(w.owner), "nobody", lanyard.RoleMember, lanyard.CodeInvalidRequest},
		"an address with a header":                 {as(w.owner), "a@example.com\r\nBcc: b@example.com", lanyard.RoleMember, lanyard.CodeInvalidRequest},
		"somebody with a password":                 {as(w.owner), " OWNER@example.com", lanyard.RoleMember, lanyard.CodeConflict},
		"somebody who never had one":               {as(w.owner), w.member.Email, lanyard.RoleMember, ""},
		"admin, an owner who never had a password": {as(admin), ownerWithout.Email, lanyard.RoleMember, lanyard.CodeForbidden},
		"a key in another's name":                  {&lanyard.Caller{Organization: w.owner.OrganizationID, User: w.owner.ID, KeyOwner: admin.ID, Role: lanyard.RoleOwner, Key: "k", Rights: lanyard.KeyRights{Manage: true, ActForUsers: true}}, "", lanyard.RoleMember, lanyard.CodeForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Invite(t.Context(), c.by, NewInvitation{Email: c.email, Role: c.role})
			if err == nil && c.want != "" || err != nil && lanyard.CodeOf(err) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAcceptInvitation(t *testing.T) {
	w := newWorld(t)
	made, token := w.invite(w.owner, "New@Example.com", lanyard.RoleAdmin)
	open, err := w.InvitationOpen(t.Context(), token)
	w.must(err)
	if open.Organization != "Zylker" || open.InvitedBy != "The owner" || open.Email != "new@example.com" || open.Role != lanyard.RoleAdmin || open.HasAccount {
		t.Errorf("it says %+v", open)
	}
	for name, in := range map[string]Acceptance{
		"no name":          {Password: lanyard.NewSecret(newPassword)},
		"short password":   {Name: "The new one", Password: lanyard.NewSecret("short")},
		"the address":      {Name: "The new one", Password: lanyard.NewSecret("new@example.com1")},
		"the organization": {Name: "The new one", Password: lanyard.NewSecret("zylkerzylker1")},
	} {
		if _, err := w.AcceptInvitation(t.Context(), token, in, someone); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	signedIn, err := w.accept(token, "forged@example.com") // the address is the invitation's
	w.must(err)
	if u := signedIn.User; u.Email != "new@example.com" || u.Role != lanyard.RoleAdmin || u.OrganizationID != w.owner.OrganizationID || w.caller(signedIn).User != u.ID {
		t.Errorf("made %+v", u)
	}
	if again, code := w.signIn("new@example.com", newPassword, Browser{}); code != "" || again.User.ID != signedIn.User.ID {
		t.Errorf("signing in afterwards: %q", code)
	}
	if _, err := w.InvitationOpen(t.Context(), token); lanyard.CodeOf(err) != lanyard.CodeNotFound || !strings.Contains(err.Error(), "accepted already") {
		t.Errorf("a used one: %v", err)
	}
	if _, err := w.accept(token, ""); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("used twice: %v", err)
	}
	if list, _, err := w.Invitations(t.Context(), as(w.owner), store.Page{}); err != nil || len(list) != 0 {
		t.Errorf("the list has %v, %v", list, err)
	}
	for action, actor := range map[lanyard.Action]lanyard.UserID{lanyard.ActionInvitationCreate: w.owner.ID, lanyard.ActionInvitationAccept: signedIn.User.ID} {
		if entries := w.audit(action); len(entries) != 1 || entries[0].Actor != actor || entries[0].Object != string(made.ID) || entries[0].Detail["role"] != "admin" {
			t.Errorf("the audit log says %+v", entries)
		}
	}
}

// What an invitation rests on can go away before it is accepted.
func TestInvitationsThatAreNotGoodAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		role   lanyard.Role
		email  string
		change func(w *world, by *lanyard.User, made *Invited)
		want   lanyard.Code
	}{
		"as it was":            {lanyard.RoleAdmin, "", func(*world, *lanyard.User, *Invited) {}, ""},
		"a day before it ends": {lanyard.RoleAdmin, "", func(w *world, _ *lanyard.User, _ *Invited) { w.pass(6 * 24 * time.Hour) }, ""},
		"expired":              {lanyard.RoleAdmin, "", func(w *world, _ *lanyard.User, _ *Invited) { w.pass(7 * 24 * time.Hour) }, lanyard.CodeNotFound},
		"taken back": {lanyard.RoleAdmin, "", func(w *world, _ *lanyard.User, made *Invited) {
			w.must(w.RevokeInvitation(w.t.Context(), as(w.owner), made.ID))
		}, lanyard.CodeNotFound},
		"its maker disabled": {lanyard.RoleAdmin, "", func(w *world, by *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET disabled = TRUE WHERE id = $1`, string(by.ID))
		}, lanyard.CodeNotFound},
		"its maker gone": {lanyard.RoleAdmin, "", func(w *world, by *lanyard.User, _ *Invited) {
			w.sql(`DELETE FROM users WHERE id = $1`, string(by.ID))
		}, lanyard.CodeNotFound},
		"its maker a member now": {lanyard.RoleMember, "", func(w *world, by *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET role = 'member' WHERE id = $1`, string(by.ID))
		}, lanyard.CodeNotFound},
		"its maker an owner no more, for an owner": {lanyard.RoleOwner, "", func(w *world, by *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET role = 'admin' WHERE id = $1`, string(by.ID))
		}, lanyard.CodeNotFound},
		"its maker an owner no more, for an admin": {lanyard.RoleAdmin, "", func(w *world, by *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET role = 'admin' WHERE id = $1`, string(by.ID))
		}, ""},
		"whom it is for an owner by now, and its maker none": {lanyard.RoleMember, "member@example.com", func(w *world, by *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET role = 'admin' WHERE id = $1`, string(by.ID))
			w.sql(`UPDATE users SET role = 'owner' WHERE id = $1`, string(w.member.ID))
		}, lanyard.CodeNotFound},
		"whom it is for disabled": {lanyard.RoleMember, "member@example.com", func(w *world, _ *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET disabled = TRUE WHERE id = $1`, string(w.member.ID))
		}, lanyard.CodeNotFound},
		"whom it is for with a password by now": {lanyard.RoleMember, "member@example.com", func(w *world, _ *lanyard.User, _ *Invited) {
			w.sql(`UPDATE users SET password_hash = 'x' WHERE id = $1`, string(w.member.ID))
		}, lanyard.CodeConflict},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			by := w.person("second-owner@example.com", lanyard.RoleOwner)
			made, token := w.invite(by, c.email, c.role)
			c.change(w, by, made)
			_, err := w.accept(token, "new@example.com")
			if err == nil && c.want != "" || err != nil && lanyard.CodeOf(err) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A user who was made without a password gets one by an invitation to their address, and by no other: whoever has a link
// for anybody could take their account otherwise.
func TestInvitationOfSomebodyWithoutAPassword(t *testing.T) {
	w := newWorld(t)
	_, anybody := w.invite(w.owner, "", lanyard.RoleAdmin)
	if _, err := w.accept(anybody, w.member.Email); lanyard.CodeOf(err) != lanyard.CodeConflict {
		t.Errorf("by a link for anybody: %v", err)
	}
	if _, err := w.accept(anybody, w.owner.Email); lanyard.CodeOf(err) != lanyard.CodeConflict {
		t.Errorf("the owner's address: %v", err)
	}
	_, token := w.invite(w.owner, w.member.Email, lanyard.RoleAdmin)
	signedIn, err := w.accept(token, "")
	w.must(err)
	if u := signedIn.User; u.ID != w.member.ID || u.Role != lanyard.RoleMember || u.Name != "The new one" {
		t.Errorf("joined as %+v, want the member with the role that they had", u)
	}
	if _, code := w.signIn(w.member.Email, newPassword, Browser{}); code != "" {
		t.Errorf("signing in afterwards: %q", code)
	}
	if _, err := w.accept(anybody, "new@example.com"); err != nil {
		t.Errorf("what was refused used up the link: %v", err)
	}
}

// TestJ07_OneInvitationMakesOneAccount: of many who have the link one joins.
func TestJ07_OneInvitationMakesOneAccount(t *testing.T) {
	w := newWorld(t)
	_, token := w.invite(w.owner, "", lanyard.RoleMember)
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = w.accept(token, string(rune('a'+i))+"@example.com") })
	}
	all.Wait()
	joined := 0
	for _, err := range errs {
		if err == nil {
			joined++
		} else if lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Error(err)
		}
	}
	if joined != 1 {
		t.Errorf("%d joined", joined)
	}
}

// TestJ04_InvitationsAreLongAndKeptAsHashes: guessing at them is as hopeless as at sessions, and a token of another kind
// is none.
func TestJ04_InvitationsAreLongAndKeptAsHashes(t *testing.T) {
	w := newWorld(t)
	_, token := w.invite(w.owner, "", lanyard.RoleMember)
	if len(token) < 52 {
		t.Errorf("the token has %d characters", len(token))
	}
	link, _, err := w.CreateSignInLink(t.Context(), as(w.owner))
	w.must(err)
	_, signIn, _ := strings.Cut(link, "/sign-in/")
	for name, value := range map[string]string{"empty": "", "made up": strings.Repeat("A", 52), "long": strings.Repeat("A", 5000), "no text": "\xff\x00", "a sign-in link's": signIn} {
		if _, err := w.InvitationOpen(t.Context(), value); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.accept(value, "new@example.com"); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.SignIn(t.Context(), token, someone); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("an invitation as a sign-in link: %v", err)
	}
}

// An invitation to an address is sent there; that the mail server is down is told and undoes nothing.
func TestInvitationByMail(t *testing.T) {
	w := newWorld(t)
	peer := providertest.SMTP(t, providertest.SMTPConfig{})
	var err error
	w.mailer, err = mail.New(mail.Config{URL: lanyard.NewSecret("smtp://" + peer.Addr), From: "Lanyard <lanyard@example.com>"})
	w.must(err)
	if made, _ := w.invite(w.owner, "", lanyard.RoleMember); made.Mailed || made.MailErr != nil {
		t.Errorf("without an address: %+v", made)
	}
	made, token := w.invite(w.owner, "new@example.com", lanyard.RoleMember)
	if !made.Mailed || made.MailErr != nil {
		t.Fatalf("got %v, %v", made.Mailed, made.MailErr)
	}
	got := peer.Next(t)
	header, text := got.Parse(t)
	if header.Get("To") != "<new@example.com>" || header.Get("Subject") != "The owner invites you to Zylker" || !strings.Contains(text, "https://lanyard.example/invitation/"+token) {
		t.Errorf("the mail is %v\n%s", header, text)
	}
	down, cancel := context.WithCancel(t.Context())
	w.mailer, err = mail.New(mail.Config{URL: lanyard.NewSecret("smtp://127.0.0.1:1"), From: "lanyard@example.com"})
	w.must(err)
	failed, err := w.Invite(down, as(w.owner), NewInvitation{Email: "next@example.com", Role: lanyard.RoleMember})
	cancel()
	if err != nil || failed.Mailed || failed.MailErr == nil || failed.URL.IsZero() {
		t.Errorf("with the server down: %+v, %v", failed, err)
	}
}
