// Package docs_test runs every command that the README and the pages in docs show. What is in a ```sh block is run by
// bash, block after block, in one directory per page, against a real server. The APIs of others that the README calls
// are played by servers on this machine that answer as those do; their addresses are replaced in the text before it is
// run, and nothing else of it.
package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"lanyard/internal/catalog"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// binary is the program under its name, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lanyard-docs")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "lanyard"), "lanyard/cmd/lanyard").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := binary(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

var blocks = regexp.MustCompile("(?s)```sh\n(.*?)```")

// page gives the sh blocks of a page.
func page(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range blocks.FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	return found
}

// shell runs blocks of commands one after the other.
type shell struct {
	dir string
	env []string
	// replace changes what stands for something of the reader's own, and addresses of others.
	replace []string
}

func newShell(t *testing.T, l *servertest.Lanyard, replace ...string) *shell {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{dir: t.TempDir(), replace: replace}
	s.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LANYARD_URL="+l.URL, "LANYARD_API_KEY="+l.Key)
	if err := os.Symlink(filepath.Join(bin, "lanyard"), filepath.Join(s.dir, "lanyard")); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shell) run(t *testing.T, block string) string {
	t.Helper()
	for i := 0; i+1 < len(s.replace); i += 2 {
		block = strings.ReplaceAll(block, s.replace[i], s.replace[i+1])
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block)
	cmd.Dir, cmd.Env = s.dir, s.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: the commands\n%s\nsaid\n%s", err, block, out.String())
	}
	return out.String()
}

func (s *shell) file(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// nasa answers as api.nasa.gov does.
func nasa(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("api_key") != "DEMO_KEY" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":"API_KEY_INVALID"}}`)
			return
		}
		fmt.Fprint(w, `{"title":"A picture of the day","path":"`+r.URL.Path+`"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// catalogue is two files of the catalogue that comes with Lanyard, with other addresses.
func catalogue(t *testing.T, replace ...string) *catalog.Catalog {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range []string{"maps_weather_data/nasa.yaml", "developer_tools/github.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "internal", "catalog", "services", name))
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: []byte(strings.NewReplacer(replace...).Replace(string(text)))}
	}
	c, err := catalog.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadme(t *testing.T) {
	evil := providertest.Evil(t)
	space := nasa(t)
	l := servertest.Start(t, func(c *server.Config) {
		c.Catalog = catalogue(t,
			"base_url: https://api.nasa.gov", "base_url: "+space, "hosts: [api.nasa.gov]", `hosts: ["`+strings.TrimPrefix(space, "http://")+`"]`,
			"https://github.com/login/oauth/authorize", evil.Authorize.URL, "https://github.com/login/oauth/access_token", evil.Token.URL,
			"https://api.github.com", evil.Bearer.URL, "hosts: [api.github.com, uploads.github.com]", `hosts: ["`+strings.TrimPrefix(evil.URL, "http://")+`"]`)
	})
	s := newShell(t, l, "http://127.0.0.1:8080", l.URL, "export LANYARD_API_KEY=lanyard_…", "true",
		"YOUR_CLIENT_ID", providertest.EvilClientID, "YOUR_CLIENT_SECRET", providertest.EvilClientSecret)
	found := page(t, "README.md")
	if !strings.Contains(found[0], "./lanyard init") || !strings.Contains(found[0], "./lanyard serve") {
		t.Fatalf("the README does not begin with init and serve: %s", found[0])
	}
	// The first block builds, makes the organization and serves. The server of this test stands for it; init is run for
	// itself, since a server that serves would never end.
	s.run(t, "./lanyard init --email you@example.com")
	for _, block := range found[1:] {
		if strings.Contains(block, "connections connect my_github\n") {
			connect(t, l, s, block)
			continue
		}
		out := s.run(t, block)
		for command, want := range map[string]string{
			"invoke my_nasa": "A picture of the day", "run picture.dg": "A PICTURE OF THE DAY", "curl ": "A picture of the day", "invocations": "my_nasa", "services get github": "/oauth/callback/", "services list": "nasa",
		} {
			if strings.Contains(block, command) && !strings.Contains(out, want) {
				t.Errorf("the commands\n%s\nsay %q, want %q in it", block, out, want)
			}
		}
	}
}

// connect runs the block that needs a browser: it signs in, opens the link, and comes back from the provider.
func connect(t *testing.T, l *servertest.Lanyard, s *shell, block string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if len(lines) != 3 {
		t.Fatalf("expected sign-in, connect and invoke: %q", lines)
	}
	link := regexp.MustCompile(`http://\S+/(sign-in|connect)/\S+`)
	browser := servertest.SignIn(t, link.FindString(s.run(t, lines[0])))
	authorize := l.Leave(t, browser, link.FindString(s.run(t, lines[1])))
	back := servertest.Get(t, browser, servertest.Get(t, servertest.Stranger(t), authorize).Header.Get("Location"))
	result := servertest.Get(t, browser, l.URL+back.Header.Get("Location"))
	if result.Status != 200 {
		t.Fatalf("connecting ended on %d\n%s", result.Status, result.Body)
	}
	if out := s.run(t, lines[2]); !strings.Contains(out, "/user") {
		t.Errorf("%s: %s", lines[2], out)
	}
}

// acme is a server with everything that the pages call.
func acme(t *testing.T) (definition string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "bob" || password != "builder" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"method": r.Method, "path": r.URL.Path})
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	return `{"link_name":"acme","name":"Acme","base_url":"` + server.URL + `/{domain}","hosts":["` + host + `"],
		"dynamic_parameters":[{"key":"domain","name":"Your Acme domain"}],"auth":{"type":"basic"}}`
}

// TestPages runs the pages in the order in which a reader meets them.
func TestPages(t *testing.T) {
	l := servertest.Start(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	s := newShell(t, l, "https://app.example.com/lanyard", receiver.URL)
	s.env = append(s.env, "ACME_PASSWORD=builder")
	s.file(t, "acme.json", acme(t))
	s.file(t, "photo.jpg", "not really a photo")
	ran := 0
	var afterwards []string
	for _, name := range []string{"services", "connecting", "internal-connections", "scripts", "extensions", "invoking", "embedding", "command-line", "http-api", "security", "teams", "organizations", "webhooks", "moving"} {
		for _, block := range page(t, "docs/"+name+".md") {
			// What ends things is run when nothing needs them any more.
			if strings.Contains(block, "services delete") || strings.Contains(block, "connections revoke") {
				afterwards = append([]string{block}, afterwards...)
				continue
			}
			s.run(t, block)
			ran++
		}
	}
	for _, block := range afterwards {
		s.run(t, block)
		ran++
	}
	if ran < 12 {
		t.Errorf("only %d blocks were run: where did the others go?", ran)
	}
}

// TestBackup runs the page on backups in a directory that has a store.
func TestBackup(t *testing.T) {
	l := servertest.Start(t)
	s := newShell(t, l)
	if err := os.Symlink(l.Config.DataDir, filepath.Join(s.dir, "lanyard-data")); err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, block := range page(t, "docs/backup.md") {
		if strings.Contains(block, "restore go-on") {
			l.Stop(t)
		}
		said += s.run(t, block)
	}
	for _, words := range []string{"The backup is sound.", "The backup was restored.", "and waits", "The restored store goes on."} {
		if !strings.Contains(said, words) {
			t.Errorf("the commands did not say %q but:\n%s", words, said)
		}
	}
}

// TestDefinitionsAreRead checks every JSON document that the pages show as a service or as its auth.
func TestDefinitionsAreRead(t *testing.T) {
	l := servertest.Start(t)
	text, err := os.ReadFile("services.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1) {
		var definition map[string]any
		if err := json.Unmarshal(m[1], &definition); err != nil {
			t.Errorf("%v: %s", err, m[1])
			continue
		}
		if definition["auth"] == nil {
			definition = map[string]any{"hosts": []string{"api.acme.com"}, "auth": definition}
		}
		n++
		definition["name"], definition["link_name"] = "Acme", fmt.Sprintf("acme_%d", n)
		l.Must(t, 201, "POST /v1/services", definition)
	}
	if n < 4 {
		t.Errorf("only %d definitions in services.md", n)
	}
}
