package oauth1

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/scheme/oauth2/endpoint"
)

// Issued is what a provider gave: temporary credentials or token credentials.
type Issued struct {
	Token Token
	// Extra are the other fields of the answer, such as user_id or screen_name. They are secrets here because some
	// are (oauth_session_handle), and nothing says which.
	Extra map[string]lanyard.Secret
}

// RequestToken asks for temporary credentials (RFC 5849 §2.1). An empty callback means "oob": the person is shown a
// verifier to type in. Parameters that a provider wants besides stand in the query of requestTokenURL, and are signed.
//
// A failure is an [*Error]. A provider that does not say oauth_callback_confirmed=true is refused: it speaks OAuth 1.0
// without the protection of 1.0a, where whoever starts a flow can have another person finish it.
func (c *Consumer) RequestToken(ctx context.Context, client *http.Client, requestTokenURL, callback string) (*Issued, error) {
	if callback == "" {
		callback = "oob"
	}
	issued, err := c.obtain(ctx, client, requestTokenURL, Token{}, Param{"oauth_callback", callback})
	if err != nil {
		err.Op = "request token"
		return nil, err
	}
	confirmed := issued.Extra["oauth_callback_confirmed"]
	if confirmed.Reveal() != "true" {
		return nil, &Error{Op: "request token", Status: http.StatusOK,
			Problem: "the provider did not confirm the callback (oauth_callback_confirmed is not true), so this is not OAuth 1.0a"}
	}
	delete(issued.Extra, "oauth_callback_confirmed")
	return issued, nil
}

// AuthorizeURL is where the person's browser goes to agree (RFC 5849 §2.2): authorizeURL with its own query kept and
// oauth_token added.
func AuthorizeURL(authorizeURL string, t Token) (string, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil || u.Host == "" {
		return "", errors.New("the authorize URL cannot be read")
	}
	kept, _ := withoutOAuth(u.RawQuery)
	u.RawQuery = join(kept, []pair{{"oauth_token", encode(t.Value.Reveal())}})
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

// AccessToken trades temporary credentials and the verifier for token credentials (RFC 5849 §2.3). They do not expire
// as far as the protocol goes. A failure is an [*Error].
func (c *Consumer) AccessToken(ctx context.Context, client *http.Client, accessTokenURL string, temporary Token, verifier lanyard.Secret) (*Issued, error) {
	issued, err := c.obtain(ctx, client, accessTokenURL, temporary, Param{"oauth_verifier", verifier.Reveal()})
	if err != nil {
		err.Op = "access token"
		return nil, err
	}
	return issued, nil
}

// obtain makes one signed POST without content of its own and reads the credentials it answers.
func (c *Consumer) obtain(ctx context.Context, client *http.Client, address string, t Token, p Param) (*Issued, *Error) {
	// No body: net/http then sends Content-Length: 0, without which some servers answer 411.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return nil, &Error{Problem: "the URL cannot be read"} // err repeats it
	}
	if err := c.Sign(req, t, nil, p); err != nil {
		return nil, &Error{Problem: err.Error(), Cause: err}
	}
	a, err := endpoint.Call(client, req, c.now)
	if err != nil {
		e := &Error{Problem: "no usable answer came", Cause: err}
		if a != nil {
			e.Status = a.Status
		}
		return nil, e
	}
	sent := []lanyard.Secret{c.Secret, t.Value, t.Secret}
	if p.Name == "oauth_verifier" {
		sent = append(sent, lanyard.NewSecret(p.Value))
	}
	if a.Status < 200 || a.Status > 299 {
		return nil, refusal(a, sent)
	}
	issued, problem := parseIssued(string(a.Body))
	if problem != "" {
		// The body is not quoted: it may hold the token that could not be read.
		return nil, &Error{Status: a.Status, Problem: problem}
	}
	return issued, nil
}

// parseIssued reads a form-encoded answer (RFC 5849 §2.1), whatever its content type says. Where a name stands twice
// the first value counts.
func parseIssued(body string) (*Issued, string) {
	fields := parseFields(body)
	token, hasToken := fields["oauth_token"]
	secret, hasSecret := fields["oauth_token_secret"]
	switch {
	case !hasToken || token == "":
		return nil, "the answer holds no oauth_token"
	case !hasSecret:
		return nil, "the answer holds no oauth_token_secret"
	case !printable(token) || !printable(secret):
		return nil, "the token in the answer holds control characters"
	}
	delete(fields, "oauth_token")
	delete(fields, "oauth_token_secret")
	issued := &Issued{Token: Token{lanyard.NewSecret(token), lanyard.NewSecret(secret)}}
	issued.Extra = make(map[string]lanyard.Secret, len(fields))
	for name, value := range fields {
		issued.Extra[name] = lanyard.NewSecret(value)
	}
	return issued, ""
}

// parseFields decodes a form. It is as lenient as appendPairs, since some providers end their answer with a newline or
// put semicolons into values, which net/url refuses.
func parseFields(form string) map[string]string {
	fields := map[string]string{}
	for _, p := range appendPairs(nil, strings.TrimSpace(form)) {
		name, value := decode(p.name), decode(p.value)
		if _, ok := fields[name]; !ok {
			fields[name] = value
		}
	}
	return fields
}

// decode undoes encode; p is well formed.
func decode(p string) string {
	s, err := url.PathUnescape(p)
	if err != nil {
		return p
	}
	return s
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// refusal quotes what the provider said.
func refusal(a *endpoint.Answer, sent []lanyard.Secret) *Error {
	e := &Error{Status: a.Status, Problem: "the provider refused"}
	switch {
	case a.Status >= 300 && a.Status <= 399:
		e.Problem = "the provider answered with a redirect, which is not followed"
		return e
	case a.Status >= 500:
		e.Problem = "the provider has a fault"
	case a.Status == http.StatusUnauthorized:
		e.ClockSkew = a.ClockSkew()
	}
	words := string(a.Body)
	fields := parseFields(words)
	switch {
	case fields["oauth_problem"] != "": // the OAuth Problem Reporting extension
		words = strings.TrimSpace(fields["oauth_problem"] + " " + fields["oauth_problem_advice"])
	case a.IsHTML():
		words = ""
	}
	if strings.TrimSpace(words) == "" {
		words = a.Header.Get("WWW-Authenticate")
	}
	e.Words = endpoint.Quote(words, sent...)
	return e
}

// Error is a request for a token that did not succeed. Its text holds no secret and may be shown.
type Error struct {
	Op      string // "request token" or "access token"
	Status  int    // of the answer; 0 when there was none
	Problem string // what is wrong, in our words
	Words   string // the provider's own, on one line, at most 300 characters, without the secrets that were sent
	// ClockSkew is how far the provider's clock is ahead of ours, negative when it is behind, where it answered 401
	// and the two differ by more than five minutes: timestamps are then the likely reason.
	ClockSkew time.Duration
	Cause     error
}

func (e *Error) Error() string {
	s := e.Op + ": " + e.Problem
	if e.Status != 0 {
		s += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.Words != "" {
		s += ": " + e.Words
	}
	if e.ClockSkew != 0 {
		s += "; " + skewText(e.ClockSkew)
	}
	if e.Cause != nil && e.Cause.Error() != e.Problem {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

func skewText(skew time.Duration) string {
	if skew < 0 {
		return fmt.Sprintf("the provider's clock is %v behind ours: one of the two is wrong, and signatures carry the time", -skew)
	}
	return fmt.Sprintf("the provider's clock is %v ahead of ours: one of the two is wrong, and signatures carry the time", skew)
}
