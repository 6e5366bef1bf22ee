package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"lanyard"
	"lanyard/internal/problem"
)

// handle puts an operation on the mux and into the document. The handler gets its caller as a parameter; its error
// becomes a problem document.
func handle[I, O any](a *API, route string, handler func(context.Context, *lanyard.Caller, *I) (*O, error)) {
	op := a.operation(route)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, callerOf(ctx), in)
		if err != nil {
			problem.Log(ctx, a.logger, err)
			return nil, refusal{*problem.Of(err, problem.RequestID(ctx))}
		}
		return out, nil
	})
	a.routes = append(a.routes, Route{Method: op.Method, Pattern: op.Path})
}

// open puts a route on the mux that needs no API key.
func (a *API) open(route string, handler http.HandlerFunc) {
	method, path, _ := strings.Cut(route, " ")
	a.mux.HandleFunc(route, handler)
	a.routes = append(a.routes, Route{Method: method, Pattern: path, Open: true})
	if _, ok := operations[route]; ok {
		op := a.operation(route)
		op.Security = []map[string][]string{}
		op.Responses[strconv.Itoa(op.DefaultStatus)] = &huma.Response{Description: http.StatusText(op.DefaultStatus)}
		if strings.HasSuffix(path, "/{token}") {
			op.Parameters = append(op.Parameters, &huma.Param{Name: "token", In: "path", Required: true, Description: "The secret in the address", Schema: text("")})
		}
		a.huma.OpenAPI().AddOperation(&op)
	}
}

// bare puts a route into the index and the document that serve.go answers itself.
func (a *API) bare(path string) {
	a.routes = append(a.routes, Route{Pattern: path})
	for _, method := range methods {
		op := a.operation(path)
		op.Method, op.Path = method, strings.ReplaceAll(path, "...", "")
		op.OperationID += "_" + strings.ToLower(method)
		op.Parameters = append([]*huma.Param{
			{Name: "link_name", In: "path", Required: true, Description: "The connection's link name", Schema: text("", "acme_live")},
			{Name: "path", In: "path", Required: true, Description: "What follows the base URL of the service; it may hold slashes", Schema: text("", "v2/tickets")},
		}, op.Parameters...)
		op.Responses["default"] = &huma.Response{Description: "The service's own answer, whatever its status"}
		a.huma.OpenAPI().AddOperation(&op)
	}
}

// operation makes what huma needs to know of a route from what operations.go says about it.
func (a *API) operation(route string) huma.Operation {
	said, ok := operations[route]
	if !ok {
		panic("api: operations.go says nothing about " + route)
	}
	method, path, _ := strings.Cut(route, " ")
	op := huma.Operation{
		Method: method, Path: path, OperationID: said.id, Tags: []string{said.tag}, Summary: said.summary, Description: said.description,
		DefaultStatus: http.StatusOK, Responses: map[string]*huma.Response{},
		// Bodies were read and judged before huma sees them (admit.go), within limits of our own.
		SkipValidateBody: true, MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
	if said.status != 0 {
		op.DefaultStatus = said.status
	}
	given := said.errors
	if said.tag != "Server" && !said.open {
		given = codes(always, given)
		op.Parameters = []*huma.Param{{
			Name: userHeader, In: "header", Schema: text("", "customer-4711"),
			Description: "The user to act for, by id or external_id; for API keys made with *act for users*",
		}}
	}
	for _, k := range problem.Kinds() {
		if slices.Contains(given, k.Code) {
			describeError(op.Responses, k)
		}
	}
	if said.media != "" {
		op.Responses[strconv.Itoa(op.DefaultStatus)] = &huma.Response{
			Description: http.StatusText(op.DefaultStatus), Content: map[string]*huma.MediaType{said.media: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}
	}
	if schema := bodySchema[route]; schema != "" {
		media := &huma.MediaType{Schema: ref(schema)}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": media}}
		if method == http.MethodPatch {
			op.RequestBody.Content[mergePatch] = media
		}
	}
	return op
}

// bodySchema names the schema of bodies that a handler passes on as they came.
var bodySchema = map[string]string{
	"POST /v1/services":                 "NewService",
	"PATCH /v1/services/{link_name}":    "ServicePatch",
	"PATCH /v1/connections/{link_name}": "ConnectionPatch",
	"PATCH /v1/users/{id}":              "UserPatch",
	"PATCH /v1/functions/{link_name}":   "FunctionPatch",
	"POST /v1/invoke":                   "InvokeRequest",
	"POST /v1/definitions/plan":         "Definitions",
	"POST /v1/definitions/apply":        "Definitions",
}

// describeError adds a code to the answers of an operation. Codes that share a status share an entry.
func describeError(responses map[string]*huma.Response, k problem.Kind) {
	status := strconv.Itoa(k.Status)
	r := responses[status]
	if r == nil {
		r = &huma.Response{Content: map[string]*huma.MediaType{problem.MediaType: {Schema: ref("Problem")}}, Extensions: map[string]any{codesExtension: []string{}}}
		responses[status] = r
	} else {
		r.Description += "; "
	}
	r.Description += fmt.Sprintf("%s: %s", k.Code, k.Title)
	r.Extensions[codesExtension] = append(r.Extensions[codesExtension].([]string), string(k.Code))
}

// codesExtension lists the codes behind a status, for programs that read the document.
const codesExtension = "x-codes"

// document completes the OpenAPI document once all routes are in it.
func (a *API) document() {
	d := a.huma.OpenAPI()
	for _, t := range tags {
		d.Tags = append(d.Tags, &huma.Tag{Name: t.name, Description: t.description})
	}
	for route, said := range operations {
		method, path, found := strings.Cut(route, " ")
		if !found {
			continue // the proxy
		}
		op := operationAt(d, method, path)
		if op == nil {
			panic("api: operations.go speaks of a route that there is not: " + route)
		}
		if said.body != "" {
			for _, media := range op.RequestBody.Content {
				media.Example = json.RawMessage(said.body)
			}
		}
		if said.answer != "" {
			r := op.Responses[strconv.Itoa(op.DefaultStatus)]
			if r.Content == nil {
				r.Content = map[string]*huma.MediaType{"application/json": {}}
			}
			r.Content["application/json"].Example = json.RawMessage(said.answer)
		}
	}
	describeProblem(d.Components.Schemas.Map()["Problem"], d.Components.Schemas.Map()["FieldError"])
}

func operationAt(d *huma.OpenAPI, method, path string) *huma.Operation {
	item := d.Paths[path]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodHead: item.Head, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete, http.MethodOptions: item.Options,
	}[method]
}

func describeProblem(document, field *huma.Schema) {
	document.Description = "An error (RFC 9457)"
	code := document.Properties["code"]
	for _, k := range problem.Kinds() {
		code.Enum = append(code.Enum, string(k.Code))
	}
	field.Description = "What is wrong with one field"
	field.Properties["pointer"].Description = "A JSON pointer (RFC 6901) into the body, or the name of a query parameter"
	field.Properties["pointer"].Examples = []any{"/auth/scopes/0/value"}
	field.Properties["detail"].Description = "What is wrong, for people"
	field.Properties["detail"].Examples = []any{"this is required"}
}

// refusal is a problem document as huma answers it.
type refusal struct{ problem.Document }

func (r refusal) Error() string             { return string(r.Code) }
func (r refusal) GetStatus() int            { return r.Status }
func (refusal) ContentType(_ string) string { return problem.MediaType }
func (r refusal) GetHeaders() http.Header {
	h := http.Header{}
	r.SetHeaders(h)
	h.Del("Content-Type") // huma sets it, by ContentType
	return h
}

// schemaName names a schema after its Go type, without package and brackets.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[refusal]() {
		return "Problem"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

var replaceHumaErrors = sync.OnceFunc(func() {
	// Huma holds these in package variables. They are set once, before the first API serves, and to the same for all.
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		e := humaError(status, problem.RequestID(ctx.Context()), errs)
		for name, values := range e.GetHeaders() {
			ctx.SetHeader(name, values[0]) // huma asks for them only where a handler returned the error
		}
		return e
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { return humaError(status, "", errs) }
	huma.DefaultArrayNullable = false // lists are written as [], never as null
})

// humaError makes a problem document of what huma itself finds wrong. That is little, since query and body were judged
// before (admit.go); its own answer would repeat the offending value, secret or not.
func humaError(status int, requestID string, errs []error) refusal {
	if status >= http.StatusInternalServerError {
		return refusal{*problem.Of(errors.Join(errs...), requestID)}
	}
	var f lanyard.FieldErrors
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			continue
		}
		place, name, _ := strings.Cut(d.Location, ".")
		if place == "body" {
			f.Add("", "the body cannot be read")
			continue
		}
		f.Add(name, "%s", d.Message)
	}
	err := f.Err()
	if err == nil {
		err = lanyard.Errorf(lanyard.CodeInvalidRequest, "The request is not valid; nothing was changed.")
	}
	return refusal{*problem.Of(err, requestID)}
}

// writeJSON encodes an answer. A caller that has gone away is no fault of the answer.
func writeJSON(w io.Writer, v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // URLs stay as they can be copied
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, _ = io.WriteString(w, b.String())
	return nil
}
