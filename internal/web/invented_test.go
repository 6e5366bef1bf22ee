package web

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/extension"
	"lanyard/internal/problem"
)

// state is one page in one state, with invented data. The states are the golden tests, what the accessibility test
// reads, and what Pages writes.
type state struct {
	name   string
	status int
	page   page
}

// inventedNow is when the states are looked at.
func inventedNow() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

const inventedURL = "https://lanyard.zylker.example"

// Pages writes every page in every state, with invented data, as HTML files into dir, with the files they load and an
// index.html that lists them. They open without a server.
func Pages(dir string) error {
	files := loadAssets()
	pages, err := newRenderer(func(name string) string { return "assets/" + name }, catalog.Default, inventedURL, "1.0.0", inventedNow)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "assets"), 0o755); err != nil {
		return err
	}
	for name, f := range files.byName {
		content := strings.ReplaceAll(string(f.content), files.url("inter.woff2"), "inter.woff2")
		if err := os.WriteFile(filepath.Join(dir, "assets", name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if err := writeLogos(filepath.Join(dir, "assets")); err != nil {
		return err
	}
	index := "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Pages of Lanyard</title>\n<ul>\n"
	for _, st := range states() {
		html, err := pages.render(st.page)
		if err != nil {
			return fmt.Errorf("state %s: %w", st.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, st.name+".html"), html, 0o644); err != nil {
			return err
		}
		index += fmt.Sprintf("<li><a href=\"%[1]s.html\">%[1]s</a>, %[2]d\n", st.name, st.status) // names are ours
	}
	return os.WriteFile(filepath.Join(dir, "index.html"), []byte(index+"</ul>\n"), 0o644)
}

// visiting is the visitor of all pages; dana is a colleague.
func visiting() visitor {
	user := &lanyard.User{ID: "usr_priya", OrganizationID: "org_zylker", Email: "you@zylker.example", Name: "Your name", Role: lanyard.RoleOwner}
	return visitor{
		caller: &lanyard.Caller{Organization: user.OrganizationID, User: user.ID, KeyOwner: user.ID, Role: user.Role}, user: user,
		organization: &lanyard.Organization{ID: user.OrganizationID, Name: "Zylker Instruments"},
	}
}

const dana lanyard.UserID = "usr_dana"

// longName has the fifty characters that a name may have, and nowhere to break it.
const longName = "Quartalsabschlussbuchhaltungsschnittstelle-Nordost"

func states() []state {
	var all []state
	for _, group := range [][]state{
		homeStates(), connectionsStates(), connectionFormStates(), connectionStates(), searchStates(), activityStates(), auditStates(), signInStates(), setupStates(), accountStates(),
		rotateKeyStates(), connectSessionStates(),
		organizationStates(), peopleStates(), connectStates(), resultStates(), errorStates(), servicesStates(), defaultServicesStates(), organizationsStates(),
		importStates(), webhooksStates(), noticesStates(), scriptsStates(), extensionsStates(),
		resetStates(), signOnStates(), restoredStates(),
	} {
		all = append(all, group...)
	}
	return all
}

func homeStates() []state {
	return []state{
		{"welcome", 200, newWelcomePage()},
		{"tour", 200, newTourPage(visiting(), inventedURL)},
	}
}

func searchStates() []state {
	found := newSearchPage(visiting(), "con")
	found.Connections = []finding{{Path: "/connections/acme_crm", Name: "Contacts", Detail: "acme_crm"}, {Path: "/connections/x", Name: longName, Detail: strings.Repeat("a_very_long_link_name_", 2) + "of_fifty"}}
	found.Services = []finding{{Path: "/services/contoso", Name: "Contoso", Detail: "Custom service"}}
	found.Extensions = extensionsFound([]extension.Installed{{Extension: lanyard.Extension{Name: "contoso_orders", Title: "Orders of Contoso"}}, *inventedInstalled()}, "con")
	return []state{
		{"search", 200, newSearchPage(visiting(), "")},
		{"search-found", 200, found},
		{"search-nothing", 200, newSearchPage(visiting(), "zzz")},
	}
}

// inventedService is a service of each kind that pages treat differently.
func inventedService(name, link string, auth lanyard.Auth) *lanyard.Service {
	return &lanyard.Service{Kind: lanyard.KindCustom, LinkName: lanyard.LinkName(link), Name: name, Author: dana,
		BaseURL: "https://api." + link + ".example/v2", VerifyURL: "https://api." + link + ".example/v2/me", Hosts: []string{"api." + link + ".example"}, Auth: auth}
}

func inventedConnection(name, link string) *lanyard.Connection {
	return &lanyard.Connection{ID: "con_invented", LinkName: lanyard.LinkName(link), Name: name, Owner: visiting().user.ID, UsableBy: lanyard.UsableByOrganization}
}

func connectStates() []state {
	oauth := lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{GrantType: lanyard.AuthorizationCode}}
	base := func() *credential.ConnectPage {
		return &credential.ConnectPage{
			Connection: inventedConnection("Acme CRM", "acme_crm"), Service: inventedService("Acme", "acme", oauth), ServiceAuthor: "the platform team",
			Owner: "Your name", ForUser: "Your name", Hosts: []string{"api.acme.example", "*.files.acme.example"}, Status: lanyard.StatusNotConnected,
		}
	}
	consent := func() *credential.ConnectPage {
		p := base()
		p.Consent, p.ProviderHost = true, "accounts.acme.example"
		p.Scopes = []lanyard.Scope{{Name: "Read contacts", Value: "contacts.read"}, {Name: "Write deals", Value: "deals.write"}, {Name: "offline_access", Value: "offline_access"}}
		return p
	}
	parameters := []lanyard.DynamicParameter{
		{Key: "domain", Name: "Your Acme domain", Help: "The first part of the address where you sign in to Acme, such as zylker in zylker.acme.example."},
		{Key: "region", Name: "Data centre", Choices: []lanyard.Choice{{Value: "eu", Name: "Europe"}, {Value: "us", Name: "United States"}, {Value: "in", Name: "India"}}, Default: "eu"},
		{Key: "account", Name: "Account number", Pattern: "[0-9]{6}"},
		{Key: "developer_token", Name: "Developer token", Secret: true},
		{Key: "login", Name: "Account to act for", Example: "123-456-7890", Optional: true},
	}
	typed := func(fields ...lanyard.CredentialField) *credential.ConnectPage {
		p := base()
		p.Fields = fields
		return p
	}
	apiKey := lanyard.CredentialField{Name: "X-Api-Key", Label: "API key", Secret: true}
	aws := []lanyard.CredentialField{{Name: "access_key_id", Label: "Access key ID"}, {Name: "secret_access_key", Label: "Secret access key", Secret: true},
		{Name: "session_token", Label: "Session token", Secret: true, Optional: true}}

	withParameters := consent()
	withParameters.Parameters, withParameters.Values = parameters, map[string]string{"region": "us"}

	own := consent()
	own.Connection.UseLoginUserCredentials, own.Connection.Owner, own.Owner = true, dana, "the platform team"

	again := consent()
	again.Status, again.StatusReason = lanyard.StatusReconnectRequired, "The provider refused the refresh token: invalid_grant. The grant was revoked or has expired."
	connected := typed(apiKey)
	connected.Status, connected.ServiceAuthor, connected.Connection.UsableBy = lanyard.StatusConnected, "", lanyard.UsableByOwner
	revoked := typed(apiKey)
	revoked.Status, revoked.StatusReason = lanyard.StatusRevoked, "Revoked by Your name."

	anyHost := typed(apiKey)
	anyHost.Hosts, anyHost.AnyHost, anyHost.Connection.UsableBy = []string{"*"}, true, lanyard.UsableByOwner

	long := consent()
	long.Connection.Name, long.Connection.LinkName = longName, lanyard.LinkName(strings.Repeat("long_link_name_", 3)+"fifty")
	long.Service.Name, long.ServiceAuthor, long.ProviderHost = longName, longName, strings.Repeat("accounts.", 12)+"acme.example"
	long.Hosts, long.Scopes = nil, nil
	for i := range 12 {
		long.Hosts = append(long.Hosts, fmt.Sprintf("shard-%02d.api.acme.example", i), strings.Repeat("deep.", i)+"acme.example:8443")
	}
	for i := range 40 {
		long.Scopes = append(long.Scopes, lanyard.Scope{Name: fmt.Sprintf("Permission number %d of the many that this service has", i+1), Value: fmt.Sprintf("https://www.acme.example/auth/permission.%02d.readwrite", i+1)})
	}

	faulty := typed(aws...)
	faulty.Parameters = parameters
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: []lanyard.FieldError{
		{Pointer: "/parameters/domain", Detail: "Your Acme domain is required"},
		{Pointer: "/credentials/secret_access_key", Detail: "Secret access key is required"},
		{Pointer: "/parameters", Detail: "The base URL cannot be made with these values: the value of the parameter \"account\" (Account number) cannot stand in a host name"},
	}}
	refused := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "Acme refused the credential when it was tried; it was not stored.",
		ProviderError: "401 Unauthorized", ProviderDescription: `{"message":"<b>Invalid</b> API key","documentation":"https://acme.example/docs"} ` + strings.Repeat("and much more of the same ", 40)}
	down := lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "api.acme.example cannot be reached: the name does not resolve. Try again later, or correct the service.")

	noToken := &lanyard.Error{Code: lanyard.CodeUpstreamUnreachable, Message: "Acme did not give a request token.", ProviderError: "oauth_problem", ProviderDescription: "consumer_key_unknown"}

	page := func(p *credential.ConnectPage, in credential.ConnectInput, err error) connectPage {
		var d *problem.Document
		if err != nil {
			d = problem.Of(err, "req_INVENTED")
		}
		return newConnectPage(visiting(), "INVENTEDTOKEN", p, in, d)
	}
	none := credential.ConnectInput{}
	return []state{
		{"connect-consent", 200, page(consent(), none, nil)},
		{"connect-consent-parameters", 200, page(withParameters, none, nil)},
		{"connect-own-account", 200, page(own, none, nil)},
		{"connect-again", 200, page(again, none, nil)},
		{"connect-long", 200, page(long, none, nil)},
		{"connect-api-key", 200, page(typed(apiKey), none, nil)},
		{"connect-api-key-connected", 200, page(connected, none, nil)},
		{"connect-api-key-revoked", 200, page(revoked, none, nil)},
		{"connect-any-host", 200, page(anyHost, none, nil)},
		{"connect-basic", 200, page(typed(lanyard.CredentialField{Name: "username", Label: "User name"}, lanyard.CredentialField{Name: "password", Label: "Password", Secret: true, Optional: true}), none, nil)},
		{"connect-aws", 200, page(typed(aws...), none, nil)},
		{"connect-nothing-to-give", 200, page(typed(), none, nil)},
		{"connect-faults", 400, page(faulty, credential.ConnectInput{
			Credentials: map[string]lanyard.Secret{"access_key_id": lanyard.NewSecret("AKIAINVENTED")},
			Parameters:  map[string]string{"domain": "", "region": "in", "account": "123456"}}, faults)},
		{"connect-refused", 400, page(typed(apiKey), none, refused)},
		{"connect-unreachable", 502, page(typed(apiKey), none, down)},
		{"connect-consent-failed", 502, page(consent(), none, noToken)},
		{"connect-internal", 500, page(typed(apiKey), none, os.ErrClosed)},
		{"go-on", 200, newContinuePage(visiting(), "/connect/INVENTEDTOKEN/go", "accounts.acme.example")},
		{"go-on-back", 200, newGoOnPage(visiting(), "https://app.zylker.example/settings?tab=connections&done=1")},
	}
}

func resultStates() []state {
	scopes := []lanyard.Scope{{Name: "Read contacts", Value: "contacts.read"}, {Name: "Write deals", Value: "deals.write"}}
	acme := inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{GrantType: lanyard.AuthorizationCode, Scopes: scopes}})
	bare := inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthBasic})
	bare.BaseURL, bare.VerifyURL, bare.Hosts = "", "", []string{"*.acme.example", "files.acme.example"}
	page := func(r credential.ConsentResult) resultPage {
		r.Connection = inventedConnection("Acme CRM", "acme_crm")
		if r.Service == nil {
			r.Service = acme
		}
		return newResultPage(visiting(), &r, inventedURL)
	}
	return []state{
		{"result-connected", 200, page(credential.ConsentResult{OK: true})},
		{"result-connected-no-base", 200, page(credential.ConsentResult{OK: true, Service: bare})},
		{"result-connected-warnings", 200, page(credential.ConsentResult{OK: true, Missing: []string{"deals.write", "unheard.of"}, ReturnTo: "https://app.zylker.example/settings",
			Warning: "Acme gave no refresh token, so this connection ends when its access token expires (2 January 15:04 UTC). Many providers give one only when asked: add a scope such as offline_access, or authorize parameters such as access_type=offline and prompt=consent, to the service."})},
		{"result-denied", 200, page(credential.ConsentResult{Outcome: "Acme says that access was denied: access_denied, The user pressed <Cancel>.", Remedy: "Start again and allow access. If you did, ask your Acme administrator whether the application is permitted.", ReturnTo: "/settings"})},
		{"result-failed-long", 200, page(credential.ConsentResult{Outcome: "The token endpoint of Acme refused the code: invalid_client, " + strings.Repeat("AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the client secret value. ", 30),
			Remedy: "Compare client id and client secret with those that Acme shows for your application, and save them in the service."})},
	}
}

func errorStates() []state {
	page := func(v visitor, e error) state {
		d := problem.Of(e, "req_INVENTEDINVENTEDINVENTED")
		return state{"error-" + string(d.Code), d.Status, newErrorPage(v, d, "req_INVENTEDINVENTEDINVENTED")}
	}
	elsewhere := page(visitor{}, lanyard.Errorf(lanyard.CodeForbidden, "Another site made your browser send this, so nothing was done. If you meant it, open Lanyard yourself and do it there."))
	elsewhere.name = "error-other-site"
	return []state{
		page(visiting(), lanyard.Errorf(lanyard.CodeForbidden, "This link to connect was made for somebody else. Nobody can connect in another person's place.")),
		page(visiting(), lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old. Ask for a new one: links last an hour.")),
		page(visitor{}, lanyard.Errorf(lanyard.CodeMethodNotAllowed, "This address cannot be used in this way.")),
		page(visiting(), &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid.", Fields: []lanyard.FieldError{{Pointer: "cursor", Detail: "this is not a cursor of this list"}}}),
		page(visiting(), &lanyard.Error{Code: lanyard.CodeUpstreamUnreachable, Message: "Acme did not give a request token.", ProviderError: "oauth_problem", ProviderDescription: "consumer_key_unknown"}),
		page(visiting(), lanyard.Errorf(lanyard.CodeUnavailable, "The server is starting, stopping, or cannot reach its database. Try again.")),
		page(visitor{}, os.ErrClosed),
		elsewhere,
	}
}
