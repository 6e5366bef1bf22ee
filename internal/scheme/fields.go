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
	shown string // what may be seen of the value
}

// addHeader adds a header field, after checking what only the one who defines the service, or a provider that makes up
// a token, decides about it. The name and the value must not be able to end the line or speak for the message itself.
// The prefix, which the definition says, stands before the value and is no secret.
func (f *fields) addHeader(s *lanyard.Service, name, what, prefix, value string) error {
	if err := lanyard.CheckHeaderName(name); err != nil {
		return lanyard.Errorf(lanyard.CodeInternal, "The service %s cannot be used.", s.LinkName).With(err)
	}
	if lanyard.CheckHeaderValue(prefix+value) != nil {
		return lacking(s, what, "holds line breaks or control characters and cannot be sent")
	}
	f.headers = append(f.headers, header{textproto.CanonicalMIMEHeaderKey(name), lanyard.NewSecret(prefix + value), prefix + redacted})
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

func (f *fields) Hide(req *http.Request) (placed []Part, made []lanyard.Secret) {
	for _, h := range f.headers {
		req.Header[h.key] = []string{h.shown}
		placed = append(placed, Part{lanyard.ParamHeader, h.key})
	}
	if len(f.query) > 0 {
		req.URL.RawQuery = withParams(req.URL.RawQuery, hidden(f.query))
	}
	if len(f.form) > 0 {
		f.hideForm(req)
	}
	for _, p := range f.query {
		placed = append(placed, Part{lanyard.ParamQuery, p.name})
	}
	for _, p := range f.form {
		placed = append(placed, Part{lanyard.ParamForm, p.name})
	}
	return placed, nil
}

// hideForm takes the form fields out of a body that placeForm put them into. One that cannot be read is not shown.
func (f *fields) hideForm(req *http.Request) {
	body, err := held(req)
	switch {
	case err != nil:
		body = nil
	case bodyTypeOf(req.Header) == formBody:
		body = []byte(withParams(string(body), hidden(f.form)))
	default:
		body, _ = withParts(body, boundaryOf(req.Header), hidden(f.form))
	}
	setBody(req, body)
}
