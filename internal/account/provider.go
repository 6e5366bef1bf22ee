package account

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lanyard"
)

const (
	providerTimeout = 15 * time.Second // of each request to a sign-in provider
	providerKept    = 10 * time.Minute // before its metadata is read again
	maxProviders    = 1000             // kept
	maxProviderSays = 1 << 20          // bytes of an answer
)

// providers are the OpenID providers by issuer, as their own metadata describes them.
type providers struct {
	client *http.Client // guarded, and bounded in time and size; nil: nobody signs in here
	mu     sync.Mutex
	known  map[string]*provider
}

// provider is an OpenID provider. What of its metadata package oidc leaves out is beside it.
type provider struct {
	*oidc.Provider
	more struct {
		TokenAuth []string `json:"token_endpoint_auth_methods_supported"`
		Scopes    []string `json:"scopes_supported"`
		NamesIss  bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	}
	until time.Time
}

func newProviders(guarded *http.Client) *providers {
	p := &providers{known: map[string]*provider{}}
	if guarded != nil {
		client := *guarded
		client.Timeout = providerTimeout
		client.Transport = bounded{guarded.Transport}
		p.client = &client
	}
	return p
}

// bounded cuts answers off, for package oidc reads each to its end.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxProviderSays), answer.Body}
	}
	return answer, err
}

// at gives the provider of an issuer. Fresh asks it even where it was asked lately. What is wrong is said in words
// that fit behind the issuer's address.
func (p *providers) at(ctx context.Context, issuer string, fresh bool, now time.Time) (*provider, error) {
	p.mu.Lock()
	known := p.known[issuer]
	p.mu.Unlock()
	if known != nil && !fresh && now.Before(known.until) {
		return known, nil
	}
	found, err := oidc.NewProvider(p.context(ctx), issuer)
	if err != nil {
		return nil, noProvider(err)
	}
	v := &provider{Provider: found, until: now.Add(providerKept)}
	if err := found.Claims(&v.more); err != nil {
		return nil, lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "what it says of itself cannot be read").With(err)
	}
	endpoint := found.Endpoint()
	for _, address := range []string{endpoint.AuthURL, endpoint.TokenURL} {
		// Where the issuer itself is this machine, plain http is too.
		if !strings.HasPrefix(address, "https://") && !(strings.HasPrefix(issuer, "http://") && strings.HasPrefix(address, "http://")) {
			return nil, lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "it names no address for signing in that begins with https://")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxProviders {
		clear(p.known) // rare, and the next sign-ins fill it again
	}
	p.known[issuer] = v
	return v, nil
}

func (p *providers) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

// noProvider says why there is no provider at an address. What stands there is not quoted: it can be anything.
func noProvider(err error) error {
	var mismatch *oidc.IssuerMismatchError
	var own *lanyard.Error
	switch {
	case errors.As(err, &mismatch):
		return lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "the provider there calls itself %s: enter exactly that", clipped(mismatch.Discovered)).With(err)
	case errors.As(err, &own):
		return lanyard.Errorf(own.Code, "%s", own.Message).With(err)
	}
	return lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "there is no OpenID provider at this address: /.well-known/openid-configuration below it cannot be read").With(errors.New(clipped(err.Error())))
}

// clipped keeps a stranger's text short, and in one line.
func clipped(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// oauth2Config is the client of an organization at its provider.
func (p *provider) oauth2Config(s *lanyard.SingleSignOn, callback string) *oauth2.Config {
	endpoint := p.Endpoint()
	// OpenID Connect Discovery 1.0 §3: client_secret_basic is what holds when nothing is said.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if s.ClientSecret.IsZero() || len(p.more.TokenAuth) > 0 && !slices.Contains(p.more.TokenAuth, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	scopes := []string{oidc.ScopeOpenID}
	// A scope that is named like the role claim is what many providers want to be asked for it.
	for _, scope := range []string{oidc.ScopeEmail, oidc.ScopeProfile} {
		if len(p.more.Scopes) == 0 || slices.Contains(p.more.Scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if s.RoleClaim != "" && slices.Contains(p.more.Scopes, s.RoleClaim) && !slices.Contains(scopes, s.RoleClaim) {
		scopes = append(scopes, s.RoleClaim)
	}
	return &oauth2.Config{ClientID: s.ClientID, ClientSecret: s.ClientSecret.Reveal(), Endpoint: endpoint, RedirectURL: callback, Scopes: scopes}
}

// claims are what an id token and, where that says too little, the userinfo endpoint say of a person.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// verified: an address that the provider calls unverified says nothing. Some providers write the truth as text.
func (c claims) verified() bool {
	v, there := c["email_verified"]
	return !there || v == true || v == "true"
}

// has reports whether there is a claim of this name; see values.
func (c claims) has(name string) bool { return c.find(name) != nil }

// values are a claim's values: a text, or the texts in a list.
func (c claims) values(name string) []string {
	switch v := c.find(name).(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// find gives a claim by its name, or by the names of objects that lead to it, with dots between: realm_access.roles.
func (c claims) find(name string) any {
	if v, there := c[name]; there {
		return v
	}
	var at any = map[string]any(c)
	for part := range strings.SplitSeq(name, ".") {
		object, _ := at.(map[string]any)
		at = object[part]
	}
	return at
}
