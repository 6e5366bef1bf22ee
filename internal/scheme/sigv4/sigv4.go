// Package sigv4 signs requests by AWS Signature Version 4, in headers.
//
//	Signer.Sign     sets our headers, gives path and query the spelling that is signed
//	canonical.go    the canonical request: the text that both sides make of a request
//	signature.go    string to sign, signing key, signature
//
// It knows the algorithm and nothing of services or connections. Presigned URLs (the query form of the algorithm) and
// bodies signed in chunks are no part of it: of the vectors in testdata, the query-… files of all 38 official cases and
// one case of more.json are out of its scope, and no test reads them.
//
// It is written here, rather than taken from the AWS SDK, because that signer leaves dot segments and double slashes in
// the path of services that remove them, signs headers that a proxy on the way may change, drops query parameters that
// hold a semicolon, and sorts the query that is sent. The tests hold the two against each other where they agree.
//
// Start at [Signer.Sign].
package sigv4

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"lanyard"
)

const (
	// EmptyPayload is the hash of an empty body.
	EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	// UnsignedPayload stands for the hash of a body that is not signed: S3 only, and only over TLS, which then is all
	// that protects the body.
	UnsignedPayload = "UNSIGNED-PAYLOAD"
)

// HashPayload is the hash of a body, in the form [Signer.Sign] takes.
func HashPayload(body []byte) string {
	if len(body) == 0 {
		return EmptyPayload
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Credential is a pair of access keys. SessionToken belongs to temporary ones (STS) and is empty otherwise.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey lanyard.Secret
	SessionToken    lanyard.Secret
}

// Scope says for which service and region a signature holds: s3, us-east-1.
type Scope struct {
	Service string
	Region  string
}

// Check refuses what would change the meaning of a signature that it becomes part of. Both names are 1 to 64
// lower-case letters, digits and hyphens.
func (s Scope) Check() error {
	for _, f := range []struct{ what, value string }{{"service", s.Service}, {"region", s.Region}} {
		if len(f.value) == 0 || len(f.value) > 64 || strings.ContainsFunc(f.value, notInScope) {
			return fmt.Errorf("%w: this %s is not", ErrScope, f.what)
		}
	}
	return nil
}

func notInScope(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }

// S3 reports whether the service's rules are those of S3: the path is encoded once and taken as it is, so that a key
// may hold "//" or ".."; for all others it is cleaned of those and encoded twice.
func (s Scope) S3() bool {
	switch s.Service {
	case "s3", "s3-object-lambda", "s3-outposts", "s3express":
		return true
	}
	return false
}

// What can be wrong. None of the errors holds a part of the credential.
var (
	ErrScope      = errors.New("an AWS service and region are lower-case letters, digits and hyphens, at most 64")
	ErrCredential = errors.New("the AWS access key is not one that can be sent")
	ErrPayload    = errors.New("the hash of the body is missing or not one")
	ErrUnsigned   = errors.New("only S3 takes a body that is not signed, and only over https")
	ErrURL        = errors.New("the URL to sign has no plain host, or is not a hierarchical one")
)

// Signer signs with one credential for one scope. It is safe for concurrent use, and cheaper when it is kept, because
// it remembers the day's signing key.
type Signer struct {
	credential Credential
	scope      Scope
	day        atomic.Pointer[dayKey]
}

// New checks the credential and the scope. The error is one of [ErrCredential] and [ErrScope].
func New(c Credential, s Scope) (*Signer, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Signer{credential: c, scope: s}, nil
}

// Sign signs req as of now. payloadHash is [HashPayload] of exactly the bytes that will be sent, or [UnsignedPayload].
//
// It sets Authorization, X-Amz-Date, X-Amz-Content-Sha256 and, with a session token, X-Amz-Security-Token, and replaces
// those of the caller: nobody else picks the date. Signed are these, the host, Content-Type, and every other x-amz-…
// header, which is what AWS demands; whatever else a proxy adds, drops or rewrites on the way does no harm. Header names
// are expected in the form of http.CanonicalHeaderKey.
//
// The host is that of the URL (req.Host is overwritten). The query keeps its order but gets the one spelling that all
// servers agree on: a blank is %20, whether it was that or +, and everything but letters, digits and -._~ is escaped. So
// does the path for S3. Otherwise the path is sent as it is. Sign the last thing before sending.
//
// An error ([ErrPayload], [ErrUnsigned], [ErrURL]) leaves the request as it was.
func (s *Signer) Sign(req *http.Request, payloadHash string, now time.Time) error {
	s3 := s.scope.S3()
	switch {
	case payloadHash == UnsignedPayload:
		if !s3 || req.URL.Scheme != "https" {
			return ErrUnsigned
		}
	case len(payloadHash) != 2*sha256.Size || strings.Trim(payloadHash, "0123456789abcdef") != "":
		return ErrPayload
	}
	host, ok := hostHeader(req.URL)
	if !ok {
		return ErrURL
	}

	m := message{method: cmp.Or(req.Method, http.MethodGet), path: req.URL.EscapedPath(), payloadHash: payloadHash}
	if s3 {
		m.path = respellPath(m.path)
		decoded, err := url.PathUnescape(m.path)
		if err != nil {
			return ErrURL
		}
		req.URL.Path, req.URL.RawPath = decoded, m.path
		// S3 signs the key, where an escaped slash is a slash like any other; sent, it stays as the caller has it.
		m.path = strings.ReplaceAll(m.path, "%2F", "/")
	} else {
		m.path = encodePath(cleanPath(m.path))
	}
	pairs, same := parseQuery(req.URL.RawQuery)
	if !same {
		req.URL.RawQuery = joinQuery(pairs, true)
	}
	m.query = canonicalQuery(pairs)

	date := now.UTC().Format(timeFormat)
	if req.Header == nil {
		req.Header = make(http.Header, 4)
	}
	removeOwn(req.Header)
	req.Host = host
	req.Header["X-Amz-Content-Sha256"] = []string{payloadHash}
	req.Header["X-Amz-Date"] = []string{date}
	if !s.credential.SessionToken.IsZero() {
		req.Header["X-Amz-Security-Token"] = []string{s.credential.SessionToken.Reveal()}
	}
	m.headers = signedHeaders(host, req.Header)
	names := m.signedNames()
	text := stringToSign(s.scope, date, m.canonicalRequest(names))
	req.Header["Authorization"] = []string{authorization(s.credential.AccessKeyID, s.scope, date, names, signature(s.key(date), text))}
	return nil
}

// check refuses what would end or split a header.
func (c Credential) check() error {
	visible := func(s, besides string) bool {
		for i := 0; i < len(s); i++ {
			if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(besides, s[i]) >= 0 {
				return false
			}
		}
		return true
	}
	switch {
	case c.AccessKeyID == "" || !visible(c.AccessKeyID, "/,"):
		return fmt.Errorf("%w: the access key id is empty or holds blanks, commas, slashes or other characters than ASCII", ErrCredential)
	case c.SecretAccessKey.IsZero():
		return fmt.Errorf("%w: the secret access key is empty", ErrCredential)
	case !visible(c.SessionToken.Reveal(), ""):
		return fmt.Errorf("%w: the session token holds blanks or other characters than ASCII", ErrCredential)
	}
	return nil
}

// MaskKeyID shows enough of an access key id to recognise it in a log: AKID…MPLE.
func MaskKeyID(id string) string {
	if len(id) < 12 {
		return "…"
	}
	return id[:4] + "…" + id[len(id)-4:]
}

// removeOwn takes away what is ours to set, however its name is spelled in the map.
func removeOwn(h http.Header) {
	for name := range h {
		switch {
		case strings.EqualFold(name, "Authorization"), strings.EqualFold(name, "Host"), strings.EqualFold(name, "X-Amz-Date"),
			strings.EqualFold(name, "X-Amz-Content-Sha256"), strings.EqualFold(name, "X-Amz-Security-Token"):
			delete(h, name)
		}
	}
}

// hostHeader is the Host header that is signed and sent: lower case, without a default port. A host that net/http would
// rewrite on its way to the wire (not ASCII, or with an IPv6 zone) could not be signed.
func hostHeader(u *url.URL) (string, bool) {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	plain := host != "" && u.Opaque == "" && !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '%' })
	return host, plain
}
