package egress

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard"
)

func TestOriginOf(t *testing.T) {
	tests := []struct {
		name, url string
		want      origin // zero: refused
	}{
		{"https", "https://api.example.com/v1", origin{true, "api.example.com", 443}},
		{"http", "http://api.example.com", origin{false, "api.example.com", 80}},
		{"port", "https://api.example.com:8443", origin{true, "api.example.com", 8443}},
		{"empty port", "https://api.example.com:/", origin{true, "api.example.com", 443}},
		{"upper case", "https://API.Example.COM", origin{true, "api.example.com", 443}},
		{"final dot", "https://api.example.com./", origin{true, "api.example.com", 443}},
		{"underscore", "https://a_b.example.com", origin{true, "a_b.example.com", 443}},
		{"IPv4", "https://192.0.2.1:1", origin{true, "192.0.2.1", 1}},
		{"IPv6", "https://[2001:db8:0::1]:8443", origin{true, "2001:db8::1", 8443}},
		{"IPv6 without port", "https://[::1]", origin{true, "::1", 443}},
		{"last port", "https://a.b:65535", origin{true, "a.b", 65535}},
		{"E10 mixed case", "HtTpS://a.b", origin{true, "a.b", 443}},
		{"E10 file", "file:///etc/passwd", origin{}},
		{"E10 gopher", "gopher://a.b/", origin{}},
		{"E10 ftp", "ftp://a.b/", origin{}},
		{"E10 unix", "unix:///run/x.sock", origin{}},
		{"E10 http+unix", "http+unix://a.b/", origin{}},
		{"E10 data", "data:text/plain,x", origin{}},
		{"E10 javascript", "javascript:alert(1)", origin{}},
		{"E10 no scheme", "a.b/", origin{}},
		{"E10 two slashes", "//a.b/", origin{}},
		{"E10 opaque", "https:a.b/", origin{}},
		{"no host", "https:///x", origin{}},
		{"E03 zone", "https://[::1%25lo]/", origin{}},
		{"E03 zone on link-local", "https://[fe80::1%25eth0]/", origin{}},
		{"E11 port 0", "https://a.b:0", origin{}},
		{"E11 port 65536", "https://a.b:65536", origin{}},
		{"E11 port of many digits", "https://a.b:99999999999999999999", origin{}},
		{"E12 user info", "https://good.com@evil.com/", origin{}},
		{"E12 user and password", "https://good.com:pw@evil.com/", origin{}},
		{"E04 circled digits", "https://①②⑦.0.0.1/", origin{}},
		{"E04 ideographic stops", "https://127。0。0。1/", origin{}},
		{"E04 circled letter", "https://ⓛocalhost/", origin{}},
		{"E04 full-width digits", "https://１２７.0.0.1/", origin{}},
		{"E04 Kelvin sign, which lower-cases to k", "https://\u212a.example.com/", origin{}},
		{"escaped NUL", "https://good.com%00.evil.com/", origin{}},
		{"empty label", "https://a..b/", origin{}},
		{"two final dots", "https://a.b../", origin{}},
		{"leading dot", "https://.a.b/", origin{}},
		{"only a dot", "https://./", origin{}},
		{"long label", "https://" + strings.Repeat("a", 64) + ".b/", origin{}},
		{"long name", "https://" + strings.Repeat("abcdefg.", 32) + "b/", origin{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, err := url.Parse(test.url)
			if err != nil {
				if test.want != (origin{}) {
					t.Fatal(err)
				}
				return // what net/url refuses does not come here
			}
			got, err := originOf(u)
			switch {
			case test.want == origin{}:
				if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
					t.Errorf("originOf(%q) = %v, %v, want invalid_request", test.url, got, err)
				}
			case err != nil || got != test.want:
				t.Errorf("originOf(%q) = %v, %v, want %v", test.url, got, err, test.want)
			}
		})
	}
}

func TestOriginOf_HandMadeURLs(t *testing.T) {
	for name, u := range map[string]*url.URL{
		"nil":                    nil,
		"upper-case scheme":      {Scheme: "HTTPS", Host: "a.b"},
		"two ports":              {Scheme: "https", Host: "a.b:80:80"},
		"signed port":            {Scheme: "https", Host: "a.b:+80"},
		"full-width port":        {Scheme: "https", Host: "a.b:０"},
		"port with a blank":      {Scheme: "https", Host: "a.b: 80"},
		"user info in the host":  {Scheme: "https", Host: "good.com@evil.com"},
		"path in the host":       {Scheme: "https", Host: "evil.com/good.com"},
		"fragment in the host":   {Scheme: "https", Host: "evil.com#good.com"},
		"query in the host":      {Scheme: "https", Host: "evil.com?good.com"},
		"back slash in the host": {Scheme: "https", Host: `evil.com\good.com`},
		"line end in the host":   {Scheme: "https", Host: "evil.com\r\nX: y"},
		"NUL in the host":        {Scheme: "https", Host: "evil.com\x00.good.com"},
		"blank in the host":      {Scheme: "https", Host: "evil.com good.com"},
		"bracket without end":    {Scheme: "https", Host: "[::1"},
		"bracket without begin":  {Scheme: "https", Host: "::1]"},
		"IPv4 in brackets":       {Scheme: "https", Host: "[127.0.0.1]"},
		"name in brackets":       {Scheme: "https", Host: "[localhost]"},
		"text after the bracket": {Scheme: "https", Host: "[::1]x"},
		"IPv6 without brackets":  {Scheme: "https", Host: "::1"},
		"zone unescaped":         {Scheme: "https", Host: "[fe80::1%eth0]"},
		"relative path":          {Scheme: "https", Host: "a.b", Path: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			if o, err := originOf(u); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Errorf("got %v, %v, want invalid_request", o, err)
			}
		})
	}
}

func TestE09_LocalNames(t *testing.T) {
	for _, host := range []string{"localhost", "intranet", "printer.local", "metadata.google.internal", "x.localhost",
		"nas.home.arpa", "home.arpa", "db.default.svc", "db.default.svc.cluster.local", "cluster.local"} {
		if !(origin{host: host}).local() {
			t.Errorf("%s is not taken for a local name", host)
		}
	}
	for _, host := range []string{"example.com", "local.example.com", "thelocal.de", "svc.example.com", "a.internal.example.com"} {
		if (origin{host: host}).local() {
			t.Errorf("%s is taken for a local name", host)
		}
	}
}

func TestEncode_EmptyPortIsNotSent(t *testing.T) {
	req, err := http.NewRequest("GET", "https://api.example.com:/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = ""
	out, err := encode(req, origin{})
	if err != nil {
		t.Fatal(err)
	}
	defer out.free()
	if want := "GET /x HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Lanyard\r\n\r\n"; string(out.bytes) != want {
		t.Errorf("got %q, want %q", out.bytes, want)
	}
}
