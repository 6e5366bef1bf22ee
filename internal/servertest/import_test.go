package servertest_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// pastedForm is what a browser would send of a page's hidden and password fields.
func pastedForm(page string) url.Values {
	form := url.Values{}
	for _, m := range regexp.MustCompile(`<input\b[^>]*>`).FindAllString(page, -1) {
		attribute := func(name string) string {
			a := regexp.MustCompile(`\b` + name + `="([^"]*)"`).FindStringSubmatch(m)
			if a == nil {
				return ""
			}
			return html.UnescapeString(a[1])
		}
		if kind := attribute("type"); kind == "hidden" || kind == "password" || kind == "text" {
			form.Set(attribute("name"), attribute("value"))
		}
	}
	return form
}

// A pasted command becomes a service, a connection and a first call; its credential is proposed once, in a password field,
// and is from then on with the connection alone.
func TestImportedCommandKeepsItsSecret(t *testing.T) {
	const canary = "canary-of-a-pasted-command"
	l := servertest.Start(t)
	httpbin := providertest.HTTPBin(t)
	_, key := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	person := servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	review := servertest.Post(t, person, l.URL+"/services/import", url.Values{"text": {"curl '" + httpbin.URL + "/anything?limit=5' -H 'X-Api-Key: " + canary + "' -H 'X-Mine: yes'"}})
	if review.Status != 200 || strings.Count(string(review.Body), canary) != 1 || !strings.Contains(string(review.Body), `type="password"`) {
		t.Fatalf("the review answers %d and holds the credential %d times:\n%s", review.Status, strings.Count(string(review.Body), canary), review.Body)
	}
	form := pastedForm(string(review.Body))
	form.Set("candidate", "0")
	form.Set("connect", "on")
	made := servertest.Post(t, person, l.URL+"/services/import/create", form)
	page := string(made.Body)
	for _, want := range []string{"was created and connected", "/anything?limit=5", "X-Mine: yes", "Connected"} {
		if !strings.Contains(html.UnescapeString(page), want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if made.Status != 200 || strings.Contains(page, canary) {
		t.Errorf("the page answers %d, and holds the credential: %v", made.Status, strings.Contains(page, canary))
	}
	link := form.Get("link_name")
	tried := servertest.Post(t, person, l.URL+"/connections/"+link+"/try", url.Values{"method": {"GET"}, "url": {"/anything?limit=5"}})
	if !strings.Contains(string(tried.Body), "200 OK") || strings.Contains(string(tried.Body), canary) {
		t.Errorf("the first call answers %d:\n%s", tried.Status, tried.Body)
	}
	audit := l.Must(t, 200, "GET /v1/audit", nil)
	if strings.Contains(l.Log.String(), canary) || strings.Contains(string(audit.Body), canary) {
		t.Error("the credential is in the log or in the audit")
	}
}

// What belongs to the organization is for its owners and admins, and entries are left out only when that is said.
func TestImportedExportIsAllOrNothing(t *testing.T) {
	l := servertest.Start(t)
	const export = `[{"unique_key":"gh","provider":"github","credentials":{"type":"OAUTH2","client_id":"Iv1.1","client_secret":"export-secret","scopes":"repo"}},{"unique_key":"odd","provider":"no-such"}]`
	_, key := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	member := servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	if got := servertest.Post(t, member, l.URL+"/services/import", url.Values{"text": {export}}); got.Status != 403 {
		t.Errorf("a member is answered %d", got.Status)
	}
	owner := l.Browser(t)
	review := servertest.Post(t, owner, l.URL+"/services/import", url.Values{"text": {export}, "with_secrets": {"on"}})
	if review.Status != 200 {
		t.Fatalf("%d %s", review.Status, review.Body)
	}
	form := pastedForm(string(review.Body))
	if got := servertest.Post(t, owner, l.URL+"/services/import/create", form); got.Status != 400 || l.API(t, "GET /v1/connections/gh", nil).Status != 404 {
		t.Errorf("without a word about what is left out: %d", got.Status)
	}
	form.Set("leave_out", "on")
	if got := servertest.Post(t, owner, l.URL+"/services/import/create", form); got.Status != 303 && got.Status != 200 {
		t.Errorf("applying answers %d %s", got.Status, got.Body)
	}
	l.Must(t, 200, "GET /v1/connections/gh", nil)
	if client := l.Must(t, 200, "GET /v1/services/github", nil); client.Field(t, "client_set") != true {
		t.Errorf("the OAuth client is not set: %s", client.Body)
	}
	if strings.Contains(l.Log.String(), "export-secret") {
		t.Error("the client secret is in the log")
	}
}
