package script

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// kinds is a set of kinds: 1<<KindText|1<<KindList.
type kinds uint16

const anyKind kinds = 1<<16 - 1

func on(list ...Kind) kinds {
	var s kinds
	for _, k := range list {
		s |= 1 << k
	}
	return s
}

// gives says what a function gives back, which decides where it may stand.
type gives uint8

const (
	must    gives = iota // a value, which has to be used
	nothing              // none: it is a statement
	either               // a value that may be thrown away
)

// builtin is a function of the language. It is called as a method of its first argument, or with all of them in
// brackets: "a".length() and length("a").
type builtin struct {
	names    []string // the first is the one that the documentation has; matched in any case
	on       kinds    // what its first argument may be
	min, max int      // number of arguments, the first included; max -1: any
	result   gives
	takes    string // the arguments as the documentation writes them: "start, [end]"
	about    string // a sentence
	example  string // a script
	prints   string // what the example prints
	do       func(c *calling, args []Value) (Value, error)
}

func (b *builtin) usage() string { return b.names[0] + "(" + b.takes + ")" }

// What the words of takes stand for, where that leaves no doubt. Anything else may be of any kind.
var argumentKinds = map[string]kinds{
	"number": on(KindNumber, KindDecimal), "index": on(KindNumber, KindDecimal), "start": on(KindNumber, KindDecimal), "end": on(KindNumber, KindDecimal), "from": on(KindNumber, KindDecimal), "to": on(KindNumber, KindDecimal), "digits": on(KindNumber, KindDecimal), "hours": on(KindNumber, KindDecimal),
	"text": on(KindText), "pattern": on(KindText), "replacement": on(KindText), "separator": on(KindText), "zone": on(KindText), "day": on(KindText), "language": on(KindText),
	"list": on(KindList, KindCollection), "map": on(KindMap), "collection": on(KindList, KindMap, KindCollection), "weekends": on(KindList, KindCollection), "holidays": on(KindList, KindCollection),
	"date": on(KindDate, KindText), "ascending": on(KindBool), "seconds": on(KindBool), "plain": on(KindBool),
}

// mayTake: may the argument at an index, counted from what the function is called on, be of this kind? What is null is
// known when the script runs.
func (b *builtin) mayTake(i int, k Kind) bool {
	words := strings.Split(b.takes, ", ")
	if i > len(words) || b.min == 0 || k == KindNull {
		return true
	}
	takes, known := argumentKinds[strings.Trim(words[i-1], "[]")]
	return !known || takes&(1<<k) != 0
}

// method makes a function that is called on a value of some kinds. Its names have a blank between, the one of the
// documentation first; how many arguments it has, takes says: "from, [to]".
func method(on kinds, names, takes, about, example, prints string, do func(c *calling, args []Value) (Value, error)) builtin {
	least, most := 1, 1
	for arg := range strings.SplitSeq(takes, ", ") {
		if arg == "" {
			continue
		}
		if most++; arg[0] != '[' {
			least++
		}
	}
	return builtin{names: strings.Fields(names), on: on, min: least, max: most, takes: takes, about: about, example: example, prints: prints, do: do}
}

// onList makes a method of lists; onMap and onCollection those of maps and collections. The arguments still have what
// it is called on as their first.
func onList(names, takes, about, example, prints string, do func(c *calling, l *List, args []Value) (Value, error)) builtin {
	return method(on(KindList), names, takes, about, example, prints, func(c *calling, args []Value) (Value, error) {
		return do(c, args[0].list(), args)
	})
}

func onMap(names, takes, about, example, prints string, do func(c *calling, m *Map, args []Value) (Value, error)) builtin {
	return method(on(KindMap), names, takes, about, example, prints, func(c *calling, args []Value) (Value, error) {
		return do(c, args[0].keyed(), args)
	})
}

func onCollection(names, takes, about, example, prints string, do func(c *calling, col *Collection, args []Value) (Value, error)) builtin {
	return method(on(KindCollection), names, takes, about, example, prints, func(c *calling, args []Value) (Value, error) {
		return do(c, args[0].collection(), args)
	})
}

// asStatement makes it a function without a result; droppable one whose result need not be used.
func asStatement(b builtin) builtin { b.result = nothing; return b }

func droppable(b builtin) builtin { b.result = either; return b }

// groups are all functions, by the headings of the documentation.
func groups() []group {
	return []group{
		{"Text", textFunctions()}, {"Numbers", numberFunctions()}, {"Lists and maps", containerFunctions()}, {"Collections", collectionFunctions()}, {"Statistics", statisticFunctions()},
		{"Dates", dateFunctions()}, {"Encryption", encryptionFunctions()}, {"Anything", commonFunctions()},
		{"XML", xmlFunctions()}, {"Files", fileFunctions()},
	}
}

type group struct {
	name      string
	functions []builtin
}

// builtins finds functions by their names in lower case.
var builtins = sync.OnceValue(func() map[string][]*builtin {
	all := map[string][]*builtin{}
	for _, g := range groups() {
		for i := range g.functions {
			b := &g.functions[i]
			for _, name := range b.names {
				lower := strings.ToLower(name)
				all[lower] = append(all[lower], b)
			}
		}
	}
	return all
})

// similar suggests a name that was perhaps meant.
func similar(name string) string {
	lower, best, fewest := strings.ToLower(name), "", 3
	for known, named := range builtins() {
		if n := distance(lower, known); n < fewest || n == fewest && best != "" && named[0].names[0] < best {
			best, fewest = named[0].names[0], n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": is %s meant?", best)
}

// distance counts the letters that differ between two short names.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 || len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 99
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// wanted names the kinds that some functions take, for a message.
func wanted(list []*builtin) string {
	var names []string
	for k := KindNull; k < kindBraces; k++ {
		if slices.ContainsFunc(list, func(b *builtin) bool { return b.on&(1<<k) != 0 }) {
			names = append(names, k.String())
		}
	}
	return strings.Join(names, ", ")
}

// The arguments of functions, as the kind that is wanted. index counts as the documentation does: the value that a
// method is called on is not counted.

func (c *calling) wrong(v Value, want string, index int) error {
	if v.isNull() {
		return failure(c.Pos, "Null value occurred while performing %s operation", c.name)
	}
	return failure(c.Pos, "Argument type mismatches for the function %s at index %d: '%s' can not be cast to '%s'", c.name, index, v.Kind(), want)
}

func (c *calling) textArg(args []Value, i int) (string, error) {
	if args[i].kind != KindText {
		return "", c.wrong(args[i], "TEXT", i)
	}
	return args[i].text(), nil
}

func (c *calling) numberArg(args []Value, i int) (int, error) {
	v := args[i]
	if v.kind == KindDecimal {
		v = truncated(v)
	}
	if v.kind != KindNumber {
		return 0, c.wrong(args[i], "NUMBER", i)
	}
	const most = 1 << 40
	return int(min(max(v.n, -most), most)), nil
}

func (c *calling) listArg(args []Value, i int) (*List, error) {
	if l := args[i].list(); l != nil {
		return l, nil
	}
	if col := args[i].collection(); col != nil && col.keys == nil {
		if col.list == nil {
			return &List{}, nil
		}
		return col.list, nil
	}
	return nil, c.wrong(args[i], "LIST", i)
}

// boolArg is true or false; true where the argument is left out.
func (c *calling) boolArg(args []Value, i int) (bool, error) {
	if len(args) <= i {
		return true, nil
	}
	if args[i].kind != KindBool {
		return false, c.wrong(args[i], "BOOLEAN", i)
	}
	return args[i].bool(), nil
}

func (c *calling) mapArg(args []Value, i int) (*Map, error) {
	if m := args[i].keyed(); m != nil {
		return m, nil
	}
	return nil, c.wrong(args[i], "MAP", i)
}

// newText gives a text that the function made, counted.
func (c *calling) newText(s string) (Value, error) {
	return Text(s), c.grow(c.Pos, int64(len(s)))
}

// newList gives a list that the function made, counted.
func (c *calling) newList(items []Value) (Value, error) {
	return NewList(items...), c.grow(c.Pos, int64(len(items)+1)*valueSize)
}
