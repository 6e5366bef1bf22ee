-- +goose Up
-- Links with which people join an organization. Whoever made one takes it along when removed.
CREATE TABLE invitations (
    organization_id TEXT NOT NULL,
    id              TEXT NOT NULL,
    hash            BYTEA NOT NULL UNIQUE,      -- SHA-256 of the token
    email           TEXT NOT NULL,              -- lower case; empty: whoever has the link gives one
    role            TEXT NOT NULL,              -- owner, admin, member
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    used_at         BIGINT NOT NULL DEFAULT 0,  -- 0: not used
    used_by         TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX invitations_by_time ON invitations (organization_id, created_at, id);
CREATE INDEX invitations_expired ON invitations (expires_at);
