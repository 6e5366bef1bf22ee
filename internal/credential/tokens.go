package credential

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/scheme/oauth2"
	"lanyard/internal/store"
)

// granted is what a token endpoint gave.
type granted struct {
	*oauth2.Token
	service *lanyard.Service
}

// client is the service's client at its provider, with URLs and parameters filled for one credential. Those that wait for
// a value which the provider has not said yet are left out.
func (k *Keeper) client(con *Connection, c *lanyard.Credential) (oauth2.Config, error) {
	a, values := con.Service.Auth.OAuth2, con.Service.Complete(c.Parameters)
	config := oauth2.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret, ClientAuthentication: oauth2.ClientAuthentication(clientAuthentication(a, c)),
		GrantTypeName: a.GrantTypeName, CodeName: a.TokenCodeName, ClientIDName: a.ClientIDName, ClientSecretName: a.ClientSecretName, ScopeDelimiter: a.ScopeDelimiter,
		JSON: a.TokenBody == "json", Shape: shape(a.TokenAnswer), Now: k.Store.Now, Secrets: con.Service.SecretsOf(c),
	}
	for _, u := range []struct {
		template string
		into     *string
	}{{a.AuthorizeURL, &config.AuthorizeURL}, {a.AccessTokenURL, &config.TokenURL}, {a.RefreshTokenURL, &config.RefreshURL}, {a.RevokeTokenURL, &config.RevokeURL}} {
		if u.template == "" || con.Service.Waits(u.template, values) {
			continue
		}
		filled, err := con.Service.FillURL(u.template, values)
		if err != nil {
			return config, lanyard.Errorf(lanyard.CodeInvalidRequest, "A URL of the service %s cannot be made: %s.", con.Service.Name, err)
		}
		*u.into = filled.String()
	}
	for _, p := range []struct {
		texts map[string]string
		into  *map[string]string
	}{{a.AuthorizeParams, &config.AuthorizeParams}, {a.TokenParams, &config.TokenParams}, {a.RefreshParams, &config.RefreshParams}} {
		var err error
		if *p.into, err = filledParams(con.Service, p.texts, values); err != nil {
			return config, lanyard.Errorf(lanyard.CodeInvalidRequest, "A parameter of the service %s cannot be made: %s.", con.Service.Name, err)
		}
	}
	for name, text := range config.RefreshParams {
		config.RefreshParams[name] = strings.ReplaceAll(text, "{callback_url}", k.callbackURL(con))
	}
	return config, nil
}

// filledParams puts values into the texts of parameters, which are encoded where they are sent. One that an optional
// value is missing for is left out.
func filledParams(s *lanyard.Service, texts, values map[string]string) (map[string]string, error) {
	params := make(map[string]string, len(texts))
	for name, text := range texts {
		if s.Waits(text, values) || s.LacksOptional(text, values) {
			continue
		}
		filled, err := lanyard.FillText(text, s.DynamicParameters, values)
		if err != nil {
			return nil, err
		}
		params[name] = filled
	}
	return params, nil
}

// shape says where things stand in the service's token answers.
func shape(a *lanyard.TokenAnswer) oauth2.Shape {
	if a == nil {
		return oauth2.Shape{}
	}
	return oauth2.Shape{
		AccessToken: a.AccessToken, RefreshToken: a.RefreshToken, Scope: a.Scope, TokenTypes: a.TokenTypes,
		ExpiresIn: a.ExpiresIn, ExpiresUnit: oauth2.ExpiryUnit(a.ExpiresUnit),
	}
}

// scopes are those that a connection asks for: under the name that they usually have, and under names of their own.
func (c *Connection) scopes() (usual []string, named map[string][]string) {
	named = map[string][]string{}
	for _, s := range c.Service.Auth.OAuth2.Asks(c.Scopes) {
		if s.Param == "" {
			usual = append(usual, s.Value)
		} else {
			named[s.Param] = append(named[s.Param], s.Value)
		}
	}
	return usual, named
}

// clientAuthentication is the service's own choice, else what worked for this credential before.
func clientAuthentication(a *lanyard.OAuth2Auth, c *lanyard.Credential) lanyard.ClientAuthentication {
	if a.ClientAuthentication != lanyard.ClientAuthAutomatic {
		return a.ClientAuthentication
	}
	return c.ClientAuthentication
}

func (k *Keeper) exchangeCode(ctx context.Context, con *Connection, req *lanyard.ConsentRequest, code lanyard.Secret) (*granted, error) {
	client, err := k.client(con, &lanyard.Credential{Parameters: req.Secrets.Parameters})
	if err != nil {
		return nil, err
	}
	redirect, err := k.redirectURI(con, req.Secrets.Parameters)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, k.ExchangeTimeout)
	defer cancel()
	t, err := oauth2.Exchange(ctx, k.Client, client, oauth2.Grant{Code: code, Verifier: req.Secrets.CodeVerifier, RedirectURI: redirect})
	return &granted{t, con.Service}, err
}

func (k *Keeper) clientCredentials(ctx context.Context, con *Connection, c *lanyard.Credential) (*granted, error) {
	client, err := k.client(con, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, k.ExchangeTimeout)
	defer cancel()
	scopes, _ := con.scopes()
	t, err := oauth2.ClientCredentials(ctx, k.Client, client, scopes)
	return &granted{t, con.Service}, err
}

// renew asks for a new access token without a person: with the refresh token, or client credentials once more.
func (k *Keeper) renew(ctx context.Context, con *Connection, c *lanyard.Credential) (*granted, error) {
	if con.Service.Auth.OAuth2.GrantType == lanyard.ClientCredentials {
		return k.clientCredentials(ctx, con, c)
	}
	client, err := k.client(con, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, k.ExchangeTimeout)
	defer cancel()
	t, err := oauth2.Refresh(ctx, k.Client, client, c.RefreshToken, nil)
	return &granted{t, con.Service}, err
}

// lifetime is how long the access token lives: as the provider said, else the service's default, else as the token
// itself says when it is a JWT. Known is false when nothing says.
func (g *granted) lifetime(now time.Time) (life time.Duration, known bool) {
	if g.Lifetime.Known {
		return g.Lifetime.For, true
	}
	if d := g.service.Auth.OAuth2.DefaultExpiresIn; d > 0 {
		return time.Duration(d) * time.Second, true
	}
	if at, ok := oauth2.ExpiryFromJWT(g.AccessToken); ok && at.After(now) {
		return at.Sub(now), true
	}
	return 0, false
}

// into puts what was granted into a new authorization and its credential.
func (g *granted) into(a *lanyard.Authorization, c *lanyard.Credential, now time.Time) {
	c.AccessToken, c.RefreshToken = g.AccessToken, g.RefreshToken
	c.ClientAuthentication = lanyard.ClientAuthentication(g.ClientAuthentication)
	a.GrantedScope = g.Scope
	if life, known := g.lifetime(now); known {
		a.Lifetime, a.ExpiresAt = life, now.Add(life)
		if renewable(g.service, c) {
			a.RefreshDue = lanyard.SweepAt(a.ExpiresAt, life)
		}
	}
}

// refreshed puts what was granted into the credential that was refreshed. A provider that sends no new refresh token
// leaves the old one in force (RFC 6749 §6).
func (g *granted) refreshed(c *lanyard.Credential, elapsed time.Duration, now time.Time) store.Refreshed {
	c.AccessToken = g.AccessToken
	if !g.RefreshToken.IsZero() {
		c.RefreshToken = g.RefreshToken
	}
	c.ClientAuthentication = lanyard.ClientAuthentication(g.ClientAuthentication)
	r := store.Refreshed{Credential: c, Elapsed: elapsed, GrantedScope: g.Scope, Renewable: renewable(g.service, c)}
	r.Lifetime, r.Known = g.lifetime(now)
	return r
}

// tokenError is a failed token call for people: the provider's own words, and for the common failures what to do.
func tokenError(con *Connection, doing string, err error) error {
	var guarded *lanyard.Error
	if errors.As(err, &guarded) {
		return guarded // the guarded client explains itself
	}
	e := lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "%s could not be reached to %s. Try again.", con.Service.Name, doing).With(err)
	var provider *oauth2.Error
	if !errors.As(err, &provider) {
		return e
	}
	e.ProviderError, e.ProviderDescription, e.RetryAfter = provider.Code, provider.Description, provider.RetryAfter
	switch provider.Class {
	case oauth2.Refused, oauth2.Misconfigured:
		e.Code = lanyard.CodeInvalidRequest
		e.Message = fmt.Sprintf("%s refused to %s (%s).", con.Service.Name, doing, words(provider))
	case oauth2.Malformed:
		e.Message = fmt.Sprintf("%s answered in a way that cannot be read (%s).", con.Service.Name, words(provider))
	default:
		e.Message = fmt.Sprintf("%s could not %s now (%s). Try again.", con.Service.Name, doing, words(provider))
	}
	return e
}

// words is what the provider said, or what is wrong with its answer.
func words(e *oauth2.Error) string {
	said := e.Code
	if e.Description != "" {
		said = strings.TrimPrefix(said+": "+e.Description, ": ")
	}
	if said == "" {
		said = e.Problem
	}
	if e.Status != 0 {
		said = fmt.Sprintf("%s, status %d", said, e.Status)
	}
	return said
}

// remedies say what to do about the refusals that people meet most.
var remedies = map[string]string{
	"access_denied":           "Access was not allowed at the provider. Start again and allow it.",
	"invalid_client":          "The client id or client secret of the service is not right: whoever made the service compares them with what the provider shows.",
	"unauthorized_client":     "The provider does not let this client use this grant: whoever made the service looks at the client's settings there.",
	"redirect_uri_mismatch":   "The callback URL that the provider knows is another: register the service's callback URL there, letter by letter.",
	"invalid_redirect_uri":    "The callback URL that the provider knows is another: register the service's callback URL there, letter by letter.",
	"invalid_scope":           "The provider does not know a scope, or does not grant it to this client: look at the connection's scopes.",
	"invalid_grant":           "The code was no longer good: it is good once and for a short time. Start again.",
	"invalid_request":         "The provider misses something in the request. Often it is the callback URL: it must be registered there, letter by letter.",
	"temporarily_unavailable": "Try again in a while.",
	"server_error":            "The provider has a fault. Try again in a while.",
	"no_org":                  "Your account has no organization in a product whose scope is asked for: leave that scope out, or join the product first.",
}

// providerRefusal is an error that the provider sent back by way of the browser (RFC 6749 §4.1.2.1).
func providerRefusal(con *Connection, code string, query url.Values) *refusal {
	masker := lanyard.NewMasker(lanyard.MaskWords, lanyard.NewSecret(query.Get("state")), con.Service.Auth.Secret())
	code, description := clean(masker.Mask(code)), clean(masker.Mask(query.Get("error_description")))
	r := &refusal{what: fmt.Sprintf("%s did not give access: %s", con.Service.Name, code), remedy: remedies[code], denied: code == errAccessDenied}
	if description != "" {
		r.what += " (" + description + ")"
	}
	if r.remedy == "" {
		r.remedy = "Start again; if it happens again, ask whoever made the service."
	}
	return r
}

// refusalOf puts a failure after the callback into words for the result page.
func refusalOf(con *Connection, err error) *refusal {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		return &refusal{what: "Something went wrong in Lanyard.", remedy: "Try again; the log of the server says more."}
	}
	r := &refusal{what: e.Message, remedy: remedies[e.ProviderError]}
	if r.remedy == "" {
		r.remedy = "Start again."
	}
	return r
}

// tellProvider revokes one token (RFC 7009). An error means that the provider did not confirm.
func (k *Keeper) tellProvider(ctx context.Context, r *revocation) error {
	if k.Store.Paused() {
		return errors.New("a restored Lanyard tells no provider anything before it goes on")
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	client := oauth2.Config{
		RevokeURL: r.URL, ClientID: r.ClientID, ClientSecret: lanyard.NewSecret(r.ClientSecret),
		ClientAuthentication: oauth2.ClientAuthentication(r.ClientAuthentication), ClientIDName: r.ClientIDName, ClientSecretName: r.ClientSecretName,
		JSON: r.JSON, Now: k.Store.Now,
	}
	_, err := oauth2.Revoke(ctx, k.Client, client, lanyard.NewSecret(r.Token), r.TokenTypeHint)
	return err
}
