package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lanyard/internal/server"
)

func (a *app) restoreCommand() *cobra.Command {
	f := storeFlags{}
	var o opening
	cmd := &cobra.Command{
		Use:   "restore FILE (--identity-file FILE | --passphrase-file FILE)",
		Short: "Make a store of a backup",
		Long: `Makes a store of a backup, in an empty place: a data directory without a database, or an empty PostgreSQL database.
All of it is restored, or nothing. It needs the key of the original, in --key-file or as the file key in the data
directory, unless the backup was made with --with-key. A backup of an older Lanyard is brought up to date.

lanyard serve serves the restored store at once, but nothing happens in it by itself: no access token is refreshed, no
schedule runs, no webhook, mail about connections or revocation is sent. Once the original is stopped for good, lanyard
restore go-on ends that; lanyard restore status says first which connections are probably dead.`,
		Example: `  lanyard restore lanyard.backup --passphrase-file /etc/lanyard/backup.passphrase --data /var/lib/lanyard
  lanyard restore lanyard.backup --identity-file backup.identity --database-file db.url --key-file lanyard.key`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.decryption(cmd, o)
			if err != nil {
				return err
			}
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close() // only read from
			restored, err := server.Restore(cmd.Context(), c, file, d)
			if err != nil {
				return err
			}
			return a.showContents(restored, "The backup was restored. Start lanyard serve; nothing happens by itself until lanyard restore go-on.")
		},
	}
	f.addStore(cmd)
	o.add(cmd)
	cmd.AddCommand(a.restoreStatusCommand(), a.restoreGoOnCommand())
	return cmd
}

// mostDoubtful is how many connections are listed that are probably dead.
const mostDoubtful = 10_000

func (a *app) restoreStatusCommand() *cobra.Command {
	f := storeFlags{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether a store waits after it was restored, and which connections are probably dead",
		Long: `Says whether the store was restored from a backup and waits to be let go on, and lists the connections that were due to
be refreshed since the backup. If the original went on after the backup, it has refreshed them; of a provider that
gives another refresh token each time, the one in the backup is of no use then. The server may be running.`,
		Example: `  lanyard restore status --data /var/lib/lanyard`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			status, err := server.RestoredStatus(cmd.Context(), c, mostDoubtful)
			if err != nil {
				return err
			}
			return a.showRestored(status)
		},
	}
	f.addStore(cmd)
	return cmd
}

func (a *app) showRestored(s *server.Restored) error {
	if a.json {
		type connection struct {
			Organization string    `json:"organization"`
			Connection   string    `json:"connection"`
			Service      string    `json:"service"`
			User         string    `json:"user"`
			RefreshedAt  time.Time `json:"refreshed_at"`
			ExpiresAt    time.Time `json:"expires_at"`
			Why          string    `json:"why"`
		}
		v := struct {
			Instance string       `json:"instance"`
			Waits    bool         `json:"waits"`
			Origin   string       `json:"origin,omitempty"`
			BackupAt *time.Time   `json:"backup_at,omitempty"`
			Doubtful []connection `json:"doubtful"`
		}{Instance: s.ID, Waits: s.Paused(), Origin: s.Origin.ID, Doubtful: []connection{}}
		if !s.Origin.BackupAt.IsZero() {
			v.BackupAt = &s.Origin.BackupAt
		}
		for _, d := range s.Doubtful {
			v.Doubtful = append(v.Doubtful, connection{string(d.Organization), string(d.Connection), string(d.Service), string(d.User), d.RefreshedAt, d.ExpiresAt, d.Words()})
		}
		return a.printJSON(v)
	}
	switch {
	case s.RestoredAt.IsZero():
		return a.say("This store was not restored from a backup.")
	case !s.Paused():
		return a.say("This store was restored from a backup of %s, and has gone on since %s.", stamp(s.Origin.BackupAt), stamp(s.WentOnAt))
	case len(s.Doubtful) == 0:
		return a.say("This store was restored from a backup of %s, and waits. No connection was due to be refreshed since.", stamp(s.Origin.BackupAt))
	}
	a.note("This store was restored from a backup of %s, and waits. These connections were due to be refreshed since:", stamp(s.Origin.BackupAt))
	rows := make([][]string, len(s.Doubtful))
	for i, d := range s.Doubtful {
		rows[i] = []string{d.OrganizationName, string(d.Connection), d.UserName, relative(d.RefreshedAt, a.now()), d.Words()}
	}
	return a.table([]string{"ORGANIZATION", "CONNECTION", "USER", "TOKEN OF", "STATE"}, rows)
}

func (a *app) restoreGoOnCommand() *cobra.Command {
	f := storeFlags{}
	var yes, force bool
	cmd := &cobra.Command{
		Use:   "go-on",
		Short: "Let a restored store go on, once the original is stopped",
		Long: `Lets a restored store refresh tokens, run schedules, and send webhooks, mails and revocations again. Say so only once
the original is stopped for good: two that refresh the same tokens end them for both. It lists what is probably dead
and asks first. Where the original still answers at its public URL, it refuses, unless --force is given. A running
server notices within a second.`,
		Example: `  lanyard restore go-on --data /var/lib/lanyard
  lanyard restore go-on --yes`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			status, err := server.RestoredStatus(cmd.Context(), c, mostDoubtful)
			if err != nil {
				return err
			}
			if !a.json || !status.Paused() {
				if err := a.showRestored(status); err != nil || !status.Paused() {
					return err
				}
			}
			if !yes && a.terminal() == nil {
				return misused(cmd, "--yes says that the original is stopped, where there is no terminal to ask at")
			}
			if err := a.confirm(cmd.Context(), yes, "Is the original stopped for good, and should this one go on?"); err != nil {
				return err
			}
			_, err = server.GoOn(cmd.Context(), c, force)
			var runs *server.OriginRunsError
			if errors.As(err, &runs) {
				return hinted(err, "stop it, or give --force if something else only looks like it")
			}
			if err != nil {
				return err
			}
			return a.done("The restored store goes on.")
		},
	}
	f.addStore(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask: the original is stopped")
	cmd.Flags().BoolVar(&force, "force", false, "go on although the original seems to answer")
	return cmd
}

func (a *app) organizationsDeleteCommand() *cobra.Command {
	f := storeFlags{}
	var confirmed string
	cmd := &cobra.Command{
		Use:   "delete ID",
		Short: "Delete an organization and everything of it",
		Long: `Deletes an organization with its people, connections, credentials, functions, webhooks, extensions, records and audit
log. Providers are told that their tokens end, as far as they answer within a minute. It says first what ends, and
asks for the name of the organization; --confirm gives it where there is no terminal. Old backups still hold it.`,
		Example: `  lanyard organizations delete org_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE
  lanyard organizations delete org_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --confirm 'Zylker' --data /var/lib/lanyard`,
		Args: arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			ended, err := server.DeleteOrganization(cmd.Context(), c, args[0], func(e *server.Ending) error {
				a.note("%s has %d people, %d connections and %d connected accounts. All of it ends.", e.Name, e.Users, e.Connections, e.Accounts)
				if terminal := a.terminal(); confirmed == "" && terminal != nil {
					typed, err := a.ask(cmd.Context(), terminal, "Type the name of the organization to delete it", false)
					if err != nil {
						return err
					}
					confirmed = typed.Reveal()
				}
				if confirmed != e.Name {
					return hinted(errors.New("nothing was done: that is not the name of the organization"), "--confirm %q", e.Name)
				}
				return nil
			})
			if err != nil {
				return err
			}
			words := fmt.Sprintf("The organization %s was deleted.", ended.Name)
			if ended.Untold > 0 {
				words += fmt.Sprintf(" Of the providers, %d could not be told that a token ended.", ended.Untold)
			}
			return a.done("%s", words)
		},
	}
	f.addStore(cmd)
	cmd.Flags().StringSliceVar(&f.allowNetworks, "allow-network", nil, "let providers be told in this `CIDR` network; may be given several times, or with commas")
	cmd.Flags().StringVar(&f.caFile, "ca-file", "", "trust the certificates in this PEM `FILE` beside the system's")
	cmd.Flags().StringVar(&confirmed, "confirm", "", "the `NAME` of the organization: do not ask")
	return cmd
}
