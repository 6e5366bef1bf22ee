package api

import (
	"context"
	"encoding/json"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/store"
)

type user struct {
	ID         string    `json:"id" doc:"The user's id"`
	Email      string    `json:"email" doc:"What the user signs in with; empty for somebody whom only a host application knows"`
	Name       string    `json:"name" doc:"Shown to people"`
	Role       string    `json:"role" enum:"owner,admin,member" doc:"What the user may do in the organization"`
	ExternalID string    `json:"external_id" doc:"The host application's own id for this person; empty when there is none"`
	Disabled   bool      `json:"disabled" doc:"Whether the user was deactivated"`
	CreatedAt  time.Time `json:"created_at" doc:"When the user was added"`
}

func encodeUser(u *lanyard.User) user {
	return user{
		ID: string(u.ID), Email: u.Email, Name: u.Name, Role: string(u.Role), ExternalID: u.ExternalID,
		Disabled: u.Disabled, CreatedAt: u.CreatedAt.UTC(),
	}
}

type listUsersInput struct {
	Page
	Q          string `query:"q" doc:"A part of the name, e-mail address or external id, in any case"`
	Role       string `query:"role" enum:"owner,admin,member" doc:"Only users of this role"`
	ExternalID string `query:"external_id" doc:"Only the user of exactly this external id"`
}

func (a *API) listUsers(ctx context.Context, c *lanyard.Caller, in *listUsersInput) (*answer[list[user]], error) {
	f := store.UserFilter{Query: in.Q, Role: lanyard.Role(in.Role), ExternalID: in.ExternalID}
	users, next, err := a.Accounts.Users(ctx, c, f, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(users, next, encodeUser), nil
}

type newUser struct {
	Email      string `json:"email,omitempty" doc:"What the user signs in with; may be left out where there is an external id" example:"member@zylker.example"`
	Name       string `json:"name" doc:"Shown to people; 1 to 50 characters" example:"Customer 4711"`
	Role       string `json:"role,omitempty" enum:"owner,admin,member" doc:"What the user may do in the organization; member when left out"`
	ExternalID string `json:"external_id,omitempty" doc:"The host application's own id for this person: 1 to 200 printable characters, unique in the organization" example:"customer-4711"`
}

type createUserInput struct{ Body newUser }

func (a *API) createUser(ctx context.Context, c *lanyard.Caller, in *createUserInput) (*created[user], error) {
	b := in.Body
	u, err := a.Accounts.CreateUser(ctx, c, account.NewUser{Email: b.Email, Name: b.Name, Role: lanyard.Role(b.Role), ExternalID: b.ExternalID})
	if err != nil {
		return nil, err
	}
	return &created[user]{Location: "/v1/users/" + string(u.ID), Body: encodeUser(u)}, nil
}

// UserID names a user in the path.
type UserID struct {
	ID string `path:"id" doc:"The user's id" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
}

func (a *API) readUser(ctx context.Context, c *lanyard.Caller, in *UserID) (*answer[user], error) {
	u, err := a.Accounts.User(ctx, c, lanyard.UserID(in.ID))
	if err != nil {
		return nil, err
	}
	return &answer[user]{encodeUser(u)}, nil
}

type editUserInput struct {
	UserID
	Body json.RawMessage
}

func (a *API) editUser(ctx context.Context, c *lanyard.Caller, in *editUserInput) (*answer[user], error) {
	edit, err := readUserPatch(in.Body)
	if err != nil {
		return nil, err
	}
	u, err := a.Accounts.EditUser(ctx, c, lanyard.UserID(in.ID), edit)
	if err != nil {
		return nil, err
	}
	return &answer[user]{encodeUser(u)}, nil
}

// given is a field of a merge patch: nil where the patch does not name it. One that is null goes back to what it is when
// left out of something new.
type given[T any] struct{ value *T }

// UnmarshalJSON is called for null, too.
func (g *given[T]) UnmarshalJSON(data []byte) error {
	g.value = new(T)
	return json.Unmarshal(data, g.value)
}

// readUserPatch reads a merge patch that was compared with its schema before.
func readUserPatch(data []byte) (account.UserEdit, error) {
	var patch struct {
		Name       given[string]       `json:"name"`
		Email      given[string]       `json:"email"`
		ExternalID given[string]       `json:"external_id"`
		Role       given[lanyard.Role] `json:"role"`
		Disabled   given[bool]         `json:"disabled"`
	}
	err := json.Unmarshal(data, &patch)
	return account.UserEdit{
		Name: patch.Name.value, Email: patch.Email.value, ExternalID: patch.ExternalID.value, Role: patch.Role.value, Disabled: patch.Disabled.value,
	}, err
}

type removeUserInput struct {
	UserID
	HandOverTo        string `query:"hand_over_to" doc:"The id of the user who gets the connections and custom services"`
	DeleteConnections bool   `query:"delete_connections" doc:"Delete the connections and custom services, with everybody's authorizations"`
}

func (a *API) removeUser(ctx context.Context, c *lanyard.Caller, in *removeUserInput) (*struct{}, error) {
	with := store.Removal{HandOverTo: lanyard.UserID(in.HandOverTo), Delete: in.DeleteConnections}
	return nil, a.Accounts.RemovePerson(ctx, c, lanyard.UserID(in.ID), with)
}

type handOverInput struct {
	UserID
	Body struct {
		To string `json:"to" doc:"The id of the user who gets the connections and custom services" example:"usr_H4N2XKD7QWLTPZ3VYB6C"`
	}
}

type handedOver struct {
	Connections int `json:"connections" doc:"How many connections have a new owner"`
	Services    int `json:"services" doc:"How many custom services have a new author"`
	Revoked     int `json:"revoked_authorizations" doc:"How many connected accounts were erased, so that the new owner connects with another one"`
}

func (a *API) handOver(ctx context.Context, c *lanyard.Caller, in *handOverInput) (*answer[handedOver], error) {
	o, err := a.Accounts.HandOver(ctx, c, lanyard.UserID(in.ID), lanyard.UserID(in.Body.To))
	if err != nil {
		return nil, err
	}
	return &answer[handedOver]{handedOver{Connections: o.Connections, Services: o.Services, Revoked: len(o.Erased)}}, nil
}
