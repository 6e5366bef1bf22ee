// Package api is the REST door: routes, decoding, encoding. A handler decodes, calls one method of a workroom, and
// encodes; rules live in the workrooms, and an error becomes an answer in package problem.
//
// A request walks through here like this:
//
//	serve.go     every request: its id, the headers every answer has, panics, the access log, metrics. The proxy leaves
//	             here, before any ServeMux could clean its path.
//	admit.go     every operation under /v1: who is asking, then the query, then the body, read once (strict.go)
//	routes.go    the index: one line per operation, which names its handler
//	register.go  hands the handler its caller and answers its error; what the document says comes from operations.go
//
// The OpenAPI document is made from the routes when the API is made, and the page /docs from the document when it is first
// asked for (docs.go).
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"lanyard/internal/account"
	"lanyard/internal/credential"
	"lanyard/internal/definitions"
	"lanyard/internal/extension"
	"lanyard/internal/function"
	"lanyard/internal/invoke"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/webhook"
)

// Config is what [New] needs.
type Config struct {
	Accounts  *account.Accounts
	Registry  *registry.Registry
	Keeper    *credential.Keeper
	Invoker   *invoke.Invoker
	Webhooks  *webhook.Webhooks
	Functions *function.Functions
	// Extensions and Definitions are packages, and everything as files.
	Extensions  *extension.Extensions
	Definitions *definitions.Definitions

	// Ready says why the server cannot serve; nil when it can. A *lanyard.Error is shown to whoever asks /readyz, of any
	// other only that there is one.
	Ready     func(context.Context) error
	Metrics   *Metrics     // nil: of a registry of its own
	Logger    *slog.Logger // nil: slog's default
	PublicURL string       // of this deployment, without a final slash, for the document
	Version   string       // of the program, for the document
	Instance  string       // which Lanyard this is, for /healthz

	MaxBody        int64 // bytes of a JSON body; 1 MiB when zero
	MaxInvokeBody  int64 // bytes of the body of POST /v1/invoke, which holds files in base64; 32 MiB when zero
	MaxPackageBody int64 // bytes of a body that holds a packed extension in base64; 8 MiB when zero
}

const (
	defaultMaxBody        = 1 << 20
	defaultMaxInvokeBody  = 32 << 20
	defaultMaxPackageBody = 8 << 20
)

// API serves everything under /v1, /healthz, /readyz, /metrics, /openapi.json and /docs. It is safe for concurrent use.
type API struct {
	Config
	mux    *http.ServeMux
	huma   huma.API
	routes []Route
	docs   func() docs // made when it is first asked for, since few ask
	logger *slog.Logger
}

// Route is one row of the index. Pattern is written as for [http.ServeMux]; the method of the proxy is empty, since it
// takes any.
type Route struct {
	Method  string
	Pattern string
	Open    bool // needs no API key
}

// New makes the API. It panics when the routes contradict what is said about them, which is a bug in this package.
func New(c Config) *API {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxInvokeBody == 0 {
		c.MaxInvokeBody = defaultMaxInvokeBody
	}
	if c.MaxPackageBody == 0 {
		c.MaxPackageBody = defaultMaxPackageBody
	}
	a := &API{Config: c, mux: http.NewServeMux(), logger: slog.New(problem.LogHandler(c.Logger.Handler()))}
	a.huma = newHuma(a)
	a.index()
	a.document()
	a.docs = sync.OnceValue(a.makeDocs)
	return a
}

func newHuma(a *API) huma.API {
	replaceHumaErrors()
	format := huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}
	h := humago.New(a.mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Lanyard", Version: a.Version, Description: introduction},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer", Description: "An API key, made with `lanyard init`, on the page, or by `POST /v1/api_keys`.",
				}},
			},
			Security: []map[string][]string{{securityScheme: {}}},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format}, // the latter for every +json
		DefaultFormat: "application/json",
	})
	if a.PublicURL != "" {
		h.OpenAPI().Servers = []*huma.Server{{URL: a.PublicURL}}
	}
	h.UseMiddleware(a.admit)
	defineSchemas(h.OpenAPI().Components.Schemas)
	return h
}

const securityScheme = "api_key"

const introduction = "Connections to other services, used by their link name. A person connects an account once, on a web page; from then on programs call that service's API through the connection and never see a credential."

// Routes lists every route there is, for tables that have to know all of them.
func Routes() []Route { return New(Config{}).routes }

// OpenAPI is the document served at /openapi.json.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// Owns reports whether the API answers a request; everything else belongs to the page. Whoever decides must not clean
// the path first.
func Owns(r *http.Request) bool {
	path, _ := rawTarget(r)
	for _, p := range []string{"/v1", "/docs"} {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	if strings.HasPrefix(path, function.HookPath) {
		return true
	}
	switch path {
	case "/healthz", "/readyz", "/metrics", "/openapi.json", "/schemas/catalog.json", "/schemas/extension.json":
		return true
	}
	return false
}
