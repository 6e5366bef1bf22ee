package web

import "net/http"

// tourPage shows the first steps from a shell: a key, a service and a connection.
type tourPage struct {
	frame
	Commands []command
}

func (tourPage) template() string { return "tour" }

func newTourPage(v visitor, publicURL string) tourPage {
	return tourPage{newShellFrame(v, "Tour", ""), firstCommands(publicURL)}
}

// firstCommands make a service and a connection through the API, and call it.
func firstCommands(publicURL string) []command {
	post := func(path, body string) string {
		return "curl " + shellWord(publicURL+path) + " \\\n" +
			"  -H \"Authorization: Bearer $LANYARD_API_KEY\" \\\n" +
			"  -H \"Content-Type: application/json\" \\\n" +
			"  -d " + shellWord(body)
	}
	return []command{
		newCommand("command-service", "Define a service", post("/v1/services", `{
    "name": "Acme", "link_name": "acme",
    "base_url": "https://api.acme.com", "hosts": ["api.acme.com"],
    "auth": {"type": "api_key", "parameters": [
      {"name": "X-Api-Key", "display_name": "API key", "param_type": "header"}
    ]}
  }`)),
		newCommand("command-connection", "Make a connection with it", post("/v1/connections",
			`{"name": "Acme, live", "link_name": "acme_live", "service": "acme"}`)),
		newCommand("command-call", "Call it, once it is connected", "lanyard invoke acme_live /"),
	}
}

func (s *site) tour(w http.ResponseWriter, _ *http.Request, v visitor) error {
	return s.write(w, http.StatusOK, newTourPage(v, s.publicURL))
}
