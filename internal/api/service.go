package api

import (
	"context"
	"encoding/json"
	"slices"
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
	Author      lanyard.UserID `json:"author"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
	Affected    *affected      `json:"affected,omitempty"`
}

// affected is what an edit or the deletion of a service would revoke.
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
		CallbackURL: v.CallbackURL, Author: v.Service.Author, CreatedAt: v.Service.CreatedAt.UTC(), UpdatedAt: v.Service.UpdatedAt.UTC(),
	}
	if v.Affected != nil {
		s.Affected = &affected{v.Affected.Authorizations, v.Affected.Connections, v.Affected.People}
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
	Query    string `query:"q" doc:"Only services whose name or link name holds this text"`
	Page
}

func (a *API) listServices(ctx context.Context, c *lanyard.Caller, in *listServicesInput) (*answer[list[service]], error) {
	views, next, err := a.Registry.Services(ctx, c, lanyard.ServiceKind(in.Kind), in.Query, in.store())
	if err != nil {
		return nil, err
	}
	if in.Category != "" {
		// A page then holds fewer, and the cursor still leads to the next one.
		views = slices.DeleteFunc(views, func(v registry.ServiceView) bool { return v.Category != in.Category })
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
