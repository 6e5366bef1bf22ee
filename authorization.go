package lanyard

import (
	"strconv"
	"time"
)

// Status is where an authorization stands.
type Status string

const (
	StatusNotConnected      Status = "not_connected"
	StatusConnected         Status = "connected"
	StatusReconnectRequired Status = "reconnect_required"
	StatusRevoked           Status = "revoked"
)

// Authorization is one user's standing on one connection; there is at most one of each pair. It holds no secret: the
// credential that belongs to it is sealed beside it and opened separately.
type Authorization struct {
	ID             AuthorizationID
	OrganizationID OrganizationID
	ConnectionID   ConnectionID
	UserID         UserID
	Status         Status
	StatusReason   string   // plain words; empty while connected
	Scopes         []string // asked for when it was granted
	GrantedScope   string   // as the provider said it; empty when it did not
	// Account is what the provider calls the connected account, where that is known.
	Account        string
	ServiceVersion int64 // of the definition it was connected with

	// Generation is the version of the credential: it grows with each one stored, and a refresh that began from an
	// older one cannot overwrite a newer.
	Generation int64
	ExpiresAt  time.Time // of the access token, by the database's clock; zero: unknown or never
	// Lifetime is what the provider gave the access token; zero: unknown.
	Lifetime    time.Duration
	RefreshDue  time.Time // when the background sweep refreshes it; zero: never
	RefreshedAt time.Time // last credential stored, by connecting or refreshing
	// ForcedAt is the last refresh asked for by an upstream's 401, so that an upstream that always says 401 cannot
	// cause one refresh per call.
	ForcedAt time.Time
	// AttemptAt is set before a refresh request leaves and cleared when its outcome is stored. Found set by somebody
	// else's expired lease, it means that an answer may have been lost.
	AttemptAt      time.Time
	RetryAt        time.Time // after a transient failure: not before
	RefreshFailure int       // transient failures in a row
	LastError      string    // the last refresh failure in words; never a secret
	// LastUsedAt is when a call through it was last answered, half a minute exact; zero: never.
	LastUsedAt time.Time

	CreatedAt time.Time
	UpdatedAt time.Time
}

// RefreshMargin is how long before expiry a call refreshes a token that lives for lifetime. It shrinks for
// short-lived tokens, so that they are used for most of their life.
func RefreshMargin(lifetime time.Duration) time.Duration { return min(30*time.Second, lifetime/10) }

// SweepMargin is how long before expiry the background sweep refreshes, so that calls seldom wait.
func SweepMargin(lifetime time.Duration) time.Duration { return min(5*time.Minute, lifetime/4) }

// SweepAt is when the background sweep refreshes a token. One that lives for less than a minute it leaves to the calls
// that need it: the time is zero.
func SweepAt(expires time.Time, lifetime time.Duration) time.Time {
	if lifetime < time.Minute {
		return time.Time{}
	}
	return expires.Add(-SweepMargin(lifetime))
}

// Due reports whether a call at now should refresh first.
func (a *Authorization) Due(now time.Time) bool {
	return !a.ExpiresAt.IsZero() && !now.Before(a.ExpiresAt.Add(-RefreshMargin(a.Lifetime)))
}

func pointer(base string, i int) string { return base + "/" + strconv.Itoa(i) }
