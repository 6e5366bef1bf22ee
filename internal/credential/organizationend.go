package credential

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"lanyard"
)

// DeleteOrganization deletes an organization with everything of it, for whoever runs this Lanyard, and then tells the
// providers of its credentials until ctx ends: nothing of it is left to go on with later. It gives how many were not
// told. A restored Lanyard that waits tells none.
func (k *Keeper) DeleteOrganization(ctx context.Context, org lanyard.OrganizationID) (untold int, err error) {
	credentials, err := k.Store.CredentialsOf(ctx, org)
	if err != nil {
		return 0, err
	}
	queued, err := k.Store.RevocationsOf(ctx, org)
	if err != nil {
		return 0, err
	}
	var requests []*revocation
	for i := range credentials {
		s, err := k.Services.Of(ctx, &credentials[i].Connection)
		if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
			return 0, err
		}
		if r := revocationOf(s, credentials[i].Credential); r != nil {
			requests = append(requests, r)
		}
	}
	for _, q := range queued {
		var r revocation
		if json.Unmarshal(q.Request, &r) == nil {
			requests = append(requests, &r)
		}
	}
	if err := k.Store.DeleteOrganization(ctx, org); err != nil {
		return 0, err
	}
	var failed atomic.Int64
	each(requests, func(r *revocation) {
		if k.tellProvider(ctx, r) != nil {
			failed.Add(1)
		}
	})
	return int(failed.Load()), nil
}
