package servertest_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// Each authentication type, connected and invoked against a real server, through both doors; and a wrong credential
// refused with the provider's own words.

func object(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestAPIKeyInHeaderAndQuery(t *testing.T) {
	peer := providertest.Nginx(t)
	l := servertest.Start(t)
	for _, c := range []struct{ name, param, at, value string }{
		{"header", "X-Api-Key", "header", providertest.NginxHeaderKey},
		{"odd_header", "X-Api-Key", "header", providertest.NginxOddHeaderKey},
		{"query", "api_key", "query", providertest.NginxQueryKey},
		{"odd_query", "api_key", "query", providertest.NginxOddQueryKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := "/apikey/" + c.at
			got := l.Connect(t, object("link_name", c.name, "base_url", peer.URL, "hosts", []string{hostOf(t, peer.URL)}, "verify_url", peer.URL+path,
				"auth", object("type", "api_key", "parameters", []any{object("name", c.param, "display_name", "Key", "param_type", c.at)})),
				object("credentials", object(c.param, c.value)))
			if got.Field(t, "status") != "connected" {
				t.Fatalf("connect: %s", got.Body)
			}
			invoked := l.Must(t, 200, "POST /v1/invoke", object("connection", c.name, "url", peer.URL+path))
			if invoked.Field(t, "status") != 200.0 || invoked.Field(t, "body.ok") != c.at {
				t.Errorf("invoke: %s", invoked.Body)
			}
			if proxied := l.Must(t, 200, "GET /v1/proxy/"+c.name+path, nil); !strings.Contains(string(proxied.Body), c.at) {
				t.Errorf("proxy: %s", proxied.Body)
			}
			wrong := l.API(t, "POST /v1/connections/"+c.name+"/connect", object("credentials", object(c.param, "wrong")))
			if wrong.Status != 400 || !strings.Contains(string(wrong.Body), "api key") {
				t.Errorf("a wrong key: got %d %s, want 400 with what nginx said", wrong.Status, wrong.Body)
			}
		})
	}
}

func TestAPIKeyInForm(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "form", "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)},
		"auth", object("type", "api_key", "parameters", []any{object("name", "api_key", "display_name", "Key", "param_type", "form")})),
		object("credentials", object("api_key", providertest.EvilAPIKey)))
	for name, request := range map[string]map[string]any{
		"no body":   object("connection", "form", "type", "POST", "url", evil.APIKey.URL),
		"form body": object("connection", "form", "type", "POST", "url", evil.APIKey.URL, "parameters", object("a", "1", "api_key", "mine")),
		"PUT":       object("connection", "form", "type", "PUT", "url", evil.APIKey.URL, "parameters", object("a", "1")),
	} {
		if got := l.Must(t, 200, "POST /v1/invoke", request); got.Field(t, "status") != 200.0 {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	got := l.API(t, "POST /v1/invoke", object("connection", "form", "type", "POST", "url", evil.APIKey.URL, "body", object("a", 1)))
	if got.Status != 400 || got.Code() != "invalid_request" {
		t.Errorf("a JSON body: got %d %s, want a refusal", got.Status, got.Body)
	}
	if got := l.Must(t, 200, "POST /v1/proxy/form"+strings.TrimPrefix(evil.APIKey.URL, evil.URL), "a=1", "Content-Type", "application/x-www-form-urlencoded"); !strings.Contains(string(got.Body), `a=1`) {
		t.Errorf("proxy: %s", got.Body)
	}
}

func TestBasic(t *testing.T) {
	peer := providertest.Nginx(t)
	l := servertest.Start(t)
	for name, c := range map[string][2]string{
		"plain": {providertest.NginxUser, providertest.NginxPassword},
		"odd":   {providertest.NginxOddUser, providertest.NginxOddPassword},
	} {
		l.Connect(t, object("link_name", name, "base_url", peer.URL, "hosts", []string{hostOf(t, peer.URL)}, "auth", object("type", "basic")),
			object("credentials", object("username", c[0], "password", c[1])))
		if got := l.Must(t, 200, "GET /v1/proxy/"+name+"/basic", nil); !strings.Contains(string(got.Body), "basic") {
			t.Errorf("%s: %s", name, got.Body)
		}
		wrong := l.API(t, "POST /v1/connections/"+name+"/connect", object("credentials", object("username", "a:b", "password", "x")))
		if wrong.Status != 400 || !strings.Contains(string(wrong.Body), "/credentials/username") {
			t.Errorf("G11: a user name with a colon: got %d %s", wrong.Status, wrong.Body)
		}
	}
}

func oauth2Service(l *servertest.Lanyard, name string, peer *providertest.OIDCPeer, clientID, clientSecret string) map[string]any {
	return object("link_name", name, "name", name, "base_url", peer.Issuer, "hosts", []string{strings.TrimPrefix(peer.Issuer, "http://")},
		"auth", object("type", "oauth2", "grant_type", "authorization_code", "client_id", clientID, "client_secret", clientSecret,
			"authorize_url", peer.AuthorizeURL, "access_token_url", peer.TokenURL, "revoke_token_url", peer.RevokeURL,
			"scopes", []map[string]any{{"name": "Who you are", "value": "openid"}, {"name": "Stay connected", "value": "offline_access"}, {"name": "Read", "value": "read"}},
			"authorize_params", object("prompt", "consent")))
}

func callbackOf(l *servertest.Lanyard, name string) string {
	return l.URL + "/oauth/callback/" + string(l.OrganizationID) + "/" + name
}

// consent connects an OAuth connection in a signed-in browser and gives the answer of the callback.
func consent(t testing.TB, l *servertest.Lanyard, browser *http.Client, connection string, parameters map[string]any, at func(authorizeURL string) string) *servertest.Answer {
	t.Helper()
	body := object()
	if parameters != nil {
		body["parameters"] = parameters
	}
	got := l.Must(t, 200, "POST /v1/connections/"+connection+"/connect", body)
	if got.Field(t, "status") != "consent_required" {
		t.Fatalf("connect: %s", got.Body)
	}
	authorize := l.Leave(t, browser, got.Field(t, "connect_url").(string))
	return servertest.Get(t, browser, at(authorize))
}

func TestOAuth2AuthorizationCode(t *testing.T) {
	for name, client := range map[string][2]string{
		"basic":  {providertest.WebBasicID, providertest.WebBasicSecret},
		"odd":    {providertest.WebOddID, providertest.WebOddSecret}, // G12
		"post":   {providertest.WebPostID, providertest.WebPostSecret},
		"public": {providertest.PublicID, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := servertest.Start(t)
			peer := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
			browser := l.Browser(t)
			l.Connect(t, oauth2Service(l, "acme", peer, client[0], client[1]), nil)
			back := consent(t, l, browser, "acme", nil, func(u string) string { return peer.Consent(t, servertest.Stranger(t), u, "alice") })
			if back.Status != 303 || !strings.HasPrefix(back.Header.Get("Location"), "/connect/result/") {
				t.Fatalf("callback: got %d to %q, want a redirect to the result: %s", back.Status, back.Header.Get("Location"), back.Body)
			}
			result := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
			if result.Status != 200 || strings.Contains(string(result.Body), "role=\"alert\"") {
				t.Errorf("result page: %d\n%s", result.Status, result.Body)
			}
			got := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/api/whoami"))
			if got.Field(t, "body.sub") != "alice" || got.Field(t, "body.client") != client[0] {
				t.Errorf("invoke: %s", got.Body)
			}
			if c := l.Must(t, 200, "GET /v1/connections/acme", nil); c.Field(t, "status") != "connected" || c.Field(t, "expires_at") == nil {
				t.Errorf("connection: %s", c.Body)
			}
			// Revoking tells the provider, which confirms; the tokens are dead there too.
			if got := l.Must(t, 200, "POST /v1/connections/acme/revoke", nil); got.Field(t, "status") != "revoked" || got.Field(t, "provider_confirmed") != true {
				t.Errorf("revoke: %s", got.Body)
			}
			if after := l.API(t, "POST /v1/invoke", object("connection", "acme", "url", "/api/whoami")); after.Status != 409 || after.Code() != "not_connected" || after.Field(t, "connect_url") == nil {
				t.Errorf("after revoking: %d %s", after.Status, after.Body)
			}
			// It reconnects in place.
			consent(t, l, browser, "acme", nil, func(u string) string { return peer.Consent(t, servertest.Stranger(t), u, "bob") })
			if got := l.Must(t, 200, "GET /v1/proxy/acme/api/whoami", nil); !strings.Contains(string(got.Body), "bob") {
				t.Errorf("reconnected: %s", got.Body)
			}
		})
	}
}

func TestOAuth2WrongClientSecretIsRefusedInTheProvidersWords(t *testing.T) {
	l := servertest.Start(t)
	peer := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}})
	browser := l.Browser(t)
	l.Connect(t, oauth2Service(l, "acme", peer, providertest.WebBasicID, "wrong-secret"), nil)
	back := consent(t, l, browser, "acme", nil, func(u string) string { return peer.Consent(t, servertest.Stranger(t), u, "alice") })
	page := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
	for _, want := range []string{"invalid_client", "client secret"} {
		if !strings.Contains(string(page.Body), want) {
			t.Errorf("the result page does not say %q:\n%s", want, page.Body)
		}
	}
	if strings.Contains(string(page.Body), "wrong-secret") {
		t.Error("the result page shows the client secret")
	}
	if c := l.Must(t, 200, "GET /v1/connections/acme", nil); c.Field(t, "status") != "not_connected" {
		t.Errorf("connection: %s", c.Body)
	}
}

func TestOAuth2DeniedConsent(t *testing.T) {
	l := servertest.Start(t)
	peer := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}})
	browser := l.Browser(t)
	l.Connect(t, oauth2Service(l, "acme", peer, providertest.WebBasicID, providertest.WebBasicSecret), nil)
	back := consent(t, l, browser, "acme", nil, func(u string) string { return peer.Deny(t, servertest.Stranger(t), u) })
	page := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
	if !strings.Contains(string(page.Body), "access_denied") {
		t.Errorf("the result page does not say access_denied:\n%s", page.Body)
	}
}

func TestOAuth2ClientCredentials(t *testing.T) {
	peer := providertest.OIDC(t, providertest.OIDCConfig{})
	l := servertest.Start(t)
	machine := func(name, secret string) map[string]any {
		return object("link_name", name, "base_url", peer.Issuer, "hosts", []string{strings.TrimPrefix(peer.Issuer, "http://")},
			"auth", object("type", "oauth2", "grant_type", "client_credentials", "client_id", providertest.MachineID, "client_secret", secret,
				"access_token_url", peer.TokenURL, "scopes", []map[string]any{{"name": "Read", "value": "read"}, {"name": "Write", "value": "write"}}))
	}
	if got := l.Connect(t, machine("machine", providertest.MachineSecret), object()); got.Field(t, "status") != "connected" {
		t.Fatalf("connect: %s", got.Body)
	}
	got := l.Must(t, 200, "POST /v1/invoke", object("connection", "machine", "url", "/api/whoami"))
	if got.Field(t, "body.client") != "machine" || got.Field(t, "body.scope") != "read write" {
		t.Errorf("invoke: %s", got.Body)
	}
	l.Connect(t, machine("wrong", "not-the-secret"), nil)
	refused := l.API(t, "POST /v1/connections/wrong/connect", object())
	if refused.Status != 400 || refused.Field(t, "provider_error") != "invalid_client" {
		t.Errorf("a wrong secret: got %d %s, want the provider's invalid_client", refused.Status, refused.Body)
	}
}

func TestC02_OAuth1ThreeLegs(t *testing.T) {
	l := servertest.Start(t)
	peer := providertest.OAuth1(t)
	browser := l.Browser(t)
	for _, c := range []struct{ name, key, secret, at, method string }{
		{"header", providertest.ConsumerKey, providertest.ConsumerSecret, "header", "HMAC-SHA1"},
		{"query", providertest.ConsumerKey, providertest.ConsumerSecret, "query", "HMAC-SHA256"},
		{"form", providertest.ConsumerKey, providertest.ConsumerSecret, "form", "HMAC-SHA1"},
		{"plaintext", providertest.ConsumerKey, providertest.ConsumerSecret, "header", "PLAINTEXT"},
		{"odd", providertest.OddConsumerKey, providertest.OddConsumerSecret, "header", "HMAC-SHA1"}, // C05
	} {
		t.Run(c.name, func(t *testing.T) {
			l.Connect(t, object("link_name", c.name, "base_url", peer.APIURL, "hosts", []string{hostOf(t, peer.APIURL)},
				"auth", object("type", "oauth1", "consumer_key", c.key, "consumer_secret", c.secret, "request_token_url", peer.RequestTokenURL,
					"authorize_url", peer.AuthorizeURL, "access_token_url", peer.AccessTokenURL, "param_type", c.at, "signature_method", c.method)), nil)
			back := consent(t, l, browser, c.name, nil, func(u string) string { return peer.Approve(t, u) })
			if back.Status != 303 {
				t.Fatalf("callback: %d %s", back.Status, back.Body)
			}
			method := "GET"
			if c.at == "form" {
				method = "POST"
			}
			got := l.Must(t, 200, "POST /v1/invoke", object("connection", c.name, "url", "/things?b=2&a=1%20x&a=", "type", method))
			if got.Field(t, "body.ok") != true || got.Field(t, "body.signature_method") != c.method {
				t.Errorf("invoke: %s", got.Body)
			}
			got = l.Must(t, 200, "POST /v1/proxy/"+c.name+"/form?q=1", "x=1&y=%C3%A9", "Content-Type", "application/x-www-form-urlencoded")
			if got.Field(t, "ok") != true {
				t.Errorf("proxy with a form: %s", got.Body)
			}
		})
	}
	t.Run("wrong secret", func(t *testing.T) {
		l.Connect(t, object("link_name", "wrong", "hosts", []string{hostOf(t, peer.APIURL)},
			"auth", object("type", "oauth1", "consumer_key", providertest.ConsumerKey, "consumer_secret", "no", "request_token_url", peer.RequestTokenURL,
				"authorize_url", peer.AuthorizeURL, "access_token_url", peer.AccessTokenURL)), nil)
		got := l.Must(t, 200, "POST /v1/connections/wrong/connect", object())
		page := servertest.Get(t, browser, got.Field(t, "connect_url").(string)+"/go")
		if page.Status != 400 || !strings.Contains(string(page.Body), "request token") {
			t.Errorf("a wrong consumer secret: got %d %s", page.Status, page.Body)
		}
	})
}

func s3Service(peer *providertest.S3Peer, name, region string) map[string]any {
	return object("link_name", name, "base_url", peer.URL, "hosts", []string{strings.TrimPrefix(peer.URL, "http://")},
		"auth", object("type", "aws_sigv4", "aws_service", "s3", "aws_region", region))
}

func TestD02_S3(t *testing.T) {
	peer := providertest.Versitygw(t)
	l := servertest.Start(t)
	keys := object("credentials", object("access_key_id", peer.AccessKeyID, "secret_access_key", peer.SecretAccessKey))
	l.Connect(t, s3Service(peer, "s3", peer.Region), keys)
	l.Must(t, 200, "PUT /v1/proxy/s3/bucket-one", nil)
	for _, key := range []string{"plain.txt", "bl%20ank", "pl+us", "per%25cent", "snow%E2%98%83", "deep/er/file", "a%2Bb=c&d"} {
		content := "content of " + key
		l.Must(t, 200, "PUT /v1/proxy/s3/bucket-one/"+key, content, "Content-Type", "text/plain")
		if got := l.Must(t, 200, "GET /v1/proxy/s3/bucket-one/"+key, nil); string(got.Body) != content {
			t.Errorf("%s: got %q, want %q", key, got.Body, content)
		}
		invoked := l.Must(t, 200, "POST /v1/invoke", object("connection", "s3", "url", peer.URL+"/bucket-one/"+key))
		if invoked.Field(t, "body") != content {
			t.Errorf("invoke %s: %s", key, invoked.Body)
		}
	}
	if list := l.Must(t, 200, "GET /v1/proxy/s3/bucket-one?list-type=2&prefix=deep%2F", nil); !strings.Contains(string(list.Body), "deep/er/file") {
		t.Errorf("list: %s", list.Body)
	}
	l.Must(t, 204, "DELETE /v1/proxy/s3/bucket-one/plain.txt", nil)

	t.Run("D06 what the caller sets is replaced", func(t *testing.T) {
		l.Must(t, 200, "GET /v1/proxy/s3/bucket-one?list-type=2", nil, "X-Amz-Date", "20150830T123600Z", "X-Amz-Security-Token", "mine", "X-Amz-Content-Sha256", "mine")
	})
	t.Run("D12 a wrong secret", func(t *testing.T) {
		l.Connect(t, s3Service(peer, "wrong", peer.Region), object("credentials", object("access_key_id", peer.AccessKeyID, "secret_access_key", "Wrong/Secret+OfTheRightLength0000000000000")))
		got := l.API(t, "GET /v1/proxy/wrong/bucket-one", nil)
		if got.Status != 403 || !strings.Contains(string(got.Body), "SignatureDoesNotMatch") || got.Header.Get("Lanyard-Error") != "" {
			t.Errorf("got %d %s, want the upstream's own 403", got.Status, got.Body)
		}
		for _, secret := range []string{"Wrong/Secret+OfTheRightLength0000000000000", peer.SecretAccessKey} {
			if strings.Contains(string(got.Body), secret) || strings.Contains(l.Log.String(), secret) {
				t.Error("the secret access key is in the answer or the log")
			}
		}
		if strings.Contains(l.Log.String(), peer.AccessKeyID) {
			t.Error("the whole key id is in the log")
		}
	})
}

// TestDynamicParameters fills {key} in host, path and token URL with what the person gave.
func TestDynamicParameters(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "acme", "base_url", evil.Open.URL+"/{area}", "hosts", []string{hostOf(t, evil.URL)},
		"dynamic_parameters", []any{object("key", "area", "name", "Area", "choices", []any{"north", object("value", "south", "name", "South")})},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), nil)
	for parameters, want := range map[string]string{"east": "one of: north, south", "": "is required"} {
		got := l.API(t, "POST /v1/connections/acme/connect", object("credentials", object("X-Api-Key", "k"), "parameters", object("area", parameters)))
		if got.Status != 400 || !strings.Contains(string(got.Body), want) || !strings.Contains(string(got.Body), "/parameters/area") {
			t.Errorf("area %q: got %d %s", parameters, got.Status, got.Body)
		}
	}
	l.Must(t, 200, "POST /v1/connections/acme/connect", object("credentials", object("X-Api-Key", "k"), "parameters", object("area", "south")))
	for _, url := range []string{"/x/{area}?q={area}&s={unknown}", evil.Open.URL + "/{area}/x/{area}?q={area}&s={unknown}"} {
		got := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", url))
		if path := got.Field(t, "body.path"); evil.Open.Requests() == nil || got.Field(t, "status") != 200.0 {
			t.Errorf("%s: %s", url, got.Body)
		} else if path != strings.TrimPrefix(evil.Open.URL, evil.URL)+"/south/x/south" {
			t.Errorf("%s: path %v", url, path)
		}
		if q, _ := got.Field(t, "body.query").(string); !strings.HasPrefix(q, "q=south&s=") || !strings.Contains(q, "unknown") {
			t.Errorf("%s: query %q", url, q)
		}
	}
}

func TestProxyKeepsBytes(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "acme", "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), object("credentials", object("X-Api-Key", "k3y")))
	open := strings.TrimPrefix(evil.Open.URL, evil.URL)
	for _, path := range []string{"/a%2Fb", "/a;v=1/b", "/%E2%98%83", "/a+b%20c", "/x?q=%20+&q=&q", "/x?"} {
		l.Must(t, 200, "GET /v1/proxy/acme"+open+path, nil)
		all := evil.Open.Requests()
		if got := all[len(all)-1].URI; got != open+path {
			t.Errorf("%s arrived as %s", open+path, got)
		}
		if got := all[len(all)-1].Header.Get("X-Api-Key"); got != "k3y" {
			t.Errorf("key %q", got)
		}
	}
	body := base64.StdEncoding.EncodeToString(make([]byte, 200_000))
	got := l.Must(t, 200, "POST /v1/proxy/acme"+open+"/upload", body, "Content-Type", "text/plain")
	if got.Field(t, "body") != body {
		t.Error("the uploaded body did not arrive as it was sent")
	}
	for _, header := range []string{"Authorization", "Cookie", "X-Forwarded-For", "Lanyard-User"} {
		l.Must(t, 200, "GET /v1/proxy/acme"+open, nil, "Cookie", "a=b", "X-Forwarded-For", "10.0.0.1", "X-Secret-Hop", "1", "Connection", "X-Secret-Hop", "Proxy-Authorization", "x")
		all := evil.Open.Requests()
		if v := all[len(all)-1].Header.Values(header); len(v) > 0 {
			t.Errorf("F08: %s was passed on: %q", header, v)
		}
		if v := all[len(all)-1].Header.Values("X-Secret-Hop"); len(v) > 0 {
			t.Errorf("F08: a header that Connection names was passed on: %q", v)
		}
	}
}
