package web

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lanyard"
	"lanyard/internal/registry"
)

// TestI06_LinksToOtherSites, in every state of every page: they are http or https, and what they open does not get hold
// of the page that they stand on. Scripts put no text of others into a page as markup.
func TestI06_LinksToOtherSites(t *testing.T) {
	dir := t.TempDir()
	if err := Pages(dir); err != nil {
		t.Fatal(err)
	}
	outside := 0
	for _, st := range states() {
		page, err := os.ReadFile(filepath.Join(dir, st.name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		for z := html.NewTokenizer(strings.NewReader(string(page))); z.Next() != html.ErrorToken; {
			token := z.Token()
			if token.Data != "a" {
				continue
			}
			attrs := map[string]string{}
			for _, a := range token.Attr {
				attrs[a.Key] = a.Val
			}
			to := attrs["href"]
			if to == "" || strings.HasPrefix(to, "/") || strings.HasPrefix(to, "#") || strings.HasPrefix(to, "assets/") || attrs["id"] == "go-on" { // which leaves this page
				continue
			}
			outside++
			if !httpURL(to) || !strings.Contains(attrs["rel"], "noopener") {
				t.Errorf("%s: %s", st.name, token)
			}
		}
	}
	if outside == 0 {
		t.Error("no page has a link to another site")
	}
	scripts, err := filepath.Glob("assets/*.js")
	if err != nil {
		t.Fatal(err)
	}
	asMarkup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTMLUnsafe`)
	for _, name := range scripts {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := asMarkup.Find(script); found != nil {
			t.Errorf("%s uses %s", name, found)
		}
	}
}

// An address that somebody gave for a service's documentation becomes a link only where it leads to a site.
func TestI06_Documentation(t *testing.T) {
	for to, linked := range map[string]bool{
		"https://docs.example.com/a?b=c": true, "http://127.0.0.1/": true, "javascript:alert(1)": false, "JavaScript:alert(1)": false, "data:text/html,x": false, "//evil.example": false, "/connections": false, "": false,
	} {
		s := inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthBasic})
		s.DocsURL = to
		if got := newServicePage(visiting(), &registry.ServiceView{Service: s}, serviceConnections{}).Docs; (got != "") != linked {
			t.Errorf("%q: the link is %q", to, got)
		}
	}
}

// Some link names are also addresses of ours; everything that leads to such a service leads past those.
func TestServicesWithNamesOfPages(t *testing.T) {
	for _, name := range []lanyard.LinkName{"custom", "new", "preview"} {
		d := newDoor(t, "").invented().signIn()
		d.services = []registry.ServiceView{{Service: inventedService("Acme", string(name), lanyard.Auth{Type: lanyard.AuthBasic})}}
		for _, list := range []string{"/search?q=acme", "/services/custom"} {
			d.get(list).want(t, 200, `href="/services/`+url.PathEscape(string(name))+`/"`)
		}
	}
}
