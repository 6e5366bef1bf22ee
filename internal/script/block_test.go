package script

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// problemsOf are those of a source, each with its place.
func problemsOf(source string) string {
	_, err := Parse(source)
	var problems Problems
	errors.As(err, &problems)
	got := make([]string, len(problems))
	for i, p := range problems {
		got[i] = fmt.Sprintf("%s %s", p.Pos, p.Message)
	}
	return strings.Join(got, "|")
}

func TestAttributesOfBlocks(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"all of invokeurl", `x = invokeurl [ url: "u" type: POST headers: {"a": "b"} body: "x" content-type: "text/plain" files: {"a"} connection: "c" detailed: true response-format: FILE response-decoding: "UTF-8" ];`, ""},
		{"all of sendmail", `sendmail [ from: "a" to: "b" cc: "c" bcc: "d" reply to: "e" subject: "f" message: "g" content type: HTML attachments: file: "x", file: "y" ]`, ""},
		{"capitals, commas and semicolons", "x = invokeUrl\n[\n URL: \"u\",\n Type: GET;\n];", ""},
		{"one that there is not", "x = invokeurl [ ulr: \"u\" ];", "1:5 The attribute 'url' is missing in invokeurl|1:17 There is no attribute 'ulr' in invokeurl: is url meant?"},
		{"one far from any", "x = invokeurl [ url: \"u\" colour: 1 ];", "1:26 There is no attribute 'colour' in invokeurl"},
		{"one twice", "x = invokeurl [ url: \"u\" url: \"v\" ];", "1:26 The attribute 'url' stands twice"},
		{"body and parameters", "x = invokeurl [ url: \"u\" body: \"v\" parameters: \"w\" ];", "1:5 'body' and 'parameters' exclude each other: give one of them"},
		{"an empty block", "x = invokeurl [ ];", "1:5 The attribute 'url' is missing in invokeurl"},
		{"a mail without anything", "sendmail [ cc: \"c\" ]", "1:1 The attribute 'from' is missing in sendmail|1:1 The attribute 'message' is missing in sendmail|1:1 The attribute 'subject' is missing in sendmail|1:1 The attribute 'to' is missing in sendmail"},
		{"a value that is none", "l = List(); x = invokeurl [ url: l.add(1) ];", "1:36 add function cant be assigned to variable or used in expression"},
		{"no value", "x = invokeurl [ url: ];", "1:22 Expecting a value but found ']'"},
	} {
		if got := problemsOf(c.source); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Attachments are files one after the other, with "file:" before each.
func TestAttachments(t *testing.T) {
	for _, source := range []string{
		`sendmail [ from: "a" to: "b" subject: "c" message: "d" attachments: file: "x", file: "y" ]`,
		"sendmail\n[\n from: \"a\"\n to: \"b\"\n subject: \"c\"\n message: \"d\"\n attachments :file: \"x\", file: \"y\"\n]",
		`l = {"x", "y"}; sendmail [ from: "a" to: "b" subject: "c" message: "d" attachments: l ]`,
	} {
		s, err := Parse(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		host := &outside{}
		if _, err := s.Run(t.Context(), Settings{Host: host}); err != nil || len(host.calls) != 1 {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if last := host.calls[0].Attributes[4]; last.Name != "attachments" || last.Value.String() != "x,y" {
			t.Errorf("%s: %s is %s", source, last.Name, last.Value)
		}
	}
}

func TestArgumentsOfAWrongType(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`x = "a".left("b");`, "1:14 Argument type mismatches for the function left at index 1: left(number)"},
		{`x = "a".contains(1);`, "1:18 Argument type mismatches for the function contains at index 1: contains(text)"},
		{`x = {1}.contains(1);`, ""},
		{`x = replaceAll("a", "b", 3);`, "1:26 Argument type mismatches for the function replaceAll at index 2: replaceAll(pattern, replacement, [plain])"},
		{`x = "a".left(null);`, ""},
		{`x = {3}.percentile("x");`, "1:20 Argument type mismatches for the function percentile at index 1: percentile(number)"},
		{`x = "a".trim("k": 1);`, "1:9 No. of arguments mismatches for the function trim: trim()|1:14 The function trim takes no keys with values: a map is written {key: value}"},
		{`m = Map(); m.put("k": 1, 2);`, "1:18 The function put takes no keys with values: a map is written {key: value}"},
		{`c = Collection("k": 1, 2);`, "1:16 The function Collection takes no keys with values: a map is written {key: value}"},
	} {
		if got := problemsOf(c.source); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.source, got, c.want)
		}
	}
}
