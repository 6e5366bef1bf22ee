package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) connectCommand() *cobra.Command {
	var credentials, parameters []string
	var open bool
	cmd := &cobra.Command{
		Use:   "connect LINK_NAME",
		Short: "Connect a connection",
		Long: `Connects the acting user: at once where the service takes credentials, and by a page to open where it asks for consent
in the browser.

-c gives one credential by the name that the service asks for: the name of an API key's parameter; username and
password; access_key_id, secret_access_key and session_token.

  -c NAME=-       reads the value from stdin
  -c NAME=@FILE   reads the value from a file
  -c NAME         asks for the value at the terminal, and does not show it
  -c NAME=VALUE   takes the value as it stands

Other users of this machine can read the arguments of a running program, and a shell keeps them in its history: keep
the last form for values that are no secret, such as a user name. One line break at the end of a file or of stdin is
left out. What the service needs and was not given is asked for at the terminal, if there is one; with --open it is
left to the page.

-p gives the dynamic parameters of the service, such as the domain of the account.`,
		Example: `  pass show acme/key | lanyard connections connect acme_support -c X-Api-Key=-
  lanyard connections connect jira -c username=you@example.com -c password=@/run/secrets/jira
  lanyard connections connect crm -p domain=zylker --open`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := client.ConnectInput{}
			var err error
			if in.Parameters, err = pairs(cmd, "-p", parameters); err != nil {
				return err
			}
			if in.Credentials, err = a.credentials(cmd, credentials); err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if terminal := a.terminal(); terminal != nil && !open {
				if err := a.askMissing(cmd.Context(), c, terminal, args[0], &in); err != nil {
					return err
				}
			}
			result, err := c.Connect(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			if err := a.show(result, func() error {
				if result.ConnectURL == "" {
					return a.say("%s is connected.", args[0])
				}
				a.note("To connect, open this page in a browser that is signed in to Lanyard (lanyard sign-in):")
				return a.say("%s", result.ConnectURL)
			}); err != nil {
				return err
			}
			if open && result.ConnectURL != "" {
				return openBrowser(cmd.Context(), result.ConnectURL)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&credentials, "credential", "c", nil, "one credential, as `NAME=-`, NAME=@FILE, NAME or NAME=VALUE; may be given several times")
	flags.StringArrayVarP(&parameters, "parameter", "p", nil, "one dynamic parameter, as `KEY=VALUE`; may be given several times")
	flags.BoolVar(&open, "open", false, "open the page for connecting in the browser")
	return cmd
}

// pairs reads flags of the form name=value.
func pairs(cmd *cobra.Command, flag string, given []string) (map[string]string, error) {
	values := map[string]string{}
	for _, pair := range given {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, misused(cmd, "%s takes a name and a value, as in %s domain=zylker", flag, flag)
		}
		values[name] = value
	}
	return values, nil
}

// credentials reads the credentials that -c names, wherever their values are.
func (a *app) credentials(cmd *cobra.Command, given []string) (map[string]string, error) {
	values := map[string]string{}
	stdin := ""
	for _, pair := range given {
		name, source, ok := strings.Cut(pair, "=")
		if name == "" {
			return nil, misused(cmd, "-c takes a name, as in -c password=-")
		}
		if _, twice := values[name]; twice {
			return nil, misused(cmd, "the credential %s is given twice", name)
		}
		var secret lanyard.Secret
		var err error
		file, isFile := strings.CutPrefix(source, "@")
		switch {
		case !ok:
			terminal := a.terminal()
			if terminal == nil {
				err := misused(cmd, "nobody can be asked for %s here: stdin is no terminal", name)
				err.hint = fmt.Sprintf("-c %[1]s=- reads it from stdin, -c %[1]s=@FILE from a file", name)
				return nil, err
			}
			secret, err = a.ask(cmd.Context(), terminal, name, true)
		case source == "-":
			if stdin != "" {
				return nil, misused(cmd, "stdin gives one credential, and %s has it already", stdin)
			}
			stdin = name
			secret, err = a.readSecret("-")
		case isFile:
			secret, err = a.readSecret(file)
		default:
			secret = lanyard.NewSecret(source)
		}
		if err != nil {
			return nil, err
		}
		values[name] = secret.Reveal() // from here on only the request holds it
	}
	return values, nil
}

// askMissing asks at the terminal for what the service needs and was not given.
func (a *app) askMissing(ctx context.Context, c *client.Client, terminal *os.File, connection string, in *client.ConnectInput) error {
	con, err := c.Connection(ctx, connection)
	if err != nil {
		return err
	}
	s, err := c.Service(ctx, con.Service)
	if err != nil {
		return err
	}
	asked, err := askedParameters(s)
	if err != nil {
		return err
	}
	for _, p := range asked {
		if _, given := in.Parameters[p.Key]; given || p.Default != "" {
			continue
		}
		question := p.Name
		if p.Optional {
			question += " (may be left empty)"
		}
		value, err := a.ask(ctx, terminal, question, p.Secret)
		if err != nil {
			return err
		}
		if !value.IsZero() || !p.Optional {
			in.Parameters[p.Key] = value.Reveal()
		}
	}
	begun := len(in.Credentials) > 0
	for _, f := range credentialFields(s) {
		if _, given := in.Credentials[f.Name]; given {
			continue
		}
		// Temporary keys alone have a session token: whoever gave a key by -c and left the token out has none.
		if begun && f.Name == "session_token" {
			continue
		}
		value, err := a.ask(ctx, terminal, f.Label, f.Secret)
		if err != nil {
			return err
		}
		if !value.IsZero() {
			in.Credentials[f.Name] = value.Reveal()
		}
	}
	return nil
}

// askedParameters are the dynamic parameters that a person is asked for.
func askedParameters(s *client.Service) ([]lanyard.DynamicParameter, error) {
	data, err := json.Marshal(s.Definition)
	if err != nil {
		return nil, err
	}
	var own lanyard.Service
	if err := json.Unmarshal(data, &own); err != nil {
		return nil, fmt.Errorf("read the service %s: %w", s.LinkName, err)
	}
	return own.Asked(), nil
}

// credentialFields are what a person types in to connect with the service; none where consent is given in the browser.
func credentialFields(s *client.Service) []lanyard.CredentialField {
	own := lanyard.Service{Auth: lanyard.Auth{Type: lanyard.AuthType(s.Auth.Type)}}
	if own.Auth.Type == lanyard.AuthAPIKey {
		own.Auth.APIKey = &lanyard.APIKeyAuth{Parameters: s.Auth.Parameters}
	}
	return own.CredentialFields()
}

// openBrowser opens a page in the person's browser.
func openBrowser(ctx context.Context, page string) error {
	name, args := "xdg-open", []string{page}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", page}
	}
	if err := exec.CommandContext(ctx, name, args...).Run(); err != nil {
		return hinted(fmt.Errorf("the browser did not open: %s: %w", name, err), "open the page by hand")
	}
	return nil
}
