package api

import (
	"errors"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/problem"
)

// ServeHTTP answers one request: it gives it an id, finds its route, and afterwards logs and counts it. Nothing that a
// caller chose is in the access log, neither the path nor the query: only the pattern of the route.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	id := problem.NewRequestID()
	r = r.WithContext(problem.WithRequestID(r.Context(), id))
	w.Header().Set(problem.RequestIDHeader, id)
	rec := &recorder{ResponseWriter: w}
	route := "none"
	defer func() {
		fault, begun := recover(), rec.begun
		if err, _ := fault.(error); fault != nil && !errors.Is(err, http.ErrAbortHandler) {
			a.panicked(rec, r, fault)
		}
		a.Metrics.observe(route, rec.status, time.Since(began))
		a.access(rec, r, route, time.Since(began))
		if fault != nil && begun {
			panic(http.ErrAbortHandler) // what was begun must not look complete
		}
	}()
	target, query := rawTarget(r)
	rec.versioned = strings.HasPrefix(target, "/v1/")
	if rest, ok := strings.CutPrefix(target, proxyPrefix); ok {
		route = proxyPattern
		a.proxy(rec, r, rest+query)
		return
	}
	_, route = a.mux.Handler(r)
	if route == "" || path.Clean(target) != target || !Owns(r) {
		// ServeMux would lead a path like /v1/./me to the clean one, and read /%76%31/me as /v1/me. Whoever guards us from
		// outside may have read it another way, so such a path is nothing.
		route = "none"
		a.unknown(rec, r)
		return
	}
	a.mux.ServeHTTP(rec, r)
}

// rawTarget is the path of the request line with its bytes as they came, and what follows it with its question mark.
func rawTarget(r *http.Request) (target, query string) {
	target = r.RequestURI
	if target == "" {
		target = r.URL.RequestURI() // a request made inside this process
	}
	if !strings.HasPrefix(target, "/") {
		// RFC 9112 §3.2.2: the absolute form names scheme and host first.
		_, rest, _ := strings.Cut(target, "://")
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			target = rest[i:]
		} else {
			target = "/"
		}
	}
	if i := strings.IndexByte(target, '?'); i >= 0 {
		return target[:i], target[i:]
	}
	return target, ""
}

// proxy hands a request to the service, as it is. rest is what follows /v1/proxy/ with its bytes unchanged.
func (a *API) proxy(w *recorder, r *http.Request, rest string) {
	name := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		name, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	caller, err := a.caller(w, r)
	if err == nil {
		err = a.Invoker.ServeProxy(w, r, caller, name, rest)
	}
	if err != nil {
		a.refuse(w, r, err)
	}
}

// refuse answers with an error.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	problem.Log(r.Context(), a.logger, err)
	problem.Write(w, r, err)
}

// unknown answers what ServeMux has no route for: a path that is not there, or one with another method.
func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	h, pattern := a.mux.Handler(r)
	said := &headerOnly{header: http.Header{}}
	if pattern == "" {
		h.ServeHTTP(said, r)
	}
	if said.status == http.StatusMethodNotAllowed {
		allow := said.header.Get("Allow")
		w.Header().Set("Allow", allow)
		a.refuse(w, r, lanyard.Errorf(lanyard.CodeMethodNotAllowed, "This takes %s.", allow))
		return
	}
	a.refuse(w, r, lanyard.Errorf(lanyard.CodeNotFound, "There is nothing at this path. What there is stands at /docs."))
}

// headerOnly hears what ServeMux would have answered.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }
func (h *headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// panicked answers for a bug of ours. The value of a panic can hold anything, a secret too, so it is not logged unless
// the runtime itself wrote it; the stack shows where it happened, and no values.
func (a *API) panicked(w *recorder, r *http.Request, fault any) {
	text := "not shown"
	if e, ok := fault.(runtime.Error); ok {
		text = e.Error()
	}
	a.logger.ErrorContext(r.Context(), "panic", "panic", text, "stack", string(debug.Stack()))
	if !w.begun {
		problem.Write(w, r, lanyard.Errorf(lanyard.CodeInternal, "panic"))
	}
}

// access writes the access log.
func (a *API) access(w *recorder, r *http.Request, route string, took time.Duration) {
	level := slog.LevelInfo
	if !w.versioned || w.status < 500 && (route == proxyPattern || route == invokeRoute) {
		level = slog.LevelDebug // probes ask every few seconds, and calls through a connection have their own record
	}
	if !a.logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", method(r)), slog.String("route", route), slog.Int("status", w.status), slog.Duration("duration", took),
	}
	if code := w.Header().Get(problem.CodeHeader); code != "" {
		attrs = append(attrs, slog.String("code", code))
	}
	if c := w.caller; c != nil {
		attrs = append(attrs, slog.String("organization", string(c.Organization)), slog.String("user", string(c.User)), slog.String("key", string(c.Key)))
	}
	a.logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// method keeps a made-up method, which can be any token of any length, out of the log.
func method(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "other"
}

// recorder notes how an answer went, and sets the headers that every answer has when it begins.
type recorder struct {
	http.ResponseWriter
	versioned bool // under /v1
	begun     bool
	status    int
	caller    *lanyard.Caller // once known
}

func (w *recorder) WriteHeader(status int) {
	if w.begun {
		w.ResponseWriter.WriteHeader(status) // net/http says that this is a mistake
		return
	}
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.begun, w.status = true, status
		if w.versioned {
			// Answers differ by key and user and hold what is nobody else's business, those of a service too, whatever it
			// says itself about keeping them.
			h := w.Header()
			h.Set("Cache-Control", "no-store")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Add("Vary", "Authorization, "+userHeader)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// FlushError sends what was written so far, for [http.ResponseController].
func (w *recorder) FlushError() error {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
