package cli

import "github.com/spf13/cobra"

func (a *app) extensionCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "extension",
		Short: "Make, publish, review, install and update extensions",
		Long:  `An extension is a package of services, connections and scripts that one organization publishes and others install.`,
		Example: `  lanyard extension offers
  lanyard extension install org_RQ6Y3DPCZ2T4WJ7M5KXA/acme_orders`,
	})
	cmd.AddCommand(a.extensionServerCommands()...)
	return cmd
}
