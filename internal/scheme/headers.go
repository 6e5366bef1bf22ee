package scheme

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"lanyard"
)

// headed sets the headers that a service wants on every call before the credential is placed, so that a signature covers
// them. What the caller's request has under such a name stays.
type headed struct {
	Placer
	headers []serviceHeader
}

type serviceHeader struct {
	key, value string
	// own: the value comes from the connection, so it goes where its credential goes and nowhere else.
	own bool
	// secret: it is not shown.
	secret bool
}

// withHeaders adds the headers of the service to the placer of its credential.
func withHeaders(s *lanyard.Service, c *lanyard.Credential, p Placer) (Placer, error) {
	if len(s.Headers) == 0 {
		return p, nil
	}
	h := &headed{Placer: p}
next:
	for name, text := range s.Headers {
		own := serviceHeader{key: textproto.CanonicalMIMEHeaderKey(name), own: strings.IndexByte(text, '{') >= 0}
		for _, d := range s.DynamicParameters {
			if !strings.Contains(text, "{"+d.Key+"}") {
				continue
			}
			if d.Optional && c.Parameters[d.Key] == "" {
				continue next
			}
			own.secret = own.secret || d.Secret
		}
		if s.Auth.OAuth2 != nil {
			text = strings.ReplaceAll(text, "{client_id}", s.Auth.OAuth2.ClientID)
		}
		var err error
		if own.value, err = filled(s, c, text); err != nil {
			return nil, err
		}
		if lanyard.CheckHeaderName(name) != nil || lanyard.CheckHeaderValue(own.value) != nil {
			return nil, lacking(s, "value of the header "+name, "holds line breaks or control characters and cannot be sent")
		}
		h.headers = append(h.headers, own)
	}
	slices.SortFunc(h.headers, func(a, b serviceHeader) int { return strings.Compare(a.key, b.key) })
	return h, nil
}

func (h *headed) Place(req *http.Request) error {
	if req.Header == nil {
		req.Header = make(http.Header, len(h.headers)+1)
	}
	for i := range h.headers {
		if own := &h.headers[i]; len(req.Header[own.key]) == 0 {
			req.Header[own.key] = []string{own.value}
		}
	}
	return h.Placer.Place(req)
}

func (h *headed) Strip(header http.Header, u *url.URL) {
	h.Placer.Strip(header, u)
	for i := range h.headers {
		if h.headers[i].own {
			delete(header, h.headers[i].key)
		}
	}
}

func (h *headed) Hide(req *http.Request) (placed []Part, made []lanyard.Secret) {
	placed, made = h.Placer.Hide(req)
	for i := range h.headers {
		if own := &h.headers[i]; own.secret {
			made = append(made, lanyard.NewSecret(own.value))
			req.Header[own.key] = []string{redacted}
			placed = append(placed, Part{lanyard.ParamHeader, own.key})
		}
	}
	return placed, made
}
