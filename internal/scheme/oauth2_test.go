package scheme_test

import (
	"strings"
	"testing"
)

func TestOAuth2OnTheWire(t *testing.T) {
	for _, c := range []struct {
		name, auth string
		call       call
		want       string
	}{
		{"bearer", oauth2, call{method: "GET", url: "https://api.acme.com/x"}, lines("GET /x HTTP/1.1", "Host: api.acme.com", "Authorization: Bearer tok")},
		{"another prefix", in(oauth2, "token_prefix", "Zoho-oauthtoken "), call{method: "GET", url: "https://api.acme.com/x"}, lines("GET /x HTTP/1.1", "Host: api.acme.com", "Authorization: Zoho-oauthtoken tok")},
		{"no prefix", in(oauth2, "token_prefix", ""), call{method: "GET", url: "https://api.acme.com/x"}, lines("GET /x HTTP/1.1", "Host: api.acme.com", "Authorization: tok")},
		{"another header", in(in(oauth2, "token_name", "x-shopify-access-token"), "token_prefix", ""), call{method: "GET", url: "https://api.acme.com/x", headers: []string{"Authorization: theirs"}},
			lines("GET /x HTTP/1.1", "Host: api.acme.com", "Authorization: theirs", "X-Shopify-Access-Token: tok")},
		{"another header, with the usual prefix", in(oauth2, "token_name", "X-Token"), call{method: "GET", url: "https://api.acme.com/x"}, lines("GET /x HTTP/1.1", "Host: api.acme.com", "X-Token: Bearer tok")},
		{"query", oauth2Query, call{method: "GET", url: "https://api.acme.com/x?a=%2F"}, lines("GET /x?a=%2F&access_token=tok HTTP/1.1", "Host: api.acme.com")},
		{"query, replaced in place", oauth2Query, call{method: "GET", url: "https://api.acme.com/x?access_token=theirs&a"}, lines("GET /x?access_token=tok&a HTTP/1.1", "Host: api.acme.com")},
		{"query of another name, where a prefix has no place", in(in(oauth2Query, "token_name", "auth token"), "token_prefix", "Bearer "), call{method: "GET", url: "https://api.acme.com/x?access_token=1"},
			lines("GET /x?access_token=1&auth%20token=tok HTTP/1.1", "Host: api.acme.com")},
		{"body as it is", oauth2, call{method: "POST", url: "https://api.acme.com/x", headers: []string{formType}, body: "access_token=theirs"},
			lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 19", "Authorization: Bearer tok", formType) + "| access_token=theirs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			diff(t, c.call.place(t, bind(t, strings.TrimSpace(c.auth), credential())), c.want)
		})
	}
}
