package lanyard

import (
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Origin says how a connection came to be.
type Origin string

const (
	OriginUser      Origin = "user"
	OriginExtension Origin = "extension"
	OriginInternal  Origin = "internal" // made when an integration task ran without naming a connection
)

// UsableBy says who may call through a connection.
type UsableBy string

const (
	UsableByOrganization UsableBy = "organization"
	UsableByOwner        UsableBy = "owner"
)

// Connection is a named use of a service by its owner. Scripts know it by its link name.
type Connection struct {
	ID             ConnectionID
	OrganizationID OrganizationID
	LinkName       LinkName
	Name           string
	Service        LinkName // of the service
	ServiceID      ServiceID
	Scopes         []string // scope values asked for; a subset of the service's
	// UseLoginUserCredentials: every call runs with the acting user's own authorization instead of the owner's.
	UseLoginUserCredentials bool
	Origin                  Origin
	Extension               ExtensionID // that it came with, where its origin is one
	ExtensionName           LinkName    // of that one
	Owner                   UserID
	UsableBy                UsableBy
	Version                 int64
	CreatedAt               time.Time
	UpdatedAt               time.Time
}

// WithDefault reports whether the connection was made with a default service: one has its link name for its id.
func (c *Connection) WithDefault() bool { return string(c.ServiceID) == string(c.Service) }

// Validate checks a connection against the service it is made with. All faults are reported at once.
func (c *Connection) Validate(s *Service) error {
	var f FieldErrors
	_, err := ParseLinkName(string(c.LinkName))
	f.Check("/link_name", err)
	f.Check("/name", CheckName(c.Name))
	if c.UsableBy != UsableByOrganization && c.UsableBy != UsableByOwner {
		f.Add("/usable_by", "this is organization or owner")
	}
	var known []Scope
	if s.Auth.OAuth2 != nil {
		known = s.Auth.OAuth2.Scopes
	}
	for i, scope := range c.Scopes {
		if !slices.ContainsFunc(known, func(k Scope) bool { return k.Value == scope }) {
			f.Add(pointer("/scopes", i), "the service %s has no scope %q", s.LinkName, scope)
		}
		if slices.Index(c.Scopes, scope) != i {
			f.Add(pointer("/scopes", i), "the scope %q stands twice", scope)
		}
	}
	// A client secret that goes to a host which the person connecting chooses freely is its author's own business only,
	// and so is a credential that may go to any host (design section 2).
	if s.Kind == KindCustom && c.Owner != s.Author && s.secretFollowsValue() {
		f.Add("/service", "who connects with the service %s chooses the host that its client secret is sent to, so only its author can make connections with it", s.LinkName)
	}
	if c.UseLoginUserCredentials && s.secretFollowsValue() {
		f.Add("/use_login_user_credentials", "who connects with the service %s chooses the host that its client secret is sent to, so each user's own credentials cannot be used with it: give its parameters choices", s.LinkName)
	}
	if s.anyHost() {
		if c.UseLoginUserCredentials {
			f.Add("/use_login_user_credentials", "the service %s lets its credential go to any host, so each user's own credentials cannot be used with it", s.LinkName)
		}
		if s.Kind == KindCustom && c.Owner != s.Author {
			f.Add("/service", "the service %s lets its credential go to any host, so only its author can make connections with it", s.LinkName)
		}
	}
	return f.Err()
}

func (s *Service) anyHost() bool {
	rules, err := s.HostRules(s.SampleValues())
	return err != nil || rules.Any()
}

// secretFollowsValue reports whether a value that a person types in decides to whose host the service's client secret
// is sent: a whole host name, or a part of the last two labels of one, that is not limited to choices. A service of an
// extension may get its client after its connections.
func (s *Service) secretFollowsValue() bool {
	return (!s.Auth.Secret().IsZero() || s.Extension != "" && s.NeedsClient()) && s.tokenHostFollowsValue()
}

// tokenHostFollowsValue is secretFollowsValue whether or not there is a secret.
func (s *Service) tokenHostFollowsValue() bool { return len(s.TokenHostParameters()) > 0 }

// TokenHostParameters are the keys of the dynamic parameters whose values, being free, decide the host that a client
// secret is sent to.
func (s *Service) TokenHostParameters() []string {
	var keys []string
	values := s.SampleValues()
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		if len(p.Choices) > 0 || p.Follows != "" || p.WithClient && s.Kind == KindDefault {
			continue
		}
		other := maps.Clone(values)
		other[p.Key] = "other"
		if p.Format == FormatHost {
			other[p.Key] = "other.example.net"
		}
		if slices.ContainsFunc(s.urls(), func(su serviceURL) bool {
			if !su.auth || su.pointer == "/auth/authorize_url" { // the secret is not sent there
				return false
			}
			a, errA := s.FillURL(su.text, values)
			b, errB := s.FillURL(su.text, other)
			return errA != nil || errB != nil || domain(a.Hostname()) != domain(b.Hostname())
		}) {
			keys = append(keys, p.Key)
		}
	}
	return keys
}

// domain is the part of a host name that somebody registered under a public suffix such as com or co.uk, or the host
// itself where there is none. What a company gives out below its own domain (shop.example.com) counts as the company's.
func domain(host string) string {
	suffix, registry := publicsuffix.PublicSuffix(host)
	for !registry {
		_, rest, below := strings.Cut(suffix, ".")
		if !below {
			break // a made-up top-level domain
		}
		suffix, registry = publicsuffix.PublicSuffix(rest)
	}
	rest, ok := strings.CutSuffix(host, "."+suffix)
	if !ok {
		return host
	}
	return rest[strings.LastIndexByte(rest, '.')+1:] + "." + suffix
}

// AuthorizationUser says whose authorization a call runs with: the owner's, or with the switch on the acting user's
// own. A call that acts for nobody cannot use a connection with the switch on.
func (c *Connection) AuthorizationUser(acting UserID) (UserID, error) {
	if !c.UseLoginUserCredentials {
		return c.Owner, nil
	}
	if acting == "" {
		return "", Errorf(CodeLoginUserRequired, "The connection %s uses the credentials of the login user: say which user this call is for (Lanyard-User).", c.LinkName)
	}
	return acting, nil
}
