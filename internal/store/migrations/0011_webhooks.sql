-- +goose Up
-- Webhooks: what happens to authorizations is told to host applications; and people are told by mail when a connection of
-- theirs has to be connected again.

CREATE TABLE webhooks (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    events          TEXT NOT NULL,              -- JSON list; empty: every event
    enabled         BOOLEAN NOT NULL,
    switched_off    TEXT NOT NULL DEFAULT '',   -- why Lanyard itself did that, in words
    switched_off_at BIGINT NOT NULL DEFAULT 0,
    failing_since   BIGINT NOT NULL DEFAULT 0,  -- the first failure since it last worked
    secrets_sealed  BYTEA NOT NULL,             -- the secret and the one before, JSON
    secrets_version BIGINT NOT NULL,            -- in the associated data of the seal
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE webhook_events (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,              -- sortable: begins with the time
    type            TEXT NOT NULL,
    at              BIGINT NOT NULL,
    payload         TEXT NOT NULL,              -- the body that is sent, to the byte
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX webhook_events_old ON webhook_events (at);

CREATE TABLE webhook_deliveries (
    organization_id TEXT NOT NULL,
    event_id        TEXT NOT NULL,
    webhook_id      TEXT NOT NULL,
    status          TEXT NOT NULL,              -- pending, delivered, failed
    attempts        BIGINT NOT NULL DEFAULT 0,
    step            BIGINT NOT NULL DEFAULT 0,  -- attempts since it was last begun anew: where it stands in the schedule
    next_at         BIGINT NOT NULL,            -- 0: not by itself
    lease_until     BIGINT NOT NULL DEFAULT 0,  -- somebody is at it
    PRIMARY KEY (organization_id, event_id, webhook_id),
    FOREIGN KEY (organization_id, event_id) REFERENCES webhook_events (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, webhook_id) REFERENCES webhooks (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE next_at > 0;
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (organization_id, webhook_id, event_id);

CREATE TABLE webhook_attempts (
    organization_id TEXT NOT NULL,
    event_id        TEXT NOT NULL,
    webhook_id      TEXT NOT NULL,
    number          BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    status          BIGINT NOT NULL,            -- of the answer; 0: there was none
    duration        BIGINT NOT NULL,            -- milliseconds
    error           TEXT NOT NULL,              -- in words
    PRIMARY KEY (organization_id, event_id, webhook_id, number),
    FOREIGN KEY (organization_id, event_id, webhook_id) REFERENCES webhook_deliveries (organization_id, event_id, webhook_id) ON DELETE CASCADE
);

CREATE TABLE notice_mails (
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,              -- to whom
    kind            TEXT NOT NULL,              -- reconnect, webhook
    subject_id      TEXT NOT NULL,              -- of the authorization or webhook
    next_at         BIGINT NOT NULL,            -- 0: sent
    attempts        BIGINT NOT NULL DEFAULT 0,
    noted_at        BIGINT NOT NULL,
    sent_at         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, user_id, kind, subject_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX notice_mails_due ON notice_mails (next_at) WHERE next_at > 0;
CREATE INDEX notice_mails_old ON notice_mails (noted_at);

ALTER TABLE users ADD COLUMN notices_by_mail BOOLEAN NOT NULL DEFAULT TRUE /* when something needs this person */;
