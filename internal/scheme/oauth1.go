package scheme

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/scheme/oauth1"
)

// oauth1Placer signs every request anew (RFC 5849 §3).
type oauth1Placer struct {
	service  lanyard.LinkName
	consumer oauth1.Consumer
	token    oauth1.Token
}

func bindOAuth1(s *lanyard.Service, c *lanyard.Credential, now func() time.Time) (Placer, error) {
	a := s.Auth.OAuth1
	if c.Token.IsZero() {
		return nil, lacking(s, "access token", "is missing")
	}
	return &oauth1Placer{
		service: s.LinkName,
		consumer: oauth1.Consumer{
			Key: a.ConsumerKey, Secret: a.ConsumerSecret, Now: now,
			Method: oauth1.SignatureMethod(a.SignatureMethod), Placement: oauth1.Placement(a.ParamType),
		},
		token: oauth1.Token{Value: c.Token, Secret: c.TokenSecret},
	}, nil
}

// NeedsBody: a form-encoded body is part of what is signed; no other is (RFC 5849 §3.4.1.3.1).
func (p *oauth1Placer) NeedsBody(req *http.Request) bool { return hasBody(req) && isForm(req.Header) }

func (p *oauth1Placer) Place(req *http.Request) error {
	var body []byte
	if hasBody(req) && (isForm(req.Header) || req.GetBody != nil) {
		var err error
		if body, err = held(req); err != nil {
			return err
		}
		if len(body) == 0 {
			req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
		}
	}
	if req.Header == nil {
		req.Header = make(http.Header, 1)
	}
	if p.consumer.Placement == oauth1.Form && !hasBody(req) && takesBody(req.Method) && !isForm(req.Header) {
		// One is made for it, so what the caller says about the body that is not there no longer holds.
		req.Header["Content-Type"] = []string{formEncoded}
	}
	err := p.consumer.Sign(req, p.token, body)
	if errors.Is(err, oauth1.ErrPlacement) {
		return refuse("The service %s takes its OAuth parameters as form data, and this %s has no body for them: "+
			"send a POST, PUT or PATCH without a body, or with a form-encoded one.", p.service, req.Method)
	}
	if err != nil {
		return lanyard.Errorf(lanyard.CodeInternal, "The request cannot be signed for the service %s.", p.service).With(err)
	}
	return nil
}

func (p *oauth1Placer) Signed() bool { return true }

func (p *oauth1Placer) Strip(h http.Header, u *url.URL) {
	if p.consumer.Placement == oauth1.Header || p.consumer.Placement == "" {
		delete(h, "Authorization")
	}
	u.RawQuery = withoutNames(u.RawQuery, func(name string) bool { return strings.HasPrefix(name, "oauth_") })
}
