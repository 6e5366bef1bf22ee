// Package invoke performs one outgoing request on behalf of a connection. The caller names a connection and never sees
// its credential.
//
// Both doors — [Invoker.Invoke] for POST /v1/invoke and [Invoker.ServeProxy] for /v1/proxy/… — walk the same steps, in
// this order (send.go):
//
//	open      the connection in the caller's organization; may this caller use it; whose authorization it is
//	fill      dynamic parameters into the URL
//	check     the URL's host against the service's list; its address is checked when it is dialled (package egress)
//	fresh     the opened credential, refreshed first when due (package credential)
//	place     the credential on the request (package scheme)
//	send      once; a token that the upstream refuses is refreshed and tried once more
//	record    what was called and how it went, never what was said; nobody waits for it (record.go)
//
// An upstream's answer is an answer, whatever its status. Only Lanyard's own failures are errors.
package invoke
