package oauth2

import (
	"context"
	"net/http"

	"lanyard"
	"lanyard/internal/scheme/oauth2/endpoint"
)

// Revoke tells the provider that a token is no longer wanted (RFC 7009). hint is "access_token", "refresh_token" or
// empty. confirmed means that the provider said the token is no good any more; that it never knew it counts as such
// (§2.2). A failure is an [*Error]; when it is Transient the same may be tried later.
func Revoke(ctx context.Context, client *http.Client, c Config, token lanyard.Secret, hint string) (confirmed bool, err error) {
	p := params{}.add("token", token.Reveal())
	if hint != "" {
		p = p.add("token_type_hint", hint)
	}
	l := &call{"revoke", c.RevokeURL, p, nil, []lanyard.Secret{token}}
	_, err = l.send(ctx, client, &c, readRevocation)
	return err == nil, err
}

// readRevocation goes by the status, as RFC 7009 §2.2 says, save that an error in the body is believed.
func readRevocation(a *endpoint.Answer, sent []lanyard.Secret) error {
	object, why := readObject(a.Body)
	if a.Status < 200 || a.Status > 299 {
		return refusal(a, object, why, sent)
	}
	if said := readError(object); said.code != "" {
		return said.asError(classOf(said.code, Refused), a, sent)
	}
	return nil
}
