// Package server builds a whole Lanyard from its configuration, once, and runs it until it is told to stop. Nothing
// here decides anything about connections: start reading at [Run], then at the packages that [build] puts together.
package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/api"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/definitions"
	"lanyard/internal/egress"
	"lanyard/internal/extension"
	"lanyard/internal/function"
	"lanyard/internal/invoke"
	"lanyard/internal/mail"
	"lanyard/internal/notice"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/web"
	"lanyard/internal/webhook"
)

// saveUseEvery is how exact the "last used" of an API key is.
const saveUseEvery = 30 * time.Second

// Server is a whole Lanyard that is not listening yet.
type Server struct {
	config    Config
	logger    *slog.Logger
	store     *store.Store
	egress    *egress.Egress
	mailer    *mail.Mailer // nil: there is no mail
	accounts  *account.Accounts
	keeper    *credential.Keeper
	invoker   *invoke.Invoker
	webhooks  *webhook.Webhooks
	notices   *notice.Notices
	functions *function.Functions
	extended  *extension.Extensions
	services  *registry.Directory
	own       *catalog.Own // nil: there is no directory of the operator's
	handler   http.Handler
	stopping  atomic.Bool
}

// Run serves until ctx ends, then finishes the calls in flight and returns. On an empty store it prints the one-time
// link that makes the first organization.
func Run(ctx context.Context, c Config) error {
	if os.Getenv("GOGC") == "" {
		// What a call leaves behind dies young and the live heap is small, so collecting less often costs megabytes and
		// saves processor time. Whoever sets GOGC decides.
		debug.SetGCPercent(400)
	}
	s, err := build(ctx, c)
	if err != nil {
		return err
	}
	defer s.close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.config.Listen, err)
	}
	if err := s.greet(ctx, listener.Addr().String()); err != nil {
		_ = listener.Close()
		return err
	}
	return s.serve(ctx, listener)
}

// Init makes the first organization and its owner in an empty store, without serving.
func Init(ctx context.Context, c Config, email, name string) (made *account.Initialized, err error) {
	err = withAccounts(ctx, c, func(a *account.Accounts) error {
		made, err = a.Init(ctx, email, name)
		return err
	})
	return made, err
}

// ResetLink makes a link that resets a user's password, without serving. The organization may be empty where the
// address is in one only.
func ResetLink(ctx context.Context, c Config, email string, org lanyard.OrganizationID, revokeAccess bool) (link *account.ResetLink, err error) {
	err = withAccounts(ctx, c, func(a *account.Accounts) error {
		link, err = a.ResetLinkOnMachine(ctx, email, org, revokeAccess)
		return err
	})
	return link, err
}

// SignInLink makes a link that signs a browser in as a user, without serving.
func SignInLink(ctx context.Context, c Config, email string, org lanyard.OrganizationID) (url string, expires time.Time, err error) {
	err = withAccounts(ctx, c, func(a *account.Accounts) error {
		url, expires, err = a.SignInLinkOnMachine(ctx, email, org)
		return err
	})
	return url, expires, err
}

// withAccounts opens the store for something that needs no server.
func withAccounts(ctx context.Context, c Config, do func(*account.Accounts) error) error {
	return c.withStore(ctx, func(st *store.Store) error {
		return do(account.New(account.Config{Store: st, PublicURL: c.PublicURL}))
	})
}

// CreateOrganization makes a further organization and its owner in a store, without serving.
func CreateOrganization(ctx context.Context, c Config, name, email, person string) (made *account.Initialized, err error) {
	err = withAccounts(ctx, c, func(a *account.Accounts) error {
		made, err = a.CreateOrganization(ctx, name, email, person)
		return err
	})
	return made, err
}

// Organizations lists the organizations of a store, the oldest first, without serving.
func Organizations(ctx context.Context, c Config) (list []store.OrganizationSummary, err error) {
	err = c.withStore(ctx, func(st *store.Store) error {
		list, err = st.Organizations(ctx)
		return err
	})
	return list, err
}

// withStore opens the store for one thing that whoever runs this Lanyard does on the machine.
func (c *Config) withStore(ctx context.Context, do func(*store.Store) error) error {
	if err := c.prepare(); err != nil {
		return err
	}
	st, err := store.Open(ctx, store.Config{Dir: c.DataDir, Database: c.Database, KeyFile: c.KeyFile, Logger: c.logger()})
	if err != nil {
		return err
	}
	return errors.Join(do(st), st.Close())
}

// build puts everything together, from the cellar up.
func build(ctx context.Context, c Config) (*Server, error) {
	err := c.prepare()
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, logger: slog.New(problem.LogHandler(c.logger().Handler()))}
	if s.own, c.Catalog, err = c.openCatalog(); err != nil {
		return nil, err
	}
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	if s.mailer, err = mail.New(mail.Config{URL: c.SMTPURL, From: c.MailFrom, RootCAs: roots}); err != nil {
		return nil, err
	}
	// Changes can arrive before the caches they concern are made; there is nothing to forget then.
	var forget atomic.Pointer[func(store.Change)]
	s.store, err = store.Open(ctx, store.Config{
		Dir: c.DataDir, Database: c.Database, KeyFile: c.KeyFile, Logger: s.logger,
		OnChange: func(ch store.Change) {
			if f := forget.Load(); f != nil {
				(*f)(ch)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	if err := s.store.ServedAs(ctx, c.PublicURL); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	instance, err := s.store.Instance(ctx)
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.egress = egress.New(egress.Config{AllowNetworks: c.AllowNetworks, RootCAs: roots, Logger: s.logger})
	s.services = registry.NewDirectory(s.store, c.Catalog)
	s.keeper = credential.New(credential.Config{
		Store: s.store, Services: s.services, Client: s.egress.Client(), PublicURL: c.PublicURL, ReturnToOrigins: c.ReturnToOrigins,
		ExchangeTimeout: c.ExchangeTimeout, SweepEvery: c.SweepEvery, Logger: s.logger, OnRefresh: countRefreshes(metrics),
	})
	s.accounts = account.New(account.Config{Store: s.store, PublicURL: c.PublicURL, Mailer: s.mailer, Revoker: s.keeper, Client: s.egress.Client(), Logger: s.logger, NoNewOrganizations: c.NoNewOrganizations})
	reg := registry.New(registry.Config{Store: s.store, Services: s.services, Revoker: s.keeper, PublicURL: c.PublicURL})
	s.invoker = invoke.New(invoke.Config{
		Keeper: s.keeper, Store: s.store, Transport: s.egress.Transport(), ProxyTransport: s.egress.TransportWithin(c.InvokeTimeout), Logger: s.logger, Timeout: c.InvokeTimeout, MaxResponse: c.MaxResponse,
	})
	countDropped(metrics, s.invoker)
	s.webhooks = webhook.New(webhook.Config{Store: s.store, Client: s.egress.Client(), PlainHTTP: len(c.AllowNetworks) > 0, Logger: s.logger})
	s.functions = function.New(function.Config{Invoker: s.invoker, Registry: reg, Services: s.services, Store: s.store, Logger: s.logger, Limits: c.Scripts, PublicURL: c.PublicURL})
	s.services.Unpack(extension.Brought)
	s.extended = extension.New(extension.Config{Store: s.store, Services: s.services, Functions: s.functions, Revoker: s.keeper, PublicURL: c.PublicURL, Logger: s.logger})
	defined := definitions.New(definitions.Config{
		Store: s.store, Services: s.services, Registry: reg, Functions: s.functions, Extensions: s.extended, Accounts: s.accounts, Revoker: s.keeper, Logger: s.logger,
	})
	s.notices = notice.New(notice.Config{Store: s.store, Mailer: s.mailer, PublicURL: c.PublicURL, Logger: s.logger})
	changed := func(ch store.Change) {
		s.accounts.Changed(ch)
		s.keeper.Changed(ch)
		reg.Changed(ch)
		s.webhooks.Changed(ch)
		s.services.Changed(ch)
	}
	forget.Store(&changed)
	changed(store.Change{Kind: store.ChangeAll})

	rest := api.New(api.Config{
		Accounts: s.accounts, Registry: reg, Keeper: s.keeper, Invoker: s.invoker, Webhooks: s.webhooks, Functions: s.functions,
		Extensions: s.extended, Definitions: defined, Ready: s.ready,
		Metrics: api.NewMetrics(metrics), Logger: s.logger, PublicURL: c.PublicURL, Version: c.Version, Instance: instance.ID,
	})
	pages, err := web.New(web.Config{
		Accounts: s.accounts, Registry: reg, Keeper: s.keeper, Invoker: s.invoker, Webhooks: s.webhooks, Notices: s.notices, Functions: s.functions,
		Extensions: s.extended, Definitions: defined, Catalog: s.services.Catalog, PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies,
		Version: c.Version, Logger: s.logger, Restored: s.accounts.Restored,
	})
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.handler = doors(rest, pages)
	return s, nil
}

func (c *Config) roots() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil //nolint:nilnil // the system's own
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read --ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificates: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca-file %s holds no certificate in PEM", c.CAFile)
	}
	return pool, nil
}

// doors sends programs to the API and people to the pages. The API's paths are told apart by their raw text, before
// any router cleans them: what follows /v1/proxy/ is not ours to change.
func doors(rest, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			// A chunked request may have had a Content-Length too, which net/http drops. Whoever stands before us and believed
			// it sees another request begin where we see none, so nothing that follows on this connection is one (RFC 9112 §6.1).
			w.Header().Set("Connection", "close")
		}
		if api.Owns(r) {
			rest.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// ready says why this replica should get no calls, or nil.
func (s *Server) ready(ctx context.Context) error {
	if s.stopping.Load() {
		return lanyard.Errorf(lanyard.CodeUnavailable, "Lanyard is stopping.")
	}
	return s.store.Ping(ctx)
}

func (s *Server) greet(ctx context.Context, addr string) error {
	link, err := s.accounts.SetupLink(ctx)
	if err != nil {
		return err
	}
	if link != "" {
		fmt.Fprintf(s.config.Stdout, "Lanyard is new here. Make the first organization and its owner with this link, once, within a day:\n\n    %s\n\n", link)
	}
	if s.store.Paused() {
		fmt.Fprintf(s.config.Stdout, "This Lanyard was restored from a backup. It refreshes no token, runs no schedule and sends no webhook or mail until you stop the original and run: lanyard restore go-on\n\n")
	}
	fmt.Fprintf(s.config.Stdout, "Lanyard listens on %s and is reached at %s\n", addr, s.config.PublicURL)
	if s.config.Ready != nil {
		s.config.Ready(addr)
	}
	return nil
}

func (s *Server) serve(ctx context.Context, listener net.Listener) error {
	web := &http.Server{
		Handler: s.handler,
		// Streams last as long as they last, so only the head of a request is bounded here.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { s.keeper.Run(background) })
	running.Go(func() { s.saveUse(background) })
	running.Go(func() { s.webhooks.Run(background) })
	running.Go(func() { s.notices.Run(background) })
	running.Go(func() { s.functions.RunSchedules(background) })
	running.Go(func() { s.watchCatalog(background) })
	running.Go(func() { s.extended.Run(background) })
	running.Go(func() { s.sayRestored(background) })
	recording, stopRecording := context.WithCancel(context.WithoutCancel(ctx))
	var recorder sync.WaitGroup
	recorder.Go(func() { s.invoker.Run(recording) })

	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	s.logger.Info("stopping", "grace", s.config.ShutdownGrace)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.ShutdownGrace)
	defer cancel()
	if err == nil {
		if err = web.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
			s.logger.Warn("calls were cut off", "grace", s.config.ShutdownGrace)
			err = web.Close()
		}
	}
	// The background first: once nobody can begin an exchange with a provider, those under way are waited for.
	stopBackground()
	running.Wait()
	s.keeper.Close(grace)
	s.accounts.Close(grace)
	stopRecording()
	recorder.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) saveUse(ctx context.Context) {
	tick := time.NewTicker(saveUseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			s.noteUse(ctx)
			return
		case <-tick.C:
			s.noteUse(ctx)
		}
	}
}

func (s *Server) noteUse(ctx context.Context) {
	if err := s.accounts.SaveUse(ctx); err != nil {
		s.logger.ErrorContext(ctx, "write when keys were used", "error", err)
	}
}

func (s *Server) close() {
	s.egress.Close()
	if err := s.store.Close(); err != nil {
		s.logger.Error("close the store", "error", err)
	}
}

func countRefreshes(metrics prometheus.Registerer) func(error) {
	count := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lanyard_refreshes_total", Help: "Refreshes asked of token endpoints, by result."}, []string{"result"})
	metrics.MustRegister(count)
	worked, failed := count.WithLabelValues("ok"), count.WithLabelValues("failed")
	return func(err error) {
		if err != nil {
			failed.Inc()
			return
		}
		worked.Inc()
	}
}

func countDropped(metrics prometheus.Registerer, i *invoke.Invoker) {
	metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "lanyard_invocation_records_dropped_total",
		Help: "Invocation records that found no room because the database was slower than the calls."}, func() float64 { return float64(i.Dropped()) }))
}
