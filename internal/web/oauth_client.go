package web

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
)

// oauthClientPart is the organization's OAuth client for a default service: a form for an owner or admin, and for
// everybody else who that is. It is drawn by parts/oauth_client.html, on a page of its own and on the service's.
type oauthClientPart struct {
	form
	Action       string
	Name         string // of the service, whichever way to connect this is
	Set          bool
	MaySet       bool
	CallbackURL  string // empty where connecting needs no browser
	RegisterURL  string
	Register     string
	Docs         string // the provider's documentation, for where it is not known where to register
	Fingerprint  string // of the secret that is set; empty where there is none
	ClientID     field
	ClientSecret field
	// Parameters are values that come with the client, such as the host of the organization's own server.
	Parameters []field
	// Replace asks to agree to what another client id ends; without a name where it would end nothing.
	Replace field
	// Administrators are those who may set it, for a visitor who may not.
	Administrators []string
}

// oauthClientPage has the part alone: where it is opened from the service's page, and where a try that failed ends.
type oauthClientPage struct {
	frame
	Back     string
	LinkName lanyard.LinkName
	Client   oauthClientPart
}

func (oauthClientPage) template() string { return "oauth_client" }

// oauthClientInput is what was typed.
type oauthClientInput struct {
	clientID   string
	secret     string
	parameters map[string]string
	replace    bool
}

func newOAuthClientPart(p *registry.OAuthClientPage, in *oauthClientInput, d *problem.Document) oauthClientPart {
	id, secret := "Client ID", "Client secret"
	if p.Auth.OAuth1 != nil {
		id, secret = "Consumer key", "Consumer secret"
	}
	part := oauthClientPart{
		Action: serviceAction(p.LinkName, "client"), Name: p.Entry.Name, Set: p.Auth.ClientID() != "", MaySet: p.MaySet,
		RegisterURL: p.Way.RegisterURL, Register: p.Way.Register, Fingerprint: p.SecretFingerprint,
	}
	if httpURL(p.DocsURL) {
		part.Docs = p.DocsURL
	}
	if a := p.Auth.OAuth2; a == nil || a.GrantType == lanyard.AuthorizationCode {
		part.CallbackURL = p.CallbackURL
	}
	for _, u := range p.Administrators {
		part.Administrators = append(part.Administrators, u.Name)
	}
	part.form = newForm(d, "The OAuth client is not set")
	part.Secrets = part.Failed && in != nil && in.secret != ""
	value := p.Auth.ClientID()
	if in != nil {
		value = in.clientID
	}
	part.ClientID = part.field(field{ID: "client-id", Name: "client_id", Label: id, Value: value, Mono: true,
		Help: "As " + p.Entry.Name + " shows it once the application is registered."}, "/client_id")
	part.ClientSecret = part.field(field{ID: "client-secret", Name: "client_secret", Label: secret, Type: "password", Autocomplete: "new-password", Mono: true,
		Optional: part.Set, Help: "It is kept sealed and never shown again."}, "/client_secret")
	for i, parameter := range p.Way.Service().ClientParameters() {
		f := parameterField(i, &parameter, p.ClientValues, nil)
		if in != nil {
			f.Value = in.parameters[parameter.Key]
		}
		part.Parameters = append(part.Parameters, part.field(f, "/parameters/"+parameter.Key))
	}
	if part.Set {
		part.ClientSecret.Help = "Leave it empty to keep the one that is set. It is kept sealed and never shown again."
	}
	if n := p.Affected; part.Set && n != nil && n.Authorizations > 0 {
		what := id
		if len(part.Parameters) > 0 {
			what += ", or another of these values,"
		}
		f := field{ID: "replace", Name: "replace", Type: "switch", Label: "Replace the client, and end what was connected with it",
			Help: fmt.Sprintf("Tokens belong to the client they were given to. Another %s ends %s of %s, given by %s, who have to connect again. A new secret of the same client ends nothing.",
				what, counted(n.Authorizations, "authorization"), counted(n.Connections, "connection"), counted(n.People, "person"))}
		if in != nil && in.replace {
			f.Value = "on"
		}
		part.Replace = part.field(f, "/replace")
	}
	part.rest()
	return part
}

func newOAuthClientPage(v visitor, p *registry.OAuthClientPage, in *oauthClientInput, d *problem.Document) oauthClientPage {
	page := oauthClientPage{frame: newShellFrame(v, "OAuth client for "+p.Name, "/services"), Back: servicePath(p.LinkName), LinkName: p.LinkName, Client: newOAuthClientPart(p, in, d)}
	if page.Client.Failed {
		page.Title = "Error: " + page.Title
	}
	return page
}

// oauthClient reads the facts of a service's OAuth client; not_found for a service that is used with none.
func (s *site) oauthClient(r *http.Request, v visitor) (*registry.OAuthClientPage, error) {
	p, err := s.registry.OAuthClientPage(r.Context(), v.caller, r.PathValue("service"))
	if err != nil {
		return nil, err
	}
	if !p.NeedsClient() {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "The service %s is not used with an OAuth client of the organization.", p.Name)
	}
	return p, nil
}

func (s *site) oauthClientForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.oauthClient(r, v)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newOAuthClientPage(v, p, nil, nil))
}

func (s *site) setOAuthClient(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.oauthClient(r, v)
	if err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	in := &oauthClientInput{clientID: r.PostForm.Get("client_id"), secret: r.PostForm.Get("client_secret"), replace: r.PostForm.Get("replace") != "", parameters: map[string]string{}}
	for _, parameter := range p.Way.Service().ClientParameters() {
		if value := strings.TrimSpace(r.PostForm.Get(parameterInput(parameter.Key))); value != "" {
			in.parameters[parameter.Key] = value
		}
	}
	revoked := 0
	err = in.agreed(p)
	if err == nil {
		set := registry.OAuthClientInput{ClientID: in.clientID, Parameters: in.parameters}
		if secret := lanyard.NewSecret(in.secret); !secret.IsZero() {
			set.ClientSecret = &secret
		}
		_, revoked, err = s.registry.SetOAuthClient(r.Context(), v.caller, string(p.LinkName), set)
	}
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newOAuthClientPage(v, p, in, d))
	} else if err != nil {
		return err
	}
	text := "It can be connected now."
	if revoked > 0 {
		text = capital(counted(revoked, "authorization")) + " ended: those who gave them were asked to connect again."
	}
	s.tell(w, newNotice("ok", "The OAuth client for "+p.Name+" is set", text))
	http.Redirect(w, r, servicePath(p.LinkName), http.StatusSeeOther)
	return nil
}

// agreed asks before another client ends what was connected with the one that is set.
func (in *oauthClientInput) agreed(p *registry.OAuthClientPage) error {
	now := p.Auth.ClientID()
	same := in.clientID == now && maps.Equal(in.parameters, p.ClientValues)
	if in.replace || now == "" || same || in.clientID == "" || p.Affected == nil || p.Affected.Authorizations == 0 {
		return nil
	}
	var f lanyard.FieldErrors
	f.Add("/replace", "switch this on to set another client: it ends what was connected with the one before")
	return f.Err()
}
