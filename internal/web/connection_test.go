package web

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/store"
)

// atConnection is a door whose workrooms know the invented connection.
func atConnection(t *testing.T) *door {
	t.Helper()
	d := newDoor(t, "").invented().signIn()
	d.facts = inventedFacts()
	d.activity, d.called = inventedActivity(), inventedCalls()[:1]
	return d
}

func TestConnectionPage(t *testing.T) {
	d := atConnection(t)
	d.get("/connections/acme_crm").want(t, 200, "<h1><bdi>Acme CRM</bdi></h1>", `<code id="link-name">acme_crm</code>`, `<form method="post" action="/connections/acme_crm/connect">`,
		`href="/connections/acme_crm/edit"`, `href="/connections/acme_crm/revoke"`, `href="/connections/acme_crm/delete"`, "not granted", "sales@zylker.example")
	t.Run("who may not know of it", func(t *testing.T) {
		d := atConnection(t)
		d.err = lanyard.Errorf(lanyard.CodeNotFound, `There is no connection "acme_crm" here.`)
		d.get("/connections/acme_crm").want(t, 404, "There is no connection")
	})
	t.Run("not signed in", func(t *testing.T) {
		newDoor(t, "").get("/connections/acme_crm").want(t, 401, "Sign in to go on")
	})
	t.Run("the owner reads who connected it, page by page", func(t *testing.T) {
		d := atConnection(t)
		d.facts.Connection.UseLoginUserCredentials = true
		d.others, d.next = []store.UserAuthorization{{User: dana, Name: "A <member>", Status: lanyard.StatusConnected, ConnectedAt: time.Now()}}, "c d"
		d.get("/connections/acme_crm?others=b").want(t, 200, "A &lt;member&gt;", `href="/connections/acme_crm?others=c&#43;d#others"`, `href="/connections/acme_crm#others"`)
		if d.asked.Cursor != "b" {
			t.Errorf("the list was asked for from %q", d.asked.Cursor)
		}
	})
	t.Run("others do not", func(t *testing.T) {
		d := atConnection(t)
		d.facts.Connection.UseLoginUserCredentials, d.facts.Connection.Owner = true, dana
		d.others = []store.UserAuthorization{{User: dana, Name: "Somebody else"}}
		d.get("/connections/acme_crm").lacks(t, "Somebody else", "Who connected it", "/edit", "/delete")
	})
}

// The three dots offer what the rules allow: all to who made it, revoking to who connected it.
func TestConnectionMenu(t *testing.T) {
	for _, c := range []struct {
		name   string
		own    bool
		origin lanyard.Origin
		status lanyard.Status
		want   string
	}{
		{"my own", true, lanyard.OriginUser, lanyard.StatusConnected, "Edit Revoke Delete"},
		{"my own, to be reconnected", true, lanyard.OriginUser, lanyard.StatusReconnectRequired, "Edit Revoke Delete"},
		{"my own, not connected", true, lanyard.OriginUser, lanyard.StatusNotConnected, "Edit Delete"},
		{"my own, revoked", true, lanyard.OriginUser, lanyard.StatusRevoked, "Edit Delete"},
		{"shared", false, lanyard.OriginUser, lanyard.StatusConnected, "Revoke"},
		{"shared, not connected", false, lanyard.OriginUser, lanyard.StatusNotConnected, ""},
		{"internal", true, lanyard.OriginInternal, lanyard.StatusConnected, "Revoke"},
		{"of an extension", true, lanyard.OriginExtension, lanyard.StatusConnected, "Revoke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := inventedConnection("Acme CRM", "acme_crm")
			con.Origin = c.origin
			var got []string
			for _, item := range connectionMenu(con, c.own, c.status).Items {
				got = append(got, item.Name)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestTryReadsWhatWasTyped(t *testing.T) {
	for _, c := range []struct {
		name string
		form url.Values
		want string // the request as JSON
	}{
		{"a path", url.Values{"method": {"GET"}, "url": {" /me "}}, `{"connection":"acme_crm","url":"/me","type":"GET"}`},
		{"headers", url.Values{"method": {"GET"}, "url": {"/"}, "headers": {"Accept: text/plain\r\n\r\nX-A:b:c \r\nX-A: d"}},
			`{"connection":"acme_crm","url":"/","type":"GET","headers":{"Accept":"text/plain","X-A":"b:c, d"}}`},
		{"parameters", url.Values{"method": {"GET"}, "url": {"/"}, "parameters": {"a=1=2\r\nb= x\r\na=3\r\nflag"}},
			`{"connection":"acme_crm","url":"/","type":"GET","parameters":{"a":["1=2","3"],"b":[" x"],"flag":[""]}}`},
		{"a JSON body", url.Values{"method": {"POST"}, "url": {"/"}, "body": {" {\"a\":1.0}\r\n"}}, `{"connection":"acme_crm","url":"/","type":"POST","body":" {\"a\":1.0}\n","content_type":"application/json"}`},
		{"a body that only looks like JSON", url.Values{"method": {"POST"}, "url": {"/"}, "body": {"{a}"}}, `{"connection":"acme_crm","url":"/","type":"POST","body":"{a}"}`},
		{"a body of blanks", url.Values{"method": {"POST"}, "url": {"/"}, "body": {" "}}, `{"connection":"acme_crm","url":"/","type":"POST","body":" "}`},
		{"a body with a type", url.Values{"method": {"PUT"}, "url": {"/"}, "body": {"[1]"}, "content_type": {"text/csv"}}, `{"connection":"acme_crm","url":"/","type":"PUT","body":"[1]","content_type":"text/csv"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := atConnection(t)
			d.tried = &invoke.Tried{Sent: inventedSent(), Answer: &invoke.Reply{Status: 204}}
			d.post("/connections/acme_crm/try?url=/evil", c.form).want(t, 200, "204 No Content", "The answer has no body.", "Bearer [redacted]")
			got, err := json.Marshal(d.request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What was typed is still there afterwards, whatever came of it, and an error stands at its field.
func TestTryKeepsWhatWasTyped(t *testing.T) {
	typed := url.Values{"method": {"PATCH"}, "url": {"/a b"}, "headers": {"no colon"}, "parameters": {"a=<b>"}, "body": {"\r\n</textarea>"}, "content_type": {"text/x"}}
	keeps := []string{`<option value="PATCH" selected>`, `value="/a b"`, "\nno colon</textarea>", "\na=&lt;b&gt;</textarea>", "\n\n&lt;/textarea&gt;</textarea>", `value="text/x"`}
	t.Run("a line that cannot be read", func(t *testing.T) {
		d := atConnection(t)
		d.post("/connections/acme_crm/try", typed).want(t, 400, append(keeps, `<a href="#try-headers">Headers: line 1 is not a header`, `aria-describedby="try-headers-error try-headers-help"`)...)
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
	typed.Set("headers", "X-A: b")
	keeps[2] = "\nX-A: b</textarea>"
	t.Run("the invoker refuses fields", func(t *testing.T) {
		d := atConnection(t)
		d.tried, d.tryErr = &invoke.Tried{}, &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/headers/X-A", Detail: "no"}, {Pointer: "/url", Detail: "a path holds no blanks"}}}
		d.post("/connections/acme_crm/try", typed).want(t, 400, append(keeps, `<a href="#try-headers">Headers: X-A: no.</a>`, `<a href="#try-url">URL or path: a path holds no blanks.</a>`)...)
	})
	t.Run("it has to be connected", func(t *testing.T) {
		d := atConnection(t)
		d.tried = &invoke.Tried{}
		d.tryErr = &lanyard.Error{Code: lanyard.CodeReconnectRequired, Message: "It has to be connected again.", ConnectURL: d.server.URL + "/connect/NEW"}
		d.post("/connections/acme_crm/try", typed).want(t, 409, append(keeps, "It has to be connected again.", `href="/connect/NEW"`, "Request id <code>req_")...)
	})
	t.Run("a connect URL that is not ours leads nowhere", func(t *testing.T) {
		d := atConnection(t)
		d.tryErr = &lanyard.Error{Code: lanyard.CodeReconnectRequired, Message: "It has to be connected again.", ConnectURL: "https://evil.example/connect/NEW"}
		d.post("/connections/acme_crm/try", typed).lacks(t, "evil.example")
	})
	t.Run("it worked", func(t *testing.T) {
		d := atConnection(t)
		d.tried = &invoke.Tried{Sent: inventedSent(), Answer: &invoke.Reply{Status: 200, Body: invoke.Payload{Type: "text/html", Size: 9, Text: "<b>hi</b>"}}}
		d.post("/connections/acme_crm/try", typed).want(t, 200, append(keeps, "&lt;b&gt;hi&lt;/b&gt;")...)
	})
	t.Run("who may not use it", func(t *testing.T) {
		d := atConnection(t)
		d.tryErr = lanyard.Errorf(lanyard.CodeNotFound, `There is no connection "acme_crm" here.`)
		d.post("/connections/acme_crm/try", typed).want(t, 404, "There is no connection")
	})
	t.Run("its service was deleted", func(t *testing.T) {
		d := atConnection(t)
		d.facts.Service = nil
		d.post("/connections/acme_crm/try", typed).want(t, 409, "was deleted")
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
}

// Only a form of ours makes a call.
func TestTryFromElsewhere(t *testing.T) {
	d := atConnection(t)
	d.send("POST", "/connections/acme_crm/try", "method=GET&url=/", "Sec-Fetch-Site", "cross-site").want(t, 403, "Another site made your browser send this")
	d.get("/connections/acme_crm/try").want(t, 405)
	if d.changes() != "" {
		t.Errorf("this was done: %s", d.changes())
	}
}

func TestShownBody(t *testing.T) {
	large := strings.Repeat("é", maxShown)
	for _, c := range []struct {
		name string
		body invoke.Payload
		note string
		size int // of what is shown
	}{
		{"none", invoke.Payload{}, "The answer has no body.", 0},
		{"binary", invoke.Payload{Size: 2048, Type: "image/png"}, "Binary, 2 KiB image/png: it is not shown.", 0},
		{"binary of no type", invoke.Payload{Size: 1}, "Binary, 1 byte: it is not shown.", 0},
		{"text", invoke.Payload{Size: 2, Text: "hi"}, "", 2},
		{"long text", invoke.Payload{Size: int64(len(large)), Text: large}, "This is the beginning of 512 KiB: no more than 256 KiB is shown.", maxShown},
		{"long JSON", invoke.Payload{Size: 3 << 20, Text: "[" + strings.Repeat("1,", 1<<20) + "1]", JSON: true}, "This is the beginning of 3 MiB: no more than 256 KiB is shown.", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newShownBody(c.body, "The answer")
			if got.Note != c.note || len(got.Text) != c.size {
				t.Errorf("got %d bytes and the note %q", len(got.Text), got.Note)
			}
			if len(got.JSON) > 5<<20 {
				t.Errorf("the JSON has become %d bytes", len(got.JSON))
			}
		})
	}
}

func TestInvokeurlSnippet(t *testing.T) {
	c := inventedConnection("Acme CRM", "acme_crm")
	s := inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthBasic})
	s.BaseURL, s.VerifyURL = "https://{domain}.acme.example/v2", `https://{domain}.acme.example/v2/me?q="\é`
	all := snippets(c, s, inventedURL)
	want := "response = invokeurl\n[\n\turl: \"https://{domain}.acme.example/v2/me?q=%22%5C%C3%A9\"\n\ttype: GET\n\tconnection: \"acme_crm\"\n];\ninfo response;"
	if got := all[len(all)-1]; got.Language != "invokeurl" || got.Line != want {
		t.Errorf("got %s\nwant %s", got.Line, want)
	}
	s.BaseURL, s.VerifyURL = "https://acme.example/v2?key=1", ""
	if got := newExampleCall(c, s, inventedURL).whole; got != "/" {
		t.Errorf("below a base URL with a query: got %s, want /", got)
	}
}
