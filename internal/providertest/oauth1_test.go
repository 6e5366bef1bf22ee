package providertest_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"testing"

	"github.com/dghubble/oauth1"
)

// The signing here is dghubble's, so that oauthlib and the evil provider's own check are held against somebody else.

func consumer(key, secret string) *oauth1.Config {
	return &oauth1.Config{ConsumerKey: key, ConsumerSecret: secret, CallbackURL: callback}
}

// threeLegged obtains an access token, and tries to do so twice. The function consents and returns the callback URL.
func threeLegged(t *testing.T, requestTokenURL, accessTokenURL string, c *oauth1.Config, consent func(requestToken string) string,
) *oauth1.Token {
	t.Helper()
	c.Endpoint = oauth1.Endpoint{RequestTokenURL: requestTokenURL, AccessTokenURL: accessTokenURL}
	requestToken, requestSecret, err := c.RequestToken()
	if err != nil {
		t.Fatalf("request token: %v", err)
	}
	back := query(t, consent(requestToken))
	if back.Get("oauth_token") != requestToken {
		t.Fatalf("callback is for token %q, want %q", back.Get("oauth_token"), requestToken)
	}
	if _, _, err := c.AccessToken(requestToken, requestSecret, "wrong"); err == nil {
		t.Error("a wrong verifier was taken")
	}
	token, secret, err := c.AccessToken(requestToken, requestSecret, back.Get("oauth_verifier"))
	if err != nil {
		t.Fatalf("access token: %v", err)
	}
	if _, _, err := c.AccessToken(requestToken, requestSecret, back.Get("oauth_verifier")); err == nil {
		t.Error("the verifier was taken twice")
	}
	return oauth1.NewToken(token, secret)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// sign has the library sign a request and returns it unsent.
func sign(t *testing.T, c *oauth1.Config, token *oauth1.Token, req *http.Request) *http.Request {
	t.Helper()
	var signed *http.Request
	catch := roundTripper(func(r *http.Request) (*http.Response, error) {
		signed = r
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})
	ctx := context.WithValue(t.Context(), oauth1.HTTPClient, &http.Client{Transport: catch})
	resp, err := c.Client(ctx, token).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return signed
}

func rsaKey(t *testing.T, text string) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no PEM in %q", text)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// plaintext is RFC 5849 §3.4.4, which the library leaves out.
type plaintext struct{ consumerSecret string }

func (plaintext) Name() string { return "PLAINTEXT" }
func (p plaintext) Sign(tokenSecret, _ string) (string, error) {
	return oauth1.PercentEncode(p.consumerSecret) + "&" + oauth1.PercentEncode(tokenSecret), nil
}
