package scheme

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

const formEncoded = "application/x-www-form-urlencoded"

// bodyType is what matters about a body to somebody who adds a field to it.
type bodyType int

const (
	otherBody bodyType = iota
	formBody
	multipartBody
)

// bodyTypeOf judges a body by its header. One that is compressed cannot be added to.
func bodyTypeOf(h http.Header) bodyType {
	if e := h["Content-Encoding"]; len(e) > 1 || len(e) == 1 && e[0] != "" && !strings.EqualFold(e[0], "identity") {
		return otherBody
	}
	if len(h["Content-Type"]) > 1 {
		return otherBody // the server may believe either
	}
	if isForm(h) {
		return formBody
	}
	if mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type")); err == nil && mediaType == "multipart/form-data" && params["boundary"] != "" {
		return multipartBody
	}
	return otherBody
}

// isForm judges by the media type alone: a faulty parameter after it does not matter to those who read such bodies.
func isForm(h http.Header) bool {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), formEncoded)
}

// placeForm puts the form fields into the body (design section 2): a form-encoded or multipart one gets them added, a
// POST, PUT or PATCH without a body gets one, and anything else is refused.
func (f *fields) placeForm(req *http.Request) error {
	kind := bodyTypeOf(req.Header)
	if kind == otherBody && hasBody(req) && req.GetBody == nil {
		return f.refuseBody() // unread: see NeedsBody
	}
	body, err := held(req)
	if err != nil {
		return err
	}
	switch {
	case len(body) == 0 && !takesBody(req.Method):
		return refuse("The service %s takes its credential as form data, and this %s has no body to put it in: "+
			"send a POST, PUT or PATCH, or a form-encoded or multipart/form-data body.", f.service, req.Method)
	case len(body) == 0:
		if kind != formBody {
			if req.Header == nil {
				req.Header = make(http.Header, 1)
			}
			req.Header["Content-Type"] = []string{formEncoded}
			delete(req.Header, "Content-Encoding")
		}
		setBody(req, []byte(withParams("", f.form)))
	case kind == formBody:
		setBody(req, []byte(withParams(string(body), f.form)))
	case kind == multipartBody:
		whole, ok := withParts(body, boundaryOf(req.Header), f.form)
		if !ok {
			return refuse("The service %s takes its credential as form data, and this multipart body has no closing boundary "+
				"that fits its Content-Type.", f.service)
		}
		setBody(req, whole)
	default:
		return f.refuseBody()
	}
	return nil
}

func (f *fields) refuseBody() error {
	return refuse("The service %s takes its credential as form data, and this body is not one that a form field can be added to: "+
		"send it form-encoded or as multipart/form-data, not compressed.", f.service)
}

func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// held is the whole body, which the caller keeps in memory; empty when there is none.
func held(req *http.Request) ([]byte, error) {
	if !hasBody(req) {
		return nil, nil
	}
	if req.GetBody == nil {
		return nil, errors.New("place a credential: the body is not held in memory")
	}
	r, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func setBody(req *http.Request, body []byte) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(body))
	// The old framing must not survive beside the new (request smuggling).
	req.TransferEncoding = nil
	delete(req.Header, "Content-Length")
	delete(req.Header, "Transfer-Encoding")
}

func boundaryOf(h http.Header) string {
	_, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return params["boundary"]
}

// withParts puts a part for each parameter at the end of a multipart/form-data body (RFC 7578), in place of those that
// have the same name already. The other parts stay as they are; ok is false when the body does not end the way its
// boundary says.
func withParts(body []byte, boundary string, params []param) (whole []byte, ok bool) {
	parts, newline := divide(body, "--"+boundary)
	if parts == nil {
		return nil, false
	}
	var b bytes.Buffer
	b.Grow(len(body) + 256*len(params))
	b.Write(body[:parts[0]])
	for i, start := range parts[:len(parts)-1] {
		if part := body[start:parts[i+1]]; !isOneOf(partName(part), params) {
			b.Write(part)
		}
	}
	for _, p := range params {
		for _, line := range []string{"--" + boundary, `Content-Disposition: form-data; name="` + partEscape(p.name) + `"`, "", p.value.Reveal()} {
			b.WriteString(line)
			b.WriteString(newline)
		}
	}
	b.Write(body[parts[len(parts)-1]:])
	return b.Bytes(), true
}

// partEscape is the escape that browsers use in the name of a part (WHATWG HTML, multipart/form-data encoding); the
// names here hold no line breaks.
func partEscape(name string) string { return strings.ReplaceAll(name, `"`, "%22") }

func isOneOf(name string, params []param) bool {
	return slices.ContainsFunc(params, func(p param) bool { return name == p.name || name == partEscape(p.name) })
}

// partName is the name of the field that a part is, which begins with its delimiter; empty when it says none.
func partName(part []byte) string {
	_, part, _ = bytes.Cut(part, []byte("\n"))
	h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(part))).ReadMIMEHeader()
	if err != nil {
		return ""
	}
	_, params, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	return params["name"]
}

// divide finds where the lines with a delimiter begin, the closing one last, and how this body ends its lines; nil when
// there is no closing one. Only whole lines count (RFC 2046 §5.1.1): a boundary inside a part's content is content.
func divide(body []byte, delimiter string) (starts []int, newline string) {
	for i := 0; i < len(body); {
		line, next, ends := body[i:], len(body), "\r\n"
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line, next = line[:n], i+n+1
			var cr bool
			if line, cr = bytes.CutSuffix(line, []byte("\r")); !cr {
				ends = "\n"
			}
		}
		end, isDelimiter := bytes.CutPrefix(line, []byte(delimiter))
		end, isClosing := bytes.CutPrefix(end, []byte("--"))
		isDelimiter = isDelimiter && len(bytes.Trim(end, " \t")) == 0
		// Where delimiters end their lines with CR LF, one that stands after a bare LF is content.
		if isDelimiter && (newline != "\r\n" || bytes.HasSuffix(body[:i], []byte("\r\n"))) {
			if newline == "" {
				newline = ends
			}
			starts = append(starts, i)
			if isClosing {
				return starts, newline
			}
		}
		i = next
	}
	return nil, ""
}
