package web

import (
	"time"

	"lanyard/internal/account"
	"lanyard/internal/extension"
	"lanyard/internal/store"
)

// restoredStates are a page of a Lanyard that was restored from a backup and has not gone on yet.
func restoredStates() []state {
	v := visiting()
	v.restored = &account.Restored{BackupAt: inventedNow().Add(-30 * time.Hour), More: true, Doubtful: []store.Doubtful{
		{Connection: "acme_crm", UserName: "The owner", Rotation: store.RotationEach},
		{Connection: "billing_of_the_whole_northern_region_since_2019_ab", UserName: longName, Rotation: store.RotationUnknown},
	}}
	quiet := visiting()
	quiet.restored = &account.Restored{BackupAt: v.restored.BackupAt}
	return []state{
		{"restored", 200, newExtensionsPage(v, []extension.Installed{*inventedInstalled()})},
		{"restored-nothing-doubtful", 200, newSearchPage(quiet, "audit")},
	}
}
