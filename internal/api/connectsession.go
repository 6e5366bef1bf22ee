package api

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/credential"
)

type newConnectSession struct {
	Connection string `json:"connection" doc:"The connection's link name" example:"acme_live"`
	User       string `json:"user,omitempty" doc:"Whom it is for, by id or external_id; may be left out where Lanyard-User says so" example:"customer-4711"`
	ReturnTo   string `json:"return_to" doc:"Where the browser goes in the end: a URL whose origin the key names, without a fragment; its query is kept" example:"https://app.example.com/connected"`
	Display    string `json:"display,omitempty" enum:"page,popup" doc:"How it is opened: as a page, or in a pop-up by /embed.js; page when left out"`
}

type createConnectSessionInput struct{ Body newConnectSession }

type connectSession struct {
	ID         string    `json:"id" doc:"The id of the session"`
	ConnectURL string    `json:"connect_url" doc:"Where the user's browser goes. It works in the first browser that opens it"`
	ExpiresAt  time.Time `json:"expires_at" doc:"When it is over"`
}

func (a *API) createConnectSession(ctx context.Context, c *lanyard.Caller, in *createConnectSessionInput) (*created[connectSession], error) {
	made, err := a.Keeper.CreateConnectSession(ctx, c, credential.NewConnectSession(in.Body))
	if err != nil {
		return nil, err
	}
	return &created[connectSession]{Location: "/v1/connect_sessions/" + string(made.ID), Body: connectSession{
		ID: string(made.ID), ConnectURL: made.URL, ExpiresAt: made.ExpiresAt.UTC(),
	}}, nil
}

type SessionID struct {
	ID string `path:"id" doc:"The id of the session" example:"cse_Q3XWDN5K2LHRVJ4BT7ZP"`
}

type connectSessionStatus struct {
	ID         string    `json:"id" doc:"The id of the session"`
	Connection string    `json:"connection" doc:"The connection's link name"`
	User       string    `json:"user" doc:"The id of the user whom it is for"`
	Status     string    `json:"status" enum:"open,pending,confirmed,failed,expired" doc:"Where it stands"`
	Error      string    `json:"error" enum:",access_denied,connect_failed,wrong_code,wrong_user" doc:"Why it failed; empty otherwise"`
	Reason     string    `json:"reason" doc:"The same in words, as the person read them"`
	ExpiresAt  time.Time `json:"expires_at" doc:"When it is over"`
}

func (a *API) readConnectSession(ctx context.Context, c *lanyard.Caller, in *SessionID) (*answer[connectSessionStatus], error) {
	s, err := a.Keeper.ReadConnectSession(ctx, c, lanyard.ConnectSessionID(in.ID))
	if err != nil {
		return nil, err
	}
	return &answer[connectSessionStatus]{connectSessionStatus{
		ID: string(s.ID), Connection: string(s.Connection), User: string(s.User), Status: s.Status, Error: s.Error, Reason: s.Reason, ExpiresAt: s.ExpiresAt.UTC(),
	}}, nil
}

type confirmation struct {
	Code string `json:"code" doc:"What the browser brought"`
	User string `json:"user,omitempty" doc:"Who is signed in to the application in that browser, by id or external_id" example:"customer-4711"`
}

type confirmInput struct {
	SessionID
	Body confirmation
}

type confirmed struct {
	Status     string `json:"status" enum:"connected" doc:"It is connected now"`
	Connection string `json:"connection" doc:"The connection's link name"`
	User       string `json:"user" doc:"The id of the user whose account it is"`
}

func (a *API) confirmConnectSession(ctx context.Context, c *lanyard.Caller, in *confirmInput) (*answer[confirmed], error) {
	s, err := a.Keeper.ConfirmConnectSession(ctx, c, lanyard.ConnectSessionID(in.ID), lanyard.NewSecret(in.Body.Code), in.Body.User)
	if err != nil {
		return nil, err
	}
	return &answer[confirmed]{confirmed{"connected", string(s.Connection), string(s.User)}}, nil
}
