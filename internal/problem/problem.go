// Package problem is where an error becomes an answer: an RFC 9457 document with the code that callers rely on. The
// one table from code to HTTP status and title is here, and here only.
//
// REST API and proxy write the document as it is ([Write]); the page renders [Of] as a page; the Go client turns it back
// into the same *lanyard.Error ([Parse]). What is written was meant for a stranger: the cause of an error goes to the
// log ([Log]) and nowhere else, and an internal error tells only the id of the request, which is also in the log.
//
// Start with [Of].
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lanyard"
)

// Kind is one row of the table: what a code means over HTTP.
type Kind struct {
	Code   lanyard.Code
	Status int
	Title  string // the same for every occurrence (RFC 9457 §3.1.3)
	Help   string // when it occurs and what a caller does about it, for the documentation
}

var kinds = []Kind{
	{lanyard.CodeInvalidRequest, 400, "The request is not valid", "Something in the request is missing, unknown or wrong; `errors` says where. Nothing was changed."},
	{lanyard.CodeLoginUserRequired, 400, "A login user is required", "The connection uses the credentials of the login user, and the call acts for nobody. Send `Lanyard-User` with a key made with *act for users*."},
	{lanyard.CodeUnauthenticated, 401, "Authentication is required", "There is no API key, or it is unknown, was deleted or has expired. Send `Authorization: Bearer <API key>`."},
	{lanyard.CodeForbidden, 403, "This is not allowed", "The key or its user may not do this."},
	{lanyard.CodeHostNotAllowed, 403, "The host is not allowed", "The service does not list the host of the URL, so its credential is not sent there. Add the host to the service, or correct the URL."},
	{lanyard.CodeAddressNotAllowed, 403, "The address is not allowed", "The host resolves to an address that the operator does not allow: loopback, private, link-local and cloud metadata addresses are closed unless opened with `--allow-network`."},
	{lanyard.CodeNotFound, 404, "Not found", "It does not exist, or the caller may not know of it."},
	{lanyard.CodeMethodNotAllowed, 405, "The method is not allowed", "The path exists, but not with this method; `Allow` lists those it has."},
	{lanyard.CodeConflict, 409, "There is a conflict", "The link name is taken, or somebody else changed the same thing meanwhile. Read it again and repeat."},
	{lanyard.CodeNotEditable, 409, "This cannot be edited", "The rules freeze this field once the thing exists; `errors` says which. Nothing was changed."},
	{lanyard.CodeNotConnected, 409, "The connection is not connected", "Nobody has given credentials yet, or they were revoked. Its owner opens `connect_url`."},
	{lanyard.CodeAuthorizationRequired, 409, "The user has to connect", "The connection uses each user's own account and this user has none yet. The user opens `connect_url`."},
	{lanyard.CodeReconnectRequired, 409, "The connection has to be connected again", "The stored credential does not work any more; `detail` says why. The right person opens `connect_url`."},
	{lanyard.CodePendingConfirmation, 409, "The connection waits for confirmation", "The consent was given, and the application that started it has not confirmed it yet."},
	{lanyard.CodeRequestTooLarge, 413, "The request is too large", "The body is larger than this operation takes."},
	{lanyard.CodeUnsupportedMediaType, 415, "The content type is not supported", "Send JSON with `Content-Type: application/json`."},
	{lanyard.CodeRateLimited, 429, "Too many requests", "Wait for `retry_after` seconds."},
	{lanyard.CodeFunctionFailed, 500, "The function failed", "The function behind this address ended with an error, or could not be run. Those who may read its runs see why."},
	{lanyard.CodeInternal, 500, "Something went wrong here", "A fault of the server. `request_id` is also in its log."},
	{lanyard.CodeUpstreamUnreachable, 502, "The service cannot be reached", "The service's API did not answer: its name does not resolve, or the connection failed."},
	{lanyard.CodeResponseTooLarge, 502, "The response is too large", "The service answered with more than `invoke` holds. The proxy streams without a limit."},
	{lanyard.CodeRefreshUnavailable, 503, "The credential cannot be refreshed now", "The access token has ended and the provider does not answer. Nothing is lost; try again after `retry_after` seconds."},
	{lanyard.CodeUnavailable, 503, "The server is not available now", "The server is starting, stopping, or cannot reach its database. Try again."},
	{lanyard.CodeUpstreamTimeout, 504, "The service did not answer in time", "The service's API took longer than the time-out of the call."},
}

// Kinds lists every code with its status, in the order of statuses.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }

// KindOf gives the row of a code. A code that has none is treated as internal.
func KindOf(code lanyard.Code) Kind {
	for _, k := range kinds {
		if k.Code == code {
			return k
		}
	}
	return KindOf(lanyard.CodeInternal)
}

// MediaType is the content type of a document (RFC 9457 §3).
const MediaType = "application/problem+json"

// CodeHeader carries the code beside the document. On the proxy it tells Lanyard's own errors from the service's.
const CodeHeader = "Lanyard-Error"

// Document is an error as callers read it.
type Document struct {
	Type                string               `json:"type" doc:"A link to what this documentation says about the code, relative to the server" example:"/docs#code-not_found"`
	Title               string               `json:"title" doc:"A short text that is the same for every occurrence of the code" example:"Not found"`
	Status              int                  `json:"status" doc:"The HTTP status" example:"404"`
	Detail              string               `json:"detail" doc:"What happened, to what, and what to do; written for people and not to be parsed" example:"There is no connection \"acme_live\" here."`
	Code                lanyard.Code         `json:"code" doc:"What kind of error it is; callers may rely on it" example:"not_found"`
	Errors              []lanyard.FieldError `json:"errors,omitempty" doc:"What is wrong where, for an invalid request or a field that cannot be edited"`
	ConnectURL          string               `json:"connect_url,omitempty" doc:"The page that leads the right person to mend the connection"`
	ProviderError       string               `json:"provider_error,omitempty" doc:"The provider's own error code (RFC 6749 section 5.2), as it said it" example:"invalid_grant"`
	ProviderDescription string               `json:"provider_error_description,omitempty" doc:"The provider's own words, as it said them"`
	RetryAfter          int64                `json:"retry_after,omitempty" doc:"Seconds to wait before another try; also in the header Retry-After" example:"30"`
	RequestID           string               `json:"request_id,omitempty" doc:"For internal errors: the id of the request, which is also in the server's log"`
}

// Of gives the document of an error. An error that is not a *lanyard.Error is internal, and of an internal error
// nothing is told but the request id.
func Of(err error, requestID string) *Document {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		e = &lanyard.Error{Code: lanyard.CodeInternal}
	}
	k := KindOf(e.Code)
	d := &Document{Type: "/docs#code-" + string(k.Code), Title: k.Title, Status: k.Status, Code: k.Code}
	if k.Code == lanyard.CodeInternal {
		d.Detail, d.RequestID = "Something went wrong on our side.", requestID
		if requestID != "" {
			d.Detail += " The server's log says more under the request id " + requestID + "."
		}
		return d
	}
	d.Detail, d.Errors, d.ConnectURL = e.Message, e.Fields, e.ConnectURL
	d.ProviderError, d.ProviderDescription = e.ProviderError, e.ProviderDescription
	if e.RetryAfter > 0 {
		d.RetryAfter = int64(math.Ceil(e.RetryAfter.Seconds())) // never earlier than asked
	}
	return d
}

// SetHeaders sets what goes with the document: its type, that nobody may keep it, and what the code asks for.
func (d *Document) SetHeaders(h http.Header) {
	h.Set("Content-Type", MediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set(CodeHeader, string(d.Code))
	if d.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(d.RetryAfter, 10))
	}
	if d.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="Lanyard"`) // RFC 9110 §11.6.1: a 401 says how
	}
}

// Write answers a request with the document of err, and returns it. It writes no log line: see [Log].
func Write(w http.ResponseWriter, r *http.Request, err error) *Document {
	d := Of(err, RequestID(r.Context()))
	h := w.Header()
	h.Del("Content-Length") // of an answer that was begun and given up
	h.Del("Content-Encoding")
	d.SetHeaders(h)
	w.WriteHeader(d.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(d.JSON()) // a caller that has gone away needs no answer
	}
	return d
}

// JSON is the document as it is sent, with a line break at its end.
func (d *Document) JSON() []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // connect_url stays a URL that can be copied
	if err := enc.Encode(d); err != nil {
		panic(fmt.Sprintf("encode a problem document: %T", err)) // plain strings and numbers always encode
	}
	return []byte(b.String())
}

// Log writes what a caller was not told: an internal error at level Error, the cause of another one at level Info. An
// error without a hidden part is not logged; the access log has its code.
func Log(ctx context.Context, logger *slog.Logger, err error) {
	var e *lanyard.Error
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		logger.LogAttrs(ctx, slog.LevelInfo, "caller went away")
	case lanyard.CodeOf(err) == lanyard.CodeInternal:
		logger.LogAttrs(ctx, slog.LevelError, "internal error", slog.String("error", err.Error()))
	case errors.As(err, &e) && e.Cause != nil:
		logger.LogAttrs(ctx, slog.LevelInfo, "request refused", slog.String("code", string(e.Code)), slog.String("error", err.Error()))
	}
}

// Parse turns an answer that is not a success back into the error it was made from. An answer that is not one of ours,
// say of a reverse proxy in between, gives the code that fits its status best.
func Parse(body []byte, status int) *lanyard.Error {
	var d Document
	if err := json.Unmarshal(body, &d); err != nil || d.Code == "" {
		return foreign(status)
	}
	e := &lanyard.Error{
		Code: d.Code, Message: d.Detail, Fields: d.Errors, ConnectURL: d.ConnectURL,
		ProviderError: d.ProviderError, ProviderDescription: d.ProviderDescription,
	}
	if e.Message == "" {
		e.Message = d.Title
	}
	if d.RetryAfter > 0 && d.RetryAfter <= int64(math.MaxInt64/time.Second) {
		e.RetryAfter = time.Duration(d.RetryAfter) * time.Second
	}
	return e
}

func foreign(status int) *lanyard.Error {
	code := lanyard.CodeInternal
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// Our own 502 and 504 speak of a service's API; a stranger's speak of this server.
		code = lanyard.CodeUnavailable
	default:
		for _, k := range kinds {
			if k.Status == status {
				code = k.Code
				break
			}
		}
	}
	return lanyard.Errorf(code, "The server answered with status %d, but not as Lanyard does: check the URL, and what stands in between.", status)
}
