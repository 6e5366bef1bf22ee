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
	mux.Handle("GET /sign-in", s.open(s.signInForm))
	mux.Handle("POST /sign-in", s.open(s.signInWithPassword))
	mux.Handle("GET /sign-in/{token}", s.once(s.open(s.openSignIn)))
	mux.Handle("POST /sign-in/{token}", s.open(s.signIn))
	mux.Handle("POST /sign-out", s.open(s.signOut))

	mux.Handle("GET /services", s.signedIn(s.defaultServices))
	mux.Handle("GET /services/custom", s.signedIn(s.customServices))
	mux.Handle("GET /services/new", s.signedIn(s.newService))
	mux.Handle("POST /services", s.signedIn(s.createService))
	mux.Handle("POST /services/preview", s.signedIn(s.previewService))
	mux.Handle("GET /services/{service}", s.signedIn(s.service))
	mux.Handle("GET /services/{service}/{$}", s.signedIn(s.service)) // see servicePath
	mux.Handle("GET /services/{service}/client", s.signedIn(s.oauthClientForm))
	mux.Handle("POST /services/{service}/client", s.signedIn(s.setOAuthClient))
	mux.Handle("GET /services/{service}/edit", s.signedIn(s.editServiceForm))
	mux.Handle("POST /services/{service}/edit", s.signedIn(s.editService))
	mux.Handle("GET /services/{service}/delete", s.signedIn(s.deleteServiceForm))
	mux.Handle("POST /services/{service}/delete", s.signedIn(s.deleteService))

	mux.Handle("GET /tour", s.signedIn(s.tour))

	mux.Handle("GET /connections", s.signedIn(s.connections))
	mux.Handle("GET /connections/shared", s.signedIn(s.sharedConnections))
	mux.Handle("GET /connections/internal", s.signedIn(s.internalConnections))
	mux.Handle("GET /connections/new", s.signedIn(s.newConnection))
	mux.Handle("POST /connections", s.signedIn(s.createConnection))
	mux.Handle("GET /connections/{connection}", s.signedIn(s.connection))
	mux.Handle("GET /connections/{connection}/{$}", s.signedIn(s.connection)) // see connectionPath
	mux.Handle("POST /connections/{connection}/try", s.signedIn(s.try))
	mux.Handle("GET /connections/{connection}/edit", s.signedIn(s.editConnectionForm))
	mux.Handle("POST /connections/{connection}/edit", s.signedIn(s.editConnection))
	mux.Handle("GET /connections/{connection}/revoke", s.signedIn(s.revokeForm))
	mux.Handle("POST /connections/{connection}/revoke", s.signedIn(s.revoke))
	mux.Handle("GET /connections/{connection}/users/{user}/remove", s.signedIn(s.removeUserForm))
	mux.Handle("POST /connections/{connection}/users/{user}/remove", s.signedIn(s.removeUser))
	mux.Handle("GET /connections/{connection}/delete", s.signedIn(s.deleteConnectionForm))
	mux.Handle("POST /connections/{connection}/delete", s.signedIn(s.deleteConnection))

	mux.Handle("GET /account", s.signedIn(s.account))
	mux.Handle("GET /account/password", s.signedIn(s.passwordForm))
	mux.Handle("POST /account/password", s.signedIn(s.changePassword))
	mux.Handle("POST /account/sessions/end", s.signedIn(s.endOtherSessions))
	mux.Handle("POST /account/sessions/{session}/end", s.signedIn(s.endSession))
	mux.Handle("GET /account/keys/new", s.signedIn(s.newKeyForm))
	mux.Handle("POST /account/keys", s.signedIn(s.makeKey))
	mux.Handle("GET /account/keys/{key}/delete", s.signedIn(s.deleteKeyForm))
	mux.Handle("POST /account/keys/{key}/delete", s.signedIn(s.deleteKey))
	mux.Handle("GET /organization", s.signedIn(s.organization))
	mux.Handle("POST /organization", s.signedIn(s.renameOrganization))
	mux.Handle("GET /organization/people", s.signedIn(s.people))
	mux.Handle("GET /organization/people/{user}", s.signedIn(s.person))
	mux.Handle("POST /organization/people/{user}", s.signedIn(s.editPerson))
	mux.Handle("GET /organization/people/{user}/deactivate", s.signedIn(s.deactivateForm))
	mux.Handle("POST /organization/people/{user}/deactivate", s.signedIn(s.deactivate))
	mux.Handle("POST /organization/people/{user}/reactivate", s.signedIn(s.reactivatePerson))
	mux.Handle("GET /organization/people/{user}/hand-over", s.signedIn(s.handOverForm))
	mux.Handle("POST /organization/people/{user}/hand-over", s.signedIn(s.handOver))
	mux.Handle("GET /organization/people/{user}/remove", s.signedIn(s.removePersonForm))
	mux.Handle("POST /organization/people/{user}/remove", s.signedIn(s.removePerson))

	mux.Handle("POST /connections/{connection}/connect", s.signedIn(s.connectLink))
	mux.Handle("GET /connect/{token}", s.signedIn(s.connectForm))
	mux.Handle("POST /connect/{token}", s.signedIn(s.connect))
	mux.Handle("GET /connect/{token}/{go}", s.once(s.signedIn(s.startConsent))) // {go} is go: see there
	mux.Handle("GET /connect/result/{id}", s.signedIn(s.result))
	mux.Handle("GET /oauth/callback/{organization}/{service}", s.once(s.open(s.callback)))

	return s.orNothing(mux)
}
