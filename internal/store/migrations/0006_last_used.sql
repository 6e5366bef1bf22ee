-- +goose Up
-- When a call through an authorization was last answered, and what the lists of connections need to be narrowed down
-- without reading all of them.

ALTER TABLE authorizations ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0 /* written now and then, never by a call */;
ALTER TABLE authorizations ADD COLUMN link_name TEXT NOT NULL DEFAULT '' /* of the connection: orders the lists by status */;
UPDATE authorizations SET link_name = (SELECT c.link_name FROM connections c
    WHERE c.organization_id = authorizations.organization_id AND c.id = authorizations.connection_id);
CREATE INDEX authorizations_by_status ON authorizations (organization_id, user_id, status, link_name);

ALTER TABLE connections ADD COLUMN search TEXT NOT NULL DEFAULT '' /* name in lower case, link name, service */;
UPDATE connections SET search = lower(name) || ' ' || link_name || ' ' || service_link_name;
