package web

import (
	"fmt"
	"strings"
	"time"

	"lanyard/internal/catalog"
	"lanyard/internal/registry"
)

// proof says in a few words how far the definition of a default service can be relied on; none where nothing is known.
func proof(e *catalog.Evidence, s registry.Standing) []string {
	var parts []string
	if !s.Verified.IsZero() && !s.Earlier {
		parts = append(parts, "Verified here")
	}
	if e.Reviewed {
		parts = append(parts, "Reviewed")
	}
	if n := len(e.Sources); n > 0 {
		parts = append(parts, counted(n, "source"))
	}
	return parts
}

// established says how the definition of a default service came to be.
func established(e *catalog.Evidence) string {
	n, when := len(e.Sources), checkedOn(e.Checked)
	if e.Reviewed {
		switch {
		case e.Agree > 1:
			return fmt.Sprintf("Reviewed field by field%s; %d independent sources agree on its addresses.", when, e.Agree)
		case n > 0:
			return fmt.Sprintf("Reviewed field by field%s, against %s.", when, counted(n, "source"))
		}
		return fmt.Sprintf("Reviewed field by field%s.", when)
	}
	from := ""
	switch {
	case n == 0:
		return "What its definition was made from is not on record."
	case n == 1:
		from = "1 source"
	case e.Agree == n:
		from = fmt.Sprintf("%d independent sources, which agree on its addresses", n)
	case e.Agree > 1:
		from = fmt.Sprintf("%d independent sources, of which at least %d agree on each address", n, e.Agree)
	default:
		from = fmt.Sprintf("%d independent sources, which do not agree on every address", n)
	}
	return fmt.Sprintf("Collected%s from %s; nobody has compared it with the documentation field by field.", when, from)
}

// checkedOn is a day, " on 26 November 2026", or a month, " in November 2026"; empty for neither.
func checkedOn(checked string) string {
	if day, err := time.Parse(time.DateOnly, checked); err == nil {
		return " on " + dayWords(day)
	}
	if month, err := time.Parse("2006-01", checked); err == nil {
		return month.Format(" in January 2006")
	}
	return ""
}

func dayWords(day time.Time) string { return day.Format("2 January 2006") }

// sourcesOf names them as people know them.
func sourcesOf(e *catalog.Evidence) string {
	names := make([]string, len(e.Sources))
	for i, source := range e.Sources {
		if names[i] = source; source == "vendor" {
			names[i] = "the provider’s documentation"
		}
	}
	return strings.Join(names, ", ")
}

// verifiedHere says whether a default service worked in this deployment.
func verifiedHere(s registry.Standing) string {
	switch {
	case s.Verified.IsZero():
		return "Not verified in this deployment yet. The first call through a connection that works does it."
	case s.Earlier:
		return "Verified in this deployment with an earlier definition, on " + dayWords(s.Verified) + ". The first call that works with this one verifies it again."
	}
	return "Verified in this deployment on " + dayWords(s.Verified) + "."
}
