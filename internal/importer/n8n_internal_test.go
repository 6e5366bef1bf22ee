package importer

import (
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
)

// The tables name services that there are.
func TestTablesNameServices(t *testing.T) {
	for _, table := range []map[string]string{n8nTypes, nangoProviders} {
		for theirs, ours := range table {
			if !catalog.Default().Has(lanyard.LinkName(ours)) {
				t.Errorf("%s is said to be %s, which is no default service", theirs, ours)
			}
		}
	}
}
