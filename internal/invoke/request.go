package invoke

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
)

// Request is what invokeurl takes, as JSON.
type Request struct {
	Connection       string            `json:"connection,omitempty"`
	URL              string            `json:"url"`
	Type             string            `json:"type,omitempty"` // method; GET when empty
	Headers          map[string]string `json:"headers,omitempty"`
	Parameters       *Content          `json:"parameters,omitempty"`
	Body             *Content          `json:"body,omitempty"`
	Files            []File            `json:"files,omitempty"`
	ContentType      string            `json:"content_type,omitempty"`
	TimeoutMS        int64             `json:"timeout_ms,omitempty"`
	FollowRedirects  bool              `json:"follow_redirects,omitempty"`
	ResponseDecoding string            `json:"response_decoding,omitempty"` // charset of a text answer; its own, else UTF-8

	// Raw is a body that is sent as it is, in the place of Body; code alone gives it.
	Raw []byte `json:"-"`
	// Depth, where it is not 0, tells a Lanyard that is called how many runs of scripts stand behind the call.
	Depth int `json:"-"`
	// Fence bounds a call in an extension's script, beside what its caller may do; nil: there is no other bound.
	Fence *lanyard.Fence `json:"-"`
}

// DepthHeader carries [Request.Depth].
const DepthHeader = "Lanyard-Depth"

// Content is a text or an object.
type Content struct {
	Text   string
	Object map[string]any // nil for a text
	raw    json.RawMessage
}

// TextContent is a text.
func TextContent(text string) *Content { return &Content{Text: text} }

// UnmarshalJSON takes a text or an object; numbers stay as they are written.
func (c *Content) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		c.raw = bytes.Clone(data)
		return d.Decode(&c.Object)
	}
	if len(data) > 0 && data[0] == '[' {
		c.raw = bytes.Clone(data) // a list is sent as JSON too
		return nil
	}
	return json.Unmarshal(data, &c.Text)
}

// MarshalJSON writes it as it can be read.
func (c Content) MarshalJSON() ([]byte, error) {
	if c.raw != nil {
		return c.raw, nil
	}
	if c.Object != nil {
		return json.Marshal(c.Object)
	}
	return json.Marshal(c.Text)
}

// File is one part of a multipart body.
type File struct {
	Name          string `json:"name"`
	Filename      string `json:"filename,omitempty"`
	ContentType   string `json:"content_type,omitempty"`
	ContentBase64 string `json:"content_base64"`

	// Content stands in the place of ContentBase64 where code makes the request.
	Content []byte `json:"-"`
	// Field: the part is a plain field of the form and no file.
	Field bool `json:"-"`
}

func (f *File) content() ([]byte, error) {
	if f.Content != nil {
		return f.Content, nil
	}
	return base64.StdEncoding.DecodeString(f.ContentBase64)
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// refusedHeaders frame the message or speak for Lanyard's own caller.
var refusedHeaders = map[string]bool{
	"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Upgrade": true, "Expect": true, "Proxy-Authorization": true, "Proxy-Connection": true,
}

// build makes the outgoing request, without a credential. All faults of the request are named by field.
func (r *Request) build(ctx context.Context, live *credential.Live) (*http.Request, error) {
	var f lanyard.FieldErrors
	method := strings.ToUpper(r.Type)
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains(methods, method) {
		f.Add("/type", "the type is one of %s", strings.Join(methods, ", "))
	}
	header := make(http.Header, len(r.Headers)+2)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		key := textproto.CanonicalMIMEHeaderKey(name)
		at := "/headers/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		switch {
		case refusedHeaders[key] || strings.HasPrefix(key, "Lanyard-"):
			f.Add(at, "this header is set by Lanyard itself")
		case lanyard.CheckToken(name) != nil:
			f.Check(at, lanyard.CheckToken(name))
		case lanyard.CheckHeaderValue(r.Headers[name]) != nil:
			f.Check(at, lanyard.CheckHeaderValue(r.Headers[name]))
		default:
			header[key] = []string{r.Headers[name]}
		}
	}
	u, err := target(live, r.URL)
	f.Check("/url", err)
	if err := f.Err(); err != nil {
		return nil, err
	}
	req := (&http.Request{Method: method, URL: u, Host: u.Host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	body, contentType, err := r.body(method, u, header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if body != nil {
		setBody(req, body)
		if contentType != "" {
			header.Set("Content-Type", contentType)
		}
	}
	if r.Depth > 0 {
		header[DepthHeader] = []string{strconv.Itoa(r.Depth)}
	}
	if _, set := header["User-Agent"]; !set {
		header["User-Agent"] = []string{"Lanyard"}
	}
	return req, nil
}

// target fills the URL and reads it. One that begins with a slash is taken relative to the service's base URL.
func target(live *credential.Live, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, fmt.Errorf("a URL is required")
	}
	if len(raw) > 32<<10 {
		return nil, fmt.Errorf("a URL has at most 32 KiB")
	}
	// One slash: //host/path is a URL without its scheme (RFC 3986 §4.2), and refused as such.
	if raw[0] == '/' && !strings.HasPrefix(raw, "//") {
		return relative(live, raw)
	}
	if live == nil {
		u, _, err := lanyard.ParseURL(raw)
		return u, err
	}
	return live.On.Service.FillURL(raw, live.Credential.Parameters)
}

func relative(live *credential.Live, raw string) (*url.URL, error) {
	if live == nil || live.BaseURL == nil {
		return nil, fmt.Errorf("a URL that begins with a slash is taken relative to the service's base URL, and there is none: write the whole URL")
	}
	t, err := lanyard.ParseRelativeTemplate(raw, live.On.Service.DynamicParameters)
	if err != nil {
		return nil, err
	}
	filled, err := t.Fill(live.Credential.Parameters)
	if err != nil {
		return nil, err
	}
	return below(live.BaseURL, filled)
}

// below joins a path and query to the base URL: the host stays, and no dot segment climbs above the base path. The
// bytes of the path are kept as they are.
func below(base *url.URL, pathAndQuery string) (*url.URL, error) {
	pathAndQuery, _, _ = strings.Cut(pathAndQuery, "#") // first: a question mark behind it begins no query
	path, query, hasQuery := strings.Cut(pathAndQuery, "?")
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, fmt.Errorf("a query holds no blanks or control characters: percent-encode them")
	}
	u := *base
	raw := strings.TrimSuffix(base.EscapedPath(), "/") + lanyard.EscapePath(path)
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return nil, fmt.Errorf("the path holds a percent sign that is not followed by two hexadecimal digits")
	}
	u.Path, u.RawPath = decoded, raw
	switch {
	case base.RawQuery == "":
		u.RawQuery = query
	case hasQuery && query != "":
		u.RawQuery = base.RawQuery + "&" + query
	}
	u.ForceQuery = hasQuery && u.RawQuery == ""
	return &u, nil
}

// checkPath refuses what a server could read as climbing out of the base path, or as another URL altogether.
func checkPath(path string) error {
	for i := 0; i < len(path); i++ {
		if c := path[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return fmt.Errorf("a path holds no blanks, backslashes or control characters")
		}
	}
	if !strings.Contains(path, ".") && !strings.Contains(path, "%") {
		return nil
	}
	for segment := range strings.SplitSeq(path, "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return fmt.Errorf("the path holds a percent sign that is not followed by two hexadecimal digits")
		}
		// Some servers cut a segment at a semicolon, and some decode a slash or backslash first.
		for part := range strings.FieldsFuncSeq(decoded, func(r rune) bool { return r == '/' || r == '\\' }) {
			name, _, _ := strings.Cut(part, ";")
			if name == "." || name == ".." {
				return fmt.Errorf("a path holds no . or .. segments")
			}
		}
		if strings.ContainsRune(decoded, 0) {
			return fmt.Errorf("a path holds no NUL")
		}
	}
	return nil
}

// body makes the body and its content type by the rules of invokeurl. Parameters belong to the query on GET, HEAD and
// DELETE, and wherever there is a body as well.
func (r *Request) body(method string, u *url.URL, given string) ([]byte, string, error) {
	contentType := r.ContentType
	if given != "" {
		contentType = given
	}
	inQuery := r.Parameters != nil && (slices.Contains([]string{"GET", "HEAD", "DELETE"}, method) || r.Body != nil || r.Raw != nil || len(r.Files) > 0 && r.Parameters.Object == nil)
	if inQuery {
		addQuery(u, r.Parameters)
	}
	form := r.Parameters
	if inQuery {
		form = nil
	}
	switch {
	case r.Raw != nil:
		return r.Raw, or(contentType, "application/octet-stream"), nil
	case len(r.Files) > 0:
		return r.multipart(form)
	case r.Body != nil && r.Body.raw != nil:
		if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") && r.Body.Object != nil {
			return []byte(encodeForm(r.Body.Object)), contentType, nil
		}
		return r.Body.raw, or(contentType, "application/json"), nil
	case r.Body != nil:
		return []byte(r.Body.Text), or(contentType, "text/plain; charset=utf-8"), nil
	case form != nil && form.Object != nil:
		if strings.HasPrefix(contentType, "multipart/form-data") {
			return r.multipart(form)
		}
		if strings.HasPrefix(contentType, "application/json") {
			return form.raw, contentType, nil
		}
		return []byte(encodeForm(form.Object)), or(contentType, "application/x-www-form-urlencoded"), nil
	case form != nil:
		if form.raw != nil {
			return form.raw, or(contentType, "application/json"), nil
		}
		return []byte(form.Text), or(contentType, "text/plain; charset=utf-8"), nil
	}
	return nil, "", nil
}

func or(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

// addQuery appends parameters to the query; a text as it stands, an object form-encoded in the order of its names.
func addQuery(u *url.URL, p *Content) {
	add := strings.TrimPrefix(p.Text, "?")
	if p.Object != nil {
		add = encodeForm(p.Object)
	} else {
		add = strings.ReplaceAll(strings.ReplaceAll(add, " ", "%20"), "#", "%23")
	}
	if u.RawQuery != "" && add != "" {
		add = u.RawQuery + "&" + add
	}
	if add != "" {
		u.RawQuery = add
	}
}

func encodeForm(object map[string]any) string {
	values := url.Values{}
	for name, v := range object {
		if list, ok := v.([]any); ok {
			for _, item := range list {
				values.Add(name, text(item))
			}
			continue
		}
		values.Set(name, text(v))
	}
	return values.Encode()
}

// text is a JSON value as a form field holds it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

func (r *Request) multipart(fields *Content) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if fields != nil {
		for _, name := range slices.Sorted(maps.Keys(fields.Object)) {
			if err := w.WriteField(name, text(fields.Object[name])); err != nil {
				return nil, "", err
			}
		}
	}
	for i, file := range r.Files {
		var f lanyard.FieldErrors
		content, err := file.content()
		if err != nil {
			f.Add(fmt.Sprintf("/files/%d/content_base64", i), "this is not base64")
		}
		if file.Name == "" || lanyard.CheckHeaderValue(file.Name) != nil {
			f.Add(fmt.Sprintf("/files/%d/name", i), "a file has the name of its form field, without control characters")
		}
		if lanyard.CheckHeaderValue(file.Filename) != nil || lanyard.CheckHeaderValue(file.ContentType) != nil {
			f.Add(fmt.Sprintf("/files/%d", i), "filename and content type hold no control characters")
		}
		if err := f.Err(); err != nil {
			return nil, "", err
		}
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name="%s"`, quote(file.Name))
		if file.Filename != "" {
			disposition += fmt.Sprintf(`; filename="%s"`, quote(file.Filename))
		}
		h.Set("Content-Disposition", disposition)
		if !file.Field || file.ContentType != "" {
			h.Set("Content-Type", or(file.ContentType, "application/octet-stream"))
		}
		part, err := w.CreatePart(h)
		if err != nil {
			return nil, "", err
		}
		if _, err := io.Copy(part, bytes.NewReader(content)); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

func quote(s string) string { return strings.NewReplacer("\\", "\\\\", `"`, `\"`).Replace(s) }
