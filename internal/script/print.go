package script

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
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
	w := printer{}
	w.value(v, 0)
	return w.String()
}

func (d *date) String() string {
	if d.dayOnly {
		return d.at.Format(dayLayout)
	}
	return d.at.Format(momentLayout)
}

// decimalText never has an exponent.
func decimalText(v Value) string { return v.decimal().Text('f') }

// printer writes lists and maps, within a limit that who made it sets.
type printer struct {
	strings.Builder
}

const tooDeep = "…"

// value writes a value as it is printed: the elements of a list by commas.
func (w *printer) value(v Value, depth int) {
	if depth > maxDepth {
		w.WriteString(tooDeep)
		return
	}
	switch v.Kind() {
	case KindList:
		for i, item := range v.list().items {
			if i > 0 {
				w.WriteByte(',')
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
		w.WriteString(v.String())
	}
}

// json writes a value as compact JSON; keys are texts.
func (w *printer) json(v Value, depth int) {
	if depth > maxDepth {
		w.quoted(tooDeep)
		return
	}
	switch v.Kind() {
	case KindNull, KindBool, KindNumber, KindDecimal:
		w.WriteString(v.String())
	case KindMap:
		w.WriteByte('{')
		first := true
		for key, value := range v.keyed().All() {
			if !first {
				w.WriteByte(',')
			}
			first = false
			w.quoted(key.String())
			w.WriteByte(':')
			w.json(value, depth+1)
		}
		w.WriteByte('}')
	case KindList:
		if v.isEmptyBraces() {
			w.WriteString("{}")
			return
		}
		w.WriteByte('[')
		for i, item := range v.list().items {
			if i > 0 {
				w.WriteByte(',')
			}
			w.json(item, depth+1)
		}
		w.WriteByte(']')
	case KindCollection:
		if c := v.collection(); c.list != nil {
			w.json(Value{kind: KindList, ref: c.list}, depth)
		} else if c.keys != nil {
			w.json(Value{kind: KindMap, ref: c.keys}, depth)
		} else {
			w.WriteString("{}")
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
	if e.Encode(s) == nil {
		w.WriteString(strings.TrimSuffix(b.String(), "\n"))
	}
}

// JSON is a value as compact JSON.
func (v Value) JSON() string {
	w := printer{}
	w.json(v, 0)
	return w.String()
}

// The forms in which a date stands in single quotes; the account's own is the usual one.
var literalLayouts = []string{momentLayout, dayLayout, "2006-01-02 15:04:05", "2006-01-02", "2006-01-02T15:04:05Z07:00", "02/01/2006 15:04:05", "02/01/2006", "02-01-2006", "02 Jan 2006", "Jan 2, 2006"}

// parseDateLiteral reads a date in single quotes.
func parseDateLiteral(text string) (Value, bool) {
	for _, layout := range literalLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return Date(at, !strings.Contains(layout, "15:04")), true
		}
	}
	return Value{}, false
}
