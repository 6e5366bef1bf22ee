package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"lanyard"
)

// failure is an error with a hint for the person who typed the command.
type failure struct {
	err    error
	hint   string
	misuse bool // exit status 2: the command was not understood, and nothing was done
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// misused reports a command that was not understood.
func misused(cmd *cobra.Command, format string, args ...any) *failure {
	return &failure{err: fmt.Errorf(format, args...), hint: cmd.CommandPath() + " --help says how it is used", misuse: true}
}

// hinted adds a hint to an error.
func hinted(err error, format string, args ...any) *failure {
	return &failure{err: err, hint: fmt.Sprintf(format, args...)}
}

// errWouldChange ends a dry run that found something to do: a status for programs, and no fault.
var errWouldChange = errors.New("there is something to do")

// report writes an error for people and gives the exit status.
func (a *app) report(err error) int {
	if errors.Is(err, errWouldChange) {
		return exitChanges
	}
	status, hint := exitFailed, ""
	var f *failure
	if errors.As(err, &f) {
		hint = f.hint
		if f.misuse {
			status = exitMisused
		}
	}
	lines := strings.Split("lanyard: "+describe(err), "\n")
	var e *lanyard.Error
	if errors.As(err, &e) {
		for _, field := range e.Fields {
			lines = append(lines, "  "+field.Pointer+": "+sentence(field.Detail))
		}
		if e.ProviderError != "" {
			lines = append(lines, "  the provider said "+strings.TrimSuffix(e.ProviderError+": "+e.ProviderDescription, ": "))
		}
		if hint == "" {
			hint = hintFor(e)
		}
	} else if hint == "" && unreachable(err) {
		hint = "is the server running there? start one with lanyard serve, or name another with --url or LANYARD_URL"
	}
	for _, line := range lines {
		fmt.Fprintln(a.stderr, printable(line))
	}
	if hint != "" {
		fmt.Fprintln(a.stderr, printable("hint: "+hint))
	}
	return status
}

// describe is an error as a message: lower case, no full stop.
func describe(err error) string {
	var e *lanyard.Error
	var u *url.Error
	switch {
	case errors.As(err, &e):
		return sentence(e.Message) + " (" + string(e.Code) + ")"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &u):
		host := u.URL
		if parsed, err := url.Parse(u.URL); err == nil {
			host = parsed.Scheme + "://" + parsed.Host // the rest may hold what is nobody else's business
		}
		return "cannot reach " + host + ": " + u.Err.Error()
	}
	return sentence(err.Error())
}

// sentence makes a sentence for a page into a message for a terminal.
func sentence(s string) string {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	first, size := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[size:]); unicode.IsUpper(first) && (unicode.IsLower(second) || second == ' ') &&
		!strings.HasPrefix(s, "Lanyard") {
		return string(unicode.ToLower(first)) + s[size:]
	}
	return s
}

func unreachable(err error) bool {
	var u *url.Error
	return errors.As(err, &u) && !errors.Is(err, context.Canceled)
}

// hintFor says what to do about an error of the server.
func hintFor(e *lanyard.Error) string {
	switch {
	case e.ConnectURL != "":
		return "a person has to connect it: open " + e.ConnectURL + " in a browser that is signed in (lanyard sign-in)"
	case e.RetryAfter > 0:
		return "try again in " + e.RetryAfter.Round(time.Second).String()
	}
	switch e.Code {
	case lanyard.CodeUnauthenticated:
		return "LANYARD_API_KEY or --api-key-file gives the key; lanyard keys create makes one"
	case lanyard.CodeLoginUserRequired:
		return "name the user by --user or LANYARD_USER"
	case lanyard.CodeNotConnected:
		return "lanyard connections connect connects it"
	case lanyard.CodeHostNotAllowed:
		return "lanyard services get shows the hosts that a service lists"
	case lanyard.CodeAddressNotAllowed:
		return "whoever runs the server allows a network with lanyard serve --allow-network"
	}
	return ""
}
