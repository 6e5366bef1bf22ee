package egress

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
)

// maxBuffered is the largest body that is read before the request is sent. It then leaves in one write together with
// the head, and can be sent again if the connection turns out to be dead.
const maxBuffered = 64 << 10

// outgoing is a request as bytes: its head, and its body too unless that is streamed.
type outgoing struct {
	bytes []byte
	body  io.ReadCloser // to be streamed after the bytes, and to be closed; nil if there is none, or once an upload has it
	size  int64         // of body; negative if unknown
	safe  bool          // RFC 9110 §9.2.1: sending it twice does no harm
	keep  bool          // the connection may be kept afterwards
}

var outgoingPool = sync.Pool{New: func() any { return &outgoing{bytes: make([]byte, 0, inboxSize)} }}

// free closes a body that nobody took, and recycles the rest.
func (out *outgoing) free() {
	if out.body != nil {
		_ = out.body.Close()
	}
	clear(out.bytes) // a credential was in it
	if cap(out.bytes) <= 2*maxBuffered {
		*out = outgoing{bytes: out.bytes[:0]}
		outgoingPool.Put(out)
	}
}

// encode writes down the request to o. Whatever is wrong with it comes out here, before anything is sent. The body is
// outgoing's from now on, also if there is an error.
func encode(req *http.Request, o origin) (*outgoing, error) {
	out := outgoingPool.Get().(*outgoing)
	out.body = req.Body
	err := out.head(req)
	switch {
	case err != nil:
	case out.size == 0:
		out.body = nil
	case 0 < out.size && out.size <= maxBuffered:
		err = out.buffer(req, o)
	}
	if err != nil {
		out.free()
		return nil, err
	}
	return out, nil
}

// head appends the request line and the header, and learns the size of the body.
func (out *outgoing) head(req *http.Request) error {
	method := req.Method
	switch {
	case method == "":
		method = http.MethodGet
	case strings.EqualFold(method, http.MethodConnect), strings.EqualFold(method, http.MethodTrace):
		// One would make a tunnel that no rule sees into, the other asks the server to repeat the credential.
		return invalid("The methods CONNECT and TRACE cannot be called.")
	case !validToken(method):
		return invalid("The method is not a valid HTTP method.")
	}
	out.safe = method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
	out.keep = !req.Close && !hasOption(req.Header["Connection"], "close")

	b := out.bytes
	defer func() { out.bytes = b }() // also what is abandoned, for free to clear
	b = append(b, method...)
	b = append(b, ' ')
	target := len(b)
	if req.URL.Path == "" {
		b = append(b, '/')
	} else {
		b = append(b, req.URL.EscapedPath()...)
	}
	if req.URL.RawQuery != "" || req.URL.ForceQuery {
		b = append(b, '?')
		b = append(b, req.URL.RawQuery...)
	}
	for _, c := range b[target:] {
		if c <= ' ' || c == 0x7f || c == '#' {
			return invalid("The URL's path or query holds a blank or a control character; percent-encode it.")
		}
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	host := req.Host
	if host == "" {
		host = strings.TrimSuffix(req.URL.Host, ":") // an empty port
	}
	if !validHostField(host) {
		return invalid("The Host of the request is not valid.")
	}
	b = append(b, host...)
	b = append(b, "\r\n"...)

	if _, set := req.Header["User-Agent"]; !set {
		b = append(b, "User-Agent: Lanyard\r\n"...)
	}
	for name, values := range req.Header {
		if !validToken(name) {
			return invalid("A header name of the request is not valid.")
		}
		// Looked up in canonical form: a map may hold "host" or "content-length" beside it.
		switch textproto.CanonicalMIMEHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade":
			continue
		case "User-Agent":
			if len(values) == 1 && values[0] == "" {
				continue
			}
		}
		for _, v := range values {
			if !validValue(v) {
				// The value may be a credential, so it is not repeated.
				return invalid("The value of the header %s holds a control character.", name)
			}
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
		}
	}
	if !out.keep {
		b = append(b, "Connection: close\r\n"...)
	}

	switch {
	case req.Body == nil || req.Body == http.NoBody:
		if req.ContentLength > 0 {
			return invalid("The request announces a body and has none.")
		}
		// RFC 9110 §8.6: a method that expects a body says when there is none.
		if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
			b = append(b, "Content-Length: 0\r\n"...)
		}
	case req.ContentLength > 0:
		out.size = req.ContentLength
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, out.size, 10)
		b = append(b, "\r\n"...)
	default: // as in net/http, a body without a length has an unknown one
		out.size = -1
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	b = append(b, "\r\n"...)
	return nil
}

// validHostField reports whether s may stand in the Host field: what a URL's authority is made of, without user info.
func validHostField(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return s != ""
}

// buffer appends the body and closes it.
func (out *outgoing) buffer(req *http.Request, o origin) (err error) {
	ctx, body, size := req.Context(), out.body, out.size
	out.body = nil
	// A body that can be had again is in memory. Any other may wait for somebody, whom the context does not wait for.
	if req.GetBody != nil || ctx.Done() == nil {
		out.bytes, err = readBody(out.bytes, body, size)
		return err
	}
	type result struct {
		bytes []byte
		err   error
	}
	done := make(chan result, 1)
	head := out.bytes
	go func() {
		b, err := readBody(head, body, size)
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		out.bytes = r.bytes
		return r.err
	case <-ctx.Done():
		out.bytes = nil // the reader has it, and it must not be recycled
		return failure(ctx, o.host, ctx.Err())
	}
}

// readBody appends a body of the given size to b and closes it.
func readBody(b []byte, body io.ReadCloser, size int64) ([]byte, error) {
	defer body.Close()
	head := len(b)
	b = append(b, make([]byte, size)...)
	if _, err := io.ReadFull(body, b[head:]); err != nil {
		return b, bodyError(err)
	}
	return b, expectEnd(body)
}

// expectEnd reads past the announced length, where there must be nothing.
func expectEnd(body io.Reader) error {
	var one [1]byte
	switch n, err := body.Read(one[:]); {
	case n > 0:
		return bodyError(errors.New("longer than its Content-Length"))
	case err != nil && err != io.EOF:
		return bodyError(err)
	}
	return nil
}

// sourceError is a failure of the request's own body, which is not the server's fault.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "read the request's body: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

func isSourceError(err error) bool {
	var source *sourceError
	return errors.As(err, &source)
}

func bodyError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("shorter than its Content-Length: %w", io.ErrUnexpectedEOF)
	}
	return &sourceError{err}
}
