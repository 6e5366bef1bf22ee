package lanyard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A dynamic parameter has its value from one of four: the person who connects, another parameter whose choice decides it
// (Follows), the provider, which says it while somebody connects (Learn), or the organization's OAuth client
// (WithClient). What a person gave and a provider said is kept with the credential; what follows from it is not, so that
// a definition whose hosts move takes its connections along.

// Asked lists the parameters that a person is asked for when connecting, in their order. Those that the provider says
// are among them only where they are needed before it can: what the person gives is corrected later then.
func (s *Service) Asked() []DynamicParameter {
	var asked []DynamicParameter
	for i := range s.DynamicParameters {
		if p := &s.DynamicParameters[i]; s.asks(p) {
			asked = append(asked, *p)
		}
	}
	return asked
}

func (s *Service) asks(p *DynamicParameter) bool {
	return p.Follows == "" && !p.WithClient && (p.Learn == nil || s.neededBefore(p))
}

// neededBefore reports whether a learnt parameter stands where it is needed before its provider can have said it, or
// its provider never does: with an API key nobody comes back from a consent.
func (s *Service) neededBefore(p *DynamicParameter) bool {
	var leaving, exchanging []string // what is needed to send the browser away, and then to get a token
	consent, token := false, false
	if a := s.Auth.OAuth1; a != nil {
		consent, token = true, true
		leaving, exchanging = []string{a.RequestTokenURL, a.AuthorizeURL, a.Realm}, []string{a.AccessTokenURL}
	}
	if a := s.Auth.OAuth2; a != nil {
		consent, token = a.GrantType == AuthorizationCode, true
		exchanging = append(valuesOf(a.TokenParams), a.AccessTokenURL)
		if consent {
			leaving = append(valuesOf(a.AuthorizeParams), a.AuthorizeURL, a.RedirectURI)
		}
	}
	switch p.Learn.From {
	case LearnCallback:
		return !consent || s.standsIn(p, leaving...)
	case LearnToken:
		return !token || s.standsIn(p, leaving...) || s.standsIn(p, exchanging...)
	default:
		return s.standsIn(p, leaving...) || s.standsIn(p, exchanging...) || s.standsIn(p, p.Learn.URL)
	}
}

// standsIn reports whether one of the texts holds the placeholder of p, or of a parameter that follows it.
func (s *Service) standsIn(p *DynamicParameter, texts ...string) bool {
	return slices.ContainsFunc(s.DynamicParameters, func(q DynamicParameter) bool {
		return (q.Key == p.Key || q.Follows == p.Key) &&
			slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "{"+q.Key+"}") })
	})
}

func valuesOf(m map[string]string) []string {
	values := make([]string, 0, len(m))
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// maxVariants bounds how many hosts one pattern is shown as.
const maxVariants = 100

// ShownHosts are the service's hosts as a person who has not connected yet is shown them: where the definition decides
// what a placeholder stands for (choices, what follows from them, what a provider's words are translated to), each host
// that can come of it, so that none hides behind a name. Other placeholders stand as they are.
func (s *Service) ShownHosts() []string {
	var shown []string
	for _, host := range s.Hosts {
		for _, variant := range s.variants(host) {
			if !slices.Contains(shown, variant) {
				shown = append(shown, variant)
			}
		}
	}
	return shown
}

func (s *Service) variants(host string) []string {
	variants := []string{host}
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		var values []string
		for _, c := range p.Choices {
			values = append(values, c.Value)
		}
		if len(values) == 0 && p.Learn != nil && len(p.Learn.Map) > 0 {
			values = append(slices.Sorted(maps.Values(p.Learn.Map)), "{"+p.Key+"}") // what is not translated is taken as it is
		}
		if len(values) == 0 || !s.standsIn(p, host) || len(values)*len(variants) > maxVariants {
			continue
		}
		var next []string
		for _, variant := range variants {
			for _, value := range values {
				filled := strings.ReplaceAll(variant, "{"+p.Key+"}", value)
				for _, q := range s.DynamicParameters {
					if q.Follows == p.Key {
						filled = strings.ReplaceAll(filled, "{"+q.Key+"}", q.Values[value])
					}
				}
				next = append(next, filled)
			}
		}
		variants = next
	}
	return variants
}

// Complete gives all values that fill the service's placeholders, for those that are kept: beside them the defaults of
// parameters that the definition did not have yet when they were given, and what follows from others. The map given is
// left as it is.
func (s *Service) Complete(kept map[string]string) map[string]string {
	values := make(map[string]string, len(s.DynamicParameters))
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		v := kept[p.Key]
		if v == "" && !p.Optional { // an optional one may have been left empty
			v = p.Default
		}
		if v != "" && p.Follows == "" {
			values[p.Key] = v
		}
	}
	for i := range s.DynamicParameters {
		if p := &s.DynamicParameters[i]; p.Follows != "" {
			if v := p.Values[values[p.Follows]]; v != "" {
				values[p.Key] = v
			}
		}
	}
	return values
}

// Waits reports whether a text cannot be filled with the values so far (those of [Service.Complete]) because the
// provider has not said one that it needs.
func (s *Service) Waits(text string, values map[string]string) bool {
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		if values[p.Key] != "" || !strings.Contains(text, "{"+p.Key+"}") {
			continue
		}
		if decides := s.parameter(p.Follows); p.Learn != nil || decides != nil && decides.Learn != nil {
			return true
		}
	}
	return false
}

// maxSaid bounds what a provider says for a parameter, which may be a URL of which only the host is taken.
const maxSaid = maxURL

// Learnt makes the value of a learnt parameter of what its provider said. The error is a sentence that names the
// parameter, but not what was said.
func (p *DynamicParameter) Learnt(said string) (string, error) {
	if len(said) > maxSaid {
		return "", fmt.Errorf("%s is at most %d bytes", p.Name, maxSaid)
	}
	value := said
	if p.Learn.Take == "host" {
		if !strings.Contains(value, "://") {
			value = "https://" + value // some say the host alone, as they please
		}
		u, _, err := ParseURL(value)
		if err != nil {
			return "", fmt.Errorf("%s is the host of a URL: %w", p.Name, err)
		}
		if value = u.Hostname(); strings.Contains(value, ":") {
			value = "[" + value + "]"
		}
	}
	if means, ok := p.Learn.Map[value]; ok {
		value = means
	}
	return value, p.CheckValue(value)
}

// CheckLearnt judges values, some of which a provider said (those of [Service.Complete]), by the places where they stand:
// they make URLs that secrets may travel over, hosts that a service may list, and a base URL on one of these. What waits
// for another value is judged when that is there.
func (s *Service) CheckLearnt(values map[string]string) error {
	if err := s.checkPlaces(values); err != nil {
		return err
	}
	rules, err := s.HostsSoFar(values)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(s.Hosts, func(host string) bool { return s.Waits(host, values) }) {
		return nil
	}
	for _, su := range s.urls() {
		if su.auth || s.Waits(su.text, values) {
			continue
		}
		u, err := s.FillURL(su.text, values)
		if err != nil {
			return fmt.Errorf("%s cannot be made: %w", su.what, err)
		}
		if _, t, err := ParseURL(u.String()); err != nil || !rules.Allow(t) {
			return fmt.Errorf("%s would lead to a host that the service does not list", su.what)
		}
	}
	return nil
}

// LacksOptional reports whether a text holds the placeholder of an optional parameter without a value: it is left out
// then, with the header or parameter that it is the value of.
func (s *Service) LacksOptional(text string, values map[string]string) bool {
	return slices.ContainsFunc(s.DynamicParameters, func(p DynamicParameter) bool {
		return p.Optional && values[p.Key] == "" && strings.Contains(text, "{"+p.Key+"}")
	})
}

// ownCallbackParams belong to the protocol: what they hold is no value of a parameter, and some of it is secret.
var ownCallbackParams = []string{"state", "code", "error", "error_description", "iss", "id_token", "access_token", "oauth_token", "oauth_verifier", "denied"}

// validateLearning judges where values are learnt, by what the authentication has.
func (s *Service) validateLearning(f *FieldErrors) {
	consent := s.Auth.OAuth1 != nil || s.Auth.OAuth2 != nil && s.Auth.OAuth2.GrantType != ClientCredentials
	for i := range s.DynamicParameters {
		l, at := s.DynamicParameters[i].Learn, fmt.Sprintf("/dynamic_parameters/%d/learn", i)
		switch {
		case l == nil:
		case l.From == LearnCallback && !consent:
			f.Add(at+"/from", "nobody comes back from a consent with this service")
		case l.From == LearnCallback && (slices.Contains(ownCallbackParams, l.At) || s.Auth.OAuth2 != nil && l.At == s.Auth.OAuth2.CodeName):
			f.Add(at+"/at", "%s is the protocol's own", l.At)
		case l.From == LearnToken && s.Auth.OAuth1 == nil && s.Auth.OAuth2 == nil:
			f.Add(at+"/from", "this service has no token endpoint")
		}
	}
}

// callbackURLName is the placeholder of the service's own callback URL in refresh parameters.
const callbackURLName = "callback_url"

// validateParams judges the placeholders in the parameters of the authorize URL and the token requests, and in what is
// sent in the callback URL's place.
func (s *Service) validateParams(f *FieldErrors) {
	a := s.Auth.OAuth2
	if a == nil {
		return
	}
	if left := s.undeclaredName(a.RedirectURI); left != "" {
		f.Add("/auth/redirect_uri", "the placeholder {%s} is not among the dynamic parameters", left)
	}
	for _, leg := range []struct {
		at     string
		params map[string]string
	}{{"/auth/authorize_params/", a.AuthorizeParams}, {"/auth/token_params/", a.TokenParams}, {"/auth/refresh_params/", a.RefreshParams}} {
		for _, name := range slices.Sorted(maps.Keys(leg.params)) {
			text := leg.params[name]
			if left := s.undeclaredName(text); left != "" && !(left == callbackURLName && leg.at == "/auth/refresh_params/") {
				f.Add(leg.at+pointerToken(name), "the placeholder {%s} is not among the dynamic parameters", left)
			}
			for _, p := range s.DynamicParameters {
				if p.Secret && leg.at == "/auth/authorize_params/" && strings.Contains(text, "{"+p.Key+"}") {
					f.Add(leg.at+pointerToken(name), "the parameter %s is secret, and this stands in the address that the browser goes to", p.Key)
				}
			}
		}
	}
}
