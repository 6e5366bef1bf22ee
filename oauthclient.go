package lanyard

import "time"

// OAuthClient is an organization's own client at the provider of a default service: what it got there by registering an
// application. A custom service carries its client in its definition, and so does one that came with an extension, whose
// definition holds none until it is set.
type OAuthClient struct {
	Organization OrganizationID
	Service      LinkName
	ClientID     string
	ClientSecret Secret
	Parameters   map[string]string // values of the service's client parameters, such as the host of an own server
	Version      int64             // grows with every change
	UpdatedAt    time.Time
}

// The version of a default service says which definition it is, by a sum over it, and which client it is used with: the
// lower bits are the client's version. What was started under another definition or client is not finished under this.
const clientVersions = 1 << 32

// ClientVersion is the part of a default service's version that is the version of the OAuth client; 0 without one.
func ClientVersion(version int64) int64 { return version % clientVersions }

// DefinitionVersion is the other part: the definition, the same for every organization.
func DefinitionVersion(version int64) int64 { return version - ClientVersion(version) }

// For gives a default service as an organization uses it: with its OAuth client and the values that come with that, or
// with none (nil). A client without the values that the service needs is none. The service itself is shared by all
// organizations and stays as it is.
func (s *Service) For(org OrganizationID, c *OAuthClient) *Service {
	own := *s
	own.OrganizationID = org
	if c == nil {
		return &own
	}
	if len(s.ClientParameters()) > 0 {
		filled, err := s.withClientValues(c.Parameters)
		if err != nil {
			return &own
		}
		own = *filled
		own.OrganizationID = org
	}
	own.Version = DefinitionVersion(s.Version) + ClientVersion(c.Version)
	return own.WithClient(c.ClientID, c.ClientSecret)
}

// WithClient gives the service with another client, or with none where both are empty. The service itself stays as it is.
func (s *Service) WithClient(id string, secret Secret) *Service {
	own := *s
	switch {
	case s.Auth.OAuth1 != nil:
		a := *s.Auth.OAuth1
		a.ConsumerKey, a.ConsumerSecret = id, secret
		own.Auth.OAuth1 = &a
	case s.Auth.OAuth2 != nil:
		a := *s.Auth.OAuth2
		a.ClientID, a.ClientSecret = id, secret
		own.Auth.OAuth2 = &a
	}
	return &own
}

// ClientID is the client id, or with OAuth 1 the consumer key; empty for types that have none.
func (a *Auth) ClientID() string {
	switch {
	case a.OAuth1 != nil:
		return a.OAuth1.ConsumerKey
	case a.OAuth2 != nil:
		return a.OAuth2.ClientID
	}
	return ""
}

// SetClientID puts the client id or consumer key in, for types that have one.
func (a *Auth) SetClientID(id string) {
	switch {
	case a.OAuth1 != nil:
		a.OAuth1.ConsumerKey = id
	case a.OAuth2 != nil:
		a.OAuth2.ClientID = id
	}
}

// ClientBeside reports whether each organization sets the service's client beside its definition, which is somebody
// else's: that of a default service, or of one that came with an extension.
func (s *Service) ClientBeside() bool { return s.Kind == KindDefault || s.Extension != "" }

// NeedsClient reports whether the service is used with a client that each organization registers with the provider.
func (s *Service) NeedsClient() bool {
	return s.ClientBeside() && (s.Auth.OAuth1 != nil || s.Auth.OAuth2 != nil)
}

// CheckClient refuses a service whose OAuth client is not set yet, and says who has to do what.
func (s *Service) CheckClient() error {
	if !s.NeedsClient() || s.Auth.ClientID() != "" {
		return nil
	}
	needs := "client id and secret"
	for _, p := range s.ClientParameters() {
		needs += ", " + p.Name
	}
	return Errorf(CodeConflict, "%s cannot be connected yet: first an owner or admin of the organization registers an application with %s and sets its %s, on the page of the service or with: lanyard services client %s", s.Name, s.Name, needs, s.LinkName)
}
