package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"lanyard/internal/catalog"
)

func TestLint(t *testing.T) {
	base, err := load(map[string]string{"tools/acme.yaml": acme})
	if err != nil {
		t.Fatal(err)
	}
	const whole = `name: Good
description: Orders of a shop.
docs_url: https://good.example/docs
evidence: {checked: 2026-11-26, sources: [vendor], agree: 1}
ways:
  - definition:
      link_name: good
      base_url: https://api.good.example
      hosts: [api.good.example]
      verify_url: https://api.good.example/me
      auth: {type: basic}
`
	for _, c := range []struct {
		name, category, file, text string
		faults, remarks            []string
	}{
		{"nothing to say", "tools", "good.yaml", whole, nil, nil},
		{"one of ours", "tools", "acme.yaml", strings.Replace(acme, "docs_url: https://acme.example/docs\n", "", 1), nil, []string{
			"acme.yaml:1: /docs_url: there is no link to the vendor's documentation",
			"acme.yaml:1: /evidence: nothing says when this was compared with the vendor's documentation, and with what else",
			"acme.yaml:5: /ways/0/definition/verify_url: without a verification request a mistyped credential is noticed only by the first call",
			"acme.yaml:5: /ways/0/definition/base_url: without a base URL every call names the whole address",
			"acme.yaml:1: this stands in for Acme, which comes with Lanyard, with all its ways",
		}},
		{"the very one of ours", "tools", "acme.yaml", acme, nil, []string{
			"acme.yaml:1: /evidence: nothing says when this was compared with the vendor's documentation, and with what else",
			"acme.yaml:6: /ways/0/definition/verify_url: without a verification request a mistyped credential is noticed only by the first call",
			"acme.yaml:6: /ways/0/definition/base_url: without a base URL every call names the whole address",
		}},
		{"a description to be written", "tools", "good.yaml", strings.Replace(whole, "Orders of a shop.", "TODO", 1), nil, []string{
			"good.yaml:2: /description: this is a sentence that says what one does with the API and ends with a full stop"}},
		{"OAuth without a place to register", "tools", "good.yaml", strings.Replace(whole, "{type: basic}", "{type: oauth2, grant_type: client_credentials, access_token_url: https://good.example/t}", 1), nil, []string{
			"good.yaml:6: /ways/0/register: nothing says where an application is registered"}},
		{"no category", "My Files", "good.yaml", whole, nil, []string{
			"good.yaml:1: a server takes the directory for the category, so its name has lower-case letters and underscores"}},
		{"faults", "tools", "good.yaml", strings.Replace(strings.Replace(whole, "[api.good.example]", "[]", 1), "evidence:", "color: red\nevidence:", 1), []string{
			"good.yaml:4: /color: a colour is written #24292f",
			"good.yaml:10: /ways/0/definition/hosts: list the hosts that the credential may be sent to, such as api.example.com"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := catalog.Lint(base, []catalog.Source{{Name: c.file, Category: c.category, Text: []byte(c.text)}})
			said := func(all []*catalog.Fault) []string {
				var text []string
				for _, f := range all {
					text = append(text, f.Error())
				}
				return text
			}
			if got := said(r.Faults); !slices.Equal(got, c.faults) {
				t.Errorf("faults: %q", got)
			}
			if got := said(r.Remarks); !slices.Equal(got, c.remarks) {
				t.Errorf("remarks: %q", got)
			}
		})
	}
}

// TestDraftsAreRight: what a file begins with has no fault, whatever is in it.
func TestDraftsAreRight(t *testing.T) {
	empty, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []catalog.Draft{
		{Auth: "api_key", Header: "X-Key"},
		{Auth: "api_key", Header: "Authorization", Prefix: "Bearer ", DocsURL: "https://good.example/docs#a"},
		{Auth: "basic", Name: `Good: "all" # of {it}`, Description: "- yes: no."},
		{Auth: "oauth1", RequestTokenURL: "https://{host}.good.example/r", AuthorizeURL: "https://good.example/a", TokenURL: "https://good.example/t"},
		{Auth: "oauth2", GrantType: "authorization_code", AuthorizeURL: "https://good.example/a", TokenURL: "https://good.example/t?a=b&c=d"},
		{Auth: "oauth2", GrantType: "client_credentials", TokenURL: "https://good.example/t"},
		{Auth: "aws_sigv4", Service: "s3", Region: "{region}"},
	} {
		if d.Name == "" {
			d.Name, d.Description = "Good", "true"
		}
		d.Schema, d.LinkName, d.Hosts = "https://lanyard.example/schemas/catalog.json", "good", []string{"{account}.good.example", "*.good.example"}
		d.BaseURL = "https://{account}.good.example/v1"
		text, err := d.YAML()
		if err != nil {
			t.Fatal(err)
		}
		r := catalog.Lint(empty, []catalog.Source{{Name: "good.yaml", Category: "tools", Text: text}})
		for _, f := range r.Faults {
			t.Errorf("%s\n%s", f, text)
		}
		c, err := load(map[string]string{"tools/good.yaml": string(text)})
		if err == nil && (c.Entries()[0].Name != d.Name || c.Entries()[0].Description != d.Description) {
			t.Errorf("got %q, %q", c.Entries()[0].Name, c.Entries()[0].Description)
		}
	}
}

func TestStats(t *testing.T) {
	two := strings.Replace(acme, "  - definition:", "  - name: First\n    definition:", 1) +
		"  - name: Second\n    definition: {link_name: acme_app, hosts: [acme.example], base_url: https://acme.example, verify_url: https://acme.example/me, auth: {type: oauth2, grant_type: client_credentials, access_token_url: https://acme.example/t}}\n" +
		"logo: acme\nevidence: {checked: 2026-11, reviewed: true}\n"
	c, err := load(map[string]string{"crm/acme.yaml": two, "tools/other.yaml": strings.Replace(acme, "link_name: acme", "link_name: other", 1)})
	if err != nil {
		t.Fatal(err)
	}
	st := c.Stats()
	if st.Services != 2 || st.Ways != 3 || st.Verified != 1 || st.Reviewed != 1 || st.Logos != 1 {
		t.Errorf("got %+v", st)
	}
	if want := []catalog.CategoryStats{{"crm", 1, 2, 1, 1}, {"tools", 1, 1, 0, 0}}; !slices.Equal(st.Categories, want) {
		t.Errorf("categories: %+v", st.Categories)
	}
	sum := 0
	for _, of := range st.Types {
		sum += of.Ways
		if of.Type == "oauth2" && of.GrantType == "client_credentials" && (of.Ways != 1 || of.Verified != 1) || of.Type == "basic" && of.Ways != 2 {
			t.Errorf("types: %+v", of)
		}
	}
	if sum != 3 {
		t.Errorf("%d ways in all types", sum)
	}
	page := string(c.Page([]byte("- **Nothing** (crm): why\n")))
	for _, want := range []string{
		"2 services come with Lanyard, with 3 ways to connect them.", "| CRM | 1 | 2 | 1 | 1 |\n", "| **All** | 2 | 3 | 1 | 1 |\n", "| OAuth 2, client credentials | 1 | 1 |\n",
		"| [Acme](https://acme.example/docs) | What one pays Acme for. | `acme` Basic; `acme_app` OAuth 2, client credentials |\n", "## What was left out\n\n- **Nothing** (crm): why\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
