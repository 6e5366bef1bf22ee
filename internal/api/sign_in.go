package api

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/account"
)

type resetPasswordInput struct {
	ID   string `path:"id" doc:"The user's id" example:"usr_H4N2XKD7QWLTPZ3VYB6C"`
	Body struct {
		RevokeAccess bool `json:"revoke_access,omitempty" doc:"With the new password, end everything the user has connected: each connection has to be connected again. When left out, the user decides"`
	}
}

// resetLink is the one place of the API where a reset link is told.
type resetLink struct {
	URL       string    `json:"url" doc:"Opened in a browser, it sets a new password, once. Whoever has it can take the account over"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it stops working: after an hour"`
	Mailed    bool      `json:"mailed" doc:"Whether it was sent to the user by mail too"`
}

func (a *API) resetPassword(ctx context.Context, c *lanyard.Caller, in *resetPasswordInput) (*answer[resetLink], error) {
	l, err := a.Accounts.CreateResetLink(ctx, c, lanyard.UserID(in.ID), in.Body.RevokeAccess)
	if err != nil {
		return nil, err
	}
	return &answer[resetLink]{resetLink{URL: l.URL.Reveal(), ExpiresAt: l.ExpiresAt.UTC(), Mailed: l.Mailed}}, nil
}

// setSignOn is what is set of an organization's single sign-on.
type setSignOn struct {
	Issuer       string   `json:"issuer" doc:"The OpenID provider's address, as it spells it" example:"https://login.example.com"`
	ClientID     string   `json:"client_id" doc:"Given by the provider when Lanyard was registered there"`
	ClientSecret string   `json:"client_secret,omitempty" writeOnly:"true" doc:"Given by the provider; stored sealed and never shown again. When left out, the one that is stored is kept"`
	Domains      []string `json:"domains" doc:"The domains of e-mail addresses that sign in through it. Each belongs to one organization"`
	RoleClaim    string   `json:"role_claim,omitempty" doc:"The claim whose values say who is an admin and who a member, at each sign-in; empty: roles are given in Lanyard" example:"groups"`
	AdminValues  []string `json:"admin_values,omitempty" doc:"Values of the claim that make an admin"`
	MemberValues []string `json:"member_values,omitempty" doc:"Values of the claim that make a member; empty: everybody else is one"`
	MayJoin      bool     `json:"may_join,omitempty" doc:"Whoever signs in through it and is not in the organization yet is added"`
	PasswordOff  bool     `json:"password_off,omitempty" doc:"Passwords are not taken. It can be set by an owner who has signed in through the provider as it is set up"`
}

// signOn is single sign-on as it is read.
type signOn struct {
	Issuer          string    `json:"issuer" doc:"The OpenID provider's address"`
	ClientID        string    `json:"client_id" doc:"Given by the provider when Lanyard was registered there"`
	ClientSecretSet bool      `json:"client_secret_set" doc:"Whether a secret is stored"`
	Domains         []string  `json:"domains" doc:"The domains of e-mail addresses that sign in through it"`
	RoleClaim       string    `json:"role_claim" doc:"The claim whose values say who is an admin and who a member; empty: roles are given in Lanyard"`
	AdminValues     []string  `json:"admin_values" doc:"Values of the claim that make an admin"`
	MemberValues    []string  `json:"member_values" doc:"Values of the claim that make a member; empty: everybody else is one"`
	MayJoin         bool      `json:"may_join" doc:"Whoever signs in through it and is not in the organization yet is added"`
	PasswordOff     bool      `json:"password_off" doc:"Passwords are not taken"`
	CallbackURL     string    `json:"callback_url" doc:"Register this with the provider as the redirect URI"`
	SignInURL       string    `json:"sign_in_url" doc:"Where the organization's people can begin to sign in"`
	UpdatedAt       time.Time `json:"updated_at" doc:"When it was last changed"`
}

func encodeSignOn(s *account.SignOnSettings) signOn {
	list := func(texts []string) []string { return append([]string{}, texts...) }
	return signOn{
		Issuer: s.Issuer, ClientID: s.ClientID, ClientSecretSet: !s.ClientSecret.IsZero(), Domains: list(s.Domains), RoleClaim: s.RoleClaim,
		AdminValues: list(s.AdminValues), MemberValues: list(s.MemberValues), MayJoin: s.MayJoin, PasswordOff: s.PasswordOff,
		CallbackURL: s.CallbackURL, SignInURL: s.SignInURL, UpdatedAt: s.UpdatedAt.UTC(),
	}
}

func (a *API) readSignOn(ctx context.Context, c *lanyard.Caller, _ *struct{}) (*answer[signOn], error) {
	s, err := a.Accounts.SingleSignOn(ctx, c)
	if err != nil {
		return nil, err
	}
	if s.Version == 0 {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "Single sign-on is not set up. The callback URL to register with the provider is %s", s.CallbackURL)
	}
	return &answer[signOn]{encodeSignOn(s)}, nil
}

type setSignOnInput struct{ Body setSignOn }

func (a *API) setSignOn(ctx context.Context, c *lanyard.Caller, in *setSignOnInput) (*answer[signOn], error) {
	b := in.Body
	s, err := a.Accounts.SetSingleSignOn(ctx, c, lanyard.SingleSignOn{
		Issuer: b.Issuer, ClientID: b.ClientID, ClientSecret: lanyard.NewSecret(b.ClientSecret), Domains: b.Domains,
		RoleClaim: b.RoleClaim, AdminValues: b.AdminValues, MemberValues: b.MemberValues, MayJoin: b.MayJoin, PasswordOff: b.PasswordOff,
	})
	if err != nil {
		return nil, err
	}
	return &answer[signOn]{encodeSignOn(s)}, nil
}

func (a *API) deleteSignOn(ctx context.Context, c *lanyard.Caller, _ *struct{}) (*struct{}, error) {
	return nil, a.Accounts.DeleteSingleSignOn(ctx, c)
}
