package scheme

import (
	"net/http"
	"net/textproto"
	"net/url"

	"lanyard"
)

// fields places values that do not depend on the request. It is the placer of the types that sign nothing.
type fields struct {
	service lanyard.LinkName
	headers []header
	query   []param
	form    []param
}

// header is a header field ready to be set.
type header struct {
	key   string // in canonical form
	value lanyard.Secret
}

// addHeader adds a header field, after checking what only the one who defines the service, or a provider that makes up
// a token, decides about it. The name and the value must not be able to end the line or speak for the message itself.
func (f *fields) addHeader(s *lanyard.Service, name, what, value string) error {
	if err := lanyard.CheckHeaderName(name); err != nil {
		return lanyard.Errorf(lanyard.CodeInternal, "The service %s cannot be used.", s.LinkName).With(err)
	}
	if lanyard.CheckHeaderValue(value) != nil {
		return lacking(s, what, "holds line breaks or control characters and cannot be sent")
	}
	f.headers = append(f.headers, header{textproto.CanonicalMIMEHeaderKey(name), lanyard.NewSecret(value)})
	return nil
}

func (f *fields) NeedsBody(req *http.Request) bool {
	return len(f.form) > 0 && hasBody(req) && bodyTypeOf(req.Header) != otherBody
}

func (f *fields) Place(req *http.Request) error {
	if len(f.form) > 0 {
		// First, for it alone can refuse.
		if err := f.placeForm(req); err != nil {
			return err
		}
	}
	if req.Header == nil {
		req.Header = make(http.Header, len(f.headers))
	}
	for _, h := range f.headers {
		req.Header[h.key] = []string{h.value.Reveal()}
	}
	if len(f.query) > 0 {
		req.URL.RawQuery = withParams(req.URL.RawQuery, f.query)
	}
	return nil
}

func (f *fields) Signed() bool { return len(f.form) > 0 }

func (f *fields) Strip(h http.Header, u *url.URL) {
	for _, own := range f.headers {
		delete(h, own.key)
	}
	if len(f.query) > 0 {
		u.RawQuery = withoutNames(u.RawQuery, func(name string) bool { return find(f.query, name) >= 0 })
	}
}
