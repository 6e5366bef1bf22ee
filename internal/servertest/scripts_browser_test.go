package servertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// source is what stands in the editor.
const source = `document.querySelector("#script").value`

// types puts a text in where the caret stands, as a keyboard that writes whole words.
func types(t *testing.T, tab *browsertest.Tab, text string) {
	t.Helper()
	if _, err := chromedp.Call(tab.Context, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		t.Fatal(err)
	}
}

// strikes presses a key as a keyboard does: what it would type is left out where the page takes the key for itself.
func strikes(t *testing.T, tab *browsertest.Tab, key string) {
	t.Helper()
	p := input.DispatchKeyEventParams{Key: key, Code: key}
	switch key {
	case "Enter":
		p.WindowsVirtualKeyCode, p.Text = 13, "\r"
	case "Tab":
		p.WindowsVirtualKeyCode = 9
	}
	for _, p.Type = range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		if _, err := chromedp.Call(tab.Context, input.DispatchKeyEvent, p); err != nil {
			t.Fatal(err)
		}
	}
}

// pictured takes a picture where LANYARD_SCREENSHOTS names a directory.
func pictured(tab *browsertest.Tab, name string) {
	if dir := os.Getenv("LANYARD_SCREENSHOTS"); dir != "" {
		tab.Picture(filepath.Join(dir, name+".png"))
	}
}

// TestBrowserScripts is what a person does with a script: writes it with the help of the editor, executes it against a
// real server, saves it, goes back to an earlier version, and looks at its runs.
func TestBrowserScripts(t *testing.T) {
	l := servertest.Start(t)
	httpbin := providertest.HTTPBin(t)
	l.Connect(t, keyAt("httpbin", httpbin.URL, hostOf(t, httpbin.URL), "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/scripts")
	tab.Shows("No scripts")
	tab.Press("Call an API")
	tab.Shows("New script")
	tab.Await(source + `.includes("{domain}")`)

	tab.Open(l.URL + "/scripts/new")
	tab.Fill("Name", "Orders of a customer")

	// What is wrong is marked while one types, in the text, beside it and below.
	tab.Fill("Script", "map orders(string customer)\n{\n\tinfo customer.lengthy();\n}\n")
	tab.Await(`document.querySelector("#problems")?.innerText.includes("Line 3, column") && document.querySelector(".numbers .bad")?.innerText === "3" && document.querySelector(".layer .marked.bad") !== null`)
	pictured(tab, "editor-problem")
	tab.Accessible()

	// A link name is completed, and a function.
	tab.Fill("Script", "map orders(string customer)\n{\n\tresponse = invokeurl\n\t[\n\t\turl: \"/anything\"\n\t\tparameters: {\"customer\": customer}\n\t\tconnection: \"")
	types(t, tab, "h")
	tab.Await(`!document.querySelector("#completions").hidden && document.querySelector("#completions [aria-selected=true] b").innerText === "httpbin"`)
	pictured(tab, "editor-link-name")
	strikes(t, tab, "Enter")
	tab.Await(source + `.endsWith('connection: "httpbin')`)
	types(t, tab, "\"\n\t];\n\tinfo customer.toUpp")
	tab.Await(`document.querySelector("#completions [aria-selected=true] b")?.innerText === "toUpperCase" && document.querySelector("#script").getAttribute("aria-activedescendant") === "completion-0"`)
	pictured(tab, "editor-function")
	tab.Accessible()
	strikes(t, tab, "Enter")
	types(t, tab, ");\n\treturn response.get(\"args\");\n}\n")
	tab.Await(`document.querySelector("#problems").innerText.trim() === "" && document.querySelector(".numbers .bad") === null`)
	tab.Do(chromedp.KeyEvent(" ", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	tab.Await(`document.querySelectorAll("#completions li").length > 20`)
	tab.Key("Escape")
	tab.Await(`document.querySelector("#completions").hidden`)

	// Nobody is caught: Tab indents, and after Escape it leaves.
	strikes(t, tab, "Tab")
	tab.Await(source + `.endsWith("}\n\t")`)
	tab.Key("Backspace")
	tab.Key("Escape")
	strikes(t, tab, "Tab")
	tab.Await(`document.activeElement !== document.querySelector("#script")`)

	tab.Fill("customer", "zylker")
	tab.Press("Execute")
	tab.Await(`["Succeeded", "ZYLKER", "which is not saved", "200 OK", "/anything"].every((t) => document.querySelector("#outcome").innerText.includes(t))`)
	pictured(tab, "editor-executed")
	tab.Accessible()
	tab.Press("Save")
	tab.Shows("Orders of a customer was saved")
	if at := tab.Address(); at != l.URL+"/scripts/orders_of_a_customer" {
		t.Fatalf("the browser is at %s", at)
	}
	saved := browsertest.Value[string](tab, source)

	// An error of a run is marked at its line. What is saved is run as such, and recorded.
	tab.Fill("Script", "void broken()\n{\n\tx = null;\n\tinfo x.length();\n}\n")
	tab.Shows("Not saved")
	tab.Press("Execute")
	tab.Await(`document.querySelector("#outcome [data-error-line='4']") !== null && document.querySelector(".numbers .bad")?.innerText === "4"`)
	tab.PressIn("#outcome", "Line 4")
	tab.Await(`document.activeElement.id === "script" && document.activeElement.selectionStart > 20`)
	tab.Fill("Script", saved)
	tab.Await(`document.querySelector("#unsaved").hidden && document.querySelector("#argument-customer") !== null`)
	tab.Fill("customer", "acme")
	tab.Press("Execute")
	tab.Await(`document.querySelector("#outcome").innerText.includes("This run")`)
	tab.Press("This run")
	tab.Shows("Started by")
	tab.Shows("ACME")

	// Another version, what it changed, and the way back.
	tab.Press("Editor")
	tab.Await(source + `.includes("toUpperCase")`)
	tab.Fill("Script", strings.Replace(saved, "toUpperCase", "toLowerCase", 1))
	tab.Do(chromedp.KeyEvent("s", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	tab.Shows("Version 2 was saved")
	tab.Press("Versions")
	tab.Press("What changed")
	tab.Shows("Since version 1: 1 line added, 1 line removed.")
	tab.Press("Versions")
	tab.Press("Restore version 1")
	tab.Shows("Version 1 was restored")
	tab.Await(source + `.includes("toUpperCase")`)

	// The connection says who uses it.
	tab.Open(l.URL + "/connections/httpbin")
	tab.PressIn("#used-by", "Orders of a customer")
	tab.Press("Settings")
	tab.Press("Delete this function")
	tab.Shows("Scripts that call thisapp.orders_of_a_customer fail.")
	tab.Press("Delete")
	tab.Shows("Orders of a customer was deleted")
}

// TestBrowserScriptRunsByItself gives a function a schedule and an address, which is shown once, works, and ends.
func TestBrowserScriptRunsByItself(t *testing.T) {
	l := servertest.Start(t)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/scripts/new")
	tab.Fill("Name", "Hello")
	tab.Fill("Script", "string hello()\n{\n\treturn \"hi there\";\n}\n")
	tab.Press("Save")
	tab.Shows("Hello was saved")
	tab.Press("Settings")
	tab.Fill("When", "0 9 * * 1-5")
	tab.Fill("Time zone", "Europe/Vienna")
	tab.Shows("At 09:00 from Monday to Friday, Europe/Vienna")
	tab.Shows("09:00 CE") // CET or CEST
	tab.Press("Save settings")
	tab.Shows("The settings of Hello were saved")
	tab.Press("Make an address")
	tab.Shows("shows it this once")
	address := browsertest.Value[string](tab, `document.querySelector("#hook-url").innerText`)
	post := func() (status int, body string) {
		a := servertest.Post(t, http.DefaultClient, address, nil)
		return a.Status, string(a.Body)
	}
	if status, body := post(); status != 200 || body != "hi there" {
		t.Errorf("the address answered %d %q", status, body)
	}
	tab.Press("Done")
	tab.Press("Runs")
	tab.Await(`document.querySelector("table.grid").innerText.includes("Hook")`)
	tab.Press("Settings")
	tab.Press("Remove the address")
	tab.Press("Remove the address")
	tab.Shows("The address was removed")
	if status, _ := post(); status != 404 {
		t.Errorf("the address that was removed answered %d", status)
	}
	tab.Open(l.URL + "/scripts")
	tab.Shows("At 09:00 from Monday to Friday, Europe/Vienna")
}

// TestBrowserCancelsAScript: cancelling ends the call that the script is waiting for.
func TestBrowserCancelsAScript(t *testing.T) {
	arrived, ended := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(ended)
	}))
	t.Cleanup(slow.Close)
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "slow", "base_url", slow.URL, "hosts", []string{hostOf(t, slow.URL)}, "auth", object("type", "basic")), object("credentials", object("username", "u", "password", "p")))
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/scripts/new")
	tab.Fill("Script", "x = invokeurl\n[\n\turl: \"/\"\n\tconnection: \"slow\"\n];\ninfo x;\n")
	tab.Press("Execute")
	tab.Shows("Running …")
	<-arrived
	pictured(tab, "editor-running")
	tab.Press("Cancel")
	tab.Shows("The run was cancelled.")
	<-ended
	tab.Fill("Script", browsertest.Value[string](tab, `document.querySelector("#script").defaultValue`))
}

// TestBrowserLongScript: of five thousand lines only those in sight are drawn.
func TestBrowserLongScript(t *testing.T) {
	l := servertest.Start(t)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/scripts/new")
	var long strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&long, "line_%d = \"text %d\" + %d; // a comment\n", i, i, i)
	}
	took := browsertest.Value[float64](tab, `(() => { const e = document.querySelector("#script"); e.focus(); e.value = `+strconv.Quote(long.String())+`; const t = performance.now(); e.dispatchEvent(new InputEvent("input", {bubbles: true, inputType: "insertText", data: ";"})); return performance.now() - t; })()`)
	if took > 250 { // some 10 ms where nothing else runs
		t.Errorf("one letter takes %.0f ms", took)
	}
	tab.Await(`document.querySelector(".layer").children.length > 10 && document.querySelector(".layer").children.length < 120`)
	tab.Await(`(() => { const e = document.querySelector("#script"); e.scrollTop = e.scrollHeight; return [...document.querySelectorAll(".numbers span")].some((n) => n.innerText === "5000"); })()`)
	tab.Await(`(document.querySelector("#script").value = document.querySelector("#script").defaultValue) !== ""`)
}

// TestBrowserScriptsUnscripted: without JavaScript a script is written, executed and saved with plain forms.
func TestBrowserScriptsUnscripted(t *testing.T) {
	l := servertest.Start(t)
	tab := browsertest.WithoutScripts(t)
	tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Shows("My connections")
	tab.Open(l.URL + "/scripts/new")
	tab.Fill("Name", "Plain")
	tab.Fill("Script", "info \"a\"\ninfo lengthy(1);\n")
	tab.Press("Save")
	tab.Shows("It was not saved")
	tab.Press("Line 2, column 6")
	tab.Await(`location.hash === "#line-2" && document.querySelector("#line-2.bad") !== null`)
	tab.Fill("Script", "string plain(string who)\n{\n\treturn \"Hello \" + who;\n}\n")
	tab.Press("Save")
	tab.Shows("Plain was saved")
	tab.Fill("who", "world")
	tab.Press("Execute")
	tab.Shows("Hello world")
	tab.Shows("Succeeded")
}
