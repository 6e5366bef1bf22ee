package api

import (
	"context"
	"encoding/json"
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// connection is a connection as the acting user sees it.
type connection struct {
	LinkName                string     `json:"link_name" doc:"What scripts and programs call it; never changes" example:"acme_live"`
	Name                    string     `json:"name" doc:"Shown to people" example:"Acme, live"`
	Service                 string     `json:"service" doc:"The link name of its service" example:"acme"`
	Scopes                  []string   `json:"scopes" doc:"The scope values that are asked for when connecting"`
	UseLoginUserCredentials bool       `json:"use_login_user_credentials" doc:"Whether every call runs with the acting user's own account instead of the owner's"`
	Origin                  string     `json:"origin" enum:"user,extension,internal" doc:"How it came to be: made by a user, with an extension, or by Lanyard itself"`
	Extension               string     `json:"extension,omitempty" doc:"The name of the extension that it came with; it is revoked, and neither edited nor deleted"`
	Owner                   string     `json:"owner" doc:"The id of the user whose it is"`
	UsableBy                string     `json:"usable_by" enum:"organization,owner" doc:"Who may call through it"`
	Status                  string     `json:"status" enum:"not_connected,connected,reconnect_required,revoked" doc:"How the acting user's own authorization stands"`
	StatusReason            string     `json:"status_reason" doc:"Why, in plain words; empty while connected"`
	ExpiresAt               *time.Time `json:"expires_at" doc:"When the access token ends; it is refreshed before. Null: it does not end, or nobody said when"`
	LastUsedAt              *time.Time `json:"last_used_at" doc:"When a call with the acting user's own authorization was last answered, half a minute exact. Null: never"`
	CreatedAt               time.Time  `json:"created_at" doc:"When it was made"`
}

func encodeConnection(v *registry.ConnectionView) connection {
	c := connection{
		LinkName: string(v.LinkName), Name: v.Name, Service: string(v.Service), Scopes: texts(v.Scopes),
		UseLoginUserCredentials: v.UseLoginUserCredentials, Origin: string(v.Origin), Extension: string(v.ExtensionName), Owner: string(v.Owner), UsableBy: string(v.UsableBy),
		Status: string(lanyard.StatusNotConnected), CreatedAt: v.CreatedAt.UTC(),
	}
	if z := v.Authorization; z != nil {
		c.Status, c.StatusReason, c.ExpiresAt, c.LastUsedAt = string(z.Status), z.StatusReason, when(z.ExpiresAt), when(z.LastUsedAt)
	}
	return c
}

type ConnectionName struct {
	LinkName string `path:"link_name" doc:"The connection's link name" example:"acme_live"`
}

type listConnectionsInput struct {
	View   string `query:"view" enum:"my,extensions,shared,internal" default:"my" doc:"Which of the lists"`
	Status string `query:"status" enum:"not_connected,connected,reconnect_required,revoked" doc:"Only those of this status"`
	Query  string `query:"q" doc:"Only connections whose name, link name or service's link name holds this text"`
	Page
}

func (a *API) listConnections(ctx context.Context, c *lanyard.Caller, in *listConnectionsInput) (*answer[list[connection]], error) {
	views, next, err := a.Registry.Connections(ctx, c, registry.ConnectionFilter{View: in.View, Status: in.Status, Query: in.Query}, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(views, next, encodeConnection), nil
}

type newConnection struct {
	Name                    string   `json:"name" doc:"Shown to people; 1 to 50 characters" example:"Acme, live"`
	LinkName                string   `json:"link_name" doc:"What scripts and programs call it: a lower-case letter, then lower-case letters, digits and underscores, at most 50. Never changes" example:"acme_live"`
	Service                 string   `json:"service" doc:"The link name of its service" example:"acme"`
	Scopes                  []string `json:"scopes,omitempty" doc:"The values of the scopes to ask for"`
	UseLoginUserCredentials bool     `json:"use_login_user_credentials,omitempty" doc:"Run every call with the acting user's own account instead of the owner's"`
	UsableBy                string   `json:"usable_by,omitempty" enum:"organization,owner" doc:"Who may call through it: everybody in the organization, or only its owner; organization when left out"`
}

type createConnectionInput struct{ Body newConnection }

func (a *API) createConnection(ctx context.Context, c *lanyard.Caller, in *createConnectionInput) (*created[connection], error) {
	v, err := a.Registry.CreateConnection(ctx, c, registry.ConnectionInput(in.Body))
	if err != nil {
		return nil, err
	}
	return &created[connection]{Location: "/v1/connections/" + string(v.LinkName), Body: encodeConnection(v)}, nil
}

func (a *API) readConnection(ctx context.Context, c *lanyard.Caller, in *ConnectionName) (*answer[connection], error) {
	v, err := a.Registry.Connection(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &answer[connection]{encodeConnection(v)}, nil
}

type editConnectionInput struct {
	ConnectionName
	Body json.RawMessage
}

func (a *API) editConnection(ctx context.Context, c *lanyard.Caller, in *editConnectionInput) (*answer[connection], error) {
	v, err := a.Registry.EditConnection(ctx, c, in.LinkName, in.Body)
	if err != nil {
		return nil, err
	}
	return &answer[connection]{encodeConnection(v)}, nil
}

func (a *API) deleteConnection(ctx context.Context, c *lanyard.Caller, in *ConnectionName) (*struct{}, error) {
	return nil, a.Registry.DeleteConnection(ctx, c, in.LinkName)
}

type connectRequest struct {
	Credentials map[string]lanyard.Secret `json:"credentials,omitempty" writeOnly:"true" doc:"What the service asks for, by name; stored sealed and never shown again"`
	Parameters  map[string]string         `json:"parameters,omitempty" doc:"Values of the service's dynamic parameters, by key"`
	ReturnTo    string                    `json:"return_to,omitempty" doc:"Where the browser goes after consent: a path of this server, or a URL of an origin that the operator allows"`
}

type connectInput struct {
	ConnectionName
	Body *connectRequest
}

type connectAnswer struct {
	Status     string `json:"status" enum:"connected,consent_required" doc:"Whether it is connected now, or a person has to go on in the browser"`
	ConnectURL string `json:"connect_url,omitempty" doc:"Where the acting user goes on, signed in"`
}

func (a *API) connect(ctx context.Context, c *lanyard.Caller, in *connectInput) (*answer[connectAnswer], error) {
	var given credential.ConnectInput
	if in.Body != nil {
		given = credential.ConnectInput(*in.Body)
	}
	r, err := a.Keeper.Connect(ctx, c, in.LinkName, given)
	if err != nil {
		return nil, err
	}
	return &answer[connectAnswer]{connectAnswer(*r)}, nil
}

type revokeAnswer struct {
	Status            string `json:"status" enum:"revoked" doc:"The credential is erased here"`
	ProviderConfirmed bool   `json:"provider_confirmed" doc:"Whether the provider said that it ended the tokens too"`
}

func (a *API) revoke(ctx context.Context, c *lanyard.Caller, in *ConnectionName) (*answer[revokeAnswer], error) {
	confirmed, err := a.Keeper.Revoke(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &answer[revokeAnswer]{revokeAnswer{string(lanyard.StatusRevoked), confirmed}}, nil
}

// connectionUser is how somebody stands on a connection, as its owner sees it.
type connectionUser struct {
	User         string     `json:"user" doc:"The user's id" example:"usr_H4N2XKD7QWLTPZ3VYB6C"`
	Name         string     `json:"name" doc:"The user's name"`
	ExternalID   string     `json:"external_id" doc:"The host application's own id for this person; empty when there is none"`
	Status       string     `json:"status" enum:"not_connected,connected,reconnect_required,revoked" doc:"How that user's authorization stands"`
	StatusReason string     `json:"status_reason" doc:"Why, in plain words; empty while connected"`
	ConnectedAt  *time.Time `json:"connected_at" doc:"When the credential that is stored was got or last refreshed. Null: none was yet"`
	LastUsedAt   *time.Time `json:"last_used_at" doc:"When a call with it was last answered, half a minute exact. Null: never"`
}

func encodeConnectionUser(u *store.UserAuthorization) connectionUser {
	return connectionUser{
		User: string(u.User), Name: u.Name, ExternalID: u.ExternalID, Status: string(u.Status), StatusReason: u.Reason,
		ConnectedAt: when(u.ConnectedAt), LastUsedAt: when(u.LastUsedAt),
	}
}

type listConnectionUsersInput struct {
	ConnectionName
	Page
}

func (a *API) listConnectionUsers(ctx context.Context, c *lanyard.Caller, in *listConnectionUsersInput) (*answer[list[connectionUser]], error) {
	users, next, err := a.Keeper.Authorizations(ctx, c, in.LinkName, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(users, next, encodeConnectionUser), nil
}

type connectionUserName struct {
	ConnectionName
	User string `path:"user" doc:"The user's id" example:"usr_H4N2XKD7QWLTPZ3VYB6C"`
}

func (a *API) removeConnectionUser(ctx context.Context, c *lanyard.Caller, in *connectionUserName) (*answer[revokeAnswer], error) {
	_, confirmed, err := a.Keeper.RemoveUser(ctx, c, in.LinkName, lanyard.UserID(in.User))
	if err != nil {
		return nil, err
	}
	return &answer[revokeAnswer]{revokeAnswer{string(lanyard.StatusRevoked), confirmed}}, nil
}
