package providertest

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailUser and MailPassword are what an [SMTPPeer] lets in, by AUTH PLAIN.
const MailUser, MailPassword = "lanyard", "pass/word"

// SMTPConfig says how the mail server behaves.
type SMTPConfig struct {
	TLS      *tls.Config // offers STARTTLS when it is set
	Implicit bool        // TLS from the first byte
	Auth     bool        // takes mail only from [MailUser]
	Refuse   string      // refuses this recipient
}

// Mail is a message that an [SMTPPeer] took.
type Mail struct {
	From string   // of the envelope
	To   []string // of the envelope
	Raw  []byte   // header and body as they came
	TLS  bool     // whether the connection was encrypted
}

// SMTPPeer is a mail server that keeps what it is given.
type SMTPPeer struct {
	Addr string // 127.0.0.1:PORT

	config SMTPConfig
	mu     sync.Mutex
	got    []Mail
	came   chan struct{}
}

// SMTP starts a mail server for the duration of the test.
func SMTP(t testing.TB, c SMTPConfig) *SMTPPeer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &SMTPPeer{Addr: listener.Addr().String(), config: c, came: make(chan struct{}, 1000)}
	server := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) { return &mailSession{peer: p, conn: conn}, nil }))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "mail.example.com", true, log.New(io.Discard, "", 0)
	if c.Implicit {
		listener = tls.NewListener(listener, c.TLS)
	} else {
		server.TLSConfig = c.TLS
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

// Mails are the messages taken so far, oldest first.
func (p *SMTPPeer) Mails() []Mail {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// Next waits for a message that no call of Next has given yet, and fails the test when the test's time is over. It is
// for one reader.
func (p *SMTPPeer) Next(t testing.TB) Mail {
	t.Helper()
	select {
	case <-p.came:
	case <-t.Context().Done():
		t.Fatal("no mail came")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got[len(p.got)-1-len(p.came)]
}

// Parse gives the header and the decoded text of the message.
func (m *Mail) Parse(t testing.TB) (mail.Header, string) {
	t.Helper()
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatalf("what came is no mail: %v\n%s", err, m.Raw)
	}
	body := parsed.Body
	switch parsed.Header.Get("Content-Transfer-Encoding") {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header, strings.ReplaceAll(string(text), "\r\n", "\n")
}

type mailSession struct {
	peer     *SMTPPeer
	conn     *smtp.Conn
	signedIn bool
	mail     Mail
}

func (s *mailSession) AuthMechanisms() []string {
	if s.peer.config.Auth {
		return []string{sasl.Plain}
	}
	return nil
}

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != MailUser || password != MailPassword {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.peer.config.Auth && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if to == s.peer.config.Refuse {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) (err error) {
	if s.mail.Raw, err = io.ReadAll(r); err != nil {
		return err
	}
	_, s.mail.TLS = s.conn.TLSConnectionState()
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	s.peer.got = append(s.peer.got, s.mail)
	s.peer.came <- struct{}{}
	return nil
}

func (s *mailSession) Reset()        { s.mail = Mail{} }
func (s *mailSession) Logout() error { return nil }
