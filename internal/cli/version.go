package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set when a release is linked: go build -ldflags "-X lanyard/internal/cli.version=1.2.3". Empty, what the
// build itself knows is said.
var version string

// build says what this program was made from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // made from files that were not committed
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildVersion() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		if b.Version == "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Prints the version of this program and what it was made from.",
		Example: `  lanyard version
  lanyard version --json`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			b := buildVersion()
			if a.json {
				return a.printJSON(b)
			}
			text := "lanyard " + b.Version
			if b.Revision != "" {
				text += " (" + b.Revision[:min(12, len(b.Revision))]
				if b.Modified {
					text += ", modified"
				}
				text += ")"
			}
			return a.say("%s %s %s", text, b.Go, b.Platform)
		},
	}
}
