// Package notice tells people what waits for them: a connection that has to be connected again, one of somebody else
// that waits for their own account, a webhook that Lanyard switched off. Notices are read off what they are about, so
// there is nothing to tick off: they go when it is done.
//
// Those who have to connect again, and the owners and admins of a webhook, are also told by mail (mail.go), where the
// operator set mail up.
package notice

import (
	"context"
	"log/slog"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/mail"
	"lanyard/internal/store"
)

// Most is how many notices of one kind are listed, and counted.
const Most = 100

// Config is what [New] needs.
type Config struct {
	Store     *store.Store
	Mailer    *mail.Mailer // nil: nothing is sent
	PublicURL string       // of this deployment, without a final slash
	// Every is the time between two looks for mails that are due; ten seconds when zero.
	Every  time.Duration
	Logger *slog.Logger
}

// Notices is safe for concurrent use.
type Notices struct{ Config }

// New makes Notices; [Notices.Run] sends the mails.
func New(c Config) *Notices {
	if c.Every == 0 {
		c.Every = 10 * time.Second
	}
	return &Notices{c}
}

// seesWebhooks reports whether the organization's webhooks are the caller's to look after.
func seesWebhooks(c *lanyard.Caller) bool { return access.EditOrganization(c) == nil }

// Count says how much waits for the caller's user, as far as [Most] of each kind.
func (n *Notices) Count(ctx context.Context, c *lanyard.Caller) (int, error) {
	if err := access.OwnAccount(c); err != nil {
		return 0, err
	}
	return n.Store.CountNotices(ctx, c.Organization, c.User, seesWebhooks(c), Most)
}

// List gives what waits for the caller's user, as far as [Most] of each kind.
func (n *Notices) List(ctx context.Context, c *lanyard.Caller) ([]store.Notice, error) {
	if err := access.OwnAccount(c); err != nil {
		return nil, err
	}
	return n.Store.Notices(ctx, c.Organization, c.User, seesWebhooks(c), Most)
}

// ByMail says whether the caller's user is told by mail too, and whether mail can be sent at all.
func (n *Notices) ByMail(ctx context.Context, c *lanyard.Caller) (on, possible bool, err error) {
	if err := access.OwnAccount(c); err != nil {
		return false, false, err
	}
	on, err = n.Store.NoticesByMail(ctx, c.Organization, c.User)
	return on, n.Mailer.Configured(), err
}

// SetByMail switches the mails to the caller's user on or off.
func (n *Notices) SetByMail(ctx context.Context, c *lanyard.Caller, on bool) error {
	if err := access.OwnAccount(c); err != nil {
		return err
	}
	return n.Store.SetNoticesByMail(ctx, c.Organization, c.User, on)
}
