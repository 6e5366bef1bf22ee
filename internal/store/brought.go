package store

import (
	"context"

	"lanyard"
)

// InstalledDigests lists the extensions of an organization with id, title and digest alone, the earliest installed first:
// what is needed to know whether their packages are in memory.
func (s *Store) InstalledDigests(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.Extension, error) {
	scan := func(row scanner) (x lanyard.Extension, err error) {
		err = row.Scan(&x.OrganizationID, &x.ID, &x.Title, &x.Digest)
		return x, err
	}
	return all(ctx, s.reads, scan, `SELECT organization_id, id, title, digest FROM extensions WHERE organization_id = $1 ORDER BY created_at, id`, org)
}

// InstalledPackage gives the package of an installed extension as long as its digest is this one; not_found otherwise.
func (s *Store) InstalledPackage(ctx context.Context, org lanyard.OrganizationID, id lanyard.ExtensionID, digest string) ([]byte, error) {
	packed, err := find(ctx, s.reads, "extension", column[[]byte], `SELECT package FROM extensions WHERE organization_id = $1 AND id = $2 AND digest = $3`, org, id, digest)
	if err != nil {
		return nil, err
	}
	return *packed, nil
}
