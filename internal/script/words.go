package script

import (
	"strings"
)

// toWords writes a number in English, with lakhs and crores where they are usual.
func toWords(c *calling, args []Value) (Value, error) {
	language := "en-us"
	if len(args) > 1 {
		var err error
		if language, err = c.textArg(args, 1); err != nil {
			return Value{}, err
		}
	}
	scales := thousands
	switch strings.ToLower(language) {
	case "en", "en-us", "en-gb":
	case "en-in":
		scales = lakhs
	default:
		return c.fail("toWords writes en-us, en-gb and en-in, and no %s", cut(language, 20))
	}
	text := decimalText(args[0])
	if args[0].kind == KindNumber {
		text = args[0].String()
	}
	rest, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(rest, ".")
	if len(whole) > 18 || len(fraction) > 15 {
		return c.fail("toWords writes numbers of at most 18 digits, and 15 behind the point")
	}
	var n uint64
	for _, digit := range whole {
		n = n*10 + uint64(digit-'0')
	}
	words := inWords(n, scales)
	if negative {
		words = "minus " + words
	}
	for i, digit := range fraction {
		if i == 0 {
			words += " point"
		}
		words += " " + small[digit-'0']
	}
	return c.newText(words)
}

var (
	small = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	tens  = []string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

	// The greatest first. How many there are of the greatest is written by the same scales.
	thousands = []scale{{1e15, "quadrillion"}, {1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}, {100, "hundred"}}
	lakhs     = []scale{{1e7, "crore"}, {1e5, "lakh"}, {1e3, "thousand"}, {100, "hundred"}}
)

type scale struct {
	of   uint64
	name string
}

func inWords(n uint64, scales []scale) string {
	for _, s := range scales {
		if n >= s.of {
			words := inWords(n/s.of, scales) + " " + s.name
			if n%s.of > 0 {
				words += " " + inWords(n%s.of, scales)
			}
			return words
		}
	}
	switch {
	case n < 20:
		return small[n]
	case n%10 == 0:
		return tens[n/10]
	}
	return tens[n/10] + "-" + small[n%10]
}
