// Package oauth2 is the client's side of OAuth 2.0 (RFC 6749), with PKCE (RFC 7636), revocation (RFC 7009) and the
// issuer check (RFC 9207): it makes the URL a person's browser goes to, trades a code, a refresh token or the client's
// own credentials for a token, and says what an answer means.
//
//	authorize.go   AuthorizeURL, scopes on the wire, CheckIssuer
//	pkce.go        NewVerifier, Challenge
//	call.go        Exchange, Refresh, ClientCredentials: one request, exactly, or a second to find the client authentication
//	answer.go      ParseTokenAnswer: the token in an answer, wherever it stands
//	lifetime.go    how long it lives
//	refusal.go     the error in an answer, and its class
//	revoke.go      Revoke
//
// The package knows the protocol and nothing of services or connections. It keeps nothing, repeats nothing, makes no HTTP
// client, and follows no redirect: whether and when to try again is the caller's to decide, by the class of an [*Error].
// States, flows and storage are elsewhere, and so is placing a token on a request.
//
// Start at [Refresh], then [ParseTokenAnswer].
package oauth2

import (
	"cmp"
	"time"

	"lanyard"
)

// ClientAuthentication says how the client proves itself at an endpoint (RFC 6749 §2.3).
type ClientAuthentication string

const (
	// Automatic is None without a secret. With one it is Basic, and, if the provider answers invalid_client, Post
	// once more; [Token.ClientAuthentication] says what worked, so that it need not be found again. Where the provider has
	// names of its own for id and secret it is Post: Basic has no names.
	Automatic ClientAuthentication = ""
	Basic     ClientAuthentication = "client_secret_basic"
	// BasicRaw leaves out the form encoding that RFC 6749 §2.3.1 puts before base64, for providers that do not decode it.
	BasicRaw ClientAuthentication = "client_secret_basic_raw"
	Post     ClientAuthentication = "client_secret_post"
	None     ClientAuthentication = "none" // a public client: client_id in the body and nothing else
)

// Config is a client at a provider. It is read only, so it may be shared.
type Config struct {
	ClientID             string
	ClientSecret         lanyard.Secret
	ClientAuthentication ClientAuthentication
	// ClientIDName and ClientSecretName are what the provider calls client_id and client_secret, in the authorize URL and
	// in bodies; those when empty.
	ClientIDName     string
	ClientSecretName string

	AuthorizeURL string
	TokenURL     string
	RefreshURL   string // TokenURL when empty
	RevokeURL    string

	// GrantTypeName is what the provider calls the grant in the first request for a token; the RFC's name when empty.
	GrantTypeName string
	CodeName      string // of the code in the same request; code when empty

	// ScopeDelimiter stands between scopes: " " when empty (RFC 6749 §3.3), ",", ";", or "+", for which see [AuthorizeURL].
	// In a JSON body it stands as it is.
	ScopeDelimiter string

	// Further parameters. Those that the protocol needs win over any of the same name here.
	AuthorizeParams map[string]string
	TokenParams     map[string]string // of Exchange and ClientCredentials
	RefreshParams   map[string]string

	// Secrets are what the provider may repeat beside what is sent, such as the access token that a refresh replaces: they
	// are masked in its words.
	Secrets []lanyard.Secret

	JSON  bool  // requests to the token and revoke endpoints have a JSON body; a form otherwise
	Shape Shape // where things stand in a token answer

	Now func() time.Time // nil: time.Now
}

func (c *Config) idName() string     { return cmp.Or(c.ClientIDName, "client_id") }
func (c *Config) secretName() string { return cmp.Or(c.ClientSecretName, "client_secret") }

func (c *Config) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}
