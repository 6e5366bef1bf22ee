package lanyard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Edit says what changing a service from one definition to another means for the connections made with it.
type Edit struct {
	Changed bool
	// Moves lists the changed fields that could send a credential somewhere new or change how it is used. While
	// there is none, the connections may be kept.
	Moves []string
}

// CheckEdit judges an edit by the table of the reference document: the type, the link name and the grant type never
// change; API-key parameters can be edited and added but not deleted; OAuth 2 scopes can be added but neither edited
// nor deleted; everything else can be edited. A frozen field gives not_editable and names the field.
func CheckEdit(old, new *Service) (Edit, error) {
	var frozen FieldErrors
	if new.LinkName != old.LinkName {
		frozen.Add("/link_name", "the link name of a service never changes")
	}
	if new.Kind != old.Kind {
		frozen.Add("/kind", "the kind of a service never changes")
	}
	if new.Auth.Type != old.Auth.Type {
		frozen.Add("/auth/type", "the authentication type of a service never changes")
		return Edit{}, notEditable(frozen)
	}
	if o, n := old.Auth.APIKey, new.Auth.APIKey; o != nil && len(n.Parameters) < len(o.Parameters) {
		frozen.Add("/auth/parameters", "parameters can be edited and added, but not deleted: send the existing %d first, in their order", len(o.Parameters))
	}
	if o, n := old.Auth.OAuth2, new.Auth.OAuth2; o != nil {
		if n.GrantType != o.GrantType {
			frozen.Add("/auth/grant_type", "the grant type of a service never changes")
		}
		for i, scope := range o.Scopes {
			if i >= len(n.Scopes) || n.Scopes[i] != scope {
				frozen.Add(fmt.Sprintf("/auth/scopes/%d", i),
					"scopes can be added, but neither edited nor deleted: send the existing %d first, in their order", len(o.Scopes))
			}
		}
	}
	if len(frozen) > 0 {
		return Edit{}, notEditable(frozen)
	}
	return compare(old, new), nil
}

func notEditable(fields FieldErrors) error {
	return &Error{Code: CodeNotEditable, Message: "This cannot be edited; nothing was changed.", Fields: fields}
}

// compare finds what differs. Harmless differences are those of design section 2: names and texts, the client secret,
// an added scope, and the revoke URL as long as it stays on a host that already gets the credential.
func compare(old, new *Service) Edit {
	e := Edit{Changed: !sameJSON(old, new) || !old.Auth.Secret().Equal(new.Auth.Secret())}
	if !e.Changed {
		return e
	}
	a, b := harmlessRemoved(old, new), harmlessRemoved(new, old)
	moved := func(pointer string, x, y any) {
		if !sameJSON(x, y) {
			e.Moves = append(e.Moves, pointer)
		}
	}
	moved("/base_url", a.BaseURL, b.BaseURL)
	moved("/hosts", a.Hosts, b.Hosts)
	moved("/dynamic_parameters", a.DynamicParameters, b.DynamicParameters)
	moved("/headers", a.Headers, b.Headers)
	moved("/verify_url", a.VerifyURL, b.VerifyURL)
	moved("/verify_method", a.VerifyMethod, b.VerifyMethod)
	moved("/verify_body", a.VerifyBody, b.VerifyBody)
	moved("/verify_member", a.VerifyMember, b.VerifyMember)
	moved("/verify_accepts", a.VerifyAccepts, b.VerifyAccepts)
	moved("/verify_aws_service", a.VerifyAWSService, b.VerifyAWSService)
	if !sameJSON(a.Auth, b.Auth) {
		e.Moves = append(e.Moves, changedMembers(a.Auth, b.Auth)...)
	}
	return e
}

// harmlessRemoved is a copy of s without what may differ from other while connections are kept.
func harmlessRemoved(s, other *Service) Service {
	c := *s
	c.DynamicParameters = slices.Clone(s.DynamicParameters)
	for i := range c.DynamicParameters {
		p := &c.DynamicParameters[i]
		p.Name, p.Help, p.Example = "", "", ""
	}
	if s.Auth.APIKey != nil {
		a := APIKeyAuth{Parameters: slices.Clone(s.Auth.APIKey.Parameters)}
		for i := range a.Parameters {
			a.Parameters[i].DisplayName = ""
		}
		c.Auth.APIKey = &a
	}
	if s.Auth.OAuth2 == nil {
		return c
	}
	o := *s.Auth.OAuth2
	if n := len(other.Auth.OAuth2.Scopes); len(o.Scopes) > n {
		o.Scopes = o.Scopes[:n]
	}
	if s.knowsHostOf(o.RevokeTokenURL) && other.knowsHostOf(o.RevokeTokenURL) {
		o.RevokeTokenURL = ""
	}
	c.Auth.OAuth2 = &o
	return c
}

// knowsHostOf reports whether the host of raw already gets tokens of this service. Placeholders are compared as text.
func (s *Service) knowsHostOf(raw string) bool {
	if raw == "" {
		return true
	}
	a := s.Auth.OAuth2
	for _, known := range []string{a.AccessTokenURL, a.RefreshTokenURL, a.RevokeTokenURL} {
		if sameOrigin(known, raw) {
			return true
		}
	}
	return false
}

func sameOrigin(a, b string) bool { return origin(a) != "" && origin(a) == origin(b) }

// origin is the text of a URL up to its path; empty when it has no scheme and host. net/url would refuse a placeholder.
func origin(raw string) string {
	i := strings.Index(raw, "://")
	if i <= 0 {
		return ""
	}
	if j := strings.IndexAny(raw[i+3:], `/\?#`); j >= 0 {
		return raw[:i+3+j]
	}
	return raw
}

func changedMembers(a, b Auth) []string {
	x, y := members(a), members(b)
	var names []string
	for name := range x {
		if string(x[name]) != string(y[name]) {
			names = append(names, "/auth/"+name)
		}
	}
	for name := range y {
		if _, ok := x[name]; !ok {
			names = append(names, "/auth/"+name)
		}
	}
	slices.Sort(names)
	return names
}

func members(a Auth) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if data, err := json.Marshal(a); err == nil {
		_ = json.Unmarshal(data, &m) // what was just encoded decodes
	}
	return m
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
