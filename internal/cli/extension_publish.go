package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

// audienceFlags say to whom an extension is offered.
type audienceFlags struct {
	everybody, nobody bool
	organizations     []string
}

func (f *audienceFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.everybody, "everybody", false, "offer it to every organization of the server")
	cmd.Flags().StringArrayVar(&f.organizations, "organization", nil, "offer it to the organization with this `ID`, and to no other; may be given several times")
	cmd.Flags().BoolVar(&f.nobody, "nobody", false, "offer it to nobody else")
}

// audience gives what was said; nil when nothing was.
func (f *audienceFlags) audience(cmd *cobra.Command) (*client.Audience, error) {
	var said []*client.Audience
	if f.everybody {
		said = append(said, &client.Audience{Audience: client.AudienceEverybody})
	}
	if f.nobody {
		said = append(said, &client.Audience{Audience: client.AudienceOrganizations})
	}
	if len(f.organizations) > 0 {
		said = append(said, &client.Audience{Audience: client.AudienceOrganizations, Organizations: f.organizations})
	}
	switch len(said) {
	case 0:
		return nil, nil //nolint:nilnil // nothing was said
	case 1:
		return said[0], nil
	}
	return nil, misused(cmd, "--everybody, --organization and --nobody exclude each other")
}

func (a *app) extensionPublishCommand() *cobra.Command {
	var to audienceFlags
	cmd := &cobra.Command{
		Use:   "publish FILE|DIR",
		Short: "Offer an extension to other organizations",
		Long: `Offers an extension, or a higher version of it, to other organizations of the server: to all of them, or to those that
are named by id. When nothing is said it is offered to whom it was offered before, and at first to nobody else. For
owners and admins.

Those who installed an earlier version keep it until they accept the new one. The organizations that it is offered to
see the name of yours; you are not told who installed it. "lanyard extension offers" tells an organization its own id.`,
		Example: `  lanyard extension publish acme_orders --organization org_T7ZPQ3XWDN5K2LHRVJ4B
  lanyard extension publish acme_orders-1.3.0.lanyard --everybody`,
		Args: arguments("FILE or DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			audience, err := to.audience(cmd)
			if err != nil {
				return err
			}
			p, err := readExtension(args[0])
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if audience == nil {
				if audience, err = offeredBefore(cmd.Context(), c, string(p.Name)); err != nil {
					return err
				}
			}
			published, err := c.PublishExtension(cmd.Context(), p.Packed, *audience)
			if err != nil {
				return err
			}
			return a.show(published, func() error {
				return a.say("The extension %s %s is offered to %s.", published.Name, published.Version, offeredTo(published))
			})
		},
	}
	to.add(cmd)
	return cmd
}

// offeredBefore is to whom an extension is offered now.
func offeredBefore(ctx context.Context, c *client.Client, name string) (*client.Audience, error) {
	p, err := c.Publication(ctx, name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return &client.Audience{Audience: client.AudienceOrganizations}, nil
	}
	if err != nil {
		return nil, err
	}
	return &client.Audience{Audience: p.Audience, Organizations: p.Organizations}, nil
}

// offeredTo says who may install what is published.
func offeredTo(p *client.Publication) string {
	switch {
	case p.Audience == client.AudienceEverybody:
		return "everybody"
	case len(p.Organizations) == 0:
		return "nobody else"
	}
	return strings.Join(p.Organizations, ", ")
}

func (a *app) extensionPublicationsCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:     "publications",
		Short:   "List what the organization publishes",
		Long:    "Lists the extensions that the organization itself publishes, and to whom it offers them. For owners and admins.",
		Example: `  lanyard extension publications`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "Nothing is published yet. Publish a folder with: lanyard extension publish DIR"
			return list(cmd.Context(), a, c.Publications(), p, none, []string{"NAME", "TITLE", "VERSION", "OFFERED TO", "CHANGED"}, func(p *client.Publication) []string {
				return []string{p.Name, p.Title, p.Version, offeredTo(p), stamp(p.UpdatedAt)}
			})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) completePublications(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return complete(a, cmd, args, (*client.Client).Publications, func(p *client.Publication) cobra.Completion {
		return cobra.CompletionWithDesc(p.Name, printable(p.Title))
	})
}

func (a *app) extensionAudienceCommand() *cobra.Command {
	var to audienceFlags
	cmd := &cobra.Command{
		Use:   "audience NAME",
		Short: "Change to whom a published extension is offered",
		Long: `Changes to whom a published extension is offered. For an organization to which it is not offered any more it is as if
the extension were withdrawn: its copy goes on working or is uninstalled, as it chose. For owners and admins.`,
		Example: `  lanyard extension audience acme_orders --everybody
  lanyard extension audience acme_orders --organization org_T7ZPQ3XWDN5K2LHRVJ4B`,
		Args:              arguments("NAME"),
		ValidArgsFunction: a.completePublications,
		RunE: func(cmd *cobra.Command, args []string) error {
			audience, err := to.audience(cmd)
			if err != nil {
				return err
			}
			if audience == nil {
				return misused(cmd, "say to whom it is offered: --everybody, --organization ID or --nobody")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			p, err := c.SetAudience(cmd.Context(), args[0], *audience)
			if err != nil {
				return err
			}
			return a.show(p, func() error {
				return a.say("The extension %s %s is offered to %s.", p.Name, p.Version, offeredTo(p))
			})
		},
	}
	to.add(cmd)
	return cmd
}

func (a *app) extensionWithdrawCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "withdraw NAME",
		Short: "Withdraw a published extension",
		Long: `Offers an extension to nobody any more. Each organization that installed it chose what becomes of its copy: it goes on
working, or it is uninstalled. For owners and admins. At a terminal it asks first.`,
		Example:           `  lanyard extension withdraw acme_orders --yes`,
		Args:              arguments("NAME"),
		ValidArgsFunction: a.completePublications,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			question := fmt.Sprintf("Withdraw the extension %s? Copies of it may be uninstalled in other organizations.", args[0])
			if err := a.confirm(cmd.Context(), yes, question); err != nil {
				return err
			}
			if err := c.WithdrawExtension(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The extension %s was withdrawn.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
