package lanyard

import (
	"fmt"
	"net/url"
	"strings"
)

// Fence is what the scripts of an extension may reach. Who installed it decided about that and about nothing else, so it
// holds for whoever runs them, with whatever rights. It is shared and never changed.
type Fence struct {
	Extension   ExtensionID
	Title       string
	Connections []LinkName // its own, as they were declared; only for words
	Hosts       HostRules  // those that may be called without a connection
}

// Admit refuses a connection that did not come with the extension. con is nil where there is none of that name, which a
// script is told in the same words, so that it learns no names.
func (f *Fence) Admit(name LinkName, con *Connection) error {
	if con != nil && con.Extension == f.Extension {
		return nil
	}
	return f.needsOwn(fmt.Sprintf("%s is none of them.", name))
}

// NeedsConnection is the error of what would use a connection of its own accord.
func (f *Fence) NeedsConnection(what string) error {
	return f.needsOwn("Name one in the call of " + what + ".")
}

func (f *Fence) needsOwn(remedy string) error {
	if len(f.Connections) == 0 {
		return Errorf(CodeForbidden, "Scripts of the extension %s use no connections: it has none of its own, and may not use others.", f.Title)
	}
	names := make([]string, len(f.Connections))
	for i, name := range f.Connections {
		names[i] = string(name)
	}
	return Errorf(CodeForbidden, "Scripts of the extension %s use its own connections only: %s. %s", f.Title, strings.Join(names, ", "), remedy)
}

// AdmitURL refuses a call without a connection to a host that the extension does not list.
func (f *Fence) AdmitURL(u *url.URL) error {
	_, target, err := ParseURL(u.String())
	named := target.String()
	if target.Scheme == "http" {
		named = "http://" + named // the host may be listed, for https
	}
	switch {
	case err != nil:
		return Errorf(CodeHostNotAllowed, "Scripts of the extension %s cannot call this URL: %s.", f.Title, err)
	case f.Hosts.Allow(target):
		return nil
	case len(f.Hosts.patterns) == 0:
		return Errorf(CodeHostNotAllowed, "Scripts of the extension %s call nothing without a connection: it lists no hosts for that.", f.Title)
	}
	return Errorf(CodeHostNotAllowed, "Without a connection, scripts of the extension %s call only the hosts that it lists: %s. %s is not among them.", f.Title, f.Hosts, named)
}

// AdmitFunction refuses a function that did not come with the extension. fn is nil where there is none of that name, as
// in [Fence.Admit].
func (f *Fence) AdmitFunction(name string, fn *Function) error {
	if fn != nil && fn.Extension == f.Extension {
		return nil
	}
	return Errorf(CodeForbidden, "Scripts of the extension %s call its own functions only, and %s is none of them.", f.Title, name)
}
