package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/problem"
)

// maxShown is how many bytes of a body are shown.
const maxShown = 256 << 10

// tryPart is the part of a connection's page that makes a call: the form, and below it what came of it.
type tryPart struct {
	form
	Action  string
	Method  field
	URL     field
	More    []field // headers, parameters, body and its type
	Open    bool    // one of those holds something, or something is wrong with it
	Remedy  string  // what to do about a call that failed
	Connect string  // the page that mends the connection; empty where that is not the way
	Button  string  // what leads there
	// RequestID is what the log knows a failed call by.
	RequestID string
	Answer    *shownAnswer  // nil: there is none
	Sent      *shownRequest // nil: nothing was sent
}

// shownAnswer is what the service answered.
type shownAnswer struct {
	Status  string // 200 OK
	Tone    string
	Took    string
	Size    string
	Headers []invoke.Header
	Body    shownBody
}

// shownRequest is the request as it left, without the credential.
type shownRequest struct {
	Heading string
	Method  string
	URL     string
	Headers []shownHeader
	Body    shownBody
	Placed  []placedPart // what the connection put on it
	Note    string
}

// placedPart is a part of a request, in words.
type placedPart struct {
	In   string // header, query parameter or form field
	Name string
}

type shownHeader struct {
	invoke.Header
	Placed bool // by the connection
}

// shownBody is a body made fit for a page: laid out as JSON, as text, or not at all.
type shownBody struct {
	JSON template.HTML
	Text string
	Note string // why not all of it is shown; empty when it is
}

// tryInput is what a person typed in.
type tryInput struct{ Method, URL, Headers, Parameters, Body, ContentType string }

var tryMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// proposedCall is what the form holds at first: a call that the service is known to answer, where one is.
func proposedCall(s *lanyard.Service) tryInput {
	if s.BaseURL == "" {
		return tryInput{Method: "GET", URL: "https://" + exampleHost(s) + "/"}
	}
	return tryInput{Method: "GET", URL: examplePath(s)}
}

func readTry(form url.Values) tryInput {
	text := func(name string) string { return strings.ReplaceAll(form.Get(name), "\r\n", "\n") } // as browsers send a textarea
	return tryInput{text("method"), text("url"), text("headers"), text("parameters"), text("body"), text("content_type")}
}

// request reads what was typed. A line that cannot be read is an error of its field.
func (in tryInput) request(connection lanyard.LinkName) (*invoke.Request, error) {
	var f lanyard.FieldErrors
	r := &invoke.Request{Connection: string(connection), URL: strings.TrimSpace(in.URL), Type: in.Method, Headers: map[string]string{}, ContentType: strings.TrimSpace(in.ContentType)}
	for i, line := range strings.Split(in.Headers, "\n") {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case strings.TrimSpace(line) == "":
		case !ok || name == "":
			f.Add("/headers", "line %d is not a header: write a name, a colon and a value", i+1)
		case r.Headers[name] != "":
			r.Headers[name] += ", " + value // RFC 9110 §5.3
		default:
			r.Headers[name] = value
		}
	}
	parameters := map[string][]string{}
	for _, line := range strings.Split(in.Parameters, "\n") {
		if name, value, _ := strings.Cut(line, "="); strings.TrimSpace(line) != "" {
			parameters[strings.TrimSpace(name)] = append(parameters[strings.TrimSpace(name)], value)
		}
	}
	if len(parameters) > 0 {
		r.Parameters = &invoke.Content{}
		if err := json.Unmarshal([]byte(jsonText(parameters)), r.Parameters); err != nil {
			return nil, fmt.Errorf("read the parameters: %w", err)
		}
	}
	if in.Body != "" {
		r.Body = &invoke.Content{Text: in.Body}
		if trimmed := strings.TrimSpace(in.Body); r.ContentType == "" && trimmed != "" && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid([]byte(trimmed)) {
			r.ContentType = "application/json"
		}
	}
	return r, f.Err()
}

// newTryPart draws the form. After a call, d is what went wrong, if anything did.
func newTryPart(d *credential.Detail, in tryInput, wrong *problem.Document) tryPart {
	p := tryPart{form: newForm(atFields(wrong), ""), Action: connectionPath(d.Connection.LinkName, "try")}
	if wrong != nil {
		p.Heading = wrong.Title
	}
	target := "A whole URL, of a host that the credential may go to."
	if base := d.Service.BaseURL; base != "" {
		target = "A path below " + base + ", or a whole URL."
	}
	if len(d.Service.DynamicParameters) > 0 {
		target += " {" + d.Service.DynamicParameters[0].Key + "} is filled from the connection."
	}
	methods := make([]lanyard.Choice, len(tryMethods))
	for i, m := range tryMethods {
		methods[i] = lanyard.Choice{Value: m}
	}
	p.Method = p.field(field{ID: "try-method", Name: "method", Label: "Method", Value: in.Method, Choices: methods, Chosen: true, Mono: true}, "/type")
	p.URL = p.field(field{ID: "try-url", Name: "url", Label: "URL or path", Value: in.URL, Mono: true, Help: target}, "/url")
	for _, more := range []struct {
		field
		at string
	}{
		{field{ID: "try-headers", Name: "headers", Label: "Headers", Value: in.Headers, Rows: 2, Placeholder: "Accept: application/json", Help: "One a line. What the connection sets replaces one of the same name."}, "/headers"},
		{field{ID: "try-parameters", Name: "parameters", Label: "Parameters", Value: in.Parameters, Rows: 2, Placeholder: "name=value", Help: "One a line. They go into the query, or into a form where a POST, PUT or PATCH has no other body."}, "/parameters"},
		{field{ID: "try-body", Name: "body", Label: "Body", Value: in.Body, Rows: 5, Placeholder: `{"name": "value"}`}, "/body"},
		{field{ID: "try-content-type", Name: "content_type", Label: "Type of the body", Value: in.ContentType, Placeholder: "application/json", Help: "Left empty: JSON where the body is JSON, else plain text."}, "/content_type"},
	} {
		more.Optional, more.Mono = true, true
		drawn := p.field(more.field, more.at)
		p.Open = p.Open || drawn.Value != "" || drawn.Error != ""
		p.More = append(p.More, drawn)
	}
	p.rest()
	return p
}

// atFields moves the faults of single headers to the field that holds them all.
func atFields(d *problem.Document) *problem.Document {
	if d == nil || len(d.Errors) == 0 {
		return d
	}
	moved := *d
	moved.Errors = nil
	for _, e := range d.Errors {
		if name, ok := strings.CutPrefix(e.Pointer, "/headers/"); ok {
			e.Pointer, e.Detail = "/headers", strings.NewReplacer("~1", "/", "~0", "~").Replace(name)+": "+e.Detail
		}
		moved.Errors = append(moved.Errors, e)
	}
	return &moved
}

// remedies say what to do about a call that failed, where its error does not.
var remedies = map[lanyard.Code]string{
	lanyard.CodeHostNotAllowed:        "Call one of the hosts that the service lists, or have whoever made the service add this one.",
	lanyard.CodeAddressNotAllowed:     "Whoever runs this Lanyard can open a network with --allow-network.",
	lanyard.CodeNotConnected:          "Connect it, and try again.",
	lanyard.CodeAuthorizationRequired: "Connect it with your own account, and try again.",
	lanyard.CodeReconnectRequired:     "Reconnect it, and try again. The link name stays, so scripts go on working.",
	lanyard.CodeUpstreamUnreachable:   "Check the URL, and whether the service is up.",
	lanyard.CodeUpstreamTimeout:       "Send it again later, or ask the service for less.",
	lanyard.CodeResponseTooLarge:      "Ask the service for less.",
	lanyard.CodeRefreshUnavailable:    "Nothing is lost. Send it again in a moment.",
	lanyard.CodeRateLimited:           "Wait a moment, and send it again.",
}

// answered adds what came of the call. tried is nil when the request could not even be read.
func (p *tryPart) answered(tried *invoke.Tried, wrong *problem.Document, requestID, publicURL string) {
	if wrong != nil {
		p.Remedy, p.RequestID = remedies[wrong.Code], requestID
		if path, ok := strings.CutPrefix(wrong.ConnectURL, publicURL); ok && credential.SafePath(path) {
			p.Connect, p.Button = path, "Connect it"
			if wrong.Code == lanyard.CodeReconnectRequired {
				p.Button = "Reconnect it"
			}
		}
	}
	if tried == nil {
		return
	}
	if a := tried.Answer; a != nil {
		p.Answer = &shownAnswer{
			Status: strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))), Tone: toneOf(a.Status),
			Took: took(a.Duration), Size: size(a.Body.Size), Headers: a.Headers, Body: newShownBody(a.Body, "The answer"),
		}
	}
	if s := tried.Sent; s != nil {
		p.Sent = newShownRequest(s, wrong)
	}
}

// newShownRequest shows what left, or what was to leave when it is wrong in a way that comes before.
func newShownRequest(s *invoke.Sent, wrong *problem.Document) *shownRequest {
	r := &shownRequest{Heading: "The request as it was sent", Method: s.Method, URL: s.URL, Body: newShownBody(s.Body, "The request")}
	if wrong != nil && wrong.Code != lanyard.CodeUpstreamTimeout && wrong.Code != lanyard.CodeResponseTooLarge {
		r.Heading = "The request as it was made"
	}
	if s.Times > 1 {
		r.Note = fmt.Sprintf("%d requests were sent: the token was refused and refreshed, and this is the last one.", s.Times)
	}
	for _, h := range s.Headers {
		placed := slices.Contains(s.Placed, invoke.Placed{In: lanyard.ParamHeader, Name: h.Name})
		r.Headers = append(r.Headers, shownHeader{h, placed})
	}
	for _, part := range s.Placed {
		in := map[lanyard.ParamType]string{lanyard.ParamHeader: "header", lanyard.ParamQuery: "query parameter", lanyard.ParamForm: "form field"}[part.In]
		r.Placed = append(r.Placed, placedPart{in, part.Name})
	}
	return r
}

func newShownBody(b invoke.Payload, what string) shownBody {
	switch {
	case b.Size == 0:
		return shownBody{Note: what + " has no body."}
	case b.Binary():
		return shownBody{Note: strings.TrimSpace(fmt.Sprintf("Binary, %s %s", size(b.Size), said(b.Type))) + ": it is not shown."}
	}
	var s shownBody
	var whole bool
	if b.JSON {
		s.JSON, whole = prettyJSON(b.Text, maxShown)
	} else {
		s.Text, whole = cut(b.Text, maxShown)
	}
	if !whole {
		s.Note = fmt.Sprintf("This is the beginning of %s: no more than %s is shown.", size(b.Size), size(maxShown))
	}
	return s
}

func toneOf(status int) string {
	switch {
	case status >= 500:
		return "bad"
	case status >= 400:
		return "warn"
	case status >= 300:
		return "quiet"
	}
	return "ok"
}

// try makes the call that was typed in, as the person who is signed in. It is a call like any other; only who sees the
// connection tries it here.
func (s *site) try(w http.ResponseWriter, r *http.Request, v visitor) error {
	d, err := s.keeper.Detail(r.Context(), v.caller, r.PathValue("connection"))
	if err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	if d.Service == nil {
		return lanyard.Errorf(lanyard.CodeConflict, "The service of this connection was deleted, so it cannot be called any more.")
	}
	in := readTry(r.PostForm)
	request, err := in.request(d.Connection.LinkName)
	var tried *invoke.Tried
	if err == nil {
		tried, err = s.invoker.Try(r.Context(), v.caller, request)
	}
	wrong := s.onForm(r, err)
	if err != nil && wrong == nil {
		return err
	}
	status := http.StatusOK
	if wrong != nil {
		status = wrong.Status
		// The call may have found that the connection has to be connected again.
		if d, err = s.keeper.Detail(r.Context(), v.caller, r.PathValue("connection")); err != nil {
			return err
		}
	}
	p, err := s.connectionPage(r, v, d)
	if err != nil {
		return err
	}
	if d.Service != nil {
		p.Try = newTryPart(d, in, wrong)
		p.Try.answered(tried, wrong, problem.RequestID(r.Context()), s.publicURL)
	}
	return s.write(w, status, p)
}
