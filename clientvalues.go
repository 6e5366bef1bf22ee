package lanyard

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A default service may be used with a server that the organization runs itself, or with a tenant of its own. The OAuth
// client is registered there, so its secret is for that host and no other: whoever registers the client says which, and
// the service that the organization gets has the value in the place of its placeholder. Whoever connects is not asked.

// ClientParameters are the dynamic parameters whose values come with the organization's OAuth client.
func (s *Service) ClientParameters() []DynamicParameter {
	return slices.DeleteFunc(slices.Clone(s.DynamicParameters), func(p DynamicParameter) bool { return !p.WithClient })
}

// CheckClientValues judges values for the client parameters of a default service and gives those to store: the given
// ones, else the defaults. The pointers of its faults begin with /parameters.
func (s *Service) CheckClientValues(given map[string]string) (map[string]string, error) {
	var f FieldErrors
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if p := s.parameter(key); p == nil || !p.WithClient {
			f.Add("/parameters/"+pointerToken(key), "the OAuth client for %s has no parameter of this name", s.LinkName)
		}
	}
	values := map[string]string{}
	for _, p := range s.ClientParameters() {
		value := given[p.Key]
		if value == "" {
			value = p.Default
		}
		if value == "" && p.Optional {
			continue
		}
		if f.Check("/parameters/"+pointerToken(p.Key), p.checkClientValue(value)); value != "" {
			values[p.Key] = value
		}
	}
	if len(f) > 0 || len(values) == 0 {
		return values, f.Err()
	}
	// The values are fine one by one; now they have to fit the places where they stand.
	own, err := s.withClientValues(values)
	if err == nil {
		err = own.Validate()
	}
	var faults *Error
	if errors.As(err, &faults) {
		for _, fault := range faults.Fields {
			f.Add("/parameters", "with these values the service cannot be used: %s", fault.Detail)
		}
	} else if err != nil {
		f.Check("/parameters", err)
	}
	return values, f.Err()
}

// checkClientValue is CheckValue for a value that will stand in the definition itself, where braces would be read again.
func (p *DynamicParameter) checkClientValue(value string) error {
	if strings.ContainsAny(value, "{}") {
		return fmt.Errorf("%s holds no braces", p.Name)
	}
	return p.CheckValue(value)
}

// withClientValues gives the service with the values in the places of the client parameters and of those that follow
// them. What a value does not fit is an error, and so is one that is missing.
func (s *Service) withClientValues(given map[string]string) (*Service, error) {
	c := constants{values: map[string]string{}}
	own := *s
	own.DynamicParameters = nil
	for _, p := range s.DynamicParameters {
		decides := &p
		if p.Follows != "" {
			decides = s.parameter(p.Follows)
		}
		if decides == nil || !decides.WithClient {
			own.DynamicParameters = append(own.DynamicParameters, p)
			continue
		}
		value := given[decides.Key]
		if p.Follows != "" {
			value = p.Values[value]
		}
		if value != "" || !p.Optional {
			if err := p.checkClientValue(value); err != nil {
				return nil, err
			}
		}
		c.parameters, c.values[p.Key] = append(c.parameters, p), value
	}
	c.fill(&own)
	return &own, c.err
}

// constants puts values in the place of some of a definition's placeholders, and leaves the others as they stand.
type constants struct {
	parameters []DynamicParameter
	values     map[string]string
	err        error // the first
}

func (c *constants) fill(s *Service) {
	s.BaseURL, s.VerifyURL = c.url(s.BaseURL), c.url(s.VerifyURL)
	s.Hosts = slices.Clone(s.Hosts)
	for i, host := range s.Hosts {
		s.Hosts[i] = strings.TrimPrefix(c.url("https://"+host), "https://")
	}
	s.Headers = c.texts(s.Headers)
	for i := range s.DynamicParameters {
		if l := s.DynamicParameters[i].Learn; l != nil {
			own := *l
			own.URL = c.url(l.URL)
			s.DynamicParameters[i].Learn = &own
		}
	}
	if s.Auth.OAuth1 != nil {
		a := *s.Auth.OAuth1
		a.RequestTokenURL, a.AuthorizeURL, a.AccessTokenURL = c.url(a.RequestTokenURL), c.url(a.AuthorizeURL), c.url(a.AccessTokenURL)
		a.Realm = c.text(a.Realm)
		s.Auth.OAuth1 = &a
	}
	if s.Auth.OAuth2 != nil {
		a := *s.Auth.OAuth2
		a.AuthorizeURL, a.AccessTokenURL = c.url(a.AuthorizeURL), c.url(a.AccessTokenURL)
		a.RefreshTokenURL, a.RevokeTokenURL = c.url(a.RefreshTokenURL), c.url(a.RevokeTokenURL)
		a.AuthorizeParams, a.TokenParams, a.RefreshParams = c.texts(a.AuthorizeParams), c.texts(a.TokenParams), c.texts(a.RefreshParams)
		a.RedirectURI = c.text(a.RedirectURI)
		if a.TokenPrefix != nil {
			prefix := c.text(*a.TokenPrefix)
			a.TokenPrefix = &prefix
		}
		s.Auth.OAuth2 = &a
	}
}

// url fills a URL, each value encoded for the part that it stands in.
func (c *constants) url(text string) string {
	if text == "" {
		return ""
	}
	t, err := ParseTemplate(text, c.parameters)
	if err == nil {
		text, err = t.Fill(c.values)
	}
	if err != nil && c.err == nil {
		c.err = err
	}
	return text
}

func (c *constants) text(text string) string {
	for key, value := range c.values {
		text = strings.ReplaceAll(text, "{"+key+"}", value)
	}
	return text
}

// texts fills the values of a map. One that holds an optional parameter without a value is left out.
func (c *constants) texts(of map[string]string) map[string]string {
	filled := maps.Clone(of)
	maps.DeleteFunc(filled, func(_, text string) bool {
		for key, value := range c.values {
			if value == "" && strings.Contains(text, "{"+key+"}") {
				return true
			}
		}
		return false
	})
	for name, text := range filled {
		filled[name] = c.text(text)
	}
	return filled
}
