package docs_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lanyard/internal/catalog"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// TestCatalogueEntry does what the page tells: it begins a file, completes it as shown, and connects with it on a server
// that has been running since before; then it adds tasks, and runs a script with them.
func TestCatalogueEntry(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "bob" || password != "builder" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		sent, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch r.Method + " " + r.RequestURI + " " + string(sent) {
		case `POST /v2/customers/17%2Fb/orders {"items":[{"article":"lamp","count":2}],"note":"by noon"}`:
			_, _ = io.WriteString(w, `{"order": {"id": 7}}`)
		case "GET /v2/orders?state=open&limit=10 ":
			_, _ = io.WriteString(w, `{"orders": ["the order 7", "the order 8"]}`)
		}
	}))
	defer api.Close()
	host := strings.TrimPrefix(api.URL, "http://")
	dir := filepath.Join(t.TempDir(), "catalog")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l := servertest.Start(t, func(c *server.Config) { c.CatalogDir, c.CatalogEvery = dir, 10*time.Millisecond })
	s := newShell(t, l, "https://api.acme.com", api.URL, "api.acme.com", host)
	s.env = append(s.env, "ACME_PASSWORD=builder")
	if err := os.Symlink(dir, filepath.Join(s.dir, "catalog")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("catalogue-entry.md")
	if err != nil {
		t.Fatal(err)
	}
	var file, tasks string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		switch yaml := string(m[1]); {
		case file == "":
			file = yaml
		case strings.HasPrefix(yaml, "tasks:"):
			tasks = yaml
		}
	}
	write := func(text string) {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "https://api.acme.com", api.URL), "[api.acme.com]", `["`+host+`"]`)
		if err := os.WriteFile(filepath.Join(dir, "ecommerce", "acme.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, block := range page(t, "docs/catalogue-entry.md") {
		withTasks := strings.Contains(block, "lanyard run")
		if withTasks {
			write(file + tasks)
			for deadline := time.Now().Add(10 * time.Second); len(run(t, l, "x = acme.getOrders();", map[string]any{}).Error.Problems) > 0; {
				if time.Now().After(deadline) {
					t.Fatal("the server does not have the tasks")
				}
			}
		}
		out := s.run(t, block)
		if want := "1 of 1 file is fine.\n7\nthe order 7\nthe order 8\n"; withTasks && out != want {
			t.Errorf("the script with tasks says %q, want %q", out, want)
		}
		switch i {
		case 0: // the file is begun; it is completed as the page shows
			write(file)
		case 1:
			if out != "1 of 1 file is fine.\n" {
				t.Errorf("the lint says %s", out)
			}
			for deadline := time.Now().Add(10 * time.Second); l.API(t, "GET /v1/services/acme", nil).Field(t, "description") != "Orders and invoices of the Acme shop."; {
				if time.Now().After(deadline) {
					t.Fatal("the server does not use the file")
				}
			}
		}
	}
}

// TestEveryFieldIsExplained: the page speaks of each field that the schema has.
func TestEveryFieldIsExplained(t *testing.T) {
	var text strings.Builder
	for _, name := range []string{"catalogue-entry.md", "services.md"} {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(page)
	}
	for _, m := range regexp.MustCompile(`"([a-z_]+)": \{(?:"description"|"\$ref")`).FindAllSubmatch(catalog.Schema, -1) {
		if field := string(m[1]); field != "items" && !strings.Contains(text.String(), field) {
			t.Errorf("no page speaks of the field %s", m[1])
		}
	}
}
