package definitions

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/registry"
)

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func typeWords(t lanyard.AuthType) string {
	switch t {
	case lanyard.AuthAPIKey:
		return "API key"
	case lanyard.AuthBasic:
		return "user name and password"
	case lanyard.AuthOAuth1:
		return "OAuth 1"
	case lanyard.AuthOAuth2:
		return "OAuth 2"
	case lanyard.AuthAWSSigV4:
		return "AWS signature"
	}
	return string(t)
}

// without are the values of a that are not in b.
func without[T comparable](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(v T) bool { return slices.Contains(b, v) })
}

// serviceWords says what an edit of a service changes, where credentials go first.
func serviceWords(old, now *lanyard.Service, moves []string) []string {
	var words []string
	if more := without(now.Hosts, old.Hosts); len(more) > 0 {
		words = append(words, fmt.Sprintf("Credentials may also go to %s.", strings.Join(more, ", ")))
	}
	if less := without(old.Hosts, now.Hosts); len(less) > 0 {
		words = append(words, fmt.Sprintf("Credentials no longer go to %s.", strings.Join(less, ", ")))
	}
	a, b := members(old), members(now)
	for _, name := range union(a, b) {
		if name == "/hosts" {
			continue
		}
		words = append(words, changed(name, a[name], b[name]))
	}
	if !old.Auth.Secret().Equal(now.Auth.Secret()) {
		words = append(words, "Another client secret is set.")
	}
	if len(words) == 0 {
		words = append(words, fmt.Sprintf("It changes %s.", strings.Join(moves, ", ")))
	}
	return words
}

// members are the fields of a definition, those of its authentication among them, as JSON.
func members(s *lanyard.Service) map[string]string {
	all := map[string]string{}
	var take func(at string, data []byte)
	take = func(at string, data []byte) {
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(data, &fields) // what was just encoded decodes
		for name, value := range fields {
			if name == "auth" {
				take("/auth", value)
				continue
			}
			all[at+"/"+name] = string(value)
		}
	}
	data, _ := json.Marshal(s) //nolint:errchkjson // a definition that was read is written
	take("", data)
	return all
}

// union gives the names of what differs, sorted.
func union(a, b map[string]string) []string {
	names := map[string]bool{}
	for name, value := range a {
		names[name] = b[name] != value
	}
	for name, value := range b {
		names[name] = a[name] != value
	}
	maps.DeleteFunc(names, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(names))
}

const longestValue = 100 // bytes of a value that stands in a sentence

// changed says how a field changes.
func changed(name, before, after string) string {
	field := strings.TrimPrefix(name, "/")
	switch {
	case len(before) > longestValue || len(after) > longestValue:
		return fmt.Sprintf("%s changes.", field)
	case before == "":
		return fmt.Sprintf("%s becomes %s.", field, after)
	case after == "":
		return fmt.Sprintf("%s is left out; it was %s.", field, before)
	}
	return fmt.Sprintf("%s becomes %s; it was %s.", field, after, before)
}

func clientWords(ch *registry.ClientChange) []string {
	before, after := ch.Before, ch.After
	var words []string
	switch {
	case before.Version == 0:
		words = append(words, fmt.Sprintf("The OAuth client of %s is set: %s.", ch.Service.Name, after.ClientID))
	case before.ClientID != after.ClientID:
		words = append(words, fmt.Sprintf("The client id becomes %s; it was %s.", after.ClientID, before.ClientID))
	case !before.ClientSecret.Equal(after.ClientSecret):
		words = append(words, "Another secret of the same client is set.")
	}
	if before.Version > 0 {
		for _, key := range union(before.Parameters, after.Parameters) {
			words = append(words, changed(key, before.Parameters[key], after.Parameters[key]))
		}
	}
	return words
}

func connectionWords(old, now *lanyard.Connection) []string {
	var words []string
	if old.Name != now.Name {
		words = append(words, fmt.Sprintf("The name becomes %s; it was %s.", now.Name, old.Name))
	}
	if more := without(now.Scopes, old.Scopes); len(more) > 0 {
		words = append(words, fmt.Sprintf("It asks for more: %s.", strings.Join(more, ", ")))
	}
	if less := without(old.Scopes, now.Scopes); len(less) > 0 {
		words = append(words, fmt.Sprintf("It no longer asks for %s.", strings.Join(less, ", ")))
	}
	if old.UseLoginUserCredentials != now.UseLoginUserCredentials {
		if now.UseLoginUserCredentials {
			words = append(words, "Each user's own account is used from now on.")
		} else {
			words = append(words, "Everybody's calls run with the owner's account from now on.")
		}
	}
	if old.UsableBy != now.UsableBy {
		if now.UsableBy == lanyard.UsableByOwner {
			words = append(words, "Only its owner may use it from now on.")
		} else {
			words = append(words, "Everybody in the organization may use it from now on.")
		}
	}
	if len(words) == 0 {
		words = append(words, "The order of its scopes changes.")
	}
	return words
}

func functionWords(old, now *lanyard.Function, changed []string) []string {
	var words []string
	if old == nil {
		words = append(words, fmt.Sprintf("Its name is %s, and it has %s.", now.Name, count(lines(now.Script), "line", "lines")))
	}
	for _, what := range changed {
		switch what {
		case "name":
			words = append(words, fmt.Sprintf("The name becomes %s; it was %s.", now.Name, old.Name))
		case "script":
			words = append(words, fmt.Sprintf("The script changes: version %d, with %s.", now.Version, count(lines(now.Script), "line", "lines")))
		case "schedule":
			if now.Schedule.Cron == "" {
				words = append(words, "It runs on no schedule any more.")
			}
		}
	}
	if now.Schedule.Cron != "" && (old == nil || old.Schedule != now.Schedule) {
		words = append(words, fmt.Sprintf("It runs by itself, as you: %s.", strings.TrimSpace(now.Schedule.Cron+" "+now.Schedule.Zone)))
	}
	return words
}

func lines(script string) int { return strings.Count(strings.TrimRight(script, "\n"), "\n") + 1 }

func keyWords(r lanyard.KeyRights) []string {
	may := []string{"call"}
	if r.Manage {
		may = append(may, "manage")
	}
	if r.ActForUsers {
		may = append(may, "act for users")
	}
	words := []string{fmt.Sprintf("It may %s.", strings.Join(may, ", "))}
	if n := len(r.Connections); n > 0 {
		words = append(words, fmt.Sprintf("It is limited to %s.", count(n, "connection", "connections")))
	}
	return words
}
