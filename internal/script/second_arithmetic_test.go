package script

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// The second opinion on arithmetic: expressions are made of bytes, written as a script, and reckoned by exact fractions,
// which share nothing with the decimals of the interpreter.

// bytesOf makes choices of bytes; when there are none left, the first choice.
type bytesOf struct{ data []byte }

func (b *bytesOf) choose(n int) int {
	if len(b.data) == 0 || n <= 1 {
		return 0
	}
	c := int(b.data[0]) % n
	b.data = b.data[1:]
	return c
}

// randomBytes are n bytes that a seed stands for.
func randomBytes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 16))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// sum is an expression: a literal, an operator with two sides, or a function of one with perhaps a number behind it.
type sum struct {
	literal string
	op      string // + - * / % neg, or the name of a function
	a, b    *sum
	digits  int // of round and truncate
}

var hardNumbers = []string{"0", "1", "2", "3", "5", "7", "10", "100", "0.5", "0.25", "2.50", "0.1", "0.05", "1.005", "33.333333", "99999.99995", "4611686018427387904", "9223372036854775807", "9223372036854775806", "3037000500", "123456789.987654321", "0.000000000000000001", "0.0", "99999999999999999.5"}

func (b *bytesOf) sum(depth int) *sum {
	if depth == 0 || len(b.data) == 0 {
		return &sum{literal: hardNumbers[b.choose(len(hardNumbers))]}
	}
	ops := []string{"", "+", "-", "*", "/", "%", "neg", "round", "truncate", "floor", "ceil", "abs", "max", "min"}
	s := &sum{op: ops[b.choose(len(ops))]}
	switch s.op {
	case "":
		s.literal = hardNumbers[b.choose(len(hardNumbers))]
	case "neg", "floor", "ceil", "abs":
		s.a = b.sum(depth - 1)
	case "round", "truncate":
		s.a, s.digits = b.sum(depth-1), b.choose(12)-4
	default:
		s.a, s.b = b.sum(depth-1), b.sum(depth-1)
	}
	return s
}

// binding is how tight an expression binds; what binds less stands in brackets.
func (s *sum) binding() int {
	switch s.op {
	case "+", "-":
		return 1
	case "*", "/", "%":
		return 2
	case "neg":
		return 3
	}
	return 4
}

func (s *sum) source() string {
	within := func(x *sum, least int) string {
		if x.binding() < least {
			return "(" + x.source() + ")"
		}
		return x.source()
	}
	switch s.op {
	case "":
		return s.literal
	case "neg":
		return "-" + within(s.a, 3)
	case "+", "-":
		return within(s.a, 1) + " " + s.op + " " + within(s.b, 2)
	case "*", "/", "%":
		return within(s.a, 2) + " " + s.op + " " + within(s.b, 3)
	case "round", "truncate":
		return fmt.Sprintf("(%s).%s(%d)", s.a.source(), s.op, s.digits)
	case "max", "min":
		return fmt.Sprintf("%s(%s, %s)", s.op, s.a.source(), s.b.source())
	}
	return fmt.Sprintf("(%s).%s()", s.a.source(), s.op)
}

// reckoned is a result: a fraction, and whether the language calls it a NUMBER; or why there is none.
type reckoned struct {
	r     *big.Rat
	whole bool
	wrong string
}

var (
	ten   = big.NewInt(10)
	least = big.NewInt(math.MinInt64)
	most  = big.NewInt(math.MaxInt64)
)

func powerOfTen(n int) *big.Rat {
	p := new(big.Rat).SetInt(new(big.Int).Exp(ten, big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		p.Inv(p)
	}
	return p
}

func fits(r *big.Rat) bool { return r.IsInt() && r.Num().Cmp(least) >= 0 && r.Num().Cmp(most) <= 0 }

// toInt is a fraction as a whole number, by a rule of rounding.
func toInt(r *big.Rat, rule string) *big.Int {
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int)) // towards zero
	up := false
	switch rule {
	case "half": // away from zero
		up = new(big.Int).Mul(new(big.Int).Abs(rest), big.NewInt(2)).Cmp(r.Denom()) >= 0
	case "floor":
		up = rest.Sign() < 0
	case "ceil":
		up = rest.Sign() > 0
	}
	if up && rest.Sign() != 0 {
		q.Add(q, big.NewInt(int64(r.Sign())))
	}
	return q
}

func roundedTo(r *big.Rat, digits int, rule string) *big.Rat {
	n := toInt(new(big.Rat).Mul(r, powerOfTen(digits)), rule)
	return new(big.Rat).Mul(new(big.Rat).SetInt(n), powerOfTen(-digits))
}

// to34 rounds to 34 digits, wherever the point is.
func to34(r *big.Rat) *big.Rat {
	if r.Sign() == 0 {
		return r
	}
	size, abs := 0, new(big.Rat).Abs(r)
	for abs.Cmp(powerOfTen(size)) >= 0 {
		size++
	}
	for abs.Cmp(powerOfTen(size-1)) < 0 {
		size--
	}
	return roundedTo(r, 34-size, "half")
}

func (s *sum) reckon() reckoned {
	if s.op == "" {
		r, _ := new(big.Rat).SetString(s.literal)
		return reckoned{r: r, whole: !strings.Contains(s.literal, ".")}
	}
	a := s.a.reckon()
	if a.wrong != "" {
		return a
	}
	// plainly is a result that is a NUMBER whenever it can be one.
	plainly := func(r *big.Rat) reckoned { return reckoned{r: r, whole: fits(r)} }
	switch s.op {
	case "neg":
		r := new(big.Rat).Neg(a.r)
		return reckoned{r: r, whole: a.whole && fits(r)}
	case "abs":
		r := new(big.Rat).Abs(a.r)
		return reckoned{r: r, whole: a.whole && fits(r)}
	case "round":
		return plainly(roundedTo(a.r, s.digits, "half"))
	case "truncate":
		return plainly(roundedTo(a.r, s.digits, "cut"))
	case "floor", "ceil":
		return plainly(roundedTo(a.r, 0, s.op))
	}
	b := s.b.reckon()
	if b.wrong != "" {
		return b
	}
	switch s.op {
	case "max":
		if a.r.Cmp(b.r) < 0 {
			return b
		}
		return a
	case "min":
		if a.r.Cmp(b.r) > 0 {
			return b
		}
		return a
	case "/", "%":
		if b.r.Sign() == 0 {
			return reckoned{wrong: "Error in performing the Operation " + s.op + " : Divide by zero error"}
		}
		q := new(big.Rat).Quo(a.r, b.r)
		if s.op == "/" {
			return plainly(to34(q))
		}
		n := toInt(q, "cut")
		if len(new(big.Int).Abs(n).String()) > 34 && !(a.whole && b.whole) {
			return reckoned{wrong: "The result of % has more digits than a number can have"}
		}
		return plainly(new(big.Rat).Sub(a.r, new(big.Rat).Mul(b.r, new(big.Rat).SetInt(n))))
	}
	r := new(big.Rat)
	switch s.op {
	case "+":
		r.Add(a.r, b.r)
	case "-":
		r.Sub(a.r, b.r)
	case "*":
		r.Mul(a.r, b.r)
	}
	if a.whole && b.whole && fits(r) {
		return reckoned{r: r, whole: true}
	}
	return reckoned{r: to34(r)}
}

// checkArithmetic has an expression reckoned both ways, and compared with another one.
func checkArithmetic(t *testing.T, data []byte) {
	t.Helper()
	b := &bytesOf{data}
	x, y := b.sum(4), b.sum(2)
	want, other := x.reckon(), y.reckon()
	s, err := Parse("return " + x.source() + ";")
	if err != nil {
		t.Fatalf("%s: %v", x.source(), err)
	}
	got, err := s.Run(t.Context(), Settings{})
	if want.wrong != "" {
		if err == nil || !strings.HasSuffix(err.Error(), want.wrong) {
			t.Errorf("%s is %v, %v, want the error %s", x.source(), got.Value, err, want.wrong)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v, want %s", x.source(), err, want.r.FloatString(40))
		return
	}
	if r, ok := new(big.Rat).SetString(got.Value.String()); !ok || r.Cmp(want.r) != 0 || (got.Value.Kind() == KindNumber) != want.whole {
		t.Errorf("%s is %v, a %s, want %s, whole %t", x.source(), got.Value, got.Value.Kind(), want.r.FloatString(40), want.whole)
	}
	if other.wrong != "" {
		return
	}
	order := want.r.Cmp(other.r)
	for op, holds := range map[string]bool{"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "==": order == 0, "!=": order != 0} {
		source := x.source() + " " + op + " " + y.source()
		if got, err := ran(t, "info "+source+";", Limits{}); err != nil || got != fmt.Sprint(holds) {
			t.Errorf("%s is %s, %v", source, got, err)
		}
	}
}

func TestO16_Arithmetic(t *testing.T) {
	for seed := range uint64(1500) {
		checkArithmetic(t, randomBytes(seed, 40))
	}
}

func FuzzArithmetic(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomBytes(seed, 60))
	}
	f.Fuzz(checkArithmetic)
}
