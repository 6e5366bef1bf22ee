package servertest_test

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// The rules of package egress and of a service's host list, seen from outside: every way in which a member of an
// organization can name an address — the URL of an invoke, each URL of a service of their own, a redirect — is held to
// them. The rules themselves are tested with their tables where they live.
//
// E30 (discovery documents) and E31 (jwks_uri, logos) concern documents that Lanyard does not fetch: nothing in it reads
// an address from a provider's answer and calls it. E19's proxy setting does not exist either.

// closedNetworks is a server as it is by default: no network is opened.
func closedNetworks(c *server.Config) { c.AllowNetworks = nil }

// onlyEvil opens the one address on which the test's own provider listens.
func onlyEvil(c *server.Config) {
	c.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
}

// doorbell is a port of this machine on which nobody may ring.
type doorbell struct {
	port  string
	rings atomic.Int64
}

// newDoorbell listens on one port of several loopback addresses.
func newDoorbell(t testing.TB, addresses ...string) *doorbell {
	t.Helper()
	d := &doorbell{}
	for i, address := range addresses {
		port := d.port
		if i == 0 {
			port = "0"
		}
		n, err := net.Listen("tcp", net.JoinHostPort(address, port))
		if err != nil && address == "::1" {
			continue // a machine without IPv6 cannot be reached there either
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close() })
		_, d.port, _ = net.SplitHostPort(n.Addr().String())
		go func() {
			for {
				conn, err := n.Accept()
				if err != nil {
					return
				}
				d.rings.Add(1)
				_ = conn.Close()
			}
		}()
	}
	return d
}

func (d *doorbell) silent(t testing.TB) {
	t.Helper()
	if n := d.rings.Load(); n > 0 {
		t.Errorf("%d connections reached an address that may not be called", n)
	}
}

// anywhere is a service whose credential its author lets go to any host, so that the address rule stands alone.
func anywhere(name string, ports ...string) map[string]any {
	hosts := []string{"*"}
	for _, port := range ports {
		hosts = append(hosts, "*:"+port)
	}
	return object("link_name", name, "hosts", hosts, "auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")}))
}

var someKey = object("credentials", object("X-Api-Key", "some-key-1234"))

// insideURL is an address inside. PORT stands for the doorbell's port.
type insideURL struct {
	row, url  string
	malformed bool // refused as text already
	opened    bool // by onlyEvil: it leads to 127.0.0.1
}

var insideURLs = []insideURL{
	{"E01 loopback", "https://127.0.0.1:PORT/", false, true},
	{"E01 loopback over http", "http://127.0.0.1:PORT/", false, true},
	{"E01 elsewhere in 127/8", "https://127.9.9.9:PORT/", false, false},
	{"E01 localhost", "https://localhost:PORT/", false, true},
	{"E01 localhost over http", "http://localhost:PORT/", false, true},
	{"E01 LOCALHOST", "https://LOCALHOST:PORT/", false, true},
	{"E01 localhost with a final dot", "https://localhost.:PORT/", false, true},
	{"E01 below localhost", "https://x.localhost:PORT/", false, true},
	{"E02 two numbers", "https://127.1:PORT/", true, false},
	{"E02 zero", "https://0:PORT/", true, false},
	{"E02 decimal", "https://2130706433:PORT/", true, false},
	{"E02 hexadecimal", "https://0x7f000001:PORT/", true, false},
	{"E02 hexadecimal and decimal", "https://0x7f.1:PORT/", true, false},
	{"E02 octal parts", "https://0177.0.0.1:PORT/", true, false},
	{"E02 octal", "https://017700000001:PORT/", true, false},
	{"E02 final dot", "https://127.0.0.1.:PORT/", false, true},
	{"E03 unspecified", "https://0.0.0.0:PORT/", false, false},
	{"E03 unspecified IPv6", "https://[::]:PORT/", false, false},
	{"E03 loopback IPv6", "https://[::1]:PORT/", false, false},
	{"E03 loopback IPv6 over http", "http://[::1]:PORT/", false, false},
	{"E03 zone", "https://[::1%25lo]:PORT/", true, false},
	{"E03 in full", "https://[0:0:0:0:0:0:0:1]:PORT/", false, false},
	{"E04 circled digits", "https://①②⑦.0.0.1:PORT/", false, true},
	{"E04 ideographic stops", "https://127。0。0。1:PORT/", false, true},
	{"E04 circled letter", "https://ⓛocalhost:PORT/", false, true},
	{"E04 full-width digits", "https://１２７.0.0.1:PORT/", false, true},
	{"E05 mapped loopback", "https://[::ffff:127.0.0.1]:PORT/", false, true},
	{"E05 mapped in hexadecimal", "https://[::ffff:7f00:1]:PORT/", false, true},
	{"E05 mapped metadata", "https://[::ffff:a9fe:a9fe]/", false, false},
	{"E05 compatible loopback", "https://[::127.0.0.1]:PORT/", false, false},
	{"E06 NAT64 of metadata", "https://[64:ff9b::a9fe:a9fe]/", false, false},
	{"E06 local-use NAT64", "https://[64:ff9b:1::808:808]/", false, false},
	{"E06 6to4 of metadata", "https://[2002:a9fe:a9fe::]/", false, false},
	{"E06 Teredo", "https://[2001::1]/", false, false},
	{"E06 ISATAP of private", "https://[2606:4700::5efe:a00:1]/", false, false},
	{"E07 10/8", "https://10.1.2.3/", false, false},
	{"E07 172.16/12", "https://172.31.255.255/", false, false},
	{"E07 192.168/16", "https://192.168.0.1/", false, false},
	{"E07 carrier-grade", "https://100.64.0.1/", false, false},
	{"E07 link-local", "https://169.254.1.1/", false, false},
	{"E07 protocol assignments", "https://192.0.0.8/", false, false},
	{"E07 benchmarking", "https://198.18.0.1/", false, false},
	{"E07 documentation", "https://203.0.113.9/", false, false},
	{"E07 multicast", "https://224.0.0.1/", false, false},
	{"E07 reserved", "https://240.0.0.1/", false, false},
	{"E07 broadcast", "https://255.255.255.255/", false, false},
	{"E07 unique local", "https://[fd00::1]/", false, false},
	{"E07 link-local IPv6", "https://[fe80::1]/", false, false},
	{"E07 site-local", "https://[fec0::1]/", false, false},
	{"E07 multicast IPv6", "https://[ff02::1]/", false, false},
	{"E07 documentation IPv6", "https://[2001:db8::1]/", false, false},
	{"E08 metadata", "http://169.254.169.254/latest/meta-data/", false, false},
	{"E08 metadata over https", "https://169.254.169.254/", false, false},
	{"E08 metadata by name", "https://metadata.google.internal/", false, false},
	{"E09 .local", "https://printer.local/", false, false},
	{"E09 .internal", "https://db.internal/", false, false},
	{"E09 .home.arpa", "https://router.home.arpa/", false, false},
	{"E09 .svc", "https://api.default.svc/", false, false},
	{"E09 .cluster.local", "https://api.default.svc.cluster.local/", false, false},
	{"E09 single label", "https://intranet/", false, false},
}

func (u insideURL) at(d *doorbell) string { return strings.ReplaceAll(u.url, "PORT", d.port) }

// refused: the answer is that of a text that is no URL, naming the field, or of an address that is not called.
func (u insideURL) refused(t *testing.T, a *servertest.Answer, pointer string) {
	t.Helper()
	switch code := a.Code(); {
	case u.malformed:
		if a.Status != 400 || code != "invalid_request" || !strings.Contains(string(a.Body), `"pointer":"`+pointer+`"`) {
			t.Errorf("got %d %s, want 400 naming %s", a.Status, a.Body, pointer)
		}
	case a.Status != 403 || code != "address_not_allowed":
		t.Errorf("got %d %s, want 403 address_not_allowed", a.Status, a.Body)
	}
}

func TestE01_E09_AddressesInsideAreNotCalled(t *testing.T) {
	bell := newDoorbell(t, "127.0.0.1", "127.9.9.9", "::1")
	l := servertest.Start(t, closedNetworks)
	l.Connect(t, anywhere("any", bell.port, "80"), someKey)
	browser := l.Browser(t)

	t.Run("invoke", func(t *testing.T) {
		for _, u := range insideURLs {
			t.Run(u.row, func(t *testing.T) {
				u.refused(t, l.API(t, "POST /v1/invoke", object("connection", "any", "url", u.at(bell))), "/url")
			})
		}
	})
	t.Run("invoke without a connection", func(t *testing.T) {
		for _, u := range insideURLs {
			t.Run(u.row, func(t *testing.T) {
				u.refused(t, l.API(t, "POST /v1/invoke", object("url", u.at(bell), "type", "POST", "body", "x")), "/url")
			})
		}
	})
	// The URLs of a service: what cannot be one is refused when it is saved, the others when they are called.
	type refusal func(*testing.T, insideURL, *servertest.Answer)
	each := func(t *testing.T, prefix, pointer string, definition func(at string) map[string]any, act func(name string) *servertest.Answer, refused refusal) {
		t.Helper()
		for i, u := range insideURLs {
			t.Run(u.row, func(t *testing.T) {
				name := fmt.Sprintf("%s%d", prefix, i)
				d := definition(u.at(bell))
				d["link_name"], d["name"] = name, name
				made := l.API(t, "POST /v1/services", d)
				// An authentication URL begins with https, unless it is of this machine, so the rest is refused as text.
				if made.Status == 400 {
					if !strings.Contains(string(made.Body), `"pointer":"`+pointer+`"`) || !u.malformed && !strings.HasPrefix(u.url, "http:") {
						t.Errorf("service: %s", made.Body)
					}
					return
				}
				if made.Status != 201 || u.malformed {
					t.Fatalf("service: got %d %s", made.Status, made.Body)
				}
				l.Must(t, 201, "POST /v1/connections", object("link_name", name, "name", name, "service", name))
				refused(t, u, act(name))
			})
		}
	}
	connect := func(body map[string]any) func(name string) *servertest.Answer {
		return func(name string) *servertest.Answer { return l.API(t, "POST /v1/connections/"+name+"/connect", body) }
	}
	asAPI := func(t *testing.T, u insideURL, a *servertest.Answer) { t.Helper(); u.refused(t, a, "") }

	t.Run("access token URL", func(t *testing.T) {
		each(t, "token", "/auth/access_token_url", func(at string) map[string]any {
			return object("hosts", []string{"api.example.com"}, "auth", object("type", "oauth2", "grant_type", "client_credentials",
				"client_id", "c", "client_secret", "s", "access_token_url", at))
		}, connect(object()), asAPI)
	})
	t.Run("verification URL", func(t *testing.T) {
		each(t, "verify", "/verify_url", func(at string) map[string]any {
			d := anywhere("", bell.port, "80")
			d["verify_url"] = at
			return d
		}, connect(someKey), asAPI)
	})
	t.Run("request token URL", func(t *testing.T) {
		each(t, "request", "/auth/request_token_url", func(at string) map[string]any {
			return object("hosts", []string{"api.example.com"}, "auth", object("type", "oauth1", "consumer_key", "c", "consumer_secret", "s",
				"request_token_url", at, "authorize_url", "https://example.com/a", "access_token_url", "https://example.com/t"))
		}, func(name string) *servertest.Answer {
			asked := l.Must(t, 200, "POST /v1/connections/"+name+"/connect", object())
			return servertest.Get(t, browser, asked.Field(t, "connect_url").(string)+"/go")
		}, func(t *testing.T, _ insideURL, page *servertest.Answer) {
			t.Helper()
			if page.Status != 403 || !strings.Contains(string(page.Body), "may be called from here") {
				t.Errorf("got %d, want a page that says the address is not called: %s", page.Status, page.Body)
			}
		})
	})
	bell.silent(t)
}

// TestE01_LaterURLs are those that are called only once there is a credential: at the callback, for a refresh, and to
// revoke. The provider's own address is opened, and no other.
func TestE01_LaterURLs(t *testing.T) {
	bell := newDoorbell(t, "127.9.9.9", "::1")
	evil := providertest.Evil(t)
	l := servertest.Start(t, onlyEvil)
	browser := l.Browser(t)
	inside := []string{
		"https://127.9.9.9:PORT/", "http://127.9.9.9:PORT/", "https://[::1]:PORT/", "https://[::ffff:127.9.9.9]:PORT/", "https://[64:ff9b::7f09:909]/",
		"https://169.254.169.254/", "https://[fd00:ec2::254]/",
	}
	oauth2 := func(name string, pairs ...any) map[string]any {
		auth := object("type", "oauth2", "grant_type", "authorization_code", "client_id", providertest.EvilClientID, "client_secret", providertest.EvilClientSecret,
			"authorize_url", evil.Authorize.URL, "access_token_url", evil.Token.URL)
		for i := 0; i < len(pairs); i += 2 {
			auth[pairs[i].(string)] = pairs[i+1]
		}
		return object("link_name", name, "base_url", evil.Bearer.URL, "hosts", []string{hostOf(t, evil.URL)}, "auth", auth)
	}
	atEvil := func(authorizeURL string) string {
		return servertest.Get(t, servertest.Stranger(t), authorizeURL).Header.Get("Location")
	}
	resultOf := func(t *testing.T, back *servertest.Answer) string {
		t.Helper()
		page := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
		return string(page.Body)
	}
	for i, at := range inside {
		at := strings.ReplaceAll(at, "PORT", bell.port)
		t.Run("access token URL "+at, func(t *testing.T) {
			name := fmt.Sprintf("code%d", i)
			l.Connect(t, oauth2(name, "access_token_url", at), nil)
			if page := resultOf(t, consent(t, l, browser, name, nil, atEvil)); !strings.Contains(page, "may be called from here") {
				t.Errorf("the result page says %s", page)
			}
		})
		t.Run("access token URL of OAuth 1 "+at, func(t *testing.T) {
			name := fmt.Sprintf("signed%d", i)
			l.Connect(t, object("link_name", name, "hosts", []string{hostOf(t, evil.URL)}, "auth", object("type", "oauth1",
				"consumer_key", providertest.EvilConsumerKey, "consumer_secret", providertest.EvilConsumerSecret, "request_token_url", evil.RequestToken.URL,
				"authorize_url", evil.AuthorizeRequestToken.URL, "access_token_url", at)), nil)
			if page := resultOf(t, consent(t, l, browser, name, nil, atEvil)); !strings.Contains(page, "may be called from here") {
				t.Errorf("the result page says %s", page)
			}
		})
		t.Run("refresh token URL "+at, func(t *testing.T) {
			name := fmt.Sprintf("refresh%d", i)
			l.Connect(t, oauth2(name, "refresh_token_url", at), nil)
			consent(t, l, browser, name, nil, atEvil)
			evil.ExpireAccessTokens()
			got := l.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", "/"))
			if got.Field(t, "status") != 401.0 {
				t.Errorf("got %s, want the upstream's own 401: there is no new token to be had", got.Body)
			}
		})
		t.Run("revoke token URL "+at, func(t *testing.T) {
			name := fmt.Sprintf("revoke%d", i)
			l.Connect(t, oauth2(name, "revoke_token_url", at), nil)
			consent(t, l, browser, name, nil, atEvil)
			got := l.Must(t, 200, "POST /v1/connections/"+name+"/revoke", nil)
			if got.Field(t, "status") != "revoked" || got.Field(t, "provider_confirmed") != false {
				t.Errorf("got %s", got.Body)
			}
		})
	}
	bell.silent(t)
}

func TestE08_MetadataStaysClosed(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) {
		c.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	})
	l.Connect(t, anywhere("any", "80", "8080"), someKey)
	for i, host := range []string{
		"169.254.169.254", "169.254.170.2", "100.100.100.200", "[fd00:ec2::254]", "192.0.0.192", "metadata.google.internal", "METADATA.google.internal.",
		"[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "①⑥⑨.254.169.254",
	} {
		t.Run("E08 "+host, func(t *testing.T) {
			for _, address := range []string{"https://" + host + "/", "http://" + host + ":8080/latest/meta-data/"} {
				for _, connection := range []string{"any", ""} {
					request := object("url", address)
					if connection != "" {
						request["connection"] = connection
					}
					if got := l.API(t, "POST /v1/invoke", request); got.Status != 403 || got.Code() != "address_not_allowed" {
						t.Errorf("%s through %q: got %d %s", address, connection, got.Status, got.Body)
					}
				}
			}
			name := fmt.Sprintf("token%d", i)
			l.Connect(t, object("link_name", name, "hosts", []string{"api.example.com"}, "auth", object("type", "oauth2", "grant_type", "client_credentials",
				"client_id", "c", "client_secret", "s", "access_token_url", "https://"+host+"/token")), nil)
			if got := l.API(t, "POST /v1/connections/"+name+"/connect", object()); got.Status != 403 || got.Code() != "address_not_allowed" {
				t.Errorf("access token URL: got %d %s", got.Status, got.Body)
			}
		})
	}
}

// TestE10_E13_TheHostRule sends URLs that a careless reader takes for the listed host. good is the listed one; what may
// not be reached is another port of this machine, whose network is open, so that only the host rule stands before it.
func TestE10_E13_TheHostRule(t *testing.T) {
	bell := newDoorbell(t, "127.0.0.1", "127.0.0.2")
	evil := providertest.Evil(t)
	good := hostOf(t, evil.URL)
	bad := "127.0.0.2:" + bell.port
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "good", "base_url", evil.Open.URL, "hosts", []string{good, "*.good.internal", "*.fine.internal:8443"},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), someKey)

	for _, c := range []struct{ row, url, code string }{
		{"E10 http+unix", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info", "invalid_request"},
		{"E10 unix", "unix:/var/run/docker.sock", "invalid_request"},
		{"E10 file", "file:///etc/passwd", "invalid_request"},
		{"E10 gopher", "gopher://" + good + "/_x", "invalid_request"},
		{"E10 ftp", "ftp://" + good + "/", "invalid_request"},
		{"E10 data", "data:text/plain,x", "invalid_request"},
		{"E10 javascript", "javascript:alert(1)", "invalid_request"},
		{"E10 no scheme", good + "/", "invalid_request"},
		{"E10 mixed case of a listed host", "HtTp://" + good + strings.TrimPrefix(evil.Open.URL, evil.URL), ""},
		{"E10 mixed case of another", "HTTP://" + bad + "/", "host_not_allowed"},
		{"E10 opaque", "http:" + good, "invalid_request"},

		{"E11 port 0", "http://127.0.0.1:0/", "invalid_request"},
		{"E11 the default port", "http://127.0.0.1/", "host_not_allowed"},
		{"E11 ssh", "http://127.0.0.1:22/", "host_not_allowed"},
		{"E11 smtp", "http://127.0.0.1:25/", "host_not_allowed"},
		{"E11 PostgreSQL", "https://127.0.0.1:5432/", "host_not_allowed"},
		{"E11 Redis", "https://127.0.0.1:6379/", "host_not_allowed"},
		{"E11 another port", "http://127.0.0.1:" + bell.port + "/", "host_not_allowed"},
		{"E11 65536", "http://127.0.0.1:65536/", "invalid_request"},
		{"E11 two ports", "http://127.0.0.1:80:80/", "invalid_request"},
		{"E11 signed port", "http://127.0.0.1:+80/", "invalid_request"},
		{"E11 full-width port", "http://127.0.0.1:８０/", "invalid_request"},
		{"E11 empty port", "http://127.0.0.1:/", "invalid_request"},
		{"E11 https on a listed name's other port", "https://a.good.internal:8443/", "host_not_allowed"},
		{"E11 http on a listed name", "http://a.good.internal/", "host_not_allowed"},
		{"E11 the listed port of the other name", "https://a.fine.internal:8443/", "address_not_allowed"},

		{"E12 user", "http://" + good + "@" + bad + "/", "invalid_request"},
		{"E12 user and password", "http://good:pw@" + bad + "/", "invalid_request"},
		{"E12 user before the good one", "http://" + bad + "@" + good + "/", "invalid_request"},
		{"E12 backslash", `http://` + bad + `\@` + good + "/", "invalid_request"},
		{"E12 fragment", "http://" + bad + "#@" + good + "/", "host_not_allowed"},
		{"E12 escaped slash", "http://" + good + "%2f@" + bad + "/", "invalid_request"},
		{"E12 query", "http://" + bad + "?@" + good + "/", "host_not_allowed"},
		{"E12 semicolon", "http://" + good + ";@" + bad + "/", "invalid_request"},
		{"E12 the good one in the path", "http://" + bad + "/@" + good, "host_not_allowed"},
		{"E12 tab", "http://" + good + "\t@" + bad + "/", "invalid_request"},
		{"E12 line break", "http://" + good + "\n@" + bad + "/", "invalid_request"},

		{"E13 below", "https://a.good.internal/", "address_not_allowed"}, // the host rule lets it pass; the address is local
		{"E13 deep below", "https://a.b.good.internal/", "address_not_allowed"},
		{"E13 capitals and final dot", "https://A.GOOD.internal./", "address_not_allowed"},
		{"E13 folded", "https://ⓐ.good.internal/", "address_not_allowed"},
		{"E13 the name itself", "https://good.internal/", "host_not_allowed"},
		{"E13 not a label of its own", "https://evilgood.internal/", "host_not_allowed"},
		{"E13 in front", "https://a.good.internal.evil.internal/", "host_not_allowed"},
		{"E13 NUL", "https://a.good.internal%00.evil.internal/", "invalid_request"},
		{"E13 empty label", "https://.good.internal/", "invalid_request"},
		{"E13 look-alike", "https://a.gооd.internal/", "host_not_allowed"}, // Cyrillic o
		{"E13 look-alike in ASCII", "https://a.xn--gd-jbba.internal/", "host_not_allowed"},
	} {
		t.Run(c.row, func(t *testing.T) {
			before := len(evil.Open.Requests())
			got := l.API(t, "POST /v1/invoke", object("connection", "good", "url", c.url))
			if c.code == "" {
				if got.Status != 200 || got.Field(t, "status") != 200.0 {
					t.Errorf("got %d %s, want it called", got.Status, got.Body)
				}
				return
			}
			if got.Code() != c.code {
				t.Errorf("got %d %s, want %s", got.Status, got.Body, c.code)
			}
			if len(evil.Open.Requests()) != before {
				t.Error("the listed host was called")
			}
		})
	}
	bell.silent(t)
	// The bell can be heard: nothing but the host rule is in its way.
	l.Connect(t, anywhere("any", bell.port), someKey)
	if got := l.API(t, "POST /v1/invoke", object("connection", "any", "url", "http://"+bad+"/")); got.Code() != "upstream_unreachable" || bell.rings.Load() == 0 {
		t.Errorf("got %d %s with %d rings", got.Status, got.Body, bell.rings.Load())
	}
	t.Run("E10 E12 as a service's own URL", func(t *testing.T) {
		for _, at := range []string{
			"file:///etc/passwd", "ftp://" + good + "/", "//" + good + "/", "javascript:alert(1)", "http://u:p@" + good + "/", `http://` + good + `\x`,
			"http://" + good + "/#x", "http://127.0.0.1:65536/", "http://127.0.0.1:+80/", "http://evil.internal/",
		} {
			for field, auth := range map[string]map[string]any{
				"access_token_url":  object("type", "oauth2", "grant_type", "client_credentials", "client_id", "c", "access_token_url", at),
				"refresh_token_url": object("type", "oauth2", "grant_type", "client_credentials", "client_id", "c", "access_token_url", evil.Token.URL, "refresh_token_url", at),
				"revoke_token_url":  object("type", "oauth2", "grant_type", "client_credentials", "client_id", "c", "access_token_url", evil.Token.URL, "revoke_token_url", at),
				"authorize_url":     object("type", "oauth2", "grant_type", "authorization_code", "client_id", "c", "access_token_url", evil.Token.URL, "authorize_url", at),
				"request_token_url": object("type", "oauth1", "consumer_key", "c", "consumer_secret", "s", "request_token_url", at, "authorize_url", evil.URL, "access_token_url", evil.URL),
			} {
				got := l.API(t, "POST /v1/services", object("link_name", "bad", "name", "Bad", "hosts", []string{good}, "auth", auth))
				if got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/auth/`+field+`"`) {
					t.Errorf("%s %q: got %d %s", field, at, got.Status, got.Body)
				}
			}
		}
	})
}

func TestE14_E15_Redirects(t *testing.T) {
	nginx := providertest.Nginx(t)
	evil := providertest.Evil(t)
	bell := newDoorbell(t, "127.9.9.9", "::1")
	l := servertest.Start(t, onlyEvil)
	for name, base := range map[string]string{"nginx": nginx.URL, "evil": evil.Open.URL} {
		l.Connect(t, object("link_name", name, "base_url", base, "hosts", []string{hostOf(t, base)},
			"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), someKey)
	}
	follow := func(connection, path string, on bool) *servertest.Answer {
		return l.API(t, "POST /v1/invoke", object("connection", connection, "url", path, "follow_redirects", on))
	}
	t.Run("E14 not followed unasked", func(t *testing.T) {
		for path, location := range map[string]string{"/redirect/meta": "http://169.254.169.254/latest/meta-data/", "/redirect/other": nginx.SinkURL + "/sink"} {
			got := follow("nginx", path, false)
			if got.Field(t, "status") != 302.0 || got.Field(t, "headers.location") != location {
				t.Errorf("%s: got %s", path, got.Body)
			}
			proxied := l.API(t, "GET /v1/proxy/nginx"+path, nil)
			if proxied.Status != 302 || proxied.Header.Get("Location") != location {
				t.Errorf("%s through the proxy: got %d %v", path, proxied.Status, proxied.Header)
			}
		}
		if sink := nginx.Sink(); len(sink) > 0 {
			t.Errorf("the other server got %+v", sink)
		}
	})
	t.Run("E14 to metadata", func(t *testing.T) {
		if got := follow("nginx", "/redirect/meta", true); got.Status != 403 || got.Code() != "address_not_allowed" {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
	t.Run("E14 to every address inside", func(t *testing.T) {
		for _, u := range insideURLs {
			to := u.at(bell)
			if u.opened {
				continue // for the provider's own sake
			}
			evil.Open.Always(providertest.Answer{Status: 307, Header: http.Header{"Location": {to}}})
			got := follow("evil", "/", true)
			want := "address_not_allowed"
			if u.malformed {
				want = "upstream_unreachable"
			}
			if got.Code() != want {
				t.Errorf("%s: to %s: got %d %s, want %s", u.row, to, got.Status, got.Body, want)
			}
		}
		evil.Open.Honest()
		bell.silent(t)
	})
	t.Run("E15 ring", func(t *testing.T) {
		before := len(nginx.Wire())
		got := follow("nginx", "/redirect/ring", true)
		if got.Status != 502 || got.Code() != "upstream_unreachable" || !strings.Contains(string(got.Body), "redirected more than 5 times") {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
		if n := len(nginx.Wire()) - before; n != 6 {
			t.Errorf("the server was called %d times, want once and five redirects", n)
		}
	})
	t.Run("E15 thirty hops", func(t *testing.T) {
		var n int
		evil.Open.Before(func(providertest.Request) *providertest.Answer {
			if n++; n == 30 {
				return nil
			}
			return &providertest.Answer{Status: 302, Header: http.Header{"Location": {fmt.Sprintf("%s/%d", evil.Open.URL, n)}}}
		})
		defer evil.Open.Honest()
		if got := follow("evil", "/", true); got.Code() != "upstream_unreachable" || n != 6 {
			t.Errorf("got %d %s after %d requests", got.Status, got.Body, n)
		}
	})
	t.Run("E15 file", func(t *testing.T) {
		got := follow("nginx", "/redirect/file", true)
		if got.Status != 502 || !strings.Contains(string(got.Body), "cannot be followed") {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
	t.Run("followed to the same host, with its credential", func(t *testing.T) {
		got := follow("nginx", "/redirect/same", true)
		if got.Field(t, "status") != 401.0 { // /basic wants another one
			t.Errorf("got %s", got.Body)
		}
		wire := nginx.Wire()
		if last := wire[len(wire)-1]; last.URI != "/basic" || last.APIKey != "some-key-1234" {
			t.Errorf("the server got %+v", last)
		}
	})
}

func TestE24_TheHostHeaderIsTheURLs(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "acme", "base_url", evil.Open.URL, "hosts", []string{hostOf(t, evil.URL)},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), someKey)
	for _, name := range []string{
		"Host", "host", "HOST", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade",
		"Proxy-Authorization", "TE", "Trailer", "Expect", "Lanyard-User",
	} {
		got := l.API(t, "POST /v1/invoke", object("connection", "acme", "url", "/", "headers", object(name, "evil.example")))
		if got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/headers/`+name+`"`) {
			t.Errorf("%s: got %d %s", name, got.Status, got.Body)
		}
	}
	if n := len(evil.Open.Requests()); n != 0 {
		t.Errorf("the upstream was called %d times", n)
	}
	l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/", "headers", object("X-Forwarded-Host", "evil.example")))
	raw := rawRequest(t, l, "GET /v1/proxy/acme/x HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nAuthorization: Bearer "+l.Key+"\r\nConnection: close\r\n\r\n")
	if raw.Status != 200 {
		t.Errorf("proxy: got %d %s", raw.Status, raw.Body)
	}
	for _, r := range evil.Open.Requests() {
		if r.Host != hostOf(t, evil.URL) {
			t.Errorf("%s arrived with Host %q", r.URI, r.Host)
		}
	}
}

// TestE26_NoFieldOpensANetwork: what may be called is the operator's decision, so there is no field, parameter or header
// for it, whatever it might be named, and nothing to divide between organizations.
func TestE26_NoFieldOpensANetwork(t *testing.T) {
	bell := newDoorbell(t, "127.0.0.1")
	l := servertest.Start(t, closedNetworks)
	l.Connect(t, anywhere("any", bell.port), someKey)
	at := "http://127.0.0.1:" + bell.port + "/"
	for _, field := range []string{"allow_networks", "allow_network", "allowed_networks", "networks", "allow_private", "insecure", "resolver", "proxy", "ca_file", "sni"} {
		for call, body := range map[string]map[string]any{
			"POST /v1/services":                object("link_name", "other", "name", "Other", "hosts", []string{"*"}, "auth", object("type", "basic")),
			"PATCH /v1/services/any":           object(),
			"POST /v1/connections":             object("link_name", "other", "name", "Other", "service", "any"),
			"PATCH /v1/connections/any":        object(),
			"POST /v1/connections/any/connect": object("credentials", object("X-Api-Key", "k")),
			"POST /v1/invoke":                  object("connection", "any", "url", at),
			"POST /v1/api_keys":                object("name", "k"),
		} {
			body[field] = []string{"127.0.0.0/8"}
			if got := l.API(t, call, body); got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/`+field+`"`) {
				t.Errorf("%s with %s: got %d %s", call, field, got.Status, got.Body)
			}
		}
		if got := l.API(t, "POST /v1/services", object("link_name", "other", "name", "Other", "hosts", []string{"*"}, "auth", object("type", "basic", field, true))); got.Status != 400 {
			t.Errorf("auth with %s: got %d %s", field, got.Status, got.Body)
		}
		if got := l.API(t, "POST /v1/invoke?"+field+"=127.0.0.0/8", object("connection", "any", "url", at)); got.Status != 400 {
			t.Errorf("query with %s: got %d %s", field, got.Status, got.Body)
		}
		header := "Lanyard-" + strings.ReplaceAll(field, "_", "-")
		if got := l.API(t, "POST /v1/invoke", object("connection", "any", "url", at), header, "127.0.0.0/8"); got.Code() != "address_not_allowed" {
			t.Errorf("header %s: got %d %s", header, got.Status, got.Body)
		}
	}
	other := l.Organization(t, "other")
	other.Connect(t, anywhere("any", bell.port), someKey)
	if got := other.API(t, "POST /v1/invoke", object("connection", "any", "url", at)); got.Code() != "address_not_allowed" {
		t.Errorf("another organization: got %d %s", got.Status, got.Body)
	}
	bell.silent(t)
}

func TestE27_MethodsAndUpgrades(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "acme", "base_url", evil.Open.URL, "hosts", []string{hostOf(t, evil.URL)},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), someKey)
	for _, method := range []string{"CONNECT", "TRACE", "connect", "BREW", "GET\r\nX: y", ""} {
		if method == "" {
			continue // GET
		}
		if got := l.API(t, "POST /v1/invoke", object("connection", "acme", "url", "/", "type", method)); got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/type"`) {
			t.Errorf("invoke with %q: got %d %s", method, got.Status, got.Body)
		}
	}
	const end = "Connection: close\r\n\r\n"
	auth := "Host: x\r\nAuthorization: Bearer " + l.Key + "\r\n"
	for name, request := range map[string]string{
		"CONNECT":                   "CONNECT /v1/proxy/acme/x HTTP/1.1\r\n" + auth + end,
		"CONNECT in authority form": "CONNECT " + hostOf(t, evil.URL) + " HTTP/1.1\r\n" + auth + end,
		"TRACE":                     "TRACE /v1/proxy/acme/x HTTP/1.1\r\n" + auth + end,
		"WebSocket": "GET /v1/proxy/acme/x HTTP/1.1\r\n" + auth + "Connection: Upgrade, close\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		"h2c": "GET /v1/proxy/acme/x HTTP/1.1\r\n" + auth + "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n" +
			"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
		"upgrade without Connection": "GET /v1/proxy/acme/x HTTP/1.1\r\n" + auth + "Upgrade: websocket\r\n" + end,
	} {
		if got := rawRequest(t, l, request); got.Status < 400 || got.Status > 405 {
			t.Errorf("%s: got %d %s", name, got.Status, got.Body)
		}
	}
	if n := len(evil.Open.Requests()); n != 0 {
		t.Errorf("the upstream was called %d times", n)
	}
	// An upstream that switches protocols unasked gives no tunnel.
	evil.Open.Always(providertest.Answer{Write: func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
		_ = conn.Close()
	}})
	for _, call := range []string{"POST /v1/invoke", "GET /v1/proxy/acme/x"} {
		var body any
		if strings.HasPrefix(call, "POST") {
			body = object("connection", "acme", "url", "/")
		}
		if got := l.API(t, call, body); got.Status != 502 || got.Code() != "upstream_unreachable" {
			t.Errorf("%s: got %d %s", call, got.Status, got.Body)
		}
	}
}

// TestE28_NobodyMapsANetwork: whoever may call a host learns nothing about its ports, and nothing about which hosts
// there are, from what Lanyard answers.
func TestE28_NobodyMapsANetwork(t *testing.T) {
	l := servertest.Start(t)
	closed := servertest.FreeAddr(t)
	bell := newDoorbell(t, "127.0.0.1") // open, and not a web server
	filtered := filteredPort(t)
	ports := map[string]string{
		"closed": "127.0.0.1:" + portOf(closed), "open": "127.0.0.1:" + bell.port, "filtered": "127.0.0.1:" + filtered, "unused host": "127.77.77.77:" + portOf(closed),
	}
	var all []string
	for _, address := range ports {
		all = append(all, portOf(address))
	}
	l.Connect(t, anywhere("any", all...), someKey)
	texts := map[string][]string{}
	for what, address := range ports {
		for _, scheme := range []string{"http://", "https://"} {
			if scheme == "https://" && what == "filtered" {
				continue
			}
			got := l.API(t, "POST /v1/invoke", object("connection", "any", "url", scheme+address+"/", "timeout_ms", 700))
			if got.Status != 502 || got.Code() != "upstream_unreachable" {
				t.Errorf("%s %s: got %d %s", what, scheme, got.Status, got.Body)
			}
			text := strings.ReplaceAll(string(got.Body), "127.77.77.77", "127.0.0.1")
			texts[text] = append(texts[text], what)
		}
	}
	if len(texts) != 1 {
		t.Errorf("the answers differ: %q", texts)
	}
	for text := range texts {
		for _, told := range []string{"refused", "timeout", "time-out", "EOF", "reset", "no route", portOf(closed)} {
			if strings.Contains(text, told) {
				t.Errorf("the answer says %q: %s", told, text)
			}
		}
	}
	if log := l.Log.String(); !strings.Contains(log, "connection refused") {
		t.Error("the operator's log does not say what happened")
	}
	t.Run("token URL", func(t *testing.T) {
		texts := map[string]bool{}
		for i, address := range []string{ports["closed"], ports["open"], "127.77.77.77:" + portOf(closed)} {
			name := fmt.Sprintf("token%d", i)
			l.Connect(t, object("link_name", name, "name", "Token", "hosts", []string{"api.example.com"}, "auth", object("type", "oauth2", "grant_type", "client_credentials",
				"client_id", "c", "client_secret", "s", "access_token_url", "http://"+address+"/")), nil)
			got := l.API(t, "POST /v1/connections/"+name+"/connect", object())
			if got.Status != 502 {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			texts[strings.ReplaceAll(string(got.Body), "127.77.77.77", "127.0.0.1")] = true
		}
		if len(texts) != 1 {
			t.Errorf("the answers differ: %v", texts)
		}
	})
	t.Run("local names that exist and that do not", func(t *testing.T) {
		l := servertest.Start(t, closedNetworks)
		l.Connect(t, anywhere("any"), someKey)
		texts := map[string]bool{}
		for _, name := range []string{"localhost", "nowhere-at-all", "a.internal", "b.svc.cluster.local"} {
			got := l.API(t, "POST /v1/invoke", object("connection", "any", "url", "https://"+name+"/"))
			if got.Code() != "address_not_allowed" {
				t.Errorf("%s: got %d %s", name, got.Status, got.Body)
			}
			texts[strings.ReplaceAll(string(got.Body), name, "NAME")] = true
		}
		if len(texts) != 1 {
			t.Errorf("the answers differ: %v", texts)
		}
	})
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// filteredPort is a port at which a connection attempt gets no answer at all: its queue is full, so the kernel drops
// what comes.
func filteredPort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	// Attempts that do not wait for their answer: the first few fill the queue, and the last ones stay open.
	for range 4 {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Close(c) })
		if err := syscall.Connect(c, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}); err != nil && err != syscall.EINPROGRESS {
			t.Fatal(err)
		}
	}
	return fmt.Sprint(port)
}

func TestE32_CertificatesAreChecked(t *testing.T) {
	var seen atomic.Int64
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"at-of-a-stranger","token_type":"Bearer"}`)
	}))
	upstream.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	upstream.Config.ErrorLog = log.New(io.Discard, "", 0) // it hears of the handshakes that are given up
	upstream.StartTLS()
	t.Cleanup(upstream.Close)
	host := hostOf(t, upstream.URL)
	port := portOf(host)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: upstream.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	machine := func(name string) map[string]any {
		return object("link_name", name, "base_url", upstream.URL, "hosts", []string{host, "localhost:" + port}, "auth", object("type", "oauth2",
			"grant_type", "client_credentials", "client_id", "c", "client_secret", "s", "access_token_url", upstream.URL+"/token", "revoke_token_url", upstream.URL+"/revoke"))
	}
	t.Run("E32 self-signed", func(t *testing.T) {
		l := servertest.Start(t)
		l.Connect(t, machine("machine"), nil)
		if got := l.API(t, "POST /v1/connections/machine/connect", object()); got.Status != 502 || got.Code() != "upstream_unreachable" {
			t.Errorf("access token URL: got %d %s", got.Status, got.Body)
		}
		l.Connect(t, anywhere("any", port), someKey)
		for _, address := range []string{upstream.URL, "https://localhost:" + port} {
			got := l.API(t, "POST /v1/invoke", object("connection", "any", "url", address+"/"))
			if got.Status != 502 || got.Code() != "upstream_unreachable" {
				t.Errorf("%s: got %d %s", address, got.Status, got.Body)
			}
		}
		verified := anywhere("verified", port)
		verified["verify_url"] = upstream.URL + "/"
		l.Connect(t, verified, nil)
		if got := l.API(t, "POST /v1/connections/verified/connect", someKey); got.Status != 502 || got.Code() != "upstream_unreachable" {
			t.Errorf("verification URL: got %d %s", got.Status, got.Body)
		}
		if seen.Load() != 0 {
			t.Errorf("the server got %d requests", seen.Load())
		}
		if !strings.Contains(l.Log.String(), "certificate") {
			t.Error("the operator's log does not say why")
		}
	})
	t.Run("E32 an authority of the operator's", func(t *testing.T) {
		l := servertest.Start(t, func(c *server.Config) { c.CAFile = ca })
		l.Connect(t, machine("machine"), object())
		l.Must(t, 200, "POST /v1/invoke", object("connection", "machine", "url", "/x"))
		if got := l.Must(t, 200, "POST /v1/connections/machine/revoke", nil); got.Field(t, "provider_confirmed") != true {
			t.Errorf("revoke: %s", got.Body)
		}
		before := seen.Load()
		l.Connect(t, anywhere("any", port), someKey)
		if got := l.API(t, "POST /v1/invoke", object("connection", "any", "url", "https://localhost:"+port+"/")); got.Status != 502 {
			t.Errorf("another name than the certificate's: got %d %s", got.Status, got.Body)
		}
		if seen.Load() != before {
			t.Error("the server got a request under another name")
		}
	})
}
