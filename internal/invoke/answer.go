package invoke

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"lanyard"
)

// Answer is the upstream's answer as JSON.
type Answer struct {
	Status     int               `json:"status"`
	Headers    map[string]string `json:"headers"`               // lower-case names; several values joined by ", "
	Body       json.RawMessage   `json:"body,omitempty"`        // JSON as it came, or a text
	BodyBase64 *string           `json:"body_base64,omitempty"` // a binary answer
	DurationMS int64             `json:"duration_ms"`
}

// Response is the upstream's answer for code that goes on with it.
type Response struct {
	Status  int
	Headers map[string]string // lower-case names; several values joined by ", "
	Text    string            // a text answer, decoded
	JSON    bool              // the text is one JSON value
	Binary  []byte            // an answer that is no text; nil otherwise
	Took    time.Duration
}

// response reads the upstream's answer. Where the upstream echoes the very credential that was sent, it is masked, in
// whatever does not say that it is binary, however large: a caller can make an echo as large as it likes.
func (r *Request) response(got *received, call *call) (*Response, error) {
	a := &Response{Status: got.status, Headers: make(map[string]string, len(got.header)), Took: time.Since(call.began)}
	var masker lanyard.Masker
	if call.live != nil {
		masker = call.live.Answers
	}
	for name, values := range got.header {
		a.Headers[strings.ToLower(name)] = masker.Mask(strings.Join(values, ", "))
	}
	if asItIs(got.header) {
		a.Binary = got.body
		return a, nil
	}
	// Before it is decoded, too: the caller says from what, and the credential in another charset is not found.
	body := masker.Mask(string(got.body))
	text, ok, err := r.text(got.header, body)
	if err != nil {
		return nil, err
	}
	if !ok {
		a.Binary = []byte(body)
		return a, nil
	}
	if text != body {
		text = masker.Mask(text)
	}
	a.Text, a.JSON = text, isJSON(got.header, text)
	return a, nil
}

// answer is the response as JSON.
func (a *Response) answer() (*Answer, error) {
	out := &Answer{Status: a.Status, Headers: a.Headers, DurationMS: a.Took.Milliseconds()}
	var err error
	switch {
	case a.Binary != nil:
		encoded := base64.StdEncoding.EncodeToString(a.Binary)
		out.BodyBase64 = &encoded
	case a.JSON:
		out.Body = compact(a.Text)
	default:
		out.Body, err = json.Marshal(a.Text)
	}
	return out, err
}

// text decodes an answer that does not say that it is binary; false for one that is, all the same.
func (r *Request) text(header http.Header, body string) (string, bool, error) {
	_, params, _ := mime.ParseMediaType(header.Get("Content-Type")) // a wrong one says nothing of a charset
	charset := params["charset"]
	if r.ResponseDecoding != "" {
		charset = r.ResponseDecoding
	}
	if charset != "" && !strings.EqualFold(charset, "utf-8") {
		enc, err := htmlindex.Get(charset)
		if err != nil {
			if r.ResponseDecoding == "" {
				return "", false, nil
			}
			var f lanyard.FieldErrors
			f.Add("/response_decoding", "this charset is not known")
			return "", false, f.Err()
		}
		decoded, err := enc.NewDecoder().String(body)
		if err != nil {
			return "", false, nil //nolint:nilerr // what cannot be decoded goes on as it is
		}
		body = decoded
	}
	return body, utf8.ValidString(body) && strings.IndexByte(body, 0) < 0, nil
}

// asItIs: the answer is compressed, because the caller asked for it, or says that it is no text.
func asItIs(header http.Header) bool {
	if e := header.Get("Content-Encoding"); e != "" && e != "identity" {
		return true
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && isBinary(media)
}

func isBinary(media string) bool {
	kind, _, _ := strings.Cut(media, "/")
	return kind == "image" && media != "image/svg+xml" || kind == "audio" || kind == "video" || kind == "font" ||
		media == "application/octet-stream" || media == "application/pdf" || media == "application/zip" || media == "application/gzip"
}

// isJSON: the content decides, as in the reference; a bare number or word is JSON only where the type says so.
func isJSON(header http.Header, text string) bool {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || !json.Valid([]byte(trimmed)) {
		return false
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		return true
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// compact drops white space around the tokens, so that the answer is one JSON document whatever the upstream's layout.
func compact(text string) json.RawMessage {
	var b bytes.Buffer
	b.Grow(len(text))
	if err := json.Compact(&b, []byte(text)); err != nil {
		return json.RawMessage(text) // it was valid a moment ago
	}
	return b.Bytes()
}
