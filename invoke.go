package lanyard

import "time"

// Invocation records that a connection was used: never what was said.
type Invocation struct {
	ID             InvocationID
	OrganizationID OrganizationID
	At             time.Time
	ConnectionID   ConnectionID
	Connection     LinkName
	Service        LinkName // of the connection; empty for a call without one
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

// Outcome is how a call ended, in one of four ways.
type Outcome string

const (
	OutcomeOK          Outcome = "ok"           // the service answered with a status below 400
	OutcomeClientError Outcome = "client_error" // the service answered with a status from 400 to 499
	OutcomeServerError Outcome = "server_error" // the service answered with a status from 500
	OutcomeFailed      Outcome = "failed"       // Lanyard refused the call, or the service did not answer
)

// Outcomes are all of them, from good to bad.
var Outcomes = []Outcome{OutcomeOK, OutcomeClientError, OutcomeServerError, OutcomeFailed}

// Outcome says how the call ended.
func (v *Invocation) Outcome() Outcome {
	switch {
	case v.Code != "" || v.Status == 0:
		return OutcomeFailed
	case v.Status < 400:
		return OutcomeOK
	case v.Status < 500:
		return OutcomeClientError
	}
	return OutcomeServerError
}

// ConsentRequest is a consent that was started and not yet finished: it is bound to user, browser session,
// organization, connection and service with its version, and all are compared at the callback. Used once.
type ConsentRequest struct {
	ID             ConsentRequestID
	OrganizationID OrganizationID
	ConnectionID   ConnectionID
	UserID         UserID
	Session        string // hash of the browser session that started it; empty in a connect session
	// ConnectSession is the one that it belongs to, where an end user of a host application started it.
	ConnectSession ConnectSessionID
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
