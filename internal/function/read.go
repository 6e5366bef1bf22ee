package function

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/script"
)

// read parses a script and judges what the organization knows of it: that its integration tasks exist and get as many
// arguments as they take. The error is [script.Problems], or one of looking for the tasks.
func (f *Functions) read(ctx context.Context, org lanyard.OrganizationID, source string, variables ...string) (*script.Script, error) {
	s, err := script.Parse(source, variables...)
	if err != nil || len(s.Tasks) == 0 {
		return s, err
	}
	tasks, err := f.Services.Tasks(ctx, org)
	if err != nil {
		return nil, err
	}
	if err := misuses(s, tasks); err != nil {
		return nil, err
	}
	return s, nil
}

// misuses are what is wrong with a script's uses of tasks, as [script.Problems]; nil when nothing is.
func misuses(s *script.Script, tasks *registry.Tasks) error {
	var problems script.Problems
	for _, use := range s.Tasks {
		if message := misuse(use, tasks); message != "" {
			problems = append(problems, script.Problem{Pos: use.Pos, Message: message})
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// misuse says what is wrong with the use of a task; empty when nothing is.
func misuse(use script.TaskUse, tasks *registry.Tasks) string {
	if use.Arguments == 0 && systemValues[strings.ToLower(use.Name)] {
		return ""
	}
	t, ok := tasks.Task(use.Name)
	switch {
	case !ok:
		return fmt.Sprintf("Not able to find '%s' function%s", use.Name, similar(use.Name, tasks))
	case use.Arguments < t.Required() || use.Arguments > len(t.Parameters)+1:
		return fmt.Sprintf("No. of arguments mismatches for the function %s: %s", t.Name, t.Usage())
	}
	return ""
}

// similar names the tasks that are perhaps meant: the operations of the same service.
func similar(name string, tasks *registry.Tasks) string {
	prefix := strings.ToLower(name[:strings.LastIndexByte(name, '.')+1])
	var names []string
	for _, t := range tasks.All() {
		if strings.HasPrefix(strings.ToLower(t.Name), prefix) {
			names = append(names, t.Name[len(prefix):])
		}
	}
	const most = 12
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		names = append(names[:most], "…")
	}
	return fmt.Sprintf(": %s has %s", strings.TrimSuffix(prefix, "."), strings.Join(names, ", "))
}

// connections are the link names that a script names, sorted: in invokeurl, and as the last argument of a task.
func (f *Functions) connections(ctx context.Context, org lanyard.OrganizationID, s *script.Script) ([]lanyard.LinkName, error) {
	if len(s.Tasks) == 0 {
		return connectionsOf(s, nil), nil
	}
	tasks, err := f.Services.Tasks(ctx, org)
	if err != nil {
		return nil, err
	}
	return connectionsOf(s, tasks), nil
}

func connectionsOf(s *script.Script, tasks *registry.Tasks) []lanyard.LinkName {
	names := map[lanyard.LinkName]bool{}
	note := func(name string) {
		if link, err := lanyard.ParseLinkName(name); err == nil {
			names[link] = true
		}
	}
	for _, name := range s.Connections {
		note(name)
	}
	for _, use := range s.Tasks {
		if t, ok := tasks.Task(use.Name); ok && use.Arguments == len(t.Parameters)+1 {
			note(use.Last)
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// scopes are those that a script's tasks of a service need where they name no connection, so that its user consents once.
func scopes(s *script.Script, tasks *registry.Tasks, t registry.Task) []string {
	all := slices.Clone(t.Scopes)
	for _, use := range s.Tasks {
		other, ok := tasks.Task(use.Name)
		if !ok || other.Entry != t.Entry || use.Arguments > len(other.Parameters) {
			continue
		}
		for _, scope := range other.Scopes {
			if !slices.Contains(all, scope) {
				all = append(all, scope)
			}
		}
	}
	return all
}
