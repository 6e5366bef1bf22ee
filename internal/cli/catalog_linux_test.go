package cli_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"lanyard/internal/cli"
)

// TestCatalogNewAsks answers the questions at a terminal; an empty answer takes the usual.
func TestCatalogNewAsks(t *testing.T) {
	person, command := terminal(t)
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- cli.Main(t.Context(), []string{"catalog", "new"}, command, &stdout, &stderr, func(string) string { return "" })
	}()
	// The name is asked for until there is one.
	if _, err := io.WriteString(person, "\nAcme Desk\n\ncustomer_support\nTickets: all of them.\n\nhttps://{account}.acme.com/api\n\nX-Api-Key\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-status; got != 0 {
		t.Fatalf("exit status %d, %q", got, stderr.String())
	}
	text, err := os.ReadFile("customer_support/acme_desk.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"name: Acme Desk\n", "description: \"Tickets: all of them.\"\n", "link_name: acme_desk\n", "base_url: https://{account}.acme.com/api\n",
		"hosts: [\"{account}.acme.com\"]\n", "- key: account\n", "- name: X-Api-Key\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(stderr.String(), "Name, as its vendor writes it: "); n != 2 {
		t.Errorf("the name was asked for %d times", n)
	}
	for _, want := range []string{"Link name [acme_desk]: ", "Authentication (api_key, basic, oauth2, client_credentials, oauth1, aws_sigv4) [api_key]: ", "Header that the key goes into [Authorization]: "} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q was not asked: %s", want, stderr.String())
		}
	}
}
