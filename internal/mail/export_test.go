package mail

import (
	"context"
	"net"

	gomail "github.com/wneessen/go-mail"
)

// ThroughAddress is the mailer with every name leading to one address.
func ThroughAddress(m *Mailer, addr string) *Mailer {
	m.options = append(m.options, gomail.WithDialContextFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}))
	return m
}
