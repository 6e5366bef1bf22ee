package script

import (
	"slices"
	"strings"
)

// containerFunctions work on lists and maps. Positions count from 0.
func containerFunctions() []builtin {
	list, keyed, col := on(KindList), on(KindMap), on(KindCollection)
	return []builtin{
		{names: []string{"List"}, on: on(KindText), min: 0, max: 1, takes: "[texts]", about: "A new list; of a text, what stands between its commas.", example: `info List("m,n").size();`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			if len(args) == 0 {
				return c.newList(nil)
			}
			return c.split(args[0].text(), ",")
		}},
		{names: []string{"Map"}, min: 0, max: 0, about: "A new map.", example: `m = Map(); info m.size();`, prints: "0", do: func(c *calling, _ []Value) (Value, error) {
			return NewMap(), c.grow(c.Pos, valueSize)
		}},
		{names: []string{"add"}, on: list, min: 2, max: 2, takes: "value", result: nothing, about: "Adds an element at the end.", example: `l = List(); l.add("z"); info l;`, prints: "z", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err == nil {
				err = c.grow(c.Pos, valueSize)
			}
			if err != nil {
				return Value{}, err
			}
			if contains(args[1], l) {
				return c.fail("A list cannot hold itself")
			}
			l.items = append(l.items, args[1])
			return Value{}, nil
		}},
		{names: []string{"addAll"}, on: list, min: 2, max: 2, takes: "list", result: nothing, about: "Adds all elements of another list.", example: `l = {1}; l.addAll({2, 3}); info l;`, prints: "1,2,3", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			more, err := c.listArg(args, 1)
			if err == nil {
				err = c.grow(c.Pos, int64(len(more.items))*valueSize)
			}
			if err != nil {
				return Value{}, err
			}
			l.items = append(l.items, more.items...)
			return Value{}, nil
		}},
		{names: []string{"get"}, on: list, min: 2, max: 2, takes: "index", about: "The element at a position.", example: `info {"a", "b"}.get(1);`, prints: "b", do: func(c *calling, args []Value) (Value, error) {
			l, i, err := c.at(args)
			if err != nil {
				return Value{}, err
			}
			return l.items[i], nil
		}},
		{names: []string{"get"}, on: keyed, min: 2, max: 2, takes: "key", about: "The value of a key; null where there is none.", example: `info {"a": 1}.get("a");`, prints: "1", do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return m.Get(args[1]), nil
		}},
		{names: []string{"remove"}, on: list, min: 2, max: 2, takes: "index", result: either, about: "Takes the element at a position out, and gives it.", example: `l = {1, 2}; info l.remove(0);`, prints: "1", do: func(c *calling, args []Value) (Value, error) {
			l, i, err := c.at(args)
			if err != nil {
				return Value{}, err
			}
			v := l.items[i]
			l.items = slices.Delete(l.items, i, i+1)
			return v, nil
		}},
		{names: []string{"removeElement"}, on: list, min: 2, max: 2, takes: "value", result: nothing, about: "Takes the first such element out.", example: `l = {1, 2, 1}; l.removeElement(1); info l;`, prints: "2,1", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			if i := l.index(args[1]); i >= 0 {
				l.items = slices.Delete(l.items, i, i+1)
			}
			return Value{}, nil
		}},
		{names: []string{"removeAll"}, on: list, min: 2, max: 2, takes: "list", result: nothing, about: "Takes out what is in the other list.", example: `a = {1, 2, 3}; a.removeAll({3}); info a;`, prints: "1,2", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			other, err := c.listArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			in := other.set()
			l.items = slices.DeleteFunc(l.items, func(v Value) bool { return in[v.key()] })
			return Value{}, nil
		}},
		{names: []string{"contains"}, on: list, min: 2, max: 2, takes: "value", about: "Whether it is an element; a text is no number.", example: `info {1, "2"}.contains("1");`, prints: "false", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return Bool(l.index(args[1]) >= 0), nil
		}},
		{names: []string{"contains"}, on: on(KindText), min: 2, max: 2, takes: "text", about: "Whether the text stands in it.", example: `info "Zoho".contains("oh");`, prints: "true", do: textContains(false)},
		{names: []string{"notContains"}, on: on(KindText), min: 2, max: 2, takes: "text", about: "Whether the text does not stand in it.", example: `info "Zoho".notContains("x");`, prints: "true", do: textContains(true)},
		{names: []string{"notContains"}, on: list, min: 2, max: 2, takes: "value", about: "Whether it is no element.", example: `info {1}.notContains(2);`, prints: "true", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return Bool(l.index(args[1]) < 0), nil
		}},
		{names: []string{"indexOf"}, on: list, min: 2, max: 2, takes: "value", about: "The first position of an element; -1 where it is none.", example: `info {"q", 7}.indexOf(7);`, prints: "1", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return Number(int64(l.index(args[1]))), nil
		}},
		{names: []string{"lastIndexOf"}, on: list, min: 2, max: 2, takes: "value", about: "The last position of an element; -1 where it is none.", example: `info {1, 2, 1}.lastIndexOf(1);`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			for i := len(l.items) - 1; i >= 0; i-- {
				if same(l.items[i], args[1]) {
					return Number(int64(i)), nil
				}
			}
			return Number(-1), nil
		}},
		{names: []string{"intersect"}, on: list, min: 2, max: 2, takes: "list", about: "What is in both, in the order of the first.", example: `info {1, 2, 3}.intersect({3, 2});`, prints: "2,3", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			other, err := c.listArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			in := other.set()
			return c.newList(slices.DeleteFunc(slices.Clone(l.items), func(v Value) bool { return !in[v.key()] }))
		}},
		{names: []string{"distinct"}, on: list, min: 1, max: 1, about: "Each element once.", example: `info {3, 3, 1, 3}.distinct();`, prints: "3,1", do: func(c *calling, args []Value) (Value, error) {
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			seen := map[mapKey]bool{}
			return c.newList(slices.DeleteFunc(slices.Clone(l.items), func(v Value) bool {
				k := v.key()
				known := seen[k]
				seen[k] = true
				return known
			}))
		}},
		{names: []string{"size"}, on: list | keyed | col, min: 1, max: 1, about: "The number of elements or keys.", example: `info {1, 2}.size();`, prints: "2", do: func(_ *calling, args []Value) (Value, error) {
			return Number(int64(size(args[0]))), nil
		}},
		{names: []string{"sort"}, on: list, min: 1, max: 2, takes: "[ascending]", result: either, about: "In order, capitals before small letters; null where the elements are of several types.", example: `l = {3, 1, 2}; info l.sort();`, prints: "1,2,3", do: sortList},
		{names: []string{"subList"}, on: list, min: 2, max: 3, takes: "from, [to]", about: "The elements from a position on, up to another one, which is not among them.", example: `info {1, 2, 3, 4}.subList(1, 3);`, prints: "2,3", do: subList},
		{names: []string{"clear"}, on: list | keyed, min: 1, max: 1, result: nothing, about: "Takes everything out.", example: `l = {1}; l.clear(); info l.size();`, prints: "0", do: func(_ *calling, args []Value) (Value, error) {
			switch args[0].Kind() {
			case KindMap:
				args[0].keyed().clear()
			default:
				if l := args[0].list(); l != nil && !args[0].isEmptyBraces() {
					l.items = nil
				}
			}
			return Value{}, nil
		}},
		{names: []string{"put"}, on: keyed, min: 3, max: 3, takes: "key, value", result: nothing, about: "Sets the value of a key.", example: `m = Map(); m.put("a", 1); info m;`, prints: `{"a":1}`, do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err == nil {
				err = c.grow(c.Pos, 4*valueSize)
			}
			if err != nil {
				return Value{}, err
			}
			if contains(args[2], m) {
				return c.fail("A map cannot hold itself")
			}
			m.Put(args[1], args[2])
			return Value{}, nil
		}},
		{names: []string{"putAll"}, on: keyed, min: 2, max: 2, takes: "map", result: nothing, about: "Sets all keys of another map.", example: `m = {"a": 1}; m.putAll({"b": 2}); info m.size();`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			more, err := c.mapArg(args, 1)
			if err == nil {
				err = c.grow(c.Pos, int64(more.Len())*4*valueSize)
			}
			if err != nil || m == more {
				return Value{}, err
			}
			for key, value := range more.All() {
				m.Put(key, value)
			}
			return Value{}, nil
		}},
		{names: []string{"remove"}, on: keyed, min: 2, max: 2, takes: "key", result: either, about: "Takes a key out, and gives its value.", example: `m = {"a": 1}; m.remove("a"); info m.size();`, prints: "0", do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return m.Remove(args[1]), nil
		}},
		{names: []string{"keys"}, on: keyed, min: 1, max: 1, about: "All keys, as a list.", example: `info {"b": 1, "a": 2}.keys();`, prints: "b,a", do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			var keys []Value
			for key := range m.All() {
				keys = append(keys, key)
			}
			return c.newList(keys)
		}},
		{names: []string{"containKey", "containsKey"}, on: keyed, min: 2, max: 2, takes: "key", about: "Whether there is the key.", example: `info {"Id": 1}.containKey("ID");`, prints: "false", do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return Bool(m.Has(args[1])), nil
		}},
		{names: []string{"containValue", "containsValue"}, on: keyed, min: 2, max: 2, takes: "value", about: "Whether a key has the value.", example: `info {"a": 1}.containValue(1);`, prints: "true", do: func(c *calling, args []Value) (Value, error) {
			m, err := c.mapArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			for _, value := range m.All() {
				if same(value, args[1]) {
					return Bool(true), nil
				}
			}
			return Bool(false), nil
		}},
	}
}

// at finds the list and the position of get and remove.
func (c *calling) at(args []Value) (*List, int, error) {
	l, err := c.listArg(args, 0)
	if err != nil {
		return nil, 0, err
	}
	i, err := c.numberArg(args, 1)
	if err != nil {
		return nil, 0, err
	}
	if i < 0 || i >= len(l.items) {
		return nil, 0, failure(c.Pos, "Given index %d is greater than the list size", i)
	}
	return l, i, nil
}

// same is equal for elements: a text is no number.
func same(a, b Value) bool { return a.Kind() == b.Kind() && equal(a, b) }

func (l *List) index(v Value) int {
	return slices.IndexFunc(l.items, func(item Value) bool { return same(item, v) })
}

func (l *List) set() map[mapKey]bool {
	in := make(map[mapKey]bool, len(l.items))
	for _, item := range l.items {
		in[item.key()] = true
	}
	return in
}

// contains reports whether a value is, or holds somewhere, a list or map: one that held itself could never be printed.
// What is nested too deep, or holds too much, is taken for such a one.
func contains(v Value, holder any) bool {
	s := search{holder, maxCompared}
	return s.in(v, 0)
}

type search struct {
	holder any
	left   int
}

func (s *search) in(v Value, depth int) bool {
	if s.left--; s.left < 0 || depth > maxDepth {
		return true
	}
	switch r := v.ref.(type) {
	case *List:
		return s.inside(r, r, nil, depth)
	case *Map:
		return s.inside(r, nil, r, depth)
	case *Collection:
		return s.inside(r, r.list, r.keys, depth)
	case *braces:
		return s.inside(r, r.list, r.keys, depth)
	}
	return false
}

func (s *search) inside(self any, list *List, keys *Map, depth int) bool {
	if self == s.holder || any(list) == s.holder && list != nil || any(keys) == s.holder && keys != nil {
		return true
	}
	if list != nil && slices.ContainsFunc(list.items, func(item Value) bool { return s.in(item, depth+1) }) {
		return true
	}
	if keys != nil {
		for _, value := range keys.All() {
			if s.in(value, depth+1) {
				return true
			}
		}
	}
	return false
}

func textContains(not bool) func(c *calling, args []Value) (Value, error) {
	return func(c *calling, args []Value) (Value, error) {
		t, err := c.textArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		return Bool(strings.Contains(args[0].text(), t) != not), nil
	}
}

func sortList(c *calling, args []Value) (Value, error) {
	l, err := c.listArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	for _, item := range l.items {
		if _, ok := compare(l.items[0], item); !ok {
			return Value{}, nil
		}
	}
	slices.SortStableFunc(l.items, func(a, b Value) int {
		order, _ := compare(a, b)
		return order
	})
	if len(args) == 2 && args[1].kind == KindBool && !args[1].bool() {
		slices.Reverse(l.items)
	}
	return args[0], nil
}

func subList(c *calling, args []Value) (Value, error) {
	l, err := c.listArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	from, err := c.numberArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	to := len(l.items)
	if len(args) == 3 {
		if to, err = c.numberArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	if from < 0 || to > len(l.items) || from > to {
		return c.fail("Given index %d is greater than the list size", max(from, to))
	}
	return c.newList(slices.Clone(l.items[from:to]))
}
