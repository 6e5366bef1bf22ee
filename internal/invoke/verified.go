package invoke

import (
	"context"
	"time"

	"lanyard"
)

// verified is which default services worked: what was stored already, so that of a service's many calls a day one is
// written, and what is not stored yet.
type verified struct {
	known, due map[lanyard.LinkName]definition
}

// definition is one that worked on a day.
type definition struct {
	version int64
	day     time.Time
}

func newVerified() verified {
	return verified{map[lanyard.LinkName]definition{}, map[lanyard.LinkName]definition{}}
}

// note remembers that a service worked, if that is news.
func (v *verified) note(s *lanyard.Service, at time.Time) {
	if s == nil {
		return
	}
	d := definition{lanyard.DefinitionVersion(s.Version), at.UTC().Truncate(24 * time.Hour)}
	if v.known[s.LinkName] != d {
		v.due[s.LinkName] = d
	}
}

// saveVerified stores what is not stored yet. What cannot be stored is tried again with the next calls that are recorded.
func (r *recorder) saveVerified(ctx context.Context) {
	if len(r.verified.due) == 0 {
		return
	}
	versions := make(map[lanyard.LinkName]int64, len(r.verified.due))
	for name, d := range r.verified.due {
		versions[name] = d.version
	}
	if err := r.store.MarkVerified(ctx, versions); err != nil {
		r.logger.ErrorContext(ctx, "note which services worked", "error", err)
		return
	}
	for name, d := range r.verified.due {
		r.verified.known[name] = d
	}
	clear(r.verified.due)
}
