package credential

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/scheme/oauth1"
	"lanyard/internal/scheme/oauth2"
)

const consentLife = 10 * time.Minute

// worked is the outcome that is noted of a consent that did. One that is used up and has none still waits for its
// provider, or its server was stopped meanwhile.
const worked = "It is connected."

func (k *Keeper) newConsent(c *lanyard.Caller, con *Connection, returnTo string) *lanyard.ConsentRequest {
	now := k.Store.Now()
	return &lanyard.ConsentRequest{
		ID: lanyard.NewConsentRequestID(), OrganizationID: c.Organization, ConnectionID: con.ID, UserID: c.User, Session: c.Session, ConnectSession: c.ConnectSession,
		ServiceID: con.ServiceID, Service: con.Service.LinkName, ServiceVersion: con.Service.Version,
		ReturnTo: returnTo, CreatedAt: now, ExpiresAt: now.Add(consentLife),
	}
}

func (k *Keeper) callbackURL(con *Connection) string {
	return registry.CallbackURL(k.PublicURL, con.OrganizationID, con.Service.LinkName)
}

// redirectURI is what the provider knows the callback URL by: itself, or a name that the provider gave for it.
func (k *Keeper) redirectURI(con *Connection, values map[string]string) (string, error) {
	named := con.Service.Auth.OAuth2.RedirectURI
	if named == "" {
		return k.callbackURL(con), nil
	}
	filled, err := lanyard.FillText(named, con.Service.DynamicParameters, con.Service.Complete(values))
	if err != nil {
		return "", lanyard.Errorf(lanyard.CodeInvalidRequest, "The redirect URI of the service %s cannot be made: %s.", con.Service.Name, err)
	}
	return filled, nil
}

// StartConsent begins a consent for the browser that is signed in or holds a flow, and gives the provider's URL to go to.
func (k *Keeper) StartConsent(ctx context.Context, c *lanyard.Caller, token string) (string, error) {
	link, con, err := k.openLink(ctx, c, token)
	if err != nil {
		return "", err
	}
	if c.Session == "" && c.ConnectSession == "" {
		return "", lanyard.Errorf(lanyard.CodeForbidden, "A consent is begun in a signed-in browser.")
	}
	if !needsConsent(con.Service) {
		return "", lanyard.Errorf(lanyard.CodeInvalidRequest, "The service %s is not connected by consent at a provider.", con.Service.Name)
	}
	values, err := con.Service.ValueOf(link.Parameters)
	if err != nil {
		return "", err
	}
	req := k.newConsent(c, con, link.ReturnTo)
	if c.ConnectSession != "" {
		req.ReturnTo = "" // the end of the session knows it
	}
	req.Secrets.Parameters = values
	if con.Service.Auth.OAuth1 != nil {
		return k.startOAuth1(ctx, con, req)
	}
	return k.startOAuth2(ctx, con, req)
}

func (k *Keeper) startOAuth2(ctx context.Context, con *Connection, req *lanyard.ConsentRequest) (string, error) {
	target, state, err := k.authorizeOAuth2(con, req)
	if err != nil {
		return "", err
	}
	return target, k.Store.CreateConsentRequest(ctx, req, hashToken("state", state))
}

// authorizeOAuth2 makes the URL that the browser goes to, for the parameter values of the request, and puts the PKCE
// verifier into it.
func (k *Keeper) authorizeOAuth2(con *Connection, req *lanyard.ConsentRequest) (target, state string, err error) {
	client, err := k.client(con, &lanyard.Credential{Parameters: req.Secrets.Parameters})
	if err != nil {
		return "", "", err
	}
	state = rand.Text() + rand.Text() // 260 bits
	request := oauth2.AuthorizeRequest{State: state}
	if request.RedirectURI, err = k.redirectURI(con, req.Secrets.Parameters); err != nil {
		return "", "", err
	}
	request.Scopes, request.ParamScopes = con.scopes()
	if con.Service.Auth.OAuth2.PKCE {
		req.Secrets.CodeVerifier = oauth2.NewVerifier()
		request.Challenge = oauth2.Challenge(req.Secrets.CodeVerifier)
	}
	target, err = oauth2.AuthorizeURL(client, request)
	return target, state, err
}

func (k *Keeper) startOAuth1(ctx context.Context, con *Connection, req *lanyard.ConsentRequest) (string, error) {
	client, err := k.oauth1Client(con, req.Secrets.Parameters)
	if err != nil {
		return "", err
	}
	token, err := client.requestToken(ctx, k.callbackURL(con))
	if err != nil {
		return "", oauth1Error(con, "give a request token", err)
	}
	req.Secrets.RequestToken, req.Secrets.RequestTokenSecret = token.Value, token.Secret
	target, err := oauth1.AuthorizeURL(client.authorizeURL, token)
	if err != nil {
		return "", err
	}
	// The provider sends the request token back, so it takes the place of the state.
	return target, k.Store.CreateConsentRequest(ctx, req, hashToken("request_token", token.Value.Reveal()))
}

// Callback takes the browser back from a provider. Before anything leaves for a token endpoint it compares what the
// consent was bound to: organization and service of the path, the user, the browser (its session, or the connect session
// that its flow cookie belongs to), the connection, and the service with its version (see doc.go). An error says that nothing was exchanged; what a provider refused, or what
// failed afterwards, is an outcome with its own page, so that code and state leave the address bar either way.
func (k *Keeper) Callback(ctx context.Context, c *lanyard.Caller, flow lanyard.Secret, org lanyard.OrganizationID, service string, query url.Values) (*Outcome, error) {
	unknown := lanyard.Errorf(lanyard.CodeInvalidRequest, "Nothing is known of this answer of a provider: it belongs to no consent that was started here. Start again from the connection.")
	hash, ok := callbackHash(query)
	if !ok {
		return nil, unknown
	}
	req, err := k.Store.ConsentRequest(ctx, org, hash)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		if c == nil {
			return nil, signedOut()
		}
		return nil, unknown
	} else if err != nil {
		return nil, err
	}
	if c, err = k.finisher(ctx, c, flow, req); err != nil {
		return nil, err
	}
	if c.Organization != org {
		return nil, unknown
	}
	// One callback URL per service: a code that arrives at another's is one that somebody tries to carry off.
	if string(req.Service) != service {
		k.Logger.WarnContext(ctx, "callback of another service", "organization", org, "service", req.Service)
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "This answer arrived at the callback of another service, so it was not used. Start again from the connection.")
	}
	if req.UserID != c.User || req.Session != c.Session || req.ConnectSession != c.ConnectSession {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "This consent was started by somebody else or in another browser, so it was not used. Start again from the connection.")
	}
	if !req.UsedAt.IsZero() {
		return outcomeOf(req), nil
	}
	if !k.Store.Now().Before(req.ExpiresAt) {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The consent took longer than ten minutes, so its answer was not used. Start again from the connection.")
	}
	con, err := k.connectionOf(ctx, req)
	if err != nil {
		return nil, err
	}
	answer, refusal, err := readCallback(con, query)
	if err != nil {
		return nil, err
	}
	// From here on the request is used up, whatever comes of it: a code is sent once.
	if won, err := k.Store.UseConsentRequest(ctx, org, req.ID); err != nil {
		return nil, err
	} else if !won {
		return outcomeOf(req), nil
	}
	// The code is spent now: what follows goes on even if the browser hangs up.
	ctx, done := k.detach(ctx)
	defer done()
	if refusal == nil {
		// Before the code leaves: what the browser brought may decide where to.
		if req.Secrets.Parameters, err = learnFromCallback(con.Service, req.Secrets.Parameters, query); err != nil {
			refusal = refusalOf(con, err)
		}
	}
	if refusal == nil {
		refusal, err = k.finish(ctx, c, con, req, answer)
		if err != nil {
			return nil, err
		}
	}
	return k.outcome(ctx, c, con, req, refusal)
}

func signedOut() error {
	return lanyard.Errorf(lanyard.CodeUnauthenticated, "A consent is finished in the browser that started it: sign in there and start again.")
}

// outcomeOf says where the page is that tells what came of a consent.
func outcomeOf(req *lanyard.ConsentRequest) *Outcome {
	if req.ConnectSession != "" {
		return &Outcome{Result: endPath(req.OrganizationID, req.ConnectSession), EndUser: true}
	}
	return &Outcome{Result: resultPath("", req.ID)}
}

// callbackHash finds what names the consent request: the state, or with OAuth 1 the request token, which Twitter calls
// denied where access was. Exactly one of them, of a length and form that Lanyard or a provider could have made.
func callbackHash(query url.Values) ([]byte, bool) {
	for _, name := range []string{"state", "oauth_token", "denied"} {
		values := query[name]
		if len(values) == 0 {
			continue
		}
		v := values[0]
		if len(values) > 1 || v == "" || len(v) > 1024 || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, false
		}
		if name == "state" {
			return hashToken("state", v), true
		}
		return hashToken("request_token", v), true
	}
	return nil, false
}

// connectionOf finds the connection of a consent request, with the very definition of the service that it began with.
func (k *Keeper) connectionOf(ctx context.Context, req *lanyard.ConsentRequest) (*Connection, error) {
	changed := lanyard.Errorf(lanyard.CodeConflict, "The connection or its service was changed while you were at the provider, so the answer was not used. Start again from the connection.")
	con, err := k.Store.ConnectionByID(ctx, req.OrganizationID, req.ConnectionID)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, changed
	} else if err != nil {
		return nil, err
	}
	full, err := k.withService(ctx, con, k.epoch.Load())
	if lanyard.CodeOf(err) == lanyard.CodeNotConnected {
		return nil, changed
	} else if err != nil {
		return nil, err
	}
	if full.Service.ID != req.ServiceID || full.Service.Version != req.ServiceVersion {
		return nil, changed
	}
	return full, nil
}

// callbackAnswer is what a provider handed over by way of the browser.
type callbackAnswer struct {
	code     lanyard.Secret // OAuth 2
	verifier lanyard.Secret // OAuth 1
}

// refusal is a consent that did not work, in words for the person.
type refusal struct {
	what   string
	remedy string
	denied bool // by the person, at the provider
}

// code is what an application learns of it.
func (r *refusal) code() string {
	if r.denied {
		return errAccessDenied
	}
	return errConnectFailed
}

func (r *refusal) text() string {
	if r.remedy == "" {
		return r.what
	}
	return r.what + "\n" + r.remedy
}

// readCallback takes the answer apart. Anything that is neither a code nor an error is refused before it is used.
func readCallback(con *Connection, query url.Values) (*callbackAnswer, *refusal, error) {
	malformed := lanyard.Errorf(lanyard.CodeInvalidRequest, "The provider's answer has neither one code nor one error, so it was not used. Start again from the connection.")
	if con.Service.Auth.OAuth1 != nil {
		if denied := query.Get("denied"); denied != "" {
			return nil, &refusal{what: con.Service.Name + " says that access was denied.", remedy: "Start again and allow access.", denied: true}, nil
		}
		if v := query["oauth_verifier"]; len(v) == 1 && v[0] != "" && len(query["oauth_token"]) == 1 {
			return &callbackAnswer{verifier: lanyard.NewSecret(v[0])}, nil, nil
		}
		return nil, nil, malformed
	}
	if err := oauth2.CheckIssuer(con.Service.Auth.OAuth2.Issuer, query); err != nil {
		return nil, nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The answer does not come from the issuer %s that this service names, so it was not used.", con.Service.Auth.OAuth2.Issuer)
	}
	codes, errs := query[cmp.Or(con.Service.Auth.OAuth2.CodeName, "code")], query["error"]
	switch {
	case len(errs) == 1 && len(codes) == 0:
		return nil, providerRefusal(con, errs[0], query), nil
	case len(codes) == 1 && codes[0] != "" && len(errs) == 0 && len(codes[0]) <= 8192:
		return &callbackAnswer{code: lanyard.NewSecret(codes[0])}, nil, nil
	}
	return nil, nil, malformed
}

// finish exchanges the answer for a credential and stores it. What the provider refuses is a refusal, not an error.
func (k *Keeper) finish(ctx context.Context, c *lanyard.Caller, con *Connection, req *lanyard.ConsentRequest, answer *callbackAnswer) (*refusal, error) {
	a := k.newAuthorization(con, c.User)
	cred := &lanyard.Credential{Parameters: req.Secrets.Parameters}
	var says func(at string) (string, bool)
	if con.Service.Auth.OAuth1 != nil {
		client, err := k.oauth1Client(con, req.Secrets.Parameters)
		if err != nil {
			return nil, err
		}
		issued, err := client.accessToken(ctx, oauth1.Token{Value: req.Secrets.RequestToken, Secret: req.Secrets.RequestTokenSecret}, answer.verifier)
		if err != nil {
			return refusalOf(con, oauth1Error(con, "give an access token", err)), nil
		}
		cred.Token, cred.TokenSecret = issued.Token.Value, issued.Token.Secret
		says = func(at string) (string, bool) { v, ok := issued.Extra[at]; return v.Reveal(), ok }
	} else {
		got, err := k.exchangeCode(ctx, con, req, answer.code)
		if err != nil {
			return refusalOf(con, tokenError(con, "exchange the code", err)), nil
		}
		got.into(a, cred, k.Store.Now())
		says = got.Member
	}
	values, err := learn(con.Service, cred.Parameters, lanyard.LearnToken, says)
	if err != nil {
		k.abandon(ctx, con, c.User, cred)
		return refusalOf(con, err), nil
	}
	cred.Parameters = values
	err = k.save(ctx, c, con, a, cred)
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeInternal {
		return refusalOf(con, err), nil
	}
	return nil, err
}

// outcome stores what came of a consent and says where its page is.
func (k *Keeper) outcome(ctx context.Context, c *lanyard.Caller, con *Connection, req *lanyard.ConsentRequest, r *refusal) (*Outcome, error) {
	o := outcomeOf(req)
	o.Connection = con.LinkName
	words := worked
	if r == nil && req.ReturnTo != "" {
		o.Result = req.ReturnTo
	}
	if r != nil {
		words = r.text()
		entry := c.Audit(lanyard.ActionConnectFailed, string(con.ID), string(con.LinkName))
		entry.Detail = map[string]string{"reason": r.what}
		if err := k.Store.AppendAudit(ctx, entry); err != nil {
			return nil, err
		}
		if req.ConnectSession != "" {
			if _, err := k.Store.FailConnectSession(ctx, c.Organization, req.ConnectSession, r.code(), r.what); err != nil {
				return nil, err
			}
		}
	}
	err := k.Store.FinishConsentRequest(ctx, c.Organization, req.ID, r != nil, words)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		// It was deleted with its connection or service, so there is no page to lead to.
		return nil, changedMeanwhile(con)
	}
	return o, err
}

// ConsentResult is what the page at the end of a consent says.
type ConsentResult struct {
	Connection *lanyard.Connection
	Service    *lanyard.Service
	OK         bool
	Outcome    string   // what went wrong, in words
	Remedy     string   // what to do about it
	Warning    string   // it worked, but
	Missing    []string // scopes asked for and not granted
	ReturnTo   string
}

// ConsentResult reads the result of one of the caller's own consents.
func (k *Keeper) ConsentResult(ctx context.Context, c *lanyard.Caller, id string) (*ConsentResult, error) {
	absent := lanyard.Errorf(lanyard.CodeNotFound, "There is no such result here, or it is more than a day old.")
	if len(id) > maxToken {
		return nil, absent
	}
	req, err := k.Store.ConsentRequestByID(ctx, c.Organization, lanyard.ConsentRequestID(id))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound || err == nil && req.UserID != c.User {
		return nil, absent
	} else if err != nil {
		return nil, err
	}
	con, err := k.Store.ConnectionByID(ctx, c.Organization, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	s, err := k.Services.Of(ctx, con)
	if err != nil {
		return nil, err
	}
	r := &ConsentResult{Connection: con, Service: s, OK: !req.Failed, ReturnTo: req.ReturnTo}
	switch {
	case req.UsedAt.IsZero():
		r.OK, r.Outcome, r.Remedy = false, "The consent was not finished.", "Start again."
		return r, nil
	case req.Failed:
		r.Outcome, r.Remedy, _ = strings.Cut(req.Outcome, "\n")
		return r, nil
	case req.Outcome == "":
		r.OK, r.Outcome = false, s.Name+" has not answered yet."
		r.Remedy = "Open this page again in a moment. If it still says so, Lanyard was stopped before the answer came: start again."
		return r, nil
	}
	a, cred, err := k.Store.OpenAuthorization(ctx, c.Organization, con.ID, c.User)
	if err != nil {
		return nil, err
	}
	if cred == nil {
		r.OK, r.Outcome, r.Remedy = false, "It was connected, and is not any more. "+a.StatusReason, "Connect it again."
		return r, nil
	}
	if o := s.Auth.OAuth2; o != nil && o.GrantType == lanyard.AuthorizationCode {
		if cred.RefreshToken.IsZero() && !a.ExpiresAt.IsZero() {
			r.Warning = fmt.Sprintf("%s gave no refresh token, so this connection ends when its access token expires (%s). "+
				"Many providers give one only when asked: add a scope such as offline_access, or authorize parameters such as access_type=offline and prompt=consent, to the service.",
				s.Name, a.ExpiresAt.UTC().Format("2 January 15:04 UTC"))
		}
		r.Missing = missingScopes(o, a.Scopes, a.GrantedScope)
		same, err := k.Store.SameRefreshToken(ctx, c.Organization, a.ID)
		if err != nil {
			return nil, err
		}
		if len(same) > 0 {
			r.Warning = strings.TrimSpace(r.Warning + fmt.Sprintf(" %s gave the very refresh token that the connection %s holds already, so it is the same account. "+
				"If the provider changes refresh tokens with each use, refreshing one of the two ends the other.", s.Name, same[0]))
		}
	}
	return r, nil
}

// missingScopes lists what was asked for and not granted. A provider that says nothing granted what was asked
// (RFC 6749 §5.1), and one that says what it granted does not speak of scopes with a parameter of their own.
func missingScopes(o *lanyard.OAuth2Auth, asked []string, granted string) []string {
	if granted == "" {
		return nil
	}
	has := map[string]bool{}
	for _, s := range splitScopes(granted) {
		has[s] = true
	}
	var missing []string
	for _, s := range o.Asks(asked) {
		if s.Param == "" && !has[s.Value] {
			missing = append(missing, s.Value)
		}
	}
	return missing
}

// splitScopes reads what a provider granted. Providers that take scopes by commas or semicolons tend to answer so, too.
func splitScopes(granted string) []string {
	return strings.FieldsFunc(granted, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
}
