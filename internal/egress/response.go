package egress

import (
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

const (
	maxHead    = 1 << 20 // bytes of an answer's heads together, interim ones included
	maxFields  = 1000    // header fields of one head
	maxInterim = 20      // interim answers (1xx) before the final one
)

var (
	errSwitching = errors.New("the server switched protocols unasked")
	errInterim   = errors.New("too many interim answers")
	errFraming   = errors.New("the answer's length is contradictory")
)

// readResponse reads the head of the final answer to method into resp and makes d ready to read its body. Everything
// in it was said by a stranger: what RFC 9112 does not allow is an error, for a tolerant reader and the server would
// disagree about where this answer ends and another begins.
func readResponse(in *inbox, method string, resp *http.Response, d *decoder) error {
	*d = decoder{in: in}
	budget := maxHead
	for interim := 0; ; interim++ {
		head, lines, err := in.section("HTTP/1.", budget)
		if err != nil {
			return err
		}
		budget -= len(head)
		status, fields, _ := strings.Cut(head, "\r\n")
		if err := parseStatus(status, resp); err != nil {
			return err
		}
		if resp.StatusCode >= 200 {
			if resp.Header, err = parseFields(fields, lines-1); err != nil {
				return err
			}
			return d.frame(method, resp)
		}
		// RFC 9110 §15.2: interim answers may come unasked and are skipped, all but the one that changes the protocol.
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return errSwitching
		}
		if _, err := parseFields(fields, lines-1); err != nil {
			return err
		}
		if interim == maxInterim {
			return errInterim
		}
	}
}

// parseStatus reads a status line (RFC 9112 §4). The blank after the code is left out by some servers.
func parseStatus(line string, resp *http.Response) error {
	proto, status, _ := strings.Cut(line, " ")
	switch proto {
	case "HTTP/1.1":
		resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.1", 1, 1
	case "HTTP/1.0":
		resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.0", 1, 0
	default:
		return errNotHTTP
	}
	if len(status) < 3 || len(status) > 3 && status[3] != ' ' || !validValue(status) {
		return errors.New("malformed status line")
	}
	code := 0
	for _, c := range []byte(status[:3]) {
		if c < '0' || c > '9' {
			return errors.New("malformed status line")
		}
		code = code*10 + int(c-'0')
	}
	if code < 100 {
		return errors.New("malformed status line")
	}
	resp.Status, resp.StatusCode = status, code
	return nil
}

// parseFields reads header or trailer fields (RFC 9112 §5). The values share the memory of the text.
func parseFields(text string, count int) (http.Header, error) {
	if count > maxFields {
		return nil, errTooLarge
	}
	header := make(http.Header, count)
	values := make([]string, count)
	for i := range count {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		colon := strings.IndexByte(line, ':')
		// No token holds a blank, so this also refuses continuation lines (RFC 9112 §5.2) and "Name :" (§5.1).
		if colon < 0 || !validToken(line[:colon]) {
			return nil, errors.New("malformed header line")
		}
		values[i] = strings.Trim(line[colon+1:], " \t")
		if !validValue(values[i]) {
			return nil, errors.New("control character in a header value")
		}
		name := textproto.CanonicalMIMEHeaderKey(line[:colon])
		if others, repeated := header[name]; repeated {
			header[name] = append(others, values[i])
		} else {
			header[name] = values[i : i+1 : i+1]
		}
	}
	return header, nil
}

// frame finds out how the body is delimited (RFC 9112 §6.3) and whether the connection outlives it (§9.3).
func (d *decoder) frame(method string, resp *http.Response) error {
	h := resp.Header
	lengths, codings := h["Content-Length"], h["Transfer-Encoding"]
	length := int64(-1)
	for i, s := range lengths {
		if s != lengths[0] {
			return errFraming
		}
		if i == 0 {
			n, err := strconv.ParseUint(s, 10, 63)
			if err != nil {
				return errFraming
			}
			length = int64(n)
		}
	}
	if len(lengths) > 1 {
		h["Content-Length"] = lengths[:1:1]
	}
	if len(codings) > 0 {
		// §6.1: together with a length, or in HTTP/1.0, this is an attack or a broken server.
		if len(lengths) > 0 || resp.ProtoMinor == 0 || len(codings) > 1 || !strings.EqualFold(codings[0], "chunked") {
			return errFraming
		}
		delete(h, "Transfer-Encoding")
		resp.TransferEncoding = []string{"chunked"}
		if err := announce(resp); err != nil {
			return err
		}
	}

	closing := hasOption(h["Connection"], "close")
	resp.Close = closing || resp.ProtoMinor == 0 && !hasOption(h["Connection"], "keep-alive")
	if closing && resp.ProtoMinor > 0 {
		delete(h, "Connection") // resp.Close says it, as with net/http
	}
	d.keep = !resp.Close
	d.idle = idleHint(h["Keep-Alive"])

	resp.ContentLength = length
	switch {
	case method == http.MethodHead:
	case resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified:
		resp.ContentLength = 0
	case len(codings) > 0:
		d.kind = chunkedBody
	case length > 0:
		d.kind, d.left = sizedBody, length
	case length < 0:
		d.kind, d.keep, resp.Close = openBody, false, true
	}
	return nil
}

// hasOption reports whether the values of a Connection field hold the option (RFC 9110 §7.6.1).
func hasOption(values []string, option string) bool {
	for _, v := range values {
		for o := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(o, " \t"), option) {
				return true
			}
		}
	}
	return false
}

// announce moves the names of the trailer fields to come from the header to the trailer, as net/http does.
func announce(resp *http.Response) error {
	names := resp.Header["Trailer"]
	if len(names) == 0 {
		return nil
	}
	delete(resp.Header, "Trailer")
	resp.Trailer = make(http.Header)
	for _, v := range names {
		for name := range strings.SplitSeq(v, ",") {
			name = textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t"))
			switch {
			case name == "":
			case !validToken(name) || framingField(name):
				return errors.New("malformed trailer announcement")
			case len(resp.Trailer) >= maxFields:
				return errTooLarge
			default:
				resp.Trailer[name] = nil
			}
		}
	}
	return nil
}

// framingField reports whether a canonical field name decides where a message ends, and so has no place after it
// (RFC 9110 §6.5.1).
func framingField(name string) bool {
	return name == "Content-Length" || name == "Transfer-Encoding" || name == "Trailer"
}

// idleHint is how long the server says it keeps the connection ("Keep-Alive: timeout=5"), in which case we let go a
// second earlier: a request that crosses with the server's close is lost if it must not be sent twice. Negative
// means that it said nothing.
func idleHint(values []string) time.Duration {
	for _, v := range values {
		for option := range strings.SplitSeq(v, ",") {
			name, value, _ := strings.Cut(strings.Trim(option, " \t"), "=")
			if seconds, err := strconv.ParseUint(value, 10, 16); err == nil && strings.EqualFold(name, "timeout") {
				return max(0, time.Duration(seconds)*time.Second-time.Second)
			}
		}
	}
	return -1
}

// validToken reports whether s is a token (RFC 9110 §5.6.2), as method and header names are.
func validToken(s string) bool {
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// validValue reports whether s may stand in a header value: no control character but the tab (RFC 9110 §5.5).
func validValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

var tokenByte = func() (table [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		table[c] = true
	}
	return table
}()
