package web

import "net/http"

// laterPage holds the place of something that this version cannot do, and says so.
type laterPage struct {
	frame
	Icon    string
	Heading string
	What    string // what belongs here
	Until   string // what does the job meanwhile
}

func (laterPage) template() string { return "later" }

func newExtensionsPage(v visitor) laterPage {
	return laterPage{newShellFrame(v, "Extensions", "/extensions"), "blocks", "Extensions",
		"An extension is a package of services, connections and scripts that one organization publishes and others install. This version of Lanyard cannot install any.",
		"What an extension would bring can be made by hand: a custom service, and a connection with it."}
}

func (s *site) extensions(w http.ResponseWriter, _ *http.Request, v visitor) error {
	return s.write(w, http.StatusOK, newExtensionsPage(v))
}
