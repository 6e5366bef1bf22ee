package servertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// traveller is a person with a browser who walks through the product.
type traveller struct {
	*browsertest.Tab
	t     *testing.T
	way   string          // begins the names of pictures
	width int64           // of the window
	seen  map[string]bool // pages that axe has looked at, by name
}

// see looks at the page as it is: nothing sticks out, and the first time under this name axe finds nothing, every other
// page in dark colours; the states of pages, in package web, are looked at in both. LANYARD_SCREENSHOTS names a directory
// for a picture in each.
func (p traveller) see(name string) {
	p.t.Helper()
	p.Await(`document.readyState === "complete"`)
	p.Fits()
	pictures := os.Getenv("LANYARD_SCREENSHOTS")
	if p.seen[name] && pictures == "" {
		return
	}
	themes := []string{"dark", "light"}
	if pictures == "" {
		themes = themes[len(p.seen)%2:][:1]
	}
	for _, colours := range themes {
		p.Look(colours, p.width)
		p.Await(fmt.Sprintf(`document.documentElement.classList.contains(%q)`, colours))
		if !p.seen[name] {
			p.Accessible()
		}
		if pictures != "" {
			p.Picture(filepath.Join(pictures, p.way+"-"+name+"-"+colours+".png"))
		}
	}
	if themes[len(themes)-1] != "light" {
		p.Look("light", p.width)
		p.Await(`document.documentElement.classList.contains("light")`)
	}
	p.seen[name] = true
}

// goes chooses a place of the menu, which on a telephone has to be opened first.
func (p traveller) goes(place string) {
	p.t.Helper()
	if browsertest.Value[bool](p.Tab, `document.querySelector("header.bar")?.checkVisibility() ?? false`) {
		p.Press("Menu")
	}
	p.PressIn("#side", place)
	p.Await(fmt.Sprintf(`document.readyState === "complete" && document.querySelector("#side [aria-current=page]")?.textContent.trim() === %q`, place))
}

// fills types into fields, in pairs of label and text.
func (p traveller) fills(pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		p.Fill(pairs[i], pairs[i+1])
	}
}

// holds fails unless a field of the page has the text.
func (p traveller) holds(text string) {
	p.t.Helper()
	p.Await(fmt.Sprintf("[...document.querySelectorAll('main input, main textarea')].some(e => e.value === %q)", text))
}

// walk is one part of the way, after which there is no going on if it failed.
func (p traveller) walk(name string, part func(p traveller)) {
	ok := p.t.Run(name, func(t *testing.T) {
		walker := p
		walker.Tab, walker.t = p.In(t), t
		part(walker)
	})
	if !ok {
		p.t.FailNow()
	}
}

// makesService defines a custom service, first with something wrong in it, after which what was typed is still there.
func (p traveller) makesService(name, kind string, wrong []string, fault string, right ...string) {
	p.t.Helper()
	p.goes("Custom")
	p.Shows("Services that people in your organization defined")
	p.Press("Create service")
	p.Shows("Its API documentation says what belongs here")
	p.Fill("Service name", name)
	p.Press(kind)
	p.fills(wrong...)
	if kind == "OAuth 2" { // a new row has the focus
		for _, scope := range []string{"openid", "read"} {
			p.Press("Add scope")
			p.Key("May " + scope)
			p.Key("Tab")
			p.Key(scope)
		}
	}
	p.Press("Create service")
	p.Shows("The service was not created")
	p.Shows(fault)
	p.holds(name)
	slug := strings.ReplaceAll(strings.ToLower(kind), " ", "-")
	p.see("service-" + slug + "-wrong")
	p.fills(right...)
	p.Press("Create service")
	p.Shows(name + " is created")
	p.see("service-" + slug)
}

// makesConnection makes a connection with the service whose page is open, first without a name, and goes on to connect it.
func (p traveller) makesConnection(name string, scopes ...string) {
	p.t.Helper()
	p.Press("Create connection")
	p.Shows("Connection details")
	p.Fill("Connection name", "")
	p.Press("Create and connect")
	p.Shows("The connection was not created")
	p.see("connection-details")
	p.Fill("Connection name", name)
	for _, scope := range scopes {
		p.Press(scope)
	}
	p.Press("Create and connect")
	p.Shows("Connect " + name)
}

// isConnected is on the page that says so, and opens the connection.
func (p traveller) isConnected(name string) {
	p.t.Helper()
	p.Shows(name + " is connected")
	p.see("connected")
	p.Press("Open the connection")
	p.Shows("A real call with the stored credential")
	p.Lacks("calls are refused")
}

// tries makes a call on the connection's page, and reads in the answer what the service said and what was sent.
func (p traveller) tries(method, target string, says ...string) {
	p.t.Helper()
	p.Choose("Method", method)
	p.Fill("URL or path", target)
	p.Press("Send")
	for _, text := range says {
		p.Await(fmt.Sprintf("document.querySelector('#answer').innerText.includes(%q)", text))
	}
	p.Shows("The request as it was sent")
}

// TestBrowserJourney walks through the whole product as its first person would: from an empty Lanyard over a service of every
// kind to calls through it, and then the short way on a telephone.
func TestBrowserJourney(t *testing.T) {
	printed := &servertest.Buffer{}
	l := servertest.New(t, func(c *server.Config) { c.Stdout = printed })
	l.Serve(t)
	p := traveller{browsertest.Start(t), t, "journey", 1440, map[string]bool{}}

	p.walk("sets Lanyard up", func(p traveller) {
		p.Open(l.URL)
		p.Shows("Use an account without holding its keys")
		p.see("welcome")
		p.Open(operationsSetupLink(printed))
		p.fills("Organization", "Zylker", "Your e-mail address", "owner", "Password", "short")
		p.Press("Set up")
		p.Shows("Lanyard is not set up yet")
		p.Shows("This is not an e-mail address.")
		p.Shows("A password has at least 12 characters")
		p.holds("Zylker")
		p.see("set-up")
		p.fills("Your name", "The owner", "Your e-mail address", "owner@example.com", "Password", ownersPassword)
		p.Press("Set up")
		p.Shows("No connections yet")
	})
	p.walk("finds three ways on", func(p traveller) {
		p.see("no-connections")
		p.Press("Pick a default service")
		p.Shows("Services that come with Lanyard")
		p.goes("My connections")
		p.Press("Make a custom service")
		p.Shows("New service")
		p.see("new-service")
		p.goes("My connections")
		p.Press("Take the tour")
		p.Shows("The first steps from a shell")
		p.see("tour")
	})
	p.walk("looks into every other place", func(p traveller) {
		for _, place := range []struct{ name, says string }{
			{"Shared", "No shared connections"}, {"Internal", "No internal connections"}, {"Custom", "No custom services yet"}, {"Extensions", "No extensions installed"},
			{"Scripts", "No scripts"}, {"Activity", "No calls in the last 24 hours"}, {"Organization", "Callback URLs begin with"},
		} {
			p.goes(place.name)
			p.Shows(place.says)
			p.see("at-first-" + strings.ToLower(place.name))
		}
		p.Key("/")
		p.Fill("Search connections, services and pages", "nothing at all")
		p.Shows("Nothing here is called “nothing at all”")
		p.Fill("Search connections, services and pages", "audit")
		p.Shows("Audit log")
		p.see("search")
		p.Key("Escape")
	})

	nginx, httpbin, s3, oauth1 := providertest.Nginx(t), providertest.HTTPBin(t), providertest.Versitygw(t), providertest.OAuth1(t)
	// The provider wants the callback URL beforehand, which stands on the page of the organization.
	callbacks := browsertest.Value[string](p.Tab, `document.querySelector("#callbacks").textContent`)
	oidc := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbacks + "calendar"}, Rotate: true})

	p.walk("OAuth 2 with PKCE", func(p traveller) {
		p.makesService("Calendar", "OAuth 2",
			[]string{"Client ID", providertest.PublicID, "Authorize URL", "provider.example/authorize", "Access token URL", oidc.TokenURL, "Base URL", oidc.Issuer}, "Authorize URL: ",
			"Authorize URL", oidc.AuthorizeURL, "Revoke token URL", oidc.RevokeURL)
		p.Shows(callbacks + "calendar")
		p.makesConnection("My calendar", "May openid openid", "May read read")
		p.see("connect-consent")
		p.Press("Connect")
		p.Await(`document.querySelector("input[name=login]") !== null`)
		p.Press("[ Cancel ]")
		p.Shows("My calendar is not connected")
		p.see("not-connected")
		p.Press("Try again")
		p.Press("Connect")
		consentsIn(p.Tab)
		p.isConnected("My calendar")
		p.see("connection-consent")
		p.tries("GET", "/api/whoami", `"sub": "alice"`, "Bearer [redacted]")
		p.see("tried")
	})
	p.walk("OAuth 1", func(p traveller) {
		p.makesService("Notes", "OAuth 1",
			[]string{"Consumer key", providertest.ConsumerKey, "Consumer secret", providertest.ConsumerSecret, "Request token URL", oauth1.RequestTokenURL, "Authorize URL", oauth1.AuthorizeURL, "Base URL", oauth1.APIURL}, "Access token URL: ",
			"Access token URL", oauth1.AccessTokenURL, "Consumer secret", providertest.ConsumerSecret)
		p.makesConnection("My notes")
		p.Press("Connect")
		p.Press("Allow")
		p.isConnected("My notes")
		p.see("connection-oauth1")
		p.tries("GET", "/things", `"ok": true`, `oauth_signature="[redacted]"`)
	})
	p.walk("user name and password", func(p traveller) {
		p.makesService("Web server", "Basic", []string{"Base URL", "ftp://files.example.com"}, "Base URL: ",
			"Base URL", nginx.URL, "Hosts", strings.TrimPrefix(nginx.URL, "http://"), "Verification URL", nginx.URL+"/basic")
		p.makesConnection("Status page")
		p.fills("User name", providertest.NginxUser, "Password", "not the password")
		p.Press("Connect")
		p.Shows("did not accept the credential")
		p.see("connect-wrong")
		p.Fill("Password", providertest.NginxPassword)
		p.Press("Connect")
		p.isConnected("Status page")
		p.tries("GET", "/basic", "200 OK", "Basic [redacted]")
	})
	p.walk("API key", func(p traveller) {
		p.makesService("Echo", "API key", []string{"Actual parameter", "X Api Key", "Parameter display name", "Key of the project", "Base URL", httpbin.URL}, "Actual parameter: ",
			"Actual parameter", "X-Api-Key")
		p.makesConnection("Echo, live")
		p.Press("Connect")
		p.Shows("Key of the project is required.")
		p.Fill("Key of the project", "sk_of_the_journey")
		p.Press("Connect")
		p.isConnected("Echo, live")
		p.Fill("URL or path", "https://elsewhere.example/")
		p.Press("Send")
		p.Shows("does not list the host")
		p.see("tried-wrong")
		p.tries("GET", "/anything?a=1", `"X-Api-Key": [`, "X-Api-Key\n[redacted]")
	})
	p.walk("AWS keys", func(p traveller) {
		p.makesService("Storage", "AWS Signature Version 4", []string{"AWS service", "s3", "Base URL", s3.URL}, "AWS region: ", "AWS region", s3.Region)
		p.makesConnection("Backups")
		p.fills("Access key ID", s3.AccessKeyID)
		p.Press("Connect")
		p.Shows("is required.")
		p.fills("Secret access key", s3.SecretAccessKey)
		p.Press("Connect")
		p.isConnected("Backups")
		p.tries("PUT", "/year-2026", "200 OK", "Signature=[redacted]")
		p.tries("GET", "/", "year-2026")
	})
	p.walk("sees the calls", func(p traveller) {
		p.Do(chromedp.Reload())
		p.Shows("The last calls")
		p.Await(`document.querySelectorAll("#calls tbody tr").length === 2`)
		p.goes("Activity")
		p.Await(`document.querySelectorAll("#calls tbody tr").length === 7`)
		for _, name := range []string{"my_calendar", "my_notes", "status_page", "echo_live", "backups"} {
			p.Await(fmt.Sprintf(`document.querySelector('#calls a[href="/connections/%s"]') !== null`, name))
		}
		p.Shows("The host is not allowed")
		p.see("activity")
		p.Press("Audit log")
		p.Shows("The owner connected backups")
		p.see("audit")
	})
	p.walk("edits a service, which ends what it warned of", func(p traveller) {
		p.goes("Custom")
		p.see("custom-services")
		p.Press("More for Web server")
		p.Press("Edit")
		p.Shows("Edit Web server")
		p.see("service-edit")
		p.Fill("Verification URL", nginx.URL+"/basic?again")
		p.Press("Save")
		p.Shows("This revokes 1 authorization of 1 connection")
		p.see("service-edit-asks")
		p.Press("Save and revoke 1 authorization")
		p.Shows("1 authorization had to be revoked")
		p.goes("My connections")
		p.Shows("1 needs to be connected again")
		p.see("connections")
		p.Press("Status page")
		p.Shows("It has to be connected again")
		p.see("connection-reconnect")
		p.Press("Send")
		p.Shows("Request id")
		p.see("tried-unconnected")
		p.Press("Reconnect")
		p.Shows("Connect Status page")
		p.fills("User name", providertest.NginxUser, "Password", providertest.NginxPassword)
		p.Press("Reconnect")
		p.isConnected("Status page")
		p.Shows("status_page")
		p.tries("GET", "/basic", "200 OK")
	})
	p.walk("revokes, connects again, deletes", func(p traveller) {
		p.goes("My connections")
		p.Press("My calendar")
		p.Shows("A real call with the stored credential")
		p.Press("More for My calendar")
		p.Press("Revoke")
		p.Shows("The provider is asked to end the access, too.")
		p.see("revoke")
		p.PressIn("main", "Revoke")
		p.Shows("It was revoked")
		p.see("connection-revoked")
		p.Press("Reconnect")
		p.Shows("Connect My calendar")
		p.Press("Reconnect")
		consentsIn(p.Tab)
		p.isConnected("My calendar")
		p.Shows("my_calendar")
		p.tries("GET", "/api/whoami", `"sub": "alice"`)
		p.Press("More for My calendar")
		p.Press("Edit")
		p.Shows("Edit My calendar")
		p.see("connection-edit")
		p.Press("Cancel")
		p.Press("More for My calendar")
		p.Press("Delete")
		p.Shows("The connection is gone for good.")
		p.see("delete")
		p.PressIn("main", "Delete")
		p.Shows("My calendar was deleted")
	})
	p.walk("uses a default service", func(p traveller) {
		p.goes("Default")
		p.see("default-services")
		p.Fill("Search default services", "githbu")
		p.Await(`[...document.querySelectorAll("#list h3 a")].map(a => a.textContent).join() === "GitHub"`)
		p.see("default-found")
		p.Press("GitHub")
		p.Shows("Its OAuth client has to be set up first")
		p.see("default-service")
		p.Fill("Client ID", "an id")
		p.Press("Set the client")
		p.Shows("Client secret: give the secret")
		p.see("client-wrong")
		p.fills("Client ID", "journey", "Client secret", "secret of the journey")
		p.Press("Set the client")
		p.Shows("The OAuth client for GitHub is set")
		p.see("default-service-ready")
		p.Press("Create connection")
		p.Shows("Connection details")
		p.Press("Create only")
		p.Shows("It is not connected yet")
		p.see("connection-unconnected")
		p.Press("Connect")
		p.Shows("Connect GitHub")
		p.Press("Cancel")
		p.goes("My connections")
		p.Press("Create connection")
		p.Shows("Pick your service")
		p.see("pick-service")
	})
	p.walk("chooses dark colours", func(p traveller) {
		p.goes("My connections")
		p.Press("Use dark colours")
		p.Await(`document.documentElement.classList.contains("dark")`)
		p.Do(chromedp.Reload())
		p.Shows("The connections you made")
		p.Await(`document.documentElement.classList.contains("dark")`)
		p.Press("Use light colours")
		p.Await(`document.documentElement.classList.contains("light")`)
	})
	p.walk("signs out and in", func(p traveller) {
		p.PressIn("#side", "T The owner Zylker")
		p.Shows("Where you are signed in")
		p.see("account")
		p.Press("Sign out")
		p.Shows("Use an account without holding its keys")
		p.fills("E-mail address", "owner@example.com", "Password", "not the password")
		p.Press("Sign in")
		p.Shows("The e-mail address or the password is not right.")
		p.see("sign-in")
		p.Fill("Password", ownersPassword)
		p.Press("Sign in")
		p.Shows("The connections you made")
	})

	telephone := traveller{browsertest.Start(t), t, "journey-telephone", 390, map[string]bool{}}
	telephone.walk("on a telephone", func(p traveller) {
		p.Look("light", p.width)
		p.Open(l.URL)
		p.fills("E-mail address", "owner@example.com", "Password", ownersPassword)
		p.Press("Sign in")
		p.Shows("The connections you made")
		p.see("connections")
		p.Press("Menu")
		p.see("menu")
		p.PressIn("#side", "Default")
		p.Shows("Services that come with Lanyard")
		p.see("default-services")
		p.makesService("Pocket echo", "API key", []string{"Actual parameter", "X Api Key", "Base URL", httpbin.URL}, "Actual parameter: ", "Actual parameter", "X-Api-Key")
		p.makesConnection("In the pocket")
		p.see("connect")
		p.Fill("X-Api-Key", "sk_of_the_telephone")
		p.Press("Connect")
		p.isConnected("In the pocket")
		p.see("connection")
		p.tries("GET", "/anything", `"X-Api-Key": [`)
		p.see("tried")
		for _, place := range []string{"Shared", "Custom", "Extensions", "Activity", "Organization"} {
			p.goes(place)
			p.see(strings.ToLower(place))
		}
		p.goes("My connections")
		p.Press("More for In the pocket")
		p.see("more")
		p.Press("Delete")
		p.Shows("Delete In the pocket?")
		p.see("delete")
	})
}
