package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"lanyard"
)

// readyWithin is how long /readyz waits for the database: a probe that hangs tells nobody anything.
const readyWithin = 2 * time.Second

// healthz says which instance answers, too: a restored copy can tell by it that its original is still running.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) {
	if a.Instance != "" {
		w.Header().Set("Lanyard-Instance", a.Instance)
	}
	writeStatus(w, "ok")
}

func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	err := a.Ready(ctx)
	if err == nil {
		writeStatus(w, "ready")
		return
	}
	var known *lanyard.Error
	if !errors.As(err, &known) || known.Code == lanyard.CodeInternal {
		known = lanyard.Errorf(lanyard.CodeUnavailable, "The database or the master key cannot be used. The server's log says more.").With(err)
	}
	unready := *known
	unready.Code = lanyard.CodeUnavailable // whatever the reason, a probe reads 503
	a.refuse(w, r, &unready)
}

func writeStatus(w http.ResponseWriter, status string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(`{"status":"` + status + `"}` + "\n")) // a probe that has gone away asks again
}
