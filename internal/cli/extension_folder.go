package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

// extensionFolderCommands are those for whoever writes an extension; they need no server.
func (a *app) extensionFolderCommands() []*cobra.Command {
	return []*cobra.Command{a.extensionNewCommand(), a.extensionLintCommand(), a.extensionPackCommand(), a.extensionSchemaCommand()}
}

func (a *app) extensionNewCommand() *cobra.Command {
	var d extension.Draft
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Write an extension to begin with",
		Long: `Writes a small extension that is right as it stands: a service with an API key, a connection, a script and a README. It is
named like the directory, which must not be there yet.`,
		Example: `  lanyard extension new acme_orders`,
		Args:    arguments("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			whole, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			if d.Name = lanyard.ProposeLinkName(filepath.Base(whole)); d.Name == "" || len(d.Name) > extension.MaxDraftName {
				return misused(cmd, "no link name of at most %d characters can be made of %q", extension.MaxDraftName, filepath.Base(whole))
			}
			if _, err := os.Lstat(dir); err == nil {
				return fmt.Errorf("%s is there already and was left as it is", dir)
			}
			files, err := d.Files()
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				file := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // nothing in it is secret
					return err
				}
				if err := os.WriteFile(file, files[name], 0o644); err != nil { //nolint:gosec // nothing in it is secret
					return err
				}
			}
			return a.done("%s was written. Complete it, and look at it with: lanyard extension lint %s", dir, dir)
		},
	}
	cmd.Flags().StringVar(&d.Schema, "schema", "http://127.0.0.1:8080/schemas/extension.json", "the `URL` or file of the schema, for editors")
	return cmd
}

func (a *app) extensionLintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint DIR…",
		Short: "Say what is wrong with extensions",
		Long: `Judges the folders of extensions as a server does before one is published or installed. Each fault stands on a line of its
own, as file:line: field: what is wrong. What is not wrong but worth mending is a warning. The exit status is 1 when there
is a fault.`,
		Example: `  lanyard extension lint acme_orders`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "DIR is missing")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			all := &catalog.Report{}
			for _, dir := range args {
				r, err := lintExtension(dir)
				if err != nil {
					return err
				}
				all.Files, all.Fine = all.Files+r.Files, all.Fine+r.Fine
				all.Faults, all.Remarks = append(all.Faults, r.Faults...), append(all.Remarks, r.Remarks...)
			}
			return a.printReport(all)
		},
	}
}

func (a *app) extensionPackCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "pack DIR",
		Short: "Pack an extension into one file",
		Long: `Packs the folder of an extension into one file, NAME-VERSION.lanyard unless --output names another one, and prints its name,
version and digest. The same contents give the same file and digest, on every machine. Nothing is written when there is a
fault; a file that is there already is replaced.`,
		Example: `  lanyard extension pack acme_orders
  lanyard extension pack acme_orders -o /tmp/acme.lanyard --json`,
		Args: arguments("DIR"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := a.readFolder(args[0])
			if err != nil {
				return err
			}
			file := output
			if file == "" {
				file = p.File()
			}
			if err := os.WriteFile(file, p.Packed, 0o644); err != nil { //nolint:gosec // nothing in it is secret
				return err
			}
			if a.json {
				return a.printJSON(struct {
					File    string           `json:"file"`
					Name    lanyard.LinkName `json:"name"`
					Version string           `json:"version"`
					Digest  string           `json:"digest"`
				}{file, p.Name, p.Version, p.Digest})
			}
			return a.say("%s %s was packed into %s.\nDigest %s", p.Name, p.Version, file, p.Digest)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`")
	return cmd
}

func (a *app) extensionSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of extension.yaml",
		Long: `Prints the JSON Schema (draft 2020-12) by which editors complete and check extension.yaml. A server has it at
/schemas/extension.json.`,
		Example: `  lanyard extension schema > extension.schema.json`,
		Args:    arguments(),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(extension.Schema)
			return err
		},
	}
}

// readFolder reads the folder of an extension. Faults are printed, each on a line of its own.
func (a *app) readFolder(dir string) (*extension.Package, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	p, err := extension.Read(root.FS(), catalog.Default())
	if faults := catalog.Faults(err); len(faults) > 0 {
		for _, f := range inDirectory(dir, faults) {
			a.note("%s", f)
		}
		return nil, errors.New(count(len(faults), "fault") + " in " + dir)
	}
	return p, err
}

// lintExtension judges a folder. Links that lead out of it are not followed.
func lintExtension(dir string) (*catalog.Report, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	r := extension.Lint(root.FS(), catalog.Default())
	inDirectory(dir, r.Faults)
	inDirectory(dir, r.Remarks)
	return r, nil
}

// inDirectory makes the names of files such that a terminal opens them.
func inDirectory(dir string, faults []*catalog.Fault) []*catalog.Fault {
	for _, f := range faults {
		f.File = filepath.Join(dir, filepath.FromSlash(f.File))
	}
	return faults
}
