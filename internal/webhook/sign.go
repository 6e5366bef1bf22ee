package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

const (
	// sendTimeout bounds one request, its answer included.
	sendTimeout = 15 * time.Second
	// maxAnswer is how much of an answer is read, and thrown away, so that the connection can be used again.
	maxAnswer = 4 << 10
)

// answer is what one request came to.
type answer struct {
	attempt    lanyard.DeliveryAttempt
	retryAfter time.Duration // as the receiver asked for; zero: it did not
	gone       bool          // the receiver wants no more
}

// send makes one signed request. Its error is one of ours; what the receiver did wrong is in the answer.
func (w *Webhooks) send(ctx context.Context, hook *lanyard.Webhook, d *store.DueDelivery) (answer, error) {
	secrets, err := w.Store.WebhookSecrets(ctx, d.Organization, d.Webhook)
	if err != nil {
		return answer{}, err
	}
	now := w.Store.Now()
	a := answer{attempt: lanyard.DeliveryAttempt{Number: d.Attempt, At: now}}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	response, err := w.post(ctx, hook.URL, d, secrets, now)
	if err == nil {
		_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
		_ = response.Body.Close()
		a.attempt.Status = response.StatusCode
		a.gone = response.StatusCode == http.StatusGone
		a.retryAfter = retryAfter(response.Header.Get("Retry-After"), now)
	}
	a.attempt.Duration = time.Since(began)
	a.attempt.Error = words(ctx, a.attempt.Status, err)
	return a, nil
}

func (w *Webhooks) post(ctx context.Context, url string, d *store.DueDelivery, secrets lanyard.WebhookSecrets, now time.Time) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(d.Payload))
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "Its address is not a URL that can be called.")
	}
	signature, err := sign(secrets, d, now)
	if err != nil {
		return nil, err
	}
	// Lower case in the specification; names of headers have no case (RFC 9110 §5.1).
	r.Header.Set("Webhook-Id", string(d.Event))
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Lanyard-Webhooks")
	return w.Client.Do(r)
}

// sign gives the signatures of a message, one with each secret that is good now, separated by blanks (Standard Webhooks,
// "Verifying webhook authenticity"): v1 and the HMAC-SHA256 of id, time and body, joined by dots.
func sign(secrets lanyard.WebhookSecrets, d *store.DueDelivery, now time.Time) (string, error) {
	with := []lanyard.Secret{secrets.Current}
	if !secrets.Previous.IsZero() && now.Before(secrets.PreviousUntil) {
		with = append(with, secrets.Previous)
	}
	var signed bytes.Buffer
	fmt.Fprintf(&signed, "%s.%d.%s", d.Event, now.Unix(), d.Payload)
	signatures := make([]string, len(with))
	for i, secret := range with {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), secretPrefix))
		if err != nil {
			return "", errors.New("the secret of a webhook is not base 64") // err could quote it
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(signed.Bytes())
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}

// words says what went wrong, for whoever looks after the receiver; empty when nothing did. What the receiver said stays
// with it: its answers may hold anything.
func words(ctx context.Context, status int, err error) string {
	var ours *lanyard.Error
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("It did not answer within %d seconds.", int(sendTimeout.Seconds()))
	case errors.As(err, &ours):
		return ours.Message
	case err != nil:
		return "It could not be reached."
	case status >= 300 && status < 400:
		return fmt.Sprintf("It answered %d, and redirects are not followed.", status)
	case status < 200 || status >= 400:
		return fmt.Sprintf("It answered %d.", status)
	}
	return ""
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3); zero when there is neither.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(longestWait/time.Second)))*time.Second, longestWait)
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), longestWait)
	}
	return 0
}
