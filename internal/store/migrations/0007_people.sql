-- +goose Up
-- Lists of people are searched and narrowed down to a role. Who has no e-mail address, because only a host application
-- knows them, has their own id in its place: that keeps the column unique, and is never an address.

ALTER TABLE users ADD COLUMN search TEXT NOT NULL DEFAULT '' /* name and external id in lower case, e-mail address */;
UPDATE users SET search = lower(name) || ' ' || email || ' ' || lower(coalesce(external_id, ''));
CREATE INDEX users_by_role ON users (organization_id, role, email);

-- What a person made in the organization, to be counted, handed over or deleted with them.
CREATE INDEX services_by_author ON services (organization_id, author_id);
