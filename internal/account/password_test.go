package account

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

func TestCheckPassword(t *testing.T) {
	for name, c := range map[string]struct{ password, want string }{
		"none":                      {"", "choose a password"},
		"eleven characters":         {"abcdefghijk", "at least 12"},
		"twelve":                    {"kfhqzmvpwxtb", ""},
		"eleven with accents":       {"äöüßéèêëïôû", "at least 12"},
		"twelve with accents":       {"äöüßéèêëïôûñ", ""},
		"200":                       {strings.Repeat("words and ", 20), ""},
		"201":                       {strings.Repeat("words and ", 20) + "x", "at most 200"},
		"blanks at the ends count":  {" twelve chr ", ""},
		"no kinds are asked for":    {"plainlowercase", ""},
		"bytes that are no text":    {"\xff\xfe\xfd\xfc\xfb\xfakfhqzmv", ""},
		"common":                    {"password1234", "among the first"},
		"common in capitals":        {"PassWord1234", "among the first"},
		"row of keys":               {"1qaz2wsx3edc", "among the first"},
		"beginning of a common one": {"qwertyuiop[]x", ""},
		"one character":             {"aaaaaaaaaaaaaaaa", "repeats"},
		"four characters":           {"abcdabcdabcdabcd", "repeats"},
		"the address":               {"owner@example.com", "your e-mail address"},
		"the address and a number":  {"owner@example.com1", "your e-mail address"},
		"the local part twice":      {"ownerowner12", "your e-mail address"},
		"the organization":          {"Zylker Instruments!", "the name of your organization"},
		"without its blank":         {"zylkerinstruments", "the name of your organization"},
		"the person":                {"The owner 2026", "your name"},
		"the program":               {"lanyardlanyard", "the name of this program"},
		"the program and a year":    {"Lanyard!Lanyard2", "the name of this program"},
		"its name in a sentence":    {"my lanyard hangs low", ""},
		"a line of the list":        {"123456789012\n123", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkPassword(lanyard.NewSecret(c.password), "owner@example.com", "The owner", "Zylker Instruments")
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && c.password != "" && strings.Contains(err.Error(), c.password) {
				t.Errorf("the reason tells the password: %v", err)
			}
		})
	}
}

func TestCommonPasswordsAreLongEnoughToMatter(t *testing.T) {
	for line := range strings.Lines(commonPasswords) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) < minPassword || line != strings.ToLower(line) {
			t.Errorf("%q is never compared", line)
		}
	}
}

// change is ChangePassword in a session.
func (w *world) change(s *SignedIn, current, next string) (*PasswordChange, error) {
	w.t.Helper()
	return w.ChangePassword(w.t.Context(), w.caller(s), lanyard.NewSecret(current), lanyard.NewSecret(next), false, someone)
}

func wantField(t *testing.T, err error, pointer string) {
	t.Helper()
	var e *lanyard.Error
	if !errors.As(err, &e) || e.Code != lanyard.CodeInvalidRequest || len(e.Fields) != 1 || e.Fields[0].Pointer != pointer {
		t.Errorf("got %v, want a fault of %s", err, pointer)
	}
}

const nextPassword = "other plain words there"

// TestI12_PasswordChange and I05: the session that changes it goes on under a new id.
func TestI12_PasswordChange(t *testing.T) {
	w := newWorld(t)
	here, there := w.in(someone), w.in(someone)
	_, key, err := w.CreateKey(t.Context(), w.caller(here), NewKey{Name: "key"})
	w.must(err)

	_, err = w.change(here, "", nextPassword)
	wantField(t, err, "/current_password")
	_, err = w.change(here, "wrong", nextPassword)
	wantField(t, err, "/current_password")
	_, err = w.change(here, ownersPassword, "short")
	wantField(t, err, "/new_password")
	_, err = w.change(here, ownersPassword, ownersPassword)
	wantField(t, err, "/new_password")
	if !w.holds(here) || !w.holds(there) {
		t.Fatal("a refused change ended a session")
	}

	changed, err := w.change(here, ownersPassword, nextPassword)
	w.must(err)
	// Three sessions were open beside: that of setting up, and the one that asks is not counted.
	if want := (store.EndedAccess{Sessions: 2, Keys: 1}); changed.Ended != want || changed.First {
		t.Errorf("got %+v, want %+v", changed.Ended, want)
	}
	if w.holds(here) {
		t.Error("I05: the old id of the session still holds")
	}
	if !w.holds(&changed.SignedIn) || w.holds(there) {
		t.Error("this session should go on, and the other one not")
	}
	if _, err := w.CallerByKey(t.Context(), key.Reveal(), nil); lanyard.CodeOf(err) != lanyard.CodeUnauthenticated {
		t.Errorf("the API key: %v, want that it ended", err)
	}
	if _, code := w.signIn(w.owner.Email, ownersPassword, someone); code != lanyard.CodeInvalidRequest {
		t.Errorf("the old password: %q", code)
	}
	if _, code := w.signIn(w.owner.Email, nextPassword, someone); code != "" {
		t.Errorf("the new password: %q", code)
	}
	entries := w.audit(lanyard.ActionPasswordChange)
	if len(entries) != 1 {
		t.Fatalf("the audit log has %d entries", len(entries))
	}
	if diff := cmp.Diff(map[string]string{"sessions_ended": "2", "keys_ended": "1"}, entries[0].Detail); diff != "" {
		t.Errorf("the audit log (-want +got):\n%s", diff)
	}
}

// A first password ends nothing: the key that was made with the organization, and is in use, goes on.
func TestFirstPassword(t *testing.T) {
	w := newWorld(t)
	url, _, err := w.signInLink(t.Context(), w.member, lanyard.AuditEntry{})
	w.must(err)
	_, token, _ := strings.Cut(url, "/sign-in/")
	here, err := w.SignIn(t.Context(), token, someone)
	w.must(err)
	_, key, err := w.CreateKey(t.Context(), w.caller(here), NewKey{Name: "key"})
	w.must(err)
	changed, err := w.change(here, "", nextPassword)
	w.must(err)
	if !changed.First || changed.Ended != (store.EndedAccess{}) || w.holds(here) || !w.holds(&changed.SignedIn) {
		t.Errorf("got %+v", changed)
	}
	if _, err := w.CallerByKey(t.Context(), key.Reveal(), nil); err != nil {
		t.Errorf("the API key: %v", err)
	}
	if _, code := w.signIn(w.member.Email, nextPassword, someone); code != "" {
		t.Errorf("signing in with it: %q", code)
	}
	if n := len(w.audit(lanyard.ActionPasswordSet)); n != 1 {
		t.Errorf("the audit log has %d entries", n)
	}
}

// Whoever forgot the password signs in with a link and sets a new one, for as long as the link would have worked.
func TestForgottenPassword(t *testing.T) {
	w := newWorld(t)
	byLink := func() *SignedIn {
		t.Helper()
		url, _, err := w.signInLink(t.Context(), w.owner, lanyard.AuditEntry{})
		w.must(err)
		_, token, _ := strings.Cut(url, "/sign-in/")
		signedIn, err := w.SignIn(t.Context(), token, someone)
		w.must(err)
		return signedIn
	}
	late := byLink()
	w.pass(signInLinkLife)
	_, err := w.change(late, "", nextPassword)
	wantField(t, err, "/current_password")
	other, fresh := w.in(someone), byLink()
	_, err = w.change(other, "", nextPassword)
	wantField(t, err, "/current_password")
	if own, err := w.Own(t.Context(), w.caller(fresh), store.Page{}, store.Page{}); err != nil || own.NeedsCurrent {
		t.Errorf("it asks for the current password: %v", err)
	}
	changed, err := w.change(fresh, "", nextPassword)
	w.must(err)
	if changed.First || w.holds(other) || w.holds(late) || w.holds(fresh) || !w.holds(&changed.SignedIn) {
		t.Errorf("the other sessions should end: %+v", changed.Ended)
	}
	_, err = w.change(&changed.SignedIn, "", ownersPassword)
	wantField(t, err, "/current_password") // the session that goes on was not begun by the link
}

func TestPasswordIsNoBusinessOfKeys(t *testing.T) {
	w := newWorld(t)
	_, key, err := w.CreateKey(t.Context(), w.caller(w.in(someone)), NewKey{Name: "key"})
	w.must(err)
	c, err := w.CallerByKey(t.Context(), key.Reveal(), nil)
	w.must(err)
	_, err = w.ChangePassword(t.Context(), c, lanyard.NewSecret(ownersPassword), lanyard.NewSecret(nextPassword), false, someone)
	for name, err := range map[string]error{
		"change the password": err,
		"end a session":       w.EndSession(t.Context(), c, "x"),
	} {
		if lanyard.CodeOf(err) != lanyard.CodeForbidden {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
	if _, err := w.EndOtherSessions(t.Context(), c); lanyard.CodeOf(err) != lanyard.CodeForbidden {
		t.Errorf("end other sessions: %v, want forbidden", err)
	}
	if _, err := w.Own(t.Context(), c, store.Page{}, store.Page{}); lanyard.CodeOf(err) != lanyard.CodeForbidden {
		t.Errorf("look at the account: %v, want forbidden", err)
	}
}

// Whoever sits down at a browser that is signed in has few tries at the password too.
func TestJ01_CurrentPasswordIsLimited(t *testing.T) {
	w := newWorld(t)
	here := w.in(someone)
	for range freeByAccount {
		_, err := w.change(here, "wrong", nextPassword)
		wantField(t, err, "/current_password")
	}
	if _, err := w.change(here, ownersPassword, nextPassword); lanyard.CodeOf(err) != lanyard.CodeRateLimited {
		t.Errorf("got %v, want rate_limited", err)
	}
	w.pass(longestWait)
	if _, err := w.change(here, ownersPassword, nextPassword); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}
