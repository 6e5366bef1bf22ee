package client

import (
	"time"

	"lanyard"
)

// Invocation is the record of one call through a connection: never what was said.
type Invocation struct {
	Document
	ID            string       `json:"id"`
	At            time.Time    `json:"at"`
	Connection    string       `json:"connection"` // link name at the time
	User          string       `json:"user"`       // id of the acting user
	Key           string       `json:"key"`        // id
	Method        string       `json:"method"`
	Host          string       `json:"host"`
	Path          string       `json:"path"`   // without the query
	Status        int          `json:"status"` // of the service; 0 when it did not answer
	BytesSent     int64        `json:"bytes_sent"`
	BytesReceived int64        `json:"bytes_received"`
	DurationMS    int64        `json:"duration_ms"`
	Code          lanyard.Code `json:"code"` // Lanyard's own error; empty when the service answered
}

// InvocationFilter narrows the list of calls. An empty field narrows nothing.
type InvocationFilter struct {
	Connection string // link name
	User       string // id of the acting user
}

// Invocations lists calls, the newest first: every one for owners and admins, their own for members.
func (c *Client) Invocations(f InvocationFilter) *List[Invocation] {
	return &List[Invocation]{c, "/v1/invocations", filter("connection", f.Connection, "user", f.User)}
}

// AuditEntry says who changed what.
type AuditEntry struct {
	Document
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	Actor      string            `json:"actor"`        // id of a user; empty: Lanyard itself
	OnBehalfOf string            `json:"on_behalf_of"` // id of the acting user, where a key acted for another one
	Key        string            `json:"key"`          // id; empty: a browser session or Lanyard itself
	Action     lanyard.Action    `json:"action"`
	Object     string            `json:"object"`      // id
	ObjectName string            `json:"object_name"` // link name or e-mail at the time
	Detail     map[string]string `json:"detail"`
}

// AuditFilter narrows the audit log. An empty field narrows nothing.
type AuditFilter struct {
	Action lanyard.Action
	Object string // id
}

// Audit lists who changed what, the newest first; for owners and admins.
func (c *Client) Audit(f AuditFilter) *List[AuditEntry] {
	return &List[AuditEntry]{c, "/v1/audit", filter("action", string(f.Action), "object", f.Object)}
}
