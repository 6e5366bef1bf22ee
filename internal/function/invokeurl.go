package function

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"lanyard/internal/invoke"
	"lanyard/internal/script"
)

// answerForm says what becomes of an answer.
type answerForm struct {
	format   string // of response-format, in lower case; empty: what the content is
	detailed bool
}

// invokeURL makes the request of an invokeurl block. The rules are those of both generations of invokeurl: parameters
// are the query of a GET and otherwise the body, a map of which is form-encoded; a map in body is sent in parts; and a
// content type that the script names decides for it.
func invokeURL(attributes []script.Attribute) (*invoke.Request, answerForm, error) {
	b := requestBuilder{request: &invoke.Request{}, room: maxSent}
	var form answerForm
	for _, a := range attributes {
		if err := b.attribute(a, &form); err != nil {
			return nil, form, err
		}
	}
	if b.request.URL == "" {
		return nil, form, fmt.Errorf("invokeurl needs a url")
	}
	return b.request, form, b.finish()
}

// requestBuilder collects what stands in a block, in whatever order.
type requestBuilder struct {
	request                 *invoke.Request
	room                    room
	parameters, body, files script.Value
}

func (b *requestBuilder) attribute(a script.Attribute, form *answerForm) (err error) {
	r := b.request
	switch a.Name {
	case "url":
		r.URL, err = textOf(a)
	case "type":
		r.Type, err = textOf(a)
	case "connection":
		r.Connection, err = textOf(a)
	case "content-type":
		r.ContentType, err = textOf(a)
	case "response-decoding":
		r.ResponseDecoding, err = textOf(a)
	case "response-format":
		form.format, err = textOf(a)
		form.format = strings.ToLower(form.format)
		if err == nil && !strings.Contains(" file string none collection default ", " "+form.format+" ") {
			err = fmt.Errorf("response-format is FILE, STRING, NONE, COLLECTION or DEFAULT, not %s", form.format)
		}
	case "detailed":
		detailed, ok := a.Value.AsBool()
		if form.detailed = detailed; !ok {
			err = wrong(a, "true or false")
		}
	case "headers":
		err = b.headers(a)
	case "parameters":
		b.parameters = a.Value
	case "body":
		b.body = a.Value
	case "files":
		b.files = a.Value
	default:
		err = fmt.Errorf("invokeurl has no attribute %s", a.Name)
	}
	return err
}

func textOf(a script.Attribute) (string, error) {
	if s, ok := a.Value.AsText(); ok {
		return s, nil
	}
	return "", wrong(a, "a TEXT")
}

func wrong(a script.Attribute, want string) error {
	return fmt.Errorf("%s of invokeurl is %s, and this is a %s", a.Name, want, a.Value.Kind())
}

// headers are texts; what is none is written as JSON, which some services want in a header.
func (b *requestBuilder) headers(a script.Attribute) error {
	m, ok := a.Value.AsMap()
	if !ok {
		return wrong(a, "a MAP")
	}
	b.request.Headers = make(map[string]string, m.Len())
	for name, value := range m.All() {
		if value.Kind() == script.KindNull {
			continue
		}
		field, err := b.room.text(name)
		if err != nil {
			return err
		}
		if b.request.Headers[field], err = b.room.text(value); err != nil {
			return err
		}
	}
	return nil
}

// contentType is what the script says about the body, in lower case and without parameters.
func (b *requestBuilder) contentType() string {
	said := b.request.ContentType
	for _, name := range slices.Sorted(maps.Keys(b.request.Headers)) {
		if strings.EqualFold(name, "Content-Type") {
			said = b.request.Headers[name]
		}
	}
	media, _, _ := strings.Cut(said, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// finish makes query and body of what was collected.
func (b *requestBuilder) finish() error {
	r := b.request
	query := r.Type == "" || strings.EqualFold(r.Type, "GET") || strings.EqualFold(r.Type, "HEAD") || strings.EqualFold(r.Type, "DELETE")
	if b.body.Kind() != script.KindNull && b.files.Kind() != script.KindNull {
		return fmt.Errorf("body and files of invokeurl exclude each other: what goes along with files stands in parameters, or in files")
	}
	if b.body.Kind() != script.KindNull {
		if err := b.setBody(); err != nil {
			return err
		}
	}
	if b.files.Kind() != script.KindNull {
		if err := b.addFiles(b.files); err != nil {
			return err
		}
	}
	switch value := b.parameters; value.Kind() {
	case script.KindNull:
	case script.KindFile:
		if query {
			return fmt.Errorf("a FILE in parameters is a body, which a %s has none of", strings.ToUpper(r.Type))
		}
		return b.raw(value)
	case script.KindMap, script.KindList, script.KindCollection:
		m, ok := value.AsMap()
		said := b.contentType()
		switch {
		case !ok && (query || len(r.Files) > 0):
			return wrong(script.Attribute{Name: "parameters", Value: value}, "a MAP or a TEXT here")
		case ok && query:
			text, err := b.room.form(m)
			r.Parameters = invoke.TextContent(text)
			return err
		case ok && (len(r.Files) > 0 || said == "multipart/form-data" || holdsFile(m)):
			return b.addParts(m)
		case ok && said != jsonType:
			return b.form(m)
		}
		return b.json(value)
	default:
		text, err := b.room.text(value)
		r.Parameters = invoke.TextContent(text)
		return err
	}
	return nil
}

// form sends a map form-encoded, and json a map or list as JSON, where the script names no other type.
func (b *requestBuilder) form(m *script.Map) error {
	text, err := b.room.form(m)
	b.sent(text, formType)
	return err
}

func (b *requestBuilder) json(value script.Value) error {
	text, err := b.room.json(value)
	b.sent(text, jsonType)
	return err
}

func (b *requestBuilder) sent(text, contentType string) {
	if b.request.Body = invoke.TextContent(text); b.contentType() == "" {
		b.request.ContentType = contentType
	}
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// maxSent bounds what a script sends in one request, in bytes.
const maxSent = 32 << 20

// room is what a request has room for yet, in bytes. One value can stand in it many times.
type room int

func (r *room) take(n int) error {
	if *r -= room(n); *r < 0 {
		return fmt.Errorf("a request holds at most %d MiB", maxSent>>20)
	}
	return nil
}

// text is a value as a text, whole.
func (r *room) text(value script.Value) (string, error) {
	text, ok := value.TextWithin(max(int(*r), 0))
	if !ok {
		return "", r.take(maxSent + 1)
	}
	return text, r.take(len(text))
}

func (r *room) json(value script.Value) (string, error) {
	text, ok := value.JSONWithin(max(int(*r), 0))
	if !ok {
		return "", r.take(maxSent + 1)
	}
	return text, r.take(len(text))
}

// form is a map form-encoded, in its order; a list gives its name as often as it has elements.
func (r *room) form(m *script.Map) (string, error) {
	var b strings.Builder
	add := func(name string, value script.Value) (err error) {
		text := ""
		switch value.Kind() {
		case script.KindNull:
		case script.KindList, script.KindCollection:
			text, err = r.json(value)
		default:
			text, err = r.text(value)
		}
		if err != nil {
			return err
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(text))
		return r.take(len(name) + 2)
	}
	for key, value := range m.All() {
		values := []script.Value{value}
		if list, ok := value.AsList(); ok && value.Kind() != script.KindMap {
			values = list
		}
		for _, one := range values {
			if err := add(key.String(), one); err != nil {
				return "", err
			}
		}
	}
	return b.String(), nil
}

// setBody is the attribute of the later generation.
func (b *requestBuilder) setBody() error {
	r := b.request
	switch value := b.body; value.Kind() {
	case script.KindFile:
		return b.raw(value)
	case script.KindMap, script.KindList, script.KindCollection:
		m, ok := value.AsMap()
		switch said := b.contentType(); {
		case ok && (said == "" || said == "multipart/form-data"):
			return b.addParts(m)
		case ok && said == formType:
			return b.form(m)
		}
		return b.json(value)
	default:
		text, err := b.room.text(value)
		r.Body = invoke.TextContent(text)
		return err
	}
}

// raw sends a file as it is.
func (b *requestBuilder) raw(value script.Value) error {
	f, _ := value.AsFile()
	b.request.Raw = f.Content
	if b.request.Raw == nil {
		b.request.Raw = []byte{}
	}
	if b.contentType() == "" {
		b.request.ContentType = "application/octet-stream"
	}
	return b.room.take(len(f.Content))
}

func holdsFile(m *script.Map) bool {
	for _, value := range m.All() {
		if value.Kind() == script.KindFile {
			return true
		}
	}
	return false
}

// addParts adds each member of a map as a part.
func (b *requestBuilder) addParts(m *script.Map) error {
	for name, value := range m.All() {
		if value.Kind() == script.KindNull {
			continue
		}
		p, err := b.room.part(name.String(), value)
		if err != nil {
			return err
		}
		b.request.Files = append(b.request.Files, p)
	}
	return nil
}

// part is a value as a part of a form: a file with its name and type, anything else as a field.
func (r *room) part(name string, value script.Value) (invoke.File, error) {
	if f, ok := value.AsFile(); ok {
		return r.filePart(name, f)
	}
	text, err := r.text(value)
	if err == nil {
		err = r.take(len(name) + partSize)
	}
	return invoke.File{Name: name, Field: true, Content: []byte(text)}, err
}

const partSize = 200 // bytes of what stands around the content of a part

func (r *room) filePart(name string, f *script.File) (invoke.File, error) {
	content := f.Content
	if content == nil {
		content = []byte{}
	}
	media := f.Type
	if f.Charset != "" && media != "" {
		media += "; charset=" + f.Charset
	}
	return invoke.File{Name: name, Filename: f.Name, ContentType: media, Content: content}, r.take(len(name) + len(f.Name) + len(content) + partSize)
}

// addFiles adds what the attribute files holds: a file, a text, a map that describes a part, or a list of these.
func (b *requestBuilder) addFiles(value script.Value) error {
	if list, ok := value.AsList(); ok {
		for _, item := range list {
			if item.Kind() == script.KindList {
				return fmt.Errorf("files of invokeurl is a list of files, texts and maps, not of lists")
			}
			if err := b.addFiles(item); err != nil {
				return err
			}
		}
		return nil
	}
	switch value.Kind() {
	case script.KindFile:
		f, _ := value.AsFile()
		name := f.ParamName
		if name == "" {
			name = "file"
		}
		p, err := b.room.filePart(name, f)
		b.request.Files = append(b.request.Files, p)
		return err
	case script.KindText:
		p, err := b.room.part("file", value)
		b.request.Files = append(b.request.Files, p)
		return err
	case script.KindMap:
		m, _ := value.AsMap()
		return b.describedPart(m)
	default:
		return fmt.Errorf("files of invokeurl holds FILE, TEXT and MAP, and this is a %s", value.Kind())
	}
}

// describedPart is a part in the words of either generation: paramName, content and stringPart, or param-name,
// param-value, content-type and encoding-type.
func (b *requestBuilder) describedPart(m *script.Map) error {
	get := func(names ...string) script.Value {
		for key, value := range m.All() {
			for _, name := range names {
				if strings.EqualFold(strings.ReplaceAll(key.String(), "-", ""), name) {
					return value
				}
			}
		}
		return script.Value{}
	}
	name, ok := get("paramname").AsText()
	if !ok || name == "" {
		return fmt.Errorf(`a part in files of invokeurl has a name: {"paramName": "…", "content": …}`)
	}
	p, err := b.room.part(name, get("content", "paramvalue"))
	if err != nil {
		return err
	}
	if media, ok := get("contenttype").AsText(); ok {
		p.ContentType = media
		if charset, ok := get("encodingtype").AsText(); ok {
			p.ContentType += "; charset=" + charset
		}
	}
	b.request.Files = append(b.request.Files, p)
	return nil
}

// answerValue is an answer as a script gets it: by its content a map, a list, a file or a text.
func answerValue(a *invoke.Response, requested string, form answerForm) (script.Value, error) {
	body, err := bodyValue(a, requested, form.format)
	if err != nil || !form.detailed {
		return body, err
	}
	headers := script.NewMap()
	h, _ := headers.AsMap()
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		h.Put(script.Text(name), script.Text(a.Headers[name]))
	}
	all := script.NewMap()
	m, _ := all.AsMap()
	m.Put(script.Text("responseText"), body)
	m.Put(script.Text("responseHeader"), headers)
	m.Put(script.Text("responseCode"), script.Number(int64(a.Status)))
	return all, nil
}

func bodyValue(a *invoke.Response, requested, format string) (script.Value, error) {
	switch {
	case format == "none":
		return script.Value{}, nil
	case format == "file" || a.Binary != nil && format != "string":
		content := a.Binary
		if content == nil {
			content = []byte(a.Text)
		}
		return script.NewFile(&script.File{Name: fileName(a, requested), Type: media(a), Content: content}), nil
	case format == "string":
		if a.Binary != nil {
			return script.Text(strings.ToValidUTF8(string(a.Binary), "\uFFFD")), nil
		}
		return script.Text(a.Text), nil
	}
	trimmed := strings.TrimSpace(a.Text)
	if a.JSON && (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) {
		v, err := script.FromJSON([]byte(trimmed))
		if err == nil && format == "collection" {
			v = script.Collected(v)
		}
		return v, err
	}
	return script.Text(a.Text), nil
}

func media(a *invoke.Response) string {
	m, _, _ := strings.Cut(a.Headers["content-type"], ";")
	return strings.TrimSpace(m)
}

// fileName is the last segment of the path that was asked for.
func fileName(a *invoke.Response, requested string) string {
	p, _, _ := strings.Cut(requested, "?")
	if name := path.Base(p); name != "." && name != "/" {
		return name
	}
	return "file"
}
