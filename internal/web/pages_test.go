package web

import (
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/credential"
	"lanyard/internal/problem"
)

func TestHome(t *testing.T) {
	t.Run("a stranger is told what this is", func(t *testing.T) {
		newDoor(t, "").get("/").want(t, 200, "Use an account without holding its keys", "lanyard sign-in")
	})
	t.Run("an ended session is a stranger", func(t *testing.T) {
		newDoor(t, "").get("/", "Cookie", "lanyard_session=ended").want(t, 200, "Use an account without holding its keys")
	})
	t.Run("a session that cannot be read is an error", func(t *testing.T) {
		newDoor(t, "").get("/", "Cookie", "lanyard_session=broken").want(t, 500, "Something went wrong here")
	})
	t.Run("everybody else has connections", func(t *testing.T) {
		newDoor(t, "").signIn().get("/").goesTo(t, "/connections")
	})
}

func TestSetup(t *testing.T) {
	t.Run("a link that was used", func(t *testing.T) {
		newDoor(t, "").get("/setup/OLD").want(t, 404, "This link was used already.")
	})
	t.Run("the form", func(t *testing.T) {
		newDoor(t, "").get("/setup/"+goodToken).want(t, 200, `<form class="card" method="post" action="/setup/GOODTOKEN"`)
	})
	t.Run("faults keep what was typed", func(t *testing.T) {
		d := newDoor(t, "")
		d.setupErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/email", Detail: "this is not an e-mail address"}}}
		a := d.post("/setup/"+goodToken, url.Values{"organization": {" Zylker "}, "name": {"Your name"}, "email": {"pri<ya"}, "password": {"marked password"}})
		a.lacks(t, "marked password")
		a.want(t, 400, `value="Zylker"`, `value="Your name"`, `value="pri&lt;ya"`, `aria-invalid="true" aria-describedby="email-error"`,
			`<p class="wrong" id="email-error">This is not an e-mail address.</p>`, `role="alert"`, `<a href="#email">Your e-mail address: this is not an e-mail address.</a>`,
			"<title>Error: Set up Lanyard")
		if len(a.cookies) > 0 {
			t.Errorf("cookies were set: %v", a.cookies)
		}
	})
	t.Run("it is set up", func(t *testing.T) {
		d := newDoor(t, "")
		d.post("/setup/"+goodToken, url.Values{"organization": {" Zylker "}, "name": {"Your name"}, "email": {"you@zylker.example"}, "password": {" blanks count "}}).goesTo(t, "/")
		if diff := cmp.Diff(account.Setup{Organization: "Zylker", Name: "Your name", Email: "you@zylker.example", Password: lanyard.NewSecret(" blanks count ")}, d.setup); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		d.get("/connections").want(t, 200, "My connections", "No connections yet")
	})
	t.Run("a form that is too large", func(t *testing.T) {
		newDoor(t, "").post("/setup/"+goodToken, url.Values{"name": {strings.Repeat("x", maxForm)}}).want(t, 413, "larger than a form can be")
	})
	t.Run("a form that cannot be read", func(t *testing.T) {
		newDoor(t, "").send("POST", "/setup/"+goodToken, "name=%zz", "Sec-Fetch-Site", "same-origin").want(t, 400, "cannot be read")
	})
}

func TestSignIn(t *testing.T) {
	t.Run("there and back", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.get("/connect/T").want(t, 401, "Sign in to go on", "lanyard sign-in")
		d.get("/sign-in/"+goodToken).goesTo(t, "/connect/T")
		d.get("/connect/T").want(t, 200, "Connect <bdi>Acme CRM</bdi>")
		d.get("/sign-in/"+goodToken).goesTo(t, "/") // what was remembered is used once
	})
	t.Run("a link that was used", func(t *testing.T) {
		d := newDoor(t, "")
		a := d.get("/sign-in/OLD")
		a.want(t, 404, "This link was used already.")
		if len(a.cookies) > 0 {
			t.Errorf("cookies were set: %v", a.cookies)
		}
	})
	t.Run("out", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.post("/sign-out", nil).goesTo(t, "/")
		if got, want := d.changes(), "SignOut:"+goodSession; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		d.get("/").want(t, 200, "Use an account without holding its keys")
	})
	t.Run("out without a session", func(t *testing.T) {
		newDoor(t, "").post("/sign-out", nil).goesTo(t, "/")
	})
}

func TestConnectForm(t *testing.T) {
	t.Run("known beforehand: straight on", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.page.Direct = true
		d.get("/connect/T").goesTo(t, "/connect/T/go")
	})
	t.Run("A09 for somebody else", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.pageErr = lanyard.Errorf(lanyard.CodeForbidden, "This link to connect was made for somebody else.")
		a := d.get("/connect/T")
		a.want(t, 403, "made for somebody else", "You are signed in as <bdi>Your name</bdi>", `action="/sign-out"`)
		a.lacks(t, "platform")
		// Whoever it was made for may sign in here, and comes back.
		d.post("/sign-out", nil).goesTo(t, "/")
		d.get("/sign-in/"+goodToken).goesTo(t, "/connect/T")
	})
	t.Run("a link that is not known", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.pageErr = lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old.")
		d.get("/connect/T").want(t, 404, "not known or too old")
	})
	t.Run("values given beforehand, defaults and choices", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.page.Parameters = []lanyard.DynamicParameter{
			{Key: "a", Name: "A", Default: "default a"}, {Key: "b", Name: "B", Default: "default b"},
			{Key: "c", Name: "C", Choices: []lanyard.Choice{{Value: "1"}, {Value: "2", Name: "Two"}}}}
		d.page.Values = map[string]string{"b": "given b", "c": "2"}
		d.get("/connect/T").want(t, 200, `name="parameter.a" value="default a"`, `name="parameter.b" value="given b"`,
			`<option value="1">1</option>`, `<option value="2" selected>Two</option>`)
	})
}

func TestConnectFields(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.page.Parameters = []lanyard.DynamicParameter{{Key: "domain", Name: "Domain"}}
	d.page.Fields = []lanyard.CredentialField{{Name: "access_key_id", Label: "Access key ID"}, {Name: "secret_access_key", Label: "Secret access key", Secret: true},
		{Name: "session_token", Label: "Session token", Secret: true, Optional: true}}
	form := url.Values{"parameter.domain": {" zylker "}, "credential.access_key_id": {" AKIA "}, "credential.secret_access_key": {" s "}, "credential.session_token": {""}, "parameter.other": {"x"}}

	d.submitErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: []lanyard.FieldError{
		{Pointer: "/credentials/access_key_id", Detail: "Access key ID begins or ends with a blank"}, {Pointer: "/parameters", Detail: "the base URL cannot be made"}}}
	a := d.post("/connect/T?parameter.domain=evil", form)
	a.want(t, 400, `value=" zylker "`, `value=" AKIA "`, `<a href="#credential-0">Access key ID begins or ends with a blank.</a>`,
		"<li>The base URL cannot be made.</li>", `aria-describedby="credential-0-error"`, "Secrets are never put back into a page", "<title>Error: Connect Acme CRM")
	a.lacks(t, "nothing was changed") // the lines below say more

	want := map[string]string{"access_key_id": " AKIA ", "secret_access_key": " s "}
	got := map[string]string{}
	for name, value := range d.submitted.Credentials {
		got[name] = value.Reveal()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"domain": " zylker "}, d.submitted.Parameters); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}

	d.submitErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "Acme refused the credential.", ProviderError: "401", ProviderDescription: "<b>no</b>"}
	d.post("/connect/T", form).want(t, 400, "Acme refused the credential.", "401: &lt;b&gt;no&lt;/b&gt;", `value=" zylker "`)

	d.submitErr = lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "It cannot be reached.")
	d.post("/connect/T", form).want(t, 502, "It cannot be reached.", `value=" zylker "`)

	d.submitErr = lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old.")
	d.post("/connect/T", form).want(t, 404, "not known or too old")
}

// TestI03 is the answer to a form, which must not be a redirect to another site; browser_test.go has a browser obey.
func TestI03_NoFormEndsInARedirectElsewhere(t *testing.T) {
	for result, want := range map[string]string{
		"/connect/result/cns_1":               "",
		"/settings?x=1":                       "",
		"https://app.zylker.example/back?a=1": `<meta http-equiv="refresh" content="0; url=https://app.zylker.example/back?a=1">`,
	} {
		t.Run(result, func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			d.outcome.Result = result
			a := d.post("/connect/T", url.Values{})
			if want == "" {
				a.goesTo(t, result)
				return
			}
			a.want(t, 200, want, `href="https://app.zylker.example/back?a=1"`, "app.zylker.example</bdi>")
			// A callback is not a form.
			d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
				return d.outcome, nil
			}
			d.get("/oauth/callback/o/s?code=C").goesTo(t, result)
		})
	}
	t.Run("on to the provider", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.page.Consent, d.page.ProviderHost, d.outcome = true, "accounts.acme.example", &credential.Outcome{Continue: "/connect/NEW/go"}
		d.post("/connect/T", url.Values{}).want(t, 200, `content="0; url=/connect/NEW/go"`, `<a class="btn" id="go-on" data-size="lg" href="/connect/NEW/go">`, "accounts.acme.example")
	})
	t.Run("without parameters it is a link", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.page.Consent, d.page.Fields = true, nil
		a := d.get("/connect/T")
		a.want(t, 200, `<a class="btn" id="connect" data-size="lg" href="/connect/T/go">Connect</a>`)
		a.lacks(t, `action="/connect/T"`)
	})
}

func TestStartConsent(t *testing.T) {
	t.Run("to the provider", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.get("/connect/T/go", "Sec-Fetch-Site", "same-origin").goesTo(t, d.provider)
		if got, want := d.changes(), "StartConsent:T"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("what went wrong is said where one can try again", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.page.Consent, d.page.Fields = true, nil
		d.startErr = &lanyard.Error{Code: lanyard.CodeUpstreamUnreachable, Message: "Acme did not give a request token.", ProviderError: "oauth_problem"}
		d.get("/connect/T/go").want(t, 502, "Acme did not give a request token.", "oauth_problem", `href="/connect/T/go">Connect</a>`)
	})
	t.Run("a link that is not known", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.startErr = lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old.")
		d.get("/connect/T/go").want(t, 404, "not known or too old")
	})
	t.Run("no other address there", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.get("/connect/T/gone").want(t, 404, "There is no page at this address.")
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
}

func TestConnectLink(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.post("/connections/acme_crm/connect", nil).goesTo(t, "/connect/NEW")
	if got, want := d.changes(), "ConnectLink:acme_crm"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.err = lanyard.Errorf(lanyard.CodeNotFound, `There is no connection "nothing" here.`)
	d.post("/connections/nothing/connect", nil).want(t, 404, "There is no connection")
}

func TestCallback(t *testing.T) {
	d := newDoor(t, "").invented()
	var caller *lanyard.Caller
	var at string
	d.back = func(c *lanyard.Caller, org lanyard.OrganizationID, service string, query url.Values) (*credential.Outcome, error) {
		caller, at = c, string(org)+" "+service+" "+query.Encode()
		return &credential.Outcome{Result: "/connect/result/cns_1"}, nil
	}
	const path = "/oauth/callback/org_zylker/acme?code=C&state=S&state=T"
	t.Run("signed in", func(t *testing.T) {
		d.signIn().get(path, "Sec-Fetch-Site", "cross-site").goesTo(t, "/connect/result/cns_1") // I09: no code, no state
		if caller == nil || caller.User != visiting().user.ID || at != "org_zylker acme code=C&state=S&state=T" {
			t.Errorf("the keeper got %+v, %s", caller, at)
		}
	})
	t.Run("refused", func(t *testing.T) {
		d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
			return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "Nothing is known of this answer of a provider.")
		}
		a := d.get(path)
		a.want(t, 400, "Nothing is known of this answer of a provider.")
		a.lacks(t, "state=S", "code=C")
	})
	t.Run("not signed in", func(t *testing.T) {
		d := newDoor(t, "")
		d.back = func(c *lanyard.Caller, _ lanyard.OrganizationID, _ string, _ url.Values) (*credential.Outcome, error) {
			if c != nil {
				t.Error("somebody is signed in")
			}
			return nil, lanyard.Errorf(lanyard.CodeUnauthenticated, "A consent is finished in the browser that started it.")
		}
		d.get(path).want(t, 401, "Sign in")
	})
}

func TestResult(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.get("/connect/result/cns_1").want(t, 200, "is connected", "lanyard invoke acme_crm /me", d.server.URL+"/v1/proxy/acme_crm/me", `data-copy="command-curl"`)
	d.result = &credential.ConsentResult{Connection: d.page.Connection, Service: d.page.Service, Outcome: "Access was denied: <access_denied>.", Remedy: "Start again."}
	a := d.get("/connect/result/cns_1")
	a.want(t, 200, "is not connected", "Access was denied: &lt;access_denied&gt;.", "Start again.", `<form method="post" action="/connections/acme_crm/connect">`, `<button class="btn" id="again"`)
	a.lacks(t, "lanyard invoke")
	d.result, d.err = nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such result here, or it is more than a day old.")
	d.get("/connect/result/cns_1").want(t, 404, "There is no such result here")
}

func TestCommands(t *testing.T) {
	service := func(base, verify string, hosts ...string) *lanyard.Service {
		return &lanyard.Service{BaseURL: base, VerifyURL: verify, Hosts: hosts}
	}
	const curl = `curl -H "Authorization: Bearer $LANYARD_API_KEY" `
	for name, c := range map[string]struct {
		service      *lanyard.Service
		invoke, curl string
	}{
		"verification below the base": {service("https://a.example/v2/", "https://a.example/v2/me?x=1", "a.example"), "lanyard invoke acme '/me?x=1'", curl + "'https://l.example/v1/proxy/acme/me?x=1'"},
		"no verification":             {service("https://a.example", "", "a.example"), "lanyard invoke acme /", curl + "https://l.example/v1/proxy/acme/"},
		"verification elsewhere":      {service("https://a.example/v2", "https://b.example/me", "a.example"), "lanyard invoke acme /", curl + "https://l.example/v1/proxy/acme/"},
		"verification beside":         {service("https://a.example/v2", "https://a.example/v20/me", "a.example"), "lanyard invoke acme /", curl + "https://l.example/v1/proxy/acme/"},
		"placeholders":                {service("https://a.example", "https://a.example/{org}/me", "a.example"), "lanyard invoke acme /", curl + "https://l.example/v1/proxy/acme/"},
		"no base":                     {service("", "", "*.a.example", "{d}.a.example", "b.example:8443"), "lanyard invoke acme https://b.example:8443/", curl + `-H "Content-Type: application/json" -d '{"connection":"acme","url":"https://b.example:8443/"}' https://l.example/v1/invoke`},
		"no host either":              {service("", "", "*"), "lanyard invoke acme https://api.example.com/", curl + `-H "Content-Type: application/json" -d '{"connection":"acme","url":"https://api.example.com/"}' https://l.example/v1/invoke`},
	} {
		t.Run(name, func(t *testing.T) {
			got := commands(&lanyard.Connection{LinkName: "acme"}, c.service, "https://l.example")
			if diff := cmp.Diff([]string{c.invoke, c.curl}, []string{got[0].Line, got[1].Line}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A shell reads back what shellWord wrote.
func TestShellWord(t *testing.T) {
	for _, text := range []string{"", "/plain?", "it's", `"$HOME" \ ` + "`ls`", "{a,b}", "*", "a b\nc", "~", "#x", "!!", "/me?x=1&y=2;z"} {
		got, err := exec.Command("sh", "-c", "printf %s "+shellWord(text)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
}

// Every code has its page, with the status of the one table.
func TestEveryErrorIsAPage(t *testing.T) {
	for _, k := range problem.Kinds() {
		t.Run(string(k.Code), func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			d.pageErr = &lanyard.Error{Code: k.Code, Message: "What happened.", Cause: io.ErrClosedPipe, RetryAfter: 1500e6}
			a := d.get("/connect/T")
			switch k.Code {
			case lanyard.CodeUnauthenticated:
				a.want(t, k.Status, "Sign in to go on")
			case lanyard.CodeInternal:
				a.want(t, k.Status, k.Title)
				a.lacks(t, "What happened.")
			default:
				a.want(t, k.Status, k.Title, "What happened.")
				if got := a.header.Get("Retry-After"); got != "2" {
					t.Errorf("Retry-After: got %q, want 2", got)
				}
			}
			a.lacks(t, io.ErrClosedPipe.Error())
			if got := a.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
				t.Errorf("Content-Type: %s", got)
			}
		})
	}
}

func TestNothingThere(t *testing.T) {
	d := newDoor(t, "").signIn()
	d.get("/nowhere").want(t, 404, "There is no page at this address.", "Your name")
	d.get("/connect/T/go/on").want(t, 404, "There is no page at this address.")
	a := d.send(http.MethodPut, "/connect/T", "", "Sec-Fetch-Site", "same-origin")
	a.want(t, 405, "This address cannot be used in this way.")
	if got := a.header.Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow: %q", got)
	}
	if a := d.send(http.MethodHead, "/nowhere", ""); a.status != 404 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
}
