package notice

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/mail"
	"lanyard/internal/store"
)

const (
	firstRetry = time.Minute
	lastRetry  = 6 * time.Hour
	// mostTries is how often a mail is handed to the server before Lanyard gives up: some two days.
	mostTries = 16
	// mostInMail is how many things one mail lists.
	mostInMail = 20
)

// Run sends the mails that are due until ctx ends. They stand in the store, so a restart loses none, and any number of
// replicas may run it. Without a server to send through it does nothing, and mails are forgotten after a while.
func (n *Notices) Run(ctx context.Context) {
	if !n.Mailer.Configured() {
		return
	}
	tick := time.NewTicker(n.Every)
	defer tick.Stop()
	for {
		for n.sendDue(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sendDue sends what is due to one person. It reports whether there may be another.
func (n *Notices) sendDue(ctx context.Context) bool {
	due, ok, err := n.Store.DueMail(ctx)
	if err != nil && ctx.Err() == nil {
		n.Logger.ErrorContext(ctx, "look for mails that are due", "error", err)
	}
	if err != nil || !ok {
		return false
	}
	var next time.Time
	if len(due.Notices) > 0 {
		if err = n.Mailer.Send(ctx, n.message(due)); err != nil {
			n.Logger.WarnContext(ctx, "send a mail", "organization", due.User.OrganizationID, "user", due.User.ID, "error", err)
			next = n.again(due.Attempts)
		}
	}
	// What was sent is noted although the process is being stopped: otherwise it would be sent twice.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := n.Store.FinishMail(ctx, due, err == nil && len(due.Notices) > 0, next); err != nil {
		n.Logger.ErrorContext(ctx, "note that a mail was sent", "organization", due.User.OrganizationID, "error", err)
		return false
	}
	return true
}

// again is when to try once more; zero when it was tried often enough.
func (n *Notices) again(attempts int) time.Time {
	if attempts >= mostTries {
		return time.Time{}
	}
	d := min(firstRetry<<min(attempts-1, 10), lastRetry)
	return n.Store.Now().Add(d + rand.N(d/4)) //nolint:gosec // jitter, not a secret
}

// message is the mail about what waits for a person. Its links lead to pages that want to be signed in: whoever else
// reads the mail can do nothing with them.
func (n *Notices) message(due *store.DueMail) mail.Message {
	var b strings.Builder
	for i, v := range due.Notices {
		if i == mostInMail {
			fmt.Fprintf(&b, "And %d more: %s/notices\n\n", len(due.Notices)-i, n.PublicURL)
			break
		}
		if v.Kind == store.NoticeWebhook {
			hook := lanyard.Webhook{URL: v.URL}
			fmt.Fprintf(&b, "The webhook to %s was switched off. %s\nIts messages wait until it is switched on again:\n%s/organization/webhooks/%s\n\n",
				hook.Host(), line(v.Reason), n.PublicURL, url.PathEscape(string(v.Webhook)))
			continue
		}
		fmt.Fprintf(&b, "The connection “%s” has to be connected again. %s\nUntil then, calls through it fail. Connect it here:\n%s/connections/%s\n\n",
			line(v.Name), line(v.Reason), n.PublicURL, url.PathEscape(string(v.LinkName)))
	}
	fmt.Fprintf(&b, "-- \nLanyard sends this because something of yours stopped working. It can be switched off on the page of your account:\n%s/account\n", n.PublicURL)
	return mail.Message{To: due.User.Email, Subject: subject(due.Notices), Text: b.String()}
}

func subject(notices []store.Notice) string {
	first := notices[0]
	switch {
	case len(notices) > 1:
		return fmt.Sprintf("%d things in Lanyard need you", len(notices))
	case first.Kind == store.NoticeWebhook:
		return "A webhook was switched off"
	}
	return fmt.Sprintf("Connect “%s” again", line(first.Name))
}

// line is a stranger's text on one line of a mail.
func line(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}
