//go:build unix

package egress

import (
	"net"
	"syscall"
)

// aliveProbe makes a function that asks an idle socket, without waiting, whether it is open and silent. A server that
// has closed it, or has sent what nobody asked for, must not get the next request: a POST sent into a closed
// connection could not be told from one that was carried out, and stray bytes would be read as its answer.
func aliveProbe(socket net.Conn) func() bool {
	silent := false
	probe := func(fd uintptr) bool {
		var b [1]byte
		// A byte read here is lost, but with it the connection is.
		_, err := syscall.Read(int(fd), b[:])
		silent = err == syscall.EAGAIN
		return true
	}
	sc, ok := socket.(syscall.Conn)
	if !ok {
		return func() bool { return false }
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return func() bool { return false }
	}
	return func() bool {
		silent = false
		return raw.Read(probe) == nil && silent
	}
}
