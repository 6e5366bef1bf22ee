package oauth1

import (
	"io"
	"mime"
	"net/http"
	"strings"
)

const formEncoded = "application/x-www-form-urlencoded"

// authorization is the header's value (RFC 5849 §3.5.1). The realm is a quoted string (RFC 9110 §5.6.4), not
// percent-encoded.
func authorization(realm string, own []pair) string {
	var b strings.Builder
	n := len("OAuth ") + len(realm) + 12
	for _, p := range own {
		n += len(p.name) + len(p.value) + 5
	}
	b.Grow(n)
	b.WriteString("OAuth ")
	if realm != "" {
		b.WriteString(`realm="`)
		for i := 0; i < len(realm); i++ {
			if c := realm[i]; c == '"' || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(realm[i])
		}
		b.WriteString(`", `)
	}
	for i, p := range own {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.name)
		b.WriteString(`="`)
		b.WriteString(p.value)
		b.WriteByte('"')
	}
	return b.String()
}

// removeAuthorization takes away every Authorization header of the scheme OAuth, in whatever case its name is spelled
// in the map. One of another scheme is not this protocol's business.
func removeAuthorization(h http.Header) {
	for name, values := range h {
		if !strings.EqualFold(name, "Authorization") {
			continue
		}
		kept := values[:0:0]
		for _, v := range values {
			if scheme, _, _ := strings.Cut(strings.TrimLeft(v, " \t"), " "); !strings.EqualFold(scheme, "OAuth") {
				kept = append(kept, v)
			}
		}
		if len(kept) == 0 {
			delete(h, name)
		} else {
			h[name] = kept
		}
	}
}

// isForm reports whether the body is what RFC 5849 §3.4.1.3.1 signs: single-part and form-encoded. A compressed one is
// not: its bytes are no form.
func isForm(h http.Header) bool {
	value := h.Get("Content-Type")
	if value == "" {
		return false
	}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(value)
	if err != nil {
		// A server reads a faulty parameter more leniently than the mime package, so only the type itself counts.
		mediaType, _, _ = strings.Cut(value, ";")
		mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	}
	return mediaType == formEncoded
}

// formType keeps the caller's content type, which may name a charset.
func formType(h http.Header) string {
	if v := h.Get("Content-Type"); v != "" {
		return v
	}
	return formEncoded
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// takesForm reports whether the parameters can go into the body: it is form-encoded, or there is none and the method is
// one that usually has one.
func takesForm(req *http.Request, form bool, body []byte) bool {
	if form && len(body) > 0 {
		return true
	}
	switch req.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return form || len(body) == 0 && !hasBody(req) && req.Header.Get("Content-Type") == ""
	}
	return false
}

func setBody(req *http.Request, content string) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(content))
	// The old framing must not stand beside the new.
	req.Header.Del("Content-Length")
	req.Header.Del("Transfer-Encoding")
	req.TransferEncoding = nil
	if content == "" {
		req.Body = http.NoBody
		req.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
	}
}
