package script

import (
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// commonFunctions work on anything: what it is, and what else it can be.
func commonFunctions() []builtin {
	is := func(names []string, about, example, prints string, do func(v Value) Value) builtin {
		return builtin{names: names, on: anyKind, min: 1, max: 1, about: about, example: example, prints: prints, do: func(_ *calling, args []Value) (Value, error) { return do(args[0]), nil }}
	}
	return []builtin{
		is([]string{"isNull"}, "Whether it is null or an empty text.", `info isNull(null);`, "true", func(v Value) Value {
			return Bool(v.isNull() || v.kind == KindText && v.text() == "")
		}),
		is([]string{"isBlank"}, "Whether it is a text of nothing but blanks, or empty.", `info " ".isBlank();`, "true", func(v Value) Value {
			switch v.Kind() {
			case KindText:
				return Bool(strings.TrimSpace(v.text()) == "")
			case KindList, KindMap, KindCollection:
				return Bool(size(v) == 0)
			}
			return Bool(false)
		}),
		is([]string{"isEmpty"}, "Whether it has no elements, or nothing but blanks; null for null and an empty text.", `info {}.isEmpty();`, "true", func(v Value) Value {
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
		is([]string{"isValidObject"}, "Whether it is neither null nor empty.", `info "".isValidObject();`, "false", func(v Value) Value {
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
		is([]string{"isNumber"}, "Whether it is a number, or a text that is one; null for lists and maps.", `info "1x".isNumber();`, "false", func(v Value) Value {
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
		is([]string{"isText"}, "Whether it is a text that is no number; null for lists and maps.", `info isText("123");`, "false", func(v Value) Value {
			switch v.Kind() {
			case KindText:
				_, ok := numeric(v.text())
				return Bool(!ok)
			case KindList, KindMap, KindCollection:
				return Value{}
			}
			return Bool(false)
		}),
		is([]string{"isFile"}, "Whether it is a file.", `info isFile("a");`, "false", func(v Value) Value { return Bool(v.kind == KindFile) }),
		{names: []string{"equals"}, on: anyKind, min: 2, max: 2, takes: "value", about: "Whether both are the same; of different types they never are.", example: `info "1".equals(1);`, prints: "false", do: func(_ *calling, args []Value) (Value, error) {
			return Bool(same(args[0], args[1])), nil
		}},
		{names: []string{"toString", "toText"}, on: anyKind, min: 1, max: 1, about: "As a text: maps and collections in JSON, everything else as it is printed.", example: `info {"a": {1, 2}}.toString();`, prints: `{"a":[1,2]}`, do: func(c *calling, args []Value) (Value, error) {
			switch args[0].Kind() {
			case KindMap, KindCollection:
				s, err := c.json(c.Pos, args[0])
				return Text(s), err
			}
			s, err := c.show(c.Pos, args[0])
			return Text(s), err
		}},
		{names: []string{"toLong", "toNumber"}, on: on(KindNumber, KindDecimal, KindText, KindDate), min: 1, max: 1, about: "As a whole number, without what stands behind the point; of a date the milliseconds since 1970.", example: `info "42".toLong() + 1;`, prints: "43", do: func(c *calling, args []Value) (Value, error) {
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
		}},
		{names: []string{"toDecimal"}, on: on(KindNumber, KindDecimal, KindText), min: 1, max: 1, about: "As a number with a point.", example: `info "3.5".toDecimal() + 1;`, prints: "4.5", do: func(c *calling, args []Value) (Value, error) {
			if args[0].kind != KindText {
				return Decimal(args[0].decimal()), nil
			}
			d, ok := numeric(args[0].text())
			if !ok {
				return c.fail("'%s' is no number", cut(args[0].text(), 30))
			}
			return Decimal(d), nil
		}},
		{names: []string{"text"}, on: on(KindNumber, KindDecimal, KindText), min: 2, max: 2, takes: "pattern", about: "A number by a pattern: 0 is a digit, # one that is left out where it is not needed.", example: `info 1234567.text("##,###");`, prints: "1,234,567", do: func(c *calling, args []Value) (Value, error) {
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
		}},
		{names: []string{"toMap"}, on: on(KindText, KindMap), min: 1, max: 1, about: "A JSON object as a map. Keys and texts may stand without quotes.", example: `info "{company:Zoho}".toMap().get("company");`, prints: "Zoho", do: func(c *calling, args []Value) (Value, error) {
			if args[0].Kind() == KindMap {
				return args[0], nil
			}
			v, err := c.parseLenient(args[0].text())
			if err == nil && v.Kind() != KindMap {
				return c.fail("%s", errJSON)
			}
			return v, err
		}},
		{names: []string{"toList"}, on: on(KindList, KindCollection), min: 1, max: 1, about: "The values of a collection as a list; a list as it is.", example: `info Collection("a", "b").toList();`, prints: "a,b", do: func(c *calling, args []Value) (Value, error) {
			if args[0].Kind() == KindList {
				return args[0], nil
			}
			values, err := c.elements(c.Pos, args[0])
			if err != nil {
				return Value{}, err
			}
			return c.newList(slices.Clone(values))
		}},
		{names: []string{"toJSONList"}, on: on(KindText, KindList), min: 1, max: 1, about: "A JSON array as a list.", example: `info "[4,9]".toJSONList().size();`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			if args[0].Kind() == KindList {
				return args[0], nil
			}
			v, err := c.parseLenient(args[0].text())
			if err == nil && v.Kind() != KindList {
				return c.fail("%s", errJSON)
			}
			return v, err
		}},
		{names: []string{"getJSON"}, on: on(KindText, KindMap), min: 2, max: 2, takes: "key", about: "What a JSON object has under a key; null where there is no such key.", example: `info "{\"a\":1}".getJSON("a");`, prints: "1", do: func(c *calling, args []Value) (Value, error) {
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
		}},
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
