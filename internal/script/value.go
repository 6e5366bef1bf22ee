package script

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// Kind is the type of a value.
type Kind uint8

const (
	KindNull Kind = iota
	KindBool
	KindNumber  // a whole number of 64 bits
	KindDecimal // exact, with 34 digits
	KindText
	KindDate // a moment, with or without its time of day shown
	KindList
	KindMap
	KindCollection
	KindFile
	KindException
	kindBraces // {}: a list or a map, not decided yet
)

var kindNames = [...]string{"NULL", "BOOLEAN", "NUMBER", "DECIMAL", "TEXT", "DATE-TIME", "LIST", "MAP", "COLLECTION", "FILE", "EXCEPTION", "LIST"}

func (k Kind) String() string { return kindNames[k] }

// Value is what a variable holds. The zero Value is null. Lists, maps and collections are references.
type Value struct {
	kind Kind
	n    int64 // of a number; 1 for true
	ref  any   // of everything else
}

// Bool, Number, Decimal and Text make values.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, n: 1}
	}
	return Value{kind: KindBool}
}

func Number(n int64) Value { return Value{kind: KindNumber, n: n} }

func Text(s string) Value { return Value{kind: KindText, ref: s} }

// Decimal takes over d.
func Decimal(d *apd.Decimal) Value { return Value{kind: KindDecimal, ref: d} }

// Date is a moment. dayOnly says that it is shown without its time of day.
func Date(at time.Time, dayOnly bool) Value { return Value{kind: KindDate, ref: &date{at, dayOnly}} }

type date struct {
	at      time.Time
	dayOnly bool
}

// List is a list, or the values of an indexed collection.
type List struct {
	items []Value
	of    string // the type that its elements have: "int"; empty for any
}

// Map keeps the order in which keys were added.
type Map struct {
	index   map[mapKey]int // into entries
	entries []entry
	gone    int // entries that were removed
}

type entry struct {
	key, value Value
	gone       bool
}

// mapKey tells keys apart: by their kind and what they are.
type mapKey struct {
	kind Kind
	n    int64
	s    string
}

// Collection is either indexed or keyed, and neither as long as it is empty.
type Collection struct {
	list *List
	keys *Map
}

// braces is {}: what it is shows when it is first used.
type braces struct {
	list *List
	keys *Map
}

// File has a name, a type and content.
type File struct {
	Name, Type, Charset, ParamName string
	Content                        []byte
}

// NewList, NewMap and NewFile make values of these.
func NewList(items ...Value) Value { return Value{kind: KindList, ref: &List{items: items}} }

func NewMap() Value { return Value{kind: KindMap, ref: &Map{}} }

func NewFile(f *File) Value { return Value{kind: KindFile, ref: f} }

// Kind is the type of the value. {} is a list until it was used as a map.
func (v Value) Kind() Kind {
	if v.kind == kindBraces && v.ref.(*braces).keys != nil {
		return KindMap
	}
	if v.kind == kindBraces {
		return KindList
	}
	return v.kind
}

func (v Value) isNull() bool { return v.kind == KindNull }

func (v Value) text() string { s, _ := v.ref.(string); return s }

func (v Value) bool() bool { return v.n != 0 }

func (v Value) date() *date { return v.ref.(*date) }

func (v Value) file() *File { return v.ref.(*File) }

// list gives the list of a list, or of an indexed collection; nil for anything else. {} becomes one.
func (v Value) list() *List {
	switch r := v.ref.(type) {
	case *List:
		return r
	case *braces:
		if r.list == nil && r.keys == nil {
			r.list = &List{}
		}
		return r.list
	}
	return nil
}

// keyed gives the map of a map; nil for anything else. {} becomes one.
func (v Value) keyed() *Map {
	switch r := v.ref.(type) {
	case *Map:
		return r
	case *braces:
		if r.list == nil && r.keys == nil {
			r.keys = &Map{}
		}
		return r.keys
	}
	return nil
}

func (v Value) collection() *Collection { c, _ := v.ref.(*Collection); return c }

// isEmptyBraces: {} that nothing decided yet, so it is as good a map as a list.
func (v Value) isEmptyBraces() bool {
	b, ok := v.ref.(*braces)
	return ok && b.list == nil && b.keys == nil
}

// decimals is how decimals are reckoned: exact to 34 digits, rounded half away from zero.
var decimals = apd.Context{Precision: 34, MaxExponent: 6144, MinExponent: -6143, Rounding: apd.RoundHalfUp, Traps: apd.DefaultTraps &^ (apd.Inexact | apd.Rounded | apd.Subnormal)}

// decimal is a number of either kind as a decimal; nil for anything else. It is not to be written to.
func (v Value) decimal() *apd.Decimal {
	switch v.kind {
	case KindNumber:
		return apd.New(v.n, 0)
	case KindDecimal:
		return v.ref.(*apd.Decimal)
	}
	return nil
}

// float is a number of either kind as a double.
func (v Value) float() float64 {
	if v.kind == KindNumber {
		return float64(v.n)
	}
	f, _ := v.decimal().Float64()
	return f
}

// fromFloat is a double as the mathematical functions give it: 3 is 3.0.
func fromFloat(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eE") {
		s += ".0"
	}
	d, _, err := apd.NewFromString(s)
	if err != nil {
		return Value{}
	}
	return Decimal(d)
}

// plain is a decimal without useless zeros, or a number where it is whole and fits.
func plain(d *apd.Decimal) Value {
	var r apd.Decimal
	r.Reduce(d)
	if r.Exponent >= 0 {
		if n, err := r.Int64(); err == nil {
			return Number(n)
		}
	}
	return Decimal(&r)
}

// parseNumber reads the digits of a literal.
func parseNumber(text string) (Value, error) {
	if !strings.Contains(text, ".") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return Value{}, fmt.Errorf("The number %s is larger than 9223372036854775807", cut(text, 30)) //nolint:staticcheck // a sentence for people
		}
		return Number(n), nil
	}
	if len(text) > 100 {
		return Value{}, fmt.Errorf("The number %s has more than 100 digits", cut(text, 30)) //nolint:staticcheck // a sentence for people
	}
	d, _, err := apd.NewFromString(strings.TrimSuffix(text, "."))
	if err != nil {
		return Value{}, fmt.Errorf("%s is no number", cut(text, 30))
	}
	return Decimal(d), nil
}

// key is a value as a key of a map.
func (v Value) key() mapKey {
	switch v.Kind() {
	case KindText:
		return mapKey{kind: KindText, s: v.text()}
	case KindNull, KindBool, KindNumber:
		return mapKey{kind: v.kind, n: v.n}
	case KindDecimal:
		var r apd.Decimal
		r.Reduce(v.decimal())
		return mapKey{kind: KindDecimal, s: r.String()}
	case KindDate:
		return mapKey{kind: KindDate, n: v.date().at.UnixMilli()}
	}
	return mapKey{kind: v.Kind(), s: v.keyText()}
}

// maxKey bounds the bytes of what a list is as a key.
const maxKey = 4096

// asKey is a value as it is kept as a key. A list, map or file is the text that it is printed as: it cannot change any
// more, and cannot hold the map. Where that is long it is the text of this very one.
func asKey(v Value) Value {
	switch v.Kind() {
	case KindList, KindMap, KindCollection, KindFile, KindException:
		return Text(v.keyText())
	}
	return v
}

func (v Value) keyText() string {
	w := printer{left: maxKey}
	if w.value(v, 0); w.full {
		return fmt.Sprintf("%s (%p)", w.shown(), v.ref)
	}
	return w.String()
}

// Get gives the value of a key, null where there is none.
func (m *Map) Get(key Value) Value {
	if i, ok := m.index[asKey(key).key()]; ok {
		return m.entries[i].value
	}
	return Value{}
}

// Has reports whether there is the key.
func (m *Map) Has(key Value) bool { _, ok := m.index[asKey(key).key()]; return ok }

// Put sets a key. One that is there stays where it is.
func (m *Map) Put(key, value Value) {
	key = asKey(key)
	k := key.key()
	if i, ok := m.index[k]; ok {
		m.entries[i].value = value
		return
	}
	if m.index == nil {
		m.index = map[mapKey]int{}
	}
	m.index[k] = len(m.entries)
	m.entries = append(m.entries, entry{key: key, value: value})
}

// Remove takes a key out, and gives its value.
func (m *Map) Remove(key Value) Value {
	k := asKey(key).key()
	i, ok := m.index[k]
	if !ok {
		return Value{}
	}
	value := m.entries[i].value
	delete(m.index, k)
	m.entries[i] = entry{gone: true}
	if m.gone++; m.gone > 16 && m.gone > len(m.entries)/2 {
		kept := m.entries[:0]
		for _, e := range m.entries {
			if !e.gone {
				m.index[e.key.key()] = len(kept)
				kept = append(kept, e)
			}
		}
		clear(m.entries[len(kept):])
		m.entries, m.gone = kept, 0
	}
	return value
}

// Len is the number of keys.
func (m *Map) Len() int { return len(m.entries) - m.gone }

// All gives keys and values in their order.
func (m *Map) All() func(yield func(key, value Value) bool) {
	return func(yield func(key, value Value) bool) {
		for i := 0; i < len(m.entries); i++ { // it may grow or shrink meanwhile
			if e := m.entries[i]; !e.gone && !yield(e.key, e.value) {
				return
			}
		}
	}
}

func (m *Map) clear() { *m = Map{} }

// equal is ==: numbers by what they are worth, dates as moments, lists element by element, maps key by key. A list is
// equal to a text that is one of its elements.
func equal(a, b Value) bool {
	c := comparison{left: maxCompared}
	return c.equal(a, b, 0)
}

// maxCompared bounds how many elements are compared, and kibibytes of texts. What has more is not equal: a few lists that hold each other in
// several places can be endless.
const maxCompared = 1_000_000

type comparison struct{ left int }

func (c *comparison) equal(a, b Value, depth int) bool {
	if c.left--; c.left < 0 || depth > maxDepth {
		return false
	}
	ka, kb := a.Kind(), b.Kind()
	switch {
	case a.kind == KindNumber && b.kind == KindNumber:
		return a.n == b.n
	case a.decimal() != nil && b.decimal() != nil:
		return a.decimal().Cmp(b.decimal()) == 0
	case ka == KindList && kb == KindText, ka == KindText && kb == KindList:
		if ka == KindText {
			a, b = b, a
		}
		for _, item := range a.list().items {
			if c.left -= len(b.text()) >> 10; c.left < 0 {
				return false
			}
			if item.kind == KindText && item.text() == b.text() {
				return true
			}
		}
		return false
	case a.isEmptyBraces() && (kb == KindMap || kb == KindList), b.isEmptyBraces() && (ka == KindMap || ka == KindList):
		return size(a) == 0 && size(b) == 0
	case ka != kb:
		return false
	}
	switch ka {
	case KindNull:
		return true
	case KindBool:
		return a.n == b.n
	case KindText:
		c.left -= len(a.text()) >> 10
		return a.text() == b.text()
	case KindDate:
		return a.date().at.Equal(b.date().at)
	case KindList:
		x, y := a.list().items, b.list().items
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !c.equal(x[i], y[i], depth+1) {
				return false
			}
		}
		return true
	case KindMap:
		x, y := a.keyed(), b.keyed()
		if x.Len() != y.Len() {
			return false
		}
		for key, value := range x.All() {
			if !y.Has(key) || !c.equal(value, y.Get(key), depth+1) {
				return false
			}
		}
		return true
	}
	return a.ref == b.ref
}

// size is the number of elements of what has some.
func size(v Value) int {
	switch r := v.ref.(type) {
	case *List:
		return len(r.items)
	case *Map:
		return r.Len()
	case *braces:
		if r.list != nil {
			return len(r.list.items)
		}
		if r.keys != nil {
			return r.keys.Len()
		}
	case *Collection:
		if r.list != nil {
			return len(r.list.items)
		}
		if r.keys != nil {
			return r.keys.Len()
		}
	}
	return 0
}

// compare orders numbers, texts by character code, dates and booleans; ok is false for what has no order.
func compare(a, b Value) (order int, ok bool) {
	switch {
	case a.kind == KindNumber && b.kind == KindNumber, a.kind == KindBool && b.kind == KindBool:
		return cmp.Compare(a.n, b.n), true
	case a.decimal() != nil && b.decimal() != nil:
		return a.decimal().Cmp(b.decimal()), true
	case a.kind == KindText && b.kind == KindText:
		return strings.Compare(a.text(), b.text()), true
	case a.kind == KindDate && b.kind == KindDate:
		return a.date().at.Compare(b.date().at), true
	}
	return 0, false
}
