package script

import (
	"strconv"
	"strings"
	"time"
)

// elementTypes are those that a list can be bound to: List:Int() takes whole numbers, and texts that are one.
var elementTypes = map[string]struct {
	kind    Kind
	convert func(c *calling, v Value) (Value, bool, error)
}{
	"string": {KindText, func(c *calling, v Value) (Value, bool, error) {
		s, err := c.show(c.Pos, v)
		return Text(s), true, err
	}},
	"int": {KindNumber, func(_ *calling, v Value) (Value, bool, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(v.text()), 10, 64)
		return Number(n), v.kind == KindText && err == nil, nil
	}},
	"float": {KindDecimal, func(_ *calling, v Value) (Value, bool, error) {
		switch v.kind {
		case KindNumber:
			return v, true, nil
		case KindDate:
			return Number(v.date().at.UnixMilli()), true, nil
		case KindText:
			d, ok := numeric(v.text())
			return Decimal(d), ok, nil
		}
		return v, false, nil
	}},
	"date": {KindDate, func(c *calling, v Value) (Value, bool, error) {
		switch v.kind {
		case KindNumber:
			d, err := c.newDate(time.UnixMilli(v.n).In(c.Zone), false)
			return d, true, err
		case KindText:
			at, dayOnly, ok := readDate(v.text(), c.Zone)
			return Date(at, dayOnly), ok, nil
		}
		return v, false, nil
	}},
	"bool": {KindBool, func(_ *calling, v Value) (Value, bool, error) {
		yes := strings.EqualFold(v.text(), "true")
		return Bool(yes), yes || strings.EqualFold(v.text(), "false"), nil
	}},
}

// typedLists are List() and List:String(), List:Int() and so on, whose elements are converted or refused.
func typedLists() []builtin {
	list := []builtin{{names: []string{"List"}, on: on(KindText), max: 1, takes: "[texts]", about: "A new list; of a text, what stands between its commas.", example: `info List("m,n").size();`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
		if len(args) == 0 {
			return c.newList(nil)
		}
		return c.split(args[0].text(), ",")
	}}}
	for _, t := range []struct{ name, about, example, prints string }{
		{"String", "A new list of texts: what is added becomes one.", `l = List:String(); l.add(1); info l.get(0).length();`, "1"},
		{"Int", "A new list of whole numbers: texts that are one become it, anything else is refused.", `l = List:Int(); l.add("7"); info l.get(0) + 1;`, "8"},
		{"Float", "A new list of numbers: texts that are one become it, dates become their milliseconds since 1970, anything else is refused.", `l = List:Float(); l.add('01-Jan-2019'); info l;`, "1546300800000"},
		{"Date", "A new list of dates: texts that are one and milliseconds since 1970 become it, anything else is refused.", `l = List:Date(); l.add("17-Jan-2018"); info l.get(0).getYear();`, "2018"},
		{"Bool", "A new list of true and false: texts that say so become it, anything else is refused.", `l = List:Bool(); l.add("True"); info l;`, "true"},
	} {
		list = append(list, builtin{names: []string{"List:" + t.name}, about: t.about, example: t.example, prints: t.prints, do: func(c *calling, _ []Value) (Value, error) {
			return Value{kind: KindList, ref: &List{of: strings.ToLower(t.name)}}, c.grow(c.Pos, valueSize)
		}})
	}
	return list
}
