package store

import (
	"context"
	"fmt"
	"time"

	"lanyard"
)

const (
	// mailLease is how long mails that were handed out are not handed out again.
	mailLease = 2 * time.Minute
	// keepNoticeMail is how long a mail is remembered, sent or not.
	keepNoticeMail = 7 * 24 * time.Hour
)

// NoticeKind is what a notice is about.
type NoticeKind string

const (
	NoticeReconnect NoticeKind = "reconnect" // an authorization of the person's has to be connected again
	NoticeConnect   NoticeKind = "connect"   // somebody else's connection waits for the person's own account
	NoticeWebhook   NoticeKind = "webhook"   // Lanyard switched a webhook off
)

// Notice is something that waits for a person. It is read off what it is about, so it goes by itself.
type Notice struct {
	Kind     NoticeKind
	LinkName lanyard.LinkName // of the connection
	Name     string           // of the connection
	Service  lanyard.LinkName // its service's
	Webhook  lanyard.WebhookID
	URL      string // of the webhook
	Reason   string // in words
	Since    time.Time
}

// What waits for one person: $1 the organization, $2 the user. A connection that the person can no longer use does not.
const (
	waiting = ` FROM authorizations a CROSS JOIN connections c
		WHERE a.organization_id = $1 AND a.user_id = $2 AND c.organization_id = a.organization_id AND c.id = a.connection_id
		AND (c.owner_id = a.user_id OR c.use_login_user AND c.usable_by = 'organization') AND `
	waitingReconnect = waiting + `a.status = 'reconnect_required'`
	waitingConnect   = waiting + `a.status = 'not_connected' AND a.shared_link_name IS NOT NULL`
	waitingWebhook   = ` FROM webhooks w WHERE w.organization_id = $1 AND NOT w.enabled AND w.switched_off <> ''`
)

// CountNotices counts what waits for a person, as far as most of each kind; with the organization's webhooks when asked.
func (s *Store) CountNotices(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, webhooks bool, most int) (int, error) {
	query := `SELECT (SELECT count(*) FROM (SELECT 1` + waitingReconnect + ` LIMIT $3) AS again) + (SELECT count(*) FROM (SELECT 1` + waitingConnect + ` LIMIT $3) AS anew)`
	if webhooks {
		query += ` + (SELECT count(*)` + waitingWebhook + `)`
	}
	n, err := one(ctx, s.reads, column[int], query, org, user, most)
	if err != nil {
		return 0, fmt.Errorf("count the notices of user %s: %w", user, err)
	}
	return n, nil
}

// Notices lists what waits for a person, as far as most of each kind: connections by link name, then the organization's
// webhooks when asked.
func (s *Store) Notices(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, webhooks bool, most int) ([]Notice, error) {
	var list []Notice
	for _, kind := range []struct {
		kind  NoticeKind
		query string
	}{
		{NoticeReconnect, `SELECT c.link_name, c.name, c.service_link_name, a.status_reason, a.updated_at` + waitingReconnect + ` ORDER BY a.link_name LIMIT $3`},
		{NoticeConnect, `SELECT c.link_name, c.name, c.service_link_name, '', a.created_at` + waitingConnect + ` ORDER BY a.link_name LIMIT $3`},
	} {
		scan := func(row scanner) (n Notice, err error) {
			n.Kind = kind.kind
			err = row.Scan(&n.LinkName, &n.Name, &n.Service, &n.Reason, instant{&n.Since})
			return n, err
		}
		found, err := all(ctx, s.reads, scan, kind.query, org, user, most)
		if err != nil {
			return nil, fmt.Errorf("list the notices of user %s: %w", user, err)
		}
		list = append(list, found...)
	}
	if !webhooks {
		return list, nil
	}
	off, err := all(ctx, s.reads, scanWebhookNotice, `SELECT w.id, w.url, w.switched_off, w.switched_off_at`+waitingWebhook+` ORDER BY w.id`, org)
	if err != nil {
		return nil, fmt.Errorf("list the webhooks that are switched off: %w", err)
	}
	return append(list, off...), nil
}

func scanWebhookNotice(row scanner) (n Notice, err error) {
	n.Kind = NoticeWebhook
	err = row.Scan(&n.Webhook, &n.URL, &n.Reason, instant{&n.Since})
	return n, err
}

// NoticesByMail says whether a person is told by mail; not_found when there is no such person.
func (s *Store) NoticesByMail(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) (bool, error) {
	on, err := find(ctx, s.reads, "user", column[bool], `SELECT notices_by_mail FROM users WHERE organization_id = $1 AND id = $2`, org, user)
	return on != nil && *on, err
}

// SetNoticesByMail switches the mails to a person on or off. Off, those that wait are not sent either.
func (s *Store) SetNoticesByMail(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, on bool) error {
	changed, err := exec(ctx, s.writes, `UPDATE users SET notices_by_mail = $3 WHERE organization_id = $1 AND id = $2`, org, user, on)
	if err != nil {
		return fmt.Errorf("switch the mails to user %s: %w", user, err)
	}
	if changed == 0 {
		return notFound("user")
	}
	return nil
}

// noteMail ends an INSERT of mails: one about the same thing is not sent again within a day, which has 86,400,000
// milliseconds.
const noteMail = ` ON CONFLICT (organization_id, user_id, kind, subject_id)
	DO UPDATE SET next_at = excluded.next_at, noted_at = excluded.noted_at, attempts = 0
	WHERE notice_mails.sent_at <= excluded.noted_at - 86400000`

// mailable is who gets mails: people who have an address, can sign in and want them.
const mailable = `u.email LIKE '%@%' AND NOT u.disabled AND u.notices_by_mail`

// mailReconnects notes the mails to the people of authorizations.
func (t *tx) mailReconnects(ctx context.Context, org lanyard.OrganizationID, ids []lanyard.AuthorizationID) error {
	w := where{`INSERT INTO notice_mails (organization_id, user_id, kind, subject_id, next_at, noted_at)
		SELECT a.organization_id, a.user_id, 'reconnect', a.id, CAST($2 AS BIGINT), CAST($2 AS BIGINT)
		FROM authorizations a JOIN users u ON u.organization_id = a.organization_id AND u.id = a.user_id
		WHERE a.organization_id = $1 AND ` + mailable, []any{org, millis(t.store.Now())}}
	in(&w, `a.id`, ids)
	if _, err := t.exec(ctx, w.text+noteMail, w.args...); err != nil {
		return fmt.Errorf("note the mails about connections: %w", err)
	}
	return nil
}

// mailAdministrators notes the mails about a webhook.
func (t *tx) mailAdministrators(ctx context.Context, org lanyard.OrganizationID, webhook string) error {
	const query = `INSERT INTO notice_mails (organization_id, user_id, kind, subject_id, next_at, noted_at)
		SELECT u.organization_id, u.id, 'webhook', CAST($3 AS TEXT), CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM users u
		WHERE u.organization_id = $1 AND u.role IN ('owner', 'admin') AND ` + mailable + noteMail
	if _, err := t.exec(ctx, query, org, millis(t.store.Now()), webhook); err != nil {
		return fmt.Errorf("note the mails about a webhook: %w", err)
	}
	return nil
}

// DueMail is what one person is to be told by mail: what still waits of it. Empty notices: nothing any more.
type DueMail struct {
	User     lanyard.User
	Notices  []Notice
	Attempts int // with this one
	due      []mailKey
}

type mailKey struct {
	kind    NoticeKind
	subject string
}

// DueMail hands out what is due to the person who has waited longest, in any organization, to one caller, for two
// minutes. Ok is false when nothing is due.
func (s *Store) DueMail(ctx context.Context) (_ *DueMail, ok bool, err error) {
	if s.Paused() {
		return nil, false, nil
	}
	type claimed struct {
		org      lanyard.OrganizationID
		user     lanyard.UserID
		attempts int
		mailKey
	}
	scan := func(row scanner) (c claimed, err error) {
		err = row.Scan(&c.org, &c.user, &c.attempts, &c.kind, &c.subject)
		return c, err
	}
	now := s.Now()
	const claim = `UPDATE notice_mails SET next_at = $2, attempts = attempts + 1 WHERE next_at > 0 AND next_at <= $1 AND (organization_id, user_id) IN
		(SELECT organization_id, user_id FROM notice_mails WHERE next_at > 0 AND next_at <= $1 ORDER BY next_at LIMIT 1)
		RETURNING organization_id, user_id, attempts, kind, subject_id`
	rows, err := all(ctx, s.writes, scan, claim, millis(now), millis(now.Add(mailLease)))
	if err != nil {
		return nil, false, fmt.Errorf("claim mails: %w", err)
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	user, err := s.User(ctx, rows[0].org, rows[0].user)
	if err != nil {
		return nil, false, err
	}
	wanted, err := s.NoticesByMail(ctx, user.OrganizationID, user.ID)
	if err != nil {
		return nil, false, err
	}
	m := &DueMail{User: *user}
	for _, r := range rows {
		m.due, m.Attempts = append(m.due, r.mailKey), max(m.Attempts, r.attempts)
		if user.Disabled || !wanted {
			continue
		}
		still, err := s.stillWaits(ctx, user, r.mailKey)
		if err != nil {
			return nil, false, err
		}
		m.Notices = append(m.Notices, still...)
	}
	return m, true, nil
}

// stillWaits gives the notice of a mail, if it waits for the person still.
func (s *Store) stillWaits(ctx context.Context, user *lanyard.User, key mailKey) ([]Notice, error) {
	if key.kind == NoticeWebhook {
		if user.Role != lanyard.RoleOwner && user.Role != lanyard.RoleAdmin {
			return nil, nil
		}
		const query = `SELECT w.id, w.url, w.switched_off, w.switched_off_at` + waitingWebhook + ` AND w.id = $2`
		return all(ctx, s.reads, scanWebhookNotice, query, user.OrganizationID, key.subject)
	}
	scan := func(row scanner) (n Notice, err error) {
		n.Kind = NoticeReconnect
		err = row.Scan(&n.LinkName, &n.Name, &n.Service, &n.Reason, instant{&n.Since})
		return n, err
	}
	const query = `SELECT c.link_name, c.name, c.service_link_name, a.status_reason, a.updated_at` + waitingReconnect + ` AND a.id = $3`
	return all(ctx, s.reads, scan, query, user.OrganizationID, user.ID, key.subject)
}

// FinishMail notes that the mails are sent, or need not be; with a time they are due again then.
func (s *Store) FinishMail(ctx context.Context, m *DueMail, sent bool, nextAt time.Time) error {
	now := s.Now()
	return s.tx(ctx, func(t *tx) error {
		for _, key := range m.due {
			const query = `UPDATE notice_mails SET next_at = $5, sent_at = CASE WHEN $6 THEN $7 ELSE sent_at END
				WHERE organization_id = $1 AND user_id = $2 AND kind = $3 AND subject_id = $4`
			if _, err := t.exec(ctx, query, m.User.OrganizationID, m.User.ID, key.kind, key.subject, millis(nextAt), sent, millis(now)); err != nil {
				return fmt.Errorf("note that a mail was sent: %w", err)
			}
		}
		return nil
	})
}
