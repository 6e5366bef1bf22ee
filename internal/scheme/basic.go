package scheme

import (
	"encoding/base64"

	"lanyard"
)

// bindBasic is RFC 7617: user name and password in UTF-8, joined by a colon. The password may be empty; many services
// take an API key as the user name.
func bindBasic(s *lanyard.Service, c *lanyard.Credential) (Placer, error) {
	if c.Username.IsZero() {
		return nil, lacking(s, "user name", "is missing")
	}
	f := &fields{service: s.LinkName}
	pair := base64.StdEncoding.EncodeToString([]byte(c.Username.Reveal() + ":" + c.Password.Reveal()))
	if err := f.addHeader(s, "Authorization", "password", "Basic ", pair); err != nil {
		return nil, err
	}
	return f, nil
}
