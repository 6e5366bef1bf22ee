// Package cli is the command line of Lanyard: a function per command, listed in [app.root], a file per noun.
//
// serve and init open the store themselves, through package server. Every other command is a client of the REST API:
// it decodes what was typed, makes one call through package client, and prints the answer, as text for people or with
// --json as the API's own JSON. No rule of Lanyard lives here.
//
// Streams and environment are handed in, so nothing here reads or writes the process's own. What is asked of a person
// goes to stderr, so that stdout holds results alone. A secret is never a flag's value only: every command that takes
// one also takes it from a file, from stdin or from a prompt, because other users of the machine can read the
// arguments of a running program.
package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// Exit statuses of the program.
const (
	exitOK      = 0
	exitFailed  = 1
	exitMisused = 2
	exitChanges = 3
)

// Main runs the command line without the program's name and returns the exit status: 0, 1 when the command failed,
// 2 when it was misused. Env is asked for variables by name; an empty value is as good as none. When stdin is a
// terminal, a command may ask questions on stderr.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, env: env, now: time.Now}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	return a.report(err)
}

// app is what the commands share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	now            func() time.Time

	json bool // --json
	// How to reach the server, and for whom.
	url        string
	apiKeyFile string
	user       string
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lanyard",
		Short: "A connections server: call any service by a name, without its credentials",
		Long: `Lanyard keeps the credentials of services that people connect once, on a web page.
From then on scripts and applications call those services by the connection's link name and never see a credential.

Every flag can also be given in the environment: --public-url as LANYARD_PUBLIC_URL. A flag that is given wins;
several values stand on lines of their own. Commands that talk to a server take its address from --url
(LANYARD_URL) and an API key from LANYARD_API_KEY or a file named by --api-key-file.

The exit status is 0, or 1 when the command failed, or 2 when it was misused. "lanyard apply --dry-run" ends with 3
when there is something to do.`,
		Example: `  lanyard serve
  lanyard connections list
  lanyard invoke acme_support /v2/tickets`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.fromEnvironment(cmd) },
	}
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON for programs instead of text for people")
	root.CompletionOptions.DisableDefaultCmd = true // completionCommand takes its place
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return misused(cmd, "%w", err) })
	root.AddGroup(&cobra.Group{ID: groupServer, Title: "Run a server:"}, &cobra.Group{ID: groupCall, Title: "Call a service:"},
		&cobra.Group{ID: groupManage, Title: "Manage:"}, &cobra.Group{ID: groupLook, Title: "Look back:"})
	help := a.helpCommand()
	root.SetHelpCommand(help)
	for _, c := range []struct {
		group   string
		command *cobra.Command
	}{
		{groupServer, a.serveCommand()},
		{groupServer, a.initCommand()},
		{groupServer, a.organizationsCommand()},
		{groupServer, a.backupCommand()},
		{groupServer, a.restoreCommand()},
		{groupCall, a.invokeCommand()},
		{groupCall, a.runCommand()},
		{groupManage, a.catalogCommand()},
		{groupManage, a.servicesCommand()},
		{groupManage, a.connectionsCommand()},
		{groupManage, a.usersCommand()},
		{groupManage, a.keysCommand()},
		{groupManage, a.functionsCommand()},
		{groupManage, a.extensionCommand()},
		{groupManage, a.webhooksCommand()},
		{groupManage, a.exportCommand()},
		{groupManage, a.applyCommand()},
		{groupManage, a.importCommand()},
		{groupManage, a.signInCommand()},
		{groupLook, a.invocationsCommand()},
		{groupLook, a.auditCommand()},
		{"", help},
		{"", a.completionCommand()},
		{"", a.versionCommand()},
	} {
		c.command.GroupID = c.group
		root.AddCommand(c.command)
	}
	return group(root)
}

// Groups of the help text.
const (
	groupServer = "server"
	groupCall   = "call"
	groupManage = "manage"
	groupLook   = "look"
)

// group makes a command that only has subcommands say so when none, or an unknown one, was named.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.ArbitraryArgs
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			cmd.SetOut(cmd.ErrOrStderr())
			if err := cmd.Help(); err != nil {
				return err
			}
			return misused(cmd, "say which command")
		}
		err := misused(cmd, "there is no command %q", cmd.CommandPath()+" "+args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			err.hint = "did you mean " + cmd.CommandPath() + " " + near[0] + "?"
		}
		return err
	}
	return cmd
}

// arguments checks that a command was given exactly those that its usage names.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return misused(cmd, "%s is missing", names[len(args)])
		}
		if len(args) > len(names) {
			return misused(cmd, "there is no place for the argument %q", args[len(names)])
		}
		return nil
	}
}
