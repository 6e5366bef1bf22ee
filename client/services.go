package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// Definition is what a service is made of: a third-party API and how it authenticates. LinkName, Name, Hosts and Auth
// are required; what else is required depends on the type of Auth.
type Definition struct {
	LinkName    string `json:"link_name"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Category    string `json:"category,omitempty"`
	DocsURL     string `json:"docs_url,omitempty"`
	BaseURL     string `json:"base_url,omitempty"` // may hold {placeholders} of the dynamic parameters
	// Hosts are those that the credential may be sent to: "api.example.com", "*.example.com", "{domain}.example.com".
	Hosts             []string                   `json:"hosts"`
	DynamicParameters []lanyard.DynamicParameter `json:"dynamic_parameters,omitempty"`
	Headers           map[string]string          `json:"headers,omitempty"`       // of every call that has none of the name itself
	VerifyURL         string                     `json:"verify_url,omitempty"`    // called once after connecting
	VerifyMethod      string                     `json:"verify_method,omitempty"` // GET when empty, or POST
	VerifyBody        string                     `json:"verify_body,omitempty"`   // JSON, for POST
	VerifyMember      string                     `json:"verify_member,omitempty"` // path into the answer to what has to be there and not false
	VerifyAccepts     []int                      `json:"verify_accepts,omitempty"`
	VerifyAWSService  string                     `json:"verify_aws_service,omitempty"`
	Auth              Auth                       `json:"auth"`
}

// Auth is how a service authenticates. Type decides which of the other members may be set. ClientSecret and
// ConsumerSecret are only ever written: in what the server gives they are empty, and in their place stand whether one is
// set and a fingerprint, by which two can be told apart.
type Auth struct {
	Type string `json:"type"` // api_key, basic, oauth1, oauth2, aws_sigv4

	Parameters []lanyard.APIKeyParameter `json:"parameters,omitempty"` // api_key

	Username *lanyard.BasicPart `json:"username,omitempty"` // basic, where it is not plain user name and password
	Password *lanyard.BasicPart `json:"password,omitempty"`

	ConsumerKey               string `json:"consumer_key,omitempty"` // oauth1
	ConsumerSecret            string `json:"consumer_secret,omitempty"`
	ConsumerSecretSet         bool   `json:"consumer_secret_set,omitempty"`
	ConsumerSecretFingerprint string `json:"consumer_secret_fingerprint,omitempty"`
	RequestTokenURL           string `json:"request_token_url,omitempty"`
	SignatureMethod           string `json:"signature_method,omitempty"`
	Realm                     string `json:"realm,omitempty"`

	AuthorizeURL   string `json:"authorize_url,omitempty"` // oauth1 and oauth2
	AccessTokenURL string `json:"access_token_url,omitempty"`
	ParamType      string `json:"param_type,omitempty"`

	GrantType               string            `json:"grant_type,omitempty"` // oauth2
	GrantTypeName           string            `json:"grant_type_name,omitempty"`
	PKCE                    *bool             `json:"pkce,omitempty"` // on when nil
	ClientID                string            `json:"client_id,omitempty"`
	ClientSecret            string            `json:"client_secret,omitempty"`
	ClientSecretSet         bool              `json:"client_secret_set,omitempty"`
	ClientSecretFingerprint string            `json:"client_secret_fingerprint,omitempty"`
	RefreshTokenURL         string            `json:"refresh_token_url,omitempty"`
	RevokeTokenURL          string            `json:"revoke_token_url,omitempty"`
	TokenName               string            `json:"token_name,omitempty"`
	TokenPrefix             *string           `json:"token_prefix,omitempty"` // "Bearer " when nil
	Scopes                  []lanyard.Scope   `json:"scopes,omitempty"`
	ScopeDelimiter          string            `json:"scope_delimiter,omitempty"`
	AuthorizeParams         map[string]string `json:"authorize_params,omitempty"`
	TokenParams             map[string]string `json:"token_params,omitempty"`
	RefreshParams           map[string]string `json:"refresh_params,omitempty"`
	ClientAuthentication    string            `json:"client_authentication,omitempty"`
	ClientIDName            string            `json:"client_id_name,omitempty"`
	ClientSecretName        string            `json:"client_secret_name,omitempty"`
	CodeName                string            `json:"code_name,omitempty"`
	TokenCodeName           string            `json:"token_code_name,omitempty"`
	RedirectURI             string            `json:"redirect_uri,omitempty"` // the callback URL when empty
	TokenBody               string            `json:"token_body,omitempty"`   // form when empty, or json
	Issuer                  string            `json:"issuer,omitempty"`

	TokenAnswer      *lanyard.TokenAnswer `json:"token_answer,omitempty"`
	DefaultExpiresIn int64                `json:"default_expires_in,omitempty"` // seconds
	RefreshStatuses  []int                `json:"refresh_statuses,omitempty"`

	AWSService string `json:"aws_service,omitempty"` // aws_sigv4
	AWSRegion  string `json:"aws_region,omitempty"`
}

// Service is a service as the server gives it.
type Service struct {
	Document
	Definition
	Kind lanyard.ServiceKind `json:"kind"`
	// Affected is what an edit, the deletion or another client id would revoke now; only for whoever may do that, and only
	// on single reads.
	Affected    *Affected `json:"affected,omitempty"`
	CallbackURL string    `json:"callback_url"` // to be registered with the provider
	Extension   string    `json:"extension"`    // name of the one that it came with; empty: none
	Author      string    `json:"author"`       // id of the user who defined it; only that user edits it. Empty for a default one
	CreatedAt   time.Time `json:"created_at"`   // zero for a default service, like the next
	UpdatedAt   time.Time `json:"updated_at"`
	// ClientSet says of a default service whether the OAuth client that it needs is set; nil where it needs none.
	// RegisterURL and Register say where the provider gives one.
	ClientSet   *bool  `json:"client_set,omitempty"`
	RegisterURL string `json:"register_url,omitempty"`
	Register    string `json:"register,omitempty"`
	// ClientParameters are the values that came with that client; for owners and admins, on single reads.
	ClientParameters map[string]string `json:"client_parameters,omitempty"`
	// VerifiedAt is the day, in UTC, on which a default service, defined as it is, last worked in this deployment; zero
	// where it has not yet.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	// RevokedAuthorizations is how many an edit revoked; set by [Client.EditService] and
	// [Client.SetOAuthClient] only.
	RevokedAuthorizations int `json:"revoked_authorizations"`
}

// ServiceFilter narrows a list of services. An empty field narrows nothing.
type ServiceFilter struct {
	Kind     lanyard.ServiceKind
	Category string
	Query    string // part of a name or link name; default services are found by what people type, with errors too
}

// Services lists the services that one can make connections with, by link name.
func (c *Client) Services(f ServiceFilter) *List[Service] {
	return &List[Service]{c, "/v1/services", filter("kind", string(f.Kind), "category", f.Category, "q", f.Query)}
}

// CreateService defines a custom service from a *[Definition], or from the JSON of one as a json.RawMessage.
func (c *Client) CreateService(ctx context.Context, definition any) (*Service, error) {
	return call[Service](ctx, c, http.MethodPost, "/v1/services", nil, definition)
}

// Service reads one service.
func (c *Client) Service(ctx context.Context, linkName string) (*Service, error) {
	return call[Service](ctx, c, http.MethodGet, "/v1/services/"+link(linkName), nil, nil)
}

// EditService changes a custom service by a JSON merge patch (RFC 7396), a json.RawMessage or any value that encodes
// as one. A saved change revokes every authorization of every connection of the service. With keepConnections it
// revokes none, and is refused if it could lead a credential somewhere new.
func (c *Client) EditService(ctx context.Context, linkName string, mergePatch any, keepConnections bool) (*Service, error) {
	query := url.Values{}
	if keepConnections {
		query.Set("keep_connections", "true")
	}
	return call[Service](ctx, c, http.MethodPatch, "/v1/services/"+link(linkName), query, mergePatch)
}

// DeleteService deletes a custom service, and revokes every authorization of every connection made with it: as many
// as it says.
func (c *Client) DeleteService(ctx context.Context, linkName string) (revokedAuthorizations int, err error) {
	answer, err := call[struct {
		RevokedAuthorizations int `json:"revoked_authorizations"`
	}](ctx, c, http.MethodDelete, "/v1/services/"+link(linkName), nil, nil)
	if err != nil {
		return 0, err
	}
	return answer.RevokedAuthorizations, nil
}

// OAuthClient is an organization's client for a default service: what the provider showed when an application was
// registered there.
type OAuthClient struct {
	ClientID string `json:"client_id"`
	// ClientSecret: a nil one leaves the stored one, as long as the client id and the parameters stay; an empty one is for
	// a client that has none.
	ClientSecret *string `json:"client_secret,omitempty"`
	// Parameters are values of the service's dynamic parameters that say WithClient; nil leaves the stored ones.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// SetOAuthClient sets the organization's client for a default service; for owners and admins. Another client id, or
// another parameter, revokes every authorization of every connection of the service.
func (c *Client) SetOAuthClient(ctx context.Context, linkName string, set OAuthClient) (*Service, error) {
	return call[Service](ctx, c, http.MethodPut, "/v1/services/"+link(linkName)+"/client", nil, set)
}

// CatalogFile reads a service as a file of the catalogue: YAML, with no client id or secret in it. Of a default service it
// is the file that it comes from, with all ways to connect.
func (c *Client) CatalogFile(ctx context.Context, linkName string) ([]byte, error) {
	return c.exchangeAs(ctx, "application/yaml", http.MethodGet, "/v1/services/"+link(linkName)+"/catalog_file", nil, nil)
}

// Affected counts what an edit without keep_connections, or the deletion of a service, would revoke.
type Affected struct {
	Authorizations int `json:"authorizations"`
	Connections    int `json:"connections"`
	People         int `json:"people"`
}
