package lanyard

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
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
	// Extension is the one that a custom service came with; empty: a member defined it.
	Extension     ExtensionID `json:"-"`
	ExtensionName LinkName    `json:"-"` // of that one
	// Version grows with every saved change; what was started with another version is not finished with this one.
	Version int64 `json:"-"`
	// SecretSet: a client or consumer secret is stored, whether or not this value holds it. Lists say it without one.
	SecretSet bool      `json:"-"`
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
	// Headers go on every call that has none of the name itself. Their values may hold placeholders of the dynamic
	// parameters, and {client_id}.
	Headers map[string]string `json:"headers,omitempty"`
	// VerifyURL is called after connecting, when it is set; an answer that is not 2xx refuses the credential.
	VerifyURL    string `json:"verify_url,omitempty"`
	VerifyMethod string `json:"verify_method,omitempty"` // GET, the default, or POST
	VerifyBody   string `json:"verify_body,omitempty"`   // JSON, for POST
	// VerifyMember is a path into the JSON answer to what has to be there and not false, for providers that answer 200
	// to a wrong credential.
	VerifyMember string `json:"verify_member,omitempty"`
	// VerifyAccepts are statuses besides 2xx that say the credential is right: 403 for keys that may be limited.
	VerifyAccepts []int `json:"verify_accepts,omitempty"`
	// VerifyAWSService is the service that the verification request is signed for, where it is another: sts knows every key.
	VerifyAWSService string `json:"verify_aws_service,omitempty"`
	Auth             Auth   `json:"auth"`
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

// ValueOf gives the values to keep when a person gave some: the given ones, else the defaults. Every declared parameter is
// checked, and an undeclared one is refused. What a provider will say may be missing; what follows from another parameter
// or belongs to the OAuth client is refused. [Service.Complete] makes all values of them.
func (s *Service) ValueOf(given map[string]string) (map[string]string, error) {
	var faults FieldErrors
	values := make(map[string]string, len(s.DynamicParameters))
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		at := "/parameters/" + pointerToken(p.Key)
		v, ok := given[p.Key]
		switch {
		case ok && p.Follows != "":
			faults.Add(at, "%s follows from %s: leave it out", p.Name, s.parameter(p.Follows).Name)
		case ok && p.WithClient:
			faults.Add(at, "%s belongs to the OAuth client of the organization: leave it out", p.Name)
		}
		if !ok {
			v = p.Default
		}
		if p.Follows != "" || v == "" && (p.Optional || p.Learn != nil && !s.asks(p)) {
			continue
		}
		if err := p.CheckValue(v); err != nil {
			faults.Check(at, err)
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
	if err := s.checkPlaces(s.Complete(values)); err != nil {
		faults.Check("/parameters", err)
		return nil, faults.Err()
	}
	return values, nil
}

// checkPlaces judges complete values by the places where they stand. What waits for a value that the provider will say is
// judged when that is there.
func (s *Service) checkPlaces(values map[string]string) error {
	for _, su := range s.urls() {
		if s.Waits(su.text, values) {
			continue
		}
		u, err := s.FillURL(su.text, values)
		if err == nil && su.auth {
			err = checkAuthURL(u)
		}
		if err != nil {
			return fmt.Errorf("%s cannot be made with these values: %w", su.what, err)
		}
	}
	if _, err := s.HostsSoFar(values); err != nil {
		return err
	}
	if a := s.Auth.AWSSigV4; a != nil && !s.Waits(a.AWSRegion, values) && !isAWSName(a.Region(values)) {
		return fmt.Errorf("the AWS region has lower-case letters, digits and hyphens, such as us-east-1")
	}
	return nil
}

// SetsHeader reports whether the service has a header of its own under the name, in any case.
func (s *Service) SetsHeader(name string) bool {
	for own := range s.Headers {
		if strings.EqualFold(own, name) {
			return true
		}
	}
	return false
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
	return s.hostRules(values, func(string) bool { return false })
}

// HostsSoFar is [Service.HostRules] while the provider has not said all values yet: what waits for one lets nothing pass.
func (s *Service) HostsSoFar(values map[string]string) (HostRules, error) {
	return s.hostRules(values, func(text string) bool { return s.Waits(text, values) })
}

func (s *Service) hostRules(values map[string]string, without func(text string) bool) (HostRules, error) {
	var r HostRules
	for _, text := range s.Hosts {
		if without(text) {
			continue
		}
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
	if s.BaseURL != "" && !without(s.BaseURL) {
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
	for i := range s.DynamicParameters {
		if p := &s.DynamicParameters[i]; p.Learn != nil {
			all = append(all, serviceURL{fmt.Sprintf("/dynamic_parameters/%d/learn/url", i), p.Learn.URL, "The URL that says " + p.Name, false})
		}
	}
	return slices.DeleteFunc(all, func(u serviceURL) bool { return u.text == "" })
}
