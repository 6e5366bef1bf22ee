// Package scheme puts an opened credential on an outgoing request. Each authentication type has a file of its own, and
// [Bind] is the one place that chooses among them; a new type is a new file and a line there.
//
//	apikey.go   values under the service's own names: header, query, form
//	basic.go    RFC 7617
//	oauth1.go   signed by scheme/oauth1
//	oauth2.go   the access token, in a header or the query
//	sigv4.go    signed by scheme/sigv4
//	path.go     an API key as a segment of the path
//	headers.go  what a service wants on every call, beside the credential
//
// fields.go places what is not signed, over query.go and form.go, which edit a query or a body without touching a byte
// of what is not theirs.
//
// The package does not decide whether a credential may go to a URL (lanyard.HostRules does, before), does not send, and
// does not obtain or refresh: those protocols are in scheme/oauth1 and scheme/oauth2, and package credential drives them.
package scheme

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// Placer puts one opened credential on outgoing requests. It is made once per credential and kept warm, so what can be
// computed beforehand is; immutable, safe for concurrent use.
//
// Its requests have canonical header names, as net/http's Header.Set and server make them.
type Placer interface {
	// NeedsBody reports whether Place has to see the whole body. The caller then holds it in memory first and sets
	// req.GetBody, and Body and ContentLength, from it.
	NeedsBody(req *http.Request) bool

	// Place puts the credential on a request whose URL is final: it sets or changes headers, the URL's query, or the
	// body with GetBody and ContentLength. What the caller's request already has under a name of the credential's is
	// replaced. It gives a *lanyard.Error, and leaves the request alone, when this credential cannot go on such a request.
	Place(req *http.Request) error

	// Signed reports whether the credential is tied to the URL and body it was placed on, by a signature or by being
	// part of the body. A redirect cannot be followed with such a request.
	Signed() bool

	// Strip removes from headers and URL what Place puts there, and what the caller set under the same names, for a hop
	// that goes without a credential. It cannot take anything out of a body: see Signed.
	Strip(h http.Header, u *url.URL)

	// Hide makes a request that Place was used on fit for a person to look at: "[redacted]" stands where the credential
	// stood, or a signature made with it. The request is a copy that is never sent; it holds its body in GetBody. Hide
	// gives what Place put there, and the values that it made beside the credential's own and that a server may echo.
	Hide(req *http.Request) (placed []Part, made []lanyard.Secret)
}

// Part is one thing that Place put on a request.
type Part struct {
	In   lanyard.ParamType
	Name string // of the header, query parameter or form field
}

// redacted stands where something was hidden.
const redacted = "[redacted]"

// Bind makes the placer for one credential of a service. now is the clock of signatures. The error is a *lanyard.Error:
// reconnect_required when the credential lacks what the service asks for or holds what cannot be sent.
func Bind(s *lanyard.Service, c *lanyard.Credential, now func() time.Time) (Placer, error) {
	p, err := bind(s, c, now)
	if err != nil {
		return nil, err
	}
	return withHeaders(s, c, p)
}

func bind(s *lanyard.Service, c *lanyard.Credential, now func() time.Time) (Placer, error) {
	switch s.Auth.Type {
	case lanyard.AuthAPIKey:
		return bindAPIKey(s, c)
	case lanyard.AuthBasic:
		return bindBasic(s, c)
	case lanyard.AuthOAuth1:
		return bindOAuth1(s, c, now)
	case lanyard.AuthOAuth2:
		return bindOAuth2(s, c)
	case lanyard.AuthAWSSigV4:
		return bindSigV4(s, c, now)
	}
	return nil, lanyard.Errorf(lanyard.CodeInternal, "The service %s cannot be used.", s.LinkName).
		With(fmt.Errorf("unknown authentication type %q", s.Auth.Type))
}

// lacking says that a credential has no usable value for something the service asks for.
func lacking(s *lanyard.Service, what, why string) error {
	return lanyard.Errorf(lanyard.CodeReconnectRequired, "The %s for the service %s %s: reconnect the connection.", what, s.LinkName, why)
}

// refuse says that a request is not one that the credential can go on.
func refuse(format string, args ...any) error {
	return lanyard.Errorf(lanyard.CodeInvalidRequest, format, args...)
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }
