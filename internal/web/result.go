package web

import (
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
)

// resultPage is the end of connecting: it worked, or what went wrong and what to do.
type resultPage struct {
	frame
	OK         bool
	Connection *lanyard.Connection
	Service    *lanyard.Service
	Outcome    string // what went wrong
	Remedy     string
	Warning    string // it worked, but
	Missing    []lanyard.Scope
	Path       string // of the connection's page
	Again      string // where the form goes that tries again
	Commands   []command
	Back       string // where the person came from; empty when nowhere
	BackTo     string // what the link back says
}

func (resultPage) template() string { return "result" }

func newResultPage(v visitor, r *credential.ConsentResult, publicURL string) resultPage {
	name := r.Connection.Name
	p := resultPage{
		frame: newFrame(v, name+" is connected"), OK: r.OK, Connection: r.Connection, Service: r.Service, Outcome: said(r.Outcome),
		Remedy: said(r.Remedy), Warning: said(r.Warning), Missing: scopesNamed(r.Service, r.Missing),
		Path: connectionPath(r.Connection.LinkName), Again: connectionPath(r.Connection.LinkName, "connect"),
	}
	if r.ReturnTo != "" && destination(r.ReturnTo) == r.ReturnTo {
		p.Back, p.BackTo = r.ReturnTo, "Go back"
		if host := hostOf(r.ReturnTo); host != "" {
			p.BackTo = "Back to " + host
		}
	}
	if !r.OK {
		p.Title = name + " is not connected"
		return p
	}
	p.Commands = commands(r.Connection, r.Service, publicURL)
	return p
}

// scopesNamed gives scope values their names.
func scopesNamed(s *lanyard.Service, values []string) []lanyard.Scope {
	var named []lanyard.Scope
	for _, value := range values {
		scope := lanyard.Scope{Name: value, Value: value}
		if s.Auth.OAuth2 != nil {
			for _, known := range s.Auth.OAuth2.Scopes {
				if known.Value == value {
					scope = known
				}
			}
		}
		named = append(named, scope)
	}
	return named
}

// commands are lines ready to paste that call through the connection.
func commands(c *lanyard.Connection, s *lanyard.Service, publicURL string) []command {
	call := newExampleCall(c, s, publicURL)
	return []command{newCommand("command-invoke", "With the command line", call.invoke()), newCommand("command-curl", "With curl", call.curl())}
}

// examplePath is a path that the service is known to answer, where its definition names one without placeholders.
func examplePath(s *lanyard.Service) string {
	path, ok := strings.CutPrefix(s.VerifyURL, strings.TrimSuffix(s.BaseURL, "/"))
	if !ok || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "{}[]") {
		return "/"
	}
	return path
}

// exampleHost is the first host of the service that is a host, or a stand-in for one that the reader replaces.
func exampleHost(s *lanyard.Service) string {
	for _, host := range s.Hosts {
		if !strings.ContainsAny(host, "*{") {
			return host
		}
	}
	return "api.example.com"
}

// shellWord quotes a text as one word for a POSIX shell, where it needs it.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func (s *site) result(w http.ResponseWriter, r *http.Request, v visitor) error {
	id := r.PathValue("id")
	v, err := s.whoFinds(r, v, func(v visitor) error {
		_, err := s.keeper.ConsentResult(r.Context(), v.caller, id)
		return err
	})
	if err != nil {
		return err
	}
	result, err := s.keeper.ConsentResult(r.Context(), v.caller, id)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newResultPage(v, result, s.publicURL))
}

// callback takes the browser back from a provider, and sends it on to an address without code and state. Where the
// keeper refuses the answer as it stands, there is no such address; app.js then takes them out of the address bar.
func (s *site) callback(w http.ResponseWriter, r *http.Request, v visitor) error {
	// The flow was begun in this organization, whichever the person switched to since.
	organization := lanyard.OrganizationID(r.PathValue("organization"))
	if in, ok, err := s.within(r, v, organization); err != nil {
		return err
	} else if ok {
		v = in
	}
	outcome, err := s.keeper.Callback(r.Context(), v.caller, lanyard.NewSecret(s.cookie(r, flowCookie)), organization, r.PathValue("service"), r.URL.Query())
	if err != nil {
		return err
	}
	if outcome.EndUser {
		keepOpener(w)
	}
	http.Redirect(w, r, destination(outcome.Result), http.StatusSeeOther) // destination says where a browser may go
	return nil
}
