package store

import (
	"context"
	"encoding/json"
	"fmt"

	"lanyard"
)

// ChangeKind says what may have changed, for those who keep something in memory.
type ChangeKind string

const (
	ChangeAll           ChangeKind = "all"           // forget everything: changes may have been missed
	ChangeKeys          ChangeKind = "keys"          // API keys, users or sessions of the organization
	ChangeUser          ChangeKind = "user"          // User was disabled, enabled, removed, or handed things over: what holds for ChangeKeys, and their connections
	ChangeService       ChangeKind = "service"       // a service, or the OAuth client for it; LinkName is the service's
	ChangeConnection    ChangeKind = "connection"    // Connection and LinkName are set
	ChangeAuthorization ChangeKind = "authorization" // Connection, LinkName (of the connection) and User are set
	ChangeExtension     ChangeKind = "extension"     // an extension was installed, updated or uninstalled
	ChangeWebhooks      ChangeKind = "webhooks"      // something may be due to a webhook of the organization
)

// Change is told after a commit. It names things and holds nothing of them.
type Change struct {
	Kind         ChangeKind             `json:"kind"`
	Organization lanyard.OrganizationID `json:"organization,omitempty"`
	Connection   lanyard.ConnectionID   `json:"connection,omitempty"`
	LinkName     lanyard.LinkName       `json:"link_name,omitempty"`
	User         lanyard.UserID         `json:"user,omitempty"`
}

// channel is PostgreSQL's name for the changes; every database has channels of its own.
const channel = "lanyard"

// notify tells the other processes. PostgreSQL delivers when the transaction commits, and not at all if it does not.
func (t *tx) notify(ctx context.Context) error {
	if t.store.pool == nil || len(t.changes) == 0 {
		return nil
	}
	payloads := make([]string, len(t.changes))
	for i, c := range t.changes {
		payload, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode a change: %w", err)
		}
		payloads[i] = string(payload)
	}
	const query = `SELECT pg_notify('` + channel + `', payload) FROM unnest($1::text[]) AS payload`
	if _, err := t.sql.ExecContext(ctx, query, payloads); err != nil {
		return fmt.Errorf("tell the other replicas: %w", err)
	}
	return nil
}
