package credential

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// ConnectInput is what a person gives to connect.
type ConnectInput struct {
	Credentials map[string]lanyard.Secret // by the names of the service's credential fields
	Parameters  map[string]string         // dynamic parameter values
	ReturnTo    string                    // where the browser goes when it worked
}

// ConnectResult says what came of a request to connect.
type ConnectResult struct {
	Status     string // "connected", or "consent_required" with ConnectURL
	ConnectURL string
}

// Connect connects with the credentials given, or makes the link for what only a person in a browser can do.
func (k *Keeper) Connect(ctx context.Context, c *lanyard.Caller, name string, in ConnectInput) (*ConnectResult, error) {
	con, err := k.find(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if err := access.Connect(c, &con.Connection); err != nil {
		return nil, err
	}
	// The service may have been edited since the connection was made, so that its credential goes farther now.
	if err := con.Validate(con.Service); err != nil {
		return nil, err
	}
	if err := con.Service.CheckClient(); err != nil {
		return nil, err
	}
	if err := k.checkReturnTo(in.ReturnTo); err != nil {
		return nil, err
	}
	consent := needsConsent(con.Service)
	typed := len(con.Service.CredentialFields()) > 0
	switch {
	case consent && len(in.Credentials) > 0:
		var f lanyard.FieldErrors
		f.Add("/credentials", "the service %s is connected by consent in the browser: leave the credentials out", con.Service.LinkName)
		return nil, f.Err()
	case typed && len(in.Credentials) == 0, consent && len(in.Parameters) == 0 && asksParameters(con.Service):
		// Nothing was given of what is needed: a person gives it on the page.
		path, err := k.newLink(ctx, con, c.User, store.ConnectLink{ReturnTo: in.ReturnTo})
		return &ConnectResult{Status: "consent_required", ConnectURL: k.PublicURL + path}, err
	case consent:
		values, err := con.Service.ValueOf(in.Parameters)
		if err != nil {
			return nil, err
		}
		path, err := k.newLink(ctx, con, c.User, store.ConnectLink{Direct: true, ReturnTo: in.ReturnTo, Parameters: values})
		return &ConnectResult{Status: "consent_required", ConnectURL: k.PublicURL + path}, err
	}
	if err := k.connectNow(ctx, c, con, in); err != nil {
		return nil, err
	}
	return &ConnectResult{Status: "connected"}, nil
}

// needsConsent: does connecting happen at the provider, in the browser?
func needsConsent(s *lanyard.Service) bool {
	return s.Auth.Type == lanyard.AuthOAuth1 || s.Auth.OAuth2 != nil && s.Auth.OAuth2.GrantType == lanyard.AuthorizationCode
}

// asksParameters: is there a dynamic parameter that a person has to give?
func asksParameters(s *lanyard.Service) bool {
	return slices.ContainsFunc(s.Asked(), func(p lanyard.DynamicParameter) bool { return p.Default == "" && !p.Optional })
}

// connectNow connects without a browser: with typed credentials, or client credentials.
func (k *Keeper) connectNow(ctx context.Context, c *lanyard.Caller, con *Connection, in ConnectInput) error {
	values, err := con.Service.ValueOf(in.Parameters)
	if err != nil {
		return err
	}
	cred, err := con.Service.CredentialFrom(in.Credentials)
	if err != nil {
		return err
	}
	cred.Parameters = values
	a := k.newAuthorization(con, c.User)
	if con.Service.Auth.OAuth2 != nil {
		got, err := k.clientCredentials(ctx, con, cred)
		if err != nil {
			return tokenError(con, "connect", err)
		}
		got.into(a, cred, k.Store.Now())
		if cred.Parameters, err = learn(con.Service, values, lanyard.LearnToken, got.Member); err != nil {
			cred.Parameters = values
			k.abandon(ctx, con, c.User, cred)
			return err
		}
	}
	return k.save(ctx, c, con, a, cred)
}

func (k *Keeper) newAuthorization(con *Connection, user lanyard.UserID) *lanyard.Authorization {
	now := k.Store.Now()
	scopes := con.Scopes
	if o := con.Service.Auth.OAuth2; o != nil {
		scopes = lanyard.ScopeValues(o.Asks(scopes))
	}
	return &lanyard.Authorization{
		ID: lanyard.NewAuthorizationID(), OrganizationID: con.OrganizationID, ConnectionID: con.ID, UserID: user,
		Status: lanyard.StatusConnected, Scopes: scopes, ServiceVersion: con.Service.Version,
		RefreshedAt: now, CreatedAt: now, UpdatedAt: now,
	}
}

// save asks for what the service has to know beside a new credential, verifies it, where the service says how, and
// stores it.
func (k *Keeper) save(ctx context.Context, c *lanyard.Caller, con *Connection, a *lanyard.Authorization, cred *lanyard.Credential) error {
	if err := k.tryOut(ctx, con, a, cred); err != nil {
		k.abandon(ctx, con, c.User, cred)
		return err
	}
	k.noteVerified(ctx, con.Service)
	if c.ConnectSession != "" {
		return k.hold(ctx, c, con, a, cred)
	}
	ok, _, err := k.Store.SaveAuthorization(ctx, a, cred, c.Audit(lanyard.ActionConnect, string(con.ID), string(con.LinkName)))
	if err != nil {
		return err
	}
	if !ok {
		// While the provider was asked, the connection was deleted or its service edited. What was granted is given back.
		k.giveBack(ctx, con, cred)
		return changedMeanwhile(con)
	}
	return nil
}

// tryOut completes a new credential and sees whether it works.
func (k *Keeper) tryOut(ctx context.Context, con *Connection, a *lanyard.Authorization, cred *lanyard.Credential) error {
	if err := k.lookUp(ctx, con, cred); err != nil {
		return err
	}
	live, err := k.ready(ctx, con, a, cred)
	if err != nil {
		return err
	}
	return k.verify(ctx, live)
}

func changedMeanwhile(con *Connection) error {
	return lanyard.Errorf(lanyard.CodeConflict, "The connection %s or its service was changed meanwhile: start again.", con.LinkName)
}

// ConnectPage is what the page for connecting says and asks.
type ConnectPage struct {
	Connection    *lanyard.Connection
	Service       *lanyard.Service
	ServiceAuthor string // name of the member who defined it; empty for a default service
	Owner         string // name of the connection's owner
	ForUser       string // name of the user whose credentials it will hold
	Asker         string // name of the organization that asks an end user to connect; empty for who is signed in
	Application   string // host of the application that leads such a person here
	Hosts         []string
	AnyHost       bool
	Scopes        []lanyard.Scope
	Parameters    []lanyard.DynamicParameter // that the person is asked for
	Values        map[string]string          // of the parameters, as given beforehand; none of a secret one
	Fields        []lanyard.CredentialField
	Consent       bool   // the browser goes on to the provider
	ProviderHost  string // where it goes; with placeholders as they stand
	Direct        bool   // this very user asked for it through the API with everything known: go straight on
	Status        lanyard.Status
	StatusReason  string
	ReturnTo      string
}

// ConnectPage gives the facts for the page of a link. Only the user whom the link was made for sees it.
func (k *Keeper) ConnectPage(ctx context.Context, c *lanyard.Caller, token string) (*ConnectPage, error) {
	link, con, err := k.openLink(ctx, c, token)
	if err != nil {
		return nil, err
	}
	s := con.Service
	p := &ConnectPage{
		Connection: &con.Connection, Service: s, Hosts: s.ShownHosts(), Parameters: s.Asked(), Values: withoutSecrets(s, link.Parameters),
		Fields: s.CredentialFields(), Consent: needsConsent(s), Direct: link.Direct, Status: lanyard.StatusNotConnected, ReturnTo: link.ReturnTo,
	}
	for _, host := range p.Hosts {
		pattern, err := lanyard.ParseHostPattern(host)
		p.AnyHost = p.AnyHost || err == nil && pattern.Any()
	}
	if a := s.Auth.OAuth2; a != nil {
		asked := lanyard.ScopeValues(a.Asks(con.Scopes))
		for _, scope := range a.Scopes {
			if slices.Contains(asked, scope.Value) {
				p.Scopes = append(p.Scopes, scope)
			}
		}
		p.ProviderHost = hostOf(a.AuthorizeURL)
	}
	if a := s.Auth.OAuth1; a != nil {
		p.ProviderHost = hostOf(a.AuthorizeURL)
	}
	for _, who := range []struct {
		id   lanyard.UserID
		name *string
	}{{s.Author, &p.ServiceAuthor}, {con.Owner, &p.Owner}, {c.User, &p.ForUser}} {
		user, err := k.Store.User(ctx, c.Organization, who.id)
		if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
			return nil, err
		} else if err == nil {
			*who.name = user.Name
		}
	}
	if c.ConnectSession != "" {
		if err := k.asker(ctx, c, p); err != nil {
			return nil, err
		}
	}
	a, err := k.Store.Authorization(ctx, c.Organization, con.ID, c.User)
	if err == nil {
		p.Status, p.StatusReason = a.Status, a.StatusReason
	} else if lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return nil, err
	}
	return p, nil
}

// withoutSecrets leaves out the values of parameters that are never shown again.
func withoutSecrets(s *lanyard.Service, values map[string]string) map[string]string {
	shown := maps.Clone(values)
	for _, p := range s.DynamicParameters {
		if p.Secret {
			delete(shown, p.Key)
		}
	}
	return shown
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// openLink finds what a token stands for, and refuses everybody but the user whom it was made for.
func (k *Keeper) openLink(ctx context.Context, c *lanyard.Caller, token string) (*store.ConnectLink, *Connection, error) {
	unknown := lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old. Ask for a new one: links last an hour.")
	if len(token) > maxToken {
		return nil, nil, unknown
	}
	link, err := k.link(ctx, c, token)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, nil, unknown
	} else if err != nil {
		return nil, nil, err
	}
	if link.Organization != c.Organization {
		return nil, nil, unknown
	}
	if link.User != c.User {
		return nil, nil, lanyard.Errorf(lanyard.CodeForbidden, "This link to connect was made for somebody else. Nobody can connect in another person's place.")
	}
	con, err := k.Store.ConnectionByID(ctx, c.Organization, link.Connection)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, nil, unknown
	} else if err != nil {
		return nil, nil, err
	}
	if err := access.Connect(c, con); err != nil {
		return nil, nil, err
	}
	full, err := k.withService(ctx, con, k.epoch.Load())
	if err != nil {
		return nil, nil, err
	}
	if err := full.Validate(full.Service); err != nil {
		return nil, nil, err
	}
	return link, full, full.Service.CheckClient()
}

// link finds a link by its token: a connect session's where the caller is an end user, and a signed-in user's otherwise.
func (k *Keeper) link(ctx context.Context, c *lanyard.Caller, token string) (*store.ConnectLink, error) {
	if c.ConnectSession != "" {
		return k.sessionLink(ctx, c, token)
	}
	return k.Store.ConnectLink(ctx, hashToken("connect", token))
}

// Outcome says where the browser goes next.
type Outcome struct {
	Continue   string // path that leads on to the provider
	Result     string // path of the page that says what came of it, or where the person wanted to go
	Connection lanyard.LinkName
	EndUser    bool // it belongs to a connect session
}

// SubmitConnect takes what a person typed on the page. Typed credentials connect at once; for a consent the parameter
// values are kept and the browser is to go on.
func (k *Keeper) SubmitConnect(ctx context.Context, c *lanyard.Caller, token string, in ConnectInput) (*Outcome, error) {
	link, con, err := k.openLink(ctx, c, token)
	if err != nil {
		return nil, err
	}
	if needsConsent(con.Service) {
		values, err := con.Service.ValueOf(in.Parameters)
		if err != nil {
			return nil, err
		}
		if c.ConnectSession != "" {
			return &Outcome{Continue: sessionPath(token) + "/go", Connection: con.LinkName, EndUser: true},
				k.Store.SetSessionParameters(ctx, c.Organization, c.ConnectSession, values)
		}
		path, err := k.newLink(ctx, con, c.User, store.ConnectLink{ReturnTo: link.ReturnTo, Parameters: values})
		return &Outcome{Continue: path + "/go", Connection: con.LinkName}, err
	}
	if err := k.connectNow(ctx, c, con, in); err != nil {
		return nil, err
	}
	if c.ConnectSession != "" {
		return &Outcome{Result: endPath(c.Organization, c.ConnectSession), Connection: con.LinkName, EndUser: true}, nil
	}
	if err := k.Store.DeleteConnectLink(ctx, c.Organization, hashToken("connect", token)); err != nil {
		return nil, err
	}
	id, err := k.finished(ctx, c, con, link.ReturnTo)
	return &Outcome{Result: resultPath(link.ReturnTo, id), Connection: con.LinkName}, err
}

// finished notes a consent request that is done already, so that connecting by typing ends on the same result page.
func (k *Keeper) finished(ctx context.Context, c *lanyard.Caller, con *Connection, returnTo string) (lanyard.ConsentRequestID, error) {
	req := k.newConsent(c, con, returnTo)
	if err := k.Store.CreateConsentRequest(ctx, req, hashToken("finished", string(req.ID))); err != nil {
		return "", err
	}
	return req.ID, k.Store.FinishConsentRequest(ctx, c.Organization, req.ID, false, worked)
}

func resultPath(returnTo string, id lanyard.ConsentRequestID) string {
	if returnTo != "" {
		return returnTo
	}
	return "/connect/result/" + string(id)
}
