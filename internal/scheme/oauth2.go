package scheme

import "lanyard"

// bindOAuth2 places the access token: in a header (RFC 6750 §2.1, unless the service has a header or prefix of its own)
// or in the query (§2.3).
func bindOAuth2(s *lanyard.Service, c *lanyard.Credential) (Placer, error) {
	a := s.Auth.OAuth2
	if c.AccessToken.IsZero() {
		return nil, lacking(s, "access token", "is missing")
	}
	f := &fields{service: s.LinkName}
	if a.ParamType == lanyard.ParamQuery {
		f.query = []param{newParam(orElse(a.TokenName, "access_token"), c.AccessToken.Reveal())}
		return f, nil
	}
	prefix := "Bearer "
	if a.TokenPrefix != nil {
		prefix = *a.TokenPrefix
	}
	if err := f.addHeader(s, orElse(a.TokenName, "Authorization"), "access token", prefix, c.AccessToken.Reveal()); err != nil {
		return nil, err
	}
	return f, nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
