package problem

import (
	"context"
	"crypto/rand"
	"log/slog"
)

// RequestIDHeader tells a caller under which id the log knows the request. One that comes in is never believed.
const RequestIDHeader = "Lanyard-Request-Id"

const requestIDKey = "request_id" // in log lines

type requestIDContext struct{}

// NewRequestID makes an id that says nothing and cannot be guessed.
func NewRequestID() string { return "req_" + rand.Text() }

// WithRequestID gives a context that carries the id of the request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDContext{}, id)
}

// RequestID is the id that the context carries; empty outside a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDContext{}).(string)
	return id
}

// LogHandler adds the request id of the context to every line. Wrapped twice it adds it once.
func LogHandler(next slog.Handler) slog.Handler {
	if h, ok := next.(logHandler); ok {
		return h
	}
	return logHandler{next}
}

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String(requestIDKey, id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
