package credential

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"lanyard"
	"lanyard/internal/scheme"
)

const (
	verifyTimeout = 20 * time.Second
	maxWords      = 300 // of a provider's text in a sentence
)

// maxTried bounds the answers to requests that try a credential out.
const maxTried = 1 << 20

// verify calls the service's verification request once with a new credential. A credential that does not work is
// refused there and then, with the provider's own answer. A service that names no request is taken at its word.
func (k *Keeper) verify(ctx context.Context, live *Live) error {
	s := live.On.Service
	if s.VerifyURL == "" {
		return nil
	}
	u, err := s.FillURL(s.VerifyURL, live.Credential.Parameters)
	if err != nil {
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "The verification URL of the service %s cannot be made: %s.", s.Name, err)
	}
	signed := live
	if s.VerifyAWSService != "" {
		if signed, err = k.signedFor(live, s.VerifyAWSService); err != nil {
			return err
		}
	}
	status, body, err := k.try(ctx, signed, cmp.Or(s.VerifyMethod, http.MethodGet), u, s.VerifyBody, s.VerifyAccepts...)
	if err != nil || s.VerifyMember == "" || slices.Contains(s.VerifyAccepts, status) {
		return err
	}
	// Some answer 200 to a wrong credential.
	var member gjson.Result
	if json.Valid(body) {
		member = gjson.GetBytes(body, s.VerifyMember)
	}
	if member.Exists() && member.Type != gjson.Null && member.Type != gjson.False {
		return nil
	}
	return notAccepted(s, fmt.Sprintf("its answer has no %s", s.VerifyMember), wordsOf(body, live.Words))
}

// signedFor is live with requests signed for another service of AWS: one that knows every key, and needs no right.
func (k *Keeper) signedFor(live *Live, awsService string) (*Live, error) {
	s, other := *live.On.Service, *live
	a := *s.Auth.AWSSigV4
	a.AWSService = awsService
	s.Auth.AWSSigV4 = &a
	var err error
	other.Placer, err = scheme.Bind(&s, live.Credential, k.Store.Now)
	return &other, err
}

// try sends one request with a new credential, to a host of the service's, and gives status and body of an answer that
// is 2xx or one of accepts.
func (k *Keeper) try(ctx context.Context, live *Live, method string, u *url.URL, content string, accepts ...int) (int, []byte, error) {
	s := live.On.Service
	if _, target, err := lanyard.ParseURL(u.String()); err != nil || !live.Hosts.Allow(target) {
		return 0, nil, lanyard.Errorf(lanyard.CodeHostNotAllowed, "A URL that the service %s asks after connecting leads to a host that the service does not list (%s).", s.Name, live.Hosts)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(content))
	if err != nil {
		return 0, nil, err
	}
	if !s.SetsHeader("Accept") {
		req.Header.Set("Accept", "application/json")
	}
	if content != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := live.Placer.Place(req); err != nil {
		return 0, nil, err
	}
	resp, err := k.Client.Do(req)
	if err != nil {
		return 0, nil, providerUnreachable(s, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTried))
	if err != nil {
		return 0, nil, providerUnreachable(s, err)
	}
	if (resp.StatusCode < 200 || resp.StatusCode > 299) && !slices.Contains(accepts, resp.StatusCode) {
		words := wordsOf(body, live.Words)
		if words == "" {
			return 0, nil, notAccepted(s, fmt.Sprintf("it answered %d (%s)", resp.StatusCode, http.StatusText(resp.StatusCode)), "")
		}
		return 0, nil, notAccepted(s, fmt.Sprintf("it answered %d", resp.StatusCode), words)
	}
	return resp.StatusCode, body, nil
}

// notAccepted is the error for a credential that its provider does not take, with the provider's words where it said any.
func notAccepted(s *lanyard.Service, why, words string) error {
	e := lanyard.Errorf(lanyard.CodeInvalidRequest, "%s did not accept the credential: %s.", s.Name, why)
	if words != "" {
		e.Message = fmt.Sprintf("%s did not accept the credential: %s and said: %s", s.Name, why, words)
		e.ProviderDescription = words
	}
	return e
}

func providerUnreachable(s *lanyard.Service, err error) error {
	// The outer error of an http.Client repeats the URL, and with it a key in its query.
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var guarded *lanyard.Error
	if errors.As(err, &guarded) {
		return guarded // the guarded client explains itself
	}
	return lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "%s could not be reached to try the credential.", s.Name).With(err)
}

// wordsOf finds the sentence in an error answer: a member that APIs put it in, or the text itself, cut and cleaned.
func wordsOf(body []byte, masker lanyard.Masker) string {
	text := string(body)
	var members map[string]any
	if json.Unmarshal(body, &members) == nil {
		text = ""
		for _, name := range []string{"error_description", "message", "detail", "error", "title", "reason"} {
			if s, ok := members[name].(string); ok && s != "" {
				text = s
				break
			}
			if o, ok := members[name].(map[string]any); ok {
				if s, ok := o["message"].(string); ok && s != "" {
					text = s
					break
				}
			}
		}
	} else if strings.Contains(text, "<html") || strings.Contains(text, "<HTML") {
		text = ""
	}
	return clean(masker.Mask(text)) // masked before it is cut, which could leave half a secret standing
}

func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > maxWords {
		text = string(runes[:maxWords]) + "…"
	}
	return text
}
