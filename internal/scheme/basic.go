package scheme

import (
	"encoding/base64"
	"strings"

	"lanyard"
)

// bindBasic is RFC 7617: user name and password in UTF-8, joined by a colon, each as the service takes it. The password
// may be empty; many services take an API key as the user name.
func bindBasic(s *lanyard.Service, c *lanyard.Credential) (Placer, error) {
	if c.Username.IsZero() && s.Auth.Basic.AsksUsername() {
		return nil, lacking(s, "user name", "is missing")
	}
	username, password, err := s.BasicPair(c)
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeReconnectRequired, "The credential for the service %s cannot be placed: %s.", s.LinkName, err)
	}
	if strings.Contains(username, ":") {
		return nil, lacking(s, "user name", "holds a colon and cannot be sent (RFC 7617)")
	}
	f := &fields{service: s.LinkName}
	pair := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	if err := f.addHeader(s, "Authorization", "password", "Basic ", pair); err != nil {
		return nil, err
	}
	return f, nil
}
