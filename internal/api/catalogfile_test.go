package api_test

import (
	"bytes"
	"strings"
	"testing"

	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

func TestSchemasAreForEverybody(t *testing.T) {
	w := newWorld(t)
	for path, text := range map[string][]byte{"/schemas/catalog.json": catalog.Schema, "/schemas/extension.json": extension.Schema} {
		a := w.call("GET", path, "", "Authorization", "")
		if a.status != 200 || a.body != string(text) {
			t.Fatalf("%s: status %d, %d bytes", path, a.status, len(a.body))
		}
		for name, want := range map[string]string{
			"Content-Type": "application/schema+json", "Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if a := w.call("GET", path, "", "Authorization", "", "If-None-Match", a.header.Get("ETag")); a.status != 304 || a.body != "" {
			t.Errorf("%s once more: %d %s", path, a.status, a.body)
		}
		if a := w.call("POST", path, "{}"); a.status != 405 {
			t.Errorf("%s posted to: %d", path, a.status)
		}
	}
}

func TestCatalogFile(t *testing.T) {
	w := newWorld(t)
	const secret = "marked-secret"
	made := w.call("POST", "/v1/services", `{"link_name": "shop", "name": "Shop", "description": "Orders.", "hosts": ["shop.example"], "auth": {"type": "oauth2",
		"grant_type": "authorization_code", "client_id": "marked-client", "client_secret": "`+secret+`", "authorize_url": "https://shop.example/a", "access_token_url": "https://shop.example/t"}}`)
	if made.status != 201 {
		t.Fatalf("%d %s", made.status, made.body)
	}
	a := w.call("GET", "/v1/services/shop/catalog_file", "")
	want := "name: Shop\ndescription: Orders.\nways:\n  - definition:\n      link_name: shop\n      hosts: [shop.example]\n      auth:\n        type: oauth2\n" +
		"        grant_type: authorization_code\n        authorize_url: https://shop.example/a\n        access_token_url: https://shop.example/t\n"
	if a.status != 200 || a.body != want || a.header.Get("Content-Type") != "application/yaml" || a.header.Get("Content-Disposition") != `attachment; filename="shop.yaml"` {
		t.Errorf("%d %v\n%s", a.status, a.header, a.body)
	}
	// A default service is the whole file, by whatever way it is named; the client of the organization is not in it.
	if a := w.call("PUT", "/v1/services/github/client", `{"client_id": "marked-client", "client_secret": "`+secret+`"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	first, second := w.call("GET", "/v1/services/github/catalog_file", ""), w.call("GET", "/v1/services/github_token/catalog_file", "")
	if first.status != 200 || first.body != second.body || !bytes.Contains([]byte(first.body), []byte("link_name: github_token")) {
		t.Errorf("%d %s", first.status, first.body)
	}
	if strings.Contains(a.body+first.body, "marked-") {
		t.Error("a client is in the file")
	}
	if a := w.call("GET", "/v1/services/nothing/catalog_file", ""); a.status != 404 {
		t.Errorf("a service that there is not: %d", a.status)
	}
}
