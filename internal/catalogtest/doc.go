// Package catalogtest is the proof of the catalogue: every default service is connected and called as its definition
// says, against a provider that behaves as the definition says and refuses anything else (walk_test.go), and what the
// definitions say is compared with facts that were collected from others (facts_test.go).
package catalogtest
