package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"lanyard/internal/catalog"
	"lanyard/internal/store"
)

// openCatalog gives the default services: those that come with Lanyard and, where there is a directory, the operator's.
func (c *Config) openCatalog() (*catalog.Own, *catalog.Catalog, error) {
	if c.CatalogDir == "" {
		return nil, c.Catalog, nil
	}
	own, all, err := catalog.OpenOwn(c.Catalog, os.DirFS(c.CatalogDir))
	if err != nil {
		return nil, nil, fmt.Errorf("--catalog %s:\n%w", c.CatalogDir, err)
	}
	return own, all, nil
}

// watchCatalog looks into the operator's directory again and again until ctx ends.
func (s *Server) watchCatalog(ctx context.Context) {
	if s.own == nil {
		return
	}
	tick := time.NewTicker(s.config.CatalogEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.lookForCatalog()
		}
	}
}

// lookForCatalog puts another catalogue to use when the operator's directory has changed. While it has faults, the one
// before stays.
func (s *Server) lookForCatalog() {
	c, err := s.own.Look()
	if faults := catalog.Faults(err); len(faults) > 0 {
		for _, f := range faults {
			s.logger.Error("catalogue file not used", "file", f.File, "line", f.Line, "field", f.Field, "detail", f.Detail)
		}
		return
	}
	if err != nil {
		s.logger.Error("catalogue directory not used", "directory", s.config.CatalogDir, "error", err)
		return
	}
	if c == nil {
		return
	}
	s.services.Use(c)
	s.keeper.Changed(store.Change{Kind: store.ChangeService}) // what is warm was made of the earlier definitions
	s.logger.Info("catalogue changed", "services", len(c.Entries()))
}
