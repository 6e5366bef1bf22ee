package web

import (
	"net/http"
	"strconv"
	"time"

	"lanyard"
	waiting "lanyard/internal/notice" // notice is a message on a page
	"lanyard/internal/store"
)

// noticesPage is what waits for a person.
type noticesPage struct {
	frame
	Rows   []noticeRow
	More   bool // of some kind there are more than these
	ByMail bool // the person is told by mail, too
	Mail   bool // mail can be sent at all
}

func (noticesPage) template() string { return "notices" }

// noticeRow is one thing to do, with the button that does it.
type noticeRow struct {
	Icon   string
	Tone   string
	Path   string // of what it is about
	Name   string
	What   string
	Reason string
	Since  time.Time
	Action string // where the form goes that does it; empty: the page of what it is about is the place
	Button string
}

func newNoticeRow(n *store.Notice) noticeRow {
	row := noticeRow{Reason: said(n.Reason), Since: n.Since, Name: said(n.Name), Path: connectionPath(n.LinkName)}
	switch n.Kind {
	case store.NoticeReconnect:
		row.Icon, row.Tone, row.What, row.Button = "triangle-alert", "warn", "has to be connected again", "Reconnect"
		row.Action = connectionPath(n.LinkName) + "/connect"
	case store.NoticeConnect:
		row.Icon, row.Tone, row.What, row.Button = "plug", "quiet", "waits for your account", "Connect"
		row.Reason = "Somebody shares this connection. Calls in your name need an account of your own."
		row.Action = connectionPath(n.LinkName) + "/connect"
	case store.NoticeWebhook:
		hook := lanyard.Webhook{URL: n.URL}
		row.Icon, row.Tone, row.What, row.Button = "unplug", "bad", "was switched off", "Open the webhook"
		row.Name, row.Path = "The webhook to "+said(hook.Host()), webhookPath(n.Webhook)
	}
	return row
}

func newNoticesPage(v visitor, list []store.Notice, byMail, mail bool) noticesPage {
	p := noticesPage{frame: newShellFrame(v, "Needs you", "/notices"), ByMail: byMail, Mail: mail}
	kinds := map[store.NoticeKind]int{}
	for i := range list {
		p.Rows = append(p.Rows, newNoticeRow(&list[i]))
		kinds[list[i].Kind]++
		p.More = p.More || kinds[list[i].Kind] == waiting.Most
	}
	return p
}

func (s *site) listNotices(w http.ResponseWriter, r *http.Request, v visitor) error {
	list, err := s.notices.List(r.Context(), v.caller)
	if err != nil {
		return err
	}
	byMail, mail, err := s.notices.ByMail(r.Context(), v.caller)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newNoticesPage(v, list, byMail, mail))
}

// waitingWords is how much needs a person, as the left side has it; empty for nothing.
func waitingWords(n int) string {
	switch {
	case n == 0:
		return ""
	case n >= waiting.Most:
		return strconv.Itoa(waiting.Most-1) + "+"
	}
	return strconv.Itoa(n)
}

// tellByMail puts the switch of the mails on the page of the account.
func (p *accountPage) tellByMail(on, possible bool) {
	p.ByMail = field{ID: "by-mail", Name: "by_mail", Label: "Tell me by mail when a connection of mine has to be connected again", Type: "switch",
		Help: "At most once a day about the same connection. It stands on the pages in any case."}
	if on {
		p.ByMail.Value = "on"
	}
	p.NoMail = !possible
}

// setNotices switches the mails to a person on or off.
func (s *site) setNotices(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	on := r.PostForm.Get("by_mail") != ""
	if err := s.notices.SetByMail(r.Context(), v.caller, on); err != nil {
		return err
	}
	n := newNotice("ok", "You are not told by mail any more", "What needs you still stands on the pages.")
	if on {
		n = newNotice("ok", "You are told by mail, too", "At most once a day about the same thing.")
	}
	s.tell(w, n)
	http.Redirect(w, r, "/account#notices", http.StatusSeeOther)
	return nil
}
