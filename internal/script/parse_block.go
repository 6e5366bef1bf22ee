package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// blocks are what may stand in square brackets, each with its attributes: required ones are marked.
var blocks = map[string]map[string]bool{
	"invokeurl": {"url": true, "type": false, "headers": false, "parameters": false, "body": false, "content-type": false, "files": false, "connection": false, "detailed": false, "response-format": false, "response-decoding": false},
	"sendmail":  {"from": true, "to": true, "cc": false, "bcc": false, "reply-to": false, "subject": true, "message": true, "content-type": false, "attachments": false},
}

// attributes reads "[ url: "…" type: POST ]" behind the name of a block. Each line is a name, a colon and a value;
// commas and semicolons between are taken, too, for people write them.
func (p *parser) attributes(block token) []attribute {
	p.expect("[")
	known := blocks[strings.ToLower(block.text)]
	seen := map[string]bool{}
	var list []attribute
	for !p.is("]") {
		begin, at := p.peek(), p.here()
		name, written := p.attributeName()
		switch _, ok := known[name]; {
		case !ok:
			p.problem(begin.at, "There is no attribute '%s' in %s%s", written, block.text, similarAttribute(name, known))
		case seen[name]:
			p.problem(begin.at, "The attribute '%s' stands twice", written)
		}
		seen[name] = true
		a := attribute{at, name, p.attributeValue(name)}
		p.returnsSomething(a.value)
		if text, ok := a.value.(*literal); ok && name == "connection" && text.value.kind == KindText {
			p.connections[text.value.text()] = true
		}
		list = append(list, a)
		for p.accept(",") || p.accept(";") {
		}
	}
	p.expect("]")
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if known[name] && !seen[name] {
			p.problem(block.at, "The attribute '%s' is missing in %s", name, block.text)
		}
	}
	if seen["body"] && seen["parameters"] {
		p.problem(block.at, "'body' and 'parameters' exclude each other: give one of them")
	}
	return list
}

// attributeName reads a name with its colon: "response-format:", "reply to :".
func (p *parser) attributeName() (name, written string) {
	t := p.take()
	if t.kind != tokName {
		p.fail(t.at, "Expecting the name of an attribute but found '%s'", shown(t))
	}
	words := []string{t.text}
	for p.accept("-") || p.peek().kind == tokName {
		words = append(words, p.take().text)
	}
	p.expect(":")
	return strings.ToLower(strings.Join(words, "-")), strings.Join(words, " ")
}

func (p *parser) attributeValue(name string) expression {
	next := p.peek()
	if next.kind == tokName && (name == "type" || name == "response-format" || name == "content-type") && p.bareWord() {
		p.i++
		return &literal{place{p.pos(next.at)}, Text(next.text)}
	}
	if name != "attachments" {
		return p.expression()
	}
	// "attachments: file: a, file: b", and the colon before the first of them left out or not
	files := &listLiteral{place: p.here()}
	for p.isWord("file") && isSign(p.after(), ":") {
		p.i += 2
		files.items = append(files.items, p.expression())
		p.accept(",")
	}
	if len(files.items) == 0 {
		return p.expression()
	}
	return files
}

// similarAttribute suggests the one that was perhaps meant.
func similarAttribute(name string, known map[string]bool) string {
	best, fewest := "", 3
	for _, other := range slices.Sorted(maps.Keys(known)) {
		if n := distance(name, other); n < fewest {
			best, fewest = other, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": is %s meant?", best)
}

// bareWord: is the next name a constant such as POST, and no variable or function?
func (p *parser) bareWord() bool {
	t, next := p.peek(), p.after()
	_, known := p.slots[t.text]
	return !known && (next.kind == tokName || next.kind == tokEnd || isSign(next, "]") || isSign(next, ",") || isSign(next, ";") || isSign(next, ":"))
}
