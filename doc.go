// Package lanyard is the vocabulary of a connections server: the nouns, the rules that hold for each of them, and the
// errors they give. It knows no database, no network and no HTTP handler.
//
// A [Service] is something one can connect to and says how it authenticates ([Auth]). A [Connection] is a named use of
// a service by its owner. An [Authorization] is one user's standing on one connection; its [Credential], when opened,
// exists in memory only and every part of it is a [Secret]. A [Caller] is whoever asks, and for whom.
//
// Two rules decide where a credential can go, and both live here: [Template] fills the placeholders of a URL so that a
// value can never change more than the place it lands in, and [HostRules] says whether a URL's host is one that the
// service lists. Read service.go and auth.go first, then placeholder.go and hosts.go.
package lanyard
