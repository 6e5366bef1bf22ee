package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) signInCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sign-in",
		Short: "Print a link that signs a browser in, once",
		Long: `Prints a link that signs a browser in as the user of the API key. It works once, and whoever has it can use it. The
link goes to stdout, and what there is to say about it to stderr.`,
		Example: `  lanyard sign-in
  xdg-open "$(lanyard sign-in)"`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			l, err := c.CreateSignInLink(cmd.Context())
			if err != nil {
				return err
			}
			return a.show(l, func() error {
				a.note("This link works once, until %s:", stamp(l.ExpiresAt))
				_, err := fmt.Fprintln(a.stdout, l.URL.Reveal())
				return err
			})
		},
	}
	return a.remote(cmd)
}
