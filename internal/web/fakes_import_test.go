package web

import (
	"context"

	"lanyard"
	"lanyard/internal/credential"
)

func (*rooms) Connect(context.Context, *lanyard.Caller, string, credential.ConnectInput) (*credential.ConnectResult, error) {
	return &credential.ConnectResult{Status: "connected"}, nil
}
