package registry

import (
	"context"

	"lanyard"
	"lanyard/internal/catalog"
)

// CatalogFile is a service as a file of the catalogue: YAML, with no client id or secret in it. Of a default service it is
// the file that it comes from, with all ways to connect.
type CatalogFile struct {
	Name string // without a directory: acme.yaml
	Text []byte
}

// CatalogFile writes a service that the caller may read as a file.
func (r *Registry) CatalogFile(ctx context.Context, c *lanyard.Caller, name string) (*CatalogFile, error) {
	s, err := r.service(ctx, c, name)
	if err != nil {
		return nil, err
	}
	entry := r.listed(c, s).Entry
	if s.Kind == lanyard.KindCustom {
		entry = catalog.OfCustom(s)
	}
	text, err := entry.YAML()
	return &CatalogFile{string(entry.LinkName()) + ".yaml", text}, err
}
