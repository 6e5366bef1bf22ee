package script

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

func (r *run) unary(x *unary) (Value, error) {
	v, err := r.eval(x.x)
	if err != nil {
		return Value{}, err
	}
	switch {
	case x.op == "!" && v.kind == KindBool:
		return Bool(!v.bool()), nil
	case x.op == "!":
		return Value{}, failure(x.Pos, "! wants true or false, and this is a %s", v.Kind())
	case v.kind == KindNumber && v.n != math.MinInt64:
		return Number(-v.n), nil
	case v.decimal() != nil:
		var d apd.Decimal
		d.Neg(v.decimal())
		return Decimal(&d), nil
	case v.isNull():
		return Value{}, failure(x.Pos, "Null value occurred while performing - operation")
	}
	return Value{}, failure(x.Pos, "- wants a number, and this is a %s", v.Kind())
}

func (r *run) binary(x *binary) (Value, error) {
	if x.op == "&&" || x.op == "||" {
		a, err := r.condition(x.x)
		if err != nil || a == (x.op == "||") {
			return Bool(a), err
		}
		b, err := r.condition(x.y)
		return Bool(b), err
	}
	a, err := r.eval(x.x)
	if err != nil {
		return Value{}, err
	}
	b, err := r.eval(x.y)
	if err != nil {
		return Value{}, err
	}
	switch x.op {
	case "==", "!=":
		if err := r.late(x.Pos); err != nil {
			return Value{}, err
		}
	}
	switch x.op {
	case "==":
		return Bool(equal(a, b)), nil
	case "!=":
		return Bool(!equal(a, b)), nil
	case "<", ">", "<=", ">=":
		order, ok := compare(a, b)
		if !ok || a.kind == KindText || a.kind == KindBool {
			return Value{}, failure(x.Pos, "An error occurred while performing this action: %s compares numbers or dates, and these are %s and %s", x.op, a.Kind(), b.Kind())
		}
		return Bool(x.op[0] == '<' && order < 0 || x.op[0] == '>' && order > 0 || len(x.op) == 2 && order == 0), nil
	}
	return r.operate(x.Pos, x.op, a, b)
}

// operate is arithmetic, and + on texts and dates.
func (r *run) operate(at Pos, op string, a, b Value) (Value, error) {
	switch {
	case a.kind == KindNumber && b.kind == KindNumber:
		if v, ok := whole(op, a.n, b.n); ok {
			return v, nil
		}
	case op == "+" && (a.kind == KindText || b.kind == KindText):
		s, err := r.show(at, a)
		if err != nil {
			return Value{}, err
		}
		t, err := r.show(at, b)
		if err != nil {
			return Value{}, err
		}
		return Text(s + t), nil
	case a.isNull() || b.isNull():
		if op == "%" {
			return Value{}, failure(at, "On performing mod operation mismatch of data type expressions found")
		}
		return Value{}, failure(at, "Null value occurred while performing %s operation", op)
	case a.kind == KindDate:
		return dated(at, op, a, b)
	}
	x, y := a.decimal(), b.decimal()
	if x == nil || y == nil {
		return Value{}, failure(at, "%s cannot be done with %s and %s", op, a.Kind(), b.Kind())
	}
	var d apd.Decimal
	var err error
	switch op {
	case "+":
		_, err = decimals.Add(&d, x, y)
	case "-":
		_, err = decimals.Sub(&d, x, y)
	case "*":
		_, err = decimals.Mul(&d, x, y)
	case "/", "%":
		if y.IsZero() {
			return Value{}, failure(at, "Error in performing the Operation %s : Divide by zero error", op)
		}
		if op == "/" {
			_, err = decimals.Quo(&d, x, y)
		} else {
			_, err = decimals.Rem(&d, x, y)
		}
	}
	if err != nil {
		return Value{}, failure(at, "The result of %s has more digits than a number can have", op)
	}
	if op == "/" || op == "%" {
		return plain(&d), nil
	}
	return Decimal(&d), nil
}

// whole is arithmetic on whole numbers; ok is false where the result is none, or needs more than 64 bits.
func whole(op string, a, b int64) (Value, bool) {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return Number(c), true
		}
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return Number(c), true
		}
	case "*":
		if a == 0 || b == 0 {
			return Number(0), true
		}
		if c := a * b; c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64) {
			return Number(c), true
		}
	case "/":
		if b != 0 && a%b == 0 && !(b == -1 && a == math.MinInt64) {
			return Number(a / b), true
		}
	case "%":
		if b != 0 && b != -1 {
			return Number(a % b), true
		}
		if b == -1 {
			return Number(0), true
		}
	}
	return Value{}, false
}

// dated is + and - on a date: with another date the milliseconds between, with a number so many days.
func dated(at Pos, op string, a, b Value) (Value, error) {
	switch {
	case op == "-" && b.kind == KindDate:
		return Number(a.date().at.Sub(b.date().at).Milliseconds()), nil
	case (op == "+" || op == "-") && b.kind == KindNumber && b.n > -maxDays && b.n < maxDays:
		n := int(b.n)
		if op == "-" {
			n = -n
		}
		return Date(a.date().at.AddDate(0, 0, n), a.date().dayOnly), nil
	}
	return Value{}, failure(at, "%s cannot be done with a %s and a %s", op, a.Kind(), b.Kind())
}

// maxDays bounds what is added to a date: ten thousand years.
const maxDays = 3_652_425
