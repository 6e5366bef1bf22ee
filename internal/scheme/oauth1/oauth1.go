// Package oauth1 is OAuth 1.0a (RFC 5849): signing a request, and obtaining a token in three steps.
//
//	Consumer.RequestToken   asks the provider for temporary credentials          §2.1
//	AuthorizeURL            where the person's browser goes to agree             §2.2
//	Consumer.AccessToken    trades them and the verifier for token credentials   §2.3
//	Consumer.Sign           puts oauth_… parameters and signature on a request   §3
//
// The package knows the protocol and nothing of services or connections. It makes no HTTP client and stores nothing;
// a token does not expire and there is no refresh. It does not verify signatures.
//
// Start at [Consumer.Sign]. base.go makes the text that is signed, signature.go signs it, place.go puts the result on
// the request, token.go makes the two calls.
package oauth1

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lanyard"
)

// SignatureMethod is how a request is signed. The empty one is HMAC-SHA1.
type SignatureMethod string

const (
	HMACSHA1   SignatureMethod = "HMAC-SHA1"   // RFC 5849 §3.4.2
	HMACSHA256 SignatureMethod = "HMAC-SHA256" // in no RFC, but in many servers; as HMAC-SHA1 with the other hash
	RSASHA1    SignatureMethod = "RSA-SHA1"    // RFC 5849 §3.4.3; the consumer secret is a private key in PEM
	PLAINTEXT  SignatureMethod = "PLAINTEXT"   // RFC 5849 §3.4.4; sends both secrets as they are, so only over TLS
)

// Placement is where the parameters go on a request. The empty one is the header.
type Placement string

const (
	Header Placement = "header" // RFC 5849 §3.5.1
	Query  Placement = "query"  // RFC 5849 §3.5.3
	// Form is RFC 5849 §3.5.2: into a form-encoded body. A POST, PUT or PATCH without a body gets one; any other
	// request is refused with [ErrPlacement].
	Form Placement = "form"
)

// Consumer is the application as the provider knows it, and how it signs. It is safe for concurrent use.
type Consumer struct {
	Key       string
	Secret    lanyard.Secret // for RSA-SHA1: a private key in PEM, PKCS #1 or PKCS #8
	Method    SignatureMethod
	Placement Placement
	Realm     string // in the header only; not signed (RFC 5849 §3.4.1.3.1)

	Now   func() time.Time // nil: time.Now
	Nonce func() string    // nil: 130 random bits
}

// Token is a pair of temporary or token credentials. The zero Token signs for the application alone.
type Token struct {
	Value  lanyard.Secret
	Secret lanyard.Secret
}

// Param is a further protocol parameter, such as oauth_callback; its name begins with "oauth_".
type Param struct{ Name, Value string }

var (
	// ErrPlacement: the parameters go into a form-encoded body, and this request has, or can have, none.
	ErrPlacement = errors.New("the OAuth parameters of this service go into a form-encoded body: send the request as POST, PUT or PATCH " +
		"with a body of type application/x-www-form-urlencoded or none")
	// ErrBody: the body is form-encoded, so it is part of what is signed, but its bytes were not given.
	ErrBody = errors.New("a form-encoded body is part of an OAuth 1 signature, so it cannot be streamed")
	// ErrURL: no request is made to such a URL.
	ErrURL = errors.New("the URL to sign has no host, or is not a hierarchical one")
)

// Sign adds the protocol parameters and the signature to req, in the consumer's placement. body holds the bytes of
// req.Body and matters when the body is form-encoded, where it is part of what is signed; JSON, multipart and any
// other body is not (RFC 5849 §3.4.1.3.1), and body may be nil then.
//
// The parameters are ours alone, and the RFC (§3.1) forbids that one stands twice: an Authorization header of the
// scheme OAuth and any parameter named oauth_… that the request already has, in the query or in a form-encoded body,
// is removed. So a request may be signed again. Whenever the body changes, req.Body, GetBody and ContentLength are set
// anew; otherwise they are left alone.
//
// A signed request must not be sent anywhere else, nor twice: it is for one URL, one nonce and one moment.
func (c *Consumer) Sign(req *http.Request, t Token, body []byte, more ...Param) error {
	if req.URL.Host == "" || req.URL.Opaque != "" {
		return ErrURL
	}
	form := isForm(req.Header)
	if form && body == nil && hasBody(req) {
		return ErrBody
	}
	if c.Placement == Form && !takesForm(req, form, body) {
		return ErrPlacement
	}
	if req.Header == nil {
		req.Header = make(http.Header, 2)
	}
	removeAuthorization(req.Header)
	if query, changed := withoutOAuth(req.URL.RawQuery); changed {
		req.URL.RawQuery = query
	}
	content := ""
	if form {
		var changed bool
		if content, changed = withoutOAuth(string(body)); changed {
			setBody(req, content)
		}
	}

	own := c.parameters(t, more)
	all := make([]pair, 0, 16)
	all = appendPairs(all, req.URL.RawQuery)
	all = appendPairs(all, content)
	all = append(all, own...)
	signature, err := c.sign(t, func() []byte { return baseString(req.Method, baseURI(req.URL), all) })
	if err != nil {
		return err
	}
	own = append(own, pair{"oauth_signature", encode(signature)})

	switch c.Placement {
	case Header, "":
		req.Header.Set("Authorization", authorization(c.Realm, own))
	case Query:
		req.URL.RawQuery = join(req.URL.RawQuery, own)
	case Form:
		req.Header.Set("Content-Type", formType(req.Header))
		setBody(req, join(content, own))
	default:
		return fmt.Errorf("unknown placement %q", c.Placement)
	}
	return nil
}

// parameters are the protocol parameters but the signature, percent-encoded.
func (c *Consumer) parameters(t Token, more []Param) []pair {
	own := make([]pair, 0, 8+len(more))
	own = append(own, pair{"oauth_consumer_key", encode(c.Key)})
	if !t.Value.IsZero() {
		own = append(own, pair{"oauth_token", encode(t.Value.Reveal())})
	}
	own = append(own,
		pair{"oauth_signature_method", string(c.method())},
		pair{"oauth_timestamp", strconv.FormatInt(c.now().Unix(), 10)},
		pair{"oauth_nonce", encode(c.nonce())},
		pair{"oauth_version", "1.0"})
	for _, p := range more {
		own = append(own, pair{encode(p.Name), encode(p.Value)})
	}
	return own
}

func (c *Consumer) method() SignatureMethod {
	if c.Method == "" {
		return HMACSHA1
	}
	return c.Method
}

func (c *Consumer) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// nonce never gives the same text twice for one timestamp (RFC 5849 §3.3); some servers allow letters and digits only.
func (c *Consumer) nonce() string {
	if c.Nonce == nil {
		return rand.Text()
	}
	return c.Nonce()
}

// isOAuth reports whether a percent-encoded parameter name is one of the protocol's.
func isOAuth(encodedName string) bool { return strings.HasPrefix(encodedName, "oauth_") }
