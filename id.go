package lanyard

import "crypto/rand"

// Ids are made here, not in the database. The prefix makes a log line explain itself; the rest is 26 characters
// of base 32 from crypto/rand (130 bits), so an id says nothing and cannot be guessed.
type (
	OrganizationID string
	UserID         string
	ServiceID      string
	ConnectionID   string
	// AuthorizationID names one user's standing on one connection.
	AuthorizationID  string
	ConsentRequestID string
	APIKeyID         string
	// ConnectSessionID names the connecting of one end user of a host application.
	ConnectSessionID string
	InvocationID     string
	AuditID          string
	WebhookID        string
	WebhookEventID   string
	FunctionID       string
	RunID            string
	ExtensionID      string
)

func newID(prefix string) string { return prefix + "_" + rand.Text() }

func NewOrganizationID() OrganizationID     { return OrganizationID(newID("org")) }
func NewUserID() UserID                     { return UserID(newID("usr")) }
func NewServiceID() ServiceID               { return ServiceID(newID("svc")) }
func NewConnectionID() ConnectionID         { return ConnectionID(newID("con")) }
func NewAuthorizationID() AuthorizationID   { return AuthorizationID(newID("azn")) }
func NewConsentRequestID() ConsentRequestID { return ConsentRequestID(newID("cns")) }
func NewAPIKeyID() APIKeyID                 { return APIKeyID(newID("key")) }
func NewConnectSessionID() ConnectSessionID { return ConnectSessionID(newID("cse")) }
func NewWebhookID() WebhookID               { return WebhookID(newID("whk")) }
func NewFunctionID() FunctionID             { return FunctionID(newID("fun")) }
func NewExtensionID() ExtensionID           { return ExtensionID(newID("ext")) }
