package web

import (
	"fmt"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// inventedAcme is an OAuth 2 service with everything that one can have.
func inventedAcme() *lanyard.Service {
	prefix := "Acme-oauthtoken "
	return &lanyard.Service{
		ID: "svc_acme", OrganizationID: "org_zylker", Author: visiting().user.ID, Version: 3, Kind: lanyard.KindCustom, LinkName: "acme", Name: "Acme", SecretSet: true,
		Description: "Customers and deals, of the European region.", DocsURL: "https://acme.example/docs", BaseURL: "https://{domain}.acme.example/api/v2",
		VerifyURL: "https://{domain}.acme.example/api/v2/me", Hosts: []string{"{domain}.acme.example", "*.files.acme.example"},
		DynamicParameters: []lanyard.DynamicParameter{
			{Key: "domain", Name: "Your Acme domain", Help: "The first part of the address where you sign in."},
			{Key: "region", Name: "Data centre", Choices: []lanyard.Choice{{Value: "eu", Name: "Europe"}, {Value: "us"}}, Default: "eu"},
		},
		Auth: lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{
			GrantType: lanyard.AuthorizationCode, PKCE: true, ClientID: "acme-client-4711", AuthorizeURL: "https://accounts.acme.example/authorize", AccessTokenURL: "https://accounts.acme.example/token",
			RefreshTokenURL: "https://accounts.acme.example/refresh", RevokeTokenURL: "https://accounts.acme.example/revoke", ParamType: lanyard.ParamHeader, ScopeDelimiter: ",", TokenPrefix: &prefix,
			Scopes:          []lanyard.Scope{{Name: "Read contacts", Value: "contacts.read"}, {Name: "Write deals", Value: "deals.write"}},
			AuthorizeParams: map[string]string{"access_type": "offline"}, RefreshParams: map[string]string{"audience": "acme"}, DefaultExpiresIn: 3600, RefreshStatuses: []int{401, 403},
			ClientAuthentication: lanyard.ClientSecretPost, Issuer: "https://accounts.acme.example", TokenName: "Authorization",
		}},
	}
}

// inventedAuth is a service of each other type.
func inventedAuth(a lanyard.Auth) *lanyard.Service {
	s := inventedService("Helpline", "helpline", a)
	s.ID, s.OrganizationID, s.Author, s.Version = "svc_helpline", "org_zylker", visiting().user.ID, 1
	return s
}

func inventedAPIKey() *lanyard.Service {
	return inventedAuth(lanyard.Auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{
		{Name: "X-Api-Key", DisplayName: "API key", ParamType: lanyard.ParamHeader, Prefix: "Token "},
		{Name: "account", DisplayName: "Account", ParamType: lanyard.ParamQuery},
		{Name: "authtoken", DisplayName: "Auth token", ParamType: lanyard.ParamForm},
	}}})
}

func inventedOAuth1() *lanyard.Service {
	return inventedAuth(lanyard.Auth{Type: lanyard.AuthOAuth1, OAuth1: &lanyard.OAuth1Auth{
		ConsumerKey: "consumer-1", RequestTokenURL: "https://helpline.example/request_token", AuthorizeURL: "https://helpline.example/authorize",
		AccessTokenURL: "https://helpline.example/access_token", ParamType: lanyard.ParamQuery, SignatureMethod: lanyard.HMACSHA256}})
}

func inventedAWS() *lanyard.Service {
	return inventedAuth(lanyard.Auth{Type: lanyard.AuthAWSSigV4, AWSSigV4: &lanyard.AWSSigV4Auth{AWSService: "s3", AWSRegion: "eu-west-1"}})
}

// viewOf is a service as its author sees it, with people connected.
func viewOf(s *lanyard.Service) *registry.ServiceView {
	v := &registry.ServiceView{
		Service: s, CallbackURL: registry.CallbackURL(inventedURL, "org_zylker", s.LinkName), SecretSet: s.SecretSet, Editable: true,
		ServiceUse: store.ServiceUse{AuthorName: "Your name", Connections: 3},
		Affected:   &store.Affected{Connections: 3, People: 12, Authorizations: 14, Names: []string{"Your name"}},
	}
	if v.SecretSet {
		v.SecretFingerprint = "0f3a91c2"
	}
	for i := range 9 {
		v.Affected.Names = append(v.Affected.Names, fmt.Sprintf("Member %d", i+1))
	}
	return v
}

// inventedServiceView is a service that nobody has connected with yet.
func inventedServiceView() *registry.ServiceView {
	v := viewOf(inventedAPIKey())
	v.Affected = &store.Affected{}
	return v
}

func servicesStates() []state {
	return append(append(serviceListStates(), serviceShowStates()...), serviceFormStates()...)
}

func serviceListStates() []state {
	listed := func(name, link string, a lanyard.Auth, change func(*registry.ServiceView)) registry.ServiceView {
		v := registry.ServiceView{Service: inventedService(name, link, a), ServiceUse: store.ServiceUse{AuthorName: "The platform team", Connections: 1}}
		change(&v)
		return v
	}
	mine := func(v *registry.ServiceView) {
		v.Author, v.AuthorName, v.Editable = visiting().user.ID, "Your name", true
	}
	several := []registry.ServiceView{
		listed("Acme", "acme", lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{}}, mine),
		listed("Helpline", "helpline", lanyard.Auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{}}, func(v *registry.ServiceView) { v.Connections = store.CountedPerService + 1 }),
		listed("Ledgerly", "ledgerly", lanyard.Auth{Type: lanyard.AuthBasic}, func(v *registry.ServiceView) { v.Connections, v.AuthorName = 0, "" }),
		listed("Scratchpad", "scratchpad", lanyard.Auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{}}, func(v *registry.ServiceView) { mine(v); v.Hosts = []string{"*"} }),
		listed(longName, strings.Repeat("long_service_name_", 2)+"of_fifty_chars", lanyard.Auth{Type: lanyard.AuthAWSSigV4, AWSSigV4: &lanyard.AWSSigV4Auth{}}, func(v *registry.ServiceView) { mine(v); v.Connections = 482; v.Hosts = []string{"*"} }),
	}
	return []state{
		{"custom-services", 200, newCustomServicesPage(visiting(), "", several, "", "")},
		{"custom-services-middle", 200, newCustomServicesPage(visiting(), "", several[:2], "bcde", "cdef")},
		{"custom-services-empty", 200, newCustomServicesPage(visiting(), "", nil, "", "")},
		{"custom-services-not-found", 200, newCustomServicesPage(visiting(), "<acme>", nil, "", "")},
		{"custom-services-past-the-end", 200, newCustomServicesPage(visiting(), "", nil, "zzzz", "")},
	}
}

func serviceShowStates() []state {
	made := viewOf(inventedAcme())
	told := visiting()
	told.notice = newNotice("ok", "Acme is created", createdNext(made.Service))
	other := viewOf(inventedAuth(lanyard.Auth{Type: lanyard.AuthBasic}))
	other.Author, other.AuthorName, other.Editable, other.Affected, other.Hosts = dana, "The platform team", false, nil, []string{"*"}
	standard := viewOf(inventedAPIKey())
	standard.Kind, standard.Author, standard.Editable, standard.Affected, standard.ServiceUse = lanyard.KindDefault, "", false, nil, store.ServiceUse{}
	connections := serviceConnections{more: true,
		mine: []registry.ConnectionView{
			{Connection: lanyard.Connection{Name: "Acme CRM", LinkName: "acme_crm", Service: "acme"}, Authorization: &lanyard.Authorization{Status: lanyard.StatusConnected}},
			{Connection: lanyard.Connection{Name: longName, LinkName: "acme_of_the_long_name", Service: "acme"}},
		},
		shared: []registry.ConnectionView{{Connection: lanyard.Connection{Name: "Sales team", LinkName: "sales_team", Service: "acme"}, Authorization: &lanyard.Authorization{Status: lanyard.StatusReconnectRequired}}},
	}
	unused := viewOf(inventedAWS())
	unused.Affected, unused.Connections = &store.Affected{}, 0
	return []state{
		{"service-created", 200, newServicePage(told, made, serviceConnections{})},
		{"service-oauth2", 200, newServicePage(visiting(), made, connections)},
		{"service-oauth1", 200, newServicePage(visiting(), viewOf(inventedOAuth1()), serviceConnections{})},
		{"service-basic-any-host", 200, newServicePage(visiting(), other, serviceConnections{})},
		{"service-aws", 200, newServicePage(visiting(), viewOf(inventedAWS()), serviceConnections{})},
		{"service-default", 200, newServicePage(visiting(), standard, serviceConnections{})},
		{"service-delete", 200, newDeleteServicePage(visiting(), made)},
		{"service-delete-unused", 200, newDeleteServicePage(visiting(), unused)},
	}
}

func serviceFormStates() []state {
	page := func(draw serviceDrawing, err error) serviceFormPage {
		draw.publicURL = inventedURL
		var d *problem.Document
		if err != nil {
			d = problem.Of(err, "req_INVENTED")
		}
		return newServiceFormPage(visiting(), draw, d)
	}
	with := func(s *lanyard.Service) serviceValues {
		v := valuesOf(s)
		v.set("try.url", "/contacts?limit=1")
		return v
	}
	stored := func(s *lanyard.Service) serviceDrawing {
		return serviceDrawing{values: storedValues(s), stored: viewOf(s)}
	}
	chosen := newServiceValues()
	chosen.set("type", string(lanyard.AuthOAuth1))
	chosen.rearranged("add parameter")

	faulty := with(inventedAcme())
	for name, value := range map[string]string{"name": "", "link_name": "Acme", "scope.1.value": "deals write", "oauth2.access_token_url": "http://acme.example", "oauth2.client_secret": "INVENTED"} {
		faulty.set(name, value)
	}
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: []lanyard.FieldError{
		{Pointer: "/name", Detail: "a name is required"}, {Pointer: "/link_name", Detail: "a link name begins with a lower-case letter"},
		{Pointer: "/auth/access_token_url", Detail: "this URL begins with https://: secrets travel over it"}, {Pointer: "/auth/scopes/1/value", Detail: "a scope's value is a text without blanks"},
		{Pointer: "/hosts/1", Detail: "write the host alone, such as api.example.com: no https://, no path"}, {Pointer: "/auth/authorize_params/access_type", Detail: "leave access_type out: Lanyard adds it"},
		{Pointer: "/dynamic_parameters/1/choices/0", Detail: "a choice is a text that is not empty"}, {Pointer: "/auth/unheard_of", Detail: "there is no such field"},
	}}
	noType := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/auth/type", Detail: "the type is one of api_key, basic, oauth1, oauth2, aws_sigv4"}}}
	noParameters := newServiceValues()
	noParameters.set("type", string(lanyard.AuthAPIKey))
	none := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/auth/parameters", Detail: "list at least one parameter"}}}

	confirm := page(stored(inventedAcme()), nil)
	confirm.Confirm = true
	meanwhile := stored(inventedAcme())
	meanwhile.saved = storedValues(inventedAcme())
	meanwhile.values.set("name", "Acme (EU)")
	meanwhile.values.set("docs_url", "")

	request := credential.ShownRequest{Method: "GET", URL: "https://sample.acme.example/api/v2/contacts?limit=1", Headers: []credential.ShownHeader{
		{Name: "Authorization", Value: "Acme-oauthtoken ‹access token›"}, {Name: "User-Agent", Value: "Lanyard"}}}
	preview := &invoke.Preview{Host: "sample.acme.example", HostAllowed: true, Request: request,
		Placements: []invoke.PreviewPlacement{{Placement: inventedAcme().Placements()[0], Value: "Authorization: Acme-oauthtoken ‹access token›"}},
		Steps: []credential.RehearsedStep{
			{What: "To connect, the person's browser goes to Acme:", Request: credential.ShownRequest{Method: "GET", URL: "https://accounts.acme.example/authorize?response_type=code&client_id=acme-client-4711&redirect_uri=https%3A%2F%2Flanyard.zylker.example%2Foauth%2Fcallback%2Forg_zylker%2Facme&scope=contacts.read%2Cdeals.write&state=‹state, new each time›&code_challenge=‹PKCE challenge, new each time›&code_challenge_method=S256"}},
			{What: "When it comes back with a code, Lanyard trades it for the tokens:", Request: credential.ShownRequest{Method: "POST", URL: "https://accounts.acme.example/token", Headers: []credential.ShownHeader{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}, Body: "grant_type=authorization_code&code=‹code›&client_id=acme-client-4711&client_secret=‹client secret›"}},
		}}
	shown := page(serviceDrawing{values: with(inventedAcme())}, nil)
	shown.Try.Shown = newPreviewPart(preview)
	refused := page(serviceDrawing{values: with(inventedAPIKey())}, nil)
	refused.Try.Shown = newPreviewPart(&invoke.Preview{Host: "evil.example", Refusal: "The service helpline does not list the host evil.example, so its credential is not sent there. It lists: api.helpline.example.",
		Request: request, Placements: []invoke.PreviewPlacement{{Placement: inventedAPIKey().Placements()[2]}}})

	return []state{
		{"service-new", 200, page(serviceDrawing{values: newServiceValues()}, nil)},
		{"service-new-type", 200, page(serviceDrawing{values: chosen}, nil)},
		{"service-new-no-type", 400, page(serviceDrawing{values: newServiceValues()}, noType)},
		{"service-new-no-parameters", 400, page(serviceDrawing{values: noParameters}, none)},
		{"service-new-faults", 400, page(serviceDrawing{values: faulty}, faults)},
		{"service-new-preview", 200, shown},
		{"service-new-preview-refused", 200, refused},
		{"service-edit-oauth2", 200, page(stored(inventedAcme()), nil)},
		{"service-edit-api-key", 200, page(stored(inventedAPIKey()), nil)},
		{"service-edit-basic", 200, page(stored(inventedAuth(lanyard.Auth{Type: lanyard.AuthBasic})), nil)},
		{"service-edit-aws", 200, page(stored(inventedAWS()), nil)},
		{"service-edit-confirm", 200, confirm},
		{"service-edit-conflict", 409, page(meanwhile, lanyard.Errorf(lanyard.CodeConflict, "The service Acme was changed while you were editing it. Nothing was saved."))},
	}
}
