package providertest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/internal/providertest/peer"
)

// The consumers that an [OAuth1Peer] knows.
const (
	ConsumerKey, ConsumerSecret = "lanyardconsumer00001", "consumersecret00001"
	// Reserved characters in the secret.
	OddConsumerKey, OddConsumerSecret = "lanyardconsumer00002", "s&cr=t %+/é"
	// Takes only the callbacks given to [OAuth1].
	StrictConsumerKey, StrictConsumerSecret = "lanyardconsumer00003", "consumersecret00003"
)

// OAuth1Peer is oauthlib's OAuth 1.0a server side. It takes HMAC-SHA1, HMAC-SHA256, HMAC-SHA512 and PLAINTEXT, with the
// parameters in the header, the query or a form body, and timestamps up to 600 s off.
type OAuth1Peer struct {
	RequestTokenURL string
	AuthorizeURL    string
	AccessTokenURL  string
	// APIURL is a resource: {"ok","client","token","signature_method","path","bytes"} for a good signature, else 401.
	// Every path below it is one too.
	APIURL string

	t   testing.TB
	log string
}

// OAuth1Request is a line of the provider's log.
type OAuth1Request struct {
	Method string `json:"method"`
	Path   string `json:"path"` // with its query
	Status int    `json:"status"`
}

// OAuth1 starts a provider for the duration of the test. The callbacks are those of the strict consumer, compared as
// whole strings; the other consumers may use any.
func OAuth1(t testing.TB, callbacks ...string) *OAuth1Peer {
	t.Helper()
	const remedy = "apt-get install -y --no-install-recommends python3-oauthlib"
	// Debian's modules belong to Debian's interpreter, whatever python3 PATH finds first.
	python := peer.Require(t, "/usr/bin/python3", remedy)
	if !hasOAuthlib() {
		peer.Missing(t, "python3-oauthlib is not installed", remedy)
	}
	dir, port := t.TempDir(), peer.Port(t)
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	p := &OAuth1Peer{
		RequestTokenURL: base + "/request_token",
		AuthorizeURL:    base + "/authorize",
		AccessTokenURL:  base + "/access_token",
		APIURL:          base + "/api",
		t:               t,
		log:             filepath.Join(dir, "requests.jsonl"),
	}
	env := []string{"PORT=" + strconv.Itoa(port), "LOG=" + p.log}
	if len(callbacks) > 0 {
		env = append(env, "CALLBACKS="+strings.Join(callbacks, ","))
	}
	peer.Start(t, peer.Program{
		Name: "oauthlib", Path: python, Args: []string{filepath.Join(files(t, "testpeers/oauth1"), "server.py")},
		Dir: dir, Env: env, Ready: peer.Answers(base + "/authorize"),
	})
	return p
}

// Requests returns what reached the provider, oldest first, without the question whether it is ready.
func (p *OAuth1Peer) Requests() []OAuth1Request {
	p.t.Helper()
	var all []OAuth1Request
	for _, r := range readLines[OAuth1Request](p.t, p.log) {
		if r.Path != "/authorize" { // only that question comes without a token
			all = append(all, r)
		}
	}
	return all
}

// Approve consents as alice at the provider's authorize URL and returns the callback URL that the browser would be sent
// to, without fetching it.
func (p *OAuth1Peer) Approve(t testing.TB, authorizeURL string) string {
	t.Helper()
	resp := send(t, withoutRedirects(nil), http.MethodPost, authorizeURL, url.Values{"approve": {"1"}})
	if resp.Location == "" {
		t.Fatalf("approve: %s answered %d: %s", authorizeURL, resp.Status, resp.Body)
	}
	return resp.Location
}

// hasOAuthlib asks Debian's interpreter for Debian's module, once.
var hasOAuthlib = sync.OnceValue(func() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return exec.CommandContext(ctx, "/usr/bin/python3", "-c", "import oauthlib.oauth1").Run() == nil
})
