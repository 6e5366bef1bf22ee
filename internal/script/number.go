package script

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// numberFunctions work on whole numbers and decimals. Rounding is exact, and half away from zero; what mathematics
// gives no name to, such as the root of a negative number, is null.
func numberFunctions() []builtin {
	number := on(KindNumber, KindDecimal)
	one := func(name, about, example, prints string, do func(v Value) Value) builtin {
		return method(number, name, "", about, example, prints, func(_ *calling, args []Value) (Value, error) {
			return do(args[0]), nil
		})
	}
	real := func(name, about, example, prints string, do func(float64) float64) builtin {
		return one(name, about, example, prints, func(v Value) Value { return fromFloat(do(v.float())) })
	}
	two := func(name, about, example, prints string, do func(c *calling, a, b Value) (Value, error)) builtin {
		return method(number, name, "number", about, example, prints, func(c *calling, args []Value) (Value, error) {
			if args[1].decimal() == nil {
				return Value{}, c.wrong(args[1], "NUMBER", 1)
			}
			return do(c, args[0], args[1])
		})
	}
	return []builtin{
		one("abs", "Without its sign.", `info abs(0 - 7);`, "7", func(v Value) Value {
			if v.kind == KindNumber && v.n != math.MinInt64 {
				return Number(max(v.n, -v.n))
			}
			var d apd.Decimal
			d.Abs(v.decimal())
			return Decimal(&d)
		}),
		one("ceil", "The next whole number upwards.", `info 56.2.ceil();`, "57", func(v Value) Value { return nextWhole(v, (*apd.Context).Ceil) }),
		one("floor", "The next whole number downwards.", `info 56.2.floor();`, "56", func(v Value) Value { return nextWhole(v, (*apd.Context).Floor) }),
		method(number, "round", "[digits]", "Rounded to so many digits behind the point, half away from zero; negative digits are those before it.", `info 17.25.round(1);`, "17.3", rounding(apd.RoundHalfUp)),
		method(number, "truncate", "digits", "Cut off behind so many digits.", `info 56.789.truncate(1);`, "56.7", rounding(apd.RoundDown)),
		one("frac", "What stands behind the point.", `info 2.75.frac();`, "0.75", func(v Value) Value {
			var whole, d apd.Decimal
			v.decimal().Modf(&whole, &d)
			return plain(&d)
		}),
		real("signum", "1.0 for a positive number, -1.0 for a negative one, 0.0 for none.", `info 7.signum();`, "1.0", func(f float64) float64 {
			switch {
			case f > 0:
				return 1
			case f < 0:
				return -1
			}
			return 0
		}),
		real("sqrt", "The square root; null of a negative number.", `info 9.sqrt();`, "3.0", math.Sqrt),
		real("exp", "e to the power of the number.", `info 0.exp();`, "1.0", math.Exp),
		real("log", "The natural logarithm; null of what has none.", `info 1.log();`, "0.0", positive(math.Log)),
		real("log10", "The logarithm to the base 10; null of what has none.", `info 1000.log10();`, "3.0", positive(math.Log10)),
		real("radians", "Degrees as radians.", `info 0.radians();`, "0.0", func(f float64) float64 { return f / 180 * math.Pi }),
		real("degrees", "Radians as degrees.", `info 0.degrees();`, "0.0", func(f float64) float64 { return f * 180 / math.Pi }),
		real("sin", "The sine.", `info 0.sin();`, "0.0", math.Sin), real("cos", "The cosine.", `info 0.cos();`, "1.0", math.Cos), real("tan", "The tangent.", `info 0.tan();`, "0.0", math.Tan),
		real("asin", "The inverse sine; null outside of -1 to 1.", `info 0.asin();`, "0.0", math.Asin), real("acos", "The inverse cosine; null outside of -1 to 1.", `info 1.acos();`, "0.0", math.Acos), real("atan", "The inverse tangent.", `info 0.atan();`, "0.0", math.Atan),
		real("sinh", "The hyperbolic sine.", `info 0.sinh();`, "0.0", math.Sinh), real("cosh", "The hyperbolic cosine.", `info 0.cosh();`, "1.0", math.Cosh), real("tanh", "The hyperbolic tangent.", `info 0.tanh();`, "0.0", math.Tanh),
		real("asinh", "The inverse hyperbolic sine.", `info 0.asinh();`, "0.0", math.Asinh), real("acosh", "The inverse hyperbolic cosine; null below 1.", `info 1.acosh();`, "0.0", math.Acosh), real("atanh", "The inverse hyperbolic tangent; null outside of -1 to 1.", `info 0.atanh();`, "0.0", math.Atanh),
		two("atan2", "The angle of the point with this height and that width.", `info 1.atan2(2);`, "0.4636476090008061", func(_ *calling, a, b Value) (Value, error) { return fromFloat(math.Atan2(a.float(), b.float())), nil }),
		two("power", "To the power of the other number.", `info 2.power(10);`, "1024", power),
		two("max", "The greater of two.", `info max(3, 9);`, "9", func(_ *calling, a, b Value) (Value, error) {
			if order, _ := compare(a, b); order < 0 {
				return b, nil
			}
			return a, nil
		}),
		two("min", "The smaller of two.", `info 4.min(1);`, "1", func(_ *calling, a, b Value) (Value, error) {
			if order, _ := compare(a, b); order > 0 {
				return b, nil
			}
			return a, nil
		}),
		one("isEven", "Whether it can be halved.", `info isEven(6);`, "true", func(v Value) Value { return Bool(v.kind == KindNumber && v.n%2 == 0) }),
		one("isOdd", "Whether it is whole and cannot be halved.", `info 6.isOdd();`, "false", func(v Value) Value { return Bool(v.kind == KindNumber && v.n%2 != 0) }),
		one("toHex", "In hexadecimal.", `info 16.toHex();`, "10", func(v Value) Value { return Text(strconv.FormatUint(uint64(truncated(v).n), 16)) }),
		method(number, "toWords", "[language]", "In English words: en-us, en-gb, or en-in with lakhs and crores.", `info 1989.13.toWords("en-us");`, "one thousand nine hundred eighty-nine point one three", toWords),
		two("randomNumber", "A whole number from this one on, up to the other, which is not among them.", `info randomNumber(3, 4);`, "3", func(c *calling, a, b Value) (Value, error) {
			from, to := truncated(a).n, truncated(b).n
			if from >= to || to-from <= 0 {
				return c.fail("A random number lies between a smaller and a greater one")
			}
			return Number(from + rand.Int64N(to-from)), nil //nolint:gosec // scripts are told that it is no secret
		}),
	}
}

func positive(f func(float64) float64) func(float64) float64 {
	return func(x float64) float64 {
		if x <= 0 {
			return math.NaN()
		}
		return f(x)
	}
}

// rounded is a number with so many digits behind the point.
func rounded(v Value, digits int, how apd.Rounder) Value {
	d := v.decimal()
	digits = min(max(digits, -400), 400)
	if int64(d.Exponent) >= int64(-digits) {
		return plain(d)
	}
	// To fewer digits than the precision, so the rounding is the one that is asked for.
	c := decimals.WithPrecision(uint32(max(d.NumDigits()+1, 40)))
	c.Rounding = how
	var r apd.Decimal
	if _, err := c.Quantize(&r, d, int32(-digits)); err != nil {
		return v
	}
	return plain(&r)
}

// nextWhole is a number upwards or downwards. (Quantize forgets to go up from 0.05, of which it keeps no digit.)
func nextWhole(v Value, to func(c *apd.Context, d, x *apd.Decimal) (apd.Condition, error)) Value {
	var r apd.Decimal
	if _, err := to(decimals.WithPrecision(uint32(v.decimal().NumDigits()+1)), &r, v.decimal()); err != nil {
		return v
	}
	return plain(&r)
}

func rounding(how apd.Rounder) func(c *calling, args []Value) (Value, error) {
	return func(c *calling, args []Value) (Value, error) {
		digits := 0
		if len(args) == 2 {
			var err error
			if digits, err = c.numberArg(args, 1); err != nil {
				return Value{}, err
			}
		}
		return rounded(args[0], digits, how), nil
	}
}

// truncated is a number without what stands behind its point, at most the greatest there is.
func truncated(v Value) Value {
	if v.kind == KindNumber {
		return v
	}
	r := rounded(v, 0, apd.RoundDown)
	if r.kind == KindNumber {
		return r
	}
	if v.decimal().Negative {
		return Number(math.MinInt64)
	}
	return Number(math.MaxInt64)
}

const maxPower = 1000

func power(c *calling, a, b Value) (Value, error) {
	if b.kind != KindNumber || b.n < 0 || b.n > maxPower {
		return fromFloat(math.Pow(a.float(), b.float())), nil
	}
	var d apd.Decimal
	exact := decimals.WithPrecision(40)
	if _, err := exact.Pow(&d, a.decimal(), b.decimal()); err != nil {
		return c.fail("The result of power has more digits than a number can have")
	}
	return plain(&d), nil
}

// formatted is a number by a pattern such as 000, #,##0.00 or $#,##0.00.
func formatted(v Value, pattern string) string {
	before, rest := pattern, ""
	if i := strings.IndexAny(pattern, "#0"); i >= 0 {
		before, rest = pattern[:i], pattern[i:]
	}
	end := strings.LastIndexAny(rest, "#0") + 1
	digits, after := rest[:end], rest[end:]
	whole, fraction, _ := strings.Cut(digits, ".")
	r := rounded(v, len(fraction), apd.RoundHalfUp)
	text := decimalText(Decimal(r.decimal()))
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	left, right, _ := strings.Cut(text, ".")
	if n := strings.Count(whole, "0") - len(left); n > 0 {
		left = strings.Repeat("0", n) + left
	}
	if i := strings.LastIndexByte(whole, ','); i >= 0 {
		left = grouped(left, len(whole)-i-1)
	}
	for len(right) < strings.Count(fraction, "0") {
		right += "0"
	}
	if right != "" {
		left += "." + right
	}
	return sign + before + left + after
}

func grouped(digits string, size int) string {
	if size <= 0 {
		return digits
	}
	var parts []string
	for len(digits) > size {
		parts = append([]string{digits[len(digits)-size:]}, parts...)
		digits = digits[:len(digits)-size]
	}
	return strings.Join(append([]string{digits}, parts...), ",")
}
