package scheme_test

import (
	"fmt"
	"strings"
	"testing"

	"lanyard"
)

// what a person gets to see of a request that a credential was placed on: which parts the connection put there, and no
// secret of any type, wherever it stands.
func TestHide(t *testing.T) {
	secret := func(what string) lanyard.Secret { return lanyard.NewSecret(canary + "/" + what + "+&=") }
	cred := &lanyard.Credential{
		Values:   map[string]lanyard.Secret{"X-Api-Key": secret("header"), "api_key": secret("query")},
		Username: lanyard.NewSecret("somebody"), Password: secret("password"), AccessToken: secret("access"), Token: secret("token"), TokenSecret: secret("token secret"),
		AccessKeyID: "AKIDEXAMPLEAKID", SecretAccessKey: lanyard.NewSecret(canary + "aws"), SessionToken: lanyard.NewSecret(canary + "session"),
	}
	form := []string{formType}
	multipart := call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: multipart/form-data; boundary=B"},
		body: "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n"}
	plainText := strings.Replace(in(oauth1, "signature_method", "PLAINTEXT"), `"cs"`, `"`+canary+`-consumer"`, 1)
	for _, c := range []struct {
		name, auth string
		call       call
		placed     string
		shows      []string
	}{
		{"api key in a header", strings.Replace(keyInHeader, `"header"`, `"header", "prefix": "Key "`, 1), call{method: "GET", url: "https://api.acme.com/x?a=b"},
			"header X-Api-Key", []string{"GET /x?a=b ", "X-Api-Key: Key [redacted]"}},
		{"api key in the query", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?z=1"}, "query api_key", []string{"GET /x?z=1&api_key=[redacted] "}},
		{"api key in a form", keyInForm, call{method: "POST", url: "https://api.acme.com/x", headers: form, body: "a=1"}, "form api_key", []string{"a=1&api_key=[redacted]"}},
		{"api key in a multipart form", keyInForm, multipart, "form api_key", []string{`name="a"`, `name="api_key"`, "| [redacted]"}},
		{"basic", basic, call{method: "GET", url: "https://api.acme.com/"}, "header Authorization", []string{"Authorization: Basic [redacted]"}},
		{"access token", oauth2, call{method: "GET", url: "https://api.acme.com/"}, "header Authorization", []string{"Authorization: Bearer [redacted]"}},
		{"access token in the query", oauth2Query, call{method: "GET", url: "https://api.acme.com/"}, "query access_token", []string{"GET /?access_token=[redacted] "}},
		{"OAuth 1", oauth1, call{method: "GET", url: "https://api.acme.com/"}, "header Authorization",
			[]string{`Authorization: OAuth oauth_consumer_key="ck", oauth_token="[redacted]", oauth_signature_method="HMAC-SHA1"`, `oauth_signature="[redacted]"`}},
		{"OAuth 1 in the clear", plainText, call{method: "GET", url: "https://api.acme.com/"}, "header Authorization", []string{`oauth_signature="[redacted]"`}},
		{"OAuth 1 in the query", in(oauth1, "param_type", "query"), call{method: "GET", url: "https://api.acme.com/?a=b"},
			"query oauth_consumer_key, query oauth_token, query oauth_signature_method, query oauth_timestamp, query oauth_nonce, query oauth_version, query oauth_signature",
			[]string{"GET /?a=b&oauth_consumer_key=ck&oauth_token=[redacted]&", "&oauth_signature=[redacted] "}},
		{"OAuth 1 in a form", in(oauth1, "param_type", "form"), call{method: "POST", url: "https://api.acme.com/", headers: form, body: "a=b"},
			"form oauth_consumer_key, form oauth_token, form oauth_signature_method, form oauth_timestamp, form oauth_nonce, form oauth_version, form oauth_signature",
			[]string{"a=b&oauth_consumer_key=ck&oauth_token=[redacted]&", "&oauth_signature=[redacted]"}},
		{"SigV4", sqs, call{method: "GET", url: "https://api.acme.com/"}, "header Authorization, header X-Amz-Date, header X-Amz-Content-Sha256, header X-Amz-Security-Token",
			[]string{"Authorization: AWS4-HMAC-SHA256 Credential=AKID…AKID/20260304/us-east-1/sqs/aws4_request, SignedHeaders=", "Signature=[redacted]", "X-Amz-Security-Token: [redacted]", "X-Amz-Date: 20260304T050607Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bind(t, c.auth, cred)
			req := c.call.request(t, p)
			if err := p.Place(req); err != nil {
				t.Fatal(err)
			}
			before := wire(t, req.Clone(t.Context()))
			if req.GetBody != nil {
				req.Body, _ = req.GetBody() // the wire read it
			}
			placed, made := p.Hide(req)
			after := wire(t, req)
			var parts []string
			for _, part := range placed {
				parts = append(parts, fmt.Sprintf("%s %s", part.In, part.Name))
			}
			if got := strings.Join(parts, ", "); got != c.placed {
				t.Errorf("placed %s\n  want %s", got, c.placed)
			}
			for _, text := range c.shows {
				if !strings.Contains(after, text) {
					t.Errorf("this is not to be seen: %s\n%s", text, after)
				}
			}
			if strings.Contains(after, canary) || strings.Contains(after, "AKIDEXAMPLEAKID") {
				t.Errorf("a secret is to be seen:\n%s", after)
			}
			for _, s := range append(made, service(t, c.auth).SecretsOf(cred)...) {
				if masked := lanyard.NewMasker(lanyard.MaskAnswers, s).Mask(after); masked != after {
					t.Errorf("a secret is to be seen:\n%s", after)
				}
			}
			// A server that echoes a signature says something that Hide told of.
			if len(made) > 0 && lanyard.NewMasker(lanyard.MaskAnswers, made...).Mask(before) == before {
				t.Errorf("no value that was made stands in\n%s", before)
			}
		})
	}
}
