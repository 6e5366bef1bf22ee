package script

import (
	"slices"
	"strings"
)

// containerFunctions work on lists and maps. Positions count from 0.
func containerFunctions() []builtin {
	list, keyed, col := on(KindList), on(KindMap), on(KindCollection)
	return slices.Concat(typedLists(), listFunctions(), mapFunctions(), []builtin{
		method(list|keyed|col, "size", "", "The number of elements or keys.", `info {1, 2}.size();`, "2", func(_ *calling, args []Value) (Value, error) {
			return Number(int64(size(args[0]))), nil
		}),
		asStatement(method(list|keyed|col, "clear", "", "Takes everything out.", `l = {1}; l.clear(); info l.size();`, "0", func(_ *calling, args []Value) (Value, error) {
			switch r := args[0].ref.(type) {
			case *List:
				r.items = nil
			case *Map:
				r.clear()
			case *Collection:
				*r = Collection{}
			case *braces:
				*r = braces{}
			}
			return Value{}, nil
		})),
		method(on(KindText), "contains", "text", "Whether the text stands in it.", `info "Zoho".contains("oh");`, "true", textContains(false)),
		method(on(KindText), "notContains", "text", "Whether the text does not stand in it.", `info "Zoho".notContains("x");`, "true", textContains(true)),
	})
}

func listFunctions() []builtin {
	return []builtin{
		asStatement(onList("add", "value", "Adds an element at the end.", `l = List(); l.add("z"); info l;`, "z", func(c *calling, l *List, args []Value) (Value, error) {
			return Value{}, c.addTo(l, args[1:])
		})),
		asStatement(onList("addAll", "list", "Adds all elements of another list.", `l = {1}; l.addAll({2, 3}); info l;`, "1,2,3", func(c *calling, l *List, args []Value) (Value, error) {
			more, err := c.listArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			return Value{}, c.addTo(l, more.items)
		})),
		onList("get", "index", "The element at a position.", `info {"a", "b"}.get(1);`, "b", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.indexArg(args, l)
			if err != nil {
				return Value{}, err
			}
			return l.items[i], nil
		}),
		onList("getAsString", "index", "The element at a position, as a text.", `info {7}.getAsString(0).length();`, "1", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.indexArg(args, l)
			if err != nil {
				return Value{}, err
			}
			s, err := c.show(c.Pos, l.items[i])
			return Text(s), err
		}),
		droppable(onList("remove", "index", "Takes the element at a position out, and gives it.", `l = {1, 2}; info l.remove(0);`, "1", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.indexArg(args, l)
			if err != nil {
				return Value{}, err
			}
			v := l.items[i]
			l.removeAt(i)
			return v, nil
		})),
		asStatement(onList("removeElement", "value", "Takes the first such element out.", `l = {1, 2, 1}; l.removeElement(1); info l;`, "2,1", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.find(l.items, args[1])
			if i >= 0 {
				l.removeAt(i)
			}
			return Value{}, err
		})),
		asStatement(onList("removeAll", "list", "Takes out what is in the other list.", `a = {1, 2, 3}; a.removeAll({3}); info a;`, "1,2", func(c *calling, l *List, args []Value) (Value, error) {
			in, err := c.setArg(args, 1)
			if err == nil {
				l.items, err = c.kept(l.items, func(k mapKey) bool { return !in[k] })
			}
			return Value{}, err
		})),
		onList("contains", "value", "Whether it is an element; a text is no number.", `info {1, "2"}.contains("1");`, "false", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.find(l.items, args[1])
			return Bool(i >= 0), err
		}),
		onList("notContains", "value", "Whether it is no element.", `info {1}.notContains(2);`, "true", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.find(l.items, args[1])
			return Bool(i < 0), err
		}),
		onList("indexOf", "value", "The first position of an element; -1 where it is none.", `info {"q", 7}.indexOf(7);`, "1", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.find(l.items, args[1])
			return Number(int64(i)), err
		}),
		onList("lastIndexOf", "value", "The last position of an element; -1 where it is none.", `info {1, 2, 1}.lastIndexOf(1);`, "2", func(c *calling, l *List, args []Value) (Value, error) {
			i, err := c.findLast(l.items, args[1])
			return Number(int64(i)), err
		}),
		onList("intersect", "list", "What is in both, in the order of the first.", `info {1, 2, 3}.intersect({3, 2});`, "2,3", func(c *calling, l *List, args []Value) (Value, error) {
			in, err := c.setArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			return c.listOfKept(l.items, func(k mapKey) bool { return in[k] })
		}),
		onList("distinct", "", "Each element once.", `info {3, 3, 1, 3}.distinct();`, "3,1", func(c *calling, l *List, _ []Value) (Value, error) {
			return c.listOfKept(l.items, once())
		}),
		droppable(onList("sort", "[ascending]", "In order, capitals before small letters; null where the elements are of several types.", `l = {3, 1, 2}; info l.sort();`, "1,2,3", func(c *calling, l *List, args []Value) (Value, error) {
			up, err := c.boolArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			sorted, err := sorted(c, l.items, up, func(v Value) Value { return v })
			if err != nil || sorted == nil {
				return Value{}, err
			}
			l.items = sorted
			return args[0], nil
		})),
		onList("subList", "from, [to]", "The elements from a position on, up to another one, which is not among them.", `info {1, 2, 3, 4}.subList(1, 3);`, "2,3", func(c *calling, l *List, args []Value) (Value, error) {
			from, to, err := c.rangeArgs(args, len(l.items))
			if err != nil {
				return Value{}, err
			}
			return c.newList(slices.Clone(l.items[from:to]))
		}),
	}
}

func mapFunctions() []builtin {
	return []builtin{
		{names: []string{"Map"}, about: "A new map.", example: `m = Map(); info m.size();`, prints: "0", do: func(c *calling, _ []Value) (Value, error) {
			return NewMap(), c.grow(c.Pos, valueSize)
		}},
		asStatement(onMap("put", "key, value", "Sets the value of a key.", `m = Map(); m.put("a", 1); info m;`, `{"a":1}`, func(c *calling, m *Map, args []Value) (Value, error) {
			if contains(args[1], m) || contains(args[2], m) {
				return c.fail("A map cannot hold itself")
			}
			return Value{}, c.put(m, args[1], args[2])
		})),
		asStatement(onMap("putAll", "map", "Sets all keys of another map.", `m = {"a": 1}; m.putAll({"b": 2}); info m.size();`, "2", func(c *calling, m *Map, args []Value) (Value, error) {
			more, err := c.mapArg(args, 1)
			switch {
			case err != nil || m == more:
				return Value{}, err
			case contains(args[1], m):
				return c.fail("A map cannot hold itself")
			}
			return Value{}, c.putAll(m, more)
		})),
		onMap("get", "key", "The value of a key; null where there is none.", `info {"a": 1}.get("a");`, "1", func(_ *calling, m *Map, args []Value) (Value, error) {
			return m.Get(args[1]), nil
		}),
		droppable(onMap("remove", "key", "Takes a key out, and gives its value.", `m = {"a": 1}; m.remove("a"); info m.size();`, "0", func(_ *calling, m *Map, args []Value) (Value, error) {
			return m.Remove(args[1]), nil
		})),
		onMap("keys", "", "All keys, as a list.", `info {"b": 1, "a": 2}.keys();`, "b,a", func(c *calling, m *Map, _ []Value) (Value, error) {
			return c.newList(m.keys())
		}),
		onMap("containKey containsKey", "key", "Whether there is the key.", `info {"Id": 1}.containKey("ID");`, "false", func(_ *calling, m *Map, args []Value) (Value, error) {
			return Bool(m.Has(args[1])), nil
		}),
		onMap("notContains", "key", "Whether there is no such key.", `info {"Id": 1}.notContains("ID");`, "true", func(_ *calling, m *Map, args []Value) (Value, error) {
			return Bool(!m.Has(args[1])), nil
		}),
		onMap("containValue containsValue", "value", "Whether a key has the value.", `info {"a": 1}.containValue(1);`, "true", func(c *calling, m *Map, args []Value) (Value, error) {
			i, err := c.find(m.values(), args[1])
			return Bool(i >= 0), err
		}),
	}
}

const maxAdded = 25_000 // elements that addAll and its like take at once

// addTo adds values at the end of a list, as its type wants them.
func (c *calling) addTo(l *List, more []Value) error {
	if len(more) > maxAdded {
		return failure(c.Pos, "At most %d elements are added at once", maxAdded)
	}
	if err := c.grow(c.Pos, int64(len(more))*valueSize); err != nil {
		return err
	}
	if contains(NewList(more...), l) {
		return failure(c.Pos, "A list cannot hold itself")
	}
	added := make([]Value, len(more)) // all or none
	for i, v := range more {
		if t, typed := elementTypes[l.of]; typed && v.kind != t.kind && !v.isNull() {
			converted, ok, err := t.convert(c, v)
			if err != nil {
				return err
			}
			if !ok {
				return c.wrong(v, t.kind.String(), 1)
			}
			v = converted
		}
		added[i] = v
	}
	l.items = append(l.items, added...)
	return nil
}

// put sets a key, counted.
func (c *calling) put(m *Map, key, value Value) error {
	if err := c.grow(c.Pos, 4*valueSize); err != nil {
		return err
	}
	if err := c.countKey(c.Pos, key); err != nil {
		return err
	}
	m.Put(key, value)
	return nil
}

// countKey counts what is kept of a list or map that is a key: the text that tells it apart from others.
func (r *run) countKey(at Pos, key Value) error {
	if size(key) > 0 {
		return r.grow(at, maxKey)
	}
	return nil
}

func (c *calling) putAll(m, more *Map) error {
	for key, value := range more.All() {
		if err := c.put(m, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (l *List) removeAt(i int) { l.items = slices.Delete(l.items, i, i+1) }

func (m *Map) keys() []Value {
	keys := make([]Value, 0, m.Len())
	for key := range m.All() {
		keys = append(keys, key)
	}
	return keys
}

func (m *Map) values() []Value {
	values := make([]Value, 0, m.Len())
	for _, value := range m.All() {
		values = append(values, value)
	}
	return values
}

// indexArg is a position in a list.
func (c *calling) indexArg(args []Value, l *List) (int, error) {
	i, err := c.numberArg(args, 1)
	if err == nil && (i < 0 || i >= len(l.items)) {
		err = failure(c.Pos, "Given index %d is greater than the list size", i)
	}
	return i, err
}

// rangeArgs are a position and, where it is given, the one behind the last.
func (c *calling) rangeArgs(args []Value, size int) (from, to int, err error) {
	to = size
	if len(args) > 1 {
		if from, err = c.numberArg(args, 1); err != nil {
			return 0, 0, err
		}
	}
	if len(args) > 2 {
		if to, err = c.numberArg(args, 2); err != nil {
			return 0, 0, err
		}
	}
	if from < 0 || to > size || from > to {
		return 0, 0, failure(c.Pos, "Given index %d is greater than the list size", max(from, to))
	}
	return from, to, nil
}

// setArg is a list as the set of its elements.
func (c *calling) setArg(args []Value, i int) (map[mapKey]bool, error) {
	l, err := c.listArg(args, i)
	if err != nil {
		return nil, err
	}
	in := make(map[mapKey]bool, len(l.items))
	for _, item := range l.items {
		if err := c.late(c.Pos); err != nil {
			return nil, err
		}
		if err := c.countKey(c.Pos, item); err != nil {
			return nil, err
		}
		in[item.key()] = true
	}
	return in, nil
}

// kept are the elements whose keys are to be kept.
func (c *calling) kept(items []Value, keep func(k mapKey) bool) ([]Value, error) {
	var list []Value
	for _, item := range items {
		if err := c.late(c.Pos); err != nil {
			return items, err
		}
		if err := c.countKey(c.Pos, item); err != nil {
			return items, err
		}
		if keep(item.key()) {
			list = append(list, item)
		}
	}
	return list, nil
}

func (c *calling) listOfKept(items []Value, keep func(k mapKey) bool) (Value, error) {
	list, err := c.kept(items, keep)
	if err != nil {
		return Value{}, err
	}
	return c.newList(list)
}

// once says of each key whether it is seen for the first time.
func once() func(k mapKey) bool {
	seen := map[mapKey]bool{}
	return func(k mapKey) bool {
		known := seen[k]
		seen[k] = true
		return !known
	}
}

// same is equal for elements: a text is no number.
func same(a, b Value) bool { return a.Kind() == b.Kind() && equal(a, b) }

// find gives the first position of a value, -1 where there is none.
func (c *calling) find(items []Value, v Value) (int, error) {
	for i := range items {
		if err := c.late(c.Pos); err != nil {
			return -1, err
		}
		if same(items[i], v) {
			return i, nil
		}
	}
	return -1, nil
}

func (c *calling) findLast(items []Value, v Value) (int, error) {
	for i := len(items) - 1; i >= 0; i-- {
		if err := c.late(c.Pos); err != nil {
			return -1, err
		}
		if same(items[i], v) {
			return i, nil
		}
	}
	return -1, nil
}

// sorted gives things in the order of what they are sorted by, equal ones as they were; nil where that has no order. It
// merges ever longer runs, and asks for the time between.
func sorted[T any](c *calling, things []T, up bool, by func(T) Value) ([]T, error) {
	for i := range things {
		if err := c.late(c.Pos); err != nil {
			return nil, err
		}
		if _, ok := compare(by(things[0]), by(things[i])); !ok {
			return nil, nil
		}
	}
	if err := c.grow(c.Pos, 2*int64(len(things))*valueSize); err != nil {
		return nil, err
	}
	from, to := append(make([]T, 0, len(things)), things...), make([]T, len(things))
	for width := 1; width < len(from); width *= 2 {
		for begin := 0; begin < len(from); begin += 2 * width {
			if err := c.late(c.Pos); err != nil {
				return nil, err
			}
			middle, end := min(begin+width, len(from)), min(begin+2*width, len(from))
			left, right := from[begin:middle], from[middle:end]
			for i := begin; i < end; i++ {
				if i&0x3f == 0x3f { // they can be long texts
					if err := c.late(c.Pos); err != nil {
						return nil, err
					}
				}
				takeLeft := len(right) == 0
				if len(left) > 0 && len(right) > 0 {
					order, _ := compare(by(left[0]), by(right[0]))
					takeLeft = up && order <= 0 || !up && order >= 0
				}
				if takeLeft {
					to[i], left = left[0], left[1:]
				} else {
					to[i], right = right[0], right[1:]
				}
			}
		}
		from, to = to, from
	}
	return from, nil
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
		for key, value := range keys.All() {
			if s.in(key, depth+1) || s.in(value, depth+1) {
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
