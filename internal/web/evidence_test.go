package web

import (
	"strings"
	"testing"
	"time"

	"lanyard/internal/catalog"
	"lanyard/internal/registry"
)

func TestEstablished(t *testing.T) {
	sources := func(n int) []string { return []string{"nango", "n8n", "vendor", "d", "e"}[:n] }
	for _, c := range []struct {
		evidence catalog.Evidence
		want     string
	}{
		{catalog.Evidence{}, "What its definition was made from is not on record."},
		{catalog.Evidence{Checked: "2026-11", Sources: sources(1)}, "Collected in November 2026 from 1 source; nobody has compared it with the documentation field by field."},
		{catalog.Evidence{Sources: sources(3), Agree: 1}, "Collected from 3 independent sources, which do not agree on every address; nobody has compared it with the documentation field by field."},
		{catalog.Evidence{Sources: sources(5), Agree: 2}, "Collected from 5 independent sources, of which at least 2 agree on each address; nobody has compared it with the documentation field by field."},
		{catalog.Evidence{Sources: sources(3), Agree: 3}, "Collected from 3 independent sources, which agree on its addresses; nobody has compared it with the documentation field by field."},
		{catalog.Evidence{Checked: "2026-11-26", Reviewed: true, Sources: sources(5), Agree: 5}, "Reviewed field by field on 26 November 2026; 5 independent sources agree on its addresses."},
		{catalog.Evidence{Checked: "2026-11", Reviewed: true, Sources: sources(1), Agree: 1}, "Reviewed field by field in November 2026, against 1 source."},
		{catalog.Evidence{Reviewed: true}, "Reviewed field by field."},
	} {
		if got := established(&c.evidence); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.evidence, got, c.want)
		}
	}
	if got := sourcesOf(&catalog.Evidence{Sources: sources(3)}); got != "nango, n8n, the provider’s documentation" {
		t.Errorf("sources: %s", got)
	}
}

func TestVerifiedHere(t *testing.T) {
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	reviewed := catalog.Evidence{Reviewed: true, Sources: []string{"a", "b"}}
	for _, c := range []struct {
		standing     registry.Standing
		words, notes string
	}{
		{registry.Standing{}, "Not verified in this deployment yet.", "Reviewed, 2 sources"},
		{registry.Standing{Verified: day}, "Verified in this deployment on 26 November 2026.", "Verified here, Reviewed, 2 sources"},
		{registry.Standing{Verified: day, Earlier: true}, "Verified in this deployment with an earlier definition, on 26 November 2026.", "Reviewed, 2 sources"},
	} {
		if got := verifiedHere(c.standing); !strings.HasPrefix(got, c.words) {
			t.Errorf("%+v: %s", c.standing, got)
		}
		if got := strings.Join(proof(&reviewed, c.standing), ", "); got != c.notes {
			t.Errorf("%+v: %s", c.standing, got)
		}
	}
}
