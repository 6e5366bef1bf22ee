// Package mail sends what Lanyard tells people by e-mail, through the operator's SMTP server. It decides neither who is
// told nor what: that is for whoever calls [Mailer.Send]. Without a server nothing is sent, and [Mailer.Configured] says
// so beforehand.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"lanyard"
)

// sendTimeout bounds the sending of one message, from the first packet to the server's receipt.
const sendTimeout = 30 * time.Second

// Config says through which server, and in whose name.
type Config struct {
	// URL is smtp://user:password@host:587, where TLS is begun by STARTTLS, or smtps://…:465, where it is there from the
	// start. Without TLS only a server on this machine is spoken to. Empty: no mail.
	URL lanyard.Secret
	// From is the sender, such as "Lanyard <lanyard@example.com>".
	From string
	// RootCAs are the authorities that the server's certificate may come from. Nil: those of the system.
	RootCAs *x509.CertPool
}

// Message is one mail to one person, as plain text.
type Message struct {
	To      string // an e-mail address alone, without a name
	Subject string
	Text    string
}

// Mailer is safe for concurrent use. A nil one sends nothing.
type Mailer struct {
	host    string
	options []gomail.Option
	from    *mail.Address
}

// New checks the configuration and connects to nothing. It gives nil where there is no server to send through.
func New(c Config) (*Mailer, error) {
	if c.URL.IsZero() {
		if c.From != "" {
			return nil, errors.New("--mail-from needs --smtp-url: there is no server to send through")
		}
		return nil, nil //nolint:nilnil // a nil Mailer is one that is not configured
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("--mail-from is a sender such as \"Lanyard <lanyard@example.com>\", not %q", c.From)
	}
	u, err := url.Parse(c.URL.Reveal())
	// What is wrong with the URL is not quoted, for there is a password in it.
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("--smtp-url is smtp://user:password@host:587 or smtps://user:password@host:465, with what is not a letter or digit in user and password written as %XX")
	}
	m := &Mailer{host: u.Hostname(), from: from}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("the port in --smtp-url is a number up to 65535")
		}
	}
	// The host is the operator's own choice, given on the command line like the database, and nothing that a user types
	// leads here. So it may be on a private network, and does not pass through package egress.
	m.options = []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(sendTimeout), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: m.host, RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}),
	}
	encrypted := true
	switch {
	case u.Scheme == "smtps":
		m.options = append(m.options, gomail.WithSSL())
	case isLoopback(m.host):
		// What does not leave the machine needs no TLS, and mail servers there rarely have a certificate that could be checked.
		encrypted = false
		m.options = append(m.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		m.options = append(m.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if password, has := u.User.Password(); has {
		auth := gomail.SMTPAuthAutoDiscover
		if !encrypted {
			auth = gomail.SMTPAuthPlainNoEnc
		}
		m.options = append(m.options, gomail.WithSMTPAuth(auth), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	} else if u.User != nil {
		return nil, errors.New("--smtp-url names a user and no password")
	}
	return m, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Configured reports whether there is a server to send through.
func (m *Mailer) Configured() bool { return m != nil }

// Send hands a message to the server and returns when the server has taken it, after half a minute at most. Whether it
// arrives nobody can say.
func (m *Mailer) Send(ctx context.Context, message Message) error {
	if m == nil {
		return errors.New("send mail: no server is configured")
	}
	// The address is parsed and the subject encoded, so that neither can begin another header or name another recipient.
	to, err := mail.ParseAddress(message.To)
	if err != nil || to.Address != message.To || strings.ContainsAny(message.Subject, "\r\n") {
		return errors.New("send mail: the address or the subject is not one")
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.FromFormat(m.from.Name, m.from.Address), msg.To(to.Address)); err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	msg.Subject(message.Subject)
	msg.SetDate()
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: so that no absence notice answers it
	msg.SetBodyString(gomail.TypeTextPlain, message.Text)
	client, err := gomail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send mail through %s: %w", m.host, err)
	}
	return nil
}
