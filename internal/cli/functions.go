package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
)

func (a *app) functionsCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "functions",
		Short: "List, save, run, schedule and delete functions",
		Long: `A function is a saved script with its versions. Everybody in the organization can read and run it; it can run on a
schedule, and by an address of its own.`,
		Example: `  lanyard functions create daily_report -f report.dg --cron "0 9 * * MON-FRI" --zone Europe/Berlin
  lanyard functions run greet name=World`,
	})
	cmd.AddCommand(a.functionsListCommand(), a.functionsShowCommand(), a.functionsCreateCommand(), a.functionsEditCommand(), a.functionsDeleteCommand(),
		a.functionsRunCommand(), a.functionsRunsCommand(), a.functionsVersionsCommand(), a.functionsHookCommand())
	return a.remote(cmd)
}

func (a *app) functionsListCommand() *cobra.Command {
	var p pages
	var query string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the organization's functions",
		Long:    "Lists the functions of the organization and when they run by themselves.",
		Example: `  lanyard functions list --query report`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			none := "No functions yet. Save one with: lanyard functions create NAME -f FILE"
			return list(cmd.Context(), a, c.Functions(query), p, none, []string{"LINK NAME", "NAME", "VERSION", "TAKES", "RUNS"}, func(f *client.Function) []string {
				return []string{f.LinkName, f.Name, strconv.FormatInt(f.Version, 10), takes(f), runsWhen(f)}
			})
		},
	}
	cmd.Flags().StringVar(&query, "query", "", "only those whose name or link name holds this `TEXT`")
	pageFlags(cmd, &p, 0)
	return cmd
}

// takes says which arguments a function has.
func takes(f *client.Function) string {
	list := make([]string, len(f.Parameters))
	for i, p := range f.Parameters {
		list[i] = strings.TrimSpace(p.Type + " " + p.Name)
	}
	return strings.Join(list, ", ")
}

// runsWhen says when a function runs though nobody asks for it.
func runsWhen(f *client.Function) string {
	var when []string
	if f.Schedule != nil {
		when = append(when, strings.TrimSpace(f.Schedule.Cron+" "+f.Schedule.Zone))
	}
	if f.HookSet {
		when = append(when, "by its address")
	}
	return strings.Join(when, "; ")
}

func (a *app) functionsShowCommand() *cobra.Command {
	var version int64
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Print the script of a function",
		Long:  "Prints the script of a function as it is saved, or an earlier version of it.",
		Example: `  lanyard functions show daily_report > report.dg
  lanyard functions show daily_report --version 3`,
		Args: arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if version == 0 {
				f, err := c.Function(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.show(f, func() error { return a.printSource(f.Script) })
			}
			v, err := c.FunctionVersion(cmd.Context(), args[0], version)
			if err != nil {
				return err
			}
			return a.show(v, func() error { return a.printSource(v.Script) })
		},
	}
	cmd.Flags().Int64Var(&version, "version", 0, "the `NUMBER` of an earlier version")
	return cmd
}

func (a *app) printSource(source string) error {
	_, err := fmt.Fprintln(a.stdout, printableLines(strings.TrimSuffix(source, "\n")))
	return err
}

// scheduleFlags are --cron and --zone.
func scheduleFlags(cmd *cobra.Command, s *lanyard.Schedule) {
	cmd.Flags().StringVar(&s.Cron, "cron", "", "run by itself on this `SCHEDULE`: minute, hour, day of the month, month, day of the week")
	cmd.Flags().StringVar(&s.Zone, "zone", "", "the time `ZONE` of the schedule, such as Europe/Berlin; UTC when not given")
}

// warn tells what looks like a secret in a script.
func (a *app) warn(file string, f *client.Function) {
	for _, w := range f.Warnings {
		a.note("%s:%d:%d: %s", file, w.Line, w.Column, w.Message)
	}
}

func (a *app) functionsCreateCommand() *cobra.Command {
	var file, name string
	var s lanyard.Schedule
	cmd := &cobra.Command{
		Use:   "create LINK_NAME -f FILE",
		Short: "Save a script as a function",
		Long: `Saves a script, from a file or from stdin (-), as a function. A script that cannot be read is not saved, and all that is
wrong with it is printed. On a schedule it runs as you, with no login user.`,
		Example: `  lanyard functions create greet -f greet.dg
  lanyard functions create daily_report -f report.dg --name "Daily report" --cron "0 9 * * MON-FRI" --zone Europe/Berlin`,
		Args: arguments("LINK_NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return misused(cmd, "say where the script is: -f FILE")
			}
			n := client.NewFunction{LinkName: args[0], Name: name}
			if name == "" {
				n.Name = strings.ReplaceAll(args[0], "_", " ")
			}
			switch {
			case s.Cron != "":
				n.Schedule = &s
			case s.Zone != "":
				return misused(cmd, "--zone needs --cron")
			}
			source, err := a.readSource(file)
			if err != nil {
				return err
			}
			n.Script = string(source)
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			f, err := c.CreateFunction(cmd.Context(), n)
			if err != nil {
				return err
			}
			a.warn(file, f)
			return a.show(f, func() error { return a.say("The function %s was saved.", f.LinkName) })
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the `FILE` with the script; - for stdin")
	cmd.Flags().StringVar(&name, "name", "", "a `NAME` for people; made from the link name when not given")
	scheduleFlags(cmd, &s)
	return cmd
}

func (a *app) functionsEditCommand() *cobra.Command {
	var file, name string
	var s lanyard.Schedule
	var never bool
	cmd := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change the script, name or schedule of a function",
		Long:  `Changes what is given. Another script is another version; the last hundred are kept.`,
		Example: `  lanyard functions edit daily_report -f report.dg
  lanyard functions edit daily_report --no-schedule`,
		Args: arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			patch := map[string]any{}
			if cmd.Flags().Changed("name") {
				patch["name"] = name
			}
			switch {
			case never && (s.Cron != "" || s.Zone != ""):
				return misused(cmd, "--no-schedule excludes --cron and --zone")
			case never:
				patch["schedule"] = nil
			case s.Cron != "":
				patch["schedule"] = s
			case s.Zone != "":
				return misused(cmd, "--zone needs --cron")
			}
			if file != "" {
				source, err := a.readSource(file)
				if err != nil {
					return err
				}
				patch["script"] = string(source)
			}
			if len(patch) == 0 {
				return misused(cmd, "say what to change")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			f, err := c.EditFunction(cmd.Context(), args[0], patch)
			if err != nil {
				return err
			}
			a.warn(file, f)
			return a.show(f, func() error { return a.say("The function %s was saved. It is version %d.", f.LinkName, f.Version) })
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the `FILE` with another script; - for stdin")
	cmd.Flags().StringVar(&name, "name", "", "another `NAME` for people")
	scheduleFlags(cmd, &s)
	cmd.Flags().BoolVar(&never, "no-schedule", false, "do not run it by itself any more")
	return cmd
}

func (a *app) functionsDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a function",
		Long: `Deletes a function with its versions and the records of its runs. Its schedule and its address end. At a terminal it
asks first.`,
		Example: `  lanyard functions delete daily_report --yes`,
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("Delete the function %s, its versions and the records of its runs?", args[0])); err != nil {
				return err
			}
			if err := c.DeleteFunction(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.done("The function %s was deleted.", args[0])
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) functionsRunCommand() *cobra.Command {
	var resultOnly bool
	cmd := &cobra.Command{
		Use:   "run NAME [name=value …]",
		Short: "Run a function",
		Long: `Runs a function with your rights, and prints what it prints and then what it returns, as “lanyard run” does. The run is
recorded.

name=value gives an argument: a text, which becomes a number, true or false, a date, a map or a list where the function
says that the parameter is one. name:=JSON gives one as JSON.`,
		Example: `  lanyard functions run greet name=World times:=3`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "NAME is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := scriptArguments(cmd, args[1:])
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			o, err := c.RunFunction(cmd.Context(), args[0], given)
			if err != nil {
				return err
			}
			return a.showOutcome(args[0], &o.Outcome, resultOnly)
		},
	}
	cmd.Flags().BoolVar(&resultOnly, "result", false, "print the result alone, without what the function prints")
	return cmd
}

func (a *app) functionsRunsCommand() *cobra.Command {
	var p pages
	var id string
	cmd := &cobra.Command{
		Use:   "runs NAME",
		Short: "List the runs of a function",
		Long: `Lists the runs of a function, newest first: all of them for who saved it, owners and admins, else one's own. With --run
it prints what one of them came to.`,
		Example: `  lanyard functions runs daily_report
  lanyard functions runs daily_report --run run_019c2a7b3d40e5kq`,
		Args: arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if id != "" {
				return a.showRun(cmd.Context(), c, id)
			}
			none := "It did not run yet, or not for you."
			return list(cmd.Context(), a, c.FunctionRuns(args[0]), p, none, []string{"STARTED", "ID", "VERSION", "CAUSE", "STATUS", "MS"}, func(r *client.FunctionRun) []string {
				return []string{stamp(r.StartedAt), r.ID, strconv.FormatInt(r.Version, 10), string(r.Cause), string(r.Status), strconv.FormatInt(r.DurationMS, 10)}
			})
		},
	}
	cmd.Flags().StringVar(&id, "run", "", "the `ID` of one run, to print what it came to")
	pageFlags(cmd, &p, 20)
	return cmd
}

// showRun prints what a recorded run came to, as a run does.
func (a *app) showRun(ctx context.Context, c *client.Client, id string) error {
	r, err := c.FunctionRun(ctx, id)
	if err != nil {
		return err
	}
	if r.ResultCut {
		a.note("the result was larger than is kept")
	}
	o := &client.Outcome{Document: r.Document, Output: r.Output, OutputCut: r.OutputCut, Result: r.Result, Error: r.Error}
	return a.showOutcome(r.Function, o, false)
}

func (a *app) functionsVersionsCommand() *cobra.Command {
	var p pages
	cmd := &cobra.Command{
		Use:   "versions NAME",
		Short: "List the versions of a function",
		Long: `Lists the versions of a function that are kept, newest first. To go back to one, print it with “show --version” and
save it with “edit -f”.`,
		Example: `  lanyard functions versions daily_report`,
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			return list(cmd.Context(), a, c.FunctionVersions(args[0]), p, "No versions.", []string{"VERSION", "SAVED", "BY"}, func(v *client.FunctionVersion) []string {
				return []string{strconv.FormatInt(v.Version, 10), stamp(v.SavedAt), v.SavedBy}
			})
		},
	}
	pageFlags(cmd, &p, 0)
	return cmd
}

func (a *app) functionsHookCommand() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "hook NAME",
		Short: "Give a function an address of its own",
		Long: `Makes an address for a function and prints it, this once; one that it had before ends. A POST to it, without a key, runs
the function as you, with no login user. Whoever knows the address runs it.`,
		Example: `  lanyard functions hook daily_report
  lanyard functions hook daily_report --remove`,
		Args: arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if remove {
				if err := c.DeleteFunctionHook(cmd.Context(), args[0]); err != nil {
					return err
				}
				return a.done("The function %s has no address any more.", args[0])
			}
			h, err := c.CreateFunctionHook(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(h, func() error {
				a.note("The address is shown this once. Whoever knows it runs the function.")
				_, err := fmt.Fprintln(a.stdout, h.URL.Reveal())
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "end the address")
	return cmd
}
