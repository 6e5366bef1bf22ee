package lanyard

import "time"

// Invocation records that a connection was used: never what was said.
type Invocation struct {
	ID             InvocationID
	OrganizationID OrganizationID
	At             time.Time
	ConnectionID   ConnectionID
	Connection     LinkName
	Authorization  AuthorizationID
	User           UserID // the acting user
	Key            APIKeyID
	Method         string
	Host           string
	Path           string // without the query
	Status         int    // of the upstream; 0 when it did not answer
	BytesSent      int64
	BytesReceived  int64
	Duration       time.Duration
	Code           Code // Lanyard's own error, empty when the upstream answered
}

// ConsentRequest is a consent that was started and not yet finished: it is bound to user, browser session,
// organization, connection and service with its version, and all are compared at the callback. Used once.
type ConsentRequest struct {
	ID             ConsentRequestID
	OrganizationID OrganizationID
	ConnectionID   ConnectionID
	UserID         UserID
	Session        string // hash of the browser session that started it
	ServiceID      ServiceID
	Service        LinkName
	ServiceVersion int64
	ReturnTo       string
	CreatedAt      time.Time
	ExpiresAt      time.Time
	UsedAt         time.Time // zero: not yet
	// Outcome is what came of it, in words for the person; empty while unfinished or when it worked.
	Outcome string
	Failed  bool
	Secrets ConsentSecrets
}

// ConsentSecrets is the sealed part of a consent request.
type ConsentSecrets struct {
	CodeVerifier       Secret // OAuth 2 with PKCE
	RequestToken       Secret // OAuth 1
	RequestTokenSecret Secret
	Parameters         map[string]string // dynamic parameter values given at the start
}
