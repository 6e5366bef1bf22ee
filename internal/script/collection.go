package script

import (
	"math"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// collectionFunctions work on collections, which are either indexed or keyed, as they were first used.
func collectionFunctions() []builtin {
	return []builtin{
		{names: []string{"Collection"}, on: anyKind, max: -1, takes: "[values], or keys: values", about: "A new collection; of values an indexed one, of keys with their values or a map a keyed one.", example: `c = Collection("a": 1, "b": 2); info c.get("b");`, prints: "2", do: newCollection},
		method(on(KindList, KindMap), "toCollection", "", "A list as an indexed collection, a map as a keyed one.", `info {1, 2}.toCollection().size();`, "2", func(c *calling, args []Value) (Value, error) {
			switch {
			case args[0].isEmptyBraces():
				return newCollection(c, nil)
			case args[0].Kind() == KindMap:
				return newCollection(c, args)
			}
			return c.indexed(args[0].list().items)
		}),
		{names: []string{"insert"}, on: on(KindCollection), min: 2, max: -1, takes: "values, or keys: values", result: nothing, about: "Adds values at the end of an indexed collection, or keys with their values to a keyed one.", example: `c = Collection(); c.insert("a", "b"); info c;`, prints: "a,b", do: func(c *calling, args []Value) (Value, error) {
			return Value{}, c.insert(args[0].collection(), args[1:])
		}},
		asStatement(onCollection("insertAll", "collection", "Adds everything of another collection, list or map.", `c = Collection(1); c.insertAll({2, 3}); info c;`, "1,2,3", func(c *calling, col *Collection, args []Value) (Value, error) {
			if m := keysOf(args[1]); m != nil {
				return Value{}, c.insertKeys(col, m)
			}
			l, err := c.listArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			return Value{}, c.insertValues(col, l.items)
		})),
		asStatement(onCollection("update", "key, value", "Sets the value at a position or of a key that is there.", `c = Collection("a", "b"); c.update(1, "z"); info c;`, "a,z", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.memberArg(args, col)
			switch {
			case err != nil:
				return Value{}, err
			case contains(args[2], col):
				return c.fail("A collection cannot hold itself")
			case col.keys == nil:
				col.list.items[i] = args[2]
			case !col.keys.Has(args[1]):
				return c.fail("The collection has no key %s", cut(args[1].String(), 30))
			default:
				col.keys.Put(args[1], args[2])
			}
			return Value{}, nil
		})),
		onCollection("get", "key", "The value at a position, or of a key; null where there is no such key.", `info Collection("a", "b").get(1);`, "b", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.memberArg(args, col)
			switch {
			case err != nil:
				return Value{}, err
			case col.keys != nil:
				return col.keys.Get(args[1]), nil
			}
			return col.list.items[i], nil
		}),
		droppable(onCollection("deleteKey", "key", "Takes out what is at a position or has a key, and gives it.", `c = Collection("a", "b"); c.deleteKey(0); info c;`, "b", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.memberArg(args, col)
			switch {
			case err != nil:
				return Value{}, err
			case col.keys != nil:
				return col.keys.Remove(args[1]), nil
			}
			v := col.list.items[i]
			col.list.removeAt(i)
			return v, nil
		})),
		asStatement(onCollection("deleteKeys", "list", "Takes out what is at these positions or has these keys.", `c = Collection("a", "b", "c"); c.deleteKeys({0, 2}); info c;`, "b", func(c *calling, col *Collection, args []Value) (Value, error) {
			l, err := c.listArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			if col.keys != nil {
				for _, key := range l.items {
					if err := c.late(c.Pos); err != nil {
						return Value{}, err
					}
					col.keys.Remove(key)
				}
				return Value{}, nil
			}
			gone := map[int]bool{}
			for i := range l.items {
				at, err := c.memberArg([]Value{args[0], l.items[i]}, col)
				if err != nil {
					return Value{}, err
				}
				gone[at] = true
			}
			var kept []Value
			for i, v := range col.values() {
				if !gone[i] {
					kept = append(kept, v)
				}
			}
			if col.list != nil {
				col.list.items = kept
			}
			return Value{}, nil
		})),
		asStatement(onCollection("delete", "value", "Takes the first such value out.", `c = Collection(1, 2, 1); c.delete(1); info c;`, "2,1", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.find(col.values(), args[1])
			switch {
			case i < 0 || err != nil:
				return Value{}, err
			case col.keys != nil:
				col.keys.Remove(col.keys.keys()[i])
			default:
				col.list.removeAt(i)
			}
			return Value{}, nil
		})),
		asStatement(onCollection("deleteAll", "list", "Takes all values out that are in the list.", `c = Collection(1, 2, 1, 3); c.deleteAll({1, 3}); info c;`, "2", func(c *calling, col *Collection, args []Value) (Value, error) {
			in, err := c.setArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			values := col.values()
			if col.list != nil {
				col.list.items, err = c.kept(col.list.items, func(k mapKey) bool { return !in[k] })
				return Value{}, err
			}
			if col.keys != nil {
				for i, key := range col.keys.keys() {
					if err := c.late(c.Pos); err != nil {
						return Value{}, err
					}
					if in[values[i].key()] {
						col.keys.Remove(key)
					}
				}
			}
			return Value{}, nil
		})),
		onCollection("getKey", "value", "The position or key of a value; -1 for an element and null for a value that is not there.", `info Collection("a", "b").getKey("b");`, "1", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.find(col.values(), args[1])
			return col.keyAt(i), err
		}),
		onCollection("getLastKey", "value", "The last position or key of a value; -1 for an element and null for a value that is not there.", `info Collection("a": 5, "b": 2, "c": 5).getLastKey(5);`, "c", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.findLast(col.values(), args[1])
			return col.keyAt(i), err
		}),
		onCollection("keys", "", "All positions or keys, as a list.", `info Collection("a", "b").keys();`, "0,1", func(c *calling, col *Collection, args []Value) (Value, error) {
			if col.keys != nil {
				return c.newList(col.keys.keys())
			}
			positions := make([]Value, size(args[0]))
			for i := range positions {
				positions[i] = Number(int64(i))
			}
			return c.newList(positions)
		}),
		onCollection("values", "", "All values, as a list.", `info Collection("a", "b").values();`, "a,b", func(c *calling, col *Collection, _ []Value) (Value, error) {
			return c.newList(slices.Clone(col.values()))
		}),
		onCollection("containsKey containKey", "key", "Whether there is such a position or key.", `info Collection("a").containsKey(1);`, "false", func(_ *calling, col *Collection, args []Value) (Value, error) {
			if col.keys != nil {
				return Bool(col.keys.Has(args[1])), nil
			}
			return Bool(args[1].kind == KindNumber && args[1].n >= 0 && args[1].n < int64(size(args[0]))), nil
		}),
		onCollection("containsValue containValue", "value", "Whether it is a value.", `info Collection("a").containsValue("a");`, "true", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.find(col.values(), args[1])
			return Bool(i >= 0), err
		}),
		onCollection("notContains", "value", "Whether it is no value.", `info Collection("a").notContains("b");`, "true", func(c *calling, col *Collection, args []Value) (Value, error) {
			i, err := c.find(col.values(), args[1])
			return Bool(i < 0), err
		}),
		asStatement(onCollection("sort", "[ascending]", "Puts the values in order, capitals before small letters; keys go with theirs.", `c = Collection("a": 5, "b": 2); c.sort(); info c;`, `{"b":2,"a":5}`, func(c *calling, col *Collection, args []Value) (Value, error) {
			up, err := c.boolArg(args, 1)
			switch {
			case err != nil:
				return Value{}, err
			case col.keys != nil:
				return Value{}, c.sortMap(col.keys, up, func(e entry) Value { return e.value })
			case col.list == nil:
				return Value{}, nil
			}
			sorted, err := sorted(c, col.list.items, up, func(v Value) Value { return v })
			if err == nil && sorted != nil {
				col.list.items = sorted
			}
			return Value{}, err
		})),
		asStatement(onCollection("sortKey", "[ascending]", "Puts the keys of a keyed collection in order.", `c = Collection("b": 5, "a": 8); c.sortKey(); info c;`, `{"a":8,"b":5}`, func(c *calling, col *Collection, args []Value) (Value, error) {
			up, err := c.boolArg(args, 1)
			if err != nil || col.keys == nil {
				return Value{}, err
			}
			return Value{}, c.sortMap(col.keys, up, func(e entry) Value { return e.key })
		})),
		onCollection("distinct", "", "Each value once, as an indexed collection.", `info Collection(3, 3, 1).distinct();`, "3,1", func(c *calling, col *Collection, _ []Value) (Value, error) {
			kept, err := c.kept(col.values(), once())
			if err != nil {
				return Value{}, err
			}
			return c.indexed(kept)
		}),
		onCollection("duplicate", "[from], [to]", "A copy; of an indexed collection, where positions are given, from the first on up to the second, which is not among them.", `info Collection("a", "b", "c").duplicate(0, 2);`, "a,b", func(c *calling, col *Collection, args []Value) (Value, error) {
			if col.keys != nil {
				copied := &Collection{}
				return Value{kind: KindCollection, ref: copied}, c.insertKeys(copied, col.keys)
			}
			from, to, err := c.rangeArgs(args, len(col.values()))
			if err != nil {
				return Value{}, err
			}
			return c.indexed(slices.Clone(col.values()[from:to]))
		}),
		onCollection("intersect", "collection", "The values that are in both, in the order of the first, as an indexed collection.", `info Collection("a", "b").intersect({"b", "c"});`, "b", func(c *calling, col *Collection, args []Value) (Value, error) {
			other := args[1:2]
			if m := keysOf(args[1]); m != nil {
				other = []Value{NewList(m.values()...)}
			}
			in, err := c.setArg(other, 0)
			if err != nil {
				return Value{}, err
			}
			kept, err := c.kept(col.values(), func(k mapKey) bool { return in[k] })
			if err != nil {
				return Value{}, err
			}
			return c.indexed(kept)
		}),
	}
}

const maxCollection = 50_000 // elements

// values are those of either kind, in their order; not to be written to.
func (col *Collection) values() []Value {
	switch {
	case col.keys != nil:
		return col.keys.values()
	case col.list != nil:
		return col.list.items
	}
	return nil
}

// keyAt is the position or key of the value that is found at a place; -1 or null for none.
func (col *Collection) keyAt(i int) Value {
	switch {
	case col.keys == nil:
		return Number(int64(i))
	case i < 0:
		return Value{}
	}
	return col.keys.keys()[i]
}

// keysOf is the map of a map or keyed collection; nil for anything else.
func keysOf(v Value) *Map {
	if col := v.collection(); col != nil {
		return col.keys
	}
	if v.Kind() == KindMap {
		return v.keyed()
	}
	return nil
}

// newCollection makes a collection of its arguments: of one map a keyed one.
func newCollection(c *calling, args []Value) (Value, error) {
	col := &Collection{}
	v := Value{kind: KindCollection, ref: col}
	if err := c.grow(c.Pos, valueSize); err != nil || len(args) == 0 {
		return v, err
	}
	if m := keysOf(args[0]); m != nil && len(args) == 1 {
		return v, c.insertKeys(col, m)
	}
	return v, c.insertValues(col, args)
}

func (c *calling) indexed(values []Value) (Value, error) {
	col := &Collection{}
	return Value{kind: KindCollection, ref: col}, c.insertValues(col, values)
}

// insert adds arguments: the keys of maps to a keyed collection, anything to an indexed one.
func (c *calling) insert(col *Collection, args []Value) error {
	if !c.pairs && col.keys == nil {
		return c.insertValues(col, args)
	}
	for _, v := range args {
		m := keysOf(v)
		if m == nil {
			return failure(c.Pos, "A keyed collection takes keys with their values")
		}
		if err := c.insertKeys(col, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *calling) insertValues(col *Collection, values []Value) error {
	switch {
	case col.keys != nil:
		return failure(c.Pos, "A keyed collection takes keys with their values")
	case len(values)+len(col.values()) > maxCollection:
		return c.tooMany()
	case contains(NewList(values...), col):
		return failure(c.Pos, "A collection cannot hold itself")
	}
	if col.list == nil {
		col.list = &List{}
	}
	col.list.items = append(col.list.items, values...)
	return c.grow(c.Pos, int64(len(values)+1)*valueSize)
}

func (c *calling) insertKeys(col *Collection, m *Map) error {
	switch {
	case col.list != nil && len(col.list.items) > 0:
		return failure(c.Pos, "An indexed collection takes no keys")
	case col.keys == m:
		return nil
	case m.Len()+len(col.values()) > maxCollection:
		return c.tooMany()
	case contains(Value{kind: KindMap, ref: m}, col):
		return failure(c.Pos, "A collection cannot hold itself")
	}
	if col.keys == nil {
		col.list, col.keys = nil, &Map{}
	}
	return c.putAll(col.keys, m)
}

func (c *calling) tooMany() error {
	return failure(c.Pos, "A collection has at most %d elements", maxCollection)
}

// memberArg is the position of what get, update and deleteKey mean in an indexed collection; in a keyed one it says
// nothing.
func (c *calling) memberArg(args []Value, col *Collection) (int, error) {
	switch {
	case col.keys != nil:
		return 0, nil
	case col.list == nil:
		return c.indexArg(args, &List{})
	}
	return c.indexArg(args, col.list)
}

// sortMap puts entries in order; where they have none, they stay as they are.
func (c *calling) sortMap(m *Map, up bool, by func(e entry) Value) error {
	entries := make([]entry, 0, m.Len())
	for key, value := range m.All() {
		entries = append(entries, entry{key: key, value: value})
	}
	entries, err := sorted(c, entries, up, by)
	if err != nil || entries == nil {
		return err
	}
	m.clear()
	for _, e := range entries {
		m.Put(e.key, e.value)
	}
	return nil
}

// statisticFunctions reckon with the numbers of a list.
func statisticFunctions() []builtin {
	numbers := func(c *calling, l *List) ([]Value, error) {
		if len(l.items) == 0 {
			return nil, failure(c.Pos, "The list has no elements")
		}
		for _, v := range l.items {
			if v.decimal() == nil {
				return nil, c.wrong(v, "NUMBER", 0)
			}
		}
		return sorted(c, l.items, true, func(v Value) Value { return v })
	}
	of := func(name, about, example, prints string, do func(c *calling, sorted []Value) (Value, error)) builtin {
		return onList(name, "", about, example, prints, func(c *calling, l *List, _ []Value) (Value, error) {
			sorted, err := numbers(c, l)
			if err != nil {
				return Value{}, err
			}
			return do(c, sorted)
		})
	}
	nth := func(name, about, example, prints string, at func(k, n int) int) builtin {
		return onList(name, "number", about, example, prints, func(c *calling, l *List, args []Value) (Value, error) {
			sorted, err := numbers(c, l)
			if err != nil {
				return Value{}, err
			}
			k, err := c.numberArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			i := at(k, len(sorted))
			if i < 0 || i >= len(sorted) {
				return c.fail("Given index %d is greater than the list size", k)
			}
			return sorted[i], nil
		})
	}
	return []builtin{
		of("largest", "The greatest number.", `info {3, 9, 1}.largest();`, "9", func(_ *calling, s []Value) (Value, error) { return s[len(s)-1], nil }),
		of("smallest", "The smallest number.", `info {3, 9, 1}.smallest();`, "1", func(_ *calling, s []Value) (Value, error) { return s[0], nil }),
		of("median", "The number in the middle, or what lies between the two there.", `info {3, 9, 1}.median();`, "3", func(c *calling, s []Value) (Value, error) {
			n := len(s)
			if n%2 == 1 {
				return s[n/2], nil
			}
			return mean(c, s[n/2-1:n/2+1])
		}),
		of("average", "The sum, divided by the number of elements.", `info {1, 2}.average();`, "1.5", mean),
		nth("nthLargest", "The first, second, … greatest number.", `info {3, 9, 1}.nthLargest(2);`, "3", func(k, n int) int { return n - k }),
		nth("nthSmallest", "The first, second, … smallest number.", `info {3, 9, 1}.nthSmallest(1);`, "1", func(k, _ int) int { return k - 1 }),
		nth("percentile", "The number that so many of a hundred are not greater than.", `info {10, 20, 30, 40}.percentile(50);`, "20", func(k, n int) int {
			return max(int(math.Ceil(float64(k)*float64(n)/100)), 1) - 1
		}),
		onList("rank", `number, ["asc"]`, "The place of a number among the others, the greatest first; with asc the smallest first.", `info {3, 9, 1}.rank(3);`, "2", func(c *calling, l *List, args []Value) (Value, error) {
			sorted, err := numbers(c, l)
			if err != nil {
				return Value{}, err
			}
			if len(args) < 3 {
				slices.Reverse(sorted)
			}
			i, err := c.find(sorted, args[1])
			if i < 0 && err == nil {
				return c.fail("The number is not in the list")
			}
			return Number(int64(i + 1)), err
		}),
	}
}

func mean(c *calling, list []Value) (Value, error) {
	var sum, d apd.Decimal
	for _, v := range list {
		if _, err := decimals.Add(&sum, &sum, v.decimal()); err != nil {
			return c.fail("The sum has more digits than a number can have")
		}
	}
	if _, err := decimals.Quo(&d, &sum, apd.New(int64(len(list)), 0)); err != nil {
		return c.fail("The average has more digits than a number can have")
	}
	return plain(&d), nil
}
