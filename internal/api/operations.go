package api

import (
	"strings"

	"lanyard"
)

// operation is what the OpenAPI document and the page /docs say about one route. Schemas and parameters come from the
// Go types of its handler; the rest is here.
type operation struct {
	id          string
	tag         string
	summary     string
	description string
	status      int    // of success; 200 when 0
	body        string // an example, in JSON
	answer      string // an example, in JSON; empty where there is none
	media       string // of the answer, where it is not JSON
	open        bool   // needs no API key
	errors      []lanyard.Code
}

// tags group the operations, in the order of the page.
var tags = []struct{ name, description string }{
	{"Invoke", "Call a service through a connection. Its credential is placed by Lanyard, refreshed when due, and never shown."},
	{"Scripts", "Scripts call services through connections, by `invokeurl` and by integration tasks: see docs/scripts.md."},
	{"Connections", "A connection is a named use of a service. Its link name is what scripts and programs know; its status is the asking user's own."},
	{"Embedding", "How an application connects its own users, who never sign in to Lanyard: see docs/embedding.md."},
	{"Services", "A service is something one can connect to: where its API is, which hosts its credentials may be sent to, and how it authenticates."},
	{"Extensions", "An extension is a package of services, connections and scripts that one organization publishes and others install: see docs/extensions.md."},
	{"Definitions", "Everything of the organization that is not a secret, as a file, and back: see docs/as-code.md. For owners and admins."},
	{"Users", "The people of the organization, and the end users of a host application, for whom its calls are made."},
	{"Records", "Who changed what, and what was called. Records never hold a body, a query or a secret."},
	{"Webhooks", "What happens to authorizations is sent to addresses of yours, signed as Standard Webhooks has it. For owners and admins."},
	{"Account", "Who is asking, and the API keys of the asking user."},
	{"Server", "For the operator. These need no API key."},
}

// The codes that belong together. always is what every operation with a key can answer: the key, Lanyard-User and the
// query are judged before the operation itself begins.
var (
	always = []lanyard.Code{
		lanyard.CodeInvalidRequest, lanyard.CodeUnauthenticated, lanyard.CodeForbidden, lanyard.CodeNotFound,
		lanyard.CodeInternal, lanyard.CodeUnavailable,
	}
	withBody = []lanyard.Code{lanyard.CodeRequestTooLarge, lanyard.CodeUnsupportedMediaType}
	calls    = []lanyard.Code{
		lanyard.CodeLoginUserRequired, lanyard.CodeHostNotAllowed, lanyard.CodeAddressNotAllowed, lanyard.CodeNotConnected,
		lanyard.CodeAuthorizationRequired, lanyard.CodeReconnectRequired, lanyard.CodeUpstreamUnreachable,
		lanyard.CodeRefreshUnavailable, lanyard.CodeUpstreamTimeout,
	}
)

func codes(sets ...[]lanyard.Code) []lanyard.Code {
	var all []lanyard.Code
	for _, set := range sets {
		all = append(all, set...)
	}
	return all
}

const (
	exampleService = `{
  "kind": "custom",
  "link_name": "acme",
  "name": "Acme",
  "base_url": "https://{domain}.acme.com/api",
  "hosts": ["*.acme.com"],
  "dynamic_parameters": [{"key": "domain", "name": "Your Acme domain"}],
  "auth": {
    "type": "oauth2",
    "grant_type": "authorization_code",
    "pkce": true,
    "client_id": "0a1b2c3d",
    "client_secret_set": true,
    "client_secret_fingerprint": "3f9a01c2",
    "authorize_url": "https://acme.com/oauth/authorize",
    "access_token_url": "https://api.acme.com/oauth/token",
    "param_type": "header",
    "scope_delimiter": " ",
    "scopes": [{"name": "Read", "value": "read"}, {"name": "Write", "value": "write"}]
  },
  "callback_url": "https://lanyard.example.com/oauth/callback/org_RQ6Y3DPCZ2T4WJ7M5KXA/acme",
  "author": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "created_at": "2026-01-31T12:00:00Z",
  "updated_at": "2026-01-31T12:00:00Z"
}`
	exampleDefault = `{
  "kind": "default",
  "link_name": "gitlab",
  "name": "GitLab",
  "category": "developer_tools",
  "base_url": "https://gitlab.com/api/v4",
  "hosts": ["gitlab.com"],
  "auth": {
    "type": "oauth2",
    "grant_type": "authorization_code",
    "pkce": true,
    "client_id": "0a1b2c3d",
    "client_secret_set": true,
    "client_secret_fingerprint": "3f9a01c2",
    "authorize_url": "https://gitlab.com/oauth/authorize",
    "access_token_url": "https://gitlab.com/oauth/token",
    "scopes": [{"name": "The whole API: read", "value": "read_api"}]
  },
  "callback_url": "https://lanyard.example.com/oauth/callback/org_RQ6Y3DPCZ2T4WJ7M5KXA/gitlab",
  "author": "",
  "created_at": null,
  "updated_at": null,
  "client_set": true,
  "register_url": "https://gitlab.com/-/user_settings/applications",
  "revoked_authorizations": 0
}`
	exampleConnection = `{
  "link_name": "acme_live",
  "name": "Acme, live",
  "service": "acme",
  "scopes": ["read"],
  "use_login_user_credentials": false,
  "origin": "user",
  "owner": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "usable_by": "organization",
  "status": "connected",
  "status_reason": "",
  "expires_at": "2026-01-31T13:00:00Z",
  "last_used_at": "2026-01-31T12:30:00Z",
  "created_at": "2026-01-31T12:00:00Z"
}`
	exampleDefinitions = `{
  "lanyard": 1,
  "services": [{"definition": {"link_name": "acme", "name": "Acme", "hosts": ["api.acme.example"], "auth": {"type": "basic"}}}],
  "connections": [{"link_name": "acme_live", "name": "Acme live", "service": "acme"}]
}`
	examplePlan = `{
  "steps": [{
    "kind": "connection",
    "name": "acme_live",
    "action": "create",
    "words": ["Its name is Acme live, and it is one with Acme. Nobody is connected yet."],
    "ends": 0
  }],
  "drift": [],
  "notes": [],
  "digest": "3f9a01c2d4e5b6a798877665544332ff9b74c9897bac770ffc029102a200c5de"`
	exampleDigest    = "3f9a01c2d4e5b6a798877665544332ff9b74c9897bac770ffc029102a200c5de"
	exampleSource    = `{"publisher": "org_RQ6Y3DPCZ2T4WJ7M5KXA", "name": "acme_orders"`
	exampleExtension = `{
  "name": "acme_orders",
  "title": "Acme orders",
  "version": "1.2.0",
  "publisher": {"id": "org_RQ6Y3DPCZ2T4WJ7M5KXA", "name": "Zylker"},
  "publisher_name": "Acme Inc.",
  "digest": "` + exampleDigest + `",
  "when_publisher_gone": "keep",
  "gone_at": null,
  "newer": {"version": "1.3.0", "digest": "9b74c9897bac770ffc029102a200c5de3f9a01c2d4e5b6a798877665544332ff"},
  "waiting": ["acme_orders"],
  "installed_by": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "created_at": "2026-01-31T12:00:00Z",
  "updated_at": "2026-01-31T12:00:00Z"`
	exampleContents = `{
    "services": [{
      "link_name": "acme",
      "name": "Acme",
      "type": "api_key",
      "hosts": ["api.acme.example"],
      "urls": [{"name": "base URL", "url": "https://api.acme.example/v1"}],
      "needs_client": false
    }],
    "connections": [{
      "link_name": "acme_orders",
      "name": "Acme orders",
      "service": "acme",
      "service_name": "Acme",
      "hosts": ["api.acme.example"],
      "scopes": [],
      "use_login_user_credentials": true,
      "scripts": ["sync_orders"]
    }],
    "scripts": [{
      "link_name": "sync_orders",
      "name": "Sync orders",
      "script": "…",
      "lines": 12,
      "connections": ["acme_orders"],
      "tasks": []
    }],
    "tasks": [],
    "hosts": []
  }`
	exampleExtensionDetail = exampleExtension + `,
  "contents": ` + exampleContents + `,
  "ends": {"authorizations": 3, "people": 3, "connections": 1, "functions": ["sync_orders"], "services": ["acme"], "other_connections": []}`
	examplePublication = `{
  "name": "acme_orders",
  "title": "Acme orders",
  "description": "Reads orders and files invoices",
  "version": "1.3.0",
  "publisher_name": "Acme Inc.",
  "digest": "` + exampleDigest + `",
  "audience": "organizations",
  "organizations": ["org_T7ZPQ3XWDN5K2LHRVJ4B"],
  "published_by": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "created_at": "2026-01-31T12:00:00Z",
  "updated_at": "2026-01-31T12:00:00Z"`
	exampleUser = `{
  "id": "usr_C6B3YV2ZPTLWQ7DKXN4H",
  "email": "",
  "name": "Customer 4711",
  "role": "member",
  "external_id": "customer-4711",
  "disabled": false,
  "created_at": "2026-01-31T12:00:00Z"
}`
	exampleSignOn = `{
  "issuer": "https://login.example.com",
  "client_id": "lanyard",
  "client_secret_set": true,
  "domains": ["example.com"],
  "role_claim": "groups",
  "admin_values": ["lanyard-admins"],
  "member_values": [],
  "may_join": true,
  "password_off": false,
  "callback_url": "https://lanyard.example.com/sign-in/callback/org_RQ6Y3DPCZ2T4WJ7M5KXA",
  "sign_in_url": "https://lanyard.example.com/sign-in/organization/org_RQ6Y3DPCZ2T4WJ7M5KXA",
  "updated_at": "2026-01-31T12:00:00Z"
}`
	exampleKey = `{
  "id": "key_T7ZPQ3XWDN5K2LHRVJ4B",
  "name": "nightly reports",
  "hint": "K5QT",
  "act_for_users": false,
  "manage": false,
  "connections": ["acme_live"],
  "created_at": "2026-01-31T12:00:00Z",
  "expires_at": null,
  "last_used_at": null,
  "return_to_origins": [],
  "previous_hint": "",
  "previous_expires_at": null,
  "previous_last_used_at": null`
	exampleSession = `{
  "id": "cse_Q3XWDN5K2LHRVJ4BT7ZP",
  "connect_url": "https://lanyard.example.com/connect/session/9rQw2mZk",
  "expires_at": "2026-01-31T12:30:00Z"
}`
	exampleInvitation = `{
  "id": "inv_B5WQX7LKZTPN2D3HRVJ4",
  "email": "new@zylker.example",
  "role": "member",
  "created_by": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "created_at": "2026-01-31T12:00:00Z",
  "expires_at": "2026-02-07T12:00:00Z"`
)

const (
	exampleWebhook = `{
  "id": "whk_T7ZPQ3XWDN5K2LHRVJ4B",
  "url": "https://app.example.com/lanyard",
  "description": "Production",
  "events": ["authorization.reconnect_required", "authorization.connected"],
  "enabled": true,
  "switched_off": "",
  "switched_off_at": null,
  "failing_since": null,
  "created_at": "2026-01-31T12:00:00Z",
  "updated_at": "2026-01-31T12:00:00Z"`
	exampleFunction = `{
  "link_name": "daily_report",
  "name": "Daily report",
  "version": 3,
  "parameters": [],
  "returns": "map",
  "connections": ["acme_live"],
  "schedule": {"cron": "0 9 * * MON-FRI", "zone": "Europe/Berlin"},
  "next_run_at": "2026-02-02T08:00:00Z",
  "hook_set": false,
  "author": "usr_C6B3YV2ZPTLWQ7DKXN4H",
  "saved_by": "usr_C6B3YV2ZPTLWQ7DKXN4H",
  "created_at": "2026-01-31T12:00:00Z",
  "updated_at": "2026-01-31T12:00:00Z"`
	exampleFunctionScript = `,
  "script": "map daily_report()\n{\n  tickets = invokeurl [url: \"/v2/tickets\" connection: \"acme_live\"];\n  return {\"open\": tickets.size()};\n}"
}`
	exampleVersion = `{"version": 3, "saved_by": "usr_C6B3YV2ZPTLWQ7DKXN4H", "saved_at": "2026-01-31T12:00:00Z"`
	exampleCall    = `{"line": 3, "name": "invokeurl", "connection": "acme_live", "method": "GET", "host": "acme.com", "path": "/v2/tickets", "status": 200, "started_ms": 0, "duration_ms": 182}`
	exampleRun     = `{
  "id": "run_018d5f0c3a1b2c7",
  "function": "daily_report",
  "version": 3,
  "cause": "schedule",
  "user": "usr_C6B3YV2ZPTLWQ7DKXN4H",
  "key": "",
  "status": "ok",
  "started_at": "2026-02-02T08:00:00Z",
  "duration_ms": 183,
  "statements": 2`
	exampleDelivery = `{
  "id": "evt_018d5f0c3a1b2c7",
  "type": "authorization.reconnect_required",
  "status": "pending",
  "next_at": "2026-01-31T12:05:06Z",
  "created_at": "2026-01-31T12:00:00Z",
  "attempts": [{"at": "2026-01-31T12:00:00.1Z", "status": 503, "duration_ms": 87, "error": "It answered 503."}]
}`
)

func exampleList(item string) string { return `{"items": [` + item + `], "next_cursor": ""}` }

var operations = map[string]operation{
	"POST /v1/invoke": {
		id: "invoke", tag: "Invoke", summary: "Call a service",
		description: "Performs one request through a connection and answers with what the service answered. A status of the service, even 500, is a success here: the HTTP status of this call is then 200, and the service's own stands in `status`.\n\n" +
			"The answer is held in memory, so it has a limit (15 MiB unless configured otherwise). For more, and for streams, use the proxy.",
		body: `{
  "connection": "acme_live",
  "type": "POST",
  "url": "/v2/tickets",
  "headers": {"Accept": "application/json"},
  "body": {"subject": "Printer on fire"}
}`,
		answer: `{
  "status": 201,
  "headers": {"content-type": "application/json"},
  "body": {"id": 4711, "subject": "Printer on fire"},
  "duration_ms": 182
}`,
		errors: codes(calls, withBody, []lanyard.Code{lanyard.CodeResponseTooLarge}),
	},
	proxyPattern: {
		id: "proxy", tag: "Invoke", summary: "Call a service as it is",
		description: "A transparent proxy, for existing SDKs and for `curl`: the path is joined to the service's base URL, the query is kept, and both bodies are streamed byte for byte without a limit. Any method will do. The answer is the service's own; an error of Lanyard carries the header `Lanyard-Error` with its code.\n\n" +
			"The path cannot climb above the base URL, and the request never carries your Lanyard key onwards. A 401 or another status that means *refresh now* is answered by a refresh and one more try, as long as the body can be sent again.",
		errors: codes(calls, []lanyard.Code{lanyard.CodeRequestTooLarge}),
	},
	"POST /v1/scripts/run": {
		id: "run_script", tag: "Scripts", summary: "Run a script",
		description: "Runs a script with the rights of the acting user and answers with what it printed and returned. What goes wrong in it, a syntax error too, is in `error`, and the HTTP status is 200 all the same; `error.problems` lists everything that is wrong with a script that cannot be read.\n\n" +
			"A script has limits: 5,000 statements, 500 calls, 64 MiB of values, 500 kB of output, one minute. It reaches nothing but services, through connections.",
		body: `{
  "script": "response = invokeurl\n[\n  url: \"/v2/tickets\"\n  type: GET\n  connection: \"acme_live\"\n];\ninfo response.size() + \" tickets for \" + name;\nreturn response;",
  "arguments": {"name": "Support"}
}`,
		answer: `{
  "output": ["2 tickets for Support"],
  "result": [{"id": 4711}, {"id": 4712}],
  "calls": [{"line": 1, "name": "invokeurl", "connection": "acme_live", "method": "GET", "host": "acme.com", "path": "/v2/tickets", "status": 200, "started_ms": 0, "duration_ms": 182}],
  "statements": 3,
  "duration_ms": 183
}`,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeRateLimited}),
	},
	"POST /v1/scripts/check": {
		id: "check_script", tag: "Scripts", summary: "Check a script",
		description: "Reads a script and runs nothing: everything that is wrong with it, with lines and columns, and what it takes and uses.",
		body:        `{"script": "string greet(string name)\n{\n  return \"Hello \" + name;\n}"}`,
		answer:      `{"problems": [], "warnings": [], "parameters": [{"name": "name", "type": "string"}], "returns": "string", "connections": [], "functions": []}`,
		errors:      withBody,
	},
	"GET /v1/functions": {
		id: "list_functions", tag: "Scripts", summary: "List functions",
		description: "The organization's functions, which are saved scripts, by link name and without their scripts. Everybody in the organization reads and runs them.",
		answer:      exampleList(exampleFunction + "\n}"),
	},
	"POST /v1/functions": {
		id: "create_function", tag: "Scripts", summary: "Save a function",
		description: "A script that cannot be read is not saved: `errors` lists everything that is wrong with it. What looks like a secret is saved and told in `warnings`, since everybody in the organization can read scripts.\n\n" +
			"With a `schedule` it runs by itself, as the user who saved its current version and with no login user: a connection with *Use credentials of login user* refuses such a run. A function with parameters has no schedule.",
		body: `{
  "link_name": "daily_report",
  "name": "Daily report",
  "script": "map daily_report()\n{\n  tickets = invokeurl [url: \"/v2/tickets\" connection: \"acme_live\"];\n  return {\"open\": tickets.size()};\n}",
  "schedule": {"cron": "0 9 * * MON-FRI", "zone": "Europe/Berlin"}
}`,
		answer: exampleFunction + exampleFunctionScript, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}), status: 201,
	},
	"GET /v1/functions/{link_name}": {
		id: "read_function", tag: "Scripts", summary: "Read a function",
		answer: exampleFunction + exampleFunctionScript,
	},
	"PATCH /v1/functions/{link_name}": {
		id: "edit_function", tag: "Scripts", summary: "Edit a function",
		description: "Changes the fields that are given; for who made it, owners and admins. Another script is another version. Whoever gives it a schedule answers for what then runs: a script that somebody else saved becomes a version of theirs.",
		body:        `{"schedule": null}`,
		answer:      exampleFunction + exampleFunctionScript, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/functions/{link_name}": {
		id: "delete_function", tag: "Scripts", summary: "Delete a function", status: 204,
		description: "Its versions and the records of its runs go with it; its schedule and its address end.",
	},
	"GET /v1/functions/{link_name}/versions": {
		id: "list_function_versions", tag: "Scripts", summary: "List versions",
		description: "Newest first; the last hundred are kept. To go back to one, read it and save its script.",
		answer:      exampleList(exampleVersion + "}"),
	},
	"GET /v1/functions/{link_name}/versions/{version}": {
		id: "read_function_version", tag: "Scripts", summary: "Read a version",
		answer: exampleVersion + `, "script": "info 1;"}`,
	},
	"POST /v1/functions/{link_name}/run": {
		id: "run_function", tag: "Scripts", summary: "Run a function",
		description: "Runs a function with the rights of the acting user, records the run, and answers with what it printed and returned. As with a script, what goes wrong in it is in `error`, and the HTTP status is 200 all the same.",
		body:        `{"arguments": {}}`,
		answer: `{
  "run_id": "run_018d5f0c3a1b2c7",
  "output": [],
  "result": {"open": 2},
  "calls": [` + exampleCall + `],
  "statements": 2,
  "duration_ms": 183
}`,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeRateLimited}),
	},
	"GET /v1/functions/{link_name}/runs": {
		id: "list_function_runs", tag: "Scripts", summary: "List runs",
		description: "Newest first, kept for thirty days and at most a thousand of each function. Who made the function or saved it last, owners and admins see every run; others see those that ran for them.",
		answer:      exampleList(exampleRun + "\n}"),
	},
	"GET /v1/function_runs/{id}": {
		id: "read_function_run", tag: "Scripts", summary: "Read a run",
		answer: exampleRun + `,
  "output": [],
  "result": {"open": 2},
  "calls": [` + exampleCall + `]
}`,
	},
	"POST /v1/functions/{link_name}/hook": {
		id: "create_function_hook", tag: "Scripts", summary: "Make an address",
		description: "Gives the function an address of its own, in place of the one it had: a POST to it, without a key, runs the function as the user who saved its current version, with no login user. It is told this once, and is a secret: whoever knows it runs the function. See docs/scripts.md for what the function gets and what is answered.",
		answer:      `{"url": "https://lanyard.example.com/hooks/…"}`, errors: []lanyard.Code{lanyard.CodeConflict},
	},
	"DELETE /v1/functions/{link_name}/hook": {
		id: "delete_function_hook", tag: "Scripts", summary: "End the address", status: 204,
		errors: []lanyard.Code{lanyard.CodeConflict},
	},
	hookRoute: {
		id: "call_function_hook", tag: "Scripts", summary: "Call the address of a function", open: true,
		description: "Runs the function, without a key, and answers with its result: a text as it is, anything else as JSON, and 204 for none. A parameter `request` of the type map gets `method`, `headers`, `params`, `body` and `json`; the others are filled by name from the fields of the body, JSON or a form, and then from the query. When the function fails, the answer says no more than which run it was.",
		errors:      []lanyard.Code{lanyard.CodeNotFound, lanyard.CodeMethodNotAllowed, lanyard.CodeRequestTooLarge, lanyard.CodeRateLimited, lanyard.CodeFunctionFailed, lanyard.CodeInternal},
	},
	"GET /v1/connections": {
		id: "list_connections", tag: "Connections", summary: "List connections",
		description: "The connections that the acting user sees: `my` are those the user made, `extensions` those that came with an installed extension, `shared` are others' connections that the user authenticated with an account of their own (or was asked to), and `internal` were made by Lanyard when an integration task ran without naming a connection. Ordered by link name.",
		answer:      exampleList(exampleConnection),
	},
	"POST /v1/connections": {
		id: "create_connection", tag: "Connections", summary: "Make a connection", status: 201,
		description: "The connection is made, but not connected yet: connect it next.\n\n" +
			"With `use_login_user_credentials` every call runs with the acting user's own account; without it, with the owner's, whoever calls.",
		body: `{
  "name": "Acme, live",
  "link_name": "acme_live",
  "service": "acme",
  "scopes": ["read"],
  "use_login_user_credentials": false
}`,
		answer: exampleConnection, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/connections/{link_name}": {
		id: "read_connection", tag: "Connections", summary: "Read a connection",
		answer: exampleConnection,
	},
	"PATCH /v1/connections/{link_name}": {
		id: "edit_connection", tag: "Connections", summary: "Edit a connection",
		description: "A JSON merge patch (RFC 7396) of the display name, the scopes, the switch and who may use it. The link name and the service never change. A new scope asks for consent again, and switching *use credentials of login user* off ends the authorizations of other users.",
		body:        `{"name": "Acme, production", "usable_by": "owner"}`,
		answer:      exampleConnection, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict, lanyard.CodeNotEditable}),
	},
	"DELETE /v1/connections/{link_name}": {
		id: "delete_connection", tag: "Connections", summary: "Delete a connection", status: 204,
		description: "Erases the credentials of every user of the connection, and tells their providers.",
	},
	"POST /v1/connections/{link_name}/connect": {
		id: "connect", tag: "Connections", summary: "Connect",
		description: "Gives what the service asks for: `credentials` for API keys (by parameter name), Basic (`username`, `password`) and AWS (`access_key_id`, `secret_access_key`, `session_token`), and `parameters` for dynamic parameters.\n\n" +
			"Where a person has to consent in the browser, or when what is needed was left out, the answer is `consent_required` with a URL. It works only for the user it was made for, signed in, within its life. A connection is connected again in the same way, in place.",
		body:   `{"credentials": {"X-Api-Key": "…"}, "parameters": {"domain": "zylker"}}`,
		answer: `{"status": "consent_required", "connect_url": "https://lanyard.example.com/connect/9rQw2mZk"}`,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict, lanyard.CodeAddressNotAllowed, lanyard.CodeUpstreamUnreachable, lanyard.CodeUpstreamTimeout}),
	},
	"POST /v1/connections/{link_name}/revoke": {
		id: "revoke", tag: "Connections", summary: "Revoke",
		description: "Erases the acting user's credential and, where the service has a revoke URL, tells the provider (RFC 7009). The credential is gone even when the provider does not answer; it is then told again later, and `provider_confirmed` is false.",
		answer:      `{"status": "revoked", "provider_confirmed": true}`,
		errors:      []lanyard.Code{lanyard.CodeNotConnected},
	},
	"GET /v1/connections/{link_name}/users": {
		id: "list_connection_users", tag: "Connections", summary: "List who connected a connection",
		description: "With *Use credentials of login user* on, everybody uses an account of their own. The owner of the connection sees who they are, how they stand and when they last used it, and nothing of their accounts.",
		answer: `{
  "items": [
    {
      "user": "usr_H4N2XKD7QWLTPZ3VYB6C",
      "name": "Warehouse",
      "external_id": "",
      "status": "connected",
      "status_reason": "",
      "connected_at": "2026-03-01T09:00:00Z",
      "last_used_at": "2026-03-02T10:30:00Z"
    }
  ],
  "next_cursor": ""
}`,
	},
	"DELETE /v1/connections/{link_name}/users/{user}": {
		id: "remove_connection_user", tag: "Connections", summary: "Take another user's account off a connection",
		description: "For the owner of the connection. Erases that user's credential, tells the provider as revoking does, and takes the connection off that user's shared list. The next call made for them asks them to connect again. Your own account is revoked, not removed (`conflict`).",
		answer:      `{"status": "revoked", "provider_confirmed": true}`,
		errors:      []lanyard.Code{lanyard.CodeConflict},
	},
	"POST /v1/connect_sessions": {
		id: "create_connect_session", tag: "Embedding", summary: "Begin to connect an end user", status: 201,
		description: "For an application whose users never sign in to Lanyard. The user opens `connect_url` in the browser, within half an hour, and connects an account of their own. Then the browser comes back to `return_to?session=…&code=…`, or tells the page that opened it (`popup`). Nothing is bound until the application confirms.\n\n" +
			"It needs an API key made with *act for users*. The connection is one that uses the credentials of the login user, or the user's own. The origin of `return_to` is one of the key's `return_to_origins`, or one that the operator allows.",
		body: `{
  "connection": "acme_live",
  "user": "customer-4711",
  "return_to": "https://app.example.com/connected",
  "display": "popup"
}`,
		answer: exampleSession, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/connect_sessions/{id}": {
		id: "read_connect_session", tag: "Embedding", summary: "Read a connect session",
		description: "Where it stands: `open` until the user connected, `pending` until the application confirms, then `confirmed`; `failed` with a reason, or `expired`.",
		answer: `{
  "id": "cse_Q3XWDN5K2LHRVJ4BT7ZP",
  "connection": "acme_live",
  "user": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "status": "pending",
  "error": "",
  "reason": "",
  "expires_at": "2026-01-31T12:30:00Z"
}`,
	},
	"POST /v1/connect_sessions/{id}/confirm": {
		id: "confirm_connect_session", tag: "Embedding", summary: "Confirm who connected",
		description: "Binds what was granted to the user of the session. Say in `user` (or in `Lanyard-User`) who is signed in to the application in the browser that brought the code: if that is not the user of the session, the answer is `forbidden`, nothing is bound, and what was granted is given back. Without it the application has to compare by itself.\n\n" +
			"A code works once, for ten minutes. The third wrong one ends the session.",
		body:   `{"code": "…", "user": "customer-4711"}`,
		answer: `{"status": "connected", "connection": "acme_live", "user": "usr_H4N2XKD7QWLTPZ3VYB6C"}`,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/services": {
		id: "list_services", tag: "Services", summary: "List services",
		description: "Default services come with Lanyard; custom ones were defined by members of the organization, and everybody in it sees them. Ordered by link name.",
		answer:      exampleList(exampleService),
	},
	"POST /v1/services": {
		id: "create_service", tag: "Services", summary: "Define a service", status: 201,
		description: "Defines a custom service. For OAuth, enter the `callback_url` of the answer with the provider.",
		body: `{
  "link_name": "acme",
  "name": "Acme",
  "base_url": "https://{domain}.acme.com/api",
  "hosts": ["*.acme.com"],
  "dynamic_parameters": [{"key": "domain", "name": "Your Acme domain"}],
  "auth": {
    "type": "oauth2",
    "grant_type": "authorization_code",
    "client_id": "0a1b2c3d",
    "client_secret": "…",
    "authorize_url": "https://acme.com/oauth/authorize",
    "access_token_url": "https://api.acme.com/oauth/token",
    "scopes": [{"name": "Read", "value": "read"}, {"name": "Write", "value": "write"}]
  }
}`,
		answer: exampleService, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/services/{link_name}": {
		id: "read_service", tag: "Services", summary: "Read a service",
		answer: exampleService,
	},
	"PATCH /v1/services/{link_name}": {
		id: "edit_service", tag: "Services", summary: "Edit a service",
		description: "A JSON merge patch (RFC 7396). Lists are given whole: the first entries are the existing ones in their order, the rest are new. Type, link name and grant type never change; API-key parameters can be added and edited, but not deleted; OAuth 2 scopes can be added, but neither edited nor deleted. Only the member who defined a service edits it.\n\n" +
			"Saving a change revokes every authorization of every connection made with the service; `revoked_authorizations` says how many. An edit that cannot lead a credential anywhere new (a name, a new client secret, an added scope, the revoke URL) may be saved with `keep_connections=true`. Saving with nothing changed does nothing.",
		body:   `{"name": "Acme Europe"}`,
		answer: exampleService[:len(exampleService)-2] + ",\n  \"revoked_authorizations\": 0\n}",
		errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict, lanyard.CodeNotEditable}),
	},
	"DELETE /v1/services/{link_name}": {
		id: "delete_service", tag: "Services", summary: "Delete a service",
		description: "Revokes every authorization of every connection made with the service. The connections stay, to say what happened to them.",
		answer:      `{"revoked_authorizations": 3}`,
	},
	"PUT /v1/services/{link_name}/client": {
		id: "set_client", tag: "Services", summary: "Set the OAuth client of a default service",
		description: "The client id and secret that the organization got by registering an application with the provider, with the service's `callback_url` as its redirect URI (see `register_url`). For owners and admins.\n\n" +
			"A service of your own server or tenant has dynamic parameters with `with_client`: their values are given here, in `parameters`, and stand in the service from then on, so that nobody who connects is asked for them or can lead the client secret to another host.\n\n" +
			"Tokens belong to the client they were given to: another client id, or another of these values, revokes every authorization of every connection of the service, as many as `revoked_authorizations` says, and `affected` on a read said before. Another secret of the same client revokes nothing.",
		body:   `{"client_id": "0a1b2c3d", "client_secret": "…"}`,
		answer: exampleDefault,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/services/{link_name}/catalog_file": {
		id: "read_catalog_file", tag: "Services", summary: "Read a service as a catalogue file", media: yamlMedia,
		description: "The definition in YAML, with no client id or secret in it: to keep with other files, to change for `--catalog`, or to make the service in another organization. Of a default service it is the file that it comes from, with all ways to connect.",
	},
	"GET /v1/definitions": {
		id: "export_definitions", tag: "Definitions", summary: "Export the organization's definitions", media: yamlMedia,
		description: "Custom services, OAuth clients, connections made by hand, functions, installed extensions, API keys with their rights, and roles: in YAML where `Accept` names " + yamlMedia + ", else in JSON. No secret and no id of a thing is in it.",
	},
	"POST /v1/definitions/plan": {
		id: "plan_definitions", tag: "Definitions", summary: "Plan definitions",
		description: "Compares a document with what there is, says in words what applying it would change, and changes nothing. All faults are reported at once, each at its pointer. Secrets are sent as `value`; the server reads neither its environment nor its files for a caller.",
		body:        exampleDefinitions, answer: examplePlan + "\n}", errors: withBody,
	},
	"POST /v1/definitions/apply": {
		id: "apply_definitions", tag: "Definitions", summary: "Apply definitions",
		description: "Does what the plan of the document says: all of it, or nothing. What the document does not name stays as it is. A secret that is not sent stays as it is stored.",
		body:        exampleDefinitions, answer: examplePlan + ",\n  \"keys\": [{\"name\": \"ci\", \"key\": \"lanyard_…\"}]\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/extensions": {
		id: "list_extensions", tag: "Extensions", summary: "List installed extensions",
		description: "What is installed in the organization, by name; `waiting` is the asking user's own.",
		answer:      exampleList(exampleExtension + "\n}"),
	},
	"POST /v1/extensions/review": {
		id: "review_extension", tag: "Extensions", summary: "Review an extension",
		description: "Reads an extension that another organization offers, or a package that is sent along, and changes nothing. The answer says what it brings, what stands in its way, and, where one of its name is installed, how the two differ and what accepting it ends. Its `digest` is what installing and updating take.",
		body:        exampleSource + "}",
		answer: `{
  "name": "acme_orders",
  "title": "Acme orders",
  "description": "Reads orders and files invoices",
  "version": "1.3.0",
  "docs_url": "",
  "publisher": {"id": "org_RQ6Y3DPCZ2T4WJ7M5KXA", "name": "Zylker"},
  "publisher_name": "Acme Inc.",
  "digest": "9b74c9897bac770ffc029102a200c5de3f9a01c2d4e5b6a798877665544332ff",
  "installed": {"version": "1.2.0", "digest": "` + exampleDigest + `"},
  "contents": ` + exampleContents + `,
  "changes": [
    {"what": "Service Acme", "words": "Credentials may also go to files.acme.example.", "reach": true, "before": "", "after": ""}
  ],
  "obstacles": [],
  "ends": {"authorizations": 3, "people": 3, "connections": 1, "functions": [], "services": [], "other_connections": []}
}`,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"POST /v1/extensions": {
		id: "install_extension", tag: "Extensions", summary: "Install an extension", status: 201,
		description: "Makes the services, connections and functions of the package that was reviewed: all of them, or none. For owners and admins, in their own name. Where another package is offered than the one with this `digest`, the answer is `conflict`.",
		body:        exampleSource + `, "digest": "` + exampleDigest + `", "when_publisher_gone": "keep"}`,
		answer:      exampleExtensionDetail + "\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/extensions/{name}": {
		id: "read_extension", tag: "Extensions", summary: "Read an installed extension",
		description: "What is installed, with what it brought and what uninstalling it would end.",
		answer:      exampleExtensionDetail + "\n}",
	},
	"PATCH /v1/extensions/{name}": {
		id: "edit_extension", tag: "Extensions", summary: "Say what becomes of an extension when its publisher is gone",
		description: "For owners and admins. Nothing else of an extension is edited: it changes by an update.",
		body:        `{"when_publisher_gone": "end"}`,
		answer:      exampleExtensionDetail + "\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"POST /v1/extensions/{name}/update": {
		id: "update_extension", tag: "Extensions", summary: "Update an extension",
		description: "Puts the package that was reviewed in the place of the installed one: all of it, or nothing. For owners and admins, in their own name. What it leads elsewhere has to be connected anew, and `ended` says what that was.",
		body:        exampleSource + `, "digest": "` + exampleDigest + `"}`,
		answer: exampleExtensionDetail + `,
  "ended": {"authorizations": 3, "people": 3, "connections": 1, "functions": [], "services": [], "other_connections": []}
}`,
		errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/extensions/{name}": {
		id: "uninstall_extension", tag: "Extensions", summary: "Uninstall an extension",
		description: "Deletes its functions, connections and services, erases every credential given to them, and tells the providers. For owners and admins, in their own name. `ends` on a read says before what that is.",
		answer:      `{"authorizations": 3, "people": 3, "connections": 1, "functions": ["sync_orders"], "services": ["acme"], "other_connections": []}`,
		errors:      []lanyard.Code{lanyard.CodeConflict},
	},
	"GET /v1/extension_offers": {
		id: "list_extension_offers", tag: "Extensions", summary: "List extensions on offer",
		description: "What other organizations of the deployment offer to this one, and what it publishes itself, by name.",
		answer: exampleList(`{
  "publisher": {"id": "org_RQ6Y3DPCZ2T4WJ7M5KXA", "name": "Zylker"},
  "name": "acme_orders",
  "title": "Acme orders",
  "description": "Reads orders and files invoices",
  "version": "1.3.0",
  "publisher_name": "Acme Inc.",
  "digest": "9b74c9897bac770ffc029102a200c5de3f9a01c2d4e5b6a798877665544332ff",
  "installed": "1.2.0",
  "updated_at": "2026-01-31T12:00:00Z"
}`),
	},
	"GET /v1/publications": {
		id: "list_publications", tag: "Extensions", summary: "List published extensions",
		description: "What the organization itself publishes, by name; for owners and admins.",
		answer:      exampleList(examplePublication + "\n}"),
	},
	"POST /v1/publications": {
		id: "publish_extension", tag: "Extensions", summary: "Publish an extension", status: 201,
		description: "Offers a version of an extension, its first one or a higher one than before; for owners and admins. Those who installed an earlier version keep it until they accept this one. The organizations that it is offered to see this organization's name.",
		body:        `{"package": "UEsDBBQ…", "audience": "organizations", "organizations": ["org_T7ZPQ3XWDN5K2LHRVJ4B"]}`,
		answer:      examplePublication + "\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/publications/{name}": {
		id: "read_publication", tag: "Extensions", summary: "Read a published extension",
		description: "With its package, as it was published; for owners and admins.",
		answer:      examplePublication + ",\n  \"package\": \"UEsDBBQ…\"\n}",
	},
	"PATCH /v1/publications/{name}": {
		id: "edit_publication", tag: "Extensions", summary: "Offer a published extension to others",
		description: "Changes to whom it is offered. For those to whom it is not offered any more it is as if it were withdrawn.",
		body:        `{"audience": "everybody"}`,
		answer:      examplePublication + "\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/publications/{name}": {
		id: "withdraw_publication", tag: "Extensions", summary: "Withdraw a published extension", status: 204,
		description: "It is offered to nobody any more. Each organization that installed it chose what becomes of its copy: it goes on working, or it is uninstalled.",
		errors:      []lanyard.Code{lanyard.CodeConflict},
	},
	"GET /v1/invocations": {
		id: "list_invocations", tag: "Records", summary: "List what was called",
		description: "Newest first. Owners and admins see every call, members their own.",
		answer: exampleList(`{
  "id": "018d5f0c3a1b2c7",
  "at": "2026-01-31T12:00:00.123Z",
  "connection": "acme_live",
  "user": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "key": "key_T7ZPQ3XWDN5K2LHRVJ4B",
  "method": "POST",
  "host": "zylker.acme.com",
  "path": "/api/v2/tickets",
  "status": 201,
  "code": "",
  "bytes_sent": 29,
  "bytes_received": 512,
  "duration_ms": 182
}`),
	},
	"GET /v1/audit": {
		id: "list_audit", tag: "Records", summary: "List who changed what",
		description: "Newest first; for owners and admins. An entry is written together with the change itself.",
		answer: exampleList(`{
  "id": "018d5f0c3a1b2c7",
  "at": "2026-01-31T12:00:00.123Z",
  "actor": "usr_H4N2XKD7QWLTPZ3VYB6C",
  "on_behalf_of": "",
  "key": "key_T7ZPQ3XWDN5K2LHRVJ4B",
  "action": "connection.create",
  "object": "con_X2K7QDWN4TLPZ5HRVB3J",
  "object_name": "acme_live",
  "detail": {}
}`),
	},
	"GET /v1/users": {
		id: "list_users", tag: "Users", summary: "List users",
		description: "Everybody in the organization, by e-mail address. `external_id` finds the one user of that id.",
		answer:      exampleList(exampleUser),
	},
	"POST /v1/users": {
		id: "create_user", tag: "Users", summary: "Add a user", status: 201,
		description: "For owners and admins, who give no role above their own. A host application adds its end users with its own id for them in `external_id`; where it has no e-mail address to give, the user cannot sign in, and calls are made for them with `Lanyard-User`.\n\n" +
			"A user belongs to one organization: the same address in two organizations is two users.",
		body:   `{"name": "Customer 4711", "external_id": "customer-4711"}`,
		answer: exampleUser, errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/users/{id}": {
		id: "read_user", tag: "Users", summary: "Read a user",
		answer: exampleUser,
	},
	"PATCH /v1/users/{id}": {
		id: "edit_user", tag: "Users", summary: "Edit or deactivate a user",
		description: "A JSON merge patch (RFC 7396) of name, e-mail address, role, external id and `disabled`. Nobody acts on somebody whose role is above their own, and the last owner who can sign in stays one. Another role ends the user's browser sessions.\n\n" +
			"`disabled` ends the user's sessions and all that they have begun, and their API keys do not work, at once. Calls through connections that run with their account get `not_connected`; their credentials stay sealed, and `disabled: false` brings keys and connections back.",
		body:   `{"disabled": true}`,
		answer: strings.Replace(exampleUser, `"disabled": false`, `"disabled": true`, 1), errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/users/{id}": {
		id: "remove_user", tag: "Users", summary: "Remove a user", status: 204,
		description: "The user's sessions, keys and authorizations end, their credentials are erased, and the providers told. Who owns connections or custom services is removed only when the request says what becomes of them: `hand_over_to` gives them to another user, as `hand_over` does, and `delete_connections=true` deletes them with everybody's authorizations. Otherwise the answer is `conflict` and says how many there are.",
		errors:      []lanyard.Code{lanyard.CodeConflict},
	},
	"POST /v1/users/{id}/hand_over": {
		id: "hand_over", tag: "Users", summary: "Hand a user's connections over",
		description: "Every connection and custom service of the user gets a new owner. Where everybody's calls ran with the user's account, its credential is erased and the provider told: the new owner finds the connection under their own, to be connected. With *use credentials of login user* everybody's own accounts stay as they are.",
		body:        `{"to": "usr_H4N2XKD7QWLTPZ3VYB6C"}`,
		answer:      `{"connections": 3, "services": 1, "revoked_authorizations": 2}`,
		errors:      codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/invitations": {
		id: "list_invitations", tag: "Users", summary: "List invitations",
		description: "Those that can still be accepted, newest first; for owners and admins. The link of one is told once, when it is made.",
		answer:      exampleList(exampleInvitation + "\n}"),
	},
	"POST /v1/invitations": {
		id: "invite", tag: "Users", summary: "Invite somebody", status: 201,
		description: "Makes a link with which one person joins the organization, within seven days; for owners and admins, who give no role above their own. The answer holds the `url`, this once: it is stored as a hash. With an `email` the invitation is for that address and, where mail is set up, is sent there (`mailed`); without one it is for whoever has the link.\n\n" +
			"A user with that address who never had a password, as `POST /v1/users` makes them, gets one by accepting, and keeps role and connections. An invitation works only as long as whoever made it is there and could still make it.",
		body:   `{"email": "new@zylker.example", "role": "member"}`,
		answer: exampleInvitation + ",\n  \"url\": \"https://lanyard.example.com/invitation/…\",\n  \"mailed\": true\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/invitations/{id}": {
		id: "revoke_invitation", tag: "Users", summary: "Take an invitation back", status: 204,
		description: "Its link does not work any more. An invitation that was accepted cannot be taken back.",
	},
	"GET /v1/webhooks": {
		id: "list_webhooks", tag: "Webhooks", summary: "List webhooks",
		description: "The organization's webhooks, at most twenty. A secret is never shown again.",
		answer:      exampleList(exampleWebhook + "\n}"),
	},
	"POST /v1/webhooks": {
		id: "create_webhook", tag: "Webhooks", summary: "Make a webhook", status: 201,
		description: "From now on, what happens to authorizations is sent to the address as `authorization.connected`, `authorization.refresh_failed` (once per outage), `authorization.reconnect_required` and `authorization.revoked`. The answer holds the `secret` that messages are signed with, this once.",
		body:        `{"url": "https://app.example.com/lanyard", "description": "Production", "events": ["authorization.reconnect_required", "authorization.connected"]}`,
		answer:      exampleWebhook + ",\n  \"secret\": \"whsec_…\"\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/webhooks/{id}": {
		id: "read_webhook", tag: "Webhooks", summary: "Read a webhook",
		answer: exampleWebhook + "\n}",
	},
	"PATCH /v1/webhooks/{id}": {
		id: "edit_webhook", tag: "Webhooks", summary: "Edit a webhook",
		description: "Changes the fields that are given. A webhook that is switched on begins anew: what waited for it is sent.",
		body:        `{"enabled": true}`,
		answer:      exampleWebhook + "\n}", errors: withBody,
	},
	"DELETE /v1/webhooks/{id}": {
		id: "delete_webhook", tag: "Webhooks", summary: "Delete a webhook", status: 204,
		description: "What waited for it is not sent, and its deliveries are forgotten.",
	},
	"POST /v1/webhooks/{id}/rotate_secret": {
		id: "rotate_webhook_secret", tag: "Webhooks", summary: "Make another secret",
		description: "The answer holds the new secret, this once. For a day messages are signed with both, so that the receiver can take the new one over without a gap.",
		answer:      `{"secret": "whsec_…", "previous_until": "2026-02-01T12:00:00Z"}`,
	},
	"POST /v1/webhooks/{id}/test": {
		id: "test_webhook", tag: "Webhooks", summary: "Send a test",
		description: "Sends an event of the type `webhook.test` at once, switched on or not, and answers with what came of it. It is tried once.",
		answer:      exampleDelivery,
	},
	"GET /v1/webhooks/{id}/deliveries": {
		id: "list_deliveries", tag: "Webhooks", summary: "List deliveries",
		description: "Newest first, each with its attempts; kept for thirty days. What the receiver answered is not kept, besides the status.",
		answer:      exampleList(exampleDelivery),
	},
	"POST /v1/webhooks/{id}/deliveries/{delivery}/retry": {
		id: "retry_delivery", tag: "Webhooks", summary: "Send a delivery again",
		description: "It is due at once, whatever became of it before, and goes on like a new one.",
		answer:      exampleDelivery, errors: []lanyard.Code{lanyard.CodeConflict},
	},
	"GET /v1/me": {
		id: "read_me", tag: "Account", summary: "Who is asking",
		description: "The acting user, the organization, and what the API key may do.",
		answer: `{
  "organization": {"id": "org_RQ6Y3DPCZ2T4WJ7M5KXA", "name": "Zylker"},
  "user": {
    "id": "usr_H4N2XKD7QWLTPZ3VYB6C",
    "email": "ada@zylker.example",
    "name": "Ada",
    "role": "owner",
    "external_id": "",
    "disabled": false,
    "created_at": "2026-01-31T12:00:00Z"
  },
  "key": {
    "id": "key_T7ZPQ3XWDN5K2LHRVJ4B",
    "owner": "usr_H4N2XKD7QWLTPZ3VYB6C",
    "act_for_users": false,
    "manage": true,
    "connections": []
  }
}`,
	},
	"POST /v1/users/{id}/reset_password": {
		id: "reset_password", tag: "Account", summary: "Make a link that resets a user's password", status: 201,
		description: "For owners and admins, and for nobody whose role is above theirs. The link works once, within an hour, and is sent to the user where mail is set up. When it is used, the user's sessions and API keys end.",
		body:        `{"revoke_access": true}`,
		answer:      `{"url": "https://lanyard.example.com/reset/5kZq0vXw", "expires_at": "2026-01-31T13:00:00Z", "mailed": false}`,
		errors:      codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"GET /v1/organization/single_sign_on": {
		id: "read_single_sign_on", tag: "Account", summary: "Read single sign-on",
		description: "For owners. Where it is not set up the answer is 404.",
		answer:      exampleSignOn,
	},
	"PUT /v1/organization/single_sign_on": {
		id: "set_single_sign_on", tag: "Account", summary: "Set up single sign-on",
		description: "For owners. The OpenID provider is asked for its metadata; what is wrong with it is said of `issuer`. What is left out is empty afterwards, except the client secret.",
		body:        `{"issuer": "https://login.example.com", "client_id": "lanyard", "client_secret": "…", "domains": ["example.com"], "role_claim": "groups", "admin_values": ["lanyard-admins"], "may_join": true}`,
		answer:      exampleSignOn,
		errors:      codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/organization/single_sign_on": {
		id: "delete_single_sign_on", tag: "Account", summary: "End single sign-on", status: 204,
		description: "For owners. People sign in with their passwords from then on, even where these were switched off.",
	},
	"POST /v1/sign_in_links": {
		id: "create_sign_in_link", tag: "Account", summary: "Make a sign-in link", status: 201,
		description: "A link that signs a browser in as the user of the API key, once, within a quarter of an hour.",
		answer:      `{"url": "https://lanyard.example.com/sign-in/5kZq0vXw", "expires_at": "2026-01-31T12:15:00Z"}`,
	},
	"GET /v1/api_keys": {
		id: "list_api_keys", tag: "Account", summary: "List API keys",
		description: "The asking user's own keys. A key itself is never shown again; `hint` is its last characters.",
		answer:      exampleList(exampleKey + "\n}"),
	},
	"POST /v1/api_keys": {
		id: "create_api_key", tag: "Account", summary: "Make an API key", status: 201,
		description: "The answer holds the `key` itself, this once: it is stored as a hash. A key cannot make one that may do more than itself. The right to act for users is given by owners and admins.",
		body:        `{"name": "nightly reports", "manage": false, "connections": ["acme_live"]}`,
		answer:      exampleKey + ",\n  \"key\": \"lanyard_…\"\n}", errors: withBody,
	},
	"POST /v1/api_keys/{id}/rotate": {
		id: "rotate_api_key", tag: "Account", summary: "Rotate an API key",
		description: "Gives the key a new secret, which the answer holds this once as `key`; id, name and rights stay, and so does `expires_at`. The secret before goes on working until `previous_expires_at`, so that nothing has to stand still: put the new one into use, watch `previous_last_used_at` in the list, and end the old one when nobody uses it any more. A secret that was the previous one already ends at once.",
		body:        `{"overlap_seconds": 86400}`,
		answer:      exampleKey + ",\n  \"key\": \"lanyard_…\"\n}", errors: codes(withBody, []lanyard.Code{lanyard.CodeConflict}),
	},
	"DELETE /v1/api_keys/{id}/previous": {
		id: "end_previous_api_key", tag: "Account", summary: "End the key before a rotation", status: 204,
		description: "The secret that the key had before it was rotated ends at once, on every replica.",
	},
	"DELETE /v1/api_keys/{id}": {
		id: "delete_api_key", tag: "Account", summary: "Delete an API key", status: 204,
		description: "The key ends at once, on every replica.",
	},
	"GET /healthz": {
		id: "healthz", tag: "Server", summary: "Is the process alive?",
		description: "Always 200 while the process answers at all.",
		answer:      `{"status": "ok"}`,
	},
	"GET /readyz": {
		id: "readyz", tag: "Server", summary: "Is the server ready?",
		description: "200 when the database answers and the master key opens what is stored; otherwise 503 with the reason.",
		answer:      `{"status": "ready"}`, errors: []lanyard.Code{lanyard.CodeUnavailable},
	},
	"GET /schemas/catalog.json": {
		id: "catalog_schema", tag: "Server", summary: "The schema of catalogue files",
		description: "A JSON Schema (draft 2020-12), for editors that complete and check YAML. Any page may read it.",
	},
	"GET /schemas/extension.json": {
		id: "extension_schema", tag: "Server", summary: "The schema of extension.yaml",
		description: "A JSON Schema (draft 2020-12), for editors that complete and check YAML. Any page may read it.",
	},
	"GET /metrics": {
		id: "metrics", tag: "Server", summary: "Metrics",
		description: "In the text format of Prometheus. No label holds a link name, a host, a user or an organization, so that it can be open inside one's network; keep it off the public one.",
	},
}
