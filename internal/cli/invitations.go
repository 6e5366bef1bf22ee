package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) usersInviteCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "invite [EMAIL]",
		Short: "Make a link with which somebody joins",
		Long: `Makes a link with which one person joins the organization, once, within seven days, and prints it, this once. With an
address the invitation is for that person and, where mail is set up, is sent there as well; without one it is for
whoever has the link. The link goes to stdout, and what there is to say about it to stderr.`,
		Example: `  lanyard users invite new@example.com
  lanyard users invite --role admin`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			n := client.NewInvitation{Role: lanyard.Role(role)}
			if len(args) > 0 {
				n.Email = args[0]
			}
			if len(args) > 1 {
				return misused(cmd, "there is no place for the argument %q", args[1])
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			made, err := c.Invite(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.show(made, func() error {
				whom := "whoever has the link"
				if made.Email != "" {
					whom = made.Email
				}
				a.note("The invitation %s is for %s. It works once, until %s:", made.ID, whom, stamp(made.ExpiresAt))
				if made.Mailed {
					a.note("It was also sent by mail.")
				}
				_, err := fmt.Fprintln(a.stdout, made.URL.Reveal())
				return err
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", string(lanyard.RoleMember), "the `ROLE` of whoever accepts: member, admin or owner")
	return cmd
}

func (a *app) usersInvitationsCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:     "invitations",
		Short:   "List the invitations that can still be accepted",
		Long:    "Lists the invitations that nobody accepted yet, newest first: never their links.",
		Example: `  lanyard users invitations`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No open invitations. Make one with: lanyard users invite EMAIL"
			return list(cmd.Context(), a, c.Invitations(), p, none, []string{"ID", "FOR", "ROLE", "ENDS"}, func(i *client.Invitation) []string {
				whom := i.Email
				if whom == "" {
					whom = "whoever has the link"
				}
				return []string{i.ID, whom, string(i.Role), relative(i.ExpiresAt, a.now())}
			})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) usersRevokeInvitationCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "revoke-invitation ID",
		Short:   "Take an invitation back",
		Long:    "Takes an invitation back: its link does not work any more. At a terminal it asks first.",
		Example: `  lanyard users revoke-invitation inv_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --yes`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Take the invitation %s back?", args[0])); err != nil {
				return err
			}
			if err := c.RevokeInvitation(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The invitation %s was taken back.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
