package oauth2

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// AuthorizeRequest is what one authorization asks for (RFC 6749 §4.1.1).
type AuthorizeRequest struct {
	RedirectURI string
	State       string
	Scopes      []string
	// ParamScopes are scopes that go into parameters of other names than scope: Slack has user_scope.
	ParamScopes map[string][]string
	// Challenge is that of the PKCE verifier; empty for a provider that breaks on it.
	Challenge string
}

// AuthorizeURL is where the person's browser goes to agree. The query that the configured URL has, and the configured
// parameters, are kept unless they have the name of one of ours: response_type, client_id, redirect_uri, scope, state,
// code_challenge and code_challenge_method are always those of the request, or absent, and so are what the provider calls
// the client id and further scopes.
//
// Scopes are joined by the delimiter. A blank is sent as %20 and a comma as %2C, which every server decodes. The
// delimiter "+" is for providers whose documentation shows scope=a+b: they mean the wire, where + is how a form spells a
// blank, so each scope is encoded by itself and a bare + stands between. Encoding the joined text would send %2B, and
// the provider would see one scope with a plus in it.
func AuthorizeURL(c Config, r AuthorizeRequest) (string, error) {
	u, err := url.Parse(c.AuthorizeURL)
	if err != nil || u.Host == "" {
		return "", errors.New("the authorize URL cannot be read") // err repeats it
	}
	own := params{}.add("response_type", "code").add(c.idName(), c.ClientID).add("redirect_uri", r.RedirectURI)
	own = own.addScope("scope", r.Scopes, c.ScopeDelimiter)
	reserved := []string{"response_type", "client_id", c.idName(), "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
	for _, name := range slices.Sorted(maps.Keys(r.ParamScopes)) {
		if !slices.Contains(reserved, name) {
			own = own.addScope(name, r.ParamScopes[name], c.ScopeDelimiter)
			reserved = append(reserved, name)
		}
	}
	own = own.add("state", r.State)
	if r.Challenge != "" {
		own = own.add("code_challenge", r.Challenge).add("code_challenge_method", "S256")
	}

	query := withoutNames(u.RawQuery, func(name string) bool {
		_, configured := c.AuthorizeParams[name]
		return configured || slices.Contains(reserved, name)
	})
	own = own.addMissing(c.AuthorizeParams, reserved)
	if query != "" {
		query += "&"
	}
	u.RawQuery = query + own.form()
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

// withoutNames leaves parameters out of a query and keeps the others byte for byte.
func withoutNames(query string, out func(name string) bool) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if part != "" && !out(name) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// ErrIssuer: the answer came from another authorization server than the one that was asked.
var ErrIssuer = errors.New("the answer names another issuer than the service's, or none")

// CheckIssuer compares iss in the query of a callback with the issuer that a provider is known by, as plain strings
// (RFC 9207 §2.4). It must stand there exactly once. An empty want means that none is known, and anything goes.
func CheckIssuer(want string, callback url.Values) error {
	if want == "" {
		return nil
	}
	if got := callback["iss"]; len(got) != 1 || got[0] != want {
		return ErrIssuer
	}
	return nil
}

// params are the parameters of a request in the order of the protocol.
type params []param

type param struct {
	name, value string
	encoded     string // the value in a form, where it is not encode(value)
}

func (p params) add(name, value string) params { return append(p, param{name: name, value: value}) }

func (p params) addScope(name string, scopes []string, delimiter string) params {
	if len(scopes) == 0 {
		return p
	}
	if delimiter == "" {
		delimiter = " "
	}
	scope := param{name: name, value: strings.Join(scopes, delimiter)}
	if delimiter == "+" {
		each := make([]string, len(scopes))
		for i, s := range scopes {
			each[i] = encode(s)
		}
		scope.encoded = strings.Join(each, "+")
	}
	return append(p, scope)
}

// addMissing adds configured parameters, in the order of their names, that are neither there nor reserved.
func (p params) addMissing(configured map[string]string, reserved []string) params {
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		taken := slices.Contains(reserved, name) || slices.ContainsFunc(p, func(q param) bool { return q.name == name })
		if !taken {
			p = p.add(name, configured[name])
		}
	}
	return p
}

// form is the form encoding.
func (p params) form() string {
	var b strings.Builder
	for i, q := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(encode(q.name))
		b.WriteByte('=')
		if q.encoded != "" {
			b.WriteString(q.encoded)
		} else {
			b.WriteString(encode(q.value))
		}
	}
	return b.String()
}

// encode spells a blank as %20, which is right in a query and in a form, and read by servers that take + literally.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
