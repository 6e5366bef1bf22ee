package oauth2

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/scheme/oauth2/endpoint"
)

// Grant is an authorization code with what belongs to it (RFC 6749 §4.1.3).
type Grant struct {
	Code        lanyard.Secret
	Verifier    lanyard.Secret // PKCE; none when zero
	RedirectURI string         // as it was in the authorize URL
}

// Exchange trades an authorization code for a token. A failure is an [*Error]; the code may be used up by it, unless its
// class is Misconfigured or NeverSent is set.
func Exchange(ctx context.Context, client *http.Client, c Config, g Grant) (*Token, error) {
	p := params{}.add("grant_type", cmp.Or(c.GrantTypeName, "authorization_code")).add(cmp.Or(c.CodeName, "code"), g.Code.Reveal())
	if g.RedirectURI != "" {
		p = p.add("redirect_uri", g.RedirectURI)
	}
	if !g.Verifier.IsZero() {
		p = p.add("code_verifier", g.Verifier.Reveal())
	}
	return obtain(ctx, client, c, &call{"exchange", c.TokenURL, p, c.TokenParams, []lanyard.Secret{g.Code, g.Verifier}})
}

// Refresh trades a refresh token for a new token. Scopes are usually left out, which keeps those granted. A failure is
// an [*Error].
//
// Where the answer has no refresh token, [Token.RefreshToken] is zero and the old one stays valid (RFC 6749 §6).
func Refresh(ctx context.Context, client *http.Client, c Config, refreshToken lanyard.Secret, scopes []string) (*Token, error) {
	address := c.RefreshURL
	if address == "" {
		address = c.TokenURL
	}
	p := params{}.add("grant_type", "refresh_token").add("refresh_token", refreshToken.Reveal()).addScope("scope", scopes, c.ScopeDelimiter)
	return obtain(ctx, client, c, &call{"refresh", address, p, c.RefreshParams, []lanyard.Secret{refreshToken}})
}

// ClientCredentials obtains a token for the client itself (RFC 6749 §4.4). A failure is an [*Error].
func ClientCredentials(ctx context.Context, client *http.Client, c Config, scopes []string) (*Token, error) {
	p := params{}.add("grant_type", cmp.Or(c.GrantTypeName, "client_credentials")).addScope("scope", scopes, c.ScopeDelimiter)
	return obtain(ctx, client, c, &call{"client credentials", c.TokenURL, p, c.TokenParams, nil})
}

// call is one request to the token or revoke endpoint.
type call struct {
	op      string
	address string
	params  params
	more    map[string]string
	secrets []lanyard.Secret // among the parameters
}

func obtain(ctx context.Context, client *http.Client, c Config, call *call) (*Token, error) {
	var token *Token
	style, err := call.send(ctx, client, &c, func(a *endpoint.Answer, sent []lanyard.Secret) (err error) {
		token, err = ParseTokenAnswer(a, c.Shape, sent...)
		return err
	})
	if err != nil {
		return nil, err
	}
	token.ClientAuthentication = style
	return token, nil
}

// send makes the request, and has the answer read. It makes a second one if and only if the client authentication is
// to be found out and the provider refused the first for it: such a refusal uses no code and no token up, while a blind
// second attempt after any other one could end a whole grant.
func (l *call) send(ctx context.Context, client *http.Client, c *Config, read func(*endpoint.Answer, []lanyard.Secret) error) (ClientAuthentication, error) {
	style := c.ClientAuthentication
	if style == Automatic {
		switch {
		case c.ClientSecret.IsZero():
			style = None
		case c.ClientIDName != "" || c.ClientSecretName != "":
			style = Post
		default:
			style = Basic
		}
	}
	err := l.sendAs(ctx, client, c, style, read)
	var e *Error
	if c.ClientAuthentication == Automatic && style == Basic && errors.As(err, &e) && e.refusedClient() {
		style = Post
		err = l.sendAs(ctx, client, c, style, read)
	}
	return style, err
}

func (l *call) sendAs(ctx context.Context, client *http.Client, c *Config, style ClientAuthentication, read func(*endpoint.Answer, []lanyard.Secret) error) error {
	req, sent, err := l.request(ctx, c, style)
	if err != nil {
		return err
	}
	a, cause := endpoint.Call(client, req, c.now)
	if cause != nil {
		e := &Error{Op: l.op, Class: Transient, Problem: "no usable answer came", NeverSent: endpoint.NeverSent(cause), Cause: cause}
		if a != nil {
			e.Status = a.Status
			if a.Status >= 200 && a.Status <= 299 {
				e.Class = Malformed
			}
		}
		return e
	}
	err = read(a, sent)
	var e *Error
	if errors.As(err, &e) {
		e.Op = l.op
	}
	return err
}

// request makes the request, and lists every secret in it for masking. It carries no Accept-Encoding, so that no
// compressed answer is invited.
func (l *call) request(ctx context.Context, c *Config, style ClientAuthentication) (*http.Request, []lanyard.Secret, error) {
	sent := append(append([]lanyard.Secret{c.ClientSecret}, l.secrets...), c.Secrets...)
	all := append(params(nil), l.params...)
	basic := ""
	switch style {
	case Basic:
		basic = url.QueryEscape(c.ClientID) + ":" + url.QueryEscape(c.ClientSecret.Reveal())
	case BasicRaw:
		basic = c.ClientID + ":" + c.ClientSecret.Reveal()
	case Post:
		all = all.add(c.idName(), c.ClientID)
		if !c.ClientSecret.IsZero() {
			all = all.add(c.secretName(), c.ClientSecret.Reveal())
		}
	case None:
		all = all.add(c.idName(), c.ClientID)
	default:
		return nil, nil, l.unusable("the client authentication " + string(style) + " is not known")
	}
	all = all.addMissing(l.more, nil)

	body, contentType := all.form(), "application/x-www-form-urlencoded"
	if c.JSON {
		body, contentType = all.json(), "application/json"
	}
	u, err := url.Parse(l.address)
	if err != nil || u.Host == "" {
		return nil, nil, l.unusable("the URL cannot be read") // err repeats it
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, nil, l.unusable("the URL cannot be read")
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	if basic != "" {
		encoded := base64.StdEncoding.EncodeToString([]byte(basic))
		req.Header.Set("Authorization", "Basic "+encoded)
		sent = append(sent, lanyard.NewSecret(encoded))
	}
	return req, sent, nil
}

func (l *call) unusable(problem string) *Error {
	return &Error{Op: l.op, Class: Misconfigured, Problem: problem, NeverSent: true}
}

// json is a JSON object; every value is text.
func (p params) json() string {
	object := make(map[string]string, len(p))
	for _, q := range p {
		object[q.name] = q.value
	}
	b, err := json.Marshal(object)
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(b)
}
