package lanyard

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

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
	Email          string // empty for somebody whom only a host application knows, by ExternalID; then they cannot sign in
	Name           string
	Role           Role
	ExternalID     string // the host application's own id for this person; may be empty
	Disabled       bool
	CreatedAt      time.Time
}

// MaxExternalID is how many characters an external id has at most.
const MaxExternalID = 200

// CheckExternalID says why a text is not taken for an external id; nil when it is. It is printable, so that it can stand
// in a header and in a log.
func CheckExternalID(s string) error {
	switch {
	case s == "":
		return errors.New("an external id has at least one character")
	case utf8.RuneCountInString(s) > MaxExternalID:
		return fmt.Errorf("an external id has at most %d characters", MaxExternalID)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("an external id holds printable characters only")
	case strings.TrimSpace(s) != s:
		return errors.New("an external id neither begins nor ends with a blank")
	}
	return nil
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
	Previous       PreviousKey
}

// PreviousKey is the secret that an API key had before it was rotated, and that still works. The zero value is none.
type PreviousKey struct {
	Hint       string
	ExpiresAt  time.Time
	LastUsedAt time.Time // zero: never
	Presented  bool      // the key was found by this secret
}

// EndsAt is when the secret that was presented stops working; zero: never.
func (k *APIKey) EndsAt() time.Time {
	if k.Previous.Presented && (k.ExpiresAt.IsZero() || k.Previous.ExpiresAt.Before(k.ExpiresAt)) {
		return k.Previous.ExpiresAt
	}
	return k.ExpiresAt
}

// KeyRights narrow what a key may do below what its user may.
type KeyRights struct {
	ActForUsers bool `json:"act_for_users"`
	// Manage: create, change and delete services, connections and keys. Without it a key only invokes and reads.
	Manage bool `json:"manage"`
	// Connections, when not empty, are the only ones the key may invoke or see.
	Connections []LinkName `json:"connections,omitempty"`
	// ReturnToOrigins are where the browser of an end user may be sent back to by a connect session of the key.
	ReturnToOrigins []string `json:"return_to_origins,omitempty"`
}
