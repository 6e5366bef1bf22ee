package script

import (
	"context"
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the package may import, and what it may ask of the time. Nothing here opens a file, a socket or a process, reads
// the environment, or looks into Go itself.
var (
	allowedImports = []string{
		"archive/zip", "bytes", "cmp", "context", "crypto/aes", "crypto/cipher", "crypto/hmac", "crypto/md5", "crypto/pbkdf2", "crypto/rand", "crypto/sha1", "crypto/sha256", "crypto/sha512",
		"encoding/base64", "encoding/csv", "encoding/hex", "encoding/json", "encoding/xml", "errors", "fmt", "hash", "html", "io", "io/fs", "iter", "maps", "math", "math/big", "math/rand/v2", "net/url", "path", "regexp", "regexp/syntax",
		"slices", "sort", "strconv", "strings", "sync", "time", "unicode", "unicode/utf16", "unicode/utf8",
		"github.com/antchfx/xpath", "github.com/cockroachdb/apd/v3", "golang.org/x/text/encoding/htmlindex",
	}
	allowedOf = map[string][]string{
		// LoadLocation reads the zone that a script names, and refuses names that lead elsewhere.
		"time": {"Now", "Since", "LoadLocation"},
		"fs":   {"ValidPath"},
		"url":  {"QueryEscape", "QueryUnescape", "PathEscape", "PathUnescape"},
	}
	// These of package time only reckon, or are its types and constants.
	harmlessTime = []string{
		"Time", "Duration", "Location", "Month", "Weekday", "UTC", "Date", "Unix", "UnixMilli", "Parse", "ParseInLocation", "FixedZone",
		"Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour", "January", "February", "December", "Sunday", "Monday", "Saturday", "RFC3339", "RFC1123", "RFC1123Z", "RFC822", "RFC822Z", "RFC850", "UnixDate", "ANSIC", "DateOnly", "DateTime", "TimeOnly",
	}
)

func TestO05_ThePackageReachesNothing(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := goparser.ParseFile(gotoken.NewFileSet(), name, nil, goparser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if path, err := strconv.Unquote(i.Path.Value); err != nil || !slices.Contains(allowedImports, path) {
				t.Errorf("%s imports %s", name, path)
			}
			if i.Name != nil {
				t.Errorf("%s imports %s under another name", name, i.Path.Value)
			}
		}
		for _, group := range f.Comments {
			if strings.Contains(group.Text(), "go:linkname") {
				t.Errorf("%s reaches into another package", name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts something that goes on behind a run", name)
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if !ok || x.Obj != nil {
					break
				}
				what := n.Sel.Name
				if allowed, limited := allowedOf[x.Name]; limited && !slices.Contains(allowed, what) && (x.Name != "time" || !slices.Contains(harmlessTime, what)) {
					t.Errorf("%s uses %s.%s", name, x.Name, what)
				}
			}
			return true
		})
	}
}

// noHost is told of what scripts must not reach.
type noHost struct{ t *testing.T }

func (h noHost) Call(_ context.Context, c *HostCall) (Value, error) {
	h.t.Errorf("a function called the world outside: %s", c.Name)
	return Value{}, nil
}

// Each function, with its example and with anything at all, asks nobody but its arguments: only a few know the time.
func TestO05_FunctionsReachNothing(t *testing.T) {
	knowTime := []string{"now", "zoho.currenttime", "today", "zoho.currentdate"}
	const mark = "mark-of-the-environment"
	t.Setenv("LANYARD_MARK", mark)
	file := filepath.Join(t.TempDir(), "mark")
	if err := os.WriteFile(file, []byte(mark), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := false
	settings := Settings{Host: noHost{t}, Zone: time.UTC, Now: func() time.Time { asked = true; return time.UnixMilli(1_700_000_000_000) }}
	settings.Limits.fill()
	shared := rand.New(rand.NewPCG(1, 2))
	anything := func() Value {
		values := []Value{
			{}, Bool(true), Number(0), Number(-1), Number(3), Number(1 << 62), Text(""), Text("LANYARD_MARK"), Text("$LANYARD_MARK"), Text(file), Text("file://" + file), Text("../../../.." + file), Text("http://127.0.0.1/"),
			Text("01-Jan-2018"), Text(`{"a":[1]}`), Text("<!DOCTYPE a [<!ENTITY x SYSTEM \"" + file + "\">]><a>&x;</a>"), Text("document('" + file + "')"), NewList(), NewList(Number(1), Text("a")), NewMap(), NewFile(&File{Name: "a.txt", Content: []byte("x")}),
			{kind: kindBraces, ref: &braces{}}, {kind: KindCollection, ref: &Collection{}}, Date(time.UnixMilli(0).UTC(), true), fromFloat(2.5), {kind: KindException, ref: &Error{Message: "x"}},
		}
		return values[shared.IntN(len(values))]
	}
	for _, g := range groups() {
		for i := range g.functions {
			b := &g.functions[i]
			name := b.names[0]
			var outputs []string
			for range 2 {
				asked = false
				s, err := Parse(b.example)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := s.Run(t.Context(), settings)
				outputs = append(outputs, fmt.Sprint(got.Output))
				if asked != (strings.Contains(b.example, "now.") || strings.Contains(b.example, "today.") || slices.Contains(knowTime, name)) {
					t.Errorf("%s: the time was asked: %t", name, asked)
				}
			}
			if outputs[0] != outputs[1] {
				t.Errorf("%s is different each time: %q", name, outputs)
			}
			for range 60 {
				most := b.max
				if most < 0 {
					most = b.min + 3
				}
				args := make([]Value, b.min+shared.IntN(most-b.min+1))
				for j := range args {
					args[j] = anything()
				}
				if len(args) > 0 && b.on&(1<<args[0].Kind()) == 0 {
					continue
				}
				asked = false
				r := &run{Settings: settings, ctx: t.Context(), started: time.Now()}
				v, err := b.do(&calling{run: r, Pos: Pos{1, 1}, name: name}, args)
				if strings.Contains(fmt.Sprint(v, err), mark) {
					t.Errorf("%s(%v) gave what a script must not see", name, args)
				}
				if f, ok := v.AsFile(); ok && strings.Contains(string(f.Content), mark) {
					t.Errorf("%s(%v) gave a file that a script must not see", name, args)
				}
				if asked && !slices.Contains(knowTime, name) {
					t.Errorf("%s(%v) asked the time", name, args)
				}
			}
		}
	}
}

// O09: nothing goes over from one run to another, one after the other or at once: literals are as they were written.
func TestO09_NoStateBetweenRuns(t *testing.T) {
	s, err := Parse(`
		l = {1}; l.add(2); info l;
		m = {"a": {1}, "b": {"c": 1}}; m.get("a").add(3); m.get("b").put("d", 4); info m;
		e = {}; e.put("x", 1); info e;
		e = {}; e.add("x"); info e;
		c = Collection(1, 2); c.insert(3); info c;
		d = List(); d.add("y"); info d;
		t = "a,b".toList(","); t.remove(0); info t;
		for each i in {1, 2} { n = {i}; n.add(i); info n; }
		j = "{\"a\":[1]}".toMap(); j.get("a").add(2); info j;
		f = "x".toFile("a.txt"); f.setFileName("b.txt"); info f;
		info "a1b2".replaceAll("[0-9]", "-");
		try { x = 1 / 0; } catch (e) { info e.message; }
		info "<a><b/></a>".executeXPath("/a/b");`)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Run(t.Context(), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				got, err := s.Run(t.Context(), Settings{})
				if err != nil || !slices.Equal(got.Output, first.Output) || got.Statements != first.Statements {
					t.Errorf("printed %q, %v; the first run printed %q", got.Output, err, first.Output)
				}
			}
		})
	}
	all.Wait()
}

// O12: what is too large, divided by nothing, or hardly a number has a defined result, the same on all machines.
func TestO12_DefinedResults(t *testing.T) {
	const most, least = "9223372036854775807", "-9223372036854775808"
	for source, want := range map[string]string{
		most + " + 1":                      "9223372036854775808",
		"0 - " + most + " - 1":             least,
		"(0 - " + most + " - 1) / (0 - 1)": "9223372036854775808",
		"(0 - " + most + " - 1) % (0 - 1)": "0",
		"(0 - " + most + " - 2)":           "-9223372036854775809",
		most + " * " + most:                "85070591730234615847396907784232500000", // 34 digits of it,
		"-(0 - " + most + " - 1)":          "9223372036854775808",
		"(0 - " + most + " - 1).abs()":     "9223372036854775808",
		"1 / 3":                            "0." + strings.Repeat("3", 34),
		"2 / 3":                            "0." + strings.Repeat("6", 33) + "7",
		"0.1 + 0.2":                        "0.3",
		"0.1 + 0.2 == 0.3":                 "true",
		"-7 % 3":                           "-1",
		"7 % -3":                           "1",
		"0 * -1.5":                         "0.0",
		"-0.0 == 0":                        "true",
		`"9223372036854775808".toLong()`:   "!9223372036854775808 does not fit: a whole number lies between -9223372036854775808 and 9223372036854775807",
		`"` + least + `".toLong()`:         least,
		`"-0.9".toLong()`:                  "0",
		`"".toLong()`:                      "!'' is no number",
		`"12ab".toLong()`:                  "!'12ab' is no number",
		`"1e5".isNumber()`:                 "false",
		`"NaN".isNumber()`:                 "false",
		`"Infinity".isNumber()`:            "false",
		`"0x10".isNumber()`:                "false",
		`"1_000".isNumber()`:               "false",
		`"١".isNumber()`:                   "false",
		`"1.2.3".isNumber()`:               "false",
		`"--1".isNumber()`:                 "false",
		`"-.5".toDecimal()`:                "-0.5",
		`"1".repeat(101).isNumber()`:       "false",
		"1 / 0":                            "!Error in performing the Operation / : Divide by zero error",
		"1 % 0":                            "!Error in performing the Operation % : Divide by zero error",
		"1.5 / 0.0":                        "!Error in performing the Operation / : Divide by zero error",
		"(0 - 1).sqrt()":                   "null",
		`"29-Feb-2019".isDate()`:           "false",
		`"29-Feb-2020".isDate()`:           "true",
		`"".isDate()`:                      "false",
		`'17-Jan-2018 09:05:07'.toString("HH:mm Z", "Local")`:               "09:05 +0000",
		`'17-Jan-2018 09:05:07'.toString("HH:mm Z", "../../etc/localtime")`: "09:05 +0000",
		`"x".toDate()`: "!UnParsable date",
		`{"a".repeat(100000): 1}.get("a".repeat(100000))`: "1",
		`{1: "a", "1": "b", true: "c", null: "d"}.size()`: "4",
		`{1: "a", "1": "b"}.get("1")`:                     "b",
		`{1.50: "a"}.get(1.5)`:                            "a",
		`{0.0: "a"}.get(-0.0)`:                            "a",
		`{{1, 2}: "a"}.get({1, 2})`:                       "a",
		`"{\"a\":1e400}".toMap().get("a") > 1`:            "true",
	} {
		got, err := ran(t, "info "+source+";", Limits{})
		if want, ok := strings.CutPrefix(want, "!"); ok {
			if err == nil || err.Error() != "Error at line : 1, "+want {
				t.Errorf("%s: printed %s, %v, want the error %s", cut(source, 60), got, err, want)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%s is %s, %v, want %s", cut(source, 60), got, err, want)
		}
	}
}

// What a host gives to a script counts against the memory of the run, wherever in it it stands.
func TestWhatTheHostGivesIsCounted(t *testing.T) {
	deep := Number(1)
	for range maxDepth + 5 {
		deep = NewList(deep)
	}
	shared := NewList(Number(1))
	for range 60 {
		shared = NewList(shared, shared)
	}
	big := NewMap()
	big.keyed().Put(Text("a"), NewList(Text(strings.Repeat("x", 2<<20))))
	for name, v := range map[string]Value{
		"a text": Text(strings.Repeat("x", 2<<20)), "a map": big, "a file": NewFile(&File{Content: make([]byte, 2<<20)}), "many elements": NewList(slices.Repeat([]Value{Number(1)}, 100_000)...), "what is held twice": shared, "what is nested": deep,
	} {
		s, err := Parse("x = zoho.any.thing(1); info \"on\";")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(t.Context(), Settings{Host: answers{v}, Limits: Limits{Memory: 1 << 20}})
		if err == nil || !strings.Contains(err.Error(), "its values take more than 1 MiB") || len(got.Output) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// answers answers each call with its value.
type answers struct{ v Value }

func (g answers) Call(context.Context, *HostCall) (Value, error) { return g.v, nil }

// A host sees each value as what it is, and {} as an empty list or map, as it likes.
func TestViews(t *testing.T) {
	s, err := Parse(`return {"t": "x", "n": 5, "d": 2.0, "half": 2.5, "b": true, "l": {1, 2}, "m": {"k": 1}, "e": {}, "c": Collection("a"), "f": "x".toFile("a.txt"), "day": '17-Jan-2018', "z": null};`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(t.Context(), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	m, ok := got.Value.AsMap()
	if !ok {
		t.Fatal("no map")
	}
	views := map[string]string{}
	for key, v := range m.All() {
		var as []string
		if s, ok := v.AsText(); ok {
			as = append(as, "text "+s)
		}
		if n, ok := v.AsNumber(); ok {
			as = append(as, fmt.Sprint("number ", n))
		}
		if b, ok := v.AsBool(); ok {
			as = append(as, fmt.Sprint("bool ", b))
		}
		if l, ok := v.AsList(); ok {
			as = append(as, fmt.Sprint("list ", len(l)))
		}
		if m, ok := v.AsMap(); ok {
			as = append(as, fmt.Sprint("map ", m.Len()))
		}
		if f, ok := v.AsFile(); ok {
			as = append(as, "file "+f.Name)
		}
		if d, ok := v.AsDate(); ok {
			as = append(as, "date "+d.Format(time.DateOnly))
		}
		views[key.String()] = strings.Join(as, ", ")
	}
	want := map[string]string{"t": "text x", "n": "number 5", "d": "number 2", "half": "", "b": "bool true", "l": "list 2", "m": "map 1", "e": "list 0, map 0", "c": "list 1", "f": "file a.txt", "day": "date 2018-01-17", "z": ""}
	if !maps.Equal(views, want) {
		t.Errorf("got  %v\nwant %v", views, want)
	}
}

// O02: a list or map as a key is a text from then on. It can neither hold its own map, nor be printed for ever.
func TestO02_KeysThatHoldTheirMap(t *testing.T) {
	for source, want := range map[string]string{
		`m = Map(); try { m.put({m}, 1); m.put(m, 2); } catch (e) { info "no"; } info m.toString().length() < 10000;`:        "true|no\ntrue",
		`l = {1}; m = {l: "a"}; l.add(2); info m.get({1}) + m.get(l); info m;`:                                               "anull\n{\"1\":\"a\"}",
		`x = {"a": 1}; n = "x".leftpad(40).toList(" "); for each i in n { x = {x: x}; } info x.toString().length() > 40;`:    "true",
		`x = {"a": 1}; n = "x".leftpad(40).toList(" "); for each i in n { x = {x, x}; } info {x: 1, {x}: 2}.size();`:         "2",
		`x = {"a": 1}; n = "x".leftpad(40).toList(" "); for each i in n { x = {x, x}; } info {x, x, {x}}.distinct().size();`: "2",
		`l = {1, 2, 3}; for each i in l { l.remove(0); info i; }`:                                                            "1\n2\n3",
	} {
		began := time.Now()
		if got, err := ran(t, source, Limits{Memory: 8 << 20, Time: 5 * time.Second}); err != nil && !strings.Contains(err.Error(), "8 MiB") || err == nil && !slices.Contains(strings.Split(want, "|"), got) {
			t.Errorf("%s: printed %q, %v, want %q", source, cut(got, 100), err, want)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", source, took)
		}
	}
}
