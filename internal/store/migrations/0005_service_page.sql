-- +goose Up
-- A service's page lists the visitor's own connections with it, however many others that visitor has.
CREATE INDEX connections_by_owner_and_service ON connections (organization_id, owner_id, service_id, origin, link_name);
