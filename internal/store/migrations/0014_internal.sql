-- +goose Up
-- A user has at most one internal connection with a service, however many tasks ask for the first one at once.

CREATE UNIQUE INDEX connections_internal ON connections (organization_id, owner_id, service_id) WHERE origin = 'internal';
