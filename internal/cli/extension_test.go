package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard/internal/cli"
)

// reviewed is a review of an update that brings everything there is, with texts of a publisher who means no good.
const reviewed = `{"name":"acme_orders","title":"Acme\u001b[2Korders","description":"Reads orders","version":"1.3.0","docs_url":"https://acme.example/docs",
	"publisher":{"id":"org_A","name":"Zylker"},"publisher_name":"Acme Inc.","digest":"d2","installed":{"version":"1.2.0","digest":"d1"},
	"contents":{
		"services":[{"link_name":"acme","name":"Acme","type":"oauth2","hosts":["api.acme.example","files.acme.example"],"urls":[{"name":"access token URL","url":"https://api.acme.example/t"}],"needs_client":true}],
		"connections":[{"link_name":"acme_orders","name":"Acme orders","service":"acme","service_name":"Acme","hosts":["api.acme.example"],"scopes":[{"name":"Read","value":"r"},{"name":"w","value":"w"}],"use_login_user_credentials":true,"scripts":["sync"]},
			{"link_name":"own","name":"Own","service":"acme","service_name":"Acme","hosts":["api.acme.example"],"scopes":[],"use_login_user_credentials":false,"scripts":[]}],
		"scripts":[{"link_name":"sync","name":"Sync","script":"info 1;\n\u202einfo 2;\n","lines":2,"connections":["acme_orders"],"tasks":["acme.list"]}],
		"tasks":["acme.list"],"hosts":["rates.acme.example"]},
	"changes":[{"what":"Service Acme","words":"Credentials may also go to files.acme.example.","reach":true,"before":"","after":""},
		{"what":"Script sync","words":"The script is another one.","reach":true,"before":"info 0;\ninfo 2;\n","after":"info 1;\ninfo 2;\n"},
		{"what":"Acme orders","words":"The title is another one.","reach":false,"before":"","after":""}],
	"obstacles":[],"ends":{"authorizations":3,"people":1,"connections":1,"functions":["old"],"services":["a","b"],"other_connections":["mine"]}}`

func TestExtensionReviewInWords(t *testing.T) {
	env, bodies := answering(t, map[string]string{"POST /v1/extensions/review": reviewed})
	var stdout, stderr bytes.Buffer
	if got := cli.Main(t.Context(), []string{"extension", "review", "org_A/acme_orders", "--scripts"}, strings.NewReader(""), &stdout, &stderr, func(name string) string { return env[name] }); got != 0 {
		t.Fatalf("exit status %d, %s", got, stderr.String())
	}
	if got, want := bodies["POST /v1/extensions/review"], `{"publisher":"org_A","name":"acme_orders"}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	want := `Acme` + "\ufffd" + `[2Korders 1.3.0 (acme_orders), offered by Zylker (org_A)
Reads orders
publisher, as its manifest has it: Acme Inc.
documentation: https://acme.example/docs
digest: d2
Services:
  acme: Acme, oauth2
    credentials go to: api.acme.example, files.acme.example
    access token URL: https://api.acme.example/t
    an owner or admin has to set its OAuth client: lanyard services client acme
Connections:
  acme_orders: Acme orders, with Acme (acme)
    every call runs with the account of the user for whom it is made
    credentials go to: api.acme.example
    may: Read (r), w
    used by: sync
  own: Own, with Acme (acme)
    every call runs with the account of whoever installs the extension
    credentials go to: api.acme.example
Scripts:
  sync: Sync, 2 lines
    uses: acme_orders
    tasks: acme.list
    | info 1;
    | ` + "\ufffd" + `info 2;
Integration tasks: acme.list
Scripts may call, without a connection: rates.acme.example
Changes against 1.2.0, which is installed:
  ! Service Acme: Credentials may also go to files.acme.example.
  ! Script sync: The script is another one.
      @@ -1,2 +1,2 @@
      -info 0;
      +info 1;
       info 2;
    Acme orders: The title is another one.
What is marked with ! lets credentials, or what scripts read, go where they did not before, or allows more.
Accepting it ends 3 authorizations of 1 person; 1 connection; the function old; the services a, b; the work of connections that people made with its services: mine.
`
	if d := cmp.Diff(want, stdout.String()); d != "" {
		t.Errorf("the review (-want +got):\n%s", d)
	}
}

// TestExtensionsAreAcceptedByTheirDigest: where nobody can be asked, only the package that somebody has seen is accepted.
func TestExtensionsAreAcceptedByTheirDigest(t *testing.T) {
	const installed = `{"name":"acme_orders","version":"1.2.0","publisher":{"id":"org_A","name":"Zylker"},"newer":{"version":"1.3.0","digest":"d2"},"waiting":[]}`
	for name, c := range map[string]struct {
		args    string
		review  string
		status  int
		stderr  string
		stdout  string
		changes string // the body of what was changed; empty: nothing was
	}{
		"install, nobody to ask":              {"install org_A/acme_orders", reviewed, 2, "nobody can be asked here", "", ""},
		"install, without a digest":           {"install org_A/acme_orders --yes", reviewed, 2, "--yes needs --digest", "", ""},
		"install, a digest alone":             {"install org_A/acme_orders --digest d2", reviewed, 2, "nobody can be asked here", "", ""},
		"install, another package by now":     {"install org_A/acme_orders --yes --digest d1", reviewed, 1, "this is another package", "", ""},
		"install":                             {"install org_A/acme_orders --yes --digest d2", reviewed, 0, "! Service Acme", "The extension acme_orders 1.2.0 was installed.", `{"publisher":"org_A","name":"acme_orders","digest":"d2","when_publisher_gone":"keep"}`},
		"install, end with its publisher":     {"install org_A/acme_orders --yes --digest d2 --when-publisher-gone end", reviewed, 0, "", "was installed", `{"publisher":"org_A","name":"acme_orders","digest":"d2","when_publisher_gone":"end"}`},
		"install, a word that there is not":   {"install org_A/acme_orders --yes --digest d2 --when-publisher-gone stay", reviewed, 2, "keep or end", "", ""},
		"install, something is in its way":    {"install org_A/acme_orders --yes --digest d2", strings.Replace(reviewed, `"obstacles":[]`, `"obstacles":["The link name acme is taken."]`, 1), 1, "The link name acme is taken.", "", ""},
		"install, no such file":               {"install acme_orders --yes", reviewed, 2, "there is no file or folder acme_orders", "", ""},
		"update, nobody to ask":               {"update acme_orders", reviewed, 2, "nobody can be asked here", "", ""},
		"update, without a digest":            {"update acme_orders --yes", reviewed, 2, "--yes needs --digest", "", ""},
		"update, another package by now":      {"update acme_orders --yes --digest d1", reviewed, 1, "this is another package", "", ""},
		"update":                              {"update acme_orders --yes --digest d2", reviewed, 0, "! Script sync", "The extension acme_orders is 1.2.0 now.", `{"publisher":"org_A","name":"acme_orders","digest":"d2"}`},
		"uninstall, nobody to ask":            {"uninstall acme_orders", reviewed, 2, "--yes uninstalls it", "", ""},
		"publish, to everybody and to nobody": {"publish . --everybody --nobody", reviewed, 2, "exclude each other", "", ""},
		"audience, nothing said":              {"audience acme_orders", reviewed, 2, "say to whom it is offered", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			env, bodies := answering(t, map[string]string{
				"GET /v1/extensions/acme_orders": installed, "POST /v1/extensions/review": c.review,
				"POST /v1/extensions": installed, "POST /v1/extensions/acme_orders/update": installed,
			})
			var stdout, stderr bytes.Buffer
			args := append([]string{"extension"}, strings.Fields(c.args)...)
			if got := cli.Main(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func(name string) string { return env[name] }); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			if !strings.Contains(stderr.String(), c.stderr) || !strings.Contains(stdout.String(), c.stdout) || c.stdout == "" && stdout.Len() > 0 {
				t.Errorf("it says %q and %q", stdout.String(), stderr.String())
			}
			if got := bodies["POST /v1/extensions"] + bodies["POST /v1/extensions/acme_orders/update"]; got != c.changes {
				t.Errorf("sent %s, want %s", got, c.changes)
			}
		})
	}
}
