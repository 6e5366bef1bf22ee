package script

import (
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// commonFunctions work on anything: what it is, and what else it can be.
func commonFunctions() []builtin {
	is := func(name, about, example, prints string, do func(v Value) Value) builtin {
		return method(anyKind, name, "", about, example, prints, func(_ *calling, args []Value) (Value, error) { return do(args[0]), nil })
	}
	return []builtin{
		is("isNull", "Whether it is null or an empty text.", `info isNull(null);`, "true", func(v Value) Value {
			return Bool(v.isNull() || v.kind == KindText && v.text() == "")
		}),
		is("isBlank", "Whether it is a text of nothing but blanks, or empty.", `info " ".isBlank();`, "true", func(v Value) Value {
			switch v.Kind() {
			case KindText:
				return Bool(strings.TrimSpace(v.text()) == "")
			case KindList, KindMap, KindCollection:
				return Bool(size(v) == 0)
			}
			return Bool(false)
		}),
		is("isEmpty", "Whether it has no elements, or nothing but blanks; null for null and an empty text.", `info {}.isEmpty();`, "true", func(v Value) Value {
			switch v.Kind() {
			case KindNull:
				return Value{}
			case KindText:
				if v.text() == "" {
					return Value{}
				}
				return Bool(strings.TrimSpace(v.text()) == "")
			case KindList, KindMap, KindCollection:
				return Bool(size(v) == 0)
			}
			return Bool(false)
		}),
		is("isValidObject", "Whether it is neither null nor empty.", `info "".isValidObject();`, "false", func(v Value) Value {
			switch v.Kind() {
			case KindNull:
				return Bool(false)
			case KindText:
				return Bool(v.text() != "")
			case KindList, KindMap, KindCollection:
				return Bool(size(v) > 0)
			}
			return Bool(true)
		}),
		is("isNumber", "Whether it is a number, or a text that is one; null for lists and maps.", `info "1x".isNumber();`, "false", func(v Value) Value {
			switch v.Kind() {
			case KindNumber, KindDecimal:
				return Bool(true)
			case KindText:
				_, ok := numeric(v.text())
				return Bool(ok)
			case KindList, KindMap, KindCollection:
				return Value{}
			}
			return Bool(false)
		}),
		is("isText", "Whether it is a text that is no number; null for lists and maps.", `info isText("123");`, "false", func(v Value) Value {
			switch v.Kind() {
			case KindText:
				_, ok := numeric(v.text())
				return Bool(!ok)
			case KindList, KindMap, KindCollection:
				return Value{}
			}
			return Bool(false)
		}),
		method(anyKind, "equals", "value", "Whether both are the same; of different types they never are.", `info "1".equals(1);`, "false", func(_ *calling, args []Value) (Value, error) {
			return Bool(same(args[0], args[1])), nil
		}),
		method(anyKind, "toString toText", "", "As a text: maps and collections in JSON, everything else as it is printed.", `info {"a": {1, 2}}.toString();`, `{"a":[1,2]}`, func(c *calling, args []Value) (Value, error) {
			switch args[0].Kind() {
			case KindMap, KindCollection:
				s, err := c.json(c.Pos, args[0])
				return Text(s), err
			}
			s, err := c.show(c.Pos, args[0])
			return Text(s), err
		}),
		method(on(KindNumber, KindDecimal, KindText, KindDate), "toLong toNumber", "", "As a whole number, without what stands behind the point; of a date the milliseconds since 1970.", `info "42".toLong() + 1;`, "43", func(c *calling, args []Value) (Value, error) {
			v := args[0]
			switch v.kind {
			case KindText:
				d, ok := numeric(v.text())
				if !ok {
					return c.fail("'%s' is no number", cut(v.text(), 30))
				}
				v = Decimal(d)
			case KindDate:
				return Number(v.date().at.UnixMilli()), nil
			}
			if v = rounded(v, 0, apd.RoundDown); v.kind != KindNumber {
				return c.fail("%s does not fit: a whole number lies between -9223372036854775808 and 9223372036854775807", cut(v.String(), 30))
			}
			return v, nil
		}),
		method(on(KindNumber, KindDecimal, KindText), "toDecimal", "", "As a number with a point.", `info "3.5".toDecimal() + 1;`, "4.5", func(c *calling, args []Value) (Value, error) {
			if args[0].kind != KindText {
				return Decimal(args[0].decimal()), nil
			}
			d, ok := numeric(args[0].text())
			if !ok {
				return c.fail("'%s' is no number", cut(args[0].text(), 30))
			}
			return Decimal(d), nil
		}),
		method(on(KindNumber, KindDecimal, KindText), "text", "pattern", "A number by a pattern: 0 is a digit, # one that is left out where it is not needed.", `info 1234567.text("##,###");`, "1,234,567", func(c *calling, args []Value) (Value, error) {
			pattern, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			v := args[0]
			if v.kind == KindText {
				d, ok := numeric(v.text())
				if !ok {
					return c.fail("'%s' is no number", cut(v.text(), 30))
				}
				v = Decimal(d)
			}
			if len(pattern) > 100 {
				return c.fail("A pattern has at most 100 letters")
			}
			return c.newText(formatted(v, pattern))
		}),
		method(on(KindText, KindMap), "toMap", "", "A JSON object as a map. Keys and texts may stand without quotes.", `info "{company:Zoho}".toMap().get("company");`, "Zoho", func(c *calling, args []Value) (Value, error) {
			if args[0].Kind() == KindMap {
				return args[0], nil
			}
			v, err := c.parseLenient(args[0].text())
			if err == nil && v.Kind() != KindMap {
				return c.fail("%s", errJSON)
			}
			return v, err
		}),
		method(on(KindList, KindCollection), "toList", "", "The values of a collection as a list; a list as it is.", `info Collection("a", "b").toList();`, "a,b", func(c *calling, args []Value) (Value, error) {
			if args[0].Kind() == KindList {
				return args[0], nil
			}
			values, err := c.elements(c.Pos, args[0])
			if err != nil {
				return Value{}, err
			}
			return c.newList(slices.Clone(values))
		}),
		method(on(KindText, KindList), "toJSONList", "", "A JSON array as a list.", `info "[4,9]".toJSONList().size();`, "2", func(c *calling, args []Value) (Value, error) {
			if args[0].Kind() == KindList {
				return args[0], nil
			}
			v, err := c.parseLenient(args[0].text())
			if err == nil && v.Kind() != KindList {
				return c.fail("%s", errJSON)
			}
			return v, err
		}),
		method(on(KindText, KindMap), "getJSON", "key", "What a JSON object has under a key; null where there is no such key.", `info "{\"a\":1}".getJSON("a");`, "1", func(c *calling, args []Value) (Value, error) {
			v := args[0]
			if v.kind == KindText {
				var err error
				if v, err = c.parseLenient(v.text()); err != nil {
					return Value{}, err
				}
			}
			m := v.keyed()
			if m == nil {
				return Value{}, nil
			}
			return m.Get(args[1]), nil
		}),
	}
}

// numeric reads a text that is a number.
func numeric(s string) (*apd.Decimal, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 100 || strings.Trim(s, "0123456789.+-") != "" {
		return nil, false
	}
	d, _, err := apd.NewFromString(s)
	return d, err == nil && d.Form == apd.Finite
}
