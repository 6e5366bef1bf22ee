package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/internal/catalog"
)

func (a *app) catalogCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "catalog",
		Short: "Look at the catalogue, and write files for it",
		Long: `The catalogue is the default services: those that come with Lanyard, a YAML file each, and those in the directory that
"lanyard serve --catalog" names. These commands need no server.`,
		Example: `  lanyard catalog list --query calendar
  lanyard catalog new crm/acme.yaml
  lanyard catalog lint crm`,
	})
	cmd.AddCommand(a.catalogListCommand(), a.catalogShowCommand(), a.catalogNewCommand(), a.catalogLintCommand(), a.catalogSchemaCommand(), a.catalogStatsCommand())
	return cmd
}

// listedEntry is an entry in a list for programs.
type listedEntry struct {
	LinkName string      `json:"link_name"`
	Name     string      `json:"name"`
	Category string      `json:"category"`
	Reviewed bool        `json:"reviewed"`
	Ways     []listedWay `json:"ways"`
}

type listedWay struct {
	LinkName string           `json:"link_name"`
	Name     string           `json:"name"`
	Type     lanyard.AuthType `json:"type"`
}

func (a *app) catalogListCommand() *cobra.Command {
	var category, typ, query string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the services that come with Lanyard",
		Long: `Lists the services that come with Lanyard, the best known first, each with its ways to connect. A category is written as
in the list, a type is api_key, basic, oauth1, oauth2 or aws_sigv4, and a query is a name, a part of one or another word
for it; typing errors are forgiven.`,
		Example: `  lanyard catalog list --category crm
  lanyard catalog list --type oauth1 --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := catalog.Default()
			if category != "" && !slices.Contains(c.Categories(), category) {
				return misused(cmd, "there is no category %q; there are: %s", category, strings.Join(c.Categories(), ", "))
			}
			if typ != "" && !slices.Contains(lanyard.AuthTypes, lanyard.AuthType(typ)) {
				return misused(cmd, "--type is api_key, basic, oauth1, oauth2 or aws_sigv4, not %q", typ)
			}
			found := []listedEntry{}
			var rows [][]string
			for _, hit := range c.Search(query) {
				e := hit.Entry
				if category != "" && e.Category != category {
					continue
				}
				of := listedEntry{LinkName: string(e.LinkName()), Name: e.Name, Category: e.Category, Reviewed: e.Evidence.Reviewed}
				has := typ == ""
				var ways []string
				for _, w := range e.Ways {
					has = has || string(w.Type) == typ
					of.Ways = append(of.Ways, listedWay{string(w.LinkName), w.Name, w.Type})
					ways = append(ways, string(w.LinkName)+" ("+string(w.Type)+")")
				}
				if has {
					found = append(found, of)
					rows = append(rows, []string{e.Name, e.Category, strings.Join(ways, ", ")})
				}
			}
			switch {
			case a.json:
				return a.printJSON(found)
			case len(found) == 0:
				return a.say("No such services.")
			}
			return a.table([]string{"NAME", "CATEGORY", "WAYS TO CONNECT"}, rows)
		},
	}
	cmd.Flags().StringVar(&category, "category", "", "only services of this `CATEGORY`")
	cmd.Flags().StringVar(&typ, "type", "", "only services with a way to connect of this `TYPE`")
	cmd.Flags().StringVar(&query, "query", "", "only services that a search for this `TEXT` finds")
	return cmd
}

func (a *app) catalogShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show LINK_NAME",
		Short: "Print the file of a service that comes with Lanyard",
		Long: `Prints the file of a service that comes with Lanyard, in YAML, with all its ways to connect. It can be changed and put
into the directory that "lanyard serve --catalog" names, where it stands in for ours.`,
		Example: `  lanyard catalog show github
  lanyard catalog show gitlab > developer_tools/gitlab.yaml`,
		Args: arguments("LINK_NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			e, _ := catalog.Default().Find(lanyard.LinkName(args[0]))
			if e == nil {
				return hinted(fmt.Errorf("no service %s comes with Lanyard", args[0]), "lanyard catalog list --query TEXT finds one")
			}
			text, err := e.YAML()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
}

func (a *app) catalogSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of catalogue files",
		Long: `Prints the JSON Schema (draft 2020-12) by which editors complete and check catalogue files. A server has it at
/schemas/catalog.json.`,
		Example: `  lanyard catalog schema > catalog.schema.json`,
		Args:    arguments(),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(catalog.Schema)
			return err
		},
	}
}

func (a *app) catalogStatsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stats",
		Short: "Count the services that come with Lanyard",
		Long: `Counts the services that come with Lanyard and their ways to connect, by category and by authentication: how many
definitions were reviewed field by field, are verified after connecting, and have the brand's logo.`,
		Example: `  lanyard catalog stats
  lanyard catalog stats --json`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			st := catalog.Default().Stats()
			if a.json {
				return a.printJSON(st)
			}
			var rows [][]string
			row := func(cells ...any) {
				text := make([]string, len(cells))
				for i, cell := range cells {
					text[i] = fmt.Sprint(cell)
				}
				rows = append(rows, text)
			}
			for _, of := range st.Categories {
				row(of.Category, of.Services, of.Ways, of.Reviewed, of.Logos)
			}
			row("all", st.Services, st.Ways, st.Reviewed, st.Logos)
			if err := a.table([]string{"CATEGORY", "SERVICES", "WAYS", "REVIEWED", "WITH LOGO"}, rows); err != nil {
				return err
			}
			rows = nil
			for _, t := range st.Types {
				row(t.Name(), t.Ways, t.Verified)
			}
			row("all", st.Ways, st.Verified)
			if _, err := io.WriteString(a.stdout, "\n"); err != nil {
				return err
			}
			return a.table([]string{"AUTHENTICATION", "WAYS", "VERIFIED"}, rows)
		},
	}
}

func (a *app) catalogLintCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint FILE|DIR…",
		Short: "Say what is wrong with catalogue files",
		Long: `Judges catalogue files, and every .yaml file below a directory, as a server does. Each fault stands on a line of its
own, as file:line: field: what is wrong. What is not wrong but worth mending is a warning, and so is a file that stands
in for one that comes with Lanyard. The exit status is 1 when there is a fault.`,
		Example: `  lanyard catalog lint crm/acme.yaml
  lanyard catalog lint /etc/lanyard/catalog`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "FILE or DIR is missing")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var files []catalog.Source
			for _, arg := range args {
				found, err := sources(arg, 0)
				if err != nil {
					return err
				}
				files = append(files, found...)
			}
			if len(files) == 0 {
				return errors.New("no .yaml files were found")
			}
			return a.printReport(catalog.Lint(catalog.Default(), files))
		},
	}
	return cmd
}

// maxCatalogFile is more than a server reads of one file, so that the server's own limit is what is told.
const maxCatalogFile = 1 << 20

// deepest is how far below a named directory files are looked for; symbolic links are followed, as a server does, and may
// lead round in a circle.
const deepest = 4

// sources reads a file, or every .yaml file below a directory.
func sources(name string, depth int) ([]catalog.Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		text, err := readAtMost(name, maxCatalogFile)
		if err != nil {
			return nil, err
		}
		whole, err := filepath.Abs(name)
		return []catalog.Source{{Name: name, Category: filepath.Base(filepath.Dir(whole)), Text: text}}, err
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var files []catalog.Source
	for _, entry := range entries {
		path := filepath.Join(name, entry.Name())
		info, err := os.Stat(path)
		switch {
		case strings.HasPrefix(entry.Name(), "."):
			continue
		case err != nil:
			return nil, err
		case info.IsDir() && depth >= deepest, !info.IsDir() && !strings.HasSuffix(path, ".yaml"):
			continue
		}
		found, err := sources(path, depth+1)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func readAtMost(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// printReport prints what a lint found. The error is for the exit status.
func (a *app) printReport(r *catalog.Report) error {
	if a.json {
		type finding struct {
			File   string `json:"file"`
			Line   int    `json:"line"`
			Field  string `json:"field"`
			Detail string `json:"detail"`
		}
		findings := func(all []*catalog.Fault) []finding {
			list := make([]finding, len(all))
			for i, f := range all {
				list[i] = finding(*f)
			}
			return list
		}
		if err := a.printJSON(struct {
			Files    int       `json:"files"`
			Fine     int       `json:"fine"`
			Faults   []finding `json:"faults"`
			Warnings []finding `json:"warnings"`
		}{r.Files, r.Fine, findings(r.Faults), findings(r.Remarks)}); err != nil {
			return err
		}
	} else {
		for _, f := range r.Faults {
			if err := a.say("%s", f); err != nil {
				return err
			}
		}
		for _, f := range r.Remarks {
			warning := *f
			warning.Detail = "warning: " + f.Detail
			if err := a.say("%s", &warning); err != nil {
				return err
			}
		}
		verb := "are"
		if r.Fine == 1 {
			verb = "is"
		}
		if err := a.say("%d of %s %s fine.", r.Fine, count(r.Files, "file"), verb); err != nil {
			return err
		}
	}
	if len(r.Faults) > 0 {
		return errors.New(count(len(r.Faults), "fault") + " in " + count(r.Files-r.Fine, "file"))
	}
	return nil
}
