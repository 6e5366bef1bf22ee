package script

import "testing"

// Positions count letters, whatever they take in bytes.
func TestPositionsInTexts(t *testing.T) {
	printsAll(t, [][2]string{
		{`s = "Zürich€"; info s.subString(1, 3); info s.subString(6); info s.subString(7); info s.left(2); info s.right(1); info s.reverse();`, "ür|€||Zü|€|€hcirüZ"},
		{`s = "Zürich"; info s.indexOf("r"); info s.lastIndexOf("h"); info s.indexOf("x"); info s.leftpad(7) + "|"; info s.rightpad(7) + "|";`, "2|5|-1| Zürich||Zürich |"},
		{`info "abc".left(-1); info "abc".left(0) + "|"; info "".left(0) + "|"; info "".reverse() + "|"; info "ü".repeat(2);`, "abc|||||||üü"},
		{`x = "ü".left(2);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "ü".right(2);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "ü".right(-1);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "üx".subString(2, 1);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "üx".subString(-1);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "üx".subString(1, 3);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "a".repeat(100001);`, "error: A text is repeated to at most 100000 letters"},
		{`x = "a".leftpad(1000001);`, "error: A text is padded to at most 1000000 letters"},
		{`info 12.reverse(); info {1, 2}.reverse();`, "21|2,1"},
	})
}

// Splitting keeps what is empty.
func TestListsOfTexts(t *testing.T) {
	printsAll(t, [][2]string{
		{`info "a,,b,".toList(",").size(); info "".toList(",").size(); info "abc".toList("").size(); info "a;b".toList().size();`, "4|1|3|1"},
		{`info "[1, 2]".toList().size(); info "[1, 2".toList().size(); info "a, b".toListString().get(1) + "|";`, "2|1| b|"},
	})
}

func TestReadingDatesByPattern(t *testing.T) {
	printsAll(t, [][2]string{
		{`info "2018/1/7".toDate("yyyy/MM/dd"); info "20180107".toDate("yyyyMMdd"); info "7 January 18".toDate("d MMMM yy"); info "07012018 0905".toTime("ddMMyyyy HHmm");`, "07-Jan-2018|07-Jan-2018|07-Jan-2018|07-Jan-2018 09:05:00"},
		{`info "2018-01-07 10:00".toTime("yyyy-MM-dd HH:mm", "Asia/Kolkata"); info "2018-01-07T10:00:00+02:00".toTime("yyyy-MM-dd'T'HH:mm:ssXXX");`, "07-Jan-2018 04:30:00|07-Jan-2018 08:00:00"},
		{`x = "2018".toDate("q");`, "error: the letter q means nothing in a date pattern"},
		{`x = "x".toDate("yyyy");`, "error: UnParsable date"},
	})
}

func TestReturns(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"void f() { return 1; }", "1:12 The function is void: it returns nothing"},
		{"int f() { return; }", "1:11 Missing return statement: Provide INT expression to return"},
		{"void f() { return; }", ""},
		{"return;", ""},
		{"l = {1}; return l.add(1);", "1:19 add function cant be assigned to variable or used in expression"},
		{"l = {1}; info l.add(1);", "1:17 add function cant be assigned to variable or used in expression"},
	} {
		if got := problemsOf(c.source); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.source, got, c.want)
		}
	}
}
