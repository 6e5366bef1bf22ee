package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lanyard"
)

// serviceValues is what the form of a service holds, as it was typed: a text for each input, those of every
// authentication type at once, so that nothing is lost when another type is chosen. A row's inputs are named
// scope.0.value, and so on.
type serviceValues url.Values

// row is one entry of a list of the form.
type row map[string]string

// The lists of the form, with the members of a row that say whether somebody typed in it.
var listed = map[string][]string{
	"api_key":   {"name", "display_name", "prefix"},
	"scope":     {"name", "value"},
	"extra":     {"name", "value"},
	"parameter": {"key", "name", "choices", "pattern", "help", "default"},
}

// members are all inputs of a row.
var members = map[string][]string{
	"api_key":   {"name", "display_name", "param_type", "prefix"},
	"scope":     {"name", "value"},
	"extra":     {"leg", "name", "value"},
	"parameter": {"key", "name", "format", "choices", "pattern", "help", "default"},
}

// The legs of OAuth 2 that take further parameters.
const (
	legAuthorize = "authorize"
	legToken     = "token"
	legRefresh   = "refresh"
)

const bearer = "Bearer " // what stands before an access token unless the service says otherwise

func (v serviceValues) get(name string) string { return url.Values(v).Get(name) }

// text is a value without the blanks around it, which nobody types on purpose in a name or a URL.
func (v serviceValues) text(name string) string { return strings.TrimSpace(v.get(name)) }

func (v serviceValues) set(name, value string) { url.Values(v).Set(name, value) }

// newServiceValues are those of a form that nobody typed in.
func newServiceValues() serviceValues {
	v := serviceValues{}
	for name, value := range map[string]string{
		"oauth1.param_type": string(lanyard.ParamHeader), "oauth1.signature_method": string(lanyard.HMACSHA1),
		"oauth2.grant_type": string(lanyard.AuthorizationCode), "oauth2.pkce": "on", "oauth2.param_type": string(lanyard.ParamHeader),
		"oauth2.scope_delimiter": " ", "oauth2.token_prefix": bearer,
	} {
		v.set(name, value)
	}
	return v
}

// valuesOf is a definition as the form holds it.
func valuesOf(s *lanyard.Service) serviceValues {
	v := newServiceValues()
	for name, value := range map[string]string{
		"name": s.Name, "link_name": string(s.LinkName), "description": s.Description, "docs_url": s.DocsURL,
		"base_url": s.BaseURL, "verify_url": s.VerifyURL, "hosts": strings.Join(s.Hosts, "\n"), "type": string(s.Auth.Type),
	} {
		v.set(name, value)
	}
	for i, p := range s.DynamicParameters {
		v.setRow("parameter", i, row{"key": p.Key, "name": p.Name, "format": string(p.Format), "choices": choicesText(p.Choices),
			"pattern": p.Pattern, "help": p.Help, "default": p.Default})
	}
	switch a := s.Auth; {
	case a.APIKey != nil:
		for i, p := range a.APIKey.Parameters {
			v.setRow("api_key", i, row{"name": p.Name, "display_name": p.DisplayName, "param_type": string(p.ParamType), "prefix": p.Prefix})
		}
	case a.OAuth1 != nil:
		o := a.OAuth1
		for name, value := range map[string]string{
			"consumer_key": o.ConsumerKey, "request_token_url": o.RequestTokenURL, "authorize_url": o.AuthorizeURL, "access_token_url": o.AccessTokenURL,
			"param_type": string(o.ParamType), "signature_method": string(o.SignatureMethod),
		} {
			v.set("oauth1."+name, value)
		}
	case a.OAuth2 != nil:
		v.setOAuth2(a.OAuth2)
	case a.AWSSigV4 != nil:
		v.set("aws_sigv4.aws_service", a.AWSSigV4.AWSService)
		v.set("aws_sigv4.aws_region", a.AWSSigV4.AWSRegion)
	}
	return v
}

func (v serviceValues) setOAuth2(o *lanyard.OAuth2Auth) {
	for name, value := range map[string]string{
		"grant_type": string(o.GrantType), "pkce": map[bool]string{true: "on"}[o.PKCE], "client_id": o.ClientID, "authorize_url": o.AuthorizeURL,
		"access_token_url": o.AccessTokenURL, "refresh_token_url": o.RefreshTokenURL, "revoke_token_url": o.RevokeTokenURL,
		"param_type": string(o.ParamType), "scope_delimiter": o.ScopeDelimiter, "token_name": o.TokenName, "token_prefix": prefixOf(o),
		"client_authentication": string(o.ClientAuthentication), "issuer": o.Issuer, "refresh_statuses": statusesText(o.RefreshStatuses),
	} {
		v.set("oauth2."+name, value)
	}
	if o.DefaultExpiresIn != 0 {
		v.set("oauth2.default_expires_in", strconv.FormatInt(o.DefaultExpiresIn, 10))
	}
	for i, s := range o.Scopes {
		v.setRow("scope", i, row{"name": s.Name, "value": s.Value})
	}
	n := 0
	for _, leg := range []struct {
		name   string
		params map[string]string
	}{{legAuthorize, o.AuthorizeParams}, {legToken, o.TokenParams}, {legRefresh, o.RefreshParams}} {
		for _, name := range slices.Sorted(maps.Keys(leg.params)) {
			v.setRow("extra", n, row{"leg": leg.name, "name": name, "value": leg.params[name]})
			n++
		}
	}
}

func prefixOf(o *lanyard.OAuth2Auth) string {
	if o.TokenPrefix != nil {
		return *o.TokenPrefix
	}
	return bearer
}

// service reads the form over base: the stored service, or for a new one the zero Service. What the form does not show
// stays as it is in base. The faults are those that only the form can have; all others are found by whoever keeps it.
func (v serviceValues) service(base *lanyard.Service) (*lanyard.Service, lanyard.FieldErrors) {
	var faults lanyard.FieldErrors
	s := *base
	s.Name, s.Description, s.DocsURL = v.text("name"), strings.TrimSpace(lines(v.get("description"))), v.text("docs_url")
	s.BaseURL, s.VerifyURL, s.Hosts = v.text("base_url"), v.text("verify_url"), nonEmptyLines(v.get("hosts"))
	if s.Hosts == nil {
		s.Hosts = []string{}
	}
	if base.LinkName == "" {
		s.LinkName, s.Auth.Type = lanyard.LinkName(v.text("link_name")), lanyard.AuthType(v.get("type"))
	}
	s.DynamicParameters = nil
	for _, r := range v.rows("parameter", 0) {
		p := parameterOf(base, r["key"])
		p.Key, p.Name, p.Format, p.Choices = r["key"], r["name"], lanyard.ParameterFormat(r["format"]), choicesOf(r["choices"])
		p.Pattern, p.Help, p.Default = r["pattern"], r["help"], r["default"]
		s.DynamicParameters = append(s.DynamicParameters, p)
	}
	switch s.Auth.Type {
	case lanyard.AuthAPIKey:
		s.Auth.APIKey = v.apiKey(base.Auth.APIKey)
	case lanyard.AuthOAuth1:
		a := &lanyard.OAuth1Auth{
			ConsumerKey: v.text("oauth1.consumer_key"), ConsumerSecret: lanyard.NewSecret(v.get("oauth1.consumer_secret")),
			RequestTokenURL: v.text("oauth1.request_token_url"), AuthorizeURL: v.text("oauth1.authorize_url"), AccessTokenURL: v.text("oauth1.access_token_url"),
			ParamType: lanyard.ParamType(v.get("oauth1.param_type")), SignatureMethod: lanyard.SignatureMethod(v.get("oauth1.signature_method")),
		}
		if base.Auth.OAuth1 != nil && a.ParamType == lanyard.ParamHeader {
			a.Realm = base.Auth.OAuth1.Realm
		}
		s.Auth.OAuth1 = a
	case lanyard.AuthOAuth2:
		s.Auth.OAuth2 = v.oauth2(base.Auth.OAuth2, &faults)
	case lanyard.AuthAWSSigV4:
		s.Auth.AWSSigV4 = &lanyard.AWSSigV4Auth{AWSService: v.text("aws_sigv4.aws_service"), AWSRegion: v.text("aws_sigv4.aws_region")}
	}
	return &s, faults
}

// parameterOf is the dynamic parameter of a stored service, with what the form does not show of it; empty for a new one.
func parameterOf(base *lanyard.Service, key string) lanyard.DynamicParameter {
	for _, p := range base.DynamicParameters {
		if p.Key == key {
			return p
		}
	}
	return lanyard.DynamicParameter{}
}

func (v serviceValues) apiKey(base *lanyard.APIKeyAuth) *lanyard.APIKeyAuth {
	known := 0
	if base != nil {
		known = len(base.Parameters)
	}
	a := &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{}}
	for _, r := range v.rows("api_key", known) {
		a.Parameters = append(a.Parameters, lanyard.APIKeyParameter{Name: strings.TrimSpace(r["name"]), DisplayName: strings.TrimSpace(r["display_name"]), ParamType: lanyard.ParamType(r["param_type"]), Prefix: r["prefix"]})
	}
	return a
}

func (v serviceValues) oauth2(base *lanyard.OAuth2Auth, faults *lanyard.FieldErrors) *lanyard.OAuth2Auth {
	text := func(name string) string { return v.text("oauth2." + name) }
	o := &lanyard.OAuth2Auth{
		GrantType: lanyard.GrantType(text("grant_type")), PKCE: text("pkce") != "", ClientID: text("client_id"), ClientSecret: lanyard.NewSecret(v.get("oauth2.client_secret")),
		AuthorizeURL: text("authorize_url"), AccessTokenURL: text("access_token_url"), RefreshTokenURL: text("refresh_token_url"), RevokeTokenURL: text("revoke_token_url"),
		ParamType: lanyard.ParamType(text("param_type")), ScopeDelimiter: v.get("oauth2.scope_delimiter"), TokenName: text("token_name"),
		ClientAuthentication: lanyard.ClientAuthentication(text("client_authentication")), Issuer: text("issuer"),
	}
	if base != nil {
		// Frozen: the form does not ask.
		o.GrantType, o.Scopes, o.TokenPrefix = base.GrantType, slices.Clone(base.Scopes), base.TokenPrefix
		// Rare: a definition has it from a file or the API.
		o.GrantTypeName, o.CodeName, o.TokenCodeName, o.RedirectURI = base.GrantTypeName, base.CodeName, base.TokenCodeName, base.RedirectURI
		o.ClientIDName, o.ClientSecretName, o.TokenBody, o.TokenAnswer = base.ClientIDName, base.ClientSecretName, base.TokenBody, base.TokenAnswer
	}
	if prefix := v.get("oauth2.token_prefix"); prefix != prefixOf(o) {
		o.TokenPrefix = &prefix
	}
	for _, r := range v.rows("scope", 0) {
		o.Scopes = append(o.Scopes, lanyard.Scope{Name: r["name"], Value: r["value"]})
	}
	for i, r := range v.rows("extra", 0) {
		into := map[string]*map[string]string{legAuthorize: &o.AuthorizeParams, legToken: &o.TokenParams, legRefresh: &o.RefreshParams}[r["leg"]]
		at := fmt.Sprintf("/extra/%d", i)
		switch {
		case into == nil:
			faults.Add(at+"/leg", "choose the request that it is added to")
		case r["name"] == "":
			faults.Add(at+"/name", "a parameter has a name")
		case *into == nil:
			*into = map[string]string{r["name"]: r["value"]}
		default:
			if _, twice := (*into)[r["name"]]; twice {
				faults.Add(at+"/name", "this parameter stands twice in the same request")
			}
			(*into)[r["name"]] = r["value"]
		}
	}
	if seconds := text("default_expires_in"); seconds != "" {
		n, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			faults.Add("/auth/default_expires_in", "this is a number of seconds, such as 3600")
		}
		o.DefaultExpiresIn = n
	}
	for _, status := range strings.FieldsFunc(text("refresh_statuses"), func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(status)
		if err != nil {
			faults.Add("/auth/refresh_statuses", "these are numbers such as 401, separated by commas")
			break
		}
		o.RefreshStatuses = append(o.RefreshStatuses, n)
	}
	return o
}

// definition is the JSON of a service, its secret included where it has one.
func definition(s *lanyard.Service) ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil || s.Auth.Secret().IsZero() {
		return data, err
	}
	var d map[string]any
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	auth, _ := d["auth"].(map[string]any)
	auth[strings.TrimPrefix(s.Auth.SecretPointer(), "/auth/")] = s.Auth.Secret().Reveal()
	return json.Marshal(d)
}

// patchTo is the JSON merge patch (RFC 7396) that makes one definition the other. A secret is in it only where one was
// typed.
func patchTo(stored, edited *lanyard.Service) ([]byte, error) {
	var from, to map[string]any
	before, err := json.Marshal(stored)
	if err != nil {
		return nil, err
	}
	after, err := definition(edited)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(before, &from); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &to); err != nil {
		return nil, err
	}
	return json.Marshal(withRemovals(from, to))
}

// withRemovals is to with a null for each member that is only in from.
func withRemovals(from, to map[string]any) map[string]any {
	for name, was := range from {
		is, kept := to[name]
		if !kept {
			to[name] = nil
			continue
		}
		a, ok := was.(map[string]any)
		if b, both := is.(map[string]any); ok && both {
			withRemovals(a, b)
		}
	}
	return to
}

func inputName(list string, index any, member string) string {
	return fmt.Sprintf("%s.%v.%s", list, index, member)
}

func (v serviceValues) setRow(list string, index int, r row) {
	for member, value := range r {
		v.set(inputName(list, index, member), value)
	}
}

// rows reads a list in its order. Rows in which nothing was typed are left out, but for the first ones that are known:
// those stand for something that is stored.
func (v serviceValues) rows(list string, known int) []row {
	var rows []row
	for n, i := range v.indexes(list) {
		r, typed := row{}, n < known
		for _, member := range members[list] {
			r[member] = v.get(inputName(list, i, member))
			if member != "prefix" && member != "choices" {
				r[member] = strings.TrimSpace(r[member])
			}
			typed = typed || r[member] != "" && slices.Contains(listed[list], member)
		}
		if typed {
			rows = append(rows, r)
		}
	}
	if list == "scope" {
		for _, r := range rows {
			if r["name"] == "" {
				r["name"] = r["value"] // what the provider calls it is a name to show, too
			}
		}
	}
	return rows
}

// maxRows is more than any list may have; the rules of a service say how many.
const maxRows = 1200

// indexes lists the numbers of a list's rows in ascending order.
func (v serviceValues) indexes(list string) []int {
	var all []int
	for name := range v {
		rest, ok := strings.CutPrefix(name, list+".")
		number, _, dot := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(number); ok && dot && err == nil && i >= 0 && !slices.Contains(all, i) && len(all) < maxRows {
			all = append(all, i)
		}
	}
	slices.Sort(all)
	return all
}

// compact numbers the rows of every list anew, without those in which nothing was typed, so that they stand where the
// definition has them and its faults lead to the right input.
func (v serviceValues) compact(stored *lanyard.Service) {
	for list := range members {
		first, known := 0, 0
		if stored != nil && stored.Auth.OAuth2 != nil && list == "scope" {
			first = len(stored.Auth.OAuth2.Scopes) // the form holds new ones only
		}
		if stored != nil && stored.Auth.APIKey != nil && list == "api_key" {
			known = len(stored.Auth.APIKey.Parameters)
		}
		rows := v.rows(list, known)
		for _, i := range v.indexes(list) {
			v.removeRow(list, i)
		}
		for i, r := range rows {
			v.setRow(list, first+i, r)
		}
	}
}

func (v serviceValues) removeRow(list string, index int) {
	for _, member := range members[list] {
		delete(v, inputName(list, index, member))
	}
}

// proposeHosts fills an empty host list with the hosts of the URLs that calls go to, and reports whether it did.
func (v serviceValues) proposeHosts() bool {
	if v.text("hosts") != "" {
		return false
	}
	var hosts []string
	for _, name := range []string{"base_url", "verify_url"} {
		_, rest, ok := strings.Cut(v.text(name), "://")
		if end := strings.IndexAny(rest, `/?#\`); end >= 0 {
			rest = rest[:end]
		}
		if ok && rest != "" && !slices.Contains(hosts, rest) {
			hosts = append(hosts, rest)
		}
	}
	v.set("hosts", strings.Join(hosts, "\n"))
	return len(hosts) > 0
}

// lines has the line ends of this side of the network; a form sends CR LF.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func nonEmptyLines(text string) []string {
	var all []string
	for line := range strings.Lines(lines(text)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// choicesText has a line for each choice: its value, and behind an equals sign what is shown for it.
func choicesText(choices []lanyard.Choice) string {
	all := make([]string, len(choices))
	for i, c := range choices {
		all[i] = c.Value
		if c.Name != "" && c.Name != c.Value {
			all[i] += " = " + c.Name
		}
	}
	return strings.Join(all, "\n")
}

func choicesOf(text string) []lanyard.Choice {
	var choices []lanyard.Choice
	for _, line := range nonEmptyLines(text) {
		value, name, _ := strings.Cut(line, " = ")
		choices = append(choices, lanyard.Choice{Value: strings.TrimSpace(value), Name: strings.TrimSpace(name)})
	}
	return choices
}

func statusesText(statuses []int) string {
	all := make([]string, len(statuses))
	for i, s := range statuses {
		all[i] = strconv.Itoa(s)
	}
	return strings.Join(all, ", ")
}
