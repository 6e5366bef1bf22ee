package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"lanyard"
)

// recordID is sortable by time: 13 hex digits of milliseconds, then 80 random bits.
func recordID(at time.Time) string {
	return recordIDsFrom(at) + strings.ToLower(rand.Text()[:16])
}

// recordIDsFrom is at most the id of any record of that moment or later, and more than that of any earlier one.
func recordIDsFrom(at time.Time) string { return fmt.Sprintf("%013x", at.UnixMilli()) }

// audit writes an entry in the transaction of its change. Its organization is that of the change, its id and time are
// made here.
func (t *tx) audit(ctx context.Context, org lanyard.OrganizationID, e lanyard.AuditEntry) error {
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	detail, err := encode(e.Detail)
	if err != nil {
		return err
	}
	now := t.store.Now()
	const insert = `INSERT INTO audit (organization_id, id, at, actor_id, on_behalf_of_id, api_key_id, action, object, object_name, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	_, err = t.exec(ctx, insert, org, recordID(now), millis(now), e.Actor, e.OnBehalfOf, e.Key, e.Action, e.Object, clean(e.ObjectName), detail)
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// AppendAudit writes an entry for something that changed nothing in the store.
func (s *Store) AppendAudit(ctx context.Context, e lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error { return t.audit(ctx, e.OrganizationID, e) })
}

// AuditFilter narrows the audit log; empty fields do not.
type AuditFilter struct {
	Actions []lanyard.Action // any of them
	Person  lanyard.UserID   // who did it, or in whose name it was done
	Object  string           // id
}

// Audit lists who changed what, newest first.
func (s *Store) Audit(ctx context.Context, org lanyard.OrganizationID, f AuditFilter, page Page) ([]lanyard.AuditEntry, string, error) {
	const list = "audit"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	var entries []lanyard.AuditEntry
	for _, w := range f.parts(org) {
		if after != "" {
			w.and(`e.id < `, after)
		}
		query := `SELECT e.organization_id, e.id, e.at, e.actor_id, e.on_behalf_of_id, e.api_key_id, e.action, e.object, e.object_name, e.detail
			FROM audit e WHERE ` + w.limit(`e.id DESC`, rows)
		part, err := all(ctx, s.reads, scanAudit, query, w.args...)
		if err != nil {
			return nil, "", fmt.Errorf("list the audit log: %w", err)
		}
		entries = append(entries, part...)
	}
	slices.SortFunc(entries, func(a, b lanyard.AuditEntry) int { return cmp.Compare(b.ID, a.ID) })
	entries = entries[:min(len(entries), rows)]
	entries, next := Cut(list, org, entries, rows, func(e *lanyard.AuditEntry) string { return string(e.ID) })
	return entries, next, nil
}

func scanAudit(row scanner) (e lanyard.AuditEntry, err error) {
	err = row.Scan(&e.OrganizationID, &e.ID, instant{&e.At}, &e.Actor, &e.OnBehalfOf, &e.Key, &e.Action, &e.Object, &e.ObjectName, decoded{&e.Detail})
	return e, err
}

// parts are conditions that an index serves each, in order, and that together are the filter: no entry is in two.
func (f *AuditFilter) parts(org lanyard.OrganizationID) []where {
	everything := func() where { return where{`e.organization_id = $1`, []any{org}} }
	var parts []where
	switch {
	case f.Person != "":
		did, had := everything(), everything()
		did.and(`e.actor_id <> '' AND e.actor_id = `, f.Person)
		had.and(`e.on_behalf_of_id <> '' AND e.on_behalf_of_id = `, f.Person)
		had.and(`e.actor_id <> `, f.Person)
		parts = []where{did, had}
	case f.Object == "" && len(f.Actions) > 0:
		for _, action := range f.Actions {
			w := everything()
			w.and(`e.action = `, action)
			parts = append(parts, w)
		}
		return parts
	default:
		parts = []where{everything()}
	}
	for i := range parts {
		if f.Object != "" {
			parts[i].and(`e.object = `, f.Object)
		}
		if len(f.Actions) > 0 {
			in(&parts[i], `e.action`, f.Actions)
		}
	}
	return parts
}
