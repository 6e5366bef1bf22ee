package extension_test

import (
	"archive/zip"
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

// acme is a folder with something of everything.
func acme() map[string]string {
	return map[string]string{
		"extension.yaml": `name: acme_tools
title: Acme tools
version: 1.2.0
publisher: Example Software
description: Orders of Acme in your scripts.
docs_url: https://acme.example/docs
services: [services/acme.yaml]
connections:
  - {link_name: acme_orders, name: Acme orders, service: acme, scopes: ["orders:read"]}
  - {link_name: acme_github, name: Repositories, service: github, use_login_user_credentials: true}
scripts:
  - {link_name: acme_sync, name: Synchronize orders, file: scripts/sync.dg}
  - {link_name: acme_greet, name: Greet, file: scripts/greet.dg}
hosts: [status.acme.example]
`,
		"services/acme.yaml": `name: Acme
description: Orders of a shop.
ways:
  - definition:
      link_name: acme
      base_url: https://api.acme.example/v1
      hosts: [api.acme.example]
      verify_url: https://api.acme.example/v1/me
      auth:
        type: oauth2
        grant_type: authorization_code
        authorize_url: https://acme.example/authorize
        access_token_url: https://acme.example/token
        scopes: ["orders:read", "orders:write"]
tasks:
  - name: acme.getOrders
    about: Lists the orders of a state.
    parameters: [{name: state, type: text}]
    url: /orders
    query: {state: "{state}"}
`,
		"scripts/sync.dg": `list sync(string state)
{
	orders = acme.getOrders(state, "acme_orders");
	status = invokeurl
	[
		url: "https://status.acme.example/"
	];
	info thisapp.acme_greet("Acme");
	return orders;
}
`,
		"scripts/greet.dg": "string greet(string name)\n{\n\treturn \"Hello \" + name;\n}\n",
		"README.md":        "# Acme tools\n",
	}
}

func folder(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return all
}

func read(t *testing.T, files map[string]string) *extension.Package {
	t.Helper()
	p, err := extension.Read(folder(files), catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadPackOpen(t *testing.T) {
	p := read(t, acme())
	if p.File() != "acme_tools-1.2.0.lanyard" || len(p.Entries) != 1 || !strings.Contains(p.Scripts[0].Source, "getOrders") || len(p.Tasks()) != 1 {
		t.Errorf("got %+v", p)
	}
	again := read(t, acme())
	if !bytes.Equal(p.Packed, again.Packed) || p.Digest != again.Digest || len(p.Digest) != 64 {
		t.Error("the same folder gives another package")
	}
	for name, open := range map[string]func([]byte) (*extension.Package, error){
		"Open":   func(b []byte) (*extension.Package, error) { return extension.Open(b, catalog.Default()) },
		"Stored": extension.Stored,
	} {
		opened, err := open(p.Packed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if opened.Digest != p.Digest || !bytes.Equal(opened.Packed, p.Packed) || opened.Scripts[0].Source != p.Scripts[0].Source {
			t.Errorf("%s gives another package", name)
		}
		if changes := extension.Compare(p, opened); len(changes) > 0 {
			t.Errorf("%s: %+v", name, changes)
		}
	}
}

// TestStoredWithoutItsRules: what was installed opens again when a default service of its name came, or a rule.
func TestStoredWithoutItsRules(t *testing.T) {
	p := read(t, acme())
	_, err := extension.Open(p.Packed, withDefault(t, "acme"))
	if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest || !strings.Contains(err.Error(), "services/acme.yaml:5") {
		t.Errorf("it is let pass beside a default service of the same name: %v", err)
	}
	if _, err := extension.Stored(p.Packed); err != nil {
		t.Error(err)
	}
}

func withDefault(t *testing.T, name string) *catalog.Catalog {
	t.Helper()
	own, err := catalog.Load(fstest.MapFS{"other/" + name + ".yaml": {Data: []byte("name: A\ndescription: An API.\nways:\n  - definition:\n      link_name: " + name + "\n      hosts: [a.example]\n      auth: {type: basic}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Default().With(own)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCustomServices(t *testing.T) {
	p := read(t, acme())
	all := p.CustomServices()
	if len(all) != 1 || all[0].Kind != lanyard.KindCustom || all[0].ID != "" || all[0].Version != 0 || all[0].Category != "" || all[0].Name != "Acme" {
		t.Fatalf("got %+v", all[0])
	}
	all[0].Auth.SetClientID("theirs")
	if p.CustomServices()[0].Auth.ClientID() != "" {
		t.Error("a client set in one copy is in the next")
	}
}

// zipped writes a zip file as anybody can.
func zipped(t *testing.T, files map[string]string, change func(w *zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenRefuses(t *testing.T) {
	fine := read(t, acme()).Packed
	add := func(h zip.FileHeader, content string) func(w *zip.Writer) {
		return func(w *zip.Writer) {
			f, err := w.CreateHeader(&h)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(h.Name, "/") {
				if _, err := f.Write([]byte(content)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	symlink := zip.FileHeader{Name: "README.txt", Method: zip.Store}
	symlink.SetMode(0o777 | 1<<27)
	raw := func(size uint64) func(w *zip.Writer) {
		return func(w *zip.Writer) {
			f, err := w.CreateRaw(&zip.FileHeader{Name: "scripts/big.dg", Method: zip.Store, CompressedSize64: 1, UncompressedSize64: size})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte{0}); err != nil {
				t.Fatal(err)
			}
		}
	}
	many := acme()
	for i := range 400 {
		many["scripts/a"+strings.Repeat("a", i%90)+string(rune('a'+i%26))+string(rune('a'+i/26))+".dg"] = "info 1;"
	}
	broken := bytes.Replace(fine, []byte("Orders of a shop."), []byte("Orders of a xhop."), 1)
	for name, packed := range map[string][]byte{
		"nothing":                    nil,
		"no zip file":                []byte("PK but not really"),
		"what is cut off":            fine[:len(fine)-3],
		"data behind it":             append(slices.Clone(fine), 0),
		"data before it":             append([]byte("#!/bin/sh\n"), fine...),
		"a changed byte":             broken,
		"more than 4 MiB":            append(slices.Clone(fine), make([]byte, extension.MaxPacked)...),
		"another writer's form":      zipped(t, acme(), nil),
		"a compressed file":          zipped(t, acme(), add(zip.FileHeader{Name: "notes.txt", Method: zip.Deflate}, strings.Repeat("0", 1<<20))),
		"a file that swells":         zipped(t, acme(), raw(5<<20)),
		"a declared size of 2^64":    zipped(t, acme(), raw(1<<64-1)),
		"a name twice":               zipped(t, acme(), add(zip.FileHeader{Name: "extension.yaml", Method: zip.Store}, "name: other")),
		"a path that leads out":      zipped(t, acme(), add(zip.FileHeader{Name: "../x.dg", Method: zip.Store}, "")),
		"an absolute path":           zipped(t, acme(), add(zip.FileHeader{Name: "/etc/x.dg", Method: zip.Store}, "")),
		"a backslash":                zipped(t, acme(), add(zip.FileHeader{Name: `scripts\x.dg`, Method: zip.Store}, "")),
		"a directory":                zipped(t, acme(), add(zip.FileHeader{Name: "scripts/", Method: zip.Store}, "")),
		"a symbolic link":            zipped(t, acme(), add(symlink, "/etc/passwd")),
		"a name that is not UTF-8":   zipped(t, acme(), add(zip.FileHeader{Name: "a\xff.dg", NonUTF8: true, Method: zip.Store}, "")),
		"more files than there are":  zipped(t, many, nil),
		"a file that nothing lists":  zipped(t, acme(), add(zip.FileHeader{Name: "run.sh", Method: zip.Store}, "")),
		"a comment behind the files": zipped(t, acme(), func(w *zip.Writer) { _ = w.SetComment("hello") }),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := extension.Open(packed, catalog.Default())
			if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRules(t *testing.T) {
	const manifest, service, script = "extension.yaml", "services/acme.yaml", "scripts/sync.dg"
	for name, c := range map[string]struct{ file, old, new, want string }{
		"a name with a hyphen":              {manifest, "acme_tools", "acme-tools", "extension.yaml:1: /name: "},
		"no title":                          {manifest, "title: Acme tools\n", "", "/title: a name is required"},
		"a title that turns round":          {manifest, "title: Acme tools", "title: \"A\\u202Ecme\"", "extension.yaml:2: /title: "},
		"a version of two numbers":          {manifest, "1.2.0", "1.2", "extension.yaml:3: /version: "},
		"a version with a v":                {manifest, "1.2.0", "v1.2.0", "/version: "},
		"build metadata":                    {manifest, "1.2.0", "1.2.0+7", "/version: "},
		"a description of two lines":        {manifest, "description: Orders", `description: "O\n" #`, "/description: "},
		"an unknown field":                  {manifest, "docs_url:", "homepage: x\ndocs_url:", "extension.yaml:6: /homepage: "},
		"plain http":                        {manifest, "https://acme.example/docs", "http://acme.example/docs", "/docs_url: "},
		"a service that is not there":       {manifest, "[services/acme.yaml]", "[services/acme.yaml, services/b.yaml]", "/services/1: there is no file services/b.yaml"},
		"a service outside":                 {manifest, "[services/acme.yaml]", "[../acme.yaml]", "/services/0: "},
		"an absolute service":               {manifest, "[services/acme.yaml]", "[/services/acme.yaml]", "/services/0: "},
		"a service twice":                   {manifest, "[services/acme.yaml]", "[services/acme.yaml, services/acme.yaml]", "/services/1: "},
		"an unlisted service":               {manifest, "services: [services/acme.yaml]\n", "", "services/acme.yaml:1: this is not among the services"},
		"a connection twice":                {manifest, "link_name: acme_github", "link_name: acme_orders", "extension.yaml:10: /connections/1/link_name: "},
		"an unknown service":                {manifest, "service: github", "service: githubb", "extension.yaml:10: /connections/1/service: "},
		"an unknown scope":                  {manifest, `["orders:read"]`, `["orders:all"]`, "extension.yaml:9: /connections/0/scopes/0: "},
		"a script twice":                    {manifest, "link_name: acme_greet", "link_name: acme_sync", "/scripts/1/link_name: "},
		"a script that is not there":        {manifest, "scripts/greet.dg", "scripts/hello.dg", "extension.yaml:13: /scripts/1/file: there is no file"},
		"a script of another kind":          {manifest, "scripts/greet.dg", "README.md", "/scripts/1/file: "},
		"every host":                        {manifest, "[status.acme.example]", `["*"]`, "/hosts/0: "},
		"every host of one port":            {manifest, "[status.acme.example]", `["*:8443"]`, "/hosts/0: "},
		"a host twice":                      {manifest, "[status.acme.example]", `[a.example, a.example]`, "/hosts/1: "},
		"a URL as host":                     {manifest, "[status.acme.example]", `["https://a.example"]`, "/hosts/0: "},
		"a client id":                       {service, "type: oauth2", "type: oauth2\n        client_id: x", "/ways/0/definition/auth"},
		"a client secret":                   {service, "type: oauth2", "type: oauth2\n        client_secret: x", "/ways/0/definition/auth"},
		"a service for every host":          {service, "hosts: [api.acme.example]", `hosts: ["*"]`, "services/acme.yaml:7: /ways/0/definition/hosts/0: "},
		"a default service's name":          {service, "link_name: acme", "link_name: gitlab", "services/acme.yaml:5: /ways/0/definition/link_name: "},
		"a default service's task":          {service, "acme.getOrders", "slack.postMessage", "/tasks/0/name: "},
		"a value of the client":             {service, "base_url:", "dynamic_parameters: [{key: k, with_client: true}]\n      base_url:", "/dynamic_parameters/0/with_client: "},
		"a logo from outside":               {service, "ways:", "logo: https://evil.example/x.svg\nways:", "services/acme.yaml:3: /logo: "},
		"a chosen host that gets a secret":  {service, "access_token_url: https://acme.example/token", "access_token_url: https://{h}/token", "/ways/0/definition/auth/access_token_url"},
		"a script that cannot be read":      {script, "return orders;", "return orders", "scripts/sync.dg:9: column "},
		"an empty script":                   {"scripts/greet.dg", acme()["scripts/greet.dg"], " \n", "scripts/greet.dg:1: "},
		"a foreign connection of a task":    {script, `"acme_orders"`, `"their_bank"`, "scripts/sync.dg:3: the extension has no connection their_bank"},
		"a task without a connection":       {script, `state, "acme_orders"`, `state`, "scripts/sync.dg:3: the script of an extension names a connection"},
		"a task with too many arguments":    {script, `state, `, `state, 1, `, "scripts/sync.dg:3: the arguments are others"},
		"a task through another service":    {script, `"acme_orders"`, `"acme_github"`, "scripts/sync.dg:3: acme.getOrders needs a connection of Acme"},
		"a task that there is not":          {script, "acme.getOrders", "acme.getOrderz", "scripts/sync.dg:3: there is no task acme.getOrderz"},
		"a foreign connection of invokeurl": {script, "url: ", "connection: \"their_bank\"\n\t\turl: ", "scripts/sync.dg:6: the extension has no connection their_bank"},
		"a foreign function":                {script, "thisapp.acme_greet", "thisapp.payroll", "scripts/sync.dg:8: the extension has no script payroll"},
		"a script that is not text":         {script, "list sync", "\xff", "scripts/sync.dg:1: this is text in UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			files := acme()
			before := files[c.file]
			if files[c.file] = strings.Replace(before, c.old, c.new, 1); files[c.file] == before {
				t.Fatal("nothing was changed")
			}
			if strings.Contains(c.new, "{h}") {
				files[c.file] = strings.Replace(files[c.file], "base_url:", "dynamic_parameters: [{key: h, format: host, example: a.example}]\n      base_url:", 1)
			}
			_, err := extension.Read(folder(files), catalog.Default())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	files := acme()
	files["extension.yaml"] = strings.Replace(files["extension.yaml"], "1.2.0", "one", 1)
	files["services/acme.yaml"] = strings.Replace(files["services/acme.yaml"], "type: oauth2", "type: oauth3", 1)
	files["scripts/greet.dg"] = "string greet("
	files["notes.txt"] = ""
	files[".git/config"] = "passed over"
	all := folder(files)
	all["scripts/link.dg"] = &fstest.MapFile{Data: []byte("greet.dg"), Mode: 0o777 | 1<<27}
	_, err := extension.Read(all, catalog.Default())
	seen := map[string]bool{}
	for _, f := range catalog.Faults(err) {
		seen[f.File] = true
	}
	if got, want := slices.Sorted(maps.Keys(seen)), []string{"extension.yaml", "notes.txt", "scripts/greet.dg", "scripts/link.dg", "services/acme.yaml"}; !slices.Equal(got, want) {
		t.Errorf("faults in %q, want %q: %v", got, want, err)
	}
}

func TestLimits(t *testing.T) {
	big := strings.Repeat("// a comment of some length\n", 20000) + "info 1;"
	for name, c := range map[string]struct {
		change func(files map[string]string)
		want   string
	}{
		"a long script":   {func(f map[string]string) { f["scripts/greet.dg"] = big }, "scripts/greet.dg:1: this file has at most 512 KiB"},
		"a long manifest": {func(f map[string]string) { f["extension.yaml"] += "#" + strings.Repeat("x", 256<<10) }, "extension.yaml:1: this file has at most 256 KiB"},
		"a long service":  {func(f map[string]string) { f["services/acme.yaml"] += "#" + strings.Repeat("x", 256<<10) }, "services/acme.yaml:1: this file has at most 256 KiB"},
		"too much in all": {func(f map[string]string) {
			f["scripts/greet.dg"] = ""
			for _, n := range "abcdefghij" {
				f["scripts/"+string(n)+".dg"] = "//" + big[len(big)-500_000:]
				f["extension.yaml"] = strings.Replace(f["extension.yaml"], "scripts:\n", "scripts:\n  - {link_name: "+string(n)+", name: A, file: scripts/"+string(n)+".dg}\n", 1)
			}
			f["scripts/greet.dg"] = "info 1;"
		}, "at most 4 MiB"},
		"too many files": {func(f map[string]string) {
			for i := range 1100 {
				f["notes/"+strings.Repeat("n", i%100+1)+string(rune('a'+i/100))] = ""
			}
		}, "at most 1000 files"},
		"nothing in it": {func(f map[string]string) {
			clear(f)
			f["extension.yaml"] = "name: a\ntitle: A\nversion: 1.0.0\npublisher: P\ndescription: D.\n"
		}, "brings a service, a connection or a script"},
		"no manifest": {func(f map[string]string) { delete(f, "extension.yaml") }, "extension.yaml:1: there is no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			files := acme()
			c.change(files)
			if _, err := extension.Read(folder(files), catalog.Default()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.500v", err)
			}
		})
	}
}

// TestN02: what YAML can do beyond plain text is refused or read by rule.
func TestN02(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		n, before := string(rune('0'+i%10))+string(rune('a'+i)), string(rune('0'+(i-1)%10))+string(rune('a'+i-1))
		if i == 1 {
			before = "0"
		}
		bomb += "a" + n + ": &a" + n + " [" + strings.TrimSuffix(strings.Repeat("*a"+before+", ", 9), ", ") + "]\n"
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"aliases that multiply": {"name: acme_tools", bomb + "name: acme_tools", "anchors and aliases"},
		"a cycle of anchors":    {"hosts: [status.acme.example]", "hosts: &h [*h]", "anchors and aliases"},
		"one alias":             {"title: Acme tools", "title: *x", "extension.yaml"},
		"a tag":                 {"title: Acme tools", "title: !!str Acme", "tags are not read"},
		"a tag of a language":   {"title: Acme tools", "title: !!python/object:os.system x", "tags are not read"},
		"a merge key":           {"title: Acme tools", "<<: {title: Acme}", "a name here is a plain text"},
		"a name twice":          {"title: Acme tools", "title: Acme tools\ntitle: Other", "extension.yaml"},
		"a tab":                 {"connections:\n  - ", "connections:\n\t- ", "extension.yaml"},
		"two documents":         {"title: Acme tools", "title: Acme tools\n---\nname: other", "extension.yaml"},
		"10 MiB":                {"title: Acme tools", "title: Acme tools\n" + strings.Repeat("# filling\n", 1<<20), "at most 256 KiB"},
		"deep nesting":          {"hosts: [status.acme.example]", "hosts: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "extension.yaml"},
		"yes for true":          {"use_login_user_credentials: true", "use_login_user_credentials: yes", "/connections/1/use_login_user_credentials: this has to be true or false; a text was given"},
		"a number for a text":   {"title: Acme tools", "title: 7", "/title: this has to be a text"},
		"a fraction":            {"version: 1.2.0", "version: 1.2", "could be read in two ways"},
	} {
		t.Run(name, func(t *testing.T) {
			files := acme()
			before := files["extension.yaml"]
			if files["extension.yaml"] = strings.Replace(before, c.old, c.new, 1); files["extension.yaml"] == before {
				t.Fatal("nothing was changed")
			}
			_, err := extension.Read(folder(files), catalog.Default())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	files := acme()
	files["extension.yaml"] = strings.Replace(files["extension.yaml"], "title: Acme tools", "title: no", 1)
	if p := read(t, files); p.Title != "no" {
		t.Errorf("no is read as %q and not as the text that it is", p.Title)
	}
}

func FuzzOpen(f *testing.F) {
	p, err := extension.Read(folder(acme()), catalog.Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Packed)
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if opened, err := extension.Open(packed, catalog.Default()); err == nil && !bytes.Equal(opened.Packed, packed) {
			t.Error("what was let pass is another package")
		}
		if opened, err := extension.Stored(packed); err == nil {
			opened.Contents(catalog.Default().Service)
			extension.Compare(p, opened)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(acme()["extension.yaml"])
	f.Add("name: &a [*a]")
	f.Add("connections: [{link_name: a}]\nscripts: [{file: ../x}]")
	f.Fuzz(func(t *testing.T, manifest string) {
		files := acme()
		files["extension.yaml"] = manifest
		p, err := extension.Read(folder(files), catalog.Default())
		if err != nil {
			return
		}
		if _, err := extension.Open(p.Packed, catalog.Default()); err != nil {
			t.Errorf("what was packed does not open: %v", err)
		}
	})
}
