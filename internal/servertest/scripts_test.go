package servertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"lanyard"
	"lanyard/internal/script"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// scriptUpstream is a service that says what it was sent, and has a few answers of other kinds.
type scriptUpstream struct {
	*httptest.Server
	calls atomic.Int64
	gone  chan struct{} // gets a value when a caller hung up on /slow
}

func newScriptUpstream(t testing.TB) *scriptUpstream {
	t.Helper()
	up := &scriptUpstream{gone: make(chan struct{}, 10)}
	up.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up.calls.Add(1)
		switch r.URL.Path {
		case "/api/slow":
			<-r.Context().Done()
			up.gone <- struct{}{}
		case "/api/list":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `[1, {"a": null}]`)
		case "/api/text":
			w.Header().Set("Content-Type", "text/plain; charset=iso-8859-1")
			_, _ = w.Write([]byte("caf\xe9"))
		case "/api/image.png":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("\x89PNG"))
		case "/api/refused":
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code": 6041}`)
		case "/api/mirror": // of the credential itself
			_, _ = io.WriteString(w, "you sent "+r.Header.Get("X-Api-Key"))
			_, _ = io.Copy(w, r.Body)
		default:
			up.echo(w, r)
		}
	}))
	t.Cleanup(up.Close)
	return up
}

func (up *scriptUpstream) echo(w http.ResponseWriter, r *http.Request) {
	said := map[string]any{"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "keyed": r.Header.Get("X-Api-Key") == "SECRET-script-key"}
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if media != "" {
		said["type"] = media
	}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Say-") {
			said[name] = strings.Join(values, "|")
		}
	}
	if media == "multipart/form-data" {
		parts := map[string]any{}
		reader, err := r.MultipartReader()
		for err == nil {
			p, errPart := reader.NextPart()
			if errPart != nil {
				break
			}
			content, _ := io.ReadAll(p)
			text := string(content)
			if p.FileName() != "" {
				text = fmt.Sprintf("%s (%s): %s", p.FileName(), p.Header.Get("Content-Type"), content)
			}
			parts[p.FormName()] = text
		}
		said["parts"] = parts
	} else if body, _ := io.ReadAll(r.Body); len(body) > 0 {
		said["body"] = string(body)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Answer", "yes")
	_ = json.NewEncoder(w).Encode(said)
}

// withScripts is a Lanyard with the connection acme to the upstream.
func withScripts(t testing.TB, changes ...func(*server.Config)) (*servertest.Lanyard, *scriptUpstream) {
	t.Helper()
	up := newScriptUpstream(t)
	l := servertest.Start(t, append(changes, func(c *server.Config) { c.AllowNetworks = servertest.Loopback })...)
	l.Connect(t, object("link_name", "acme", "base_url", up.URL+"/api", "hosts", []string{strings.TrimPrefix(up.URL, "http://")},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "param_type", "header")})), object("credentials", object("X-Api-Key", "SECRET-script-key")))
	return l, up
}

// outcome is the answer of POST /v1/scripts/run.
type outcome struct {
	Output []string        `json:"output"`
	Result json.RawMessage `json:"result"`
	Error  *lanyard.RunError
	Calls  []lanyard.RunCall
}

func runScript(t testing.TB, l *servertest.Lanyard, source string, headers ...string) outcome {
	t.Helper()
	var o outcome
	l.Must(t, 200, "POST /v1/scripts/run", object("script", source), headers...).JSON(t, &o)
	return o
}

// TestInvokeURL: the attributes of both generations, one by one, as the service gets them.
func TestInvokeURL(t *testing.T) {
	l, _ := withScripts(t)
	for _, c := range []struct{ name, before, attributes, want string }{
		{"nothing but a URL", "", ``, `{"method":"GET","path":"/api/x","query":"","keyed":true}`},
		{"type in small letters", "", `type: post`, `"method":"POST"`},
		{"each type", "", `type: PATCH`, `"method":"PATCH"`},
		{"parameters of a GET", "", `parameters: {"a": 1, "b": "x y"}`, `"query":"a=1&b=x+y"`},
		{"a text of parameters of a GET", "", `parameters: "a=1"`, `"query":"a=1"`},
		{"a map of parameters of a POST is a form", "", "type: POST\nparameters: {\"a\": \"x y\"}", `"body":"a=x+y","type":"application/x-www-form-urlencoded"`},
		{"a text of parameters of a POST is raw", "", "type: POST\nparameters: \"plain\"", `"body":"plain","type":"text/plain"`},
		{"JSON is a text with a content type", "", "type: POST\nheaders: {\"Content-Type\": \"application/json\"}\nparameters: {\"a\": {\"b\": 1}}.toString()", `"body":"{\"a\":{\"b\":1}}","type":"application/json"`},
		{"a file of parameters is raw", `f = "data".toFile("a.bin");`, "type: POST\nparameters: f", `"body":"data","type":"application/octet-stream"`},
		{"content-type multipart makes parts of a map", "", "type: POST\nparameters: {\"a\": \"x\", \"n\": 5}\ncontent-type: \"multipart/form-data\"", `"parts":{"a":"x","n":"5"},"path":"/api/x","query":"","type":"multipart/form-data"`},
		{"content-type of a file", `f = "data".toFile("a.csv");`, "type: PUT\nparameters: f\ncontent-type: \"text/csv\"", `"body":"data","type":"text/csv"`},
		{"a text in body", "", "type: POST\nbody: \"plain\"", `"body":"plain","type":"text/plain"`},
		{"a map in body is sent in parts", "", "type: POST\nbody: {\"a\": \"x\"}", `"parts":{"a":"x"}`},
		{"a map in body is JSON where a header says so", "", "type: POST\nheaders: {\"Content-Type\": \"application/json\"}\nbody: {\"a\": {\"b\": [1, null]}}", `"body":"{\"a\":{\"b\":[1,null]}}","type":"application/json"`},
		{"a map in body is a form where a header says so", "", "type: POST\nheaders: {\"Content-Type\": \"application/x-www-form-urlencoded\"}\nbody: {\"a\": \"x y\"}", `"body":"a=x+y","type":"application/x-www-form-urlencoded"`},
		{"a file in body", `f = "data".toFile("a.bin");`, "type: POST\nbody: f", `"body":"data","type":"application/octet-stream"`},
		{"files: a file", `f = "data".toFile("a.txt"); f.setParamName("doc");`, "type: POST\nfiles: f", `"parts":{"doc":"a.txt (text/plain): data"}`},
		{"files: described", `f = "data".toFile("a.txt");`, "type: POST\nfiles: {{\"paramName\": \"doc\", \"content\": f}, {\"paramName\": \"note\", \"content\": \"hi\", \"stringPart\": \"true\"}}", `"parts":{"doc":"a.txt (text/plain): data","note":"hi"}`},
		{"headers", "", `headers: {"X-Say-A": "b", "X-Say-Map": {"c": 1}}`, `"X-Say-A":"b","X-Say-Map":"{\"c\":1}"`},
		{"a header never replaces the credential's", "", `headers: {"X-Api-Key": "mine"}`, `"keyed":true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := runScript(t, l, c.before+"\nr = invokeurl\n[\nurl: \"/x\"\nconnection: \"acme\"\n"+c.attributes+"\n];\nreturn r;")
			if o.Error != nil {
				t.Fatalf("%+v", o.Error)
			}
			got := string(o.Result)
			for _, want := range strings.Split(strings.Trim(c.want, "{}"), ",\"") {
				if !strings.Contains(got, strings.TrimPrefix(want, `"`)) {
					t.Errorf("the service got %s\nwant %s in it", got, want)
				}
			}
		})
	}
}

// TestAnswersOfInvokeURL: what a script makes of an answer.
func TestAnswersOfInvokeURL(t *testing.T) {
	l, up := withScripts(t)
	for _, c := range []struct{ name, path, attributes, then, want string }{
		{"a JSON object is a map", "/x", "", `info r.get("method");`, "GET"},
		{"a JSON list is a list", "/list", "", `info r.get(1).get("a"); info r.size();`, "null|2"},
		{"a text", "/text", "", `info r + "!";`, "café!"},
		{"response-decoding", "/text", `response-decoding: "iso-8859-2"`, `info r;`, "café"},
		{"a binary answer is a file, named by the URL", "/image.png", "", `info r; info r.getFileType(); info r.getFileSize();`, "image.png|image/png|4"},
		{"response-format FILE", "/list", "response-format: FILE", `info r; info r.getFileContent();`, `list|[1, {"a": null}]`},
		{"response-format STRING", "/list", "response-format: STRING", `info r.length();`, "16"},
		{"response-format NONE", "/list", "response-format: NONE", `info r;`, "null"},
		{"response-format COLLECTION", "/x", "response-format: COLLECTION", `info r.containsKey("method");`, "true"},
		{"a status of the service is no error", "/refused", "", `info r.get("code");`, "6041"},
		{"detailed", "/refused", "detailed: true", `info r.get("responseCode"); info r.get("responseText").get("code"); info r.get("responseHeader").get("content-type");`, "409|6041|text/plain; charset=utf-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := runScript(t, l, "r = invokeurl [ url: \""+c.path+"\"\nconnection: \"acme\"\n"+c.attributes+"\n];\n"+c.then)
			if got := strings.Join(o.Output, "|"); o.Error != nil || got != c.want {
				t.Errorf("printed %q, want %q; %+v", got, c.want, o.Error)
			}
		})
	}
	// Without a connection there is no credential, and the whole URL is needed.
	o := runScript(t, l, `r = invokeurl [ url: "`+up.URL+`/open" ]; info r.get("keyed");`)
	if o.Error != nil || strings.Join(o.Output, "|") != "false" {
		t.Errorf("without a connection: %q, %+v", o.Output, o.Error)
	}
}

// TestErrorsOfCalls: a call that Lanyard refuses is an error of the script, which it can catch; who runs the script learns
// its code and where to connect.
func TestErrorsOfCalls(t *testing.T) {
	l, up := withScripts(t)
	l.Must(t, 201, "POST /v1/connections", object("link_name", "waiting", "name", "Waiting", "service", "acme"))
	for _, c := range []struct {
		name, attributes string
		code             lanyard.Code
		message          string
	}{
		{"no such connection", `url: "/x"` + "\n" + `connection: "absent"`, "not_found", `There is no connection "absent" here.`},
		{"not connected", `url: "/x"` + "\n" + `connection: "waiting"`, "not_connected", "waiting"},
		{"a host that the service does not list", `url: "https://elsewhere.example/x"` + "\n" + `connection: "acme"`, "host_not_allowed", "elsewhere.example"},
		{"no service answers", `url: "http://127.0.0.1:1/x"`, "upstream_unreachable", ""},
		{"a type that there is not", `url: "/x"` + "\ntype: TRACE\n" + `connection: "acme"`, "invalid_request", "type: the type is one of GET"},
		{"a header that is none", `url: "/x"` + "\n" + `headers: {"A B": "c"}` + "\n" + `connection: "acme"`, "invalid_request", "headers A B: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			block := "\nr = invokeurl [ " + c.attributes + "\n];"
			o := runScript(t, l, block)
			if o.Error == nil || o.Error.Code != c.code || o.Error.Line != 2 || !strings.Contains(o.Error.Message, c.message) {
				t.Errorf("%+v", o.Error)
			}
			if connect := c.code == "not_connected"; o.Error != nil && (o.Error.ConnectURL != "") != connect {
				t.Errorf("connect URL %q", o.Error.ConnectURL)
			}
			if caught := runScript(t, l, "try {"+block+" } catch (e) { info e.lineNo; } info \"on\";"); caught.Error != nil || strings.Join(caught.Output, "|") != "2|on" {
				t.Errorf("caught: %q, %+v", caught.Output, caught.Error)
			}
		})
	}
	if up.calls.Load() != 0 {
		t.Errorf("%d calls reached the service", up.calls.Load())
	}
}

// O06: a script reaches no address and no connection that its caller could not reach by POST /v1/invoke.
func TestO06_ScriptsGoTheWayOfEveryCall(t *testing.T) {
	up := newScriptUpstream(t)
	l := servertest.Start(t, func(c *server.Config) { c.AllowNetworks = nil })
	for _, address := range []string{up.URL + "/x", "http://127.1/", "http://2130706433/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data", "http://metadata.google.internal/", "http://10.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://127.0.0.1:22/"} {
		o := runScript(t, l, `r = invokeurl [ url: "`+address+`" ]; info r;`)
		if o.Error == nil || o.Error.Code != lanyard.CodeAddressNotAllowed && o.Error.Code != lanyard.CodeInvalidRequest && o.Error.Code != lanyard.CodeHostNotAllowed {
			t.Errorf("%s: %q, %+v", address, o.Output, o.Error)
		}
	}
	if up.calls.Load() != 0 {
		t.Errorf("%d calls arrived", up.calls.Load())
	}

	l, _ = withScripts(t)
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	l.Must(t, 200, "PATCH /v1/connections/acme", object("usable_by", "owner"))
	other := l.Organization(t, "elsewhere")
	l.Must(t, 201, "POST /v1/connections", object("link_name", "another", "name", "Another", "service", "acme"))
	_, limited := l.Member(t, "limited@example.com", lanyard.RoleMember, lanyard.KeyRights{Connections: []lanyard.LinkName{"another"}})
	script := object("script", `r = invokeurl [ url: "/x"`+"\n"+`connection: "acme" ]; info r;`)
	for name, a := range map[string]*servertest.Answer{
		"a member, of the owner's own": l.As(t, member, "POST /v1/scripts/run", script),
		"another organization":         other.API(t, "POST /v1/scripts/run", script),
		"a key for other connections":  l.As(t, limited, "POST /v1/scripts/run", script),
	} {
		var o outcome
		a.JSON(t, &o)
		if a.Status != 200 || o.Error == nil || o.Error.Code != lanyard.CodeNotFound && o.Error.Code != lanyard.CodeForbidden || len(o.Output) > 0 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	// A key that is limited to connections calls nothing without one, either.
	var o outcome
	l.As(t, limited, "POST /v1/scripts/run", object("script", `r = invokeurl [ url: "https://example.com/" ];`)).JSON(t, &o)
	if o.Error == nil || o.Error.Code != lanyard.CodeForbidden {
		t.Errorf("without a connection: %+v", o.Error)
	}
}

// O07: what a host echoes of a credential is masked before a script sees it, so it can neither print nor send it on.
func TestO07_CredentialsAreNoValues(t *testing.T) {
	l, _ := withScripts(t)
	o := runScript(t, l, `r = invokeurl [ url: "/mirror"`+"\n"+`connection: "acme" ];
		info r; info r.length(); info zoho.encryption.base64Encode(r);
		x = "acme"; info x;
		d = invokeurl [ url: "/mirror"`+"\n"+`connection: "acme"`+"\n"+`detailed: true ]; info d;
		return r;`)
	if o.Error != nil || o.Output[0] != "you sent [redacted]" || o.Output[3] != "acme" {
		t.Errorf("%q, %+v", o.Output, o.Error)
	}
	answer := l.API(t, "POST /v1/scripts/run", object("script", `x = null; try { r = invokeurl [ url: "/mirror"`+"\n"+`connection: "acme" ]; y = r.toNumber(); } catch (e) { info e; }`))
	if all := fmt.Sprint(o) + string(answer.Body) + l.Log.String(); strings.Contains(all, "SECRET-script-key") || strings.Contains(all, "U0VDUkVULXNjcmlwdC1rZXk") {
		t.Error("the key got out")
	}
}

// O07: what a script chooses does not hide the credential from the masking: another charset, or what it makes the service
// send besides.
func TestO07_CredentialsAreMaskedHoweverTheyAreRead(t *testing.T) {
	l, _ := withScripts(t)
	for name, attributes := range map[string]string{
		"a large answer":               "type: POST\nbody: \"x\".leftpad(1000000) + \"x\".leftpad(1000000)",
		"another charset":              `response-decoding: "utf-16le"`,
		"a byte of no text":            "type: POST\nbody: zoho.encryption.base64DecodeToFile(\"/w==\", \"a\")",
		"a byte of no text, as a file": "type: POST\nresponse-format: FILE\nbody: zoho.encryption.base64DecodeToFile(\"/w==\", \"a\")",
	} {
		o := runScript(t, l, "r = invokeurl [ url: \"/mirror\"\nconnection: \"acme\"\n"+attributes+"\n]; if (r.isFile()) { info r.getFileContent(); } else { info r; }")
		if o.Error != nil || len(o.Output) != 1 {
			t.Fatalf("%s: %+v", name, o)
		}
		var bytes []byte // of UTF-16
		for _, unit := range utf16.Encode([]rune(o.Output[0])) {
			bytes = append(bytes, byte(unit), byte(unit>>8))
		}
		for _, got := range []string{o.Output[0], string(bytes)} {
			if strings.Contains(got, "SECRET-script-key") {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

// O02: what names no connection is not repeated in the record of each call.
func TestO02_NamesThatAreNone(t *testing.T) {
	l, _ := withScripts(t)
	a := l.Must(t, 200, "POST /v1/scripts/run", object("script", `s = "x".repeat(100000); for each i in ",".repeat(50) { try { r = invokeurl [ url: "/x"`+"\n"+`connection: s ]; } catch (e) { x = e.message; } }`))
	if len(a.Body) > 50_000 {
		t.Errorf("the answer has %d bytes", len(a.Body))
	}
}

// O08: calls have a budget, and scripts that start each other over HTTP do not go round for ever.
func TestO08_LoopsOfCalls(t *testing.T) {
	l, up := withScripts(t)
	o := runScript(t, l, `l = "x".leftpad(1000).toList(" "); for each i in l { r = invokeurl [ url: "/x"`+"\n"+`connection: "acme" ]; }`)
	if o.Error == nil || !strings.Contains(o.Error.Message, "500 calls") || up.calls.Load() != 500 {
		t.Errorf("%d calls, %+v", up.calls.Load(), o.Error)
	}

	// A script that calls Lanyard's own API with the script that calls it.
	definition := object("link_name", "myself", "base_url", l.URL, "hosts", []string{strings.TrimPrefix(l.URL, "http://")},
		"auth", object("type", "api_key", "parameters", []any{object("name", "Authorization", "param_type", "header", "prefix", "Bearer ")}))
	l.Connect(t, definition, object("credentials", object("Authorization", l.Key)))
	source := `r = invokeurl
[
	url: "/v1/scripts/run"
	type: POST
	headers: {"Content-Type": "application/json"}
	body: {"script": source, "arguments": {"source": source}}.toString()
	connection: "myself"
];
info r;
return r;`
	var looped outcome
	l.Must(t, 200, "POST /v1/scripts/run", object("script", source, "arguments", object("source", source))).JSON(t, &looped)
	if !strings.Contains(string(looped.Result), "they start each other in a circle") {
		t.Errorf("%s, %+v", looped.Result, looped.Error)
	}
	var records struct{ Items []struct{ Path string } }
	l.Must(t, 200, "GET /v1/invocations?limit=100", nil).JSON(t, &records)
	rounds := 0
	for _, r := range records.Items {
		if r.Path == "/v1/scripts/run" {
			rounds++
		}
	}
	if rounds != 6 {
		t.Errorf("it went round %d times", rounds)
	}
	// The same by way of the proxy, and of invoke.
	for _, path := range []string{"/v1/proxy/myself/v1/scripts/run", "/v1/invoke"} {
		through := strings.Replace(source, `"/v1/scripts/run"`, `"`+path+`"`, 1)
		if path == "/v1/invoke" {
			through = strings.Replace(through, `body: {"script"`, `body: {"connection": "myself", "url": "/v1/scripts/run", "type": "POST", "body": {"script"`, 1)
			through = strings.Replace(through, `{"source": source}}.`, `{"source": source}}}.`, 1)
		}
		l.Must(t, 200, "POST /v1/scripts/run", object("script", through, "arguments", object("source", through))).JSON(t, &looped)
		if !strings.Contains(string(looped.Result), "they start each other in a circle") {
			t.Errorf("%s: %.300s, %+v", path, looped.Result, looped.Error)
		}
	}
}

// TestLimitsOfScripts: the operator sets them.
func TestLimitsOfScripts(t *testing.T) {
	l, _ := withScripts(t, func(c *server.Config) { c.Scripts = script.Limits{Statements: 10, Output: 20} })
	o := runScript(t, l, `for each i in {1,2,3,4,5,6,7,8,9,10,11} { info "123456789"; }`)
	if o.Error == nil || !strings.Contains(o.Error.Message, "10 statements") || len(strings.Join(o.Output, "")) > 20 {
		t.Errorf("%q, %+v", o.Output, o.Error)
	}
}

// O11: when nobody waits any more, or the time is over, the call of a script is cancelled with it.
func TestO11_CallsEndWithTheirScript(t *testing.T) {
	l, up := withScripts(t)
	ctx, cancel := context.WithCancel(t.Context())
	body := `{"script": "r = invokeurl [ url: \"/slow\"\nconnection: \"acme\" ];"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+"/v1/scripts/run", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.Key)
	req.Header.Set("Content-Type", "application/json")
	done := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	for up.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("the caller got an answer")
	}
	select {
	case <-up.gone:
	case <-time.After(10 * time.Second):
		t.Error("the service was not hung up on")
	}
}

// O13: what a script puts into a URL, a header or a body is held to the rules of every call.
func TestO13_ScriptsInjectNothing(t *testing.T) {
	l, up := withScripts(t)
	for name, attributes := range map[string]string{
		"a header with a line break":  `url: "/x"` + "\n" + `headers: {"X-A": "b\r\nX-Say-Evil: c"}`,
		"a name with a line break":    `url: "/x"` + "\n" + `headers: {"X-A\r\nX-Say-Evil": "c"}`,
		"a frame of the message":      `url: "/x"` + "\n" + `headers: {"Content-Length": "1"}`,
		"a header of Lanyard":         `url: "/x"` + "\n" + `headers: {"Lanyard-Depth": "0"}`,
		"a URL with a line break":     `url: "/x\r\nX-Say-Evil: c"`,
		"a path that climbs":          `url: "/../admin"`,
		"a path that climbs, encoded": `url: "/%2e%2e/admin"`,
		"a user in the URL":           `url: "https://elsewhere.example@` + strings.TrimPrefix(up.URL, "http://") + `/x"`,
		"a host beside the path":      `url: "//elsewhere.example/x"`,
	} {
		o := runScript(t, l, "r = invokeurl [ "+attributes+"\nconnection: \"acme\" ]; info r;")
		if o.Error == nil || o.Error.Code != lanyard.CodeInvalidRequest && o.Error.Code != lanyard.CodeHostNotAllowed {
			t.Errorf("%s: %q, %+v", name, o.Output, o.Error)
		}
	}
	if up.calls.Load() != 0 {
		t.Errorf("%d calls arrived", up.calls.Load())
	}
}

// O03: scripts that keep the processors busy do not keep others from calling; an organization has so many at once.
func TestO03_BusyScriptsLeaveRoom(t *testing.T) {
	l, _ := withScripts(t)
	hostile := object("script", `l = "x".leftpad(2000).toList(" "); for each a in l { x = a.repeat(200).replaceAll("x", "y"); y = x.reverse(); }`)
	stop := make(chan struct{})
	var wait sync.WaitGroup
	var refused, ended atomic.Int64
	for range 60 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch a := l.API(t, "POST /v1/scripts/run", hostile); a.Status {
				case http.StatusOK:
					ended.Add(1)
				case http.StatusTooManyRequests:
					if a.Header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
					refused.Add(1)
					time.Sleep(10 * time.Millisecond)
				default:
					t.Errorf("%d %s", a.Status, a.Body)
				}
			}
		})
	}
	var took []time.Duration
	for range 50 {
		began := time.Now()
		l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x"))
		took = append(took, time.Since(began))
	}
	close(stop)
	wait.Wait()
	slices.Sort(took)
	if slowest := took[len(took)-1]; slowest > 3*time.Second {
		t.Errorf("a call took %s", slowest)
	}
	if refused.Load() == 0 || ended.Load() == 0 {
		t.Errorf("%d runs were refused, %d ended", refused.Load(), ended.Load())
	}
	t.Logf("median %s, slowest %s; %d runs ended, %d refused", took[len(took)/2], took[len(took)-1], ended.Load(), refused.Load())
}
