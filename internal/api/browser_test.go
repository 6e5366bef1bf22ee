package api_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
)

// TestDocsInTheBrowser looks at the page light and dark, wide and narrow: nothing is stopped by its own policy, nothing
// is cut off at the side, each theme has its own colours, and axe finds nothing that keeps people out.
func TestDocsInTheBrowser(t *testing.T) {
	axe, err := os.ReadFile("../web/testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(browsertest.Chromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true),
		// Nothing but loopback, whatever a page asks for.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	defer stop()
	tab, closeTab := chromedp.NewContext(allocator)
	defer closeTab()

	watching, stopWatching := context.WithCancel(tab)
	messages := chromedp.Console(watching)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" {
				t.Errorf("console: %s (%s)", m, m.URL)
			}
		}
	}()
	defer func() { stopWatching(); <-watched }()

	backgrounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1440, 390} {
			t.Run(fmt.Sprintf("%s-%d", scheme, width), func(t *testing.T) {
				media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
				if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 900)); err != nil {
					t.Fatal(err)
				}
				if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
					t.Fatal(err)
				}
				if err := chromedp.Do(tab, chromedp.Navigate(w.server.URL+"/docs")); err != nil {
					t.Fatal(err)
				}
				if over := evaluate[float64](t, tab, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("the page is %v pixels wider than the window", over)
				}
				if width < 1000 {
					return // the same page, colours and words: what follows takes seconds
				}
				backgrounds[scheme] = evaluate[string](t, tab, `getComputedStyle(document.body).backgroundColor`)
				if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](string(axe))); err != nil {
					t.Fatal(err)
				}
				const violations = `axe.run(document, {resultTypes: ["violations"]}).then(r =>
					r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html).join(" … ")).join("\n"))`
				if found := evaluate[string](t, tab, violations); found != "" {
					t.Errorf("axe: %s", found)
				}
			})
		}
	}
	if backgrounds["light"] == backgrounds["dark"] {
		t.Errorf("both themes have the background %s", backgrounds["light"])
	}
}

func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}
