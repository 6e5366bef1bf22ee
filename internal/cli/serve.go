package cli

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/internal/script"
	"lanyard/internal/server"
)

// storeFlags are the flags of the commands that open the store themselves.
type storeFlags struct {
	data, database, databaseFile, keyFile, publicURL, listen string
	allowNetworks, trustedProxies, returnToOrigins           []string
	logFormat, logLevel, caFile                              string
	smtpURL, smtpURLFile, mailFrom                           string
}

// add gives a command the flags that say where the store is and how the server is reached.
func (f *storeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "./lanyard-data", "keep database and key in this `DIR`; it is made when it is missing")
	flags.StringVar(&f.database, "database", "", "keep the data in PostgreSQL at this `URL`; one with a password belongs into LANYARD_DATABASE")
	flags.StringVar(&f.databaseFile, "database-file", "", "read the URL of --database from `FILE`")
	flags.StringVar(&f.keyFile, "key-file", "", "the `FILE` with the key that seals credentials; the file key in the data directory when not given")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "the `ADDRESS` to serve on")
	flags.StringVar(&f.publicURL, "public-url", "", "the `URL` by which browsers reach the server; made from --listen when not given")
	flags.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "log from this `LEVEL` on: debug, info, warn or error")
}

// config makes the server's configuration of what was given.
func (a *app) config(cmd *cobra.Command, f *storeFlags) (server.Config, error) {
	c := server.Config{
		DataDir: f.data, Listen: f.listen, PublicURL: f.publicURL, Database: f.database, KeyFile: f.keyFile,
		ReturnToOrigins: f.returnToOrigins, CAFile: f.caFile, LogFormat: f.logFormat,
		Stdout: a.stdout, Stderr: a.stderr, Version: buildVersion().Version,
	}
	if f.databaseFile != "" {
		if f.database != "" {
			return c, misused(cmd, "--database and --database-file exclude each other")
		}
		url, err := a.readSecret(f.databaseFile)
		if err != nil {
			return c, err
		}
		c.Database = strings.TrimSpace(url.Reveal())
	}
	if f.smtpURLFile != "" && f.smtpURL != "" {
		return c, misused(cmd, "--smtp-url and --smtp-url-file exclude each other")
	} else if f.smtpURLFile != "" {
		url, err := a.readSecret(f.smtpURLFile)
		if err != nil {
			return c, err
		}
		f.smtpURL = strings.TrimSpace(url.Reveal())
	}
	c.SMTPURL, c.MailFrom = lanyard.NewSecret(f.smtpURL), f.mailFrom
	if err := c.LogLevel.UnmarshalText([]byte(f.logLevel)); err != nil {
		return c, misused(cmd, "--log-level is debug, info, warn or error, not %q", f.logLevel)
	}
	var err error
	if c.AllowNetworks, err = networks(cmd, "--allow-network", f.allowNetworks); err != nil {
		return c, err
	}
	c.TrustedProxies, err = networks(cmd, "--trusted-proxy", f.trustedProxies)
	return c, err
}

// networks reads the networks of a flag.
func networks(cmd *cobra.Command, flag string, given []string) (list []netip.Prefix, err error) {
	for _, network := range given {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(network))
		if err != nil {
			return nil, misused(cmd, "%s takes a network such as 10.0.0.0/8, not %q", flag, network)
		}
		list = append(list, prefix)
	}
	return list, nil
}

func (a *app) serveCommand() *cobra.Command {
	f := storeFlags{}
	var invokeTimeout, shutdownGrace time.Duration
	var maxResponse int64
	var newOrganizations, catalogDir string
	var scripts script.Limits
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Serves the page, the API and the proxy until it is told to end (SIGINT, SIGTERM). On an empty store it prints a
one-time link that makes the first organization and its owner; lanyard init does the same without a browser.

Calls to loopback, private, link-local and other special addresses are refused unless --allow-network opens them;
cloud metadata addresses stay closed.`,
		Example: `  lanyard serve
  lanyard serve --data /var/lib/lanyard --listen 127.0.0.1:8080 --public-url https://lanyard.example.com
  LANYARD_DATABASE=postgres://… lanyard serve --key-file /run/secrets/lanyard-key --allow-network 10.0.0.0/8`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			c.InvokeTimeout, c.ShutdownGrace, c.MaxResponse = invokeTimeout, shutdownGrace, maxResponse
			if newOrganizations != "owners" && newOrganizations != "nobody" {
				return misused(cmd, "--new-organizations is owners or nobody, not %q", newOrganizations)
			}
			c.Scripts = scripts
			c.NoNewOrganizations, c.CatalogDir = newOrganizations == "nobody", catalogDir
			return server.Run(cmd.Context(), c)
		},
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.allowNetworks, "allow-network", nil, "let calls go to this `CIDR` network; may be given several times, or with commas")
	flags.StringSliceVar(&f.trustedProxies, "trusted-proxy", nil, "believe X-Forwarded-For from this `CIDR` network of reverse proxies; may be given several times, or with commas")
	flags.StringSliceVar(&f.returnToOrigins, "return-to-origin", nil, "let a browser return to this `ORIGIN` after connecting; may be given several times, or with commas")
	flags.DurationVar(&invokeTimeout, "invoke-timeout", 40*time.Second, "how long a service may take to answer a call, as a `TIME` such as 40s")
	flags.Int64Var(&maxResponse, "max-response", 15<<20, "the largest answer of an invoke, in `BYTES`; the proxy has no limit")
	flags.IntVar(&scripts.Statements, "script-statements", 5000, "how many statements a run of a script executes, at most `N`")
	flags.IntVar(&scripts.Calls, "script-calls", 500, "how many calls a run of a script makes, at most `N`")
	flags.DurationVar(&scripts.Time, "script-time", time.Minute, "how long a run of a script may take, as a `TIME`")
	flags.Int64Var(&scripts.Memory, "script-memory", 64<<20, "how large the values of a run of a script may be together, in `BYTES`")
	flags.IntVar(&scripts.Output, "script-output", 500_000, "how much a run of a script may print, in `BYTES`; the rest is cut off")
	flags.StringVar(&catalogDir, "catalog", "", "serve the catalogue files in this `DIR`, <category>/<link_name>.yaml, beside those that come with Lanyard")
	flags.StringVar(&f.caFile, "ca-file", "", "trust the certificates in this PEM `FILE` beside the system's")
	flags.StringVar(&f.smtpURL, "smtp-url", "", "send mail through the server at this `URL`, smtp://… or smtps://…; one with a password belongs into LANYARD_SMTP_URL")
	flags.StringVar(&f.smtpURLFile, "smtp-url-file", "", "read the URL of --smtp-url from `FILE`")
	flags.StringVar(&newOrganizations, "new-organizations", "owners", "`WHO` may make further organizations on the pages: owners (of any) or nobody")
	flags.StringVar(&f.mailFrom, "mail-from", "", "the `SENDER` of mail, such as \"Lanyard <lanyard@example.com>\"")
	flags.DurationVar(&shutdownGrace, "shutdown-grace", 45*time.Second, "how long calls in progress may take to end when the server ends, as a `TIME`")
	return cmd
}

func (a *app) initCommand() *cobra.Command {
	f := storeFlags{}
	var email, name string
	cmd := &cobra.Command{
		Use:   "init --email EMAIL",
		Short: "Make the first organization and its owner, without a browser",
		Long: `Makes the first organization and its owner in an empty store, and prints organization_id, user_id, an api_key with
every right, and a sign_in_url that signs a browser in as the owner, once. They are shown this once. Give it the same
--data or --database as lanyard serve, and the same --public-url.`,
		Example: `  lanyard init --email you@example.com
  lanyard init --email you@example.com --data /var/lib/lanyard --json > lanyard.json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "" {
				return misused(cmd, "--email is missing")
			}
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			made, err := server.Init(cmd.Context(), c, email, name)
			if err != nil {
				return err
			}
			// This is the one place where the first key is shown.
			key := made.APIKey.Reveal()
			if a.json {
				return a.printJSON(struct {
					OrganizationID string `json:"organization_id"`
					UserID         string `json:"user_id"`
					APIKey         string `json:"api_key"`
					SignInURL      string `json:"sign_in_url"`
				}{string(made.OrganizationID), string(made.UserID), key, made.SignInURL})
			}
			_, err = fmt.Fprintf(a.stdout, "organization_id: %s\nuser_id: %s\napi_key: %s\nsign_in_url: %s\n",
				made.OrganizationID, made.UserID, key, made.SignInURL)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&email, "email", "", "the owner's `E-MAIL` address")
	cmd.Flags().StringVar(&name, "name", "", "the owner's `NAME` (the e-mail address when not given)")
	return cmd
}
