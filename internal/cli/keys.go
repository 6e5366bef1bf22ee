package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lanyard/client"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "keys",
		Short: "List, make, rotate and delete API keys",
		Long: `An API key lets a program act as its user, within the rights of the key. A key may do no more than the one that
makes it.`,
		Example: `  lanyard keys create --name 'nightly report' --no-manage --connection crm
  lanyard keys list`,
	})
	cmd.AddCommand(a.keysListCommand(), a.keysCreateCommand(), a.keysRotateCommand(), a.keysEndPreviousCommand(), a.keysDeleteCommand())
	return a.remote(cmd)
}

func (a *app) keysListCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List one's own API keys",
		Long:    "Lists the API keys of one's own user: their last characters, never the keys themselves.",
		Example: `  lanyard keys list`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No API keys yet. Make one with: lanyard keys create --name NAME"
			return list(cmd.Context(), a, c.Keys(), p, none, []string{"ID", "NAME", "KEY", "RIGHTS", "EXPIRES", "LAST USED"},
				func(k *client.Key) []string {
					return []string{k.ID, k.Name, hints(k, a.now()), rights(k), relative(k.ExpiresAt, a.now()), relative(k.LastUsedAt, a.now())}
				})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

// hints are the last characters of the key, and of the one before while that works.
func hints(k *client.Key, now time.Time) string {
	text := "…" + k.Hint
	if k.PreviousHint != "" {
		used := "never used"
		if !k.PreviousLastUsedAt.IsZero() {
			used = "last used " + relative(k.PreviousLastUsedAt, now)
		}
		text += fmt.Sprintf(" (before: …%s, ends %s, %s)", k.PreviousHint, relative(k.PreviousExpiresAt, now), used)
	}
	return text
}

// rights says in a few words what a key may do.
func rights(k *client.Key) string {
	may := []string{"invoke"}
	if k.Manage {
		may = append(may, "manage")
	}
	if k.ActForUsers {
		may = append(may, "act for users")
	}
	if len(k.Connections) > 0 {
		may = append(may, "only "+strings.Join(k.Connections, " "))
	}
	if len(k.ReturnToOrigins) > 0 {
		may = append(may, "leads back to "+strings.Join(k.ReturnToOrigins, " "))
	}
	return strings.Join(may, ", ")
}

func (a *app) keysCreateCommand() *cobra.Command {
	n := client.NewKey{}
	var noManage bool
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "create --name NAME",
		Short: "Make an API key",
		Long: `Makes an API key for one's own user and prints it, this once: the server keeps only a hash of it. The key goes to
stdout, and what there is to say about it to stderr.`,
		Example: `  LANYARD_API_KEY=$(lanyard keys create --name deploy --expires-in 720h)
  lanyard keys create --name backend --act-for-users --return-to-origin https://app.example.com
  lanyard keys create --name report --no-manage --connection crm > report.key`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n.Name == "" {
				return misused(cmd, "--name is missing")
			}
			if manage := !noManage; !manage {
				n.Manage = &manage
			}
			if cmd.Flags().Changed("expires-in") {
				if expires <= 0 {
					return misused(cmd, "--expires-in is a time from now, such as 720h")
				}
				at := a.now().Add(expires).UTC().Truncate(time.Second)
				n.ExpiresAt = &at
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			k, err := c.CreateKey(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.show(k, func() error {
				a.note("The key %s was made. It is shown this once.", k.ID)
				_, err := fmt.Fprintln(a.stdout, k.Secret.Reveal())
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.Name, "name", "", "a `NAME` that says what the key is for")
	flags.BoolVar(&n.ActForUsers, "act-for-users", false, "the key may act for other users (--user, Lanyard-User)")
	flags.BoolVar(&noManage, "no-manage", false, "the key only invokes and reads: it makes, changes and deletes nothing")
	flags.StringArrayVar(&n.Connections, "connection", nil, "the key may use this connection only, by `LINK_NAME`; may be given several times")
	flags.StringArrayVar(&n.ReturnToOrigins, "return-to-origin", nil, "an exact `ORIGIN`, such as https://app.example.com, that connect sessions of the key may lead back to; may be given several times")
	flags.DurationVar(&expires, "expires-in", 0, "the key ends after this `TIME`, such as 720h; never when not given")
	return cmd
}

func (a *app) keysRotateCommand() *cobra.Command {
	overlap := 24 * time.Hour
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "Give an API key a new secret",
		Long: `Gives an API key of one's own user a new secret and prints it, this once. The present one goes on working for the
overlap, so that what uses it can be changed without a gap; a secret that was the previous one already ends at once.
lanyard keys list says when the previous one was last used.`,
		Example: `  lanyard keys rotate key_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE > new.key
  lanyard keys rotate key_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --overlap 168h`,
		Args: arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 {
				return misused(cmd, "--overlap is a time from now, such as 24h, or 0 to end the present key at once")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			k, err := c.RotateKey(cmd.Context(), args[0], overlap)
			if err != nil {
				return err
			}
			return a.show(k, func() error {
				before := "The one before is ended."
				if !k.PreviousExpiresAt.IsZero() {
					before = fmt.Sprintf("The one before, …%s, works until %s.", k.PreviousHint, k.PreviousExpiresAt.UTC().Format(time.RFC3339))
				}
				a.note("The key %s has a new secret. It is shown this once. %s", k.ID, before)
				_, err := fmt.Fprintln(a.stdout, k.Secret.Reveal())
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", overlap, "the present key goes on working for this `TIME`, at most 720h; 0 ends it at once")
	return cmd
}

func (a *app) keysEndPreviousCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "end-previous ID",
		Short: "End the secret that a key had before it was rotated",
		Long: `Ends the secret that an API key had before it was rotated. What still uses it is refused from then on. At a terminal
it asks first.`,
		Example: `  lanyard keys end-previous key_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --yes`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("End the secret that the key %s had before?", args[0])); err != nil {
				return err
			}
			if err := c.EndPreviousKey(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The secret that the key %s had before was ended.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) keysDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete ID",
		Short:   "Delete an API key",
		Long:    "Deletes an API key of one's own user. What uses it is refused from then on. At a terminal it asks first.",
		Example: `  lanyard keys delete key_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --yes`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Delete the key %s?", args[0])); err != nil {
				return err
			}
			if err := c.DeleteKey(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The key %s was deleted.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
