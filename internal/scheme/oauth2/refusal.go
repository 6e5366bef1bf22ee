package oauth2

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"lanyard"
	"lanyard/internal/scheme/oauth2/endpoint"
)

// Class is what a failure means for whoever asked.
type Class string

const (
	// Refused: the grant is not, or no longer, good. A person has to connect again.
	Refused Class = "refused"
	// Misconfigured: the service's own settings are wrong, most often its client secret. It concerns every connection of
	// the service, and no grant has been judged.
	Misconfigured Class = "misconfigured"
	// Transient: nothing is known about the grant. The same may be tried later, after RetryAfter at least.
	Transient Class = "transient"
	// Malformed: the provider did what it was asked, by its status, but the answer cannot be used. A code, or a refresh
	// token that is good for one use, may have been used up.
	Malformed Class = "malformed"
)

// Error is a call that brought no token. Its text holds none of the secrets that were sent and may be shown.
type Error struct {
	Op      string // "exchange", "refresh", "client credentials", "revoke"
	Class   Class
	Status  int    // of the answer; 0 when there was none
	Problem string // what is wrong, in our words; empty where the provider's say it

	// The provider's own words (RFC 6749 §5.2), on one line, at most 300 characters each.
	Code        string
	Description string
	URI         string // only an https one

	RetryAfter time.Duration // asked for by the provider, at most an hour; 0 when it was not
	// NeverSent: not one byte reached the provider, so nothing was used up.
	NeverSent bool
	Cause     error
}

func (e *Error) Error() string {
	parts := []string{e.Op, string(e.Class)}
	if e.Op == "" {
		parts = parts[1:]
	}
	for _, s := range []string{e.Problem, e.Code, e.Description} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	s := strings.Join(parts, ": ")
	if e.Status != 0 {
		s += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// refusedClient reports whether the provider did not accept the way in which the client proved itself.
func (e *Error) refusedClient() bool {
	return e.Code == "invalid_client" && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnauthorized)
}

// refusal classifies an answer that is not 2xx. object is nil when the body is not one; why says what it is then.
func refusal(a *endpoint.Answer, object []byte, why string, sent []lanyard.Secret) *Error {
	said := readError(object)
	if strings.EqualFold(said.code, http.StatusText(a.Status)) {
		said.code = "" // {"status": 403, "error": "Forbidden"} comes from a gateway or framework, not from OAuth
	}
	class := Transient
	switch {
	case a.Status < 400 || a.Status > 499:
	case a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly, a.Status == http.StatusTooManyRequests:
	case said.code != "":
		unknown := Misconfigured // a 404 or 405 in JSON: the URL is wrong
		switch a.Status {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
			unknown = Refused
		}
		class = classOf(said.code, unknown)
	case a.Status == http.StatusUnauthorized && (object != nil || len(bytes.TrimSpace(a.Body)) == 0):
		class = Misconfigured // all that is said is that the client did not prove itself
	}
	e := said.asError(class, a, sent)
	switch {
	case a.Status >= 300 && a.Status <= 399:
		e.Problem = "the provider answered with a redirect, which is not followed"
		if u, err := url.Parse(a.Header.Get("Location")); err == nil && u.Host != "" {
			e.Problem += " (to " + endpoint.Quote(u.Scheme+"://"+u.Host, sent...) + ")"
		}
	case object == nil:
		e.Problem = why
	case e.Code == "" && e.Description == "":
		e.Problem = "the answer says nothing about the reason"
	}
	return e
}

// classOf knows the codes of RFC 6749 §4.1.2.1 and §5.2 and RFC 8628 §3.5, and a few that big providers use in their place.
func classOf(code string, unknown Class) Class {
	switch strings.ToLower(code) {
	case "invalid_grant", "access_denied", "invalid_scope",
		"unauthorized_client": // by the RFC the client's fault; in practice also a refresh token that was used before
		return Refused
	case "invalid_client", "unsupported_grant_type", "invalid_request", "unsupported_response_type",
		"incorrect_client_credentials", "redirect_uri_mismatch", // GitHub; the latter Google too
		"deleted_client", "disabled_client", // Google
		"invalid_client_id", "bad_client_secret", "bad_redirect_uri": // Slack
		return Misconfigured
	case "temporarily_unavailable", "server_error", "slow_down", "authorization_pending",
		"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout": // Slack, with status 200
		return Transient
	}
	return unknown
}

// words are what an answer says about an error.
type words struct{ code, description, uri string }

// readError looks where providers put an error: the members of RFC 6749 §5.2; an object in their place (Facebook,
// Google's APIs); a list of errors (JSON:API); or members of other names.
func readError(object []byte) words {
	if object == nil {
		return words{}
	}
	top := gjson.ParseBytes(object)
	w := words{description: firstText(top, "error_description", "error_message", "errorMessage", "message", "detail", "msg"), uri: top.Get("error_uri").String()}
	e := top.Get("error")
	if list := top.Get("errors"); !truthy(e) && list.IsArray() {
		e = list.Get("0")
	}
	switch {
	case e.IsObject() && truthy(e):
		w.code = firstText(e, "status", "type", "error", "code", "id")
		if w.code == "" {
			w.code = "error"
			if n := e.Get("code"); n.Type == gjson.Number {
				w.code += " " + n.Raw
			}
		}
		if d := firstText(e, "message", "error_description", "description", "detail", "title"); d != "" {
			w.description = d
		}
	case e.Type == gjson.String && e.Str != "":
		w.code = e.Str
	case truthy(e):
		w.code = "error"
		if e.Type == gjson.Number {
			w.code = "error " + e.Raw
		}
	default:
		w.code = firstText(top, "error_code", "errorCode")
	}
	return w
}

// truthy is false for what providers put beside a token to say that there is no error: "", 0, false, null, {}, [].
func truthy(v gjson.Result) bool {
	switch v.Type {
	case gjson.String:
		return v.Str != ""
	case gjson.Number:
		return v.Num != 0
	case gjson.True:
		return true
	case gjson.JSON:
		empty := true
		v.ForEach(func(_, _ gjson.Result) bool { empty = false; return false })
		return !empty
	}
	return false
}

func firstText(v gjson.Result, names ...string) string {
	for _, name := range names {
		if s := v.Get(name); s.Type == gjson.String && strings.TrimSpace(s.Str) != "" {
			return s.Str
		}
	}
	return ""
}

func (w words) asError(class Class, a *endpoint.Answer, sent []lanyard.Secret) *Error {
	e := &Error{
		Class: class, Status: a.Status, RetryAfter: a.RetryAfter(),
		Code: endpoint.Quote(w.code, sent...), Description: endpoint.Quote(w.description, sent...),
	}
	if strings.HasPrefix(w.uri, "https://") {
		e.URI = endpoint.Quote(w.uri, sent...)
	}
	return e
}
