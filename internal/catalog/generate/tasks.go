package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"lanyard"
	"lanyard/internal/catalog"
)

// mark begins what is generated of docs/tasks.md.
const mark = "<!-- From here on the page is made by go generate ./internal/catalog. -->\n"

// tasks gives the page of the integration tasks anew, with the half that is written by hand as it is.
func tasks(c *catalog.Catalog, page []byte) ([]byte, error) {
	byHand, _, ok := bytes.Cut(page, []byte(mark))
	if !ok {
		return nil, fmt.Errorf("docs/tasks.md has no line %q", strings.TrimSpace(mark))
	}
	var with []*catalog.Entry
	for _, e := range c.Entries() {
		if len(e.Tasks) > 0 {
			with = append(with, e)
		}
	}
	var b bytes.Buffer
	b.Write(byHand)
	b.WriteString(mark)
	fmt.Fprintf(&b, "\n## All tasks\n\n%d tasks of %d services.\n\n| service | tasks | called |\n| --- | --: | --- |\n", len(c.Tasks()), len(with))
	for _, e := range with {
		fmt.Fprintf(&b, "| [%s](#%s) | %d | `%s` |\n", e.Name, anchor(e.Name), len(e.Tasks), strings.Join(prefixes(e), "`, `"))
	}
	for _, e := range with {
		fmt.Fprintf(&b, "\n### %s\n\nConnections of %s.\n\n| task | | arguments | scopes |\n| --- | --- | --- | --- |\n", e.Name, ways(e))
		for i := range e.Tasks {
			t := &e.Tasks[i]
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", t.Usage(), about(t), arguments(t), codes(t.Scopes))
		}
	}
	return b.Bytes(), nil
}

// anchor is how a heading is linked to: in small letters, blanks as hyphens, without signs.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// prefixes are what the names of an entry's tasks begin with: zoho.crm, zoho.crm.v8.
func prefixes(e *catalog.Entry) []string {
	var all []string
	seen := map[string]bool{}
	for i := range e.Tasks {
		name := e.Tasks[i].Name
		prefix := name[:strings.LastIndexByte(name, '.')]
		if !seen[prefix] {
			seen[prefix] = true
			all = append(all, prefix+".…")
		}
	}
	return all
}

func ways(e *catalog.Entry) string {
	names := make([]string, len(e.Ways))
	for i := range e.Ways {
		names[i] = string(e.Ways[i].LinkName)
	}
	return codes(names)
}

// about is what a task does, leading to the vendor's page where there is one.
func about(t *lanyard.Task) string {
	if t.DocsURL == "" {
		return cell(t.About)
	}
	return "[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(cell(t.About)) + "](" + strings.NewReplacer("(", "%28", ")", "%29").Replace(t.DocsURL) + ")"
}

// arguments are those of a task, but for the connection, each on a line.
func arguments(t *lanyard.Task) string {
	all := make([]string, len(t.Parameters))
	for i, p := range t.Parameters {
		said := "`" + p.Name + "` " + string(p.Type)
		if len(p.Default) > 0 {
			said += ", `" + string(p.Default) + "` when left out"
		} else if p.Optional {
			said += ", optional"
		}
		if len(p.Choices) > 0 {
			said += ": " + codes(p.Choices)
		}
		if p.About != "" {
			said += ": " + p.About
		}
		all[i] = cell(said)
	}
	return strings.Join(all, "<br>")
}

func codes(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "`" + strings.Join(list, "`, `") + "`"
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }
