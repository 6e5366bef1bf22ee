package web

import (
	"net/http"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/problem"
)

// errorPage says what happened and what to do. It is the same document that the API answers with, as a page.
type errorPage struct {
	frame
	Status   int
	Heading  string
	Detail   string
	Errors   []lanyard.FieldError
	Provider string // what the provider itself said
	Request  string // id of the request, which the log has too
	// SignOut offers to leave the session, where somebody else may be meant.
	SignOut bool
}

func (errorPage) template() string { return "error" }

func newErrorPage(v visitor, d *problem.Document, request string) errorPage {
	f := newFrame(v, d.Title)
	if v.organization != nil {
		f = newShellFrame(v, d.Title, "")
	}
	return errorPage{
		frame: f, Status: d.Status, Heading: d.Title, Detail: said(d.Detail), Errors: d.Errors, Provider: providerWords(d), Request: request,
		SignOut: d.Code == lanyard.CodeForbidden && v.user != nil,
	}
}

// providerWords joins error and error_description (RFC 6749 §5.2), where the sentence does not repeat them already.
func providerWords(d *problem.Document) string {
	var words []string
	for _, w := range []string{said(d.ProviderError), said(d.ProviderDescription)} {
		if w != "" && !strings.Contains(d.Detail, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, ": ")
}

// fail answers with a page for the error, and logs what the page does not tell.
func (s *site) fail(w http.ResponseWriter, r *http.Request, v visitor, err error) {
	problem.Log(r.Context(), s.log, err)
	id := problem.RequestID(r.Context())
	d := problem.Of(err, id)
	retryAfter(w, d)
	var p page = newErrorPage(v, d, id)
	if d.Code == lanyard.CodeUnauthenticated {
		p = newSignInPage(s.comeBack(w, r), true, "", nil)
	}
	if err := s.write(w, d.Status, p); err != nil {
		// The page of the error has a fault of its own; a line of text has none.
		problem.Log(r.Context(), s.log, err)
		http.Error(w, d.Title+". "+d.Detail, d.Status)
	}
}

// retryAfter tells a program too when to come back.
func retryAfter(w http.ResponseWriter, d *problem.Document) {
	if d.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(d.RetryAfter, 10))
	}
}

// fromElsewhere answers what http.CrossOriginProtection refuses: a form that another site made this browser send.
func (s *site) fromElsewhere(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, visitor{}, lanyard.Errorf(lanyard.CodeForbidden,
		"Another site made your browser send this, so nothing was done. If you meant it, open Lanyard yourself and do it there."))
}
