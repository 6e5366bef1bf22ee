// Package egress holds the only *http.Client that leaves the building. Whatever Lanyard calls — an invoked API, a token
// or revoke endpoint, a discovery document — goes through here, so that this package alone decides which addresses may
// be reached and how the bytes travel.
//
//	origin.go      the URL becomes scheme, host and port, or is refused
//	request.go     the request becomes bytes; nothing is sent before all of it was found valid
//	pool.go        a kept connection to the same origin, if one is still alive
//	dial.go        otherwise: resolve once, check every address (policy.go), dial a checked one, TLS
//	transport.go   the bytes go out (upload.go: a long body beside the answer); what may be tried twice
//	response.go    the head is parsed and says how the body is framed
//	body.go        the caller reads the body (decoder.go); at its end the connection returns to the pool
//
// The transport speaks HTTP/1.1 and is our own because net/http's costs most of a proxy's time: two goroutines per
// connection and a hand-over between them for each request. Here the caller's goroutine writes and reads by itself.
//
// The package knows nothing of services, credentials or tenants. Which hosts a credential may be sent to, which ports
// are sensible and how large an answer may be is decided by those who call; redirects are handed back, never followed;
// cookies are not kept; no proxy is taken from the environment; nothing is decompressed.
//
// Start reading at [New], then transport.RoundTrip.
package egress
