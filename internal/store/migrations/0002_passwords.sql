-- +goose Up
ALTER TABLE users ADD COLUMN password_hash TEXT NOT NULL DEFAULT ''; -- argon2id with its parameters and salt; empty: none
ALTER TABLE users ADD COLUMN password_changed_at BIGINT NOT NULL DEFAULT 0;
-- Who signs in gives an address and no organization: this is the one way into users that does not begin with one.
CREATE INDEX users_by_email ON users (email);

ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT ''; -- family and system, such as "Firefox on Linux"
ALTER TABLE sessions ADD COLUMN with_link BOOLEAN NOT NULL DEFAULT FALSE; -- begun by a one-time link
CREATE INDEX sessions_by_user ON sessions (organization_id, user_id, created_at, hash);
CREATE INDEX api_keys_by_user ON api_keys (organization_id, user_id, created_at, id);
-- A person is told how many accounts stay connected when a password changes.
CREATE INDEX authorizations_connected ON authorizations (organization_id, user_id) WHERE status = 'connected';

-- Browsers in which a person signed in before. They have an allowance of tries of their own, so that whoever guesses at
-- a password cannot keep the person out.
CREATE TABLE known_browsers (
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    hash            TEXT NOT NULL,              -- SHA-256 of the browser's cookie, in hex
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id, hash),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX known_browsers_expired ON known_browsers (expires_at);
