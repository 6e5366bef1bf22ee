package script

import (
	"encoding/hex"
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxRepeat = 100_000   // letters that repeat makes
	maxPad    = 1_000_000 // letters that the pads make
)

// textFunctions work on texts. Positions count letters from 0.
func textFunctions() []builtin {
	text := on(KindText)
	// longer is a function of a text that makes it so many times as long, at most.
	longer := func(times int64, names, about, example, prints string, do func(s string) Value) builtin {
		return method(text, names, "", about, example, prints, func(c *calling, args []Value) (Value, error) {
			if err := c.room(c.Pos, times*int64(len(args[0].text()))); err != nil {
				return Value{}, err
			}
			v := do(args[0].text())
			if v.kind == KindText {
				return v, c.grow(c.Pos, int64(len(v.text())))
			}
			return v, nil
		})
	}
	one := func(names, about, example, prints string, do func(s string) Value) builtin {
		return longer(1, names, about, example, prints, do)
	}
	// with is a function of two texts.
	with := func(names, about, example, prints string, do func(s, t string) Value) builtin {
		return method(text, names, "text", about, example, prints, func(c *calling, args []Value) (Value, error) {
			t, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			if err := c.room(c.Pos, int64(len(args[0].text())+len(t))); err != nil {
				return Value{}, err
			}
			v := do(args[0].text(), t)
			if v.kind == KindText {
				err = c.grow(c.Pos, int64(len(v.text())))
			}
			return v, err
		})
	}
	list := []builtin{
		one("length len", "The number of letters.", `info "Zürich".length();`, "6", func(s string) Value { return Number(int64(utf8.RuneCountInString(s))) }),
		one("toUpperCase upper", "In capitals.", `info "abc".toUpperCase();`, "ABC", func(s string) Value { return Text(strings.ToUpper(s)) }),
		one("toLowerCase lower", "In small letters.", `info "ABC".toLowerCase();`, "abc", func(s string) Value { return Text(strings.ToLower(s)) }),
		one("proper", "Each word with a capital at its beginning.", `info "open sesame".proper();`, "Open Sesame", proper),
		one("trim", "Without blanks at both ends.", `info "[" + " x ".trim() + "]";`, "[x]", func(s string) Value { return Text(strings.TrimSpace(s)) }),
		one("ltrim", "Without blanks at the beginning.", `info "[" + " x ".ltrim() + "]";`, "[x ]", func(s string) Value { return Text(strings.TrimLeftFunc(s, unicode.IsSpace)) }),
		one("rtrim", "Without blanks at the end.", `info "[" + " x ".rtrim() + "]";`, "[ x]", func(s string) Value { return Text(strings.TrimRightFunc(s, unicode.IsSpace)) }),
		one("getAlpha", "The letters of it.", `info "Room 12-B".getAlpha();`, "RoomB", func(s string) Value { return Text(only(s, unicode.IsLetter)) }),
		one("getAlphaNumeric", "The letters and digits of it.", `info "Room 12-B".getAlphaNumeric();`, "Room12B", func(s string) Value { return Text(only(s, letterOrDigit)) }),
		one("removeAllAlpha", "Without its letters.", `info "Room 12".removeAllAlpha().trim();`, "12", func(s string) Value { return Text(only(s, func(r rune) bool { return !unicode.IsLetter(r) })) }),
		one("removeAllAlphaNumeric", "Without its letters and digits.", `info "a-1!".removeAllAlphaNumeric();`, "-!", func(s string) Value { return Text(only(s, func(r rune) bool { return !letterOrDigit(r) })) }),
		one("isAscii", "Whether all of it is ASCII.", `info "Zürich".isAscii();`, "false", func(s string) Value {
			return Bool(!strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII }))
		}),
		longer(2, "textToHex", "Its bytes in hexadecimal.", `info "ok".textToHex();`, "6f6b", func(s string) Value { return Text(hex.EncodeToString([]byte(s))) }),
		longer(3, "encodeUrl", "As it stands in a query; a blank becomes a plus.", `info encodeUrl("a b&c");`, "a+b%26c", func(s string) Value { return Text(url.QueryEscape(s)) }),
		longer(6, "htmlEncode", "With the signs that mean something in HTML written out.", `info htmlEncode("<b>");`, "&lt;b&gt;", func(s string) Value { return Text(htmlReplacer.Replace(s)) }),
		one("htmlDecode", "The opposite of htmlEncode.", `info htmlDecode("&lt;b&gt;");`, "<b>", func(s string) Value { return Text(html.UnescapeString(s)) }),
		longer(6, "xmlEncode", "With the signs that mean something in XML written out.", `info xmlEncode("it's");`, "it&apos;s", func(s string) Value { return Text(xmlReplacer.Replace(s)) }),
		one("xmlDecode", "The opposite of xmlEncode.", `info xmlDecode("it&apos;s");`, "it's", func(s string) Value { return Text(html.UnescapeString(s)) }),
		with("concat", "Both, one after the other.", `info "a".concat("b");`, "ab", func(s, t string) Value { return Text(s + t) }),
		with("startsWith", "Whether it begins so.", `info "Zoho".startsWith("Zo");`, "true", func(s, t string) Value { return Bool(strings.HasPrefix(s, t)) }),
		with("endsWith", "Whether it ends so.", `info "Zoho".endsWith("ho");`, "true", func(s, t string) Value { return Bool(strings.HasSuffix(s, t)) }),
		with("containsIgnoreCase", "Whether the text stands in it, in any case.", `info "Zoho".containsIgnoreCase("oHo");`, "true", func(s, t string) Value { return Bool(strings.Contains(fold(s), fold(t))) }),
		with("startsWithIgnoreCase", "Whether it begins so, in any case.", `info "Zoho".startsWithIgnoreCase("zO");`, "true", func(s, t string) Value { return Bool(strings.HasPrefix(fold(s), fold(t))) }),
		with("endsWithIgnoreCase", "Whether it ends so, in any case.", `info "Zoho".endsWithIgnoreCase("HO");`, "true", func(s, t string) Value { return Bool(strings.HasSuffix(fold(s), fold(t))) }),
		with("equalsIgnoreCase", "Whether both are the same, in any case.", `info "Zoho".equalsIgnoreCase("ZOHO");`, "true", func(s, t string) Value { return Bool(fold(s) == fold(t)) }),
		with("getPrefix", "What stands before the first place of the text; null where it is not there.", `info "key=val=x".getPrefix("=");`, "key", around(strings.Index, false)),
		with("getSuffix", "What stands behind the first place of the text; null where it is not there.", `info "key=val=x".getSuffix("=");`, "val=x", around(strings.Index, true)),
		with("getPrefixIgnoreCase", "getPrefix, in any case.", `info "aXb".getPrefixIgnoreCase("x");`, "a", around(indexFold, false)),
		with("getSuffixIgnoreCase", "getSuffix, in any case.", `info "aXb".getSuffixIgnoreCase("x");`, "b", around(indexFold, true)),
		with("remove", "Without any place of the text.", `info "aXbXc".remove("X");`, "abc", func(s, t string) Value { return Text(removed(s, t)) }),
		with("removeFirstOccurence removeFirstOccurrence", "Without the first place of the text.", `info "aXbXc".removeFirstOccurence("X");`, "abXc", func(s, t string) Value { return Text(strings.Replace(s, t, "", 1)) }),
		with("removeLastOccurence removeLastOccurrence", "Without the last place of the text.", `info "aXbXc".removeLastOccurence("X");`, "aXbc", func(s, t string) Value {
			if i := strings.LastIndex(s, t); i >= 0 {
				return Text(s[:i] + s[i+len(t):])
			}
			return Text(s)
		}),
		with("getOccurenceCount getOccurrenceCount", "How often the text stands in it.", `info "aXbXc".getOccurenceCount("X");`, "2", func(s, t string) Value {
			if t == "" {
				return Number(0)
			}
			return Number(int64(strings.Count(s, t)))
		}),
	}
	return append(list, placedTextFunctions()...)
}

// placedTextFunctions take positions, widths or patterns.
func placedTextFunctions() []builtin {
	text := on(KindText)
	counted := func(name, about, example, prints string, do func(c *calling, s string, n int) (Value, error)) builtin {
		return method(text, name, "number", about, example, prints, func(c *calling, args []Value) (Value, error) {
			n, err := c.numberArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			return do(c, args[0].text(), n)
		})
	}
	pad := func(left bool) func(c *calling, s string, n int) (Value, error) {
		return func(c *calling, s string, n int) (Value, error) {
			if n > maxPad {
				return c.fail("A text is padded to at most %d letters", maxPad)
			}
			blanks := strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0))
			if left {
				return c.newText(blanks + s)
			}
			return c.newText(s + blanks)
		}
	}
	return []builtin{
		method(text, "subString subText mid", "start, [end]", "The letters from start on, up to end, which is not part of it. A negative end is the end of the text.", `info "connection".subString(0, 4);`, "conn", subString),
		counted("left", "The first letters; all of them for a negative number.", `info "deluge".left(3);`, "del", func(c *calling, s string, n int) (Value, error) {
			if n < 0 {
				return Text(s), nil
			}
			return c.cutOut(s, 0, n)
		}),
		counted("right", "The last letters.", `info "deluge".right(2);`, "ge", func(c *calling, s string, n int) (Value, error) {
			size := utf8.RuneCountInString(s)
			if n < 0 {
				return c.outOfBounds()
			}
			return c.cutOut(s, size-n, size)
		}),
		counted("leftpad", "With blanks before it, so that it is as wide as the number says.", `info "x".leftpad(3) + "|";`, "  x|", pad(true)),
		counted("rightpad", "With blanks behind it, so that it is as wide as the number says.", `info "x".rightpad(3) + "|";`, "x  |", pad(false)),
		counted("repeat", "So many times.", `info "ab".repeat(3);`, "ababab", func(c *calling, s string, n int) (Value, error) {
			if n < 0 || n > maxRepeat || n*utf8.RuneCountInString(s) > maxRepeat {
				return c.fail("A text is repeated to at most %d letters", maxRepeat)
			}
			return c.newText(strings.Repeat(s, n))
		}),
		method(text, "indexOf find", "text", "The first position of the text; -1 where it is not there.", `info "banana".indexOf("an");`, "1", position(strings.Index)),
		method(text, "lastIndexOf", "text", "The last position of the text; -1 where it is not there.", `info "banana".lastIndexOf("an");`, "3", position(strings.LastIndex)),
		method(text, "matches", "pattern", "Whether all of it is as the regular expression says.", `info "AB12".matches("[A-Z]+[0-9]+");`, "true", func(c *calling, args []Value) (Value, error) {
			p, err := c.textArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			re, err := c.pattern(`^(?:` + p + `)$`)
			if err != nil {
				return Value{}, err
			}
			yes, err := re.matches(args[0].text())
			return Bool(yes), err
		}),
		replacer("replaceAll", "", -1), replacer("replaceAllIgnoreCase", "(?i)", -1),
		replacer("replaceFirst", "", 1), replacer("replaceFirstIgnoreCase", "(?i)", 1),
		method(text, "hexToText", "", "The text whose bytes these are, in hexadecimal.", `info hexToText("6f6b");`, "ok", func(c *calling, args []Value) (Value, error) {
			b, err := hex.DecodeString(args[0].text())
			if err != nil {
				return c.fail("This is no text in hexadecimal")
			}
			return c.newText(strings.ToValidUTF8(string(b), "\ufffd"))
		}),
		method(anyKind&^on(KindNull), "reverse", "", "Its letters from the end to the beginning.", `info reverse("abc");`, "cba", func(c *calling, args []Value) (Value, error) {
			s, err := c.show(c.Pos, args[0])
			if err != nil {
				return Value{}, err
			}
			if err := c.room(c.Pos, int64(len(s))); err != nil {
				return Value{}, err
			}
			reversed := make([]byte, 0, len(s))
			for s != "" {
				_, width := utf8.DecodeLastRuneInString(s)
				reversed = append(reversed, s[len(s)-width:]...)
				s = s[:len(s)-width]
			}
			return c.newText(string(reversed))
		}),
		method(text, "toList", "[separator]", "What stands between the separators; a JSON array as a list where none is given, and anything else as its one element.", `info "a;b".toList(";").size();`, "2", toList),
		method(text|on(KindList), "toListString", "", "What stands between commas, as texts.", `info "a,b".toListString().get(1);`, "b", func(c *calling, args []Value) (Value, error) {
			s, err := c.show(c.Pos, args[0])
			if err != nil {
				return Value{}, err
			}
			return c.split(s, ",")
		}),
	}
}

func (c *calling) outOfBounds() (Value, error) {
	return c.fail("Given string is lesser than the applied boundary, so index out of bounds exception arisen")
}

func subString(c *calling, args []Value) (Value, error) {
	start, err := c.numberArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	s, end := args[0].text(), -1
	if len(args) == 3 {
		if end, err = c.numberArg(args, 2); err != nil {
			return Value{}, err
		}
	}
	if end < 0 {
		end = utf8.RuneCountInString(s)
	}
	return c.cutOut(s, start, end)
}

// cutOut is what stands between two positions, which count letters.
func (c *calling) cutOut(s string, start, end int) (Value, error) {
	if start < 0 || start > end {
		return c.outOfBounds()
	}
	begin, ok := offset(s, start)
	if !ok {
		return c.outOfBounds()
	}
	length, ok := offset(s[begin:], end-start)
	if !ok {
		return c.outOfBounds()
	}
	return c.newText(s[begin : begin+length])
}

// offset is where in bytes so many letters end; false where there are fewer.
func offset(s string, letters int) (int, bool) {
	if letters > len(s) {
		return 0, false
	}
	for at := range s {
		if letters == 0 {
			return at, true
		}
		letters--
	}
	return len(s), letters == 0
}

// position counts letters, where the search counts bytes.
func position(find func(s, t string) int) func(c *calling, args []Value) (Value, error) {
	return func(c *calling, args []Value) (Value, error) {
		t, err := c.textArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		s := args[0].text()
		i := find(s, t)
		if i > 0 {
			i = utf8.RuneCountInString(s[:i])
		}
		return Number(int64(i)), nil
	}
}

func toList(c *calling, args []Value) (Value, error) {
	s := args[0].text()
	if len(args) == 1 {
		if strings.HasPrefix(strings.TrimSpace(s), "[") {
			if v, err := c.parseJSON(s); err == nil && v.Kind() == KindList {
				return v, nil
			}
		}
		return c.newList([]Value{args[0]})
	}
	by, err := c.textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	return c.split(s, by)
}

func (c *calling) split(s, by string) (Value, error) {
	most := strings.Count(s, by) + 1
	if err := c.grow(c.Pos, int64(most)*valueSize); err != nil {
		return Value{}, err
	}
	items := make([]Value, 0, most)
	for part := range strings.SplitSeq(s, by) {
		items = append(items, Text(part))
	}
	return NewList(items...), nil
}

func proper(s string) Value {
	within := false
	return Text(strings.Map(func(r rune) rune {
		if !letterOrDigit(r) && r != '\'' {
			within = false
			return r
		}
		if within {
			return unicode.ToLower(r)
		}
		within = true
		return unicode.ToUpper(r)
	}, s))
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func only(s string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}

// fold is a text without its case.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// indexFold is strings.Index in any case. Letters whose forms differ in length are compared as they are.
func indexFold(s, t string) int {
	if a, b := fold(s), fold(t); len(a) == len(s) {
		return strings.Index(a, b)
	}
	return strings.Index(s, t)
}

func around(find func(s, t string) int, behind bool) func(s, t string) Value {
	return func(s, t string) Value {
		i := find(s, t)
		switch {
		case i < 0:
			return Value{}
		case behind:
			return Text(s[i+len(t):])
		}
		return Text(s[:i])
	}
}

func removed(s, t string) string {
	if t == "" {
		return s
	}
	return strings.ReplaceAll(s, t, "")
}

var (
	htmlReplacer = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	xmlReplacer  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")
)
