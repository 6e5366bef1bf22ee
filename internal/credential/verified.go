package credential

import (
	"context"

	"lanyard"
)

// noteVerified notes that a default service accepted a credential in its verification request: its definition works. The
// credential is good whether or not that can be noted.
func (k *Keeper) noteVerified(ctx context.Context, s *lanyard.Service) {
	if s.VerifyURL == "" || s.Kind != lanyard.KindDefault {
		return
	}
	if err := k.Store.MarkVerified(ctx, map[lanyard.LinkName]int64{s.LinkName: lanyard.DefinitionVersion(s.Version)}); err != nil {
		k.Logger.ErrorContext(ctx, "note that a service works", "service", s.LinkName, "error", err)
	}
}
