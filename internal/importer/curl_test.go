package importer_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/importer"
)

const canary = "sk_canary_5up3rs3cr3t"

// described is a command in one line for comparison: call, candidates and the values that were found.
func described(c *importer.Command) string {
	var b strings.Builder
	b.WriteString(c.Call.Method + " " + c.Call.URL)
	for _, h := range c.Call.Headers {
		b.WriteString(" | " + h.Name + ": " + h.Value)
	}
	for _, p := range c.Call.Parameters {
		b.WriteString(" | " + p.Name + "=" + p.Value)
	}
	if c.Call.ContentType != "" {
		b.WriteString(" | " + c.Call.ContentType)
	}
	if c.Call.Body != "" {
		b.WriteString(" | " + c.Call.Body)
	}
	for _, k := range c.Candidates {
		b.WriteString("\n" + k.Words)
		for _, field := range slices.Sorted(maps.Keys(k.Values)) {
			b.WriteString(", " + field + " " + k.Values[field].Reveal())
		}
	}
	return b.String()
}

func TestCurlCommands(t *testing.T) {
	for _, c := range []struct{ name, command, want string }{
		{"bearer", `curl https://api.acme.com/v2/tickets -H "Authorization: Bearer ` + canary + `"`,
			"GET /v2/tickets\nthe header Authorization, with the prefix Bearer, Authorization " + canary},
		{"token scheme", `curl -H 'Authorization: token abc' https://api.acme.com/user`, "GET /user\nthe header Authorization, with the prefix token, Authorization abc"},
		{"bare key", `curl -H Authorization:abc https://api.acme.com`, "GET /\nthe header Authorization, Authorization abc"},
		{"lines", "$ curl https://api.acme.com/a \\\n  --header 'X-Api-Key: k' \\\r\n  --header 'Accept: application/json'", "GET /a | Accept: application/json\nthe header X-Api-Key, X-Api-Key k"},
		{"user", `curl -u ann:pass%word https://api.acme.com/a`, "GET /a\nuser name and password (Basic), password pass%word, username ann"},
		{"key as user", `curl https://api.acme.com/v1/charges -u sk_1: -d amount=100 -d currency=usd`, "POST /v1/charges | amount=100 | currency=usd\na key as the user name (Basic), without a password, username sk_1"},
		{"basic header", `curl -H 'Authorization: Basic YW5uOnB3' https://api.acme.com/a`, "GET /a\nuser name and password (Basic), password pw, username ann"},
		{"user in URL", `curl https://ann:p%40w@api.acme.com/a`, "GET /a\nuser name and password (Basic), password p@w, username ann"},
		{"query key", `curl 'https://api.acme.com/w?q=Rome&api_key=k&lang=it'`, "GET /w?q=Rome&lang=it\nthe query parameter api_key, api_key k"},
		{"get with data", `curl -G https://api.acme.com/w --data-urlencode "q=two words" -d appid=k`, "GET /w?q=two+words\nthe query parameter appid, appid k"},
		{"json", `curl --json '{"a": 1}' -H 'X-Token: k' https://api.acme.com/a`, "POST /a | application/json | {\"a\": 1}\nthe header X-Token, X-Token k"},
		{"data is JSON", `curl https://api.acme.com/a -H 'Authorization: Bearer k' -d '{"a": "it'\''s"}'`, "POST /a | application/json | {\"a\": \"it's\"}\nthe header Authorization, with the prefix Bearer, Authorization k"},
		{"browser", `curl 'https://api.acme.com/a' -H 'sec-ch-ua: "X"' -H 'user-agent: M' -b 'sid=1' -H 'x-api-key: k' --data-raw $'{"a":"\u0021\n"}' --compressed`,
			"POST /a | application/json | {\"a\":\"!\n\"}\nthe header x-api-key, x-api-key k"},
		{"cmd", "curl ^\"https://api.acme.com/a?x=1^&y=2^\" ^\n  -H ^\"authorization: Bearer k^\" ^\n  --data-raw ^\"^{^\\^\"a^\\^\":1^}^\"", "POST /a?x=1&y=2 | application/json | {\"a\":1}\nthe header Authorization, with the prefix Bearer, Authorization k"},
		{"variable", `curl https://api.acme.com/a -H "Authorization: Bearer $TOKEN"`, "GET /a\nthe header Authorization, with the prefix Bearer"},
		{"variable in the path", `curl "https://api.acme.com/a/${ID}" -u "$USER:$PASS"`, "GET /a/$ID\nuser name and password (Basic)"},
		{"method", `curl -XDELETE https://api.acme.com/a -H'X-Api-Key:k'`, "DELETE /a\nthe header X-Api-Key, X-Api-Key k"},
		{"joined short flags", `curl -sSLku a:b https://api.acme.com`, "GET /\nuser name and password (Basic), password b, username a"},
		{"form", `curl -F name=x -F file=@a.png -F token=k https://api.acme.com/up`, "POST /up | name=x\nthe form field token, token k"},
		{"two keys", `curl -H 'DD-API-KEY: a' -H 'DD-APPLICATION-KEY: b' https://api.acme.com/a`,
			"GET /a\nthe header DD-API-KEY, DD-API-KEY a\nthe header DD-APPLICATION-KEY, DD-APPLICATION-KEY b\nall of them: the header DD-API-KEY, the header DD-APPLICATION-KEY, DD-API-KEY a, DD-APPLICATION-KEY b"},
		{"nothing likely", `curl -H 'X-Acme-Who: k' https://api.acme.com/a?x=1`, "GET /a?x=1 | X-Acme-Who: k\nthe header X-Acme-Who, X-Acme-Who k\nthe query parameter x, x 1"},
		{"path key", `curl https://api.telegram.org/bot123456:AAbbccddeeffgghhiijjkkll/getMe`, "GET /getMe\nthe path's first part, behind bot, key 123456:AAbbccddeeffgghhiijjkkll"},
		{"secret in JSON", `curl -u a:b --json '{"password":"` + canary + `","x":1}' https://api.acme.com/a`, "POST /a | application/json | {\"password\":\"\",\"x\":1}\nuser name and password (Basic), password b, username a"},
		{"idempotency key is none", `curl -H 'Idempotency-Key: 1' -H 'Authorization: Bearer k' https://api.acme.com/a`, "GET /a | Idempotency-Key: 1\nthe header Authorization, with the prefix Bearer, Authorization k"},
		{"no scheme", `curl api.acme.com/a -u a:b`, "GET /a\nuser name and password (Basic), password b, username a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := importer.ParseCurl(c.command, nil)
			if err != nil {
				t.Fatal(err)
			}
			if described(got) != c.want {
				t.Errorf("%s\nis read as\n%s\nnot\n%s", c.command, described(got), c.want)
			}
		})
	}
}

// What a shell would compute, and what is no single call, is refused with words that repeat none of it.
func TestCurlRefuses(t *testing.T) {
	for command, want := range map[string]string{
		`curl https://api.acme.com/ -H "Authorization: Bearer $(cat ` + canary + `)"`:   "a shell would compute",
		"curl https://api.acme.com/ -H \"Authorization: Bearer `echo " + canary + "`\"": "a shell would compute",
		`curl https://api.acme.com/a?b=1&c=` + canary:                                   "put the URL in quotes",
		`curl https://api.acme.com/ -u a:` + canary + ` | jq .`:                         "without pipes",
		`curl https://api.acme.com/ -u a:` + canary + ` > out`:                          "leave out what begins with < or >",
		`curl https://api.acme.com/; rm ` + canary:                                      "more than one command",
		`curl https://api.acme.com/ -H "X: ${` + canary + `:-v}"`:                       "write the value itself",
		`curl https://api.acme.com/ -u "a:` + canary:                                    "a quote is probably not closed",
		`curl https://api.acme.com/a https://api.acme.com/b -u a:` + canary:             "several URLs",
		`curl -u a:` + canary:                                                                        "has no URL",
		`curl ftp://acme.com/ -u a:` + canary:                                                        "begins with https://",
		`curl https://api.acme.com/ -b sid=` + canary:                                                "no credential was found",
		`curl https://api.acme.com/ --digest -u a:` + canary:                                         "is not one that Lanyard knows",
		`curl https://$HOST/ -u a:` + canary:                                                         "write the host itself",
		`curl https://api.acme.com/ --aws-sigv4 aws:amz -u a:` + canary:                              "signed",
		`curl https://api.acme.com/ --no-such -u a:` + canary + ` --strange`:                         "not one of curl's",
		`curl https://api.acme.com/ --user=a:` + canary:                                              "the flag --user is not one of curl's",
		`curl -H 'Authorization: Digest username="` + canary + `"' https://api.acme.com/`:            "no credential was found",
		`X=1 curl https://api.acme.com/ -u a:` + canary:                                              "more than one simple command",
		"curl https://api.acme.com/ -u a:b -X " + strings.Repeat("Q", 3) + " -H 'A: " + canary + "'": "the method is not one of",
	} {
		_, err := importer.ParseCurl(command, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s gives %v, not %q", command, err, want)
		}
	}
}

func TestCurlSaysWhatIsNotObeyed(t *testing.T) {
	for command, want := range map[string]string{
		`curl -k -u a:b https://api.acme.com/`:                         "certificates are always checked",
		`curl -u a:b http://api.acme.com/`:                             "made with https",
		`curl -u a:b https://10.0.0.8/`:                                "private network",
		`curl -u a:b http://localhost:8080/`:                           "private network",
		`curl -u a:b -b sid=1 https://api.acme.com/`:                   "Cookies are not taken over",
		`curl -u a:b -d @file https://api.acme.com/`:                   "which is not here",
		`curl -u a:b -o out -m 3 https://api.acme.com/`:                "has no meaning here: --max-time, --output",
		`curl -u a:b --cert c.pem https://api.acme.com/`:               "client certificate",
		`curl -H 'Authorization: token k' https://api.github.com/user`: "default service: github",
	} {
		c, err := importer.ParseCurl(command, nil)
		if err != nil || !strings.Contains(strings.Join(c.Notes, "\n"), want) {
			t.Errorf("%s: %v, %+v does not say %q", command, err, c, want)
		}
	}
}

// The service has the host and the place of the credential, and the credential itself is nowhere but in the values.
func TestServiceOfCurl(t *testing.T) {
	c, err := importer.ParseCurl(`curl http://api.github.com:80/user?q=1 -H 'Authorization: Bearer `+canary+`'`, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Service(0, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	definition, err := importer.Definition(s)
	want := `{"kind":"custom","link_name":"github_api","name":"Github","base_url":"https://api.github.com","hosts":["api.github.com"],` +
		`"auth":{"type":"api_key","parameters":[{"name":"Authorization","display_name":"Token","param_type":"header","prefix":"Bearer "}]}}`
	if err != nil || string(definition) != want {
		t.Errorf("the definition is %s (%v)", definition, err)
	}
	if _, err := c.Service(1, "", "", nil); err == nil {
		t.Error("a candidate that there is not was taken")
	}
	if _, err := s.CredentialFrom(c.Candidates[0].Values); err != nil {
		t.Error(err)
	}
}

// Where nothing looks like a credential the person says what it is, and that then leaves the call.
func TestFirstCallLosesTheChosenCredential(t *testing.T) {
	c, err := importer.ParseCurl(`curl -H 'X-Acme-Who: `+canary+`' 'https://api.acme.com/a?x=`+canary+`&y=2'`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if call := c.FirstCall(0); len(call.Headers) != 0 || call.URL != "/a?x="+canary+"&y=2" {
		t.Errorf("without the header: %+v", call)
	}
	if call := c.FirstCall(1); len(call.Headers) != 1 || call.URL != "/a?y=2" {
		t.Errorf("without the parameter: %+v", call)
	}
}

func FuzzCurl(f *testing.F) {
	f.Add(`curl -X POST 'https://api.acme.com/a?key=1' -H "Authorization: Bearer $T" -d a=b --json '{"a":1}'`)
	f.Add("curl ^\"https://a.b/^\" ^\n -u a:b -F x=@y")
	f.Add(`curl $'\x41\u0042' -G --data-urlencode "=x"`)
	f.Fuzz(func(t *testing.T, command string) {
		c, err := importer.ParseCurl(command, nil)
		if err != nil {
			return
		}
		for i := range c.Candidates {
			s, err := c.Service(i, "", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if definition, err := importer.Definition(s); err == nil {
				if _, err := lanyard.ParseService(definition); err != nil {
					t.Fatalf("%s: %v", definition, err)
				}
			}
			if call := c.FirstCall(i); strings.Contains(call.URL, "\x00") || !strings.HasPrefix(call.URL, "/") {
				t.Fatalf("%q", call.URL)
			}
		}
	})
}
