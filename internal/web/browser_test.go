package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"lanyard/internal/providertest/peer"
)

// newBrowser starts Chromium with one tab.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		peer.Missing(t, "chromium is not installed", "apt-get install -y --no-install-recommends chromium")
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true),
		// Nothing but loopback, whatever a page asks for.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	do(t, tab)
	return tab
}

func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// watchConsole fails the test when a page writes an error or a warning to the console, which is also where the browser
// reports what the Content-Security-Policy stopped. An answer with an error status is what some pages are; the browser
// notes those too.
func watchConsole(t *testing.T, tab context.Context) {
	t.Helper()
	ctx, stop := context.WithCancel(tab)
	messages := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			if err != nil {
				return
			}
			if strings.HasPrefix(m.Text, "Failed to load resource: the server responded with a status of") && m.Source == "network" {
				continue
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" {
				t.Errorf("console: %s (%s)", m, m.URL)
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// look is a way to see a page.
type look struct {
	scheme string // of colours, as the system prefers it
	width  int64
}

var looks = []look{{"light", 1440}, {"dark", 1440}, {"light", 390}, {"dark", 390}}

func (l look) String() string { return fmt.Sprintf("%s-%d", l.scheme, l.width) }

func (l look) apply(t *testing.T, tab context.Context) {
	t.Helper()
	do(t, tab, chromedp.EmulateViewport(l.width, 900))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// refresh finds the page that goes on by itself, which is to stand still here.
var refresh = regexp.MustCompile(`content="0; url=[^"]*"`)

// serveStates serves every state at /{name}, with the headers that it has in life.
func serveStates(t *testing.T) string {
	t.Helper()
	files := loadAssets()
	pages, err := newRenderer(files.url, inventedURL, "1.0.0", inventedNow)
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

// TestStatesAccessible runs axe over every state, in light colours on a wide window and in dark ones on a narrow one,
// and looks that nothing is cut off or has to be scrolled sideways. LANYARD_SCREENSHOTS names a directory for pictures,
// which are taken of both colours at both widths.
func TestStatesAccessible(t *testing.T) {
	if testing.Short() {
		t.Skip("every state in four ways takes a minute")
	}
	axe, err := os.ReadFile(filepath.Join("testdata", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	server := serveStates(t)
	tab := newBrowser(t)
	watchConsole(t, tab)
	pictures := os.Getenv("LANYARD_SCREENSHOTS")
	for i, l := range looks {
		if pictures == "" && (i == 1 || i == 2) { // the colours and the widths of the others
			continue
		}
		l.apply(t, tab)
		for _, st := range states() {
			t.Run(st.name+"/"+l.String(), func(t *testing.T) {
				do(t, tab, chromedp.Navigate(server+"/"+st.name))
				if got, want := eval[bool](t, tab, `document.documentElement.classList.contains("dark")`), l.scheme == "dark"; got != want {
					t.Errorf("dark colours: got %t, want %t", got, want)
				}
				do(t, tab, chromedp.Evaluate[chromedp.Void](string(axe)))
				for _, v := range axeViolations(t, tab) {
					t.Errorf("%s (%s): %s", v.ID, v.Impact, v.Help)
					for _, n := range v.Nodes {
						t.Logf("  %s\n  %s", n.HTML, n.FailureSummary)
					}
				}
				if over := eval[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("the page is %d pixels too wide", over)
				}
				if out := eval[[]string](t, tab, sticksOut); len(out) > 0 {
					t.Errorf("these stick out of the page: %q", out)
				}
				if pictures != "" {
					picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(pictures, st.name+"-"+l.String()+".png"), picture, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// sticksOut lists what begins left of the window or ends right of it, other than what is hidden from sight on purpose.
const sticksOut = `[...document.querySelectorAll("body *")].filter(e => {
	const r = e.getBoundingClientRect();
	return r.width > 1 && !e.closest(".skip, .sr-only, .scroll, [popover]:not(:popover-open)") && (r.left < -1 || r.right > innerWidth + 1);
}).map(e => e.outerHTML.slice(0, 80))`

type axeViolation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

func axeViolations(t *testing.T, tab context.Context) []axeViolation {
	t.Helper()
	found := eval[string](t, tab, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`)
	var violations []axeViolation
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	return violations
}
