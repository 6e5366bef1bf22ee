package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) webhooksCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "webhooks",
		Short: "List, make, edit, test and delete webhooks",
		Long: `A webhook is an address of an application that is told when a connection is connected, fails to be refreshed, has
to be connected again, or is revoked. For owners and admins.`,
		Example: `  lanyard webhooks create https://app.example.com/lanyard
  lanyard webhooks list`,
	})
	cmd.AddCommand(a.webhooksListCommand(), a.webhooksCreateCommand(), a.webhooksEditCommand(), a.webhooksDeleteCommand(),
		a.webhooksRotateCommand(), a.webhooksTestCommand(), a.webhooksDeliveriesCommand(), a.webhooksRetryCommand())
	return a.remote(cmd)
}

func (a *app) webhooksListCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the organization's webhooks",
		Long:    "Lists the webhooks of the organization and how they stand, never their secrets.",
		Example: `  lanyard webhooks list`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No webhooks yet. Make one with: lanyard webhooks create URL"
			return list(cmd.Context(), a, c.Webhooks(), p, none, []string{"ID", "URL", "EVENTS", "STATE"}, func(w *client.Webhook) []string {
				return []string{w.ID, w.URL, events(w.Events), webhookState(w)}
			})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

// events says which events a webhook is told.
func events(types []lanyard.EventType) string {
	if len(types) == 0 {
		return "all"
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = strings.TrimPrefix(string(t), "authorization.")
	}
	return strings.Join(names, ", ")
}

func webhookState(w *client.Webhook) string {
	switch {
	case w.SwitchedOff != "":
		return "switched off by Lanyard"
	case !w.Enabled:
		return "off"
	case !w.FailingSince.IsZero():
		return "fails since " + stamp(w.FailingSince)
	}
	return "on"
}

func (a *app) webhooksCreateCommand() *cobra.Command {
	var n client.NewWebhook
	var events []string
	var off bool
	cmd := &cobra.Command{
		Use:   "create URL",
		Short: "Make a webhook",
		Long: `Makes a webhook and prints the secret that its messages are signed with, this once. The secret goes to stdout, and
what there is to say about it to stderr.`,
		Example: `  lanyard webhooks create https://app.example.com/lanyard
  lanyard webhooks create https://app.example.com/lanyard --event authorization.reconnect_required > webhook.secret`,
		Args: arguments("URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.URL, n.Events = args[0], eventTypes(events)
			if on := !off; off {
				n.Enabled = &on
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			w, err := c.CreateWebhook(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.show(w, func() error {
				a.note("The webhook %s was made. Its secret is shown this once.", w.ID)
				_, err := fmt.Fprintln(a.stdout, w.Secret.Reveal())
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.Description, "description", "", "a `TEXT` that says what it is for")
	flags.StringArrayVar(&events, "event", nil, "an `EVENT` to send, such as authorization.connected; may be given several times; all when not given")
	flags.BoolVar(&off, "off", false, "send nothing yet")
	return cmd
}

func eventTypes(names []string) []lanyard.EventType {
	var types []lanyard.EventType
	for _, n := range names {
		types = append(types, lanyard.EventType(n))
	}
	return types
}

func (a *app) webhooksEditCommand() *cobra.Command {
	var url, description string
	var events []string
	var every, on, off bool
	cmd := &cobra.Command{
		Use:   "edit ID",
		Short: "Edit a webhook",
		Long:  `Changes what is given. A webhook that is switched on begins anew: what waited for it is sent.`,
		Example: `  lanyard webhooks edit whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --on
  lanyard webhooks edit whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --set-url https://app.example.com/hooks --all-events`,
		Args: arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			patch := map[string]any{}
			changed := cmd.Flags().Changed
			if changed("set-url") {
				patch["url"] = url
			}
			if changed("description") {
				patch["description"] = description
			}
			switch {
			case every && len(events) > 0:
				return misused(cmd, "--event and --all-events exclude each other")
			case every:
				patch["events"] = []string{}
			case len(events) > 0:
				patch["events"] = events
			}
			switch {
			case on && off:
				return misused(cmd, "--on and --off exclude each other")
			case on || off:
				patch["enabled"] = on
			}
			if len(patch) == 0 {
				return misused(cmd, "say what to change")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			w, err := c.EditWebhook(cmd.Context(), args[0], patch)
			if err != nil {
				return err
			}
			return a.show(w, func() error { return a.say("The webhook %s was saved. It is %s.", w.ID, webhookState(w)) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&url, "set-url", "", "the `URL` that messages are sent to")
	flags.StringVar(&description, "description", "", "a `TEXT` that says what it is for")
	flags.StringArrayVar(&events, "event", nil, "an `EVENT` to send, in place of those before; may be given several times")
	flags.BoolVar(&every, "all-events", false, "send every event")
	flags.BoolVar(&on, "on", false, "switch it on")
	flags.BoolVar(&off, "off", false, "switch it off")
	return cmd
}

func (a *app) webhooksDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete ID",
		Short:   "Delete a webhook",
		Long:    "Deletes a webhook. What waited for it is not sent. At a terminal it asks first.",
		Example: `  lanyard webhooks delete whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE --yes`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Delete the webhook %s, and what waits for it?", args[0])); err != nil {
				return err
			}
			if err := c.DeleteWebhook(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The webhook %s was deleted.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) webhooksRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate ID",
		Short: "Give a webhook another secret",
		Long: `Makes another secret for a webhook and prints it, this once. For a day messages are signed with both, so that the
receiver can take the new one over without a gap.`,
		Example: `  lanyard webhooks rotate whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE > webhook.secret`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.RotateWebhookSecret(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(s, func() error {
				a.note("The secret before signs along until %s. This one is shown this once.", stamp(s.PreviousUntil))
				_, err := fmt.Fprintln(a.stdout, s.Secret.Reveal())
				return err
			})
		},
	}
}

func (a *app) webhooksTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "test ID",
		Short:   "Send a test event",
		Long:    "Sends an event of the type webhook.test, once, and says what came of it.",
		Example: `  lanyard webhooks test whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			d, err := c.TestWebhook(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(d, func() error { return a.say("%s", outcome(d)) })
		},
	}
}

// outcome says what came of a delivery so far.
func outcome(d *client.Delivery) string {
	if len(d.Attempts) == 0 {
		return "not sent yet"
	}
	last := d.Attempts[len(d.Attempts)-1]
	if last.Error == "" {
		return fmt.Sprintf("delivered: it answered %d in %d ms", last.Status, last.DurationMS)
	}
	return "not delivered: " + last.Error
}

func (a *app) webhooksDeliveriesCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:     "deliveries ID",
		Short:   "List what was sent to a webhook",
		Long:    "Lists what was and will be sent to a webhook, newest first. With --json each has all its attempts.",
		Example: `  lanyard webhooks deliveries whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "Nothing was sent yet. Try it with: lanyard webhooks test " + args[0]
			return list(cmd.Context(), a, c.Deliveries(args[0]), p, none, []string{"ID", "AT", "EVENT", "STATUS", "LAST ATTEMPT", "NEXT"}, func(d *client.Delivery) []string {
				return []string{d.ID, stamp(d.CreatedAt), string(d.Type), string(d.Status), outcome(d), relative(d.NextAt, a.now())}
			})
		},
	}
	pageFlags(cmd, &p, 50)
	return cmd
}

func (a *app) webhooksRetryCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "retry ID DELIVERY",
		Short:   "Send a delivery again",
		Long:    "Sends a delivery again, whatever became of it before. It goes on like a new one.",
		Example: `  lanyard webhooks retry whk_7Q3ZC5XJ2M6R4KTWAVYBDHFGNE evt_018d5f0c3a1b2c7`,
		Args:    arguments("ID", "DELIVERY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			d, err := c.RetryDelivery(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return a.show(d, func() error { return a.say("The delivery %s is sent again.", d.ID) })
		},
	}
}
