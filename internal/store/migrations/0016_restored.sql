-- +goose Up
-- Which Lanyard this is, and whether it was restored from a backup of another.

CREATE TABLE instances (
    id          TEXT PRIMARY KEY,           -- always "main"
    instance_id TEXT NOT NULL,              -- random; a restored store has one of its own
    public_url  TEXT NOT NULL DEFAULT '',   -- by which it was served last
    created_at  BIGINT NOT NULL,
    origin_id   TEXT NOT NULL DEFAULT '',   -- instance that the backup was made of; empty: this store was not restored
    origin_url  TEXT NOT NULL DEFAULT '',   -- its public URL
    backup_at   BIGINT NOT NULL DEFAULT 0,  -- when the backup was made
    restored_at BIGINT NOT NULL DEFAULT 0,
    went_on_at  BIGINT NOT NULL DEFAULT 0   -- when the operator let it go on; 0 with restored_at: it waits for that
);

ALTER TABLE authorizations ADD COLUMN rotation BIGINT NOT NULL DEFAULT 0; -- what the last refresh brought: 1 the same refresh token, 2 another one; 0: nobody knows
