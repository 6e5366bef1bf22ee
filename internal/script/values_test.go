package script

import (
	"strings"
	"testing"
)

// printsAll runs sources of which each prints what stands beside it; "error: " and a message where it fails.
func printsAll(t *testing.T, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		got, err := ran(t, c[0], Limits{})
		if err != nil {
			got = strings.TrimPrefix(strings.ReplaceAll(got+"\nerror: "+strings.TrimPrefix(err.Error(), "Error at line : 1, "), "\n", "|"), "|")
		}
		if got = strings.ReplaceAll(got, "\n", "|"); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

// What is null, blank or empty (section 5 of the reference).
func TestNullBlankEmpty(t *testing.T) {
	for _, c := range []struct{ value, blank, null, empty string }{
		{`" "`, "true", "false", "true"},
		{`""`, "true", "true", "null"},
		{`null`, "false", "true", "null"},
		{`{}`, "true", "false", "true"},
		{`{""}`, "false", "false", "false"},
		{`{"": ""}`, "false", "false", "false"},
		{`"a"`, "false", "false", "false"},
		{`0`, "false", "false", "false"},
		{`Collection()`, "true", "false", "true"},
	} {
		got, err := ran(t, "x = "+c.value+"; info isBlank(x); info isNull(x); info isEmpty(x);", Limits{})
		if want := c.blank + "\n" + c.null + "\n" + c.empty; err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", c.value, got, err, want)
		}
	}
}

// {} is a list or a map, as it is used; what only asks leaves it open.
func TestEmptyBraces(t *testing.T) {
	printsAll(t, [][2]string{
		{`x = {}; x.put("a", 1); info x;`, `{"a":1}`},
		{`x = {}; x.add(1); info x;`, "1"},
		{`x = {}; info x.size(); info x.get("a"); x.put("a", 1); info x;`, `0|null|{"a":1}`},
		{`x = {}; info x.contains(1); info x.containKey("a"); x.add(1); info x;`, "false|false|1"},
		{`x = {}; info x.isEmpty(); x.clear(); x.add(1); x.clear(); x.put("a", 1); info x;`, `true|{"a":1}`},
		{`x = {}; info x.get(0);`, "error: Given index 0 is greater than the list size"},
		{`x = {}; x.add(1); x.put("a", 1);`, "error: 'LIST' can not be cast to 'MAP' for the function put"},
		{`x = {}; x.put("a", 1); x.add(1);`, "error: 'MAP' can not be cast to 'LIST' for the function add"},
		{`x = {}; for each i in x { info i; } x.put("a", 1); info x;`, `{"a":1}`},
		{`x = {}; y = x.toCollection(); info y.size(); x.put("a", 1); info x;`, `0|{"a":1}`},
		{`for each i in {1} { x = {}; x.add(i); info x; } x = {}; info x.size();`, "1|0"},
	})
}

func TestLoops(t *testing.T) {
	printsAll(t, [][2]string{
		{`for each x in {1, 2} { } info x;`, "2"},
		{`for each index i in {"a", "b"} { info i; } info i;`, "0|1|1"},
		{`for each index in {7} { info index; }`, "7"},
		{`for each x in "a, b,c" { info x; }`, "a|b|c"},
		{`for each x in "" { info x; } info "on";`, "on"},
		{`for each k in {"a": 1, "b": 2} { info k; }`, "a|b"},
		{`for each v in Collection("a": 1, "b": 2) { info v; }`, "1|2"},
		{`for each v in Collection(3, 4) { info v; }`, "3|4"},
		{`l = {1, 2, 3}; for each x in l { l.remove(0); l.add(9); info x; } info l;`, "1|2|3|9,9,9"},
		{`m = {"a": 1, "b": 2}; for each k in m { m.remove(k); } info m.size();`, "0"},
		{`for each x in 5 { }`, "error: A NUMBER has no elements to go through"},
		{`for each x in null { }`, "error: Null value occurred while performing for each operation"},
		{`for each x in {1, 2, 3} { for each y in {1, 2} { if (y == 2) { break; } if (x == 2) { continue; } info x; } }`, "1|3"},
	})
}

// A loop goes through the rows of a CSV file.
func TestLoopOverCSV(t *testing.T) {
	s, err := Parse(`void rows(file f) { for each row in f { info row.size() + ":" + row.get(0); } }`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(t.Context(), Settings{}, NewFile(&File{Name: "a.csv", Content: []byte("\ufeffname,note\r\n\"a, b\",\"said \"\"so\"\"\"\nc\n")}))
	if a := strings.Join(got.Output, "|"); err != nil || a != "2:name|2:a, b|1:c" {
		t.Errorf("printed %q, %v", a, err)
	}
	if _, err := s.Run(t.Context(), Settings{}, NewFile(&File{Name: "a.csv", Content: make([]byte, maxCSV+1)})); err == nil || !strings.Contains(err.Error(), "at most 2 MB") {
		t.Errorf("a large file: %v", err)
	}
}

func TestTypedLists(t *testing.T) {
	printsAll(t, [][2]string{
		{`l = List:String(); l.add(1); l.add('01-Jan-2018'); l.add(true); l.add("a"); info l; info l.contains("1");`, "1,01-Jan-2018,true,a|true"},
		{`l = list:int(); l.add("7"); l.add(8); info l.get(0) + l.get(1);`, "15"},
		{`l = List:Int(); l.add("a");`, "error: Argument type mismatches for the function add at index 1: 'TEXT' can not be cast to 'NUMBER'"},
		{`l = List:Int(); l.add(1.5);`, "error: Argument type mismatches for the function add at index 1: 'DECIMAL' can not be cast to 'NUMBER'"},
		{`l = List:Float(); l.add("1.5"); l.add(2); l.add('01-Jan-1970 00:00:01'); info l;`, "1.5,2,1000"},
		{`l = List:Date(); l.add("5-Jan-2018"); l.add(1000); info l;`, "05-Jan-2018,01-Jan-1970 00:00:01"},
		{`l = List:Date(); l.add("soon");`, "error: Argument type mismatches for the function add at index 1: 'TEXT' can not be cast to 'DATE-TIME'"},
		{`l = List:Bool(); l.add("TRUE"); l.add(false); info l; l.add("yes");`, "true,false|error: Argument type mismatches for the function add at index 1: 'TEXT' can not be cast to 'BOOLEAN'"},
		{`l = List:Int(); l.addAll({1, "2"}); info l; l.addAll({3, "x"});`, "1,2|error: Argument type mismatches for the function addAll at index 1: 'TEXT' can not be cast to 'NUMBER'"},
		{`l = List:Int(); l.add(null); info l;`, "null"},
	})
	if got := problemsOf("l = List:Time();"); got != "1:5 Not able to find 'List:Time' function" {
		t.Errorf("a list of what there is not: %s", got)
	}
}

func TestListsAndMaps(t *testing.T) {
	printsAll(t, [][2]string{
		{`info {7, "a"}.getAsString(0).length();`, "1"},
		{`info {"b", "B", "a", "1"}.sort(); l = {1, 3, 2}; l.sort(false); info l;`, "1,B,a,b|3,2,1"},
		{`info {1, "a"}.sort();`, "null"},
		{`info List().sort().size(); info {1}.sort(false);`, "0|1"},
		{`info {1.5, 1, 2}.sort();`, "1,1.5,2"},
		{`l = {1}; l.addAll(l); info l;`, "1,1"},
		{`m = {"a": 1}; m.putAll(m); info m; info m.notContains("a"); info m.notContains("b");`, `{"a":1}|false|true`},
		{`m = {1: "a", "1": "b", 1.50: "c", '01-Jan-2018': "d"}; info m.get(1) + m.get("1") + m.get(1.5) + m.get('2018-01-01');`, "abcd"},
		{`info {{1, 2}: "a"}.get({1, 2});`, "a"},
		{`l = {1, 2}; m = {"l": l}; l.add(3); info m;`, `{"l":[1,2,3]}`},
		{`info {1, 2, 3}.subList(1); info {1, 2}.subList(2).size(); info {1}.subList(0, 2);`, "2,3|0|error: Given index 2 is greater than the list size"},
		{`info {1, 2}.get(0 - 1);`, "error: Given index -1 is greater than the list size"},
		{`l = "x".leftpad(26000).toList(" "); k = List(); k.addAll(l);`, "error: At most 25000 elements are added at once"},
		{`m = Map(); k = {m}; m.put(k, 1);`, "error: A map cannot hold itself"},
	})
}

func TestCollections(t *testing.T) {
	printsAll(t, [][2]string{
		{`c = Collection("a": 5, "b": 2); c.insert("c": 1); c.insert({"d": 0}); info c;`, `{"a":5,"b":2,"c":1,"d":0}`},
		{`c = Collection(); c.insert("a": 1); info c; c.insert("b");`, `{"a":1}|error: A keyed collection takes keys with their values`},
		{`c = Collection("a"); c.insert("k": 1);`, "error: An indexed collection takes no keys"},
		{`c = Collection(3, 1, 2); c.sort(); info c; c.sort(false); info c; c.sortKey(); info c;`, "1,2,3|3,2,1|3,2,1"},
		{`c = Collection("x": 3, "a": 1); c.sortKey(); info c; c.sort(false); info c;`, `{"a":1,"x":3}|{"x":3,"a":1}`},
		{`c = Collection("a", "b", "c"); info c.duplicate(); info c.duplicate(1); info c.duplicate(0, 9);`, "a,b,c|b,c|error: Given index 9 is greater than the list size"},
		{`c = Collection("a": 1); d = c.duplicate(); d.insert("b": 2); info c; info d;`, `{"a":1}|{"a":1,"b":2}`},
		{`info Collection(1, 2, 3).intersect(Collection(3, 1)); info Collection("a": 1).intersect(Collection("b": 1));`, "1,3|1"},
		{`c = Collection("Creator", "CRM", "Campaigns"); c.deleteAll({"CRM", "Campaigns"}); info c;`, "Creator"},
		{`c = Collection("Creator": 5, "CRM": 2); c.deleteAll({2}); info c;`, `{"Creator":5}`},
		{`c = Collection("Creator": 5, "CRM": 2, "Mail": 8); c.deleteKeys({"CRM", "Mail", "none"}); info c;`, `{"Creator":5}`},
		{`c = Collection("a", "b", "c"); c.deleteKeys({1, 2}); info c; c.deleteKeys({5});`, "a|error: Given index 5 is greater than the list size"},
		{`info Collection("a", "b", "a").getLastKey("a"); info Collection("a").getLastKey("z"); info Collection("k": 1).getLastKey(2);`, "2|-1|null"},
		{`c = Collection(); info c.isEmpty(); info c.notContains(1); c.insert(1); info c.isEmpty(); info c.notContains(1);`, "true|true|false|false"},
		{`c = Collection(1); c.insert(c);`, "error: A collection cannot hold itself"},
		{`c = Collection(1); c.insertAll(c); info c;`, "1,1"},
		{`c = "x".leftpad(60000).toList(" ").toCollection();`, "error: A collection has at most 50000 elements"},
		{`c = Collection("a": 1); c.update("b", 2);`, "error: The collection has no key b"},
		{`info Collection("a").get(1);`, "error: Given index 1 is greater than the list size"},
	})
}

func TestNumbersInWords(t *testing.T) {
	printsAll(t, [][2]string{
		{`info 0.toWords(); info 13.toWords("en-gb"); info 40.toWords(); info (0-12).toWords("en-us"); info 1000.toWords();`, "zero|thirteen|forty|minus twelve|one thousand"},
		{`info 10000000.toWords("en-gb"); info 10000000.toWords("EN-IN"); info 12345678.toWords("en-in");`, "ten million|one crore|one crore twenty-three lakh forty-five thousand six hundred seventy-eight"},
		{`info 1989.130.toWords();`, "one thousand nine hundred eighty-nine point one three zero"},
		{`info 1.toWords("tlh");`, "error: toWords writes en-us, en-gb and en-in, and no tlh"},
		{`info 1234567890123456789.toWords();`, "error: toWords writes numbers of at most 18 digits, and 15 behind the point"},
	})
}

func TestNumbersAsTheyAreWritten(t *testing.T) {
	printsAll(t, [][2]string{
		{`info .5; x = .25 + 1; info x; info 5. + 1;`, "0.5|1.25|6"},
		{`info 24.isNumber(); info 1.4+3.6.round(0); info -218.4.round(0);`, "true|5.4|-218"},
		{`if (.5 < 1) { info "less"; }`, "less"},
	})
}
