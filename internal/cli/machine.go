package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/internal/server"
)

// machineLink is a link that whoever has the machine makes for somebody.
type machineLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// onMachine finishes a command that opens the store itself and prints a link.
func (a *app) onMachine(cmd *cobra.Command, words string, do func(ctx context.Context, c server.Config, email string, org lanyard.OrganizationID) (string, time.Time, error)) *cobra.Command {
	f := storeFlags{}
	var organization string
	cmd.Args = arguments("EMAIL")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.config(cmd, &f)
		if err != nil {
			return err
		}
		var l machineLink
		if l.URL, l.ExpiresAt, err = do(cmd.Context(), c, args[0], lanyard.OrganizationID(organization)); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(l)
		}
		a.note(words, stamp(l.ExpiresAt))
		_, err = fmt.Fprintln(a.stdout, l.URL)
		return err
	}
	f.add(cmd)
	cmd.Flags().StringVar(&organization, "organization", "", "the `ID` of the organization, where the address is in several")
	return cmd
}

func (a *app) usersResetPasswordCommand() *cobra.Command {
	var revoke bool
	cmd := &cobra.Command{
		Use:   "reset-password EMAIL",
		Short: "Print a link that sets a new password, on the machine itself",
		Long: `Prints a link with which a person sets a new password, once, within an hour. When it is used, their sessions and API
keys end. It needs no API key and no running server, but the store: give it the same --data or --database as lanyard
serve, and the same --public-url. The embedded database belongs to one process, so stop the server meanwhile.`,
		Example: `  lanyard users reset-password you@example.com
  lanyard users reset-password you@example.com --revoke-access --data /var/lib/lanyard`,
	}
	cmd.Flags().BoolVar(&revoke, "revoke-access", false, "with the new password, end everything the person has connected")
	return a.onMachine(cmd, "This link sets a new password once, until %s:", func(ctx context.Context, c server.Config, email string, org lanyard.OrganizationID) (string, time.Time, error) {
		l, err := server.ResetLink(ctx, c, email, org, revoke)
		if err != nil {
			return "", time.Time{}, err
		}
		return l.URL.Reveal(), l.ExpiresAt, nil
	})
}

func (a *app) usersSignInLinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sign-in-link EMAIL",
		Short: "Print a link that signs a browser in, on the machine itself",
		Long: `Prints a link that signs a browser in as a person, once, within a quarter of an hour: the way in when single sign-on
fails and passwords are switched off. Like users reset-password it opens the store itself.`,
		Example: `  lanyard users sign-in-link you@example.com`,
	}
	return a.onMachine(cmd, "This link signs in once, until %s:", server.SignInLink)
}
