package script

import (
	"cmp"
	"math"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// collectionFunctions work on collections, which are either indexed or keyed, as they were first used.
func collectionFunctions() []builtin {
	col := on(KindCollection)
	return []builtin{
		{names: []string{"Collection"}, on: anyKind, min: 0, max: -1, takes: "[values]", about: "A new collection; of several values an indexed one, of a map a keyed one.", example: `c = Collection("a", "b"); info c.size();`, prints: "2", do: newCollection},
		{names: []string{"toCollection"}, on: on(KindList, KindMap), min: 1, max: 1, about: "A list as an indexed collection, a map as a keyed one.", example: `info {1, 2}.toCollection().size();`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			if m := args[0].keyed(); args[0].Kind() == KindMap && m != nil {
				return c.collected(keyedCopy(m))
			}
			l, err := c.listArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return c.collected(&Collection{list: &List{items: slices.Clone(l.items)}})
		}},
		{names: []string{"insert"}, on: col, min: 2, max: -1, takes: "values", result: nothing, about: "Adds values at the end of an indexed collection, or the keys of a map to a keyed one.", example: `c = Collection(); c.insert("a", "b"); info c;`, prints: "a,b", do: insert},
		{names: []string{"insertAll"}, on: col, min: 2, max: 2, takes: "collection", result: nothing, about: "Adds everything of another collection, list or map.", example: `c = Collection(1); c.insertAll({2, 3}); info c;`, prints: "1,2,3", do: insertAll},
		{names: []string{"update"}, on: col, min: 3, max: 3, takes: "key, value", result: nothing, about: "Sets the value at a position or of a key that is there.", example: `c = Collection("a", "b"); c.update(1, "z"); info c;`, prints: "a,z", do: func(c *calling, args []Value) (Value, error) {
			l, m, i, err := c.member(args)
			switch {
			case err != nil:
				return Value{}, err
			case contains(args[2], args[0].ref):
				return c.fail("A collection cannot hold itself")
			case m != nil && !m.Has(args[1]):
				return c.fail("The collection has no key %s", cut(args[1].String(), 30))
			case m != nil:
				m.Put(args[1], args[2])
			default:
				l.items[i] = args[2]
			}
			return Value{}, nil
		}},
		{names: []string{"get"}, on: col, min: 2, max: 2, takes: "key", about: "The value at a position, or of a key; null where there is no such key.", example: `info Collection("a", "b").get(1);`, prints: "b", do: func(c *calling, args []Value) (Value, error) {
			l, m, i, err := c.member(args)
			if err != nil {
				return Value{}, err
			}
			if m != nil {
				return m.Get(args[1]), nil
			}
			return l.items[i], nil
		}},
		{names: []string{"deleteKey"}, on: col, min: 2, max: 2, takes: "key", result: either, about: "Takes out what is at a position or has a key, and gives it.", example: `c = Collection("a", "b"); c.deleteKey(0); info c;`, prints: "b", do: func(c *calling, args []Value) (Value, error) {
			l, m, i, err := c.member(args)
			if err != nil {
				return Value{}, err
			}
			if m != nil {
				return m.Remove(args[1]), nil
			}
			v := l.items[i]
			l.items = slices.Delete(l.items, i, i+1)
			return v, nil
		}},
		{names: []string{"delete"}, on: col, min: 2, max: 2, takes: "value", result: nothing, about: "Takes the first such value out.", example: `c = Collection(1, 2, 1); c.delete(1); info c;`, prints: "2,1", do: func(_ *calling, args []Value) (Value, error) {
			switch col := args[0].collection(); {
			case col.list != nil:
				if i := col.list.index(args[1]); i >= 0 {
					col.list.items = slices.Delete(col.list.items, i, i+1)
				}
			case col.keys != nil:
				for key, value := range col.keys.All() {
					if same(value, args[1]) {
						col.keys.Remove(key)
						break
					}
				}
			}
			return Value{}, nil
		}},
		{names: []string{"getKey"}, on: col, min: 2, max: 2, takes: "value", about: "The position or key of a value; -1 for an element and null for a value that is not there.", example: `info Collection("a", "b").getKey("b");`, prints: "1", do: func(_ *calling, args []Value) (Value, error) {
			col := args[0].collection()
			if col.keys != nil {
				for key, value := range col.keys.All() {
					if same(value, args[1]) {
						return key, nil
					}
				}
				return Value{}, nil
			}
			if col.list == nil {
				return Number(-1), nil
			}
			return Number(int64(col.list.index(args[1]))), nil
		}},
		{names: []string{"keys"}, on: col, min: 1, max: 1, about: "All positions or keys, as a list.", example: `info Collection("a", "b").keys();`, prints: "0,1", do: func(c *calling, args []Value) (Value, error) {
			col, keys := args[0].collection(), []Value{}
			if col.keys != nil {
				for key := range col.keys.All() {
					keys = append(keys, key)
				}
			}
			for i := range size(args[0]) {
				if col.list != nil {
					keys = append(keys, Number(int64(i)))
				}
			}
			return c.newList(keys)
		}},
		{names: []string{"values"}, on: col, min: 1, max: 1, about: "All values, as a list.", example: `info Collection("a", "b").values();`, prints: "a,b", do: func(c *calling, args []Value) (Value, error) {
			values, err := c.elements(c.Pos, args[0])
			if err != nil {
				return Value{}, err
			}
			return c.newList(slices.Clone(values))
		}},
		{names: []string{"containsKey", "containKey"}, on: col, min: 2, max: 2, takes: "key", about: "Whether there is such a position or key.", example: `info Collection("a").containsKey(1);`, prints: "false", do: func(_ *calling, args []Value) (Value, error) {
			col := args[0].collection()
			if col.keys != nil {
				return Bool(col.keys.Has(args[1])), nil
			}
			return Bool(args[1].kind == KindNumber && args[1].n >= 0 && args[1].n < int64(size(args[0]))), nil
		}},
		{names: []string{"containsValue", "containValue"}, on: col, min: 2, max: 2, takes: "value", about: "Whether it is a value.", example: `info Collection("a").containsValue("a");`, prints: "true", do: func(c *calling, args []Value) (Value, error) {
			values, err := c.elements(c.Pos, args[0])
			return Bool(slices.ContainsFunc(values, func(v Value) bool { return same(v, args[1]) })), err
		}},
		{names: []string{"distinct"}, on: col, min: 1, max: 1, about: "Each value once, as an indexed collection.", example: `info Collection(3, 3, 1).distinct();`, prints: "3,1", do: func(c *calling, args []Value) (Value, error) {
			values, err := c.elements(c.Pos, args[0])
			if err != nil {
				return Value{}, err
			}
			seen := map[mapKey]bool{}
			var kept []Value
			for _, v := range values {
				if k := v.key(); !seen[k] {
					seen[k] = true
					kept = append(kept, v)
				}
			}
			return c.collected(&Collection{list: &List{items: kept}})
		}},
		{names: []string{"clear"}, on: col, min: 1, max: 1, result: nothing, about: "Takes everything out.", example: `c = Collection(1); c.clear(); info c.size();`, prints: "0", do: func(_ *calling, args []Value) (Value, error) {
			*args[0].collection() = Collection{}
			return Value{}, nil
		}},
	}
}

func (c *calling) collected(col *Collection) (Value, error) {
	v := Value{kind: KindCollection, ref: col}
	return v, c.grow(c.Pos, int64(size(v)+1)*4*valueSize)
}

func keyedCopy(m *Map) *Collection {
	k := &Map{}
	for key, value := range m.All() {
		k.Put(key, value)
	}
	return &Collection{keys: k}
}

func newCollection(c *calling, args []Value) (Value, error) {
	switch {
	case len(args) == 0:
		return c.collected(&Collection{})
	case len(args) == 1 && args[0].Kind() == KindMap:
		return c.collected(keyedCopy(args[0].keyed()))
	}
	return c.collected(&Collection{list: &List{items: slices.Clone(args)}})
}

func insert(c *calling, args []Value) (Value, error) {
	col := args[0].collection()
	if err := c.grow(c.Pos, int64(len(args))*4*valueSize); err != nil {
		return Value{}, err
	}
	for _, v := range args[1:] {
		m := v.keyed()
		switch {
		case contains(v, col):
			return c.fail("A collection cannot hold itself")
		case col.keys != nil && (v.Kind() != KindMap || m == nil):
			return c.fail("A keyed collection takes keys with their values")
		case col.keys != nil:
			for key, value := range m.All() {
				col.keys.Put(key, value)
			}
		default:
			if col.list == nil {
				col.list = &List{}
			}
			col.list.items = append(col.list.items, v)
		}
	}
	return Value{}, nil
}

func insertAll(c *calling, args []Value) (Value, error) {
	col, more := args[0].collection(), args[1]
	if contains(more, col) {
		return c.fail("A collection cannot hold itself")
	}
	if err := c.grow(c.Pos, int64(size(more))*4*valueSize); err != nil {
		return Value{}, err
	}
	keys := more.keyed()
	if other := more.collection(); other != nil {
		keys = other.keys
	}
	if keys != nil && !more.isEmptyBraces() && more.Kind() != KindList {
		if col.list != nil {
			return c.fail("An indexed collection takes no keys")
		}
		if col.keys == nil {
			col.keys = &Map{}
		}
		for key, value := range keys.All() {
			col.keys.Put(key, value)
		}
		return Value{}, nil
	}
	l, err := c.listArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if col.keys != nil {
		return c.fail("A keyed collection takes keys with their values")
	}
	if col.list == nil {
		col.list = &List{}
	}
	col.list.items = append(col.list.items, l.items...)
	return Value{}, nil
}

// member finds what a collection has at a position, or the map that has its keys.
func (c *calling) member(args []Value) (*List, *Map, int, error) {
	col := args[0].collection()
	if col.keys != nil {
		return nil, col.keys, 0, nil
	}
	i, err := c.numberArg(args, 1)
	if err != nil {
		return nil, nil, 0, err
	}
	if col.list == nil || i < 0 || i >= len(col.list.items) {
		return nil, nil, 0, failure(c.Pos, "Given index %d is greater than the list size", i)
	}
	return col.list, nil, i, nil
}

// statisticFunctions reckon with the numbers of a list.
func statisticFunctions() []builtin {
	numbers := func(c *calling, args []Value) ([]Value, error) {
		l, err := c.listArg(args, 0)
		if err != nil {
			return nil, err
		}
		if len(l.items) == 0 {
			return nil, failure(c.Pos, "The list has no elements")
		}
		for _, v := range l.items {
			if v.decimal() == nil {
				return nil, c.wrong(v, "NUMBER", 0)
			}
		}
		sorted := slices.Clone(l.items)
		slices.SortFunc(sorted, func(a, b Value) int { order, _ := compare(a, b); return order })
		return sorted, nil
	}
	of := func(name, about, example, prints string, do func(c *calling, sorted []Value) (Value, error)) builtin {
		return builtin{names: []string{name}, on: on(KindList), min: 1, max: 1, about: about, example: example, prints: prints, do: func(c *calling, args []Value) (Value, error) {
			sorted, err := numbers(c, args)
			if err != nil {
				return Value{}, err
			}
			return do(c, sorted)
		}}
	}
	nth := func(name, about, example, prints string, at func(k, n int) int) builtin {
		return builtin{names: []string{name}, on: on(KindList), min: 2, max: 2, takes: "number", about: about, example: example, prints: prints, do: func(c *calling, args []Value) (Value, error) {
			sorted, err := numbers(c, args)
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
		}}
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
		{names: []string{"rank"}, on: on(KindList), min: 2, max: 3, takes: `number, ["asc"]`, about: "The place of a number among the others, the greatest first; with asc the smallest first.", example: `info {3, 9, 1}.rank(3);`, prints: "2", do: func(c *calling, args []Value) (Value, error) {
			sorted, err := numbers(c, args)
			if err != nil {
				return Value{}, err
			}
			if len(args) < 3 {
				slices.Reverse(sorted)
			}
			i := slices.IndexFunc(sorted, func(v Value) bool { order, ok := compare(v, args[1]); return ok && cmp.Compare(order, 0) == 0 })
			if i < 0 {
				return c.fail("The number is not in the list")
			}
			return Number(int64(i + 1)), nil
		}},
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
