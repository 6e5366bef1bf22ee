package function

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/script"
)

// Bring reads a script of an extension into fn, which is new or what an earlier version of the extension brought: script,
// signature and connections. entries are the services of the package, whose tasks the script may call before they are
// installed. What it gives are sentences about why the function cannot become that; with any, fn is as it was.
//
// Schedule and address of fn stay: they were set here, by somebody who answers for them.
func (f *Functions) Bring(ctx context.Context, fn *lanyard.Function, source string, entries []*catalog.Entry) ([]string, error) {
	about := func(format string, args ...any) []string {
		return []string{fmt.Sprintf("The script %s: %s.", fn.LinkName, fmt.Sprintf(format, args...))}
	}
	if err := lanyard.CheckScript(source); err != nil {
		return about("%s", err), nil
	}
	if strings.TrimSpace(source) == "" {
		return about("it is empty"), nil
	}
	s, err := f.taking(ctx, func() (*script.Script, error) { return script.Parse(source) })
	tasks, broken := f.Services.Tasks(ctx, fn.OrganizationID)
	if broken != nil {
		return nil, broken
	}
	tasks = tasks.With(fn.Extension, entries)
	if err == nil {
		err = misuses(s, tasks)
	}
	var found script.Problems
	if err != nil && !errors.As(err, &found) {
		return nil, err
	}
	var said []string
	for _, p := range found {
		said = append(said, about("line %d, column %d: %s", p.Line, p.Column, p.Message)...)
	}
	if err != nil {
		return said, nil
	}
	if fn.Schedule.Cron != "" && len(s.Parameters) > 0 {
		return about("it takes parameters now, and %s runs on a schedule, where nobody gives it any; end the schedule first", fn.LinkName), nil
	}
	fn.Script, fn.Signature, fn.Connections = source, signature(s), connectionsOf(s, tasks)
	return nil, nil
}
