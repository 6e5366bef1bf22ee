package servertest_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/servertest"
)

func TestBrowserPaletteFindsAndOpens(t *testing.T) {
	l := servertest.Start(t)
	l.Must(t, 201, "POST /v1/services", object("name", "Weather office", "link_name", "weather", "base_url", "https://api.weather.example", "hosts", []string{"api.weather.example"}, "auth", object("type", "basic")))
	l.Must(t, 201, "POST /v1/connections", object("name", "Rain and wind", "link_name", "rain", "service", "weather"))
	tab := signedInTab(t, l)
	tab.Key("/")
	tab.Shows("Create connection") // what there is before anything is typed
	tab.Fill("Search connections, services and pages", "rain and wind")
	tab.Await(`document.querySelectorAll("#palette-found a").length === 1`)
	tab.Key("ArrowDown")
	tab.Await(`document.activeElement.getAttribute("href") === "/connections/rain"`)
	tab.Key("Enter")
	tab.Await(`location.pathname === "/connections/rain" && document.readyState === "complete"`)
	tab.Shows("It is not connected yet")

	tab.Key("/")
	tab.Fill("Search connections, services and pages", "weather")
	tab.Await(`document.querySelector('#palette-found a[href="/services/weather"]') !== null`) // besides the connection that is made with it
	tab.Key("Escape")
	tab.Await(`!document.getElementById("palette").open`)

	// In a field a slash is a slash.
	tab.Open(l.URL + "/search?q=zzqx")
	tab.Fill("Connections, services and pages", "zzqx")
	tab.Key("/")
	tab.Await(`!document.getElementById("palette").open && document.querySelector("main input").value === "zzqx/"`)
	tab.Shows("Nothing here is called “zzqx/”")
}

func TestBrowserColoursAreRemembered(t *testing.T) {
	tab := signedInTab(t, servertest.Start(t))
	isDark := `document.documentElement.classList.contains("dark")`
	tab.Await("!" + isDark)
	tab.Look("dark", 1440) // the system changes its mind, and nobody chose here
	tab.Await(isDark)
	tab.Press("Use light colours")
	tab.Await("!" + isDark)
	tab.Do(chromedp.Reload())
	tab.Await("!" + isDark)
	tab.Press("Use dark colours") // the system's own preference is followed again
	tab.Look("light", 1440)
	tab.Await("!" + isDark)
}

// On a telephone the left side comes when it is asked for, and goes by itself. It needs no scripts.
func TestBrowserMenuOnATelephone(t *testing.T) {
	l := servertest.Start(t)
	tab := browsertest.WithoutScripts(t)
	tab.Look("light", 390)
	tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Shows("My connections")
	shown := `document.getElementById("side").checkVisibility()`
	tab.Await("!" + shown)
	tab.Press("Menu")
	tab.Await(shown)
	tab.Press("Extensions")
	tab.Shows("No extensions installed")
	tab.Await("!" + shown)
	tab.Press("Search")
	tab.Fill("Connections, services and pages", "audit")
	tab.Press("Search")
	tab.Shows("Audit log")
}
