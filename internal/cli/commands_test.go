package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// commands lists the whole tree, a command before those below it.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, commands(c)...)
	}
	return all
}

// silent is an app whose environment is given.
func silent(env map[string]string) *app {
	return &app{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, now: time.Now,
		env: func(name string) string { return env[name] }}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	for _, cmd := range commands(silent(nil).root()) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			if cmd.Short == "" || !unicode.IsUpper(rune(cmd.Short[0])) || strings.HasSuffix(cmd.Short, ".") {
				t.Errorf("the short text is %q", cmd.Short)
			}
			if !strings.HasSuffix(cmd.Long, ".") && !strings.Contains(cmd.Long, "\n\n  ") {
				t.Errorf("the long text is %q", cmd.Long)
			}
			if !strings.HasPrefix(cmd.Example, "  ") || !strings.Contains(cmd.Example, cmd.CommandPath()) {
				t.Errorf("the example is %q", cmd.Example)
			}
			if !cmd.Runnable() || cmd.Args == nil {
				t.Error("it does nothing, or does not look at its arguments")
			}
			cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
				placeholder, usage := pflag.UnquoteUsage(f)
				if usage == "" || strings.HasSuffix(usage, ".") || f.Value.Type() != "bool" && placeholder == f.Value.Type() {
					t.Errorf("--%s is explained by %q", f.Name, f.Usage)
				}
			})
			for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
				if len([]rune(line)) > 120 {
					t.Errorf("a line is too long for a terminal: %s", line)
				}
			}
		})
	}
}

// TestHelpGolden keeps every help text in one file, to be read as documentation.
func TestHelpGolden(t *testing.T) {
	var got strings.Builder
	for _, cmd := range commands(silent(nil).root()) {
		var out bytes.Buffer
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		got.WriteString("$ " + cmd.CommandPath() + " --help\n" + out.String() + "\n")
	}
	golden := filepath.Join("testdata", "help.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")); diff != "" {
		t.Errorf("help texts (-got +want), rewritten by go test ./internal/cli -update:\n%s", diff)
	}
}

// TestEveryFlagIsAVariable sets each flag of each command from the environment, and by the command line against it.
func TestEveryFlagIsAVariable(t *testing.T) {
	samples := map[string][2]string{ // what the environment says, and what the flag then is
		"bool": {"true", "true"}, "string": {"from, here", "from, here"}, "int": {"7", "7"}, "int64": {"7", "7"}, "duration": {"7s", "7s"},
		"stringSlice": {"a,b\nc", "[a,b,c]"}, "stringArray": {"a,b\nc d\n", `["a,b",c d]`},
	}
	seen := 0
	for _, cmd := range commands(silent(nil).root()) {
		cmd.InheritedFlags() // merges those of the parents
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			seen++
			sample, ok := samples[f.Value.Type()]
			if !ok {
				t.Fatalf("%s --%s is of the type %s: say here how it is given", cmd.CommandPath(), f.Name, f.Value.Type())
			}
			name := "LANYARD_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if err := silent(map[string]string{name: sample[0]}).fromEnvironment(cmd); err != nil {
				t.Errorf("%s: %s: %v", cmd.CommandPath(), name, err)
			}
			if got := f.Value.String(); got != sample[1] || !f.Changed {
				t.Errorf("%s: %s gives %s, want %s", cmd.CommandPath(), name, got, sample[1])
			}
			// Once more, as if it had been given on the command line.
			if err := silent(map[string]string{name: "another"}).fromEnvironment(cmd); err != nil || f.Value.String() != sample[1] {
				t.Errorf("%s: %s wins over --%s: %s, %v", cmd.CommandPath(), name, f.Name, f.Value, err)
			}
		})
	}
	if seen < 100 {
		t.Errorf("only %d flags were seen", seen)
	}
}

func TestFlagsInTheEnvironmentThatAreWrong(t *testing.T) {
	env := map[string]string{"LANYARD_LIMIT": "many", apiKeyVariable: "key"}
	var stderr bytes.Buffer
	status := Main(t.Context(), []string{"keys", "list"}, strings.NewReader(""), &bytes.Buffer{}, &stderr, func(name string) string { return env[name] })
	if status != exitMisused || !strings.HasPrefix(stderr.String(), "lanyard: LANYARD_LIMIT in the environment: ") {
		t.Errorf("got %d, %q", status, stderr.String())
	}
}

func TestRelative(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "in 0 seconds", time.Second: "in 1 second", -59 * time.Second: "59 seconds ago", time.Minute: "in 1 minute",
		-59*time.Minute - 59*time.Second: "59 minutes ago", time.Hour: "in 1 hour", 47 * time.Hour: "in 47 hours",
		-48 * time.Hour: "2 days ago", 400 * 24 * time.Hour: "in 400 days",
	} {
		if got := relative(now.Add(d), now); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	if got := relative(time.Time{}, now); got != "" {
		t.Errorf("no time is %q", got)
	}
}

func TestSentence(t *testing.T) {
	for give, want := range map[string]string{
		"The connection acme is gone.": "the connection acme is gone",
		"A name is required":           "a name is required",
		"OAuth 2 is not set up.":       "OAuth 2 is not set up",
		"API keys end.":                "API keys end",
		"Lanyard cannot do this.":      "Lanyard cannot do this",
		"Ünder":                        "ünder",
		"":                             "",
		"x":                            "x",
	} {
		if got := sentence(give); got != want {
			t.Errorf("%q is %q, want %q", give, got, want)
		}
	}
}
