// Package credential is an authorization's life: connected, kept fresh, revoked. It is where credentials are opened,
// and everything that uses one asks [Keeper] for it.
//
// Connect, for a consent in the browser (connect.go, callback.go):
//
//	Connect           a link for one user: /connect/{token}
//	ConnectPage       what the page says before anything happens; only that user, signed in, sees it
//	StartConsent      a consent request is stored, bound to user, browser session, organization, connection and
//	                  service with its version; the browser leaves for the provider
//	Callback          the provider sends the browser back: all of these are compared, the request is used up, and
//	                  only then does the code leave for the token endpoint
//	SaveAuthorization sealed, and from now on usable
//
// What the service has to know beside the credential is learnt on the way (learn.go): before the code leaves from what the
// browser brought, then from the token answer, then by asking the API (lookUp); a refresh may say it anew. Then the
// credential is tried out, where the service says how (verify.go).
//
// Refresh (fresh.go), however many calls, goroutines and replicas need it at once:
//
//	due               by the clock, or because the upstream answered 401
//	join              one flight per process; it runs on a context of its own
//	lease             one holder among all replicas, by a conditional UPDATE that also notes the attempt
//	read again        whoever was before us may have refreshed already
//	exchange          exactly one request; no transaction or database connection is held meanwhile
//	store             before the new token is used; conditional on the credential's generation, not on the lease
//
// Revoke (revoke.go): erased here first, then the provider is told, now or by the background sweep (sweep.go).
//
// The package does not decide who may do what (access), how a protocol goes (scheme) or what a table looks like (store).
package credential
