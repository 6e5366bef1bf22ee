package lanyard

import "time"

// Organization is the tenant: nothing of one is ever visible from another.
type Organization struct {
	ID        OrganizationID
	Name      string
	CreatedAt time.Time
}

// Role is what a user may do in the organization.
type Role string

const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// User is a person in an organization.
type User struct {
	ID             UserID
	OrganizationID OrganizationID
	Email          string
	Name           string
	Role           Role
	ExternalID     string // the host application's own id for this person; may be empty
	Disabled       bool
	CreatedAt      time.Time
}

// APIKey lets a program act as the user it belongs to, within its rights. The key itself is stored as a hash.
type APIKey struct {
	ID             APIKeyID
	OrganizationID OrganizationID
	UserID         UserID
	Name           string
	Hint           string // the last characters of the key, to tell keys apart
	Rights         KeyRights
	CreatedAt      time.Time
	ExpiresAt      time.Time // zero: never
	LastUsedAt     time.Time // zero: never; kept within a minute
}

// KeyRights narrow what a key may do below what its user may.
type KeyRights struct {
	ActForUsers bool `json:"act_for_users"`
	// Manage: create, change and delete services, connections and keys. Without it a key only invokes and reads.
	Manage bool `json:"manage"`
	// Connections, when not empty, are the only ones the key may invoke or see.
	Connections []LinkName `json:"connections,omitempty"`
}
