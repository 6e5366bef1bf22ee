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
	Auth         Auth   `json:"auth"`
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
	if a := s.Auth.AWSSigV4; a != nil && !isAWSName(a.Region(values)) {
		faults.Add("/parameters", "the AWS region has lower-case letters, digits and hyphens, such as us-east-1")
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
