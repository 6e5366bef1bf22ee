package api

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/account"
)

type me struct {
	Organization organization `json:"organization" doc:"The organization that the API key belongs to"`
	User         user         `json:"user" doc:"The acting user: the key's own, or the one that Lanyard-User names"`
	Key          callingKey   `json:"key" doc:"The API key that asks, and what it may do"`
}

type organization struct {
	ID   string `json:"id" doc:"Its id"`
	Name string `json:"name" doc:"Shown to people"`
}

type callingKey struct {
	ID          string   `json:"id" doc:"The key's id"`
	Owner       string   `json:"owner" doc:"The id of the user whose key it is"`
	ActForUsers bool     `json:"act_for_users" doc:"Whether it may act for other users"`
	Manage      bool     `json:"manage" doc:"Whether it may create, change and delete"`
	Connections []string `json:"connections" doc:"The only connections it may see and call through; empty: all"`
}

func (a *API) readMe(ctx context.Context, c *lanyard.Caller, _ *struct{}) (*answer[me], error) {
	u, o, err := a.Accounts.Me(ctx, c)
	if err != nil {
		return nil, err
	}
	return &answer[me]{me{
		Organization: organization{ID: string(o.ID), Name: o.Name},
		User:         encodeUser(u),
		Key: callingKey{
			ID: string(c.Key), Owner: string(c.KeyOwner),
			ActForUsers: c.Rights.ActForUsers, Manage: c.Rights.Manage, Connections: texts(c.Rights.Connections),
		},
	}}, nil
}

type signInLink struct {
	URL       string    `json:"url" doc:"Opened in a browser, it signs in, once"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it stops working"`
}

func (a *API) createSignInLink(ctx context.Context, c *lanyard.Caller, _ *struct{}) (*answer[signInLink], error) {
	url, expires, err := a.Accounts.CreateSignInLink(ctx, c)
	if err != nil {
		return nil, err
	}
	return &answer[signInLink]{signInLink{URL: url, ExpiresAt: expires.UTC()}}, nil
}

// APIKey is a key as it is listed: everything but the key.
type APIKey struct {
	ID          string     `json:"id" doc:"The key's id"`
	Name        string     `json:"name" doc:"Shown to people" example:"nightly reports"`
	Hint        string     `json:"hint" doc:"The last characters of the key, to tell keys apart" example:"K5QT"`
	ActForUsers bool       `json:"act_for_users" doc:"Whether it may act for other users, with Lanyard-User"`
	Manage      bool       `json:"manage" doc:"Whether it may create, change and delete; without, it only reads and invokes"`
	Connections []string   `json:"connections" doc:"The only connections it may see and call through; empty: all"`
	CreatedAt   time.Time  `json:"created_at" doc:"When it was made"`
	ExpiresAt   *time.Time `json:"expires_at" doc:"When it ends; null: never"`
	LastUsedAt  *time.Time `json:"last_used_at" doc:"When it was last used, to the minute; null: never"`

	ReturnToOrigins    []string   `json:"return_to_origins" doc:"The origins that connect sessions of the key may lead back to"`
	PreviousHint       string     `json:"previous_hint" doc:"After a rotation: the last characters of the key before, while that still works; otherwise empty"`
	PreviousExpiresAt  *time.Time `json:"previous_expires_at" doc:"When the key before ends; null: there is none"`
	PreviousLastUsedAt *time.Time `json:"previous_last_used_at" doc:"When the key before was last used; null: never"`
}

func encodeKey(k *lanyard.APIKey) APIKey {
	return APIKey{
		ID: string(k.ID), Name: k.Name, Hint: k.Hint, ActForUsers: k.Rights.ActForUsers, Manage: k.Rights.Manage,
		Connections: texts(k.Rights.Connections), CreatedAt: k.CreatedAt.UTC(), ExpiresAt: when(k.ExpiresAt), LastUsedAt: when(k.LastUsedAt),
		ReturnToOrigins: texts(k.Rights.ReturnToOrigins), PreviousHint: k.Previous.Hint,
		PreviousExpiresAt: when(k.Previous.ExpiresAt), PreviousLastUsedAt: when(k.Previous.LastUsedAt),
	}
}

type listKeysInput struct{ Page }

func (a *API) listKeys(ctx context.Context, c *lanyard.Caller, in *listKeysInput) (*answer[list[APIKey]], error) {
	keys, next, err := a.Accounts.Keys(ctx, c, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(keys, next, encodeKey), nil
}

type newAPIKey struct {
	Name        string    `json:"name" doc:"Shown to people; 1 to 50 characters" example:"nightly reports"`
	ActForUsers bool      `json:"act_for_users,omitempty" doc:"Let it act for other users, with Lanyard-User"`
	Manage      *bool     `json:"manage,omitempty" doc:"Let it create, change and delete; true when left out"`
	Connections []string  `json:"connections,omitempty" doc:"The only connections it may see and call through, at most 200; all when left out"`
	ExpiresAt   time.Time `json:"expires_at,omitzero" doc:"When it ends; never when left out"`

	ReturnToOrigins []string `json:"return_to_origins,omitempty" doc:"Exact origins, at most 20, that connect sessions of the key may lead back to; for a key that acts for users" example:"https://app.example.com"`
}

// createdAPIKey is the one place where a key is told.
type createdAPIKey struct {
	APIKey
	Key string `json:"key" doc:"The key itself, this once" example:"lanyard_…"`
}

type createKeyInput struct{ Body newAPIKey }

func (a *API) createKey(ctx context.Context, c *lanyard.Caller, in *createKeyInput) (*answer[createdAPIKey], error) {
	k, secret, err := a.Accounts.CreateKey(ctx, c, account.NewKey(in.Body))
	if err != nil {
		return nil, err
	}
	return &answer[createdAPIKey]{createdAPIKey{encodeKey(k), secret.Reveal()}}, nil
}

type KeyID struct {
	ID string `path:"id" doc:"The key's id" example:"key_T7ZPQ3XWDN5K2LHRVJ4B"`
}

// rotateKey says how long the key before goes on working.
type rotateKey struct {
	OverlapSeconds  *int64    `json:"overlap_seconds,omitempty" doc:"For how long the key before goes on working, at most 30 days; a day when left out, and 0 to end it at once" example:"86400"`
	OldKeyExpiresAt time.Time `json:"old_key_expires_at,omitzero" doc:"Until when it goes on working, in the place of overlap_seconds"`
}

type rotateKeyInput struct {
	KeyID
	Body *rotateKey
}

func (a *API) rotateKey(ctx context.Context, c *lanyard.Caller, in *rotateKeyInput) (*answer[createdAPIKey], error) {
	var wanted account.Rotate
	if in.Body != nil {
		wanted.Until = in.Body.OldKeyExpiresAt
		if seconds := in.Body.OverlapSeconds; seconds != nil {
			overlap := time.Duration(min(*seconds, 1<<31)) * time.Second
			wanted.Overlap = &overlap
		}
	}
	k, secret, err := a.Accounts.RotateKey(ctx, c, lanyard.APIKeyID(in.ID), wanted)
	if err != nil {
		return nil, err
	}
	return &answer[createdAPIKey]{createdAPIKey{encodeKey(k), secret.Reveal()}}, nil
}

func (a *API) endPreviousKey(ctx context.Context, c *lanyard.Caller, in *KeyID) (*struct{}, error) {
	return nil, a.Accounts.EndPreviousKey(ctx, c, lanyard.APIKeyID(in.ID))
}

func (a *API) deleteKey(ctx context.Context, c *lanyard.Caller, in *KeyID) (*struct{}, error) {
	return nil, a.Accounts.DeleteKey(ctx, c, lanyard.APIKeyID(in.ID))
}
