package web

import (
	"os"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// inventedFacts is a connection of the visitor with OAuth 2 that works.
func inventedFacts() *credential.Detail {
	scopes := []lanyard.Scope{{Name: "Read contacts", Value: "contacts.read"}, {Name: "Write deals", Value: "deals.write"}, {Name: "offline_access", Value: "offline_access"}}
	s := inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{GrantType: lanyard.AuthorizationCode, Scopes: scopes}})
	c := inventedConnection("Acme CRM", "acme_crm")
	c.Service, c.Origin, c.CreatedAt = s.LinkName, lanyard.OriginUser, inventedNow().AddDate(0, -2, 0)
	d := &credential.Detail{
		Connection: c, Service: s, Owner: "Your name", ServiceAuthor: "The platform team", Renewable: true, Hosts: []string{"api.acme.example", "*.files.acme.example"},
		Authorization: &lanyard.Authorization{Status: lanyard.StatusConnected, UserID: c.Owner, Account: "sales@zylker.example", ExpiresAt: inventedNow().Add(47 * time.Minute), RefreshedAt: inventedNow().Add(-13 * time.Minute), LastUsedAt: inventedNow().Add(-2 * time.Minute)},
	}
	for i, scope := range scopes {
		d.Scopes = append(d.Scopes, credential.ScopeStanding{Scope: scope, Asked: true, Granted: i != 1})
	}
	return d
}

// inventedStanding changes how the invented connection stands; without a connected authorization nothing is granted.
func inventedStanding(status lanyard.Status, reason string) *credential.Detail {
	d := inventedFacts()
	d.Renewable = false
	for i := range d.Scopes {
		d.Scopes[i].Granted = false
	}
	d.Authorization = &lanyard.Authorization{Status: status, StatusReason: reason}
	if status == lanyard.StatusNotConnected {
		d.Authorization = nil
	}
	return d
}

func connectionStates() []state {
	page := func(d *credential.Detail) connectionPage {
		p := newConnectionPage(visiting(), d, inventedURL)
		p.Activity = inventedCallsOf(d.Connection)
		return p
	}

	used := page(inventedFacts())
	used.UsedBy = []lanyard.Function{*inventedFunction(), {Name: longName, LinkName: "sync"}}

	typed := inventedFacts()
	typed.Service.Auth, typed.Scopes, typed.Authorization.ExpiresAt, typed.Authorization.Account = lanyard.Auth{Type: lanyard.AuthAPIKey}, nil, time.Time{}, ""
	typed.Service.BaseURL, typed.ServiceAuthor, typed.Hosts, typed.AnyHost = "", "", []string{"*"}, true
	typed.Connection.UsableBy = lanyard.UsableByOwner

	ending := inventedFacts()
	ending.Renewable = false
	ending.Scopes = append(ending.Scopes, credential.ScopeStanding{Scope: lanyard.Scope{Name: "admin", Value: "admin"}, Granted: true})

	failing := inventedFacts()
	failing.Authorization.LastError, failing.Authorization.RetryAt = "accounts.acme.example answered 503", inventedNow().Add(2*time.Minute)

	shared := inventedFacts()
	shared.Connection.Owner, shared.Connection.UseLoginUserCredentials, shared.Owner = dana, true, "The platform team"

	mine := inventedFacts()
	mine.Connection.UseLoginUserCredentials = true
	owners := page(mine)
	owners.Others = newOthersPart("acme_crm", visiting().user.ID, []store.UserAuthorization{
		{User: visiting().user.ID, Name: "Your name", Status: lanyard.StatusConnected, ConnectedAt: inventedNow().Add(-13 * time.Minute), LastUsedAt: inventedNow().Add(-2 * time.Minute)},
		{User: dana, Name: longName, Status: lanyard.StatusReconnectRequired, Reason: "The password was reset.", ConnectedAt: inventedNow().AddDate(0, -1, -3)},
		{User: "usr_member", Name: "A member", Status: lanyard.StatusNotConnected},
	}, "bcde", "cdef")
	alone := inventedStanding(lanyard.StatusNotConnected, "")
	alone.Connection.UseLoginUserCredentials = true
	nobody := page(alone)
	nobody.Others = newOthersPart("acme_crm", visiting().user.ID, nil, "", "")

	named := func(status lanyard.Status) *store.UserAuthorization {
		return &store.UserAuthorization{User: dana, Name: longName, Status: status}
	}
	told := inventedFacts()
	told.Connection.UseLoginUserCredentials = true
	told.Service.Auth.OAuth2.RevokeTokenURL = "https://accounts.acme.example/revoke"

	internal := func(d *credential.Detail) *credential.Detail {
		d.Connection.Name, d.Connection.LinkName, d.Connection.Origin, d.Connection.UsableBy, d.ServiceAuthor = "Acme (internal)", "internal_acme", lanyard.OriginInternal, lanyard.UsableByOwner, ""
		return d
	}
	brought := inventedStanding(lanyard.StatusNotConnected, "")
	brought.Connection.Origin, brought.Connection.Extension, brought.Connection.ExtensionName, brought.Connection.UseLoginUserCredentials = lanyard.OriginExtension, "ext_1", "acme", true
	brought.Connection.Owner, brought.Owner = dana, "The platform team"

	left := internal(inventedStanding(lanyard.StatusRevoked, "It was revoked."))
	left.Service, left.Scopes, left.Hosts = nil, nil, nil

	deleted := inventedStanding(lanyard.StatusRevoked, "The service was deleted.")
	deleted.Service, deleted.Scopes, deleted.Hosts = nil, nil, nil

	long := inventedFacts()
	long.Connection.Name, long.Connection.LinkName, long.Service.Name, long.ServiceAuthor = longName, lanyard.LinkName(strings.Repeat("long_link_name_", 3)+"fifty"), longName, longName
	long.Authorization.Account = strings.Repeat("account", 12) + "@zylker.example"
	long.Service.BaseURL = "https://" + strings.Repeat("deep.", 12) + "acme.example/v2/{account}"
	for _, host := range []string{"one", "two", "three", "four", "five"} {
		long.Hosts = append(long.Hosts, strings.Repeat("deep.", 9)+host+".acme.example:8443")
		long.Scopes = append(long.Scopes, credential.ScopeStanding{Scope: lanyard.Scope{Name: "Permission " + host + " of the many that this service has", Value: "https://www.acme.example/auth/permission." + host + ".readwrite"}, Asked: true, Granted: true})
	}

	return append([]state{
		{"connection-used", 200, used},
		{"connection-extension", 200, page(brought)},
		{"connection", 200, page(inventedFacts())},
		{"connection-typed", 200, page(typed)},
		{"connection-ending", 200, page(ending)},
		{"connection-failing", 200, page(failing)},
		{"connection-not-connected", 200, page(inventedStanding(lanyard.StatusNotConnected, ""))},
		{"connection-reconnect", 200, page(inventedStanding(lanyard.StatusReconnectRequired, "The provider refused the refresh token: invalid_grant. The grant was revoked or has expired."))},
		{"connection-revoked", 200, page(inventedStanding(lanyard.StatusRevoked, "Revoked by Your name."))},
		{"connection-shared", 200, page(shared)},
		{"connection-others", 200, owners},
		{"connection-others-none", 200, nobody},
		{"connection-remove-user", 200, newRemoveUserPage(visiting(), told, named(lanyard.StatusConnected))},
		{"connection-remove-user-not-connected", 200, newRemoveUserPage(visiting(), told, named(lanyard.StatusNotConnected))},
		{"connection-service-deleted", 200, page(deleted)},
		{"connection-internal", 200, page(internal(inventedFacts()))},
		{"connection-internal-not-connected", 200, page(internal(inventedStanding(lanyard.StatusNotConnected, "")))},
		{"connection-internal-service-gone", 200, page(left)},
		{"connection-long", 200, page(long)},
	}, tryStates()...)
}

func inventedSent() *invoke.Sent {
	return &invoke.Sent{
		Method: "GET", URL: "https://api.acme.example/v2/me?fields=name", Times: 1,
		Headers: []invoke.Header{{Name: "Accept", Value: "application/json"}, {Name: "Authorization", Value: "Bearer [redacted]"}, {Name: "Host", Value: "api.acme.example"}, {Name: "User-Agent", Value: "Lanyard"}},
		Placed:  []invoke.Placed{{In: lanyard.ParamHeader, Name: "Authorization"}},
	}
}

func tryStates() []state {
	call := tryInput{Method: "GET", URL: "/me?fields=name", Headers: "Accept: application/json"}
	page := func(d *credential.Detail, in tryInput, tried *invoke.Tried, err error) connectionPage {
		var wrong *problem.Document
		if err != nil {
			wrong = problem.Of(err, "req_INVENTED")
		}
		p := newConnectionPage(visiting(), d, inventedURL)
		p.Activity = inventedCallsOf(d.Connection)
		p.Try = newTryPart(d, in, wrong)
		p.Try.answered(tried, wrong, "req_INVENTED", inventedURL)
		return p
	}
	answer := func(status int, body invoke.Payload, more ...invoke.Header) *invoke.Tried {
		return &invoke.Tried{Sent: inventedSent(), Answer: &invoke.Reply{Status: status, Duration: 84 * time.Millisecond, Body: body,
			Headers: append([]invoke.Header{{Name: "Content-Type", Value: body.Type}, {Name: "Set-Cookie", Value: "session=[redacted]"}}, more...)}}
	}
	text := func(media, text string, json bool) invoke.Payload {
		return invoke.Payload{Type: media, Size: int64(len(text)), Text: text, JSON: json}
	}
	me := `{"id":17,"name":"The sales team","active":true,"manager":null,"limits":{"calls":1.50e3,"left":12345678901234567890},"tags":["north","<script>alert(1)</script>"],"token":"[redacted]","empty":{}}`

	post := inventedSent()
	post.Method, post.URL, post.Times = "POST", "https://{domain}.acme.example/v2/deals?api_key=[redacted]", 2
	post.Body = text("application/json", `{"name":"A deal","amount":12}`, true)
	post.Placed = []invoke.Placed{{In: lanyard.ParamHeader, Name: "Authorization"}, {In: lanyard.ParamQuery, Name: "api_key"}, {In: lanyard.ParamForm, Name: "signature"}}
	posted := answer(201, text("application/json", `{"id":8}`, true))
	posted.Sent, posted.Answer.Duration = post, 1840*time.Millisecond

	binary := invoke.Payload{Type: "image/png", Size: 48_128}
	html := text("text/html; charset=utf-8", "<!doctype html>\n<script>alert(document.cookie)</script>\n<h1>It works</h1>\n", false)

	failed := func(code lanyard.Code, message string) *lanyard.Error { return lanyard.Errorf(code, "%s", message) }
	reconnect := failed(lanyard.CodeReconnectRequired, "The connection acme_crm has to be connected again. The provider refused the refresh token: invalid_grant.")
	reconnect.ConnectURL = inventedURL + "/connect/INVENTEDTOKEN"
	notConnected := failed(lanyard.CodeNotConnected, "The connection acme_crm is not connected yet.")
	notConnected.ConnectURL = inventedURL + "/connect/INVENTEDTOKEN"
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: []lanyard.FieldError{
		{Pointer: "/url", Detail: "a path holds no blanks, backslashes or control characters"},
		{Pointer: "/headers/Host", Detail: "this header is set by Lanyard itself"}, {Pointer: "/headers/X A", Detail: "a header name holds letters, digits and hyphens, no blanks or colons"},
	}}
	faulty := tryInput{Method: "POST", URL: "/two words", Headers: "Host: evil.example\nX A: b", Parameters: "a=1", Body: "</textarea><script>alert(1)</script>", ContentType: "text/plain"}
	timeout := &invoke.Tried{Sent: inventedSent()}
	return []state{
		{"try-json", 200, page(inventedFacts(), call, answer(200, text("application/json", me, true)), nil)},
		{"try-post", 200, page(inventedFacts(), tryInput{Method: "POST", URL: "/deals", Body: `{"name": "A deal", "amount": 12}`}, posted, nil)},
		{"try-text", 200, page(inventedFacts(), call, answer(404, html, invoke.Header{Name: "X-Long", Value: strings.Repeat("abcdefghij", 30)}), nil)},
		{"try-binary", 200, page(inventedFacts(), call, answer(500, binary), nil)},
		{"try-empty", 200, page(inventedFacts(), call, answer(304, invoke.Payload{}), nil)},
		{"try-faults", 400, page(inventedFacts(), faulty, nil, faults)},
		{"try-host", 403, page(inventedFacts(), tryInput{Method: "GET", URL: "https://evil.example/"}, &invoke.Tried{}, failed(lanyard.CodeHostNotAllowed, "The service acme does not list the host evil.example, so its credential is not sent there. It lists: api.acme.example, *.files.acme.example."))},
		{"try-reconnect", 409, page(inventedStanding(lanyard.StatusReconnectRequired, "The provider refused the refresh token: invalid_grant."), call, &invoke.Tried{}, reconnect)},
		{"try-not-connected", 409, page(inventedStanding(lanyard.StatusNotConnected, ""), call, &invoke.Tried{}, notConnected)},
		{"try-address", 403, page(inventedFacts(), call, timeout, failed(lanyard.CodeAddressNotAllowed, "The host api.acme.example resolves to an address that is not allowed."))},
		{"try-unreachable", 502, page(inventedFacts(), call, timeout, failed(lanyard.CodeUpstreamUnreachable, "api.acme.example cannot be reached: the name does not resolve."))},
		{"try-too-large", 502, page(inventedFacts(), call, timeout, failed(lanyard.CodeResponseTooLarge, "The answer of api.acme.example is larger than 15 MiB: use the proxy, which streams it."))},
		{"try-refresh", 503, page(inventedFacts(), call, &invoke.Tried{}, failed(lanyard.CodeRefreshUnavailable, "The access token of the connection acme_crm has to be refreshed, and the provider cannot do it now: it answered 503. Try again."))},
		{"try-timeout", 504, page(inventedFacts(), call, timeout, failed(lanyard.CodeUpstreamTimeout, "The service did not answer in time."))},
		{"try-internal", 500, page(inventedFacts(), call, &invoke.Tried{}, os.ErrClosed)},
	}
}
