package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) connectionsCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "connections",
		Short: "List, make, connect, edit, revoke and delete connections",
		Long: `A connection is a named use of a service: scripts and applications call the service by the connection's link name.
Making one and connecting it are two steps: create, then connect.`,
		Example: `  lanyard connections create acme_support --service acme --name 'Acme support'
  lanyard connections connect acme_support -c X-Api-Key=-`,
	})
	cmd.AddCommand(a.connectionsListCommand(), a.connectionsGetCommand(), a.connectionsCreateCommand(), a.connectCommand(),
		a.connectionsEditCommand(), a.revokeCommand(), a.connectionUsersCommand(), a.removeConnectionUserCommand(), a.connectionsDeleteCommand())
	return a.remote(cmd)
}

func (a *app) connectionsListCommand() *cobra.Command {
	var view string
	var p pages
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List connections",
		Long: `Lists connections, with the standing of the acting user's own authorization. The view is one of

  my          those the user made
  extensions  those that came with installed extensions
  shared      others' connections that the user connected with credentials of their own
  internal    those Lanyard made for integration tasks`,
		Example: `  lanyard connections list
  lanyard connections list --view shared --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No connections yet. Make one with: lanyard connections create LINK_NAME --service SERVICE"
			if client.View(view) != client.ViewMy {
				none = fmt.Sprintf("No %s connections.", strings.TrimSuffix(view, "s"))
			}
			return list(cmd.Context(), a, c.Connections(client.View(view)), p, none, []string{"LINK NAME", "NAME", "SERVICE", "STATUS", "EXPIRES"},
				func(con *client.Connection) []string {
					return []string{con.LinkName, con.Name, con.Service, words(con.Status), relative(con.ExpiresAt, a.now())}
				})
		},
	}
	cmd.Flags().StringVar(&view, "view", string(client.ViewMy), "which `LIST`: my, extensions, shared or internal")
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) connectionsGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "get LINK_NAME",
		Short: "Show one connection",
		Long:  "Shows one connection, with the standing of the acting user's own authorization.",
		Example: `  lanyard connections get acme_support
  lanyard connections get acme_support --json`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			con, err := c.Connection(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(con, func() error {
				whose := "of the owner"
				if con.UseLoginUserCredentials {
					whose = "of the login user"
				}
				expires := stamp(con.ExpiresAt)
				if expires != "" {
					expires += " (" + relative(con.ExpiresAt, a.now()) + ")"
				}
				return a.fields("link name", con.LinkName, "name", con.Name, "service", con.Service, "scopes", strings.Join(con.Scopes, " "),
					"credentials", whose, "usable by", string(con.UsableBy), "owner", con.Owner, "origin", string(con.Origin),
					"status", words(con.Status), "reason", con.StatusReason, "expires", expires, "created", stamp(con.CreatedAt))
			})
		},
	}
}

// connectionFlags are what a person decides of a connection.
type connectionFlags struct {
	name      string
	scopes    []string
	loginUser bool
	usableBy  string
}

func (f *connectionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the `NAME` shown to people")
	flags.StringArrayVar(&f.scopes, "scope", nil, "ask for this scope's `VALUE`; may be given several times")
	flags.BoolVar(&f.loginUser, "use-login-user-credentials", false, "each call runs with the acting user's own credentials, not the owner's")
	flags.StringVar(&f.usableBy, "usable-by", "", "`WHO` may call through it: organization or owner")
}

// patch is a JSON merge patch of what was given.
func (f *connectionFlags) patch(cmd *cobra.Command) map[string]any {
	patch := map[string]any{}
	for _, member := range []struct {
		flag, name string
		value      any
	}{
		{"name", "name", f.name},
		{"scope", "scopes", f.scopes},
		{"use-login-user-credentials", "use_login_user_credentials", f.loginUser},
		{"usable-by", "usable_by", f.usableBy},
	} {
		if cmd.Flags().Changed(member.flag) {
			patch[member.name] = member.value
		}
	}
	return patch
}

func (a *app) connectionsCreateCommand() *cobra.Command {
	var f connectionFlags
	var service string
	cmd := &cobra.Command{
		Use:   "create LINK_NAME --service SERVICE",
		Short: "Make a connection",
		Long:  "Makes a connection with a service. It is not connected yet: lanyard connections connect does that.",
		Example: `  lanyard connections create acme_support --service acme --name 'Acme support'
  lanyard connections create crm --service salesforce --scope api --scope refresh_token`,
		Args: arguments("LINK_NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if service == "" {
				return misused(cmd, "--service is missing: lanyard services list shows them")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			n := client.NewConnection{LinkName: args[0], Name: f.name, Service: service, Scopes: f.scopes,
				UseLoginUserCredentials: f.loginUser, UsableBy: lanyard.UsableBy(f.usableBy)}
			if n.Name == "" {
				n.Name = n.LinkName
			}
			con, err := c.CreateConnection(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.show(con, func() error {
				return a.say("The connection %[1]s was made. Connect it with: lanyard connections connect %[1]s", con.LinkName)
			})
		},
	}
	cmd.Flags().StringVar(&service, "service", "", "the link name of the `SERVICE`")
	f.add(cmd)
	return cmd
}

func (a *app) connectionsEditCommand() *cobra.Command {
	var f connectionFlags
	cmd := &cobra.Command{
		Use:   "edit LINK_NAME",
		Short: "Change a connection",
		Long: `Changes what is given: the display name, the scopes (as a whole), the switch, or who may use it. A scope that was
not asked for before needs consent again. The link name never changes.`,
		Example: `  lanyard connections edit acme_support --name 'Acme, support team'
  lanyard connections edit crm --scope api --scope refresh_token --scope web`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			patch := f.patch(cmd)
			if len(patch) == 0 {
				return misused(cmd, "say what to change")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			con, err := c.EditConnection(cmd.Context(), args[0], patch)
			if err != nil {
				return err
			}
			return a.show(con, func() error {
				return a.say("The connection %s was saved. Its status: %s.", con.LinkName, words(con.Status))
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) revokeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "revoke LINK_NAME",
		Short: "Erase the credential of a connection",
		Long: `Erases the acting user's credential of a connection, and tells the provider where it can be told. The connection
stays, and can be connected again. At a terminal it asks first.`,
		Example:           `  lanyard connections revoke acme_support --yes`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Erase the credential of %s?", args[0])); err != nil {
				return err
			}
			result, err := c.Revoke(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(result, func() error {
				if result.ProviderConfirmed {
					return a.say("%s was revoked, and the provider confirmed it.", args[0])
				}
				return a.say("%s was revoked: its credential is erased here. The provider has not confirmed it.", args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) connectionUsersCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:   "users LINK_NAME",
		Short: "List who connected a connection",
		Long: `Lists who connected a connection of yours that everybody uses with an account of their own: how they stand and when
they last used it, and nothing of their accounts.`,
		Example:           `  lanyard connections users acme_support`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			return list(cmd.Context(), a, c.ConnectionUsers(args[0]), p, "Nobody has connected it yet.", []string{"USER", "NAME", "EXTERNAL ID", "STATUS", "LAST USED"},
				func(u *client.ConnectionUser) []string {
					return []string{u.User, u.Name, u.ExternalID, words(u.Status), relative(u.LastUsedAt, a.now())}
				})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) removeConnectionUserCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove-user LINK_NAME USER",
		Short: "Take another user's account off a connection",
		Long: `Erases the credential that another user connected a connection of yours with, and tells the provider where it can
be told. The next call made for that user asks for connecting again. USER is an id that lanyard connections users shows.
At a terminal it asks first.`,
		Example:           `  lanyard connections remove-user acme_support usr_H4N2XKD7QWLTPZ3VYB6C --yes`,
		Args:              arguments("LINK_NAME", "USER"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Erase the credential of %s for %s?", args[1], args[0])); err != nil {
				return err
			}
			result, err := c.RemoveConnectionUser(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return a.show(result, func() error {
				if result.ProviderConfirmed {
					return a.say("%s is taken off %s, and the provider confirmed it.", args[1], args[0])
				}
				return a.say("%s is taken off %s: the credential is erased here. The provider has not confirmed it.", args[1], args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) connectionsDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete LINK_NAME",
		Short: "Delete a connection",
		Long: `Deletes a connection with every user's credential of it. What calls through it fails from then on. At a terminal it
asks first.`,
		Example:           `  lanyard connections delete acme_support --yes`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Delete the connection %s and every credential of it?", args[0])); err != nil {
				return err
			}
			if err := c.DeleteConnection(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The connection %s was deleted.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
