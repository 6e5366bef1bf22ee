package account

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

const (
	minPassword      = 12 // characters
	maxPassword      = 200
	maxPasswordBytes = maxPassword * utf8.UTFMax
	fewestDistinct   = 5 // different characters
	fewestOwn        = 5 // characters beside what everybody can guess
)

// commonPasswords are passwords of at least twelve characters that are tried first by whoever guesses, one a line, in
// lower case. The list was written by hand: what people make of key rows, numbers and the words for passwords.
//
//go:embed common_passwords.txt
var commonPasswords string

// checkPassword says why a password is not taken; nil when it is. It asks for length and for something that is not
// known to everybody, and for no kinds of characters. The password is taken byte for byte: blanks at its ends count.
func checkPassword(password lanyard.Secret, email, name, organization string) error {
	text := password.Reveal()
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return fmt.Errorf("choose a password of at least %d characters", minPassword)
	case n < minPassword:
		return fmt.Errorf("a password has at least %d characters, and this one has %d: several words are easy to remember", minPassword, n)
	case n > maxPassword:
		return fmt.Errorf("a password has at most %d characters, and this one has %d", maxPassword, n)
	}
	folded := strings.ToLower(text)
	if strings.Contains("\n"+commonPasswords, "\n"+folded+"\n") {
		return errors.New("this password is among the first that anybody would try: choose another one")
	}
	distinct := map[rune]bool{}
	for _, r := range folded {
		distinct[r] = true
	}
	if len(distinct) < fewestDistinct {
		return errors.New("this password repeats a few characters, so it is easily guessed: choose another one")
	}
	if word := onlyOf(folded, email, name, organization); word != "" {
		return fmt.Errorf("this password is little more than %s, so it is easily guessed: choose another one", word)
	}
	return nil
}

// onlyOf names what a password is made of when little else is in it.
func onlyOf(folded, email, name, organization string) string {
	local, domain, _ := strings.Cut(email, "@")
	for _, w := range []struct{ word, called string }{
		{email, "your e-mail address"}, {local, "your e-mail address"}, {domain, "your e-mail address"},
		{name, "your name"}, {organization, "the name of your organization"},
		{"lanyard", "the name of this program"}, {"password", "the word password"},
	} {
		word := strings.ToLower(w.word)
		// A name may be written without its blanks.
		for _, word := range []string{word, strings.ReplaceAll(word, " ", "")} {
			if utf8.RuneCountInString(word) < 3 || !strings.Contains(folded, word) {
				continue
			}
			rest := strings.NewReplacer(word, "", " ", "").Replace(folded)
			if utf8.RuneCountInString(rest) < fewestOwn {
				return w.called
			}
		}
	}
	return ""
}

// PasswordChange is what came with a new password.
type PasswordChange struct {
	SignedIn       // the session goes on under a new id
	First     bool // there was no password before
	Ended     store.EndedAccess
	Connected int // accounts that stay connected
}

// ChangePassword gives the caller's user a new password. The current one has to be given, where there is one, except
// in a session that a one-time link began just now: that is the way for whoever forgot it. Then everything that may
// have been made with the old one ends: all other sessions, all API keys and sign-in links of the user. Connections stay
// connected, unless revokeAccess: then each has to be connected again. A first password ends nothing else, for nobody can
// have known another one.
func (a *Accounts) ChangePassword(ctx context.Context, c *lanyard.Caller, current, next lanyard.Secret, revokeAccess bool, b Browser) (*PasswordChange, error) {
	if err := access.OwnAccount(c); err != nil {
		return nil, err
	}
	user, org, err := a.Me(ctx, c)
	if err != nil {
		return nil, err
	}
	before, _, err := a.store.Password(ctx, c.Organization, c.User)
	if err != nil {
		return nil, err
	}
	forgotten, err := a.freshByLink(ctx, c)
	if err != nil {
		return nil, err
	}
	needsCurrent := !before.IsZero() && !forgotten
	var f lanyard.FieldErrors
	if needsCurrent && current.IsZero() {
		f.Add("/current_password", "enter the password that you have now")
	}
	f.Check("/new_password", checkPassword(next, user.Email, user.Name, org.Name))
	if err := f.Err(); err != nil {
		return nil, err
	}
	if needsCurrent {
		if err := a.checkCurrent(ctx, c, user, current, before); err != nil {
			return nil, err
		}
		if current.Equal(next) {
			f.Add("/new_password", "this is the password that you have now")
			return nil, f.Err()
		}
	}
	hash, err := a.hasher.hash(ctx, next)
	if err != nil {
		return nil, err
	}
	var revoke *store.AccessRevocation
	if revokeAccess {
		if revoke, err = a.revoker.AccessRevocation(ctx, c.Organization, c.User); err != nil {
			return nil, err
		}
	}
	return a.setPassword(ctx, c, user, before, hash, revoke, b)
}

// freshByLink reports whether the caller's session was begun by a one-time link, as lately as such a link works.
func (a *Accounts) freshByLink(ctx context.Context, c *lanyard.Caller) (bool, error) {
	session, err := a.store.Session(ctx, c.Organization, c.User, c.Session)
	if err != nil {
		return false, err
	}
	return session.WithLink && a.store.Now().Sub(session.CreatedAt) < signInLinkLife, nil
}

// checkCurrent compares the current password. Whoever found a browser that is signed in has only a few tries.
func (a *Accounts) checkCurrent(ctx context.Context, c *lanyard.Caller, user *lanyard.User, current, hash lanyard.Secret) error {
	t := try{account: user.Email, browser: "session " + c.Session}
	if wait := a.tries.begin(t, a.store.Now()); wait > 0 {
		return tooMany(wait)
	}
	ok, err := a.hasher.matches(ctx, current, hash)
	switch {
	case err != nil:
		a.tries.undo(t)
		return err
	case !ok:
		var f lanyard.FieldErrors
		f.Add("/current_password", "this is not the password that you have now")
		return f.Err()
	}
	a.tries.right(t)
	return nil
}

func (a *Accounts) setPassword(ctx context.Context, c *lanyard.Caller, user *lanyard.User, before, hash lanyard.Secret, revoke *store.AccessRevocation, b Browser) (*PasswordChange, error) {
	first := before.IsZero()
	action := lanyard.ActionPasswordChange
	if first {
		action = lanyard.ActionPasswordSet
	}
	signedIn, session := a.newSession(user, b)
	ended, err := a.store.SetPassword(ctx, store.NewPassword{
		Organization: c.Organization, User: c.User, Before: before, Hash: hash, Session: c.Session, Next: session, EndAccess: !first, Revoke: revoke,
		Audit: func(e store.EndedAccess) lanyard.AuditEntry {
			entry := c.Audit(action, string(user.ID), user.Email)
			entry.Detail = ended(e)
			return entry
		},
	})
	if err != nil {
		return nil, err
	}
	left, err := a.store.CountAccess(ctx, c.Organization, c.User, sessionIdle)
	return &PasswordChange{SignedIn: *signedIn, First: first, Ended: ended, Connected: left.Connected}, err
}
