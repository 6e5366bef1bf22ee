package invoke_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/storetest"
)

// secret is in every definition below, and must come out of none.
const secret = "sEcReT-7c1d"

var previewer = &lanyard.Caller{Organization: "org_acme", User: "usr_owner", KeyOwner: "usr_owner", Role: lanyard.RoleMember}

// drafted is a definition with one auth, as the registry hands it over.
func drafted(t *testing.T, auth string) *lanyard.Service {
	t.Helper()
	s, err := lanyard.ParseService([]byte(`{"link_name": "acme", "name": "Acme", "hosts": ["{site}.acme.example"], "base_url": "https://{site}.acme.example/api",
		"dynamic_parameters": [{"key": "site", "name": "Your site"}], "auth": ` + auth + `}`))
	if err != nil {
		t.Fatal(err)
	}
	s.Kind, s.OrganizationID = lanyard.KindCustom, previewer.Organization
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return s
}

func newPreviewer(t *testing.T) *invoke.Invoker {
	t.Helper()
	keeper := credential.New(credential.Config{Store: storetest.Open(t), PublicURL: "https://lanyard.example"})
	return invoke.New(invoke.Config{Keeper: keeper})
}

// changing is what differs from one request to the next.
var changing = regexp.MustCompile(`(oauth_nonce="?|oauth_timestamp="?)[0-9A-Z]+|\d{8}T\d{6}Z|/\d{8}/`)

// text writes a preview as it is read: the request, then the steps.
func text(p *invoke.Preview) string {
	var b strings.Builder
	write := func(r credential.ShownRequest) {
		b.WriteString(r.Method + " " + r.URL + "\n")
		for _, h := range r.Headers {
			b.WriteString(h.Name + ": " + h.Value + "\n")
		}
		if r.Body != "" {
			b.WriteString("| " + r.Body + "\n")
		}
	}
	write(p.Request)
	for _, s := range p.Steps {
		b.WriteString(s.What + "\n")
		write(s.Request)
	}
	return changing.ReplaceAllString(b.String(), "$1…")
}

func TestPreview(t *testing.T) {
	i := newPreviewer(t)
	for name, c := range map[string]struct{ auth, method, want string }{
		"API key in a header": {`{"type": "api_key", "parameters": [{"name": "x-api-key", "display_name": "API key", "param_type": "header", "prefix": "Token "}]}`, "GET",
			"GET https://zylker.acme.example/api/me?q=1\nUser-Agent: Lanyard\nX-Api-Key: Token ‹API key›\n"},
		"API key in the query": {`{"type": "api_key", "parameters": [{"name": "api key", "display_name": "API key", "param_type": "query"}]}`, "GET",
			"GET https://zylker.acme.example/api/me?q=1&api%20key=‹API key›\nUser-Agent: Lanyard\n"},
		"API key in a form": {`{"type": "api_key", "parameters": [{"name": "authtoken", "display_name": "Auth token", "param_type": "form"}]}`, "POST",
			"POST https://zylker.acme.example/api/me?q=1\nContent-Type: application/x-www-form-urlencoded\nUser-Agent: Lanyard\n| authtoken=‹Auth token›\n"},
		"Basic": {`{"type": "basic"}`, "GET",
			"GET https://zylker.acme.example/api/me?q=1\nAuthorization: Basic base64(‹user name›:‹password›)\nUser-Agent: Lanyard\n"},
		"OAuth 2": {`{"type": "oauth2", "grant_type": "authorization_code", "client_id": "id", "client_secret": "` + secret + `", "authorize_url": "https://{site}.acme.example/authorize?prompt=consent",
			"access_token_url": "https://acme.example/token", "scopes": [{"name": "R", "value": "read"}, {"name": "W", "value": "write"}]}`, "GET",
			`GET https://zylker.acme.example/api/me?q=1
Authorization: Bearer ‹access token›
User-Agent: Lanyard
To connect, the person's browser goes to Acme:
GET https://zylker.acme.example/authorize?prompt=consent&response_type=code&client_id=id&redirect_uri=https%3A%2F%2Flanyard.example%2Foauth%2Fcallback%2Forg_acme%2Facme&scope=read%20write&state=‹state, new each time›&code_challenge=‹PKCE challenge, new each time›&code_challenge_method=S256
When it comes back with a code, Lanyard trades it for the tokens:
POST https://acme.example/token
Accept: application/json
Authorization: Basic base64(id:‹client secret›)
Content-Type: application/x-www-form-urlencoded
| grant_type=authorization_code&code=‹code›&redirect_uri=https%3A%2F%2Flanyard.example%2Foauth%2Fcallback%2Forg_acme%2Facme&code_verifier=‹PKCE verifier›
When the access token expires, Lanyard asks for a new one:
POST https://acme.example/token
Accept: application/json
Authorization: Basic base64(id:‹client secret›)
Content-Type: application/x-www-form-urlencoded
| grant_type=refresh_token&refresh_token=‹refresh token›
`},
		"OAuth 2, client credentials, in the query": {`{"type": "oauth2", "grant_type": "client_credentials", "client_id": "id", "client_secret": "` + secret + `", "client_authentication": "client_secret_post",
			"access_token_url": "https://acme.example/token", "param_type": "query"}`, "GET",
			`GET https://zylker.acme.example/api/me?q=1&access_token=‹access token›
User-Agent: Lanyard
To get an access token, and again when it expires, Lanyard sends:
POST https://acme.example/token
Accept: application/json
Content-Type: application/x-www-form-urlencoded
| grant_type=client_credentials&client_id=id&client_secret=‹client secret›
`},
		"OAuth 1, PLAINTEXT": {`{"type": "oauth1", "consumer_key": "ck", "consumer_secret": "` + secret + `", "request_token_url": "https://acme.example/r", "authorize_url": "https://acme.example/a",
			"access_token_url": "https://acme.example/t", "param_type": "query", "signature_method": "PLAINTEXT"}`, "GET",
			`GET https://zylker.acme.example/api/me?q=1&oauth_consumer_key=ck&oauth_token=‹token›&oauth_signature_method=PLAINTEXT&oauth_timestamp=…&oauth_nonce=…&oauth_version=1.0&oauth_signature=‹consumer secret›%26‹token secret›
User-Agent: Lanyard
To connect, Lanyard asks for a request token:
POST https://acme.example/r?oauth_consumer_key=ck&oauth_signature_method=PLAINTEXT&oauth_timestamp=…&oauth_nonce=…&oauth_version=1.0&oauth_callback=https%3A%2F%2Flanyard.example%2Foauth%2Fcallback%2Forg_acme%2Facme&oauth_signature=‹consumer secret›%26
Then the person's browser goes to Acme:
GET https://acme.example/a?oauth_token=‹request token›
When it comes back with a verifier, Lanyard trades it for the token:
POST https://acme.example/t?oauth_consumer_key=ck&oauth_token=‹request token›&oauth_signature_method=PLAINTEXT&oauth_timestamp=…&oauth_nonce=…&oauth_version=1.0&oauth_verifier=‹verifier›&oauth_signature=‹consumer secret›%26‹request token secret›
`},
		"AWS": {`{"type": "aws_sigv4", "aws_service": "sqs", "aws_region": "eu-west-1"}`, "GET",
			`GET https://zylker.acme.example/api/me?q=1
Authorization: AWS4-HMAC-SHA256 Credential=‹access key ID›…eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=‹signature›
User-Agent: Lanyard
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: …
X-Amz-Security-Token: ‹session token›
`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := i.Preview(t.Context(), previewer, drafted(t, c.auth), &invoke.Request{URL: "/me?q=1", Type: c.method}, map[string]string{"site": "zylker"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, text(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if p.Refusal != "" || !p.HostAllowed || p.Host != "zylker.acme.example" {
				t.Errorf("got %+v", p)
			}
			for _, placed := range p.Placements {
				if !strings.Contains(placed.Value, "‹") && !strings.HasPrefix(placed.Value, "X-Amz-") {
					t.Errorf("%s stands on the request as %q", placed.What, placed.Value)
				}
			}
		})
	}
}

// Each signature method signs, with a key of nobody's where the secret is one.
func TestPreviewOAuth1Signatures(t *testing.T) {
	i := newPreviewer(t)
	for _, method := range []string{"HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1"} {
		for _, where := range []string{"header", "query", "form"} {
			p, err := i.Preview(t.Context(), previewer, drafted(t, `{"type": "oauth1", "consumer_key": "ck", "consumer_secret": "`+secret+`", "request_token_url": "https://acme.example/r",
				"authorize_url": "https://acme.example/a", "access_token_url": "https://acme.example/t", "param_type": "`+where+`", "signature_method": "`+method+`"}`),
				&invoke.Request{URL: "/me", Type: "POST"}, map[string]string{"site": "zylker"})
			if err != nil {
				t.Fatal(err)
			}
			if got := text(p); strings.Count(got, "‹signature›") != 3 || strings.Contains(got, secret) {
				t.Errorf("%s in the %s: %s", method, where, got)
			}
			if len(p.Placements) != 1 || !strings.Contains(p.Placements[0].Value, "‹signature›") {
				t.Errorf("%s in the %s is placed as %+v", method, where, p.Placements)
			}
		}
	}
}

func TestPreviewRefuses(t *testing.T) {
	i := newPreviewer(t)
	s := drafted(t, `{"type": "api_key", "parameters": [{"name": "k", "display_name": "Key", "param_type": "form"}]}`)
	site := map[string]string{"site": "zylker"}
	for _, c := range []struct {
		name    string
		request invoke.Request
		host    bool
		refusal string
	}{
		{"a host that is not listed", invoke.Request{URL: "https://evil.example/", Type: "POST"}, false, "does not list the host evil.example"},
		{"a form field without a body", invoke.Request{URL: "/me"}, true, "takes its credential as form data"},
	} {
		p, err := i.Preview(t.Context(), previewer, s, &c.request, site)
		if err != nil || p.HostAllowed != c.host || !strings.Contains(p.Refusal, c.refusal) {
			t.Errorf("%s: got %+v, %v", c.name, p, err)
		}
	}
	for _, c := range []struct {
		name, at   string
		request    invoke.Request
		parameters map[string]string
	}{
		{"no URL", "/url", invoke.Request{}, site},
		{"a method that there is not", "/type", invoke.Request{URL: "/me", Type: "FETCH"}, site},
		{"no value of a parameter", "/parameters/site", invoke.Request{URL: "/me"}, nil},
		{"a value that does not fit", "/parameters", invoke.Request{URL: "/me"}, map[string]string{"site": "a/b"}},
	} {
		_, err := i.Preview(t.Context(), previewer, s, &c.request, c.parameters)
		if !strings.Contains(lanyardError(err), c.at+":") {
			t.Errorf("%s: got %v, want a fault at %s", c.name, err, c.at)
		}
	}
	other := *previewer
	other.Organization = "org_other"
	if _, err := i.Preview(t.Context(), &other, s, &invoke.Request{URL: "/me"}, site); lanyard.CodeOf(err) != lanyard.CodeNotFound {
		t.Errorf("another organization's definition: got %v, want not_found", err)
	}
	reader := *previewer
	reader.Key = "key_reader"
	if _, err := i.Preview(t.Context(), &reader, s, &invoke.Request{URL: "/me"}, site); lanyard.CodeOf(err) != lanyard.CodeForbidden {
		t.Errorf("a key that may not manage: got %v, want forbidden", err)
	}
}

// A service that was handed over is not changed: its secret is still there.
func TestPreviewChangesNothing(t *testing.T) {
	s := drafted(t, `{"type": "oauth2", "grant_type": "client_credentials", "client_id": "id", "client_secret": "`+secret+`", "access_token_url": "https://acme.example/token"}`)
	if _, err := newPreviewer(t).Preview(t.Context(), previewer, s, &invoke.Request{URL: "/me"}, map[string]string{"site": "zylker"}); err != nil {
		t.Fatal(err)
	}
	if got := s.Auth.Secret().Reveal(); got != secret {
		t.Errorf("the secret is now %q", got)
	}
}

func lanyardError(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
