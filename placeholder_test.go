package lanyard_test

import (
	"net/url"
	"strings"
	"testing"

	"lanyard"
)

// fill fills a template with parameters that have no rules of their own.
func fill(t *testing.T, text string, values map[string]string, declared ...lanyard.DynamicParameter) (string, error) {
	t.Helper()
	for key := range values {
		found := false
		for _, p := range declared {
			found = found || p.Key == key
		}
		if !found {
			declared = append(declared, lanyard.DynamicParameter{Key: key, Name: key})
		}
	}
	tmpl, err := lanyard.ParseTemplate(text, declared)
	if err != nil {
		t.Fatalf("ParseTemplate(%q): %v", text, err)
	}
	return tmpl.Fill(values)
}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		name, text string
		values     map[string]string
		want       string
	}{
		{"the reference's example", "https://{domain}.my.salesforce.com/services/data/v56.0", map[string]string{"domain": "zylker"}, "https://zylker.my.salesforce.com/services/data/v56.0"},
		{"host in lower case", "https://{domain}.example.com/", map[string]string{"domain": "ZylKer"}, "https://zylker.example.com/"},
		{"beside text", "https://eu-{domain}-api.example.com/", map[string]string{"domain": "a"}, "https://eu-a-api.example.com/"},
		{"everywhere", "https://{a}.example.com/{a}/x{a}y?{a}={a}&b={a}", map[string]string{"a": "v"}, "https://v.example.com/v/xvy?v=v&b=v"},
		{"same key twice", "https://x.example/{a}/{a}", map[string]string{"a": "1"}, "https://x.example/1/1"},
		{"two side by side", "https://x.example/{a}{b}", map[string]string{"a": "1", "b": "2"}, "https://x.example/12"},
		{"key that begins like another", "https://x.example/{a}/{ab}", map[string]string{"a": "1", "ab": "2"}, "https://x.example/1/2"},
		{"path is encoded as a segment", "https://x.example/{a}", map[string]string{"a": "a b/ü"}, "https://x.example/a%20b%2F%C3%BC"},
		{"query is encoded as a value", "https://x.example/?q={a}", map[string]string{"a": "a b&c=ü+"}, "https://x.example/?q=a+b%26c%3D%C3%BC%2B"},
		{"path after a port", "https://x.example:8443/{a}", map[string]string{"a": "1"}, "https://x.example:8443/1"},
		{"path after an IPv6 address", "https://[::1]:8443/{a}", map[string]string{"a": "1"}, "https://[::1]:8443/1"},
		{"query without a path", "https://x.example?{a}", map[string]string{"a": "/"}, "https://x.example?%2F"},
		{"nothing to fill", "https://x.example/", nil, "https://x.example/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fill(t, c.text, c.values)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestG03_OneLabelInAHost(t *testing.T) {
	for _, value := range []string{
		"evil.com/#", "evil.com/", "evil.com?", `evil.com\`, "evil.com@", "evil.com#", "a.b", "..", ".", "", strings.Repeat("a", 64), "-a", "a-", "xn--", "%2e", "%2E", "é", "127.0.0.1",
		"[::1]", "a:80", ":", "a b", " a", "a\n", "a\x00", "a;b", "a,b", "a*", "*", "a%00", "。", "a。b", "①", "{domain}", "a/../b", "a&b", "\u200b", "ａ",
	} {
		if got, err := fill(t, "https://{domain}.example.com/x", map[string]string{"domain": value}); err == nil {
			t.Errorf("%q is filled into the host: %s", value, got)
		} else if len(value) > 2 && strings.Contains(err.Error(), value) && value != "{domain}" {
			t.Errorf("the error repeats the value %q: %v", value, err)
		}
	}
	for _, value := range []string{"a", "zylker", "A1", "a-b", "xn--bcher-kva", "0", "a_b", strings.Repeat("a", 63)} {
		got, err := fill(t, "https://{domain}.example.com/x", map[string]string{"domain": value})
		if err != nil {
			t.Errorf("%q is refused: %v", value, err)
			continue
		}
		if host := target(t, got).Host; host != strings.ToLower(value)+".example.com" {
			t.Errorf("%q leads to %s", value, host)
		}
	}
	// Dots by explicit choice of the service.
	host := lanyard.DynamicParameter{Key: "host", Name: "Host", Format: lanyard.FormatHost}
	for value, want := range map[string]string{"git.example.com": "git.example.com", "GIT.Example.com.": "git.example.com", "localhost": "localhost", "192.0.2.1": "192.0.2.1", "[2001:db8::1]": "2001:db8::1", "bücher.example": "xn--bcher-kva.example"} {
		got, err := fill(t, "https://{host}/api", map[string]string{"host": value}, host)
		if err != nil || target(t, got).Host != want {
			t.Errorf("%q leads to %q (%v), want %s", value, got, err, want)
		}
	}
	for _, value := range []string{"evil.com/", "evil.com/#", "evil.com?", "evil.com#", "evil.com:80", "u@evil.com", `evil.com\`, "a..b", "..", "127.1", "0x7f.1", "::1", "[::1%25lo]", "*", "*.a.b", "https://a.example", "a b", ""} {
		if got, err := fill(t, "https://{host}/api", map[string]string{"host": value}, host); err == nil {
			t.Errorf("%q is filled in as a host: %s", value, got)
		}
	}
	// A whole host below a fixed name stays below it.
	got, err := fill(t, "https://{host}.example.com/", map[string]string{"host": "a.b"}, host)
	if err != nil || target(t, got).Host != "a.b.example.com" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, value := range []string{"[::1]", "a.b."} {
		got, err := fill(t, "https://{host}.example.com/", map[string]string{"host": value}, host)
		if err != nil {
			continue
		}
		if u, to, err := lanyard.ParseURL(got); err == nil && !strings.HasSuffix(to.Host, ".example.com") {
			t.Errorf("%q leads to %s", value, u)
		}
	}
}

func TestG04_OneSegmentInAPath(t *testing.T) {
	for _, value := range []string{"../../admin", "%2e%2e%2f", "?x=1", "#", ";", `\`, "//", "%00", "a/b", "..;", "...", ".%2e", "a\u2215b", "%", "a?b#c", "/..", "../", "é", " ", "@evil.com", ":80", "{x}"} {
		for _, text := range []string{"https://api.example.com/v1/{id}/end?q=1", "https://api.example.com/{undeclared}/{id}/end?q=1", "https://api.example.com/é|/{id}/end?q=1", "https://api.example.com/a%2Fb/{id}/end?q=1"} {
			got, err := fill(t, text, map[string]string{"id": value})
			if err != nil {
				t.Errorf("%q is refused: %v", value, err)
				continue
			}
			u, to, err := lanyard.ParseURL(got)
			if err != nil {
				t.Errorf("%q cannot be read: %v", got, err)
				continue
			}
			segments := strings.Split(u.EscapedPath(), "/")
			if to.Host != "api.example.com" || len(segments) != 4 || segments[3] != "end" || u.RawQuery != "q=1" || u.Fragment != "" {
				t.Errorf("%q leads to %s", value, u)
			}
			if back, err := url.PathUnescape(segments[2]); err != nil || back != value {
				t.Errorf("%q arrives as %q", value, back)
			}
			if resolved := u.ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath}).EscapedPath(); resolved != u.EscapedPath() {
				t.Errorf("%q resolves to %s", value, resolved)
			}
		}
	}
	for _, value := range []string{".", "..", ""} {
		if got, err := fill(t, "https://api.example.com/v1/{id}/end", map[string]string{"id": value}); err == nil {
			t.Errorf("%q is filled into the path: %s", value, got)
		}
	}
	tmpl, err := lanyard.ParseRelativeTemplate("/v1/{id}?q={id}", []lanyard.DynamicParameter{{Key: "id", Name: "id"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tmpl.Fill(map[string]string{"id": "a/b?c"}); err != nil || got != "/v1/a%2Fb%3Fc?q=a%2Fb%3Fc" {
		t.Errorf("a relative template gives %q, %v", got, err)
	}
}

func TestG05_OneValueInAQuery(t *testing.T) {
	for _, value := range []string{"a&admin=1", "%26", "+", "#", "a=b", "a;b", "?", "/", " ", "é", "a\u0000b", "&&", "{x}", "%"} {
		got, err := fill(t, "https://api.example.com/x?a={v}&b=1", map[string]string{"v": value})
		if err != nil {
			t.Errorf("%q is refused: %v", value, err)
			continue
		}
		u, _, err := lanyard.ParseURL(got)
		if err != nil {
			t.Errorf("%q cannot be read: %v", got, err)
			continue
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil || len(q) != 2 || len(q["a"]) != 1 || q.Get("a") != value || q.Get("b") != "1" || u.Path != "/x" {
			t.Errorf("%q arrives as %s", value, u)
		}
	}
}

func TestG06_NotInSchemeOrPortNorTheWholeURL(t *testing.T) {
	declared := []lanyard.DynamicParameter{{Key: "url", Name: "URL"}, {Key: "p", Name: "P"}}
	for _, text := range []string{"{url}", "{url}://api.example.com/", "{url}api.example.com/", "http{p}://api.example.com/", "{url}/x", "/{url}", "", "https:{url}", "https:/{url}", "https://a.example:{p}/", "https://[::1]:{p}/", "https://a.example:80{p}/", "https://u:{p}@a.example/"} {
		if _, err := lanyard.ParseTemplate(text, declared); err == nil {
			t.Errorf("%q is a template", text)
		}
	}
	// What gets through as a template is refused as a URL, whatever the values.
	for _, text := range []string{"https://{url}@a.example/", "https://[{url}]/", "javascript:x://{url}", "x?y://{url}"} {
		tmpl, err := lanyard.ParseTemplate(text, declared)
		if err != nil {
			continue
		}
		filled, err := tmpl.Fill(map[string]string{"url": "a", "p": "b"})
		if err != nil {
			continue
		}
		if u, _, err := lanyard.ParseURL(filled); err == nil {
			t.Errorf("%q leads to %s", text, u)
		}
	}
}

func TestG07_FilledOnce(t *testing.T) {
	values := map[string]string{"a": "{b}", "b": "{secret}", "secret": "x"}
	got, err := fill(t, "https://api.example.com/{a}/{b}?q={a}", values)
	if want := "https://api.example.com/%7Bb%7D/%7Bsecret%7D?q=%7Bb%7D"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	braces := strings.Repeat("{", 100_000) + strings.Repeat("}", 100_000)
	if got, err = fill(t, "https://api.example.com/{a}", map[string]string{"a": braces}); err != nil || strings.ContainsAny(got, "{}") {
		t.Errorf("a value of braces is not filled in once: %v", err)
	}
	text := "https://api.example.com/" + strings.Repeat("{", 100_000) + "a}" + braces
	if got, err = fill(t, text, map[string]string{"a": "1"}); err != nil || got != "https://api.example.com/"+strings.Repeat("{", 99_999)+"1"+braces {
		t.Errorf("a template of braces is not filled in once: %v", err)
	}
}

func TestG08_NeverFromACredential(t *testing.T) {
	for _, key := range []string{"client_secret", "access_token", "password", "refresh_token", "consumer_secret", "X-Api-Key"} {
		text := "https://api.example.com/{" + key + "}?a={" + key + "}"
		got, err := fill(t, text, map[string]string{"domain": "x"})
		if err != nil || got != text {
			t.Errorf("got %q, %v; want the text as it is", got, err)
		}
		// A value that nobody declared is not used either.
		tmpl, err := lanyard.ParseTemplate(text, []lanyard.DynamicParameter{{Key: "domain", Name: "d"}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tmpl.Fill(map[string]string{"domain": "x", key: canary}); err != nil || shows(got) {
			t.Errorf("an undeclared value is filled in: %q, %v", got, err)
		}
	}
}

func TestG09_OtherBracesAreText(t *testing.T) {
	for _, text := range []string{"{", "}", "{}", "{ a }", "{a-b}", "{a", "a}", "{{", "}}", "{A}", "{a}}", "{{a}"} {
		got, err := fill(t, "https://api.example.com/"+text, map[string]string{"a": "1"})
		want := "https://api.example.com/" + strings.Replace(text, "{a}", "1", 1)
		if err != nil || got != want {
			t.Errorf("%q gives %q, %v; want %q", text, got, err, want)
		}
	}
	_, err := fill(t, "https://{domain}.example.com/", map[string]string{}, lanyard.DynamicParameter{Key: "domain", Name: "Your Acme domain"})
	if err == nil || !strings.Contains(err.Error(), "domain") || !strings.Contains(err.Error(), "Your Acme domain") {
		t.Errorf("a declared key without a value gives %v", err)
	}
	if _, err := fill(t, "https://api.example.com/x", map[string]string{}, lanyard.DynamicParameter{Key: "domain", Name: "d"}); err != nil {
		t.Errorf("a value that is not needed is asked for: %v", err)
	}
	tmpl, _ := lanyard.ParseTemplate("https://api.example.com/{b}", []lanyard.DynamicParameter{{Key: "a"}})
	if tmpl.HasPlaceholders() {
		t.Error("an undeclared key is a placeholder")
	}
	tmpl, _ = lanyard.ParseTemplate("https://api.example.com/{a}", []lanyard.DynamicParameter{{Key: "a"}})
	if !tmpl.HasPlaceholders() {
		t.Error("a declared key is no placeholder")
	}
}

func TestCheckValue(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     lanyard.DynamicParameter
		value string
		ok    bool
	}{
		{"plain", lanyard.DynamicParameter{}, "zylker", true},
		{"UTF-8", lanyard.DynamicParameter{}, "zürich", true},
		{"1024 bytes", lanyard.DynamicParameter{}, strings.Repeat("a", 1024), true},
		{"empty", lanyard.DynamicParameter{}, "", false},
		{"G01 CR", lanyard.DynamicParameter{}, "a\rb", false},
		{"G01 LF", lanyard.DynamicParameter{}, "a\nb", false},
		{"G01 NUL", lanyard.DynamicParameter{}, "a\x00", false},
		{"G01 tab", lanyard.DynamicParameter{}, "a\tb", false},
		{"G01 DEL", lanyard.DynamicParameter{}, "a\x7f", false},
		{"G01 64 kB", lanyard.DynamicParameter{}, strings.Repeat("a", 64<<10), false},
		{"G01 not UTF-8", lanyard.DynamicParameter{}, "a\xff", false},
		{"one of the choices", lanyard.DynamicParameter{Choices: []lanyard.Choice{{Value: "eu"}, {Value: "us", Name: "United States"}}}, "us", true},
		{"a choice's name", lanyard.DynamicParameter{Choices: []lanyard.Choice{{Value: "us", Name: "United States"}}}, "United States", false},
		{"none of the choices", lanyard.DynamicParameter{Choices: []lanyard.Choice{{Value: "eu"}}}, "evil", false},
		{"fits the pattern", lanyard.DynamicParameter{Pattern: `[a-z]+\d`}, "abc1", true},
		{"the pattern is for the whole value", lanyard.DynamicParameter{Pattern: `[a-z]+`}, "abc1", false},
		{"the pattern is for the whole value, with choices in it", lanyard.DynamicParameter{Pattern: `a|b`}, "ax", false},
		{"a pattern that closes the group", lanyard.DynamicParameter{Pattern: `a)|(?:b`}, "b", false},
		{"a pattern that cannot be read", lanyard.DynamicParameter{Pattern: `(`}, "(", false},
		{"a pattern that takes long in other engines", lanyard.DynamicParameter{Pattern: `(a+)+`}, strings.Repeat("a", 1000) + "b", false},
		{"host", lanyard.DynamicParameter{Format: lanyard.FormatHost}, "git.example.com", true},
		{"not a host", lanyard.DynamicParameter{Format: lanyard.FormatHost}, "git.example.com/x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p.Name = "Domain"
			err := c.p.CheckValue(c.value)
			if (err == nil) != c.ok {
				t.Fatalf("CheckValue(%.40q): error %v, want ok %v", c.value, err, c.ok)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "Domain ") {
				t.Errorf("the error does not name the parameter: %v", err)
			}
		})
	}
}

func FuzzTemplateFill(f *testing.F) {
	for _, c := range [][4]string{
		{"x/y", "k=1", "zylker", "v"}, {"", "", "evil.com/#", "../../admin"}, {"{undeclared}/é|", "a&b=;c", "a", "..%2f"}, {"%2F", "%zz", "a", "?x=1#"}, {"a?b", "c#d", "a", "&x=1"}, {"//", "", "a@b", "{a}"},
		{`\`, "", "a", "/"}, {".", "", "[::1]", ".."}, {"x:y@z", "", "a:80", "@evil.com"},
	} {
		f.Add(c[0], c[1], c[2], c[3])
	}
	declared := []lanyard.DynamicParameter{{Key: "a", Name: "A"}, {Key: "b", Name: "B"}, {Key: "h", Name: "H", Format: lanyard.FormatHost}}
	f.Fuzz(func(t *testing.T, path, query, a, b string) {
		if strings.Contains(path+query, "{a}") || strings.Contains(path+query, "{b}") || strings.Contains(path+query, "{h}") {
			return // placeholders stand where this test puts them
		}
		text := "https://{a}.example.com/" + path + "/{b}/end?k={b}&" + query + "&m={b}"
		if strings.ContainsAny(path, "?#") {
			text = "https://{a}.example.com/{b}/" + path
		}
		fillWith := func(text, a, b string) (*url.URL, bool) {
			tmpl, err := lanyard.ParseTemplate(text, declared)
			if err != nil {
				t.Fatalf("%q is no template: %v", text, err)
			}
			filled, err := tmpl.Fill(map[string]string{"a": a, "b": b, "h": a})
			if err != nil {
				return nil, false
			}
			u, _, err := lanyard.ParseURL(filled)
			return u, err == nil
		}
		harmless, ok := fillWith(text, "x", "y")
		if !ok {
			return
		}
		got, ok := fillWith(text, a, b)
		if !ok {
			return
		}
		if host := got.Hostname(); !strings.HasSuffix(host, ".example.com") || strings.Count(host, ".") != 2 || got.Port() != "" || got.User != nil {
			t.Fatalf("%q with %q leads to %s", text, a, got)
		}
		if x, y := shape(got), shape(harmless); x != y {
			t.Fatalf("%q with %q and %q has the shape %s, want %s", text, a, b, x, y)
		}
		if !strings.Contains(path, ".") && !strings.Contains(strings.ToLower(path), "%2e") {
			if resolved := got.ResolveReference(&url.URL{Path: got.Path, RawPath: got.RawPath}); strings.Count(resolved.EscapedPath(), "/") != strings.Count(got.EscapedPath(), "/") && !strings.Contains(path, "//") {
				t.Fatalf("%q with %q resolves to %s", text, b, resolved)
			}
		}
		// A whole host below a fixed name stays below it.
		if got, ok := fillWith("https://{h}.example.com/{b}", a, b); ok && !strings.HasSuffix(got.Hostname(), ".example.com") {
			t.Fatalf("host %q leads to %s", a, got)
		}
	})
}

// shape is what a value must not change: the number of path segments, and the keys of the query in their order.
func shape(u *url.URL) string {
	s := strings.Repeat("/", strings.Count(u.EscapedPath(), "/")) + "?"
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, _, _ := strings.Cut(pair, "=")
		s += strings.Repeat(";", strings.Count(pair, ";")) + key + "&"
	}
	return s + u.Fragment
}
