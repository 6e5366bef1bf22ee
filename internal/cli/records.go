package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

// recordsShown is how much of a record, which may be long, is shown unless more is asked for.
const recordsShown = 50

func (a *app) invocationsCommand() *cobra.Command {
	var connection string
	var p pages
	cmd := &cobra.Command{
		Use:   "invocations",
		Short: "List what was called",
		Long: `Lists the calls made through connections, the newest first: where to, how it ended and how long it took, never what
was said. Owners and admins see every call, members their own.`,
		Example: `  lanyard invocations
  lanyard invocations --connection crm --limit 10`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No calls yet. Make one with: lanyard invoke CONNECTION /path"
			return list(cmd.Context(), a, c.Invocations(client.InvocationFilter{Connection: connection}), p, none,
				[]string{"TIME", "CONNECTION", "METHOD", "HOST", "PATH", "RESULT", "DURATION"},
				func(i *client.Invocation) []string {
					result := string(i.Code)
					if result == "" {
						result = fmt.Sprint(i.Status)
					}
					return []string{stamp(i.At), i.Connection, i.Method, i.Host, i.Path, result, fmt.Sprintf("%d ms", i.DurationMS)}
				})
		},
	}
	cmd.Flags().StringVar(&connection, "connection", "", "only those through this connection, by `LINK_NAME`")
	pageFlags(cmd, &p, recordsShown)
	return a.remote(cmd)
}

func (a *app) auditCommand() *cobra.Command {
	var action, object string
	var p pages
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List who changed what",
		Long:  "Lists who made, changed, connected, revoked and deleted what, the newest first. It is for owners and admins.",
		Example: `  lanyard audit
  lanyard audit --action service.edit --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			f := client.AuditFilter{Action: lanyard.Action(action), Object: object}
			return list(cmd.Context(), a, c.Audit(f), p, "Nothing was changed yet.",
				[]string{"TIME", "WHO", "ACTION", "WHAT", "DETAIL"},
				func(e *client.AuditEntry) []string {
					who := e.Actor
					if who == "" {
						who = "Lanyard"
					}
					if e.OnBehalfOf != "" {
						who += " for " + e.OnBehalfOf
					}
					what := e.ObjectName
					if what == "" {
						what = e.Object
					}
					var detail []string
					for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
						detail = append(detail, name+"="+e.Detail[name])
					}
					return []string{stamp(e.At), who, string(e.Action), what, strings.Join(detail, " ")}
				})
		},
	}
	cmd.Flags().StringVar(&action, "action", "", "only this `ACTION`, such as service.edit")
	cmd.Flags().StringVar(&object, "object", "", "only what happened to the thing with this `ID`")
	pageFlags(cmd, &p, recordsShown)
	return a.remote(cmd)
}
