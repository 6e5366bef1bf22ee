-- +goose Up
-- Functions: saved scripts with their versions, and what each run of one came to.

CREATE TABLE functions (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    link_name       TEXT NOT NULL,
    name            TEXT NOT NULL,
    search          TEXT NOT NULL,              -- name and link name in lower case
    author_id       TEXT NOT NULL,
    version         BIGINT NOT NULL,            -- the current one
    saved_by        TEXT NOT NULL,              -- who saved it
    signature       TEXT NOT NULL,              -- JSON: parameters and result of the current version
    connections     TEXT NOT NULL,              -- JSON list of the link names that stand in it
    cron            TEXT NOT NULL DEFAULT '',   -- empty: no schedule
    zone            TEXT NOT NULL DEFAULT '',
    next_run_at     BIGINT NOT NULL DEFAULT 0,  -- 0: never
    hook_hash       BYTEA,                      -- SHA-256 of the token in its address; NULL: it has none
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, link_name)
);

CREATE INDEX functions_due ON functions (next_run_at) WHERE next_run_at > 0;
CREATE UNIQUE INDEX functions_by_hook ON functions (hook_hash) WHERE hook_hash IS NOT NULL;

CREATE TABLE function_versions (
    organization_id TEXT NOT NULL,
    function_id     TEXT NOT NULL,
    version         BIGINT NOT NULL,            -- in the associated data of the seal
    script_sealed   BYTEA NOT NULL,             -- sealed, since people paste secrets into scripts
    saved_by        TEXT NOT NULL,
    saved_at        BIGINT NOT NULL,
    PRIMARY KEY (organization_id, function_id, version),
    FOREIGN KEY (organization_id, function_id) REFERENCES functions (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE function_runs (
    organization_id TEXT NOT NULL,
    id              TEXT NOT NULL,              -- sortable: begins with the time
    function_id     TEXT NOT NULL,
    version         BIGINT NOT NULL,
    cause           TEXT NOT NULL,              -- api, page, schedule, hook
    user_id         TEXT NOT NULL,              -- whom it acted for
    api_key_id      TEXT NOT NULL,
    status          TEXT NOT NULL,              -- running, ok, failed; one that runs after its deadline was cut
    started_at      BIGINT NOT NULL,
    deadline        BIGINT NOT NULL,
    duration        BIGINT NOT NULL DEFAULT 0,  -- microseconds
    statements      BIGINT NOT NULL DEFAULT 0,
    report_sealed   BYTEA,                      -- output, result, error and calls, JSON; NULL while it runs
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, function_id) REFERENCES functions (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX function_runs_by_function ON function_runs (organization_id, function_id, id);
CREATE INDEX function_runs_old ON function_runs (started_at);
