package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// Signing in through an organization's own OpenID provider:
//
//	StartSignOn   state, nonce and PKCE verifier kept, bound to this browser by a cookie → the provider's URL
//	FinishSignOn  state used up, once, in the same browser → code exchanged → id token verified → nonce compared
//	              → who it is here (store.SignInByIdentity) → a session of this organization

// signOnLife is how long a person may take at the provider.
const signOnLife = 10 * time.Minute

// SignOnSettings are an organization's single sign-on and the addresses that belong to it.
type SignOnSettings struct {
	lanyard.SingleSignOn        // the zero value when there is none
	CallbackURL          string // to be registered with the provider
	SignInURL            string // where its people can begin, to bookmark
	// MaySwitchOff: whoever asks has signed in through the provider, so it is safe to switch passwords off.
	MaySwitchOff bool
}

func (a *Accounts) signOnCallback(org lanyard.OrganizationID) string {
	return a.publicURL + "/sign-in/callback/" + string(org)
}

// SingleSignOn gives the organization's single sign-on, without the client secret. One that is not set up is no error:
// its version is 0.
func (a *Accounts) SingleSignOn(ctx context.Context, c *lanyard.Caller) (*SignOnSettings, error) {
	if err := access.OwnOrganization(c); err != nil {
		return nil, err
	}
	s, err := a.signOn(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	return a.settings(ctx, c, s)
}

func (a *Accounts) settings(ctx context.Context, c *lanyard.Caller, s *lanyard.SingleSignOn) (*SignOnSettings, error) {
	bound, err := a.store.BoundTo(ctx, c.Organization, c.User, s.Issuer)
	return &SignOnSettings{
		SingleSignOn: *s, CallbackURL: a.signOnCallback(c.Organization), SignInURL: a.publicURL + "/sign-in/organization/" + string(c.Organization),
		MaySwitchOff: s.Proved && bound,
	}, err
}

// signOn is the organization's single sign-on, empty when there is none.
func (a *Accounts) signOn(ctx context.Context, org lanyard.OrganizationID) (*lanyard.SingleSignOn, error) {
	s, err := a.store.SingleSignOn(ctx, org)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return &lanyard.SingleSignOn{OrganizationID: org}, nil
	}
	return s, err
}

// SetSingleSignOn sets the organization's single sign-on. Of in it takes everything that a person decides; a zero client
// secret keeps the one that is stored, as long as the issuer is the same. The provider is asked whether it is one. Passwords can be switched off by
// somebody who has signed in through the provider as it stands, so that nobody locks the organization out.
func (a *Accounts) SetSingleSignOn(ctx context.Context, c *lanyard.Caller, in lanyard.SingleSignOn) (*SignOnSettings, error) {
	if err := access.OwnOrganization(c); err != nil {
		return nil, err
	}
	before, err := a.signOn(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	in.OrganizationID, in.Version = c.Organization, before.Version
	if err := in.Validate(); err != nil {
		return nil, err
	}
	var f lanyard.FieldErrors
	if in.ClientSecret.IsZero() && !before.ClientSecret.IsZero() {
		if in.Issuer != before.Issuer {
			// Else whoever may edit this could have the secret sent to a server of their own.
			f.Add("/client_secret", "enter the client secret: the one that is stored is for %s only", before.Issuer)
			return nil, f.Err()
		}
		in.ClientSecret = before.ClientSecret
	}
	if _, err := a.providers.at(ctx, in.Issuer, true, a.store.Now()); err != nil {
		var e *lanyard.Error
		if !errors.As(err, &e) {
			return nil, err
		}
		a.log.InfoContext(ctx, "a sign-in provider does not answer as one", slog.String("organization", string(c.Organization)), slog.Any("error", e.Unwrap()))
		f.Add("/issuer", "%s", e.Message)
		return nil, f.Err()
	}
	in.Proved = before.Proved && in.SameProvider(before)
	if in.PasswordOff && !(before.PasswordOff && in.Proved) {
		bound, err := a.store.BoundTo(ctx, c.Organization, c.User, in.Issuer)
		if err != nil {
			return nil, err
		}
		if !in.Proved || !bound {
			f.Add("/password_off", "first save this without switching passwords off, and sign in through the provider once: then it is certain that you are not locked out")
			return nil, f.Err()
		}
	}
	entry := c.Audit(lanyard.ActionSingleSignOnSet, string(c.Organization), in.Issuer)
	entry.Detail = map[string]string{"domains": strings.Join(in.Domains, ", ")}
	if in.PasswordOff != before.PasswordOff {
		entry.Detail["sign_in_by_password"] = map[bool]string{true: "switched off", false: "switched on"}[in.PasswordOff]
	}
	if err := a.store.SetSingleSignOn(ctx, &in, entry); err != nil {
		return nil, err
	}
	return a.settings(ctx, c, &in)
}

// DeleteSingleSignOn ends the organization's single sign-on. People sign in with their passwords from then on, whether
// these were switched off or not.
func (a *Accounts) DeleteSingleSignOn(ctx context.Context, c *lanyard.Caller) error {
	if err := access.OwnOrganization(c); err != nil {
		return err
	}
	s, err := a.store.SingleSignOn(ctx, c.Organization)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return lanyard.Errorf(lanyard.CodeNotFound, "Single sign-on is not set up.")
	} else if err != nil {
		return err
	}
	return a.store.DeleteSingleSignOn(ctx, c.Organization, c.Audit(lanyard.ActionSingleSignOnDelete, string(c.Organization), s.Issuer))
}

// SignOnOf gives the organization that signs in the people of an e-mail address's domain. Where there is none, it is an
// error of the field.
func (a *Accounts) SignOnOf(ctx context.Context, email string) (lanyard.OrganizationID, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	var f lanyard.FieldErrors
	if !isEmail(email) {
		f.Add("/email", "enter your e-mail address")
		return "", f.Err()
	}
	if err := a.slow(); err != nil {
		return "", err
	}
	org, err := a.store.SignInDomain(ctx, email[strings.LastIndexByte(email, '@')+1:])
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		f.Add("/email", "no organization here has single sign-on for this address: check it, or sign in with a password")
		return "", f.Err()
	}
	return org, err
}

// slow bounds what all strangers together can make a provider, and the store, do.
func (a *Accounts) slow() error {
	if !a.signOns.AllowN(a.store.Now(), 1) {
		return &lanyard.Error{Code: lanyard.CodeRateLimited, Message: "Too many people are signing in at this moment. Try again in a few seconds.", RetryAfter: 5 * time.Second}
	}
	return nil
}

// SignOnStart is where a browser goes to sign in, and what it keeps meanwhile.
type SignOnStart struct {
	Organization lanyard.Organization
	URL          string         // of the provider
	Browser      lanyard.Secret // for a cookie, so that the way is finished where it was begun
}

// SignOnOrganization gives the organization that has a sign-in provider; not_found where there is none.
func (a *Accounts) SignOnOrganization(ctx context.Context, org lanyard.OrganizationID) (*lanyard.Organization, error) {
	if _, err := a.signOnAt(ctx, org); err != nil {
		return nil, err
	}
	return a.store.Organization(ctx, org)
}

func (a *Accounts) signOnAt(ctx context.Context, org lanyard.OrganizationID) (*lanyard.SingleSignOn, error) {
	if len(org) > maxTokenLength {
		org = ""
	}
	s, err := a.store.SingleSignOn(ctx, org)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no single sign-on at this address.")
	}
	return s, err
}

// StartSignOn begins to sign somebody in through an organization's provider.
func (a *Accounts) StartSignOn(ctx context.Context, org lanyard.OrganizationID) (*SignOnStart, error) {
	if err := a.slow(); err != nil {
		return nil, err
	}
	s, err := a.signOnAt(ctx, org)
	if err != nil {
		return nil, err
	}
	organization, err := a.store.Organization(ctx, org)
	if err != nil {
		return nil, err
	}
	p, err := a.providers.at(ctx, s.Issuer, false, a.store.Now())
	if err != nil {
		return nil, providerFails(err)
	}
	state, stateHash := token("sign_on_state")
	browser, browserHash := token("sign_on_browser")
	nonce, verifier := rand.Text(), oauth2.GenerateVerifier()
	err = a.store.CreateSignInRequest(ctx, store.SignInRequest{
		Organization: org, State: hex.EncodeToString(stateHash), Browser: hex.EncodeToString(browserHash),
		Nonce: lanyard.NewSecret(nonce), Verifier: lanyard.NewSecret(verifier), Version: s.Version, ExpiresAt: a.store.Now().Add(signOnLife),
	})
	if err != nil {
		return nil, err
	}
	to := p.oauth2Config(s, a.signOnCallback(org)).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	return &SignOnStart{Organization: *organization, URL: to, Browser: lanyard.NewSecret(browser)}, nil
}

func providerFails(err error) error {
	return lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "Your organization's sign-in provider does not answer as it should. Try again in a minute; if it stays so, tell an owner of the organization.").With(err)
}

// FinishSignOn takes what the provider sent the browser back with, and begins a session. Cookie is what [SignOnStart]
// gave this browser.
func (a *Accounts) FinishSignOn(ctx context.Context, org lanyard.OrganizationID, query url.Values, cookie lanyard.Secret, b Browser) (*SignedIn, error) {
	state, browser := query.Get("state"), cookie.Reveal()
	if len(state) > maxTokenLength || len(browser) > maxTokenLength || len(org) > maxTokenLength || state == "" || browser == "" {
		return nil, signOnGone()
	}
	request, err := a.store.UseSignInRequest(ctx, org, hex.EncodeToString(hashToken("sign_on_state", state)), hex.EncodeToString(hashToken("sign_on_browser", browser)))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, signOnGone()
	} else if err != nil {
		return nil, err
	}
	s, err := a.signOnAt(ctx, org)
	if err != nil {
		return nil, err
	}
	if s.Version != request.Version {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "Single sign-on was changed while you signed in. Sign in again.")
	}
	said, err := a.identity(ctx, s, request, query)
	if err != nil {
		a.log.WarnContext(ctx, "a sign-in through a provider was refused", slog.String("organization", string(org)), slog.Any("error", err))
		return nil, err
	}
	return a.signInAs(ctx, s, said, b)
}

func signOnGone() error {
	return lanyard.Errorf(lanyard.CodeInvalidRequest, "This sign-in was not begun in this browser, was finished already, or took longer than ten minutes. Sign in again.")
}

// identity exchanges the code and gives what the provider says of the person, verified.
func (a *Accounts) identity(ctx context.Context, s *lanyard.SingleSignOn, request *store.SignInRequest, query url.Values) (claims, error) {
	p, err := a.providers.at(ctx, s.Issuer, false, a.store.Now())
	if err != nil {
		return nil, providerFails(err)
	}
	// RFC 9207 §2.4: before anything else of the answer is believed.
	if iss := query.Get("iss"); iss != s.Issuer && (iss != "" || p.more.NamesIss) {
		return nil, doesNotHold("it comes from another provider than the one that was asked", nil)
	}
	if code := query.Get("error"); code != "" {
		e := lanyard.Errorf(lanyard.CodeInvalidRequest, "Your sign-in provider did not sign you in.")
		e.ProviderError, e.ProviderDescription = clipped(code), clipped(query.Get("error_description"))
		return nil, e
	}
	exchanged, err := p.oauth2Config(s, a.signOnCallback(s.OrganizationID)).Exchange(a.providers.context(ctx), query.Get("code"), oauth2.VerifierOption(request.Verifier.Reveal()))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.ErrorCode != "" {
		e := lanyard.Errorf(lanyard.CodeInvalidRequest, "Your sign-in provider refused to say who you are. If it stays so, an owner of the organization looks at client id and secret.")
		e.ProviderError, e.ProviderDescription = clipped(refused.ErrorCode), clipped(refused.ErrorDescription)
		return nil, e
	} else if err != nil {
		// The error could quote the request, or the whole of an answer.
		return nil, providerFails(errors.New("the code could not be exchanged"))
	}
	raw, _ := exchanged.Extra("id_token").(string)
	idToken, err := p.VerifierContext(a.providers.context(ctx), &oidc.Config{ClientID: s.ClientID, Now: a.store.Now}).Verify(a.providers.context(ctx), raw)
	if err != nil {
		return nil, doesNotHold("its id token cannot be verified", err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(request.Nonce.Reveal())) != 1 {
		return nil, doesNotHold("its id token was made for another sign-in", nil)
	}
	said := claims{}
	if err := idToken.Claims(&said); err != nil {
		return nil, doesNotHold("its id token cannot be read", err)
	}
	// OpenID Connect Core 1.0 §3.1.3.7: a token for several may name for whom it was made.
	if azp := said.text("azp"); azp != "" && azp != s.ClientID {
		return nil, doesNotHold("its id token was made for another application", nil)
	}
	if p.UserInfoEndpoint() != "" && (said.text("email") == "" || s.RoleClaim != "" && !said.has(s.RoleClaim)) {
		if err := a.userInfo(ctx, p, exchanged, said); err != nil {
			return nil, err
		}
	}
	return said, nil
}

// userInfo adds what the userinfo endpoint says and the id token does not.
func (a *Accounts) userInfo(ctx context.Context, p *provider, exchanged *oauth2.Token, said claims) error {
	info, err := p.UserInfo(a.providers.context(ctx), oauth2.StaticTokenSource(exchanged))
	if err != nil {
		return providerFails(errors.New("the userinfo endpoint does not answer")) // the error could quote its answer
	}
	// OpenID Connect Core 1.0 §5.3.2
	if info.Subject != said.text("sub") {
		return doesNotHold("its userinfo endpoint speaks of somebody else", nil)
	}
	more := claims{}
	if err := info.Claims(&more); err != nil {
		return doesNotHold("its userinfo endpoint cannot be understood", err)
	}
	if said.text("email") != "" {
		delete(more, "email_verified") // it is about the other address
	}
	for name, value := range more {
		if _, there := said[name]; !there {
			said[name] = value
		}
	}
	return nil
}

func doesNotHold(why string, err error) error {
	return lanyard.Errorf(lanyard.CodeInvalidRequest, "Nobody was signed in, because the answer of your sign-in provider does not hold: %s. Sign in again; if it stays so, tell an owner of the organization.", why).With(err)
}

// signInAs begins a session for whoever the provider spoke of.
func (a *Accounts) signInAs(ctx context.Context, s *lanyard.SingleSignOn, said claims, b Browser) (*SignedIn, error) {
	role, _, err := s.Role(said.values(s.RoleClaim))
	if err != nil {
		return nil, err
	}
	email := strings.ToLower(said.text("email"))
	id := store.Identity{SingleSignOn: s, Subject: said.text("sub"), Name: nameFrom(said, email), Role: role}
	why := fmt.Sprintf("Nobody in this organization has the e-mail address %s. Ask an owner or admin to add you.", clipped(email))
	switch {
	case !isEmail(email):
		why = "Your sign-in provider gave no e-mail address, so it is not known who you are here."
	case !said.verified():
		why = fmt.Sprintf("Your sign-in provider has not verified that %s is yours, so it is not known who you are here.", clipped(email))
	case !s.Takes(email):
		why = fmt.Sprintf("%s is not of a domain that signs in here.", clipped(email))
	default:
		id.Email = email
	}
	signedIn, session := a.newSession(nil, b)
	on, err := a.store.SignInByIdentity(ctx, id, session, func(on *store.SignedOn) []lanyard.AuditEntry { return signOnEntries(s, on, b) })
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "%s", why)
	} else if err != nil {
		return nil, err
	}
	signedIn.User = &on.User
	return signedIn, nil
}

// nameFrom finds a name for somebody new.
func nameFrom(said claims, email string) string {
	local, _, _ := strings.Cut(email, "@")
	for _, name := range []string{said.text("name"), said.text("preferred_username"), email} {
		if name = strings.Join(strings.Fields(name), " "); lanyard.CheckName(name) == nil {
			return name
		}
	}
	return string([]rune(local)[:min(50, len([]rune(local)))])
}

// signOnEntries says for the audit log what a sign-in through the provider came to.
func signOnEntries(s *lanyard.SingleSignOn, on *store.SignedOn, b Browser) []lanyard.AuditEntry {
	about := func(action lanyard.Action, detail map[string]string) lanyard.AuditEntry {
		return lanyard.AuditEntry{OrganizationID: on.User.OrganizationID, Action: action, Object: string(on.User.ID), ObjectName: on.User.Email, Detail: detail}
	}
	var entries []lanyard.AuditEntry
	switch {
	case on.Joined:
		entries = append(entries, about(lanyard.ActionSingleSignOnJoin, map[string]string{"role": string(on.User.Role)}))
	case on.Linked:
		entries = append(entries, about(lanyard.ActionSingleSignOnLink, map[string]string{"issuer": s.Issuer}))
	}
	if on.Was != "" {
		entries = append(entries, about(lanyard.ActionSingleSignOnRole, map[string]string{"role": string(on.User.Role), "before": string(on.Was)}))
	}
	in := signInEntry(&on.User, b)
	in.Detail["through"] = s.Issuer
	return append(entries, in)
}
