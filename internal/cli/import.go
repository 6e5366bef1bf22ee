package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/definitions"
	"lanyard/internal/importer"
)

func (a *app) importCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "import",
		Short: "Bring services and connections from elsewhere",
		Long: `Reads what you have elsewhere and says, entry by entry, what becomes of it. A curl command and an OpenAPI document
become a custom service at once. An export of Nango or n8n becomes a document that lanyard apply takes: what is in it
can be read, and changed, before anything happens.

Nothing is called, and credentials of people are never taken over: people connect anew.`,
		Example: `  lanyard import openapi acme.yaml
  lanyard import nango integrations.json -o nango.json`,
	})
	cmd.AddCommand(a.importCurlCommand(), a.importOpenAPICommand(), a.importNangoCommand(), a.importN8nCommand())
	return a.remote(cmd)
}

// importing is what all importers take.
type importing struct {
	output string
	dry    bool
	skip   bool
}

func (f *importing) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write the document to `FILE` and make nothing; - is stdout")
	cmd.Flags().BoolVar(&f.dry, "dry-run", false, "say what becomes of it, and make nothing")
	cmd.Flags().BoolVar(&f.skip, "skip-unsupported", false, "leave out what cannot be imported; without it nothing is imported then")
}

func (a *app) importCurlCommand() *cobra.Command {
	var f importing
	var serviceName, linkName string
	var credential int
	var connect bool
	cmd := &cobra.Command{
		Use:   "curl [-- curl ARGUMENT…]",
		Short: "Make a custom service of a curl command",
		Long: `Makes a custom service of a curl command, and a connection with it. The command comes by stdin, or behind --. It is
read, not run: a variable of the shell that it holds is not filled in.

Other users of this machine can read the arguments of a running program, and a shell keeps them in its history: a
command with a credential comes by stdin. --connect connects with the credential that the command has; without it the
credential is forgotten.`,
		Example: `  lanyard import curl --connect < command.txt
  lanyard import curl -- curl https://api.acme.com/v2/tickets -H 'X-Api-Key: …'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var c *importer.Command
			var err error
			if len(args) > 0 {
				c, err = importer.ParseArguments(args, nil)
			} else {
				var text []byte
				if text, err = io.ReadAll(io.LimitReader(a.stdin, importer.MaxSize+1)); err == nil {
					c, err = importer.ParseCurl(string(text), nil)
				}
			}
			if err != nil {
				return err
			}
			for _, n := range c.Notes {
				a.note("%s", n)
			}
			if len(c.Candidates) > 1 && credential == 0 {
				err := misused(cmd, "more than one part of the command may be the credential")
				for i, k := range c.Candidates {
					a.note("%d: %s", i+1, k.Words)
				}
				err.hint = "say which by --credential NUMBER"
				return err
			}
			chosen := max(credential, 1) - 1
			s, err := c.Service(chosen, serviceName, linkName, nil)
			if err != nil {
				return err
			}
			doc, err := c.Document(s)
			if err != nil {
				return err
			}
			becomes := fmt.Sprintf("Becomes the custom service %s (%s) on %s, with %s as the credential, and a connection with it.", s.Name, s.LinkName, strings.Join(s.Hosts, ", "), c.Candidates[chosen].Words)
			if done, err := a.written(&f, doc, func() error { return a.say("%s", becomes) }); done || err != nil {
				return err
			}
			return a.makeOfCurl(cmd, c, chosen, doc, connect)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&serviceName, "name", "", "the service's `NAME`; made of the host when not given")
	cmd.Flags().StringVar(&linkName, "link-name", "", "its `LINK_NAME`; made of the name when not given")
	cmd.Flags().IntVar(&credential, "credential", 0, "the `NUMBER` of the part that is the credential, where there are several")
	cmd.Flags().BoolVar(&connect, "connect", false, "connect with the credential that the command has")
	return cmd
}

// makeOfCurl makes the service and the connection, and says how to make the first call.
func (a *app) makeOfCurl(cmd *cobra.Command, parsed *importer.Command, chosen int, doc *definitions.Document, connect bool) error {
	c, err := a.client(cmd)
	if err != nil {
		return err
	}
	s, err := c.CreateService(cmd.Context(), doc.Services[0].Definition)
	if err != nil {
		return err
	}
	made, err := c.CreateConnection(cmd.Context(), client.NewConnection{Name: doc.Connections[0].Name, LinkName: string(doc.Connections[0].LinkName), Service: s.LinkName})
	if err != nil {
		return fmt.Errorf("the service %s was created, and no connection with it: %w", s.LinkName, err)
	}
	connected := ""
	if connect {
		in := client.ConnectInput{Credentials: map[string]string{}}
		for field, value := range parsed.Candidates[chosen].Values {
			in.Credentials[field] = value.Reveal()
		}
		if _, err := c.Connect(cmd.Context(), made.LinkName, in); err != nil {
			return fmt.Errorf("the connection %s was created, and is not connected: %w", made.LinkName, err)
		}
		connected = " and connected"
	}
	return a.show(made, func() error {
		if err := a.say("The service %s and the connection %s were created%s.", s.LinkName, made.LinkName, connected); err != nil {
			return err
		}
		call := parsed.FirstCall(chosen)
		return a.say("First call: lanyard invoke %s %s -X %s", made.LinkName, quoted(call.URL), call.Method)
	})
}

// quoted writes a word so that a shell takes it as one.
func quoted(word string) string {
	if !strings.ContainsAny(word, " '\"$&|<>;()*?[]#~`\\!{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (a *app) importOpenAPICommand() *cobra.Command {
	var f importing
	var o importer.Options
	cmd := &cobra.Command{
		Use:   "openapi FILE",
		Short: "Make a custom service of an OpenAPI document",
		Long: `Makes a custom service of the servers and the security scheme of an OpenAPI document: 3.0, 3.1 or 2.0, JSON or YAML.
- reads stdin. Each scheme that an operation uses is a service: where there are several, --scheme says which, or
-o writes them all into a document for lanyard apply.

OAuth 2 needs a client: --client-id gives its ID, and "lanyard services edit" its secret afterwards.`,
		Example: `  lanyard import openapi acme.yaml
  lanyard import openapi acme.json --scheme apiKey --base-url https://acme.example.com/api`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := a.imported(importer.KindOpenAPI, args[0], o)
			if err != nil {
				return err
			}
			if done, err := a.written(&f, in.Document, func() error { return a.entries(in) }, a.skips(&f, in)); done || err != nil {
				return err
			}
			if len(in.Document.Services) > 1 {
				err := misused(cmd, "the document makes %d services", len(in.Document.Services))
				err.hint = "say which by --scheme, or write all of them with -o and apply that"
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.CreateService(cmd.Context(), in.Document.Services[0].Definition)
			if err != nil {
				return err
			}
			return a.show(s, func() error {
				if err := a.say("The service %s was created.", s.LinkName); err != nil {
					return err
				}
				if u := callbackURL(s); u != "" {
					return a.say("Callback URL, to be registered with the provider: %s", u)
				}
				return nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&o.BaseURL, "base-url", "", "the `URL` of the API, where the document does not say it")
	cmd.Flags().StringVar(&o.Scheme, "scheme", "", "only the security scheme of this `NAME`")
	cmd.Flags().StringVar(&o.ClientID, "client-id", "", "the OAuth client's `ID`")
	cmd.Flags().StringVar(&o.Name, "name", "", "the service's `NAME`; the document's title when not given")
	cmd.Flags().StringVar(&o.LinkName, "link-name", "", "its `LINK_NAME`; made of the name when not given")
	return cmd
}

func (a *app) importNangoCommand() *cobra.Command {
	return a.importExport(importer.KindNango, &cobra.Command{
		Use:   "nango FILE",
		Short: "Make a document of Nango's integrations",
		Long: `Makes a document for lanyard apply of Nango's integrations: what GET /integrations answers, or a list of what
GET /integrations/{uniqueKey}?include=credentials answers, which has the OAuth clients. - reads stdin. Each integration
becomes a connection with a default service, and its OAuth client that of the service.

A secret is never written. The document names a variable of the environment for each, which lanyard apply reads.`,
		Example: `  lanyard import nango integrations.json -o nango.json
  lanyard import nango integrations.json --dry-run`,
	}, nil)
}

func (a *app) importN8nCommand() *cobra.Command {
	var hosts []string
	cmd := &cobra.Command{
		Use:   "n8n FILE",
		Short: "Make a document of n8n's credentials",
		Long: `Makes a document for lanyard apply of what n8n export:credentials --all writes. - reads stdin. Each credential becomes
a connection with a default service; a generic one (header, query, Basic, OAuth) becomes a custom service, and --host
says where it is used, since n8n does not. OAuth client IDs, and the names of headers, are in an export with
--decrypted alone.

A secret is never written. The document names a variable of the environment for each, which lanyard apply reads. What
belongs to a person, a token or a password, is not even read.`,
		Example: `  lanyard import n8n credentials.json -o n8n.json
  lanyard import n8n credentials.json --host "Acme key=api.acme.com" --dry-run`,
	}
	a.importExport(importer.KindN8n, cmd, func(o *importer.Options) error {
		var err error
		o.Hosts, err = pairs(cmd, "--host", hosts)
		return err
	})
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "where a generic credential is used, as `NAME=HOST`; may be given several times")
	return cmd
}

// importExport is a command that writes a document of an export.
func (a *app) importExport(kind importer.Kind, cmd *cobra.Command, options func(*importer.Options) error) *cobra.Command {
	var f importing
	cmd.Args = arguments("FILE")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o := importer.Options{WithSecrets: true} // as names of variables: see nameSecrets
		if options != nil {
			if err := options(&o); err != nil {
				return err
			}
		}
		in, err := a.imported(kind, args[0], o)
		if err != nil {
			return err
		}
		if !f.dry && f.output == "" {
			f.output = "-"
		}
		_, err = a.written(&f, in.Document, func() error { return a.entries(in) }, a.skips(&f, in))
		return err
	}
	f.add(cmd)
	return cmd
}

// imported reads a file; - is stdin.
func (a *app) imported(kind importer.Kind, file string, o importer.Options) (*importer.Import, error) {
	from := a.stdin
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		from = opened
	}
	data, err := io.ReadAll(io.LimitReader(from, importer.MaxSize+1))
	if err != nil {
		return nil, err
	}
	return importer.Read(kind, data, o)
}

// entries says what becomes of each entry.
func (a *app) entries(in *importer.Import) error {
	for _, e := range in.Entries {
		if err := a.say("%s", e.Name); err != nil {
			return err
		}
		lines := append([]string{}, e.Becomes...)
		if e.LeftOut != "" {
			lines = append(lines, "Left out: "+e.LeftOut)
		}
		for _, line := range append(lines, e.Notes...) {
			if err := a.say("  %s", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// skips refuses an import that would leave something out unasked.
func (a *app) skips(f *importing, in *importer.Import) error {
	n := in.LeftOut()
	if n == 0 || f.skip && !in.Empty() {
		for _, e := range in.Entries {
			if e.LeftOut != "" {
				a.note("%s is left out: %s", e.Name, e.LeftOut)
			}
		}
		return nil
	}
	for _, e := range in.Entries {
		if e.LeftOut != "" {
			a.note("%s cannot be imported: %s", e.Name, e.LeftOut)
		}
	}
	if in.Empty() {
		return fmt.Errorf("nothing was imported: there is no entry that can be")
	}
	return fmt.Errorf("nothing was imported: %d entries cannot be; --skip-unsupported leaves them out", n)
}

// written does what --dry-run and -o ask for, and reports whether that was all. An objection counts for all but a dry run.
func (a *app) written(f *importing, doc *definitions.Document, say func() error, objections ...error) (bool, error) {
	if f.dry {
		return true, say()
	}
	for _, err := range objections {
		if err != nil {
			return true, err
		}
	}
	if f.output == "" {
		return false, nil
	}
	for _, name := range nameSecrets(doc) {
		a.note("set %s for lanyard apply: the client secret is not in the document", name)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		return true, err
	}
	if f.output == "-" {
		_, err := a.stdout.Write(text.Bytes())
		return true, err
	}
	if err := os.WriteFile(f.output, text.Bytes(), 0o600); err != nil {
		return true, err
	}
	a.note("%s was written. See what it changes with: lanyard apply %s --dry-run", f.output, f.output)
	return true, nil
}

// nameSecrets puts the name of a variable in the place of each secret, and gives those names.
func nameSecrets(doc *definitions.Document) []string {
	var names []string
	variable := func(ref **definitions.SecretRef, of string) {
		if *ref != nil {
			name := strings.ToUpper(of) + "_CLIENT_SECRET"
			*ref = &definitions.SecretRef{Env: name}
			names = append(names, name)
		}
	}
	for i := range doc.Services {
		if s, err := lanyard.ParseService(doc.Services[i].Definition); err == nil {
			variable(&doc.Services[i].ClientSecret, string(s.LinkName))
		}
	}
	for i := range doc.OAuthClients {
		variable(&doc.OAuthClients[i].ClientSecret, string(doc.OAuthClients[i].Service))
	}
	return names
}
