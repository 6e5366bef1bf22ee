// Package endpoint makes one call to an endpoint of an authorization server, and quotes what it said.
//
// Such a call carries a secret and may use one up, so it is made with more care than others: exactly one request, no
// redirect followed, no cookie kept, a bounded answer, and no error that repeats a URL's query or a secret that was
// sent. OAuth 1 and OAuth 2 share it; what an answer means is theirs to say. It is no HTTP client: one is handed in.
//
// Start at [Call]; [Quote] is how a provider's words reach a person.
package endpoint

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxAnswer is how many bytes of an answer are read, counted after any decompression.
const MaxAnswer = 1 << 20

// maxRetryAfter bounds how long a provider can make us wait.
const maxRetryAfter = time.Hour

// maxSkew is how far two clocks may differ before it is worth telling a person.
const maxSkew = 5 * time.Minute

// Answer is what an endpoint answered.
type Answer struct {
	Status   int
	Header   http.Header
	Body     []byte
	Received time.Time // by the local clock
}

// Call sends req once and reads the whole answer, whatever its status; a redirect is an answer like any other. The
// client's own redirect policy and cookies are left out.
//
// An error is a network failure, a time-out, or an answer that is too large or was cut off. In the last two cases the
// answer's head is returned too: the provider has done what it was asked. The error never holds the URL.
func Call(client *http.Client, req *http.Request, now func() time.Time) (*Answer, error) {
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	once.Jar = nil
	resp, err := once.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, Received: now()}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err != nil {
		return a, fmt.Errorf("read the answer: %w", withoutURL(err))
	}
	if len(body) > MaxAnswer {
		return a, fmt.Errorf("the answer is larger than %d bytes", MaxAnswer)
	}
	a.Body = body
	return a, nil
}

// withoutURL takes off the *url.Error that http.Client wraps around everything: it repeats the URL, query and all.
func withoutURL(err error) error {
	var u *url.Error
	for errors.As(err, &u) && u.Err != nil {
		err = u.Err
	}
	return err
}

// NeverSent reports whether an error of [Call] shows that not one byte of the request left: no connection was made.
// False means that the provider may have received it.
func NeverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// RetryAfter reads the Retry-After header (RFC 9110 §10.2.3), in seconds or as a date. It is at most one hour, and
// zero when there is none or it cannot be read.
func (a *Answer) RetryAfter() time.Duration {
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		// Compared as a number: an absurd one would overflow a Duration.
		return time.Duration(min(n, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(a.Received), 0), maxRetryAfter)
}

// ClockSkew compares the provider's clock (the Date header) with ours and returns how far it is ahead, negative when
// it is behind. It is zero when the two differ by no more than five minutes, or there is no date.
func (a *Answer) ClockSkew() time.Duration {
	at, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return 0
	}
	if skew := at.Sub(a.Received); skew.Abs() > maxSkew {
		return skew.Round(time.Second)
	}
	return 0
}

// IsHTML reports whether the body is a page for people, by its own beginning: content types are often wrong.
func (a *Answer) IsHTML() bool {
	return strings.HasPrefix(strings.TrimLeft(string(a.Body), "\ufeff \t\r\n"), "<")
}
