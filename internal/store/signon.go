package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"lanyard"
)

// mayHavePassword is the condition, on users u, that their organization lets them sign in with a password.
const mayHavePassword = `NOT EXISTS (SELECT 1 FROM single_sign_on o WHERE o.organization_id = u.organization_id AND o.password_off)`

const signOnColumns = `o.organization_id, o.issuer, o.client_id, o.client_secret_sealed, o.role_claim, o.admin_values, o.member_values,
	o.may_join, o.password_off, o.proved, o.version, o.updated_at`

// SingleSignOn gives an organization's sign-in provider, with its secret; not_found when there is none.
func (s *Store) SingleSignOn(ctx context.Context, org lanyard.OrganizationID) (*lanyard.SingleSignOn, error) {
	scan := func(row scanner) (v lanyard.SingleSignOn, err error) {
		var sealed []byte
		if err := row.Scan(&v.OrganizationID, &v.Issuer, &v.ClientID, &sealed, &v.RoleClaim, decoded{&v.AdminValues}, decoded{&v.MemberValues},
			&v.MayJoin, &v.PasswordOff, &v.Proved, &v.Version, instant{&v.UpdatedAt}); err != nil {
			return v, err
		}
		v.ClientSecret, err = s.openSecret(sealed, signOnCell(v.OrganizationID, v.Version))
		return v, err
	}
	found, err := find(ctx, s.reads, "single sign-on", scan, `SELECT `+signOnColumns+` FROM single_sign_on o WHERE o.organization_id = $1`, org)
	if err != nil {
		return nil, err
	}
	const domains = `SELECT domain FROM sign_in_domains WHERE organization_id = $1 ORDER BY domain`
	if found.Domains, err = all(ctx, s.reads, column[string], domains, org); err != nil {
		return nil, fmt.Errorf("list the domains of %s: %w", org, err)
	}
	return found, nil
}

// SetSingleSignOn stores a sign-in provider over the version of it that the caller read, 0 where there was none. It
// sets version and time. Conflict when it moved on, or when a domain belongs to another organization.
func (s *Store) SetSingleSignOn(ctx context.Context, v *lanyard.SingleSignOn, audit lanyard.AuditEntry) error {
	set := *v
	set.Version, set.UpdatedAt = v.Version+1, s.Now()
	sealed, err := s.sealSecret(set.ClientSecret, signOnCell(set.OrganizationID, set.Version))
	if err != nil {
		return err
	}
	admins, err := encodeList(set.AdminValues)
	if err != nil {
		return err
	}
	members, err := encodeList(set.MemberValues)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(t *tx) error {
		args := []any{set.OrganizationID, set.Issuer, set.ClientID, sealed, set.RoleClaim, admins, members, set.MayJoin, set.PasswordOff, set.Proved, set.Version, millis(set.UpdatedAt)}
		query := `INSERT INTO single_sign_on (organization_id, issuer, client_id, client_secret_sealed, role_claim, admin_values, member_values,
			may_join, password_off, proved, version, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (organization_id) DO NOTHING`
		if v.Version != 0 {
			query = `UPDATE single_sign_on SET issuer = $2, client_id = $3, client_secret_sealed = $4, role_claim = $5, admin_values = $6, member_values = $7,
				may_join = $8, password_off = $9, proved = $10, version = $11, updated_at = $12 WHERE organization_id = $1 AND version = $13`
			args = append(args, v.Version)
		}
		changed, err := t.exec(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("set the single sign-on of %s: %w", set.OrganizationID, err)
		}
		if changed == 0 {
			return lanyard.Errorf(lanyard.CodeConflict, "Single sign-on was changed by somebody else in the meantime: read it again and repeat the change. Nothing was changed.")
		}
		if err := t.setDomains(ctx, set.OrganizationID, set.Domains); err != nil {
			return err
		}
		return t.audit(ctx, set.OrganizationID, audit)
	})
	if err != nil {
		return err
	}
	*v = set
	return nil
}

// setDomains gives an organization these domains and no others. One that is another organization's is a conflict,
// which does not say whose it is.
func (t *tx) setDomains(ctx context.Context, org lanyard.OrganizationID, domains []string) error {
	if _, err := t.exec(ctx, `DELETE FROM sign_in_domains WHERE organization_id = $1`, org); err != nil {
		return fmt.Errorf("clear the domains of %s: %w", org, err)
	}
	for i, d := range domains {
		const insert = `INSERT INTO sign_in_domains (organization_id, domain) VALUES ($1, $2) ON CONFLICT (domain) DO NOTHING`
		added, err := t.exec(ctx, insert, org, d)
		if err != nil {
			return fmt.Errorf("add a domain to %s: %w", org, err)
		}
		if added == 0 {
			return conflict(fmt.Sprintf("/domains/%d", i), "Another organization of this Lanyard signs in the addresses of "+d+".", "the domain "+d+" belongs to another organization of this Lanyard")
		}
	}
	return nil
}

// DeleteSingleSignOn forgets an organization's sign-in provider, and who its people are there; not_found when there is
// none.
func (s *Store) DeleteSingleSignOn(ctx context.Context, org lanyard.OrganizationID, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		deleted, err := t.exec(ctx, `DELETE FROM single_sign_on WHERE organization_id = $1`, org)
		if err != nil {
			return fmt.Errorf("delete the single sign-on of %s: %w", org, err)
		}
		if deleted == 0 {
			return notFound("single sign-on")
		}
		if _, err := t.exec(ctx, `UPDATE users SET sso_issuer = NULL, sso_subject = NULL WHERE organization_id = $1`, org); err != nil {
			return fmt.Errorf("forget who the people of %s are: %w", org, err)
		}
		return t.audit(ctx, org, audit)
	})
}

// SignInDomain gives the organization that signs in the addresses of a domain; not_found otherwise.
func (s *Store) SignInDomain(ctx context.Context, domain string) (lanyard.OrganizationID, error) {
	const query = `SELECT organization_id FROM sign_in_domains WHERE domain = $1`
	org, err := find(ctx, s.reads, "domain", column[lanyard.OrganizationID], query, domain)
	if err != nil {
		return "", err
	}
	return *org, nil
}

// BoundTo reports whether a user has signed in through an issuer.
func (s *Store) BoundTo(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, issuer string) (bool, error) {
	const query = `SELECT coalesce(sso_issuer, '') = $3 FROM users WHERE organization_id = $1 AND id = $2`
	bound, err := find(ctx, s.reads, "user", column[bool], query, org, user, issuer)
	return err == nil && *bound, err
}

// PasswordOff reports whether an organization switched sign-in by password off.
func (s *Store) PasswordOff(ctx context.Context, org lanyard.OrganizationID) (bool, error) {
	const query = `SELECT count(*) > 0 FROM single_sign_on WHERE organization_id = $1 AND password_off`
	return one(ctx, s.reads, column[bool], query, org)
}

// SignInRequest is a sign-in that was sent to the provider and has not come back.
type SignInRequest struct {
	Organization lanyard.OrganizationID
	State        string // its hash
	Browser      string // the hash of a cookie of the browser that began it
	Nonce        lanyard.Secret
	Verifier     lanyard.Secret // of PKCE
	Version      int64          // of the single sign-on when it began
	ExpiresAt    time.Time
}

// CreateSignInRequest keeps a request until it is used or expires.
func (s *Store) CreateSignInRequest(ctx context.Context, r SignInRequest) error {
	secrets, err := json.Marshal([]string{r.Nonce.Reveal(), r.Verifier.Reveal()})
	if err != nil {
		return errors.New("the secrets of a sign-in cannot be encoded") // err could quote them
	}
	sealed, err := s.seal(secrets, signInRequestCell(r.Organization, r.State))
	if err != nil {
		return err
	}
	const insert = `INSERT INTO sign_in_requests (organization_id, state_hash, browser_hash, secrets_sealed, version, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`
	if _, err := exec(ctx, s.writes, insert, r.Organization, r.State, r.Browser, sealed, r.Version, millis(r.ExpiresAt)); err != nil {
		return fmt.Errorf("keep a sign-in request: %w", err)
	}
	return nil
}

// UseSignInRequest consumes a request, once, for the browser that began it. Not_found otherwise; what another browser
// sends uses nothing up.
func (s *Store) UseSignInRequest(ctx context.Context, org lanyard.OrganizationID, state, browser string) (*SignInRequest, error) {
	scan := func(row scanner) (r SignInRequest, err error) {
		r = SignInRequest{Organization: org, State: state, Browser: browser}
		var sealed []byte
		if err := row.Scan(&sealed, &r.Version, instant{&r.ExpiresAt}); err != nil {
			return r, err
		}
		plaintext, err := s.vault.Open(sealed, signInRequestCell(org, state))
		if err != nil {
			return r, err
		}
		defer clear(plaintext)
		var secrets [2]string
		if json.Unmarshal(plaintext, &secrets) != nil {
			return r, errors.New("the opened secrets of a sign-in cannot be read") // the cause could quote them
		}
		r.Nonce, r.Verifier = lanyard.NewSecret(secrets[0]), lanyard.NewSecret(secrets[1])
		return r, nil
	}
	const use = `DELETE FROM sign_in_requests WHERE organization_id = $1 AND state_hash = $2 AND browser_hash = $3 AND expires_at > $4
		RETURNING secrets_sealed, version, expires_at`
	var used *SignInRequest
	err := s.tx(ctx, func(t *tx) (err error) {
		used, err = find(ctx, t.sql, "sign-in", scan, use, org, state, browser, millis(s.Now()))
		return err
	})
	return used, err
}

// Identity is who the provider says somebody is, and what follows from it here.
type Identity struct {
	SingleSignOn *lanyard.SingleSignOn
	Subject      string
	Email        string // lower case; empty unless it may say who this is
	Name         string
	Role         lanyard.Role // empty: as it is, and member for somebody new
}

// SignedOn is what a sign-in with an [Identity] came to.
type SignedOn struct {
	User   lanyard.User
	Linked bool         // the user signed in so for the first time
	Joined bool         // the user was not in the organization before
	Was    lanyard.Role // before the provider's claim changed it; empty when it did not
}

// errOtherSubject: whoever had the address at the provider before is known here by it.
func errOtherSubject() error {
	return lanyard.Errorf(lanyard.CodeForbidden, "Somebody with another account at your sign-in provider uses this e-mail address here. Ask an owner or admin of the organization.")
}

// SignInByIdentity finds or makes the user of an identity and begins a session. Who is known by issuer and subject is
// that user, whatever the address is; else the address decides, once. A role that changed ends the user's other
// sessions. Not_found when there is nobody and nobody may join; forbidden when the user is disabled, or bound to
// another subject of the issuer. Conflict when the single sign-on was changed meanwhile.
func (s *Store) SignInByIdentity(ctx context.Context, id Identity, session Session, audit func(*SignedOn) []lanyard.AuditEntry) (*SignedOn, error) {
	var on SignedOn
	err := s.tx(ctx, func(t *tx) error {
		on = SignedOn{}
		org := id.SingleSignOn.OrganizationID
		const current = `SELECT o.version FROM single_sign_on o WHERE o.organization_id = $1`
		version, err := one(ctx, t.sql, column[int64], current+t.store.dialect.lock("o"), org)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound("single sign-on")
		}
		if err != nil {
			return fmt.Errorf("lock the single sign-on of %s: %w", org, err)
		}
		if version != id.SingleSignOn.Version {
			return lanyard.Errorf(lanyard.CodeConflict, "Single sign-on was changed while you signed in. Sign in again.")
		}
		if err := t.identify(ctx, &id, &on); err != nil {
			return err
		}
		if on.User.Disabled {
			return lanyard.Errorf(lanyard.CodeForbidden, "Your account in this organization is deactivated. Ask an owner or admin.")
		}
		if err := t.applyRole(ctx, id.Role, &on); err != nil {
			return err
		}
		if on.User.Role == lanyard.RoleOwner && !id.SingleSignOn.Proved {
			if _, err := t.exec(ctx, `UPDATE single_sign_on SET proved = TRUE WHERE organization_id = $1`, org); err != nil {
				return fmt.Errorf("note that single sign-on works: %w", err)
			}
		}
		if err := t.insertSession(ctx, org, on.User.ID, session); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		for _, entry := range audit(&on) {
			if err := t.audit(ctx, org, entry); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &on, nil
}

// identify finds the user, or makes one.
func (t *tx) identify(ctx context.Context, id *Identity, on *SignedOn) error {
	org, issuer := id.SingleSignOn.OrganizationID, id.SingleSignOn.Issuer
	const bySubject = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND u.sso_issuer = $2 AND u.sso_subject = $3`
	var err error
	if on.User, err = one(ctx, t.sql, scanUser, bySubject+t.store.dialect.lock("u"), org, issuer, id.Subject); err == nil {
		return nil
	} else if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find the user of a subject: %w", err)
	}
	if id.Email == "" {
		return notFound("user")
	}
	const byEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND u.email = $2`
	on.User, err = one(ctx, t.sql, scanUser, byEmail+t.store.dialect.lock("u"), org, id.Email)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if !id.SingleSignOn.MayJoin {
			return notFound("user")
		}
		on.Joined = true
		on.User = lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org, Email: id.Email, Name: id.Name, Role: id.Role, CreatedAt: t.store.Now()}
		if on.User.Role == "" {
			on.User.Role = lanyard.RoleMember
		}
		if err := t.insertUser(ctx, on.User); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("find the user of an address: %w", err)
	}
	// Bound to another subject of this very issuer, the address was given to somebody else there.
	const bind = `UPDATE users SET sso_issuer = $3, sso_subject = $4 WHERE organization_id = $1 AND id = $2 AND (sso_issuer IS NULL OR sso_issuer <> $3)`
	bound, err := t.exec(ctx, bind, org, on.User.ID, issuer, id.Subject)
	if err != nil {
		return fmt.Errorf("bind user %s to a subject: %w", on.User.ID, err)
	}
	if bound == 0 {
		return errOtherSubject()
	}
	on.Linked = true
	return nil
}

// applyRole gives the user the role that the provider says, unless they are an owner.
func (t *tx) applyRole(ctx context.Context, role lanyard.Role, on *SignedOn) error {
	if role == "" || role == on.User.Role || !slices.Contains([]lanyard.Role{lanyard.RoleAdmin, lanyard.RoleMember}, on.User.Role) {
		return nil
	}
	const set = `UPDATE users SET role = $3 WHERE organization_id = $1 AND id = $2`
	if _, err := t.exec(ctx, set, on.User.OrganizationID, on.User.ID, role); err != nil {
		return fmt.Errorf("change the role of %s: %w", on.User.ID, err)
	}
	if _, err := t.endSessions(ctx, on.User.OrganizationID, on.User.ID, ""); err != nil {
		return err
	}
	on.Was, on.User.Role = on.User.Role, role
	return nil
}
