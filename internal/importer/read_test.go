package importer_test

import (
	"os"
	"strings"
	"testing"

	"lanyard/internal/importer"
)

// report is an import in lines.
func report(in *importer.Import) string {
	var b strings.Builder
	for _, e := range in.Entries {
		b.WriteString(e.Name + "\n")
		for _, s := range e.Becomes {
			b.WriteString("  " + s + "\n")
		}
		if e.LeftOut != "" {
			b.WriteString("  Left out: " + e.LeftOut + "\n")
		}
		for _, s := range e.Notes {
			b.WriteString("  Note: " + s + "\n")
		}
	}
	for _, s := range in.Document.Services {
		b.WriteString(string(s.Definition))
		if s.ClientSecret != nil {
			b.WriteString(" SECRET " + s.ClientSecret.Value.Reveal())
		}
		b.WriteString("\n")
	}
	for _, c := range in.Document.OAuthClients {
		b.WriteString(string(c.Service) + " " + c.ClientID)
		if c.ClientSecret != nil {
			b.WriteString(" SECRET " + c.ClientSecret.Value.Reveal())
		}
		b.WriteString("\n")
	}
	for _, c := range in.Document.Connections {
		b.WriteString(string(c.LinkName) + " = " + string(c.Service) + " " + strings.Join(c.Scopes, " ") + "\n")
	}
	return b.String()
}

// TestImports compares files with what becomes of them; -update is by hand: the report is read, not regenerated.
func TestImports(t *testing.T) {
	for _, c := range []struct {
		file string
		kind importer.Kind
		o    importer.Options
	}{
		{"nango.json", importer.KindNango, importer.Options{WithSecrets: true}},
		{"n8n.json", importer.KindN8n, importer.Options{WithSecrets: true, Hosts: map[string]string{"Acme header": "api.acme.com", "Acme consent": "https://api.acme.com/v2"}}},
		{"openapi.yaml", importer.KindOpenAPI, importer.Options{}},
		{"swagger.json", importer.KindOpenAPI, importer.Options{}},
	} {
		data, err := os.ReadFile("testdata/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		if kind := importer.Recognise(data); kind != c.kind {
			t.Errorf("%s is taken for %q", c.file, kind)
		}
		in, err := importer.Read(c.kind, data, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.file, err)
		}
		golden := "testdata/" + c.file + ".report"
		got := report(in)
		if strings.Contains(got, canary) {
			t.Errorf("%s: a person's credential was taken over:\n%s", c.file, got)
		}
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, _ := os.ReadFile(golden)
		if got != string(want) {
			t.Errorf("%s becomes\n%s\nnot\n%s", c.file, got, want)
		}
	}
}

// Without being asked to, no secret of an export is taken.
func TestSecretsAreTakenWhenAsked(t *testing.T) {
	for file, kind := range map[string]importer.Kind{"nango.json": importer.KindNango, "n8n.json": importer.KindN8n} {
		data, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		in, err := importer.Read(kind, data, importer.Options{Hosts: map[string]string{"Acme consent": "api.acme.com"}})
		if err != nil || strings.Contains(report(in), " SECRET ") {
			t.Errorf("%s: %v\n%s", file, err, report(in))
		}
	}
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for _, c := range []struct {
		kind       importer.Kind
		text, want string
	}{
		{importer.KindOpenAPI, "", "nothing in it"},
		{importer.KindOpenAPI, `{"openapi": "3.0.0",`, "not JSON that can be read: the error is in line 1"},
		{importer.KindOpenAPI, `{"openapi": "4.0"}`, "versions 2.0, 3.0 and 3.1"},
		{importer.KindOpenAPI, `{"openapi": "3.0.0", "openapi": "3.1.0"}`, "stands twice"},
		{importer.KindOpenAPI, `{"openapi": "3.0.0", "servers": [{"url": "/v1"}]}`, "give the base URL"},
		{importer.KindOpenAPI, `{"openapi": "3.0.0", "servers": [{"url": "https://a.example"}]}`, "names no security scheme"},
		{importer.KindOpenAPI, "openapi: 3.0.0\nx: &a [1]\ny: *a", "anchors and aliases"},
		{importer.KindOpenAPI, "openapi: !!str 3.0.0", "tags are not read"},
		{importer.KindOpenAPI, deep, "nested too deep"},
		{importer.KindOpenAPI, "a: " + deep, "nested too deep"},
		{importer.KindOpenAPI, `"` + strings.Repeat("x", importer.MaxSize) + `"`, "larger than 8 MiB"},
		{importer.KindNango, `{"data": []}`, "no integrations"},
		{importer.KindNango, `{"integrations": {"github": {}}}`, "nango.yaml"},
		{importer.KindNango, `[{"provider": 1}]`, "something else than is expected"},
		{importer.KindN8n, `[]`, "no credentials"},
		{importer.KindN8n, `"x"`, "cannot be read"},
	} {
		_, err := importer.Read(c.kind, []byte(c.text), importer.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s gives %v, not %q", c.text, err, c.want)
		}
	}
}

func fuzz(f *testing.F, kind importer.Kind, files ...string) {
	for _, file := range files {
		data, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		importer.Recognise(data)
		in, err := importer.Read(kind, data, importer.Options{Hosts: map[string]string{"a": "a.example"}})
		if err != nil {
			return
		}
		for _, e := range in.Entries {
			if (e.LeftOut == "") == (len(e.Becomes) == 0) {
				t.Fatalf("an entry that is neither imported nor left out: %+v", e)
			}
		}
	})
}

func FuzzOpenAPI(f *testing.F) { fuzz(f, importer.KindOpenAPI, "openapi.yaml", "swagger.json") }
func FuzzNango(f *testing.F)   { fuzz(f, importer.KindNango, "nango.json") }
func FuzzN8n(f *testing.F)     { fuzz(f, importer.KindN8n, "n8n.json") }
