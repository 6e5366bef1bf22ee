package servertest_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"lanyard/internal/browsertest"
	"lanyard/internal/servertest"
)

// called gives a server whose owner called a service: twice well, once with each kind of error, through two connections.
func called(t *testing.T) *servertest.Lanyard {
	t.Helper()
	l := servertest.Start(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil {
			status = http.StatusBadRequest
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(upstream.Close)
	for _, name := range []string{"crm", "files"} {
		l.Connect(t, object("link_name", name, "base_url", upstream.URL, "hosts", []string{strings.TrimPrefix(upstream.URL, "http://")}, "auth", object("type", "basic")),
			object("credentials", object("username", "u", "password", "p")))
	}
	for _, path := range []string{"/200", "/201", "/404", "/500"} {
		l.Must(t, 200, "POST /v1/invoke", object("connection", "crm", "url", path))
	}
	l.Must(t, 403, "POST /v1/invoke", object("connection", "crm", "url", "https://elsewhere.example/"))
	l.Must(t, 200, "POST /v1/invoke", object("connection", "files", "url", "/200"))
	return l
}

// inked counts the points of a plot's canvas that something was drawn on.
const inked = `[...document.querySelectorAll(".plot canvas")].map((c) => {
	const points = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	let n = 0;
	for (let i = 3; i < points.length; i += 4) if (points[i]) n++;
	return n;
})`

func TestBrowserActivityIsDrawn(t *testing.T) {
	l := called(t)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/activity")
	tab.Await(`document.querySelectorAll(".plot canvas").length === 3 && ` + inked + `.every((n) => n > 200)`)
	tab.Shows("6") // calls
	tab.Shows("The host is not allowed")
	tab.Shows("500 Internal Server Error")
	tab.Await(`!document.querySelector("details.figures").open`)

	// The other theme has other colours.
	light := browsertest.Value[string](tab, `document.querySelector(".plot canvas").toDataURL()`)
	tab.Press("Use dark colours")
	tab.Await(`document.querySelector(".plot canvas").toDataURL() !== ` + strconv.Quote(light) + ` && ` + inked + `.every((n) => n > 200)`)

	// A filter swaps figures, plots and list, and stands in the address.
	tab.Fill("Connection, by link name", "files")
	tab.Await(`location.search.includes("connection=files") && document.querySelectorAll("#calls tbody tr").length === 1`)
	tab.Await(`document.querySelectorAll(".plot canvas").length === 3 && ` + inked + `[0] > 200`)
	tab.Choose("Result", "Not answered")
	tab.Shows("No such calls in the last 24 hours")
	tab.Press("Show every call")
	tab.Await(`document.querySelectorAll("#calls tbody tr").length === 6`)

	// A call's details, and a narrow window, in which nothing sticks out.
	browsertest.Value[bool](tab, `(document.querySelector("#calls summary").click(), true)`)
	tab.Shows("Received")
	tab.Look("light", 390)
	tab.Await(`document.querySelector(".plot canvas").getBoundingClientRect().width < 390`)
	tab.Fits()
}

func TestBrowserActivityWithoutScripts(t *testing.T) {
	l := called(t)
	tab := browsertest.WithoutScripts(t)
	tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Open(l.URL + "/activity")
	tab.Shows("Calls by time, as a table")
	tab.Lacks("Share of the calls") // the plots' own legend
	tab.Choose("Result", "Not answered")
	tab.Press("Show")
	tab.Await(`location.search.includes("outcome=failed") && document.querySelectorAll("#calls tbody tr").length === 1`)
}

func TestBrowserAuditLogInWords(t *testing.T) {
	l := called(t)
	l.Must(t, 204, "DELETE /v1/connections/files", nil)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/activity/audit")
	tab.Shows("The owner deleted the connection files")
	tab.Shows("The owner connected crm")
	tab.Shows("The owner set up the organization")
	tab.Choose("What", "Services")
	tab.Await(`location.search.includes("group=services") && document.querySelectorAll(".log > li").length === 2`)
	tab.Press("crm")
	tab.Await(`document.querySelectorAll(".log > li").length === 1`)
	tab.Shows("Only what was done to crm")
	tab.Accessible()
}
