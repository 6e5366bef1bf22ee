package web

import "net/http"

// routes is every address that a person's browser opens. The wrappers are in visitor.go: open lets anybody in,
// signedIn only people who are, and once keeps a GET that changes something from happening by accident.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.open(s.home))
	mux.Handle("GET /search", s.signedIn(s.search))
	mux.Handle("GET /extensions", s.signedIn(s.extensions))
	mux.Handle("GET /scripts", s.signedIn(s.scripts))
	mux.Handle("GET /activity", s.signedIn(s.activity))
	mux.Handle("GET /activity/audit", s.signedIn(s.audit))

	mux.Handle("GET /setup/{token}", s.open(s.setupForm))
	mux.Handle("POST /setup/{token}", s.open(s.setup))
	mux.Handle("GET /sign-in/{token}", s.once(s.open(s.openSignIn)))
	mux.Handle("POST /sign-in/{token}", s.open(s.signIn))
	mux.Handle("POST /sign-out", s.open(s.signOut))

	mux.Handle("POST /keys", s.signedIn(s.makeKey))
	mux.Handle("POST /connections/{connection}/connect", s.signedIn(s.connectLink))
	mux.Handle("GET /connect/{token}", s.signedIn(s.connectForm))
	mux.Handle("POST /connect/{token}", s.signedIn(s.connect))
	mux.Handle("GET /connect/{token}/{go}", s.once(s.signedIn(s.startConsent))) // {go} is go: see there
	mux.Handle("GET /connect/result/{id}", s.signedIn(s.result))
	mux.Handle("GET /oauth/callback/{organization}/{service}", s.once(s.open(s.callback)))

	return s.orNothing(mux)
}
