package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lanyard"
)

// readSource reads a file, or stdin where the name is "-".
func (a *app) readSource(name string) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(a.stdin)
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		return data, nil
	}
	return os.ReadFile(name)
}

// readSecret reads a secret from a file or stdin. One line break at its end is the editor's or echo's, not the
// secret's.
func (a *app) readSecret(source string) (lanyard.Secret, error) {
	data, err := a.readSource(source)
	if err != nil {
		return lanyard.Secret{}, err
	}
	return lanyard.NewSecret(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")), nil
}

// readJSON reads a JSON object for the API from a file or stdin, and passes it on as it is.
func (a *app) readJSON(cmd *cobra.Command, source string) (json.RawMessage, error) {
	if source == "" {
		return nil, misused(cmd, "-f FILE is missing; -f - reads stdin")
	}
	data, err := a.readSource(source)
	if err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		var syntax *json.SyntaxError
		var v any
		if errors.As(json.Unmarshal(data, &v), &syntax) {
			line := 1 + strings.Count(string(data[:min(syntax.Offset, int64(len(data)))]), "\n")
			return nil, fmt.Errorf("%s is not JSON: line %d: %w", source, line, syntax)
		}
		return nil, fmt.Errorf("%s is not JSON", source)
	}
	return data, nil
}

// terminal gives the terminal that stdin is; nil when it is none and nobody can be asked.
func (a *app) terminal() *os.File {
	if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// ask asks for one line at the terminal; a hidden one is not shown while it is typed. It ends with ctx, and then the
// terminal shows again what is typed.
func (a *app) ask(ctx context.Context, terminal *os.File, question string, hidden bool) (lanyard.Secret, error) {
	fd := int(terminal.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return lanyard.Secret{}, fmt.Errorf("read the terminal: %w", err)
	}
	fmt.Fprint(a.stderr, printable(question)+": ")
	type reply struct {
		line string
		err  error
	}
	replies := make(chan reply, 1)
	go func() { // a read of a terminal cannot be called off: at the end of ctx the program ends with it waiting
		if hidden {
			line, err := term.ReadPassword(fd)
			replies <- reply{string(line), err}
			return
		}
		line, err := readLine(terminal)
		replies <- reply{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return lanyard.Secret{}, errors.Join(ctx.Err(), term.Restore(fd, state))
	case r := <-replies:
		if hidden {
			fmt.Fprintln(a.stderr) // the line break that was typed was not shown either
		}
		if r.err != nil {
			return lanyard.Secret{}, fmt.Errorf("read the terminal: %w", r.err)
		}
		return lanyard.NewSecret(r.line), nil
	}
}

// readLine reads up to the end of a line and not a byte beyond it, so that the next question gets the next line.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		if n > 0 && b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return "", err
		}
	}
}

// confirm asks whether to go on with what cannot be undone. With yes, or where there is no terminal to ask at, it
// does not ask.
func (a *app) confirm(ctx context.Context, yes bool, question string) error {
	terminal := a.terminal()
	if yes || terminal == nil {
		return nil
	}
	answer, err := a.ask(ctx, terminal, question+" [y/N]", false)
	if err != nil {
		return err
	}
	if reply := strings.ToLower(strings.TrimSpace(answer.Reveal())); reply != "y" && reply != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
