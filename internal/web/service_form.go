package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// serviceFormPage is the form of a custom service, new or stored.
type serviceFormPage struct {
	frame
	form
	Name     string // of the stored service; empty for a new one
	Back     string
	Action   string
	Version  int64  // of the stored service, as it was looked at
	LinkName string // of the stored service
	Basics   []field
	Types    []typeChoice // to choose from; none once the service is stored
	Type     field        // in their place
	Blocks   []typeBlock
	Calls    []field
	Dynamic  rowList
	Callback string // of the stored service
	// CallbackPattern is what the callback URL of a new service will be, with {link_name} in it until there is one.
	CallbackPattern string
	Affected        *affectedPart
	Confirm         bool // the change revokes connections: ask first
	// Meanwhile lists what another edit saved that differs from what is in the form.
	Meanwhile []savedValue
	Try       samplePart
}

func (serviceFormPage) template() string { return "service_form" }

// typeChoice is an authentication type to choose.
type typeChoice struct {
	Value  lanyard.AuthType
	Name   string
	Text   string
	Chosen bool
}

// typeBlock is the fields of one authentication type.
type typeBlock struct {
	Type      lanyard.AuthType
	Hidden    bool
	Text      string
	Fields    []field
	Lists     []rowList
	More      []field // rarely needed
	MoreLists []rowList
	MoreOpen  bool // something is wrong, or set, in there
	Consent   bool // connecting needs the callback URL
}

// rowList is a list of rows that can be added to.
type rowList struct {
	ID     string // of the list in the form
	Legend string
	Help   string
	Error  string
	Frozen []lanyard.Scope // entries that are stored and stay as they are
	Why    string          // they do
	Rows   []formRow
	Blank  formRow // what a script adds; its number is {n}
	Add    string  // the words of the button
	Action string  // where it goes: back to this list
}

// formRow is one entry.
type formRow struct {
	Number string
	Legend string
	Fields []field
	// Remove is what the button sends; empty for an entry that stays.
	Remove string
	Stays  string // why it does
}

// savedValue is what is stored where the form has something else.
type savedValue struct{ Label, Value string }

// affectedPart says what saving or deleting revokes.
type affectedPart struct {
	Authorizations int
	Sentence       string
	Names          []string
	More           int
}

func newAffectedPart(a *store.Affected) *affectedPart {
	if a == nil || a.Authorizations == 0 {
		return nil
	}
	return &affectedPart{
		Authorizations: a.Authorizations, Names: a.Names, More: a.People - len(a.Names),
		Sentence: fmt.Sprintf("%s of %s, with the accounts of %s.", counted(a.Authorizations, "authorization"), counted(a.Connections, "connection"), counted(a.People, "person")),
	}
}

// Revokes is what the button that saves does.
func (p serviceFormPage) Revokes() string {
	return counted(p.Affected.Authorizations, "authorization")
}

// slug is the name of an input, or a part of it, as an element's id has it.
func slug(name any) string { return strings.NewReplacer(".", "-", "_", "-").Replace(fmt.Sprint(name)) }

// Slug is the list's id as an element has it.
func (l rowList) Slug() string { return slug(l.ID) }

// typeNames says the authentication types to people, in the order in which they are asked.
var typeNames = []typeChoice{
	{Value: lanyard.AuthAPIKey, Name: "API key", Text: "One or more keys or tokens that the service shows in its settings."},
	{Value: lanyard.AuthBasic, Name: "Basic", Text: "A user name and a password."},
	{Value: lanyard.AuthOAuth1, Name: "OAuth 1", Text: "Consent in the browser, and a signature on each request."},
	{Value: lanyard.AuthOAuth2, Name: "OAuth 2", Text: "Consent in the browser, or client credentials."},
	{Value: lanyard.AuthAWSSigV4, Name: "AWS Signature Version 4", Text: "Access keys of Amazon Web Services, or of a storage that speaks its protocol."},
}

// typeName is the name of an authentication type for people.
func typeName(t lanyard.AuthType) string {
	if i := slices.IndexFunc(typeNames, func(c typeChoice) bool { return c.Value == t }); i >= 0 {
		return typeNames[i].Name
	}
	return string(t)
}

// serviceDrawing draws the form. Each field takes its value from what was typed and its error from what came of it.
type serviceDrawing struct {
	*serviceFormPage
	values serviceValues
	stored *registry.ServiceView // nil for a new service
	saved  serviceValues         // the stored service, where it moved on meanwhile

	publicURL     string
	hostsProposed bool // by us
}

// newServiceFormPage draws the form. d is what came of a try; nil for none.
func newServiceFormPage(v visitor, draw serviceDrawing, d *problem.Document) serviceFormPage {
	page := serviceFormPage{Action: "/services", Back: "/services/custom"}
	draw.serviceFormPage = &page
	title, heading := "New service", "The service was not created"
	if s := draw.stored; s != nil {
		page.Name, page.LinkName, page.Version = s.Name, string(s.LinkName), s.Version
		page.Back = servicePath(s.LinkName)
		page.Action = serviceAction(s.LinkName, "edit")
		page.Affected = newAffectedPart(s.Affected)
		title, heading = "Edit "+s.Name, "The service was not saved"
		page.Callback = s.CallbackURL
	} else {
		link := draw.values.text("link_name")
		if _, err := lanyard.ParseLinkName(link); err != nil {
			link = "link_name"
		}
		page.CallbackPattern = registry.CallbackURL(draw.publicURL, v.caller.Organization, lanyard.LinkName(link))
	}
	page.frame = newShellFrame(v, title, "/services/custom")
	page.Scripts = []string{"service_form.js"}
	page.form = newForm(d, heading)
	if page.Failed {
		page.Title = "Error: " + page.Title
	}
	draw.basics()
	draw.types()
	draw.calls()
	page.Try = draw.try()
	page.rest()
	return page
}

// input draws a field under its name in the form.
func (p *serviceDrawing) input(f field, pointer string) field {
	f.ID = slug(f.Name)
	if f.Type != "password" {
		f.Value = p.values.get(f.Name)
	}
	if p.saved != nil && f.Type != "password" && p.saved.get(f.Name) != f.Value {
		p.Meanwhile = append(p.Meanwhile, savedValue{f.Label, p.saved.get(f.Name)})
	}
	return p.field(f, pointer)
}

func (p *serviceDrawing) basics() {
	p.Basics = append(p.Basics, p.input(field{Name: "name", Label: "Service name", Help: "Shown to people. At most 50 characters."}, "/name"))
	link := field{Name: "link_name", Label: "Link name", Mono: true, Help: "Lower-case letters, digits and underscores, a letter first. It never changes."}
	if p.stored != nil {
		link.Frozen = "Connections and the callback URL name the service by it, so it never changes."
	}
	p.Basics = append(p.Basics, p.input(link, "/link_name"),
		p.input(field{Name: "description", Label: "Description", Rows: 2, Optional: true, Help: "What the service is for, for whoever picks it."}, "/description"),
		p.input(field{Name: "docs_url", Label: "Documentation", Optional: true, Mono: true, Placeholder: "https://", Help: "Where the service describes its API."}, "/docs_url"))
}

func (p *serviceDrawing) types() {
	chosen := lanyard.AuthType(p.values.get("type"))
	known := slices.Contains(lanyard.AuthTypes, chosen)
	if p.stored != nil {
		p.Type = field{ID: "type", Label: "Authentication type", Value: typeName(chosen), Frozen: "It decides what a credential is, so it never changes. For another type, create another service."}
	} else {
		p.Type = p.field(field{ID: "type-api-key", Label: "Authentication type"}, "/auth/type")
		for _, c := range typeNames {
			c.Chosen = c.Value == chosen
			p.Types = append(p.Types, c)
		}
	}
	for _, t := range lanyard.AuthTypes {
		if p.stored != nil && t != chosen {
			continue
		}
		b := p.block(t, known && t == chosen)
		b.Type, b.Hidden = t, t != chosen
		p.Blocks = append(p.Blocks, b)
	}
}

// block draws the fields of a type. The faults of a try belong to the type that was chosen.
func (p *serviceDrawing) block(t lanyard.AuthType, chosen bool) typeBlock {
	held := p.form
	if !chosen {
		p.fields = nil
		defer func() { p.form = held }()
	}
	switch t {
	case lanyard.AuthAPIKey:
		return p.apiKeyBlock()
	case lanyard.AuthOAuth1:
		return p.oauth1Block()
	case lanyard.AuthOAuth2:
		return p.oauth2Block()
	case lanyard.AuthAWSSigV4:
		return typeBlock{Text: "Whoever connects gives an access key ID and a secret access key. Each request is signed with them, in headers only.", Fields: []field{
			p.input(field{Name: "aws_sigv4.aws_service", Label: "AWS service", Mono: true, Placeholder: "s3", Help: "As it stands in a signature: s3, sqs, dynamodb, execute-api."}, "/auth/aws_service"),
			p.input(field{Name: "aws_sigv4.aws_region", Label: "AWS region", Mono: true, Placeholder: "us-east-1"}, "/auth/aws_region"),
		}}
	}
	return typeBlock{Text: "There is nothing more to say: whoever connects gives a user name and a password. They are sent as the header Authorization: Basic, encoded in base64."}
}

var paramTypes = map[lanyard.ParamType]string{lanyard.ParamHeader: "Header", lanyard.ParamQuery: "Query string", lanyard.ParamForm: "Form data"}

func paramTypeChoices(types ...lanyard.ParamType) []lanyard.Choice {
	choices := make([]lanyard.Choice, len(types))
	for i, t := range types {
		choices[i] = lanyard.Choice{Value: string(t), Name: paramTypes[t]}
	}
	return choices
}

func (p *serviceDrawing) apiKeyBlock() typeBlock {
	known := 0
	if p.stored != nil {
		known = len(p.stored.Auth.APIKey.Parameters)
	}
	list := p.list(rowList{ID: "api_key", Legend: "Parameters", Add: "Add parameter", Help: "Each is asked for when somebody connects, and is sent on every request."}, "/auth/parameters", 0, known,
		func(n string) formRow {
			at, name := "/auth/parameters/"+n, func(member string) string { return inputName("api_key", n, member) }
			return formRow{Legend: "Parameter", Fields: []field{
				p.input(field{Name: name("param_type"), Label: "Param type", Choices: paramTypeChoices(lanyard.ParamHeader, lanyard.ParamQuery, lanyard.ParamForm), Chosen: true}, at+"/param_type"),
				p.input(field{Name: name("name"), Label: "Actual parameter", Mono: true, Placeholder: "X-Api-Key", Help: "As the service's API documentation names it."}, at+"/name"),
				p.input(field{Name: name("display_name"), Label: "Parameter display name", Placeholder: "API key", Optional: true, Help: "What whoever connects is asked for. The actual parameter when left empty."}, at+"/display_name"),
				p.input(field{Name: name("prefix"), Label: "Prefix", Mono: true, Optional: true, Placeholder: "Token ", Help: "Stands before the value, its blank included."}, at+"/prefix"),
			}}
		})
	return typeBlock{Text: "Whoever connects gives a value for each parameter.", Lists: []rowList{list}}
}

// secretField asks for the client or consumer secret. The one that is stored is never shown.
func (p *serviceDrawing) secretField(name, label, help, pointer string, optional bool) field {
	f := field{Name: name, Label: label, Type: "password", Autocomplete: "new-password", Mono: true, Optional: optional, Help: help}
	if p.stored != nil && p.stored.SecretSet {
		f.Optional = true
		f.Help = fmt.Sprintf("A secret is set (fingerprint %s). Leave this empty to keep it.", p.stored.SecretFingerprint)
	}
	if p.values.get(name) != "" {
		f.Help = "Enter it once more: a secret is never put back into a page. " + f.Help
	}
	return p.input(f, pointer)
}

func (p *serviceDrawing) url(name, label, help, pointer string, optional bool) field {
	return p.input(field{Name: name, Label: label, Type: "url", Mono: true, Placeholder: "https://", Help: help, Optional: optional}, pointer)
}

func (p *serviceDrawing) oauth1Block() typeBlock {
	return typeBlock{Consent: true, Text: "Register an application with the service, with the callback URL below. It gives you a consumer key and a consumer secret.", Fields: []field{
		p.input(field{Name: "oauth1.consumer_key", Label: "Consumer key", Mono: true}, "/auth/consumer_key"),
		p.secretField("oauth1.consumer_secret", "Consumer secret", "With RSA-SHA1, use the API: it takes a private key of several lines.", "/auth/consumer_secret", true),
		p.url("oauth1.request_token_url", "Request token URL", "", "/auth/request_token_url", false),
		p.url("oauth1.authorize_url", "Authorize URL", "", "/auth/authorize_url", false),
		p.url("oauth1.access_token_url", "Access token URL", "", "/auth/access_token_url", false),
		p.input(field{Name: "oauth1.param_type", Label: "Param type", Choices: paramTypeChoices(lanyard.ParamHeader, lanyard.ParamQuery, lanyard.ParamForm), Chosen: true,
			Help: "Where the OAuth parameters stand on a request."}, "/auth/param_type"),
		p.input(field{Name: "oauth1.signature_method", Label: "Signature method", Chosen: true, Choices: []lanyard.Choice{
			{Value: string(lanyard.HMACSHA1)}, {Value: string(lanyard.HMACSHA256)}, {Value: string(lanyard.RSASHA1)}, {Value: string(lanyard.PLAINTEXT)}}}, "/auth/signature_method"),
	}}
}

var grantTypes = []lanyard.Choice{
	{Value: string(lanyard.AuthorizationCode), Name: "Authorization code: each person agrees in the browser"},
	{Value: string(lanyard.ClientCredentials), Name: "Client credentials: the client acts for itself"},
}

func (p *serviceDrawing) oauth2Block() typeBlock {
	grant := field{Name: "oauth2.grant_type", Label: "Grant type", Choices: grantTypes, Chosen: true}
	first := 0
	scopes := rowList{ID: "scope", Legend: "Scopes", Add: "Add scope", Help: "What a connection can ask for. Whoever makes one chooses among them."}
	if p.stored != nil {
		o := p.stored.Auth.OAuth2
		grant.Frozen = "Connections hold what this grant gave, so it never changes."
		first, scopes.Frozen = len(o.Scopes), o.Scopes
		scopes.Why = "Connections ask for these, so they can be neither edited nor deleted. You can add others."
	}
	grant = p.input(grant, "/auth/grant_type")
	if grant.Frozen != "" {
		grant.Value = choiceName(grantTypes, grant.Value)
	}
	b := typeBlock{Consent: true, Text: "Register an application with the service, with the callback URL below. It gives you a client ID and a client secret.", Fields: []field{
		grant,
		p.input(field{Name: "oauth2.client_id", Label: "Client ID", Mono: true}, "/auth/client_id"),
		p.secretField("oauth2.client_secret", "Client secret", "Empty for a public client.", "/auth/client_secret", true),
		p.url("oauth2.authorize_url", "Authorize URL", "Not needed for client credentials.", "/auth/authorize_url", true),
		p.url("oauth2.access_token_url", "Access token URL", "", "/auth/access_token_url", false),
		p.url("oauth2.refresh_token_url", "Refresh token URL", "The access token URL when left empty.", "/auth/refresh_token_url", true),
		p.url("oauth2.revoke_token_url", "Revoke token URL", "Told when a connection is revoked (RFC 7009).", "/auth/revoke_token_url", true),
		p.input(field{Name: "oauth2.param_type", Label: "Param type", Choices: paramTypeChoices(lanyard.ParamHeader, lanyard.ParamQuery), Chosen: true, Help: "Where the access token stands on a request."}, "/auth/param_type"),
	}}
	scopes = p.list(scopes, "/auth/scopes", first, 0, func(n string) formRow {
		at := "/auth/scopes/" + n
		return formRow{Legend: "Scope", Fields: []field{
			p.input(field{Name: inputName("scope", n, "name"), Label: "Display name", Optional: true}, at+"/name"),
			p.input(field{Name: inputName("scope", n, "value"), Label: "Value", Mono: true}, at+"/value"),
		}}
	})
	b.Lists = []rowList{scopes}
	b.Fields = append(b.Fields, p.input(field{Name: "oauth2.scope_delimiter", Label: "Scope delimiter", Chosen: true, Help: "What stands between scopes when they are asked for.",
		Choices: []lanyard.Choice{{Value: " ", Name: "Space"}, {Value: ",", Name: "Comma (,)"}, {Value: "+", Name: "Plus (+)"}}}, "/auth/scope_delimiter"))
	p.oauth2More(&b)
	return b
}

// oauth2More draws what only some providers need.
func (p *serviceDrawing) oauth2More(b *typeBlock) {
	faults := len(p.Faults)
	b.More = []field{
		p.input(field{Name: "oauth2.pkce", Label: "PKCE", Type: "switch", Help: "Binds the code to whoever asked for it (RFC 7636). Off only for a provider that breaks on it."}, "/auth/pkce"),
		p.input(field{Name: "oauth2.client_authentication", Label: "Client authentication", Chosen: true, Help: "How the client proves itself where it gets tokens.", Choices: []lanyard.Choice{
			{Value: "", Name: "Find out: Basic first, then in the body"}, {Value: string(lanyard.ClientSecretBasic), Name: "Basic"}, {Value: string(lanyard.ClientSecretPost), Name: "In the body"},
			{Value: string(lanyard.ClientSecretBasicRaw), Name: "Basic, without encoding"}, {Value: string(lanyard.ClientAuthNone), Name: "None: a public client"}}}, "/auth/client_authentication"),
		p.input(field{Name: "oauth2.token_name", Label: "Name of the header or parameter", Mono: true, Optional: true, Placeholder: "Authorization", Help: "Authorization, or access_token in the query string, when left empty."}, "/auth/token_name"),
		p.input(field{Name: "oauth2.token_prefix", Label: "Prefix of the access token", Mono: true, Optional: true, Help: "Stands before the token in a header, its blank included. Usually it is Bearer."}, "/auth/token_prefix"),
		p.input(field{Name: "oauth2.default_expires_in", Label: "Life of an access token, in seconds", Mono: true, Optional: true, Help: "Where the provider does not say."}, "/auth/default_expires_in"),
		p.input(field{Name: "oauth2.refresh_statuses", Label: "Statuses that mean refresh now", Mono: true, Optional: true, Placeholder: "401", Help: "Separated by commas. 401 when left empty."}, "/auth/refresh_statuses"),
		p.input(field{Name: "oauth2.issuer", Label: "Issuer", Mono: true, Optional: true, Placeholder: "https://", Help: "Has to come back with the code (RFC 9207)."}, "/auth/issuer"),
	}
	extras := p.values.rows("extra", 0)
	list := p.list(rowList{ID: "extra", Legend: "Further parameters", Add: "Add parameter", Help: "Added to the requests of OAuth, such as access_type=offline to the authorize URL."}, "/extra", 0, 0, func(n string) formRow {
		at := "/extra/" + n
		named := at + "/name"
		if i, err := strconv.Atoi(n); err == nil && i < len(extras) && !p.has(named) {
			named = "/auth/" + extras[i]["leg"] + "_params/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(extras[i]["name"])
		}
		return formRow{Legend: "Further parameter", Fields: []field{
			p.input(field{Name: inputName("extra", n, "leg"), Label: "Added to", Chosen: true, Choices: []lanyard.Choice{
				{Value: legAuthorize, Name: "The authorize URL"}, {Value: legToken, Name: "The request for a token"}, {Value: legRefresh, Name: "The request to refresh"}}}, at+"/leg"),
			p.input(field{Name: inputName("extra", n, "name"), Label: "Name", Mono: true}, named),
			p.input(field{Name: inputName("extra", n, "value"), Label: "Value", Mono: true, Optional: true}, at+"/value"),
		}}
	})
	b.MoreLists = []rowList{list}
	b.MoreOpen = len(p.Faults) > faults || len(list.Rows) > 0
}

// has reports whether there is a fault at the pointer.
func (p *serviceDrawing) has(pointer string) bool {
	return slices.ContainsFunc(p.fields, func(e lanyard.FieldError) bool { return e.Pointer == pointer })
}

func choiceName(choices []lanyard.Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Name
		}
	}
	return value
}

func (p *serviceDrawing) calls() {
	p.Calls = []field{
		p.input(field{Name: "base_url", Label: "Base URL", Type: "url", Mono: true, Optional: true, Placeholder: "https://", Help: "What paths such as /contacts are relative to. It can hold {placeholders}."}, "/base_url"),
		p.hosts(),
		p.input(field{Name: "verify_url", Label: "Verification URL", Type: "url", Mono: true, Optional: true, Placeholder: "https://", Help: "Called once with GET after connecting, to see whether the credential works."}, "/verify_url"),
	}
	p.Dynamic = p.list(rowList{ID: "parameter", Legend: "Dynamic parameters", Add: "Add dynamic parameter",
		Help: "Values that each person gives when connecting. {domain} in a URL or host stands for the value of the parameter with the key domain."}, "/dynamic_parameters", 0, 0, func(n string) formRow {
		at, name := "/dynamic_parameters/"+n, func(member string) string { return inputName("parameter", n, member) }
		return formRow{Legend: "Dynamic parameter", Fields: []field{
			p.input(field{Name: name("key"), Label: "Key", Mono: true, Placeholder: "domain", Help: "As it stands in URLs, without the braces."}, at+"/key"),
			p.input(field{Name: name("name"), Label: "Display name", Optional: true, Placeholder: "Your Acme domain"}, at+"/name"),
			p.input(field{Name: name("format"), Label: "In a host it stands for", Chosen: true, Choices: []lanyard.Choice{{Value: "", Name: "One part of the name"}, {Value: string(lanyard.FormatHost), Name: "The whole host name"}}}, at+"/format"),
			p.input(field{Name: name("default"), Label: "Default", Mono: true, Optional: true, Help: "Taken when nothing is given."}, at+"/default"),
			p.choices(name("choices"), at),
			p.input(field{Name: name("pattern"), Label: "Pattern", Mono: true, Optional: true, Placeholder: "[0-9]{6}", Help: "A regular expression that the whole value has to match (RE2)."}, at+"/pattern"),
			p.input(field{Name: name("help"), Label: "Help", Optional: true, Help: "Shown beside the field when somebody connects."}, at+"/help"),
		}}
	})
}

// hosts is a line for each host; a fault names the line.
func (p *serviceDrawing) hosts() field {
	p.byLine("/hosts", "/hosts")
	f := field{Name: "hosts", Label: "Hosts", Rows: 3, Mono: true, Placeholder: "api.example.com", Help: "One a line: where the credential may be sent, and nowhere else. *.example.com is every host below it; * is any host."}
	if p.hostsProposed {
		f.Help = "Proposed from the URLs: change it as you need. " + f.Help
	}
	return p.input(f, "/hosts")
}

func (p *serviceDrawing) choices(name, at string) field {
	p.byLine(at+"/choices", at+"/choices")
	return p.input(field{Name: name, Label: "Choices", Rows: 2, Mono: true, Optional: true, Help: "One a line, when there are only some: the value, or value = what is shown."}, at+"/choices")
}

// byLine moves the faults of a list that is typed in one field, a line each, to that field.
func (p *serviceDrawing) byLine(list, to string) {
	for i, e := range p.fields {
		if n, ok := strings.CutPrefix(e.Pointer, list+"/"); ok {
			if line, err := strconv.Atoi(n); err == nil {
				p.fields[i] = lanyard.FieldError{Pointer: to, Detail: fmt.Sprintf("line %d: %s", line+1, e.Detail)}
			}
		}
	}
}

// list draws the rows of a list, the first of which has the number first. Those that are known stand for something
// stored, which cannot be removed. A list that has nothing in it shows one row to begin with.
func (p *serviceDrawing) list(l rowList, pointer string, first, known int, draw func(n string) formRow) rowList {
	l.Error = p.field(field{ID: "list-" + slug(l.ID)}, pointer).Error
	l.Action = p.Action + "#list-" + slug(l.ID)
	numbers := p.values.indexes(l.ID)
	if len(numbers) == 0 && l.ID == "api_key" {
		numbers = []int{first}
	}
	for i, number := range numbers {
		n := strconv.Itoa(number)
		r := draw(n)
		r.Number, r.Remove = n, "remove "+l.ID+" "+n
		r.Legend = fmt.Sprintf("%s %d", r.Legend, first+i+1)
		if i < known {
			r.Remove, r.Stays = "", "Stored parameters can be edited, but not deleted."
		}
		l.Rows = append(l.Rows, r)
	}
	held, saved := p.form, p.saved
	p.fields, p.saved = nil, nil
	l.Blank = draw("{n}")
	l.Blank.Number, l.Blank.Remove, l.Blank.Legend = "{n}", "remove "+l.ID+" {n}", "New "+strings.ToLower(l.Blank.Legend)
	p.form, p.saved = held, saved
	return l
}
