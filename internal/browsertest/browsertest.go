// Package browsertest drives a real Chromium as a person does: it finds fields by their labels and buttons by their
// words, and fails the test when a page writes an error to the console, which is also where a browser reports what the
// Content-Security-Policy stopped.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lanyard/internal/providertest/peer"
)

// patience is how long a page may take to become what a test waits for; the machine may be busy.
const patience = 30 * time.Second

// Tab is a tab of a browser of its own, without cookies or storage.
type Tab struct {
	Context context.Context // for steps that this package has no word for
	t       testing.TB
}

// Chromium is the path of the browser. Debian packages one without the windows that nobody would see, which takes half the
// time to start; the whole one will do too.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	peer.Missing(t, "chromium is not installed", "apt-get install -y --no-install-recommends chromium-headless-shell")
	return ""
}

// Start starts a browser with one tab, 1440 pixels wide, in light colours. It reaches nothing but this machine.
func Start(t testing.TB, options ...chromedp.ExecAllocatorOption) *Tab {
	t.Helper()
	path := Chromium(t)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	}, options...)...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &Tab{Context: tab, t: t}
	b.Do()
	b.watchConsole()
	b.Look("light", 1440)
	return b
}

// WithoutScripts is a browser in which no page runs JavaScript.
func WithoutScripts(t testing.TB) *Tab {
	t.Helper()
	b := Start(t)
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	return b
}

// In is the same tab for a part of the test, which then fails in the tab's place.
func (b *Tab) In(t testing.TB) *Tab { return &Tab{b.Context, t} }

// watchConsole fails the test on an error or a warning in the console. An answer with an error status is what some
// pages are; the browser notes those too. It also notes what a provider's page wants from elsewhere, where nothing is
// reached; the policy of a page of ours would stop that first, in other words.
func (b *Tab) watchConsole() {
	ctx, stop := context.WithCancel(b.Context)
	messages := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			switch {
			case err != nil:
				return
			case strings.HasPrefix(m.Text, "Failed to load resource: the server responded with a status of") && m.Source == "network":
			case strings.HasPrefix(m.Text, "Failed to load resource: net::ERR_NAME_NOT_RESOLVED") && m.Source == "network":
			case strings.HasPrefix(m.Text, "Failed to execute 'postMessage' on 'DOMWindow': The target origin provided"): // which a browser is to keep to
			case m.IsException(), m.Type == "error", m.Type == "warning":
				b.t.Errorf("console: %s (%s)", m, m.URL)
			}
		}
	}()
	b.t.Cleanup(func() { stop(); <-done })
}

// Do runs steps of chromedp.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Value is what an expression of JavaScript comes to in the page; a promise is awaited, which never comes to anything
// in a browser [WithoutScripts].
func Value[T any](b *Tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Look has the system prefer colours (light or dark), and gives the window a width in pixels.
func (b *Tab) Look(colours string, width int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, 900))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}}}
	if _, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
}

// Open opens an address, and waits until the page is there.
func (b *Tab) Open(address string) {
	b.t.Helper()
	err := chromedp.Do(b.Context, chromedp.Navigate(address))
	for range 5 {
		if err == nil || !strings.Contains(err.Error(), "net::ERR_ABORTED") {
			break
		}
		err = chromedp.Do(b.Context, chromedp.Navigate(address)) // the page before was still on its way somewhere else
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// Address is where the tab is.
func (b *Tab) Address() string {
	b.t.Helper()
	return Value[string](b, "location.href")
}

// until looks again and again until what it looks for is there. Between pages there is nothing to look at.
func (b *Tab) until(what string, look func(context.Context) (bool, error)) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, 2*patience)
	defer cancel()
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(25 * time.Millisecond) {
		ok, err := look(ctx)
		if last = err; err == nil && ok {
			return
		}
	}
	body, _ := chromedp.Run(b.Context, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if dir := os.Getenv("LANYARD_SCREENSHOTS"); dir != "" {
		b.Picture(filepath.Join(dir, "failed.png"))
	}
	b.t.Fatalf("waited in vain until %s (%v) at %s", what, last, body)
}

// await waits until an expression of JavaScript is true.
func (b *Tab) await(what, expression string) {
	b.t.Helper()
	b.until(what, func(ctx context.Context) (bool, error) {
		return chromedp.Run(ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise))
	})
}

// Await waits until an expression of JavaScript is true.
func (b *Tab) Await(expression string) {
	b.t.Helper()
	b.await(expression, expression)
}

// Shows waits until the page says a text.
func (b *Tab) Shows(text string) {
	b.t.Helper()
	b.await(fmt.Sprintf("the page says %q", text), `document.body.innerText.includes(`+quote(text)+`)`)
}

// Lacks fails when the page says a text.
func (b *Tab) Lacks(text string) {
	b.t.Helper()
	if Value[bool](b, `document.body.innerText.includes(`+quote(text)+`)`) {
		b.t.Errorf("%s says %q", b.Address(), text)
	}
}

// find is an expression for the first visible element of a selector whose accessible name, near enough, is the one.
func find(selector, name string) string {
	return `(() => {
	const words = (label) => {
		const copy = label.cloneNode(true);
		copy.querySelectorAll("input, select, textarea").forEach(e => e.remove());
		return copy.textContent;
	};
	const named = (e) => (e.getAttribute("aria-label") ?? (e.labels?.length ? words(e.labels[0]) : e.innerText) ?? "").replace(/\s+/g, " ").trim();
	const all = [...document.querySelectorAll(` + quote(selector) + `)].filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: false}) && !e.disabled && !e.closest("[aria-hidden=true]"));
	const open = document.querySelector("dialog:modal");
	const near = open ? all.filter(e => open.contains(e)) : all;
	const want = ` + quote(name) + `;
	return near.find(e => named(e) === want) ?? near.find(e => named(e).replace(/ \(optional\)$/, "") === want) ?? null;
})()`
}

const fields = `input:not([type=hidden]), textarea, select`

// focus puts the caret into a field, selecting what is there.
func (b *Tab) focus(label string) {
	b.t.Helper()
	b.await(fmt.Sprintf("there is a field %q", label), find(fields, label)+" !== null")
	Value[bool](b, `(() => { const e = `+find(fields, label)+`; e.scrollIntoView({block: "center"}); e.focus(); e.select?.(); return true; })()`)
}

// Fill types a text into the field with a label, instead of what is there.
func (b *Tab) Fill(label, text string) {
	b.t.Helper()
	b.focus(label)
	if text == "" {
		b.Key("Backspace")
		return
	}
	if _, err := chromedp.Call(b.Context, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		b.t.Fatal(err)
	}
}

// Choose picks an option of a list by its words.
func (b *Tab) Choose(label, option string) {
	b.t.Helper()
	b.focus(label)
	ok := Value[bool](b, `(() => {
	const e = `+find("select", label)+`, o = [...e.options].find(o => o.text.trim() === `+quote(option)+`);
	if (!o) return false;
	e.value = o.value;
	e.dispatchEvent(new Event("input", {bubbles: true}));
	e.dispatchEvent(new Event("change", {bubbles: true}));
	return true;
})()`)
	if !ok {
		b.t.Fatalf("%q has no option %q", label, option)
	}
}

// Press clicks what can be clicked and has a name: a button, a link, a summary, a check box.
func (b *Tab) Press(name string) {
	b.t.Helper()
	b.click(`a, button, summary, label, input[type=checkbox], input[type=radio]`, name)
}

// PressIn is Press inside the first element of a CSS selector.
func (b *Tab) PressIn(selector, name string) {
	b.t.Helper()
	b.click(`:is(`+selector+`) :is(a, button, summary, label, input[type=checkbox], input[type=radio])`, name)
}

func (b *Tab) click(selector, name string) {
	b.t.Helper()
	var at []float64
	b.until(fmt.Sprintf("there is %q to press", name), func(ctx context.Context) (bool, error) {
		var err error
		// In the middle of the window, where nothing that sticks to an edge covers it.
		at, err = chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(() => {
	const named = `+find(selector, name)+`;
	if (!named || document.readyState !== "complete") return []; // what loads still moves what is there
	const e = named.matches("input.sr-only") && named.labels.length ? named.labels[0] : named;
	e.scrollIntoView({block: "center", behavior: "instant"});
	const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2;
	const hit = document.elementFromPoint(x, y);
	return hit && (e.contains(hit) || hit.contains(e) || hit.control === e) ? [x, y] : [];
})()`))
		return len(at) == 2, err
	})
	b.Do(chromedp.MouseClickXY(at[0], at[1]))
}

// Key presses a key by its name (Enter, Tab, ArrowDown, Escape) or character.
func (b *Tab) Key(name string) {
	b.t.Helper()
	keys := map[string]string{"Enter": kb.Enter, "Tab": kb.Tab, "Backspace": kb.Backspace, "Escape": kb.Escape, "ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp}
	key, ok := keys[name]
	if !ok {
		key = name
	}
	b.Do(chromedp.KeyEvent(key))
}

// Picture writes the whole page as a PNG file.
func (b *Tab) Picture(file string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil { //nolint:gosec // a picture to look at
		b.t.Fatal(err)
	}
}

// Accessible fails the test for every violation that axe finds in the page as it is when nothing moves any more.
func (b *Tab) Accessible() {
	b.t.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](axe(b.t)))
	var violations []struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML, FailureSummary string }
	}
	found := Value[string](b, `Promise.allSettled(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime !== Infinity).map(a => a.finished)).then(() => axe.run(document, {resultTypes: ["violations"]})).then(r => JSON.stringify(r.violations))`)
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s: %s (%s): %s", b.Address(), v.ID, v.Impact, v.Help)
		for _, n := range v.Nodes {
			b.t.Logf("  %s\n  %s", n.HTML, n.FailureSummary)
		}
	}
}

// Fits fails the test when something of the page sticks out of the window sideways, other than what scrolls by itself
// or is hidden on purpose.
func (b *Tab) Fits() {
	b.t.Helper()
	if over := Value[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		b.t.Errorf("%s is %d pixels too wide", b.Address(), over)
	}
	out := Value[[]string](b, `[...document.querySelectorAll("body *")].filter(e => {
	const r = e.getBoundingClientRect();
	return r.width > 1 && !e.closest(".skip, .sr-only, .scroll, [popover]:not(:popover-open)") && (r.left < -1 || r.right > innerWidth + 1);
}).map(e => e.outerHTML.slice(0, 80))`)
	if len(out) > 0 {
		b.t.Errorf("%s: these stick out of the page: %q", b.Address(), out)
	}
}

// axe is the script of axe-core, which lies with the pages.
func axe(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the test")
		}
	}
	script, err := os.ReadFile(filepath.Join(dir, "internal", "web", "testdata", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// quote is a text as a literal of JavaScript.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text always encodes
	}
	return string(b)
}
