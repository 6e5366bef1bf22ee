package lanyard

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
)

// AuthType is the way a service authenticates.
type AuthType string

const (
	AuthAPIKey   AuthType = "api_key"
	AuthBasic    AuthType = "basic"
	AuthOAuth1   AuthType = "oauth1"
	AuthOAuth2   AuthType = "oauth2"
	AuthAWSSigV4 AuthType = "aws_sigv4"
)

// AuthTypes lists all five, in the order in which people are asked.
var AuthTypes = []AuthType{AuthAPIKey, AuthBasic, AuthOAuth1, AuthOAuth2, AuthAWSSigV4}

// Auth is how a service authenticates: exactly the member that belongs to Type is set. In JSON the members of the one
// that is set stand beside "type".
type Auth struct {
	Type     AuthType
	APIKey   *APIKeyAuth
	Basic    *BasicAuth
	OAuth1   *OAuth1Auth
	OAuth2   *OAuth2Auth
	AWSSigV4 *AWSSigV4Auth
}

// ParamType says where a credential goes on a request.
type ParamType string

const (
	ParamHeader ParamType = "header"
	ParamQuery  ParamType = "query"
	ParamForm   ParamType = "form" // into a form-encoded or multipart body
	ParamPath   ParamType = "path" // of an API key: a segment in front of the path, such as /bot123:abc
)

// APIKeyAuth asks the user for the value of each parameter.
type APIKeyAuth struct {
	Parameters []APIKeyParameter `json:"parameters"`
}

// APIKeyParameter is one value that goes on every request.
type APIKeyParameter struct {
	Name        string    `json:"name"` // as the service's API documentation names it
	DisplayName string    `json:"display_name"`
	ParamType   ParamType `json:"param_type"`
	// Prefix is put before the value, such as "Bearer "; it may hold placeholders of the dynamic parameters.
	Prefix string `json:"prefix,omitempty"`
}

// BasicAuth is Basic (RFC 7617). Nil parts are the usual ones: a user name and a password, both asked for.
type BasicAuth struct {
	Username *BasicPart `json:"username,omitempty"`
	Password *BasicPart `json:"password,omitempty"`
}

// BasicPart is what a service takes as user name or password.
type BasicPart struct {
	DisplayName string `json:"display_name,omitempty"` // what is asked for, such as "API key"
	Secret      bool   `json:"secret,omitempty"`       // of a user name; a password always is
	// Fixed, where it is there, is the same for everybody, often empty: nobody is asked.
	Fixed *string `json:"fixed,omitempty"`
	// Prefix and Suffix stand around what is typed: some take "{email}/token". They may hold placeholders.
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`
}

// SignatureMethod is one of RFC 5849 §3.4, or HMAC-SHA256, which many servers added.
type SignatureMethod string

const (
	HMACSHA1   SignatureMethod = "HMAC-SHA1"
	HMACSHA256 SignatureMethod = "HMAC-SHA256"
	RSASHA1    SignatureMethod = "RSA-SHA1" // the consumer secret is a PEM private key
	PLAINTEXT  SignatureMethod = "PLAINTEXT"
)

// OAuth1Auth is OAuth 1.0a (RFC 5849).
type OAuth1Auth struct {
	ConsumerKey     string          `json:"consumer_key"`
	ConsumerSecret  Secret          `json:"-"`
	RequestTokenURL string          `json:"request_token_url"`
	AuthorizeURL    string          `json:"authorize_url"`
	AccessTokenURL  string          `json:"access_token_url"`
	ParamType       ParamType       `json:"param_type,omitempty"` // header by default
	SignatureMethod SignatureMethod `json:"signature_method,omitempty"`
	Realm           string          `json:"realm,omitempty"` // of the Authorization header (RFC 5849 §3.5.1); may hold placeholders
}

// GrantType is a grant of RFC 6749.
type GrantType string

const (
	AuthorizationCode GrantType = "authorization_code"
	ClientCredentials GrantType = "client_credentials"
)

// Scope is one permission that a connection may ask for.
type Scope struct {
	Name  string `json:"name"`  // shown to people
	Value string `json:"value"` // as the provider spells it
	// Always: every connection asks for it, because nothing works, or nothing is refreshed, without it.
	Always bool `json:"always,omitempty"`
	// Param is the parameter of the authorize URL it goes into, where that is not scope: Slack has user_scope.
	Param string `json:"param,omitempty"`
}

// UnmarshalJSON takes a scope as a text, which is its name too, or as an object.
func (s *Scope) UnmarshalJSON(data []byte) error {
	var f FieldErrors
	s.decodeAt(data, "/scopes", &f)
	return f.Err()
}

func (s *Scope) decodeAt(data []byte, at string, f *FieldErrors) {
	*s = Scope{}
	if json.Unmarshal(data, &s.Value) == nil {
		s.Name = s.Value
		return
	}
	if !isObject(data) {
		f.Add(at, "a scope is a text, or an object with value and name")
		return
	}
	decodeMembers(objectMembers(data, at, f), reflect.ValueOf(s).Elem(), at, f)
}

// ClientAuthentication says how the client proves itself at the token endpoint (RFC 6749 §2.3).
type ClientAuthentication string

const (
	// ClientAuthAutomatic, the default: Basic where there is a secret, and once more in the body when the provider
	// answers invalid_client. What worked is remembered with the credential.
	ClientAuthAutomatic ClientAuthentication = ""
	ClientSecretBasic   ClientAuthentication = "client_secret_basic"
	ClientSecretPost    ClientAuthentication = "client_secret_post"
	// ClientSecretBasicRaw leaves out the form encoding of RFC 6749 §2.3.1, for providers that do not decode it.
	ClientSecretBasicRaw ClientAuthentication = "client_secret_basic_raw"
	ClientAuthNone       ClientAuthentication = "none"
)

// OAuth2Auth is OAuth 2.0 (RFC 6749), with what real providers need beyond it.
type OAuth2Auth struct {
	GrantType       GrantType         `json:"grant_type"`
	GrantTypeName   string            `json:"grant_type_name,omitempty"` // what the provider calls it in token requests
	PKCE            bool              `json:"pkce"`                      // RFC 7636, method S256; on unless switched off
	ClientID        string            `json:"client_id,omitempty"`
	ClientSecret    Secret            `json:"-"`
	AuthorizeURL    string            `json:"authorize_url,omitempty"`
	AccessTokenURL  string            `json:"access_token_url"`
	RefreshTokenURL string            `json:"refresh_token_url,omitempty"` // the access token URL when empty
	RevokeTokenURL  string            `json:"revoke_token_url,omitempty"`
	ParamType       ParamType         `json:"param_type,omitempty"`   // header by default, or query
	TokenName       string            `json:"token_name,omitempty"`   // header or query name; Authorization or access_token when empty
	TokenPrefix     *string           `json:"token_prefix,omitempty"` // before the token in a header; "Bearer " when absent
	Scopes          []Scope           `json:"scopes,omitempty"`
	ScopeDelimiter  string            `json:"scope_delimiter,omitempty"` // " " by default, "," or "+"
	AuthorizeParams map[string]string `json:"authorize_params,omitempty"`
	TokenParams     map[string]string `json:"token_params,omitempty"`
	RefreshParams   map[string]string `json:"refresh_params,omitempty"` // {callback_url} stands for the service's own

	ClientAuthentication ClientAuthentication `json:"client_authentication,omitempty"`
	// ClientIDName and ClientSecretName are what the provider calls client_id and client_secret.
	ClientIDName     string `json:"client_id_name,omitempty"`
	ClientSecretName string `json:"client_secret_name,omitempty"`
	// CodeName is the query parameter of the callback that holds the code, where that is not code.
	CodeName string `json:"code_name,omitempty"`
	// TokenCodeName is what the token request calls it.
	TokenCodeName string `json:"token_code_name,omitempty"`
	// RedirectURI is sent as redirect_uri where the provider does not take the callback URL itself but a name that it
	// gave for it. It may hold placeholders.
	RedirectURI string `json:"redirect_uri,omitempty"`
	// TokenBody is "form", the default, or "json".
	TokenBody   string       `json:"token_body,omitempty"`
	TokenAnswer *TokenAnswer `json:"token_answer,omitempty"`
	// Issuer, when set, must come back as iss with the code (RFC 9207).
	Issuer string `json:"issuer,omitempty"`
	// DefaultExpiresIn is the life of an access token in seconds where the provider's answer does not say.
	DefaultExpiresIn int64 `json:"default_expires_in,omitempty"`
	// RefreshStatuses are upstream statuses that mean "refresh now"; 401 when empty.
	RefreshStatuses []int `json:"refresh_statuses,omitempty"`
}

// TokenAnswer says where things stand in the answer of a token endpoint that is not the one of RFC 6749 §5.1. A path
// names members from the top, divided by dots: data.access_token.
type TokenAnswer struct {
	AccessToken  string `json:"access_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    string `json:"expires_in,omitempty"`
	// ExpiresUnit is what the number counts: seconds from now when empty, milliseconds, unix, unix_milliseconds, rfc3339.
	ExpiresUnit string `json:"expires_unit,omitempty"`
	Scope       string `json:"scope,omitempty"`
	// TokenTypes are types besides Bearer that go on a request the same way.
	TokenTypes []string `json:"token_types,omitempty"`
}

// AWSSigV4Auth is AWS Signature Version 4, in headers.
type AWSSigV4Auth struct {
	AWSService string `json:"aws_service"`
	AWSRegion  string `json:"aws_region"` // or the placeholder of a dynamic parameter, alone: "{region}"
}

// Region is the region for one credential's parameter values.
func (a *AWSSigV4Auth) Region(values map[string]string) string {
	for key, value := range values {
		if a.AWSRegion == "{"+key+"}" {
			return value
		}
	}
	return a.AWSRegion
}

// part gives the member of the auth type for decoding and encoding.
func (a *Auth) part() any {
	switch a.Type {
	case AuthBasic:
		if a.Basic == nil {
			a.Basic = &BasicAuth{}
		}
		return a.Basic
	case AuthAPIKey:
		if a.APIKey == nil {
			a.APIKey = &APIKeyAuth{}
		}
		return a.APIKey
	case AuthOAuth1:
		if a.OAuth1 == nil {
			a.OAuth1 = &OAuth1Auth{}
		}
		return a.OAuth1
	case AuthOAuth2:
		if a.OAuth2 == nil {
			a.OAuth2 = &OAuth2Auth{PKCE: true}
		}
		return a.OAuth2
	case AuthAWSSigV4:
		if a.AWSSigV4 == nil {
			a.AWSSigV4 = &AWSSigV4Auth{}
		}
		return a.AWSSigV4
	}
	return nil
}

// Secret gives the one secret that a service itself holds: a client or consumer secret.
func (a *Auth) Secret() Secret {
	switch {
	case a.OAuth1 != nil:
		return a.OAuth1.ConsumerSecret
	case a.OAuth2 != nil:
		return a.OAuth2.ClientSecret
	}
	return Secret{}
}

// SetSecret puts the client or consumer secret in, for types that have one.
func (a *Auth) SetSecret(s Secret) {
	switch {
	case a.OAuth1 != nil:
		a.OAuth1.ConsumerSecret = s
	case a.OAuth2 != nil:
		a.OAuth2.ClientSecret = s
	}
}

// secretField is the JSON name of the write-only field of the auth type.
func (a *Auth) secretField() string {
	switch a.Type {
	case AuthOAuth1:
		return "consumer_secret"
	case AuthOAuth2:
		return "client_secret"
	}
	return ""
}

// SecretPointer is the JSON pointer of the service's write-only field; empty where the type has none.
func (a *Auth) SecretPointer() string {
	if f := a.secretField(); f != "" {
		return "/auth/" + f
	}
	return ""
}

// MarshalJSON writes "type" and, beside it, the members of that type. A secret is not among them.
func (a Auth) MarshalJSON() ([]byte, error) {
	typed, err := json.Marshal(struct {
		Type AuthType `json:"type"`
	}{a.Type})
	if err != nil {
		return nil, err
	}
	part := a.part()
	if part == nil {
		return typed, nil
	}
	// Beside an encoder of its own, which would write the & of a URL as \u0026.
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(part); err != nil {
		return nil, err
	}
	members := bytes.TrimSpace(b.Bytes())
	if bytes.Equal(members, []byte("{}")) {
		return typed, nil
	}
	return append(append(typed[:len(typed)-1], ','), members[1:]...), nil
}

// UnmarshalJSON reads "type", then the members of that type and no others.
func (a *Auth) UnmarshalJSON(data []byte) error {
	var f FieldErrors
	a.decodeAt(data, "/auth", &f)
	return f.Err()
}

func (a *Auth) decodeAt(data []byte, at string, f *FieldErrors) {
	*a = Auth{}
	if !isObject(data) {
		f.Add(at, "auth is an object with a type")
		return
	}
	members := objectMembers(data, at, f)
	take := func(name string) (value json.RawMessage) {
		members = slices.DeleteFunc(members, func(m member) bool {
			if m.name == name {
				value = m.value
			}
			return m.name == name
		})
		return value
	}
	if err := json.Unmarshal(take("type"), &a.Type); err != nil || !slices.Contains(AuthTypes, a.Type) {
		f.Add(at+"/type", "the type is one of api_key, basic, oauth1, oauth2, aws_sigv4")
		return
	}
	part := a.part()
	if name := a.secretField(); name != "" {
		if raw := take(name); raw != nil {
			var s Secret
			if json.Unmarshal(raw, &s) != nil {
				f.Add(at+"/"+name, "this has to be a text; %s was given", kindOf(raw))
			}
			a.SetSecret(s)
		}
		// What the API shows in the secret's place comes back when a definition is read and sent again.
		take(name + "_set")
		take(name + "_fingerprint")
	}
	if part == nil {
		part = &struct{}{}
	}
	decodeMembers(members, reflect.ValueOf(part).Elem(), at, f)
}
