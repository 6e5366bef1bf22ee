package cli

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"lanyard/client"
)

func (a *app) servicesClientCommand() *cobra.Command {
	var id, source string
	var parameters []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "client LINK_NAME --client-id ID --client-secret -",
		Short: "Set the OAuth client of a default service",
		Long: `Sets the organization's OAuth client for a default service: the client id and secret that the provider shows once an
application is registered there, with the service's callback URL. With OAuth 1 these are called consumer key and secret.
"lanyard services get" says where to register, and the callback URL. This is for owners and admins.

--client-secret - reads the secret from stdin, --client-secret @FILE from a file. Left out, it is asked for at the
terminal and not shown; without a terminal the stored one stays, as long as the client id does. An empty one is for a
client that has no secret.

-p gives what the service wants to know of your own server or tenant, such as its host; "lanyard services get" names
it. Whoever connects is not asked for it. Left out, the stored values stay.

Tokens belong to the client they were given to. Another client id, or another value, revokes every authorization of
every connection of the service, and so it asks first; without a terminal to ask at, --yes is required then.`,
		Example: `  pass show github/client-secret | lanyard services client github --client-id Iv1.8a61f9b3a7aba766 --client-secret -
  lanyard services client github --client-id Iv1.8a61f9b3a7aba766 --client-secret @/run/secrets/github --yes`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if id == "" {
				return misused(cmd, "--client-id is missing")
			}
			if source != "" && source != "-" && !strings.HasPrefix(source, "@") {
				err := misused(cmd, "--client-secret takes - or @FILE, not the secret itself")
				err.hint = "other users of this machine can read the arguments of a running program"
				return err
			}
			set := client.OAuthClient{ClientID: id}
			if len(parameters) > 0 {
				var err error
				if set.Parameters, err = pairs(cmd, "-p", parameters); err != nil {
					return err
				}
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.Service(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := a.confirmClient(cmd, yes, &set, s); err != nil {
				return err
			}
			if set.ClientSecret, err = a.clientSecret(cmd.Context(), source); err != nil {
				return err
			}
			s, err = c.SetOAuthClient(cmd.Context(), args[0], set)
			if err != nil {
				return err
			}
			return a.show(s, func() error {
				return a.say("The OAuth client of %s was set. Authorizations revoked: %d.", s.LinkName, s.RevokedAuthorizations)
			})
		},
	}
	cmd.Flags().StringVar(&id, "client-id", "", "the client `ID`, with OAuth 1 the consumer key")
	cmd.Flags().StringVar(&source, "client-secret", "", "where the secret is: `-` for stdin, or @FILE")
	cmd.Flags().StringArrayVarP(&parameters, "parameter", "p", nil, "one value that belongs to the client, as `KEY=VALUE`; may be given several times")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirmClient asks before another client ends what was connected with the one that is set.
func (a *app) confirmClient(cmd *cobra.Command, yes bool, set *client.OAuthClient, s *client.Service) error {
	n := s.Affected
	stays := clientID(s) == set.ClientID && (set.Parameters == nil || maps.Equal(set.Parameters, s.ClientParameters))
	if n == nil || n.Authorizations == 0 || stays {
		return nil
	}
	if !yes && a.terminal() == nil {
		err := misused(cmd, "the OAuth client of %s was not set: nobody can be asked here", s.LinkName)
		err.hint = fmt.Sprintf("--yes sets another client, and revokes %d authorizations of %d connections", n.Authorizations, n.Connections)
		return err
	}
	return a.confirm(cmd.Context(), yes, fmt.Sprintf("Set another client for %s, and revoke %d authorizations of %d connections, given by %d people?",
		s.LinkName, n.Authorizations, n.Connections, n.People))
}

// clientSecret reads the secret from where the flag says, or asks for it; nil leaves the one that is stored.
func (a *app) clientSecret(ctx context.Context, source string) (*string, error) {
	switch terminal := a.terminal(); {
	case source != "":
		secret, err := a.readSecret(strings.TrimPrefix(source, "@"))
		value := secret.Reveal()
		return &value, err
	case terminal != nil:
		secret, err := a.ask(ctx, terminal, "Client secret (empty: the stored one stays)", true)
		if err != nil || secret.IsZero() {
			return nil, err
		}
		value := secret.Reveal()
		return &value, nil
	}
	return nil, nil //nolint:nilnil // the stored one stays
}
