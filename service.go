package lanyard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ServiceKind says where a service comes from.
type ServiceKind string

const (
	KindDefault ServiceKind = "default" // comes with Lanyard's catalogue
	KindCustom  ServiceKind = "custom"  // defined by a member of the organization
)

// Service is a third-party API and how it authenticates. One definition serves default and custom services alike. Its
// JSON form is the one of the API and of the catalogue; a client secret is only ever read from it, never written.
type Service struct {
	ID             ServiceID      `json:"-"`
	OrganizationID OrganizationID `json:"-"`
	Author         UserID         `json:"-"`
	// Version grows with every saved change; what was started with another version is not finished with this one.
	Version   int64     `json:"-"`
	CreatedAt time.Time `json:"-"`
	UpdatedAt time.Time `json:"-"`

	Kind              ServiceKind        `json:"kind,omitempty"`
	LinkName          LinkName           `json:"link_name"`
	Name              string             `json:"name"`
	Description       string             `json:"description,omitempty"`
	Category          string             `json:"category,omitempty"`
	DocsURL           string             `json:"docs_url,omitempty"`
	BaseURL           string             `json:"base_url,omitempty"`
	Hosts             []string           `json:"hosts"`
	DynamicParameters []DynamicParameter `json:"dynamic_parameters,omitempty"`
	// VerifyURL is called with GET after connecting, when it is set; an answer that is not 2xx refuses the credential.
	VerifyURL string `json:"verify_url,omitempty"`
	Auth      Auth   `json:"auth"`
}

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

// Auth is how a service authenticates: exactly the member that belongs to Type is set (basic has none). In JSON the
// members of the one that is set stand beside "type".
type Auth struct {
	Type     AuthType
	APIKey   *APIKeyAuth
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
	Prefix      string    `json:"prefix,omitempty"` // put before the value, such as "Bearer "
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
	PKCE            bool              `json:"pkce"` // RFC 7636, method S256; on unless switched off
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
	RefreshParams   map[string]string `json:"refresh_params,omitempty"`

	ClientAuthentication ClientAuthentication `json:"client_authentication,omitempty"`
	// Issuer, when set, must come back as iss with the code (RFC 9207).
	Issuer string `json:"issuer,omitempty"`
	// DefaultExpiresIn is the life of an access token in seconds where the provider's answer does not say.
	DefaultExpiresIn int64 `json:"default_expires_in,omitempty"`
	// RefreshStatuses are upstream statuses that mean "refresh now"; 401 when empty.
	RefreshStatuses []int `json:"refresh_statuses,omitempty"`
}

// AWSSigV4Auth is AWS Signature Version 4, in headers.
type AWSSigV4Auth struct {
	AWSService string `json:"aws_service"`
	AWSRegion  string `json:"aws_region"`
}

// part gives the member of the auth type for decoding and encoding; nil for basic.
func (a *Auth) part() any {
	switch a.Type {
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

// UnmarshalJSON takes a choice as a text, or as an object with value and name.
func (c *Choice) UnmarshalJSON(data []byte) error {
	var f FieldErrors
	c.decodeAt(data, "/choices", &f)
	return f.Err()
}

func (c *Choice) decodeAt(data []byte, at string, f *FieldErrors) {
	*c = Choice{}
	if json.Unmarshal(data, &c.Value) == nil {
		return
	}
	var o struct {
		Value string `json:"value"`
		Name  string `json:"name"`
	}
	if !isObject(data) {
		f.Add(at, "a choice is a text, or an object with value and name")
		return
	}
	decodeMembers(objectMembers(data, at, f), reflect.ValueOf(&o).Elem(), at, f)
	*c = Choice(o)
}

// MarshalJSON writes a choice as it can be read.
func (c Choice) MarshalJSON() ([]byte, error) {
	if c.Name == "" || c.Name == c.Value {
		return json.Marshal(c.Value)
	}
	return json.Marshal(map[string]string{"value": c.Value, "name": c.Name})
}

// ParseService reads a definition as the API and the catalogue write it. Unknown fields are refused; faults name the
// field. What comes back has its defaults filled in but is not yet validated.
func ParseService(data []byte) (*Service, error) {
	s := &Service{}
	if err := DecodeKnown(data, s); err != nil {
		return nil, err
	}
	s.fillDefaults()
	return s, nil
}

func (s *Service) fillDefaults() {
	if a := s.Auth.APIKey; a != nil {
		for i := range a.Parameters {
			if p := &a.Parameters[i]; p.DisplayName == "" {
				p.DisplayName = p.Name
			}
		}
	}
	if a := s.Auth.OAuth1; a != nil {
		if a.ParamType == "" {
			a.ParamType = ParamHeader
		}
		if a.SignatureMethod == "" {
			a.SignatureMethod = HMACSHA1
		}
	}
	if a := s.Auth.OAuth2; a != nil {
		if a.ParamType == "" {
			a.ParamType = ParamHeader
		}
		if a.ScopeDelimiter == "" {
			a.ScopeDelimiter = " "
		}
	}
	for i := range s.DynamicParameters {
		if p := &s.DynamicParameters[i]; p.Name == "" {
			p.Name = p.Key
		}
	}
}

// ValueOf gives the values that fill the service's placeholders when a person gave some: the given ones, else the
// defaults. Every declared parameter is checked, and an undeclared one is refused.
func (s *Service) ValueOf(given map[string]string) (map[string]string, error) {
	var faults FieldErrors
	values := make(map[string]string, len(s.DynamicParameters))
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		v, ok := given[p.Key]
		if !ok {
			v = p.Default
		}
		if err := p.CheckValue(v); err != nil {
			faults.Check("/parameters/"+pointerToken(p.Key), err)
			continue
		}
		values[p.Key] = v
	}
	for key := range given {
		if s.parameter(key) == nil {
			faults.Add("/parameters/"+pointerToken(key), "the service %s has no parameter of this name", s.LinkName)
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	// The values are fine one by one; now they have to fit the places where they stand.
	for _, su := range s.urls() {
		u, err := s.FillURL(su.text, values)
		if err == nil && su.auth {
			err = checkAuthURL(u)
		}
		if err != nil {
			faults.Add("/parameters", "%s cannot be made with these values: %s", su.what, err.Error())
			return nil, faults.Err()
		}
	}
	if _, err := s.HostRules(values); err != nil {
		faults.Check("/parameters", err)
	}
	return values, faults.Err()
}

func (s *Service) parameter(key string) *DynamicParameter {
	for i := range s.DynamicParameters {
		if s.DynamicParameters[i].Key == key {
			return &s.DynamicParameters[i]
		}
	}
	return nil
}

// FillURL fills one of the service's own URLs and reads it.
func (s *Service) FillURL(text string, values map[string]string) (*url.URL, error) {
	t, err := ParseTemplate(text, s.DynamicParameters)
	if err != nil {
		return nil, err
	}
	filled, err := t.Fill(values)
	if err != nil {
		return nil, err
	}
	u, _, err := ParseURL(filled)
	return u, err
}

// HostRules makes the host list ready for one set of parameter values.
func (s *Service) HostRules(values map[string]string) (HostRules, error) {
	var r HostRules
	for _, text := range s.Hosts {
		filled, err := s.fillHost(text, values)
		if err != nil {
			return HostRules{}, err
		}
		p, err := ParseHostPattern(filled)
		if err != nil {
			return HostRules{}, fmt.Errorf("the host %q cannot be used: %w", text, err)
		}
		r.patterns = append(r.patterns, p)
	}
	if s.BaseURL != "" {
		t, err := ParseTemplate(s.BaseURL, s.DynamicParameters)
		if err != nil {
			return HostRules{}, err
		}
		filled, err := t.Fill(values)
		if err != nil {
			return HostRules{}, err
		}
		if _, r.base, err = ParseURL(filled); err != nil {
			return HostRules{}, fmt.Errorf("the base URL cannot be used: %w", err)
		}
	}
	return r, nil
}

// fillHost fills a host pattern by the rules of the host part of a URL.
func (s *Service) fillHost(text string, values map[string]string) (string, error) {
	t, err := ParseTemplate("https://"+text, s.DynamicParameters)
	if err != nil {
		return "", err
	}
	filled, err := t.Fill(values)
	return strings.TrimPrefix(filled, "https://"), err
}

// serviceURL is one of the URLs of a definition, with its field and its name for people.
type serviceURL struct {
	pointer, text, what string
	auth                bool // a URL of the authentication, held to stricter rules
}

func (s *Service) urls() []serviceURL {
	all := []serviceURL{{"/base_url", s.BaseURL, "The base URL", false}, {"/verify_url", s.VerifyURL, "The verification URL", false}}
	if a := s.Auth.OAuth1; a != nil {
		all = append(all,
			serviceURL{"/auth/request_token_url", a.RequestTokenURL, "The request token URL", true},
			serviceURL{"/auth/authorize_url", a.AuthorizeURL, "The authorize URL", true},
			serviceURL{"/auth/access_token_url", a.AccessTokenURL, "The access token URL", true})
	}
	if a := s.Auth.OAuth2; a != nil {
		all = append(all,
			serviceURL{"/auth/authorize_url", a.AuthorizeURL, "The authorize URL", true},
			serviceURL{"/auth/access_token_url", a.AccessTokenURL, "The access token URL", true},
			serviceURL{"/auth/refresh_token_url", a.RefreshTokenURL, "The refresh token URL", true},
			serviceURL{"/auth/revoke_token_url", a.RevokeTokenURL, "The revoke token URL", true})
	}
	return slices.DeleteFunc(all, func(u serviceURL) bool { return u.text == "" })
}

const (
	maxText       = 500
	maxURL        = 2048
	maxListLength = 200
	maxSecret     = 16 << 10
)

// Validate checks a definition by every rule that holds for it alone. All faults are reported at once.
func (s *Service) Validate() error {
	var f FieldErrors
	_, err := ParseLinkName(string(s.LinkName))
	f.Check("/link_name", err)
	f.Check("/name", CheckName(s.Name))
	f.Check("/description", checkText(s.Description, maxText))
	f.Check("/category", checkText(s.Category, maxText))
	if len(s.DocsURL) > maxURL {
		f.Add("/docs_url", "a URL has at most %d characters", maxURL)
	} else if s.DocsURL != "" {
		if u, t, err := ParseURL(s.DocsURL); err != nil {
			f.Check("/docs_url", err)
		} else if u.Scheme != "https" && !loopback(t.Host) {
			f.Add("/docs_url", "a documentation link begins with https://")
		}
	}
	s.validateParameters(&f)
	if len(f) == 0 {
		// URLs and hosts are judged with their placeholders, so those have to be right first.
		s.validateURLs(&f)
		s.validateHosts(&f)
	}
	s.validateAuth(&f)
	return f.Err()
}

func checkText(s string, limit int) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return fmt.Errorf("this is valid text of at most %d characters", limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("this holds no control characters")
	}
	return nil
}

func (s *Service) validateParameters(f *FieldErrors) {
	if len(s.DynamicParameters) > 20 {
		f.Add("/dynamic_parameters", "a service has at most 20 dynamic parameters")
		return
	}
	seen := map[string]bool{}
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		at := fmt.Sprintf("/dynamic_parameters/%d", i)
		switch {
		case !parameterKey.MatchString(p.Key):
			f.Add(at+"/key", "a key begins with a letter and has letters, digits and underscores, at most 50")
		case seen[p.Key]:
			f.Add(at+"/key", "the key %q stands twice", p.Key)
		}
		seen[p.Key] = true
		f.Check(at+"/name", CheckName(p.Name))
		f.Check(at+"/help", checkText(p.Help, maxText))
		if p.Format != FormatLabel && p.Format != FormatHost {
			f.Add(at+"/format", `the format is "host" or left out`)
		}
		if len(p.Pattern) > maxPattern {
			f.Add(at+"/pattern", "a pattern has at most %d characters", maxPattern)
		} else if _, err := compilePattern(p.Pattern); err != nil {
			f.Add(at+"/pattern", "this is not a regular expression that can be read (RE2 syntax)")
		}
		if len(p.Choices) > maxListLength {
			f.Add(at+"/choices", "there are at most %d choices", maxListLength)
		}
		for j, c := range p.Choices {
			if c.Value == "" || len(c.Value) > maxParameterValue || checkText(c.Value, maxParameterValue) != nil {
				f.Add(fmt.Sprintf("%s/choices/%d", at, j), "a choice is a text that is not empty")
			}
		}
		if p.Default != "" {
			f.Check(at+"/default", p.CheckValue(p.Default))
		}
	}
}

// sampleValues stand in for what people will give, to see whether a URL can work at all.
func (s *Service) sampleValues() map[string]string {
	values := map[string]string{}
	for _, p := range s.DynamicParameters {
		switch {
		case p.Default != "":
			values[p.Key] = p.Default
		case len(p.Choices) > 0:
			values[p.Key] = p.Choices[0].Value
		case p.Format == FormatHost:
			values[p.Key] = "sample.example.com"
		default:
			values[p.Key] = "sample"
		}
	}
	return values
}

// reservedAuthorizeParams are the request's own: one in the authorize URL would lead the flow elsewhere.
var reservedAuthorizeParams = []string{"client_id", "client_secret", "redirect_uri", "state", "code_challenge", "code_challenge_method"}

func (s *Service) validateURLs(f *FieldErrors) {
	for _, su := range s.urls() {
		if len(su.text) > maxURL {
			f.Add(su.pointer, "a URL has at most %d characters", maxURL)
			continue
		}
		if strings.Contains(su.text, "#") {
			f.Add(su.pointer, "a URL here has no fragment (#)")
			continue
		}
		u, err := s.FillURL(su.text, s.sampleValues())
		switch {
		case err != nil && s.undeclared(origin(su.text)):
			f.Add(su.pointer, "this names a placeholder that is not among the dynamic parameters")
			continue
		case err != nil:
			f.Check(su.pointer, err)
			continue
		case !su.auth:
			continue
		}
		f.Check(su.pointer, checkAuthURL(u))
		for _, name := range reservedAuthorizeParams {
			if u.Query().Has(name) {
				f.Add(su.pointer, "leave %s out of this URL: Lanyard adds it", name)
			}
		}
	}
}

// undeclared reports whether a brace is left in text besides the placeholders of the service.
func (s *Service) undeclared(text string) bool {
	for _, p := range s.DynamicParameters {
		text = strings.ReplaceAll(text, "{"+p.Key+"}", "")
	}
	return strings.Contains(text, "{")
}

// checkAuthURL judges a filled URL of the authentication. Placeholders can decide whether the host is this machine, so
// this holds for each person's values and not for the definition alone.
func checkAuthURL(u *url.URL) error {
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return fmt.Errorf("this URL begins with https://: secrets travel over it")
	}
	return nil
}

// loopback reports whether a URL's host is this machine itself, where plain http leaks nothing. Whether it may be
// called at all is the operator's decision.
func loopback(host string) bool {
	host = strings.Trim(host, "[]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

func (s *Service) validateHosts(f *FieldErrors) {
	if len(s.Hosts) == 0 {
		f.Add("/hosts", "list the hosts that the credential may be sent to, such as api.example.com")
		return
	}
	if len(s.Hosts) > maxListLength {
		f.Add("/hosts", "a service lists at most %d hosts", maxListLength)
		return
	}
	values := s.sampleValues()
	for i, text := range s.Hosts {
		at := fmt.Sprintf("/hosts/%d", i)
		filled, err := s.fillHost(text, values)
		if err == nil {
			_, err = ParseHostPattern(filled)
		}
		f.Check(at, err)
	}
	if len(*f) > 0 {
		return
	}
	rules, err := s.HostRules(values)
	if err != nil {
		f.Check("/hosts", err)
		return
	}
	for _, su := range s.urls() {
		if su.auth {
			continue
		}
		filled, err := s.FillURL(su.text, values)
		if err != nil {
			continue // already reported
		}
		if _, t, err := ParseURL(filled.String()); err == nil && !rules.Allow(t) {
			f.Add(su.pointer, "the host %s is not among the service's hosts", t)
		}
	}
}

func (s *Service) validateAuth(f *FieldErrors) {
	if secret := s.Auth.Secret(); len(secret.Reveal()) > maxSecret {
		f.Add(s.Auth.SecretPointer(), "a secret has at most %d bytes", maxSecret)
	}
	switch s.Auth.Type {
	case AuthAPIKey:
		s.Auth.APIKey.validate(f)
	case AuthBasic:
	case AuthOAuth1:
		s.Auth.OAuth1.validate(f)
	case AuthOAuth2:
		s.Auth.OAuth2.validate(f, s.Kind == KindDefault)
	case AuthAWSSigV4:
		s.Auth.AWSSigV4.validate(f)
	default:
		f.Add("/auth/type", "the type is one of api_key, basic, oauth1, oauth2, aws_sigv4")
	}
}

func (a *APIKeyAuth) validate(f *FieldErrors) {
	if len(a.Parameters) == 0 {
		f.Add("/auth/parameters", "list at least one parameter")
	}
	if len(a.Parameters) > 20 {
		f.Add("/auth/parameters", "there are at most 20 parameters")
		return
	}
	seen := map[string]bool{}
	for i, p := range a.Parameters {
		at := fmt.Sprintf("/auth/parameters/%d", i)
		switch p.ParamType {
		case ParamHeader:
			f.Check(at+"/name", CheckHeaderName(p.Name))
		case ParamQuery, ParamForm:
			if p.Name == "" || checkText(p.Name, 100) != nil || strings.ContainsAny(p.Name, "\n\t") {
				f.Add(at+"/name", "a parameter's name is a text of 1 to 100 characters")
			}
		default:
			f.Add(at+"/param_type", "the param type is query, form or header")
		}
		// Values are given by name when connecting, so a name stands for one value. Header names ignore case.
		if key := strings.ToLower(p.Name); seen[key] {
			f.Add(at+"/name", "the parameter %q stands twice", p.Name)
		} else {
			seen[key] = true
		}
		f.Check(at+"/display_name", CheckName(p.DisplayName))
		if len(p.Prefix) > 100 {
			f.Add(at+"/prefix", "a prefix has at most 100 characters")
		} else {
			f.Check(at+"/prefix", CheckHeaderValue(p.Prefix))
		}
	}
}

func (a *OAuth1Auth) validate(f *FieldErrors) {
	required(f, "/auth/consumer_key", a.ConsumerKey)
	required(f, "/auth/request_token_url", a.RequestTokenURL)
	required(f, "/auth/authorize_url", a.AuthorizeURL)
	required(f, "/auth/access_token_url", a.AccessTokenURL)
	if !slices.Contains([]ParamType{ParamHeader, ParamQuery, ParamForm}, a.ParamType) {
		f.Add("/auth/param_type", "the param type is query, form or header")
	}
	if !slices.Contains([]SignatureMethod{HMACSHA1, HMACSHA256, RSASHA1, PLAINTEXT}, a.SignatureMethod) {
		f.Add("/auth/signature_method", "the signature method is HMAC-SHA1, HMAC-SHA256, RSA-SHA1 or PLAINTEXT")
	}
}

func (a *OAuth2Auth) validate(f *FieldErrors, fromCatalogue bool) {
	switch a.GrantType {
	case AuthorizationCode:
		required(f, "/auth/authorize_url", a.AuthorizeURL)
	case ClientCredentials:
	default:
		f.Add("/auth/grant_type", "the grant type is authorization_code or client_credentials")
	}
	if !fromCatalogue {
		required(f, "/auth/client_id", a.ClientID)
	}
	required(f, "/auth/access_token_url", a.AccessTokenURL)
	switch a.ParamType {
	case ParamHeader:
		if a.TokenName != "" && !strings.EqualFold(a.TokenName, "Authorization") {
			f.Check("/auth/token_name", CheckHeaderName(a.TokenName))
		}
	case ParamQuery:
		f.Check("/auth/token_name", checkText(a.TokenName, 100))
	default:
		f.Add("/auth/param_type", "the param type of an OAuth 2 service is header or query")
	}
	if a.TokenPrefix != nil {
		f.Check("/auth/token_prefix", CheckHeaderValue(*a.TokenPrefix))
	}
	if !slices.Contains([]string{" ", ",", "+"}, a.ScopeDelimiter) {
		f.Add("/auth/scope_delimiter", "the scope delimiter is a space, a comma or a plus")
	}
	if len(a.Scopes) > 1000 {
		f.Add("/auth/scopes", "a service has at most 1000 scopes")
		return
	}
	seen := map[string]bool{}
	for i, s := range a.Scopes {
		at := fmt.Sprintf("/auth/scopes/%d", i)
		if s.Value == "" || len(s.Value) > maxText || strings.ContainsFunc(s.Value, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			f.Add(at+"/value", "a scope's value is a text without blanks")
		} else if seen[s.Value] {
			f.Add(at+"/value", "the scope %q stands twice", s.Value)
		}
		seen[s.Value] = true
		if s.Name == "" || checkText(s.Name, 200) != nil {
			f.Add(at+"/name", "a scope has a name to show, of at most 200 characters")
		}
	}
	for _, m := range []struct {
		at     string
		params map[string]string
	}{{"/auth/authorize_params", a.AuthorizeParams}, {"/auth/token_params", a.TokenParams}, {"/auth/refresh_params", a.RefreshParams}} {
		for _, name := range slices.Sorted(maps.Keys(m.params)) {
			if slices.Contains(reservedAuthorizeParams, name) || name == "code" || name == "code_verifier" || name == "refresh_token" {
				f.Add(m.at+"/"+pointerToken(name), "leave %s out: Lanyard adds it", name)
			}
			f.Check(m.at+"/"+pointerToken(name), checkText(m.params[name], maxURL))
		}
	}
	if !slices.Contains([]ClientAuthentication{ClientAuthAutomatic, ClientSecretBasic, ClientSecretPost, ClientSecretBasicRaw, ClientAuthNone}, a.ClientAuthentication) {
		f.Add("/auth/client_authentication", "this is client_secret_basic, client_secret_post, client_secret_basic_raw, none, or left out")
	}
	f.Check("/auth/issuer", checkText(a.Issuer, maxURL))
	if a.DefaultExpiresIn < 0 || a.DefaultExpiresIn > 10*365*24*3600 {
		f.Add("/auth/default_expires_in", "this is a number of seconds, at most ten years")
	}
	for i, status := range a.RefreshStatuses {
		if status < 400 || status > 499 {
			f.Add(fmt.Sprintf("/auth/refresh_statuses/%d", i), "a status that means refresh is from 400 to 499")
		}
	}
}

func (a *AWSSigV4Auth) validate(f *FieldErrors) {
	for _, v := range []struct{ at, value, example string }{
		{"/auth/aws_service", a.AWSService, "s3"}, {"/auth/aws_region", a.AWSRegion, "us-east-1"},
	} {
		if v.value == "" || len(v.value) > 64 || strings.Trim(v.value, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			f.Add(v.at, "this has lower-case letters, digits and hyphens, such as %s", v.example)
		}
	}
}

func required(f *FieldErrors, pointer, value string) {
	if strings.TrimSpace(value) == "" {
		f.Add(pointer, "this is required")
	}
}

// forbiddenHeaders frame the message or speak of the connection, so a credential may not stand in them.
var forbiddenHeaders = map[string]bool{
	"host": true, "content-length": true, "content-type": true, "transfer-encoding": true, "connection": true, "keep-alive": true,
	"te": true, "trailer": true, "upgrade": true, "expect": true, "cookie": true, "set-cookie": true, "x-forwarded-for": true,
	"x-forwarded-host": true, "x-forwarded-proto": true, "forwarded": true, "via": true,
}

// CheckToken checks the name of any header: a token of RFC 9110 §5.6.2.
func CheckToken(name string) error {
	if name == "" || len(name) > 100 {
		return fmt.Errorf("a header name has 1 to 100 characters")
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return fmt.Errorf("a header name holds letters, digits and hyphens, no blanks or colons")
		}
	}
	return nil
}

// CheckHeaderName checks the name of a header that carries a credential: a token that is not one of the headers that
// frame a message.
func CheckHeaderName(name string) error {
	if err := CheckToken(name); err != nil {
		return err
	}
	lower := strings.ToLower(name)
	if forbiddenHeaders[lower] || strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "lanyard-") {
		return fmt.Errorf("the header %s frames the message and cannot carry a credential", name)
	}
	return nil
}

// CheckHeaderValue refuses what would end a header line: CR, LF, NUL and other control characters but tab.
func CheckHeaderValue(value string) error {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("this holds no line breaks or control characters")
		}
	}
	return nil
}
