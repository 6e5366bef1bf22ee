package notice

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/mail"
	"lanyard/internal/providertest"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

func TestMessage(t *testing.T) {
	reconnect := store.Notice{Kind: store.NoticeReconnect, LinkName: "acme_live", Name: "Acme, live", Reason: "Acme refused the refresh token."}
	hook := store.Notice{Kind: store.NoticeWebhook, Webhook: "whk_1", URL: "https://app.example/hook?token=marked", Reason: "It answered 410 (Gone), which says that it wants no more messages."}
	const end = "-- \nLanyard sends this because something of yours stopped working. It can be switched off on the page of your account:\nhttps://lanyard.example/account\n"
	for _, c := range []struct {
		name    string
		notices []store.Notice
		subject string
		text    string
	}{
		{"a connection", []store.Notice{reconnect}, "Connect “Acme, live” again", "The connection “Acme, live” has to be connected again. Acme refused the refresh token.\n" +
			"Until then, calls through it fail. Connect it here:\nhttps://lanyard.example/connections/acme_live\n\n" + end},
		{"a webhook, without what its address holds", []store.Notice{hook}, "A webhook was switched off", "The webhook to app.example was switched off. It answered 410 (Gone), which says that it wants no more messages.\n" +
			"Its messages wait until it is switched on again:\nhttps://lanyard.example/organization/webhooks/whk_1\n\n" + end},
		{"text of strangers stays on its line", []store.Notice{{Kind: store.NoticeReconnect, LinkName: "x", Name: "A\r\nBcc: all@example.com", Reason: "No.\n\nGo to evil.example"}},
			"Connect “A Bcc: all@example.com” again", "The connection “A Bcc: all@example.com” has to be connected again. No. Go to evil.example\n" +
				"Until then, calls through it fail. Connect it here:\nhttps://lanyard.example/connections/x\n\n" + end},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := New(Config{PublicURL: "https://lanyard.example"})
			got := n.message(&store.DueMail{User: lanyard.User{Email: "owner@example.com"}, Notices: c.notices})
			if diff := gocmp.Diff(mail.Message{To: "owner@example.com", Subject: c.subject, Text: c.text}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("many things", func(t *testing.T) {
		var many []store.Notice
		for i := range mostInMail + 5 {
			reconnect.LinkName = lanyard.LinkName(fmt.Sprint("c", i))
			many = append(many, reconnect)
		}
		got := New(Config{PublicURL: "https://lanyard.example"}).message(&store.DueMail{Notices: many})
		if got.Subject != "25 things in Lanyard need you" || strings.Count(got.Text, "has to be connected again") != mostInMail || !strings.Contains(got.Text, "And 5 more: https://lanyard.example/notices") {
			t.Errorf("got %s\n%s", got.Subject, got.Text)
		}
	})
}

// TestMailOutlivesAServerThatRefuses: what could not be sent is sent later, once.
func TestMailOutlivesAServerThatRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		s := open(func(c *store.Config) { c.Now = func() time.Time { return now } })
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		org, owner := lanyard.NewOrganizationID(), lanyard.NewUserID()
		must(s.CreateAccount(t.Context(), store.NewAccount{Organization: lanyard.Organization{ID: org, Name: "Acme"},
			Owner: lanyard.User{ID: owner, Email: "owner@acme.example", Name: "The owner", Role: lanyard.RoleOwner}}, nil))
		hook := &lanyard.Webhook{OrganizationID: org, URL: "https://app.example", Enabled: true}
		must(s.CreateWebhook(t.Context(), hook, lanyard.NewSecret("whsec_x"), 20, lanyard.AuditEntry{}))
		must(s.SwitchOffWebhook(t.Context(), org, hook.ID, "It answered 410.", lanyard.AuditEntry{}))

		through := func(c providertest.SMTPConfig) (*Notices, *providertest.SMTPPeer) {
			peer := providertest.SMTP(t, c)
			mailer, err := mail.New(mail.Config{URL: lanyard.NewSecret("smtp://" + peer.Addr), From: "Lanyard <lanyard@example.com>"})
			must(err)
			return New(Config{Store: s, Mailer: mailer, PublicURL: "https://lanyard.example", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}), peer
		}
		refusing, _ := through(providertest.SMTPConfig{Refuse: "owner@acme.example"})
		if !refusing.sendDue(t.Context()) || refusing.sendDue(t.Context()) {
			t.Error("it was not tried exactly once")
		}
		now = now.Add(2 * firstRetry)
		willing, peer := through(providertest.SMTPConfig{})
		for willing.sendDue(t.Context()) {
		}
		now = now.Add(48 * time.Hour)
		for willing.sendDue(t.Context()) {
		}
		sent := peer.Mails()
		if len(sent) != 1 || len(sent[0].To) != 1 || sent[0].To[0] != "owner@acme.example" {
			t.Errorf("sent %+v", sent)
		}
	})
}
