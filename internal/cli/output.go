package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"lanyard/client"
)

// printable makes control characters visible: what others have typed in must not move the cursor of the reader.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// say writes one line of text for people.
func (a *app) say(format string, args ...any) error {
	_, err := fmt.Fprintln(a.stdout, printable(fmt.Sprintf(format, args...)))
	return err
}

// note writes one line beside the results, to stderr.
func (a *app) note(format string, args ...any) {
	fmt.Fprintln(a.stderr, printable(fmt.Sprintf(format, args...)))
}

// table writes rows below their headings, in columns.
func (a *app) table(headings []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{headings}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = printable(cell); cell == "" {
				cells[i] = "-"
			}
		}
		if _, err := io.WriteString(w, strings.Join(cells, "\t")+"\n"); err != nil {
			return err
		}
	}
	return w.Flush()
}

// fields writes what one thing is made of, a name and a value to a line; without a value no line.
func (a *app) fields(namesAndValues ...string) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s:\t%s\n", namesAndValues[i], printable(namesAndValues[i+1])); err != nil {
			return err
		}
	}
	return w.Flush()
}

// printJSON writes a value indented, members of the API in the order in which it gave them.
func (a *app) printJSON(v any) error {
	raw, ok := v.(json.RawMessage)
	if !ok {
		var plain bytes.Buffer
		encoder := json.NewEncoder(&plain)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err != nil {
			return err
		}
		raw = plain.Bytes()
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(raw), "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err := out.WriteTo(a.stdout)
	return err
}

// document is a value of the API that knows its own JSON.
type document interface{ JSON() json.RawMessage }

// show prints one value: its JSON, or by text.
func (a *app) show(v document, text func() error) error {
	if a.json {
		return a.printJSON(v.JSON())
	}
	return text()
}

// done says that something without an answer was done; programs see it by the exit status.
func (a *app) done(format string, args ...any) error {
	if a.json {
		return nil
	}
	return a.say(format, args...)
}

// pages says which part of a list is asked for.
type pages struct {
	limit  int // 0: to the end
	cursor string
}

// collect reads that part of a list.
func collect[T any](ctx context.Context, l *client.List[T], p pages) (items []*T, next string, err error) {
	for cursor := p.cursor; ; cursor = next {
		size := client.MaxPage
		if p.limit > 0 {
			size = min(size, p.limit-len(items))
		}
		page, after, err := l.Page(ctx, cursor, size)
		if err != nil {
			return nil, "", err
		}
		items, next = append(items, page...), after
		if next == "" || p.limit > 0 && len(items) >= p.limit {
			return items, next, nil
		}
	}
}

// list prints part of a list: its JSON, or a table with a row of each item, or when there are none the sentence that
// says what belongs there.
func list[T any](ctx context.Context, a *app, l *client.List[T], p pages, none string, headings []string, row func(*T) []string) error {
	items, next, err := collect(ctx, l, p)
	if err != nil {
		return err
	}
	if a.json {
		raw := make([]json.RawMessage, len(items))
		for i, item := range items {
			raw[i] = any(item).(document).JSON()
		}
		return a.printJSON(struct {
			Items      []json.RawMessage `json:"items"`
			NextCursor string            `json:"next_cursor"`
		}{raw, next})
	}
	if len(items) == 0 {
		return a.say("%s", none)
	}
	rows := make([][]string, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	if err := a.table(headings, rows); err != nil {
		return err
	}
	if next != "" {
		a.note("there are more: go on with --cursor %s, or show all with --limit 0", next)
	}
	return nil
}

// stamp is a time for people and programs alike; empty for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// relative says how far a time is from now, in one unit; empty for the zero time.
func relative(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := t.Sub(now)
	past := d < 0
	if past {
		d = -d
	}
	var s string
	switch {
	case d < time.Minute:
		s = count(int(d/time.Second), "second")
	case d < time.Hour:
		s = count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		s = count(int(d/time.Hour), "hour")
	default:
		s = count(int(d/(24*time.Hour)), "day")
	}
	if past {
		return s + " ago"
	}
	return "in " + s
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// words makes a name of the API readable: "reconnect_required" is "reconnect required".
func words[S ~string](name S) string { return strings.ReplaceAll(string(name), "_", " ") }
