package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"lanyard/client"
)

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes commands in a shell",
		Long: `Prints a script that makes bash, zsh, fish or powershell complete commands, flags and link names. Link names are
asked of the server, with LANYARD_URL and LANYARD_API_KEY.`,
		Example: `  source <(lanyard completion bash)
  lanyard completion zsh > "${fpath[1]}/_lanyard"
  lanyard completion fish > ~/.config/fish/completions/lanyard.fish`,
		Args:      arguments("SHELL"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return misused(cmd, "there is no completion for %q, only for bash, zsh, fish and powershell", args[0])
		},
	}
}

// completionTime bounds how long a shell waits for link names.
const completionTime = 2 * time.Second

func (a *app) completeConnections(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return complete(a, cmd, args, func(c *client.Client) *client.List[client.Connection] { return c.Connections(client.ViewMy) },
		func(con *client.Connection) cobra.Completion {
			return cobra.CompletionWithDesc(con.LinkName, printable(con.Name))
		})
}

func (a *app) completeServices(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return complete(a, cmd, args, func(c *client.Client) *client.List[client.Service] { return c.Services(client.ServiceFilter{}) },
		func(s *client.Service) cobra.Completion {
			return cobra.CompletionWithDesc(s.LinkName, printable(s.Name))
		})
}

// complete offers the names of a list for the first argument of a command. Whatever goes wrong, nothing is offered: a
// shell is no place for errors.
func complete[T any](a *app, cmd *cobra.Command, args []string, of func(*client.Client) *client.List[T], name func(*T) cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || a.fromEnvironment(cmd) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := a.client(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	var names []cobra.Completion
	for item, err := range of(c).All(ctx) {
		if err != nil {
			break
		}
		names = append(names, name(item))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
