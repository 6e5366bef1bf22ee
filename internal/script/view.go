package script

import "time"

// What a host sees of a value. A view shares the lists and maps of the script: it is read, not written.

// AsText gives the text of a text.
func (v Value) AsText() (string, bool) { return v.text(), v.kind == KindText }

// AsBool gives what a boolean says.
func (v Value) AsBool() (value, ok bool) { return v.kind == KindBool && v.bool(), v.kind == KindBool }

// AsNumber gives a whole number; a decimal is none unless nothing stands behind its point.
func (v Value) AsNumber() (int64, bool) {
	if v.kind == KindDecimal {
		v = plain(v.decimal())
	}
	return v.n, v.kind == KindNumber
}

// AsDate gives the moment of a date.
func (v Value) AsDate() (time.Time, bool) {
	if v.kind != KindDate {
		return time.Time{}, false
	}
	return v.date().at, true
}

// AsList gives the elements of a list or an indexed collection. {} and an empty collection have none.
func (v Value) AsList() ([]Value, bool) {
	switch r := v.ref.(type) {
	case *List:
		return r.items, true
	case *braces:
		return elementsOf(r.list), r.keys == nil || r.keys.Len() == 0
	case *Collection:
		return elementsOf(r.list), r.keys == nil || r.keys.Len() == 0
	}
	return nil, false
}

func elementsOf(l *List) []Value {
	if l == nil {
		return nil
	}
	return l.items
}

// AsMap gives the map of a map or a keyed collection, never nil where ok is true. {} and an empty collection have no
// keys.
func (v Value) AsMap() (m *Map, ok bool) {
	switch r := v.ref.(type) {
	case *Map:
		return r, true
	case *braces:
		m, ok = r.keys, len(elementsOf(r.list)) == 0
	case *Collection:
		m, ok = r.keys, len(elementsOf(r.list)) == 0
	}
	if m == nil && ok {
		m = &Map{}
	}
	return m, ok
}

// AsFile gives a file.
func (v Value) AsFile() (*File, bool) { f, ok := v.ref.(*File); return f, ok }

// What values take in memory, in bytes, a little more rather than less: each element of a list, and each list or map by
// itself; each key of a map with its value.
const (
	elementSize = 64
	entrySize   = 256
)

// measure says how many bytes a value takes. It stops counting above limit; what holds itself, or is nested deeper
// than a script can be, is above any limit.
func measure(v Value, limit int64) int64 {
	m := meter{left: limit}
	m.value(v, 0)
	return limit - m.left
}

type meter struct{ left int64 }

func (m *meter) value(v Value, depth int) {
	if m.left -= elementSize; depth > maxDepth {
		m.left = -1
	}
	switch r := v.ref.(type) {
	case string:
		m.left -= int64(len(r))
	case *File:
		m.left -= int64(len(r.Content) + len(r.Name) + len(r.Type))
	case *List:
		m.list(r, depth)
	case *Map:
		m.keyed(r, depth)
	case *braces:
		m.list(r.list, depth)
		m.keyed(r.keys, depth)
	case *Collection:
		m.list(r.list, depth)
		m.keyed(r.keys, depth)
	}
}

func (m *meter) list(l *List, depth int) {
	m.left -= elementSize
	for _, item := range elementsOf(l) {
		if m.left < 0 {
			return
		}
		m.value(item, depth+1)
	}
}

func (m *meter) keyed(k *Map, depth int) {
	if m.left -= elementSize; k == nil {
		return
	}
	for key, value := range k.All() {
		if m.left -= entrySize - 2*elementSize; m.left < 0 {
			return
		}
		m.value(key, depth+1)
		m.value(value, depth+1)
	}
}

// Empty is {}: as good a list as a map until a script decides.
func Empty() Value { return Value{kind: kindBraces, ref: &braces{}} }

// Collected is a list as an indexed collection and a map as a keyed one; anything else stays what it is.
func Collected(v Value) Value {
	switch r := v.ref.(type) {
	case *List:
		return Value{kind: KindCollection, ref: &Collection{list: r}}
	case *Map:
		return Value{kind: KindCollection, ref: &Collection{keys: r}}
	}
	return v
}

// JSONWithin is a value as compact JSON; false when that is longer than limit, in bytes.
func (v Value) JSONWithin(limit int) (string, bool) {
	w := printer{left: limit}
	w.json(v, 0)
	return w.String(), !w.full
}

// TextWithin is a value as info prints it; false when that is longer than limit, in bytes.
func (v Value) TextWithin(limit int) (string, bool) {
	if v.kind == KindText {
		return v.text(), len(v.text()) <= limit
	}
	w := printer{left: limit}
	w.value(v, 0)
	return w.String(), !w.full
}

// ParseDate reads a date in any form that a script reads one in, in UTC.
func ParseDate(text string) (Value, bool) {
	at, dayOnly, ok := readDate(text, time.UTC)
	return Date(at, dayOnly), ok
}
