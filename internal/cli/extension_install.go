package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) extensionListCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List installed extensions",
		Long:    "Lists the extensions that are installed in the organization, and what there is to do about each.",
		Example: `  lanyard extension list`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No extensions are installed. See what there is with: lanyard extension offers"
			return list(cmd.Context(), a, c.Extensions(), p, none, []string{"NAME", "TITLE", "VERSION", "FROM", "STATE"}, func(x *client.Extension) []string {
				return []string{x.Name, x.Title, x.Version, extensionFrom(x), extensionState(x)}
			})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

// extensionFrom says where an installed extension comes from.
func extensionFrom(x *client.Extension) string {
	switch {
	case x.Publisher == nil:
		return "a file"
	case x.Publisher.Name == "":
		return x.Publisher.ID
	}
	return x.Publisher.Name
}

// extensionState says what there is to do or to know about an installed extension.
func extensionState(x *client.Extension) string {
	var state []string
	if !x.GoneAt.IsZero() {
		state = append(state, "withdrawn by its publisher")
	}
	if x.Newer != nil {
		state = append(state, x.Newer.Version+" is offered")
	}
	if len(x.Waiting) > 0 {
		state = append(state, "to be connected: "+strings.Join(x.Waiting, ", "))
	}
	return strings.Join(state, "; ")
}

func (a *app) extensionShowCommand() *cobra.Command {
	var scripts bool
	cmd := &cobra.Command{
		Use:               "show NAME",
		Short:             "Show an installed extension",
		Long:              "Shows an installed extension: its version, where it comes from, what it brought, and what uninstalling it would end.",
		Example:           `  lanyard extension show acme_orders`,
		Args:              arguments("NAME"),
		ValidArgsFunction: a.completeExtensions,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			x, err := c.Extension(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(x, func() error { return a.showExtension(x, scripts) })
		},
	}
	cmd.Flags().BoolVar(&scripts, "scripts", false, "print the scripts, too")
	return cmd
}

func (a *app) showExtension(x *client.Extension, scripts bool) error {
	err := a.fields("name", x.Name, "title", x.Title, "version", x.Version, "from", extensionFrom(x), "published by", x.PublisherName, "digest", x.Digest,
		"when its publisher is gone", whenGoneWords(x.WhenPublisherGone), "state", extensionState(x), "installed", stamp(x.CreatedAt), "changed", stamp(x.UpdatedAt))
	if err != nil || x.Contents == nil || x.Ends == nil {
		return err
	}
	var p prose
	contentsText(&p, x.Contents, scripts)
	if ends := endsText(x.Ends); ends != "" {
		p.line(0, "Uninstalling it ends %s.", ends)
	}
	_, err = io.WriteString(a.stdout, p.String())
	return err
}

func whenGoneWords(when lanyard.WhenGone) string {
	if when == lanyard.WhenGoneEnd {
		return "it is uninstalled"
	}
	return "it goes on working"
}

func (a *app) completeExtensions(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return complete(a, cmd, args, (*client.Client).Extensions, func(x *client.Extension) cobra.Completion {
		return cobra.CompletionWithDesc(x.Name, printable(x.Title))
	})
}

func (a *app) completeOffers(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, _ := complete(a, cmd, args, (*client.Client).ExtensionOffers, func(o *client.ExtensionOffer) cobra.Completion {
		return cobra.CompletionWithDesc(o.Publisher.ID+"/"+o.Name, printable(o.Title))
	})
	return names, cobra.ShellCompDirectiveDefault // or a file
}

func (a *app) extensionOffersCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:   "offers",
		Short: "List extensions that can be installed",
		Long: `Lists the extensions that other organizations of the server offer to yours, and those that it publishes itself. It also
tells the id of your organization, which a publisher needs to name it.`,
		Example: `  lanyard extension offers`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			me, err := c.Me(cmd.Context())
			if err != nil {
				return err
			}
			a.note("Publishers know your organization as %s.", me.Organization.ID)
			none := "No extensions are offered to your organization."
			return list(cmd.Context(), a, c.ExtensionOffers(), p, none, []string{"EXTENSION", "TITLE", "VERSION", "OFFERED BY", "INSTALLED", "DESCRIPTION"}, func(o *client.ExtensionOffer) []string {
				return []string{o.Publisher.ID + "/" + o.Name, o.Title, o.Version, o.Publisher.Name, o.Installed, o.Description}
			})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) extensionInstallCommand() *cobra.Command {
	var accept acceptance
	var gone string
	cmd := &cobra.Command{
		Use:   "install PUBLISHER/NAME|FILE|DIR",
		Short: "Install an extension",
		Long: `Shows what an extension brings, as "lanyard extension review" does, and asks; then it makes the extension's services,
connections and functions, all of them or none. For owners and admins.

Without a terminal to ask at, --yes is required, and of an extension on offer --digest too: only that package is
installed.

--when-publisher-gone says what becomes of the installed extension when its publisher withdraws it or is deleted: it
goes on working (keep), or it is uninstalled (end).`,
		Example: `  lanyard extension install org_RQ6Y3DPCZ2T4WJ7M5KXA/acme_orders
  lanyard extension install acme_orders-1.2.0.lanyard --yes --when-publisher-gone end`,
		Args:              arguments("PUBLISHER/NAME, FILE or DIR"),
		ValidArgsFunction: a.completeOffers,
		RunE: func(cmd *cobra.Command, args []string) error {
			when, err := whenGone(cmd, gone)
			if err != nil {
				return err
			}
			from, err := extensionSource(cmd, args[0])
			if err != nil {
				return err
			}
			if err := accept.check(cmd, a, from); err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			r, err := a.review(cmd.Context(), c, from, accept, "Install")
			if err != nil {
				return err
			}
			x, err := c.InstallExtension(cmd.Context(), from, r.Digest, when)
			if err != nil {
				return err
			}
			return a.show(x, func() error {
				if err := a.say("The extension %s %s was installed.", x.Name, x.Version); err != nil {
					return err
				}
				return a.sayWhatIsLeft(x)
			})
		},
	}
	accept.flags(cmd)
	cmd.Flags().StringVar(&gone, "when-publisher-gone", "keep", "`WHAT` becomes of it when its publisher is gone: keep or end")
	return cmd
}

func whenGone(cmd *cobra.Command, word string) (lanyard.WhenGone, error) {
	when := lanyard.WhenGone(word)
	if when != lanyard.WhenGoneKeep && when != lanyard.WhenGoneEnd {
		return "", misused(cmd, "what becomes of it when its publisher is gone is keep or end, not %q", word)
	}
	return when, nil
}

// sayWhatIsLeft says what has to be done before an extension works.
func (a *app) sayWhatIsLeft(x *client.Extension) error {
	if x.Contents != nil {
		for _, s := range x.Contents.Services {
			if s.NeedsClient {
				if err := a.say("The service %s needs an OAuth client: lanyard services client %[1]s", s.LinkName); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range x.Waiting {
		if err := a.say("To be connected: lanyard connections connect %s", name); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) extensionUpdateCommand() *cobra.Command {
	var accept acceptance
	cmd := &cobra.Command{
		Use:   "update NAME [FILE|DIR]",
		Short: "Update an installed extension",
		Long: `Shows how what the publisher offers now differs from the installed version, or how a file or folder does, and asks; what
extends what the extension can reach is marked with an exclamation mark. Until that is accepted, the installed version
goes on working as it is. For owners and admins.

Connections stay connected, except those that the new version leads elsewhere or allows more: these have to be connected
anew. Without a terminal to ask at, --yes is required, and of an extension on offer --digest too.`,
		Example: `  lanyard extension update acme_orders
  lanyard extension update acme_orders acme_orders-1.3.0.lanyard --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return arguments("NAME")(cmd, args)
		},
		ValidArgsFunction: a.completeExtensions,
		RunE: func(cmd *cobra.Command, args []string) error {
			from := client.ExtensionSource{Publisher: "to be found", Name: args[0]}
			if len(args) == 2 {
				p, err := readExtension(args[1])
				if err != nil {
					return err
				}
				from = client.ExtensionSource{Package: p.Packed}
			}
			if err := accept.check(cmd, a, from); err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if from.Package == nil {
				x, err := c.Extension(cmd.Context(), args[0])
				switch {
				case err != nil:
					return err
				case x.Publisher == nil:
					return hinted(fmt.Errorf("the extension %s was installed from a file", x.Name), "lanyard extension update %s FILE updates it from another one", x.Name)
				case x.Newer == nil:
					return a.done("The extension %s is %s, and nothing else is offered in its place.", x.Name, x.Version)
				}
				from.Publisher = x.Publisher.ID
			}
			r, err := a.review(cmd.Context(), c, from, accept, "Update to")
			if err != nil {
				return err
			}
			x, err := c.UpdateExtension(cmd.Context(), args[0], from, r.Digest)
			if err != nil {
				return err
			}
			return a.show(x, func() error {
				if err := a.say("The extension %s is %s now.", x.Name, x.Version); err != nil {
					return err
				}
				if x.Ended != nil {
					if ended := endsText(x.Ended); ended != "" {
						if err := a.say("Ended: %s.", ended); err != nil {
							return err
						}
					}
				}
				return a.sayWhatIsLeft(x)
			})
		},
	}
	accept.flags(cmd)
	return cmd
}

func (a *app) extensionWhenGoneCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "when-publisher-gone NAME keep|end",
		Short: "Say what becomes of an extension when its publisher is gone",
		Long: `Says what becomes of an installed extension when its publisher withdraws it, does not offer it to the organization any
more, or is deleted: it goes on working (keep), or it is uninstalled (end). For owners and admins.`,
		Example:           `  lanyard extension when-publisher-gone acme_orders end`,
		Args:              arguments("NAME", "keep or end"),
		ValidArgsFunction: a.completeExtensions,
		RunE: func(cmd *cobra.Command, args []string) error {
			when, err := whenGone(cmd, args[1])
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			x, err := c.SetWhenPublisherGone(cmd.Context(), args[0], when)
			if err != nil {
				return err
			}
			return a.show(x, func() error {
				return a.say("When the publisher of %s is gone, %s.", x.Name, whenGoneWords(x.WhenPublisherGone))
			})
		},
	}
}

func (a *app) extensionUninstallCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "uninstall NAME",
		Short: "Uninstall an extension",
		Long: `Says what uninstalling an extension ends, and asks; then it deletes the extension's functions, connections and services,
erases every credential that was given to them, and tells the providers. For owners and admins. Without a terminal to
ask at, --yes is required.`,
		Example:           `  lanyard extension uninstall acme_orders --yes`,
		Args:              arguments("NAME"),
		ValidArgsFunction: a.completeExtensions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && a.terminal() == nil {
				err := misused(cmd, "the extension %s was not uninstalled: nobody can be asked here", args[0])
				err.hint = "lanyard extension show says what it ends; --yes uninstalls it"
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			x, err := c.Extension(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			ends := ""
			if x.Ends != nil {
				ends = endsText(x.Ends)
			}
			if ends != "" {
				a.note("Uninstalling %s ends %s.", x.Name, ends)
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Uninstall the extension %s?", x.Name)); err != nil {
				return err
			}
			ended, err := c.UninstallExtension(cmd.Context(), x.Name)
			if err != nil {
				return err
			}
			return a.show(ended, func() error {
				return a.say("The extension %s was uninstalled. Authorizations revoked: %d.", x.Name, ended.Authorizations)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
