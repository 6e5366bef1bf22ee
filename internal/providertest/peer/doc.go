// Package peer installs and runs the programs that tests talk to: servers written by others, each a process of its own
// on a free loopback port, shown when the test fails and gone when it ends, however it ends.
//
// It knows nothing about any particular program; package providertest describes the providers, package storetest the
// database. Start reading at [Start].
package peer
