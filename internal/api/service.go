package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lanyard"
	"lanyard/internal/registry"
)

// service is a service as it is read: its definition, and what Lanyard knows beside it. The definition's own "auth" is
// replaced by one that says whether a secret is set, and never which.
type service struct {
	*lanyard.Service
	Auth        serviceAuth    `json:"auth"`
	CallbackURL string         `json:"callback_url"`
	Extension   string         `json:"extension,omitempty"`
	Author      lanyard.UserID `json:"author"`     // empty for a default service
	CreatedAt   *time.Time     `json:"created_at"` // null for a default service
	UpdatedAt   *time.Time     `json:"updated_at"`
	Affected    *affected      `json:"affected,omitempty"`
	// VerifiedAt is the day on which a default service, defined as it is, last worked in this deployment.
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
	// The next are there for a default service, or one of an extension, that is used with the organization's own OAuth client.
	ClientSet   *bool  `json:"client_set,omitempty"`
	RegisterURL string `json:"register_url,omitempty"`
	Register    string `json:"register,omitempty"`
	// ClientParameters came with that client; for whoever may set it.
	ClientParameters map[string]string `json:"client_parameters,omitempty"`
}

// affected is what an edit or the deletion of a service, or another OAuth client for it, would revoke.
type affected struct {
	Authorizations int `json:"authorizations"`
	Connections    int `json:"connections"`
	People         int `json:"people"`
}

// Schema implements [huma.SchemaProvider].
func (service) Schema(huma.Registry) *huma.Schema { return ref("Service") }

func encodeService(v *registry.ServiceView) service {
	s := service{
		Service: v.Service, Auth: serviceAuth{&v.Service.Auth, v.SecretSet, v.SecretFingerprint},
		CallbackURL: v.CallbackURL, Extension: string(v.Service.ExtensionName), Author: v.Service.Author, CreatedAt: when(v.Service.CreatedAt), UpdatedAt: when(v.Service.UpdatedAt),
	}
	if v.Affected != nil {
		s.Affected = &affected{v.Affected.Authorizations, v.Affected.Connections, v.Affected.People}
	}
	if !v.Standing.Earlier {
		s.VerifiedAt = when(v.Standing.Verified)
	}
	if v.NeedsClient() {
		s.ClientParameters = v.ClientValues
		set := v.Service.Auth.ClientID() != ""
		s.ClientSet = &set
		if v.Way != nil { // a service of an extension stands in no catalogue
			s.RegisterURL, s.Register = v.Way.RegisterURL, v.Way.Register
		}
	}
	return s
}

type serviceAuth struct {
	auth        *lanyard.Auth
	secretSet   bool
	fingerprint string
}

// MarshalJSON writes the auth's own members and, where its type has a secret, two that stand for it.
func (s serviceAuth) MarshalJSON() ([]byte, error) {
	members, err := json.Marshal(s.auth)
	field := strings.TrimPrefix(s.auth.SecretPointer(), "/auth/")
	if err != nil || field == "" {
		return members, err
	}
	stands, err := json.Marshal(map[string]any{field + "_set": s.secretSet, field + "_fingerprint": s.fingerprint})
	if err != nil {
		return nil, err
	}
	return append(append(members[:len(members)-1], ','), stands[1:]...), nil
}

// editedService is a service after an edit.
type editedService struct {
	service
	RevokedAuthorizations int `json:"revoked_authorizations"`
}

// Schema implements [huma.SchemaProvider].
func (editedService) Schema(huma.Registry) *huma.Schema { return ref("EditedService") }

type ServiceName struct {
	LinkName string `path:"link_name" doc:"The service's link name" example:"acme"`
}

type listServicesInput struct {
	Kind     string `query:"kind" enum:"default,custom" doc:"Only services of this kind"`
	Category string `query:"category" doc:"Only services of this category"`
	Query    string `query:"q" doc:"Only services whose name or link name holds this text; default services are also found by other words that people use and by their category, and with kind=default typing errors are forgiven"`
	Page
}

func (a *API) listServices(ctx context.Context, c *lanyard.Caller, in *listServicesInput) (*answer[list[service]], error) {
	filter := registry.ServiceFilter{Kind: lanyard.ServiceKind(in.Kind), Category: in.Category, Query: in.Query}
	views, next, err := a.Registry.Services(ctx, c, filter, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(views, next, encodeService), nil
}

type createServiceInput struct{ Body json.RawMessage }

func (a *API) createService(ctx context.Context, c *lanyard.Caller, in *createServiceInput) (*created[service], error) {
	v, err := a.Registry.CreateService(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	return &created[service]{Location: "/v1/services/" + string(v.LinkName), Body: encodeService(v)}, nil
}

func (a *API) readService(ctx context.Context, c *lanyard.Caller, in *ServiceName) (*answer[service], error) {
	v, err := a.Registry.Service(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &answer[service]{encodeService(v)}, nil
}

type editServiceInput struct {
	ServiceName
	KeepConnections bool `query:"keep_connections" doc:"Revoke nothing; refused when the edit could lead a credential anywhere new"`
	Body            json.RawMessage
}

func (a *API) editService(ctx context.Context, c *lanyard.Caller, in *editServiceInput) (*answer[editedService], error) {
	v, revoked, err := a.Registry.EditService(ctx, c, in.LinkName, registry.ServiceEdit{Patch: in.Body, KeepConnections: in.KeepConnections})
	if err != nil {
		return nil, err
	}
	return &answer[editedService]{editedService{encodeService(v), revoked}}, nil
}

type deletedService struct {
	RevokedAuthorizations int `json:"revoked_authorizations" doc:"How many authorizations ended with the service"`
}

func (a *API) deleteService(ctx context.Context, c *lanyard.Caller, in *ServiceName) (*answer[deletedService], error) {
	revoked, err := a.Registry.DeleteService(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &answer[deletedService]{deletedService{revoked}}, nil
}

type oauthClient struct {
	ClientID     string            `json:"client_id" doc:"What the provider shows; with OAuth 1 the consumer key" example:"0a1b2c3d"`
	ClientSecret *lanyard.Secret   `json:"client_secret,omitempty" writeOnly:"true" doc:"Stored sealed and never shown again. Left out, the stored one stays, as long as the client id does; an empty text is for a client that has none"`
	Parameters   map[string]string `json:"parameters,omitempty" doc:"Values of the service's dynamic parameters that say with_client, such as the host of a server of your own; nobody who connects is asked for them. Left out, the stored ones stay"`
}

type setClientInput struct {
	ServiceName
	Body oauthClient
}

func (a *API) setClient(ctx context.Context, c *lanyard.Caller, in *setClientInput) (*answer[editedService], error) {
	v, revoked, err := a.Registry.SetOAuthClient(ctx, c, in.LinkName, registry.OAuthClientInput(in.Body))
	if err != nil {
		return nil, err
	}
	return &answer[editedService]{editedService{encodeService(v), revoked}}, nil
}
