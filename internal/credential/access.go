package credential

import (
	"context"
	"encoding/json"

	"lanyard"
	"lanyard/internal/store"
)

// accessRevoked is the status reason of what ended with a password.
const accessRevoked = "The password was reset and access granted to all connected apps was revoked."

// AccessRevocation prepares the end of everything that a user has connected. Services are looked up now, because the
// transaction in which it happens asks nobody: of one that is connected between now and then the provider is not told.
func (k *Keeper) AccessRevocation(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) (*store.AccessRevocation, error) {
	connected, err := k.Store.ConnectedBy(ctx, org, user)
	if err != nil {
		return nil, err
	}
	services := map[lanyard.ServiceID]*lanyard.Service{}
	for i := range connected {
		s, err := k.Services.Of(ctx, &connected[i])
		if lanyard.CodeOf(err) == lanyard.CodeNotFound {
			continue // there is nobody to tell
		} else if err != nil {
			return nil, err
		}
		services[connected[i].ServiceID] = s
	}
	return &store.AccessRevocation{Reason: accessRevoked, Request: func(r store.RevokedAuthorization) []byte {
		told := revocationOf(services[r.Connection.ServiceID], r.Credential)
		if told == nil {
			return nil
		}
		request, err := json.Marshal(told)
		if err != nil {
			k.Logger.ErrorContext(ctx, "encode a revocation", "connection", r.Connection.LinkName, "error", err)
			return nil
		}
		return request
	}}, nil
}
