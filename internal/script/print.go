package script

import (
	"encoding/json"
	"strconv"
	"strings"
)

// defaultDate is how a moment is shown; see Run.dates for the account's own.
const (
	dayLayout    = "02-Jan-2006"
	momentLayout = "02-Jan-2006 15:04:05"
)

// String is a value as info prints it and as it stands in a text: lists with commas between and no brackets, maps as
// JSON in the order of their keys.
func (v Value) String() string {
	switch v.Kind() {
	case KindNull:
		return "null"
	case KindBool:
		return strconv.FormatBool(v.bool())
	case KindNumber:
		return strconv.FormatInt(v.n, 10)
	case KindDecimal:
		return decimalText(v)
	case KindText:
		return v.text()
	case KindDate:
		return v.date().String()
	case KindFile:
		return v.file().Name
	case KindException:
		return v.ref.(*Error).shown()
	}
	w := printer{left: maxShown}
	w.value(v, 0)
	return w.shown()
}

// maxShown bounds what is written of a list or map outside of a run, in bytes: a few that hold each other in several
// places can be endless to print.
const maxShown = 1 << 20

// show is a value as it is printed, counted against the memory of the run.
func (r *run) show(at Pos, v Value) (string, error) { return r.written(at, v, (*printer).value) }

// json is a value as compact JSON, counted against the memory of the run.
func (r *run) json(at Pos, v Value) (string, error) { return r.written(at, v, (*printer).json) }

func (r *run) written(at Pos, v Value, write func(w *printer, v Value, depth int)) (string, error) {
	w := printer{left: int(min(max(r.Limits.Memory-r.memory, 0), 1<<30)), over: r.over}
	write(&w, v, 0)
	if err := r.late(at); err != nil {
		return "", err
	}
	if w.full {
		return "", r.grow(at, r.Limits.Memory+1)
	}
	return w.String(), r.grow(at, int64(w.Len()))
}

func (d *date) String() string {
	if d.dayOnly {
		return d.at.Format(dayLayout)
	}
	return d.at.Format(momentLayout)
}

// decimalText has no exponent, and no sign at a zero.
func decimalText(v Value) string {
	if v.decimal().IsZero() {
		return strings.TrimPrefix(v.decimal().Text('f'), "-")
	}
	return v.decimal().Text('f')
}

// printer writes lists and maps, within a limit.
type printer struct {
	strings.Builder
	left  int         // bytes that there is room for
	full  bool        // there was no room for more, or no time
	over  func() bool // of a run, whose end ends the writing; nil outside of one
	steps int
}

const tooDeep = "…"

func (w *printer) put(s string) {
	if w.steps++; w.steps&0xfff == 0 && w.over != nil && w.over() {
		w.full = true
	}
	if len(s) > w.left {
		w.full = true
		return
	}
	w.left -= len(s)
	w.WriteString(s)
}

// shown is what was written, with a sign at its end that there was more.
func (w *printer) shown() string {
	if w.full {
		return w.String() + tooDeep
	}
	return w.String()
}

// value writes a value as it is printed: the elements of a list by commas.
func (w *printer) value(v Value, depth int) {
	if w.full {
		return
	}
	if depth > maxDepth {
		w.put(tooDeep)
		return
	}
	switch v.Kind() {
	case KindList:
		for i, item := range v.list().items {
			if w.full {
				return
			}
			if i > 0 {
				w.put(",")
			}
			w.value(item, depth+1)
		}
	case KindMap:
		w.json(v, depth)
	case KindCollection:
		c := v.collection()
		switch {
		case c.keys != nil:
			w.json(Value{kind: KindMap, ref: c.keys}, depth)
		case c.list != nil:
			w.value(Value{kind: KindList, ref: c.list}, depth)
		}
	default:
		w.put(v.String())
	}
}

// json writes a value as compact JSON; keys are texts.
func (w *printer) json(v Value, depth int) {
	if w.full {
		return
	}
	if depth > maxDepth {
		w.quoted(tooDeep)
		return
	}
	switch v.Kind() {
	case KindNull, KindBool, KindNumber, KindDecimal:
		w.put(v.String())
	case KindMap:
		w.put("{")
		first := true
		for key, value := range v.keyed().All() {
			if w.full {
				return
			}
			if !first {
				w.put(",")
			}
			first = false
			w.quoted(key.String())
			w.put(":")
			w.json(value, depth+1)
		}
		w.put("}")
	case KindList:
		if v.isEmptyBraces() {
			w.put("{}")
			return
		}
		w.put("[")
		for i, item := range v.list().items {
			if w.full {
				return
			}
			if i > 0 {
				w.put(",")
			}
			w.json(item, depth+1)
		}
		w.put("]")
	case KindCollection:
		if c := v.collection(); c.list != nil {
			w.json(Value{kind: KindList, ref: c.list}, depth)
		} else if c.keys != nil {
			w.json(Value{kind: KindMap, ref: c.keys}, depth)
		} else {
			w.put("{}")
		}
	default:
		w.quoted(v.String())
	}
}

// quoted writes a text as JSON does.
func (w *printer) quoted(s string) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) //nolint:errchkjson // a text always encodes
	w.put(strings.TrimSuffix(b.String(), "\n"))
}

// JSON is a value as compact JSON.
func (v Value) JSON() string {
	w := printer{left: maxShown}
	w.json(v, 0)
	return w.shown()
}
