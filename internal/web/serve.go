package web

import (
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/problem"
)

// policy is the Content-Security-Policy of every answer: files of our own, nothing inline, no frame around us.
// Because of form-action, no form may end in a redirect to another site: see (*site).leave.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// withHeaders sets what every answer carries. Assets replace Cache-Control.
func withHeaders(next http.Handler, referrer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", referrer)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// serve gives a request its id, answers for a panic, and writes the access log. The log has the pattern of the route
// and never the path, which holds tokens.
func (s *site) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), problem.NewRequestID()
		r = r.WithContext(problem.WithRequestID(r.Context(), id))
		w.Header().Set(problem.RequestIDHeader, id)
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			fault, begun := recover(), rec.begun
			if fault != nil && fault != http.ErrAbortHandler { //nolint:errorlint // a panic with this very value (net/http)
				s.panicked(rec, r, fault)
			}
			s.access(rec, r, time.Since(began))
			if fault != nil && begun {
				panic(http.ErrAbortHandler) // what was begun must not look complete
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// panicked answers for a bug of ours. The value of a panic can hold anything, a secret too, so it is not logged unless
// the runtime itself wrote it; the stack shows where it happened, and no values.
func (s *site) panicked(rec *recorder, r *http.Request, fault any) {
	text := "not shown"
	if e, ok := fault.(runtime.Error); ok {
		text = e.Error()
	}
	s.log.ErrorContext(r.Context(), "panic", "panic", text, "stack", string(debug.Stack()))
	if !rec.begun {
		s.fail(rec, r, visitor{}, lanyard.Errorf(lanyard.CodeInternal, "panic"))
	}
}

func (s *site) access(rec *recorder, r *http.Request, took time.Duration) {
	level, route := slog.LevelInfo, r.Pattern
	switch {
	case route == "/":
		route = "none"
	case strings.HasSuffix(route, "/assets/"):
		level = slog.LevelDebug
	}
	method := r.Method
	if method != http.MethodGet && method != http.MethodPost && method != http.MethodHead {
		method = "other" // a made-up one can be any text
	}
	attrs := []slog.Attr{slog.String("method", method), slog.String("route", route), slog.Int("status", rec.status), slog.Duration("duration", took)}
	if c := rec.caller; c != nil {
		attrs = append(attrs, slog.String("organization", string(c.Organization)), slog.String("user", string(c.User)))
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// recorder notes how an answer went.
type recorder struct {
	http.ResponseWriter
	begun  bool
	status int
	caller *lanyard.Caller // once known
}

func (w *recorder) WriteHeader(status int) {
	if !w.begun {
		w.begun, w.status = true, status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}
