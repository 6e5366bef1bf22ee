package web

import (
	"context"
	"fmt"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/credential"
)

// embedRooms is the part of rooms that stands in for rotated keys and for the end users of a host application.
type embedRooms struct {
	rotateErr error
	sessions  *credential.Opened // nil: there is no such session
	ended     *credential.SessionEnd
	flow      lanyard.Secret // that the browser sent
}

func (f *rooms) RotateKey(_ context.Context, _ *lanyard.Caller, id lanyard.APIKeyID, in account.Rotate) (*lanyard.APIKey, lanyard.Secret, error) {
	if f.rotateErr != nil {
		return nil, lanyard.Secret{}, f.rotateErr
	}
	f.changed("RotateKey:" + string(id) + ":" + fmt.Sprint(in.Overlap != nil))
	return &lanyard.APIKey{Name: "nightly report", Previous: lanyard.PreviousKey{Hint: "K5QT", ExpiresAt: inventedNow()}}, lanyard.NewSecret("lanyard_INVENTED"), nil
}

func (f *rooms) EndPreviousKey(_ context.Context, _ *lanyard.Caller, id lanyard.APIKeyID) error {
	f.changed("EndPreviousKey:" + string(id))
	return f.err
}

func (f *rooms) OpenConnectSession(_ context.Context, token string, flow lanyard.Secret, _ bool) (*credential.Opened, error) {
	f.flow = flow
	if f.sessions == nil {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old.")
	}
	return f.sessions, nil
}

func (f *rooms) EndConnectSession(_ context.Context, _ lanyard.OrganizationID, _ lanyard.ConnectSessionID, flow lanyard.Secret) (*credential.SessionEnd, error) {
	f.flow = flow
	if f.ended == nil {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is nothing to finish in this browser.")
	}
	return f.ended, nil
}
