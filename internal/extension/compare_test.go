package extension_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// changed reads two versions that differ as replace says: file, old, new, and again.
func changed(t *testing.T, replace ...string) []extension.Change {
	t.Helper()
	files := acme()
	before := read(t, files)
	for i := 0; i < len(replace); i += 3 {
		old := files[replace[i]]
		if files[replace[i]] = strings.Replace(old, replace[i+1], replace[i+2], 1); files[replace[i]] == old {
			t.Fatalf("%q is not in %s", replace[i+1], replace[i])
		}
	}
	return extension.Compare(before, read(t, files))
}

func TestCompare(t *testing.T) {
	const manifest, service, script = "extension.yaml", "services/acme.yaml", "scripts/sync.dg"
	for name, c := range map[string]struct {
		file, old, new string
		reach          bool
		what, words    string
	}{
		"a title":              {manifest, "title: Acme tools", "title: Acme kit", false, "The extension", "The title changes from Acme tools to Acme kit."},
		"a host of scripts":    {manifest, "[status.acme.example]", "[status.acme.example, x.example]", true, "The extension", "Its scripts may also call x.example, without a connection."},
		"no host of scripts":   {script, "https://status.acme.example/", "https://x.example/", true, "Script acme_sync", "The script changes: it may send what it reads elsewhere."},
		"a scope more":         {manifest, `["orders:read"]`, `["orders:read", "orders:write"]`, true, "Connection acme_orders", "It also asks for the scope orders:write."},
		"a scope less":         {manifest, `, scopes: ["orders:read"]`, "", false, "Connection acme_orders", "It no longer asks for the scope orders:read."},
		"the switch off":       {manifest, ", use_login_user_credentials: true", "", true, "Connection acme_github", "Scripts use the credentials of who installed the extension, and no longer those of whoever runs them."},
		"the switch on":        {manifest, `scopes: ["orders:read"]`, "use_login_user_credentials: true", true, "Connection acme_orders", "Scripts use the credentials of whoever runs them, and no longer those of who installed the extension."},
		"another service":      {manifest, "service: github", "service: gitlab", true, "Connection acme_github", "The service changes from github to gitlab."},
		"a connection's name":  {manifest, "name: Repositories", "name: Code", false, "Connection acme_github", "The name changes from Repositories to Code."},
		"a host":               {service, "[api.acme.example]", "[api.acme.example, files.acme.example]", true, "Service Acme", "Credentials may also go to files.acme.example."},
		"the base URL":         {service, "base_url: https://api.acme.example/v1", "base_url: https://api.acme.example/v2", true, "Service Acme", "The base URL changes from https://api.acme.example/v1 to https://api.acme.example/v2."},
		"the token URL":        {service, "https://acme.example/token", "https://evil.example/token", true, "Service Acme", "The access token URL changes from https://acme.example/token to https://evil.example/token."},
		"the authorize URL":    {service, "https://acme.example/authorize", "https://evil.example/a", true, "Service Acme", "The authorize URL changes from https://acme.example/authorize to https://evil.example/a."},
		"a revoke URL":         {service, "        scopes:", "        revoke_token_url: https://acme.example/revoke\n        scopes:", true, "Service Acme", "The revoke token URL is now https://acme.example/revoke; there was none."},
		"the verification URL": {service, "api.acme.example/v1/me", "api.acme.example/v1/you", true, "Service Acme", "The verification URL changes from https://api.acme.example/v1/me to https://api.acme.example/v1/you."},
		"a header":             {service, "      verify_url", "      headers: {X-Acme: a}\n      verify_url", true, "Service Acme", "The header X-Acme is now a; there was none."},
		"a parameter":          {service, "      verify_url", "      dynamic_parameters: [{key: shop, name: Shop}]\n      verify_url", true, "Service Acme", `The dynamic parameter {shop} is now {"key":"shop","name":"Shop"}; there was none.`},
		"the token's place":    {service, "type: oauth2", "type: oauth2\n        param_type: query", true, "Service Acme", "The place of the token changes from header to query."},
		"a scope of a service": {service, `["orders:read", "orders:write"]`, `["orders:read", "orders:write", "orders:all"]`, true, "Service Acme", "Connections can also ask for the scope orders:all (orders:all)."},
		"a service's name":     {service, "name: Acme\n", "name: Acme Shop\n", false, "Service Acme Shop", "The name changes from Acme to Acme Shop."},
		"a task":               {service, "url: /orders", "url: /all_orders", true, "Task acme.getOrders", "What the task sends, or where, changes."},
		"the type":             {service, acme()[service][strings.Index(acme()[service], "      auth:"):strings.Index(acme()[service], "tasks:")], "      auth: {type: basic}\n", true, "", "The authentication changes from OAuth 2.0 to a user name and password."},
	} {
		t.Run(name, func(t *testing.T) {
			replace := []string{c.file, c.old, c.new}
			if name == "the type" {
				replace = append(replace, manifest, `, scopes: ["orders:read"]`, "")
			}
			if c.what == "" {
				c.what = "Service Acme"
			}
			all := changed(t, replace...)
			i := slices.IndexFunc(all, func(n extension.Change) bool { return n.What == c.what && n.Words == c.words })
			if i < 0 || all[i].Reach != c.reach {
				t.Errorf("got %+v, want %q of %s", all, c.words, c.what)
			}
		})
	}
}

// TestCompareGolden is one long comparison, to be read.
func TestCompareGolden(t *testing.T) {
	all := changed(t,
		"extension.yaml", "1.2.0", "2.0.0", "extension.yaml", "title: Acme tools", "title: Acme kit", "extension.yaml", "[status.acme.example]", "[\"*.acme.example\"]",
		"extension.yaml", "link_name: acme_github, name: Repositories, service: github", "link_name: acme_code, name: Repositories, service: gitlab",
		"extension.yaml", `["orders:read"]`, `["orders:read", "orders:write"]`,
		"services/acme.yaml", "[api.acme.example]", "[api.acme.example, \"{shop}.acme.example\"]",
		"services/acme.yaml", "      verify_url", "      headers: {X-Acme: \"{shop}\"}\n      dynamic_parameters: [{key: shop, name: Shop}]\n      verify_url",
		"services/acme.yaml", "https://acme.example/token", "https://login.acme.example/token", "services/acme.yaml", "acme.getOrders", "acme.listOrders",
		"scripts/sync.dg", "acme.getOrders", "acme.listOrders", "extension.yaml", "{link_name: acme_greet, name: Greet, file", "{link_name: acme_hello, name: Greet, file", "scripts/sync.dg", "acme_greet", "acme_hello")
	var b strings.Builder
	for _, n := range all {
		reach := " "
		if n.Reach {
			reach = "!"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", reach, n.What, n.Words)
		for _, side := range []struct{ sign, text string }{{"-", n.Before}, {"+", n.After}} {
			for line := range strings.Lines(side.text) {
				fmt.Fprintf(&b, "    %s %s\n", side.sign, strings.TrimSuffix(line, "\n"))
			}
		}
	}
	const golden = "testdata/compare.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestEveryFieldOfAServiceIsReported changes each field of a definition by itself, wherever it stands: nothing that an
// author changes can go unseen.
func TestEveryFieldOfAServiceIsReported(t *testing.T) {
	fixed := "fixed"
	prefix := "Token "
	harmless := []string{".Name", ".Description", ".DocsURL", ".DynamicParameters[0].Name", ".DynamicParameters[0].Help", ".DynamicParameters[0].Example", ".Auth.APIKey.Parameters[0].DisplayName"}
	seen := 0
	for typ, auth := range map[lanyard.AuthType]lanyard.Auth{
		lanyard.AuthAPIKey:   {APIKey: &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{{Name: "a", DisplayName: "A", ParamType: lanyard.ParamHeader}}}},
		lanyard.AuthBasic:    {Basic: &lanyard.BasicAuth{Username: &lanyard.BasicPart{Fixed: &fixed}, Password: &lanyard.BasicPart{}}},
		lanyard.AuthOAuth1:   {OAuth1: &lanyard.OAuth1Auth{}},
		lanyard.AuthOAuth2:   {OAuth2: &lanyard.OAuth2Auth{TokenPrefix: &prefix, Scopes: []lanyard.Scope{{Name: "R", Value: "r"}}, TokenAnswer: &lanyard.TokenAnswer{}}},
		lanyard.AuthAWSSigV4: {AWSSigV4: &lanyard.AWSSigV4Auth{}},
	} {
		make := func() *lanyard.Service {
			auth.Type = typ
			s := &lanyard.Service{Kind: lanyard.KindCustom, LinkName: "acme", Name: "Acme", Hosts: []string{"a.example"}, Auth: auth,
				DynamicParameters: []lanyard.DynamicParameter{{Key: "k", Learn: &lanyard.Learn{}}}}
			text, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			again := &lanyard.Service{}
			if err := json.Unmarshal(text, again); err != nil {
				t.Fatal(err)
			}
			return again
		}
		var walk func(at string, get func(s *lanyard.Service) reflect.Value)
		check := func(at string, change func(s *lanyard.Service)) {
			seen++
			old, now := make(), make()
			change(now)
			all := extension.CompareServices(old, now)
			if len(all) == 0 {
				t.Errorf("%s: a change of %s is not told", typ, at)
				return
			}
			if reach := slices.ContainsFunc(all, func(n extension.Change) bool { return n.Reach }); !reach && !slices.Contains(harmless, at) {
				t.Errorf("%s: a change of %s is told as if it were harmless: %+v", typ, at, all)
			}
		}
		walk = func(at string, get func(s *lanyard.Service) reflect.Value) {
			v := get(make())
			switch v.Kind() {
			case reflect.Struct:
				for i := range v.NumField() {
					f := v.Type().Field(i)
					if !f.IsExported() || f.Tag.Get("json") == "-" || f.Name == "LinkName" || f.Name == "Kind" || f.Name == "Category" || f.Name == "Type" && at == ".Auth" {
						continue
					}
					if at == ".Auth" && get(make()).Field(i).IsNil() {
						continue
					}
					if at == ".DynamicParameters[0]" && f.Name == "Key" || strings.HasSuffix(at, "OAuth1") && f.Name == "ConsumerKey" || strings.HasSuffix(at, "OAuth2") && f.Name == "ClientID" {
						continue // what it is known by; what a package has none of
					}
					walk(at+"."+f.Name, func(s *lanyard.Service) reflect.Value { return get(s).Field(i) })
				}
			case reflect.Pointer:
				if v.IsNil() {
					check(at, func(s *lanyard.Service) { get(s).Set(reflect.New(v.Type().Elem())) })
					return
				}
				walk(at, func(s *lanyard.Service) reflect.Value { return get(s).Elem() })
			case reflect.Slice:
				check(at+" (one more)", func(s *lanyard.Service) {
					e := reflect.New(v.Type().Elem()).Elem()
					other(e)
					get(s).Set(reflect.Append(get(s), e))
				})
				if v.Len() > 0 {
					walk(at+"[0]", func(s *lanyard.Service) reflect.Value { return get(s).Index(0) })
				}
			default:
				check(at, func(s *lanyard.Service) { other(get(s)) })
			}
		}
		walk("", func(s *lanyard.Service) reflect.Value { return reflect.ValueOf(s).Elem() })
	}
	if seen < 100 {
		t.Errorf("only %d fields were changed", seen)
	}
}

// other makes a value another one.
func other(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "other")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 7)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		e := reflect.New(v.Type().Elem()).Elem()
		other(e)
		m.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), e)
		v.Set(m)
	case reflect.Struct:
		for i := range v.NumField() {
			if k := v.Field(i).Kind(); k == reflect.String {
				other(v.Field(i))
			}
		}
	}
}

func TestContents(t *testing.T) {
	c := read(t, acme()).Contents(catalog.Default().Service)
	if len(c.Services) != 1 || !c.Services[0].NeedsClient || !slices.Equal(c.Services[0].Hosts, []string{"api.acme.example"}) || len(c.Services[0].URLs) != 4 {
		t.Errorf("services: %+v", c.Services)
	}
	if len(c.Connections) != 2 || c.Connections[0].ServiceName != "Acme" || len(c.Connections[0].Scopes) != 1 || !slices.Equal(c.Connections[0].Scripts, []lanyard.LinkName{"acme_sync"}) ||
		c.Connections[1].ServiceName != "GitHub" || len(c.Connections[1].Hosts) == 0 || len(c.Connections[1].Scripts) != 0 {
		t.Errorf("connections: %+v", c.Connections)
	}
	if len(c.Scripts) != 2 || !slices.Equal(c.Scripts[0].Tasks, []string{"acme.getOrders"}) || c.Scripts[0].Lines != 10 || !slices.Equal(c.Tasks, []string{"acme.getOrders"}) || len(c.Hosts) != 1 {
		t.Errorf("scripts: %+v", c)
	}
	gone := read(t, acme()).Contents(func(lanyard.LinkName) *lanyard.Service { return nil })
	if gone.Connections[1].ServiceName != "github" {
		t.Errorf("a default service that is gone: %+v", gone.Connections[1])
	}
}

func TestCompareVersions(t *testing.T) {
	for _, v := range [][2]string{{"1.2.0", "1.10.0"}, {"1.2.0-beta.1", "1.2.0"}, {"1.2.0-beta.2", "1.2.0-beta.11"}} {
		if extension.CompareVersions(v[0], v[1]) >= 0 || extension.CompareVersions(v[1], v[0]) <= 0 || extension.CompareVersions(v[0], v[0]) != 0 {
			t.Errorf("%s does not come before %s", v[0], v[1])
		}
	}
}
