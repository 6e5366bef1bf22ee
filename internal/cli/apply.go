package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/catalog"
	"lanyard/internal/definitions"
)

func (a *app) applyCommand() *cobra.Command {
	var dryRun, yes bool
	var keysOut string
	cmd := &cobra.Command{
		Use:   "apply FILE…",
		Short: "Make the organization what a file says",
		Long: `Reads definitions as "lanyard export" writes them, from one file or several, says what they would change, asks, and
does all of it or nothing. What no file names stays as it is, and is reported. Files are YAML or JSON; - is stdin.

Secrets are read here, from the variables and files that the definitions name. One that is not there stays as it is
stored; where none is stored, nothing is changed and the variable is named.

--dry-run changes nothing. Its exit status is 0 when there is nothing to do, and 3 when there is.
Without a terminal to ask at, --yes is required. This is for owners and admins, in their own name.`,
		Example: `  lanyard apply lanyard.yaml --dry-run
  lanyard apply lanyard.yaml --yes --keys-out keys.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, "FILE is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			source, document, missing, err := a.readDefinitions(args)
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			plan, err := c.PlanDefinitions(cmd.Context(), document)
			if err != nil {
				return a.explain(source, missing, err)
			}
			if dryRun {
				if err := a.show(plan, func() error { return a.printPlan(plan, "Nothing was changed.") }); err != nil || len(plan.Steps) == 0 {
					return err
				}
				return errWouldChange
			}
			if len(plan.Steps) == 0 {
				return a.show(plan, func() error { return a.printPlan(plan, "") })
			}
			if !yes {
				if a.terminal() == nil {
					err := misused(cmd, "nothing was applied: nobody can be asked here")
					err.hint = "--dry-run shows what would change, --yes applies it"
					return err
				}
				if err := a.printPlan(plan, ""); err != nil {
					return err
				}
				if err := a.confirm(cmd.Context(), false, "Do this?"); err != nil {
					return err
				}
			}
			done, err := c.ApplyDefinitions(cmd.Context(), document, plan.Digest)
			if err != nil {
				return a.explain(source, missing, err)
			}
			keys := done.Keys
			if keysOut != "" && len(keys) > 0 {
				if err := writeNew(keysOut, keyLines(keys), 0o600); err != nil {
					return errors.Join(err, a.printKeys(keys)) // they are shown this once
				}
				keys = nil
			}
			return a.show(done, func() error {
				if yes {
					if err := a.printPlan(done, ""); err != nil {
						return err
					}
				}
				if err := a.say("Applied."); err != nil {
					return err
				}
				return a.printKeys(keys)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change, and change nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&keysOut, "keys-out", "", "write API keys that are made to `FILE`, which is not there yet, instead of printing them")
	return a.remote(cmd)
}

// readDefinitions reads files and the secrets that they name.
func (a *app) readDefinitions(names []string) (source *definitions.Source, document []byte, missing []definitions.Missing, err error) {
	files := make([]definitions.File, len(names))
	for i, name := range names {
		text, err := a.readSource(name)
		if err != nil {
			return nil, nil, nil, err
		}
		files[i] = definitions.File{Name: name, Text: text}
	}
	if source, err = definitions.Read(files...); err != nil {
		return nil, nil, nil, unusable(err)
	}
	if missing, err = source.Resolve(a.env, a.readSecret); err != nil {
		return nil, nil, nil, err
	}
	for _, m := range missing {
		a.note("%s is not there: the stored secret stays", m.Source)
	}
	document, err = source.Wire()
	return source, document, missing, err
}

// unusable puts the faults of files on lines of their own.
func unusable(err error) error {
	if len(catalog.Faults(err)) > 0 {
		return fmt.Errorf("the definitions cannot be used; nothing was changed:\n%w", err)
	}
	return err
}

// explain turns what the server found wrong into places in the files, and names the secret that was missing.
func (*app) explain(source *definitions.Source, missing []definitions.Missing, err error) error {
	var e *lanyard.Error
	if errors.As(err, &e) {
		for i, f := range e.Fields {
			if n := slices.IndexFunc(missing, func(m definitions.Missing) bool { return strings.HasPrefix(f.Pointer, m.At) }); n >= 0 {
				e.Fields[i].Detail += ": set " + missing[n].Source
			}
		}
	}
	return unusable(source.Explain(err))
}

// printPlan writes a plan, and then what became of it.
func (a *app) printPlan(p *client.Plan, after string) error {
	var lines []string
	for _, s := range p.Steps {
		lines = append(lines, fmt.Sprintf("%s %s %s", s.Action, words(s.Kind), s.Name))
		for _, w := range s.Words {
			lines = append(lines, "    "+w)
		}
	}
	if len(p.Steps) == 0 {
		lines, after = append(lines, "Nothing to do."), ""
	}
	for _, n := range p.Notes {
		lines = append(lines, "note: "+n)
	}
	for _, d := range p.Drift {
		lines = append(lines, fmt.Sprintf("not in the definitions, and left alone: %s %s", words(d.Kind), d.Name))
	}
	if after != "" {
		lines = append(lines, after)
	}
	for _, line := range lines {
		if err := a.say("%s", line); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printKeys(keys []client.MadeKey) error {
	if len(keys) == 0 {
		return nil
	}
	a.note("these API keys are shown this once:")
	_, err := a.stdout.Write(keyLines(keys))
	return err
}

// keyLines are keys as lines: the name, a tab, the key.
func keyLines(keys []client.MadeKey) []byte {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(printable(k.Name) + "\t" + k.Key.Reveal() + "\n")
	}
	return []byte(b.String())
}
