package script

import (
	"strings"
	"testing"
)

// The texts of errors that people know (section 12 of the reference). Those when a script is read have the line before
// them.
func TestErrorTextsOfReading(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"info x;", "(Line no: 1, column 6) Variable 'x' is not defined"},
		{"if (true) {", "(Line no: 1, column 12) Expecting '}' but found '<EOF>'"},
		{"\n/* x", "(Line no: 2, column 1) Comment Task is not closed properly"},
		{"x = if(true, 1);", "(Line no: 1, column 5) Number of Arguments mismatches"},
		{"x = ifNull(1);", "(Line no: 1, column 5) Number of Arguments mismatches"},
		{`x = "a".left(1, 2);`, "(Line no: 1, column 9) No. of arguments mismatches for the function left"},
		{`x = "a".left("b");`, "(Line no: 1, column 14) Argument type mismatches for the function left at index 1"},
		{`x = "a".none();`, "(Line no: 1, column 9) Not able to find 'none' function"},
		{"x = 1", "(Line no: 1, column 6) Improper Statement Error might be due to missing ';' at end of the line or incomplete expression"},
		{`"a".trim();`, "(Line no: 1, column 1) trim function needs to be assigned to a variable"},
		{"l = {1}; x = l.add(1);", "(Line no: 1, column 16) add function cant be assigned to variable or used in expression"},
	} {
		_, err := Parse(c.source)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.source, err, c.want)
		}
	}
}

func TestErrorTextsOfRunning(t *testing.T) {
	printsAll(t, [][2]string{
		{`x = "{".toMap();`, "error: Invalid JSON Format String"},
		{`x = "x".toJSONList();`, "error: Invalid JSON Format String"},
		{"y = 0; x = 1 / y;", "error: Error in performing the Operation / : Divide by zero error"},
		{"y = 0; x = 1.5 % y;", "error: Error in performing the Operation % : Divide by zero error"},
		{"x = {1}.get(5);", "error: Given index 5 is greater than the list size"},
		{`x = "abc".subString(1, 9);`, "error: Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{"n = null; x = 1 + n;", "error: Null value occurred while performing + operation"},
		{"n = null; x = n.toNumber();", "error: Null value occurred while performing toNumber operation"},
		{"n = null; x = n % 2;", "error: On performing mod operation mismatch of data type expressions found"},
		{"n = null; x = -n;", "error: Null value occurred while performing - operation"},
		{`x = "x".keys();`, "error: 'TEXT' can not be cast to 'MAP, COLLECTION' for the function keys"},
		{`x = 5; x.put("a", 1);`, "error: 'NUMBER' can not be cast to 'MAP' for the function put"},
		{`x = "soon".toDate();`, "error: UnParsable date"},
		{`x = true; y = x < 1;`, "error: An error occurred while performing this action: < compares numbers or dates, and these are BOOLEAN and NUMBER"},
		{`n = "a"; x = "b".left(n);`, "error: Argument type mismatches for the function left at index 1: 'TEXT' can not be cast to 'NUMBER'"},
	})
}
