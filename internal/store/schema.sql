-- Today's schema, as the migrations leave it. Made by: go test ./internal/store -run TestSchema -update

CREATE TABLE api_keys (
    organization_id TEXT NOT NULL,
    id              TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    name            TEXT NOT NULL,
    hint            TEXT NOT NULL,              -- the last four characters
    hash            BYTEA NOT NULL UNIQUE,      -- SHA-256 of the key, which has 256 bits from crypto/rand
    rights          TEXT NOT NULL,              -- JSON
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL DEFAULT 0,
    last_used_at    BIGINT NOT NULL DEFAULT 0, previous_hash BYTEA /* of the secret before; NULL: none */, previous_hint TEXT NOT NULL DEFAULT '', previous_expires_at BIGINT NOT NULL DEFAULT 0, previous_used_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX api_keys_by_previous_hash ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;

CREATE INDEX api_keys_by_user ON api_keys (organization_id, user_id, created_at, id);

CREATE TABLE audit (
    organization_id TEXT NOT NULL,
    id              TEXT NOT NULL,              -- sortable: begins with the time
    at              BIGINT NOT NULL,
    actor_id        TEXT NOT NULL,              -- user; empty: Lanyard itself
    on_behalf_of_id TEXT NOT NULL,
    api_key_id      TEXT NOT NULL,
    action          TEXT NOT NULL,
    object          TEXT NOT NULL,
    object_name     TEXT NOT NULL,
    detail          TEXT NOT NULL,              -- JSON object of texts
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX audit_by_action ON audit (organization_id, action, id);

CREATE INDEX audit_by_actor ON audit (organization_id, actor_id, id) WHERE actor_id <> '';

CREATE INDEX audit_by_object ON audit (organization_id, object, id);

CREATE INDEX audit_by_on_behalf_of ON audit (organization_id, on_behalf_of_id, id) WHERE on_behalf_of_id <> '';

CREATE TABLE authorizations (
    organization_id   TEXT NOT NULL,
    id                TEXT NOT NULL,
    connection_id     TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    shared_link_name  TEXT,                     -- of the connection, when it is somebody else's: orders the shared list
    status            TEXT NOT NULL,            -- not_connected, connected, reconnect_required, revoked
    status_reason     TEXT NOT NULL DEFAULT '',
    scopes            TEXT NOT NULL DEFAULT '[]', -- JSON list: asked for
    granted_scope     TEXT NOT NULL DEFAULT '', -- as the provider said it
    account           TEXT NOT NULL DEFAULT '', -- what the provider calls the account
    service_version   BIGINT NOT NULL DEFAULT 0,
    credential_sealed BYTEA,                    -- credential and dynamic parameter values; erased unless connected
    refresh_fingerprint TEXT NOT NULL DEFAULT '', -- hash of the refresh token: two that are equal are told
    generation        BIGINT NOT NULL DEFAULT 0, -- version of the credential, in the associated data of the seal
    expires_at        BIGINT NOT NULL DEFAULT 0,
    lifetime          BIGINT NOT NULL DEFAULT 0, -- milliseconds
    refresh_due_at    BIGINT NOT NULL DEFAULT 0, -- for the background sweep; 0: never
    refreshed_at      BIGINT NOT NULL DEFAULT 0,
    forced_at         BIGINT NOT NULL DEFAULT 0, -- last refresh asked for by an upstream's 401
    lease             BIGINT NOT NULL DEFAULT 0, -- grows with every lease taken
    lease_until       BIGINT NOT NULL DEFAULT 0, -- by the database's clock
    attempt_at        BIGINT NOT NULL DEFAULT 0, -- a refresh request may have left and its outcome is not stored
    retry_at          BIGINT NOT NULL DEFAULT 0,
    refresh_failures  BIGINT NOT NULL DEFAULT 0,
    last_error        TEXT NOT NULL DEFAULT '',
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL, last_used_at BIGINT NOT NULL DEFAULT 0 /* written now and then, never by a call */, link_name TEXT NOT NULL DEFAULT '' /* of the connection: orders the lists by status */, rotation BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, connection_id, user_id),
    FOREIGN KEY (organization_id, connection_id) REFERENCES connections (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX authorizations_by_status ON authorizations (organization_id, user_id, status, link_name);

CREATE INDEX authorizations_connected ON authorizations (organization_id, user_id) WHERE status = 'connected';

CREATE INDEX authorizations_due ON authorizations (refresh_due_at) WHERE status = 'connected' AND refresh_due_at > 0;

CREATE INDEX authorizations_same_token ON authorizations (organization_id, refresh_fingerprint) WHERE refresh_fingerprint <> '';

CREATE INDEX authorizations_shared ON authorizations (organization_id, user_id, shared_link_name) WHERE shared_link_name IS NOT NULL;

CREATE TABLE connect_links (
    organization_id TEXT NOT NULL,
    hash            BYTEA NOT NULL UNIQUE,      -- SHA-256 of the token
    connection_id   TEXT NOT NULL,
    user_id         TEXT NOT NULL,              -- the only one who may use it
    direct          BOOLEAN NOT NULL,           -- asked for by this very user: opening it leads straight to the provider
    return_to       TEXT NOT NULL DEFAULT '',
    parameters_sealed BYTEA,                    -- dynamic parameter values given beforehand, JSON
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, hash),
    FOREIGN KEY (organization_id, connection_id) REFERENCES connections (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX connect_links_by_user ON connect_links (organization_id, user_id, created_at);

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

CREATE TABLE connections (
    organization_id   TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id                TEXT NOT NULL,
    link_name         TEXT NOT NULL,
    name              TEXT NOT NULL,
    service_id        TEXT NOT NULL,            -- of a custom service, or the link name of a default one
    service_link_name TEXT NOT NULL,
    scopes            TEXT NOT NULL,            -- JSON list of scope values
    use_login_user    BOOLEAN NOT NULL,
    origin            TEXT NOT NULL,            -- user, extension, internal
    owner_id          TEXT NOT NULL,
    usable_by         TEXT NOT NULL,            -- organization, owner
    version           BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL, search TEXT NOT NULL DEFAULT '' /* name in lower case, link name, service */, extension_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, link_name),
    FOREIGN KEY (organization_id, owner_id) REFERENCES users (organization_id, id)
);

CREATE INDEX connections_by_extension ON connections (organization_id, extension_id) WHERE extension_id <> '';

CREATE INDEX connections_by_origin ON connections (organization_id, origin, link_name);

CREATE INDEX connections_by_owner ON connections (organization_id, owner_id, origin, link_name);

CREATE INDEX connections_by_owner_and_service ON connections (organization_id, owner_id, service_id, origin, link_name);

CREATE INDEX connections_by_service ON connections (organization_id, service_id);

CREATE UNIQUE INDEX connections_internal ON connections (organization_id, owner_id, service_id) WHERE origin = 'internal';

CREATE TABLE consent_requests (
    organization_id   TEXT NOT NULL,
    id                TEXT NOT NULL,
    state_hash        BYTEA NOT NULL,           -- SHA-256 of the state (OAuth 2) or of the request token (OAuth 1)
    connection_id     TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    session_hash      TEXT NOT NULL,
    service_id        TEXT NOT NULL,
    service_link_name TEXT NOT NULL,
    service_version   BIGINT NOT NULL,
    return_to         TEXT NOT NULL DEFAULT '',
    secrets_sealed    BYTEA NOT NULL,           -- PKCE verifier or request token, parameter values; erased when used
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    used_at           BIGINT NOT NULL DEFAULT 0,
    failed            BOOLEAN NOT NULL DEFAULT FALSE,
    outcome           TEXT NOT NULL DEFAULT '', connect_session_id TEXT NOT NULL DEFAULT '', -- in words, for the person
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, state_hash),
    FOREIGN KEY (organization_id, connection_id) REFERENCES connections (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX consent_requests_by_user ON consent_requests (organization_id, user_id, created_at);

CREATE INDEX consent_requests_expired ON consent_requests (expires_at);

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
    updated_at      BIGINT NOT NULL, extension_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, link_name)
);

CREATE INDEX functions_by_extension ON functions (organization_id, extension_id) WHERE extension_id <> '';

CREATE UNIQUE INDEX functions_by_hook ON functions (hook_hash) WHERE hook_hash IS NOT NULL;

CREATE INDEX functions_due ON functions (next_run_at) WHERE next_run_at > 0;

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

CREATE TABLE invocation_counts (
    organization_id TEXT NOT NULL,
    dimension       TEXT NOT NULL,              -- total, connection, service, user, connection_user
    subject         TEXT NOT NULL,              -- link name or id of what is counted, or both with a blank; of the total: empty
    grain           BIGINT NOT NULL,            -- length of the slot in milliseconds: a minute or an hour
    at              BIGINT NOT NULL,            -- when the slot begins
    outcome         TEXT NOT NULL,              -- ok, client_error, server_error, failed
    calls           BIGINT NOT NULL,
    bytes_sent      BIGINT NOT NULL,
    bytes_received  BIGINT NOT NULL,
    duration        BIGINT NOT NULL,            -- microseconds, of all calls together
    took_5          BIGINT NOT NULL,            -- calls of at most 5 ms; of at most 10 ms but more than 5; and so on
    took_10         BIGINT NOT NULL,
    took_25         BIGINT NOT NULL,
    took_50         BIGINT NOT NULL,
    took_100        BIGINT NOT NULL,
    took_250        BIGINT NOT NULL,
    took_500        BIGINT NOT NULL,
    took_1000       BIGINT NOT NULL,
    took_2500       BIGINT NOT NULL,
    took_5000       BIGINT NOT NULL,
    took_15000      BIGINT NOT NULL,
    took_60000      BIGINT NOT NULL,
    took_longer     BIGINT NOT NULL,
    PRIMARY KEY (organization_id, dimension, subject, grain, at, outcome)
);

CREATE INDEX invocation_counts_old ON invocation_counts (grain, at);

CREATE TABLE invocations (
    organization_id  TEXT NOT NULL,
    id               TEXT NOT NULL,             -- sortable: begins with the time
    at               BIGINT NOT NULL,
    connection_id    TEXT NOT NULL,
    connection       TEXT NOT NULL,             -- link name at the time
    authorization_id TEXT NOT NULL,
    user_id          TEXT NOT NULL,
    api_key_id       TEXT NOT NULL,
    method           TEXT NOT NULL,
    host             TEXT NOT NULL,
    path             TEXT NOT NULL,             -- without the query
    status           BIGINT NOT NULL,           -- of the upstream; 0: it did not answer
    bytes_sent       BIGINT NOT NULL,
    bytes_received   BIGINT NOT NULL,
    duration         BIGINT NOT NULL,           -- microseconds
    code             TEXT NOT NULL, service TEXT NOT NULL DEFAULT '',             -- Lanyard's own error
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX invocations_by_connection ON invocations (organization_id, connection, id);

CREATE INDEX invocations_by_user ON invocations (organization_id, user_id, id);

CREATE TABLE keysets (
    id           TEXT PRIMARY KEY, -- always "main"
    sealed       BYTEA NOT NULL,   -- the data keys, themselves sealed with the master key
    check_sealed BYTEA NOT NULL,   -- a known text, sealed with the data keys: readiness opens it
    created_at   BIGINT NOT NULL
);

CREATE TABLE known_browsers (
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    hash            TEXT NOT NULL,              -- SHA-256 of the browser's cookie, in hex
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id, hash),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX known_browsers_expired ON known_browsers (expires_at);

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

CREATE TABLE oauth_clients (
    organization_id      TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    service_link_name    TEXT NOT NULL,
    client_id            TEXT NOT NULL,
    client_secret_sealed BYTEA,
    version              BIGINT NOT NULL,
    updated_at           BIGINT NOT NULL, parameters TEXT NOT NULL DEFAULT '{}' /* JSON: values of the service's client parameters */,
    PRIMARY KEY (organization_id, service_link_name)
);

CREATE TABLE one_time_links (
    hash            BYTEA PRIMARY KEY,          -- SHA-256 of the token
    purpose         TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    expires_at      BIGINT NOT NULL
, revoke_access BOOLEAN NOT NULL DEFAULT FALSE /* whoever resets a password with it has no choice but to revoke access too */);

CREATE INDEX one_time_links_by_user ON one_time_links (organization_id, user_id, purpose);

CREATE TABLE organizations (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE provider_revocations (
    organization_id   TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id                TEXT NOT NULL,
    connection        TEXT NOT NULL,            -- link name, for the audit log
    request_sealed    BYTEA NOT NULL,           -- revoke URL, client and tokens, JSON
    attempts          BIGINT NOT NULL DEFAULT 0,
    next_at           BIGINT NOT NULL,
    give_up_at        BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX provider_revocations_due ON provider_revocations (next_at);

CREATE TABLE publication_readers (
    organization_id TEXT NOT NULL,              -- of the publisher
    name            TEXT NOT NULL,
    reader_id       TEXT NOT NULL,              -- an organization it is offered to; it may not exist
    PRIMARY KEY (organization_id, name, reader_id),
    FOREIGN KEY (organization_id, name) REFERENCES publications (organization_id, name) ON DELETE CASCADE
);

CREATE INDEX publication_readers_by_reader ON publication_readers (reader_id);

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

CREATE TABLE services (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    link_name       TEXT NOT NULL,
    name            TEXT NOT NULL,              -- copied from the definition in lower case, for searching
    author_id       TEXT NOT NULL,
    definition      TEXT NOT NULL,              -- JSON, without secrets
    secret_sealed   BYTEA,                      -- client or consumer secret
    version         BIGINT NOT NULL,            -- in the associated data of the seal
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL, extension_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, link_name),
    FOREIGN KEY (organization_id, author_id) REFERENCES users (organization_id, id)
);

CREATE INDEX services_by_author ON services (organization_id, author_id);

CREATE INDEX services_by_extension ON services (organization_id, extension_id) WHERE extension_id <> '';

CREATE TABLE sessions (
    organization_id TEXT NOT NULL,
    hash            TEXT NOT NULL UNIQUE,       -- SHA-256 of the cookie, in hex
    user_id         TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    seen_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL, browser TEXT NOT NULL DEFAULT '', with_link BOOLEAN NOT NULL DEFAULT FALSE,            -- absolute end
    PRIMARY KEY (organization_id, hash),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX sessions_by_user ON sessions (organization_id, user_id, created_at, hash);

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

CREATE TABLE users (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    email           TEXT NOT NULL,              -- lower case
    name            TEXT NOT NULL,
    role            TEXT NOT NULL,              -- owner, admin, member
    external_id     TEXT,                       -- the host application's own id
    disabled        BOOLEAN NOT NULL DEFAULT FALSE,
    created_at      BIGINT NOT NULL, password_hash TEXT NOT NULL DEFAULT '', password_changed_at BIGINT NOT NULL DEFAULT 0, search TEXT NOT NULL DEFAULT '' /* name and external id in lower case, e-mail address */, sso_issuer TEXT, sso_subject TEXT, notices_by_mail BOOLEAN NOT NULL DEFAULT TRUE /* when something needs this person */,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, email),
    UNIQUE (organization_id, external_id)
);

CREATE INDEX users_by_email ON users (email);

CREATE INDEX users_by_role ON users (organization_id, role, email);

CREATE UNIQUE INDEX users_by_subject ON users (organization_id, sso_issuer, sso_subject);

CREATE TABLE verified_services (
    link_name TEXT PRIMARY KEY,
    version   BIGINT NOT NULL,                  -- of the definition that worked
    first_at  BIGINT NOT NULL,                  -- the days on which this definition worked first and last
    last_at   BIGINT NOT NULL
);

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

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (organization_id, webhook_id, event_id);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE next_at > 0;

CREATE TABLE webhook_events (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,              -- sortable: begins with the time
    type            TEXT NOT NULL,
    at              BIGINT NOT NULL,
    payload         TEXT NOT NULL,              -- the body that is sent, to the byte
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX webhook_events_old ON webhook_events (at);

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
