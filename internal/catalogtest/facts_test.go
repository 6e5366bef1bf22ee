package catalogtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
)

// fact is what was collected about one service from software and documentation of others, each by itself.
type fact struct {
	Key        string   `json:"key"`
	Name       string   `json:"name"`
	Auth       []string `json:"auth"`
	Authorize  string   `json:"authorize_url"`
	Token      string   `json:"token_url"`
	Refresh    string   `json:"refresh_url"`
	Request    string   `json:"request_token_url"`
	API        string   `json:"api_base_url"`
	ScopeSep   string   `json:"scope_sep"`
	ClientAuth string   `json:"client_auth"`
	TokenBody  string   `json:"token_body"`
	Credential *struct {
		In     string `json:"in"`
		Name   string `json:"name"`
		Format string `json:"format"`
	} `json:"credential"`
	AccessToken *struct {
		Name   string `json:"name"`
		Format string `json:"format"`
	} `json:"access_token"`
	AWS *struct {
		Service string `json:"service"`
	} `json:"aws"`
}

// difference is a fact that the catalogue does not follow, and why.
type difference struct {
	why  string
	used bool
}

// differences reads testdata/differences.tsv: key, what, why. What is the name of a fact, or "service" for one that is
// not in the catalogue under this key.
func differences(t *testing.T) map[string]*difference {
	t.Helper()
	all := map[string]*difference{}
	for _, line := range linesOf(t, "testdata/differences.tsv") {
		columns := strings.Split(line, "\t")
		if len(columns) != 3 || columns[2] == "" || all[columns[0]+" "+columns[1]] != nil {
			t.Errorf("differences.tsv: %q is not a key, what and why, once", line)
			continue
		}
		all[columns[0]+" "+columns[1]] = &difference{why: columns[2]}
	}
	return all
}

func linesOf(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if s.Text() != "" {
			lines = append(lines, s.Text())
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestFacts compares every definition with what was collected: addresses, delimiters, where a credential goes. Where
// they differ, a line of differences.tsv says why; one that nothing differs by any more is a fault too.
func TestFacts(t *testing.T) {
	known := differences(t)
	compared, followed := 0, 0
	for _, line := range linesOf(t, "testdata/facts.jsonl") {
		var f fact
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		differ := func(what, is, said string) {
			compared++
			if is == said {
				followed++
				return
			}
			if d := known[f.Key+" "+what]; d != nil {
				d.used = true
				return
			}
			t.Errorf("%s\t%s\tthe catalogue has %q, the facts %q", f.Key, what, is, said)
		}
		entry, _ := catalog.Default().Find(lanyard.LinkName(f.Key))
		if entry == nil {
			differ("service", "", f.Name)
			continue
		}
		f.compare(entry, differ)
	}
	for what, d := range known {
		if !d.used {
			t.Errorf("differences.tsv explains %s, where nothing differs (%s)", what, d.why)
		}
	}
	t.Logf("%d facts compared, %d followed, %d differences explained", compared, followed, len(known))
}

// compare looks at the entry's ways of each type: one of them has to follow the facts.
func (f *fact) compare(entry *catalog.Entry, differ func(what, is, said string)) {
	var services []*lanyard.Service
	for i := range entry.Ways {
		services = append(services, entry.Ways[i].Service())
	}
	any := func(what, said string, of func(*lanyard.Service) (string, bool)) {
		if said == "" {
			return
		}
		var all []string
		for _, s := range services {
			if is, ok := of(s); ok {
				if slices.ContainsFunc(variants(s, is), matcher(said)) {
					differ(what, said, said)
					return
				}
				all = append(all, is)
			}
		}
		if len(all) > 0 {
			slices.Sort(all)
			differ(what, strings.Join(slices.Compact(all), " or "), said)
		}
	}
	oauth2 := func(of func(*lanyard.OAuth2Auth) string) func(*lanyard.Service) (string, bool) {
		return func(s *lanyard.Service) (string, bool) {
			if s.Auth.OAuth2 == nil || s.Auth.OAuth2.GrantType != lanyard.AuthorizationCode {
				return "", false
			}
			return of(s.Auth.OAuth2), true
		}
	}
	if slices.Contains(f.Auth, "oauth2_code") {
		any("authorize_url", f.Authorize, oauth2(func(a *lanyard.OAuth2Auth) string { return a.AuthorizeURL }))
		any("token_url", f.Token, oauth2(func(a *lanyard.OAuth2Auth) string { return a.AccessTokenURL }))
		any("refresh_url", f.Refresh, oauth2(func(a *lanyard.OAuth2Auth) string { return a.RefreshTokenURL }))
		any("scope_sep", f.ScopeSep, oauth2(func(a *lanyard.OAuth2Auth) string { return a.ScopeDelimiter }))
		any("token_body", f.TokenBody, oauth2(func(a *lanyard.OAuth2Auth) string { return a.TokenBody }))
		if want := map[string]string{"post": "client_secret_post", "basic": "client_secret_basic", "none": "none"}[f.ClientAuth]; want != "" {
			any("client_auth", want, oauth2(func(a *lanyard.OAuth2Auth) string {
				if a.ClientAuthentication == lanyard.ClientAuthAutomatic && want != "none" {
					return want // it is found out
				}
				return string(a.ClientAuthentication)
			}))
		}
		if f.AccessToken != nil {
			any("access_token", f.AccessToken.Name+": "+strings.TrimSuffix(f.AccessToken.Format, "{token}"), oauth2(func(a *lanyard.OAuth2Auth) string {
				prefix := ""
				if a.TokenPrefix != nil {
					prefix = *a.TokenPrefix
				} else if a.ParamType == lanyard.ParamHeader {
					prefix = "Bearer "
				}
				name := a.TokenName
				if name == "" {
					name = "Authorization"
				}
				return name + ": " + prefix
			}))
		}
	}
	any("request_token_url", f.Request, func(s *lanyard.Service) (string, bool) {
		if s.Auth.OAuth1 == nil {
			return "", false
		}
		return s.Auth.OAuth1.RequestTokenURL, true
	})
	if f.Credential != nil {
		any("credential", fmt.Sprintf("%s %s", map[string]string{"body": "form"}[f.Credential.In]+strings.TrimSuffix(f.Credential.In, "body"), strings.ToLower(f.Credential.Name)), func(s *lanyard.Service) (string, bool) {
			if s.Auth.APIKey == nil {
				return "", false
			}
			p := s.Auth.APIKey.Parameters[0]
			return fmt.Sprintf("%s %s", p.ParamType, strings.ToLower(p.Name)), true
		})
	}
	if f.AWS != nil {
		any("aws", f.AWS.Service, func(s *lanyard.Service) (string, bool) {
			if s.Auth.AWSSigV4 == nil {
				return "", false
			}
			return s.Auth.AWSSigV4.AWSService, true
		})
	}
	any("api_host", authority(f.API), func(s *lanyard.Service) (string, bool) { return authority(s.BaseURL), true })
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// address is a URL without what is written differently for the same place: a query, a slash at the end, the names of
// placeholders, capital letters of the host.
func address(raw string) string {
	raw, _, _ = strings.Cut(raw, "?")
	raw = strings.TrimSuffix(placeholder.ReplaceAllString(raw, "{}"), "/")
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return raw
	}
	name, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + strings.ToLower(name) + "/" + path
}

// variants are a text of a definition with each choice of its parameters filled in, as an address where it is one.
func variants(s *lanyard.Service, text string) []string {
	all := []string{}
	add := func(values map[string]string) {
		for i := range s.DynamicParameters {
			if p := &s.DynamicParameters[i]; p.Follows != "" {
				values[p.Key] = p.Values[values[p.Follows]]
			}
		}
		filled := text
		for key, value := range values {
			filled = strings.ReplaceAll(filled, "{"+key+"}", value)
		}
		all = append(all, address(filled))
	}
	add(s.SampleValues())
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		for _, c := range p.Choices {
			values := s.SampleValues()
			values[p.Key] = c.Value
			add(values)
		}
	}
	return all
}

// matcher takes what a fact says literally, and anything in the place of its placeholders.
func matcher(said string) func(string) bool {
	pieces := placeholder.Split(address(said), -1)
	for i, piece := range pieces {
		pieces[i] = regexp.QuoteMeta(piece)
	}
	return regexp.MustCompile("^" + strings.Join(pieces, "[^/]+") + "$").MatchString
}

func authority(raw string) string {
	_, rest, _ := strings.Cut(raw, "://")
	name, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(name)
}
