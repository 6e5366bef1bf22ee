package account

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// CreateSignInLink makes a link that signs a browser in as the caller's user, once, within a quarter of an hour.
func (a *Accounts) CreateSignInLink(ctx context.Context, c *lanyard.Caller) (string, time.Time, error) {
	if err := access.ManageAlone(c); err != nil {
		return "", time.Time{}, err
	}
	user, err := a.store.User(ctx, c.Organization, c.User)
	if err != nil {
		return "", time.Time{}, err
	}
	return a.signInLink(ctx, user, lanyard.AuditEntry{Actor: user.ID, Key: c.Key})
}

// signInLink makes a link; who says who made it.
func (a *Accounts) signInLink(ctx context.Context, user *lanyard.User, who lanyard.AuditEntry) (string, time.Time, error) {
	value, hash := token("sign_in")
	link := store.Link{Purpose: "sign_in", Organization: user.OrganizationID, User: user.ID, ExpiresAt: a.store.Now().Add(signInLinkLife)}
	entry := who
	entry.OrganizationID, entry.Action, entry.Object, entry.ObjectName = user.OrganizationID, lanyard.ActionSignInLinkCreate, string(user.ID), user.Email
	err := a.store.CreateLink(ctx, link, hash, &entry)
	return a.publicURL + "/sign-in/" + value, link.ExpiresAt, err
}

// SignInLinkOnMachine makes a sign-in link for whoever has the machine: no caller is asked for. It is the way in when the
// sign-in provider fails and passwords are switched off. The organization can be left out where the address is in one
// only.
func (a *Accounts) SignInLinkOnMachine(ctx context.Context, email string, org lanyard.OrganizationID) (string, time.Time, error) {
	user, err := a.userOfAddress(ctx, email, org)
	if err != nil {
		return "", time.Time{}, err
	}
	if user.Disabled {
		return "", time.Time{}, lanyard.Errorf(lanyard.CodeConflict, "%s is deactivated and cannot sign in.", user.Email)
	}
	return a.signInLink(ctx, user, lanyard.AuditEntry{Detail: map[string]string{"reason": onMachine}})
}

// onMachine is the reason in the audit log.
const onMachine = "It was made on the machine that runs Lanyard."

// userOfAddress finds a user for whoever has the machine.
func (a *Accounts) userOfAddress(ctx context.Context, email string, org lanyard.OrganizationID) (*lanyard.User, error) {
	users, err := a.store.UsersOfAddress(ctx, strings.ToLower(strings.TrimSpace(email)), org)
	switch {
	case err != nil:
		return nil, err
	case len(users) == 0:
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no user with this e-mail address here.")
	case len(users) > 1:
		var ids []string
		for i := range users {
			ids = append(ids, string(users[i].OrganizationID))
		}
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "This address is in several organizations: say which with --organization. They are %s.", strings.Join(ids, ", "))
	}
	return &users[0], nil
}

// SignIn uses up a sign-in link and begins a browser session.
func (a *Accounts) SignIn(ctx context.Context, value string, b Browser) (*SignedIn, error) {
	if len(value) > maxTokenLength {
		return nil, linkUsed()
	}
	signedIn, session := a.newSession(nil, b)
	session.WithLink = true
	user, err := a.store.UseSignInLink(ctx, hashToken("sign_in", value), session, func(l store.Link) lanyard.AuditEntry {
		return signInEntry(&lanyard.User{OrganizationID: l.Organization, ID: l.User}, b)
	})
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, linkUsed()
	} else if err != nil {
		return nil, err
	}
	signedIn.User = user
	return signedIn, nil
}

// SignInWithPassword begins a browser session for the user of the e-mail address and password, and one in each other
// organization where this address has this password. What it answers is the same for an unknown address, a user without
// a password and a wrong password, and takes about the same time: invalid_request. Rate_limited when too much was tried,
// before anything is looked at; a browser in which this user signed in before has an allowance of its own.
func (a *Accounts) SignInWithPassword(ctx context.Context, email string, password lanyard.Secret, b Browser) (*SignedIn, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	var f lanyard.FieldErrors
	if email == "" {
		f.Add("/email", "enter your e-mail address")
	}
	if password.IsZero() {
		f.Add("/password", "enter your password")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if len(email) > maxEmail {
		email = "" // nobody's, but limited and timed like any other
	}
	candidates, try, err := a.try(ctx, email, b)
	if err != nil {
		return nil, err
	}
	found, err := a.compare(ctx, candidates, password)
	if err != nil {
		a.tries.undo(try)
		return nil, err
	}
	if len(found) == 0 {
		a.failed.add(candidates, b)
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The e-mail address or the password is not right. Check both and try again.")
	}
	if len(found) == len(candidates) {
		a.tries.right(try)
	} else {
		a.tries.undo(try) // who may use one of several accounts with this address may still be guessing at another
	}
	return a.beginSessions(ctx, found, b)
}

// beginSessions signs a browser in as each of the users, who share what the browser is known by.
func (a *Accounts) beginSessions(ctx context.Context, users []lanyard.User, b Browser) (*SignedIn, error) {
	var first *SignedIn
	for i := range users {
		signedIn, session := a.newSession(&users[i], b)
		if first == nil {
			first = signedIn
		} else {
			signedIn.Known, session.Known.Hash = first.Known, hex.EncodeToString(hashToken("browser", first.Known.Reveal()))
			first.Others = append(first.Others, *signedIn)
		}
		if err := a.store.CreateSession(ctx, users[i].OrganizationID, users[i].ID, session, signInEntry(&users[i], b)); err != nil {
			return nil, err
		}
	}
	return first, nil
}

// try counts a try at an address and gives the users it may mean. A stranger is counted before the store is asked.
func (a *Accounts) try(ctx context.Context, email string, b Browser) (_ []store.SignInCandidate, t try, err error) {
	t = try{account: email, address: addressOf(b.Address)}
	browser := knownHashOf(b)
	var candidates []store.SignInCandidate
	if browser != "" {
		if candidates, err = a.store.SignInCandidates(ctx, email, browser); err != nil {
			return nil, t, err
		}
		// Known to one of several users it is a stranger to the others, whom its guesses would be at, too.
		if len(candidates) > 0 && !slices.ContainsFunc(candidates, func(c store.SignInCandidate) bool { return !c.Known }) {
			t.browser = browser
		}
	}
	if wait := a.tries.begin(t, a.store.Now()); wait > 0 {
		return nil, t, tooMany(wait)
	}
	if browser == "" {
		if candidates, err = a.store.SignInCandidates(ctx, email, ""); err != nil {
			a.tries.undo(t)
		}
	}
	return candidates, t, err
}

// compare finds the users whose password it is. It compares with every candidate, whatever it found before, so that the
// time it takes says no more than how many there are; with no password to compare, with one that nobody has.
func (a *Accounts) compare(ctx context.Context, candidates []store.SignInCandidate, password lanyard.Secret) ([]lanyard.User, error) {
	var found []lanyard.User
	compared := false
	for _, c := range candidates {
		if c.PasswordHash.IsZero() {
			continue
		}
		compared = true
		if ok, err := a.hasher.matches(ctx, password, c.PasswordHash); err != nil {
			return nil, err
		} else if ok {
			found = append(found, c.User)
		}
	}
	if !compared {
		return nil, a.hasher.pretend(ctx, password)
	}
	return found, nil
}

func tooMany(wait time.Duration) error {
	e := lanyard.Errorf(lanyard.CodeRateLimited, "There were too many tries to sign in. Try again in %s.", inWords(wait))
	e.RetryAfter = wait
	return e
}

// inWords rounds up, so that who waits as long as it says has waited long enough.
func inWords(d time.Duration) string {
	n, unit := int((d+time.Second-1)/time.Second), "second"
	if n > 90 {
		n, unit = (n+59)/60, "minute"
	}
	if n == 1 {
		return "a " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
