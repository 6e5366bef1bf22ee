package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) servicesCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "services",
		Short: "List, define, edit and delete services",
		Long: `A service is something one can make connections with: where it is, and how it authenticates. Default services come
with Lanyard; a custom one is defined by a JSON file, and every member of the organization can connect with it.`,
		Example: `  lanyard services list --kind default --query google
  lanyard services create -f acme.json`,
	})
	cmd.AddCommand(a.servicesListCommand(), a.servicesGetCommand(), a.servicesCreateCommand(), a.servicesEditCommand(), a.servicesDeleteCommand(), a.servicesClientCommand(), a.servicesExportCommand())
	return a.remote(cmd)
}

func (a *app) servicesListCommand() *cobra.Command {
	var kind string
	var filter client.ServiceFilter
	var p pages
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List services",
		Long:  "Lists the services that one can make connections with, by link name.",
		Example: `  lanyard services list --kind custom
  lanyard services list --query mail`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			filter.Kind = lanyard.ServiceKind(kind)
			none := "No services yet. Define one with: lanyard services create -f acme.json"
			if filter != (client.ServiceFilter{}) {
				none = "No such services."
			}
			return list(cmd.Context(), a, c.Services(filter), p, none, []string{"LINK NAME", "NAME", "KIND", "AUTHENTICATION", "HOSTS"},
				func(s *client.Service) []string {
					return []string{s.LinkName, s.Name, string(s.Kind), words(s.Auth.Type), hosts(s)}
				})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&kind, "kind", "", "only those of this `KIND`: default or custom")
	flags.StringVar(&filter.Category, "category", "", "only those of this `CATEGORY`")
	flags.StringVar(&filter.Query, "query", "", "only those with this `TEXT` in their name or link name")
	pageFlags(cmd, &p, 0)
	return cmd
}

// hosts lists where a service's credential may go, and says so loudly where that is anywhere.
func hosts(s *client.Service) string {
	for _, h := range s.Hosts {
		if h == "*" {
			return "ANY HOST"
		}
	}
	return strings.Join(s.Hosts, ", ")
}

func (a *app) servicesGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "get LINK_NAME",
		Short: "Show one service",
		Long:  "Shows one service. Its definition is what --json prints; a client secret is never part of it.",
		Example: `  lanyard services get acme
  lanyard services get acme --json > acme.json`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.Service(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(s, func() error { return a.serviceFields(s) })
		},
	}
}

func (a *app) serviceFields(s *client.Service) error {
	authentication := words(s.Auth.Type)
	if s.Auth.GrantType != "" {
		authentication += ", " + words(s.Auth.GrantType)
	}
	var parameters, withClient, scopes []string
	for _, p := range s.DynamicParameters {
		if p.WithClient {
			withClient = append(withClient, fmt.Sprintf("not set: -p %s=… (%s)", p.Key, p.Name))
			continue
		}
		parameters = append(parameters, "{"+p.Key+"}")
	}
	for _, key := range slices.Sorted(maps.Keys(s.ClientParameters)) {
		withClient = append(withClient, key+"="+s.ClientParameters[key])
	}
	for _, scope := range s.Auth.Scopes {
		scopes = append(scopes, scope.Value)
	}
	verified := ""
	if !s.VerifiedAt.IsZero() {
		verified = s.VerifiedAt.Format(time.DateOnly)
	}
	return a.fields("link name", s.LinkName, "name", s.Name, "kind", string(s.Kind), "description", s.Description,
		"authentication", authentication, "base URL", s.BaseURL, "hosts", hosts(s), "parameters", strings.Join(parameters, ", "),
		"scopes", strings.Join(scopes, ", "), "client ID", clientID(s), "with it", strings.Join(withClient, ", "), "callback URL", callbackURL(s),
		"register at", s.RegisterURL, "to register", s.Register, "documentation", s.DocsURL, "worked here on", verified)
}

// clientID is the client id, or what is missing in its place.
func clientID(s *client.Service) string {
	if s.ClientSet != nil && !*s.ClientSet {
		return "not set: lanyard services client " + s.LinkName
	}
	return s.Auth.ClientID + s.Auth.ConsumerKey // one of the two is empty
}

// callbackURL is what a provider has to be told; empty where no browser comes back from one.
func callbackURL(s *client.Service) string {
	consent := s.Auth.Type == string(lanyard.AuthOAuth1) || s.Auth.GrantType == string(lanyard.AuthorizationCode)
	if !consent {
		return ""
	}
	return s.CallbackURL
}

func (a *app) servicesCreateCommand() *cobra.Command {
	var file string
	var from fromFile
	cmd := &cobra.Command{
		Use:   "create -f FILE",
		Short: "Define a custom service",
		Long: `Defines a custom service by a JSON file, in the form of the API. link_name, name, hosts and auth are required:

  {"link_name": "acme", "name": "Acme", "base_url": "https://api.acme.com", "hosts": ["api.acme.com"],
   "auth": {"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "header"}]}}

A client secret stands in the file, or comes by stdin with -f -, and is kept sealed.

A file that ends with .yaml is a catalogue file, such as "lanyard services export" or "lanyard catalog show" writes: one
of its ways to connect is made a custom service. A client id and secret are not in such a file; --client-id and
--client-secret give them, or they are asked for. A link name of a default service is taken: --link-name gives another.`,
		Example: `  lanyard services create -f acme.json
  jq '.auth.client_secret = env.SECRET' acme.json | lanyard services create -f -
  lanyard services create -f acme.yaml --way acme_token`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			read := a.readJSON
			if from.isCatalogFile(file) {
				read = func(cmd *cobra.Command, file string) (json.RawMessage, error) { return a.definition(cmd, file, &from) }
			}
			definition, err := read(cmd, file)
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.CreateService(cmd.Context(), definition)
			if err != nil {
				return err
			}
			return a.show(s, func() error {
				if err := a.say("The service %s was created.", s.LinkName); err != nil {
					return err
				}
				if u := callbackURL(s); u != "" {
					return a.say("Callback URL, to be registered with the provider: %s", u)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the definition's `FILE`; - reads stdin")
	from.add(cmd)
	return cmd
}

func (a *app) servicesEditCommand() *cobra.Command {
	var file string
	var keep bool
	cmd := &cobra.Command{
		Use:   "edit LINK_NAME -f FILE",
		Short: "Change a custom service",
		Long: `Changes a custom service by a JSON merge patch (RFC 7396): an object with the members to change. Lists are given
whole, the existing entries first. Saving a change revokes every authorization of every connection of the service.
With --keep-connections it revokes none, and is refused if it could lead a credential somewhere new.`,
		Example: `  echo '{"name": "Acme Support"}' | lanyard services edit acme -f - --keep-connections
  lanyard services edit acme -f patch.json`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			patch, err := a.readJSON(cmd, file)
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.EditService(cmd.Context(), args[0], patch, keep)
			if err != nil {
				return err
			}
			return a.show(s, func() error {
				return a.say("The service %s was saved. Authorizations revoked: %d.", s.LinkName, s.RevokedAuthorizations)
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the merge patch's `FILE`; - reads stdin")
	cmd.Flags().BoolVar(&keep, "keep-connections", false, "revoke nothing; only for changes that lead a credential nowhere new")
	return cmd
}

func (a *app) servicesDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete LINK_NAME",
		Short: "Delete a custom service",
		Long: `Deletes a custom service and revokes every authorization of every connection made with it, other people's too.
It asks first; without a terminal to ask at, --yes is required.`,
		Example:           `  lanyard services delete acme --yes`,
		Args:              arguments("LINK_NAME"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && a.terminal() == nil {
				err := misused(cmd, "the service %s was not deleted: nobody can be asked here", args[0])
				err.hint = "--yes deletes it, and revokes every authorization of every connection made with it"
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			s, err := c.Service(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			question := fmt.Sprintf("Delete the service %s?", args[0])
			if n := s.Affected; n != nil && n.Authorizations > 0 {
				question = fmt.Sprintf("Delete the service %s, and revoke %d authorizations of %d connections, given by %d people?", args[0], n.Authorizations, n.Connections, n.People)
			}
			if err := a.confirm(cmd.Context(), yes, question); err != nil {
				return err
			}
			n, err := c.DeleteService(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(struct {
					RevokedAuthorizations int `json:"revoked_authorizations"`
				}{n})
			}
			return a.say("The service %s was deleted. Authorizations revoked: %d.", args[0], n)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
