//go:build !unix

package egress

import "net"

// aliveProbe, where a socket cannot be asked without waiting, takes none for alive: each request gets a new connection.
func aliveProbe(net.Conn) func() bool { return func() bool { return false } }
