package extension

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
)

// Change is one difference between two versions of an extension.
type Change struct {
	What  string // whose: "Service Acme", "Connection acme_orders", "Script sync"
	Words string // a sentence: "Credentials may also go to files.acme.example."
	// Reach: with it, credentials or what scripts read may go where they did not before, or be allowed more.
	Reach bool
	// Before and After are texts to be shown line by line, such as those of a script; both empty: the sentence says it all.
	Before, After string
}

// Compare tells how a package differs from the installed one, what extends its reach first. None: nothing that matters.
// What no rule knows counts as reach.
func Compare(before, after *Package) []Change {
	c := &comparison{}
	c.manifest(before, after)
	c.services(before, after)
	c.connections(before, after)
	c.scripts(before, after)
	c.tasks(before, after)
	slices.SortStableFunc(c.all, func(a, b Change) int {
		switch {
		case a.Reach == b.Reach:
			return 0
		case a.Reach:
			return -1
		}
		return 1
	})
	return c.all
}

// comparison collects changes of one thing after the other.
type comparison struct {
	what string // is being compared
	all  []Change
}

func (c *comparison) add(reach bool, format string, args ...any) *Change {
	c.all = append(c.all, Change{What: c.what, Words: fmt.Sprintf(format, args...), Reach: reach})
	return &c.all[len(c.all)-1]
}

// longest is how long a value is in a sentence, in bytes; longer ones are shown below it. Nothing is cut off: what decides
// may stand at the end.
const longest = 200

// from tells that a value is another one. Names and values are of the package.
func (c *comparison) from(reach bool, name, before, after string) {
	switch {
	case before == after:
	case len(before)+len(after) > 2*longest || strings.ContainsAny(before+after, "\n"):
		n := c.add(reach, "The %s changes.", name)
		n.Before, n.After = before, after
	case before == "":
		c.add(reach, "The %s is now %s; there was none.", name, said(after))
	case after == "":
		c.add(reach, "There is no %s any more; it was %s.", name, said(before))
	default:
		c.add(reach, "The %s changes from %s to %s.", name, said(before), said(after))
	}
}

// lists tells what came to a list of texts and what left it.
func (c *comparison) lists(before, after []string, came func(string), left func(string)) {
	for _, s := range after {
		if !slices.Contains(before, s) {
			came(said(s))
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			left(said(s))
		}
	}
}

func (c *comparison) manifest(before, after *Package) {
	c.what = "The extension"
	c.from(false, "title", before.Title, after.Title)
	c.from(false, "publisher's name", before.Publisher, after.Publisher)
	c.from(false, "description", before.Description, after.Description)
	c.from(false, "link to its documentation", before.DocsURL, after.DocsURL)
	c.lists(before.Hosts, after.Hosts,
		func(host string) { c.add(true, "Its scripts may also call %s, without a connection.", host) },
		func(host string) { c.add(false, "Its scripts may no longer call %s without a connection.", host) })
}

func (c *comparison) services(before, after *Package) {
	old, now := map[lanyard.LinkName]*lanyard.Service{}, map[lanyard.LinkName]*lanyard.Service{}
	for _, s := range before.CustomServices() {
		old[s.LinkName] = s
	}
	for _, s := range after.CustomServices() {
		now[s.LinkName] = s
		c.what = "Service " + said(s.Name)
		if old[s.LinkName] != nil {
			c.service(old[s.LinkName], s)
			continue
		}
		c.add(true, "This service is new: %s. Credentials for it may go to %s.", authWords[s.Auth.Type], strings.Join(s.ShownHosts(), ", "))
		for _, u := range urlsOf(s) {
			c.add(true, "Its %s is %s.", u.Name, said(u.URL))
		}
	}
	for _, s := range before.CustomServices() {
		if now[s.LinkName] == nil {
			c.what = "Service " + said(s.Name)
			c.add(false, "This service is deleted; what was connected with it stops working.")
		}
	}
}

// service compares the definitions field by field, as they are written as JSON.
func (c *comparison) service(old, now *lanyard.Service) {
	first := len(c.all)
	a, b := members(old), members(now)
	for _, name := range both(a, b) {
		if bytes.Equal(a[name], b[name]) {
			continue
		}
		switch name {
		case "name", "description":
			c.from(false, name, text(a[name]), text(b[name]))
		case "docs_url":
			c.from(false, "link to its documentation", text(a[name]), text(b[name]))
		case "hosts":
			c.lists(old.Hosts, now.Hosts,
				func(host string) { c.add(true, "Credentials may also go to %s.", host) },
				func(host string) { c.add(false, "Credentials may no longer go to %s.", host) })
		case "headers":
			c.texts("header", old.Headers, now.Headers)
		case "dynamic_parameters":
			c.parameters(old.DynamicParameters, now.DynamicParameters)
		case "auth":
			c.auth(&old.Auth, &now.Auth)
		default:
			c.from(true, fieldName(name), value(a[name]), value(b[name]))
		}
	}
	edit, err := lanyard.CheckEdit(old, now)
	told := slices.ContainsFunc(c.all[first:], func(n Change) bool { return n.Reach })
	narrowed := len(edit.Moves) == 1 && edit.Moves[0] == "/hosts"
	switch {
	case !told && (err != nil || len(edit.Moves) > 0) && !narrowed:
		c.add(true, "How credentials are used changes.")
	case first == len(c.all) && edit.Changed:
		c.add(true, "Its definition changes.")
	}
	if len(edit.Moves) > 0 {
		c.add(false, "Whoever connected with it has to connect again.")
	}
}

func (c *comparison) auth(old, now *lanyard.Auth) {
	if old.Type != now.Type {
		c.add(true, "The authentication changes from %s to %s.", authWords[old.Type], authWords[now.Type])
		return
	}
	a, b := members(old), members(now)
	for _, name := range both(a, b) {
		if bytes.Equal(a[name], b[name]) {
			continue
		}
		switch name {
		case "scopes":
			c.scopes(old.OAuth2.Scopes, now.OAuth2.Scopes)
		case "authorize_params":
			c.texts("parameter of the authorize URL", old.OAuth2.AuthorizeParams, now.OAuth2.AuthorizeParams)
		case "token_params":
			c.texts("parameter of token requests", old.OAuth2.TokenParams, now.OAuth2.TokenParams)
		case "refresh_params":
			c.texts("parameter of refresh requests", old.OAuth2.RefreshParams, now.OAuth2.RefreshParams)
		case "parameters":
			c.keys(old.APIKey.Parameters, now.APIKey.Parameters)
		default:
			c.from(true, fieldName(name), value(a[name]), value(b[name]))
		}
	}
}

// scopes are those that connections can ask for.
func (c *comparison) scopes(old, now []lanyard.Scope) {
	for _, s := range now {
		i := slices.IndexFunc(old, func(o lanyard.Scope) bool { return o.Value == s.Value })
		switch {
		case i < 0 && s.Always:
			c.add(true, "Every connection also asks for the scope %s (%s).", said(s.Value), said(s.Name))
		case i < 0:
			c.add(true, "Connections can also ask for the scope %s (%s).", said(s.Value), said(s.Name))
		case old[i] != s:
			c.from(true, "scope "+said(s.Value), value(encoded(old[i])), value(encoded(s)))
		}
	}
	for _, s := range old {
		if !slices.ContainsFunc(now, func(n lanyard.Scope) bool { return n.Value == s.Value }) {
			c.add(true, "Connections can no longer ask for the scope %s.", said(s.Value))
		}
	}
}

// keys are the values of an API key; they are known by their place.
func (c *comparison) keys(old, now []lanyard.APIKeyParameter) {
	for i, p := range now {
		if i >= len(old) {
			c.add(true, "Whoever connects is also asked for %s, which goes into the %s %s.", said(p.DisplayName), p.ParamType, said(p.Name))
			continue
		}
		o := old[i]
		name := said(o.DisplayName)
		if o.ParamType != p.ParamType {
			c.add(true, "%s goes into the %s and no longer into the %s.", name, p.ParamType, o.ParamType)
		}
		c.from(true, "name under which "+name+" is sent", o.Name, p.Name)
		c.from(true, "text before "+name, o.Prefix, p.Prefix)
		c.from(false, "label of "+name, o.DisplayName, p.DisplayName)
		o.ParamType, o.Name, o.Prefix, o.DisplayName = p.ParamType, p.Name, p.Prefix, p.DisplayName
		c.from(true, "parameter "+name, value(encoded(o)), value(encoded(p)))
	}
	for _, o := range old[min(len(old), len(now)):] {
		c.add(true, "%s is not sent any more.", said(o.DisplayName))
	}
}

// parameters are what whoever connects is asked for and what stands in URLs.
func (c *comparison) parameters(old, now []lanyard.DynamicParameter) {
	key := func(key string) func(lanyard.DynamicParameter) bool {
		return func(p lanyard.DynamicParameter) bool { return p.Key == key }
	}
	for _, p := range now {
		i := slices.IndexFunc(old, key(p.Key))
		if i < 0 {
			c.from(true, "dynamic parameter {"+said(p.Key)+"}", "", value(encoded(p)))
			continue
		}
		a, b := members(old[i]), members(p)
		for _, name := range both(a, b) {
			reach := name != "name" && name != "help" && name != "example"
			c.from(reach, strings.ReplaceAll(name, "_", " ")+" of the dynamic parameter {"+said(p.Key)+"}", value(a[name]), value(b[name]))
		}
	}
	for _, p := range old {
		if !slices.ContainsFunc(now, key(p.Key)) {
			c.add(true, "There is no dynamic parameter {%s} any more.", said(p.Key))
		}
	}
	if len(old) == len(now) && !slices.EqualFunc(old, now, func(a, b lanyard.DynamicParameter) bool { return a.Key == b.Key }) {
		c.add(true, "The dynamic parameters have another order.")
	}
}

// texts compares what is written by names, such as headers.
func (c *comparison) texts(what string, old, now map[string]string) {
	for _, name := range both(old, now) {
		c.from(true, what+" "+said(name), old[name], now[name])
	}
}

func (c *comparison) connections(before, after *Package) {
	for i := range after.Connections {
		now := &after.Connections[i]
		old := before.Connection(now.LinkName)
		c.what = "Connection " + said(string(now.LinkName))
		if old == nil {
			c.add(true, "This connection with %s is new.", now.Service)
			if len(now.Scopes) > 0 {
				c.add(true, "It asks for %s.", strings.Join(now.Scopes, ", "))
			}
			if now.UseLoginUserCredentials {
				c.add(true, "Scripts use the credentials of whoever runs them with it.")
			}
			continue
		}
		c.from(true, "service", string(old.Service), string(now.Service))
		c.lists(old.Scopes, now.Scopes,
			func(scope string) { c.add(true, "It also asks for the scope %s.", scope) },
			func(scope string) { c.add(false, "It no longer asks for the scope %s.", scope) })
		switch {
		case now.UseLoginUserCredentials && !old.UseLoginUserCredentials:
			c.add(true, "Scripts use the credentials of whoever runs them, and no longer those of who installed the extension.")
		case old.UseLoginUserCredentials && !now.UseLoginUserCredentials:
			c.add(true, "Scripts use the credentials of who installed the extension, and no longer those of whoever runs them.")
		}
		c.from(false, "name", old.Name, now.Name)
	}
	for _, old := range before.Connections {
		if after.Connection(old.LinkName) == nil {
			c.what = "Connection " + said(string(old.LinkName))
			c.add(false, "This connection is deleted, with everything that was authorized on it.")
		}
	}
}

func (c *comparison) scripts(before, after *Package) {
	find := func(p *Package, name lanyard.LinkName) *Script {
		if i := slices.IndexFunc(p.Scripts, func(s Script) bool { return s.LinkName == name }); i >= 0 {
			return &p.Scripts[i]
		}
		return nil
	}
	for _, now := range after.Scripts {
		c.what = "Script " + said(string(now.LinkName))
		switch old := find(before, now.LinkName); {
		case old == nil:
			c.add(true, "This script is new.").After = now.Source
		default:
			if old.Source != now.Source {
				n := c.add(true, "The script changes: it may send what it reads elsewhere.")
				n.Before, n.After = old.Source, now.Source
			}
			c.from(false, "name", old.Name, now.Name)
		}
	}
	for _, old := range before.Scripts {
		if find(after, old.LinkName) == nil {
			c.what = "Script " + said(string(old.LinkName))
			c.add(false, "This script is deleted; what calls it stops working.")
		}
	}
}

func (c *comparison) tasks(before, after *Package) {
	byName := func(p *Package) map[string]*lanyard.Task {
		all := map[string]*lanyard.Task{}
		for _, t := range p.Tasks() {
			all[t.Name] = t.Task
		}
		return all
	}
	old, now := byName(before), byName(after)
	for _, name := range both(old, now) {
		c.what = "Task " + said(name)
		switch a, b := old[name], now[name]; {
		case a == nil:
			c.add(true, "This task is new.").After = indented(b)
		case b == nil:
			c.add(false, "This task is deleted; scripts that call it stop working.")
		case !bytes.Equal(encoded(a), encoded(b)):
			n := c.add(true, "What the task sends, or where, changes.")
			n.Before, n.After = indented(a), indented(b)
		case serviceOf(before, name) != serviceOf(after, name):
			c.add(true, "The task belongs to another service.")
		}
	}
}

// serviceOf is the service that a task belongs to.
func serviceOf(p *Package, task string) lanyard.LinkName {
	all := p.Tasks()
	i := slices.IndexFunc(all, func(t catalog.Task) bool { return t.Name == task })
	return all[i].Entry.LinkName()
}

var authWords = map[lanyard.AuthType]string{
	lanyard.AuthAPIKey: "an API key", lanyard.AuthBasic: "a user name and password", lanyard.AuthOAuth1: "OAuth 1.0a", lanyard.AuthOAuth2: "OAuth 2.0",
	lanyard.AuthAWSSigV4: "AWS signatures",
}

// fieldNames are fields of a definition as a person calls them.
var fieldNames = map[string]string{
	"base_url": "base URL", "verify_url": "verification URL", "verify_method": "method of the verification request", "verify_body": "body of the verification request",
	"verify_member": "member that the verification looks for", "verify_accepts": "list of statuses that the verification accepts", "verify_aws_service": "AWS service of the verification",
	"request_token_url": "request token URL", "authorize_url": "authorize URL", "access_token_url": "access token URL",
	"refresh_token_url": "refresh token URL", "revoke_token_url": "revoke token URL", "param_type": "place of the token", "token_name": "name under which the token is sent",
	"token_prefix": "text before the token", "pkce": "use of PKCE", "scope_delimiter": "sign between scopes", "redirect_uri": "redirect URI",
	"signature_method": "signature method", "aws_service": "AWS service", "aws_region": "AWS region", "username": "user name", "grant_type": "grant type",
}

func fieldName(field string) string {
	if name := fieldNames[field]; name != "" {
		return name
	}
	return `field "` + field + `"`
}

// members are the fields of what is written as a JSON object.
func members(v any) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	_ = json.Unmarshal(encoded(v), &m) // what was just encoded decodes
	return m
}

func encoded(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) //nolint:errchkjson // definitions always encode
	return bytes.TrimSpace(b.Bytes())
}

func indented(v any) string {
	var b bytes.Buffer
	_ = json.Indent(&b, encoded(v), "", "  ") // what was just encoded is JSON
	return b.String()
}

// text is a JSON text; empty for anything else.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) //nolint:errcheck // then it is empty
	return s
}

// value is a JSON value as it is told: a text without its quotes.
func value(raw json.RawMessage) string {
	if s := text(raw); s != "" {
		return s
	}
	return string(raw)
}

// both are the names in either of two maps, sorted.
func both[V any](a, b map[string]V) []string {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
