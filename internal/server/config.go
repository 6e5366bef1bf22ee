package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/script"
)

// Config is everything an operator decides. The zero value of a field takes the default that is named with it.
type Config struct {
	// DataDir holds the embedded database and the key file. It is made when it is absent, for its owner alone.
	DataDir string
	// Listen is the address to listen on, host:port; "127.0.0.1:8080".
	Listen string
	// PublicURL is how browsers and providers reach this deployment. Links and callback URLs are made from it and
	// never from a request; "http://" and Listen.
	PublicURL string
	// Database is a PostgreSQL URL; the embedded SQLite in DataDir when empty.
	Database string
	// KeyFile holds the master key; "key" in DataDir. It is made on an empty store.
	KeyFile string
	// AllowNetworks may be reached although they are not public. Metadata addresses stay refused.
	AllowNetworks []netip.Prefix
	// TrustedProxies are the networks of the reverse proxies in front. Only what they write into X-Forwarded-For is
	// believed, for the limits of signing in and for the audit log; none when empty.
	TrustedProxies []netip.Prefix
	// ReturnToOrigins are origins a browser may be sent back to after connecting, beside PublicURL.
	ReturnToOrigins []string
	// NoNewOrganizations: owners do not make further organizations; only CreateOrganization does.
	NoNewOrganizations bool
	// InvokeTimeout bounds an invoke that names no time-out of its own; 40 seconds.
	InvokeTimeout time.Duration
	// MaxResponse bounds the answer of an invoke in bytes; 15 MiB.
	MaxResponse int64
	// Scripts bound each run of a script; see [script.Limits] for the defaults.
	Scripts script.Limits
	// ExchangeTimeout bounds one call of a provider's token endpoint; 45 seconds.
	ExchangeTimeout time.Duration
	// SweepEvery is the time between two looks for tokens to refresh ahead of time; 15 seconds.
	SweepEvery time.Duration
	// ShutdownGrace is how long calls in flight may take to finish after a stop was asked for; 45 seconds.
	ShutdownGrace time.Duration
	// LogFormat is "text" or "json", LogLevel where the log on Stderr begins.
	LogFormat string
	LogLevel  slog.Level
	Stderr    io.Writer
	// Stdout gets the one-time link and the address; nothing secret goes to the log.
	Stdout io.Writer
	// Catalog is the default services; those that come with Lanyard.
	Catalog *catalog.Catalog
	// CatalogDir holds an operator's own files, <category>/<link_name>.yaml, beside Catalog; none when empty. One with the
	// link name of an entry there stands in for it. Changes are noticed.
	CatalogDir string
	// CatalogEvery is the time between two looks into CatalogDir; 2 seconds. A change is used at the second look after it.
	CatalogEvery time.Duration
	// Version is shown by /healthz and the pages.
	Version string
	// CAFile holds certificates, in PEM, that are trusted beside the system's; none when empty.
	CAFile string
	// SMTPURL is the server that mail is sent through, MailFrom the sender; see [mail.Config]. No mail when empty.
	SMTPURL  lanyard.Secret
	MailFrom string
	// Ready is called with the address once it is listened on; may be nil.
	Ready func(addr string)
}

// prepare fills in defaults and checks. All faults are reported at once.
func (c *Config) prepare() error {
	if c.DataDir == "" {
		c.DataDir = "lanyard-data"
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.DataDir, "key")
	}
	if c.InvokeTimeout == 0 {
		c.InvokeTimeout = 40 * time.Second
	}
	if c.ShutdownGrace == 0 {
		c.ShutdownGrace = 45 * time.Second
	}
	if c.Catalog == nil {
		c.Catalog = catalog.Default()
	}
	if c.CatalogEvery == 0 {
		c.CatalogEvery = 2 * time.Second
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	if c.Stdout == nil {
		c.Stdout = os.Stdout
	}
	var faults []error
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		faults = append(faults, fmt.Errorf("--listen is host:port, such as 127.0.0.1:8080, not %q", c.Listen))
	}
	if c.PublicURL == "" {
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "localhost"
		}
		c.PublicURL = "http://" + net.JoinHostPort(host, port)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	if !isOrigin(c.PublicURL) {
		faults = append(faults, fmt.Errorf("--public-url is http(s)://host, with a port if it has one and no path, not %q", c.PublicURL))
	}
	for _, o := range c.ReturnToOrigins {
		if !isOrigin(o) {
			faults = append(faults, fmt.Errorf("--return-to-origin is an origin such as https://app.example.com, not %q", o))
		}
	}
	if c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://") {
		faults = append(faults, errors.New("--database is a postgres:// URL; leave it out for the embedded database"))
	}
	if l := c.Scripts; l.Statements < 0 || l.Calls < 0 || l.Depth < 0 || l.Memory < 0 || l.Output < 0 || l.Time < 0 {
		faults = append(faults, errors.New("the limits of scripts (--script-…) are not below zero"))
	}
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		faults = append(faults, fmt.Errorf("--log-format is text or json, not %q", c.LogFormat))
	}
	return errors.Join(faults...)
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.String() == u.Scheme+"://"+u.Host
}

func (c *Config) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	var h slog.Handler = slog.NewTextHandler(c.Stderr, options)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(c.Stderr, options)
	}
	return slog.New(h)
}
