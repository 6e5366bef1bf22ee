package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"lanyard/client"
)

func (a *app) usersCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "users",
		Short: "List, add, edit, shut out and remove people",
		Long: `Users are the people of an organization, and the end users of a host application, for whom its calls are made.
Everybody sees them; owners and admins add, change and remove them, nobody somebody whose role is above their own.`,
		Example: `  lanyard users list
  lanyard users create --name 'Customer 4711' --external-id customer-4711`,
	})
	cmd.AddCommand(a.usersListCommand(), a.usersCreateCommand(), a.usersEditCommand(), a.usersDisableCommand(), a.usersEnableCommand(),
		a.usersHandOverCommand(), a.usersRemoveCommand(),
		a.usersInviteCommand(), a.usersInvitationsCommand(), a.usersRevokeInvitationCommand(), a.usersResetPasswordCommand(), a.usersSignInLinkCommand())
	return a.remote(cmd)
}

func (a *app) usersListCommand() *cobra.Command {
	var f client.UserFilter
	var p pages
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the people of the organization",
		Long:    "Lists the people of the organization, by e-mail address. Somebody who was deactivated says so.",
		Example: "  lanyard users list --role owner\n  lanyard users list --external-id customer-4711 --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			return list(cmd.Context(), a, c.Users(f), p, "Nobody like that is in the organization.", []string{"ID", "NAME", "EMAIL", "ROLE", "EXTERNAL ID", "STATE"},
				func(u *client.User) []string {
					state := "active"
					if u.Disabled {
						state = "deactivated"
					}
					return []string{u.ID, u.Name, u.Email, string(u.Role), u.ExternalID, state}
				})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Query, "search", "", "only those with this `TEXT` in their name, e-mail address or external id")
	flags.StringVar((*string)(&f.Role), "role", "", "only those with this `ROLE`: owner, admin or member")
	flags.StringVar(&f.ExternalID, "external-id", "", "only the one with exactly this external `ID`")
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) usersCreateCommand() *cobra.Command {
	var n client.NewUser
	cmd := &cobra.Command{
		Use:   "create --name NAME",
		Short: "Add a user",
		Long: `Adds a user to the organization and prints their id. A host application gives its own id for the person; where it
has no e-mail address to give, the user cannot sign in, and calls are made for them (--user).`,
		Example: `  lanyard users create --name 'Customer 4711' --external-id customer-4711
  lanyard users create --name 'The admin' --email admin@example.com --role admin`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n.Name == "" {
				return misused(cmd, "--name is missing")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			u, err := c.CreateUser(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.show(u, func() error {
				a.note("%s was added.", u.Name)
				return a.say("%s", u.ID)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.Name, "name", "", "the `NAME` shown to people")
	flags.StringVar(&n.Email, "email", "", "the e-mail `ADDRESS` to sign in with")
	flags.StringVar((*string)(&n.Role), "role", "", "the `ROLE`: owner, admin or member; member when not given")
	flags.StringVar(&n.ExternalID, "external-id", "", "a host application's own `ID` for the person")
	return cmd
}

func (a *app) usersEditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "edit ID",
		Short:   "Change a user's name, address, role or external id",
		Long:    "Changes what is given and leaves the rest. Another role ends the user's browser sessions. An empty address or external\nid takes it away.",
		Example: `  lanyard users edit usr_C6B3YV2ZPTLWQ7DKXN4H --role admin`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			patch := map[string]any{}
			for flag, field := range map[string]string{"name": "name", "email": "email", "role": "role", "external-id": "external_id"} {
				if f := cmd.Flags().Lookup(flag); f.Changed {
					patch[field] = f.Value.String()
				}
			}
			if len(patch) == 0 {
				return misused(cmd, "say what to change")
			}
			return a.editUser(cmd, args[0], patch, "%s was changed.")
		},
	}
	flags := cmd.Flags()
	flags.String("name", "", "the `NAME` shown to people")
	flags.String("email", "", "the e-mail `ADDRESS` to sign in with")
	flags.String("role", "", "the `ROLE`: owner, admin or member")
	flags.String("external-id", "", "a host application's own `ID` for the person")
	return cmd
}

// editUser changes a user and prints them, or says in text that it is done.
func (a *app) editUser(cmd *cobra.Command, id string, patch map[string]any, done string) error {
	c, err := a.client(cmd)
	if err != nil {
		return err
	}
	u, err := c.EditUser(cmd.Context(), id, patch)
	if err != nil {
		return err
	}
	return a.show(u, func() error { return a.say(done, u.Name) })
}

func (a *app) usersDisableCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "disable ID",
		Short: "Shut a user out",
		Long: `Deactivates a user: their sessions and all that they have begun end, and their API keys do not work. Calls through
connections that run with their account fail. Nothing is erased: lanyard users enable brings keys and connections back.
At a terminal it asks first.`,
		Example: `  lanyard users disable usr_C6B3YV2ZPTLWQ7DKXN4H --yes`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Deactivate the user %s?", args[0])); err != nil {
				return err
			}
			return a.editUser(cmd, args[0], map[string]any{"disabled": true}, "%s was deactivated.")
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) usersEnableCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "enable ID",
		Short:   "Let a user in again",
		Long:    "Reactivates a user: their API keys and connections work again, and they can sign in.",
		Example: `  lanyard users enable usr_C6B3YV2ZPTLWQ7DKXN4H`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.editUser(cmd, args[0], map[string]any{"disabled": false}, "%s was reactivated.")
		},
	}
}

func (a *app) usersHandOverCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "hand-over ID --to ID",
		Short: "Give a user's connections to somebody else",
		Long: `Gives every connection and custom service of a user to another one. What ran with the former owner's account has to be
connected by the new owner; where each user has an own account, these stay.`,
		Example: `  lanyard users hand-over usr_C6B3YV2ZPTLWQ7DKXN4H --to usr_H4N2XKD7QWLTPZ3VYB6C`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return misused(cmd, "--to is missing")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			h, err := c.HandOver(cmd.Context(), args[0], to)
			if err != nil {
				return err
			}
			return a.show(h, func() error {
				return a.say("%s and %s were handed over; %s ended.", count(h.Connections, "connection"), count(h.Services, "service"), count(h.RevokedAuthorizations, "authorization"))
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the `ID` of the user who gets them")
	return cmd
}

func (a *app) usersRemoveCommand() *cobra.Command {
	var r client.Removal
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove ID",
		Short: "Remove a user",
		Long: `Removes a user with their sessions, keys and connected accounts. Who owns connections or custom services is removed
only when it is said what becomes of them. At a terminal it asks first.`,
		Example: `  lanyard users remove usr_C6B3YV2ZPTLWQ7DKXN4H --hand-over-to usr_H4N2XKD7QWLTPZ3VYB6C
  lanyard users remove usr_C6B3YV2ZPTLWQ7DKXN4H --delete-connections --yes`,
		Args: arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, removalQuestion(args[0], r)); err != nil {
				return err
			}
			if err := c.RemoveUser(cmd.Context(), args[0], r); err != nil {
				return err
			}
			return a.done("The user %s was removed.", args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.HandOverTo, "hand-over-to", "", "the `ID` of the user who gets the connections and custom services")
	flags.BoolVar(&r.DeleteConnections, "delete-connections", false, "delete the connections and custom services, with everybody's authorizations")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func removalQuestion(id string, r client.Removal) string {
	if r.DeleteConnections {
		return fmt.Sprintf("Remove the user %s, and delete their connections and custom services?", id)
	}
	return fmt.Sprintf("Remove the user %s?", id)
}
