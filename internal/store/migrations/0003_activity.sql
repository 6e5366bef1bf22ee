-- +goose Up
-- The service of a call stands in its record, since a connection may be gone when somebody asks.
ALTER TABLE invocations ADD COLUMN service TEXT NOT NULL DEFAULT '';
UPDATE invocations SET service = coalesce((SELECT c.service_link_name FROM connections c
    WHERE c.organization_id = invocations.organization_id AND c.id = invocations.connection_id), '');

-- Calls counted by minute (for two days) and by hour, written in the transaction of the records themselves: what the
-- plots are drawn from, and what leads a search through the records past the hours that hold nothing.
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

INSERT INTO invocation_counts (organization_id, dimension, subject, grain, at, outcome, calls, bytes_sent, bytes_received, duration,
    took_5, took_10, took_25, took_50, took_100, took_250, took_500, took_1000, took_2500, took_5000, took_15000, took_60000, took_longer)
SELECT organization_id, dimension, subject, grain, slot, outcome, count(*), sum(bytes_sent), sum(bytes_received), sum(duration),
    sum(CASE WHEN duration <= 5000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 5000 AND duration <= 10000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 10000 AND duration <= 25000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 25000 AND duration <= 50000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 50000 AND duration <= 100000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 100000 AND duration <= 250000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 250000 AND duration <= 500000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 500000 AND duration <= 1000000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 1000000 AND duration <= 2500000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 2500000 AND duration <= 5000000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 5000000 AND duration <= 15000000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 15000000 AND duration <= 60000000 THEN 1 ELSE 0 END),
    sum(CASE WHEN duration > 60000000 THEN 1 ELSE 0 END)
FROM (
    SELECT v.organization_id, d.dimension, g.grain, v.at - v.at % g.grain AS slot, v.bytes_sent, v.bytes_received, v.duration,
        CASE d.dimension WHEN 'connection' THEN v.connection WHEN 'service' THEN v.service WHEN 'user' THEN v.user_id
            WHEN 'connection_user' THEN CASE WHEN v.connection <> '' AND v.user_id <> '' THEN v.connection || ' ' || v.user_id ELSE '' END ELSE '' END AS subject,
        CASE WHEN v.code <> '' OR v.status = 0 THEN 'failed' WHEN v.status < 400 THEN 'ok' WHEN v.status < 500 THEN 'client_error' ELSE 'server_error' END AS outcome
    FROM invocations v
    CROSS JOIN (SELECT 'total' AS dimension UNION ALL SELECT 'connection' UNION ALL SELECT 'service' UNION ALL SELECT 'user' UNION ALL SELECT 'connection_user') d
    CROSS JOIN (SELECT 60000 AS grain UNION ALL SELECT 3600000) g
    WHERE g.grain = 3600000 OR v.at >= (SELECT max(at) FROM invocations) - 172800000
) counted
WHERE dimension = 'total' OR subject <> ''
GROUP BY organization_id, dimension, subject, grain, slot, outcome;

-- The audit log of one person: what they did, and what was done in their name.
CREATE INDEX audit_by_actor ON audit (organization_id, actor_id, id) WHERE actor_id <> '';
CREATE INDEX audit_by_on_behalf_of ON audit (organization_id, on_behalf_of_id, id) WHERE on_behalf_of_id <> '';
