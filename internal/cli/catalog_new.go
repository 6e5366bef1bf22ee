package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/internal/catalog"
)

// kinds of authentication, as catalog new asks for them.
var kinds = []string{"api_key", "basic", "oauth2", "client_credentials", "oauth1", "aws_sigv4"}

func (a *app) catalogNewCommand() *cobra.Command {
	var d catalog.Draft
	var category, linkName, kind string
	cmd := &cobra.Command{
		Use:   "new [FILE]",
		Short: "Write a catalogue file to begin with",
		Long: `Writes a catalogue file with comments that say what else there is. It asks for what no flag says; without a terminal to
ask at, the flags have to say it. The file is CATEGORY/LINK_NAME.yaml unless another one is named, and one that is there
already stays as it is.

--auth is api_key, basic, oauth2 (a person consents), client_credentials (OAuth 2 without a person), oauth1 or
aws_sigv4. URLs and hosts may hold placeholders such as {account}, which whoever connects is asked for.`,
		Example: `  lanyard catalog new
  lanyard catalog new --name Acme --category crm --auth api_key --base-url https://api.acme.com/v2`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misused(cmd, "there is no place for the argument %q", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			file := ""
			if len(args) == 1 {
				file = args[0]
				if !strings.HasSuffix(file, ".yaml") {
					return misused(cmd, "a catalogue file is called LINK_NAME.yaml, not %q", file)
				}
				if _, err := os.Lstat(file); err == nil {
					return fmt.Errorf("%s is there already and was left as it is", file)
				}
				linkName = strings.TrimSuffix(filepath.Base(file), ".yaml")
			}
			q := &questions{a: a, cmd: cmd}
			d.Name = q.ask(d.Name, "name", "Name, as its vendor writes it", "")
			d.LinkName = lanyard.LinkName(q.ask(linkName, "link-name", "Link name", string(lanyard.ProposeLinkName(d.Name))))
			if file == "" {
				category = q.ask(category, "category", "Category ("+strings.Join(catalog.Default().Categories(), ", ")+")", "")
				file = filepath.Join(category, string(d.LinkName)+".yaml")
			}
			d.Description = q.ask(d.Description, "description", "What one does with it, in one sentence", "Data of "+d.Name+".")
			kind = q.ask(kind, "auth", "Authentication ("+strings.Join(kinds, ", ")+")", "api_key")
			if q.err == nil && !slices.Contains(kinds, kind) {
				return misused(cmd, "--auth is %s, not %q", strings.Join(kinds, ", "), kind)
			}
			d.BaseURL = strings.TrimSuffix(q.ask(d.BaseURL, "base-url", "Base URL of the API", ""), "/")
			if len(d.Hosts) == 0 {
				d.Hosts = strings.FieldsFunc(q.ask("", "host", "Hosts that the credential may be sent to", hostOf(d.BaseURL)), func(r rune) bool { return r == ' ' || r == ',' })
			}
			switch kind {
			case "api_key":
				d.Auth = lanyard.AuthAPIKey
				d.Header = q.ask(d.Header, "header", "Header that the key goes into", "Authorization")
				if d.Prefix == "" && strings.EqualFold(d.Header, "Authorization") && !cmd.Flags().Changed("prefix") {
					d.Prefix = "Bearer "
				}
			case "oauth2", "client_credentials":
				d.Auth, d.GrantType = lanyard.AuthOAuth2, lanyard.ClientCredentials
				if kind == "oauth2" {
					d.GrantType = lanyard.AuthorizationCode
					d.AuthorizeURL = q.ask(d.AuthorizeURL, "authorize-url", "URL where the person consents", "")
				}
				d.TokenURL = q.ask(d.TokenURL, "token-url", "URL of the token endpoint", "")
			case "oauth1":
				d.Auth = lanyard.AuthOAuth1
				d.RequestTokenURL = q.ask(d.RequestTokenURL, "request-token-url", "URL for a request token", "")
				d.AuthorizeURL = q.ask(d.AuthorizeURL, "authorize-url", "URL where the person consents", "")
				d.TokenURL = q.ask(d.TokenURL, "token-url", "URL for the access token", "")
			case "aws_sigv4":
				d.Auth = lanyard.AuthAWSSigV4
				d.Service = q.ask(d.Service, "aws-service", "Name of the service that AWS signs with", "")
				d.Region = q.ask(d.Region, "aws-region", "AWS region", "{region}")
			default:
				d.Auth = lanyard.AuthBasic
			}
			if q.err != nil {
				return q.err
			}
			return a.writeDraft(&d, file)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&d.Name, "name", "", "the service's `NAME`, as its vendor writes it")
	flags.StringVar(&linkName, "link-name", "", "the `LINK_NAME`; made of the name when not given")
	flags.StringVar(&category, "category", "", "the `CATEGORY`, which is the directory")
	flags.StringVar(&d.Description, "description", "", "one `SENTENCE`: what one does with the API")
	flags.StringVar(&d.DocsURL, "docs-url", "", "the `URL` of the vendor's documentation")
	flags.StringVar(&d.BaseURL, "base-url", "", "the `URL` that the paths of calls follow")
	flags.StringSliceVar(&d.Hosts, "host", nil, "a `HOST` that the credential may be sent to; may be given several times (that of the base URL when not given)")
	flags.StringVar(&kind, "auth", "", "the `KIND` of authentication")
	flags.StringVar(&d.Header, "header", "", "api_key: the `HEADER` that the key goes into")
	flags.StringVar(&d.Prefix, "prefix", "", "api_key: the `TEXT` before the key (\"Bearer \" in Authorization)")
	flags.StringVar(&d.RequestTokenURL, "request-token-url", "", "oauth1: the `URL` for a request token")
	flags.StringVar(&d.AuthorizeURL, "authorize-url", "", "oauth2, oauth1: the `URL` where the person consents")
	flags.StringVar(&d.TokenURL, "token-url", "", "oauth2, client_credentials, oauth1: the `URL` for the access token")
	flags.StringVar(&d.Service, "aws-service", "", "aws_sigv4: the `NAME` that AWS signs with")
	flags.StringVar(&d.Region, "aws-region", "", "aws_sigv4: the `REGION`, or a placeholder")
	flags.StringVar(&d.Schema, "schema", "http://127.0.0.1:8080/schemas/catalog.json", "the `URL` or file of the schema, for editors")
	return cmd
}

// writeDraft writes a draft that has no fault.
func (a *app) writeDraft(d *catalog.Draft, file string) error {
	text, err := d.YAML()
	if err != nil {
		return err
	}
	whole, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	r := catalog.Lint(catalog.Default(), []catalog.Source{{Name: file, Category: filepath.Base(filepath.Dir(whole)), Text: text}})
	if len(r.Faults) > 0 {
		faults := make([]error, len(r.Faults))
		for i, f := range r.Faults {
			faults[i] = fmt.Errorf("%s: %s", f.Field, f.Detail)
		}
		return fmt.Errorf("%s was not written:\n%w", file, errors.Join(faults...))
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // nothing in it is secret
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and was left as it is", file)
	} else if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, f := range r.Remarks {
		a.note("%s: %s", f.Field, f.Detail)
	}
	return a.done("%s was written. Complete it, and look at it with: lanyard catalog lint %s", file, file)
}

// hostOf is the host of a URL as it is written, placeholders and all.
func hostOf(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// questions asks for what no flag says, one after the other, until something goes wrong.
type questions struct {
	a   *app
	cmd *cobra.Command
	err error
}

// ask gives what was given, else what is answered at the terminal, else the usual answer. Without any of them the flag is
// missing.
func (q *questions) ask(given, flag, question, usual string) string {
	if given != "" || q.err != nil {
		return given
	}
	terminal := q.a.terminal()
	if terminal == nil {
		if usual == "" {
			q.err = misused(q.cmd, "--%s is missing", flag)
		}
		return usual
	}
	if usual != "" {
		question += " [" + usual + "]"
	}
	for q.err == nil {
		answer, err := q.a.ask(q.cmd.Context(), terminal, question, false)
		if text := strings.TrimSpace(answer.Reveal()); text != "" || err != nil {
			q.err = err
			return text
		}
		if usual != "" {
			return usual
		}
	}
	return ""
}
