package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
)

const (
	verifyTimeout = 20 * time.Second
	maxWords      = 300 // of a provider's text in a sentence
)

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
	if _, target, err := lanyard.ParseURL(u.String()); err != nil || !live.Hosts.Allow(target) {
		return lanyard.Errorf(lanyard.CodeHostNotAllowed, "The verification URL of the service %s leads to a host that the service does not list (%s).", s.Name, live.Hosts)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	if err := live.Placer.Place(req); err != nil {
		return err
	}
	resp, err := k.Client.Do(req)
	if err != nil {
		return providerUnreachable(s, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return providerUnreachable(s, err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	e := lanyard.Errorf(lanyard.CodeInvalidRequest, "%s did not accept the credential: it answered %d (%s).", s.Name, resp.StatusCode, http.StatusText(resp.StatusCode))
	if words := wordsOf(body, live.Words); words != "" {
		e.Message = fmt.Sprintf("%s did not accept the credential: it answered %d and said: %s", s.Name, resp.StatusCode, words)
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
