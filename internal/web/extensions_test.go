package web

import (
	"net/url"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/extension"
)

// What a form accepts is exactly what the review showed.
func TestReviewIsAcceptedByItsDigest(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	a := d.get("/extension-offers/org_acme/acme")
	a.want(t, 200, `name="digest" value="`+inventedDigest+`"`, `name="publisher" value="org_acme"`)
	if from := d.reviewed; from.Publisher != "org_acme" || from.Name != "acme" {
		t.Errorf("reviewed was %+v", from)
	}
	form := url.Values{"digest": {inventedDigest}, "publisher": {"org_acme"}, "extension": {"acme"}, "when_gone": {"end"}}
	d.post("/extensions", form).goesTo(t, "/extensions/acme")
	if in := d.install; in.Digest != inventedDigest || in.WhenGone != lanyard.WhenGoneEnd || in.Publisher != "org_acme" || in.Name != "acme" {
		t.Errorf("accepted was %+v", in)
	}
	d.extensionErr = lanyard.Errorf(lanyard.CodeConflict, "Another version is offered by now.")
	d.post("/extensions/acme/update", form).want(t, 409, "Another version is offered by now.", "Version 1.2.0 is still installed")
}

// With an obstacle, or for somebody who does not decide, there is nothing to press.
func TestReviewWithoutAButton(t *testing.T) {
	for name, change := range map[string]func(*extension.Review){
		"an obstacle":      func(r *extension.Review) { r.Obstacles = []string{"A link name is taken."} },
		"the very package": func(r *extension.Review) { r.Installed.Digest = r.Package.Digest },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			change(d.review)
			d.get("/extension-offers/org_acme/acme").lacks(t, `id="accept"`)
		})
	}
}

// What a publisher writes is text, cannot be mistaken for Lanyard's, and cannot hide in a script.
func TestExtensionsAreAStrangersText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)> {{.}}`
	d := newDoor(t, "").invented().signIn()
	r := inventedReview(true)
	m := &r.Package.Manifest
	m.Title, m.Version, m.Publisher, m.Description, m.DocsURL = evil, evil, evil, evil, "javascript:alert(1)"
	r.Contents.Services[0].Name, r.Contents.Services[0].Hosts, r.Contents.Services[0].URLs[0].URL = evil, []string{evil}, evil
	r.Contents.Connections[0].Name, r.Contents.Connections[0].Scopes = evil, []lanyard.Scope{{Name: evil, Value: evil + "."}}
	r.Contents.Scripts[0].Name, r.Contents.Scripts[0].Source = evil, "// "+evil+"\ninfo \"a\u202eb\u200bc\";\n"
	r.Contents.Tasks, r.Contents.Hosts, r.Obstacles = []string{evil}, []string{evil}, []string{evil}
	r.Changes = []extension.Change{{What: evil, Words: evil, Before: evil, After: evil + "\n\u2066x", Reach: true}}
	d.review = r
	a := d.get("/extension-offers/org_acme/acme")
	a.want(t, 200, "nobody has checked it", "⟨U&#43;202E⟩", "⟨U&#43;200B⟩", "⟨U&#43;2066⟩")
	a.lacks(t, "\u202e", "\u200b", "\u2066", `href="javascript:`)
	for _, fault := range activeContent(t, a.body) {
		t.Errorf("this is alive: %s", fault)
	}
}

// A form without a file says so; what is offered is offered to those who were named.
func TestPublishing(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.post("/publications", url.Values{"whom": {"everybody"}}).want(t, 400, "Packed file: choose a file.")
	d.post("/extension-offers", nil).want(t, 400, "Packed file: choose a file.")
	d.post("/publications/acme", url.Values{"whom": {"organizations"}, "organizations": {"org_a\r\n org_b, org_c"}}).goesTo(t, "/publications/acme")
	if got := strings.Join(d.audience.Organizations, " "); got != "org_a org_b org_c" || d.audience.Everybody {
		t.Errorf("offered to %+v", d.audience)
	}
	d.post("/publications/acme", url.Values{"whom": {"nobody"}, "organizations": {"org_a"}}).goesTo(t, "/publications/acme")
	if len(d.audience.Organizations) > 0 || d.audience.Everybody {
		t.Errorf("offered to %+v", d.audience)
	}
}
