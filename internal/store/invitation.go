package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lanyard"
)

const invitationColumns = `i.organization_id, i.id, i.email, i.role, i.created_by, i.created_at, i.expires_at`

func invitationTargets(v *lanyard.Invitation) []any {
	return []any{&v.OrganizationID, &v.ID, &v.Email, &v.Role, &v.CreatedBy, instant{&v.CreatedAt}, instant{&v.ExpiresAt}}
}

func scanInvitation(row scanner) (v lanyard.Invitation, err error) {
	err = row.Scan(invitationTargets(&v)...)
	return v, err
}

// CreateInvitation keeps an invitation by the SHA-256 of its token; the time is set here. Not_found when the
// organization has no such user as makes it.
func (s *Store) CreateInvitation(ctx context.Context, v lanyard.Invitation, hash []byte, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		const insert = `INSERT INTO invitations (organization_id, id, hash, email, role, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
		_, err := t.exec(ctx, insert, v.OrganizationID, v.ID, hash, strings.ToLower(v.Email), v.Role, v.CreatedBy, millis(s.Now()), millis(v.ExpiresAt))
		if err != nil {
			return fmt.Errorf("create an invitation: %w", err)
		}
		return t.audit(ctx, v.OrganizationID, audit)
	})
}

// Invitations lists what can still be accepted, newest first.
func (s *Store) Invitations(ctx context.Context, org lanyard.OrganizationID, page Page) ([]lanyard.Invitation, string, error) {
	const list = "invitations"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`i.organization_id = $1 AND i.used_at = 0`, []any{org}}
	w.and(`i.expires_at > `, millis(s.Now()))
	if created, id, ok := strings.Cut(after, " "); ok {
		ms, err := strconv.ParseInt(created, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("read a cursor: %w", err)
		}
		w.args = append(w.args, ms)
		w.and(fmt.Sprintf(`(i.created_at, i.id) < ($%d, `, len(w.args)), id)
		w.text += `)`
	}
	found, err := all(ctx, s.reads, scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE `+w.limit(`i.created_at DESC, i.id DESC`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list invitations: %w", err)
	}
	found, next := Cut(list, org, found, rows, func(v *lanyard.Invitation) string {
		return strconv.FormatInt(millis(v.CreatedAt), 10) + " " + string(v.ID)
	})
	return found, next, nil
}

// Invitation gives an invitation that can still be accepted; not_found otherwise.
func (s *Store) Invitation(ctx context.Context, org lanyard.OrganizationID, id lanyard.InvitationID) (*lanyard.Invitation, error) {
	const query = `SELECT ` + invitationColumns + ` FROM invitations i WHERE i.organization_id = $1 AND i.id = $2 AND i.used_at = 0 AND i.expires_at > $3`
	return find(ctx, s.reads, "invitation", scanInvitation, query, org, id, millis(s.Now()))
}

// DeleteInvitation takes an invitation back; not_found when there is none that can still be accepted.
func (s *Store) DeleteInvitation(ctx context.Context, org lanyard.OrganizationID, id lanyard.InvitationID, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		const query = `DELETE FROM invitations WHERE organization_id = $1 AND id = $2 AND used_at = 0 AND expires_at > $3`
		deleted, err := t.exec(ctx, query, org, id, millis(s.Now()))
		if err != nil {
			return fmt.Errorf("delete an invitation: %w", err)
		}
		if deleted == 0 {
			return notFound("invitation")
		}
		return t.audit(ctx, org, audit)
	})
}

// OpenInvitation is what there is to know of an invitation before it is accepted.
type OpenInvitation struct {
	lanyard.Invitation
	Organization lanyard.Organization
	Inviter      lanyard.User
	// Invitee is the user of the organization who has the invitation's e-mail address already; nil: nobody, or it has none.
	Invitee *Invitee
}

// Invitee is a user who is there before their invitation is accepted.
type Invitee struct {
	lanyard.User
	HasPassword bool
}

// ErrUsed is the cause of a not_found for an invitation that somebody accepted.
var ErrUsed = errors.New("the invitation was accepted")

// InvitationByHash finds an invitation by the SHA-256 of its token, and changes nothing. Not_found when it is unknown,
// taken back, expired, or used ([ErrUsed]).
func (s *Store) InvitationByHash(ctx context.Context, hash []byte) (*OpenInvitation, error) {
	return openInvitation(ctx, s.reads, hash, s.Now(), "")
}

// openInvitation reads what belongs to a token. Lock is what a transaction adds, so that the inviter does not lose
// what makes the invitation good between here and the commit.
func openInvitation(ctx context.Context, on querier, hash []byte, now time.Time, lock string) (*OpenInvitation, error) {
	var used time.Time
	scan := func(row scanner) (v OpenInvitation, err error) {
		targets := append(invitationTargets(&v.Invitation), instant{&used}, &v.Organization.ID, &v.Organization.Name, instant{&v.Organization.CreatedAt})
		err = row.Scan(append(targets, userTargets(&v.Inviter)...)...)
		return v, err
	}
	query := `SELECT ` + invitationColumns + `, i.used_at, o.id, o.name, o.created_at, ` + userColumns + `
		FROM invitations i JOIN organizations o ON o.id = i.organization_id JOIN users u ON u.organization_id = i.organization_id AND u.id = i.created_by
		WHERE i.hash = $1` + lock
	v, err := find(ctx, on, "invitation", scan, query, hash)
	switch {
	case err != nil:
		return nil, err
	case !used.IsZero():
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "This invitation was used.").With(ErrUsed)
	case !v.ExpiresAt.After(now):
		return nil, notFound("invitation")
	}
	if v.Email == "" {
		return v, nil
	}
	v.Invitee, err = invitee(ctx, on, v.OrganizationID, v.Email)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return v, nil
	}
	return v, err
}

func invitee(ctx context.Context, on querier, org lanyard.OrganizationID, email string) (*Invitee, error) {
	scan := func(row scanner) (v Invitee, err error) {
		err = row.Scan(append(userTargets(&v.User), &v.HasPassword)...)
		return v, err
	}
	const query = `SELECT ` + userColumns + `, u.password_hash <> '' FROM users u WHERE u.organization_id = $1 AND u.email = $2`
	return find(ctx, on, "user", scan, query, org, strings.ToLower(email))
}

// Invitee gives the user of an organization with that e-mail address; not_found when there is none.
func (s *Store) Invitee(ctx context.Context, org lanyard.OrganizationID, email string) (*Invitee, error) {
	return invitee(ctx, s.reads, org, email)
}

// Acceptance is what somebody accepts an invitation with.
type Acceptance struct {
	Hash         []byte // SHA-256 of the token
	User         lanyard.UserID
	Name         string
	Email        string // used where the invitation has none
	PasswordHash lanyard.Secret
	Session      Session
	// Check judges what was found, inside the transaction: an error leaves everything as it was.
	Check func(*OpenInvitation) error
	Audit func(*OpenInvitation, *lanyard.User) lanyard.AuditEntry
}

// AcceptInvitation uses up an invitation, makes its user, or gives the one who is there the first password, and begins
// a session: all of it or nothing, and for one of several callers with the same token. Not_found as for
// [Store.InvitationByHash]; conflict at /email when somebody else of the organization has the address.
func (s *Store) AcceptInvitation(ctx context.Context, a Acceptance) (*lanyard.User, error) {
	var user lanyard.User
	err := s.tx(ctx, func(t *tx) error {
		open, err := openInvitation(ctx, t.sql, a.Hash, s.Now(), s.dialect.lock("i, u"))
		if err != nil {
			return err
		}
		if err := a.Check(open); err != nil {
			return err
		}
		org := open.OrganizationID
		if open.Invitee == nil {
			user = lanyard.User{ID: a.User, OrganizationID: org, Email: a.Email, Name: a.Name, Role: open.Role, CreatedAt: s.Now()}
			if open.Email != "" {
				user.Email = open.Email
			}
			if err := t.insertUser(ctx, user); err != nil {
				return err
			}
		} else {
			user = open.Invitee.User
			user.Name = a.Name
			if _, err := t.exec(ctx, `UPDATE users SET name = $3 WHERE organization_id = $1 AND id = $2`, org, user.ID, user.Name); err != nil {
				return fmt.Errorf("name the user: %w", err)
			}
		}
		if err := t.setPassword(ctx, org, user.ID, "", a.PasswordHash); err != nil {
			return err
		}
		const use = `UPDATE invitations SET used_at = $3, used_by = $4 WHERE organization_id = $1 AND id = $2 AND used_at = 0`
		if used, err := t.exec(ctx, use, org, open.ID, millis(s.Now()), user.ID); err != nil || used == 0 {
			return errors.Join(notFound("invitation"), err)
		}
		if err := t.insertSession(ctx, org, user.ID, a.Session); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return t.audit(ctx, org, a.Audit(open, &user))
	})
	if errors.Is(err, errTaken) {
		return nil, conflict("/email", "Somebody of this organization has that e-mail address already.", "somebody of the organization has this address already: sign in if it is you")
	}
	if err != nil {
		return nil, err
	}
	return &user, nil
}
