package lanyard

import (
	"errors"
	"fmt"
	"time"
)

// Code names a kind of failure. Callers rely on it; the sentence beside it may change.
type Code string

const (
	CodeInvalidRequest        Code = "invalid_request"
	CodeLoginUserRequired     Code = "login_user_required"
	CodeUnauthenticated       Code = "unauthenticated"
	CodeForbidden             Code = "forbidden"
	CodeHostNotAllowed        Code = "host_not_allowed"
	CodeAddressNotAllowed     Code = "address_not_allowed"
	CodeNotFound              Code = "not_found"
	CodeMethodNotAllowed      Code = "method_not_allowed"
	CodeConflict              Code = "conflict"
	CodeNotEditable           Code = "not_editable"
	CodeNotConnected          Code = "not_connected"
	CodeAuthorizationRequired Code = "authorization_required"
	CodeReconnectRequired     Code = "reconnect_required"
	CodePendingConfirmation   Code = "pending_confirmation"
	CodeRequestTooLarge       Code = "request_too_large"
	CodeUnsupportedMediaType  Code = "unsupported_media_type"
	CodeRateLimited           Code = "rate_limited"
	CodeFunctionFailed        Code = "function_failed"
	CodeInternal              Code = "internal"
	CodeUpstreamUnreachable   Code = "upstream_unreachable"
	CodeResponseTooLarge      Code = "response_too_large"
	CodeRefreshUnavailable    Code = "refresh_unavailable"
	CodeUnavailable           Code = "unavailable"
	CodeUpstreamTimeout       Code = "upstream_timeout"
)

// Error is a failure that a caller can act on. Everything in it but Cause was written for a stranger to read.
// An error that is not an *Error is reported as internal, without its text.
type Error struct {
	Code    Code
	Message string       // a sentence: what happened, to what, what to do
	Fields  []FieldError // for invalid_request: where
	// ConnectURL leads the right person to the page that mends the connection.
	ConnectURL string
	// ProviderError and ProviderDescription are RFC 6749 §5.2's error and error_description, as the provider said them.
	ProviderError       string
	ProviderDescription string
	RetryAfter          time.Duration // zero: unknown
	Cause               error         // for the log; never sent to a caller
}

// FieldError says what is wrong with one field of a request.
type FieldError struct {
	Pointer string `json:"pointer"` // RFC 6901 JSON pointer into the request body, or the name of a query parameter
	Detail  string `json:"detail"`
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	for _, f := range e.Fields {
		s += "; " + f.Pointer + ": " + f.Detail
	}
	if e.Cause != nil {
		s += " (" + e.Cause.Error() + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an *Error from a sentence for people. The cause goes in by [Error.With], never into the sentence.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// With returns e after setting its cause, for errors made in one line.
func (e *Error) With(cause error) *Error { e.Cause = cause; return e }

// CodeOf gives the code of an error: its own, or internal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// FieldErrors collects faults of a request, so that all are reported at once.
type FieldErrors []FieldError

// Add notes a fault. Pointer is a JSON pointer such as "/auth/scopes/0/value".
func (f *FieldErrors) Add(pointer, format string, args ...any) {
	*f = append(*f, FieldError{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

// Check notes err, if there is one, as a fault of the field.
func (f *FieldErrors) Check(pointer string, err error) {
	if err != nil {
		f.Add(pointer, "%s", err.Error())
	}
}

// Err is nil when there were no faults, and an invalid_request error that names them otherwise.
func (f FieldErrors) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: f}
}
