package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"lanyard"
)

// snippet is a call through a connection, ready to paste into a program of one language.
type snippet struct {
	command
	Language string // of the tab
	Chosen   bool   // the one that shows first
}

// exampleCall is a GET through a connection, the way a program makes it: through the proxy, or for a service without a
// base URL, which the proxy needs, through invoke.
type exampleCall struct {
	connection lanyard.LinkName
	target     string // a path below the base URL, or a whole URL
	whole      string // the URL of the service itself, with its placeholders
	address    string // that a program asks
	body       string // JSON for invoke; empty for the proxy
}

func newExampleCall(c *lanyard.Connection, s *lanyard.Service, publicURL string) exampleCall {
	if s.BaseURL == "" {
		url := "https://" + exampleHost(s) + "/"
		return exampleCall{c.LinkName, url, url, publicURL + "/v1/invoke", jsonText(struct {
			Connection lanyard.LinkName `json:"connection"`
			URL        string           `json:"url"`
		}{c.LinkName, url})}
	}
	path := escapeNonASCII(examplePath(s))
	whole := strings.TrimSuffix(s.BaseURL, "/") + path
	if strings.Contains(s.BaseURL, "?") {
		whole = path // what follows the path of the base URL is kept only so
	}
	return exampleCall{c.LinkName, path, whole, publicURL + "/v1/proxy/" + string(c.LinkName) + path, ""}
}

// snippets are the ways to make one call, the shell's first.
func snippets(c *lanyard.Connection, s *lanyard.Service, publicURL string) []snippet {
	call := newExampleCall(c, s, publicURL)
	all := []snippet{
		{command: newCommand("snippet-curl", "In a shell, with a key of Lanyard in LANYARD_API_KEY", call.curl()), Language: "curl"},
		{command: newCommand("snippet-invoke", "In a shell, with LANYARD_URL and LANYARD_API_KEY set", call.invoke()), Language: "lanyard"},
		{command: newCommand("snippet-go", "With the standard library alone", call.golang()), Language: "Go"},
		{command: newCommand("snippet-javascript", "A module for Node.js 18 or later, such as call.mjs", call.javascript()), Language: "JavaScript"},
		{command: newCommand("snippet-python", "With the standard library alone", call.python()), Language: "Python"},
		{command: newCommand("snippet-invokeurl", "In a script; the placeholders are filled from the connection", call.invokeurl()), Language: "invokeurl"},
	}
	all[0].Chosen = true
	return all
}

func (e exampleCall) curl() string {
	const key = `curl -H "Authorization: Bearer $LANYARD_API_KEY" `
	if e.body != "" {
		return key + `-H "Content-Type: application/json" -d ` + shellWord(e.body) + " " + shellWord(e.address)
	}
	return key + shellWord(e.address)
}

func (e exampleCall) invoke() string {
	return "lanyard invoke " + string(e.connection) + " " + shellWord(e.target)
}

func (e exampleCall) golang() string {
	imports, method, body, header := "", "GET", "nil", ""
	if e.body != "" {
		imports, method = "\n\t\"strings\"", "POST"
		body = "strings.NewReader(" + strconv.Quote(e.body) + ")"
		header = "\n\treq.Header.Set(\"Content-Type\", \"application/json\")"
	}
	return fmt.Sprintf(`package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"%s
)

func main() {
	req, err := http.NewRequest(%q, %s, %s)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("LANYARD_API_KEY"))%s
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status)
	fmt.Println(string(body))
}`, imports, method, strconv.Quote(e.address), body, header)
}

func (e exampleCall) javascript() string {
	if e.body != "" {
		return fmt.Sprintf(`const response = await fetch(%s, {
  method: "POST",
  headers: {
    Authorization: `+"`Bearer ${process.env.LANYARD_API_KEY}`"+`,
    "Content-Type": "application/json",
  },
  body: %s,
});
console.log(response.status, await response.text());`, jsonText(e.address), jsonText(e.body))
	}
	return fmt.Sprintf(`const response = await fetch(%s, {
  headers: { Authorization: `+"`Bearer ${process.env.LANYARD_API_KEY}`"+` },
});
console.log(response.status, await response.text());`, jsonText(e.address))
}

func (e exampleCall) python() string {
	data, header := "", ""
	if e.body != "" {
		data = "\n    data=" + jsonText(e.body) + ".encode(),"
		header = ",\n        \"Content-Type\": \"application/json\""
	}
	return fmt.Sprintf(`import os
import urllib.request

request = urllib.request.Request(
    %s,%s
    headers={
        "Authorization": "Bearer " + os.environ["LANYARD_API_KEY"]%s,
    },
)
with urllib.request.urlopen(request) as response:
    print(response.status, response.read().decode())`, jsonText(e.address), data, header)
}

// invokeurl names the service's own URL, as scripts that come from elsewhere do.
func (e exampleCall) invokeurl() string {
	quote := func(text string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"` }
	return fmt.Sprintf("response = invokeurl\n[\n\turl: %s\n\ttype: GET\n\tconnection: %s\n];\ninfo response;", quote(e.whole), quote(string(e.connection)))
}

// jsonText writes a value as JSON, which is how JavaScript and Python write texts as well: it escapes quotes,
// backslashes, control characters and U+2028, and nothing else.
func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return `""` // texts always encode
	}
	return strings.TrimSpace(b.String())
}

// escapeNonASCII percent-encodes what some clients refuse in a URL.
func escapeNonASCII(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if c := path[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
