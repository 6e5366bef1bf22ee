package mail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"mime"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/mail"
	"lanyard/internal/providertest"
)

const sender = "Lanyard <lanyard@example.com>"

// certificate is one for 127.0.0.1, and the pool that it is checked by.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}

func mailer(t *testing.T, url string, roots *x509.CertPool) *mail.Mailer {
	t.Helper()
	m, err := mail.New(mail.Config{URL: lanyard.NewSecret(url), From: sender, RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	config, roots := certificate(t)
	text := "The link:\nhttps://lanyard.example.com/reset/" + strings.Repeat("A", 60) + "\n.\nWith an umlaut: ü\n"
	for _, c := range []struct {
		name   string
		peer   providertest.SMTPConfig
		scheme string
		tls    bool
	}{
		{"in the clear on this machine", providertest.SMTPConfig{}, "smtp://", false},
		{"in the clear, with a password", providertest.SMTPConfig{Auth: true}, "smtp://lanyard:pass%2Fword@", false},
		{"TLS from the start", providertest.SMTPConfig{TLS: config, Implicit: true}, "smtps://", true},
		{"TLS from the start, with a password", providertest.SMTPConfig{TLS: config, Implicit: true, Auth: true}, "smtps://lanyard:pass%2Fword@", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			peer := providertest.SMTP(t, c.peer)
			err := mailer(t, c.scheme+peer.Addr, roots).Send(t.Context(), mail.Message{To: "member@example.com", Subject: "A new password – für you", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			got := peer.Next(t)
			if got.From != "lanyard@example.com" || len(got.To) != 1 || got.To[0] != "member@example.com" || got.TLS != c.tls {
				t.Errorf("from %s to %v, TLS %t", got.From, got.To, got.TLS)
			}
			header, body := got.Parse(t)
			subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
			if err != nil || subject != "A new password – für you" {
				t.Errorf("subject %q, %v", subject, err)
			}
			if strings.TrimRight(body, "\n") != strings.TrimRight(text, "\n") {
				t.Errorf("text %q, want %q", body, text)
			}
			for name, want := range map[string]string{
				"From": `"Lanyard" <lanyard@example.com>`, "To": "<member@example.com>", "Auto-Submitted": "auto-generated", "Content-Type": "text/plain; charset=UTF-8",
			} {
				if header.Get(name) != want {
					t.Errorf("%s: got %q, want %q", name, header.Get(name), want)
				}
			}
			if !strings.HasSuffix(header.Get("Message-ID"), "@example.com>") || header.Get("Date") == "" {
				t.Errorf("Message-ID %q, Date %q", header.Get("Message-ID"), header.Get("Date"))
			}
		})
	}
}

// A server elsewhere that offers no TLS gets neither password nor message. The name leads to this machine, and nobody
// knows that from the name.
func TestAServerElsewhereIsSpokenToInTLSOnly(t *testing.T) {
	config, roots := certificate(t)
	for _, c := range []struct {
		name  string
		peer  providertest.SMTPConfig
		roots *x509.CertPool
		want  string
	}{
		{"STARTTLS", providertest.SMTPConfig{TLS: config, Auth: true}, roots, ""},
		{"no STARTTLS", providertest.SMTPConfig{Auth: true}, roots, "STARTTLS"},
		{"a certificate of nobody", providertest.SMTPConfig{TLS: config, Auth: true}, nil, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			peer := providertest.SMTP(t, c.peer)
			_, port, _ := net.SplitHostPort(peer.Addr)
			// Any name that is not the loopback's own, yet leads here: httptest's certificate is for example.com too.
			m := mail.ThroughAddress(mailer(t, "smtp://lanyard:pass%2Fword@example.com:"+port, c.roots), peer.Addr)
			err := m.Send(t.Context(), mail.Message{To: "member@example.com", Subject: "s", Text: "t"})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := peer.Next(t); !got.TLS {
					t.Error("it came in the clear")
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || len(peer.Mails()) != 0 {
				t.Errorf("got %v and %d mails, want an error about %s", err, len(peer.Mails()), c.want)
			}
		})
	}
}

func TestNothingIsSmuggledIntoAMessage(t *testing.T) {
	peer := providertest.SMTP(t, providertest.SMTPConfig{})
	m := mailer(t, "smtp://"+peer.Addr, nil)
	for name, message := range map[string]mail.Message{
		"a second recipient":      {To: "member@example.com, other@example.com", Subject: "s"},
		"a name":                  {To: "Somebody <member@example.com>", Subject: "s"},
		"a header by the address": {To: "member@example.com\r\nBcc: other@example.com", Subject: "s"},
		"a header by the subject": {To: "member@example.com", Subject: "s\r\nBcc: other@example.com"},
		"no address":              {Subject: "s"},
	} {
		if err := m.Send(t.Context(), message); err == nil {
			t.Errorf("%s: it was sent", name)
		}
	}
	if n := len(peer.Mails()); n != 0 {
		t.Errorf("%d mails came", n)
	}
}

func TestWhatIsWrongIsSaidWithoutThePassword(t *testing.T) {
	peer := providertest.SMTP(t, providertest.SMTPConfig{Auth: true, Refuse: "gone@example.com"})
	for name, c := range map[string]struct{ url, from, to string }{
		"a wrong password":    {"smtp://lanyard:hunter2hunter2@" + peer.Addr, sender, "member@example.com"},
		"a refused recipient": {"smtp://lanyard:pass%2Fword@" + peer.Addr, sender, "gone@example.com"},
		"no such scheme":      {"http://lanyard:hunter2hunter2@" + peer.Addr, sender, "member@example.com"},
		"no URL":              {"smtp://lanyard:hunter2hunter2%@" + peer.Addr, sender, "member@example.com"},
		"no host":             {"smtp://lanyard:hunter2hunter2@", sender, "member@example.com"},
		"a path":              {"smtp://lanyard:hunter2hunter2@" + peer.Addr + "/inbox", sender, "member@example.com"},
		"no password":         {"smtp://lanyard@" + peer.Addr, sender, "member@example.com"},
		"no sender":           {"smtp://" + peer.Addr, "", "member@example.com"},
		"a sender alone":      {"", sender, "member@example.com"},
	} {
		m, err := mail.New(mail.Config{URL: lanyard.NewSecret(c.url), From: c.from})
		if err == nil {
			err = m.Send(t.Context(), mail.Message{To: c.to, Subject: "s", Text: "t"})
		}
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "pass/word") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWithoutAServerNothingIsSent(t *testing.T) {
	m, err := mail.New(mail.Config{})
	if err != nil || m.Configured() {
		t.Fatalf("configured: %t, %v", m.Configured(), err)
	}
	if err := m.Send(t.Context(), mail.Message{To: "member@example.com"}); err == nil {
		t.Error("it says that it sent")
	}
}

func TestSendingEndsWithItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	m := mailer(t, "smtp://"+silent.Addr().String(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := silent.Accept(); err == nil {
			cancel()
			t.Cleanup(func() { conn.Close() })
		}
	}()
	if err := m.Send(ctx, mail.Message{To: "member@example.com", Subject: "s", Text: "t"}); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
