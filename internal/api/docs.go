package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lanyard/internal/problem"
)

// The page /docs is drawn from the OpenAPI value, so it cannot say anything else than the document. It is made once,
// when the API is made, and holds no script.

//go:embed docs/docs.css docs/docs.tmpl
var docsFiles embed.FS

const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docs is what the three documentation routes serve.
type docs struct {
	openAPI []byte
	page    []byte
	css     []byte
	cssName string // with a hash of its content, so that it may be kept for ever
}

func (a *API) makeDocs() docs {
	openAPI, err := json.Marshal(a.OpenAPI())
	if err != nil {
		panic("api: encode the OpenAPI document: " + err.Error())
	}
	css, err := docsFiles.ReadFile("docs/docs.css")
	if err != nil {
		panic("api: " + err.Error()) // it is embedded
	}
	sum := sha256.Sum256(css)
	d := docs{openAPI: openAPI, css: css, cssName: "docs-" + hex.EncodeToString(sum[:6]) + ".css"}
	view := newDocsView(a.OpenAPI(), a.routes)
	view.CSS = "/docs/" + d.cssName
	var page bytes.Buffer
	t := template.Must(template.New("docs.tmpl").Funcs(template.FuncMap{"prose": prose, "json": highlightJSON}).ParseFS(docsFiles, "docs/docs.tmpl"))
	if err := t.Execute(&page, view); err != nil {
		panic("api: draw the documentation: " + err.Error())
	}
	d.page = page.Bytes()
	return d
}

func (a *API) openAPIJSON(w http.ResponseWriter, _ *http.Request) {
	serveDocs(w, "application/json", "no-cache", a.docs().openAPI)
}

func (a *API) docsPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", docsPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	serveDocs(w, "text/html; charset=utf-8", "no-cache", a.docs().page)
}

func (a *API) docsFile(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("file") != a.docs().cssName {
		a.unknown(w, r)
		return
	}
	serveDocs(w, "text/css; charset=utf-8", "public, max-age=31536000, immutable", a.docs().css)
}

func serveDocs(w http.ResponseWriter, contentType, cache string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // a reader that has gone away reads no more
}

// docsView is the data of the page.
type docsView struct {
	CSS, Version, Base, About string
	Groups                    []docsGroup
	Objects                   []docsObject
	Kinds                     []problem.Kind
}

type docsGroup struct {
	Name, Slug, Description string
	Operations              []docsOperation
}

type docsOperation struct {
	ID, Path, Summary, Description string
	Methods                        []string
	Open                           bool        // needs no API key
	Names, Query                   []docsField // parameters of path and query
	Body                           *docsObject
	Curl                           string
	Status                         string
	Answer                         docsType
	Example                        string
	Errors                         []docsError
}

type docsError struct {
	Status string
	Codes  []string
}

type docsObject struct {
	Name, Description string
	Fields            []docsField
	Forms             []docsType // of a union
}

type docsField struct {
	Name, Description string
	Type              docsType
	Required          bool
	Notes             []string
	Values            []string
}

// docsType is a type in words, and a link to an object where it is one.
type docsType struct{ Before, Link string }

func newDocsView(d *huma.OpenAPI, routes []Route) *docsView {
	v := &docsView{Version: d.Info.Version, About: d.Info.Description, Base: "http://127.0.0.1:8080", Kinds: problem.Kinds()}
	if len(d.Servers) > 0 {
		v.Base = d.Servers[0].URL
	}
	drawer := &docsDrawer{schemas: d.Components.Schemas, base: v.Base, linked: map[string]bool{}}
	for _, tag := range d.Tags {
		g := docsGroup{Name: tag.Name, Slug: "group-" + strings.ToLower(tag.Name), Description: tag.Description}
		for _, route := range routes {
			method, path := route.Method, strings.ReplaceAll(route.Pattern, "...", "")
			any := method == ""
			if any {
				method = http.MethodGet
			}
			op := operationAt(d, method, path)
			if op == nil || op.Tags[0] != tag.Name {
				continue
			}
			o := drawer.operation(op)
			o.Open = route.Open
			if any {
				o.ID, o.Methods = strings.TrimSuffix(o.ID, "_get"), []string{"ANY"}
			}
			g.Operations = append(g.Operations, o)
		}
		v.Groups = append(v.Groups, g)
	}
	v.Objects = drawer.objects()
	return v
}

// docsDrawer turns the OpenAPI value into what the page shows, and notes which objects were linked to.
type docsDrawer struct {
	schemas huma.Registry
	base    string
	linked  map[string]bool
	order   []string
}

func (d *docsDrawer) operation(op *huma.Operation) docsOperation {
	o := docsOperation{
		ID: op.OperationID, Methods: []string{op.Method}, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Status: strconv.Itoa(op.DefaultStatus) + " " + http.StatusText(op.DefaultStatus),
	}
	for _, p := range op.Parameters {
		f := d.field(p.Name, p.Schema, p.Required)
		f.Description = p.Description
		switch p.In {
		case "path":
			o.Names = append(o.Names, f)
		case "query":
			o.Query = append(o.Query, f)
		}
	}
	var body string
	if op.RequestBody != nil {
		media := op.RequestBody.Content["application/json"]
		object := d.object("", media.Schema)
		o.Body = &object
		body = exampleOf(media)
	}
	o.Curl = d.curl(op, body)
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		if codes, ok := r.Extensions[codesExtension].([]string); ok {
			o.Errors = append(o.Errors, docsError{status, codes})
		} else if media := r.Content["application/json"]; media != nil {
			o.Example = exampleOf(media)
			if media.Schema != nil {
				o.Answer = d.typeOf(media.Schema)
			}
		}
	}
	return o
}

func exampleOf(media *huma.MediaType) string {
	raw, ok := media.Example.(json.RawMessage)
	if !ok {
		return ""
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		panic("api: an example is not JSON: " + err.Error())
	}
	return b.String()
}

// curl is the operation as one types it.
func (d *docsDrawer) curl(op *huma.Operation, body string) string {
	path := op.Path
	for _, p := range op.Parameters {
		if p.In == "path" && len(p.Schema.Examples) > 0 {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(p.Schema.Examples[0]))
		}
	}
	line := "curl "
	if op.Method != http.MethodGet && !(op.Method == http.MethodPost && body != "") {
		line += "-X " + op.Method + " "
	}
	lines := []string{line + d.base + path}
	if op.Security == nil {
		lines = append(lines, `-H "Authorization: Bearer $LANYARD_API_KEY"`)
	}
	if body != "" {
		contentType := "application/json"
		if op.Method == http.MethodPatch {
			contentType = mergePatch
		}
		lines = append(lines, "-H 'Content-Type: "+contentType+"'", "-d '"+strings.ReplaceAll(body, "'", `'\''`)+"'")
	}
	return strings.Join(lines, " \\\n  ")
}

// object lists the fields of a schema.
func (d *docsDrawer) object(name string, s *huma.Schema) docsObject {
	for s.Ref != "" {
		s = d.schemas.SchemaFromRef(s.Ref)
	}
	o := docsObject{Name: name, Description: s.Description}
	for _, form := range s.OneOf {
		o.Forms = append(o.Forms, d.typeOf(form))
	}
	names := slices.SortedFunc(maps.Keys(s.Properties), func(x, y string) int {
		// What must be given comes first.
		rx, ry := slices.Contains(s.Required, x), slices.Contains(s.Required, y)
		if rx != ry {
			if rx {
				return -1
			}
			return 1
		}
		return strings.Compare(x, y)
	})
	for _, n := range names {
		o.Fields = append(o.Fields, d.field(n, s.Properties[n], slices.Contains(s.Required, n)))
	}
	return o
}

func (d *docsDrawer) field(name string, s *huma.Schema, required bool) docsField {
	f := docsField{Name: name, Description: s.Description, Required: required, Type: d.typeOf(s)}
	if f.Description == "" && s.Ref != "" {
		f.Description = d.schemas.SchemaFromRef(s.Ref).Description
	}
	if s.ReadOnly {
		f.Notes = append(f.Notes, "read only")
	}
	if s.WriteOnly {
		f.Notes = append(f.Notes, "write only")
	}
	if s.Nullable {
		f.Notes = append(f.Notes, "may be null")
	}
	if s.Default != nil {
		f.Notes = append(f.Notes, fmt.Sprintf("default %s", quoted(s.Default)))
	}
	for _, v := range s.Enum {
		if v != "" {
			f.Values = append(f.Values, quoted(v))
		}
	}
	return f
}

func quoted(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

func (d *docsDrawer) typeOf(s *huma.Schema) docsType {
	switch {
	case s.Ref != "":
		return d.link(strings.TrimPrefix(s.Ref, schemaPrefix))
	case len(s.OneOf) > 0:
		return docsType{Before: typeName(s)}
	case s.Type == huma.TypeArray:
		t := d.typeOf(s.Items)
		t.Before = "list of " + t.Before
		return t
	case s.Type == huma.TypeObject:
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			t := d.typeOf(values)
			t.Before = "object of " + t.Before
			return t
		}
		return docsType{Before: "object"}
	case s.Format == "date-time":
		return docsType{Before: "time"}
	case s.ContentEncoding == "base64":
		return docsType{Before: "base64 text"}
	case s.Type == huma.TypeString:
		return docsType{Before: "text"}
	case s.Type == huma.TypeInteger:
		return docsType{Before: "number"}
	case s.Type == "":
		return docsType{Before: "any"}
	}
	return docsType{Before: s.Type}
}

// link refers to an object, which then has to be on the page. A page of a list is shown as what it holds.
func (d *docsDrawer) link(name string) docsType {
	if s := d.schemas.Map()[name]; s != nil && s.Properties["next_cursor"] != nil {
		t := d.typeOf(s.Properties["items"])
		t.Before = "page: " + t.Before
		return t
	}
	if !d.linked[name] {
		d.linked[name] = true
		d.order = append(d.order, name)
	}
	return docsType{Link: name}
}

// objects draws every object that was linked to, and those that they link to in turn.
func (d *docsDrawer) objects() []docsObject {
	d.link("Problem")
	var all []docsObject
	for i := 0; i < len(d.order); i++ { // drawing one can add others
		all = append(all, d.object(d.order[i], d.schemas.Map()[d.order[i]]))
	}
	slices.SortFunc(all, func(x, y docsObject) int { return strings.Compare(x.Name, y.Name) })
	return all
}

var (
	proseMark = regexp.MustCompile("`([^`]+)`|\\*([^*]+)\\*")
	jsonToken = regexp.MustCompile(`("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?\b`)
)

// prose draws the little of Markdown that descriptions use: paragraphs, `code` and *emphasis*.
func prose(text string) template.HTML {
	var b strings.Builder
	for _, paragraph := range strings.Split(text, "\n\n") {
		marked := proseMark.ReplaceAllStringFunc(template.HTMLEscapeString(paragraph), func(m string) string {
			if m[0] == '`' {
				return "<code>" + m[1:len(m)-1] + "</code>"
			}
			return "<em>" + m[1:len(m)-1] + "</em>"
		})
		b.WriteString("<p>" + marked + "</p>")
	}
	return template.HTML(b.String()) //nolint:gosec // everything that went in was escaped
}

// highlightJSON tells keys, texts and other values apart.
func highlightJSON(text string) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range jsonToken.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(template.HTMLEscapeString(text[at:m[0]]))
		class, end := "v", m[1]
		switch {
		case m[4] >= 0:
			class, end = "k", m[3]
		case m[2] >= 0:
			class = "s"
		}
		b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(text[m[0]:end]) + "</span>")
		b.WriteString(template.HTMLEscapeString(text[end:m[1]]))
		at = m[1]
	}
	b.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(b.String()) //nolint:gosec // everything that went in was escaped
}
