package extension

import (
	"io/fs"

	"lanyard/internal/catalog"
)

// Lint judges a folder as [Read] does, and says besides what is worth mending: what looks like a secret in a script, and
// what one would be glad to know of a service.
func Lint(folder fs.FS, defaults *catalog.Catalog) *catalog.Report {
	r := &reading{folder: folder, defaults: defaults}
	_, err := r.all()
	report := &catalog.Report{Files: len(r.present), Faults: catalog.Faults(err), Remarks: r.remarks}
	for _, e := range r.pack.Entries {
		report.Remarks = append(report.Remarks, e.Remarks()...)
	}
	if !r.present[readme] {
		report.Remarks = append(report.Remarks, &catalog.Fault{File: ManifestFile, Line: 1, Detail: "without a " + readme + " nobody who looks into the folder learns what it is for"})
	}
	faulty := map[string]bool{}
	for _, f := range report.Faults {
		faulty[f.File] = r.present[f.File]
	}
	report.Fine = report.Files
	for _, there := range faulty {
		if there {
			report.Fine--
		}
	}
	return report
}
