package api

import (
	"net/http"

	"lanyard/internal/function"
)

// The proxy takes any method. It is not on the mux, which would clean its path: serve.go takes it before.
const (
	proxyPrefix  = "/v1/proxy/"
	proxyPattern = "/v1/proxy/{link_name}/{path...}"
	invokeRoute  = "POST /v1/invoke"
	hookRoute    = "POST " + function.HookPath + "{token}"
)

// packagePaths take a packed extension, in base64.
var packagePaths = []string{"/v1/extensions", "/v1/extensions/review", "/v1/extensions/{name}/update", "/v1/publications"}

// methods are those that the document lists for the proxy, and that the access log knows by name.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// index is every route there is.
func (a *API) index() {
	handle(a, invokeRoute, a.invoke)
	a.bare(proxyPattern)

	handle(a, "POST /v1/scripts/run", a.runScript)
	handle(a, "POST /v1/scripts/check", a.checkScript)
	handle(a, "GET /v1/functions", a.listFunctions)
	handle(a, "POST /v1/functions", a.createFunction)
	handle(a, "GET /v1/functions/{link_name}", a.readFunction)
	handle(a, "PATCH /v1/functions/{link_name}", a.editFunction)
	handle(a, "DELETE /v1/functions/{link_name}", a.deleteFunction)
	handle(a, "GET /v1/functions/{link_name}/versions", a.listVersions)
	handle(a, "GET /v1/functions/{link_name}/versions/{version}", a.readVersion)
	handle(a, "POST /v1/functions/{link_name}/run", a.runFunction)
	handle(a, "GET /v1/functions/{link_name}/runs", a.listRuns)
	handle(a, "POST /v1/functions/{link_name}/hook", a.createHook)
	handle(a, "DELETE /v1/functions/{link_name}/hook", a.deleteHook)
	handle(a, "GET /v1/function_runs/{id}", a.readRun)
	a.open(hookRoute, a.hook)

	handle(a, "GET /v1/connections", a.listConnections)
	handle(a, "POST /v1/connections", a.createConnection)
	handle(a, "GET /v1/connections/{link_name}", a.readConnection)
	handle(a, "PATCH /v1/connections/{link_name}", a.editConnection)
	handle(a, "DELETE /v1/connections/{link_name}", a.deleteConnection)
	handle(a, "POST /v1/connections/{link_name}/connect", a.connect)
	handle(a, "POST /v1/connections/{link_name}/revoke", a.revoke)
	handle(a, "GET /v1/connections/{link_name}/users", a.listConnectionUsers)
	handle(a, "DELETE /v1/connections/{link_name}/users/{user}", a.removeConnectionUser)

	handle(a, "POST /v1/connect_sessions", a.createConnectSession)
	handle(a, "GET /v1/connect_sessions/{id}", a.readConnectSession)
	handle(a, "POST /v1/connect_sessions/{id}/confirm", a.confirmConnectSession)

	handle(a, "GET /v1/services", a.listServices)
	handle(a, "POST /v1/services", a.createService)
	handle(a, "GET /v1/services/{link_name}", a.readService)
	handle(a, "PATCH /v1/services/{link_name}", a.editService)
	handle(a, "DELETE /v1/services/{link_name}", a.deleteService)
	handle(a, "PUT /v1/services/{link_name}/client", a.setClient)
	handle(a, "GET /v1/services/{link_name}/catalog_file", a.readCatalogFile)

	handle(a, "GET /v1/extensions", a.listExtensions)
	handle(a, "POST /v1/extensions", a.installExtension)
	handle(a, "POST /v1/extensions/review", a.reviewExtension)
	handle(a, "GET /v1/extensions/{name}", a.readExtension)
	handle(a, "PATCH /v1/extensions/{name}", a.editExtension)
	handle(a, "DELETE /v1/extensions/{name}", a.uninstallExtension)
	handle(a, "POST /v1/extensions/{name}/update", a.updateExtension)
	handle(a, "GET /v1/extension_offers", a.listOffers)
	handle(a, "GET /v1/publications", a.listPublications)
	handle(a, "POST /v1/publications", a.publishExtension)
	handle(a, "GET /v1/publications/{name}", a.readPublication)
	handle(a, "PATCH /v1/publications/{name}", a.editPublication)
	handle(a, "DELETE /v1/publications/{name}", a.withdrawPublication)

	handle(a, "GET /v1/invocations", a.listInvocations)
	handle(a, "GET /v1/audit", a.listAudit)

	handle(a, "GET /v1/users", a.listUsers)
	handle(a, "POST /v1/users", a.createUser)
	handle(a, "GET /v1/users/{id}", a.readUser)
	handle(a, "PATCH /v1/users/{id}", a.editUser)
	handle(a, "DELETE /v1/users/{id}", a.removeUser)
	handle(a, "POST /v1/users/{id}/hand_over", a.handOver)

	handle(a, "GET /v1/invitations", a.listInvitations)
	handle(a, "POST /v1/invitations", a.invite)
	handle(a, "DELETE /v1/invitations/{id}", a.revokeInvitation)

	handle(a, "GET /v1/webhooks", a.listWebhooks)
	handle(a, "POST /v1/webhooks", a.createWebhook)
	handle(a, "GET /v1/webhooks/{id}", a.readWebhook)
	handle(a, "PATCH /v1/webhooks/{id}", a.editWebhook)
	handle(a, "DELETE /v1/webhooks/{id}", a.deleteWebhook)
	handle(a, "POST /v1/webhooks/{id}/rotate_secret", a.rotateWebhookSecret)
	handle(a, "POST /v1/webhooks/{id}/test", a.testWebhook)
	handle(a, "GET /v1/webhooks/{id}/deliveries", a.listDeliveries)
	handle(a, "POST /v1/webhooks/{id}/deliveries/{delivery}/retry", a.retryDelivery)

	handle(a, "GET /v1/me", a.readMe)
	handle(a, "POST /v1/sign_in_links", a.createSignInLink)
	handle(a, "POST /v1/users/{id}/reset_password", a.resetPassword)
	handle(a, "GET /v1/organization/single_sign_on", a.readSignOn)
	handle(a, "PUT /v1/organization/single_sign_on", a.setSignOn)
	handle(a, "DELETE /v1/organization/single_sign_on", a.deleteSignOn)
	handle(a, "GET /v1/api_keys", a.listKeys)
	handle(a, "POST /v1/api_keys", a.createKey)
	handle(a, "POST /v1/api_keys/{id}/rotate", a.rotateKey)
	handle(a, "DELETE /v1/api_keys/{id}/previous", a.endPreviousKey)
	handle(a, "DELETE /v1/api_keys/{id}", a.deleteKey)

	a.open("GET /healthz", a.healthz)
	a.open("GET /readyz", a.readyz)
	a.open("GET /metrics", a.Metrics.handler.ServeHTTP)
	a.open("GET /openapi.json", a.openAPIJSON)
	a.open("GET /schemas/catalog.json", a.catalogSchema)
	a.open("GET /docs", a.docsPage)
	a.open("GET /docs/{file}", a.docsFile)
}
