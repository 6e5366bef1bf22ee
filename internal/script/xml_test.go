package script

import (
	"strings"
	"testing"
	"time"
)

const orders = `<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- of a week -->
<orders xmlns:x="urn:x">
  <order id="1"><item href="/a?b=1&amp;c=2">Tea &amp; milk</item><price>3.50</price></order>
  <order id="2"><item>Zürich</item><price>7</price><x:note><![CDATA[<b>]]></x:note></order>
</orders>`

func TestXPath(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"/orders/order[1]/item/text()", "Tea & milk"},
		{"/orders/order[1]/item", `<item href="/a?b=1&amp;c=2">Tea &amp; milk</item>`},
		{"/orders/order/price", "<price>3.50</price><price>7</price>"},
		{"//price/text()", "3.50,7"},
		{"//item/@href", "<href>/a?b=1&amp;c=2</href>"},
		{"//order/@id", "<id>1</id><id>2</id>"},
		{"//order[@id='2']/item/text()", "Zürich"},
		{"//x:note", "<x:note>&lt;b&gt;</x:note>"},
		{"//x:note/text()", "<b>"},
		{"sum(//price)", "10.5"},
		{"count(//order)", "2"},
		{"count(//order) = 2", "true"},
		{"string(//order[2]/item)", "Zürich"},
		{"concat(//order[1]/@id, '-', //order[2]/@id)", "1-2"},
		{"/orders/nothing", ""},
		{"/orders/text()", ""},
		{"//order[last()]/price/text()", "7"},
		{"//price[. > 5]/../@id", "<id>2</id>"},
		{"//order[1]/following-sibling::order/@id", "<id>2</id>"},
		{"/orders/order[1]/item | /orders/order[2]/price", `<item href="/a?b=1&amp;c=2">Tea &amp; milk</item><price>7</price>`},
	} {
		if got, err := ranWith(t, `info s.executeXPath("`+c.path+`");`, Limits{}, Text(orders)); err != nil || got != c.want {
			t.Errorf("%s: printed %s, %v, want %s", c.path, got, err, c.want)
		}
	}
}

// JSON is XML under the element root.
func TestXMLOfJSON(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`info {"a": 1, "b": {"c": {"x", "y"}}, "d": null}.toXml();`, "<root><a>1</a><b><c>x</c><c>y</c></b><d></d></root>"},
		{`info "{\"user\":{\"name\":\"Tea & milk\"}}".executeXPath("/root/user/name/text()");`, "Tea & milk"},
		{`info "[1,[2,3]]".toXml();`, "<root><item>1</item><item><item>2</item><item>3</item></item></root>"},
		{`info {"1 a<b": "x", "": "y"}.toXml();`, "<root><_1_a_b>x</_1_a_b><_>y</_></root>"},
		{`info {"a": {}}.toXml();`, "<root><a></a></root>"},
		{`info " <a/> ".toXml();`, "<a></a>"},
		{`l = "<o><i>1</i><i>2</i></o>".executeXPath("/o/i").toXmlList(); for each i in l { info i.executeXPath("/i/text()"); }`, "1\n2"},
	} {
		if got, err := ran(t, c.source, Limits{}); err != nil || got != c.want {
			t.Errorf("%s: printed %s, %v, want %s", c.source, got, err, c.want)
		}
	}
}

func TestInvalidXML(t *testing.T) {
	for _, c := range []struct{ name, xml, path string }{
		{"no XML", "a", "/a"}, {"nothing", "", "/a"}, {"not closed", "<a><b></a>", "/a"}, {"closed twice", "<a></a></a>", "/a"}, {"two roots", "<a/><b/>", "/a"}, {"text around it", "<a/>x", "/a"},
		{"an entity of its own", `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "/a"},
		{"a file", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, "/a"},
		{"an entity of HTML", "<a>&nbsp;</a>", "/a"},
		{"no path", "<a/>", ""}, {"a path that is none", "<a/>", "//["}, {"a function that there is not", "<a/>", "nothing(1)"},
		{"a regular expression", "<a/>", "//a[matches(., 'x')]"}, {"a prefix alone", "<a/>", "//:"},
	} {
		if got, err := ranWith(t, `info s.executeXPath("`+c.path+`");`, Limits{}, Text(c.xml)); err == nil || !strings.HasPrefix(err.Error(), "Error at line : 1, Invalid XML or Invalid XPath") {
			t.Errorf("%s: printed %q, %v", c.name, got, err)
		}
	}
}

// O02: documents and paths that grow without end are stopped, by their size or by the steps they take.
func TestO02_XMLIsBounded(t *testing.T) {
	wide := "<a>" + strings.Repeat("<b/>", 5_000) + "</a>"
	for _, c := range []struct {
		name, xml, path string
		limits          Limits
		want            string
	}{
		{"nested", strings.Repeat("<a>", 10_000), "/a", Limits{}, "nested more than 200 deep"},
		{"elements", "<a>" + strings.Repeat("<b/>", 200_000) + "</a>", "/a", Limits{}, "more than 100000 elements"},
		{"attributes", "<a " + strings.Repeat(`b="" `, 900_000) + "/>", "/a", Limits{}, "its values take more than 64 MiB"},
		{"size", "<a>" + strings.Repeat(" ", maxXML) + "</a>", "/a", Limits{}, "at most 5 MB"},
		{"each with each", wide, "count(//*[count(//*) > 0])", Limits{}, "This XPath takes too long"},
		{"three times each", wide, "count(//*[//*[//*[name() = 'x']]])", Limits{}, "This XPath takes too long"},
		{"the whole text for each", wide, "count(//*[contains(string(/), 'x')])", Limits{}, "This XPath takes too long"},
		{"siblings", wide, "count(//b/following-sibling::b/preceding-sibling::b)", Limits{}, "This XPath takes too long"},
		{"what holds each other", strings.Repeat("<a>", 190) + strings.Repeat("x", 100_000) + strings.Repeat("</a>", 190), "//a", Limits{Memory: 8 << 20}, "its values take more than 8 MiB"},
		{"time", wide, "count(//*[count(//*) > 0])", Limits{Time: 20 * time.Millisecond}, "it has run for 20ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ranWith(t, `info s.executeXPath("`+c.path+`");`, c.limits, Text(c.xml))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("printed %q, %v", cut(got, 100), err)
			}
		})
	}
}

// Whatever the document and the path are, there is a text or an error with a place, and what toXml gives is XML again.
func FuzzXML(f *testing.F) {
	for _, c := range []struct{ xml, path string }{{orders, "//order[@id='2']/item/text()"}, {"<a b='c'/>", "//@b"}, {`{"a": [1, 2]}`, "/root/a[2]"}, {"<a/>", "sum(//a) div 0"}, {"<a><!-- x --><?p?>t</a>", "//node()"}} {
		f.Add(c.xml, c.path)
	}
	s, err := Parse(`list f(string doc, string path) { l = List(); try { l.add(doc.executeXPath(path)); } catch (e) { l.add(e.message); } l.add(doc.toXml()); return l; }`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, doc, path string) {
		got, err := s.Run(t.Context(), Settings{Limits: Limits{Memory: 8 << 20, Time: 2 * time.Second}}, Text(doc), Text(path))
		if err != nil {
			return
		}
		list, _ := got.Value.AsList()
		again, err := s.Run(t.Context(), Settings{}, list[1], Text("/"))
		if err != nil {
			t.Fatalf("%q became %q: %v", doc, list[1], err)
		}
		if twice, _ := again.Value.AsList(); twice[1].String() != list[1].String() {
			t.Errorf("%q became %q and then %q", doc, list[1], twice[1])
		}
	})
}
