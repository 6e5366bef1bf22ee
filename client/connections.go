package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// Connection is a connection as the acting user sees it: the status is that user's own.
type Connection struct {
	Document
	LinkName                string           `json:"link_name"`
	Name                    string           `json:"name"`
	Service                 string           `json:"service"` // link name
	Scopes                  []string         `json:"scopes"`
	UseLoginUserCredentials bool             `json:"use_login_user_credentials"`
	Origin                  lanyard.Origin   `json:"origin"`
	Extension               string           `json:"extension"` // name of the one that it came with; empty: none
	Owner                   string           `json:"owner"`
	UsableBy                lanyard.UsableBy `json:"usable_by"`
	Status                  lanyard.Status   `json:"status"`
	StatusReason            string           `json:"status_reason"` // in plain words; empty while connected
	ExpiresAt               time.Time        `json:"expires_at"`    // of the access token; zero: unknown or never
	LastUsedAt              time.Time        `json:"last_used_at"`  // a call through it that was answered; zero: never
	CreatedAt               time.Time        `json:"created_at"`
}

// View is one of the four lists of connections.
type View string

const (
	ViewMy         View = "my"         // made by the user; the default
	ViewExtensions View = "extensions" // came with installed extensions
	ViewShared     View = "shared"     // others', used with the user's own credentials
	ViewInternal   View = "internal"   // made by Lanyard for integration tasks
)

// Connections lists connections as the acting user sees them, by link name.
func (c *Client) Connections(view View) *List[Connection] {
	return &List[Connection]{c, "/v1/connections", filter("view", string(view))}
}

// NewConnection describes a connection to make.
type NewConnection struct {
	LinkName string   `json:"link_name"`
	Name     string   `json:"name"`
	Service  string   `json:"service"`          // link name
	Scopes   []string `json:"scopes,omitempty"` // values; a subset of the service's
	// UseLoginUserCredentials: every call runs with the acting user's own credentials instead of the owner's.
	UseLoginUserCredentials bool             `json:"use_login_user_credentials"`
	UsableBy                lanyard.UsableBy `json:"usable_by,omitempty"` // the organization when empty
}

// CreateConnection makes a connection. It is not connected yet: see [Client.Connect].
func (c *Client) CreateConnection(ctx context.Context, n NewConnection) (*Connection, error) {
	return call[Connection](ctx, c, http.MethodPost, "/v1/connections", nil, n)
}

// Connection reads one connection.
func (c *Client) Connection(ctx context.Context, linkName string) (*Connection, error) {
	return call[Connection](ctx, c, http.MethodGet, "/v1/connections/"+link(linkName), nil, nil)
}

// EditConnection changes the display name, the scopes, the switch or who may use it by a JSON merge patch (RFC 7396),
// a json.RawMessage or any value that encodes as one. An added scope needs consent again.
func (c *Client) EditConnection(ctx context.Context, linkName string, mergePatch any) (*Connection, error) {
	return call[Connection](ctx, c, http.MethodPatch, "/v1/connections/"+link(linkName), nil, mergePatch)
}

// DeleteConnection deletes a connection and every credential of it.
func (c *Client) DeleteConnection(ctx context.Context, linkName string) error {
	_, err := c.exchange(ctx, http.MethodDelete, "/v1/connections/"+link(linkName), nil, nil)
	return err
}

// ConnectInput is what connecting needs, depending on the service; nothing for a service that asks for consent in the
// browser and has no dynamic parameters.
type ConnectInput struct {
	// Credentials by the names of the API: those of an API-key service's parameters; username and password;
	// access_key_id, secret_access_key and session_token.
	Credentials map[string]string `json:"credentials,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"` // dynamic parameters, by key
	ReturnTo    string            `json:"return_to,omitempty"`  // where the browser goes after consent
}

// ConnectResult says how connecting went on.
type ConnectResult struct {
	Document
	Status     string `json:"status"`      // ConnectConnected or ConnectConsentRequired
	ConnectURL string `json:"connect_url"` // to be opened in the browser of the acting user, who is signed in there
}

// What [ConnectResult] says.
const (
	ConnectConnected       = "connected"
	ConnectConsentRequired = "consent_required"
)

// Connect connects the acting user, at once where the credentials are given and by a page to open where consent is
// asked for in the browser.
func (c *Client) Connect(ctx context.Context, linkName string, in ConnectInput) (*ConnectResult, error) {
	return call[ConnectResult](ctx, c, http.MethodPost, "/v1/connections/"+link(linkName)+"/connect", nil, in)
}

// RevokeResult says whether the provider knows of a revocation too.
type RevokeResult struct {
	Document
	Status            lanyard.Status `json:"status"`
	ProviderConfirmed bool           `json:"provider_confirmed"` // false also where the service has no revoke URL
}

// ConnectionUser is how somebody stands on a connection that is used with each user's own account.
type ConnectionUser struct {
	Document
	User         string         `json:"user"` // id
	Name         string         `json:"name"`
	ExternalID   string         `json:"external_id"` // the host application's own id; empty when there is none
	Status       lanyard.Status `json:"status"`
	StatusReason string         `json:"status_reason"`
	ConnectedAt  time.Time      `json:"connected_at"` // zero: never
	LastUsedAt   time.Time      `json:"last_used_at"` // zero: never
}

// ConnectionUsers lists who connected a connection of the acting user's own.
func (c *Client) ConnectionUsers(linkName string) *List[ConnectionUser] {
	return &List[ConnectionUser]{c, "/v1/connections/" + link(linkName) + "/users", nil}
}

// RemoveConnectionUser takes another user's account off a connection of the acting user's own.
func (c *Client) RemoveConnectionUser(ctx context.Context, linkName, user string) (*RevokeResult, error) {
	return call[RevokeResult](ctx, c, http.MethodDelete, "/v1/connections/"+link(linkName)+"/users/"+url.PathEscape(user), nil, nil)
}

// Revoke erases the acting user's credential of the connection, and tells the provider where it can be told.
func (c *Client) Revoke(ctx context.Context, linkName string) (*RevokeResult, error) {
	return call[RevokeResult](ctx, c, http.MethodPost, "/v1/connections/"+link(linkName)+"/revoke", nil, nil)
}
