-- +goose Up
-- The catalogue: values that come with an OAuth client, and which default services worked in this deployment.

ALTER TABLE oauth_clients ADD COLUMN parameters TEXT NOT NULL DEFAULT '{}' /* JSON: values of the service's client parameters */;

-- Of the deployment as a whole: nothing here says which organization or person it was.
CREATE TABLE verified_services (
    link_name TEXT PRIMARY KEY,
    version   BIGINT NOT NULL,                  -- of the definition that worked
    first_at  BIGINT NOT NULL,                  -- the days on which this definition worked first and last
    last_at   BIGINT NOT NULL
);
