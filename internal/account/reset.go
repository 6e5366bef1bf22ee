package account

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/mail"
	"lanyard/internal/store"
)

const (
	resetLinkLife  = time.Hour
	maxResetErrand = 50 // mails about a forgotten password on their way at once
)

// ResetLink is a link that sets a new password, once.
type ResetLink struct {
	User      lanyard.User
	URL       lanyard.Secret // whoever has it can take the account over
	ExpiresAt time.Time
	Mailed    bool // it was sent to the user too
}

// CanMail reports whether there is a server to send mail through.
func (a *Accounts) CanMail() bool { return a.mailer.Configured() }

// RequestReset sends a reset link to every user of an e-mail address, one for each organization. What it answers is the
// same whether there are any, and so is the time it takes: looking for them and sending goes on behind it. Rate_limited
// when too much was asked for, like tries to sign in.
func (a *Accounts) RequestReset(ctx context.Context, email string, b Browser) error {
	email = strings.ToLower(strings.TrimSpace(email))
	var f lanyard.FieldErrors
	if !isEmail(email) {
		f.Add("/email", "enter your e-mail address")
		return f.Err()
	}
	if !a.CanMail() {
		return lanyard.Errorf(lanyard.CodeConflict, "This Lanyard sends no mail. Ask an owner or admin of your organization for a link, or whoever operates this Lanyard.")
	}
	if wait := a.resets.begin(try{account: email, address: addressOf(b.Address)}, a.store.Now()); wait > 0 {
		e := lanyard.Errorf(lanyard.CodeRateLimited, "There were too many requests for a link. Try again in %s.", inWords(wait))
		e.RetryAfter = wait
		return e
	}
	select {
	case a.errands <- struct{}{}:
	default:
		return &lanyard.Error{Code: lanyard.CodeRateLimited, Message: "Too many links are being sent at this moment. Try again in a minute.", RetryAfter: time.Minute}
	}
	a.running.Go(func() {
		defer func() { <-a.errands }()
		a.sendResets(context.WithoutCancel(ctx), email, b.Address)
	})
	return nil
}

// sendResets tells nobody what went wrong but the log: the person who asks need not be the one who is written to.
func (a *Accounts) sendResets(ctx context.Context, email string, from netip.Addr) {
	candidates, err := a.store.SignInCandidates(ctx, email, "")
	if err != nil {
		a.log.ErrorContext(ctx, "look for whom to send a reset link", slog.Any("error", err))
		return
	}
	for i := range candidates {
		user := &candidates[i].User
		err := a.requestedReset(ctx, user, from)
		if lanyard.CodeOf(err) == lanyard.CodeRateLimited {
			a.log.WarnContext(ctx, "no reset link is sent", slog.String("user", string(user.ID)), slog.Any("error", err))
		} else if err != nil {
			a.log.ErrorContext(ctx, "send a reset link", slog.String("user", string(user.ID)), slog.Any("error", err))
		}
	}
}

func (a *Accounts) requestedReset(ctx context.Context, user *lanyard.User, from netip.Addr) error {
	org, err := a.store.Organization(ctx, user.OrganizationID)
	if err != nil {
		return err
	}
	link, keep, hash := a.newResetLink(user, false)
	entry := lanyard.AuditEntry{OrganizationID: user.OrganizationID, Action: lanyard.ActionResetLinkCreate, Object: string(user.ID), ObjectName: user.Email,
		Detail: map[string]string{"reason": "Somebody asked for it on the page for signing in."}}
	if from.IsValid() {
		entry.Detail["address"] = from.String()
	}
	if err := a.store.CreateRequestedReset(ctx, keep, hash, entry); err != nil {
		return err
	}
	return a.mailer.Send(ctx, resetMail(link, org, "Somebody, hopefully you, asked for a new password"))
}

// CreateResetLink makes a link with which a person sets a new password, and mails it to them where there is mail. With
// revokeAccess the person has no choice: their connected accounts end with the password. Forbidden for somebody whose
// role is above the caller's; conflict where passwords are not taken, or the person is deactivated.
func (a *Accounts) CreateResetLink(ctx context.Context, c *lanyard.Caller, id lanyard.UserID, revokeAccess bool) (*ResetLink, error) {
	user, err := a.PersonToReset(ctx, c, id)
	if err != nil {
		return nil, err
	}
	org, err := a.store.Organization(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	link, err := a.makeResetLink(ctx, user, revokeAccess, c.Audit(lanyard.ActionResetLinkCreate, string(user.ID), user.Email))
	if err != nil || !a.CanMail() {
		return link, err
	}
	if err := a.mailer.Send(ctx, resetMail(link, org, "An owner or admin made a link for you")); err != nil {
		a.log.ErrorContext(ctx, "send a reset link", slog.String("user", string(user.ID)), slog.Any("error", err))
		return link, nil // whoever made it has it, and is told that it was not sent
	}
	link.Mailed = true
	return link, nil
}

// PersonToReset gives the person for whom the caller may make a reset link; errors are those of [Accounts.CreateResetLink].
func (a *Accounts) PersonToReset(ctx context.Context, c *lanyard.Caller, id lanyard.UserID) (*lanyard.User, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, err
	}
	user, err := a.store.User(ctx, c.Organization, id)
	if err != nil {
		return nil, err
	}
	if err := access.ManagePerson(c, user); err != nil {
		return nil, err
	}
	return user, a.mayReset(ctx, user)
}

func (a *Accounts) mayReset(ctx context.Context, user *lanyard.User) error {
	off, err := a.store.PasswordOff(ctx, user.OrganizationID)
	switch {
	case err != nil:
		return err
	case off:
		return lanyard.Errorf(lanyard.CodeConflict, "Signing in with a password is switched off in this organization: people sign in through its sign-in provider.")
	case user.Disabled:
		return lanyard.Errorf(lanyard.CodeConflict, "%s is deactivated and cannot sign in.", user.Email)
	}
	return nil
}

// ResetLinkOnMachine makes a reset link for whoever has the machine: no caller is asked for. The organization can be
// left out where the address is in one only.
func (a *Accounts) ResetLinkOnMachine(ctx context.Context, email string, org lanyard.OrganizationID, revokeAccess bool) (*ResetLink, error) {
	user, err := a.userOfAddress(ctx, email, org)
	if err != nil {
		return nil, err
	}
	if err := a.mayReset(ctx, user); err != nil {
		return nil, err
	}
	return a.makeResetLink(ctx, user, revokeAccess, lanyard.AuditEntry{
		OrganizationID: user.OrganizationID, Action: lanyard.ActionResetLinkCreate, Object: string(user.ID), ObjectName: user.Email,
		Detail: map[string]string{"reason": onMachine},
	})
}

func (a *Accounts) newResetLink(user *lanyard.User, revokeAccess bool) (*ResetLink, store.Link, []byte) {
	value, hash := token("reset")
	keep := store.Link{Purpose: store.PurposeReset, Organization: user.OrganizationID, User: user.ID, ExpiresAt: a.store.Now().Add(resetLinkLife), RevokeAccess: revokeAccess}
	return &ResetLink{User: *user, URL: lanyard.NewSecret(a.publicURL + "/reset/" + value), ExpiresAt: keep.ExpiresAt}, keep, hash
}

func (a *Accounts) makeResetLink(ctx context.Context, user *lanyard.User, revokeAccess bool, entry lanyard.AuditEntry) (*ResetLink, error) {
	link, keep, hash := a.newResetLink(user, revokeAccess)
	return link, a.store.CreateLink(ctx, keep, hash, &entry)
}

func resetMail(link *ResetLink, org *lanyard.Organization, why string) mail.Message {
	return mail.Message{To: link.User.Email, Subject: "Set a new password for Lanyard", Text: fmt.Sprintf(
		"%s for %s in the organization %s.\n\nOpen this link within an hour to set one:\n\n%s\n\n"+
			"It works once. If you did not want it, do nothing: your password stays as it is.\n", why, link.User.Email, org.Name, link.URL.Reveal())}
}

// Reset is what a person who opens a reset link is told.
type Reset struct {
	User         lanyard.User
	Organization lanyard.Organization
	Access       store.Access // what stands in the person's name
	RevokeAccess bool         // decided by whoever made the link
}

// Reset reads a reset link and changes nothing; not_found when it cannot be used any more.
func (a *Accounts) Reset(ctx context.Context, value string) (*Reset, error) {
	if len(value) > maxTokenLength {
		return nil, resetUsed()
	}
	link, err := a.store.Link(ctx, store.PurposeReset, hashToken("reset", value))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, resetUsed()
	} else if err != nil {
		return nil, err
	}
	user, err := a.store.User(ctx, link.Organization, link.User)
	if err == nil {
		err = a.mayReset(ctx, user)
	}
	if code := lanyard.CodeOf(err); code == lanyard.CodeNotFound || code == lanyard.CodeConflict {
		return nil, resetUsed() // the person left, or passwords were switched off, since it was made
	} else if err != nil {
		return nil, err
	}
	org, err := a.store.Organization(ctx, link.Organization)
	if err != nil {
		return nil, err
	}
	counts, err := a.store.CountAccess(ctx, link.Organization, link.User, sessionIdle)
	return &Reset{User: *user, Organization: *org, Access: counts, RevokeAccess: link.RevokeAccess}, err
}

func resetUsed() error {
	return lanyard.Errorf(lanyard.CodeNotFound, "This link was used already, is older than an hour, or was replaced. Ask for another one.")
}

// ResetPassword uses up a reset link: it sets the password, ends everything that may have been made with the one
// before, as [Accounts.ChangePassword] does, and begins a session. With revokeAccess, or where the link says so, the
// person's connected accounts end too.
func (a *Accounts) ResetPassword(ctx context.Context, value string, next lanyard.Secret, revokeAccess bool, b Browser) (*PasswordChange, error) {
	// Whoever has no link costs no hashing.
	reset, err := a.Reset(ctx, value)
	if err != nil {
		return nil, err
	}
	var f lanyard.FieldErrors
	f.Check("/new_password", checkPassword(next, reset.User.Email, reset.User.Name, reset.Organization.Name))
	if err := f.Err(); err != nil {
		return nil, err
	}
	hash, err := a.hasher.hash(ctx, next)
	if err != nil {
		return nil, err
	}
	signedIn, session := a.newSession(&reset.User, b)
	change := store.PasswordReset{Link: hashToken("reset", value), Hash: hash, Next: session}
	if revokeAccess || reset.RevokeAccess {
		if change.Revoke, err = a.revoker.AccessRevocation(ctx, reset.Organization.ID, reset.User.ID); err != nil {
			return nil, err
		}
	}
	change.Audit = func(_ store.Link, e store.EndedAccess) lanyard.AuditEntry {
		entry := signInEntry(&reset.User, b)
		entry.Action = lanyard.ActionPasswordReset
		maps.Copy(entry.Detail, ended(e))
		return entry
	}
	user, ended, err := a.store.ResetPassword(ctx, change)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, resetUsed()
	} else if err != nil {
		return nil, err
	}
	signedIn.User = user
	left, err := a.store.CountAccess(ctx, user.OrganizationID, user.ID, sessionIdle)
	return &PasswordChange{SignedIn: *signedIn, Ended: ended, Connected: left.Connected}, err
}

// ended says for the audit log how much ended with a password.
func ended(e store.EndedAccess) map[string]string {
	detail := map[string]string{"sessions_ended": strconv.FormatInt(e.Sessions, 10), "keys_ended": strconv.FormatInt(e.Keys, 10)}
	if e.Connected > 0 {
		detail["connected_accounts_revoked"] = strconv.FormatInt(e.Connected, 10)
	}
	return detail
}

// Close waits for mails that are on their way, until ctx ends.
func (a *Accounts) Close(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		a.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		a.log.WarnContext(ctx, "stopped while mail was on its way")
	}
}
