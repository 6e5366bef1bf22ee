package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"lanyard/internal/account"
)

// shell is the left side of a page.
type shell struct {
	Organization string
	Here         string   // path of the place that the page belongs to; empty for none
	Switch       []choice // the organizations to switch between; none when there is one
	Found        bool     // the visitor may make another one
	Waiting      string   // how much needs this person, in figures; empty for nothing
	Restored     *account.Restored
}

// placeGroup is a heading of the left side, and place what stands below it.
type placeGroup struct {
	ID, Name string
	Places   []place
}

type place struct {
	Path, Icon, Name string
	Words            string // that a search finds it by, besides its name
}

// places is the left side, in its order, and what a search finds pages in.
var places = []placeGroup{
	{"connections", "Connections", []place{
		{"/connections", "plug", "My connections", "authorizations accounts extensions"},
		{"/connections/shared", "users", "Shared", "shared connections login user"},
		{"/connections/internal", "cog", "Internal", "internal connections integration tasks"},
	}},
	{"services", "Services", []place{
		{"/services", "library", "Default", "default services catalogue providers apps"},
		{"/services/custom", "wrench", "Custom", "custom services own api"},
	}},
	{"build", "Build and operate", []place{
		{"/extensions", "blocks", "Extensions", "packages install publish"},
		{"/scripts", "square-terminal", "Scripts", "deluge run code"},
		{"/activity", "activity", "Activity", "calls invocations errors latency audit log"},
		{"/organization", "building-2", "Organization", "people users members settings"},
	}},
}

// noticeCookie carries what a step came to over the redirect that follows it, to the next page that shows it.
const noticeCookie = "notice"

const noticeSeconds = 60

// tell has the next page with a left side say what just happened.
func (s *site) tell(w http.ResponseWriter, n notice) {
	data, err := json.Marshal([]string{n.Variant, n.Title, n.Text})
	if err != nil || len(data) > 2048 {
		return // texts always encode; one that is too long for a cookie is not worth failing what was done
	}
	s.setCookie(w, noticeCookie, base64.RawURLEncoding.EncodeToString(data), noticeSeconds)
}

// told reads the notice that the browser brought along. It is text of ours, and is escaped like a stranger's.
func (s *site) told(r *http.Request) notice {
	data, err := base64.RawURLEncoding.DecodeString(s.cookie(r, noticeCookie))
	if err != nil {
		return notice{}
	}
	var parts []string
	if json.Unmarshal(data, &parts) != nil || len(parts) != 3 {
		return notice{}
	}
	switch parts[0] {
	case "ok", "info", "warning", "destructive":
		return newNotice(parts[0], said(parts[1]), said(parts[2]))
	}
	return notice{}
}

// ago tells a time as people do, with the exact one at hand.
func ago(at, now time.Time) template.HTML {
	if at.IsZero() {
		return "never"
	}
	at = at.UTC()
	//nolint:gosec // numbers and names of months
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, at.Format(time.RFC3339), at.Format("2 Jan 2006, 15:04:05 UTC"), relative(at, now)))
}

// relative is the words of ago: "3 minutes ago", "in 2 hours", and the date from a month on.
func relative(at, now time.Time) string {
	d := now.Sub(at)
	form := "%d %s ago"
	if d < 0 {
		d, form = -d, "in %d %s"
	}
	count := func(n time.Duration, unit string) string {
		if n != 1 {
			unit += "s"
		}
		return fmt.Sprintf(form, n, unit)
	}
	const day = 24 * time.Hour
	switch {
	case d < 45*time.Second:
		if now.Before(at) {
			return "in a moment"
		}
		return "just now"
	case d < 90*time.Second:
		return count(1, "minute")
	case d < 59*time.Minute+30*time.Second:
		return count((d+30*time.Second)/time.Minute, "minute")
	case d < 23*time.Hour+30*time.Minute:
		return count((d+30*time.Minute)/time.Hour, "hour")
	case d < 30*day:
		return count((d+12*time.Hour)/day, "day")
	case at.Year() == now.UTC().Year():
		return at.Format("2 January")
	}
	return at.Format("2 January 2006")
}
