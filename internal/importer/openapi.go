package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"lanyard"
)

// apiDocument is what is of interest in an OpenAPI document, 3.x or 2.0 (Swagger).
type apiDocument struct {
	OpenAPI string `json:"openapi"`
	Swagger string `json:"swagger"`
	Info    struct {
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"info"`
	ExternalDocs struct {
		URL string `json:"url"`
	} `json:"externalDocs"`
	Servers    []apiServer `json:"servers"`
	Components struct {
		SecuritySchemes map[string]apiScheme `json:"securitySchemes"`
	} `json:"components"`
	Security *[]map[string][]string     `json:"security"`
	Paths    map[string]json.RawMessage `json:"paths"`
	// Of 2.0:
	Host        string               `json:"host"`
	BasePath    string               `json:"basePath"`
	Schemes     []string             `json:"schemes"`
	Definitions map[string]apiScheme `json:"securityDefinitions"`
}

type apiServer struct {
	URL       string `json:"url"`
	Variables map[string]struct {
		Default     string   `json:"default"`
		Description string   `json:"description"`
		Enum        []string `json:"enum"`
	} `json:"variables"`
}

type apiScheme struct {
	Ref          string `json:"$ref"`
	Type         string `json:"type"`
	Name         string `json:"name"`
	In           string `json:"in"`
	Scheme       string `json:"scheme"`
	BearerFormat string `json:"bearerFormat"`
	Description  string `json:"description"`
	Flows        struct {
		AuthorizationCode apiFlow  `json:"authorizationCode"`
		ClientCredentials apiFlow  `json:"clientCredentials"`
		Implicit          *apiFlow `json:"implicit"`
		Password          *apiFlow `json:"password"`
	} `json:"flows"`
	OpenIDConnectURL string `json:"openIdConnectUrl"`
	// Of 2.0: the one flow.
	Flow string `json:"flow"`
	apiFlow
}

type apiFlow struct {
	AuthorizationURL string            `json:"authorizationUrl"`
	TokenURL         string            `json:"tokenUrl"`
	RefreshURL       string            `json:"refreshUrl"`
	Scopes           map[string]string `json:"scopes"`
}

// openAPI makes a custom service of each security scheme that operations use.
func openAPI(data []byte, o Options) (*Import, error) {
	var d apiDocument
	if err := decode(data, &d); err != nil {
		return nil, invalid("the document cannot be read: %v", err)
	}
	if d.Swagger != "" && d.Swagger != "2.0" || d.Swagger == "" && !strings.HasPrefix(d.OpenAPI, "3.") {
		return nil, invalid("this is of the version %s, and versions 2.0, 3.0 and 3.1 are read here", shown(d.OpenAPI+d.Swagger))
	}
	schemes := d.Components.SecuritySchemes
	if d.Swagger != "" {
		schemes = d.Definitions
	}
	b := newBuilder(KindOpenAPI, o)
	where, notes, err := d.where(o)
	if err != nil {
		return nil, err
	}
	used, err := d.used()
	if err != nil {
		return nil, err
	}
	if len(schemes) == 0 {
		return nil, invalid("the document names no security scheme (components, securitySchemes), so it does not say how the API authenticates. Make a custom service by hand")
	}
	if len(schemes) > maxEntries {
		return nil, invalid("the document has more than %d security schemes", maxEntries)
	}
	if len(used) == 0 { // a document without security requirements: whatever it names is meant
		used = slices.Sorted(maps.Keys(schemes))
	}
	if o.Scheme != "" {
		if _, ok := schemes[o.Scheme]; !ok {
			return nil, invalid("the document has no security scheme %s", shown(o.Scheme))
		}
		used = []string{o.Scheme}
	}
	title := o.Name
	if title == "" {
		title = name(d.Info.Title, where.Name)
	}
	several := len(used) > 1
	for _, key := range used {
		scheme, err := resolve(schemes, key)
		if err != nil {
			b.leaveOut(key, err.Error())
			continue
		}
		for _, way := range scheme.ways(key, o) {
			if way.leftOut != "" {
				b.leaveOut(key, way.leftOut)
				continue
			}
			s := *where
			s.Name, s.Auth, s.Description = title, way.auth, ""
			if several || len(scheme.ways(key, o)) > 1 {
				s.Name = name(short(title)+" ("+way.label+")", title)
			}
			if text := strings.TrimSpace(d.Info.Description); text != "" {
				first, _, _ := strings.Cut(text, "\n")
				s.Description = shown(first)
			}
			if u, _, err := lanyard.ParseURL(d.ExternalDocs.URL); err == nil && u.Scheme == "https" {
				s.DocsURL = d.ExternalDocs.URL
			}
			of := o.LinkName
			if of == "" || several && len(b.made.Document.Services) > 0 {
				of = title
				if len(b.made.Document.Services) > 0 {
					of += " " + way.label
				}
			}
			s.LinkName = b.serviceLink(of, "api")
			if err := b.service(&s, lanyard.Secret{}); err != nil {
				b.leaveOut(key, "what the document says makes no service: "+faults(err))
				continue
			}
			b.made.Entries = append(b.made.Entries, Entry{Name: shown(key), Becomes: []string{fmt.Sprintf("Becomes the custom service %s (%s), %s.", s.Name, s.LinkName, way.words)}, Notes: append(slices.Clone(notes), way.notes...)})
		}
	}
	return &b.made, nil
}

func (b *builder) leaveOut(entry, why string) {
	b.made.Entries = append(b.made.Entries, Entry{Name: shown(entry), LeftOut: upper(why)})
}

func upper(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// short leaves room for what stands behind a name.
func short(title string) string {
	if r := []rune(title); len(r) > 30 {
		return strings.TrimSpace(string(r[:30]))
	}
	return title
}

// faults are the sentences of an error, in one.
func faults(err error) string {
	if fields := fieldsOf(err); len(fields) > 0 {
		var all []string
		for _, f := range fields {
			all = append(all, strings.TrimPrefix(f.Pointer, "/")+": "+f.Detail)
		}
		return strings.Join(all, "; ")
	}
	return err.Error()
}

// where reads the servers: base URL, hosts and the parameters that stand in them.
func (d *apiDocument) where(o Options) (*lanyard.Service, []string, error) {
	var notes []string
	servers := d.Servers
	if d.Swagger != "" && d.Host != "" {
		scheme := "https"
		if len(d.Schemes) > 0 && !slices.Contains(d.Schemes, "https") {
			scheme = d.Schemes[0]
		}
		servers = []apiServer{{URL: scheme + "://" + d.Host + d.BasePath}}
	}
	if o.BaseURL != "" {
		servers = []apiServer{{URL: o.BaseURL}}
	}
	if len(servers) == 0 || !strings.Contains(servers[0].URL, "://") {
		return nil, nil, invalid("the document does not say on which host the API is (its servers are missing or relative): give the base URL")
	}
	s := &lanyard.Service{Kind: lanyard.KindCustom}
	for i, server := range servers {
		if i == 10 || i > 0 && !strings.Contains(server.URL, "://") {
			break
		}
		if i > 0 && len(server.Variables) > 0 {
			notes = append(notes, "The server "+shown(server.URL)+" was left out: it has variables of its own.")
			continue
		}
		text, err := parameters(s, server)
		if err != nil {
			return nil, nil, err
		}
		sample := text
		for _, p := range s.DynamicParameters {
			sample = strings.ReplaceAll(sample, "{"+p.Key+"}", "sample")
		}
		_, target, err := lanyard.ParseURL(strings.ReplaceAll(sample, " ", ""))
		if err != nil {
			return nil, nil, invalid("the server %s cannot be used: %v", shown(server.URL), err)
		}
		if rest, ok := strings.CutPrefix(text, "http://"); ok && !loopback(target.Host) {
			text = "https://" + rest
			notes = append(notes, "The document names plain http, where everybody on the way can read the credential. The service is made with https.")
		}
		if private(target.Host) {
			notes = append(notes, target.Host+" is an address of a private network. Calls reach it only where whoever runs this Lanyard opened that network (--allow-network).")
		}
		scheme, rest, _ := strings.Cut(text, "://")
		host, _, _ := strings.Cut(rest, "/")
		if i == 0 {
			s.BaseURL, s.Name = scheme+"://"+strings.TrimSuffix(rest, "/"), name(hostName(target.Host), "API")
		}
		if !slices.Contains(s.Hosts, host) {
			s.Hosts = append(s.Hosts, host)
		}
	}
	return s, notes, nil
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// parameters makes dynamic parameters of a server's variables, and gives the URL with their keys.
func parameters(s *lanyard.Service, server apiServer) (string, error) {
	var wrong error
	text := placeholder.ReplaceAllStringFunc(server.URL, func(at string) string {
		key := at[1 : len(at)-1]
		v, ok := server.Variables[key]
		own := strings.Map(func(r rune) rune {
			if r == '-' || r == '.' {
				return '_'
			}
			return r
		}, key)
		if !ok {
			wrong = invalid("the server %s has the variable %s, which the document does not describe", shown(server.URL), shown(key))
			return at
		}
		if len(v.Enum) == 1 {
			return v.Enum[0]
		}
		p := lanyard.DynamicParameter{Key: own, Name: name(key, "Value"), Help: shown(v.Description), Default: v.Default}
		for _, value := range v.Enum {
			p.Choices = append(p.Choices, lanyard.Choice{Value: value})
		}
		if len(v.Enum) > 0 && !slices.Contains(v.Enum, v.Default) {
			p.Default = ""
		}
		if !slices.ContainsFunc(s.DynamicParameters, func(q lanyard.DynamicParameter) bool { return q.Key == own }) {
			s.DynamicParameters = append(s.DynamicParameters, p)
		}
		return "{" + own + "}"
	})
	return text, wrong
}

// resolve follows references between security schemes, and nothing else.
func resolve(schemes map[string]apiScheme, key string) (*apiScheme, error) {
	for range 5 {
		scheme, ok := schemes[key]
		switch {
		case !ok:
			return nil, fmt.Errorf("the document has no security scheme of this name")
		case scheme.Ref == "":
			return &scheme, nil
		}
		if key, ok = strings.CutPrefix(scheme.Ref, "#/components/securitySchemes/"); !ok {
			return nil, fmt.Errorf("it refers to something outside of the document's security schemes, which is not followed")
		}
	}
	return nil, fmt.Errorf("its references lead nowhere")
}

// used lists the schemes that the document or one of its operations asks for, by name.
func (d *apiDocument) used() ([]string, error) {
	names := map[string]bool{}
	add := func(requirements []map[string][]string) {
		for _, r := range requirements {
			for key := range r {
				names[key] = true
			}
		}
	}
	if d.Security != nil {
		add(*d.Security)
	}
	for _, path := range d.Paths {
		var operations map[string]json.RawMessage
		if json.Unmarshal(path, &operations) != nil {
			continue
		}
		for method, raw := range operations {
			if !slices.Contains([]string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}, method) {
				continue
			}
			var operation struct {
				Security []map[string][]string `json:"security"`
			}
			if err := json.Unmarshal(raw, &operation); err != nil {
				return nil, invalid("the security of an operation cannot be read")
			}
			add(operation.Security)
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// way is one way to authenticate that a scheme allows.
type way struct {
	auth    lanyard.Auth
	label   string // for a name, where there are several
	words   string // in a sentence
	notes   []string
	leftOut string
}

func (s *apiScheme) ways(key string, o Options) []way {
	refuse := func(why string) []way { return []way{{leftOut: why}} }
	switch s.Type {
	case "apiKey":
		switch s.In {
		case "header":
			return []way{{auth: apiKey(s.Name, key, lanyard.ParamHeader, ""), label: "API key", words: "with an API key in the header " + shown(s.Name)}}
		case "query":
			return []way{{auth: apiKey(s.Name, key, lanyard.ParamQuery, ""), label: "API key in URL", words: "with an API key in the query parameter " + shown(s.Name)}}
		case "cookie":
			return refuse("the key is a cookie. Lanyard sends none: a cookie belongs to a session in a browser. See whether the API takes a key in a header")
		}
		return refuse("it does not say where the key goes")
	case "basic": // 2.0
		return []way{basicWay}
	case "http":
		switch strings.ToLower(s.Scheme) {
		case "basic":
			return []way{basicWay}
		case "bearer":
			return []way{{auth: apiKey("Authorization", "Token", lanyard.ParamHeader, "Bearer "), label: "token", words: "with a token in the header Authorization, behind Bearer"}}
		}
		return refuse("the http scheme " + shown(s.Scheme) + " is not one that Lanyard knows. It knows basic and bearer")
	case "oauth2":
		return s.oauth2(o)
	case "openIdConnect":
		return refuse("its addresses stand in another document, which is not fetched: open " + shown(s.OpenIDConnectURL) + " and make a custom service with the authorization_endpoint and token_endpoint that stand there")
	case "mutualTLS":
		return refuse("it asks for a client certificate, and Lanyard has none to show")
	}
	return refuse("the type " + shown(s.Type) + " is not one that Lanyard knows")
}

var basicWay = way{auth: lanyard.Auth{Type: lanyard.AuthBasic, Basic: &lanyard.BasicAuth{}}, label: "password", words: "with a user name and a password"}

func (s *apiScheme) oauth2(o Options) []way {
	code, client := s.Flows.AuthorizationCode, s.Flows.ClientCredentials
	switch s.Flow { // 2.0
	case "accessCode":
		code = s.apiFlow
	case "application":
		client = s.apiFlow
	}
	var all []way
	for _, f := range []struct {
		apiFlow
		grant lanyard.GrantType
		label string
		words string
	}{
		{code, lanyard.AuthorizationCode, "OAuth 2", "with OAuth 2, where people give their consent"},
		{client, lanyard.ClientCredentials, "OAuth 2 app", "with OAuth 2 client credentials, where no person takes part"},
	} {
		if f.TokenURL == "" {
			continue
		}
		if !strings.Contains(f.TokenURL, "://") || f.grant == lanyard.AuthorizationCode && !strings.Contains(f.AuthorizationURL, "://") {
			all = append(all, way{leftOut: "the addresses of its OAuth 2 flow are relative: make a custom service by hand, with whole URLs"})
			continue
		}
		a := &lanyard.OAuth2Auth{GrantType: f.grant, PKCE: true, ClientID: o.ClientID, AccessTokenURL: f.TokenURL, ParamType: lanyard.ParamHeader, ScopeDelimiter: " "}
		if f.grant == lanyard.AuthorizationCode {
			a.AuthorizeURL = f.AuthorizationURL
		}
		if f.RefreshURL != f.TokenURL && strings.Contains(f.RefreshURL, "://") {
			a.RefreshTokenURL = f.RefreshURL
		}
		for _, value := range slices.Sorted(maps.Keys(f.Scopes)) {
			label := shown(f.Scopes[value])
			if label == "" {
				label = value
			}
			a.Scopes = append(a.Scopes, lanyard.Scope{Name: label, Value: value})
		}
		w := way{auth: lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: a}, label: f.label, words: f.words}
		w.notes = []string{"Register an application with the provider: its client ID and secret belong to the service."}
		all = append(all, w)
	}
	if len(all) == 0 {
		return []way{{leftOut: "it has neither an authorization code flow nor client credentials; implicit and password flows hand secrets around and are not used here"}}
	}
	return all
}
