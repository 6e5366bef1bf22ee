package script

import (
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	maxPattern = 1000 // bytes of a regular expression
	maxWeight  = 5000 // of one; see weight
)

// pattern is a regular expression (RE2) that is looked for in a text again and again. A single search takes time in
// proportion to the text, and all of them together more than that, so the run's time is asked for on the way.
type pattern struct {
	at     *calling
	source string
	weight int
	first  *regexp.Regexp // at the beginning of a text
	behind *regexp.Regexp // the same behind a letter, which says what ^ and \b are to see there; nil as long as it is not needed
}

func (c *calling) pattern(source string) (*pattern, error) {
	if len(source) > maxPattern {
		return nil, failure(c.Pos, "A regular expression has at most %d letters", maxPattern)
	}
	read, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, failure(c.Pos, "This is no regular expression that can be read")
	}
	w := weight(read)
	if w > maxWeight {
		return nil, failure(c.Pos, "This regular expression repeats too much: all that its numbers repeat is at most %d long", maxWeight)
	}
	first, err := regexp.Compile(source)
	if err != nil {
		return nil, failure(c.Pos, "This is no regular expression that can be read")
	}
	return &pattern{at: c, source: source, weight: w, first: first}, c.grow(c.Pos, int64(w)*100)
}

// weight is about how many places of a regular expression a search can be at with each letter of a text, which is the
// time that a letter takes, and the memory. What a number repeats counts as often.
func weight(re *syntax.Regexp) int {
	w := 1
	if re.Op == syntax.OpLiteral {
		w = len(re.Rune)
	}
	for _, part := range re.Sub {
		w += weight(part)
	}
	if re.Op == syntax.OpRepeat {
		w *= max(re.Min, re.Max, 1)
	}
	return w
}

// matches reports whether it fits somewhere.
func (p *pattern) matches(s string) (bool, error) {
	if len(s) < p.quick() {
		return p.first.MatchString(s), nil
	}
	yes := p.first.MatchReader(&letters{over: p.at.over, s: s})
	return yes, p.at.late(p.at.Pos)
}

// find gives the places of the next match from an offset on, as [regexp.Regexp.FindStringSubmatchIndex] does; nil for
// none.
func (p *pattern) find(s string, from int) ([]int, error) {
	re, begin := p.first, 0
	if from > 0 {
		if p.behind == nil {
			var err error
			if p.behind, err = regexp.Compile(`(?s:.)(?:` + p.source + `)`); err != nil {
				return nil, failure(p.at.Pos, "This is no regular expression that can be read")
			}
		}
		_, width := utf8.DecodeLastRuneInString(s[:from])
		re, begin = p.behind, from-width
	}
	var places []int
	if rest := s[begin:]; len(rest) < p.quick() {
		places = re.FindStringSubmatchIndex(rest)
	} else {
		places = re.FindReaderSubmatchIndex(&letters{over: p.at.over, s: rest})
	}
	for i := range places {
		if places[i] >= 0 {
			places[i] += begin
		}
	}
	if from > 0 && places != nil {
		_, width := utf8.DecodeRuneInString(s[places[0]:])
		places[0] += width
	}
	return places, p.at.late(p.at.Pos)
}

// all calls do with each match, at most n of them; -1 for all. An empty one right behind another is none.
func (p *pattern) all(s string, n int, do func(places []int) error) error {
	for from, end := 0, -1; n != 0 && from <= len(s); {
		places, err := p.find(s, from)
		if err != nil || places == nil {
			return err
		}
		last := end
		if end = places[1]; end > from {
			from = end
		} else {
			_, width := utf8.DecodeRuneInString(s[from:])
			from += max(width, 1)
		}
		if places[0] == places[1] && places[0] == last {
			continue
		}
		n--
		if err := do(places); err != nil {
			return err
		}
	}
	return nil
}

// quick is how many bytes are searched without asking for the time on the way, which makes a search slower.
func (p *pattern) quick() int { return min(aLongText, 1<<16/p.weight) }

const aLongText = 4 << 10

// letters reads a text, and ends before its end when the run is over.
type letters struct {
	over func() bool
	s    string
	at   int
}

func (l *letters) ReadRune() (rune, int, error) {
	if l.at >= len(l.s) || l.at&0xf == 0 && l.over() {
		return 0, 0, io.EOF
	}
	r, width := utf8.DecodeRuneInString(l.s[l.at:])
	l.at += width
	return r, width, nil
}

// replacer makes a replaceAll or one of its like. What is searched is a regular expression unless the last argument says
// that it is plain text.
func replacer(name, flags string, n int) builtin {
	return method(on(KindText), name, "pattern, replacement, [plain]", "With the replacement where the regular expression fits; with true at the end, where the text stands.",
		`info "a.b".`+name+`(".", "-", true);`, "a-b", func(c *calling, args []Value) (Value, error) {
			source, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			by, err := c.textArg(args, 2)
			if err != nil {
				return Value{}, err
			}
			plain := false
			if len(args) == 4 {
				if plain, err = c.boolArg(args, 3); err != nil {
					return Value{}, err
				}
			}
			switch s := args[0].text(); {
			case plain && flags == "":
				return c.replacePlain(s, source, by, n)
			case plain:
				return c.replace(s, flags+regexp.QuoteMeta(source), strings.ReplaceAll(by, "$", "$$"), n)
			default:
				return c.replace(s, flags+source, groupReference.ReplaceAllString(by, "$${$1}"), n) // $1x is the first group, then x
			}
		})
}

var groupReference = regexp.MustCompile(`\$([0-9]+)`)

// replacePlain replaces a text; the result is counted before it is made, for it can be long.
func (c *calling) replacePlain(s, search, by string, n int) (Value, error) {
	count := strings.Count(s, search)
	if n >= 0 {
		count = min(count, n)
	}
	if err := c.grow(c.Pos, int64(len(s))+int64(count)*int64(len(by)-len(search))); err != nil {
		return Value{}, err
	}
	return Text(strings.Replace(s, search, by, n)), nil
}

// replace replaces what a regular expression fits.
func (c *calling) replace(s, source, by string, n int) (Value, error) {
	p, err := c.pattern(source)
	if err != nil {
		return Value{}, err
	}
	if err := c.grow(c.Pos, int64(len(s))); err != nil {
		return Value{}, err
	}
	var b []byte
	end := 0
	err = p.all(s, n, func(places []int) error {
		b = append(b, s[end:places[0]]...)
		before := len(b)
		b = p.first.ExpandString(b, by, s, places)
		end = places[1]
		return c.grow(c.Pos, int64(len(b)-before))
	})
	return Text(string(append(b, s[end:]...))), err
}
