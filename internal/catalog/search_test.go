package catalog_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/internal/catalog"
)

// shelf is a small catalogue to search: link name, name, category, aliases and sources of each entry.
func shelf(t *testing.T) *catalog.Catalog {
	t.Helper()
	files := map[string]string{}
	for _, e := range []struct{ category, link, name, aliases, sources string }{
		{"accounting", "quickbooks", "QuickBooks", "[Intuit]", "[a, b, c]"},
		{"accounting", "zoho_books", "Zoho Books", "[]", "[a]"},
		{"accounting", "xero", "Xero", "[]", "[a, b]"},
		{"communication", "slack", "Slack", "[]", "[a, b, c]"},
		{"crm", "hubspot", "HubSpot", "[]", "[a]"},
		{"crm", "salesforce", "Salesforce", "[SFDC, Sales Cloud]", "[a, b]"},
		{"crm", "zoho_crm", "Zoho CRM", "[]", "[a, b]"},
		{"developer_tools", "github", "GitHub", "[]", "[a, b]"},
		{"developer_tools", "gitlab", "GitLab", "[]", "[a, b, c]"},
		{"email_delivery", "mailchimp", "Mailchimp", "[]", "[a]"},
		{"file_storage", "google_drive", "Google Drive", "[Drive]", "[a]"},
		{"productivity", "google_sheets", "Google Sheets", "[Spreadsheet]", "[a, b]"},
		{"monitoring", "pagerduty", "PagerDuty", "[]", "[a]"},
		{"hr_recruiting", "caférh", "Café RH", "[]", "[a]"},
		{"ecommerce", "bobs_shop", "Bob's Shop", "[]", "[a]"},
	} {
		link := strings.ReplaceAll(e.link, "é", "e")
		files[e.category+"/"+link+".yaml"] = "name: " + e.name + "\naliases: " + e.aliases + "\nevidence: {sources: " + e.sources + "}\n" +
			strings.ReplaceAll(strings.TrimPrefix(acme, "name: Acme\n"), "link_name: acme", "link_name: "+link)
	}
	c, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSearch(t *testing.T) {
	c := shelf(t)
	for _, q := range []struct{ what, query, want string }{
		{"the name", "slack", "Slack"},
		{"in any case, with blanks around", "  SLACK ", "Slack"},
		{"the name in two words", "sales force", "Salesforce"},
		{"two names in one word", "zohocrm", "Zoho CRM"},
		{"the beginning of a name; among equals the one that more sources know", "git", "GitLab, GitHub"},
		{"the beginning of a word", "sheets", "Google Sheets"},
		{"words in another order", "crm zoho", "Zoho CRM"},
		{"words and the beginning of the last", "google dr", "Google Drive"},
		{"a link name", "google_drive", "Google Drive"},
		{"an alias", "sfdc", "Salesforce"},
		{"an alias of two words", "sales cloud", "Salesforce"},
		{"the beginning of an alias", "spread", "Google Sheets"},
		{"a category", "accounting", "QuickBooks, Xero, Zoho Books"},
		{"a name before its category", "crm", "Zoho CRM, Salesforce, HubSpot"},
		{"a category and a name", "zoho accounting", "Zoho Books"},
		{"a part within a name", "duty", "PagerDuty"},
		{"a part that stands within some and is the beginning of others", "books", "Zoho Books, QuickBooks"},
		{"without accents", "cafe rh", "Café RH"},
		{"with accents", "Café", "Café RH"},
		{"with and without an apostrophe", "bobs", "Bob's Shop"},

		{"a letter left out", "slak", "Slack"},
		{"a letter wrong", "slick", "Slack"},
		{"a letter too much", "slaack", "Slack"},
		{"two letters swapped", "githbu", "GitHub"},
		{"a letter left out at the end of a beginning", "quickbook", "QuickBooks"},
		{"an error in a beginning", "quikboo", "QuickBooks"},
		{"two errors in a long word", "hubpsott", "HubSpot"},
		{"two errors, two words", "gogle shets", "Google Sheets"},
		{"an error in one of two words", "google drvie", "Google Drive"},
		{"one word in two, with an error", "male chimp", "Mailchimp"},
		{"an error in an alias", "intiut", "QuickBooks"},
		{"an error in three letters, the first of them right", "xro", "Xero"},
		{"an error in three letters, the first of them wrong", "vro", ""},
		{"the fewest errors only", "gitlub", "GitLab, GitHub"},

		{"too many errors", "slonk", ""},
		{"two letters have no errors", "zz", ""},
		{"nothing", "nobody's service", ""},
		{"nothing but signs", "%_", ""},
	} {
		t.Run(q.what, func(t *testing.T) {
			var got []string
			for _, hit := range c.Search(q.query) {
				got = append(got, hit.Name)
			}
			if strings.Join(got, ", ") != q.want {
				t.Errorf("%q finds %q, want %q", q.query, strings.Join(got, ", "), q.want)
			}
		})
	}
}

func TestSearchForNothingFindsEverythingAndWhatMostKnowFirst(t *testing.T) {
	c := shelf(t)
	hits := c.Search(" ")
	if len(hits) != len(c.Entries()) {
		t.Fatalf("%d of %d", len(hits), len(c.Entries()))
	}
	if !slices.IsSortedFunc(hits, func(a, b catalog.Hit) int { return len(b.Evidence.Sources) - len(a.Evidence.Sources) }) {
		t.Error("what most sources know does not come first")
	}
	if hits[0].Name != "GitLab" || hits[1].Name != "QuickBooks" || hits[2].Name != "Slack" {
		t.Errorf("among equals it is not by name: %s, %s, %s", hits[0].Name, hits[1].Name, hits[2].Name)
	}
}

// N: whoever types may type anything, and nobody else waits for it.
func TestSearchIsBounded(t *testing.T) {
	c := catalog.Default()
	c.Search("warm")
	for _, query := range []string{
		strings.Repeat("a", 1<<16), strings.Repeat("ab ", 1<<15), strings.Repeat("googl drvie ", 1000), strings.Repeat("é", 1<<15), strings.Repeat("\xff", 1<<10), strings.Repeat("_", 1<<16),
	} {
		began := time.Now()
		c.Search(query)
		if took := time.Since(began); took > 500*time.Millisecond { // a few milliseconds; the rest is for a machine that is busy
			t.Errorf("%.20q…: %s", query, took)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	c := catalog.Default()
	for _, query := range []string{"", "git", "githbu", "gogle shets", strings.Repeat("g", 60)} {
		b.Run("query="+query, func(b *testing.B) {
			for b.Loop() {
				c.Search(query)
			}
		})
	}
}
