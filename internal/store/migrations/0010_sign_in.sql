-- +goose Up
-- Links that reset a password, and signing in with an OpenID provider.

ALTER TABLE one_time_links ADD COLUMN revoke_access BOOLEAN NOT NULL DEFAULT FALSE /* whoever resets a password with it has no choice but to revoke access too */;
CREATE INDEX one_time_links_by_user ON one_time_links (organization_id, user_id, purpose);

-- Who a person is at the organization's provider: two columns of the id token. Both are NULL until they signed in so.
ALTER TABLE users ADD COLUMN sso_issuer TEXT;
ALTER TABLE users ADD COLUMN sso_subject TEXT;
CREATE UNIQUE INDEX users_by_subject ON users (organization_id, sso_issuer, sso_subject);

CREATE TABLE single_sign_on (
    organization_id      TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    issuer               TEXT NOT NULL,
    client_id            TEXT NOT NULL,
    client_secret_sealed BYTEA,                 -- NULL: a client without a secret
    role_claim           TEXT NOT NULL,         -- empty: roles are given here
    admin_values         TEXT NOT NULL,         -- JSON list of the claim's values that make an admin
    member_values        TEXT NOT NULL,         -- JSON list; empty: everybody else is a member
    may_join             BOOLEAN NOT NULL,      -- who is not here yet is added when signing in
    password_off         BOOLEAN NOT NULL,
    proved               BOOLEAN NOT NULL,      -- an owner signed in through it as it is now
    version              BIGINT NOT NULL,       -- in the associated data of the seal
    updated_at           BIGINT NOT NULL,
    PRIMARY KEY (organization_id)
);

-- Who signs in gives an address and no organization, so a domain belongs to one.
CREATE TABLE sign_in_domains (
    organization_id TEXT NOT NULL REFERENCES single_sign_on (organization_id) ON DELETE CASCADE,
    domain          TEXT NOT NULL UNIQUE,       -- lower case
    PRIMARY KEY (organization_id, domain)
);

CREATE TABLE sign_in_requests (
    organization_id TEXT NOT NULL REFERENCES single_sign_on (organization_id) ON DELETE CASCADE,
    state_hash      TEXT NOT NULL,              -- SHA-256 of the state, in hex
    browser_hash    TEXT NOT NULL,              -- SHA-256 of the browser's cookie, in hex
    secrets_sealed  BYTEA NOT NULL,             -- nonce and PKCE verifier
    version         BIGINT NOT NULL,            -- of single_sign_on when it began
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, state_hash)
);
CREATE INDEX sign_in_requests_expired ON sign_in_requests (expires_at);
