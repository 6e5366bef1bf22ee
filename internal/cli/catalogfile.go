package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/internal/catalog"
)

func (a *app) servicesExportCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "export LINK_NAME",
		Short: "Write a service as a catalogue file",
		Long: `Writes a service, custom or default, as a catalogue file in YAML, to stdout or to a file that is not there yet. No
client id or secret is in it. "lanyard services create -f" makes the service of it in another organization, and
"lanyard serve --catalog" offers it to all organizations of a server.`,
		Example: `  lanyard services export acme
  lanyard services export acme -o crm/acme.yaml`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			text, err := c.CatalogFile(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if output == "" {
				_, err = a.stdout.Write(text)
				return err
			}
			f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // nothing in it is secret
			if err != nil {
				return err
			}
			if _, err := f.Write(text); err != nil {
				_ = f.Close()
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			return a.done("%s was written.", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`")
	return cmd
}

// fromFile says how a service is made of a catalogue file.
type fromFile struct {
	way, linkName        string
	clientID, secretFrom string
}

func (f *fromFile) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.way, "way", "", "of a catalogue file: the way with this `LINK_NAME` (the first when not given)")
	flags.StringVar(&f.linkName, "link-name", "", "of a catalogue file: give the service this `LINK_NAME`")
	flags.StringVar(&f.clientID, "client-id", "", "of a catalogue file: the client `ID`, with OAuth 1 the consumer key")
	flags.StringVar(&f.secretFrom, "client-secret", "", "of a catalogue file: where the client secret is: `-` for stdin, or @FILE")
}

// isCatalogFile reports whether a definition is given as a catalogue file.
func (f *fromFile) isCatalogFile(file string) bool {
	return strings.HasSuffix(file, ".yaml") || strings.HasSuffix(file, ".yml") || f.way != ""
}

// definition makes the definition of a custom service of a way of a catalogue file.
func (a *app) definition(cmd *cobra.Command, file string, f *fromFile) (json.RawMessage, error) {
	if f.secretFrom != "" && f.secretFrom != "-" && !strings.HasPrefix(f.secretFrom, "@") {
		err := misused(cmd, "--client-secret takes - or @FILE, not the secret itself")
		err.hint = "other users of this machine can read the arguments of a running program"
		return nil, err
	}
	text, err := a.readSource(file)
	if err != nil {
		return nil, err
	}
	s, err := catalog.Definition(file, text, lanyard.LinkName(f.way))
	if len(catalog.Faults(err)) > 0 {
		return nil, fmt.Errorf("%s cannot be used:\n%w", file, err)
	} else if err != nil {
		return nil, err
	}
	if f.linkName != "" {
		s.LinkName = lanyard.LinkName(f.linkName)
	}
	field := strings.TrimPrefix(s.Auth.SecretPointer(), "/auth/")
	if field == "" {
		return json.Marshal(s)
	}
	id, secret, err := a.clientOf(cmd.Context(), cmd, s, f)
	if err != nil {
		return nil, err
	}
	s.Auth.SetClientID(id)
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	// A definition never writes its secret: it is put in here, on its way to the server.
	var members map[string]any
	if err := json.Unmarshal(plain, &members); err != nil {
		return nil, err
	}
	if auth, ok := members["auth"].(map[string]any); ok && secret != "" {
		auth[field] = secret
	}
	return json.Marshal(members)
}

// clientOf gives the client id and secret of a service that is used with one, or asks for them.
func (a *app) clientOf(ctx context.Context, cmd *cobra.Command, s *lanyard.Service, f *fromFile) (id, secret string, err error) {
	terminal := a.terminal()
	id = f.clientID
	if id == "" && terminal == nil {
		return "", "", misused(cmd, "--client-id is missing: %s is used with a client that is registered with its provider", s.Name)
	}
	if id == "" {
		answer, err := a.ask(ctx, terminal, "Client ID", false)
		if err != nil {
			return "", "", err
		}
		id = strings.TrimSpace(answer.Reveal())
	}
	switch {
	case f.secretFrom != "":
		given, err := a.readSecret(strings.TrimPrefix(f.secretFrom, "@"))
		return id, given.Reveal(), err
	case terminal != nil:
		answer, err := a.ask(ctx, terminal, "Client secret (empty: it has none)", true)
		return id, answer.Reveal(), err
	}
	return id, "", nil
}
