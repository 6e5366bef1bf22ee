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
	realm, err := filled(s, c, a.Realm)
	if err != nil {
		return nil, err
	}
	return &oauth1Placer{
		service: s.LinkName,
		consumer: oauth1.Consumer{
			Key: a.ConsumerKey, Secret: a.ConsumerSecret, Now: now,
			Method: oauth1.SignatureMethod(a.SignatureMethod), Placement: oauth1.Placement(a.ParamType), Realm: realm,
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

// Hide leaves the consumer key, which names the application and is no secret, and what makes each signature another.
func (p *oauth1Placer) Hide(req *http.Request) (placed []Part, made []lanyard.Secret) {
	secret := []param{{name: "oauth_token"}, {name: "oauth_signature"}}
	switch p.consumer.Placement {
	case oauth1.Query:
		made = []lanyard.Secret{valueOf(req.URL.RawQuery, "oauth_signature")}
		req.URL.RawQuery = withParams(req.URL.RawQuery, hidden(secret))
		return oauthParts(lanyard.ParamQuery, req.URL.RawQuery), made
	case oauth1.Form:
		body, err := held(req)
		if err != nil {
			body = nil
		}
		made = []lanyard.Secret{valueOf(string(body), "oauth_signature")}
		shown := withParams(string(body), hidden(secret))
		setBody(req, []byte(shown))
		return oauthParts(lanyard.ParamForm, shown), made
	}
	// RFC 5849 §3.5.1: name="value", separated by commas; both are percent-encoded.
	pieces := strings.Split(strings.TrimPrefix(req.Header.Get("Authorization"), "OAuth "), ", ")
	for i, piece := range pieces {
		name, value, _ := strings.Cut(piece, "=")
		if find(secret, name) < 0 {
			continue
		}
		if name == "oauth_signature" {
			made = append(made, valueOf(name+"="+strings.Trim(value, `"`), name))
		}
		pieces[i] = name + `="` + redacted + `"`
	}
	req.Header["Authorization"] = []string{"OAuth " + strings.Join(pieces, ", ")}
	return []Part{{lanyard.ParamHeader, "Authorization"}}, made
}

func oauthParts(in lanyard.ParamType, query string) (placed []Part) {
	for piece := range strings.SplitSeq(query, "&") {
		if name := nameOf(piece); strings.HasPrefix(name, "oauth_") {
			placed = append(placed, Part{in, name})
		}
	}
	return placed
}

// valueOf is the decoded value of a parameter in the text of a query.
func valueOf(query, name string) lanyard.Secret {
	values, _ := url.ParseQuery(query) // what can be read of it
	return lanyard.NewSecret(values.Get(name))
}
