package scheme

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/scheme/sigv4"
)

// MaxSignedBody is the largest body, in bytes, that is held in memory to be signed. The caller of [Placer.NeedsBody]
// refuses a larger one with request_too_large while it reads.
const MaxSignedBody = 8 << 20

// sigv4Placer signs every request anew, the body included.
type sigv4Placer struct {
	service lanyard.LinkName
	scope   sigv4.Scope
	signer  *sigv4.Signer
	now     func() time.Time
}

func bindSigV4(s *lanyard.Service, c *lanyard.Credential, now func() time.Time) (Placer, error) {
	p := &sigv4Placer{
		service: s.LinkName,
		scope:   sigv4.Scope{Service: s.Auth.AWSSigV4.AWSService, Region: s.Auth.AWSSigV4.Region(c.Parameters)},
		now:     now,
	}
	var err error
	p.signer, err = sigv4.New(sigv4.Credential{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, p.scope)
	switch {
	case errors.Is(err, sigv4.ErrCredential):
		return nil, lacking(s, "access key", "is missing or holds what cannot be sent")
	case err != nil:
		return nil, lanyard.Errorf(lanyard.CodeInternal, "The service %s cannot be used.", s.LinkName).With(err)
	}
	return p, nil
}

// NeedsBody: the hash of the body is signed, except of one that is too large to hold, which S3 takes unsigned.
func (p *sigv4Placer) NeedsBody(req *http.Request) bool {
	return !(req.ContentLength > MaxSignedBody && p.unsigned(req))
}

// unsigned reports whether the body may go unsigned; TLS is then all that protects it.
func (p *sigv4Placer) unsigned(req *http.Request) bool {
	return p.scope.S3() && req.URL.Scheme == "https"
}

func (p *sigv4Placer) Place(req *http.Request) error {
	hash := sigv4.EmptyPayload
	switch {
	case !hasBody(req):
	case !p.NeedsBody(req):
		hash = sigv4.UnsignedPayload
	case req.ContentLength > MaxSignedBody:
		return p.tooLarge()
	default:
		body, err := held(req)
		if err != nil {
			return err
		}
		if len(body) > MaxSignedBody {
			return p.tooLarge()
		}
		hash = sigv4.HashPayload(body)
	}
	err := p.signer.Sign(req, hash, p.now())
	if errors.Is(err, sigv4.ErrURL) {
		return refuse("The URL cannot be signed for the service %s: its host or path is not one that AWS has.", p.service)
	}
	if err != nil {
		return lanyard.Errorf(lanyard.CodeInternal, "The request cannot be signed for the service %s.", p.service).With(err)
	}
	return nil
}

func (p *sigv4Placer) tooLarge() error {
	return lanyard.Errorf(lanyard.CodeRequestTooLarge, "AWS wants the body of a request to the service %s signed, for which it is held in memory, "+
		"so it has at most %d MiB. Only S3, over https and with a Content-Length, takes larger ones.", p.service, MaxSignedBody>>20)
}

func (p *sigv4Placer) Signed() bool { return true }

func (p *sigv4Placer) Strip(h http.Header, _ *url.URL) {
	delete(h, "Authorization")
	delete(h, "X-Amz-Date")
	delete(h, "X-Amz-Content-Sha256")
	delete(h, "X-Amz-Security-Token")
}

func (p *sigv4Placer) Hide(req *http.Request) (placed []Part, made []lanyard.Secret) {
	// AWS4-HMAC-SHA256 Credential=KEY/scope, SignedHeaders=…, Signature=…
	before, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	algorithm, rest, _ := strings.Cut(before, "Credential=")
	keyID, rest, _ := strings.Cut(rest, "/")
	req.Header["Authorization"] = []string{algorithm + "Credential=" + sigv4.MaskKeyID(keyID) + "/" + rest + "Signature=" + redacted}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"} {
		if req.Header[name] != nil {
			placed = append(placed, Part{lanyard.ParamHeader, name})
		}
	}
	if req.Header["X-Amz-Security-Token"] != nil {
		req.Header["X-Amz-Security-Token"] = []string{redacted}
	}
	return placed, []lanyard.Secret{lanyard.NewSecret(signature), lanyard.NewSecret(keyID)}
}
