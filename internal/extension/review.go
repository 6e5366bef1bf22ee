package extension

import (
	"lanyard"
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

// Change is one difference between two versions of an extension.
type Change struct {
	What  string // whose: "Service Acme", "Connection acme_orders", "Script sync"
	Words string // a sentence: "Credentials may also go to files.acme.example."
	// Reach: with it, credentials or what scripts read may go where they did not before, or be allowed more.
	Reach bool
	// Before and After are texts to be shown line by line, such as those of a script; both empty: the sentence says it all.
	Before, After string
}

// Compare tells how a package differs from the installed one, what extends its reach first. None: nothing that matters.
func Compare(before, after *Package) []Change { return nil }

// Contents tells what a package brings. Of default services the catalogue knows.
func (p *Package) Contents(defaults func(lanyard.LinkName) *lanyard.Service) (*Contents, error) {
	return nil, errNotYet
}
