package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"lanyard"
)

const (
	userHeader = "Lanyard-User"
	mergePatch = "application/merge-patch+json" // RFC 7396

	maxQueryNames = 100
	bodyWithin    = 2 * time.Minute // for a body to arrive; 32 MiB at 2 Mbit/s
)

// admit stands before every operation: it says who is asking, then judges the query and the body. What goes on to the
// handler has a caller and a body that decodes.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	caller, err := a.caller(w, r)
	if err == nil {
		err = checkQuery(ctx.Operation(), r.URL)
	}
	if err == nil {
		err = a.readBody(ctx.Operation(), w, r)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// callerKey carries the caller past huma, which hands a handler nothing but a context: from admit to handle, which takes
// it out again and passes it as a parameter.
type callerKey struct{}

func callerOf(ctx context.Context) *lanyard.Caller { return ctx.Value(callerKey{}).(*lanyard.Caller) }

// caller says who is asking, and tells the access log.
func (a *API) caller(w http.ResponseWriter, r *http.Request) (*lanyard.Caller, error) {
	key, err := bearer(r)
	if err != nil {
		return nil, err
	}
	c, err := a.Accounts.CallerByKey(r.Context(), key, r.Header.Values(userHeader))
	if rec, ok := w.(*recorder); ok {
		rec.caller = c
	}
	return c, err
}

// keyNames are query parameters in which people try to hand over an API key.
var keyNames = []string{"api_key", "apikey", "access_token", "key", "token"}

const keyHint = "Send the API key as “Authorization: Bearer …”."

// bearer gives the API key of a request (RFC 6750 §2.1). Two Authorization headers could mean one thing to whatever
// stands in front of us and another to us, so they mean nothing.
func bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	switch {
	case len(values) == 0 && namesKey(r.URL.RawQuery):
		// Not refused for what it is named where the proxy passes a query on, but it explains the missing header.
		return "", lanyard.Errorf(lanyard.CodeUnauthenticated, "There is no API key in the Authorization header. "+keyInURL)
	case len(values) == 0:
		return "", lanyard.Errorf(lanyard.CodeUnauthenticated, "There is no API key. "+keyHint)
	case len(values) > 1:
		return "", lanyard.Errorf(lanyard.CodeUnauthenticated, "The Authorization header stands twice. "+keyHint)
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", lanyard.Errorf(lanyard.CodeUnauthenticated, "The Authorization header holds no bearer token. "+keyHint)
	}
	return strings.TrimLeft(key, " "), nil
}

const keyInURL = "An API key does not belong in a URL, where it ends up in logs and histories: " +
	"send it as “Authorization: Bearer …”, and if a real one was sent in the URL, delete it and make another."

func namesKey(rawQuery string) bool {
	query, _ := url.ParseQuery(rawQuery) // what can be read of it
	for name := range query {
		if slices.Contains(keyNames, strings.ToLower(name)) {
			return true
		}
	}
	return false
}

// checkQuery refuses what an operation does not know, a parameter that stands twice, and what is not text. An API key
// among it is refused with a hint, and never repeated.
func checkQuery(op *huma.Operation, u *url.URL) error {
	if u.RawQuery == "" {
		return nil
	}
	invalid := func(name, detail string) error {
		var f lanyard.FieldErrors
		f.Add(name, "%s", detail)
		return f.Err()
	}
	if strings.Count(u.RawQuery, "&") >= maxQueryNames {
		return invalid("", "the query has too many parameters")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return invalid("", "the query cannot be read: every part of it is a name, “=” and a value, percent-encoded")
	}
	known := map[string]*huma.Schema{}
	for _, p := range op.Parameters {
		if p.In == "query" {
			known[p.Name] = p.Schema
		}
	}
	var f lanyard.FieldErrors
	for name, values := range query {
		schema, ok := known[name]
		switch {
		case slices.Contains(keyNames, strings.ToLower(name)):
			return &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: keyInURL, Fields: []lanyard.FieldError{{Pointer: name, Detail: "leave this out of the URL"}}}
		case !ok && (len(name) > maxToken || !utf8.ValidString(name)):
			f.Add("", "there is no such query parameter here")
		case !ok:
			f.Add(name, "there is no such query parameter here")
		case len(values) > 1:
			f.Add(name, "this stands twice")
		default:
			f.Check(name, checkQueryValue(schema, values[0]))
		}
	}
	slices.SortFunc(f, func(x, y lanyard.FieldError) int { return strings.Compare(x.Pointer, y.Pointer) })
	return f.Err()
}

// checkQueryValue compares a value with the schema of its parameter. An empty one is as good as none.
func checkQueryValue(s *huma.Schema, v string) error {
	switch {
	case v == "":
	case !utf8.ValidString(v) || strings.ContainsRune(v, 0):
		return errors.New("this is text without NUL characters")
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)):
		return fmt.Errorf("this is one of: %s", listed(s.Enum))
	case s.Type == huma.TypeBoolean && v != "true" && v != "false":
		return errors.New("this is true or false")
	case s.Type == huma.TypeInteger:
		if n, err := strconv.Atoi(v); err != nil || float64(n) < *s.Minimum || float64(n) > *s.Maximum {
			return fmt.Errorf("this is a whole number from %v to %v", *s.Minimum, *s.Maximum)
		}
	}
	return nil
}

// emptyBody is what an operation without a body takes: nothing, or an object without fields.
var emptyBody = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}

// readBody reads the body within its limit, judges it (strict.go) and puts what was read in its place.
func (a *API) readBody(op *huma.Operation, w http.ResponseWriter, r *http.Request) error {
	if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, op.Method) {
		return nil // RFC 9110 §9.3: a body of GET, HEAD or DELETE means nothing
	}
	limit := a.MaxBody
	switch {
	case op.Path == "/v1/invoke":
		limit = a.MaxInvokeBody
	case slices.Contains(packagePaths, op.Path):
		limit = a.MaxPackageBody
	}
	body, err := readWithin(w, r, limit)
	if err != nil {
		return err
	}
	schema, required := emptyBody, false
	if op.RequestBody != nil {
		schema, required = op.RequestBody.Content["application/json"].Schema, op.RequestBody.Required
	}
	if len(body) == 0 && !required {
		return nil
	}
	if err := checkContentType(op, r.Header); err != nil {
		return err
	}
	if err := checkBody(body, schema, a.huma.OpenAPI().Components.Schemas); err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json") // huma decodes by it; both types are JSON
	return nil
}

// readWithin reads a body of at most limit bytes.
func readWithin(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	// A body that never ends would hold a connection for ever. Where w knows no deadlines there is no connection.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyWithin))
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	_ = deadline.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The body of the request broke off.").With(err)
	case int64(len(body)) > limit:
		return nil, tooLarge(limit)
	}
	return body, nil
}

func tooLarge(limit int64) error {
	return lanyard.Errorf(lanyard.CodeRequestTooLarge, "The body is larger than the %d bytes that this takes.", limit)
}

func checkContentType(op *huma.Operation, h http.Header) error {
	taken, hint := []string{"application/json"}, "Send JSON with Content-Type: application/json."
	if op.Method == http.MethodPatch {
		taken, hint = append(taken, mergePatch), "Send a JSON merge patch with Content-Type: "+mergePatch+"."
	}
	unsupported := lanyard.Errorf(lanyard.CodeUnsupportedMediaType, "%s", hint)
	values := h.Values("Content-Type")
	if len(values) != 1 {
		return unsupported
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || !slices.Contains(taken, mediaType) {
		return unsupported
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return lanyard.Errorf(lanyard.CodeUnsupportedMediaType, "JSON is UTF-8 (RFC 8259): send it so.")
	}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return lanyard.Errorf(lanyard.CodeUnsupportedMediaType, "A compressed body is not taken here: send it as it is.")
	}
	return nil
}
