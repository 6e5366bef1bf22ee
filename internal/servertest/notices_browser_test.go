package servertest_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// host is a host application that takes webhooks: it keeps the messages that the reference library lets pass.
type host struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	bodies []string
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		verifier, err := standard.NewWebhook(h.secret)
		if err == nil {
			err = verifier.Verify(body, r.Header)
		}
		if err != nil {
			t.Errorf("a message does not verify: %v", err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.bodies = append(h.bodies, string(body))
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(h.Close)
	return h
}

// heard reports whether a message of a type came.
func (h *host) heard(event lanyard.EventType) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, body := range h.bodies {
		if strings.Contains(body, `"`+string(event)+`"`) {
			return true
		}
	}
	return false
}

// TestBrowserNoticeUntilReconnected: a provider ends a grant. Its owner gets a mail, finds the notice, connects again and
// the notice is gone; the host application heard both.
func TestBrowserNoticeUntilReconnected(t *testing.T) {
	mails := providertest.SMTP(t, providertest.SMTPConfig{})
	l := servertest.Start(t, func(c *server.Config) {
		c.SMTPURL, c.MailFrom = lanyard.NewSecret("smtp://"+mails.Addr), "Lanyard <lanyard@example.com>"
	})
	h := newHost(t)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/organization/webhooks")
	tab.Shows("No webhooks")
	tab.Press("Make a webhook")
	tab.Fill("URL", h.URL)
	tab.Press("Make the webhook")
	tab.Shows("This page is the only place that shows it")
	secret := strings.TrimSpace(browsertest.Value[string](tab, `document.querySelector("#webhook-secret").textContent`))
	h.mu.Lock()
	h.secret = secret
	h.mu.Unlock()
	tab.Press("Go to the webhook")
	tab.Press("Send a test")
	tab.Shows("The test was delivered")

	evil := evilConnected(t, l)
	await(t, "the host hears of the connection", func() bool { return h.heard(lanyard.EventConnected) })
	h.mu.Lock()
	h.bodies = nil
	h.mu.Unlock()

	evil.RevokeGrants()
	l.Expire(t)
	l.Must(t, 409, "GET /v1/proxy/evil/x", nil)
	await(t, "the host hears that somebody has to connect", func() bool { return h.heard(lanyard.EventReconnectRequired) })
	sent := mails.Next(t)
	_, mail := sent.Parse(t)
	for _, want := range []string{"evil", "refused the refresh token", l.URL + "/connections/evil", l.URL + "/account"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail does not say %q:\n%s", want, mail)
		}
	}
	tab.Open(l.URL + "/connections")
	tab.Shows("Needs you")
	tab.PressIn(".side", "Needs you 1")
	tab.Shows("has to be connected again")
	tab.Shows("refused the refresh token")
	tab.Press("Reconnect evil")
	tab.Shows("asks for your consent")
	tab.Press("Reconnect")
	tab.Shows("is connected")
	await(t, "the host hears that it is connected again", func() bool { return h.heard(lanyard.EventConnected) })
	tab.Open(l.URL + "/notices")
	tab.Shows("Nothing needs you")

	// The secret of the webhook stands nowhere but in the host, and no token in what was sent.
	key := strings.TrimPrefix(secret, "whsec_")
	if len(key) < 32 || strings.Contains(l.Log.String(), key) || strings.Contains(string(l.Must(t, 200, "GET /v1/webhooks", nil).Body), key) {
		t.Error("the secret is told again")
	}
	l.Stop(t)
	err := filepath.WalkDir(l.Config.DataDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), key) {
			t.Errorf("the secret stands in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
