-- +goose Up
-- Extensions: packages that one organization publishes and others install, each a copy of its own.

CREATE TABLE publications (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,              -- link name of the extension
    title           TEXT NOT NULL,
    description     TEXT NOT NULL,
    version         TEXT NOT NULL,              -- semantic
    publisher_name  TEXT NOT NULL,              -- as the manifest has it
    digest          TEXT NOT NULL,              -- SHA-256 of the package, in hex
    package         BYTEA NOT NULL,
    everybody       BOOLEAN NOT NULL,           -- offered to every organization of the deployment
    published_by    TEXT NOT NULL,
    revision        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, name)
);

CREATE TABLE publication_readers (
    organization_id TEXT NOT NULL,              -- of the publisher
    name            TEXT NOT NULL,
    reader_id       TEXT NOT NULL,              -- an organization it is offered to; it may not exist
    PRIMARY KEY (organization_id, name, reader_id),
    FOREIGN KEY (organization_id, name) REFERENCES publications (organization_id, name) ON DELETE CASCADE
);

CREATE INDEX publication_readers_by_reader ON publication_readers (reader_id);

CREATE TABLE extensions (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    name            TEXT NOT NULL,
    title           TEXT NOT NULL,
    version         TEXT NOT NULL,
    publisher_id    TEXT NOT NULL,              -- an organization; empty: installed from a file
    publisher_name  TEXT NOT NULL,
    digest          TEXT NOT NULL,
    package         BYTEA NOT NULL,
    when_gone       TEXT NOT NULL,              -- keep, end
    gone_at         BIGINT NOT NULL DEFAULT 0,  -- when the publisher withdrew it; 0: it did not
    installed_by    TEXT NOT NULL,
    revision        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name)
);

CREATE INDEX extensions_by_publisher ON extensions (publisher_id, name);

ALTER TABLE services ADD COLUMN extension_id TEXT NOT NULL DEFAULT ''; -- the extension it came with; empty: none
ALTER TABLE connections ADD COLUMN extension_id TEXT NOT NULL DEFAULT '';
ALTER TABLE functions ADD COLUMN extension_id TEXT NOT NULL DEFAULT '';

CREATE INDEX services_by_extension ON services (organization_id, extension_id) WHERE extension_id <> '';
CREATE INDEX connections_by_extension ON connections (organization_id, extension_id) WHERE extension_id <> '';
CREATE INDEX functions_by_extension ON functions (organization_id, extension_id) WHERE extension_id <> '';
