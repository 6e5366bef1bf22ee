package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

// TestEveryEntryIsWrittenAsItWasRead: the file that is written of an entry gives the same entry.
func TestEveryEntryIsWrittenAsItWasRead(t *testing.T) {
	for _, e := range Default().Entries() {
		text, err := e.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseFile(string(e.LinkName())+".yaml", e.Category, text)
		if err != nil {
			t.Errorf("%v\n%s", err, text)
			continue
		}
		same := cmp.FilterPath(func(p cmp.Path) bool {
			n := p.Last().String()
			return n == ".service" || n == ".document" || n == ".definition"
		}, cmp.Ignore())
		if diff := cmp.Diff(again, e, cmp.AllowUnexported(Entry{}, Way{}), same); diff != "" {
			t.Errorf("%s (-again +before):\n%s", e.Name, diff)
		}
		for i := range e.Ways {
			if got, want := again.Ways[i].Service().Version, e.Ways[i].Service().Version; got != want {
				t.Errorf("%s is another definition:\n%s", e.Ways[i].LinkName, text)
			}
		}
	}
}

func TestFilesAreWrittenForPeople(t *testing.T) {
	e := custom(t, `{"link_name": "acme", "name": "Acme", "description": "Orders of a shop.", "docs_url": "https://acme.com/docs",
		"base_url": "https://{account}.acme.com/v2", "hosts": ["{account}.acme.com"],
		"dynamic_parameters": [{"key": "account", "name": "Account", "help": "what stands before .acme.com"},
			{"key": "region", "name": "Region", "default": "com", "choices": [{"value": "com", "name": "United States"}, "eu"]}],
		"headers": {"Acme-Version": "2024-01-01"},
		"auth": {"type": "oauth2", "grant_type": "authorization_code", "client_id": "marked-client", "client_secret": "marked-secret",
			"authorize_url": "https://acme.com/oauth/authorize?a=1&b=2", "access_token_url": "https://api.acme.com/token",
			"scopes": ["read", {"value": "write", "name": "Orders: write"}], "default_expires_in": 3600, "token_prefix": ""}}`)
	text, err := e.YAML()
	if err != nil {
		t.Fatal(err)
	}
	want := `name: Acme
description: Orders of a shop.
docs_url: https://acme.com/docs
ways:
  - definition:
      link_name: acme
      base_url: https://{account}.acme.com/v2
      hosts: ["{account}.acme.com"]
      dynamic_parameters:
        - key: account
          name: Account
          help: what stands before .acme.com
        - key: region
          name: Region
          choices: [{value: com, name: United States}, eu]
          default: com
      headers: {Acme-Version: "2024-01-01"}
      auth:
        type: oauth2
        grant_type: authorization_code
        authorize_url: https://acme.com/oauth/authorize?a=1&b=2
        access_token_url: https://api.acme.com/token
        token_prefix: ""
        scopes:
          - read
          - {value: write, name: "Orders: write"}
        default_expires_in: 3600
`
	// A list with an object in it is not on one line.
	want = strings.Replace(want, "choices: [{value: com, name: United States}, eu]", "choices:\n            - {value: com, name: United States}\n            - eu", 1)
	if diff := cmp.Diff(string(text), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// custom is a custom service as an entry.
func custom(t *testing.T, definition string) *Entry {
	t.Helper()
	s, err := lanyard.ParseService([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	s.Kind = lanyard.KindCustom
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return OfCustom(s)
}

// TestCustomServicesTravelAsFiles: a custom service, as a file, is right by every rule of files and makes the same service.
func TestCustomServicesTravelAsFiles(t *testing.T) {
	for name, definition := range map[string]string{
		"a key":     `{"link_name": "acme", "name": "Acme", "description": "X.", "hosts": ["acme.com"], "auth": {"type": "api_key", "parameters": [{"name": "X-Key", "param_type": "header"}, {"name": "id", "display_name": "Identity", "param_type": "query", "prefix": "- "}]}}`,
		"nothing":   `{"link_name": "acme", "name": "yes", "description": "no", "hosts": ["acme.com"], "auth": {"type": "basic"}}`,
		"basic":     `{"link_name": "acme", "name": "1.5", "description": "2026-01-01", "hosts": ["acme.com"], "auth": {"type": "basic", "username": {"display_name": "API key", "secret": true}, "password": {"fixed": ""}}}`,
		"many":      `{"link_name": "acme", "name": "Acme: # {x}", "description": "A long text.` + strings.Repeat(" More of it.", 20) + `\n\nWith paragraphs: \"quoted\".", "hosts": ["acme.com"], "auth": {"type": "basic"}}`,
		"a server":  `{"link_name": "acme", "name": "Acme", "description": "X.", "hosts": ["{host}"], "base_url": "https://{host}/api", "dynamic_parameters": [{"key": "host", "format": "host"}], "auth": {"type": "oauth2", "grant_type": "authorization_code", "client_id": "x", "authorize_url": "https://{host}/a", "access_token_url": "https://{host}/t"}}`,
		"oauth 1":   `{"link_name": "acme", "name": "Acme", "description": "X.", "hosts": ["acme.com"], "auth": {"type": "oauth1", "consumer_key": "x", "request_token_url": "https://acme.com/r", "authorize_url": "https://acme.com/a", "access_token_url": "https://acme.com/t", "param_type": "query", "signature_method": "PLAINTEXT"}}`,
		"signature": `{"link_name": "acme", "name": "Acme", "description": "X.", "hosts": ["*.amazonaws.com"], "dynamic_parameters": [{"key": "region", "choices": ["us-east-1", "eu-west-1"]}], "auth": {"type": "aws_sigv4", "aws_service": "s3", "aws_region": "{region}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			before, err := lanyard.ParseService([]byte(definition))
			if err != nil {
				t.Fatal(err)
			}
			text, err := custom(t, definition).YAML()
			if err != nil {
				t.Fatal(err)
			}
			after, err := Definition("acme.yaml", text, "")
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			after.Auth.SetClientID(before.Auth.ClientID())
			before.Kind = lanyard.KindCustom
			if diff := cmp.Diff(encoded(t, after), encoded(t, before)); diff != "" {
				t.Errorf("(-after +before):\n%s\n%s", diff, text)
			}
		})
	}
}

func encoded(t *testing.T, s *lanyard.Service) (v map[string]any) {
	t.Helper()
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDefinitionOfAWay(t *testing.T) {
	e, _ := Default().Find("github")
	text, err := e.YAML()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Definition("github.yaml", text, "github_token")
	if err != nil || s.LinkName != "github_token" || s.Name != "GitHub (Personal access token)" || s.Kind != lanyard.KindCustom || s.Category != "" {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := Definition("github.yaml", text, "gitlab"); err == nil || !strings.Contains(err.Error(), "there are: github, github_token") {
		t.Errorf("got %v", err)
	}
}
