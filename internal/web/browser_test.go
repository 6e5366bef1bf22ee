package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"lanyard/internal/browsertest"
	"lanyard/internal/catalog"
)

// look is a way to see a page.
type look struct {
	scheme string // of colours, as the system prefers it
	width  int64
}

var looks = []look{{"light", 1440}, {"dark", 1440}, {"light", 390}, {"dark", 390}}

func (l look) String() string { return fmt.Sprintf("%s-%d", l.scheme, l.width) }

// refresh finds the page that goes on by itself, which is to stand still here.
var refresh = regexp.MustCompile(`content="0; url=[^"]*"`)

// serveStates serves every state at /{name}, with the headers that it has in life.
func serveStates(t *testing.T) string {
	t.Helper()
	files := loadAssets()
	pages, err := newRenderer(files.url, catalog.Default, inventedURL, "1.0.0", inventedNow)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", files)
	mux.HandleFunc("GET /stay", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, st := range states() {
		html, err := pages.render(st.page)
		if err != nil {
			t.Fatal(err)
		}
		html = refresh.ReplaceAll(html, []byte(`content="0; url=/stay"`))
		mux.HandleFunc("GET /"+st.name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(st.status)
			_, _ = w.Write(html)
		})
	}
	server := httptest.NewServer(withHeaders(mux, "no-referrer"))
	t.Cleanup(server.Close)
	return server.URL
}

// TestBrowserStatesAccessible runs axe over every state, one in light colours on a wide window and the next in dark ones
// on a narrow one, and looks that nothing is cut off or has to be scrolled sideways. LANYARD_SCREENSHOTS names a
// directory for pictures: then each state is looked at, and taken, in both colours at both widths.
func TestBrowserStatesAccessible(t *testing.T) {
	if testing.Short() {
		t.Skip("every state in four ways takes a minute")
	}
	server := serveStates(t)
	browser := browsertest.Start(t)
	pictures := os.Getenv("LANYARD_SCREENSHOTS")
	for i, l := range looks {
		if pictures == "" && (i == 1 || i == 2) { // the colours and the widths of the others
			continue
		}
		browser.Look(l.scheme, l.width)
		for n, st := range states() {
			if pictures == "" && (n%2 == 0) != (i == 0) {
				continue
			}
			t.Run(st.name+"/"+l.String(), func(t *testing.T) {
				tab := browser.In(t)
				tab.Open(server + "/" + st.name)
				if got, want := browsertest.Value[bool](tab, `document.documentElement.classList.contains("dark")`), l.scheme == "dark"; got != want {
					t.Errorf("dark colours: got %t, want %t", got, want)
				}
				tab.Accessible()
				tab.Fits()
				if pictures != "" {
					tab.Picture(filepath.Join(pictures, st.name+"-"+l.String()+".png"))
				}
			})
		}
	}
}
