package cli

import (
	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

const apiKeyVariable = "LANYARD_API_KEY"

// remote gives a command, and those below it, the flags that say which server to talk to and for whom.
func (a *app) remote(cmd *cobra.Command) *cobra.Command {
	flags := cmd.PersistentFlags()
	flags.StringVar(&a.url, "url", "http://127.0.0.1:8080", "the server's `URL`")
	flags.StringVar(&a.apiKeyFile, "api-key-file", "", "read the API key from `FILE` instead of LANYARD_API_KEY")
	flags.StringVar(&a.user, "user", "", "act for the user with this `ID` or external id; the key must be made for it")
	return cmd
}

// client makes the client of the server that flags and environment name.
func (a *app) client(cmd *cobra.Command) (*client.Client, error) {
	key := lanyard.NewSecret(a.env(apiKeyVariable))
	if a.apiKeyFile != "" {
		var err error
		if key, err = a.readSecret(a.apiKeyFile); err != nil {
			return nil, err
		}
	}
	if key.IsZero() {
		err := misused(cmd, "no API key was given")
		err.hint = "set LANYARD_API_KEY to one that lanyard init or lanyard keys create printed, or name its file by --api-key-file"
		return nil, err
	}
	c, err := client.New(a.url, key.Reveal(), client.WithUserAgent("lanyard/"+buildVersion().Version))
	if err != nil {
		return nil, misused(cmd, "%w", err)
	}
	if a.user != "" {
		c = c.ForUser(a.user)
	}
	return c, nil
}

// pageFlags gives a list the flags that say which part of it to show.
func pageFlags(cmd *cobra.Command, p *pages, limit int) {
	cmd.Flags().IntVar(&p.limit, "limit", limit, "show at most `N`; 0 shows all")
	cmd.Flags().StringVar(&p.cursor, "cursor", "", "go on where an earlier list ended, from the `CURSOR` that it named")
}
