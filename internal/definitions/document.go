// Package definitions is everything of an organization that is not a secret, as a file: exported, compared with what there
// is, and applied as a whole or not at all.
//
//	document.go   the file
//	export.go     an organization as a file
//	plan.go       what applying a file would change, in words
//	apply.go      done
package definitions

import (
	"encoding/json"

	"lanyard"
)

// Format is the number of the format that this version writes and reads.
const Format = 1

// Document is what stands in files, YAML or JSON. Several files together are one document. Every list may be left out:
// what a document does not name stays as it is. What it names is as it says: a field that is left out has its default.
type Document struct {
	Format       int           `json:"lanyard"` // of the file; see Format
	Services     []Service     `json:"services,omitzero"`
	OAuthClients []OAuthClient `json:"oauth_clients,omitzero"`
	Connections  []Connection  `json:"connections,omitzero"`
	Functions    []Function    `json:"functions,omitzero"`
	Extensions   []Extension   `json:"extensions,omitzero"`
	APIKeys      []APIKey      `json:"api_keys,omitzero"`
	Roles        []Role        `json:"roles,omitzero"`

	// Remarks are what an export left out, and why; comments in a file.
	Remarks []string `json:"-"`
}

// Service is a custom service.
type Service struct {
	Definition json.RawMessage `json:"definition"` // as the API takes it, without a secret
	// ClientSecret is where the secret comes from that the definition needs.
	ClientSecret *SecretRef `json:"client_secret,omitempty"`
	Author       string     `json:"author,omitempty"` // e-mail; whoever applies it when empty or not there
}

// OAuthClient is the organization's own client of a default service, or of one that an extension brought.
type OAuthClient struct {
	Service      lanyard.LinkName  `json:"service"`
	ClientID     string            `json:"client_id"`
	ClientSecret *SecretRef        `json:"client_secret,omitempty"`
	Parameters   map[string]string `json:"parameters,omitempty"`
}

// Connection is one that was made by hand. Its credentials are never in a document.
type Connection struct {
	LinkName                lanyard.LinkName `json:"link_name"`
	Name                    string           `json:"name"`
	Service                 lanyard.LinkName `json:"service"`
	Scopes                  []string         `json:"scopes,omitempty"`
	UseLoginUserCredentials bool             `json:"use_login_user_credentials,omitempty"`
	UsableBy                lanyard.UsableBy `json:"usable_by,omitempty"` // organization when empty
	Owner                   string           `json:"owner,omitempty"`     // e-mail; whoever applies it when empty or not there
}

// Function is a saved script.
type Function struct {
	LinkName lanyard.LinkName  `json:"link_name"`
	Name     string            `json:"name"`
	Script   string            `json:"script"`
	Schedule *lanyard.Schedule `json:"schedule,omitempty"`
}

// Extension is an installed one, by its publisher's id and its name; the package is not in the document.
type Extension struct {
	Name      lanyard.LinkName       `json:"name"`
	Publisher lanyard.OrganizationID `json:"publisher,omitempty"` // empty: from a file, which is given when applying
	Version   string                 `json:"version"`
	Digest    string                 `json:"digest"`
	WhenGone  lanyard.WhenGone       `json:"when_gone,omitempty"` // keep when empty
}

// APIKey is a key's name and rights, never the key.
type APIKey struct {
	Name            string             `json:"name"`
	Owner           string             `json:"owner"` // e-mail
	Manage          bool               `json:"manage,omitempty"`
	ActForUsers     bool               `json:"act_for_users,omitempty"`
	Connections     []lanyard.LinkName `json:"connections,omitempty"`
	ReturnToOrigins []string           `json:"return_to_origins,omitempty"`
}

// Role is a person's role in the organization.
type Role struct {
	Email string       `json:"email"`
	Role  lanyard.Role `json:"role"`
}

// SecretRef says where a secret comes from when a document is applied: one of the two, read by the command line where it
// runs. A document that reaches the server has Value instead, which is never written.
type SecretRef struct {
	Env   string         `json:"env,omitempty"`  // name of a variable of the environment
	File  string         `json:"file,omitempty"` // path, from where the command runs
	Value lanyard.Secret `json:"value,omitzero"`
}
