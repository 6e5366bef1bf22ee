package web

import (
	"fmt"
	"net/http"
	"net/url"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/problem"
)

// connectPage is Lanyard's own page for connecting: it says what will happen with a credential before there is one.
type connectPage struct {
	frame
	form
	Action      string // where the form goes
	Connection  *lanyard.Connection
	Service     *lanyard.Service
	Author      string // who defined the service; empty for one that comes with Lanyard
	Owner       string // of the connection; empty for the visitor
	ForUser     string
	UsedFor     audience
	Asker       string // the organization that asks an end user; empty for who is signed in
	Application string // its host
	Cancel      string // where the link goes that does not connect
	Hosts       []string
	AnyHost     bool
	Scopes      []lanyard.Scope
	Fields      []field
	Consent     bool
	// ProviderHost is where the browser goes on to; empty where that is not known beforehand.
	ProviderHost string
	// Go is the address that leads straight on to the provider; empty where something has to be sent first.
	Go     string
	Button string
	Now    notice // how the connection stands; without text when there is nothing to say
}

func (connectPage) template() string { return "connect" }

// connectPath is the address of a link. The token came out of an address and goes back into one.
func connectPath(token string) string { return "/connect/" + url.PathEscape(token) }

// newConnectPage draws the page. After a try that did not work, in holds what was typed and d what came of it.
func newConnectPage(v visitor, token string, p *credential.ConnectPage, in credential.ConnectInput, d *problem.Document) connectPage {
	name := p.Connection.Name
	page := connectPage{
		frame: newFrame(v, "Connect "+name), Action: v.linkPath(token), Connection: p.Connection, Service: p.Service,
		Author: p.ServiceAuthor, ForUser: p.ForUser, UsedFor: usedFor(p.Connection), Hosts: p.Hosts, AnyHost: p.AnyHost, Scopes: p.Scopes,
		Consent: p.Consent, ProviderHost: p.ProviderHost, Button: "Connect", Now: standing(p),
	}
	page.form = newForm(d, name+" is not connected")
	if page.Failed {
		page.Title = "Error: " + page.Title
	}
	if p.Connection.Owner != v.caller.User && v.session == nil {
		page.Owner = p.Owner
	}
	page.Cancel = "/"
	if v.session != nil {
		page.Asker, page.Application, page.Cancel = p.Asker, p.Application, v.session.Cancel
		page.UsedFor = audience{"Your own calls", "What you do in that application, and nobody else."}
	}
	switch p.Status {
	case lanyard.StatusConnected, lanyard.StatusReconnectRequired, lanyard.StatusRevoked:
		page.Button = "Reconnect"
	}
	for i := range p.Parameters {
		f := parameterField(i, &p.Parameters[i], p.Values, in.Parameters)
		page.Secrets = page.Secrets || f.Type == "password"
		page.Fields = append(page.Fields, page.field(f, "/parameters/"+p.Parameters[i].Key))
	}
	for i, c := range p.Fields {
		f := field{ID: fmt.Sprintf("credential-%d", i), Name: credentialInput(c.Name), Label: c.Label, Optional: c.Optional, Mono: true}
		if c.Secret {
			f.Type, f.Autocomplete = "password", "new-password"
			page.Secrets = true
		} else {
			f.Value = in.Credentials[c.Name].Reveal() // a user name or key id, which the page may show again
		}
		page.Fields = append(page.Fields, page.field(f, "/credentials/"+c.Name))
	}
	page.rest()
	if p.Consent && len(p.Parameters) == 0 {
		page.Go = page.Action + "/go"
	}
	return page
}

// The names of inputs carry what they stand for and not a position, so that a value never lands in another field when
// the service is edited while somebody types.
func parameterInput(key string) string   { return "parameter." + key }
func credentialInput(name string) string { return "credential." + name }

// parameterField asks for a dynamic parameter: what was typed, else what was given beforehand, else the default.
func parameterField(i int, p *lanyard.DynamicParameter, before, typed map[string]string) field {
	f := field{ID: fmt.Sprintf("parameter-%d", i), Name: parameterInput(p.Key), Label: p.Name, Help: p.Help, Choices: p.Choices, Value: p.Default, Placeholder: p.Example, Optional: p.Optional, Mono: true}
	if v, ok := before[p.Key]; ok {
		f.Value = v
	}
	if v, ok := typed[p.Key]; ok {
		f.Value = v
	}
	if p.Secret {
		f.Type, f.Autocomplete, f.Value = "password", "new-password", ""
	}
	if f.Help == "" && p.Pattern != "" && p.Example == "" {
		f.Help = "It has the form " + p.Pattern
	}
	return f
}

// audience is whose calls will use the credential, in a few words and in a sentence.
type audience struct{ Who, Detail string }

// usedFor says in whose calls the credential will be used (design section 3).
func usedFor(c *lanyard.Connection) audience {
	switch {
	case c.Origin == lanyard.OriginInternal:
		return audience{"Your own integration tasks", "A task that names no connection uses it when it is run for you. Nobody else can use it."}
	case c.UseLoginUserCredentials:
		return audience{"Your own calls", "Everybody else connects with an account of their own."}
	case c.UsableBy == lanyard.UsableByOwner:
		return audience{"Your own calls", "Nobody else can use this connection."}
	default:
		return audience{"Everybody in your organization", "Whoever calls through this connection acts with this credential."}
	}
}

// standing says how the connection stands before it is connected again.
func standing(p *credential.ConnectPage) notice {
	switch p.Status {
	case lanyard.StatusConnected:
		return newNotice("info", "Connected now", "Connecting again replaces the credential that is stored.")
	case lanyard.StatusReconnectRequired:
		return newNotice("warning", "It has to be connected again", said(p.StatusReason))
	case lanyard.StatusRevoked:
		return newNotice("info", "It was revoked", said(p.StatusReason))
	}
	return notice{}
}

func (s *site) connectForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	token := r.PathValue("token")
	p, err := s.connectPage(w, r, v)
	if err != nil {
		return err
	}
	if p.Direct {
		return s.leave(w, r, v, v.linkPath(token)+"/go")
	}
	return s.write(w, http.StatusOK, newConnectPage(v, token, p, credential.ConnectInput{}, nil))
}

// connectPage reads the facts of a link. When the link is for another person, that one may still sign in here, so the
// address is remembered.
func (s *site) connectPage(w http.ResponseWriter, r *http.Request, v visitor) (*credential.ConnectPage, error) {
	p, err := s.keeper.ConnectPage(r.Context(), v.caller, r.PathValue("token"))
	if lanyard.CodeOf(err) == lanyard.CodeForbidden && v.session == nil {
		s.comeBack(w, r)
	}
	return p, err
}

// connect takes the form. What it asks for is asked for again from the keeper, so nothing else is read from it.
func (s *site) connect(w http.ResponseWriter, r *http.Request, v visitor) error {
	token := r.PathValue("token")
	p, err := s.connectPage(w, r, v)
	if err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	in := credential.ConnectInput{Credentials: map[string]lanyard.Secret{}, Parameters: map[string]string{}}
	for _, q := range p.Parameters {
		in.Parameters[q.Key] = r.PostForm.Get(parameterInput(q.Key))
	}
	for _, c := range p.Fields {
		// What is left empty is not given.
		if value := lanyard.NewSecret(r.PostForm.Get(credentialInput(c.Name))); !value.IsZero() {
			in.Credentials[c.Name] = value
		}
	}
	outcome, err := s.keeper.SubmitConnect(r.Context(), v.caller, token, in)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newConnectPage(v, token, p, in, d))
	} else if err != nil {
		return err
	}
	if outcome.Continue != "" {
		return s.write(w, http.StatusOK, newContinuePage(v, outcome.Continue, p.ProviderHost))
	}
	if outcome.EndUser {
		return s.write(w, http.StatusOK, newContinuePage(v, outcome.Result, p.Application))
	}
	return s.leave(w, r, v, outcome.Result)
}

// startConsent leaves for the provider. Where another site led here, the page with the facts comes first, unless the
// user asked for this very consent through the API.
//
// Its address is /connect/{token}/go. The mux would not have that beside /connect/result/{id}, for neither is more
// specific than the other, so the last part is compared here.
func (s *site) startConsent(w http.ResponseWriter, r *http.Request, v visitor) error {
	if r.PathValue("go") != "go" {
		return noPage()
	}
	token := r.PathValue("token")
	if otherSite(r) {
		p, err := s.connectPage(w, r, v)
		if err != nil {
			return err
		}
		if !p.Direct {
			return s.leave(w, r, v, v.linkPath(token))
		}
	}
	provider, err := s.keeper.StartConsent(r.Context(), v.caller, token)
	if d := s.onForm(r, err); d != nil {
		// The page for connecting says what went wrong, and has the button to try again.
		p, err := s.connectPage(w, r, v)
		if err != nil {
			return err
		}
		return s.write(w, d.Status, newConnectPage(v, token, p, credential.ConnectInput{}, d))
	} else if err != nil {
		return err
	}
	http.Redirect(w, r, provider, http.StatusSeeOther) // to the authorize URL of the service's definition, which the keeper filled
	return nil
}

// connectLink makes a link to connect for the signed-in user and goes there.
func (s *site) connectLink(w http.ResponseWriter, r *http.Request, v visitor) error {
	path, err := s.keeper.ConnectLink(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	return s.leave(w, r, v, path)
}
