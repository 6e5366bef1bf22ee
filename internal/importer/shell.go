package importer

import (
	"errors"
	"strings"
	"unicode"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// maxCommand is how many bytes a command has at most.
const maxCommand = 256 << 10

// variable stands around the name of a variable that the shell would fill in. No argument of a program can hold it.
const variable = "\x00"

// isCurl reports whether a text begins as a command that calls curl.
func isCurl(text string) bool {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "$ "); ok {
		text = strings.TrimSpace(rest)
	}
	text = strings.ToLower(text)
	for _, program := range []string{"curl", "curl.exe"} {
		if rest, ok := strings.CutPrefix(text, program); ok && rest != "" && (unicode.IsSpace(rune(rest[0])) || rest[0] == '\\' || rest[0] == '^') {
			return true
		}
	}
	return false
}

// words divides a command as a shell does. Nothing is run or filled in: a variable alone stays, as a name between two
// signs called variable, and everything else that a shell would compute is refused.
func words(command string) ([]string, error) {
	if len(command) > maxCommand {
		return nil, errors.New("the command is longer than 256 KiB")
	}
	if strings.Contains(command, variable) {
		return nil, errors.New("the command holds a zero byte")
	}
	command = strings.TrimSpace(strings.ReplaceAll(command, "\r\n", "\n"))
	command = strings.TrimSpace(strings.TrimPrefix(command, "$ "))
	if ofCmd(command) {
		command = fromCmd(command)
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(command), "")
	if err != nil {
		return nil, errors.New("the command cannot be read: a quote is probably not closed, or a sign that means something to a shell stands outside of quotes")
	}
	if len(file.Stmts) == 0 {
		return nil, errors.New("there is no command")
	}
	first := file.Stmts[0]
	call, ok := first.Cmd.(*syntax.CallExpr)
	switch {
	case first.Background:
		return nil, errors.New("a & stands outside of quotes, where a shell ends the command: put the URL in quotes")
	case len(file.Stmts) > 1:
		return nil, errors.New("there is more than one command: paste one alone")
	case !ok || len(call.Assigns) > 0 || first.Negated || first.Coprocess:
		return nil, errors.New("this is more than one simple command: paste what begins with curl alone, without pipes")
	case len(first.Redirs) > 0:
		return nil, errors.New("the command reads from a file or writes to one: leave out what begins with < or >")
	}
	list := make([]string, len(call.Args))
	for i, word := range call.Args {
		var b strings.Builder
		if err := text(&b, word.Parts, false); err != nil {
			return nil, err
		}
		list[i] = b.String()
	}
	return list, nil
}

// text writes what the parts of a word stand for.
func text(b *strings.Builder, parts []syntax.WordPart, quoted bool) error {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			unescape(b, p.Value, quoted)
		case *syntax.SglQuoted:
			value := p.Value
			if p.Dollar { // $'…', as browsers write what has line breaks
				var err error
				if value, _, err = expand.Format(nil, value, nil); err != nil || strings.Contains(value, variable) {
					return errors.New("what stands in $'…' cannot be read")
				}
			}
			b.WriteString(value)
		case *syntax.DblQuoted:
			if err := text(b, p.Parts, true); err != nil {
				return err
			}
		case *syntax.ParamExp:
			if !simple(p) {
				return errors.New("the command has a variable with a rule of its own, such as ${NAME:-value}: write the value itself")
			}
			b.WriteString(variable + p.Param.Value + variable)
		default:
			return errors.New("the command has a part that a shell would compute, such as $(…): write the value itself")
		}
	}
	return nil
}

// simple reports whether a variable stands for its value and nothing else: $NAME or ${NAME}.
func simple(p *syntax.ParamExp) bool {
	if p.Param == nil {
		return false
	}
	bare := syntax.ParamExp{Dollar: p.Dollar, Rbrace: p.Rbrace, Short: p.Short, Param: p.Param}
	return p.Excl == bare.Excl && !p.Length && !p.Width && p.Flags == nil && p.Index == nil && p.Slice == nil && p.Repl == nil && p.Names == 0 && p.Exp == nil && p.NestedParam == nil
}

// unescape takes the backslashes out of a literal. In double quotes only some signs lose theirs (POSIX shell §2.2.3).
func unescape(b *strings.Builder, value string, quoted bool) {
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			next := value[i+1]
			switch {
			case next == '\n':
				i++
				continue
			case !quoted || strings.IndexByte("\"\\$`", next) >= 0:
				i++
			}
		}
		b.WriteByte(value[i])
	}
}

// ofCmd reports whether a command was written for the command prompt of Windows, which escapes with ^.
func ofCmd(command string) bool {
	return strings.Contains(command, "^\n") || strings.Contains(command, "^\"") || strings.Contains(command, "^\\^\"")
}

// fromCmd writes a command of that prompt for a shell: ^ escapes any sign and joins lines, \" is a quote within quotes,
// and in quotes nothing else is special.
func fromCmd(command string) string {
	var plain strings.Builder
	for i := 0; i < len(command); i++ {
		if command[i] == '^' && i+1 < len(command) {
			if i++; command[i] == '\n' {
				// A line break that was itself written as ^, line break, line break stands for one in the value.
				if i+1 < len(command) && command[i+1] == '\n' {
					plain.WriteByte('\n')
					i++
				} else {
					plain.WriteByte(' ')
				}
				continue
			}
		}
		plain.WriteByte(command[i])
	}
	var b strings.Builder
	quoted := false
	for value, i := plain.String(), 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && i+1 < len(value) && value[i+1] == '"':
			b.WriteString(`\"`)
			i++
		case c == '"' && quoted && i+1 < len(value) && value[i+1] == '"':
			b.WriteString(`\"`)
			i++
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case quoted && (c == '$' || c == '`' || c == '\\'), !quoted && strings.IndexByte("'&|<>();$`\\", c) >= 0:
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
