package web

import "lanyard"

// goOnPage leads on by itself, at once, with a link for browsers that do not: see (*site).leave.
type goOnPage struct {
	frame
	Where string // the host, for people
}

func (goOnPage) template() string { return "go_on" }

// newGoOnPage leads to another site.
func newGoOnPage(v visitor, to string) goOnPage {
	return newContinuePage(v, to, hostOf(to))
}

// newContinuePage leads to a page of ours that leads on to host.
func newContinuePage(v visitor, to, host string) goOnPage {
	p := goOnPage{frame: newFrame(v, "Going on"), Where: host}
	p.GoOn = to
	return p
}

// hostOf names the host of a complete URL to a person; it is empty for a path of ours.
func hostOf(raw string) string {
	_, t, err := lanyard.ParseURL(raw)
	if err != nil {
		return ""
	}
	return t.String()
}
