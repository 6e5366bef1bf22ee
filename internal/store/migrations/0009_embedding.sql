-- +goose Up
-- A key that is rotated has two secrets for a while, so that nothing that uses it has to stand still.

ALTER TABLE api_keys ADD COLUMN previous_hash BYTEA /* of the secret before; NULL: none */;
ALTER TABLE api_keys ADD COLUMN previous_hint TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN previous_expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN previous_used_at BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX api_keys_by_previous_hash ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;

-- A host application connects one of its own end users, who never signs in here. What the person grants waits, sealed,
-- until the application confirms for whom it was.
CREATE TABLE connect_sessions (
    organization_id   TEXT NOT NULL,
    id                TEXT NOT NULL,
    hash              BYTEA NOT NULL UNIQUE,      -- SHA-256 of the token in the link
    connection_id     TEXT NOT NULL,
    user_id           TEXT NOT NULL,              -- the end user
    return_to         TEXT NOT NULL,
    display           TEXT NOT NULL,              -- page, popup
    status            TEXT NOT NULL,              -- open, pending, confirmed, failed
    reason            TEXT NOT NULL DEFAULT '',   -- why it failed, in words for the person
    error             TEXT NOT NULL DEFAULT '',   -- and for the application
    flow_hash         TEXT NOT NULL DEFAULT '',   -- SHA-256 of the cookie of the one browser that may go on, in hex
    parameters_sealed BYTEA,                      -- dynamic parameter values that were typed, JSON
    grant_version     BIGINT NOT NULL DEFAULT 0,  -- of the credential: in the associated data of its seal
    granted           TEXT NOT NULL DEFAULT '{}', -- the authorization that waits, JSON, without secrets
    credential_sealed BYTEA,                      -- its credential; only while pending
    code_hash         BYTEA,                      -- SHA-256 of the code that confirms; only while pending
    code_expires_at   BIGINT NOT NULL DEFAULT 0,
    wrong_codes       BIGINT NOT NULL DEFAULT 0,
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, connection_id) REFERENCES connections (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX connect_sessions_by_user ON connect_sessions (organization_id, user_id, connection_id, created_at);
CREATE INDEX connect_sessions_expired ON connect_sessions (expires_at);

-- A consent that an end user began belongs to the connect session instead of a browser that is signed in.
ALTER TABLE consent_requests ADD COLUMN connect_session_id TEXT NOT NULL DEFAULT '';
