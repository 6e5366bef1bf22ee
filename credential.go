package lanyard

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"unicode/utf8"
)

// Credential is the opened material of one authorization. It exists in memory only; [Credential.Plaintext] and
// [ParseCredential] are the one way into a sealed column and back.
type Credential struct {
	Values   map[string]Secret // api_key: by parameter name
	Username Secret            // basic; some services take an API key as the user name, without a password
	Password Secret

	AccessToken  Secret // oauth2
	RefreshToken Secret
	// ClientAuthentication is the style that worked at the token endpoint, where the service leaves it open.
	ClientAuthentication ClientAuthentication

	Token       Secret // oauth1
	TokenSecret Secret

	AccessKeyID     string // aws_sigv4
	SecretAccessKey Secret
	SessionToken    Secret

	// Parameters are the dynamic parameter values that the user gave. They are sealed with the rest.
	Parameters map[string]string
}

// sealedCredential is the plaintext inside the seal. Only this file turns one into the other.
type sealedCredential struct {
	Values               map[string]string    `json:"values,omitempty"`
	Username             string               `json:"username,omitempty"`
	Password             string               `json:"password,omitempty"`
	AccessToken          string               `json:"access_token,omitempty"`
	RefreshToken         string               `json:"refresh_token,omitempty"`
	ClientAuthentication ClientAuthentication `json:"client_authentication,omitempty"`
	Token                string               `json:"token,omitempty"`
	TokenSecret          string               `json:"token_secret,omitempty"`
	AccessKeyID          string               `json:"access_key_id,omitempty"`
	SecretAccessKey      string               `json:"secret_access_key,omitempty"`
	SessionToken         string               `json:"session_token,omitempty"`
	Parameters           map[string]string    `json:"parameters,omitempty"`
}

// Plaintext gives the bytes to seal. The caller seals them at once and keeps no copy.
func (c *Credential) Plaintext() ([]byte, error) {
	s := sealedCredential{
		Username: c.Username.Reveal(), Password: c.Password.Reveal(),
		AccessToken: c.AccessToken.Reveal(), RefreshToken: c.RefreshToken.Reveal(), ClientAuthentication: c.ClientAuthentication,
		Token: c.Token.Reveal(), TokenSecret: c.TokenSecret.Reveal(),
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
		Parameters: c.Parameters,
	}
	if len(c.Values) > 0 {
		s.Values = make(map[string]string, len(c.Values))
		for name, v := range c.Values {
			s.Values[name] = v.Reveal()
		}
	}
	return json.Marshal(s)
}

// ParseCredential is the opposite of [Credential.Plaintext].
func ParseCredential(plaintext []byte) (*Credential, error) {
	var s sealedCredential
	if err := json.Unmarshal(plaintext, &s); err != nil {
		return nil, fmt.Errorf("the opened credential cannot be read") // err could quote what was opened
	}
	c := &Credential{
		Username: NewSecret(s.Username), Password: NewSecret(s.Password),
		AccessToken: NewSecret(s.AccessToken), RefreshToken: NewSecret(s.RefreshToken), ClientAuthentication: s.ClientAuthentication,
		Token: NewSecret(s.Token), TokenSecret: NewSecret(s.TokenSecret),
		AccessKeyID: s.AccessKeyID, SecretAccessKey: NewSecret(s.SecretAccessKey), SessionToken: NewSecret(s.SessionToken),
		Parameters: s.Parameters,
	}
	if len(s.Values) > 0 {
		c.Values = make(map[string]Secret, len(s.Values))
		for name, v := range s.Values {
			c.Values[name] = NewSecret(v)
		}
	}
	return c, nil
}

// SecretsOf lists the values of a credential of the service that must not appear anywhere: to mask them where an
// upstream echoes them.
func (s *Service) SecretsOf(c *Credential) []Secret {
	all := []Secret{c.Password, c.AccessToken, c.RefreshToken, c.Token, c.TokenSecret, c.SecretAccessKey, c.SessionToken}
	if s.Auth.Type == AuthBasic {
		// What Basic sends (RFC 7617): an upstream that echoes headers says this, and not the password.
		if username, password, err := s.BasicPair(c); err == nil && !(c.Username.IsZero() && c.Password.IsZero()) {
			all = append(all, NewSecret(base64.StdEncoding.EncodeToString([]byte(username+":"+password))))
		}
		if u := s.Auth.basic().Username; c.Password.IsZero() || u != nil && u.Secret {
			all = append(all, c.Username) // then it is the secret
		}
	}
	for i := range s.DynamicParameters {
		if p := &s.DynamicParameters[i]; p.Secret {
			all = append(all, NewSecret(c.Parameters[p.Key]))
		}
	}
	for _, v := range c.Values {
		all = append(all, v)
	}
	set := all[:0]
	for _, s := range all {
		if !s.IsZero() {
			set = append(set, s)
		}
	}
	return set
}

// Format implements [fmt.Formatter]: key ids and parameter values are nobody's business either.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements [json.Marshaler]: only [Credential.Plaintext] gives the parts.
func (Credential) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements [encoding.TextMarshaler].
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// GobEncode implements gob.GobEncoder.
func (Credential) GobEncode() ([]byte, error) { return []byte(redacted), nil }

// CredentialField is one thing that a person types in to connect.
type CredentialField struct {
	Name     string // key in the credentials of the API
	Label    string
	Secret   bool
	Optional bool
}

// CredentialFields lists what a person gives to connect with the service; none where consent happens in the browser
// or nothing is asked.
func (s *Service) CredentialFields() []CredentialField {
	switch s.Auth.Type {
	case AuthAPIKey:
		fields := make([]CredentialField, len(s.Auth.APIKey.Parameters))
		for i, p := range s.Auth.APIKey.Parameters {
			fields[i] = CredentialField{Name: p.Name, Label: p.DisplayName, Secret: true}
		}
		return fields
	case AuthBasic:
		return s.Auth.basic().fields()
	case AuthAWSSigV4:
		return []CredentialField{
			{Name: "access_key_id", Label: "Access key ID"},
			{Name: "secret_access_key", Label: "Secret access key", Secret: true},
			{Name: "session_token", Label: "Session token (temporary keys only)", Secret: true, Optional: true},
		}
	}
	return nil
}

// Labels of what Basic asks for where the service has no words of its own.
const (
	basicUsername = "User name"
	basicPassword = "Password"
)

// basic is how Basic is used; the usual way where nothing is said.
func (a *Auth) basic() *BasicAuth {
	if a.Basic == nil {
		return &BasicAuth{}
	}
	return a.Basic
}

// AsksUsername: is a user name typed in, and not the same for everybody?
func (a *BasicAuth) AsksUsername() bool {
	return a == nil || a.Username == nil || a.Username.Fixed == nil
}

func (a *BasicAuth) fields() []CredentialField {
	username := CredentialField{Name: "username", Label: basicUsername}
	password := CredentialField{Name: "password", Label: basicPassword, Secret: true, Optional: true}
	if p := a.Username; p != nil {
		username.Label, username.Secret = cmp.Or(p.DisplayName, basicUsername), p.Secret
	}
	if p := a.Password; p != nil {
		// Where the service names it, it is no password that somebody may do without.
		password.Label, password.Optional = cmp.Or(p.DisplayName, basicPassword), p.DisplayName == ""
	}
	fields := make([]CredentialField, 0, 2)
	if a.AsksUsername() {
		fields = append(fields, username)
	}
	if a.Password == nil || a.Password.Fixed == nil {
		fields = append(fields, password)
	}
	return fields
}

// BasicPair gives user name and password as the service takes them. The error is a sentence that names a parameter
// without a value.
func (s *Service) BasicPair(c *Credential) (username, password string, err error) {
	part := func(p *BasicPart, typed Secret) string {
		if p == nil || err != nil {
			return typed.Reveal()
		}
		if p.Fixed != nil {
			return *p.Fixed
		}
		var prefix, suffix string
		if prefix, err = FillText(p.Prefix, s.DynamicParameters, c.Parameters); err == nil {
			suffix, err = FillText(p.Suffix, s.DynamicParameters, c.Parameters)
		}
		return prefix + typed.Reveal() + suffix
	}
	a := s.Auth.basic()
	return part(a.Username, c.Username), part(a.Password, c.Password), err
}

// CredentialFrom makes a credential of what a person typed in. Every fault names its field; values are taken byte for
// byte, never trimmed.
func (s *Service) CredentialFrom(given map[string]Secret) (*Credential, error) {
	var f FieldErrors
	known := map[string]bool{}
	for _, field := range s.CredentialFields() {
		known[field.Name] = true
		v := given[field.Name].Reveal()
		at := "/credentials/" + pointerToken(field.Name)
		switch {
		case v == "" && !field.Optional:
			f.Add(at, "%s is required", field.Label)
		case len(v) > MaxSecret:
			f.Add(at, "%s has at most %d bytes", field.Label, MaxSecret)
		case !utf8.ValidString(v):
			f.Add(at, "%s is valid UTF-8 text", field.Label)
		case CheckHeaderValue(v) != nil || strings.Contains(v, "\t"):
			f.Add(at, "%s holds no line breaks, tabs or control characters", field.Label)
		case s.Auth.Type == AuthAWSSigV4 && strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
			f.Add(at, "%s holds no blanks and only ASCII characters: it was probably copied with something else", field.Label)
		case field.Name == "access_key_id" && strings.ContainsAny(v, "/,="):
			f.Add(at, "%s has letters and digits", field.Label)
		case (s.Auth.Type != AuthBasic || field.Label != basicUsername && field.Label != basicPassword) && strings.TrimSpace(v) != v:
			// A header value loses blanks at its ends on the way (RFC 9110 §5.5), so what is sent would not be what was given.
			f.Add(at, "%s begins or ends with a blank: it was probably copied with it", field.Label)
		}
	}
	for name := range given {
		if !known[name] {
			f.Add("/credentials/"+pointerToken(name), "the service %s asks for no credential of this name", s.LinkName)
		}
	}
	c := &Credential{}
	switch s.Auth.Type {
	case AuthAPIKey:
		c.Values = maps.Clone(given)
	case AuthBasic:
		c.Username, c.Password = given["username"], given["password"]
		if strings.Contains(c.Username.Reveal(), ":") {
			f.Add("/credentials/username", "a user name holds no colon (RFC 7617)")
		}
	case AuthAWSSigV4:
		c.AccessKeyID, c.SecretAccessKey, c.SessionToken = given["access_key_id"].Reveal(), given["secret_access_key"], given["session_token"]
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return c, nil
}
