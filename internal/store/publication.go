package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lanyard"
)

const publicationColumns = `p.organization_id, p.name, p.title, p.description, p.version, p.publisher_name, p.digest, p.everybody, p.published_by, p.revision,
	p.created_at, p.updated_at`

func publicationTargets(p *lanyard.Publication) []any {
	return []any{
		&p.OrganizationID, &p.Name, &p.Title, &p.Description, &p.Version, &p.PublisherName, &p.Digest, &p.Everybody, &p.PublishedBy, &p.Revision,
		instant{&p.CreatedAt}, instant{&p.UpdatedAt},
	}
}

// offeredTo is whether a publication p is offered to the organization in $1. That has to be an argument without the type
// of an organization's id: the statement reads rows of others, which this condition alone keeps apart.
const offeredTo = `(p.everybody OR p.organization_id = $1 OR EXISTS (SELECT 1 FROM publication_readers r
	WHERE r.organization_id = p.organization_id AND r.name = p.name AND r.reader_id = $1))`

// CreatePublication stores what an organization offers from now on, with its readers. It sets the revision and the times.
// Conflict when the organization offers something of that name already, or most things.
func (s *Store) CreatePublication(ctx context.Context, p *lanyard.Publication, most int, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		made := *p
		made.Revision, made.CreatedAt = 1, s.Now()
		made.UpdatedAt = made.CreatedAt
		n, err := t.countOf(ctx, "publications", made.OrganizationID)
		if err != nil {
			return err
		}
		if n >= most {
			return lanyard.Errorf(lanyard.CodeConflict, "An organization publishes at most %d extensions: withdraw one that nobody needs any more.", most)
		}
		const insert = `INSERT INTO publications (organization_id, name, title, description, version, publisher_name, digest, package, everybody, published_by,
			revision, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)`
		_, err = t.exec(ctx, insert, made.OrganizationID, made.Name, made.Title, made.Description, made.Version, made.PublisherName, made.Digest, made.Package,
			made.Everybody, made.PublishedBy, made.Revision, millis(made.CreatedAt))
		if errors.Is(err, errTaken) {
			return lanyard.Errorf(lanyard.CodeConflict, "Somebody else published %s at this very moment: read again. Nothing was changed.", made.Name)
		}
		if err != nil {
			return fmt.Errorf("publish %s: %w", made.Name, err)
		}
		if err := t.setReaders(ctx, &made); err != nil {
			return err
		}
		if err := t.audit(ctx, made.OrganizationID, audit); err != nil {
			return err
		}
		*p = made
		return nil
	})
}

// UpdatePublication stores another version, and to whom it is offered, over the revision that the caller read; conflict
// when it moved on, not_found when it was withdrawn.
func (s *Store) UpdatePublication(ctx context.Context, revision int64, p *lanyard.Publication, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		updated := *p
		updated.Revision, updated.UpdatedAt = revision+1, s.Now()
		const update = `UPDATE publications SET title = $4, description = $5, version = $6, publisher_name = $7, digest = $8, package = $9, everybody = $10,
			published_by = $11, revision = $12, updated_at = $13 WHERE organization_id = $1 AND name = $2 AND revision = $3`
		changed, err := t.exec(ctx, update, updated.OrganizationID, updated.Name, revision, updated.Title, updated.Description, updated.Version,
			updated.PublisherName, updated.Digest, updated.Package, updated.Everybody, updated.PublishedBy, updated.Revision, millis(updated.UpdatedAt))
		if err != nil {
			return fmt.Errorf("publish %s anew: %w", p.Name, err)
		}
		if changed == 0 {
			return t.movedOn(ctx, "publication", `SELECT count(*) > 0 FROM publications WHERE organization_id = $1 AND name = $2`, p.OrganizationID, p.Name)
		}
		if _, err := t.exec(ctx, `DELETE FROM publication_readers WHERE organization_id = $1 AND name = $2`, p.OrganizationID, p.Name); err != nil {
			return fmt.Errorf("set the readers of %s: %w", p.Name, err)
		}
		if err := t.setReaders(ctx, &updated); err != nil {
			return err
		}
		if err := t.audit(ctx, updated.OrganizationID, audit); err != nil {
			return err
		}
		*p = updated
		return nil
	})
}

func (t *tx) setReaders(ctx context.Context, p *lanyard.Publication) error {
	const insert = `INSERT INTO publication_readers (organization_id, name, reader_id) VALUES ($1, $2, $3)`
	for _, reader := range p.Organizations {
		if _, err := t.exec(ctx, insert, p.OrganizationID, p.Name, string(reader)); err != nil {
			return fmt.Errorf("set the readers of %s: %w", p.Name, err)
		}
	}
	return nil
}

// countOf counts an organization's rows of a table. The organization is locked, so that nobody adds one meanwhile.
func (t *tx) countOf(ctx context.Context, table string, org lanyard.OrganizationID) (int, error) {
	const lock = `SELECT o.id FROM organizations o WHERE o.id = $1`
	if _, err := find(ctx, t.sql, "organization", column[string], lock+t.store.dialect.lock("o"), org); err != nil {
		return 0, err
	}
	n, err := one(ctx, t.sql, column[int], `SELECT count(*) FROM `+table+` WHERE organization_id = $1`, org)
	if err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", table, err)
	}
	return n, nil
}

// DeletePublication withdraws what an organization offers; not_found when it does not.
func (s *Store) DeletePublication(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		deleted, err := t.exec(ctx, `DELETE FROM publications WHERE organization_id = $1 AND name = $2`, org, name)
		if err != nil {
			return fmt.Errorf("withdraw %s: %w", name, err)
		}
		if deleted == 0 {
			return notFound("publication")
		}
		return t.audit(ctx, org, audit)
	})
}

// Publications lists what an organization offers, by name, with the readers and without the packages.
func (s *Store) Publications(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.Publication, error) {
	scan := func(row scanner) (p lanyard.Publication, err error) {
		err = row.Scan(publicationTargets(&p)...)
		return p, err
	}
	list, err := all(ctx, s.reads, scan, `SELECT `+publicationColumns+` FROM publications p WHERE p.organization_id = $1 ORDER BY p.name`, org)
	if err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	type reader struct {
		name lanyard.LinkName
		id   lanyard.OrganizationID
	}
	scanReader := func(row scanner) (r reader, err error) { err = row.Scan(&r.name, &r.id); return r, err }
	readers, err := all(ctx, s.reads, scanReader, `SELECT name, reader_id FROM publication_readers WHERE organization_id = $1 ORDER BY name, reader_id`, org)
	if err != nil {
		return nil, fmt.Errorf("list the readers of publications: %w", err)
	}
	for i := range list {
		for _, r := range readers {
			if r.name == list[i].Name {
				list[i].Organizations = append(list[i].Organizations, r.id)
			}
		}
	}
	return list, nil
}

// Publication gives one thing that an organization offers, with readers and package; not_found otherwise.
func (s *Store) Publication(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName) (*lanyard.Publication, error) {
	scan := func(row scanner) (p lanyard.Publication, err error) {
		err = row.Scan(append(publicationTargets(&p), &p.Package)...)
		return p, err
	}
	p, err := find(ctx, s.reads, "publication", scan, `SELECT `+publicationColumns+`, p.package FROM publications p WHERE p.organization_id = $1 AND p.name = $2`, org, name)
	if err != nil {
		return nil, err
	}
	const readers = `SELECT reader_id FROM publication_readers WHERE organization_id = $1 AND name = $2 ORDER BY reader_id`
	if p.Organizations, err = all(ctx, s.reads, column[lanyard.OrganizationID], readers, org, name); err != nil {
		return nil, fmt.Errorf("list the readers of %s: %w", name, err)
	}
	return p, nil
}

// Offer is a publication as an organization that it is offered to sees it: without the other readers.
type Offer struct {
	lanyard.Publication
	OrganizationName string // of the publisher
}

const offers = `SELECT ` + publicationColumns + `, o.name FROM publications p JOIN organizations o ON o.id = p.organization_id WHERE ` + offeredTo

func scanOffer(row scanner) (o Offer, err error) {
	err = row.Scan(append(publicationTargets(&o.Publication), &o.OrganizationName)...)
	return o, err
}

// Offers lists what is offered to an organization, its own publications among it, by name.
func (s *Store) Offers(ctx context.Context, reader lanyard.OrganizationID, page Page) ([]Offer, string, error) {
	const list = "extension_offers"
	after, rows, err := page.Open(list, reader)
	if err != nil {
		return nil, "", err
	}
	name, publisher, _ := strings.Cut(after, " ")
	const query = offers + ` AND (p.name > $2 OR p.name = $2 AND p.organization_id > $3) ORDER BY p.name, p.organization_id LIMIT $4`
	found, err := all(ctx, s.reads, scanOffer, query, string(reader), name, publisher, rows)
	if err != nil {
		return nil, "", fmt.Errorf("list what is offered: %w", err)
	}
	found, next := Cut(list, reader, found, rows, func(o *Offer) string { return string(o.Name) + " " + string(o.OrganizationID) })
	return found, next, nil
}

// Offer gives one thing that is offered to an organization, with its package. Not_found for what is not there and for
// what is not offered to it.
func (s *Store) Offer(ctx context.Context, reader, publisher lanyard.OrganizationID, name lanyard.LinkName) (*Offer, error) {
	scan := func(row scanner) (o Offer, err error) {
		err = row.Scan(append(publicationTargets(&o.Publication), &o.OrganizationName, &o.Package)...)
		return o, err
	}
	query := strings.Replace(offers, `, o.name FROM`, `, o.name, p.package FROM`, 1) + ` AND p.organization_id = $2 AND p.name = $3`
	return find(ctx, s.reads, "extension", scan, query, string(reader), string(publisher), name)
}

// OffersOfInstalled gives what is offered now of the extensions that an organization has from publishers.
func (s *Store) OffersOfInstalled(ctx context.Context, reader lanyard.OrganizationID) ([]Offer, error) {
	const query = offers + ` AND EXISTS (SELECT 1 FROM extensions e WHERE e.organization_id = $1 AND e.publisher_id = p.organization_id AND e.name = p.name)`
	found, err := all(ctx, s.reads, scanOffer, query, string(reader))
	if err != nil {
		return nil, fmt.Errorf("list what is offered of what is installed: %w", err)
	}
	return found, nil
}
