package account

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/mail"
	"lanyard/internal/providertest"
	"lanyard/internal/store"
)

// nothingConnected is a [Revoker] with nothing to tell, which counts how often it was asked.
type nothingConnected struct{ asked int }

func (n *nothingConnected) ErasedOf(context.Context, []store.RevokedAuthorization, []lanyard.Service) {
}

func (n *nothingConnected) AccessRevocation(context.Context, lanyard.OrganizationID, lanyard.UserID) (*store.AccessRevocation, error) {
	n.asked++
	return &store.AccessRevocation{Reason: "It ended.", Request: func(store.RevokedAuthorization) []byte { return nil }}, nil
}

// withMail gives the world a mail server.
func (w *world) withMail() *providertest.SMTPPeer {
	w.t.Helper()
	peer := providertest.SMTP(w.t, providertest.SMTPConfig{})
	m, err := mail.New(mail.Config{URL: lanyard.NewSecret("smtp://" + peer.Addr), From: "Lanyard <lanyard@example.com>"})
	w.must(err)
	w.mailer = m
	return peer
}

// inOtherOrganization adds a user with the member's address to another organization.
func (w *world) inOtherOrganization() lanyard.User {
	w.t.Helper()
	org := lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: "Other"}
	user := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org.ID, Email: w.member.Email, Name: "The member", Role: lanyard.RoleOwner}
	w.must(w.store.CreateAccount(w.t.Context(), store.NewAccount{Organization: org, Owner: user, Audit: lanyard.AuditEntry{Action: "test"}}, nil))
	return user
}

// asked waits until everything that was asked for on the page is done.
func (w *world) asked(email string, b Browser) error {
	w.t.Helper()
	err := w.RequestReset(w.t.Context(), email, b)
	w.running.Wait()
	return err
}

var resetURL = regexp.MustCompile(`https://lanyard\.example/reset/(\w+)`)

func TestAForgottenPasswordIsResetByMail(t *testing.T) {
	w := newWorld(t)
	w.inOtherOrganization()
	peer := w.withMail()
	w.must(w.asked("nobody@example.com", someone)) // the same answer
	if n := len(peer.Mails()); n != 0 {
		t.Fatalf("%d mails to nobody", n)
	}
	w.must(w.asked(" Member@Example.com", someone))
	var tokens []string
	for _, m := range peer.Mails() {
		_, text := m.Parse(t)
		found := resetURL.FindStringSubmatch(text)
		if found == nil || m.To[0] != w.member.Email || !strings.Contains(text, "works once") {
			t.Fatalf("the mail to %v is %q", m.To, text)
		}
		tokens = append(tokens, found[1])
	}
	if len(tokens) != 2 {
		t.Fatalf("%d mails, want one for each organization", len(tokens))
	}
	organizations := map[lanyard.OrganizationID]bool{}
	for _, token := range tokens {
		in, err := w.ResetPassword(t.Context(), token, lanyard.NewSecret(nextPassword), false, someone)
		w.must(err)
		organizations[w.caller(&in.SignedIn).Organization] = true
	}
	if len(organizations) != 2 {
		t.Errorf("the links are of %v", organizations)
	}
}

func TestJ01_LinksAreNotSentWithoutEnd(t *testing.T) {
	w := newWorld(t)
	peer := w.withMail()
	var slowed bool
	for i := range 20 {
		from := Browser{Address: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i))}
		if err := w.asked("member@example.com", from); lanyard.CodeOf(err) == lanyard.CodeRateLimited {
			slowed = true
		}
	}
	if n := len(peer.Mails()); n != 3 || !slowed {
		t.Errorf("%d mails from many addresses, slowed %t; want 3 in an hour", n, slowed)
	}
	// The page says nothing of it, and passwords can still be tried.
	if _, code := w.signIn(w.owner.Email, ownersPassword, Browser{}); code != "" {
		t.Errorf("signing in: %s", code)
	}
	for i := range 40 {
		if err := w.asked(fmt.Sprintf("a%d@example.com", i), someone); lanyard.CodeOf(err) == lanyard.CodeRateLimited {
			return
		}
	}
	t.Error("one client asks for as many addresses as it likes")
}

func TestAResetEndsWhatThePasswordMayHaveOpened(t *testing.T) {
	for _, c := range []struct {
		name         string
		link, choice bool
		revokes      int
	}{{"connections stay", false, false, 0}, {"the person decides", false, true, 1}, {"whoever made the link decided", true, false, 1}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			revoker := &nothingConnected{}
			w.revoker = revoker
			before := w.in(someone)
			_, key, err := w.CreateKey(t.Context(), w.caller(before), NewKey{Name: "key"})
			w.must(err)
			signIn, _, err := w.CreateSignInLink(t.Context(), w.caller(before))
			w.must(err)
			link, err := w.ResetLinkOnMachine(t.Context(), "Owner@example.com", "", c.link)
			w.must(err)
			second, err := w.ResetLinkOnMachine(t.Context(), "owner@example.com", w.owner.OrganizationID, false)
			w.must(err)
			token := func(url string) string { return url[strings.LastIndex(url, "/")+1:] }

			reset, err := w.Reset(t.Context(), token(link.URL.Reveal()))
			if err != nil || reset.User.ID != w.owner.ID || reset.RevokeAccess != c.link || !w.holds(before) {
				t.Fatalf("looking at the link: %+v, %v; the session holds: %t", reset, err, w.holds(before))
			}
			_, err = w.ResetPassword(t.Context(), token(link.URL.Reveal()), lanyard.NewSecret("short"), false, someone)
			if e := fields(err); len(e) != 1 || e[0] != "/new_password" {
				t.Errorf("a short password: %v", err)
			}
			in, err := w.ResetPassword(t.Context(), token(link.URL.Reveal()), lanyard.NewSecret(nextPassword), c.choice, someone)
			w.must(err)
			if w.holds(before) || !w.holds(&in.SignedIn) || in.Ended.Sessions != 2 || in.Ended.Keys != 1 {
				t.Errorf("the session before holds: %t, the new one: %t, ended %+v", w.holds(before), w.holds(&in.SignedIn), in.Ended)
			}
			if _, err := w.CallerByKey(t.Context(), key.Reveal(), nil); lanyard.CodeOf(err) != lanyard.CodeUnauthenticated {
				t.Errorf("the key: %v", err)
			}
			if _, err := w.SignIn(t.Context(), token(signIn), someone); lanyard.CodeOf(err) != lanyard.CodeNotFound {
				t.Errorf("the sign-in link: %v", err)
			}
			for _, l := range []*ResetLink{link, second} {
				if _, err := w.ResetPassword(t.Context(), token(l.URL.Reveal()), lanyard.NewSecret(nextPassword), false, someone); lanyard.CodeOf(err) != lanyard.CodeNotFound {
					t.Errorf("a link afterwards: %v", err)
				}
			}
			if _, code := w.signIn(w.owner.Email, ownersPassword, someone); code != lanyard.CodeInvalidRequest {
				t.Errorf("the old password: %q", code)
			}
			if _, code := w.signIn(w.owner.Email, nextPassword, someone); code != "" {
				t.Errorf("the new password: %q", code)
			}
			if revoker.asked != c.revokes {
				t.Errorf("access was revoked %d times, want %d", revoker.asked, c.revokes)
			}
			if entries := w.audit(lanyard.ActionPasswordReset); len(entries) != 1 || entries[0].Actor != w.owner.ID || entries[0].Detail["keys_ended"] != "1" {
				t.Errorf("audit: %v", entries)
			}
		})
	}
}

func fields(err error) (pointers []string) {
	if e, ok := err.(*lanyard.Error); ok {
		for _, f := range e.Fields {
			pointers = append(pointers, f.Pointer)
		}
	}
	return pointers
}

func TestAResetLinkEnds(t *testing.T) {
	w := newWorld(t)
	link, err := w.ResetLinkOnMachine(t.Context(), w.owner.Email, "", false)
	w.must(err)
	token := link.URL.Reveal()[len("https://lanyard.example/reset/"):]
	if _, err := w.SignIn(t.Context(), token, someone); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("as a sign-in link: %v", err)
	}
	w.pass(time.Hour)
	if _, err := w.Reset(t.Context(), token); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("after an hour: %v", err)
	}
	if _, err := w.Reset(t.Context(), strings.Repeat("A", 100_000)); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("a long one: %v", err)
	}
}

// An admin makes links for people of the own organization whose role is not above the own, and for nobody else.
func TestWhoMakesAResetLink(t *testing.T) {
	w := newWorld(t)
	stranger := w.inOtherOrganization()
	admin := &lanyard.Caller{Organization: w.owner.OrganizationID, User: w.member.ID, KeyOwner: w.member.ID, Role: lanyard.RoleAdmin}
	plain := *admin
	plain.Role = lanyard.RoleMember
	for _, c := range []struct {
		name   string
		caller *lanyard.Caller
		user   lanyard.UserID
		code   lanyard.Code
	}{
		{"an admin for an owner", admin, w.owner.ID, lanyard.CodeForbidden},
		{"an admin for a member", admin, w.member.ID, ""},
		{"an admin for the same address in another organization", admin, stranger.ID, lanyard.CodeNotFound},
		{"a member", &plain, w.member.ID, lanyard.CodeForbidden},
	} {
		link, err := w.CreateResetLink(t.Context(), c.caller, c.user, false)
		if c.code == "" && (err != nil || link.Mailed) || c.code != "" && lanyard.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
	}
	peer := w.withMail()
	link, err := w.CreateResetLink(t.Context(), admin, w.member.ID, true)
	w.must(err)
	sent := peer.Next(t)
	if _, text := sent.Parse(t); !link.Mailed || !strings.Contains(text, link.URL.Reveal()) {
		t.Errorf("mailed: %t, %q", link.Mailed, text)
	}
}

func TestWithoutMailNoLinkIsPromised(t *testing.T) {
	w := newWorld(t)
	wants(t, w.asked("member@example.com", someone), lanyard.CodeConflict, "sends no mail")
	if _, err := w.ResetLinkOnMachine(t.Context(), "nobody@example.com", "", false); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("nobody's: %v", err)
	}
	w.inOtherOrganization()
	_, err := w.ResetLinkOnMachine(t.Context(), "member@example.com", "", false)
	wants(t, err, lanyard.CodeInvalidRequest, "--organization")
}
