package script

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/antchfx/xpath"
)

const (
	maxXML      = 5 << 20   // bytes of a text that is read as XML
	maxNodes    = 100_000   // elements, texts and comments in it
	maxXPath    = 1000      // bytes of a path
	maxXMLSteps = 6_000_000 // that following a path takes; see step
	nodeSize    = 192       // bytes that a node takes besides its text
	attrSize    = 128       // and one of its attributes

	wrongXML = "Invalid XML or Invalid XPath"
	rootName = "root" // of JSON as XML
	itemName = "item" // of an element of a list that has no key
)

// xmlFunctions read XML, and JSON as XML under <root>. Documents are never asked for what stands elsewhere: entities are the
// five of XML itself, and what a DOCTYPE declares is left out (XML 1.0 §4.6).
func xmlFunctions() []builtin {
	source := on(KindText, KindMap, KindList)
	return []builtin{
		method(source, "executeXPath", "path", "What an XPath 1.0 finds: elements and attributes in their tags, texts by commas, and what it reckons as a text; empty when it finds nothing.", `info "<a><b>1</b><b>2</b></a>".executeXPath("/a/b");`, "<b>1</b><b>2</b>", executeXPath),
		method(source, "toXml", "", "XML as it is, if it is well-formed; JSON as XML under the element root.", `info {"a": 1, "b": {2, 3}}.toXml();`, "<root><a>1</a><b>2</b><b>3</b></root>", func(c *calling, args []Value) (Value, error) {
			tree, err := c.xmlTree(args[0])
			if err != nil {
				return Value{}, err
			}
			return c.xmlText(tree.children()...)
		}),
		method(source, "toXmlList", "", "The elements that stand one after the other in a text, as a list.", `info "<b>1</b><b>2</b>".toXmlList().get(1);`, "<b>2</b>", func(c *calling, args []Value) (Value, error) {
			tree, err := c.xmlNodes(args[0])
			if err != nil {
				return Value{}, err
			}
			var items []Value
			for _, n := range tree.children() {
				if n.kind != xpath.ElementNode {
					continue
				}
				item, err := c.xmlText(n)
				if err != nil {
					return Value{}, err
				}
				items = append(items, item)
			}
			return c.newList(items)
		}),
	}
}

// xmlNode is a node of a document. The document itself is one, too.
type xmlNode struct {
	kind  xpath.NodeType
	name  xml.Name // Space is the prefix
	text  string
	attrs []xml.Attr

	parent, first, last, previous, next *xmlNode
}

func (n *xmlNode) add(child *xmlNode) *xmlNode {
	child.parent, child.previous = n, n.last
	if n.last == nil {
		n.first = child
	} else {
		n.last.next = child
	}
	n.last = child
	return child
}

func (n *xmlNode) children() []*xmlNode {
	var list []*xmlNode
	for c := n.first; c != nil; c = c.next {
		list = append(list, c)
	}
	return list
}

// xmlTree is the document of an XML text or of JSON: it has one element.
func (c *calling) xmlTree(v Value) (*xmlNode, error) {
	tree, err := c.xmlNodes(v)
	if err != nil {
		return nil, err
	}
	elements := 0
	for n := tree.first; n != nil; n = n.next {
		if n.kind == xpath.ElementNode {
			elements++
		}
	}
	if elements != 1 {
		return nil, failure(c.Pos, wrongXML)
	}
	return tree, nil
}

// xmlNodes is xmlTree for any number of elements.
func (c *calling) xmlNodes(v Value) (*xmlNode, error) {
	b := xmlBuilder{calling: c, tree: &xmlNode{kind: xpath.RootNode}, nodes: maxNodes}
	b.at = b.tree
	if v.kind == KindText {
		s := strings.TrimSpace(v.text())
		if !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") {
			return b.tree, b.read(s)
		}
		var err error
		if v, err = c.parseLenient(s); err != nil {
			return nil, failure(c.Pos, wrongXML)
		}
	}
	if v.Kind() == KindList {
		list := v
		v = NewMap()
		v.keyed().Put(Text(itemName), list)
	}
	return b.tree, b.value(rootName, v)
}

// xmlBuilder makes a document, within its limits.
type xmlBuilder struct {
	*calling
	tree  *xmlNode
	at    *xmlNode // where the next node is added
	depth int
	nodes int // that may still be added
}

func (b *xmlBuilder) add(n *xmlNode) error {
	if b.nodes--; b.nodes < 0 {
		return failure(b.Pos, "The XML has more than %d elements and texts", maxNodes)
	}
	b.at.add(n)
	if b.nodes&0xfff == 0 {
		if err := b.late(b.Pos); err != nil {
			return err
		}
	}
	return b.grow(b.Pos, int64(nodeSize+len(n.text)))
}

func (b *xmlBuilder) open(n *xmlNode) error {
	if b.depth++; b.depth > maxDepth {
		return failure(b.Pos, "The XML is nested more than %d deep", maxDepth)
	}
	err := b.add(n)
	b.at = n
	return err
}

func (b *xmlBuilder) close() { b.at, b.depth = b.at.parent, b.depth-1 }

// read reads a text. RawToken knows no entities but XML's own, and gives prefixes as they are written.
func (b *xmlBuilder) read(s string) error {
	wrong := failure(b.Pos, wrongXML)
	if len(s) > maxXML {
		return failure(b.Pos, "A text that is read as XML has at most %d MB", maxXML>>20)
	}
	// Attributes are counted by their signs, before the decoder makes them: one element can have a million.
	if err := b.grow(b.Pos, int64(len(s)+strings.Count(s, "=")*attrSize)); err != nil {
		return err
	}
	d := xml.NewDecoder(strings.NewReader(s))
	// A text is decoded already, whatever its first line says.
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		t, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && b.depth == 0:
			return nil
		case err != nil:
			return wrong
		}
		switch t := t.(type) {
		case xml.StartElement:
			err = b.open(&xmlNode{kind: xpath.ElementNode, name: t.Name, attrs: t.Copy().Attr})
		case xml.EndElement:
			if b.depth == 0 || b.at.name != t.Name {
				return wrong
			}
			b.close()
		case xml.CharData:
			text := string(t)
			if b.depth == 0 && strings.TrimSpace(text) != "" {
				return wrong
			}
			if b.depth > 0 {
				err = b.add(&xmlNode{kind: xpath.TextNode, text: text})
			}
		case xml.Comment:
			err = b.add(&xmlNode{kind: xpath.CommentNode, text: string(t)})
		}
		if err != nil {
			return err
		}
	}
}

// value adds JSON as an element: a list is its element as often as it has values.
func (b *xmlBuilder) value(name string, v Value) error {
	if v.Kind() == KindList && !v.isEmptyBraces() {
		for _, item := range v.list().items {
			if item.Kind() == KindList {
				outer := item
				item = NewMap()
				item.keyed().Put(Text(itemName), outer)
			}
			if err := b.value(name, item); err != nil {
				return err
			}
		}
		return nil
	}
	if err := b.open(&xmlNode{kind: xpath.ElementNode, name: xml.Name{Local: xmlName(name)}}); err != nil {
		return err
	}
	defer b.close()
	if m, ok := v.AsMap(); ok {
		for key, value := range m.All() {
			if err := b.value(key.String(), value); err != nil {
				return err
			}
		}
		return nil
	}
	if v.isNull() {
		return nil
	}
	text, err := b.show(b.Pos, v)
	if err != nil {
		return err
	}
	return b.add(&xmlNode{kind: xpath.TextNode, text: text})
}

// xmlName makes a name of an element of any key: what cannot stand in one becomes _.
func xmlName(key string) string {
	name := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, cut(key, maxFileName))
	if name == "" || strings.ContainsRune("-.", rune(name[0])) || unicode.IsDigit([]rune(name)[0]) {
		name = "_" + name
	}
	return name
}

// xmlText writes nodes, counted.
func (c *calling) xmlText(nodes ...*xmlNode) (Value, error) {
	w := printer{left: int(min(max(c.Limits.Memory-c.memory, 0), 1<<30)), over: c.over}
	for _, n := range nodes {
		w.xml(n)
	}
	return c.finished(&w)
}

// finished is what a printer wrote, as a text.
func (c *calling) finished(w *printer) (Value, error) {
	if err := c.late(c.Pos); err != nil {
		return Value{}, err
	}
	if w.full {
		return Value{}, c.grow(c.Pos, c.Limits.Memory+1)
	}
	return c.newText(w.String())
}

var (
	xmlTextSigns = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	xmlAttrSigns = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\n", "&#10;", "\t", "&#9;")
)

// xml writes a node.
func (w *printer) xml(n *xmlNode) {
	switch {
	case w.full:
		return
	case n.kind == xpath.TextNode:
		w.put(xmlTextSigns.Replace(xmlLetters(n.text)))
		return
	case n.kind == xpath.CommentNode:
		w.put("<!--" + n.text + "-->")
		return
	}
	name := qualified(n.name)
	w.put("<" + name)
	for _, a := range n.attrs {
		w.put(" " + qualified(a.Name) + `="` + xmlAttrSigns.Replace(a.Value) + `"`)
	}
	w.put(">")
	for c := n.first; c != nil; c = c.next {
		w.xml(c)
	}
	w.put("</" + name + ">")
}

func qualified(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// xmlLetters is a text without the letters that XML cannot hold (XML 1.0 §2.2).
func xmlLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s)
}

// regularExpression finds the functions of the library that are not in XPath 1.0: it keeps each expression they compile.
var regularExpression = regexp.MustCompile(`\b(matches|replace)\s*\(`)

func executeXPath(c *calling, args []Value) (Value, error) {
	path, err := c.textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	if len(path) > maxXPath {
		return c.fail("An XPath has at most %d letters", maxXPath)
	}
	if regularExpression.MatchString(path) {
		return c.fail("%s: XPath 1.0 has no matches and no replace", wrongXML)
	}
	tree, err := c.xmlTree(args[0])
	if err != nil {
		return Value{}, err
	}
	return c.follow(tree, path)
}

// follow gives what a path finds in a document. The library says what is wrong with a path by an error or a panic, and
// cannot be stopped but by one.
func (c *calling) follow(tree *xmlNode, path string) (result Value, err error) {
	walk := &xmlWalk{root: tree, over: c.over}
	defer func() {
		if recover() == nil {
			return
		}
		switch result = (Value{}); {
		case c.late(c.Pos) != nil:
			err = c.late(c.Pos)
		case walk.steps > maxXMLSteps:
			err = failure(c.Pos, "This XPath takes too long: it goes through the document too often")
		default:
			err = failure(c.Pos, wrongXML)
		}
	}()
	x, err := xpath.Compile(path)
	if err != nil {
		return c.fail(wrongXML)
	}
	switch found := x.Evaluate(&xmlCursor{at: tree, attr: -1, walk: walk}).(type) {
	case *xpath.NodeIterator:
		return c.foundNodes(found)
	case bool:
		return Text(strconv.FormatBool(found)), nil
	case float64:
		return Text(strconv.FormatFloat(found, 'f', -1, 64)), nil
	case string:
		return c.newText(found)
	}
	return c.fail(wrongXML)
}

// foundNodes are nodes as a text. Texts of nothing but blanks are what indents a document, and left out.
func (c *calling) foundNodes(found *xpath.NodeIterator) (Value, error) {
	w := printer{left: int(min(max(c.Limits.Memory-c.memory, 0), 1<<30)), over: c.over}
	bare := false // the last one was a text
	for !w.full && found.MoveNext() {
		at, ok := found.Current().(*xmlCursor)
		if !ok {
			return c.fail(wrongXML)
		}
		switch at.NodeType() {
		case xpath.AttributeNode:
			name := qualified(at.at.attrs[at.attr].Name)
			w.put("<" + name + ">" + xmlTextSigns.Replace(at.Value()) + "</" + name + ">")
			bare = false
		case xpath.TextNode:
			if strings.TrimSpace(at.at.text) == "" {
				continue
			}
			if bare {
				w.put(",")
			}
			w.put(at.at.text)
			bare = true
		case xpath.RootNode:
			for _, n := range at.at.children() {
				w.xml(n)
			}
			bare = false
		default:
			w.xml(at.at)
			bare = false
		}
	}
	return c.finished(&w)
}

// xmlWalk counts the steps that following a path takes, and ends it by a panic when there are too many, or when the run
// has no time left.
type xmlWalk struct {
	root  *xmlNode
	over  func() bool
	steps int
}

// step counts four from one node to another, and one back to the node before: the library counts siblings so. A text is
// as many as a quarter of its bytes.
func (w *xmlWalk) step(n int) {
	before := w.steps
	w.steps += n
	if w.steps > maxXMLSteps || before>>12 != w.steps>>12 && w.over() {
		panic("stop")
	}
}

// xmlCursor is a place in a document, as the library moves it.
type xmlCursor struct {
	at   *xmlNode
	attr int // index of an attribute of the node; -1 is the node itself
	walk *xmlWalk
}

func (x *xmlCursor) NodeType() xpath.NodeType {
	if x.attr >= 0 {
		return xpath.AttributeNode
	}
	return x.at.kind
}

func (x *xmlCursor) name() xml.Name {
	if x.attr >= 0 {
		return x.at.attrs[x.attr].Name
	}
	return x.at.name
}

func (x *xmlCursor) LocalName() string { return x.name().Local }
func (x *xmlCursor) Prefix() string    { return x.name().Space }

// Value is a text or comment, the value of an attribute, or all text in an element.
func (x *xmlCursor) Value() (s string) {
	switch {
	case x.attr >= 0:
		s = x.at.attrs[x.attr].Value
	case x.at.kind == xpath.TextNode || x.at.kind == xpath.CommentNode:
		s = x.at.text
	default:
		var b strings.Builder
		x.walk.inner(&b, x.at)
		return b.String()
	}
	x.walk.step(4 + len(s)/4)
	return s
}

func (w *xmlWalk) inner(b *strings.Builder, n *xmlNode) {
	w.step(4 + len(n.text)/4)
	if n.kind == xpath.TextNode {
		b.WriteString(n.text)
	}
	for c := n.first; c != nil; c = c.next {
		w.inner(b, c)
	}
}

func (x *xmlCursor) Copy() xpath.NodeNavigator {
	x.walk.step(4)
	c := *x
	return &c
}

// to goes to a node, if there is one.
func (x *xmlCursor) to(n *xmlNode, steps int) bool {
	x.walk.step(steps)
	if n == nil || x.attr >= 0 {
		return false
	}
	x.at = n
	return true
}

func (x *xmlCursor) MoveToRoot() { x.at, x.attr = x.walk.root, -1 }

func (x *xmlCursor) MoveToParent() bool {
	if x.attr >= 0 {
		x.attr = -1
		return true
	}
	return x.to(x.at.parent, 4)
}

func (x *xmlCursor) MoveToNextAttribute() bool {
	x.walk.step(4)
	if x.at.kind != xpath.ElementNode || x.attr+1 >= len(x.at.attrs) {
		return false
	}
	x.attr++
	return true
}

func (x *xmlCursor) MoveToChild() bool    { return x.to(x.at.first, 4) }
func (x *xmlCursor) MoveToNext() bool     { return x.to(x.at.next, 4) }
func (x *xmlCursor) MoveToPrevious() bool { return x.to(x.at.previous, 1) }

func (x *xmlCursor) MoveToFirst() bool {
	return x.at.parent != nil && x.at.previous != nil && x.to(x.at.parent.first, 4)
}

func (x *xmlCursor) MoveTo(other xpath.NodeNavigator) bool {
	o, ok := other.(*xmlCursor)
	if !ok || o.walk != x.walk {
		return false
	}
	x.at, x.attr = o.at, o.attr
	return true
}
