package function

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/script"
)

// read parses a script and judges what the catalogue knows of it: that its integration tasks exist and get as many
// arguments as they take. The error is [script.Problems].
func (f *Functions) read(source string, variables ...string) (*script.Script, error) {
	s, err := script.Parse(source, variables...)
	if err != nil {
		return nil, err
	}
	var problems script.Problems
	for _, use := range s.Tasks {
		if message := f.misuse(use); message != "" {
			problems = append(problems, script.Problem{Pos: use.Pos, Message: message})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return s, nil
}

// misuse says what is wrong with the use of a task; empty when nothing is.
func (f *Functions) misuse(use script.TaskUse) string {
	if use.Arguments == 0 && systemValues[strings.ToLower(use.Name)] {
		return ""
	}
	t, ok := f.Services.Catalog().Task(use.Name)
	switch {
	case !ok:
		return fmt.Sprintf("Not able to find '%s' function%s", use.Name, f.similar(use.Name))
	case use.Arguments < t.Required() || use.Arguments > len(t.Parameters)+1:
		return fmt.Sprintf("No. of arguments mismatches for the function %s: %s", t.Name, t.Usage())
	}
	return ""
}

// similar names the tasks that are perhaps meant: the operations of the same service.
func (f *Functions) similar(name string) string {
	prefix := strings.ToLower(name[:strings.LastIndexByte(name, '.')+1])
	var names []string
	for _, t := range f.Services.Catalog().Tasks() {
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
func (f *Functions) connections(s *script.Script) []lanyard.LinkName {
	named := map[lanyard.LinkName]bool{}
	note := func(name string) {
		if link, err := lanyard.ParseLinkName(name); err == nil {
			named[link] = true
		}
	}
	for _, name := range s.Connections {
		note(name)
	}
	for _, use := range s.Tasks {
		if t, ok := f.Services.Catalog().Task(use.Name); ok && use.Arguments == len(t.Parameters)+1 {
			note(use.Last)
		}
	}
	return slices.Sorted(maps.Keys(named))
}

// scopes are those that a script's tasks of a service need where they name no connection, so that its user consents once.
func scopes(s *script.Script, c *catalog.Catalog, t catalog.Task) []string {
	all := slices.Clone(t.Scopes)
	for _, use := range s.Tasks {
		other, ok := c.Task(use.Name)
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
