package invoke

import (
	"context"
	"errors"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/credential"
)

// Preview is what a call through a connection with a service would send, with words where its secrets would be.
type Preview struct {
	Host        string // that the credential would go to
	HostAllowed bool
	// Refusal is why nothing would be sent; empty when the request would be.
	Refusal    string
	Request    credential.ShownRequest // with the credential, unless that has no place on it
	Placements []PreviewPlacement
	Steps      []credential.RehearsedStep // of connecting, where requests are made for it
}

// PreviewPlacement is a part of the credential, with how it stands on the request.
type PreviewPlacement struct {
	lanyard.Placement
	Value string // empty where it is not on this request
}

// Preview performs the steps of [Invoker.Invoke] up to sending, with stand-ins for every secret, for a service that need
// not be stored. Nothing leaves, nothing is kept. Parameters are values of the dynamic parameters. The request's
// connection is left out.
func (i *Invoker) Preview(ctx context.Context, c *lanyard.Caller, s *lanyard.Service, r *Request, parameters map[string]string) (*Preview, error) {
	if err := access.ManageAll(c); err != nil {
		return nil, err
	}
	rehearsal, err := i.Keeper.Rehearse(ctx, c, s, parameters)
	if err != nil {
		return nil, err
	}
	req, err := r.build(ctx, rehearsal.Live)
	if err != nil {
		return nil, err
	}
	p := &Preview{Host: req.URL.Host, HostAllowed: true, Steps: rehearsal.Steps}
	if err := checkHost(rehearsal.Live, req.URL); err != nil {
		p.HostAllowed, p.Refusal = false, sentenceOf(err)
	}
	if err := rehearsal.Live.Placer.Place(req); err != nil && p.Refusal == "" {
		p.Refusal = sentenceOf(err)
	}
	if p.Request, err = rehearsal.Show(req); err != nil {
		return nil, err
	}
	for _, placed := range s.Placements() {
		p.Placements = append(p.Placements, PreviewPlacement{placed, valueOn(&p.Request, placed)})
	}
	return p, nil
}

// sentenceOf is the text of an error that was written for people; others are reported as they are elsewhere.
func sentenceOf(err error) string {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		return "The request cannot be made."
	}
	return e.Message
}

// valueOn finds a part of the credential on the request.
func valueOn(req *credential.ShownRequest, p lanyard.Placement) string {
	switch p.In {
	case lanyard.ParamQuery:
		_, query, _ := strings.Cut(req.URL, "?")
		return pairsOf(query, p.Name)
	case lanyard.ParamForm:
		if i := slices.IndexFunc(req.Headers, func(h credential.ShownHeader) bool { return h.Name == "Content-Type" }); i >= 0 && isForm(req.Headers[i].Value) {
			return pairsOf(req.Body, p.Name)
		}
		return ""
	}
	key := textproto.CanonicalMIMEHeaderKey(p.Name)
	for _, h := range req.Headers {
		if h.Name == key {
			return h.Name + ": " + h.Value
		}
	}
	return ""
}

func isForm(contentType string) bool {
	return strings.HasPrefix(contentType, "application/x-www-form-urlencoded")
}

// pairsOf gives the name=value pairs of a query or form whose name is meant, as they are written.
func pairsOf(text, name string) string {
	begin, all := strings.CutSuffix(name, "…")
	var found []string
	for pair := range strings.SplitSeq(text, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(key); err == nil {
			key = decoded
		}
		if key == name || all && strings.HasPrefix(key, begin) {
			found = append(found, pair)
		}
	}
	return strings.Join(found, "&")
}
