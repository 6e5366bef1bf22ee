package store

import (
	"fmt"
	"slices"
	"strings"
)

// UnlistedSeals names the sealed columns of tables that [Seals.Check] would pass over.
func UnlistedSeals(tables []Table) (unlisted []string) {
	for _, t := range tables {
		for _, c := range t.Columns {
			listed := slices.ContainsFunc(sealedColumns, func(s sealedColumn) bool { return s.table == t.Name && s.column == c.Name })
			if strings.HasSuffix(c.Name, "_sealed") && t.Name != "keysets" && !listed {
				unlisted = append(unlisted, fmt.Sprintf("%s.%s", t.Name, c.Name))
			}
		}
	}
	return unlisted
}
