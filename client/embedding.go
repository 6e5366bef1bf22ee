package client

import (
	"context"
	"net/http"
	"time"
)

// NewConnectSession begins to connect an end user of a host application, who never signs in to Lanyard.
type NewConnectSession struct {
	Connection string `json:"connection"`        // link name
	User       string `json:"user,omitempty"`    // id or external_id; may be empty in a client of [Client.ForUser]
	ReturnTo   string `json:"return_to"`         // of one of the key's origins; session and code are added to its query
	Display    string `json:"display,omitempty"` // "page" when empty, or "popup"
}

// ConnectSession is a session that waits for its user.
type ConnectSession struct {
	Document
	ID         string    `json:"id"`
	ConnectURL string    `json:"connect_url"` // for the user's browser
	ExpiresAt  time.Time `json:"expires_at"`
}

// ConnectSessionState says where a session stands.
type ConnectSessionState struct {
	Document
	ID         string    `json:"id"`
	Connection string    `json:"connection"` // link name
	User       string    `json:"user"`       // id
	Status     string    `json:"status"`     // open, pending, confirmed, failed or expired
	Error      string    `json:"error"`      // why it failed
	Reason     string    `json:"reason"`     // the same in words
	ExpiresAt  time.Time `json:"expires_at"`
}

// Confirmed says what a confirmation bound.
type Confirmed struct {
	Document
	Status     string `json:"status"` // "connected"
	Connection string `json:"connection"`
	User       string `json:"user"` // id
}

// CreateConnectSession begins to connect an end user. It needs a key that acts for users.
func (c *Client) CreateConnectSession(ctx context.Context, n NewConnectSession) (*ConnectSession, error) {
	return call[ConnectSession](ctx, c, http.MethodPost, "/v1/connect_sessions", nil, n)
}

// ConnectSession reads where a session stands.
func (c *Client) ConnectSession(ctx context.Context, id string) (*ConnectSessionState, error) {
	return call[ConnectSessionState](ctx, c, http.MethodGet, "/v1/connect_sessions/"+link(id), nil, nil)
}

// ConfirmConnectSession binds what was granted to the session's user. User is who is signed in to the application in the
// browser that brought the code, by id or external_id: nothing is bound to anybody else. When it is empty, the
// application has to compare by itself.
func (c *Client) ConfirmConnectSession(ctx context.Context, id, code, user string) (*Confirmed, error) {
	body := map[string]string{"code": code}
	if user != "" {
		body["user"] = user
	}
	return call[Confirmed](ctx, c, http.MethodPost, "/v1/connect_sessions/"+link(id)+"/confirm", nil, body)
}
