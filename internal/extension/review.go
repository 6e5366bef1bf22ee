package extension

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"lanyard"
	"lanyard/internal/script"
)

// Contents is what a package brings, as somebody reads it who decides about it.
type Contents struct {
	Services    []BroughtService
	Connections []BroughtConnection
	Scripts     []BroughtScript
	Tasks       []string // by name
	Hosts       []string // that its scripts call without a connection
}

// BroughtService is one custom service.
type BroughtService struct {
	LinkName    lanyard.LinkName
	Name        string
	Type        lanyard.AuthType
	Hosts       []string // where its credentials may go
	URLs        []NamedURL
	NeedsClient bool // an admin has to register an OAuth client with the provider
}

// NamedURL is one of a service's own URLs, such as its access token URL.
type NamedURL struct{ Name, URL string }

// BroughtConnection is one connection and what it may do.
type BroughtConnection struct {
	Connection
	ServiceName string
	Hosts       []string
	Scopes      []lanyard.Scope
	Scripts     []lanyard.LinkName // of the package, that name it
}

// BroughtScript is one script.
type BroughtScript struct {
	Script
	Connections []lanyard.LinkName
	Tasks       []string
	Lines       int
}

// Contents tells what a package brings. Of default services the catalogue knows; of one that is not there any more only
// the link name is told.
func (p *Package) Contents(defaults func(lanyard.LinkName) *lanyard.Service) *Contents {
	c := &Contents{Hosts: p.Hosts}
	own := map[lanyard.LinkName]*lanyard.Service{}
	for _, s := range p.CustomServices() {
		own[s.LinkName] = s
		c.Services = append(c.Services, BroughtService{
			LinkName: s.LinkName, Name: s.Name, Type: s.Auth.Type, Hosts: s.ShownHosts(), URLs: urlsOf(s), NeedsClient: s.Auth.OAuth1 != nil || s.Auth.OAuth2 != nil,
		})
	}
	for _, t := range p.Tasks() {
		c.Tasks = append(c.Tasks, t.Name)
	}
	namedBy := map[lanyard.LinkName][]lanyard.LinkName{}
	for _, s := range p.Scripts {
		b := BroughtScript{Script: s, Lines: strings.Count(strings.TrimSuffix(s.Source, "\n"), "\n") + 1}
		b.Connections, b.Tasks = p.uses(s.Source)
		for _, name := range b.Connections {
			namedBy[name] = append(namedBy[name], s.LinkName)
		}
		c.Scripts = append(c.Scripts, b)
	}
	for _, con := range p.Connections {
		b := BroughtConnection{Connection: con, ServiceName: string(con.Service), Scripts: namedBy[con.LinkName]}
		s := own[con.Service]
		if s == nil {
			s = defaults(con.Service)
		}
		if s != nil {
			b.ServiceName, b.Hosts = s.Name, s.ShownHosts()
			if s.Auth.OAuth2 != nil {
				b.Scopes = s.Auth.OAuth2.Asks(con.Scopes)
			}
		}
		c.Connections = append(c.Connections, b)
	}
	return c
}

// uses are the connections of the package that stand in a script, and the tasks that it calls, each sorted. Of a script
// that cannot be read any more nothing is known.
func (p *Package) uses(source string) (connections []lanyard.LinkName, tasks []string) {
	parsed, err := script.Parse(source)
	if err != nil {
		return nil, nil
	}
	note := func(name string) {
		if link := lanyard.LinkName(name); p.Connection(link) != nil && !slices.Contains(connections, link) {
			connections = append(connections, link)
		}
	}
	for _, name := range parsed.Connections {
		note(name)
	}
	for _, use := range parsed.Tasks {
		note(use.Last)
		if !slices.Contains(tasks, use.Name) {
			tasks = append(tasks, use.Name)
		}
	}
	slices.Sort(connections)
	slices.Sort(tasks)
	return connections, tasks
}

// urlsOf are the URLs of a service that has them, by their names.
func urlsOf(s *lanyard.Service) []NamedURL {
	all := []NamedURL{{"base URL", s.BaseURL}, {"verification URL", s.VerifyURL}}
	if a := s.Auth.OAuth1; a != nil {
		all = append(all, NamedURL{"request token URL", a.RequestTokenURL}, NamedURL{"authorize URL", a.AuthorizeURL}, NamedURL{"access token URL", a.AccessTokenURL})
	}
	if a := s.Auth.OAuth2; a != nil {
		all = append(all, NamedURL{"authorize URL", a.AuthorizeURL}, NamedURL{"access token URL", a.AccessTokenURL},
			NamedURL{"refresh token URL", a.RefreshTokenURL}, NamedURL{"revoke token URL", a.RevokeTokenURL})
	}
	for _, p := range s.DynamicParameters {
		if p.Learn != nil {
			all = append(all, NamedURL{"URL that says " + said(p.Name), p.Learn.URL})
		}
	}
	return slices.DeleteFunc(all, func(u NamedURL) bool { return u.URL == "" })
}

// said is a text of a package as it stands in a sentence: what does not show what it does is written out.
func said(s string) string {
	if s != "" && !strings.ContainsFunc(s, hidden) && !unicode.IsSpace(rune(s[0])) && !unicode.IsSpace(rune(s[len(s)-1])) {
		return s
	}
	return strconv.Quote(s)
}
