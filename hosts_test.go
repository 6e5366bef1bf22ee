package lanyard_test

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/idna"

	"lanyard"
)

// target reads a URL that has to be fine.
func target(t *testing.T, raw string) lanyard.Target {
	t.Helper()
	_, got, err := lanyard.ParseURL(raw)
	if err != nil {
		t.Fatalf("ParseURL(%q): %v", raw, err)
	}
	return got
}

// rules makes the host rules of a service without parameters.
func rules(t *testing.T, baseURL string, hosts ...string) lanyard.HostRules {
	t.Helper()
	r, err := (&lanyard.Service{BaseURL: baseURL, Hosts: hosts}).HostRules(nil)
	if err != nil {
		t.Fatalf("hosts %q with base %q: %v", hosts, baseURL, err)
	}
	return r
}

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ name, in, host, port, text string }{
		{"plain", "https://api.example.com/v1?a=b", "api.example.com", "443", "https://api.example.com/v1?a=b"},
		{"upper case", "HTTPS://API.Example.COM/V1", "api.example.com", "443", "https://api.example.com/V1"},
		{"final dot", "https://api.example.com./", "api.example.com", "443", "https://api.example.com/"},
		{"no path", "https://api.example.com", "api.example.com", "443", "https://api.example.com"},
		{"no path but a query", "https://api.example.com?a", "api.example.com", "443", "https://api.example.com?a"},
		{"a question mark alone", "https://api.example.com/x?", "api.example.com", "443", "https://api.example.com/x?"},
		{"port", "https://api.example.com:8443/", "api.example.com", "8443", "https://api.example.com:8443/"},
		{"default port", "https://api.example.com:443/", "api.example.com", "443", "https://api.example.com/"},
		{"default port of http", "http://api.example.com:80/", "api.example.com", "80", "http://api.example.com/"},
		{"port with zeros", "https://api.example.com:08443/", "api.example.com", "8443", "https://api.example.com:8443/"},
		{"fragment", "https://api.example.com/x#y", "api.example.com", "443", "https://api.example.com/x"},
		{"international", "https://bücher.example/ü", "xn--bcher-kva.example", "443", "https://xn--bcher-kva.example/%C3%BC"},
		{"international, percent-encoded", "https://b%C3%BCcher.example/", "xn--bcher-kva.example", "443", "https://xn--bcher-kva.example/"},
		{"IPv4", "http://192.0.2.1:8080/", "192.0.2.1", "8080", "http://192.0.2.1:8080/"},
		{"IPv6", "https://[2001:DB8::0:1]:8443/", "2001:db8::1", "8443", "https://[2001:db8::1]:8443/"},
		{"IPv4 inside IPv6", "https://[::ffff:127.0.0.1]/", "127.0.0.1", "443", "https://127.0.0.1/"},
		{"underscore", "https://a_b.example.com/", "a_b.example.com", "443", "https://a_b.example.com/"},
		{"encoded slash stays", "https://a.example/x%2Fy/%7e", "a.example", "443", "https://a.example/x%2Fy/%7e"},
		{"encoded slash stays beside a brace", "https://a.example/x%2F..%2fy/{z}|é", "a.example", "443", "https://a.example/x%2F..%2fy/%7Bz%7D%7C%C3%A9"},
		{"two slashes in the path", "https://a.example//b.example/", "a.example", "443", "https://a.example//b.example/"},
		{"query kept", "https://a.example/?b=%2f+%zz&&;c", "a.example", "443", "https://a.example/?b=%2f+%zz&&;c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, got, err := lanyard.ParseURL(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Host != c.host || strconv.Itoa(got.Port) != c.port || u.String() != c.text {
				t.Errorf("got host %q port %d url %q, want %q %s %q", got.Host, got.Port, u, c.host, c.port, c.text)
			}
		})
	}
}

func TestEscapePath(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/a-._~!$&'()*+,;=:@b/": "/a-._~!$&'()*+,;=:@b/", "/%2F%2f%": "/%2F%2f%", "/{x}|é \"<>^`?#\\\x00": "/%7Bx%7D%7C%C3%A9%20%22%3C%3E%5E%60%3F%23%5C%00", "/[x]": "/[x]",
	} {
		if got := lanyard.EscapePath(in); got != want {
			t.Errorf("EscapePath(%q) is %q, want %q", in, got, want)
		}
	}
	// Every legal byte keeps the path as net/url sends it; so an encoded slash stays one.
	for c := range 256 {
		raw := lanyard.EscapePath("/a%2Fb/" + string([]byte{byte(c)}))
		decoded, err := url.PathUnescape(raw)
		if err != nil {
			continue // a percent sign
		}
		if got := (&url.URL{Path: decoded, RawPath: raw}).EscapedPath(); got != raw {
			t.Errorf("byte %#x: %q is sent as %q", c, raw, got)
		}
	}
}

func TestE04_FoldedBeforeJudged(t *testing.T) {
	for _, c := range []struct{ in, host string }{
		{"http://①②⑦.0.0.1/", "127.0.0.1"},
		{"http://127。0。0。1/", "127.0.0.1"},
		{"http://１２７.０.０.１/", "127.0.0.1"},
		{"http://ⓛocalhost/", "localhost"},
		{"http://ＬＯＣＡＬＨＯＳＴ/", "localhost"},
		{"http://LOCALHOST./", "localhost"},
		{"http://①②⑦.0.0.1./", "127.0.0.1"},
		{"http://a\u00adpi.example/", "api.example"},
	} {
		got := target(t, c.in)
		if got.Host != c.host {
			t.Errorf("%s leads to %q, want %q", c.in, got.Host, c.host)
		}
		if rules(t, "", "*.good.example", "api.example.com").Allow(got) {
			t.Errorf("%s passes a list that does not name it", c.in)
		}
	}
	// What would fold to an address in an unusual form is refused, not looked up.
	for _, in := range []string{
		"http://①②⑦.1/", "http://２１３０７０６４３３/", "http://０x7f.1/", "http://0ｘ7f000001/", "http://127.1/", "http://0/", "http://2130706433/",
		"http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://017700000001/", "http://1.2.3.4.5/", "http://127.0.0.1../", "http://1.2.3.0x/", "http://00/",
		"http://[::1%25lo]/", "http://[::1%lo]/", "http://[127.0.0.1]/", "http://[::1/", "http://::1/", "http://[]/", "http://[::1]x/", "http://[::1].example.com/",
	} {
		if u, got, err := lanyard.ParseURL(in); err == nil {
			t.Errorf("%s is read as %s (%s)", in, u, got.Host)
		}
	}
}

func TestE10_Schemes(t *testing.T) {
	for _, in := range []string{
		"http+unix://%2ftmp%2fx/", "unix:/tmp/x", "file:///etc/passwd", "gopher://a.example/", "ftp://a.example/", "data:text/plain,x", "javascript:alert(1)",
		"javascript://a.example/%0aalert(1)", "//a.example/", "a.example/", "/x", "", "https:", "https://", "https:a.example", "https:/a.example", "https:///x", " https://a.example/", "https://a.example/\n", "ws://a.example/",
	} {
		if u, _, err := lanyard.ParseURL(in); err == nil {
			t.Errorf("%q is read as %s", in, u)
		}
	}
	if got := target(t, "hTTpS://a.example/"); got.Scheme != "https" {
		t.Errorf("the scheme is %q", got.Scheme)
	}
}

func TestE11_Ports(t *testing.T) {
	for _, in := range []string{
		"https://a.example:0/", "https://a.example:65536/", "https://a.example:80:80/", "https://a.example:+80/", "https://a.example:０/", "https://a.example:８０/",
		"https://a.example:/", "https://a.example:-1/", "https://a.example:8 0/", "https://a.example:0x50/", "https://a.example:000443/", "https://a.example:1e3/", "https://[::1]:/", "https://[::1]:x/",
	} {
		if u, _, err := lanyard.ParseURL(in); err == nil {
			t.Errorf("%s is read as %s", in, u)
		}
	}
	plain := rules(t, "", "a.example", "*.b.example", "127.0.0.1")
	for _, port := range []int{1, 22, 25, 53, 80, 110, 444, 3306, 5432, 6379, 8080, 8443, 11211, 65535} {
		for _, host := range []string{"a.example", "x.b.example", "127.0.0.1"} {
			if got := target(t, "https://"+host+":"+strconv.Itoa(port)+"/"); plain.Allow(got) {
				t.Errorf("%s passes a list without ports", got)
			}
		}
	}
	for _, c := range []struct {
		name, base string
		hosts      []string
		url        string
		want       bool
	}{
		{"443", "", []string{"a.example"}, "https://a.example/", true},
		{"plain http", "", []string{"a.example"}, "http://a.example/", false},
		{"plain http on 443", "", []string{"a.example"}, "http://a.example:443/", false},
		{"plain http below a name", "", []string{"*.a.example"}, "http://x.a.example/", false},
		{"plain http anywhere", "", []string{"*"}, "http://a.example/", true},
		{"plain http to an address", "", []string{"10.0.0.1"}, "http://10.0.0.1/", true},
		{"plain http anywhere, another port", "", []string{"*"}, "http://a.example:8080/", false},
		{"plain http on this machine", "", []string{"127.0.0.1"}, "http://127.0.0.1/", true},
		{"plain http by its port", "", []string{"a.example:80"}, "http://a.example/", true},
		{"plain http on a port of https", "", []string{"a.example:443"}, "http://a.example:443/", false},
		{"plain http by the base URL", "http://a.example/v1", []string{"a.example"}, "http://a.example/v2", true},
		{"https beside a base URL of http", "http://a.example/v1", []string{"a.example"}, "https://a.example/v2", true},
		{"http beside a base URL of https", "https://a.example/v1", []string{"a.example"}, "http://a.example/v1", false},
		{"port of the base URL", "https://a.example:8443/", []string{"a.example"}, "https://a.example:8443/x", true},
		{"port of the base URL in the clear", "https://a.example:8443/", []string{"a.example"}, "http://a.example:8443/x", false},
		{"port of the base URL on another host", "https://a.example:8443/", []string{"a.example", "b.example"}, "https://b.example:8443/", false},
		{"base URL that is not listed", "https://a.example:8443/", []string{"b.example"}, "https://a.example:8443/", false},
		{"listed port", "", []string{"a.example:8443"}, "https://a.example:8443/", true},
		{"another than the listed port", "", []string{"a.example:8443"}, "https://a.example/", false},
		{"listed port of another host", "", []string{"a.example:8443", "b.example"}, "https://b.example:8443/", false},
		{"listed port of any host", "", []string{"*:8443"}, "https://b.example:8443/", true},
		{"any host", "", []string{"*"}, "https://b.example/", true},
		{"any host, another port", "", []string{"*"}, "https://b.example:22/", false},
		{"IPv6 with a port", "", []string{"[::1]:9040"}, "http://[::1]:9040/", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := rules(t, c.base, c.hosts...).Allow(target(t, c.url)); got != c.want {
				t.Errorf("hosts %q with base %q allow %s: %v, want %v", c.hosts, c.base, c.url, got, c.want)
			}
		})
	}
}

func TestE12_UserInfoAndMisleadingHosts(t *testing.T) {
	for _, in := range []string{
		"https://good.com@evil.com/", "https://good.com:pw@evil.com", "https://@evil.com/", "https://:@evil.com/", "https://a@b@evil.com/", `https://evil.com\@good.com`,
		"https://good.com%2f@evil.com", "https://good.com;@evil.com", "https://good.com%40evil.com/", `https:\\evil.com/`, `https://good.com\.evil.com/`, "https://good.com\t.evil.com/",
		"https://good.com %20.evil.com/", "https://good.com%00.evil.com/", "https://good.com%0d%0a.evil.com", "https://good.com／evil.com/", "https://good.com？evil.com/", "https://good.com＠evil.com/", "https://good.com#\n@evil.com",
		"https://℀.example/", "https://a..b/", "https://.a.example/", "https://-a.example/", "https://a-.example/", "https://*.example.com/", "https://a,b.example/", "https://" + strings.Repeat("a", 64) + ".example/", "https://" + strings.Repeat("a.", 127) + "example/",
	} {
		if u, _, err := lanyard.ParseURL(in); err == nil {
			t.Errorf("%q is read as %s", in, u)
		}
	}
	for _, in := range []string{"https://good.com#@evil.com", "https://good.com?@evil.com", "https://good.com/@evil.com", "https://good.com/;@evil.com"} {
		if got := target(t, in); got.Host != "good.com" {
			t.Errorf("%s leads to %s", in, got.Host)
		}
	}
}

func TestE13_SubdomainsLabelByLabel(t *testing.T) {
	sub := rules(t, "", "*.good.com")
	for _, c := range []struct {
		url  string
		want bool
	}{
		{"https://a.good.com/", true},
		{"https://A.GOOD.com/", true},
		{"https://a.good.com./", true},
		{"https://a.b.good.com/", true},
		{"https://ａ.ｇood.com/", true},
		{"https://good.com/", false},
		{"https://GOOD.com/", false},
		{"https://good.com./", false},
		{"https://good.com.evil.com/", false},
		{"https://evilgood.com/", false},
		{"https://a.evilgood.com/", false},
		{"https://a-good.com/", false},
		{"https://a.good.co/", false},
		{"https://a.good.com.evil.com/", false},
		{"https://xn--god-jma.com/", false},    // göd.com
		{"https://a.xn--god-lna.com/", false},  // a.goöd.com, or so
		{"https://а.gооd.com/", false},         // Cyrillic o
		{"https://evil.com/a.good.com", false}, // in the path
		{"https://evil.com/?.good.com", false}, // in the query
		{"https://127.0.0.1/", false},          // an address is below nothing
	} {
		if got := sub.Allow(target(t, c.url)); got != c.want {
			t.Errorf("*.good.com allows %s: %v, want %v", c.url, got, c.want)
		}
	}
	exact := rules(t, "", "good.com", "bücher.example", "192.0.2.1", "[2001:db8::1]")
	for _, c := range []struct {
		url  string
		want bool
	}{
		{"https://good.com/", true},
		{"https://GOOD.COM./", true},
		{"https://a.good.com/", false},
		{"https://ood.com/", false},
		{"https://bücher.example/", true},
		{"https://xn--bcher-kva.example/", true},
		{"https://BÜCHER.example/", true},
		{"https://bucher.example/", false},
		{"https://192.0.2.1/", true},
		{"https://1.192.0.2.1.example/", false},
		{"https://[2001:db8:0:0::1]/", true},
		{"https://[2001:db8::2]/", false},
	} {
		if got := exact.Allow(target(t, c.url)); got != c.want {
			t.Errorf("the list allows %s: %v, want %v", c.url, got, c.want)
		}
	}
	if (lanyard.HostRules{}).Allow(target(t, "https://good.com/")) {
		t.Error("no list lets something pass")
	}
}

func TestParseHostPattern(t *testing.T) {
	for _, c := range []struct {
		in      string
		ok, any bool
	}{
		{"api.example.com", true, false}, {"API.Example.com.", true, false}, {"*.example.com", true, false}, {"*.example.com:8443", true, false}, {"*", true, true}, {"*:8443", true, true},
		{"localhost", true, false}, {"127.0.0.1:9040", true, false}, {"[::1]", true, false}, {"[::1]:9040", true, false}, {"bücher.example", true, false}, {"a_b.example", true, false},
		{"", false, false}, {".", false, false}, {"*.", false, false}, {"*.com", false, false}, {"*.localhost", false, false}, {"*.127.0.0.1", false, false}, {"*.[::1]", false, false},
		{"a.*.com", false, false}, {"*a.example.com", false, false}, {"**.example.com", false, false}, {"*.*.example.com", false, false}, {"https://a.example", false, false}, {"a.example/", false, false},
		{"a.example?", false, false}, {"a.example#", false, false}, {"u@a.example", false, false}, {"a.example:", false, false}, {"a.example:0", false, false}, {"a.example:x", false, false}, {"a.example:*", false, false},
		{"a b.example", false, false}, {"a.example\\", false, false}, {"a.example\n", false, false}, {"{x}.example", false, false}, {"::1", false, false}, {"127.1", false, false}, {"a,b.example", false, false}, {"a..example", false, false},
	} {
		p, err := lanyard.ParseHostPattern(c.in)
		if (err == nil) != c.ok || err == nil && p.Any() != c.any {
			t.Errorf("ParseHostPattern(%q): any %v, error %v; want ok %v, any %v", c.in, p.Any(), err, c.ok, c.any)
		}
	}
	r := rules(t, "", "a.example", "*.b.example:8443")
	if got := r.String(); got != "a.example, *.b.example:8443" || r.Any() {
		t.Errorf("the rules read %q, any %v", got, r.Any())
	}
	if !rules(t, "", "a.example", "*").Any() {
		t.Error("a list with * in it lets any host pass")
	}
}

// reread is what net/url makes of a URL, without this package's help.
func reread(t *testing.T, text string) (host string, port int) {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("net/url does not read %q: %v", text, err)
	}
	if u.User != nil || u.Opaque != "" || u.Fragment != "" {
		t.Fatalf("%q has user info, an opaque part or a fragment", text)
	}
	port = 443
	if u.Scheme == "http" {
		port = 80
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			t.Fatalf("%q has the port %q", text, p)
		}
	}
	return u.Hostname(), port
}

func FuzzParseURL(f *testing.F) {
	for _, in := range []string{
		"https://api.example.com/v1?a=b#c", "http://[::ffff:127.0.0.1]:8080/", "https://①②⑦.0.0.1/%2F{x}", "https://good.com@evil.com", `https://a\b`, "https://a.example:80:80", "https://a%2fb/é|%2F",
		"https://[::1%25lo]/", "HTTP://ⓛocalhost.:80?", "https://xn--a/", "https://a.example//x/../y;z", "https://a.example/?q=%zz&&",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, got, err := lanyard.ParseURL(in)
		if err != nil {
			return
		}
		text := u.String()
		if host, port := reread(t, text); host != got.Host || port != got.Port {
			t.Fatalf("%q was read as %s port %d, and net/url reads %q as %s port %d", in, got.Host, got.Port, text, host, port)
		}
		if got.Host != strings.ToLower(got.Host) || strings.HasSuffix(got.Host, ".") || strings.ContainsAny(got.Host, "@/\\?#% ") || got.Port < 1 || got.Port > 65535 {
			t.Fatalf("%q leads to %q port %d, which is not canonical", in, got.Host, got.Port)
		}
		again, same, err := lanyard.ParseURL(text)
		if err != nil || same != got || again.String() != text {
			t.Fatalf("%q became %q, which is read as %v %q: %v", in, text, same, again, err)
		}
		// Reading changes neither the number of path segments nor the query.
		rest := in[strings.Index(in, "://")+3:]
		rest, _, _ = strings.Cut(rest, "#")
		beforeQuery, query, _ := strings.Cut(rest, "?")
		if u.RawQuery != query || strings.Count(u.EscapedPath(), "/") != strings.Count(beforeQuery, "/") {
			t.Fatalf("%q became path %q and query %q", in, u.EscapedPath(), u.RawQuery)
		}
	})
}

// allowedSlowly judges without this package: it compares label lists that it made itself.
func allowedSlowly(pattern, host string, port int) bool {
	if i := strings.LastIndex(pattern, ":"); i >= 0 && !strings.HasSuffix(pattern, "]") {
		if p, err := strconv.Atoi(pattern[i+1:]); err != nil || p != port {
			return false
		}
		pattern = pattern[:i]
	}
	if pattern == "*" {
		return true
	}
	if a, err := netip.ParseAddr(strings.Trim(pattern, "[]")); err == nil {
		b, err := netip.ParseAddr(host)
		return err == nil && a.Unmap() == b.Unmap()
	}
	below := strings.HasPrefix(pattern, "*.")
	pattern = strings.TrimPrefix(pattern, "*.")
	if ascii, err := idna.Lookup.ToASCII(pattern); err == nil {
		pattern = ascii
	}
	want := strings.Split(strings.ToLower(strings.TrimSuffix(pattern, ".")), ".")
	have := strings.Split(host, ".")
	if below && len(have) <= len(want) || !below && len(have) != len(want) {
		return false
	}
	have = have[len(have)-len(want):]
	for i := range want {
		if want[i] != have[i] {
			return false
		}
	}
	return true
}

func FuzzHostRules(f *testing.F) {
	for _, c := range [][2]string{
		{"*.good.com", "https://a.good.com/"}, {"good.com:8443,*.x.good.com", "https://good.com:8443/"}, {"*", "http://a/"}, {"[::1]:80", "http://[::1]/"}, {"bücher.example", "https://xn--bcher-kva.example"},
		{"127.0.0.1", "http://①②⑦.0.0.1/"}, {"*.good.com", "https://good.com.evil.com"}, {"[::ffff:1.2.3.4]", "https://1.2.3.4"}, {"a.b:443", "http://a.b:443"},
	} {
		f.Add(c[0], "", c[1])
		f.Add(c[0], c[1], c[1])
	}
	f.Fuzz(func(t *testing.T, list, base, in string) {
		s := &lanyard.Service{BaseURL: base, Hosts: strings.Split(list, ",")}
		r, err := s.HostRules(nil)
		if err != nil {
			return
		}
		u, got, err := lanyard.ParseURL(in)
		if err != nil || !r.Allow(got) {
			return
		}
		host, port := reread(t, u.String())
		for _, pattern := range s.Hosts {
			if allowedSlowly(pattern, host, port) {
				return
			}
		}
		t.Fatalf("%q lets %q pass, which goes to %s port %d", list, in, host, port)
	})
}
