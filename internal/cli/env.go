package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variable is the name of a flag in the environment.
func variable(flag string) string {
	return "LANYARD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets each flag of the command that was not given from its variable. Flags that can be given several
// times take one value from each line.
func (a *app) fromEnvironment(cmd *cobra.Command) error {
	var fault error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := a.env(variable(f.Name))
		if f.Changed || value == "" || f.Name == "help" || fault != nil {
			return
		}
		values := []string{value}
		if _, several := f.Value.(pflag.SliceValue); several {
			values = strings.Split(strings.TrimRight(value, "\n"), "\n")
		}
		for _, v := range values {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				fault = misused(cmd, "%s in the environment: %w", variable(f.Name), err)
				return
			}
		}
	})
	return fault
}
