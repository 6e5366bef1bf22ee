package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lanyard/internal/server"
)

func (a *app) organizationsCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "organizations",
		Short: "Make, list and delete the organizations of a server, on its machine",
		Long: `One server holds any number of organizations, which see nothing of each other. These commands open the store
themselves, like lanyard init: give them the same --data or --database as lanyard serve. An embedded store belongs to
one process, so stop lanyard serve meanwhile, or use PostgreSQL.`,
		Example: `  lanyard organizations create --name 'Zylker' --email you@example.com
  lanyard organizations list`,
	})
	cmd.AddCommand(a.organizationsCreateCommand(), a.organizationsListCommand(), a.organizationsDeleteCommand())
	return cmd
}

func (a *app) organizationsCreateCommand() *cobra.Command {
	f := storeFlags{}
	var name, email, person string
	cmd := &cobra.Command{
		Use:   "create --name NAME --email EMAIL",
		Short: "Make an organization and its owner",
		Long: `Makes an organization and its owner in a store, and prints organization_id, user_id, and a sign_in_url that signs a
browser in as the owner, once, within a quarter of an hour. The owner sets a password on the page of their account.`,
		Example: `  lanyard organizations create --name 'Zylker' --email you@example.com
  lanyard organizations create --name 'Zylker' --email you@example.com --data /var/lib/lanyard --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name == "" || email == "" {
				return misused(cmd, "--name and --email are both needed")
			}
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			made, err := server.CreateOrganization(cmd.Context(), c, name, email, person)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(struct {
					OrganizationID string `json:"organization_id"`
					UserID         string `json:"user_id"`
					SignInURL      string `json:"sign_in_url"`
				}{string(made.OrganizationID), string(made.UserID), made.SignInURL})
			}
			_, err = fmt.Fprintf(a.stdout, "organization_id: %s\nuser_id: %s\nsign_in_url: %s\n", made.OrganizationID, made.UserID, made.SignInURL)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the `NAME` of the organization")
	cmd.Flags().StringVar(&email, "email", "", "the owner's `E-MAIL` address")
	cmd.Flags().StringVar(&person, "owner-name", "", "the owner's `NAME` (the e-mail address when not given)")
	return cmd
}

func (a *app) organizationsListCommand() *cobra.Command {
	f := storeFlags{}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List all organizations of a store",
		Long:    "Lists all organizations of a store, the oldest first, with how many people each has.",
		Example: `  lanyard organizations list --data /var/lib/lanyard`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			found, err := server.Organizations(cmd.Context(), c)
			if err != nil {
				return err
			}
			type organization struct {
				ID        string    `json:"id"`
				Name      string    `json:"name"`
				Users     int       `json:"users"`
				CreatedAt time.Time `json:"created_at"`
			}
			items, rows := make([]organization, len(found)), make([][]string, len(found))
			for i, o := range found {
				items[i] = organization{string(o.ID), o.Name, o.Users, o.CreatedAt.UTC()}
				rows[i] = []string{items[i].ID, o.Name, strconv.Itoa(o.Users), relative(o.CreatedAt, a.now())}
			}
			switch {
			case a.json:
				return a.printJSON(struct {
					Items []organization `json:"items"`
				}{items})
			case len(rows) == 0:
				return a.say("No organizations yet. Make the first with: lanyard init --email EMAIL")
			}
			return a.table([]string{"ID", "NAME", "USERS", "MADE"}, rows)
		},
	}
	f.add(cmd)
	return cmd
}
