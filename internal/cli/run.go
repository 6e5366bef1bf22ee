package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lanyard/client"
)

func (a *app) runCommand() *cobra.Command {
	var resultOnly bool
	cmd := &cobra.Command{
		Use:   "run SCRIPT [name=value …]",
		Short: "Run a script that calls services through connections",
		Long: `Runs a script on the server, with your rights, and prints what it prints; then what it returns, if it returns
something, as JSON, a text as it is. SCRIPT is a file, or - for stdin.

name=value gives an argument: a text, which becomes a number, true or false, a date, a map or a list where the function
says that the parameter is one. name:=JSON gives one as JSON. A script without a header has its arguments as variables.

The exit status is 1 when the script ended with an error. It is printed with file and line; a script that cannot be read
has all that is wrong with it printed.`,
		Example: `  lanyard run tickets.dg
  lanyard run greet.dg name=World times:=3
  echo 'info zoho.loginuserid;' | lanyard run -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "SCRIPT is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			arguments, err := scriptArguments(cmd, args[1:])
			if err != nil {
				return err
			}
			source, err := a.readSource(args[0])
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			o, err := c.RunScript(cmd.Context(), string(source), arguments)
			if err != nil {
				return err
			}
			return a.showOutcome(args[0], o, resultOnly)
		},
	}
	cmd.Flags().BoolVar(&resultOnly, "result", false, "print the result alone, without what the script prints")
	return a.remote(cmd)
}

// scriptArguments reads name=value and name:=JSON.
func scriptArguments(cmd *cobra.Command, args []string) (map[string]any, error) {
	all := map[string]any{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" || name == ":" {
			return nil, misused(cmd, "an argument is name=value or name:=JSON, not %q", arg)
		}
		plain, isJSON := strings.CutSuffix(name, ":")
		if _, twice := all[plain]; twice {
			return nil, misused(cmd, "the argument %s stands twice", plain)
		}
		if !isJSON {
			all[name] = value
			continue
		}
		if !json.Valid([]byte(value)) {
			return nil, misused(cmd, "%s is not JSON: for a text write %s=…", plain, plain)
		}
		all[plain] = json.RawMessage(value)
	}
	return all, nil
}

// showOutcome prints what a run came to. The error says where the script stands.
func (a *app) showOutcome(file string, o *client.Outcome, resultOnly bool) error {
	if a.json {
		if err := a.printJSON(o.JSON()); err != nil {
			return err
		}
	} else {
		if err := a.showOutput(o, resultOnly); err != nil {
			return err
		}
	}
	e := o.Error
	if e == nil {
		return nil
	}
	said := []error{fmt.Errorf("%s:%d: %s", file, e.Line, e.Message)}
	if len(e.Problems) > 0 {
		said = nil
		for _, p := range e.Problems {
			said = append(said, fmt.Errorf("%s:%d:%d: %s", file, p.Line, p.Column, p.Message))
		}
	}
	err := errors.Join(said...)
	if e.ConnectURL != "" {
		return hinted(err, "open %s", e.ConnectURL)
	}
	return err
}

func (a *app) showOutput(o *client.Outcome, resultOnly bool) error {
	if !resultOnly {
		for _, line := range o.Output {
			if _, err := fmt.Fprintln(a.stdout, printableLines(line)); err != nil {
				return err
			}
		}
		if o.OutputCut {
			a.note("the script printed more than is kept")
		}
	}
	if string(o.Result) == "null" || len(o.Result) == 0 {
		return nil
	}
	var text string
	if json.Unmarshal(o.Result, &text) == nil {
		_, err := fmt.Fprintln(a.stdout, printableLines(text))
		return err
	}
	return a.printJSON(o.Result)
}

// printableLines is printable for texts that may have several lines, and tabs.
func printableLines(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		for _, p := range printable(string(r)) {
			r = p
		}
		return r
	}, s)
}
