package definitions

import (
	"log/slog"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/extension"
	"lanyard/internal/function"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// Config is what [New] needs.
type Config struct {
	Store      *store.Store
	Services   *registry.Directory
	Registry   *registry.Registry
	Functions  *function.Functions
	Extensions *extension.Extensions
	Accounts   *account.Accounts
	Revoker    registry.Revoker
	Logger     *slog.Logger
}

// Definitions is safe for concurrent use.
type Definitions struct{ Config }

// New makes a Definitions.
func New(c Config) *Definitions { return &Definitions{c} }

// Plan is what applying a document changes, in words.
type Plan struct {
	Steps []Step // in the order in which they are made
	// Drift is what is in the organization and not in the document, of the kinds that the document has. It stays.
	Drift []Drift
	// Notes are what somebody should know and applying does not do.
	Notes []string
	// Digest stands for the document and for what it was compared with: applying with it does exactly this, or nothing.
	Digest string
	// Keys are API keys that applying made, each shown this once.
	Keys []NewKey
}

// Step is one change.
type Step struct {
	Kind   string // service, oauth_client, connection, function, extension, api_key, role
	Name   string // link name, or what it is known by
	Action Action
	Words  []string // a sentence for each thing that changes
	Ends   int      // authorizations that it revokes
}

// Action is what a step does.
type Action string

const (
	Create Action = "create"
	Change Action = "change"
)

// Drift is one thing that a document does not name.
type Drift struct{ Kind, Name string }

// NewKey is an API key that was just made.
type NewKey struct {
	Name   string
	Secret lanyard.Secret
}

