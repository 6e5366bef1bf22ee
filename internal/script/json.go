package script

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

const (
	maxJSON    = 5 << 20  // bytes of a text that a script reads as JSON
	maxRead    = 64 << 20 // bytes that values take which FromJSON makes
	maxDigits  = 100      // of a number in JSON
	maxBare    = 10_000   // bytes of a text that stands without quotes
	maxDecimal = 6144     // digits before the point of a decimal, and behind it
)

var (
	errJSON     = errors.New("Invalid JSON Format String")                              //nolint:staticcheck // the wording of the language
	errTooLarge = errors.New("The values of this JSON take 64 MiB, which is the limit") //nolint:staticcheck // a sentence for people
)

// FromJSON makes a value of JSON (RFC 8259). Numbers without a point are whole where 64 bits are enough; keys keep their
// order. What would take more than 64 MiB of memory, or is nested more than 200 deep, is an error.
func FromJSON(data []byte) (Value, error) {
	if !json.Valid(data) {
		return Value{}, errJSON
	}
	r := jsonReader{src: string(data), left: maxRead}
	return r.all()
}

// parseJSON reads JSON, counted.
func (c *calling) parseJSON(s string) (Value, error) {
	if len(s) > maxJSON || !json.Valid([]byte(s)) {
		return c.fail("%s", errJSON)
	}
	return c.parseLenient(s)
}

// parseLenient reads JSON and what people write for it: keys and texts without quotes or in single ones, and a comma
// behind the last element.
func (c *calling) parseLenient(s string) (Value, error) {
	if len(s) > maxJSON {
		return c.fail("%s", errJSON)
	}
	free := max(c.Limits.Memory-c.memory, 0)
	r := jsonReader{src: s, left: free}
	v, err := r.all()
	if errors.Is(err, errJSON) {
		return c.fail("%s", errJSON)
	}
	return v, c.grow(c.Pos, free-r.left)
}

// jsonReader reads a value from a text. It takes more than JSON, so what must be JSON is checked before.
type jsonReader struct {
	src  string
	at   int
	left int64 // bytes that values may still take
}

func (r *jsonReader) all() (Value, error) {
	v, err := r.value(0)
	if err != nil {
		return Value{}, err
	}
	if r.next() != 0 {
		return Value{}, errJSON
	}
	return v, nil
}

// next is the sign at which reading goes on, behind blanks; 0 at the end.
func (r *jsonReader) next() byte {
	for r.at < len(r.src) && strings.IndexByte(" \t\r\n", r.src[r.at]) >= 0 {
		r.at++
	}
	if r.at == len(r.src) {
		return 0
	}
	return r.src[r.at]
}

func (r *jsonReader) take(bytes int) error {
	if r.left -= int64(bytes); r.left < 0 {
		return errTooLarge
	}
	return nil
}

func (r *jsonReader) value(depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, errJSON
	}
	if err := r.take(elementSize); err != nil {
		return Value{}, err
	}
	switch r.next() {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"', '\'':
		s, err := r.quoted()
		return Text(s), err
	}
	s, err := r.bare(",]}")
	if err != nil {
		return Value{}, err
	}
	return bareValue(s)
}

func (r *jsonReader) array(depth int) (Value, error) {
	r.at++
	l := &List{}
	if err := r.take(elementSize); err != nil {
		return Value{}, err
	}
	for r.next() != ']' {
		item, err := r.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		l.items = append(l.items, item)
		if r.next() != ',' {
			break
		}
		r.at++
	}
	return Value{kind: KindList, ref: l}, r.closed(']')
}

func (r *jsonReader) object(depth int) (Value, error) {
	r.at++
	m := &Map{}
	if err := r.take(elementSize); err != nil {
		return Value{}, err
	}
	for r.next() != '}' {
		if err := r.take(entrySize - elementSize); err != nil {
			return Value{}, err
		}
		key, err := r.key()
		if err != nil {
			return Value{}, err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		m.Put(Text(key), value)
		if r.next() != ',' {
			break
		}
		r.at++
	}
	return Value{kind: KindMap, ref: m}, r.closed('}')
}

// key reads a key and its colon.
func (r *jsonReader) key() (key string, err error) {
	if c := r.next(); c == '"' || c == '\'' {
		key, err = r.quoted()
	} else {
		key, err = r.bare(":,}]")
	}
	if err != nil {
		return "", err
	}
	return key, r.closed(':')
}

func (r *jsonReader) closed(end byte) error {
	if r.next() != end {
		return errJSON
	}
	r.at++
	return nil
}

// quoted reads a text in quotes of either kind.
func (r *jsonReader) quoted() (string, error) {
	quote, begin := r.src[r.at], r.at+1
	end := begin
	for ; ; end++ {
		if end >= len(r.src) {
			return "", errJSON
		}
		if r.src[end] == quote {
			break
		}
		if r.src[end] == '\\' {
			end++
		}
	}
	r.at = end + 1
	body := r.src[begin:end]
	if err := r.take(len(body)); err != nil {
		return "", err
	}
	if quote == '\'' {
		body = doubleQuoted(body)
	}
	var s string
	if err := json.Unmarshal([]byte(`"`+body+`"`), &s); err != nil {
		return "", errJSON
	}
	return s, nil
}

// doubleQuoted is what stands between single quotes as it stands between double ones.
func doubleQuoted(body string) string {
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		switch {
		case body[i] == '\\' && i+1 < len(body):
			if i++; body[i] != '\'' {
				b.WriteByte('\\')
			}
			b.WriteByte(body[i])
		case body[i] == '"':
			b.WriteString(`\"`)
		default:
			b.WriteByte(body[i])
		}
	}
	return b.String()
}

// bare reads what stands without quotes, up to one of the signs that end it. It is never empty, and on one line.
func (r *jsonReader) bare(ends string) (string, error) {
	n := strings.IndexAny(r.src[r.at:], ends)
	if n < 0 {
		n = len(r.src) - r.at
	}
	s := strings.TrimSpace(r.src[r.at : r.at+n])
	if s == "" || len(s) > maxBare || strings.ContainsAny(s, "{[\r\n") {
		return "", errJSON
	}
	r.at += n
	return s, r.take(len(s))
}

// bareValue is what a word without quotes says: a number, true, false, null, or a text.
func bareValue(s string) (Value, error) {
	switch s {
	case "true", "false":
		return Bool(s == "true"), nil
	case "null":
		return Value{}, nil
	}
	if s[0] != '-' && (s[0] < '0' || s[0] > '9') || !json.Valid([]byte(s)) {
		return Text(s), nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return Number(n), nil
	}
	d, _, err := apd.NewFromString(s)
	if err != nil || len(s) > maxDigits || d.Exponent > maxDecimal || d.Exponent < -maxDecimal {
		return Value{}, errJSON
	}
	return Decimal(d), nil
}
