package catalog_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/internal/catalog"
)

// acme is the smallest file there is.
const acme = `name: Acme
description: What one pays Acme for.
docs_url: https://acme.example/docs
ways:
  - definition:
      link_name: acme
      hosts: [api.acme.example]
      auth:
        type: basic
`

func load(files map[string]string) (*catalog.Catalog, error) {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return catalog.Load(fsys)
}

// TestEveryFile asks more of what comes with Lanyard than of a file of somebody's own.
func TestEveryFile(t *testing.T) {
	c := catalog.Default() // the index is what the files give, see generate
	versions := map[int64]lanyard.LinkName{}
	for _, e := range c.Entries() {
		for _, w := range e.Ways {
			s := w.Service()
			if s.Kind != lanyard.KindDefault || s.ID != lanyard.ServiceID(s.LinkName) || s.Category != e.Category {
				t.Errorf("%s: kind %q, id %q, category %q", s.LinkName, s.Kind, s.ID, s.Category)
			}
			if rules, err := s.HostRules(map[string]string{}); err == nil && rules.Any() {
				t.Errorf("%s lets its credential go anywhere", s.LinkName)
			}
			if s.BaseURL == "" {
				t.Errorf("%s has no base URL", s.LinkName)
			}
			if other, ok := versions[s.Version]; ok || s.Version <= 0 || lanyard.ClientVersion(s.Version) != 0 {
				t.Errorf("%s has the version %d, as %q", s.LinkName, s.Version, other)
			}
			versions[s.Version] = s.LinkName
			for _, u := range []string{s.BaseURL, s.VerifyURL, s.DocsURL, w.RegisterURL} {
				if u != "" && !strings.HasPrefix(u, "https://") {
					t.Errorf("%s: %s is not https", s.LinkName, u)
				}
			}
			if !strings.HasSuffix(s.Description, ".") {
				t.Errorf("%s: the description is no sentence", s.LinkName)
			}
		}
	}
	types := map[lanyard.AuthType]int{}
	for _, s := range c.Services() {
		types[s.Auth.Type]++
	}
	for _, typ := range lanyard.AuthTypes {
		if types[typ] < 3 {
			t.Errorf("%d services authenticate by %s", types[typ], typ)
		}
	}
	t.Logf("%d files, %d services, in %d categories: %v", len(c.Entries()), len(c.Services()), len(c.Categories()), types)
}

func TestVersionIsOfTheContent(t *testing.T) {
	version := func(text string) int64 {
		t.Helper()
		c, err := load(map[string]string{"tools/acme.yaml": text})
		if err != nil {
			t.Fatal(err)
		}
		return c.Service("acme").Version
	}
	if version(acme) != version("# a comment\n"+acme) {
		t.Error("a comment made another version")
	}
	if version(acme) == version(strings.Replace(acme, "api.acme.example", "api.acme.example, files.acme.example", 1)) {
		t.Error("another host list has the same version")
	}
}

func TestFaultsNameFileLineAndField(t *testing.T) {
	way := func(from, to string) string { return strings.Replace(acme, from, to, 1) }
	oauth := way("        type: basic\n", "        type: oauth2\n        grant_type: authorization_code\n        authorize_url: https://acme.example/a\n        access_token_url: https://acme.example/t\n")
	for _, c := range []struct{ name, text, want string }{
		{"not YAML", "name: [", `^tools/acme.yaml:[0-9]+: `},
		{"two documents", acme + "---\n" + acme, `^tools/acme.yaml:[0-9]+: `},
		{"an unknown field", acme + "colour: red\n", `^tools/acme.yaml:10: /colour: there is no such field$`},
		{"an unknown field of a way", way("  - definition:", "  - logo: x\n    definition:"), `^tools/acme.yaml:5: /ways/0/logo: there is no such field$`},
		{"an unknown field of a definition", way("[api.acme.example]", "[api.acme.example]\n      host: x"), `^tools/acme.yaml:8: /ways/0/definition/host: there is no such field$`},
		{"a field that stands twice", acme + "name: Again\n", `/name: this stands twice|already defined|duplicate`},
		{"a rule of services", way("api.acme.example", `"https://api.acme.example"`), `^tools/acme.yaml:7: /ways/0/definition/hosts/0: `},
		{"something missing", way("      hosts: [api.acme.example]\n", ""), `^tools/acme.yaml:6: /ways/0/definition/hosts: `},
		{"the wrong kind of value", way("[api.acme.example]", "{a: b}"), `^tools/acme.yaml:7: /ways/0/definition/hosts: this has to be a list; an object was given$`},
		{"no ways", "name: Acme\ndescription: X.\ndocs_url: https://acme.example\nways: []\n", `^tools/acme.yaml:4: /ways: list at least one way`},
		{"no definition", "name: Acme\ndescription: X.\ndocs_url: https://acme.example\nways: [{name: x}]\n", `^tools/acme.yaml:4: /ways/0/definition: this is required$`},
		{"a name inside the definition", way("link_name: acme", "link_name: acme\n      name: Acme"), `/ways/0/definition/name: this stands once`},
		{"a client id", oauth + "        client_id: x\n", `/ways/0/definition/auth: a client id and secret are each organization's own`},
		{"nothing to register", way("  - definition:", "  - register: x\n    definition:"), `^tools/acme.yaml:5: /ways/0/register: there is nothing to register`},
		{"a colour", acme + "color: red\n", `^tools/acme.yaml:10: /color: `},
		{"a fraction", acme + "color: 1.5\n", `^tools/acme.yaml:10: /color: "1.5" could be read in two ways`},
		{"a day of checking", acme + "evidence: {checked: yesterday}\n", `^tools/acme.yaml:10: /evidence/checked: a day`},
		{"more that agree than there are", acme + "evidence: {checked: 2026-11-01, sources: [vendor], agree: 2}\n", `^tools/acme.yaml:10: /evidence/agree: of 1 sources`},
		{"an anchor", way("name: Acme", "name: &a Acme"), `^tools/acme.yaml:1: /name: anchors`},
		{"a tag", way("name: Acme", "name: !!str Acme"), `^tools/acme.yaml:1: /name: tags`},
		{"a merge key", way("        type: basic", "        <<: {}\n        type: basic"), `^tools/acme.yaml:9: /ways/0/definition/auth: a name here`},
		{"too deep", acme + "aliases: " + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "\n", `^tools/acme.yaml:10: /aliases.*: this is nested too deep`},
		{"another file's name", way("link_name: acme", "link_name: other"), `^tools/acme.yaml:6: /ways/0/definition/link_name: the file of this service is called other.yaml$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(map[string]string{"tools/acme.yaml": c.text})
			if err == nil || !slices.ContainsFunc(strings.Split(err.Error(), "\n"), regexp.MustCompile(c.want).MatchString) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestLinkNamesStandOnce(t *testing.T) {
	_, err := load(map[string]string{"a/acme.yaml": acme, "b/acme.yaml": acme})
	if err == nil || !strings.Contains(err.Error(), "b/acme.yaml:6: /ways/0/definition/link_name: the link name acme is that of Acme already") {
		t.Errorf("got %v", err)
	}
}

func TestAliasBombsAreNotUnfolded(t *testing.T) { // N02
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'z'; i++ {
		prev := strings.Repeat("*"+string(i-1)+",", 9)
		bomb += string(i) + ": &" + string(i) + " [" + strings.TrimSuffix(prev, ",") + "]\n"
	}
	if _, err := load(map[string]string{"a/b.yaml": bomb}); err == nil || !strings.Contains(err.Error(), "anchors") {
		t.Errorf("got %v", err)
	}
}

func TestFind(t *testing.T) {
	c := catalog.Default()
	e, w := c.Find("github_token")
	if e == nil || e.LinkName() != "github" || w.LinkName != "github_token" || w.Service().Name != "GitHub (Personal access token)" {
		t.Errorf("got %+v, %+v", e, w)
	}
	if e, w := c.Find("nothing"); e != nil || w != nil || c.Service("nothing") != nil {
		t.Error("a name that there is not was found")
	}
	if got := catalog.CategoryName("developer_tools"); got != "Developer tools" {
		t.Errorf("got %q", got)
	}
	if !slices.IsSortedFunc(c.Services(), func(a, b *lanyard.Service) int { return strings.Compare(string(a.LinkName), string(b.LinkName)) }) {
		t.Error("the services are not in the order of their link names")
	}
}

func BenchmarkLoad(b *testing.B) {
	fsys := os.DirFS("services")
	for b.Loop() {
		if _, err := catalog.Load(fsys); err != nil {
			b.Fatal(err)
		}
	}
}
