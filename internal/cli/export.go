package cli

import (
	"os"

	"github.com/spf13/cobra"
)

func (a *app) exportCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the organization's definitions as a file, without secrets",
		Long: `Writes custom services, OAuth clients, connections made by hand, functions, installed extensions, API keys with their
rights and roles as one YAML file, to stdout or to a file that is not there yet. No secret is in it: where one is
needed, a variable of the environment is named, which "lanyard apply" reads. This is for owners and admins.`,
		Example: `  lanyard export -o lanyard.yaml
  lanyard export --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if a.json {
				document, err := c.DefinitionsJSON(cmd.Context())
				if err != nil {
					return err
				}
				return a.printJSON(document)
			}
			text, err := c.Definitions(cmd.Context())
			if err != nil {
				return err
			}
			if output == "" {
				_, err = a.stdout.Write(text)
				return err
			}
			if err := writeNew(output, text, 0o644); err != nil {
				return err
			}
			return a.done("%s was written.", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`")
	return a.remote(cmd)
}

// writeNew writes a file that is not there yet.
func writeNew(name string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
