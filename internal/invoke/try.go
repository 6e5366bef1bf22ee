package invoke

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/scheme"
)

// Tried is how one call went, for a person to look at. No part of it holds the credential, nor a signature.
type Tried struct {
	Sent   *Sent  // nil: nothing was sent
	Answer *Reply // nil: there was none, and the error says why
}

// Sent is the request that went to the service, the last one where there were several: after a redirect, or after a
// token was refused and refreshed.
type Sent struct {
	Method string
	// URL has the values that a person gave for placeholders hidden again behind them: {domain}.
	URL     string
	Headers []Header // by name
	Body    Payload
	Placed  []Placed // what the connection put on it
	Times   int      // how many requests were sent in all
}

// Placed is one thing that the connection put on a request.
type Placed = scheme.Part

// Header is one line of a header.
type Header struct{ Name, Value string }

// Reply is what the service answered.
type Reply struct {
	Status   int
	Headers  []Header // by name; of a cookie only its name is told
	Body     Payload
	Duration time.Duration // of the whole call
}

// Payload is the body of a request or of an answer.
type Payload struct {
	Type string // Content-Type, as it was said
	Size int64  // in bytes
	Text string // empty for a binary one
	JSON bool   // Text is one JSON value
}

// Binary reports whether there is a body that is no text.
func (p Payload) Binary() bool { return p.Size > 0 && p.Text == "" }

// Try performs a request exactly as [Invoker.Invoke] does, and is recorded like it, and also tells what was sent. What
// is known is returned beside an error, too: a request that was sent and not answered.
func (i *Invoker) Try(ctx context.Context, c *lanyard.Caller, r *Request) (*Tried, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timeout(r.TimeoutMS))
	defer cancel()
	call := newCall(c, i.Transport)
	call.watch = &watch{}
	got, err := i.invoke(ctx, call, r)
	took := time.Since(call.began)
	i.finish(call, err)
	sent, hide := call.watch.sent(call.live)
	t := &Tried{Sent: sent}
	if err == nil {
		t.Answer, err = r.reply(got, took, hide)
	}
	return t, err
}

// watch remembers the last request that left.
type watch struct {
	last   *http.Request // a copy
	placed *credential.Live
	times  int
}

func (w *watch) leaving(req *http.Request, placed *credential.Live) {
	w.times++
	w.placed = placed
	w.last = req.Clone(context.WithoutCancel(req.Context()))
	w.last.Body = http.NoBody
	if req.GetBody != nil {
		w.last.Body, _ = req.GetBody() // it reads from memory
	}
}

// sent tells what left for a call with this authorization, and gives what takes its credential out of what others say.
// Nothing left: nil.
func (w *watch) sent(live *credential.Live) (_ *Sent, hide func(string) string) {
	req := w.last
	if req == nil {
		return nil, nil
	}
	s := &Sent{Method: req.Method, Times: w.times}
	var signatures, secrets lanyard.Masker
	if w.placed != nil {
		var made []lanyard.Secret
		s.Placed, made = w.placed.Placer.Hide(req)
		signatures = lanyard.NewMasker(lanyard.MaskAnswers, made...)
	}
	if live != nil {
		secrets = live.Answers
	}
	// What was placed is not all: a person may have written the credential into the request, or a redirect led to it.
	hide = func(text string) string { return signatures.Mask(secrets.Mask(text)) }
	show := func(text string) string { return withPlaceholders(hide(text), live) }
	s.URL = show(req.URL.String())
	s.Headers = append(s.Headers, Header{"Host", show(req.Host)})
	for name, values := range req.Header {
		for _, v := range values {
			s.Headers = append(s.Headers, Header{name, show(v)})
		}
	}
	sortHeaders(s.Headers)
	body, err := io.ReadAll(req.Body)
	if err != nil {
		body = nil // it was in memory
	}
	s.Body = Payload{Type: req.Header.Get("Content-Type"), Size: int64(len(body))}
	if text := string(body); utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		s.Body.Text = hide(text)
		s.Body.JSON = isJSON(req.Header, s.Body.Text)
	}
	return s, hide
}

// withPlaceholders puts the placeholders back for what a person gave for them, which is sealed and can be a secret.
func withPlaceholders(text string, live *credential.Live) string {
	for key, value := range hiddenValues(live) {
		// In a path, a query, a host.
		for _, spelled := range []string{url.PathEscape(value), url.QueryEscape(value), strings.ToLower(value)} {
			text = strings.ReplaceAll(text, spelled, "{"+key+"}")
		}
	}
	return text
}

// reply is the service's answer, with what it repeats of the credential hidden: as it came, and decoded, since whoever
// asks says from what.
func (r *Request) reply(got *received, took time.Duration, hide func(string) string) (*Reply, error) {
	a := &Reply{Status: got.status, Duration: took, Body: Payload{Type: hide(got.header.Get("Content-Type")), Size: int64(len(got.body))}}
	for name, values := range got.header {
		for _, v := range values {
			if name == "Set-Cookie" {
				v = cookieName(v) + "[redacted]"
			}
			a.Headers = append(a.Headers, Header{name, hide(strings.ToValidUTF8(v, "\uFFFD"))})
		}
	}
	sortHeaders(a.Headers)
	if asItIs(got.header) {
		return a, nil
	}
	text, ok, err := r.text(got.header, hide(string(got.body)))
	if err != nil {
		return nil, err
	}
	if ok {
		a.Body.Text = hide(text)
		a.Body.JSON = isJSON(got.header, a.Body.Text)
	}
	return a, nil
}

// cookieName is what stands before the value of a Set-Cookie, where it has a name.
func cookieName(setCookie string) string {
	pair, _, _ := strings.Cut(setCookie, ";")
	if name, _, ok := strings.Cut(pair, "="); ok {
		return name + "="
	}
	return ""
}

func sortHeaders(headers []Header) {
	slices.SortStableFunc(headers, func(a, b Header) int { return cmp.Compare(a.Name, b.Name) })
}
